/* SPDX-License-Identifier: MIT
 *
 * A TCP segment of a connection that is followed: its handshake, its acknowledgements,
 * its bytes, its end. Each handler says what is to be done and does nothing of it.
 * What becomes of bytes where nothing is blocked is in follow.c.
 */
#include "inspect/internal.h"

/* Has either end sent bytes since the handshake? */
static bool has_moved(const struct connection *f)
{
	return half_end(&f->h[0]) != f->open_seq + 1 || half_end(&f->h[1]) != f->server_isn + 1;
}

static struct action on_syn(struct pass *c)
{
	const struct packet *p = &c->pkt;
	struct connection *f = c->f;
	if (p->len && c->stance->checks)
		return act_refuse(R_SYN_DATA);
	if (p->flags & (TCP_FIN | TCP_RST))
		return act_refuse(R_FLAGS);
	if (!(p->flags & TCP_ACK)) {
		if (c->dir == 1) /* the server opens back: not what the conduit permits */
			return act_refuse(R_FLAGS);
		f->syn_seq = p->seq;
		f->syn_again = f->state == CONN_OPEN;
		if (f->state == CONN_CLOSED || f->state == CONN_BLOCKED) {
			turn(c, CONN_SYN);
			connection_fresh(f);
			/* nothing of the old one is translated any more */
			half_start(&f->h[0], p->seq + 1);
			half_start(&f->h[1], 0);
		}
		return act_send(SEND_SYN);
	}
	if (c->dir == 0)
		return act_refuse(R_FLAGS);
	bool answers = p->ack == f->syn_seq + 1;
	bool new_one = f->state == CONN_SYN || f->syn_seq != f->open_seq;
	bool again = p->ack == f->open_seq + 1 && p->seq == f->server_isn;
	/* the old handshake repeated, or a new one with the old numbers: nobody can
	 * tell, and the receiver's next byte depends on it */
	if (again && f->state == CONN_OPEN && f->syn_again && has_moved(f))
		return act_end_enforced(c);
	if (answers && new_one) {
		unfinished_record(c->in, f);
		life_ended(c->in, f, c->raw->now_ns);
		resume_ended(c->in, f);
		half_start(&f->h[0], f->syn_seq + 1);
		half_start(&f->h[1], p->seq + 1);
		f->open_seq = f->syn_seq;
		f->server_isn = p->seq;
		connection_fresh(f);
		f->ending = f->syn_again = f->joined = f->join_told = f->guessed = false;
		f->missed_ns = 0;
		turn(c, CONN_OPEN);
	} else if (!again && !f->joined && c->stance->checks) {
		return act_refuse(R_OUT_OF_WINDOW);
	}
	return act_send(SEND_SYN);
}

/* The acknowledgement this packet carries; false: it names bytes never delivered, or such
 * as were acknowledged long ago. A receiver takes neither (RFC 5961 5.2), so a stranger who
 * knows the ports but not both numbers cannot put bytes before the sender's own. */
static bool take_ack(struct pass *c)
{
	const struct packet *p = &c->pkt;
	if (!(p->flags & TCP_ACK))
		return (p->flags & TCP_RST) != 0;
	struct half *back = &c->f->h[!c->dir];
	uint32_t ack = half_to_sender(back, p->ack);
	/* bytes cut out behind the last delivered one count as delivered */
	uint32_t top = seq_lt(back->sent, back->next) ? back->next : back->sent;
	if (back->fin)
		top = back->fin_seq + 1;
	if (seq_lt(top, ack) || seq_lt(ack + ACK_LAG_MAX, back->acked))
		return false;
	half_acked(back, ack);
	return true;
}

/* No message begins here, and there is no way to find the next boundary. True: nothing is blocked
 * for it, and the stream goes on behind what is there, or where resume_stream() finds its place. */
static bool lose_boundary(struct pass *c, enum reason why, struct action *out)
{
	struct half *h = &c->f->h[c->dir];
	size_t n;
	const uint8_t *p = half_pending(h, &n);
	c->in->stats.refused++;
	struct action end = act_end(why);
	end.begun = p;
	end.n_begun = n;
	if (!c->stance->blocks) {
		pass_record(c, &end, V_RESET);
		follow_missed(c, c->dir);
		h->lost = true;
		h->missed++;
		half_pass(h, 1); /* that much is known of it */
		return true;
	}
	half_pass(h, (uint32_t)n); /* refused; not unfinished */
	*out = end;
	return false;
}

/* Judge every whole message there is. False: the connection ends, as *out says; else *out may have
 * what is to be recorded of the packet. */
bool judge_all(struct pass *c, struct action *out)
{
	struct half *h = &c->f->h[c->dir];
	uint32_t before = h->next;
	for (;;) {
		size_t n;
		const uint8_t *p = half_pending(h, &n);
		if (n == 0)
			break;
		if (h->lost && !resume_stream(c))
			break;
		p = half_pending(h, &n);
		enum reason why = R_NONE;
		int len = frame_of(c, p, n, &why);
		if (len < 0) {
			if (!lose_boundary(c, why, out))
				return false;
			continue;
		}
		if (len == 0 || (size_t)len > n)
			break;
		enum fate fate = judge_message(c, p, (size_t)len);
		if (fate == FATE_ENDS) {
			half_pass(h, (uint32_t)n);
			*out = act_end(R_NONE);
			return false;
		}
		if (fate == FATE_PASSES)
			connection_used(&c->in->connections, c->f, c->raw->now_ns);
	}
	bool partial = h->next != half_end(h) && !h->lost;
	if (!partial || h->next != before)
		h->partial_told = false;
	if (!partial)
		h->partial_since = 0;
	else if (!h->partial_since || h->next != before) /* another one than before */
		h->partial_since = c->raw->now_ns;
	return true;
}

/* The end of a stream is known when every byte before it is, and none behind it: an old
 * FIN, or one that came with refused bytes, must not end what goes on (RFC 9293 3.10.7.4). Where
 * nothing is blocked its place is kept for when the bytes before it are given up. */
void note_fin(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	uint32_t end = c->pkt.seq + (uint32_t)c->pkt.len;
	if (!(c->pkt.flags & TCP_FIN) || h->fin)
		return;
	if (end != half_end(h)) {
		if (!c->stance->blocks && seq_lt(half_end(h), end)) {
			h->fin_ahead = true;
			h->fin_seq = end;
		}
		return;
	}
	h->fin = true;
	h->fin_seq = end;
	life_ended(c->in, c->f, c->raw->now_ns);
}

/* This end has sent all it will send. In the middle of a message, which nobody can finish any more,
 * the connection ends at once: true. */
bool ends_unfinished(struct pass *c)
{
	const struct half *h = &c->f->h[c->dir];
	if (!h->fin || c->f->state != CONN_OPEN)
		return false;
	if (c->stance->blocks && half_unfinished(h))
		return true;
	unfinished_record(c->in, c->f);
	if (c->f->h[!c->dir].fin) {
		resume_ended(c->in, c->f);
		turn(c, CONN_CLOSED);
	}
	return false;
}

/* Add n bytes at seq. If they do not fit into the small buffers, large ones are requested. */
enum half_add add_bytes(struct pass *c, uint32_t seq, const uint8_t *data, size_t n)
{
	struct half *h = &c->f->h[c->dir];
	enum half_add got = half_add(h, seq, data, n);
	bool beyond = got == HALF_FULL || got == HALF_GAP;
	uint32_t need = seq + (uint32_t)n - h->base;
	if (beyond && need > h->size && need <= HALF_BIG && room_enlarge(c))
		got = half_add(h, seq, data, n);
	return got;
}

static struct action on_data(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	const struct packet *p = &c->pkt;
	switch (add_bytes(c, p->seq, p->data, p->len)) {
	case HALF_OK:
		break;
	case HALF_OLD: /* the receiver has it: let it say so again */
		note_fin(c);
		if (ends_unfinished(c))
			return act_end(R_NONE);
		if ((p->flags & TCP_FIN) && h->fin && h->fin_seq == p->seq + (uint32_t)p->len)
			return (struct action){ .send = SEND_RANGE,
						.from = h->fin_seq,
						.to = h->fin_seq,
						.fin = true };
		return act_send(SEND_PROBE);
	case HALF_GAP:
		if (p->seq - half_end(h) > WINDOW_MAX)
			return act_refuse(R_OUT_OF_WINDOW);
		/* asks for the missing bytes as a duplicate acknowledgement */
		return act_send(SEND_PROBE);
	case HALF_DIFFERS:
		return act_refuse(R_OVERLAP);
	case HALF_FULL:
		return act_send(SEND_NOTHING);
	}
	note_fin(c);
	struct action out;
	if (!judge_all(c, &out))
		return out;
	if (ends_unfinished(c))
		return act_end(R_NONE);
	return deliver(c);
}

static struct action on_rst(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	if (c->f->state == CONN_OPEN && c->pkt.seq - h->base > WINDOW_MAX)
		return act_refuse(R_OUT_OF_WINDOW);
	/* only an exact one ends the connection (RFC 5961); the receiver decides about others */
	if (c->f->state == CONN_SYN || c->pkt.seq == half_end(h) || c->pkt.seq == h->sent) {
		unfinished_record(c->in, c->f);
		resume_ended(c->in, c->f);
		turn(c, CONN_CLOSED);
	}
	return act_send(SEND_BARE);
}

/* The client's acknowledgement (already checked from above) shows that it got the server's
 * number: the connection is open, if there is room for it. R_NONE, or why there is none. */
static enum reason prove(struct pass *c)
{
	bool knows = (c->pkt.flags & TCP_ACK) && seq_lt(c->f->server_isn, c->pkt.ack);
	enum reason why = knows || !c->stance->checks ? room_prove(c) : R_NONE;
	return c->stance->blocks ? why : R_NONE;
}

static struct action on_segment(struct pass *c)
{
	const struct packet *p = &c->pkt;
	struct connection *f = c->f;
	struct half *h = &f->h[c->dir];
	if (p->flags & TCP_RST)
		return on_rst(c);
	if (f->state == CONN_SYN) {
		/* a device that still has an old connection on these ports says so with an
		 * acknowledgement; the client's RST to that makes room (RFC 9293 3.5.1) */
		if (c->dir == 1 && p->flags == TCP_ACK && p->len == 0)
			return act_send(SEND_UNCHANGED);
		if (c->stance->blocks)
			return act_refuse(R_STREAM_GAP);
		follow_join(c);
	}
	if (!(c->stance->blocks ? take_ack(c) : follow_ack(c)) && c->stance->checks)
		return act_refuse(R_OUT_OF_WINDOW);
	if (c->dir == 0 && f->state == CONN_OPEN && !f->proven) {
		enum reason why = prove(c);
		if (why != R_NONE)
			return act_end(why);
	}
	if ((p->flags & TCP_URG) && c->stance->checks)
		return act_refuse(R_URGENT);
	if (p->len && !c->stance->blocks)
		return follow_data(c);
	uint32_t end = p->seq + (uint32_t)p->len;
	if (h->fin && p->len && seq_lt(h->fin_seq, end))
		return act_refuse(R_OUT_OF_WINDOW);
	if (p->len)
		return on_data(c);
	note_fin(c);
	if (ends_unfinished(c))
		return act_end(R_NONE);
	if (!(p->flags & TCP_FIN) || (h->fin && end == h->fin_seq))
		return act_send(SEND_BARE);
	if (seq_lt(half_end(h), end))
		/* its place is known only when the bytes before it are judged */
		return act_send(c->stance->blocks ? SEND_PROBE : SEND_UNCHANGED);
	return act_refuse(R_OUT_OF_WINDOW);
}

struct action on_stream(struct pass *c)
{
	return c->pkt.flags & TCP_SYN ? on_syn(c) : on_segment(c);
}
