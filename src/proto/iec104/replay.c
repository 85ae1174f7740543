/* SPDX-License-Identifier: MIT
 * Fields that replay prints of an APDU besides its facts. */
#include "base/sb.h"
#include "proto/iec104/wire-objects.h"
#include "zonectl/replay.h"

enum { OBJECTS_TEXT = 8192 }; /* an ASDU has room for no more */

/* Its address, and what its element says: state, number or bits; q quality or qualifier; s select.
 */
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
	static _Thread_local char text[OBJECTS_TEXT];
	struct sb b = sb_init(text, sizeof(text));
	struct iec_objects it;
	struct iec_object o;
	text[0] = '\0';
	iec104_objects(&it, a);
	while (iec104_next_object(&it, &o))
		put_object(&b, &o);
	return text;
}

static void iec_each_replayed(const struct event *ev, const void *of, const struct fact_sink *to)
{
	const struct iec_msg *m = of;
	const char *objects = m->has_asdu ? iec_objects_text(&m->asdu) : "";
	(void)ev;
	if (*objects)
		to->word(to->ctx, "objects", objects);
}

const struct replay_ops replay_iec104 = { .each = iec_each_replayed };
