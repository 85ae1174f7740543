/* SPDX-License-Identifier: MIT
 *
 * The lists of an allow entry of DNP3. "any" of objects is every group but
 * files (70): a read can fetch a file, so who means that writes "70.*" too.
 */
#include <string.h>

#include "base/num.h"
#include "proto/dnp3/wire-objects.h"
#include "proto/dnp3/words-read.h"

enum { FUNCTION_MAX = 128, NAMES_MAX = 64 };

static void dnp_words_keep(struct load *l, const char ***v, size_t *n, const char *word)
{
	*v = arena_grow(l->m->arena, *v, *n, sizeof(**v));
	(*v)[(*n)++] = arena_strdup(l->m->arena, word);
}

/* The text of one element; NULL after a complaint. */
static const char *word_of(struct load *l, const config_setting_t *s, const char *key,
			   const char *say)
{
	if (written_of(s)->type == SETTING_TEXT)
		return written_of(s)->text;
	complain(l, at_of(l, s), "%s: write %s", key, say);
	return NULL;
}

/* ---- functions ---- */

static const struct {
	const char *name;
	unsigned bit;
} narrow_writes[] = { { "clear-restart", DNP_CLEAR_RESTART }, { "time-sync", DNP_TIME_SYNC } };

static void set_code(struct dnp3_allow *a, unsigned code)
{
	a->functions[code / 8] |= (uint8_t)(1u << code % 8);
}

static bool dnp_words_add_class(struct dnp3_allow *a, const char *word)
{
	for (size_t k = 0; k < dnp_classes_n; k++) {
		if (strcmp(dnp_classes[k].name, word) != 0)
			continue;
		for (size_t i = 0; i < dnp_funcs_n; i++)
			if (dnp_funcs[i].classes & dnp_classes[k].bit)
				set_code(a, dnp_funcs[i].code);
		return true;
	}
	return false;
}

static bool add_name(struct dnp3_allow *a, const char *word)
{
	for (size_t i = 0; i < sizeof(narrow_writes) / sizeof(narrow_writes[0]); i++)
		if (strcmp(narrow_writes[i].name, word) == 0) {
			a->writes |= narrow_writes[i].bit;
			return true;
		}
	const struct dnp_func *f = dnp_func_by_name(word);
	if (f && !(f->classes & DNP_ANSWER))
		set_code(a, f->code);
	return (f && !(f->classes & DNP_ANSWER)) || dnp_words_add_class(a, word);
}

static void unknown_function(struct load *l, struct where at, const char *word)
{
	const struct dnp_func *f = dnp_func_by_name(word);
	if (f) {
		complain(l, at, "\"%s\" follows what it answers and needs no entry; remove it",
			 word);
		return;
	}
	const char *names[NAMES_MAX];
	size_t n = 0;
	for (size_t i = 0; i < sizeof(narrow_writes) / sizeof(narrow_writes[0]); i++)
		names[n++] = narrow_writes[i].name;
	for (size_t i = 0; i < dnp_classes_n; i++)
		names[n++] = dnp_classes[i].name;
	for (size_t i = 0; i < dnp_funcs_n && n < NAMES_MAX; i++)
		if (!(dnp_funcs[i].classes & DNP_ANSWER))
			names[n++] = dnp_funcs[i].name;
	const char *near = name_nearest(word, names, n);
	complain(l, at, "there is no DNP3 function \"%s\"%s%s%s", word,
		 near ? "; did you mean \"" : "; write its number", near ? near : "",
		 near ? "\"?" : "");
}

static void add_function(struct load *l, const config_setting_t *s, struct dnp3_allow *a)
{
	char number[12];
	const char *word = number;
	uint64_t v;
	if (written_of(s)->type == SETTING_INT) {
		if (!number_of(l, s, "a function code of requests", 1, FUNCTION_MAX, &v))
			return;
		snprintf(number, sizeof(number), "%u", (unsigned)v);
		set_code(a, (unsigned)v);
	} else {
		word = word_of(l, s, "functions", "names, classes or numbers 1-128");
		if (!word)
			return;
		if (!add_name(a, word)) {
			unknown_function(l, at_of(l, s), word);
			return;
		}
	}
	dnp_words_keep(l, &a->function_words, &a->n_function_words, word);
}

void dnp3_functions(struct load *l, const config_setting_t *g, struct dnp3_allow *a)
{
	const config_setting_t *s = config_setting_get_member(g, "functions");
	if (!items(s) || config_setting_is_group(s)) {
		complain(l, a->at, "an allow entry needs functions = [ \"read\" ];");
		return;
	}
	for (size_t i = 0; i < items(s); i++)
		add_function(l, item(s, i), a);
	if (a->writes && a->functions[0] & 1 << 2)
		complain(l, at_of(l, s),
			 "functions: \"write\" is every write; remove it, or \"clear-restart\" and "
			 "\"time-sync\"");
}

/* ---- objects ---- */

static void add_objects(struct load *l, struct dnp3_allow *a, unsigned lo, unsigned hi)
{
	struct ranges *r = &a->objects;
	r->v = arena_grow(l->m->arena, r->v, r->n, sizeof(*r->v));
	r->v[r->n++] = (struct range){ lo, hi };
}

/* "30.2", "30.*", "any" */
static bool object(struct load *l, struct dnp3_allow *a, const char *word)
{
	char group[8];
	uint64_t g, v;
	size_t n = strcspn(word, ".");
	if (strcmp(word, "any") == 0) {
		add_objects(l, a, 0, (DNP_G_FILE << 8) - 1);
		add_objects(l, a, (DNP_G_FILE + 1) << 8, 65535);
		return true;
	}
	if (n >= sizeof(group) || word[n] != '.')
		return false;
	memcpy(group, word, n);
	group[n] = '\0';
	bool all = strcmp(word + n + 1, "*") == 0;
	if (!num_parse(group, 0, 255, &g) || (!all && !num_parse(word + n + 1, 0, 255, &v)))
		return false;
	if (all)
		add_objects(l, a, (unsigned)g << 8, (unsigned)g << 8 | 255);
	else
		add_objects(l, a, (unsigned)(g << 8 | v), (unsigned)(g << 8 | v));
	return true;
}

void dnp3_objects(struct load *l, const config_setting_t *g, struct dnp3_allow *a)
{
	static const char say[] = "\"30.2\", \"30.*\" or \"any\", in double quotes";
	const config_setting_t *s = config_setting_get_member(g, "objects");
	if (!s)
		return;
	a->objects.set = true;
	if (!items(s) || config_setting_is_group(s))
		complain(l, at_of(l, s), "objects: nothing in it; write %s", say);
	for (size_t i = 0; !config_setting_is_group(s) && i < items(s); i++) {
		const char *word = word_of(l, item(s, i), "objects", say);
		if (word && !object(l, a, word))
			complain(l, at_of(l, item(s, i)), "objects: \"%s\" is no object; write %s",
				 word, say);
		else if (word)
			dnp_words_keep(l, &a->object_words, &a->n_object_words, word);
	}
}

/* ---- controls ---- */

struct word_list {
	const char *key;
	const char *const *names;
	size_t n_names;
	const char ***words;
	size_t *n_words;
	uint8_t *bits;
	bool *any;
};

static void add_word(struct load *l, const config_setting_t *s, const struct word_list *k)
{
	const char *word = word_of(l, s, k->key, "names in double quotes, or \"any\"");
	bool known = word && strcmp(word, "any") == 0;
	if (!word)
		return;
	*k->any |= known;
	for (size_t i = 0; i < k->n_names; i++)
		if (strcmp(k->names[i], word) == 0) {
			*k->bits |= (uint8_t)(1u << i);
			known = true;
		}
	if (known) {
		dnp_words_keep(l, k->words, k->n_words, word);
		return;
	}
	const char *names[8];
	for (size_t i = 0; i < k->n_names; i++)
		names[i] = k->names[i];
	const char *near = name_nearest(word, names, k->n_names);
	complain(l, at_of(l, s), "%s: \"%s\" is not known; %s \"%s\"%s", k->key, word,
		 near ? "did you mean" : "write", near ? near : k->names[0],
		 near ? "?" : " for example");
}

static void read_words(struct load *l, const config_setting_t *g, const struct word_list *k)
{
	const config_setting_t *s = config_setting_get_member(g, k->key);
	if (!s)
		return;
	if (!items(s) || config_setting_is_group(s))
		complain(l, at_of(l, s), "%s: nothing in it; write a list of names, or \"any\"",
			 k->key);
	for (size_t i = 0; !config_setting_is_group(s) && i < items(s); i++)
		add_word(l, item(s, i), k);
	if (*k->any && *k->bits)
		complain(l, at_of(l, s), "%s: \"any\" together with others; write one or the other",
			 k->key);
}

void dnp3_controls(struct load *l, const config_setting_t *g, struct dnp3_allow *a)
{
	const struct word_list operations = {
		"operations",	dnp_operations,	  5, &a->operation_words, &a->n_operation_words,
		&a->operations, &a->any_operation
	};
	const struct word_list codes = {
		"trip_close",	dnp_trip_close,	   3, &a->trip_close_words, &a->n_trip_close_words,
		&a->trip_close, &a->any_trip_close
	};
	read_words(l, g, &operations);
	read_words(l, g, &codes);
	get_ranges(l, g, "count", 0, 255, &a->count);
	get_ranges(l, g, "on_time", 0, UINT32_MAX, &a->on_time);
	get_ranges(l, g, "off_time", 0, UINT32_MAX, &a->off_time);
}
