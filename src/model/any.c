/* SPDX-License-Identifier: MIT
 *
 * The zone with networks = "any": all addresses that no zone has, as prefixes, so that whatever
 * reads a zone's networks need not know. Left out are addresses that no router forwards packets
 * from or to (RFC 6890): these stay in no zone unless one names them. */
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

/* This network, loopback, link-local, multicast and what is reserved with the broadcast address;
 * unspecified with loopback and IPv4 in IPv6 form, link-local, multicast. */
static const char *const never[] = { "0.0.0.0/8",   "127.0.0.0/8", "169.254.0.0/16",
				     "224.0.0.0/3", "::/96",	   "::ffff:0.0.0.0/96",
				     "fe80::/10",   "ff00::/8" };
enum { NEVER = sizeof(never) / sizeof(never[0]) };

struct taken {
	struct addr lo, hi; /* inclusive */
};

static unsigned bits_of(const struct addr *a)
{
	return a->family == 4 ? 32 : 128;
}

static struct addr last_of(const struct prefix *p)
{
	struct addr a = p->a;
	for (unsigned i = p->len; i < bits_of(&a); i++)
		a.b[i / 8] |= (uint8_t)(0x80u >> i % 8);
	return a;
}

static int addr_order_of(const struct addr *a, const struct addr *b)
{
	return a->family != b->family ? a->family - b->family : memcmp(a->b, b->b, sizeof(a->b));
}

static int taken_order(const void *x, const void *y)
{
	return addr_order_of(&((const struct taken *)x)->lo, &((const struct taken *)y)->lo);
}

/* By one. False: there is none. */
static bool addr_step(struct addr *a, bool up)
{
	for (unsigned i = bits_of(a) / 8; i-- > 0;) {
		a->b[i] = (uint8_t)(up ? a->b[i] + 1 : a->b[i] - 1);
		if (a->b[i] != (up ? 0 : 0xff))
			return true;
	}
	return false;
}

static void add_prefix(struct load *l, struct zone *z, const struct prefix *p)
{
	struct arena *a = l->m->arena;
	z->networks = arena_grow(a, z->networks, z->n_networks, sizeof(*z->networks));
	z->networks_at = arena_grow(a, z->networks_at, z->n_networks, sizeof(*z->networks_at));
	z->networks_at[z->n_networks] = z->any_at;
	z->networks[z->n_networks++] = *p;
}

/* The widest prefix that begins at lo and ends at hi at the latest. */
static struct prefix widest(const struct addr *lo, const struct addr *hi)
{
	struct prefix p = { *lo, (uint8_t)bits_of(lo) };
	while (p.len > 0) {
		unsigned i = p.len - 1u;
		struct prefix wider = { *lo, (uint8_t)i };
		struct addr last = last_of(&wider);
		if (lo->b[i / 8] & 0x80u >> i % 8 || addr_order_of(&last, hi) > 0)
			break;
		p = wider;
	}
	return p;
}

static void add_gap(struct load *l, struct zone *z, struct addr lo, const struct addr *hi)
{
	bool more = true;
	while (more && addr_order_of(&lo, hi) <= 0) {
		const struct prefix p = widest(&lo, hi);
		add_prefix(l, z, &p);
		lo = last_of(&p);
		more = addr_step(&lo, true);
	}
}

static struct taken *take_all(struct load *l, size_t *n)
{
	const struct model *m = l->m;
	bool host_bits;
	*n = NEVER;
	for (size_t i = 1; i < m->n_zones; i++)
		*n += m->zones[i].n_networks;
	struct taken *v = arena_alloc(m->arena, *n * sizeof(*v));
	for (size_t i = 0; i < NEVER; i++) {
		struct prefix p;
		if (!prefix_parse(never[i], &p, &host_bits))
			abort();
		v[i] = (struct taken){ p.a, last_of(&p) };
	}
	struct taken *to = v + NEVER;
	for (size_t i = 1; i < m->n_zones; i++)
		for (size_t k = 0; k < m->zones[i].n_networks; k++)
			*to++ = (struct taken){ m->zones[i].networks[k].a,
						last_of(&m->zones[i].networks[k]) };
	qsort(v, *n, sizeof(*v), taken_order);
	return v;
}

/* Both families begin and end with what is never forwarded, so every gap is between two. */
static void fill(struct load *l, struct zone *z)
{
	size_t n;
	const struct taken *v = take_all(l, &n);
	struct addr end = v[0].hi; /* the last that is taken */
	for (size_t i = 1; i < n; i++) {
		struct addr lo = end, hi = v[i].lo;
		if (hi.family == lo.family && addr_order_of(&hi, &lo) > 0 && addr_step(&lo, true) &&
		    addr_step(&hi, false))
			add_gap(l, z, lo, &hi);
		if (addr_order_of(&v[i].hi, &end) > 0)
			end = v[i].hi;
	}
}

void check_any(struct load *l)
{
	const struct model *m = l->m;
	struct zone *first = NULL;
	for (size_t i = 1; i < m->n_zones; i++) {
		struct zone *z = &m->zones[i];
		if (!z->any)
			continue;
		if (first)
			complain(l, z->any_at,
				 "zone \"%s\" has all addresses that no zone has, and so has zone "
				 "\"%s\" at %s:%u; write the networks of one of the two",
				 z->name, first->name, first->any_at.file, first->any_at.line);
		else if (!model_path_owner(m, z))
			complain(
				l, z->any_at,
				"zone \"%s\" has all addresses that no zone has, so it must say by "
				"which interfaces they come; write interfaces = [ \"NAME\" ];",
				z->name);
		first = first ? first : z;
	}
	if (first)
		fill(l, first);
}
