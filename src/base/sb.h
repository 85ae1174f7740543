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
void sb_putc(struct sb *b, char c);
void sb_puts(struct sb *b, const char *s);
void sb_printf(struct sb *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Foreign text: every byte outside printable ASCII, and '"' and '\\', becomes
 * \xNN, so that the result can neither break a line nor end a quoted field. */
void sb_put_foreign(struct sb *b, const void *p, size_t n);

#endif
