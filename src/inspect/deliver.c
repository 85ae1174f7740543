/* SPDX-License-Identifier: MIT
 *
 * Of a stream's judged bytes, what goes on with this packet; see the head of inspect.c.
 */
#include "inspect/internal.h"

enum { PLAIN_MSS = 1460 }; /* a larger one may be several segments in one (offload) */

int frame_of(const struct pass *c, const uint8_t *p, size_t n, enum reason *why)
{
	const struct proto_ops *ops = proto_of(c->f->proto);
	return ops->frame_in ? ops->frame_in(c, p, n, why) : ops->frame(p, n, why);
}

/* Up to where the receiver may have this direction's bytes. */
static uint32_t deliverable(struct pass *c)
{
	const struct half *h = &c->f->h[c->dir];
	size_t n;
	const uint8_t *p = half_pending(h, &n);
	enum reason why;
	if (!c->stance->rewrites || !proto_of(c->f->proto)->holds)
		return half_end(h);
	int len = frame_of(c, p, n, &why);
	uint32_t to = h->next;
	if (len > HOLD_MAX)
		to += (size_t)len - HOLD_MAX < n ? (uint32_t)len - HOLD_MAX : (uint32_t)n;
	return seq_lt(to, h->sent) ? h->sent : to;
}

struct action deliver(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	const struct packet *p = &c->pkt;
	uint32_t end = p->seq + (uint32_t)p->len;
	uint32_t limit = h->limit = deliverable(c);
	if (seq_le(p->seq, h->sent)) /* nothing was kept */
		h->largest = 0;
	if (p->len <= PLAIN_MSS && h->largest < p->len)
		h->largest = (uint16_t)p->len;
	/* A packet that fills a hole brings along what came behind it. One that repeats a part of a
	 * message that was kept until it was whole brings all of it. */
	bool old = seq_lt(end, h->sent), kept = c->stance->rewrites && proto_of(c->f->proto)->holds;
	uint32_t to = seq_lt(limit, end) || !old || kept ? limit : end;
	uint32_t from = seq_lt(h->sent, p->seq) ? h->sent : p->seq;
	/* a sender with kept bytes acknowledged repeats only later ones; zoned repeats the rest */
	if (half_owes(h) && seq_lt(p->seq, h->sent) && seq_lt(h->acked, from))
		from = h->acked;
	if (seq_lt(from, h->base))
		from = h->base;
	/* never bytes behind a FIN */
	bool fin = (p->flags & TCP_FIN) && h->fin && to == h->fin_seq;
	if (seq_lt(from, to) && half_to_receiver(h, from) != half_to_receiver(h, to))
		return (struct action){ .send = SEND_RANGE, .from = from, .to = to, .fin = fin };
	/* nothing of it may go on: all cut, or not yet */
	if (seq_lt(h->sent, h->next) && seq_lt(h->sent, to))
		h->sent = to;
	if (fin)
		return (struct action){ .send = SEND_RANGE, .from = to, .to = to, .fin = true };
	return act_send(SEND_PROBE);
}
