/* SPDX-License-Identifier: MIT
 *
 * Places shared among sources, against a plain count: whatever comes and goes in whatever
 * order, nobody is pushed below who has more, and nobody with fewer is kept out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "inspect/share.h"

enum { PLACES = 24, SOURCES = 10, STEPS = 100000 };

static const uint64_t key[2] = { 7, 8 };

/* Even ones are IPv4 hosts; odd ones are /64s, of which every connection has another address. */
static struct addr client_of(unsigned source, unsigned nth)
{
	struct addr a = { .family = source % 2 ? 6 : 4 };
	a.b[0] = 10;
	a.b[3] = (uint8_t)source;
	if (source % 2)
		memcpy(a.b + 8, &nth, sizeof(nth));
	return a;
}

struct crowd {
	struct share s;
	uint8_t whose[PLACES]; /* source + 1; 0: nobody's */
	uint64_t since[PLACES];
	unsigned has[SOURCES], n;
};

static void crowd_start(struct crowd *c)
{
	memset(c, 0, sizeof(*c));
	assert_true(share_init(&c->s, PLACES, key));
}

static void leave(struct crowd *c, uint32_t place)
{
	share_leave(&c->s, place);
	c->has[c->whose[place - 1] - 1]--;
	c->whose[place - 1] = 0;
	c->n--;
}

/* As a pool does it whose places cannot be had but from somebody. False: none for this source. */
static bool enter(struct crowd *c, unsigned source, unsigned nth, uint64_t now)
{
	struct addr a = client_of(source, nth);
	uint32_t has, place = share_enter(&c->s, &a, nth);
	for (unsigned i = 0; !place && i < SHARE_ASKED; i++) {
		uint32_t k = share_candidate(&c->s, i, &has);
		assert_in_range(k, 1, PLACES);
		assert_int_equal(has, c->has[c->whose[k - 1] - 1]);
		if (!share_yields(has, c->has[source], now - c->since[k - 1]))
			continue;
		assert_true(has >= c->has[source]);
		leave(c, k);
		place = share_enter(&c->s, &a, nth);
	}
	if (!place)
		return false;
	assert_int_equal(c->whose[place - 1], 0);
	assert_int_equal(c->s.v[place - 1].owner, nth);
	c->whose[place - 1] = (uint8_t)(source + 1);
	c->since[place - 1] = now;
	c->has[source]++;
	c->n++;
	return true;
}

static void counts_are_right_whatever_happens(void **state)
{
	(void)state;
	struct crowd c;
	uint64_t r = 1, now = 1000000000;
	crowd_start(&c);
	for (unsigned i = 0; i < STEPS; i++) {
		r = r * UINT64_C(6364136223846793005) + 1442695040888963407u;
		unsigned source = (unsigned)(r >> 33) % SOURCES,
			 place = (unsigned)(r >> 43) % PLACES;
		now += (r >> 50) * 1000;
		if ((r >> 60) < 11)
			enter(&c, source, i, now);
		else if (c.whose[place])
			leave(&c, place + 1);
		struct addr a = client_of(source, i + 1);
		assert_int_equal(share_has(&c.s, &a), c.has[source]);
		assert_int_equal(c.s.free.n, PLACES - c.n);
	}
	share_free(&c.s);
}

/* One host, or one /64, has all of them and keeps them busy. */
static void one_source_keeps_nobody_out(void **state)
{
	(void)state;
	for (unsigned greedy = 0; greedy < 2; greedy++) {
		struct crowd c;
		uint64_t now = 1;
		crowd_start(&c);
		for (unsigned i = 0; i < PLACES; i++)
			assert_true(enter(&c, greedy, i, now));
		assert_false(enter(&c, greedy, PLACES, now));
		for (unsigned i = 0; i < PLACES / 2; i++)
			assert_true(enter(&c, 2, i, now));
		/* now both have as many, and neither takes from the other */
		assert_false(enter(&c, 2, 0, now));
		assert_false(enter(&c, greedy, 0, now));
		for (unsigned i = 0; i < PLACES / 3; i++)
			assert_true(enter(&c, 3, i, now));
		assert_in_range(c.has[greedy], PLACES / 3 - 1, PLACES / 3 + 1);
		assert_in_range(c.has[2], PLACES / 3 - 1, PLACES / 3 + 1);
		share_free(&c.s);
	}
}

/* One place each is all that many have: those that are of use stay, those that are not go. */
static void a_silent_crowd_keeps_nobody_out(void **state)
{
	(void)state;
	struct crowd c;
	uint64_t now = 1;
	crowd_start(&c);
	for (unsigned i = 0; i < PLACES; i++) { /* each host another one */
		struct addr a = client_of(100 + 2 * i, 0);
		assert_true(share_enter(&c.s, &a, i));
	}
	for (unsigned turn = 0; turn < 2; turn++) {
		unsigned yield = 0;
		uint32_t has;
		uint64_t silent = turn ? SHARE_LIGHT_NS + 1 : SHARE_LIGHT_NS;
		for (unsigned i = 0; i < 2 * SHARE_ASKED; i++) {
			assert_in_range(share_candidate(&c.s, i % SHARE_ASKED, &has), 1, PLACES);
			yield += share_yields(has, 0, now - 1 + silent);
			assert_false(share_yields(has, 1, silent)); /* who has one, too */
		}
		assert_int_equal(yield, turn ? 2 * SHARE_ASKED : 0);
	}
	share_free(&c.s);
}

/* Two turns of candidates come by all places: none can hide behind busy ones. */
static void every_place_is_looked_at(void **state)
{
	(void)state;
	struct crowd c;
	bool seen[PLACES] = { false };
	uint32_t has;
	crowd_start(&c);
	for (unsigned i = 0; i < PLACES; i++)
		assert_true(enter(&c, i % SOURCES, i, 1));
	for (unsigned turn = 0; turn < 2; turn++)
		for (unsigned i = 0; i < SHARE_ASKED; i++)
			seen[share_candidate(&c.s, i, &has) - 1] = true;
	for (unsigned i = 0; i < PLACES; i++)
		assert_true(seen[i]);
	share_free(&c.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_right_whatever_happens),
		cmocka_unit_test(one_source_keeps_nobody_out),
		cmocka_unit_test(a_silent_crowd_keeps_nobody_out),
		cmocka_unit_test(every_place_is_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
