/* SPDX-License-Identifier: MIT
 * Bounded text builder. */
#include "base/sb.h"

#include <stdio.h>
#include <string.h>

struct sb sb_init(char *buf, size_t cap)
{
	buf[0] = '\0';
	return (struct sb){ .s = buf, .len = 0, .cap = cap, .cut = false };
}

void sb_put_bytes(struct sb *b, const void *p, size_t n)
{
	size_t room = b->cap - 1 - b->len;
	if (n > room) {
		n = room;
		b->cut = true;
	}
	memcpy(b->s + b->len, p, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void sb_puts(struct sb *b, const char *s)
{
	sb_put_bytes(b, s, strlen(s));
}

enum { NUMBER_DIGITS = 20 }; /* of the largest number of 64 bits */

void sb_put_number(struct sb *b, uint64_t v)
{
	unsigned n = 1;
	for (uint64_t least = 10; n < NUMBER_DIGITS && v >= least; least *= 10)
		n++;
	sb_put_digits(b, v, n);
}

void sb_put_digits(struct sb *b, uint64_t v, unsigned digits)
{
	if (digits >= b->cap - b->len) {
		b->cut = true;
		return;
	}
	for (unsigned i = digits; i > 0; i--, v /= 10)
		b->s[b->len + i - 1] = (char)('0' + v % 10);
	b->len += digits;
	b->s[b->len] = '\0';
}

void sb_printf(struct sb *b, const char *fmt, ...)
{
	size_t room = b->cap - b->len;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(b->s + b->len, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= room) {
		b->cut = true;
		b->len = b->cap - 1;
	} else {
		b->len += (size_t)n;
	}
}

static bool sb_is_plain(unsigned char c)
{
	return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
}

void sb_put_foreign(struct sb *b, const void *p, size_t n)
{
	const unsigned char *s = p;
	for (size_t i = 0, plain; i < n; i += plain) {
		for (plain = 0; i + plain < n && sb_is_plain(s[i + plain]); plain++)
			;
		sb_put_bytes(b, s + i, plain);
		if (plain == 0) {
			sb_printf(b, "\\x%02x", s[i]);
			plain = 1;
		}
	}
}
