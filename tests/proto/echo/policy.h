/* SPDX-License-Identifier: MIT
 * Echo in the policy image, and its decision. */
#ifndef ZONED_PROTO_ECHO_POLICY_H
#define ZONED_PROTO_ECHO_POLICY_H

#include "policy/policy.h"
#include "proto/echo/wire.h"

struct pol_echo_rule {
	struct pol_rule at;
	struct pol_rset lengths;
};

/* R_NONE: a rule, *rule, permits it. */
enum reason policy_echo(const struct pol_image *img, const struct pol_flow *f,
			const struct echo_msg *m, uint16_t *rule);

#endif
