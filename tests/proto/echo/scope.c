/* SPDX-License-Identifier: MIT
 * What an echo rule permits, to compare policies. */
#include "compare/scope.h"
#include "proto/echo/policy.h"

static void name_of(unsigned operation, struct sb *out)
{
	(void)operation;
	sb_puts(out, "echo");
}

static bool rule_scope(const struct pol_image *img, const struct pol_rule *rule, unsigned operation,
		       struct scope *out)
{
	const struct pol_echo_rule *r = (const void *)rule;
	(void)operation;
	out->n = 0;
	scope_add_ranges(out, "lengths", false, policy_ranges(img, &r->lengths), &r->lengths);
	return true;
}

static void head_scope(const struct pol_image *img, const void *head, struct scope *out)
{
	(void)img;
	(void)head;
	out->n = 0;
}

static bool changes(unsigned operation)
{
	(void)operation;
	return false;
}

const struct scope_ops scope_echo = {
	.operations = 1, .name = name_of, .changes = changes, .rule = rule_scope, .head = head_scope
};
