/* SPDX-License-Identifier: MIT
 * One table of verbs; one file per verb. */
#ifndef ZONED_ZONECTL_ZONECTL_H
#define ZONED_ZONECTL_ZONECTL_H

#include "model/model.h"

enum {
	EXIT_OK = 0,
	EXIT_FAIL = 1,
	EXIT_USAGE = 2,
	EXIT_MODEL = 3,
	EXIT_NOT_RUNNING = 4,
	EXIT_NOT_HERE = 5,  /* check --here */
	EXIT_FOUND = 5,	    /* check --strict: a warning */
	EXIT_REFUSED = 5,   /* replay, explain, learn: something would be refused */
	EXIT_BROKEN = 5,    /* log --verify, verify, restore: something is not whole */
	EXIT_NOT_READ = 6,  /* replay: a part could not be read or followed */
	EXIT_NARROWER = 7,  /* diff: it differs, and opens nothing */
	EXIT_WIDER = 8,	    /* diff: it opens something */
	EXIT_PROPOSED = 10, /* apply, reload, rollback, approve: it waits for others */
	EXIT_NO_FILE = 9,   /* there is no such model, or it cannot be read */
};

/* What the value of an option or an operand is: the shell's completion offers such. */
enum verb_value {
	VALUE_NONE,  /* the option has no value */
	VALUE_TEXT,  /* nothing to offer */
	VALUE_WORDS, /* words that may begin as options do; nothing to offer */
	VALUE_FILE,
	VALUE_VERB,
	VALUE_INTERFACE,
	VALUE_PROTOCOL, /* PROTOCOL:PORT */
	VALUE_ZONE,	/* of the model of -m, or of the one in force */
	VALUE_CONDUIT,
	VALUE_REASON,
	VALUE_VERDICT,
	VALUE_MODE, /* the second of two operands; the first is a conduit */
};

struct verb_option {
	const char *name;  /* with its dashes; NULL: the end of a list */
	const char *value; /* as it is called in the help, or NULL */
	const char *help;
	enum verb_value is;
	bool many; /* may be given again */
};

struct verb_status {
	int status;
	const char *when; /* NULL: the end of a list */
};

struct verb {
	const char *name, *operands;
	const char *help;		    /* NULL: it is in no list */
	int (*run)(int argc, char **argv);  /* argv[0] is the verb */
	const struct verb_option *options;  /* NULL: none but --help */
	const char *const *examples;	    /* without "zonectl"; ends with NULL */
	const struct verb_status *statuses; /* besides VERB_USAGE */
	enum verb_value operand;
};

extern const struct verb verbs[];
extern const size_t verbs_n;
const struct verb *verb_named(const char *name); /* NULL: none */
/* How a verb is called, in one line: "check [--here] FILE". */
void verb_print_call(const struct verb *v, FILE *f);
/* Every verb; one verb with all that the table has of it. */
void help_print(FILE *f);
void help_print_verb(const struct verb *v, FILE *f);

/* Where an option's value goes: one of these is set. */
struct option_to {
	const char *name;
	bool *flag;
	const char **text;
	bool (*set)(void *ctx, const char *value); /* false: it printed why not */
};
/* Read the options of argv[0], each by its row in `to`, which ends with an empty one; operands
 * stand behind all of them then. Returns the index of the first operand; -1: wrong usage, which was
 * printed. */
int options_read(int argc, char **argv, const struct option_to *to, void *ctx);
extern const char *const option_verdicts[]; /* words of VALUE_VERDICT; ends with NULL */
/* The same for a verb with exactly n operands, and without a set(). */
int options_and_operands(int argc, char **argv, const struct option_to *to, int n);
/* Inside a set(): take the argument behind the value, too; NULL: there is none. */
const char *options_next(void);
/* Print that this is no value of the option; false. */
bool option_wrong(const char *name, const char *value, const char *write);

int verb_check(int argc, char **argv);
int verb_print(int argc, char **argv);
int verb_manifest(int argc, char **argv);
int verb_probe(int argc, char **argv);
int verb_selftest(int argc, char **argv);
int verb_backup(int argc, char **argv); /* backup, verify, restore */
int verb_reasons(int argc, char **argv);
int verb_status(int argc, char **argv); /* status, generations, show */
int verb_counters(int argc, char **argv);
int verb_connections(int argc, char **argv);
int verb_top(int argc, char **argv);
int verb_metrics(int argc, char **argv);
int verb_change(int argc, char **argv);	  /* reload, apply, confirm, rollback, reopen */
int verb_order(int argc, char **argv);	  /* isolate, release, mode */
int verb_proposal(int argc, char **argv); /* proposals, approve, withdraw */
int verb_replay(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_log(int argc, char **argv);
int verb_learn(int argc, char **argv);
int verb_version(int argc, char **argv);
int verb_listed(int argc, char **argv); /* zones, conduits */
int verb_diff(int argc, char **argv);
int verb_help(int argc, char **argv);
int verb_complete(int argc, char **argv);
/* The model that the running zoned has in force; NULL: none runs, or it does not say (told). */
struct model *model_in_force(void);
/* That of a generation which the running zoned keeps; number NULL: the one in force. NULL, told,
 * with the exit status. */
struct model *model_kept(const char *number, int *rc);
/* The file's, or without a path that in force; NULL, told, with the exit status. */
struct model *model_asked(const char *path, int *rc);
/* Tell how a verb is called; EXIT_USAGE. */
int verb_usage(const char *name);
/* NULL, with every error on stderr: EXIT_MODEL or EXIT_NO_FILE in *rc. Files are included from
 * $ZONED_RULES or the installed rules. */
struct model *load_or_say(const char *path, int *rc);
/* The same, and the errors are the caller's to tell. */
struct model *load_with_errors(const char *path, struct errs *errs, int *rc);

#endif
