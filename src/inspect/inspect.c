/* SPDX-License-Identifier: MIT
 *
 * The data path in one function.
 *
 * Every packet gets its verdict at once; nothing is held in the kernel. What a
 * packet brings of an unfinished message beyond the safe prefix is kept back
 * in the stream buffer and goes out with the packet that completes it. So the
 * receiver never has a byte that was not judged and could matter, and the
 * sender is never left without an acknowledgement it waits for.
 */
#include "inspect/inspect.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/internal.h"
#include "inspect/proto.h"

enum { WINDOW_MAX = 1 << 20, SWEEP_SLOTS = 512, DATAGRAM_MESSAGES = 64 };

struct inspect *inspect_new(const struct inspect_conf *c)
{
	struct inspect *in = calloc(1, sizeof(*in));
	if (!in)
		return NULL;
	in->conf = *c;
	for (uint8_t p = PROTO_NONE + 1; c->n_ports == 0 && p < PROTO_N; p++)
		if (proto_of(p))
			in->conf.ports[in->conf.n_ports++] =
				(struct inspect_port){ .port = proto_of(p)->port, .proto = p };
	in->scratch = malloc(SCRATCH);
	in->rate = c->rates;
	in->own_rate = !c->rates;
	if (in->own_rate)
		in->rate = calloc(INSPECT_RATES, sizeof(*in->rate));
	if (!in->rate || !flows_init(&in->flows, c->max_flows ? c->max_flows : 1, c->hash_key) || !in->scratch ||
	    !fast_pool_init(&in->flows.fast, c->fast, c->n_fast)) {
		inspect_free(in);
		return NULL;
	}
	return in;
}

void inspect_free(struct inspect *in)
{
	if (!in)
		return;
	flows_free(&in->flows);
	if (in->own_rate)
		free(in->rate);
	free(in->scratch);
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
	if (c->pkt.flags & (TCP_SYN | TCP_RST))
		emit_verdict(c, V_RESET);
	else
		emit_reset(c);
	c->f->state = FLOW_BLOCKED;
}

/* Without a model: what a server port speaks. */
static uint8_t port_proto(const struct inspect *in, uint16_t port)
{
	for (unsigned i = 0; i < in->conf.n_ports; i++)
		if (in->conf.ports[i].port == port)
			return in->conf.ports[i].proto;
	return PROTO_NONE;
}

/* The inspected flow a connection belongs to, as the image says now. */
static void bind_policy(struct pass *c)
{
	const struct pol_image *img = c->in->img;
	struct flow *f = c->f;
	if (!img || !f)
		return;
	if (f->image_gen != img->generation) {
		f->flow_id = policy_classify(img, &f->client, &f->server, f->l4, f->sport);
		f->image_gen = img->generation;
	}
	c->pol = policy_flow(img, f->flow_id);
	if (c->pol && c->pol->proto != f->proto)	/* another protocol since a reload */
		c->pol = NULL;
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
	const struct proto_ops *ops = proto_of(proto);
	if (!ops || (c->pkt.l4 == IPPROTO_UDP && !ops->udp)) {
		if (c->in->conf.dissect_only)
			emit_verdict(c, V_ACCEPT);
		else
			refuse(c, R_NO_CONDUIT, V_DROP);
		return false;
	}
	c->f = flow_add(&c->in->flows, &c->pkt, client, proto, c->raw->now_ns);
	if (!c->f) {
		refuse(c, R_FLOW_LIMIT, V_DROP);
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
	c->f->state = FLOW_OPEN;
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
			f->state = FLOW_SYN;
			flow_fresh(f);
		}
		emit_verdict(c, V_ACCEPT);
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
		half_start(&f->h[0], f->syn_seq + 1);
		half_start(&f->h[1], p->seq + 1);
		f->open_seq = f->syn_seq;
		f->server_isn = p->seq;
		flow_fresh(f);
		f->ending = f->syn_again = false;
		f->state = FLOW_OPEN;
	} else if (!again && !c->in->conf.dissect_only) {
		refuse(c, R_OUT_OF_WINDOW, V_DROP);
		return;
	}
	emit_verdict(c, V_ACCEPT);
}

/* The acknowledgement this packet carries; false: it names bytes never delivered. */
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
	if (seq_lt(top, ack))
		return false;
	half_acked(back, ack);
	return true;
}

/* Judge every whole message there is. False: the connection was reset. */
static bool judge_all(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	for (;;) {
		size_t n;
		const uint8_t *p = half_pending(h, &n);
		if (n == 0)
			break;
		enum reason why = R_NONE;
		int len = proto_of(c->f->proto)->frame(p, n, &why);
		if (len < 0) {
			/* there is no way to find the next boundary */
			c->in->stats.refused++;
			if (c->in->conf.dissect_only) {
				half_pass(h, (uint32_t)n);
				break;
			}
			if (pass_observes(c)) {
				pass_event(c, why, V_OBSERVED);
				c->f->state = FLOW_BLIND;
				break;
			}
			pass_event(c, why, V_RESET);
			block(c);
			return false;
		}
		if (len == 0 || (size_t)len > n)
			break;
		if (proto_of(c->f->proto)->judge(c, p, (size_t)len) == ACT_RESET) {
			block(c);
			return false;
		}
	}
	bool partial = h->next != half_end(h);
	if (!partial)
		h->partial_since = 0;
	else if (!h->partial_since)
		h->partial_since = c->raw->now_ns;
	return true;
}

/* Up to where the receiver may have this direction's bytes. */
static uint32_t deliverable(const struct pass *c)
{
	const struct half *h = &c->f->h[c->dir];
	size_t n;
	const uint8_t *p = half_pending(h, &n);
	if (pass_observes(c))
		return half_end(h);
	uint32_t to = h->next + (uint32_t)proto_of(c->f->proto)->prefix_safe(p, n, c->dir == 1);
	return seq_lt(to, h->sent) ? h->sent : to;
}

static void deliver(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	const struct packet *p = &c->pkt;
	uint32_t end = p->seq + (uint32_t)p->len;
	uint32_t limit = deliverable(c);
	/* a packet that fills a hole brings along what came behind it */
	uint32_t to = seq_lt(limit, end) || !seq_lt(end, h->sent) ? limit : end;
	uint32_t from = seq_lt(h->sent, p->seq) ? h->sent : p->seq;
	if (seq_lt(from, h->base))
		from = h->base;
	bool fin = (p->flags & TCP_FIN) && to == end;	/* never bytes behind a FIN */
	if (seq_lt(from, to) && half_to_receiver(h, from) != half_to_receiver(h, to)) {
		emit_range(c, from, to, fin);
		return;
	}
	/* nothing of it may go on: all cut, or not yet */
	if (seq_lt(h->sent, h->next) && seq_lt(h->sent, to))
		h->sent = to;
	if (fin)
		emit_range(c, to, to, true);
	else if (seq_le(end, h->next))
		emit_probe(c);
	else
		emit_bare(c);
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
		enum half_add got = half_add(h, seq, p->data + at, n);
		if (got == HALF_GAP || got == HALF_FULL) {
			c->in->stats.resyncs++;
			half_start(h, seq);
			got = half_add(h, seq, p->data + at, n);
		}
		if (got == HALF_OK)
			judge_all(c);
		half_acked(h, h->next);
	}
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
	switch (half_add(h, p->seq, p->data, p->len)) {
	case HALF_OK:
		break;
	case HALF_OLD:		/* the receiver has it: let it say so again */
		if (p->flags & TCP_FIN)
			emit_bare(c);
		else
			emit_probe(c);
		return;
	case HALF_GAP:
		if (pass_observes(c)) {
			c->in->stats.resyncs++;
			half_start(h, p->seq);
			if (half_add(h, p->seq, p->data, p->len) == HALF_OK)
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
	if (c->f->state != FLOW_BLIND && !judge_all(c))
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
	if (c->f->state == FLOW_SYN || c->pkt.seq == half_end(h) || c->pkt.seq == h->sent)
		c->f->state = FLOW_CLOSED;
	emit_bare(c);
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
		refuse(c, R_STREAM_GAP, V_DROP);
		return;
	}
	if (!take_ack(c) && !c->in->conf.dissect_only) {
		refuse(c, R_OUT_OF_WINDOW, V_DROP);
		return;
	}
	if ((p->flags & TCP_URG) && !c->in->conf.dissect_only) {
		refuse(c, R_URGENT, V_DROP);
		return;
	}
	uint32_t end = p->seq + (uint32_t)p->len;
	if (h->fin && p->len && seq_lt(h->fin_seq, end)) {
		refuse(c, R_OUT_OF_WINDOW, V_DROP);
		return;
	}
	if ((p->flags & TCP_FIN) && !h->fin && seq_le(p->seq, half_end(h))) {
		h->fin = true;
		h->fin_seq = end;
		if (f->h[!c->dir].fin)
			f->state = f->state == FLOW_OPEN ? FLOW_CLOSED : f->state;
	}
	if (p->len)
		on_data(c);
	else if ((p->flags & TCP_FIN) && seq_lt(half_end(h), p->seq))
		emit_probe(c);	/* its place is known only when the bytes before it are judged */
	else
		emit_bare(c);
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
	if (c->in->conf.dissect_only)
		emit_verdict(c, V_ACCEPT);
	else
		refuse(c, why, V_DROP);
	return false;
}

/* A datagram: whole messages, judged one by one; it goes on as it is or not at all. */
static void on_datagram(struct pass *c)
{
	const struct proto_ops *ops = proto_of(c->f->proto);
	const struct packet *p = &c->pkt;
	bool passes = true;
	size_t at = 0;
	c->f->state = FLOW_OPEN;
	for (unsigned i = 0; at < p->len; i++) {
		enum reason why = R_NONE;
		int len = ops->frame(p->data + at, p->len - at, &why);
		if (len <= 0 || (size_t)len > p->len - at || i == DATAGRAM_MESSAGES) {
			refuse(c, len < 0 ? why : len && (size_t)len <= p->len - at ? R_LENGTH : R_TRUNCATED, V_DROP);
			return;
		}
		if (ops->judge(c, p->data + at, (size_t)len) != ACT_PASS)
			passes = false;
		at += (size_t)len;
	}
	emit_verdict(c, passes ? V_ACCEPT : V_DROP);
}

void inspect_packet(struct inspect *in, const struct inspect_pkt *raw, const struct inspect_out *out)
{
	struct pass c = { .in = in, .out = out, .raw = raw };
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
	bool udp = c.pkt.l4 == IPPROTO_UDP;
	if (!c.f && !(udp ? new_flow(&c) : adopt(&c)))
		return;
	c.f->last_ns = raw->now_ns;
	c.f->gone = false;
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

void inspect_gone(struct inspect *in, const struct addr *client, uint16_t cport,
		  const struct addr *server, uint16_t sport, uint64_t now_ns)
{
	struct flow *f = flow_find_ends(&in->flows, client, cport, server, sport);
	if (!f)
		return;
	f->gone = true;
	if (fast_moved(&in->flows.fast, &f->fast))
		f->last_ns = now_ns;
	if (now_ns - f->last_ns > FLOW_GONE_NS)
		flow_drop(&in->flows, f);
}

void inspect_refused(struct inspect *in, const struct inspect_pkt *p, enum reason why,
		     const struct inspect_out *out)
{
	struct packet k;
	if (!packet_ends(p->ip, p->len, &k))
		return;
	struct event ev = {
		.time_ns = p->wall_ns, .generation = in->img ? in->img->generation : 0,
		.kind = EV_REFUSED_FLOW, .verdict = V_DROP, .reason = (uint16_t)why, .flow_id = 0xffff,
		.rule = 0xffff, .l4 = k.l4, .src = k.src, .dst = k.dst, .sport = k.sport, .dport = k.dport,
	};
	out->event(out->ctx, &ev);
}

/* Messages whose rest does not come: end the connection at its next packet. */
static void check_partial(struct inspect *in, struct flow *f, uint64_t now)
{
	for (int d = 0; d < 2; d++) {
		struct half *h = &f->h[d];
		if (h->partial_since && now - h->partial_since > FLOW_PARTIAL_NS) {
			h->partial_since = 0;
			f->ending = true;
			in->stats.refused++;
		}
	}
}

void inspect_tick(struct inspect *in, uint64_t now_ns, uint64_t wall_ns, const struct inspect_out *out)
{
	for (uint32_t i = 0; i < SWEEP_SLOTS && i < in->flows.n; i++) {
		uint32_t at = (in->flows.sweep + i) % in->flows.n;
		struct flow *f = &in->flows.v[at];
		const struct pol_flow *pol = in->img ? policy_flow(in->img, f->flow_id) : NULL;
		if (f->state != FLOW_OPEN || f->ending || !pol || pol->mode == MODE_OBSERVE)
			continue;
		check_partial(in, f, now_ns);
		if (!f->ending)
			continue;
		struct event ev = {
			.time_ns = wall_ns, .generation = in->img->generation, .kind = EV_VIOLATION,
			.verdict = V_RESET, .reason = R_HALF_MESSAGE, .flow_id = f->flow_id, .rule = 0xffff,
			.l4 = IPPROTO_TCP, .src = f->client, .dst = f->server, .sport = f->cport,
			.dport = f->sport,
		};
		out->event(out->ctx, &ev);
	}
	flows_sweep(&in->flows, now_ns, SWEEP_SLOTS);
}

void inspect_stats(const struct inspect *in, struct inspect_stats *s)
{
	*s = in->stats;
	s->flows = in->flows.used;
}
