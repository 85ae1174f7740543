/* SPDX-License-Identifier: MIT
 * Orders for evidence, and the thread that carries them out. */
#include "evidence/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/pages.h"
#include "base/thread.h"
#include "evidence/directory.h"
#include "evidence/job.h"

enum {
	COLLECT_MS = 50,		  /* while packets are waited for */
	LOOK_MS = EVIDENCE_LOOK_S * 1000, /* at the directory, and how seldom trouble is reported */
	TEXT = 512,
};

static const uint64_t MS = 1000000, SECOND = 1000000000;

struct evidence {
	struct evidence_conf conf;
	struct evidence_ring **ring;
	/* orders: put by who asks, taken by the thread */
	struct evidence_task *order; /* EVIDENCE_ORDERS */
	_Alignas(64) atomic_uint put, taken;
	sem_t more;
	uint64_t tokens_ns, told_ns; /* of who asks: SECOND / EVIDENCE_RATE is one file's */
	/* the thread's */
	pthread_t thread;
	bool started;
	atomic_bool closing;
	struct evidence_job *job; /* EVIDENCE_JOBS */
	uint8_t *octets;	  /* of their packets */
	size_t octets_size;
	struct pcapng_file file;
	struct evidence_directory directory;
	uint64_t look_ns, trouble_ns; /* when the next is due */
	int err;		      /* the last one; 0: files are written */
	bool reported;		      /* and its end is not */
	uint64_t lost_since;	      /* files, since it was last reported */
	/* counted by both, read by anybody */
	atomic_ullong written, removed, files, bytes, lost[EVIDENCE_LOSSES];
};

static uint64_t monotonic_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

const char *evidence_loss_name(enum evidence_loss why)
{
	static const char *const names[EVIDENCE_LOSSES] = {
		[EVIDENCE_NO_RECORD] = "no_record",
		[EVIDENCE_TOO_MANY] = "too_many",
		[EVIDENCE_WAITED] = "waited",
		[EVIDENCE_FULL] = "disk_full",
		[EVIDENCE_NO_DIRECTORY] = "no_directory",
		[EVIDENCE_NO_RIGHTS] = "no_rights",
		[EVIDENCE_NOT_WRITTEN] = "not_written",
	};
	return names[why];
}

static void count_lost(struct evidence *e, enum evidence_loss why)
{
	atomic_fetch_add_explicit(&e->lost[why], 1, memory_order_relaxed);
}

/* ---- who asks ---- */

struct evidence_ring *evidence_ring_of(struct evidence *e, unsigned ring)
{
	return e && ring < e->conf.rings ? e->ring[ring] : NULL;
}

void evidence_no_record(struct evidence *e)
{
	count_lost(e, EVIDENCE_NO_RECORD);
}

static bool within_rate(struct evidence *e, uint64_t now_ns)
{
	const uint64_t one = SECOND / EVIDENCE_RATE, most = EVIDENCE_BURST * one;
	if (now_ns > e->told_ns) {
		e->tokens_ns += now_ns - e->told_ns;
		e->told_ns = now_ns;
	}
	if (e->tokens_ns > most)
		e->tokens_ns = most;
	if (e->tokens_ns < one)
		return false;
	e->tokens_ns -= one;
	return true;
}

static bool copy_text(char *to, size_t room, const char *text)
{
	size_t n = strlen(text);
	bool fits = n < room;
	n = fits ? n : room - 1;
	memcpy(to, text, n);
	to[n] = '\0';
	return fits;
}

void evidence_ask(struct evidence *e, const struct evidence_order *o, uint64_t now_ns)
{
	if (!within_rate(e, now_ns)) {
		count_lost(e, EVIDENCE_TOO_MANY);
		return;
	}
	unsigned put = atomic_load_explicit(&e->put, memory_order_relaxed);
	struct evidence_task *t = &e->order[put % EVIDENCE_ORDERS];
	if (put - atomic_load_explicit(&e->taken, memory_order_acquire) >= EVIDENCE_ORDERS ||
	    o->ring >= e->conf.rings || !copy_text(t->id, sizeof(t->id), o->id)) {
		count_lost(e, EVIDENCE_WAITED);
		return;
	}
	copy_text(t->line, sizeof(t->line), o->line);
	t->ring = o->ring;
	t->place = o->place;
	t->flow = o->flow;
	atomic_store_explicit(&e->put, put + 1, memory_order_release);
	sem_post(&e->more);
}

/* ---- the thread: what the disk says ---- */

static enum evidence_loss loss_of(int err)
{
	switch (-err) {
	case ENOSPC:
	case EDQUOT:
		return EVIDENCE_FULL;
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
		return EVIDENCE_NO_DIRECTORY;
	case EACCES:
	case EPERM:
	case EROFS:
		return EVIDENCE_NO_RIGHTS;
	default:
		return EVIDENCE_NOT_WRITTEN;
	}
}

/* At most one report of trouble and one of its end in LOOK_MS, also where every other file is
 * taken. */
static void note_trouble(struct evidence *e, int err, uint64_t now_ns)
{
	char text[TEXT];
	if (err && (err != e->err || e->lost_since) && now_ns >= e->trouble_ns) {
		snprintf(text, sizeof(text),
			 "evidence: %s: %s; %" PRIu64 " files of it were lost; packets are not "
			 "concerned",
			 e->conf.directory, strerror(-err), e->lost_since);
		e->conf.say(e->conf.ctx, true, text);
		e->trouble_ns = now_ns + LOOK_MS * MS;
		e->reported = true;
		e->lost_since = 0;
	} else if (!err && (e->reported || (e->lost_since && now_ns >= e->trouble_ns))) {
		snprintf(text, sizeof(text),
			 "evidence: %s is written again; %" PRIu64 " more files of it were lost",
			 e->conf.directory, e->lost_since);
		e->conf.say(e->conf.ctx, false, text);
		e->reported = false;
		e->lost_since = 0;
	}
	e->err = err;
}

static void show_counts(struct evidence *e)
{
	const struct evidence_directory *d = &e->directory;
	atomic_store_explicit(&e->files, d->n, memory_order_relaxed);
	atomic_store_explicit(&e->bytes, d->bytes, memory_order_relaxed);
	atomic_store_explicit(&e->removed, d->removed, memory_order_relaxed);
}

static void look_at_directory(struct evidence *e, uint64_t now_ns)
{
	if (now_ns < e->look_ns)
		return;
	e->look_ns = now_ns + LOOK_MS * MS;
	int err = evidence_directory_look(&e->directory, time(NULL));
	/* that it can be read does not say that it can be written */
	if (err || !e->err)
		note_trouble(e, err, now_ns);
	show_counts(e);
}

/* ---- the thread: one event ---- */

static void finish_job(struct evidence *e, struct evidence_job *job, uint64_t now_ns)
{
	job_collect(job, &e->conf, e->ring[job->task.ring]);
	job_file(job, &e->conf, &e->file);
	int err = evidence_directory_put(&e->directory, job->task.id, e->file.p, e->file.len);
	if (err) {
		count_lost(e, loss_of(err));
		e->lost_since++;
	} else {
		atomic_fetch_add_explicit(&e->written, 1, memory_order_relaxed);
	}
	note_trouble(e, err, now_ns);
	show_counts(e);
	job->used = false;
}

/* A free one, or that which has waited longest, whose file is written then. */
static struct evidence_job *next_job(struct evidence *e, uint64_t now_ns)
{
	struct evidence_job *oldest = NULL;
	for (unsigned i = 0; i < EVIDENCE_JOBS; i++) {
		struct evidence_job *job = &e->job[i];
		if (!job->used)
			return job;
		if (!oldest || job->until_ns < oldest->until_ns)
			oldest = job;
	}
	finish_job(e, oldest, now_ns);
	return oldest;
}

static void take_orders(struct evidence *e, uint64_t now_ns)
{
	unsigned taken = atomic_load_explicit(&e->taken, memory_order_relaxed);
	for (; taken != atomic_load_explicit(&e->put, memory_order_acquire); taken++) {
		struct evidence_job *job = next_job(e, now_ns);
		job->task = e->order[taken % EVIDENCE_ORDERS];
		atomic_store_explicit(&e->taken, taken + 1, memory_order_release);
		job->used = true;
		job_begin(job, &e->conf, e->ring[job->task.ring], now_ns);
	}
}

/* How many are still waited for. */
static unsigned collect_jobs(struct evidence *e, uint64_t now_ns, bool closing)
{
	unsigned n = 0;
	for (unsigned i = 0; i < EVIDENCE_JOBS; i++) {
		struct evidence_job *job = &e->job[i];
		if (!job->used)
			continue;
		if (job_collect(job, &e->conf, e->ring[job->task.ring]) || closing ||
		    now_ns >= job->until_ns)
			finish_job(e, job, now_ns);
		n += job->used;
	}
	return n;
}

static void wait_until(struct evidence *e, uint64_t ns)
{
	const struct timespec until = { .tv_sec = (time_t)(ns / SECOND),
					.tv_nsec = (long)(ns % SECOND) };
	sem_clockwait(&e->more, CLOCK_MONOTONIC, &until);
}

static void *keep_evidence(void *ctx)
{
	struct evidence *e = ctx;
	unsigned jobs = 0;
	for (bool closing = false; !closing;) {
		uint64_t now = monotonic_ns();
		wait_until(e, now + (jobs ? COLLECT_MS : LOOK_MS) * MS);
		closing = atomic_load(&e->closing);
		now = monotonic_ns();
		look_at_directory(e, now);
		take_orders(e, now);
		jobs = collect_jobs(e, now, closing);
	}
	return NULL;
}

/* ---- its life ---- */

static bool make_rings(struct evidence *e)
{
	const struct evidence_conf *c = &e->conf;
	e->ring = calloc(c->rings, sizeof(struct evidence_ring *));
	for (unsigned i = 0; e->ring && i < c->rings; i++) {
		e->ring[i] = evidence_ring_new(c->memory, c->snap);
		if (!e->ring[i])
			return false;
	}
	return e->ring != NULL;
}

static bool make_jobs(struct evidence *e)
{
	const struct evidence_conf *c = &e->conf;
	size_t each = (size_t)(c->before + 1 + c->after) * c->snap;
	e->octets_size = each * EVIDENCE_JOBS;
	e->octets = pages_map(e->octets_size);
	e->job = calloc(EVIDENCE_JOBS, sizeof(*e->job));
	e->order = calloc(EVIDENCE_ORDERS, sizeof(*e->order));
	e->file.room = job_file_max(c);
	e->file.p = malloc(e->file.room);
	for (unsigned i = 0; e->octets && e->job && i < EVIDENCE_JOBS; i++)
		e->job[i].octets = e->octets + i * each;
	return e->octets && e->job && e->order && e->file.p;
}

struct evidence *evidence_open(const struct evidence_conf *c)
{
	struct evidence *e = aligned_alloc(64, (sizeof(*e) + 63) / 64 * 64);
	if (!e)
		return NULL;
	memset(e, 0, sizeof(*e));
	e->conf = *c;
	e->tokens_ns = EVIDENCE_BURST * (SECOND / EVIDENCE_RATE);
	e->told_ns = monotonic_ns();
	e->directory = (struct evidence_directory){ .path = c->directory,
						    .bytes_max = c->bytes_max,
						    .seconds_max = c->seconds_max };
	sem_init(&e->more, 0, 0);
	if (make_rings(e) && make_jobs(e) && evidence_directory_open(&e->directory))
		return e;
	evidence_close(e);
	return NULL;
}

int evidence_start(struct evidence *e)
{
	sem_post(&e->more); /* it looks at the directory first */
	int err = thread_start(&e->thread, keep_evidence, e);
	e->started = err == 0;
	return err;
}

bool evidence_stop(struct evidence *e, unsigned ms)
{
	struct timespec until;
	if (!e->started)
		return true;
	atomic_store(&e->closing, true);
	sem_post(&e->more);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	e->started = pthread_clockjoin_np(e->thread, NULL, CLOCK_MONOTONIC, &until) != 0;
	return !e->started;
}

void evidence_close(struct evidence *e)
{
	if (!e)
		return;
	for (unsigned i = 0; e->ring && i < e->conf.rings; i++)
		evidence_ring_free(e->ring[i]);
	free(e->ring);
	pages_unmap(e->octets, e->octets_size);
	free(e->job);
	free(e->order);
	free(e->file.p);
	evidence_directory_close(&e->directory);
	sem_destroy(&e->more);
	free(e);
}

void evidence_stats(const struct evidence *e, struct evidence_stats *s)
{
	*s = (struct evidence_stats){ .written = atomic_load(&e->written),
				      .removed = atomic_load(&e->removed),
				      .files = atomic_load(&e->files),
				      .bytes = atomic_load(&e->bytes) };
	s->waiting = atomic_load(&e->put) - atomic_load(&e->taken);
	for (unsigned i = 0; i < EVIDENCE_LOSSES; i++)
		s->lost[i] = atomic_load(&e->lost[i]);
}
