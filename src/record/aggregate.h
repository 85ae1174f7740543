/* SPDX-License-Identifier: MIT
 *
 * Same events in a short time become one record and a count. A bounded table;
 * when it has no room the event is not merged, so no event is ever miscounted.
 */
#ifndef ZONED_RECORD_AGGREGATE_H
#define ZONED_RECORD_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/varied.h"

enum { AGG_SLOTS = 1024, AGG_PROBES = 16, AGG_TOLD = 64 };
#define AGG_WINDOW_NS (10ull * 1000000000ull)

struct agg_slot {
	bool used;
	uint64_t until_ns;    /* end of the window */
	uint64_t repeats;     /* since the last record of this slot */
	struct event last;    /* the newest of them */
	struct varied varied; /* what they had */
};

struct agg {
	struct agg_slot slot[AGG_SLOTS];
	uint32_t hand; /* where the next sweep begins */
};

/* true: merged into a count; false: the caller writes it. */
bool agg_add(struct agg *a, const struct event *ev, uint64_t now_ns);
/* The same for n events like this one, none of which had a record. They are one kind with what has
 * a slot, which keeps the facts of its newest event. */
bool agg_add_many(struct agg *a, const struct event *ev, uint64_t n, uint64_t now_ns);
/* Call told() for every slot whose window ended by now (all: every slot) and
 * that counted something, AGG_TOLD at most (all: no limit), others another time; a slot that
 * stayed quiet is given back. */
void agg_sweep(struct agg *a, uint64_t now_ns, bool all,
	       void (*told)(void *ctx, const struct agg_slot *s), void *ctx);

#endif
