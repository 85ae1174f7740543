/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104 in the policy image, and its decision. */
#ifndef ZONED_PROTO_IEC104_POLICY_H
#define ZONED_PROTO_IEC104_POLICY_H

#include "policy/policy.h"
#include "proto/iec104/wire.h"

struct pol_iec104_rule {
	struct pol_rule at;
	struct pol_rset types;
};

/* R_NONE: a rule, *rule, permits it. */
enum reason policy_iec104(const struct pol_image *img, const struct pol_flow *f, const struct iec_msg *m, uint16_t *rule);

#endif
