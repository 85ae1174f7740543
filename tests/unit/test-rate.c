/* SPDX-License-Identifier: MIT
 *
 * Rate limits shared by sources, over seconds of made-up time: some ask far more often than the
 * limit permits, one asks now and then. The limit holds; nothing of it is left unused; and who
 * asks seldom is answered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "inspect/rate.h"

#define SECOND UINT64_C(1000000000)

enum { SECONDS = 120 };

struct trial {
	uint32_t rate;
	unsigned greedy;    /* sources that ask ten times as often as the limit permits */
	uint32_t seldom_ns; /* the other one asks once in so many, from second 5 on */
	bool one_source;    /* all are told to be the same: as if there were no shares */
	uint8_t family;
};

struct result {
	unsigned greedy, asked, answered;
};

static struct addr source(const struct trial *t, unsigned i, unsigned nth)
{
	struct addr a = { .family = t->family, .b = { 10, 0, 0, t->one_source ? 9 : (uint8_t)i } };
	if (t->family == 6) /* any address of its /64 */
		memcpy(a.b + 8, &nth, sizeof(nth));
	return a;
}

static bool take(const struct trial *t, struct fast_rate *r, struct rate_shares *s, unsigned i,
		 uint64_t now)
{
	static unsigned nth;
	struct addr a = source(t, i, ++nth);
	return rate_take(&r->requests, s->requests, t->rate, rate_who(&a), now);
}

static struct result run(const struct trial *t)
{
	struct fast_rate r = { 0, 0 };
	struct rate_shares s;
	struct result got = { 0, 0, 0 };
	uint64_t begin = SECOND, seldom = begin + 5 * SECOND, step = fast_rate_step(10 * t->rate);
	memset(&s, 0, sizeof(s));
	for (uint64_t now = begin; now < begin + SECONDS * SECOND; now += step) {
		if (t->seldom_ns && now >= seldom) {
			got.asked++;
			got.answered += take(t, &r, &s, 0, now);
			seldom += t->seldom_ns;
		}
		for (unsigned i = 1; i <= t->greedy; i++)
			got.greedy += take(t, &r, &s, i, now);
	}
	/* a second's worth at once, and then the rate */
	assert_true(got.greedy + got.answered <= t->rate * (SECONDS + 1) + 1);
	return got;
}

static const uint32_t rates[] = { 3, 5, 20, 200, 5000 };

/* First the control: where sources are not told apart, the one that asks seldom gets little (the
 * more the higher the rate, since here it comes first in its instant). */
static void who_asks_seldom_is_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		for (unsigned k = 0; k < 4; k++) {
			struct trial t = { .rate = rates[i],
					   .greedy = k & 2 ? 7 : 1,
					   .seldom_ns = 997000000,
					   .one_source = true,
					   .family = k & 1 ? 6 : 4 };
			if (t.greedy == 7 && t.rate < 20)
				continue; /* a share is less than it asks for */
			struct result no = run(&t);
			t.one_source = false;
			struct result yes = run(&t);
			assert_true(no.asked > 100 && no.answered * 5 < no.asked * 3);
			assert_true(yes.asked - yes.answered <= yes.asked / 20);
			/* and what it leaves is used by the others */
			assert_true(yes.greedy + yes.answered >= t.rate * (SECONDS - 2));
		}
	}
}

/* One source alone has all of it, whatever the rate. */
static void unused_shares_are_used(void **state)
{
	(void)state;
	static const uint32_t all[] = { 1, 2, 3, 10, 1000 };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct result got =
			run(&(struct trial){ .rate = all[i], .greedy = 1, .family = 4 });
		assert_true(got.greedy >= all[i] * (SECONDS - 1));
	}
}

/* One a second: two that both want it take turns, and neither gets next to nothing. */
static void the_smallest_rates_are_shared(void **state)
{
	(void)state;
	for (uint32_t rate = 1; rate <= 2; rate++) {
		struct result got = run(&(struct trial){
			.rate = rate, .greedy = 1, .seldom_ns = 1500000000, .family = 4 });
		assert_true(got.asked > 70 && got.answered * 4 > got.asked);
		assert_true(got.greedy > SECONDS / 4);
	}
}

/* As many as are known, and more: the limit holds and nothing of it is left; as long as all are
 * known, each of them gets half of what a share would be. */
static void a_crowd_shares_it(void **state)
{
	(void)state;
	for (unsigned n = RATE_SOURCES - 2; n <= 3 * RATE_SOURCES; n += 7) {
		struct fast_rate r = { 0, 0 };
		struct rate_shares s;
		unsigned got[3 * RATE_SOURCES + 1] = { 0 }, all = 0, served = 0;
		struct trial t = { .rate = 200, .family = 4 };
		memset(&s, 0, sizeof(s));
		for (uint64_t now = SECOND; now < 61 * SECOND; now += 7000000)
			for (unsigned i = 0; i < n; i++) /* always in the same order */
				got[i] += take(&t, &r, &s, i, now);
		for (unsigned i = 0; i < n; i++) {
			all += got[i];
			served += got[i] > 60 * 200 / (RATE_SOURCES + 1) / 2;
		}
		assert_in_range(all, 200 * 58, 200 * 61);
		assert_true(n > RATE_SOURCES || served == n);
	}
}

/* Requests and writes have shares of their own; after a reload the numbers of another limit are no
 * debt. */
static void a_changed_limit_is_no_debt(void **state)
{
	(void)state;
	uint64_t word = 0, now = 100 * SECOND;
	struct rate_source v[RATE_SOURCES] = { { 0 } };
	for (unsigned i = 0; i < 50; i++)
		rate_take(&word, v, 1, 7, now);
	for (unsigned i = 0; i < RATE_SOURCES; i++)
		v[i].due = v[i].who ? now + 1000 * SECOND : 0;
	unsigned got = 0;
	for (unsigned i = 0; i < 8; i++)
		got += rate_take(&word, v, 10, 7, now + SECOND);
	assert_in_range(got, 6, 7); /* five of which there are plenty, and some of its share */
	assert_true(rate_take(&word, v, 0, 7, now));
}

static void sources_are_told_apart(void **state)
{
	(void)state;
	struct addr v4 = { .family = 4, .b = { 10, 0, 0, 1 } },
		    other = { .family = 4, .b = { 10, 0, 0, 2 } };
	struct addr v6 = { .family = 6, .b = { 0xfd, 1 } }, same = v6, zero = { .family = 6 };
	same.b[15] = 77;
	assert_int_not_equal(rate_who(&v4), rate_who(&other));
	assert_int_equal(rate_who(&v6), rate_who(&same));
	assert_int_not_equal(rate_who(&zero), 0);
	same.b[7] = 1;
	assert_int_not_equal(rate_who(&v6), rate_who(&same));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_asks_seldom_is_answered),
		cmocka_unit_test(unused_shares_are_used),
		cmocka_unit_test(the_smallest_rates_are_shared),
		cmocka_unit_test(a_crowd_shares_it),
		cmocka_unit_test(a_changed_limit_is_no_debt),
		cmocka_unit_test(sources_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
