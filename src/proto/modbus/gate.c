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
#include "proto/modbus/gate.h"
#include "proto/modbus/facts.h"

static void common_facts(struct ev_modbus *ev, const struct mb_msg *m)
{
	ev->tid = m->tid;
	ev->unit = m->unit;
	ev->fc = m->fc;
	ev->has |= EVH_TID | EVH_FC;
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

struct modbus_case {
	struct mb_msg m;
	struct decision d;
	struct mb_difference differs;
};

static void put_difference(struct ev_modbus *ev, const struct mb_difference *d)
{
	if (d->field == MB_F_NONE)
		return;
	ev->field = d->field;
	ev->expected = d->expected;
	ev->received = d->received;
	ev->has |= EVH_FIELD;
}

/* The serial line's header, as far as it is one. */
static void rtu_facts(struct event *ev, unsigned unit, unsigned fc)
{
	ev->reason = R_RTU;
	ev->proto = PROTO_MODBUS;
	*EV_MODBUS(ev) =
		(struct ev_modbus){ .unit = (uint8_t)unit, .fc = fc & 0x7f, .has = EVH_FC };
}

/* A header with a wrong length or protocol identifier. */
static void number_of_header(struct event *ev, unsigned pid, unsigned len)
{
	bool length = ev->reason == R_LENGTH;
	if (length && len >= MB_LEN_MIN && len <= MB_LEN_MAX)
		return; /* it is the function's that it does not fit */
	ev->number = (struct event_number){ .from = length ? MB_LEN_MIN : 0,
					    .to = length ? MB_LEN_MAX : 0,
					    .came = length ? len : pid,
					    .there = 1 };
}

static void typed_value(struct ev_modbus *ev, const struct decision *d)
{
	ev->has |= EVH_TYPED;
	ev->type = d->typed->type;
	ev->typed_at = d->at;
	ev->key = d->key;
	ev->scale_digits = d->typed->scale_digits;
	ev->scale_exponent = d->typed->scale_exponent;
	memcpy(ev->value_unit, d->typed->unit, sizeof(ev->value_unit));
}

static void mb_fill(const struct pass *c, struct event *ev, const void *of)
{
	const struct modbus_case *k = of;
	if (ev->reason == R_RTU) {
		rtu_facts(ev, k->m.tid >> 8, k->m.tid);
		return;
	}
	ev->proto = PROTO_MODBUS;
	common_facts(EV_MODBUS(ev), &k->m);
	put_difference(EV_MODBUS(ev), &k->differs);
	if (ev->reason == R_FILE && k->m.n_files == 1)
		ev->number = (struct event_number){ .came = k->m.files[0].file, .there = 1 };
	if (ev->reason == R_LENGTH || ev->reason == R_PROTOCOL_ID)
		number_of_header(ev, k->m.pid, k->m.len);
	bool offending = k->d.has_value;
	if (k->d.typed)
		typed_value(EV_MODBUS(ev), &k->d);
	else if (offending)
		EV_MODBUS(ev)->value = k->d.value;
	if (!k->d.typed &&
	    (offending || (c->dir == 0 && mb_first_value(&k->m, &EV_MODBUS(ev)->value))))
		EV_MODBUS(ev)->has |= EVH_VALUE;
}

static bool writes(const struct mb_msg *m)
{
	const struct mb_func *fn = mb_func_by_code(m->fc);
	return !fn || (fn->classes & (MB_WRITE | MB_PROGRAM));
}

static void mb_forget(struct mb_state *f, unsigned i)
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
	for (unsigned i = 1; i < f->n_pending; i++) /* of equals, the one with the oldest */
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
	while (n < f->n_pending && now - f->pending[n].at_ns > CONN_PENDING_NS)
		n++;
	f->n_pending -= n;
	memmove(f->pending, f->pending + n, f->n_pending * sizeof(f->pending[0]));
}

static void mb_gate_remember(struct pass *c, const struct mb_msg *m)
{
	struct mb_state *f = mb_of(c->f);
	mb_forget_old(f, c->raw->now_ns);
	if (f->n_pending == MB_PENDING)
		mb_forget(f, least_missed(f));
	struct mb_pending *p = &f->pending[f->n_pending++];
	memset(p, 0, sizeof(*p));
	mb_remember(m, p);
	p->at_ns = c->raw->now_ns;
}

static enum reason mb_judge_rules(struct pass *c, const struct mb_msg *m, struct decision *d)
{
	if (!c->pol)
		return R_NONE;
	*d = policy_modbus(c->in->img, c->pol, m);
	return d->reason != R_NONE ? d->reason : judge_rates(c, writes(m));
}

/* A refused request that is only observed still reaches the device. It is remembered, so that its
 * response is not refused as well. */
static enum reason mb_judge_request(struct pass *c, const struct mb_msg *m, struct decision *d)
{
	enum reason why = mb_judge_rules(c, m, d);
	if (why != R_NONE && c->stance->blocks)
		return why;
	mb_gate_remember(c, m);
	return why;
}

/* Index of the oldest request that m answers, with differences only as the policy tolerates. */
static int answered(const struct mb_state *f, const struct mb_msg *m, unsigned tolerate)
{
	struct mb_difference d;
	for (unsigned i = 0; i < f->n_pending; i++)
		if (mb_answers(&f->pending[i], m, tolerate, &d) == R_NONE)
			return (int)i;
	return -1;
}

/* The reason to refuse a response that answers no request, and *d: its difference from the oldest
 * request that it could have meant. */
static enum reason not_answered(const struct mb_state *f, const struct mb_msg *m, unsigned tolerate,
				struct mb_difference *d)
{
	bool any = (tolerate & MB_TOL_TRANSACTION) && m->tid == 0;
	for (unsigned i = 0; i < f->n_pending; i++)
		if (any || f->pending[i].tid == m->tid)
			return mb_answers(&f->pending[i], m, tolerate, d);
	if (f->n_pending)
		*d = (struct mb_difference){ MB_F_TRANSACTION, f->pending[0].tid, m->tid };
	return R_UNSOLICITED;
}

static enum reason mb_judge_response(struct pass *c, const struct mb_msg *m, unsigned tolerate,
				     struct mb_difference *d)
{
	struct mb_state *f = mb_of(c->f);
	int i = answered(f, m, 0);
	if (i < 0 && tolerate)
		i = answered(f, m, tolerate);
	if (i < 0)
		return c->pol ? not_answered(f, m, tolerate, d) : R_NONE;
	/* an answer of another unit than was asked (tolerated) shows of neither what it knows */
	if (m->fc == MB_UMAS && !m->exception && f->pending[i].unit == m->unit)
		f->umas[m->unit / 8] |= (uint8_t)(1u << m->unit % 8);
	follow_in_step(c, f->pending[i].at_ns);
	mb_forget(f, (unsigned)i);
	return R_NONE;
}

/* ---- what the policy tolerates ---- */

static bool asked_umas(const struct mb_state *f, const struct mb_msg *m)
{
	for (unsigned i = 0; i < f->n_pending; i++)
		if (f->pending[i].fc == MB_UMAS && f->pending[i].tid == m->tid &&
		    f->pending[i].unit == m->unit)
			return true;
	return false;
}

/* A long frame of function 90 begins with this. There are devices that look for the next request
 * inside what they do not know, and of such a frame the beginning goes on before its end is there:
 * so the device has shown that it knows the function, and the policy permits it, or it is the
 * answer to one. */
static bool long_umas_due(const struct pass *c, const uint8_t *p, size_t n)
{
	const struct mb_state *f = mb_of(c->f);
	struct mb_msg m;
	if (n <= MB_MBAP)
		return true; /* not told yet */
	if (p[MB_MBAP] != MB_UMAS)
		return false;
	(void)mb_parse(p, MB_MBAP + 1, false, &m); /* its head */
	if (!(f->umas[m.unit / 8] >> m.unit % 8 & 1))
		return false;
	if (c->dir)
		return asked_umas(f, &m);
	return !c->stance->blocks || policy_modbus(c->in->img, c->pol, &m).reason == R_NONE;
}

static struct mb_reading reading_of(const struct pass *c, const uint8_t *p, size_t n)
{
	const struct pol_mb_head *h = c->pol ? policy_head(c->in->img, c->pol) : NULL;
	struct mb_reading how = { .response = c->dir == 1,
				  .observed = !c->stance->blocks,
				  .tolerate = h ? h->tolerate : 0 };
	if ((how.tolerate & MB_TOL_UMAS) && !long_umas_due(c, p, n))
		how.tolerate &= ~(unsigned)MB_TOL_UMAS;
	return how;
}

static int frame_in(const struct pass *c, const uint8_t *p, size_t n, enum reason *why)
{
	const struct mb_reading how = reading_of(c, p, n);
	return mb_frame_as(p, n, &how, why);
}

static struct judged mb_judge(struct pass *c, const uint8_t *p, size_t n)
{
	struct modbus_case *k = pass_message(c);
	const struct mb_reading how = reading_of(c, p, n);
	*k = (struct modbus_case){ .d = { .reason = R_NONE, .rule = 0xffff },
				   .differs = { .field = MB_F_NONE } };
	enum reason why = mb_parse_as(p, n, &how, &k->m);
	if (why != R_NONE && how.response)
		mb_length_differs(p, n, &k->differs);
	if (why == R_NONE)
		why = how.response ? mb_judge_response(c, &k->m, how.tolerate, &k->differs)
				   : mb_judge_request(c, &k->m, &k->d);
	if (why != R_NONE && !how.response && mb_rtu_only(p, n, false))
		why = R_RTU;
	return (struct judged){
		.why = why, .len = n, .rule = k->d.rule, .fill = mb_fill, .of = k, .msg = &k->m
	};
}

static void mb_begun(const uint8_t *p, size_t n, struct event *ev)
{
	struct mb_difference d = { .field = MB_F_NONE };
	struct mb_msg m;
	struct rd r = rd_init(p, n);
	rd_skip(&r, 2);
	unsigned pid = rd_be16(&r), len = rd_be16(&r);
	if (!r.bad && (ev->reason == R_LENGTH || ev->reason == R_PROTOCOL_ID))
		number_of_header(ev, pid, len);
	if (mb_rtu_length(p, n, ev->response)) {
		rtu_facts(ev, p[0], p[1]);
		return;
	}
	if (ev->reason == R_PROTOCOL_ID ||
	    (mb_parse(p, n, ev->response, &m) == R_TRUNCATED && n <= MB_MBAP))
		return; /* no header, or not even its function is known */
	ev->proto = PROTO_MODBUS;
	common_facts(EV_MODBUS(ev), &m);
	if (ev->response && ev->reason == R_LENGTH && mb_length_differs(p, n, &d))
		put_difference(EV_MODBUS(ev), &d);
}

const struct proto_ops proto_modbus = {
	.cuts = true,
	.state = sizeof(struct mb_state),
	.fresh = offsetof(struct mb_state, pending),
	.message = sizeof(struct modbus_case),
	.begun = mb_begun,
	.begins = mb_begins,
	.holds = true,
	.frame = mb_frame,
	.frame_in = frame_in,
	.judge = mb_judge,
};
