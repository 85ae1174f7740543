/* SPDX-License-Identifier: MIT
 *
 * decide(): one Modbus request against the rules of its flow.
 *
 * A request passes when ONE rule allows all of it, and each of its address
 * ranges lies inside ONE range as the operator wrote it: neighbours do not
 * merge, overlap is not enough. The checks of a rule are a table in the order
 * in which they narrow; the rule that came furthest names the refusal.
 *
 * Registers of typed values are judged by decide-typed.c, and whether their values are whole before
 * what they are.
 * Nothing is special about unit 0 (broadcast): it passes where it is written.
 * Codes without addresses (vendor codes) are judged by code and unit alone.
 */
#include "proto/modbus/policy.h"

#include "base/rd.h"

struct trial {
	const struct pol_image *img;
	const struct pol_mb_rule *rule;
	const struct mb_msg *m;
	bool has_value;
	uint16_t value; /* the first written, or the one that offended */
	struct pol_mb_written typed;
};

static bool contains(const struct trial *t, const struct pol_rset *s, uint32_t lo, uint32_t hi)
{
	return policy_contains(t->img, s, lo, hi);
}

static bool set_has(const struct trial *t, const struct pol_rset *s, uint32_t x)
{
	return contains(t, s, x, x);
}

static bool mb_function_ok(struct trial *t)
{
	return t->rule->functions[t->m->fc / 8] >> (t->m->fc % 8) & 1;
}

static bool unit_ok(struct trial *t)
{
	return set_has(t, &t->rule->units, t->m->unit);
}

static bool sub_ok(struct trial *t)
{
	return !t->m->has_sub || set_has(t, &t->rule->subfunctions, t->m->sub);
}

static bool mei_ok(struct trial *t)
{
	return !t->m->has_mei || set_has(t, &t->rule->mei, t->m->mei);
}

static bool files_ok(struct trial *t)
{
	for (size_t i = 0; i < t->m->n_files; i++)
		if (!set_has(t, &t->rule->files, t->m->files[i].file))
			return false;
	return true;
}

static bool address_ok(struct trial *t)
{
	const struct mb_msg *m = t->m;
	return !m->has_addr ||
	       (m->qty && contains(t, &t->rule->addresses, m->addr, m->addr + m->qty - 1u));
}

static bool write_address_ok(struct trial *t)
{
	const struct mb_msg *m = t->m;
	return !m->has_waddr || (m->wqty && contains(t, &t->rule->write_addresses, m->waddr,
						     m->waddr + m->wqty - 1u));
}

/* Every quantity the request names: both parts of FC 23, each file record. */
static bool quantity_ok(struct trial *t)
{
	const struct mb_msg *m = t->m;
	const struct pol_rset *q = &t->rule->quantity;
	if ((m->has_addr && !set_has(t, q, m->qty)) || (m->has_waddr && !set_has(t, q, m->wqty)))
		return false;
	for (size_t i = 0; i < m->n_files; i++)
		if (!set_has(t, q, m->files[i].length))
			return false;
	return true;
}

static bool mb_value_ok(struct trial *t, uint16_t value)
{
	if (set_has(t, &t->rule->values, value))
		return true;
	t->value = value;
	return false;
}

static bool registers_ok(struct trial *t, struct rd *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!mb_value_ok(t, rd_be16(r)))
			return false;
	return !r->bad;
}

static bool coil_value_ok(struct trial *t)
{
	return mb_value_ok(t, t->m->values[0] ? 1 : 0);
}

static bool coils_ok(struct trial *t)
{
	for (unsigned i = 0; i < t->m->qty; i++)
		if (!mb_value_ok(t, t->m->values[i / 8] >> (i % 8) & 1))
			return false;
	return true;
}

static bool all_registers_ok(struct trial *t)
{
	struct rd r = rd_init(t->m->values, t->m->values_len);
	return registers_ok(t, &r, t->m->values_len / 2u);
}

/* Groups of 7 bytes of reference and then the data; see wire-more.c. */
static bool file_data_ok(struct trial *t)
{
	struct rd r = rd_init(t->m->values, t->m->values_len);
	for (size_t i = 0; i < t->m->n_files; i++) {
		rd_skip(&r, 7);
		if (!registers_ok(t, &r, t->m->files[i].length))
			return false;
	}
	return rd_done(&r);
}

/* The register becomes (old AND and_mask) OR (or_mask AND NOT and_mask). The
 * old value is not known, so every bit of and_mask may be 0 or 1; the result
 * is never below the bits that are fixed, never above both together. The rule
 * must hold that whole span: a pure assignment (and_mask 0) is judged exactly,
 * a mask that keeps high bits passes only where nearly anything would. */
static bool mask_ok(struct trial *t)
{
	uint16_t lo = t->m->or_mask & (uint16_t)~t->m->and_mask;
	uint16_t hi = lo | t->m->and_mask;
	return contains(t, &t->rule->values, lo, hi);
}

static bool (*const value_checks[])(struct trial *t) = {
	[MB_ONE_COIL] = coil_value_ok, [MB_ONE_REGISTER] = all_registers_ok,
	[MB_COILS] = coils_ok,	       [MB_REGISTERS] = all_registers_ok,
	[MB_RECORDS] = file_data_ok,   [MB_MASKS] = mask_ok,
};

/* The first written value, for the record of a request that passes. */
static bool first_value(const struct mb_msg *m, enum mb_values values, uint16_t *out)
{
	if (values == MB_MASKS) {
		*out = m->or_mask;
		return m->has_mask;
	}
	if (values != MB_RECORDS)
		return mb_first_value(m, out);
	struct rd r = rd_init(m->values, m->values_len);
	rd_skip(&r, 7);
	*out = rd_be16(&r);
	return !r.bad;
}

static bool is_typed(const struct trial *t)
{
	const struct mb_func *fn = mb_func_by_code(t->m->fc);
	return fn && mb_writes_registers(fn) && policy_mb_is_typed(t->rule);
}

static bool whole_values_ok(struct trial *t)
{
	return !is_typed(t) || policy_mb_whole_values(t->img, t->rule, t->m, &t->typed);
}

static bool typed_values_ok(struct trial *t)
{
	bool good = policy_mb_typed_values(t->img, t->rule, t->m, &t->typed);
	t->has_value = true;
	t->value = t->typed.value;
	if (t->typed.typed && t->typed.typed->type == MB_REGISTER)
		t->typed.typed = NULL;
	return good;
}

static bool mb_values_ok(struct trial *t)
{
	const struct mb_func *fn = mb_func_by_code(t->m->fc);
	if (!fn || fn->values == MB_NO_VALUES)
		return true;
	if (is_typed(t))
		return typed_values_ok(t);
	t->has_value = first_value(t->m, fn->values, &t->value);
	return t->has_value && value_checks[fn->values](t);
}

static const struct {
	bool (*ok)(struct trial *t);
	enum reason refusal;
	/* clang-format off */
} steps[] = {
	{ mb_function_ok, R_FUNCTION },
	{ unit_ok, R_UNIT },
	{ sub_ok, R_SUBFUNCTION },
	{ mei_ok, R_MEI },
	{ files_ok, R_FILE },
	{ address_ok, R_ADDRESS },
	{ write_address_ok, R_WRITE_ADDRESS },
	{ quantity_ok, R_QUANTITY },
	{ whole_values_ok, R_VALUE_PART },
	{ mb_values_ok, R_VALUE },
};
/* clang-format on */
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };
_Static_assert((int)STEPS == (int)POL_MB_STEPS, "each may be lacking");

static unsigned mb_try_rule(struct trial *t)
{
	unsigned n = 0;
	while (n < STEPS && steps[n].ok(t))
		n++;
	return n;
}

struct decision policy_modbus(const struct pol_image *img, const struct pol_flow *f,
			      const struct mb_msg *m)
{
	struct decision best = { .reason = R_FUNCTION, .rule = 0xffff };
	unsigned furthest = 0;
	for (uint32_t i = 0; i < f->n_rules; i++) {
		uint16_t id = (uint16_t)(f->rule0 + i);
		struct trial t = { .img = img,
				   .rule = (const void *)policy_rule(img, PROTO_MODBUS, id),
				   .m = m };
		unsigned n = mb_try_rule(&t);
		if (n <= furthest)
			continue;
		furthest = n;
		best = (struct decision){
			.reason = n == STEPS ? R_NONE : steps[n].refusal,
			.rule = id,
			.has_value = t.has_value,
			.value = t.value,
			.typed = t.has_value ? t.typed.typed : NULL,
			.at = t.typed.at,
			.key = t.typed.key,
		};
		if (n == STEPS)
			break;
	}
	return best;
}

struct mb_lacks policy_modbus_lacks(const struct pol_image *img, uint32_t rule,
				    const struct mb_msg *m)
{
	struct mb_lacks l = { .n = 0 };
	struct trial t = { .img = img,
			   .rule = (const void *)policy_rule(img, PROTO_MODBUS, rule),
			   .m = m };
	for (unsigned i = 0; i < STEPS; i++)
		if (!steps[i].ok(&t) &&
		    (steps[i].refusal != R_VALUE || !l.n || l.why[l.n - 1] != R_VALUE_PART))
			l.why[l.n++] = steps[i].refusal;
	l.value = t.value;
	l.typed = t.typed.typed;
	l.key = t.typed.key;
	return l;
}

static bool mb_rule_ok(const struct pol_image *img, const void *rule)
{
	const struct pol_mb_rule *r = rule;
	const struct pol_rset *sets[] = {
		&r->units,	  &r->addresses, &r->write_addresses, &r->quantity, &r->values,
		&r->subfunctions, &r->mei,	 &r->files,
	};
	for (size_t k = 0; k < sizeof(sets) / sizeof(sets[0]); k++)
		if (!policy_rset_ok(img, sets[k]))
			return false;
	return policy_mb_items_ok(img, r);
}

static bool mb_head_ok(const struct pol_image *img, const void *head)
{
	(void)img;
	return ((const struct pol_mb_head *)head)->tolerate <= MB_TOL_ALL;
}

const struct pol_shape pol_modbus_shape = {
	.rule = sizeof(struct pol_mb_rule),
	.head = sizeof(struct pol_mb_head),
	.item = sizeof(struct pol_mb_typed),
	.rule_ok = mb_rule_ok,
	.head_ok = mb_head_ok,
	.item_ok = policy_mb_item_ok,
};
