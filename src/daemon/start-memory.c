/* SPDX-License-Identifier: MIT
 *
 * Memory that processes share, as steps of the start: limits of rates, what the protocols share
 * between inspectors, and each inspector's rings with the eventfd that wakes its queue thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/parent.h"
#include "daemon/start.h"
#include "inspect/proto.h"
#include "inspect/rate.h"

/* Memory shared with child processes. NULL: see errno. */
static void *shared_pages(size_t size)
{
	void *v = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return v == MAP_FAILED ? NULL : v;
}

static void free_pages(void *pages, size_t size)
{
	if (pages)
		munmap(pages, size);
}

void close_limits(struct parent *p)
{
	if (!p->fast)
		free_pages(p->rates, FAST_RATES * sizeof(*p->rates));
	free_pages(p->shares, FAST_RATES * sizeof(*p->shares));
	p->rates = NULL;
	p->shares = NULL;
}

int open_limits(struct parent *p)
{
	p->rates = p->fast ? fastpath_rates(p->fast) : shared_pages(FAST_RATES * sizeof(*p->rates));
	p->shares = p->rates ? shared_pages(FAST_RATES * sizeof(*p->shares)) : NULL;
	if (p->shares)
		return 0;
	int err = -errno;
	close_limits(p);
	return err;
}

void close_common(struct parent *p)
{
	free_pages(p->common, proto_common_size());
	p->common = NULL;
}

/* Allocate the protocols' memory that all inspectors share; each protocol has a key of its own. */
int open_common(struct parent *p)
{
	p->common = shared_pages(proto_common_size());
	bool ok = p->common != NULL;
	for (uint8_t proto = PROTO_NONE + 1; ok && proto < PROTO_N; proto++) {
		void *part = proto_common(p->common, proto);
		ok = !part || getrandom(part, PROTO_KEY, 0) == PROTO_KEY;
	}
	if (ok)
		return 0;
	int err = -errno;
	close_common(p);
	return err;
}

static void close_worker(struct worker *w)
{
	if (w->conf.told >= 0)
		close(w->conf.told);
	free_pages(w->conf.shm, sizeof(struct shared));
	images_close(&w->conf.images);
	w->conf.told = -1;
	w->conf.shm = NULL;
}

static int open_worker(struct parent *p, unsigned i)
{
	struct worker *w = &p->worker[i];
	w->p = p;
	w->index = i;
	w->conf.max_connections = p->model->daemon.max_connections;
	w->conf.max_connections_per_source = p->model->daemon.max_connections_per_source;
	w->conf.rates = p->rates;
	w->conf.common = p->common;
	w->conf.shares = p->shares;
	if (p->fast) {
		w->conf.fast = fastpath_map(p->fast, i);
		w->conf.n_fast = fastpath_slots(p->fast);
	}
	w->conf.told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->conf.shm = w->conf.told < 0 ? NULL : shared_pages(sizeof(struct shared));
	int err = w->conf.shm ? images_open(&w->conf.images) : -errno;
	if (!err)
		err = -pthread_mutex_init(&w->queues_lock, NULL);
	if (err)
		close_worker(w);
	return err;
}

static void close_first_workers(struct parent *p, unsigned n)
{
	while (n-- > 0) {
		pthread_mutex_destroy(&p->worker[n].queues_lock);
		close_worker(&p->worker[n]);
	}
}

void close_workers(struct parent *p)
{
	close_first_workers(p, p->n);
}

int open_workers(struct parent *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		int err = open_worker(p, i);
		if (!err)
			continue;
		say(LOG_ERR, "inspector %u: %s; nothing was changed", i, strerror(-err));
		close_first_workers(p, i);
		return STEP_SAID;
	}
	return 0;
}
