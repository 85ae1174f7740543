/* SPDX-License-Identifier: MIT
 * Model structs -> policy image -> classification and decisions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compile/policy_build.h"
#include "proto/modbus/policy.h"
#include "proto/modbus/words.h"

enum { TCP = 6, UDP = 17 };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define RANGES(list) \
	{ \
		.v = (list), .n = COUNT(list), .set = true \
	}
#define ANY \
	{ \
		.any = true, .set = true \
	}

static struct prefix net(const char *s)
{
	struct prefix p;
	bool host_bits;
	assert_true(prefix_parse(s, &p, &host_bits));
	return p;
}

static void functions(struct modbus_allow *a, const uint8_t *codes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a->functions[codes[i] / 8] |= (uint8_t)(1u << codes[i] % 8);
}

/* One plant with one rule list; the image lives until the teardown. */
struct plant {
	struct model m;
	struct zone zones[4];
	struct prefix nets[4][3];
	struct conduit conduits[2];
	struct leg legs[2];
	struct flow flows[3];
	struct policy policies[2];
	struct modbus_policy own[2]; /* of each */
	struct port_range ports[2];
	struct pol_image *img;
};

static void build(struct plant *p)
{
	int err = 1;
	p->img = policy_build(&p->m, 7, &err);
	assert_int_equal(err, 0);
	assert_non_null(p->img);
	assert_true(policy_valid(p->img, p->img->size));
}

static void plant_init(struct plant *p, struct modbus_allow *rules, size_t n)
{
	memset(p, 0, sizeof(*p));
	static const char *const names[] = { "unknown", "hmi", "cell", "office" };
	for (size_t i = 0; i < 4; i++) {
		p->zones[i].name = names[i];
		p->zones[i].networks = p->nets[i];
	}
	p->nets[1][0] = net("10.1.0.0/24");
	p->nets[1][1] = net("fd00:1::/64");
	p->zones[1].n_networks = 2;
	p->nets[2][0] = net("10.2.0.0/16");
	p->nets[2][1] = net("10.2.3.0/24"); /* inside the zone's own network */
	p->nets[2][2] = net("fd00:2::/64");
	p->zones[2].n_networks = 3;
	p->nets[3][0] = net("192.168.0.0/30");
	p->zones[3].n_networks = 1;
	for (size_t i = 0; i < n; i++)
		rules[i].at = (struct where){ "plant.conf", (unsigned)i + 10 };
	p->own[1] = (struct modbus_policy){ .allow = rules, .n_allow = n };
	p->policies[0] =
		(struct policy){ .name = "empty", .proto = PROTO_MODBUS, .of = &p->own[0] };
	p->policies[1] =
		(struct policy){ .name = "rules", .proto = PROTO_MODBUS, .of = &p->own[1] };
	p->ports[0] = (struct port_range){ 502, 502 };
	p->ports[1] = (struct port_range){ 1502, 1502 };
	p->flows[0] = (struct flow){ .service = "ssh", .l4 = TCP, .ports = p->ports, .n_ports = 1 };
	p->flows[1] = (struct flow){
		.proto = PROTO_MODBUS, .l4 = TCP, .ports = p->ports, .n_ports = 2, .policy = "rules"
	};
	p->flows[2] = (struct flow){ .proto = PROTO_MODBUS, .l4 = TCP, .policy = "empty" };
	p->legs[0] = (struct leg){ .from = 1, .to = 2 };
	p->legs[1] = (struct leg){ .from = 3, .to = 2 };
	p->conduits[0] = (struct conduit){ .name = "hmi-cell",
					   .legs = &p->legs[0],
					   .n_legs = 1,
					   .flows = p->flows,
					   .n_flows = 2,
					   .max_writes = 5 };
	p->conduits[1] = (struct conduit){ .name = "office-cell",
					   .legs = &p->legs[1],
					   .n_legs = 1,
					   .mode = MODE_OBSERVE,
					   .flows = &p->flows[2],
					   .n_flows = 1 };
	p->m = (struct model){ .zones = p->zones,
			       .n_zones = 4,
			       .conduits = p->conduits,
			       .n_conduits = 2,
			       .policies = p->policies,
			       .n_policies = 2 };
	build(p);
}

static struct decision decide(const struct plant *p, const uint8_t *pdu, size_t n)
{
	uint8_t adu[MB_ADU_MAX] = { 0, 1, 0, 0, 0, (uint8_t)(n + 1), 1 };
	struct mb_msg m;
	memcpy(adu + 7, pdu, n);
	assert_int_equal(mb_parse(adu, n + 7, false, &m), R_NONE);
	return policy_modbus(p->img, policy_flow(p->img, 0), &m);
}

#define PDU(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define EXPECT(p, why, ...) assert_int_equal(decide(&(p), PDU(__VA_ARGS__)).reason, why)
#define FUNCTIONS(a, ...) functions(&(a), PDU(__VA_ARGS__))

static struct range unit1[] = { { 1, 1 } };

static void test_image(void **state)
{
	(void)state;
	struct modbus_allow a[1] = { { .units = RANGES(unit1), .addresses = ANY } };
	struct plant p;
	plant_init(&p, a, 1);
	assert_int_equal(p.img->generation, 7);
	assert_int_equal(p.img->n_nets, 5);
	assert_int_equal(p.img->n_keys, 3);
	assert_int_equal(p.img->n_flows, 2);
	const struct pol_flow *f = policy_flow(p.img, 0);
	assert_string_equal(policy_str(p.img, f->conduit), "hmi-cell");
	assert_string_equal(policy_str(p.img, f->policy), "rules");
	assert_int_equal(f->max_writes, 5);
	assert_int_equal(f->n_rules, 1);
	assert_int_equal(policy_rule(p.img, PROTO_MODBUS, (uint16_t)f->rule0)->line, 10);
	assert_string_equal(policy_str(p.img, policy_rule(p.img, PROTO_MODBUS, 0)->file),
			    "plant.conf");
	assert_int_equal(policy_flow(p.img, 1)->mode, MODE_OBSERVE);
	assert_int_equal(policy_flow(p.img, 1)->conduit_id, 1);
	assert_int_equal(policy_flow(p.img, 1)->n_rules, 0);
	assert_null(policy_flow(p.img, 2));
	assert_null(policy_flow(p.img, 0xffff));
	assert_null(policy_rule(p.img, PROTO_MODBUS, 1));
	assert_string_equal(policy_zone_name(p.img, 3), "office");
	assert_string_equal(policy_zone_name(p.img, 4), "?");
	assert_string_equal(policy_str(p.img, (struct pol_str){ 0 }), "?");
	free(p.img);
}

static uint16_t zone(const struct plant *p, const char *s)
{
	struct addr a;
	assert_true(addr_parse(s, &a));
	return policy_zone_of(p->img, &a);
}

static uint16_t classify(const struct plant *p, const char *from, const char *to, uint8_t l4,
			 uint16_t port)
{
	struct addr a, b;
	assert_true(addr_parse(from, &a) && addr_parse(to, &b));
	return policy_classify(p->img, &a, &b, l4, port);
}

static void test_classify(void **state)
{
	(void)state;
	struct modbus_allow a[1] = { { .units = RANGES(unit1) } };
	struct plant p;
	plant_init(&p, a, 1);
	static const struct {
		const char *addr;
		uint16_t zone;
	} want[] = {
		{ "10.1.0.0", 1 },     { "10.1.0.255", 1 },   { "10.1.1.0", 0 },
		{ "10.0.255.255", 0 }, { "10.2.0.0", 2 },     { "10.2.3.4", 2 },
		{ "10.2.255.255", 2 }, { "10.3.0.0", 0 },     { "192.168.0.3", 3 },
		{ "192.168.0.4", 0 },  { "0.0.0.0", 0 },      { "255.255.255.255", 0 },
		{ "fd00:1::1", 1 },    { "fd00:2::ffff", 2 }, { "fd00:2:0:1::", 0 },
		{ "::", 0 },	       { "a01::", 0 }, /* as bytes this begins like 10.1. */
	};
	for (size_t i = 0; i < COUNT(want); i++)
		assert_int_equal(zone(&p, want[i].addr), want[i].zone);
	assert_int_equal(classify(&p, "10.1.0.5", "10.2.0.1", TCP, 502), 0);
	assert_int_equal(classify(&p, "10.1.0.5", "10.2.0.1", TCP, 1502), 0);
	assert_int_equal(classify(&p, "fd00:1::5", "fd00:2::1", TCP, 502), 0);
	assert_int_equal(classify(&p, "192.168.0.1", "10.2.0.1", TCP, 502), 1);
	assert_int_equal(classify(&p, "192.168.0.1", "10.2.0.1", TCP, 1502), 0xffff);
	assert_int_equal(classify(&p, "10.1.0.5", "10.2.0.1", UDP, 502), 0xffff);
	assert_int_equal(classify(&p, "10.1.0.5", "10.2.0.1", TCP, 503), 0xffff);
	assert_int_equal(classify(&p, "10.2.0.1", "10.1.0.5", TCP, 502), 0xffff);
	assert_int_equal(classify(&p, "10.9.0.1", "10.2.0.1", TCP, 502), 0xffff);
	free(p.img);
}

static void test_containment(void **state)
{
	(void)state;
	struct range windows[] = { { 0, 9 }, { 10, 19 }, { 65530, 65535 } };
	struct modbus_allow a[1] = { { .units = RANGES(unit1), .addresses = RANGES(windows) } };
	FUNCTIONS(a[0], 3);
	struct plant p;
	plant_init(&p, a, 1);
	EXPECT(p, R_NONE, 3, 0, 0, 0, 10);
	EXPECT(p, R_NONE, 3, 0, 10, 0, 10);
	EXPECT(p, R_NONE, 3, 0, 9, 0, 1);
	EXPECT(p, R_NONE, 3, 0xff, 0xfa, 0, 6);
	EXPECT(p, R_ADDRESS, 3, 0, 5, 0, 11); /* 5..15 over two neighbours */
	EXPECT(p, R_ADDRESS, 3, 0, 9, 0, 2);
	EXPECT(p, R_ADDRESS, 3, 0, 0, 0, 20);
	EXPECT(p, R_ADDRESS, 3, 0, 15, 0, 6); /* overlap is not containment */
	EXPECT(p, R_ADDRESS, 3, 0, 20, 0, 1);
	EXPECT(p, R_ADDRESS, 3, 0xff, 0xf9, 0, 2);
	EXPECT(p, R_FUNCTION, 4, 0, 0, 0, 1);
	EXPECT(p, R_FUNCTION, 0x5a, 0);
	free(p.img);
	/* nor do two entries add up */
	struct range first[] = { { 0, 9 } }, second[] = { { 10, 19 } };
	struct modbus_allow b[2] = { { .units = RANGES(unit1), .addresses = RANGES(first) },
				     { .units = RANGES(unit1), .addresses = RANGES(second) } };
	FUNCTIONS(b[0], 3);
	FUNCTIONS(b[1], 3);
	plant_init(&p, b, 2);
	EXPECT(p, R_ADDRESS, 3, 0, 5, 0, 11);
	EXPECT(p, R_NONE, 3, 0, 10, 0, 10);
	assert_int_equal(decide(&p, PDU(3, 0, 10, 0, 10)).rule, 1);
	free(p.img);
}

/* Keys that are not written allow nothing, but for the quantity. */
static void test_unwritten_allows_nothing(void **state)
{
	(void)state;
	struct modbus_allow a[1] = { { .units = RANGES(unit1), .addresses = ANY } };
	FUNCTIONS(a[0], 3, 6, 8, 16, 20, 21, 22, 23, 43, 90);
	struct plant p;
	plant_init(&p, a, 1);
	EXPECT(p, R_NONE, 3, 0, 0, 0, 125);
	EXPECT(p, R_VALUE, 6, 0, 0, 0, 0);
	EXPECT(p, R_VALUE, 16, 0, 0, 0, 1, 2, 0, 0);
	EXPECT(p, R_SUBFUNCTION, 8, 0, 4, 0, 0);
	EXPECT(p, R_FILE, 20, 7, 6, 0, 1, 0, 0, 0, 1);
	EXPECT(p, R_FILE, 21, 9, 6, 0, 1, 0, 0, 0, 1, 0, 0);
	EXPECT(p, R_VALUE, 22, 0, 0, 0, 0, 0, 1);
	EXPECT(p, R_WRITE_ADDRESS, 23, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 0);
	EXPECT(p, R_MEI, 43, 14, 1, 0);
	EXPECT(p, R_MEI, 43, 13);
	EXPECT(p, R_NONE, 90, 0);
	free(p.img);
	struct modbus_allow none[1] = { { .addresses = ANY } };
	FUNCTIONS(none[0], 3);
	plant_init(&p, none, 1);
	EXPECT(p, R_UNIT, 3, 0, 0, 0, 1);
	free(p.img);
	plant_init(&p, NULL, 0);
	struct decision d = decide(&p, PDU(3, 0, 0, 0, 1));
	assert_int_equal(d.reason, R_FUNCTION);
	assert_int_equal(d.rule, 0xffff);
	free(p.img);
}

static void test_broadcast_is_a_unit(void **state)
{
	(void)state;
	struct range units[] = { { 1, 247 } };
	struct modbus_allow a[1] = { { .units = RANGES(units), .addresses = ANY } };
	FUNCTIONS(a[0], 3);
	struct plant p;
	plant_init(&p, a, 1);
	uint8_t adu[] = { 0, 1, 0, 0, 0, 6, 0, 3, 0, 0, 0, 1 };
	struct mb_msg m;
	for (unsigned unit = 0; unit < 256; unit++) {
		adu[6] = (uint8_t)unit;
		assert_int_equal(mb_parse(adu, sizeof(adu), false, &m), R_NONE);
		assert_int_equal(policy_modbus(p.img, policy_flow(p.img, 0), &m).reason,
				 unit >= 1 && unit <= 247 ? R_NONE : R_UNIT);
	}
	free(p.img);
}

static void test_values(void **state)
{
	(void)state;
	struct range addresses[] = { { 0, 100 } }, values[] = { { 100, 200 }, { 1000, 1000 } };
	struct modbus_allow a[1] = {
		{ .units = RANGES(unit1), .addresses = RANGES(addresses), .values = RANGES(values) }
	};
	FUNCTIONS(a[0], 6, 16, 22);
	struct plant p;
	plant_init(&p, a, 1);
	EXPECT(p, R_NONE, 6, 0, 0, 0, 100);
	EXPECT(p, R_NONE, 6, 0, 0, 0x03, 0xe8);
	EXPECT(p, R_VALUE, 6, 0, 0, 0, 99);
	EXPECT(p, R_NONE, 16, 0, 0, 0, 2, 4, 0, 100, 0, 200);
	EXPECT(p, R_VALUE, 16, 0, 0, 0, 3, 6, 0, 100, 0, 200, 0, 201);
	struct decision d = decide(&p, PDU(16, 0, 0, 0, 2, 4, 0, 100, 0, 250));
	assert_true(d.has_value);
	assert_int_equal(d.value, 250);
	d = decide(&p, PDU(16, 0, 0, 0, 2, 4, 0, 101, 0, 102));
	assert_true(d.reason == R_NONE && d.has_value && d.value == 101);
	/* a mask whose and part is zero assigns; any kept bit makes the span wider */
	EXPECT(p, R_NONE, 22, 0, 0, 0, 0, 0, 150);
	EXPECT(p, R_VALUE, 22, 0, 0, 0, 0, 0, 99);
	EXPECT(p, R_NONE, 22, 0, 0, 0, 3, 0, 100);     /* 100..103 */
	EXPECT(p, R_VALUE, 22, 0, 0, 0, 0x80, 0, 100); /* 100 or 228 */
	EXPECT(p, R_VALUE, 22, 0, 0, 0xff, 0xff, 0, 100);
	EXPECT(p, R_VALUE, 22, 0, 0, 0xff, 0xfe, 0, 1);
	free(p.img);
}

static void test_coils(void **state)
{
	(void)state;
	struct range on[] = { { 1, 1 } };
	struct modbus_allow a[1] = {
		{ .units = RANGES(unit1), .addresses = ANY, .values = RANGES(on) }
	};
	FUNCTIONS(a[0], 5, 15);
	struct plant p;
	plant_init(&p, a, 1);
	EXPECT(p, R_NONE, 5, 0, 0, 0xff, 0);
	EXPECT(p, R_VALUE, 5, 0, 0, 0, 0);
	EXPECT(p, R_NONE, 15, 0, 0, 0, 9, 2, 0xff, 0x01);
	EXPECT(p, R_VALUE, 15, 0, 0, 0, 9, 2, 0xff, 0x00);
	EXPECT(p, R_VALUE, 15, 0, 0, 0, 9, 2, 0x7f, 0x01);
	assert_int_equal(decide(&p, PDU(5, 0, 0, 0xff, 0)).value, 1);
	free(p.img);
}

static void test_read_write(void **state)
{
	(void)state;
	struct range reads[] = { { 0, 9 } }, writes[] = { { 20, 29 } }, qty[] = { { 1, 4 } };
	struct modbus_allow a[1] = { { .units = RANGES(unit1),
				       .addresses = RANGES(reads),
				       .write_addresses = RANGES(writes),
				       .quantity = RANGES(qty),
				       .values = ANY } };
	FUNCTIONS(a[0], 23);
	struct plant p;
	plant_init(&p, a, 1);
	EXPECT(p, R_NONE, 23, 0, 0, 0, 4, 0, 20, 0, 1, 2, 0, 0);
	EXPECT(p, R_ADDRESS, 23, 0, 8, 0, 4, 0, 20, 0, 1, 2, 0, 0);
	EXPECT(p, R_WRITE_ADDRESS, 23, 0, 0, 0, 4, 0, 0, 0, 1, 2, 0, 0);
	EXPECT(p, R_WRITE_ADDRESS, 23, 0, 0, 0, 4, 0, 29, 0, 2, 4, 0, 0, 0, 0);
	EXPECT(p, R_QUANTITY, 23, 0, 0, 0, 5, 0, 20, 0, 1, 2, 0, 0);
	EXPECT(p, R_QUANTITY, 23, 0, 0, 0, 1, 0, 20, 0, 5, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	free(p.img);
}

static void test_lists(void **state)
{
	(void)state;
	struct range subs[] = { { 0, 0 }, { 2, 2 } }, mei[] = { { 14, 14 } },
		     files[] = { { 4, 5 } }, values[] = { { 1, 2 } }, qty[] = { { 1, 2 } };
	struct modbus_allow a[1] = { { .units = RANGES(unit1),
				       .addresses = ANY,
				       .subfunctions = RANGES(subs),
				       .mei = RANGES(mei),
				       .files = RANGES(files),
				       .values = RANGES(values),
				       .quantity = RANGES(qty) } };
	FUNCTIONS(a[0], 8, 20, 21, 43);
	struct plant p;
	plant_init(&p, a, 1);
	EXPECT(p, R_NONE, 8, 0, 0, 0x12, 0x34);
	EXPECT(p, R_NONE, 8, 0, 2, 0, 0);
	EXPECT(p, R_SUBFUNCTION, 8, 0, 1, 0, 0);
	EXPECT(p, R_SUBFUNCTION, 8, 0, 4, 0, 0);
	EXPECT(p, R_SUBFUNCTION, 8, 1, 0, 0, 0);
	EXPECT(p, R_NONE, 43, 14, 1, 0);
	EXPECT(p, R_MEI, 43, 13, 1, 0);
	EXPECT(p, R_NONE, 20, 7, 6, 0, 4, 0, 0, 0, 2);
	EXPECT(p, R_QUANTITY, 20, 7, 6, 0, 4, 0, 0, 0, 3);
	EXPECT(p, R_FILE, 20, 14, 6, 0, 4, 0, 0, 0, 1, 6, 0, 6, 0, 0, 0, 1);
	EXPECT(p, R_NONE, 21, 18, 6, 0, 4, 0, 0, 0, 1, 0, 1, 6, 0, 5, 0, 0, 0, 1, 0, 2);
	EXPECT(p, R_VALUE, 21, 18, 6, 0, 4, 0, 0, 0, 1, 0, 1, 6, 0, 5, 0, 0, 0, 1, 0, 3);
	EXPECT(p, R_FILE, 21, 18, 6, 0, 4, 0, 0, 0, 1, 0, 1, 6, 0, 3, 0, 0, 0, 1, 0, 2);
	free(p.img);
}

/* The rule that came furthest names the refusal, wherever it stands. */
static void test_nearest_rule(void **state)
{
	(void)state;
	struct range low[] = { { 0, 9 } }, small[] = { { 0, 5 } }, other[] = { { 2, 2 } };
	struct modbus_allow a[3] = {
		{ .units = RANGES(other), .addresses = ANY, .values = ANY },
		{ .units = RANGES(unit1), .addresses = RANGES(low), .values = RANGES(small) },
		{ .units = RANGES(unit1), .addresses = ANY },
	};
	FUNCTIONS(a[0], 6);
	FUNCTIONS(a[1], 6);
	FUNCTIONS(a[2], 3);
	struct plant p;
	plant_init(&p, a, 3);
	struct decision d = decide(&p, PDU(6, 0, 3, 0, 9));
	assert_true(d.reason == R_VALUE && d.rule == 1 && d.has_value && d.value == 9);
	d = decide(&p, PDU(6, 0, 30, 0, 1));
	assert_true(d.reason == R_ADDRESS && d.rule == 1 && !d.has_value);
	d = decide(&p, PDU(3, 0, 30, 0, 1));
	assert_true(d.reason == R_NONE && d.rule == 2);
	free(p.img);
}

/* Exhaustive and simple: the answer of decide() is the answer of the sentence
 * "there is a written range that holds first and last". */
static void test_containment_exhaustive(void **state)
{
	(void)state;
	struct range w[] = { { 3, 5 }, { 6, 6 }, { 8, 12 }, { 10, 15 } };
	struct modbus_allow a[1] = { { .units = RANGES(unit1), .addresses = RANGES(w) } };
	FUNCTIONS(a[0], 3);
	struct plant p;
	plant_init(&p, a, 1);
	for (uint8_t addr = 0; addr < 20; addr++) {
		for (uint8_t qty = 1; qty < 20; qty++) {
			bool want = false;
			for (size_t i = 0; i < COUNT(w); i++)
				want |= w[i].lo <= addr && (unsigned)addr + qty - 1 <= w[i].hi;
			EXPECT(p, want ? R_NONE : R_ADDRESS, 3, 0, addr, 0, qty);
		}
	}
	free(p.img);
}

static void test_build_refuses(void **state)
{
	(void)state;
	struct modbus_allow a[1] = { { .units = RANGES(unit1) } };
	struct plant p;
	int err = 0;
	plant_init(&p, a, 1);
	free(p.img);
	p.legs[1].from = 1; /* the same key for two flows */
	assert_null(policy_build(&p.m, 1, &err));
	assert_int_equal(err, -17);
	p.legs[1].from = 3;
	p.nets[3][0] = net("10.2.9.0/24"); /* inside another zone */
	assert_null(policy_build(&p.m, 1, &err));
	assert_true(err < 0);
	p.m.n_zones = 70000;
	assert_null(policy_build(&p.m, 1, &err));
	assert_int_equal(err, -7);
}

/* What a policy tolerates comes into the image of its flow, and nothing else can stand there. */
static void test_tolerances(void **state)
{
	(void)state;
	struct modbus_allow a[1] = { { .units = RANGES(unit1), .addresses = ANY } };
	struct plant p;
	plant_init(&p, a, 1);
	const struct pol_mb_head *h = policy_head(p.img, policy_flow(p.img, 0));
	assert_int_equal(h->tolerate, 0);
	free(p.img);
	for (size_t i = 0; i < mb_tolerances_n; i++) {
		p.own[1].tolerates = mb_tolerances[i].bit;
		build(&p);
		h = policy_head(p.img, policy_flow(p.img, 0));
		assert_int_equal(h->tolerate, mb_tolerances[i].bit);
		h = policy_head(p.img, policy_flow(p.img, 1)); /* of the other policy */
		assert_int_equal(h->tolerate, 0);
		((struct pol_mb_head *)((uint8_t *)p.img + p.img->heads_off[PROTO_MODBUS]))
			->tolerate = MB_TOL_ALL + 1;
		assert_false(policy_valid(p.img, p.img->size));
		free(p.img);
	}
}

/* Break each byte of a good image: it is refused, or every look-up stays in it. */
static void test_image_mutations(void **state)
{
	(void)state;
	struct range some[] = { { 0, 9 } };
	struct modbus_allow a[1] = {
		{ .units = RANGES(unit1), .addresses = RANGES(some), .values = ANY }
	};
	FUNCTIONS(a[0], 3, 6);
	struct plant p;
	plant_init(&p, a, 1);
	size_t size = p.img->size;
	for (size_t cut = 0; cut < size; cut++) {
		struct pol_image *part = malloc(cut ? cut : 1);
		assert_non_null(part);
		memcpy(part, p.img, cut);
		assert_false(policy_valid(part, cut));
		free(part);
	}
	unsigned refused = 0;
	struct pol_image *good = p.img, *img = malloc(size);
	assert_non_null(img);
	for (size_t i = 0; i < size * 4; i++) {
		static const uint8_t flips[] = { 0x01, 0x80, 0xff, 0x10 };
		memcpy(img, good, size);
		((uint8_t *)img)[i / 4] ^= flips[i % 4];
		if (!policy_valid(img, size)) {
			refused++;
			continue;
		}
		p.img = img;
		classify(&p, "10.1.0.5", "10.2.0.1", TCP, 502);
		decide(&p, PDU(6, 0, 3, 0, 9));
		assert_true(strlen(policy_zone_name(img, 1)) < size);
		assert_true(strlen(policy_str(img, policy_flow(img, 0)->conduit)) < size);
	}
	assert_true(refused > size / 4);
	free(img);
	free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_classify),
		cmocka_unit_test(test_tolerances),
		cmocka_unit_test(test_containment),
		cmocka_unit_test(test_containment_exhaustive),
		cmocka_unit_test(test_unwritten_allows_nothing),
		cmocka_unit_test(test_broadcast_is_a_unit),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_coils),
		cmocka_unit_test(test_read_write),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_nearest_rule),
		cmocka_unit_test(test_build_refuses),
		cmocka_unit_test(test_image_mutations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
