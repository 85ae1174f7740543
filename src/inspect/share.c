/* SPDX-License-Identifier: MIT
 * Places shared among sources. */
#include "inspect/share.h"

#include <stdlib.h>
#include <string.h>

static void move(struct share *s, struct connection_list *from, struct connection_list *to,
		 uint32_t place)
{
	list_remove(from, &s->v->link, sizeof(*s->v), place);
	list_append(to, &s->v->link, sizeof(*s->v), place);
}

bool share_init(struct share *s, uint32_t n, const uint64_t key[2])
{
	memset(s, 0, sizeof(*s));
	s->n = n;
	s->v = calloc(n, sizeof(*s->v));
	if (!sources_init(&s->sources, n, key) || !s->v)
		return false;
	for (uint32_t i = n; i > 0; i--) /* the last is taken first */
		list_append(&s->free, &s->v->link, sizeof(*s->v), i);
	return true;
}

void share_free(struct share *s)
{
	sources_free(&s->sources);
	free(s->v);
}

uint32_t share_enter(struct share *s, const struct addr *client, uint32_t owner)
{
	uint32_t place = s->free.last; /* the newest: its memory is warm */
	if (!place)
		return 0;
	struct source *e = source_get(&s->sources, client);
	move(s, &s->free, &e->places, place);
	source_count(&s->sources, e, e->places.n - 1);
	s->v[place - 1].source = (uint32_t)(e - s->sources.v) + 1;
	s->v[place - 1].owner = owner;
	return place;
}

void share_leave(struct share *s, uint32_t place)
{
	struct source *e = &s->sources.v[s->v[place - 1].source - 1];
	move(s, &e->places, &s->free, place);
	source_count(&s->sources, e, e->places.n + 1);
	s->v[place - 1].source = 0;
}

uint32_t share_has(const struct share *s, const struct addr *client)
{
	const struct source *e = source_find(&s->sources, client);
	return e ? e->places.n : 0;
}

uint32_t share_candidate(struct share *s, unsigned i, uint32_t *has)
{
	struct source *e = source_heaviest(&s->sources);
	uint32_t place = e->places.first;
	if (i == 0) { /* another time another one of its */
		move(s, &e->places, &e->places, place);
	} else {
		place = s->hand + 1;
		s->hand = (s->hand + 1) % s->n;
		e = &s->sources.v[s->v[place - 1].source - 1];
	}
	*has = e->places.n;
	return place;
}

bool share_yields(uint32_t has, uint32_t own, uint64_t useless_ns)
{
	if (has > own + 1)
		return true;
	return has >= own && useless_ns > (has > own ? SHARE_LIGHT_NS : SHARE_STALE_NS);
}
