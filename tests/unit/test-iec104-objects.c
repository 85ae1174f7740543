/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104: information objects, what their elements say, and what of them is refused in
 * commands. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "iec104-samples.h"
#include "proto/iec104/wire-objects.h"

enum { ROOM = 2048 };

static const struct sample_type *sample(unsigned number)
{
	for (size_t i = 0; i < SAMPLE_TYPES; i++)
		if (sample_types[i].number == number)
			return &sample_types[i];
	fail_msg("no sample of type %u", number);
	return NULL;
}

/* The object of an ASDU with this one element. */
static struct iec_object object_of(unsigned number, const char *element)
{
	struct sample_type t = *sample(number);
	uint8_t asdu[ROOM];
	struct iec_asdu a;
	struct iec_objects it;
	struct iec_object o;
	t.element = element;
	size_t n = sample_asdu(&t, t.tells ? t.tells : t.asks, 1, false, 0x123456, asdu);
	assert_int_equal(iec104_asdu(asdu, n, IEC_CONTROLLED, &a), R_NONE);
	iec104_objects(&it, &a);
	assert_true(iec104_next_object(&it, &o));
	assert_int_equal(o.ioa, t.no_address ? 0 : 0x123456);
	assert_int_equal(o.len, n - 9);
	assert_int_equal(o.value, iec_type((uint8_t)number)->value);
	assert_false(iec104_next_object(&it, &o) || it.r.bad);
	return o;
}

static void process_information(void **state)
{
	(void)state;
	struct iec_object o = object_of(1, "f1");
	assert_true(o.state == 1 && o.quality == 0xf0 && !o.time.octets && !o.select &&
		    !o.qualifier);
	o = object_of(3, "52");
	assert_true(o.state == 2 && o.quality == (IEC_NOT_TOPICAL | IEC_BLOCKED));
	assert_int_equal(object_of(5, "3f 00").number, 63);
	assert_int_equal(object_of(5, "40 00").number, -64);
	o = object_of(5, "ff 01");
	assert_true(o.number == -1 && o.transient && o.quality == IEC_OVERFLOW);
	o = object_of(7, "efbeadde 80");
	assert_true(o.bits == 0xdeadbeef && o.quality == IEC_INVALID);
	assert_int_equal(object_of(9, "0080 00").number, -32768);
	assert_int_equal(object_of(21, "ff7f").number, 32767);
	assert_int_equal(object_of(11, "18fc 00").number, -1000);
	assert_true(object_of(13, "0000c842 00").real == 100.0f);
	o = object_of(15, "fffffff7 e5");
	assert_int_equal(o.number, -134217729);
	assert_true(o.quality == 0xe5 && (o.quality & IEC_COUNTER_SEQUENCE) == 5 &&
		    o.quality & IEC_COUNTER_INVALID);
	o = object_of(17, "8a e803" SAMPLE_CP24);
	assert_true(o.state == 2 && o.quality == (IEC_INVALID | IEC_ELAPSED_INVALID) &&
		    o.elapsed == 1000);
	o = object_of(39, "3f 08 6400" SAMPLE_CP56);
	assert_true(o.bits == 0x3f && o.quality == 8 && o.elapsed == 100 && o.time.octets == 7);
	o = object_of(20, "01800180 40");
	assert_true(o.bits == 0x80018001 && o.quality == IEC_NOT_TOPICAL);
	assert_int_equal(object_of(70, "82").qualifier, 0x82);
}

static void commands(void **state)
{
	(void)state;
	struct iec_object o = object_of(45, "81");
	assert_true(o.state == 1 && o.select && o.qu == 0 && o.qualifier == 0x81 && o.quality == 0);
	o = object_of(45, "08");
	assert_true(o.state == 0 && !o.select && o.qu == 2);
	o = object_of(46, "fe");
	assert_true(o.state == 2 && o.select && o.qu == 31);
	o = object_of(47, "05");
	assert_true(o.state == 1 && !o.select && o.qu == 1);
	o = object_of(48, "0180 c3");
	assert_true(o.number == -32767 && o.select && o.qu == 0x43 && o.qualifier == 0xc3);
	o = object_of(63, "0000c0bf 00" SAMPLE_CP56);
	assert_true(o.real == -1.5f && !o.select && o.time.octets == 7);
	assert_int_equal(object_of(51, "78563412").bits, 0x12345678);
	assert_int_equal(object_of(100, "14").qualifier, 20);
	assert_int_equal(object_of(101, "c5").qualifier, 0xc5);
	assert_int_equal(object_of(104, "aa55").elapsed, 0x55aa);
	o = object_of(112, "0000803f 41");
	assert_true(o.real == 1.0f && o.qualifier == 0x41);
	assert_int_equal(object_of(102, "").len, 0);
}

static void files(void **state)
{
	(void)state;
	struct iec_object o = object_of(120, "0201 030201 80");
	assert_true(o.file == 0x102 && o.length == 0x10203 && o.qualifier == 0x80);
	o = object_of(121, "0201 09 030201 80");
	assert_true(o.file == 0x102 && o.section == 9 && o.length == 0x10203 &&
		    o.qualifier == 0x80);
	o = object_of(123, "0201 09 03 5a");
	assert_true(o.section == 9 && o.qualifier == 3);
	o = object_of(125, "0201 09 00");
	assert_true(o.length == 0 && o.len == 4);
	o = object_of(125, "0201 09 03 686868");
	assert_true(o.length == 3 && o.len == 7);
	o = object_of(126, "0201 030201 20" SAMPLE_CP56);
	assert_true(o.file == 0x102 && o.length == 0x10203 && o.qualifier == 0x20 &&
		    o.time.year == 26);
	o = object_of(127, "0201" SAMPLE_CP56 "25 77 15 12 bb 0b 1a");
	assert_true(o.file == 0x102 && o.time.minute == 20 && o.until.minute == 21 &&
		    o.until.hour == 18);
}

static void times(void **state)
{
	(void)state;
	struct iec_time t = object_of(30, "00"
					  "24 77 94 91 bb 0b 1a")
				    .time;
	assert_true(t.ms == 30500 && t.minute == 20 && t.hour == 17 && t.day == 27 &&
		    t.month == 11 && t.year == 26);
	assert_true(t.weekday == 5 && t.invalid && t.summer && !t.substituted && t.sound &&
		    t.octets == 7);
	t = object_of(30, "00"
			  "24 77 14 51 bb 0b 1a")
		    .time;
	assert_true(!t.summer && !t.sound && t.hour == 17);
	t = object_of(2, "00"
			 "5f ea 7b")
		    .time;
	assert_true(t.ms == 59999 && t.minute == 59 && t.substituted && !t.invalid && t.sound &&
		    t.octets == 3);
	assert_true(t.hour == 0 && t.year == 0);
	assert_false(object_of(2, "00"
				  "60 ea 00")
			     .time.sound);
	assert_false(object_of(2, "00"
				  "00 00 3c")
			     .time.sound);
}

/* --- several objects */

static void objects_with_their_addresses(void **state)
{
	(void)state;
	static const uint32_t addresses[] = { 0, 1, 0x1234, 0xffff, 0xffffff - 3 };
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		for (unsigned sq = 0; sq < 2; sq++) {
			uint8_t asdu[ROOM];
			struct iec_asdu a;
			struct iec_objects it;
			struct iec_object o;
			size_t n = sample_asdu(sample(13), 20, 4, sq, addresses[i], asdu);
			assert_int_equal(iec104_asdu(asdu, n, IEC_CONTROLLED, &a), R_NONE);
			assert_true(a.n == 4 && a.sq == sq && a.ioa == addresses[i]);
			iec104_objects(&it, &a);
			for (unsigned k = 0; k < 4; k++) {
				assert_true(iec104_next_object(&it, &o));
				assert_int_equal(o.ioa, addresses[i] + k);
				assert_true(o.real == 50.0f && o.len == 5);
			}
			assert_false(iec104_next_object(&it, &o));
		}
}

/* A sequence ends at the last address that there is; one stack would go on to 16777216. */
static void sequences_do_not_wrap(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 127; n++)
		for (uint32_t over = 0; over < 3; over++) {
			uint8_t asdu[ROOM];
			struct iec_asdu a;
			size_t len = sample_asdu(sample(1), 20, n, true, IEC_IOA_MAX + 1 - n + over,
						 asdu);
			bool wraps = over && IEC_IOA_MAX + 1 - n + over <= IEC_IOA_MAX;
			if (IEC_IOA_MAX + 1 - n + over <= IEC_IOA_MAX)
				assert_int_equal(iec104_asdu(asdu, len, IEC_CONTROLLED, &a),
						 wraps ? R_ADDRESS_WRAP : R_NONE);
		}
}

/* Each type with as many objects as fit into an APDU, every truncation of these, and one octet
 * more. */
static void as_many_as_fit(void **state)
{
	(void)state;
	for (size_t i = 0; i < iec_types_n; i++) {
		const struct iec_type *t = &iec_types[i];
		for (unsigned sq = 0; sq <= t->sq && !t->one; sq++) {
			unsigned each = t->size + (sq ? 0u : 3u),
				 n = (249u - 6u - (sq ? 3u : 0u)) / each;
			uint8_t asdu[ROOM];
			struct iec_asdu a;
			n = n > 127 ? 127 : n;
			size_t len = sample_asdu(&sample_types[i], sample_types[i].tells, n, sq, 1,
						 asdu);
			assert_true(len <= 249);
			assert_int_equal(iec104_asdu(asdu, len, IEC_CONTROLLED, &a), R_NONE);
			assert_int_equal(a.n, n);
			for (size_t k = 0; k < len; k++)
				assert_int_equal(iec104_asdu(asdu, k, IEC_CONTROLLED, &a),
						 R_TRUNCATED);
			asdu[len] = 0;
			assert_int_equal(iec104_asdu(asdu, len + 1, IEC_CONTROLLED, &a),
					 R_TRAILING);
		}
	}
}

/* --- what of a command is refused, and of what a station sends is not */

static enum reason from_end(unsigned number, const char *element, uint16_t ca, uint32_t ioa,
			    enum iec_end from)
{
	struct sample_type t = *sample(number);
	uint8_t asdu[ROOM];
	struct iec_asdu a;
	t.element = element;
	t.no_address = false;
	size_t n = sample_asdu(&t, from == IEC_CONTROLLING ? t.asks : t.tells, 1, false, ioa, asdu);
	asdu[4] = (uint8_t)ca;
	asdu[5] = (uint8_t)(ca >> 8);
	return iec104_asdu(asdu, n, from, &a);
}

static enum reason command(unsigned number, const char *element)
{
	uint32_t ioa = sample(number)->no_address ? 0 : 1;
	enum reason why = from_end(number, element, 1, ioa, IEC_CONTROLLING);
	/* a station mirrors what it was sent, and nobody acts on that */
	assert_int_equal(from_end(number, element, 1, ioa, IEC_CONTROLLED), R_NONE);
	return why;
}

/* Every qualifier octet: reserved bits and states that are not permitted. What qualifiers mean is
 * for policies. */
static void states_of_commands(void **state)
{
	(void)state;
	static const uint8_t single[] = { 45, 58 }, double_or_step[] = { 46, 47, 59, 60 };
	for (unsigned q = 0; q < 256; q++) {
		char element[64];
		for (size_t i = 0; i < sizeof(single); i++) {
			snprintf(element, sizeof(element), "%02x%s", q,
				 single[i] > 50 ? SAMPLE_CP56 : "");
			assert_int_equal(command(single[i], element), q & 2 ? R_FORMAT : R_NONE);
		}
		for (size_t i = 0; i < sizeof(double_or_step); i++) {
			bool sound = (q & 3) == 1 || (q & 3) == 2;
			snprintf(element, sizeof(element), "%02x%s", q,
				 double_or_step[i] > 50 ? SAMPLE_CP56 : "");
			assert_int_equal(command(double_or_step[i], element),
					 sound ? R_NONE : R_FORMAT);
		}
	}
}

static void numbers_that_are_none(void **state)
{
	(void)state;
	static const struct {
		const char *octets;
		bool finite;
	} floats[] = {
		{ "ffff7f7f", true },  { "ffff7fff", true },  { "01000000", true },
		{ "00000080", true },  { "0000807f", false }, { "000080ff", false },
		{ "0000c07f", false }, { "0100807f", false }, { "ffffffff", false },
	};
	static const uint8_t types[] = { 50, 63, 112 };
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++)
		for (size_t k = 0; k < sizeof(types); k++) {
			char element[64];
			snprintf(element, sizeof(element), "%s 00 %s", floats[i].octets,
				 types[k] == 63 ? SAMPLE_CP56 : "");
			assert_int_equal(command(types[k], element),
					 floats[i].finite ? R_NONE : R_IEC_NUMBER);
			assert_int_equal(isfinite(object_of(types[k], element).real) != 0,
					 floats[i].finite);
		}
}

static void times_of_commands(void **state)
{
	(void)state;
	static const struct {
		const char *octets;
		bool good;
	} cp56[] = {
		{ SAMPLE_CP56, true },
		{ "00 00 00 00 01 01 00", true },
		{ "5f ea 3b 97 ff 0c 63", true },
		{ "24 77 54 91 1b 0b 1a", true }, /* substituted, summer, no weekday */
		{ "00 00 00 00 1d 02 1c", true },
		{ "00 00 00 00 1d 02 00", true }, /* 29 February of leap years */
		{ "00 00 00 00 1d 02 1a", false },
		{ "00 00 00 00 1e 02 1c", false },
		{ "00 00 00 00 1f 04 1a", false },
		{ "00 00 00 00 1f 06 1a", false },
		{ "00 00 00 00 1f 09 1a", false },
		{ "00 00 00 00 1f 0b 1a", false },
		{ "60 ea 00 00 01 01 1a", false },
		{ "00 00 3c 00 01 01 1a", false },
		{ "00 00 3f 00 01 01 1a", false },
		{ "00 00 00 18 01 01 1a", false },
		{ "00 00 00 1f 01 01 1a", false },
		{ "00 00 00 00 00 01 1a", false },
		{ "00 00 00 00 01 00 1a", false },
		{ "00 00 00 00 01 0d 1a", false },
		{ "00 00 00 00 01 0f 1a", false },
		{ "00 00 00 00 1d 02 6d", false },
		{ "08 00 17 13 0d 08 6d", true },
		{ "00 00 00 00 1d 02 6c", true },  /* as since 1900: a master does it */
		{ "00 00 80 00 01 01 1a", false }, /* marked as invalid */
		{ "00 00 00 20 01 01 1a", false },
		{ "00 00 00 40 01 01 1a", false }, /* reserved bits */
		{ "00 00 00 00 01 11 1a", false },
		{ "00 00 00 00 01 81 1a", false },
		{ "00 00 00 00 01 01 9a", false },
	};
	static const struct {
		unsigned type;
		const char *before;
	} commands[] = {
		{ 58, "01" },	    { 59, "01" },     { 60, "01" },
		{ 61, "000000" },   { 62, "000000" }, { 63, "0000000000" },
		{ 64, "00000000" }, { 103, "" },      { 107, "0000" },
	};
	for (size_t i = 0; i < sizeof(cp56) / sizeof(cp56[0]); i++) {
		char element[96];
		for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]); k++) {
			snprintf(element, sizeof(element), "%s %s", commands[k].before,
				 cp56[i].octets);
			assert_int_equal(command(commands[k].type, element),
					 cp56[i].good ? R_NONE : R_IEC_TIME);
		}
		snprintf(element, sizeof(element), "0000 %s %s", SAMPLE_CP56, cp56[i].octets);
		assert_int_equal(command(127, element), cp56[i].good ? R_NONE : R_IEC_TIME);
	}
	assert_int_equal(command(106, "5fea"), R_NONE);
	assert_int_equal(command(106, "60ea"), R_IEC_TIME);
}

static void addresses_of_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		const struct sample_type *t = &sample_types[i];
		bool all = t->number == 100 || t->number == 101 || t->number == 103 ||
			   t->number == 105;
		uint32_t ioa = t->no_address ? 0 : 0xffffff;
		if (t->tells) { /* as some answer to all, and others have sent */
			assert_int_equal(
				from_end(t->number, t->element, IEC_CA_ALL, 5, IEC_CONTROLLED),
				R_NONE);
			assert_int_equal(from_end(t->number, t->element, 0, 5, IEC_CONTROLLED),
					 R_NONE);
		}
		if (!t->asks)
			continue;
		assert_int_equal(from_end(t->number, t->element, IEC_CA_ALL, ioa, IEC_CONTROLLING),
				 all ? R_NONE : R_IEC_COMMON);
		assert_int_equal(from_end(t->number, t->element, 0, ioa, IEC_CONTROLLING),
				 R_IEC_COMMON);
		assert_int_equal(from_end(t->number, t->element, 1, 0, IEC_CONTROLLING), R_NONE);
		assert_int_equal(from_end(t->number, t->element, 1, 1, IEC_CONTROLLING),
				 t->no_address ? R_FORMAT : R_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(process_information),
		cmocka_unit_test(commands),
		cmocka_unit_test(files),
		cmocka_unit_test(times),
		cmocka_unit_test(objects_with_their_addresses),
		cmocka_unit_test(sequences_do_not_wrap),
		cmocka_unit_test(as_many_as_fit),
		cmocka_unit_test(states_of_commands),
		cmocka_unit_test(numbers_that_are_none),
		cmocka_unit_test(times_of_commands),
		cmocka_unit_test(addresses_of_commands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
