/* SPDX-License-Identifier: MIT
 * A recording through the engine. */
#include "inspect/recording.h"

#include <netinet/in.h>

bool recording_clock_set(struct recording_clock *c, struct recording_turns *due)
{
	c->now_ns = due->wall_ns > c->now_ns ? due->wall_ns : c->now_ns;
	due->turns = 0;
	if (c->now_ns - c->ticked_ns < RECORDING_TURN_NS)
		return false;
	uint64_t turns = (c->now_ns - c->ticked_ns) / RECORDING_TURN_NS;
	if (c->ticked_ns && turns <= RECORDING_TURNS_MAX) {
		due->turns = (unsigned)turns;
		due->first_ns = c->ticked_ns + RECORDING_TURN_NS;
		c->ticked_ns += turns * RECORDING_TURN_NS;
		return true;
	}
	due->turns = c->ticked_ns ? RECORDING_TURNS_MAX : 1;
	due->first_ns = c->now_ns - (due->turns - 1) * (uint64_t)RECORDING_TURN_NS;
	c->ticked_ns = c->now_ns;
	return true;
}

bool recording_begin(struct recording *r, const struct inspect_conf *conf,
		     const struct pol_image *img)
{
	struct inspect_conf of = *conf;
	of.recording = true;
	*r = (struct recording){ .in = inspect_new(&of) };
	if (r->in && img)
		inspect_policy(r->in, img);
	return r->in != NULL;
}

void recording_turn(struct recording *r, const struct recording_turns *t,
		    const struct inspect_out *out)
{
	r->last.id = t->id;
	for (unsigned i = 0; r->in && i < t->turns; i++)
		inspect_tick(r->in, t->first_ns + (uint64_t)i * RECORDING_TURN_NS, t->wall_ns, out);
}

void recording_judge(struct recording *r, const struct inspect_pkt *p,
		     const struct inspect_out *out)
{
	r->last = (struct inspect_pkt){ .id = p->id, .now_ns = p->now_ns, .wall_ns = p->wall_ns };
	if (r->in)
		inspect_packet(r->in, p, out);
}

void recording_end(struct recording *r, const struct inspect_out *out)
{
	if (r->in && out)
		inspect_end(r->in, &r->last, out);
	inspect_free(r->in);
	r->in = NULL;
}

bool recording_is_cut(bool partial, const struct packet *p)
{
	return partial && (!p || p->l4 == IPPROTO_TCP || p->l4 == IPPROTO_UDP);
}

void recording_time(struct recording *r, uint64_t wall_ns, uint32_t id,
		    const struct inspect_out *out)
{
	struct recording_turns due = { .wall_ns = wall_ns, .id = id };
	if (recording_clock_set(&r->clock, &due))
		recording_turn(r, &due, out);
}

void recording_packet(struct recording *r, struct inspect_pkt *p, const struct inspect_out *out)
{
	struct packet k;
	recording_time(r, p->wall_ns, p->id, out);
	p->now_ns = r->clock.now_ns;
	bool known = p->partial && (packet_parse(p->ip, p->len, false, &k) == R_NONE ||
				    packet_ends(p->ip, p->len, &k));
	if (!recording_is_cut(p->partial, known ? &k : NULL))
		recording_judge(r, p, out);
}
