/* SPDX-License-Identifier: MIT
 * One character of UTF-8 (RFC 3629). */
#ifndef ZONED_BASE_UTF8_H
#define ZONED_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_BAD = -1 };

/* The character at p[0], its octets to *len; UTF8_BAD where that is none: cut off, longer
 * than needed, a surrogate, above U+10FFFF. n is at least 1. */
int32_t utf8_char(const char *p, size_t n, size_t *len);
/* How many octets of the text p are at most `most`, with no character cut in two. */
size_t utf8_cut(const char *p, size_t most);

#endif
