/* SPDX-License-Identifier: MIT
 * Rules about entries of policies, by what they permit (compare/scope.h). */
#include <string.h>

#include "compare/scope.h"
#include "lint/internal.h"

/* Does one entry permit all that the other one does? */
static bool entry_covers(const struct pol_image *img, const struct scope_ops *ops,
			 const struct pol_rule *wide, const struct pol_rule *narrow)
{
	struct scope w, n;
	bool any = false;
	for (unsigned op = 0; op < ops->operations; op++) {
		if (!ops->rule(img, narrow, op, &n))
			continue;
		any = true;
		if (!ops->rule(img, wide, op, &w) || !scope_is_within(&n, &w))
			return false;
	}
	return any;
}

/* Of two that are equal the later one is told. */
static void shadowed_in(struct lint_run *r, const struct pol_flow *f, const char *policy)
{
	const struct scope_ops *ops = scope_ops_of(f->proto);
	for (uint32_t i = 0; i < f->n_rules; i++) {
		const struct pol_rule *narrow = policy_rule(r->img, f->proto, f->rule0 + i);
		for (uint32_t k = 0; k < f->n_rules; k++) {
			const struct pol_rule *wide = policy_rule(r->img, f->proto, f->rule0 + k);
			if (k == i || !entry_covers(r->img, ops, wide, narrow) ||
			    (k > i && entry_covers(r->img, ops, narrow, wide)))
				continue;
			struct where at = { arena_strdup(r->f->arena,
							 policy_str(r->img, narrow->file)),
					    narrow->line };
			lint_add(r, at,
				 "policy \"%s\": the entry in line %u permits all that this one "
				 "does",
				 policy, wide->line);
			break;
		}
	}
}

/* The first flow that uses its policy stands for all. */
static bool is_first_of_policy(const struct pol_image *img, uint16_t at)
{
	const struct pol_flow *f = policy_flow(img, at);
	for (uint16_t i = 0; i < at; i++) {
		const struct pol_flow *other = policy_flow(img, i);
		if (other->proto == f->proto && other->rule0 == f->rule0)
			return false;
	}
	return true;
}

void lint_shadowed_entries(struct lint_run *r)
{
	for (uint32_t i = 0; r->img && i < r->img->n_flows; i++) {
		const struct pol_flow *f = policy_flow(r->img, (uint16_t)i);
		if (is_first_of_policy(r->img, (uint16_t)i))
			shadowed_in(r, f, policy_str(r->img, f->policy));
	}
}

/* ---- what goes into a safety zone ---- */

static bool changes_something(const struct lint_run *r, const struct pol_flow *f, struct sb *what,
			      struct where *at)
{
	const struct scope_ops *ops = scope_ops_of(f->proto);
	struct scope s;
	for (uint32_t i = 0; i < f->n_rules; i++) {
		const struct pol_rule *rule = policy_rule(r->img, f->proto, f->rule0 + i);
		for (unsigned op = 0; op < ops->operations; op++) {
			if (!ops->changes(op) || !ops->rule(r->img, rule, op, &s))
				continue;
			ops->name(op, what);
			*at = (struct where){ arena_strdup(r->f->arena,
							   policy_str(r->img, rule->file)),
					      rule->line };
			return true;
		}
	}
	return false;
}

void lint_writes_to_safety(struct lint_run *r)
{
	for (uint32_t i = 0; r->img && i < r->img->n_flows; i++) {
		const struct pol_flow *f = policy_flow(r->img, (uint16_t)i);
		const struct conduit *c = &r->m->conduits[f->conduit_id];
		char name[80];
		struct sb what = sb_init(name, sizeof(name));
		struct where at;
		if (r->m->zones[f->to].type != ZONE_SAFETY || c->description ||
		    !changes_something(r, f, &what, &at))
			continue;
		lint_add(r, at,
			 "policy \"%s\" permits %s, and conduit \"%s\" (%s:%u) leads with it into "
			 "the safety zone \"%s\"",
			 policy_str(r->img, f->policy), name, c->name, c->at.file, c->at.line,
			 r->m->zones[f->to].name);
	}
}
