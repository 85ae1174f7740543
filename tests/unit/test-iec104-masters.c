/* SPDX-License-Identifier: MIT
 *
 * The table of started masters of IEC 60870-5-104: how many, whose, for how long, and that
 * inspectors that write at the same time never start one too many.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/iec104/gate-masters.h"

#define SECOND UINT64_C(1000000000)
#define BEGIN (1000 * SECOND)

static struct iec_masters *new_table(void)
{
	struct iec_masters *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	t->key[0] = 7;
	t->key[1] = 9;
	return t;
}

static struct addr host(unsigned net, unsigned n)
{
	struct addr a = { .family = 4, .b = { 10, (uint8_t)net, (uint8_t)(n >> 8), (uint8_t)n } };
	return a;
}

/* Master m on a connection of its own to station n of group 1. */
static struct iec_starter starter(unsigned m, unsigned n, uint64_t now)
{
	return (struct iec_starter){ .station = host(2, n),
				     .master = host(1, m),
				     .port = 2404,
				     .group = 1,
				     .most = 1,
				     .ports = (40000 + m) << 16 | 2404,
				     .now = now };
}

static void one_at_a_time(void **state)
{
	(void)state;
	struct iec_masters *t = new_table();
	struct iec_starter a = starter(1, 1, BEGIN), b = starter(2, 1, BEGIN);
	assert_true(iec_masters_start(t, &a));
	assert_true(iec_masters_start(t, &a));
	assert_false(iec_masters_start(t, &b));
	assert_false(iec_masters_keep(t, &b));
	iec_masters_stop(t, &b); /* it is not b's to end */
	assert_false(iec_masters_start(t, &b));
	iec_masters_stop(t, &a);
	assert_true(iec_masters_start(t, &b));
	assert_false(iec_masters_start(t, &a));
	free(t);
}

/* Station, port, group and family of addresses make another one each. */
static void stations_are_told_apart(void **state)
{
	(void)state;
	struct iec_masters *t = new_table();
	struct iec_starter a = starter(1, 1, BEGIN), b = starter(2, 1, BEGIN);
	assert_true(iec_masters_start(t, &a));
	b.port = 2405;
	assert_true(iec_masters_start(t, &b));
	b = starter(2, 1, BEGIN);
	b.group = 2;
	assert_true(iec_masters_start(t, &b));
	b = starter(2, 2, BEGIN);
	assert_true(iec_masters_start(t, &b));
	b = starter(2, 1, BEGIN);
	b.station.family = 6;
	assert_true(iec_masters_start(t, &b));
	b = starter(2, 1, BEGIN);
	assert_false(iec_masters_start(t, &b));
	b = starter(1, 1, BEGIN);
	b.master.b[15] = 1; /* of the same /64, and another host */
	assert_false(iec_masters_start(t, &b));
	free(t);
}

/* The later connection of a master is what it depends on. */
static void another_connection_of_it(void **state)
{
	(void)state;
	struct iec_masters *t = new_table();
	struct iec_starter first = starter(1, 1, BEGIN), second = first, b = starter(2, 1, BEGIN);
	second.ports++;
	assert_true(iec_masters_start(t, &first));
	assert_true(iec_masters_start(t, &second));
	assert_true(iec_masters_keep(t, &first));
	iec_masters_stop(t, &first);
	assert_false(iec_masters_start(t, &b));
	iec_masters_stop(t, &second);
	assert_true(iec_masters_start(t, &b));
	free(t);
}

static void several_and_no_more(void **state)
{
	(void)state;
	for (unsigned most = 1; most <= IEC_MASTERS_MAX; most++) {
		struct iec_masters *t = new_table();
		struct iec_starter s;
		for (unsigned m = 1; m <= most + 1; m++) {
			s = starter(m, 1, BEGIN);
			s.most = (uint8_t)most;
			assert_int_equal(iec_masters_start(t, &s), m <= most);
		}
		/* a policy that permits fewer counts all of them */
		if (most > 1) {
			s = starter(1, 1, BEGIN);
			iec_masters_stop(t, &s);
			s = starter(most + 1, 1, BEGIN);
			s.most = (uint8_t)(most - 1);
			assert_false(iec_masters_start(t, &s));
			s.most = (uint8_t)most;
			assert_true(iec_masters_start(t, &s));
		}
		free(t);
	}
}

static void silence_ends_it(void **state)
{
	(void)state;
	struct iec_masters *t = new_table();
	uint64_t lost = IEC_MASTER_LOST_NS;
	struct iec_starter a = starter(1, 1, BEGIN), b = starter(2, 1, BEGIN + lost - 2 * SECOND);
	assert_true(iec_masters_start(t, &a));
	assert_false(iec_masters_start(t, &b));
	a.now = b.now;
	assert_true(iec_masters_keep(t, &a));
	b.now += lost - 2 * SECOND;
	assert_false(iec_masters_start(t, &b));
	b.now += 5 * SECOND;
	assert_true(iec_masters_start(t, &b));
	a.now = b.now;
	assert_false(iec_masters_keep(t, &a));
	/* an inspector whose clock is a little behind */
	a.now -= SECOND;
	assert_false(iec_masters_start(t, &a));
	free(t);
}

/* Who comes again after its time takes its place only while there is one. */
static void late_and_again(void **state)
{
	(void)state;
	struct iec_masters *t = new_table();
	struct iec_starter a = starter(1, 1, BEGIN);
	assert_true(iec_masters_start(t, &a));
	a.now += 2 * IEC_MASTER_LOST_NS;
	assert_true(iec_masters_keep(t, &a));
	struct iec_starter b = starter(2, 1, a.now);
	assert_false(iec_masters_start(t, &b));
	free(t);
}

/* As many stations as there are places nearly all find one; what is ended makes room for others. */
static void places_are_used_again(void **state)
{
	(void)state;
	struct iec_masters *t = new_table();
	enum { MANY = 4 * IEC_STATIONS };
	unsigned none = 0;
	for (unsigned n = 0; n < MANY; n++) {
		struct iec_starter s = starter(1, n, BEGIN);
		bool got = iec_masters_start(t, &s);
		none += !got;
		/* nothing is started where nobody would remember it */
		s = starter(2, n, BEGIN);
		assert_false(got && iec_masters_start(t, &s));
	}
	assert_true(none >= MANY - IEC_STATIONS && none < MANY - IEC_STATIONS / 2);
	for (unsigned n = 0; n < MANY; n++) {
		struct iec_starter s = starter(1, n, BEGIN);
		iec_masters_stop(t, &s);
	}
	for (unsigned n = 0; n < IEC_STATIONS / 4; n++) {
		struct iec_starter s = starter(3, MANY + n, BEGIN);
		assert_true(iec_masters_start(t, &s));
	}
	free(t);
}

/* ---- inspectors at the same time ---- */

/* STARTS: of each; TRIES: in vain, in which another may have been stopped where it was */
enum { INSPECTORS = 4, STARTS = 20000, TRIES = 100000000 };

static struct crowd {
	struct iec_masters *t;
	unsigned most, started, too_many;
} crowd;

static void *inspector(void *of)
{
	unsigned m = (unsigned)(uintptr_t)of, got = 0, tries = 0;
	struct iec_starter s = starter(m, 1, BEGIN);
	s.most = (uint8_t)crowd.most;
	while (got < STARTS && tries < TRIES) {
		if (!iec_masters_start(crowd.t, &s)) {
			tries++;
			sched_yield();
			continue;
		}
		got++;
		if (__atomic_add_fetch(&crowd.started, 1, __ATOMIC_SEQ_CST) > crowd.most)
			__atomic_store_n(&crowd.too_many, 1, __ATOMIC_SEQ_CST);
		__atomic_sub_fetch(&crowd.started, 1, __ATOMIC_SEQ_CST);
		iec_masters_stop(crowd.t, &s);
	}
	return (void *)(uintptr_t)got;
}

static void never_one_too_many(void **state)
{
	(void)state;
	for (crowd.most = 1; crowd.most < INSPECTORS; crowd.most++) {
		pthread_t thread[INSPECTORS];
		uintptr_t got = 0;
		crowd.t = new_table();
		for (uintptr_t i = 0; i < INSPECTORS; i++)
			assert_int_equal(
				pthread_create(&thread[i], NULL, inspector, (void *)(i + 1)), 0);
		for (unsigned i = 0; i < INSPECTORS; i++) {
			void *of;
			pthread_join(thread[i], &of);
			got += (uintptr_t)of;
		}
		assert_false(crowd.too_many);
		assert_int_equal(got, INSPECTORS * STARTS);
		/* and all is given back */
		struct iec_starter s = starter(9, 1, BEGIN);
		assert_true(iec_masters_start(crowd.t, &s));
		free(crowd.t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(stations_are_told_apart),
		cmocka_unit_test(another_connection_of_it),
		cmocka_unit_test(several_and_no_more),
		cmocka_unit_test(silence_ends_it),
		cmocka_unit_test(late_and_again),
		cmocka_unit_test(places_are_used_again),
		cmocka_unit_test(never_one_too_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
