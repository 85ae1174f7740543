/* SPDX-License-Identifier: MIT
 * The records' rate, shared by conduits and sources: crowds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/cap.h"

#define SEC UINT64_C(1000000000)

struct told {
	unsigned named;
	uint64_t sum;
};

static void count_told(void *ctx, const struct cap_who *who, uint64_t suppressed)
{
	struct told *t = ctx;
	t->named += who != NULL;
	t->sum += suppressed;
}

/* A crowd in one conduit, each time another sender (whoever can write senders), and one source in
 * another conduit; and a crowd of conduits. Nothing is written or left out twice. */
static void test_a_crowd_in_one_conduit(void **state)
{
	(void)state;
	struct cap *c = malloc(sizeof(*c));
	assert_non_null(c);
	for (unsigned crowd = 1; crowd <= 31; crowd += 15) {
		unsigned written = 0, of_crowd = 0, taken = 0;
		struct told told = { 0 };
		memset(c, 0, sizeof(*c));
		cap_init(c);
		for (uint32_t k = 0; k < 300000; k++) {
			uint64_t now = SEC + k * (SEC / 5000);
			struct cap_who who = { .generation = 1,
					       .group = k % crowd,
					       .source = { .family = 4 } };
			uint32_t sender = k * 2654435761u;
			memcpy(who.source.b, &sender, 4);
			of_crowd += cap_take(c, &who, now);
			if (k % 10000 == 9999) { /* every two seconds */
				who = (struct cap_who){ .generation = 1,
							.group = 100,
							.source = { .family = 4, .b = { 10 } } };
				written += cap_take(c, &who, now);
				taken++;
			}
			if (k % 2500 == 0)
				cap_tell(c, count_told, &told);
		}
		cap_tell(c, count_told, &told);
		assert_int_equal(written, taken);
		assert_int_equal(told.sum + written + of_crowd, 300000 + taken);
		assert_in_range(of_crowd, 60 * CAP_RATE, CAP_BURST + 60 * CAP_RATE);
		assert_in_range(told.named, 1, (CAP_TOLD + 1) * 122);
	}
	free(c);
}

/* A crowd is refused for one reason; now and then a sender that nobody heard of before is refused
 * for another, in the same conduit: this one is written, but only once in CAP_LATELY_NS. Whoever
 * shows every reason takes nothing of another conduit's share. */
static void test_a_reason_among_a_crowd(void **state)
{
	(void)state;
	struct cap *c = calloc(1, sizeof(*c));
	assert_non_null(c);
	cap_init(c);
	unsigned rare = 0, other = 0;
	for (uint32_t k = 0; k < 300000; k++) {
		uint64_t now = SEC + k * (SEC / 5000);
		uint32_t sender = k * 2654435761u;
		struct cap_who who = { .group = 1,
				       .source = { .family = 4 },
				       .reason = R_OUT_OF_WINDOW };
		memcpy(who.source.b, &sender, 4);
		if (k % 500 == 250) { /* ten times a second */
			who.reason = R_IDLE;
			rare += cap_take(c, &who, now);
		} else if (k % 10000 == 9999) { /* every two seconds */
			who.group = 100;
			other += cap_take(c, &who, now);
		} else {
			if (k > 200000)
				who.reason = (enum reason)(k % R_IDLE);
			cap_take(c, &who, now);
		}
	}
	assert_in_range(rare, 6, 12 + 10);
	assert_int_equal(other, 30);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_crowd_in_one_conduit),
					    cmocka_unit_test(test_a_reason_among_a_crowd) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
