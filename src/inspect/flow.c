/* SPDX-License-Identifier: MIT
 * The table of inspected connections. */
#include "inspect/flow.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"

bool flows_init(struct flows *t, uint32_t n, const uint64_t key[2])
{
	memset(t, 0, sizeof(*t));
	t->n = n;
	t->n_buckets = 1;
	while (t->n_buckets < n)
		t->n_buckets *= 2;
	t->key[0] = key[0];
	t->key[1] = key[1];
	t->v = calloc(n, sizeof(*t->v));
	t->bucket = calloc(t->n_buckets, sizeof(*t->bucket));
	t->bufs = calloc(n, 2 * HALF_BUF);
	t->n_big = n / FLOW_BIG_SHARE > FLOW_BIG_MIN ? n / FLOW_BIG_SHARE : FLOW_BIG_MIN;
	t->big_bufs = calloc(t->n_big, 2 * HALF_BIG);
	t->big_free = calloc(t->n_big, sizeof(*t->big_free));
	for (uint32_t i = 0; t->big_free && i < t->n_big; i++)
		t->big_free[t->n_big_free++] = t->n_big - 1 - i;
	return t->v && t->bucket && t->bufs && t->big_bufs && t->big_free;
}

void flows_free(struct flows *t)
{
	free(t->v);
	free(t->bucket);
	free(t->bufs);
	free(t->big_bufs);
	free(t->big_free);
	fast_pool_free(&t->fast);
}

static uint32_t hash_ends(const struct flows *t, const struct flow *f)
{
	uint64_t w[5];
	memcpy(w, f->client.b, 16);
	memcpy(w + 2, f->server.b, 16);
	w[4] = (uint64_t)f->cport << 32 | (uint64_t)f->sport << 16 | (uint64_t)f->l4 << 8 | f->client.family;
	return (uint32_t)siphash_words(t->key, w, 5) & (t->n_buckets - 1);
}

static void ends_of(struct flow *f, const struct packet *p, bool from_client)
{
	f->client = from_client ? p->src : p->dst;
	f->server = from_client ? p->dst : p->src;
	f->cport = from_client ? p->sport : p->dport;
	f->sport = from_client ? p->dport : p->sport;
	f->l4 = p->l4;
}

static struct flow *find_ends(struct flows *t, const struct flow *k)
{
	uint32_t i = t->bucket[hash_ends(t, k)];
	while (i) {
		struct flow *f = &t->v[i - 1];
		if (f->cport == k->cport && f->sport == k->sport && f->l4 == k->l4 &&
		    addr_eq(&f->client, &k->client) && addr_eq(&f->server, &k->server))
			return f;
		i = f->chain;
	}
	return NULL;
}

struct flow *flow_find_ends(struct flows *t, const struct addr *client, uint16_t cport,
			    const struct addr *server, uint16_t sport)
{
	struct flow k = { .client = *client, .server = *server, .cport = cport, .sport = sport,
			  .l4 = IPPROTO_TCP };
	return find_ends(t, &k);
}

struct flow *flow_find(struct flows *t, const struct packet *p, int *dir)
{
	struct flow k;
	for (*dir = 0; *dir < 2; (*dir)++) {
		ends_of(&k, p, *dir == 0);
		struct flow *f = find_ends(t, &k);
		if (f)
			return f;
	}
	*dir = 0;
	return NULL;
}

/* last_ns misses what the kernel passed: ask before giving an idle one up. */
static bool expired(const struct flows *t, struct flow *f, uint64_t now)
{
	static const uint64_t life[] = {
		[FLOW_SYN] = FLOW_HALF_OPEN_NS, [FLOW_OPEN] = FLOW_IDLE_NS,
		[FLOW_CLOSED] = FLOW_CLOSED_NS, [FLOW_BLOCKED] = FLOW_CLOSED_NS,
		[FLOW_BLIND] = FLOW_IDLE_NS,
	};
	uint64_t limit = f->gone ? FLOW_GONE_NS : f->l4 == IPPROTO_UDP ? FLOW_UDP_NS : life[f->state];
	if (f->state == FLOW_FREE || now - f->last_ns <= limit)
		return false;
	if (!fast_moved(&t->fast, &f->fast))
		return true;
	f->gone = false;
	f->last_ns = now;
	return false;
}

void flow_drop(struct flows *t, struct flow *f)
{
	uint32_t self = (uint32_t)(f - t->v) + 1;
	uint32_t *at = &t->bucket[hash_ends(t, f)];
	while (*at != self)
		at = &t->v[*at - 1].chain;
	*at = f->chain;
	if (f->big)
		t->big_free[t->n_big_free++] = f->big - 1;
	f->big = 0;
	fast_release(&t->fast, &f->fast);
	f->state = FLOW_FREE;
	t->used--;
}

void flows_sweep(struct flows *t, uint64_t now, unsigned slots)
{
	while (slots--) {
		struct flow *f = &t->v[t->sweep];
		t->sweep = (t->sweep + 1) % t->n;
		if (expired(t, f, now))
			flow_drop(t, f);
	}
}

/* May this entry go to make room? When the table is nearly full, what is only half
 * open goes at once, what is closed after a second; never what is open. */
static bool can_go(const struct flows *t, struct flow *f, uint64_t now)
{
	if (expired(t, f, now))
		return true;
	if (t->used < t->n - t->n / 8)
		return false;
	bool closed = f->state == FLOW_CLOSED || f->state == FLOW_BLOCKED;
	return f->state == FLOW_SYN || (closed && now - f->last_ns > SEC);
}

/* A free slot; a bounded number is looked at. */
static struct flow *free_slot(struct flows *t, uint64_t now)
{
	for (unsigned i = 0; i < FLOW_SCAN; i++) {
		struct flow *f = &t->v[t->hand];
		t->hand = (t->hand + 1) % t->n;
		if (f->state != FLOW_FREE && can_go(t, f, now))
			flow_drop(t, f);
		if (f->state == FLOW_FREE)
			return f;
	}
	return NULL;
}

void flow_fresh(struct flow *f)
{
	memset(&f->state_of, 0, proto_of(f->proto)->state);
}

static bool give_buffers(struct flows *t, struct flow *f)
{
	bool big = proto_of(f->proto)->big;
	uint32_t size = big ? HALF_BIG : HALF_BUF;
	uint8_t *buf = t->bufs + (size_t)(f - t->v) * 2 * HALF_BUF;
	if (big && t->n_big_free == 0)
		return false;
	if (big) {
		f->big = t->big_free[--t->n_big_free] + 1;
		buf = t->big_bufs + (size_t)(f->big - 1) * 2 * HALF_BIG;
	}
	for (int d = 0; d < 2; d++) {
		f->h[d].buf = buf + (size_t)d * size;
		f->h[d].size = size;
	}
	return true;
}

struct flow *flow_add(struct flows *t, const struct packet *p, bool from_client, uint8_t proto, uint64_t now)
{
	struct flow *f = free_slot(t, now);
	if (!f)
		return NULL;
	memset(f, 0, offsetof(struct flow, state_of));
	ends_of(f, p, from_client);
	f->proto = proto;
	if (!give_buffers(t, f))
		return NULL;
	flow_fresh(f);
	f->flow_id = 0xffff;
	f->state = FLOW_SYN;
	f->last_ns = now;
	uint32_t *b = &t->bucket[hash_ends(t, f)];
	f->chain = *b;
	*b = (uint32_t)(f - t->v) + 1;
	t->used++;
	return f;
}
