/* SPDX-License-Identifier: MIT
 *
 * Modbus policies into the image. What is not written allows nothing, but for
 * the quantity: there the protocol's own limits, which wire.c enforces,
 * are the default.
 */
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"
#include "proto/modbus/policy.h"
#include "proto/modbus/words.h"

static size_t modbus_rules(const struct policy *p)
{
	return modbus_policy_of(p)->n_allow;
}

/* ---- typed values ---- */

/* Ranges of an entry's registers, and which of its types they are. */
struct typed_range {
	struct range r;
	const struct modbus_typed *t;
};

static int compare_typed_ranges(const void *x, const void *y)
{
	const struct typed_range *a = x, *b = y;
	return a->r.lo < b->r.lo ? -1 : a->r.lo > b->r.lo;
}

static size_t typed_ranges(const struct modbus_allow *a, struct typed_range v[MODBUS_TYPED_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < a->n_typed; i++)
		for (size_t k = 0; k < a->typed[i].registers.n && n < MODBUS_TYPED_MAX; k++)
			v[n++] = (struct typed_range){ a->typed[i].registers.v[k], &a->typed[i] };
	qsort(v, n, sizeof(*v), compare_typed_ranges);
	return n;
}

static bool entry_writes_registers(const struct modbus_allow *a)
{
	for (size_t i = 0; i < mb_funcs_n; i++)
		if (a->functions[mb_funcs[i].code / 8] >> mb_funcs[i].code % 8 & 1 &&
		    mb_writes_registers(&mb_funcs[i]))
			return true;
	return false;
}

/* The finite values within the limits, and infinities and NaNs as they are permitted. */
static struct pol_rset put_typed_keys(struct build *b, const struct modbus_typed *t)
{
	struct range v[5] = { { t->finite.lo, t->finite.hi } };
	struct ranges r = { .v = v, .n = 1 };
	for (size_t i = 0; i < 2 && t->infinity; i++)
		v[r.n++] = (struct range){ mb_infinities[i].lo, mb_infinities[i].hi };
	for (size_t i = 0; i < 2 && t->nan; i++)
		v[r.n++] = (struct range){ mb_nans[i].lo, mb_nans[i].hi };
	return build_ranges(b, &r);
}

/* NULL: registers as they are. */
static void put_typed(struct build *b, struct pol_mb_rule *r, struct range at,
		      const struct modbus_typed *t)
{
	struct pol_mb_typed *out = build_item(b, PROTO_MODBUS);
	r->n_typed++;
	out->lo = (uint16_t)at.lo;
	out->hi = (uint16_t)at.hi;
	out->type = MB_REGISTER;
	out->scale_digits = 1;
	out->keys = r->values;
	if (!t)
		return;
	r->n_types++;
	out->type = (uint8_t)t->type;
	out->order = (uint8_t)t->order;
	out->scale_digits = (uint32_t)t->scale.digits;
	out->scale_exponent = t->scale.exponent;
	for (size_t i = 0; t->unit && t->unit[i] && i + 1 < sizeof(out->unit); i++)
		out->unit[i] = t->unit[i];
	out->keys = put_typed_keys(b, t);
}

/* Every register once: those between typed ones as they are. */
static void put_registers(struct build *b, struct pol_mb_rule *r, const struct modbus_allow *a)
{
	struct typed_range v[MODBUS_TYPED_MAX];
	size_t n = typed_ranges(a, v);
	uint32_t next = 0;
	r->typed0 = b->n_items[PROTO_MODBUS];
	for (size_t i = 0; i < n; i++) {
		if (next < v[i].r.lo)
			put_typed(b, r, (struct range){ next, v[i].r.lo - 1 }, NULL);
		put_typed(b, r, v[i].r, v[i].t);
		next = v[i].r.hi + 1;
	}
	if (next <= UINT16_MAX)
		put_typed(b, r, (struct range){ next, UINT16_MAX }, NULL);
}

/* At most: where ranges touch there is nothing between them. */
static void count_registers(const struct modbus_allow *a, struct counts *c)
{
	struct typed_range v[MODBUS_TYPED_MAX];
	size_t n = typed_ranges(a, v);
	c->items[PROTO_MODBUS] += 2 * n + 1;
	c->ranges += 5 * n;
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
		if (entry_writes_registers(a))
			count_registers(a, c);
		c->strings += build_rule_strings(a->at, &a->remarks);
	}
}

static void put_modbus(struct build *b, const struct policy *p)
{
	struct pol_mb_head *h = build_head(b, PROTO_MODBUS);
	h->tolerate = modbus_policy_of(p)->tolerates;
	for (size_t k = 0; k < modbus_policy_of(p)->n_allow; k++) {
		const struct modbus_allow *a = &modbus_policy_of(p)->allow[k];
		struct pol_mb_rule *r = build_rule(b, PROTO_MODBUS, a->at, &a->remarks);
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
		if (entry_writes_registers(a))
			put_registers(b, r, a);
	}
}

const struct build_ops build_modbus = { .rules = modbus_rules,
					.count = count_modbus,
					.put = put_modbus };
