/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104: tables, frames, control fields, ASDUs; what of them is refused, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#include "iec104-samples.h"
#include "proto/iec104/wire-objects.h"

enum { ROOM = 2048 };

/* From a heap block of exactly n bytes, so that a sanitizer sees any read past the end. */
static uint8_t *exactly(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	if (n)
		memcpy(copy, p, n);
	return copy;
}

static int frame_n(const uint8_t *p, size_t n, enum reason *why)
{
	uint8_t *copy = exactly(p, n);
	*why = R_NONE;
	int len = iec104_frame(copy, n, why);
	free(copy);
	return len;
}

/* Of the ASDU only numbers stay: its objects are walked before the copy goes. */
static enum reason parse_n(const uint8_t *p, size_t n, enum iec_end from, struct iec_msg *m)
{
	struct iec_objects it;
	struct iec_object o;
	uint8_t *copy = exactly(p, n);
	enum reason why = iec104_parse(copy, n, from, m);
	unsigned walked = 0;
	if (m->has_asdu) {
		iec104_objects(&it, &m->asdu);
		while (iec104_next_object(&it, &o)) {
			assert_true(o.data >= copy && o.data + o.len <= copy + n);
			walked++;
		}
		assert_true(walked <= m->asdu.n && (why != R_NONE || walked == m->asdu.n));
	}
	free(copy);
	return why;
}

static enum reason asdu_is(const uint8_t *asdu, size_t n, enum iec_end from)
{
	uint8_t f[ROOM];
	struct iec_msg m;
	return parse_n(f, sample_apdu("02 00 04 00", asdu, n, f), from, &m);
}

/* --- tables */

static bool known_type(unsigned number)
{
	for (size_t i = 0; i < SAMPLE_TYPES; i++)
		if (sample_types[i].number == number)
			return true;
	return false;
}

static void types_are_a_table(void **state)
{
	(void)state;
	assert_int_equal(iec_types_n, SAMPLE_TYPES);
	for (size_t i = 0; i < iec_types_n; i++) {
		const struct iec_type *t = &iec_types[i];
		uint8_t element[64];
		assert_ptr_equal(iec_type(t->number), t);
		assert_ptr_equal(iec_type_by_name(t->name), t);
		assert_int_equal(t->number, sample_types[i].number);
		assert_string_equal(t->name, sample_types[i].name);
		assert_true(i == 0 || iec_types[i - 1].number < t->number);
		assert_int_equal(t->causes[IEC_CONTROLLING] != 0, sample_types[i].asks != 0);
		assert_int_equal(t->causes[IEC_CONTROLLED] != 0, sample_types[i].tells != 0);
		assert_int_equal(iec_has_address(t->number), !sample_types[i].no_address);
		size_t segment = t->number == IEC_F_SG_NA_1 ? 4 : 0;
		assert_int_equal(t->size + segment, unhex(sample_types[i].element, element));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(iec_types[k].title, t->title);
	}
	for (unsigned c = 0; c < 256; c++) {
		assert_int_equal(iec_type((uint8_t)c) != NULL, known_type(c));
		assert_int_equal(iec_for_all((uint8_t)c),
				 c == 100 || c == 101 || c == 103 || c == 105);
		assert_true(known_type(c) || !iec_has_address((uint8_t)c));
	}
	assert_null(iec_type_by_name("C_SC_NA_2"));
}

/* What the standard says of ranges of numbers, and of the letters of a name. */
static uint8_t class_of(unsigned number)
{
	bool setpoint = (number >= 48 && number <= 50) || (number >= 61 && number <= 63);
	return number <= 40 || number == 70 ? IEC_MONITOR
	       : setpoint		    ? IEC_SETPOINT
	       : number <= 64		    ? IEC_COMMAND
	       : number <= 107		    ? IEC_SYSTEM
	       : number <= 113		    ? IEC_PARAMETER
					    : IEC_FILE;
}

static void types_have_what_their_names_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < iec_types_n; i++) {
		const struct iec_type *t = &iec_types[i];
		bool cp56 = strstr(sample_types[i].element, SAMPLE_CP56),
		     cp24 = !cp56 && strstr(sample_types[i].element, SAMPLE_CP24);
		static const char initial[] = {
			[IEC_MONITOR] = 'M',   [IEC_COMMAND] = 'C', [IEC_SETPOINT] = 'C',
			[IEC_PARAMETER] = 'P', [IEC_SYSTEM] = 'C',  [IEC_FILE] = 'F'
		};
		assert_int_equal(t->class, class_of(t->number));
		assert_int_equal(t->name[0], initial[t->class]);
		assert_int_equal(t->time, cp56 ? 7 : cp24 ? 3 : 0);
		assert_true(t->class == IEC_MONITOR || t->one || t->number == IEC_F_DR_TA_1);
		assert_int_equal(t->sq, (t->class == IEC_MONITOR && !t->time && !t->one) ||
						t->number == IEC_F_DR_TA_1);
		assert_int_equal(t->select, (t->class & (IEC_COMMAND | IEC_SETPOINT)) &&
						    t->value != IEC_BITSTRING);
		assert_int_equal(t->only_101, (t->number <= 19 && t->time == 3) ||
						      t->number == 104 || t->number == 106);
		assert_true(t->class != IEC_MONITOR || !t->causes[IEC_CONTROLLING]);
	}
	for (size_t k = 0; k < iec_classes_n; k++)
		assert_int_equal(iec_classes[k].bit, 1 << k);
	assert_int_equal(iec_classes_n, 6);
}

static void causes_are_a_table(void **state)
{
	(void)state;
	uint64_t all = 0;
	for (size_t i = 0; i < iec_causes_n; i++) {
		const struct iec_cause *c = &iec_causes[i];
		assert_ptr_equal(iec_cause(c->number), c);
		assert_ptr_equal(iec_cause_by_name(c->name), c);
		assert_ptr_equal(iec_cause_by_name(c->brief), c);
		assert_true(i == 0 || iec_causes[i - 1].number < c->number);
		all |= UINT64_C(1) << c->number;
	}
	for (unsigned c = 0; c < IEC_CAUSES; c++) {
		bool reserved = c == 0 || (c >= 14 && c <= 19) || c == 42 || c == 43 || c >= 48;
		assert_int_equal(iec_cause((uint8_t)c) == NULL, reserved);
	}
	for (size_t i = 0; i < iec_types_n; i++)
		assert_true(((iec_types[i].causes[0] | iec_types[i].causes[1]) & ~all) == 0);
	assert_string_equal(iec_cause(36)->brief, "inro16");
	assert_string_equal(iec_cause(41)->brief, "reqco4");
	assert_null(iec_cause_by_name(""));
}

/* --- frames and control fields */

static void starts_that_are_no_frame(void **state)
{
	(void)state;
	enum reason why;
	for (unsigned start = 0; start < 256; start++)
		for (unsigned len = 0; len < 256; len++) {
			const uint8_t p[] = { (uint8_t)start, (uint8_t)len };
			bool good = start == 0x68 && len >= 4 && len <= 253;
			assert_int_equal(frame_n(p, 2, &why), good ? (int)len + 2 : -1);
			assert_int_equal(why, good ? R_NONE : start == 0x68 ? R_LENGTH : R_FRAME);
			assert_int_equal(frame_n(p, 1, &why), start == 0x68 ? 0 : -1);
		}
	assert_int_equal(frame_n((const uint8_t *)"", 0, &why), 0);
}

/* Every value of the first two octets of the control field, and of each of the others alone: what
 * 104 writes is good, and nothing else. */
static void every_control_field(void **state)
{
	(void)state;
	static const uint8_t functions[] = { 0x07, 0x0b, 0x13, 0x23, 0x43, 0x83 };
	uint8_t f[6] = { 0x68, 4 };
	struct iec_apci a;
	for (unsigned c = 0; c < 0x10000; c++) {
		bool is_u = c < 256 && memchr(functions, (int)c, sizeof(functions));
		f[2] = (uint8_t)c;
		f[3] = (uint8_t)(c >> 8);
		enum reason want = c == 1 || is_u || !(c & 1) ? R_NONE : R_IEC_CONTROL;
		assert_int_equal(iec104_apci(f, sizeof(f), &a), want);
		assert_int_equal(a.format, !(c & 1) ? IEC_I : !(c & 2) ? IEC_S : IEC_U);
		assert_int_equal(a.u, (c & 3) == 3 ? c & 255 : 0);
		assert_int_equal(a.ns, c & 1 ? 0 : c >> 1);
		assert_int_equal(strcmp(iec104_apci_name(&a), "?") == 0,
				 (c & 3) == 3 && !memchr(functions, (int)(c & 255), 6));
	}
	for (unsigned c = 0; c < 0x10000; c++) {
		f[4] = (uint8_t)c;
		f[5] = (uint8_t)(c >> 8);
		for (size_t i = 0; i < sizeof(functions); i++) {
			f[2] = functions[i];
			f[3] = 0;
			assert_int_equal(iec104_apci(f, sizeof(f), &a),
					 c == 0 ? R_NONE : R_IEC_CONTROL);
		}
		f[2] = 1;
		assert_int_equal(iec104_apci(f, sizeof(f), &a), c & 1 ? R_IEC_CONTROL : R_NONE);
		assert_int_equal(a.nr, c >> 1);
		f[2] = 2;
		assert_int_equal(iec104_apci(f, sizeof(f), &a), c & 1 ? R_IEC_CONTROL : R_NONE);
		assert_true(a.nr == c >> 1 && a.ns == 1);
	}
}

/* S and U frames of another length, with what one station or another would still take them for. */
static void control_frames_have_one_length(void **state)
{
	(void)state;
	static const char *const controls[] = { "01 00 02 00", "07 00 00 00", "43 00 00 00",
						"83 00 00 00" };
	const uint8_t rest[249] = { 0 };
	uint8_t f[IEC_APDU_MAX];
	struct iec_msg m;
	for (size_t i = 0; i < 4; i++)
		for (size_t n = 0; n <= sizeof(rest); n++) {
			size_t len = sample_apdu(controls[i], rest, n, f);
			assert_int_equal(parse_n(f, len, IEC_CONTROLLING, &m),
					 n ? R_LENGTH : R_NONE);
			assert_false(m.has_asdu);
		}
}

/* A message says which of the two is at fault: after a bad ASDU the link goes on counting, after a
 * bad control field nobody knows what the other end made of it. */
static void control_is_told_from_asdu(void **state)
{
	(void)state;
	static const struct {
		const char *control, *asdu;
		enum reason is, whole;
	} rows[] = {
		{ "02 00 04 00", "64 01 06 00 0100 000000 14", R_NONE, R_NONE },
		{ "02 00 04 00", "64 01 06 00 0100 000000 14 00", R_NONE, R_TRAILING },
		{ "02 00 04 00", "29 01 06 00 0100 000000 14", R_NONE, R_IEC_TYPE },
		{ "02 00 05 00", "64 01 06 00 0100 000000 14", R_IEC_CONTROL, R_IEC_CONTROL },
		{ "43 00 00 00", "64 01 06 00 0100 000000 14", R_LENGTH, R_LENGTH },
		{ "47 00 00 00", "", R_IEC_CONTROL, R_IEC_CONTROL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t asdu[ROOM], f[ROOM];
		struct iec_msg m;
		size_t n = unhex(rows[i].asdu, asdu);
		n = sample_apdu(rows[i].control, asdu, n, f);
		assert_int_equal(parse_n(f, n, IEC_CONTROLLING, &m), rows[i].whole);
		assert_int_equal(m.control, rows[i].is);
	}
}

static void numbers_go_round(void **state)
{
	(void)state;
	assert_int_equal(iec_seq_ahead(5, 5), 0);
	assert_int_equal(iec_seq_ahead(5, 7), 2);
	assert_int_equal(iec_seq_ahead(32767, 0), 1);
	assert_int_equal(iec_seq_ahead(32760, 4), 12);
	assert_int_equal(iec_seq_ahead(1, 0), 32767);
}

/* --- ASDUs */

static uint8_t cause_of(const struct sample_type *t, enum iec_end from)
{
	return from == IEC_CONTROLLING ? t->asks : t->tells;
}

/* Call with a good ASDU of each type from each end that sends it. */
static void each_good(void (*with)(const struct sample_type *t, enum iec_end from,
				   const uint8_t *asdu, size_t n))
{
	for (size_t i = 0; i < SAMPLE_TYPES; i++)
		for (enum iec_end from = IEC_CONTROLLING; from < IEC_ENDS; from++) {
			uint8_t asdu[ROOM];
			if (!cause_of(&sample_types[i], from))
				continue;
			size_t n = sample_asdu(&sample_types[i], cause_of(&sample_types[i], from),
					       1, false, 0x1234, asdu);
			with(&sample_types[i], from, asdu, n);
		}
}

static void good_from_one_end(const struct sample_type *t, enum iec_end from, const uint8_t *asdu,
			      size_t n)
{
	uint8_t f[ROOM];
	struct iec_msg m;
	enum reason why;
	size_t len = sample_apdu("fe ff 04 00", asdu, n, f);
	assert_int_equal(frame_n(f, len, &why), len);
	assert_int_equal(parse_n(f, len, from, &m), R_NONE);
	assert_true(m.has_asdu && m.apci.format == IEC_I && m.apci.ns == 32767 && m.apci.nr == 2);
	assert_true(m.asdu.type == t->number && m.asdu.n == 1 && !m.asdu.sq && m.asdu.ca == 7 &&
		    m.asdu.oa == 0);
	assert_true(m.asdu.cause == cause_of(t, from) && !m.asdu.negative && !m.asdu.test);
	assert_int_equal(m.asdu.ioa, t->no_address ? 0 : 0x1234);
	if (!cause_of(t, !from))
		assert_int_equal(asdu_is(asdu, n, !from), R_DNP_DIRECTION);
}

static void a_good_message_of_every_type(void **state)
{
	(void)state;
	each_good(good_from_one_end);
}

/* Cut where one will: an octet string that is shorter than the length octet says, and one that says
 * it is whole. */
static void truncations_of(const struct sample_type *t, enum iec_end from, const uint8_t *asdu,
			   size_t n)
{
	uint8_t f[ROOM];
	struct iec_msg m;
	enum reason why;
	size_t len = sample_apdu("00 00 00 00", asdu, n, f);
	(void)t;
	for (size_t k = 0; k < len; k++) {
		assert_int_equal(frame_n(f, k, &why), k < 2 ? 0 : (int)len);
		assert_int_equal(parse_n(f, k, from, &m), R_LENGTH);
		assert_false(m.has_asdu);
	}
	for (size_t k = 0; k < n; k++) {
		assert_int_equal(parse_n(f, sample_apdu("00 00 00 00", asdu, k, f), from, &m),
				 R_TRUNCATED);
		assert_int_equal(m.has_asdu, k >= IEC_ASDU_HEAD);
	}
}

static void every_truncation(void **state)
{
	(void)state;
	each_good(truncations_of);
}

static void lies_of_length(const struct sample_type *t, enum iec_end from, const uint8_t *asdu,
			   size_t n)
{
	uint8_t f[ROOM], more[ROOM] = { 0 };
	struct iec_msg m;
	size_t len = sample_apdu("00 00 00 00", asdu, n, f);
	for (unsigned lie = 0; lie < 256; lie++) {
		f[1] = (uint8_t)lie;
		assert_int_equal(parse_n(f, len, from, &m), lie + 2 == len ? R_NONE : R_LENGTH);
	}
	/* octets that one station executes a command in front of */
	memcpy(more, asdu, n);
	for (size_t k = n + 1; k <= 249; k++)
		assert_int_equal(asdu_is(more, k, from), R_TRAILING);
	/* more or fewer objects than there are */
	const struct iec_type *row = iec_type(t->number);
	for (unsigned vsq = 0; vsq < 256; vsq++) {
		enum reason why = asdu_is(
			memcpy(more, (const uint8_t[]){ t->number, (uint8_t)vsq }, 2), n, from);
		bool shaped =
			(vsq & 127) && (!(vsq & 128) || row->sq) && ((vsq & 127) == 1 || !row->one);
		enum reason want = !shaped	      ? R_IEC_OBJECTS
				   : (vsq & 127) == 1 ? R_NONE
						      : R_TRUNCATED;
		assert_int_equal(why, want);
	}
}

static void every_length_that_lies(void **state)
{
	(void)state;
	each_good(lies_of_length);
}

/* Which causes the standard gives to a type, and the two that its comment in wire-table.c adds. */
static bool cause_fits(unsigned type, enum iec_end from, unsigned cause)
{
	bool answer = cause == 7 || cause == 9 || cause == 10 || (cause >= 44 && cause <= 47);
	bool group = cause >= 20 && cause <= 36;
	if (from == IEC_CONTROLLING) {
		bool both = type <= 64 || type == 100 || type == 101 || type == 113;
		return type == 102		    ? cause == 5
		       : type == 122 || type == 127 ? cause == 5 || cause == 13
		       : type > 113
			       ? cause == 13
			       : cause == 6 || (cause == 8 && both) || (cause == 3 && type == 106);
	}
	switch (class_of(type)) {
	case IEC_MONITOR:
		if (type == 70)
			return cause == 4;
		bool counts =
			(type == 15 || type == 16 || type == 37) && cause >= 37 && cause <= 41;
		return (cause >= 1 && cause <= 3) || cause == 5 || cause == 11 || cause == 12 ||
		       group || counts;
	case IEC_PARAMETER:
		return answer || group;
	case IEC_FILE:
		return type == 126 ? cause == 3 || cause == 5
				   : cause == 13 || (cause >= 44 && cause <= 47);
	default:
		return answer || (type == 102 && cause == 5) || (type == 103 && cause == 3);
	}
}

static void causes_of(const struct sample_type *t, enum iec_end from, const uint8_t *asdu, size_t n)
{
	uint8_t other[ROOM];
	memcpy(other, asdu, n);
	for (unsigned cause = 0; cause < 256; cause++) {
		bool negative = cause & 0x40;
		bool fits = cause_fits(t->number, from, cause & 63) &&
			    !(negative && from == IEC_CONTROLLING);
		other[2] = (uint8_t)cause;
		assert_int_equal(asdu_is(other, n, from), fits ? R_NONE : R_IEC_CAUSE);
	}
}

static void every_cause(void **state)
{
	(void)state;
	each_good(causes_of);
}

static void reserved_types(void **state)
{
	(void)state;
	struct sample_type t = { .element = "00" };
	uint8_t asdu[ROOM];
	for (unsigned number = 0; number < 256; number++) {
		if (known_type(number))
			continue;
		t.number = (uint8_t)number;
		size_t n = sample_asdu(&t, 6, 1, false, 1, asdu);
		assert_int_equal(asdu_is(asdu, n, IEC_CONTROLLING), R_IEC_TYPE);
		assert_int_equal(asdu_is(asdu, n, IEC_CONTROLLED), R_IEC_TYPE);
	}
}

static void facts_of_the_header(void **state)
{
	(void)state;
	uint8_t f[ROOM], asdu[ROOM];
	struct iec_msg m;
	size_t n = unhex("2d 01 c7 03 0d91 563412 81", asdu);
	assert_int_equal(parse_n(f, sample_apdu("02 00 04 00", asdu, n, f), IEC_CONTROLLED, &m),
			 R_NONE);
	assert_true(m.asdu.test && m.asdu.negative && m.asdu.cause == 7 && m.asdu.oa == 3 &&
		    m.asdu.ca == 37133);
	assert_int_equal(m.asdu.ioa, 0x123456);
	/* what was read before the fault stays */
	assert_int_equal(parse_n(f, sample_apdu("02 00 04 00", asdu, n, f), IEC_CONTROLLING, &m),
			 R_IEC_CAUSE);
	assert_true(m.has_asdu && m.asdu.type == 45 && m.asdu.ca == 37133 &&
		    m.asdu.ioa == 0x123456);
}

/* Octets at random, and good messages with some of theirs changed: no read past the end, and a
 * reason for each. */
static void mutations(void **state)
{
	(void)state;
	uint64_t seed = 0x9e3779b97f4a7c15;
	unsigned passed = 0;
	for (unsigned round = 0; round < 200000; round++) {
		uint8_t f[ROOM], asdu[ROOM];
		struct iec_msg m;
		enum reason why;
		uint64_t r[4];
		for (int i = 0; i < 4; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			r[i] = seed;
		}
		const struct sample_type *t = &sample_types[r[0] % SAMPLE_TYPES];
		size_t n = sample_asdu(t, t->asks ? t->asks : t->tells, 1 + (unsigned)(r[1] % 5),
				       r[1] >> 60 == 0, r[2] & 0xffffff, asdu);
		size_t len = sample_apdu("02 00 04 00", asdu, n, f);
		for (unsigned k = 0; k < r[3] % 4; k++)
			f[(r[1] >> (8 + 8 * k)) % len] = (uint8_t)(r[2] >> 8 * k);
		len -= r[3] >> 61 == 0 ? r[0] >> 32 & 3 : 0;
		int framed = frame_n(f, len, &why);
		enum reason said = parse_n(f, len, r[3] >> 32 & 1, &m);
		assert_true(framed >= 0 || why != R_NONE);
		assert_true(said < R_COUNT && (said != R_NONE || framed == (int)len));
		passed += said == R_NONE;
	}
	assert_true(passed > 10000 && passed < 150000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_are_a_table),
		cmocka_unit_test(types_have_what_their_names_say),
		cmocka_unit_test(causes_are_a_table),
		cmocka_unit_test(starts_that_are_no_frame),
		cmocka_unit_test(every_control_field),
		cmocka_unit_test(control_frames_have_one_length),
		cmocka_unit_test(control_is_told_from_asdu),
		cmocka_unit_test(numbers_go_round),
		cmocka_unit_test(a_good_message_of_every_type),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(every_length_that_lies),
		cmocka_unit_test(every_cause),
		cmocka_unit_test(reserved_types),
		cmocka_unit_test(facts_of_the_header),
		cmocka_unit_test(mutations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
