/* SPDX-License-Identifier: MIT
 * A ring of packets that one thread writes and another one reads, without a lock. */
#include "evidence/ring.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

/* In the ring, one behind the other, none over its end. */
struct kept {
	uint32_t size; /* with the octets, and what fills it up to a multiple of ALIGN */
	uint32_t skip; /* nothing, up to the ring's end */
	struct evidence_packet k;
};

enum { ALIGN = 16, HEADER = sizeof(struct kept), SKIP_PART = offsetof(struct kept, k) };
_Static_assert(SKIP_PART <= ALIGN, "what is skipped is told wherever a packet may begin");

struct evidence_ring {
	size_t size;
	uint32_t snap;
	uint8_t *p;
	_Alignas(64) atomic_ullong oldest; /* all before it may be overwritten */
	atomic_ullong end;		   /* all before it is written */
};

struct evidence_ring *evidence_ring_new(size_t size, uint32_t snap)
{
	struct evidence_ring *r = aligned_alloc(64, sizeof(*r));
	size = size / ALIGN * ALIGN;
	uint8_t *p = r && size >= EVIDENCE_RING_MIN ? pages_map(size) : NULL;
	if (!p) {
		free(r);
		return NULL;
	}
	memset(r, 0, sizeof(*r));
	memset(p, 1, size); /* a page that is not there yet would be made in the data path */
	r->size = size;
	r->p = p;
	r->snap = snap < EVIDENCE_SNAP_MAX ? snap : EVIDENCE_SNAP_MAX;
	atomic_store(&r->oldest, size);
	atomic_store(&r->end, size);
	return r;
}

void evidence_ring_free(struct evidence_ring *r)
{
	if (!r)
		return;
	pages_unmap(r->p, r->size);
	free(r);
}

static uint32_t size_at(const struct evidence_ring *r, uint64_t at)
{
	uint32_t size;
	memcpy(&size, r->p + at % r->size, sizeof(size));
	return size;
}

uint64_t evidence_ring_copy(struct evidence_ring *r, const struct evidence_packet *k,
			    const uint8_t *data)
{
	struct kept h = { .k = *k };
	h.k.len = k->len < r->snap ? k->len : r->snap;
	h.size = (HEADER + h.k.len + ALIGN - 1) / ALIGN * ALIGN;
	uint64_t end = atomic_load_explicit(&r->end, memory_order_relaxed);
	uint64_t oldest = atomic_load_explicit(&r->oldest, memory_order_relaxed);
	uint32_t edge = (uint32_t)(r->size - end % r->size), skip = h.size > edge ? edge : 0;
	while (end + skip + h.size - oldest > r->size)
		oldest += size_at(r, oldest);
	atomic_store_explicit(&r->oldest, oldest, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	if (skip) {
		const struct kept none = { .size = skip, .skip = 1 };
		memcpy(r->p + end % r->size, &none, SKIP_PART);
		end += skip;
	}
	uint8_t *to = r->p + end % r->size;
	memcpy(to, &h, HEADER);
	if (h.k.len)
		memcpy(to + HEADER, data, h.k.len);
	atomic_store_explicit(&r->end, end + h.size, memory_order_release);
	return end;
}

uint64_t evidence_ring_oldest(const struct evidence_ring *r)
{
	return atomic_load_explicit(&r->oldest, memory_order_acquire);
}

uint64_t evidence_ring_end(const struct evidence_ring *r)
{
	return atomic_load_explicit(&r->end, memory_order_acquire);
}

/* Is what was just copied from there what the writer put there? */
static bool still_there(const struct evidence_ring *r, uint64_t at)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&r->oldest, memory_order_relaxed) <= at;
}

/* Of the packet that is there (or what is skipped); false: overtaken. */
static bool read_kept(const struct evidence_ring *r, uint64_t at, struct kept *h,
		      const struct evidence_octets *data)
{
	const uint8_t *from = r->p + at % r->size;
	memcpy(h, from, SKIP_PART);
	if (!still_there(r, at))
		return false;
	if (h->skip)
		return true;
	memcpy(&h->k, from + SKIP_PART, sizeof(h->k));
	if (!still_there(r, at))
		return false;
	if (h->k.len > data->room)
		h->k.len = data->room;
	if (h->k.len)
		memcpy(data->p, from + HEADER, h->k.len);
	return still_there(r, at);
}

uint64_t evidence_ring_next(const struct evidence_ring *r, uint64_t *at, struct evidence_packet *k,
			    const struct evidence_octets *data)
{
	struct kept h;
	/* ends: each turn moves *at on, and the writer is not faster than this for long */
	for (;;) {
		uint64_t oldest = evidence_ring_oldest(r);
		if (*at < oldest)
			*at = oldest;
		if (*at >= evidence_ring_end(r))
			return 0;
		if (!read_kept(r, *at, &h, data))
			continue;
		uint64_t place = *at;
		*at += h.size;
		if (h.skip)
			continue;
		*k = h.k;
		return place;
	}
}
