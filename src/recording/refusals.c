/* SPDX-License-Identifier: MIT
 *
 * A table by the ends of connections, in whichever direction a packet goes. All windows are of the
 * same length, so a queue has them in the order in which they end.
 */
#include "recording/refusals.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"

enum { BUCKETS = REFUSALS_MAX, NONE = REFUSALS_MAX };

struct counted {
	struct refused_many many;
	uint64_t until_ns;
	uint16_t chain; /* the next of its bucket, or free one */
	uint16_t later; /* the next whose window ends */
	uint16_t bucket;
};

struct refusals {
	void (*told)(void *ctx, const struct refused_many *m);
	void *ctx;
	uint16_t unused;      /* places from here on were never in use */
	uint16_t free;	      /* the first of those given back */
	uint16_t first, last; /* of the queue */
	uint16_t bucket[BUCKETS];
	struct counted v[REFUSALS_MAX];
};

static bool same_ends_of(const struct event *a, const struct event *b)
{
	bool same = addr_eq(&a->src, &b->src) && addr_eq(&a->dst, &b->dst) &&
		    a->sport == b->sport && a->dport == b->dport;
	bool turned = addr_eq(&a->src, &b->dst) && addr_eq(&a->dst, &b->src) &&
		      a->sport == b->dport && a->dport == b->sport;
	return same || turned;
}

static bool same_refusal(const struct event *a, const struct event *b)
{
	return a->l4 == b->l4 && a->reason == b->reason && a->verdict == b->verdict &&
	       same_ends_of(a, b);
}

/* The same for both directions. */
static uint16_t bucket_for(const struct event *ev)
{
	static const uint64_t key[2] = { 1, 2 }; /* a collision costs a comparison */
	uint64_t a[2], b[2], w[4];
	memcpy(a, ev->src.b, sizeof(a));
	memcpy(b, ev->dst.b, sizeof(b));
	w[0] = a[0] ^ b[0];
	w[1] = a[1] ^ b[1];
	w[2] = a[0] + b[0] + a[1] + b[1];
	w[3] = (uint64_t)(ev->sport ^ ev->dport) << 32 | (uint64_t)ev->l4 << 16 | ev->reason;
	return (uint16_t)(siphash_words(key, w, 4) % BUCKETS);
}

/* ---- places ---- */

static void enqueue(struct refusals *r, uint16_t at)
{
	r->v[at].later = NONE;
	if (r->first == NONE)
		r->first = at;
	else
		r->v[r->last].later = at;
	r->last = at;
}

static uint16_t dequeue(struct refusals *r)
{
	uint16_t at = r->first;
	r->first = r->v[at].later;
	return at;
}

static void forget_count(struct refusals *r, uint16_t at)
{
	uint16_t *link = &r->bucket[r->v[at].bucket];
	while (*link != at)
		link = &r->v[*link].chain;
	*link = r->v[at].chain;
	r->v[at].chain = r->free;
	r->free = at;
}

/* What was counted in its window has a record, and counting begins again. */
static bool tell_counted(struct refusals *r, struct counted *k)
{
	struct refused_many *m = &k->many;
	if (m->requests + m->responses == 0)
		return false;
	r->told(r->ctx, m);
	m->requests = m->responses = m->since_ns = 0;
	return true;
}

static uint16_t place_for_count(struct refusals *r)
{
	uint16_t at = r->free;
	if (at != NONE) {
		r->free = r->v[at].chain;
		return at;
	}
	if (r->unused < REFUSALS_MAX)
		return r->unused++;
	at = dequeue(r);
	tell_counted(r, &r->v[at]);
	forget_count(r, at);
	r->free = r->v[at].chain;
	return at;
}

/* ---- packets and time ---- */

static void count_packet(struct refused_many *m, const struct event *ev)
{
	if (m->requests + m->responses == 0)
		m->since_ns = ev->time_ns;
	m->ev.time_ns = ev->time_ns;
	m->ev.packet = ev->packet;
	m->requests += !ev->response;
	m->responses += ev->response;
}

void refusals_add(struct refusals *r, const struct event *ev, unsigned tag, uint64_t now_ns)
{
	uint16_t bucket = bucket_for(ev);
	refusals_clock(r, now_ns);
	for (uint16_t at = r->bucket[bucket]; at != NONE; at = r->v[at].chain)
		if (same_refusal(&r->v[at].many.ev, ev)) {
			count_packet(&r->v[at].many, ev);
			return;
		}
	uint16_t at = place_for_count(r);
	struct counted *k = &r->v[at];
	*k = (struct counted){ .many = { .ev = *ev, .tag = tag },
			       .until_ns = now_ns + REFUSALS_WINDOW_NS,
			       .chain = r->bucket[bucket],
			       .bucket = bucket };
	r->bucket[bucket] = at;
	enqueue(r, at);
	k->many.requests = !ev->response;
	k->many.responses = ev->response;
	tell_counted(r, k);
}

static void end_window(struct refusals *r, uint64_t now_ns)
{
	uint16_t at = dequeue(r);
	if (!tell_counted(r, &r->v[at])) { /* it stayed quiet */
		forget_count(r, at);
		return;
	}
	r->v[at].until_ns = now_ns + REFUSALS_WINDOW_NS;
	enqueue(r, at);
}

void refusals_clock(struct refusals *r, uint64_t now_ns)
{
	while (r->first != NONE && r->v[r->first].until_ns <= now_ns)
		end_window(r, now_ns);
}

static void make_empty(struct refusals *r)
{
	r->unused = 0;
	r->free = r->first = NONE;
	for (unsigned i = 0; i < BUCKETS; i++)
		r->bucket[i] = NONE;
}

void refusals_end(struct refusals *r)
{
	while (r->first != NONE)
		tell_counted(r, &r->v[dequeue(r)]);
	make_empty(r);
}

struct refusals *refusals_new(void (*told)(void *ctx, const struct refused_many *m), void *ctx)
{
	struct refusals *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->told = told;
	r->ctx = ctx;
	make_empty(r);
	return r;
}

void refusals_free(struct refusals *r)
{
	free(r);
}
