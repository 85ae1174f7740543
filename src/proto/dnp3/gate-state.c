/* SPDX-License-Identifier: MIT
 * The requests of a DNP3 connection that may still be answered. */
#include "proto/dnp3/gate.h"

#include <string.h>

/* The slot of the same question, else a free one, else the oldest. */
void dnp_ask(struct dnp_asked v[DNP_ASKED_MAX], const struct dnp_asked *what)
{
	struct dnp_asked *to = &v[0];
	for (size_t i = 0; i < DNP_ASKED_MAX; i++) {
		bool same = v[i].at_ns && v[i].src == what->src && v[i].dst == what->dst &&
			    v[i].seq == what->seq && v[i].uns == what->uns;
		if (same) {
			to = &v[i];
			break;
		}
		if (v[i].at_ns < to->at_ns)
			to = &v[i];
	}
	*to = *what;
}

struct dnp_asked *dnp_asked_by(struct dnp_asked v[DNP_ASKED_MAX], const struct dnp_msg *m,
			       uint64_t now)
{
	for (size_t i = 0; i < DNP_ASKED_MAX; i++) {
		struct dnp_asked *a = &v[i];
		/* a master that does not know the address uses that of all stations (clause 9) */
		bool whom = a->dst == m->link.src || a->dst == DNP_ADDR_SELF;
		if (a->at_ns && now - a->at_ns <= DNP_WAIT_NS && a->src == m->link.dst && whom &&
		    a->seq == m->app.seq && a->uns == (m->app.func == 0 && m->app.uns))
			return a;
	}
	return NULL;
}

bool dnp_waits(const struct dnp_asked *request, uint64_t now)
{
	return request->at_ns && !request->answered && now - request->at_ns <= DNP_BUSY_NS;
}

unsigned dnp_outstanding(const struct dnp_asked v[DNP_ASKED_MAX], uint16_t src, uint16_t dst,
			 uint64_t now)
{
	unsigned n = 0;
	for (size_t i = 0; i < DNP_ASKED_MAX; i++)
		n += v[i].src == src && v[i].dst == dst && dnp_waits(&v[i], now);
	return n;
}

struct dnp_pair *dnp_pair(struct dnp_state *s, uint16_t master, uint16_t outstation, uint64_t now)
{
	struct dnp_pair *to = &s->pairs[0];
	for (size_t i = 0; i < DNP_PAIRS_MAX; i++) {
		struct dnp_pair *p = &s->pairs[i];
		if (p->at_ns && p->master == master && p->outstation == outstation) {
			p->at_ns = now;
			return p;
		}
		if (p->at_ns < to->at_ns)
			to = p;
	}
	*to = (struct dnp_pair){ .at_ns = now, .master = master, .outstation = outstation };
	return to;
}
