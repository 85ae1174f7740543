/* SPDX-License-Identifier: MIT
 *
 * The data path against a model of a TCP receiver: whatever the segmentation,
 * order, duplication and loss, the device's application reads exactly the
 * permitted messages, and every permitted message arrives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/inspect.h"

enum { CLIENT_PORT = 40000, STREAM_MAX = 4096, MSGS = 24, PKT = 2048 };

/* ---- a policy by hand: reads of 0-99 of unit 1, 10.0.1.0/24 -> 10.0.2.0/24 ---- */
struct image {
	struct pol_image h;
	_Alignas(8) struct pol_zone zones[3];
	_Alignas(8) struct pol_net nets[2];
	_Alignas(8) struct pol_key key;
	_Alignas(8) struct pol_flow flow;
	_Alignas(8) struct pol_mb_rule rule;
	_Alignas(8) struct pol_range ranges[2];
	_Alignas(8) char strings[8];
};

static void image_make(struct image *m, uint8_t on_violation, uint8_t mode)
{
	struct pol_str name = { offsetof(struct image, strings) };
	bool host;
	memset(m, 0, sizeof(*m));
	memcpy(m->strings, "name", 5);
	m->h = (struct pol_image){
		.magic = POL_MAGIC, .size = sizeof(*m), .generation = 1, .n_zones = 3, .n_nets = 2,
		.n_keys = 1, .n_flows = 1, .n_rules = { [PROTO_MODBUS] = 1 }, .n_ranges = 2, .n_conduits = 1,
		.zones_off = offsetof(struct image, zones), .nets_off = offsetof(struct image, nets),
		.keys_off = offsetof(struct image, key), .flows_off = offsetof(struct image, flow),
		.ranges_off = offsetof(struct image, ranges),
		.strings_off = offsetof(struct image, strings), .strings_len = sizeof(m->strings),
	};
	for (int p = 0; p < PROTO_N; p++)
		m->h.rules_off[p] = m->h.heads_off[p] = m->h.items_off[p] = offsetof(struct image, rule);
	for (int i = 0; i < 3; i++)
		m->zones[i].name = name;
	assert_true(prefix_parse("10.0.1.0/24", &m->nets[0].net, &host));
	assert_true(prefix_parse("10.0.2.0/24", &m->nets[1].net, &host));
	m->nets[0].zone = 1;
	m->nets[1].zone = 2;
	m->key = (struct pol_key){ .from = 1, .to = 2, .port = 502, .l4 = IPPROTO_TCP };
	m->flow = (struct pol_flow){ .conduit = name, .policy = name, .from = 1, .to = 2,
				     .proto = PROTO_MODBUS, .mode = mode,
				     .on_violation = on_violation, .n_rules = 1, .head = 0xffff };
	m->rule.at.file = name;
	m->rule.functions[0] = 1 << 3;
	m->rule.units = (struct pol_rset){ .r0 = 0, .n = 1 };
	m->rule.addresses = (struct pol_rset){ .r0 = 1, .n = 1 };
	m->rule.quantity.any = m->rule.values.any = m->rule.write_addresses.any = true;
	m->ranges[0] = (struct pol_range){ 1, 1 };
	m->ranges[1] = (struct pol_range){ 0, 99 };
	assert_true(policy_valid(&m->h, sizeof(*m)));
}

/* ---- the bench: one connection, packets made and taken apart here ---- */
struct bench {
	struct inspect *in;
	struct image img;
	struct inspect_out out;
	uint64_t now;
	uint32_t id;
	/* what came of the last packet */
	enum verdict verdict;
	unsigned verdicts;
	uint8_t got[PKT];
	size_t got_len;
	const uint8_t *orig;
	size_t orig_len;
	unsigned events;
	enum reason reason;
};

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct bench *b = ctx;
	assert_int_equal(id, b->id);
	b->verdicts++;
	b->verdict = v;
	b->got_len = data ? len : b->orig_len;
	assert_true(b->got_len <= sizeof(b->got));
	memcpy(b->got, data ? data : b->orig, b->got_len);
}

static void on_event(void *ctx, const struct event *ev)
{
	struct bench *b = ctx;
	b->events++;
	b->reason = ev->reason;
}

static void bench_start(struct bench *b, uint8_t on_violation, uint8_t mode)
{
	memset(b, 0, sizeof(*b));
	image_make(&b->img, on_violation, mode);
	struct inspect_conf conf = { .max_flows = 8, .hash_key = { 1, 2 } };
	b->in = inspect_new(&conf);
	assert_non_null(b->in);
	inspect_policy(b->in, &b->img.h);
	b->out = (struct inspect_out){ .ctx = b, .verdict = on_verdict, .event = on_event };
	b->now = 1000000000;
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint16_t client_port = CLIENT_PORT;

/* Send one segment through the gate; dir 0: client to server. */
static void segment(struct bench *b, int dir, uint32_t seq, uint32_t ack, uint8_t flags,
		    const uint8_t *data, size_t n)
{
	static uint8_t p[PKT];
	static const uint8_t ends[2][4] = { { 10, 0, 1, 5 }, { 10, 0, 2, 9 } };
	memset(p, 0, 40);
	p[0] = 0x45;
	put16(p + 2, (unsigned)(40 + n));
	p[8] = 64;
	p[9] = IPPROTO_TCP;
	memcpy(p + 12, ends[dir], 4);
	memcpy(p + 16, ends[!dir], 4);
	put16(p + 20, dir ? 502 : client_port);
	put16(p + 22, dir ? client_port : 502);
	put32(p + 24, seq);
	put32(p + 28, ack);
	p[32] = 0x50;
	p[33] = flags;
	put16(p + 34, 8192);
	if (n)
		memcpy(p + 40, data, n);
	packet_checksum(p, 40 + n);
	b->orig = p;
	b->orig_len = 40 + n;
	b->now += 1000;
	struct inspect_pkt k = { .id = ++b->id, .now_ns = b->now, .wall_ns = b->now, .ip = p,
				 .len = 40 + n, .check_sum = true };
	unsigned before = b->verdicts;
	inspect_packet(b->in, &k, &b->out);
	assert_int_equal(b->verdicts, before + 1);
}

/* What left the gate, parsed again: its checksums must hold. */
static struct packet left(const struct bench *b)
{
	struct packet p;
	assert_int_equal(b->verdict, V_ACCEPT);
	assert_int_equal(packet_parse(b->got, b->got_len, true, &p), R_NONE);
	return p;
}

/* The packet went on as a RST at the receiver's next number, without data. */
static void assert_ended(const struct bench *b, uint32_t seq)
{
	struct packet p = left(b);
	assert_int_equal(p.flags & TCP_RST, TCP_RST);
	assert_int_equal(p.len, 0);
	assert_int_equal(p.seq, seq);
}

static void handshake(struct bench *b, uint32_t c, uint32_t s)
{
	segment(b, 0, c - 1, 0, TCP_SYN, NULL, 0);
	assert_int_equal(b->verdict, V_ACCEPT);
	segment(b, 1, s - 1, c, TCP_SYN | TCP_ACK, NULL, 0);
	assert_int_equal(b->verdict, V_ACCEPT);
	segment(b, 0, c, s, TCP_ACK, NULL, 0);
	assert_int_equal(b->verdict, V_ACCEPT);
}

static size_t request(uint8_t *p, unsigned tid, unsigned unit, unsigned fc, unsigned addr, unsigned v)
{
	put16(p, tid);
	put16(p + 2, 0);
	put16(p + 4, 6);
	p[6] = (uint8_t)unit;
	p[7] = (uint8_t)fc;
	put16(p + 8, addr);
	put16(p + 10, v);
	return 12;
}

/* ---- single cases ---- */
static void read_passes_untouched(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12], r[] = { 0, 1, 0, 0, 0, 5, 1, 3, 2, 0xab, 0xcd };
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(b.verdict, V_ACCEPT);
	assert_memory_equal(b.got, b.orig, b.orig_len);
	segment(&b, 1, 5000, 1012, TCP_ACK, r, sizeof(r));
	assert_int_equal(b.verdict, V_ACCEPT);
	assert_int_equal(b.events, 0);
	/* the same answer once more is unsolicited and cut */
	segment(&b, 1, 5011, 1012, TCP_ACK, r, sizeof(r));
	assert_int_equal(b.reason, R_UNSOLICITED);
	assert_true(left(&b).len <= 1);
	inspect_free(b.in);
}

static void write_is_cut_and_the_connection_lives(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
	assert_int_equal(b.events, 1);
	assert_int_equal(b.reason, R_FUNCTION);
	struct packet p = left(&b);
	assert_int_equal(p.len, 1);		/* an old byte, to draw an acknowledgement */
	assert_int_equal(p.seq, 999);
	segment(&b, 1, 5000, 1000, TCP_ACK, NULL, 0);
	assert_int_equal(left(&b).ack, 1012);	/* the client's write is acknowledged to it */
	segment(&b, 0, 1012, 5000, TCP_ACK, m, request(m, 2, 1, 3, 10, 1));
	p = left(&b);
	assert_int_equal(p.seq, 1000);
	assert_int_equal(p.len, 12);
	assert_memory_equal(p.data, m, 12);
	segment(&b, 1, 5000, 1012, TCP_ACK, NULL, 0);
	assert_int_equal(left(&b).ack, 1024);
	inspect_free(b.in);
}

static void reset_blocks_the_connection(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_RESET, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
	assert_ended(&b, 1000);
	segment(&b, 0, 1012, 5000, TCP_ACK, m, request(m, 2, 1, 3, 10, 1));
	assert_int_equal(b.verdict, V_RESET);
	segment(&b, 1, 5000, 1000, TCP_ACK, NULL, 0);
	assert_int_equal(b.verdict, V_RESET);
	assert_int_equal(b.events, 1);
	inspect_free(b.in);
}

static void observe_lets_pass_and_says_so(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_OBSERVE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
	assert_int_equal(b.reason, R_FUNCTION);
	assert_memory_equal(b.got, b.orig, b.orig_len);
	inspect_free(b.in);
}

static void changed_retransmission_is_refused(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
	assert_int_equal(b.verdict, V_DROP);
	assert_int_equal(b.reason, R_OVERLAP);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(left(&b).len, 12);	/* the honest copy still passes */
	inspect_free(b.in);
}

static void odd_packets(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	segment(&b, 0, 900, 0, TCP_SYN, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(b.reason, R_SYN_DATA);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK | TCP_URG, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(b.reason, R_URGENT);
	segment(&b, 0, 1000, 6000, TCP_ACK, m, 12);
	assert_int_equal(b.reason, R_OUT_OF_WINDOW);
	segment(&b, 0, 1000 + (1 << 22), 5000, TCP_RST, NULL, 0);
	assert_int_equal(b.verdict, V_DROP);
	segment(&b, 0, 1000, 5000, TCP_ACK, (const uint8_t *)"GET / HTTP/1.0\r\n", 16);
	assert_ended(&b, 1000);
	assert_int_equal(b.reason, R_PROTOCOL_ID);
	inspect_free(b.in);
}

static void unknown_connection_is_reset(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_ended(&b, 1000);
	assert_int_equal(b.reason, R_STREAM_GAP);
	inspect_free(b.in);
}

static void a_forgotten_connection_ends(void **state)
{
	(void)state;
	struct bench b;
	struct inspect_stats st;
	struct addr client, server;
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	assert_true(addr_parse("10.0.1.5", &client) && addr_parse("10.0.2.9", &server));
	handshake(&b, 1000, 5000);
	/* the word of an older connection on the same ports comes late: no harm */
	inspect_gone(b.in, &client, CLIENT_PORT, &server, 502, b.now);
	segment(&b, 0, 1000, 5000, TCP_ACK, NULL, 0);
	assert_int_equal(b.verdict, V_ACCEPT);
	inspect_tick(b.in, b.now + 9000000000u, b.now, &b.out);
	inspect_stats(b.in, &st);
	assert_int_equal(st.flows, 1);
	inspect_gone(b.in, &client, CLIENT_PORT, &server, 502, b.now + 9000000000u);
	inspect_stats(b.in, &st);
	assert_int_equal(st.flows, 0);
	inspect_free(b.in);
}

static void bytes_behind_a_hole_are_kept(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[24], w[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	request(m, 1, 1, 3, 10, 1);
	request(m + 12, 2, 1, 3, 20, 1);
	segment(&b, 0, 1018, 5000, TCP_ACK, m + 18, 6);
	assert_true(left(&b).len <= 1);
	segment(&b, 0, 1006, 5000, TCP_ACK, m + 6, 6);
	assert_true(left(&b).len <= 1);
	/* what is kept cannot change */
	request(w, 2, 1, 6, 20, 1);
	segment(&b, 0, 1012, 5000, TCP_ACK, w, 12);
	assert_int_equal(b.reason, R_OVERLAP);
	assert_int_equal(b.verdict, V_DROP);
	/* the hole's filler brings the first message, and the second's turn has come */
	segment(&b, 0, 1000, 5000, TCP_ACK, m, 6);
	struct packet p = left(&b);
	assert_int_equal(p.seq, 1000);
	assert_true(p.len >= 12);
	assert_memory_equal(p.data, m, 12);
	inspect_free(b.in);
}

static void half_open_flows_do_not_fill_the_table(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	for (unsigned i = 1; i <= 1000; i++) {
		client_port = (uint16_t)(CLIENT_PORT + i);
		segment(&b, 0, 7, 0, TCP_SYN, NULL, 0);
		assert_int_equal(b.verdict, V_ACCEPT);
	}
	/* a new connection comes about, and the old one goes on */
	client_port = 3;
	handshake(&b, 2000, 6000);
	segment(&b, 0, 2000, 6000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(left(&b).len, 12);
	client_port = CLIENT_PORT;
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(left(&b).len, 12);
	assert_int_equal(b.events, 0);
	inspect_free(b.in);
}

static void open_connections_are_never_pushed_out(void **state)
{
	(void)state;
	struct bench b;
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	for (unsigned i = 0; i < 8; i++) {	/* the table holds 8 */
		client_port = (uint16_t)(CLIENT_PORT + i);
		handshake(&b, 1000, 5000);
	}
	client_port = 3;
	segment(&b, 0, 7, 0, TCP_SYN, NULL, 0);
	assert_int_equal(b.verdict, V_DROP);
	assert_int_equal(b.reason, R_FLOW_LIMIT);
	client_port = CLIENT_PORT;
	inspect_free(b.in);
}

static void half_message_times_out(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	request(m, 1, 1, 3, 10, 1);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, 9);
	inspect_tick(b.in, b.now + 5000000000u, b.now, &b.out);
	assert_int_equal(b.events, 0);
	inspect_tick(b.in, b.now + 11000000000u, b.now, &b.out);
	assert_int_equal(b.reason, R_HALF_MESSAGE);
	segment(&b, 0, 1009, 5000, TCP_ACK, m + 9, 3);
	assert_ended(&b, 1009);
	segment(&b, 0, 1009, 5000, TCP_ACK, m + 9, 3);
	assert_int_equal(b.verdict, V_RESET);
	inspect_free(b.in);
}

/* ---- random schedules ---- */
struct msg {
	uint32_t at, n;
	bool ok;
};

struct sim {
	struct bench b;
	uint32_t rng;
	uint8_t bytes[STREAM_MAX];
	uint32_t len;
	struct msg msg[MSGS];
	unsigned n_msg;
	uint32_t isn;
	/* the device: what its application read, and what came out of order */
	uint8_t read[STREAM_MAX];
	uint32_t n_read;
	uint8_t ahead[STREAM_MAX];
	bool have[STREAM_MAX];
	bool reset;
};

static uint32_t rnd(struct sim *s, uint32_t n)
{
	s->rng = s->rng * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(s->rng >> 8) * n) >> 24);
}

static void make_stream(struct sim *s, unsigned refused_percent)
{
	s->n_msg = 1 + rnd(s, MSGS);
	for (unsigned i = 0; i < s->n_msg; i++) {
		bool ok = rnd(s, 100) >= refused_percent;
		unsigned addr = rnd(s, 60);
		s->msg[i] = (struct msg){ .at = s->len, .n = 12, .ok = ok };
		if (ok)
			request(s->bytes + s->len, i, 1, 3, addr, 1 + rnd(s, 40));
		else
			request(s->bytes + s->len, i, 1 + rnd(s, 2), rnd(s, 2) ? 6 : 5, addr, 0xff00);
		s->len += 12;
	}
}

static void device_takes(struct sim *s)
{
	struct packet p = left(&s->b);
	for (size_t i = 0; i < p.len; i++) {
		uint32_t at = p.seq - s->isn + (uint32_t)i;
		if (at >= STREAM_MAX)	/* an old byte below the first */
			continue;
		if (at < s->n_read) {
			assert_int_equal(s->read[at], p.data[i]);
			continue;
		}
		s->ahead[at] = p.data[i];
		s->have[at] = true;
	}
	while (s->have[s->n_read]) {
		s->read[s->n_read] = s->ahead[s->n_read];
		s->n_read++;
	}
}

/* The read bytes are the permitted messages in order, and then at most a
 * proper beginning of a message that stands at this place of the stream. */
static void check_read(const struct sim *s)
{
	uint32_t at = 0;
	unsigned i = 0;
	for (;; i++) {
		if (at == s->n_read)
			return;
		assert_true(i < s->n_msg);
		const struct msg *m = &s->msg[i];
		uint32_t n = s->n_read - at < m->n ? s->n_read - at : m->n;
		bool same = memcmp(s->read + at, s->bytes + m->at, n) == 0;
		if (n < m->n && same)
			return;
		if (m->ok) {
			assert_true(same);
			at += n;
		}
	}
}

static void pick_segment(struct sim *s, uint32_t una, bool aligned, uint32_t *a, uint32_t *e)
{
	uint32_t window = 120;
	uint32_t top = una + window < s->len ? una + window : s->len;
	if (aligned) {
		*a = una + rnd(s, (top - una + 11) / 12) * 12;
		*e = *a + 12 * (1 + rnd(s, 3));
	} else {
		*a = una + (rnd(s, 3) ? 0 : rnd(s, top - una));
		*e = *a + 1 + rnd(s, 30);
	}
	if (*e > s->len)
		*e = s->len;
}

/* One schedule; true when everything was acknowledged to the client. */
static bool run_schedule(struct sim *s, bool aligned)
{
	uint32_t una = 0;
	s->isn = rnd(s, 2) ? 0xffffffc0u : rnd(s, 1 << 24);	/* often across the wrap */
	handshake(&s->b, s->isn, 5000);
	for (unsigned step = 0; step < 20000 && una < s->len && !s->reset; step++) {
		uint32_t a, e;
		pick_segment(s, una, aligned, &a, &e);
		if (rnd(s, 10) == 0)
			continue;		/* lost before the gate */
		segment(&s->b, 0, s->isn + a, 5000, TCP_ACK, s->bytes + a, e - a);
		if (s->b.verdict == V_RESET || (s->b.verdict == V_ACCEPT && (left(&s->b).flags & TCP_RST))) {
			s->reset = true;
			break;
		}
		if (s->b.verdict != V_ACCEPT || rnd(s, 10) == 0)
			continue;		/* lost behind it */
		device_takes(s);
		segment(&s->b, 1, 5000, s->isn + s->n_read, TCP_ACK, NULL, 0);
		assert_int_equal(s->b.verdict, V_ACCEPT);
		if (rnd(s, 10) == 0)
			continue;		/* acknowledgement lost */
		uint32_t got = left(&s->b).ack - s->isn;
		assert_true(got <= s->len);
		if (got > una)
			una = got;
	}
	return una == s->len;
}

static void schedules(unsigned n, bool aligned, unsigned refused_percent, bool must_finish)
{
	for (unsigned i = 0; i < n; i++) {
		static struct sim s;
		memset(&s, 0, sizeof(s));
		s.rng = i * 2654435761u + 7;
		bench_start(&s.b, VIOLATION_DROP, MODE_ENFORCE);
		make_stream(&s, refused_percent);
		bool done = run_schedule(&s, aligned);
		check_read(&s);
		if (must_finish && !done)
			fail_msg("schedule %u: not finished, reset %d, read %u", i, s.reset, s.n_read);
		if (done) {
			uint32_t want = 0;
			for (unsigned k = 0; k < s.n_msg; k++)
				want += s.msg[k].ok ? s.msg[k].n : 0;
			assert_int_equal(s.n_read, want);
		}
		inspect_free(s.b.in);
	}
}

static unsigned how_many(unsigned normal)
{
	return getenv("ZONED_LONG") ? normal * 50 : normal;
}

static void schedules_permitted_any_cut(void **state)
{
	(void)state;
	schedules(how_many(4000), false, 0, true);
}

static void schedules_mixed_whole_messages(void **state)
{
	(void)state;
	schedules(how_many(4000), true, 30, true);
}

static void schedules_hostile(void **state)
{
	(void)state;
	schedules(how_many(12000), false, 40, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_passes_untouched),
		cmocka_unit_test(write_is_cut_and_the_connection_lives),
		cmocka_unit_test(reset_blocks_the_connection),
		cmocka_unit_test(observe_lets_pass_and_says_so),
		cmocka_unit_test(changed_retransmission_is_refused),
		cmocka_unit_test(odd_packets),
		cmocka_unit_test(unknown_connection_is_reset),
		cmocka_unit_test(a_forgotten_connection_ends),
		cmocka_unit_test(bytes_behind_a_hole_are_kept),
		cmocka_unit_test(half_open_flows_do_not_fill_the_table),
		cmocka_unit_test(open_connections_are_never_pushed_out),
		cmocka_unit_test(half_message_times_out),
		cmocka_unit_test(schedules_permitted_any_cut),
		cmocka_unit_test(schedules_mixed_whole_messages),
		cmocka_unit_test(schedules_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
