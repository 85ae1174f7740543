/* SPDX-License-Identifier: MIT
 *
 * Select before operate (IEC 60870-5-101, clause 6.8). A station keeps one select for a point, for
 * all its points, or for all connections together; compares value and qualifier or not; has it end
 * after some seconds or never; and there are some that execute on a select, or without one. So the
 * gate has a table of its own, and an execute that must have been selected passes it at most once:
 *
 *   select act --> (waiting) --positive con--> granted --execute, the same in all but S/E--> used
 *                      |                          |
 *                      +---- any other command to the point, deactivation, a negative answer,
 * STOPDT, a reset of the station, time-out, a new connection ----> forgotten
 *
 * A policy judges a select as if it were the execute, for a station may take it for one.
 */
#include <string.h>

#include "proto/iec104/gate.h"

static struct iec_selected *find_point(struct iec_connection *s, uint16_t ca, uint32_t ioa)
{
	for (size_t i = 0; i < IEC_SELECTS; i++)
		if (s->selected[i].at_ns && s->selected[i].ca == ca && s->selected[i].ioa == ioa)
			return &s->selected[i];
	return NULL;
}

static struct iec_selected *iec_find_place(struct iec_connection *s)
{
	struct iec_selected *to = &s->selected[0];
	for (size_t i = 1; i < IEC_SELECTS; i++)
		if (s->selected[i].at_ns < to->at_ns)
			to = &s->selected[i];
	return to;
}

void iec_select_none(struct iec_connection *s)
{
	memset(s->selected, 0, sizeof(s->selected));
}

/* Value and qualifier as they are on the wire, without time tag and S/E, which is the highest bit
 * of the last octet of them (clauses 7.2.6.15 to 7.2.6.17 and 7.2.6.39). */
static struct iec_selected point_of(const struct iec_look *k, const struct iec_object *o)
{
	const struct iec_asdu *a = &k->m.asdu;
	struct iec_selected p = { .at_ns = k->c->raw->now_ns,
				  .ioa = o->ioa,
				  .ca = a->ca,
				  .type = a->type,
				  .test = a->test };
	size_t n = o->len - (o->time.octets <= o->len ? o->time.octets : o->len);
	p.n = (uint8_t)(n < IEC_ELEMENT ? n : IEC_ELEMENT);
	memcpy(p.element, o->data, p.n);
	if (p.n)
		p.element[p.n - 1] &= 0x7f;
	return p;
}

static bool same_command(const struct iec_selected *a, const struct iec_selected *b)
{
	return a->type == b->type && a->n == b->n && memcmp(a->element, b->element, a->n) == 0;
}

/* Is it a command or set-point, or an answer to one? A read, a parameter or a report of the same
 * address leaves the point's select alone. */
static bool iec_operates(const struct iec_asdu *a)
{
	const struct iec_type *t = iec_type(a->type);
	return t && (t->class & (IEC_COMMAND | IEC_SETPOINT));
}

/* The master sends a command or set-point to a point. */
static bool command_selected(struct iec_look *k, const struct iec_object *o)
{
	struct iec_selected p = point_of(k, o), *had = find_point(k->s, p.ca, p.ioa);
	uint64_t life = (uint64_t)(k->head ? k->head->select_timeout : IEC_SELECT_DEFAULT) * SEC;
	bool selected = had && had->granted && p.at_ns - had->at_ns <= life &&
			had->test == p.test && same_command(had, &p);
	if (had)
		*had = (struct iec_selected){ .at_ns = 0 };
	if (o->select && k->m.asdu.cause == IEC_ACT)
		*iec_find_place(k->s) = p;
	return selected;
}

enum reason iec_select(struct iec_look *k, const struct iec_object *o, bool needed)
{
	const struct iec_asdu *a = &k->m.asdu;
	if (a->type == IEC_C_RP_NA_1)
		iec_select_none(k->s);
	if (!o || !iec_operates(a))
		return R_NONE;
	bool selected = command_selected(k, o);
	/* one stack does so with a deactivation, too */
	bool executes = !o->select;
	return executes && needed && !selected ? R_DNP_NOT_SELECTED : R_NONE;
}

void iec_select_answered(struct iec_look *k, const struct iec_object *o)
{
	const struct iec_asdu *a = &k->m.asdu;
	struct iec_selected *had = iec_operates(a) ? find_point(k->s, a->ca, o->ioa) : NULL;
	if (!had)
		return;
	bool refused = a->negative || a->cause == IEC_DEACTCON ||
		       (a->cause >= IEC_UNKNOWN_TYPE && a->cause <= IEC_UNKNOWN_IOA);
	struct iec_selected p = point_of(k, o);
	if (refused)
		*had = (struct iec_selected){ .at_ns = 0 };
	else if (a->cause == IEC_ACTCON && o->select && same_command(had, &p))
		had->granted = true;
}
