/* SPDX-License-Identifier: MIT
 * The maps zone4 and zone6: the networks of all zones, as intervals; and end4 and end6: the assets
 * that conduits name, with their classes. */
#include <stdlib.h>
#include <string.h>

#include "compile/ruleset-rules.h"

struct span { /* [lo, hi], inclusive */
	struct addr lo, hi;
	size_t zone;
	struct where at;
};

static int span_cmp(const void *x, const void *y)
{
	const struct span *a = x, *b = y;
	if (a->lo.family != b->lo.family)
		return a->lo.family < b->lo.family ? -1 : 1;
	return memcmp(a->lo.b, b->lo.b, 16);
}

static struct span span_of(const struct prefix *p, size_t zone, struct where at)
{
	struct span s = { .lo = p->a, .hi = p->a, .zone = zone, .at = at };
	unsigned bits = p->a.family == 4 ? 32 : 128;
	for (unsigned i = p->len; i < bits; i++)
		s.hi.b[i / 8] |= (uint8_t)(0x80u >> (i % 8));
	return s;
}

/* The next address; false after the last one. */
static bool addr_next(struct addr *a)
{
	for (int i = a->family == 4 ? 4 : 16; i-- > 0;)
		if (++a->b[i])
			return true;
	return false;
}

static void add_zone_span(struct ruleset *rs, struct rs_set *set, const struct model *m,
			  const struct span *s)
{
	struct rs_elem *e = ruleset_add(rs, set, s->at, m->zones[s->zone].name);
	memcpy(e->key, s->lo.b, 16);
	e->mark = (uint32_t)s->zone;
	struct addr after = s->hi;
	if (!addr_next(&after))
		return; /* up to the last address there is */
	e = ruleset_add(rs, set, s->at, NULL);
	memcpy(e->key, after.b, 16);
	e->end = true;
}

/* Is the next one inside it, or, of the addresses that no zone has, right behind it? */
static bool joins(const struct model *m, const struct span *s, const struct span *next)
{
	struct addr after = s->hi;
	if (next->lo.family != s->lo.family)
		return false;
	if (m->zones[s->zone].any && next->zone == s->zone && addr_next(&after) &&
	    memcmp(next->lo.b, after.b, 16) == 0)
		return true;
	return memcmp(next->lo.b, s->hi.b, 16) <= 0;
}

/* Zones' networks as intervals. A network inside another of the same zone
 * adds nothing; between zones, check has refused overlaps. */
void ruleset_networks(struct ruleset *rs, struct rs_set *set4, struct rs_set *set6,
		      const struct model *m)
{
	struct span *v = NULL;
	size_t n = 0;
	for (size_t z = 1; z < m->n_zones; z++)
		for (size_t i = 0; i < m->zones[z].n_networks; i++) {
			const struct zone *zn = &m->zones[z];
			v = arena_grow(rs->arena, v, n, sizeof(*v));
			v[n++] = span_of(&zn->networks[i], z,
					 zn->networks_at ? zn->networks_at[i] : zn->at);
		}
	if (n)
		qsort(v, n, sizeof(*v), span_cmp);
	for (size_t i = 0; i < n;) {
		struct span s = v[i++];
		while (i < n && joins(m, &s, &v[i])) {
			if (memcmp(v[i].hi.b, s.hi.b, 16) > 0)
				s.hi = v[i].hi;
			i++;
		}
		add_zone_span(rs, s.lo.family == 4 ? set4 : set6, m, &s);
	}
}

void ruleset_asset_ends(struct ruleset *rs, struct rs_set *set4, struct rs_set *set6,
			const struct model *m)
{
	for (size_t z = 1; z < m->n_zones; z++)
		for (size_t i = 0; i < m->zones[z].n_assets; i++) {
			const struct asset *a = &m->zones[z].assets[i];
			if (!a->class)
				continue;
			struct rs_elem *e =
				ruleset_add(rs, a->addr.family == 4 ? set4 : set6, a->at, a->name);
			memcpy(e->key, a->addr.b, 16);
			e->mark = (uint32_t)a->class;
		}
}

void ruleset_bound(struct ruleset *rs, struct rs_set *set, const struct model *m)
{
	for (size_t z = 1; z < m->n_zones; z++)
		for (size_t i = 0; i < m->zones[z].n_assets; i++) {
			const struct asset *a = &m->zones[z].assets[i];
			size_t v6 = a->addr.family == 6, octets = v6 ? 16 : 4;
			if (!a->bound)
				continue;
			memcpy(ruleset_add(rs, &set[v6], a->at, a->name)->key, a->addr.b, octets);
			struct rs_elem *e = ruleset_add(rs, &set[2 + v6], a->at, a->name);
			memcpy(e->key, a->addr.b, octets);
			memcpy(e->key + octets, a->mac, sizeof(a->mac));
		}
}
