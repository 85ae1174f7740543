/* SPDX-License-Identifier: MIT
 * Commands of IEC 60870-5-104 from words: one ASDU with one object, behind a STARTDT that the
 * station confirms, and with "selected" behind a select of the same that it confirms. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "proto/iec104/explain.h"

enum { QOI_STATION = 20, QCC_GENERAL = 5, QRP_GENERAL = 1, SELECT = 0x80, TEST_PATTERN = 0x55aa };

struct said {
	const struct explain_words *w;
	const struct iec_type *t;
	uint64_t ca, ioa, oa, pulse, qualifier;
	bool has_ca, has_ioa, has_oa, has_pulse, has_qualifier, has_value, select, selected;
	const struct iec_cause *cause;
	double value;
};

static const struct iec_type *type_said(const struct explain_words *w)
{
	const char *names[128];
	size_t n = 0;
	const struct iec_type *t = iec_type_by_name(w->v[0]);
	if (t && t->causes[IEC_CONTROLLING])
		return t;
	for (size_t i = 0; i < iec_types_n && n < 128; i++)
		if (iec_types[i].causes[IEC_CONTROLLING])
			names[n++] = iec_types[i].name;
	const char *near = name_nearest(w->v[0], names, n);
	explain_complain(w, 0, "there is no type \"%s\" of a command%s%s%s", w->v[0],
			 near ? "; did you mean \"" : "; zoned-model(5) lists them",
			 near ? near : "", near ? "\"?" : "");
	return NULL;
}

/* off, on, lower and higher stand for the numbers that the type has for them. */
static bool state_named(const struct iec_type *t, const char *word, double *v)
{
	static const char *const names[] = { "off", "on", "lower", "higher" };
	for (int i = 0; i < 4; i++) {
		if (strcmp(names[i], word) != 0)
			continue;
		*v = t->value == IEC_STEP_COMMAND ? i - 1 : t->value == IEC_DOUBLE ? i + 1 : i;
		return (t->value == IEC_STEP_COMMAND) == (i > 1);
	}
	return false;
}

static void read_value(struct said *s, size_t i)
{
	char *end = NULL;
	const char *word = i < s->w->n ? s->w->v[i] : "";
	s->has_value = *word && state_named(s->t, word, &s->value);
	if (*word && !s->has_value) {
		s->value = strtod(word, &end);
		s->has_value = !*end;
	}
	if (!s->has_value)
		explain_complain(s->w, i,
				 "\"%s\" is no value; write a number, off, on, lower or higher",
				 word);
}

static size_t iec_read_word(struct said *s, size_t i)
{
	const struct explain_named numbers[] = {
		{ "ca", &s->ca, &s->has_ca, 65535 },
		{ "ioa", &s->ioa, &s->has_ioa, IEC_IOA_MAX },
		{ "oa", &s->oa, &s->has_oa, 255 },
		{ "pulse", &s->pulse, &s->has_pulse, 31 },
		{ "qualifier", &s->qualifier, &s->has_qualifier, 255 },
	};
	const char *word = s->w->v[i];
	const struct explain_named *named =
		explain_named(numbers, sizeof(numbers) / sizeof(numbers[0]), word);
	if (named) {
		*named->has = explain_number(s->w, i + 1, named->max, named->to);
		return 2;
	}
	if (strcmp(word, "=") == 0) {
		read_value(s, i + 1);
		return 2;
	}
	if (strcmp(word, "cause") == 0) {
		s->cause = i + 1 < s->w->n ? iec_cause_by_name(s->w->v[i + 1]) : NULL;
		if (!s->cause)
			explain_complain(s->w, i + 1,
					 "there is no such cause; zoned-model(5) lists "
					 "them");
		return 2;
	}
	s->select |= strcmp(word, "select") == 0;
	s->selected |= strcmp(word, "selected") == 0;
	if (strcmp(word, "select") != 0 && strcmp(word, "selected") != 0)
		explain_complain(s->w, i, "\"%s\" is not expected here", word);
	return 1;
}

static bool is_complete(const struct said *s, size_t before)
{
	const struct iec_type *t = s->t;
	bool value = t->class & (IEC_COMMAND | IEC_SETPOINT);
	if (!value && t->class != IEC_SYSTEM)
		explain_complain(s->w, 0,
				 "%s cannot be written in words; give the message with --hex",
				 t->name);
	if (!s->has_ca)
		explain_complain(s->w, 0, "write ca N, the common address");
	if (iec_has_address(t->number) != s->has_ioa)
		explain_complain(s->w, 0,
				 s->has_ioa ? "%s has no object address"
					    : "%s needs ioa N, the object address",
				 t->name);
	if (value != s->has_value)
		explain_complain(s->w, 0, value ? "%s needs = VALUE" : "%s has no value", t->name);
	if (!t->select && (s->select || s->selected))
		explain_complain(s->w, 0, "%s cannot be selected", t->name);
	return s->w->errs->total == before;
}

/* ---- octets ---- */

/* The first of January 2026, midnight. */
static void put_time(struct explain_octets *o)
{
	explain_put_le(o, 0, 4);
	explain_put_le(o, 1, 1);
	explain_put_le(o, 1, 1);
	explain_put_le(o, 26, 1);
}

static void put_setpoint(struct explain_octets *o, const struct said *s)
{
	float f = (float)s->value;
	uint32_t bits;
	memcpy(&bits, &f, sizeof(bits));
	double scaled = s->t->value == IEC_NORMALISED ? s->value * 32768.0 : s->value;
	scaled = scaled > 32767.0 ? 32767.0 : scaled < -32768.0 ? -32768.0 : scaled;
	if (s->t->value == IEC_FLOAT)
		explain_put_le(o, bits, 4);
	else
		explain_put_le(o, (uint64_t)(int64_t)scaled, 2);
}

static void put_element(struct explain_octets *o, const struct said *s, bool select)
{
	unsigned se = select ? SELECT : 0;
	switch (s->t->value) {
	case IEC_SINGLE:
	case IEC_DOUBLE:
	case IEC_STEP_COMMAND:
		explain_put_le(o, ((unsigned)s->value & 3) | (unsigned)(s->pulse << 2) | se, 1);
		break;
	case IEC_NORMALISED:
	case IEC_SCALED:
	case IEC_FLOAT:
		put_setpoint(o, s);
		explain_put_le(o, s->qualifier | se, 1);
		break;
	case IEC_BITSTRING:
		explain_put_le(o, (uint64_t)s->value, 4);
		break;
	default:
		break;
	}
	if (s->t->time)
		put_time(o);
}

/* Those of the system have elements of their own. */
static void put_system(struct explain_octets *o, const struct said *s)
{
	switch (s->t->number) {
	case IEC_C_IC_NA_1:
		explain_put_le(o, s->has_qualifier ? s->qualifier : QOI_STATION, 1);
		break;
	case IEC_C_CI_NA_1:
		explain_put_le(o, s->has_qualifier ? s->qualifier : QCC_GENERAL, 1);
		break;
	case IEC_C_RP_NA_1:
		explain_put_le(o, s->has_qualifier ? s->qualifier : QRP_GENERAL, 1);
		break;
	case IEC_C_TS_NA_1:
		explain_put_le(o, TEST_PATTERN, 2);
		break;
	case IEC_C_CS_NA_1:
		put_time(o);
		break;
	case IEC_C_TS_TA_1:
		explain_put_le(o, 0, 2);
		put_time(o);
		break;
	case IEC_C_CD_NA_1:
		explain_put_le(o, 0, 2);
		break;
	default:
		break;
	}
}

static bool add_asdu(struct explain_message *out, const struct said *s, bool answer, unsigned cause,
		     bool select)
{
	static const unsigned numbers[] = { 0, 1 };
	struct explain_octets o = { .n = 0 };
	unsigned sent = numbers[s->selected && !select && !answer], got = answer || sent;
	explain_put_le(&o, IEC_START, 1);
	explain_put_le(&o, 0, 1);
	explain_put_le(&o, sent << 1, 2);
	explain_put_le(&o, got << 1, 2);
	explain_put_le(&o, s->t->number, 1);
	explain_put_le(&o, 1, 1);
	explain_put_le(&o, cause, 1);
	explain_put_le(&o, s->oa, 1);
	explain_put_le(&o, s->ca, 2);
	explain_put_le(&o, s->ioa, 3);
	if (s->t->class == IEC_SYSTEM)
		put_system(&o, s);
	else
		put_element(&o, s, select);
	o.b[1] = (uint8_t)(o.n - 2);
	return explain_add(out, answer, &o);
}

static bool add_u_frame(struct explain_message *out, bool answer, enum iec_u u)
{
	const struct explain_octets o = { { IEC_START, IEC_LEN_MIN, (uint8_t)u }, IEC_APCI };
	return explain_add(out, answer, &o);
}

bool iec_compose(const struct explain_words *w, struct explain_message *out)
{
	size_t before = w->errs->total;
	struct said s = { .w = w, .t = type_said(w) };
	if (!s.t)
		return false;
	for (size_t i = 1; i < w->n;)
		i += iec_read_word(&s, i);
	if (w->errs->total != before || !is_complete(&s, before))
		return false;
	unsigned cause = s.cause			? s.cause->number
			 : s.t->number == IEC_C_RD_NA_1 ? IEC_REQUEST
							: IEC_ACT;
	bool good =
		add_u_frame(out, false, IEC_STARTDT_ACT) && add_u_frame(out, true, IEC_STARTDT_CON);
	if (good && s.selected)
		good = add_asdu(out, &s, false, IEC_ACT, true) &&
		       add_asdu(out, &s, true, IEC_ACTCON, true);
	return good && add_asdu(out, &s, false, cause, s.select);
}

/* ---- of a record ---- */

bool iec_record_words(const struct explain_record *r, FILE *f)
{
	char text[24];
	const char *name = explain_field(r, "type_name", text, sizeof(text));
	const struct iec_type *t = name ? iec_type_by_name(name) : NULL;
	bool value = t && t->class & (IEC_COMMAND | IEC_SETPOINT);
	if (!t || !t->causes[IEC_CONTROLLING] || (!value && t->class != IEC_SYSTEM))
		return false;
	fputs(t->name, f);
	explain_put_field(r, f, "ca", "ca ");
	explain_put_field(r, f, "oa", "oa ");
	explain_put_field(r, f, "cause_name", "cause ");
	if (iec_has_address(t->number))
		explain_put_field(r, f, "ioa", "ioa ");
	if (value)
		explain_put_field(r, f, "value", "= ");
	explain_put_field(r, f, "qualifier", t->class & IEC_COMMAND ? "pulse " : "qualifier ");
	const char *phase = explain_field(r, "phase", text, sizeof(text));
	if (phase && strcmp(phase, "select") == 0)
		fputs(" select", f);
	return true;
}
