/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: IP fragments (fragment.h). The input is a list of fragments, four octets each: which
 * of four packets (2 bits), more (1), seconds since the last one (5); offset / 8; length, in units
 * of 1 or 8. The octets of a fragment are its number. Held: a packet that is delivered consists of
 * whole fragments of its own that were kept and are not too old, without a hole; each fragment is
 * counted once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "packet/fragment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { STEP = 4, OCTETS = 1 << 16, LIST_MAX = 250, OLD_S = 60 };

struct sent {
	uint32_t id, offset;
	size_t len;
	uint64_t at_ns;
	bool kept;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static struct fragment fragment_of(const uint8_t *p, const uint8_t *octets, const uint8_t *header,
				   bool v4)
{
	struct fragment f = { .id = p[0] & 3,
			      .protocol = 17,
			      .more = (p[0] & 4) != 0,
			      .offset = p[1] * 8u,
			      .header = header,
			      .header_len = v4 ? 20 : 40,
			      .next_at = v4 ? 0 : 6,
			      .data = octets,
			      .len = (size_t)p[2] * (p[3] & 1 ? 1 : 8),
			      .frames = 1,
			      .octets = 1 };
	f.src.family = f.dst.family = v4 ? 4 : 6;
	f.src.b[0] = 1;
	f.dst.b[0] = 2;
	return f;
}

/* Each run of octets with one number is that fragment, all of it. */
static void check_packet(const struct whole_packet *w, const struct fragment *f,
			 const struct sent *sent, uint64_t now_ns)
{
	const uint8_t *octets = w->ip + f->header_len;
	must(w->len > f->header_len && w->frames >= 1);
	size_t n = w->len - f->header_len, at = 0;
	while (at < n) {
		const struct sent *s = &sent[octets[at]];
		must(octets[at] != 0 && s->kept && s->id == f->id && s->offset == at);
		must(now_ns - s->at_ns < (uint64_t)OLD_S * 1000000000u);
		must(at + s->len <= n);
		for (size_t i = 0; i < s->len; i++)
			must(octets[at + i] == octets[at]);
		at += s->len;
	}
}

static void run_list(struct fragments *t, const uint8_t *p, size_t n, bool v4)
{
	static uint8_t octets[OCTETS];
	uint8_t header[40] = { v4 ? 0x45 : 0x60 };
	struct sent sent[LIST_MAX + 2] = { 0 };
	uint64_t now = 1, frames = 0, done = 0;
	struct capture_counts counts = { 0 };
	struct whole_packet whole;
	for (unsigned i = 0; (i + 1) * STEP <= n && i < LIST_MAX; i++, frames++) {
		const struct fragment f = fragment_of(p + i * STEP, octets, header, v4);
		struct sent *s = &sent[i + 1];
		memset(octets, (int)i + 1, f.len);
		now += (uint64_t)(p[i * STEP] >> 3) * 1000000000u;
		*s = (struct sent){ .id = f.id,
				    .offset = f.offset,
				    .len = v4 && f.more ? f.len & ~(size_t)7 : f.len,
				    .at_ns = now };
		fragments_release(t);
		enum capture_unread why = fragments_add(t, &f, now, &whole);
		must(why < CAPTURE_UNREAD_N && why != CAPTURE_FRAGMENT_INCOMPLETE);
		s->kept = why == CAPTURE_READ || why == CAPTURE_FRAGMENT_KEPT;
		if (why == CAPTURE_READ)
			check_packet(&whole, &f, sent, now);
		if (why != CAPTURE_FRAGMENT_KEPT)
			done += why == CAPTURE_READ ? whole.frames : 1;
	}
	fragments_lost(t, &counts);
	for (int i = 0; i < CAPTURE_UNREAD_N; i++)
		done += counts.unread[i].frames;
	must(done == frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	for (int v4 = 0; v4 < 2; v4++) {
		struct fragments *t = fragments_new();
		must(t != NULL);
		run_list(t, data, n, v4);
		fragments_free(t);
	}
	return 0;
}
