/* SPDX-License-Identifier: MIT
 *
 * An IEC 60870-5-104 policy in the form that the BPF program compares, and the types that it
 * knows.
 *
 * A report passes policy_iec104_answer() when the policy does not list reports, or one rule has
 * type, cause and common address, and for each object address one range that holds it. Here all
 * addresses of an ASDU must be in the same range: less passes, never more.
 */
#include <string.h>

#include "fastpath/policy.h"
#include "proto/iec104/kernel.h"
#include "proto/iec104/policy.h"

/* What the program knows of: process information that may have any number of objects. */
static bool type_in_kernel(const struct iec_type *t)
{
	return t->number < FAST_IEC_TYPES && t->class == IEC_MONITOR && !t->one;
}

static size_t fill_types(void *out)
{
	uint64_t types[FAST_IEC_TYPES][FAST_IEC_FACTS] = { 0 };
	for (size_t i = 0; i < iec_types_n; i++) {
		const struct iec_type *t = &iec_types[i];
		if (!type_in_kernel(t))
			continue;
		types[t->number][FAST_IEC_CAUSES] = t->causes[IEC_CONTROLLED];
		types[t->number][FAST_IEC_FORM] = t->size | (t->sq ? FAST_IEC_SQ : 0u);
	}
	_Static_assert(sizeof(types) <= FAST_TABLE_MAX, "it has room there");
	memcpy(out, types, sizeof(types));
	return sizeof(types);
}

/* Common addresses 0 and 65535 are in no rule's list for a report. */
static void add_range(struct fast_policy *out, const struct pol_iec104_rule *rule,
		      struct pol_range common, struct pol_range object)
{
	struct fast_iec104_rule *to =
		&((struct fast_iec104_rules *)out->rules)->rule[out->n % FAST_IEC_RULES];
	common.lo = common.lo ? common.lo : 1;
	common.hi = common.hi < IEC_CA_ALL ? common.hi : IEC_CA_ALL - 1;
	if (out->n == FAST_IEC_RULES || common.lo > common.hi || object.lo > object.hi)
		return;
	*to = (struct fast_iec104_rule){ .causes = rule->limits.causes,
					 .object_lo = object.lo,
					 .object_hi = object.hi,
					 .common_lo = (uint16_t)common.lo,
					 .common_hi = (uint16_t)common.hi };
	for (uint8_t type = 0; type < FAST_IEC_TYPES; type++)
		if (iec_has_type(&rule->limits, type))
			to->types |= UINT64_C(1) << type;
	out->n++;
}

static void add_rule(const struct pol_image *img, const struct pol_iec104_rule *rule,
		     struct fast_policy *out)
{
	const struct pol_rset *commons = &rule->ranges[IEC_COMMON_ADDRESSES],
			      *objects = &rule->ranges[IEC_OBJECT_ADDRESSES];
	for (uint32_t i = 0; i < fast_ranges(commons); i++)
		for (uint32_t k = 0; k < fast_ranges(objects); k++)
			add_range(out, rule, fast_range_at(img, commons, i, IEC_CA_ALL),
				  fast_range_at(img, objects, k, IEC_IOA_MAX));
}

static void flatten(const struct pol_image *img, const struct pol_flow *f, struct fast_policy *out)
{
	const struct pol_iec104_head *head = policy_head(img, f);
	struct fast_iec104_rules *rules = (struct fast_iec104_rules *)out->rules;
	if (!head)
		return;
	rules->k = head->k;
	rules->client_is_controlling = !head->server_is_controlling;
	rules->listed = head->monitor_listed;
	for (uint32_t i = 0; i < f->n_rules && head->monitor_listed; i++)
		add_rule(img, (const void *)policy_rule(img, PROTO_IEC104, f->rule0 + i), out);
}

const struct fast_policy_ops fast_iec104_policy = {
	.judged = true, .flatten = flatten, .table = ".rodata.iec104", .fill = fill_types
};
