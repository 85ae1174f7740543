/* SPDX-License-Identifier: MIT
 * What was expected of a DNP3 message, and what came. */
#include "proto/dnp3/facts-expected.h"

#include "proto/dnp3/facts.h"
#include "proto/dnp3/wire-objects.h"

/* ---- what a rule has ---- */

void dnp_put_function(struct sb *b, unsigned code)
{
	const struct dnp_func *f = dnp_func_by_code((uint8_t)code);
	expected_name(b, f ? f->name : NULL, code);
}

static void put_dnp_functions(struct sb *b, const uint8_t functions[32], unsigned writes)
{
	for (unsigned i = 0; i < 256 && !b->cut; i++)
		if (functions[i / 8] >> i % 8 & 1) {
			sb_puts(b, b->len ? ", " : "");
			dnp_put_function(b, i);
		}
	if (writes & DNP_CLEAR_RESTART)
		expected_item(b, "clear-restart");
	if (writes & DNP_TIME_SYNC)
		expected_item(b, "time-sync");
}

static void put_object(struct sb *b, unsigned object)
{
	sb_put_number(b, object >> 8);
	sb_putc(b, '.');
	sb_put_number(b, object & 255);
}

/* Groups and variations. */
static void put_objects(struct sb *b, const struct pol_image *img, const struct pol_rset *s)
{
	const struct pol_range *v = policy_ranges(img, s);
	for (uint32_t i = 0; i < s->n && !b->cut; i++) {
		unsigned lo = v[i].lo, hi = v[i].hi;
		sb_puts(b, i ? ", " : "");
		if (lo >> 8 == hi >> 8 && (lo & 255) == 0 && (hi & 255) == 255) {
			sb_put_number(b, lo >> 8);
			sb_puts(b, ".*");
			continue;
		}
		put_object(b, lo);
		if (lo == hi)
			continue;
		sb_puts(b, " to ");
		put_object(b, hi);
	}
	if (!s->n)
		sb_puts(b, "none");
}

static void put_bits(struct sb *b, unsigned bits, bool any, const char *const *names, unsigned n)
{
	if (any)
		sb_puts(b, "any");
	for (unsigned i = 0, k = 0; !any && i < n; i++)
		if (bits >> i & 1) {
			sb_puts(b, k++ ? ", " : "");
			sb_puts(b, names[i]);
		}
}

static void put_controls_allowed(struct sb *b, const struct pol_image *img,
				 const struct pol_dnp_rule *r)
{
	put_bits(b, r->operations, r->any_operation, dnp_operations, 5);
	sb_puts(b, " with ");
	put_bits(b, r->trip_close, r->any_trip_close, dnp_trip_close, 3);
	sb_puts(b, ", count ");
	expected_ranges(b, img, &r->count);
	sb_puts(b, ", on ");
	expected_ranges(b, img, &r->on_time);
	sb_puts(b, ", off ");
	expected_ranges(b, img, &r->off_time);
}

const char *dnp_allowed(struct sb *b, const struct pol_image *img, const struct pol_dnp_rule *r,
			enum reason why)
{
	switch (why) {
	case R_FUNCTION:
		put_dnp_functions(b, r->functions, r->writes);
		return "functions";
	case R_DNP_ADDRESS:
		expected_ranges(b, img, &r->masters);
		sb_puts(b, " and ");
		expected_ranges(b, img, &r->outstations);
		return "masters and outstations";
	case R_DNP_OBJECTS:
		put_objects(b, img, &r->objects);
		return "objects";
	case R_DNP_POINT:
		expected_ranges(b, img, &r->points);
		return "points";
	case R_DNP_CONTROL:
		put_controls_allowed(b, img, r);
		return "operations, trip_close, count, on_time or off_time";
	default:
		for (unsigned i = 0; i < r->n_analog && i < POL_DNP_SPANS_MAX; i++)
			sb_printf(b, "%s%g to %g", i ? ", " : "", r->analog[i][0], r->analog[i][1]);
		sb_puts(b, r->n_analog ? "" : "none");
		return "analog_values";
	}
}

void dnp_put_operation(struct sb *b, const struct dnp_operation *o)
{
	sb_puts(b, o->op < 5 ? dnp_operations[o->op] : "reserved");
	sb_puts(b, o->queue ? " queued" : "");
	sb_puts(b, o->clear ? " cleared" : "");
	sb_puts(b, " with ");
	sb_puts(b, o->code < 3 ? dnp_trip_close[o->code] : "reserved");
	sb_puts(b, ", count ");
	sb_put_number(b, o->count);
	sb_puts(b, ", on ");
	sb_put_number(b, o->on_time);
	sb_puts(b, ", off ");
	sb_put_number(b, o->off_time);
}

/* ---- by reason ---- */

/* Of a policy none of whose entries has the function: all that it has. */
static void put_dnp_operations(const struct expected_case *c, struct sb *e, struct sb *came)
{
	uint8_t bits[32] = { 0 };
	unsigned writes = 0;
	const struct pol_dnp_rule *r;
	for (uint32_t i = 0; (r = (const void *)expected_rule(c, i)); i++) {
		for (unsigned k = 0; k < sizeof(bits); k++)
			bits[k] |= r->functions[k];
		writes |= r->writes;
	}
	put_dnp_functions(e, bits, writes);
	if (!e->len)
		sb_puts(e, "none");
	dnp_put_function(came, EV_DNP3(c->ev)->func);
}

/* Of a policy none of whose entries has this pair: each of its pairs. */
static void put_pairs(const struct expected_case *c, struct sb *e, struct sb *came)
{
	const struct ev_dnp3 *d = EV_DNP3(c->ev);
	const struct pol_dnp_rule *r;
	sb_puts(e, "masters and outstations ");
	for (uint32_t i = 0; (r = (const void *)expected_rule(c, i)) && !e->cut; i++) {
		sb_puts(e, i ? ", or " : "");
		dnp_allowed(e, c->img, r, R_DNP_ADDRESS);
	}
	sb_put_number(came, c->ev->response ? d->dst : d->src);
	sb_puts(came, " and ");
	sb_put_number(came, c->ev->response ? d->src : d->dst);
}

static void put_dnp_came(const struct ev_dnp3 *d, enum reason why, struct sb *b)
{
	if (why == R_FUNCTION && (d->has & EVD_APP))
		dnp_put_function(b, d->func);
	else if (why == R_DNP_OBJECTS && (d->has & EVD_OBJECT))
		put_object(b, (unsigned)d->group << 8 | d->var);
	else if (why == R_DNP_POINT && (d->has & EVD_OBJECT)) {
		if (d->has & EVD_POINTS)
			expected_span(b, d->start, d->stop);
		else
			sb_puts(b, "all");
		sb_puts(b, " of ");
		put_object(b, (unsigned)d->group << 8 | d->var);
	} else if (why == R_DNP_CONTROL && (d->has & EVD_CONTROL))
		dnp_put_operation(b, &(struct dnp_operation){ .op = d->op,
							      .code = d->code,
							      .count = d->count,
							      .on_time = d->on_time,
							      .off_time = d->off_time });
	else if (why == R_DNP_ANALOG && (d->has & EVD_VALUE))
		sb_printf(b, "%g", d->value);
}

void dnp_expected(const struct expected_case *c, struct sb *e, struct sb *came)
{
	const struct ev_dnp3 *d = EV_DNP3(c->ev);
	enum reason why = (enum reason)c->ev->reason;
	bool of_rule = why == R_FUNCTION || why == R_DNP_OBJECTS || why == R_DNP_POINT ||
		       why == R_DNP_CONTROL || why == R_DNP_ANALOG;
	if (why == R_FUNCTION && c->flow && !c->rule && (d->has & EVD_APP)) {
		put_dnp_operations(c, e, came);
	} else if (why == R_DNP_ADDRESS && c->flow) {
		put_pairs(c, e, came);
	} else if (of_rule && c->rule) {
		char text[EXPECTED_TEXT];
		struct sb b = sb_init(text, sizeof(text));
		const char *key = dnp_allowed(&b, c->img, (const void *)c->rule, why);
		if (why != R_FUNCTION && why != R_DNP_CONTROL) {
			sb_puts(e, key);
			sb_putc(e, ' ');
		}
		sb_puts(e, text);
		put_dnp_came(d, why, came);
	}
}
