/* SPDX-License-Identifier: MIT
 * What the table of verbs says, as text. */
#include "zonectl/zonectl.h"

#include <string.h>

enum { HELP_COLUMNS = 79 };

/* Words from column `at` on, broken before HELP_COLUMNS; the first line begins there already. */
static void put_wrapped(FILE *f, const char *text, int at)
{
	int column = at;
	while (*text) {
		int n = (int)strcspn(text, " ");
		if (column > at && column + 1 + n > HELP_COLUMNS) {
			fprintf(f, "\n%*s", at, "");
			column = at;
		}
		column += fprintf(f, "%s%.*s", column > at ? " " : "", n, text);
		text += n + (text[n] == ' ');
	}
	fputc('\n', f);
}

void verb_print_call(const struct verb *v, FILE *f)
{
	fputs(v->name, f);
	for (const struct verb_option *o = v->options; o && o->name; o++)
		fprintf(f, " [%s%s%s]%s", o->name, o->value ? " " : "", o->value ? o->value : "",
			o->many ? "..." : "");
	if (*v->operands)
		fprintf(f, " %s", v->operands);
}

int verb_usage(const char *name)
{
	const struct verb *v = verb_named(name);
	fputs("usage: zonectl ", stderr);
	verb_print_call(v, stderr);
	fprintf(stderr, "\nzonectl help %s has all of it\n", name);
	return EXIT_USAGE;
}

void help_print(FILE *f)
{
	fputs("usage: zonectl VERB [OPTION...] [OPERAND...]\n"
	      "       zonectl help VERB\n"
	      "       zonectl --version\n\n",
	      f);
	for (size_t i = 0; i < verbs_n; i++)
		if (verbs[i].help) {
			fprintf(f, "  %-12s ", verbs[i].name);
			put_wrapped(f, verbs[i].help, 15);
		}
}

static void print_options(const struct verb *v, FILE *f)
{
	size_t widest = 0;
	for (const struct verb_option *o = v->options; o->name; o++) {
		size_t n = strlen(o->name) + (o->value ? strlen(o->value) + 1 : 0);
		widest = n > widest ? n : widest;
	}
	fputs("\noptions:\n", f);
	for (const struct verb_option *o = v->options; o->name; o++) {
		int n = fprintf(f, "  %s%s%s", o->name, o->value ? " " : "",
				o->value ? o->value : "");
		fprintf(f, "%*s", (int)widest + 4 - n, "");
		put_wrapped(f, o->help, (int)widest + 4);
	}
}

void help_print_verb(const struct verb *v, FILE *f)
{
	fputs("usage: zonectl ", f);
	verb_print_call(v, f);
	fputs("\n\n", f);
	put_wrapped(f, v->help ? v->help : "", 0);
	if (v->options)
		print_options(v, f);
	fputs("\nexamples:\n", f);
	for (const char *const *e = v->examples; e && *e; e++)
		fprintf(f, "  zonectl %s\n", *e);
	fputs("\nexit status:\n", f);
	for (const struct verb_status *s = v->statuses; s && s->when; s++) {
		fprintf(f, "  %d  ", s->status);
		put_wrapped(f, s->when, 5);
	}
	fprintf(f, "  %d  wrong usage\n", EXIT_USAGE);
}

int verb_help(int argc, char **argv)
{
	int i = options_read(argc, argv, NULL, NULL);
	if (i < 0)
		return EXIT_USAGE;
	if (argc - i > 1)
		return verb_usage(argv[0]);
	const struct verb *v = i < argc ? verb_named(argv[i]) : NULL;
	if (i < argc && !v) {
		fprintf(stderr, "zonectl: there is no verb \"%s\"; zonectl help lists them\n",
			argv[i]);
		return EXIT_USAGE;
	}
	if (v)
		help_print_verb(v, stdout);
	else
		help_print(stdout);
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAIL;
}
