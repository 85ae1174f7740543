/* SPDX-License-Identifier: MIT
 *
 * typed_values of an entry: which registers are one value, of which type and order of octets, its
 * limits, and scale and unit for the reader. A limit is written in the unit and becomes the
 * nearest value within it that the device can be sent, by exact comparison.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/modbus/words-typed.h"

enum { LIMIT_TEXT = 24 };

static const struct word words_type[] = { { "int16", MB_INT16 },     { "uint16", MB_UINT16 },
					  { "int32", MB_INT32 },     { "uint32", MB_UINT32 },
					  { "float32", MB_FLOAT32 }, { NULL, 0 } };
static const struct word words_order[] = { { "ABCD", MB_ABCD },
					   { "CDAB", MB_CDAB },
					   { "BADC", MB_BADC },
					   { "DCBA", MB_DCBA },
					   { NULL, 0 } };

/* A number as written, whole ones in decimal; NULL (said) when it is none. */
static const char *number_text(struct load *l, const config_setting_t *s, const char *key,
			       struct decimal *out)
{
	const struct setting *w = written_of(s);
	char text[LIMIT_TEXT];
	const char *written = w->written;
	if (w->type == SETTING_INT) {
		snprintf(text, sizeof(text), "%lld", (long long)w->number);
		written = arena_strdup(l->m->arena, text);
	} else if (w->type != SETTING_FLOAT) {
		complain(l, at_of(l, s), "%s must be a number, such as 60 or 0.1%s", key,
			 strcmp(key, "scale") == 0 ? "" : ", or \"any\"");
		return NULL;
	}
	if (decimal_parse(written, out))
		return written;
	complain(l, at_of(l, s), "%s: %s has more than %d digits, or an exponent beyond %d", key,
		 w->written, DECIMAL_DIGITS, DECIMAL_EXPONENT);
	return NULL;
}

static void load_typed_scale(struct load *l, const config_setting_t *g, struct modbus_typed *t)
{
	const config_setting_t *s = config_setting_get_member(g, "scale");
	struct decimal d;
	t->scale = (struct decimal){ .digits = 1 };
	const char *text = s ? number_text(l, s, "scale", &d) : NULL;
	if (!text)
		return;
	if (d.negative || !d.digits || d.digits > 999999999 ||
	    abs(d.exponent) > MB_SCALE_EXPONENT) {
		complain(l, at_of(l, s),
			 "scale must be more than 0, with at most %d digits and an exponent of at "
			 "most %d",
			 MB_SCALE_DIGITS, MB_SCALE_EXPONENT);
		return;
	}
	t->scale = d;
	t->scale_text = text;
}

static void limit_beyond(struct load *l, const config_setting_t *s, const char *key,
			 const struct modbus_typed *t)
{
	char least[64], most[64];
	struct mb_key_range r = mb_type_finite(t->type);
	struct sb lo = sb_init(least, sizeof(least)), hi = sb_init(most, sizeof(most));
	mb_put_scaled(&lo, t->type, r.lo, &t->scale);
	mb_put_scaled(&hi, t->type, r.hi, &t->scale);
	complain(l, at_of(l, s), "%s is beyond what %s can have here: %s to %s; write \"any\"", key,
		 mb_type_name(t->type), least, most);
}

/* *bound: the bound that it is; unchanged where it is "any". NULL: complained. */
static const char *load_limit(struct load *l, const config_setting_t *g, const char *key,
			      const struct modbus_typed *t, uint32_t *bound)
{
	const config_setting_t *s = config_setting_get_member(g, key);
	bool least = strcmp(key, "min") == 0;
	struct decimal d;
	uint32_t other;
	if (!s) {
		complain(l, t->at, "a typed value needs %s; write a number, or %s = \"any\";", key,
			 key);
		return NULL;
	}
	if (written_of(s)->type == SETTING_TEXT && strcmp(written_of(s)->text, "any") == 0)
		return "any";
	const char *text = number_text(l, s, key, &d);
	if (!text)
		return NULL;
	/* below all or above all that there is */
	bool within = mb_typed_least(t->type, &t->scale, &d, least ? bound : &other) &&
		      mb_typed_most(t->type, &t->scale, &d, least ? &other : bound);
	if (!within)
		limit_beyond(l, s, key, t);
	return within ? text : NULL;
}

static void load_typed_limits(struct load *l, const config_setting_t *g, struct modbus_typed *t)
{
	t->finite = mb_type_finite(t->type);
	t->min = load_limit(l, g, "min", t, &t->finite.lo);
	t->max = load_limit(l, g, "max", t, &t->finite.hi);
	if (t->min && t->max && t->finite.lo > t->finite.hi)
		complain(l, t->at,
			 "no value of %s lies between min = %s and max = %s; is min above max, or "
			 "the scale too coarse?",
			 mb_type_name(t->type), t->min, t->max);
}

static void load_special(struct load *l, const config_setting_t *g, struct modbus_typed *t)
{
	const config_setting_t *s = config_setting_get_member(g, "special");
	if (!s)
		return;
	if (t->type != MB_FLOAT32)
		complain(l, at_of(l, s), "special is of float32 only; remove it");
	if (config_setting_is_group(s) || !items(s))
		complain(l, at_of(l, s), "special: write [ \"nan\" ], or remove it");
	for (size_t i = 0; !config_setting_is_group(s) && i < items(s); i++) {
		const struct setting *w = written_of(item(s, i));
		const char *word = w->type == SETTING_TEXT ? w->text : "";
		if (strcmp(word, "nan") == 0)
			t->nan = true;
		else if (strcmp(word, "infinity") == 0)
			t->infinity = true;
		else
			complain(
				l, at_of(l, item(s, i)),
				"special = \"%s\" is not known; write one of \"nan\", \"infinity\"",
				word);
	}
}

static void load_value_unit(struct load *l, const config_setting_t *g, struct modbus_typed *t)
{
	const config_setting_t *s = config_setting_get_member(g, "unit");
	t->unit = get_text(l, g, "unit");
	if (!t->unit)
		return;
	bool plain = *t->unit && strlen(t->unit) < MB_VALUE_UNIT;
	for (const char *p = t->unit; *p; p++)
		plain &= (unsigned char)*p >= 0x20 && *p != 0x7f;
	if (!plain)
		complain(l, at_of(l, s), "unit must be a text of 1 to %d octets, such as \"degC\"",
			 MB_VALUE_UNIT - 1);
}

static void load_typed_registers(struct load *l, const config_setting_t *g, struct modbus_typed *t)
{
	const config_setting_t *s = config_setting_get_member(g, "registers");
	unsigned each = mb_type_registers(t->type);
	if (!s) {
		complain(l, t->at, "a typed value needs registers = \"100-101\";");
		return;
	}
	l->tables = "4";
	get_ranges(l, g, "registers", 0, 65535, &t->registers);
	l->tables = NULL;
	if (t->registers.any)
		complain(l, at_of(l, s),
			 "registers: \"any\" does not say where a value begins; "
			 "write a range");
	for (size_t i = 0; i < t->registers.n; i++) {
		struct range r = t->registers.v[i];
		if ((r.hi - r.lo + 1) % each)
			complain(l, at_of(l, s),
				 "registers: %u-%u is not a multiple of %u registers, which one %s "
				 "has",
				 r.lo, r.hi, each, mb_type_name(t->type));
	}
}

static void load_typed(struct load *l, const config_setting_t *g, struct modbus_typed *t)
{
	KEYS(l, g, "a typed value", "registers", "type", "word_order", "min", "max", "scale",
	     "unit", "special");
	const config_setting_t *order = config_setting_get_member(g, "word_order");
	if (!config_setting_get_member(g, "type"))
		complain(l, t->at, "a typed value needs type = \"float32\"; or another type");
	t->type = (unsigned)get_word(l, g, "type", words_type, MB_UINT16);
	t->order = (unsigned)get_word(l, g, "word_order", words_order, MB_ABCD);
	if (mb_type_registers(t->type) == 1 && order)
		complain(l, at_of(l, order), "word_order: %s has one register; remove it",
			 mb_type_name(t->type));
	if (mb_type_registers(t->type) == 2 && !order)
		complain(l, t->at,
			 "a %s needs word_order: \"ABCD\" (high word first), \"CDAB\" (low word "
			 "first), \"BADC\" or \"DCBA\" (with octets swapped in each)",
			 mb_type_name(t->type));
	load_typed_registers(l, g, t);
	load_typed_scale(l, g, t);
	load_typed_limits(l, g, t);
	load_special(l, g, t);
	load_value_unit(l, g, t);
}

void load_mb_typed(struct load *l, const config_setting_t *g, struct modbus_allow *a)
{
	const config_setting_t *s = list_of_groups(l, g, "typed_values");
	if (s && !items(s))
		complain(l, at_of(l, s), "typed_values: nothing in it; remove it");
	for (size_t i = 0; i < items(s); i++) {
		struct modbus_typed t = { .at = at_of(l, item(s, i)) };
		load_typed(l, item(s, i), &t);
		a->typed = arena_grow(l->m->arena, a->typed, a->n_typed, sizeof(*a->typed));
		a->typed[a->n_typed++] = t;
	}
}

/* ---- with the rest of its entry ---- */

static bool range_is_within(const struct ranges *written, struct range r)
{
	for (size_t i = 0; i < written->n; i++)
		if (written->v[i].lo <= r.lo && r.hi <= written->v[i].hi)
			return true;
	return written->any;
}

/* An entry has a range once only; the first that overlaps, of those before. */
static void check_overlap(struct load *l, const struct modbus_allow *a, size_t at, struct range r,
			  size_t before)
{
	for (size_t i = 0; i <= at; i++)
		for (size_t k = 0; k < (i == at ? before : a->typed[i].registers.n); k++) {
			struct range o = a->typed[i].registers.v[k];
			if (o.lo > r.hi || r.lo > o.hi)
				continue;
			complain(l, a->typed[at].at,
				 "registers %u-%u are typed twice in this entry, also in line %u",
				 r.lo, r.hi, a->typed[i].at.line);
			return;
		}
}

static void check_typed_functions(struct load *l, const struct modbus_allow *a)
{
	bool used = false;
	for (size_t i = 0; i < mb_funcs_n; i++) {
		const struct mb_func *fn = &mb_funcs[i];
		if (!(a->functions[fn->code / 8] >> fn->code % 8 & 1) || fn->values == MB_NO_VALUES)
			continue;
		if (mb_writes_registers(fn)) {
			used = true;
			continue;
		}
		complain(
			l, a->at,
			"typed_values are of registers, and %s writes no registers that they name; "
			"list the functions, and give it an entry of its own",
			fn->name);
		used = true;
	}
	if (!used)
		complain(l, a->at,
			 "no function of this entry is restricted by \"typed_values\"; remove it");
}

void check_mb_typed(struct load *l, const struct modbus_allow *a)
{
	size_t n = 0;
	if (!a->n_typed)
		return;
	check_typed_functions(l, a);
	for (size_t i = 0; i < a->n_typed && n <= MODBUS_TYPED_MAX; i++)
		for (size_t k = 0; k < a->typed[i].registers.n && n <= MODBUS_TYPED_MAX; k++, n++) {
			struct range r = a->typed[i].registers.v[k];
			check_overlap(l, a, i, r, k);
			if (!range_is_within(&a->addresses, r) &&
			    !range_is_within(&a->write_addresses, r))
				complain(l, a->typed[i].at,
					 "typed_values has registers %u-%u, which are in no range "
					 "of this entry's addresses or write_addresses",
					 r.lo, r.hi);
		}
	if (n > MODBUS_TYPED_MAX)
		complain(l, a->at,
			 "typed_values: more than %d ranges of registers; write another "
			 "entry",
			 MODBUS_TYPED_MAX);
}

/* ---- print ---- */

static void print_limit(FILE *f, const char *key, const char *text)
{
	if (text && strcmp(text, "any") == 0)
		fprintf(f, " %s = \"any\";", key);
	else if (text)
		fprintf(f, " %s = %s;", key, text);
}

static void print_typed(FILE *f, const struct modbus_typed *t)
{
	fputs("          { registers = ", f);
	for (size_t i = 0; i < t->registers.n; i++)
		fprintf(f, "%s\"%u-%u\"", i ? ", " : "[ ", t->registers.v[i].lo,
			t->registers.v[i].hi);
	fprintf(f, " ]; type = \"%s\";", mb_type_name(t->type));
	if (mb_type_registers(t->type) == 2)
		fprintf(f, " word_order = \"%s\";", mb_order_name(t->order));
	print_limit(f, "min", t->min);
	print_limit(f, "max", t->max);
	print_limit(f, "scale", t->scale_text);
	if (t->nan || t->infinity)
		fprintf(f, " special = [ %s%s%s ];", t->nan ? "\"nan\"" : "",
			t->nan && t->infinity ? ", " : "", t->infinity ? "\"infinity\"" : "");
	if (t->unit) {
		fputs(" unit = ", f);
		print_text(f, t->unit);
		fputc(';', f);
	}
	fputs(" }", f);
}

void print_mb_typed(FILE *f, const struct modbus_allow *a)
{
	if (!a->n_typed)
		return;
	fputs("        typed_values = (\n", f);
	for (size_t i = 0; i < a->n_typed; i++) {
		print_typed(f, &a->typed[i]);
		fputs(i + 1 < a->n_typed ? ",\n" : "\n", f);
	}
	fputs("        );\n", f);
}
