/* SPDX-License-Identifier: MIT
 *
 * DNP3 in the data path against a station that reads what the gate lets out:
 * wherever the stream is split, it acts on exactly what the policy allows. And
 * datagrams that were dropped, and answers that come too late.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/dnp3/wire-objects.h"
#include "dnp3-samples.h"
#include "inspect/inspect.h"
#include "plant.h"
#include "proto/dnp3/facts.h"
#include "proto/dnp3/policy.h"
#include "proto/dnp3/words.h"
#include "put.h"

#define SECOND UINT64_C(1000000000)

enum { STREAM = 2048, DONE = 16 };

struct bench {
	struct inspect *in;
	struct inspect_out out;
	struct pol_image *img;
	uint64_t now;
	uint32_t id;
	enum reason reason;  /* of the last violation; R_NONE: the last packet had none */
	uint16_t between[2]; /* and the stations of interleaved responses */
	bool dropped, ended;
	bool summed;	 /* the last packet went on with a right checksum of its own */
	uint32_t seq[2]; /* of the senders */
	/* the outstation */
	uint32_t next; /* it expects; 0: not open */
	uint8_t got[STREAM];
	size_t n_got;
};

/* Reads and their like; selects and operates of relay 0. */
static struct pol_image *image(bool select_before_operate, unsigned outstanding)
{
	static struct range zero = { 0, 0 };
	struct range any_object = { 0, 65535 };
	struct ranges any = { .any = true, .set = true };
	struct dnp3_allow a = {
		.functions = { 1 << 1 | 1 << 3 | 1 << 4 },
		.writes = DNP_CLEAR_RESTART,
		.masters = any,
		.outstations = any,
		.objects = { .v = &any_object, .n = 1, .set = true },
		.points = { .v = &zero, .n = 1, .set = true },
		.any_operation = true,
		.any_trip_close = true,
		.count = any,
		.on_time = any,
		.off_time = any,
	};
	struct dnp3_policy d = { .select_before_operate = select_before_operate,
				 .select_timeout = 5,
				 .outstanding = outstanding,
				 .allow = &a,
				 .n_allow = 1 };
	struct flow flows[2] = { { .proto = PROTO_DNP3, .l4 = IPPROTO_TCP, .policy = "p" },
				 { .proto = PROTO_DNP3, .l4 = IPPROTO_UDP, .policy = "p" } };
	struct policy policy = { .name = "p", .proto = PROTO_DNP3, .of = &d };
	struct pol_image *img =
		plant_image((struct conduit){ .flows = flows, .n_flows = 2 }, &policy, 1, 1);
	assert_non_null(img);
	return img;
}

/* The outstation's TCP: only what continues, never twice. */
static void receive(struct bench *b, const struct packet *p)
{
	if (p->flags & TCP_RST) {
		b->ended = true;
		return;
	}
	if (p->flags & TCP_SYN) {
		b->next = p->seq + 1;
		return;
	}
	if (p->len == 0 || p->seq != b->next)
		return;
	assert_true(b->n_got + p->len <= sizeof(b->got));
	memcpy(b->got + b->n_got, p->data, p->len);
	b->n_got += p->len;
	b->next += (uint32_t)p->len;
}

static const uint8_t *sent;
static size_t sent_len;

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct bench *b = ctx;
	struct packet p, q;
	assert_int_equal(id, b->id);
	b->dropped = v != V_ACCEPT;
	if (v == V_RESET)
		b->ended = true;
	if (v != V_ACCEPT)
		return;
	assert_int_equal(packet_parse(data ? data : sent, data ? len : sent_len, false, &p),
			 R_NONE);
	b->summed = packet_parse(data ? data : sent, data ? len : sent_len, true, &q) == R_NONE &&
		    !q.no_sum;
	if (p.dport == 20000)
		receive(b, &p);
}

static void on_event(void *ctx, const struct event *ev)
{
	struct bench *b = ctx;
	b->reason = ev->reason;
	b->between[0] = EV_DNP3(ev)->src;
	b->between[1] = EV_DNP3(ev)->has & EVD_OTHER ? EV_DNP3(ev)->other : 0;
}

static void start(struct bench *b, bool select_before_operate, unsigned outstanding)
{
	memset(b, 0, sizeof(*b));
	struct inspect_conf conf = { .max_connections = 16, .hash_key = { 1, 2 } };
	b->in = inspect_new(&conf);
	assert_non_null(b->in);
	b->img = image(select_before_operate, outstanding);
	inspect_policy(b->in, b->img);
	b->out = (struct inspect_out){ .ctx = b, .verdict = on_verdict, .event = on_event };
	b->now = SECOND;
	b->seq[0] = 999;
	b->seq[1] = 4999;
}

static void stop(struct bench *b)
{
	inspect_free(b->in);
	free(b->img);
}

/* from: 0 the master (client); flags 0: a datagram. */
static void packet(struct bench *b, unsigned from, uint8_t flags, const uint8_t *data, size_t n)
{
	static uint8_t p[40 + STREAM];
	sent = p;
	sent_len = put_whole(p, from, 20000, flags, b->seq, data, n);
	b->now += 1000000;
	b->reason = R_NONE;
	struct inspect_pkt k = {
		.id = ++b->id, .now_ns = b->now, .wall_ns = b->now, .ip = p, .len = sent_len
	};
	inspect_packet(b->in, &k, &b->out);
}

static void handshake(struct bench *b)
{
	packet(b, 0, TCP_SYN, NULL, 0);
	packet(b, 1, TCP_SYN | TCP_ACK, NULL, 0);
	packet(b, 0, TCP_ACK, NULL, 0);
}

/* What an outstation that checks no CRC and keeps to the length field does with the bytes it
 * has: the functions of the fragments it acts on. */
static size_t acts_on(const struct bench *b, uint8_t functions[DONE])
{
	static uint8_t room[DNP_FRAGMENT_MAX];
	struct dnp_series s = { .buf = room, .max = sizeof(room) };
	size_t at = 0, n = 0;
	while (b->n_got - at >= 8) {
		const uint8_t *p = b->got + at;
		size_t user = p[2] - 5u, whole = 10 + user + 2 * ((user + 15) / 16),
		       have = b->n_got - at;
		assert_true(p[0] == 5 && p[1] == 0x64);
		/* it needs no CRC of the last block, but the block */
		if (have < (user ? whole - 2 : 8))
			break;
		struct dnp_link l = { .src = p[6], .dst = p[4], .n = (uint8_t)user };
		for (size_t i = 0; i < user; i++)
			l.user[i] = p[10 + i + 2 * (i / 16)];
		bool last;
		if (user && dnp3_segment(&s, &l, &last) == R_NONE && last) {
			assert_true(n < DONE);
			functions[n++] = s.buf[1];
		}
		at += have < whole ? have : whole;
	}
	return n;
}

/* A read, a direct operate, a read in three frames, a broken clear, a clear. */
static size_t conversation(uint8_t out[STREAM])
{
	uint8_t user[3][32];
	size_t n = sample_request("c0 c0 01 3c0206", out);
	n += sample_request("c1 c1 05 0c01 17 01 00 41 01 64000000 64000000 00", out + n);
	for (unsigned i = 0; i < 3; i++) {
		size_t len = sample_hex(i == 0 ? "42 c2 01 3c0206 3c0306 3c0406 3c0106 3c0206 3c02"
					: i == 1 ? "03 06 3c0306 3c0406"
						 : "84 3c0106",
					user[i]);
		n += sample_frame(0xc4, SAMPLE_OUTSTATION, SAMPLE_MASTER, user[i], len, out + n);
	}
	n += sample_request("c5 c3 02 5001 00 07 07 00", out + n);
	out[n - 1] ^= 1;
	return n + sample_request("c6 c3 02 5001 00 07 07 00", out + n);
}

/* The stream in three pieces, cut at every two places. */
static void every_split(void **state)
{
	(void)state;
	static const uint8_t want[] = { 1, 1, 2 };
	uint8_t stream[STREAM], functions[DONE];
	size_t n = conversation(stream);
	unsigned whole = 0;
	for (size_t i = 1; i < n; i++) {
		for (size_t k = i; k <= n; k += 7) {
			struct bench b;
			start(&b, false, 16);
			handshake(&b);
			packet(&b, 0, TCP_ACK, stream, i);
			packet(&b, 0, TCP_ACK, stream + i, k - i);
			packet(&b, 0, TCP_ACK, stream + k, n - k);
			size_t done = acts_on(&b, functions);
			assert_true(done <= 3);
			assert_memory_equal(functions, want, done);
			assert_true(b.ended || done == 3);
			whole += !b.ended;
			stop(&b);
		}
	}
	/* it ends only where some of a refused frame had to go on */
	assert_true(whole > n);
}

static void octet_by_octet(void **state)
{
	(void)state;
	uint8_t stream[STREAM], functions[DONE];
	size_t n = sample_request("c0 c0 01 3c0206", stream);
	n += sample_request("c6 c3 02 5001 00 07 07 00", stream + n);
	struct bench b;
	start(&b, false, 16);
	handshake(&b);
	for (size_t i = 0; i < n; i++) {
		packet(&b, 0, TCP_ACK, stream + i, 1);
		assert_int_equal(b.reason, R_NONE);
	}
	assert_int_equal(acts_on(&b, functions), 2);
	assert_int_equal(b.n_got, n);
	assert_memory_equal(b.got, stream, n);
	stop(&b);
}

static void user_data(uint8_t control, const char *hex, size_t *n, uint8_t *out)
{
	uint8_t user[64];
	bool request = control & 0x80;
	*n += sample_frame(control, request ? SAMPLE_OUTSTATION : SAMPLE_MASTER,
			   request ? SAMPLE_MASTER : SAMPLE_OUTSTATION, user, sample_hex(hex, user),
			   out + *n);
}

/* A request is whole in its datagram, and one that is dropped takes its segments with it. */
static void dropped_datagrams(void **state)
{
	(void)state;
	struct bench b;
	uint8_t d[STREAM];
	size_t n = 0;
	start(&b, false, 1);
	user_data(0xc4, "40 c0 01", &n, d);
	packet(&b, 0, 0, d, n);
	assert_true(b.dropped);
	assert_int_equal(b.reason, R_DNP_DATAGRAM);
	n = 0;
	user_data(0xc4, "81 3c0206", &n, d);
	packet(&b, 0, 0, d, n);
	assert_true(b.dropped);
	assert_int_equal(b.reason, R_NONE); /* one record of a fragment */
	packet(&b, 0, 0, d, n);
	assert_int_equal(b.reason, R_DNP_SEGMENT);
	n = 0;
	user_data(0xc4, "40 c0 01", &n, d);
	user_data(0xc4, "81 3c0206", &n, d);
	packet(&b, 0, 0, d, n);
	assert_false(b.dropped);
	/* one that is no whole number of frames */
	packet(&b, 0, 0, d, n + 3);
	assert_true(b.dropped);
	packet(&b, 0, 0, d, n - 3);
	assert_true(b.dropped);
	/* a response may be in several: what is in a dropped one is lost, and a copy is not */
	static const char *const parts[] = { "40 c0 81 0000", "01 1e020000", "82 0001 1100" };
	for (unsigned i = 0; i < 3; i++) {
		n = 0;
		user_data(0x44, parts[i], &n, d);
		packet(&b, 1, 0, d, n);
		assert_false(b.dropped);
		packet(&b, 1, 0, d, n);
		assert_true(b.dropped);
		/* one record of a fragment's copies */
		assert_int_equal(b.reason, i ? R_NONE : R_DNP_REPEAT);
	}
	n = 0;
	user_data(0x44, parts[0], &n, d);
	packet(&b, 1, 0, d, n);
	assert_false(b.dropped);
	n = 0;
	user_data(0x44, parts[1], &n, d);
	packet(&b, 1, 0, d, n + 3);
	assert_true(b.dropped);
	packet(&b, 1, 0, d, n);
	assert_true(b.dropped);
	assert_int_equal(b.reason, R_DNP_SEGMENT);
	stop(&b);
}

/* One without a checksum, or with one that its machine has left to others, goes on with a right
 * one. */
static void datagram_checksum(void **state)
{
	(void)state;
	struct bench b;
	uint8_t d[STREAM];
	size_t n = 0;
	start(&b, false, 16);
	user_data(0xc4, "c0 c0 01 3c0206", &n, d);
	packet(&b, 0, 0, d, n);
	assert_false(b.dropped);
	assert_true(b.summed);
	stop(&b);
}

static enum reason ask(struct bench *b, const char *hex)
{
	uint8_t f[STREAM];
	packet(b, 0, TCP_ACK, f, sample_request(hex, f));
	return b->reason;
}

static enum reason say(struct bench *b, const char *hex)
{
	uint8_t f[STREAM];
	packet(b, 1, TCP_ACK, f, sample_response(hex, f));
	return b->reason;
}

#define RELAY " 0c01 17 01 00 41 01 64000000 64000000 00"

static void too_late(void **state)
{
	(void)state;
	struct bench b;
	start(&b, true, 1);
	handshake(&b);
	assert_int_equal(ask(&b, "c0 c0 01 3c0206"), R_NONE);
	b.now += 59 * SECOND;
	assert_int_equal(say(&b, "c0 e0 81 0000"), R_NONE);
	b.now += 2 * SECOND;
	assert_int_equal(say(&b, "c1 e0 81 0000"), R_UNSOLICITED);
	b.now += 57 * SECOND;
	assert_int_equal(ask(&b, "c1 c0 00"), R_NONE);
	b.now += 2 * SECOND;
	assert_int_equal(ask(&b, "c1 c0 00"), R_DNP_CONFIRM);
	assert_int_equal(ask(&b, "c2 c1 03" RELAY), R_NONE);
	assert_int_equal(say(&b, "c2 c1 81 0000" RELAY), R_NONE);
	b.now += 5 * SECOND;
	assert_int_equal(ask(&b, "c3 c2 04" RELAY), R_DNP_NOT_SELECTED);
	assert_int_equal(ask(&b, "c4 c3 03" RELAY), R_NONE);
	assert_int_equal(say(&b, "c4 c3 81 0000" RELAY), R_NONE);
	assert_int_equal(ask(&b, "c5 c4 04" RELAY), R_NONE);
	stop(&b);
}

/* A request is waited for a second, and no longer: its answer may be lost. */
static void one_at_a_time(void **state)
{
	(void)state;
	struct bench b;
	start(&b, false, 1);
	handshake(&b);
	assert_int_equal(ask(&b, "c0 c0 01 3c0206"), R_NONE);
	b.now += SECOND - 2000000;
	assert_int_equal(ask(&b, "c1 c1 01 3c0206"), R_DNP_OUTSTANDING);
	b.now += 1000000;
	assert_int_equal(ask(&b, "c1 c1 01 3c0206"), R_NONE);
	assert_int_equal(ask(&b, "c2 c2 01 3c0206"), R_DNP_OUTSTANDING);
	assert_int_equal(say(&b, "c0 c0 81 0000"), R_NONE); /* late, to the first */
	assert_int_equal(ask(&b, "c2 c2 01 3c0206"), R_DNP_OUTSTANDING);
	assert_int_equal(say(&b, "c1 c1 81 0000"), R_NONE);
	assert_int_equal(ask(&b, "c2 c2 01 3c0206"), R_NONE);
	stop(&b);
}

/* Frames of a connection on which a READ waits for its answer, and what each comes to. */
struct frames {
	uint8_t control; /* 0: the end */
	const char *hex;
	enum reason reason;
};

static void check_frames(const struct frames *v)
{
	struct bench b;
	start(&b, false, 16);
	handshake(&b);
	assert_int_equal(ask(&b, "c0 c0 01 3c0206"), R_NONE);
	for (; v->control; v++) {
		uint8_t f[STREAM];
		size_t n = 0, before = b.n_got;
		user_data(v->control, v->hex, &n, f);
		packet(&b, v->control & 0x80 ? 0 : 1, TCP_ACK, f, n);
		if (b.reason != v->reason)
			fail_msg("%02x %s: %s, not %s", v->control, v->hex, reason_name(b.reason),
				 reason_name(v->reason));
		if (v->control & 0x80 && v->reason != R_NONE)
			assert_int_equal(b.n_got, before);
	}
	stop(&b);
}

enum {
	REQUEST = 0xc4,
	CONFIRMED = 0xd3,
	CONFIRMED_1 = 0xf3, /* the frame count bit 0, and 1 */
	/* the latter two are confirmed data */
	RESPONSE = 0x44,
	ANSWERED = 0x53,
	ANSWERED_1 = 0x73,
};
#define FRAMES(...) check_frames((const struct frames[]){ __VA_ARGS__, { 0 } })
#define FIRST "40 c0 81 0000"
#define LAST "81 1e020000000111 00"

/* Each of these guards is alone in its test: without it, only that test fails. */

static void a_confirmed_request_is_one_frame(void **state)
{
	(void)state;
	FRAMES({ CONFIRMED, "c1 c1 01 3c0206", R_NONE },
	       { CONFIRMED_1, "40 c2 01", R_DNP_CONFIRMED });
	FRAMES({ REQUEST, "40 c1 01", R_NONE }, { CONFIRMED, "81 3c0206", R_DNP_CONFIRMED });
}

static void a_fragment_has_one_link_function(void **state)
{
	(void)state;
	FRAMES({ RESPONSE, FIRST, R_NONE }, { ANSWERED_1, LAST, R_DNP_SEGMENT });
	FRAMES({ ANSWERED_1, FIRST, R_NONE }, { RESPONSE, LAST, R_DNP_SEGMENT });
}

static void no_request_begins_in_another(void **state)
{
	(void)state;
	FRAMES({ REQUEST, "40 c1 01", R_NONE }, { REQUEST, "c1 c1 01 3c0206", R_DNP_SEGMENT });
	FRAMES({ REQUEST, "40 c1 01", R_NONE }, { REQUEST, "41 c1 01", R_DNP_SEGMENT });
	FRAMES({ REQUEST, "40 c1 01", R_NONE }, { REQUEST, "81 3c0206", R_NONE },
	       { REQUEST, "42 c2 01", R_NONE });
}

static void the_frame_count_bit_alternates(void **state)
{
	(void)state;
	FRAMES({ ANSWERED_1, FIRST, R_NONE }, { ANSWERED_1, LAST, R_DNP_SEGMENT });
	FRAMES({ ANSWERED_1, FIRST, R_NONE }, { ANSWERED, LAST, R_NONE });
}

static void no_confirmed_response_begins_in_another(void **state)
{
	(void)state;
	FRAMES({ ANSWERED_1, FIRST, R_NONE }, { ANSWERED, "41 c0 81 0000", R_DNP_SEGMENT });
}

static void from_station(struct bench *b, uint8_t flags, uint8_t control, uint16_t src,
			 const char *hex)
{
	uint8_t user[64], f[STREAM];
	size_t n = sample_hex(hex, user);
	packet(b, 1, flags, f, sample_frame(control, SAMPLE_MASTER, src, user, n, f));
}

/* The record of two stations' responses in turn names both. Over TCP the first segment of another
 * ends the one before, though confirmed data or a datagram only to us: its next number is the
 * other's for ten seconds. */
static void responses_in_turn(void **state)
{
	(void)state;
	static const struct {
		uint8_t flags, first, second;
	} way[] = { { TCP_ACK, RESPONSE, RESPONSE },
		    { TCP_ACK, ANSWERED_1, ANSWERED },
		    { 0, RESPONSE, RESPONSE } };
	for (unsigned i = 0; i < 3; i++) {
		struct bench b;
		bool sure = i == 0;
		start(&b, false, 16);
		if (way[i].flags)
			handshake(&b);
		for (unsigned late = 0; late < 2; late++) {
			from_station(&b, way[i].flags, RESPONSE, 10, "40 c0 81 0000");
			assert_int_equal(b.reason, R_NONE);
			from_station(&b, way[i].flags, way[i].first, 11, "40 c0 81 0000");
			assert_int_equal(b.reason, R_NONE);
			b.now += late ? 10 * SECOND : 9 * SECOND;
			from_station(&b, way[i].flags, way[i].second, 11, "01 1e02");
			assert_int_equal(b.reason, sure || late ? R_NONE : R_DNP_INTERLEAVED);
			if (!sure && !late) {
				assert_int_equal(b.between[0], 11);
				assert_int_equal(b.between[1], 10);
			}
			from_station(&b, way[i].flags, RESPONSE, 10, "01 1e02");
			assert_int_equal(b.reason, R_DNP_INTERLEAVED);
			assert_int_equal(b.between[0], 10);
			assert_int_equal(b.between[1], 11);
			b.now += 11 * SECOND;
		}
		stop(&b);
	}
}

/* What a master may wait for outlives sixteen stations of which nothing went on. */
static void what_a_master_waits_for(void **state)
{
	(void)state;
	struct bench b;
	start(&b, false, 16);
	handshake(&b);
	from_station(&b, TCP_ACK, RESPONSE, 10, "40 c0 81 0000");
	for (uint16_t other = 20; other < 36; other++) {
		from_station(&b, TCP_ACK, RESPONSE, other, "05 1e02");
		assert_int_equal(b.reason, R_DNP_SEGMENT);
	}
	from_station(&b, TCP_ACK, ANSWERED_1, 11, "40 c0 81 0000");
	from_station(&b, TCP_ACK, ANSWERED, 11, "01 1e02");
	assert_int_equal(b.reason, R_DNP_INTERLEAVED);
	stop(&b);
}

/* A response that has ended keeps nobody from its numbers, though it was confirmed. */
static void what_has_ended(void **state)
{
	(void)state;
	struct bench b;
	start(&b, false, 16);
	handshake(&b);
	assert_int_equal(ask(&b, "c0 c0 01 3c0206"), R_NONE);
	from_station(&b, TCP_ACK, ANSWERED_1, SAMPLE_OUTSTATION, FIRST);
	from_station(&b, TCP_ACK, ANSWERED, SAMPLE_OUTSTATION, LAST);
	assert_int_equal(b.reason, R_NONE);
	from_station(&b, TCP_ACK, ANSWERED_1, 11, "40 c0 81 0000");
	from_station(&b, TCP_ACK, ANSWERED, 11, "01 1e02");
	assert_int_equal(b.reason, R_NONE);
	stop(&b);
}

/* What is mapped from elsewhere is looked at before it is used. */
static void image_bounds(void **state)
{
	(void)state;
	struct pol_image *img = image(false, 1);
	struct pol_dnp_head *h = (void *)((uint8_t *)img + img->heads_off[PROTO_DNP3]);
	struct pol_dnp_rule *r = (void *)((uint8_t *)img + img->rules_off[PROTO_DNP3]);
	uint8_t *const flags[] = { &h->server_is_master,
				   &h->select_before_operate,
				   &h->unsolicited,
				   &h->broadcast,
				   &h->secure_authentication,
				   &h->unwalkable,
				   &h->confirmed_requests,
				   &h->interleaved_responses,
				   &r->any_operation,
				   &r->any_trip_close,
				   &r->any_analog };
	struct pol_rset *const sets[] = { &r->masters, &r->outstations, &r->objects, &r->points,
					  &r->count,   &r->on_time,	&r->off_time };
	assert_true(policy_valid(img, img->size));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		uint8_t was = *flags[i];
		*flags[i] = 2;
		assert_false(policy_valid(img, img->size));
		*flags[i] = was;
	}
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct pol_rset was = *sets[i];
		sets[i]->n = img->n_ranges + 1;
		assert_false(policy_valid(img, img->size));
		*sets[i] = was;
	}
	uint8_t *const limits[] = { &h->select_timeout, &h->outstanding };
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		uint8_t was = *limits[i];
		*limits[i] = 0;
		assert_false(policy_valid(img, img->size));
		*limits[i] = 61;
		assert_false(policy_valid(img, img->size));
		*limits[i] = was;
	}
	h->max_fragment = DNP_FRAGMENT_MAX + 1;
	assert_false(policy_valid(img, img->size));
	h->max_fragment = DNP_FRAGMENT_MAX;
	r->n_analog = POL_DNP_SPANS_MAX + 1;
	assert_false(policy_valid(img, img->size));
	r->n_analog = 0;
	assert_true(policy_valid(img, img->size));
	free(img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split),
		cmocka_unit_test(octet_by_octet),
		cmocka_unit_test(dropped_datagrams),
		cmocka_unit_test(datagram_checksum),
		cmocka_unit_test(too_late),
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(a_confirmed_request_is_one_frame),
		cmocka_unit_test(a_fragment_has_one_link_function),
		cmocka_unit_test(no_request_begins_in_another),
		cmocka_unit_test(the_frame_count_bit_alternates),
		cmocka_unit_test(no_confirmed_response_begins_in_another),
		cmocka_unit_test(responses_in_turn),
		cmocka_unit_test(what_a_master_waits_for),
		cmocka_unit_test(what_has_ended),
		cmocka_unit_test(image_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
