/* SPDX-License-Identifier: MIT
 * What the test device holds after start, so that a client can check every
 * answer, and where the tests write, so that reads stay checkable. */
#ifndef TESTS_NETNS_MBPATTERN_H
#define TESTS_NETNS_MBPATTERN_H

#include <stdint.h>

enum {
	PATTERN_SIZE = 1000,	/* items of each kind */
	PATTERN_READ_END = 500, /* tests read below and write from here on */
};

static inline uint16_t pattern_holding(int i)
{
	return (uint16_t)(i * 7 + 3);
}

static inline uint16_t pattern_input(int i)
{
	return (uint16_t)(i * 5 + 1);
}

static inline uint8_t pattern_coil(int i)
{
	return i % 3 == 0;
}

static inline uint8_t pattern_discrete(int i)
{
	return i % 2 == 0;
}

#endif
