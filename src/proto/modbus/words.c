/* SPDX-License-Identifier: MIT
 *
 * Modbus policies. An omitted key is never more permissive: what a function
 * of the entry could be restricted by must be written, if only as "any".
 */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "proto/modbus/wire.h"
#include "model/internal.h"
#include "proto/modbus/words-typed.h"

static const struct {
	const char *name;
	uint8_t bit;
	/* clang-format off */
} classes[] = {
	{ "read", MB_READ },
	{ "write", MB_WRITE },
	{ "diagnostic", MB_DIAGNOSTIC },
	{ "program", MB_PROGRAM },
};
/* clang-format on */

enum { TABLES_MAX = 32 }; /* more than there are functions */

static void allow_code(struct modbus_allow *a, unsigned code)
{
	a->functions[code / 8] |= (uint8_t)(1u << code % 8);
}

static bool allows_code(const struct modbus_allow *a, unsigned code)
{
	return a->functions[code / 8] >> code % 8 & 1;
}

static bool add_mb_class(struct modbus_allow *a, const char *word)
{
	for (size_t k = 0; k < sizeof(classes) / sizeof(classes[0]); k++) {
		if (strcmp(classes[k].name, word) != 0)
			continue;
		for (size_t i = 0; i < mb_funcs_n; i++)
			if (mb_funcs[i].classes & classes[k].bit)
				allow_code(a, mb_funcs[i].code);
		return true;
	}
	return false;
}

static void add_mb_function(struct load *l, const config_setting_t *s, struct modbus_allow *a)
{
	char number[12];
	const char *word = number;
	uint64_t v;
	if (written_of(s)->type == SETTING_INT) {
		if (!number_of(l, s, "a function code", 0, 127, &v))
			return;
		snprintf(number, sizeof(number), "%u", (unsigned)v);
		allow_code(a, (unsigned)v);
	} else if (written_of(s)->type == SETTING_TEXT) {
		word = written_of(s)->text;
		const struct mb_func *f = mb_func_by_name(word);
		if (f) {
			allow_code(a, f->code);
		} else if (!add_mb_class(a, word)) {
			const char *names[64] = { "read", "write", "diagnostic", "program" };
			size_t n = 4;
			for (size_t i = 0; i < mb_funcs_n && n < 64; i++)
				names[n++] = mb_funcs[i].name;
			const char *near = name_nearest(word, names, n);
			complain(l, at_of(l, s), "there is no Modbus function \"%s\"%s%s%s", word,
				 near ? "; did you mean \"" : "; write its number",
				 near ? near : "", near ? "\"?" : "");
			return;
		}
	} else {
		complain(l, at_of(l, s), "functions: write names, classes or numbers 0-127");
		return;
	}
	a->function_words = arena_grow(l->m->arena, a->function_words, a->n_function_words,
				       sizeof(*a->function_words));
	a->function_words[a->n_function_words++] = arena_strdup(l->m->arena, word);
}

/* The Modicon tables that the functions of an entry address, a digit each. */
static void tables_of(const struct modbus_allow *a, char out[TABLES_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < mb_funcs_n && n + 1 < TABLES_MAX; i++)
		if (mb_funcs[i].table && allows_code(a, mb_funcs[i].code))
			out[n++] = mb_funcs[i].table;
	out[n] = '\0';
}

/* A key that restricts functions: do an entry's functions need it, and can they use it? */
struct need {
	const char *key;
	bool needed, useful;
	const struct ranges *got;
	const char *why;
};

static void check_mb_needs(struct load *l, const struct modbus_allow *a)
{
	bool addr = false, values = false;
	unsigned names = 0;
	for (size_t i = 0; i < mb_funcs_n; i++) {
		if (!allows_code(a, mb_funcs[i].code))
			continue;
		addr |= mb_funcs[i].has_address;
		values |= mb_funcs[i].values != MB_NO_VALUES;
		names |= mb_funcs[i].names;
	}
	bool files = names & MB_NAMES_FILES, write_addr = names & MB_NAMES_WRITE_ADDRESS;
	bool sub = names & MB_NAMES_SUB, mei = names & MB_NAMES_MEI;
	const struct need needs[] = {
		{ "units", true, true, &a->units, "every function has a unit identifier" },
		{ "addresses", addr, addr, &a->addresses,
		  "a function of this entry has an address" },
		{ "write_addresses", write_addr, write_addr, &a->write_addresses,
		  "function 23 writes" },
		{ "values", values && !a->n_typed, values, &a->values,
		  "a function of this entry writes values" },
		{ "subfunctions", sub, sub, &a->subfunctions, "function 8 has sub-functions" },
		{ "mei", mei, mei, &a->mei, "function 43 has MEI types" },
		{ "files", files, files, &a->files, "functions 20 and 21 name files" },
		{ "quantity", false, addr || files, &a->quantity, NULL },
	};
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (needs[i].needed && !needs[i].got->set)
			complain(l, a->at,
				 "%s, so this entry needs %s; write %s = \"any\"; or a range",
				 needs[i].why, needs[i].key, needs[i].key);
		if (!needs[i].useful && needs[i].got->set)
			complain(l, a->at,
				 "no function of this entry is restricted by \"%s\"; remove it",
				 needs[i].key);
	}
}

static void load_mb_allow(struct load *l, const config_setting_t *g, struct modbus_policy *p)
{
	static const char *const keys[] = { "functions",       "units",	   "addresses",
					    "write_addresses", "quantity", "values",
					    "subfunctions",    "mei",	   "files",
					    "typed_values" };
	struct modbus_allow a = { .at = at_of(l, g) };
	if (!config_setting_is_group(g)) {
		complain(l, a.at, "allow: each entry must be a group { ... }");
		return;
	}
	begin_entry(l, g, keys, sizeof(keys) / sizeof(keys[0]), &a.remarks);
	const config_setting_t *f = config_setting_get_member(g, "functions");
	if (!items(f) || config_setting_is_group(f))
		complain(l, a.at, "an allow entry needs functions = [ \"read\" ];");
	for (size_t i = 0; f && !config_setting_is_group(f) && i < items(f); i++)
		add_mb_function(l, item(f, i), &a);
	get_ranges(l, g, "units", 0, 255, &a.units);
	char digits[TABLES_MAX];
	tables_of(&a, digits);
	l->tables = digits;
	get_ranges(l, g, "addresses", 0, 65535, &a.addresses);
	l->tables = "4";
	get_ranges(l, g, "write_addresses", 0, 65535, &a.write_addresses);
	l->tables = NULL;
	get_ranges(l, g, "quantity", 1, 2000, &a.quantity);
	get_ranges(l, g, "values", 0, 65535, &a.values);
	get_ranges(l, g, "subfunctions", 0, 65535, &a.subfunctions);
	get_ranges(l, g, "mei", 0, 255, &a.mei);
	get_ranges(l, g, "files", 0, 65535, &a.files);
	load_mb_typed(l, g, &a);
	if (a.n_function_words) {
		check_mb_needs(l, &a);
		check_mb_typed(l, &a);
	}
	p->allow = arena_grow(l->m->arena, p->allow, p->n_allow, sizeof(*p->allow));
	p->allow[p->n_allow++] = a;
}

static const struct mb_tolerated *tolerated_by_name(struct load *l, const config_setting_t *s)
{
	const char *word = written_of(s)->type == SETTING_TEXT ? written_of(s)->text : NULL;
	const char *names[16];
	size_t n = 0;
	if (!word) {
		complain(l, at_of(l, s), "tolerate: write names, such as \"%s\"",
			 mb_tolerances[0].name);
		return NULL;
	}
	for (size_t i = 0; i < mb_tolerances_n && n < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(mb_tolerances[i].name, word) == 0)
			return &mb_tolerances[i];
		names[n++] = mb_tolerances[i].name;
	}
	const char *near = name_nearest(word, names, n);
	complain(l, at_of(l, s), "tolerate: there is no tolerance \"%s\"%s%s%s", word,
		 near ? "; did you mean \"" : "; zoned-model(5) lists them under tolerate",
		 near ? near : "", near ? "\"?" : "");
	return NULL;
}

/* A tolerance that nothing of the policy can use is surely not what was meant. */
static void check_used(struct load *l, struct where at, const struct mb_tolerated *t,
		       const struct policy *p)
{
	const struct modbus_policy *o = modbus_policy_of(p);
	const struct mb_func *first = NULL;
	unsigned n = 0;
	for (size_t i = 0; i < mb_funcs_n; i++) {
		if (!(mb_funcs[i].tolerate & t->bit))
			continue;
		for (size_t k = 0; k < o->n_allow; k++)
			if (allows_code(&o->allow[k], mb_funcs[i].code))
				return;
		first = n++ ? first : &mb_funcs[i];
	}
	if (first && o->n_allow)
		complain(l, at,
			 "tolerate: \"%s\" is about function %u%s, which no entry of \"%s\" "
			 "allows; remove it",
			 t->name, first->code, n > 1 ? " and its like" : "", p->name);
}

static void load_tolerances(struct load *l, const config_setting_t *g, struct policy *p)
{
	const config_setting_t *s = config_setting_get_member(g, "tolerate");
	struct modbus_policy *o = modbus_policy_of(p);
	if (!s)
		return;
	if (config_setting_is_group(s) || items(s) == 0)
		complain(l, at_of(l, s),
			 "tolerate: nothing in it; remove it, or write names such as [ \"%s\" ]",
			 mb_tolerances[0].name);
	for (size_t i = 0; !config_setting_is_group(s) && i < items(s); i++) {
		const struct mb_tolerated *t = tolerated_by_name(l, item(s, i));
		if (!t)
			continue;
		if (o->tolerates & t->bit)
			complain(l, at_of(l, item(s, i)), "tolerate: \"%s\" twice; remove one",
				 t->name);
		o->tolerates |= t->bit;
		check_used(l, at_of(l, item(s, i)), t, p);
	}
	if ((o->tolerates & MB_TOL_LENGTH) && (o->tolerates & MB_TOL_PADDED))
		complain(l, at_of(l, s),
			 "tolerate: an exception whose length is one more could end in two places "
			 "with "
			 "\"length-one-more\" and \"padded-exception\"; write the one that the "
			 "device needs");
}

static void load_modbus(struct load *l, const config_setting_t *g, struct policy *p)
{
	const config_setting_t *allow = get_allow(l, g, p);
	p->of = arena_alloc(l->m->arena, sizeof(struct modbus_policy));
	for (size_t k = 0; k < items(allow); k++)
		load_mb_allow(l, item(allow, k), modbus_policy_of(p));
	load_tolerances(l, g, p);
}

/* libconfig arrays hold one type; functions mix words and numbers, so they are a list. */
static void print_mb_allow(FILE *f, const struct modbus_allow *a)
{
	fputs("      {\n", f);
	print_words(f, "functions", a->function_words, a->n_function_words);
	print_ranges(f, "units", &a->units);
	print_ranges(f, "addresses", &a->addresses);
	print_ranges(f, "write_addresses", &a->write_addresses);
	print_ranges(f, "quantity", &a->quantity);
	print_ranges(f, "values", &a->values);
	print_ranges(f, "subfunctions", &a->subfunctions);
	print_ranges(f, "mei", &a->mei);
	print_ranges(f, "files", &a->files);
	print_mb_typed(f, a);
	print_entry_remarks(f, &a->remarks);
	fputs("      }", f);
}

static void print_tolerances(FILE *f, unsigned bits)
{
	const char *between = "    tolerate = [ ";
	for (size_t i = 0; i < mb_tolerances_n; i++) {
		if (!(bits & mb_tolerances[i].bit))
			continue;
		fprintf(f, "%s\"%s\"", between, mb_tolerances[i].name);
		between = ", ";
	}
	if (bits)
		fputs(" ];\n", f);
}

static void print_modbus(FILE *f, const struct policy *p)
{
	const struct modbus_policy *o = modbus_policy_of(p);
	print_tolerances(f, o->tolerates);
	fputs("    allow = (\n", f);
	for (size_t i = 0; i < o->n_allow; i++) {
		print_mb_allow(f, &o->allow[i]);
		fputs(i + 1 < o->n_allow ? ",\n" : "\n", f);
	}
	fputs("    );\n", f);
}

static const char *const keys[] = { "tolerate", NULL };

const struct policy_ops policy_modbus_ops = { .keys = keys,
					      .load = load_modbus,
					      .print = print_modbus };
