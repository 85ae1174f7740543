/* SPDX-License-Identifier: MIT
 *
 * Our ruleset, changed by others. Where the kernel can lock the table nobody
 * else changes it. Elsewhere a thread hears of each transaction on nftables. One that
 * changes our table is answered at once by a small table that forwards nothing; then the
 * main thread compares what is there with what was committed, puts it right, and opens again.
 * So the time without rules is that of a kernel's notice, however large the plant.
 *
 * Nothing is read back while nobody changes anything: the number of the kernel's
 * ruleset is asked for in each tick, and another one that no notice explains
 * has the whole table compared.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "base/thread.h"
#include "daemon/orders.h"
#include "daemon/parent.h"
#include "daemon/taps.h"
#include "nft/guard.h"

enum { REPAIRS = 4, WHAT_MAX = 80 };
/* Between comparisons of the whole table, when others change something. */
#define WHOLE_NS UINT64_C(60000000000)
#define STILL_NS UINT64_C(2000000000) /* without a tick: zoned stood still */

struct guard {
	struct nft_watch watch;
	struct mnl_socket *writer; /* closes and opens, never waits for a commit */
	int wake;		   /* eventfd: something for the main thread */
	int end;		   /* eventfd: the thread shall return */
	pthread_t thread;
	/* Guards all that follows up to the next comment, and what is read from watch and written
	 * by writer: what the guard's thread heard, for the main thread. No other lock is taken
	 * under it. */
	pthread_mutex_t notices_lock;
	/* transactions of others that changed our table, or of which nothing is known */
	unsigned touched;
	bool lost; /* since the last look */
	/* others may have said of which flows connections are, since the last look */
	bool known;
	/* others changed what can lead packets past us, since the last look */
	bool bypass;
	bool closed;
	bool watches; /* the site is only watched: forwarding goes on, whatever others change */
	/* of the notices that are being read: when, and how long they had waited for us */
	uint64_t woke_ns, delay_ns;
	uint64_t well_ns;		   /* time at which the timer last found all well */
	uint64_t unfiltered_ns, closed_ns; /* the longest since the last look; since when */
	struct nft_notice by;		   /* the last who touched it */
	/* main thread only */
	uint64_t key[2];
	/* what was committed; its genid: the last at which the table was seen to be that */
	struct nft_digest whole;
	bool valid;	  /* whole is */
	unsigned handled; /* of touched */
	uint64_t compared_ns;
	bool foreign; /* generations of others since then */
	uint64_t repairs;
	char last[256]; /* the last repair, told */
};

/* ---- the thread: hear, and close ---- */

/* Since when it may have been open: since the notice was there, or, if all of zoned stood still
 * (stopped, a suspended machine), since it was last seen to be well. */
static uint64_t open_since(const struct guard *g)
{
	uint64_t notice = g->woke_ns - g->delay_ns;
	return g->well_ns && notice > g->well_ns + STILL_NS ? g->well_ns : notice;
}

/* Under notices_lock. */
static void close_forwarding(struct guard *g)
{
	if (g->watches)
		return;
	int err = g->closed ? 0 : nft_forwarding_stop(g->writer);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	if (err)
		say(LOG_CRIT, "somebody changes our table, and forwarding cannot be stopped: %s",
		    strerror(-err));
	else if (!g->closed)
		g->closed_ns = now;
	g->closed |= !err;
	uint64_t open = now - open_since(g);
	if (open > g->unfiltered_ns)
		g->unfiltered_ns = open;
}

static void on_notice(void *ctx, const struct nft_notice *n, bool whole)
{
	struct guard *g = ctx;
	g->bypass |= n->others || n->lost;
	if (n->lost && !nft_present(g->writer))
		close_forwarding(g);
	g->lost |= n->lost;
	g->known |= n->known || n->lost;
	if (n->ours && !whole) {
		g->closed = false; /* the remover of our table may have removed that too */
		close_forwarding(g);
		g->touched++;
	}
	if (n->ours)
		g->by = *n;
}

/* Under notices_lock. */
static void hear_notices(struct guard *g, uint64_t delay_ns)
{
	g->woke_ns = clock_ns(CLOCK_MONOTONIC);
	g->delay_ns = delay_ns;
	int err = nft_watch_read(&g->watch, on_notice, g);
	if (err) {
		say(LOG_ERR, "notices of nftables: %s", strerror(-err));
		g->lost = true;
	}
}

/* Time that this thread has waited for a core since it began, in ns; 0 where the kernel does not
 * report it. */
static uint64_t waited_ns(int schedstat)
{
	char text[128];
	uint64_t waited = 0;
	ssize_t n = schedstat < 0 ? 0 : pread(schedstat, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return sscanf(text, "%*u %" SCNu64, &waited) == 1 ? waited : 0;
}

static void *listen_to_notices(void *ctx)
{
	struct guard *g = ctx;
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/task/%ld/schedstat", (long)syscall(SYS_gettid));
	int schedstat = open(path, O_RDONLY | O_CLOEXEC);
	struct pollfd fds[] = { { .fd = mnl_socket_get_fd(g->watch.nl), .events = POLLIN },
				{ .fd = g->end, .events = POLLIN } };
	while (!fds[1].revents) {
		uint64_t before = waited_ns(schedstat), one = 1;
		if (poll(fds, 2, -1) < 1)
			continue;
		uint64_t delay = waited_ns(schedstat) - before;
		pthread_mutex_lock(&g->notices_lock);
		hear_notices(g, delay);
		bool wake = g->touched != g->handled || g->lost || g->bypass;
		pthread_mutex_unlock(&g->notices_lock);
		if (wake && write(g->wake, &one, sizeof(one)) < 0)
			say(LOG_ERR, "the main thread cannot be woken: %s", strerror(errno));
	}
	if (schedstat >= 0)
		close(schedstat);
	return NULL;
}

/* ---- the main thread: compare, and put right ---- */

unsigned guard_seen(struct parent *p)
{
	struct guard *g = p->guard;
	pthread_mutex_lock(&g->notices_lock);
	hear_notices(g, 0);
	unsigned touched = g->touched;
	pthread_mutex_unlock(&g->notices_lock);
	return touched;
}

void guard_watches(struct parent *p, bool watches)
{
	struct guard *g = p->guard;
	pthread_mutex_lock(&g->notices_lock);
	g->watches = watches;
	pthread_mutex_unlock(&g->notices_lock);
}

void guard_committed(struct parent *p, unsigned seen)
{
	struct guard *g = p->guard;
	int err = nft_digest_read(p->nl, g->key, &g->whole);
	if (err)
		say(LOG_ERR, "the table cannot be read back: %s", strerror(-err));
	g->valid = !err && g->whole.present && guard_seen(p) == seen;
	g->compared_ns = clock_ns(CLOCK_MONOTONIC);
	g->foreign = false;
}

/* Forward again, unless somebody has changed the table since it was looked at. */
static bool open_forwarding(struct guard *g, unsigned seen, uint64_t *dropped)
{
	pthread_mutex_lock(&g->notices_lock);
	hear_notices(g, 0);
	bool same = g->touched == seen && !g->lost;
	int err = same ? nft_forwarding_start(g->writer, dropped) : 0;
	if (err)
		say(LOG_CRIT, "forwarding cannot be opened again: %s", strerror(-err));
	if (same && !err) {
		g->closed = false;
		g->handled = seen;
	}
	pthread_mutex_unlock(&g->notices_lock);
	return same && !err;
}

/* Is the table what it should be? Else `what` has the names of the parts that differ. */
static bool compare_table(const struct guard *g, const struct nft_digest *d, char what[WHAT_MAX])
{
	size_t at = 0;
	what[0] = '\0';
	if (!g->valid || !d->present) {
		snprintf(what, WHAT_MAX, "%s", d->present ? "unknown" : "removed");
		return false;
	}
	for (enum nft_part i = 0; i < NFT_PARTS; i++)
		if (d->part[i] != g->whole.part[i] && at < WHAT_MAX)
			at += (size_t)snprintf(what + at, WHAT_MAX - at, "%s%s", at ? "," : "",
					       nft_part_name(i));
	return at == 0;
}

struct damage {
	unsigned repairs;
	bool right; /* the table is what it should be, and what was closed is open */
	char what[WHAT_MAX];
	uint64_t dropped;
};

/* Commit again and forget learned flows: packets fill the maps again. */
static void begin_to_know(struct parent *p)
{
	commit_again(p);
	if (p->fast)
		fastpath_unlearn(p->fast);
}

/* Compare until the table was seen to be right and nobody has touched it since; put it right in
 * between. */
static void put_right(struct parent *p, struct damage *d)
{
	struct guard *g = p->guard;
	for (unsigned i = 0; i <= REPAIRS && !d->right; i++) {
		char what[WHAT_MAX];
		struct nft_digest now;
		pthread_mutex_lock(&g->notices_lock);
		hear_notices(g, 0);
		unsigned seen = g->touched;
		bool known = g->known, lost = g->lost;
		g->lost = g->known = false;
		pthread_mutex_unlock(&g->notices_lock);
		if (known)
			begin_to_know(p);
		int err = nft_digest_read(p->nl, g->key, &now);
		if (!err && known && !lost) {
			d->repairs++;
			snprintf(d->what, sizeof(d->what), "known");
		}
		if (!err && compare_table(g, &now, what)) {
			g->whole.genid = now.genid;
			d->right = open_forwarding(g, seen, &d->dropped);
			continue;
		}
		if (!d->what[0])
			snprintf(d->what, sizeof(d->what), "%s", err ? "unreadable" : what);
		d->repairs++;
		commit_again(p);
	}
	g->compared_ns = clock_ns(CLOCK_MONOTONIC);
	g->foreign = false;
}

static void tell_touched(struct guard *g, const struct damage *d, uint64_t unfiltered_ns,
			 uint64_t closed_ns)
{
	struct nft_notice by;
	pthread_mutex_lock(&g->notices_lock);
	by = g->by;
	bool closed = g->closed;
	pthread_mutex_unlock(&g->notices_lock);
	snprintf(g->last, sizeof(g->last),
		 "program=\"%s\" pid=%u changed=%s unfiltered_ms=%.1f closed_ms=%.1f "
		 "dropped=%" PRIu64 " result=%s",
		 by.program[0] ? by.program : "?", by.pid, d->what[0] ? d->what : "nothing",
		 (double)unfiltered_ns / 1e6, (double)closed_ns / 1e6, d->dropped,
		 !d->right    ? closed ? "closed" : "unverified"
		 : d->repairs ? "restored"
			      : "unchanged");
	say(d->repairs || !d->right ? LOG_CRIT : LOG_WARNING,
	    "another program touched our table inet zoned: event=table-changed %s%s", g->last,
	    d->right ? ""
	    : closed ? "; it cannot be put right, and nothing is forwarded"
		     : "; it cannot be compared, and is looked at again");
}

/* All that there is to do after notices, or when there may have been some. */
static void look_at_table(struct parent *p)
{
	struct guard *g = p->guard;
	struct damage d = { 0 };
	pthread_mutex_lock(&g->notices_lock);
	hear_notices(g, 0);
	bool touched = g->touched != g->handled, lost = g->lost, bypass = g->bypass;
	g->bypass = false;
	pthread_mutex_unlock(&g->notices_lock);
	if (touched || lost || !g->valid || g->foreign) {
		orders_tick(p); /* else what the kernel has closed would be a difference */
		gates_tick(p);
		put_right(p, &d);
		if (p->taps) /* their sets may be empty now */
			reactions_again(p);
		uint64_t now = clock_ns(CLOCK_MONOTONIC);
		pthread_mutex_lock(&g->notices_lock);
		uint64_t unfiltered = g->unfiltered_ns,
			 closed = unfiltered ? now - g->closed_ns : 0;
		if (d.right)
			g->unfiltered_ns = 0;
		pthread_mutex_unlock(&g->notices_lock);
		g->repairs += d.repairs;
		if (touched || d.repairs || !d.right)
			tell_touched(g, &d, unfiltered, closed);
	}
	if (bypass)
		bypass_look(p);
}

void on_guard(evutil_socket_t fd, short what, void *ctx)
{
	uint64_t n;
	(void)what;
	if (read(fd, &n, sizeof(n)) == sizeof(n))
		look_at_table(ctx);
}

/* Another number of the kernel's ruleset without a notice about our table is somebody else's
 * business; now and then the table is compared all the same. */
void guard_tick(struct parent *p)
{
	struct guard *g = p->guard;
	uint32_t genid = 0;
	int err = nft_genid(p->nl, &genid);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	bool moved = err || genid != g->whole.genid;
	pthread_mutex_lock(&g->notices_lock);
	hear_notices(g, 0);
	bool due = g->touched != g->handled || g->lost || g->bypass || !g->valid;
	pthread_mutex_unlock(&g->notices_lock);
	g->foreign |= moved && now - g->compared_ns > WHOLE_NS;
	if (due || g->foreign)
		look_at_table(p);
	pthread_mutex_lock(&g->notices_lock);
	g->well_ns = now;
	pthread_mutex_unlock(&g->notices_lock);
}

/* ---- start, status ---- */

int guard_wake_fd(const struct parent *p)
{
	return p->guard->wake;
}

static int make_notices_lock(struct guard *g)
{
	pthread_mutexattr_t attr;
	int err = -pthread_mutexattr_init(&attr);
	if (err)
		return err;
	/* nor behind the main thread, behind others */
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	err = -pthread_mutex_init(&g->notices_lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return err;
}

static void close_guard(struct guard *g)
{
	if (g->watch.nl)
		mnl_socket_close(g->watch.nl);
	nft_close(g->writer);
	if (g->wake >= 0)
		close(g->wake);
	if (g->end >= 0)
		close(g->end);
	free(g);
}

int guard_open(struct parent *p)
{
	struct guard *g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g->writer = nft_open();
	bool ok = g->wake >= 0 && g->end >= 0 && g->writer &&
		  getrandom(g->key, sizeof(g->key), 0) == sizeof(g->key);
	int err = ok ? make_notices_lock(g) : -errno;
	if (!err) {
		err = nft_watch_open(&g->watch, p->nl, g->writer);
		if (err)
			pthread_mutex_destroy(&g->notices_lock);
	}
	if (err)
		close_guard(g);
	else
		p->guard = g;
	return err;
}

void guard_close(struct parent *p)
{
	pthread_mutex_destroy(&p->guard->notices_lock);
	close_guard(p->guard);
	p->guard = NULL;
}

/* Raise this thread's priority, which the guard's thread inherits. Its work takes a fraction of a
 * millisecond, and until it is done all is open, so it should not wait for a core. Without rights a
 * priority can be given up, but not raised. */
bool guard_before_others(void)
{
	const struct sched_param lowest = { .sched_priority = 1 };
	return sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
}

int guard_start(struct parent *p)
{
	const struct sched_param none = { 0 };
	uint64_t dropped;
	/* closed by one that ended before it could open again */
	int err = nft_forwarding_start(p->guard->writer, &dropped);
	if (!err)
		err = thread_start(&p->guard->thread, listen_to_notices, p->guard);
	if (!err && sched_setscheduler(0, SCHED_OTHER, &none)) {
		err = -errno;
		guard_stop(p);
	}
	return err;
}

void guard_stop(struct parent *p)
{
	uint64_t one = 1;
	if (write(p->guard->end, &one, sizeof(one)) < 0)
		say(LOG_ERR, "the guard's thread cannot be woken: %s", strerror(errno));
	pthread_join(p->guard->thread, NULL);
}

json_t *guard_status(const struct parent *p)
{
	struct guard *g = p->guard;
	pthread_mutex_lock(&g->notices_lock);
	bool closed = g->closed;
	unsigned touched = g->touched;
	pthread_mutex_unlock(&g->notices_lock);
	return json_pack("{s:b,s:i,s:I,s:b,s:s}", "locked", p->locks_table, "touched", (int)touched,
			 "repairs", (json_int_t)g->repairs, "closed", closed, "last", g->last);
}
