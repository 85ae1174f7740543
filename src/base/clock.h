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

/* By how many seconds, rounded, the clock of the day was set since the call before, whose
 * difference of both clocks is in *offset_ns. boot_ns: CLOCK_BOOTTIME, so a machine that slept has
 * set nothing; nor has one whose clock is slowed or sped up. */
static inline int64_t clock_set_by(int64_t *offset_ns, uint64_t wall_ns, uint64_t boot_ns)
{
	const int64_t second = 1000000000, offset = (int64_t)(wall_ns - boot_ns),
		      by = offset - *offset_ns;
	*offset_ns = offset;
	return (by + (by < 0 ? -second / 2 : second / 2)) / second;
}

#endif
