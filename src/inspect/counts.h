/* SPDX-License-Identifier: MIT
 *
 * Exact numbers of what an inspector judged: a table of fixed size in memory that it shares with
 * the parent. Only the inspector writes, only the parent adds up. A row is found by what it
 * counts, and the conduit in that is a number that the parent has given to its name, so that
 * a row goes on over a reload and over the death of an inspector: whoever comes next adds to it.
 * What finds no row is counted by verdict alone, so that no sum is too small.
 */
#ifndef ZONED_INSPECT_COUNTS_H
#define ZONED_INSPECT_COUNTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/event.h"

enum count_unit {
	COUNT_MESSAGE,	  /* judged as a whole; what has no record of its own is not counted */
	COUNT_PACKET,	  /* all that came; the reason is that of the packet, not of its messages */
	COUNT_CONNECTION, /* unfinished messages, places that were taken, gaps */
	COUNT_UNITS
};
enum count_direction { COUNT_REQUEST, COUNT_RESPONSE, COUNT_UNKNOWN, COUNT_DIRECTIONS };

enum {
	COUNT_SLOTS = 16384, /* power of two */
	COUNT_PROBES = 64,
	COUNT_VERDICTS = V_OBSERVED + 1,
};

/* Of one row that inspectors have counted: 100,000 in each second take 40 years. All the rows of a
 * document have a sum that is a number of JSON. */
#define COUNT_MOST (UINT64_C(1) << 47)

struct count_of {
	uint16_t name; /* of the conduit; 0: none, or more names than there are numbers */
	uint16_t reason;
	uint8_t unit, direction, verdict;
};

struct count_slot {
	atomic_ullong key; /* count_key(); 0: unused */
	atomic_ullong n;
	atomic_ullong last_ns; /* CLOCK_REALTIME */
};

struct count_table {
	struct count_slot slot[COUNT_SLOTS];
	struct count_slot other[COUNT_UNITS][COUNT_VERDICTS]; /* what found no slot */
};

/* Never 0. */
static inline uint64_t count_key(const struct count_of *of)
{
	return 1 + ((uint64_t)of->name << 32 | (uint64_t)of->reason << 16 |
		    (uint64_t)of->unit << 8 | (uint64_t)of->direction << 4 | of->verdict);
}

/* False: this is no key. The reason is not checked. */
bool count_read_key(uint64_t key, struct count_of *of);
/* What a slot has, as far as it can be true: it is at most COUNT_MOST, and no day ahead of now. Its
 * writer may be somebody else's by now. */
void count_read_slot(const struct count_slot *s, uint64_t now_ns, uint64_t *n, uint64_t *last_ns);
/* A sum of both, COUNT_MOST at most. */
uint64_t count_sum(uint64_t a, uint64_t b);
/* One more. By the inspector that has the table. */
void count_add(struct count_table *c, const struct count_of *of, uint64_t wall_ns);

#endif
