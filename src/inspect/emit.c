/* SPDX-License-Identifier: MIT
 *
 * An action is done: its record, its counters, and what goes on to the receiver. That is
 * the unchanged packet when nothing had to change, else the same headers with other payload
 * and translated numbers.
 */
#include <string.h>

#include "inspect/internal.h"

enum { OPT_EOL = 0, OPT_NOP = 1, OPT_SACK = 5, MIN_MTU = 576 };

static void send_unchanged(struct pass *c)
{
	c->out->verdict(c->out->ctx, c->raw->id, V_ACCEPT, NULL, 0);
}

static void send_nothing(struct pass *c, enum verdict v)
{
	c->in->stats.dropped_packets++;
	c->out->verdict(c->out->ctx, c->raw->id, v, NULL, 0);
}

/* n bytes of scratch in its place. */
static void send_scratch(struct pass *c, size_t n)
{
	packet_checksum(c->in->scratch, n);
	c->out->verdict(c->out->ctx, c->raw->id, V_ACCEPT, c->in->scratch, n);
}

/* A receiver may be told to discard what has no checksum (RFC 1122 4.1.3.4), and one that the
 * sending machine left to be filled in may be asked for at a wrong place: so the gate computes it.
 */
static void send_datagram(struct pass *c)
{
	const struct packet *p = &c->pkt;
	if (!c->stance->rewrites || (c->raw->check_sum && !p->no_sum)) {
		send_unchanged(c);
		return;
	}
	memcpy(c->in->scratch, p->ip, p->ip_len);
	send_scratch(c, p->ip_len);
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

/* Options that leave alone what the bytes of the stream mean. Others may say that bytes
 * belong elsewhere than where they were judged (multipath TCP, RFC 8684), that some of them
 * are options (extended data offset), or ciphertext (RFC 8547): without them both ends
 * speak plain TCP. Window scaling (3) goes too: bytes on their way are kept until they are
 * acknowledged, and a sender that may have more of them out than there is room for would
 * lose the rest again and again. So a window is 64 KB at most. */
static bool known_option(uint8_t kind)
{
	static const uint8_t known[] = { 2, 4, OPT_SACK, 8, 19, 29 };
	return memchr(known, kind, sizeof(known)) != NULL;
}

/* Blank what the receiver must not see: unknown options, and selective acknowledgements when
 * they name untranslated numbers. What cannot be read as options goes with them. out NULL:
 * change nothing. Returns whether there was any. */
static bool blank_options(const uint8_t *opt, size_t n, bool sack, uint8_t *out)
{
	bool any = false;
	for (size_t i = 0, len; i < n && opt[i] != OPT_EOL; i += len) {
		len = 1;
		if (opt[i] == OPT_NOP)
			continue;
		bool whole = i + 1 < n && opt[i + 1] >= 2 && i + opt[i + 1] <= n;
		len = whole ? opt[i + 1] : n - i;
		if (whole && (opt[i] == OPT_SACK ? !sack : known_option(opt[i])))
			continue;
		any = true;
		if (out)
			memset(out + i, OPT_NOP, len);
	}
	return any;
}

static void set_ip_length(uint8_t *ip, size_t n)
{
	if (ip[0] >> 4 == 4)
		put16(ip + 2, (uint32_t)n);
	else
		put16(ip + 4, (uint32_t)(n - 40));
}

/* Acknowledgement number of the packet, in the other end's numbers. A RST's was not checked. */
static uint32_t ack_out(struct pass *c)
{
	struct half *back = &c->f->h[!c->dir];
	if (!(c->pkt.flags & TCP_ACK))
		return c->pkt.ack;
	return c->pkt.flags & TCP_RST ? half_to_sender(back, c->pkt.ack)
				      : half_tell(back, c->pkt.ack);
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
	put32(tcp + 8, ack_out(c));
	tcp[13] = flags;
	if (back->cut_total || c->stance->rewrites)
		blank_options(p->ip + p->opt_off, p->opt_len, back->cut_total != 0, s + p->opt_off);
	size_t len = p->data_off + n;
	set_ip_length(s, len);
	send_scratch(c, len);
}

/* Neither its numbers nor its options need a change. */
static bool headers_unchanged(struct pass *c)
{
	const struct packet *p = &c->pkt;
	return c->f->h[0].cut_total == 0 && c->f->h[1].cut_total == 0 && ack_out(c) == p->ack &&
	       (!c->stance->rewrites ||
		!blank_options(p->ip + p->opt_off, p->opt_len, false, NULL));
}

static void send_syn(struct pass *c)
{
	const struct packet *p = &c->pkt;
	uint8_t *s = c->in->scratch;
	if (!c->stance->rewrites || !blank_options(p->ip + p->opt_off, p->opt_len, false, NULL)) {
		send_unchanged(c);
		return;
	}
	memcpy(s, p->ip, p->ip_len);
	blank_options(p->ip + p->opt_off, p->opt_len, false, s + p->opt_off);
	send_scratch(c, p->ip_len);
}

/* End of a segment that has no room for all. It is never behind an octet that may begin a message,
 * since some receivers close the connection when a read ends there. */
static uint32_t segment_end(const struct pass *c, uint32_t from, uint32_t to)
{
	const struct half *h = &c->f->h[c->dir];
	uint8_t start = proto_of(c->f->proto)->start;
	while (start && to - from > 1 && h->buf[to - 1 - h->base] == start)
		to--;
	return to;
}

static void send_range(struct pass *c, const struct action *a)
{
	struct half *h = &c->f->h[c->dir];
	const struct packet *p = &c->pkt;
	uint32_t from = a->from, to = a->to;
	bool with_fin = a->fin;
	/* Never a larger packet than a path must carry, unless it came larger; or one before it
	 * did, of which something is left. */
	size_t room = p->ip_len > MIN_MTU ? p->ip_len - p->data_off : (size_t)MIN_MTU - p->data_off;
	if (seq_lt(h->sent, p->seq) && room < h->largest)
		room = h->largest;
	if (to - from > room) {
		to = segment_end(c, from, from + (uint32_t)room);
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
	if (headers_unchanged(c) && from == p->seq && n == p->len && flags == p->flags) {
		send_unchanged(c);
		return;
	}
	send_rewritten(c, half_to_receiver(h, from), n, flags);
}

static void send_bare(struct pass *c)
{
	const struct packet *p = &c->pkt;
	const struct half *h = &c->f->h[c->dir];
	bool kept = seq_lt(h->sent, p->seq) && seq_le(p->seq, half_end(h)) &&
		    !(p->flags & TCP_FIN) && c->stance->rewrites;
	if (p->len == 0 && !kept && headers_unchanged(c)) {
		send_unchanged(c);
		return;
	}
	uint8_t flags = p->len ? p->flags & (uint8_t)~TCP_FIN : p->flags;
	/* a receiver that has not got the kept bytes knows no place behind them */
	send_rewritten(c, half_to_receiver(h, kept ? h->sent : p->seq), 0, flags);
}

static void send_probe(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	c->in->scratch[c->pkt.data_off] = h->last;
	send_rewritten(c, half_to_receiver(h, h->sent) - 1, 1, TCP_ACK);
}

/* The offending packet itself becomes a RST, exactly at the next number the
 * receiver expects (RFC 5961). Its sender has something unacknowledged and
 * comes again; that packet gets V_RESET, and the kernel answers it with a RST. */
static void send_rst(struct pass *c)
{
	const struct half *h = &c->f->h[c->dir];
	bool open = c->f->state == CONN_OPEN;
	if (!open) /* not followed from its start: the packet's own numbers */
		c->f->h[0].cut_total = c->f->h[1].cut_total = 0;
	uint32_t seq = open ? half_to_receiver(h, h->sent) : c->pkt.seq;
	c->in->stats.dropped_packets++;
	send_rewritten(c, seq, 0, TCP_RST | TCP_ACK);
}

static void end_connection(struct pass *c)
{
	unfinished_record(c->in, c->f);
	if (c->pkt.flags & (TCP_SYN | TCP_RST))
		send_nothing(c, V_RESET);
	else
		send_rst(c);
	turn(c, CONN_BLOCKED);
}

/* A packet that has no reason of its own, by what becomes of it. */
static void count_sent(struct pass *c, enum send send)
{
	enum verdict v = send == SEND_NOTHING			      ? V_DROP
			 : send == SEND_RESET || send == SEND_REFUSAL ? V_RESET
								      : V_ACCEPT;
	judge_count(c->in, c->pol, c->dir,
		    (struct count_of){ .unit = COUNT_PACKET, .verdict = (uint8_t)v });
}

void pass_act(struct pass *c, const struct action *a)
{
	enum send send = a->send;
	if (a->why != R_NONE) {
		pass_record(c, a, send == SEND_NOTHING ? V_DROP : V_RESET);
		if (!c->stance->blocks)
			send = SEND_UNCHANGED;
	}
	if (!c->counted)
		count_sent(c, send);
	switch (send) {
	case SEND_UNCHANGED:
		send_unchanged(c);
		break;
	case SEND_SYN:
		send_syn(c);
		break;
	case SEND_RANGE:
		send_range(c, a);
		break;
	case SEND_BARE:
		send_bare(c);
		break;
	case SEND_PROBE:
		send_probe(c);
		break;
	case SEND_DATAGRAM:
		send_datagram(c);
		break;
	case SEND_NOTHING:
		send_nothing(c, V_DROP);
		break;
	case SEND_RESET:
		end_connection(c);
		break;
	case SEND_REFUSAL:
		send_nothing(c, V_RESET);
		break;
	}
}
