/* SPDX-License-Identifier: MIT
 *
 * The set `reversed`: connections that would turn an inspected one round.
 *
 * Connection tracking may forget a connection while both ends still have it: a time-out, conntrack
 * -D, a restart, a RST that it believes and that the device never gets. The next packet then begins
 * a new connection, and if it is the server's, in the other direction. Where a conduit permits that
 * direction, and the client has chosen its port for it, what the client sends next would be the
 * answers of a flow without inspection.
 *
 * So for each inspected service, and each flow of the opposite conduits that is judged less than
 * it, the set has client zone . server zone . protocol . port of the client . port of the server of
 * the connection that would be the same one turned round. Nobody's client uses the port of a
 * service that it offers itself, but over UDP, where both ends may have a protocol's port: with
 * both directions inspected alike that is permitted. */
#include "compile/ruleset-rules.h"

#include <stdlib.h>

/* Legs of conduits in the order of their zones, so that those of the other direction are found
 * quickly. */
struct by_zones {
	size_t from, to;
	const struct conduit *c;
	struct end_pair ends;
};

static int zones_cmp(const void *x, const void *y)
{
	const struct by_zones *a = x, *b = y;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	return 0;
}

enum judged { UNJUDGED, JUDGED_OR_PASSED, JUDGED };

/* Degree to which connections of this flow are sure to be judged. JUDGED_OR_PASSED: the conduit
 * observes, or fails open. */
static enum judged judged(const struct conduit *c, const struct flow *f)
{
	if (f->proto == PROTO_NONE)
		return UNJUDGED;
	return model_mode_of(c) == MODE_OBSERVE || c->fail == FAIL_OPEN ? JUDGED_OR_PASSED : JUDGED;
}

/* What two ends of one zone have in common_end: all of it, or one class of assets. False: nothing.
 */
static bool common_end(size_t zone, size_t a, size_t b, size_t *out)
{
	*out = a == zone ? b : a;
	return a == b || a == zone || b == zone;
}

static void add_reversed_port(struct ruleset *rs, struct rs_set *set, const struct by_zones *w,
			      const struct flow *f, uint32_t port, uint16_t inspected)
{
	struct rs_elem *e = ruleset_add(rs, set, f->at, w->c->name);
	put32(e, 0, w->ends.from);
	put32(e, 1, w->ends.to);
	e->key[8] = f->l4;
	e->key[12] = (uint8_t)(inspected >> 8);
	e->key[13] = (uint8_t)inspected;
	ruleset_put_port(rs, e, 4, port);
}

/* False: there are too many. */
static bool add_ports(struct ruleset *rs, struct rs_set *set, const struct by_zones *w,
		      const struct flow *g, uint16_t inspected)
{
	for (size_t n = 0; n < g->n_ports; n++) {
		const struct port_range *r = &g->ports[n];
		for (uint32_t p = ruleset_port_next(rs, r, r->lo); p;
		     p = ruleset_port_next(rs, r, p + 1)) {
			if (set->n_elems == RS_REVERSED_MAX)
				return false;
			add_reversed_port(rs, set, w, g, p, inspected);
		}
	}
	return true;
}

/* The flows of leg w that would turn round flow f of the conduit opposite. False: there are too
 * many. */
static bool add_conduit(struct ruleset *rs, struct rs_set *set, const struct by_zones *w,
			const struct conduit *opposite, const struct flow *f)
{
	const struct conduit *c = w->c;
	for (size_t i = 0; i < c->n_flows; i++) {
		const struct flow *g = &c->flows[i];
		if (g->l4 != f->l4 || judged(c, g) >= judged(opposite, f))
			continue;
		for (size_t k = 0; k < f->n_ports; k++)
			if (!add_ports(rs, set, w, g, f->ports[k].lo))
				return false;
	}
	return true;
}

static const struct by_zones *first_of(const struct by_zones *v, size_t n, size_t from, size_t to)
{
	const struct by_zones want = { from, to, NULL, { 0, 0 } };
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (zones_cmp(&v[mid], &want) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return v + lo;
}

/* The legs in their order; n of them. */
static struct by_zones *sort_legs(struct ruleset *rs, const struct model *m, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_legs; k++)
			*n += model_leg_pairs(&m->conduits[i].legs[k]);
	struct by_zones *v = arena_alloc(rs->arena, (*n + 1) * sizeof(*v)), *to = v;
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_legs; k++) {
			const struct leg *g = &m->conduits[i].legs[k];
			for (size_t e = 0; e < model_leg_pairs(g); e++)
				*to++ = (struct by_zones){ g->from, g->to, &m->conduits[i],
							   model_leg_pair(g, e) };
		}
	if (*n)
		qsort(v, *n, sizeof(*v), zones_cmp);
	return v;
}

/* Of leg w all that would turn round the inspected flows of the leg opposite. False: there are too
 * many. */
static bool add_reversed_pair(struct ruleset *rs, struct rs_set *set, const struct by_zones *w,
			      const struct by_zones *opposite)
{
	struct by_zones both = *w;
	const struct conduit *c = opposite->c;
	if (!common_end(w->from, w->ends.from, opposite->ends.to, &both.ends.from) ||
	    !common_end(w->to, w->ends.to, opposite->ends.from, &both.ends.to))
		return true;
	for (size_t k = 0; k < c->n_flows; k++)
		if (c->flows[k].proto != PROTO_NONE &&
		    !add_conduit(rs, set, &both, c, &c->flows[k]))
			return false;
	return true;
}

static int reversed_order(const void *x, const void *y)
{
	const struct rs_elem *a = x, *b = y;
	return memcmp(a->key, b->key, RS_KEY_MAX);
}

/* Two pairs of ends may have the same assets in common_end. */
static void once(struct rs_set *set, bool assets)
{
	size_t n = 0;
	if (!assets || !set->n_elems)
		return;
	qsort(set->elems, set->n_elems, sizeof(*set->elems), reversed_order);
	for (size_t i = 0; i < set->n_elems; i++)
		if (n == 0 || reversed_order(&set->elems[n - 1], &set->elems[i]) != 0)
			set->elems[n++] = set->elems[i];
	set->n_elems = n;
}

void ruleset_reversed(struct ruleset *rs, struct rs_set *set, const struct model *m,
		      struct errs *errs)
{
	size_t n;
	const struct by_zones *v = sort_legs(rs, m, &n);
	for (size_t i = 0; i < n; i++) {
		const struct conduit *c = v[i].c;
		const struct by_zones *w = first_of(v, n, v[i].to, v[i].from);
		for (; w < v + n && w->from == v[i].to && w->to == v[i].from; w++) {
			if (add_reversed_pair(rs, set, w, &v[i]))
				continue;
			errs_add(errs, w->c->at.file, w->c->at.line,
				 "conduit \"%s\": its ports and those "
				 "inspected in conduit \"%s\" the other way (line "
				 "%u) make more than %d "
				 "pairs; write fewer ports",
				 w->c->name, c->name, c->at.line, RS_REVERSED_MAX);
			return;
		}
	}
	once(set, rs->assets);
}
