/* SPDX-License-Identifier: MIT
 *
 * A Modbus policy in the form that the BPF program compares.
 *
 * A request passes policy_modbus() when one rule has its function, and for the
 * unit, the address range and the quantity one range each that holds it, and
 * for every written value some range. So a rule is the union of all combinations
 * of one range of each kind, except that here all values of a request must be
 * in the same range: less passes, never more. Writes of a rule with typed values are for an
 * inspector: what another rule has of the same registers may still pass.
 */
#include "fastpath/policy.h"
#include "proto/modbus/kernel.h"
#include "proto/modbus/policy.h"

#include <string.h>

enum { SETS = 4, KINDS = 2 };

/* Functions that the program judges: those that write no values, and those that do. */
static void functions_in_kernel(uint32_t out[KINDS])
{
	out[0] = out[1] = 0;
	for (size_t i = 0; i < mb_funcs_n; i++)
		if (mb_funcs[i].in_kernel)
			out[mb_funcs[i].values != MB_NO_VALUES] |= 1u << mb_funcs[i].code;
}

static void add(struct fast_policy *out, uint32_t functions, const struct pol_range r[SETS])
{
	if (out->n == FAST_RULES || r[0].lo > 0xffff || r[1].lo > 0xffff || r[2].lo > 0xffff ||
	    r[3].lo > 0xffff)
		return;
	((struct fast_rule *)out->rules)[out->n++] = (struct fast_rule){
		.functions = functions,
		.unit_lo = (uint16_t)r[0].lo,
		.unit_hi = (uint16_t)r[0].hi,
		.addr_lo = (uint16_t)r[1].lo,
		.addr_hi = (uint16_t)r[1].hi,
		.qty_lo = (uint16_t)r[2].lo,
		.qty_hi = (uint16_t)r[2].hi,
		.value_lo = (uint16_t)r[3].lo,
		.value_hi = (uint16_t)r[3].hi,
	};
}

static void add_combinations(const struct pol_image *img, const struct pol_rset *const set[SETS],
			     uint32_t functions, struct fast_policy *out)
{
	uint32_t n = 1;
	for (unsigned k = 0; k < SETS; k++) {
		uint32_t c = fast_ranges(set[k]);
		if (c == 0)
			return;
		n = c > FAST_RULES || n * c > FAST_RULES ? FAST_RULES : n * c;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct pol_range r[SETS];
		uint32_t left = i;
		for (unsigned k = 0; k < SETS; k++) {
			/* nothing compared is larger */
			r[k] = fast_range_at(img, set[k], left % fast_ranges(set[k]), 0xffff);
			left /= fast_ranges(set[k]);
		}
		add(out, functions, r);
	}
}

static void add_rule(const struct pol_image *img, const struct pol_mb_rule *rule,
		     struct fast_policy *out)
{
	static const struct pol_rset any = { .any = true };
	uint32_t functions = (uint32_t)rule->functions[0] | (uint32_t)rule->functions[1] << 8 |
			     (uint32_t)rule->functions[2] << 16;
	uint32_t judged[KINDS];
	functions_in_kernel(judged);
	for (unsigned k = 0; k < KINDS; k++) {
		const struct pol_rset *const set[SETS] = { &rule->units, &rule->addresses,
							   &rule->quantity,
							   k ? &rule->values : &any };
		/* the program compares registers, not values of several of them */
		if (k && policy_mb_is_typed(rule))
			continue;
		if (functions & judged[k])
			add_combinations(img, set, functions & judged[k], out);
	}
}

static void flatten(const struct pol_image *img, const struct pol_flow *f, struct fast_policy *out)
{
	for (uint32_t i = 0; i < f->n_rules; i++)
		add_rule(img, (const void *)policy_rule(img, PROTO_MODBUS, f->rule0 + i), out);
}

const struct fast_policy_ops fast_modbus_policy = { .judged = true, .flatten = flatten };
