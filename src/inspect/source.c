/* SPDX-License-Identifier: MIT
 * Connections per source. */
#include "inspect/source.h"

#include <string.h>

#include "base/pages.h"
#include "base/siphash.h"

static struct connection_link *link_of(struct connection_link *links, size_t stride, uint32_t slot)
{
	return (struct connection_link *)(void *)((char *)links + (slot - 1) * stride);
}

void list_append(struct connection_list *l, struct connection_link *links, size_t stride,
		 uint32_t slot)
{
	*link_of(links, stride, slot) = (struct connection_link){ .older = l->last };
	if (l->last)
		link_of(links, stride, l->last)->newer = slot;
	else
		l->first = slot;
	l->last = slot;
	l->n++;
}

void list_remove(struct connection_list *l, struct connection_link *links, size_t stride,
		 uint32_t slot)
{
	const struct connection_link *k = link_of(links, stride, slot);
	if (k->older)
		link_of(links, stride, k->older)->newer = k->newer;
	else
		l->first = k->newer;
	if (k->newer)
		link_of(links, stride, k->newer)->older = k->older;
	else
		l->last = k->older;
	l->n--;
}

bool sources_init(struct sources *s, uint32_t n, const uint64_t key[2])
{
	memset(s, 0, sizeof(*s));
	s->n = s->unused = n;
	s->n_buckets = 1;
	while (s->n_buckets < n)
		s->n_buckets *= 2;
	s->key[0] = key[0];
	s->key[1] = ~key[1]; /* not the connection table's hash */
	s->v = pages_map(n * sizeof(*s->v));
	s->bucket = pages_map(s->n_buckets * sizeof(*s->bucket));
	s->rank = pages_map(((size_t)n + 1) * sizeof(*s->rank));
	return s->v && s->bucket && s->rank;
}

void sources_free(struct sources *s)
{
	pages_unmap(s->v, s->n * sizeof(*s->v));
	pages_unmap(s->bucket, s->n_buckets * sizeof(*s->bucket));
	pages_unmap(s->rank, ((size_t)s->n + 1) * sizeof(*s->rank));
}

bool source_same(const struct addr *a, const struct addr *b)
{
	struct addr x = addr_source(a), y = addr_source(b);
	return addr_eq(&x, &y);
}

static uint32_t *bucket_of(const struct sources *s, const struct addr *key)
{
	uint64_t w[2] = { 0, key->family };
	memcpy(w, key->b, ADDR_SOURCE);
	return &s->bucket[siphash_words(s->key, w, 2) & (s->n_buckets - 1)];
}

struct source *source_find(const struct sources *s, const struct addr *a)
{
	struct addr k = addr_source(a);
	uint32_t i = *bucket_of(s, &k);
	while (i && !addr_eq(&s->v[i - 1].key, &k))
		i = s->v[i - 1].chain;
	return i ? &s->v[i - 1] : NULL;
}

/* One that is not in use, or 0. */
static uint32_t take_free(struct sources *s)
{
	uint32_t self = s->free;
	if (self)
		s->free = s->v[self - 1].chain;
	else if (s->unused)
		self = s->n - s->unused-- + 1;
	return self;
}

struct source *source_get(struct sources *s, const struct addr *a)
{
	struct source *e = source_find(s, a);
	uint32_t self = e ? 0 : take_free(s), *b;
	if (!self)
		return e;
	e = &s->v[self - 1];
	*e = (struct source){ .key = addr_source(a) };
	b = bucket_of(s, &e->key);
	e->chain = *b;
	*b = self;
	s->used++;
	return e;
}

static void give_back(struct sources *s, struct source *e)
{
	uint32_t self = (uint32_t)(e - s->v) + 1;
	uint32_t *at = bucket_of(s, &e->key);
	while (*at != self)
		at = &s->v[*at - 1].chain;
	*at = e->chain;
	e->chain = s->free;
	s->free = self;
	s->used--;
}

static void leave_rank(struct sources *s, struct source *e, uint32_t rank)
{
	if (e->up)
		s->v[e->up - 1].down = e->down;
	else
		s->rank[rank] = e->down;
	if (e->down)
		s->v[e->down - 1].up = e->up;
}

static void enter_rank(struct sources *s, struct source *e, uint32_t rank)
{
	uint32_t self = (uint32_t)(e - s->v) + 1;
	e->up = 0;
	e->down = s->rank[rank];
	if (e->down)
		s->v[e->down - 1].up = self;
	s->rank[rank] = self;
}

void source_count(struct sources *s, struct source *e, uint32_t was)
{
	uint32_t is = e->places.n;
	if (was)
		leave_rank(s, e, was);
	if (is)
		enter_rank(s, e, is);
	else
		give_back(s, e);
	if (is > s->most)
		s->most = is;
	else if (was == s->most && !s->rank[was])
		s->most = is; /* it has one less, and was the only one */
}

struct source *source_heaviest(const struct sources *s)
{
	return s->most ? &s->v[s->rank[s->most] - 1] : NULL;
}
