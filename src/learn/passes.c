/* SPDX-License-Identifier: MIT
 *
 * Passes over the captures: each packet of each file, and the engine over those of
 * inspected talks. A file is a recording of its own, with connections of its own.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "learn/internal.h"

enum { ENGINE_CONNECTIONS = 65536, BUCKETS = 65536 };

struct learn *learn_new(const struct learn_options *o)
{
	struct learn *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->o = *o;
	l->arena = arena_new();
	l->files = calloc(LEARN_FILES, sizeof(*l->files));
	l->hosts = calloc(LEARN_HOSTS, sizeof(*l->hosts));
	l->talks = calloc(LEARN_TALKS, sizeof(*l->talks));
	l->links = calloc(LEARN_CONNECTIONS, sizeof(*l->links));
	l->notes = calloc(LEARN_NOTES, sizeof(*l->notes));
	l->texts = calloc(LEARN_TEXTS, sizeof(*l->texts));
	l->faults = calloc(LEARN_FAULTS, sizeof(*l->faults));
	l->host_buckets = calloc(4 * BUCKETS, sizeof(*l->host_buckets));
	if (!l->arena || !l->files || !l->hosts || !l->talks || !l->links || !l->notes ||
	    !l->texts || !l->faults || !l->host_buckets) {
		learn_free(l);
		return NULL;
	}
	l->talk_buckets = l->host_buckets + BUCKETS;
	l->note_buckets = l->talk_buckets + BUCKETS;
	l->text_buckets = l->note_buckets + BUCKETS;
	return l;
}

void learn_free(struct learn *l)
{
	if (!l)
		return;
	learn_onto_free(l->onto);
	arena_free(l->arena);
	free(l->files);
	free(l->hosts);
	free(l->talks);
	free(l->links);
	free(l->notes);
	free(l->texts);
	free(l->faults);
	free(l->host_buckets);
	free(l);
}

/* The first pass, of one file: when its packets were. */
bool learn_file(struct learn *l, const char *path, char *err, size_t err_len)
{
	return learn_file_as(l, path, path, err, err_len);
}

bool learn_file_as(struct learn *l, const char *path, const char *name, char *err, size_t err_len)
{
	struct frame f;
	int got;
	if (l->n_files == LEARN_FILES) {
		snprintf(err, err_len, "more than %d captures", LEARN_FILES);
		return false;
	}
	struct capture *c = capture_open(path, err, err_len);
	if (!c)
		return false;
	struct learn_path p = { .path = arena_strdup(l->arena, path),
				.name = arena_strdup(l->arena, name) };
	while ((got = capture_next(c, &f)) == 1) {
		if (p.frames++ == 0 || f.time_ns < p.first_ns)
			p.first_ns = f.time_ns;
		if (f.time_ns > p.last_ns)
			p.last_ns = f.time_ns;
	}
	p.broken = got < 0;
	if (p.broken)
		snprintf(err, err_len, "%s", capture_error(c));
	capture_close(c);
	l->files[l->n_files++] = p;
	return !p.broken;
}

/* One file, up to where it is broken, if it is. */
static bool each_of_file(struct learn *l, uint16_t file, const struct learn_each *each)
{
	char err[300];
	struct frame f;
	struct capture *c = capture_open(l->files[file].path, err, sizeof(err));
	if (!c || !each->begins(each->ctx, file)) {
		fprintf(stderr, "zonectl: %s: %s\n", l->files[file].path,
			c ? "out of memory" : err);
		capture_close(c);
		return false;
	}
	learn_talks_file(l);
	l->file = file;
	/* no more than the first time: somebody may be writing it */
	for (uint64_t n = 0; n < l->files[file].frames && capture_next(c, &f) == 1; n++) {
		l->frame = f.number;
		each->packet(each->ctx, &f);
	}
	each->ends(each->ctx);
	capture_close(c);
	return true;
}

bool learn_each_packet(struct learn *l, const struct learn_each *each)
{
	memset(l->left, 0, sizeof(l->left));
	l->packets = l->lost_links = 0;
	for (size_t i = 0; i < l->n_files; i++)
		if (!each_of_file(l, (uint16_t)i, each))
			return false;
	return true;
}

/* ---- the engine ---- */

/* Messages come as such; what else is refused are packets and beginnings of messages. */
static void run_event(void *ctx, const struct event *ev)
{
	struct learn_run *r = ctx;
	if (ev->kind == EV_GAP) /* says what is missing, and refuses nothing */
		r->l->gaps++;
	else if (ev->proto == PROTO_NONE || ev->part)
		r->message(r->ctx, learn_talk_of_event(r->l, ev), ev, NULL, r->l->frame);
}

static void run_message(void *ctx, const struct event *ev, const void *m, uint32_t id)
{
	struct learn_run *r = ctx;
	r->message(r->ctx, learn_talk_of_event(r->l, ev), ev, m, id);
}

static bool run_begins(void *ctx, uint16_t file)
{
	static const struct inspect_conf conf = { .max_connections = ENGINE_CONNECTIONS,
						  .hash_key = { 1, 2 } };
	struct learn_run *r = ctx;
	(void)file;
	return recording_begin(&r->recording, &conf, r->img) &&
	       (!r->beside || recording_begin(&r->other, &conf, r->beside));
}

/* The beginning of a message that goes on in later packets. */
static void other_event(void *ctx, const struct event *ev)
{
	struct learn_run *r = ctx;
	struct learn_talk *t = ev->part ? learn_talk_of_event(r->l, ev) : NULL;
	if (t)
		t->begun = ev->reason;
}

static void other_message(void *ctx, const struct event *ev, const void *m, uint32_t id)
{
	struct learn_run *r = ctx;
	(void)m;
	r->judged(r->ctx, ev, id);
}

static struct inspect_out other_out(struct learn_run *r)
{
	return (struct inspect_out){ .ctx = r,
				     .verdict = inspect_no_verdict,
				     .event = other_event,
				     .message = other_message };
}

static struct inspect_out run_out(struct learn_run *r)
{
	return (struct inspect_out){
		.ctx = r, .verdict = inspect_no_verdict, .event = run_event, .message = run_message
	};
}

static void run_ends(void *ctx)
{
	struct learn_run *r = ctx;
	const struct inspect_out out = run_out(r), other = other_out(r);
	recording_end(&r->other, &other);
	recording_end(&r->recording, &out);
}

static void run_packet(void *ctx, const struct frame *f)
{
	struct learn_run *r = ctx;
	const struct inspect_out out = run_out(r), other = other_out(r);
	struct packet p;
	bool from_client;
	if (f->time_ns > r->until_ns)
		return;
	recording_time(&r->other, f->time_ns, f->number, &other);
	recording_time(&r->recording, f->time_ns, f->number, &out);
	if (!f->ip || packet_parse(f->ip, f->len, false, &p) != R_NONE || p.fragment)
		return;
	struct learn_talk *talk = learn_talk_of(r->l, &p, &from_client);
	if (!talk)
		return;
	if (talk->proto == PROTO_NONE) {
		if (r->plain)
			r->plain(r->ctx, talk, from_client, &p, f);
		return;
	}
	if (!learn_ops_of(talk->proto)->observe)
		return;
	struct inspect_pkt pkt = { .id = f->number,
				   .wall_ns = f->time_ns,
				   .ip = f->ip,
				   .len = f->len,
				   .partial = f->partial };
	recording_packet(&r->other, &pkt, &other);
	recording_packet(&r->recording, &pkt, &out);
}

bool learn_run(struct learn_run *r)
{
	const struct learn_each each = {
		.ctx = r, .begins = run_begins, .ends = run_ends, .packet = run_packet
	};
	return learn_each_packet(r->l, &each);
}
