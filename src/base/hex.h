/* SPDX-License-Identifier: MIT
 * Octets as hexadecimal digits, in lower case, and one digit back. */
#ifndef ZONED_BASE_HEX_H
#define ZONED_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

enum { MAC_TEXT = 18 }; /* "00:00:5e:00:53:01", with its NUL */

static inline void hex_octet(uint8_t v, char out[2])
{
	static const char digits[] = "0123456789abcdef";
	out[0] = digits[v >> 4];
	out[1] = digits[v & 15];
}

/* out: 2 n + 1 */
static inline void hex_text(const uint8_t *p, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		hex_octet(p[i], out + 2 * i);
	out[2 * n] = '\0';
}

static inline void mac_text(const uint8_t mac[6], char out[MAC_TEXT])
{
	for (size_t i = 0; i < 6; i++) {
		hex_octet(mac[i], out + 3 * i);
		out[3 * i + 2] = i < 5 ? ':' : '\0';
	}
}

/* Of either case; -1: it is none. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	int letter = (c | 0x20) - 'a';
	return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

#endif
