/* SPDX-License-Identifier: MIT
 *
 * DNP3 policies. An omitted key is never more permissive: what an entry's
 * functions and objects could be restricted by must be written, if only as
 * "any"; a setting of the whole policy that is not there is the strict one.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dnp3/wire-objects.h"
#include "proto/dnp3/words-read.h"

static const struct word words_master[] = { { "client", 0 }, { "server", 1 }, { NULL, 0 } };

static bool has_code(const struct dnp3_allow *a, unsigned code)
{
	return a->functions[code / 8] >> code % 8 & 1;
}

/* Kinds of restriction that the functions and objects of an entry can use. */
struct traits {
	bool objects, points, controls, values;
};

static bool has_group(const struct dnp3_allow *a, unsigned group)
{
	for (size_t i = 0; i < a->objects.n; i++)
		if (a->objects.v[i].lo >> 8 <= group && group <= a->objects.v[i].hi >> 8)
			return true;
	return false;
}

static struct traits traits_of(const struct dnp3_allow *a)
{
	struct traits t = { .objects = false };
	bool operates = false;
	for (unsigned c = 1; c <= 128; c++) {
		const struct dnp_func *f = dnp_func_by_code((uint8_t)c);
		if (!has_code(a, c))
			continue;
		t.objects |= !f || f->body != DNP_BODY_NONE;
		operates |= f && (f->classes & DNP_OPERATE);
	}
	for (unsigned group = 0; t.objects && group < 256; group++)
		t.points |= dnp_has_points((uint8_t)group) && has_group(a, group);
	t.controls = operates && has_group(a, DNP_G_CONTROL);
	t.values = operates && has_group(a, DNP_G_ANALOG);
	return t;
}

struct need {
	const char *key;
	bool needed, got;
	const char *why, *say;
};

static void dnp_words_check_needs(struct load *l, const struct dnp3_allow *a)
{
	static const char relays[] = "a function of this entry operates relays (12.*)";
	const struct traits t = traits_of(a);
	const struct need needs[] = {
		{ "masters", true, a->masters.set, "every frame has link addresses",
		  "\"any\"; or a range" },
		{ "outstations", true, a->outstations.set, "every frame has link addresses",
		  "\"any\"; or a range" },
		{ "objects", t.objects, a->objects.set, "a function of this entry names objects",
		  "\"any\"; or a list such as [ \"30.*\", \"60.1\" ]" },
		{ "points", t.points, a->points.set, "an object of this entry has points",
		  "\"any\"; or a range" },
		{ "operations", t.controls, a->n_operation_words > 0, relays,
		  "\"any\"; or a list such as [ \"latch-on\", \"latch-off\" ]" },
		{ "trip_close", t.controls, a->n_trip_close_words > 0, relays,
		  "[ \"nul\" ]; or \"close\", \"trip\", \"any\"" },
		{ "count", t.controls, a->count.set, relays, "1; or a range, or \"any\"" },
		{ "on_time", t.controls, a->on_time.set, relays,
		  "\"any\"; or a range of milliseconds" },
		{ "off_time", t.controls, a->off_time.set, relays,
		  "\"any\"; or a range of milliseconds" },
		{ "analog_values", t.values, a->analog.any || a->analog.n,
		  "a function of this entry writes analog outputs (41.*)",
		  "\"any\"; or ( [ LEAST, MOST ] )" },
	};
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (needs[i].needed && !needs[i].got)
			complain(l, a->at, "%s, so this entry needs %s; write %s = %s",
				 needs[i].why, needs[i].key, needs[i].key, needs[i].say);
		if (!needs[i].needed && needs[i].got)
			complain(l, a->at,
				 "no function or object of this entry is restricted by \"%s\"; "
				 "remove it",
				 needs[i].key);
	}
}

static void load_allow(struct load *l, const config_setting_t *g, struct dnp3_policy *p)
{
	static const char *const keys[] = { "functions", "masters",    "outstations",  "objects",
					    "points",	 "operations", "trip_close",   "count",
					    "on_time",	 "off_time",   "analog_values" };
	struct dnp3_allow a = { .at = at_of(l, g) };
	if (!config_setting_is_group(g)) {
		complain(l, a.at, "allow: each entry must be a group { ... }");
		return;
	}
	begin_entry(l, g, keys, sizeof(keys) / sizeof(keys[0]), &a.remarks);
	dnp3_functions(l, g, &a);
	get_ranges(l, g, "masters", 0, DNP_ADDR_RESERVED - 1, &a.masters);
	get_ranges(l, g, "outstations", 0, 65535, &a.outstations);
	dnp3_objects(l, g, &a);
	get_ranges(l, g, "points", 0, UINT32_MAX, &a.points);
	dnp3_controls(l, g, &a);
	get_spans(l, g, "analog_values", &a.analog);
	if (a.n_function_words)
		dnp_words_check_needs(l, &a);
	p->allow = arena_grow(l->m->arena, p->allow, p->n_allow, sizeof(*p->allow));
	p->allow[p->n_allow++] = a;
}

/* A permission that nothing can use is surely not what was meant. */
static void check_broadcast(struct load *l, const struct policy *p)
{
	for (size_t i = 0; i < dnp3_policy_of(p)->n_allow; i++) {
		const struct ranges *r = &dnp3_policy_of(p)->allow[i].outstations;
		for (size_t k = 0; k < r->n; k++)
			if (r->v[k].hi >= DNP_ADDR_BROADCAST)
				return;
		if (r->any)
			return;
	}
	complain(l, p->at,
		 "policy \"%s\" has broadcast = true, but no entry's outstations hold 65533-65535",
		 p->name);
}

static void load_times(struct load *l, const config_setting_t *g, struct dnp3_policy *d)
{
	uint64_t n;
	d->select_timeout = DNP_SELECT_DEFAULT;
	d->outstanding = DNP_OUTSTANDING_DEFAULT;
	if (get_number(l, g, "select_timeout", 1, DNP_SELECT_MAX, &n)) {
		d->select_timeout = (unsigned)n;
		if (!d->select_before_operate)
			complain(l, at_of(l, g),
				 "select_timeout is of select_before_operate = true, which is not "
				 "set; "
				 "remove one or write the other");
	}
	if (get_number(l, g, "outstanding", 1, DNP_OUTSTANDING_MAX, &n))
		d->outstanding = (unsigned)n;
}

static void dnp_words_load(struct load *l, const config_setting_t *g, struct policy *p)
{
	struct dnp3_policy *d = arena_alloc(l->m->arena, sizeof(*d));
	uint64_t octets;
	p->of = d;
	d->server_is_master = get_word(l, g, "master", words_master, 0);
	get_bool(l, g, "select_before_operate", &d->select_before_operate);
	get_bool(l, g, "unsolicited", &d->unsolicited);
	get_bool(l, g, "broadcast", &d->broadcast);
	get_bool(l, g, "require_secure_authentication", &d->secure_authentication);
	get_bool(l, g, "unwalkable", &d->unwalkable);
	get_bool(l, g, "confirmed_requests", &d->confirmed_requests);
	get_bool(l, g, "interleaved_responses", &d->interleaved_responses);
	load_times(l, g, d);
	if (get_number(l, g, "max_fragment", DNP_FRAGMENT, DNP_FRAGMENT_MAX, &octets))
		d->max_fragment = (uint32_t)octets;
	const config_setting_t *allow = get_allow(l, g, p);
	for (size_t k = 0; k < items(allow); k++)
		load_allow(l, item(allow, k), d);
	if (d->broadcast && d->n_allow)
		check_broadcast(l, p);
}

/* ---- print ---- */

/* Objects and names of controls are never numbers. */
static void print_names(FILE *f, const char *key, const char **v, size_t n)
{
	if (n == 0)
		return;
	fprintf(f, "        %s = [", key);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : " ", f);
		print_text(f, v[i]);
	}
	fputs(" ];\n", f);
}

static void print_allow(FILE *f, const struct dnp3_allow *a)
{
	fputs("      {\n", f);
	print_words(f, "functions", a->function_words, a->n_function_words);
	print_ranges(f, "masters", &a->masters);
	print_ranges(f, "outstations", &a->outstations);
	print_names(f, "objects", a->object_words, a->n_object_words);
	print_ranges(f, "points", &a->points);
	print_names(f, "operations", a->operation_words, a->n_operation_words);
	print_names(f, "trip_close", a->trip_close_words, a->n_trip_close_words);
	print_ranges(f, "count", &a->count);
	print_ranges(f, "on_time", &a->on_time);
	print_ranges(f, "off_time", &a->off_time);
	print_spans(f, "analog_values", &a->analog);
	print_entry_remarks(f, &a->remarks);
	fputs("      }", f);
}

static void print_flag(FILE *f, const char *key, bool v)
{
	if (v)
		fprintf(f, "    %s = true;\n", key);
}

static void dnp_words_print(FILE *f, const struct policy *p)
{
	const struct dnp3_policy *d = dnp3_policy_of(p);
	print_key(f, "    ", "master", word_name(words_master, d->server_is_master));
	print_flag(f, "select_before_operate", d->select_before_operate);
	print_flag(f, "unsolicited", d->unsolicited);
	print_flag(f, "broadcast", d->broadcast);
	print_flag(f, "require_secure_authentication", d->secure_authentication);
	print_flag(f, "unwalkable", d->unwalkable);
	print_flag(f, "confirmed_requests", d->confirmed_requests);
	print_flag(f, "interleaved_responses", d->interleaved_responses);
	if (d->select_timeout != DNP_SELECT_DEFAULT)
		fprintf(f, "    select_timeout = %u;\n", d->select_timeout);
	if (d->outstanding != DNP_OUTSTANDING_DEFAULT)
		fprintf(f, "    outstanding = %u;\n", d->outstanding);
	if (d->max_fragment)
		fprintf(f, "    max_fragment = %" PRIu32 ";\n", d->max_fragment);
	fputs("    allow = (\n", f);
	for (size_t i = 0; i < d->n_allow; i++) {
		print_allow(f, &d->allow[i]);
		fputs(i + 1 < d->n_allow ? ",\n" : "\n", f);
	}
	fputs("    );\n", f);
}

static const char *const keys[] = { "master",
				    "select_before_operate",
				    "unsolicited",
				    "broadcast",
				    "require_secure_authentication",
				    "unwalkable",
				    "confirmed_requests",
				    "interleaved_responses",
				    "select_timeout",
				    "outstanding",
				    "max_fragment",
				    NULL };

const struct policy_ops policy_dnp3_ops = { .keys = keys,
					    .load = dnp_words_load,
					    .print = dnp_words_print };
