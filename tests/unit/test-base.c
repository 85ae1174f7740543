/* SPDX-License-Identifier: MIT
 * base/ and the reason table: reader, text builder, numbers, addresses, arena, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/errs.h"
#include "base/num.h"
#include "base/rd.h"
#include "base/sb.h"
#include "base/utc.h"
#include "record/reason.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7 };

static void test_rd_integers(void **state)
{
	(void)state;
	struct rd r = rd_init(bytes, sizeof(bytes));
	assert_int_equal(rd_u8(&r), 0x01);
	assert_int_equal(rd_be16(&r), 0x0203);
	assert_int_equal(rd_be32(&r), 0x04050607);
	assert_true(rd_done(&r));
	r = rd_init(bytes, 6);
	assert_int_equal(rd_le16(&r), 0x0201);
	assert_int_equal(rd_le32(&r), 0x06050403);
	assert_true(rd_done(&r));
	static const uint8_t ff[] = { 0xff, 0xff, 0xff, 0xff };
	r = rd_init(ff, 4);
	assert_true(rd_be32(&r) == UINT32_MAX);
	r = rd_init(ff, 4);
	assert_true(rd_le32(&r) == UINT32_MAX);
}

static void test_rd_error_is_sticky(void **state)
{
	(void)state;
	struct rd r = rd_init(bytes, 3);
	assert_int_equal(rd_be32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(rd_u8(&r), 0); /* though it is there */
	assert_null(rd_take(&r, 0));
	assert_false(rd_done(&r));
	r = rd_init(bytes, 3);
	assert_null(rd_take(&r, SIZE_MAX));
	assert_true(r.bad && r.left == 3);
	r = rd_init(bytes, 3);
	rd_skip(&r, 2);
	assert_false(rd_done(&r)); /* one is left over */
	rd_skip(&r, 1);
	assert_true(rd_done(&r));
}

static void test_rd_sub(void **state)
{
	(void)state;
	struct rd r = rd_init(bytes, sizeof(bytes));
	struct rd s = rd_sub(&r, 2);
	assert_int_equal(rd_be16(&s), 0x0102);
	assert_true(rd_done(&s));
	assert_int_equal(rd_u8(&s), 0); /* the parent's bytes are not the child's */
	assert_true(s.bad && !r.bad);
	assert_int_equal(rd_u8(&r), 3);
	s = rd_sub(&r, 5);
	assert_true(s.bad && r.bad);
	assert_int_equal(s.left, 0);
}

static void test_sb(void **state)
{
	(void)state;
	char buf[8];
	memset(buf, 'x', sizeof(buf));
	struct sb b = sb_init(buf, 7);
	assert_string_equal(buf, "");
	sb_puts(&b, "abc");
	sb_printf(&b, "%d", 42);
	assert_string_equal(buf, "abc42");
	assert_false(b.cut);
	sb_putc(&b, '!');
	assert_false(b.cut);
	sb_putc(&b, '?');
	assert_true(b.cut && b.len == 6);
	sb_printf(&b, "%s", "more");
	sb_puts(&b, "more");
	assert_string_equal(buf, "abc42!");
	assert_int_equal(buf[7], 'x'); /* beyond cap: untouched */
	b = sb_init(buf, 1);
	sb_putc(&b, 'a');
	assert_true(b.cut && b.len == 0 && buf[0] == '\0');
	b = sb_init(buf, 4);
	sb_printf(&b, "%s", "abcdef");
	assert_true(b.cut && b.len == 3);
	assert_string_equal(buf, "abc");
}

static void test_sb_foreign(void **state)
{
	(void)state;
	char buf[64];
	struct sb b = sb_init(buf, sizeof(buf));
	sb_put_foreign(&b, "a\n\"\\\x7f\xff~ ", 8);
	assert_string_equal(buf, "a\\x0a\\x22\\x5c\\x7f\\xff~ ");
	for (unsigned c = 0; c < 256; c++) {
		uint8_t x = (uint8_t)c;
		b = sb_init(buf, sizeof(buf));
		sb_put_foreign(&b, &x, 1);
		for (size_t i = 0; i < b.len; i++)
			assert_true(buf[i] >= 0x20 && buf[i] <= 0x7e && buf[i] != '"');
	}
}

static void test_num(void **state)
{
	(void)state;
	uint64_t v = 0;
	assert_true(num_parse("0", 0, 10, &v) && v == 0);
	assert_true(num_parse("10", 0, 10, &v) && v == 10);
	assert_true(num_parse("0x1F", 0, 255, &v) && v == 31);
	assert_true(num_parse("18446744073709551615", 0, UINT64_MAX, &v) && v == UINT64_MAX);
	assert_true(num_parse("0xffffffffffffffff", 0, UINT64_MAX, &v) && v == UINT64_MAX);
	static const char *const bad[] = {
		"",
		"0x",
		"11",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1a",
		"0b1",
		"0x1G",
		"1.0",
		"18446744073709551616",
		"99999999999999999999999",
		"x",
	};
	v = 77;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (num_parse(bad[i], 0, 10, &v))
			fail_msg("\"%s\" is taken as a number", bad[i]);
	assert_false(num_parse("18446744073709551616", 0, UINT64_MAX, &v));
	assert_false(num_parse("0x10000000000000000", 0, UINT64_MAX, &v));
	assert_false(num_parse("4", 5, 10, &v));
	assert_int_equal(v, 77);
}

static void test_nearest(void **state)
{
	(void)state;
	static const char *const names[] = { "read-coils", "write-single-coil", "from", "to" };
	assert_string_equal(name_nearest("read-coil", names, 4), "read-coils");
	assert_string_equal(name_nearest("form", names, 4), "from");
	assert_null(name_nearest("something-else-entirely", names, 4));
	assert_null(name_nearest("from", names, 0));
	char longer[300];
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	(void)name_nearest(longer, names, 4);
}

static struct prefix prefix(const char *s)
{
	struct prefix p;
	bool host_bits;
	assert_true(prefix_parse(s, &p, &host_bits));
	return p;
}

static void test_addr(void **state)
{
	(void)state;
	static const char *const good[] = { "10.0.0.1", "255.255.255.255", "::", "fd00::1",
					    "2001:db8::a:b" };
	struct addr a, b;
	char text[ADDR_TEXT];
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(addr_parse(good[i], &a));
		addr_text(&a, text);
		assert_string_equal(text, good[i]);
		assert_true(addr_parse(text, &b) && addr_eq(&a, &b));
	}
	static const char *const bad[] = { "",	      "10.0.0",	 "10.0.0.256", "10.0.0.1/8",
					   "fd00::g", "1::2::3", "host" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(addr_parse(bad[i], &a));
	assert_true(addr_parse("10.0.0.0", &a) && addr_parse("a00::", &b));
	assert_false(addr_eq(&a, &b));
}

static void test_prefix(void **state)
{
	(void)state;
	struct prefix p;
	bool host_bits = true;
	assert_true(prefix_parse("10.1.2.3/20", &p, &host_bits) && host_bits);
	char text[ADDR_TEXT];
	prefix_text(&p, text);
	assert_string_equal(text, "10.1.0.0/20");
	assert_true(prefix_parse("10.1.0.0/20", &p, &host_bits) && !host_bits);
	assert_true(prefix_parse("fd00::1", &p, &host_bits) && p.len == 128);
	assert_true(prefix_parse("0.0.0.0/0", &p, &host_bits) && p.len == 0);
	static const char *const bad[] = { "10.0.0.0/33", "fd00::/129", "10.0.0.0/",
					   "10.0.0.0/-1", "/8",		"10.0.0.0/8/8" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(prefix_parse(bad[i], &p, &host_bits));
	struct prefix n = prefix("10.1.0.0/20");
	static const struct {
		const char *addr;
		bool in;
	} in[] = {
		{ "10.1.0.0", true },	   { "10.1.15.255", true }, { "10.1.16.0", false },
		{ "10.0.255.255", false }, { "a01::", false },
	};
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		struct addr a;
		assert_true(addr_parse(in[i].addr, &a));
		assert_int_equal(prefix_has(&n, &a), in[i].in);
	}
	struct prefix wide = prefix("10.0.0.0/8"), next = prefix("10.1.16.0/20"),
		      six = prefix("::/0");
	assert_true(prefix_overlap(&n, &wide) && prefix_overlap(&wide, &n) &&
		    prefix_overlap(&n, &n));
	assert_false(prefix_overlap(&n, &next));
	assert_false(prefix_overlap(&n, &six));
}

static void test_arena(void **state)
{
	(void)state;
	struct arena *a = arena_new();
	assert_non_null(a);
	uint32_t *v = NULL;
	for (uint32_t n = 0; n < 50000; n++) {
		v = arena_grow(a, v, n, sizeof(*v));
		assert_int_equal((uintptr_t)v % 16, 0);
		v[n] = n;
	}
	for (uint32_t n = 0; n < 50000; n++)
		assert_int_equal(v[n], n);
	uint8_t *big = arena_alloc(a, 1 << 20);
	for (size_t i = 0; i < 1 << 20; i++)
		assert_int_equal(big[i], 0);
	assert_string_equal(arena_strdup(a, "text"), "text");
	arena_free(a);
	arena_free(NULL);
}

static void test_errs(void **state)
{
	(void)state;
	struct errs e;
	errs_init(&e);
	errs_add(&e, "b.conf", 3, "third %d", 3);
	errs_add(&e, "a.conf", 9, "second");
	errs_add(&e, "a.conf", 9, "second again");
	errs_add(&e, "a.conf", 0, "first");
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	assert_non_null(f);
	errs_print(&e, f);
	fclose(f);
	assert_string_equal(text, "a.conf: error: first\na.conf:9: error: second\n"
				  "a.conf:9: error: second again\nb.conf:3: error: third 3\n");
	free(text);
	char longer[2000];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (unsigned i = 0; i < 2 * ERRS_MAX; i++)
		errs_add(&e, NULL, i, "%s", longer);
	assert_int_equal(e.n, ERRS_MAX);
	assert_int_equal(e.total, 2 * ERRS_MAX + 4);
	assert_true(strlen(e.v[ERRS_MAX - 1].text) < sizeof(e.v[0].text));
	errs_free(&e);
	assert_int_equal(e.n, 0);
	errs_free(&e);
}

static void test_reasons(void **state)
{
	(void)state;
	for (unsigned i = 0; i < R_COUNT; i++) {
		const char *name = reason_name((enum reason)i);
		assert_non_null(name);
		assert_non_null(reason_text((enum reason)i));
		assert_true(strlen(reason_text((enum reason)i)) > 5);
		assert_true(strlen(name) > 0);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
		for (unsigned k = 0; k < i; k++) {
			assert_string_not_equal(name, reason_name((enum reason)k));
			assert_string_not_equal(reason_text((enum reason)i),
						reason_text((enum reason)k));
		}
	}
	assert_string_equal(reason_name(R_COUNT), "?");
	assert_string_equal(reason_text(R_COUNT), "?");
	assert_string_equal(reason_name((enum reason)0xffff), "?");
}

/* Times are those of gmtime(3), and read back. */
static void test_times(void **state)
{
	(void)state;
	char text[64], want[64];
	uint64_t ns, step = UINT64_C(86399999999999) * 13; /* days, and all times of day */
	for (uint64_t t = 0; t < UINT64_C(16725225600) * 1000000000; t += step) {
		struct sb b = sb_init(text, sizeof(text));
		time_t s = (time_t)(t / 1000000000);
		struct tm tm;
		sb_put_time(&b, t, 9);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));
		snprintf(want + 19, sizeof(want) - 19, ".%09uZ", (unsigned)(t % 1000000000));
		assert_string_equal(text, want);
		assert_true(utc_parse(text, &ns));
		assert_int_equal(ns, t);
	}
	struct sb b = sb_init(text, sizeof(text));
	sb_put_time(&b, UINT64_C(1764274500123999999), 3);
	assert_string_equal(text, "2025-11-27T20:15:00.123Z");
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {
		{ "1970-01-01", 0 },
		{ "2000-02-29T00:00", UINT64_C(951782400000) },
		{ "2025-11-27T21:15:00.5+01:00", UINT64_C(1764274500500) },
		{ "2025-11-27 15:15-05:00", UINT64_C(1764274500000) },
		{ "@1764274500.25", UINT64_C(1764274500250) },
		{ "2024-02-29T23:59:59Z", UINT64_C(1709251199000) },
	};
	static const char *const bad[] = {
		"",
		"2025",
		"2025-13-01",
		"2025-02-29",
		"2100-02-29",
		"2025-04-31",
		"2025-1-1",
		"2025-01-01T",
		"2025-01-01T24:00",
		"2025-01-01T10",
		"@",
		"@-1",
		"@1.",
		"2025-01-01T10:00z",
		"2025-01-01T10:00:00.",
		"2025-01-01T10:00+1",
		"1969-12-31",
		"2025-01-01x",
		"1970-01-01T00:00+01:00",
		"@99999999999",
		"2025-01-01Z",
		"2025-01-01T10:00:00.0000000001",
		"@1x",
		"modbus:502",
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(utc_parse(good[i].text, &ns));
		assert_int_equal(ns, good[i].ms * 1000000);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utc_parse(bad[i], &ns));
}

/* Numbers as printf(3) writes them. */
static void test_numbers_as_text(void **state)
{
	(void)state;
	char text[32], want[32];
	for (uint64_t v = 1; v; v = v > UINT64_MAX / 3 ? 0 : v * 3) {
		struct sb b = sb_init(text, sizeof(text));
		sb_put_number(&b, v - 1);
		snprintf(want, sizeof(want), "%llu", (unsigned long long)(v - 1));
		assert_string_equal(text, want);
		b = sb_init(text, sizeof(text));
		sb_put_digits(&b, v, 3);
		snprintf(want, sizeof(want), "%03u", (unsigned)(v % 1000));
		assert_string_equal(text, want);
	}
	struct sb b = sb_init(text, sizeof(text));
	sb_put_number(&b, UINT64_MAX);
	assert_string_equal(text, "18446744073709551615");
}

/* A machine that sleeps, a clock that is slowed down, and one that is set. */
static void test_clock_set(void **state)
{
	const uint64_t day = UINT64_C(86400000000000), s = UINT64_C(1000000000);
	const uint64_t wall = 20000 * day;
	int64_t offset = 0;
	(void)state;
	assert_int_equal(clock_set_by(&offset, wall, 7 * s), 20000 * 86400 - 7);
	assert_int_equal(clock_set_by(&offset, wall + s / 2, 7 * s + s / 2), 0);
	assert_int_equal(clock_set_by(&offset, wall + day, 7 * s + day), 0);
	for (uint64_t i = 1; i < 10000; i++) /* half a second, slowed by 500 ppm */
		assert_int_equal(clock_set_by(&offset, wall + day + i * (s / 2 - s / 4000),
					      7 * s + day + i * s / 2),
				 0);
	offset = 0;
	clock_set_by(&offset, wall, 7 * s);
	assert_int_equal(clock_set_by(&offset, wall - 2 * day, 7 * s), -2 * 86400);
	assert_int_equal(clock_set_by(&offset, wall - 2 * day, 7 * s), 0);
	assert_int_equal(clock_set_by(&offset, 0, 8 * s), -19998 * 86400 - 1);
	assert_int_equal(clock_set_by(&offset, wall, 8 * s), 20000 * 86400);
	assert_int_equal(clock_set_by(&offset, wall + s * 4 / 10, 8 * s), 0);
	assert_int_equal(clock_set_by(&offset, wall + s * 4 / 10 + s - 1, 8 * s), 1);
	assert_int_equal(clock_set_by(&offset, wall + s * 4 / 10, 8 * s + 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_numbers_as_text),
		cmocka_unit_test(test_clock_set),
		cmocka_unit_test(test_rd_integers),
		cmocka_unit_test(test_rd_error_is_sticky),
		cmocka_unit_test(test_rd_sub),
		cmocka_unit_test(test_sb),
		cmocka_unit_test(test_sb_foreign),
		cmocka_unit_test(test_num),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_addr),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_errs),
		cmocka_unit_test(test_reasons),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
