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
	EXIT_NOT_HERE = 5, /* check --here */
	/* replay, explain, learn: something would be refused; log --verify: a row is not whole */
	EXIT_REFUSED = 5,
	EXIT_NOT_READ = 6 /* replay: a part could not be read or followed */
};

struct verb {
	const char *name, *args, *help;
	int (*run)(int argc, char **argv); /* argv[0] is the verb */
};

int verb_check(int argc, char **argv);
int verb_print(int argc, char **argv);
int verb_probe(int argc, char **argv);
int verb_reasons(int argc, char **argv);
int verb_status(int argc, char **argv); /* status, counters, generations, show */
int verb_change(int argc, char **argv); /* reload, apply, confirm, rollback, reopen */
int verb_replay(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_log(int argc, char **argv);
int verb_learn(int argc, char **argv);
int verb_version(int argc, char **argv);
/* The model that the running zoned has in force; NULL: none runs, or it does not say (told). */
struct model *model_in_force(void);
/* Tell how a verb is called; EXIT_USAGE. */
int verb_usage(const char *name);
/* Load or say every error on stderr. rules: $ZONED_RULES or the installed ones. */
struct model *load_or_say(const char *path);

#endif
