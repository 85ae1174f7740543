/* SPDX-License-Identifier: MIT
 * What was expected of a Modbus message, and what came. */
#include "proto/modbus/facts-expected.h"

#include <string.h>

#include "proto/modbus/facts.h"
#include "record/expected.h"

enum { FIVE_DIGITS = 9999 /* the last reference of five digits, table and four */ };

static const struct {
	enum reason why;
	const char *key;
	size_t at; /* of its ranges in the rule */
} restrictions[] = {
	{ R_UNIT, "units", offsetof(struct pol_mb_rule, units) },
	{ R_ADDRESS, "addresses", offsetof(struct pol_mb_rule, addresses) },
	{ R_WRITE_ADDRESS, "write_addresses", offsetof(struct pol_mb_rule, write_addresses) },
	{ R_QUANTITY, "quantity", offsetof(struct pol_mb_rule, quantity) },
	{ R_SUBFUNCTION, "subfunctions", offsetof(struct pol_mb_rule, subfunctions) },
	{ R_MEI, "mei", offsetof(struct pol_mb_rule, mei) },
	{ R_FILE, "files", offsetof(struct pol_mb_rule, files) },
	{ R_VALUE, "values", offsetof(struct pol_mb_rule, values) },
};

const char *mb_restriction(const struct pol_mb_rule *r, enum reason why,
			   const struct pol_rset **ranges)
{
	for (size_t i = 0; i < sizeof(restrictions) / sizeof(restrictions[0]); i++) {
		if (restrictions[i].why != why)
			continue;
		*ranges = (const void *)((const char *)r + restrictions[i].at);
		return restrictions[i].key;
	}
	return NULL;
}

void mb_put_function(struct sb *b, unsigned code)
{
	const struct mb_func *fn = mb_func_by_code((uint8_t)code);
	expected_name(b, fn ? fn->name : NULL, code);
}

void mb_put_functions(struct sb *b, const uint8_t bits[32])
{
	for (unsigned i = 0, n = 0; i < 256 && !b->cut; i++) {
		if (!bits[i / 8]) {
			i |= 7;
			continue;
		}
		if (bits[i / 8] >> (i % 8) & 1) {
			sb_puts(b, n++ ? ", " : "");
			mb_put_function(b, i);
		}
	}
}

static void put_reference(struct sb *b, char table, unsigned digits, uint32_t number)
{
	sb_putc(b, table);
	sb_put_digits(b, number, digits);
}

/* References count from 1. */
static void put_references(struct sb *b, char table, uint32_t first, uint32_t n)
{
	for (unsigned digits = 5; digits >= (first + n <= FIVE_DIGITS ? 4 : 5); digits--) {
		sb_puts(b, digits == 4 ? ", " : "");
		put_reference(b, table, digits, first + 1);
		if (n == 1)
			continue;
		sb_putc(b, '-');
		put_reference(b, table, digits, first + n);
	}
}

void mb_put_addresses(struct sb *b, char table, uint32_t first, uint32_t n)
{
	expected_span(b, first, first + n - 1);
	if (!table)
		return;
	sb_puts(b, " (");
	put_references(b, table, first, n);
	sb_putc(b, ')');
}

/* ---- typed values ---- */

struct decimal mb_scale_of(const struct ev_modbus *m)
{
	bool good = m->scale_digits <= 999999999 && m->scale_exponent >= -MB_SCALE_EXPONENT &&
		    m->scale_exponent <= MB_SCALE_EXPONENT;
	return (struct decimal){ .digits = good ? m->scale_digits : 1,
				 .exponent = good ? m->scale_exponent : 0 };
}

static void put_unit(struct sb *b, const char *unit)
{
	size_t n = strnlen(unit, MB_VALUE_UNIT);
	if (n)
		sb_putc(b, ' ');
	sb_put_bytes(b, unit, n);
}

/* The item in which the refused value lies. */
static void put_expected_item(const struct expected_case *c, struct sb *e, struct sb *came)
{
	const struct ev_modbus *m = EV_MODBUS(c->ev);
	const struct decimal scale = mb_scale_of(m);
	const struct pol_mb_typed *t =
		policy_mb_typed_at(c->img, (const void *)c->rule, m->typed_at);
	if (!t)
		return;
	sb_puts(e, "typed_values ");
	policy_mb_put_item(e, c->img, t);
	mb_put_scaled(came, m->type, m->key, &scale);
	put_unit(came, m->value_unit);
}

/* Of values that are not written as a whole. */
static void put_whole_items(const struct expected_case *c, struct sb *e, struct sb *came)
{
	const struct ev_modbus *m = EV_MODBUS(c->ev);
	bool second = m->has & EVH_WADDR;
	sb_puts(e, "whole values of typed_values ");
	policy_mb_put_items(e, c->img, (const void *)c->rule);
	sb_puts(came, "registers ");
	expected_span(came, second ? m->waddr : m->addr,
		      second ? m->waddr + m->wqty - 1u : m->addr + m->qty - 1u);
}

/* ---- by reason ---- */

/* Of a policy none of whose entries has the function: all that it has. */
static void put_operations(const struct expected_case *c, struct sb *e, struct sb *came)
{
	uint8_t bits[32] = { 0 };
	const struct pol_mb_rule *r;
	for (uint32_t i = 0; (r = (const void *)expected_rule(c, i)); i++)
		for (unsigned k = 0; k < sizeof(bits); k++)
			bits[k] |= r->functions[k];
	mb_put_functions(e, bits);
	if (!e->len)
		sb_puts(e, "none");
	mb_put_function(came, EV_MODBUS(c->ev)->fc);
}

static void put_address_ranges(struct sb *b, const struct pol_image *img, const struct pol_rset *s,
			       char table)
{
	const struct pol_range *v = policy_ranges(img, s);
	if (s->any || !s->n)
		expected_ranges(b, img, s);
	for (uint32_t i = 0; !s->any && i < s->n && !b->cut; i++) {
		sb_puts(b, i ? ", " : "");
		mb_put_addresses(b, table, v[i].lo, v[i].hi - v[i].lo + 1);
	}
}

static void put_came(const struct ev_modbus *m, enum reason why, char table, struct sb *b)
{
	if (why == R_ADDRESS && m->qty)
		mb_put_addresses(b, table, m->addr, m->qty);
	else if (why == R_WRITE_ADDRESS && m->wqty)
		mb_put_addresses(b, table, m->waddr, m->wqty);
	else if (why == R_UNIT)
		sb_put_number(b, m->unit);
	else if (why == R_QUANTITY)
		sb_put_number(b, m->has & EVH_ADDR ? m->qty : m->wqty);
	else if (why == R_SUBFUNCTION)
		sb_put_number(b, m->sub);
	else if (why == R_MEI)
		sb_put_number(b, m->mei);
	else if (why == R_VALUE)
		sb_put_number(b, m->value);
	if (why == R_QUANTITY && (m->has & EVH_ADDR) && (m->has & EVH_WADDR)) {
		sb_puts(b, " and ");
		sb_put_number(b, m->wqty);
	}
}

static void put_restriction(const struct expected_case *c, enum reason why, struct sb *e,
			    struct sb *came)
{
	const struct ev_modbus *m = EV_MODBUS(c->ev);
	const struct pol_rset *ranges;
	const struct mb_func *fn = mb_func_by_code(m->fc);
	char table = fn ? fn->table : '\0';
	const char *key = c->rule ? mb_restriction((const void *)c->rule, why, &ranges) : NULL;
	if (!key)
		return;
	sb_puts(e, key);
	sb_putc(e, ' ');
	if (why == R_ADDRESS || why == R_WRITE_ADDRESS)
		put_address_ranges(e, c->img, ranges, table);
	else
		expected_ranges(e, c->img, ranges);
	put_came(m, why, table, came);
	if (why == R_FILE && c->ev->number.there)
		sb_put_number(came, c->ev->number.came);
}

/* What of a response is not as its request says. */
static void put_field_difference(const struct ev_modbus *m, struct sb *e, struct sb *came)
{
	const char *field = mb_field_name(m->field);
	sb_puts(e, field);
	if (m->expected == m->received) { /* too much to be kept */
		sb_puts(e, " as in the request");
		sb_puts(came, "another ");
		sb_puts(came, field);
		return;
	}
	sb_putc(e, ' ');
	sb_put_number(e, m->expected);
	sb_puts(came, field);
	sb_putc(came, ' ');
	sb_put_number(came, m->received);
}

static void put_transaction(const char *expected, const struct ev_modbus *m, struct sb *e,
			    struct sb *came)
{
	if (!(m->has & EVH_TID))
		return;
	sb_puts(e, expected);
	sb_puts(came, "transaction ");
	sb_put_number(came, m->tid);
	sb_puts(came, ", unit ");
	sb_put_number(came, m->unit);
}

/* The protocol's own limits. */
static void put_specification(const struct ev_modbus *m, enum reason why, struct sb *e,
			      struct sb *came)
{
	const struct mb_func *fn = m->has & EVH_FC ? mb_func_by_code(m->fc) : NULL;
	if (!fn || !(m->has & (EVH_ADDR | EVH_WADDR)))
		return;
	/* of two parts it is the second where the first is good */
	bool good = m->qty && (why == R_ADDRESS_WRAP ? m->addr + m->qty - 1u <= UINT16_MAX
						     : m->qty <= fn->max);
	bool written = !(m->has & EVH_ADDR) || ((m->has & EVH_WADDR) && good);
	uint32_t most = written && fn->write_max ? fn->write_max : fn->max;
	uint32_t first = written ? m->waddr : m->addr, n = written ? m->wqty : m->qty;
	if (why == R_ADDRESS_WRAP) {
		sb_puts(e, "addresses up to 65535");
		sb_puts(came, "up to ");
		sb_put_number(came, first + n - 1);
	} else if (most) {
		sb_puts(e, "quantity ");
		expected_span(e, 1, most);
		sb_puts(came, "quantity ");
		sb_put_number(came, n);
	}
}

void mb_expected(const struct expected_case *c, struct sb *e, struct sb *came)
{
	const struct ev_modbus *m = EV_MODBUS(c->ev);
	enum reason why = (enum reason)c->ev->reason;
	if (m->has & EVH_FIELD)
		put_field_difference(m, e, came);
	else if (why == R_FUNCTION && c->flow && (m->has & EVH_FC))
		put_operations(c, e, came);
	else if (why == R_UNSOLICITED)
		put_transaction("an outstanding transaction and its unit", m, e, came);
	else if (why == R_DUPLICATE_TID)
		put_transaction("a transaction that is not outstanding", m, e, came);
	else if (why == R_QUANTITY_LIMIT || why == R_ADDRESS_WRAP)
		put_specification(m, why, e, came);
	else if (why == R_VALUE_PART && c->rule)
		put_whole_items(c, e, came);
	else if (why == R_VALUE && c->rule && (m->has & EVH_TYPED))
		put_expected_item(c, e, came);
	else
		put_restriction(c, why, e, came);
}
