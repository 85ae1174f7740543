/* SPDX-License-Identifier: MIT
 * The table of inspected connections. */
#include "inspect/connection.h"

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
	/* a page that is larger than one connection's buffers belongs to others too */
	if ((size_t)sysconf(_SC_PAGESIZE) <= n)
		madvise(buf, n, MADV_DONTNEED);
}

static void push(struct connections *t, struct connection_list *l, const struct connection *f)
{
	list_append(l, &t->v->link, sizeof(*t->v), (uint32_t)(f - t->v) + 1);
}

static void take(struct connections *t, struct connection_list *l, const struct connection *f)
{
	list_remove(l, &t->v->link, sizeof(*t->v), (uint32_t)(f - t->v) + 1);
}

static struct connection *first(const struct connections *t, const struct connection_list *l)
{
	return l->first ? &t->v[l->first - 1] : NULL;
}

bool connections_init(struct connections *t, uint32_t n, uint32_t max_source, const uint64_t key[2])
{
	uint32_t reserve = n / CONN_RESERVE ? n / CONN_RESERVE : n > 1;
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
	t->n_big = n / CONN_BIG_SHARE > CONN_BIG_MIN ? n / CONN_BIG_SHARE : CONN_BIG_MIN;
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

void connections_free(struct connections *t)
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

static uint32_t hash_ends(const struct connections *t, const struct connection *f)
{
	uint64_t w[5];
	memcpy(w, f->client.b, 16);
	memcpy(w + 2, f->server.b, 16);
	w[4] = (uint64_t)f->cport << 32 | (uint64_t)f->sport << 16 | (uint64_t)f->l4 << 8 |
	       f->client.family;
	return (uint32_t)siphash_words(t->key, w, 5) & (t->n_buckets - 1);
}

static void ends_of(struct connection *f, const struct packet *p, bool from_client)
{
	f->client = from_client ? p->src : p->dst;
	f->server = from_client ? p->dst : p->src;
	f->cport = from_client ? p->sport : p->dport;
	f->sport = from_client ? p->dport : p->sport;
	f->l4 = p->l4;
}

static struct connection *find_ends(struct connections *t, const struct connection *k)
{
	uint32_t i = t->bucket[hash_ends(t, k)];
	while (i) {
		struct connection *f = &t->v[i - 1];
		if (f->cport == k->cport && f->sport == k->sport && f->l4 == k->l4 &&
		    addr_eq(&f->client, &k->client) && addr_eq(&f->server, &k->server))
			return f;
		i = f->chain;
	}
	return NULL;
}

struct connection *connection_find_ends(struct connections *t, const struct addr *client,
					uint16_t cport, const struct addr *server, uint16_t sport)
{
	struct connection k = { .client = *client,
				.server = *server,
				.cport = cport,
				.sport = sport,
				.l4 = IPPROTO_TCP };
	return find_ends(t, &k);
}

struct connection *connection_find(struct connections *t, const struct packet *p, int *dir)
{
	struct connection k;
	for (*dir = 0; *dir < 2; (*dir)++) {
		ends_of(&k, p, *dir == 0);
		struct connection *f = find_ends(t, &k);
		if (f)
			return f;
	}
	*dir = 0;
	return NULL;
}

/* ---- groups ---- */

static bool is_closed(const struct connection *f)
{
	return f->state == CONN_CLOSED || f->state == CONN_BLOCKED;
}

/* The list of a place that is not a proven connection. */
static struct connection_list *list_of(struct connections *t, const struct connection *f)
{
	return f->state == CONN_FREE ? &t->free : is_closed(f) ? &t->closed : &t->half;
}

static void enter(struct connections *t, struct connection *f)
{
	if (f->proven) {
		struct source *e = source_get(&t->sources, &f->client);
		f->source = (uint32_t)(e - t->sources.v) + 1;
		push(t, &e->places, f);
		source_count(&t->sources, e, e->places.n - 1);
		t->n_open++;
	} else {
		push(t, list_of(t, f), f);
	}
}

static void leave(struct connections *t, struct connection *f)
{
	if (f->proven) {
		struct source *e = &t->sources.v[f->source - 1];
		take(t, &e->places, f);
		source_count(&t->sources, e, e->places.n + 1);
		t->n_open--;
	} else {
		take(t, list_of(t, f), f);
	}
}

/* ---- large buffers ---- */

static uint8_t *small_buf(const struct connections *t, const struct connection *f, unsigned d)
{
	return t->bufs + ((size_t)(f - t->v) * 2 + d) * HALF_BUF;
}

static uint8_t *large_buf(const struct connections *t, uint32_t place, unsigned d)
{
	return t->big_bufs + ((size_t)(place - 1) * 2 + d) * HALF_BIG;
}

static void give_large_back(struct connections *t, struct connection *f)
{
	give_pages_back(large_buf(t, f->big, 0), 2 * HALF_BIG);
	share_leave(&t->big, f->big);
	f->big = 0;
}

bool connection_shrink(struct connections *t, struct connection *f)
{
	if (!f->big || half_extent(&f->h[0]) > HALF_BUF || half_extent(&f->h[1]) > HALF_BUF)
		return false;
	for (unsigned d = 0; d < 2; d++)
		half_move(&f->h[d], small_buf(t, f, d), HALF_BUF);
	give_large_back(t, f);
	return true;
}

bool connection_enlarge(struct connections *t, struct connection *f)
{
	if (!proto_of(f->proto)->big || f->big || !f->proven)
		return false;
	f->big = share_enter(&t->big, &f->client, (uint32_t)(f - t->v));
	for (unsigned d = 0; f->big && d < 2; d++)
		half_move(&f->h[d], large_buf(t, f->big, d), HALF_BIG);
	return f->big != 0;
}

bool connection_large_yields(struct connections *t, const struct connection *f, uint64_t now,
			     struct connection **victim)
{
	uint32_t has, most = 0, own = share_has(&t->big, &f->client);
	*victim = NULL;
	for (unsigned i = 0; i < SHARE_ASKED; i++) {
		uint32_t place = share_candidate(&t->big, i, &has);
		struct connection *v = &t->v[t->big.v[place - 1].owner];
		if (connection_shrink(t, v)) {
			*victim = NULL;
			return true;
		}
		bool better =
			!*victim || has > most || (has == most && v->used_ns < (*victim)->used_ns);
		if (!better || !share_yields(has, own, now - v->used_ns))
			continue;
		*victim = v;
		most = has;
	}
	return *victim != NULL;
}

/* ---- groups, and how they change ---- */

void connection_turn(struct connections *t, struct connection *f, enum connection_state state,
		     uint64_t now)
{
	if (f->big && (state == CONN_BLOCKED || state == CONN_SYN)) {
		/* nothing of what is kept goes on any more */
		for (unsigned d = 0; d < 2; d++)
			half_start(&f->h[d], f->h[d].next);
	}
	connection_shrink(t, f);
	leave(t, f);
	f->state = (uint8_t)state;
	f->proven = false;
	f->useful = false;
	f->used_ns = now;
	enter(t, f);
}

void connection_prove(struct connections *t, struct connection *f, uint64_t now)
{
	leave(t, f);
	f->proven = true;
	f->used_ns = now;
	enter(t, f);
}

void connection_used(struct connections *t, struct connection *f, uint64_t now)
{
	f->used_ns = now;
	f->useful = true;
	if (!f->proven || !f->link.newer)
		return;
	struct connection_list *l = &t->sources.v[f->source - 1].places;
	take(t, l, f);
	push(t, l, f);
}

void connection_moved(struct connections *t, struct connection *f, uint64_t now)
{
	if (!fast_moved(&t->fast, &f->fast))
		return;
	f->last_ns = now;
	connection_used(t, f, now);
}

/* ---- ends ---- */

/* A whole list of what the kernel knows, begun after this connection's last packet, is without it.
 */
static bool forgotten(const struct connections *t, const struct connection *f)
{
	return t->list_ended && f->listed != t->list && f->last_ns < t->list_ns &&
	       f->l4 == IPPROTO_TCP;
}

/* last_ns misses what the kernel passed: ask before giving an idle one up. */
static bool expired(struct connections *t, struct connection *f, uint64_t now)
{
	static const uint64_t life[] = {
		[CONN_SYN] = CONN_HALF_OPEN_NS,
		[CONN_OPEN] = CONN_IDLE_NS,
		[CONN_CLOSED] = CONN_CLOSED_NS,
		[CONN_BLOCKED] = CONN_CLOSED_NS,
	};
	bool half = !f->proven && !is_closed(f);
	uint64_t limit = f->gone || forgotten(t, f) ? CONN_GONE_NS
			 : f->l4 == IPPROTO_UDP	    ? CONN_UDP_NS
						    : life[half ? CONN_SYN : f->state];
	if (f->state == CONN_FREE || now - f->last_ns <= limit)
		return false;
	if (!fast_moved(&t->fast, &f->fast))
		return true;
	f->gone = false;
	f->last_ns = now;
	return false;
}

void connection_drop(struct connections *t, struct connection *f)
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
	f->state = CONN_FREE;
	enter(t, f);
	t->used--;
}

bool connection_ends(struct connections *t, struct connection *f, uint64_t now)
{
	if (!expired(t, f, now))
		return false;
	connection_drop(t, f);
	return true;
}

void connections_sweep(struct connections *t, uint64_t now, unsigned slots)
{
	uint32_t n = t->n - t->unused; /* the others were never touched, and stay so */
	for (slots = slots < n ? slots : n; slots; slots--) {
		struct connection *f = &t->v[t->sweep % n];
		t->sweep = (t->sweep + 1) % n;
		if (expired(t, f, now))
			connection_drop(t, f);
		else if (f->big && now - f->last_ns > CONN_SETTLED_NS)
			connection_shrink(t, f);
		if (f->state == CONN_FREE && f->touched && t->free.n > CONN_WARM) {
			give_pages_back(t->bufs + (size_t)(f - t->v) * 2 * HALF_BUF, 2 * HALF_BUF);
			f->touched = false;
		}
	}
}

/* ---- room ---- */

struct connection *connection_yields(const struct connections *t, uint64_t now)
{
	struct connection *closed = first(t, &t->closed), *half = first(t, &t->half);
	if (t->free.n || t->unused)
		return NULL;
	if (!closed || !half)
		return closed ? closed : half;
	if (now - closed->last_ns > CONN_LINGER_NS || now - half->used_ns < CONN_FRESH_NS)
		return closed;
	return half;
}

/* Has a source so many more that it does not matter what it does with them? */
static bool far_heavier(uint32_t has, uint32_t own)
{
	return has > CONN_LIGHT * (own + 1);
}

/* May this one, of those that its source has, go for one more of a source that has own? */
static bool stale(const struct connection *f, uint32_t has, uint32_t own, uint64_t now)
{
	if (far_heavier(has, own))
		return true;
	return now - f->used_ns > (f->useful ? CONN_STALE_NS : CONN_UNUSED_NS);
}

/* The kernel has passed messages of some, which nobody has told the list: if all that are asked
 * are in use, there is none but where one must go. */
static struct connection *least_used(struct connections *t, const struct source *from,
				     bool one_goes, uint64_t now)
{
	for (uint32_t i = 0; i < CONN_ASKED; i++) {
		struct connection *f = first(t, &from->places);
		if (!f || !fast_moved(&t->fast, &f->fast))
			return f;
		connection_used(t, f, now);
	}
	return one_goes ? first(t, &from->places) : NULL;
}

enum reason connection_admits(struct connections *t, const struct addr *client, uint64_t now,
			      struct connection **victim)
{
	const struct source *own = source_find(&t->sources, client), *from = NULL;
	enum reason why = R_FLOW_LIMIT;
	*victim = NULL;
	if (t->n_open >= t->max_open) {
		from = source_heaviest(&t->sources);
	} else if (own && own->places.n >= t->max_source) {
		why = R_SOURCE_LIMIT;
		from = own;
	} else {
		return R_NONE;
	}
	if (from != own && own && from->places.n <= own->places.n)
		from = own;
	uint32_t has = from ? from->places.n : 0, mine = own ? own->places.n : 0;
	*victim = from ? least_used(t, from, far_heavier(has, mine), now) : NULL;
	if (*victim && stale(*victim, has, mine, now))
		return R_NONE;
	*victim = NULL;
	return why;
}

void connection_fresh(struct connection *f)
{
	memset(f->proto_state, 0, proto_of(f->proto)->fresh);
}

struct connection *connection_add(struct connections *t, const struct packet *p, bool from_client,
				  uint8_t proto, uint64_t now)
{
	if (!t->free.n && t->unused)
		push(t, &t->free, &t->v[t->n - t->unused--]);
	if (!t->free.n)
		return NULL;
	struct connection *f = &t->v[t->free.last - 1]; /* the newest: its memory is warm */
	leave(t, f);
	*f = (struct connection){ .proto_state = t->states + (size_t)(f - t->v) * t->state };
	ends_of(f, p, from_client);
	f->proto = proto;
	for (uint32_t d = 0; d < 2; d++) {
		f->h[d].buf = small_buf(t, f, d);
		f->h[d].size = HALF_BUF;
	}
	connection_fresh(f);
	f->flow_id = 0xffff;
	f->state = CONN_SYN;
	f->touched = true;
	f->began_ns = f->last_ns = f->used_ns = now;
	enter(t, f);
	uint32_t *b = &t->bucket[hash_ends(t, f)];
	f->chain = *b;
	*b = (uint32_t)(f - t->v) + 1;
	t->used++;
	return f;
}
