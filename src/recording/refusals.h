/* SPDX-License-Identifier: MIT
 *
 * One record of a refused connection, as the gate has it: the first packet that the rules refuse
 * has a record at once, those after it, of either direction, are counted, and what was counted has
 * one record every REFUSALS_WINDOW_NS and at the end. Bounded: where the table is full the count
 * that began first has its record early, so no packet is ever miscounted.
 */
#ifndef ZONED_RECORDING_REFUSALS_H
#define ZONED_RECORDING_REFUSALS_H

#include <stdbool.h>

#include "record/aggregate.h"

#define REFUSALS_WINDOW_NS AGG_WINDOW_NS

enum { REFUSALS_MAX = 4096 };

/* A record: of one packet, or of those that were counted since. */
struct refused_many {
	struct event ev; /* of these the ends are the first packet's, place and time the newest's */
	uint64_t since_ns; /* the time of the first that was counted; 0: none were, it is the first
			    */
	uint64_t requests, responses; /* packets; without a direction: requests */
	unsigned tag;		      /* as it was added */
};

struct refusals;

/* told: what to do with a record. NULL: out of memory. */
struct refusals *refusals_new(void (*told)(void *ctx, const struct refused_many *m), void *ctx);
void refusals_free(struct refusals *r); /* NULL is fine; end first */
/* A refused packet at this time of the clock, which never goes back. tag: the caller's. */
void refusals_add(struct refusals *r, const struct event *ev, unsigned tag, uint64_t now_ns);
/* Time passes: windows that ended have their records. */
void refusals_clock(struct refusals *r, uint64_t now_ns);
/* The recording ends. */
void refusals_end(struct refusals *r);

#endif
