/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104 in the data path: each APDU by itself. */
#include "inspect/internal.h"
#include "proto/iec104/facts.h"
#include "proto/iec104/policy.h"

static void fill(const struct pass *c, struct event *ev, const void *of)
{
	const struct iec_msg *m = of;
	(void)c;
	ev->proto = PROTO_IEC104;
	*EV_IEC104(ev) = (struct ev_iec104){
		.format = m->apci.format, .u = m->apci.u, .has_asdu = m->has_asdu, .type = m->asdu.type,
		.n = m->asdu.n, .cause = m->asdu.cause, .ca = m->asdu.ca, .ioa = m->asdu.ioa,
	};
}

static struct judged judge(struct pass *c, const uint8_t *p, size_t n)
{
	struct iec_msg *m = pass_message(c);
	uint16_t rule = 0xffff;
	enum reason why = iec104_parse(p, n, c->dir == 0 ? IEC_CONTROLLING : IEC_CONTROLLED, m);
	if (why == R_NONE && c->dir == 0 && c->pol) {
		struct iec_decision d = policy_iec104(c->in->img, c->pol, m);
		why = d.reason == R_NONE && d.select_first ? R_DNP_NOT_SELECTED : d.reason;
		rule = d.rule;
	}
	return (struct judged){ .why = why, .len = n, .rule = rule, .fill = fill, .of = m, .msg = m };
}

const struct proto_ops proto_iec104 = {
	.holds = true, .message = sizeof(struct iec_msg), .frame = iec104_frame, .judge = judge,
};
