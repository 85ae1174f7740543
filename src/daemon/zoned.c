/* SPDX-License-Identifier: MIT
 *
 * zoned(8): the parent. It holds CAP_NET_ADMIN and the netlink sockets, moves
 * packets between the kernel and the inspectors, and writes the records. It
 * reads kernel headers and its own bounded slots, never a packet's payload.
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "config.h"
#include "daemon/counts.h"
#include "daemon/orders.h"
#include "daemon/parent.h"
#include "daemon/start.h"
#include "daemon/taps.h"
#include "daemon/uses.h"
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#else
#define sd_notify(unset, state) ((void)(state))
#endif

enum { TIMER_MS = 500, EXIT_MODEL = 3, BACK_MS = 300 };

static const int signals[] = { SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2 };
enum { N_SIGNALS = sizeof(signals) / sizeof(signals[0]) };

/* Read in every thread that says something; written by the main thread. */
static atomic_bool to_stderr; /* all that is logged */
/* errors, while zoned starts: who starts it sees them */
static atomic_bool errors_to_stderr;
/* set once its thread runs: nobody waits for syslog then */
static struct record *_Atomic voice;

/* Before there are outputs, and after them. */
static void say_line(int level, const char *text)
{
	syslog(level, "%s", text);
	if (to_stderr || (errors_to_stderr && level <= LOG_ERR))
		fprintf(stderr, "zoned: %s\n", text);
}

bool say_has_reader(void)
{
	return to_stderr;
}

void say_to_starter(int level, const char *text)
{
	if (errors_to_stderr && !to_stderr && level <= LOG_ERR)
		fprintf(stderr, "zoned: %s\n", text);
}

void say_record_line(void *ctx, int level, const char *text)
{
	(void)ctx;
	(void)level;
	fprintf(stderr, "zoned: %s\n", text);
}

void say_by(struct record *r)
{
	voice = r;
}

void say(int level, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct record *r = voice;
	if (r) {
		record_say(r, level, text);
		say_to_starter(level, text);
	} else {
		say_line(level, text);
	}
}

enum { CLOCK_READ_NS = 100000000 };

/* Whoever reads records must know of it; what zoned waits for goes by other clocks. */
static void clock_tick(struct parent *p)
{
	const uint64_t before = clock_ns(CLOCK_BOOTTIME), wall = clock_ns(CLOCK_REALTIME),
		       after = clock_ns(CLOCK_BOOTTIME);
	/* where this thread had to wait between them, the next turn sees it */
	int64_t by = after - before > CLOCK_READ_NS
			     ? 0
			     : clock_set_by(&p->clock_offset_ns, wall, before);
	if (by)
		say(LOG_WARNING,
		    "the clock was set %s by %lld s: event=clock-set seconds=%lld; records have "
		    "the "
		    "new time, and nothing else depends on it but the age of what is kept",
		    by < 0 ? "back" : "forward", (long long)(by < 0 ? -by : by), (long long)by);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct parent *p = ctx;
	bool all = workers_alive(p);
	(void)fd;
	(void)what;
	clock_tick(p);
	list_start(p);
	change_tick(p);
	orders_tick(p);
	gates_tick(p);
	guard_tick(p);
	bypass_tick(p);
	offload_tick(p);
	plain_tick(p);
	refused_tick(p);
	counts_tick(p);
	uses_tick(p);
	taps_tick(p);
	pthread_mutex_lock(&p->policy_lock);
	record_tick(p->record, p->img, clock_ns(CLOCK_MONOTONIC));
	pthread_mutex_unlock(&p->policy_lock);
	if (all)
		sd_notify(0, "WATCHDOG=1");
}

static void say_counters(struct worker *w)
{
	worker_lock(w);
	say(LOG_INFO,
	    "inspector %u: pid %d, %" PRIu64 " packets, %" PRIu64 " restarts, %" PRIu64
	    " dropped while down, %" PRIu64 " overruns",
	    w->index, (int)w->pid, w->sent, w->restarts, w->dropped_down, worker_overruns(w));
	worker_unlock(w);
}

static void notify_ready(const struct parent *p)
{
	(void)p; /* without systemd */
	sd_notify(0,
		  p->model->mode == MODE_OBSERVE
			  ? "READY=1\nSTATUS=only watching: mode = \"observe\", nothing is refused"
			  : "READY=1\nSTATUS=enforcing");
}

void reopen_logs(struct parent *p)
{
	pthread_mutex_lock(&p->policy_lock);
	record_reopen(p->record);
	pthread_mutex_unlock(&p->policy_lock);
}

static void load_by_signal(struct parent *p)
{
	const struct change c = {
		.verb = "reload", .origin = "file", .why = "", .other = "SIGHUP"
	};
	struct outcome o;
	outcome_init(&o);
	sd_notify(0, "RELOADING=1");
	change_reload(p, &c, &o);
	notify_ready(p);
	outcome_free(&o);
}

static void on_signal(evutil_socket_t sig, short what, void *ctx)
{
	struct parent *p = ctx;
	(void)what;
	if (sig == SIGHUP) {
		load_by_signal(p);
	} else if (sig == SIGUSR2) {
		reopen_logs(p);
	} else if (sig == SIGUSR1) {
		for (unsigned i = 0; i < p->n; i++)
			say_counters(&p->worker[i]);
	} else {
		p->stopping = true;
		event_base_loopbreak(p->base);
	}
}

/* ---- the main thread's loop ---- */

static bool watch(struct parent *p, int fd, short what, event_callback_fn cb)
{
	struct timeval every = { .tv_usec = TIMER_MS * 1000 };
	struct event *e = p->n_events < EVENTS_MAX
				  ? event_new(p->base, fd, (short)(what | EV_PERSIST), cb, p)
				  : NULL;
	if (e)
		p->event[p->n_events++] = e;
	return e && event_add(e, what == 0 ? &every : NULL) == 0;
}

static bool watch_all(struct parent *p)
{
	bool ok = watch(p, mnl_socket_get_fd(p->nflog), EV_READ, on_nflog) &&
		  watch(p, mnl_socket_get_fd(p->list.nl), EV_READ, on_list) &&
		  watch(p, p->spawner.fd, EV_READ, on_spawner) &&
		  watch(p, guard_wake_fd(p), EV_READ, on_guard) &&
		  watch(p, bypass_fd(p), EV_READ, on_bypass) && watch(p, -1, 0, on_timer);
	if (p->ctwatch)
		ok = ok && watch(p, mnl_socket_get_fd(p->ctwatch), EV_READ, on_ctwatch);
	if (p->links)
		ok = ok && watch(p, mnl_socket_get_fd(p->links), EV_READ, on_links);
	for (size_t i = 0; i < N_SIGNALS; i++)
		ok = ok && watch(p, signals[i], EV_SIGNAL, on_signal);
	ok = ok && taps_watch(p);
	return ok;
}

int events_open(struct parent *p)
{
	errno = ENOMEM; /* not all of libevent's failures have a number */
	p->base = event_base_new();
	if (p->base && watch_all(p))
		return 0;
	int err = errno ? -errno : -ENOMEM;
	events_close(p);
	return err;
}

/* The signals are blocked, since no handler is left and none may end zoned half-way. */
void events_close(struct parent *p)
{
	sigset_t ours;
	sigemptyset(&ours);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(&ours, signals[i]);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	taps_unwatch(p);
	while (p->n_events > 0)
		event_free(p->event[--p->n_events]);
	if (p->base)
		event_base_free(p->base);
	p->base = NULL;
}

static int run_parent(struct parent *p)
{
	/* whoever asks and does not wait for the answer must not end us */
	signal(SIGPIPE, SIG_IGN);
	if (!parent_start(p))
		return 1;
	errors_to_stderr = false;
	say(LOG_NOTICE, "generation %u is in force: %zu zones, %zu conduits, %u inspectors",
	    p->generation, p->model->n_zones - 1, p->model->n_conduits, p->n);
	watching_say(p);
	offload_say(p);
	notify_ready(p);
	event_base_dispatch(p->base);
	sd_notify(0, "STOPPING=1");
	parent_stop(p);
	return p->stopping ? 0 : 1;
}

static int zoned_usage(FILE *f)
{
	fputs("usage: zoned [-dn] [-C SOCKET] [-f FILE] [-R RULESDIR] [-S DIRECTORY] [-u USER]\n   "
	      "    zoned "
	      "--flush | --help | --version\n",
	      f);
	return f == stdout ? 0 : 2;
}

static int flush_table(void)
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

/* Somebody may read it: it is open, and not the journal, which has the lines from syslog. */
static bool stderr_is_read(void)
{
	struct stat s;
	char is[64];
	const char *journal = getenv("JOURNAL_STREAM");
	if (fstat(STDERR_FILENO, &s))
		return false;
	snprintf(is, sizeof(is), "%ju:%ju", (uintmax_t)s.st_dev, (uintmax_t)s.st_ino);
	return !journal || strcmp(journal, is) != 0;
}

static struct model *checked_model(const struct parent *p)
{
	struct errs errs;
	errs_init(&errs);
	struct model *m = load_model(p, &errs);
	if (m && !signature_check(m, NULL, &errs)) {
		model_free(m);
		m = NULL;
	}
	say_errors(&errs);
	errs_free(&errs);
	return m;
}

int main(int argc, char **argv)
{
	static struct first first;
	static struct parent p = { .first = &first,
				   .history_path = ZONED_STATEDIR,
				   .path = ZONED_CONF,
				   .rules = ZONED_RULESDIR,
				   .policy_lock = PTHREAD_MUTEX_INITIALIZER,
				   .control_path = ZONED_RUNDIR "/control" };
	bool check = false;
	int opt;
	if (argc == 2 && strcmp(argv[1], "--flush") == 0)
		return flush_table();
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return zoned_usage(stdout);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("zoned %s (libevent %s)\n", PACKAGE_VERSION, event_get_version()) < 0;
	while ((opt = getopt(argc, argv, "dnC:f:R:S:u:")) != -1) {
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
		else if (opt == 'S')
			p.history_path = optarg;
		else if (opt == 'u')
			p.user = optarg;
		else
			return zoned_usage(stderr);
	}
	if (optind != argc)
		return zoned_usage(stderr);
	to_stderr = p.foreground || check || isatty(2);
	/* asked before a descriptor is opened that could get its number */
	errors_to_stderr = stderr_is_read();
	openlog("zoned", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	p.model = check ? checked_model(&p) : first_model(&p);
	if (!p.model)
		return EXIT_MODEL;
	int status = check ? 0 : run_parent(&p);
	model_free(p.model);
	return status;
}
