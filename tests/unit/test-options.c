/* SPDX-License-Identifier: MIT
 *
 * TCP options on their way through: those that leave the stream's meaning alone
 * stay as they are, others are blanked, and what cannot be read goes with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include "inspect/inspect.h"

enum { HEAD = 40 };

struct bench {
	struct inspect *in;
	struct inspect_out out;
	uint8_t sent[256], got[256];
	size_t n, n_got;
	bool changed;
	uint64_t now;
};

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct bench *b = ctx;
	(void)id;
	assert_int_equal(v, V_ACCEPT);
	b->changed = data != NULL;
	b->n_got = data ? len : b->n;
	assert_true(b->n_got <= sizeof(b->got));
	memcpy(b->got, data ? data : b->sent, b->n_got);
}

static void on_event(void *ctx, const struct event *ev)
{
	(void)ctx;
	fail_msg("%s", reason_name(ev->reason));
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* One segment with these options (a multiple of 4); dir 0 is the client's. */
static void segment(struct bench *b, int dir, uint8_t flags, const char *opt, size_t n_opt,
		    const char *data, size_t n)
{
	static const uint8_t ip[20] = { 0x45, 0, 0,  0, 0, 0, 0,  0, 64, IPPROTO_TCP,
					0,    0, 10, 0, 1, 5, 10, 0, 2,	 9 };
	uint8_t *p = b->sent;
	bool syn = flags & TCP_SYN;
	memset(p, 0, HEAD);
	memcpy(p, ip, sizeof(ip));
	if (dir) {
		memcpy(p + 12, ip + 16, 4);
		memcpy(p + 16, ip + 12, 4);
	}
	p[dir ? 22 : 20] = 0x9c;
	p[dir ? 20 : 22] = 502 >> 8;
	p[dir ? 21 : 23] = 502 & 255;
	put32(p + 24, (dir ? 5000u : 1000u) - syn);
	put32(p + 28, flags & TCP_ACK ? dir ? 1000u : 5000u : 0);
	p[32] = (uint8_t)((20 + n_opt) << 2);
	p[33] = flags;
	memcpy(p + HEAD, opt, n_opt);
	memcpy(p + HEAD + n_opt, data, n);
	b->n = HEAD + n_opt + n;
	p[3] = (uint8_t)b->n;
	packet_checksum(p, b->n);
	struct inspect_pkt k = {
		.now_ns = b->now += 1000, .ip = p, .len = b->n, .check_sum = true
	};
	inspect_packet(b->in, &k, &b->out);
	struct packet left;
	assert_int_equal(packet_parse(b->got, b->n_got, true, &left), R_NONE);
}

/* Without a policy every message passes, as an inspector does before its first one. */
static void start(struct bench *b)
{
	struct inspect_conf conf = { .max_connections = 8, .hash_key = { 1, 2 } };
	memset(b, 0, sizeof(*b));
	b->now = 1000000000;
	b->in = inspect_new(&conf);
	assert_non_null(b->in);
	b->out = (struct inspect_out){ .ctx = b, .verdict = on_verdict, .event = on_event };
}

#define OPTS(b, dir, flags, o) segment(b, dir, flags, o, sizeof(o) - 1, "", 0)
#define LEFT(b, o) assert_memory_equal((b)->got + HEAD, o, sizeof(o) - 1)

static void plain_options_stay(void **state)
{
	static const char all[] = "\2\4\5\xb4\4\2\x8\xa\0\0\0\1\0\0\0\0";
	(void)state;
	struct bench b;
	start(&b);
	OPTS(&b, 0, TCP_SYN, all);
	assert_false(b.changed);
	OPTS(&b, 1, TCP_SYN | TCP_ACK, all);
	assert_false(b.changed);
	OPTS(&b, 0, TCP_ACK, "\1\1\5\xa\0\0\x13\x90\0\0\x13\x99");
	assert_false(b.changed); /* nothing was cut: selective acknowledgements hold */
	inspect_free(b.in);
}

static void other_options_are_blanked(void **state)
{
	(void)state;
	struct bench b;
	start(&b);
	/* MP_CAPABLE (RFC 8684), a fast open cookie (RFC 7413), an experiment (RFC 6994) */
	OPTS(&b, 0, TCP_SYN, "\2\4\5\xb4\x1e\4\1\1");
	LEFT(&b, "\2\4\5\xb4\1\1\1\1");
	OPTS(&b, 1, TCP_SYN | TCP_ACK, "\x22\4\1\2\xfd\6\x0e\xd0\0\1\4\2");
	LEFT(&b, "\1\1\1\1\1\1\1\1\1\1\4\2");
	/* a mapping of data, on a segment that otherwise goes on as it came */
	static const char read[] = "\0\1\0\0\0\6\1\3\0\0\0\1";
	segment(&b, 0, TCP_ACK, "\x1e\x8\x20\1\0\0\0\0\1\1\x5\2", 12, read, 12);
	LEFT(&b, "\1\1\1\1\1\1\1\1\1\1\5\2\0\1\0\0\0\6\1\3\0\0\0\1");
	assert_int_equal(b.n_got, b.n);
	inspect_free(b.in);
}

/* A sender may not have more bytes on their way than are kept. */
static void windows_are_not_scaled(void **state)
{
	(void)state;
	struct bench b;
	start(&b);
	OPTS(&b, 0, TCP_SYN, "\2\4\5\xb4\1\3\3\7\4\2\1\1");
	LEFT(&b, "\2\4\5\xb4\1\1\1\1\4\2\1\1");
	OPTS(&b, 1, TCP_SYN | TCP_ACK, "\2\4\5\xb4\1\3\3\7");
	LEFT(&b, "\2\4\5\xb4\1\1\1\1");
	inspect_free(b.in);
}

static void unreadable_options_are_blanked(void **state)
{
	(void)state;
	struct bench b;
	start(&b);
	OPTS(&b, 0, TCP_SYN, "\2\4\5\xb4\x8\x28\1\1"); /* longer than what is left */
	LEFT(&b, "\2\4\5\xb4\1\1\1\1");
	OPTS(&b, 0, TCP_SYN, "\2\1\5\xb4"); /* shorter than itself */
	LEFT(&b, "\1\1\1\1");
	OPTS(&b, 0, TCP_SYN, "\1\1\1\2"); /* without a length */
	LEFT(&b, "\1\1\1\1");
	OPTS(&b, 0, TCP_SYN, "\1\0\x1e\4"); /* behind the end: nobody reads it */
	assert_false(b.changed);
	inspect_free(b.in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_options_stay),
		cmocka_unit_test(other_options_are_blanked),
		cmocka_unit_test(windows_are_not_scaled),
		cmocka_unit_test(unreadable_options_are_blanked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
