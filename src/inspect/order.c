/* SPDX-License-Identifier: MIT
 *
 * Packets of a recording in another order than they were sent in: what was seen of several wires or
 * queues is commonly written so, by some milliseconds. A TCP packet that continues, acknowledges or
 * opens what has not come yet is kept until it has, at most ORDER_NS by the recording's clock and
 * with ORDER_CONNECTION others of its connection. Then what is missing is missing (follow.c).
 *
 * On the wire there is nothing to wait for: each packet has its verdict at once.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "inspect/internal.h"

enum {
	ORDER_PACKETS = 64, /* kept at a time, of all connections, */
	ORDER_CONNECTION = 16,
	ORDER_BYTES = 16384, /* none larger */
};

#define ORDER_NS (SEC / 2)

struct kept_packet {
	struct inspect_pkt raw; /* .ip NULL: none */
	struct packet pkt;
	uint64_t order; /* they came in */
};

struct packet_order {
	unsigned n;
	uint64_t came;
	struct kept_packet v[ORDER_PACKETS];
	uint8_t bytes[ORDER_PACKETS][ORDER_BYTES];
};

bool order_new(struct inspect *in)
{
	if (!in->conf.recording)
		return true;
	in->order = pages_map(sizeof(*in->order));
	return in->order != NULL;
}

void order_free(struct inspect *in)
{
	pages_unmap(in->order, sizeof(*in->order));
}

/* ---- is it too early? ---- */

/* Does the packet need one that has not come? */
static bool is_early(struct inspect *in, const struct packet *p)
{
	int dir;
	const struct connection *f = connection_find(&in->connections, p, &dir);
	bool syn = (p->flags & TCP_SYN) != 0;
	if (!f)
		return !(p->flags & TCP_RST) && (!syn || (p->flags & TCP_ACK)) &&
		       inspect_follows(in, p);
	if (syn || (p->flags & TCP_RST))
		return false;
	if (f->state == CONN_SYN)
		return true;
	if (f->state != CONN_OPEN)
		return false;
	const struct half *own = &f->h[dir], *back = &f->h[!dir];
	uint32_t sent = half_end(own), had = half_end(back) + back->fin;
	bool behind = !own->unplaced && seq_lt(sent, p->seq) && p->seq - sent <= WINDOW_MAX,
	     knows = (p->flags & TCP_ACK) && !back->unplaced && seq_lt(had, p->ack) &&
		     p->ack - had <= WINDOW_MAX;
	return behind || knows;
}

static bool same_ends(const struct packet *a, const struct packet *b)
{
	return a->sport == b->sport && a->dport == b->dport && addr_eq(&a->src, &b->src) &&
	       addr_eq(&a->dst, &b->dst);
}

static bool same_connection(const struct packet *a, const struct packet *b)
{
	struct packet turned = {
		.src = b->dst, .dst = b->src, .sport = b->dport, .dport = b->sport
	};
	return same_ends(a, b) || same_ends(a, &turned);
}

/* ---- keeping, and going on ---- */

static bool keep(struct packet_order *o, const struct inspect_pkt *raw, const struct packet *p)
{
	unsigned own = 0, at = ORDER_PACKETS;
	for (unsigned i = 0; i < ORDER_PACKETS; i++) {
		if (!o->v[i].raw.ip)
			at = i;
		else
			own += same_connection(&o->v[i].pkt, p);
	}
	if (at == ORDER_PACKETS || own >= ORDER_CONNECTION || raw->len > ORDER_BYTES)
		return false;
	memcpy(o->bytes[at], raw->ip, raw->len);
	o->v[at] = (struct kept_packet){ .raw = *raw, .pkt = *p, .order = o->came++ };
	o->v[at].raw.ip = o->bytes[at];
	o->n++;
	return true;
}

static void go_on(struct inspect *in, struct kept_packet *k, uint64_t now, bool in_order,
		  const struct inspect_out *out)
{
	struct inspect_pkt raw = k->raw;
	raw.now_ns = now;
	k->raw.ip = NULL;
	in->order->n--;
	inspect_ordered(in, &raw, out, in_order);
}

/* The one to go on with when nothing that is missing comes any more: of the direction of the first
 * that came, the one that was sent first. */
static struct kept_packet *first_of(struct packet_order *o, const struct packet *p)
{
	struct kept_packet *first = NULL;
	for (unsigned i = 0; i < ORDER_PACKETS; i++) {
		struct kept_packet *k = &o->v[i];
		if (k->raw.ip && same_connection(&k->pkt, p) && (!first || k->order < first->order))
			first = k;
	}
	for (unsigned i = 0; first && i < ORDER_PACKETS; i++) {
		struct kept_packet *k = &o->v[i];
		if (k->raw.ip && same_ends(&k->pkt, &first->pkt) &&
		    seq_lt(k->pkt.seq, first->pkt.seq))
			first = k;
	}
	return first;
}

/* What was kept of this connection and is not too early any more; all: and the rest. */
static void release(struct inspect *in, const struct packet *p, bool all, uint64_t now,
		    const struct inspect_out *out)
{
	struct packet_order *o = in->order;
	struct packet of = *p; /* p may be one of those that go */
	for (unsigned turns = 0; o->n && turns < ORDER_PACKETS; turns++) {
		struct kept_packet *next = NULL;
		for (unsigned i = 0; i < ORDER_PACKETS; i++) {
			struct kept_packet *k = &o->v[i];
			if (k->raw.ip && same_connection(&k->pkt, &of) &&
			    (!next || k->order < next->order) && !is_early(in, &k->pkt))
				next = k;
		}
		bool due = next != NULL;
		if (!due && all)
			next = first_of(o, &of);
		if (!next)
			return;
		go_on(in, next, now, !due, out);
	}
}

/* Connections of which a packet waits for too long. */
static void release_old(struct inspect *in, uint64_t now, bool all, const struct inspect_out *out)
{
	struct packet_order *o = in->order;
	for (unsigned i = 0; o->n && i < ORDER_PACKETS; i++)
		if (o->v[i].raw.ip && (all || now - o->v[i].raw.now_ns > ORDER_NS))
			release(in, &o->v[i].pkt, true, now, out);
}

void order_packet(struct inspect *in, const struct inspect_pkt *raw, const struct inspect_out *out)
{
	struct packet p;
	release_old(in, raw->now_ns, false, out);
	bool tcp = !raw->partial && packet_parse(raw->ip, raw->len, false, &p) == R_NONE &&
		   p.l4 == IPPROTO_TCP && !p.fragment;
	bool early = tcp && is_early(in, &p);
	if (early && keep(in->order, raw, &p))
		return;
	if (early)
		release(in, &p, true, raw->now_ns, out);
	inspect_ordered(in, raw, out, early);
	if (tcp && in->order->n)
		release(in, &p, false, raw->now_ns, out);
}

void inspect_end(struct inspect *in, const struct inspect_pkt *last, const struct inspect_out *out)
{
	struct connections *t = &in->connections;
	in->out = out;
	if (in->order)
		release_old(in, last->now_ns, true, out);
	in->wall_ns = last->wall_ns;
	for (uint32_t i = 0; i < t->n - t->unused; i++) {
		struct connection *f = &t->v[i];
		if (f->state == CONN_FREE)
			continue;
		follow_end(in, f, last, out);
		resume_ended(in, f);
	}
}
