/* SPDX-License-Identifier: MIT
 * OPC UA in the data path over reloads, and where memory is short. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inspect/inspect.h"
#include "proto/opcua/gate.h"
#include "opcua-samples.h"
#include "plant.h"
#include "proto/opcua/words.h"

enum { FLOWS = 120, SEGMENT = 4000, LARGE = 64 /* places for large buffers, of 256 flows */ };

#define SECOND UINT64_C(1000000000)

struct end {
	uint32_t seq[2]; /* next number of the client, of the server */
};

struct bench {
	struct inspect *in;
	struct inspect_out out;
	struct pol_image *img[4];
	unsigned n_img;
	uint64_t now;
	uint32_t id;
	enum reason reason; /* of the last violation */
	unsigned taken;	    /* connections that lost their large buffer */
	uint8_t host;	    /* of the client: the last octet of its address */
	bool ended;	    /* by the last packet */
	const uint8_t *ip;
	struct end end[FLOWS];
};

static struct make made;

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct bench *b = ctx;
	struct packet p;
	assert_int_equal(id, b->id);
	b->ended = v != V_ACCEPT;
	if (data && packet_parse(data, len, false, &p) == R_NONE && (p.flags & TCP_RST))
		b->ended = true;
}

static void on_event(void *ctx, const struct event *ev)
{
	struct bench *b = ctx;
	if (ev->kind == EV_VIOLATION)
		b->reason = ev->reason;
	b->taken += ev->reason == R_LARGE_TAKEN;
}

struct rules {
	enum mode mode;
	enum ua_mode security;
	bool anonymous, discovery;
};

static void turn_to(struct bench *b, const struct rules *r)
{
	static const char *users[] = { "user-name", "anonymous" };
	struct opcua_allow a = { .services = ~UINT64_C(0),
				 .nodes = { .any = true },
				 .attributes = { .any = true } };
	struct texts any = { .any = true };
	struct opcua_policy o = {
		.security = (int)r->security,
		.unsecured_discovery = r->discovery,
		.opaque = true,
		.security_policies = any,
		.endpoint_urls = any,
		.client_certificates = any,
		.server_certificates = any,
		.user_tokens = { .v = users, .n = r->anonymous ? 2 : 1 },
		.allow = &a,
		.n_allow = 1,
	};
	struct flow flow = { .proto = PROTO_OPCUA, .policy = "p" };
	struct policy policy = { .name = "p", .proto = PROTO_OPCUA, .of = &o };
	assert_true(b->n_img < 4);
	struct pol_image *img =
		plant_image((struct conduit){ .flows = &flow, .n_flows = 1, .mode = r->mode },
			    &policy, 1, b->n_img + 1);
	assert_non_null(img);
	b->img[b->n_img++] = img;
	inspect_policy(b->in, img);
}

static void start(struct bench *b, const struct rules *r)
{
	memset(b, 0, sizeof(*b));
	struct inspect_conf conf = { .max_connections = 256, .hash_key = { 1, 2 } };
	b->in = inspect_new(&conf);
	assert_non_null(b->in);
	b->out = (struct inspect_out){ .ctx = b, .verdict = on_verdict, .event = on_event };
	b->now = SECOND;
	b->host = 1;
	for (unsigned i = 0; i < FLOWS; i++)
		b->end[i] = (struct end){ { 999, 4999 } };
	turn_to(b, r);
}

static void stop(struct bench *b)
{
	inspect_free(b->in);
	for (unsigned i = 0; i < b->n_img; i++)
		free(b->img[i]);
}

static void put_be(uint8_t *p, uint32_t v, unsigned n)
{
	while (n--) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

static void segment(struct bench *b, unsigned flow, unsigned from, uint8_t flags, const void *data,
		    size_t n)
{
	static uint8_t p[40 + SEGMENT];
	struct end *e = &b->end[flow];
	assert_true(n <= SEGMENT);
	memset(p, 0, 40);
	p[0] = 0x45;
	put_be(p + 2, (uint32_t)(40 + n), 2);
	p[8] = 64;
	p[9] = IPPROTO_TCP;
	memcpy(p + 12, from ? "\x0a\2\0\1" : "\x0a\1\0\1", 4);
	memcpy(p + 16, from ? "\x0a\1\0\1" : "\x0a\2\0\1", 4);
	p[from ? 19 : 15] = b->host;
	put_be(p + 20, from ? 4840 : 40000 + flow, 2);
	put_be(p + 22, from ? 40000 + flow : 4840, 2);
	put_be(p + 24, e->seq[from], 4);
	put_be(p + 28, flags == TCP_SYN ? 0 : e->seq[!from], 4);
	p[32] = 0x50;
	p[33] = flags;
	put_be(p + 34, 60000, 2);
	if (n)
		memcpy(p + 40, data, n);
	b->now += 1000000;
	b->reason = R_NONE;
	struct inspect_pkt k = {
		.id = ++b->id, .now_ns = b->now, .wall_ns = b->now, .ip = p, .len = 40 + n
	};
	inspect_packet(b->in, &k, &b->out);
	e->seq[from] += (uint32_t)n + (flags & TCP_SYN ? 1 : 0);
}

/* What has been made, in segments; the reason of what was refused. */
static enum reason say(struct bench *b, unsigned flow, unsigned from)
{
	for (size_t at = 0; at < made.n; at += SEGMENT) {
		size_t n = made.n - at < SEGMENT ? made.n - at : SEGMENT;
		segment(b, flow, from, TCP_ACK | TCP_PSH, made.b + at, n);
		if (b->ended)
			return b->reason;
		segment(b, flow, !from, TCP_ACK, NULL, 0);
	}
	return b->reason;
}

static void handshake(struct bench *b, unsigned flow)
{
	segment(b, flow, 0, TCP_SYN, NULL, 0);
	segment(b, flow, 1, TCP_SYN | TCP_ACK, NULL, 0);
	segment(b, flow, 0, TCP_ACK, NULL, 0);
}

static void open_channel(struct bench *b, unsigned flow)
{
	handshake(b, flow);
	for (unsigned step = 0; step < 4; step++) {
		made.n = 0;
		if (step < 2) {
			put_hello(&made, step ? "ACKF" : "HELF",
				  step ? NULL : "opc.tcp://plc:4840");
		} else {
			size_t at = opn_begin(&made, step == 3 ? 3 : 0, "None", NULL);
			put_u32(&made, 1);
			put_u32(&made, 1);
			if (step == 2)
				put_open_request(&made, 0, UA_MODE_NONE);
			else
				put_open_response(&made, 3, 1);
			chunk_done(&made, at);
		}
		assert_int_equal(say(b, flow, step & 1), R_NONE);
	}
}

/* A request of these field letters. */
static enum reason ask(struct bench *b, unsigned flow, uint32_t seq, uint16_t id,
		       const char *fields)
{
	made.n = 0;
	size_t at = msg_begin(&made, "MSGF", 3, 1, (uint32_t[]){ seq, seq });
	put_request(&made, id);
	put_fields(&made, fields);
	chunk_done(&made, at);
	return say(b, flow, 0);
}

static enum reason ask_part(struct bench *b, unsigned flow, uint32_t seq)
{
	made.n = 0;
	size_t at = msg_begin(&made, "MSGC", 3, 1, (uint32_t[]){ seq, 2 });
	put_request(&made, 473);
	chunk_done(&made, at);
	return say(b, flow, 0);
}

static enum reason ask_rest(struct bench *b, unsigned flow, uint32_t seq)
{
	made.n = 0;
	size_t at = msg_begin(&made, "MSGF", 3, 1, (uint32_t[]){ seq, 2 });
	put8(&made, 1);
	chunk_done(&made, at);
	return say(b, flow, 0);
}

static const struct rules open_rules = { .security = UA_MODE_NONE, .anonymous = true };

static void reload_keeps_what_is_permitted(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	open_channel(&b, 0);
	assert_int_equal(ask(&b, 0, 2, 473, "b"), R_NONE);
	turn_to(&b, &open_rules);
	assert_int_equal(ask(&b, 0, 3, 473, "b"), R_NONE);
	assert_false(b.ended);
	stop(&b);
}

static void reload_that_asks_for_more_ends_it(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	open_channel(&b, 0);
	open_channel(&b, 1);
	turn_to(&b,
		&(struct rules){ .security = UA_MODE_SIGN, .anonymous = true, .discovery = true });
	assert_int_equal(ask(&b, 0, 2, 428, "s[s][s]"), R_NONE);
	assert_int_equal(ask(&b, 0, 3, 473, "b"), R_UA_SECURITY);
	assert_true(b.ended);
	turn_to(&b, &(struct rules){ .security = UA_MODE_SIGN, .anonymous = true });
	assert_int_equal(ask(&b, 1, 2, 428, "s[s][s]"), R_UA_SECURITY);
	stop(&b);
}

static void users_are_judged_again(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	open_channel(&b, 0);
	assert_int_equal(ask(&b, 0, 2, 467, "ss[ss][s]Uss"), R_NONE); /* anonymous */
	assert_int_equal(ask(&b, 0, 3, 473, "b"), R_NONE);
	turn_to(&b, &(struct rules){ .security = UA_MODE_NONE });
	assert_int_equal(ask(&b, 0, 4, 473, "b"), R_UA_USER);
	assert_true(b.ended);
	stop(&b);
}

/* A connection joined in its middle while observing is not known well enough to enforce. */
static void observed_late_then_enforced(void **state)
{
	(void)state;
	struct bench b;
	start(&b,
	      &(struct rules){ .mode = MODE_OBSERVE, .security = UA_MODE_NONE, .anonymous = true });
	handshake(&b, 0);
	assert_int_equal(ask(&b, 0, 20, 473, "b"), R_NONE);
	assert_int_equal(ask(&b, 0, 21, 473, "b"), R_NONE);
	turn_to(&b, &open_rules);
	assert_int_equal(ask(&b, 0, 22, 473, "b"), R_UA_STATE);
	assert_true(b.ended);
	stop(&b);
}

static void places_are_few_and_given_again(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	for (unsigned i = 0; i < UA_PARTS + 2; i++)
		open_channel(&b, i);
	for (unsigned i = 0; i < UA_PARTS; i++)
		assert_int_equal(ask_part(&b, i, 2), R_NONE);
	assert_int_equal(ask_part(&b, UA_PARTS, 2), R_UA_ROOM);
	/* one that comes to its end makes room, and what it said was judged as a whole */
	assert_int_equal(ask_rest(&b, 5, 3), R_NONE);
	assert_int_equal(ask_part(&b, UA_PARTS + 1, 2), R_NONE);
	assert_int_equal(ask_rest(&b, UA_PARTS + 1, 3), R_NONE);
	stop(&b);
}

static void an_old_place_may_be_taken(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	for (unsigned i = 0; i <= UA_PARTS; i++)
		open_channel(&b, i);
	for (unsigned i = 0; i < UA_PARTS; i++)
		assert_int_equal(ask_part(&b, i, 2), R_NONE);
	b.now += UA_PARTS_NS;
	assert_int_equal(ask_part(&b, UA_PARTS, 2), R_NONE);
	assert_int_equal(ask_rest(&b, 0, 3), R_UA_ROOM); /* the oldest lost its own */
	assert_true(b.ended);
	assert_int_equal(ask_rest(&b, UA_PARTS, 3), R_NONE);
	assert_int_equal(ask_rest(&b, 1, 3), R_NONE);
	stop(&b);
}

/* A response to this request, in a chunk of its own. */
static enum reason reply(struct bench *b, uint32_t seq, uint32_t req, uint16_t id)
{
	made.n = 0;
	size_t at = msg_begin(&made, "MSGF", 3, 1, (uint32_t[]){ seq, req });
	put_response(&made, id, 0);
	chunk_done(&made, at);
	return say(b, 0, 1);
}

enum {
	READ_ASKED = 631,
	READ_SAID = 634,
	WRITE_SAID = 676,
	PUBLISH_ASKED = 826,
	PUBLISH_SAID = 829
};

static uint32_t ask_many(struct bench *b, uint32_t seq, unsigned n, uint16_t id, const char *fields)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(ask(b, 0, seq++, id, fields), R_NONE);
	return seq;
}

/* More at a time than are known one by one: each is answered once, in any order, by its service. */
static void many_at_a_time(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	open_channel(&b, 0);
	uint32_t said = 2, seq = ask_many(&b, 2, 200, PUBLISH_ASKED, "[uu]");
	seq = ask_many(&b, seq, 1000, READ_ASKED, "lu[@rasq]");
	for (uint32_t id = seq - 1; id >= 2; id--)
		assert_int_equal(reply(&b, said++, id, id < 202 ? PUBLISH_SAID : READ_SAID),
				 R_NONE);
	assert_int_equal(reply(&b, said, 2, PUBLISH_SAID), R_UNSOLICITED);
	assert_true(b.ended);
	stop(&b);
}

static void older_ones_are_answered_by_service(void **state)
{
	(void)state;
	static const struct {
		uint32_t req;
		uint16_t id;
		enum reason why;
	} v[] = {
		{ 2, WRITE_SAID, R_UNSOLICITED },
		{ 2, READ_ASKED, R_UNSOLICITED },
		{ 2, 9999, R_UNSOLICITED },
		{ 2, READ_SAID, R_NONE },
		{ 9999, READ_SAID, R_NONE },
		{ 2, UA_SERVICE_FAULT, R_NONE },
		{ 2 + UA_PENDING, WRITE_SAID, R_RESPONSE_MISMATCH },
		{ 2 + UA_PENDING, READ_SAID, R_NONE },
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct bench b;
		start(&b, &open_rules);
		open_channel(&b, 0);
		ask_many(&b, 2, UA_PENDING + 2, READ_ASKED, "lu[@rasq]");
		assert_int_equal(reply(&b, 2, v[i].req, v[i].id), v[i].why);
		stop(&b);
	}
}

/* Whatever the answers are, there are no more than requests. */
static void faults_use_up_requests_too(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	open_channel(&b, 0);
	ask_many(&b, 2, UA_PENDING + 3, READ_ASKED, "lu[@rasq]");
	assert_int_equal(reply(&b, 2, 2, UA_SERVICE_FAULT), R_NONE);
	assert_int_equal(reply(&b, 3, 3, READ_SAID), R_NONE);
	assert_int_equal(reply(&b, 4, 4, UA_SERVICE_FAULT), R_NONE);
	assert_int_equal(reply(&b, 5, 3, READ_SAID), R_UNSOLICITED);
	stop(&b);
}

static void outstanding_requests_have_a_limit(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	open_channel(&b, 0);
	uint32_t seq = ask_many(&b, 2, 100, PUBLISH_ASKED, "[uu]");
	seq = ask_many(&b, seq, UA_OUTSTANDING - 100, READ_ASKED, "lu[@rasq]");
	assert_int_equal(ask(&b, 0, seq, READ_ASKED, "lu[@rasq]"), R_PENDING_LIMIT);
	assert_true(b.ended);
	stop(&b);
	/* what nobody answers for long is given up where room is needed, but for publish requests
	 */
	start(&b, &open_rules);
	open_channel(&b, 0);
	seq = ask_many(&b, 2, 100, PUBLISH_ASKED, "[uu]");
	seq = ask_many(&b, seq, UA_OUTSTANDING - 100, READ_ASKED, "lu[@rasq]");
	b.now += 31 * SECOND;
	seq = ask_many(&b, seq, UA_PENDING + 1, READ_ASKED, "lu[@rasq]");
	assert_int_equal(reply(&b, 2, 2, PUBLISH_SAID), R_NONE);
	assert_int_equal(reply(&b, 3, seq - 1, READ_SAID), R_NONE);
	assert_int_equal(reply(&b, 4, 9999, WRITE_SAID), R_UNSOLICITED);
	stop(&b);
}

/* As many connections as there are large buffers, and more, that never say a word. */
static void the_silent_keep_no_large_buffer(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	for (unsigned i = 1; i < FLOWS; i++) {
		handshake(&b, i);
		assert_false(b.ended);
	}
	b.host = 2;
	open_channel(&b, 0);
	assert_int_equal(ask(&b, 0, 2, 473, "b"), R_NONE);
	stop(&b);
}

/* A chunk of 60,000 bytes: a write of one long string. Up to `upto` bytes of it are sent. */
static enum reason write_long(struct bench *b, unsigned flow, size_t upto)
{
	static const char text[59000];
	made.n = 0;
	size_t at = msg_begin(&made, "MSGF", 3, 1, (uint32_t[]){ 2, 2 });
	put_request(&made, 673);
	put_u32(&made, 1);
	put_numeric(&made, 1, 7);
	put_u32(&made, 13);
	put_str(&made, NULL);
	put8(&made, 1);
	put8(&made, 12);
	put_u32(&made, sizeof(text));
	put(&made, text, sizeof(text));
	chunk_done(&made, at);
	assert_true(upto <= made.n);
	made.n = upto ? upto : made.n;
	return say(b, flow, 0);
}

/* All large buffers hold the unfinished messages of one host; another has a long one to send. */
static void an_unfinished_message_keeps_no_large_buffer(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	for (unsigned i = 1; i <= LARGE + 1; i++) {
		open_channel(&b, i);
		/* the last finds none: its bytes are dropped, and it may send them again */
		assert_int_equal(write_long(&b, i, 20000), i <= LARGE ? R_NONE : R_LARGE_ROOM);
	}
	b.host = 2;
	open_channel(&b, 0);
	assert_int_equal(b.taken, 0);
	assert_int_equal(write_long(&b, 0, 0), R_NONE);
	assert_false(b.ended);
	assert_int_equal(b.taken, 1);
	struct inspect_stats st;
	inspect_stats(b.in, &st);
	assert_int_equal(st.flows, LARGE + 1);
	stop(&b);
}

/* What is kept fits into small buffers again: the large ones are there for others, and the
 * connections go on. */
static void large_buffers_are_lent(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	for (unsigned i = 0; i < LARGE + 20; i++) {
		open_channel(&b, i);
		assert_int_equal(write_long(&b, i, 0), R_NONE);
	}
	for (unsigned i = 0; i < LARGE + 20; i++)
		assert_int_equal(ask(&b, i, 3, 473, "b"), R_NONE);
	assert_false(b.ended);
	assert_int_equal(b.taken, 0);
	stop(&b);
}

/* One host's unfinished messages fill all places: another gets one at once, the same one none. */
static void places_are_shared_among_sources(void **state)
{
	(void)state;
	struct bench b;
	start(&b, &open_rules);
	for (unsigned i = 0; i < UA_PARTS + 4; i++) {
		b.host = i < UA_PARTS + 1 ? 1 : 2;
		open_channel(&b, i);
	}
	b.host = 1;
	for (unsigned i = 0; i <= UA_PARTS; i++)
		assert_int_equal(ask_part(&b, i, 2), i < UA_PARTS ? R_NONE : R_UA_ROOM);
	b.host = 2;
	for (unsigned i = UA_PARTS + 1; i < UA_PARTS + 4; i++)
		assert_int_equal(ask_part(&b, i, 2), R_NONE);
	for (unsigned i = UA_PARTS + 1; i < UA_PARTS + 4; i++)
		assert_int_equal(ask_rest(&b, i, 3), R_NONE);
	b.host = 1; /* the oldest lost theirs, and cannot go on as if nothing had happened */
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ask_rest(&b, i, 3), R_UA_ROOM);
	assert_int_equal(ask_rest(&b, 3, 3), R_NONE);
	stop(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reload_keeps_what_is_permitted),
		cmocka_unit_test(reload_that_asks_for_more_ends_it),
		cmocka_unit_test(users_are_judged_again),
		cmocka_unit_test(observed_late_then_enforced),
		cmocka_unit_test(places_are_few_and_given_again),
		cmocka_unit_test(an_old_place_may_be_taken),
		cmocka_unit_test(many_at_a_time),
		cmocka_unit_test(older_ones_are_answered_by_service),
		cmocka_unit_test(faults_use_up_requests_too),
		cmocka_unit_test(outstanding_requests_have_a_limit),
		cmocka_unit_test(the_silent_keep_no_large_buffer),
		cmocka_unit_test(an_unfinished_message_keeps_no_large_buffer),
		cmocka_unit_test(large_buffers_are_lent),
		cmocka_unit_test(places_are_shared_among_sources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
