/* SPDX-License-Identifier: MIT
 *
 * The inspector: reads packets from shared memory, calls inspect_packet(),
 * writes verdicts. Everything it needs is taken before seccomp closes the door.
 */
#include "daemon/inspector.h"

#include <errno.h>
#include <poll.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "daemon/ctwatch.h"
#include "inspect/inspect.h"

enum { TICK_MS = 100 };

struct inspector {
	const struct inspector_conf *c;
	struct inspect *in;
	const struct pol_image *img;
	struct inspect_out out;
	uint32_t queue;		/* of the packet being judged */
	uint64_t told;		/* replies since the parent was last woken */
};

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void tell(struct inspector *s)
{
	uint64_t one = 1;
	if (s->told && write(s->c->told, &one, sizeof(one)) != sizeof(one))
		_exit(1);
	s->told = 0;
}

/* The parent always drains: wait for room, bounded; then give up and be restarted. */
static struct slot *reply(struct inspector *s)
{
	for (int i = 0; i < 2000; i++) {
		struct slot *r = ring_put(&s->c->shm->from);
		if (r)
			return r;
		tell(s);
		poll(NULL, 0, 1);
	}
	_exit(1);
}

static void reply_done(struct inspector *s)
{
	ring_put_done(&s->c->shm->from);
	s->told++;
}

static void on_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	struct inspector *s = ctx;
	struct slot *r = reply(s);
	if (len > RING_DATA)	/* cannot be: a packet grows by less than the room left */
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

static void on_event(void *ctx, const struct event *ev)
{
	struct inspector *s = ctx;
	struct slot *r = reply(s);
	r->kind = SLOT_EVENT;
	r->len = sizeof(*ev);
	memcpy(r->data, ev, sizeof(*ev));
	reply_done(s);
}

static void on_claim(void *ctx, const struct fast_claim *c)
{
	struct inspector *s = ctx;
	struct slot *r = reply(s);
	r->kind = SLOT_CLAIM;
	r->len = sizeof(*c);
	memcpy(r->data, c, sizeof(*c));
	reply_done(s);
}

static void take_policy(struct inspector *s, const struct slot *p)
{
	uint32_t which = p->id & 1;
	const struct pol_image *img = (const void *)s->c->shm->image[which];
	if (p->len > RING_IMAGE || !policy_valid(img, p->len))
		_exit(1);
	inspect_policy(s->in, img);
	s->img = img;
	struct slot *r = reply(s);
	r->kind = SLOT_ACK;
	r->id = which;
	r->len = 0;
	reply_done(s);
}

static void take_gone(struct inspector *s, const struct slot *p)
{
	struct ct_ends gone;
	memcpy(&gone, p->data, sizeof(gone));
	inspect_gone(s->in, &gone.client, gone.cport, &gone.server, gone.sport, p->now_ns);
}

static void take_claimed(struct inspector *s, const struct slot *p)
{
	struct fast_claim c;
	memcpy(&c, p->data, sizeof(c));
	inspect_claimed(s->in, &c);
}

static void take_all(struct inspector *s)
{
	const struct slot *p;
	while ((p = ring_get(&s->c->shm->to))) {
		if (p->kind == SLOT_POLICY) {
			take_policy(s, p);
		} else if (p->kind == SLOT_PACKET && p->len <= RING_DATA && s->img) {
			struct inspect_pkt k = { .id = p->id, .now_ns = p->now_ns, .wall_ns = p->wall_ns,
						 .ip = p->data, .len = p->len, .check_sum = p->check_sum,
						 .partial = p->partial };
			s->queue = p->queue;
			inspect_packet(s->in, &k, &s->out);
		} else if (p->kind == SLOT_REFUSED && p->len <= RING_DATA && s->img && p->id < R_COUNT) {
			struct inspect_pkt k = { .now_ns = p->now_ns, .wall_ns = p->wall_ns, .ip = p->data,
						 .len = p->len };
			inspect_refused(s->in, &k, p->id, &s->out);
		} else if (p->kind == SLOT_GONE && p->len == sizeof(struct ct_ends) && s->img) {
			take_gone(s, p);
		} else if (p->kind == SLOT_CLAIM && p->len == sizeof(struct fast_claim) && s->img) {
			take_claimed(s, p);
		}
		ring_get_done(&s->c->shm->to);
	}
}

/* What an inspector may still ask of the kernel; anything else kills it. */
static const int calls[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(clock_gettime),
	SCMP_SYS(exit_group), SCMP_SYS(exit), SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(madvise),
	SCMP_SYS(mremap), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(futex),
};

static void lock_in(void)
{
	/* poll(2) refuses more entries than RLIMIT_NOFILE: one is needed. Descriptor 0
	 * is taken, so that still none can be opened. */
	struct rlimit none = { 0, 0 }, one = { 1, 1 };
	setrlimit(RLIMIT_NOFILE, &one);
	setrlimit(RLIMIT_NPROC, &none);
	setrlimit(RLIMIT_CORE, &none);
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = f && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	for (size_t i = 0; ok && i < sizeof(calls) / sizeof(calls[0]); i++)
		ok = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0) == 0;
	if (!ok || seccomp_load(f) != 0)
		_exit(1);	/* never unguarded */
	seccomp_release(f);
}

void inspector_run(const struct inspector_conf *c)
{
	struct inspector s = { .c = c };
	struct inspect_conf conf = { .max_flows = c->max_flows, .rates = c->rates,
				     .fast = c->fast, .n_fast = c->n_fast };
	if (getrandom(conf.hash_key, sizeof(conf.hash_key), 0) != sizeof(conf.hash_key))
		_exit(1);
	s.in = inspect_new(&conf);
	if (!s.in)
		_exit(1);
	s.out = (struct inspect_out){ .ctx = &s, .verdict = on_verdict, .event = on_event, .claim = on_claim };
	lock_in();
	uint64_t last = 0;
	for (;;) {
		struct pollfd fd = { .fd = c->wake, .events = POLLIN };
		uint64_t n;
		int ready = poll(&fd, 1, TICK_MS);
		if (ready < 0 && errno != EINTR)
			_exit(1);
		if (ready > 0 && read(c->wake, &n, sizeof(n)) != sizeof(n) && errno != EAGAIN)
			_exit(1);
		take_all(&s);
		uint64_t now = clock_ns(CLOCK_MONOTONIC);
		if (s.img && now - last > TICK_MS * UINT64_C(1000000)) {
			inspect_tick(s.in, now, clock_ns(CLOCK_REALTIME), &s.out);
			last = now;
		}
		struct inspect_stats st;
		inspect_stats(s.in, &st);
		atomic_store_explicit(&c->shm->flows, st.flows, memory_order_relaxed);
		atomic_store_explicit(&c->shm->messages, st.messages, memory_order_relaxed);
		atomic_store_explicit(&c->shm->refused, st.refused, memory_order_relaxed);
		tell(&s);
		atomic_fetch_add_explicit(&c->shm->beat, 1, memory_order_relaxed);
	}
}
