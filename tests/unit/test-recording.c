/* SPDX-License-Identifier: MIT
 * The clock of a recording, and what of its packets the engine gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "inspect/recording.h"

#define TURN ((uint64_t)RECORDING_TURN_NS)

static struct recording_turns at(struct recording_clock *c, uint64_t ns)
{
	struct recording_turns due = { .wall_ns = ns, .id = 7 };
	bool any = recording_clock_set(c, &due);
	assert_true(any == (due.turns != 0));
	return due;
}

static void test_clock(void **state)
{
	struct recording_clock c = { .now_ns = 0 };
	const uint64_t start = 1700000000 * UINT64_C(1000000000);
	(void)state;
	struct recording_turns t = at(&c, start);
	assert_int_equal(t.turns, 1); /* the first packet sets it */
	assert_true(t.first_ns == start && t.id == 7);
	assert_int_equal(at(&c, start + TURN - 1).turns, 0);
	t = at(&c, start + 3 * TURN + 5);
	assert_int_equal(t.turns, 3);
	assert_true(t.first_ns == start + TURN);
	assert_int_equal(at(&c, start).turns, 0); /* time never goes back */
	assert_true(c.now_ns == start + 3 * TURN + 5);
	assert_int_equal(at(&c, start + 4 * TURN).turns, 1); /* no turn is lost to the rest */
	t = at(&c, start + 100000 * TURN);
	assert_int_equal(t.turns, RECORDING_TURNS_MAX);
	assert_true(t.first_ns + (t.turns - 1) * TURN == start + 100000 * TURN);
}

static void test_cut(void **state)
{
	const struct packet tcp = { .l4 = IPPROTO_TCP }, udp = { .l4 = IPPROTO_UDP },
			    other = { .l4 = 50 };
	(void)state;
	assert_true(recording_is_cut(true, &tcp) && recording_is_cut(true, &udp));
	assert_true(recording_is_cut(true, NULL));
	assert_false(recording_is_cut(true, &other)); /* refused by its protocol alone */
	assert_false(recording_is_cut(false, &tcp) || recording_is_cut(false, NULL));
}

/* A UDP packet of 40 octets of which 30 were captured. */
static const uint8_t cut[30] = { 0x45, 0,  0, 40, 0, 1, 0,  0, 64, IPPROTO_UDP, 0,  0, 10, 0, 0,
				 1,    10, 0, 0,  2, 0, 53, 0, 53, 0,		20, 0, 0,  1, 2 };

static void count_event(void *ctx, const struct event *ev)
{
	(void)ev;
	++*(unsigned *)ctx;
}

static void test_engine(void **state)
{
	const struct inspect_conf conf = { .max_connections = 16, .dissect_only = true };
	unsigned events = 0;
	const struct inspect_out out = { .ctx = &events,
					 .verdict = inspect_no_verdict,
					 .event = count_event };
	struct inspect_stats s;
	struct recording r;
	(void)state;
	assert_true(recording_begin(&r, &conf, NULL));
	struct inspect_pkt p = {
		.id = 1, .wall_ns = 5 * TURN, .ip = cut, .len = sizeof(cut), .partial = true
	};
	recording_packet(&r, &p, &out);
	inspect_stats(r.in, &s);
	assert_int_equal(s.packets, 0); /* it is missing, */
	p.partial = false;
	p.id = 2;
	p.wall_ns = 4 * TURN;
	recording_packet(&r, &p, &out);
	inspect_stats(r.in, &s);
	assert_int_equal(s.packets, 1); /* and said to be whole it is not */
	assert_true(p.now_ns == 5 * TURN && r.last.id == 2 && r.last.wall_ns == 4 * TURN);
	recording_end(&r, &out);
	assert_null(r.in);
	recording_end(&r, &out); /* once more does nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_engine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
