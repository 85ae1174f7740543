/* SPDX-License-Identifier: MIT
 *
 * The link of IEC 60870-5-104 (clauses 5.1 to 5.3): who may send I and S frames when, and with
 * which numbers.
 *
 *   master   STARTDT act              I.. S..   STOPDT act    S..
 *   station               STARTDT con  I.. S..            I.. S..  STOPDT con
 *
 * Behind STOPDT con either may still acknowledge what came before it.
 *
 * Stations differ where a frame comes that does not fit here: one closes, one ignores it and
 * does not count it, one takes it. So nothing of it is skipped or corrected; it ends the
 * connection.
 *
 * A connection that is only observed may be joined in its middle, or go on after what would have
 * ended it. Its numbers are taken from what is seen then; and when the policy is enforced later,
 * the master's I frames must wait until the numbers of both ends have been seen.
 */
#include "proto/iec104/gate.h"

/* ---- U frames ---- */

enum u_kind { U_START, U_STOP, U_TEST };

static const struct {
	uint8_t u, kind;
	bool act;
	/* clang-format off */
} u_frames[] = {
	{ IEC_STARTDT_ACT, U_START, true }, { IEC_STARTDT_CON, U_START, false },
	{ IEC_STOPDT_ACT, U_STOP, true },   { IEC_STOPDT_CON, U_STOP, false },
	{ IEC_TESTFR_ACT, U_TEST, true },   { IEC_TESTFR_CON, U_TEST, false },
};
/* clang-format on */

static void count_act(uint8_t *n)
{
	*n = (uint8_t)(*n + (*n < UINT8_MAX));
}

/* The master asks to start or stop. */
static enum reason link_act(struct iec_look *k, bool start)
{
	struct iec_connection *s = k->s;
	if (k->from != IEC_CONTROLLING)
		return R_DNP_DIRECTION;
	enum reason why = start && !iec_start(k) ? R_IEC_STARTED : R_NONE;
	if (why != R_NONE && k->c->stance->blocks)
		return why;
	s->asked = start;
	count_act(start ? &s->starts : &s->stops);
	if (!start)
		iec_select_none(s);
	return why;
}

/* The station confirms it. */
static enum reason link_con(struct iec_look *k, bool start)
{
	struct iec_connection *s = k->s;
	uint8_t *due = start ? &s->starts : &s->stops;
	if (k->from != IEC_CONTROLLED)
		return R_DNP_DIRECTION;
	bool unasked = *due == 0 && !s->joined;
	if (!unasked || !k->c->stance->blocks) {
		s->started = start;
		*due = (uint8_t)(*due - (*due > 0));
		if (!start && !s->asked)
			iec_start_ends(iec_masters_of(k->c), k->c->f, k->c->raw->now_ns);
	}
	return unasked ? R_UA_STATE : R_NONE;
}

/* Either end tests whenever it likes; a confirmation without a question is tolerated. */
static void link_test(struct iec_look *k, bool act)
{
	struct iec_connection *s = k->s;
	if (k->from == IEC_CONTROLLED && act)
		count_act(&s->tests);
	if (k->from != IEC_CONTROLLING || act)
		return;
	k->unprompted = s->tests == 0;
	s->tests = (uint8_t)(s->tests - (s->tests > 0));
}

static enum reason link_u(struct iec_look *k)
{
	k->unprompted = true;
	for (size_t i = 0; i < sizeof(u_frames) / sizeof(u_frames[0]); i++) {
		if (u_frames[i].u != k->m.apci.u)
			continue;
		if (u_frames[i].kind == U_TEST) {
			link_test(k, u_frames[i].act);
			return R_NONE;
		}
		bool start = u_frames[i].kind == U_START;
		return u_frames[i].act ? link_act(k, start) : link_con(k, start);
	}
	return R_IEC_CONTROL;
}

/* ---- I and S frames ---- */

/* Does the other end wait for a confirmation of what it sent? */
static bool way_waits(const struct iec_way *other)
{
	return other->counted && other->confirmed && other->next != other->acked;
}

/* Behind its STOPDT act a master may acknowledge still, until the station has confirmed. There are
 * masters and stations that acknowledge by a timer of their own, which STOPDT does not stop: behind
 * its confirmation an S frame may come while there is something to acknowledge. */
static bool may_send(const struct iec_look *k, const struct iec_way *other)
{
	const struct iec_connection *s = k->s;
	bool supervisory = k->m.apci.format == IEC_S;
	if (supervisory && way_waits(other))
		return true;
	if (k->from == IEC_CONTROLLED)
		return s->started;
	return s->asked || (s->started && supervisory);
}

static unsigned window(const struct iec_look *k)
{
	return k->head ? k->head->k : IEC_K_DEFAULT;
}

/* Has anything shown which number is next? */
static bool way_known(const struct iec_way *w)
{
	return w->counted || w->confirmed;
}

static bool may_begin_with_one(const struct iec_look *k, const struct iec_way *w)
{
	return k->head && k->head->first_number_one && k->from == IEC_CONTROLLED && !w->sent &&
	       !k->s->joined;
}

/* N(S) of an I frame. */
static enum reason check_send_number(struct iec_look *k, struct iec_way *w)
{
	uint16_t ns = k->m.apci.ns;
	if (w->counted && ns == 1 && may_begin_with_one(k, w)) {
		w->begins_with_one = true;
		return R_NONE;
	}
	if (w->counted) {
		k->number = (struct event_number){ w->next, w->next, ns, ns != w->next };
		return ns == w->next ? R_NONE : R_UA_SEQUENCE;
	}
	/* what was on its way when it was joined is no more than a window */
	return w->confirmed && iec_seq_ahead(w->acked, ns) > window(k) ? R_UA_SEQUENCE : R_NONE;
}

/* N(R): of what the other end sent, w, it confirms no less than before, and no more than was sent.
 */
static enum reason check_receive_number(struct iec_look *k, const struct iec_way *w)
{
	uint16_t nr = k->m.apci.nr;
	k->number = (struct event_number){ w->acked, w->next, nr, w->counted && w->confirmed };
	if (w->counted && w->confirmed)
		return iec_seq_ahead(w->acked, nr) <= iec_seq_ahead(w->acked, w->next)
			       ? R_NONE
			       : R_IEC_RECEIVE_NUMBER;
	if (w->counted)
		return iec_seq_ahead(nr, w->next) <= window(k) ? R_NONE : R_IEC_RECEIVE_NUMBER;
	return w->confirmed && iec_seq_ahead(w->acked, nr) > window(k) ? R_IEC_RECEIVE_NUMBER
								       : R_NONE;
}

/* Would this I frame be one more than may wait for their confirmation? */
static enum reason check_window(struct iec_look *k, const struct iec_way *w)
{
	unsigned skipped = w->begins_with_one;
	if (!w->confirmed)
		return R_NONE;
	unsigned sent = iec_seq_ahead(w->acked, k->m.apci.ns) + 1u, may = window(k) + skipped;
	k->number = (struct event_number){ 0, may, sent, sent > may };
	return sent > may ? R_IEC_WINDOW : R_NONE;
}

static enum reason check_frame(struct iec_look *k, struct iec_way *own, const struct iec_way *other)
{
	bool information = k->m.apci.format == IEC_I,
	     commands = information && k->from == IEC_CONTROLLING;
	if (!may_send(k, other))
		return R_UA_STATE;
	if (commands && k->c->stance->blocks && !(way_known(own) && way_known(other)))
		return R_UA_STATE;
	enum reason why = information ? check_send_number(k, own) : R_NONE;
	if (why == R_NONE)
		why = check_receive_number(k, other);
	return why == R_NONE && information ? check_window(k, own) : why;
}

/* Take over the numbers and the state of a frame that was delivered, permitted or not. */
static void follow(struct iec_look *k, struct iec_way *own, struct iec_way *other)
{
	other->acked = k->m.apci.nr;
	other->confirmed = true;
	if (other->acked)
		other->begins_with_one = false;
	if (k->m.apci.format != IEC_I)
		return;
	own->next = (uint16_t)((k->m.apci.ns + 1u) & (IEC_SEQ - 1));
	own->counted = own->sent = true;
}

void iec_link_lost(struct iec_connection *s)
{
	s->known = s->joined = s->asked = s->started = true;
	for (unsigned d = 0; d < 2; d++)
		s->way[d] = (struct iec_way){ .counted = false };
	iec_select_none(s);
}

static enum reason link_numbers(struct iec_look *k)
{
	struct iec_way *own = &k->s->way[k->c->dir], *other = &k->s->way[!k->c->dir];
	enum reason why = check_frame(k, own, other);
	if (why != R_NONE && k->c->stance->blocks)
		return why;
	if (why != R_NONE)
		iec_link_lost(k->s);
	k->unprompted =
		k->m.apci.format == IEC_S && other->confirmed && other->acked == k->m.apci.nr;
	follow(k, own, other);
	return why;
}

/* A connection of which the handshake was seen begins with number zero at both ends, and stopped.
 */
static void iec_begin(struct iec_look *k)
{
	struct iec_connection *s = k->s;
	const struct connection *f = k->c->f;
	s->known = true;
	s->joined = f->syn_seq == 0 && f->open_seq == 0 && f->server_isn == 0;
	s->asked = s->started = s->joined;
	for (unsigned d = 0; d < 2; d++)
		s->way[d].counted = s->way[d].confirmed = !s->joined;
}

enum reason iec_link(struct iec_look *k)
{
	bool server_controls = (k->from == IEC_CONTROLLING) == (k->c->dir == 1);
	if (!k->s->known)
		iec_begin(k);
	else if (k->s->server_controls != server_controls)
		iec_link_lost(k->s);
	k->s->server_controls = server_controls;
	return k->m.apci.format == IEC_U ? link_u(k) : link_numbers(k);
}
