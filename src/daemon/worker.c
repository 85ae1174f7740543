/* SPDX-License-Identifier: MIT
 *
 * Packets from a queue to its inspector, verdicts and events back, and what
 * happens when an inspector dies: what waits for it is dropped, and another
 * one is started.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "daemon/ctwatch.h"
#include "daemon/nflog.h"
#include "daemon/parent.h"

enum { STALL_BEATS = 6 };	/* half seconds without a turn */

/* ---- packets to an inspector, verdicts back ---- */

static void wake(const struct worker *w)
{
	uint64_t one = 1;
	if (write(w->conf.wake, &one, sizeof(one)) != sizeof(one) && errno != EAGAIN)
		say(LOG_ERR, "inspector %u: cannot be woken: %s", w->index, strerror(errno));
}

static void flush_verdicts(struct worker *w)
{
	for (unsigned k = 0; k < QUEUES; k++) {
		int err = queue_flush(&w->queue[k]);
		if (err)
			say(LOG_ERR, "queue %u: verdicts were not taken: %s", w->queue[k].number, strerror(-err));
	}
}

static void hand_over(void *ctx, const struct queue_packet *k)
{
	struct queue *q = ctx;
	struct worker *w = q->owner;
	struct slot *s = w->up && k->len <= RING_DATA ? ring_put(&w->conf.shm->to) : NULL;
	if (!s) {	/* nobody to judge it, or larger than any frame */
		bool pass = q->kind == QUEUE_OPEN;
		w->dropped_down += !pass;
		w->passed_down += pass;
		queue_verdict(q, k->id, pass, NULL, 0, 0);
		return;
	}
	s->queue = q->kind;
	s->kind = SLOT_PACKET;
	s->id = k->id;
	s->len = k->len;
	s->check_sum = k->check_sum;
	s->partial = k->partial;
	s->now_ns = clock_ns(CLOCK_MONOTONIC);
	s->wall_ns = clock_ns(CLOCK_REALTIME);
	if (k->len)
		memcpy(s->data, k->data, k->len);
	ring_put_done(&w->conf.shm->to);
	w->sent++;
}

void on_queue(evutil_socket_t fd, short what, void *ctx)
{
	struct queue *q = ctx;
	struct worker *w = q->owner;
	(void)fd;
	(void)what;
	uint64_t before = w->sent, lost = q->overruns;
	int err = queue_read(q, READ_BATCH, hand_over, q);
	if (err)
		say(LOG_ERR, "queue %u: %s", q->number, strerror(-err));
	if (q->overruns != lost)
		say(LOG_WARNING, "queue %u was full; packets were lost unjudged (overrun %" PRIu64 ")", q->number,
		    q->overruns);
	if (w->sent != before)
		wake(w);
	flush_verdicts(w);
}

static void write_event(struct parent *p, const uint8_t *data)
{
	struct event ev;
	memcpy(&ev, data, sizeof(ev));
	bool next = p->next_img && ev.generation == p->next_img->generation;
	record_event(p->record, next ? p->next_img : p->img, &ev, clock_ns(CLOCK_MONOTONIC));
}

/* May this connection go fast? A lost answer is asked for again. */
static void answer_claim(struct worker *w, const uint8_t *data)
{
	struct fast_claim c;
	memcpy(&c, data, sizeof(c));
	int err = fastpath_claim(w->p->fast, w->index, &c, w->p->img);
	struct slot *s = w->up ? ring_put(&w->conf.shm->to) : NULL;
	if (!s)
		return;
	c.generation = err ? 0 : w->p->img->generation;
	s->kind = SLOT_CLAIM;
	s->len = sizeof(c);
	memcpy(s->data, &c, sizeof(c));
	ring_put_done(&w->conf.shm->to);
	wake(w);
}

/* The other side may change a slot while it is read: each field is fetched once. */
static void take_slot(struct worker *w, const struct slot *s)
{
	struct parent *p = w->p;
	const volatile struct slot *v = s;
	uint32_t kind = v->kind, id = v->id, verdict = v->verdict, len = v->len, queue = v->queue;
	if (kind == SLOT_EVENT && len == sizeof(struct event)) {
		write_event(p, s->data);
	} else if (kind == SLOT_ACK) {
		w->acked = true;
	} else if (kind == SLOT_CLAIM && len == sizeof(struct fast_claim) && p->fast) {
		answer_claim(w, s->data);
	} else if (kind == SLOT_VERDICT && len <= RING_DATA && queue < QUEUES) {
		bool accept = verdict == V_ACCEPT;
		queue_verdict(&w->queue[queue], id, accept, accept && len ? s->data : NULL, len,
			      verdict == V_RESET ? p->blocked_mark : 0);
	}
}

void drain(struct worker *w)
{
	const struct slot *s;
	uint64_t one = 1;
	unsigned n = 0;
	/* bounded, so that one inspector cannot keep the parent from the others */
	while (n < RING_SLOTS && (s = ring_get(&w->conf.shm->from))) {
		take_slot(w, s);
		ring_get_done(&w->conf.shm->from);
		n++;
	}
	if (n == RING_SLOTS && write(w->conf.told, &one, sizeof(one)) != sizeof(one) && errno != EAGAIN)
		say(LOG_ERR, "inspector %u: its replies wait: %s", w->index, strerror(errno));
	flush_verdicts(w);
}

/* What the kernel refused goes to an inspector, which may read packets, and comes
 * back as an event. */
static void hand_refused(void *ctx, enum reason why, const uint8_t *ip, uint32_t len)
{
	struct parent *p = ctx;
	struct worker *w = &p->worker[0];
	struct slot *s = w->up && len <= RING_DATA ? ring_put(&w->conf.shm->to) : NULL;
	if (!s)
		return;	/* the counters have it */
	s->kind = SLOT_REFUSED;
	s->id = why;
	s->len = len;
	s->now_ns = clock_ns(CLOCK_MONOTONIC);
	s->wall_ns = clock_ns(CLOCK_REALTIME);
	memcpy(s->data, ip, len);
	ring_put_done(&w->conf.shm->to);
	wake(w);
}

void on_nflog(evutil_socket_t fd, short what, void *ctx)
{
	struct parent *p = ctx;
	(void)fd;
	(void)what;
	int err = nflog_read(p->nflog, READ_BATCH, hand_refused, p);
	if (err)
		say(LOG_ERR, "the log of refused flows: %s", strerror(-err));
}

/* Which inspector has the connection only the kernel's hash knows: tell all. */
static void hand_gone(void *ctx, const struct ct_ends *gone)
{
	struct parent *p = ctx;
	for (unsigned i = 0; i < p->n; i++) {
		struct worker *w = &p->worker[i];
		struct slot *s = w->up ? ring_put(&w->conf.shm->to) : NULL;
		if (!s)
			continue;	/* its flow ends by time */
		s->kind = SLOT_GONE;
		s->len = sizeof(*gone);
		s->now_ns = clock_ns(CLOCK_MONOTONIC);
		memcpy(s->data, gone, sizeof(*gone));
		ring_put_done(&w->conf.shm->to);
		wake(w);
	}
}

void on_ctwatch(evutil_socket_t fd, short what, void *ctx)
{
	struct parent *p = ctx;
	(void)fd;
	(void)what;
	int err = ctwatch_read(p->ctwatch, READ_BATCH, p->model->daemon.mark_mask, hand_gone, p);
	if (err)
		say(LOG_ERR, "connection tracking events: %s", strerror(-err));
}

void on_told(evutil_socket_t fd, short what, void *ctx)
{
	uint64_t n;
	(void)what;
	if (read(fd, &n, sizeof(n)) == sizeof(n))
		drain(ctx);
}

/* ---- inspectors' lives ---- */

static void ask_spawner(struct parent *p, char what, unsigned index)
{
	struct spawn_msg m = { .what = what, .index = (unsigned char)index };
	if (send(p->spawner, &m, sizeof(m), MSG_NOSIGNAL) != sizeof(m))
		say(LOG_ERR, "the spawner does not answer: %s", strerror(errno));
}

/* Put an image where the worker sees it and tell it to use it. */
bool give_policy(struct worker *w, const struct pol_image *img)
{
	struct slot *s = ring_put(&w->conf.shm->to);
	if (!s)
		return false;
	memcpy(w->conf.shm->image[img->generation & 1], img, img->size);
	s->kind = SLOT_POLICY;
	s->id = img->generation & 1;
	s->len = img->size;
	w->acked = false;
	ring_put_done(&w->conf.shm->to);
	wake(w);
	return true;
}

void start_worker(struct worker *w)
{
	struct shared *m = w->conf.shm;
	atomic_store(&m->to.head, 0);
	atomic_store(&m->to.tail, 0);
	atomic_store(&m->from.head, 0);
	atomic_store(&m->from.tail, 0);
	w->stalled = 0;
	w->waiting = false;
	w->started_ns = clock_ns(CLOCK_MONOTONIC);
	ask_spawner(w->p, 's', w->index);
	w->up = give_policy(w, w->p->img);
}

/* Nobody judges what waits for this inspector: dropped, or passed where the
 * conduit says fail = "open"; and so is what comes until another is up. */
static uint32_t end_waiting(struct worker *w, uint32_t *passed)
{
	w->up = false;
	if (w->p->fast)
		fastpath_forget(w->p->fast, w->index);
	*passed = queue_end_all(&w->queue[QUEUE_OPEN], true);
	w->passed_down += *passed;
	return queue_end_all(&w->queue[QUEUE_CLOSED], false);
}

void on_spawner(evutil_socket_t fd, short what, void *ctx)
{
	struct parent *p = ctx;
	struct spawn_msg m;
	(void)what;
	if (recv(fd, &m, sizeof(m), MSG_DONTWAIT) != sizeof(m)) {
		if (errno == EAGAIN)
			return;
		say(LOG_CRIT, "the spawner is gone; stopping, the rules stay and drop what needs an inspector");
		event_base_loopbreak(p->base);
		return;
	}
	if (m.index >= p->n)
		return;
	struct worker *w = &p->worker[m.index];
	if (m.what == 's' && m.pid > 0) {
		w->pid = m.pid;
		return;
	}
	drain(w);	/* what it decided before it died is decided */
	w->up = false;
	uint32_t passed, lost = end_waiting(w, &passed);
	w->restarts++;
	say(LOG_ERR, "inspector %u (pid %d) died (%s %d); %u undecided packets were dropped, %u passed (fail = \"open\"); "
	    "starting another",
	    m.index, (int)m.pid, WIFSIGNALED(m.status) ? "signal" : "exit",
	    WIFSIGNALED(m.status) ? WTERMSIG(m.status) : WEXITSTATUS(m.status), lost, passed);
	/* one that dies at once is started by the timer, twice a second at most */
	w->waiting = true;
	if (!p->stopping && clock_ns(CLOCK_MONOTONIC) - w->started_ns > UINT64_C(1000000000))
		start_worker(w);
}

bool workers_alive(struct parent *p)
{
	bool all = true;
	for (unsigned i = 0; i < p->n; i++) {
		struct worker *w = &p->worker[i];
		if (w->waiting && !p->stopping)
			start_worker(w);
		uint64_t beat = atomic_load(&w->conf.shm->beat);
		w->stalled = beat == w->beat ? w->stalled + 1 : 0;
		w->beat = beat;
		all &= w->stalled < STALL_BEATS / 2;
		if (w->stalled == STALL_BEATS) {
			uint32_t passed, lost = end_waiting(w, &passed);
			say(LOG_ERR, "inspector %u does not move; %u undecided packets were dropped, %u passed "
			    "(fail = \"open\"); killing it", i, lost, passed);
			ask_spawner(p, 'k', i);
		}
	}
	return all;
}
