/* SPDX-License-Identifier: MIT
 *
 * Values that are more than a register of 16 bits: signed, of two registers, floating point
 * (IEEE 754 binary32), in the order of octets that a device has. The protocol's specification knows
 * 16 bits only, so the model tells which registers are one value.
 *
 * A value is compared as its key: 32 bits, unsigned, in the order of the values. Of floats the
 * order is NaN with a sign, -infinity, the finite numbers, infinity, NaN. The two zeros have two
 * keys and are one number, so a limit of 0 has both of them.
 */
#ifndef ZONED_PROTO_MODBUS_WIRE_TYPED_H
#define ZONED_PROTO_MODBUS_WIRE_TYPED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/decimal.h"
#include "base/sb.h"

enum mb_type { MB_REGISTER, MB_INT16, MB_UINT16, MB_INT32, MB_UINT32, MB_FLOAT32, MB_TYPES };

/* Octets A (highest) to D as they come: the four words that devices' manuals have for it. */
enum mb_word_order { MB_ABCD, MB_CDAB, MB_BADC, MB_DCBA, MB_ORDERS };

enum {
	MB_SCALE_DIGITS = 9, /* of a scale */
	MB_SCALE_EXPONENT = 18,
	MB_VALUE_UNIT = 16, /* octets of a unit's name, with the NUL */
};

/* Inclusive; infinity: -infinity and the NaNs below, infinity and those above. */
struct mb_key_range {
	uint32_t lo, hi;
};

/* MB_REGISTER is no type of a model: a register as it is. NULL: there is no such type (order). */
const char *mb_type_name(unsigned type);
const char *mb_order_name(unsigned order);
unsigned mb_type_registers(unsigned type); /* 1 or 2; 1 of what is no type */
/* Of the octets of one value. */
uint32_t mb_typed_key(unsigned type, unsigned order, const uint8_t *octets);
/* The finite ones. */
struct mb_key_range mb_type_finite(unsigned type);
/* Of floats, below and above the finite ones: infinite, and not a number. */
extern const struct mb_key_range mb_infinities[2], mb_nans[2];
/* The least (most) finite value that is, times scale, not below (above) limit. Exact, so what is
 * permitted is never more than what is written. False: there is none. */
bool mb_typed_least(unsigned type, const struct decimal *scale, const struct decimal *limit,
		    uint32_t *key);
bool mb_typed_most(unsigned type, const struct decimal *scale, const struct decimal *limit,
		   uint32_t *key);
/* The value as it is sent, and times scale; of whole numbers exact, of floats to 9 digits. */
void mb_put_typed(struct sb *b, unsigned type, uint32_t key);
void mb_put_scaled(struct sb *b, unsigned type, uint32_t key, const struct decimal *scale);

#endif
