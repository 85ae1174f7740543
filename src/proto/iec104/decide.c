/* SPDX-License-Identifier: MIT
 *
 * decide(): one ASDU of IEC 60870-5-104 against the rules of its flow.
 *
 * An ASDU passes when ONE rule allows all of it. Its object addresses lie inside one
 * range as the operator wrote it: a sequence as a whole, single objects each.
 * Common address 65535 is in no "any": it means every station.
 */
#include "proto/iec104/policy.h"

#include <math.h>

struct trial {
	const struct pol_image *img;
	const struct pol_iec104_rule *rule;
	const struct iec_asdu *a;
	const struct iec_object *o; /* the object that is looked at */
};

static bool in_ranges(const struct trial *t, enum iec_ranges list, uint32_t x)
{
	return policy_contains(t->img, &t->rule->ranges[list], x, x);
}

static bool has_word(const struct trial *t, enum iec_words list, unsigned number)
{
	unsigned bits = t->rule->limits.words[list];
	return (bits & IEC_ANY_WORD) || (number < 15 && (bits >> number & 1));
}

static bool type_ok(const struct trial *t)
{
	return iec_has_type(&t->rule->limits, t->a->type);
}

static bool cause_ok(const struct trial *t)
{
	return t->a->cause < IEC_CAUSES && (t->rule->limits.causes >> t->a->cause & 1);
}

static bool test_ok(const struct trial *t)
{
	return !t->a->test || t->rule->limits.test_bit;
}

static bool for_all_ok(const struct trial *t)
{
	const struct pol_rset *s = &t->rule->ranges[IEC_COMMON_ADDRESSES];
	return !s->any && policy_contains(t->img, s, IEC_CA_ALL, IEC_CA_ALL) &&
	       iec_for_all(t->a->type);
}

static bool broadcast_ok(const struct trial *t)
{
	return t->a->ca != IEC_CA_ALL || for_all_ok(t);
}

static bool common_ok(const struct trial *t)
{
	return t->a->ca == IEC_CA_ALL || (t->a->ca && in_ranges(t, IEC_COMMON_ADDRESSES, t->a->ca));
}

static bool originator_ok(const struct trial *t)
{
	return in_ranges(t, IEC_ORIGINATORS, t->a->oa);
}

/* Of a sequence all addresses up to this one, so that they are in one range. */
static bool object_address_ok(const struct trial *t)
{
	return !(iec_restrictions(t->a->type) & IEC_BY_ADDRESS) ||
	       policy_contains(t->img, &t->rule->ranges[IEC_OBJECT_ADDRESSES],
			       t->a->sq ? t->a->ioa : t->o->ioa, t->o->ioa);
}

static bool file_ok(const struct trial *t)
{
	return !(iec_restrictions(t->a->type) & IEC_BY_FILE) || in_ranges(t, IEC_FILES, t->o->file);
}

/* ---- qualifiers ---- */

/* A step command's states have numbers of their own in the rule. */
static bool state_ok(const struct trial *t)
{
	unsigned state = t->o->state;
	if (t->o->value == IEC_STEP_COMMAND)
		state += IEC_LOWER - 1u;
	else if (t->o->value == IEC_DOUBLE)
		state -= 1;
	return has_word(t, IEC_STATES, state) && has_word(t, IEC_PULSES, t->o->qu);
}

static bool ql_ok(const struct trial *t)
{
	return in_ranges(t, IEC_SETPOINT_QUALIFIERS, t->o->qu);
}

static bool qoi_ok(const struct trial *t)
{
	return in_ranges(t, IEC_INTERROGATIONS, t->o->qualifier);
}

static bool qcc_ok(const struct trial *t)
{
	return in_ranges(t, IEC_COUNTER_GROUPS, t->o->qualifier & 0x3f) &&
	       has_word(t, IEC_FREEZES, t->o->qualifier >> 6);
}

static bool qrp_ok(const struct trial *t)
{
	return in_ranges(t, IEC_RESETS, t->o->qualifier);
}

static bool parameter_ok(const struct trial *t)
{
	return in_ranges(t, IEC_PARAMETER_QUALIFIERS, t->o->qualifier);
}

/* The upper half of the octet tells errors, which only answers do: number 16 and above is in no
 * list but "any". */
static bool scq_ok(const struct trial *t)
{
	return has_word(t, IEC_FILE_CALLS, t->o->qualifier);
}

static bool bits_ok(const struct trial *t)
{
	return in_ranges(t, IEC_BITSTRINGS, t->o->bits);
}

/* ---- values ---- */

static bool in_spans(const struct trial *t, enum iec_spans list, double v)
{
	const struct pol_iec104_spans *s = &t->rule->spans[list];
	if (!isfinite(v))
		return false;
	for (unsigned i = 0; i < s->n; i++)
		if (s->v[i][0] <= v && v <= s->v[i][1])
			return true;
	return s->any;
}

static bool normalised_ok(const struct trial *t)
{
	return in_spans(t, IEC_NORMALISED_VALUES, t->o->number / 32768.0);
}

static bool scaled_ok(const struct trial *t)
{
	return in_spans(t, IEC_SCALED_VALUES, t->o->number);
}

static bool float_ok(const struct trial *t)
{
	return in_spans(t, IEC_FLOAT_VALUES, (double)t->o->real);
}

/* One restriction and its test. Of an entry only the restrictions of the message's type are tested.
 */
struct look {
	unsigned restriction;
	bool (*ok)(const struct trial *t);
};

static bool looks_ok(const struct trial *t, const struct look *looks, size_t n)
{
	unsigned restrictions = iec_restrictions(t->a->type);
	for (size_t i = 0; i < n; i++)
		if ((restrictions & looks[i].restriction) && !looks[i].ok(t))
			return false;
	return true;
}

static bool qualifier_ok(const struct trial *t)
{
	static const struct look looks[] = {
		{ IEC_BY_STATE, state_ok }, { IEC_BY_QL, ql_ok },
		{ IEC_BY_QOI, qoi_ok },	    { IEC_BY_QCC, qcc_ok },
		{ IEC_BY_QRP, qrp_ok },	    { IEC_BY_PARAMETER, parameter_ok },
		{ IEC_BY_SCQ, scq_ok },
	};
	return looks_ok(t, looks, sizeof(looks) / sizeof(looks[0]));
}

static bool control_value_ok(const struct trial *t)
{
	static const struct look looks[] = {
		{ IEC_BY_BITS, bits_ok },
		{ IEC_BY_NORMALISED, normalised_ok },
		{ IEC_BY_SCALED, scaled_ok },
		{ IEC_BY_FLOAT, float_ok },
	};
	return looks_ok(t, looks, sizeof(looks) / sizeof(looks[0]));
}

/* The model has no such rule: what cannot be selected cannot be required to be. */
static bool select_ok(const struct trial *t)
{
	unsigned restrictions = iec_restrictions(t->a->type);
	return !(restrictions & IEC_BY_BITS) || t->rule->limits.select_mode == IEC_SELECT_OR_DIRECT;
}

/* ---- a rule ---- */

struct step {
	bool (*ok)(const struct trial *t);
	enum reason refusal;
	bool each; /* asked of each object */
};

/* clang-format off */
static const struct step steps[] = {
	{ type_ok, R_IEC_TYPE_REFUSED, false }, { cause_ok, R_IEC_CAUSE_REFUSED, false },
	{ test_ok, R_IEC_TEST_BIT, false }, { broadcast_ok, R_DNP_BROADCAST, false },
	{ common_ok, R_IEC_COMMON_REFUSED, false }, { originator_ok, R_IEC_ORIGINATOR, false },
	{ object_address_ok, R_IEC_ADDRESS, true }, { file_ok, R_FILE, true }, { qualifier_ok, R_IEC_QUALIFIER, true },
	{ control_value_ok, R_VALUE, true }, { select_ok, R_DNP_NOT_SELECTED, true },
};
/* clang-format on */
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };
_Static_assert((int)STEPS == (int)POL_IEC_STEPS, "each may be lacking");

static void asdu_first_object(const struct iec_asdu *a, struct iec_decision *d)
{
	struct iec_objects it;
	iec104_objects(&it, a);
	d->has_object = iec104_next_object(&it, &d->object);
}

/* Every object; the one that offends goes to *d. */
static bool each_ok(struct trial *t, const struct step *s, struct iec_decision *d)
{
	struct iec_objects it;
	struct iec_object o;
	iec104_objects(&it, t->a);
	t->o = &o;
	while (iec104_next_object(&it, &o)) {
		if (s->ok(t))
			continue;
		d->has_object = true;
		d->object = o;
		return false;
	}
	return true;
}

static unsigned steps_passed(struct trial *t, const struct step *all, unsigned count,
			     struct iec_decision *d)
{
	unsigned n = 0;
	while (n < count && (all[n].each ? each_ok(t, &all[n], d) : all[n].ok(t)))
		n++;
	return n;
}

static const struct pol_iec104_rule *rule_at(const struct pol_image *img, uint32_t id)
{
	return (const void *)policy_rule(img, PROTO_IEC104, id);
}

static bool wants_select(const struct trial *t, const struct iec_object *o)
{
	return (iec_restrictions(t->a->type) & IEC_BY_SELECT) && !o->select &&
	       t->rule->limits.select_mode == IEC_SELECT_REQUIRED;
}

/* The first rule that permits the ASDU, or the one that came furthest. One that asks for no select
 * comes before one that does. */
static struct iec_decision try_rules(const struct pol_image *img, const struct pol_flow *f,
				     const struct iec_asdu *a, const struct step *all,
				     unsigned count)
{
	struct iec_decision best = { .reason = all[0].refusal, .rule = 0xffff };
	unsigned furthest = 0;
	asdu_first_object(a, &best);
	for (uint32_t i = 0; i < f->n_rules; i++) {
		struct iec_decision d = { .rule = (uint16_t)(f->rule0 + i) };
		struct trial t = { .img = img, .rule = rule_at(img, d.rule), .a = a };
		asdu_first_object(a, &d);
		unsigned n = steps_passed(&t, all, count, &d);
		d.reason = n == count ? R_NONE : all[n].refusal;
		d.select_first = n == count && wants_select(&t, &d.object);
		if (n == count && !d.select_first)
			return d;
		if (n <= furthest)
			continue;
		furthest = n;
		best = d;
	}
	return best;
}

struct iec_decision policy_iec104(const struct pol_image *img, const struct pol_flow *f,
				  const struct iec_msg *m)
{
	if (!m->has_asdu)
		return (struct iec_decision){ .reason = R_NONE, .rule = 0xffff };
	return try_rules(img, f, &m->asdu, steps, STEPS);
}

struct iec_lacks policy_iec104_lacks(const struct pol_image *img, uint32_t rule,
				     const struct iec_asdu *a)
{
	struct iec_lacks l = { .n = 0 };
	for (unsigned i = 0; i < STEPS; i++) {
		struct iec_decision *d = &l.v[l.n];
		struct trial t = { .img = img, .rule = rule_at(img, rule), .a = a };
		*d = (struct iec_decision){ .reason = steps[i].refusal, .rule = (uint16_t)rule };
		asdu_first_object(a, d);
		l.n += steps_passed(&t, &steps[i], 1, d) == 0;
	}
	return l;
}

/* ---- what the controlled station sends ---- */

/* Not what an ASDU of the controlling station has: parameters are reported, too, when it
 * interrogates. */
static bool is_report(const struct iec_asdu *a)
{
	const struct iec_type *t = iec_type(a->type);
	return t &&
	       (t->class == IEC_MONITOR ||
		(t->class == IEC_PARAMETER && a->cause >= IEC_INROGEN && a->cause < IEC_REQCOGEN));
}

/* Every station answers for itself what was asked of all. */
static bool answered_common_ok(const struct trial *t)
{
	return for_all_ok(t) || (t->a->ca != IEC_CA_ALL && common_ok(t));
}

/* A file's own types go both ways: who may call files may get them. A directory has addresses of
 * every file. */
static bool answered_type_ok(const struct trial *t)
{
	const struct iec_type *type = iec_type(t->a->type);
	if (type_ok(t))
		return true;
	for (unsigned i = IEC_F_FR_NA_1; type && type->class == IEC_FILE && i < IEC_TYPES; i++)
		if (iec_has_type(&t->rule->limits, (uint8_t)i))
			return true;
	return false;
}

static bool answered_address_ok(const struct trial *t)
{
	return t->a->type == IEC_F_DR_TA_1 || object_address_ok(t);
}

static bool reported_cause_ok(const struct trial *t)
{
	return iec_type(t->a->type)->class != IEC_MONITOR || cause_ok(t);
}

/* clang-format off */
static const struct step answer_steps[] = {
	{ answered_type_ok, R_IEC_TYPE_REFUSED, false },
	{ reported_cause_ok, R_IEC_CAUSE_REFUSED, false },
	{ answered_common_ok, R_IEC_COMMON_REFUSED, false },
	{ answered_address_ok, R_IEC_ADDRESS, true },
};
/* clang-format on */
enum { ANSWER_STEPS = sizeof(answer_steps) / sizeof(answer_steps[0]) };

/* An answer's cause is its own, and so are its originator, qualifier and value: what it answers was
 * judged. */
struct iec_decision policy_iec104_answer(const struct pol_image *img, const struct pol_flow *f,
					 const struct iec_msg *m)
{
	const struct pol_iec104_head *head = policy_head(img, f);
	struct iec_decision d = { .reason = R_NONE, .rule = 0xffff };
	if (m->has_asdu && (head->monitor_listed || !is_report(&m->asdu)))
		d = try_rules(img, f, &m->asdu, answer_steps, ANSWER_STEPS);
	else if (m->has_asdu)
		asdu_first_object(&m->asdu, &d);
	d.select_first = false;
	return d;
}

/* A call of a file, section or directory changes nothing, and an acknowledgement neither. */
static bool file_writes(const struct iec_asdu *a, const struct iec_object *o)
{
	enum { DELETE_FILE = 4 };
	if (a->type == IEC_F_SC_NA_1)
		return (o->qualifier & 0x0f) == DELETE_FILE || o->qualifier > 7;
	return a->type != IEC_F_AF_NA_1 && a->type != IEC_F_SC_NB_1;
}

bool policy_iec104_writes(const struct iec_asdu *a)
{
	const struct iec_type *t = iec_type(a->type);
	struct iec_decision d = { .has_object = false };
	asdu_first_object(a, &d);
	if (!t || !d.has_object)
		return false;
	if (t->class == IEC_FILE)
		return file_writes(a, &d.object);
	if (a->type == IEC_C_CI_NA_1)
		return d.object.qualifier >> 6;
	return a->type == IEC_C_CS_NA_1 || a->type == IEC_C_RP_NA_1 ||
	       (t->class & (IEC_COMMAND | IEC_SETPOINT | IEC_PARAMETER));
}

/* ---- bounds of a foreign image ---- */

static bool spans_ok(const struct pol_iec104_spans *s)
{
	return s->n <= POL_IEC_SPANS_MAX && s->any <= 1;
}

static bool iec_rule_ok(const struct pol_image *img, const void *rule)
{
	const struct pol_iec104_rule *r = rule;
	for (size_t i = 0; i < IEC_RANGES; i++)
		if (!policy_rset_ok(img, &r->ranges[i]))
			return false;
	for (size_t i = 0; i < IEC_SPANS; i++)
		if (!spans_ok(&r->spans[i]))
			return false;
	return r->limits.select_mode <= IEC_SELECT_OR_DIRECT && r->limits.test_bit <= 1;
}

static bool iec_head_ok(const struct pol_image *img, const void *head)
{
	const struct pol_iec104_head *h = head;
	(void)img;
	return h->server_is_controlling <= 1 && h->first_number_one <= 1 &&
	       h->monitor_listed <= 1 && h->k && h->k <= IEC_K_MAX && h->select_timeout &&
	       h->select_timeout <= IEC_SELECT_MAX && h->started_masters &&
	       h->started_masters <= IEC_MASTERS_MAX && h->redundancy_group;
}

const struct pol_shape pol_iec104_shape = {
	.rule = sizeof(struct pol_iec104_rule),
	.head = sizeof(struct pol_iec104_head),
	.rule_ok = iec_rule_ok,
	.head_ok = iec_head_ok,
};
