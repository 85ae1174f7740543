/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104 through the data path to stations of every kind (iec104-station.h). Two masters,
 * each with a connection; whatever leaves the gate for the station is given to all kinds. What one
 * of them acts on must be what was judged and permitted, in order, once, to the octet.
 */
#ifndef ZONED_TESTS_IEC104_BENCH_H
#define ZONED_TESTS_IEC104_BENCH_H

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "iec104-station.h"
#include "inspect/inspect.h"
#include "plant.h"
#include "proto/iec104/policy.h"
#include "proto/iec104/words.h"
#include "put.h"

enum { IEC_PORT = 2404, LINES = 2, JUDGED_MAX = 256, FRAME_MAX = 257, IEC_PACKET = 2048 };

struct judged_asdu {
	unsigned line, n;
	bool acted[STATION_KINDS];
	uint8_t b[FRAME_MAX];
};

struct line {
	uint32_t seq[2];  /* of both senders */
	uint32_t next[2]; /* what each receiver expects */
	bool open, ended;
	unsigned told;	 /* of both ends: got a RST */
	unsigned master; /* by which its master's address is higher */
};

struct iec_bench {
	struct inspect *in, *second; /* second: the line 1 goes through that */
	struct inspect_out out;
	struct pol_image *img[8];
	unsigned n_img;
	uint64_t now;
	uint32_t id;
	bool pass_all; /* no gate */
	bool loses;    /* what leaves it is lost */
	/* whatever it says, packets go on as they are: breaches must be seen */
	bool lets_all;
	enum reason reason; /* of the last packet's violation; R_NONE: it had none */
	unsigned n_refused, n_acted, n_executed;
	enum verdict verdict;
	bool changed; /* the packet did not go on as it was */
	unsigned on;  /* the line that is sent on */
	struct line line[LINES];
	struct station station[STATION_KINDS];
	struct judged_asdu judged[JUDGED_MAX];
	unsigned n_judged;
	struct event last;
	const char *fault;
	const uint8_t *sent;
	size_t sent_len;
};

/* ---- the policy ---- */

struct iec_rules {
	enum mode mode;
	unsigned k;		 /* 0: 12 */
	bool one, reversed;	 /* first_number_one, server_is_controlling */
	unsigned masters, group; /* 0: as where nothing is written */
	unsigned max_requests;	 /* of the conduit; 0: none */
};

static inline struct iec104_allow iec_allow(uint64_t types, uint64_t more,
					    enum iec_select_mode mode)
{
	struct iec104_allow a = {
		.at.file = "f", .limits = { .select_mode = (uint8_t)mode, .causes = ~UINT64_C(0) }
	};
	for (unsigned i = 0; i < 64; i++) {
		a.limits.types[i / 8] |= (uint8_t)((types >> i & 1) << i % 8);
		a.limits.types[8 + i / 8] |= (uint8_t)((more >> i & 1) << i % 8);
	}
	for (unsigned i = 0; i < IEC_RANGES; i++)
		a.ranges[i] = (struct ranges){ .any = true, .set = true };
	for (unsigned i = 0; i < IEC_SPANS; i++)
		a.spans[i] = (struct spans){ .any = true, .set = true };
	for (unsigned i = 0; i < IEC_WORDS; i++)
		a.limits.words[i] = IEC_ANY_WORD;
	return a;
}

/* Single commands and float set-points of points up to 1999 (these 0 to 100), interrogations and
 * clock at once; double and step commands and scaled set-points of all other points when selected,
 * which may be read and tested, too.
 * Of common addresses 1 and 2. */
static inline struct pol_image *iec_plant(const struct iec_rules *r, uint32_t generation)
{
	static struct range stations = { 1, 2 }, low = { 0, 1999 }, high = { 2000, 65535 };
	struct iec104_allow a[2] = {
		iec_allow(UINT64_C(1) << 45 | UINT64_C(1) << 50, UINT64_C(0xf) << (100 - 64),
			  IEC_SELECT_OR_DIRECT),
		iec_allow(UINT64_C(1) << 46 | UINT64_C(1) << 47 | UINT64_C(1) << 49 |
				  UINT64_C(1) << 45,
			  UINT64_C(1) << (102 - 64), IEC_SELECT_REQUIRED),
	};
	for (unsigned i = 0; i < 2; i++) {
		a[i].ranges[IEC_COMMON_ADDRESSES] =
			(struct ranges){ .v = &stations, .n = 1, .set = true };
		a[i].ranges[IEC_OBJECT_ADDRESSES] =
			(struct ranges){ .v = i ? &high : &low, .n = 1, .set = true };
	}
	a[1].limits.test_bit = true;
	a[0].spans[IEC_FLOAT_VALUES] = (struct spans){ .v = { { 0, 100 } }, .n = 1, .set = true };
	struct iec104_policy o = { .allow = a,
				   .n_allow = 2,
				   .k = r->k ? r->k : IEC_K_DEFAULT,
				   .first_number_one = r->one,
				   .server_is_controlling = r->reversed,
				   .started_masters = r->masters ? r->masters : IEC_MASTERS_DEFAULT,
				   .redundancy_group = r->group ? r->group : IEC_GROUP_DEFAULT,
				   .select_timeout = IEC_SELECT_DEFAULT };
	struct flow flow = { .proto = PROTO_IEC104, .l4 = IPPROTO_TCP, .policy = "p" };
	struct policy policy = { .name = "p", .proto = PROTO_IEC104, .of = &o };
	return plant_image((struct conduit){ .flows = &flow,
					     .n_flows = 1,
					     .mode = r->mode,
					     .max_requests = r->max_requests },
			   &policy, 1, generation);
}

/* ---- receivers ---- */

static inline void iec_fault(struct iec_bench *b, const char *what)
{
	if (!b->fault)
		b->fault = what;
}

/* A station acts: on the next that was judged on this line and that it did not act on, for it may
 * skip some. */
static inline void iec_acted(void *ctx, struct station *s, unsigned line, const uint8_t *asdu,
			     size_t n, bool execute)
{
	struct iec_bench *b = ctx;
	unsigned kind = (unsigned)(s - b->station);
	b->n_acted++;
	b->n_executed += execute;
	if (b->pass_all)
		return;
	for (unsigned i = 0; i < b->n_judged; i++) {
		struct judged_asdu *j = &b->judged[i];
		if (j->line != line || j->acted[kind])
			continue;
		j->acted[kind] = true;
		if (j->n == n && memcmp(j->b, asdu, n) == 0)
			return;
	}
	iec_fault(b, "a station acts on what was not judged");
}

/* I frames of the station that arrive at the master, which may confirm them. */
static inline void iec_reported(struct iec_bench *b, const uint8_t *p, size_t n)
{
	for (size_t at = 0; at + 6 <= n; at += p[at + 1] + 2u)
		for (unsigned k = 0; !(p[at + 2] & 1) && k < STATION_KINDS; k++)
			b->station[k].line[b->on].sent++;
}

static inline void iec_deliver(struct iec_bench *b, unsigned to, const struct packet *p)
{
	struct line *l = &b->line[b->on];
	if (p->flags & TCP_RST) {
		l->ended = true;
		if (to == 1)
			for (unsigned k = 0; k < STATION_KINDS; k++)
				station_close(&b->station[k], b->on);
		return;
	}
	if (p->flags & TCP_SYN) {
		l->next[to] = p->seq + 1;
		return;
	}
	size_t old = l->next[to] - p->seq; /* octets that it has */
	if (b->loses || p->len == 0 || old >= p->len)
		return;
	l->next[to] += (uint32_t)(p->len - old);
	if (to == 0)
		iec_reported(b, p->data + old, p->len - old);
	for (unsigned k = 0; to == 1 && k < STATION_KINDS; k++)
		station_read(&b->station[k], b->on, p->data + old, p->len - old);
}

/* ---- what the gate says ---- */

static inline void iec_on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data,
				  size_t len)
{
	struct iec_bench *b = ctx;
	struct packet p;
	if (id != b->id)
		iec_fault(b, "the verdict of another packet");
	b->verdict = v;
	b->changed = data != NULL;
	if (b->lets_all) {
		v = V_ACCEPT;
		data = NULL;
	}
	if (v == V_RESET)
		b->line[b->on].ended = true;
	if (v != V_ACCEPT)
		return;
	if (packet_parse(data ? data : b->sent, data ? len : b->sent_len, false, &p) != R_NONE)
		iec_fault(b, "what leaves is no packet");
	else
		iec_deliver(b, p.dport == IEC_PORT, &p);
}

static inline void iec_on_event(void *ctx, const struct event *ev)
{
	struct iec_bench *b = ctx;
	if (ev->kind != EV_VIOLATION)
		return;
	if (b->reason == R_NONE)
		b->reason = ev->reason;
	b->n_refused++;
	b->last = *ev;
}

static inline void iec_on_message(void *ctx, const struct event *ev, const void *of, uint32_t id)
{
	struct iec_bench *b = ctx;
	const struct iec_msg *m = of;
	(void)id;
	bool passes = ev->verdict == V_ACCEPT || ev->verdict == V_OBSERVED;
	if (!passes || ev->response || !m->has_asdu || b->n_judged == JUDGED_MAX)
		return;
	struct judged_asdu *j = &b->judged[b->n_judged++];
	*j = (struct judged_asdu){ .line = b->on, .n = (unsigned)(m->asdu.n_objs + IEC_ASDU_HEAD) };
	memcpy(j->b, m->asdu.objs - IEC_ASDU_HEAD, j->n);
}

/* ---- packets ---- */

static inline void iec_policy(struct iec_bench *b, const struct iec_rules *r)
{
	if (b->n_img == 8)
		abort();
	struct pol_image *img = iec_plant(r, b->n_img + 1);
	if (!img)
		abort();
	b->img[b->n_img++] = img;
	inspect_policy(b->in, img);
	if (b->second)
		inspect_policy(b->second, img);
}

static inline void iec_gate(struct iec_bench *b)
{
	struct inspect_conf conf = { .max_connections = 16, .hash_key = { 1, 2 } };
	b->in = inspect_new(&conf);
	if (!b->in)
		abort();
}

static inline void iec_start(struct iec_bench *b, const struct iec_rules *r)
{
	memset(b, 0, sizeof(*b));
	iec_gate(b);
	iec_policy(b, r);
	b->out = (struct inspect_out){ .ctx = b,
				       .verdict = iec_on_verdict,
				       .event = iec_on_event,
				       .message = iec_on_message };
	b->now = 1000000000;
	for (unsigned k = 0; k < STATION_KINDS; k++)
		b->station[k] =
			(struct station){ .kind = &station_kinds[k], .act = iec_acted, .ctx = b };
	for (unsigned i = 0; i < LINES; i++)
		b->line[i] = (struct line){ .seq = { 999, 4999 } };
}

static inline void iec_stop(struct iec_bench *b)
{
	inspect_free(b->in);
	for (unsigned i = 0; i < b->n_img; i++)
		free(b->img[i]);
}

/* One packet on the line b->on; from: 1 the station. */
static inline void iec_packet(struct iec_bench *b, unsigned from, uint8_t flags,
			      const uint8_t *data, size_t n)
{
	static uint8_t p[PUT_TCP + IEC_PACKET];
	struct line *l = &b->line[b->on];
	b->sent = p;
	b->sent_len = put_whole(p, from, IEC_PORT, flags, l->seq, data, n);
	put16(p + (from ? 22 : 20), 40000 + b->on);
	p[from ? 19 : 15] += (uint8_t)l->master;
	if (flags != TCP_SYN) /* what this end has */
		put32(p + 28, l->next[from]);
	b->now += 1000000;
	b->reason = R_NONE;
	b->id++;
	if (b->pass_all) {
		iec_on_verdict(b, b->id, V_ACCEPT, NULL, 0);
		return;
	}
	struct inspect_pkt k = {
		.id = b->id, .now_ns = b->now, .wall_ns = b->now, .ip = p, .len = b->sent_len
	};
	inspect_packet(b->second && b->on ? b->second : b->in, &k, &b->out);
}

/* A new connection on the line b->on. */
static inline void iec_connect(struct iec_bench *b)
{
	struct line *l = &b->line[b->on];
	*l = (struct line){ .seq = { l->seq[0] + 100000, l->seq[1] + 200000 },
			    .open = true,
			    .master = l->master };
	iec_packet(b, 0, TCP_SYN, NULL, 0);
	iec_packet(b, 1, TCP_SYN | TCP_ACK, NULL, 0);
	iec_packet(b, 0, TCP_ACK, NULL, 0);
	for (unsigned k = 0; k < STATION_KINDS; k++)
		station_connect(&b->station[k], b->on);
	/* none of the old connection may be acted on any more */
	for (unsigned i = 0; i < b->n_judged; i++)
		if (b->judged[i].line == b->on)
			memset(b->judged[i].acted, true, sizeof(b->judged[i].acted));
}

/* ---- frames ---- */

static inline size_t iec_u(uint8_t *p, uint8_t u)
{
	const uint8_t f[6] = { 0x68, 4, u };
	memcpy(p, f, 6);
	return 6;
}

static inline void iec_numbers(uint8_t *p, unsigned ns, unsigned nr)
{
	p[2] = (uint8_t)(ns << 1);
	p[3] = (uint8_t)(ns >> 7);
	p[4] = (uint8_t)(nr << 1);
	p[5] = (uint8_t)(nr >> 7);
}

static inline size_t iec_s(uint8_t *p, unsigned nr)
{
	p[0] = 0x68;
	p[1] = 4;
	iec_numbers(p, 0, nr);
	p[2] = 1;
	return 6;
}

static inline size_t iec_i(uint8_t *p, unsigned ns, unsigned nr, const char *asdu)
{
	size_t n = unhex(asdu, p + 6);
	p[0] = 0x68;
	p[1] = (uint8_t)(n + 4);
	iec_numbers(p, ns, nr);
	return n + 6;
}

#endif
