/* SPDX-License-Identifier: MIT
 *
 * The reference: requests are judged one by one as they are written, by
 * dissector and policy alone; what a response must meet follows from which
 * requests the server has read. What segments, loss and order do to the streams
 * must not show in what the applications read, nor in the events.
 */
#include "schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/modbus/wire.h"
#include "proto/modbus/policy.h"
#include "put.h"
#include "schedule-plant.h"
#include "schedule-sim.h"

static void fault(struct sim *s, const char *text)
{
	if (!s->fault)
		s->fault = text;
}

/* ---- packets ---- */

void schedule_put(struct sim *s, int from, const struct segment *g)
{
	struct wire *w = &s->before[from];
	if (w->n == WIRE_MAX) /* the network is full */
		return;
	struct wire_packet *k = &w->p[w->n++];
	const struct end *e = &s->end[from];
	uint8_t *p = k->b;
	memset(p, 0, 40);
	k->n = 40 + g->n;
	p[0] = 0x45;
	put16(p + 2, (uint32_t)k->n);
	p[8] = 64;
	p[9] = IPPROTO_TCP;
	memcpy(p + 12, (const uint8_t[]){ 10, 0, (uint8_t)(1 + from), 5 }, 4);
	memcpy(p + 16, (const uint8_t[]){ 10, 0, (uint8_t)(2 - from), 5 }, 4);
	put16(p + 20, from ? SERVER_PORT : CLIENT_PORT);
	put16(p + 22, from ? CLIENT_PORT : SERVER_PORT);
	put32(p + 24, g->seq);
	if (g->flags & TCP_ACK)
		put32(p + 28, e->peer_isn + 1 + e->next + (e->peer_fin && e->next == e->fin_at));
	p[32] = 0x50;
	p[33] = g->flags;
	put16(p + 34, WINDOW);
	if (g->n)
		memcpy(p + 40, g->data, g->n);
	packet_checksum(p, k->n);
}

static void send_range(struct sim *s, int from, uint32_t a, uint32_t b)
{
	struct end *e = &s->end[from];
	bool fin = e->fin && b == e->written;
	schedule_put(s, from,
		     &(struct segment){ .flags = (uint8_t)(TCP_ACK | (fin ? TCP_FIN : 0)),
					.seq = e->isn + 1 + a,
					.data = e->out + a,
					.n = b - a });
	if (e->top < b)
		e->top = b;
}

static void take_wire(struct wire *w, unsigned i, struct wire_packet *out)
{
	if (out)
		*out = w->p[i];
	memmove(&w->p[i], &w->p[i + 1], (w->n - i - 1) * sizeof(w->p[0]));
	w->n--;
}

/* ---- applications ---- */

static struct message *note(struct end *e, uint32_t len, enum reason why, bool framing)
{
	struct message *m = &e->m[e->n_m++];
	*m = (struct message){ .at = e->written, .len = len, .why = why, .framing = framing };
	e->written += len;
	return m;
}

static bool may_write(const struct end *e)
{
	return e->n_m < MESSAGES_MAX && e->written < STREAM_MAX - 600 && !e->fin &&
	       !(e->n_m && e->m[e->n_m - 1].framing);
}

static void put_mbap(uint8_t *p, uint32_t tid, uint32_t len, uint32_t fc)
{
	put16(p, tid);
	put16(p + 2, 0);
	put16(p + 4, len);
	p[6] = 1;
	p[7] = (uint8_t)fc;
}

/* A request by its kind; its bytes may be refused for any reason there is. */
static uint32_t make_request(struct sim *s, const struct step *t, uint8_t *p)
{
	static const uint8_t reads[] = { 1, 2, 3, 4 };
	uint32_t fc = reads[t->b & 3], len = 6, addr = t->b % 60, value = 1 + t->c % 20;
	unsigned kind = t->a % 32; /* from 16 on they are plain reads, as 0 to 5 are */
	uint32_t tid = kind == 13 ? 0 : s->n_written;
	switch (kind) {
	case 6:
		fc = 6;
		addr = 100 + t->b % 10;
		value = t->c;
		break;
	case 7:
		fc = 6;
		addr = 50;
		break;
	case 8:
		fc = 6;
		addr = 100;
		value = 900;
		break;
	case 9:
		fc = 5;
		value = 0xff00;
		break;
	case 10:
		addr = 95;
		value = 20;
		break;
	case 11:
		len = 6 + 1 + t->c % 200;
		break;
	case 12:
		value = 0;
		break;
	default:
		break;
	}
	memset(p, t->c, 6 + len);
	put_mbap(p, tid, len, fc);
	put16(p + 8, addr);
	put16(p + 10, value);
	if (kind == 14)
		p[6] = 2;
	if (kind == 15 && t->b % 4 == 0)
		p[3] = 1;
	return 6 + len;
}

static void write_request(struct sim *s, const struct step *t)
{
	struct end *e = &s->end[0];
	if (!may_write(e) || s->n_written == REQUESTS_MAX)
		return;
	uint8_t *p = e->out + e->written;
	uint32_t n = make_request(s, t, p);
	s->n_written++;
	enum reason why = R_NONE;
	bool framing = mb_frame(p, n, &why) < 0;
	struct mb_msg m = { 0 };
	if (!framing)
		why = mb_parse(p, n, false, &m);
	if (!framing && why == R_NONE)
		why = policy_modbus(s->img[0], policy_flow(s->img[0], 0), &m).reason;
	note(e, n, why, framing);
}

/* The server has read one more request: it knows it from now on. */
static void read_request(struct sim *s, const uint8_t *p, uint32_t n)
{
	struct request_of *r = &s->req[s->n_req++];
	*r = (struct request_of){ .answered = false };
	if (mb_parse(p, n, false, &r->m) != R_NONE)
		fault(s, "the server read a request that is not well formed");
	r->twin = r->m.tid == 0;
}

static uint32_t make_answer(const struct mb_msg *m, uint8_t *p)
{
	uint32_t bytes = m->fc <= 2 ? (m->qty + 7u) / 8 : 2u * m->qty;
	put_mbap(p, m->tid, m->fc == 6 ? 6 : 3 + bytes, m->fc);
	if (m->fc == 6) {
		memcpy(p + 8, m->adu + 8, 4);
		return 12;
	}
	p[8] = (uint8_t)bytes;
	memset(p + 9, 0, bytes);
	return 9 + bytes;
}

/* The right answer, an exception, one that does not fit, the same again, or one nobody asked for.
 */
static void write_answer(struct sim *s, const struct step *t)
{
	struct end *e = &s->end[1];
	uint8_t *p = e->out + e->written;
	unsigned kind = t->a % 16 < 8 ? t->a % 8 : 0;
	if (!may_write(e))
		return;
	if (kind == 7 || s->n_req == 0) {
		put_mbap(p, 0xf000u + t->b, 3, 0x83);
		p[8] = 2;
		note(e, 9, R_UNSOLICITED, false);
		return;
	}
	struct request_of *r = &s->req[t->b % s->n_req];
	if (kind == 6 && r->answered && !r->twin) {
		note(e, make_answer(&r->m, p), R_UNSOLICITED, false);
		return;
	}
	if (r->answered)
		return;
	uint32_t n = make_answer(&r->m, p);
	if (kind == 5 && !r->twin) {
		p[6] = 9; /* another unit answers */
		note(e, n, R_RESPONSE_MISMATCH, false);
		return;
	}
	if (kind == 4) {
		put_mbap(p, r->m.tid, 3, r->m.fc | 0x80u);
		p[8] = 2;
		n = 9;
		if (r->twin) /* it fits any of them */
			return;
	}
	r->answered = true;
	note(e, n, R_NONE, false);
}

/* The next permitted message that the peer wrote must be what came. */
static void use(struct sim *s, int at)
{
	struct end *e = &s->end[at];
	const struct end *peer = &s->end[!at];
	for (;;) {
		enum reason why = R_NONE;
		const uint8_t *p = e->in + e->used;
		uint32_t n = e->next - e->used;
		int len = mb_frame(p, n, &why);
		if (len < 0)
			fault(s, "an application read what has no frame");
		if (len <= 0 || (uint32_t)len > n)
			return;
		unsigned i = 0;
		for (unsigned seen = 0; i < peer->n_m; i++)
			if (peer->m[i].why == R_NONE && seen++ == e->read)
				break;
		const struct message *m = &peer->m[i];
		struct mb_msg msg;
		if (s->attacked && at == 1) {
			if (mb_parse(p, (size_t)len, false, &msg) != R_NONE ||
			    policy_modbus(s->img[0], policy_flow(s->img[0], 0), &msg).reason !=
				    R_NONE)
				fault(s, "the server read a request that the policy refuses");
		} else if (!s->attacked && (i == peer->n_m || m->len != (uint32_t)len ||
					    memcmp(p, peer->out + m->at, m->len))) {
			fault(s,
			      at ? "the server read something else than the next permitted request"
				 : "the client read something else than the next permitted answer");
		}
		if (s->fault)
			return;
		e->read++;
		if (at == 1 && s->n_req < REQUESTS_MAX)
			read_request(s, p, (uint32_t)len);
		e->used += (uint32_t)len;
	}
}

/* ---- a packet reaches an end ---- */

static void arrive(struct sim *s, int from, const struct wire_packet *k)
{
	struct end *e = &s->end[!from];
	struct packet p;
	if (packet_parse(k->b, k->n, true, &p) != R_NONE) {
		fault(s, "a packet behind the gate is malformed");
		return;
	}
	if (p.flags & TCP_RST) {
		s->ended = true;
		return;
	}
	uint32_t ack = p.ack - e->isn - 1, done = ack > e->written ? e->written : ack;
	if (ack <= e->written + 1 && ack <= e->top + e->fin && done >= e->una) {
		e->una = done;
		e->fin_acked |= e->fin && ack == e->written + 1;
	} else if (ack > e->top + 1 && ack < 0x80000000u && !s->attacked) {
		fault(s, "what was never sent is acknowledged");
	}
	for (size_t i = 0; i < p.len; i++) {
		uint32_t at = p.seq - e->peer_isn - 1 + (uint32_t)i;
		if (at >= STREAM_MAX || at < e->next)
			continue;
		if (e->here[at] && e->in[at] != p.data[i])
			fault(s, "two versions of one byte reached a receiver");
		e->in[at] = p.data[i];
		e->here[at] = true;
	}
	if ((p.flags & TCP_FIN) && !e->peer_fin) {
		e->peer_fin = true;
		e->fin_at = p.seq - e->peer_isn - 1 + (uint32_t)p.len;
	}
	while (e->next < STREAM_MAX && e->here[e->next])
		e->next++;
	use(s, !from);
	if (p.len || (p.flags & TCP_FIN))
		schedule_put(s, !from,
			     &(struct segment){ .flags = TCP_ACK,
						.seq = e->isn + 1 + e->top + (e->fin_acked) });
}

/* ---- the gate ---- */

/* The gate gets these bytes. */
static void note_gated(struct end *e, const struct wire_packet *k)
{
	struct packet p;
	bool good = packet_parse(k->b, k->n, true, &p) == R_NONE;
	uint32_t at = p.seq - e->isn - 1;
	for (uint32_t i = 0; good && i < p.len && at + i < STREAM_MAX; i++)
		e->gated[at + i] = true;
}

/* Nothing leaves the gate of a message that it does not have as a whole. */
static void check_whole(struct sim *s, const uint8_t *ip, size_t n)
{
	const struct end *e = &s->end[s->dir];
	struct packet p;
	if (packet_parse(ip, n, true, &p) != R_NONE || p.len == 0)
		return;
	/* the receiver counts permitted messages only */
	uint32_t at = p.seq - e->isn - 1, from = 0;
	for (unsigned i = 0; i < e->n_m; i++) {
		const struct message *m = &e->m[i];
		if (m->why != R_NONE)
			continue;
		bool part = (int32_t)(at + (uint32_t)p.len - from) > 0 &&
			    (int32_t)(from + m->len - at) > 0;
		for (uint32_t k = 0; part && k < m->len; k++)
			if (!e->gated[m->at + k])
				fault(s, "a part of an unfinished message went on");
		from += m->len;
	}
}

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct sim *s = ctx;
	s->verdicts++;
	if (v == V_ACCEPT && !s->attacked && s->how == SABOTAGE_NONE)
		check_whole(s, data ? data : s->raw, data ? len : s->raw_len);
	if (id != s->id)
		fault(s, "a verdict for another packet");
	if (v == V_RESET) /* where a connection turns round, most of these are lost */
		s->ended |= !s->s->reversed || s->id % 4 == 0;
	if (s->how == SABOTAGE_PASS_ALL)
		data = NULL, v = V_ACCEPT;
	if (v != V_ACCEPT || (s->how == SABOTAGE_SWALLOW && s->id > 5 && s->raw_len > 40))
		return;
	struct wire *w = &s->behind[s->dir];
	if (w->n == WIRE_MAX)
		return;
	struct wire_packet *k = &w->p[w->n++];
	k->n = data ? len : s->raw_len;
	if (k->n > PKT) {
		fault(s, "a packet grew beyond what a path must carry");
		w->n--;
		return;
	}
	memcpy(k->b, data ? data : s->raw, k->n);
}

static void on_event(void *ctx, const struct event *ev)
{
	struct sim *s = ctx;
	struct end *e = &s->end[ev->response];
	if (ev->reason == R_OVERLAP || ev->reason == R_OUT_OF_WINDOW) {
		if (!s->attacked)
			fault(s, "honest segments were refused");
		return;
	}
	if (ev->reason == R_UNFINISHED) {
		s->unfinished++;
		return;
	}
	if (s->attacked)
		return;
	while (e->events < e->n_m && e->m[e->events].why == R_NONE)
		e->events++;
	if (e->events == e->n_m || e->m[e->events].why != ev->reason)
		fault(s, "an event that the reference does not have, or another reason");
	e->events++;
}

void schedule_gate(struct sim *s, int dir, unsigned i)
{
	struct wire_packet k;
	take_wire(&s->before[dir], i, &k);
	s->raw = k.b;
	s->raw_len = k.n;
	s->dir = dir;
	s->now += 1000;
	note_gated(&s->end[dir], &k);
	unsigned before = s->verdicts;
	struct inspect_pkt p = { .id = ++s->id,
				 .now_ns = s->now,
				 .wall_ns = s->now,
				 .ip = k.b,
				 .len = k.n,
				 .check_sum = true };
	inspect_packet(s->in, &p, &s->out);
	if (s->verdicts != before + 1)
		fault(s, "not exactly one verdict for a packet");
}

/* ---- steps ---- */

/* From here to the end of the message there, or of one of the next two. */
static uint32_t to_message_end(const struct end *e, uint32_t at, unsigned more)
{
	unsigned i = 0;
	while (i < e->n_m && e->m[i].at + e->m[i].len <= at)
		i++;
	i = i + more < e->n_m ? i + more : e->n_m - 1;
	return e->m[i].at + e->m[i].len - at;
}

static void step_send(struct sim *s, const struct step *t)
{
	int from = t->a & 1;
	struct end *e = &s->end[from];
	uint32_t from_at = (t->a & 6) == 6 ? e->una : e->top; /* again, or new */
	if (from_at >= e->written)
		return;
	uint32_t skip = (t->a & 0x60) == 0x60 ? t->b % (e->written - from_at) : 0;
	uint32_t left = e->written - from_at - skip, n = 1u + t->c % (t->a & 8 ? 8u : 200u);
	if (t->a & 16) /* as most stacks do: to the end of a message */
		n = to_message_end(e, from_at + skip, t->c % 3);
	send_range(s, from, from_at + skip, from_at + skip + (n < left ? n : left));
}

/* Somebody else's segment: other bytes, anywhere around what was sent. */
static void step_attack(struct sim *s, const struct step *t)
{
	int from = t->a & 1;
	struct end *e = &s->end[from];
	uint8_t data[64];
	s->attacked = true;
	uint32_t at = e->top > t->b ? e->top - t->b : 0, n = 1 + t->c % (uint32_t)sizeof(data);
	if (t->a & 12) /* mostly over what was sent, else what was not yet */
		n = n > e->top - at ? e->top - at : n;
	else
		at += 40;
	if (n == 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		data[i] = (uint8_t)(at + i < e->written && i % 3 ? e->out[at + i] : t->b * 7 + i);
	if ((t->a & 2) && n >= 12) /* a write */
		put_mbap(data, t->b, 6, 6);
	schedule_put(s, from,
		     &(struct segment){
			     .flags = TCP_ACK, .seq = e->isn + 1 + at, .data = data, .n = n });
}

static void step(struct sim *s, const struct step *t)
{
	int dir = t->a & 1;
	struct wire *w = t->a & 2 ? &s->before[dir] : &s->behind[dir];
	struct wire_packet k;
	switch (t->op) {
	case OP_REQUEST:
		write_request(s, t);
		break;
	case OP_ANSWER:
		write_answer(s, t);
		break;
	case OP_SEND:
		step_send(s, t);
		break;
	case OP_GATE:
		if (s->before[dir].n)
			schedule_gate(s, dir, t->b % s->before[dir].n);
		break;
	case OP_ARRIVE:
		if (s->behind[dir].n) {
			take_wire(&s->behind[dir], t->b % s->behind[dir].n, &k);
			arrive(s, dir, &k);
		}
		break;
	case OP_REPEAT:
		if (w->n && w->n < WIRE_MAX) {
			w->p[w->n] = w->p[t->b % w->n];
			w->n++;
		}
		break;
	case OP_LOSE:
		if (w->n)
			take_wire(w, t->b % w->n, NULL);
		break;
	case OP_ACK:
		schedule_put(s, dir,
			     &(struct segment){ .flags = TCP_ACK,
						.seq = s->end[dir].isn + 1 + s->end[dir].top });
		break;
	case OP_TIME:
		s->now += (uint64_t)t->b * 1000000;
		inspect_tick(s->in, s->now, s->now, &s->out);
		break;
	case OP_RELOAD:
		inspect_policy(s->in, s->img[t->a >> 2 & 1]);
		break;
	case OP_ATTACK:
		step_attack(s, t);
		break;
	case OP_FORGET:
		schedule_forget(s, t);
		break;
	default:
		break;
	}
}

static void deliver_all(struct sim *s)
{
	for (unsigned i = 0; i < 4 * WIRE_MAX && !s->ended && !s->fault; i++) {
		struct wire_packet k;
		bool any = false;
		for (int d = 0; d < 2 && !s->ended && !s->fault; d++) {
			if (s->before[d].n) {
				schedule_gate(s, d, 0);
				any = true;
			}
			if (!s->ended && s->behind[d].n) {
				take_wire(&s->behind[d], 0, &k);
				arrive(s, d, &k);
				any = true;
			}
		}
		if (!any)
			return;
	}
}

static bool all_done(const struct sim *s)
{
	for (int d = 0; d < 2; d++) {
		const struct end *e = &s->end[d], *peer = &s->end[!d];
		unsigned permitted = 0;
		for (unsigned i = 0; i < e->n_m; i++)
			permitted += e->m[i].why == R_NONE;
		if (e->una != e->written || peer->read != permitted || (e->fin && !e->fin_acked))
			return false;
	}
	return true;
}

/* The network calms down: both ends send again what is not acknowledged, then close. */
static void drain(struct sim *s)
{
	for (unsigned round = 0; round < DRAIN_ROUNDS && !s->ended && !s->fault; round++) {
		deliver_all(s);
		if (all_done(s) && s->end[0].fin && s->end[1].fin)
			return;
		if (all_done(s))
			s->end[0].fin = s->end[1].fin = true;
		for (int d = 0; d < 2; d++) {
			struct end *e = &s->end[d];
			uint32_t n = e->written - e->una > 500 ? 500 : e->written - e->una;
			if (n || (e->fin && !e->fin_acked))
				send_range(s, d, e->una, e->una + n);
		}
		s->now += 200000000;
		inspect_tick(s->in, s->now, s->now, &s->out);
	}
}

static bool any_refused(const struct sim *s)
{
	for (int d = 0; d < 2; d++)
		for (unsigned i = 0; i < s->end[d].n_m; i++)
			if (s->end[d].m[i].why != R_NONE)
				return true;
	return false;
}

static void check_end(struct sim *s, struct schedule_stats *stats)
{
	bool refused = any_refused(s);
	if (!s->fault && s->ended && !refused && !s->attacked)
		fault(s, "a connection with nothing to refuse was ended");
	if (!s->fault && !s->ended && !s->attacked && s->unfinished)
		fault(s, "a message that was finished is called unfinished");
	if (!s->fault && !s->ended && !s->attacked && !all_done(s))
		fault(s, "the connection is wedged: permitted messages did not arrive");
	for (int d = 0; d < 2 && !s->fault && !s->ended && !s->attacked; d++) {
		struct end *e = &s->end[d];
		while (e->events < e->n_m && e->m[e->events].why == R_NONE)
			e->events++;
		if (e->events != e->n_m)
			fault(s, "a refused message has no event");
	}
	struct inspect_stats st;
	inspect_stats(s->in, &st);
	if (st.packets != s->id - s->first_id || st.messages > st.permitted + st.refused)
		fault(s, "the counters do not add up");
	stats->runs++;
	stats->finished += !s->ended;
	stats->ended += s->ended;
	stats->messages += st.messages;
	stats->refused += st.refused;
	stats->packets += s->id;
}

static void open_up(struct sim *s)
{
	struct end *c = &s->end[0], *v = &s->end[1];
	c->isn = (uint32_t)(s->s->seed * 2654435761u) | (s->s->seed % 5 ? 0 : 0xffffff00u);
	v->isn = c->isn * 7 + 99;
	c->peer_isn = v->isn;
	v->peer_isn = c->isn;
	schedule_put(s, 0, &(struct segment){ .flags = TCP_SYN, .seq = c->isn });
	schedule_gate(s, 0, 0);
	s->behind[0].n = 0;
	schedule_put(s, 1, &(struct segment){ .flags = TCP_SYN | TCP_ACK, .seq = v->isn });
	schedule_gate(s, 1, 0);
	s->behind[1].n = 0;
	if (s->fault || s->ended)
		fault(s, "the handshake was refused");
}

void schedule_new_gate(struct sim *s)
{
	struct inspect_conf conf = { .max_connections = 4, .hash_key = { 1, 2 } };
	inspect_free(s->in);
	s->in = inspect_new(&conf);
	if (!s->in)
		abort();
	s->first_id = s->id;
	inspect_policy(s->in, s->img[0]);
}

const char *schedule_run(const struct schedule *sc, enum sabotage how, struct schedule_stats *stats)
{
	static struct sim sim;
	static struct pol_image *img[2][2];
	struct sim *s = &sim;
	if (sc->iec104)
		return schedule_iec104(sc, how, stats);
	if (sc->dnp3)
		return schedule_stations(sc, how, stats);
	for (unsigned i = 0; !img[sc->reversed][1] && i < 2; i++)
		img[sc->reversed][i] = plant(1 + i, sc->reversed);
	memset(s, 0, sizeof(*s));
	s->s = sc;
	s->how = how;
	memcpy(s->img, img[sc->reversed], sizeof(s->img));
	s->now = 1000000000;
	s->out = (struct inspect_out){ .ctx = s, .verdict = on_verdict, .event = on_event };
	schedule_new_gate(s);
	open_up(s);
	for (unsigned i = 0; i < sc->n && !s->ended && !s->fault; i++)
		step(s, &sc->step[i]);
	drain(s);
	check_end(s, stats);
	inspect_free(s->in);
	return s->fault;
}
