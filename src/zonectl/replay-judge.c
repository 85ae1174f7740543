/* SPDX-License-Identifier: MIT
 * The inspector of one group of connections: packets and turns of the clock in, records out. */
#include <netinet/in.h>

#include "zonectl/replay-parts.h"

static void note_record(struct judge *j, const struct event *ev, const void *m)
{
	counts_add(&j->counts, ev, m != NULL);
	if (!j->r->o.violations || (ev->reason != R_NONE && ev->kind != EV_GAP))
		replay_put_record(j, ev, m);
}

static void note_message(void *ctx, const struct event *ev, const void *m, uint32_t id)
{
	struct judge *j = ctx;
	uint32_t now = j->frame;
	j->frame = id; /* one that was kept until those before it had come */
	note_record(j, ev, m);
	j->frame = now;
}

static void note_event(void *ctx, const struct event *ev)
{
	/* of a message note_message() has told */
	if (ev->proto == PROTO_NONE || ev->part)
		note_record(ctx, ev, NULL);
}

static struct inspect_out out_of(struct judge *j)
{
	return (struct inspect_out){ .ctx = j,
				     .verdict = inspect_no_verdict,
				     .event = note_event,
				     .message = note_message };
}

static bool begin_inspector(struct judge *j)
{
	const struct inspect_conf conf = { .max_connections = REPLAY_CONNECTIONS,
					   .hash_key = { 1, 2 },
					   .recording = true,
					   .speaks = j->r->speaks,
					   .dissect_only = !j->r->img };
	j->in = inspect_new(&conf);
	j->failed |= !j->in;
	if (j->in && j->r->img)
		inspect_policy(j->in, j->r->img);
	return j->in != NULL;
}

/* A packet whose headers are good but for a sum. */
static bool has_wrong_sum(const struct judged_packet *p)
{
	struct packet k;
	return packet_parse(p->ip, p->len, true, &k) != R_NONE &&
	       packet_parse(p->ip, p->len, false, &k) == R_NONE;
}

void judge_packet(struct judge *j, const struct judged_packet *p, struct text *to)
{
	if (!j->in && !begin_inspector(j))
		return;
	const struct inspect_pkt pkt = { .id = p->frame,
					 .now_ns = p->now_ns,
					 .wall_ns = p->wall_ns,
					 .ip = p->ip,
					 .len = p->len,
					 .partial = p->partial,
					 .check_sum = j->r->o.checksums };
	const struct inspect_out out = out_of(j);
	j->to = to;
	j->frame = p->frame;
	j->last_ns = p->now_ns;
	j->last_wall_ns = p->wall_ns;
	if (j->r->o.checksums && has_wrong_sum(p)) {
		counts_leave(&j->counts, LEFT_CHECKSUM, p->len);
	} else {
		j->counts.packets++;
		j->counts.bytes += p->len;
	}
	if (p->refused != R_NONE)
		inspect_refused(j->in, &pkt, p->refused, &out);
	else
		inspect_packet(j->in, &pkt, &out);
}

void judge_clock(struct judge *j, const struct clock_turns *t, struct text *to)
{
	const struct inspect_out out = out_of(j);
	j->to = to;
	j->frame = t->frame;
	for (unsigned i = 0; j->in && i < t->turns; i++)
		inspect_tick(j->in, t->first_ns + (uint64_t)i * CLOCK_TURN_NS, t->wall_ns, &out);
}

void judge_end(struct judge *j, struct text *to)
{
	const struct inspect_pkt last = { .id = j->frame,
					  .now_ns = j->last_ns,
					  .wall_ns = j->last_wall_ns };
	const struct inspect_out out = out_of(j);
	j->to = to;
	if (j->in && to)
		inspect_end(j->in, &last, &out);
	inspect_free(j->in);
	j->in = NULL;
}
