/* SPDX-License-Identifier: MIT
 * The inspector of one group of connections: packets and turns of the clock in, records out. */
#include <netinet/in.h>

#include "zonectl/replay-parts.h"

/* id: the packet that it came in, which may have been kept until those before it had come; 0: of
 * none, and the one that is being read is told. */
static void note_record(struct judge *j, const struct event *ev, const void *m, uint32_t id)
{
	uint32_t now = j->frame;
	counts_add(&j->counts, ev, m != NULL);
	if (j->r->o.violations && (ev->reason == R_NONE || ev->kind == EV_GAP))
		return;
	j->frame = id ? id : now;
	replay_put_record(j, ev, m);
	j->frame = now;
}

static void note_message(void *ctx, const struct event *ev, const void *m, uint32_t id)
{
	note_record(ctx, ev, m, id);
}

static void note_event(void *ctx, const struct event *ev)
{
	/* of a message note_message() has told */
	if (ev->proto == PROTO_NONE || ev->part)
		note_record(ctx, ev, NULL, ev->packet);
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
					   .speaks = j->r->speaks,
					   .dissect_only = !j->r->img };
	j->failed |= !recording_begin(&j->recording, &conf, j->r->img);
	return j->recording.in != NULL;
}

/* A packet whose headers are good but for a sum. */
static bool has_wrong_sum(const struct inspect_pkt *p)
{
	struct packet k;
	return packet_parse(p->ip, p->len, true, &k) != R_NONE &&
	       packet_parse(p->ip, p->len, false, &k) == R_NONE;
}

void judge_counts(struct counts *c, const struct inspect_pkt *p)
{
	if (p->check_sum && has_wrong_sum(p)) {
		counts_leave(c, LEFT_CHECKSUM, p->len);
	} else {
		c->packets++;
		c->bytes += p->len;
	}
}

void judge_packet(struct judge *j, const struct inspect_pkt *p, struct text *to)
{
	if (!j->recording.in && !begin_inspector(j))
		return;
	const struct inspect_out out = out_of(j);
	j->to = to;
	j->frame = p->id;
	judge_counts(&j->counts, p);
	recording_judge(&j->recording, p, &out);
}

void judge_refused(struct judge *j, const struct refused_many *m, struct text *to)
{
	j->to = to;
	j->frame = m->ev.packet;
	counts_add_refused(&j->counts, m);
	j->repeated = m->since_ns ? m->requests + m->responses : 0;
	j->of_many.since_ns = m->since_ns;
	replay_put_record(j, &m->ev, NULL);
	j->repeated = 0;
}

void judge_clock(struct judge *j, const struct recording_turns *t, struct text *to)
{
	const struct inspect_out out = out_of(j);
	j->to = to;
	j->frame = t->id;
	recording_turn(&j->recording, t, &out);
}

void judge_end(struct judge *j, struct text *to)
{
	const struct inspect_out out = out_of(j);
	j->to = to;
	recording_end(&j->recording, to ? &out : NULL);
}
