/* SPDX-License-Identifier: MIT
 * The table of lints, and the rules that need the model alone. */
#include "lint/lint.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "compile/policy_build.h"
#include "lint/internal.h"

/* ---- zones ---- */

static void zones_without_interfaces(struct lint_run *r)
{
	for (size_t z = 1; z < r->m->n_zones; z++) {
		const struct zone *zn = &r->m->zones[z];
		if (zn->n_networks && !model_path_owner(r->m, zn))
			lint_add(r, zn->at,
				 "zone \"%s\" names no interfaces, nor does a parent of it: "
				 "packets with its addresses are taken for its own on any "
				 "interface that no zone names, and none goes from one of these to "
				 "another inside the zone",
				 zn->name);
	}
}

static bool joins_zone(const struct conduit *c, size_t zone)
{
	for (size_t i = 0; i < c->n_legs; i++)
		if (c->legs[i].from == zone || c->legs[i].to == zone)
			return true;
	return false;
}

static void zones_without_conduits(struct lint_run *r)
{
	for (size_t z = 1; z < r->m->n_zones; z++) {
		bool used = false;
		for (size_t i = 0; i < r->m->n_conduits; i++)
			used |= joins_zone(&r->m->conduits[i], z);
		for (size_t k = 1; k < r->m->n_zones; k++)
			used |= r->m->zones[k].parent &&
				strcmp(r->m->zones[k].parent, r->m->zones[z].name) == 0;
		if (!used)
			lint_add(r, r->m->zones[z].at, "zone \"%s\" is in no conduit",
				 r->m->zones[z].name);
	}
}

/* ---- conduits ---- */

static const struct zone *end_of_conduit(const struct lint_run *r, size_t zone)
{
	return &r->m->zones[zone];
}

static void outer_to_safety(struct lint_run *r)
{
	for (size_t i = 0; i < r->m->n_conduits; i++)
		for (size_t k = 0; k < r->m->conduits[i].n_legs; k++) {
			const struct conduit *c = &r->m->conduits[i];
			const struct zone *from = end_of_conduit(r, c->legs[k].from),
					  *to = end_of_conduit(r, c->legs[k].to);
			if (to->type == ZONE_SAFETY &&
			    (from->type == ZONE_EXTERNAL || from->type == ZONE_ENTERPRISE))
				lint_add(r, c->at,
					 "conduit \"%s\" leads from \"%s\", which is outside of "
					 "control, into the safety zone \"%s\"",
					 c->name, from->name, to->name);
		}
}

static void observed_without_reason(struct lint_run *r)
{
	for (size_t i = 0; i < r->m->n_conduits; i++) {
		const struct conduit *c = &r->m->conduits[i];
		if (r->m->mode != MODE_OBSERVE && c->mode == MODE_OBSERVE && !c->description)
			lint_add(r, c->at,
				 "conduit \"%s\" only observes: what its policies refuse passes, "
				 "and nothing says why",
				 c->name);
	}
}

static bool inspects(const struct conduit *c)
{
	for (size_t i = 0; i < c->n_flows; i++)
		if (c->flows[i].proto != PROTO_NONE)
			return true;
	return false;
}

static void keys_without_effect(struct lint_run *r)
{
	for (size_t i = 0; i < r->m->n_conduits; i++) {
		const struct conduit *c = &r->m->conduits[i];
		const struct {
			const char *key;
			bool written;
		} keys[] = {
			{ "max_requests_per_second", c->max_requests != 0 },
			{ "max_writes_per_second", c->max_writes != 0 },
			{ "on_violation", c->on_violation != VIOLATION_DROP },
			{ "fail", c->fail != FAIL_CLOSED },
		};
		bool inspected = inspects(c);
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			if (keys[k].written && !inspected)
				lint_add(r, c->at,
					 "conduit \"%s\" has %s, and no flow of it is inspected",
					 c->name, keys[k].key);
		if (c->max_writes && c->max_requests && c->max_writes > c->max_requests)
			lint_add(r, c->at,
				 "conduit \"%s\": max_writes_per_second %u is never reached, since "
				 "max_requests_per_second is %u",
				 c->name, c->max_writes, c->max_requests);
		if (c->mode == MODE_OBSERVE && c->on_violation != VIOLATION_DROP)
			lint_add(r, c->at,
				 "conduit \"%s\" has on_violation, and refuses nothing: it "
				 "observes",
				 c->name);
	}
}

static const struct lint_use *use_of(const struct lint_uses *uses, const char *conduit)
{
	for (size_t i = 0; uses && i < uses->n; i++)
		if (strcmp(uses->v[i].conduit, conduit) == 0)
			return &uses->v[i];
	return NULL;
}

/* What the flowtable forwards nobody counts, so of offloaded conduits nobody knows. */
static void wider_than_its_use(struct lint_run *r)
{
	enum { DAY_SECONDS = 86400, DATE = 10, TIME_TEXT = 40 };
	for (size_t i = 0; i < r->m->n_conduits; i++) {
		const struct conduit *c = &r->m->conduits[i];
		const struct lint_use *u = use_of(r->uses, c->name);
		int64_t from = !u ? 0 : u->last_s > u->since_s ? u->last_s : u->since_s;
		char day[TIME_TEXT];
		struct sb b = sb_init(day, sizeof(day));
		if (c->offload || !u ||
		    r->uses->now_s - from < (int64_t)r->uses->days * DAY_SECONDS)
			continue;
		sb_put_time(&b, (uint64_t)from * 1000000000u, 1);
		lint_add(r, c->at, "nothing has passed by conduit \"%s\" since %.*s%s", c->name,
			 DATE, day,
			 u->last_s ? "" : ", when zoned began to look, and never before");
	}
}

/* ---- the rest ---- */

static void site_watched(struct lint_run *r)
{
	if (r->m->mode == MODE_OBSERVE)
		lint_add(r, r->m->mode_at, MODEL_WATCHES_TEXT);
}

static void old_names(struct lint_run *r)
{
	for (size_t i = 0; i < r->m->n_old_keys; i++)
		lint_add(r, r->m->old_keys[i].at, OLD_KEY_TEXT, r->m->old_keys[i].name,
			 r->m->old_keys[i].now);
}

static void unused_policies(struct lint_run *r)
{
	for (size_t p = 0; p < r->m->n_policies; p++) {
		bool used = false;
		for (size_t i = 0; i < r->m->n_conduits; i++)
			for (size_t k = 0; k < r->m->conduits[i].n_flows; k++) {
				const char *name = r->m->conduits[i].flows[k].policy;
				used |= name && strcmp(name, r->m->policies[p].name) == 0;
			}
		if (!used)
			lint_add(r, r->m->policies[p].at, "policy \"%s\" is used by no flow",
				 r->m->policies[p].name);
	}
}

/* ---- the table ---- */

/* clang-format off */
const struct lint lints[] = {
	{ "site-watched", LINT_WARNING, NULL, site_watched },
	{ "old-name", LINT_WARNING, NULL, old_names },
	{ "zone-without-interfaces", LINT_WARNING, "write interfaces = [ \"NAME\" ];", zones_without_interfaces },
	{ "outer-to-safety", LINT_WARNING, "lead it through a zone of control or a DMZ", outer_to_safety },
	{ "write-to-safety", LINT_WARNING, "permit reads only, or write the description of the conduit that says why", lint_writes_to_safety },
	{ "ambiguous-ends", LINT_WARNING, "write a conduit that names both ends", lint_ambiguous_ends },
	{ "observed-without-reason", LINT_WARNING, "enforce, or write why in description", observed_without_reason },
	{ "key-without-effect", LINT_WARNING, "remove it", keys_without_effect },
	{ "wider-than-its-use", LINT_NOTE, "remove the conduit, or grant it for a time when it is needed", wider_than_its_use },
	{ "expired-conduit", LINT_WARNING, "write a later day into expires, or remove the conduit", lint_expired },
	{ "never-open", LINT_WARNING, "widen times, or write a later day into expires", lint_never_open },
	{ "times-always", LINT_NOTE, "remove times", lint_times_always },
	{ "shadowed-entry", LINT_NOTE, "remove one of the two", lint_shadowed_entries },
	{ "unused-policy", LINT_NOTE, "remove it, or use it", unused_policies },
	{ "zone-without-conduit", LINT_NOTE, "nothing is permitted to or from it; write a conduit if something should be", zones_without_conduits },
};
/* clang-format on */
const size_t lints_n = sizeof(lints) / sizeof(lints[0]);

const char *lint_severity_word(enum lint_severity s)
{
	static const char *const words[] = { "note", "warning", "error" };
	return words[s];
}

void lint_add(struct lint_run *r, struct where at, const char *fmt, ...)
{
	char text[500];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct lint_findings *f = r->f;
	f->v = arena_grow(f->arena, f->v, f->n, sizeof(*f->v));
	f->v[f->n++] = (struct lint_finding){ r->lint, at, arena_strdup(f->arena, text) };
}

struct lint_findings *lint_model(const struct model *m, const struct lint_uses *uses, int64_t now_s)
{
	int err;
	struct arena *a = arena_new();
	if (!a)
		return NULL;
	struct pol_image *img = policy_build(m, 1, &err);
	struct lint_run r = {
		.m = m, .img = img, .uses = uses, .now_s = now_s, .f = arena_alloc(a, sizeof(*r.f))
	};
	r.f->arena = a;
	for (r.lint = lints; r.lint < lints + lints_n; r.lint++)
		r.lint->run(&r);
	free(img);
	return r.f;
}

void lint_free(struct lint_findings *f)
{
	if (f)
		arena_free(f->arena);
}
