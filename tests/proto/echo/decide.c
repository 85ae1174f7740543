/* SPDX-License-Identifier: MIT
 * Echo: what a policy permits. */
#include "proto/echo/policy.h"

enum reason policy_echo(const struct pol_image *img, const struct pol_flow *f,
			const struct echo_msg *m, uint16_t *rule)
{
	for (uint32_t i = 0; i < f->n_rules; i++) {
		const struct pol_echo_rule *r =
			(const void *)policy_rule(img, PROTO_ECHO, f->rule0 + i);
		*rule = (uint16_t)(f->rule0 + i);
		if (policy_contains(img, &r->lengths, m->n, m->n))
			return R_NONE;
	}
	return R_QUANTITY;
}

static bool rule_ok(const struct pol_image *img, const void *rule)
{
	return policy_rset_ok(img, &((const struct pol_echo_rule *)rule)->lengths);
}

const struct pol_shape pol_echo_shape = { .rule = sizeof(struct pol_echo_rule),
					  .rule_ok = rule_ok };
