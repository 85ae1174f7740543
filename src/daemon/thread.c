/* SPDX-License-Identifier: MIT
 *
 * One thread of the parent for each inspector, and nothing else in it: packets
 * from its queues into the shared memory, verdicts back. Giving a verdict makes
 * the kernel forward the packet in this thread, and that is most of the work
 * of a queue; so it is spread over the cores as the queues are, and an
 * inspector that is slow or mad holds up nobody's packets but its own.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>

#include "daemon/parent.h"

enum { STACK = 256 << 10, TOLD = QUEUES, SOURCES };

static void *serve(void *ctx)
{
	struct worker *w = ctx;
	struct epoll_event got[SOURCES];
	struct shared *m = w->conf.shm;
	for (;;) {
		int n = epoll_wait(w->epoll, got, SOURCES, ring_may_sleep(&m->from, &m->parent_sleeps) ? -1 : 0);
		atomic_store(&m->parent_sleeps, 0);
		pthread_mutex_lock(&w->lock);
		drain(w);
		for (int i = 0; i < n; i++)
			if (got[i].data.u32 != TOLD)
				read_queue(&w->queue[got[i].data.u32]);
		pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

static int add(struct worker *w, int fd, uint32_t what, uint32_t source)
{
	struct epoll_event ev = { .events = what, .data.u32 = source };
	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int start(struct worker *w, const pthread_attr_t *attr)
{
	pthread_t t;
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	int err = w->epoll < 0 ? -errno : 0;
	for (uint32_t k = 0; !err && k < QUEUES; k++)
		err = add(w, mnl_socket_get_fd(w->queue[k].nl), EPOLLIN, k);
	/* by edge: every write counts, and the counter need not be read */
	if (!err)
		err = add(w, w->conf.told, EPOLLIN | EPOLLET, TOLD);
	return err ? err : -pthread_create(&t, attr, serve, w);
}

/* Threads have the rights of the thread that makes them: drop them before. */
int threads_start(struct parent *p)
{
	sigset_t all, old;
	pthread_attr_t attr;
	int err = -pthread_attr_init(&attr);
	if (err)
		return err;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = -pthread_attr_setstacksize(&attr, STACK);
	sigfillset(&all);	/* signals are for the main thread */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned i = 0; !err && i < p->n; i++)
		err = start(&p->worker[i], &attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return err;
}
