/* SPDX-License-Identifier: MIT
 * An APDU as replay prints it. */
#include <stdio.h>

#include "proto/iec104/wire.h"
#include "zonectl/replay.h"

static void json(json_t *o, const struct event *ev, const void *of)
{
	static const char *const formats[] = { "I", "S", "U" };
	const struct iec_msg *m = of;
	const struct iec_apci *c = &m->apci;
	const struct iec_asdu *a = &m->asdu;
	(void)ev;
	json_object_set_new(o, "format", json_string(formats[c->format]));
	if (c->format == IEC_U)
		json_object_set_new(o, "function", json_string(iec104_apci_name(c)));
	replay_put(o, "ns", c->format == IEC_I, c->ns);
	replay_put(o, "nr", c->format != IEC_U, c->nr);
	replay_put(o, "type", m->has_asdu, a->type);
	replay_put(o, "sq", m->has_asdu && a->sq, 1);
	replay_put(o, "n", m->has_asdu, a->n);
	replay_put(o, "cause", m->has_asdu, a->cause);
	replay_put(o, "negative", m->has_asdu && a->negative, 1);
	replay_put(o, "test", m->has_asdu && a->test, 1);
	replay_put(o, "oa", m->has_asdu, a->oa);
	replay_put(o, "ca", m->has_asdu, a->ca);
	replay_put(o, "ioa", m->has_asdu, a->ioa);
}

static void text(const struct event *ev, const void *of)
{
	const struct iec_msg *m = of;
	(void)ev;
	printf(" %s", iec104_apci_name(&m->apci));
	if (m->has_asdu)
		printf(" type=%u n=%u cause=%u ca=%u ioa=%u", m->asdu.type, m->asdu.n, m->asdu.cause, m->asdu.ca,
		       m->asdu.ioa);
}

const struct replay_ops replay_iec104 = { .json = json, .text = text };
