/* SPDX-License-Identifier: MIT
 *
 * Ranges of ports. Where some flow has one, the ports of all flows are cut at every beginning and
 * end of a range, so that each piece is inside a range or outside, and `port-ranges` is the map
 * port -> first port of its piece. The maps of flows have pieces instead of ports: one element for
 * each piece that a flow has, as zone4 has one for each network. */
#include "compile/ruleset-rules.h"

#include <netinet/in.h>
#include <stdlib.h>

bool ruleset_has_ranges(const struct model *m)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++) {
			const struct flow *f = &m->conduits[i].flows[k];
			for (size_t p = 0; p < f->n_ports; p++)
				if (f->ports[p].lo != f->ports[p].hi)
					return true;
		}
	return false;
}

bool ruleset_has_protocols(const struct model *m)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++)
			if (m->conduits[i].flows[k].l4 == IPPROTO_RAW)
				return true;
	return false;
}

bool ruleset_has_isolated(const struct model *m)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_legs; k++)
			if (m->conduits[i].legs[k].isolated)
				return true;
	return false;
}

/* What begins and ends at each port, and who is to blame. */
struct cut {
	int inside; /* ranges that begin, less those that ended before */
	bool is;
	struct where at;
};

enum { PORTS = 65536 };

static void cut_at(struct cut *v, const struct port_range *r, struct where at)
{
	v[r->lo].inside++;
	v[r->hi + 1].inside--;
	v[r->lo].is = v[r->hi + 1].is = true;
	v[r->lo].at = at;
}

static struct rs_elem *add_bound(struct ruleset *rs, struct rs_set *set, uint32_t port,
				 struct where at)
{
	struct rs_elem *e = ruleset_add(rs, set, at, NULL);
	e->key[0] = (uint8_t)(port >> 8);
	e->key[1] = (uint8_t)port;
	return e;
}

void ruleset_ports(struct ruleset *rs, struct rs_set *set, const struct model *m)
{
	int inside = 0;
	struct cut *v = arena_alloc(rs->arena, (PORTS + 1) * sizeof(*v));
	memset(v, 0, (PORTS + 1) * sizeof(*v));
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++) {
			const struct flow *f = &m->conduits[i].flows[k];
			for (size_t p = 0; p < f->n_ports; p++)
				cut_at(v, &f->ports[p], f->at);
		}
	rs->pieces = arena_alloc(rs->arena, PORTS / 8);
	memset(rs->pieces, 0, PORTS / 8);
	for (uint32_t p = 0; p < PORTS; p++) {
		int before = inside;
		inside += v[p].inside;
		if (!v[p].is)
			continue;
		if (before)
			add_bound(rs, set, p, rs->at)->end = true;
		if (!inside)
			continue;
		add_bound(rs, set, p, v[p].at)->mark = p;
		rs->pieces[p / 8] |= (uint8_t)(1u << p % 8);
	}
}

uint32_t ruleset_port_next(const struct ruleset *rs, const struct port_range *r, uint32_t from)
{
	if (!rs->port_ranges)
		return from <= r->lo ? r->lo : 0;
	for (uint32_t p = from; p <= r->hi; p++)
		if (rs->pieces[p / 8] & 1u << p % 8)
			return p;
	return 0;
}

void ruleset_put_port(const struct ruleset *rs, struct rs_elem *e, size_t word, uint32_t port)
{
	if (rs->port_ranges) {
		put32(e, word, port);
		return;
	}
	e->key[4 * word] = (uint8_t)(port >> 8);
	e->key[4 * word + 1] = (uint8_t)port;
}
