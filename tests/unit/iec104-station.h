/* SPDX-License-Identifier: MIT
 *
 * Stations of IEC 60870-5-104 as a test's receiver. Real stacks differ in what they take for a
 * frame, skip, count and execute; each kind here is one choice of these, and together they have
 * every choice that was seen in a stack. Nothing of a stack is used: what one read returns goes in,
 * and the ASDUs of commands that the station would act on come out.
 */
#ifndef ZONED_TESTS_IEC104_STATION_H
#define ZONED_TESTS_IEC104_STATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { STATION_BUF = 2048, STATION_SELECTS = 8, STATION_HEAD = 6 };

/* How it has selects: none (it executes those as well), one for each point and connection, without
 * a look at the value; one alone, of all connections. */
enum station_selects { SELECTS_NONE, SELECTS_POINT, SELECTS_ONE };

struct station_kind {
	const char *name;
	bool by_mask;	  /* U frames by single bits: 0x0f is STARTDT */
	bool resyncs;	  /* looks for the next 0x68; else it closes */
	bool reads_start; /* closes when what a read returns ends behind 0x68 */
	bool long_frames; /* takes 254 and 255 octets, too */
	/* ignores I frames before STARTDT and counts none; else it closes */
	bool drops_early;
	bool starts_open; /* takes I frames before STARTDT */
	bool any_number;  /* does not look at N(R) */
	bool u_is_long;	  /* U frames with more octets are I frames */
	bool any_cause;	  /* executes whatever the cause */
	bool one_started; /* STARTDT closes the connection that was started before */
	enum station_selects selects;
};

/* clang-format off */
static const struct station_kind station_kinds[] = {
	{ .name = "by mask", .by_mask = true, .reads_start = true, .long_frames = true },
	{ .name = "skips", .resyncs = true, .drops_early = true, .selects = SELECTS_ONE },
	{ .name = "takes all", .resyncs = true, .long_frames = true, .starts_open = true, .any_number = true, .u_is_long = true,
	  .any_cause = true },
	{ .name = "by point", .by_mask = true, .reads_start = true, .any_cause = true, .selects = SELECTS_POINT },
	{ .name = "one started", .one_started = true, .selects = SELECTS_POINT },
};
/* clang-format on */
enum { STATION_KINDS = sizeof(station_kinds) / sizeof(station_kinds[0]) };

struct station_line { /* one connection */
	bool open, started;
	uint16_t received;	  /* the N(S) it expects */
	uint16_t sent, confirmed; /* its own I frames, as the test counts them */
	size_t n;
	uint8_t buf[STATION_BUF];
};

struct station_point {
	bool selected;
	unsigned line;
	uint16_t ca;
	uint32_t ioa;
};

struct station {
	const struct station_kind *kind;
	struct station_line line[2];
	struct station_point point[STATION_SELECTS];
	/* an ASDU that the station acts on; execute: an output changes */
	void (*act)(void *ctx, struct station *s, unsigned line, const uint8_t *asdu, size_t n,
		    bool execute);
	void *ctx;
};

static inline void station_close(struct station *s, unsigned line)
{
	s->line[line].open = s->line[line].started = false;
	s->line[line].n = 0;
	for (unsigned i = 0; i < STATION_SELECTS; i++)
		if (s->point[i].line == line && s->kind->selects == SELECTS_POINT)
			s->point[i].selected = false;
}

static inline void station_connect(struct station *s, unsigned line)
{
	station_close(s, line);
	s->line[line] = (struct station_line){ .open = true };
}

static inline struct station_point *station_point(struct station *s, unsigned line, uint16_t ca,
						  uint32_t ioa)
{
	struct station_point *to = &s->point[0];
	if (s->kind->selects == SELECTS_ONE)
		return to;
	for (unsigned i = 0; i < STATION_SELECTS; i++) {
		if (s->point[i].line == line && s->point[i].ca == ca && s->point[i].ioa == ioa)
			return &s->point[i];
		if (!s->point[i].selected)
			to = &s->point[i];
	}
	return to;
}

static inline bool station_has_select(uint8_t type)
{
	return (type >= 45 && type <= 50) || (type >= 58 && type <= 63);
}

/* S/E of its first object. */
static inline bool station_selecting(const uint8_t *asdu, size_t n)
{
	static const uint8_t at[] = { [45] = 0, [46] = 0, [47] = 0, [48] = 2, [49] = 2, [50] = 4 };
	uint8_t type = asdu[0] >= 58 ? (uint8_t)(asdu[0] - 13) : asdu[0];
	size_t where = STATION_HEAD + 3u + at[type];
	return where < n && asdu[where] >> 7;
}

/* The application gets an ASDU; of several objects it takes the first. */
static inline void station_asdu(struct station *s, unsigned line, const uint8_t *p, size_t n)
{
	if (n < STATION_HEAD + 3 || p[0] < 45 || (p[1] & 0x7f) == 0)
		return;
	unsigned cause = p[2] & 0x3f;
	if (cause != 6 && !s->kind->any_cause)
		return;
	uint16_t ca = (uint16_t)(p[4] | p[5] << 8);
	uint32_t ioa = (uint32_t)p[6] | (uint32_t)p[7] << 8 | (uint32_t)p[8] << 16;
	if (!station_has_select(p[0])) {
		s->act(s->ctx, s, line, p, n, p[0] <= 64);
		return;
	}
	bool selecting = station_selecting(p, n);
	if (s->kind->selects == SELECTS_NONE) {
		s->act(s->ctx, s, line, p, n, true);
		return;
	}
	struct station_point *point = station_point(s, line, ca, ioa);
	bool selected = point->selected && point->ca == ca && point->ioa == ioa;
	if (selecting)
		*point = (struct station_point){ true, line, ca, ioa };
	/* executes without one, too, and says no afterwards */
	else if (selected || s->kind->selects == SELECTS_ONE)
		point->selected = false;
	s->act(s->ctx, s, line, p, n, !selecting && (selected || s->kind->selects == SELECTS_ONE));
}

static inline void station_i(struct station *s, unsigned line, const uint8_t *p, size_t n)
{
	struct station_line *l = &s->line[line];
	uint16_t ns = (uint16_t)((p[2] | p[3] << 8) >> 1), nr = (uint16_t)((p[4] | p[5] << 8) >> 1);
	if (!l->started && s->kind->drops_early)
		return;
	bool number = ns == l->received;
	bool confirms = ((nr - l->confirmed) & 0x7fff) <= ((l->sent - l->confirmed) & 0x7fff);
	if ((!l->started && !s->kind->starts_open) || !number ||
	    (!confirms && !s->kind->any_number) || (n < 7 && !s->kind->resyncs)) {
		station_close(s, line);
		return;
	}
	l->received = (l->received + 1) & 0x7fff;
	if (confirms)
		l->confirmed = nr;
	station_asdu(s, line, p + 6, n - 6);
}

static inline bool station_is(const struct station *s, uint8_t control, uint8_t u)
{
	return s->kind->by_mask ? (control & u) == u : control == u;
}

static inline void station_start(struct station *s, unsigned line)
{
	for (unsigned i = 0; i < 2; i++)
		if (s->kind->one_started && i != line && s->line[i].started)
			station_close(s, i);
	s->line[line].started = true;
}

static inline void station_frame(struct station *s, unsigned line, const uint8_t *p, size_t n)
{
	struct station_line *l = &s->line[line];
	bool supervises = p[2] & 1;
	if (!supervises || (s->kind->u_is_long && n != 6 && (p[2] & 3) == 3))
		station_i(s, line, p, n);
	else if (station_is(s, p[2], 0x43))
		return;
	else if (station_is(s, p[2], 0x07))
		station_start(s, line);
	else if (station_is(s, p[2], 0x13))
		l->started = false;
	else if (p[2] == 1 && !l->started && !s->kind->drops_early && !s->kind->starts_open)
		station_close(s, line);
}

/* What one read returns. */
static inline void station_read(struct station *s, unsigned line, const uint8_t *p, size_t n)
{
	struct station_line *l = &s->line[line];
	if (!l->open)
		return;
	if (l->n + n > sizeof(l->buf)) {
		station_close(s, line);
		return;
	}
	memcpy(l->buf + l->n, p, n);
	l->n += n;
	size_t at = 0;
	while (l->open && at < l->n) {
		size_t left = l->n - at;
		bool start = l->buf[at] == 0x68;
		if ((!start || (left == 1 && s->kind->reads_start)) && !s->kind->resyncs) {
			station_close(s, line);
			return;
		}
		if (start && left == 1)
			break;
		uint8_t len = start ? l->buf[at + 1] : 0;
		bool good = start && len >= 4 && (len <= 253 || s->kind->long_frames);
		if (!good && !s->kind->resyncs) {
			station_close(s, line);
			return;
		}
		if (!good) {
			at++;
			continue;
		}
		if (left < len + 2u)
			break;
		station_frame(s, line, l->buf + at, len + 2u);
		at += len + 2u;
	}
	if (!l->open)
		return;
	memmove(l->buf, l->buf + at, l->n - at);
	l->n -= at;
}

#endif
