/* SPDX-License-Identifier: MIT
 *
 * explain: one message or connection, what the model does with it, and why. The contract of the
 * protocols, and what the files explain*.c share.
 *
 * Who judges is the engine (inspect.h) with the policy image, and the ruleset (compile/reach.h):
 * here nothing is judged. A message in words is composed, sent over a connection that is made up,
 * and found again in the engine's callback.
 */
#ifndef ZONED_ZONECTL_EXPLAIN_H
#define ZONED_ZONECTL_EXPLAIN_H

#include <jansson.h>

#include "base/sb.h"
#include "compile/reach.h"
#include "record/facts.h"

struct samples;

enum {
	EXPLAIN_WORDS = 64,
	EXPLAIN_BYTES = 16384, /* of a message, with what must come before it */
	EXPLAIN_PARTS = 8,
	EXPLAIN_PART = 1024,
	EXPLAIN_NEAREST = 4, /* entries that are shown */
	EXPLAIN_TEXT = 1024, /* of one thing that is lacking, of a proposed entry */
	EXPLAIN_KEYS = 4,    /* of a whole policy, that are tried for one reason */
	EXPLAIN_SAID_TEXT = 300,
};

/* Words of the question, and what is wrong with them. */
struct explain_words {
	char *v[EXPLAIN_WORDS];
	size_t n, first; /* first: number of v[0] among all words, from 1 */
	struct errs *errs;
};
void explain_complain(const struct explain_words *w, size_t i, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A word with a number behind it, what the number may be, and where it goes. */
struct explain_named {
	const char *word;
	uint64_t *to;
	bool *has;
	uint64_t max;
};
/* The row of n that has the word; NULL: none. */
const struct explain_named *explain_named(const struct explain_named *rows, size_t n,
					  const char *word);
/* The number that word i is, or a complaint. */
bool explain_number(const struct explain_words *w, size_t i, uint64_t max, uint64_t *out);

/* Messages one after the other; the last is the one that is asked about. */
struct explain_message {
	uint8_t b[EXPLAIN_BYTES];
	size_t n;
	struct {
		bool answer; /* from the server */
		size_t at, n;
	} part[EXPLAIN_PARTS];
	size_t parts;
	char assumed[200]; /* what the words do not say, for the reader */
};
/* Another part, to be filled with n octets; NULL: there is no room. */
uint8_t *explain_part(struct explain_message *m, bool answer, size_t n);

/* One part while it is written; what does not fit is not in it. */
struct explain_octets {
	uint8_t b[EXPLAIN_PART];
	size_t n;
};
void explain_put(struct explain_octets *o, const void *p, size_t n);
/* The low octets of v, the lowest first; the highest first. */
void explain_put_le(struct explain_octets *o, uint64_t v, unsigned octets);
void explain_put_be(struct explain_octets *o, uint64_t v, unsigned octets);
bool explain_add(struct explain_message *m, bool answer, const struct explain_octets *o);

/* A message as the engine has it: m is judged.msg of the protocol. img NULL: not judged. */
struct explain_case {
	const struct pol_image *img;
	const struct event *ev;
	const void *m;
};

struct explain_sink {
	void *ctx;
	/* has: the entry's; wants: the message's */
	void (*lack)(void *ctx, const char *key, const char *has, const char *wants);
};

/* A record's fields. NULL: it has none of this name. */
struct explain_record {
	const json_t *o;
};
const char *explain_field(const struct explain_record *r, const char *name, char *text, size_t n);
/* The field behind these words, where there is one: " unit 1". */
void explain_put_field(const struct explain_record *r, FILE *f, const char *name,
		       const char *words);

/* How a key of a whole policy or conduit can be changed so that it permits more. */
enum explain_form {
	EXPLAIN_ON,	/* a flag that is set */
	EXPLAIN_OFF,	/* a key that is left out */
	EXPLAIN_LADDER, /* one of words, from the strictest: a later one than there is */
	EXPLAIN_ADDED,	/* a list: one of words is added */
	EXPLAIN_SAID,	/* a list: what the message says is added */
	EXPLAIN_MOST,	/* a number: a greater one, and the least that is enough */
};
/* One way in which a key turns a reason around. */
struct explain_key {
	uint16_t why;
	const char *key;
	uint8_t form; /* enum explain_form */
	/* NULL-ended, as a model has them. EXPLAIN_SAID: what "any" stands for */
	const char *const *words;
	uint32_t standard, most; /* EXPLAIN_MOST: without the key, and the most that there is */
	const char *without;	 /* a key that says nothing beside it, and goes; NULL: none */
	const char *danger;	 /* what else passes then; NULL: nothing that changes anything */
};
/* The table of a conduit, and that of a protocol's policies; *n: rows. */
const struct explain_key *explain_conduit_keys(size_t *n);

/* Of each inspected protocol: explain_NAME. A member may be NULL: the protocol cannot do that. */
struct explain_ops {
	const char *operation_key; /* of an entry, that has its operations: "functions" */
	/* The words behind the protocol's -> messages. False: complaints. */
	bool (*compose)(const struct explain_words *w, struct explain_message *out);
	/* Messages that the policy permits and refuses (samples.h). NULL: none are made. */
	void (*samples)(const struct policy *p, struct samples *s);
	/* The words that compose() takes, for the message of a record. */
	bool (*words)(const struct explain_record *r, FILE *f);
	/* Everything of the message that this entry of the policy does not allow. */
	void (*lacks)(const struct explain_case *c, uint32_t rule, const struct explain_sink *to);
	/* The narrowest entry of an allow list that allows the message. False: there is none. Of
	 * several, a line each, the first is taken that does. */
	bool (*entry)(const struct explain_case *c, FILE *f);
	/* What a reader should know of the message besides its facts, a line each. */
	void (*notes)(const struct explain_case *c, FILE *f);
	bool entry_of_answers; /* what answers is in entries, too */
	/* What the message changes ("it writes"); NULL: nothing. */
	const char *(*changes)(const struct explain_case *c);
	/* Keys of a whole policy; and of EXPLAIN_SAID what the message says, as it stands in a list
	 * of a model. False: nothing for this key. */
	const struct explain_key *keys;
	size_t n_keys;
	bool (*said)(const struct explain_case *c, const char *key, FILE *f);
	/* What a new policy needs besides its entries, each is tried; NULL-ended, or NULL: nothing
	 */
	const char *const *heads;
};
#define P(symbol, name, word, port, over) extern const struct explain_ops explain_##name;
PROTOCOLS(P)
#undef P
const struct explain_ops *explain_ops_of(uint8_t proto); /* NULL: no protocol */

/* explain-text.c: ranges of an image as a reader has them: "0-99, 120", "any", "none". */
const char *explain_ranges(const struct pol_image *img, const struct pol_rset *s, char *out,
			   size_t n);

/* ---- between the files of explain ---- */

struct explain {
	const char *path; /* of the model */
	bool gates_open;  /* conduits that are not always open are taken for open */
	struct model *m;
	struct pol_image *img;
	struct reach *reach;
	struct reach_packet packet;  /* the connection that is asked about */
	uint8_t proto;		     /* of the words; PROTO_NONE: a plain flow */
	struct explain_message *msg; /* NULL: no message, or that of a capture */
	const char *capture;
	uint32_t frame;
	json_t *o; /* the answer */
};

/* A model compiled; false: said on standard error, with the exit status in *rc. */
bool explain_compile(struct explain *x, struct model *m, int *rc);
void explain_release(struct explain *x); /* its model and what was compiled of it */

/* explain-question.c: "10.1.0.5 -> 10.2.0.9 PROTOCOL ..." in words; false: complaints in w->errs */
bool explain_question(struct explain *x, struct explain_words *w);
/* Hexadecimal octets, as they stand behind the tuple, into x->msg. */
bool explain_hex(struct explain *x, const struct explain_words *w, const char *hex);
/* The words that ask about the message of a record. False: there are none (said). */
bool explain_record_words(const json_t *record, char *out, size_t n);
/* A record: a line of syslog or of the JSON file. NULL: it is none. */
json_t *explain_record(const char *text);

/* explain-log.c: what records have as their id: "0123456789ab-17" */
bool explain_is_id(const char *text);
/* The first record of this id in a file of JSON lines. NULL: said. */
json_t *explain_record_of_id(const char *path, const char *id);

/* explain-run.c: the message through the engine. found is called once: with the message that was
 * refused first of those that are asked about, else the last. False: none was found. img NULL: only
 * read. */
typedef void explain_found(void *ctx, const struct explain_case *c);
bool explain_run(const struct explain *x, const struct pol_image *img, explain_found *found,
		 void *ctx);
/* The packet of x->frame: its tuple into x->packet. False: said. */
bool explain_frame(struct explain *x);

/* What a message that was refused needs of a model. */
struct explain_wants {
	enum reason why;
	bool answer;
	char entries[EXPLAIN_TEXT]; /* of the policy, a line each; empty: none is known */
	const char *changes;	    /* what it changes; NULL: nothing, or not known */
	struct {
		const struct explain_key *key;
		bool of_conduit;
		char said[EXPLAIN_SAID_TEXT]; /* EXPLAIN_SAID */
	} keys[EXPLAIN_KEYS];
	size_t n_keys;
	uint32_t came; /* of what a number was expected; 0: not known */
};
/* explain-keys.c */
void explain_wants_of(const struct explain_case *c, uint8_t proto, struct explain_wants *out);
/* The line of the printed policy or conduit for way number i of a key whose printed value is has
 * (NULL: it is not there); false: there are no more ways. Empty: the key goes. */
bool explain_key_line(const struct explain_wants *w, size_t key, const char *has, unsigned i,
		      struct sb *out);
/* The keys of a reason as JSON: [ { "protocol", "key" } ]; a conduit's have no protocol. */
json_t *explain_keys_of(enum reason why);

/* explain-change.c: the smallest change that permits it, into the answer. */
void explain_change(struct explain *x, const struct reach_answer *a, const struct explain_wants *w);

/* explain-reason.c */
const char *explain_advice(enum reason why);
const char *explain_what_changes(enum reason why);  /* of the model; words */
enum reason explain_reason_named(const char *name); /* R_COUNT: none */

/* explain-print.c: the answer as text */
void explain_print(const json_t *o, FILE *f);

#endif
