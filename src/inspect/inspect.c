/* SPDX-License-Identifier: MIT
 *
 * The data path in one function.
 *
 * Every packet gets its verdict at once; nothing is held in the kernel. What a
 * packet brings of an unfinished message is kept back in the stream buffer and
 * goes out with the packet that completes it: so the receiver never has a byte
 * that was not judged, and a device that takes whatever one read returns for a
 * message acts on nothing less than one. The sender must not wait for an
 * acknowledgement for ever (Nagle, a congestion window of one), so the receiver
 * is made to repeat its last one, which is told as one of the kept bytes too
 * (half_tell). Of messages larger than a packet that every path carries, the last
 * HOLD_MAX bytes are kept; which protocols keep, and which pass parts, says
 * proto_ops.holds.
 */
#include "inspect/inspect.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "inspect/internal.h"
#include "inspect/proto.h"

enum { WINDOW_MAX = 1 << 20, ACK_LAG_MAX = 65535, DATAGRAM_MESSAGES = 64 };

_Static_assert(PROTO_N - 1 <= sizeof(((struct inspect_conf *)0)->ports) / sizeof(struct inspect_port),
	       "a port for each protocol");

struct inspect *inspect_new(const struct inspect_conf *c)
{
	struct inspect *in = calloc(1, sizeof(*in));
	if (!in)
		return NULL;
	in->conf = *c;
	for (uint8_t p = PROTO_NONE + 1; c->n_ports == 0 && p < PROTO_N; p++)
		in->conf.ports[in->conf.n_ports++] = (struct inspect_port){ .port = proto_port(p), .proto = p };
	bool whole = true;
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++) {
		if (!proto_of(p)->shared)
			continue;
		in->shared[p] = pages_map(proto_of(p)->shared);
		whole &= in->shared[p] != NULL;
	}
	in->scratch = malloc(SCRATCH);
	in->rate = c->rates;
	in->shares = c->shares;
	in->own_rate = !c->rates;
	if (in->own_rate) {
		in->rate = pages_map(FAST_RATES * sizeof(*in->rate));
		in->shares = pages_map(FAST_RATES * sizeof(*in->shares));
	}
	in->common = c->common;
	in->own_common = !c->common;
	if (in->own_common)
		in->common = pages_map(proto_common_size());
	if (!whole || !in->rate || !in->shares || !in->common || !in->scratch ||
	    !flows_init(&in->flows, c->max_flows ? c->max_flows : 1, c->max_flows_per_source, c->hash_key) ||
	    !fast_pool_init(&in->flows.fast, c->fast, c->n_fast, c->hash_key)) {
		inspect_free(in);
		return NULL;
	}
	in->flows.owner = in;
	in->flows.dropped = unfinished_dropped;
	return in;
}

void inspect_free(struct inspect *in)
{
	if (!in)
		return;
	flows_free(&in->flows);
	if (in->own_rate) {
		pages_unmap(in->rate, FAST_RATES * sizeof(*in->rate));
		pages_unmap(in->shares, FAST_RATES * sizeof(*in->shares));
	}
	if (in->own_common)
		pages_unmap(in->common, proto_common_size());
	free(in->scratch);
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
		pages_unmap(in->shared[p], proto_of(p)->shared);
	free(in);
}

void inspect_policy(struct inspect *in, const struct pol_image *img)
{
	in->img = img;
}

static void refuse(struct pass *c, enum reason why, enum verdict v)
{
	if (pass_observes(c) || c->in->conf.dissect_only) {
		if (!c->in->conf.dissect_only)
			pass_event(c, why, V_OBSERVED);
		emit_verdict(c, V_ACCEPT);
		return;
	}
	if (!c->pol || c->pol->log != LOG_NONE)
		pass_event(c, why, v);
	emit_verdict(c, v);
}

/* Both ends get a RST: the receiver by this packet, its sender when it comes again. */
static void block(struct pass *c)
{
	unfinished_record(c->in, c->f);
	if (c->pkt.flags & (TCP_SYN | TCP_RST))
		emit_verdict(c, V_RESET);
	else
		emit_reset(c);
	turn(c, FLOW_BLOCKED);
}

/* Without a model: what a server port speaks. */
static uint8_t port_proto(const struct inspect *in, uint16_t port)
{
	for (unsigned i = 0; i < in->conf.n_ports; i++)
		if (in->conf.ports[i].port == port)
			return in->conf.ports[i].proto;
	return PROTO_NONE;
}

const struct pol_flow *policy_of(struct inspect *in, struct flow *f)
{
	const struct pol_image *img = in->img;
	if (!img)
		return NULL;
	if (f->image_gen != img->generation) {
		f->flow_id = policy_classify(img, &f->client, &f->server, f->l4, f->sport);
		f->image_gen = img->generation;
	}
	const struct pol_flow *pol = policy_flow(img, f->flow_id);
	return pol && pol->proto == f->proto ? pol : NULL;	/* else another protocol since a reload */
}

static void bind_policy(struct pass *c)
{
	if (c->f)
		c->pol = policy_of(c->in, c->f);
}

/* Is the sender of this packet the side that opened (or must have opened) the connection? */
static bool from_client(const struct pass *c)
{
	const struct packet *p = &c->pkt;
	if (p->l4 == IPPROTO_TCP && (p->flags & TCP_SYN))
		return !(p->flags & TCP_ACK);
	if (!c->in->img)
		return port_proto(c->in, p->dport) != PROTO_NONE;
	return policy_classify(c->in->img, &p->src, &p->dst, p->l4, p->dport) != 0xffff;
}

/* What the connection of this packet speaks; PROTO_NONE: no inspected flow. */
static uint8_t proto_of_packet(struct pass *c, bool client)
{
	const struct packet *p = &c->pkt;
	uint16_t port = client ? p->dport : p->sport;
	if (!c->in->img)
		return port_proto(c->in, port);
	uint16_t id = client ? policy_classify(c->in->img, &p->src, &p->dst, p->l4, port)
			     : policy_classify(c->in->img, &p->dst, &p->src, p->l4, port);
	c->pol = policy_flow(c->in->img, id);
	return c->pol ? c->pol->proto : PROTO_NONE;
}

/* The flow of a connection not known yet; false: the packet has its verdict. */
static bool new_flow(struct pass *c)
{
	bool client = from_client(c);
	c->dir = client ? 0 : 1;
	uint8_t proto = proto_of_packet(c, client);
	if (!proto_over(proto, c->pkt.l4)) {
		if (c->in->conf.dissect_only)
			emit_verdict(c, V_ACCEPT);
		else
			refuse(c, R_NO_CONDUIT, V_DROP);
		return false;
	}
	enum reason why = room_add(c, client, proto);
	if (why != R_NONE) {
		refuse(c, why, V_DROP);
		return false;
	}
	bind_policy(c);
	return true;
}

/* A packet of a connection whose start was not seen. */
static bool adopt(struct pass *c)
{
	const struct packet *p = &c->pkt;
	if (!new_flow(c))
		return false;
	if ((p->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
		return true;
	if (c->pol && !pass_observes(c)) {
		if (p->flags & TCP_RST) {	/* harmless: it only ends what is not known */
			flow_drop(&c->in->flows, c->f);
			emit_verdict(c, V_ACCEPT);
			return false;
		}
		c->in->stats.resyncs++;
		pass_event(c, R_STREAM_GAP, V_RESET);
		block(c);
		return false;
	}
	/* observing: start here, and take this place for a message boundary */
	c->in->stats.resyncs++;
	half_start(&c->f->h[c->dir], p->flags & TCP_SYN ? p->seq + 1 : p->seq);
	half_start(&c->f->h[!c->dir], p->flags & TCP_ACK ? p->ack : 0);
	turn(c, FLOW_OPEN);
	room_prove(c);	/* without room it passes all the same, and its place is the first to go */
	return true;
}

/* Has either end sent bytes since the handshake? */
static bool has_moved(const struct flow *f)
{
	return half_end(&f->h[0]) != f->open_seq + 1 || half_end(&f->h[1]) != f->server_isn + 1;
}

static void refuse_connection(struct pass *c)
{
	if (pass_observes(c) || c->in->conf.dissect_only) {
		emit_verdict(c, V_ACCEPT);
		return;
	}
	pass_event(c, R_STREAM_GAP, V_RESET);
	block(c);
}

static void on_syn(struct pass *c)
{
	const struct packet *p = &c->pkt;
	struct flow *f = c->f;
	if (p->len && !c->in->conf.dissect_only) {
		refuse(c, R_SYN_DATA, V_DROP);
		return;
	}
	if (p->flags & (TCP_FIN | TCP_RST)) {
		refuse(c, R_FLAGS, V_DROP);
		return;
	}
	if (!(p->flags & TCP_ACK)) {
		if (c->dir == 1) {	/* the server opens back: not what the conduit permits */
			refuse(c, R_FLAGS, V_DROP);
			return;
		}
		f->syn_seq = p->seq;
		f->syn_again = f->state == FLOW_OPEN;
		if (f->state == FLOW_CLOSED || f->state == FLOW_BLOCKED || f->state == FLOW_BLIND) {
			turn(c, FLOW_SYN);
			flow_fresh(f);
			half_start(&f->h[0], p->seq + 1);	/* nothing of the old one is translated any more */
			half_start(&f->h[1], 0);
		}
		emit_syn(c);
		return;
	}
	if (c->dir == 0) {
		refuse(c, R_FLAGS, V_DROP);
		return;
	}
	bool answers = p->ack == f->syn_seq + 1;
	bool anew = f->state == FLOW_SYN || f->syn_seq != f->open_seq;
	bool again = p->ack == f->open_seq + 1 && p->seq == f->server_isn;
	if (again && f->state == FLOW_OPEN && f->syn_again && has_moved(f)) {
		/* the old handshake repeated, or a new one with the old numbers: nobody can
		 * tell, and the receiver's next byte hangs on it */
		refuse_connection(c);
		return;
	}
	if (answers && anew) {
		unfinished_record(c->in, f);
		half_start(&f->h[0], f->syn_seq + 1);
		half_start(&f->h[1], p->seq + 1);
		f->open_seq = f->syn_seq;
		f->server_isn = p->seq;
		flow_fresh(f);
		f->ending = f->syn_again = false;
		turn(c, FLOW_OPEN);
	} else if (!again && !c->in->conf.dissect_only) {
		refuse(c, R_OUT_OF_WINDOW, V_DROP);
		return;
	}
	emit_syn(c);
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
	if (c->in->conf.replay && seq_lt(top, ack) && seq_le(p->ack, half_end(back))) {
		half_uncut(back);
		ack = seq_lt(p->ack, top) ? p->ack : top;
	}
	if (seq_lt(top, ack) || seq_lt(ack + ACK_LAG_MAX, back->acked))
		return false;
	half_acked(back, ack);
	return true;
}

/* Judge every whole message there is. False: the connection was reset. */
static bool judge_all(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	uint32_t before = h->next;
	for (;;) {
		size_t n;
		const uint8_t *p = half_pending(h, &n);
		if (n == 0)
			break;
		enum reason why = R_NONE;
		int len = frame_of(c, p, n, &why);
		if (len < 0) {
			/* there is no way to find the next boundary */
			c->in->stats.refused++;
			if (c->in->conf.dissect_only) {
				half_pass(h, (uint32_t)n);
				break;
			}
			if (pass_observes(c)) {
				pass_event_of(c, why, V_OBSERVED, p, n);
				turn(c, FLOW_BLIND);
				break;
			}
			pass_event_of(c, why, V_RESET, p, n);
			half_pass(h, (uint32_t)n);	/* refused, not unfinished */
			block(c);
			return false;
		}
		if (len == 0 || (size_t)len > n)
			break;
		enum act act = proto_of(c->f->proto)->judge(c, p, (size_t)len);
		if (act == ACT_RESET) {
			half_pass(h, (uint32_t)n);
			block(c);
			return false;
		}
		if (act == ACT_PASS)
			flow_used(&c->in->flows, c->f, c->raw->now_ns);
	}
	bool partial = h->next != half_end(h);
	if (!partial || h->next != before)
		h->partial_told = false;
	if (!partial)
		h->partial_since = 0;
	else if (!h->partial_since || h->next != before)	/* another one than before */
		h->partial_since = c->raw->now_ns;
	return true;
}

/* The end of a stream is known when every byte before it is, and none behind it: an old
 * FIN, or one that came with refused bytes, must not end what goes on (RFC 9293 3.10.7.4). */
static void note_fin(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	uint32_t end = c->pkt.seq + (uint32_t)c->pkt.len;
	if (!(c->pkt.flags & TCP_FIN) || h->fin || end != half_end(h))
		return;
	h->fin = true;
	h->fin_seq = end;
}

/* This end has sent all it will send. In the middle of a message, which nobody can finish any more, the
 * connection ends at once; so says false. */
static bool end_stream(struct pass *c)
{
	const struct half *h = &c->f->h[c->dir];
	if (!h->fin || c->f->state != FLOW_OPEN)
		return true;
	if (c->pol && half_unfinished(h) && !pass_observes(c)) {
		block(c);
		return false;
	}
	unfinished_record(c->in, c->f);
	if (c->f->h[!c->dir].fin)
		turn(c, FLOW_CLOSED);
	return true;
}

/* Where bytes do not fit into small buffers, large ones are asked for. */
static enum half_add add_bytes(struct pass *c, uint32_t seq, const uint8_t *data, size_t n)
{
	struct half *h = &c->f->h[c->dir];
	enum half_add got = half_add(h, seq, data, n);
	bool beyond = got == HALF_FULL || got == HALF_GAP;
	uint32_t need = seq + (uint32_t)n - h->base;
	if (beyond && need > h->size && need <= HALF_BIG && room_enlarge(c))
		got = half_add(h, seq, data, n);
	return got;
}

/* Replay without a model: no receiver, nothing to deliver. Captures hold
 * segments larger than the buffer (offload), so take them piece by piece. */
static void watch_data(struct pass *c)
{
	enum { PIECE = 4096 };
	struct half *h = &c->f->h[c->dir];
	const struct packet *p = &c->pkt;
	for (size_t at = 0; at < p->len; at += PIECE) {
		size_t n = p->len - at < PIECE ? p->len - at : PIECE;
		uint32_t seq = p->seq + (uint32_t)at;
		enum half_add got = add_bytes(c, seq, p->data + at, n);
		if (got == HALF_GAP || got == HALF_FULL) {
			c->in->stats.resyncs++;
			half_start(h, seq);
			got = half_add(h, seq, p->data + at, n);
		}
		if (got == HALF_OK)
			judge_all(c);
		half_acked(h, h->next);
	}
	note_fin(c);
	end_stream(c);
	emit_verdict(c, V_ACCEPT);
}

static void on_data(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	const struct packet *p = &c->pkt;
	if (c->in->conf.dissect_only) {
		watch_data(c);
		return;
	}
	switch (add_bytes(c, p->seq, p->data, p->len)) {
	case HALF_OK:
		break;
	case HALF_OLD:		/* the receiver has it: let it say so again */
		note_fin(c);
		if (!end_stream(c))
			return;
		if ((p->flags & TCP_FIN) && h->fin && h->fin_seq == p->seq + (uint32_t)p->len)
			emit_range(c, h->fin_seq, h->fin_seq, true);
		else
			emit_probe(c);
		return;
	case HALF_GAP:
		if (pass_observes(c)) {
			c->in->stats.resyncs++;
			half_start(h, p->seq);
			if (add_bytes(c, p->seq, p->data, p->len) == HALF_OK)
				break;
			emit_verdict(c, V_ACCEPT);
			return;
		}
		if (p->seq - half_end(h) > WINDOW_MAX)
			refuse(c, R_OUT_OF_WINDOW, V_DROP);
		else
			emit_probe(c);	/* asks for the missing bytes as a duplicate acknowledgement */
		return;
	case HALF_DIFFERS:
		refuse(c, R_OVERLAP, V_DROP);
		return;
	case HALF_FULL:
		emit_verdict(c, pass_observes(c) ? V_ACCEPT : V_DROP);
		return;
	}
	note_fin(c);
	if (c->f->state != FLOW_BLIND && (!judge_all(c) || !end_stream(c)))
		return;
	if (c->f->state == FLOW_BLIND) {
		h->next = h->sent = half_end(h);
		emit_verdict(c, V_ACCEPT);
		return;
	}
	deliver(c);
}

static void on_rst(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	if (c->f->state == FLOW_OPEN && c->pkt.seq - h->base > WINDOW_MAX) {
		refuse(c, R_OUT_OF_WINDOW, V_DROP);
		return;
	}
	/* only an exact one ends the connection (RFC 5961); the receiver decides about others */
	if (c->f->state == FLOW_SYN || c->pkt.seq == half_end(h) || c->pkt.seq == h->sent) {
		unfinished_record(c->in, c->f);
		turn(c, FLOW_CLOSED);
	}
	emit_bare(c);
}

/* The client's acknowledgement (already checked from above) shows that it got the server's
 * number: the connection is open, if there is room for it. False: it was reset. */
static bool prove(struct pass *c)
{
	bool knows = (c->pkt.flags & TCP_ACK) && seq_lt(c->f->server_isn, c->pkt.ack);
	enum reason why = knows || c->in->conf.dissect_only ? room_prove(c) : R_NONE;
	if (why == R_NONE || pass_observes(c) || c->in->conf.dissect_only)
		return true;
	pass_event(c, why, V_RESET);
	block(c);
	return false;
}

static void on_segment(struct pass *c)
{
	const struct packet *p = &c->pkt;
	struct flow *f = c->f;
	struct half *h = &f->h[c->dir];
	if (p->flags & TCP_RST) {
		on_rst(c);
		return;
	}
	if (f->state == FLOW_SYN) {
		/* a device that still has an old connection on these ports says so with an
		 * acknowledgement; the client's RST to that makes room (RFC 9293 3.5.1) */
		if (c->dir == 1 && p->flags == TCP_ACK && p->len == 0)
			emit_verdict(c, V_ACCEPT);
		else
			refuse(c, R_STREAM_GAP, V_DROP);
		return;
	}
	if (!take_ack(c) && !c->in->conf.dissect_only) {
		refuse(c, R_OUT_OF_WINDOW, V_DROP);
		return;
	}
	if (c->dir == 0 && f->state == FLOW_OPEN && !f->proven && !prove(c))
		return;
	if ((p->flags & TCP_URG) && !c->in->conf.dissect_only) {
		refuse(c, R_URGENT, V_DROP);
		return;
	}
	uint32_t end = p->seq + (uint32_t)p->len;
	if (h->fin && p->len && seq_lt(h->fin_seq, end)) {
		refuse(c, R_OUT_OF_WINDOW, V_DROP);
		return;
	}
	if (p->len) {
		on_data(c);
		return;
	}
	note_fin(c);
	if (!end_stream(c))
		return;
	if (!(p->flags & TCP_FIN) || (h->fin && end == h->fin_seq))
		emit_bare(c);
	else if (seq_lt(half_end(h), end))
		emit_probe(c);	/* its place is known only when the bytes before it are judged */
	else
		refuse(c, R_OUT_OF_WINDOW, V_DROP);
}

/* Whose packet it is, while it has no flow. */
static void find_policy(struct pass *c)
{
	if (c->f || !c->in->img)
		return;
	bool client = from_client(c);
	c->dir = client ? 0 : 1;
	proto_of_packet(c, client);
}

static bool parse(struct pass *c)
{
	const struct inspect_pkt *r = c->raw;
	enum reason why = packet_parse(r->ip, r->len, r->check_sum, &c->pkt);
	if (why == R_NONE && (r->partial || c->pkt.fragment ||
			      (c->pkt.l4 != IPPROTO_TCP && c->pkt.l4 != IPPROTO_UDP)))
		why = R_BAD_SEGMENT;
	if (why == R_NONE)
		return true;
	if (c->in->conf.dissect_only) {
		emit_verdict(c, V_ACCEPT);
		return false;
	}
	packet_ends(r->ip, r->len, &c->pkt);	/* for the record */
	find_policy(c);
	refuse(c, why, V_DROP);
	return false;
}

/* Will what goes on from here be read at the other end, whatever is on the way? Else a sender could make the
 * gate and the receiver disagree about which packets there were. False: the packet has its verdict. */
static bool arrives(struct pass *c)
{
	enum reason why = c->in->conf.dissect_only ? R_NONE : packet_arrives(&c->pkt);
	if (why == R_NONE)
		return true;
	find_policy(c);
	if (!pass_observes(c)) {
		refuse(c, why, V_DROP);
		return false;
	}
	pass_event(c, why, V_OBSERVED);
	return true;
}

/* A datagram: whole messages, judged one by one; it goes on as it is or not at all. */
static void on_datagram(struct pass *c)
{
	const struct proto_ops *ops = proto_of(c->f->proto);
	const struct packet *p = &c->pkt;
	bool passes = true;
	size_t at = 0;
	unsigned copies = 0, i;
	if (c->f->state != FLOW_OPEN)
		turn(c, FLOW_OPEN);
	for (i = 0; at < p->len; i++) {
		enum reason why = R_NONE;
		int len = ops->frame(p->data + at, p->len - at, &why);
		if (len <= 0 || (size_t)len > p->len - at || i == DATAGRAM_MESSAGES) {
			if (ops->lost)
				ops->lost(c);
			refuse(c, len < 0 ? why : len && (size_t)len <= p->len - at ? R_LENGTH : R_TRUNCATED, V_DROP);
			return;
		}
		enum act act = ops->judge(c, p->data + at, (size_t)len);
		copies += act == ACT_COPY;
		passes &= act == ACT_PASS;
		at += (size_t)len;
	}
	if (passes)
		flow_used(&c->in->flows, c->f, c->raw->now_ns);
	if (passes && c->dir == 1)
		room_answered(c);
	if (!passes && copies < i && ops->lost)	/* what is but a copy takes nothing with it */
		ops->lost(c);
	emit_datagram(c, passes);
}

void inspect_packet(struct inspect *in, const struct inspect_pkt *raw, const struct inspect_out *out)
{
	struct pass c = { .in = in, .out = out, .raw = raw };
	in->out = out;
	in->wall_ns = raw->wall_ns;
	in->stats.packets++;
	flows_sweep(&in->flows, raw->now_ns, 1);
	if (!parse(&c))
		return;
	c.f = flow_find(&in->flows, &c.pkt, &c.dir);
	bool known = !c.f || fast_take(&c);
	bind_policy(&c);
	if (!known) {
		refuse_connection(&c);
		return;
	}
	if (!arrives(&c))
		return;
	bool udp = c.pkt.l4 == IPPROTO_UDP;
	if (!c.f && !(udp ? new_flow(&c) : adopt(&c)))
		return;
	c.f->last_ns = raw->now_ns;
	c.f->gone = false;
	fast_way(&c.f->fast, c.dir, raw->in, raw->out);
	if (udp) {
		if (in->img && !c.pol)
			refuse(&c, R_NO_CONDUIT, V_DROP);
		else
			on_datagram(&c);
		return;
	}
	if (in->img && !c.pol && c.f->state != FLOW_BLOCKED) {
		pass_event(&c, R_NO_CONDUIT, V_RESET);
		block(&c);
		return;
	}
	if (c.f->state == FLOW_BLIND && c.pol && !pass_observes(&c)) {	/* observed until now */
		pass_event(&c, R_STREAM_GAP, V_RESET);
		block(&c);
		return;
	}
	bool syn = (c.pkt.flags & TCP_SYN) != 0;
	if (!syn)
		life_clock(&c);
	if (c.f->ending && c.f->state == FLOW_OPEN && !syn) {
		block(&c);
		return;
	}
	if (c.f->state == FLOW_BLOCKED && !syn) {
		emit_verdict(&c, V_RESET);
		return;
	}
	if (syn)
		on_syn(&c);
	else
		on_segment(&c);
	fast_offer(&c);
}
