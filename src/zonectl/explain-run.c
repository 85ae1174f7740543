/* SPDX-License-Identifier: MIT
 * explain: one message through the engine, over a connection that is made up here, or with the
 * capture that it is in. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/recording.h"
#include "packet/capture.h"
#include "packet/packet.h"
#include "zonectl/explain.h"
#include "recording/uninspected.h"

enum { HEADERS = 40 + 20, CLIENT_SEQ = 1000, SERVER_SEQ = 5000, WINDOW = 60000, HOPS = 64 };
enum { SECOND = 1000000000, STEP_NS = 1000000 };

struct run {
	const struct explain *x;
	const struct pol_image *img;
	uint32_t wanted; /* id of the packet that is asked about */
	explain_found *found;
	void *ctx;
	bool told, refused;
	bool before; /* it is one that must come before: worth telling when it is refused */
	struct event refusal; /* of the packet itself, which has no message */
	bool has_refusal;
};

static void tell(struct run *r, const struct event *ev, const void *m)
{
	if (r->refused || (r->before && ev->reason == R_NONE))
		return;
	r->told = true;
	r->refused = ev->reason != R_NONE;
	r->found(r->ctx, &(struct explain_case){ r->img, ev, m });
}

static void on_message(void *ctx, const struct event *ev, const void *m, uint32_t id)
{
	struct run *r = ctx;
	if (id == r->wanted)
		tell(r, ev, m);
}

/* ---- made up ---- */

struct talk {
	struct run *r;
	struct inspect *in;
	const struct inspect_out *out;
	const struct reach_ends *of;
	uint32_t seq[2], id;
	uint64_t now;
	bool wanted; /* the packet that is sent now has a message that is asked about */
	uint8_t packet[HEADERS + EXPLAIN_BYTES];
};

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static size_t put_ip(uint8_t *p, const struct addr *src, const struct addr *dst, uint8_t l4,
		     size_t n)
{
	bool v4 = src->family == 4;
	size_t head = v4 ? 20 : 40, len = v4 ? 4 : 16;
	memset(p, 0, head);
	p[0] = v4 ? 0x45 : 0x60;
	put16(p + (v4 ? 2 : 4), (unsigned)(v4 ? n + head : n));
	p[v4 ? 8 : 7] = HOPS;
	p[v4 ? 9 : 6] = l4;
	memcpy(p + (v4 ? 12 : 8), src->b, len);
	memcpy(p + (v4 ? 16 : 24), dst->b, len);
	return head;
}

static void send_packet(struct talk *t, bool answer, uint8_t flags, const uint8_t *data, size_t n)
{
	const struct reach_ends *of = t->of;
	bool tcp = of->l4 == IPPROTO_TCP;
	size_t l4 = tcp ? 20 : 8;
	size_t head = put_ip(t->packet, answer ? &of->server : &of->client,
			     answer ? &of->client : &of->server, of->l4, l4 + n);
	uint8_t *h = t->packet + head;
	memset(h, 0, l4);
	put16(h, answer ? of->sport : of->cport);
	put16(h + 2, answer ? of->cport : of->sport);
	if (tcp) {
		put32(h + 4, t->seq[answer]);
		put32(h + 8, flags & TCP_ACK ? t->seq[!answer] : 0);
		h[12] = 5 << 4;
		h[13] = flags;
		put16(h + 14, WINDOW);
	} else {
		put16(h + 4, (unsigned)(8 + n));
	}
	if (n)
		memcpy(h + l4, data, n);
	t->seq[answer] += (uint32_t)n + (flags & TCP_SYN ? 1 : 0);
	t->now += STEP_NS;
	struct inspect_pkt p = { .id = ++t->id,
				 .now_ns = t->now,
				 .wall_ns = t->now,
				 .ip = t->packet,
				 .len = head + l4 + n };
	t->r->wanted = t->wanted ? p.id : 0;
	t->r->has_refusal = false;
	inspect_packet(t->in, &p, t->out);
	if (t->wanted && t->r->has_refusal && !t->r->told)
		tell(t->r, &t->r->refusal, NULL);
}

/* The packet that is asked about has no message: its beginning, or what is none. */
static void on_made_up_event(void *ctx, const struct event *ev)
{
	struct run *r = ctx;
	if (r->wanted && ev->part && !r->told)
		tell(r, ev, NULL);
	r->has_refusal |= r->wanted && ev->reason != R_NONE;
	if (r->wanted && ev->reason != R_NONE)
		r->refusal = *ev;
}

static void talk(struct run *r, struct inspect *in, const struct inspect_out *out)
{
	const struct explain_message *m = r->x->msg;
	struct talk *t = calloc(1, sizeof(*t));
	if (!t)
		return;
	*t = (struct talk){ .r = r,
			    .in = in,
			    .out = out,
			    .of = &r->x->packet.of,
			    .seq = { CLIENT_SEQ, SERVER_SEQ },
			    .now = SECOND };
	if (t->of->l4 == IPPROTO_TCP) {
		send_packet(t, false, TCP_SYN, NULL, 0);
		send_packet(t, true, TCP_SYN | TCP_ACK, NULL, 0);
		send_packet(t, false, TCP_ACK, NULL, 0);
	}
	for (size_t i = 0; i < m->parts; i++) {
		bool answer = m->part[i].answer;
		r->before = i + 1 != m->parts;
		t->wanted = !answer;
		send_packet(t, answer, TCP_ACK | TCP_PSH, m->b + m->part[i].at, m->part[i].n);
		t->wanted = false;
		if (r->before && t->of->l4 == IPPROTO_TCP)
			send_packet(t, !answer, TCP_ACK, NULL, 0);
	}
	free(t);
}

/* ---- of a capture ---- */

static void replay_until(struct run *r, struct recording *rec, const struct inspect_out *out)
{
	char err[300];
	struct capture *c = capture_open(r->x->capture, err, sizeof(err));
	struct frame f;
	r->wanted = r->x->frame;
	while (c && capture_next(c, &f) == 1 && f.number <= r->wanted) {
		if (!f.ip)
			continue;
		struct inspect_pkt p = { .id = f.number,
					 .wall_ns = f.time_ns,
					 .ip = f.ip,
					 .len = f.len,
					 .partial = f.partial };
		recording_packet(rec, &p, out);
	}
	capture_close(c);
}

bool explain_frame(struct explain *x)
{
	char err[300];
	struct capture *c = capture_open(x->capture, err, sizeof(err));
	struct packet p;
	struct frame f = { .number = 0 };
	bool there = false;
	if (!c) {
		fprintf(stderr, "zonectl: %s: %s\n", x->capture, err);
		return false;
	}
	while (!there && capture_next(c, &f) == 1)
		there = f.number == x->frame;
	bool ip = there && f.ip &&
		  (packet_parse(f.ip, f.len, false, &p) == R_NONE || packet_ends(f.ip, f.len, &p));
	if (!there)
		fprintf(stderr, "zonectl: %s: it has %u frames, and no frame %u\n", x->capture,
			f.number, x->frame);
	else if (!ip)
		fprintf(stderr, "zonectl: %s: frame %u is no IP packet\n", x->capture, x->frame);
	else
		x->packet = (struct reach_packet){
			.of = { .client = p.src,
				.server = p.dst,
				.l4 = p.l4,
				.cport = p.sport,
				.sport = p.dport },
			.no_syn = p.l4 == IPPROTO_TCP && !(p.flags & TCP_SYN),
		};
	capture_close(c);
	return ip;
}

/* ---- either ---- */

bool explain_run(const struct explain *x, const struct pol_image *img, explain_found *found,
		 void *ctx)
{
	struct run r = { .x = x, .img = img, .found = found, .ctx = ctx };
	struct inspect_conf conf = { .max_connections = x->capture ? 65536 : 16,
				     .hash_key = { 1, 2 },
				     .dissect_only = !img };
	uint8_t *speaks = img ? NULL : calloc(INSPECT_PORTS, 1);
	if (speaks) /* the port that is asked about speaks it */
		speaks[x->packet.of.sport] = x->proto;
	conf.speaks = speaks;
	struct recording rec = { .in = NULL };
	bool begun = (img || speaks) && recording_begin(&rec, &conf, img);
	const struct inspect_out out = { .ctx = &r,
					 .verdict = inspect_no_verdict,
					 .event = on_made_up_event,
					 .message = on_message };
	if (begun && x->capture)
		replay_until(&r, &rec, &out);
	else if (begun)
		talk(&r, rec.in, &out);
	recording_end(&rec, x->capture ? &out : NULL);
	free(speaks);
	return r.told;
}
