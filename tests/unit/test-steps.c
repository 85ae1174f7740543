/* SPDX-License-Identifier: MIT
 *
 * A table of steps: each fails in turn, and all that was taken before it, and nothing else, is
 * given back, the last one first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "daemon/steps.h"

enum { N = 4 };

struct parent {
	unsigned fails; /* the step that does, N: none */
	int error;
	char did[64]; /* capitals: taken; small letters: given back */
	const char *failed;
	int failed_with;
};

static void note(struct parent *p, char what)
{
	p->did[strlen(p->did)] = what;
}

static int open_number(struct parent *p, unsigned i)
{
	if (p->fails == i)
		return p->error;
	note(p, (char)('A' + i));
	return 0;
}

static int open_first(struct parent *p)
{
	return open_number(p, 0);
}

static int open_second(struct parent *p)
{
	return open_number(p, 1);
}

static int open_third(struct parent *p)
{
	return open_number(p, 2);
}

static int open_last(struct parent *p)
{
	return open_number(p, 3);
}

static void close_first(struct parent *p)
{
	note(p, 'a');
}

static void close_second(struct parent *p)
{
	note(p, 'b');
}

static void close_last(struct parent *p)
{
	note(p, 'd');
}

/* clang-format off */
static const struct step steps[N] = {
	{ "the first", open_first, close_first },
	{ "the second", open_second, close_second },
	{ "the third", open_third, NULL },	/* has nothing to give back */
	{ "the last", open_last, close_last },
};
/* clang-format on */

static void on_failed(struct parent *p, const struct step *step, int err)
{
	p->failed = step->what;
	p->failed_with = err;
	note(p, '!');
}

static void test_all_taken(void **state)
{
	struct parent p = { .fails = N };
	(void)state;
	assert_true(steps_open(steps, N, &p, on_failed));
	assert_string_equal(p.did, "ABCD");
	assert_null(p.failed);
	steps_close(steps, N, &p);
	assert_string_equal(p.did, "ABCDdba");
}

static void test_each_fails(void **state)
{
	static const char *const did[N] = { "!", "A!a", "AB!ba", "ABC!ba" };
	static const int errors[] = { -EACCES, STEP_SAID };
	(void)state;
	for (unsigned i = 0; i < N; i++) {
		for (unsigned k = 0; k < 2; k++) {
			struct parent p = { .fails = i, .error = errors[k] };
			assert_false(steps_open(steps, N, &p, on_failed));
			assert_string_equal(p.did, did[i]);
			assert_string_equal(p.failed, steps[i].what);
			assert_int_equal(p.failed_with, errors[k]);
		}
	}
}

static void test_none_opens_nothing(void **state)
{
	static const struct step no_open[] = { { "only given back", NULL, close_first } };
	struct parent p = { .fails = N };
	(void)state;
	assert_true(steps_open(no_open, 1, &p, on_failed));
	steps_close(no_open, 1, &p);
	assert_string_equal(p.did, "a");
}

/* ---- a child's ---- */

static int take_first(void *ctx)
{
	return open_number(ctx, 0);
}

static int take_second(void *ctx)
{
	return open_number(ctx, 1);
}

static const struct child_step child_steps[] = { { "this", take_first }, { "that", take_second } };

static void test_child_names_the_step(void **state)
{
	static const char *const did[] = { "", "A" };
	int err = -1;
	(void)state;
	struct parent good = { .fails = N };
	assert_int_equal(child_steps_take(child_steps, 2, &good, &err), 0);
	assert_string_equal(good.did, "AB");
	assert_int_equal(err, 0);
	for (unsigned i = 0; i < 2; i++) {
		struct parent p = { .fails = i, .error = -EMFILE };
		unsigned failed = child_steps_take(child_steps, 2, &p, &err);
		assert_int_equal(err, -EMFILE);
		assert_string_equal(p.did, did[i]);
		assert_string_equal(child_step_name(child_steps, 2, failed), child_steps[i].what);
	}
	assert_null(child_step_name(child_steps, 2, 0));
	assert_null(child_step_name(child_steps, 2, 3)); /* from a process that lies */
	assert_null(child_step_name(child_steps, 2, ~0u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_taken),
		cmocka_unit_test(test_each_fails),
		cmocka_unit_test(test_none_opens_nothing),
		cmocka_unit_test(test_child_names_the_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
