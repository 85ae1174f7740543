/* SPDX-License-Identifier: MIT
 *
 * The ends of conduits: what `from` and `to` name, and the pairs of zones, and of assets in them,
 * that follow from it. A list at either end stands for every pair of an entry of the one and an
 * entry of the other, but for pairs of a zone with itself, which need no conduit. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "model/internal.h"

enum { PAIRS_MAX = 65536 }; /* of a conduit */

/* ---- the text ---- */

static void load_end(struct load *l, const config_setting_t *x, const char *key,
		     struct conduit_end *out)
{
	const struct setting *s = written_of(x);
	*out = (struct conduit_end){ .at = at_of(l, x), .name = "" };
	if (s->type == SETTING_TEXT)
		out->name = arena_strdup(l->m->arena, s->text);
	else
		complain(l, out->at,
			 "%s: write the name of a zone, \"asset:NAME\", \"group:NAME\", or a list "
			 "of these",
			 key);
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
		complain(l, at_of(l, s),
			 "%s: write the name of a zone, \"asset:NAME\", \"group:NAME\", or a list "
			 "of these",
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

/* Those of assets and groups were found before (groups.c). */
static void find_zone_end(struct load *l, const struct conduit *c, const char *key,
			  struct conduit_end *e, const struct names_of_zones *zones)
{
	const struct by_name want = { e->name, 0 };
	const struct by_name *found =
		zones->n ? bsearch(&want, zones->v, zones->n, sizeof(want), by_name_order) : NULL;
	if (strncmp(e->name, MODEL_ASSET_END, strlen(MODEL_ASSET_END)) == 0 ||
	    strncmp(e->name, MODEL_GROUP_END, strlen(MODEL_GROUP_END)) == 0)
		return;
	if (found) {
		e->ends = arena_alloc(l->m->arena, sizeof(*e->ends));
		e->ends[e->n_ends++] = found->zone;
	} else if (strcmp(e->name, "unknown") == 0) {
		complain(l, e->at,
			 "%s = \"unknown\": the built-in zone is always refused; make a zone of "
			 "what should pass",
			 key);
	} else if (*e->name) {
		say_no_zone(l, c, e, zones);
	}
}

static int number_order(const void *x, const void *y)
{
	const size_t *a = x, *b = y;
	return (*a > *b) - (*a < *b);
}

/* What a list of ends means: numbers in their order, each once. */
struct numbers {
	size_t *v, n;
};

static struct numbers find_list(struct load *l, const struct conduit *c, const char *key,
				const struct names_of_zones *zones)
{
	bool from = strcmp(key, "from") == 0;
	struct conduit_end *v = from ? c->from_ends : c->to_ends;
	size_t n = from ? c->n_from : c->n_to, all = 0, once = 0;
	for (size_t i = 0; i < n; i++) {
		find_zone_end(l, c, key, &v[i], zones);
		for (size_t k = 0; k < i; k++)
			if (*v[i].name && strcmp(v[i].name, v[k].name) == 0) {
				complain(l, v[i].at, "conduit \"%s\": \"%s\" is in %s twice",
					 c->name, v[i].name, key);
				v[i].n_ends = 0;
			}
		all += v[i].n_ends;
	}
	struct numbers out = { arena_alloc(l->m->arena, (all + 1) * sizeof(size_t)), 0 };
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].n_ends; k++)
			out.v[out.n++] = v[i].ends[k];
	if (out.n)
		qsort(out.v, out.n, sizeof(size_t), number_order);
	for (size_t i = 0; i < out.n; i++)
		if (i == 0 || out.v[i] != out.v[i - 1])
			out.v[once++] = out.v[i];
	out.n = once;
	return out;
}

/* ---- the pairs ---- */

/* A pair of ends with the zones of both. */
struct joined {
	size_t zone_from, zone_to;
	struct end_pair ends;
};

static int joined_order(const void *x, const void *y)
{
	const struct joined *a = x, *b = y;
	const size_t v[][2] = { { a->zone_from, b->zone_from },
				{ a->zone_to, b->zone_to },
				{ a->ends.from, b->ends.from },
				{ a->ends.to, b->ends.to } };
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (v[i][0] != v[i][1])
			return v[i][0] < v[i][1] ? -1 : 1;
	return 0;
}

/* Another pair, in the order of joined_order(). */
static void add_end_pair(struct load *l, struct conduit *c, const struct joined *j)
{
	struct arena *a = l->m->arena;
	struct leg *g = c->n_legs ? &c->legs[c->n_legs - 1] : NULL;
	if (!g || g->from != j->zone_from || g->to != j->zone_to) {
		c->legs = arena_grow(a, c->legs, c->n_legs, sizeof(*c->legs));
		g = &c->legs[c->n_legs++];
		*g = (struct leg){ .from = j->zone_from, .to = j->zone_to };
	}
	g->pairs = arena_grow(a, g->pairs, g->n_pairs, sizeof(*g->pairs));
	g->pairs[g->n_pairs++] = j->ends;
	g->part = g->part || j->ends.from != g->from || j->ends.to != g->to;
}

static void make_legs(struct load *l, struct conduit *c, const struct numbers *from,
		      const struct numbers *to)
{
	bool itself = false;
	size_t n = 0;
	if (from->n * to->n > PAIRS_MAX) {
		complain(l, c->at,
			 "conduit \"%s\" joins more than %d pairs of ends; write several conduits",
			 c->name, PAIRS_MAX);
		return;
	}
	struct joined *v = arena_alloc(l->m->arena, (from->n * to->n + 1) * sizeof(*v));
	for (size_t i = 0; i < from->n; i++)
		for (size_t k = 0; k < to->n; k++) {
			struct joined j = { model_end_zone(l->m, from->v[i]),
					    model_end_zone(l->m, to->v[k]),
					    { from->v[i], to->v[k] } };
			itself |= j.zone_from == j.zone_to;
			if (j.zone_from != j.zone_to)
				v[n++] = j;
		}
	if (n)
		qsort(v, n, sizeof(*v), joined_order);
	for (size_t i = 0; i < n; i++)
		add_end_pair(l, c, &v[i]);
	if (itself && !n)
		complain(
			l, c->at,
			"conduit \"%s\" joins zone \"%s\" with itself; traffic within a zone needs "
			"no conduit",
			c->name, l->m->zones[model_end_zone(l->m, from->v[0])].name);
}

void check_ends(struct load *l)
{
	const struct names_of_zones zones = sort_zones(l);
	for (size_t i = 0; i < l->m->n_conduits; i++) {
		struct conduit *c = &l->m->conduits[i];
		const struct numbers from = find_list(l, c, "from", &zones),
				     to = find_list(l, c, "to", &zones);
		make_legs(l, c, &from, &to);
	}
}

/* ---- for others ---- */

bool model_leg_has(const struct leg *g, size_t from, size_t to)
{
	size_t lo = 0, hi = g->n_pairs;
	if (!hi)
		return g->from == from && g->to == to;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct end_pair *p = &g->pairs[mid];
		if (p->from < from || (p->from == from && p->to < to))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < g->n_pairs && g->pairs[lo].from == from && g->pairs[lo].to == to;
}

const char *model_end_text(const struct model *m, size_t end, char *out)
{
	if (end < m->n_zones)
		return m->zones[end].name;
	snprintf(out, MODEL_END_TEXT, MODEL_ASSET_END "%s",
		 m->classes[end - m->n_zones].first->name);
	return out;
}

size_t model_class_of(const struct model *m, size_t zone, const struct addr *a)
{
	for (size_t i = 0; m->n_classes && i < m->zones[zone].n_assets; i++)
		if (addr_eq(&m->zones[zone].assets[i].addr, a))
			return m->zones[zone].assets[i].class;
	return 0;
}

size_t model_ranks(const struct end_pair *zones, const struct end_pair *classes,
		   struct end_pair out[MODEL_RANKS])
{
	size_t n = 0;
	if (classes->from && classes->to)
		out[n++] = *classes;
	if (classes->from)
		out[n++] = (struct end_pair){ classes->from, zones->to };
	if (classes->to)
		out[n++] = (struct end_pair){ zones->from, classes->to };
	out[n++] = *zones;
	return n;
}

bool model_joins(const struct conduit *c, const struct end_pair *zones,
		 const struct end_pair *classes)
{
	struct end_pair ranks[MODEL_RANKS];
	const struct leg *g = model_leg(c, zones->from, zones->to);
	for (size_t i = 0, n = model_ranks(zones, classes, ranks); g && i < n; i++)
		if (model_leg_has(g, ranks[i].from, ranks[i].to))
			return true;
	return false;
}
