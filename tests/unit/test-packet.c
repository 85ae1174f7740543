/* SPDX-License-Identifier: MIT
 * Packets: good ones with every fact, and every way to lie about a length. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packet/packet.h"
#include "put.h"

enum { TCP = 6, UDP = 17, MAX = 256 };

struct pkt {
	uint8_t b[MAX];
	size_t n;
};

/* In memory of exactly its size, so that a sanitizer sees any read past it. */
static enum reason parse(const struct pkt *k, bool check, struct packet *o)
{
	uint8_t *p = malloc(k->n ? k->n : 1);
	assert_non_null(p);
	memcpy(p, k->b, k->n);
	enum reason why = packet_parse(p, k->n, check, o);
	if (why == R_NONE) {
		assert_true(o->data >= p && o->data + o->len <= p + k->n);
		assert_true(o->ip_len <= k->n);
	}
	free(p);
	return why;
}

static void add(struct pkt *k, const void *p, size_t n)
{
	assert_true(k->n + n <= MAX);
	memcpy(k->b + k->n, p, n);
	k->n += n;
}

static const uint8_t tcp20[] = { 0x9c, 0x40, 0x01, 0xf6, 0,    0, 3, 0xe8, 0, 0,
				 0x13, 0x88, 0x50, 0x18, 0x20, 0, 0, 0,	   0, 7 };
static const uint8_t tcp24[] = { 0x9c, 0x40, 0x01, 0xf6, 0, 0, 3, 0xe8, 0, 0, 0x13, 0x88,
				 0x60, 0x02, 0x20, 0,	 0, 0, 0, 0,	2, 4, 5,    0xb4 };
static const uint8_t udp8[] = { 0x9c, 0x40, 0x4e, 0x20, 0, 11, 0, 0 };

static struct pkt v4(uint8_t l4, const void *head, size_t n, const char *data)
{
	struct pkt k = {
		.b = { 0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, l4, 0, 0, 10, 1, 0, 1, 10, 2, 0, 2 },
		.n = 20
	};
	add(&k, head, n);
	add(&k, data, strlen(data));
	k.b[3] = (uint8_t)k.n;
	packet_checksum(k.b, k.n);
	return k;
}

static struct pkt v6(uint8_t next, const void *head, size_t n, const char *data)
{
	struct pkt k = { .b = { 0x60, 0, 0, 0, 0, 0, next, 64 }, .n = 40 };
	k.b[8] = k.b[24] = 0xfd;
	k.b[23] = 1;
	k.b[39] = 2;
	add(&k, head, n);
	add(&k, data, strlen(data));
	k.b[5] = (uint8_t)(k.n - 40);
	packet_checksum(k.b, k.n);
	return k;
}

static void test_tcp4(void **state)
{
	(void)state;
	struct packet o;
	struct pkt k = v4(TCP, tcp20, sizeof(tcp20), "hello");
	/* as scapy writes them, not as packet_checksum does */
	assert_int_equal(k.b[10] << 8 | k.b[11], 0x26c5);
	assert_int_equal(k.b[36] << 8 | k.b[37], 0x8242);
	assert_int_equal(parse(&k, true, &o), R_NONE);
	assert_int_equal(o.l4, TCP);
	assert_int_equal(o.sport, 40000);
	assert_int_equal(o.dport, 502);
	assert_int_equal(o.seq, 1000);
	assert_int_equal(o.ack, 5000);
	assert_int_equal(o.flags, TCP_PSH | TCP_ACK);
	assert_int_equal(o.window, 0x2000);
	assert_int_equal(o.urg, 7);
	assert_int_equal(o.l4_off, 20);
	assert_int_equal(o.data_off, 40);
	assert_int_equal(o.len, 5);
	assert_false(o.fragment);
	assert_false(o.options);
	assert_int_equal(o.src.b[3], 1);
	assert_int_equal(o.dst.b[1], 2);
}

static void test_tcp_options(void **state)
{
	(void)state;
	struct packet o;
	struct pkt k = v4(TCP, tcp24, sizeof(tcp24), "");
	assert_int_equal(parse(&k, true, &o), R_NONE);
	assert_int_equal(o.opt_off, 40);
	assert_int_equal(o.opt_len, 4);
	assert_int_equal(o.len, 0);
	k.b[32] = 0x40; /* data offset below a header */
	assert_int_equal(parse(&k, false, &o), R_BAD_SEGMENT);
	k.b[32] = 0x70; /* and beyond the packet */
	assert_int_equal(parse(&k, false, &o), R_BAD_SEGMENT);
}

static void test_ip_options(void **state)
{
	(void)state;
	struct packet o;
	struct pkt k = { .b = { 0x46, 0, 0, 0, 0,  1, 0, 0, 64, TCP, 0, 0,
				10,   1, 0, 1, 10, 2, 0, 2, 1,	1,   1, 0 },
			 .n = 24 };
	add(&k, tcp20, sizeof(tcp20));
	k.b[3] = (uint8_t)k.n;
	packet_checksum(k.b, k.n);
	assert_int_equal(parse(&k, true, &o), R_NONE);
	assert_true(o.options);
	k.b[23] = 7; /* the kernel recorded a route; the sum is of before */
	assert_int_equal(parse(&k, true, &o), R_NONE);
	k.b[23] = 0;
	assert_int_equal(o.l4_off, 24);
	assert_int_equal(o.dport, 502);
	k.b[0] = 0x4c; /* header longer than the packet */
	assert_int_equal(parse(&k, false, &o), R_BAD_SEGMENT);
	k.b[0] = 0x44; /* and shorter than a header */
	assert_int_equal(parse(&k, false, &o), R_BAD_SEGMENT);
}

static void test_truncations(void **state)
{
	(void)state;
	struct packet o;
	struct pkt all[] = { v4(TCP, tcp24, sizeof(tcp24), "x"), v4(UDP, udp8, sizeof(udp8), "abc"),
			     v6(TCP, tcp24, sizeof(tcp24), "x"),
			     v6(UDP, udp8, sizeof(udp8), "abc") };
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(parse(&all[i], true, &o), R_NONE);
		for (size_t n = all[i].n; n-- > 0;) {
			struct pkt k = all[i];
			k.n = n;
			assert_int_equal(parse(&k, true, &o), R_BAD_SEGMENT);
			assert_int_equal(parse(&k, false, &o), R_BAD_SEGMENT);
		}
	}
}

/* A log's copy of a packet shows its ports in the first fragment, when it is long enough, and only
 * of TCP and UDP. */
static void test_ends(void **state)
{
	(void)state;
	struct packet o;
	struct pkt k[] = { v4(TCP, tcp20, sizeof(tcp20), ""), v6(UDP, udp8, sizeof(udp8), "abc") };
	for (size_t i = 0; i < 2; i++) {
		size_t header = i ? 40 : 20;
		for (size_t n = 0; n <= k[i].n; n++) {
			assert_int_equal(packet_ends(k[i].b, n, &o), n >= header);
			assert_int_equal(o.has_ports, n >= header + 4);
			assert_int_equal(o.dport, n < header + 4 ? 0 : i ? 20000 : 502);
		}
	}
	k[0].b[6] = 0x20; /* the first fragment */
	assert_true(packet_ends(k[0].b, k[0].n, &o) && o.has_ports);
	assert_int_equal(o.sport, 40000);
	k[0].b[7] = 1; /* a later one */
	assert_true(packet_ends(k[0].b, k[0].n, &o));
	assert_false(o.has_ports);
	assert_int_equal(o.sport, 0);
	k[0].b[6] = k[0].b[7] = 0;
	k[0].b[9] = 1; /* ICMP */
	k[1].b[6] = 58;
	for (size_t i = 0; i < 2; i++) {
		assert_true(packet_ends(k[i].b, k[i].n, &o));
		assert_false(o.has_ports);
	}
}

/* Bytes behind the packet's own length (Ethernet padding) are not payload. */
static void test_padding(void **state)
{
	(void)state;
	struct packet o;
	struct pkt k = v4(TCP, tcp20, sizeof(tcp20), "ab");
	add(&k, "\0\0\0\0", 4);
	assert_int_equal(parse(&k, true, &o), R_NONE);
	assert_int_equal(o.ip_len, 42);
	assert_int_equal(o.len, 2);
}

/* Any one bit that flips is seen, but for the few that no checksum covers. */
static void test_checksums(void **state)
{
	(void)state;
	struct packet o;
	struct pkt good[] = { v4(TCP, tcp20, sizeof(tcp20), "odd"),
			      v4(UDP, udp8, sizeof(udp8), "abc"),
			      v6(TCP, tcp20, sizeof(tcp20), "odd") };
	for (size_t i = 0; i < 3; i++)
		for (size_t bit = 0; bit < good[i].n * 8; bit++) {
			struct pkt k = good[i];
			if (i < 2 && bit == 2)
				/* version 4 becomes 6, whose header has no checksum */
				continue;
			if (i == 2 && bit < 64 && bit / 8 != 4 && bit / 8 != 5)
				continue; /* version, class, label, next header, hop limit */
			k.b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
			assert_int_equal(parse(&k, true, &o), R_BAD_SEGMENT);
		}
}

static void test_udp(void **state)
{
	(void)state;
	struct packet o;
	struct pkt k = v4(UDP, udp8, sizeof(udp8), "abc");
	assert_int_equal(parse(&k, true, &o), R_NONE);
	assert_int_equal(o.dport, 20000);
	assert_int_equal(o.len, 3);
	k.b[26] = k.b[27] = 0; /* RFC 768: no checksum */
	assert_int_equal(parse(&k, true, &o), R_NONE);
	for (int lie = 0; lie < 256; lie++) {
		k.b[25] = (uint8_t)lie;
		assert_int_equal(parse(&k, true, &o), lie == 11 ? R_NONE : R_BAD_SEGMENT);
	}
	k = v6(UDP, udp8, sizeof(udp8), "abc");
	k.b[46] = k.b[47] = 0; /* RFC 8200: not in IPv6 */
	assert_int_equal(parse(&k, true, &o), R_BAD_SEGMENT);
}

static void test_fragments(void **state)
{
	(void)state;
	struct packet o;
	static const struct {
		uint8_t hi, lo;
		bool frag;
	} cases[] = {
		{ 0x40, 0, false },   { 0x20, 0, true }, { 0, 1, true },
		{ 0x1f, 0xff, true }, { 0x60, 0, true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pkt k = v4(TCP, tcp20, sizeof(tcp20), "hello");
		k.b[6] = cases[i].hi;
		k.b[7] = cases[i].lo;
		assert_int_equal(parse(&k, false, &o), R_NONE);
		assert_int_equal(o.fragment, cases[i].frag);
		assert_int_equal(o.dport, cases[i].frag ? 0 : 502);
	}
	/* too short for a TCP header: its checksum is not looked for, nor written */
	struct pkt k = v4(TCP, "", 0, "abcd");
	k.b[6] = 0x20;
	memset(k.b + k.n, 0xee, MAX - k.n);
	packet_checksum(k.b, k.n);
	assert_memory_equal(k.b + 20, "abcd", 4);
	for (size_t i = k.n; i < MAX; i++)
		assert_int_equal(k.b[i], 0xee);
	assert_int_equal(parse(&k, true, &o), R_NONE);
	assert_true(o.fragment);
}

static struct pkt v6_chain(const uint8_t *ext, size_t n_ext, uint8_t first)
{
	uint8_t head[MAX];
	memcpy(head, ext, n_ext);
	memcpy(head + n_ext, tcp20, sizeof(tcp20));
	return v6(first, head, n_ext + sizeof(tcp20), "hi");
}

static void test_extensions(void **state)
{
	(void)state;
	struct packet o;
	static const uint8_t hop_dst[] = { 60, 0, 1, 4, 0, 0, 0, 0, TCP, 1, 1, 12,
					   0,  0, 0, 0, 0, 0, 0, 0, 0,	 0, 0, 0 };
	struct pkt k = v6_chain(hop_dst, sizeof(hop_dst), 0);
	assert_int_equal(parse(&k, true, &o), R_NONE);
	assert_true(o.options);
	assert_int_equal(o.l4_off, 64);
	assert_int_equal(o.dport, 502);
	k.b[49] = 200; /* an extension longer than the packet */
	assert_int_equal(parse(&k, false, &o), R_BAD_SEGMENT);
	static const uint8_t frag[] = { TCP, 0, 0, 1, 0, 0, 0, 9 },
			     atomic[] = { TCP, 0, 0, 0, 0, 0, 0, 9 };
	k = v6_chain(frag, sizeof(frag), 44);
	assert_int_equal(parse(&k, false, &o), R_NONE);
	assert_true(o.fragment);
	k = v6_chain(atomic, sizeof(atomic), 44); /* RFC 6946: whole all the same */
	assert_int_equal(parse(&k, true, &o), R_NONE);
	assert_false(o.fragment);
	assert_int_equal(o.dport, 502);
}

/* A long chain is refused at a fixed length, not walked. */
static void test_extension_limit(void **state)
{
	(void)state;
	struct packet o;
	for (size_t n = 1; n <= 16; n++) {
		uint8_t ext[128] = { 0 };
		for (size_t i = 0; i < n; i++)
			ext[i * 8] = i + 1 == n ? TCP : 60;
		struct pkt k = v6_chain(ext, n * 8, 60);
		assert_int_equal(parse(&k, false, &o), n <= 8 ? R_NONE : R_BAD_SEGMENT);
	}
}

/* What routers and receivers treat alike, and what not. */
static void test_arrives(void **state)
{
	(void)state;
	struct packet o;
	static const uint8_t dst[] = { TCP, 0, 1, 4, 0, 0, 0, 0 };
	struct pkt k = v4(TCP, tcp20, sizeof(tcp20), "hello"),
		   k6 = v6(TCP, tcp20, sizeof(tcp20), "hello");
	for (unsigned hops = 0; hops < 256; hops++) {
		k.b[8] = k6.b[7] = (uint8_t)hops;
		assert_int_equal(parse(&k, false, &o), R_NONE);
		assert_int_equal(packet_arrives(&o), hops < PACKET_HOPS_MIN ? R_HOPS : R_NONE);
		assert_int_equal(parse(&k6, false, &o), R_NONE);
		assert_int_equal(packet_arrives(&o), hops < PACKET_HOPS_MIN ? R_HOPS : R_NONE);
	}
	k.b[6] = 0xc0; /* the reserved flag */
	assert_int_equal(parse(&k, false, &o), R_NONE);
	assert_int_equal(packet_arrives(&o), R_IP_OPTIONS);
	k6 = v6_chain(dst, sizeof(dst), 60);
	assert_int_equal(parse(&k6, false, &o), R_NONE);
	assert_int_equal(packet_arrives(&o), R_IP_OPTIONS);
	k = (struct pkt){ .b = { 0x46, 0, 0, 0, 0,  1, 0, 0, 64, TCP, 0, 0,
				 10,   1, 0, 1, 10, 2, 0, 2, 1,	 1,   1, 0 },
			  .n = 24 };
	add(&k, tcp20, sizeof(tcp20));
	k.b[3] = (uint8_t)k.n;
	assert_int_equal(parse(&k, false, &o), R_NONE);
	assert_int_equal(packet_arrives(&o), R_IP_OPTIONS);
}

/* RFC 8200 8.1: over IPv6 there is no datagram without a checksum, also where zero is what the sum
 * makes. */
static void test_no_checksum(void **state)
{
	(void)state;
	struct packet o;
	struct pkt k = v4(IPPROTO_UDP, udp8, sizeof(udp8), "abc"),
		   k6 = v6(IPPROTO_UDP, udp8, sizeof(udp8), "abc");
	put16(k.b + 26, 0);
	assert_int_equal(parse(&k, true, &o), R_NONE);
	assert_true(o.no_sum);
	packet_checksum(k.b, k.n);
	assert_int_equal(parse(&k, true, &o), R_NONE);
	assert_false(o.no_sum);
	unsigned sum = (unsigned)k6.b[46] << 8 | k6.b[47], port = 0x9c40 + sum;
	put16(k6.b + 40, (port & 0xffff) + (port >> 16)); /* with it the sum makes zero */
	put16(k6.b + 46, 0);
	assert_int_equal(parse(&k6, true, &o), R_BAD_SEGMENT);
	packet_checksum(k6.b, k6.n);
	assert_int_equal((k6.b[46] << 8) + k6.b[47], 0xffff);
	assert_int_equal(parse(&k6, true, &o), R_NONE);
}

static void test_other(void **state)
{
	(void)state;
	struct packet o;
	struct pkt k = v4(1, "\x08\0\0\0", 4, "ping");
	assert_int_equal(parse(&k, true, &o), R_NONE);
	assert_int_equal(o.l4, 1);
	assert_int_equal(o.len, 8);
	for (int v = 0; v < 16; v++) {
		k.b[0] = (uint8_t)(v << 4 | 5);
		assert_int_equal(parse(&k, false, &o) == R_NONE, v == 4);
	}
}

/* Whatever the bytes: a reason or facts inside the buffer, never a fault. */
static void test_noise(void **state)
{
	(void)state;
	uint32_t seed = 1;
	struct packet o;
	for (int i = 0; i < 200000; i++) {
		struct pkt k = i & 1 ? v4(TCP, tcp24, sizeof(tcp24), "x")
				     : v6(TCP, tcp24, sizeof(tcp24), "x");
		for (int j = 0; j < 4; j++) {
			seed = seed * 1664525u + 1013904223u;
			k.b[(seed >> 8) % k.n] = (uint8_t)(seed >> 24);
		}
		parse(&k, false, &o);
		packet_checksum(k.b, k.n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp4),
		cmocka_unit_test(test_tcp_options),
		cmocka_unit_test(test_ip_options),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_extension_limit),
		cmocka_unit_test(test_arrives),
		cmocka_unit_test(test_no_checksum),
		cmocka_unit_test(test_other),
		cmocka_unit_test(test_noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
