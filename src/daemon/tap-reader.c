/* SPDX-License-Identifier: MIT
 *
 * The process that reads a tap (tap.h): frames are brought to packets, sorted as those of a
 * recording are, judged, and what comes of it goes to the parent. The model comes as text behind
 * the policy image: what packets without an inspector may do is asked of it (uninspected.h).
 */
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/confine.h"
#include "daemon/tap.h"
#include "recording/uninspected.h"

enum {
	TURN_MS = 100,
	FRAMES_A_TURN = 1024,
	REPLY_MS = 2000,
	/* connections whose packets are answered with resets, and for how long */
	REFUSED_KEPT = 256,
};
enum { SECOND_NS = 1000000000 };
static const uint64_t refused_ns = (uint64_t)60 * SECOND_NS;

/* A connection of which something was refused. */
struct kept {
	struct addr a, b;
	uint16_t a_port, b_port;
	uint8_t l4;
	bool fresh;	   /* the parent has not heard of it */
	uint64_t until_ns; /* 0: the place is free */
};

struct reader {
	const struct tap_conf *c;
	struct shared *m;
	struct capture *capture;
	struct inspect *in;
	struct inspect_out out;
	const struct pol_image *img;
	struct model *model;
	struct uninspected *rules;
	uint64_t now_ns, ticked_ns;
	bool told;
	unsigned next_kept;
	struct kept kept[REFUSED_KEPT];
};

/* What a reader could not do, as failed_step in its memory. */
enum reader_step {
	STEP_RANDOM = 1,
	STEP_MEMORY,
	STEP_CONFINE,
	STEP_IMAGE,
	STEP_MODEL,
	STEP_RING,
	STEP_CAPTURE
};

const char *tap_reader_step(unsigned number)
{
	static const char *const names[] = {
		[STEP_RANDOM] = "no random numbers",
		[STEP_MEMORY] = "no memory for connections",
		[STEP_CONFINE] = "what confines it",
		[STEP_IMAGE] = "the policy is damaged",
		[STEP_MODEL] = "no memory for the model",
		[STEP_RING] = "its events were not taken",
		[STEP_CAPTURE] = "the capture has ended",
	};
	return number < sizeof(names) / sizeof(names[0]) ? names[number] : NULL;
}

static _Noreturn void give_up(const struct tap_conf *c, enum reader_step step)
{
	atomic_store(&c->shm->rings.failed_step, step);
	_exit(1);
}

static void count(atomic_ullong *n, uint64_t more)
{
	atomic_fetch_add_explicit(n, more, memory_order_relaxed);
}

/* ---- to the parent ---- */

static void reader_wakes_parent(struct reader *r)
{
	uint64_t one = 1;
	bool wake = r->told && atomic_exchange(&r->m->parent_sleeps, 0);
	if (wake && write(r->c->told, &one, sizeof(one)) != sizeof(one))
		give_up(r->c, STEP_RING);
	r->told = false;
}

/* The parent always drains: wait for room, bounded; then give up and be started again. */
static void reader_puts(struct reader *r, uint32_t kind, const void *data, uint32_t len)
{
	struct slot *s;
	for (int ms = 0; !(s = ring_put(&r->m->from)); ms++) {
		if (ms == REPLY_MS)
			give_up(r->c, STEP_RING);
		r->told = true;
		reader_wakes_parent(r);
		poll(NULL, 0, 1);
	}
	s->kind = kind;
	s->id = 0;
	s->len = len;
	memcpy(s->data, data, len);
	ring_put_done(&r->m->from);
	r->told = true;
}

/* ---- refused connections, for the parent to end ---- */

static bool same_kept(const struct kept *a, const struct kept *b)
{
	bool same = addr_eq(&a->a, &b->a) && addr_eq(&a->b, &b->b) && a->a_port == b->a_port &&
		    a->b_port == b->b_port;
	bool turned = addr_eq(&a->a, &b->b) && addr_eq(&a->b, &b->a) && a->a_port == b->b_port &&
		      a->b_port == b->a_port;
	return a->l4 == b->l4 && (same || turned);
}

static struct kept *kept_of(struct reader *r, const struct kept *ends)
{
	for (unsigned i = 0; i < REFUSED_KEPT; i++)
		if (r->kept[i].until_ns > r->now_ns && same_kept(&r->kept[i], ends))
			return &r->kept[i];
	return NULL;
}

/* The oldest one goes where there is no room: it was ended long ago. */
static void keep_refused(struct reader *r, const struct event *ev)
{
	struct kept ends = { .a = ev->src,
			     .b = ev->dst,
			     .a_port = ev->sport,
			     .b_port = ev->dport,
			     .l4 = ev->l4,
			     .fresh = true };
	ends.until_ns = r->now_ns + refused_ns;
	if (ev->no_ports || kept_of(r, &ends))
		return;
	r->kept[r->next_kept] = ends;
	r->next_kept = (r->next_kept + 1) % REFUSED_KEPT;
}

/* Every later packet of the connection is answered, too: the other end may have sent something
 * that the first reset did not know of, and a reset is taken at one number only (RFC 5961, 3). */
static void react(struct reader *r, const struct packet *p, uint64_t seen_ns)
{
	const struct kept ends = {
		.a = p->src, .b = p->dst, .a_port = p->sport, .b_port = p->dport, .l4 = p->l4
	};
	struct kept *k = p->has_ports ? kept_of(r, &ends) : NULL;
	if (!k || (p->l4 == IPPROTO_TCP && (p->flags & TCP_RST)))
		return;
	uint64_t wall = clock_ns(CLOCK_REALTIME);
	struct tap_refused t = { .src = p->src,
				 .dst = p->dst,
				 .sport = p->sport,
				 .dport = p->dport,
				 .l4 = p->l4,
				 .first = k->fresh,
				 .seen_ns = seen_ns,
				 .judged_ns = wall,
				 .to_src = p->ack };
	t.to_dst = p->seq + (uint32_t)p->len + !!(p->flags & TCP_SYN) + !!(p->flags & TCP_FIN);
	k->fresh = false;
	reader_puts(r, TAP_SLOT_REFUSED, &t, sizeof(t));
}

/* A conduit in mode "observe" is not enforced by a tap either. */
static void reader_event(void *ctx, const struct event *ev)
{
	struct reader *r = ctx;
	bool refusal = ev->kind == EV_VIOLATION || ev->kind == EV_REFUSED_FLOW;
	reader_puts(r, SLOT_EVENT, ev, sizeof(*ev));
	if (r->c->reactive && refusal && (ev->verdict == V_DROP || ev->verdict == V_RESET))
		keep_refused(r, ev);
}

/* ---- from the parent ---- */

static void use_policy(struct reader *r, const struct slot *p)
{
	uint32_t which = p->id & 1, len = p->len, text = p->queue;
	const struct pol_image *img = (const void *)r->c->images.reader[which];
	struct errs errs;
	errs_init(&errs);
	if (len > IMAGE_MAX || text > IMAGE_MAX - len || !policy_valid(img, len))
		give_up(r->c, STEP_IMAGE);
	struct model *m =
		model_load_text("tap", (const char *)r->c->images.reader[which] + len, text, &errs);
	struct uninspected *rules = m ? uninspected_new(m) : NULL;
	errs_free(&errs);
	if (!rules)
		give_up(r->c, STEP_MODEL);
	uninspected_free(r->rules);
	model_free(r->model);
	r->rules = rules;
	r->model = m;
	r->img = img;
	inspect_policy(r->in, img);
	reader_puts(r, SLOT_ACK, &which, sizeof(which));
}

static void hear_slots(struct reader *r)
{
	const struct slot *p;
	while ((p = ring_get(&r->m->to))) {
		if (p->kind == SLOT_POLICY)
			use_policy(r, p);
		ring_get_done(&r->m->to);
	}
}

/* ---- packets ---- */

static void judge_mirrored(struct reader *r, const struct frame *f, const struct packet *p)
{
	struct inspect_pkt pkt = { .now_ns = r->now_ns,
				   .wall_ns = f->time_ns,
				   .ip = f->ip,
				   .len = f->len,
				   .partial = f->partial,
				   .macs = recorded_macs(f) };
	struct uninspected_answer a = { .fate = UNINSPECTED_NOT };
	struct event ev;
	if (recorded_proto(r->img, p) == PROTO_NONE)
		a = uninspected_packet(r->rules, f->ip, f->len, r->now_ns);
	if (a.fate == UNINSPECTED_PASSES) {
		count(&r->c->shm->uninspected, 1);
		return;
	}
	count(&r->c->shm->judged, 1);
	if (a.fate == UNINSPECTED_NOT)
		inspect_packet(r->in, &pkt, &r->out);
	else if (recorded_refusal(r->img, &pkt, &a, &ev))
		reader_event(r, &ev);
	if (r->c->reactive)
		react(r, p, f->time_ns);
}

static void read_mirrored(struct reader *r, const struct frame *f)
{
	struct packet p;
	enum recorded kind = recorded_kind(f, &p);
	count(&r->c->shm->packets, 1);
	if (p.src.family && recorded_stays_on_link(f, &p)) {
		count(&r->c->shm->stays, 1);
		return;
	}
	if (kind != RECORDED_WHOLE)
		count(&r->c->shm->left[kind], 1);
	if (kind != RECORDED_CUT) /* of that nobody can tell what it was */
		judge_mirrored(r, f, &p);
}

static void count_unread(const struct reader *r)
{
	struct capture_counts n;
	struct live_counts live;
	capture_counts(r->capture, &n);
	live_counts(capture_live_source(r->capture), &live);
	for (unsigned i = 0; i < CAPTURE_UNREAD_N; i++)
		atomic_store_explicit(&r->c->shm->unread[i], n.unread[i].frames,
				      memory_order_relaxed);
	atomic_store_explicit(&r->c->shm->frames, n.frames, memory_order_relaxed);
	atomic_store_explicit(&r->c->shm->octets, n.octets, memory_order_relaxed);
	atomic_store_explicit(&r->c->shm->received, live.received, memory_order_relaxed);
	atomic_store_explicit(&r->c->shm->dropped, live.dropped, memory_order_relaxed);
}

/* What waits is not read before there is a policy: the ring of the kernel keeps it. */
static bool read_frames(struct reader *r)
{
	struct frame f;
	int got = 0;
	for (unsigned n = 0; r->img && n < FRAMES_A_TURN; n++) {
		got = capture_next(r->capture, &f);
		if (got <= 0)
			break;
		if (f.ip)
			read_mirrored(r, &f);
	}
	if (got < 0)
		give_up(r->c, STEP_CAPTURE);
	return got > 0;
}

static void reader_tick(struct reader *r)
{
	struct inspect_stats st;
	if (!r->img || r->now_ns - r->ticked_ns < TURN_MS * UINT64_C(1000000))
		return;
	r->ticked_ns = r->now_ns;
	inspect_tick(r->in, r->now_ns, clock_ns(CLOCK_REALTIME), &r->out);
	inspect_stats(r->in, &st);
#define X(name) atomic_store_explicit(&r->m->name, st.name, memory_order_relaxed);
	RING_STATS(X)
#undef X
	count_unread(r);
}

static _Noreturn void run_reader(struct reader *r)
{
	const struct live *live = capture_live_source(r->capture);
	bool more = false;
	for (;;) {
		r->now_ns = clock_ns(CLOCK_MONOTONIC);
		hear_slots(r);
		more = more && read_frames(r);
		reader_tick(r);
		atomic_fetch_add_explicit(&r->m->beat, 1, memory_order_relaxed);
		reader_wakes_parent(r);
		if (!more) /* without a policy what comes is left where it is */
			more = r->img ? live_wait(live, TURN_MS) : poll(NULL, 0, 1) > 0;
	}
}

void tap_reader_run(const struct tap_conf *c, struct capture *from)
{
	static struct reader r;
	struct inspect_conf conf = { .max_connections = TAP_CONNECTIONS, .recording = true };
	r.c = c;
	r.m = &c->shm->rings;
	r.capture = from;
	r.out = (struct inspect_out){ .ctx = &r,
				      .verdict = inspect_no_verdict,
				      .event = reader_event };
	if (getrandom(conf.hash_key, sizeof(conf.hash_key), 0) != sizeof(conf.hash_key))
		give_up(c, STEP_RANDOM);
	r.in = inspect_new(&conf);
	if (!r.in)
		give_up(c, STEP_MEMORY);
	if (confine_tap_reader())
		give_up(c, STEP_CONFINE);
	run_reader(&r);
}
