/* SPDX-License-Identifier: MIT
 * Echo policies into the image. */
#include "compile/build.h"
#include "proto/echo/policy.h"
#include "proto/echo/words.h"

static size_t rules(const struct policy *p)
{
	return ((const struct echo_policy *)p->of)->n_allow;
}

static void count(const struct policy *p, struct counts *c)
{
	const struct echo_policy *o = p->of;
	for (size_t i = 0; i < o->n_allow; i++) {
		c->ranges += o->allow[i].lengths.n;
		c->strings += build_rule_strings(o->allow[i].at, &o->allow[i].remarks);
	}
}

static void put(struct build *b, const struct policy *p)
{
	const struct echo_policy *o = p->of;
	for (size_t i = 0; i < o->n_allow; i++) {
		struct pol_echo_rule *r =
			build_rule(b, PROTO_ECHO, o->allow[i].at, &o->allow[i].remarks);
		r->lengths = build_ranges(b, &o->allow[i].lengths);
	}
}

const struct build_ops build_echo = { .rules = rules, .count = count, .put = put };
