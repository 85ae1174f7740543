/* SPDX-License-Identifier: MIT
 * The facts of an APDU as named fields. */
#include "proto/iec104/facts.h"

#include <stdio.h>

#include "proto/iec104/facts-expected.h"
#include "proto/iec104/wire.h"
#include "record/facts.h"

static const char *type_name(const struct ev_iec104 *e)
{
	const struct iec_type *t = iec_type(e->type);
	return t ? t->name : "reserved";
}

/* One of the six. */
static bool has_function(const struct iec_apci *a)
{
	return iec104_apci_name(a)[0] != '?';
}

static const char *iec_title(const struct event *ev)
{
	const struct ev_iec104 *e = EV_IEC104(ev);
	const struct iec_type *t = e->has & EVI_ASDU ? iec_type(e->type) : NULL;
	const struct iec_apci a = { .format = e->format, .u = e->u };
	if (t)
		return t->title;
	if (e->format == IEC_U)
		return has_function(&a) ? iec104_apci_name(&a) : "U frame";
	return e->format == IEC_S ? "S frame" : "I frame";
}

static void put_asdu(const struct ev_iec104 *e, const struct fact_sink *to)
{
	const struct iec_cause *cause = iec_cause(e->cause);
	char text[32];
	to->num(to->ctx, "type", e->type);
	to->word(to->ctx, "type_name", type_name(e));
	to->num(to->ctx, "cause", e->cause);
	to->word(to->ctx, "cause_name", cause ? cause->brief : "reserved");
	if (e->negative)
		to->num(to->ctx, "negative", 1);
	if (e->test)
		to->num(to->ctx, "test", 1);
	to->num(to->ctx, "oa", e->oa);
	to->num(to->ctx, "ca", e->ca);
	to->num(to->ctx, "ioa", e->ioa);
	to->num(to->ctx, "n", e->n);
	if (e->sq)
		to->num(to->ctx, "sq", 1);
	if (e->has & EVI_SELECT)
		to->word(to->ctx, "phase", e->select ? "select" : "execute");
	if (e->has & EVI_QUALIFIER)
		to->num(to->ctx, "qualifier", e->qualifier);
	if (e->has & EVI_VALUE) {
		snprintf(text, sizeof(text), "%.10g", e->value);
		to->word(to->ctx, "value", text);
	}
}

static void iec_each(const struct event *ev, const struct fact_sink *to)
{
	static const char *const formats[] = { [IEC_I] = "I", [IEC_S] = "S", [IEC_U] = "U" };
	const struct ev_iec104 *e = EV_IEC104(ev);
	const struct iec_apci a = { .format = e->format, .u = e->u };
	to->word(to->ctx, "format", e->format <= IEC_U ? formats[e->format] : "?");
	if (e->format == IEC_U && has_function(&a))
		to->text(to->ctx, "function", iec104_apci_name(&a));
	if (e->format == IEC_I)
		to->num(to->ctx, "ns", e->ns);
	if (e->format != IEC_U)
		to->num(to->ctx, "nr", e->nr);
	if (e->has & EVI_ASDU)
		put_asdu(e, to);
}

/* Format and function, type, cause and both addresses: other values of one point are one record. */
static uint64_t iec_key(const struct event *ev)
{
	const struct ev_iec104 *e = EV_IEC104(ev);
	uint64_t head = (uint64_t)(e->format & 3) << 62 | (uint64_t)(e->has & EVI_ASDU) << 61;
	if (!(e->has & EVI_ASDU))
		return head | e->u;
	return head | (uint64_t)(e->select & 1) << 60 | (uint64_t)(e->cause & 63) << 48 |
	       ((uint64_t)e->type << 40 ^ (uint64_t)e->ca << 24) | (e->ioa & IEC_IOA_MAX);
}

const struct fact_ops facts_iec104 = {
	.title = iec_title, .each = iec_each, .expected = iec_expected, .key = iec_key
};
