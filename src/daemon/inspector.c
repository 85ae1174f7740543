/* SPDX-License-Identifier: MIT
 *
 * The inspector: reads packets from shared memory, calls inspect_packet(),
 * writes verdicts. Everything it needs is taken before seccomp closes the door.
 */
#include "daemon/inspector.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/confine.h"
#include "daemon/ctwatch.h"
#include "daemon/steps.h"
#include "inspect/inspect.h"

enum { TICK_MS = 100 };

struct inspector {
	const struct inspector_conf *c;
	struct inspect_conf conf;
	int inherited; /* the descriptor "told", as its number is at the start */
	struct inspect *in;
	const struct pol_image *img;
	struct inspect_out out;
	uint32_t queue;	 /* of the packet being judged */
	uint64_t copied; /* of that, too, or of a refused one; 0: none is being judged */
	cpu_set_t cores; /* all we may use */
	unsigned core;	 /* held to this one; CPU_SETSIZE: to none */
	bool told;	 /* replies since the parent was last woken */
};

static void wake_parent(struct inspector *s)
{
	uint64_t one = 1;
	bool wake = s->told && atomic_exchange(&s->c->shm->parent_sleeps, 0);
	if (wake && write(s->c->told, &one, sizeof(one)) != sizeof(one))
		_exit(1);
	s->told = false;
}

/* The parent always drains: wait for room, bounded; then give up and be restarted. */
static struct slot *reply_slot(struct inspector *s)
{
	for (int i = 0; i < 2000; i++) {
		struct slot *r = ring_put(&s->c->shm->from);
		if (r)
			return r;
		wake_parent(s);
		poll(NULL, 0, 1);
	}
	_exit(1);
}

static void reply_done(struct inspector *s)
{
	ring_put_done(&s->c->shm->from);
	s->told = true;
}

static void reply_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct inspector *s = ctx;
	struct slot *r = reply_slot(s);
	if (len > RING_DATA) /* cannot be: a packet grows by less than the room left */
		_exit(1);
	r->kind = SLOT_VERDICT;
	r->id = id;
	r->verdict = v;
	r->queue = s->queue;
	r->len = data ? (uint32_t)len : 0;
	if (data)
		memcpy(r->data, data, len);
	reply_done(s);
}

static void reply_with(struct inspector *s, enum slot_kind kind, const void *data, uint32_t len)
{
	struct slot *r = reply_slot(s);
	r->kind = kind;
	r->len = len;
	r->copied = s->copied;
	memcpy(r->data, data, len);
	reply_done(s);
}

static void reply_event(void *ctx, const struct event *ev)
{
	reply_with(ctx, SLOT_EVENT, ev, sizeof(*ev));
}

static void reply_claim(void *ctx, const struct fast_claim *c)
{
	reply_with(ctx, SLOT_CLAIM, c, sizeof(*c));
}

static void take_policy(struct inspector *s, const struct slot *p)
{
	uint32_t which = p->id & 1;
	const struct pol_image *img = (const void *)s->c->images.reader[which];
	if (p->len > IMAGE_MAX || !policy_valid(img, p->len))
		_exit(1);
	inspect_policy(s->in, img);
	s->img = img;
	struct slot *r = reply_slot(s);
	r->kind = SLOT_ACK;
	r->id = which;
	r->len = 0;
	reply_done(s);
}

static void take_gone(struct inspector *s, const struct slot *p)
{
	struct tcp_ends gone;
	memcpy(&gone, p->data, sizeof(gone));
	inspect_gone(s->in, &gone, p->now_ns);
}

static void take_list(struct inspector *s, const struct slot *p)
{
	struct tcp_ends there;
	uint32_t part = p->id, len = p->len;
	if (part == LIST_BEGIN)
		inspect_list_begin(s->in, p->now_ns);
	for (uint32_t at = 0; len <= RING_DATA && at + sizeof(there) <= len; at += sizeof(there)) {
		memcpy(&there, p->data + at, sizeof(there));
		inspect_listed(s->in, &there);
	}
	if (part == LIST_END)
		inspect_list_end(s->in);
}

static void take_claimed(struct inspector *s, const struct slot *p)
{
	struct fast_claim c;
	memcpy(&c, p->data, sizeof(c));
	inspect_claimed(s->in, &c);
}

static void take_slots(struct inspector *s)
{
	const struct slot *p;
	while ((p = ring_get(&s->c->shm->to))) {
		if (p->kind == SLOT_POLICY) {
			take_policy(s, p);
		} else if (p->kind == SLOT_PACKET && p->len <= RING_DATA && s->img) {
			struct inspect_pkt k = { .id = p->id,
						 .now_ns = p->now_ns,
						 .wall_ns = p->wall_ns,
						 .ip = p->data,
						 .len = p->len,
						 .check_sum = p->check_sum,
						 .partial = p->partial,
						 .in = p->in,
						 .out = p->out,
						 .macs = p->macs };
			s->queue = p->queue;
			s->copied = p->copied;
			inspect_packet(s->in, &k, &s->out);
		} else if (p->kind == SLOT_REFUSED && p->len <= RING_DATA && s->img &&
			   (p->id & ~(uint32_t)REFUSED_OBSERVED) < R_COUNT) {
			struct inspect_pkt k = { .now_ns = p->now_ns,
						 .wall_ns = p->wall_ns,
						 .ip = p->data,
						 .len = p->len,
						 .in = p->in,
						 .out = p->out,
						 .macs = p->macs };
			s->copied = p->copied;
			uint32_t id = p->id;
			inspect_refused(s->in, &k, (enum reason)(id & ~(uint32_t)REFUSED_OBSERVED),
					id & REFUSED_OBSERVED ? V_OBSERVED : V_DROP, &s->out);
		} else if (p->kind == SLOT_GONE && p->len == sizeof(struct tcp_ends) && s->img) {
			take_gone(s, p);
		} else if (p->kind == SLOT_LIST && s->img) {
			take_list(s, p);
		} else if (p->kind == SLOT_CLAIM && p->len == sizeof(struct fast_claim) && s->img) {
			take_claimed(s, p);
		}
		s->copied = 0;
		ring_get_done(&s->c->shm->to);
	}
}

/* Run where the parent says (thread.c); a core that we may not use changes nothing. */
static void change_core(struct inspector *s)
{
	cpu_set_t one;
	unsigned core = atomic_load_explicit(&s->c->shm->core, memory_order_relaxed);
	if (s->core == core)
		return;
	s->core = core;
	CPU_ZERO(&one);
	if (core < CPU_SETSIZE)
		CPU_SET(core, &one);
	sched_setaffinity(0, sizeof(one), core < CPU_SETSIZE ? &one : &s->cores);
}

/* Until the parent has put something in, or it is time for a tick. */
static void wait_for_work(const struct inspector *s)
{
	const struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
	struct shared *m = s->c->shm;
	if (ring_may_sleep(&m->to, &m->inspector_sleeps) &&
	    syscall(SYS_futex, &m->inspector_sleeps, FUTEX_WAIT, 1, &tick, NULL, 0) < 0 &&
	    errno != EAGAIN && errno != EINTR && errno != ETIMEDOUT)
		_exit(1);
	atomic_store(&m->inspector_sleeps, 0);
}

/* Somebody asks for connections. */
static void show_connections(struct inspector *s, uint64_t now_ns)
{
	struct shared *m = s->c->shm;
	unsigned asked = atomic_load_explicit(&m->show_asked, memory_order_acquire);
	if (asked == atomic_load_explicit(&m->show_done, memory_order_relaxed))
		return;
	inspect_show(s->in, &m->show, now_ns);
	atomic_store_explicit(&m->show_done, asked, memory_order_release);
}

static void say_stats(const struct inspector *s)
{
	struct shared *m = s->c->shm;
	struct inspect_stats st;
	inspect_stats(s->in, &st);
#define X(name) atomic_store_explicit(&m->name, st.name, memory_order_relaxed);
	RING_STATS(X)
#undef X
	atomic_fetch_add_explicit(&m->beat, 1, memory_order_relaxed);
}

/* ---- start ---- */

static int keep_one_descriptor(void *ctx)
{
	struct inspector *s = ctx;
	return confine_inspector_descriptors(s->inherited);
}

static int draw_hash_key(void *ctx)
{
	struct inspector *s = ctx;
	ssize_t n = getrandom(s->conf.hash_key, sizeof(s->conf.hash_key), 0);
	return n == sizeof(s->conf.hash_key) ? 0 : n < 0 ? -errno : -EIO;
}

static int make_connections(void *ctx)
{
	struct inspector *s = ctx;
	s->in = inspect_new(&s->conf);
	return s->in ? 0 : -ENOMEM;
}

static int ask_cores(void *ctx)
{
	struct inspector *s = ctx;
	s->core = CPU_SETSIZE;
	return sched_getaffinity(0, sizeof(s->cores), &s->cores) ? -errno : 0;
}

static int confine_this_inspector(void *ctx)
{
	(void)ctx;
	return confine_inspector();
}

/* The last one closes the door: nothing runs unguarded. */
/* clang-format off */
static const struct child_step steps[] = {
	{ "the one descriptor that it keeps", keep_one_descriptor },
	{ "no random numbers", draw_hash_key },
	{ "no memory for connections", make_connections },
	{ "the processors that it may use", ask_cores },
	{ "what confines it", confine_this_inspector },
};
/* clang-format on */
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

const char *inspector_step(unsigned number)
{
	return child_step_name(steps, STEPS, number);
}

/* Ends where a step fails. */
static void take_inspector_steps(struct inspector *s)
{
	int err;
	unsigned failed = child_steps_take(steps, STEPS, s, &err);
	if (!failed)
		return;
	atomic_store(&s->c->shm->failed_errno, (unsigned)-err);
	atomic_store(&s->c->shm->failed_step, failed);
	_exit(1);
}

void inspector_run(const struct inspector_conf *c)
{
	struct inspector_conf mine = *c;
	struct inspector s = { .c = &mine, .inherited = c->told };
	mine.told = 0;
	s.conf = (struct inspect_conf){ .max_connections = c->max_connections,
					.max_connections_per_source = c->max_connections_per_source,
					.rates = c->rates,
					.shares = c->shares,
					.common = c->common,
					.fast = c->fast,
					.n_fast = c->n_fast,
					.counts = &c->shm->counts };
	s.out = (struct inspect_out){
		.ctx = &s, .verdict = reply_verdict, .event = reply_event, .claim = reply_claim
	};
	take_inspector_steps(&s);
	uint64_t last = 0;
	for (;;) {
		wait_for_work(&s);
		take_slots(&s);
		uint64_t now = clock_ns(CLOCK_MONOTONIC);
		if (s.img && now - last > TICK_MS * UINT64_C(1000000)) {
			inspect_tick(s.in, now, clock_ns(CLOCK_REALTIME), &s.out);
			last = now;
		}
		show_connections(&s, now);
		change_core(&s);
		say_stats(&s);
		wake_parent(&s);
	}
}
