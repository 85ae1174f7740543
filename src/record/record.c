/* SPDX-License-Identifier: MIT
 *
 * Events to their sinks. Order: merge same ones, cap the rate (cap.h), write, or put where
 * the record's own thread finds it (spool.h). There is one cap for violations, one for permitted
 * messages (log = "all"), and one for flows that the ruleset refused, which anybody can have
 * refused in anybody's name.
 */
#include "record/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <time.h>

#include "base/siphash.h"
#include "record/aggregate.h"
#include "record/cap.h"
#include "record/json.h"
#include "record/line.h"
#include "record/spool.h"

enum { LINE_MAX_TEXT = SPOOL_TEXT, JSON_MAX_TEXT = 32768, KINDS = EVENT_KINDS };
/* A group of a cap is a conduit, or the first and a zone. What came from another wire than the
 * zone's has a false sender, and is another group: it takes nothing from what the zone's own have
 * refused. */
enum { OF_NO_CONDUIT = 0x80000000u, OF_ANOTHER_WIRE = 0x40000000u };

struct record {
	struct record_conf conf;
	char *json_path; /* our own copy: conf is the caller's */
	struct agg agg;
	struct agg_slot one; /* for a record of many that found no slot */
	struct cap cap[KINDS];
	/* nobody chooses with whom he has a share of the spool together */
	uint64_t key[2];
	struct json_file json; /* with a spool, its thread's */
	atomic_bool reopen;    /* asked of that */
	struct spool *spool;   /* NULL: who records writes */
	struct record_stats stats;
	uint64_t start; /* the first part of ids */
	uint64_t number;
	struct record_written written; /* the last one; its line is in text */
	char text[LINE_MAX_TEXT];
	const struct pol_image *img; /* only during a sweep, */
	unsigned kind;		     /* and this */
};

static const char *const kind_names[KINDS] = {
	[EV_VIOLATION] = "refusals",
	[EV_MESSAGE] = "permitted messages",
	[EV_REFUSED_FLOW] = "refused flows",
	[EV_GAP] = "gaps",
};

static const struct {
	const char *name;
	int facility;
	/* clang-format off */
} facilities[] = {
	{ "daemon", LOG_DAEMON }, { "auth", LOG_AUTH }, { "authpriv", LOG_AUTHPRIV }, { "user", LOG_USER },
	{ "syslog", LOG_SYSLOG }, { "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },
	{ "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 },
	{ "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
};
/* clang-format on */

enum { LINE, JSON, NO_JSON }; /* what is to be written; NO_JSON: it had no room */

static void now(struct record *r, int priority, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A line to the sink at once, which may wait: for the thread that writes. */
static void now(struct record *r, int priority, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->conf.sink(r->conf.sink_ctx, priority, text);
}

/* Said when it begins and when it ends, never in between. */
static void json_trouble(struct record *r, int err)
{
	struct json_file *f = &r->json;
	if (err && !f->err)
		now(r, LOG_ERR,
		    "records: %s cannot be written: %s; JSON records are lost, syslog goes on",
		    f->path, strerror(-err));
	if (!err && f->err) {
		now(r, LOG_NOTICE,
		    "records: %s is written again; %" PRIu64 " JSON records were lost", f->path,
		    f->lost);
		f->lost = 0;
	}
	f->err = err;
}

static void reopen_json(struct record *r)
{
	struct json_file *f = &r->json;
	int err = json_file_reopen(f);
	if (err && f->fd >= 0)
		now(r, LOG_ERR,
		    "records: %s cannot be opened again: %s; JSON records go on where they went",
		    f->path, strerror(-err));
	else if (err) /* success is only known with the next line */
		json_trouble(r, err);
}

static void do_write(void *ctx, int kind, int priority, const char *text)
{
	struct record *r = ctx;
	if (atomic_exchange(&r->reopen, false))
		reopen_json(r);
	if (kind == LINE)
		r->conf.sink(r->conf.sink_ctx, priority, text);
	else if (kind == JSON)
		json_trouble(r, json_file_put(&r->json, text, strlen(text)));
	else
		json_trouble(r, json_file_lost(&r->json, -EMSGSIZE));
}

static void tell_lost(void *ctx, uint64_t lines)
{
	now(ctx, LOG_ERR,
	    "records: %" PRIu64 " lines were lost, since those before them were not taken in time",
	    lines);
}

/* owner: whose line it is, for its share of what waits. */
static void put_record(struct record *r, unsigned owner, int kind, int priority, const char *text)
{
	if (r->spool)
		spool_put(r->spool, owner, kind, priority, text);
	else
		do_write(r, kind, priority, text);
}

void record_say(struct record *r, int priority, const char *text)
{
	put_record(r, 0, LINE, priority, text);
}

/* A record is counted to its conduit, or else to the zone from which the packet comes. */
static struct cap_who who_of(const struct pol_image *img, const struct event *ev)
{
	const struct pol_flow *f =
		ev->generation == img->generation ? policy_flow(img, ev->flow_id) : NULL;
	struct cap_who who = { .generation = img->generation, .source = ev->src };
	if (f)
		who.group = f->conduit_id;
	else
		who.group = OF_NO_CONDUIT | (ev->reason == R_SPOOFED ? OF_ANOTHER_WIRE : 0) |
			    policy_zone_of(img, &ev->src);
	return who;
}

/* The share that a source has, by conduit or zone. */
static unsigned owner_of(const struct record *r, const struct cap_who *who)
{
	uint64_t w[2] = { 0, (uint64_t)who->group << 8 | who->source.family };
	memcpy(w, who->source.b, ADDR_SOURCE);
	return 1 + (unsigned)(siphash_words(r->key, w, 2) % (SPOOL_OWNERS - 1));
}

/* An id for the record that is written next. */
static void draw_id(struct record *r)
{
	snprintf(r->written.id, sizeof(r->written.id), "%012" PRIx64 "-%" PRIu64, r->start,
		 ++r->number);
}

static void write_json(struct record *r, unsigned owner, const struct event_view *view)
{
	if (!r->json_path)
		return;
	char text[JSON_MAX_TEXT];
	struct sb b = sb_init(text, sizeof(text));
	record_json(&b, view);
	put_record(r, owner, b.cut ? NO_JSON : JSON, 0, b.cut ? "" : text);
}

/* many: the event stands for these too; NULL: for none. */
static void write_both(struct record *r, const struct pol_image *img, const struct event *ev,
		       const struct cap_who *who, const struct agg_slot *many)
{
	struct event named = *ev;
	struct sb b = sb_init(r->text, sizeof(r->text));
	if (ev->generation != img->generation)
		named.flow_id = named.rule = 0xffff; /* another generation's numbers */
	draw_id(r);
	const struct event_view view = { .img = img,
					 .ev = &named,
					 .id = r->written.id,
					 .repeated = many ? many->repeats : 0,
					 .interface = r->conf.interface,
					 .varied = many ? &many->varied : NULL };
	record_line(&b, &view);
	r->written.line = r->text;
	unsigned owner = owner_of(r, who);
	put_record(r, owner, LINE, ev->kind == EV_MESSAGE ? LOG_INFO : LOG_WARNING, r->text);
	write_json(r, owner, &view);
}

const struct record_written *record_event(struct record *r, const struct pol_image *img,
					  const struct event *ev, uint64_t now_ns)
{
	unsigned kind = ev->kind < KINDS ? ev->kind : EV_VIOLATION;
	r->stats.events++;
	/* who asked for every permitted message wants each address, not a count */
	if (kind != EV_MESSAGE && agg_add(&r->agg, ev, now_ns)) {
		r->stats.repeated++;
		return NULL;
	}
	struct cap_who who = who_of(img, ev);
	if (!cap_take(&r->cap[kind], &who, now_ns)) {
		r->stats.suppressed++;
		return NULL;
	}
	r->stats.written++;
	write_both(r, img, ev, &who, NULL);
	return &r->written;
}

void record_repeats(struct record *r, const struct pol_image *img, const struct event *ev,
		    uint64_t n, uint64_t now_ns)
{
	r->stats.events += n;
	r->stats.repeated += n;
	if (agg_add_many(&r->agg, ev, n, now_ns))
		return;
	r->one.repeats = n;
	varied_clear(&r->one.varied);
	varied_add(&r->one.varied, ev);
	struct cap_who who = who_of(img, ev);
	write_both(r, img, ev, &who, &r->one);
}

static const char *conduit_name(const struct pol_image *img, uint32_t conduit)
{
	for (uint32_t i = 0; i < img->n_flows; i++)
		if (policy_flow(img, (uint16_t)i)->conduit_id == conduit)
			return policy_str(img, policy_flow(img, (uint16_t)i)->conduit);
	return "?";
}

static void tell_suppressed(void *ctx, const struct cap_who *who, uint64_t suppressed)
{
	struct record *r = ctx;
	char text[512], src[ADDR_TEXT];
	struct sb b = sb_init(text, sizeof(text));
	sb_printf(&b, "records: %s came faster than %d a second;", kind_names[r->kind], CAP_RATE);
	if (who) {
		bool link = who->source.family == 6, named = who->generation == r->img->generation;
		addr_text(&who->source, src);
		if (named && who->group & OF_NO_CONDUIT)
			sb_printf(&b, " from_zone=%s",
				  policy_zone_name(r->img, (uint16_t)who->group));
		else if (named)
			sb_printf(&b, " conduit=%s", conduit_name(r->img, who->group));
		sb_printf(&b, " src=%s%s", src, link ? "/64" : "");
	}
	sb_printf(&b, " suppressed=%" PRIu64, suppressed);
	put_record(r, who ? owner_of(r, who) : 0, LINE, LOG_WARNING, text);
}

static void tell_repeats(void *ctx, const struct agg_slot *many)
{
	struct record *r = ctx;
	struct cap_who who = who_of(r->img, &many->last);
	write_both(r, r->img, &many->last, &who, many);
}

static void sweep(struct record *r, const struct pol_image *img, uint64_t now_ns, bool all)
{
	r->img = img;
	agg_sweep(&r->agg, now_ns, all, tell_repeats, r);
	for (r->kind = 0; r->kind < KINDS; r->kind++)
		cap_tell(&r->cap[r->kind], tell_suppressed, r);
	r->img = NULL;
}

void record_tick(struct record *r, const struct pol_image *img, uint64_t now_ns)
{
	sweep(r, img, now_ns, false);
}

void record_flush(struct record *r, const struct pol_image *img, uint64_t now_ns)
{
	sweep(r, img, now_ns, true);
}

int record_facility(const char *name)
{
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
		if (strcmp(facilities[i].name, name) == 0)
			return facilities[i].facility;
	return -1;
}

struct record *record_open(const struct record_conf *c)
{
	struct record *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	uint16_t drawn = 0;
	if (getrandom(r->key, sizeof(r->key), 0) != sizeof(r->key) ||
	    getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn)) {
		free(r);
		return NULL;
	}
	/* 32 bits of seconds, and 16 that are drawn: for two starts in one second, or a clock that
	 * was set back */
	r->start = ((uint64_t)(uint32_t)time(NULL) << 16) | drawn;
	if (c->json_path && !(r->json_path = strdup(c->json_path))) {
		free(r);
		return NULL;
	}
	r->conf = *c;
	r->json.fd = -1;
	for (int i = 0; i < KINDS; i++)
		cap_init(&r->cap[i]);
	if (r->json_path)
		json_trouble(r, json_file_open(&r->json, r->json_path));
	return r;
}

void record_reopen(struct record *r)
{
	if (!r->json_path)
		return;
	if (r->spool)
		atomic_store(&r->reopen, true); /* before the next line */
	else
		reopen_json(r);
}

int record_start(struct record *r)
{
	r->spool =
		spool_open(&(struct spool_conf){ .write = do_write, .lost = tell_lost, .ctx = r });
	return r->spool ? 0 : -errno;
}

bool record_drain(struct record *r, unsigned ms)
{
	return !r->spool || spool_drain(r->spool, ms);
}

void record_close(struct record *r)
{
	if (!r)
		return;
	spool_close(r->spool);
	json_file_close(&r->json);
	free(r->json_path);
	free(r);
}

void record_stats(const struct record *r, struct record_stats *s)
{
	*s = r->stats;
	s->json_lost = atomic_load(&r->json.lost_total);
	s->lost = r->spool ? spool_lost(r->spool) : 0;
}
