/* SPDX-License-Identifier: MIT
 * Modbus for zonectl explain: what each entry lacks of a request, and the entry that it needs. */
#include <string.h>

#include "base/rd.h"
#include "base/sb.h"
#include "proto/modbus/explain.h"
#include "proto/modbus/facts-expected.h"
#include "proto/modbus/policy.h"
#include "record/expected.h"

enum { VALUES_LISTED = 8 };

/* ---- what an entry lacks ---- */

static void put_span(struct sb *b, uint16_t first, unsigned n)
{
	sb_printf(b, "%u", first);
	if (n > 1)
		sb_printf(b, "-%u", first + n - 1);
}

/* Of the request. */
static void put_wanted(struct sb *b, enum reason why, const struct mb_msg *m, uint16_t value)
{
	switch (why) {
	case R_FUNCTION:
		mb_put_function(b, m->fc);
		break;
	case R_UNIT:
		sb_printf(b, "%u", m->unit);
		break;
	case R_ADDRESS:
		put_span(b, m->addr, m->qty);
		break;
	case R_WRITE_ADDRESS:
		put_span(b, m->waddr, m->wqty);
		break;
	case R_QUANTITY:
		sb_printf(b, m->has_waddr ? "%u and %u" : "%u", m->qty, m->wqty);
		break;
	case R_SUBFUNCTION:
		sb_printf(b, "%u", m->sub);
		break;
	case R_MEI:
		sb_printf(b, "%u", m->mei);
		break;
	case R_FILE:
		for (size_t i = 0; i < m->n_files; i++)
			sb_printf(b, "%s%u", i ? ", " : "", m->files[i].file);
		break;
	default:
		if (why == R_VALUE_PART)
			put_span(b, m->has_waddr ? m->waddr : m->addr,
				 m->has_waddr ? m->wqty : m->qty);
		else if (m->has_mask)
			sb_printf(b, "and %u or %u", m->and_mask, m->or_mask);
		else
			sb_printf(b, "%u", value);
		break;
	}
}

/* In the unit of the model: what the whole rule has, and what the message writes. */
static void put_typed_lack(struct sb *has, struct sb *wants, const struct pol_image *img,
			   const struct mb_lacks *l, const struct pol_mb_rule *r)
{
	policy_mb_put_items(has, img, r);
	if (!l->typed || l->why[l->n - 1] != R_VALUE)
		return;
	const struct decimal scale = policy_mb_scale(l->typed);
	wants->len = 0;
	wants->s[0] = '\0';
	mb_put_scaled(wants, l->typed->type, l->key, &scale);
	sb_puts(wants, *l->typed->unit ? " " : "");
	sb_puts(wants, l->typed->unit);
}

static void mb_lacks(const struct explain_case *c, uint32_t rule, const struct explain_sink *to)
{
	const struct mb_msg *m = c->m;
	const struct pol_mb_rule *r = (const void *)policy_rule(c->img, PROTO_MODBUS, rule);
	const struct mb_lacks l = policy_modbus_lacks(c->img, rule, m);
	for (unsigned i = 0; i < l.n; i++) {
		char has[EXPLAIN_TEXT] = "", wants[200] = "";
		struct sb h = sb_init(has, sizeof(has)), w = sb_init(wants, sizeof(wants));
		const char *key = "functions";
		const struct pol_rset *set = NULL;
		put_wanted(&w, l.why[i], m, l.value);
		if (l.why[i] == R_FUNCTION)
			mb_put_functions(&h, r->functions);
		const char *named = mb_restriction(r, l.why[i], &set);
		bool typed = l.why[i] == R_VALUE_PART || (l.why[i] == R_VALUE && l.typed);
		if (typed)
			put_typed_lack(&h, &w, c->img, &l, r);
		else if (named)
			expected_ranges(&h, c->img, set);
		key = typed ? "typed_values" : named ? named : key;
		/* an entry for other functions need not have this key */
		if (l.why[0] == R_FUNCTION && set && !set->n)
			continue;
		to->lack(to->ctx, key, has, wants);
	}
}

/* ---- the entry that it needs ---- */

static void put_range(FILE *f, const char *key, unsigned lo, unsigned hi)
{
	if (lo == hi)
		fprintf(f, " %s = %u;", key, lo);
	else
		fprintf(f, " %s = \"%u-%u\";", key, lo, hi);
}

/* The written values, as many as are listed one by one; n: how many there are in all. */
struct written {
	uint16_t v[VALUES_LISTED], least, most;
	size_t n;
};

static void add_value(struct written *w, uint16_t v)
{
	if (!w->n || v < w->least)
		w->least = v;
	if (!w->n || v > w->most)
		w->most = v;
	for (size_t i = 0; i < w->n && i < VALUES_LISTED; i++)
		if (w->v[i] == v)
			return;
	if (w->n < VALUES_LISTED)
		w->v[w->n] = v;
	w->n++;
}

static void add_registers(struct written *w, struct rd *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint16_t v = rd_be16(r);
		if (!r->bad)
			add_value(w, v);
	}
}

static struct written values_of(const struct mb_msg *m, enum mb_values form)
{
	struct written w = { .n = 0 };
	struct rd r = rd_init(m->values, m->values_len);
	uint16_t one;
	if (form == MB_MASKS) {
		w.n = VALUES_LISTED + 1; /* a span, as decide.c has it */
		w.least = m->or_mask & (uint16_t)~m->and_mask;
		w.most = w.least | m->and_mask;
	} else if (form == MB_ONE_COIL) {
		if (mb_first_value(m, &one))
			add_value(&w, one);
	} else if (form == MB_COILS) {
		for (unsigned i = 0; i < m->qty && i / 8 < m->values_len; i++)
			add_value(&w, m->values[i / 8] >> (i % 8) & 1);
	} else if (form == MB_RECORDS) {
		for (size_t i = 0; i < m->n_files; i++) {
			rd_skip(&r, 7);
			add_registers(&w, &r, m->files[i].length);
		}
	} else {
		add_registers(&w, &r, m->values_len / 2u);
	}
	return w;
}

static void put_values(FILE *f, const struct written *w)
{
	if (w->n == 1 || w->n > VALUES_LISTED) {
		put_range(f, "values", w->least, w->most);
		return;
	}
	for (size_t i = 0; i < w->n; i++)
		fprintf(f, "%s%u", i ? ", " : " values = [ ", w->v[i]);
	fputs(" ];", f);
}

static bool mb_entry(const struct explain_case *c, FILE *f)
{
	const struct mb_msg *m = c->m;
	const struct mb_func *fn = mb_func_by_code(m->fc);
	const struct written w = fn ? values_of(m, fn->values) : (struct written){ .n = 0 };
	if (m->fc == 0 || (fn && fn->has_address && (!m->has_addr || !m->qty)))
		return false;
	if (fn)
		fprintf(f, "{ functions = ( \"%s\" );", fn->name);
	else
		fprintf(f, "{ functions = ( %u );", m->fc);
	put_range(f, "units", m->unit, m->unit);
	if (fn && fn->has_address)
		put_range(f, "addresses", m->addr, m->addr + m->qty - 1u);
	if (m->has_waddr)
		put_range(f, "write_addresses", m->waddr, m->waddr + m->wqty - 1u);
	if (fn && fn->values != MB_NO_VALUES)
		put_values(f, &w);
	if (m->has_sub)
		put_range(f, "subfunctions", m->sub, m->sub);
	if (m->has_mei)
		put_range(f, "mei", m->mei, m->mei);
	for (size_t i = 0; i < m->n_files; i++)
		fprintf(f, "%s%u", i ? ", " : " files = [ ", m->files[i].file);
	fputs(m->n_files ? " ]; }" : " }", f);
	return true;
}

/* ---- for the reader ---- */

static void note_address(FILE *f, const char *what, char table, uint16_t addr, unsigned n)
{
	fprintf(f, "%s: protocol address %u", what, addr);
	if (n > 1)
		fprintf(f, " to %u", addr + n - 1);
	fprintf(f, " (from 0), in references %c%05u", table, addr + 1u);
	if (n > 1)
		fprintf(f, " to %c%05u", table, addr + n);
	if (addr + n <= 9999)
		fprintf(f, ", of five digits %c%04u", table, addr + 1u);
	if (addr + n <= 9999 && n > 1)
		fprintf(f, " to %c%04u", table, addr + n);
	fputc('\n', f);
}

static void mb_notes(const struct explain_case *c, FILE *f)
{
	const struct mb_msg *m = c->m;
	const struct mb_func *fn = mb_func_by_code(m->fc);
	if (fn && fn->table && m->has_addr && m->qty)
		note_address(f, "addresses", fn->table, m->addr, m->qty);
	if (fn && fn->table && m->has_waddr && m->wqty)
		note_address(f, "written addresses", fn->table, m->waddr, m->wqty);
}

static const char *mb_changes(const struct explain_case *c)
{
	const struct mb_msg *m = c->m;
	const struct mb_func *fn = mb_func_by_code(m->fc);
	if (!fn)
		return "nobody knows what this function does";
	if (fn->classes & MB_PROGRAM)
		return "it can change programs";
	if (fn->classes & MB_WRITE)
		return "it writes";
	return m->has_sub && (m->sub == 1 || m->sub == 4) ? "it restarts or silences the device"
							  : NULL;
}

/* ---- keys of the whole policy ---- */

/* clang-format off */
/* those about one function first, and the one that changes where a message ends last */
static const char *const tolerances[] = {
	"device-id-form", "file-record-form", "clamped-echo", "long-umas", "unit-differs",
	"transaction-zero", "padded-exception", "length-one-more", NULL,
};
#define TOLERATE(r) { .why = r, .key = "tolerate", .form = EXPLAIN_ADDED, .words = tolerances }
static const struct explain_key keys[] = {
	TOLERATE(R_RESPONSE_MISMATCH), TOLERATE(R_UNSOLICITED), TOLERATE(R_LENGTH), TOLERATE(R_TRAILING),
	TOLERATE(R_BYTE_COUNT),
};
/* clang-format on */

const struct explain_ops explain_modbus = {
	.keys = keys,
	.n_keys = sizeof(keys) / sizeof(keys[0]),
	.operation_key = "functions",
	.compose = mb_compose,
	.samples = mb_samples,
	.words = mb_record_words,
	.lacks = mb_lacks,
	.entry = mb_entry,
	.notes = mb_notes,
	.changes = mb_changes,
};
