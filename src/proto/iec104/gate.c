/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104 in the data path: frame by frame the control field, the state of the link
 * and its numbers (gate-link.c), the ASDU, and of what the master sends the policy, selects
 * (gate-select.c) and rates. Nothing of an APDU goes on before it is whole and judged:
 * there is a station that closes when what it reads ends behind the start octet.
 */
#include <stddef.h>

#include "proto/iec104/facts.h"
#include "proto/iec104/gate.h"

/* ---- facts ---- */

static double iec_value_of(const struct iec_object *o)
{
	switch (o->value) {
	case IEC_SINGLE:
	case IEC_DOUBLE:
	case IEC_STEP_COMMAND:
		return o->state;
	case IEC_NORMALISED:
		return o->number / 32768.0;
	case IEC_FLOAT:
		return o->real;
	case IEC_BITSTRING:
	case IEC_PROTECTION:
	case IEC_STATUS:
		return o->bits;
	default:
		return o->number;
	}
}

static void fill_asdu(struct ev_iec104 *ev, const struct iec_asdu *a)
{
	ev->has |= EVI_ASDU;
	ev->type = a->type;
	ev->n = a->n;
	ev->sq = a->sq;
	ev->cause = a->cause;
	ev->negative = a->negative;
	ev->test = a->test;
	ev->oa = a->oa;
	ev->ca = a->ca;
	ev->ioa = a->ioa;
}

static void iec_fill_object(struct ev_iec104 *ev, const struct iec_object *o)
{
	const struct iec_type *t = iec_type(ev->type);
	ev->ioa = o->ioa;
	if (o->value != IEC_NO_VALUE && o->value != IEC_FILE_PART) {
		ev->has |= EVI_VALUE;
		ev->value = iec_value_of(o);
	}
	if (t && t->class != IEC_MONITOR) {
		ev->has |= EVI_QUALIFIER | (t->select ? EVI_SELECT : 0);
		ev->qualifier = t->select ? o->qu : o->qualifier;
		ev->select = o->select;
	}
}

static void fill_apci(struct ev_iec104 *ev, const struct iec_apci *a)
{
	*ev = (struct ev_iec104){ .format = a->format, .u = a->u, .ns = a->ns, .nr = a->nr };
}

static void iec_fill(const struct pass *c, struct event *ev, const void *of)
{
	const struct iec_look *k = of;
	(void)c;
	ev->proto = PROTO_IEC104;
	if (ev->reason == R_UA_SEQUENCE || ev->reason == R_IEC_RECEIVE_NUMBER ||
	    ev->reason == R_IEC_WINDOW)
		ev->number = k->number;
	fill_apci(EV_IEC104(ev), &k->m.apci);
	if (!k->m.has_asdu)
		return;
	fill_asdu(EV_IEC104(ev), &k->m.asdu);
	if (k->has_object)
		iec_fill_object(EV_IEC104(ev), &k->object);
}

/* The facts of an unfinished APDU, as far as its octets are there. */
static void iec_begun(const uint8_t *p, size_t n, struct event *ev)
{
	struct iec_apci a;
	struct iec_asdu asdu;
	if (n < IEC_APCI || p[0] != IEC_START)
		return;
	(void)iec104_apci(p, n, &a);
	ev->proto = PROTO_IEC104;
	fill_apci(EV_IEC104(ev), &a);
	if (a.format != IEC_I || n < IEC_APCI + IEC_ASDU_HEAD + IEC_IOA)
		return;
	(void)iec104_asdu(p + IEC_APCI, n - IEC_APCI,
			  ev->response ? IEC_CONTROLLED : IEC_CONTROLLING, &asdu);
	fill_asdu(EV_IEC104(ev), &asdu);
}

/* ---- judgement ---- */

/* The object that the policy says it is about. */
static enum reason take_decision(struct iec_look *k, const struct iec_decision *d)
{
	k->rule = d->rule;
	if (d->has_object) {
		k->has_object = true;
		k->object = d->object;
	}
	return d->reason;
}

static enum reason judge_master(struct iec_look *k)
{
	const struct iec_object first = k->object;
	const struct iec_decision d = policy_iec104(k->c->in->img, k->c->pol, &k->m);
	enum reason why = take_decision(k, &d);
	enum reason select = iec_select(k, k->has_object ? &first : NULL, d.select_first);
	if (why == R_NONE)
		why = select;
	return why == R_NONE ? judge_rates(k->c, policy_iec104_writes(&k->m.asdu)) : why;
}

static enum reason judge_station(struct iec_look *k)
{
	const struct iec_decision d = policy_iec104_answer(k->c->in->img, k->c->pol, &k->m);
	if (k->has_object)
		iec_select_answered(k, &k->object);
	return take_decision(k, &d);
}

static enum reason judge_asdu(struct iec_look *k)
{
	struct iec_objects it;
	iec104_objects(&it, &k->m.asdu);
	k->has_object = iec104_next_object(&it, &k->object);
	if (!k->c->pol)
		return R_NONE;
	return k->from == IEC_CONTROLLING ? judge_master(k) : judge_station(k);
}

/* Keep-alives of any link pass, whatever else the conduit is busy with; more than these are
 * requests like any. S frames that confirm something are no more than the station's I frames. */
static enum reason judge_unprompted(struct iec_look *k)
{
	uint64_t now = k->c->raw->now_ns, due = k->s->spare_ns > now ? k->s->spare_ns : now;
	if (due <= now + (IEC_SPARE - 1) * SEC) {
		k->s->spare_ns = due + SEC;
		return R_NONE;
	}
	return judge_rates(k->c, false);
}

static enum reason judge_frame(struct iec_look *k, const uint8_t *p, size_t n)
{
	enum reason link = R_NONE, whole = iec104_parse(p, n, k->from, &k->m);
	if (k->m.control != R_NONE) {
		if (!k->c->stance->blocks)
			iec_link_lost(k->s);
		return k->m.control;
	}
	if (k->c->pol) /* without one nothing is known of what came before */
		link = iec_link(k);
	if (link != R_NONE && k->c->stance->blocks)
		return link;
	if (k->head)
		iec_start_keep(k);
	if (whole == R_NONE && k->m.has_asdu)
		whole = judge_asdu(k);
	else if (whole == R_NONE && k->unprompted && k->from == IEC_CONTROLLING)
		whole = judge_unprompted(k);
	return link != R_NONE ? link : whole;
}

/* Of these nobody wants a record each, though all be recorded. */
static bool keeps_alive(const struct iec_apci *a)
{
	return a->format == IEC_S ||
	       (a->format == IEC_U && (a->u == IEC_TESTFR_ACT || a->u == IEC_TESTFR_CON));
}

static struct judged iec_judge(struct pass *c, const uint8_t *p, size_t n)
{
	struct iec_look *k = pass_message(c);
	const struct pol_iec104_head *head = c->pol ? policy_head(c->in->img, c->pol) : NULL;
	bool from_server = c->dir == 1, server_controls = head && head->server_is_controlling;
	*k = (struct iec_look){ .c = c,
				.s = iec_of(c->f),
				.head = head,
				.rule = 0xffff,
				.from = from_server == server_controls ? IEC_CONTROLLING
								       : IEC_CONTROLLED };
	enum reason why = judge_frame(k, p, n);
	return (struct judged){ .why = why,
				.len = n,
				.rule = k->rule,
				.part = keeps_alive(&k->m.apci),
				.fill = iec_fill,
				.of = k,
				.msg = &k->m };
}

static void iec_missed(struct pass *c, int dir)
{
	(void)dir; /* the numbers of one end are confirmed by the other */
	iec_link_lost(iec_of(c->f));
}

_Static_assert(offsetof(struct iec_masters, key) == 0 &&
		       sizeof(((struct iec_masters *)0)->key) == PROTO_KEY,
	       "they begin with the key that is drawn for them");

const struct proto_ops proto_iec104 = {
	.state = sizeof(struct iec_connection),
	.fresh = sizeof(struct iec_connection),
	.message = sizeof(struct iec_look),
	.common = sizeof(struct iec_masters),
	.ended = iec_start_ends,
	.clock = iec_start_clock,
	.begun = iec_begun,
	.begins = iec104_begins,
	.missed = iec_missed,
	.holds = true,
	.start = IEC_START,
	.frame = iec104_frame,
	.judge = iec_judge,
};
