/* SPDX-License-Identifier: MIT
 * Records that stand for many events: each distinct value is in them, or counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/modbus/facts.h"
#include "proto/dnp3/facts.h"
#include "record-plant.h"
#include "record/record.h"
#include "record/varied.h"

#define SEC 1000000000ull

/* What varied_each() says, as NAME=VALUE and spaces. */
struct said {
	char text[16384];
	size_t n;
};

static void say_word(void *ctx, const char *key, const char *v)
{
	struct said *s = ctx;
	s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, "%s=%s;", key, v);
}

static void say_number(void *ctx, const char *key, uint64_t v)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	say_word(ctx, key, text);
}

static const char *said_of(struct said *s, const struct varied *v)
{
	const struct fact_sink to = {
		.ctx = s, .num = say_number, .word = say_word, .text = say_word
	};
	s->n = 0;
	s->text[0] = '\0';
	varied_each(v, &to);
	return s->text;
}

static struct event written(uint16_t addr, uint16_t qty, uint16_t value)
{
	struct event ev = { .time_ns = 1700000000ull * SEC,
			    .generation = 1,
			    .kind = EV_VIOLATION,
			    .verdict = V_DROP,
			    .l4 = 6,
			    .reason = R_FUNCTION,
			    .sport = 40000,
			    .dport = 502,
			    .proto = PROTO_MODBUS };
	*EV_MODBUS(&ev) = (struct ev_modbus){ .unit = 1,
					      .fc = 16,
					      .has = EVH_FC | EVH_ADDR | EVH_VALUE,
					      .addr = addr,
					      .qty = qty,
					      .value = value };
	assert_true(addr_parse("10.1.0.10", &ev.src));
	assert_true(addr_parse("10.2.0.20", &ev.dst));
	return ev;
}

static void add_written(struct varied *v, uint16_t addr, uint16_t qty, uint16_t value)
{
	struct event ev = written(addr, qty, value);
	varied_add(v, &ev);
}

/* Ranges come together where no number is between them, whatever the order. */
static void test_ranges(void **state)
{
	(void)state;
	static const struct {
		uint16_t at[8][2]; /* address, quantity; 0: no more */
		const char *want;
	} rows[] = {
		{ { { 5, 1 }, { 5, 1 } }, "" },
		{ { { 5, 2 }, { 5, 2 } }, "address_all=5-6;" },
		{ { { 5, 1 }, { 6, 1 } }, "address_all=5-6;" },
		{ { { 6, 1 }, { 5, 1 } }, "address_all=5-6;" },
		{ { { 5, 1 }, { 7, 1 } }, "address_all=5,7;" },
		{ { { 7, 1 }, { 5, 1 }, { 6, 1 } }, "address_all=5-7;" },
		{ { { 0, 1 }, { 65535, 1 } }, "address_all=0,65535;" },
		{ { { 10, 5 }, { 20, 5 }, { 30, 5 }, { 12, 20 } }, "address_all=10-34;" },
		{ { { 10, 5 }, { 20, 5 }, { 30, 5 }, { 15, 5 } }, "address_all=10-24,30-34;" },
		{ { { 30, 5 }, { 10, 5 }, { 20, 5 }, { 25, 5 } }, "address_all=10-14,20-34;" },
		{ { { 10, 20 }, { 12, 3 } }, "address_all=10-29;" },
		{ { { 9, 1 }, { 0, 9 }, { 65535, 1 }, { 10, 65525 } }, "address_all=0-65535;" },
	};
	struct varied *v = calloc(1, sizeof(*v));
	struct said said;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		varied_clear(v);
		for (unsigned k = 0; k < 8 && rows[i].at[k][1]; k++)
			add_written(v, rows[i].at[k][0], rows[i].at[k][1], 7);
		assert_string_equal(said_of(&said, v), rows[i].want);
	}
	free(v);
}

/* Against a plain list of all that was added: nothing is there that was not, and what is missing
 * is counted. */
static void test_against_a_set(void **state)
{
	(void)state;
	enum { ROUNDS = 300, EVENTS = 60, SPAN = 200 };
	struct varied *v = calloc(1, sizeof(*v));
	uint32_t seed = 3;
	for (unsigned round = 0; round < ROUNDS; round++) {
		bool has[SPAN] = { false }, told[SPAN] = { false };
		varied_clear(v);
		for (unsigned k = 0; k < EVENTS; k++) {
			seed = seed * 1664525u + 1013904223u;
			uint16_t value = (uint16_t)((seed >> 16) % SPAN);
			has[value] = true;
			add_written(v, 1, 1, value);
		}
		const struct varied_field *f = v->field;
		while (strcmp(f->name, "value") != 0)
			f++;
		assert_in_range(f->n, 1, VARIED_RANGES);
		for (unsigned i = 0; i < f->n; i++) {
			assert_true(f->range[i].from <= f->range[i].to);
			assert_true(i == 0 || f->range[i - 1].to + 1 < f->range[i].from);
			for (uint64_t n = f->range[i].from; n <= f->range[i].to; n++)
				told[n] = true;
		}
		unsigned missing = 0;
		for (unsigned n = 0; n < SPAN; n++) {
			assert_true(has[n] || !told[n]);
			missing += has[n] && !told[n];
		}
		assert_true(missing <= f->more && (missing != 0) == (f->more != 0));
		assert_int_equal(f->seen, EVENTS);
	}
	free(v);
}

/* Texts as they are, up to the room there is; the number of the others. */
static void test_texts(void **state)
{
	(void)state;
	struct varied *v = calloc(1, sizeof(*v));
	struct said said;
	struct event ev = written(0, 1, 0);
	ev.proto = PROTO_DNP3;
	for (unsigned i = 0; i < 200; i++) {
		*EV_DNP3(&ev) = (struct ev_dnp3){
			.src = 1, .dst = 2, .has = EVD_APP | EVD_VALUE, .value = i % 100
		};
		varied_add(v, &ev);
	}
	const char *got = strstr(said_of(&said, v), "value_all=0 | 1 | 2 | ");
	assert_non_null(got);
	/* 10 of two octets and 78 of three are 254 of 256 */
	assert_non_null(strstr(got, " | 87;value_more=24;"));
	free(v);
}

struct lines {
	unsigned n;
	char last[8192];
};

static void take_line(void *ctx, int priority, const char *line)
{
	struct lines *l = ctx;
	(void)priority;
	l->n++;
	snprintf(l->last, sizeof(l->last), "%s", line);
}

/* Forty writes to forty places from as many ports: the second record has all but the first, which
 * has a record of its own; and the next window begins with nothing. */
static void test_record(void **state)
{
	(void)state;
	char path[] = "/tmp/test-varied.XXXXXX", text[16384];
	assert_true(close(mkstemp(path)) == 0);
	struct lines lines = { 0 };
	const struct output_keys outputs[] = { { .type = OUTPUT_CALL },
					       { .type = OUTPUT_JSON, .file = path } };
	struct record_conf c = {
		.outputs = outputs, .n_outputs = 2, .sink = take_line, .sink_ctx = &lines
	};
	struct record *r = record_open(&c);
	struct pol_image *img = record_plant();
	for (unsigned i = 0; i < 40; i++) {
		struct event ev = written((uint16_t)(100 + 2 * (i / 20) + i), 1, (uint16_t)(i % 2));
		ev.sport = (uint16_t)(40000 + i);
		ev.time_ns += i * SEC / 100;
		record_event(r, img, &ev, 0);
	}
	assert_int_equal(lines.n, 1);
	assert_null(strstr(lines.last, "_all="));
	record_tick(r, img, 11 * SEC);
	assert_int_equal(lines.n, 2);
	assert_non_null(strstr(lines.last, " repeated=39 since=2023-11-14T22:13:20.010Z "
					   "sport_all=40001-40039 "));
	assert_non_null(strstr(lines.last, " address_all=101-119,122-141 value_all=0-1"));
	assert_null(strstr(lines.last, "unit_all"));
	struct event again = written(7, 1, 7);
	record_event(r, img, &again, 11 * SEC);
	record_tick(r, img, 22 * SEC);
	assert_int_equal(lines.n, 3);
	assert_non_null(strstr(lines.last, " repeated=1 since="));
	assert_null(strstr(lines.last, "_all="));
	record_close(r);
	FILE *f = fopen(path, "r");
	for (unsigned i = 0; i < 2; i++)
		assert_non_null(fgets(text, sizeof(text), f));
	json_t *o = json_loads(text, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "address_all")),
			    "101-119,122-141");
	assert_int_equal(json_integer_value(json_object_get(o, "repeated")), 39);
	json_decref(o);
	fclose(f);
	unlink(path);
	free(img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_against_a_set),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
