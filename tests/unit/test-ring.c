/* SPDX-License-Identifier: MIT
 *
 * The rings between parent and inspector where the other side lies: whatever its index says, what
 * is read or filled is one of the ring's slots, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "daemon/ring.h"

static struct ring *new_ring(void)
{
	struct ring *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	return r;
}

/* An honest other side: each slot once, in order, over the end of the numbers. */
static void in_order(void **state)
{
	struct ring *r = new_ring();
	(void)state;
	atomic_store(&r->head, 0u - 3);
	atomic_store(&r->tail, 0u - 3);
	assert_null(ring_get(r));
	for (uint32_t i = 0; i < 10 * RING_SLOTS; i++) {
		ring_put(r)->id = i;
		ring_put_done(r);
		assert_int_equal(ring_get(r)->id, i);
		ring_get_done(r);
		assert_null(ring_get(r));
	}
	free(r);
}

static void full(void **state)
{
	struct ring *r = new_ring();
	(void)state;
	for (unsigned i = 0; i < RING_SLOTS; i++) {
		assert_int_equal(ring_room(r), RING_SLOTS - i);
		assert_ptr_equal(ring_put(r), &r->slot[i]);
		ring_put_done(r);
	}
	assert_int_equal(ring_room(r), 0);
	assert_null(ring_put(r));
	assert_ptr_equal(ring_get(r), &r->slot[0]);
	free(r);
}

/* The producer claims more than there can be: there is nothing to read. */
static void false_head(void **state)
{
	static const unsigned tails[] = { 0, 1, RING_SLOTS, 0x7fffffff, 0u - 1 };
	struct ring *r = new_ring();
	(void)state;
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++)
		for (unsigned more = 0; more < 0xffff0000u; more += more < 3000 ? 1 : 65521) {
			atomic_store(&r->tail, tails[i]);
			atomic_store(&r->head, tails[i] + more);
			const struct slot *s = ring_get(r);
			if (more == 0 || more > RING_SLOTS)
				assert_null(s);
			else
				assert_ptr_equal(s, &r->slot[tails[i] % RING_SLOTS]);
		}
	free(r);
}

/* The consumer claims to have read what was never written: there is no room. */
static void false_tail(void **state)
{
	struct ring *r = new_ring();
	(void)state;
	for (unsigned ahead = 1; ahead < 0xffff0000u - RING_SLOTS;
	     ahead += ahead < 3000 ? 1 : 65521) {
		atomic_store(&r->head, 7);
		atomic_store(&r->tail, 7 + ahead);
		assert_int_equal(ring_room(r), 0);
		assert_null(ring_put(r));
	}
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(in_order), cmocka_unit_test(full),
					    cmocka_unit_test(false_head),
					    cmocka_unit_test(false_tail) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
