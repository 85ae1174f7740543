/* SPDX-License-Identifier: MIT
 * OPC UA: node ids and values in every encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/opcua/wire-read.h"
#include "opcua-samples.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct make made;

static struct make *fresh(void)
{
	made.n = 0;
	return &made;
}

static void node_ids_in_every_form(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
		const char *text; /* NULL: a fault */
		bool expanded, foreign;
	} forms[] = {
		{ "\0\x54", 2, "ns=0;i=84", false, false },
		{ "\1\5\x01\x02", 4, "ns=5;i=513", false, false },
		{ "\2\x01\x02\4\3\2\1", 7, "ns=513;i=16909060", false, false },
		{ "\3\1\0\3\0\0\0abc", 10, "ns=1;s=abc", false, false },
		{ "\3\1\0\4\0\0\0a\n\xff"
		  "b",
		  11, "ns=1;s=a??b", false, false },
		{ "\3\1\0\xff\xff\xff\xff", 7, "ns=1;s=", false, false },
		{ "\4\2\0\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 19,
		  "ns=2;g=00112233-4455-6677-8899-aabbccddeeff", false, false },
		{ "\5\1\0\2\0\0\0\xde\xad", 9, "ns=1;b=dead", false, false },
		{ "\6\1\0\2\0\0\0\xde\xad", 9, NULL, false, false },
		{ "\x80\x54\1\0\0\0u", 7, NULL, false, false },
		{ "\x80\x54\1\0\0\0u", 7, "ns=0;i=84", true, true },
		{ "\x80\x54\xff\xff\xff\xff", 6, "ns=0;i=84", true, false },
		{ "\x40\x54\1\0\0\0", 6, "ns=0;i=84", true, true },
		{ "\x40\x54\0\0\0\0", 6, "ns=0;i=84", true, false },
		{ "\xc1\5\x01\x02\1\0\0\0u\1\0\0\0", 13, "ns=5;i=513", true, true },
		{ "\3\1\0\xfe\xff\xff\xff", 7, NULL, false, false },
		{ "\3\1\0\4\0\0\0abc", 10, NULL, false, false },
	};
	for (size_t i = 0; i < LEN(forms); i++) {
		for (size_t n = 0; n <= forms[i].n; n++) {
			struct ua_read u = { .r = rd_init(forms[i].bytes, n) };
			struct ua_node node = ua_node(&u, forms[i].expanded);
			assert_int_equal(rd_done(&u.r), n == forms[i].n && forms[i].text);
			if (!rd_done(&u.r))
				continue;
			char text[UA_NODE_TEXT];
			ua_node_text(&node, text);
			assert_string_equal(text, forms[i].text);
			assert_int_equal(node.foreign, forms[i].foreign);
		}
	}
}

static void long_ids_are_cut_in_text(void **state)
{
	(void)state;
	static uint8_t big[4096];
	memset(big, 'x', sizeof(big));
	for (unsigned kind = UA_STRING; kind <= UA_OPAQUE; kind++) {
		struct ua_node n = { .ns = 65535,
				     .kind = (uint8_t)kind,
				     .id = { big, sizeof(big) } };
		char text[UA_NODE_TEXT];
		ua_node_text(&n, text);
		assert_true(strlen(text) < UA_NODE_TEXT);
	}
}

static bool value_is_whole(const struct make *m, unsigned type, enum reason *why)
{
	struct ua_read u = { .r = rd_init(m->b, m->n) };
	ua_value(&u, type);
	*why = u.why;
	return rd_done(&u.r);
}

/* Every built-in type as scalar, array, matrix of a Variant, and every truncation. */
static void variants_of_every_type(void **state)
{
	(void)state;
	static const char *const sample[UA_TYPES] = {
		[1] = "b",  [2] = "b",	[3] = "b",  [4] = "2",	[5] = "2",  [6] = "u",	[7] = "u",
		[8] = "l",  [9] = "l",	[10] = "u", [11] = "l", [12] = "s", [13] = "l", [14] = "g",
		[15] = "s", [16] = "s", [17] = "n", [18] = "e", [19] = "u", [20] = "q", [21] = "t",
		[22] = "x", [23] = "d", [24] = "v", [25] = "D",
	};
	for (unsigned type = 1; type < UA_TYPES; type++) {
		for (unsigned form = 0; form < 3; form++) {
			struct make *m = fresh();
			put8(m, (uint8_t)(type | (form > 0 ? 0x80 : 0) | (form > 1 ? 0x40 : 0)));
			if (form)
				put_u32(m, 2);
			for (unsigned k = 0; k < (form ? 2u : 1u); k++) {
				if (*sample[type] == 'g')
					put(m, "0123456789abcdef", 16);
				else if (*sample[type] == '2')
					put_le(m, 7, 2);
				else if (*sample[type] == 'D')
					put(m,
					    "\x7f"
					    "aaaabbbbccccdddd\1\0\0\0xeeee\0",
					    27);
				else
					put_fields(m, sample[type]);
			}
			if (form > 1) {
				put_u32(m, 2);
				put_u32(m, 1);
				put_u32(m, 2);
			}
			enum reason why;
			bool scalar_variant = type == UA_T_VARIANT && !form;
			assert_int_equal(value_is_whole(m, UA_T_VARIANT, &why), !scalar_variant);
			for (size_t whole = m->n; m->n > 0;) {
				m->n--;
				assert_false(value_is_whole(m, UA_T_VARIANT, &why) && m->n < whole);
			}
		}
	}
}

static void variants_that_lie(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
		enum reason why;
	} bad[] = {
		{ "\x20", 1, R_FORMAT }, /* type 32 */
		{ "\x3f", 1, R_FORMAT },
		{ "\x46\1\0\0\0", 5, R_FORMAT },	 /* dimensions of no array */
		{ "\x80\0\0\0\0", 5, R_FORMAT },	 /* array of null */
		{ "\x83\xff\xff\xff\x7f", 5, R_NONE },	 /* more than there is: truncated */
		{ "\x83\xfe\xff\xff\xff", 5, R_FORMAT }, /* length -2 */
		{ "\xc3\1\0\0\0\7\1\0\0\0\2\0\0\0", 14, R_FORMAT }, /* 2 is not 1 */
		{ "\xc3\0\0\0\0\2\0\0\0\xff\xff\xff\xff\0\0\0\0", 17, R_FORMAT },
		{ "\xc3\1\0\0\0\7\2\0\0\0\xff\xff\xff\x7f\xff\xff\xff\x7f", 18, R_FORMAT },
	};
	for (size_t i = 0; i < LEN(bad); i++) {
		struct make *m = fresh();
		enum reason why;
		put(m, bad[i].bytes, bad[i].n);
		assert_false(value_is_whole(m, UA_T_VARIANT, &why));
		assert_int_equal(why, bad[i].why);
	}
	struct make *m = fresh();
	enum reason why;
	put(m, "\x9a\1\0\0\0\2\0\0\0hi", 11); /* type 26, read as ByteString */
	assert_true(value_is_whole(m, UA_T_VARIANT, &why));
}

static void nesting_is_bounded(void **state)
{
	(void)state;
	for (unsigned depth = 1; depth < 40; depth++) {
		struct make *m = fresh();
		enum reason why;
		for (unsigned i = 1; i < depth; i++)
			put(m, "\x98\1\0\0\0", 5);
		put(m, "\3\7", 2);
		assert_int_equal(value_is_whole(m, UA_T_VARIANT, &why), depth <= UA_DEPTH_MAX);
		assert_int_equal(why, depth <= UA_DEPTH_MAX ? R_NONE : R_UA_NESTING);
		m = fresh();
		for (unsigned i = 0; i < depth; i++)
			put8(m, 0x40);
		put8(m, 0);
		assert_int_equal(value_is_whole(m, UA_T_DIAGNOSTIC, &why), depth <= UA_DEPTH_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(node_ids_in_every_form),
		cmocka_unit_test(long_ids_are_cut_in_text),
		cmocka_unit_test(variants_of_every_type),
		cmocka_unit_test(variants_that_lie),
		cmocka_unit_test(nesting_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
