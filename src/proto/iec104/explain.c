/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104 for zonectl explain: what each entry lacks of a command, and the entry that it
 * needs. */
#include "proto/iec104/explain.h"

#include <math.h>
#include <string.h>

#include "base/sb.h"
#include "proto/iec104/facts-expected.h"
#include "proto/iec104/policy.h"
#include "proto/iec104/words-read.h"

/* By which lists a type is restricted, and the number that an object has for each. */
static bool is_of_monitor_direction(uint8_t type)
{
	const struct iec_type *t = iec_type(type);
	return t && t->class == IEC_MONITOR;
}

static bool range_of(const struct iec_asdu *a, const struct iec_object *o, enum iec_ranges i,
		     uint32_t *v)
{
	unsigned by = iec_restrictions(a->type);
	const struct {
		bool applies;
		uint32_t v;
	} all[IEC_RANGES] = {
		[IEC_COMMON_ADDRESSES] = { true, a->ca },
		/* of who asks; reports repeat it at most */
		[IEC_ORIGINATORS] = { !is_of_monitor_direction(a->type), a->oa },
		[IEC_OBJECT_ADDRESSES] = { by & IEC_BY_ADDRESS, o->ioa },
		[IEC_BITSTRINGS] = { by & IEC_BY_BITS, o->bits },
		[IEC_INTERROGATIONS] = { by & IEC_BY_QOI, o->qualifier },
		[IEC_COUNTER_GROUPS] = { by & IEC_BY_QCC, o->qualifier & 0x3f },
		[IEC_RESETS] = { by & IEC_BY_QRP, o->qualifier },
		[IEC_PARAMETER_QUALIFIERS] = { by & IEC_BY_PARAMETER, o->qualifier },
		[IEC_SETPOINT_QUALIFIERS] = { by & IEC_BY_QL, o->qu },
		[IEC_FILES] = { by & IEC_BY_FILE, o->file },
	};
	*v = all[i].v;
	return all[i].applies;
}

static bool word_of(const struct iec_asdu *a, const struct iec_object *o, enum iec_words i,
		    unsigned *v)
{
	unsigned by = iec_restrictions(a->type);
	unsigned state = o->state;
	if (o->value == IEC_STEP_COMMAND)
		state += IEC_LOWER - 1u;
	else if (o->value == IEC_DOUBLE)
		state -= 1;
	const unsigned numbers[IEC_WORDS] = { [IEC_STATES] = state,
					      [IEC_PULSES] = o->qu,
					      [IEC_FREEZES] = o->qualifier >> 6,
					      [IEC_FILE_CALLS] = o->qualifier };
	const bool applies[IEC_WORDS] = { [IEC_STATES] = by & IEC_BY_STATE,
					  [IEC_PULSES] = by & IEC_BY_STATE,
					  [IEC_FREEZES] = by & IEC_BY_QCC,
					  [IEC_FILE_CALLS] = by & IEC_BY_SCQ };
	*v = numbers[i];
	return applies[i];
}

static const char *word_name_of(enum iec_words i, unsigned v)
{
	for (const struct word *w = iec104_word_lists[i].words; w->name; w++)
		if (w->value == (int)v)
			return w->name;
	return NULL;
}

static bool span_of(const struct iec_asdu *a, const struct iec_object *o, enum iec_spans i,
		    double *v)
{
	unsigned by = iec_restrictions(a->type);
	const unsigned needs[IEC_SPANS] = { [IEC_NORMALISED_VALUES] = IEC_BY_NORMALISED,
					    [IEC_SCALED_VALUES] = IEC_BY_SCALED,
					    [IEC_FLOAT_VALUES] = IEC_BY_FLOAT };
	*v = i == IEC_NORMALISED_VALUES ? o->number / 32768.0
	     : i == IEC_SCALED_VALUES	? o->number
					: (double)o->real;
	return by & needs[i];
}

/* ---- what an entry lacks ---- */

static const char *cause_name(uint8_t cause)
{
	const struct iec_cause *c = iec_cause(cause);
	return c ? c->name : "reserved";
}

static void put_words(struct sb *b, enum iec_words i, unsigned bits)
{
	if (bits & IEC_ANY_WORD)
		sb_puts(b, "any");
	for (const struct word *w = iec104_word_lists[i].words; w->name; w++)
		if (!(bits & IEC_ANY_WORD) && bits >> w->value & 1)
			sb_printf(b, "%s%s", b->len ? ", " : "", w->name);
	sb_puts(b, b->len ? "" : "none");
}

static bool has_number(const struct pol_image *img, const struct pol_rset *s, uint32_t v)
{
	return policy_contains(img, s, v, v);
}

/* The lists of the rule that do not hold what the object has; the policy has said that one of them
 * does not. */
static void lacks_lists(const struct explain_case *c, const struct pol_iec104_rule *r,
			const struct iec_decision *d, const struct explain_sink *to)
{
	const struct iec_asdu *a = &((const struct iec_msg *)c->m)->asdu;
	uint32_t v;
	unsigned w;
	for (unsigned i = IEC_BITSTRINGS; i < IEC_RANGES; i++) {
		char has[200], wants[24];
		if (!range_of(a, &d->object, (enum iec_ranges)i, &v) ||
		    has_number(c->img, &r->ranges[i], v))
			continue;
		snprintf(wants, sizeof(wants), "%u", v);
		to->lack(to->ctx, iec_range_names[i],
			 explain_ranges(c->img, &r->ranges[i], has, sizeof(has)), wants);
	}
	for (unsigned i = 0; i < IEC_WORDS; i++) {
		char has[200] = "", wants[24];
		struct sb b = sb_init(has, sizeof(has));
		if (!word_of(a, &d->object, (enum iec_words)i, &w) ||
		    (r->limits.words[i] & IEC_ANY_WORD) || (w < 15 && r->limits.words[i] >> w & 1))
			continue;
		const char *name = word_name_of((enum iec_words)i, w);
		snprintf(wants, sizeof(wants), "%u", w);
		put_words(&b, (enum iec_words)i, r->limits.words[i]);
		to->lack(to->ctx, iec104_word_lists[i].key, has, name ? name : wants);
	}
}

static void lacks_values(const struct explain_case *c, const struct pol_iec104_rule *r,
			 const struct iec_decision *d, const struct explain_sink *to)
{
	const struct iec_asdu *a = &((const struct iec_msg *)c->m)->asdu;
	double v;
	for (unsigned i = 0; i < IEC_SPANS; i++) {
		char has[300] = "", wants[40];
		struct sb b = sb_init(has, sizeof(has));
		if (!span_of(a, &d->object, (enum iec_spans)i, &v))
			continue;
		snprintf(wants, sizeof(wants), "%.9g", v);
		iec_put_spans(&b, &r->spans[i]);
		to->lack(to->ctx, iec_span_names[i], has, wants);
	}
}

static void lacks_range(const struct explain_case *c, const struct pol_iec104_rule *r,
			const struct iec_decision *d, enum iec_ranges i,
			const struct explain_sink *to)
{
	const struct iec_asdu *a = &((const struct iec_msg *)c->m)->asdu;
	char has[200], wants[24];
	uint32_t v;
	range_of(a, &d->object, i, &v);
	snprintf(wants, sizeof(wants), "%u", v);
	to->lack(to->ctx, iec_range_names[i],
		 explain_ranges(c->img, &r->ranges[i], has, sizeof(has)), wants);
}

static void iec_lack(const struct explain_case *c, const struct pol_iec104_rule *r,
		     const struct iec_decision *d, const struct explain_sink *to)
{
	const struct iec_asdu *a = &((const struct iec_msg *)c->m)->asdu;
	const struct iec_type *t = iec_type(a->type);
	char has[EXPLAIN_TEXT] = "";
	struct sb b = sb_init(has, sizeof(has));
	switch (d->reason) {
	case R_IEC_TYPE_REFUSED:
		iec_put_types(&b, &r->limits);
		to->lack(to->ctx, "types", has, t ? t->name : "reserved");
		break;
	case R_IEC_CAUSE_REFUSED:
		iec_put_causes(&b, r->limits.causes);
		to->lack(to->ctx, "causes", has, cause_name(a->cause));
		break;
	case R_IEC_TEST_BIT:
		to->lack(to->ctx, "test_bit", "false", "the test bit");
		break;
	case R_DNP_BROADCAST:
	case R_IEC_COMMON_REFUSED:
		lacks_range(c, r, d, IEC_COMMON_ADDRESSES, to);
		break;
	case R_IEC_ORIGINATOR:
		lacks_range(c, r, d, IEC_ORIGINATORS, to);
		break;
	case R_IEC_ADDRESS:
		lacks_range(c, r, d, IEC_OBJECT_ADDRESSES, to);
		break;
	case R_DNP_NOT_SELECTED:
		to->lack(to->ctx, "select_before_operate", "require", "no select");
		break;
	case R_VALUE:
		lacks_values(c, r, d, to);
		break;
	default:
		lacks_lists(c, r, d, to);
		break;
	}
}

static void iec_lacks_of(const struct explain_case *c, uint32_t rule, const struct explain_sink *to)
{
	const struct iec_msg *m = c->m;
	if (!m->has_asdu)
		return;
	const struct iec_lacks l = policy_iec104_lacks(c->img, rule, &m->asdu);
	const struct pol_iec104_rule *r = (const void *)policy_rule(c->img, PROTO_IEC104, rule);
	bool other = l.n && l.v[0].reason == R_IEC_TYPE_REFUSED;
	/* an entry of other types need not have the keys of this one */
	for (unsigned i = 0; i < l.n; i++)
		if (!other || i == 0 || l.v[i].reason == R_IEC_COMMON_REFUSED)
			iec_lack(c, r, &l.v[i], to);
	if (!l.n && c->ev->reason == R_DNP_NOT_SELECTED)
		to->lack(to->ctx, "select_before_operate", "require", "no select before it");
}

/* ---- the entry that it needs ---- */

static void put_numbers(FILE *f, const struct iec_asdu *a, enum iec_ranges i)
{
	struct iec_objects it;
	struct iec_object o;
	uint32_t least = UINT32_MAX, most = 0, v;
	iec104_objects(&it, a);
	while (iec104_next_object(&it, &o)) {
		if (!range_of(a, &o, i, &v))
			return;
		least = v < least ? v : least;
		most = v > most ? v : most;
	}
	if (least == most)
		fprintf(f, " %s = %u;", iec_range_names[i], least);
	else if (least < most)
		fprintf(f, " %s = \"%u-%u\";", iec_range_names[i], least, most);
}

static bool put_named(FILE *f, const struct iec_asdu *a, enum iec_words i)
{
	struct iec_objects it;
	struct iec_object o;
	unsigned bits = 0, v;
	iec104_objects(&it, a);
	while (iec104_next_object(&it, &o)) {
		if (!word_of(a, &o, i, &v))
			return true;
		if (!word_name_of(i, v))
			return false;
		bits |= 1u << v;
	}
	fprintf(f, " %s = [ ", iec104_word_lists[i].key);
	for (unsigned k = 0, n = 0; k < 15; k++)
		if (bits >> k & 1)
			fprintf(f, "%s\"%s\"", n++ ? ", " : "", word_name_of(i, k));
	fputs(" ];", f);
	return true;
}

static bool put_spanned(FILE *f, const struct iec_asdu *a, enum iec_spans i)
{
	struct iec_objects it;
	struct iec_object o;
	double least = INFINITY, most = -INFINITY, v;
	iec104_objects(&it, a);
	while (iec104_next_object(&it, &o)) {
		if (!span_of(a, &o, i, &v))
			return true;
		if (!isfinite(v))
			return false;
		least = v < least ? v : least;
		most = v > most ? v : most;
	}
	fprintf(f, " %s = ( [ %#.9g, %#.9g ] );", iec_span_names[i], least, most);
	return true;
}

/* direct: without a select. */
static bool put_entry(const struct iec_asdu *a, bool direct, FILE *f)
{
	bool good = true;
	fprintf(f, "{ types = ( \"%s\" ); causes = [ \"%s\" ];", iec_type(a->type)->name,
		cause_name(a->cause));
	for (unsigned i = 0; i < IEC_RANGES; i++)
		put_numbers(f, a, (enum iec_ranges)i);
	for (unsigned i = 0; i < IEC_WORDS; i++)
		good &= put_named(f, a, (enum iec_words)i);
	for (unsigned i = 0; i < IEC_SPANS; i++)
		good &= put_spanned(f, a, (enum iec_spans)i);
	fputs(a->test ? " test_bit = true;" : "", f);
	fputs(direct ? " select_before_operate = \"direct\"; }\n" : " }\n", f);
	return good;
}

static bool iec_entry(const struct explain_case *c, FILE *f)
{
	const struct iec_msg *m = c->m;
	const struct iec_asdu *a = &m->asdu;
	const struct iec_type *t = m->has_asdu ? iec_type(a->type) : NULL;
	if (!t)
		return false;
	unsigned by = iec_restrictions(a->type);
	bool good = (by & IEC_BY_BITS) || put_entry(a, false, f);
	if (by & (IEC_BY_SELECT | IEC_BY_BITS))
		good = put_entry(a, true, f) && good;
	return good;
}

static const char *iec_changes(const struct explain_case *c)
{
	const struct iec_msg *m = c->m;
	return m->has_asdu && policy_iec104_writes(&m->asdu) ? "it commands or writes" : NULL;
}

/* ---- keys of the whole policy ---- */

/* clang-format off */
static const char *const tolerances[] = { "first-number-one", NULL };
/* either way */
static const char *const sides[] = { "client", "server", "client", NULL };
static const struct explain_key keys[] = {
	{ .why = R_UA_SEQUENCE, .key = "tolerate", .form = EXPLAIN_ADDED, .words = tolerances },
	{ .why = R_IEC_WINDOW, .key = "unacknowledged", .form = EXPLAIN_MOST,
	  .standard = IEC_K_DEFAULT, .most = IEC_K_MAX },
	/* only of one that was joined in its middle: what was on its way then */
	{ .why = R_IEC_RECEIVE_NUMBER, .key = "unacknowledged", .form = EXPLAIN_MOST,
	  .standard = IEC_K_DEFAULT, .most = IEC_K_MAX },
	{ .why = R_IEC_STARTED, .key = "started_masters", .form = EXPLAIN_MOST,
	  .standard = IEC_MASTERS_DEFAULT, .most = IEC_MASTERS_MAX,
	  .danger = "several masters may command the station at a time" },
	{ .why = R_DNP_NOT_SELECTED, .key = "select_timeout", .form = EXPLAIN_MOST,
	  .standard = IEC_SELECT_DEFAULT, .most = IEC_SELECT_MAX },
	{ .why = R_DNP_DIRECTION, .key = "master", .form = EXPLAIN_LADDER, .words = sides,
	  .danger = "the controlling station is then the side that listens, and what it sends is judged instead" },
};
/* clang-format on */

const struct explain_ops explain_iec104 = {
	.entry_of_answers = true,
	.keys = keys,
	.n_keys = sizeof(keys) / sizeof(keys[0]),
	.operation_key = "types",
	.compose = iec_compose,
	.samples = iec_samples,
	.words = iec_record_words,
	.lacks = iec_lacks_of,
	.entry = iec_entry,
	.changes = iec_changes,
};
