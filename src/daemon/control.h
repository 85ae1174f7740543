/* SPDX-License-Identifier: MIT
 *
 * The control socket, AF_UNIX stream (zoned-control(7) has the protocol). A request is one line,
 *
 *	VERB [NAME=VALUE]... [body=N]
 *
 * and N octets behind it; a reply is one line, a code and a JSON document. A connection may carry
 * any number of requests, one after the other. Each verb asks for a role, and what a peer's role is
 * the caller of control_open() says, from what the kernel says of the peer (SO_PEERCRED,
 * SO_PEERGROUPS).
 */
#ifndef ZONED_DAEMON_CONTROL_H
#define ZONED_DAEMON_CONTROL_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

/* At a time: in all, of users who are neither root nor zoned's, and of one of these. */
enum { CONTROL_CLIENTS = 8, CONTROL_OTHERS = 6, CONTROL_PER_USER = 4 };
enum {
	CONTROL_LINE = 4096,
	CONTROL_BODY = 64 << 20,
	CONTROL_ARGS = 8,
	CONTROL_SECONDS = 5, /* without a word, and until a line is whole */
	CONTROL_WHOLE = 60,  /* until a body is whole, or an answer is read */
	CONTROL_GROUPS = 64, /* of a peer; more are not looked at */
	CONTROL_NAME = 33,   /* of a user, with NUL */
	CONTROL_VALUE =
		256, /* of an argument, with NUL; text in UTF-8, without control characters */
};

enum control_role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_ENGINEER, ROLES };

enum control_code {
	CONTROL_DONE = 200,
	CONTROL_WAITS = 202,	 /* for the approval of others */
	CONTROL_BAD = 400,	 /* no such request, or not so */
	CONTROL_FORBIDDEN = 403, /* not in this role */
	CONTROL_NOT_FOUND = 404, /* there is none of that name or number */
	CONTROL_CONFLICT = 409,	 /* not now */
	CONTROL_MODEL = 422,	 /* the model has errors, or the kernel refuses it */
	CONTROL_BUSY = 429,	 /* too many connections */
	CONTROL_FAILED = 500,	 /* the system, or zoned */
};

struct control_peer {
	uid_t uid;
	pid_t pid;
	gid_t group[CONTROL_GROUPS]; /* the first one is its effective group */
	size_t n_groups;
	enum control_role role;
	char user[CONTROL_NAME];  /* the name of uid; "" without one */
	char login[CONTROL_NAME]; /* who logged in, whoever he became; "" if the kernel does not say
				   */
};

struct control_request {
	const struct control_peer *peer;
	const struct control_verb *verb;
	const char *name[CONTROL_ARGS], *value[CONTROL_ARGS];
	size_t n;
	const char *body; /* body_len octets and a NUL; NULL: there is none */
	size_t body_len;
};

/* document is a new reference, which zoned frees; NULL: out of memory */
struct control_reply {
	enum control_code code;
	json_t *document;
};

struct control_verb {
	const char *name;
	enum control_role role;
	const char *args; /* names that it takes, with a blank between them */
	bool body;	  /* it has one */
	struct control_reply (*run)(void *ctx, const struct control_request *q);
};

struct control_conf {
	const char *path;
	bool everybody; /* all may connect (mode 0666): roles are by group; else 0660 */
	const struct control_verb *verbs; /* the last one has no name */
	void *ctx;
	enum control_role (*role_of)(void *ctx, const struct control_peer *who);
	/* of a verb that changes something, and is not for this peer */
	void (*refused)(void *ctx, const struct control_request *q);
};

struct control;

/* Listens; a socket left there by a dead zoned is replaced. c is copied. NULL and errno. */
struct control *control_open(struct event_base *base, const struct control_conf *c);
/* everybody has changed */
int control_let_in(struct control *c, bool everybody); /* 0 or -errno */
void control_close(struct control *c);		       /* removes the socket; NULL is fine */

/* For other sockets of zoned: who is at the other end (false: nobody any more); the mode of a
 * socket; one that listens at path, instead of a dead zoned's (-1: errno). */
bool control_read_peer(int s, struct control_peer *who);
mode_t control_mode(bool everybody);
int control_listen(const char *path, bool everybody);
/* NULL: it was not given. */
const char *control_arg(const struct control_request *q, const char *name);
/* text in JSON: octets that are no UTF-8, as of a text that was cut, become U+FFFD. */
json_t *control_text(const char *text);
/* A reply of an error. */
struct control_reply control_error(enum control_code code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
const char *control_role_name(enum control_role role);

#endif
