/* SPDX-License-Identifier: MIT
 * The book of counters, where an inspector writes anything into its table, and where there are more
 * conduits than numbers for their names. The kernel's counters are those of this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/counts.h"

enum { CONDUITS = COUNT_NAMES + 3000, ROUNDS = 4 };

static const uint64_t day_ns = UINT64_C(86400) * 1000000000u;
static struct parent p;

/* ---- what the kernel has ---- */

static uint64_t had[CONDUITS];
static size_t n_had;
static int read_error; /* after half of it */

int nft_counters_read(struct mnl_socket *nl,
		      void (*take)(void *ctx, const char *name, uint64_t packets, uint64_t bytes),
		      void *ctx)
{
	char name[40];
	(void)nl;
	for (size_t i = 0; i < (read_error ? n_had / 2 : n_had); i++) {
		snprintf(name, sizeof(name), "conduit-c%zu", i);
		take(ctx, name, had[i], had[i] * 60);
	}
	return read_error;
}

bool nft_present(struct mnl_socket *nl)
{
	(void)nl;
	return false;
}

int used_rows(const struct parent *of,
	      void (*take)(void *ctx, const char *conduit, const struct used *u), void *ctx)
{
	(void)of;
	(void)take;
	(void)ctx;
	return 0;
}

void say(int level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

void worker_lock(struct worker *w)
{
	(void)w;
}

void worker_unlock(struct worker *w)
{
	(void)w;
}

uint64_t worker_overruns(const struct worker *w)
{
	(void)w;
	return 0;
}

/* ---- tests ---- */

static int set_up(void **state)
{
	(void)state;
	memset(&p, 0, sizeof(p));
	n_had = 0;
	read_error = 0;
	p.n = 1;
	p.worker[0].conf.shm = calloc(1, sizeof(struct shared));
	return !p.worker[0].conf.shm || counts_open(&p) || counts_begin(&p);
}

static int tear_down(void **state)
{
	(void)state;
	counts_close(&p);
	free(p.worker[0].conf.shm);
	return 0;
}

struct sums {
	uint64_t all, rules;
	size_t rows;
};

static void add_row(void *ctx, const struct count_row *r)
{
	struct sums *s = ctx;
	assert_true(r->of.name == 0 || counts_name(&p, r->of.name));
	assert_non_null(counts_reason(r->of.reason));
	assert_non_null(counts_unit(r->of.unit));
	assert_non_null(counts_verdict(r->of.verdict));
	assert_non_null(counts_direction(r->of.direction));
	assert_true(r->last_ns <= clock_ns(CLOCK_REALTIME) + day_ns);
	assert_true(s->all + r->n >= s->all && s->all + r->n <= INT64_MAX);
	s->all += r->n;
	if (r->by == COUNT_RULES)
		s->rules += r->n;
	s->rows++;
}

static struct sums sample(void)
{
	struct sums s = { 0 };
	counts_sample(&p);
	counts_each(&p, add_row, &s);
	return s;
}

/* Any octets, and then good keys with the highest numbers. */
static void test_garbage(void **state)
{
	struct count_table *t = &p.worker[0].conf.shm->counts;
	uint8_t *octet = (uint8_t *)t;
	uint32_t x = 1;
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < sizeof(*t); i++) {
			x = x * 1664525 + 1013904223;
			octet[i] = (uint8_t)(x >> 24);
		}
		sample();
		for (size_t i = 0; i < COUNT_SLOTS; i++) {
			const struct count_of of = {
				.reason = (uint16_t)(i % R_COUNT),
				.unit = (uint8_t)(i / R_COUNT % COUNT_UNITS),
				.verdict = (uint8_t)(i / R_COUNT / COUNT_UNITS % COUNT_VERDICTS),
			};
			t->slot[i].key = count_key(&of);
			t->slot[i].n = t->slot[i].last_ns = UINT64_MAX - (uint64_t)round;
		}
		assert_true(sample().rows > COUNT_SLOTS / 64);
	}
}

/* What was counted is counted once, also where several conduits have one row. */
static void test_many_conduits(void **state)
{
	uint64_t sum = 0;
	(void)state;
	n_had = CONDUITS;
	for (size_t i = 0; i < n_had; i++)
		sum += had[i] = 1 + i * 7 % 1000;
	assert_int_equal(sample().rules, sum);
	assert_int_equal(sample().rules, sum);
	for (size_t i = 0; i < n_had; i++)
		had[i]++;
	sum += n_had;
	assert_int_equal(sample().rules, sum);
	read_error = -EINTR; /* what is half read says nothing of what they share */
	sample();
	read_error = 0;
	assert_int_equal(sample().rules, sum);
	n_had -= 1000; /* conduits that are gone */
	assert_int_equal(sample().rules, sum);
	had[n_had - 1] += 5;
	assert_int_equal(sample().rules, sum + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_garbage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_conduits, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
