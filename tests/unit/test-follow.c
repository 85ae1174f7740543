/* SPDX-License-Identifier: MIT
 *
 * Streams of which something was not seen: where they go on, what is said of it, what is forgiven.
 * Whole conversations of every protocol are in tests/pcap/gaps.py.
 */
#include "inspect-bench.h"

#include "inspect/proto.h"
#include "modbus-samples.h"
#include "proto/dnp3/wire.h"
#include "proto/iec104/wire.h"
#include "stream/stream.h"

static size_t octets(const char *hex, uint8_t *out)
{
	size_t n = 0;
	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		unsigned v;
		assert_int_equal(sscanf(hex++, "%2x", &v), 1);
		out[n++] = (uint8_t)v;
	}
	return n;
}

/* ---- where can a message begin? ---- */

/* Each truncation needs more, or is known already; with one octet more nothing changes. */
static void begins_everywhere(const struct proto_ops *ops, const uint8_t *p, size_t n,
			      bool response)
{
	int said = 0;
	for (size_t i = 0; i <= n; i++) {
		uint8_t *copy = malloc(i + 1);
		assert_non_null(copy);
		memcpy(copy, p, i);
		int now = ops->begins(copy, i, response);
		assert_true(said == 0 ? now == 0 || now == (int)n : now == said);
		said = now;
		free(copy);
	}
	assert_int_equal(said, n);
	/* and nowhere inside */
	for (size_t at = 1; at < n && ops->begins_surely; at++)
		assert_true(ops->begins(p + at, n - at, response) <= 0);
}

static void modbus_begins(void **state)
{
	(void)state;
	const struct proto_ops *ops = proto_of(PROTO_MODBUS);
	uint8_t m[300] = { 0, 7, 0, 0, 0, 0, 1 };
	for (unsigned i = 0; i < SAMPLES; i++)
		for (unsigned response = 0; response < 2; response++) {
			size_t n =
				octets(response ? samples[i].response : samples[i].request, m + 7);
			put16(m + 4, (unsigned)n + 1);
			begins_everywhere(ops, m, n + 7, response);
		}
	put16(m + 4, 3); /* an exception */
	m[7] = 0x83;
	m[8] = 2;
	begins_everywhere(ops, m, 9, true);
	assert_int_equal(ops->begins(m, 9, false), -1);
	m[7] = 3; /* a read has five octets, and is not done after two */
	assert_int_equal(ops->begins(m, 9, false), -1);
	m[2] = 1; /* another protocol identifier */
	assert_int_equal(ops->begins(m, 4, false), -1);
	m[2] = 0;
	put16(m + 4, 6);
	m[7] = 99; /* no function */
	assert_int_equal(ops->begins(m, 12, false), -1);
}

static void other_protocols_begin(void **state)
{
	(void)state;
	static const struct {
		unsigned proto;
		const char *message;
	} good[] = {
		{ PROTO_DNP3, "0564 05C9 0A00 0100 0000" }, /* its checksum is put in */
		{ PROTO_IEC104, "6804 07000000" },
		{ PROTO_IEC104, "6804 01000A00" },
		{ PROTO_IEC104, "680E 00000000 64010600010000000014" },
		{ PROTO_OPCUA, "4D534746 18000000 03000000 01000000 02000000 02000000" },
	};
	static const struct {
		unsigned proto;
		const char *message;
	} bad[] = {
		{ PROTO_DNP3, "0564 05C9 0A00 0100 0000" },		/* no checksum */
		{ PROTO_IEC104, "6804 0F000000" },			/* two functions in one */
		{ PROTO_IEC104, "6804 03000A00" },			/* U with a rest */
		{ PROTO_IEC104, "680E 00000000 FF010600010000000014" }, /* no type */
		{ PROTO_IEC104, "680E 00000000 64000600010000000014" }, /* no object */
		{ PROTO_IEC104, "6803 070000" },
		{ PROTO_OPCUA, "4D534758 18000000 0300000001000000" },
		{ PROTO_OPCUA, "4D534746 07000000 0300000001000000" },
	};
	uint8_t m[64];
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t n = octets(good[i].message, m);
		if (good[i].proto == PROTO_DNP3) {
			uint16_t crc = dnp3_crc(m, 8);
			m[8] = (uint8_t)crc;
			m[9] = (uint8_t)(crc >> 8);
		}
		begins_everywhere(proto_of((uint8_t)good[i].proto), m, n, false);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t n = octets(bad[i].message, m);
		assert_int_equal(proto_of((uint8_t)bad[i].proto)->begins(m, n, false), -1);
	}
}

/* ---- bytes that are given up ---- */

static void a_hole_is_given_up(void **state)
{
	(void)state;
	static uint8_t buf[HALF_BUF];
	struct half h = { .buf = buf, .size = sizeof(buf) };
	half_start(&h, 0xfffffff8u);
	assert_int_equal(half_add(&h, 0xfffffff8u, (const uint8_t *)"abcd", 4), HALF_OK);
	assert_int_equal(half_add(&h, 4, (const uint8_t *)"mnop", 4), HALF_GAP);
	assert_int_equal(half_add(&h, 20, (const uint8_t *)"z", 1), HALF_GAP);
	half_give_up(&h, 6); /* up to the first island, though asked for more */
	size_t n;
	const uint8_t *p = half_pending(&h, &n);
	assert_int_equal(n, 4);
	assert_memory_equal(p, "mnop", 4);
	assert_int_equal(h.missed, 12);
	assert_true(h.lost && !half_at_rest(&h));
	half_give_up(&h, 30);
	p = half_pending(&h, &n);
	assert_true(n == 1 && *p == 'z');
	assert_int_equal(h.missed, 12 + 16);
	half_give_up(&h, 30); /* nothing kept reaches so far */
	assert_int_equal(half_end(&h), 30);
	assert_int_equal(h.missed, 12 + 16 + 10);
	assert_int_equal(half_add(&h, 30, (const uint8_t *)"q", 1), HALF_OK);
}

/* ---- observed on the wire ---- */

struct line {
	uint32_t client, device; /* next numbers */
	unsigned gaps, unjudged, refused;
	enum reason why;
};

static struct line lines;

static void on_line_event(void *ctx, const struct event *ev)
{
	on_event(ctx, ev);
	if (ev->kind == EV_GAP) {
		lines.gaps++;
		lines.unjudged += ev->unjudged;
		assert_int_equal(ev->verdict, V_OBSERVED);
	} else {
		lines.refused++;
		lines.why = ev->reason;
	}
}

static void follow_start(struct bench *b, bool begun)
{
	bench_start(b, VIOLATION_DROP, MODE_OBSERVE);
	b->out.event = on_line_event;
	lines = (struct line){ .client = 1000, .device = 5000 };
	if (begun)
		handshake(b, 1000, 5000);
}

/* A request for one register (fc 3), or a write of one (fc 6); seen: by the gate. */
static void ask(struct bench *b, unsigned tid, unsigned fc, bool seen)
{
	uint8_t m[12];
	request(m, tid, 1, fc, 10, 1);
	if (seen) {
		segment(b, 0, lines.client, lines.device, TCP_ACK, m, 12);
		assert_int_equal(b->verdict, V_ACCEPT);
		assert_int_equal(b->got_len, 52); /* as it came */
	}
	lines.client += 12;
}

static void answer(struct bench *b, unsigned tid, unsigned fc, bool seen)
{
	uint8_t r[12] = { (uint8_t)(tid >> 8), (uint8_t)tid, 0, 0, 0, 5, 1, 3, 2, 0, 7 };
	size_t n = 11;
	if (fc == 6)
		n = request(r, tid, 1, 6, 10, 1);
	if (seen) {
		segment(b, 1, lines.device, lines.client, TCP_ACK, r, n);
		assert_int_equal(b->verdict, V_ACCEPT);
	}
	lines.device += (uint32_t)n;
}

static void expect_line(unsigned gaps, unsigned unjudged, unsigned refused, enum reason why)
{
	assert_int_equal(lines.gaps, gaps);
	assert_int_equal(lines.unjudged, unjudged);
	assert_int_equal(lines.refused, refused);
	assert_int_equal(lines.why, why);
}

/* A request that took another way: its answer is no unsolicited one, and what follows is judged. */
static void a_hidden_request(void **state)
{
	(void)state;
	struct bench b;
	follow_start(&b, true);
	ask(&b, 1, 3, true);
	answer(&b, 1, 3, true);
	ask(&b, 2, 6, false);
	answer(&b, 2, 6, true);
	expect_line(0, 0, 0, R_NONE);
	ask(&b, 3, 6, true); /* refused, as ever */
	expect_line(1, 12, 1, R_FUNCTION);
	answer(&b, 3, 6, true);
	answer(&b, 9, 3, true); /* what was missed has been answered: this is one too many */
	expect_line(1, 12, 2, R_UNSOLICITED);
	inspect_free(b.in);
}

/* The same where the policy is enforced: it is what a stranger's bytes would be. */
static void enforced_it_is_out_of_window(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12], r[11] = { 0, 2, 0, 0, 0, 5, 1, 3, 2, 0, 7 };
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 1, 5000, 1012, TCP_ACK, r, sizeof(r));
	assert_int_equal(b.reason, R_OUT_OF_WINDOW);
	segment(&b, 0, 1012, 5000, TCP_ACK, m, request(m, 3, 1, 3, 10, 1));
	assert_int_equal(b.verdict, V_ACCEPT); /* asks for what is missing */
	assert_int_equal(left(&b).len, 1);
	assert_int_equal(b.events, 1);
	inspect_free(b.in);
}

/* Behind a hole that nobody acknowledges: eight segments, then it is given up. */
static void a_hole_of_one_direction(void **state)
{
	(void)state;
	struct bench b;
	follow_start(&b, true);
	ask(&b, 1, 3, true);
	ask(&b, 2, 3, false);
	for (unsigned i = 0; i < 7; i++)
		ask(&b, 3 + i, 6, true);
	expect_line(0, 0, 0, R_NONE); /* they wait */
	ask(&b, 10, 6, true);
	expect_line(1, 12, 8, R_FUNCTION);
	/* and a hole that is filled is none */
	uint32_t hole = lines.client;
	uint8_t m[12];
	ask(&b, 11, 3, false);
	ask(&b, 12, 6, true);
	segment(&b, 0, hole, 5000, TCP_ACK, m, request(m, 11, 1, 6, 10, 1));
	expect_line(1, 12, 10, R_FUNCTION);
	inspect_free(b.in);
}

/* Open before the gate was: joined at a message, or in the middle of one. */
static void open_before(void **state)
{
	(void)state;
	for (unsigned half = 0; half < 2; half++) {
		struct bench b;
		uint8_t m[12];
		follow_start(&b, false);
		request(m, 1, 1, 6, 10, 1);
		if (half)
			segment(&b, 0, lines.client + 7, 5000, TCP_ACK, m + 7, 5);
		else
			segment(&b, 0, lines.client, 5000, TCP_ACK, m, 12);
		lines.client += 12;
		expect_line(!half, 0, !half, half ? R_NONE : R_FUNCTION);
		answer(&b, 1, 6, true);
		ask(&b, 2, 6, true);
		answer(&b, 2, 6, true);
		ask(&b, 3, 6, true);
		/* five bytes are the second half of a message: of them there is a record, too */
		assert_int_equal(lines.refused, half ? 2 : 3);
		assert_int_equal(lines.unjudged, half ? 5 : 0);
		inspect_free(b.in);
	}
}

/* What cannot be read is refused once; the next message is found behind it. */
static void what_cannot_be_read(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[40];
	follow_start(&b, true);
	memcpy(m, "GET / HTTP/1.0\r\n", 16);
	request(m + 16, 1, 1, 6, 10, 1);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, 28);
	lines.client = 1028;
	assert_int_equal(lines.refused, 2);
	expect_line(1, 16, 2, R_FUNCTION);
	inspect_free(b.in);
}

/* Enforced from now on. What was followed from its beginning, and without a gap, goes on; what was
 * found again ends, for its sender may have shown the gate other messages than the device read. */
static void observed_then_enforced(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[40];
	static const char no_message[] = "GET / HTTP/1.0\r\n";
	for (unsigned how = 0; how < 4; how++) {
		follow_start(&b, how != 1);
		if (how == 2) /* found again behind it */
			segment(&b, 0, 1000, 5000, TCP_ACK, (const uint8_t *)no_message, 16);
		lines.client = how == 2 ? 1016 : 1000;
		if (how == 3) /* a hole, given up since it is acknowledged */
			lines.client += 12;
		ask(&b, 1, 3, true);
		answer(&b, 1, 3, true);
		ask(&b, 2, 3, true);
		answer(&b, 2, 3, true);
		b.img.flow.mode = MODE_ENFORCE;
		b.img.h.generation++;
		segment(&b, 0, lines.client, lines.device, TCP_ACK, m, request(m, 3, 1, 3, 10, 1));
		assert_int_equal(b.reason == R_STREAM_GAP, how != 0);
		if (how == 0)
			assert_int_equal(left(&b).len, 12);
		else
			assert_ended(&b, lines.client);
		inspect_free(b.in);
	}
}

/* One segment far away is somebody else's; three in a row are the connection. */
static void strays(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	follow_start(&b, true);
	ask(&b, 1, 3, true);
	answer(&b, 1, 3, true);
	request(m, 2, 1, 3, 10, 1);
	segment(&b, 0, 1000 + (3 << 20), lines.device, TCP_ACK, m, 12);
	expect_line(0, 0, 1, R_OUT_OF_WINDOW);
	ask(&b, 2, 3, true);
	answer(&b, 2, 3, true);
	expect_line(0, 0, 1, R_OUT_OF_WINDOW);
	lines.client += 3 << 20;
	for (unsigned i = 0; i < 2; i++)
		ask(&b, 3 + i, 3, true);
	expect_line(0, 0, 3, R_OUT_OF_WINDOW);
	ask(&b, 5, 6, true);
	assert_int_equal(lines.why, R_FUNCTION);
	inspect_free(b.in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modbus_begins),
		cmocka_unit_test(other_protocols_begin),
		cmocka_unit_test(a_hole_is_given_up),
		cmocka_unit_test(a_hidden_request),
		cmocka_unit_test(enforced_it_is_out_of_window),
		cmocka_unit_test(a_hole_of_one_direction),
		cmocka_unit_test(open_before),
		cmocka_unit_test(what_cannot_be_read),
		cmocka_unit_test(observed_then_enforced),
		cmocka_unit_test(strays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
