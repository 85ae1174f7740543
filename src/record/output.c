/* SPDX-License-Identifier: MIT
 * One output (output.h). */
#include "record/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "record/file.h"
#include "record/forms.h"
#include "record/line.h"
#include "record/socket.h"
#include "record/spool.h"
#include "store/store.h"

enum {
	HUNG_MS = 2000, /* a full queue is reported after that */
	HUNG_STEP_MS = 100,
	BACK_OFF_MS = 50, /* between attempts to reach a listener: twice as long each time, */
	BACK_OFF_MS_MAX = 1000,
	LEAVE_MS = 2 * BACK_OFF_MS_MAX, /* in which a thread sees that it is to end */
	DAY = 86400,
};

enum { TEXT, CUT }; /* what the spool has; CUT: it had no room in a line of it */

struct transport;

struct output {
	struct output_conf conf;
	char *path;
	const struct transport *by;
	form_event *event;
	form_line *line; /* NULL: takes events alone */
	struct form form;
	struct spool *spool; /* NULL: who records writes */
	/* the writing thread's */
	struct line_file file;
	struct datagram_socket socket;
	struct store *store;
	uint64_t told;	   /* how many lost ones are reported */
	uint64_t told_day; /* when the head of the store was logged */
	/* read and set by others */
	atomic_bool reopen, ending;
	atomic_ullong written, lost;
	atomic_int err;
};

/* What a transport does with a text; all in the writing thread. */
struct transport {
	int (*put)(struct output *o, int priority, const char *text); /* 0 or -errno */
	bool waits;						      /* it may take it later */
	int (*idle)(struct output *o);	    /* nothing more waits; or NULL */
	uint64_t (*kept)(struct output *o); /* texts taken that idle() may still lose; or NULL */
	int (*open)(struct output *o);
	int (*reopen)(struct output *o); /* or NULL */
	void (*close)(struct output *o);
};

static uint64_t output_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void tell_outputs(struct output *o, int priority, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void tell_outputs(struct output *o, int priority, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	o->conf.say(o->conf.say_ctx, NULL, priority, text);
}

/* ---- transports ---- */

static int open_nothing(struct output *o)
{
	(void)o;
	return 0;
}

static void close_nothing(struct output *o)
{
	(void)o;
}

static int put_call(struct output *o, int priority, const char *text)
{
	o->conf.call(o->conf.call_ctx, priority, text);
	return 0;
}

static int put_datagram(struct output *o, int priority, const char *text)
{
	(void)priority;
	return socket_put(&o->socket, text, strlen(text));
}

static void close_datagram(struct output *o)
{
	socket_close(&o->socket);
}

static int open_file(struct output *o)
{
	return line_file_open(&o->file, o->path);
}

static int put_file(struct output *o, int priority, const char *text)
{
	(void)priority;
	return line_file_put(&o->file, text, strlen(text));
}

static int reopen_file(struct output *o)
{
	int err = line_file_reopen(&o->file);
	if (err && o->file.fd >= 0) {
		tell_outputs(
			o, LOG_ERR,
			"records: %s cannot be opened again: %s; records go on where they went",
			o->path, strerror(-err));
		return 0;
	}
	return err;
}

static void close_file(struct output *o)
{
	line_file_close(&o->file);
}

static uint64_t now_seconds(void)
{
	return output_now_ns() / 1000000000u;
}

static int open_store(struct output *o)
{
	const struct output_keys *k = &o->conf.keys;
	o->store = store_new(&(struct store_conf){
		.path = o->path, .bytes_max = k->bytes_max, .seconds_max = k->seconds_max });
	return o->store ? 0 : -ENOMEM;
}

static int put_store(struct output *o, int priority, const char *text)
{
	(void)priority;
	return store_put(o->store, text, now_seconds());
}

/* Once a day, and at the start: who makes another chain cannot change what other outputs have. */
static void tell_head(struct output *o)
{
	char hex[STORE_HEX];
	uint64_t day = now_seconds() / DAY, row = store_head(o->store, hex);
	if (day == o->told_day || row == 0)
		return;
	o->told_day = day;
	tell_outputs(o, LOG_INFO, "records: %s: event=store-head row=%" PRIu64 " hash=%s", o->path,
		     row, hex);
}

static int commit_store(struct output *o)
{
	int err = store_commit(o->store);
	if (!err)
		tell_head(o);
	return err;
}

static uint64_t kept_by_store(struct output *o)
{
	return store_pending(o->store);
}

static void close_store(struct output *o)
{
	store_free(o->store);
	o->store = NULL;
}

/* clang-format off */
static const struct transport
	by_call = { .put = put_call, .open = open_nothing, .close = close_nothing },
	by_datagram = { .put = put_datagram, .waits = true, .open = open_nothing, .close = close_datagram },
	by_file = { .put = put_file, .open = open_file, .reopen = reopen_file, .close = close_file },
	by_store = { .put = put_store, .idle = commit_store, .kept = kept_by_store, .open = open_store, .close = close_store };
/* clang-format on */

static void call_event(struct sb *b, const struct event_view *view, const struct form *f)
{
	(void)f;
	record_line(b, view);
	b->cut = false; /* a line that is cut is still one */
}

static void call_line(struct sb *b, const struct form_text *t, const struct form *f)
{
	(void)f;
	sb_puts(b, t->text);
	b->cut = false;
}

static const struct type {
	const char *word;
	const struct transport *by;
	form_event *event;
	form_line *line;
	/* to a file instead of a socket */
	form_event *file_event;
	form_line *file_line;
	/* clang-format off */
} types[OUTPUT_TYPES] = {
	[OUTPUT_SYSLOG] = { "syslog", &by_datagram, form_syslog_event, form_syslog_line, NULL, NULL },
	[OUTPUT_RFC5424] = { "rfc5424", &by_datagram, form_rfc5424_event, form_rfc5424_line, NULL, NULL },
	[OUTPUT_JSON] = { "json", &by_file, NULL, NULL, form_json_event, NULL },
	[OUTPUT_JOURNALD] = { "journald", &by_datagram, form_journal_event, form_journal_line, NULL, NULL },
	[OUTPUT_CEF] = { "cef", &by_datagram, form_cef_syslog_event, form_cef_syslog_line, form_cef_event, form_cef_line },
	[OUTPUT_STORE] = { "store", &by_store, NULL, NULL, form_json_event, form_json_line },
	[OUTPUT_CALL] = { "call", &by_call, call_event, call_line, NULL, NULL },
};
/* clang-format on */

const char *output_type_word(enum output_type t)
{
	return types[t].word;
}

enum output_type output_type_of(const char *word)
{
	for (int t = 0; t < OUTPUT_CALL; t++)
		if (strcmp(types[t].word, word) == 0)
			return (enum output_type)t;
	return OUTPUT_TYPES;
}

/* ---- what was written, and what was not ---- */

/* Reported when it begins, and never in between. */
static void output_trouble(struct output *o, int err)
{
	if (atomic_exchange(&o->err, err))
		return;
	if (o->by->waits)
		tell_outputs(o, LOG_ERR,
			     "records: %s takes nothing: %s; records for it wait, as long as there "
			     "is room",
			     o->path, err == -EAGAIN ? "its reader hangs" : strerror(-err));
	else
		tell_outputs(o, LOG_ERR,
			     "records: %s cannot be written: %s; its records are lost, other "
			     "outputs go on",
			     o->path, strerror(-err));
}

static void is_lost(struct output *o, uint64_t n, int err)
{
	atomic_fetch_add(&o->lost, n);
	output_trouble(o, err);
}

static void output_sleep(unsigned ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
	nanosleep(&t, NULL);
}

/* As long as it may be taken later. Without a thread whoever records would wait. */
static int put_waiting(struct output *o, int priority, const char *text)
{
	unsigned back_off = BACK_OFF_MS, hung = 0;
	int err;
	while ((err = o->by->put(o, priority, text)) && err != -EMSGSIZE && o->by->waits &&
	       o->spool && !o->ending) {
		if (err == -EAGAIN) {
			socket_wait(&o->socket, HUNG_STEP_MS);
			hung += HUNG_STEP_MS;
			if (hung >= HUNG_MS)
				output_trouble(o, err);
			continue;
		}
		output_trouble(o, err);
		output_sleep(back_off);
		back_off = back_off < BACK_OFF_MS_MAX / 2 ? 2 * back_off : BACK_OFF_MS_MAX;
	}
	return err;
}

/* To this output at once, since there may be no room where others wait, and to the others. */
static void tell_recovery(struct output *o, uint64_t lost, bool was)
{
	char line[512], text[SPOOL_TEXT];
	struct sb l = sb_init(line, sizeof(line)), b = sb_init(text, sizeof(text));
	int priority = lost ? LOG_ERR : LOG_NOTICE;
	sb_printf(&l, was ? "records: %s is written again; " : "records: %s: ", o->path);
	if (lost)
		sb_printf(&l, "%" PRIu64 " records were lost", lost);
	else
		sb_puts(&l, "none is lost");
	if (!was)
		sb_puts(&l, ", since those before them were not taken in time");
	o->conf.say(o->conf.say_ctx, o, priority, line);
	if (!o->line)
		return;
	o->line(&b, &(struct form_text){ (enum severity)priority, output_now_ns(), line },
		&o->form);
	int err = b.cut ? -EMSGSIZE : put_waiting(o, priority, text);
	if (err)
		is_lost(o, 1, err);
	else if (!o->by->kept)
		atomic_fetch_add(&o->written, 1);
}

static void is_written(struct output *o, uint64_t n)
{
	if (n == 0)
		return;
	atomic_fetch_add(&o->written, n);
	uint64_t all = atomic_load(&o->lost) + (o->spool ? spool_lost(o->spool) : 0);
	uint64_t lost = all - o->told;
	o->told = all;
	bool was = atomic_exchange(&o->err, 0) != 0;
	if (was || lost)
		tell_recovery(o, lost, was);
}

static void write_idle(void *ctx)
{
	struct output *o = ctx;
	if (!o->by->idle)
		return;
	uint64_t n = o->by->kept(o);
	int err = o->by->idle(o);
	if (err)
		is_lost(o, n, err);
	else
		is_written(o, n);
}

static void reopen_now(struct output *o)
{
	int err = o->by->reopen ? o->by->reopen(o) : 0;
	if (err) /* success is only known with the next text */
		output_trouble(o, err);
}

static void output_write_text(void *ctx, int kind, int priority, const char *text)
{
	struct output *o = ctx;
	if (atomic_exchange(&o->reopen, false))
		reopen_now(o);
	uint64_t n = 1 + (o->by->kept ? o->by->kept(o) : 0);
	int err = kind == CUT ? -EMSGSIZE : put_waiting(o, priority, text);
	if (err) {
		if (kind == CUT)
			n = 1;
		is_lost(o, n, err);
	} else {
		is_written(o, n - (o->by->kept ? o->by->kept(o) : 0));
	}
	if (!o->spool)
		write_idle(o);
}

/* ---- from outside ---- */

static bool same_path(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool output_has_keys(const struct output *o, const struct output_keys *k)
{
	const struct output_keys *own = &o->conf.keys;
	return own->type == k->type && same_path(own->socket, k->socket) &&
	       same_path(own->file, k->file) && own->facility == k->facility &&
	       own->enterprise == k->enterprise && own->bytes_max == k->bytes_max &&
	       own->seconds_max == k->seconds_max;
}

struct output *output_open(const struct output_conf *c)
{
	const struct type *t = &types[c->keys.type];
	const char *path = c->keys.file ? c->keys.file : c->keys.socket ? c->keys.socket : t->word;
	bool to_file = c->keys.file != NULL;
	struct output *o = calloc(1, sizeof(*o));
	if (!o || !(o->path = strdup(path))) {
		free(o);
		return NULL;
	}
	o->conf = *c;
	if (to_file)
		o->conf.keys.file = o->path;
	else if (c->keys.socket)
		o->conf.keys.socket = o->path;
	o->by = to_file && t->by == &by_datagram ? &by_file : t->by;
	o->event = to_file ? t->file_event : t->event;
	o->line = to_file ? t->file_line : t->line;
	o->form = (struct form){ c->keys.facility, c->keys.enterprise };
	o->file = (struct line_file){ .path = o->path, .fd = -1 };
	o->socket = (struct datagram_socket){ .path = o->path, .fd = -1 };
	int err = o->by->open(o);
	if (err)
		output_trouble(o, err);
	return o;
}

int output_start(struct output *o)
{
	o->spool = spool_open(
		&(struct spool_conf){ .write = output_write_text, .idle = write_idle, .ctx = o });
	return o->spool ? 0 : -errno;
}

static void output_put_text(struct output *o, unsigned owner, int priority, const struct sb *b)
{
	if (o->spool)
		spool_put(o->spool, owner, b->cut ? CUT : TEXT, priority, b->cut ? "" : b->s);
	else
		output_write_text(o, b->cut ? CUT : TEXT, priority, b->s);
}

void output_event(struct output *o, unsigned owner, const struct event_view *view)
{
	char text[SPOOL_TEXT];
	struct sb b = sb_init(text, sizeof(text));
	o->event(&b, view, &o->form);
	output_put_text(o, owner, (int)reason_severity(view->ev->reason), &b);
}

void output_line(struct output *o, unsigned owner, int priority, const char *line)
{
	char text[SPOOL_TEXT];
	struct sb b = sb_init(text, sizeof(text));
	if (!o->line)
		return;
	o->line(&b,
		&(struct form_text){ .severity = (enum severity)priority,
				     .time_ns = output_now_ns(),
				     .text = line },
		&o->form);
	output_put_text(o, owner, priority, &b);
}

void output_reopen(struct output *o)
{
	if (o->spool)
		atomic_store(&o->reopen, true); /* before the next text */
	else
		reopen_now(o);
}

bool output_drain(struct output *o, unsigned ms)
{
	int err = atomic_load(&o->err);
	if (err && err != -EAGAIN)
		atomic_store(&o->ending, true);
	return !o->spool || spool_drain(o->spool, ms);
}

bool output_close(struct output *o, unsigned ms)
{
	if (!output_drain(o, ms)) {
		atomic_store(&o->ending, true);
		if (!spool_drain(o->spool, LEAVE_MS))
			return false;
	}
	spool_close(o->spool);
	o->by->close(o);
	free(o->path);
	free(o);
	return true;
}

void output_stats(const struct output *o, struct output_stats *s)
{
	s->type = types[o->conf.keys.type].word;
	s->name = o->path;
	s->written = atomic_load(&o->written);
	s->lost_waiting = o->spool ? spool_lost(o->spool) : 0;
	s->lost = atomic_load(&o->lost) + s->lost_waiting;
	s->err = -atomic_load(&o->err);
}
