/* SPDX-License-Identifier: MIT
 * The file of what conduits were used for: what was kept is read again; whatever else is there, cut
 * or changed, is put aside or read as it stands, and never as something that was not kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "history/uses.h"

#define STATE_FILE "uses.json"
#include "state-dir.h"

enum { NOW = 2000 };

/* Is it read? Then *u is the caller's. */
static bool reads(struct uses *u)
{
	bool unreadable;
	assert_int_equal(uses_read(dir, NOW, u, &unreadable), 0);
	assert_int_equal(faccessat(dir, STATE_FILE ".unreadable", F_OK, 0), unreadable ? 0 : -1);
	unlinkat(dir, STATE_FILE ".unreadable", 0);
	return !unreadable;
}

static struct use some[] = {
	{ .name = "hmi-to-cell", .since_s = 1000, .last_s = 1500, .messages = 7, .packets = 1 },
	{ .name = "never", .since_s = 1200 },
};

static void test_again(void **state)
{
	const struct uses kept = { some, 2 };
	struct uses u;
	(void)state;
	assert_true(reads(&u)); /* there is none */
	assert_int_equal(u.n, 0);
	uses_free(&u);
	assert_int_equal(uses_keep(dir, &kept), 0);
	assert_true(reads(&u));
	assert_int_equal(u.n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(u.v[i].name, some[i].name);
		assert_int_equal(u.v[i].since_s, some[i].since_s);
		assert_int_equal(u.v[i].last_s, some[i].last_s);
		assert_int_equal(u.v[i].messages, some[i].messages);
		assert_int_equal(u.v[i].packets, some[i].packets);
	}
	uses_free(&u);
}

/* The clock was set back since: nothing is of the time to come. */
static void test_to_come(void **state)
{
	struct use late = { .name = "late", .since_s = NOW + 5, .last_s = NOW + 9 };
	struct uses u;
	(void)state;
	assert_int_equal(uses_keep(dir, &(struct uses){ &late, 1 }), 0);
	assert_true(reads(&u));
	assert_int_equal(u.v[0].since_s, NOW);
	assert_int_equal(u.v[0].last_s, NOW);
	uses_free(&u);
}

/* However much was counted, the file is one that is read again. */
static void test_most(void **state)
{
	struct use most = {
		.name = "most", .since_s = 1, .messages = UINT64_MAX, .packets = UINT64_C(1) << 63
	};
	struct uses u;
	(void)state;
	assert_int_equal(uses_keep(dir, &(struct uses){ &most, 1 }), 0);
	assert_true(reads(&u));
	assert_int_equal(u.v[0].messages, INT64_MAX);
	assert_int_equal(u.v[0].packets, INT64_MAX);
	uses_free(&u);
}

static void test_cut(void **state)
{
	char text[1024];
	struct uses u;
	(void)state;
	assert_int_equal(uses_keep(dir, &(struct uses){ some, 2 }), 0);
	size_t n = read_text(text, sizeof(text));
	for (size_t i = 0; i < n; i++) {
		write_text(text, i);
		assert_false(reads(&u));
		assert_int_equal(u.n, 0);
	}
}

static void test_nonsense(void **state)
{
#define ONE(what) "{\"schema\": 1, \"conduits\": [ " what " ]}"
	static const char *const wrong[] = {
		"{}",
		"[]",
		"{\"schema\": 2, \"conduits\": []}",
		"{\"schema\": 1, \"conduits\": {}}",
		ONE("7"),
		ONE("{\"since\": 1}"),
		ONE("{\"conduit\": \"\", \"since\": 1}"),
		ONE("{\"conduit\": \"a\"}"),
		ONE("{\"conduit\": \"a\", \"since\": -1}"),
		ONE("{\"conduit\": \"a\", \"since\": 1, \"last\": -1}"),
		ONE("{\"conduit\": \"a\", \"since\": 1, \"messages\": -1}"),
		ONE("{\"conduit\": \"a\", \"since\": 1, \"packets\": -1}"),
		ONE("{\"conduit\": \"a-name-of-more-than-31-characters\", \"since\": 1}"),
	};
#undef ONE
	struct uses u;
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		write_text(wrong[i], strlen(wrong[i]));
		assert_false(reads(&u));
		assert_int_equal(u.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),	 cmocka_unit_test(test_to_come),
		cmocka_unit_test(test_most),	 cmocka_unit_test(test_cut),
		cmocka_unit_test(test_nonsense),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
