/* SPDX-License-Identifier: MIT
 *
 * The control socket: AF_UNIX stream. One line of request ("status"), one JSON
 * document as reply, and the connection is closed. Verbs are read (anybody who
 * may connect) or admin (root, or zoned's own user); admin verbs are logged
 * with who asked.
 */
#ifndef ZONED_DAEMON_CONTROL_H
#define ZONED_DAEMON_CONTROL_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>

/* At a time: in all, of users who are neither root nor zoned's, and of one of these. */
enum { CONTROL_CLIENTS = 8, CONTROL_OTHERS = 6, CONTROL_PER_USER = 4 };
enum { CONTROL_LINE = 64, CONTROL_SECONDS = 5 };

struct control_verb {
	const char *name;
	bool admin;
	json_t *(*run)(void *ctx); /* new reference; NULL: out of memory */
};

struct control;

/* Listen at path (mode 0660); a socket left there by a dead zoned is replaced. The verbs
 * end with a NULL name. NULL and errno. say() gets a line per admin request. */
struct control *control_open(struct event_base *base, const char *path,
			     const struct control_verb *verbs, void *ctx,
			     void (*say)(int priority, const char *line));
void control_close(struct control *c); /* removes the socket; NULL is fine */

#endif
