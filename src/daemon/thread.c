/* SPDX-License-Identifier: MIT
 *
 * One thread of the parent for each inspector, and nothing else in it: packets
 * from its queues into the shared memory, verdicts back. Giving a verdict makes
 * the kernel forward the packet in this thread, and that is most of the work
 * of a queue; so it is spread over the cores as the queues are, and an
 * inspector that is slow or mad delays only its own packets.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>
#include <unistd.h>

#include "base/thread.h"
#include "daemon/parent.h"

enum {
	TOLD = QUEUES,
	SOURCES,
	FULL_MS = 10, /* an inspector that is gone does not tell */
};

/*
 * The core to run on. This thread and its inspector mostly wait for one another. On
 * one core the change from one to the other is cheap; over two it takes an
 * interrupt to an idle core each way, and a lone connection is half as fast.
 * When many packets come at once the change matters less and two cores do more
 * than one. So while a turn brings few packets both are held to one core: the
 * one where the scheduler wakes this thread when it is let go, ten times a
 * second. Else the scheduler decides. FEW and MANY are packets a turn.
 */
enum { FEW = 16, MANY = 40, PERIOD_NS = 100000000 };

struct place {
	cpu_set_t all;
	bool known; /* all: no machine too large for the mask */
	bool near, held;
	uint64_t at_ns;	      /* of the last decision */
	uint64_t turns, sent; /* since then; w->sent then */
};

/* core CPU_SETSIZE: let go */
static void hold_on_core(struct worker *w, struct place *l, unsigned core)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	l->held = core < CPU_SETSIZE;
	if (l->held)
		CPU_SET(core, &one);
	sched_setaffinity(0, sizeof(one), l->held ? &one : &l->all);
	/* while we are let go only to choose again, the inspector stays where it is */
	if (l->held || !l->near)
		atomic_store_explicit(&w->conf.shm->core, l->held ? core : CPU_SETSIZE,
				      memory_order_relaxed);
}

static void place_start(struct worker *w, struct place *l)
{
	*l = (struct place){ .near = true };
	atomic_store(&w->conf.shm->core, CPU_SETSIZE);
	l->known = sched_getaffinity(0, sizeof(l->all), &l->all) == 0 && CPU_COUNT(&l->all) > 1;
}

/* A turn that brought packets has just begun. */
static void place_turn(struct worker *w, struct place *l)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	if (!l->known)
		return;
	if (l->near && !l->held)
		hold_on_core(w, l, (unsigned)sched_getcpu());
	l->turns++;
	if (now - l->at_ns < PERIOD_NS)
		return;
	l->near = (w->sent - l->sent) / l->turns < (l->near ? MANY : FEW);
	hold_on_core(w, l, CPU_SETSIZE);
	l->at_ns = now;
	l->turns = 0;
	l->sent = w->sent;
}

/* Read the queues that have packets, beginning with another one each time. */
static void read_ready(struct worker *w, const struct epoll_event *got, int n)
{
	unsigned ready[QUEUES], k = 0;
	for (int i = 0; i < n; i++)
		if (got[i].data.u32 != TOLD)
			ready[k++] = got[i].data.u32;
	w->turn++;
	for (unsigned i = 0; i < k; i++)
		read_queue(&w->queue[ready[(i + w->turn) % k]], k);
}

static void *serve_queues(void *ctx)
{
	struct worker *w = ctx;
	struct epoll_event got[SOURCES];
	struct shared *m = w->conf.shm;
	struct place place;
	place_start(w, &place);
	for (bool full = false; !atomic_load(&w->p->ending);) {
		bool may_sleep = ring_may_sleep(&m->from, &m->parent_sleeps);
		int n = epoll_wait(full ? w->epoll_told : w->epoll, got, SOURCES,
				   !may_sleep ? 0
				   : full     ? FULL_MS
					      : -1);
		atomic_store(&m->parent_sleeps, 0);
		pthread_mutex_lock(&w->queues_lock);
		drain(w);
		uint64_t before = w->sent;
		read_ready(w, got, n);
		if (w->sent != before)
			place_turn(w, &place);
		full = worker_full(w);
		pthread_mutex_unlock(&w->queues_lock);
	}
	return NULL;
}

static int add_source(int epoll, int fd, uint32_t what, uint32_t source)
{
	struct epoll_event ev = { .events = what, .data.u32 = source };
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static void close_epolls(struct worker *w)
{
	if (w->epoll >= 0)
		close(w->epoll);
	if (w->epoll_told >= 0)
		close(w->epoll_told);
}

static int start_thread_of(struct worker *w)
{
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->epoll_told = epoll_create1(EPOLL_CLOEXEC);
	int err = w->epoll < 0 || w->epoll_told < 0 ? -errno : 0;
	for (uint32_t k = 0; !err && k < QUEUES; k++)
		err = add_source(w->epoll, mnl_socket_get_fd(w->queue[k].nl), EPOLLIN, k);
	/* by edge: every write counts, and the counter need not be read */
	if (!err)
		err = add_source(w->epoll, w->conf.told, EPOLLIN | EPOLLET, TOLD);
	if (!err)
		err = add_source(w->epoll_told, w->conf.told, EPOLLIN | EPOLLET, TOLD);
	if (!err)
		err = thread_start(&w->thread, serve_queues, w);
	w->threaded = err == 0;
	if (err)
		close_epolls(w);
	return err;
}

/* The inspector's counter wakes it, as a reply would. */
static void stop_thread_of(struct worker *w)
{
	uint64_t one = 1;
	if (write(w->conf.told, &one, sizeof(one)) < 0)
		say(LOG_ERR, "inspector %u: its queue thread cannot be woken: %s", w->index,
		    strerror(errno));
	pthread_join(w->thread, NULL);
	w->threaded = false;
	close_epolls(w);
}

/* Threads have the rights of the thread that makes them: drop them before. */
int threads_start(struct parent *p)
{
	int err = 0;
	for (unsigned i = 0; !err && i < p->n; i++)
		err = start_thread_of(&p->worker[i]);
	if (err)
		threads_stop(p);
	return err;
}

void threads_stop(struct parent *p)
{
	atomic_store(&p->ending, true);
	for (unsigned i = 0; i < p->n; i++)
		if (p->worker[i].threaded)
			stop_thread_of(&p->worker[i]);
}
