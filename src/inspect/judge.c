/* SPDX-License-Identifier: MIT
 *
 * One whole message: syntax, policy, rates, request and response matching.
 *
 * Tolerances for what real devices do: responses in any order; the same
 * transaction identifier outstanding more than once (they are answered oldest
 * first); a late answer within 30 s, as long as the request is not pushed out.
 */
#include <string.h>

#include "base/rd.h"
#include "inspect/internal.h"

bool pass_observes(const struct pass *c)
{
	return c->pol && c->pol->mode == MODE_OBSERVE;
}

static void modbus_facts(struct event *ev, const struct mb_msg *m)
{
	ev->mb = 1;
	ev->tid = m->tid;
	ev->unit = m->unit;
	ev->fc = m->fc;
	ev->has |= EVH_FC;
	if (m->exception) {
		ev->exc = m->exc;
		ev->has |= EVH_EXC;
	}
	if (m->has_addr) {
		ev->addr = m->addr;
		ev->qty = m->qty;
		ev->has |= EVH_ADDR;
	}
	if (m->has_waddr) {
		ev->waddr = m->waddr;
		ev->wqty = m->wqty;
		ev->has |= EVH_WADDR;
	}
	if (m->has_sub) {
		ev->sub = m->sub;
		ev->has |= EVH_SUB;
	}
	if (m->has_mei) {
		ev->mei = m->mei;
		ev->has |= EVH_MEI;
	}
}

/* The first value a request writes, as policies name it: a register, or a coil's 0 or 1. */
static bool first_value(const struct mb_msg *m, uint16_t *out)
{
	const struct mb_func *fn = mb_func_by_code(m->fc);
	struct rd r = rd_init(m->values, m->values ? m->values_len : 0);
	if (!fn || !fn->has_values || m->fc == 21 || m->fc == 22)	/* records, masks */
		return false;
	bool coils = m->fc == 15;
	uint16_t v = coils ? rd_u8(&r) & 1 : rd_be16(&r);
	*out = m->fc == 5 ? v != 0 : v;
	return !r.bad;
}

static void fill_event(const struct pass *c, struct event *ev, enum reason why, enum verdict v,
		       const struct mb_msg *m, const struct decision *d)
{
	memset(ev, 0, sizeof(*ev));
	ev->time_ns = c->raw->wall_ns;
	ev->generation = c->in->img ? c->in->img->generation : 0;
	ev->kind = why == R_NONE ? EV_MESSAGE : EV_VIOLATION;
	ev->verdict = (uint8_t)v;
	ev->reason = (uint16_t)why;
	ev->flow_id = c->f ? c->f->flow_id : 0xffff;
	ev->rule = d ? d->rule : 0xffff;
	ev->l4 = c->pkt.l4;
	ev->src = c->pkt.src;
	ev->dst = c->pkt.dst;
	ev->sport = c->pkt.sport;
	ev->dport = c->pkt.dport;
	ev->response = c->dir == 1;
	if (m)
		modbus_facts(ev, m);
	bool offending = d && d->has_value;
	if (offending)
		ev->value = d->value;
	if (offending || (m && c->dir == 0 && first_value(m, &ev->value)))
		ev->has |= EVH_VALUE;
}

void pass_event(struct pass *c, enum reason why, enum verdict v, const struct mb_msg *m,
		const struct decision *d)
{
	struct event ev;
	fill_event(c, &ev, why, v, m, d);
	c->out->event(c->out->ctx, &ev);
}

/* One message of `per_second`, with a burst of one second's worth. The word is the
 * time at which all that was taken would have come at exactly that rate (GCRA,
 * ITU-T I.371), so one compare-and-swap serves any number of inspectors. */
static bool take_token(atomic_ullong *word, uint32_t per_second, uint64_t now)
{
	if (per_second == 0)
		return true;
	unsigned long long due = atomic_load_explicit(word, memory_order_relaxed);
	for (int tries = 0; tries < 64; tries++) {
		/* further ahead than any burst: another conduit's, from before a reload */
		unsigned long long from = due < now || due > now + 2 * SEC ? now : due;
		unsigned long long next = from + SEC / per_second;
		if (next > now + SEC)
			return false;
		if (atomic_compare_exchange_weak_explicit(word, &due, next, memory_order_relaxed,
							  memory_order_relaxed))
			return true;
	}
	return false;
}

static enum reason judge_rates(struct pass *c, const struct mb_msg *m)
{
	atomic_ullong *b = &c->in->rate[(size_t)c->pol->conduit_id * 2];
	if (!take_token(b, c->pol->max_requests, c->raw->now_ns))
		return R_REQUEST_RATE;
	const struct mb_func *fn = mb_func_by_code(m->fc);
	bool writes = !fn || (fn->classes & (MB_WRITE | MB_PROGRAM));
	if (writes && !take_token(b + 1, c->pol->max_writes, c->raw->now_ns))
		return R_WRITE_RATE;
	return R_NONE;
}

static void forget(struct flow *f, unsigned i)
{
	f->n_pending--;
	memmove(&f->pending[i], &f->pending[i + 1], (f->n_pending - i) * sizeof(f->pending[0]));
}

static enum reason remember(struct pass *c, const struct mb_msg *m)
{
	struct flow *f = c->f;
	if (f->n_pending == FLOW_PENDING) {
		bool stale = c->raw->now_ns - f->pending[0].at_ns > FLOW_PENDING_NS;
		if (!stale && !c->in->conf.dissect_only)
			return R_PENDING_LIMIT;
		forget(f, 0);
	}
	struct mb_pending *p = &f->pending[f->n_pending++];
	memset(p, 0, sizeof(*p));
	mb_remember(m, p);
	p->at_ns = c->raw->now_ns;
	return R_NONE;
}

static enum reason judge_request(struct pass *c, const struct mb_msg *m, struct decision *d)
{
	if (c->pol) {
		*d = policy_modbus(c->in->img, c->pol, m);
		if (d->reason != R_NONE)
			return d->reason;
		enum reason r = judge_rates(c, m);
		if (r != R_NONE)
			return r;
	}
	return remember(c, m);
}

static enum reason judge_response(struct pass *c, const struct mb_msg *m)
{
	struct flow *f = c->f;
	enum reason why = R_UNSOLICITED;
	for (unsigned i = 0; i < f->n_pending; i++) {
		if (f->pending[i].tid != m->tid)
			continue;
		enum reason r = mb_answers(&f->pending[i], m);
		if (r == R_NONE) {
			forget(f, i);
			return R_NONE;
		}
		why = r;
	}
	return c->pol ? why : R_NONE;
}

static enum act act_on(const struct pass *c, enum reason why)
{
	if (why == R_NONE || !c->pol || pass_observes(c))
		return ACT_PASS;
	return c->pol->on_violation == VIOLATION_RESET ? ACT_RESET : ACT_CUT;
}

static enum verdict verdict_of(const struct pass *c, enum act act)
{
	if (act == ACT_PASS)
		return pass_observes(c) ? V_OBSERVED : V_ACCEPT;
	return act == ACT_RESET ? V_RESET : V_DROP;
}

enum act judge_message(struct pass *c, const uint8_t *p, size_t n)
{
	struct mb_msg m;
	struct decision d = { .reason = R_NONE, .rule = 0xffff };
	bool response = c->dir == 1;
	memset(&m, 0, sizeof(m));
	enum reason why = mb_parse(p, n, response, &m);
	if (why == R_NONE)
		why = response ? judge_response(c, &m) : judge_request(c, &m, &d);
	enum act act = act_on(c, why);
	struct half *h = &c->f->h[c->dir];
	if (act == ACT_CUT && !half_cut(h, (uint32_t)n))
		act = ACT_RESET;	/* some of it was delivered, or too many cuts */
	if (act == ACT_PASS)
		half_pass(h, (uint32_t)n);
	c->in->stats.messages++;
	if (why == R_NONE)
		c->in->stats.permitted++;
	else
		c->in->stats.refused++;
	enum verdict v = why == R_NONE ? V_ACCEPT : verdict_of(c, act);
	if (why != R_NONE ? (!c->pol || c->pol->log != LOG_NONE) && !c->in->conf.dissect_only
			  : c->pol && c->pol->log == LOG_ALL)
		pass_event(c, why, v, &m, &d);
	if (c->out->message) {
		struct event ev;
		fill_event(c, &ev, why, v, &m, &d);
		c->out->message(c->out->ctx, &ev, &m, c->raw->id);
	}
	return act;
}
