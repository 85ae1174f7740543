/* SPDX-License-Identifier: MIT
 * One record of a refused connection, and every packet counted, whatever the table has room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

#include "recording/refusals.h"

enum { TOLD = 8 };
#define SECOND UINT64_C(1000000000)

struct told {
	uint64_t records, firsts, packets;
	struct refused_many last[TOLD]; /* in turn */
};

static void note(void *ctx, const struct refused_many *m)
{
	struct told *t = ctx;
	t->last[t->records++ % TOLD] = *m;
	t->firsts += m->since_ns == 0;
	t->packets += m->requests + m->responses;
}

static struct event packet(uint16_t client, uint16_t server, bool response, uint32_t number)
{
	struct event ev = { .time_ns = number * SECOND,
			    .l4 = IPPROTO_TCP,
			    .reason = R_NO_CONDUIT,
			    .response = response,
			    .sport = response ? server : client,
			    .dport = response ? client : server,
			    .packet = number };
	ev.src = (struct addr){ .family = 4, .b = { 10, 1, 0, response ? 9 : 5 } };
	ev.dst = (struct addr){ .family = 4, .b = { 10, 1, 0, response ? 5 : 9 } };
	return ev;
}

static void add(struct refusals *r, struct event ev, unsigned tag)
{
	refusals_add(r, &ev, tag, ev.time_ns);
}

static void test_windows(void **state)
{
	struct told t = { .records = 0 };
	struct refusals *r = refusals_new(note, &t);
	(void)state;
	assert_non_null(r);
	add(r, packet(4000, 23, false, 1), 3);
	assert_int_equal(t.records, 1);
	assert_int_equal(t.last[0].since_ns, 0);
	add(r, packet(4000, 23, true, 2), 4);
	add(r, packet(4000, 23, false, 3), 4);
	refusals_clock(r, 10 * SECOND);
	assert_int_equal(t.records, 1);
	refusals_clock(r, 11 * SECOND);
	assert_int_equal(t.records, 2);
	const struct refused_many *m = &t.last[1];
	assert_int_equal(m->requests, 1);
	assert_int_equal(m->responses, 1);
	assert_int_equal(m->tag, 3);
	assert_true(m->since_ns == 2 * SECOND && m->ev.time_ns == 3 * SECOND);
	assert_int_equal(m->ev.packet, 3);
	assert_true(m->ev.sport == 4000 && !m->ev.response); /* as the first packet */
	add(r, packet(4000, 23, true, 12), 0);		     /* the next window goes on */
	assert_int_equal(t.records, 2);
	refusals_clock(r, 21 * SECOND);
	assert_int_equal(t.records, 3);
	refusals_clock(r, 40 * SECOND); /* quiet */
	assert_int_equal(t.records, 3);
	add(r, packet(4000, 23, false, 41), 0); /* so it is forgotten */
	assert_int_equal(t.records, 4);
	assert_int_equal(t.firsts, 2);
	struct event other = packet(4000, 23, false, 42);
	other.reason = R_UNKNOWN_ZONE;
	add(r, other, 0);
	assert_int_equal(t.firsts, 3);
	refusals_end(r);
	assert_int_equal(t.records, 5);
	assert_int_equal(t.packets, 6);
	refusals_free(r);
}

static void test_no_room(void **state)
{
	struct told t = { .records = 0 };
	struct refusals *r = refusals_new(note, &t);
	uint64_t added = 0;
	(void)state;
	assert_non_null(r);
	for (unsigned turn = 0; turn < 2; turn++)
		for (unsigned i = 0; i < 3 * REFUSALS_MAX; i++)
			for (unsigned k = 0; k < 3; k++, added++) {
				struct event ev = packet((uint16_t)(1024 + i), 23, k == 1, 1);
				refusals_add(r, &ev, 0, SECOND + added);
			}
	assert_int_equal(t.firsts, 6 * REFUSALS_MAX);
	refusals_end(r);
	assert_int_equal(t.packets, added);
	assert_int_equal(t.records, 12 * REFUSALS_MAX);
	/* and it is empty */
	add(r, packet(1024, 23, false, 100), 0);
	assert_int_equal(t.firsts, 6 * REFUSALS_MAX + 1);
	refusals_end(r);
	assert_int_equal(t.packets, added + 1);
	refusals_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
