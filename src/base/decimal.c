/* SPDX-License-Identifier: MIT
 * Decimal numbers: both sides of a comparison become whole numbers of up to 1024 bits. */
#include "base/decimal.h"

#include <stddef.h>
#include <string.h>

/* The largest: 32 bits and 160, times 18 digits (60 bits), times 10^120 (399 bits). */
enum { LIMBS = 32 };

struct wide {
	uint32_t v[LIMBS]; /* the lowest first */
};

static void wide_multiply(struct wide *w, uint32_t by)
{
	uint64_t carry = 0;
	for (size_t i = 0; i < LIMBS; i++) {
		carry += (uint64_t)w->v[i] * by;
		w->v[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

static void wide_multiply_power(struct wide *w, uint32_t base, int exponent)
{
	for (int i = 0; i < exponent; i++)
		wide_multiply(w, base);
}

/* by has no more than 18 digits. */
static void wide_multiply_digits(struct wide *w, uint64_t by)
{
	struct wide high = *w;
	uint64_t carry = 0;
	wide_multiply(w, (uint32_t)by);
	wide_multiply(&high, (uint32_t)(by >> 32));
	for (size_t i = 1; i < LIMBS; i++) {
		carry += (uint64_t)w->v[i] + high.v[i - 1];
		w->v[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

static int wide_compare(const struct wide *a, const struct wide *b)
{
	for (size_t i = LIMBS; i-- > 0;)
		if (a->v[i] != b->v[i])
			return a->v[i] < b->v[i] ? -1 : 1;
	return 0;
}

/* Of the sizes, without signs. */
static int compare_sizes(const struct binary *value, const struct decimal *scale,
			 const struct decimal *limit)
{
	struct wide left = { { value->digits } }, right = { { 1 } };
	int ten = scale->exponent - limit->exponent;
	wide_multiply_digits(&left, scale->digits);
	wide_multiply_digits(&right, limit->digits);
	wide_multiply_power(&left, 2, value->exponent);
	wide_multiply_power(&right, 2, -value->exponent);
	wide_multiply_power(&left, 10, ten);
	wide_multiply_power(&right, 10, -ten);
	return wide_compare(&left, &right);
}

int decimal_compare(const struct binary *value, const struct decimal *scale,
		    const struct decimal *limit)
{
	bool zero = value->digits == 0 || scale->digits == 0;
	int left = zero ? 0 : value->negative != scale->negative ? -1 : 1;
	int right = limit->digits == 0 ? 0 : limit->negative ? -1 : 1;
	if (left != right)
		return left < right ? -1 : 1;
	return left * compare_sizes(value, scale, limit);
}

/* ---- from text ---- */

struct digits_read {
	uint64_t v;
	int n, exponent; /* n: of v, without zeros in front */
	bool any, bad;
};

/* Zeros wait for the next digit, so that none is kept at the end. */
static const char *read_decimal_digits(const char *s, bool fraction, int *zeros,
				       struct digits_read *d)
{
	for (; *s >= '0' && *s <= '9'; s++) {
		d->any = true;
		d->exponent -= fraction;
		if (*s == '0') {
			*zeros += d->n != 0;
			continue;
		}
		d->n += *zeros + 1;
		if (d->n > DECIMAL_DIGITS) {
			d->bad = true;
			return s;
		}
		for (; *zeros; --*zeros)
			d->v *= 10;
		d->v = d->v * 10 + (uint64_t)(*s - '0');
	}
	return s;
}

static const char *read_decimal_exponent(const char *s, struct digits_read *d)
{
	bool negative = *s == '-';
	int v = 0;
	s += *s == '-' || *s == '+';
	d->bad |= *s < '0' || *s > '9';
	for (; *s >= '0' && *s <= '9' && v < 1000; s++)
		v = v * 10 + (*s - '0');
	d->exponent += negative ? -v : v;
	return s;
}

bool decimal_parse(const char *s, struct decimal *out)
{
	struct digits_read d = { .v = 0 };
	int zeros = 0;
	bool negative = *s == '-';
	if (strlen(s) > 64)
		return false;
	s = read_decimal_digits(s + (*s == '-' || *s == '+'), false, &zeros, &d);
	if (*s == '.' && !d.bad)
		s = read_decimal_digits(s + 1, true, &zeros, &d);
	if ((*s == 'e' || *s == 'E') && !d.bad)
		s = read_decimal_exponent(s + 1, &d);
	d.exponent += zeros;
	if (d.v == 0)
		d.exponent = 0;
	if (*s || d.bad || !d.any || d.exponent > DECIMAL_EXPONENT ||
	    d.exponent < -DECIMAL_EXPONENT)
		return false;
	*out = (struct decimal){ .negative = negative && d.v,
				 .exponent = (int8_t)d.exponent,
				 .digits = d.v };
	return true;
}
