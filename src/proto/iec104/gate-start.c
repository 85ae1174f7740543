/* SPDX-License-Identifier: MIT
 *
 * Data transfer started, as it concerns other connections: the place of this one in the table of
 * started masters (gate-masters.h).
 *
 * It is entered by STARTDT act, before the station has confirmed that, for this is what ends the
 * other's connection there. A connection that is started and has no place, since the policy was
 * another or only observed when it began, takes one as soon as there is one: no reload ends it.
 */
#include "proto/iec104/gate.h"

/* Said again no more often than this, which is a small part of IEC_MASTER_LOST_NS. */
#define IEC_KEEP_NS (30 * SEC)
/* A station asked something, and its master answered nothing for so long: t1 is 15 s mostly. */
#define IEC_MASTER_GONE_NS (60 * SEC)

static struct iec_starter starter_of(const struct connection *f, bool server_controls,
				     uint8_t group, uint64_t now)
{
	return (struct iec_starter){
		.station = server_controls ? f->client : f->server,
		.master = server_controls ? f->server : f->client,
		.port = server_controls ? 0 : f->sport,
		.ports = (uint32_t)f->cport << 16 | f->sport,
		.group = group,
		.now = now,
	};
}

static struct iec_starter starter_now(const struct iec_look *k)
{
	struct iec_starter s = starter_of(k->c->f, k->s->server_controls, k->head->redundancy_group,
					  k->c->raw->now_ns);
	s.most = k->head->started_masters;
	return s;
}

void iec_start_ends(void *common, struct connection *f, uint64_t now)
{
	struct iec_connection *s = iec_of(f);
	if (!s->held_ns)
		return;
	struct iec_starter was = starter_of(f, s->held_by_server, s->held_group, now);
	iec_masters_stop(common, &was);
	s->held_ns = 0;
}

/* The place it has is the one that the policy means now. */
static bool holds_this(const struct iec_look *k)
{
	return k->s->held_ns && k->s->held_group == k->head->redundancy_group &&
	       k->s->held_by_server == k->s->server_controls;
}

static bool iec_start_enter(struct iec_look *k,
			    bool (*enter)(struct iec_masters *t, const struct iec_starter *s))
{
	struct iec_connection *s = k->s;
	const struct iec_starter now = starter_now(k);
	if (!holds_this(k))
		iec_start_ends(iec_masters_of(k->c), k->c->f, now.now);
	bool entered = enter(iec_masters_of(k->c), &now);
	s->held_ns = entered ? now.now : 0;
	s->held_group = now.group;
	s->held_by_server = s->server_controls;
	return entered;
}

bool iec_start(struct iec_look *k)
{
	return !k->head || iec_start_enter(k, iec_masters_start);
}

/* Where the link was joined in its middle, TESTFR shows nothing: a master's other connection, which
 * is not started, has that, too. */
static bool shows_started(const struct iec_look *k)
{
	return k->s->asked && (!k->s->joined || k->s->held_ns || k->m.apci.format != IEC_U);
}

/* Of a station's frames these are answered, in t1. */
static void note_waiting(struct iec_look *k)
{
	struct iec_connection *s = k->s;
	bool asks = k->m.apci.format == IEC_I || k->m.apci.u == IEC_TESTFR_ACT;
	if (k->from == IEC_CONTROLLING)
		s->waits_ns = 0;
	else if (asks && !s->waits_ns)
		s->waits_ns = k->c->raw->now_ns;
}

void iec_start_keep(struct iec_look *k)
{
	const struct connection *f = k->c->f;
	note_waiting(k);
	if (k->from != IEC_CONTROLLING)
		return;
	bool recent = holds_this(k) && k->c->raw->now_ns - k->s->held_ns < IEC_KEEP_NS;
	if (shows_started(k) && !recent && !f->h[0].fin && !f->h[1].fin)
		iec_start_enter(k, iec_masters_keep);
}

/* The kernel passes packets of it that no inspector sees: it is in use then. Else a master that
 * leaves its station without an answer is gone, though TCP may repeat what it does not acknowledge
 * for a quarter of an hour, and says nothing of the station's end before. */
void iec_start_clock(void *common, struct connection *f, uint64_t now)
{
	struct iec_connection *s = iec_of(f);
	if (f->fast.given)
		s->waits_ns = 0;
	if (s->waits_ns && now - s->waits_ns > IEC_MASTER_GONE_NS)
		iec_start_ends(common, f, now);
	if (!f->fast.given || !s->held_ns || f->last_ns < s->held_ns + IEC_KEEP_NS)
		return;
	struct iec_starter is = starter_of(f, s->held_by_server, s->held_group, f->last_ns);
	s->held_ns = iec_masters_keep(common, &is) ? f->last_ns : 0;
}
