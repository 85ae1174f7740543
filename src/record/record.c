/* SPDX-License-Identifier: MIT
 *
 * Events to the outputs. Order: merge same ones, cap the rate (cap.h), hand to each output. There
 * is one cap for violations, one for permitted messages (log = "all"), and one for flows that the
 * ruleset refused, which anybody can have refused in anybody's name.
 */
#include "record/record.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <time.h>

#include "base/siphash.h"
#include "record/aggregate.h"
#include "record/cap.h"
#include "record/line.h"
#include "record/output.h"
#include "record/spool.h"

enum { LINE_MAX_TEXT = SPOOL_TEXT, KINDS = EVENT_KINDS };
/* A group of a cap is a conduit, or the first and a zone. What came from another wire than the
 * zone's has a false sender, and is another group: it takes nothing from what the zone's own have
 * refused. */
enum { OF_NO_CONDUIT = 0x80000000u, OF_ANOTHER_WIRE = 0x40000000u };

struct record {
	struct record_conf conf;
	struct agg agg;
	struct agg_slot one; /* for a record of many that found no slot */
	struct cap cap[KINDS];
	/* nobody chooses with whom he has a share of the spool together */
	uint64_t key[2];
	/* Changed under the lock, and not while somebody records; so who records may read it
	 * without, and who says something with. The lock may be taken again: an output that fails
	 * says so. */
	struct output *output[RECORD_OUTPUTS];
	size_t n_outputs;
	pthread_mutex_t outputs_lock;
	bool started;
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

static void say_to_outputs(struct record *r, const struct output *but, int priority,
			   const char *text)
{
	pthread_mutex_lock(&r->outputs_lock);
	for (size_t i = 0; i < r->n_outputs; i++)
		if (r->output[i] != but)
			output_line(r->output[i], 0, priority, text);
	pthread_mutex_unlock(&r->outputs_lock);
}

static void say_of_output(void *ctx, const struct output *but, int priority, const char *text)
{
	struct record *r = ctx;
	if (r->conf.said)
		r->conf.said(priority, text);
	say_to_outputs(r, but, priority, text);
}

void record_say(struct record *r, int priority, const char *text)
{
	say_to_outputs(r, NULL, priority, text);
}

/* A record is counted to its conduit, or else to the zone from which the packet comes. */
static struct cap_who who_of(const struct pol_image *img, const struct event *ev)
{
	const struct pol_flow *f =
		ev->generation == img->generation ? policy_flow(img, ev->flow_id) : NULL;
	struct cap_who who = { .generation = img->generation,
			       .source = ev->src,
			       .reason = ev->reason };
	if (f)
		who.group = f->conduit_id;
	else
		who.group = OF_NO_CONDUIT |
			    (ev->reason == R_SPOOFED || ev->reason == R_WRONG_MAC ? OF_ANOTHER_WIRE
										  : 0) |
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

/* many: the event stands for these too; NULL: for none. */
static void write_record(struct record *r, const struct pol_image *img, const struct event *ev,
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
	for (size_t i = 0; i < r->n_outputs; i++)
		output_event(r->output[i], owner, &view);
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
	write_record(r, img, ev, &who, NULL);
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
	write_record(r, img, ev, &who, &r->one);
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
	for (size_t i = 0; i < r->n_outputs; i++)
		output_line(r->output[i], who ? owner_of(r, who) : 0, LOG_WARNING, text);
}

static void tell_repeats(void *ctx, const struct agg_slot *many)
{
	struct record *r = ctx;
	struct cap_who who = who_of(r->img, &many->last);
	write_record(r, r->img, &many->last, &who, many);
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

/* One of these keys, which writes as the others do. */
static struct output *open_output(struct record *r, const struct output_keys *k)
{
	struct output *o = output_open(&(struct output_conf){ .keys = *k,
							      .say = say_of_output,
							      .say_ctx = r,
							      .call = r->conf.sink,
							      .call_ctx = r->conf.sink_ctx });
	if (o && r->started && output_start(o)) {
		output_close(o, 0);
		o = NULL;
	}
	return o;
}

static void init_outputs_lock(struct record *r)
{
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&r->outputs_lock, &attr);
	pthread_mutexattr_destroy(&attr);
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
	r->conf = *c;
	r->conf.outputs = NULL; /* the caller's */
	init_outputs_lock(r);
	for (int i = 0; i < KINDS; i++)
		cap_init(&r->cap[i]);
	for (size_t i = 0; i < c->n_outputs && i < RECORD_OUTPUTS; i++) {
		struct output *o = open_output(r, &c->outputs[i]);
		if (!o) {
			record_close(r);
			return NULL;
		}
		r->output[r->n_outputs++] = o;
	}
	return r;
}

void record_reopen(struct record *r)
{
	for (size_t i = 0; i < r->n_outputs; i++)
		output_reopen(r->output[i]);
}

int record_start(struct record *r)
{
	int err = 0;
	for (size_t i = 0; i < r->n_outputs && !err; i++)
		err = output_start(r->output[i]);
	r->started = err == 0;
	return err;
}

/* Where it is in the list; n: nowhere. */
static size_t find_output(const struct record *r, const struct output_keys *k)
{
	size_t i = 0;
	while (i < r->n_outputs && !output_has_keys(r->output[i], k))
		i++;
	return i;
}

int record_change(struct record *r, const struct output_keys *outputs, size_t n,
		  struct record_old *old)
{
	struct output *next[RECORD_OUTPUTS], *made[RECORD_OUTPUTS];
	size_t n_made = 0;
	bool kept[RECORD_OUTPUTS] = { false };
	old->n = 0;
	for (size_t i = 0; i < n; i++) {
		size_t at = find_output(r, &outputs[i]);
		bool there = at < r->n_outputs && !kept[at];
		next[i] = there ? r->output[at] : open_output(r, &outputs[i]);
		if (there)
			kept[at] = true;
		else if (next[i])
			made[n_made++] = next[i];
		if (next[i])
			continue;
		while (n_made > 0)
			output_close(made[--n_made], 0);
		return -ENOMEM;
	}
	pthread_mutex_lock(&r->outputs_lock);
	for (size_t i = 0; i < r->n_outputs; i++)
		if (!kept[i])
			old->output[old->n++] = r->output[i];
	memcpy(r->output, next, n * sizeof(next[0]));
	r->n_outputs = n;
	pthread_mutex_unlock(&r->outputs_lock);
	return 0;
}

void record_close_outputs(struct record *r, struct record_old *old, unsigned ms)
{
	char text[512];
	for (size_t i = 0; i < old->n; i++) {
		struct output_stats s;
		output_stats(old->output[i], &s);
		snprintf(text, sizeof(text),
			 "records: %s is no output any more; it takes nothing, and what waits for "
			 "it is lost",
			 s.name);
		if (!output_close(old->output[i], ms))
			record_say(r, LOG_ERR, text);
	}
	old->n = 0;
}

bool record_drain(struct record *r, unsigned ms)
{
	bool all = true;
	for (size_t i = 0; i < r->n_outputs; i++)
		all &= output_drain(r->output[i], ms);
	return all;
}

void record_close(struct record *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_outputs; i++)
		if (!output_close(r->output[i], 0)) /* its thread still says things of it */
			return;
	pthread_mutex_destroy(&r->outputs_lock);
	free(r);
}

void record_stats(const struct record *r, struct record_stats *s)
{
	struct output_stats o;
	*s = r->stats;
	for (size_t i = 0; record_output_stats(r, i, &o); i++) {
		s->lost += o.lost_waiting;
		if (strcmp(o.type, output_type_word(OUTPUT_JSON)) == 0)
			s->json_lost += o.lost - o.lost_waiting;
	}
}

bool record_output_stats(const struct record *r, size_t i, struct output_stats *s)
{
	if (i >= r->n_outputs)
		return false;
	output_stats(r->output[i], s);
	return true;
}
