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

static void sb_add(struct sb *b, const char *s, size_t n)
{
	size_t room = b->cap - 1 - b->len;
	if (n > room) {
		n = room;
		b->cut = true;
	}
	memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void sb_putc(struct sb *b, char c)
{
	sb_add(b, &c, 1);
}

void sb_puts(struct sb *b, const char *s)
{
	sb_add(b, s, strlen(s));
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

void sb_put_foreign(struct sb *b, const void *p, size_t n)
{
	const unsigned char *s = p;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < 0x20 || s[i] > 0x7e || s[i] == '"' || s[i] == '\\')
			sb_printf(b, "\\x%02x", s[i]);
		else
			sb_putc(b, (char)s[i]);
	}
}
