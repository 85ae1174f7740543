/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104: what a policy permits. */
#include "proto/iec104/policy.h"

enum reason policy_iec104(const struct pol_image *img, const struct pol_flow *f, const struct iec_msg *m, uint16_t *rule)
{
	if (!m->has_asdu)
		return R_NONE;
	for (uint32_t i = 0; i < f->n_rules; i++) {
		const struct pol_iec104_rule *r = (const void *)policy_rule(img, PROTO_IEC104, f->rule0 + i);
		*rule = (uint16_t)(f->rule0 + i);
		if (policy_contains(img, &r->types, m->asdu.type, m->asdu.type))
			return R_NONE;
	}
	return R_FUNCTION;
}

static bool rule_ok(const struct pol_image *img, const void *rule)
{
	return policy_rset_ok(img, &((const struct pol_iec104_rule *)rule)->types);
}

const struct pol_shape pol_iec104_shape = { .rule = sizeof(struct pol_iec104_rule), .rule_ok = rule_ok };
