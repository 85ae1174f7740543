/* SPDX-License-Identifier: MIT
 *
 * What every protocol's judgement shares: events, rates, and what happens to a
 * message that was judged.
 */
#include <netinet/in.h>
#include <string.h>

#include "inspect/internal.h"

bool pass_observes(const struct pass *c)
{
	return c->pol && c->pol->mode == MODE_OBSERVE;
}

static uint16_t flow_id(const struct pass *c)
{
	if (c->f)
		return c->f->flow_id;
	return c->pol ? (uint16_t)(c->pol - policy_flow(c->in->img, 0)) : 0xffff;
}

static void fill_event(const struct pass *c, struct event *ev, enum verdict v, const struct judged *j)
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
	ev->response = c->dir == 1;
	if (j->fill)
		j->fill(c, ev, j->of);
}

void pass_event(struct pass *c, enum reason why, enum verdict v)
{
	struct event ev;
	fill_event(c, &ev, v, &(struct judged){ .why = why, .rule = 0xffff });
	c->out->event(c->out->ctx, &ev);
}

void pass_event_of(struct pass *c, enum reason why, enum verdict v, const uint8_t *p, size_t n)
{
	struct event ev;
	fill_event(c, &ev, v, &(struct judged){ .why = why, .rule = 0xffff });
	ev.part = 1;
	if (proto_of(c->f->proto)->begun)
		proto_of(c->f->proto)->begun(p, n, &ev);
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

static enum act act_on(const struct pass *c, enum reason why)
{
	if (why == R_NONE || !c->pol || pass_observes(c))
		return ACT_PASS;
	bool reset = c->pkt.l4 == IPPROTO_TCP && c->pol->on_violation == VIOLATION_RESET;
	return reset ? ACT_RESET : ACT_CUT;
}

static enum verdict verdict_of(const struct pass *c, enum act act)
{
	if (act == ACT_PASS)
		return pass_observes(c) ? V_OBSERVED : V_ACCEPT;
	return act == ACT_RESET ? V_RESET : V_DROP;
}

/* In a datagram there is nothing to cut; it goes or stays as a whole. */
static enum act apply(struct pass *c, enum act act, uint32_t n)
{
	struct half *h = &c->f->h[c->dir];
	if (c->pkt.l4 != IPPROTO_TCP)
		return act;
	if (act == ACT_COPY && !half_cut(h, n))
		act = ACT_PASS;
	if (act == ACT_CUT && (!proto_of(c->f->proto)->cuts || !half_cut(h, n)))
		act = ACT_RESET;	/* some of it was delivered, or too many cuts */
	if (act == ACT_PASS)
		half_pass(h, n);
	return act;
}

enum act judge_done(struct pass *c, const struct judged *j)
{
	enum act act = act_on(c, j->why);
	act = apply(c, j->copy && act != ACT_PASS ? ACT_COPY : act, (uint32_t)j->len);
	c->in->stats.messages++;
	if (j->why == R_NONE)
		c->in->stats.permitted++;
	else
		c->in->stats.refused++;
	struct event ev;
	fill_event(c, &ev, j->why == R_NONE ? V_ACCEPT : verdict_of(c, act), j);
	bool log_it = j->why != R_NONE ? !j->quiet && (!c->pol || c->pol->log != LOG_NONE)
				       : c->pol && c->pol->log == LOG_ALL && !j->part;
	if (log_it && !c->in->conf.dissect_only)
		c->out->event(c->out->ctx, &ev);
	if (c->out->message)
		c->out->message(c->out->ctx, &ev, j->msg, c->raw->id);
	return act;
}
