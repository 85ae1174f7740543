/* SPDX-License-Identifier: MIT
 * Changes of what is in force: who asks, why, and what becomes of it. Main thread. */
#ifndef ZONED_DAEMON_CHANGE_H
#define ZONED_DAEMON_CHANGE_H

#include "daemon/parent.h"

enum { CONFIRM_LEAST = 5, CONFIRM_MOST = 86400 }; /* seconds */

/* Asked for by a peer of the control socket, by a signal, or by zoned itself. */
struct change {
	const char *verb;		 /* for logs: "reload", "apply", "rollback" */
	const char *origin;		 /* for the history: "file", "apply", "rollback" */
	const char *why;		 /* "": not said */
	const struct control_peer *peer; /* NULL: */
	const char *other;		 /* who else: "SIGHUP", "zoned" */
	uint32_t confirm_s;		 /* to be confirmed within so many seconds; 0: for good */
	bool alone;			 /* one person is enough, whatever the model says */
	/* who proposed what peer has approved; NULL: nobody */
	const struct proposal_person *proposer;
	/* of an order: what it is for, the mode and the seconds as they were asked for; NULL: none
	 */
	const char *zone, *conduit, *mode, *seconds;
};

struct outcome {
	enum control_code code;
	char text[512];		     /* "in force", or why it was refused */
	char proposal[HISTORY_HASH]; /* of a model that waits for approval; "": none does */
	struct errs errs;
};

/* What zoned starts with. */
struct first {
	uint32_t number;
	bool is_new; /* not yet in the history */
	struct change change;
};

void outcome_init(struct outcome *o);
void outcome_free(struct outcome *o);
void set_outcome(struct outcome *o, enum control_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Loads the configured file, and puts it in force. False: refused, nothing changed. All of these
 * log what they did, as an audit event. */
bool change_reload(struct parent *p, const struct change *c, struct outcome *o);
/* m is zoned's from now on, or freed. */
bool change_model(struct parent *p, const struct change *c, struct model *m, struct outcome *o);
/* Ask all who must take it, then commit. False: o says why, and nothing changed; m stays the
 * caller's. */
bool change_try(struct parent *p, struct model *m, uint32_t next, struct outcome *o);
void change_say_refusal(struct parent *p, const struct change *c, const struct outcome *o);
void change_put_who(const struct change *c, char out[HISTORY_TEXT]);
/* There is no model, for what errs of the outcome has: logs that. */
void change_refused(struct parent *p, const struct change *c, struct outcome *o, const char *why);
/* Back to an earlier generation, as a new one. 0: the one before. */
bool change_back(struct parent *p, const struct change *c, uint32_t number, struct outcome *o);
/* What is in force only until it is confirmed stays. */
bool change_confirm(struct parent *p, const struct change *c, struct outcome *o);

/* Falls back if nobody has confirmed in time; from the timer. */
void change_tick(struct parent *p);
/* A step of the start: what is in force is the last one of the history. */
int change_first(struct parent *p);

/* first.c: the model to start with. NULL: the errors were said. */
struct model *first_model(struct parent *p);
/* The rules or the policy of it were refused: it is not tried again while another is known. */
void first_refused(struct parent *p);

/* restored.c: tells of a restore before this start, or of one that is not finished. */
void restored_say(struct parent *p);

/* audit.c: one line for each thing asked that changes something, done or refused. */
struct audit {
	const struct change *change;
	const char *result; /* a word: "in-force", "refused", ... */
	const char *text;
	uint32_t before;	 /* generations */
	const char *hash_before; /* of models */
	const char *proposal;	 /* of a model that is not in force; NULL: none */
};
void audit(struct parent *p, const struct audit *a);

#endif
