/* SPDX-License-Identifier: MIT
 * What conduits are used for, over restarts: counters since the start, and what was kept before. */
#ifndef ZONED_DAEMON_USES_H
#define ZONED_DAEMON_USES_H

#include "daemon/counts.h"
#include "history/uses.h"

/* A step of the start, behind counts_begin(), and the timer's. */
int uses_open(struct parent *p);
void uses_close(struct parent *p); /* keeps them */
void uses_tick(struct parent *p);
/* Those of the conduits in force, as of the last sample, by name of the model; uses_free(). NULL v:
 * no memory. */
struct uses uses_now(struct parent *p);
json_t *uses_document(struct parent *p);

#endif
