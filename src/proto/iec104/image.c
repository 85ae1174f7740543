/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104 policies into the image. */
#include "compile/build.h"
#include "proto/iec104/policy.h"
#include "proto/iec104/words.h"

static size_t rules(const struct policy *p)
{
	return ((const struct iec104_policy *)p->of)->n_allow;
}

static void count(const struct policy *p, struct counts *c)
{
	const struct iec104_policy *o = p->of;
	for (size_t i = 0; i < o->n_allow; i++) {
		c->ranges += o->allow[i].types.n;
		c->strings += build_str_size(o->allow[i].at.file);
	}
}

static void put(struct build *b, const struct policy *p)
{
	const struct iec104_policy *o = p->of;
	for (size_t i = 0; i < o->n_allow; i++) {
		struct pol_iec104_rule *r = build_rule(b, PROTO_IEC104, o->allow[i].at);
		r->types = build_ranges(b, &o->allow[i].types);
	}
}

const struct build_ops build_iec104 = { .rules = rules, .count = count, .put = put };
