/* SPDX-License-Identifier: MIT
 *
 * What an ASDU of the controlling station needs of a policy: type, cause, common and object
 * addresses, qualifiers; values are collected. What the controlled station reports passes without
 * an entry: to list what was seen would end the connection at the first alarm that was not.
 */
#include "learn/learn.h"
#include "proto/iec104/policy.h"
#include "proto/iec104/words-read.h"

enum iec_column {
	TYPES,
	CAUSES,
	COMMON_ADDRESSES,
	OBJECT_ADDRESSES,
	INTERROGATIONS,
	COUNTER_GROUPS,
	FREEZES,
	RESETS,
	PARAMETER_QUALIFIERS,
	SETPOINT_QUALIFIERS,
	FILES,
	FILE_CALLS,
	STATES,
	PULSES,
	SELECT,
	TEST,
	BITSTRINGS,
	NORMALISED,
	SCALED,
	FLOATS,
	COLUMNS_N
};
enum iec_setting { UNACKNOWLEDGED, TOLERATE, SETTINGS_N };

static void iec_learn_type(uint32_t number, struct sb *b)
{
	const struct iec_type *t = iec_type((uint8_t)number);
	sb_printf(b, "\"%s\"", t ? t->name : "?");
}

static void iec_learn_cause(uint32_t number, struct sb *b)
{
	const struct iec_cause *c = iec_cause((uint8_t)number);
	sb_printf(b, "\"%s\"", c ? c->name : "?");
}

/* 65535 is every station, and stands alone. */
static void iec_learn_common(uint32_t number, struct sb *b)
{
	sb_printf(b, "%u", number);
}

static void learned_word(enum iec_words list, uint32_t value, struct sb *b)
{
	sb_printf(b, "\"%s\"", word_name(iec104_word_lists[list].words, (int)value));
}

static void iec_learn_state(uint32_t v, struct sb *b)
{
	learned_word(IEC_STATES, v, b);
}

static void iec_learn_pulse(uint32_t v, struct sb *b)
{
	learned_word(IEC_PULSES, v, b);
}

static void iec_learn_freeze(uint32_t v, struct sb *b)
{
	learned_word(IEC_FREEZES, v, b);
}

static void iec_learn_call(uint32_t v, struct sb *b)
{
	learned_word(IEC_FILE_CALLS, v, b);
}

static void iec_learn_select(uint32_t v, struct sb *b)
{
	sb_puts(b, v == IEC_SELECT_OR_DIRECT ? "\"direct\"" : "\"require\"");
}

static void iec_learn_tolerance(uint32_t v, struct sb *b)
{
	(void)v;
	sb_puts(b, "\"first-number-one\"");
}

/* clang-format off */
static const struct learn_column columns[COLUMNS_N] = {
	[TYPES] = { .key = "types", .form = LEARN_WORDS, .word = iec_learn_type },
	[CAUSES] = { .key = "causes", .form = LEARN_WORDS, .word = iec_learn_cause },
	[COMMON_ADDRESSES] = { .key = "common_addresses", .form = LEARN_WORDS, .word = iec_learn_common },
	[OBJECT_ADDRESSES] = { .key = "object_addresses", .form = LEARN_RANGES },
	[INTERROGATIONS] = { .key = "interrogations", .form = LEARN_RANGES },
	[COUNTER_GROUPS] = { .key = "counter_groups", .form = LEARN_RANGES },
	[FREEZES] = { .key = "freezes", .form = LEARN_WORDS, .word = iec_learn_freeze },
	[RESETS] = { .key = "resets", .form = LEARN_RANGES },
	[PARAMETER_QUALIFIERS] = { .key = "parameter_qualifiers", .form = LEARN_RANGES },
	[SETPOINT_QUALIFIERS] = { .key = "setpoint_qualifiers", .form = LEARN_RANGES },
	[FILES] = { .key = "files", .form = LEARN_RANGES },
	[FILE_CALLS] = { .key = "file_calls", .form = LEARN_WORDS, .word = iec_learn_call },
	[STATES] = { .key = "states", .form = LEARN_WORDS, .word = iec_learn_state },
	[PULSES] = { .key = "pulses", .form = LEARN_WORDS, .word = iec_learn_pulse },
	[SELECT] = { .key = "select_before_operate", .form = LEARN_WORD, .word = iec_learn_select },
	[TEST] = { .key = "test_bit", .form = LEARN_FLAG },
	[BITSTRINGS] = { .key = "bitstrings", .form = LEARN_RANGES, .collected = true },
	[NORMALISED] = { .key = "normalised_values", .form = LEARN_SPANS, .collected = true },
	[SCALED] = { .key = "scaled_values", .form = LEARN_SPANS, .collected = true },
	[FLOATS] = { .key = "float_values", .form = LEARN_SPANS, .collected = true, .single = true },
};
static const struct learn_column settings[SETTINGS_N] = {
	[UNACKNOWLEDGED] = { .key = "unacknowledged", .form = LEARN_MOST, .standard = IEC_K_DEFAULT,
		.lifts = { R_IEC_WINDOW, R_IEC_RECEIVE_NUMBER } },
	[TOLERATE] = { .key = "tolerate", .form = LEARN_WORDS, .word = iec_learn_tolerance,
		.lifts = { R_IEC_RECEIVE_NUMBER } },
};
/* clang-format on */

/* ---- one ASDU ---- */

static enum learn_kind iec_kind(const struct iec_asdu *a)
{
	const struct iec_type *t = iec_type(a->type);
	if (!t || t->class == IEC_FILE)
		return LEARN_PROGRAMS;
	if (t->class == IEC_COMMAND)
		return LEARN_CONTROLS;
	if (a->type == IEC_C_RP_NA_1)
		return LEARN_RESTARTS;
	return policy_iec104_writes(a) ? LEARN_WRITES : LEARN_READS;
}

static void iec_note_number(struct learn *l, unsigned column, double v)
{
	learn_add(l, column, v, v);
}

/* A word that has no name is only in "any". */
static void iec_note_word(struct learn *l, unsigned column, enum iec_words list, unsigned v)
{
	for (const struct word *w = iec104_word_lists[list].words; w->name; w++)
		if ((unsigned)w->value == v) {
			iec_note_number(l, column, v);
			return;
		}
	learn_add_any(l, column);
}

/* As proto/iec104/decide.c numbers them. */
static unsigned learned_state(const struct iec_object *o)
{
	if (o->value == IEC_STEP_COMMAND)
		return o->state + IEC_LOWER - 1u;
	return o->value == IEC_DOUBLE ? o->state - 1u : o->state;
}

/* Was exactly this selected just before? The last select of the talk is kept. */
static enum iec_select_mode selected(struct learn *l, const struct iec_asdu *a,
				     const struct iec_object *o)
{
	uint64_t *kept = learn_memory(l);
	uint64_t point = (uint64_t)a->type << 56 | (uint64_t)a->ca << 40 | (uint64_t)o->ioa << 8 |
			 (uint64_t)learned_state(o) << 4 | (o->qu & 15u) | UINT64_C(1) << 55;
	if (o->select || a->cause == IEC_DEACT) {
		*kept = point;
		return IEC_SELECT_REQUIRED;
	}
	bool is = *kept == point;
	*kept = 0;
	return is ? IEC_SELECT_REQUIRED : IEC_SELECT_OR_DIRECT;
}

static void iec_note_qualifiers(struct learn *l, unsigned by, const struct iec_object *o)
{
	if (by & IEC_BY_STATE) {
		iec_note_word(l, STATES, IEC_STATES, learned_state(o));
		iec_note_word(l, PULSES, IEC_PULSES, o->qu);
	}
	if (by & IEC_BY_QL)
		iec_note_number(l, SETPOINT_QUALIFIERS, o->qu);
	if (by & IEC_BY_QOI)
		iec_note_number(l, INTERROGATIONS, o->qualifier);
	if (by & IEC_BY_QCC) {
		iec_note_number(l, COUNTER_GROUPS, o->qualifier & 0x3f);
		iec_note_word(l, FREEZES, IEC_FREEZES, o->qualifier >> 6);
	}
	if (by & IEC_BY_QRP)
		iec_note_number(l, RESETS, o->qualifier);
	if (by & IEC_BY_PARAMETER)
		iec_note_number(l, PARAMETER_QUALIFIERS, o->qualifier);
	if (by & IEC_BY_SCQ)
		iec_note_word(l, FILE_CALLS, IEC_FILE_CALLS, o->qualifier);
}

static void iec_note_object(struct learn *l, const struct iec_asdu *a, const struct iec_object *o)
{
	unsigned by = iec_restrictions(a->type);
	if (by & IEC_BY_ADDRESS)
		iec_note_number(l, OBJECT_ADDRESSES, o->ioa);
	if (by & IEC_BY_FILE)
		iec_note_number(l, FILES, o->file);
	iec_note_qualifiers(l, by, o);
	if (by & IEC_BY_SELECT)
		iec_note_number(l, SELECT, selected(l, a, o));
	if (by & IEC_BY_BITS) {
		iec_note_number(l, BITSTRINGS, o->bits);
		iec_note_number(l, SELECT, IEC_SELECT_OR_DIRECT);
	}
	if (by & IEC_BY_NORMALISED)
		iec_note_number(l, NORMALISED, o->number / 32768.0);
	if (by & IEC_BY_SCALED)
		iec_note_number(l, SCALED, o->number);
	if (by & IEC_BY_FLOAT)
		iec_note_number(l, FLOATS, (double)o->real);
}

static void iec_learn_asdu(struct learn *l, const struct iec_asdu *a)
{
	struct iec_objects it;
	struct iec_object o;
	learn_request(l, policy_iec104_writes(a));
	learn_begin(l, iec_kind(a));
	iec_note_number(l, TYPES, a->type);
	iec_note_number(l, CAUSES, a->cause);
	iec_note_number(l, COMMON_ADDRESSES, a->ca);
	if (a->test)
		iec_note_number(l, TEST, 1);
	iec104_objects(&it, a);
	while (iec104_next_object(&it, &o))
		iec_note_object(l, a, &o);
	learn_keep(l);
}

/* ---- the link ---- */

/* In the second number that is kept: what each end sent last and confirmed last, 16 bits each, of
 * which the highest says that it is known. */
static unsigned kept_number(struct learn *l, unsigned at)
{
	return learn_memory(l)[1] >> 16 * at & 0xffff;
}

static void keep_number(struct learn *l, unsigned at, unsigned v)
{
	uint64_t *kept = &learn_memory(l)[1];
	*kept = (*kept & ~(UINT64_C(0xffff) << 16 * at)) | (uint64_t)(v | IEC_SEQ) << 16 * at;
}

static void learn_numbers(struct learn *l, const struct iec_apci *a, bool from_server,
			  bool controlled)
{
	unsigned sent = from_server ? 1 : 0, confirmed = from_server ? 3 : 2,
		 by_other = 5 - confirmed;
	if (a->format == IEC_I) {
		if (controlled && !kept_number(l, sent) && a->ns == 1)
			learn_setting(l, LEARN_TOLERANCES, TOLERATE, 1);
		unsigned ahead = iec_seq_ahead((uint16_t)(kept_number(l, by_other) & (IEC_SEQ - 1)),
					       (uint16_t)((a->ns + 1) & (IEC_SEQ - 1)));
		if (kept_number(l, by_other) && ahead > IEC_K_DEFAULT && ahead < IEC_SEQ / 2)
			learn_setting(l, LEARN_TOLERANCES, UNACKNOWLEDGED, ahead);
		keep_number(l, sent, a->ns);
	}
	if (a->format != IEC_U)
		keep_number(l, confirmed, a->nr);
	else if (a->u == IEC_STARTDT_ACT) /* a connection begins, and its numbers with it */
		learn_memory(l)[0] = learn_memory(l)[1] = 0;
}

/* Commands from the side that listens, or reports from the other: the master is at the other end.
 */
static bool shows_turned(const struct event *ev, const struct iec_msg *m)
{
	if (ev->reason != R_DNP_DIRECTION)
		return false;
	if (m->apci.format == IEC_U)
		return ev->response == (m->apci.u == IEC_STARTDT_ACT);
	return m->has_asdu;
}

/* Frames pass where there is any entry. A read changes nothing. */
static void learn_any_frame(struct learn *l)
{
	static const struct learn_number v[] = { { TYPES, IEC_C_RD_NA_1 },
						 { CAUSES, IEC_REQUEST },
						 { COMMON_ADDRESSES, 1 },
						 { OBJECT_ADDRESSES, 0 } };
	learn_fill(l, LEARN_FOR_ANY, v, sizeof(v) / sizeof(v[0]));
}

static bool iec_learn(struct learn *l, const struct event *ev, const void *of)
{
	const struct iec_msg *m = of;
	bool controlling = (ev->response != 0) == learn_turned(l);
	if (!learn_turned(l) && shows_turned(ev, m))
		learn_is_turned(l);
	if (ev->reason != R_NONE)
		return false;
	learn_any_frame(l);
	learn_numbers(l, &m->apci, ev->response, !controlling);
	if (controlling && m->has_asdu)
		iec_learn_asdu(l, &m->asdu);
	return true;
}

/* clang-format off */
#define EVERYTHING(master) \
	master "unacknowledged = 32767; tolerate = [ \"first-number-one\" ]; allow = (" \
	"{ types = [ \"system\", \"C_TS_NA_1\", \"C_TS_TA_1\", \"C_RP_NA_1\", \"C_CD_NA_1\" ]; causes = \"any\";" \
	" test_bit = true; common_addresses = [ \"1-65534\", \"65535\" ]; object_addresses = \"any\";" \
	" interrogations = \"any\"; counter_groups = \"any\"; freezes = \"any\"; resets = \"any\"; }," \
	"{ types = [ \"command\", \"setpoint\", \"parameter\", \"file\" ]; causes = \"any\"; test_bit = true;" \
	" common_addresses = \"any\"; object_addresses = \"any\"; select_before_operate = \"direct\"; states = \"any\";" \
	" pulses = \"any\"; bitstrings = \"any\"; normalised_values = \"any\"; scaled_values = \"any\";" \
	" float_values = \"any\"; setpoint_qualifiers = \"any\"; parameter_qualifiers = \"any\"; files = \"any\";" \
	" file_calls = \"any\"; } );"
/* clang-format on */

const struct learn_ops learn_iec104 = {
	.asks = "masters",
	.answers = "stations",
	.asset_asks = "master",
	.asset_answers = "station",
	.columns = columns,
	.settings = settings,
	.n_columns = COLUMNS_N,
	.n_settings = SETTINGS_N,
	.everything = { EVERYTHING(""), EVERYTHING("master = \"server\"; ") },
	.least = "allow = ( { types = [ \"C_RD_NA_1\" ]; causes = [ \"request\" ]; "
		 "common_addresses = 1; object_addresses = 0; } );",
	.turned = "master = \"server\";",
	.observe = iec_learn,
};
