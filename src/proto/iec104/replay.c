/* SPDX-License-Identifier: MIT
 * An APDU as replay prints it. */
#include <stdio.h>

#include "proto/iec104/wire.h"
#include "zonectl/replay.h"

static void json(json_t *o, const struct event *ev, const void *of)
{
	const struct iec_msg *m = of;
	(void)ev;
	replay_put(o, "type", m->has_asdu, m->asdu.type);
	replay_put(o, "objects", m->has_asdu, m->asdu.n);
	replay_put(o, "cause", m->has_asdu, m->asdu.cause);
	replay_put(o, "common_address", m->has_asdu, m->asdu.ca);
	replay_put(o, "ioa", m->has_asdu, m->asdu.ioa);
}

static void text(const struct event *ev, const void *of)
{
	const struct iec_msg *m = of;
	(void)ev;
	printf(" %s", iec104_apci_name(&m->apci));
	if (m->has_asdu)
		printf(" type=%u objects=%u cause=%u common_address=%u ioa=%u", m->asdu.type, m->asdu.n, m->asdu.cause,
		       m->asdu.ca, m->asdu.ioa);
}

const struct replay_ops replay_iec104 = { .json = json, .text = text };
