/* SPDX-License-Identifier: MIT
 * Changes that several people make (history/proposals.h): proposed by one, put in force with the
 * approval of others. Main thread. */
#ifndef ZONED_DAEMON_PROPOSALS_H
#define ZONED_DAEMON_PROPOSALS_H

#include "daemon/change.h"
#include "history/proposals.h"

/* Does this change to m need the approval of others, by what the model in force says? */
bool proposal_is_needed(const struct parent *p, const struct change *c, const struct model *m);
/* The model with this hash waits from now on; m stays the caller's. False: o says why not. Both log
 * it, as an audit event. */
bool proposal_make(struct parent *p, const struct change *c, const struct model *m,
		   const char *hash, struct outcome *o);
/* By the beginning of a hash. */
void proposal_approve(struct parent *p, const struct change *c, const char *hash,
		      struct outcome *o);
void proposal_withdraw(struct parent *p, const struct change *c, const char *hash,
		       struct outcome *o);
/* A step of the start, and from the timer. */
void proposals_start(struct parent *p);
void proposals_tick(struct parent *p);
json_t *proposals_document(const struct parent *p);
/* NULL: there is none. */
const struct proposal *proposal_named(const struct parent *p, const char *hash);

#endif
