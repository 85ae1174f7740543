/* SPDX-License-Identifier: MIT
 * Modbus requests from words: the shapes of a request, by what its row of the table has. */
#include <string.h>

#include "base/num.h"
#include "proto/modbus/explain.h"

enum { WORDS_VALUES = 125, UNIT_DEFAULT = 1, CODE_MAX = 127 };

struct words_range {
	bool there;
	size_t word;
	uint16_t first;
	unsigned n;
};

/* A request in words. */
struct said {
	const struct explain_words *w;
	const struct mb_func *fn;
	struct words_range addr, written;
	uint64_t unit, count, sub, mei, and_mask, or_mask;
	bool has_unit, has_count, has_sub, has_mei, has_and, has_or;
	uint16_t values[WORDS_VALUES];
	size_t n_values;
	char *assumed;
	size_t assumed_len;
};

static const struct mb_func *function_said(const struct explain_words *w)
{
	uint64_t code;
	const char *names[64];
	size_t n = 0;
	const struct mb_func *fn = mb_func_by_name(w->v[0]);
	if (!fn && num_parse(w->v[0], 1, CODE_MAX, &code))
		fn = mb_func_by_code((uint8_t)code);
	if (fn)
		return fn;
	for (size_t i = 0; i < mb_funcs_n && n < 64; i++)
		names[n++] = mb_funcs[i].name;
	const char *near = name_nearest(w->v[0], names, n);
	explain_complain(w, 0, "there is no Modbus function \"%s\"%s%s%s", w->v[0],
			 near ? "; did you mean \"" : "; zoned-model(5) lists them",
			 near ? near : "", near ? "\"?" : "");
	return NULL;
}

/* A reference has six digits, as in models: its table, and the number from 1. */
static bool read_address(struct said *s, size_t i, const char *text, uint64_t *out)
{
	bool reference = strlen(text) == 6 && strspn(text, "0123456789") == 6;
	const char *number = reference ? text + 1 + strspn(text + 1, "0") : text;
	if (!num_parse(number, reference, reference ? 65536 : 65535, out)) {
		explain_complain(s->w, i,
				 "\"%s\" is no address; write 0 to 65535, or a reference of six "
				 "digits such as 400012",
				 text);
		return false;
	}
	if (reference && text[0] != s->fn->table) {
		explain_complain(s->w, i,
				 "the reference \"%s\" is of table %c, and %s addresses %c", text,
				 text[0], s->fn->name, s->fn->table ? s->fn->table : '-');
		return false;
	}
	if (!reference && *out > 9999 && text[0] == s->fn->table)
		snprintf(s->assumed, s->assumed_len,
			 "%s is a protocol address, counted from 0, as in models; the reference "
			 "%c:%04u is written %c%05u",
			 text, text[0], (unsigned)(*out % 10000), text[0],
			 (unsigned)(*out % 10000));
	*out -= reference;
	return true;
}

static bool read_range(struct said *s, size_t i, struct words_range *r)
{
	char text[32];
	uint64_t first, last;
	if (i >= s->w->n) {
		explain_complain(s->w, i, "an address is missing");
		return false;
	}
	snprintf(text, sizeof(text), "%s", s->w->v[i]);
	char *dash = strchr(text, '-');
	if (dash)
		*dash = '\0';
	if (!read_address(s, i, text, &first))
		return false;
	last = first;
	if (dash && !read_address(s, i, dash + 1, &last))
		return false;
	if (last < first) {
		explain_complain(s->w, i, "\"%s\" is reversed", s->w->v[i]);
		return false;
	}
	*r = (struct words_range){ true, i, (uint16_t)first, (unsigned)(last - first) + 1 };
	return true;
}

static bool read_values(struct said *s, size_t i)
{
	char text[1024];
	uint64_t v;
	snprintf(text, sizeof(text), "%s", i < s->w->n ? s->w->v[i] : "");
	char *rest = text;
	for (char *one = strtok_r(text, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
		if (!num_parse(one, 0, 65535, &v) || s->n_values == WORDS_VALUES) {
			explain_complain(s->w, i,
					 "\"%s\" is no value; write 0 to 65535, at most %d", one,
					 WORDS_VALUES);
			return false;
		}
		s->values[s->n_values++] = (uint16_t)v;
	}
	if (!s->n_values)
		explain_complain(s->w, i, "a value is missing behind \"=\"");
	return s->n_values;
}

/* One word, and what belongs to it; the words that it takes. 0: wrong. */
static size_t read_word(struct said *s, size_t i)
{
	const struct explain_named numbers[] = {
		{ "unit", &s->unit, &s->has_unit, 255 },
		{ "count", &s->count, &s->has_count, 2000 },
		{ "subfunction", &s->sub, &s->has_sub, 65535 },
		{ "mei", &s->mei, &s->has_mei, 255 },
		{ "and", &s->and_mask, &s->has_and, 65535 },
		{ "or", &s->or_mask, &s->has_or, 65535 },
	};
	const char *word = s->w->v[i];
	const struct explain_named *named =
		explain_named(numbers, sizeof(numbers) / sizeof(numbers[0]), word);
	if (named) {
		*named->has = true;
		explain_number(s->w, i + 1, named->max, named->to);
		return 2;
	}
	if (strcmp(word, "=") == 0) {
		read_values(s, i + 1);
		return 2;
	}
	if (strcmp(word, "write") == 0) {
		read_range(s, i + 1, &s->written);
		return 2;
	}
	if (s->addr.there)
		explain_complain(s->w, i, "\"%s\" is not expected here", word);
	else
		read_range(s, i, &s->addr);
	return 1;
}

/* ---- is it all there, and nothing else ---- */

static void want(const struct said *s, bool needs, bool has, const char *what)
{
	if (needs && !has)
		explain_complain(s->w, 0, "%s needs %s", s->fn->name, what);
	if (!needs && has)
		explain_complain(s->w, 0, "%s has no %s", s->fn->name, what);
}

static bool is_complete(struct said *s, size_t before)
{
	const struct mb_func *fn = s->fn;
	bool both = fn->names & MB_NAMES_WRITE_ADDRESS, mask = fn->values == MB_MASKS;
	bool ranges =
		fn->request_extent.fixed >= 5 && fn->has_address && !mb_writes_one(fn) && !mask;
	if (!fn->request || (fn->names & MB_NAMES_FILES)) {
		explain_complain(s->w, 0,
				 "%s cannot be written in words; give the message with --hex",
				 fn->name);
		return false;
	}
	want(s, fn->has_address, s->addr.there, "an address");
	want(s, both, s->written.there, "a written address (write ADDRESS)");
	want(s, fn->values != MB_NO_VALUES && !mask, s->n_values, "values (= VALUE)");
	want(s, mask, s->has_and, "an and-mask (and N)");
	want(s, mask, s->has_or, "an or-mask (or N)");
	want(s, fn->names & MB_NAMES_SUB, s->has_sub, "a sub-function (subfunction N)");
	want(s, fn->names & MB_NAMES_MEI, s->has_mei, "a MEI type (mei N)");
	if (s->has_count && ranges)
		s->addr.n = (unsigned)s->count;
	else if (s->has_count)
		explain_complain(s->w, 0, "%s has no count", fn->name);
	struct words_range *to = both ? &s->written : &s->addr;
	bool lists = fn->values == MB_COILS || fn->values == MB_REGISTERS;
	if (lists && to->n == 1)
		to->n = (unsigned)s->n_values;
	if (lists && s->n_values == 1) /* one value for all of them */
		for (; s->n_values < to->n && s->n_values < WORDS_VALUES; s->n_values++)
			s->values[s->n_values] = s->values[0];
	if (s->n_values && to->n != s->n_values)
		explain_complain(s->w, to->word, "%u addresses and %zu values", to->n, s->n_values);
	if (mb_writes_one(fn) && s->addr.n > 1)
		explain_complain(s->w, s->addr.word, "%s writes one", fn->name);
	for (size_t i = 0; i < s->n_values && (fn->values == MB_COILS || fn->values == MB_ONE_COIL);
	     i++)
		if (s->values[i] > 1)
			explain_complain(s->w, 0, "a coil is 0 or 1, not %u", s->values[i]);
	return s->w->errs->total == before;
}

/* ---- octets ---- */

static void put_list(struct explain_octets *o, const struct said *s)
{
	bool coils = s->fn->values == MB_COILS;
	explain_put_be(o, (unsigned)(coils ? (s->n_values + 7) / 8 : 2 * s->n_values), 1);
	for (size_t i = 0; !coils && i < s->n_values; i++)
		explain_put_be(o, s->values[i], 2);
	for (size_t i = 0; coils && i < s->n_values; i += 8) {
		unsigned bits = 0;
		for (size_t k = i; k < i + 8 && k < s->n_values; k++)
			bits |= (unsigned)s->values[k] << (k - i);
		explain_put_be(o, bits, 1);
	}
}

static void put_body(struct explain_octets *o, const struct said *s)
{
	const struct mb_func *fn = s->fn;
	bool fifo = fn->has_address && fn->request_extent.fixed == 3;
	if (fn->has_address)
		explain_put_be(o, s->addr.first, 2);
	if (fn->values == MB_MASKS) {
		explain_put_be(o, (unsigned)s->and_mask, 2);
		explain_put_be(o, (unsigned)s->or_mask, 2);
	} else if (fn->values == MB_ONE_COIL) {
		explain_put_be(o, s->values[0] ? 0xff00 : 0, 2);
	} else if (fn->values == MB_ONE_REGISTER) {
		explain_put_be(o, s->values[0], 2);
	} else if (fn->has_address && !fifo) {
		explain_put_be(o, s->addr.n, 2);
	}
	if (s->written.there) {
		explain_put_be(o, s->written.first, 2);
		explain_put_be(o, s->written.n, 2);
	}
	if (fn->values == MB_COILS || fn->values == MB_REGISTERS)
		put_list(o, s);
	if (s->has_sub) {
		explain_put_be(o, (unsigned)s->sub, 2);
		explain_put_be(o, 0, 2);
	}
	if (s->has_mei) { /* basic device identification, from the first object */
		explain_put_be(o, (unsigned)s->mei, 1);
		explain_put_be(o, 0x0100, 2);
	}
}

bool mb_compose(const struct explain_words *w, struct explain_message *out)
{
	size_t before = w->errs->total;
	struct said s = { .w = w,
			  .fn = function_said(w),
			  .unit = UNIT_DEFAULT,
			  .assumed = out->assumed,
			  .assumed_len = sizeof(out->assumed) };
	struct explain_octets o = { .n = 0 };
	if (!s.fn)
		return false;
	for (size_t i = 1; i < w->n;)
		i += read_word(&s, i);
	if (w->errs->total != before || !is_complete(&s, before))
		return false;
	size_t k = strlen(out->assumed);
	if (!s.has_unit)
		snprintf(out->assumed + k, sizeof(out->assumed) - k, "%sunit %d", k ? "; " : "",
			 UNIT_DEFAULT);
	explain_put_be(&o, 1, 2);
	explain_put_be(&o, 0, 2);
	explain_put_be(&o, 0, 2);
	explain_put_be(&o, (unsigned)s.unit, 1);
	explain_put_be(&o, s.fn->code, 1);
	put_body(&o, &s);
	if (o.n > MB_ADU_MAX) {
		explain_complain(w, 0, "more than one message has room for");
		return false;
	}
	o.b[4] = (uint8_t)((o.n - 6) >> 8);
	o.b[5] = (uint8_t)(o.n - 6);
	return explain_add(out, false, &o);
}

/* ---- of a record ---- */

bool mb_record_words(const struct explain_record *r, FILE *f)
{
	char text[24];
	/* words have registers only */
	bool typed = explain_field(r, "value_type", text, sizeof(text));
	const char *name = explain_field(r, "function", text, sizeof(text));
	const struct mb_func *fn = name ? mb_func_by_name(name) : NULL;
	if (!fn || !fn->request || fn->names & MB_NAMES_FILES || fn->values == MB_MASKS || typed)
		return false;
	fputs(name, f);
	explain_put_field(r, f, "unit", "unit ");
	const char *addr = explain_field(r, "address", text, sizeof(text));
	if (fn->has_address && !addr)
		return false;
	if (fn->has_address && fn->request_extent.fixed == 3)
		fprintf(f, " %.*s", (int)strcspn(addr, "-"), addr);
	else if (fn->has_address && mb_writes_one(fn))
		fprintf(f, " %.*s", (int)strcspn(addr, "-"), addr);
	else if (fn->has_address)
		fprintf(f, " %s", addr);
	explain_put_field(r, f, "write_address", "write ");
	if (fn->values != MB_NO_VALUES)
		explain_put_field(r, f, "value", "= ");
	explain_put_field(r, f, "subfunction", "subfunction ");
	explain_put_field(r, f, "mei", "mei ");
	return true;
}
