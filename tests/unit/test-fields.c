/* SPDX-License-Identifier: MIT
 * Fields of events that do not apply: neither the line nor the JSON object has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/modbus/facts.h"
#include "proto/opcua/facts.h"
#include "record-plant.h"
#include "record/json.h"
#include "record/line.h"

static struct event modbus_event(void)
{
	struct event ev = { .generation = 1,
			    .kind = EV_VIOLATION,
			    .verdict = V_DROP,
			    .l4 = 6,
			    .reason = R_FUNCTION,
			    .sport = 40000,
			    .dport = 502,
			    .proto = PROTO_MODBUS };
	*EV_MODBUS(&ev) = (struct ev_modbus){ .unit = 1, .fc = 16, .has = EVH_TID | EVH_FC };
	assert_true(addr_parse("10.1.0.10", &ev.src));
	assert_true(addr_parse("10.2.0.20", &ev.dst));
	return ev;
}

/* Which of these fields the line has, and the JSON object likewise: a bit each. */
static unsigned fields_of(const struct pol_image *img, const struct event *ev,
			  const char *const *names, size_t n)
{
	char text[2048], key[32];
	const struct event_view view = { .img = img, .ev = ev };
	struct sb b = sb_init(text, sizeof(text));
	unsigned in_line = 0, in_json = 0;
	record_line(&b, &view);
	char json[4096];
	struct sb j = sb_init(json, sizeof(json));
	record_json(&j, &view);
	assert_false(j.cut);
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	for (size_t i = 0; i < n; i++) {
		snprintf(key, sizeof(key), " %s=", names[i]);
		in_line |= strstr(text, key) ? 1u << i : 0;
		in_json |= json_object_get(o, names[i]) ? 1u << i : 0;
	}
	json_decref(o);
	assert_int_equal(in_line, in_json);
	return in_line;
}

/* Ports and direction of what has none, ends of what shows none, the transaction of what is no
 * MBAP. */
static void what_does_not_apply_is_absent(void **state)
{
	(void)state;
	static const char *const names[] = { "sport", "dport",	 "dir", "src", "from_zone",
					     "dst",   "to_zone", "tid", "unit" };
	enum { PORTS = 7, SRC = 24, DST = 96, TID = 128, UNIT = 256, ALL = 511 };
	struct pol_image *img = record_plant();
	struct event ev = modbus_event();
	static const uint8_t without[] = { 1, 2, 47, 50, 58, 132 };
	assert_int_equal(fields_of(img, &ev, names, 9), ALL);
	for (size_t i = 0; i < sizeof(without); i++) { /* ICMP and the like */
		ev.l4 = without[i];
		assert_int_equal(fields_of(img, &ev, names, 9), ALL & ~PORTS);
	}
	ev.l4 = 17;
	assert_int_equal(fields_of(img, &ev, names, 9), ALL);
	ev.no_ports = 1; /* a later fragment */
	assert_int_equal(fields_of(img, &ev, names, 9), ALL & ~PORTS);
	ev.no_ports = 0;
	ev.sport = ev.dport = 0; /* numbers like others */
	assert_int_equal(fields_of(img, &ev, names, 9), ALL);
	ev.src.family = 0;
	assert_int_equal(fields_of(img, &ev, names, 9), ALL & ~SRC);
	ev.dst.family = 5;
	assert_int_equal(fields_of(img, &ev, names, 9), ALL & ~SRC & ~DST);
	EV_MODBUS(&ev)->has &= (uint16_t)~EVH_TID;
	assert_int_equal(fields_of(img, &ev, names, 9), PORTS | UNIT);
	free(img);
}

static void has_text(const struct pol_image *img, const struct event *ev, const char *key,
		     const char *want)
{
	char json[4096];
	const struct event_view view = { .img = img, .ev = ev };
	struct sb b = sb_init(json, sizeof(json));
	record_json(&b, &view);
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	const char *got = json_string_value(json_object_get(o, key));
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
	json_decref(o);
}

/* The entry has an owner of its own, and no ticket: that is its conduit's. */
static void remarks_of_the_entry_come_first(void **state)
{
	(void)state;
	struct pol_image *img = record_plant();
	struct event ev = modbus_event();
	has_text(img, &ev, "owner", "process");
	has_text(img, &ev, "ticket", "CHG-1");
	ev.rule = 0xffff; /* none decided */
	has_text(img, &ev, "owner", "control");
	has_text(img, &ev, "ticket", "CHG-1");
	ev.flow_id = 0xffff; /* of no conduit */
	has_text(img, &ev, "owner", NULL);
	has_text(img, &ev, "ticket", NULL);
	ev.rule = 0; /* as a foreign event may have it */
	has_text(img, &ev, "owner", NULL);
	free(img);
}

/* HEL, ACK and ERR of OPC UA are of no channel. */
static void messages_of_no_channel(void **state)
{
	(void)state;
	static const char *const names[] = { "channel", "security_policy", "security" };
	struct pol_image *img = record_plant();
	struct event ev = modbus_event();
	ev.proto = PROTO_OPCUA;
	memset(ev.facts, 0, sizeof(ev.facts));
	*EV_OPCUA(&ev) = (struct ev_opcua){ .mode = 2, .has = EVU_POLICY | EVU_CHANNEL };
	assert_int_equal(fields_of(img, &ev, names, 3), 7);
	EV_OPCUA(&ev)->has = EVU_POLICY;
	assert_int_equal(fields_of(img, &ev, names, 3), 0);
	free(img);
}

/* Without a model there is no judgement, and what only a model tells. */
static void messages_without_a_model(void **state)
{
	(void)state;
	static const char *const names[] = { "event",  "gen",	    "verdict", "conduit",
					     "policy", "from_zone", "to_zone", "rule",
					     "time",   "reason",    "src",     "proto" };
	const struct event ev = modbus_event();
	const struct event_view view = { .ev = &ev };
	char json[4096];
	struct sb b = sb_init(json, sizeof(json));
	record_json(&b, &view);
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(json_object_get(o, names[i]) != NULL, i >= 8);
	json_decref(o);
}

/* Whatever a name is made of, jansson reads the object, and reads what jansson itself would have
 * written: but for bytes that are no UTF-8, of which it would have made nothing. */
static void any_text_is_a_string(void **state)
{
	(void)state;
	char text[8] = "", json[256], want[64];
	for (unsigned first = 1; first < 256; first++) {
		for (unsigned second = 0; second < 256; second++) {
			text[0] = (char)first;
			text[1] = (char)second;
			text[2] = second ? 'z' : '\0';
			struct sb b = sb_init(json, sizeof(json)), w = sb_init(want, sizeof(want));
			json_put_string(&b, text);
			json_t *o = json_loads(json, JSON_DECODE_ANY, NULL),
			       *theirs = json_string(text);
			assert_non_null(o);
			for (const char *c = json; *c; c++)
				assert_in_range(*c, 0x20, 0x7e);
			if (theirs) {
				char *dumped =
					json_dumps(theirs, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
				if (!strchr(text, 0x7f)) /* theirs is as it is */
					assert_string_equal(json, dumped);
				assert_true(json_equal(o, theirs));
				free(dumped);
			} else { /* both bytes are bad, or the one of them that is no ASCII */
				for (const char *c = text; *c; c++)
					sb_printf(&w, *c & 0x80 ? "\\x%02x" : "%c",
						  (unsigned char)*c);
				assert_string_equal(json_string_value(o), want);
			}
			json_decref(theirs);
			json_decref(o);
		}
	}
	static const char *const long_ones[] = { "\u20ac", "\U0001f525 a \U0010ffff",
						 "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf" };
	for (size_t i = 0; i < sizeof(long_ones) / sizeof(long_ones[0]); i++) {
		struct sb b = sb_init(json, sizeof(json));
		json_put_string(&b, long_ones[i]);
		json_t *o = json_loads(json, JSON_DECODE_ANY, NULL);
		assert_non_null(o);
		assert_int_equal(strcmp(json_string_value(o), long_ones[i]) == 0, i < 2);
		json_decref(o);
	}
}

/* What has no room is not passed on as an object. */
static void an_object_without_room_is_cut(void **state)
{
	(void)state;
	char json[64];
	const struct event ev = modbus_event();
	const struct event_view view = { .ev = &ev };
	struct sb b = sb_init(json, sizeof(json));
	record_json(&b, &view);
	assert_true(b.cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_apply_is_absent),
		cmocka_unit_test(remarks_of_the_entry_come_first),
		cmocka_unit_test(messages_of_no_channel),
		cmocka_unit_test(messages_without_a_model),
		cmocka_unit_test(any_text_is_a_string),
		cmocka_unit_test(an_object_without_room_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
