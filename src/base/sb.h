/* SPDX-License-Identifier: MIT
 *
 * Bounded text builder over a caller's buffer. Never overruns, always
 * NUL-terminated; what does not fit sets `cut` and is dropped.
 */
#ifndef ZONED_BASE_SB_H
#define ZONED_BASE_SB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sb {
	char *s;
	size_t len; /* without the NUL */
	size_t cap; /* with the NUL; at least 1 */
	bool cut;
};

struct sb sb_init(char *buf, size_t cap);
void sb_puts(struct sb *b, const char *s);
/* n bytes as they are */
void sb_put_bytes(struct sb *b, const void *p, size_t n);
void sb_put_number(struct sb *b, uint64_t v); /* decimal */
/* its last `digits` digits, with zeros in front */
void sb_put_digits(struct sb *b, uint64_t v, unsigned digits);
void sb_printf(struct sb *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline void sb_putc(struct sb *b, char c)
{
	if (b->len + 1 >= b->cap) {
		b->cut = true;
		return;
	}
	b->s[b->len++] = c;
	b->s[b->len] = '\0';
}

/* Foreign text: every byte outside printable ASCII, and '"' and '\\', becomes
 * \xNN, so that the result can neither break a line nor end a quoted field. */
void sb_put_foreign(struct sb *b, const void *p, size_t n);

#endif
