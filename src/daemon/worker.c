/* SPDX-License-Identifier: MIT
 *
 * Packets from a queue to its inspector, verdicts and events back, and what
 * happens when an inspector dies: what waits for it is dropped, and another
 * one is started.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "compile/ruleset.h"
#include "daemon/ctwatch.h"
#include "daemon/nflog.h"
#include "daemon/parent.h"
#include "record/fields.h"

enum {
	END_TEXT = 128,	   /* how an inspector ended */
	STALL_BEATS = 6,   /* half seconds without a turn */
	QUEUE_BATCHES = 8, /* read from a queue in one turn */
};

/* ---- packets to an inspector, verdicts back ---- */

void worker_lock(struct worker *w)
{
	pthread_mutex_lock(&w->queues_lock);
}

void worker_unlock(struct worker *w)
{
	pthread_mutex_unlock(&w->queues_lock);
}

void worker_wake(const struct worker *w)
{
	atomic_uint *sleeps = &w->conf.shm->inspector_sleeps;
	if (atomic_exchange(sleeps, 0) &&
	    syscall(SYS_futex, sleeps, FUTEX_WAKE, 1, NULL, NULL, 0) < 0)
		say(LOG_ERR, "inspector %u: cannot be woken: %s", w->index, strerror(errno));
}

/* The next slot with this in it, dated now, not yet handed over; NULL as of worker_tell(). */
static struct slot *slot_for(struct worker *w, enum slot_kind kind, uint32_t id, const void *data,
			     uint32_t len)
{
	struct slot *s = w->up && len <= RING_DATA ? ring_put(&w->conf.shm->to) : NULL;
	if (!s)
		return NULL;
	s->kind = kind;
	s->id = id;
	s->len = len;
	s->now_ns = clock_ns(CLOCK_MONOTONIC);
	s->wall_ns = clock_ns(CLOCK_REALTIME);
	s->copied = 0;
	memcpy(s->data, data, len);
	return s;
}

static void hand_slot(struct worker *w)
{
	ring_put_done(&w->conf.shm->to);
	worker_wake(w);
}

bool worker_tell(struct worker *w, enum slot_kind kind, uint32_t id, const void *data, uint32_t len)
{
	if (!slot_for(w, kind, id, data, len))
		return false;
	hand_slot(w);
	return true;
}

static void flush_verdicts(struct worker *w)
{
	for (unsigned k = 0; k < QUEUES; k++) {
		int err = queue_flush(&w->queue[k]);
		if (err)
			say(LOG_ERR, "queue %u: verdicts were not taken: %s", w->queue[k].number,
			    strerror(-err));
	}
}

uint64_t worker_overruns(const struct worker *w)
{
	uint64_t n = 0;
	for (unsigned k = 0; k < QUEUES; k++)
		n += w->queue[k].overruns;
	return n;
}

static void hand_over(void *ctx, const struct queue_packet *k)
{
	struct queue *q = ctx;
	struct worker *w = q->owner;
	struct slot *s = w->up && k->len <= RING_DATA ? ring_put(&w->conf.shm->to) : NULL;
	if (!s) { /* nobody to judge it, or larger than any frame */
		bool pass = q->kind == QUEUE_OPEN;
		w->dropped_down += !pass;
		w->passed_down += pass;
		queue_verdict(q, k->id, pass, NULL, 0, 0);
		return;
	}
	s->queue = q->index;
	s->kind = SLOT_PACKET;
	s->id = k->id;
	s->len = k->len;
	s->check_sum = k->check_sum;
	s->partial = k->partial;
	s->in = k->in;
	s->out = k->out;
	s->macs = k->macs;
	s->now_ns = w->now_ns;
	s->wall_ns = w->wall_ns;
	s->copied = evidence_copy(
		w->seen,
		&(struct evidence_packet){
			.time_ns = w->wall_ns, .in = k->in, .len = k->len, .whole = k->len },
		k->data);
	if (k->len)
		memcpy(s->data, k->data, k->len);
	ring_put_done(&w->conf.shm->to);
	w->sent++;
}

/* Reads of a queue that its ring has room for. What is too much for the inspector waits in the
 * kernel's queue: a ring that is full is no reason to drop, and none to pass unjudged. */
static unsigned batches(struct worker *w, unsigned ready)
{
	unsigned room = w->up ? ring_room(&w->conf.shm->to) : RING_SLOTS;
	unsigned n = room < RING_SPARE ? 0 : (room - RING_SPARE) / QUEUE_BATCH;
	if (n > ready)
		n /= ready;
	else if (n > 1)
		n = 1;
	return n < QUEUE_BATCHES ? n : QUEUE_BATCHES;
}

bool worker_full(struct worker *w)
{
	return batches(w, 1) == 0;
}

void read_queue(struct queue *q, unsigned ready)
{
	struct worker *w = q->owner;
	uint64_t before = w->sent, lost = q->overruns;
	w->now_ns = clock_ns(CLOCK_MONOTONIC);
	w->wall_ns = clock_ns(CLOCK_REALTIME);
	int err = queue_read(q, batches(w, ready), hand_over, q);
	if (err)
		say(LOG_ERR, "queue %u: %s", q->number, strerror(-err));
	if (q->overruns != lost)
		say(LOG_WARNING,
		    "queue %u was full; packets were lost unjudged (overrun %" PRIu64 ")",
		    q->number, q->overruns);
	if (w->sent != before)
		worker_wake(w);
	flush_verdicts(w);
}

/* Under policy_lock. copied: where the packet of the event is; its inspector says so. */
static void ask_evidence(struct worker *w, const struct event *ev, uint64_t copied,
			 const struct record_written *r)
{
	if (ev->kind != EV_VIOLATION && ev->kind != EV_REFUSED_FLOW)
		return;
	if (!r) {
		evidence_no_record(w->p->evidence);
		return;
	}
	evidence_ask(w->p->evidence,
		     &(struct evidence_order){ .ring = w->index,
					       .place = copied,
					       .flow = { .src = ev->src,
							 .dst = ev->dst,
							 .l4 = ev->l4,
							 .ports = event_has_ports(ev),
							 .sport = ev->sport,
							 .dport = ev->dport },
					       .id = r->id,
					       .line = r->line },
		     clock_ns(CLOCK_MONOTONIC));
}

static void write_event(struct worker *w, const uint8_t *data, uint64_t copied)
{
	struct parent *p = w->p;
	struct event ev;
	memcpy(&ev, data, sizeof(ev));
	pthread_mutex_lock(&p->policy_lock);
	bool next = p->next_img && ev.generation == p->next_img->generation;
	const struct record_written *r = record_event(p->record, next ? p->next_img : p->img, &ev,
						      clock_ns(CLOCK_MONOTONIC));
	if (p->evidence)
		ask_evidence(w, &ev, copied, r);
	pthread_mutex_unlock(&p->policy_lock);
}

static bool way_ok(const struct model *m, uint32_t zone, uint32_t ifindex)
{
	char name[IF_NAMESIZE];
	return ifindex != 0 && if_indextoname(ifindex, name) && ruleset_way_ok(m, zone, name);
}

/* Are the interfaces that it claims those of its zones? */
static bool ways_ok(const struct parent *p, const struct fast_claim *c)
{
	uint32_t from = policy_zone_of(p->img, &c->client), to = policy_zone_of(p->img, &c->server);
	return way_ok(p->model, from, c->way[0][0]) && way_ok(p->model, to, c->way[0][1]) &&
	       way_ok(p->model, to, c->way[1][0]) && way_ok(p->model, from, c->way[1][1]);
}

/* May this connection go fast? A lost answer is asked for again. */
static void answer_claim(struct worker *w, const uint8_t *data)
{
	struct fast_claim c;
	memcpy(&c, data, sizeof(c));
	pthread_mutex_lock(&w->p->policy_lock); /* model and image stay */
	int err = ways_ok(w->p, &c) ? fastpath_claim(w->p->fast, w->index, &c, w->p->img) : -EPERM;
	c.generation = err ? 0 : w->p->img->generation;
	pthread_mutex_unlock(&w->p->policy_lock);
	worker_tell(w, SLOT_CLAIM, 0, &c, sizeof(c));
}

/* The other side may change a slot while it is read: each field is fetched once. */
static void take_slot(struct worker *w, const struct slot *s)
{
	struct parent *p = w->p;
	const volatile struct slot *v = s;
	uint32_t kind = v->kind, id = v->id, verdict = v->verdict, len = v->len, queue = v->queue;
	if (kind == SLOT_EVENT && len == sizeof(struct event)) {
		write_event(w, s->data, v->copied);
	} else if (kind == SLOT_ACK) {
		w->acked = true;
	} else if (kind == SLOT_CLAIM && len == sizeof(struct fast_claim) && p->fast) {
		answer_claim(w, s->data);
	} else if (kind == SLOT_VERDICT && len <= RING_DATA && queue < QUEUES) {
		bool accept = verdict == V_ACCEPT;
		queue_verdict(&w->queue[queue], id, accept, accept && len ? s->data : NULL, len,
			      verdict == V_RESET ? p->asked_mark : 0);
	}
}

void drain(struct worker *w)
{
	const struct slot *s;
	/* bounded: its queues want to be read too, and the main thread may wait for the lock */
	for (unsigned n = 0; n < RING_SLOTS && (s = ring_get(&w->conf.shm->from)); n++) {
		take_slot(w, s);
		ring_get_done(&w->conf.shm->from);
	}
	flush_verdicts(w);
}

/* Give a packet that the kernel refused to an inspector, because the parent parses no packets.
 * It comes back as an event. */
static void hand_refused(void *ctx, const struct nflog_packet *k)
{
	struct parent *p = ctx;
	struct worker *w = &p->worker[0];
	worker_lock(w);
	struct slot *s = slot_for(w, SLOT_REFUSED, k->why | (k->observed ? REFUSED_OBSERVED : 0u),
				  k->ip, k->len);
	if (s) { /* else only the counters have it */
		s->in = k->in;
		s->out = k->out;
		s->macs = k->macs;
		s->copied = evidence_copy(w->seen,
					  &(struct evidence_packet){ .time_ns = s->wall_ns,
								     .in = k->in,
								     .len = k->len,
								     .whole = k->len },
					  k->ip);
		hand_slot(w);
	}
	worker_unlock(w);
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

static void tell_gone(struct worker *w, const struct tcp_ends *gone)
{
	if (!worker_tell(w, SLOT_GONE, 0, gone, sizeof(*gone)))
		w->p->list.wanted |= w->up; /* one that is not up has no flows */
}

/* Only the kernel's hash knows which inspector has the connection: tell all of them. */
static void hand_gone(void *ctx, const struct tcp_ends *gone)
{
	struct parent *p = ctx;
	if (policy_classify(p->img, &gone->client, &gone->server, IPPROTO_TCP, gone->sport) ==
	    0xffff)
		return; /* not inspected */
	for (unsigned i = 0; i < p->n; i++) {
		worker_lock(&p->worker[i]);
		tell_gone(&p->worker[i], gone);
		worker_unlock(&p->worker[i]);
	}
}

void on_ctwatch(evutil_socket_t fd, short what, void *ctx)
{
	struct parent *p = ctx;
	(void)fd;
	(void)what;
	int err = ctwatch_read(p->ctwatch, READ_BATCH, hand_gone, p, &p->list.wanted);
	if (err)
		say(LOG_ERR, "connection tracking events: %s", strerror(-err));
}

/* ---- inspectors' lives ---- */

static void ask_spawner(struct parent *p, char what, unsigned index)
{
	struct spawn_msg m = { .what = what, .index = (unsigned char)index };
	if (send(p->spawner.fd, &m, sizeof(m), MSG_NOSIGNAL) != sizeof(m))
		say(LOG_ERR, "the spawner does not answer: %s", strerror(errno));
}

/* Put an image where the worker sees it and tell it to use it. */
bool give_policy(struct worker *w, const struct pol_image *img)
{
	struct slot *s = ring_put(&w->conf.shm->to);
	if (!s)
		return false;
	memcpy(w->conf.images.writer[img->generation & 1], img, img->size);
	s->kind = SLOT_POLICY;
	s->id = img->generation & 1;
	s->len = img->size;
	w->acked = false;
	ring_put_done(&w->conf.shm->to);
	worker_wake(w);
	return true;
}

void start_worker(struct worker *w)
{
	struct shared *m = w->conf.shm;
	atomic_store(&m->to.head, 0);
	atomic_store(&m->to.tail, 0);
	atomic_store(&m->from.head, 0);
	atomic_store(&m->from.tail, 0);
	atomic_store(&m->inspector_sleeps, 0);
	atomic_store(&m->failed_step, 0);
	w->stalled = 0;
	w->waiting = false;
	w->started_ns = clock_ns(CLOCK_MONOTONIC);
	ask_spawner(w->p, 's', w->index);
	w->up = give_policy(w, w->p->img);
}

/* Packets that wait for this inspector are dropped, or passed where the conduit has fail = "open";
 * so are those that come until another inspector is up. */
static uint32_t end_waiting(struct worker *w, uint32_t *passed)
{
	w->up = false;
	if (w->p->fast) {
		pthread_mutex_lock(&w->p->policy_lock); /* claims are answered under it */
		fastpath_forget(w->p->fast, w->index);
		pthread_mutex_unlock(&w->p->policy_lock);
	}
	uint32_t lost = 0;
	*passed = 0;
	for (unsigned k = 0; k < LANES; k++) {
		*passed += queue_end_all(&w->queue[QUEUE_OPEN * LANES + k], true);
		lost += queue_end_all(&w->queue[QUEUE_CLOSED * LANES + k], false);
	}
	w->passed_down += *passed;
	return lost;
}

/* "did not start (no memory for connections: Cannot allocate memory)", "died (signal 9)" */
static const char *put_end(const struct worker *w, const struct spawn_msg *m, char text[END_TEXT])
{
	const char *step = inspector_step(atomic_load(&w->conf.shm->failed_step));
	int err = (int)atomic_load(&w->conf.shm->failed_errno);
	if (m->what == 's')
		snprintf(text, END_TEXT, "did not start (no process: %s)", strerror(m->status));
	else if (step)
		snprintf(text, END_TEXT, "did not start (%s: %s)", step, strerror(err));
	else if (WIFSIGNALED(m->status))
		snprintf(text, END_TEXT, "died (signal %d)", WTERMSIG(m->status));
	else
		snprintf(text, END_TEXT, "died (exit %d)", WEXITSTATUS(m->status));
	return text;
}

bool say_failed_starts(struct parent *p)
{
	struct spawn_msg m;
	char end[END_TEXT];
	bool any = false;
	while (recv(p->spawner.fd, &m, sizeof(m), MSG_DONTWAIT) == sizeof(m)) {
		if (m.index >= p->n || (m.what == 's' && m.pid > 0))
			continue;
		say(LOG_ERR, "inspector %u %s; nothing was changed", m.index,
		    put_end(&p->worker[m.index], &m, end));
		any = true;
	}
	return any;
}

void on_spawner(evutil_socket_t fd, short what, void *ctx)
{
	struct parent *p = ctx;
	struct spawn_msg m;
	char end[END_TEXT];
	(void)what;
	ssize_t n = recv(fd, &m, sizeof(m), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof(m)) { /* 0, which leaves errno as it was: it has ended */
		say(LOG_CRIT, "the spawner is gone; stopping, the rules stay and drop what needs "
			      "an inspector");
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
	worker_lock(w);
	drain(w); /* its decisions from before its death stand */
	w->up = false;
	uint32_t passed, lost = end_waiting(w, &passed);
	w->restarts++;
	say(LOG_ERR,
	    "inspector %u (pid %d) %s; %u undecided packets were dropped, %u passed "
	    "(fail = \"open\"); "
	    "starting another",
	    m.index, (int)m.pid, put_end(w, &m, end), lost, passed);
	/* one that dies at once is started by the timer, twice a second at most */
	w->waiting = true;
	if (!p->stopping && clock_ns(CLOCK_MONOTONIC) - w->started_ns > UINT64_C(1000000000))
		start_worker(w);
	worker_unlock(w);
}

static bool worker_alive(struct worker *w)
{
	if (w->waiting && !w->p->stopping)
		start_worker(w);
	uint64_t beat = atomic_load(&w->conf.shm->beat);
	w->stalled = beat == w->beat ? w->stalled + 1 : 0;
	w->beat = beat;
	if (w->stalled == STALL_BEATS) {
		uint32_t passed, lost = end_waiting(w, &passed);
		say(LOG_ERR,
		    "inspector %u does not move; %u undecided packets were dropped, %u passed "
		    "(fail = \"open\"); killing it",
		    w->index, lost, passed);
		ask_spawner(w->p, 'k', w->index);
	}
	return w->stalled < STALL_BEATS / 2;
}

bool workers_alive(struct parent *p)
{
	bool all = true;
	for (unsigned i = 0; i < p->n; i++) {
		worker_lock(&p->worker[i]);
		all &= worker_alive(&p->worker[i]);
		worker_unlock(&p->worker[i]);
	}
	return all;
}
