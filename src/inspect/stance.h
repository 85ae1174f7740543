/* SPDX-License-Identifier: MIT
 *
 * Meaning of a conduit's mode in the data path: one row of a table for each, and no other place
 * asks for the mode. A handler asks for the column that it needs.
 *
 *               ENFORCE              OBSERVE             WATCH (a capture without a model)
 *   blocks      refused: not sent    goes on             goes on
 *   records     yes                  yes, as observed    no
 *   rewrites    yes                  no                  no
 *   checks      yes                  yes                 no
 *   lost        ends                 passes, unjudged    the bytes that are there are skipped
 */
#ifndef ZONED_INSPECT_STANCE_H
#define ZONED_INSPECT_STANCE_H

#include <stdbool.h>

#include "policy/policy.h"
#include "record/event.h"

/* Treatment of a stream in which the next message cannot be found: the connection ends, the rest
 * passes unjudged, or the bytes are skipped. */
enum stance_lost { LOST_ENDS, LOST_PASSES, LOST_SKIPS };

struct stance {
	bool blocks;   /* a refused message does not go on */
	bool records;  /* a refused message is recorded */
	bool rewrites; /* packets are made unambiguous; unfinished messages are kept back */
	bool checks;   /* a packet that a receiver would not take, or not every one, is refused */
	enum stance_lost lost;
	/* the verdict of what is refused and goes on; without meaning where `blocks` */
	enum verdict passed;
};

/* pol NULL: of no conduit. watch: inspect_conf.dissect_only. */
const struct stance *stance_of(const struct pol_flow *pol, bool watch);
/* Verdict to record for a refusal with v: v where s blocks, else s->passed. */
enum verdict stance_verdict(const struct stance *s, enum verdict v);

#endif
