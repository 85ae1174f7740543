/* SPDX-License-Identifier: MIT
 * Big-endian numbers into packets that tests make. */
#ifndef ZONED_TESTS_PUT_H
#define ZONED_TESTS_PUT_H

#include <stdint.h>

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

#endif
