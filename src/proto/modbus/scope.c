/* SPDX-License-Identifier: MIT
 * What a Modbus rule permits, function by function, to compare policies (compare/scope.h). */
#include "compare/scope.h"
#include "proto/modbus/policy.h"

static void mb_scope_name(unsigned fc, struct sb *out)
{
	const struct mb_func *fn = mb_func_by_code((uint8_t)fc);
	if (fn)
		sb_puts(out, fn->name);
	else
		sb_printf(out, "function %u", fc);
}

struct mb_set {
	const char *key;
	const struct pol_rset *set;
	bool used, values; /* values: of single numbers */
	uint32_t max;
};

/* Is all that one permits of its registers permitted by the other? Where both are of registers as
 * they are, and of all, "values" says it. */
static bool mb_item_covers(const struct pol_image *img, const void *item,
			   const struct pol_image *other_img, const void *other)
{
	const struct pol_mb_typed *w = item, *n = other;
	const struct pol_range *v = policy_ranges(other_img, &n->keys);
	bool plain = w->type == MB_REGISTER;
	if (n->lo < w->lo || n->hi > w->hi)
		return false;
	if (plain && n->type == MB_REGISTER && n->lo == 0 && n->hi == UINT16_MAX)
		return true;
	if (plain && policy_contains(img, &w->keys, 0, UINT16_MAX))
		return true;
	if (n->type != w->type || n->order != w->order ||
	    (n->lo - w->lo) % mb_type_registers(w->type) != 0)
		return false;
	if (n->keys.any && !w->keys.any)
		return false;
	for (uint32_t i = 0; i < n->keys.n; i++)
		if (!policy_contains(img, &w->keys, v[i].lo, v[i].hi))
			return false;
	return true;
}

static void mb_item_text(const struct pol_image *img, const void *item, struct sb *out)
{
	const struct pol_mb_typed *t = item;
	if (t->type == MB_REGISTER)
		sb_printf(out, "%u-%u without a type", t->lo, t->hi);
	else
		policy_mb_put_item(out, img, t);
}

static void add_typed(struct scope *s, const struct pol_image *img, const struct pol_mb_rule *r,
		      const struct mb_func *fn)
{
	struct scope_dim *d = scope_add(s, "typed_values", SCOPE_ITEMS, !mb_writes_registers(fn));
	d->quiet = !r->n_types;
	d->items = (struct scope_items){ .img = img,
					 .v = policy_mb_typed(img, r, 0),
					 .n = r->n_typed,
					 .size = sizeof(struct pol_mb_typed),
					 .covers = mb_item_covers,
					 .text = mb_item_text };
}

/* Functions without a row are judged by code and unit alone. */
static bool mb_rule_scope(const struct pol_image *img, const struct pol_rule *rule, unsigned fc,
			  struct scope *out)
{
	static const struct mb_func unknown = { .has_address = false };
	const struct pol_mb_rule *r = (const void *)rule;
	const struct mb_func *row = mb_func_by_code((uint8_t)fc), *fn = row ? row : &unknown;
	const struct mb_set sets[] = {
		{ "units", &r->units, true, true, 255 },
		{ "addresses", &r->addresses, fn->has_address, false, 65535 },
		{ "write_addresses", &r->write_addresses, fn->names & MB_NAMES_WRITE_ADDRESS, false,
		  65535 },
		{ "quantity", &r->quantity, fn->has_address || fn->names & MB_NAMES_FILES, true,
		  65535 },
		/* a mask's value is a range of what comes of it */
		{ "values", &r->values, fn->values != MB_NO_VALUES, fn->values != MB_MASKS, 65535 },
		{ "subfunctions", &r->subfunctions, fn->names & MB_NAMES_SUB, true, 65535 },
		{ "mei", &r->mei, fn->names & MB_NAMES_MEI, true, 255 },
		{ "files", &r->files, fn->names & MB_NAMES_FILES, true, 65535 },
	};
	out->n = 0;
	if (!(r->functions[fc / 8] >> fc % 8 & 1))
		return false;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		scope_add_ranges(out, sets[i].key, !sets[i].used, policy_ranges(img, sets[i].set),
				 sets[i].set);
		if (sets[i].values)
			out->v[out->n - 1].kind = SCOPE_VALUES;
		scope_any_is(out, 0, sets[i].max);
	}
	add_typed(out, img, r, fn);
	return true;
}

static void tolerance_word(unsigned bit, struct sb *out)
{
	for (size_t i = 0; i < mb_tolerances_n; i++)
		if (mb_tolerances[i].bit == 1u << bit)
			sb_puts(out, mb_tolerances[i].name);
}

static void mb_head_scope(const struct pol_image *img, const void *head, struct scope *out)
{
	(void)img;
	out->n = 0;
	struct scope_dim *d = scope_add(out, "tolerate", SCOPE_WORDS, false);
	d->number = ((const struct pol_mb_head *)head)->tolerate;
	d->word = tolerance_word;
}

static bool mb_scope_changes(unsigned fc)
{
	const struct mb_func *fn = mb_func_by_code((uint8_t)fc);
	return !fn || !(fn->classes & MB_READ);
}

const struct scope_ops scope_modbus = { .operations = 256,
					.name = mb_scope_name,
					.changes = mb_scope_changes,
					.rule = mb_rule_scope,
					.head = mb_head_scope };
