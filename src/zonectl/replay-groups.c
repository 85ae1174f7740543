/* SPDX-License-Identifier: MIT
 *
 * Which packets must be judged by one inspector in the order of the capture: those of one
 * connection, and all whose verdicts depend on each other. These are, as the table says,
 *
 *	the rates of a conduit			by conduit, where it has limits
 *	what a protocol keeps of stations	by server, where proto_ops.common is not 0
 *
 * and where a model has both, one group for all of these, since a conduit's stations may be another
 * one's, too. The group follows from the packet alone, the same for both directions: a packet does
 * not say who opened its connection, so both ends are asked for, the lower one first.
 */
#include <string.h>

#include "base/siphash.h"
#include "inspect/proto.h"
#include "zonectl/replay-parts.h"

/* Not secret: who makes a capture in which all connections are of one group gains nothing. */
static const uint64_t group_key[2] = { 1, 2 };

static bool has_rates(const struct pol_flow *f)
{
	return f->max_requests || f->max_writes;
}

static bool shares_stations(uint8_t proto)
{
	return proto_of(proto) && proto_of(proto)->common;
}

void groups_init(struct groups *g, const struct replay *r)
{
	*g = (struct groups){ .r = r, .by_server = !r->img };
	for (uint32_t i = 0; r->img && i < r->img->n_flows; i++) {
		const struct pol_flow *f = policy_flow(r->img, (uint16_t)i);
		g->by_conduit |= has_rates(f);
		g->by_server |= shares_stations(f->proto);
	}
}

/* Two ends: one of them is the server. */
struct ends {
	const struct addr *a, *b;
	uint16_t a_port, b_port;
	uint8_t l4;
};

static struct ends ends_in_order(const struct packet *p)
{
	int order = memcmp(p->src.b, p->dst.b, sizeof(p->src.b));
	if (order < 0 || (order == 0 && p->sport <= p->dport))
		return (struct ends){ &p->src, &p->dst, p->sport, p->dport, p->l4 };
	return (struct ends){ &p->dst, &p->src, p->dport, p->sport, p->l4 };
}

static unsigned hash_words(const uint64_t *w, size_t n)
{
	return (unsigned)(siphash_words(group_key, w, n) % REPLAY_GROUPS);
}

static unsigned by_ends(const struct ends *e)
{
	uint64_t w[5];
	memcpy(w, e->a->b, 16);
	memcpy(w + 2, e->b->b, 16);
	w[4] = (uint64_t)e->a_port << 32 | (uint64_t)e->b_port << 16 | e->l4;
	return hash_words(w, 5);
}

static unsigned by_server(const struct addr *server)
{
	uint64_t w[2];
	memcpy(w, server->b, 16);
	return hash_words(w, 2);
}

/* Without a model: ports tell. */
static unsigned group_by_port(const struct groups *g, const struct ends *e, uint8_t *proto)
{
	const uint8_t *speaks = g->r->speaks;
	bool at_a = proto_over(speaks[e->a_port], e->l4),
	     at_b = proto_over(speaks[e->b_port], e->l4);
	*proto = at_a ? speaks[e->a_port] : at_b ? speaks[e->b_port] : PROTO_NONE;
	return shares_stations(*proto) ? by_server(at_a ? e->a : e->b) : by_ends(e);
}

unsigned group_of(const struct groups *g, const struct packet *p, uint8_t *proto)
{
	const struct ends e = ends_in_order(p);
	const struct pol_image *img = g->r->img;
	if (!img)
		return group_by_port(g, &e, proto);
	uint16_t id = policy_classify(img, e.b, e.a, e.l4, e.a_port);
	const struct addr *server = e.a;
	if (id == 0xffff) {
		id = policy_classify(img, e.a, e.b, e.l4, e.b_port);
		server = e.b;
	}
	const struct pol_flow *f = policy_flow(img, id);
	*proto = f ? f->proto : PROTO_NONE;
	bool rates = f && has_rates(f), stations = shares_stations(*proto);
	if ((rates || stations) && g->by_conduit && g->by_server)
		return 0;
	if (rates)
		return hash_words(&(uint64_t){ f->conduit_id }, 1);
	return stations ? by_server(server) : by_ends(&e);
}
