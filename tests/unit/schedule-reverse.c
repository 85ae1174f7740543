/* SPDX-License-Identifier: MIT
 *
 * Schedules in which the gate forgets a connection that its ends still have, while a conduit
 * permits the way back: whatever comes next, the server reads nothing that the policy of the
 * connection as it was opened refuses.
 */
#include <stdlib.h>

#include "schedule-sim.h"

enum { DAY_NS_SHIFT = 47 }; /* a day and a half */

/* It reaches the gate, and expires behind it. */
static void expires(struct sim *s, int from, const struct segment *g)
{
	if (s->before[from].n == WIRE_MAX)
		return;
	schedule_put(s, from, g);
	unsigned was = s->behind[from].n;
	schedule_gate(s, from, s->before[from].n - 1);
	s->behind[from].n = was;
}

void schedule_forget(struct sim *s, const struct step *t)
{
	int from = t->a & 1;
	const struct end *e = &s->end[from];
	uint32_t next = e->isn + 1 + e->top, other = e->isn ^ (uint32_t)(t->c + 1) << 20;
	s->attacked = true;
	switch (t->b % 7) {
	case 0:
		expires(s, from, &(struct segment){ .flags = TCP_RST, .seq = next });
		break;
	case 1:
		expires(s, from, &(struct segment){ .flags = TCP_RST | TCP_ACK, .seq = next });
		break;
	case 2: /* opens again, with other numbers */
		expires(s, from, &(struct segment){ .flags = TCP_SYN, .seq = other });
		break;
	case 3:
		expires(s, from, &(struct segment){ .flags = TCP_SYN, .seq = other });
		expires(s, !from,
			&(struct segment){ .flags = TCP_SYN | TCP_ACK, .seq = s->end[!from].isn });
		break;
	case 4:
		expires(s, from, &(struct segment){ .flags = TCP_FIN | TCP_ACK, .seq = next });
		expires(s, !from,
			&(struct segment){ .flags = TCP_FIN | TCP_ACK,
					   .seq = s->end[!from].isn + 1 + s->end[!from].top });
		break;
	case 5:
		s->now += UINT64_C(1) << DAY_NS_SHIFT;
		inspect_tick(s->in, s->now, s->now, &s->out);
		break;
	default: /* restarted */
		schedule_new_gate(s);
		break;
	}
}
