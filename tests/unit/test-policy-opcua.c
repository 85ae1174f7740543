/* SPDX-License-Identifier: MIT
 * OPC UA policies: model structs -> image -> decisions. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "opcua-samples.h"
#include "plant.h"
#include "proto/opcua/policy.h"
#include "proto/opcua/words.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct make made;

/* One plant with the entries of one policy; the image is the caller's. */
static struct pol_image *image_of(struct opcua_policy *o)
{
	struct flow flow = { .proto = PROTO_OPCUA, .policy = "q" };
	/* another policy before it */
	struct opcua_policy first = { .security = UA_MODE_ENCRYPT };
	struct policy policies[2] = { { .name = "p", .proto = PROTO_OPCUA, .of = &first },
				      { .name = "q", .proto = PROTO_OPCUA, .of = o } };
	struct pol_image *img =
		plant_image((struct conduit){ .flows = &flow, .n_flows = 1 }, policies, 2, 1);
	assert_non_null(img);
	assert_true(policy_valid(img, img->size));
	return img;
}

static uint64_t bit_of(const char *service)
{
	const struct ua_service *s = ua_service_by_name(service);
	assert_non_null(s);
	return UINT64_C(1) << (s - ua_services);
}

static struct ua_decision decide(const struct pol_image *img, const struct make *m)
{
	struct ua_body b;
	assert_int_equal(ua_body(m->b, m->n, false, NULL, &b), R_NONE);
	return policy_opcua(img, policy_flow(img, 0), m->b, m->n, &b);
}

/* A write of the value of these nodes. */
static const struct make *write_of(const struct ua_node *nodes, size_t n, uint32_t attribute)
{
	made.n = 0;
	put_request(&made, 673);
	put_u32(&made, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		const struct ua_node *k = &nodes[i];
		static const uint8_t forms[] = {
			[UA_NUMERIC] = 2, [UA_STRING] = 3, [UA_GUID] = 4, [UA_OPAQUE] = 5
		};
		put8(&made, forms[k->kind]);
		put_le(&made, k->ns, 2);
		if (k->kind == UA_NUMERIC)
			put_u32(&made, k->number);
		else if (k->kind != UA_GUID)
			put_u32(&made, k->id.n);
		put(&made, k->id.p, k->id.n);
		put_u32(&made, attribute);
		put_str(&made, NULL);
		put_fields(&made, "d");
	}
	return &made;
}

#define TEXT(s) \
	{ \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}

static void patterns(void **state)
{
	(void)state;
	static const char *texts[] = { "1", "2", "3", "4", "5", "6" };
	static struct node_pattern p[] = {
		{ .form = NODE_NUMBER, .ns = 1, .lo = 100, .hi = 199, .id = "" },
		{ .form = NODE_STRING, .ns = 1, .id = "Pump", .len = 4 },
		{ .form = NODE_STEM, .ns = 1, .id = "Fan.*", .len = 4 },
		{ .form = NODE_ANY, .ns = 5, .id = "" },
		{ .form = NODE_GUID,
		  .ns = 2,
		  .id = "00112233-4455-6677-8899-aabbccddeeff",
		  .len = 36 },
		{ .form = NODE_OPAQUE, .ns = 2, .id = "c0ffee", .len = 6 },
	};
	struct opcua_allow a = { .services = bit_of("write"),
				 .attribute_bits = 1 << 13,
				 .nodes = { .v = texts, .n = LEN(p), .set = true },
				 .patterns = p };
	struct opcua_policy o = { .allow = &a, .n_allow = 1 };
	struct pol_image *img = image_of(&o);
	static const struct {
		struct ua_node n;
		bool ok;
	} v[] = {
		{ { .ns = 1, .number = 100 }, true },
		{ { .ns = 1, .number = 199 }, true },
		{ { .ns = 1, .number = 99 }, false },
		{ { .ns = 1, .number = 200 }, false },
		{ { .ns = 2, .number = 150 }, false },
		{ { .ns = 0, .number = 150 }, false },
		{ { .ns = 1, .kind = UA_STRING, .id = TEXT("Pump") }, true },
		{ { .ns = 1, .kind = UA_STRING, .id = TEXT("Pump\0") }, false },
		{ { .ns = 1, .kind = UA_STRING, .id = TEXT("Pum") }, false },
		{ { .ns = 1, .kind = UA_STRING, .id = TEXT("pump") }, false },
		{ { .ns = 1, .kind = UA_STRING, .id = TEXT("") }, false },
		{ { .ns = 1, .kind = UA_STRING, .id = TEXT("Fan.") }, true },
		{ { .ns = 1, .kind = UA_STRING, .id = TEXT("Fan.9\xff") }, true },
		{ { .ns = 1, .kind = UA_STRING, .id = TEXT("Fan") }, false },
		{ { .ns = 1, .kind = UA_OPAQUE, .id = TEXT("Pump") }, false },
		{ { .ns = 5, .number = 0 }, true },
		{ { .ns = 5, .kind = UA_STRING, .id = TEXT("x") }, true },
		{ { .ns = 2,
		    .kind = UA_GUID,
		    .id = TEXT(
			    "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff") },
		  true },
		{ { .ns = 2,
		    .kind = UA_GUID,
		    .id = TEXT(
			    "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xfe") },
		  false },
		{ { .ns = 2, .kind = UA_OPAQUE, .id = TEXT("\xc0\xff\xee") }, true },
		{ { .ns = 2, .kind = UA_OPAQUE, .id = TEXT("\xc0\xff\xee\0") }, false },
		{ { .ns = 2, .kind = UA_STRING, .id = TEXT("c0ffee") }, false },
	};
	for (size_t i = 0; i < LEN(v); i++) {
		struct ua_decision d = decide(img, write_of(&v[i].n, 1, 13));
		assert_int_equal(d.reason, v[i].ok ? R_NONE : R_UA_NODE);
		assert_int_equal(d.rule, 0);
		assert_int_equal(d.has_node, !v[i].ok);
		/* behind a good one it is judged too */
		const struct ua_node two[] = { { .ns = 1, .number = 150 }, v[i].n };
		assert_int_equal(decide(img, write_of(two, 2, 13)).reason,
				 v[i].ok ? R_NONE : R_UA_NODE);
		assert_int_equal(decide(img, write_of(&v[i].n, 1, 12)).reason,
				 v[i].ok ? R_UA_ATTRIBUTE : R_UA_NODE);
		assert_int_equal(decide(img, write_of(&v[i].n, 1, 13 + 32)).reason,
				 v[i].ok ? R_UA_ATTRIBUTE : R_UA_NODE);
	}
	free(img);
}

/* Neighbouring entries do not add up; the nearest one is named. */
static void one_entry_must_do(void **state)
{
	(void)state;
	static const char *texts[] = { "x" };
	static struct node_pattern
		one[] = { { .form = NODE_NUMBER, .ns = 1, .lo = 1, .hi = 1, .id = "" } },
		two[] = { { .form = NODE_NUMBER, .ns = 1, .lo = 2, .hi = 2, .id = "" } };
	struct opcua_allow a[] = {
		{ .services = bit_of("read"),
		  .nodes = { .any = true },
		  .attributes = { .any = true } },
		{ .services = bit_of("write"),
		  .nodes = { .v = texts, .n = 1 },
		  .patterns = one,
		  .attribute_bits = 1 << 4 },
		{ .services = bit_of("write"),
		  .nodes = { .v = texts, .n = 1 },
		  .patterns = two,
		  .attributes = { .any = true } },
	};
	struct opcua_policy o = { .allow = a, .n_allow = LEN(a) };
	struct pol_image *img = image_of(&o);
	const struct ua_node n[] = { { .ns = 1, .number = 1 }, { .ns = 1, .number = 2 } };
	struct ua_decision d = decide(img, write_of(n, 2, 13));
	assert_int_equal(d.reason, R_UA_ATTRIBUTE);
	assert_int_equal(d.rule, 1);
	assert_int_equal(d.visit.node.number, 1);
	d = decide(img, write_of(n + 1, 1, 13));
	assert_int_equal(d.reason, R_NONE);
	assert_int_equal(d.rule, 2);
	d = decide(img, write_of(n, 2, 4));
	assert_int_equal(d.reason, R_UA_NODE);
	free(img);
}

static void unwritten_allows_nothing(void **state)
{
	(void)state;
	struct opcua_allow a = { .services = bit_of("write") | bit_of("publish") };
	struct opcua_policy o = { .allow = &a, .n_allow = 1 };
	struct pol_image *img = image_of(&o);
	const struct pol_ua_head *h = policy_head(img, policy_flow(img, 0));
	const struct ua_node n = { .ns = 0, .number = 0 };
	assert_non_null(h);
	assert_int_equal(decide(img, write_of(&n, 1, 13)).reason, R_UA_NODE);
	made.n = 0;
	put_request(&made, 826);
	put_u32(&made, 0);
	assert_int_equal(decide(img, &made).reason, R_NONE);
	made.n = 0;
	put_request(&made, 473);
	put8(&made, 1);
	assert_int_equal(decide(img, &made).reason, R_UA_SERVICE);
	assert_int_equal(h->users, 0);
	assert_int_equal(h->policies, 0);
	assert_false(policy_opcua_text(img, &h->urls, "", 0));
	assert_false(policy_opcua_text(img, &h->client_certificates, "", 0));
	free(img);
}

static void any_has_no_anonymous_and_nothing_deprecated(void **state)
{
	(void)state;
	struct opcua_allow a = { .services = 0 };
	struct opcua_policy o = { .allow = &a,
				  .n_allow = 1,
				  .security_policies = { .any = true },
				  .user_tokens = { .any = true } };
	struct pol_image *img = image_of(&o);
	const struct pol_ua_head *h = policy_head(img, policy_flow(img, 0));
	assert_int_equal(h->users,
			 1 << UA_TOKEN_USER_NAME | 1 << UA_TOKEN_X509 | 1 << UA_TOKEN_ISSUED);
	struct ua_bytes uri = TEXT("http://example.org/own");
	for (size_t i = 0; i < ua_policies_n; i++)
		assert_int_equal(policy_opcua_uri(img, h, &ua_policies[i], &uri),
				 i > 0 && !ua_policies[i].deprecated);
	assert_false(policy_opcua_uri(img, h, NULL, &uri));
	free(img);
	static const char *names[] = { "Basic256",
				       "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256",
				       "http://example.org/own" };
	o.security_policies = (struct texts){ .v = names, .n = 3 };
	img = image_of(&o);
	h = policy_head(img, policy_flow(img, 0));
	assert_true(policy_opcua_uri(img, h, ua_policy_by_name("Basic256"), &uri));
	assert_true(policy_opcua_uri(img, h, ua_policy_by_name("Basic256Sha256"), &uri));
	assert_false(policy_opcua_uri(img, h, ua_policy_by_name("Basic128Rsa15"), &uri));
	assert_true(policy_opcua_uri(img, h, NULL, &uri));
	uri.n--;
	assert_false(policy_opcua_uri(img, h, NULL, &uri));
	free(img);
}

static void texts_and_stems(void **state)
{
	(void)state;
	static const char *urls[] = { "opc.tcp://plc:4840", "opc.tcp://line*" };
	struct opcua_allow a = { .services = 0 };
	struct opcua_policy o = { .allow = &a,
				  .n_allow = 1,
				  .endpoint_urls = { .v = urls, .n = 2 } };
	struct pol_image *img = image_of(&o);
	const struct pol_ua_head *h = policy_head(img, policy_flow(img, 0));
	static const struct {
		const char *url;
		bool ok;
	} v[] = {
		{ "opc.tcp://plc:4840", true },
		{ "opc.tcp://plc:4840/", false },
		{ "opc.tcp://plc:484", false },
		{ "opc.tcp://line", true },
		{ "opc.tcp://line2/x", true },
		{ "opc.tcp://lin", false },
		{ "", false },
	};
	for (size_t i = 0; i < LEN(v); i++)
		assert_int_equal(policy_opcua_text(img, &h->urls, v[i].url, strlen(v[i].url)),
				 v[i].ok);
	free(img);
}

/* A request that asks for an interval, in each service that has one. */
static const struct make *interval_request(uint16_t type, double ms)
{
	const char *p = ua_service_by_id(type)->fields;
	made.n = 0;
	put_request(&made, type);
	for (; *p; p++) {
		char one[] = { *p, '\0' };
		if (*p == '[')
			put_u32(&made, 1);
		else if (*p == '@')
			put_fields(&made, (char[]){ '@', *++p, '\0' });
		else if (*p == 'i' || *p == 'I')
			put_double(&made, ms);
		else if (*p != ']')
			put_fields(&made, one);
	}
	return &made;
}

/* What servers grant: node-opcua 2.186 and open62541 1.5 give their fastest for a publishing
 * interval of 0, below 0 and NaN; node-opcua ends when ModifyMonitoredItems has a sampling interval
 * that is infinite, or negative and not -1. */
static void special_intervals(void **state)
{
	(void)state;
	static const struct {
		double ms;
		enum reason publishing, sampling; /* where 100 is the least */
	} v[] = {
		{ 100, R_NONE, R_NONE },
		{ 250.5, R_NONE, R_NONE },
		{ 99.999, R_UA_INTERVAL, R_UA_INTERVAL },
		{ 0, R_UA_INTERVAL, R_UA_INTERVAL },
		{ -0.0, R_UA_INTERVAL, R_UA_INTERVAL },
		{ -1, R_UA_INTERVAL, R_NONE },
		{ -0.5, R_UA_INTERVAL, R_UA_INTERVAL },
		{ -2, R_UA_INTERVAL, R_UA_INTERVAL },
		{ -1000, R_UA_INTERVAL, R_UA_INTERVAL },
		{ -DBL_MAX, R_UA_INTERVAL, R_UA_INTERVAL },
		{ DBL_TRUE_MIN, R_UA_INTERVAL, R_UA_INTERVAL },
		{ -DBL_TRUE_MIN, R_UA_INTERVAL, R_UA_INTERVAL },
		{ INT32_MAX, R_NONE, R_NONE },
		{ 1.0 + INT32_MAX, R_UA_INTERVAL, R_UA_INTERVAL },
		{ 4294967296.0 + 100, R_UA_INTERVAL, R_UA_INTERVAL },
		{ DBL_MAX, R_UA_INTERVAL, R_UA_INTERVAL },
		{ INFINITY, R_FORMAT, R_FORMAT },
		{ -INFINITY, R_FORMAT, R_FORMAT },
		{ NAN, R_FORMAT, R_FORMAT },
		{ -NAN, R_FORMAT, R_FORMAT },
	};
	struct opcua_allow a[] = { { .services = ~UINT64_C(0),
				     .nodes = { .any = true },
				     .attributes = { .any = true } },
				   { .services = ~UINT64_C(0),
				     .nodes = { .any = true },
				     .attributes = { .any = true } } };
	a[1].least_interval = 100;
	unsigned services = 0;
	for (size_t k = 0; k < ua_services_n; k++) {
		const struct ua_service *s = &ua_services[k];
		if (!ua_service_names(s, 'i'))
			continue;
		services++;
		for (size_t i = 0; i < 2 * LEN(v); i++) {
			struct opcua_policy o = { .allow = &a[i % 2], .n_allow = 1 };
			struct pol_image *img = image_of(&o);
			enum reason want =
				strchr(s->fields, 'I') ? v[i / 2].publishing : v[i / 2].sampling;
			const struct make *m = interval_request(s->request, v[i / 2].ms);
			struct ua_body b;
			enum reason got = ua_body(m->b, m->n, false, NULL, &b);
			if (got == R_NONE)
				got = policy_opcua(img, policy_flow(img, 0), m->b, m->n, &b).reason;
			assert_int_equal(got, want == R_UA_INTERVAL && i % 2 == 0 ? R_NONE : want);
			free(img);
		}
	}
	assert_int_equal(services, 4);
}

/* 0 leaves the sampling to the server; events have none. Two items: both must pass. */
static void sampling_left_to_the_server(void **state)
{
	(void)state;
	static const struct {
		uint32_t attribute;
		double first, second;
		uint32_t least;
		bool by_server;
		enum reason why;
	} v[] = {
		{ UA_VALUE, 0, 0, 100, true, R_NONE },
		{ UA_VALUE, -0.0, 100, 100, true, R_NONE },
		{ UA_VALUE, 0, 0, 100, false, R_UA_INTERVAL },
		{ UA_VALUE, 100, -0.0, 100, false, R_UA_INTERVAL },
		{ UA_VALUE, 0, 50, 100, true, R_UA_INTERVAL },
		{ UA_VALUE, 0, -2, 100, true, R_UA_INTERVAL },
		{ UA_VALUE, DBL_TRUE_MIN, 0, 100, true, R_UA_INTERVAL },
		{ UA_VALUE, 0, 0, 0, false, R_NONE },
		{ UA_EVENT_NOTIFIER, 0, 100, 100, false, R_NONE },
		{ UA_EVENT_NOTIFIER, 10, 100, 100, false, R_NONE },
		{ UA_EVENT_NOTIFIER, -2, -1, 100, false, R_NONE },
		{ UA_EVENT_NOTIFIER, NAN, 100, 100, true, R_FORMAT },
		/* the second item is of data */
		{ UA_EVENT_NOTIFIER, 0, 0, 100, false, R_UA_INTERVAL },
		{ UA_EVENT_NOTIFIER, 0, 50, 100, true, R_UA_INTERVAL },
	};
	for (size_t i = 0; i < LEN(v); i++) {
		struct opcua_allow a = { .services = ~UINT64_C(0),
					 .nodes = { .any = true },
					 .attributes = { .any = true },
					 .least_interval = v[i].least,
					 .sampling_by_server = v[i].by_server };
		struct opcua_policy o = { .allow = &a, .n_allow = 1 };
		struct pol_image *img = image_of(&o);
		struct ua_body b;
		made.n = 0;
		put_request(&made, 751);
		put_fields(&made, "uu");
		put_u32(&made, 2);
		for (unsigned k = 0; k < 2; k++) {
			put_fields(&made, "n");
			put_u32(&made, k ? UA_VALUE : v[i].attribute);
			put_fields(&made, "squu");
			put_double(&made, k ? v[i].second : v[i].first);
			put_fields(&made, "xub");
		}
		enum reason got = ua_body(made.b, made.n, false, NULL, &b);
		if (got == R_NONE)
			got = policy_opcua(img, policy_flow(img, 0), made.b, made.n, &b).reason;
		assert_int_equal(got, v[i].why);
		free(img);
	}
}

/* Any byte of the image changed: refused, or used without reading past its end. */
static void image_mutations(void **state)
{
	(void)state;
	static const char *texts[] = { "x", "y" };
	static struct node_pattern p[] = {
		{ .form = NODE_STEM, .ns = 1, .id = "Fan.", .len = 4 },
		{ .form = NODE_NUMBER, .ns = 1, .lo = 1, .hi = 9, .id = "" }
	};
	struct opcua_allow a = { .services = bit_of("write"),
				 .attribute_bits = 1 << 13,
				 .nodes = { .v = texts, .n = 2 },
				 .patterns = p };
	struct opcua_policy o = { .allow = &a,
				  .n_allow = 1,
				  .endpoint_urls = { .v = texts, .n = 2 },
				  .client_certificates = { .any = true } };
	struct pol_image *img = image_of(&o);
	const struct ua_node n[] = { { .ns = 1, .number = 5 },
				     { .ns = 1, .kind = UA_STRING, .id = TEXT("Fan.1") } };
	write_of(n, 2, 13);
	uint8_t *copy = aligned_alloc(8, (img->size + 7) & ~(size_t)7);
	assert_non_null(copy);
	unsigned valid = 0;
	for (uint32_t at = 0; at < img->size; at++) {
		static const uint8_t flips[] = { 0x01, 0x80, 0xff };
		for (size_t k = 0; k < LEN(flips); k++) {
			memcpy(copy, img, img->size);
			copy[at] ^= flips[k];
			const struct pol_image *c = (const void *)copy;
			if (!policy_valid(c, img->size))
				continue;
			valid++;
			const struct pol_flow *f = policy_flow(c, 0);
			if (!f || f->proto != PROTO_OPCUA)
				continue;
			struct ua_body b;
			assert_int_equal(ua_body(made.b, made.n, false, NULL, &b), R_NONE);
			struct ua_decision d = policy_opcua(c, f, made.b, made.n, &b);
			assert_true(d.reason < R_COUNT);
			const struct pol_ua_head *h = policy_head(c, f);
			if (h)
				(void)policy_opcua_text(c, &h->urls, "x", 1);
		}
	}
	assert_true(valid > 100);
	free(copy);
	free(img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(one_entry_must_do),
		cmocka_unit_test(unwritten_allows_nothing),
		cmocka_unit_test(any_has_no_anonymous_and_nothing_deprecated),
		cmocka_unit_test(texts_and_stems),
		cmocka_unit_test(special_intervals),
		cmocka_unit_test(sampling_left_to_the_server),
		cmocka_unit_test(image_mutations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
