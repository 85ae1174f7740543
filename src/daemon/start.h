/* SPDX-License-Identifier: MIT
 * Start and stop of the parent, and what zoned.c has for the steps. */
#ifndef ZONED_DAEMON_START_H
#define ZONED_DAEMON_START_H

#include "daemon/steps.h"

struct record;

/* False: the reason is logged, and all is given back. */
bool parent_start(struct parent *p);
void parent_stop(struct parent *p); /* the rules stay */

/* zoned.c: what say() says goes the way of records, so that nobody waits for syslog; NULL: straight
 * to syslog. */
void say_by(struct record *r);
/* An error, to standard error while zoned starts; where all goes there, an output does it. */
void say_to_starter(int level, const char *text);
/* A line of an output, to standard error; only where somebody reads all that is logged there. */
void say_record_line(void *ctx, int level, const char *text);
/* start-memory.c: steps that make memory which processes share. 0, -errno or STEP_SAID */
int open_limits(struct parent *p);
void close_limits(struct parent *p);
int open_common(struct parent *p);
void close_common(struct parent *p);
int open_workers(struct parent *p);
void close_workers(struct parent *p);
/* zoned.c: the loop of the main thread and all that it waits for. 0 or -errno */
int events_open(struct parent *p);
void events_close(struct parent *p);

#endif
