/* SPDX-License-Identifier: MIT
 *
 * DNP3 in the data path. A message of the stream is one link frame. Frames of
 * an unfinished fragment go on when their link layer is permitted, for no
 * station acts before the last; with that one the whole fragment is judged.
 * When it is refused it is cut out, so the receiver is left with the beginning
 * of a fragment, which it drops when the next begins (clause 8).
 *
 * A refusal also ends the collected fragment: a segment that follows is
 * refused too, and nothing that was not delivered can be continued.
 */
#include <stddef.h>
#include <string.h>

#include "base/siphash.h"
#include "proto/dnp3/wire-objects.h"
#include "proto/dnp3/gate.h"
#include "proto/dnp3/facts.h"

enum {
	F_CONFIRM = 0,
	F_SELECT = 3,
	F_OPERATE = 4,
	F_RESPONSE = 129,
	F_UNSOLICITED = 130,
	F_AUTH_RESPONSE = 131
};

/* ---- facts ---- */

struct dnp_case {
	struct dnp_msg m;
	struct dnp_decision d;
	struct dnp_piece piece;
};

static void dnp_fill_object(struct ev_dnp3 *ev, const struct dnp_decision *d)
{
	ev->has |= EVD_OBJECT;
	ev->group = d->head.group;
	ev->var = d->head.var;
	if (d->has_point || d->head.span == DNP_RANGE) {
		ev->has |= EVD_POINTS;
		ev->start = d->has_point ? d->point : d->head.start;
		ev->stop = d->has_point ? d->point : d->head.stop;
	}
	if (d->has_control) {
		ev->has |= EVD_CONTROL;
		ev->op = d->control.op;
		ev->code = d->control.code;
		ev->count = d->control.count;
		ev->on_time = d->control.on_time;
		ev->off_time = d->control.off_time;
	}
	if (d->has_value) {
		ev->has |= EVD_VALUE;
		ev->value = d->value;
	}
}

static void dnp_fill(const struct pass *c, struct event *ev, const void *of)
{
	const struct dnp_case *k = of;
	const struct dnp_msg *m = &k->m;
	(void)c;
	ev->proto = PROTO_DNP3;
	*EV_DNP3(ev) = (struct ev_dnp3){
		.src = m->link.src, .dst = m->link.dst, .link = m->link.func, .prm = m->link.prm
	};
	if (k->piece.has_other) {
		EV_DNP3(ev)->has |= EVD_OTHER;
		EV_DNP3(ev)->other = k->piece.other;
	}
	if (!m->has_app)
		return;
	EV_DNP3(ev)->has |= EVD_APP;
	EV_DNP3(ev)->func = m->app.func;
	EV_DNP3(ev)->seq = m->app.seq;
	EV_DNP3(ev)->iin = m->app.iin;
	if (k->d.has_head)
		dnp_fill_object(EV_DNP3(ev), &k->d);
}

/* ---- parsing ---- */

/* Does every object of the fragment end where the next begins? */
static void walk(struct dnp_msg *m, struct dnp_decision *d)
{
	struct dnp_walk w;
	struct dnp_head h = { .group = 0 };
	dnp_walk(&w, &m->app);
	while (dnp_next(&w, &h))
		if (m->objects++ == 0)
			d->head = h;
	if (w.why != R_NONE)
		d->head = h; /* the header at which it failed */
	d->has_head = m->objects > 0;
	m->walk = w.why;
}

/* The fragment that the segment of this frame completes, if it does. */
static enum reason dnp_parse(struct pass *c, const uint8_t *p, size_t n, struct dnp_case *k)
{
	enum reason why = dnp_collect(c, &k->m, p, n, &k->piece);
	if (why != R_NONE || !k->piece.p)
		return why;
	why = dnp3_app(k->piece.p, k->piece.n, &k->m.app);
	k->m.has_app = why == R_NONE;
	if (k->m.has_app)
		walk(&k->m, &k->d);
	return why;
}

static enum reason parse_link(const uint8_t *p, size_t n, struct dnp_msg *m)
{
	enum reason why = dnp3_link(p, n, &m->link);
	if (why != R_NONE || !dnp3_has_segment(&m->link))
		return why;
	m->has_tr = true;
	m->tr_fin = m->link.user[0] >> 7;
	m->tr_fir = m->link.user[0] >> 6 & 1;
	m->tr_seq = m->link.user[0] & 63;
	return R_NONE;
}

/* ---- judgement ---- */

/* One frame under a policy. */
struct ask {
	struct pass *c;
	const struct dnp_msg *m;
	const struct pol_dnp_head *head;
	struct dnp_state *st;
	uint64_t now;
};

static uint64_t sum_objects(const struct ask *k)
{
	uint64_t w[DNP_FRAGMENT_MAX / 8 + 2];
	const struct dnp_app *a = &k->m->app;
	size_t n = a->n_objs / 8 + 1;
	w[n - 1] = 0;
	memcpy(w, a->objs, a->n_objs);
	w[n] = a->n_objs;
	return siphash_words(k->c->in->connections.key, w, n + 1);
}

/* Everything but reading and measuring time changes something. */
static bool changes(const struct dnp_app *a)
{
	const struct dnp_func *f = dnp_func_by_code(a->func);
	return !f || !(f->classes & (DNP_READ | DNP_TIME | DNP_AUTH));
}

/* Does a request that an outstation would challenge have a proof, where the policy requires one?
 * Only the outstation can tell whether the proof is right. */
static bool authenticated(const struct ask *k, const struct dnp_pair *p)
{
	return !k->head->secure_authentication || !changes(&k->m->app) || p->authenticated ||
	       (k->st->unseen && !p->keyed) || dnp_aggressive(&k->m->app);
}

static enum reason judge_select(const struct ask *k, struct dnp_pair *p)
{
	const struct dnp_app *a = &k->m->app;
	const struct dnp_func *f = dnp_func_by_code(a->func);
	uint64_t life = (uint64_t)k->head->select_timeout * SEC;
	bool selected = p->selected_ns && p->granted && k->now - p->selected_ns <= life &&
			a->seq == ((p->seq + 1) & 15) && p->sum == sum_objects(k);
	bool acts = f && (f->classes & DNP_OPERATE) && a->func != F_SELECT;
	/* used up, or undone: some stations keep it, and would operate again */
	p->selected_ns = 0;
	if (a->func == F_SELECT) {
		p->selected_ns = k->now;
		p->granted = false;
		p->seq = a->seq;
		p->sum = sum_objects(k);
	}
	bool good = !acts || (a->func == F_OPERATE && selected);
	return good || !k->head->select_before_operate ? R_NONE : R_DNP_NOT_SELECTED;
}

static void remember_request(const struct ask *k)
{
	const struct dnp_msg *m = k->m;
	const struct dnp_func *f = dnp_func_by_code(m->app.func);
	if ((!f || f->answered) && m->link.dst < DNP_ADDR_BROADCAST)
		dnp_ask(k->st->requests, &(struct dnp_asked){ .at_ns = k->now,
							      .src = m->link.src,
							      .dst = m->link.dst,
							      .seq = m->app.seq });
}

static enum reason dnp_judge_rules(const struct ask *k, struct dnp_decision *d)
{
	const struct dnp_msg *m = k->m;
	const struct dnp_app *a = &m->app;
	/* requests are one fragment (clause 4) */
	if (!a->fir || !a->fin || a->uns)
		return R_FORMAT;
	if (a->con && !k->head->confirmed_requests)
		return R_DNP_ASKS_CONFIRM;
	*d = policy_dnp3(k->c->in->img, k->c->pol, m);
	if (d->reason != R_NONE)
		return d->reason;
	struct dnp_pair *p = dnp_pair(k->st, m->link.src, m->link.dst, k->now);
	if (!authenticated(k, p))
		return R_DNP_AUTH;
	if (dnp_outstanding(k->st->requests, m->link.src, m->link.dst, k->now) >=
	    k->head->outstanding)
		return R_DNP_OUTSTANDING;
	enum reason why = judge_select(k, p);
	return why == R_NONE ? judge_rates(k->c, changes(a)) : why;
}

/* A refused request that is only observed still reaches the outstation. It is remembered, so that
 * its response is not refused as well. */
static enum reason dnp_gate_judge_request(const struct ask *k, struct dnp_decision *d)
{
	enum reason why = dnp_judge_rules(k, d);
	if (why == R_NONE || !k->c->stance->blocks)
		remember_request(k);
	return why;
}

/* Note what the outstation's response permits to later requests. */
static void take_response(const struct ask *k)
{
	const struct dnp_msg *m = k->m;
	const struct dnp_app *a = &m->app;
	struct dnp_pair *p = dnp_pair(k->st, m->link.dst, m->link.src, k->now);
	if (a->func == F_RESPONSE && p->selected_ns && a->seq == p->seq)
		p->granted = a->fir && a->fin && p->sum == sum_objects(k);
	uint8_t status = a->func == F_AUTH_RESPONSE ? dnp_key_status(a) : 0;
	if (status) {
		p->authenticated = status == 1;
		p->keyed = true;
	}
	struct dnp_asked more = { .at_ns = k->now,
				  .src = m->link.dst,
				  .dst = m->link.src,
				  .seq = (a->seq + 1) & 15,
				  .answered = true };
	if (a->func == F_RESPONSE && !a->fin)
		dnp_ask(k->st->requests, &more);
	if (a->con)
		dnp_ask(k->st->confirms, &(struct dnp_asked){ .at_ns = k->now,
							      .src = m->link.src,
							      .dst = m->link.dst,
							      .seq = a->seq,
							      .uns = a->uns });
}

static enum reason dnp_gate_judge_response(const struct ask *k)
{
	const struct dnp_app *a = &k->m->app;
	if (!a->response)
		return R_DNP_DIRECTION;
	if (!dnp_func_by_code(a->func))
		return R_FUNCTION;
	if ((a->func == F_UNSOLICITED && !a->uns) || (a->func == F_RESPONSE && a->uns))
		return R_FORMAT;
	if (a->func == F_UNSOLICITED && !k->head->unsolicited)
		return R_DNP_UNSOLICITED;
	if (a->func != F_UNSOLICITED) {
		struct dnp_asked *request = dnp_asked_by(k->st->requests, k->m, k->now);
		if (!request)
			return R_UNSOLICITED;
		request->answered = true;
		follow_in_step(k->c, request->at_ns);
	}
	take_response(k);
	return R_NONE;
}

static enum reason judge_whole(const struct ask *k, bool from_master, struct dnp_decision *d)
{
	const struct dnp_msg *m = k->m;
	bool unwalkable = m->walk == R_DNP_OBJECT || m->walk == R_DNP_QUALIFIER;
	if (m->walk != R_NONE && !(unwalkable && k->head->unwalkable))
		return m->walk;
	if (!from_master)
		return dnp_gate_judge_response(k);
	if (m->app.response)
		return R_DNP_DIRECTION;
	if (m->app.func == F_CONFIRM)
		return dnp_asked_by(k->st->confirms, m, k->now) ? R_NONE : R_DNP_CONFIRM;
	return dnp_gate_judge_request(k, d);
}

static bool is_from_master(const struct pass *c)
{
	const struct pol_dnp_head *head = policy_head(c->in->img, c->pol);
	return (c->dir == 0) != (head->server_is_master != 0);
}

/* May these two speak this way? */
static enum reason judge_pair(const struct pass *c, const struct dnp_msg *m)
{
	bool from_master = is_from_master(c);
	if (m->link.dir != from_master)
		return R_DNP_DIRECTION;
	if (!from_master && m->link.dst >= DNP_ADDR_RESERVED)
		return R_DNP_ADDRESS; /* no master is called so */
	uint16_t master = from_master ? m->link.src : m->link.dst,
		 outstation = from_master ? m->link.dst : m->link.src;
	return policy_dnp3_pair(c->in->img, c->pol, master, outstation);
}

static enum reason judge_fragment(struct pass *c, const struct dnp_msg *m, struct dnp_decision *d)
{
	const struct ask k = { .c = c,
			       .m = m,
			       .head = policy_head(c->in->img, c->pol),
			       .st = dnp_of(c->f),
			       .now = c->raw->now_ns };
	return judge_whole(&k, is_from_master(c), d);
}

static struct judged dnp_judge(struct pass *c, const uint8_t *p, size_t n)
{
	struct dnp_case *k = pass_message(c);
	struct dnp_msg *m = &k->m;
	*k = (struct dnp_case){ .d = { .rule = 0xffff } };
	dnp_fast_of(c->f)->answered = false;
	enum reason why = parse_link(p, n, m);
	bool sound = why == R_NONE;
	if (sound && c->pol)
		why = judge_pair(c, m);
	if (why == R_NONE && m->has_tr)
		why = dnp_parse(c, p, n, k);
	if (why == R_NONE && m->has_app)
		why = c->pol ? judge_fragment(c, m, &k->d) : m->walk;
	if (!sound)
		dnp_collect_end_all(c);
	else if (why != R_NONE && !k->piece.copy)
		dnp_collect_end(c, &m->link);
	if (why == R_NONE && m->has_app && m->app.response)
		dnp_collect_answered(c, &m->link);
	if (why == R_NONE)
		fast_dnp_permitted(c, p, n, m);
	return (struct judged){ .why = why,
				.len = n,
				.rule = k->d.rule,
				.part = !m->has_app,
				.quiet = k->piece.quiet,
				.copy = k->piece.copy,
				.fill = dnp_fill,
				.of = k,
				.msg = m };
}

/* A header with its checksum. */
static int dnp_begins(const uint8_t *p, size_t n, bool response)
{
	enum reason why;
	(void)response;
	return dnp3_frame(p, n, &why);
}

static void dnp_missed(struct pass *c, int dir)
{
	struct dnp_state *st = dnp_of(c->f);
	struct pass of = *c;
	of.dir = dir;
	dnp_collect_end_all(&of);
	st->unseen = true;
	/* the answers may be among what was missed */
	for (size_t i = 0; i < DNP_ASKED_MAX; i++)
		st->requests[i].answered = true;
}

_Static_assert(offsetof(struct dnp_stations, key) == 0 &&
		       sizeof(((struct dnp_stations *)0)->key) == PROTO_KEY,
	       "they begin with the key that is drawn for them");

const struct proto_ops proto_dnp3 = {
	.cuts = true,
	.state = sizeof(struct dnp_state),
	.fresh = sizeof(struct dnp_state),
	.message = sizeof(struct dnp_case),
	.common = sizeof(struct dnp_stations),
	.shared = DNP_PLACES * sizeof(struct dnp_place),
	.holds = true,
	.begins = dnp_begins,
	.begins_surely = true,
	.missed = dnp_missed,
	.frame = dnp3_frame,
	.judge = dnp_judge,
	.lost = dnp_collect_end_all,
};
