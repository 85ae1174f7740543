/* SPDX-License-Identifier: MIT
 * The parent's side of taps (tap.h): their lives, the policy, events and counts. Main thread. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/parent.h"
#include "daemon/start.h"
#include "daemon/taps.h"

static const char *const state_names[] = { [TAP_NOT_OPEN] = "not-open",
					   [TAP_READING] = "reading",
					   [TAP_IS_DOWN] = "down",
					   [TAP_LOST] = "lost" };

/* Turns of the timer, of half a second, without a turn of the reader; more while it takes a model,
 * which may be large. */
enum { STALL_TURNS = 20, STALL_TURNS_LOADING = 120 };

/* ---- start and stop ---- */

static void close_tap(struct tap_here *t)
{
	if (t->pid > 0) {
		close(t->fd);
		kill(t->pid, SIGKILL);
		while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (t->conf.told >= 0)
		close(t->conf.told);
	if (t->conf.shm)
		munmap(t->conf.shm, sizeof(*t->conf.shm));
	images_close(&t->conf.images);
	t->pid = 0;
	t->conf.told = -1;
	t->conf.shm = NULL;
}

void close_taps(struct parent *p)
{
	if (!p->taps)
		return;
	for (unsigned i = 0; i < p->taps->n; i++)
		close_tap(&p->taps->tap[i]);
	reactions_close(&p->taps->reactions);
	free(p->taps);
	p->taps = NULL;
}

static int make_tap(struct parent *p, unsigned i, struct tap_conf *confs)
{
	const struct tap *m = &p->model->taps[i];
	struct tap_here *t = &p->taps->tap[i];
	struct tap_conf *c = &t->conf;
	t->p = p;
	/* the model goes with a reload, the tap stays */
	snprintf(t->name, sizeof(t->name), "%s", m->name);
	t->reactive = m->reactive;
	*c = (struct tap_conf){ .live = { .interface = t->name,
					  .filter = m->filter,
					  .buffer = (size_t)m->buffer_mb << 20,
					  .snap = m->snap_length,
					  .delay_ms = m->delay_ms },
				.reactive = m->reactive,
				.uid = p->becomes ? p->uid : 0,
				.gid = p->becomes ? p->gid : 0,
				.others = confs,
				.n = (unsigned)p->model->n_taps,
				.index = i };
	c->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->told < 0)
		return -errno;
	void *v = mmap(NULL, sizeof(*c->shm), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (v == MAP_FAILED)
		return -errno;
	c->shm = v;
	int err = images_open(&c->images);
	confs[i] = *c;
	return err;
}

/* A tap that only watches may be missing. One that is to block may not: zoned does not start. */
static int open_reactions(struct parent *p)
{
	int err = reactions_open(&p->taps->reactions);
	if (err != -EPERM && err != -EAFNOSUPPORT)
		return err;
	say(LOG_ERR, "taps: no right to send resets: a reactive tap needs " TAP_RIGHTS
		     "; nothing was changed");
	return STEP_SAID;
}

/* Before there is memory that inspectors share: a keeper's is a copy of ours. */
int open_taps(struct parent *p)
{
	struct tap_conf confs[MODEL_TAPS_MAX];
	size_t n = p->model->n_taps;
	int err = 0;
	bool reactive = false;
	if (n == 0)
		return 0;
	p->taps = calloc(1, sizeof(*p->taps));
	if (!p->taps)
		return -ENOMEM;
	p->taps->reactions.fd4 = p->taps->reactions.fd6 = -1;
	for (unsigned i = 0; i < n; i++)
		p->taps->tap[i].conf.told = -1;
	for (unsigned i = 0; i < n && !err; i++, p->taps->n++) {
		err = make_tap(p, i, confs);
		reactive |= p->model->taps[i].reactive;
	}
	for (unsigned i = 0; i < n && !err; i++) {
		struct tap_here *t = &p->taps->tap[i];
		err = tap_keeper_start(&t->conf, &t->fd, &t->pid);
	}
	if (!err && reactive)
		err = open_reactions(p);
	if (err)
		close_taps(p);
	return err;
}

/* ---- the policy ---- */

/* Its places are two, as an inspector's; the one of an image that was not acknowledged yet is not
 * written again. */
static bool give_tap_policy(struct tap_here *t)
{
	const struct parent *p = t->p;
	struct shared *m = &t->conf.shm->rings;
	struct slot *s = ring_put(&m->to);
	size_t len = 0;
	char *text = s ? model_text(p->model, &len) : NULL;
	bool room = text && p->img->size <= IMAGE_MAX && len <= IMAGE_MAX - p->img->size;
	if (room) {
		uint8_t *to = t->conf.images.writer[p->img->generation & 1];
		memcpy(to, p->img, p->img->size);
		memcpy(to + p->img->size, text, len);
		s->kind = SLOT_POLICY;
		s->id = p->img->generation & 1;
		s->len = p->img->size;
		s->queue = (uint32_t)len;
		t->acked = false;
		ring_put_done(&m->to);
	} else {
		say(LOG_ERR, "tap %s: the policy and the model are too large for it; %s", t->name,
		    t->acked ? "it goes on with those before" : "nothing is judged");
	}
	free(text);
	return room;
}

/* ---- events ---- */

static void record_tap_event(struct tap_here *t, struct event *ev)
{
	struct parent *p = t->p;
	snprintf(ev->tap, sizeof(ev->tap), "%s", t->name);
	pthread_mutex_lock(&p->policy_lock);
	record_event(p->record, p->img, ev, clock_ns(CLOCK_MONOTONIC));
	pthread_mutex_unlock(&p->policy_lock);
}

/* The message has gone where it went: nothing was dropped. */
static void take_tap_event(struct tap_here *t, const uint8_t *data)
{
	struct event ev;
	memcpy(&ev, data, sizeof(ev));
	if (ev.verdict == V_DROP || ev.verdict == V_RESET)
		ev.verdict = t->reactive && ev.l4 == 6 ? V_RESET : V_OBSERVED;
	record_tap_event(t, &ev);
}

/* The reader may change a slot while it is read: each field is fetched once. */
static void take_tap_slot(struct tap_here *t, const struct slot *s)
{
	const volatile struct slot *v = s;
	uint32_t kind = v->kind, len = v->len;
	struct tap_refused r;
	if (kind == SLOT_EVENT && len == sizeof(struct event)) {
		take_tap_event(t, s->data);
	} else if (kind == SLOT_ACK) {
		t->acked = true;
	} else if (kind == TAP_SLOT_REFUSED && len == sizeof(r) && t->reactive) {
		memcpy(&r, s->data, sizeof(r));
		react_to(t->p, t, &r);
	}
}

static void drain_tap(struct tap_here *t)
{
	struct shared *m = &t->conf.shm->rings;
	const struct slot *s;
	for (unsigned n = 0; n < RING_SLOTS && (s = ring_get(&m->from)); n++) {
		take_tap_slot(t, s);
		ring_get_done(&m->from);
	}
}

/* It is asked to wake us before the ring is looked at for the last time. */
static void on_tap_told(evutil_socket_t fd, short what, void *ctx)
{
	struct tap_here *t = ctx;
	struct shared *m = &t->conf.shm->rings;
	uint64_t n;
	(void)what;
	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		say(LOG_ERR, "tap %s: %s", t->name, strerror(errno));
	drain_tap(t);
	if (!ring_may_sleep(&m->from, &m->parent_sleeps))
		event_active(t->told_event, EV_READ, 0); /* others have their turn before */
}

/* ---- its life ---- */

static void tell_keeper(struct tap_here *t, enum tap_word word)
{
	const struct tap_msg m = { .word = (char)word };
	if (send(t->fd, &m, sizeof(m), MSG_NOSIGNAL) != sizeof(m))
		say(LOG_ERR, "tap %s: its process does not answer: %s", t->name, strerror(errno));
}

static void begin_tap(struct tap_here *t)
{
	struct shared *m = &t->conf.shm->rings;
	atomic_store(&m->to.head, 0);
	atomic_store(&m->to.tail, 0);
	atomic_store(&m->from.head, 0);
	atomic_store(&m->from.tail, 0);
	atomic_store(&m->parent_sleeps, 1);
	atomic_store(&m->failed_step, 0);
#define X(name) atomic_store(&t->conf.shm->name, 0);
	TAP_COUNTS(X)
#undef X
	t->dropped_told = 0;
	t->wants_policy = false;
	t->acked = false;
	t->stalled = 0;
	if (give_tap_policy(t))
		tell_keeper(t, TAP_GO);
	else
		snprintf(t->why, sizeof(t->why), "no room for the policy and the model");
}

void taps_give(struct parent *p)
{
	for (unsigned i = 0; p->taps && i < p->taps->n; i++) {
		struct tap_here *t = &p->taps->tap[i];
		t->wants_policy = t->state == TAP_READING || t->state == TAP_IS_DOWN;
		if (t->state == TAP_NOT_OPEN && t->opened)
			begin_tap(t); /* the model before had no room */
	}
	if (p->taps)
		reactions_again(p);
}

static void say_reader_ended(struct tap_here *t, const struct tap_msg *m)
{
	bool by_signal = WIFSIGNALED(m->status);
	const char *step = tap_reader_step(atomic_load(&t->conf.shm->rings.failed_step));
	drain_tap(t); /* what it judged before stands */
	t->restarts++;
	t->state = TAP_NOT_OPEN;
	t->opened = false;
	t->reader = 0;
	snprintf(t->why, sizeof(t->why), "the reader ended");
	say(LOG_ERR, "tap %s: its reader (pid %d) ended (%s%s%s %d); another one is started",
	    t->name, (int)m->pid, step ? step : "", step ? "; " : "", by_signal ? "signal" : "exit",
	    by_signal ? WTERMSIG(m->status) : WEXITSTATUS(m->status));
}

static void hear_keeper(struct tap_here *t, struct tap_msg *m)
{
	m->text[sizeof(m->text) - 1] = '\0';
	switch (m->word) {
	case TAP_OPENED:
		t->opened = true;
		begin_tap(t);
		break;
	case TAP_FAILED:
		t->state = TAP_NOT_OPEN;
		t->opened = false;
		snprintf(t->why, sizeof(t->why), "%s", m->text);
		say(LOG_WARNING, "tap %s: %s; tried again each second", t->name, m->text);
		break;
	case TAP_REFUSED:
		t->state = TAP_LOST;
		snprintf(t->why, sizeof(t->why), "%s", m->text);
		say(LOG_ERR, "tap %s: nothing is read until zoned is started again: %s", t->name,
		    m->text);
		break;
	case TAP_STARTED:
		t->state = TAP_READING;
		t->opened = false;
		t->why[0] = '\0';
		t->reader = m->pid;
		say(LOG_NOTICE, "tap %s: packets are read%s", t->name,
		    t->reactive ? "; what is refused is blocked and reset" : "");
		break;
	case TAP_ENDED:
		say_reader_ended(t, m);
		break;
	case TAP_DOWN:
	case TAP_UP:
		t->state = m->word == TAP_UP ? TAP_READING : TAP_IS_DOWN;
		say(LOG_WARNING, "tap %s: the interface is %s", t->name,
		    m->word == TAP_UP ? "up again" : "down: nothing comes from it");
		break;
	default:
		break;
	}
}

static void on_keeper(evutil_socket_t fd, short what, void *ctx)
{
	struct tap_here *t = ctx;
	struct tap_msg m;
	(void)what;
	ssize_t n = recv(fd, &m, sizeof(m), MSG_DONTWAIT);
	if (n == sizeof(m)) {
		hear_keeper(t, &m);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	event_del(t->word_event);
	if (t->state == TAP_LOST) /* it said why */
		return;
	t->state = TAP_LOST;
	snprintf(t->why, sizeof(t->why), "its process has ended; it comes with the next start");
	say(LOG_ERR, "tap %s: its process has ended: nothing is read until zoned is started again",
	    t->name);
}

bool taps_watch(struct parent *p)
{
	bool ok = true;
	for (unsigned i = 0; p->taps && i < p->taps->n; i++) {
		struct tap_here *t = &p->taps->tap[i];
		t->word_event = event_new(p->base, t->fd, EV_READ | EV_PERSIST, on_keeper, t);
		t->told_event =
			event_new(p->base, t->conf.told, EV_READ | EV_PERSIST, on_tap_told, t);
		ok = ok && t->word_event && t->told_event && event_add(t->word_event, NULL) == 0 &&
		     event_add(t->told_event, NULL) == 0;
	}
	return ok;
}

void taps_unwatch(struct parent *p)
{
	for (unsigned i = 0; p->taps && i < p->taps->n; i++) {
		struct tap_here *t = &p->taps->tap[i];
		if (t->word_event)
			event_free(t->word_event);
		if (t->told_event)
			event_free(t->told_event);
		t->word_event = t->told_event = NULL;
	}
}

/* A record, and not only a count: what was lost was not judged. */
static void tell_dropped(struct tap_here *t)
{
	uint64_t dropped = atomic_load(&t->conf.shm->dropped);
	struct event ev = { .time_ns = clock_ns(CLOCK_REALTIME),
			    .generation = t->p->generation,
			    .kind = EV_GAP,
			    .verdict = V_ACCEPT,
			    .reason = R_TAP_LOST,
			    .flow_id = 0xffff,
			    .rule = 0xffff,
			    .no_ports = 1 };
	if (dropped <= t->dropped_told)
		return;
	uint64_t n = dropped - t->dropped_told;
	ev.unjudged = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	t->dropped_told = dropped;
	t->dropped += n;
	record_tap_event(t, &ev);
}

static void look_at_reader(struct tap_here *t)
{
	uint64_t beat = atomic_load(&t->conf.shm->rings.beat);
	t->stalled = t->reader && beat == t->beat ? t->stalled + 1 : 0;
	t->beat = beat;
	if (t->stalled != (t->acked ? STALL_TURNS : STALL_TURNS_LOADING))
		return;
	say(LOG_ERR, "tap %s: its reader (pid %d) does not move; killing it", t->name,
	    (int)t->reader);
	tell_keeper(t, TAP_KILL);
}

void taps_tick(struct parent *p)
{
	for (unsigned i = 0; p->taps && i < p->taps->n; i++) {
		struct tap_here *t = &p->taps->tap[i];
		if (t->wants_policy && t->acked) {
			t->wants_policy = false; /* what has no room has none later */
			give_tap_policy(t);
		}
		look_at_reader(t);
		tell_dropped(t);
	}
}

/* ---- status ---- */

static void put_not_judged(const struct tap_shared *m, json_t *o)
{
	static const char *const left[RECORDED_KINDS] = {
		[RECORDED_NOT_TCP] = "not-tcp-or-udp",
		[RECORDED_MALFORMED] = "malformed-packet",
		[RECORDED_CUT] = "cut-packet",
		[RECORDED_FRAGMENT] = "fragment",
	};
	for (unsigned i = 0; i < CAPTURE_UNREAD_N; i++) {
		uint64_t n = atomic_load(&m->unread[i]);
		if (n && i != CAPTURE_READ)
			json_object_set_new(o, capture_unread_name(i), json_integer((json_int_t)n));
	}
	for (unsigned i = 0; i < RECORDED_KINDS; i++) {
		uint64_t n = atomic_load(&m->left[i]);
		if (n && left[i])
			json_object_set_new(o, left[i], json_integer((json_int_t)n));
	}
	uint64_t stays = atomic_load(&m->stays);
	if (stays)
		json_object_set_new(o, "stays-on-link", json_integer((json_int_t)stays));
}

static json_t *tap_status(const struct tap_here *t)
{
	const struct tap_shared *m = t->conf.shm;
	json_t *not_judged = json_object();
	put_not_judged(m, not_judged);
	json_t *o = json_pack("{s:s,s:s,s:s,s:b,s:i,s:I,s:I,s:I}", "interface", t->name, "state",
			      state_names[t->state], "why", t->why, "reactive", t->reactive, "pid",
			      (int)t->reader, "restarts", (json_int_t)t->restarts,
			      "interface_dropped", (json_int_t)live_interface_dropped(t->name),
			      "kernel_dropped", (json_int_t)t->dropped);
#define X(name) json_object_set_new(o, #name, json_integer((json_int_t)atomic_load(&m->name)));
	TAP_COUNTS(X)
#undef X
	json_object_set_new(o, "messages",
			    json_integer((json_int_t)atomic_load(&m->rings.messages)));
	json_object_set_new(o, "refused", json_integer((json_int_t)atomic_load(&m->rings.refused)));
	json_object_set_new(o, "not_judged", not_judged);
	if (t->reactive)
		json_object_set_new(o, "reactions", reactions_status(&t->reacted));
	return o;
}

json_t *taps_status(const struct parent *p)
{
	json_t *list = json_array();
	for (unsigned i = 0; p->taps && i < p->taps->n; i++)
		json_array_append_new(list, tap_status(&p->taps->tap[i]));
	return list;
}
