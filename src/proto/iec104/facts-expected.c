/* SPDX-License-Identifier: MIT
 * What was expected of an APDU, and what came. */
#include "proto/iec104/facts-expected.h"

#include "proto/iec104/facts.h"

const char *const iec_range_names[IEC_RANGES] = {
	[IEC_COMMON_ADDRESSES] = "common_addresses",
	[IEC_ORIGINATORS] = "originators",
	[IEC_OBJECT_ADDRESSES] = "object_addresses",
	[IEC_BITSTRINGS] = "bitstrings",
	[IEC_INTERROGATIONS] = "interrogations",
	[IEC_COUNTER_GROUPS] = "counter_groups",
	[IEC_RESETS] = "resets",
	[IEC_PARAMETER_QUALIFIERS] = "parameter_qualifiers",
	[IEC_SETPOINT_QUALIFIERS] = "setpoint_qualifiers",
	[IEC_FILES] = "files",
};
const char *const iec_span_names[IEC_SPANS] = {
	[IEC_NORMALISED_VALUES] = "normalised_values",
	[IEC_SCALED_VALUES] = "scaled_values",
	[IEC_FLOAT_VALUES] = "float_values",
};

/* ---- what a rule has ---- */

void iec_put_types(struct sb *b, const struct iec_limits *l)
{
	for (size_t i = 0; i < iec_types_n && !b->cut; i++)
		if (iec_has_type(l, iec_types[i].number))
			expected_item(b, iec_types[i].name);
}

void iec_put_causes(struct sb *b, uint64_t bits)
{
	for (size_t i = 0; i < iec_causes_n; i++)
		if (bits >> iec_causes[i].number & 1)
			expected_item(b, iec_causes[i].name);
}

void iec_put_spans(struct sb *b, const struct pol_iec104_spans *s)
{
	for (unsigned i = 0; i < s->n && i < POL_IEC_SPANS_MAX; i++)
		sb_printf(b, "%s%g to %g", i ? ", " : "", s->v[i][0], s->v[i][1]);
	sb_puts(b, s->any ? "any" : s->n ? "" : "none");
}

/* ---- by reason ---- */

static bool policy_has_type(const struct expected_case *c, uint8_t type)
{
	const struct pol_iec104_rule *r;
	for (uint32_t i = 0; (r = (const void *)expected_rule(c, i)); i++)
		if (iec_has_type(&r->limits, type))
			return true;
	return false;
}

/* Of a policy none of whose entries has the type: all that it has. */
static void put_all_types(const struct expected_case *c, struct sb *e)
{
	for (size_t i = 0; i < iec_types_n && !e->cut; i++)
		if (policy_has_type(c, iec_types[i].number))
			expected_item(e, iec_types[i].name);
	sb_puts(e, e->len ? "" : "none");
}

static void put_range_list(const struct expected_case *c, enum iec_ranges i, struct sb *e)
{
	const struct pol_iec104_rule *r = (const void *)c->rule;
	sb_puts(e, iec_range_names[i]);
	sb_putc(e, ' ');
	expected_ranges(e, c->img, &r->ranges[i]);
}

/* The list of the rule by which objects of this type are restricted; IEC_RANGES: by none. */
static enum iec_ranges qualifier_list(uint8_t type)
{
	static const struct {
		unsigned by;
		enum iec_ranges list;
	} lists[] = {
		{ IEC_BY_QOI, IEC_INTERROGATIONS },
		{ IEC_BY_QCC, IEC_COUNTER_GROUPS },
		{ IEC_BY_QRP, IEC_RESETS },
		{ IEC_BY_QL, IEC_SETPOINT_QUALIFIERS },
		{ IEC_BY_PARAMETER, IEC_PARAMETER_QUALIFIERS },
	};
	unsigned by = iec_restrictions(type);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (by & lists[i].by)
			return lists[i].list;
	return IEC_RANGES;
}

static void put_value_spans(const struct expected_case *c, const struct ev_iec104 *m, struct sb *e)
{
	static const unsigned by[IEC_SPANS] = { [IEC_NORMALISED_VALUES] = IEC_BY_NORMALISED,
						[IEC_SCALED_VALUES] = IEC_BY_SCALED,
						[IEC_FLOAT_VALUES] = IEC_BY_FLOAT };
	const struct pol_iec104_rule *r = (const void *)c->rule;
	for (unsigned i = 0; i < IEC_SPANS; i++) {
		if (!(iec_restrictions(m->type) & by[i]))
			continue;
		sb_puts(e, iec_span_names[i]);
		sb_putc(e, ' ');
		iec_put_spans(e, &r->spans[i]);
	}
}

static void put_type_name(const struct ev_iec104 *m, struct sb *b)
{
	const struct iec_type *t = iec_type(m->type);
	expected_name(b, t ? t->name : NULL, m->type);
}

static void put_cause_name(const struct ev_iec104 *m, struct sb *b)
{
	const struct iec_cause *k = iec_cause(m->cause);
	expected_name(b, k ? k->name : NULL, m->cause);
}

static void put_numbers_of(struct sb *b, unsigned bits)
{
	if (bits & IEC_ANY_WORD)
		sb_puts(b, "any");
	for (unsigned i = 0, n = 0; i < 15 && !(bits & IEC_ANY_WORD); i++)
		if (bits >> i & 1) {
			sb_puts(b, n++ ? ", " : "");
			sb_put_number(b, i);
		}
}

/* By their numbers: their words are the model's. */
static void put_words_allowed(const struct pol_iec104_rule *r, struct sb *b)
{
	sb_puts(b, "states ");
	put_numbers_of(b, r->limits.words[IEC_STATES]);
	sb_puts(b, "; pulses ");
	put_numbers_of(b, r->limits.words[IEC_PULSES]);
}

/* What a rule restricts, where one came nearest. */
static void put_of_rule(const struct expected_case *c, const struct ev_iec104 *m, struct sb *e,
			struct sb *came)
{
	const struct pol_iec104_rule *r = (const void *)c->rule;
	enum iec_ranges list = qualifier_list(m->type);
	switch ((enum reason)c->ev->reason) {
	case R_IEC_CAUSE_REFUSED:
		iec_put_causes(e, r->limits.causes);
		put_cause_name(m, came);
		break;
	case R_IEC_TEST_BIT:
		sb_puts(e, "no test bit");
		sb_puts(came, "the test bit");
		break;
	case R_DNP_BROADCAST:
	case R_IEC_COMMON_REFUSED:
		put_range_list(c, IEC_COMMON_ADDRESSES, e);
		sb_put_number(came, m->ca);
		break;
	case R_IEC_ORIGINATOR:
		put_range_list(c, IEC_ORIGINATORS, e);
		sb_put_number(came, m->oa);
		break;
	case R_IEC_ADDRESS:
		put_range_list(c, IEC_OBJECT_ADDRESSES, e);
		sb_put_number(came, m->ioa);
		break;
	case R_IEC_QUALIFIER:
		if (!(m->has & EVI_QUALIFIER))
			break;
		if (list == IEC_RANGES) {
			put_words_allowed(r, e);
			sb_puts(came, "state ");
			sb_printf(came, "%g", m->has & EVI_VALUE ? m->value : 0);
			sb_puts(came, ", qualifier ");
			sb_put_number(came, m->qualifier);
			break;
		}
		put_range_list(c, list, e);
		sb_put_number(came,
			      list == IEC_COUNTER_GROUPS ? m->qualifier & 0x3f : m->qualifier);
		break;
	case R_VALUE:
		put_value_spans(c, m, e);
		if (m->has & EVI_VALUE)
			sb_printf(came, "%.9g", m->value);
		break;
	default:
		break;
	}
}

void iec_expected(const struct expected_case *c, struct sb *e, struct sb *came)
{
	const struct ev_iec104 *m = EV_IEC104(c->ev);
	if (!(m->has & EVI_ASDU))
		return;
	if (c->ev->reason == R_IEC_TYPE_REFUSED && c->flow) {
		put_all_types(c, e);
		put_type_name(m, came);
	} else if (c->ev->reason == R_IEC_CAUSE || c->ev->reason == R_IEC_TYPE) {
		sb_puts(e, c->ev->reason == R_IEC_TYPE ? "a type of the standard"
						       : "a cause that this end sends with ");
		if (c->ev->reason == R_IEC_CAUSE) {
			put_type_name(m, e);
			put_cause_name(m, came);
		} else {
			put_type_name(m, came);
		}
	} else if (c->rule) {
		put_of_rule(c, m, e, came);
	}
}
