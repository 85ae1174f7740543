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
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "compile/policy_build.h"
#include "compile/ruleset.h"
#include "config.h"
#include "daemon/confine.h"
#include "daemon/ctwatch.h"
#include "daemon/nflog.h"
#include "daemon/parent.h"
#include "inspect/proto.h"
#include "inspect/inspect.h"
#include "inspect/rate.h"
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#else
#define sd_notify(unset, state) ((void)(state))
#endif

enum { TIMER_MS = 500, EXIT_MODEL = 3, DRAIN_MS = 2000, HELD_MS = 2000, BACK_MS = 300 };

static bool to_stderr;
static struct record *voice;	/* once its thread runs, what is said goes the way of records: nobody waits for syslog */

static void write_line(void *ctx, int level, const char *text)
{
	(void)ctx;
	syslog(level, "%s", text);
	if (to_stderr)
		fprintf(stderr, "zoned: %s\n", text);
}

void say(int level, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (voice)
		record_say(voice, level, text);
	else
		write_line(NULL, level, text);
}

uint64_t clock_ns(int id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct parent *p = ctx;
	bool all = workers_alive(p);
	(void)fd;
	(void)what;
	list_start(p);
	guard_tick(p);
	bypass_tick(p);
	offload_tick(p);
	plain_tick(p);
	pthread_mutex_lock(&p->record_lock);
	record_tick(p->record, p->img, clock_ns(CLOCK_MONOTONIC));
	pthread_mutex_unlock(&p->record_lock);
	if (all)
		sd_notify(0, "WATCHDOG=1");
}

static void on_signal(evutil_socket_t sig, short what, void *ctx)
{
	struct parent *p = ctx;
	(void)what;
	if (sig == SIGHUP) {
		sd_notify(0, "RELOADING=1");
		pthread_mutex_lock(&p->record_lock);
		record_reopen(p->record);
		pthread_mutex_unlock(&p->record_lock);
		reload(p);
		sd_notify(0, "READY=1");
	} else if (sig == SIGUSR1) {
		for (unsigned i = 0; i < p->n; i++)
			say(LOG_INFO, "inspector %u: pid %d, %" PRIu64 " packets, %" PRIu64 " restarts, %" PRIu64
			    " dropped while down, %" PRIu64 " overruns", i, (int)p->worker[i].pid,
			    p->worker[i].sent, p->worker[i].restarts, p->worker[i].dropped_down,
			    worker_overruns(&p->worker[i]));
	} else {
		p->stopping = true;
		event_base_loopbreak(p->base);
	}
}

/* ---- start ---- */

/* For processes to come. MAP_FAILED: errno. */
static void *pages(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static int worker_open(struct parent *p, unsigned i)
{
	struct worker *w = &p->worker[i];
	w->p = p;
	w->index = i;
	w->conf.max_flows = p->model->daemon.max_connections;
	w->conf.max_flows_per_source = p->model->daemon.max_connections_per_source;
	w->conf.rates = p->rates;
	w->conf.common = p->common;
	w->conf.shares = p->shares;
	if (p->fast) {
		w->conf.fast = fastpath_map(p->fast, i);
		w->conf.n_fast = fastpath_slots(p->fast);
	}
	w->conf.shm = pages(sizeof(struct shared));
	w->conf.told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->conf.shm == MAP_FAILED || w->conf.told < 0)
		return -errno;
	return -pthread_mutex_init(&w->lock, NULL);
}

/* Without it all works, only slower: one line says why. */
static void open_fastpath(struct parent *p, bool match)
{
	const char *why = "this kernel has no xt_bpf (modprobe -a nft_compat xt_bpf)";
	if (match)
		p->fast = fastpath_open(&(struct fast_room){
			.inspectors = p->n, .max_flows = p->model->daemon.max_connections, .flows = p->img->n_flows,
			.marks = (uint32_t)ruleset_marks(p->model), .conduits = (uint32_t)p->model->n_conduits,
			.mark_mask = p->model->daemon.mark_mask }, false, &why);
	int err = p->fast ? fastpath_policy(p->fast, p->img) : 0;
	if (err) {
		fastpath_close(p->fast);
		p->fast = NULL;
		why = strerror(-err);
	}
	if (p->fast)
		say(LOG_INFO, "in-kernel path: up to %u connections per inspector", fastpath_slots(p->fast));
	else
		say(LOG_NOTICE, "no in-kernel path: %s; every inspected packet goes to an inspector", why);
}

/* What all inspectors share of each protocol, each with a key of its own. */
static bool open_common(struct parent *p)
{
	p->common = pages(proto_common_size());
	bool ok = p->common != MAP_FAILED;
	for (uint8_t proto = PROTO_NONE + 1; ok && proto < PROTO_N; proto++) {
		void *part = proto_common(p->common, proto);
		ok = !part || getrandom(part, PROTO_KEY, 0) == PROTO_KEY;
	}
	return ok;
}

static bool prepare(struct parent *p)
{
	size_t n;
	int err;
	p->started_ns = clock_ns(CLOCK_MONOTONIC);
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
	err = guard_open(p);
	if (err) {
		say(LOG_ERR, "notices of nftables: %s; nothing was changed", strerror(-err));
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!f[i].essential || f[i].present)
			continue;
		say(LOG_ERR, "this kernel lacks %s: %s; nothing was changed", f[i].name, f[i].what);
		ok = false;
	}
	p->flowtable = nft_has(f, n, "flowtable");
	p->helper = nft_has(f, n, "helper");
	p->lock = p->model->daemon.lock_table && nft_has(f, n, "table-lock");
	uint32_t drawn[2];
	if (getrandom(drawn, sizeof(drawn), 0) != sizeof(drawn)) {
		say(LOG_ERR, "no random numbers: %s", strerror(errno));
		return false;
	}
	p->asked_mark = drawn[0] ? drawn[0] : 1;
	p->blocked_mark = nft_blocked_mark(p->model->daemon.mark_mask, drawn[1]);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	p->n = p->model->daemon.queues ? p->model->daemon.queues : cores < 1 ? 1 : cores > 8 ? 8 : (unsigned)cores;
	if (ok && p->model->daemon.fast_path)
		open_fastpath(p, nft_has(f, n, "bpf-xt"));
	p->rates = p->fast ? fastpath_rates(p->fast) : pages(FAST_RATES * sizeof(*p->rates));
	p->shares = pages(FAST_RATES * sizeof(*p->shares));
	if (p->rates == MAP_FAILED || p->shares == MAP_FAILED) {
		say(LOG_ERR, "no memory for the limits: %s", strerror(errno));
		return false;
	}
	if (!open_common(p)) {
		say(LOG_ERR, "no memory for what inspectors share, or no random numbers: %s", strerror(errno));
		return false;
	}
	for (unsigned i = 0; ok && i < p->n; i++) {
		err = worker_open(p, i);
		if (err)
			say(LOG_ERR, "inspector %u: %s", i, strerror(-err));
		ok = err == 0;
	}
	return ok;
}

static bool open_queue(struct parent *p, unsigned i, uint32_t index)
{
	struct queue *q = &p->worker[i].queue[index];
	uint32_t kind = index / LANES;
	uint16_t number = (uint16_t)(p->model->daemon.queue_base + (kind * p->n + i) * LANES + index % LANES);
	int err = queue_open(q, number);
	if (err) {
		say(LOG_ERR, "queue %u: %s%s; nothing was changed", number, strerror(-err),
		    err == -EBUSY || err == -EPERM ? " (is another program, or another zoned, using it?)" : "");
		return false;
	}
	q->kind = kind;
	q->index = index;
	q->owner = &p->worker[i];
	return true;
}

static bool open_queues(struct parent *p)
{
	for (unsigned i = 0; i < p->n; i++)
		for (uint32_t k = 0; k < QUEUES; k++)
			if (!open_queue(p, i, k))
				return false;
	return true;
}

static bool drop_rights(const struct passwd *pw)
{
	capng_clear(CAPNG_SELECT_BOTH);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	int err = pw ? capng_change_id((int)pw->pw_uid, (int)pw->pw_gid, CAPNG_DROP_SUPP_GRP) :
		       capng_apply(CAPNG_SELECT_BOTH);
	if (!err)
		err = confine_parent();
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
	bool ok = p->base && watch(p, mnl_socket_get_fd(p->nflog), EV_READ, on_nflog, p) &&
		  watch(p, mnl_socket_get_fd(p->list.nl), EV_READ, on_list, p) &&
		  watch(p, p->spawner, EV_READ, on_spawner, p) && watch(p, guard_wake_fd(p), EV_READ, on_guard, p) &&
		  watch(p, bypass_fd(p), EV_READ, on_bypass, p) &&
		  watch(p, -1, 0, on_timer, p);
	if (p->ctwatch)
		ok = ok && watch(p, mnl_socket_get_fd(p->ctwatch), EV_READ, on_ctwatch, p);
	if (p->links)
		ok = ok && watch(p, mnl_socket_get_fd(p->links), EV_READ, on_links, p);
	for (size_t i = 0; i < 4; i++)
		ok = ok && watch(p, signals[i], EV_SIGNAL, on_signal, p);
	return ok;
}

static void on_control(int priority, const char *line)
{
	say(priority, "%s", line);
}

/* Another zoned that has just been ended may hold the table for a moment. */
static int commit_first(struct parent *p)
{
	for (int ms = 0; ms < HELD_MS && nft_held_by_another(p->nl); ms += 10)
		usleep(10000);
	return commit(p, p->model, p->generation);
}

/* What leads packets past us is said; where the operator is strict, we do not start beside it. */
static bool check_bypasses(struct parent *p)
{
	int err = bypass_open(p);
	if (err) {
		say(LOG_ERR, "programs on interfaces: %s; nothing was changed", strerror(-err));
		return false;
	}
	if (bypass_look(p) + misfits_unjudged(p) == 0 || !p->model->daemon.strict)
		return true;
	say(LOG_ERR, "strict = true: not started beside what is named above; nothing was changed");
	return false;
}

/* Rights are given up on the way. */
static bool begin_threads(struct parent *p, const struct passwd *pw)
{
	if (!guard_before_others())
		say(LOG_WARNING, "no real-time priority for the guard of the table (%s): while the processors are busy, a table "
		    "that is removed stays open for longer; see LimitRTPRIO in zoned.service", strerror(errno));
	if (!drop_rights(pw))
		return false;
	int err = guard_start(p);
	if (err) {
		say(LOG_ERR, "no thread for the guard of the table: %s", strerror(-err));
		return false;
	}
	err = record_start(p->record);
	if (err) {
		say(LOG_ERR, "no thread for the records: %s", strerror(-err));
		return false;
	}
	voice = p->record;
	err = threads_start(p);
	if (err)
		say(LOG_ERR, "no threads for the queues: %s", strerror(-err));
	return err == 0;
}

/* Does anything that is inspected pass while nobody judges it? */
static bool any_open(const struct model *m)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++)
			if (m->conduits[i].fail == FAIL_OPEN && m->conduits[i].flows[k].proto != PROTO_NONE)
				return true;
	return false;
}

static int run(struct parent *p)
{
	struct inspector_conf conf[INSPECTORS_MAX];
	closelog();
	int err = confine_start();
	if (err) {
		say(LOG_ERR, "cannot give up what this process was started with: %s", strerror(-err));
		return 1;
	}
	const char *user = p->user ? p->user : p->model->daemon.user;
	/* as another user than root: started with CAP_NET_ADMIN only, as our unit does */
	bool root = geteuid() == 0;
	const struct passwd *pw = root ? getpwnam(user) : NULL;
	if (root && !pw) {
		say(LOG_ERR, "there is no user \"%s\" to become; make one (useradd --system %s) or write "
		    "another in daemon.user; nothing was changed", user, user);
		return 1;
	}
	int facility = record_facility(p->model->daemon.syslog_facility);
	if (facility < 0) {
		say(LOG_ERR, "syslog_facility = \"%s\": there is none of that name", p->model->daemon.syslog_facility);
		return 1;
	}
	openlog("zoned", LOG_PID | LOG_NDELAY, facility);
	p->record = record_open(&(struct record_conf){ .json_path = p->model->daemon.json_log, .sink = write_line });
	if (!p->record) {
		say(LOG_ERR, "no records: %s", strerror(errno));
		return 1;
	}
	if (!prepare(p) || !check_bypasses(p) || !open_queues(p))
		return 1;
	p->nflog = nflog_open(p->model->daemon.log_group);
	if (!p->nflog) {
		say(LOG_ERR, "log_group %u: %s; nothing was changed", p->model->daemon.log_group, strerror(errno));
		return 1;
	}
	if (!p->fast)
		p->ctwatch = ctwatch_open();
	if ((!p->fast && !p->ctwatch) || !list_open(p)) {
		say(LOG_ERR, "connection tracking events: %s; nothing was changed", strerror(errno));
		return 1;
	}
	if (p->fast && !(p->links = links_open())) {
		say(LOG_ERR, "word of interfaces: %s; nothing was changed", strerror(errno));
		return 1;
	}
	if (p->fast)
		plain_give(p, p->model, p->generation);	/* from here on it is told when they change */
	for (unsigned i = 0; i < p->n; i++)
		conf[i] = p->worker[i].conf;
	err = spawner_start(conf, p->n, pw ? pw->pw_uid : 0, pw ? pw->pw_gid : 0, &p->spawner);
	if (err) {
		say(LOG_ERR, "no spawner: %s", strerror(-err));
		return 1;
	}
	for (unsigned i = 0; i < p->n; i++) {
		worker_lock(&p->worker[i]);
		start_worker(&p->worker[i]);
		worker_unlock(&p->worker[i]);
	}
	if (!wait_acks(p)) {
		say(LOG_ERR, "an inspector did not take the policy; nothing was changed");
		return 1;
	}
	if (!watch_all(p))
		return 1;
	if (strncmp(p->control_path, ZONED_RUNDIR "/", sizeof(ZONED_RUNDIR)) == 0)
		mkdir(ZONED_RUNDIR, 0755);	/* there already under systemd */
	p->control = control_open(p->base, p->control_path, control_verbs, p, on_control);
	if (!p->control) {
		say(LOG_ERR, "control socket %s: %s; nothing was changed", p->control_path, strerror(errno));
		return 1;
	}
	if (commit_first(p))
		return 1;
	if (!begin_threads(p, pw))
		return 1;
	say(LOG_NOTICE, "generation 1 is in force: %zu zones, %zu conduits, %u inspectors", p->model->n_zones - 1,
	    p->model->n_conduits, p->n);
	offload_say(p);
	sd_notify(0, "READY=1");
	event_base_dispatch(p->base);
	sd_notify(0, "STOPPING=1");
	control_close(p->control);
	pthread_mutex_lock(&p->record_lock);	/* for good: the threads end with us */
	record_flush(p->record, p->img, clock_ns(CLOCK_MONOTONIC));
	if (p->fast)
		fastpath_switch(p->fast, 0);
	say(LOG_NOTICE, "stopping; the rules stay in the kernel: what needs an inspector is dropped%s",
	    any_open(p->model) ? ", but for conduits with fail = \"open\": what they carry passes unjudged" : "");
	record_drain(p->record, DRAIN_MS);	/* and not closed: the other threads may still say something */
	return p->stopping ? 0 : 1;
}

static int usage(void)
{
	fputs("usage: zoned [-dn] [-C SOCKET] [-f FILE] [-R RULESDIR] [-u USER]\n       zoned --flush\n", stderr);
	return 2;
}

static int flush(void)
{
	struct mnl_socket *nl = nft_open();
	int err = nl ? nft_remove(nl) : -errno;
	bool back = false;
	for (int ms = 0; !err && !back && ms < BACK_MS; ms += 10) {
		usleep(10000);
		back = nft_present(nl);
	}
	if (back || err == -EPERM)
		fprintf(stderr, "zoned: the table %s: another zoned runs here, stop it first\n",
			back ? "was removed and is there again" : "was not removed");
	else if (err)
		fprintf(stderr, "zoned: the table was not removed: %s\n", strerror(-err));
	nft_close(nl);
	return err || back ? 1 : 0;
}

int main(int argc, char **argv)
{
	static struct parent p = { .path = ZONED_CONF, .rules = ZONED_RULESDIR,
				  .record_lock = PTHREAD_MUTEX_INITIALIZER,
				  .control_path = ZONED_RUNDIR "/control" };
	bool check = false;
	int opt;
	if (argc == 2 && strcmp(argv[1], "--flush") == 0)
		return flush();
	while ((opt = getopt(argc, argv, "dnC:f:R:u:")) != -1) {
		if (opt == 'd')
			p.foreground = true;
		else if (opt == 'n')
			check = true;
		else if (opt == 'C')
			p.control_path = optarg;
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
