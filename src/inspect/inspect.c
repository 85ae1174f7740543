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
 * is made to repeat its last one, and it is passed on as covering the kept bytes too
 * (half_tell). Of messages larger than a packet that every path carries, the last
 * HOLD_MAX bytes are kept. proto_ops.holds says whether a protocol keeps bytes or
 * passes parts.
 */
#include "inspect/inspect.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "inspect/internal.h"
#include "inspect/proto.h"

struct inspect *inspect_new(const struct inspect_conf *c)
{
	struct inspect *in = calloc(1, sizeof(*in));
	if (!in)
		return NULL;
	in->conf = *c;
	bool whole = true;
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++) {
		if (!proto_of(p)->shared)
			continue;
		in->shared[p] = pages_map(proto_of(p)->shared);
		whole &= in->shared[p] != NULL;
	}
	in->scratch = malloc(SCRATCH);
	in->message = malloc(proto_message_max() + 1);
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
	if (!whole || !order_new(in) || !in->rate || !in->shares || !in->common || !in->scratch ||
	    !in->message ||
	    !connections_init(&in->connections, c->max_connections ? c->max_connections : 1,
			      c->max_connections_per_source, c->hash_key) ||
	    !fast_pool_init(&in->connections.fast, c->fast, c->n_fast, c->hash_key)) {
		inspect_free(in);
		return NULL;
	}
	in->connections.owner = in;
	in->connections.dropped = life_dropped;
	return in;
}

void inspect_free(struct inspect *in)
{
	if (!in)
		return;
	connections_free(&in->connections);
	if (in->own_rate) {
		pages_unmap(in->rate, FAST_RATES * sizeof(*in->rate));
		pages_unmap(in->shares, FAST_RATES * sizeof(*in->shares));
	}
	if (in->own_common)
		pages_unmap(in->common, proto_common_size());
	order_free(in);
	free(in->message);
	free(in->scratch);
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
		pages_unmap(in->shared[p], proto_of(p)->shared);
	free(in);
}

void inspect_no_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	(void)ctx;
	(void)id;
	(void)v;
	(void)data;
	(void)len;
}

void inspect_policy(struct inspect *in, const struct pol_image *img)
{
	in->img = img;
}

/* Without a model: what a server port speaks. */
static uint8_t port_proto(const struct inspect *in, uint16_t port)
{
	if (in->conf.speaks)
		return in->conf.speaks[port];
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
		if (proto_port(p) == port)
			return p;
	return PROTO_NONE;
}

const struct pol_flow *policy_of(struct inspect *in, struct connection *f)
{
	const struct pol_image *img = in->img;
	if (!img)
		return NULL;
	if (f->image_gen != img->generation) {
		f->flow_id = policy_classify(img, &f->client, &f->server, f->l4, f->sport);
		f->image_gen = img->generation;
	}
	const struct pol_flow *pol = policy_flow(img, f->flow_id);
	/* else another protocol since a reload */
	return pol && pol->proto == f->proto ? pol : NULL;
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

/* Direction, protocol and policy of a packet that belongs to no known connection, from its ports or
 * the image. PROTO_NONE: no inspected flow. */
static uint8_t classify(struct pass *c)
{
	const struct packet *p = &c->pkt;
	bool client = from_client(c);
	uint16_t port = client ? p->dport : p->sport;
	c->dir = client ? 0 : 1;
	if (!c->in->img)
		return port_proto(c->in, port);
	uint16_t id = client ? policy_classify(c->in->img, &p->src, &p->dst, p->l4, port)
			     : policy_classify(c->in->img, &p->dst, &p->src, p->l4, port);
	pass_bind(c, policy_flow(c->in->img, id));
	return c->pol ? c->pol->proto : PROTO_NONE;
}

bool inspect_follows(struct inspect *in, const struct packet *p)
{
	struct pass c = { .in = in, .pkt = *p };
	pass_bind(&c, NULL);
	return proto_over(classify(&c), p->l4);
}

/* A place for a connection not known yet; false: the packet is not inspected, *out says why. */
static bool new_connection(struct pass *c, struct action *out)
{
	uint8_t proto = classify(c);
	bool over = proto_over(proto, c->pkt.l4);
	enum reason why = over ? room_add(c, c->dir == 0, proto) : R_NO_CONDUIT;
	*out = act_refuse(why);
	if (why == R_NONE)
		pass_bind(c, policy_of(c->in, c->f));
	return why == R_NONE;
}

/* A packet of a connection whose start was not seen; false: it is not followed, *out says what is
 * done. */
static bool adopt(struct pass *c, struct action *out)
{
	const struct packet *p = &c->pkt;
	if (!new_connection(c, out))
		return false;
	if ((p->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
		return true;
	/* harmless: it only ends what is not known */
	if (p->flags & TCP_RST) {
		connection_drop(&c->in->connections, c->f);
		c->f = NULL;
		*out = act_send(SEND_UNCHANGED);
		return false;
	}
	if (c->stance->blocks) {
		c->in->stats.resyncs++;
		*out = act_end(R_STREAM_GAP);
		return false;
	}
	follow_join(c);
	return true;
}

/* Whose policy a refused packet falls under, for its record. */
static void find_policy(struct pass *c)
{
	if (!c->f && c->in->img)
		classify(c);
}

static enum reason parse(struct pass *c)
{
	const struct inspect_pkt *r = c->raw;
	enum reason why = packet_parse(r->ip, r->len, r->check_sum, &c->pkt);
	bool inspected = c->pkt.l4 == IPPROTO_TCP || c->pkt.l4 == IPPROTO_UDP;
	return why == R_NONE && (r->partial || c->pkt.fragment || !inspected) ? R_BAD_SEGMENT : why;
}

/* Will what goes on from here be read at the other end, whatever is on the way? Else a sender could
 * make the gate and the receiver disagree about which packets there were. */
static bool arrives(struct pass *c, struct action *out)
{
	enum reason why = c->stance->checks ? packet_arrives(&c->pkt) : R_NONE;
	if (why == R_NONE)
		return true;
	find_policy(c);
	*out = act_refuse(why);
	if (!c->stance->blocks)
		pass_record(c, out, V_DROP);
	return !c->stance->blocks;
}

/* Does the packet's connection end, or is it blocked, whatever the packet has in it? Then *out. */
static bool ends_before(struct pass *c, struct action *out)
{
	struct connection *f = c->f;
	bool syn = (c->pkt.flags & TCP_SYN) != 0;
	if (c->in->img && !c->pol && (f->state != CONN_BLOCKED || syn)) {
		*out = act_end(R_NO_CONDUIT);
		return true;
	}
	if (syn)
		return false;
	/* Observed until now. Who sends may have made octets look like the beginning of a message,
	 * and then the device reads others than are judged here. */
	if (c->stance->blocks && f->guessed) {
		*out = act_end(R_STREAM_GAP);
		return true;
	}
	life_clock(c);
	if (f->ending && f->state == CONN_OPEN && c->stance->blocks)
		*out = act_end(R_NONE);
	else if (f->state == CONN_BLOCKED) /* once, and only observed since */
		*out = act_send(c->stance->blocks ? SEND_REFUSAL : SEND_UNCHANGED);
	else
		return false;
	return true;
}

static struct action on_connection(struct pass *c, bool *followed)
{
	struct action out;
	bool udp = c->pkt.l4 == IPPROTO_UDP;
	if (!c->f && !(udp ? new_connection(c, &out) : adopt(c, &out)))
		return out;
	c->f->last_ns = c->raw->now_ns;
	c->f->gone = false;
	fast_way(&c->f->fast, c->dir, c->raw->in, c->raw->out);
	if (udp)
		return c->in->img && !c->pol ? act_refuse(R_NO_CONDUIT) : on_datagram(c);
	if (ends_before(c, &out))
		return out;
	*followed = true;
	return on_stream(c);
}

/* followed: a stream, of which the kernel may take the next packets. */
static struct action on_packet(struct pass *c, bool *followed)
{
	struct action out;
	enum reason why = parse(c);
	if (why != R_NONE) {
		packet_ends(c->raw->ip, c->raw->len, &c->pkt); /* for the record */
		find_policy(c);
		return act_refuse(why);
	}
	c->f = connection_find(&c->in->connections, &c->pkt, &c->dir);
	if (c->f && connection_ends(&c->in->connections, c->f, c->raw->now_ns)) {
		c->f = NULL;
		c->dir = 0;
	}
	bool known = !c->f || fast_take(c);
	if (c->f)
		pass_bind(c, policy_of(c->in, c->f));
	if (!known)
		return act_end_enforced(c);
	if (!arrives(c, &out))
		return out;
	return on_connection(c, followed);
}

void inspect_packet(struct inspect *in, const struct inspect_pkt *raw,
		    const struct inspect_out *out)
{
	if (in->order)
		order_packet(in, raw, out);
	else
		inspect_ordered(in, raw, out, false);
}

void inspect_ordered(struct inspect *in, const struct inspect_pkt *raw,
		     const struct inspect_out *out, bool in_order)
{
	struct pass c = { .in = in, .out = out, .raw = raw, .in_order = in_order };
	bool followed = false;
	in->out = out;
	in->wall_ns = raw->wall_ns;
	in->stats.packets++;
	pass_bind(&c, NULL);
	connections_sweep(&in->connections, raw->now_ns, 1);
	const struct action done = on_packet(&c, &followed);
	pass_act(&c, &done);
	if (followed)
		fast_offer(&c);
}
