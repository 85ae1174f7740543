/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: DNP3 through the whole data path to an outstation. The input is
 * records of three bytes and data:
 *
 *   what    bit 0 from the outstation, 1 a datagram, 2 frames are made: control,
 *           transport octet and length, then that much of a fragment, until the
 *           data ends; else the data goes as it is. Bits 4-7: seconds that pass
 *   cut     of TCP: the data goes in pieces of so many octets; 0: whole
 *   length  of the data
 *
 * The outstation takes what the gate lets out as the standard wants it. Every
 * fragment it acts on must be one that the policy permits, whole. Another one begins
 * in the middle of one only where its rest was refused, or did not come in time.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/inspect.h"
#include "plant.h"
#include "proto/dnp3/gate-station.h"
#include "proto/dnp3/policy.h"
#include "proto/dnp3/words.h"
#include "put.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum {
	STREAM = 16384,
	PIECE = 2048,
	FROM_STATION = 1,
	DATAGRAM = 2,
	MAKE = 4,
	MASTER = 1,
	STATION = 10,
	PAIRS = 16
};

/* What one transport brought the outstation. */
struct receiver {
	bool open;
	uint32_t next;
	size_t n;
	uint8_t got[STREAM];
	struct dnp_series series[PAIRS];
	/* so many had been before the packet that brought its newest segment, */
	unsigned refused[PAIRS];
	uint64_t at_ns[PAIRS]; /* and when that was */
	uint8_t room[PAIRS][DNP_FRAGMENT_MAX];
};

struct world {
	struct inspect *in;
	struct inspect_out out;
	uint64_t now;
	uint32_t id, seq[2];
	/* before: this packet, which is judged as a whole and then goes on */
	unsigned refused, before;
	const uint8_t *sent;
	size_t sent_len;
	struct receiver tcp, udp;
};

static struct pol_image *img;

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void plant(void)
{
	struct range objects[2] = { { 0x0100, 0x0cff }, { 0x3c00, 0x3cff } }, points = { 0, 7 };
	struct ranges any = { .any = true, .set = true };
	struct dnp3_allow a = {
		.at.file = "f",
		.functions = { 1 << 1 | 1 << 3 | 1 << 4 },
		.writes = DNP_CLEAR_RESTART,
		.masters = any,
		.outstations = any,
		.objects = { .v = objects, .n = 2, .set = true },
		.operations = 0x18,
		.trip_close = 1,
		.points = { .v = &points, .n = 1, .set = true },
		.count = any,
		.on_time = any,
		.off_time = any,
	};
	struct dnp3_policy d = { .select_before_operate = true,
				 .select_timeout = 5,
				 .outstanding = 1,
				 .unsolicited = true,
				 .allow = &a,
				 .n_allow = 1 };
	struct flow flows[2] = { { .proto = PROTO_DNP3, .l4 = IPPROTO_TCP, .policy = "p" },
				 { .proto = PROTO_DNP3, .l4 = IPPROTO_UDP, .policy = "p" } };
	struct policy p = { .name = "p", .proto = PROTO_DNP3, .of = &d };
	img = plant_image((struct conduit){ .flows = flows, .n_flows = 2, .log = LOG_ALL }, &p, 1,
			  1);
	must(img != NULL);
}

/* ---- the outstation ---- */

static void act(const struct dnp_series *s, const struct dnp_link *l)
{
	struct dnp_msg m = { .link = *l, .has_app = true };
	if (dnp3_app(s->buf, s->n, &m.app) != R_NONE)
		return;
	must(l->dir && !m.app.response);
	if (m.app.func != 0)
		must(policy_dnp3(img, policy_flow(img, 0), &m).reason == R_NONE);
}

/* Of this pair, or a free one: a station knows its own address only. */
static struct dnp_series *series_of(struct receiver *r, const struct dnp_link *l)
{
	unsigned i = 0, none = 0;
	for (; i < PAIRS; i++) {
		struct dnp_series *s = &r->series[i];
		if (s->open && s->dst == l->dst)
			return s;
		none = s->open ? none : i;
	}
	r->series[none] = (struct dnp_series){ .buf = r->room[none], .max = DNP_FRAGMENT_MAX };
	return &r->series[none];
}

/* Another fragment of this series begins while it is open. */
static bool may_begin(const struct world *w, const struct receiver *r, const struct dnp_series *s)
{
	size_t i = (size_t)(s - r->series);
	return w->refused != r->refused[i] || w->now - r->at_ns[i] > DNP_HOLD_NS;
}

/* All whole frames in it; the octets used. */
static size_t take_frames(const struct world *w, struct receiver *r, const uint8_t *p, size_t n)
{
	size_t at = 0;
	for (;;) {
		enum reason why;
		struct dnp_link l;
		bool whole;
		int len = dnp3_frame(p + at, n - at, &why);
		must(len >= 0); /* the gate lets nothing out that hides the next frame */
		if (len == 0 || (size_t)len > n - at)
			return at;
		must(dnp3_link(p + at, (size_t)len, &l) == R_NONE);
		if (dnp3_has_segment(&l)) {
			struct dnp_series *s = series_of(r, &l);
			/* one that could not be taken out */
			bool copy = s->open && s->seq == (l.user[0] & 63);
			must(!(s->open && l.user[0] >> 6 & 1) || may_begin(w, r, s));
			r->refused[s - r->series] = w->before;
			r->at_ns[s - r->series] = w->now;
			must(copy || dnp3_segment(s, &l, &whole) == R_NONE);
			if (!copy && whole)
				act(s, &l);
		}
		at += (size_t)len;
	}
}

static void receive(struct world *w, const struct packet *p)
{
	struct receiver *r = p->l4 == IPPROTO_TCP ? &w->tcp : &w->udp;
	if (p->l4 != IPPROTO_TCP) {
		must(take_frames(w, r, p->data, p->len) == p->len);
		return;
	}
	if (p->flags & TCP_RST)
		r->open = false;
	if (p->flags & TCP_SYN) {
		r->open = true;
		r->next = p->seq + 1;
	}
	if (!r->open || p->len == 0 || p->seq != r->next)
		return;
	if (r->n + p->len > sizeof(r->got)) {
		r->open = false;
		return;
	}
	memcpy(r->got + r->n, p->data, p->len);
	r->n += p->len;
	r->next += (uint32_t)p->len;
	size_t used = take_frames(w, r, r->got, r->n);
	memmove(r->got, r->got + used, r->n - used);
	r->n -= used;
}

/* ---- packets ---- */

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct world *w = ctx;
	struct packet p;
	must(id == w->id);
	if (v != V_ACCEPT)
		return;
	must(packet_parse(data ? data : w->sent, data ? len : w->sent_len, false, &p) == R_NONE);
	if (p.dport == 20000)
		receive(w, &p);
}

static void on_event(void *ctx, const struct event *ev)
{
	struct world *w = ctx;
	must(ev->reason < R_COUNT);
	w->refused += ev->reason != R_NONE;
}

static void packet(struct world *w, unsigned from, uint8_t flags, const uint8_t *data, size_t n)
{
	static uint8_t p[40 + STREAM];
	w->sent = p;
	w->sent_len = put_whole(p, from, 20000, flags, w->seq, data, n);
	w->now += 1000000;
	w->before = w->refused;
	struct inspect_pkt k = {
		.id = ++w->id, .now_ns = w->now, .wall_ns = w->now, .ip = p, .len = w->sent_len
	};
	inspect_packet(w->in, &k, &w->out);
}

static size_t put_crc(uint8_t *p, size_t n)
{
	uint16_t crc = dnp3_crc(p, n);
	p[n] = (uint8_t)crc;
	p[n + 1] = (uint8_t)(crc >> 8);
	return n + 2;
}

/* One frame of user data into out; its length. */
static size_t make_frame(uint8_t control, bool from_station, const uint8_t *user, size_t n,
			 uint8_t *out)
{
	const uint8_t head[] = { 5,
				 0x64,
				 (uint8_t)(n + 5),
				 control,
				 from_station ? MASTER : STATION,
				 0,
				 from_station ? STATION : MASTER,
				 0 };
	memcpy(out, head, sizeof(head));
	size_t at = put_crc(out, sizeof(head));
	for (size_t i = 0; i < n; i += 16) {
		size_t len = n - i < 16 ? n - i : 16;
		memcpy(out + at, user + i, len);
		at += put_crc(out + at, len);
	}
	return at;
}

static size_t make(bool from_station, struct rd r, uint8_t out[STREAM])
{
	size_t n = 0;
	while (r.left >= 2 && n < STREAM - DNP_FRAME_MAX) {
		uint8_t control = rd_u8(&r);
		size_t len = rd_u8(&r) % (DNP_USER_MAX + 1);
		len = len < r.left ? len : r.left;
		n += make_frame(control, from_station, rd_take(&r, len), len, out + n);
	}
	return n;
}

static void record(struct world *w, struct rd *r)
{
	static uint8_t bytes[STREAM];
	uint8_t what = rd_u8(r), cut = rd_u8(r);
	struct rd d = rd_sub(r, rd_u8(r));
	if (d.bad)
		return;
	unsigned from = what & FROM_STATION;
	size_t n = d.left;
	w->now += (uint64_t)(what >> 4) * 1000000000;
	if (what & MAKE)
		n = make(from, d, bytes);
	else if (n)
		memcpy(bytes, d.p, n);
	if (what & DATAGRAM) {
		packet(w, from, 0, bytes, n < PIECE ? n : PIECE);
		return;
	}
	for (size_t at = 0, len; at < n; at += len) {
		len = cut ? cut : PIECE;
		len = n - at < len ? n - at : len;
		packet(w, from, TCP_ACK, bytes + at, len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct world w;
	struct inspect_conf conf = { .max_connections = 8, .hash_key = { 1, 2 } };
	if (!img)
		plant();
	memset(&w, 0, sizeof(w));
	w.in = inspect_new(&conf);
	must(w.in != NULL);
	inspect_policy(w.in, img);
	w.out = (struct inspect_out){ .ctx = &w, .verdict = on_verdict, .event = on_event };
	w.now = 1000000000;
	w.seq[0] = 999;
	w.seq[1] = 4999;
	packet(&w, 0, TCP_SYN, NULL, 0);
	packet(&w, 1, TCP_SYN | TCP_ACK, NULL, 0);
	packet(&w, 0, TCP_ACK, NULL, 0);
	struct rd r = rd_init(data, n);
	while (r.left && !r.bad)
		record(&w, &r);
	inspect_free(w.in);
	return 0;
}
