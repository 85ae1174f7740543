/* SPDX-License-Identifier: MIT
 *
 * Who speaks to whom: the stations, and for each client, server and server port one talk.
 *
 * The client of a TCP connection is who sent the SYN. Where that was not captured: the other end
 * of a port that is inspected, or of a named service; else of the lower port, where one is below
 * 1024 or only one is below 32768; else who sent the first packet.
 */
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/icmp6.h>
#include <string.h>

#include "learn/internal.h"
#include "model/internal.h"

enum { BUCKETS = 65536, SYSTEM_PORT = 1024, PASSING_PORT = 32768 };

uint8_t learn_proto_of(const struct learn *l, uint8_t l4, uint16_t port)
{
	for (unsigned i = 0; i < l->o.n_ports; i++)
		if (l->o.ports[i].port == port && proto_over(l->o.ports[i].proto, l4))
			return l->o.ports[i].proto;
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
		if (proto_port(p) == port && proto_over(p, l4))
			return p;
	return l->onto ? learn_onto_proto(l, l4, port) : PROTO_NONE;
}

static bool is_service(uint8_t l4, uint16_t port)
{
	for (size_t i = 0; i < services_n; i++)
		if (services[i].l4 == l4 &&
		    (services[i].ports[0] == port || services[i].ports[1] == port))
			return true;
	return false;
}

/* ---- addresses ---- */

/* IPv4 written as IPv6, and ::1: in no packet that is forwarded, and no model has it. */
static bool is_unwritable(const struct addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }, compatible[12];
	return a->family == 6 && (memcmp(a->b, mapped, sizeof(mapped)) == 0 ||
				  memcmp(a->b, compatible, sizeof(compatible)) == 0);
}

/* The last address of a subnet; only as a destination of datagrams. */
static bool is_broadcast(const struct learn *l, const struct packet *p)
{
	const uint8_t *b = p->dst.b;
	uint32_t host = ((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]) &
			(UINT32_MAX >> l->o.subnet);
	return p->dst.family == 4 && p->l4 == IPPROTO_UDP && host == UINT32_MAX >> l->o.subnet;
}

static void addr_words(const struct addr *a, uint64_t w[2])
{
	memcpy(w, a->b, 16);
	w[1] ^= a->family; /* IPv4 leaves it zero */
}

/* Its number, new if need be; UINT32_MAX: there is no room. */
static uint32_t talk_host(struct learn *l, const struct addr *a)
{
	uint64_t w[2];
	addr_words(a, w);
	uint32_t *bucket = &l->host_buckets[learn_hash(w, 2) % BUCKETS];
	for (uint32_t i = *bucket; i; i = l->hosts[i - 1].next)
		if (addr_eq(&l->hosts[i - 1].addr, a))
			return i - 1;
	if (l->n_hosts == LEARN_HOSTS)
		return UINT32_MAX;
	l->hosts[l->n_hosts] = (struct learn_host){ .addr = *a, .next = *bucket };
	*bucket = (uint32_t)l->n_hosts + 1;
	return (uint32_t)l->n_hosts++;
}

/* ---- talks ---- */

struct ends {
	const struct addr *client, *server;
	uint16_t port;
	uint8_t l4;
};

static struct learn_talk *talk_of(struct learn *l, const struct ends *e)
{
	uint32_t client = talk_host(l, e->client), server = talk_host(l, e->server);
	if (client == UINT32_MAX || server == UINT32_MAX)
		return NULL;
	uint64_t w[2] = { (uint64_t)client << 32 | server, (uint64_t)e->l4 << 16 | e->port };
	uint32_t *bucket = &l->talk_buckets[learn_hash(w, 2) % BUCKETS];
	for (uint32_t i = *bucket; i; i = l->talks[i - 1].next) {
		struct learn_talk *t = &l->talks[i - 1];
		if (t->client == client && t->server == server && t->port == e->port &&
		    t->l4 == e->l4)
			return t;
	}
	if (l->n_talks == LEARN_TALKS)
		return NULL;
	l->talks[l->n_talks] = (struct learn_talk){ .client = client,
						    .server = server,
						    .next = *bucket,
						    .port = e->port,
						    .l4 = e->l4,
						    .proto = learn_proto_of(l, e->l4, e->port) };
	*bucket = (uint32_t)l->n_talks + 1;
	return &l->talks[l->n_talks++];
}

/* Those that are there; UINT32_MAX or NULL: none. */
static uint32_t host_known(const struct learn *l, const struct addr *a)
{
	uint64_t w[2];
	addr_words(a, w);
	uint32_t i = l->host_buckets[learn_hash(w, 2) % BUCKETS];
	while (i && !addr_eq(&l->hosts[i - 1].addr, a))
		i = l->hosts[i - 1].next;
	return i ? i - 1 : UINT32_MAX;
}

static struct learn_talk *talk_known(struct learn *l, const struct ends *e)
{
	uint32_t client = host_known(l, e->client), server = host_known(l, e->server);
	if (client == UINT32_MAX || server == UINT32_MAX)
		return NULL;
	uint64_t w[2] = { (uint64_t)client << 32 | server, (uint64_t)e->l4 << 16 | e->port };
	uint32_t i = l->talk_buckets[learn_hash(w, 2) % BUCKETS];
	while (i && (l->talks[i - 1].client != client || l->talks[i - 1].server != server ||
		     l->talks[i - 1].port != e->port || l->talks[i - 1].l4 != e->l4))
		i = l->talks[i - 1].next;
	return i ? &l->talks[i - 1] : NULL;
}

struct learn_talk *learn_talk_of_event(struct learn *l, const struct event *ev)
{
	const struct ends ways[2] = {
		{ .client = &ev->src, .server = &ev->dst, .port = ev->dport, .l4 = ev->l4 },
		{ .client = &ev->dst, .server = &ev->src, .port = ev->sport, .l4 = ev->l4 },
	};
	struct learn_talk *t = talk_known(l, &ways[ev->response != 0]);
	return t ? t : talk_known(l, &ways[ev->response == 0]);
}

/* ---- connections of a file ---- */

/* Is the sender of this packet the client, as far as the packet alone shows? */
static bool looks_client(const struct learn *l, const struct packet *p)
{
	if (p->l4 == IPPROTO_TCP && (p->flags & TCP_SYN))
		return !(p->flags & TCP_ACK);
	bool to = learn_proto_of(l, p->l4, p->dport), from = learn_proto_of(l, p->l4, p->sport);
	if (to != from)
		return to;
	to = is_service(p->l4, p->dport);
	from = is_service(p->l4, p->sport);
	if (to != from)
		return to;
	uint16_t low = p->sport < p->dport ? p->sport : p->dport;
	uint16_t high = p->sport < p->dport ? p->dport : p->sport;
	if (low != high && (low < SYSTEM_PORT || (low < PASSING_PORT && high >= PASSING_PORT)))
		return p->dport == low;
	return true;
}

/* The two ends in an order of their own. True: the sender is the first. */
static bool talk_ends(const struct packet *p, uint64_t ends[5])
{
	uint64_t src[2], dst[2];
	addr_words(&p->src, src);
	addr_words(&p->dst, dst);
	int diff = memcmp(src, dst, sizeof(src));
	bool first = diff ? diff < 0 : p->sport <= p->dport;
	memcpy(ends, first ? src : dst, sizeof(src));
	memcpy(ends + 2, first ? dst : src, sizeof(dst));
	ends[4] = (uint64_t)(first ? p->sport : p->dport) << 32 |
		  (uint64_t)(first ? p->dport : p->sport) << 16 | p->l4;
	return first;
}

enum { TRIES = 64 };

/* Its place; NULL: there is none. */
static struct learn_link *talk_link(struct learn *l, const uint64_t ends[5])
{
	uint64_t at = learn_hash(ends, 5);
	for (unsigned i = 0; i < TRIES; i++) {
		struct learn_link *k = &l->links[(at + i) % LEARN_CONNECTIONS];
		if (!k->talk || memcmp(k->ends, ends, sizeof(k->ends)) == 0)
			return k;
	}
	l->lost_links++;
	return NULL;
}

void learn_talks_file(struct learn *l)
{
	memset(l->links, 0, LEARN_CONNECTIONS * sizeof(*l->links));
}

static struct learn_talk *leave_out_packet(struct learn *l, enum learn_left why)
{
	l->left[why]++;
	return NULL;
}

static struct learn_talk *talk_by(struct learn *l, const struct packet *p, bool from_client)
{
	struct learn_talk *t = talk_of(l, &(struct ends){ .client = from_client ? &p->src : &p->dst,
							  .server = from_client ? &p->dst : &p->src,
							  .port = from_client ? p->dport : p->sport,
							  .l4 = p->l4 });
	return t ? t : leave_out_packet(l, LEFT_NO_ROOM);
}

/* ICMP: only echo is a conversation of its own. */
static struct learn_talk *echo_talk(struct learn *l, const struct packet *p, bool *from_client)
{
	uint8_t type = p->l4_off < p->ip_len ? p->ip[p->l4_off] : 0xff;
	bool six = p->l4 == IPPROTO_ICMPV6;
	uint8_t ask = six ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	uint8_t answer = six ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY;
	if (type != ask && type != answer)
		return leave_out_packet(l, LEFT_OTHER_L4);
	*from_client = type == ask;
	struct packet echo = *p;
	echo.l4 = IPPROTO_ICMP;
	echo.sport = echo.dport = 0;
	return talk_by(l, &echo, *from_client);
}

struct learn_talk *learn_talk_of(struct learn *l, const struct packet *p, bool *from_client)
{
	uint64_t ends[5];
	if (addr_is_of_link(&p->src) || addr_is_of_link(&p->dst) || is_broadcast(l, p))
		return leave_out_packet(l, LEFT_LOCAL);
	if (addr_eq(&p->src, &p->dst)) {
		uint32_t itself = talk_host(l, &p->src); /* it is there, if nothing else */
		if (itself != UINT32_MAX)
			l->hosts[itself].unwritable = is_unwritable(&p->src);
		return leave_out_packet(l, LEFT_ITSELF);
	}
	if (is_unwritable(&p->src) || is_unwritable(&p->dst))
		return leave_out_packet(l, LEFT_LOCAL);
	if (p->l4 == IPPROTO_ICMP || p->l4 == IPPROTO_ICMPV6)
		return echo_talk(l, p, from_client);
	if ((p->l4 != IPPROTO_TCP && p->l4 != IPPROTO_UDP) || !p->has_ports)
		return leave_out_packet(l, LEFT_OTHER_L4);
	bool first = talk_ends(p, ends);
	struct learn_link *k = talk_link(l, ends);
	bool begins = p->l4 == IPPROTO_TCP && (p->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	if (k && k->talk && !begins) {
		*from_client = k->from_first == first;
		return &l->talks[k->talk - 1];
	}
	*from_client = looks_client(l, p);
	struct learn_talk *t = talk_by(l, p, *from_client);
	if (k && t) {
		memcpy(k->ends, ends, sizeof(k->ends));
		k->talk = (uint32_t)(t - l->talks) + 1;
		k->from_first = *from_client == first;
	}
	return t;
}
