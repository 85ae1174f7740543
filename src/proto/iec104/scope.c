/* SPDX-License-Identifier: MIT
 * What an IEC 60870-5-104 rule permits, type by type, to compare policies (compare/scope.h). */
#include "compare/scope.h"
#include "proto/iec104/policy.h"
#include "proto/iec104/words-read.h"

static void iec_scope_name(unsigned type, struct sb *out)
{
	const struct iec_type *t = iec_type((uint8_t)type);
	if (t)
		sb_puts(out, t->name);
	else
		sb_printf(out, "type %u", type);
}

static void cause_word(unsigned number, struct sb *out)
{
	const struct iec_cause *c = iec_cause((uint8_t)number);
	if (c)
		sb_puts(out, c->brief);
	else
		sb_printf(out, "%u", number);
}

static void put_iec_word(enum iec_words list, unsigned number, struct sb *out)
{
	for (const struct word *w = iec104_word_lists[list].words; w->name; w++)
		if (w->value == (int)number)
			sb_puts(out, w->name);
}

static void state_word(unsigned number, struct sb *out)
{
	put_iec_word(IEC_STATES, number, out);
}

static void pulse_word(unsigned number, struct sb *out)
{
	put_iec_word(IEC_PULSES, number, out);
}

static void freeze_word(unsigned number, struct sb *out)
{
	put_iec_word(IEC_FREEZES, number, out);
}

static void file_call_word(unsigned number, struct sb *out)
{
	put_iec_word(IEC_FILE_CALLS, number, out);
}

static void select_word(unsigned number, struct sb *out)
{
	sb_puts(out, number ? "direct" : "require");
}

/* by: enum iec_restriction; 0: every type */
static const struct {
	const char *key;
	uint32_t lo, hi; /* what "any" is */
	unsigned by;
} sets[IEC_RANGES] = {
	/* all stations at once must be written */
	[IEC_COMMON_ADDRESSES] = { "common_addresses", 1, IEC_CA_ALL - 1, 0 },
	[IEC_ORIGINATORS] = { "originators", 0, 255, 0 },
	[IEC_OBJECT_ADDRESSES] = { "object_addresses", 0, IEC_IOA_MAX, IEC_BY_ADDRESS },
	[IEC_BITSTRINGS] = { "bitstrings", 0, UINT32_MAX, IEC_BY_BITS },
	[IEC_INTERROGATIONS] = { "interrogations", 0, 255, IEC_BY_QOI },
	[IEC_COUNTER_GROUPS] = { "counter_groups", 0, 63, IEC_BY_QCC },
	[IEC_RESETS] = { "resets", 0, 255, IEC_BY_QRP },
	[IEC_PARAMETER_QUALIFIERS] = { "parameter_qualifiers", 0, 255, IEC_BY_PARAMETER },
	[IEC_SETPOINT_QUALIFIERS] = { "setpoint_qualifiers", 0, 127, IEC_BY_QL },
	[IEC_FILES] = { "files", 0, 65535, IEC_BY_FILE },
};

static const struct {
	unsigned by;
	void (*word)(unsigned number, struct sb *out);
} lists[IEC_WORDS] = {
	[IEC_STATES] = { IEC_BY_STATE, state_word },
	[IEC_PULSES] = { IEC_BY_STATE, pulse_word },
	[IEC_FREEZES] = { IEC_BY_QCC, freeze_word },
	[IEC_FILE_CALLS] = { IEC_BY_SCQ, file_call_word },
};

static const struct {
	const char *key;
	unsigned by;
} spans[IEC_SPANS] = {
	[IEC_NORMALISED_VALUES] = { "normalised_values", IEC_BY_NORMALISED },
	[IEC_SCALED_VALUES] = { "scaled_values", IEC_BY_SCALED },
	[IEC_FLOAT_VALUES] = { "float_values", IEC_BY_FLOAT },
};

static void add_limits(const struct pol_iec104_rule *r, unsigned by, struct scope *out)
{
	struct scope_dim *d = scope_add(out, "causes", SCOPE_WORDS, false);
	d->number = r->limits.causes;
	d->word = cause_word;
	d = scope_add(out, "select_before_operate", SCOPE_WORDS,
		      !(by & (IEC_BY_SELECT | IEC_BY_BITS)));
	d->number = r->limits.select_mode == IEC_SELECT_OR_DIRECT ? 3 : 1;
	d->word = select_word;
	scope_add_number(out, "test", SCOPE_MORE, r->limits.test_bit);
	for (unsigned i = 0; i < IEC_WORDS; i++) {
		d = scope_add(out, iec104_word_lists[i].key, SCOPE_WORDS, !(by & lists[i].by));
		d->any = r->limits.words[i] & IEC_ANY_WORD;
		d->number = r->limits.words[i];
		d->word = lists[i].word;
	}
	for (unsigned i = 0; i < IEC_SPANS; i++) {
		d = scope_add(out, spans[i].key, SCOPE_SPANS, !(by & spans[i].by));
		d->any = r->spans[i].any;
		d->spans = r->spans[i].v;
		d->n = r->spans[i].n;
	}
}

/* Who may have a file gets answers of other types of the class, so its addresses count for all of
 * these. */
static bool iec_rule_scope(const struct pol_image *img, const struct pol_rule *rule, unsigned type,
			   struct scope *out)
{
	const struct pol_iec104_rule *r = (const void *)rule;
	const struct iec_type *t = iec_type((uint8_t)type);
	unsigned by = iec_restrictions((uint8_t)type);
	out->n = 0;
	if (!iec_has_type(&r->limits, (uint8_t)type))
		return false;
	if (t && t->class == IEC_FILE)
		by |= IEC_BY_ADDRESS;
	for (unsigned i = 0; i < IEC_RANGES; i++) {
		scope_add_ranges(out, sets[i].key, sets[i].by && !(by & sets[i].by),
				 policy_ranges(img, &r->ranges[i]), &r->ranges[i]);
		if (i != IEC_OBJECT_ADDRESSES)
			out->v[out->n - 1].kind = SCOPE_VALUES;
		scope_any_is(out, sets[i].lo, sets[i].hi);
	}
	add_limits(r, by, out);
	return true;
}

static void iec_head_scope(const struct pol_image *img, const void *head, struct scope *out)
{
	const struct pol_iec104_head *h = head;
	(void)img;
	out->n = 0;
	scope_add_number(out, "master", SCOPE_OTHER, h->server_is_controlling);
	scope_add_number(out, "tolerate", SCOPE_MORE, h->first_number_one);
	scope_add_number(out, "monitor_direction", SCOPE_LESS, h->monitor_listed);
	scope_add_number(out, "k", SCOPE_MORE, h->k);
	scope_add_number(out, "select_timeout", SCOPE_MORE, h->select_timeout);
	scope_add_number(out, "started_masters", SCOPE_MORE, h->started_masters);
	scope_add_number(out, "redundancy_group", SCOPE_OTHER, h->redundancy_group);
}

static bool iec_scope_changes(unsigned type)
{
	const struct iec_type *t = iec_type((uint8_t)type);
	if (!t)
		return true;
	if (t->class == IEC_SYSTEM)
		return type == IEC_C_RP_NA_1 || type == IEC_C_CS_NA_1;
	return t->class != IEC_MONITOR;
}

const struct scope_ops scope_iec104 = { .operations = IEC_TYPES,
					.name = iec_scope_name,
					.changes = iec_scope_changes,
					.rule = iec_rule_scope,
					.head = iec_head_scope };
