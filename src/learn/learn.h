/* SPDX-License-Identifier: MIT
 *
 * A model from captures: what a plant's stations said becomes the least zones, conduits and
 * policies that permit it.
 *
 *	survey    who spoke to whom, on which port                     (talks.c, passes.c)
 *	notes     what each message of an inspected protocol would need of a policy: the protocol's
 *	          own learn.c says so, by the columns of its policies  (notes.c)
 *	entries   notes of a conduit, merged to what a person would write  (entries.c)
 *	plant     zones from subnets and roles, conduits between them  (plant.c)
 *	write     the text, with what is only proposed as comments     (write.c)
 *	onto      instead of that, what to add to a model in force and what to take away from it: a
 *	          second engine beside judges each message by that model  (onto*.c)
 *
 * All tables are bounded. What found no room is counted, and the text says so.
 */
#ifndef ZONED_LEARN_LEARN_H
#define ZONED_LEARN_LEARN_H

#include "base/sb.h"
#include "inspect/inspect.h"
#include "model/model.h"
#include "proto/list.h"

enum {
	LEARN_HOSTS = 4000,	    /* stations; a model has at most 4094 zones */
	LEARN_TALKS = 16384,	    /* client, server and server port */
	LEARN_CONNECTIONS = 262144, /* of one file, whose direction is kept */
	LEARN_NOTES = 65536,	    /* different ones */
	LEARN_TEXTS = 32768,	    /* different texts in them */
	LEARN_ITEMS = 512,	    /* of one note */
	LEARN_COLUMNS = 24,	    /* of one protocol's entries */
	LEARN_FILES = 4096,
	LEARN_FAULTS = 1024, /* talks and reasons that no policy permits */
	LEARN_MEMORY = 3,
	LEARN_SAID = 4, /* things that a station says of itself */
	LEARN_SAID_TEXT = 64,
	LEARN_LIFTS = 4,
};

/* What is done with an observation: read, or proposed only. Each is a word of --admit. */
enum learn_kind {
	LEARN_READS, /* admitted unasked */
	LEARN_WRITES,
	LEARN_CONTROLS,	  /* outputs are moved */
	LEARN_RESTARTS,	  /* stations are restarted, or made to listen only */
	LEARN_PROGRAMS,	  /* programs, files and configurations are transferred */
	LEARN_TOLERANCES, /* a device does not keep to its standard */
	LEARN_RARE,	  /* seen fewer than --least times */
	LEARN_SINGLE,	  /* from one station only, where several use the conduit */
	LEARN_UNANSWERED, /* a connection that nobody accepted */
	LEARN_SUBNETS,	  /* addresses of a zone's subnet that were not seen; not in "all" */
	LEARN_KINDS,
	LEARN_UNUSED = LEARN_KINDS, /* a setting for entries that are not admitted themselves */
	/* What opens a connection or a session: once each, and by each station for itself, so it is
	 * admitted unasked however often it was seen. */
	LEARN_SETUP,
};

/* The admit word; NULL: none. */
const char *learn_kind_word(unsigned kind);

enum learn_form {
	LEARN_RANGES, /* whole numbers; those that touch are one range */
	LEARN_WORDS,  /* numbers with a name each */
	LEARN_SPANS,  /* real numbers, as pairs of the least and the most */
	LEARN_TEXT,   /* texts from the wire, and patterns of them */
	LEARN_FLAG,   /* true, or not there */
	LEARN_MOST,   /* the greatest number seen */
	LEARN_LEAST,  /* the least */
	LEARN_WORD,   /* one word: that of the greatest number */
};

/* One key of an entry of allow, or of a policy as a whole. */
struct learn_column {
	const char *key;
	enum learn_form form;
	/* Values written: they do not tell two notes apart, but are collected in one. Such columns
	 * are the last ones. */
	bool collected;
	/* Of LEARN_SPANS: a bound means the float nearest to it. */
	bool single;
	/* Of LEARN_WORDS and LEARN_WORD: as the model has it, with quotes if it needs them. */
	void (*word)(uint32_t v, struct sb *b);
	/* Of LEARN_TEXT: where there are many, each is replaced by this, which others have in
	 * common. */
	size_t (*widen)(const char *text, char *out, size_t room);
	/* Of a whole policy: printed where nothing else is; NULL: the key is left out then. */
	const char *otherwise;
	/* A number that is the default, and not printed (LEARN_MOST, LEARN_LEAST). */
	double standard;
	/* Of a whole policy: why a message is refused where the key does not permit it. */
	uint16_t lifts[LEARN_LIFTS];
	/* A flag that goes with some of its values, and is an error with the others; or NULL. */
	const char *flag;
};

struct learn;
struct learn_entries;

/* What a protocol brings: learn_NAME. */
struct learn_ops {
	/* Nouns of the field for who asks and who is asked, as zones and assets are named. NULL:
	 * the protocol has no learner, which the text says where it was seen. */
	const char *asks, *answers, *asset_asks, *asset_answers;
	/* Of an entry, in the order in which they are merged; and of the policy. */
	const struct learn_column *columns, *settings;
	unsigned n_columns, n_settings;
	/* The body of a policy that permits all that any does; [1]: where the side that listens is
	 * the master, NULL: there is no such thing. */
	const char *everything[2];
	/* The body of one that permits next to nothing, for connections without any message. */
	const char *least;
	/* A line of a policy where the side that listens is the master; NULL likewise. */
	const char *turned;
	/* A message, judged by `everything`; m as inspect_out.message has it. False: it is not
	 * permitted (ev->reason), and nothing could be learned from it. */
	bool (*observe)(struct learn *l, const struct event *ev, const void *m);
	/* Does anything that the entries permit use this value of a setting? NULL: always. */
	bool (*setting_used)(const struct learn_entries *e, unsigned setting, double v);
};

#define P(symbol, name, word, port, over) extern const struct learn_ops learn_##name;
PROTOCOLS(P)
#undef P

/* ---- what observe() calls ---- */

/* Begin a note: one request, by what it needs of an entry. */
void learn_begin(struct learn *l, enum learn_kind kind);
void learn_add(struct learn *l, unsigned column, double lo, double hi);
void learn_add_any(struct learn *l, unsigned column);
void learn_add_text(struct learn *l, unsigned column, const void *text, size_t n);
/* Has it something in this column already? */
bool learn_has(const struct learn *l, unsigned column);
/* It is whole. */
void learn_keep(struct learn *l);
/* What stands for messages that pass where there is an entry for their ends: used where no entry
 * has what it has beside its first column; or, for messages that pass where there is any entry,
 * where there is none. */
enum learn_filler { LEARN_NO_FILLER, LEARN_FOR_ENDS, LEARN_FOR_ANY };
struct learn_number {
	unsigned column;
	double v;
};
/* A whole note, of these numbers. */
void learn_fill(struct learn *l, enum learn_filler what, const struct learn_number *v, size_t n);
/* Something that the policy as a whole must have. */
void learn_setting(struct learn *l, enum learn_kind kind, unsigned setting, double v);
void learn_setting_text(struct learn *l, enum learn_kind kind, unsigned setting, const void *text,
			size_t n);
/* A request, for the rates. */
void learn_request(struct learn *l, bool changes);
/* LEARN_MEMORY numbers that a protocol keeps of each talk, zero at the beginning. */
uint64_t *learn_memory(struct learn *l);
/* The side that listens is the master. */
void learn_is_turned(struct learn *l);
bool learn_turned(const struct learn *l);
/* The station that the message is from says of itself; bytes from the wire. */
void learn_says(struct learn *l, const void *text, size_t n);

/* What setting_used() calls: does any entry have this value in the column? */
bool learn_entries_have(const struct learn_entries *e, unsigned column, double v);

/* ---- the verb ---- */

struct learn_port {
	uint16_t port;
	uint8_t proto;
};

struct learn_options {
	unsigned least;	   /* --least */
	unsigned admitted; /* bits by enum learn_kind */
	unsigned subnet;   /* bits of an IPv4 subnet */
	/* --hold-out: percent of the time at the end; or nanoseconds of it; 0: nothing */
	unsigned held_percent;
	uint64_t held_ns;
	struct learn_port ports[8]; /* besides the protocols' own */
	unsigned n_ports;
	const char *onto, *rules_dir; /* --onto: a model in force; NULL: none */
};

/* What the proposed model would do with the captures, or with the part that was held out. */
struct learn_report {
	uint64_t messages, refused;	   /* of inspected protocols */
	uint64_t packets, refused_packets; /* of all others */
};

/* NULL: out of memory. */
struct learn *learn_new(const struct learn_options *o);
void learn_free(struct learn *l);
/* A capture to learn from. False: err has why; the others can still be learned from. */
bool learn_file(struct learn *l, const char *path, char *err, size_t err_len);
/* The same, as which it is spoken of. */
bool learn_file_as(struct learn *l, const char *path, const char *name, char *err, size_t err_len);
/* Read them. False: there is no station, or an error; which was printed. */
bool learn_read(struct learn *l);
/* The model of --onto. False: it is not good; its errors were printed. */
bool learn_onto(struct learn *l);
/* Instead of learn_text() and learn_judge() with --onto. */
bool learn_onto_print(struct learn *l, FILE *f, FILE *said, struct learn_report *r);
/* The text of the model. malloc'ed; the caller frees. */
char *learn_text(struct learn *l, size_t *len);
/* Judge the captures by that text (of --hold-out: their last part), and say on f what would be
 * refused. False: the text is no good model, which is a fault of ours; it is printed. */
bool learn_judge(struct learn *l, const char *text, size_t len, FILE *f, struct learn_report *r);

#endif
