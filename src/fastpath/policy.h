/* SPDX-License-Identifier: MIT
 * Policy image -> what the BPF program can compare. Pure. */
#ifndef ZONED_FASTPATH_POLICY_H
#define ZONED_FASTPATH_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "fastpath/fast.h"
#include "policy/policy.h"

/* Functions for policies, one set for each inspected protocol: fast_NAME_policy. */
struct fast_policy_ops {
	bool judged; /* the program knows its messages; else they all go to the inspectors */
	/* Put the rules into the form that the program compares. NULL: it compares none. */
	void (*flatten)(const struct pol_image *img, const struct pol_flow *f,
			struct fast_policy *out);
	/* A constant of its part of the program that is computed: its section, NULL for none; and
	 * what is in it: bytes written, at most FAST_TABLE_MAX, to memory that is aligned to 8 */
	const char *table;
	size_t (*fill)(void *out);
};
enum { FAST_TABLE_MAX = 4096 };
#define P(symbol, name, word, port, over) extern const struct fast_policy_ops fast_##name##_policy;
PROTOCOLS(P)
#undef P

/* NULL: PROTO_NONE. */
const struct fast_policy_ops *fast_policy_of(uint8_t proto);
/* May anything of this flow be judged in the kernel? What is inspected, without a record of every
 * message. */
bool fast_eligible(const struct pol_flow *f);
/* The rules of f in the form that its protocol's part of the program compares, and the limits of
 * its conduit. What does not fit into FAST_POLICY_ROOM is left out: it then goes the slow path.
 * out->n is 0 when not eligible. */
void fast_flatten(const struct pol_image *img, const struct pol_flow *f, struct fast_policy *out);
/* The ranges of a list, "any" as one from 0 to `most`, for flatten(): how many, and range i, whose
 * upper bound is at most `most`. */
uint32_t fast_ranges(const struct pol_rset *s);
struct pol_range fast_range_at(const struct pol_image *img, const struct pol_rset *s, uint32_t i,
			       uint32_t most);

#endif
