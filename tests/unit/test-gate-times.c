/* SPDX-License-Identifier: MIT
 * When conduits with times, a last day and grants are open: at clocks that are put on and back,
 * over midnight and the week's end, and as a walk over each minute finds it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/tz.h"
#include "base/utc.h"
#include "model/model.h"

static const uint64_t s_ns = 1000000000u;

static bool has_zones(void)
{
	return access(TZ_DIRECTORY "/Europe/Berlin", R_OK) == 0;
}

static int64_t at(const char *utc)
{
	uint64_t ns;
	if (!utc_parse(utc, &ns))
		fail_msg("%s", utc);
	return (int64_t)(ns / s_ns);
}

/* A model with one conduit that has these keys. */
static struct model *model_with(const char *keys)
{
	char text[1000];
	struct errs errs;
	int n = snprintf(text, sizeof(text),
			 "zones = ( { name = \"a\"; type = \"control\"; networks = [ "
			 "\"10.1.0.0/24\" ]; },\n"
			 "{ name = \"b\"; type = \"control\"; networks = [ \"10.2.0.0/24\" ]; } "
			 ");\n"
			 "conduits = ( { name = \"c\"; from = \"a\"; to = \"b\"; %s flows = ( { "
			 "service = \"ssh\"; } ); } );\n",
			 keys);
	errs_init(&errs);
	struct model *m = model_load_text("text", text, (size_t)n, &errs);
	if (!m)
		fail_msg("%s: %s", keys, errs.n ? errs.v[0].text : "?");
	errs_free(&errs);
	return m;
}

#define BERLIN "time_zone = \"Europe/Berlin\"; "

static void test_within(void **state)
{
	static const struct {
		const char *keys, *utc;
		bool within;
	} rows[] = {
		/* 2026-11-27 is a Friday */
		{ "times = ( { days = \"fri\"; from = \"08:00\"; to = \"09:00\"; } );",
		  "2026-11-27T07:59", false },
		{ "times = ( { days = \"fri\"; from = \"08:00\"; to = \"09:00\"; } );",
		  "2026-11-27T08:00", true },
		{ "times = ( { days = \"fri\"; from = \"08:00\"; to = \"09:00\"; } );",
		  "2026-11-27T09:00", false },
		{ "times = ( { days = \"fri\"; from = \"08:00\"; to = \"09:00\"; } );",
		  "2026-11-28T08:30", false },
		/* of the day on which it begins */
		{ "times = ( { days = \"sun\"; from = \"22:00\"; to = \"02:00\"; } );",
		  "2026-11-30T01:59", true },
		{ "times = ( { days = \"sun\"; from = \"22:00\"; to = \"02:00\"; } );",
		  "2026-11-29T01:59", false },
		{ "times = ( { days = \"fri-mon\"; } );", "2026-11-29T12:00", true },
		{ "times = ( { days = \"fri-mon\"; } );", "2026-12-01T12:00", false },
		/* clocks are put on from 02:00 to 03:00 at 01:00 UTC */
		{ BERLIN "times = ( { from = \"02:30\"; to = \"03:30\"; } );", "2027-03-28T00:59",
		  false },
		{ BERLIN "times = ( { from = \"02:30\"; to = \"03:30\"; } );", "2027-03-28T01:00",
		  true },
		{ BERLIN "times = ( { from = \"02:30\"; to = \"03:30\"; } );", "2027-03-28T01:30",
		  false },
		/* and back from 03:00 to 02:00 at 01:00 UTC */
		{ BERLIN "times = ( { from = \"02:00\"; to = \"02:30\"; } );", "2026-10-25T00:15",
		  true },
		{ BERLIN "times = ( { from = \"02:00\"; to = \"02:30\"; } );", "2026-10-25T00:45",
		  false },
		{ BERLIN "times = ( { from = \"02:00\"; to = \"02:30\"; } );", "2026-10-25T01:15",
		  true },
	};
	(void)state;
	if (!has_zones())
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct model *m = model_with(rows[i].keys);
		if (gate_is_within(&m->conduits[0].gate, at(rows[i].utc)) != rows[i].within)
			fail_msg("row %zu: %s at %s", i, rows[i].keys, rows[i].utc);
		model_free(m);
	}
}

/* The next change is that which a walk over each minute finds, through both nights. */
static void test_changes(void **state)
{
	static const char *const keys[] = {
		BERLIN "times = ( { days = \"mon-fri\"; from = \"22:00\"; to = \"04:00\"; }, { "
		       "days = \"sun\"; from = \"02:15\"; to = \"02:45\"; } );",
		BERLIN "times = ( { days = \"sat\"; }, { days = \"wed\"; from = \"12:07\"; to = "
		       "\"12:08\"; } );",
		"time_zone = \"Australia/Lord_Howe\"; times = ( { from = \"01:20\"; to = "
		"\"02:10\"; } );",
		"times = ( { days = \"tue\"; from = \"23:59\"; to = \"00:01\"; } );",
		"times = ( { from = \"06:00\"; to = \"18:00\"; }, { from = \"18:00\"; to = "
		"\"06:00\"; } );",
	};
	static const char *const begins[] = { "2026-10-20", "2027-03-24", "2026-04-01",
					      "2026-09-30" };
	(void)state;
	if (!has_zones())
		skip();
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		for (size_t b = 0; b < sizeof(begins) / sizeof(begins[0]); b++) {
			struct model *m = model_with(keys[k]);
			const struct gate *g = &m->conduits[0].gate;
			for (int64_t t = at(begins[b]) + 33, end = t + 8 * 86400; t < end;) {
				int64_t next = gate_changes(g, t), minute = t / 60 * 60 + 60;
				while (minute < t + 8 * 86400 &&
				       gate_is_within(g, minute) == gate_is_within(g, t))
					minute += 60;
				if (minute > t + 8 * 86400)
					minute = t + 8 * 86400;
				if (next != minute)
					fail_msg("%s from %lld: %lld, not %lld", keys[k],
						 (long long)t, (long long)next, (long long)minute);
				t = next;
			}
			model_free(m);
		}
}

static void test_states(void **state)
{
	struct model *m = model_with("open = \"on-grant\"; times = ( { from = \"08:00\"; to = "
				     "\"09:00\"; } ); expires = \"2026-11-27\";");
	struct conduit *c = &m->conduits[0];
	struct gate_now now = { .boot_ns = 5000 * s_ns };
	(void)state;
	assert_true(model_is_shut(c)); /* as it was read */
	/* outside, granted or not */
	now.wall_ns = (uint64_t)at("2026-11-27T07:00") * s_ns;
	c->granted_until_ns = 99999 * s_ns;
	model_gates_set(m, &now);
	assert_true(model_is_shut(c));
	assert_int_equal(c->shut, SHUT_OUTSIDE);
	assert_int_equal(m->gates_change_ns, (5000 + 3600) * s_ns);
	/* within: the first of the ends */
	now.wall_ns = (uint64_t)at("2026-11-27T08:30") * s_ns;
	model_gates_set(m, &now);
	assert_int_equal(c->open_until_ns, (5000 + 1800) * s_ns);
	assert_int_equal(c->shut, SHUT_OUTSIDE);
	c->granted_until_ns = 5060 * s_ns;
	model_gates_set(m, &now);
	assert_int_equal(c->open_until_ns, 5060 * s_ns);
	assert_int_equal(c->shut, SHUT_NOT_GRANTED);
	c->granted_until_ns = 5000 * s_ns;
	model_gates_set(m, &now);
	assert_true(model_is_shut(c));
	assert_int_equal(c->shut, SHUT_NOT_GRANTED);
	/* with the day's end, and for a clock that is behind */
	now.wall_ns = (uint64_t)at("2026-11-28T00:00") * s_ns;
	c->granted_until_ns = 99999 * s_ns;
	model_gates_set(m, &now);
	assert_true(model_is_shut(c));
	assert_int_equal(c->shut, SHUT_EXPIRED);
	assert_int_equal(m->gates_change_ns, UINT64_MAX);
	now.wall_ns = (uint64_t)at("2026-11-27T08:30") * s_ns;
	now.seen_s = at("2026-11-28T00:00");
	model_gates_set(m, &now);
	assert_int_equal(c->shut, SHUT_EXPIRED);
	assert_true(model_gates_open(m));
	assert_false(model_is_shut(c));
	model_free(m);
}

/* The last day ends with the midnight of its zone, and an end far away is one. */
static void test_expiry(void **state)
{
	static const struct {
		const char *keys, *end;
	} rows[] = {
		{ "expires = \"2027-03-31\";", "2027-04-01T00:00" },
		{ BERLIN "expires = \"2027-03-31\";", "2027-03-31T22:00" },
		{ BERLIN "expires = \"2027-03-27\";", "2027-03-27T23:00" },
		{ "time_zone = \"America/New_York\"; expires = \"2026-12-31\";",
		  "2027-01-01T05:00" },
		{ "expires = \"2499-12-31\";", "2500-01-01T00:00" },
	};
	const struct gate_now now = { .wall_ns = (uint64_t)at("2026-11-27") * s_ns, .boot_ns = 7 };
	(void)state;
	if (!has_zones())
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct model *m = model_with(rows[i].keys);
		int64_t end = at(rows[i].end);
		assert_int_equal(m->conduits[0].gate.expires_s, end);
		model_gates_set(m, &now);
		assert_int_equal(m->conduits[0].open_until_ns,
				 7 + (uint64_t)end * s_ns - now.wall_ns);
		assert_int_equal(m->conduits[0].shut, SHUT_EXPIRED);
		model_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_expiry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
