/* SPDX-License-Identifier: MIT
 * Samples of an IEC 60870-5-104 policy for zonectl selftest: commands, and what its entries say of
 * each. */
#include "proto/iec104/explain.h"
#include "proto/iec104/words.h"

enum { CA_MOST = 65534, OCTET_MOST = 255, PULSE_MOST = 31, QL_MOST = 127, SCALED_MOST = 32767 };

struct command {
	const struct iec_type *t;
	unsigned restrictions;
	uint32_t cause, ca, ioa, oa, pulse, qualifier, state;
	double value;
	bool select;
};

static bool iec_has_restriction(const struct command *c, unsigned restriction)
{
	return c->restrictions & restriction;
}

static const struct iec_restricted {
	unsigned restriction;
	enum iec_spans spans;
} by_value[] = {
	{ IEC_BY_NORMALISED, IEC_NORMALISED_VALUES },
	{ IEC_BY_SCALED, IEC_SCALED_VALUES },
	{ IEC_BY_FLOAT, IEC_FLOAT_VALUES },
};
enum { BY_VALUE = sizeof(by_value) / sizeof(by_value[0]) };

static const struct spans *iec_spans_of(const struct iec104_allow *a, const struct command *c)
{
	for (size_t i = 0; i < BY_VALUE; i++)
		if (iec_has_restriction(c, by_value[i].restriction))
			return &a->spans[by_value[i].spans];
	return NULL;
}

static const struct iec_qualified {
	unsigned restriction;
	enum iec_ranges ranges;
	uint32_t standard, most;
} by_qualifier[] = {
	{ IEC_BY_QL, IEC_SETPOINT_QUALIFIERS, 0, QL_MOST },
	{ IEC_BY_QOI, IEC_INTERROGATIONS, 20, OCTET_MOST },
	{ IEC_BY_QCC, IEC_COUNTER_GROUPS, 5, 63 },
	{ IEC_BY_QRP, IEC_RESETS, 1, OCTET_MOST },
};
enum { BY_QUALIFIER = sizeof(by_qualifier) / sizeof(by_qualifier[0]) };

static const struct iec_qualified *iec_qualified(const struct command *c)
{
	for (size_t i = 0; i < BY_QUALIFIER; i++)
		if (iec_has_restriction(c, by_qualifier[i].restriction))
			return &by_qualifier[i];
	return NULL;
}

/* ---- what the entries say ---- */

static bool iec_has_word(const struct iec104_allow *a, enum iec_words list, unsigned number)
{
	unsigned bits = a->limits.words[list];
	return (bits & IEC_ANY_WORD) || (number < 15 && (bits >> number & 1));
}

static bool iec_qualifier_fits(const struct iec104_allow *a, const struct command *c)
{
	const struct iec_qualified *q = iec_qualified(c);
	uint32_t of = q && q->restriction == IEC_BY_QCC ? c->qualifier & 63 : c->qualifier;
	if (q && !sample_holds(&a->ranges[q->ranges], of, of, true))
		return false;
	if (iec_has_restriction(c, IEC_BY_QCC) && !iec_has_word(a, IEC_FREEZES, c->qualifier >> 6))
		return false;
	return !iec_has_restriction(c, IEC_BY_STATE) ||
	       (iec_has_word(a, IEC_STATES, c->state) && iec_has_word(a, IEC_PULSES, c->pulse));
}

/* Normalised values go as parts of 32768. */
static double iec_as_sent(const struct command *c)
{
	return iec_has_restriction(c, IEC_BY_NORMALISED)
		       ? (double)(int64_t)(c->value * 32768.0) / 32768.0
		       : c->value;
}

static bool iec_value_fits(const struct iec104_allow *a, const struct command *c)
{
	const struct spans *s = iec_spans_of(a, c);
	if (iec_has_restriction(c, IEC_BY_BITS))
		return sample_holds(&a->ranges[IEC_BITSTRINGS], (uint32_t)c->value,
				    (uint32_t)c->value, false);
	for (size_t i = 0; s && i < s->n; i++)
		if (s->v[i][0] <= iec_as_sent(c) && iec_as_sent(c) <= s->v[i][1])
			return true;
	return !s || s->any;
}

static unsigned iec_steps_of(const struct iec104_allow *a, const struct command *c)
{
	const bool ok[] = {
		iec_has_type(&a->limits, c->t->number),
		c->cause < 64 && (a->limits.causes >> c->cause & 1),
		sample_holds(&a->ranges[IEC_COMMON_ADDRESSES], c->ca, c->ca, false),
		sample_holds(&a->ranges[IEC_ORIGINATORS], c->oa, c->oa, true),
		!iec_has_restriction(c, IEC_BY_ADDRESS) ||
			sample_holds(&a->ranges[IEC_OBJECT_ADDRESSES], c->ioa, c->ioa, false),
		iec_qualifier_fits(a, c),
		iec_value_fits(a, c),
		!iec_has_restriction(c, IEC_BY_SELECT) || c->select ||
			a->limits.select_mode == IEC_SELECT_OR_DIRECT,
	};
	unsigned n = 0;
	while (n < sizeof(ok) / sizeof(ok[0]) && ok[n])
		n++;
	return n;
}

static enum reason iec_expected_of(const struct iec104_policy *p, const struct command *c)
{
	static const enum reason refusals[] = { R_IEC_TYPE_REFUSED,
						R_IEC_CAUSE_REFUSED,
						R_IEC_COMMON_REFUSED,
						R_IEC_ORIGINATOR,
						R_IEC_ADDRESS,
						R_IEC_QUALIFIER,
						R_VALUE,
						R_DNP_NOT_SELECTED,
						R_NONE };
	unsigned furthest = 0;
	for (size_t i = 0; i < p->n_allow; i++) {
		unsigned n = iec_steps_of(&p->allow[i], c);
		furthest = n > furthest ? n : furthest;
	}
	return refusals[furthest];
}

/* ---- commands ---- */

/* The number that the state has on the wire: words of the model number steps behind on and off. */
static unsigned iec_wire_state(const struct command *c)
{
	return c->t->value == IEC_STEP_COMMAND ? c->state - 1u
	       : c->t->value == IEC_DOUBLE     ? c->state + 1u
					       : c->state;
}

static void iec_put_sample(struct samples *s, const struct iec104_policy *p, const char *what,
			   const struct command *c)
{
	const struct iec_cause *cause = iec_cause((uint8_t)c->cause);
	char ioa[32] = "", more[96] = "";
	if (!cause)
		return;
	if (iec_has_address(c->t->number))
		snprintf(ioa, sizeof(ioa), " ioa %u", c->ioa);
	if (iec_has_restriction(c, IEC_BY_STATE))
		snprintf(more, sizeof(more), " = %u pulse %u", iec_wire_state(c), c->pulse);
	else if (c->t->class & (IEC_COMMAND | IEC_SETPOINT))
		snprintf(more, sizeof(more), " = %.17g qualifier %u", c->value, c->qualifier);
	else if (iec_qualified(c))
		snprintf(more, sizeof(more), " qualifier %u", c->qualifier);
	samples_put(s, what, iec_expected_of(p, c), "%s ca %u%s oa %u cause %s%s%s", c->t->name,
		    c->ca, ioa, c->oa, cause->name, more, c->select ? " select" : "");
}

static bool iec_in_words(const struct iec_type *t)
{
	return t->causes[IEC_CONTROLLING] && (t->class & (IEC_COMMAND | IEC_SETPOINT | IEC_SYSTEM));
}

static uint32_t iec_first_word(const struct iec104_allow *a, enum iec_words list, unsigned from,
			       unsigned to)
{
	for (unsigned i = from; i < to; i++)
		if (iec_has_word(a, list, i))
			return i;
	return from;
}

/* A deactivation has another meaning: activations and requests are first. */
static uint32_t iec_first_cause(const struct iec104_allow *a, const struct iec_type *t)
{
	uint64_t both = a->limits.causes & t->causes[IEC_CONTROLLING];
	const uint32_t usual[] = { IEC_ACT, IEC_REQUEST };
	for (size_t i = 0; i < 2; i++)
		if (both >> usual[i] & 1)
			return usual[i];
	return t->number == IEC_C_RD_NA_1 ? IEC_REQUEST : IEC_ACT;
}

static double iec_first_value(const struct iec104_allow *a, const struct command *c)
{
	const struct spans *s = iec_spans_of(a, c);
	if (iec_has_restriction(c, IEC_BY_BITS))
		return sample_first(&a->ranges[IEC_BITSTRINGS], 0);
	if (!s || !s->n)
		return 0;
	double middle = (s->v[0][0] + s->v[0][1]) / 2;
	return iec_has_restriction(c, IEC_BY_SCALED)
		       ? (double)(int64_t)(middle < 0 ? middle - 1 : middle)
		       : middle;
}

static struct command iec_permitted_by(const struct iec104_allow *a, const struct iec_type *t)
{
	struct command c = { .t = t,
			     .restrictions = iec_restrictions(t->number),
			     .cause = iec_first_cause(a, t),
			     .ca = sample_first(&a->ranges[IEC_COMMON_ADDRESSES], 1),
			     .oa = sample_first(&a->ranges[IEC_ORIGINATORS], 0),
			     .ioa = sample_first(&a->ranges[IEC_OBJECT_ADDRESSES], 1) };
	const struct iec_qualified *q = iec_qualified(&c);
	bool step = t->value == IEC_STEP_COMMAND;
	c.state = iec_first_word(a, IEC_STATES, step ? IEC_LOWER : IEC_OFF,
				 step ? IEC_HIGHER + 1 : IEC_ON + 1);
	c.pulse = iec_first_word(a, IEC_PULSES, 0, 4);
	c.qualifier = q ? sample_first(&a->ranges[q->ranges], q->standard) : 0;
	if (iec_has_restriction(&c, IEC_BY_QCC))
		c.qualifier |= iec_first_word(a, IEC_FREEZES, 0, 4) << 6;
	c.value = iec_first_value(a, &c);
	c.select = iec_has_restriction(&c, IEC_BY_SELECT) &&
		   a->limits.select_mode == IEC_SELECT_REQUIRED;
	return c;
}

struct moved {
	const char *what;
	const struct ranges *of;
	uint32_t *to, most;
	bool there;
};

static void iec_put_values(struct samples *s, const struct iec104_policy *p,
			   const struct iec104_allow *a, const struct command *good)
{
	struct command c = *good;
	const struct spans *v = iec_spans_of(a, &c);
	double top = v && v->n ? v->v[v->n - 1][1] : 0;
	c.value = iec_has_restriction(&c, IEC_BY_NORMALISED) ? (top + 1) / 2 : top + 1;
	bool fits = iec_has_restriction(&c, IEC_BY_NORMALISED) ? top < 0.99
		    : iec_has_restriction(&c, IEC_BY_SCALED)   ? top < SCALED_MOST
							       : top > -1e6 && top < 1e6;
	if (v && v->n && fits)
		iec_put_sample(s, p, "value", &c);
	for (unsigned i = IEC_OFF; iec_has_restriction(good, IEC_BY_STATE) && i <= IEC_HIGHER;
	     i++) {
		c = *good;
		c.state = i;
		if ((c.t->value == IEC_STEP_COMMAND) == (i >= IEC_LOWER))
			iec_put_sample(s, p, "state", &c);
	}
	c = *good;
	c.select = false;
	if (good->select)
		iec_put_sample(s, p, "not selected", &c);
}

static void iec_put_moved(struct samples *s, const struct iec104_policy *p,
			  const struct iec104_allow *a, const struct command *good)
{
	struct command c = *good;
	const struct iec_qualified *q = iec_qualified(&c);
	const struct moved fields[] = {
		{ "common address", &a->ranges[IEC_COMMON_ADDRESSES], &c.ca, CA_MOST, true },
		{ "originator", &a->ranges[IEC_ORIGINATORS], &c.oa, OCTET_MOST, true },
		{ "object address", &a->ranges[IEC_OBJECT_ADDRESSES], &c.ioa, IEC_IOA_MAX,
		  iec_has_restriction(&c, IEC_BY_ADDRESS) },
		{ "qualifier", q ? &a->ranges[q->ranges] : NULL, &c.qualifier, q ? q->most : 0,
		  q && q->restriction != IEC_BY_QCC },
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		c = *good;
		if (fields[i].there &&
		    sample_outside(fields[i].of, 1, fields[i].most, fields[i].to) && c.ca)
			iec_put_sample(s, p, fields[i].what, &c);
	}
	iec_put_values(s, p, a, good);
}

static void iec_put_entry(struct samples *s, const struct iec104_policy *p,
			  const struct iec104_allow *a)
{
	unsigned n = 0;
	for (size_t i = 0; i < iec_types_n && n < SAMPLE_FUNCTIONS; i++) {
		const struct iec_type *t = &iec_types[i];
		if (!iec_has_type(&a->limits, t->number) || t->class == IEC_MONITOR)
			continue;
		struct command c = iec_permitted_by(a, t);
		if (!iec_in_words(t) || c.ca > CA_MOST) {
			samples_leave(s, "%s: it cannot be written in words", t->name);
			continue;
		}
		n++;
		iec_put_sample(s, p, "permitted", &c);
		iec_put_moved(s, p, a, &c);
	}
}

static void iec_put_other_type(struct samples *s, const struct iec104_policy *p)
{
	const struct iec104_allow none = { .n_type_words = 0 };
	for (size_t i = 0; i < iec_types_n; i++) {
		bool is = !iec_in_words(&iec_types[i]) || iec_types[i].only_101;
		for (size_t k = 0; k < p->n_allow; k++)
			is |= iec_has_type(&p->allow[k].limits, iec_types[i].number);
		if (is)
			continue;
		struct command c = iec_permitted_by(&none, &iec_types[i]);
		iec_put_sample(s, p, "type", &c);
		return;
	}
	samples_leave(s, "a type that is refused: the policy permits all that have words");
}

void iec_samples(const struct policy *policy, struct samples *s)
{
	const struct iec104_policy *p = iec104_policy_of(policy);
	if (p->server_is_controlling) {
		samples_leave(s, "messages: in words the controlling station opens the connection");
		return;
	}
	for (size_t i = 0; i < p->n_allow; i++)
		iec_put_entry(s, p, &p->allow[i]);
	iec_put_other_type(s, p);
	samples_flip(s, "start octet", R_FRAME, 0, 1);
	samples_cut_short(s, R_TRUNCATED, 1);
}
