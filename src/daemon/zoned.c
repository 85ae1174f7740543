/* SPDX-License-Identifier: MIT
 *
 * zoned(8): the parent. It holds CAP_NET_ADMIN and the netlink sockets, moves
 * packets between the kernel and the inspectors, and writes the records. It
 * reads kernel headers and its own bounded slots, never a packet's payload.
 */
#include <cap-ng.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "compile/policy_build.h"
#include "config.h"
#include "daemon/queue.h"
#include "daemon/spawner.h"
#include "nft/nft.h"
#include "daemon/nflog.h"
#include "record/record.h"
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#else
#define sd_notify(unset, state) ((void)(state))
#endif

enum { READ_BATCH = 256, TIMER_MS = 500, STALL_BEATS = 6, ACK_MS = 2000, EXIT_MODEL = 3 };

struct worker {
	struct parent *p;
	unsigned index;
	struct inspector_conf conf;
	struct queue queue;
	pid_t pid;
	bool up;		/* running and told the policy */
	bool acked;
	bool waiting;		/* to be started again by the timer */
	uint64_t started_ns;
	uint64_t beat;
	unsigned stalled;
	uint64_t restarts, dropped_down, sent;
};

struct parent {
	const char *path, *rules, *user;
	bool foreground;
	struct model *model;
	struct pol_image *img;
	uint32_t generation;
	enum nft_queue queue_kind;
	uint32_t blocked_mark;
	struct mnl_socket *nl;
	struct event_base *base;
	struct worker worker[INSPECTORS_MAX];
	unsigned n;
	int spawner;
	struct mnl_socket *nflog;
	struct record *record;
	const struct pol_image *next_img;	/* during a reload */
	uint32_t tried;		/* generations built, in force or not */
	bool stopping;
};

static void say(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool to_stderr;

static void say(int level, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	syslog(level, "%s", text);
	if (to_stderr)
		fprintf(stderr, "zoned: %s\n", text);
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- packets to an inspector, verdicts back ---- */

static void wake(const struct worker *w)
{
	uint64_t one = 1;
	if (write(w->conf.wake, &one, sizeof(one)) != sizeof(one) && errno != EAGAIN)
		say(LOG_ERR, "inspector %u: cannot be woken: %s", w->index, strerror(errno));
}

static void flush_verdicts(struct worker *w)
{
	int err = queue_flush(&w->queue);
	if (err)
		say(LOG_ERR, "queue %u: verdicts were not taken: %s", w->queue.number, strerror(-err));
}

static void hand_over(void *ctx, const struct queue_packet *k)
{
	struct worker *w = ctx;
	struct slot *s = w->up && k->len <= RING_DATA ? ring_put(&w->conf.shm->to) : NULL;
	if (!s) {	/* nobody to judge it, or larger than any frame: never unjudged */
		w->dropped_down++;
		queue_verdict(&w->queue, k->id, false, NULL, 0, 0);
		return;
	}
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

static void on_queue(evutil_socket_t fd, short what, void *ctx)
{
	struct worker *w = ctx;
	(void)fd;
	(void)what;
	uint64_t before = w->sent, lost = w->queue.overruns;
	int err = queue_read(&w->queue, READ_BATCH, hand_over, w);
	if (err)
		say(LOG_ERR, "queue %u: %s", w->queue.number, strerror(-err));
	if (w->queue.overruns != lost)
		say(LOG_WARNING, "queue %u was full; packets were lost unjudged (overrun %" PRIu64 ")",
		    w->queue.number, w->queue.overruns);
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

/* The other side may change a slot while it is read: each field is fetched once. */
static void take_slot(struct worker *w, const struct slot *s)
{
	struct parent *p = w->p;
	const volatile struct slot *v = s;
	uint32_t kind = v->kind, id = v->id, verdict = v->verdict, len = v->len;
	if (kind == SLOT_EVENT && len == sizeof(struct event)) {
		write_event(p, s->data);
	} else if (kind == SLOT_ACK) {
		w->acked = true;
	} else if (kind == SLOT_VERDICT && len <= RING_DATA) {
		bool accept = verdict == V_ACCEPT;
		queue_verdict(&w->queue, id, accept, accept && len ? s->data : NULL, len,
			      verdict == V_RESET ? p->blocked_mark : 0);
	}
}

static void drain(struct worker *w)
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

static void on_nflog(evutil_socket_t fd, short what, void *ctx)
{
	struct parent *p = ctx;
	(void)fd;
	(void)what;
	int err = nflog_read(p->nflog, READ_BATCH, hand_refused, p);
	if (err)
		say(LOG_ERR, "the log of refused flows: %s", strerror(-err));
}

static void on_told(evutil_socket_t fd, short what, void *ctx)
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
static bool give_policy(struct worker *w, const struct pol_image *img)
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

static void start_worker(struct worker *w)
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

static void on_spawner(evutil_socket_t fd, short what, void *ctx)
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
	uint32_t lost = queue_drop_all(&w->queue);
	w->restarts++;
	say(LOG_ERR, "inspector %u (pid %d) died (%s %d); %u undecided packets were dropped; starting another",
	    m.index, (int)m.pid, WIFSIGNALED(m.status) ? "signal" : "exit",
	    WIFSIGNALED(m.status) ? WTERMSIG(m.status) : WEXITSTATUS(m.status), lost);
	/* one that dies at once is started by the timer, twice a second at most */
	w->waiting = true;
	if (!p->stopping && clock_ns(CLOCK_MONOTONIC) - w->started_ns > UINT64_C(1000000000))
		start_worker(w);
}

static void check_ruleset(struct parent *p)
{
	struct errs errs;
	if (nft_present(p->nl))
		return;
	errs_init(&errs);
	struct nft_opts o = { p->generation, (uint16_t)p->n, p->queue_kind };
	int err = nft_commit(p->nl, p->model, &o, &errs);
	say(LOG_CRIT, "somebody removed our table; it was %s", err ? "NOT put back" : "put back");
	errs_free(&errs);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct parent *p = ctx;
	bool all = true;
	(void)fd;
	(void)what;
	for (unsigned i = 0; i < p->n; i++) {
		struct worker *w = &p->worker[i];
		if (w->waiting && !p->stopping)
			start_worker(w);
		uint64_t beat = atomic_load(&w->conf.shm->beat);
		w->stalled = beat == w->beat ? w->stalled + 1 : 0;
		w->beat = beat;
		all &= w->stalled < STALL_BEATS / 2;
		if (w->stalled == STALL_BEATS) {
			say(LOG_ERR, "inspector %u does not move; killing it", i);
			ask_spawner(p, 'k', i);
		}
	}
	check_ruleset(p);
	record_tick(p->record, p->img, clock_ns(CLOCK_MONOTONIC));
	if (all)
		sd_notify(0, "WATCHDOG=1");
}

/* ---- generations ---- */

static bool wait_acks(struct parent *p)
{
	for (int ms = 0; ms < ACK_MS; ms++) {
		bool all = true;
		for (unsigned i = 0; i < p->n; i++) {
			drain(&p->worker[i]);
			all &= p->worker[i].acked;
		}
		if (all)
			return true;
		usleep(1000);
	}
	return false;
}

static struct model *load(const struct parent *p)
{
	struct errs errs;
	errs_init(&errs);
	struct model *m = model_load(p->path, p->rules, &errs);
	for (size_t i = 0; i < errs.n; i++)
		say(LOG_ERR, "%s:%u: error: %s", errs.v[i].file, errs.v[i].line, errs.v[i].text);
	errs_free(&errs);
	return m;
}

/* commit: put the ruleset in force; else only ask the kernel whether it would. */
static int ruleset(struct parent *p, const struct model *m, uint32_t generation, bool for_good)
{
	struct errs errs;
	errs_init(&errs);
	struct nft_opts o = { generation, (uint16_t)p->n, p->queue_kind };
	int err = for_good ? nft_commit(p->nl, m, &o, &errs) : nft_check(p->nl, m, &o, &errs);
	for (size_t i = 0; i < errs.n; i++)
		say(LOG_ERR, "%s:%u: error: %s", errs.v[i].file, errs.v[i].line, errs.v[i].text);
	errs_free(&errs);
	return err;
}

static int commit(struct parent *p, const struct model *m, uint32_t generation)
{
	return ruleset(p, m, generation, true);
}

static int judge(struct parent *p, const struct model *m, uint32_t generation)
{
	return ruleset(p, m, generation, false);
}

static bool give_all(struct parent *p, const struct pol_image *img)
{
	bool all = true;
	for (unsigned i = 0; i < p->n; i++) {
		bool given = false;
		for (int ms = 0; ms < ACK_MS && !given; ms++) {	/* a busy inspector's ring is full at times */
			given = give_policy(&p->worker[i], img);
			if (given)
				break;
			drain(&p->worker[i]);
			usleep(1000);
		}
		all &= given;
	}
	return all && wait_acks(p);
}

static void reload(struct parent *p)
{
	int err = 0;
	struct model *m = load(p);
	uint32_t next = p->tried + (m != NULL);	/* a number is never used for two images */
	p->tried = next;
	struct pol_image *img = m ? policy_build(m, next, &err) : NULL;
	const char *why = "the file has errors";
	if (m && (m->daemon.mark_mask != p->model->daemon.mark_mask ||
		  m->daemon.queue_base != p->model->daemon.queue_base ||
		  m->daemon.queues != p->model->daemon.queues ||
		  m->daemon.log_group != p->model->daemon.log_group ||
		  m->daemon.max_flows != p->model->daemon.max_flows ||
		  strcmp(m->daemon.user, p->model->daemon.user) != 0)) {
		why = "mark_mask, queue_base, queues, log_group, max_flows and user change only with a restart";
	} else if (img && img->size <= RING_IMAGE) {
		why = "an inspector or the kernel refused it";
		p->next_img = img;
		if (judge(p, m, next) == 0 && give_all(p, img) && commit(p, m, next) == 0) {
			record_flush(p->record, p->img, clock_ns(CLOCK_MONOTONIC));
			p->next_img = NULL;
			model_free(p->model);
			free(p->img);
			p->model = m;
			p->img = img;
			p->generation = next;
			say(LOG_NOTICE, "generation %u is in force: %zu zones, %zu conduits", next, m->n_zones - 1,
			    m->n_conduits);
			return;
		}
		give_all(p, p->img);
		p->next_img = NULL;
	}
	say(LOG_ERR, "reload refused: %s; nothing was changed, generation %u stays in force", why, p->generation);
	free(img);
	model_free(m);
}

static void on_signal(evutil_socket_t sig, short what, void *ctx)
{
	struct parent *p = ctx;
	(void)what;
	if (sig == SIGHUP) {
		sd_notify(0, "RELOADING=1");
		record_reopen(p->record);
		reload(p);
		sd_notify(0, "READY=1");
	} else if (sig == SIGUSR1) {
		for (unsigned i = 0; i < p->n; i++)
			say(LOG_INFO, "inspector %u: pid %d, %" PRIu64 " packets, %" PRIu64 " restarts, %" PRIu64
			    " dropped while down, %" PRIu64 " overruns", i, (int)p->worker[i].pid,
			    p->worker[i].queue.packets, p->worker[i].restarts, p->worker[i].dropped_down,
			    p->worker[i].queue.overruns);
	} else {
		p->stopping = true;
		event_base_loopbreak(p->base);
	}
}

/* ---- start ---- */

static int worker_open(struct parent *p, unsigned i)
{
	struct worker *w = &p->worker[i];
	w->p = p;
	w->index = i;
	w->conf.max_flows = p->model->daemon.max_flows;
	w->conf.shm = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	w->conf.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->conf.told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->conf.shm == MAP_FAILED || w->conf.wake < 0 || w->conf.told < 0)
		return -errno;
	return 0;
}

static bool prepare(struct parent *p)
{
	size_t n;
	int err;
	p->generation = p->tried = 1;
	p->img = policy_build(p->model, p->generation, &err);
	if (!p->img || p->img->size > RING_IMAGE) {
		say(LOG_ERR, "the policy does not fit: %s", p->img ? "larger than 16 MB" : strerror(-err));
		return false;
	}
	p->nl = nft_open();
	if (!p->nl) {
		say(LOG_ERR, "no netlink socket: %s", strerror(errno));
		return false;
	}
	const struct nft_feature *f = nft_probe(p->nl, &n, &p->queue_kind);
	bool ok = true;
	for (size_t i = 0; i < n; i++) {
		if (!f[i].essential || f[i].present)
			continue;
		say(LOG_ERR, "this kernel lacks %s: %s; nothing was changed", f[i].name, f[i].what);
		ok = false;
	}
	p->blocked_mark = nft_blocked_mark(p->model->daemon.mark_mask);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	p->n = p->model->daemon.queues ? p->model->daemon.queues : cores < 1 ? 1 : cores > 8 ? 8 : (unsigned)cores;
	for (unsigned i = 0; ok && i < p->n; i++) {
		err = worker_open(p, i);
		if (err)
			say(LOG_ERR, "inspector %u: %s", i, strerror(-err));
		ok = err == 0;
	}
	return ok;
}

static bool open_queues(struct parent *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		uint16_t number = (uint16_t)(p->model->daemon.queue_base + i);
		int err = queue_open(&p->worker[i].queue, number);
		p->worker[i].queue.mark_mask = p->model->daemon.mark_mask;
		if (err) {
			say(LOG_ERR, "queue %u: %s%s; nothing was changed", number, strerror(-err),
			    err == -EBUSY || err == -EPERM ? " (is another program, or another zoned, using it?)" : "");
			return false;
		}
	}
	return true;
}

static bool drop_rights(const struct passwd *pw)
{
	capng_clear(CAPNG_SELECT_BOTH);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	int err = pw ? capng_change_id((int)pw->pw_uid, (int)pw->pw_gid, CAPNG_DROP_SUPP_GRP) :
		       capng_apply(CAPNG_SELECT_BOTH);
	if (err)
		say(LOG_ERR, "cannot give up rights (%d)", err);
	return err == 0;
}

static bool watch(struct parent *p, int fd, short what, event_callback_fn cb, void *ctx)
{
	struct event *e = event_new(p->base, fd, (short)(what | EV_PERSIST), cb, ctx);
	struct timeval every = { .tv_usec = TIMER_MS * 1000 };
	return e && event_add(e, what == 0 ? &every : NULL) == 0;
}

static bool watch_all(struct parent *p)
{
	static const int signals[] = { SIGHUP, SIGTERM, SIGINT, SIGUSR1 };
	p->base = event_base_new();
	bool ok = p->base && watch(p, mnl_socket_get_fd(p->nflog), EV_READ, on_nflog, p) && watch(p, p->spawner, EV_READ, on_spawner, p) && watch(p, -1, 0, on_timer, p);
	for (size_t i = 0; i < 4; i++)
		ok = ok && watch(p, signals[i], EV_SIGNAL, on_signal, p);
	for (unsigned i = 0; ok && i < p->n; i++) {
		struct worker *w = &p->worker[i];
		ok = watch(p, mnl_socket_get_fd(w->queue.nl), EV_READ, on_queue, w) &&
		     watch(p, w->conf.told, EV_READ, on_told, w);
	}
	return ok;
}

/* In the foreground records go to both, as everything else that is said. */
static void on_line(void *ctx, int priority, const char *line)
{
	(void)ctx;
	say(priority, "%s", line);
}

static int run(struct parent *p)
{
	struct inspector_conf conf[INSPECTORS_MAX];
	const char *user = p->user ? p->user : p->model->daemon.user;
	const struct passwd *pw = getpwnam(user);
	if (!pw) {
		say(LOG_ERR, "there is no user \"%s\" to become; make one (useradd --system %s) or write "
		    "another in daemon.user; nothing was changed", user, user);
		return 1;
	}
	struct record_conf rc = { .ident = "zoned", .facility = p->model->daemon.syslog_facility,
				  .json_path = p->model->daemon.json_log,
				  .sink = p->foreground ? on_line : NULL };
	p->record = record_open(&rc);
	if (!p->record) {
		say(LOG_ERR, "no records: syslog_facility = \"%s\": %s", rc.facility, strerror(errno));
		return 1;
	}
	if (!prepare(p) || !open_queues(p))
		return 1;
	p->nflog = nflog_open(p->model->daemon.log_group);
	if (!p->nflog) {
		say(LOG_ERR, "log_group %u: %s; nothing was changed", p->model->daemon.log_group, strerror(errno));
		return 1;
	}
	for (unsigned i = 0; i < p->n; i++)
		conf[i] = p->worker[i].conf;
	int err = spawner_start(conf, p->n, pw ? pw->pw_uid : 0, pw ? pw->pw_gid : 0, &p->spawner);
	if (err) {
		say(LOG_ERR, "no spawner: %s", strerror(-err));
		return 1;
	}
	for (unsigned i = 0; i < p->n; i++)
		start_worker(&p->worker[i]);
	if (!wait_acks(p)) {
		say(LOG_ERR, "an inspector did not take the policy; nothing was changed");
		return 1;
	}
	if (!watch_all(p) || commit(p, p->model, p->generation) || !drop_rights(pw))
		return 1;
	say(LOG_NOTICE, "generation 1 is in force: %zu zones, %zu conduits, %u inspectors", p->model->n_zones - 1,
	    p->model->n_conduits, p->n);
	sd_notify(0, "READY=1");
	event_base_dispatch(p->base);
	sd_notify(0, "STOPPING=1");
	record_flush(p->record, p->img, clock_ns(CLOCK_MONOTONIC));
	record_close(p->record);
	say(LOG_NOTICE, "stopping; the rules stay in the kernel: what needs an inspector is dropped");
	return p->stopping ? 0 : 1;
}

static int usage(void)
{
	fputs("usage: zoned [-dn] [-f FILE] [-R RULESDIR] [-u USER]\n       zoned --flush\n", stderr);
	return 2;
}

static int flush(void)
{
	struct mnl_socket *nl = nft_open();
	int err = nl ? nft_remove(nl) : -errno;
	if (err)
		fprintf(stderr, "zoned: the table was not removed: %s\n", strerror(-err));
	nft_close(nl);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	static struct parent p = { .path = ZONED_CONF, .rules = ZONED_RULESDIR };
	bool check = false;
	int opt;
	if (argc == 2 && strcmp(argv[1], "--flush") == 0)
		return flush();
	while ((opt = getopt(argc, argv, "dnf:R:u:")) != -1) {
		if (opt == 'd')
			p.foreground = true;
		else if (opt == 'n')
			check = true;
		else if (opt == 'f')
			p.path = optarg;
		else if (opt == 'R')
			p.rules = optarg;
		else if (opt == 'u')
			p.user = optarg;
		else
			return usage();
	}
	if (optind != argc)
		return usage();
	to_stderr = p.foreground || check || isatty(2);
	openlog("zoned", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	p.model = load(&p);
	if (!p.model)
		return EXIT_MODEL;
	return check ? 0 : run(&p);
}
