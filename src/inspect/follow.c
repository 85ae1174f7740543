/* SPDX-License-Identifier: MIT
 *
 * Streams of which nothing is blocked: observed on the wire, in a recording, or watched without a
 * model. What both ends had is not what was seen: a connection may have begun before, packets may
 * be missing, come in another order, or in one direction only. So such a stream is never waited
 * for; it goes on from the next place at which a message can begin (resume.c).
 *
 *  - Bytes behind a hole are kept until it fills. It will not when the other end has acknowledged
 *    it, when HOLE_SEGMENTS segments came behind it, when they do not fit into the buffer, or when
 *    the connection or the recording ends.
 *  - An acknowledgement of bytes that were not seen shows that they went by.
 *  - A segment that is WINDOW_MAX or more away from all others is a stray; STRAYS in a row are the
 *    connection, of which much more was missed. Without a model the first one is, since nothing
 *    records a stray there.
 *  - What bytes that were not seen can have caused is not refused for that (follow_forgives).
 */
#include <netinet/in.h>

#include "inspect/internal.h"

enum {
	PIECE = 4096, /* of segments larger than the buffer (offload), taken at a time */
	HOLE_SEGMENTS = 8,
	STRAYS = 3,
};

void follow_missed(struct pass *c, int dir)
{
	const struct proto_ops *ops = proto_of(c->f->proto);
	c->in->stats.resyncs++;
	c->f->missed_ns = c->raw->now_ns;
	c->f->guessed = true;
	if (ops->missed)
		ops->missed(c, dir);
}

bool follow_in_doubt(const struct pass *c)
{
	uint64_t since = c->f->missed_ns;
	return !c->stance->blocks && since && c->raw->now_ns - since <= CONN_PENDING_NS;
}

/* Reasons for which state that only the bytes before a message show is needed, and that a protocol
 * does not learn again from the next message. */
bool follow_forgives(const struct pass *c, enum reason why)
{
	static const enum reason reasons[] = {
		R_UNSOLICITED,	    R_RESPONSE_MISMATCH, R_DUPLICATE_TID,
		R_DNP_SEGMENT,	    R_DNP_CONFIRM,	 R_DNP_OUTSTANDING,
		R_DNP_NOT_SELECTED, R_DNP_INTERLEAVED,	 R_UA_STATE,
	};
	if (!follow_in_doubt(c))
		return false;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i] == why)
			return true;
	return false;
}

void follow_in_step(const struct pass *c, uint64_t at_ns)
{
	if (at_ns > c->f->missed_ns)
		c->f->missed_ns = 0;
}

/* ---- where a stream begins, or goes on ---- */

/* A stream of which the byte at seq is the next, and no more is known. */
static void start_anywhere(struct pass *c, int dir, uint32_t seq)
{
	struct half *h = &c->f->h[dir];
	uint32_t missed = h->missed;
	bool seen = h->seen;
	half_start(h, seq);
	h->missed = missed;
	h->seen = seen;
	h->lost = true;
}

void follow_join(struct pass *c)
{
	const struct packet *p = &c->pkt;
	struct connection *f = c->f;
	struct half *own = &f->h[c->dir], *other = &f->h[!c->dir];
	bool syn = (p->flags & TCP_SYN) != 0, begun = f->state == CONN_SYN && f->syn_seq;
	if (syn) { /* SYN and ACK: all numbers are known */
		half_start(own, p->seq + 1);
		half_start(other, p->ack);
		f->syn_seq = p->ack - 1;
		f->server_isn = p->seq;
	} else {
		start_anywhere(c, c->dir, p->seq);
		start_anywhere(c, !c->dir, p->ack);
		other->unplaced = !(p->flags & TCP_ACK);
		if (begun) /* its SYN was seen, the answer was not */
			half_start(&f->h[0], f->syn_seq + 1);
		if (c->dir == 0)
			f->server_isn = p->ack - 1;
		f->joined = true;
	}
	f->open_seq = f->syn_seq;
	turn(c, CONN_OPEN);
	room_prove(c); /* without room it passes all the same, and its place is the first to go */
	if (!syn)
		for (int d = 0; d < 2; d++)
			follow_missed(c, d);
}

/* Strays in a row are no strays. */
static bool stray_again(struct half *h)
{
	return ++h->strays >= STRAYS;
}

/* ---- what does not come any more ---- */

/* The same pass, as if what is judged now had come in this packet, in the other direction. */
static struct pass turned(const struct pass *c)
{
	struct pass t = *c;
	t.dir = !c->dir;
	t.pkt.src = c->pkt.dst;
	t.pkt.dst = c->pkt.src;
	t.pkt.sport = c->pkt.dport;
	t.pkt.dport = c->pkt.sport;
	return t;
}

/* Bytes of this direction before seq will not come. What came behind them is judged. The number of
 * a FIN is none of a byte. */
static void give_up(struct pass *c, uint32_t seq)
{
	struct half *h = &c->f->h[c->dir];
	struct action none;
	bool fin = h->fin_ahead && seq == h->fin_seq + 1;
	uint32_t to = fin ? h->fin_seq : seq;
	while (seq_lt(half_end(h), to)) {
		half_give_up(h, to);
		follow_missed(c, c->dir);
		judge_all(c, &none);
		h->sent = h->limit = half_end(h);
	}
	if (fin) {
		h->fin = true;
		life_ended(c->in, c->f, c->raw->now_ns);
	}
}

static void give_up_all(struct pass *c)
{
	const struct half *h = &c->f->h[c->dir];
	while (h->n_islands)
		give_up(c, h->island[h->n_islands - 1].from);
}

bool follow_ack(struct pass *c)
{
	const struct packet *p = &c->pkt;
	struct half *back = &c->f->h[!c->dir];
	if (!(p->flags & TCP_ACK))
		return (p->flags & TCP_RST) != 0;
	if (back->unplaced) {
		start_anywhere(c, !c->dir, p->ack);
		return true;
	}
	uint32_t ack = half_to_sender(back, p->ack);
	uint32_t end = back->fin ? back->fin_seq + 1 : half_end(back);
	bool near = seq_lt(ack, end) ? !seq_lt(ack + ACK_LAG_MAX, back->acked)
				     : !back->fin && ack - end <= WINDOW_MAX;
	if (ack != end && !near && !stray_again(back))
		return false;
	back->strays = 0;
	if (seq_lt(end, ack)) {
		struct pass other = turned(c);
		/* a FIN comes alone, or is what is acknowledged last by an end that sent its own */
		back->fin_missed = ack - end == 1 || c->f->h[c->dir].fin;
		give_up(&other, ack);
	}
	if (seq_le(ack, half_end(back) + back->fin))
		half_acked(back, ack);
	return true;
}

/* Is the segment not near what came before it? */
static bool is_stray(struct half *h, uint32_t seq, uint32_t n)
{
	bool behind_fin = h->fin && seq_lt(h->fin_seq, seq + n);
	bool ahead = seq_lt(half_end(h), seq) && seq - half_end(h) > WINDOW_MAX;
	bool old = seq_lt(seq + n, h->base) && h->base - (seq + n) > WINDOW_MAX;
	return behind_fin || ahead || old;
}

/* Does a segment behind a hole, which is not filled yet, show that it never will be? */
static bool is_final(const struct pass *c, struct half *h, uint32_t seq)
{
	bool kept = false;
	for (unsigned i = 0; i < h->n_islands; i++)
		kept |= seq_le(h->island[i].from, seq) && seq_lt(seq, h->island[i].to);
	return !kept || c->in_order || ++h->behind >= HOLE_SEGMENTS;
}

/* ---- data ---- */

/* n bytes at seq, which are there now or never. */
static enum half_add add_somehow(struct pass *c, uint32_t seq, const uint8_t *data, size_t n)
{
	struct half *h = &c->f->h[c->dir];
	enum half_add got = add_bytes(c, seq, data, n);
	if (got == HALF_FULL) { /* nobody acknowledges what is judged */
		half_acked(h, h->next);
		got = add_bytes(c, seq, data, n);
	}
	if (got == HALF_GAP && is_final(c, h, seq)) {
		give_up(c, seq);
		got = add_bytes(c, seq, data, n);
	}
	if (got != HALF_GAP && got != HALF_FULL)
		return got;
	if (got == HALF_GAP && h->n_islands)
		return got; /* it waits */
	/* no room for the message that it belongs to */
	h->missed += half_end(h) - h->next;
	start_anywhere(c, c->dir, seq);
	follow_missed(c, c->dir);
	return add_bytes(c, seq, data, n);
}

static struct action follow_piece(struct pass *c, uint32_t seq, const uint8_t *data, size_t n)
{
	struct half *h = &c->f->h[c->dir];
	struct action out = act_send(SEND_UNCHANGED);
	enum half_add got = add_somehow(c, seq, data, n);
	if (got == HALF_OK) {
		h->strays = h->behind = 0;
		h->seen = true;
		h->fin_missed = false;
		judge_all(c, &out);
	}
	if (!c->stance->checks)
		half_acked(h, h->next);
	else if (got == HALF_DIFFERS)
		out = act_refuse(R_OVERLAP);
	return out;
}

/* Nothing of what an enforced policy kept back or cut out before is left. */
static bool is_plain(const struct connection *f)
{
	for (int d = 0; d < 2; d++)
		if (f->h[d].cut_total || half_owes(&f->h[d]) || f->h[d].sent != half_end(&f->h[d]))
			return false;
	return true;
}

struct action follow_data(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	const struct packet *p = &c->pkt;
	struct action out = act_send(SEND_UNCHANGED);
	bool plain = is_plain(c->f);
	if (h->unplaced || is_stray(h, p->seq, (uint32_t)p->len)) {
		if (!h->unplaced && c->stance->checks && !stray_again(h))
			return act_refuse(R_OUT_OF_WINDOW);
		start_anywhere(c, c->dir, p->seq);
		follow_missed(c, c->dir);
	}
	for (size_t at = 0; at < p->len; at += PIECE) {
		size_t n = p->len - at < PIECE ? p->len - at : PIECE;
		const struct action of = follow_piece(c, p->seq + (uint32_t)at, p->data + at, n);
		out = out.why == R_NONE ? of : out;
	}
	bool in_order = seq_le(p->seq + (uint32_t)p->len, half_end(h));
	note_fin(c);
	ends_unfinished(c);
	if (out.why == R_NONE && !plain && in_order)
		return deliver(c);
	h->sent = h->limit = half_end(h);
	h->last = p->data[p->len - 1];
	return out;
}

void follow_end(struct inspect *in, struct connection *f, const struct inspect_pkt *last,
		const struct inspect_out *out)
{
	struct pass c = { .in = in, .out = out, .raw = last, .f = f };
	if (f->state != CONN_OPEN || f->l4 != IPPROTO_TCP)
		return;
	pass_bind(&c, policy_of(in, f));
	for (c.dir = 0; c.dir < 2; c.dir++) {
		c.pkt = (struct packet){ .l4 = f->l4,
					 .has_ports = true,
					 .src = c.dir ? f->server : f->client,
					 .dst = c.dir ? f->client : f->server,
					 .sport = c.dir ? f->sport : f->cport,
					 .dport = c.dir ? f->cport : f->sport };
		if (!c.stance->blocks && (c.pol || !in->img))
			give_up_all(&c);
	}
}
