/* SPDX-License-Identifier: MIT
 * A start as a table of steps: taken in order, and given back in reverse. That of a child process
 * gives nothing back, since the process ends when a step fails. */
#ifndef ZONED_DAEMON_STEPS_H
#define ZONED_DAEMON_STEPS_H

#include <stdbool.h>
#include <stddef.h>

struct parent;

/* Result of a step's open(): it failed and has logged why. */
enum { STEP_SAID = 1 };

struct step {
	const char *what; /* for the operator, before a colon and the error */
	/* 0, -errno or STEP_SAID. One that fails has given back what it took itself. NULL: nothing
	 * to do. */
	int (*open)(struct parent *p);
	void (*close)(struct parent *p); /* NULL: there is nothing to give back */
};

/* Takes the n steps. When one fails, failed() tells it (err: -errno or STEP_SAID), and the steps
 * before it are given back, the last one first. True: all were taken. */
bool steps_open(const struct step *v, size_t n, struct parent *p,
		void (*failed)(struct parent *p, const struct step *step, int err));
/* Gives back n steps that were taken, the last one first. */
void steps_close(const struct step *v, size_t n, struct parent *p);

/* A step in the start of a child process, which may not log: the parent does, by the step's number.
 */
struct child_step {
	const char *what;
	int (*take)(void *ctx); /* 0 or -errno */
};

/* Takes the n steps. 0, or the number of the one that failed, from 1, with *err (-errno). */
unsigned child_steps_take(const struct child_step *v, unsigned n, void *ctx, int *err);
/* The name of the step with this number, which another process may have written; NULL: there is
 * none. */
const char *child_step_name(const struct child_step *v, unsigned n, unsigned number);

#endif
