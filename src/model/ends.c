/* SPDX-License-Identifier: MIT
 *
 * The ends of conduits: what `from` and `to` name, and the pairs of zones that follow from it. A
 * list at either end stands for every pair of an entry of the one and an entry of the other, but
 * for pairs of a zone with itself, which need no conduit. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "model/internal.h"

enum { LEGS_MAX = 16384 }; /* of a conduit: more than the default mark_mask can number */

/* ---- the text ---- */

static void load_end(struct load *l, const config_setting_t *x, const char *key,
		     struct conduit_end *out)
{
	const struct setting *s = written_of(x);
	*out = (struct conduit_end){ .at = at_of(l, x), .name = "" };
	if (s->type == SETTING_TEXT)
		out->name = arena_strdup(l->m->arena, s->text);
	else
		complain(l, out->at, "%s: write the name of a zone, or a list of such names", key);
}

/* "hmi, scada" */
static const char *ends_text(struct arena *a, const struct conduit_end *v, size_t n)
{
	char text[MODEL_ENDS_TEXT + 8];
	struct sb b = sb_init(text, sizeof(text));
	if (n == 1)
		return v[0].name;
	for (size_t i = 0; i < n; i++) {
		if (b.len + strlen(v[i].name) > MODEL_ENDS_TEXT) {
			sb_puts(&b, ", ...");
			break;
		}
		sb_printf(&b, "%s%s", i ? ", " : "", v[i].name);
	}
	return arena_strdup(a, text);
}

static const char *load_list(struct load *l, const config_setting_t *g, const char *key,
			     struct conduit_end **out, size_t *n)
{
	const config_setting_t *s = config_setting_get_member(g, key);
	*n = 0;
	if (!s)
		complain(l, at_of(l, g), "\"%s\" is missing; write %s = \"ZONE\";", key, key);
	else if (config_setting_is_group(s) || items(s) == 0)
		complain(l, at_of(l, s), "%s: write the name of a zone, or a list of such names",
			 key);
	else if (items(s) > MODEL_ENDS_MAX)
		complain(l, at_of(l, s), "%s has more than %d entries; write several conduits", key,
			 MODEL_ENDS_MAX);
	else
		*n = items(s);
	*out = arena_alloc(l->m->arena, (*n + 1) * sizeof(**out));
	for (size_t i = 0; i < *n; i++)
		load_end(l, item(s, i), key, &(*out)[i]);
	return ends_text(l->m->arena, *out, *n);
}

void load_ends(struct load *l, const config_setting_t *g, struct conduit *c)
{
	c->from = load_list(l, g, "from", &c->from_ends, &c->n_from);
	c->to = load_list(l, g, "to", &c->to_ends, &c->n_to);
}

void print_ends(FILE *f, const char *key, const struct conduit_end *v, size_t n)
{
	fprintf(f, "    %s = ", key);
	for (size_t i = 0; i < n; i++) {
		fputs(n == 1 ? "" : i ? ", " : "( ", f);
		print_text(f, v[i].name);
	}
	fputs(n == 1 ? ";\n" : " );\n", f);
}

/* ---- the zones ---- */

struct by_name {
	const char *name;
	size_t zone;
};

static int by_name_order(const void *x, const void *y)
{
	return strcmp(((const struct by_name *)x)->name, ((const struct by_name *)y)->name);
}

/* All zones but the built-in one. */
struct names_of_zones {
	struct by_name *v;
	size_t n;
};

static struct names_of_zones sort_zones(struct load *l)
{
	const struct model *m = l->m;
	struct names_of_zones all = { .n = 0 };
	all.v = arena_alloc(m->arena, m->n_zones * sizeof(*all.v));
	for (size_t i = 1; i < m->n_zones; i++)
		all.v[all.n++] = (struct by_name){ m->zones[i].name, i };
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_name_order);
	return all;
}

static void say_no_zone(struct load *l, const struct conduit *c, const struct conduit_end *e,
			const struct names_of_zones *zones)
{
	const char **names = arena_alloc(l->m->arena, (zones->n + 1) * sizeof(*names));
	for (size_t i = 0; i < zones->n; i++)
		names[i] = zones->v[i].name;
	const char *near = name_nearest(e->name, names, zones->n);
	complain(l, e->at, "conduit \"%s\": there is no zone \"%s\"%s%s%s", c->name, e->name,
		 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static void find_end(struct load *l, const struct conduit *c, const char *key,
		     struct conduit_end *e, const struct names_of_zones *zones)
{
	const struct by_name want = { e->name, 0 };
	const struct by_name *found =
		zones->n ? bsearch(&want, zones->v, zones->n, sizeof(want), by_name_order) : NULL;
	if (found)
		e->zone = found->zone;
	else if (strcmp(e->name, "unknown") == 0)
		complain(l, e->at,
			 "%s = \"unknown\": the built-in zone is always refused; make a zone of "
			 "what should pass",
			 key);
	else if (*e->name)
		say_no_zone(l, c, e, zones);
}

static void find_ends(struct load *l, const struct conduit *c, const char *key,
		      const struct names_of_zones *zones)
{
	bool from = strcmp(key, "from") == 0;
	struct conduit_end *v = from ? c->from_ends : c->to_ends;
	size_t n = from ? c->n_from : c->n_to;
	for (size_t i = 0; i < n; i++) {
		find_end(l, c, key, &v[i], zones);
		for (size_t k = 0; k < i; k++)
			if (v[i].zone && v[k].zone == v[i].zone) {
				complain(l, v[i].at, "conduit \"%s\": \"%s\" is in %s twice",
					 c->name, v[i].name, key);
				v[i].zone = 0;
			}
	}
}

static void make_legs(struct load *l, struct conduit *c)
{
	bool itself = false;
	if (c->n_from * c->n_to > LEGS_MAX) {
		complain(l, c->at,
			 "conduit \"%s\" joins more than %d pairs of zones; write several conduits",
			 c->name, LEGS_MAX);
		return;
	}
	c->legs = arena_alloc(l->m->arena, (c->n_from * c->n_to + 1) * sizeof(*c->legs));
	for (size_t i = 0; i < c->n_from; i++)
		for (size_t k = 0; k < c->n_to; k++) {
			size_t from = c->from_ends[i].zone, to = c->to_ends[k].zone;
			itself |= from && from == to;
			if (from && to && from != to)
				c->legs[c->n_legs++] = (struct leg){ .from = from, .to = to };
		}
	if (itself && !c->n_legs)
		complain(
			l, c->at,
			"conduit \"%s\" joins zone \"%s\" with itself; traffic within a zone needs "
			"no conduit",
			c->name, c->from);
}

void check_ends(struct load *l)
{
	const struct names_of_zones zones = sort_zones(l);
	for (size_t i = 0; i < l->m->n_conduits; i++) {
		struct conduit *c = &l->m->conduits[i];
		find_ends(l, c, "from", &zones);
		find_ends(l, c, "to", &zones);
		make_legs(l, c);
	}
}
