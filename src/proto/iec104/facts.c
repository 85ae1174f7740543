/* SPDX-License-Identifier: MIT
 * The facts of an APDU as named fields. */
#include "proto/iec104/facts.h"

#include "proto/iec104/wire.h"
#include "record/facts.h"

static const char *title(const struct event *ev)
{
	const struct ev_iec104 *e = EV_IEC104(ev);
	const struct iec_type *type = e->has_asdu ? iec_type(e->type) : NULL;
	struct iec_apci a = { .format = e->format, .u = e->u };
	return type ? type->name : iec104_apci_name(&a);
}

static void each(const struct event *ev, const struct fact_sink *to)
{
	const struct ev_iec104 *e = EV_IEC104(ev);
	if (!e->has_asdu)
		return;
	to->num(to->ctx, "type", e->type);
	to->num(to->ctx, "objects", e->n);
	to->num(to->ctx, "cause", e->cause);
	to->num(to->ctx, "common_address", e->ca);
	to->num(to->ctx, "ioa", e->ioa);
}

static uint64_t key(const struct event *ev)
{
	const struct ev_iec104 *e = EV_IEC104(ev);
	return (uint64_t)e->format << 40 | (uint64_t)e->u << 32 | (uint64_t)e->type << 24 | (uint64_t)e->cause << 16 | e->ca;
}

const struct fact_ops facts_iec104 = { .title = title, .each = each, .key = key };
