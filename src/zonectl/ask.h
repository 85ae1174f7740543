/* SPDX-License-Identifier: MIT
 * Questions to the running zoned, by its control socket (zoned-control(7)). */
#ifndef ZONED_ZONECTL_ASK_H
#define ZONED_ZONECTL_ASK_H

#include <jansson.h>

#include "base/sb.h"

enum { ASK_LINE = 4096, ASK_DONE = 200, ASK_WAITS = 202, ASK_MODEL = 422 };

struct answer {
	int code;	  /* of the reply */
	json_t *document; /* the caller's */
};

/* There is a control socket, and we may ask. */
bool zoned_listens(void);
/* line is a request without its end and "body="; body: what follows it, or NULL. EXIT_OK with any
 * reply; else what went wrong was told, and there is nothing to free. */
int ask_zoned(const char *line, const json_t *body, struct answer *a);
/* Does one answer at the control socket? */
bool zoned_runs(void);
/* " NAME="VALUE"", quoted; nothing when value is NULL. */
void put_argument(struct sb *b, const char *name, const char *value);
/* Which model is asked for: a generation's number, or the beginning of a proposal's hash; NULL:
 * that in force. */
void put_model_named(struct sb *b, const char *name);
/* The exit status that goes with a reply; tells its error. */
int answer_status(const struct answer *a);
/* Ask, tell errors, and print the document or, of what was done, have it said. The exit status. */
int ask_and_print(const char *line, bool json, void (*say)(const void *ctx, const json_t *o),
		  const void *ctx);
/* A time for an option, "60" seconds or "90s", "15m", "2h". False: it is none. */
bool read_seconds(const char *text, uint64_t *seconds);
/* The text that o is; "": it is none. */
const char *text_of(const json_t *o);
enum { UNTIL_TEXT = 40 };
/* The end of an order, as text in UTC. */
const char *until_text(const json_t *order, char out[UNTIL_TEXT]);
/* The document, for programs. */
void print_document(const json_t *o);

#endif
