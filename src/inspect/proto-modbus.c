/* SPDX-License-Identifier: MIT
 *
 * Modbus in the data path: policy, rates, request and response matching.
 *
 * Tolerances for what real devices do: responses in any order; the same
 * transaction identifier outstanding more than once (they are answered oldest
 * first); a late answer within 30 s.
 *
 * Requests that are never answered (a dead unit behind a gateway, broadcasts) must
 * not keep others from being asked, so where there is no room for one more the
 * oldest of a unit makes room: of unit 0, which no serial device answers, but a
 * device that speaks TCP may; else of the unit that has the most. So a unit that
 * answers does not suffer from one that does not. An answer that comes after its
 * request was given up is one that nobody asked for, and is refused.
 */
#include <string.h>

#include "base/rd.h"
#include "inspect/internal.h"

static void common_facts(struct ev_modbus *ev, const struct mb_msg *m)
{
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

struct modbus_case {
	const struct mb_msg *m;
	const struct decision *d;
};

static void fill(const struct pass *c, struct event *ev, const void *of)
{
	const struct modbus_case *k = of;
	ev->proto = PROTO_MODBUS;
	common_facts(&ev->mb, k->m);
	bool offending = k->d->has_value;
	if (offending)
		ev->mb.value = k->d->value;
	if (offending || (c->dir == 0 && first_value(k->m, &ev->mb.value)))
		ev->mb.has |= EVH_VALUE;
}

static bool writes(const struct mb_msg *m)
{
	const struct mb_func *fn = mb_func_by_code(m->fc);
	return !fn || (fn->classes & (MB_WRITE | MB_PROGRAM));
}

static void forget(struct mb_state *f, unsigned i)
{
	f->n_pending--;
	memmove(&f->pending[i], &f->pending[i + 1], (f->n_pending - i) * sizeof(f->pending[0]));
}

/* The request that makes room for one more. */
static unsigned least_missed(const struct mb_state *f)
{
	uint8_t has[256] = { 0 };
	unsigned most = 0;
	for (unsigned i = 0; i < f->n_pending; i++)
		has[f->pending[i].unit]++;
	for (unsigned i = 1; i < f->n_pending; i++)	/* of equals, the one with the oldest */
		if (has[f->pending[i].unit] > has[f->pending[most].unit])
			most = i;
	for (unsigned i = 0; has[0] && i < f->n_pending; i++)
		if (f->pending[i].unit == 0)
			return i;
	return most;
}

void mb_forget_old(struct mb_state *f, uint64_t now)
{
	unsigned n = 0;
	while (n < f->n_pending && now - f->pending[n].at_ns > FLOW_PENDING_NS)
		n++;
	f->n_pending -= n;
	memmove(f->pending, f->pending + n, f->n_pending * sizeof(f->pending[0]));
}

static void remember(struct pass *c, const struct mb_msg *m)
{
	struct mb_state *f = &c->f->state_of.mb;
	mb_forget_old(f, c->raw->now_ns);
	if (f->n_pending == FLOW_PENDING)
		forget(f, least_missed(f));
	struct mb_pending *p = &f->pending[f->n_pending++];
	memset(p, 0, sizeof(*p));
	mb_remember(m, p);
	p->at_ns = c->raw->now_ns;
}

static enum reason judge_rules(struct pass *c, const struct mb_msg *m, struct decision *d)
{
	if (!c->pol)
		return R_NONE;
	*d = policy_modbus(c->in->img, c->pol, m);
	return d->reason != R_NONE ? d->reason : judge_rates(c, writes(m));
}

/* What is only observed reaches the device, and its response is no fault of its own. */
static enum reason judge_request(struct pass *c, const struct mb_msg *m, struct decision *d)
{
	enum reason why = judge_rules(c, m, d);
	if (why != R_NONE && !pass_observes(c))
		return why;
	remember(c, m);
	return why;
}

static enum reason judge_response(struct pass *c, const struct mb_msg *m)
{
	struct mb_state *f = &c->f->state_of.mb;
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

static enum act judge(struct pass *c, const uint8_t *p, size_t n)
{
	struct mb_msg m;
	struct decision d = { .reason = R_NONE, .rule = 0xffff };
	bool response = c->dir == 1;
	memset(&m, 0, sizeof(m));
	enum reason why = mb_parse(p, n, response, &m);
	if (why == R_NONE)
		why = response ? judge_response(c, &m) : judge_request(c, &m, &d);
	const struct modbus_case of = { &m, &d };
	return judge_done(c, &(struct judged){ .why = why, .len = n, .rule = d.rule, .fill = fill, .of = &of,
					       .msg = &m });
}

static void begun(const uint8_t *p, size_t n, struct event *ev)
{
	struct mb_msg m;
	if (mb_parse(p, n, ev->response, &m) == R_TRUNCATED && n <= MB_MBAP)
		return;		/* not even its function is known */
	ev->proto = PROTO_MODBUS;
	common_facts(&ev->mb, &m);
}

const struct proto_ops proto_modbus = {
	.name = "modbus", .port = 502, .cuts = true, .state = offsetof(struct mb_state, pending),
	.begun = begun, .holds = true, .frame = mb_frame, .judge = judge,
};
