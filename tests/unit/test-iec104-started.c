/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104 in the data path: several masters of one station, of which no more have data
 * transfer started than the policy permits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "iec104-say.h"
#include "inspect/proto.h"

/* A line of master m, which is connected and not started. */
static void connect_master(struct iec_bench *b, unsigned line, unsigned m)
{
	b->on = line;
	b->line[line].master = m;
	iec_connect(b);
}

static enum reason start_master(struct iec_bench *b, unsigned line, unsigned m)
{
	connect_master(b, line, m);
	return say_u(b, 0, IEC_STARTDT_ACT);
}

static void start_first(struct iec_bench *b, const struct iec_rules *r)
{
	iec_start(b, r);
	assert_int_equal(start_master(b, 0, 0), R_NONE);
	assert_int_equal(say_u(b, 1, IEC_STARTDT_CON), R_NONE);
}

/* The station with one started connection, and the others, have the first one still. */
static void first_goes_on(struct iec_bench *b)
{
	b->on = 0;
	assert_int_equal(command(b, 0, 0, ON), R_NONE);
	for (unsigned k = 0; k < STATION_KINDS; k++)
		assert_true(b->station[k].line[0].open && b->station[k].line[0].started);
	assert_int_equal(b->n_acted, STATION_KINDS);
	assert_null(b->fault);
}

static void second_master(void **state)
{
	(void)state;
	struct iec_bench b;
	/* without the gate the first is evicted */
	iec_start(&b, &enforce);
	b.pass_all = true;
	start_master(&b, 0, 0);
	start_master(&b, 1, 1);
	unsigned evicted = 0;
	for (unsigned k = 0; k < STATION_KINDS; k++)
		evicted += !b.station[k].line[0].open;
	assert_true(evicted);
	iec_stop(&b);

	start_first(&b, &enforce);
	assert_int_equal(start_master(&b, 1, 1), R_IEC_STARTED);
	assert_true(b.line[1].ended);
	first_goes_on(&b);
	/* it may be connected, and test the link */
	connect_master(&b, 1, 1);
	ask_u(&b, IEC_TESTFR_ACT, IEC_TESTFR_CON);
	assert_int_equal(command(&b, 0, 0, ON), R_UA_STATE);
	iec_stop(&b);
	/* as many as the policy says */
	start_first(&b, &(struct iec_rules){ .masters = 2 });
	assert_int_equal(start_master(&b, 1, 1), R_NONE);
	assert_int_equal(start_master(&b, 1, 2), R_IEC_STARTED);
	iec_stop(&b);
}

/* Connections of both lines are judged by inspectors of their own. */
static void over_all_inspectors(void **state)
{
	(void)state;
	struct inspect_conf conf = { .max_connections = 16, .hash_key = { 3, 4 } };
	struct iec_bench b;
	iec_start(&b, &enforce);
	conf.common = calloc(1, proto_common_size());
	assert_non_null(conf.common);
	inspect_free(b.in);
	b.in = inspect_new(&conf);
	b.second = inspect_new(&conf);
	assert_true(b.in && b.second);
	iec_policy(&b, &enforce);
	assert_int_equal(start_master(&b, 0, 0), R_NONE);
	assert_int_equal(start_master(&b, 1, 1), R_IEC_STARTED);
	b.on = 0;
	iec_packet(&b, 0, TCP_ACK | TCP_FIN, NULL, 0);
	assert_int_equal(start_master(&b, 1, 1), R_NONE);
	inspect_free(b.second);
	iec_stop(&b);
	free(conf.common);
}

/* What gives the place of the first to another, and what does not. */
enum frees {
	BY_STOP,
	BY_STOP_ACT,
	BY_FIN,
	BY_FIN_OF_STATION,
	BY_RST,
	BY_REFUSAL,
	BY_SYN,
	BY_FORGETTING,
	BY_SILENCE,
	BY_NEARLY,
	BY_NO_ANSWER,
	BY_ANSWER,
	BY_TESTS,
	FREES
};

static void forget_first(struct iec_bench *b)
{
	const struct addr master = { 4, { 10, 1, 0, 1 } }, station = { 4, { 10, 2, 0, 1 } };
	b->now += 5 * SECOND;
	const struct tcp_ends gone = { master, station, 40000, IEC_PORT };
	inspect_gone(b->in, &gone, b->now);
}

/* An inspector's clock goes by. */
static void wait_for(struct iec_bench *b, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		b->now += SECOND;
		inspect_tick(b->in, b->now, b->now, &b->out);
	}
}

static void free_first(struct iec_bench *b, enum frees how)
{
	b->on = 0;
	switch (how) {
	case BY_STOP:
		ask_u(b, IEC_STOPDT_ACT, IEC_STOPDT_CON);
		break;
	case BY_STOP_ACT:
		assert_int_equal(say_u(b, 0, IEC_STOPDT_ACT), R_NONE);
		break;
	case BY_FIN:
	case BY_FIN_OF_STATION:
		iec_packet(b, how == BY_FIN_OF_STATION, TCP_ACK | TCP_FIN, NULL, 0);
		break;
	case BY_RST:
		iec_packet(b, 0, TCP_ACK | TCP_RST, NULL, 0);
		break;
	case BY_REFUSAL:
		assert_int_equal(command(b, 7, 0, ON), R_UA_SEQUENCE);
		break;
	case BY_SYN:
		iec_connect(b);
		break;
	case BY_FORGETTING:
		forget_first(b);
		break;
	case BY_SILENCE:
		wait_for(b, 305);
		break;
	case BY_NEARLY:
		wait_for(b, 290);
		break;
	case BY_NO_ANSWER:
	case BY_ANSWER:
		assert_int_equal(answer(b, 0, 0, REPORT), R_NONE);
		wait_for(b, 55);
		if (how == BY_ANSWER)
			assert_int_equal(say_s(b, 0, 1), R_NONE);
		wait_for(b, 10);
		break;
	default: /* for longer, with a test each time */
		for (unsigned i = 0; i < 4; i++) {
			wait_for(b, 240);
			ask_u(b, IEC_TESTFR_ACT, IEC_TESTFR_CON);
		}
	}
}

static void places_are_given_back(void **state)
{
	(void)state;
	for (enum frees how = BY_STOP; how < FREES; how++) {
		struct iec_bench b;
		bool stays = how == BY_STOP_ACT || how == BY_NEARLY || how == BY_TESTS ||
			     how == BY_ANSWER;
		start_first(&b, &enforce);
		free_first(&b, how);
		enum reason why = start_master(&b, 1, 1);
		if (why != (stays ? R_IEC_STARTED : R_NONE))
			fail_msg("%u: %s", how, reason_name(why));
		iec_stop(&b);
	}
}

/* A redundant master has two connections and starts one; it turns to the other with or without a
 * stop, and is the same master. */
static void redundant_master(void **state)
{
	(void)state;
	for (unsigned stops = 0; stops < 2; stops++) {
		struct iec_bench b;
		start_first(&b, &enforce);
		connect_master(&b, 1, 0);
		ask_u(&b, IEC_TESTFR_ACT, IEC_TESTFR_CON);
		if (stops) {
			b.on = 0;
			ask_u(&b, IEC_STOPDT_ACT, IEC_STOPDT_CON);
		}
		b.on = 1;
		ask_u(&b, IEC_STARTDT_ACT, IEC_STARTDT_CON);
		b.on = 0; /* the station closes it */
		iec_packet(&b, 1, TCP_ACK | TCP_FIN, NULL, 0);
		b.on = 1;
		assert_int_equal(command(&b, 0, 0, ON), R_NONE);
		assert_int_equal(start_master(&b, 0, 1), R_IEC_STARTED);
		iec_stop(&b);
	}
}

/* A reload: the place goes along with the first message, and ends nobody's connection. */
static void another_group(void **state)
{
	(void)state;
	struct iec_bench b;
	start_first(&b, &enforce);
	iec_policy(&b, &(struct iec_rules){ .group = 2 });
	ask_u(&b, IEC_TESTFR_ACT, IEC_TESTFR_CON);
	assert_int_equal(start_master(&b, 1, 1), R_IEC_STARTED);
	iec_policy(&b, &enforce);
	assert_int_equal(start_master(&b, 1, 1), R_NONE);
	b.on = 0;
	ask_u(&b, IEC_TESTFR_ACT, IEC_TESTFR_CON);
	assert_false(b.line[0].ended);
	iec_stop(&b);
}

/* Observed: it is recorded, goes on, and has the place when the first is gone. */
static void second_observed(void **state)
{
	(void)state;
	struct iec_bench b;
	start_first(&b, &observe);
	assert_int_equal(start_master(&b, 1, 1), R_IEC_STARTED);
	assert_true(!b.line[1].ended && !b.changed && b.verdict == V_ACCEPT);
	assert_int_equal(say_u(&b, 1, IEC_STARTDT_CON), R_NONE);
	b.on = 0;
	iec_packet(&b, 0, TCP_ACK | TCP_FIN, NULL, 0);
	b.on = 1;
	assert_int_equal(say_u(&b, 0, IEC_TESTFR_ACT), R_NONE);
	iec_policy(&b, &enforce);
	assert_int_equal(start_master(&b, 0, 2), R_IEC_STARTED);
	iec_stop(&b);
}

/* Joined in its middle: what is reported and acknowledged shows that it is started; TESTFR does
 * not, since a connection in reserve has it, too. */
static void joined_is_started(void **state)
{
	(void)state;
	for (unsigned reports = 0; reports < 2; reports++) {
		struct iec_bench b;
		iec_start(&b, &observe);
		join(&b);
		if (reports) {
			assert_int_equal(answer(&b, 500, 70, REPORT), R_NONE);
			assert_int_equal(say_s(&b, 0, 501), R_NONE);
		}
		ask_u(&b, IEC_TESTFR_ACT, IEC_TESTFR_CON);
		iec_policy(&b, &enforce);
		assert_int_equal(start_master(&b, 1, 1), reports ? R_IEC_STARTED : R_NONE);
		iec_stop(&b);
	}
}

/* ---- rates ---- */

enum { SPARE = 4 }; /* IEC_SPARE of gate.h */

/* Frames without an ASDU, the same again and again, one each millisecond: how many pass. */
static unsigned storm(const struct iec_rules *r, const struct say *s, unsigned reports)
{
	struct iec_bench b;
	unsigned n = 0;
	start_first(&b, r);
	for (unsigned i = 0; i < reports; i++)
		assert_int_equal(answer(&b, i, 0, REPORT), R_NONE);
	wait_for(&b, 10);
	b.on = 0;
	while (n < 900 && say(&b, s) == R_NONE)
		n++;
	if (n < 900 && b.reason != R_REQUEST_RATE)
		fail_msg("%c %02x: %s", s->kind, s->a, reason_name(b.reason));
	assert_int_equal(b.line[0].ended, n < 900);
	iec_stop(&b);
	return n;
}

static void storms(void **state)
{
	(void)state;
	static const struct say all[] = {
		{ .kind = 'U', .a = IEC_TESTFR_ACT },
		{ .kind = 'U', .a = IEC_TESTFR_CON },
		{ .kind = 'U', .a = IEC_STARTDT_ACT },
		{ .kind = 'U', .a = IEC_STOPDT_ACT },
		{ .kind = 'S', .a = 0 },
	};
	static const struct iec_rules none = { .mode = MODE_ENFORCE }, few = { .max_requests = 20 };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(storm(&none, &all[i], 0), 900);
		/* half a second's worth, its share of the rest, and those that are free */
		unsigned n = storm(&few, &all[i], 0);
		if (n < 10 + SPARE || n > 20 + SPARE)
			fail_msg("%zu: %u passed", i, n);
	}
	/* it confirms something once */
	unsigned n = storm(&few, &(struct say){ .kind = 'S', .a = 3 }, 3);
	assert_true(n > 10 + SPARE && n <= 20 + SPARE + 1);
}

/* With one request a second, which somebody else sends: the link is kept alive in both
 * directions, started and stopped, and everything reported is acknowledged. */
static void keep_alives_are_free(void **state)
{
	(void)state;
	struct iec_bench b;
	start_first(&b, &(struct iec_rules){ .max_requests = 1, .k = 100, .masters = 2 });
	assert_int_equal(start_master(&b, 1, 1), R_NONE);
	for (unsigned i = 0; i < 200; i++) {
		b.on = 1;
		if (b.line[1].ended)
			assert_int_equal(start_master(&b, 1, 1), R_NONE);
		command(&b, 0, 0, GI);
		b.on = 0;
		assert_int_equal(say_u(&b, 0, IEC_TESTFR_ACT), R_NONE);
		/* of the station as often as it likes */
		for (unsigned k = 0; k < 5; k++) {
			assert_int_equal(say_u(&b, 1, IEC_TESTFR_ACT), R_NONE);
			assert_int_equal(say_u(&b, 0, IEC_TESTFR_CON), R_NONE);
			assert_int_equal(answer(&b, 5 * i + k, 0, REPORT), R_NONE);
			assert_int_equal(say_s(&b, 0, 5 * i + k + 1), R_NONE);
		}
		wait_for(&b, 1);
	}
	assert_false(b.line[0].ended);
	iec_stop(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_master),	 cmocka_unit_test(over_all_inspectors),
		cmocka_unit_test(places_are_given_back), cmocka_unit_test(redundant_master),
		cmocka_unit_test(another_group),	 cmocka_unit_test(second_observed),
		cmocka_unit_test(joined_is_started),	 cmocka_unit_test(storms),
		cmocka_unit_test(keep_alives_are_free),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
