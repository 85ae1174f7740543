/* SPDX-License-Identifier: MIT
 *
 * The data path on a bench: a policy by hand, packets made here and sent through,
 * and what left the gate taken apart again.
 */
#ifndef ZONED_TESTS_INSPECT_BENCH_H
#define ZONED_TESTS_INSPECT_BENCH_H

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
#include "proto/modbus/policy.h"
#include "put.h"

enum { CLIENT_PORT = 40000, PKT = 2048 };

/* ---- a policy by hand: reads of 0-99 of unit 1, 10.0.1.0/24 -> 10.0.2.0/24 ---- */
struct image {
	struct pol_image h;
	_Alignas(8) struct pol_zone zones[3];
	_Alignas(8) struct pol_net nets[2];
	_Alignas(8) struct pol_key key;
	_Alignas(8) struct pol_flow flow;
	_Alignas(8) struct pol_mb_rule rule;
	_Alignas(8) struct pol_mb_head head;
	_Alignas(8) struct pol_range ranges[2];
	_Alignas(8) char strings[8];
};

static void image_make(struct image *m, uint8_t on_violation, uint8_t mode)
{
	struct pol_str name = { offsetof(struct image, strings) };
	struct pol_str none = { offsetof(struct image, strings) + 4 };
	bool host;
	memset(m, 0, sizeof(*m));
	memcpy(m->strings, "name", 5);
	m->h = (struct pol_image){
		.magic = POL_MAGIC,
		.size = sizeof(*m),
		.generation = 1,
		.n_zones = 3,
		.n_nets = 2,
		.n_keys = 1,
		.n_flows = 1,
		.n_rules = { [PROTO_MODBUS] = 1 },
		.n_heads = { [PROTO_MODBUS] = 1 },
		.n_ranges = 2,
		.n_conduits = 1,
		.zones_off = offsetof(struct image, zones),
		.nets_off = offsetof(struct image, nets),
		.assets_off = offsetof(struct image, nets),
		.keys_off = offsetof(struct image, key),
		.flows_off = offsetof(struct image, flow),
		.ranges_off = offsetof(struct image, ranges),
		.strings_off = offsetof(struct image, strings),
		.strings_len = sizeof(m->strings),
	};
	for (int p = 0; p < PROTO_N; p++)
		m->h.rules_off[p] = m->h.heads_off[p] = m->h.items_off[p] =
			offsetof(struct image, rule);
	m->h.heads_off[PROTO_MODBUS] = offsetof(struct image, head);
	for (int i = 0; i < 3; i++)
		m->zones[i].name = name;
	assert_true(prefix_parse("10.0.1.0/24", &m->nets[0].net, &host));
	assert_true(prefix_parse("10.0.2.0/24", &m->nets[1].net, &host));
	m->nets[0].zone = 1;
	m->nets[1].zone = 2;
	m->key = (struct pol_key){ .from = 1, .to = 2, .port = 502, .l4 = IPPROTO_TCP };
	m->flow = (struct pol_flow){ .conduit = name,
				     .policy = name,
				     .ticket = none,
				     .owner = none,
				     .from = 1,
				     .to = 2,
				     .proto = PROTO_MODBUS,
				     .mode = mode,
				     .on_violation = on_violation,
				     .n_rules = 1,
				     .head = 0 };
	m->rule.at = (struct pol_rule){ .file = name, .ticket = none, .owner = none };
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
	struct event last; /* of them */
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
	b->last = *ev;
}

static uint32_t max_per_source;
static struct fast_slot *bench_slots; /* of the in-kernel path; NULL: there is none */
static uint32_t n_bench_slots;

static void bench_start(struct bench *b, uint8_t on_violation, uint8_t mode)
{
	memset(b, 0, sizeof(*b));
	image_make(&b->img, on_violation, mode);
	struct inspect_conf conf = { .max_connections = 8,
				     .max_connections_per_source = max_per_source,
				     .hash_key = { 1, 2 },
				     .fast = bench_slots,
				     .n_fast = n_bench_slots };
	b->in = inspect_new(&conf);
	assert_non_null(b->in);
	inspect_policy(b->in, &b->img.h);
	b->out = (struct inspect_out){ .ctx = b, .verdict = on_verdict, .event = on_event };
	b->now = 1000000000;
}

static uint16_t client_port = CLIENT_PORT;
static uint8_t client_host = 5;

/* Send one segment through the gate; dir 0: client to server. */
static void segment(struct bench *b, int dir, uint32_t seq, uint32_t ack, uint8_t flags,
		    const uint8_t *data, size_t n)
{
	static uint8_t p[PKT];
	const uint8_t ends[2][4] = { { 10, 0, 1, client_host }, { 10, 0, 2, 9 } };
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
	struct inspect_pkt k = { .id = ++b->id,
				 .now_ns = b->now,
				 .wall_ns = b->now,
				 .ip = p,
				 .len = 40 + n,
				 .check_sum = true };
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

static size_t request(uint8_t *p, unsigned tid, unsigned unit, unsigned fc, unsigned addr,
		      unsigned v)
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

#endif
