/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104 policies. An omitted key is never more permissive: what the
 * types of an entry can be restricted by must be written, if only as "any".
 * Three keys may be left out, and stand for the narrowest that is of use: causes,
 * setpoint_qualifiers and select_before_operate; originators name nobody reliably.
 */
#include <string.h>

#include "proto/iec104/wire.h"
#include "proto/iec104/words-read.h"

static const struct word words_master[] = { { "client", 0 }, { "server", 1 }, { NULL, 0 } };
static const struct word words_monitor[] = { { "any", 0 }, { "listed", 1 }, { NULL, 0 } };
static const struct word words_select[] = {
	{ "require", IEC_SELECT_REQUIRED },
	{ "direct", IEC_SELECT_OR_DIRECT },
	{ NULL, 0 },
};

enum { ALWAYS = -1, CONTROL = 1 << 30 }; /* every entry; those of the controlling station */

/* The keys that take ranges; by: enum iec_restriction. */
static const struct {
	const char *key;
	uint32_t min, max;
	int by;
	bool optional;
	const char *why;
	/* clang-format off */
} range_keys[IEC_RANGES] = {
	[IEC_COMMON_ADDRESSES] = { "common_addresses", 1, IEC_CA_ALL, ALWAYS, false, "every type has a common address" },
	[IEC_ORIGINATORS] = { "originators", 0, 255, CONTROL, true, NULL },
	[IEC_OBJECT_ADDRESSES] = { "object_addresses", 0, IEC_IOA_MAX, IEC_BY_ADDRESS, false,
				   "a type of this entry has object addresses" },
	[IEC_BITSTRINGS] = { "bitstrings", 0, UINT32_MAX, IEC_BY_BITS, false, "a type of this entry writes 32 bits" },
	[IEC_INTERROGATIONS] = { "interrogations", 0, 255, IEC_BY_QOI, false, "interrogations have a qualifier" },
	[IEC_COUNTER_GROUPS] = { "counter_groups", 0, 63, IEC_BY_QCC, false, "counter interrogations name a group" },
	[IEC_RESETS] = { "resets", 0, 255, IEC_BY_QRP, false, "a reset has a qualifier" },
	[IEC_PARAMETER_QUALIFIERS] = { "parameter_qualifiers", 0, 255, IEC_BY_PARAMETER, false,
				       "parameters have a qualifier" },
	[IEC_SETPOINT_QUALIFIERS] = { "setpoint_qualifiers", 0, 127, IEC_BY_QL, true, NULL },
	[IEC_FILES] = { "files", 0, 65535, IEC_BY_FILE, false, "a type of this entry names files" },
};
/* clang-format on */

static const struct {
	int by;
	const char *why, *say;
	/* clang-format off */
} word_needs[IEC_WORDS] = {
	[IEC_STATES] = { IEC_BY_STATE, "a type of this entry commands a state", "[ \"off\", \"on\" ]" },
	[IEC_PULSES] = { IEC_BY_STATE, "a type of this entry commands a state", "[ \"none\" ]" },
	[IEC_FREEZES] = { IEC_BY_QCC, "counter interrogations may freeze and reset", "[ \"read\" ]" },
	[IEC_FILE_CALLS] = { IEC_BY_SCQ, "F_SC_NA_1 calls and deletes files", "[ \"select-file\", \"call-file\" ]" },
};
/* clang-format on */

/* The least and the most that the type can say, and in what unit. */
static const struct {
	const char *key;
	int by;
	double min, max;
	const char *unit;
	/* clang-format off */
} span_keys[IEC_SPANS] = {
	[IEC_NORMALISED_VALUES] = { "normalised_values", IEC_BY_NORMALISED, -1.0, 1.0,
				    "parts of full scale" },
	[IEC_SCALED_VALUES] = { "scaled_values", IEC_BY_SCALED, -32768.0, 32767.0,
				"the number as it is sent" },
	[IEC_FLOAT_VALUES] = { "float_values", IEC_BY_FLOAT, -3.5e38, 3.5e38,
			       "the number as it is sent" },
};
/* clang-format on */

/* ---- an entry ---- */

static bool has_types_of(const struct iec104_allow *a, bool monitor)
{
	for (size_t i = 0; i < iec_types_n; i++)
		if ((iec_types[i].class == IEC_MONITOR) == monitor &&
		    iec_has_type(&a->limits, iec_types[i].number))
			return true;
	return false;
}

/* By what the types of an entry can be restricted. */
static unsigned restrictions_of(const struct iec104_allow *a)
{
	unsigned all = has_types_of(a, false) ? CONTROL : 0;
	for (uint8_t type = 0; type < IEC_TYPES; type++)
		if (iec_has_type(&a->limits, type))
			all |= iec_restrictions(type);
	return all;
}

static void check_useful(struct load *l, const struct iec104_allow *a, const char *key, bool useful,
			 bool got)
{
	if (!useful && got)
		complain(l, a->at, "no type of this entry is restricted by \"%s\"; remove it", key);
}

static void check_entry_keys(struct load *l, const struct iec104_allow *a)
{
	unsigned by = restrictions_of(a);
	for (size_t i = 0; i < IEC_RANGES; i++) {
		bool useful = by & (unsigned)range_keys[i].by || range_keys[i].by == ALWAYS;
		check_useful(l, a, range_keys[i].key, useful, a->ranges[i].set);
		if (useful && !range_keys[i].optional && !a->ranges[i].set)
			complain(l, a->at,
				 "%s, so this entry needs %s; write %s = \"any\"; or a range",
				 range_keys[i].why, range_keys[i].key, range_keys[i].key);
	}
	for (size_t i = 0; i < IEC_WORDS; i++) {
		bool useful = by & (unsigned)word_needs[i].by;
		check_useful(l, a, iec104_word_lists[i].key, useful, a->words_written[i]);
		if (useful && !a->words_written[i])
			complain(l, a->at, "%s, so this entry needs %s; write %s = \"any\"; or %s",
				 word_needs[i].why, iec104_word_lists[i].key,
				 iec104_word_lists[i].key, word_needs[i].say);
	}
	for (size_t i = 0; i < IEC_SPANS; i++) {
		bool useful = by & (unsigned)span_keys[i].by;
		check_useful(l, a, span_keys[i].key, useful, a->spans[i].set);
		if (useful && !a->spans[i].set)
			complain(l, a->at,
				 "a type of this entry has such values, so it needs %s; write %s = "
				 "\"any\"; or "
				 "( [ LEAST, MOST ] ), %s",
				 span_keys[i].key, span_keys[i].key, span_keys[i].unit);
	}
	check_useful(l, a, "select_before_operate", by & (IEC_BY_SELECT | IEC_BY_BITS),
		     a->select_written);
	check_useful(l, a, "test_bit", by & CONTROL, a->limits.test_bit);
}

/* Bitstring commands cannot be selected, so that they pass is to be written. */
static void check_select(struct load *l, const struct iec104_allow *a)
{
	if ((restrictions_of(a) & IEC_BY_BITS) && a->limits.select_mode == IEC_SELECT_REQUIRED)
		complain(l, a->at,
			 "C_BO_NA_1 and C_BO_TA_1 have no select; write them into an entry of "
			 "their own, with "
			 "select_before_operate = \"direct\"");
}

/* 65535 is every station at once: nobody writes that by accident. */
static void check_common(struct load *l, const config_setting_t *g, const struct iec104_allow *a)
{
	const struct ranges *r = &a->ranges[IEC_COMMON_ADDRESSES];
	bool usable = false;
	for (uint8_t type = 0; type < IEC_TYPES; type++)
		usable |= iec_has_type(&a->limits, type) && iec_for_all(type);
	for (size_t i = 0; i < r->n; i++) {
		struct where at = at_of(l, config_setting_get_member(g, "common_addresses"));
		if (r->v[i].hi != IEC_CA_ALL)
			continue;
		if (r->v[i].lo != IEC_CA_ALL)
			complain(l, at,
				 "common_addresses: 65535 means every station; write \"%u-65534\", "
				 "and 65535 beside it "
				 "if that is meant",
				 r->v[i].lo);
		else if (!usable)
			complain(l, at,
				 "common_addresses: no type of this entry may be for every station "
				 "(65535); remove it");
	}
}

/* Complain of a cause that no type of the entry may have, and of a type for which none of the
 * causes is: nobody means that. */
static void check_causes(struct load *l, const config_setting_t *g, const struct iec104_allow *a)
{
	struct where at = at_of(l, config_setting_get_member(g, "causes"));
	uint64_t all = 0;
	if (!a->causes_written && has_types_of(a, true))
		complain(l, a->at,
			 "reports have causes of their own, so this entry needs causes; write "
			 "causes = \"any\"; or [ \"spontaneous\", \"station-interrogation\" ]");
	if (!a->causes_written || a->limits.causes == UINT64_MAX || !a->limits.causes)
		return;
	for (size_t i = 0; i < iec_types_n; i++) {
		if (!iec_has_type(&a->limits, iec_types[i].number))
			continue;
		all |= iec104_entry_causes(&iec_types[i]);
		if (iec_types[i].class != IEC_MONITOR &&
		    !(iec104_entry_causes(&iec_types[i]) & a->limits.causes))
			complain(l, at,
				 "causes: %s may have none of these; add one that it has, or write "
				 "another entry for it",
				 iec_types[i].name);
	}
	for (size_t i = 0; i < iec_causes_n; i++)
		if ((a->limits.causes & ~all) >> iec_causes[i].number & 1)
			complain(l, at, "causes: no type of this entry may have \"%s\"; remove it",
				 iec_causes[i].name);
}

/* The same of states: those of steps are others. */
static void check_states(struct load *l, const config_setting_t *g, const struct iec104_allow *a)
{
	struct where at = at_of(l, config_setting_get_member(g, "states"));
	unsigned bits = a->limits.words[IEC_STATES], all = 0;
	if (!bits || bits == IEC_ANY_WORD)
		return;
	for (size_t i = 0; i < iec_types_n; i++) {
		const struct iec_type *t = &iec_types[i];
		unsigned own = t->value == IEC_STEP_COMMAND ? 1 << IEC_LOWER | 1 << IEC_HIGHER
							    : 1 << IEC_OFF | 1 << IEC_ON;
		if (!iec_has_type(&a->limits, t->number) ||
		    !(iec_restrictions(t->number) & IEC_BY_STATE))
			continue;
		all |= own;
		if (!(own & bits))
			complain(l, at,
				 "states: %s has none of these; add one that it has, or write "
				 "another entry for it",
				 t->name);
	}
	for (const struct word *w = iec104_word_lists[IEC_STATES].words; w->name; w++)
		if (all && ((bits & ~all) >> w->value & 1))
			complain(l, at, "states: no type of this entry has \"%s\"; remove it",
				 w->name);
}

static void check_directions(struct load *l, const struct iec104_allow *a,
			     const struct iec104_policy *p)
{
	if (!has_types_of(a, true))
		return;
	if (has_types_of(a, false))
		complain(l, a->at,
			 "types: this entry has some that the controlled station sends, and others "
			 "of the "
			 "controlling station; write two entries");
	else if (!p->monitor_listed)
		complain(l, a->at,
			 "what the controlled station reports passes without an entry; remove it, "
			 "or write "
			 "monitor_direction = \"listed\"");
}

static void load_spans(struct load *l, const config_setting_t *g, struct iec104_allow *a)
{
	for (size_t k = 0; k < IEC_SPANS; k++) {
		struct spans *s = &a->spans[k];
		get_spans(l, g, span_keys[k].key, s);
		for (size_t i = 0; i < s->n; i++)
			if (s->v[i][0] < span_keys[k].min || s->v[i][1] > span_keys[k].max)
				complain(l,
					 at_of(l, config_setting_get_member(g, span_keys[k].key)),
					 "%s: pair %zu is outside %g to %g; write %s",
					 span_keys[k].key, i + 1, span_keys[k].min,
					 span_keys[k].max, span_keys[k].unit);
	}
}

static void load_ranges(struct load *l, const config_setting_t *g, struct iec104_allow *a)
{
	for (size_t i = 0; i < IEC_RANGES; i++)
		get_ranges(l, g, range_keys[i].key, range_keys[i].min, range_keys[i].max,
			   &a->ranges[i]);
	if (!a->ranges[IEC_ORIGINATORS].set)
		a->ranges[IEC_ORIGINATORS].any = true;
	struct ranges *ql = &a->ranges[IEC_SETPOINT_QUALIFIERS];
	if (!ql->set) {
		ql->v = arena_grow(l->m->arena, ql->v, ql->n, sizeof(*ql->v));
		ql->v[ql->n++] = (struct range){ 0, 0 };
	}
}

static void load_entry_keys(struct load *l, const config_setting_t *g, struct remarks *out)
{
	const char *keys[4 + IEC_RANGES + IEC_WORDS + IEC_SPANS] = { "types", "causes",
								     "select_before_operate",
								     "test_bit" };
	size_t n = 4;
	for (size_t i = 0; i < IEC_RANGES; i++)
		keys[n++] = range_keys[i].key;
	for (size_t i = 0; i < IEC_WORDS; i++)
		keys[n++] = iec104_word_lists[i].key;
	for (size_t i = 0; i < IEC_SPANS; i++)
		keys[n++] = span_keys[i].key;
	begin_entry(l, g, keys, n, out);
}

static void load_iec104_entry(struct load *l, const config_setting_t *g, struct iec104_policy *p)
{
	struct iec104_allow a = { .at = at_of(l, g) };
	bool test_bit = false;
	if (!config_setting_is_group(g)) {
		complain(l, a.at, "allow: each entry must be a group { ... }");
		return;
	}
	load_entry_keys(l, g, &a.remarks);
	iec104_types(l, g, &a);
	iec104_causes(l, g, &a);
	iec104_words(l, g, &a);
	load_ranges(l, g, &a);
	load_spans(l, g, &a);
	a.select_written = config_setting_get_member(g, "select_before_operate");
	a.limits.select_mode =
		(uint8_t)get_word(l, g, "select_before_operate", words_select, IEC_SELECT_REQUIRED);
	get_bool(l, g, "test_bit", &test_bit);
	a.limits.test_bit = test_bit;
	if (a.n_type_words) {
		check_entry_keys(l, &a);
		check_select(l, &a);
		check_causes(l, g, &a);
		check_states(l, g, &a);
		check_common(l, g, &a);
		check_directions(l, &a, p);
	}
	p->allow = arena_grow(l->m->arena, p->allow, p->n_allow, sizeof(*p->allow));
	p->allow[p->n_allow++] = a;
}

/* ---- the whole policy ---- */

static void load_iec104_tolerances(struct load *l, const config_setting_t *g,
				   struct iec104_policy *p)
{
	const config_setting_t *s = config_setting_get_member(g, "tolerate");
	if (s && (config_setting_is_group(s) || !items(s)))
		complain(l, at_of(l, s),
			 "tolerate: nothing in it; remove it, or write [ \"first-number-one\" ]");
	for (size_t i = 0; s && !config_setting_is_group(s) && i < items(s); i++) {
		const struct setting *w = written_of(item(s, i));
		if (w->type == SETTING_TEXT && strcmp(w->text, "first-number-one") == 0)
			p->first_number_one = true;
		else
			complain(l, at_of(l, item(s, i)),
				 "tolerate: there is no tolerance \"%s\"; write "
				 "\"first-number-one\"",
				 w->type == SETTING_TEXT ? w->text : w->written);
	}
}

static bool some_entry(const struct iec104_policy *p, bool (*is)(const struct iec104_allow *a))
{
	for (size_t i = 0; i < p->n_allow; i++)
		if (is(&p->allow[i]))
			return true;
	return false;
}

static bool requires_select(const struct iec104_allow *a)
{
	return (restrictions_of(a) & IEC_BY_SELECT) && a->limits.select_mode == IEC_SELECT_REQUIRED;
}

static bool lists_reports(const struct iec104_allow *a)
{
	return has_types_of(a, true);
}

/* A setting that nothing can use is surely not what was meant. */
static void check_iec104_used(struct load *l, const config_setting_t *g, const struct policy *p)
{
	const struct iec104_policy *o = iec104_policy_of(p);
	const config_setting_t *timeout = config_setting_get_member(g, "select_timeout");
	if (timeout && !some_entry(o, requires_select))
		complain(l, at_of(l, timeout),
			 "select_timeout is of select_before_operate = \"require\", which no entry "
			 "has; "
			 "remove it");
	if (o->monitor_listed && !some_entry(o, lists_reports))
		complain(l, p->at,
			 "policy \"%s\" has monitor_direction = \"listed\", but no entry has types "
			 "of class monitor",
			 p->name);
}

static void iec_words_load(struct load *l, const config_setting_t *g, struct policy *p)
{
	struct iec104_policy *o = arena_alloc(l->m->arena, sizeof(*o));
	uint64_t n;
	p->of = o;
	o->select_timeout = IEC_SELECT_DEFAULT;
	o->k = IEC_K_DEFAULT;
	o->started_masters = IEC_MASTERS_DEFAULT;
	o->redundancy_group = IEC_GROUP_DEFAULT;
	o->server_is_controlling = get_word(l, g, "master", words_master, 0);
	o->monitor_listed = get_word(l, g, "monitor_direction", words_monitor, 0);
	if (get_number(l, g, "select_timeout", 1, IEC_SELECT_MAX, &n))
		o->select_timeout = (unsigned)n;
	if (get_number(l, g, "unacknowledged", 1, IEC_K_MAX, &n))
		o->k = (unsigned)n;
	if (get_number(l, g, "started_masters", 1, IEC_MASTERS_MAX, &n))
		o->started_masters = (unsigned)n;
	if (get_number(l, g, "redundancy_group", 1, IEC_GROUP_MAX, &n))
		o->redundancy_group = (unsigned)n;
	load_iec104_tolerances(l, g, o);
	const config_setting_t *allow = get_allow(l, g, p);
	for (size_t k = 0; k < items(allow); k++)
		load_iec104_entry(l, item(allow, k), o);
	if (o->n_allow)
		check_iec104_used(l, g, p);
}

/* ---- print ---- */

static void print_causes(FILE *f, const struct iec104_allow *a)
{
	const char *between = "        causes = [ ";
	if (a->causes_written && a->limits.causes == UINT64_MAX)
		fputs("        causes = \"any\";\n", f);
	if (!a->causes_written || a->limits.causes == UINT64_MAX)
		return;
	for (size_t i = 0; i < iec_causes_n; i++) {
		if (!(a->limits.causes >> iec_causes[i].number & 1))
			continue;
		fprintf(f, "%s\"%s\"", between, iec_causes[i].name);
		between = ", ";
	}
	fputs(" ];\n", f);
}

static void print_word_list(FILE *f, const struct iec104_word_list *k, unsigned bits)
{
	const char *between = "";
	fprintf(f, "        %s = %s", k->key, bits & IEC_ANY_WORD ? "\"any\"" : "[ ");
	for (const struct word *w = k->words; w->name; w++) {
		if (!(bits >> w->value & 1))
			continue;
		fprintf(f, "%s\"%s\"", between, w->name);
		between = ", ";
	}
	fputs(bits & IEC_ANY_WORD ? ";\n" : " ];\n", f);
}

static void print_iec104_entry(FILE *f, const struct iec104_allow *a)
{
	fputs("      {\n", f);
	print_words(f, "types", a->type_words, a->n_type_words);
	print_causes(f, a);
	for (size_t i = 0; i < IEC_RANGES; i++)
		print_ranges(f, range_keys[i].key, &a->ranges[i]);
	for (size_t i = 0; i < IEC_WORDS; i++)
		if (a->words_written[i])
			print_word_list(f, &iec104_word_lists[i], a->limits.words[i]);
	for (size_t i = 0; i < IEC_SPANS; i++)
		print_spans(f, span_keys[i].key, &a->spans[i]);
	if (a->select_written)
		print_key(f, "        ", "select_before_operate",
			  word_name(words_select, a->limits.select_mode));
	if (a->limits.test_bit)
		fputs("        test_bit = true;\n", f);
	print_entry_remarks(f, &a->remarks);
	fputs("      }", f);
}

static void iec_words_print(FILE *f, const struct policy *p)
{
	const struct iec104_policy *o = iec104_policy_of(p);
	print_key(f, "    ", "master", word_name(words_master, o->server_is_controlling));
	print_key(f, "    ", "monitor_direction", word_name(words_monitor, o->monitor_listed));
	if (o->select_timeout != IEC_SELECT_DEFAULT)
		fprintf(f, "    select_timeout = %u;\n", o->select_timeout);
	if (o->k != IEC_K_DEFAULT)
		fprintf(f, "    unacknowledged = %u;\n", o->k);
	if (o->started_masters != IEC_MASTERS_DEFAULT)
		fprintf(f, "    started_masters = %u;\n", o->started_masters);
	if (o->redundancy_group != IEC_GROUP_DEFAULT)
		fprintf(f, "    redundancy_group = %u;\n", o->redundancy_group);
	if (o->first_number_one)
		fputs("    tolerate = [ \"first-number-one\" ];\n", f);
	fputs("    allow = (\n", f);
	for (size_t i = 0; i < o->n_allow; i++) {
		print_iec104_entry(f, &o->allow[i]);
		fputs(i + 1 < o->n_allow ? ",\n" : "\n", f);
	}
	fputs("    );\n", f);
}

static const char *const keys[] = { "master",	       "monitor_direction",
				    "select_timeout",  "unacknowledged",
				    "started_masters", "redundancy_group",
				    "tolerate",	       NULL };

const struct policy_ops policy_iec104_ops = { .keys = keys,
					      .load = iec_words_load,
					      .print = iec_words_print };
