/* SPDX-License-Identifier: MIT
 *
 * The addresses of both models, cut into parts: what was in one zone and is in one. How a zone's
 * networks are cut does not matter, since they are joined to intervals first.
 */
#include <stdlib.h>
#include <string.h>

#include "compare/internal.h"

enum { OCTETS = 17 }; /* family, then the address: in order as memcmp() has it */

struct interval {
	uint8_t lo[OCTETS], hi[OCTETS];
	size_t zone;
};

struct intervals {
	struct interval *v;
	size_t n;
};

static void interval_of_prefix(const struct prefix *p, struct interval *i)
{
	size_t bits = p->a.family == 4 ? 32 : 128;
	i->lo[0] = i->hi[0] = p->a.family;
	memcpy(i->lo + 1, p->a.b, 16);
	memcpy(i->hi + 1, p->a.b, 16);
	for (size_t b = p->len; b < bits; b++)
		i->hi[1 + b / 8] |= (uint8_t)(0x80 >> b % 8);
}

/* The address behind (before) this one; of the family's last (first) one another family's. */
static void step(uint8_t a[OCTETS], int by)
{
	for (size_t i = a[0] == 4 ? 4 : 16; i > 0; i--) {
		a[i] = (uint8_t)(a[i] + by);
		if (a[i] != (by > 0 ? 0 : 255))
			return;
	}
	a[0] = (uint8_t)(a[0] + by);
}

static int interval_order(const void *x, const void *y)
{
	return memcmp(((const struct interval *)x)->lo, ((const struct interval *)y)->lo, OCTETS);
}

/* The networks of all zones, which do not overlap those of others, as intervals in order. */
static bool read_intervals(const struct model *m, struct intervals *out)
{
	size_t n = 0;
	for (size_t z = 1; z < m->n_zones; z++)
		n += m->zones[z].n_networks;
	out->v = calloc(n + 1, sizeof(*out->v));
	if (!out->v)
		return false;
	for (size_t z = 1; z < m->n_zones; z++)
		for (size_t k = 0; k < m->zones[z].n_networks; k++) {
			struct interval *i = &out->v[out->n++];
			interval_of_prefix(&m->zones[z].networks[k], i);
			i->zone = z;
		}
	qsort(out->v, out->n, sizeof(*out->v), interval_order);
	n = 0;
	for (size_t i = 0; i < out->n; i++) {
		struct interval *last = n ? &out->v[n - 1] : NULL;
		uint8_t next[OCTETS];
		if (last)
			memcpy(next, last->hi, OCTETS);
		if (last)
			step(next, 1);
		bool joins = last && last->zone == out->v[i].zone &&
			     memcmp(out->v[i].lo, next, OCTETS) <= 0;
		if (!joins)
			out->v[n++] = out->v[i];
		else if (memcmp(out->v[i].hi, last->hi, OCTETS) > 0)
			memcpy(last->hi, out->v[i].hi, OCTETS);
	}
	out->n = n;
	return true;
}

/* ---- parts ---- */

static struct part *part_of(struct compare_run *r, size_t old, size_t new)
{
	for (size_t i = 0; i < r->n_parts; i++)
		if (r->parts[i].old_zone == old && r->parts[i].new_zone == new)
			return &r->parts[i];
	r->parts = arena_grow(r->c->arena, r->parts, r->n_parts, sizeof(*r->parts));
	struct part *p = &r->parts[r->n_parts++];
	*p = (struct part){ .old_zone = old, .new_zone = new };
	return p;
}

/* Where both ends are those of a prefix, its length; else -1. */
static int prefix_length(const uint8_t lo[OCTETS], const uint8_t hi[OCTETS])
{
	int bits = lo[0] == 4 ? 32 : 128, len = 0;
	while (len < bits && ((lo[1 + len / 8] ^ hi[1 + len / 8]) >> (7 - len % 8) & 1) == 0)
		len++;
	for (int b = len; b < bits; b++)
		if ((lo[1 + b / 8] >> (7 - b % 8) & 1) || !(hi[1 + b / 8] >> (7 - b % 8) & 1))
			return -1;
	return len;
}

static void add_interval(struct compare_run *r, const struct interval *i, size_t old, size_t new)
{
	struct part *p = part_of(r, old, new);
	struct prefix from = { .a.family = i->lo[0] }, to = { .a.family = i->hi[0] };
	char text[ADDR_TEXT];
	int len = prefix_length(i->lo, i->hi);
	memcpy(from.a.b, i->lo + 1, 16);
	memcpy(to.a.b, i->hi + 1, 16);
	size_t had = strlen(p->buf);
	if (had + 2 * ADDR_TEXT + 8 > sizeof(p->buf)) {
		p->more++;
		return;
	}
	struct sb b = sb_init(p->buf + had, sizeof(p->buf) - had);
	sb_puts(&b, had ? ", " : "");
	from.len = len < 0 ? 0 : (uint8_t)len;
	if (len >= 0)
		prefix_text(&from, text);
	else
		addr_text(&from.a, text);
	sb_puts(&b, text);
	if (len < 0) {
		addr_text(&to.a, text);
		sb_printf(&b, "-%s", text);
	}
}

/* One step of the walk over both lists: from `at` on as far as neither begins nor ends. */
static void cut(struct compare_run *r, const struct interval *old, const struct interval *new,
		uint8_t at[OCTETS])
{
	const struct interval *both[] = { old, new };
	struct interval here = { .zone = 0 };
	size_t zones[2] = { 0, 0 };
	memset(here.hi, 0xff, OCTETS);
	memcpy(here.lo, at, OCTETS);
	for (unsigned s = 0; s < 2; s++) {
		uint8_t end[OCTETS];
		if (!both[s])
			continue;
		bool inside = memcmp(both[s]->lo, at, OCTETS) <= 0;
		memcpy(end, inside ? both[s]->hi : both[s]->lo, OCTETS);
		if (!inside)
			step(end, -1);
		if (inside)
			zones[s] = both[s]->zone;
		if (memcmp(end, here.hi, OCTETS) < 0)
			memcpy(here.hi, end, OCTETS);
	}
	if (zones[0] || zones[1])
		add_interval(r, &here, zones[0], zones[1]);
	memcpy(at, here.hi, OCTETS);
	step(at, 1);
}

static void cut_all(struct compare_run *r, const struct intervals *old, const struct intervals *new)
{
	size_t i = 0, k = 0;
	uint8_t at[OCTETS] = { 0 };
	while (i < old->n || k < new->n) {
		const struct interval *o = i < old->n ? &old->v[i] : NULL,
				      *n = k < new->n ? &new->v[k] : NULL;
		/* nothing is before the first of both */
		const struct interval *first = !o ? n : !n ? o : interval_order(o, n) < 0 ? o : n;
		if (memcmp(at, first->lo, OCTETS) < 0)
			memcpy(at, first->lo, OCTETS);
		cut(r, o, n, at);
		i += o && memcmp(o->hi, at, OCTETS) < 0;
		k += n && memcmp(n->hi, at, OCTETS) < 0;
	}
}

/* ---- which zone is which ---- */

static void choose(struct compare_run *r)
{
	const struct zone *old = r->old.m->zones, *new = r->new.m->zones;
	r->old_of = arena_alloc(r->c->arena, r->new.m->n_zones * sizeof(*r->old_of));
	r->new_of = arena_alloc(r->c->arena, r->old.m->n_zones * sizeof(*r->new_of));
	for (size_t i = 0; i < r->n_parts; i++) {
		size_t o = r->parts[i].old_zone, n = r->parts[i].new_zone;
		if (!o || !n)
			continue;
		bool same = strcmp(old[o].name, new[n].name) == 0;
		if (same || !r->old_of[n])
			r->old_of[n] = o;
		if (same || !r->new_of[o])
			r->new_of[o] = n;
	}
	/* A zone whose addresses are all others now: each has a finding of its own, and what its
	 * conduits permit is still the same. */
	for (size_t n = 1; n < r->new.m->n_zones; n++)
		for (size_t o = 1; !r->old_of[n] && o < r->old.m->n_zones; o++)
			if (!r->new_of[o] && strcmp(old[o].name, new[n].name) == 0) {
				r->old_of[n] = o;
				r->new_of[o] = n;
			}
}

bool compare_addresses(struct compare_run *r)
{
	struct intervals old = { .n = 0 }, new = { .n = 0 };
	bool ok = read_intervals(r->old.m, &old) && read_intervals(r->new.m, &new);
	if (ok) {
		cut_all(r, &old, &new);
		choose(r);
	}
	free(old.v);
	free(new.v);
	return ok;
}
