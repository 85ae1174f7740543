/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104 in the data path: the state of the link, both numbers, selects, connections
 * that are joined in their middle, splits at every place, and stations that differ.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "iec104-say.h"
#include "proto/iec104/facts.h"

static void open_line(struct iec_bench *b, unsigned line)
{
	b->on = line;
	iec_connect(b);
	ask_u(b, IEC_STARTDT_ACT, IEC_STARTDT_CON);
}

#define START \
	{ 0, 'U', 0x07, 0, NULL, R_NONE }, \
	{ \
		1, 'U', 0x0b, 0, NULL, R_NONE \
	}

/* Frame by frame what it comes to. Only the last may be refused, and that ends the connection. */
enum { SAYS = 12 };
static const struct {
	const char *name;
	struct say s[SAYS];
	/* clang-format off */
} talks[] = {
	{ "started, and both speak", { START, { 0, 'I', 0, 0, GI, R_NONE }, { 1, 'I', 0, 1, REPORT, R_NONE }, { 0, 'S', 1, 0, NULL, R_NONE }, { 1, 'S', 1, 0, NULL, R_NONE } } },
	{ "commands behind STARTDT act", { { 0, 'U', 0x07, 0, NULL, R_NONE }, { 0, 'I', 0, 0, GI, R_NONE }, { 0, 'I', 1, 0, ON, R_NONE }, { 1, 'U', 0x0b, 0, NULL, R_NONE }, { 1, 'I', 0, 2, REPORT, R_NONE } } },
	{ "I before STARTDT", { { 0, 'I', 0, 0, GI, R_UA_STATE } } },
	{ "S before STARTDT", { { 0, 'S', 0, 0, NULL, R_UA_STATE } } },
	{ "a report before STARTDT", { { 1, 'I', 0, 0, REPORT, R_UA_STATE } } },
	{ "a report before it is confirmed", { { 0, 'U', 0x07, 0, NULL, R_NONE }, { 1, 'I', 0, 0, REPORT, R_UA_STATE } } },
	{ "an S of the station before it is confirmed", { { 0, 'U', 0x07, 0, NULL, R_NONE }, { 1, 'S', 0, 0, NULL, R_UA_STATE } } },
	{ "TESTFR before STARTDT", { { 0, 'U', 0x43, 0, NULL, R_NONE }, { 1, 'U', 0x83, 0, NULL, R_NONE }, { 1, 'U', 0x43, 0, NULL, R_NONE }, { 0, 'U', 0x83, 0, NULL, R_NONE }, { 1, 'U', 0x83, 0, NULL, R_NONE }, START } },
	{ "STARTDT of the station", { { 1, 'U', 0x07, 0, NULL, R_DNP_DIRECTION } } },
	{ "STARTDT of the station, started", { START, { 1, 'U', 0x07, 0, NULL, R_DNP_DIRECTION } } },
	{ "STOPDT of the station", { START, { 1, 'U', 0x13, 0, NULL, R_DNP_DIRECTION } } },
	{ "the master confirms", { { 0, 'U', 0x0b, 0, NULL, R_DNP_DIRECTION } } },
	{ "the master confirms a stop", { START, { 0, 'U', 0x23, 0, NULL, R_DNP_DIRECTION } } },
	{ "confirmed, not asked", { { 1, 'U', 0x0b, 0, NULL, R_UA_STATE } } },
	{ "confirmed twice", { START, { 1, 'U', 0x0b, 0, NULL, R_UA_STATE } } },
	{ "a stop, not asked", { START, { 1, 'U', 0x23, 0, NULL, R_UA_STATE } } },
	{ "started twice", { START, START, { 0, 'I', 0, 0, GI, R_NONE } } },
	{ "asked twice, confirmed twice", { { 0, 'U', 0x07, 0, NULL, R_NONE }, { 0, 'U', 0x07, 0, NULL, R_NONE }, { 1, 'U', 0x0b, 0, NULL, R_NONE }, { 1, 'U', 0x0b, 0, NULL, R_NONE }, { 0, 'I', 0, 0, GI, R_NONE } } },
	{ "stopped", { START, { 0, 'I', 0, 0, GI, R_NONE }, { 0, 'U', 0x13, 0, NULL, R_NONE }, { 1, 'I', 0, 1, REPORT, R_NONE }, { 0, 'S', 1, 0, NULL, R_NONE }, { 1, 'U', 0x23, 0, NULL, R_NONE }, START, { 0, 'I', 1, 1, GI, R_NONE } } },
	{ "I behind STOPDT act", { START, { 0, 'U', 0x13, 0, NULL, R_NONE }, { 0, 'I', 0, 0, GI, R_UA_STATE } } },
	{ "a report when stopped", { START, { 0, 'U', 0x13, 0, NULL, R_NONE }, { 1, 'U', 0x23, 0, NULL, R_NONE }, { 1, 'I', 0, 0, REPORT, R_UA_STATE } } },
	{ "the station confirms when stopped", { START, { 0, 'I', 0, 0, GI, R_NONE }, { 0, 'U', 0x13, 0, NULL, R_NONE }, { 1, 'U', 0x23, 0, NULL, R_NONE }, { 1, 'S', 1, 0, NULL, R_NONE }, { 1, 'S', 1, 0, NULL, R_UA_STATE } } },
	{ "the master confirms when stopped", { START, { 1, 'I', 0, 0, REPORT, R_NONE }, { 0, 'U', 0x13, 0, NULL, R_NONE }, { 1, 'U', 0x23, 0, NULL, R_NONE }, { 0, 'S', 1, 0, NULL, R_NONE }, { 0, 'S', 1, 0, NULL, R_UA_STATE } } },
	{ "confirms when stopped what was not sent", { START, { 0, 'I', 0, 0, GI, R_NONE }, { 0, 'U', 0x13, 0, NULL, R_NONE }, { 1, 'U', 0x23, 0, NULL, R_NONE }, { 1, 'S', 2, 0, NULL, R_IEC_RECEIVE_NUMBER } } },
	{ "an S when stopped", { START, { 0, 'U', 0x13, 0, NULL, R_NONE }, { 1, 'U', 0x23, 0, NULL, R_NONE }, { 0, 'S', 0, 0, NULL, R_UA_STATE } } },
	{ "0x0f is not STARTDT", { { 0, 'U', 0x0f, 0, NULL, R_IEC_CONTROL } } },
	{ "0x47 is not TESTFR", { { 0, 'U', 0x47, 0, NULL, R_IEC_CONTROL } } },
	{ "0x03 is nothing", { { 0, 'U', 0x03, 0, NULL, R_IEC_CONTROL } } },
	{ "first number of the master", { START, { 0, 'I', 1, 0, GI, R_UA_SEQUENCE } } },
	{ "first number of the station", { START, { 1, 'I', 1, 0, REPORT, R_UA_SEQUENCE } } },
	{ "a number twice", { START, { 0, 'I', 0, 0, GI, R_NONE }, { 0, 'I', 0, 0, GI, R_UA_SEQUENCE } } },
	{ "a number left out", { START, { 0, 'I', 0, 0, GI, R_NONE }, { 0, 'I', 2, 0, GI, R_UA_SEQUENCE } } },
	{ "more confirmed than sent", { START, { 0, 'S', 1, 0, NULL, R_IEC_RECEIVE_NUMBER } } },
	{ "more confirmed than sent, by an I", { START, { 0, 'I', 0, 1, GI, R_IEC_RECEIVE_NUMBER } } },
	{ "more confirmed than the master sent", { START, { 1, 'S', 1, 0, NULL, R_IEC_RECEIVE_NUMBER } } },
	{ "less confirmed than before", { START, { 1, 'I', 0, 0, REPORT, R_NONE }, { 0, 'S', 1, 0, NULL, R_NONE }, { 0, 'S', 0, 0, NULL, R_IEC_RECEIVE_NUMBER } } },
	{ "the same confirmed again", { START, { 1, 'I', 0, 0, REPORT, R_NONE }, { 0, 'S', 1, 0, NULL, R_NONE }, { 0, 'S', 1, 0, NULL, R_NONE }, { 0, 'I', 0, 1, GI, R_NONE } } },
	{ "a report of the master", { START, { 0, 'I', 0, 0, REPORT, R_DNP_DIRECTION } } },
	{ "a command of the station", { START, { 1, 'I', 0, 0, ON, R_IEC_CAUSE } } },
	{ "an answer of the master", { START, { 0, 'I', 0, 0, "2d 01 07 00 0100 e80300 01", R_IEC_CAUSE } } },
	{ "octets behind the object", { START, { 0, 'I', 0, 0, ON "00", R_TRAILING } } },
	{ "two commands in one", { START, { 0, 'I', 0, 0, "2d 02 06 00 0100 e80300 01 f40100 01", R_IEC_OBJECTS } } },
	{ "no frame", { START, { 0, 'x', 0, 0, "00 680443000000", R_FRAME } } },
	{ "a frame of 254", { START, { 0, 'x', 0, 0, "68 fe 00000000 2d01060001 00e80301", R_LENGTH } } },
	{ "a frame of three", { START, { 0, 'x', 0, 0, "68 03 010000", R_LENGTH } } },
	{ "an I frame of four", { START, { 0, 'x', 0, 0, "68 04 00000000", R_TRUNCATED } } },
	{ "a U frame of ten", { START, { 0, 'x', 0, 0, "68 0a 43000000 000000000000", R_LENGTH } } },
	{ "an S frame with another bit", { START, { 0, 'x', 0, 0, "68 04 05000000", R_IEC_CONTROL } } },
	{ "an N(R) with its lowest bit", { START, { 0, 'x', 0, 0, "68 04 01000100", R_IEC_CONTROL } } },
	{ "what no entry permits", { START, { 0, 'I', 0, 0, "69 01 06 00 0100 000000 01", R_IEC_TYPE_REFUSED } } },
};
/* clang-format on */
enum { TALKS = sizeof(talks) / sizeof(talks[0]) };

static void every_talk(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TALKS; i++) {
		struct iec_bench b;
		iec_start(&b, &enforce);
		iec_connect(&b);
		for (const struct say *s = talks[i].s; s < talks[i].s + SAYS && s->kind; s++) {
			enum reason got = say(&b, s);
			if (got != s->why || b.line[0].ended != (s->why != R_NONE) || b.fault)
				fail_msg("%s, frame %d: %s, ended %d, %s", talks[i].name,
					 (int)(s - talks[i].s) + 1, reason_name(got),
					 b.line[0].ended, b.fault ? b.fault : "");
		}
		iec_stop(&b);
	}
}

/* The same reasons where it is only observed, and everything goes on. */
static void every_talk_observed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TALKS; i++) {
		struct iec_bench b;
		iec_start(&b, &observe);
		iec_connect(&b);
		for (const struct say *s = talks[i].s; s < talks[i].s + SAYS && s->kind; s++) {
			enum reason got = say(&b, s);
			if (got != s->why || b.line[0].ended || b.verdict != V_ACCEPT || b.changed)
				fail_msg("%s, frame %d: %s", talks[i].name,
					 (int)(s - talks[i].s) + 1, reason_name(got));
		}
		iec_stop(&b);
	}
}

/* ---- numbers ---- */

static void windows(void **state)
{
	(void)state;
	for (unsigned from = 0; from < 2; from++)
		for (unsigned k = 0; k < 20; k += 5) {
			struct iec_bench b;
			unsigned most = k ? k : IEC_K_DEFAULT;
			iec_start(&b, &(struct iec_rules){ .k = k });
			open_line(&b, 0);
			struct say next = { from, 'I', 0, 0, from ? REPORT : GI, R_NONE };
			for (; next.a < most; next.a++)
				assert_int_equal(say(&b, &next), R_NONE);
			/* confirmed, so many more may go */
			assert_int_equal(say_s(&b, !from, 2), R_NONE);
			for (; next.a < most + 2; next.a++)
				assert_int_equal(say(&b, &next), R_NONE);
			assert_int_equal(say(&b, &next), R_IEC_WINDOW);
			assert_true(b.line[0].ended);
			iec_stop(&b);
		}
}

static void numbers_come_round(void **state)
{
	(void)state;
	struct iec_bench b;
	iec_start(&b, &enforce);
	open_line(&b, 0);
	for (unsigned i = 0; i < IEC_SEQ + 20; i++) {
		unsigned n = i % IEC_SEQ, next = (i + 1) % IEC_SEQ;
		b.n_judged = 0;
		assert_int_equal(command(&b, n, n, GI), R_NONE);
		assert_int_equal(answer(&b, n, next, REPORT), R_NONE);
		assert_int_equal(say_s(&b, 0, next), R_NONE);
	}
	assert_null(b.fault);
	iec_stop(&b);
}

/* A station that begins with 1, where the policy knows it. */
static void first_number_is_one(void **state)
{
	(void)state;
	struct iec_bench b;
	iec_start(&b, &(struct iec_rules){ .one = true });
	open_line(&b, 0);
	for (unsigned i = 1; i <= IEC_K_DEFAULT; i++)
		assert_int_equal(answer(&b, i, 0, REPORT), R_NONE);
	const unsigned next = IEC_K_DEFAULT + 1;
	assert_int_equal(say_s(&b, 0, next), R_NONE);
	assert_int_equal(answer(&b, next, 0, REPORT), R_NONE);
	assert_int_equal(answer(&b, 1, 0, REPORT), R_UA_SEQUENCE);
	open_line(&b, 1);
	assert_int_equal(answer(&b, 0, 0, REPORT), R_NONE); /* or with none */
	assert_int_equal(answer(&b, 1, 0, REPORT), R_NONE);
	open_line(&b, 0);
	assert_int_equal(command(&b, 1, 0, GI), R_UA_SEQUENCE); /* the master does not */
	iec_stop(&b);
}

/* It does so once: where the numbers come round, 0 is next, and the window is as wide as ever. */
static void first_number_comes_round(void **state)
{
	(void)state;
	for (unsigned last = 0; last < 2; last++) {
		struct iec_bench b;
		iec_start(&b, &(struct iec_rules){ .one = true });
		open_line(&b, 0);
		for (unsigned i = 1; i < IEC_SEQ; i++) {
			assert_int_equal(answer(&b, i, 0, REPORT), R_NONE);
			assert_int_equal(say_s(&b, 0, (i + 1) % IEC_SEQ), R_NONE);
		}
		for (unsigned i = 0; last && i < IEC_K_DEFAULT; i++)
			assert_int_equal(answer(&b, i, 0, REPORT), R_NONE);
		if (last)
			assert_int_equal(answer(&b, IEC_K_DEFAULT, 0, REPORT), R_IEC_WINDOW);
		else
			assert_int_equal(answer(&b, 1, 0, REPORT), R_UA_SEQUENCE);
		iec_stop(&b);
	}
}

/* ---- selects ---- */

struct select_row {
	const char *name;
	const char *steps[6]; /* < a command, > an answer, a number: seconds pass */
	bool executes;	      /* the last is permitted */
};

#define C(x) "<" x
#define A(x) ">" x
#define NEGATIVE "2e 01 47 00 0100 d00700 82"

/* clang-format off */
static const struct select_row select_rows[] = {
	{ "as it should be", { C(SELECT("82")), A(CONFIRM("82")), C(SELECT("02")) }, true },
	{ "without a select", { C(SELECT("02")) }, false },
	{ "not confirmed", { C(SELECT("82")), C(SELECT("02")) }, false },
	{ "another state", { C(SELECT("82")), A(CONFIRM("82")), C(SELECT("01")) }, false },
	{ "another pulse", { C(SELECT("82")), A(CONFIRM("82")), C(SELECT("06")) }, false },
	{ "confirmed as another", { C(SELECT("82")), A(CONFIRM("81")), C(SELECT("02")) }, false },
	{ "confirmed as an execute", { C(SELECT("82")), A(CONFIRM("02")), C(SELECT("02")) }, false },
	{ "twice", { C(SELECT("82")), A(CONFIRM("82")), C(SELECT("02")), A(CONFIRM("02")), C(SELECT("02")) }, false },
	{ "in time", { C(SELECT("82")), A(CONFIRM("82")), "9", C(SELECT("02")) }, true },
	{ "too late", { C(SELECT("82")), A(CONFIRM("82")), "11", C(SELECT("02")) }, false },
	{ "refused", { C(SELECT("82")), A(NEGATIVE), C(SELECT("02")) }, false },
	{ "confirmed, then refused", { C(SELECT("82")), A(CONFIRM("82")), A(NEGATIVE), C(SELECT("02")) }, false },
	{ "unknown point", { C(SELECT("82")), A(CONFIRM("82")), A("2e 01 2f 00 0100 d00700 82"), C(SELECT("02")) }, false },
	{ "given up", { C(SELECT("82")), A(CONFIRM("82")), C("2e 01 08 00 0100 d00700 82"), C(SELECT("02")) }, false },
	{ "given up as an execute", { C("2e 01 08 00 0100 d00700 02") }, false },
	{ "another command to the point", { C(SELECT("82")), A(CONFIRM("82")), C("2d 01 06 00 0100 d00700 81"), C(SELECT("02")) }, false },
	{ "selected again", { C(SELECT("82")), A(CONFIRM("82")), C(SELECT("81")), C(SELECT("02")) }, false },
	{ "selected again, confirmed as before", { C(SELECT("82")), A(CONFIRM("82")), C(SELECT("81")), A(CONFIRM("81")), C(SELECT("02")) }, false },
	{ "selected again, the new one", { C(SELECT("82")), A(CONFIRM("82")), C(SELECT("81")), A(CONFIRM("81")), C(SELECT("01")) }, true },
	{ "another point", { C(SELECT("82")), A(CONFIRM("82")), C("2e 01 06 00 0100 d10700 02") }, false },
	{ "another station", { C(SELECT("82")), A(CONFIRM("82")), C("2e 01 06 00 0200 d00700 02") }, false },
	{ "another type", { C(SELECT("82")), A(CONFIRM("82")), C("2f 01 06 00 0100 d00700 02") }, false },
	{ "of another station's answer", { C(SELECT("82")), A("2e 01 07 00 0200 d00700 82"), C(SELECT("02")) }, false },
	{ "reports and another point between", { C(SELECT("82")), A(CONFIRM("82")), A(REPORT), C(ON), C(SELECT("02")) }, true },
	{ "the point is read between", { C(SELECT("82")), A(CONFIRM("82")), C("66 01 05 00 0100 d00700"), C(SELECT("02")) }, true },
	{ "it cannot be read", { C(SELECT("82")), A(CONFIRM("82")), C("66 01 05 00 0100 d00700"), A("66 01 6f 00 0100 d00700"), C(SELECT("02")) }, true },
	{ "a report of that address with P/N", { C(SELECT("82")), A(CONFIRM("82")), A("03 01 43 00 0100 d00700 02"), C(SELECT("02")) }, true },
	{ "another command is refused", { C(SELECT("82")), A(CONFIRM("82")), A("2d 01 47 00 0100 d00700 81"), C(SELECT("02")) }, false },
	{ "selected as a test only", { C("2e 01 86 00 0100 d00700 82"), A("2e 01 87 00 0100 d00700 82"), C(SELECT("02")) }, false },
	{ "a test of both", { C("2e 01 86 00 0100 d00700 82"), A("2e 01 87 00 0100 d00700 82"), C("2e 01 86 00 0100 d00700 02") }, true },
	{ "an interrogation between", { C(SELECT("82")), A(CONFIRM("82")), C(GI), C(SELECT("02")) }, true },
	{ "a set-point", { C("31 01 06 00 0100 d00700 3412 80"), A("31 01 07 00 0100 d00700 3412 80"), C("31 01 06 00 0100 d00700 3412 00") }, true },
	{ "another value", { C("31 01 06 00 0100 d00700 3412 80"), A("31 01 07 00 0100 d00700 3412 80"), C("31 01 06 00 0100 d00700 3512 00") }, false },
	{ "another qualifier", { C("31 01 06 00 0100 d00700 3412 80"), A("31 01 07 00 0100 d00700 3412 80"), C("31 01 06 00 0100 d00700 3412 01") }, false },
};
/* clang-format on */
enum { SELECT_ROWS = sizeof(select_rows) / sizeof(select_rows[0]) };

/* Each end's numbers as they go. */
struct counts {
	unsigned sent[2];
};

static enum reason step(struct iec_bench *b, struct counts *n, const char *s)
{
	if (*s != '<' && *s != '>') {
		b->now += (uint64_t)strtoul(s, NULL, 10) * SECOND;
		return R_NONE;
	}
	unsigned from = *s == '>';
	enum reason why =
		say(b, &(struct say){ from, 'I', n->sent[from], n->sent[!from], s + 1, R_NONE });
	n->sent[from]++;
	return why;
}

static void every_select(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SELECT_ROWS; i++) {
		const struct select_row *r = &select_rows[i];
		struct iec_bench b;
		struct counts n = { { 0, 0 } };
		unsigned last = 0;
		iec_start(&b, &enforce);
		open_line(&b, 0);
		while (last < 5 && r->steps[last + 1])
			last++;
		for (unsigned k = 0; k < last; k++)
			if (step(&b, &n, r->steps[k]) != R_NONE)
				fail_msg("%s, step %u: %s", r->name, k + 1, reason_name(b.reason));
		enum reason why = step(&b, &n, r->steps[last]);
		if (why != (r->executes ? R_NONE : R_DNP_NOT_SELECTED) ||
		    b.line[0].ended == r->executes || b.fault)
			fail_msg("%s: %s, ended %d", r->name, reason_name(why), b.line[0].ended);
		iec_stop(&b);
	}
}

/* Selects, as the first that either end sends. */
static void selected_first(struct iec_bench *b)
{
	assert_int_equal(command(b, 0, 0, SELECT("82")), R_NONE);
	assert_int_equal(answer(b, 0, 1, CONFIRM("82")), R_NONE);
}

static void select_of_another(void **state)
{
	(void)state;
	struct iec_bench b;
	iec_start(&b, &enforce);
	open_line(&b, 0);
	open_line(&b, 1);
	b.on = 0;
	selected_first(&b);
	b.on = 1;
	assert_int_equal(command(&b, 0, 0, SELECT("02")), R_DNP_NOT_SELECTED);
	/* stopped, or connected again: nothing is selected */
	b.on = 0;
	ask_u(&b, IEC_STOPDT_ACT, IEC_STOPDT_CON);
	ask_u(&b, IEC_STARTDT_ACT, IEC_STARTDT_CON);
	assert_int_equal(command(&b, 1, 1, SELECT("02")), R_DNP_NOT_SELECTED);
	open_line(&b, 0);
	selected_first(&b);
	open_line(&b, 0);
	assert_int_equal(command(&b, 0, 0, SELECT("02")), R_DNP_NOT_SELECTED);
	iec_stop(&b);
}

enum { POINTS = 16 }; /* IEC_SELECTS of gate.h */

/* As many points as there may be, and one more: the first has made room. */
static void selects_have_a_bound(void **state)
{
	(void)state;
	for (unsigned last = 0; last < 2; last++) {
		struct iec_bench b;
		char asdu[64];
		unsigned ns = 0, nr = 0;
		iec_start(&b, &enforce);
		open_line(&b, 0);
		for (unsigned i = 0; i <= POINTS; i++) {
			snprintf(asdu, sizeof(asdu), "2e 01 06 00 0100 %02x0700 82", 0xd0 + i);
			assert_int_equal(command(&b, ns++, nr, asdu), R_NONE);
			asdu[6] = '0';
			asdu[7] = '7';
			assert_int_equal(answer(&b, nr++, ns, asdu), R_NONE);
		}
		snprintf(asdu, sizeof(asdu), "2e 01 06 00 0100 %02x0700 02",
			 last ? 0xd0 + POINTS : 0xd0);
		assert_int_equal(command(&b, ns, nr, asdu), last ? R_NONE : R_DNP_NOT_SELECTED);
		iec_stop(&b);
	}
}

/* ---- joined in its middle, observed before ---- */

static void joined_late(void **state)
{
	(void)state;
	struct iec_bench b;
	iec_start(&b, &observe);
	join(&b);
	assert_int_equal(answer(&b, 500, 70, REPORT), R_NONE);
	assert_int_equal(say_s(&b, 0, 501), R_NONE);
	assert_int_equal(answer(&b, 501, 70, REPORT), R_NONE);
	assert_int_equal(answer(&b, 503, 70, REPORT), R_UA_SEQUENCE);
	assert_int_equal(command(&b, 70, 504, GI), R_NONE); /* taken from what was seen */
	assert_int_equal(command(&b, 71, 505, GI), R_IEC_RECEIVE_NUMBER);
	assert_int_equal(command(&b, 72, 505, GI), R_NONE);
	/* enforced from now on: nobody saw its beginning, as of every protocol */
	iec_policy(&b, &enforce);
	assert_int_equal(command(&b, 73, 505, ON), R_STREAM_GAP);
	assert_true(b.line[0].ended);
	iec_stop(&b);
}

/* What would have ended it was only observed: the numbers are learned anew, a select is not kept.
 */
static void observed_and_enforced(void **state)
{
	(void)state;
	struct iec_bench b;
	iec_start(&b, &observe);
	open_line(&b, 0);
	selected_first(&b);
	assert_int_equal(command(&b, 7, 1, GI), R_UA_SEQUENCE);
	iec_policy(&b, &enforce);
	assert_int_equal(command(&b, 8, 1, SELECT("02")), R_DNP_NOT_SELECTED);
	iec_stop(&b);
	/* so is what some station may have taken for STOPDT */
	iec_start(&b, &observe);
	open_line(&b, 0);
	assert_int_equal(say_u(&b, 0, 0x17), R_IEC_CONTROL);
	iec_policy(&b, &enforce);
	assert_int_equal(command(&b, 0, 0, ON), R_UA_STATE);
	iec_stop(&b);
}

/* Not followed from its beginning, and enforced: as every protocol's. */
static void joined_under_enforcement(void **state)
{
	(void)state;
	struct iec_bench b;
	iec_start(&b, &enforce);
	join(&b);
	assert_int_equal(answer(&b, 500, 70, REPORT), R_STREAM_GAP);
	assert_true(b.line[0].ended);
	iec_stop(&b);
}

/* ---- segments ---- */

enum { STREAM = 512 };

/* What a master says at once, with answers to nothing yet. The second length has what is refused
 * behind it. */
static size_t master_says(uint8_t *p, bool refused)
{
	size_t n = iec_u(p, IEC_STARTDT_ACT);
	n += iec_i(p + n, 0, 0, GI);
	n += iec_i(p + n, 1, 0, "32 01 06 68 0100 e80300 00006842 00"); /* 0x68 everywhere */
	n += iec_u(p + n, IEC_TESTFR_ACT);
	n += iec_i(p + n, 2, 0, ON);
	if (refused)
		n += iec_i(p + n, 3, 0, "69 01 06 00 0100 000000 01");
	return n;
}

/* The stream in three pieces, cut at every two places. Every station acts on all that is permitted,
 * once, and on nothing else; none is left with a start octet. */
static void every_split(void **state)
{
	(void)state;
	uint8_t stream[STREAM];
	for (unsigned refused = 0; refused < 2; refused++) {
		size_t n = master_says(stream, refused), good = master_says(stream, false);
		master_says(stream, refused);
		for (size_t i = 1; i < n; i++)
			for (size_t k = i; k <= n; k++) {
				struct iec_bench b;
				iec_start(&b, &enforce);
				iec_connect(&b);
				iec_packet(&b, 0, TCP_ACK, stream, i);
				if (k > i)
					iec_packet(&b, 0, TCP_ACK, stream + i, k - i);
				if (n > k)
					iec_packet(&b, 0, TCP_ACK, stream + k, n - k);
				/* what comes in one segment with what is refused is judged, and
				 * goes nowhere */
				bool whole = !refused || (k < n ? k : i) >= good;
				if (b.fault || b.line[0].ended != refused ||
				    b.n_acted > 3 * STATION_KINDS ||
				    (whole && b.n_acted != 3 * STATION_KINDS) ||
				    (!refused && !b.station[0].line[0].open))
					fail_msg("cut at %zu and %zu: %s, ended %d, %u acts", i, k,
						 b.fault ? b.fault : "", b.line[0].ended,
						 b.n_acted);
				iec_stop(&b);
			}
	}
}

static void octet_by_octet(void **state)
{
	(void)state;
	uint8_t stream[STREAM];
	size_t n = master_says(stream, false);
	struct iec_bench b;
	iec_start(&b, &enforce);
	iec_connect(&b);
	for (size_t i = 0; i < n; i++) {
		iec_packet(&b, 0, TCP_ACK, stream + i, 1);
		assert_int_equal(b.reason, R_NONE);
	}
	assert_null(b.fault);
	assert_int_equal(b.n_acted, 3 * STATION_KINDS);
	for (unsigned k = 0; k < STATION_KINDS; k++)
		assert_true(b.station[k].line[0].open);
	iec_stop(&b);
}

/* Set-points whose octets are 0x68 where they can be, so that cuts fall behind one. */
static size_t many(uint8_t *p, unsigned from, unsigned count)
{
	size_t n = 0;
	for (unsigned i = from; i < from + count; i++)
		n += iec_i(p + n, i, 0, "32 01 06 00 0100 e80300 00006842 00");
	return n;
}

/* What was kept goes out with a packet that is too small for both: a part waits, and what goes
 * first does not end behind a start octet. */
static void too_much_for_a_packet(void **state)
{
	(void)state;
	uint8_t p[1400];
	const size_t one = many(p, 0, 1);
	for (size_t kept = 1; kept < one; kept++) {
		struct iec_bench b;
		iec_start(&b, &(struct iec_rules){ .k = 100 });
		open_line(&b, 0);
		size_t n = many(p, 0, 60);
		iec_packet(&b, 0, TCP_ACK, p, kept);
		iec_packet(&b, 0, TCP_ACK, p + kept, n - kept);
		/* its sender repeats what is not acknowledged */
		for (unsigned i = 0; i < 4 && b.line[0].seq[0] != b.line[0].next[1]; i++) {
			uint32_t left = b.line[0].seq[0] - b.line[0].next[1];
			iec_packet(&b, 1, TCP_ACK, NULL, 0);
			b.line[0].seq[0] -= left;
			iec_packet(&b, 0, TCP_ACK, p + n - left, left);
		}
		if (b.fault || b.n_acted != 60 * STATION_KINDS || !b.station[0].line[0].open)
			fail_msg("%zu kept: %s, %u acts", kept, b.fault ? b.fault : "", b.n_acted);
		iec_stop(&b);
	}
}

/* A segment that ended in the middle of a frame, repeated when what the gate made of it was lost.
 */
static void repeated_in_parts(void **state)
{
	(void)state;
	uint8_t p[200];
	size_t n = many(p, 0, 4);
	for (size_t cut = 1; cut < n; cut++) {
		struct iec_bench b;
		iec_start(&b, &enforce);
		open_line(&b, 0);
		b.loses = true;
		iec_packet(&b, 0, TCP_ACK, p, cut);
		iec_packet(&b, 0, TCP_ACK, p + cut, n - cut);
		b.loses = false;
		b.line[0].seq[0] -= (uint32_t)n;
		iec_packet(&b, 0, TCP_ACK, p, cut);
		iec_packet(&b, 0, TCP_ACK, p + cut, n - cut);
		if (b.fault || b.n_acted != 4 * STATION_KINDS || !b.station[0].line[0].open)
			fail_msg("cut at %zu: %s, %u acts", cut, b.fault ? b.fault : "", b.n_acted);
		iec_stop(&b);
	}
}

/* A keep-alive is an octet, often zero, in the place of the last one, which was acknowledged. Where
 * it was not, its place is taken by nothing else. */
static void keep_alives(void **state)
{
	(void)state;
	struct iec_bench b;
	const uint8_t zero = 0;
	iec_start(&b, &enforce);
	open_line(&b, 0);
	for (unsigned from = 0; from < 2; from++) {
		assert_int_equal(from ? answer(&b, 0, 1, REPORT) : command(&b, 0, 0, GI), R_NONE);
		b.line[0].seq[from]--;
		iec_packet(&b, from, TCP_ACK, &zero, 1);
		assert_int_equal(b.reason, R_OVERLAP);
		assert_int_equal(b.verdict, V_DROP);
		iec_packet(&b, !from, TCP_ACK, NULL, 0);
		b.line[0].seq[from]--;
		iec_packet(&b, from, TCP_ACK, &zero, 1);
		assert_int_equal(b.reason, R_NONE);
		assert_int_equal(b.verdict, V_ACCEPT);
		assert_false(b.line[0].ended);
	}
	assert_int_equal(command(&b, 1, 1, ON), R_NONE);
	assert_int_equal(b.n_acted, 2 * STATION_KINDS);
	assert_null(b.fault);
	iec_stop(&b);
}

/* Whatever is not finished has a record with what is known of it. */
static void unfinished(void **state)
{
	(void)state;
	struct iec_bench b;
	uint8_t p[64];
	size_t n = iec_i(p, 0, 0, ON);
	iec_start(&b, &enforce);
	open_line(&b, 0);
	iec_packet(&b, 0, TCP_ACK, p, n - 1);
	assert_int_equal(b.reason, R_NONE);
	iec_packet(&b, 0, TCP_ACK | TCP_FIN, NULL, 0);
	assert_int_equal(b.reason, R_UNFINISHED);
	assert_int_equal(b.last.proto, PROTO_IEC104);
	assert_int_equal(EV_IEC104(&b.last)->type, 45);
	assert_int_equal(EV_IEC104(&b.last)->ioa, 1000);
	assert_int_equal(b.n_acted, 0);
	iec_stop(&b);
}

/* The side that accepts the connection sends the commands, where the model says so. */
static void reversed(void **state)
{
	(void)state;
	struct iec_bench b;
	iec_start(&b, &(struct iec_rules){ .reversed = true });
	iec_connect(&b);
	assert_int_equal(say_u(&b, 1, IEC_STARTDT_ACT), R_NONE);
	assert_int_equal(say_u(&b, 0, IEC_STARTDT_CON), R_NONE);
	assert_int_equal(answer(&b, 0, 0, ON), R_NONE);
	assert_int_equal(command(&b, 0, 1, REPORT), R_NONE);
	assert_int_equal(command(&b, 1, 1, ON), R_IEC_CAUSE);
	iec_stop(&b);
}

/* A reload says that the other end is the master: what was started and selected was so by this one.
 */
static void another_master(void **state)
{
	(void)state;
	struct iec_bench b;
	iec_start(&b, &enforce);
	open_line(&b, 0);
	selected_first(&b);
	iec_policy(&b, &(struct iec_rules){ .reversed = true });
	assert_int_equal(answer(&b, 1, 1, SELECT("02")), R_UA_STATE);
	assert_true(b.line[0].ended);
	iec_stop(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_talk),
		cmocka_unit_test(every_talk_observed),
		cmocka_unit_test(windows),
		cmocka_unit_test(numbers_come_round),
		cmocka_unit_test(first_number_is_one),
		cmocka_unit_test(first_number_comes_round),
		cmocka_unit_test(every_select),
		cmocka_unit_test(select_of_another),
		cmocka_unit_test(selects_have_a_bound),
		cmocka_unit_test(joined_late),
		cmocka_unit_test(observed_and_enforced),
		cmocka_unit_test(joined_under_enforcement),
		cmocka_unit_test(every_split),
		cmocka_unit_test(octet_by_octet),
		cmocka_unit_test(too_much_for_a_packet),
		cmocka_unit_test(repeated_in_parts),
		cmocka_unit_test(keep_alives),
		cmocka_unit_test(unfinished),
		cmocka_unit_test(reversed),
		cmocka_unit_test(another_master),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
