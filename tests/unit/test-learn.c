/* SPDX-License-Identifier: MIT
 * Merging of what was seen to entries: by the columns of Modbus, without captures. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "learn/internal.h"

/* As proto/modbus/learn.c has them. */
enum { FUNCTIONS, UNITS, ADDRESSES, VALUES = 7 };

struct bench {
	struct learn *l;
	struct learn_flow flow;
	struct learn_talk *talks[3];
	struct event ev;
};

static struct bench start(unsigned least, unsigned admitted)
{
	const struct learn_options o = { .least = least, .admitted = admitted, .subnet = 24 };
	struct bench b = { .l = learn_new(&o) };
	assert_non_null(b.l);
	b.l->n_talks = b.l->n_hosts = 3;
	for (uint32_t i = 0; i < 3; i++)
		b.l->talks[i] = (struct learn_talk){ .client = i, .proto = PROTO_MODBUS };
	b.ev.time_ns = 1000000000;
	return b;
}

/* The flow of the first n talks, each of another client. */
static void finish(struct bench *b, unsigned n)
{
	b->flow = (struct learn_flow){ .proto = PROTO_MODBUS, .talks = b->talks, .n_talks = n };
	for (unsigned i = 0; i < n; i++) {
		b->talks[i] = &b->l->talks[i];
		b->talks[i]->messages = 1;
		b->talks[i]->flow = &b->flow;
	}
	learn_entries(b->l, &b->flow);
}

static void read_some(struct bench *b, unsigned talk, unsigned unit, unsigned lo, unsigned hi,
		      unsigned times)
{
	b->l->talk = &b->l->talks[talk];
	b->l->ev = &b->ev;
	while (times--) {
		learn_begin(b->l, LEARN_READS);
		learn_add(b->l, FUNCTIONS, 3, 3);
		learn_add(b->l, UNITS, unit, unit);
		learn_add(b->l, ADDRESSES, lo, hi);
		learn_keep(b->l);
	}
}

static void write_value(struct bench *b, unsigned address, unsigned value)
{
	b->l->talk = &b->l->talks[0];
	b->l->ev = &b->ev;
	learn_begin(b->l, LEARN_WRITES);
	learn_add(b->l, FUNCTIONS, 6, 6);
	learn_add(b->l, UNITS, 1, 1);
	learn_add(b->l, ADDRESSES, address, address);
	learn_add(b->l, VALUES, value, value);
	learn_keep(b->l);
}

static void assert_cells(const struct learn_cells *c, unsigned n, ...)
{
	va_list ap;
	assert_int_equal(c->n, n);
	va_start(ap, n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal((int)c->v[i].lo, va_arg(ap, int));
		assert_int_equal((int)c->v[i].hi, va_arg(ap, int));
	}
	va_end(ap);
}

static void ranges_that_touch_are_one(void **state)
{
	struct bench b = start(1, 0);
	(void)state;
	read_some(&b, 0, 1, 10, 14, 1);
	read_some(&b, 0, 1, 0, 9, 1);
	read_some(&b, 0, 1, 5, 7, 1);
	read_some(&b, 0, 1, 16, 20, 1); /* one between is not closed */
	finish(&b, 1);
	assert_int_equal(b.flow.admitted.n, 1);
	assert_cells(&b.flow.admitted.v[0].c[ADDRESSES], 2, 0, 14, 16, 20);
	assert_int_equal(b.flow.admitted.v[0].seen.count, 4);
	learn_free(b.l);
}

static void units_of_equal_ranges_are_one_and_others_not(void **state)
{
	struct bench b = start(1, 0);
	(void)state;
	for (unsigned unit = 1; unit <= 3; unit++)
		read_some(&b, 0, unit, 0, 9, 1);
	read_some(&b, 0, 9, 0, 99, 1);
	finish(&b, 1);
	/* unit 9 may read more: merged, the others could, too */
	assert_int_equal(b.flow.admitted.n, 2);
	assert_cells(&b.flow.admitted.v[0].c[UNITS], 1, 1, 3);
	assert_cells(&b.flow.admitted.v[0].c[ADDRESSES], 1, 0, 9);
	assert_cells(&b.flow.admitted.v[1].c[UNITS], 1, 9, 9);
	learn_free(b.l);
}

static void values_are_listed_up_to_four(void **state)
{
	struct bench b = start(1, 1u << LEARN_WRITES);
	(void)state;
	write_value(&b, 40, 100);
	write_value(&b, 40, 200);
	write_value(&b, 41, 10);
	write_value(&b, 41, 90);
	write_value(&b, 41, 50);
	write_value(&b, 41, 30);
	write_value(&b, 41, 70);
	finish(&b, 1);
	assert_int_equal(b.flow.admitted.n, 2);
	assert_cells(&b.flow.admitted.v[0].c[VALUES], 2, 100, 100, 200, 200);
	assert_cells(&b.flow.admitted.v[1].c[VALUES], 1, 10, 90);
	learn_free(b.l);
}

static void writes_are_proposed_only(void **state)
{
	struct bench b = start(1, 0);
	(void)state;
	write_value(&b, 40, 100);
	read_some(&b, 0, 1, 0, 9, 1);
	finish(&b, 1);
	assert_int_equal(b.flow.admitted.n, 1);
	assert_int_equal(b.flow.proposed.n, 1);
	assert_int_equal(b.flow.proposed.v[0].why, 1u << LEARN_WRITES);
	learn_free(b.l);
}

static void what_is_rare_is_proposed_unless_it_is_permitted_anyway(void **state)
{
	struct bench b = start(3, 0);
	(void)state;
	read_some(&b, 0, 1, 0, 9, 3);
	read_some(&b, 0, 1, 4, 5, 1);	  /* inside */
	read_some(&b, 0, 1, 500, 500, 2); /* not */
	finish(&b, 1);
	assert_int_equal(b.flow.admitted.n, 1);
	assert_cells(&b.flow.admitted.v[0].c[ADDRESSES], 1, 0, 9);
	assert_int_equal(b.flow.proposed.n, 1);
	assert_cells(&b.flow.proposed.v[0].c[ADDRESSES], 1, 500, 500);
	assert_int_equal(b.flow.proposed.v[0].why, 1u << LEARN_RARE);
	learn_free(b.l);
}

static void one_station_of_several_is_proposed(void **state)
{
	struct bench b = start(1, 0);
	(void)state;
	read_some(&b, 0, 1, 0, 9, 5);
	read_some(&b, 1, 1, 0, 9, 5);
	read_some(&b, 1, 1, 100, 109, 50);
	finish(&b, 2);
	assert_int_equal(b.flow.admitted.n, 1);
	assert_true(b.flow.admitted.v[0].several);
	assert_int_equal(b.flow.proposed.n, 1);
	assert_int_equal(b.flow.proposed.v[0].why, 1u << LEARN_SINGLE);
	learn_free(b.l);
	/* of one that is alone it says nothing */
	b = start(1, 0);
	read_some(&b, 0, 1, 0, 9, 5);
	finish(&b, 1);
	assert_int_equal(b.flow.proposed.n, 0);
	learn_free(b.l);
}

static void the_smallest_gaps_of_many_ranges_are_closed(void **state)
{
	struct bench b = start(1, 0);
	(void)state;
	for (unsigned i = 0; i < 18; i++)
		read_some(&b, 0, 1, i * 10, i * 10, 1);
	read_some(&b, 0, 1, 42, 42, 1); /* two and eight from others */
	finish(&b, 1);
	const struct learn_cells *c = &b.flow.admitted.v[0].c[ADDRESSES];
	assert_int_equal(c->n, 16);
	assert_int_equal((int)c->v[0].hi, 10); /* of equal gaps the first */
	assert_int_equal((int)c->v[3].lo, 40);
	assert_int_equal((int)c->v[3].hi, 50);
	learn_free(b.l);
}

static void more_than_there_is_room_for_is_counted(void **state)
{
	struct bench b = start(1, 0);
	(void)state;
	for (unsigned i = 0; i < LEARN_NOTES + 10; i++)
		read_some(&b, 0, i >> 16, i & 0xffff, i & 0xffff, 1);
	assert_int_equal(b.l->n_notes, LEARN_NOTES);
	assert_int_equal(b.l->lost_notes, 10);
	/* one message with too much in it */
	learn_begin(b.l, LEARN_READS);
	for (unsigned i = 0; i <= LEARN_ITEMS; i++)
		learn_add(b.l, ADDRESSES, 2 * i, 2 * i);
	learn_keep(b.l);
	assert_int_equal(b.l->lost_notes, 11);
	learn_free(b.l);
}

static void texts_are_known_again(void **state)
{
	struct bench b = start(1, 0);
	char text[32];
	(void)state;
	b.l->talk = &b.l->talks[0];
	b.l->ev = &b.ev;
	for (unsigned i = 0; i < LEARN_TEXTS + 5; i++) {
		int n = snprintf(text, sizeof(text), "text %u", i);
		learn_begin(b.l, LEARN_READS);
		learn_add_text(b.l, FUNCTIONS, text, (size_t)n);
		learn_add_text(b.l, FUNCTIONS, text, (size_t)n);
	}
	assert_int_equal(b.l->n_texts, LEARN_TEXTS);
	assert_int_equal(b.l->lost_texts, 10);
	learn_free(b.l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_that_touch_are_one),
		cmocka_unit_test(units_of_equal_ranges_are_one_and_others_not),
		cmocka_unit_test(values_are_listed_up_to_four),
		cmocka_unit_test(writes_are_proposed_only),
		cmocka_unit_test(what_is_rare_is_proposed_unless_it_is_permitted_anyway),
		cmocka_unit_test(one_station_of_several_is_proposed),
		cmocka_unit_test(the_smallest_gaps_of_many_ranges_are_closed),
		cmocka_unit_test(more_than_there_is_room_for_is_counted),
		cmocka_unit_test(texts_are_known_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
