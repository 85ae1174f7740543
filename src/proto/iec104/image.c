/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104 policies into the image. What is not written is in the model as what it stands
 * for. */
#include "base/num.h"
#include "compile/build.h"
#include "proto/iec104/policy.h"
#include "proto/iec104/words.h"

_Static_assert((int)POL_IEC_SPANS_MAX == (int)MODEL_SPANS_MAX, "as many spans as the model takes");

static size_t iec_image_rules(const struct policy *p)
{
	return iec104_policy_of(p)->n_allow;
}

static void iec_image_count(const struct policy *p, struct counts *c)
{
	const struct iec104_policy *o = iec104_policy_of(p);
	for (size_t k = 0; k < o->n_allow; k++) {
		for (size_t i = 0; i < IEC_RANGES; i++)
			c->ranges += o->allow[k].ranges[i].n;
		c->strings += build_rule_strings(o->allow[k].at, &o->allow[k].remarks);
	}
}

/* A bound as a master sends it: 0.7 is a little less as a float, and 0.1 a little more, and what
 * the operator wrote is to be in the span. */
static double span_bound(enum iec_spans list, double v)
{
	return list == IEC_FLOAT_VALUES ? num_as_float(v) : v;
}

static void put_iec104_rule(struct build *b, const struct iec104_allow *a)
{
	struct pol_iec104_rule *r = build_rule(b, PROTO_IEC104, a->at, &a->remarks);
	r->limits = a->limits;
	for (size_t i = 0; i < IEC_RANGES; i++)
		r->ranges[i] = build_ranges(b, &a->ranges[i]);
	for (size_t i = 0; i < IEC_SPANS; i++) {
		for (size_t k = 0; k < a->spans[i].n; k++)
			for (unsigned end = 0; end < 2; end++)
				r->spans[i].v[k][end] =
					span_bound((enum iec_spans)i, a->spans[i].v[k][end]);
		r->spans[i].n = (uint8_t)a->spans[i].n;
		r->spans[i].any = a->spans[i].any;
	}
}

static void iec_image_put(struct build *b, const struct policy *p)
{
	const struct iec104_policy *o = iec104_policy_of(p);
	struct pol_iec104_head *h = build_head(b, PROTO_IEC104);
	*h = (struct pol_iec104_head){
		.server_is_controlling = o->server_is_controlling,
		.first_number_one = o->first_number_one,
		.monitor_listed = o->monitor_listed,
		.k = (uint16_t)o->k,
		.select_timeout = (uint16_t)o->select_timeout,
		.started_masters = (uint8_t)o->started_masters,
		.redundancy_group = (uint8_t)o->redundancy_group,
	};
	for (size_t k = 0; k < o->n_allow; k++)
		put_iec104_rule(b, &o->allow[k]);
}

const struct build_ops build_iec104 = { .rules = iec_image_rules,
					.count = iec_image_count,
					.put = iec_image_put };
