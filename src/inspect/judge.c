/* SPDX-License-Identifier: MIT
 *
 * The part of judging that all protocols share: rates, records, and the treatment
 * of a message that was judged.
 */
#include <netinet/in.h>
#include <string.h>

#include "inspect/internal.h"

static uint16_t flow_id(const struct pass *c)
{
	if (c->f)
		return c->f->flow_id;
	return c->pol ? (uint16_t)(c->pol - policy_flow(c->in->img, 0)) : 0xffff;
}

static void fill_event(const struct pass *c, struct event *ev, enum verdict v,
		       const struct judged *j)
{
	memset(ev, 0, sizeof(*ev));
	ev->time_ns = c->raw->wall_ns;
	ev->generation = c->in->img ? c->in->img->generation : 0;
	ev->kind = j->why == R_NONE ? EV_MESSAGE : EV_VIOLATION;
	ev->verdict = (uint8_t)v;
	ev->reason = (uint16_t)j->why;
	ev->flow_id = flow_id(c);
	ev->rule = j->rule;
	ev->l4 = c->pkt.l4;
	ev->src = c->pkt.src;
	ev->dst = c->pkt.dst;
	ev->sport = c->pkt.sport;
	ev->dport = c->pkt.dport;
	ev->no_ports = !c->pkt.has_ports;
	ev->response = c->dir == 1;
	ev->macs = c->raw->macs;
	ev->in = c->raw->in;
	ev->out = c->raw->out;
	ev->packet = c->raw->id;
	if (j->fill)
		j->fill(c, ev, j->of);
}

/* Does the conduit want a record of what is refused? */
static bool wants_record(const struct pass *c)
{
	return c->stance->records && (!c->pol || c->pol->log != LOG_NONE);
}

void judge_count(struct inspect *in, const struct pol_flow *pol, int dir, struct count_of of)
{
	if (!in->conf.counts)
		return;
	of.name = pol ? pol->count : 0;
	of.direction = !pol ? COUNT_UNKNOWN : dir == 1 ? COUNT_RESPONSE : COUNT_REQUEST;
	count_add(in->conf.counts, &of, in->wall_ns);
}

void pass_record(struct pass *c, const struct action *a, enum verdict v)
{
	struct event ev;
	c->counted = true;
	judge_count(c->in, c->pol, c->dir,
		    (struct count_of){ .unit = COUNT_PACKET,
				       .verdict = (uint8_t)stance_verdict(c->stance, v),
				       .reason = (uint16_t)a->why });
	if (!wants_record(c))
		return;
	fill_event(c, &ev, stance_verdict(c->stance, v),
		   &(struct judged){ .why = a->why, .rule = 0xffff });
	if (a->begun) {
		ev.part = 1;
		if (proto_of(c->f->proto)->begun)
			proto_of(c->f->proto)->begun(a->begun, a->n_begun, &ev);
	}
	c->out->event(c->out->ctx, &ev);
}

enum reason judge_rates(struct pass *c, bool writes)
{
	struct inspect *in = c->in;
	struct fast_rate *r = &in->rate[c->pol->conduit_id];
	struct rate_shares *s = &in->shares[c->pol->conduit_id];
	uint64_t now = c->raw->now_ns, who = rate_who(&c->pkt.src);
	if (!rate_take(&r->requests, s->requests, c->pol->max_requests, who, now))
		return R_REQUEST_RATE;
	if (writes && !rate_take(&r->writes, s->writes, c->pol->max_writes, who, now))
		return R_WRITE_RATE;
	return R_NONE;
}

/* May a refused message be taken out of its stream, which goes on? */
static bool may_cut(const struct pass *c)
{
	return proto_of(c->f->proto)->cuts && !(c->pol && c->pol->on_violation == VIOLATION_RESET);
}

/* In a datagram there is nothing to cut; it goes or stays as a whole. */
static enum fate fate_of(struct pass *c, const struct judged *j)
{
	struct half *h = &c->f->h[c->dir];
	bool stream = c->pkt.l4 == IPPROTO_TCP;
	if (j->why == R_NONE || !c->stance->blocks)
		return FATE_PASSES;
	if (j->copy)
		return !stream || half_cut(h, (uint32_t)j->len) ? FATE_COPY : FATE_PASSES;
	if (!stream)
		return FATE_CUT;
	/* a message that is partly delivered cannot be cut, nor one after too many cuts */
	bool cut = may_cut(c) && half_cut(h, (uint32_t)j->len);
	return cut ? FATE_CUT : FATE_ENDS;
}

static enum verdict verdict_of(const struct pass *c, const struct judged *j, enum fate fate)
{
	if (j->why == R_NONE)
		return V_ACCEPT;
	bool cut = j->copy || c->pkt.l4 != IPPROTO_TCP || may_cut(c);
	if (fate == FATE_PASSES)
		return c->stance->blocks ? V_ACCEPT
					 : stance_verdict(c->stance, cut ? V_DROP : V_RESET);
	return fate == FATE_ENDS ? V_RESET : V_DROP;
}

static void record_message(struct pass *c, const struct judged *j, enum fate fate)
{
	struct event ev;
	bool permitted = j->why == R_NONE;
	bool wanted = permitted ? c->stance->records && c->pol && c->pol->log == LOG_ALL && !j->part
				: wants_record(c) && !j->quiet;
	c->in->stats.messages++;
	if (permitted)
		c->in->stats.permitted++;
	else
		c->in->stats.refused++;
	enum verdict v = verdict_of(c, j, fate);
	bool counts = !j->quiet && !(permitted && j->part);
	c->f->messages[c->dir] += counts;
	if (counts)
		judge_count(c->in, c->pol, c->dir,
			    (struct count_of){ .unit = COUNT_MESSAGE,
					       .verdict = (uint8_t)v,
					       .reason = (uint16_t)j->why });
	if (!wanted && !c->out->message)
		return;
	fill_event(c, &ev, v, j);
	if (wanted)
		c->out->event(c->out->ctx, &ev);
	if (c->out->message)
		c->out->message(c->out->ctx, &ev, j->msg, c->raw->id);
}

enum fate judge_message(struct pass *c, const uint8_t *p, size_t n)
{
	struct judged j = proto_of(c->f->proto)->judge(c, p, n);
	if (j.why != R_NONE && follow_forgives(c, j.why))
		j.why = R_NONE;
	enum fate fate = j.piece ? FATE_PASSES : fate_of(c, &j);
	if (fate == FATE_PASSES && c->pkt.l4 == IPPROTO_TCP)
		half_pass(&c->f->h[c->dir], (uint32_t)j.len);
	if (!j.piece)
		record_message(c, &j, fate);
	return fate;
}
