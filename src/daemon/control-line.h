/* SPDX-License-Identifier: MIT
 *
 * One line of the control protocol:
 *
 *	VERB [NAME=VALUE]... [body=N]
 *
 * VALUE is a word without blanks and quotes, or "text" with \" and \\ in it.
 */
#ifndef ZONED_DAEMON_CONTROL_LINE_H
#define ZONED_DAEMON_CONTROL_LINE_H

#include "daemon/control.h"

struct control_line {
	const struct control_verb *verb;
	const char *name[CONTROL_ARGS], *value[CONTROL_ARGS]; /* in text */
	size_t n;
	size_t body; /* octets that follow the line */
	char *text;
};

/* The line of n octets at p, without its end. False: why. */
bool control_line_read(struct control_line *l, const char *p, size_t n,
		       const struct control_verb *verbs, char why[CONTROL_VALUE]);
void control_line_free(struct control_line *l);

#endif
