/* SPDX-License-Identifier: MIT
 *
 * The facts of a message as named fields: one row per protocol, one walk for
 * every text form. An event crossed a process boundary: no number in it is
 * trusted, and no text in it is printed unescaped.
 */
#ifndef ZONED_RECORD_FACTS_H
#define ZONED_RECORD_FACTS_H

#include <stdint.h>

#include "proto/list.h"
#include "record/event.h"

struct expected_case;
struct sb;

struct fact_sink {
	void *ctx;
	void (*num)(void *ctx, const char *key, uint64_t v);
	/* addresses in a row, the last one included */
	void (*range)(void *ctx, const char *key, uint64_t from, uint64_t to);
	/* from our tables: needs no quotes */
	void (*word)(void *ctx, const char *key, const char *v);
	void (*text)(void *ctx, const char *key, const char *v); /* from the wire */
};

/* Of each inspected protocol: facts_NAME. */
struct fact_ops {
	/* The beginning of the record's sentence, from our tables. */
	const char *(*title)(const struct event *ev);
	void (*each)(const struct event *ev, const struct fact_sink *to);
	/* What was expected and what came (record/expected.h); nothing: common words do. NULL:
	 * never. */
	void (*expected)(const struct expected_case *c, struct sb *expected, struct sb *came);
	/* Messages of one key are counted as one record (function and unit, say). */
	uint64_t (*key)(const struct event *ev);
};

#define P(symbol, name, word, port, over) extern const struct fact_ops facts_##name;
PROTOCOLS(P)
#undef P

/* NULL: the event is not of a message. */
const struct fact_ops *facts_of(const struct event *ev);

#endif
