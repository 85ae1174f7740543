/* SPDX-License-Identifier: MIT
 * Numbers and names from text: one checked way each. */
#ifndef ZONED_BASE_NUM_H
#define ZONED_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal or 0x hexadecimal, the whole string, min <= value <= max. No leading zeros in
 * decimal: others read such a number as octal. */
bool num_parse(const char *s, uint64_t min, uint64_t max, uint64_t *out);
/* The entry of names[0..n) nearest to s by edit distance, or NULL when none is near. */
const char *name_nearest(const char *s, const char *const *names, size_t n);

/* The single-precision float nearest to v, which is how a message with such numbers carries it; v
 * itself where no finite float is near. */
double num_as_float(double v);

#endif
