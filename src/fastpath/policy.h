/* SPDX-License-Identifier: MIT
 * Policy image -> what the BPF program can compare. Pure. */
#ifndef ZONED_FASTPATH_POLICY_H
#define ZONED_FASTPATH_POLICY_H

#include <stdbool.h>

#include "fastpath/fast.h"
#include "policy/policy.h"

/* May anything of this flow be judged in the kernel? What is inspected, without a record of every message. */
bool fast_eligible(const struct pol_flow *f);
/* Each rule, flattened to combinations of one range of each kind. What does not fit in
 * FAST_RULES is left out: it then goes the slow path. out->n is 0 when not eligible. Limits: of any protocol. */
void fast_flatten(const struct pol_image *img, const struct pol_flow *f, struct fast_policy *out);

#endif
