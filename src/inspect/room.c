/* SPDX-License-Identifier: MIT
 *
 * Places in the connection table: who gets one, who has to go, and the records of both.
 * A connection that has to go is forgotten; its next packet belongs to no known
 * connection and is reset, so that nothing of it passes unjudged.
 */
#include <netinet/in.h>

#include "inspect/internal.h"

/* Count that f has to go, and record it if it is to be told. */
static void tell(struct pass *c, struct connection *f, enum reason why, bool told)
{
	const struct pol_image *img = c->in->img;
	if (!img || !c->stance->records)
		return;
	struct event ev = connection_event(c->in, f, 0, why);
	const struct pol_flow *pol = policy_flow(img, f->flow_id);
	count_connection(c->in, pol, &ev);
	if (told && !(pol && pol->log == LOG_NONE))
		c->out->event(c->out->ctx, &ev);
}

/* A flood has as many of these as packets: one record a second, and an exact counter. */
static void push_out(struct pass *c, struct connection *f)
{
	struct inspect *in = c->in;
	uint64_t now = c->raw->now_ns;
	if (f->state != CONN_CLOSED && f->state != CONN_BLOCKED) {
		in->stats.pushed_half++;
		bool told = now - in->told_half_ns >= SEC;
		if (told)
			in->told_half_ns = now;
		tell(c, f, R_HALF_OPEN, told);
	} else {
		in->stats.pushed_closed++;
	}
	connection_drop(&in->connections, f);
}

enum reason room_add(struct pass *c, bool from_client, uint8_t proto)
{
	struct connections *t = &c->in->connections;
	uint64_t now = c->raw->now_ns;
	struct connection *f;
	enum reason why = R_NONE;
	/* not worth beginning; what comes without a SYN is no new connection */
	if (from_client && (c->pkt.flags & TCP_SYN))
		why = connection_admits(t, &c->pkt.src, now, &f);
	if (why == R_NONE) {
		f = connection_yields(t, now);
		if (f)
			push_out(c, f);
		c->f = connection_add(t, &c->pkt, from_client, proto, now);
		why = c->f ? R_NONE : R_FLOW_LIMIT;
	}
	if (why != R_NONE)
		c->in->stats.no_room++;
	return why;
}

enum reason room_prove(struct pass *c)
{
	struct connections *t = &c->in->connections;
	struct connection *victim;
	if (c->f->proven)
		return R_NONE;
	enum reason why = connection_admits(t, &c->f->client, c->raw->now_ns, &victim);
	if (why != R_NONE) {
		c->in->stats.no_room++;
		return why;
	}
	if (victim) {
		c->in->stats.pushed_idle++;
		tell(c, victim, R_IDLE, true);
		connection_drop(t, victim);
	}
	connection_prove(t, c->f, c->raw->now_ns);
	return R_NONE;
}

void room_answered(struct pass *c)
{
	struct connections *t = &c->in->connections;
	struct connection *victim;
	if (!c->f->proven &&
	    connection_admits(t, &c->f->client, c->raw->now_ns, &victim) == R_NONE && !victim)
		connection_prove(t, c->f, c->raw->now_ns);
}

bool room_enlarge(struct pass *c)
{
	struct inspect *in = c->in;
	struct connections *t = &in->connections;
	uint64_t now = c->raw->now_ns;
	struct connection *victim;
	if (!proto_of(c->f->proto)->big || c->f->big || !c->f->proven)
		return false;
	if (connection_enlarge(t, c->f))
		return true;
	if (!connection_large_yields(t, c->f, now, &victim)) {
		in->stats.no_room++;
		if (now - in->told_large_ns >= SEC && c->stance->records) {
			in->told_large_ns = now;
			pass_record(c, &(struct action){ .why = R_LARGE_ROOM }, V_DROP);
		}
		return false;
	}
	if (victim) {
		in->stats.pushed_idle++;
		tell(c, victim, R_LARGE_TAKEN, true);
		connection_drop(t, victim);
	}
	return connection_enlarge(t, c->f);
}
