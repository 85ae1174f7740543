/* SPDX-License-Identifier: MIT
 * DNP3 stations of each kind behind the data path. */
#include "stations.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "proto/dnp3/wire.h"
#include "plant.h"
#include "proto/dnp3/words.h"
#include "put.h"

enum { MASTER = 1, STATION = 10, PORT = 20000, PACKET = 40 + 2048 };

static void fault(struct stations *s, const char *text)
{
	if (!s->fault)
		s->fault = text;
}

/* Reads and delay measurements; both ways: and from the stations to the masters' ports, everything.
 */
static const struct pol_image *image(bool both_ways, bool interleaved)
{
	static struct pol_image *img[3];
	struct pol_image **at = &img[both_ways ? 1 : interleaved ? 2 : 0];
	static struct range object = { 0, 65535 };
	struct ranges any = { .any = true, .set = true };
	struct dnp3_allow a = { .functions = { 1 << 1, 0, 1 << 7 },
				.masters = any,
				.outstations = any,
				.objects = { .v = &object, .n = 1, .set = true },
				.points = any },
			  all = a;
	memset(all.functions, 0xff, sizeof(all.functions));
	struct dnp3_policy d = { .allow = &a,
				 .n_allow = 1,
				 .broadcast = true,
				 .unsolicited = true,
				 .select_timeout = DNP_SELECT_DEFAULT,
				 .outstanding = DNP_OUTSTANDING_MAX },
			   e = d;
	e.allow = &all;
	d.interleaved_responses = interleaved;
	struct flow flows[2] = { { .proto = PROTO_DNP3, .l4 = IPPROTO_TCP, .policy = "p" },
				 { .proto = PROTO_DNP3, .l4 = IPPROTO_UDP, .policy = "p" } };
	struct flow back[2] = { { .proto = PROTO_DNP3, .l4 = IPPROTO_TCP, .policy = "q" },
				{ .proto = PROTO_DNP3, .l4 = IPPROTO_UDP, .policy = "q" } };
	struct policy policy[2] = { { .name = "p", .proto = PROTO_DNP3, .of = &d },
				    { .name = "q", .proto = PROTO_DNP3, .of = &e } };
	struct conduit c[2] = { { .flows = flows, .n_flows = 2, .log = LOG_ALL },
				{ .flows = back, .n_flows = 2, .log = LOG_ALL } };
	if (!*at)
		*at = plant_image_of(c, both_ways ? 2 : 1, policy, 2, 1);
	return *at;
}

/* Is it one of those that the policy permits, or a confirmation? */
static bool permitted(uint8_t function)
{
	return function == 0 || function == 1 || function == 23;
}

static uint64_t sum_bytes(const uint8_t *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

static struct stations_judged *find(struct stations *s, bool request, uint64_t sum)
{
	for (unsigned i = 0; i < s->n_judged; i++)
		if (s->judged[i].request == request && s->judged[i].sum == sum)
			return &s->judged[i];
	return NULL;
}

static void act(void *ctx, const struct station *at, uint16_t src, uint16_t dst, const uint8_t *p,
		size_t n)
{
	struct stations *s = ctx;
	unsigned kind = (unsigned)(at->kind - station_kinds);
	(void)src;
	(void)dst;
	s->n_acted++;
	if (!at->master)
		s->functions[p[1]]++;
	else if (n == s->unsaid_len && memcmp(p, s->unsaid, n) == 0)
		s->n_unsaid++;
	if (!s->in)
		return;
	struct stations_judged *j = find(s, !at->master, sum_bytes(p, n));
	if (!j)
		fault(s, at->master ? "a master took a response that was not judged"
				    : "a station acted on what was not judged");
	else if (!at->master && !permitted(p[1]))
		fault(s, "a station acted on a function that the policy refuses");
	else if (++j->acted[kind] > j->n)
		fault(s, "a receiver acted more often than was judged");
}

static void on_message(void *ctx, const struct event *ev, const void *of, uint32_t id)
{
	struct stations *s = ctx;
	const struct dnp_msg *m = of;
	(void)id;
	s->n_refused += ev->reason != R_NONE;
	if (ev->reason != R_NONE || !m->has_app)
		return;
	uint64_t sum = sum_bytes(m->app.objs - (m->app.response ? 4 : 2), m->app.len);
	struct stations_judged *j = find(s, m->link.dir, sum);
	if (!j && s->n_judged == STATIONS_JUDGED)
		abort();
	if (!j) {
		j = &s->judged[s->n_judged++];
		*j = (struct stations_judged){ .sum = sum, .request = m->link.dir };
	}
	j->n++;
}

static void on_event(void *ctx, const struct event *ev)
{
	(void)ctx;
	(void)ev;
}

/* The receiver's TCP: only what continues, never twice. */
static void arrive(struct stations *s, const uint8_t *data, size_t len)
{
	struct packet p;
	struct stations_peer *c = &s->p[s->peer];
	struct station *of = s->of[s->from];
	if (packet_parse(data, len, false, &p) != R_NONE) {
		fault(s, "a packet behind the gate is malformed");
		return;
	}
	bool tcp = p.l4 == IPPROTO_TCP;
	if (tcp && (p.flags & TCP_RST))
		c->ended = true;
	if (tcp && (p.flags & TCP_SYN))
		c->next[s->from] = p.seq + 1;
	if (p.len == 0 || (tcp && p.seq != c->next[s->from]))
		return;
	c->next[s->from] += (uint32_t)p.len;
	for (unsigned k = 0; k < STATION_KINDS; k++) {
		if ((s->lost >> k & 1 && !(s->masters_get_all && s->from)) ||
		    (s->interleaved && s->from && station_kinds[k].joins_sources))
			continue;
		if (tcp)
			station_bytes(&of[k], s->peer, p.data, p.len);
		else
			station_datagram(&of[k], p.data, p.len);
	}
}

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct stations *s = ctx;
	if (id != s->id)
		fault(s, "a verdict for another packet");
	if (s->pass_all) {
		arrive(s, s->raw, s->raw_len);
		return;
	}
	if (v == V_RESET)
		s->p[s->peer].ended = true;
	if (v == V_ACCEPT)
		arrive(s, data ? data : s->raw, data ? len : s->raw_len);
}

static void packet(struct stations *s, unsigned peer, unsigned from, uint8_t flags,
		   const uint8_t *data, size_t n)
{
	static uint8_t p[PACKET];
	struct stations_peer *c = &s->p[peer];
	size_t len = put_whole(p, from, PORT, flags, c->seq, data, n);
	put16(p + (from ? 22 : 20), c->port);
	if (flags && !(flags & TCP_SYN))
		put32(p + 28, c->next[!from]);
	else if (flags & TCP_ACK)
		put32(p + 28, c->seq[0]);
	s->peer = peer;
	s->from = from;
	s->raw = p;
	s->raw_len = len;
	s->now += 1000000;
	s->id++;
	if (!s->in) {
		arrive(s, p, len);
		return;
	}
	struct inspect_pkt k = {
		.id = s->id, .now_ns = s->now, .wall_ns = s->now, .ip = p, .len = len
	};
	inspect_packet(s->in, &k, &s->out);
}

/* A gate that knows nothing. */
void stations_new_gate(struct stations *s)
{
	struct inspect_conf conf = { .max_connections = 64, .hash_key = { 1, 2 } };
	const struct pol_image *img = image(s->both_ways, s->interleaved);
	inspect_free(s->in);
	s->in = inspect_new(&conf);
	if (!s->in || !img)
		abort();
	inspect_policy(s->in, img);
}

void stations_start(struct stations *s, enum stations_how how)
{
	memset(s, 0, sizeof(*s));
	s->now = UINT64_C(1000000000);
	s->both_ways = how == STATIONS_BOTH_WAYS;
	s->interleaved = how == STATIONS_INTERLEAVED;
	s->out = (struct inspect_out){
		.ctx = s, .verdict = on_verdict, .event = on_event, .message = on_message
	};
	for (unsigned d = 0; d < 2; d++)
		for (unsigned k = 0; k < STATION_KINDS; k++) {
			struct station *at = &s->of[d][k];
			at->kind = &station_kinds[k];
			at->address = d ? MASTER : STATION;
			at->master = d;
			at->act = act;
			at->ctx = s;
		}
	if (how != STATIONS_NO_GATE)
		stations_new_gate(s);
	for (unsigned i = 0; i < STATIONS_PEERS; i++) {
		s->p[i].port = (uint16_t)(i == STATIONS_UDP && s->both_ways ? PORT : 40000 + i);
		if (i != STATIONS_UDP)
			stations_connect(s, i);
	}
}

void stations_stop(struct stations *s)
{
	inspect_free(s->in);
}

void stations_connect(struct stations *s, unsigned peer)
{
	struct stations_peer *c = &s->p[peer];
	if (c->seq[0] && !c->ended)
		packet(s, peer, 0, TCP_RST | TCP_ACK, NULL, 0);
	*c = (struct stations_peer){ .port = (uint16_t)(c->port + STATIONS_PEERS),
				     .seq = { 1000 + s->id, 5000 } };
	for (unsigned d = 0; d < 2; d++)
		for (unsigned k = 0; k < STATION_KINDS; k++)
			station_connect(&s->of[d][k], peer);
	packet(s, peer, 0, TCP_SYN, NULL, 0);
	packet(s, peer, 1, TCP_SYN | TCP_ACK, NULL, 0);
	packet(s, peer, 0, TCP_ACK, NULL, 0);
}

void stations_send(struct stations *s, unsigned peer, unsigned from, const uint8_t *p, size_t n)
{
	if (peer == STATIONS_UDP) {
		packet(s, peer, from, 0, p, n);
		return;
	}
	if (s->p[peer].ended)
		stations_connect(s, peer);
	packet(s, peer, from, TCP_ACK, p, n);
	if (!s->p[peer].ended) /* acknowledged at once */
		packet(s, peer, !from, TCP_ACK, NULL, 0);
}
