/* SPDX-License-Identifier: MIT
 * Orders: their file, whole, cut and corrupt; their time; and what they make of a model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "history/orders.h"

#define STATE_FILE "orders.json"
#include "state-dir.h"

static struct orders orders, again;

static void put(enum order_kind kind, const char *name, uint32_t seconds)
{
	struct order one = { .since_s = 1000, .seconds = seconds };
	one.mode = kind == ORDER_MODE ? MODE_OBSERVE : MODE_ENFORCE;
	snprintf(one.name, sizeof(one.name), "%s", name);
	snprintf(one.who, sizeof(one.who), "root");
	snprintf(one.why, sizeof(one.why), "ticket \"9\"");
	assert_true(orders_put(&orders, kind, &one));
}

static void test_file(void **state)
{
	static char text[10000];
	struct stat st;
	bool unreadable;
	(void)state;
	assert_int_equal(orders_read(dir, &again, &unreadable), 0); /* there is none */
	assert_false(unreadable);
	memset(&orders, 0, sizeof(orders));
	orders.generation = 7;
	put(ORDER_ISOLATE, "cell", 0);
	put(ORDER_MODE, "hmi-to-cell", 60);
	put(ORDER_GRANT, "service", 90);
	orders.v[ORDER_GRANT][0].end_ns = UINT64_C(1234567890123);
	snprintf(orders.boot, sizeof(orders.boot), "5b0d9a7e");
	assert_int_equal(orders_keep(dir, &orders), 0);
	assert_int_equal(orders_read(dir, &again, &unreadable), 0);
	assert_false(unreadable);
	assert_memory_equal(&orders, &again, sizeof(orders));
	size_t n = read_text(text, sizeof(text));
	for (size_t cut = 0; cut < n - 1; cut++) { /* the last one is a brace */
		write_text(text, cut);
		assert_int_equal(orders_read(dir, &again, &unreadable), 0);
		assert_true(unreadable);
		assert_int_equal(again.n[ORDER_ISOLATE] + again.n[ORDER_MODE], 0);
		assert_int_equal(fstatat(dir, "orders.json.unreadable", &st, 0), 0);
	}
}

static void test_corrupt(void **state)
{
	static const char *const texts[] = {
		"[]",
		"{}",
		"{\"schema\":2,\"generation\":0,\"isolate\":[],\"mode\":[]}",
		"{\"schema\":1,\"generation\":-1,\"isolate\":[],\"mode\":[]}",
		"{\"schema\":1,\"generation\":0,\"isolate\":[]}",
		"{\"schema\":1,\"generation\":0,\"isolate\":[{}],\"mode\":[]}",
		/* a mode without an end, and one that is none */
		"{\"schema\":1,\"generation\":0,\"isolate\":[],\"mode\":[{\"name\":\"a\",\"since\":"
		"1,"
		"\"seconds\":0,\"who\":\"\",\"why\":\"\",\"mode\":\"observe\"}]}",
		"{\"schema\":1,\"generation\":0,\"isolate\":[],\"mode\":[{\"name\":\"a\",\"since\":"
		"1,"
		"\"seconds\":9,\"who\":\"\",\"why\":\"\",\"mode\":\"off\"}]}",
	};
	bool unreadable;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_text(texts[i], strlen(texts[i]));
		assert_int_equal(orders_read(dir, &again, &unreadable), 0);
		assert_true(unreadable);
	}
}

static void test_room_and_time(void **state)
{
	struct order one = { .name = "one", .since_s = 1000, .seconds = 60 };
	char name[8];
	(void)state;
	assert_int_equal(order_left(&one, 1000), 60);
	assert_int_equal(order_left(&one, 1059), 1);
	assert_int_equal(order_left(&one, 1060), 0);
	assert_int_equal(order_left(&one, 999), 0); /* the clock went back */
	one.seconds = 0;
	assert_int_equal(order_left(&one, 999), UINT32_MAX);
	memset(&orders, 0, sizeof(orders));
	for (int i = 0; i < ORDERS_MOST; i++) {
		snprintf(name, sizeof(name), "z%d", i);
		put(ORDER_ISOLATE, name, 0);
	}
	assert_false(orders_put(&orders, ORDER_ISOLATE, &one));
	put(ORDER_ISOLATE, "z3", 0); /* in its own place */
	orders_remove(&orders, ORDER_ISOLATE, 0);
	assert_null(orders_find(&orders, ORDER_ISOLATE, "z0"));
	assert_true(orders_put(&orders, ORDER_ISOLATE, &one));
}

static void test_end(void **state)
{
	static const uint64_t s = 1000000000;
	/* given for 60 s at 1000 by the clock of the day, and 5000 by the kernel's */
	const struct order one = { .since_s = 1000, .seconds = 60, .end_ns = 5060 * s };
	static const struct {
		struct order_now now;
		uint64_t end;
	} rows[] = {
		{ { 1010, 5010 * s, true }, 5060 * s },
		{ { 1010, 20 * s, false }, 70 * s }, /* another start of the kernel */
		/* clock set back, on, before the beginning, behind the end: it is as long as it is
		 */
		{ { 1001, 5040 * s, true }, 5060 * s },
		{ { 1055, 5010 * s, true }, 5060 * s },
		{ { 900, 5010 * s, true }, 5060 * s },
		{ { 1060, 5010 * s, true }, 5060 * s },
		/* a file of which the end is too far away */
		{ { 1010, 4000 * s, true }, 4060 * s },
		/* clock set back, before the beginning, behind the end, over a restart of the
		   kernel */
		{ { 1001, 20 * s, false }, 79 * s },
		{ { 900, 20 * s, false }, 0 },
		{ { 1060, 20 * s, false }, 0 },
		{ { 1010, 5060 * s, true }, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(order_end(&one, &rows[i].now), rows[i].end);
}

/* Files of versions without grants are read; a grant opens only a conduit that is on grant. */
static void test_grants(void **state)
{
	static const char before[] = "{\"schema\":1,\"generation\":0,\"isolate\":[],\"mode\":[]}";
	struct conduit c[] = { { .name = "service", .gate.on_grant = true }, { .name = "b" } };
	struct model m = { .conduits = c, .n_conduits = 2 };
	bool unreadable;
	(void)state;
	write_text(before, strlen(before));
	assert_int_equal(orders_read(dir, &again, &unreadable), 0);
	assert_false(unreadable);
	assert_int_equal(again.n[ORDER_GRANT], 0);
	memset(&orders, 0, sizeof(orders));
	put(ORDER_GRANT, "service", 60);
	put(ORDER_GRANT, "b", 60);
	put(ORDER_GRANT, "nothing", 60);
	for (int i = 0; i < 3; i++)
		orders.v[ORDER_GRANT][i].end_ns = 777;
	assert_true(model_is_shut(&c[0]));
	orders_over(&orders, &m);
	assert_int_equal(c[0].granted_until_ns, 777);
	assert_int_equal(c[1].granted_until_ns, 0);
	assert_true(order_fits(&m, ORDER_GRANT, "service"));
	assert_false(order_fits(&m, ORDER_GRANT, "b"));
}

static void test_zones_inside(void **state)
{
	struct zone zones[] = {
		{ .name = "unknown" },
		{ .name = "plant" },
		{ .name = "cell", .parent = "plant" },
		{ .name = "unit", .parent = "cell" },
		{ .name = "office" },
	};
	struct leg legs[] = {
		{ .from = 4, .to = 1 },
		{ .from = 3, .to = 4 },
		{ .from = 2, .to = 3 },
		{ .from = 1, .to = 2 },
	};
	struct conduit c[] = {
		{ .name = "a", .legs = &legs[0], .n_legs = 1 },
		{ .name = "b", .legs = &legs[1], .n_legs = 1 },
		{ .name = "c", .legs = &legs[2], .n_legs = 1 },
		{ .name = "d", .legs = &legs[3], .n_legs = 1 },
	};
	struct model m = { .zones = zones, .n_zones = 5, .conduits = c, .n_conduits = 4 };
	(void)state;
	memset(&orders, 0, sizeof(orders));
	put(ORDER_ISOLATE, "cell", 0);
	put(ORDER_ISOLATE, "nowhere", 0);
	put(ORDER_MODE, "c", 60);
	orders_over(&orders, &m);
	assert_false(legs[0].isolated);
	assert_true(legs[1].isolated);
	assert_false(legs[2].isolated);
	assert_true(legs[3].isolated);
	assert_int_equal(model_mode_of(&c[2]), MODE_OBSERVE);
	assert_int_equal(c[2].mode, MODE_ENFORCE);
	assert_int_equal(model_mode_of(&c[1]), MODE_ENFORCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),	      cmocka_unit_test(test_corrupt),
		cmocka_unit_test(test_room_and_time), cmocka_unit_test(test_end),
		cmocka_unit_test(test_grants),	      cmocka_unit_test(test_zones_inside),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
