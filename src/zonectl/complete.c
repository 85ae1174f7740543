/* SPDX-License-Identifier: MIT
 *
 * complete -- WORDS...: what may stand in place of the last word, a line each, for the shell's
 * completion (conf/bash-completion/zonectl). It is in no help. Where a file is meant, the one line
 * is
 * ":files", since the shell knows those better. Whatever is wrong, nothing is offered.
 */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "proto/list.h"
#include "record/reason.h"
#include "zonectl/zonectl.h"

static bool word_begins(const char *word, const char *with)
{
	return strncmp(word, with, strlen(with)) == 0;
}

static void offer(const char *word, const char *typed)
{
	if (word_begins(word, typed))
		puts(word);
}

static void offer_verbs(const char *typed)
{
	for (size_t i = 0; i < verbs_n; i++)
		if (verbs[i].help)
			offer(verbs[i].name, typed);
	offer("--help", typed);
	offer("--version", typed);
}

static void offer_options(const struct verb *v, const char *typed)
{
	for (const struct verb_option *o = v->options; o && o->name; o++)
		offer(o->name, typed);
	offer("--help", typed);
}

static void offer_interfaces(const char *typed)
{
	struct if_nameindex *all = if_nameindex();
	for (struct if_nameindex *i = all; i && i->if_index; i++)
		offer(i->if_name, typed);
	if (all)
		if_freenameindex(all);
}

static void offer_protocols(const char *typed)
{
	for (unsigned p = PROTO_NONE + 1; p < PROTO_N; p++)
		if (word_begins(proto_word(p), typed))
			printf("%s:\n", proto_word(p));
}

static void offer_names(enum verb_value what, const char *path, const char *typed)
{
	struct errs errs;
	const char *rules = getenv("ZONED_RULES");
	struct model *m = path ? NULL : model_in_force();
	errs_init(&errs);
	if (!m)
		m = model_load(path ? path : ZONED_CONF, rules ? rules : ZONED_RULESDIR, &errs);
	errs_free(&errs);
	for (size_t i = 1; m && what == VALUE_ZONE && i < m->n_zones; i++)
		offer(m->zones[i].name, typed);
	for (size_t i = 0; m && what == VALUE_CONDUIT && i < m->n_conduits; i++)
		offer(m->conduits[i].name, typed);
	model_free(m);
}

static void offer_values(enum verb_value what, const char *model, const char *typed)
{
	switch (what) {
	case VALUE_FILE:
		puts(":files");
		break;
	case VALUE_VERB:
		offer_verbs(typed);
		break;
	case VALUE_INTERFACE:
		offer_interfaces(typed);
		break;
	case VALUE_PROTOCOL:
		offer_protocols(typed);
		break;
	case VALUE_ZONE:
	case VALUE_CONDUIT:
		offer_names(what, model, typed);
		break;
	case VALUE_REASON:
		for (unsigned r = R_NONE; r < R_COUNT; r++)
			offer(reason_name((enum reason)r), typed);
		break;
	case VALUE_MODE:
		offer("observe", typed);
		offer("enforce", typed);
		offer("model", typed);
		break;
	case VALUE_VERDICT:
		for (size_t d = 0; option_verdicts[d]; d++)
			offer(option_verdicts[d], typed);
		break;
	default:
		break;
	}
}

static const struct verb_option *option_of(const struct verb *v, const char *word)
{
	for (const struct verb_option *o = v->options; o && o->name; o++)
		if (strcmp(o->name, word) == 0)
			return o;
	return NULL;
}

/* words: behind the program's name, n of them, the last one unfinished. */
static void complete_words(int n, char **words)
{
	const char *typed = words[n - 1], *model = NULL;
	const struct verb *v = n > 1 ? verb_named(words[0]) : NULL;
	const struct verb_option *open = NULL; /* its value comes next */
	int operands = 0;
	if (n == 1)
		offer_verbs(typed);
	if (!v)
		return;
	for (int i = 1; i < n - 1; i++) {
		if (open && strcmp(open->name, "-m") == 0)
			model = words[i];
		operands += !open && words[i][0] != '-';
		open = open || (operands && v->operand == VALUE_WORDS) ? NULL
								       : option_of(v, words[i]);
		open = open && open->value ? open : NULL;
	}
	if (open)
		offer_values(open->is, model, typed);
	else if (typed[0] == '-' && (!operands || v->operand != VALUE_WORDS))
		offer_options(v, typed);
	else
		offer_values(v->operand == VALUE_MODE && !operands ? VALUE_CONDUIT : v->operand,
			     model, typed);
}

int verb_complete(int argc, char **argv)
{
	if (argc < 3 || strcmp(argv[1], "--") != 0)
		return verb_usage(argv[0]);
	complete_words(argc - 2, argv + 2);
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAIL;
}
