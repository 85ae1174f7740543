/* SPDX-License-Identifier: MIT
 * Records: what a line says, that nothing breaks it, and that counts are exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "compile/policy_build.h"
#include "proto/modbus/facts.h"
#include "proto/modbus/words.h"
#include "record/aggregate.h"
#include "record/expected.h"
#include "record/cap.h"
#include "record/line.h"
#include "record-sink.h"

static void test_line(void **state)
{
	(void)state;
	char text[2048];
	struct pol_image *img = image(7, "/etc/zoned/plant.conf");
	struct event ev = write_refused();
	struct sb b = sb_init(text, sizeof(text));
	record_line(&b, &(struct event_view){ .img = img, .ev = &ev });
	assert_string_equal(
		text,
		"write-multiple-registers refused from 10.1.0.10 to 10.2.0.20 on conduit hmi-cell: "
		"the policy does not allow this function code: time=2023-11-14T22:13:20.042Z "
		"event=violation gen=7 "
		"verdict=drop reason=function-not-allowed conduit=hmi-cell policy=reads "
		"from_zone=hmi to_zone=cell "
		"src=10.1.0.10 sport=40000 dst=10.2.0.20 dport=502 proto=modbus dir=request tid=9 "
		"unit=1 fc=16 "
		"function=write-multiple-registers address=100-104 value=77 "
		"expected=\"read-holding-registers\" came=\"write-multiple-registers\" "
		"rule=\"/etc/zoned/plant.conf:31\"");
	free(img);
}

/* What of an answer is not as expected; of data no numbers; and a field that nobody has. */
static void test_difference(void **state)
{
	(void)state;
	static const struct {
		uint8_t field;
		uint16_t expected, received;
		const char *end;
	} rows[] = {
		{ MB_F_UNIT, 1, 9,
		  " field=unit field_expected=1 field_received=9 expected=\"unit 1\" came=\"unit "
		  "9\" rule=" },
		{ MB_F_VALUE, 5119, 5000,
		  " field=value field_expected=5119 field_received=5000 expected=\"value 5119\" "
		  "came=\"value 5000\" rule=" },
		{ MB_F_DATA, 0, 0,
		  " exception=3 field=data expected=\"data as in the request\" came=\"another "
		  "data\" rule=" },
		{ 200, 0, 1,
		  " field=? field_expected=0 field_received=1 expected=\"? 0\" came=\"? 1\" "
		  "rule=" },
	};
	struct pol_image *img = image(7, "plant.conf");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[64], text[2048];
		struct sink s;
		struct event ev = write_refused();
		temp_name(path);
		ev.reason = R_RESPONSE_MISMATCH;
		ev.response = 1;
		EV_MODBUS(&ev)->exc = 3;
		EV_MODBUS(&ev)->has |= EVH_FIELD | EVH_EXC;
		EV_MODBUS(&ev)->field = rows[i].field;
		EV_MODBUS(&ev)->expected = rows[i].expected;
		EV_MODBUS(&ev)->received = rows[i].received;
		struct sb b = sb_init(text, sizeof(text));
		record_line(&b, &(struct event_view){ .img = img, .ev = &ev });
		assert_non_null(strstr(text, rows[i].end));
		struct record *r = open_to(&s, path);
		record_event(r, img, &ev, 0);
		record_close(r);
		json_t *o = json_loads(slurp(path), 0, NULL);
		assert_string_equal(json_string_value(json_object_get(o, "field")),
				    mb_field_name(rows[i].field));
		assert_int_equal(json_object_get(o, "field_expected") != NULL,
				 rows[i].expected != rows[i].received);
		assert_int_equal(json_integer_value(json_object_get(o, "field_expected")),
				 rows[i].expected);
		assert_int_equal(json_integer_value(json_object_get(o, "field_received")),
				 rows[i].received);
		json_decref(o);
		unlink(path);
	}
	free(img);
}

static void test_refused_flow(void **state)
{
	(void)state;
	char text[2048];
	struct pol_image *img = image(7, "plant.conf");
	struct event ev = { .generation = 7,
			    .kind = EV_REFUSED_FLOW,
			    .verdict = V_DROP,
			    .l4 = 17,
			    .sport = 5000,
			    .dport = 161,
			    .reason = R_NO_CONDUIT,
			    .flow_id = 0xffff,
			    .rule = 0xffff };
	assert_true(addr_parse("10.2.0.20", &ev.src));
	assert_true(addr_parse("192.0.2.1", &ev.dst));
	struct sb b = sb_init(text, sizeof(text));
	record_line(&b, &(struct event_view){ .img = img, .ev = &ev });
	assert_string_equal(text,
			    "flow refused from zone cell (10.2.0.20) to zone unknown "
			    "(192.0.2.1): no conduit permits "
			    "this connection between the two zones: "
			    "time=1970-01-01T00:00:00.000Z event=refused-flow gen=7 verdict=drop "
			    "reason=no-conduit from_zone=cell to_zone=unknown src=10.2.0.20 "
			    "sport=5000 dst=192.0.2.1 dport=161 "
			    "proto=udp dir=request "
			    "expected=\"a conduit from zone cell to zone unknown with UDP port "
			    "161\" came=\"UDP port 161, which none has\"");
	free(img);
}

static void test_json(void **state)
{
	(void)state;
	char path[64];
	struct sink s;
	temp_name(path);
	/* a path no line could hold as it is, and that is no UTF-8 */
	struct pol_image *img = image(7, "a\nb\"c\\d\xff");
	struct record *r = open_to(&s, path);
	struct event ev = write_refused();
	record_event(r, img, &ev, 0);
	record_close(r);
	json_t *o = json_loads(slurp(path), 0, NULL);
	assert_non_null(o);
	static const struct {
		const char *key, *text;
	} want[] = {
		{ "time", "2023-11-14T22:13:20.042Z" },
		{ "event", "violation" },
		{ "verdict", "drop" },
		{ "reason", "function-not-allowed" },
		{ "conduit", "hmi-cell" },
		{ "policy", "reads" },
		{ "from_zone", "hmi" },
		{ "to_zone", "cell" },
		{ "src", "10.1.0.10" },
		{ "dst", "10.2.0.20" },
		{ "proto", "modbus" },
		{ "dir", "request" },
		{ "function", "write-multiple-registers" },
		{ "address", "100-104" },
		{ "rule", "a\\x0ab\\x22c\\x5cd\\xff:31" },
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_string_equal(json_string_value(json_object_get(o, want[i].key)),
				    want[i].text);
	assert_int_equal(json_integer_value(json_object_get(o, "value")), 77);
	assert_int_equal(json_integer_value(json_object_get(o, "fc")), 16);
	assert_non_null(strstr(s.first, "rule=\"a\\x0ab\\x22c\\x5cd\\xff:31\""));
	json_decref(o);
	free(img);
	unlink(path);
}

/* An inspector that was taken over may send anything: still one clean line,
 * and an object with the same facts. */
static void test_any_event(void **state)
{
	(void)state;
	char path[64];
	struct sink s;
	uint32_t seed = 7;
	temp_name(path);
	struct pol_image *img = image(7, "plant.conf");
	struct record *r = open_to(&s, path);
	for (unsigned i = 0; i < 2000; i++) {
		struct event ev;
		unsigned char *p = (unsigned char *)&ev;
		for (size_t j = 0; j < sizeof(ev); j++) {
			seed = seed * 1664525u + 1013904223u;
			p[j] = (unsigned char)(seed >> 24);
		}
		if (i & 1)
			ev.generation = 7;
		record_event(r, img, &ev, i * SEC);
		const char *line = s.n > 1 ? s.last : s.first;
		for (; *line; line++)
			assert_in_range((unsigned char)*line, 0x20, 0x7e);
	}
	record_close(r);
	assert_int_equal(s.n, 2000);
	size_t objects = 0;
	char *save = NULL, *text = slurp(path);
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), objects++) {
		json_t *o = json_loads(line, 0, NULL);
		assert_non_null(o);
		json_decref(o);
	}
	assert_int_equal(objects, 2000);
	free(img);
	unlink(path);
}

static void test_repeats(void **state)
{
	(void)state;
	struct sink s;
	struct pol_image *img = image(7, "plant.conf");
	struct record *r = open_to(&s, NULL);
	struct event ev = write_refused();
	for (uint16_t i = 0; i < 1000; i++) {
		/* no part of what makes events the same */
		EV_MODBUS(&ev)->tid = EV_MODBUS(&ev)->addr = ev.sport = i;
		record_event(r, img, &ev, i);
	}
	assert_int_equal(s.n, 1);
	record_tick(r, img, 10 * SEC - 1);
	assert_int_equal(s.n_repeated, 0);
	record_tick(r, img, 10 * SEC);
	assert_int_equal(s.n_repeated, 1);
	assert_int_equal(s.repeated, 999);
	/* it goes on: no first line again, one count per window */
	record_event(r, img, &ev, 11 * SEC);
	assert_int_equal(s.n, 1);
	record_tick(r, img, 20 * SEC);
	assert_int_equal(s.repeated, 1000);
	/* a quiet window ends it: the next one is news */
	record_tick(r, img, 30 * SEC);
	assert_int_equal(s.n_repeated, 2);
	record_event(r, img, &ev, 31 * SEC);
	assert_int_equal(s.n, 2);
	record_close(r);
	free(img);
}

static void test_keys(void **state)
{
	(void)state;
	struct sink s;
	struct pol_image *img = image(7, "plant.conf");
	struct record *r = open_to(&s, NULL);
	struct event base = write_refused(), ev[9];
	for (size_t i = 0; i < 9; i++)
		ev[i] = base;
	EV_MODBUS(&ev[1])->fc = 6;
	EV_MODBUS(&ev[2])->unit = 2;
	ev[3].reason = R_ADDRESS;
	ev[4].src.b[3] = 11;
	ev[5].dst.b[3] = 21;
	ev[6].flow_id = 0xffff;
	ev[7].verdict = V_RESET;
	ev[8].response = 1;
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < 9; i++)
			record_event(r, img, &ev[i], 0);
	assert_int_equal(s.n, 9);
	record_flush(r, img, 0);
	assert_int_equal(s.repeated, 9);
	record_event(r, img, &base, 0); /* a flush forgets: the next one is news */
	assert_int_equal(s.n, 10);
	record_close(r);
	free(img);
}

/* Of another interface it is another thing; who does not know the interface behind the gate may be
 * any of them. */
static void test_interfaces(void **state)
{
	(void)state;
	static const struct {
		uint32_t in, out;
		bool merged;
	} rows[] = { { 2, 3, false }, { 2, 3, true }, { 4, 3, false },
		     { 2, 5, false }, { 2, 0, true }, { 4, 0, true },
		     { 6, 0, false }, { 6, 3, true }, { 0, 3, false } };
	struct agg *a = calloc(1, sizeof(*a));
	assert_non_null(a);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct event ev = write_refused();
		ev.in = rows[i].in;
		ev.out = rows[i].out;
		assert_int_equal(agg_add(a, &ev, 0), rows[i].merged);
	}
	free(a);
}

/* What is expected has room for EXPECTED_TEXT, and ends behind a whole part of a longer list. */
static void test_long_list(void **state)
{
	(void)state;
	struct range v[85];
	struct modbus_allow allow = { .at = { "plant.conf", 31 },
				      .functions = { 8 },
				      .units = { .v = v, .set = true },
				      .addresses = { .any = true, .set = true } };
	struct event ev = write_refused();
	char whole[8192];
	struct sb b = sb_init(whole, sizeof(whole));
	ev.reason = R_UNIT;
	sb_puts(&b, "units ");
	for (size_t n = 1; n <= 85; n++) {
		struct expected x;
		v[n - 1] = (struct range){ (uint32_t)(3 * n), (uint32_t)(3 * n) };
		sb_printf(&b, "%s%zu", n > 1 ? ", " : "", 3 * n);
		allow.units.n = n;
		struct pol_image *img = image_of(7, &allow);
		const struct expected_case c = { .img = img,
						 .ev = &ev,
						 .flow = policy_flow(img, 0),
						 .rule = policy_rule(img, PROTO_MODBUS, 0) };
		event_expected(&c, &x);
		size_t kept = strcspn(x.expected, "a"); /* ", and more" */
		if (b.len < EXPECTED_TEXT) {
			assert_string_equal(x.expected, whole);
		} else {
			assert_string_equal(x.expected + kept, "and more");
			assert_memory_equal(x.expected, whole, kept);
			assert_in_range(kept, EXPECTED_TEXT - 18, EXPECTED_TEXT - 1);
		}
		free(img);
	}
	assert_true(b.len > EXPECTED_TEXT + 50);
}

static void add_up(void *ctx, const struct agg_slot *s)
{
	assert_int_equal(s->repeats, 1);
	++*(unsigned *)ctx;
}

/* Slots that lie close together stay apart. */
static void test_neighbours(void **state)
{
	(void)state;
	struct agg *a = calloc(1, sizeof(*a));
	unsigned told = 0;
	assert_non_null(a);
	for (int round = 0; round < 2; round++)
		for (unsigned unit = 0; unit < 256; unit++) {
			struct event ev = write_refused();
			EV_MODBUS(&ev)->unit = (uint8_t)unit;
			assert_int_equal(agg_add(a, &ev, 0), round);
		}
	agg_sweep(a, 0, true, add_up, &told);
	assert_int_equal(told, 256);
	free(a);
}

/* What repeats is told a part at a time: a thousand different things that one host repeats are no
 * thousand lines at once. */
static void test_repeats_in_parts(void **state)
{
	(void)state;
	struct agg *a = calloc(1, sizeof(*a));
	unsigned merged = 0, told = 0, most = 0;
	assert_non_null(a);
	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < 800; i++) {
			struct event ev = write_refused();
			EV_MODBUS(&ev)->unit = (uint8_t)i;
			ev.src.b[3] = (uint8_t)(i >> 8);
			merged += agg_add(a, &ev, 0);
		}
	for (unsigned i = 0; i < 20; i++) {
		unsigned before = told;
		agg_sweep(a, AGG_WINDOW_NS, false, add_up, &told);
		most = told - before > most ? told - before : most;
	}
	assert_int_equal(told, merged);
	assert_in_range(merged, 700, 800);
	assert_int_equal(most, AGG_TOLD);
	free(a);
}

/* More different events than the table holds, faster than the cap lets
 * through: every single one is in exactly one of the three totals. */
static void test_flood(void **state)
{
	(void)state;
	struct sink s;
	struct record_stats st;
	struct pol_image *img = image(7, "plant.conf");
	struct record *r = open_to(&s, NULL);
	uint64_t now = 0;
	for (uint32_t i = 0; i < 300000; i++, now += SEC / 10000) {
		struct event ev = write_refused();
		uint32_t src = (i * 2654435761u) % 5000;
		memcpy(ev.src.b, &src, sizeof(src));
		record_event(r, img, &ev, now);
		if (i % 10000 == 0)
			record_tick(r, img, now);
	}
	record_flush(r, img, now);
	record_stats(r, &st);
	assert_int_equal(st.events, 300000);
	assert_int_equal(st.written, s.n);
	assert_int_equal(st.repeated, s.repeated);
	assert_int_equal(st.suppressed, s.suppressed);
	assert_int_equal(s.n + s.repeated + s.suppressed, 300000);
	assert_true(s.suppressed > 0 && s.repeated > 0);
	/* burst, then 50 a second; what is kept for others may be left */
	assert_in_range(s.n, CAP_BURST + 30 * CAP_RATE - CAP_KEPT, CAP_BURST + 30 * CAP_RATE + 1);
	record_close(r);
	free(img);
}

/* log = "all": each message is written, and cannot push a refusal out. */
static void test_permitted(void **state)
{
	(void)state;
	struct sink s;
	struct pol_image *img = image(7, "plant.conf");
	struct record *r = open_to(&s, NULL);
	struct event ev = write_refused(), ok = ev;
	ok.kind = EV_MESSAGE;
	ok.reason = R_NONE;
	ok.verdict = V_ACCEPT;
	for (int i = 0; i < 100; i++)
		record_event(r, img, &ok, 0);
	assert_int_equal(s.n, 100);
	for (int i = 0; i < 900; i++)
		record_event(r, img, &ok, 0);
	size_t n = s.n;
	assert_in_range(n, CAP_BURST - CAP_KEPT, CAP_BURST);
	record_event(r, img, &ev, 0);
	assert_int_equal(s.n, n + 1);
	assert_non_null(strstr(s.last, "function-not-allowed"));
	record_flush(r, img, 0);
	assert_int_equal(s.suppressed, 1000 - n);
	record_close(r);
	free(img);
}

/* How many lines of this source there were, and how many the lines say are left out. */
struct of_source {
	const char *word;
	size_t lines;
	uint64_t suppressed, unnamed;
};

static void of_source(void *ctx, int priority, const char *line)
{
	struct of_source *s = ctx;
	const char *p = strstr(line, " suppressed=");
	(void)priority;
	if (p && strstr(line, s->word))
		s->suppressed += strtoull(p + 12, NULL, 10);
	else if (p && !strstr(line, " src="))
		s->unnamed += strtoull(p + 12, NULL, 10);
	else if (!p && !strstr(line, " repeated="))
		s->lines += strstr(line, s->word) != NULL;
}

static struct event kind_of(enum event_kind kind, bool v6)
{
	struct event ev = write_refused();
	ev.kind = (uint8_t)kind;
	ev.verdict = kind == EV_MESSAGE ? V_ACCEPT : V_DROP;
	if (kind == EV_REFUSED_FLOW)
		ev.flow_id = ev.rule = 0xffff;
	if (v6) {
		assert_true(addr_parse("fd00:1::1", &ev.src));
		assert_true(addr_parse("fd00:2::1", &ev.dst));
	}
	return ev;
}

/* A source that has a thousand different things a second refused (or logged) does not hide one that
 * has one. Nor does a /64 whose host takes another address each time; observed or refused is the
 * same. */
static void test_others_are_not_hidden(void **state)
{
	(void)state;
	static const enum event_kind kinds[] = { EV_VIOLATION, EV_MESSAGE, EV_REFUSED_FLOW };
	for (unsigned i = 0; i < 6; i++) {
		bool v6 = i & 1;
		struct of_source seen = { .word = v6 ? " src=fd00:77::2" : " src=10.1.0.77" };
		struct record_conf c = {
			.outputs = &sink_only, .n_outputs = 1, .sink = of_source, .sink_ctx = &seen
		};
		struct pol_image *img = image(7, "plant.conf");
		struct record *r = record_open(&c);
		struct event greedy = kind_of(kinds[i / 2], v6), seldom = greedy;
		assert_non_null(r);
		seldom.src = greedy.src;
		assert_true(addr_parse(v6 ? "fd00:77::2" : "10.1.0.77", &seldom.src));
		for (uint32_t k = 0; k < 60000; k++) {
			uint64_t now = k * (SEC / 1000);
			EV_MODBUS(&greedy)->fc = (uint8_t)(k * 2654435761u >> 8);
			EV_MODBUS(&greedy)->unit = (uint8_t)(k * 2654435761u >> 16);
			greedy.reason = (uint16_t)(R_NONE + 1 + k % 60);
			if (v6)
				greedy.src.b[15] = (uint8_t)k;
			record_event(r, img, &greedy, now);
			if (k % 1000 == 999) {
				seldom.reason = (uint16_t)(R_NONE + 1 + k / 1000);
				record_event(r, img, &seldom, now);
			}
			if (k % 500 == 0)
				record_tick(r, img, now);
		}
		record_flush(r, img, 60 * SEC);
		assert_int_equal(seen.lines, 60);
		assert_int_equal(seen.suppressed, 0);
		record_close(r);
		free(img);
	}
}

/* Nor does a crowd on another wire that gives the zone's addresses, this one's too. */
static void test_false_senders_hide_nobody(void **state)
{
	(void)state;
	struct of_source seen = { .word = "reason=no-conduit" };
	struct record_conf c = {
		.outputs = &sink_only, .n_outputs = 1, .sink = of_source, .sink_ctx = &seen
	};
	struct pol_image *img = image(7, "plant.conf");
	struct record *r = record_open(&c);
	struct event own = kind_of(EV_REFUSED_FLOW, false), ev = own;
	for (uint32_t k = 0; k < 60000; k++) {
		ev.reason = k % 1000 ? R_SPOOFED : R_NO_CONDUIT;
		ev.src.b[3] = k % 1000 ? (uint8_t)(k % 100) : own.src.b[3];
		ev.dst.b[3] = (uint8_t)(k / 250);
		record_event(r, img, &ev, k * (SEC / 1000));
	}
	assert_int_equal(seen.lines, 60);
	record_close(r);
	free(img);
}

/* What is left out is said of whom. */
static void test_suppressed_is_named(void **state)
{
	(void)state;
	struct of_source seen = { .word = " conduit=hmi-cell src=10.1.0.10 " };
	struct record_conf c = {
		.outputs = &sink_only, .n_outputs = 1, .sink = of_source, .sink_ctx = &seen
	};
	struct pol_image *img = image(7, "plant.conf");
	struct record *r = record_open(&c);
	struct record_stats st;
	assert_non_null(r);
	for (unsigned i = 0; i < 2000; i++) {
		struct event ev = write_refused();
		ev.kind = EV_MESSAGE;
		record_event(r, img, &ev, 0);
	}
	record_tick(r, img, 0);
	record_stats(r, &st);
	assert_in_range(seen.suppressed, 2000 - CAP_BURST, 2000 - (CAP_BURST - CAP_KEPT));
	assert_int_equal(seen.suppressed, st.suppressed);
	assert_int_equal(seen.unnamed, 0);
	record_close(r);
	free(img);
}

/* Numbers of another generation mean other conduits: no name is better. */
static void test_generation(void **state)
{
	(void)state;
	struct sink s;
	struct pol_image *img = image(8, "plant.conf");
	struct record *r = open_to(&s, NULL);
	struct event ev = write_refused();
	record_event(r, img, &ev, 0);
	assert_non_null(strstr(s.first, "gen=7"));
	assert_null(strstr(s.first, "hmi-cell"));
	assert_null(strstr(s.first, "rule="));
	record_close(r);
	free(img);
}

/* What is written has an id that nothing else has, now or after another start, and what is only
 * counted has none. */
static void test_ids(void **state)
{
	(void)state;
	struct sink s;
	char first[RECORD_ID], with[RECORD_ID + 8];
	struct pol_image *img = image(7, "plant.conf");
	struct record *r = open_to(&s, NULL);
	struct event ev = write_refused();
	const struct record_written *w = record_event(r, img, &ev, 0);
	assert_non_null(w);
	snprintf(first, sizeof(first), "%s", w->id);
	snprintf(with, sizeof(with), " id=%s ", first);
	assert_non_null(strstr(s.first, with));
	assert_string_equal(w->line, s.first);
	assert_int_equal(strspn(first, "0123456789abcdef"), 12);
	assert_string_equal(first + 12, "-1");
	assert_null(record_event(r, img, &ev, 1)); /* repeated */
	ev.sport++;
	ev.dst.b[3]++;
	w = record_event(r, img, &ev, 2);
	assert_non_null(w);
	assert_memory_equal(w->id, first, 12);
	assert_string_equal(w->id + 12, "-2");
	record_close(r);
	r = open_to(&s, NULL);
	w = record_event(r, img, &ev, 3);
	assert_non_null(w);
	assert_memory_not_equal(w->id, first, 12);
	record_close(r);
	free(img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_difference),
		cmocka_unit_test(test_refused_flow),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_any_event),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_repeats_in_parts),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_permitted),
		cmocka_unit_test(test_others_are_not_hidden),
		cmocka_unit_test(test_suppressed_is_named),
		cmocka_unit_test(test_false_senders_hide_nobody),
		cmocka_unit_test(test_generation),
		cmocka_unit_test(test_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
