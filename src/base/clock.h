/* SPDX-License-Identifier: MIT
 * A clock of the system in nanoseconds. */
#ifndef ZONED_BASE_CLOCK_H
#define ZONED_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC or CLOCK_REALTIME, which always can be read. */
static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

#endif
