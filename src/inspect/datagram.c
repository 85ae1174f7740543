/* SPDX-License-Identifier: MIT
 * A datagram of a connection that is inspected. */
#include "inspect/internal.h"

enum { DATAGRAM_MESSAGES = 64 };

/* A datagram: whole messages, judged one by one; it goes on as it is or not at all. */
struct action on_datagram(struct pass *c)
{
	const struct proto_ops *ops = proto_of(c->f->proto);
	const struct packet *p = &c->pkt;
	bool passes = true;
	size_t at = 0;
	unsigned copies = 0, i;
	if (c->f->state != CONN_OPEN)
		turn(c, CONN_OPEN);
	for (i = 0; at < p->len; i++) {
		enum reason why = R_NONE;
		int len = ops->frame(p->data + at, p->len - at, &why);
		if (len <= 0 || (size_t)len > p->len - at || i == DATAGRAM_MESSAGES) {
			if (ops->lost)
				ops->lost(c);
			return act_refuse(len < 0			      ? why
					  : len && (size_t)len <= p->len - at ? R_LENGTH
									      : R_TRUNCATED);
		}
		enum fate fate = judge_message(c, p->data + at, (size_t)len);
		copies += fate == FATE_COPY;
		passes &= fate == FATE_PASSES;
		at += (size_t)len;
	}
	if (passes)
		connection_used(&c->in->connections, c->f, c->raw->now_ns);
	if (passes && c->dir == 1)
		room_answered(c);
	if (!passes && copies < i && ops->lost) /* a mere copy takes nothing with it */
		ops->lost(c);
	return act_send(passes ? SEND_DATAGRAM : SEND_NOTHING);
}
