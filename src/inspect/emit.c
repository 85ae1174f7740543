/* SPDX-License-Identifier: MIT
 *
 * What goes on to the receiver: the packet as it was when nothing had to
 * change, else the same headers with other payload and translated numbers.
 */
#include <string.h>

#include "inspect/internal.h"

enum { OPT_EOL = 0, OPT_NOP = 1, OPT_SACK = 5, MIN_MTU = 576 };

void emit_verdict(struct pass *c, enum verdict v)
{
	if (v == V_DROP || v == V_RESET)
		c->in->stats.dropped_packets++;
	c->out->verdict(c->out->ctx, c->raw->id, v, NULL, 0);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* Selective acknowledgements name untranslated numbers: blank them. */
static void blank_sack(uint8_t *opt, size_t n)
{
	size_t i = 0;
	while (i < n && opt[i] != OPT_EOL) {
		if (opt[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= n || opt[i + 1] < 2 || i + opt[i + 1] > n)
			return;
		size_t len = opt[i + 1];
		if (opt[i] == OPT_SACK)
			memset(opt + i, OPT_NOP, len);
		i += len;
	}
}

static void set_ip_length(uint8_t *ip, size_t n)
{
	if (ip[0] >> 4 == 4)
		put16(ip + 2, (uint32_t)n);
	else
		put16(ip + 4, (uint32_t)(n - 40));
}

/* Headers into scratch with new numbers; payload of n bytes is already behind them. */
static void send_rewritten(struct pass *c, uint32_t seq, size_t n, uint8_t flags)
{
	const struct packet *p = &c->pkt;
	uint8_t *s = c->in->scratch;
	struct half *back = &c->f->h[!c->dir];
	memcpy(s, p->ip, p->data_off);
	uint8_t *tcp = s + p->l4_off;
	put32(tcp + 4, seq);
	if (p->flags & TCP_ACK)
		put32(tcp + 8, back->cut_total ? half_to_sender(back, p->ack) : p->ack);
	tcp[13] = flags;
	if (back->cut_total && p->opt_len)
		blank_sack(s + p->opt_off, p->opt_len);
	size_t len = p->data_off + n;
	set_ip_length(s, len);
	packet_checksum(s, len);
	c->out->verdict(c->out->ctx, c->raw->id, V_ACCEPT, s, len);
}

static bool numbers_unchanged(const struct pass *c)
{
	return c->f->h[0].cut_total == 0 && c->f->h[1].cut_total == 0;
}

void emit_range(struct pass *c, uint32_t from, uint32_t to, bool with_fin)
{
	struct half *h = &c->f->h[c->dir];
	const struct packet *p = &c->pkt;
	/* never a larger packet than a path must carry, unless it came larger */
	size_t room = p->ip_len > MIN_MTU ? p->ip_len - p->data_off : (size_t)MIN_MTU - p->data_off;
	if (to - from > room) {
		to = from + (uint32_t)room;
		with_fin = false;
	}
	size_t n = half_copy(h, from, to, c->in->scratch + p->data_off);
	if (n && seq_le(h->sent, to))
		h->last = c->in->scratch[p->data_off + n - 1];
	if (seq_lt(h->sent, to))
		h->sent = to;
	uint8_t flags = p->flags;
	if (!with_fin)
		flags &= (uint8_t)~TCP_FIN;
	if (numbers_unchanged(c) && from == p->seq && n == p->len && flags == p->flags) {
		emit_verdict(c, V_ACCEPT);
		return;
	}
	send_rewritten(c, half_to_receiver(h, from), n, flags);
}

void emit_bare(struct pass *c)
{
	const struct packet *p = &c->pkt;
	if (p->len == 0 && numbers_unchanged(c)) {
		emit_verdict(c, V_ACCEPT);
		return;
	}
	uint8_t flags = p->len ? p->flags & (uint8_t)~TCP_FIN : p->flags;
	send_rewritten(c, half_to_receiver(&c->f->h[c->dir], p->seq), 0, flags);
}

void emit_probe(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	c->in->scratch[c->pkt.data_off] = h->last;
	send_rewritten(c, half_to_receiver(h, h->sent) - 1, 1, TCP_ACK);
}

/* The offending packet itself becomes a RST, exactly at the next number the
 * receiver expects (RFC 5961). Its sender has something unacknowledged and
 * comes again; that packet gets V_RESET, and the kernel answers it with a RST. */
void emit_reset(struct pass *c)
{
	const struct half *h = &c->f->h[c->dir];
	bool open = c->f->state == FLOW_OPEN;
	if (!open)	/* not followed from its start: the packet's own numbers */
		c->f->h[0].cut_total = c->f->h[1].cut_total = 0;
	uint32_t seq = open ? half_to_receiver(h, h->sent) : c->pkt.seq;
	c->in->stats.dropped_packets++;
	send_rewritten(c, seq, 0, TCP_RST | TCP_ACK);
}
