/* SPDX-License-Identifier: MIT
 *
 * zonectl whose replay is the gate on the wire: what is refused does not go on, and the rest of the
 * recording is told to the engine as it would have come then. The ends of a recording acknowledge
 * what they got; behind a gate each would have acknowledged what the gate let through, so
 * acknowledgements are made such, where they are of bytes that the recording has.
 *
 * Linked with --wrap of the engine's functions, so it prints what zonectl prints.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/inspect.h"

struct inspect *__real_inspect_new(const struct inspect_conf *c);
void __real_inspect_packet(struct inspect *in, const struct inspect_pkt *p,
			   const struct inspect_out *out);
struct inspect *__wrap_inspect_new(const struct inspect_conf *c);
void __wrap_inspect_packet(struct inspect *in, const struct inspect_pkt *p,
			   const struct inspect_out *out);

enum { CONNECTIONS = 4096, PACKET_MAX = 65536 };

/* One direction of a TCP connection. */
struct way {
	const struct inspect *in; /* who follows it */
	struct addr src, dst;
	uint16_t sport, dport;
	bool begun;
	uint32_t first, sent; /* by its sender, in the recording */
	uint32_t went;	      /* up to here its receiver has all, in its own numbers */
};

/* All of it is one packet's at a time, whichever thread of replay has it. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static struct way ways[CONNECTIONS];
static unsigned n_ways;
static const struct inspect *of_inspector;
static const struct inspect_out *real_out;
static const struct inspect_pkt *under_way;

static struct way *way_of(const struct packet *p, bool back)
{
	const struct addr *src = back ? &p->dst : &p->src, *dst = back ? &p->src : &p->dst;
	uint16_t sport = back ? p->dport : p->sport, dport = back ? p->sport : p->dport;
	for (unsigned i = 0; i < n_ways; i++) {
		struct way *w = &ways[i];
		if (w->in == of_inspector && w->sport == sport && w->dport == dport &&
		    addr_eq(&w->src, src) && addr_eq(&w->dst, dst))
			return w;
	}
	if (n_ways == CONNECTIONS)
		abort();
	ways[n_ways] = (struct way){
		.in = of_inspector, .src = *src, .dst = *dst, .sport = sport, .dport = dport
	};
	return &ways[n_ways++];
}

static bool is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* The receiver gets this packet. */
static void receive(const uint8_t *ip, size_t n)
{
	struct packet p;
	if (packet_parse(ip, n, false, &p) != R_NONE || p.l4 != IPPROTO_TCP || p.fragment)
		return;
	struct way *w = way_of(&p, false);
	uint32_t end = p.seq + (uint32_t)p.len + !!(p.flags & TCP_SYN) + !!(p.flags & TCP_FIN);
	if (p.flags & TCP_SYN)
		w->went = end;
	else if (!is_before(w->went, p.seq) && is_before(w->went, end))
		w->went = end;
}

static void verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	if (v == V_ACCEPT)
		receive(data ? data : under_way->ip, data ? len : under_way->len);
	real_out->verdict(ctx, id, v, data, len);
}

static void put_ack(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* The packet with what its sender would acknowledge; out: room for it. */
static const uint8_t *acknowledge(const struct inspect_pkt *raw, uint8_t *out)
{
	struct packet p;
	bool tcp = packet_parse(raw->ip, raw->len, raw->check_sum, &p) == R_NONE &&
		   p.l4 == IPPROTO_TCP && !p.fragment && p.ip_len <= PACKET_MAX;
	if (!tcp)
		return raw->ip;
	struct way *own = way_of(&p, false), *back = way_of(&p, true);
	uint32_t end = p.seq + (uint32_t)p.len + !!(p.flags & TCP_SYN) + !!(p.flags & TCP_FIN);
	if (p.flags & TCP_SYN) {
		own->begun = true;
		own->first = own->sent = end;
	} else if (is_before(own->sent, end)) {
		own->sent = end;
	}
	bool sane = back->begun && !is_before(p.ack, back->first) && !is_before(back->sent, p.ack);
	if (!(p.flags & TCP_ACK) || (p.flags & (TCP_SYN | TCP_RST)) || !sane)
		return raw->ip;
	memcpy(out, raw->ip, raw->len);
	put_ack(out + p.l4_off + 8, back->went);
	packet_checksum(out, p.ip_len);
	return out;
}

struct inspect *__wrap_inspect_new(const struct inspect_conf *c)
{
	struct inspect_conf inline_conf = *c;
	inline_conf.recording = false;
	struct inspect *in = __real_inspect_new(&inline_conf);
	pthread_mutex_lock(&one_at_a_time);
	unsigned kept = 0;
	for (unsigned i = 0; i < n_ways; i++) /* those of one that had this address before */
		if (ways[i].in != in)
			ways[kept++] = ways[i];
	n_ways = kept;
	pthread_mutex_unlock(&one_at_a_time);
	return in;
}

void __wrap_inspect_packet(struct inspect *in, const struct inspect_pkt *p,
			   const struct inspect_out *out)
{
	static uint8_t changed[PACKET_MAX];
	struct inspect_pkt k = *p;
	struct inspect_out o = *out;
	pthread_mutex_lock(&one_at_a_time);
	of_inspector = in;
	k.ip = acknowledge(p, changed);
	o.verdict = verdict;
	real_out = out;
	under_way = &k;
	__real_inspect_packet(in, &k, &o);
	pthread_mutex_unlock(&one_at_a_time);
}
