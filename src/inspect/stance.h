/* SPDX-License-Identifier: MIT
 *
 * Meaning of a conduit's mode in the data path: one row of a table for each, and no other place
 * asks for the mode. A handler asks for the column that it needs.
 *
 *               ENFORCE     OBSERVE               RECORDING               WATCH (a capture
 *                                                 (a capture, a model)    without a model)
 *   blocks      not sent    goes on               goes on                 goes on
 *   records     yes         yes, as observed      yes, as of the mode     no
 *   rewrites    yes         no                    no                      no
 *   checks      yes         yes                   yes                     no
 *   waits       yes         no                    yes                     no
 *
 * Where nothing is blocked a stream in which the next message cannot be found is searched for the
 * next place that can be one's beginning (resume.c); else its connection ends.
 *
 * A recording was not made behind the gate: what would be refused was delivered, and answered. So
 * the state that protocols keep follows the recording as it follows the wire in OBSERVE, and the
 * verdicts are those of the conduit's mode.
 */
#ifndef ZONED_INSPECT_STANCE_H
#define ZONED_INSPECT_STANCE_H

#include <stdbool.h>

#include "policy/policy.h"
#include "record/event.h"

struct stance {
	bool blocks;   /* a refused message does not go on */
	bool records;  /* a refused message is recorded */
	bool rewrites; /* packets are made unambiguous; unfinished messages are kept back */
	bool checks;   /* a packet that a receiver would not take, or not every one, is refused */
	bool waits;    /* for what other connections may have under way with the same device */
	/* the verdict of a refusal is the one that a gate would have given */
	bool foretells;
	/* the verdict of what is refused and goes on; without meaning where `blocks`, `foretells`
	 */
	enum verdict passed;
};

/* Whence packets come. */
enum stance_source {
	SOURCE_WIRE,	  /* what is refused does not go on, unless the mode says so */
	SOURCE_RECORDING, /* inspect_conf.recording */
	SOURCE_WATCHED,	  /* inspect_conf.dissect_only */
};

/* observed: by the mode of the conduit, or by the whole site's where there is none. */
const struct stance *stance_of(bool observed, enum stance_source from);
/* Verdict to record for a refusal with v: v where s blocks or foretells, else s->passed. */
enum verdict stance_verdict(const struct stance *s, enum verdict v);

#endif
