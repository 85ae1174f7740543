/* SPDX-License-Identifier: MIT
 * DNP3: tables, frames, segments, headers of fragments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/dnp3/wire.h"
#include "dnp3-samples.h"

/* From a heap block of exactly n bytes, so that a sanitizer sees any read past the end. */
static int frame_n(const uint8_t *p, size_t n, enum reason *why)
{
	uint8_t *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, p, n);
	*why = R_NONE;
	int len = dnp3_frame(copy, n, why);
	free(copy);
	return len;
}

static enum reason link_n(const uint8_t *p, size_t n, struct dnp_link *l)
{
	uint8_t *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, p, n);
	enum reason why = dnp3_link(copy, n, l);
	free(copy);
	return why;
}

static void functions_are_a_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < dnp_funcs_n; i++) {
		assert_ptr_equal(dnp_func_by_code(dnp_funcs[i].code), &dnp_funcs[i]);
		assert_ptr_equal(dnp_func_by_name(dnp_funcs[i].name), &dnp_funcs[i]);
		assert_true(i == 0 || dnp_funcs[i - 1].code < dnp_funcs[i].code);
		assert_true(dnp_funcs[i].classes != 0);
	}
	for (unsigned c = 0; c <= 33; c++)
		assert_non_null(dnp_func_by_code((uint8_t)c));
	for (unsigned c = 34; c <= 128; c++)
		assert_null(dnp_func_by_code((uint8_t)c));
	assert_null(dnp_func_by_code(132));
	for (size_t k = 0; k < dnp_classes_n; k++) {
		unsigned members = 0;
		for (size_t i = 0; i < dnp_funcs_n; i++)
			members += (dnp_funcs[i].classes & dnp_classes[k].bit) != 0;
		assert_true(members > 0);
		/* a class and a function of one name must be the same functions */
		const struct dnp_func *f = dnp_func_by_name(dnp_classes[k].name);
		assert_true(!f || (members == 1 && f->classes == dnp_classes[k].bit));
	}
}

/* A request to reset a link as any capture shows it, and any bytes against the bitwise form. */
static void crc_is_the_standards(void **state)
{
	(void)state;
	const uint8_t head[] = { 0x05, 0x64, 0x05, 0xc0, 0x01, 0x00, 0x00, 0x04 };
	assert_int_equal(dnp3_crc(head, sizeof(head)), 0x21e9);
	uint8_t noise[300];
	unsigned x = 1;
	for (size_t n = 0; n < sizeof(noise); n++) {
		x = x * 1103515245 + 12345;
		noise[n] = (uint8_t)(x >> 16);
		assert_int_equal(dnp3_crc(noise, n), sample_crc(noise, n));
	}
}

static void every_truncation_of_a_frame(void **state)
{
	(void)state;
	uint8_t user[DNP_USER_MAX], f[DNP_FRAME_MAX];
	for (size_t i = 0; i < sizeof(user); i++)
		user[i] = (uint8_t)i;
	for (size_t n = 0; n <= DNP_USER_MAX; n++) {
		struct dnp_link l;
		enum reason why;
		size_t len = sample_frame(n ? 0xc4 : 0xc9, 4, 3, user, n, f);
		for (size_t k = 0; k < len; k++) {
			int got = frame_n(f, k, &why);
			assert_int_equal(got, k < DNP_HEAD ? 0 : (int)len);
			assert_int_equal(link_n(f, k, &l), R_LENGTH);
		}
		assert_int_equal(frame_n(f, len, &why), len);
		assert_int_equal(link_n(f, len, &l), n == 1 ? R_LENGTH : R_NONE);
		assert_int_equal(l.n, n);
		assert_memory_equal(l.user, user, n);
		assert_int_equal(l.dst, 4);
		assert_int_equal(l.src, 3);
		assert_true(l.dir && l.prm && !l.fcv);
	}
	assert_int_equal(sample_frame(0xc4, 4, 3, user, DNP_USER_MAX, f), DNP_FRAME_MAX);
}

static void every_broken_bit_is_seen(void **state)
{
	(void)state;
	uint8_t f[DNP_FRAME_MAX];
	struct dnp_link l;
	enum reason why;
	size_t len = sample_request("c0 c0 01 3c 02 06 3c 03 06 3c 04 06 3c 01 06 01 00 06", f);
	for (size_t bit = 0; bit < len * 8; bit++) {
		f[bit / 8] ^= (uint8_t)(1u << bit % 8);
		int got = frame_n(f, len, &why);
		assert_true(bit >= DNP_HEAD * 8 ? got == (int)len : got < 0 && why != R_NONE);
		assert_int_not_equal(link_n(f, len, &l), R_NONE);
		f[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(link_n(f, len, &l), R_NONE);
}

static void starts_that_are_no_frame(void **state)
{
	(void)state;
	enum reason why;
	assert_true(frame_n((const uint8_t *)"\x06", 1, &why) < 0 && why == R_FRAME);
	assert_true(frame_n((const uint8_t *)"\x05\x65", 2, &why) < 0 && why == R_FRAME);
	assert_true(frame_n((const uint8_t *)"\x05\x64\x04", 3, &why) < 0 && why == R_LENGTH);
	assert_int_equal(frame_n((const uint8_t *)"\x05\x64\x05", 3, &why), 0);
	assert_int_equal(frame_n((const uint8_t *)"", 0, &why), 0);
}

/* Every control octet: only what a station sends is sound. */
static void link_functions(void **state)
{
	(void)state;
	static const struct {
		uint8_t control; /* without DIR and FCB */
		bool user;
	} sound[] = {
		{ 0x40, false }, { 0x52, false }, { 0x53, true },  { 0x44, true },  { 0x49, false },
		{ 0x00, false }, { 0x10, false }, { 0x01, false }, { 0x11, false }, { 0x0b, false },
		{ 0x1b, false }, { 0x0f, false }, { 0x1f, false },
	};
	const uint8_t user[] = { 0xc0, 0xc0, 0x17 };
	uint8_t f[DNP_FRAME_MAX];
	for (unsigned c = 0; c < 256; c++) {
		bool is_sound = false, has_user = false;
		struct dnp_link l;
		for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++)
			/* the frame count bit is that of confirmed data and link tests */
			if (sound[i].control == (c & 0x5f) && (!(c & 0x20) || (c & 0x50) == 0x50)) {
				is_sound = true;
				has_user = sound[i].user;
			}
		size_t n = sample_frame((uint8_t)c, 4, 3, user, has_user ? 3 : 0, f);
		assert_int_equal(link_n(f, n, &l), is_sound ? R_NONE : R_DNP_LINK);
		n = sample_frame((uint8_t)c, 4, 3, user, has_user ? 0 : 3, f);
		assert_int_equal(link_n(f, n, &l), is_sound ? R_LENGTH : R_DNP_LINK);
		n = sample_frame((uint8_t)c, 4, DNP_ADDR_RESERVED, user, has_user ? 3 : 0, f);
		assert_int_equal(link_n(f, n, &l), R_DNP_LINK);
	}
}

static enum reason add(struct dnp_series *s, uint16_t src, uint8_t octet, size_t n, bool *whole)
{
	struct dnp_link l = { .dir = true,
			      .prm = true,
			      .func = DNP_UNCONFIRMED,
			      .src = src,
			      .dst = 9,
			      .n = (uint8_t)(n + 1) };
	l.user[0] = octet;
	memset(l.user + 1, octet, n);
	return dnp3_segment(s, &l, whole);
}

enum { FIN = 0x80, FIR = 0x40 };

static void segments_make_a_fragment(void **state)
{
	(void)state;
	static uint8_t room[DNP_FRAGMENT_MAX];
	struct dnp_series s = { .buf = room, .max = sizeof(room) };
	bool whole;
	/* the sequence wraps from 63 to 0 */
	assert_int_equal(add(&s, 3, FIR | 62, 10, &whole), R_NONE);
	assert_false(whole);
	assert_int_equal(add(&s, 3, 63, 249, &whole), R_NONE);
	assert_int_equal(add(&s, 3, FIN | 0, 1, &whole), R_NONE);
	assert_true(whole);
	assert_int_equal(s.n, 260);
	assert_int_equal(s.buf[0], FIR | 62);
	assert_int_equal(s.buf[10], 63);
	assert_int_equal(s.buf[259], FIN);
	/* nothing is open after the last */
	assert_int_equal(add(&s, 3, 1, 5, &whole), R_DNP_SEGMENT);
	assert_int_equal(add(&s, 3, FIN | FIR | 17, 5, &whole), R_NONE);
	assert_true(whole);
	assert_int_equal(s.n, 5);
}

static void segments_that_do_not_follow(void **state)
{
	(void)state;
	static const struct {
		uint16_t src;
		uint8_t octet;
		enum reason want;
	} second[] = {
		{ 3, 6, R_NONE },	 { 3, 5, R_DNP_SEGMENT },
		{ 3, 7, R_DNP_SEGMENT }, { 3, FIN | 4, R_DNP_SEGMENT },
		{ 4, 6, R_DNP_SEGMENT }, { 4, FIN | 6, R_DNP_SEGMENT },
		{ 4, FIR | 6, R_NONE },	 { 3, FIR | 5, R_NONE }, /* begins anew */
	};
	for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
		uint8_t room[64];
		struct dnp_series s = { .buf = room, .max = sizeof(room) };
		bool whole;
		assert_int_equal(add(&s, 3, FIR | 5, 10, &whole), R_NONE);
		assert_int_equal(add(&s, second[i].src, second[i].octet, 10, &whole),
				 second[i].want);
		assert_false(whole);
		/* after a refusal only a first segment is taken */
		if (second[i].want != R_NONE) {
			assert_int_equal(add(&s, 3, FIN | 6, 10, &whole), R_DNP_SEGMENT);
			assert_false(whole);
		}
	}
}

/* A station may ignore frames of one link function, and take those of the other. */
static void segments_of_two_functions(void **state)
{
	(void)state;
	uint8_t room[64];
	struct dnp_series s = { .buf = room, .max = sizeof(room) };
	struct dnp_link l = { .dir = true,
			      .prm = true,
			      .func = DNP_CONFIRMED,
			      .src = 3,
			      .dst = 9,
			      .n = 2,
			      .user = { 6, 1 } };
	bool whole;
	assert_int_equal(add(&s, 3, FIR | 5, 10, &whole), R_NONE);
	assert_int_equal(dnp3_segment(&s, &l, &whole), R_DNP_SEGMENT);
	assert_int_equal(add(&s, 3, FIN | 6, 10, &whole), R_DNP_SEGMENT);
}

static void fragments_have_a_limit(void **state)
{
	(void)state;
	static uint8_t room[DNP_FRAGMENT + 1];
	struct dnp_series s = { .buf = room, .max = DNP_FRAGMENT };
	bool whole;
	unsigned i = 0;
	size_t left = DNP_FRAGMENT;
	for (; left >= 249; left -= 249, i++)
		assert_int_equal(add(&s, 3, (uint8_t)((i ? 0 : FIR) | i), 249, &whole), R_NONE);
	struct dnp_series exact = s;
	assert_int_equal(add(&exact, 3, (uint8_t)(FIN | i), left, &whole), R_NONE);
	assert_true(whole);
	assert_int_equal(exact.n, DNP_FRAGMENT);
	assert_int_equal(add(&s, 3, (uint8_t)(FIN | i), left + 1, &whole), R_DNP_FRAGMENT);
	assert_false(whole);
	assert_int_equal(add(&s, 3, (uint8_t)(FIN | i), 1, &whole), R_DNP_SEGMENT);
}

static void headers_of_fragments(void **state)
{
	(void)state;
	const uint8_t request[] = { 0xe5, 0x01, 0x3c, 0x01, 0x06 },
		      response[] = { 0x7a, 0x81, 0x80, 0x01, 0x02 };
	struct dnp_app a;
	assert_int_equal(dnp3_app(request, sizeof(request), &a), R_NONE);
	assert_true(a.fir && a.fin && a.con && !a.uns && !a.response);
	assert_int_equal(a.seq, 5);
	assert_int_equal(a.n_objs, 3);
	assert_ptr_equal(a.objs, request + 2);
	assert_int_equal(dnp3_app(response, sizeof(response), &a), R_NONE);
	assert_true(!a.fir && a.fin && a.con && a.uns && a.response);
	assert_int_equal(a.seq, 10);
	assert_int_equal(a.iin, 0x8001);
	assert_int_equal(a.n_objs, 1);
	for (size_t n = 0; n < 2; n++)
		assert_int_equal(dnp3_app(request, n, &a), R_TRUNCATED);
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(dnp3_app(response, n, &a), R_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_a_table),
		cmocka_unit_test(crc_is_the_standards),
		cmocka_unit_test(every_truncation_of_a_frame),
		cmocka_unit_test(every_broken_bit_is_seen),
		cmocka_unit_test(starts_that_are_no_frame),
		cmocka_unit_test(link_functions),
		cmocka_unit_test(segments_make_a_fragment),
		cmocka_unit_test(segments_that_do_not_follow),
		cmocka_unit_test(segments_of_two_functions),
		cmocka_unit_test(fragments_have_a_limit),
		cmocka_unit_test(headers_of_fragments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
