/* SPDX-License-Identifier: MIT
 *
 * The data path against the reference, over random schedules of both
 * directions. Each has a seed of its own; a failing one is made as short as it
 * gets and printed.
 *
 *	ZONED_LONG=1	a million and more instead of 20,000
 *	ZONED_EACH=N	one in N of the 20,000
 *	ZONED_SEED=N	only this one
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "schedule.h"

enum { NORMAL = 20000, LONG = 1000000, SHOWN_MAX = 12 };

static uint64_t next(uint64_t *x) /* splitmix64 */
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* How often each step comes, of 64. */
static const struct {
	uint8_t op, share;
	const char *name;
	/* clang-format off */
} ops[OPS] = {
	{ OP_REQUEST, 6, "request" }, { OP_ANSWER, 6, "answer" }, { OP_SEND, 13, "send" }, { OP_GATE, 15, "gate" },
	{ OP_ARRIVE, 14, "arrive" }, { OP_REPEAT, 2, "repeat" }, { OP_LOSE, 3, "lose" }, { OP_ACK, 2, "ack" },
	{ OP_TIME, 1, "time" }, { OP_RELOAD, 1, "reload" }, { OP_ATTACK, 1, "attack" },
	{ OP_FORGET, 0, "forget" },	/* every other attack, where connections turn round */
};
/* clang-format on */

static void make_tcp(struct schedule *s, uint64_t seed, enum sort sort)
{
	uint64_t x = seed;
	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->attack = sort != HONEST;
	s->reversed = sort == REVERSED;
	s->n = 40 + (unsigned)(next(&x) % (STEPS_MAX - 40));
	bool tame = next(&x) % 3 == 0; /* nothing to refuse: then all must arrive */
	for (unsigned i = 0; i < s->n; i++) {
		uint64_t r = next(&x);
		unsigned at = r % 64, op = 0;
		while (op < OPS - 1 && at >= ops[op].share)
			at -= ops[op++].share;
		uint8_t what = ops[op].op;
		if (what == OP_ATTACK && sort != ATTACK)
			what = sort == HONEST ? OP_GATE : r >> 32 & 1 ? OP_FORGET : OP_ATTACK;
		s->step[i] = (struct step){ what, (uint8_t)(r >> 8), (uint8_t)(r >> 16),
					    (uint8_t)(r >> 24) };
		if (tame && s->step[i].op == OP_REQUEST)
			s->step[i].a = (uint8_t)(s->step[i].a | 16);
		if (tame && s->step[i].op == OP_ANSWER)
			s->step[i].a = (uint8_t)(s->step[i].a | 8);
	}
}

/* How often each step comes, of 64; in tame ones only parts and pauses do. */
static const struct {
	uint8_t op, share;
	const char *name;
	/* clang-format off */
} ops_dnp3[OPS_DNP3] = {
	{ OP_PART, 26, "part" }, { OP_ANEW, 5, "anew" }, { OP_COPY, 5, "copy" }, { OP_CONFIRMED, 4, "confirmed" },
	{ OP_IGNORED, 5, "ignored" }, { OP_NUMBER, 3, "number" }, { OP_ADDRESS, 3, "address" }, { OP_CONTROL, 2, "control" },
	{ OP_CONTENT, 2, "content" }, { OP_BREAK, 1, "break" }, { OP_HIDDEN, 2, "hidden" }, { OP_LINK, 3, "link" },
	{ OP_RECONNECT, 1, "reconnect" }, { OP_PAUSE, 2, "pause" },
};
/* clang-format on */

static void make_dnp3(struct schedule *s, uint64_t seed, enum sort sort)
{
	uint64_t x = seed ^ UINT64_C(0xd3);
	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->dnp3 = true;
	s->iec104 = sort == IEC104;
	s->reversed = sort == DNP3_REVERSED;
	s->interleaved = sort == DNP3_INTERLEAVED;
	s->n = 10 + (unsigned)(next(&x) % 90);
	s->tame = next(&x) % 8 == 0;
	for (unsigned i = 0; i < s->n; i++) {
		uint64_t r = next(&x);
		unsigned at = r % 64, op = 0;
		while (op < OPS_DNP3 - 1 && at >= ops_dnp3[op].share)
			at -= ops_dnp3[op++].share;
		s->step[i] = (struct step){ ops_dnp3[op].op, (uint8_t)(r >> 8), (uint8_t)(r >> 16),
					    (uint8_t)(r >> 24) };
		/* one master, unconfirmed, no datagrams; requests that are permitted */
		if (s->tame && !s->iec104)
			s->step[i] = (struct step){ OP_PART, (uint8_t)((r >> 8 & 0x80) | 1),
						    (uint8_t)((r >> 16) % 4), 0 };
	}
}

void schedule_shrink(struct schedule *s, enum sabotage how)
{
	struct schedule_stats stats = { 0 };
	for (unsigned chunk = s->n / 2; chunk; chunk = chunk == 1 ? 0 : chunk / 2)
		for (unsigned at = 0; at + chunk <= s->n;) {
			struct schedule t = *s;
			memmove(&t.step[at], &t.step[at + chunk],
				(t.n - at - chunk) * sizeof(t.step[0]));
			t.n -= chunk;
			if (schedule_run(&t, how, &stats))
				*s = t;
			else
				at++;
		}
}

void schedule_print(const struct schedule *s)
{
	printf("seed %llu%s, %u steps:\n", (unsigned long long)s->seed,
	       s->attack ? " (attack)" : "", s->n);
	for (unsigned i = 0; i < s->n; i++)
		printf("  %s %u %u %u\n",
		       s->dnp3 ? ops_dnp3[s->step[i].op].name : ops[s->step[i].op].name,
		       s->step[i].a, s->step[i].b, s->step[i].c);
}

void schedule_make(struct schedule *s, uint64_t seed, enum sort sort)
{
	if (sort >= DNP3)
		make_dnp3(s, seed, sort);
	else
		make_tcp(s, seed, sort);
}

static void must_hold(uint64_t seed, enum sort sort, struct schedule_stats *stats)
{
	struct schedule s;
	schedule_make(&s, seed, sort);
	const char *fault = schedule_run(&s, SABOTAGE_NONE, stats);
	if (!fault)
		return;
	schedule_shrink(&s, SABOTAGE_NONE);
	schedule_print(&s);
	fail_msg("%s; ZONED_SEED=%llu", fault, (unsigned long long)seed);
}

static uint64_t how_many(enum sort sort)
{
	const char *one_in = getenv("ZONED_EACH");
	uint64_t each = 1;
	if (getenv("ZONED_LONG"))
		return sort >= DNP3 ? LONG : LONG / 2;
	if (one_in)
		assert_true(num_parse(one_in, 1, 100, &each));
	/* DNP3 has many frames in each */
	return (uint64_t)NORMAL / (sort >= DNP3 || sort == REVERSED ? 4 : 2) / each;
}

static void run_many(enum sort sort)
{
	struct schedule_stats stats = { 0 };
	const char *only = getenv("ZONED_SEED");
	uint64_t seed = 0;
	if (only) {
		assert_true(num_parse(only, 0, UINT64_MAX, &seed));
		must_hold(seed, sort, &stats);
		return;
	}
	uint64_t n = how_many(sort);
	for (uint64_t i = 0; i < n; i++)
		must_hold(i * 2 + (sort == ATTACK || sort == REVERSED), sort, &stats);
	printf("%llu schedules: %llu packets, %llu messages, %llu refused, %llu connections "
	       "ended\n",
	       (unsigned long long)stats.runs, (unsigned long long)stats.packets,
	       (unsigned long long)stats.messages, (unsigned long long)stats.refused,
	       (unsigned long long)stats.ended);
	/* the schedules are worth something only if both endings come often */
	assert_true(stats.finished > n / 10);
	assert_true(stats.ended > n / 50);
	assert_true(stats.refused > n / 2);
}

static void honest_ends(void **state)
{
	(void)state;
	run_many(HONEST);
}

static void somebody_between(void **state)
{
	(void)state;
	run_many(ATTACK);
}

/* Link states, transport segments and datagrams, against stations that differ. */
static void dnp3_stations(void **state)
{
	(void)state;
	run_many(DNP3);
}

/* Starts, numbers, selects and cuts, against stations that differ. */
static void iec104_stations(void **state)
{
	(void)state;
	run_many(IEC104);
}

/* Frames of several stations' responses in turn, where the policy says that the masters keep them
 * apart. */
static void interleaved_responses(void **state)
{
	(void)state;
	run_many(DNP3_INTERLEAVED);
}

/* Connections that the gate forgets while a conduit permits the way back. */
static void turned_round(void **state)
{
	(void)state;
	run_many(REVERSED);
	run_many(DNP3_REVERSED);
}

/* Would a breach be seen, and a failing schedule become short enough to read? */
static void breaches_are_seen(void **state)
{
	(void)state;
	static const struct {
		enum sabotage how;
		enum sort sort;
	} breach[] = { { SABOTAGE_PASS_ALL, HONEST },	     { SABOTAGE_SWALLOW, HONEST },
		       { SABOTAGE_PASS_ALL, DNP3 },	     { SABOTAGE_PASS_ALL, REVERSED },
		       { SABOTAGE_PASS_ALL, DNP3_REVERSED }, { SABOTAGE_PASS_ALL, IEC104 } };
	for (size_t k = 0; k < sizeof(breach) / sizeof(breach[0]); k++) {
		enum sabotage how = breach[k].how;
		enum sort sort = breach[k].sort;
		struct schedule_stats stats = { 0 };
		struct schedule s;
		uint64_t seed = 1;
		for (schedule_make(&s, seed, sort); seed < 100 && !schedule_run(&s, how, &stats);
		     seed++)
			schedule_make(&s, seed + 1, sort);
		assert_true(seed < 100);
		unsigned was = s.n;
		schedule_shrink(&s, how);
		assert_non_null(schedule_run(&s, how, &stats));
		assert_true(s.n < was);
		assert_in_range(s.n, 1, SHOWN_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(breaches_are_seen), cmocka_unit_test(honest_ends),
		cmocka_unit_test(somebody_between),  cmocka_unit_test(dnp3_stations),
		cmocka_unit_test(iec104_stations),   cmocka_unit_test(interleaved_responses),
		cmocka_unit_test(turned_round),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
