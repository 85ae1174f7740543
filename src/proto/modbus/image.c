/* SPDX-License-Identifier: MIT
 *
 * Modbus policies into the image. What is not written allows nothing, but for
 * the quantity: there the protocol's own limits, which wire.c enforces,
 * are the default.
 */
#include <string.h>

#include "compile/build.h"
#include "proto/modbus/policy.h"
#include "proto/modbus/words.h"

static size_t modbus_rules(const struct policy *p)
{
	return modbus_policy_of(p)->n_allow;
}

static void count_modbus(const struct policy *p, struct counts *c)
{
	for (size_t k = 0; k < modbus_policy_of(p)->n_allow; k++) {
		const struct modbus_allow *a = &modbus_policy_of(p)->allow[k];
		const struct ranges *all[] = {
			&a->units,    &a->addresses, &a->write_addresses,
			&a->quantity, &a->values,    &a->subfunctions,
			&a->mei,      &a->files,
		};
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			c->ranges += all[i]->n;
		c->strings += build_str_size(a->at.file);
	}
}

static void put_modbus(struct build *b, const struct policy *p)
{
	struct pol_mb_head *h = build_head(b, PROTO_MODBUS);
	h->tolerate = modbus_policy_of(p)->tolerates;
	for (size_t k = 0; k < modbus_policy_of(p)->n_allow; k++) {
		const struct modbus_allow *a = &modbus_policy_of(p)->allow[k];
		struct pol_mb_rule *r = build_rule(b, PROTO_MODBUS, a->at);
		memcpy(r->functions, a->functions, sizeof(r->functions));
		r->units = build_ranges(b, &a->units);
		r->addresses = build_ranges(b, &a->addresses);
		r->write_addresses = build_ranges(b, &a->write_addresses);
		r->quantity = build_ranges(b, &a->quantity);
		if (!a->quantity.set && a->quantity.n == 0)
			r->quantity.any = true;
		r->values = build_ranges(b, &a->values);
		r->subfunctions = build_ranges(b, &a->subfunctions);
		r->mei = build_ranges(b, &a->mei);
		r->files = build_ranges(b, &a->files);
	}
}

const struct build_ops build_modbus = { .rules = modbus_rules,
					.count = count_modbus,
					.put = put_modbus };
