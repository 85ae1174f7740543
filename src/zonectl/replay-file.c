/* SPDX-License-Identifier: MIT
 * One capture: its packets to their groups, its time to the clock of all of them, and what no
 * inspector gets to the counts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "recording/recorded.h"
#include "zonectl/replay-parts.h"

enum { LOOK_EVERY = 4096 /* packets */, PROGRESS_NS = 500000000 };

/* Of one capture. */
struct course {
	struct reading *g;
	const char *path;
	struct recording_clock clock;
	bool tells; /* progress on a terminal */
	uint64_t told_ns, size, passed;
};

static bool turn_clock(struct course *c, const struct frame *f)
{
	struct recording_turns due = { .wall_ns = f->time_ns, .id = f->number };
	if (!recording_clock_set(&c->clock, &due))
		return true;
	refusals_clock(c->g->refusals, c->clock.now_ns);
	return !c->g->failed && workers_clock(c->g->w, &due);
}

/* Why no inspector could make anything of it; LEFT_N: one can. */
static enum count_left unjudgeable(const struct frame *f, struct packet *p)
{
	static const enum count_left left[RECORDED_KINDS] = {
		[RECORDED_WHOLE] = LEFT_N,
		[RECORDED_NOT_TCP] = LEFT_NOT_TCP,
		[RECORDED_MALFORMED] = LEFT_MALFORMED,
		[RECORDED_CUT] = LEFT_CUT,
		[RECORDED_FRAGMENT] = LEFT_FRAGMENT,
	};
	return left[recorded_kind(f, p)];
}

/* With a model the rules come first, as in the network. */
static struct uninspected_answer ask_rules(struct course *c, const struct frame *f)
{
	struct uninspected *rules = c->g->r->rules;
	if (!rules)
		return (struct uninspected_answer){ .fate = UNINSPECTED_NOT };
	return uninspected_packet(rules, f->ip, f->len, c->clock.now_ns);
}

/* The rules have refused it. */
static bool pass_refused(struct course *c, unsigned group, const struct inspect_pkt *p,
			 const struct uninspected_answer *a)
{
	struct reading *g = c->g;
	struct event ev;
	judge_counts(&g->counts, p);
	if (recorded_refusal(g->r->img, p, a, &ev))
		refusals_add(g->refusals, &ev, group, c->clock.now_ns);
	return !g->failed;
}

void reading_refused(void *reading, const struct refused_many *m)
{
	struct reading *g = reading;
	g->failed |= !workers_refused(g->w, m->tag, m);
}

static bool pass_packet(struct course *c, const struct frame *f)
{
	struct reading *g = c->g;
	const struct inspect_pkt pkt = { .id = f->number,
					 .partial = f->partial,
					 .now_ns = c->clock.now_ns,
					 .wall_ns = f->time_ns,
					 .ip = f->ip,
					 .len = f->len,
					 .check_sum = g->r->o.checksums,
					 .macs = recorded_macs(f) };
	struct uninspected_answer a = { .fate = UNINSPECTED_NOT };
	struct packet p;
	uint8_t proto = PROTO_NONE;
	enum count_left why = unjudgeable(f, &p);
	unsigned group = group_of(&g->groups, &p, &proto);
	bool judges = g->r->img != NULL;
	if (judges && p.src.family && recorded_stays_on_link(f, &p)) {
		counts_leave(&g->counts, LEFT_LINK, f->len);
		return true;
	}
	if (why == LEFT_N && proto == PROTO_NONE)
		ports_look(&g->ports, &p);
	if (!judges && why != LEFT_NOT_TCP && p.has_ports && proto == PROTO_NONE)
		why = LEFT_PORT;
	if (proto == PROTO_NONE)
		a = ask_rules(c, f);
	if (a.fate == UNINSPECTED_PASSES) {
		counts_leave(&g->counts, LEFT_UNINSPECTED, f->len);
		return true;
	}
	if (why != LEFT_N && (!judges || why != LEFT_NOT_TCP))
		counts_leave(&g->counts, why, f->len);
	/* the gate had all of what the capture cut: it is missing, and not refused */
	bool missing = why == LEFT_CUT || (why != LEFT_N && !judges);
	if (missing)
		return true;
	return a.fate == UNINSPECTED_REFUSED ? pass_refused(c, group, &pkt, &a)
					     : workers_packet(g->w, group, &pkt);
}

static bool pass_frame(struct course *c, const struct frame *f)
{
	struct reading *g = c->g;
	g->frames++;
	g->octets += f->raw_wire_len;
	if (!f->ip) {
		if (f->why == CAPTURE_CUT) /* the others are the reader's to count */
			counts_leave(&g->counts, LEFT_CUT, f->raw_len);
		return true;
	}
	if (f->time_ns < g->r->o.from_ns || f->time_ns >= g->r->o.to_ns) {
		counts_leave(&g->counts, LEFT_TIME, f->len);
		return true;
	}
	if (!g->first_ns || f->time_ns < g->first_ns)
		g->first_ns = f->time_ns;
	if (f->time_ns > g->last_ns)
		g->last_ns = f->time_ns;
	return turn_clock(c, f) && pass_packet(c, f);
}

/* ---- progress ---- */

static void clear_progress(const struct course *c)
{
	if (c->tells && c->told_ns)
		fputs("\r\033[K", stderr);
}

static void tell_progress(struct course *c)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	if (now - c->told_ns < PROGRESS_NS)
		return;
	c->told_ns = now;
	fprintf(stderr, "\r\033[K%s: %llu packets, %llu MB", c->path,
		(unsigned long long)c->g->frames, (unsigned long long)(c->passed >> 20));
	if (c->size)
		fprintf(stderr, " of %llu", (unsigned long long)(c->size >> 20));
	fflush(stderr);
}

/* ---- a whole capture ---- */

static void begin_course(struct course *c, struct reading *g, const char *path)
{
	struct stat st;
	*c = (struct course){ .g = g, .path = path };
	/* records on the same terminal are progress enough */
	c->tells = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
	c->size = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

/* Frames without a packet, and fragments that no packet came of. Those cut short are counted with
 * what they show. */
static void add_unread(struct reading *g, const struct capture *c)
{
	struct capture_counts n;
	capture_counts(c, &n);
	for (unsigned i = 0; i < CAPTURE_UNREAD_N; i++) {
		if (i == CAPTURE_CUT || i == CAPTURE_FRAGMENT_KEPT)
			continue;
		g->unread[i].packets += n.unread[i].frames;
		g->unread[i].bytes += n.unread[i].octets;
	}
}

bool reading_file(struct reading *g, const char *path)
{
	char err[300];
	struct course course;
	struct frame f;
	bool good = true;
	int got = 0;
	struct capture *c = capture_open(path, err, sizeof(err));
	g->captures++;
	if (!c) {
		fprintf(stderr, "zonectl: %s: %s\n", path, err);
		g->unreadable++;
		return true;
	}
	if (g->r->o.filter && !replay_filter(c, g->r->o.filter)) {
		capture_close(c);
		g->bad_filter = true;
		return false;
	}
	begin_course(&course, g, path);
	for (unsigned n = 0; good && (got = capture_next(c, &f)) == 1; n++) {
		good = pass_frame(&course, &f);
		course.passed += f.raw_len;
		if (course.tells && n % LOOK_EVERY == 0)
			tell_progress(&course);
	}
	clear_progress(&course);
	add_unread(g, c);
	refusals_end(g->refusals);
	good = workers_end(g->w) && good && !g->failed;
	if (got < 0) {
		fprintf(stderr, "zonectl: %s: %s\n", path, capture_error(c));
		g->unreadable++;
	}
	capture_close(c);
	return good;
}
