/* SPDX-License-Identifier: MIT
 * Typed values of Modbus registers: decimals, keys, limits, whole values, from the model's text to
 * the decision. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compile/policy_build.h"
#include "fastpath/policy.h"
#include "model/model.h"
#include "proto/modbus/kernel.h"
#include "proto/modbus/policy.h"

#define PDU(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

/* ---- decimals ---- */

static void test_decimals(void **state)
{
	static const struct {
		const char *text;
		struct decimal is;
	} good[] = {
		{ "0", { false, 0, 0 } },
		{ "-0.000", { false, 0, 0 } },
		{ "12", { false, 0, 12 } },
		{ "+1200", { false, 2, 12 } },
		{ "-0.50", { true, -1, 5 } },
		{ "1.5e-3", { false, -4, 15 } },
		{ "1E+2", { false, 2, 1 } },
		{ "123456789012345678", { false, 0, 123456789012345678 } },
		{ "1000000000000000000000", { false, 21, 1 } },
		{ "0.00100", { false, -3, 1 } },
		{ "1e60", { false, 60, 1 } },
		{ "1e-60", { false, -60, 1 } },
	};
	static const char *const bad[] = { "",	   "-",	    ".",
					   "1e",   "1x",    "1.2.3",
					   "1e61", "1e-61", "1234567890123456789",
					   "1.e",  " 1",    "nan" };
	struct decimal d;
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(decimal_parse(good[i].text, &d));
		assert_int_equal(d.digits, good[i].is.digits);
		assert_int_equal(d.exponent, good[i].is.exponent);
		assert_int_equal(d.negative, good[i].is.negative);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(decimal_parse(bad[i], &d));
}

static int compare(bool negative, uint32_t digits, int exponent, const char *scale,
		   const char *limit)
{
	struct binary v = { negative, (int16_t)exponent, digits };
	struct decimal s, l;
	assert_true(decimal_parse(scale, &s) && decimal_parse(limit, &l));
	return decimal_compare(&v, &s, &l);
}

static void test_comparison(void **state)
{
	(void)state;
	assert_int_equal(compare(false, 6, 0, "0.1", "0.6"), 0); /* of doubles it is not */
	assert_int_equal(compare(false, 3, 0, "0.1", "0.3"), 0);
	assert_int_equal(compare(false, 1, -1, "1", "0.5"), 0);
	assert_int_equal(compare(false, 1, -1, "1", "0.500000000000000001"), -1);
	assert_int_equal(compare(false, 0, 5, "7", "0"), 0);
	assert_int_equal(compare(true, 1, 0, "1", "0"), -1);
	assert_int_equal(compare(true, 7, 0, "0.5", "-3.5"), 0);
	assert_int_equal(compare(true, 7, 0, "0.5", "-3.4"), -1);
	assert_int_equal(compare(false, UINT32_MAX, 160, "999999999e51", "1e60"), 1);
	assert_int_equal(compare(false, 1, -160, "1e-60", "1e-60"), -1);
	assert_int_equal(compare(false, UINT32_MAX, -160, "999999999e-60", "1e60"), -1);
	/* 2^-149, the least float, has 105 digits: above and below of what can be written */
	assert_int_equal(compare(false, 1, -149, "1", "1.4012984643248e-45"), 1);
	assert_int_equal(compare(false, 1, -149, "1", "1.4012984643249e-45"), -1);
}

/* ---- limits ---- */

static double value_of(unsigned type, uint32_t key)
{
	char text[64];
	struct sb b = sb_init(text, sizeof(text));
	mb_put_typed(&b, type, key);
	return strtod(text, NULL);
}

/* Every value of 16 bits, against the sentence min <= value * scale <= max in whole numbers. */
static void check_limits(unsigned type, const char *scale, int64_t times, int64_t divided,
			 const int64_t limit[2])
{
	struct mb_key_range r;
	struct decimal s, d;
	char text[32];
	assert_true(decimal_parse(scale, &s));
	bool there[2];
	for (int k = 0; k < 2; k++) {
		snprintf(text, sizeof(text), "%lde-3", (long)limit[k]);
		assert_true(decimal_parse(text, &d));
		there[k] = k ? mb_typed_most(type, &s, &d, &r.hi)
			     : mb_typed_least(type, &s, &d, &r.lo);
	}
	for (uint32_t key = 0; key <= UINT16_MAX; key++) {
		/* value * times / divided, in thousandths */
		int64_t v = (int64_t)value_of(type, key) * times * 1000;
		bool want = v >= limit[0] * divided && v <= limit[1] * divided;
		bool is = there[0] && there[1] && r.lo <= key && key <= r.hi;
		if (want != is)
			fail_msg("%s at scale %s: %g, %ld to %ld", mb_type_name(type), scale,
				 value_of(type, key), (long)limit[0], (long)limit[1]);
	}
}

static void test_limits_of_16_bits(void **state)
{
	static const struct {
		const char *text;
		int64_t times, divided;
	} scales[] = {
		{ "1", 1, 1 }, { "0.1", 1, 10 }, { "0.25", 1, 4 }, { "3", 3, 1 }, { "1.8", 9, 5 }
	};
	static const int64_t limits[][2] = {
		{ 0, 60000 },
		{ -5000, 6050 },
		{ -1, 1 },
		{ 1, 99 },
		{ -32768000, 32767000 },
		{ 0, 0 },
		{ 3300, 3300 },
		{ 65535000, 65535000 },
		{ 100, 50 },
		{ 32767999, 99999999 },
		{ -99999999, -1 },
	};
	(void)state;
	for (size_t s = 0; s < sizeof(scales) / sizeof(scales[0]); s++)
		for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
			for (unsigned type = MB_INT16; type <= MB_UINT16; type++)
				check_limits(type, scales[s].text, scales[s].times,
					     scales[s].divided, limits[i]);
}

static uint32_t key_of_float(float f)
{
	uint32_t u;
	memcpy(&u, &f, sizeof(u));
	const uint8_t sent[] = { (uint8_t)(u >> 24), (uint8_t)(u >> 16), (uint8_t)(u >> 8),
				 (uint8_t)u };
	return mb_typed_key(MB_FLOAT32, MB_ABCD, sent);
}

typedef bool limit_of(unsigned type, const struct decimal *scale, const struct decimal *limit,
		      uint32_t *key);

static void limit_is(limit_of *of, const char *scale, const char *limit, float want)
{
	struct decimal s, d;
	uint32_t key = 0;
	assert_true(decimal_parse(scale, &s) && decimal_parse(limit, &d));
	assert_true(of(MB_FLOAT32, &s, &d, &key));
	assert_int_equal(key, key_of_float(want));
}
#define least_is(...) limit_is(mb_typed_least, __VA_ARGS__)
#define most_is(...) limit_is(mb_typed_most, __VA_ARGS__)

/* 0.1f is above 0.1, 0.3f above 0.3, 0.7f below 0.7: a limit is never passed. */
static void test_limits_of_floats(void **state)
{
	struct decimal one = { .digits = 1 }, d;
	uint32_t key;
	(void)state;
	most_is("1", "60.0", 60.0f);
	most_is("1", "0.1", nextafterf(0.1f, 0));
	least_is("1", "0.1", 0.1f);
	most_is("1", "0.7", 0.7f);
	least_is("1", "0.7", nextafterf(0.7f, 1));
	most_is("0.1", "0.3", 3.0f); /* in doubles 3 * 0.1 > 0.3 */
	most_is("0.1", "60", 600.0f);
	most_is("3", "1", nextafterf(1.0f / 3, 0)); /* 1.0f / 3 is above a third */
	most_is("1", "16777217", 16777216.0f);
	least_is("1", "16777217", 16777218.0f);
	least_is("1", "0", -0.0f);
	most_is("1", "0", 0.0f);
	most_is("1", "-0.0", 0.0f);
	least_is("1", "1e-46", 1.40129846e-45f);
	most_is("1", "1e-46", 0.0f);
	most_is("1", "3.40282346638528859e38", nextafterf(FLT_MAX, 0));
	most_is("1", "3.4028234663852886e38", FLT_MAX);
	assert_true(decimal_parse("3.5e38", &d));
	assert_false(mb_typed_least(MB_FLOAT32, &one, &d, &key));
	assert_true(decimal_parse("-3.5e38", &d));
	assert_false(mb_typed_most(MB_FLOAT32, &one, &d, &key));
}

/* ---- orders of octets ---- */

static void test_orders(void **state)
{
	/* 0x11223344 as each device sends it */
	static const uint8_t sent[MB_ORDERS][4] = { { 0x11, 0x22, 0x33, 0x44 },
						    { 0x33, 0x44, 0x11, 0x22 },
						    { 0x22, 0x11, 0x44, 0x33 },
						    { 0x44, 0x33, 0x22, 0x11 } };
	(void)state;
	for (unsigned o = 0; o < MB_ORDERS; o++) {
		assert_int_equal(mb_typed_key(MB_UINT32, o, sent[o]), 0x11223344);
		assert_int_equal(mb_typed_key(MB_INT32, o, sent[o]), 0x91223344);
		assert_int_equal(mb_typed_key(MB_FLOAT32, o, sent[o]), 0x91223344);
	}
	/* in the order of the values */
	static const float in_order[] = {
		-INFINITY, -FLT_MAX, -1,      -FLT_MIN, -1e-45f, -0.0f,
		0.0f,	   1e-45f,   FLT_MIN, 1,	FLT_MAX, INFINITY
	};
	for (size_t i = 1; i < sizeof(in_order) / sizeof(in_order[0]); i++)
		assert_true(key_of_float(in_order[i - 1]) < key_of_float(in_order[i]));
	assert_int_equal(key_of_float(-FLT_MAX), mb_type_finite(MB_FLOAT32).lo);
	assert_int_equal(key_of_float(FLT_MAX), mb_type_finite(MB_FLOAT32).hi);
	assert_int_equal(key_of_float(-INFINITY), mb_infinities[0].lo);
	assert_int_equal(key_of_float(INFINITY), mb_infinities[1].hi);
}

static void test_text(void **state)
{
	static const struct {
		unsigned type;
		uint32_t key;
		const char *scale, *sent, *scaled;
	} rows[] = {
		{ MB_INT16, 0, "0.1", "-32768", "-3276.8" },
		{ MB_INT16, 0x8000, "0.001", "0", "0.000" },
		{ MB_INT16, 0x8005, "0.01", "5", "0.05" },
		{ MB_UINT16, 65535, "10", "65535", "655350" },
		{ MB_UINT16, 0, "10", "0", "0" },
		{ MB_INT32, 0, "999999999", "-2147483648", "-2147483645852516352" },
		{ MB_UINT32, UINT32_MAX, "1e-18", "4294967295", "0.000000004294967295" },
		{ MB_FLOAT32, 0xc2760000, "0.1", "61.5", "6.15" },
		{ MB_FLOAT32, 0xff800000, "1", "inf", "inf" },
		{ MB_FLOAT32, 0x007fffff, "1", "-inf", "-inf" },
		{ MB_FLOAT32, 0, "1", "nan", "nan" },
		{ MB_FLOAT32, 0x7fffffff, "2", "-0", "0" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[96];
		struct decimal s;
		struct sb b = sb_init(text, sizeof(text));
		assert_true(decimal_parse(rows[i].scale, &s));
		mb_put_typed(&b, rows[i].type, rows[i].key);
		assert_string_equal(text, rows[i].sent);
		b = sb_init(text, sizeof(text));
		mb_put_scaled(&b, rows[i].type, rows[i].key, &s);
		assert_string_equal(text, rows[i].scaled);
	}
}

/* ---- decisions ---- */

struct bench {
	struct model *m;
	struct pol_image *img;
};

static void start(struct bench *b, const char *entries)
{
	char text[4096];
	struct errs errs;
	int err;
	errs_init(&errs);
	snprintf(
		text, sizeof(text),
		"zones = ( { name = \"a\"; type = \"control\"; networks = [ \"10.1.0.0/24\" ]; },\n"
		"{ name = \"b\"; type = \"control\"; networks = [ \"10.2.0.0/24\" ]; } );\n"
		"conduits = ( { name = \"c\"; from = \"a\"; to = \"b\"; flows = ( { protocol = "
		"\"modbus\"; policy = \"p\"; } ); } );\n"
		"policies = { p = { protocol = \"modbus\"; allow = ( %s ); }; };\n",
		entries);
	b->m = model_load_text("t", text, strlen(text), &errs);
	for (size_t i = 0; i < errs.n; i++)
		print_error("%u: %s\n", errs.v[i].line, errs.v[i].text);
	assert_non_null(b->m);
	errs_free(&errs);
	b->img = policy_build(b->m, 1, &err);
	assert_non_null(b->img);
	assert_true(policy_valid(b->img, b->img->size));
}

static void stop(struct bench *b)
{
	free(b->img);
	model_free(b->m);
}

static struct decision decide(const struct bench *b, const uint8_t *pdu, size_t n)
{
	struct mb_msg m;
	uint8_t adu[MB_ADU_MAX] = { [5] = (uint8_t)(n + 1), [6] = 1 };
	const struct pol_flow *f = policy_flow(b->img, 0);
	for (size_t i = 0; i < n; i++)
		adu[MB_MBAP + i] = pdu[i];
	if (mb_parse(adu, n + MB_MBAP, false, &m) != R_NONE)
		fail_msg("function %u is no good message", pdu[0]);
	return policy_modbus(b->img, f, &m);
}
#define EXPECT(b, why, ...) assert_int_equal(decide(&(b), PDU(__VA_ARGS__)).reason, why)

#define WRITES "functions = [ 6, 16, 22 ]; units = 1; "

static void test_whole_values(void **state)
{
	struct bench b;
	(void)state;
	start(&b,
	      "{ " WRITES "addresses = \"0-99\"; values = \"0-9\"; typed_values = (\n"
	      "{ registers = \"10-13\"; type = \"uint32\"; word_order = \"ABCD\"; min = 0; max = "
	      "65536; },\n{ registers = ( \"20-21\", 30 ); type = \"int16\"; min = -2; max = 2; } "
	      "); }");
	/* both of the two, one of them, none */
	EXPECT(b, R_NONE, 16, 0, 10, 0, 4, 8, 0, 0, 0, 1, 0, 1, 0, 0);
	EXPECT(b, R_VALUE, 16, 0, 10, 0, 4, 8, 0, 0, 0, 1, 0, 1, 0, 1);
	EXPECT(b, R_NONE, 16, 0, 12, 0, 2, 4, 0, 0, 0, 1);
	EXPECT(b, R_VALUE_PART, 16, 0, 11, 0, 2, 4, 0, 0, 0, 0);
	EXPECT(b, R_VALUE_PART, 16, 0, 10, 0, 1, 2, 0, 0);
	EXPECT(b, R_VALUE_PART, 16, 0, 10, 0, 3, 6, 0, 0, 0, 0, 0, 0);
	EXPECT(b, R_VALUE_PART, 16, 0, 9, 0, 2, 4, 0, 0, 0, 0);
	EXPECT(b, R_VALUE_PART, 16, 0, 13, 0, 2, 4, 0, 0, 0, 0);
	EXPECT(b, R_VALUE_PART, 6, 0, 10, 0, 0);
	EXPECT(b, R_VALUE_PART, 6, 0, 11, 0, 0);
	EXPECT(b, R_VALUE_PART, 22, 0, 11, 0, 0, 0, 0);
	/* with registers that have no type, on both sides */
	EXPECT(b, R_NONE, 16, 0, 9, 0, 6, 12, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9);
	EXPECT(b, R_VALUE, 16, 0, 9, 0, 6, 12, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9);
	EXPECT(b, R_VALUE, 16, 0, 9, 0, 6, 12, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10);
	EXPECT(b, R_NONE, 6, 0, 20, 0xff, 0xfe);
	EXPECT(b, R_VALUE, 6, 0, 20, 0xff, 0xfd);
	EXPECT(b, R_VALUE, 6, 0, 30, 0, 3);
	EXPECT(b, R_NONE, 6, 0, 31, 0, 3);
	struct decision d = decide(&b, PDU(6, 0, 30, 0, 3));
	assert_true(d.typed && d.typed->type == MB_INT16 && d.at == 30 && d.key == 0x8003);
	d = decide(&b, PDU(16, 0, 12, 0, 2, 4, 0, 1, 0, 1));
	assert_true(d.typed && d.typed->type == MB_UINT32 && d.at == 12 && d.key == 65537);
	d = decide(&b, PDU(6, 0, 31, 0, 3));
	assert_true(!d.typed && d.has_value && d.value == 3);
	stop(&b);
}

/* What may become of a register of 16 bits with a sign. */
static void test_masks(void **state)
{
	struct bench b;
	(void)state;
	start(&b, "{ " WRITES "addresses = \"0-99\"; typed_values = (\n"
		  "{ registers = 20; type = \"int16\"; min = -4; max = 3; } ); }");
	EXPECT(b, R_NONE, 22, 0, 20, 0, 0, 0xff, 0xff);	    /* -1 */
	EXPECT(b, R_NONE, 22, 0, 20, 0, 3, 0xff, 0xfc);	    /* -4 to -1 */
	EXPECT(b, R_VALUE, 22, 0, 20, 0, 7, 0xff, 0xf8);    /* -8 to -1 */
	EXPECT(b, R_NONE, 22, 0, 20, 0, 3, 0, 0);	    /* 0 to 3 */
	EXPECT(b, R_VALUE, 22, 0, 20, 0x80, 0, 0, 0);	    /* 0 or -32768 */
	EXPECT(b, R_VALUE, 22, 0, 20, 0x80, 3, 0x7f, 0xfc); /* -4 to -1, or 32764 to 32767 */
	EXPECT(b, R_VALUE, 22, 0, 21, 0, 0, 0, 0); /* has no type, and there are no values */
	/* every mask against all that may become of it */
	for (unsigned i = 0; i < 4096; i++) {
		uint16_t and_mask = (uint16_t)(i * 40503u),
			 or_mask = (uint16_t)(i * 30011u + i / 7);
		bool all = true;
		for (unsigned was = 0; was <= UINT16_MAX; was += i % 2 ? 1 : 257) {
			int16_t v = (int16_t)((was & and_mask) | (or_mask & (uint16_t)~and_mask));
			all &= v >= -4 && v <= 3;
		}
		bool is = decide(&b, PDU(22, 0, 20, (uint8_t)(and_mask >> 8), (uint8_t)and_mask,
					 (uint8_t)(or_mask >> 8), (uint8_t)or_mask))
				  .reason == R_NONE;
		assert_true(!is || all);
		assert_true(i % 2 == 0 || is == all);
	}
	stop(&b);
}

static void test_read_write(void **state)
{
	struct bench b;
	(void)state;
	start(&b,
	      "{ functions = [ 23 ]; units = 1; addresses = \"0-9\"; write_addresses = \"50-59\";\n"
	      "typed_values = ( { registers = \"50-51\"; type = \"float32\"; word_order = "
	      "\"CDAB\"; min "
	      "= 0.0; max = 1.5; } ); }");
	EXPECT(b, R_NONE, 23, 0, 0, 0, 4, 0, 50, 0, 2, 4, 0, 0, 0x3f, 0xc0);
	EXPECT(b, R_VALUE, 23, 0, 0, 0, 4, 0, 50, 0, 2, 4, 0, 1, 0x3f, 0xc0);
	EXPECT(b, R_VALUE_PART, 23, 0, 0, 0, 4, 0, 50, 0, 1, 2, 0, 0);
	EXPECT(b, R_VALUE, 23, 0, 0, 0, 4, 0, 52, 0, 1, 2, 0, 0);
	/* the part that is read has no values */
	EXPECT(b, R_NONE, 23, 0, 1, 0, 1, 0, 50, 0, 2, 4, 0, 0, 0, 0);
	stop(&b);
}

static enum reason write_float(const struct bench *b, uint8_t reg, uint32_t u)
{
	return decide(b, PDU(16, 0, reg, 0, 2, 4, (uint8_t)(u >> 24), (uint8_t)(u >> 16),
			     (uint8_t)(u >> 8), (uint8_t)u))
		.reason;
}

static void test_special(void **state)
{
	static const uint32_t nans[] = { 0x7f800001, 0x7fc00000, 0x7fffffff, 0xff800001,
					 0xffffffff };
	static const char *const entries =
		"{ " WRITES "addresses = \"0-9\"; typed_values = (\n"
		"{ registers = \"0-1\"; type = \"float32\"; word_order = \"ABCD\"; min = \"any\"; "
		"max = \"any\"; },\n"
		"{ registers = \"2-3\"; type = \"float32\"; word_order = \"ABCD\"; min = 0; max = "
		"1; special = [ \"nan\" ]; },\n"
		"{ registers = \"4-5\"; type = \"float32\"; word_order = \"ABCD\"; min = 0; max = "
		"1; special = \"infinity\"; } ); }";
	struct bench b;
	(void)state;
	start(&b, entries);
	for (size_t i = 0; i < sizeof(nans) / sizeof(nans[0]); i++) {
		assert_int_equal(write_float(&b, 0, nans[i]), R_VALUE);
		assert_int_equal(write_float(&b, 2, nans[i]), R_NONE);
		assert_int_equal(write_float(&b, 4, nans[i]), R_VALUE);
	}
	for (unsigned sign = 0; sign < 2; sign++) {
		uint32_t u = 0x7f800000 | (uint32_t)sign << 31;
		assert_int_equal(write_float(&b, 0, u), R_VALUE);
		assert_int_equal(write_float(&b, 2, u), R_VALUE);
		assert_int_equal(write_float(&b, 4, u), R_NONE);
		assert_int_equal(write_float(&b, 0, u - 1), R_NONE); /* FLT_MAX */
	}
	assert_int_equal(write_float(&b, 2, 0x80000000), R_NONE); /* -0.0 */
	assert_int_equal(write_float(&b, 2, 0x80000001), R_VALUE);
	assert_int_equal(write_float(&b, 2, 0x3f800000), R_NONE);
	assert_int_equal(write_float(&b, 2, 0x3f800001), R_VALUE);
	stop(&b);
}

/* The first and the last registers, and one type for all of them. */
static void test_edges(void **state)
{
	struct bench b;
	(void)state;
	start(&b, "{ " WRITES "addresses = \"any\"; typed_values = (\n"
		  "{ registers = \"0-65535\"; type = \"uint32\"; word_order = \"DCBA\"; min = 1; "
		  "max = 1; } ); }");
	EXPECT(b, R_NONE, 16, 0, 0, 0, 2, 4, 1, 0, 0, 0);
	EXPECT(b, R_NONE, 16, 0xff, 0xfe, 0, 2, 4, 1, 0, 0, 0);
	EXPECT(b, R_VALUE_PART, 16, 0xff, 0xff, 0, 1, 2, 1, 0);
	EXPECT(b, R_VALUE, 16, 0xff, 0xfe, 0, 2, 4, 0, 0, 0, 1);
	stop(&b);
	start(&b, "{ " WRITES "addresses = \"any\"; values = \"any\"; typed_values = (\n"
		  "{ registers = \"0-1\"; type = \"int32\"; word_order = \"BADC\"; min = -1; max = "
		  "-1; },\n"
		  "{ registers = \"65534-65535\"; type = \"int32\"; word_order = \"BADC\"; min = "
		  "-1; max = -1; } ); }");
	EXPECT(b, R_NONE, 16, 0, 0, 0, 3, 6, 255, 255, 255, 255, 1, 1);
	EXPECT(b, R_NONE, 16, 0xff, 0xfd, 0, 3, 6, 1, 1, 255, 255, 255, 255);
	EXPECT(b, R_VALUE_PART, 16, 0xff, 0xfd, 0, 2, 4, 1, 1, 255, 255);
	stop(&b);
}

/* Of an entry with typed values the program gets nothing that writes, of others all that it had. */
static void test_in_kernel(void **state)
{
	struct bench b;
	struct fast_policy out = { .n = 0 };
	(void)state;
	start(&b, "{ functions = [ 3, 6, 16 ]; units = 1; addresses = \"0-99\"; values = \"any\"; "
		  "typed_values = (\n"
		  "{ registers = \"10-13\"; type = \"uint32\"; word_order = \"ABCD\"; min = 0; max "
		  "= \"any\"; } ); },\n"
		  "{ functions = [ 6 ]; units = 2; addresses = 5; values = 7; }");
	fast_modbus_policy.flatten(b.img, policy_flow(b.img, 0), &out);
	const struct fast_rule *r = (const void *)out.rules;
	assert_int_equal(out.n, 2);
	assert_int_equal(r[0].functions, 1u << 3);
	assert_int_equal(r[1].functions, 1u << 6);
	assert_int_equal(r[1].unit_lo, 2);
	stop(&b);
}

/* An image of another process: no item beyond its bounds is taken. */
static void test_foreign_image(void **state)
{
	struct bench b;
	(void)state;
	start(&b,
	      "{ " WRITES
	      "addresses = \"0-9\"; typed_values = ( { registers = 1; type = \"int16\"; min = 0; "
	      "max = 1; } ); }");
	struct pol_mb_rule *r = (void *)((uint8_t *)b.img + b.img->rules_off[PROTO_MODBUS]);
	struct pol_mb_typed *t = (void *)((uint8_t *)b.img + b.img->items_off[PROTO_MODBUS]);
	assert_int_equal(r->n_typed, 3);
#define BROKEN(what, value) \
	do { \
		const __typeof__(what) was_ = what; \
		what = value; \
		assert_false(policy_valid(b.img, b.img->size)); \
		what = was_; \
		assert_true(policy_valid(b.img, b.img->size)); \
	} while (0)
	BROKEN(r->n_typed, 4);
	BROKEN(r->typed0, UINT32_MAX);
	BROKEN(t[1].type, MB_TYPES);
	BROKEN(t[1].type, MB_INT32);
	BROKEN(t[1].order, MB_ORDERS);
	BROKEN(t[1].lo, 2);
	BROKEN(t[1].unit[MB_VALUE_UNIT - 1], 'x');
	BROKEN(t[1].scale_digits, 1000000000);
	BROKEN(t[1].scale_exponent, 19);
	BROKEN(t[1].keys.r0, b.img->n_ranges);
	stop(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_comparison),
		cmocka_unit_test(test_limits_of_16_bits),
		cmocka_unit_test(test_limits_of_floats),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_whole_values),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_read_write),
		cmocka_unit_test(test_special),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_in_kernel),
		cmocka_unit_test(test_foreign_image),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
