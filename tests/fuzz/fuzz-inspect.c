/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: the whole data path. The input drives two TCP ends on both
 * sides of the inspector; models of the receivers take what it lets through.
 *
 *   options:1 | (control:1 argument:1 length:1 data:length) ...
 *   options    1 IPv6, 2 observe, 4 dissect only, 8 on_violation reset, 16 bad checksum
 *   control    bits 0-2 operation, bit 3 from the server; argument moves the
 *              sequence number (bit 7: back) or, for a tick, the clock
 *
 * The promise under test: whatever the segmentation, in enforce mode a
 * receiver gets whole messages only if they are well formed, requests only if
 * the policy permits them, and never two versions of a byte it has not used.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "inspect/inspect.h"
#include "proto/modbus/policy.h"
#include "plant.h"
#include "proto/modbus/words.h"
#include "put.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { OP_DATA, OP_SYN, OP_SYNACK, OP_ACK, OP_FIN, OP_RST, OP_TICK, OP_AGAIN };
enum { OPT_V6 = 1, OPT_OBSERVE = 2, OPT_DISSECT = 4, OPT_RESET = 8, OPT_BAD_SUM = 16 };
enum { STREAM = 8192, PACKET_MAX = 60 + 256, PACKETS = 200 };
enum { ISN_CLIENT = 0xffffff00u >> 1, ISN_SERVER = 0x7ffffff0 };

struct receiver { /* what one end has got */
	bool open;
	/* a SYN came that this end has not answered; the first one counts */
	bool syn;
	uint32_t syn_seq;
	uint32_t mine;	     /* first number of what this end sends itself */
	uint32_t first;	     /* sequence number of byte 0 */
	uint32_t next, used; /* in order up to here; whole messages up to here */
	uint8_t byte[STREAM];
	bool here[STREAM];
};

struct world {
	uint8_t opt;
	struct pol_image *img;
	struct inspect *in;
	struct inspect_out out;
	struct receiver rx[2]; /* at the server, at the client */
	uint32_t sent[2];      /* payload bytes sent so far: by the client, by the server */
	uint64_t now;
	uint32_t id;	   /* of the packet in hand */
	unsigned verdicts; /* it has got */
	uint8_t *ip;
	size_t ip_len;
	uint8_t last[PACKET_MAX];
	size_t last_len;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* ---- the plant ---- */

static struct pol_image *plant(uint8_t opt)
{
	static struct range unit[] = { { 1, 1 } }, low[] = { { 0, 999 } }, sub[] = { { 0, 0 } },
			    mei[] = { { 14, 14 } }, values[] = { { 0, 500 } },
			    set[] = { { 100, 199 } };
	struct modbus_allow a[2] = {
		{ .units = { .v = unit, .n = 1 },
		  .addresses = { .v = low, .n = 1 },
		  .subfunctions = { .v = sub, .n = 1 },
		  .mei = { .v = mei, .n = 1 },
		  .functions = { 0x1e, 0x01, 0, 0, 0, 0x08 } }, /* 1-4, 8, 43 */
		{ .units = { .v = unit, .n = 1 },
		  .addresses = { .v = set, .n = 1 },
		  .values = { .v = values, .n = 1 },
		  .functions = { 0x40, 0, 0x01 } }, /* 6, 16 */
	};
	struct flow flow = { .proto = PROTO_MODBUS, .l4 = IPPROTO_TCP, .policy = "p" };
	struct conduit how = { .flows = &flow,
			       .n_flows = 1,
			       .log = LOG_ALL,
			       .mode = opt & OPT_OBSERVE ? MODE_OBSERVE : MODE_ENFORCE,
			       .on_violation = opt & OPT_RESET ? VIOLATION_RESET : VIOLATION_DROP };
	struct modbus_policy p = { .allow = a, .n_allow = 2 };
	struct policy policy = { .name = "p", .proto = PROTO_MODBUS, .of = &p };
	struct pol_image *img = plant_image(how, &policy, 1, 1);
	must(img != NULL);
	return img;
}

/* ---- the receivers ---- */

static void use_messages(struct world *w, int dir)
{
	struct receiver *r = &w->rx[dir];
	for (;;) {
		enum reason why = R_NONE;
		const uint8_t *p = r->byte + r->used;
		size_t n = r->next - r->used;
		int len = mb_frame(p, n, &why);
		must(len >= 0);
		if (len == 0 || (size_t)len > n)
			return;
		struct mb_msg m;
		must(mb_parse(p, (size_t)len, dir == 1, &m) == R_NONE);
		if (dir == 0)
			must(policy_modbus(w->img, policy_flow(w->img, 0), &m).reason == R_NONE);
		r->used += (uint32_t)len;
	}
}

static void receive(struct world *w, int dir, const struct packet *p)
{
	struct receiver *r = &w->rx[dir];
	if (p->flags & TCP_RST) {
		w->rx[0] = w->rx[1] = (struct receiver){ .open = false };
		return;
	}
	if (p->flags & TCP_SYN && p->flags & TCP_ACK) {
		if (!r->open)
			*r = (struct receiver){ .open = true,
						.first = p->seq + 1,
						.mine = r->mine };
		return;
	}
	if (p->flags & TCP_SYN) {
		if (!r->syn)
			r->syn_seq = p->seq;
		r->syn = true;
		return;
	}
	/* an acknowledgement of what was never sent is not acceptable */
	if (!r->open || !(p->flags & TCP_ACK) || p->ack - r->mine > STREAM)
		return;
	bool enforced = !(w->opt & (OPT_OBSERVE | OPT_DISSECT));
	for (size_t i = 0; i < p->len; i++) {
		uint32_t at = p->seq - r->first + (uint32_t)i;
		if (at < r->used || at >= STREAM)
			continue;
		must(!enforced || !r->here[at] || r->byte[at] == p->data[i]);
		r->byte[at] = p->data[i];
		r->here[at] = true;
	}
	while (r->next < STREAM && r->here[r->next])
		r->next++;
	if (enforced)
		use_messages(w, dir);
}

static int direction(const struct packet *p)
{
	return p->sport == 502;
}

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct world *w = ctx;
	struct packet p;
	must(id == w->id && v <= V_OBSERVED);
	w->verdicts++;
	if (v != V_ACCEPT && v != V_OBSERVED)
		return;
	bool as_was = data == NULL;
	if (packet_parse(as_was ? w->ip : data, as_was ? w->ip_len : len, true, &p) == R_NONE)
		receive(w, direction(&p), &p);
	else
		must(as_was); /* what we make ourselves is well formed */
}

static void on_event(void *ctx, const struct event *ev)
{
	(void)ctx;
	must(ev->reason < R_COUNT && ev->verdict <= V_OBSERVED);
}

static void on_message(void *ctx, const struct event *ev, const void *m, uint32_t id)
{
	(void)m;
	(void)id;
	on_event(ctx, ev);
}

/* ---- the senders ---- */

static size_t put_ip(uint8_t *p, bool v6, int from, size_t l4_len)
{
	uint8_t src = (uint8_t)(from + 1), dst = (uint8_t)(2 - from);
	if (!v6) {
		const uint8_t head[20] = { 0x45, 0, 0,	0,   0, 0, 0,  0,   64, IPPROTO_TCP,
					   0,	 0, 10, src, 0, 9, 10, dst, 0,	9 };
		memcpy(p, head, sizeof(head));
		put16(p + 2, (uint32_t)(20 + l4_len));
		return 20;
	}
	const uint8_t head[40] = {
		[0] = 0x60, [6] = IPPROTO_TCP, [7] = 64,   [8] = 0xfd, [11] = src,
		[23] = 9,   [24] = 0xfd,       [27] = dst, [39] = 9
	};
	memcpy(p, head, sizeof(head));
	put16(p + 4, (uint32_t)l4_len);
	return 40;
}

struct segment {
	int from; /* 0 client, 1 server */
	uint8_t flags;
	uint32_t seq;
	const uint8_t *data;
	size_t len;
};

static size_t make_packet(const struct world *w, const struct segment *s, uint8_t *p)
{
	const struct receiver *own = &w->rx[!s->from]; /* what this end has received */
	size_t at = put_ip(p, w->opt & OPT_V6, s->from, 20 + s->len);
	uint8_t *t = p + at;
	memset(t, 0, 20);
	put16(t, s->from ? 502 : 40000);
	put16(t + 2, s->from ? 40000 : 502);
	put32(t + 4, s->seq);
	if (s->flags & TCP_ACK)
		put32(t + 8, own->first + own->next);
	t[12] = 5 << 4;
	t[13] = s->flags;
	put16(t + 14, 0x8000);
	if (s->len)
		memcpy(t + 20, s->data, s->len);
	size_t n = at + 20 + s->len;
	packet_checksum(p, n);
	if (w->opt & OPT_BAD_SUM && s->len == 7)
		p[n - 1] ^= 1;
	return n;
}

/* Hand one packet over, from a block of its exact size. */
static void deliver(struct world *w, const uint8_t *p, size_t n)
{
	w->ip = malloc(n);
	must(w->ip != NULL);
	memcpy(w->ip, p, n);
	w->ip_len = n;
	w->id++;
	w->verdicts = 0;
	w->now += 1000000;
	struct inspect_pkt pkt = { .id = w->id,
				   .now_ns = w->now,
				   .wall_ns = w->now,
				   .ip = w->ip,
				   .len = n,
				   .check_sum = true };
	inspect_packet(w->in, &pkt, &w->out);
	must(w->verdicts == 1);
	free(w->ip);
	w->ip = NULL;
}

/* Who sends a SYN forgets its old connection; who answers one takes the new. */
static void own_state(struct receiver *own, uint8_t op, uint32_t seq)
{
	if (op == OP_SYN)
		*own = (struct receiver){ .mine = seq + 1 };
	else if (op == OP_SYNACK && own->syn)
		*own = (struct receiver){ .open = true,
					  .first = own->syn_seq + 1,
					  .mine = seq + 1 };
}

static void send_segment(struct world *w, uint8_t op, int from, uint8_t arg, struct rd *body)
{
	static const uint8_t flags[] = {
		[OP_DATA] = TCP_ACK | TCP_PSH,	 [OP_SYN] = TCP_SYN,
		[OP_SYNACK] = TCP_SYN | TCP_ACK, [OP_ACK] = TCP_ACK,
		[OP_FIN] = TCP_FIN | TCP_ACK,	 [OP_RST] = TCP_RST | TCP_ACK,
	};
	uint32_t isn = from ? ISN_SERVER : ISN_CLIENT;
	uint32_t move = arg & 0x80 ? 0u - (arg & 0x7f) : arg;
	bool syn = flags[op] & TCP_SYN;
	struct segment s = { .from = from,
			     .flags = flags[op],
			     .seq = isn + (syn ? 0 : 1 + w->sent[from]) + move };
	s.len = body->left;
	s.data = s.len ? rd_take(body, s.len) : NULL;
	if (syn)
		w->sent[from] = 0;
	else
		w->sent[from] += (uint32_t)s.len + (move & 0x80000000u ? move : 0);
	own_state(&w->rx[!from], op, s.seq);
	w->last_len = make_packet(w, &s, w->last);
	deliver(w, w->last, w->last_len);
}

static void step(struct world *w, struct rd *r)
{
	uint8_t control = rd_u8(r), arg = rd_u8(r), len = rd_u8(r);
	struct rd body = rd_sub(r, len);
	uint8_t op = control & 7;
	if (r->bad)
		return;
	if (op == OP_TICK) {
		w->now += (uint64_t)arg * 250000000;
		inspect_tick(w->in, w->now, w->now, &w->out);
	} else if (op == OP_AGAIN) {
		if (w->last_len)
			deliver(w, w->last, w->last_len);
	} else {
		send_segment(w, op, control >> 3 & 1, arg, &body);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct pol_image *images[16];
	static struct world world;
	struct rd r = rd_init(data, n);
	if (n < 4)
		return 0;
	struct world *w = &world;
	memset(w, 0, sizeof(*w));
	w->opt = rd_u8(&r);
	w->now = 1000000000;
	w->out = (struct inspect_out){
		.ctx = w, .verdict = on_verdict, .event = on_event, .message = on_message
	};
	struct pol_image **img = &images[w->opt & 15];
	if (!*img)
		*img = plant(w->opt);
	w->img = *img;
	struct inspect_conf conf = { .max_connections = 4,
				     .hash_key = { 1, 2 },
				     .dissect_only = w->opt & OPT_DISSECT };
	w->in = inspect_new(&conf);
	must(w->in != NULL);
	if (!conf.dissect_only)
		inspect_policy(w->in, w->img);
	for (unsigned i = 0; i < PACKETS && r.left && !r.bad; i++)
		step(w, &r);
	struct inspect_stats stats;
	inspect_stats(w->in, &stats);
	must(stats.flows <= conf.max_connections);
	inspect_free(w->in);
	return 0;
}
