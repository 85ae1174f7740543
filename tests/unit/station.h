/* SPDX-License-Identifier: MIT
 *
 * DNP3 stations as a test's receiver: secondaries of a request, or of a response. Real stacks
 * differ in what they ignore, join, drop and look for anew; each kind here is one choice of these,
 * and together they have every choice that was seen in a stack. Nothing of a stack is used: a frame
 * comes in, and a fragment that the station would act on comes out.
 */
#ifndef ZONED_TESTS_STATION_H
#define ZONED_TESTS_STATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dnp3-samples.h"

enum { STATION_STREAM = 1024, STATION_FRAGMENT = 2048, STATION_LINES = 4 };

struct station_kind {
	const char *name;
	/* confirmed data is taken only after a reset, and with the expected frame count bit */
	bool counts;
	bool forgets; /* a new connection is not reset */
	/* behind a frame that is none it looks for the next one octet further */
	bool inside;
	/* and frames with user data or count bits where none belong are none */
	bool strict;
	bool any_function;  /* whatever the link function, user data is taken */
	bool any_direction; /* frames of another station, too */
	/* a segment that does not follow is ignored; else the fragment is dropped */
	bool keeps_gap, keeps_copy;
	/* segments of another source: joined, or the fragment is dropped; else ignored */
	bool joins_sources, drops_source;
	bool apart;	      /* the segments of each source have a place of their own */
	bool joins_broadcast; /* broadcast segments, too */
	/* all connections collect in one place; no master does, or it could have one station only
	 */
	bool shares;
	bool one_frame; /* of a datagram only the first frame is read */
};

/* clang-format off */
static const struct station_kind station_kinds[] = {
	{ .name = "counts and keeps", .counts = true, .forgets = true, .inside = true, .strict = true, .keeps_gap = true,
	  .keeps_copy = true, .joins_broadcast = true },
	{ .name = "counts and drops", .counts = true, .forgets = true, .drops_source = true },
	{ .name = "counts and joins", .counts = true, .forgets = true, .inside = true, .any_direction = true,
	  .joins_sources = true, .joins_broadcast = true },
	{ .name = "counts over connections", .counts = true, .inside = true, .strict = true, .any_direction = true,
	  .keeps_gap = true, .keeps_copy = true, .joins_sources = true, .shares = true },
	{ .name = "takes all", .inside = true, .any_direction = true, .joins_sources = true },
	{ .name = "keeps sources apart", .counts = true, .forgets = true, .inside = true, .strict = true, .keeps_gap = true,
	  .keeps_copy = true, .apart = true },
	{ .name = "takes any function", .any_function = true, .any_direction = true, .joins_sources = true,
	  .shares = true, .one_frame = true },
};
/* clang-format on */
enum { STATION_KINDS = sizeof(station_kinds) / sizeof(station_kinds[0]) };

struct station_line { /* of one connection */
	size_t n;
	uint8_t in[STATION_STREAM];
	bool reset, fcb; /* expected */
	bool open;
	uint8_t seq, last; /* transport octet */
	uint16_t src, dst;
	size_t got;
	uint8_t fragment[STATION_FRAGMENT];
};

struct station {
	const struct station_kind *kind;
	uint16_t address;
	bool master; /* takes what stations send */
	/* what it acts on: link function, addresses, and the fragment */
	void (*act)(void *ctx, const struct station *s, uint16_t src, uint16_t dst,
		    const uint8_t *p, size_t n);
	void *ctx;
	/* the latter for another source's segments */
	struct station_line line[STATION_LINES], second[STATION_LINES];
};

static inline bool station_crc_ok(const uint8_t *p, size_t n)
{
	uint16_t crc = sample_crc(p, n);
	return p[n] == (crc & 255) && p[n + 1] == crc >> 8;
}

/* Whoever does not follow: is it ignored? Else what was collected is dropped. */
static inline bool station_follows(struct station *s, struct station_line *c, uint16_t src,
				   uint16_t dst, uint8_t octet)
{
	const struct station_kind *k = s->kind;
	if (!c->open)
		return false;
	if ((src != c->src && !k->joins_sources) || (dst != c->dst && !k->joins_broadcast)) {
		c->open = c->open && !(src != c->src && k->drops_source);
		return false;
	}
	if ((octet & 63) == ((c->seq + 1) & 63))
		return true;
	bool copy = (octet & 63) == c->seq;
	c->open = copy ? k->keeps_copy : k->keeps_gap;
	return false;
}

/* Where the segments of this source are, of a station that keeps them apart. */
static inline struct station_line *station_apart(struct station *s, struct station_line *c,
						 uint16_t src)
{
	struct station_line *second = &s->second[c - s->line];
	bool in_first = second->src != src && (c->src == src || c->src == 0);
	return in_first ? c : second;
}

static inline void station_segment(struct station *s, struct station_line *c, uint16_t src,
				   uint16_t dst, const uint8_t *user, size_t n)
{
	uint8_t octet = user[0];
	if (s->kind->shares && !s->master)
		c = &s->line[0];
	if (s->kind->apart)
		c = station_apart(s, c, src);
	if (octet & 0x40) {
		c->got = 0;
		c->open = true;
		c->src = src;
		c->dst = dst;
	} else if (!station_follows(s, c, src, dst, octet)) {
		return;
	}
	if (c->got + n - 1 > sizeof(c->fragment)) {
		c->open = false;
		return;
	}
	memcpy(c->fragment + c->got, user + 1, n - 1);
	c->got += n - 1;
	c->seq = octet & 63;
	if (!(octet & 0x80))
		return;
	c->open = false;
	if (c->got >= 2)
		s->act(s->ctx, s, c->src, dst, c->fragment, c->got);
}

/* Does the station take the user data of this frame? */
static inline bool station_takes(struct station *s, struct station_line *c, uint8_t control,
				 bool broadcast)
{
	const struct station_kind *k = s->kind;
	unsigned func = control & 15;
	bool fcb = control >> 5 & 1;
	if ((control >> 7) == s->master && !k->any_direction)
		return false;
	if (!(control & 0x40))
		return k->any_function;
	if (func == 0 && !broadcast) {
		c->reset = true;
		c->fcb = true;
	}
	if (func != 3 || !k->counts)
		return func == 3 || func == 4 || k->any_function;
	if (!c->reset || fcb != c->fcb)
		return false;
	c->fcb = !fcb;
	return true;
}

static inline bool station_sound(const struct station_kind *k, uint8_t control, size_t user)
{
	unsigned func = control & 15;
	bool prm = control & 0x40, fcv = control & 0x10;
	if (!k->strict)
		return true;
	if (!prm)
		return (func <= 1 || func == 11 || func == 14 || func == 15) && user == 0 &&
		       !(control & 0x20);
	return (func == 3 || func == 4)
		       ? user > 0 && fcv == (func == 3)
		       : (func == 0 || func == 2 || func == 9) && user == 0 && fcv == (func == 2);
}

/* One frame at p, of n octets that came: octets used; 0: not whole yet. */
static inline size_t station_frame(struct station *s, struct station_line *c, const uint8_t *p,
				   size_t n)
{
	const struct station_kind *k = s->kind;
	uint8_t user[250];
	if (p[0] != 5 || (n > 1 && p[1] != 0x64))
		return 1;
	if (n < 10)
		return 0;
	if (p[2] < 5 || !station_crc_ok(p, 8))
		return 1;
	size_t len = p[2] - 5u, whole = 10 + len + 2 * ((len + 15) / 16);
	uint16_t dst = (uint16_t)(p[4] | p[5] << 8), src = (uint16_t)(p[6] | p[7] << 8);
	if (!station_sound(k, p[3], len) && k->inside)
		return 1;
	if (n < whole)
		return 0;
	for (size_t i = 0; i < len; i += 16) {
		size_t part = len - i < 16 ? len - i : 16;
		const uint8_t *block = p + 10 + i / 16 * 18;
		if (!station_crc_ok(block, part))
			return k->inside ? 1 : whole;
		memcpy(user + i, block, part);
	}
	bool broadcast = dst >= 0xfffd;
	if (!station_sound(k, p[3], len) ||
	    (dst != s->address && !(broadcast && k->joins_broadcast)))
		return whole;
	if (station_takes(s, c, p[3], broadcast) && len)
		station_segment(s, c, src, dst, user, len);
	return whole;
}

/* Bytes of a connection, in order. */
static inline void station_bytes(struct station *s, unsigned line, const uint8_t *p, size_t n)
{
	struct station_line *c = &s->line[line];
	if (c->n + n > sizeof(c->in))
		c->n = 0;
	memcpy(c->in + c->n, p, n);
	c->n += n;
	size_t at = 0, used;
	while (at < c->n && (used = station_frame(s, c, c->in + at, c->n - at)) > 0)
		at += used;
	memmove(c->in, c->in + at, c->n - at);
	c->n -= at;
}

/* A datagram; all peers collect in one place. */
static inline void station_datagram(struct station *s, const uint8_t *p, size_t n)
{
	struct station_line *c = &s->line[STATION_LINES - 1];
	size_t at = 0, used;
	while (at < n && (used = station_frame(s, c, p + at, n - at)) > 0) {
		at += used;
		if (s->kind->one_frame)
			break;
	}
}

/* A new connection. */
static inline void station_connect(struct station *s, unsigned line)
{
	struct station_line *c = &s->line[line],
			    *at = s->kind->shares && !s->master ? &s->line[0] : c;
	c->n = 0;
	if (!s->kind->shares)
		at->open = s->second[line].open = false;
	if (s->kind->forgets)
		c->reset = false;
}

#endif
