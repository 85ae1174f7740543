/* SPDX-License-Identifier: MIT
 *
 * A table of connections of fixed size, and of each what the rules do with its packets in either
 * direction, so that they are asked once. Where the table is full the connection that was silent
 * for longest is forgotten, and its next packet is the first of one that began earlier.
 */
#include "recording/uninspected.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "packet/packet.h"
#include "proto/list.h"

enum { PLACES = 1 << 16, WAYS_OF_PLACE = 4 };
enum { SECOND = 1000000000 };
enum { SIDE_NONE = 2 };

/* The two ends in the order of their octets: 0 is the lower one. */
struct tracked {
	struct addr end[2];
	uint16_t port[2];
	uint8_t l4;
	uint8_t request; /* of ICMP: the type that opens it */
	uint8_t client;	 /* the end that opened it; SIDE_NONE: nothing of it has passed */
	uint8_t opener;	 /* the same, whatever passed; SIDE_NONE: not known */
	uint8_t known;	 /* bit by sender: fate and why are known */
	uint8_t fate[2];
	uint16_t why[2];
	uint64_t last_ns; /* 0: the place is free */
};

struct uninspected {
	struct reach *reach;
	uint64_t first_ns;
	uint8_t serves[(1 << 16) / 8]; /* a bit for each port that a server of the model has */
	struct tracked v[PLACES];
};

enum { SYSTEM_PORTS = 1024 };

static bool is_server_port(const struct uninspected *u, uint16_t port)
{
	return port < SYSTEM_PORTS || u->serves[port / 8] >> (port % 8) & 1;
}

static void know_port(struct uninspected *u, uint16_t port)
{
	u->serves[port / 8] |= (uint8_t)(1u << (port % 8));
}

static void know_server_ports(struct uninspected *u, const struct model *m)
{
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
		know_port(u, proto_port(p));
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++) {
			const struct flow *f = &m->conduits[i].flows[k];
			for (size_t n = 0; n < f->n_ports; n++)
				for (uint32_t port = f->ports[n].lo; port <= f->ports[n].hi; port++)
					know_port(u, (uint16_t)port);
		}
}

struct uninspected *uninspected_new(const struct model *m)
{
	struct errs errs;
	struct uninspected *u = calloc(1, sizeof(*u));
	errs_init(&errs);
	if (u)
		u->reach = reach_new(m, &errs);
	else
		errs_add(&errs, m->path, 0, "out of memory");
	errs_print(&errs, stderr);
	errs_free(&errs);
	if (u && u->reach) {
		know_server_ports(u, m);
		return u;
	}
	free(u);
	return NULL;
}

void uninspected_free(struct uninspected *u)
{
	if (u)
		reach_free(u->reach);
	free(u);
}

/* ---- the table ---- */

static int end_order(const struct tracked *k)
{
	int d = memcmp(k->end[0].b, k->end[1].b, sizeof(k->end[0].b));
	return d ? d : k->port[0] - k->port[1];
}

/* The connection of a packet, and which of its ends sent it. */
static unsigned ends_of_packet(const struct packet *p, struct tracked *k)
{
	*k = (struct tracked){ .end = { p->src, p->dst },
			       .port = { p->sport, p->dport },
			       .l4 = p->l4,
			       .client = SIDE_NONE,
			       .opener = SIDE_NONE };
	if (end_order(k) <= 0)
		return 0;
	*k = (struct tracked){ .end = { p->dst, p->src },
			       .port = { p->dport, p->sport },
			       .l4 = p->l4,
			       .client = SIDE_NONE,
			       .opener = SIDE_NONE };
	return 1;
}

static bool same_connection(const struct tracked *a, const struct tracked *b)
{
	return a->l4 == b->l4 && a->request == b->request && a->port[0] == b->port[0] &&
	       a->port[1] == b->port[1] && addr_eq(&a->end[0], &b->end[0]) &&
	       addr_eq(&a->end[1], &b->end[1]);
}

/* Silent for so long that connection tracking has forgotten it. */
static bool has_ended(const struct tracked *t, uint64_t now)
{
	return t->l4 != IPPROTO_TCP && now - t->last_ns > (uint64_t)UNINSPECTED_YOUNG * SECOND;
}

static struct tracked *track(struct uninspected *u, const struct tracked *k, uint64_t now)
{
	static const uint64_t key[2] = { 1, 2 };
	uint64_t w[5];
	memcpy(w, k->end[0].b, 16);
	memcpy(w + 2, k->end[1].b, 16);
	w[4] = (uint64_t)k->port[0] << 32 | (uint64_t)k->port[1] << 16 | (uint64_t)k->request << 8 |
	       k->l4;
	size_t at = (size_t)siphash_words(key, w, 5) & (PLACES - WAYS_OF_PLACE);
	struct tracked *oldest = &u->v[at];
	for (size_t i = at; i < at + WAYS_OF_PLACE; i++) {
		struct tracked *t = &u->v[i];
		if (t->last_ns && same_connection(t, k)) {
			if (has_ended(t, now))
				*t = *k;
			t->last_ns = now;
			return t;
		}
		if (t->last_ns < oldest->last_ns)
			oldest = t;
	}
	*oldest = *k;
	oldest->last_ns = now;
	return oldest;
}

/* ---- asking the rules ---- */

static struct reach_packet packet_of(const struct tracked *t, unsigned from, unsigned client)
{
	struct reach_packet p = { .answer = from != client };
	p.of.client = t->end[client];
	p.of.server = t->end[!client];
	p.of.cport = t->port[client];
	p.of.sport = t->port[!client];
	p.of.l4 = t->l4;
	p.of.request = t->request;
	return p;
}

/* Keeps the answer for packets of this end. */
static bool ask(struct uninspected *u, struct tracked *t, unsigned from,
		const struct reach_packet *p)
{
	const struct reach_answer a = reach_of(u->reach, p);
	t->known |= (uint8_t)(1u << from);
	t->fate[from] = (uint8_t)a.fate;
	t->why[from] = (uint16_t)a.why;
	return !reach_refuses(&a);
}

static bool passes_as_opening(struct uninspected *u, struct tracked *t, unsigned from, uint8_t type)
{
	struct reach_packet p = packet_of(t, from, from);
	p.state = REACH_OPENS;
	p.icmp_type = type;
	if (!ask(u, t, from, &p))
		return false;
	t->client = (uint8_t)from;
	t->known = (uint8_t)(1u << from);
	return true;
}

/* As an answer of what the other end opened. */
static bool passes_as_answer(struct uninspected *u, struct tracked *t, unsigned from, uint8_t type)
{
	struct reach_packet opening = packet_of(t, !from, !from), p = packet_of(t, from, !from);
	opening.state = REACH_OPENS;
	opening.icmp_type = p.icmp_type = type;
	p.state = REACH_CONTINUES;
	const struct reach_answer opened = reach_of(u->reach, &opening);
	if (reach_refuses(&opened) || !ask(u, t, from, &p))
		return false;
	t->client = !from;
	return true;
}

static bool is_icmp(uint8_t l4)
{
	return l4 == IPPROTO_ICMP || l4 == IPPROTO_ICMPV6;
}

/* Of ICMP: echo, timestamp, information, address mask; of ICMPv6: echo, node information. */
static bool is_reply(const struct packet *p, uint8_t type)
{
	bool v4 = type == 0 || type == 14 || type == 16 || type == 18;
	return is_icmp(p->l4) && (p->l4 == IPPROTO_ICMP ? v4 : type == 129 || type == 140);
}

/* A packet of which nothing has passed before. The reason is that of the opening, which is what a
 * model has conduits for; connection tracking knows no opening that looks like an answer. */
static void ask_first(struct uninspected *u, struct tracked *t, unsigned from,
		      const struct packet *p, uint8_t type)
{
	bool tcp = p->l4 == IPPROTO_TCP, syn = tcp && (p->flags & TCP_SYN);
	bool answers = (syn && (p->flags & TCP_ACK)) || is_reply(p, type);
	bool young = t->last_ns - u->first_ns <= (uint64_t)UNINSPECTED_YOUNG * SECOND;
	bool may_answer = answers || (tcp && !syn) || (young && p->l4 == IPPROTO_UDP);
	if (answers) {
		t->known |= (uint8_t)(1u << from);
		t->fate[from] = REACH_REFUSED;
		t->why[from] = R_NO_CONDUIT;
	} else if (passes_as_opening(u, t, from, type)) {
		return;
	}
	if (may_answer)
		passes_as_answer(u, t, from, type);
}

/* ---- who opened it ---- */

static unsigned likely_opener(const struct uninspected *u, const struct tracked *t, unsigned from,
			      bool answers)
{
	bool own = is_server_port(u, t->port[from]), other = is_server_port(u, t->port[!from]);
	if (answers)
		return !from;
	if (is_icmp(t->l4))
		return from;
	if (own != other)
		return own ? !from : from;
	return t->l4 == IPPROTO_TCP ? SIDE_NONE : from; /* of TCP the first packet is a SYN */
}

static void note_opener(const struct uninspected *u, struct tracked *t, unsigned from,
			const struct packet *p, uint8_t type)
{
	if (p->l4 == IPPROTO_TCP && (p->flags & TCP_SYN))
		t->opener = (uint8_t)(p->flags & TCP_ACK ? !from : from);
	else if (t->opener == SIDE_NONE)
		t->opener = (uint8_t)likely_opener(u, t, from, is_reply(p, type));
}

static enum uninspected_sender sender_of(const struct tracked *t, unsigned from)
{
	unsigned opener = t->client != SIDE_NONE ? t->client : t->opener;
	if (opener == SIDE_NONE)
		return SENDER_UNKNOWN;
	return from == opener ? SENDER_OPENED : SENDER_ANSWERS;
}

static struct tracked *tracked_of(struct uninspected *u, const struct packet *p, uint8_t type,
				  uint64_t now, unsigned *from)
{
	struct tracked k;
	*from = ends_of_packet(p, &k);
	k.request = is_icmp(p->l4) ? reach_request(p->src.family, type) : 0;
	struct tracked *t = track(u, &k, now);
	bool syn = p->l4 == IPPROTO_TCP && (p->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	if (syn && t->client == !*from) { /* the ports are in use again */
		t->client = SIDE_NONE;
		t->known = 0;
	}
	note_opener(u, t, *from, p, type);
	if (t->known >> *from & 1)
		return t;
	if (t->client == SIDE_NONE) {
		ask_first(u, t, *from, p, type);
		return t;
	}
	struct reach_packet next = packet_of(t, *from, t->client);
	next.state = REACH_CONTINUES;
	next.icmp_type = type;
	ask(u, t, *from, &next);
	return t;
}

/* ---- ICMP ---- */

/* Of a packet that is cut short as far as it is there. */
static bool facts_of_packet(const uint8_t *ip, size_t n, struct packet *p)
{
	if (packet_parse(ip, n, false, p) == R_NONE)
		return true;
	if (!packet_ends(ip, n, p))
		return false;
	p->ip = ip;
	p->ip_len = n;
	p->l4_off = p->src.family == 4 ? (uint16_t)((ip[0] & 15) * 4) : 40;
	return true;
}

/* Echo requests and answers have a number instead of ports. */
static uint8_t icmp_facts(struct packet *p, const uint8_t *ip, size_t n)
{
	if (!is_icmp(p->l4) || p->l4_off + 8u > n || p->fragment)
		return 0;
	p->sport = p->dport = (uint16_t)(ip[p->l4_off + 4] << 8 | ip[p->l4_off + 5]);
	return ip[p->l4_off];
}

static bool is_error_type(uint8_t l4, uint8_t type)
{
	if (l4 == IPPROTO_ICMPV6)
		return type >= 1 && type <= 4;
	return l4 == IPPROTO_ICMP &&
	       (type == 3 || type == 4 || type == 5 || type == 11 || type == 12);
}

/* About the connection of the packet that it quotes, and in the other direction than that one. */
static struct uninspected_answer refused_for(enum reason why, enum uninspected_sender sender)
{
	return (struct uninspected_answer){ UNINSPECTED_REFUSED, why, sender };
}

static struct uninspected_answer error_fate(struct uninspected *u, const struct packet *p,
					    uint8_t type, uint64_t now)
{
	struct packet quoted;
	unsigned from;
	const uint8_t *inner = p->ip + p->l4_off + 8;
	size_t n = p->ip_len > p->l4_off + 8u ? p->ip_len - p->l4_off - 8u : 0;
	if (!n || !facts_of_packet(inner, n, &quoted))
		return (struct uninspected_answer){ .fate = UNINSPECTED_NOT };
	uint8_t inner_type = icmp_facts(&quoted, inner, n);
	const struct tracked *t = tracked_of(u, &quoted, inner_type, now, &from);
	if (t->client == SIDE_NONE)
		return refused_for((enum reason)t->why[from], SENDER_ANSWERS);
	struct reach_packet e = packet_of(t, !from, t->client);
	e.state = REACH_ERROR;
	e.router = p->src;
	e.icmp_type = type;
	e.length = (uint16_t)(p->src.family == 4 ? p->ip_len : p->ip_len - 40);
	const struct reach_answer a = reach_of(u->reach, &e);
	if (reach_refuses(&a))
		return refused_for(a.why, SENDER_ANSWERS);
	return (struct uninspected_answer){ .fate = UNINSPECTED_PASSES };
}

/* ---- a packet ---- */

static struct uninspected_answer answer_for(const struct tracked *t, unsigned from)
{
	if (t->fate[from] == REACH_REFUSED || t->fate[from] == REACH_OBSERVED)
		return refused_for((enum reason)t->why[from], sender_of(t, from));
	return (struct uninspected_answer){ .fate = t->fate[from] == REACH_INSPECTED
							    ? UNINSPECTED_NOT
							    : UNINSPECTED_PASSES };
}

/* Without ports only its zones are known. */
static enum uninspected_fate portless_fate(const struct uninspected *u, const struct packet *p)
{
	size_t zone = reach_zone(u->reach, &p->src);
	return zone && zone == reach_zone(u->reach, &p->dst) ? UNINSPECTED_PASSES : UNINSPECTED_NOT;
}

struct uninspected_answer uninspected_packet(struct uninspected *u, const uint8_t *ip, size_t n,
					     uint64_t now_ns)
{
	struct packet p;
	unsigned from;
	if (!u->first_ns)
		u->first_ns = now_ns;
	if (!facts_of_packet(ip, n, &p))
		return (struct uninspected_answer){ .fate = UNINSPECTED_NOT };
	bool ports = p.l4 == IPPROTO_TCP || p.l4 == IPPROTO_UDP;
	if (p.fragment || (ports && !p.has_ports))
		return (struct uninspected_answer){ .fate = portless_fate(u, &p) };
	uint8_t type = icmp_facts(&p, ip, n);
	if (is_error_type(p.l4, type))
		return error_fate(u, &p, type, now_ns);
	const struct tracked *t = tracked_of(u, &p, type, now_ns, &from);
	return answer_for(t, from);
}
