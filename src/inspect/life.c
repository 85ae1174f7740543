/* SPDX-License-Identifier: MIT
 *
 * Events of connections other than their packets: time passes, the kernel
 * forgets them, the kernel refuses them.
 */
#include <netinet/in.h>

#include "inspect/internal.h"

enum { SWEEP_SLOTS = 512 }; /* looked at in one turn of the clock */

static struct connection *connection_of(struct inspect *in, const struct tcp_ends *e)
{
	return connection_find_ends(&in->connections, &e->client, e->cport, &e->server, e->sport);
}

void inspect_gone(struct inspect *in, const struct tcp_ends *gone, uint64_t now_ns)
{
	struct connection *f = connection_of(in, gone);
	if (!f)
		return;
	f->gone = true;
	if (fast_moved(&in->connections.fast, &f->fast))
		f->last_ns = now_ns;
	if (now_ns - f->last_ns > CONN_GONE_NS && in->out) /* else the sweep finds it */
		connection_drop(&in->connections, f);
}

void inspect_list_begin(struct inspect *in, uint64_t now_ns)
{
	in->connections.list++;
	in->connections.list_ns = now_ns;
	in->connections.list_ended = false;
}

void inspect_listed(struct inspect *in, const struct tcp_ends *there)
{
	struct connection *f = connection_of(in, there);
	if (f)
		f->listed = in->connections.list;
}

void inspect_list_end(struct inspect *in)
{
	in->connections.list_ended = true;
}

bool inspect_refused_event(const struct pol_image *img, const struct inspect_pkt *p,
			   enum reason why, enum verdict verdict, struct event *ev)
{
	struct packet k;
	if (!packet_ends(p->ip, p->len, &k))
		return false;
	*ev = (struct event){
		.time_ns = p->wall_ns,
		.generation = img ? img->generation : 0,
		.kind = EV_REFUSED_FLOW,
		.verdict = (uint8_t)verdict,
		.reason = (uint16_t)why,
		.flow_id = 0xffff,
		.rule = 0xffff,
		.l4 = k.l4,
		.src = k.src,
		.dst = k.dst,
		.sport = k.sport,
		.dport = k.dport,
		.no_ports = !k.has_ports,
		.macs = p->macs,
		.in = p->in,
		.out = p->out,
		.packet = p->id,
	};
	return true;
}

void inspect_refused(struct inspect *in, const struct inspect_pkt *p, enum reason why,
		     enum verdict verdict, const struct inspect_out *out)
{
	struct event ev;
	if (inspect_refused_event(in->img, p, why, verdict, &ev))
		out->event(out->ctx, &ev);
}

void life_ended(struct inspect *in, struct connection *f, uint64_t now)
{
	const struct proto_ops *ops = proto_of(f->proto);
	if (ops->ended)
		ops->ended(proto_common(in->common, f->proto), f, now);
}

void life_dropped(void *owner, struct connection *f)
{
	struct inspect *in = owner;
	unfinished_record(in, f);
	resume_ended(in, f);
	life_ended(in, f, f->last_ns);
}

/* Has the rest of a message not come in time? */
static bool is_late(const struct connection *f, uint64_t now)
{
	for (int d = 0; d < 2; d++) {
		const struct half *h = &f->h[d];
		uint64_t bytes = half_end(h) - h->next;
		if (h->partial_since && !h->partial_told &&
		    now - h->partial_since > CONN_PARTIAL_NS + bytes * SEC / CONN_PARTIAL_RATE)
			return true;
	}
	return false;
}

/* Record a message that stays unfinished too long. The connection ends at its next packet, unless
 * it is only observed. */
static void check_partial(struct inspect *in, struct connection *f, uint64_t now)
{
	if (f->state != CONN_OPEN || f->ending || !is_late(f, now))
		return;
	const struct pol_flow *pol = policy_of(in, f);
	if (!pol)
		return;
	f->ending = inspect_stance(in, pol)->blocks;
	unfinished_record(in, f);
}

/* Verdicts depend on the clock, not on when the sweep comes by. */
void life_clock(struct pass *c)
{
	check_partial(c->in, c->f, c->raw->now_ns);
}

/* Its protocol is told that time passes. */
static void clock_of(struct inspect *in, struct connection *f, uint64_t now)
{
	if (f->state != CONN_OPEN || !proto_of(f->proto)->clock)
		return;
	connection_moved(&in->connections, f, now);
	proto_of(f->proto)->clock(proto_common(in->common, f->proto), f, now);
}

void inspect_tick(struct inspect *in, uint64_t now_ns, uint64_t wall_ns,
		  const struct inspect_out *out)
{
	uint32_t n = in->connections.n - in->connections.unused;
	in->out = out;
	in->wall_ns = wall_ns;
	for (uint32_t i = 0; i < SWEEP_SLOTS && i < n; i++) {
		struct connection *f = &in->connections.v[(in->connections.sweep + i) % n];
		check_partial(in, f, now_ns);
		clock_of(in, f, now_ns);
	}
	connections_sweep(&in->connections, now_ns, SWEEP_SLOTS);
}

void inspect_stats(const struct inspect *in, struct inspect_stats *s)
{
	*s = in->stats;
	s->flows = in->connections.used;
	s->half_open = in->connections.half.n;
	s->open = in->connections.n_open;
	s->sources = in->connections.sources.used;
}
