/* SPDX-License-Identifier: MIT
 * OPC UA framing, headers, encodings and services. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "opcua-samples.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct make made;

static struct make *fresh(void)
{
	made.n = 0;
	return &made;
}

struct seen {
	unsigned n;
	struct ua_visit v[8];
	char text[8][UA_NODE_TEXT];
};

static bool see(void *ctx, const struct ua_visit *v)
{
	struct seen *s = ctx;
	if (s->n < LEN(s->v)) {
		s->v[s->n] = *v;
		ua_node_text(&v->node, s->text[s->n]);
	}
	s->n++;
	return true;
}

/* From a heap block of exactly n bytes, so that a sanitizer sees any read past it. */
static enum reason body_n(const uint8_t *p, size_t n, bool response, struct ua_body *b)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct seen s = { .n = 0 };
	assert_non_null(copy);
	memcpy(copy, p, n);
	enum reason why = ua_body(copy, n, response, &(struct ua_visitor){ see, &s }, b);
	assert_int_equal(s.n, b->nodes);
	free(copy);
	return why;
}

static enum reason parse_n(const uint8_t *p, size_t n, const struct ua_policy *pol,
			   struct ua_msg *m)
{
	uint8_t *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, p, n);
	enum reason why = ua_parse(copy, n, pol, UA_BODY_PLAIN, m);
	if (m->readable) {
		assert_true(m->body >= copy && m->body + m->body_len <= copy + n);
		(void)ua_plain(copy, n, pol, false, n & 1);
	}
	free(copy);
	return why;
}

static void table_has_no_gap(void **state)
{
	(void)state;
	for (size_t i = 0; i < ua_services_n; i++) {
		const struct ua_service *s = &ua_services[i];
		if (i)
			assert_true(s->request > ua_services[i - 1].request);
		assert_ptr_equal(ua_service_by_id(s->request), s);
		assert_ptr_equal(ua_service_by_id(s->response), s);
		assert_ptr_equal(ua_service_by_name(s->name), s);
		bool named = false;
		for (size_t k = 0; k < ua_classes_n; k++) {
			named |= (s->classes & ua_classes[k].bit) != 0;
			/* one word names either a class or a service */
			assert_null(ua_service_by_name(ua_classes[k].name));
		}
		assert_true(named);
	}
	assert_null(ua_service_by_id(UA_SERVICE_FAULT));
	assert_null(ua_service_by_id(15903)); /* SessionlessInvoke */
	for (size_t i = 0; i < ua_policies_n; i++)
		assert_ptr_equal(ua_policy_by_name(ua_policies[i].name), &ua_policies[i]);
	assert_string_equal(ua_policies[0].name, "None");
	assert_string_equal(ua_attribute_name(13), "value");
	assert_string_equal(ua_attribute_name(27), "access-level-ex");
	assert_null(ua_attribute_name(28));
	assert_null(ua_attribute_name(0));
	for (uint32_t i = 1; i <= 27; i++)
		assert_int_equal(ua_attribute_by_name(ua_attribute_name(i)), i);
}

static void table_says_what_a_service_names(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool node, attribute, interval;
	} want[] = {
		{ "read", true, true, false },
		{ "write", true, true, false },
		{ "call", true, false, false },
		{ "browse", true, false, false },
		{ "create-monitored-items", true, true, true },
		{ "create-subscription", false, false, true },
		{ "modify-monitored-items", false, false, true },
		{ "history-update", true, false, false },
		{ "add-nodes", true, false, false },
		{ "publish", false, false, false },
		{ "activate-session", false, false, false },
		{ "browse-next", false, false, false },
	};
	for (size_t i = 0; i < LEN(want); i++) {
		const struct ua_service *s = ua_service_by_name(want[i].name);
		assert_non_null(s);
		assert_int_equal(ua_service_names(s, 'n'), want[i].node);
		assert_int_equal(ua_service_names(s, 'a'), want[i].attribute);
		assert_int_equal(ua_service_names(s, 'i'), want[i].interval);
	}
}

/* Every service, from its own row: whole, cut at every byte, with a byte too many. */
static void services_every_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < ua_services_n; i++) {
		const struct ua_service *s = &ua_services[i];
		struct make *m = fresh();
		struct ua_body b;
		put_request(m, s->request);
		put_fields(m, s->fields);
		assert_int_equal(body_n(m->b, m->n, false, &b), R_NONE);
		assert_ptr_equal(b.service, s);
		assert_int_equal(b.handle, 5);
		assert_int_equal(b.nodes > 0, ua_service_names(s, 'n'));
		assert_int_equal(b.has_interval, ua_service_names(s, 'i'));
		for (size_t n = 0; n < m->n; n++)
			assert_int_equal(body_n(m->b, n, false, &b), R_TRUNCATED);
		put8(m, 0);
		assert_int_equal(body_n(m->b, m->n, false, &b), R_TRAILING);
		/* the same type is no response, so nobody takes it for one */
		assert_int_equal(body_n(m->b, m->n, true, &b), R_NONE);
		assert_null(b.service);
	}
}

static void responses_every_truncation(void **state)
{
	(void)state;
	static const uint16_t ids[] = { UA_SERVICE_FAULT, 449, 634, 676, 470 };
	for (size_t i = 0; i < LEN(ids); i++) {
		struct make *m = fresh();
		struct ua_body b;
		if (ids[i] == 449)
			put_open_response(m, 9, 4);
		else
			put_response(m, ids[i], 0x80790000);
		assert_int_equal(body_n(m->b, m->n, true, &b), R_NONE);
		assert_true(b.has_result);
		assert_int_equal(b.result, ids[i] == 449 ? 0 : 0x80790000);
		if (ids[i] == 449) {
			assert_int_equal(b.channel, 9);
			assert_int_equal(b.token, 4);
			assert_int_equal(b.lifetime, 3600000);
		}
		for (size_t n = 0; n < m->n; n++)
			assert_int_equal(body_n(m->b, n, true, &b), R_TRUNCATED);
	}
}

static void requests_name_their_nodes(void **state)
{
	(void)state;
	struct make *m = fresh();
	struct seen s = { .n = 0 };
	struct ua_body b;
	put_request(m, 673);
	put_u32(m, 2);
	put_node_str(m, 1, "Plc1.Setpoint");
	put_u32(m, 13);
	put_str(m, NULL);
	put(m, "\1\13", 2);
	put_double(m, 4.5);
	put_numeric(m, 1, 1001);
	put_u32(m, 4);
	put_str(m, "0:3");
	put8(m, 0);
	assert_int_equal(ua_body(m->b, m->n, false, &(struct ua_visitor){ see, &s }, &b), R_NONE);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.text[0], "ns=1;s=Plc1.Setpoint");
	assert_string_equal(s.text[1], "ns=1;i=1001");
	assert_int_equal(s.v[0].role, UA_ROLE_WRITE);
	assert_true(s.v[0].has_attribute && s.v[1].has_attribute);
	assert_int_equal(s.v[0].attribute, 13);
	assert_int_equal(s.v[1].attribute, 4);

	m = fresh();
	s.n = 0;
	put_request(m, 712);
	put_u32(m, 1);
	put_node_str(m, 1, "Plc1");
	put_node_str(m, 1, "Plc1.Start");
	put_u32(m, 1);
	put(m, "\3\7", 2);
	assert_int_equal(ua_body(m->b, m->n, false, &(struct ua_visitor){ see, &s }, &b), R_NONE);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.v[0].role, UA_ROLE_CALL_OBJECT);
	assert_int_equal(s.v[1].role, UA_ROLE_CALL_METHOD);
	assert_false(s.v[1].has_attribute);
	assert_string_equal(s.text[1], "ns=1;s=Plc1.Start");

	m = fresh();
	s.n = 0;
	put_request(m, 700);
	put_u32(m, 1);
	put_type(m, 688);
	put8(m, 1);
	put_u32(m, 7);
	put_numeric(m, 3, 9);
	assert_int_equal(ua_body(m->b, m->n, false, &(struct ua_visitor){ see, &s }, &b), R_NONE);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.text[0], "ns=3;i=9");
	m->b[m->n - 11] = 0; /* its body given up */
	assert_int_not_equal(ua_body(m->b, m->n, false, &(struct ua_visitor){ see, &s }, &b),
			     R_NONE);
}

static bool stop(void *ctx, const struct ua_visit *v)
{
	(void)v;
	++*(unsigned *)ctx;
	return false;
}

static void visits_stop_when_told(void **state)
{
	(void)state;
	struct make *m = fresh();
	struct ua_body b;
	unsigned calls = 0;
	put_request(m, 560);
	put_u32(m, 3);
	for (unsigned i = 0; i < 3; i++)
		put_numeric(m, 1, i);
	assert_int_equal(ua_body(m->b, m->n, false, &(struct ua_visitor){ stop, &calls }, &b),
			 R_NONE);
	assert_int_equal(calls, 1);
	assert_int_equal(b.nodes, 3);
}

static void user_tokens(void **state)
{
	(void)state;
	static const struct {
		uint16_t type;
		uint8_t enc;
		enum ua_token want;
	} v[] = {
		{ 0, 0, UA_TOKEN_ANONYMOUS },	{ 321, 1, UA_TOKEN_ANONYMOUS },
		{ 321, 0, UA_TOKEN_ANONYMOUS }, { 324, 1, UA_TOKEN_USER_NAME },
		{ 327, 1, UA_TOKEN_X509 },	{ 940, 1, UA_TOKEN_ISSUED },
		{ 941, 1, UA_TOKEN_OTHER },	{ 324, 2, UA_TOKEN_OTHER },
	};
	for (size_t i = 0; i < LEN(v); i++) {
		struct make *m = fresh();
		struct ua_body b;
		put_request(m, 467);
		put_fields(m, "ss[ss][s]");
		put_type(m, v[i].type);
		put8(m, v[i].enc);
		if (v[i].enc)
			put_str(m, "token");
		put_fields(m, "ss");
		assert_int_equal(body_n(m->b, m->n, false, &b), R_NONE);
		assert_int_equal(b.user, v[i].want);
	}
}

static void intervals(void **state)
{
	(void)state;
	static const struct {
		double a, b, want;
		bool has;
		enum reason why;
	} v[] = {
		{ 100, 50, 50, true, R_NONE },
		{ 0, 50, 50, true, R_NONE },
		{ 0, -1, 0, false, R_NONE },
		{ -1, 70, 70, true, R_NONE },
		{ -1, -1, 0, false, R_NONE },
		{ NAN, 1, 0, false, R_FORMAT },
		{ -1, -0.5, 0, true, R_NONE },
		{ 70, -2, 0, true, R_NONE },
		{ 90, 1e300, 0, true, R_NONE },
		{ UA_INTERVAL_MOST, 2.0 + (double)UA_INTERVAL_MOST, 0, true, R_NONE },
		{ UA_INTERVAL_MOST, -1, UA_INTERVAL_MOST, true, R_NONE },
		{ INFINITY, 1, 0, false, R_FORMAT },
	};
	for (size_t i = 0; i < LEN(v); i++) {
		struct make *m = fresh();
		struct ua_body b;
		put_request(m, 763);
		put_u32(m, 1);
		put_u32(m, 0);
		put_u32(m, 2);
		for (unsigned k = 0; k < 2; k++) {
			put_u32(m, k);
			put_u32(m, 0);
			put_double(m, k ? v[i].b : v[i].a);
			put_fields(m, "xub");
		}
		assert_int_equal(body_n(m->b, m->n, false, &b), v[i].why);
		assert_int_equal(b.has_interval, v[i].has);
		if (v[i].has)
			assert_true(b.interval >= v[i].want && b.interval <= v[i].want);
	}
}

static void bodies_that_lie(void **state)
{
	(void)state;
	struct ua_body b;
	struct make *m = fresh();
	put_request(m, 631); /* two billion nodes */
	put_le(m, 0, 12);
	put_u32(m, INT32_MAX);
	put_numeric(m, 0, 1);
	assert_int_equal(body_n(m->b, m->n, false, &b), R_TRUNCATED);
	m = fresh();
	put_request(m, 631);
	put_le(m, 0, 12);
	put_u32(m, 0xfffffffe);
	assert_int_equal(body_n(m->b, m->n, false, &b), R_FORMAT);
	m = fresh();
	put_request(m, 631);
	m->b[0] = 0x81; /* an ExpandedNodeId as type */
	assert_int_equal(body_n(m->b, m->n, false, &b), R_FORMAT);
	m = fresh(); /* the same type in another form is the same service */
	put_numeric(m, 0, 473);
	struct make tail = { .n = 0 };
	put_request(&tail, 473);
	put(m, tail.b + 4, tail.n - 4);
	put8(m, 1);
	assert_int_equal(body_n(m->b, m->n, false, &b), R_NONE);
	assert_string_equal(b.service->name, "close-session");
	m->b[1] = 1; /* but not in another namespace */
	assert_int_equal(body_n(m->b, m->n, false, &b), R_NONE);
	assert_null(b.service);
}

static void frames(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
		int want;
	} v[] = {
		{ "", 0, 0 },
		{ "M", 1, 0 },
		{ "MS", 2, 0 },
		{ "MSG", 3, 0 },
		{ "MSGF", 4, 0 },
		{ "MSGF\x18\0\0", 7, 0 },
		{ "MSGF\x18\0\0\0", 8, 24 },
		{ "MSGC\0\0\1\0", 8, 65536 },
		{ "MSGF\1\0\1\0", 8, 65537 },
		{ "OPNF\1\0\1\0", 8, -1 },
		{ "MSGF\1\0\0\1", 8, -1 },
		{ "MSGF\x17\0\0\0", 8, -1 },
		{ "MSGX", 4, -1 },
		{ "OPNC", 4, -1 },
		{ "CLOA", 4, -1 },
		{ "HELC", 4, -1 },
		{ "X", 1, -1 },
		{ "MSX", 3, -1 },
		{ "HELF\x1f\0\0\0", 8, -1 },
		{ "ACKF\x1d\0\0\0", 8, -1 },
		{ "ACKF\x1c\0\0\0", 8, 28 },
		{ "RHEF\x10\0\0\0", 8, 16 },
		{ "MSGF\0\0\0\x80", 8, -1 },
	};
	for (size_t i = 0; i < LEN(v); i++) {
		enum reason why = R_NONE;
		int got = ua_frame((const uint8_t *)v[i].bytes, v[i].n, &why);
		assert_int_equal(got, v[i].want);
		assert_int_equal(got < 0, why != R_NONE);
	}
}

static void check_chunk(const struct make *m, const struct ua_policy *pol, struct ua_msg *out)
{
	assert_int_equal(parse_n(m->b, m->n, pol, out), R_NONE);
	for (size_t n = 0; n < m->n; n++) {
		struct ua_msg x;
		assert_int_equal(parse_n(m->b, n, pol, &x), R_TRUNCATED);
	}
}

static void hello_and_friends(void **state)
{
	(void)state;
	struct ua_msg g;
	struct make *m = fresh();
	put_hello(m, "HELF", "opc.tcp://plc:4840");
	check_chunk(m, NULL, &g);
	assert_int_equal(g.type, UA_HEL);
	assert_int_equal(g.recv_size, 65536);
	assert_int_equal(g.url.n, 18);
	m->b[8 + 5] = 0; /* a receive buffer of 0 */
	m->b[8 + 6] = 0;
	assert_int_equal(parse_n(m->b, m->n, NULL, &g), R_LENGTH);
	m = fresh();
	put_hello(m, "ACKF", NULL);
	check_chunk(m, NULL, &g);
	m = fresh();
	size_t at = chunk_begin(m, "ERRF");
	put_u32(m, 0x80020000);
	put_str(m, "why");
	chunk_done(m, at);
	check_chunk(m, NULL, &g);
	assert_int_equal(g.error, 0x80020000);
	assert_int_equal(g.text.n, 3);
	m = fresh();
	at = chunk_begin(m, "RHEF");
	put_str(m, "urn:server");
	put_str(m, "opc.tcp://plc:4840");
	chunk_done(m, at);
	check_chunk(m, NULL, &g);
	assert_int_equal(g.server_uri.n, 10);
	assert_int_equal(g.url.n, 18);
	put8(m, 0);
	chunk_done(m, at);
	assert_int_equal(parse_n(m->b, m->n, NULL, &g), R_TRAILING);
}

static void open_channel(void **state)
{
	(void)state;
	struct ua_msg g;
	struct ua_body b;
	struct make *m = fresh();
	size_t at = opn_begin(m, 0, "None", NULL);
	put_u32(m, 51);
	put_u32(m, 1);
	put_open_request(m, 1, UA_MODE_NONE);
	chunk_done(m, at);
	assert_int_equal(parse_n(m->b, m->n, NULL, &g), R_NONE);
	assert_int_equal(ua_parse(m->b, m->n, NULL, UA_BODY_PLAIN, &g), R_NONE);
	assert_ptr_equal(g.policy, &ua_policies[0]);
	assert_true(g.readable);
	assert_int_equal(g.seq, 51);
	assert_int_equal(ua_body(g.body, g.body_len, false, NULL, &b), R_NONE);
	assert_int_equal(b.request_type, 1);
	assert_int_equal(b.mode, UA_MODE_NONE);
	assert_int_equal(b.lifetime, 3600000);
	for (size_t n = 0; n < m->n; n++)
		assert_int_equal(parse_n(m->b, n, NULL, &g), R_TRUNCATED);

	m = fresh(); /* RSA: encrypted; facts of the header only */
	at = opn_begin(m, 7, "Basic256Sha256", "certificate");
	put(m, "0123456789abcdef", 16);
	chunk_done(m, at);
	assert_int_equal(ua_parse(m->b, m->n, NULL, UA_BODY_PLAIN, &g), R_NONE);
	assert_string_equal(g.policy->name, "Basic256Sha256");
	assert_false(g.readable);
	assert_int_equal(g.certificate.n, 11);
	assert_int_equal(g.thumbprint.n, UA_THUMB);

	m = fresh(); /* ECC: signed only */
	at = opn_begin(m, 7, "ECC_nistP256", "certificate");
	put_u32(m, 1);
	put_u32(m, 1);
	put_open_request(m, 0, UA_MODE_ENCRYPT);
	for (unsigned i = 0; i < 64; i++)
		put8(m, 0xaa);
	chunk_done(m, at);
	assert_int_equal(ua_parse(m->b, m->n, NULL, UA_BODY_PLAIN, &g), R_NONE);
	assert_int_equal(ua_body(g.body, g.body_len, false, NULL, &b), R_NONE);
	assert_int_equal(b.mode, UA_MODE_ENCRYPT);

	m = fresh();
	at = opn_begin(m, 7, "Unknown", NULL);
	put_le(m, 0, 16);
	chunk_done(m, at);
	assert_int_equal(ua_parse(m->b, m->n, NULL, UA_BODY_PLAIN, &g), R_NONE);
	assert_null(g.policy);
	assert_false(g.readable);
}

static void messages_plain_signed_opaque(void **state)
{
	(void)state;
	const struct ua_policy *sha256 = ua_policy_by_name("Basic256Sha256");
	struct ua_msg g;
	struct ua_body b;
	struct make *m = fresh();
	size_t at = msg_begin(m, "MSGF", 3, 1, (uint32_t[]){ 8, 4 });
	put_request(m, 473);
	put8(m, 1);
	size_t body = m->n - 24;
	chunk_done(m, at);
	check_chunk(m, NULL, &g);
	assert_int_equal(g.channel, 3);
	assert_int_equal(g.token, 1);
	assert_int_equal(g.seq, 8);
	assert_int_equal(g.reqid, 4);
	assert_int_equal(g.body_len, body);
	assert_true(ua_plain(m->b, m->n, &ua_policies[0], false, false));
	assert_false(ua_plain(m->b, m->n, &ua_policies[0], true, false));
	for (unsigned i = 0; i < 32; i++)
		put8(m, 0x55);
	chunk_done(m, at);
	assert_true(ua_plain(m->b, m->n, sha256, false, false));
	assert_int_equal(ua_parse(m->b, m->n, sha256, UA_BODY_PLAIN, &g), R_NONE);
	assert_int_equal(g.body_len, body);
	assert_int_equal(ua_body(g.body, g.body_len, false, NULL, &b), R_NONE);
	/* taken for encrypted: not a whole number of blocks */
	while ((m->n - 16) % 16 == 0)
		put8(m, 0);
	chunk_done(m, at);
	assert_int_equal(ua_parse(m->b, m->n, sha256, UA_BODY_OPAQUE, &g), R_UA_ENCRYPTED);
	m = fresh();
	at = msg_begin(m, "MSGF", 3, 1, (uint32_t[]){ 0x12345678, 0x9abcdef0 });
	for (unsigned i = 0; i < 40; i++)
		put8(m, (uint8_t)(i * 37));
	chunk_done(m, at);
	assert_false(ua_plain(m->b, m->n, sha256, false, false));
	assert_false(ua_plain(m->b, m->n, sha256, true, true));
	assert_int_equal(ua_parse(m->b, m->n, sha256, UA_BODY_OPAQUE, &g), R_NONE);
	assert_false(g.readable);
}

static void aborts(void **state)
{
	(void)state;
	struct ua_msg g;
	struct make *m = fresh();
	size_t at = msg_begin(m, "MSGA", 3, 1, (uint32_t[]){ 8, 4 });
	put_u32(m, 0x80b80000);
	put_str(m, "too large");
	chunk_done(m, at);
	check_chunk(m, NULL, &g);
	assert_int_equal(g.error, 0x80b80000);
	assert_true(ua_plain(m->b, m->n, NULL, false, false));
	put8(m, 1);
	chunk_done(m, at);
	assert_int_equal(parse_n(m->b, m->n, NULL, &g), R_TRAILING);
}

static bool application_n(const struct make *m, size_t n, struct ua_application *a)
{
	static uint8_t *copy; /* what is found points into it */
	free(copy);
	copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, m->b, n);
	return ua_application(copy, n, true, a);
}

static void put_endpoints(struct make *m, uint32_t servers)
{
	put_response(m, 431, 0);
	put_u32(m, servers);
	put_str(m, "opc.tcp://plc:4840");
	put_str(m, "urn:plc");
	put_str(m, "urn:product");
	put8(m, 3);
	put_str(m, "en");
	put_str(m, "Pump 7");
}

/* Who it says it is, or nothing; of a response that goes on in another chunk, too. */
static void applications(void **state)
{
	(void)state;
	struct make *m = fresh();
	struct ua_application a;
	put_endpoints(m, 2);
	for (size_t n = 0; n < m->n; n++)
		assert_false(application_n(m, n, &a));
	assert_true(application_n(m, m->n, &a));
	assert_memory_equal(a.name.p, "Pump 7", 6);
	assert_memory_equal(a.product.p, "urn:product", 11);
	assert_int_equal(a.uri.n, 7);
	assert_false(ua_application(m->b, m->n, false, &a)); /* a request of that number */
	m = fresh();
	put_endpoints(m, 0);
	assert_false(application_n(m, m->n, &a));
	for (uint32_t servers = 1; servers < 3; servers++) {
		m = fresh();
		put_response(m, 425, 0);
		put_u32(m, servers);
		put_str(m, "urn:plc");
		put_str(m, NULL);
		put8(m, 0);
		put_le(m, 0, 64);
		assert_int_equal(application_n(m, m->n, &a), servers == 1);
	}
	assert_null(a.name.p);
	application_n(m, 0, &a);
}

/* A fixed pseudo-random walk over good messages: nothing may crash or pass over its end. */
static void mutations(void **state)
{
	(void)state;
	uint32_t x = 12345;
	for (unsigned round = 0; round < 20000; round++) {
		const struct ua_service *s = &ua_services[round % ua_services_n];
		struct make *m = fresh();
		size_t at = msg_begin(m, "MSGF", 3, 1, (uint32_t[]){ 8, 4 });
		put_request(m, s->request);
		put_fields(m, s->fields);
		chunk_done(m, at);
		for (unsigned k = 0; k < 3; k++) {
			x = x * 1664525 + 1013904223;
			m->b[24 + (x >> 8) % (m->n - 24)] = (uint8_t)(x >> 24);
		}
		struct ua_msg g;
		struct ua_body b;
		assert_int_equal(parse_n(m->b, m->n, NULL, &g), R_NONE);
		assert_true(body_n(m->b + 24, m->n - 24, false, &b) < R_COUNT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_has_no_gap),
		cmocka_unit_test(table_says_what_a_service_names),
		cmocka_unit_test(services_every_truncation),
		cmocka_unit_test(responses_every_truncation),
		cmocka_unit_test(requests_name_their_nodes),
		cmocka_unit_test(visits_stop_when_told),
		cmocka_unit_test(user_tokens),
		cmocka_unit_test(intervals),
		cmocka_unit_test(bodies_that_lie),
		cmocka_unit_test(frames),
		cmocka_unit_test(hello_and_friends),
		cmocka_unit_test(open_channel),
		cmocka_unit_test(messages_plain_signed_opaque),
		cmocka_unit_test(aborts),
		cmocka_unit_test(applications),
		cmocka_unit_test(mutations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
