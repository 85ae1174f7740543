/* SPDX-License-Identifier: MIT
 *
 * The spool: order, its bound, a writer that hangs, and what is lost then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/spool.h"

enum { THREADS = 4, LINES = 20000 };

struct reader {
	pthread_mutex_t hang; /* held: the writer does not come back */
	unsigned long n, bytes, lost, told;
	unsigned long next[THREADS]; /* by kind: the number that its next line has at least */
	bool wrong;
};

static void on_line(void *ctx, int kind, int priority, const char *text)
{
	struct reader *r = ctx;
	pthread_mutex_lock(&r->hang);
	pthread_mutex_unlock(&r->hang);
	unsigned long number = strtoul(text, NULL, 10);
	r->wrong |= kind < 0 || kind >= THREADS || priority != kind + 10 ||
		    number < r->next[kind % THREADS];
	r->next[kind % THREADS] = number + 1;
	r->n++;
	r->bytes += strlen(text);
}

static void on_lost(void *ctx, uint64_t lines)
{
	struct reader *r = ctx;
	r->lost += lines;
	r->told++;
}

static struct spool *start(struct reader *r)
{
	*r = (struct reader){ .hang = PTHREAD_MUTEX_INITIALIZER };
	struct spool *s =
		spool_open(&(struct spool_conf){ .write = on_line, .lost = on_lost, .ctx = r });
	assert_non_null(s);
	return s;
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

struct talker {
	struct spool *s;
	int kind;
	unsigned long put;
};

/* Lines of every length, so that they end anywhere in the ring. */
static void *talk(void *ctx)
{
	struct talker *t = ctx;
	char text[3000];
	for (unsigned i = 0; i < LINES; i++) {
		snprintf(text, sizeof(text), "%u %*s", i, (int)(i * 7 % 2900), ".");
		if (spool_put(t->s, 0, t->kind, t->kind + 10, text))
			t->put++;
		else /* the ring is full: on a busy machine its reader may not have had a turn */
			nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	}
	return NULL;
}

/* Whatever was put comes out, in each talker's order; the rest is counted. */
static void many_talk_at_once(void **state)
{
	(void)state;
	struct reader r;
	struct spool *s = start(&r);
	struct talker t[THREADS];
	pthread_t thread[THREADS];
	unsigned long put = 0;
	for (int i = 0; i < THREADS; i++) {
		t[i] = (struct talker){ .s = s, .kind = i };
		assert_int_equal(pthread_create(&thread[i], NULL, talk, &t[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		put += t[i].put;
	}
	assert_true(spool_drain(s, 20000));
	assert_true(put > LINES);
	assert_int_equal(r.n, put);
	assert_int_equal(spool_lost(s), THREADS * LINES - put);
	assert_false(r.wrong);
	spool_close(s);
}

/* A reader that hangs holds up nobody; when it goes on it gets what there was room for, and
 * is told how much there was none for. */
static void nobody_waits(void **state)
{
	(void)state;
	struct reader r;
	struct spool *s = start(&r);
	char text[SPOOL_TEXT];
	memset(text, ' ', sizeof(text));
	text[100] = '\0';
	pthread_mutex_lock(&r.hang);
	uint64_t began = now_ms();
	unsigned long put = 0, lost = 0;
	for (unsigned i = 0; i < 3 * SPOOL_BYTES / 100; i++) {
		text[snprintf(text, 10, "%u", i)] = ' ';
		bool took = spool_put(s, 0, 0, 10, text);
		put += took;
		lost += !took;
	}
	assert_true(now_ms() - began < 5000);
	assert_true(put > SPOOL_BYTES / 128 - 2 && lost > SPOOL_BYTES / 128);
	assert_false(spool_drain(s, 50)); /* bounded too */
	assert_int_equal(r.n, 0);
	pthread_mutex_unlock(&r.hang);
	assert_true(spool_drain(s, 5000));
	assert_int_equal(r.n, put);
	assert_int_equal(r.lost, lost);
	assert_in_range(r.told, 1, 2); /* some perhaps before it hung */
	assert_int_equal(spool_lost(s), lost);
	unsigned long told = r.told;
	assert_true(spool_put(s, 0, 0, 10, "99999999"));
	assert_true(spool_drain(s, 5000));
	assert_int_equal(r.told, told);
	assert_false(r.wrong);
	spool_close(s);
}

/* Who puts very many lines while nobody writes leaves room for others, however many others do the
 * same; and has it back when they are written. */
static void others_find_room(void **state)
{
	(void)state;
	struct reader r;
	char text[201];
	memset(text, ' ', sizeof(text));
	text[200] = '\0';
	for (unsigned crowd = 1; crowd <= 100; crowd += 33) {
		struct spool *s = start(&r);
		unsigned long put = 0, number = 0;
		pthread_mutex_lock(&r.hang);
		for (unsigned i = 0; i < 3 * SPOOL_BYTES / 200; i++) {
			text[snprintf(text, 10, "%lu", number)] = ' ';
			bool took = spool_put(s, 1 + i % crowd, 0, 10, text);
			put += took;
			number += took;
		}
		assert_in_range(put, SPOOL_BYTES / 4 * 3 / 240, SPOOL_BYTES / 200);
		for (unsigned i = 0; i < 10; i++) {
			text[snprintf(text, 10, "%lu", number++)] = ' ';
			assert_true(spool_put(s, 500 + i, 0, 10, text));
		}
		pthread_mutex_unlock(&r.hang);
		assert_true(spool_drain(s, 5000));
		assert_int_equal(r.n, put + 10);
		assert_int_equal(r.lost, spool_lost(s));
		assert_true(spool_put(s, 1, 0, 10, "99999999"));
		assert_false(r.wrong);
		spool_close(s);
	}
}

/* The longest line, one that is longer, none at all, and what waits when it is closed. */
static void lengths(void **state)
{
	(void)state;
	struct reader r;
	struct spool *s = start(&r);
	char text[SPOOL_TEXT + 1];
	memset(text, ' ', sizeof(text));
	text[SPOOL_TEXT] = '\0';
	assert_false(spool_put(s, 0, 0, 10, text));
	text[SPOOL_TEXT - 1] = '\0';
	for (unsigned i = 0; i < 1000; i++) {
		text[snprintf(text, 10, "%u", i)] = ' ';
		assert_true(spool_drain(s, 5000));
		assert_true(spool_put(s, 0, 0, 10, text));
	}
	assert_true(spool_drain(s, 5000));
	assert_int_equal(r.bytes, 1000ul * (SPOOL_TEXT - 1));
	assert_int_equal(r.lost, 1);
	assert_true(spool_put(s, 0, 1, 11, ""));
	spool_close(s); /* writes it before */
	assert_int_equal(r.n, 1001);
	assert_false(r.wrong);
	spool_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_talk_at_once),
		cmocka_unit_test(nobody_waits),
		cmocka_unit_test(others_find_room),
		cmocka_unit_test(lengths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
