/* SPDX-License-Identifier: MIT
 *
 * Other ports: payload that is one or more whole messages of an inspected protocol, to the octet.
 * A few octets of something else can be that by chance; most of what a server says cannot.
 */
#include "inspect/proto.h"
#include "zonectl/replay-parts.h"

enum { MESSAGES = 64, ALIKE_LEAST = 2 };

static bool is_whole(uint8_t proto, const uint8_t *p, size_t n)
{
	enum reason why;
	for (unsigned i = 0; i < MESSAGES && n; i++) {
		int len = proto_of(proto)->frame(p, n, &why);
		if (len <= 0 || (size_t)len > n)
			return false;
		p += len;
		n -= (size_t)len;
	}
	return n == 0;
}

static uint8_t looks_like(const struct packet *p)
{
	for (uint8_t proto = PROTO_NONE + 1; proto < PROTO_N; proto++)
		if (proto_over(proto, p->l4) && is_whole(proto, p->data, p->len))
			return proto;
	return PROTO_NONE;
}

/* The lower port is the server's. */
static struct port_seen *find_server(struct ports *t, const struct addr *server, uint16_t port,
				     uint8_t l4)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct port_seen *s = &t->v[i];
		if (s->port == port && s->l4 == l4 && addr_eq(&s->server, server))
			return s;
	}
	return NULL;
}

void ports_look(struct ports *t, const struct packet *p)
{
	bool at_dst = p->dport <= p->sport;
	const struct addr *server = at_dst ? &p->dst : &p->src;
	uint16_t port = at_dst ? p->dport : p->sport;
	if (p->len == 0)
		return;
	struct port_seen *s = find_server(t, server, port, p->l4);
	uint8_t proto = looks_like(p);
	if (!s && proto == PROTO_NONE)
		return;
	if (!s && t->n == COUNT_PORTS) {
		t->more++;
		return;
	}
	if (!s) {
		s = &t->v[t->n++];
		*s = (struct port_seen){
			.server = *server, .port = port, .l4 = p->l4, .proto = proto
		};
	}
	s->packets++;
	s->bytes += p->len;
	s->alike += proto == s->proto;
}

bool port_is_alike(const struct port_seen *s)
{
	return s->alike >= ALIKE_LEAST && s->alike * 2 >= s->packets;
}
