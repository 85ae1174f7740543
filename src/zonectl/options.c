/* SPDX-License-Identifier: MIT
 * The one reader of options: getopt_long(3), fed from the table of verbs. */
#include "zonectl/explain.h"
#include "zonectl/zonectl.h"

#include <getopt.h>
#include <string.h>

enum { OPTIONS_MAX = 24, LONG_BASE = 256 };

struct known {
	struct option longs[OPTIONS_MAX + 1];
	char letters[2 * OPTIONS_MAX + 3];
	const struct verb_option *of[OPTIONS_MAX]; /* by the index in the table */
	size_t n;
};

/* "+": options end at the first operand, where that is a question: it has words such as "->".
 * Elsewhere they may stand behind operands. ":": the messages are ours. */
static void know(struct known *k, const struct verb *v)
{
	size_t longs = 0, letters = 0;
	const struct verb_option *o = v->options;
	*k = (struct known){ .n = 0 };
	if (v->operand == VALUE_WORDS)
		k->letters[letters++] = '+';
	k->letters[letters++] = ':';
	for (; o && o->name && k->n < OPTIONS_MAX; o++, k->n++) {
		k->of[k->n] = o;
		if (o->name[1] == '-') {
			k->longs[longs++] = (struct option){
				.name = o->name + 2,
				.has_arg = o->value ? required_argument : no_argument,
				.val = LONG_BASE + (int)k->n,
			};
			continue;
		}
		k->letters[letters++] = o->name[1];
		if (o->value)
			k->letters[letters++] = ':';
	}
}

static const struct verb_option *found(const struct known *k, int got)
{
	if (got >= LONG_BASE)
		return k->of[got - LONG_BASE];
	for (size_t i = 0; i < k->n; i++)
		if (k->of[i]->name[1] == (char)got && !k->of[i]->name[2])
			return k->of[i];
	return NULL;
}

const char *const option_verdicts[] = { "accept", "drop", "reset", "observed", NULL };

/* False: it is no such word, which was printed. A filter by one would find nothing. */
static bool is_word(const struct verb_option *o, const char *value)
{
	if (o->is == VALUE_REASON)
		return explain_reason_named(value) != R_COUNT ||
		       option_wrong(o->name, value, "one that zonectl reasons prints");
	for (size_t i = 0; o->is == VALUE_VERDICT && option_verdicts[i]; i++)
		if (strcmp(option_verdicts[i], value) == 0)
			return true;
	return o->is != VALUE_VERDICT ||
	       option_wrong(o->name, value, "accept, drop, reset or observed");
}

static bool hand_to(const struct option_to *to, const struct verb_option *o, void *ctx)
{
	if (!is_word(o, optarg))
		return false;
	while (to->name && strcmp(to->name, o->name) != 0)
		to++;
	if (to->flag)
		*to->flag = true;
	if (to->text)
		*to->text = optarg;
	return !to->set || to->set(ctx, optarg);
}

static int wrong(const char *verb, const char *argument, bool known)
{
	fprintf(stderr, "zonectl %s: %s \"%s\"\n", verb,
		known ? "a value is missing behind" : "there is no option", argument);
	verb_usage(verb);
	return -1;
}

/* of the call that is being read */
static char **arguments;
static int n_arguments;

int options_read(int argc, char **argv, const struct option_to *to, void *ctx)
{
	static struct known k;
	const struct verb *v = verb_named(argv[0]);
	int got;
	know(&k, v);
	optind = 0; /* begin again (glibc) */
	arguments = argv;
	n_arguments = argc;
	for (int at = 1; (got = getopt_long(argc, argv, k.letters, k.longs, NULL)) != -1;
	     at = optind) {
		const struct verb_option *o = found(&k, got);
		if (!o) /* behind an operand it is the last one that was read */
			return wrong(argv[0], argv[argv[at][0] == '-' ? at : optind - 1],
				     got == ':');
		if (!hand_to(to, o, ctx))
			return -1;
	}
	return optind;
}

int options_and_operands(int argc, char **argv, const struct option_to *to, int n)
{
	int i = options_read(argc, argv, to, NULL);
	if (i < 0 || argc - i == n)
		return i;
	verb_usage(argv[0]);
	return -1;
}

const char *options_next(void)
{
	return optind < n_arguments ? arguments[optind++] : NULL;
}

bool option_wrong(const char *name, const char *value, const char *write)
{
	fprintf(stderr, "zonectl: %s \"%s\": write %s\n", name, value, write);
	return false;
}
