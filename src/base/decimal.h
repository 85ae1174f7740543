/* SPDX-License-Identifier: MIT
 * Numbers as they are written in decimal, and exact comparison of binary numbers with them. */
#ifndef ZONED_BASE_DECIMAL_H
#define ZONED_BASE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

enum {
	DECIMAL_DIGITS = 18,   /* of one number, zeros at both ends not counted */
	DECIMAL_EXPONENT = 60, /* the exponent of ten lies between the negative of this and this */
	BINARY_EXPONENT = 160,
};

/* digits * 10^exponent. Digits do not end with a zero; 0 is 0 * 10^0 and not negative. */
struct decimal {
	bool negative;
	int8_t exponent;
	uint64_t digits;
};

/* digits * 2^exponent, at most BINARY_EXPONENT to both sides. */
struct binary {
	bool negative;
	int16_t exponent;
	uint32_t digits;
};

/* "12", "-0.5", "1.5e-3". False: it is no such number, or has more digits or a greater exponent
 * than can be kept. */
bool decimal_parse(const char *s, struct decimal *out);
/* The sign of value * scale - limit. Exact: nothing is rounded. */
int decimal_compare(const struct binary *value, const struct decimal *scale,
		    const struct decimal *limit);

#endif
