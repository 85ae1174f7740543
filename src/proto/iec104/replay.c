/* SPDX-License-Identifier: MIT
 * APDUs as replay prints them. */
#include <stdio.h>

#include "base/sb.h"
#include "proto/iec104/wire-objects.h"
#include "zonectl/replay.h"

enum { OBJECTS_TEXT = 8192 };	/* an ASDU has room for no more */

/* Its address, and what its element says: state, number or bits; q quality or qualifier; s select. */
static void put_object(struct sb *b, const struct iec_object *o)
{
	sb_printf(b, "%s%u", b->len ? ";" : "", o->ioa);
	if (o->value == IEC_FLOAT)
		sb_printf(b, "=%.9g", (double)o->real);
	else if (o->value == IEC_NORMALISED)
		sb_printf(b, "=%.9g", o->number / 32768.0);
	else if (o->value == IEC_BITSTRING || o->value == IEC_PROTECTION || o->value == IEC_STATUS)
		sb_printf(b, "=%08x", o->bits);
	else if (o->value == IEC_SINGLE || o->value == IEC_DOUBLE || o->value == IEC_STEP_COMMAND)
		sb_printf(b, "=%u", o->state);
	else if (o->value == IEC_FILE_PART)
		sb_printf(b, "=%u/%u/%u", o->file, o->section, o->length);
	else if (o->value != IEC_NO_VALUE)
		sb_printf(b, "=%d", o->number);
	if (o->quality || o->qualifier)
		sb_printf(b, "q%02x", (unsigned)(o->quality | o->qualifier));
	if (o->select)
		sb_printf(b, "s");
}

static const char *iec_objects_text(const struct iec_asdu *a)
{
	static char text[OBJECTS_TEXT];
	struct sb b = sb_init(text, sizeof(text));
	struct iec_objects it;
	struct iec_object o;
	text[0] = '\0';
	iec104_objects(&it, a);
	while (iec104_next_object(&it, &o))
		put_object(&b, &o);
	return text;
}

static void iec_asdu_json(json_t *o, const struct iec_asdu *a)
{
	const struct iec_type *t = iec_type(a->type);
	const struct iec_cause *cause = iec_cause(a->cause);
	replay_put(o, "type", true, a->type);
	if (t)
		json_object_set_new(o, "type_name", json_string(t->name));
	replay_put(o, "cause", true, a->cause);
	if (cause)
		json_object_set_new(o, "cause_name", json_string(cause->brief));
	replay_put(o, "negative", a->negative, 1);
	replay_put(o, "test", a->test, 1);
	replay_put(o, "oa", true, a->oa);
	replay_put(o, "ca", true, a->ca);
	replay_put(o, "ioa", true, a->ioa);
	replay_put(o, "n", true, a->n);
	replay_put(o, "sq", a->sq, 1);
	json_object_set_new(o, "objects", json_string(iec_objects_text(a)));
}

static void iec_json(json_t *o, const struct event *ev, const void *of)
{
	static const char *const formats[] = { [IEC_I] = "I", [IEC_S] = "S", [IEC_U] = "U" };
	const struct iec_msg *m = of;
	(void)ev;
	json_object_set_new(o, "format", json_string(formats[m->apci.format]));
	if (m->apci.format == IEC_U)
		json_object_set_new(o, "function", json_string(iec104_apci_name(&m->apci)));
	replay_put(o, "ns", m->apci.format == IEC_I, m->apci.ns);
	replay_put(o, "nr", m->apci.format != IEC_U, m->apci.nr);
	if (m->has_asdu)
		iec_asdu_json(o, &m->asdu);
}

static void iec_asdu_text(const struct iec_asdu *a)
{
	const struct iec_type *t = iec_type(a->type);
	const struct iec_cause *cause = iec_cause(a->cause);
	printf(" type=%u(%s) cause=%u(%s)%s%s oa=%u ca=%u ioa=%u n=%u%s objects=%s", a->type, t ? t->name : "reserved",
	       a->cause, cause ? cause->brief : "reserved", a->negative ? " negative" : "", a->test ? " test" : "", a->oa,
	       a->ca, a->ioa, a->n, a->sq ? " sq" : "", iec_objects_text(a));
}

static void iec_text(const struct event *ev, const void *of)
{
	const struct iec_msg *m = of;
	(void)ev;
	printf(" %s", iec104_apci_name(&m->apci));
	if (m->apci.format == IEC_I)
		printf(" ns=%u", m->apci.ns);
	if (m->apci.format != IEC_U)
		printf(" nr=%u", m->apci.nr);
	if (m->has_asdu)
		iec_asdu_text(&m->asdu);
}

const struct replay_ops replay_iec104 = { .json = iec_json, .text = iec_text };
