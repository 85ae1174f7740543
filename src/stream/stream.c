/* SPDX-License-Identifier: MIT
 * One direction of a TCP connection, as its receiver will see it. */
#include "stream/stream.h"

#include <string.h>

void half_start(struct half *h, uint32_t seq)
{
	uint8_t *buf = h->buf;
	uint32_t size = h->size;
	memset(h, 0, sizeof(*h));
	h->buf = buf;
	h->size = size;
	h->base = h->next = h->sent = h->limit = h->acked = h->told = seq;
}

void half_resume(struct half *h, uint32_t base, uint32_t next, const uint8_t *data)
{
	uint8_t last = h->last;
	uint32_t missed = h->missed;
	half_start(h, base);
	h->last = last; /* the caller may know a later one */
	h->missed = missed;
	h->seen = true;
	h->len = next - base;
	h->next = h->sent = h->limit = next;
	if (h->len)
		memcpy(h->buf, data, h->len);
}

bool half_at_rest(const struct half *h)
{
	return h->next == half_end(h) && h->sent == h->next && h->base == h->acked &&
	       h->cut_total == 0 && h->n_islands == 0 && !h->fin && !h->partial_since && !h->lost &&
	       !half_owes(h);
}

/* Number of the byte after the last stored one; there may be holes before it. */
static uint32_t top_of(const struct half *h)
{
	return h->n_islands ? h->island[h->n_islands - 1].to : half_end(h);
}

uint32_t half_extent(const struct half *h)
{
	return top_of(h) - h->base;
}

void half_move(struct half *h, uint8_t *buf, uint32_t size)
{
	uint32_t n = half_extent(h);
	if (n)
		memcpy(buf, h->buf, n);
	h->buf = buf;
	h->size = size;
}

/* Are the bytes [seq, seq+n) the same as those of them that came before? */
static bool agrees(const struct half *h, uint32_t seq, const uint8_t *data, uint32_t n)
{
	uint32_t e = seq + n;
	for (unsigned i = 0; i <= h->n_islands; i++) {
		uint32_t from = i ? h->island[i - 1].from : h->base;
		uint32_t to = i ? h->island[i - 1].to : half_end(h);
		uint32_t a = seq_lt(seq, from) ? from : seq, b = seq_lt(e, to) ? e : to;
		if (seq_lt(a, b) && memcmp(h->buf + (a - h->base), data + (a - seq), b - a) != 0)
			return false;
	}
	return true;
}

/* Islands that the bytes in order now reach become part of them. */
static void join_islands(struct half *h)
{
	unsigned gone = 0;
	while (gone < h->n_islands && seq_le(h->island[gone].from, half_end(h))) {
		if (seq_lt(half_end(h), h->island[gone].to))
			h->len = h->island[gone].to - h->base;
		gone++;
	}
	h->n_islands = (uint8_t)(h->n_islands - gone);
	memmove(h->island, h->island + gone, h->n_islands * sizeof(h->island[0]));
}

/* [from, to) becomes an island or makes others larger; false: one too many. */
static bool note_island(struct half *h, uint32_t from, uint32_t to)
{
	unsigned at = 0, end;
	while (at < h->n_islands && seq_lt(h->island[at].to, from))
		at++;
	for (end = at; end < h->n_islands && seq_le(h->island[end].from, to); end++) {
		from = seq_lt(h->island[end].from, from) ? h->island[end].from : from;
		to = seq_lt(to, h->island[end].to) ? h->island[end].to : to;
	}
	if (end == at && h->n_islands == HALF_ISLANDS)
		return false;
	memmove(h->island + at + 1, h->island + end, (h->n_islands - end) * sizeof(h->island[0]));
	h->island[at] = (struct island){ from, to };
	h->n_islands = (uint8_t)(h->n_islands + 1 - (end - at));
	return true;
}

enum half_add half_add(struct half *h, uint32_t seq, const uint8_t *data, size_t n)
{
	uint32_t e = seq + (uint32_t)n;
	if (seq_le(e, h->base))
		return HALF_OLD;
	if (seq_lt(seq, h->base)) {
		uint32_t skip = h->base - seq;
		data += skip;
		n -= skip;
		seq = h->base;
	}
	bool gap = seq_lt(half_end(h), seq);
	if (e - h->base > h->size)
		return gap ? HALF_GAP : HALF_FULL;
	if (!agrees(h, seq, data, (uint32_t)n))
		return HALF_DIFFERS;
	if (gap) {
		if (note_island(h, seq, e))
			memcpy(h->buf + (seq - h->base), data, n);
		return HALF_GAP;
	}
	memcpy(h->buf + (seq - h->base), data, n);
	if (seq_lt(half_end(h), e))
		h->len = e - h->base;
	join_islands(h);
	return HALF_OK;
}

const uint8_t *half_pending(const struct half *h, size_t *n)
{
	*n = half_end(h) - h->next;
	return h->buf + (h->next - h->base);
}

void half_pass(struct half *h, uint32_t n)
{
	h->next += n;
}

bool half_cut(struct half *h, uint32_t n)
{
	if (h->n_cuts >= HALF_CUTS || h->cut_total + n > HALF_CUT_TOTAL || seq_lt(h->next, h->sent))
		return false;
	h->cuts[h->n_cuts++] = (struct cut){ .seq = h->next, .len = n };
	h->cut_total += n;
	h->next += n;
	return true;
}

uint32_t half_to_receiver(const struct half *h, uint32_t seq)
{
	uint32_t out = seq - h->cut_base;
	for (unsigned i = 0; i < h->n_cuts; i++) {
		const struct cut *c = &h->cuts[i];
		if (seq_le(seq, c->seq))
			break;
		uint32_t in = seq - c->seq;
		out -= in < c->len ? in : c->len;
	}
	return out;
}

uint32_t half_to_sender(const struct half *h, uint32_t ack)
{
	uint32_t s = ack + h->cut_base;
	for (unsigned i = 0; i < h->n_cuts; i++) {
		if (seq_lt(s, h->cuts[i].seq))
			break;
		s += h->cuts[i].len;
	}
	return s;
}

uint32_t half_tell(struct half *h, uint32_t ack)
{
	uint32_t s = half_to_sender(h, ack);
	if (seq_le(h->limit, s) && seq_lt(s, half_end(h)))
		s = half_end(h);
	if (half_owes(h) && seq_lt(s, h->told))
		s = h->told;
	if (seq_lt(h->told, s))
		h->told = s;
	return s;
}

static void forget_cuts(struct half *h)
{
	unsigned gone = 0;
	while (gone < h->n_cuts && seq_le(h->cuts[gone].seq + h->cuts[gone].len, h->base))
		h->cut_base += h->cuts[gone++].len;
	h->n_cuts = (uint8_t)(h->n_cuts - gone);
	memmove(h->cuts, h->cuts + gone, h->n_cuts * sizeof(h->cuts[0]));
}

void half_acked(struct half *h, uint32_t ack)
{
	if (seq_lt(h->acked, ack))
		h->acked = ack;
	uint32_t to = seq_lt(h->acked, h->next) ? h->acked : h->next;
	if (seq_le(to, h->base))
		return;
	uint32_t n = to - h->base;
	if (n > h->len)
		n = h->len;
	uint32_t stored = top_of(h) - h->base - n;
	h->len -= n;
	h->base += n;
	memmove(h->buf, h->buf + n, stored);
	if (seq_lt(h->sent, h->base))
		h->sent = h->base;
	forget_cuts(h);
}

void half_give_up(struct half *h, uint32_t seq)
{
	uint32_t to = h->n_islands && seq_lt(h->island[0].from, seq) ? h->island[0].from : seq;
	uint32_t n = to - h->base, stored = half_extent(h);
	if (n < stored)
		memmove(h->buf, h->buf + n, stored - n);
	h->missed += to - h->next;
	h->base = h->next = h->sent = h->limit = to;
	if (seq_lt(h->acked, to))
		h->acked = to;
	if (seq_lt(h->told, to))
		h->told = to;
	h->len = 0;
	join_islands(h);
	forget_cuts(h);
	h->partial_since = 0;
	h->partial_told = false;
	h->behind = 0;
	h->lost = true;
}

size_t half_copy(const struct half *h, uint32_t a, uint32_t b, uint8_t *out)
{
	size_t n = 0;
	for (unsigned i = 0; i < h->n_cuts && seq_lt(a, b); i++) {
		const struct cut *c = &h->cuts[i];
		if (seq_le(c->seq + c->len, a))
			continue;
		if (seq_le(b, c->seq))
			break;
		if (seq_lt(a, c->seq)) {
			memcpy(out + n, h->buf + (a - h->base), c->seq - a);
			n += c->seq - a;
		}
		a = c->seq + c->len;
	}
	if (seq_lt(a, b)) {
		memcpy(out + n, h->buf + (a - h->base), b - a);
		n += b - a;
	}
	return n;
}
