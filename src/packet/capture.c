/* SPDX-License-Identifier: MIT
 * Packet source: capture files and interfaces, from the frame to the packet. */
#include "packet/capture.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/fragment.h"
#include "packet/input.h"
#include "packet/live.h"
#include "packet/offload.h"
#include "packet/pcapng.h"
#include "packet/repeat.h"
#include "packet/savefile.h"
#include "packet/unwrap.h"

enum { FILTER_LINKS = 16, SNAP_MAX = 262144 };

/* The filter for one link type. */
struct filter {
	uint16_t link;
	struct bpf_program program;
};

struct capture {
	struct input *in;
	struct savefile *pcap; /* one of the three */
	struct pcapng *ng;
	struct live *live;
	struct fragments *fragments;
	struct repeats *repeats;
	uint32_t n;
	struct frame sent; /* of which offload has the rest */
	struct offload offload;
	struct capture_counts counts;
	uint64_t kinds_lost;
	char *expression; /* NULL: all frames */
	unsigned n_filters;
	struct filter filters[FILTER_LINKS];
	char error[CAPTURE_ERROR];
};

/* The reader for what the file begins with. */
static bool choose_reader(struct capture *c, char *err, size_t err_len)
{
	const uint8_t *p = input_peek(c->in, 4);
	if (!p) {
		const char *why = input_error(c->in);
		snprintf(err, err_len, "%s",
			 why			? why
			 : input_left(c->in, 1) ? "too short for a capture"
						: "empty");
		return false;
	}
	if (pcapng_is(p)) {
		c->ng = pcapng_open(c->in);
		if (!c->ng)
			snprintf(err, err_len, "out of memory");
		return c->ng != NULL;
	}
	FILE *f = input_stream(c->in);
	if (f)
		c->pcap = savefile_open(f, err, err_len);
	else
		snprintf(err, err_len, "out of memory");
	if (c->pcap && !unwrap_knows(savefile_link(c->pcap))) {
		char text[CAPTURE_KIND_TEXT];
		const struct capture_kind k = { .space = SPACE_LINK_TYPE,
						.number = savefile_link(c->pcap) };
		snprintf(err, err_len, "%s is not known", capture_kind_text(&k, text));
		return false;
	}
	return c->pcap != NULL;
}

/* What each kind of source needs. NULL: out of memory. */
static struct capture *new_capture(char *err, size_t err_len)
{
	struct capture *c = calloc(1, sizeof(*c));
	snprintf(err, err_len, "out of memory");
	if (!c)
		return NULL;
	c->fragments = fragments_new();
	c->repeats = repeats_new();
	if (c->fragments && c->repeats)
		return c;
	capture_close(c);
	return NULL;
}

struct capture *capture_open(const char *path, char *err, size_t err_len)
{
	struct capture *c = new_capture(err, err_len);
	if (!c)
		return NULL;
	c->in = input_open(path, err, err_len);
	if (c->in && choose_reader(c, err, err_len))
		return c;
	capture_close(c);
	return NULL;
}

struct capture *capture_live(const struct live_conf *conf, char *err, size_t err_len)
{
	struct capture *c = new_capture(err, err_len);
	if (!c)
		return NULL;
	c->live = live_open(conf, err, err_len);
	if (c->live && unwrap_knows(live_link(c->live)))
		return c;
	if (c->live) {
		char text[CAPTURE_KIND_TEXT];
		const struct capture_kind k = { .space = SPACE_LINK_TYPE,
						.number = live_link(c->live) };
		snprintf(err, err_len, "%s is not known", capture_kind_text(&k, text));
	}
	capture_close(c);
	return NULL;
}

struct live *capture_live_source(const struct capture *c)
{
	return c->live;
}

static void drop_filters(struct capture *c)
{
	while (c->n_filters > 0)
		pcap_freecode(&c->filters[--c->n_filters].program);
	free(c->expression);
	c->expression = NULL;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	drop_filters(c);
	savefile_close(c->pcap);
	pcapng_close(c->ng);
	live_close(c->live);
	input_close(c->in);
	fragments_free(c->fragments);
	repeats_free(c->repeats);
	free(c);
}

static struct filter *compile_filter(struct capture *c, uint16_t link, char *err, size_t err_len)
{
	struct filter *f = &c->filters[c->n_filters];
	if (c->n_filters == FILTER_LINKS) {
		snprintf(err, err_len, "a filter for more than %d link types", FILTER_LINKS);
		return NULL;
	}
	pcap_t *p = pcap_open_dead(dlt_of_link(link), SNAP_MAX);
	int rc = p ? pcap_compile(p, &f->program, c->expression, 1, PCAP_NETMASK_UNKNOWN) : -1;
	if (rc < 0)
		snprintf(err, err_len, "%s", p ? pcap_geterr(p) : "out of memory");
	if (p)
		pcap_close(p);
	if (rc < 0)
		return NULL;
	f->link = link;
	c->n_filters++;
	return f;
}

bool capture_filter(struct capture *c, const char *expression, char *err, size_t err_len)
{
	enum { LINK_ETHERNET = 1 };
	drop_filters(c);
	c->expression = strdup(expression);
	if (!c->expression) {
		snprintf(err, err_len, "out of memory");
		return false;
	}
	uint16_t link = c->pcap	  ? savefile_link(c->pcap)
			: c->live ? live_link(c->live)
				  : LINK_ETHERNET;
	return compile_filter(c, link, err, err_len) != NULL;
}

/* 1: it is wanted; 0; -1: the filter cannot be asked of this link type. */
static int filter_wants(struct capture *c, const struct raw_frame *raw)
{
	if (!c->expression)
		return 1;
	unsigned i = 0;
	while (i < c->n_filters && c->filters[i].link != raw->link)
		i++;
	char why[CAPTURE_ERROR - 64];
	struct filter *f =
		i < c->n_filters ? &c->filters[i] : compile_filter(c, raw->link, why, sizeof(why));
	if (!f) {
		snprintf(c->error, sizeof(c->error), "frame %u: filter: %s", c->n, why);
		return -1;
	}
	const struct pcap_pkthdr h = { .caplen = raw->len, .len = raw->wire_len };
	return pcap_offline_filter(&f->program, &h, raw->data) != 0;
}

static void count_kind(struct capture *c, const struct walk *w)
{
	struct capture_counts *o = &c->counts;
	struct capture_kind *k = o->kinds;
	const struct capture_kind *end = k + o->n_kinds;
	enum capture_unread why = w->f->why;
	while (k < end && (k->number != w->number || k->space != w->space || k->why != why))
		k++;
	if (k == end && o->n_kinds == CAPTURE_KINDS) {
		o->other_kinds++;
		return;
	}
	if (k == end) {
		*k = (struct capture_kind){ .why = why, .space = w->space, .number = w->number };
		o->n_kinds++;
	}
	k->frames += w->frames;
	k->octets += w->octets;
}

static void count_frame(struct capture *c, const struct walk *w)
{
	const struct frame *f = w->f;
	if (f->why == CAPTURE_READ) {
		c->counts.frames_read += w->frames;
		c->counts.assembled += f->fragments > 0;
		return;
	}
	if (f->why == CAPTURE_FRAGMENT_KEPT)
		return; /* fragment.c knows what becomes of it */
	c->counts.unread[f->why].frames += w->frames;
	c->counts.unread[f->why].octets += w->octets;
	if (w->unknown)
		count_kind(c, w);
}

/* What is found in a frame; more than one packet in a send that the card was to cut. */
static void read_frame(struct capture *c, const struct raw_frame *raw, struct frame *f)
{
	struct walk w;
	unwrap(&w, raw, c->fragments, f);
	if (f->why == CAPTURE_READ && w.unsized && !offload_begin(&c->offload, f->ip, f->len))
		f->why = CAPTURE_MALFORMED;
	if (f->why == CAPTURE_READ && repeats_seen(c->repeats, &w))
		f->why = CAPTURE_COPY;
	count_frame(c, &w);
	if (f->why != CAPTURE_READ && f->why != CAPTURE_CUT)
		f->ip = NULL;
	if (f->why == CAPTURE_READ && w.unsized)
		c->sent = *f;
}

static int next_piece(struct capture *c, struct frame *f)
{
	size_t n = offload_next(&c->offload);
	if (n == 0)
		return 0;
	*f = c->sent;
	f->ip = c->offload.piece;
	f->len = n;
	c->counts.packets++;
	return 1;
}

static int next_raw(struct capture *c, struct raw_frame *raw)
{
	if (c->live)
		return live_next(c->live, raw);
	return c->ng ? pcapng_next(c->ng, raw) : savefile_next(c->pcap, raw);
}

static int reader_says(struct capture *c, int got)
{
	const char *why = c->live ? NULL : input_error(c->in);
	if (got == 0 && !why)
		return 0;
	if (c->live) {
		snprintf(c->error, sizeof(c->error), "%s", live_error(c->live));
		return -1;
	}
	if (!why)
		why = c->ng ? pcapng_error(c->ng) : savefile_error(c->pcap);
	snprintf(c->error, sizeof(c->error), "frame %u: %s", c->n + 1, why);
	return -1;
}

int capture_next(struct capture *c, struct frame *f)
{
	struct raw_frame raw;
	if (next_piece(c, f))
		return 1;
	int got = next_raw(c, &raw);
	if (got != 1)
		return reader_says(c, got);
	*f = (struct frame){ .number = ++c->n,
			     .time_ns = raw.time_ns,
			     .link = raw.link,
			     .interface = raw.interface,
			     .raw = raw.data,
			     .raw_len = raw.len,
			     .raw_wire_len = raw.wire_len };
	c->counts.frames++;
	c->counts.octets += raw.wire_len;
	int wanted = filter_wants(c, &raw);
	if (wanted < 0)
		return -1;
	if (!wanted) {
		f->why = CAPTURE_FILTERED;
		c->counts.unread[CAPTURE_FILTERED].frames++;
		c->counts.unread[CAPTURE_FILTERED].octets += raw.wire_len;
		return 1;
	}
	read_frame(c, &raw, f);
	if (f->why == CAPTURE_READ && !next_piece(c, f))
		c->counts.packets++;
	return 1;
}

const char *capture_error(const struct capture *c)
{
	return c->error;
}

static int by_frames(const void *a, const void *b)
{
	const struct capture_kind *x = a, *y = b;
	if (x->frames != y->frames)
		return x->frames < y->frames ? 1 : -1;
	if (x->space != y->space)
		return x->space > y->space ? 1 : -1;
	return x->number > y->number ? 1 : -1;
}

void capture_counts(const struct capture *c, struct capture_counts *out)
{
	*out = c->counts;
	fragments_lost(c->fragments, out);
	qsort(out->kinds, out->n_kinds, sizeof(out->kinds[0]), by_frames);
}
