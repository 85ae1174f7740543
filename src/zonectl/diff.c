/* SPDX-License-Identifier: MIT
 * diff: what a new model opens, closes and changes. */
#include <jansson.h>
#include <string.h>

#include "compare/compare.h"
#include "zonectl/zonectl.h"

enum { DIFF_SCHEMA = 1 };

static int diff_status(const struct comparison *c)
{
	return c->count[COMPARE_OPENS] ? EXIT_WIDER : c->n ? EXIT_NARROWER : EXIT_OK;
}

static const char *result_word(const struct comparison *c)
{
	return c->count[COMPARE_OPENS] ? "opens" : c->n ? "opens-nothing" : "equal";
}

/* ---- text ---- */

static void print_places(const struct compare_finding *f)
{
	if (f->new.line)
		printf(" (%s:%u", f->new.file, f->new.line);
	if (f->old.line)
		printf("%s%s:%u", f->new.line ? ", was " : " (was ", f->old.file, f->old.line);
	puts(f->new.line || f->old.line ? ")" : "");
}

static void print_finding(const struct compare_finding *f)
{
	printf("%s: %s", compare_effect_word(f->effect), compare_what_word(f->what));
	if (f->what == COMPARE_DAEMON)
		printf(".%s", f->name);
	else if (*f->name)
		printf(" \"%s\"", f->name);
	if (f->conduits)
		printf(", used by %s", f->conduits);
	printf(": %s", f->text);
	print_places(f);
}

static void print_comparison(const struct comparison *c)
{
	for (enum compare_effect e = COMPARE_OPENS; e <= COMPARE_CHANGES; e++)
		for (size_t i = 0; i < c->n; i++)
			if (c->v[i].effect == e)
				print_finding(&c->v[i]);
	if (!c->n)
		puts("equal in effect");
	else
		printf("opens %zu, closes %zu, changes %zu\n", c->count[COMPARE_OPENS],
		       c->count[COMPARE_CLOSES], c->count[COMPARE_CHANGES]);
}

/* ---- JSON ---- */

static json_t *place_json(const struct where *w)
{
	return w->line ? json_pack("{s:s, s:i}", "file", w->file, "line", (int)w->line)
		       : json_null();
}

static json_t *finding_json(const struct compare_finding *f)
{
	return json_pack("{s:s, s:b, s:s, s:s, s:s?, s:s, s:o, s:o}", "effect",
			 compare_effect_word(f->effect), "widens", f->effect == COMPARE_OPENS,
			 "what", compare_what_word(f->what), "name", f->name, "conduits",
			 f->conduits, "text", f->text, "old", place_json(&f->old), "new",
			 place_json(&f->new));
}

static void print_json(const struct comparison *c, const char *old, const char *new)
{
	json_t *list = json_array(), *o = NULL;
	for (enum compare_effect e = COMPARE_OPENS; e <= COMPARE_CHANGES; e++)
		for (size_t i = 0; i < c->n; i++)
			if (c->v[i].effect == e)
				json_array_append_new(list, finding_json(&c->v[i]));
	o = json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:o}", "schema", DIFF_SCHEMA, "old", old,
		      "new", new, "result", result_word(c), "opens",
		      (json_int_t)c->count[COMPARE_OPENS], "closes",
		      (json_int_t)c->count[COMPARE_CLOSES], "changes",
		      (json_int_t)c->count[COMPARE_CHANGES], "findings", list);
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(o);
}

/* A file, or of the running zoned "@" what is in force and "@7" a generation. */
static struct model *load_operand(const char *of, int *rc)
{
	if (of[0] != '@')
		return load_or_say(of, rc);
	return model_kept(of[1] ? of + 1 : NULL, rc);
}

int verb_diff(int argc, char **argv)
{
	bool json = false;
	const struct option_to to[] = { { .name = "--json", .flag = &json }, { .name = NULL } };
	int i = options_and_operands(argc, argv, to, 2), err = 0, rc, rc_new;
	if (i < 0)
		return EXIT_USAGE;
	struct model *old = load_operand(argv[i], &rc), *new = load_operand(argv[i + 1], &rc_new);
	if (old)
		rc = rc_new;
	struct comparison *c = old && new ? compare_models(old, new, &err) : NULL;
	if (!c && old && new) {
		fprintf(stderr, "zonectl: the models cannot be compiled: %s\n", strerror(-err));
		rc = EXIT_FAIL;
	}
	if (c && json)
		print_json(c, argv[i], argv[i + 1]);
	else if (c)
		print_comparison(c);
	if (c)
		rc = fflush(stdout) == 0 ? diff_status(c) : EXIT_FAIL;
	compare_free(c);
	model_free(old);
	model_free(new);
	return rc;
}
