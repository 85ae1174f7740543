/* SPDX-License-Identifier: MIT
 * Typed values of Modbus registers: octets to keys, limits to keys, keys to text. */
#include "proto/modbus/wire-typed.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

enum { SIGN16 = 0x8000, FRACTION_BITS = 23, EXPONENT_MAX = 255, EXPONENT_BIAS = 150 };
#define SIGN32 UINT32_C(0x80000000)

enum form { UNSIGNED, SIGNED, FLOATING };

static const struct {
	const char *name;
	uint8_t registers;
	enum form form;
	struct mb_key_range finite;
	/* clang-format off */
} types[MB_TYPES] = {
	[MB_REGISTER] = { NULL, 1, UNSIGNED, { 0, UINT16_MAX } },
	[MB_INT16] = { "int16", 1, SIGNED, { 0, UINT16_MAX } },
	[MB_UINT16] = { "uint16", 1, UNSIGNED, { 0, UINT16_MAX } },
	[MB_INT32] = { "int32", 2, SIGNED, { 0, UINT32_MAX } },
	[MB_UINT32] = { "uint32", 2, UNSIGNED, { 0, UINT32_MAX } },
	[MB_FLOAT32] = { "float32", 2, FLOATING, { 0x00800000, 0xff7fffff } },
};
/* clang-format on */

const struct mb_key_range mb_infinities[2] = { { 0x007fffff, 0x007fffff },
					       { 0xff800000, 0xff800000 } };
const struct mb_key_range mb_nans[2] = { { 0, 0x007ffffe }, { 0xff800001, UINT32_MAX } };

static const struct {
	const char *name;
	uint8_t at[4]; /* where the octets from the highest are */
		       /* clang-format off */
} orders[MB_ORDERS] = {
	[MB_ABCD] = { "ABCD", { 0, 1, 2, 3 } },
	[MB_CDAB] = { "CDAB", { 2, 3, 0, 1 } },
	[MB_BADC] = { "BADC", { 1, 0, 3, 2 } },
	[MB_DCBA] = { "DCBA", { 3, 2, 1, 0 } },
};
/* clang-format on */

const char *mb_type_name(unsigned type)
{
	return type < MB_TYPES ? types[type].name : NULL;
}

const char *mb_order_name(unsigned order)
{
	return order < MB_ORDERS ? orders[order].name : NULL;
}

unsigned mb_type_registers(unsigned type)
{
	return type < MB_TYPES ? types[type].registers : 1;
}

struct mb_key_range mb_type_finite(unsigned type)
{
	return types[type < MB_TYPES ? type : MB_REGISTER].finite;
}

static enum form form_of_type(unsigned type)
{
	return types[type < MB_TYPES ? type : MB_REGISTER].form;
}

/* ---- octets, keys, values ---- */

uint32_t mb_typed_key(unsigned type, unsigned order, const uint8_t *octets)
{
	uint32_t u = 0;
	if (mb_type_registers(type) == 1) {
		u = (uint32_t)octets[0] << 8 | octets[1];
		return form_of_type(type) == SIGNED ? u ^ SIGN16 : u;
	}
	const uint8_t *at = orders[order < MB_ORDERS ? order : MB_ABCD].at;
	for (unsigned i = 0; i < 4; i++)
		u = u << 8 | octets[at[i]];
	if (form_of_type(type) == FLOATING)
		return u & SIGN32 ? ~u : u | SIGN32;
	return form_of_type(type) == SIGNED ? u ^ SIGN32 : u;
}

static uint32_t float_bits(uint32_t key)
{
	return key & SIGN32 ? key & ~SIGN32 : ~key;
}

static struct binary value_of_float(uint32_t key)
{
	uint32_t bits = float_bits(key), exponent = bits >> FRACTION_BITS & EXPONENT_MAX;
	uint32_t fraction = bits & ((UINT32_C(1) << FRACTION_BITS) - 1);
	/* of subnormal numbers the exponent is that of the least others */
	return (struct binary){
		.negative = bits >> 31,
		.digits = exponent ? fraction | UINT32_C(1) << FRACTION_BITS : fraction,
		.exponent = (int16_t)((exponent ? (int)exponent : 1) - EXPONENT_BIAS)
	};
}

static int64_t whole_of_key(unsigned type, uint32_t key)
{
	int64_t half = mb_type_registers(type) == 1 ? SIGN16 : (int64_t)SIGN32;
	return form_of_type(type) == SIGNED ? (int64_t)key - half : (int64_t)key;
}

static struct binary value_of_key(unsigned type, uint32_t key)
{
	if (form_of_type(type) == FLOATING)
		return value_of_float(key);
	int64_t v = whole_of_key(type, key);
	return (struct binary){ .negative = v < 0, .digits = (uint32_t)(v < 0 ? -v : v) };
}

/* ---- limits ---- */

static int compare_key(unsigned type, uint32_t key, const struct decimal *scale,
		       const struct decimal *limit)
{
	struct binary v = value_of_key(type, key);
	return decimal_compare(&v, scale, limit);
}

bool mb_typed_least(unsigned type, const struct decimal *scale, const struct decimal *limit,
		    uint32_t *key)
{
	struct mb_key_range r = mb_type_finite(type);
	if (compare_key(type, r.hi, scale, limit) < 0)
		return false;
	while (r.lo < r.hi) {
		uint32_t mid = r.lo + (r.hi - r.lo) / 2;
		if (compare_key(type, mid, scale, limit) < 0)
			r.lo = mid + 1;
		else
			r.hi = mid;
	}
	*key = r.lo;
	return true;
}

bool mb_typed_most(unsigned type, const struct decimal *scale, const struct decimal *limit,
		   uint32_t *key)
{
	struct mb_key_range r = mb_type_finite(type);
	if (compare_key(type, r.lo, scale, limit) > 0)
		return false;
	while (r.lo < r.hi) {
		uint32_t mid = r.hi - (r.hi - r.lo) / 2;
		if (compare_key(type, mid, scale, limit) > 0)
			r.hi = mid - 1;
		else
			r.lo = mid;
	}
	*key = r.lo;
	return true;
}

/* ---- text ---- */

static double float_of_key(uint32_t key)
{
	uint32_t bits = float_bits(key);
	float f;
	memcpy(&f, &bits, sizeof(f));
	return f;
}

static void put_float(struct sb *b, uint32_t key, double v)
{
	struct mb_key_range r = mb_type_finite(MB_FLOAT32);
	if (key < mb_infinities[0].lo || key > mb_infinities[1].hi)
		sb_puts(b, "nan");
	else if (key < r.lo || key > r.hi)
		sb_puts(b, key < r.lo ? "-inf" : "inf");
	else
		sb_printf(b, "%.9g", v);
}

void mb_put_typed(struct sb *b, unsigned type, uint32_t key)
{
	if (form_of_type(type) == FLOATING)
		put_float(b, key, float_of_key(key));
	else
		sb_printf(b, "%" PRId64, whole_of_key(type, key));
}

static double scaled_double(double v, const struct decimal *scale)
{
	double power = 1;
	for (int i = scale->exponent; i != 0; i += i < 0 ? 1 : -1)
		power *= 10;
	v *= (double)scale->digits;
	return scale->exponent < 0 ? v / power : v * power;
}

/* 32 bits times nine digits. */
static void put_scaled_whole(struct sb *b, int64_t v, const struct decimal *scale)
{
	char digits[64];
	struct sb d = sb_init(digits, sizeof(digits));
	uint64_t size = (uint64_t)(v < 0 ? -v : v) * scale->digits;
	size_t point = scale->exponent < 0 ? (size_t)-scale->exponent : 0;
	sb_puts(b, v < 0 ? "-" : "");
	if (!point) {
		sb_put_number(b, size);
		for (int i = 0; size && i < scale->exponent; i++)
			sb_putc(b, '0');
		return;
	}
	sb_put_number(&d, size);
	size_t zeros = d.len > point ? 0 : point - d.len + 1;
	for (size_t i = 0; i < zeros + d.len; i++) {
		if (i == zeros + d.len - point)
			sb_putc(b, '.');
		sb_putc(b, i < zeros ? '0' : digits[i - zeros]);
	}
}

void mb_put_scaled(struct sb *b, unsigned type, uint32_t key, const struct decimal *scale)
{
	if (form_of_type(type) == FLOATING)
		put_float(b, key, scaled_double(float_of_key(key), scale) + 0.0); /* no -0 */
	else
		put_scaled_whole(b, whole_of_key(type, key), scale);
}
