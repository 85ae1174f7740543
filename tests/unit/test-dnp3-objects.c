/* SPDX-License-Identifier: MIT
 * DNP3: walking objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/dnp3/wire-objects.h"
#include "dnp3-samples.h"

enum { TEXT = 4096 };

struct walked {
	enum reason why;
	char text[TEXT]; /* headers and their points */
};

static void put(struct walked *w, const char *fmt, unsigned long long a, unsigned long long b,
		unsigned long long c)
{
	size_t at = strlen(w->text);
	if (at + 80 < TEXT)
		snprintf(w->text + at, TEXT - at, fmt, a, b, c);
}

static void put_points(struct walked *w, const struct dnp_head *h)
{
	struct dnp_points it;
	struct dnp_point p;
	unsigned n = 0;
	dnp_points(&it, h);
	while (dnp_next_point(&it, &p)) {
		assert_true(n++ <= DNP_FRAGMENT_MAX * 8);
		assert_true(!p.data || (p.data >= h->data && p.data + p.len <= h->data + h->len));
		if (p.data)
			put(w, " %llu:%llu@%llu", p.index, p.len, p.data[0]);
		else
			put(w, " %llu=%llu", p.index, p.bits, 0);
	}
}

/* A whole fragment of n octets: its headers as text, and how the walk ended. */
static void walk_n(const uint8_t *p, size_t n, struct walked *w)
{
	uint8_t *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, p, n);
	struct dnp_app a;
	struct dnp_walk it;
	struct dnp_head h;
	w->text[0] = '\0';
	w->why = dnp3_app(copy, n, &a);
	if (w->why == R_NONE) {
		dnp_walk(&it, &a);
		while (dnp_next(&it, &h)) {
			put(w, "%llu.%llu", h.group, h.var, 0);
			put(w, h.span == DNP_UNCOUNTED ? "/%02llx/" : "/%02llx/%llu", h.qual,
			    h.count, 0);
			if (h.span == DNP_RANGE)
				put(w, "[%llu-%llu]", h.start, h.stop, 0);
			put_points(w, &h);
			put(w, ";", 0, 0, 0);
		}
		w->why = it.why;
	}
	free(copy);
}

static void walk_hex(const char *hex, struct walked *w)
{
	uint8_t bytes[DNP_FRAGMENT_MAX];
	walk_n(bytes, sample_hex(hex, bytes), w);
}

static const struct {
	const char *hex; /* the fragment */
	const char *want;
	bool ends_anywhere; /* cut short at a header it is a fragment still */
			    /* clang-format off */
} good[] = {
	/* reads: headers alone, index lists */
	{ "c0 01 3c 02 06 3c 03 06 3c 01 06", "60.2/06/0;60.3/06/0;60.1/06/0;", true },
	{ "c0 01 01 00 00 00 ff", "1.0/00/256[0-255];", false },
	{ "c0 01 1e 00 02 00000000 ffffffff", "30.0/02/4294967296[0-4294967295];", false },
	{ "c0 01 02 00 07 0a 02 00 08 0001", "2.0/07/10;2.0/08/256;", true },
	{ "c0 01 1e 05 17 02 03 09", "30.5/17/2 3=0 9=0;", false },
	{ "c0 01 1e 05 28 0200 0300 0901", "30.5/28/2 3=0 265=0;", false },
	/* fixed sizes, bits, pairs of bits */
	{ "c0 81 0000 1e 02 00 05 06 01 1122 01 3344", "30.2/00/2[5-6] 5:3@1 6:3@1;", false },
	{ "c0 81 0000 01 01 00 03 0c 05 03", "1.1/00/10[3-12] 3=1 4=0 5=1 6=0 7=0 8=0 9=0 10=0 11=1 12=1;", false },
	{ "c0 81 0000 03 01 00 00 04 1b 02", "3.1/00/5[0-4] 0=3 1=2 2=1 3=0 4=2;", false },
	{ "c0 82 0000 02 02 28 0100 0900 81 112233445566", "2.2/28/1 9:7@129;", false },
	{ "c0 81 0000 20 08 17 01 02 01 0102030405060708 a1a2a3a4a5a6", "32.8/17/1 2:15@1;", false },
	/* controls */
	{ "c0 03 0c 01 28 0100 0a00 03 01 64000000 64000000 00", "12.1/28/1 10:11@3;", false },
	{ "c0 03 0c 02 17 01 05 03 01 64000000 64000000 00 0c 03 00 00 03 0f",
	  "12.2/17/1 5:11@3;12.3/00/4[0-3] 0=1 1=1 2=1 3=1;", true },
	{ "c0 05 29 04 17 01 07 0000000000000040 00", "41.4/17/1 7:9@0;", false },
	/* time and the restart bit */
	{ "c0 02 32 01 07 01 112233445566", "50.1/07/1 0:6@17;", false },
	{ "c0 02 50 01 00 07 07 00", "80.1/00/1[7-7] 7=0;", false },
	/* freeze at time: the time is an object, the counters are not */
	{ "c0 0b 32 02 07 01 112233445566 0a000000 14 00 06", "50.2/07/1 0:10@17;20.0/06/0;", true },
	/* class assignment: headers only */
	{ "c0 16 3c 02 06 1e 00 00 00 04", "60.2/06/0;30.0/00/5[0-4];", true },
	/* sized objects, in reads too */
	{ "c0 19 46 03 5b 01 0300 aabbcc", "70.3/5b/1 0:3@170;", false },
	{ "c0 01 46 05 5b 01 0800 1122334455667788", "70.5/5b/1 0:8@17;", false },
	{ "c0 20 78 01 5b 02 0100 aa 0200 bbcc", "120.1/5b/2 0:1@170 1:2@187;", false },
	{ "c0 20 78 03 07 01 01000000 0100 78 09 5b 01 0200 aabb", "120.3/07/1 0:6@1;120.9/5b/1 0:2@170;", true },
	{ "c0 01 78 03 07 01 01000000 0100 3c 02 06 78 09 5b 01 0200 aabb",
	  "120.3/07/1 0:6@1;60.2/06/0;120.9/5b/1 0:2@170;", true },
	{ "c0 0d 78 03 07 01 01000000 0100 78 09 5b 01 0200 aabb", "120.3/07/1 0:6@1;120.9/5b/1 0:2@170;", true },
	/* strings by variation, attributes, registered objects */
	{ "c0 81 0000 6e 03 00 00 01 616263 646566", "110.3/00/2[0-1] 0:3@97 1:3@100;", false },
	{ "c0 81 0000 00 f2 00 00 00 01 03 616263", "0.242/00/1[0-0] 0:5@1;", false },
	{ "c0 81 0000 53 01 07 01 41424344 0100 0300 112233", "83.1/07/1 0:11@65;", false },
	/* nothing to walk */
	{ "c0 17", "", false },
	{ "c0 81 0000", "", false },
	{ "c0 81 0000 02 01 07 00", "2.1/07/0;", false },
};
/* clang-format on */

static void good_fragments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct walked w;
		walk_hex(good[i].hex, &w);
		assert_string_equal(w.text, good[i].want);
		assert_int_equal(w.why, R_NONE);
	}
}

/* Cut anywhere, a fragment is truncated, unless it is cut between two headers. */
static void every_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint8_t bytes[DNP_FRAGMENT_MAX];
		size_t len = sample_hex(good[i].hex, bytes), whole = 0;
		for (size_t n = 0; n < len; n++) {
			struct walked w;
			walk_n(bytes, n, &w);
			size_t head = bytes[1] >= 129 ? 4 : 2;
			if (w.why == R_NONE) {
				whole += n != head;
				assert_memory_equal(w.text, good[i].want, strlen(w.text));
			} else {
				assert_int_equal(w.why, R_TRUNCATED);
			}
		}
		assert_true(good[i].ends_anywhere ? whole > 0 : whole == 0);
	}
}

static const struct {
	const char *hex;
	enum reason why;
	const char *want;
	/* clang-format off */
} bad[] = {
	/* objects where none belong */
	{ "c0 0d 3c 01 06", R_TRAILING, "" },
	{ "c0 00 3c 01 06", R_TRAILING, "" },
	/* reserved qualifiers: bit 7, prefix 7, range codes 3-5, 10, 12-15, odd pairs */
	{ "c0 01 01 00 86", R_DNP_QUALIFIER, "1.0/86/;" },
	{ "c0 01 01 00 77 01", R_DNP_QUALIFIER, "1.0/77/;" },
	{ "c0 01 01 00 03 01 02", R_DNP_QUALIFIER, "1.0/03/;" },
	{ "c0 01 01 00 0a 01", R_DNP_QUALIFIER, "1.0/0a/;" },
	{ "c0 01 01 00 16", R_DNP_QUALIFIER, "1.0/16/;" },
	{ "c0 01 01 00 10 01 02", R_DNP_QUALIFIER, "1.0/10/;" },
	{ "c0 01 01 00 0b 01", R_DNP_QUALIFIER, "1.0/0b/;" },
	{ "c0 01 01 00 57 01", R_DNP_QUALIFIER, "1.0/57/;" },
	/* sized objects without sizes, packed ones with indexes, objects of no number */
	{ "c0 02 46 03 07 01 00", R_DNP_QUALIFIER, "70.3/07/1;" },
	{ "c0 02 50 01 17 01 07 00", R_DNP_QUALIFIER, "80.1/17/1;" },
	{ "c0 02 32 01 06", R_DNP_QUALIFIER, "50.1/06/0;" },
	/* of unknown size */
	{ "c0 02 64 01 00 00 00 11", R_DNP_OBJECT, "100.1/00/1[0-0];" },
	{ "c0 81 0000 1e 00 00 00 00 11", R_DNP_OBJECT, "30.0/00/1[0-0];" },
	{ "c0 70 63 01 07 01", R_DNP_OBJECT, "99.1/07/1;" },
	/* reversed */
	{ "c0 01 01 00 00 05 04", R_FORMAT, "1.0/00/0[5-4];" },
	{ "c0 01 01 00 01 0100 0000", R_FORMAT, "1.0/01/0[1-0];" },
	/* counts that lie */
	{ "c0 03 0c 01 28 ffff 0a00 03 01 64000000 64000000 00", R_TRUNCATED, "12.1/28/65535;" },
	{ "c0 03 0c 01 09 ffffffff 03 01 64000000 64000000 00", R_TRUNCATED, "12.1/09/4294967295;" },
	{ "c0 81 0000 01 01 02 00000000 ffffffff 00", R_TRUNCATED, "1.1/02/4294967296[0-4294967295];" },
	{ "c0 81 0000 00 f2 08 ffff 01 00 01 00", R_TRUNCATED, "0.242/08/65535;" },
	{ "c0 19 46 03 5b 02 0100 aa", R_TRUNCATED, "70.3/5b/2;" },
	{ "c0 19 46 03 5b 01 ffff aa", R_TRUNCATED, "70.3/5b/1;" },
};
/* clang-format on */

static void bad_fragments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct walked w;
		walk_hex(bad[i].hex, &w);
		assert_string_equal(w.text, bad[i].want);
		assert_int_equal(w.why, bad[i].why);
	}
}

static void objects_are_a_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < dnp_objects_n; i++) {
		const struct dnp_object *o = &dnp_objects[i];
		assert_true(o->first <= o->last);
		assert_ptr_equal(dnp_object(o->group, o->first), o);
		assert_ptr_equal(dnp_object(o->group, o->last), o);
		assert_true((o->shape == DNP_FIXED) == (o->size > 0));
	}
	for (unsigned g = 0; g < 256; g++)
		assert_null(dnp_object((uint8_t)g, 0));
	assert_null(dnp_object(30, 7));
	assert_null(dnp_object(100, 1));
	assert_non_null(dnp_object(110, 255));
	assert_true(dnp_has_points(1) && dnp_has_points(110) && !dnp_has_points(60) &&
		    !dnp_has_points(70));
}

/* Every object of the library, once with each way to count: exactly its octets, no less. */
static void every_object_has_its_size(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 65536; n++) {
		const struct dnp_object *o = dnp_object((uint8_t)(n >> 8), (uint8_t)n);
		if (!o || (o->shape != DNP_FIXED && o->shape != DNP_STRING))
			continue;
		size_t size = o->shape == DNP_STRING ? n & 255 : o->size;
		static const uint8_t quals[] = { 0x07, 0x17, 0x28, 0x00 };
		for (size_t k = 0; k < sizeof(quals); k++) {
			uint8_t q = quals[k],
				f[1024] = { 0xc0, 0x81, 0, 0, (uint8_t)(n >> 8), (uint8_t)n, q };
			size_t at = 7;
			f[at++] = q ? 2 : 4;
			f[at++] = q == 0x28 ? 0 : 5;
			at -= q == 0x07 || q == 0x17;
			at += 2 * (size + (q >> 4));
			struct walked w;
			walk_n(f, at, &w);
			assert_int_equal(w.why, R_NONE);
			walk_n(f, at - 1, &w);
			assert_int_equal(w.why, R_TRUNCATED);
			walk_n(f, at + 1, &w);
			assert_int_equal(w.why, R_TRUNCATED); /* a header of one octet */
		}
	}
}

static void one_point(const char *hex, struct dnp_head *h, struct dnp_point *p, uint8_t bytes[64])
{
	struct dnp_app a;
	struct dnp_walk w;
	struct dnp_points it;
	assert_int_equal(dnp3_app(bytes, sample_hex(hex, bytes), &a), R_NONE);
	dnp_walk(&w, &a);
	assert_true(dnp_next(&w, h));
	dnp_points(&it, h);
	assert_true(dnp_next_point(&it, p));
}

static void controls_and_values(void **state)
{
	(void)state;
	uint8_t bytes[64], status;
	struct dnp_head h;
	struct dnp_point p;
	struct dnp_control c;
	double v;
	one_point("c0 05 0c 01 17 01 09 b1 02 01020304 05060708 7f", &h, &p, bytes);
	assert_true(dnp_control(&h, &p, &c));
	assert_int_equal(p.index, 9);
	assert_int_equal(c.op, 1);
	assert_true(c.queue && c.clear);
	assert_int_equal(c.code, 2);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.on_time, 0x04030201);
	assert_int_equal(c.off_time, 0x08070605);
	assert_int_equal(c.status, 0x7f);
	assert_false(dnp_analog(&h, &p, &v, &status));
	static const struct {
		const char *hex;
		double v;
	} values[] = {
		{ "c0 05 29 01 17 01 09 feffffff 05", -2 },
		{ "c0 05 29 02 17 01 09 feff 05", -2 },
		{ "c0 05 29 03 17 01 09 0000c0bf 05", -1.5 },
		{ "c0 05 29 04 17 01 09 000000000000f8bf 05", -1.5 },
	};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		one_point(values[i].hex, &h, &p, bytes);
		assert_true(dnp_analog(&h, &p, &v, &status));
		assert_true(v == values[i].v);
		assert_int_equal(status, 5);
		assert_false(dnp_control(&h, &p, &c));
	}
}

static void app_of(const char *hex, struct dnp_app *a, uint8_t bytes[256])
{
	assert_int_equal(dnp3_app(bytes, sample_hex(hex, bytes), a), R_NONE);
}

static void what_a_write_does(void **state)
{
	(void)state;
	static const struct {
		const char *hex;
		unsigned does;
	} writes[] = {
		{ "c0 02 50 01 00 07 07 00", DNP_CLEAR_RESTART },
		{ "c0 02 50 01 01 0700 0700 00", DNP_CLEAR_RESTART },
		{ "c0 02 32 01 07 01 112233445566", DNP_TIME_SYNC },
		{ "c0 02 32 03 07 01 112233445566", DNP_TIME_SYNC },
		{ "c0 02 32 03 07 01 112233445566 50 01 00 07 07 00",
		  DNP_TIME_SYNC | DNP_CLEAR_RESTART },
		{ "c0 02 78 03 07 01 01000000 0100 50 01 00 07 07 00 78 09 5b 01 0200 aabb",
		  DNP_CLEAR_RESTART },
		{ "c0 02", 0 },
		{ "c0 02 50 01 00 07 07 01", DNP_WRITE_OTHER }, /* sets it */
		{ "c0 02 50 01 00 06 06 00", DNP_WRITE_OTHER }, /* another bit */
		{ "c0 02 50 01 00 04 07 00", DNP_WRITE_OTHER }, /* others with it */
		{ "c0 02 50 01 00 07 07 00 50 01 00 04 04 00",
		  DNP_CLEAR_RESTART | DNP_WRITE_OTHER },
		{ "c0 02 50 01 00 07 07 00 50 01 17", DNP_WRITE_OTHER }, /* cut short */
		{ "c0 02 32 01 07 02 112233445566 112233445566", DNP_WRITE_OTHER },
		{ "c0 02 32 04 07 01 1122334455660100000001", DNP_WRITE_OTHER },
		{ "c0 02 22 01 00 00 00 0000", DNP_WRITE_OTHER },
		{ "c0 03 50 01 00 07 07 00", DNP_WRITE_OTHER | DNP_CLEAR_RESTART }, /* no write */
	};
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		uint8_t bytes[256];
		struct dnp_app a;
		app_of(writes[i].hex, &a, bytes);
		assert_int_equal(dnp_write_does(&a), writes[i].does);
	}
}

static void authentication(void **state)
{
	(void)state;
	uint8_t bytes[256];
	struct dnp_app a;
	app_of("c0 0d 78 03 07 01 01000000 0100 78 09 5b 01 0200 aabb", &a, bytes);
	assert_true(dnp_aggressive(&a));
	app_of("c0 02 50 01 00 07 07 00 78 09 5b 01 0200 aabb", &a, bytes);
	assert_false(dnp_aggressive(&a));
	app_of("c0 02 78 03 07 01 01000000 0100 50 01 00 07 07 00", &a, bytes);
	assert_false(dnp_aggressive(&a));
	app_of("c0 83 0000 78 05 5b 01 0b00 01000000 0100 01 01 04 0000", &a, bytes);
	assert_int_equal(dnp_key_status(&a), 1);
	app_of("c0 83 0000 78 05 5b 01 0700 01000000 0100 01", &a, bytes);
	assert_int_equal(dnp_key_status(&a), 0);
	app_of("c0 83 0000 78 01 5b 01 0b00 01000000 0100 01 01 04 0000", &a, bytes);
	assert_int_equal(dnp_key_status(&a), 0);
}

/* Any bytes: the walk ends, and stays inside (a sanitizer looks). */
static void mutations(void **state)
{
	(void)state;
	uint32_t x = 2463534242;
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t bytes[DNP_FRAGMENT_MAX];
		size_t len = sample_hex(good[round % (sizeof(good) / sizeof(good[0]))].hex, bytes);
		for (unsigned k = 0; k < 3; k++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			bytes[x % len] = (uint8_t)(x >> 8);
		}
		struct walked w;
		walk_n(bytes, len, &w);
		assert_true(w.why < R_COUNT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_fragments),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(bad_fragments),
		cmocka_unit_test(objects_are_a_table),
		cmocka_unit_test(every_object_has_its_size),
		cmocka_unit_test(controls_and_values),
		cmocka_unit_test(what_a_write_does),
		cmocka_unit_test(authentication),
		cmocka_unit_test(mutations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
