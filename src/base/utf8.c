/* SPDX-License-Identifier: MIT
 * One character of UTF-8 (RFC 3629). */
#include "base/utf8.h"

#include <string.h>

int32_t utf8_char(const char *p, size_t n, size_t *len)
{
	static const struct {
		uint8_t mask, lead;
		int32_t least;
	} forms[] = { { 0x80, 0x00, 0 },
		      { 0xe0, 0xc0, 0x80 },
		      { 0xf0, 0xe0, 0x800 },
		      { 0xf8, 0xf0, 0x10000 } };
	uint8_t first = (uint8_t)p[0];
	size_t k = 0;
	while (k < 4 && (first & forms[k].mask) != forms[k].lead)
		k++;
	*len = k + 1;
	if (k == 4 || *len > n)
		return UTF8_BAD;
	int32_t c = first & (uint8_t)~forms[k].mask;
	for (size_t i = 1; i < *len; i++) {
		if (((uint8_t)p[i] & 0xc0) != 0x80)
			return UTF8_BAD;
		c = c << 6 | ((uint8_t)p[i] & 0x3f);
	}
	return c < forms[k].least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? UTF8_BAD : c;
}

size_t utf8_cut(const char *p, size_t most)
{
	size_t n = strnlen(p, most + 1);
	if (n <= most)
		return n;
	for (n = most; n > 0 && ((uint8_t)p[n] & 0xc0) == 0x80; n--)
		;
	return n;
}
