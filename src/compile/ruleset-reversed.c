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

static void add_reversed_port(struct ruleset *rs, struct rs_set *set, const struct by_zones *w,
			      const struct flow *f, uint32_t port, uint16_t inspected)
{
	struct rs_elem *e = ruleset_add(rs, set, f->at, w->c->name);
	put32(e, 0, w->from);
	put32(e, 1, w->to);
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
	const struct by_zones want = { from, to, NULL };
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
		*n += m->conduits[i].n_legs;
	struct by_zones *v = arena_alloc(rs->arena, (*n + 1) * sizeof(*v)), *to = v;
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_legs; k++)
			*to++ = (struct by_zones){ m->conduits[i].legs[k].from,
						   m->conduits[i].legs[k].to, &m->conduits[i] };
	if (*n)
		qsort(v, *n, sizeof(*v), zones_cmp);
	return v;
}

void ruleset_reversed(struct ruleset *rs, struct rs_set *set, const struct model *m,
		      struct errs *errs)
{
	size_t n;
	const struct by_zones *v = sort_legs(rs, m, &n);
	for (size_t i = 0; i < n; i++) {
		const struct conduit *c = v[i].c;
		const struct by_zones *w = first_of(v, n, v[i].to, v[i].from);
		for (; w < v + n && w->from == v[i].to && w->to == v[i].from; w++)
			for (size_t k = 0; k < c->n_flows; k++)
				if (c->flows[k].proto != PROTO_NONE &&
				    !add_conduit(rs, set, w, c, &c->flows[k])) {
					errs_add(errs, w->c->at.file, w->c->at.line,
						 "conduit \"%s\": its ports and those "
						 "inspected in conduit \"%s\" the other way (line "
						 "%u) make more than %d "
						 "pairs; write fewer ports",
						 w->c->name, c->name, c->at.line, RS_REVERSED_MAX);
					return;
				}
	}
}
