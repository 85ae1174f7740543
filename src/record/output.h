/* SPDX-License-Identifier: MIT
 *
 * One place where records go: its form, a spool, and a thread that writes. A log daemon that hangs,
 * a full disk or a listener that is not there holds up this output alone.
 *
 *	event -> form (forms.h) -> spool -> thread -> datagram socket | file of lines | store | call
 *
 * What a socket does not take waits, since its listener may come back: up to the spool's bound.
 *What a file or store does not take is lost at once. Every loss is counted. The first failure is
 * reported to all outputs; so is the end of it, with the number of records that were lost.
 */
#ifndef ZONED_RECORD_OUTPUT_H
#define ZONED_RECORD_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "record/fields.h"

enum output_type {
	OUTPUT_SYSLOG,
	OUTPUT_RFC5424,
	OUTPUT_JSON,
	OUTPUT_JOURNALD,
	OUTPUT_CEF,
	OUTPUT_STORE,
	OUTPUT_CALL, /* each line to a function, of programs and tests */
	OUTPUT_TYPES,
};

/* What the operator wrote of it. */
struct output_keys {
	enum output_type type;
	const char *socket, *file;	 /* one of the two */
	int facility;			 /* LOG_LOCAL0.. */
	uint32_t enterprise;		 /* in the name of structured data */
	uint64_t bytes_max, seconds_max; /* of a store */
};

struct output;

struct output_conf {
	struct output_keys keys; /* texts are copied */
	/* Says something to all outputs but this one (NULL: to all); from any thread. */
	void (*say)(void *ctx, const struct output *but, int priority, const char *text);
	void *say_ctx;
	/* OUTPUT_CALL */
	void (*call)(void *ctx, int priority, const char *line);
	void *call_ctx;
};

struct output_stats {
	const char *type, *name; /* name: where it writes; good until it is closed */
	uint64_t written, lost;
	uint64_t lost_waiting; /* of these: had no room while others waited */
	int err;	       /* why it does not write now; 0: it does */
};

/* The word of a type in a model, and back; OUTPUT_TYPES: there is none. */
const char *output_type_word(enum output_type t);
enum output_type output_type_of(const char *word);

/* NULL: no memory. A file that cannot be opened is no failure: it is reported, and tried again by
 * output_reopen(). */
struct output *output_open(const struct output_conf *c);
bool output_has_keys(const struct output *o, const struct output_keys *k); /* the same ones? */
/* From now on a thread writes. 0 or -errno. */
int output_start(struct output *o);
/* owner: for its share of the spool (spool.h). */
void output_event(struct output *o, unsigned owner, const struct event_view *view);
/* No event, but what zoned says; an output of events alone leaves it out. From any thread once
 * there is one. */
void output_line(struct output *o, unsigned owner, int priority, const char *text);
void output_reopen(struct output *o); /* after its file was rotated */
/* Wait until all is written, for at most so many ms; what nobody listens for is given up. */
bool output_drain(struct output *o, unsigned ms);
/* False: its thread hangs and goes on, with what it uses. */
bool output_close(struct output *o, unsigned ms);
void output_stats(const struct output *o, struct output_stats *s);

#endif
