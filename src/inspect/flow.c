/* SPDX-License-Identifier: MIT
 * The table of inspected connections. */
#include "inspect/flow.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/pages.h"
#include "base/siphash.h"

/* Return memory that a flood has used to the system. */
static void give_pages_back(uint8_t *buf, size_t n)
{
	/* a page that is larger than one flow's buffers belongs to other flows too */
	if ((size_t)sysconf(_SC_PAGESIZE) <= n)
		madvise(buf, n, MADV_DONTNEED);
}

static void push(struct flows *t, struct flow_list *l, const struct flow *f)
{
	list_append(l, &t->v->link, sizeof(*t->v), (uint32_t)(f - t->v) + 1);
}

static void take(struct flows *t, struct flow_list *l, const struct flow *f)
{
	list_remove(l, &t->v->link, sizeof(*t->v), (uint32_t)(f - t->v) + 1);
}

static struct flow *first(const struct flows *t, const struct flow_list *l)
{
	return l->first ? &t->v[l->first - 1] : NULL;
}

bool flows_init(struct flows *t, uint32_t n, uint32_t max_source, const uint64_t key[2])
{
	uint32_t reserve = n / FLOW_RESERVE ? n / FLOW_RESERVE : n > 1;
	memset(t, 0, sizeof(*t));
	t->n = n;
	t->max_open = n - reserve;
	t->max_source = max_source && max_source < t->max_open ? max_source : t->max_open;
	t->n_buckets = 1;
	while (t->n_buckets < n)
		t->n_buckets *= 2;
	t->key[0] = key[0];
	t->key[1] = key[1];
	t->v = pages_map(n * sizeof(*t->v));
	t->bucket = pages_map(t->n_buckets * sizeof(*t->bucket));
	t->n_big = n / FLOW_BIG_SHARE > FLOW_BIG_MIN ? n / FLOW_BIG_SHARE : FLOW_BIG_MIN;
	t->state = proto_state_max();
	t->states = pages_map(n * t->state);
	t->bufs = pages_map((size_t)n * 2 * HALF_BUF);
	t->big_bufs = pages_map((size_t)t->n_big * 2 * HALF_BIG);
	bool shares = sources_init(&t->sources, n, key) && share_init(&t->big, t->n_big, key);
	if (!shares || !t->v || !t->bucket || !t->states || !t->bufs || !t->big_bufs)
		return false;
	t->unused = n;
	return true;
}

void flows_free(struct flows *t)
{
	sources_free(&t->sources);
	pages_unmap(t->v, t->n * sizeof(*t->v));
	pages_unmap(t->bucket, t->n_buckets * sizeof(*t->bucket));
	pages_unmap(t->states, t->n * t->state);
	pages_unmap(t->bufs, (size_t)t->n * 2 * HALF_BUF);
	pages_unmap(t->big_bufs, (size_t)t->n_big * 2 * HALF_BIG);
	share_free(&t->big);
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

/* ---- groups ---- */

static bool is_closed(const struct flow *f)
{
	return f->state == FLOW_CLOSED || f->state == FLOW_BLOCKED;
}

/* The list of a place that is not a proven connection. */
static struct flow_list *list_of(struct flows *t, const struct flow *f)
{
	return f->state == FLOW_FREE ? &t->free : is_closed(f) ? &t->closed : &t->half;
}

static void enter(struct flows *t, struct flow *f)
{
	if (f->proven) {
		struct source *e = source_get(&t->sources, &f->client);
		f->source = (uint32_t)(e - t->sources.v) + 1;
		push(t, &e->flows, f);
		source_count(&t->sources, e, e->flows.n - 1);
		t->n_open++;
	} else {
		push(t, list_of(t, f), f);
	}
}

static void leave(struct flows *t, struct flow *f)
{
	if (f->proven) {
		struct source *e = &t->sources.v[f->source - 1];
		take(t, &e->flows, f);
		source_count(&t->sources, e, e->flows.n + 1);
		t->n_open--;
	} else {
		take(t, list_of(t, f), f);
	}
}

/* ---- large buffers ---- */

static uint8_t *small_buf(const struct flows *t, const struct flow *f, unsigned d)
{
	return t->bufs + ((size_t)(f - t->v) * 2 + d) * HALF_BUF;
}

static uint8_t *large_buf(const struct flows *t, uint32_t place, unsigned d)
{
	return t->big_bufs + ((size_t)(place - 1) * 2 + d) * HALF_BIG;
}

static void give_large_back(struct flows *t, struct flow *f)
{
	give_pages_back(large_buf(t, f->big, 0), 2 * HALF_BIG);
	share_leave(&t->big, f->big);
	f->big = 0;
}

bool flow_shrink(struct flows *t, struct flow *f)
{
	if (!f->big || half_extent(&f->h[0]) > HALF_BUF || half_extent(&f->h[1]) > HALF_BUF)
		return false;
	for (unsigned d = 0; d < 2; d++)
		half_move(&f->h[d], small_buf(t, f, d), HALF_BUF);
	give_large_back(t, f);
	return true;
}

bool flow_enlarge(struct flows *t, struct flow *f)
{
	if (!proto_of(f->proto)->big || f->big || !f->proven)
		return false;
	f->big = share_enter(&t->big, &f->client, (uint32_t)(f - t->v));
	for (unsigned d = 0; f->big && d < 2; d++)
		half_move(&f->h[d], large_buf(t, f->big, d), HALF_BIG);
	return f->big != 0;
}

bool flow_large_yields(struct flows *t, const struct flow *f, uint64_t now, struct flow **victim)
{
	uint32_t has, most = 0, own = share_has(&t->big, &f->client);
	*victim = NULL;
	for (unsigned i = 0; i < SHARE_ASKED; i++) {
		uint32_t place = share_candidate(&t->big, i, &has);
		struct flow *v = &t->v[t->big.v[place - 1].owner];
		if (flow_shrink(t, v)) {
			*victim = NULL;
			return true;
		}
		bool better = !*victim || has > most || (has == most && v->used_ns < (*victim)->used_ns);
		if (!better || !share_yields(has, own, now - v->used_ns))
			continue;
		*victim = v;
		most = has;
	}
	return *victim != NULL;
}

/* ---- groups, and how they change ---- */

void flow_turn(struct flows *t, struct flow *f, enum flow_state state, uint64_t now)
{
	if (f->big && (state == FLOW_BLOCKED || state == FLOW_SYN)) {
		/* nothing of what is kept goes on any more */
		for (unsigned d = 0; d < 2; d++)
			half_start(&f->h[d], f->h[d].next);
	}
	flow_shrink(t, f);
	leave(t, f);
	f->state = (uint8_t)state;
	f->proven = f->proven && state == FLOW_BLIND;
	f->useful = f->useful && f->proven;
	f->used_ns = now;
	enter(t, f);
}

void flow_prove(struct flows *t, struct flow *f, uint64_t now)
{
	leave(t, f);
	f->proven = true;
	f->used_ns = now;
	enter(t, f);
}

void flow_used(struct flows *t, struct flow *f, uint64_t now)
{
	f->used_ns = now;
	f->useful = true;
	if (!f->proven || !f->link.newer)
		return;
	struct flow_list *l = &t->sources.v[f->source - 1].flows;
	take(t, l, f);
	push(t, l, f);
}

/* ---- ends ---- */

/* A whole list of what the kernel knows, begun after this flow's last packet, is without it. */
static bool forgotten(const struct flows *t, const struct flow *f)
{
	return t->list_ended && f->listed != t->list && f->last_ns < t->list_ns && f->l4 == IPPROTO_TCP;
}

/* last_ns misses what the kernel passed: ask before giving an idle one up. */
static bool expired(struct flows *t, struct flow *f, uint64_t now)
{
	static const uint64_t life[] = {
		[FLOW_SYN] = FLOW_HALF_OPEN_NS, [FLOW_OPEN] = FLOW_IDLE_NS,
		[FLOW_CLOSED] = FLOW_CLOSED_NS, [FLOW_BLOCKED] = FLOW_CLOSED_NS,
		[FLOW_BLIND] = FLOW_IDLE_NS,
	};
	bool half = !f->proven && !is_closed(f);
	uint64_t limit = f->gone || forgotten(t, f) ? FLOW_GONE_NS : f->l4 == IPPROTO_UDP ? FLOW_UDP_NS
							: life[half ? FLOW_SYN : f->state];
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
	if (t->dropped)
		t->dropped(t->owner, f);
	while (*at != self)
		at = &t->v[*at - 1].chain;
	*at = f->chain;
	if (f->big)
		give_large_back(t, f);
	fast_release(&t->fast, &f->fast);
	leave(t, f);
	f->proven = false;
	f->state = FLOW_FREE;
	enter(t, f);
	t->used--;
}

void flows_sweep(struct flows *t, uint64_t now, unsigned slots)
{
	uint32_t n = t->n - t->unused;	/* the others were never touched, and stay so */
	for (slots = slots < n ? slots : n; slots; slots--) {
		struct flow *f = &t->v[t->sweep % n];
		t->sweep = (t->sweep + 1) % n;
		if (expired(t, f, now))
			flow_drop(t, f);
		else if (f->big && now - f->last_ns > FLOW_SETTLED_NS)
			flow_shrink(t, f);
		if (f->state == FLOW_FREE && f->touched)
			give_pages_back(t->bufs + (size_t)(f - t->v) * 2 * HALF_BUF, 2 * HALF_BUF);
		f->touched = f->touched && f->state != FLOW_FREE;
	}
}

/* ---- room ---- */

struct flow *flow_yields(const struct flows *t, uint64_t now)
{
	struct flow *closed = first(t, &t->closed), *half = first(t, &t->half);
	if (t->free.n || t->unused)
		return NULL;
	if (!closed || !half)
		return closed ? closed : half;
	if (now - closed->last_ns > FLOW_LINGER_NS || now - half->used_ns < FLOW_FRESH_NS)
		return closed;
	return half;
}

/* Has a source so many more that it does not matter what it does with them? */
static bool far_heavier(uint32_t has, uint32_t own)
{
	return has > FLOW_LIGHT * (own + 1);
}

/* May this one, of those that its source has, go for one more of a source that has own? */
static bool stale(const struct flow *f, uint32_t has, uint32_t own, uint64_t now)
{
	if (far_heavier(has, own))
		return true;
	return now - f->used_ns > (f->useful ? FLOW_STALE_NS : FLOW_UNUSED_NS);
}

/* The kernel has passed messages of some, which nobody has told the list: if all that are asked
 * are in use, there is none but where one must go. */
static struct flow *least_used(struct flows *t, const struct source *from, bool one_goes, uint64_t now)
{
	for (uint32_t i = 0; i < FLOW_ASKED; i++) {
		struct flow *f = first(t, &from->flows);
		if (!f || !fast_moved(&t->fast, &f->fast))
			return f;
		flow_used(t, f, now);
	}
	return one_goes ? first(t, &from->flows) : NULL;
}

enum reason flow_admits(struct flows *t, const struct addr *client, uint64_t now,
			struct flow **victim)
{
	const struct source *own = source_find(&t->sources, client), *from = NULL;
	enum reason why = R_FLOW_LIMIT;
	*victim = NULL;
	if (t->n_open >= t->max_open) {
		from = source_heaviest(&t->sources);
	} else if (own && own->flows.n >= t->max_source) {
		why = R_SOURCE_LIMIT;
		from = own;
	} else {
		return R_NONE;
	}
	if (from != own && own && from->flows.n <= own->flows.n)
		from = own;
	uint32_t has = from ? from->flows.n : 0, mine = own ? own->flows.n : 0;
	*victim = from ? least_used(t, from, far_heavier(has, mine), now) : NULL;
	if (*victim && stale(*victim, has, mine, now))
		return R_NONE;
	*victim = NULL;
	return why;
}

void flow_fresh(struct flow *f)
{
	memset(f->proto_state, 0, proto_of(f->proto)->fresh);
}

struct flow *flow_add(struct flows *t, const struct packet *p, bool from_client, uint8_t proto, uint64_t now)
{
	if (!t->free.n && t->unused)
		push(t, &t->free, &t->v[t->n - t->unused--]);
	if (!t->free.n)
		return NULL;
	struct flow *f = &t->v[t->free.last - 1];	/* the newest: its memory is warm */
	leave(t, f);
	*f = (struct flow){ .proto_state = t->states + (size_t)(f - t->v) * t->state };
	ends_of(f, p, from_client);
	f->proto = proto;
	for (uint32_t d = 0; d < 2; d++) {
		f->h[d].buf = small_buf(t, f, d);
		f->h[d].size = HALF_BUF;
	}
	flow_fresh(f);
	f->flow_id = 0xffff;
	f->state = FLOW_SYN;
	f->touched = true;
	f->last_ns = f->used_ns = now;
	enter(t, f);
	uint32_t *b = &t->bucket[hash_ends(t, f)];
	f->chain = *b;
	*b = (uint32_t)(f - t->v) + 1;
	t->used++;
	return f;
}
