/* SPDX-License-Identifier: MIT
 * The table in which an inspector counts: each row alone, nothing lost when it is full, and no row
 * read out of nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "inspect/counts.h"

static struct count_table *new_table(void)
{
	struct count_table *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	return t;
}

/* The i-th of different ones. */
static struct count_of nth(uint32_t i)
{
	return (struct count_of){ .verdict = (uint8_t)(i % COUNT_VERDICTS),
				  .direction = (uint8_t)(i / 4 % COUNT_DIRECTIONS),
				  .unit = (uint8_t)(i / 12 % COUNT_UNITS),
				  .reason = (uint16_t)(i / 36 % R_COUNT),
				  .name = (uint16_t)(i / 36 / R_COUNT) };
}

static void test_keys(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		struct count_of was = nth(i), is;
		assert_true(count_read_key(count_key(&was), &is));
		assert_memory_equal(&was, &is, sizeof(was));
	}
	struct count_of of;
	static const uint64_t wrong[] = {
		0,
		UINT64_MAX,
		1 + (UINT64_C(1) << 48),
		1 + (COUNT_UNITS << 8),
		1 + (COUNT_DIRECTIONS << 4),
		1 + COUNT_VERDICTS,
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(count_read_key(wrong[i], &of));
}

static void test_rows(void **state)
{
	struct count_table *t = new_table();
	uint32_t n = COUNT_SLOTS / 2, found = 0;
	(void)state;
	for (uint32_t turn = 1; turn <= 3; turn++)
		for (uint32_t i = 0; i < n; i++) {
			struct count_of of = nth(i);
			count_add(t, &of, 1000 * turn + i);
		}
	for (uint32_t s = 0; s < COUNT_SLOTS; s++) {
		if (!t->slot[s].key)
			continue;
		assert_int_equal(t->slot[s].n, 3);
		assert_true(t->slot[s].last_ns >= 3000);
		found++;
	}
	for (int u = 0; u < COUNT_UNITS; u++)
		for (int v = 0; v < COUNT_VERDICTS; v++)
			found += (uint32_t)(t->other[u][v].n / 3);
	assert_int_equal(found, n);
	free(t);
}

static void test_full(void **state)
{
	struct count_table *t = new_table();
	uint64_t sums[COUNT_VERDICTS] = { 0 };
	uint32_t n = 4 * COUNT_SLOTS;
	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		struct count_of of = nth(i);
		count_add(t, &of, 1);
	}
	uint64_t others = 0;
	for (int u = 0; u < COUNT_UNITS; u++)
		for (int v = 0; v < COUNT_VERDICTS; v++) {
			sums[v] += t->other[u][v].n;
			others += t->other[u][v].n;
		}
	assert_true(others >= n - COUNT_SLOTS);
	for (uint32_t s = 0; s < COUNT_SLOTS; s++) {
		struct count_of of;
		if (count_read_key(t->slot[s].key, &of))
			sums[of.verdict] += t->slot[s].n;
	}
	for (int v = 0; v < COUNT_VERDICTS; v++) /* no verdict has one too many or too few */
		assert_int_equal(sums[v], n / COUNT_VERDICTS);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
