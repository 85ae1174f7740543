/* SPDX-License-Identifier: MIT
 * What devices say of themselves in EtherNet/IP and S7: messages, every truncation of them, and
 * lengths that lie. The messages are those of tests/learn/identity_wire.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sb.h"
#include "learn/identity.h"

static const char list_identity[] =
	"63003100010000000000000007000000000000000000000001000c002b0001000002af120a02000900000000"
	"0000000001000e003700140d60007856341209313736392d4c33324503";
static const char ask_all[] =
	"6f0016000100000000000000070000000000000000000000000000000000020000000000b200060001022001"
	"2401";
static const char all_attributes[] =
	"6f0028000100000000000000070000000000000000000000000000000000020000000000b200180081000000"
	"2f000e003700140d600078563412054e58313032";
static const char order_numbers[] =
	"0300006102f080320700000001000c0044000112081284010100000000ff09004000110000001c0002000652"
	"4f554e442041424f555400000000000000000000000001000100013645533720333135202020202020202020"
	"202020000000010001";
static const char names[] =
	"030000b102f080320700000001000c0094000112081284010100000000ff090090001c000000220004000153"
	"544154494f4e000000000000000000000000000000000000000000000000000002504c435f31000000000000"
	"0000000000000000000000000000000000000000000004436f70797269676874000000000000000000000000"
	"0000000000000000000000000743505520333135000000000000000000000000000000000000000000000000"
	"00";

struct heard {
	char text[400];
	struct sb b;
};

static void hear(void *ctx, const void *text, size_t n)
{
	struct heard *h = ctx;
	sb_printf(&h->b, "%.*s|", (int)n, (const char *)text);
}

static size_t octets(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;
	for (size_t i = 0; i < n; i++) {
		unsigned v;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		out[i] = (uint8_t)v;
	}
	return n;
}

/* In a copy of just that length, so that the sanitizers see what is read behind it. */
static const char *enip_says(const uint8_t *p, size_t n, bool answer, struct identity_asked *asked,
			     struct heard *h)
{
	uint8_t *copy = malloc(n + 1);
	const struct identity_sink to = { h, hear };
	assert_non_null(copy);
	memcpy(copy + 1, p, n);
	h->b = sb_init(h->text, sizeof(h->text));
	identity_enip(copy + 1, n, answer, asked, &to);
	free(copy);
	return h->text;
}

static const char *s7_says(const uint8_t *p, size_t n, struct heard *h)
{
	uint8_t *copy = malloc(n + 1);
	const struct identity_sink to = { h, hear };
	assert_non_null(copy);
	memcpy(copy + 1, p, n);
	h->b = sb_init(h->text, sizeof(h->text));
	identity_s7(copy + 1, n, &to);
	free(copy);
	return h->text;
}

#define LOGIX "Rockwell Automation, CIP vendor 1, revision 20.13|1769-L32E|"
#define OMRON "Omron, CIP vendor 47, revision 20.13|NX102|"

static void lists_identity(void **state)
{
	struct identity_asked asked = { .identity = false };
	struct heard h;
	uint8_t p[400];
	size_t n = octets(list_identity, p);
	(void)state;
	assert_string_equal(enip_says(p, n, true, &asked, &h), LOGIX);
	assert_string_equal(enip_says(p, n, false, &asked, &h), ""); /* of a client */
	for (size_t k = 0; k < n; k++)
		assert_string_equal(enip_says(p, k, true, &asked, &h), "");
	/* the name longer than the item, the item longer than the message, an error, another type
	 */
	for (const size_t *at = (const size_t[]){ 24 + 6 + 18 + 14, 24 + 4, 8, 24 + 2, 0 }; *at;
	     at++) {
		uint8_t was = p[*at];
		p[*at] = 0xff;
		assert_string_equal(enip_says(p, n, true, &asked, &h), "");
		p[*at] = was;
	}
	memcpy(p + n, p, n); /* two in one segment */
	assert_string_equal(enip_says(p, 2 * n, true, &asked, &h), LOGIX LOGIX);
}

static void all_attributes_of_identity(void **state)
{
	struct identity_asked asked = { .identity = false };
	struct heard h;
	uint8_t ask[100], p[400];
	size_t n_ask = octets(ask_all, ask), n = octets(all_attributes, p);
	(void)state;
	assert_string_equal(enip_says(p, n, true, &asked, &h), ""); /* nobody asked */
	assert_string_equal(enip_says(ask, n_ask, false, &asked, &h), "");
	assert_true(asked.identity);
	assert_string_equal(enip_says(p, n, true, &asked, &h), OMRON);
	assert_string_equal(enip_says(p, n, true, &asked, &h), ""); /* answered */
	for (size_t k = 0; k < n; k++) {
		enip_says(ask, n_ask, false, &asked, &h);
		assert_string_equal(enip_says(p, k, true, &asked, &h), "");
	}
	/* another class, instance, service, and an answer to something else */
	for (size_t i = 0; i < 4; i++) {
		uint8_t *at = i == 3 ? p + 12 : ask + n_ask - (const size_t[]){ 3, 1, 6 }[i];
		*at ^= 4;
		asked = (struct identity_asked){ .identity = false };
		enip_says(ask, n_ask, false, &asked, &h);
		assert_string_equal(enip_says(p, n, true, &asked, &h), "");
		*at ^= 4;
	}
	/* an error */
	enip_says(ask, n_ask, false, &asked, &h);
	p[24 + 6 + 2 + 4 + 4 + 2] = 8;
	assert_string_equal(enip_says(p, n, true, &asked, &h), "");
}

static void status_list(void **state)
{
	struct heard h;
	uint8_t p[400];
	size_t n = octets(order_numbers, p);
	(void)state;
	assert_string_equal(s7_says(p, n, &h), "6ES7 315|");
	for (size_t k = 0; k < n; k++)
		assert_string_equal(s7_says(p, k, &h), "");
	p[42] = 1; /* the first record is of the module, too */
	assert_string_equal(s7_says(p, n, &h), "ROUND ABOUT|6ES7 315|");
	p[38]++; /* the size of a record: none of this part is so large */
	assert_string_equal(s7_says(p, n, &h), "");
	n = octets(names, p);
	assert_string_equal(s7_says(p, n, &h), "PLC_1|CPU 315|");
	for (size_t k = 0; k < n; k++)
		assert_string_equal(s7_says(p, k, &h), "");
	/* version, length, COTP type, more to come, S7, kind, function, part read, code, form,
	 * length of the list, part, size of a record */
	for (const size_t *at = (const size_t[]){ 2, 4, 5, 6, 7, 8, 22, 23, 29, 30, 31, 34, 37, 0 };
	     *at; at++) {
		uint8_t was = p[*at];
		p[*at] ^= 0x80;
		assert_string_equal(s7_says(p, n, &h), "");
		p[*at] = was;
	}
	p[0] = 2;
	assert_string_equal(s7_says(p, n, &h), "");
	p[0] = 3;
	p[39] = p[40] = 0xff; /* more records than there are */
	assert_string_equal(s7_says(p, n, &h), "PLC_1|CPU 315|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_identity),
		cmocka_unit_test(all_attributes_of_identity),
		cmocka_unit_test(status_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
