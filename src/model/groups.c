/* SPDX-License-Identifier: MIT
 *
 * Groups of assets, and the classes of assets that ends of conduits name. The rules know assets by
 * their class, so what they must look up does not grow with assets that nobody need tell apart. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "model/internal.h"

enum { GROUPS_MAX = 4096 };

/* ---- the text ---- */

static void load_group(struct load *l, const config_setting_t *g)
{
	struct model *m = l->m;
	struct asset_group x = { .at = at_of(l, g) };
	KEYS(l, g, "an asset group", "name", "assets", "description");
	x.name = get_name(l, g, "name");
	x.description = get_text(l, g, "description");
	get_texts(l, g, "assets", &x.assets);
	if (x.assets.any || !x.assets.n)
		complain(l, x.at,
			 "group \"%s\" has no assets; write assets = [ \"NAME\", \"NAME\" ];",
			 x.name);
	m->groups = arena_grow(m->arena, m->groups, m->n_groups, sizeof(*m->groups));
	m->groups[m->n_groups++] = x;
}

void load_groups(struct load *l, const config_setting_t *root)
{
	const config_setting_t *s = list_of_groups(l, root, "asset_groups");
	if (items(s) > GROUPS_MAX)
		complain(l, at_of(l, s), "more than %d asset_groups", GROUPS_MAX);
	for (size_t i = 0; i < items(s) && i < GROUPS_MAX; i++)
		load_group(l, item(s, i));
}

void print_groups(FILE *f, const struct model *m)
{
	for (size_t i = 0; i < m->n_groups; i++) {
		fputs(i ? "  {\n" : "asset_groups = (\n  {\n", f);
		print_key(f, "    ", "name", m->groups[i].name);
		print_key(f, "    ", "description", m->groups[i].description);
		print_texts(f, "    ", "assets", &m->groups[i].assets);
		fputs(i + 1 < m->n_groups ? "  },\n" : "  }\n);\n", f);
	}
}

/* ---- names ---- */

struct named_asset {
	const char *name;
	struct asset *asset;
	size_t zone;
	/* of what names it: a sum that does not depend on the order of what is summed up */
	uint64_t ends[2];
};

static int named_order(const void *x, const void *y)
{
	return strcmp(((const struct named_asset *)x)->name, ((const struct named_asset *)y)->name);
}

static int group_order(const void *x, const void *y)
{
	const struct asset_group *const *a = x, *const *b = y;
	return strcmp((*a)->name, (*b)->name);
}

struct directory {
	struct named_asset *assets;
	const struct asset_group **groups;
	size_t n_assets, n_groups;
};

static struct directory all_names(struct load *l)
{
	const struct model *m = l->m;
	struct directory d = { .n_groups = m->n_groups };
	size_t n = 0;
	for (size_t z = 1; z < m->n_zones; z++)
		n += m->zones[z].n_assets;
	d.assets = arena_alloc(m->arena, (n + 1) * sizeof(*d.assets));
	for (size_t z = 1; z < m->n_zones; z++)
		for (size_t i = 0; i < m->zones[z].n_assets; i++)
			d.assets[d.n_assets++] = (struct named_asset){
				m->zones[z].assets[i].name, &m->zones[z].assets[i], z, { 0, 0 }
			};
	d.groups = arena_alloc(m->arena, (m->n_groups + 1) * sizeof(struct asset_group *));
	for (size_t i = 0; i < m->n_groups; i++)
		d.groups[i] = &m->groups[i];
	if (d.n_assets)
		qsort(d.assets, d.n_assets, sizeof(*d.assets), named_order);
	if (d.n_groups)
		qsort(d.groups, d.n_groups, sizeof(struct asset_group *), group_order);
	return d;
}

static struct named_asset *find_asset(struct load *l, const struct directory *d, const char *name,
				      struct where at)
{
	const struct named_asset want = { .name = name };
	struct named_asset *found =
		d->n_assets ? bsearch(&want, d->assets, d->n_assets, sizeof(want), named_order)
			    : NULL;
	if (found)
		return found;
	const char **names = arena_alloc(l->m->arena, (d->n_assets + 1) * sizeof(*names));
	for (size_t i = 0; i < d->n_assets; i++)
		names[i] = d->assets[i].name;
	const char *near = name_nearest(name, names, d->n_assets);
	complain(l, at, "there is no asset \"%s\"%s%s%s", name, near ? "; did you mean \"" : "",
		 near ? near : "", near ? "\"?" : "");
	return NULL;
}

static const struct asset_group *group_named(struct load *l, const struct directory *d,
					     const char *name, struct where at)
{
	const struct asset_group want = { .name = name }, *key = &want;
	const struct asset_group **found =
		d->n_groups ? bsearch(&key, d->groups, d->n_groups, sizeof(key), group_order)
			    : NULL;
	if (!found)
		complain(l, at, "there is no group \"%s\"; write it under asset_groups", name);
	return found ? *found : NULL;
}

/* ---- classes ---- */

/* What follows the word in the name of an end, or NULL: it has another. */
static const char *name_behind(const char *name, const char *word)
{
	size_t n = strlen(word);
	return strncmp(name, word, n) == 0 ? name + n : NULL;
}

/* What an end names, whatever conduit it is of: a number that is as good as its own. */
static uint64_t number_of_name(const char *name, uint64_t seed)
{
	uint64_t h = seed;
	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	h ^= h >> 29;
	h *= UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 32;
}

static const uint64_t seeds[2] = { UINT64_C(0xcbf29ce484222325), UINT64_C(0x9e3779b97f4a7c15) };

/* The assets of an end: each is shown to take. */
static void each_asset(struct load *l, const struct directory *d, struct conduit_end *e,
		       void (*take)(struct load *l, struct conduit_end *e, struct named_asset *a))
{
	const char *one = name_behind(e->name, MODEL_ASSET_END),
		   *group = name_behind(e->name, MODEL_GROUP_END);
	const struct asset_group *g = group ? group_named(l, d, group, e->at) : NULL;
	struct named_asset *a = one ? find_asset(l, d, one, e->at) : NULL;
	if (a)
		take(l, e, a);
	for (size_t i = 0; g && i < g->assets.n; i++) {
		a = find_asset(l, d, g->assets.v[i], g->assets.at[i]);
		if (a)
			take(l, e, a);
	}
}

/* An end counts once for an asset, however many conduits have it. */
static void mark_asset(struct load *l, struct conduit_end *e, struct named_asset *a)
{
	(void)l;
	for (unsigned i = 0; i < 2; i++)
		a->ends[i] += number_of_name(e->name, seeds[i]);
}

static void add_class(struct load *l, struct conduit_end *e, struct named_asset *a)
{
	e->ends = arena_grow(l->m->arena, e->ends, e->n_ends, sizeof(*e->ends));
	e->ends[e->n_ends++] = a->asset->class;
}

static int class_order(const void *x, const void *y)
{
	const struct named_asset *const *a = x, *const *b = y;
	if ((*a)->zone != (*b)->zone)
		return (*a)->zone < (*b)->zone ? -1 : 1;
	for (unsigned i = 0; i < 2; i++)
		if ((*a)->ends[i] != (*b)->ends[i])
			return (*a)->ends[i] < (*b)->ends[i] ? -1 : 1;
	return 0;
}

/* Numbers in the order of zones, and within one in that of the model. */
static int first_order(const void *x, const void *y)
{
	const struct named_asset *const *a = x, *const *b = y;
	if ((*a)->zone != (*b)->zone)
		return (*a)->zone < (*b)->zone ? -1 : 1;
	return ((*a)->asset > (*b)->asset) - ((*a)->asset < (*b)->asset);
}

static void number_classes(struct load *l, struct named_asset **v, size_t n)
{
	struct model *m = l->m;
	struct named_asset **first = arena_alloc(m->arena, (n + 1) * sizeof(struct named_asset *));
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || class_order(&v[i - 1], &v[i]) != 0)
			first[m->n_classes++] = v[i];
		else if (first_order(&v[i], &first[m->n_classes - 1]) < 0)
			first[m->n_classes - 1] = v[i];
	}
	m->classes = arena_alloc(m->arena, (m->n_classes + 1) * sizeof(*m->classes));
	if (m->n_classes)
		qsort(first, m->n_classes, sizeof(struct named_asset *), first_order);
	for (size_t i = 0; i < m->n_classes; i++) {
		m->classes[i] = (struct asset_class){ first[i]->zone, first[i]->asset };
		struct named_asset **same =
			bsearch(&first[i], v, n, sizeof(struct named_asset *), class_order);
		while (same > v && class_order(&same[-1], same) == 0)
			same--;
		for (; same < v + n && class_order(same, &first[i]) == 0; same++)
			(*same)->asset->class = m->n_zones + i;
	}
}

static void make_classes(struct load *l, const struct directory *d)
{
	struct named_asset **v =
		arena_alloc(l->m->arena, (d->n_assets + 1) * sizeof(struct named_asset *));
	size_t n = 0;
	for (size_t i = 0; i < d->n_assets; i++)
		if (d->assets[i].ends[0] | d->assets[i].ends[1])
			v[n++] = &d->assets[i];
	if (!n)
		return;
	qsort(v, n, sizeof(struct named_asset *), class_order);
	number_classes(l, v, n);
}

static int asset_end_order(const void *x, const void *y)
{
	const struct conduit_end *const *a = x, *const *b = y;
	return strcmp((*a)->name, (*b)->name);
}

/* All ends that name assets, in the order of their names. */
static struct conduit_end **asset_ends(struct load *l, size_t *n)
{
	const struct model *m = l->m;
	size_t all = 0;
	for (size_t i = 0; i < m->n_conduits; i++)
		all += m->conduits[i].n_from + m->conduits[i].n_to;
	struct conduit_end **v = arena_alloc(m->arena, (all + 1) * sizeof(struct conduit_end *));
	*n = 0;
	for (size_t i = 0; i < m->n_conduits; i++) {
		const struct conduit *c = &m->conduits[i];
		for (size_t k = 0; k < c->n_from + c->n_to; k++) {
			struct conduit_end *e =
				k < c->n_from ? &c->from_ends[k] : &c->to_ends[k - c->n_from];
			if (name_behind(e->name, MODEL_ASSET_END) ||
			    name_behind(e->name, MODEL_GROUP_END))
				v[(*n)++] = e;
		}
	}
	if (*n)
		qsort(v, *n, sizeof(struct conduit_end *), asset_end_order);
	return v;
}

static void check_group_names(struct load *l, const struct directory *d)
{
	for (size_t i = 1; i < d->n_groups; i++)
		if (strcmp(d->groups[i - 1]->name, d->groups[i]->name) == 0)
			complain(l, d->groups[i]->at, "group \"%s\" is there twice",
				 d->groups[i]->name);
	for (size_t i = 0; i < d->n_groups; i++)
		for (size_t k = 0; k < d->groups[i]->assets.n; k++)
			find_asset(l, d, d->groups[i]->assets.v[k], d->groups[i]->assets.at[k]);
}

void check_asset_ends(struct load *l)
{
	size_t n, before = l->errs->total;
	const struct directory d = all_names(l);
	struct conduit_end **v = asset_ends(l, &n);
	check_group_names(l, &d);
	if (l->errs->total != before)
		return;
	for (size_t i = 0; i < n; i++)
		if (i == 0 || asset_end_order(&v[i - 1], &v[i]) != 0)
			each_asset(l, &d, v[i], mark_asset);
	if (l->errs->total != before)
		return;
	make_classes(l, &d);
	if (l->m->n_zones + l->m->n_classes > MODEL_NUMBERS_MAX)
		complain(l, v[0]->at,
			 "conduits tell more than %d assets apart; name groups instead of their "
			 "assets",
			 MODEL_NUMBERS_MAX);
	for (size_t i = 0; i < n; i++)
		each_asset(l, &d, v[i], add_class);
}
