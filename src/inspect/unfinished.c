/* SPDX-License-Identifier: MIT
 *
 * Messages that were begun and never finished. Nothing judges them, so at least
 * there is a record of each: when the rest did not come in time, when the end
 * that sent it (FIN) or the connection (RST, by us too) is at its end, when new
 * ones begin on the same ports, and when the connection is forgotten.
 */
#include <netinet/in.h>

#include "inspect/internal.h"

struct event connection_event(struct inspect *in, struct connection *f, int dir, enum reason why)
{
	const struct pol_flow *pol = policy_of(in, f);
	return (struct event){
		.time_ns = in->wall_ns,
		.generation = in->img ? in->img->generation : 0,
		.kind = EV_VIOLATION,
		.verdict = (uint8_t)stance_verdict(inspect_stance(in, pol), V_RESET),
		.reason = (uint16_t)why,
		.flow_id = f->flow_id,
		.rule = 0xffff,
		.l4 = IPPROTO_TCP,
		.response = dir == 1,
		.src = dir ? f->server : f->client,
		.dst = dir ? f->client : f->server,
		.sport = dir ? f->sport : f->cport,
		.dport = dir ? f->cport : f->sport,
		.in = f->fast.way[dir][0],
		.out = f->fast.way[dir][1],
	};
}

void count_connection(struct inspect *in, const struct pol_flow *pol, const struct event *ev)
{
	judge_count(in, pol, ev->response,
		    (struct count_of){ .unit = COUNT_CONNECTION,
				       .verdict = ev->verdict,
				       .reason = ev->reason });
}

static void record_of(struct inspect *in, struct connection *f, int dir, const struct pol_flow *pol)
{
	struct half *h = &f->h[dir];
	size_t n;
	const uint8_t *p = half_pending(h, &n);
	struct event ev = connection_event(in, f, dir, R_UNFINISHED);
	ev.part = 1;
	if (proto_of(f->proto)->begun)
		proto_of(f->proto)->begun(p, n, &ev);
	h->partial_told = true;
	in->stats.refused++;
	count_connection(in, pol, &ev);
	if (pol->log != LOG_NONE)
		in->out->event(in->out->ctx, &ev);
}

void unfinished_record(struct inspect *in, struct connection *f)
{
	const struct pol_flow *pol =
		f->state == CONN_OPEN && f->l4 == IPPROTO_TCP ? policy_of(in, f) : NULL;
	for (int d = 0; pol && d < 2; d++)
		if (half_unfinished(&f->h[d]) && !f->h[d].lost)
			record_of(in, f, d, pol);
}
