/* SPDX-License-Identifier: MIT
 * Dimensions of rules: containment, and what is left over. */
#include "compare/scope.h"

#include <inttypes.h>
#include <string.h>

enum { LISTED_MAX = 12 }; /* of what is left over; the rest is counted */

#define P(symbol, name, word, port, over) [PROTO_##symbol] = &scope_##name,
static const struct scope_ops *const all_ops[PROTO_N] = { PROTOCOLS(P) };
#undef P

const struct scope_ops *scope_ops_of(unsigned proto)
{
	return proto < PROTO_N ? all_ops[proto] : NULL;
}

/* ---- filling in ---- */

struct scope_dim *scope_add(struct scope *s, const char *key, enum scope_kind kind, bool off)
{
	static struct scope_dim none; /* SCOPE_DIMS is more than any protocol has */
	struct scope_dim *d = s->n < SCOPE_DIMS ? &s->v[s->n++] : &none;
	*d = (struct scope_dim){ .key = key, .kind = kind, .off = off };
	return d;
}

void scope_add_ranges(struct scope *s, const char *key, bool off, const struct pol_range *v,
		      const struct pol_rset *set)
{
	struct scope_dim *d = scope_add(s, key, SCOPE_RANGES, off);
	d->ranges = v;
	d->n = set->n;
	d->any = set->any;
}

void scope_add_number(struct scope *s, const char *key, enum scope_kind kind, uint64_t number)
{
	scope_add(s, key, kind, false)->number = number;
}

void scope_any_is(struct scope *s, uint32_t lo, uint32_t hi)
{
	struct scope_dim *d = &s->v[s->n - 1];
	if (!d->any)
		return;
	d->any = false;
	d->whole = (struct pol_range){ lo, hi };
	d->n_whole = 1;
}

static const struct pol_range *range_at(const struct scope_dim *d, size_t i)
{
	return i < d->n ? &d->ranges[i] : &d->whole;
}

/* ---- ranges ---- */

/* The number behind the last of those from lo on that d has without a gap; lo: it has not lo. Of
 * SCOPE_RANGES those of one range, the longest that has lo. */
static uint64_t covered_to(const struct scope_dim *d, uint64_t lo)
{
	uint64_t at = lo;
	for (bool grew = true; grew;) {
		grew = false;
		for (size_t i = 0; i < d->n + d->n_whole; i++) {
			const struct pol_range *r = range_at(d, i);
			uint64_t from = d->kind == SCOPE_VALUES ? at : lo;
			if (r->lo <= from && from <= r->hi && r->hi + UINT64_C(1) > at) {
				at = r->hi + UINT64_C(1);
				grew = d->kind == SCOPE_VALUES;
			}
		}
	}
	return at;
}

static bool ranges_within(const struct scope_dim *narrow, const struct scope_dim *wide)
{
	for (size_t i = 0; i < narrow->n + narrow->n_whole; i++) {
		const struct pol_range *r = range_at(narrow, i);
		if (covered_to(wide, r->lo) <= r->hi)
			return false;
	}
	return true;
}

/* ---- the others ---- */

static bool span_in(const double span[2], const struct scope_dim *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->spans[i][0] <= span[0] && span[1] <= d->spans[i][1])
			return true;
	return false;
}

static bool spans_within(const struct scope_dim *narrow, const struct scope_dim *wide)
{
	for (size_t i = 0; i < narrow->n; i++)
		if (!span_in(narrow->spans[i], wide))
			return false;
	return true;
}

static const void *item_at(const struct scope_items *s, size_t i)
{
	return (const uint8_t *)s->v + i * s->size;
}

static bool item_in(const struct scope_items *of, size_t at, const struct scope_items *wide)
{
	for (size_t i = 0; i < wide->n; i++)
		if (wide->covers(wide->img, item_at(wide, i), of->img, item_at(of, at)))
			return true;
	return false;
}

static bool items_within(const struct scope_items *narrow, const struct scope_items *wide)
{
	for (size_t i = 0; i < narrow->n; i++)
		if (!item_in(narrow, i, wide))
			return false;
	return true;
}

bool scope_within(const struct scope_dim *narrow, const struct scope_dim *wide)
{
	if (narrow->off || wide->any)
		return !wide->off || narrow->off;
	if (wide->off || narrow->any)
		return false;
	switch (narrow->kind) {
	case SCOPE_RANGES:
	case SCOPE_VALUES:
		return ranges_within(narrow, wide);
	case SCOPE_WORDS:
		return (narrow->number & ~wide->number) == 0;
	case SCOPE_SPANS:
		return spans_within(narrow, wide);
	case SCOPE_ITEMS:
		return items_within(&narrow->items, &wide->items);
	case SCOPE_MORE:
		return narrow->number <= wide->number;
	case SCOPE_LESS:
		return narrow->number >= wide->number;
	case SCOPE_OTHER:
		return narrow->number == wide->number;
	}
	return false;
}

bool scope_is_within(const struct scope *narrow, const struct scope *wide)
{
	for (size_t i = 0; i < narrow->n; i++)
		if (!scope_within(&narrow->v[i], &wide->v[i]))
			return false;
	return true;
}

/* ---- what is left over ---- */

struct listing {
	struct sb *out;
	size_t n;
};

/* Room for the next one; false: there are enough, and it is counted only. */
static bool next_of(struct listing *l)
{
	if (l->n++ >= LISTED_MAX)
		return false;
	sb_puts(l->out, l->n > 1 ? ", " : " ");
	return true;
}

static void end_listing(const struct listing *l)
{
	if (l->n > LISTED_MAX)
		sb_printf(l->out, " and %zu more", l->n - LISTED_MAX);
}

static void put_bound(const struct scope_dim *d, uint64_t v, struct sb *out)
{
	if (d->word)
		d->word((unsigned)v, out);
	else
		sb_printf(out, "%" PRIu64, v);
}

static void list_range(const struct scope_dim *d, struct listing *l, uint64_t lo, uint64_t hi)
{
	if (!next_of(l))
		return;
	put_bound(d, lo, l->out);
	if (hi > lo) {
		sb_putc(l->out, '-');
		put_bound(d, hi, l->out);
	}
}

/* The least beginning of a range of d above at; hi + 1: none up to hi. */
static uint64_t next_begin(const struct scope_dim *d, uint64_t at, uint64_t hi)
{
	uint64_t next = hi + 1;
	for (size_t i = 0; i < d->n + d->n_whole; i++)
		if (range_at(d, i)->lo > at && range_at(d, i)->lo < next)
			next = range_at(d, i)->lo;
	return next;
}

/* Of a range that must be in one the whole is listed, unless it only goes on at its end. */
static void ranges_beyond(const struct scope_dim *more, const struct scope_dim *than,
			  struct listing *l)
{
	for (size_t i = 0; i < more->n + more->n_whole; i++) {
		const struct pol_range *r = range_at(more, i);
		uint64_t at = covered_to(than, r->lo);
		if (at > r->hi)
			continue;
		if (more->kind == SCOPE_RANGES) {
			bool behind = at > r->lo && next_begin(than, at - 1, r->hi) > r->hi;
			list_range(more, l, behind ? at : r->lo, r->hi);
			continue;
		}
		while (at <= r->hi) {
			uint64_t end = next_begin(than, at, r->hi);
			list_range(more, l, at, end - 1);
			at = covered_to(than, end);
		}
	}
}

static void words_beyond(const struct scope_dim *more, const struct scope_dim *than,
			 struct listing *l)
{
	for (unsigned i = 0; i < 64; i++)
		if ((more->number & ~than->number) >> i & 1 && next_of(l))
			more->word(i, l->out);
}

static void spans_beyond(const struct scope_dim *more, const struct scope_dim *than,
			 struct listing *l)
{
	for (size_t i = 0; i < more->n; i++)
		if (!span_in(more->spans[i], than) && next_of(l))
			sb_printf(l->out, "%.9g to %.9g", more->spans[i][0], more->spans[i][1]);
}

static void items_beyond(const struct scope_items *more, const struct scope_items *than,
			 struct listing *l)
{
	for (size_t i = 0; i < more->n; i++)
		if (!item_in(more, i, than) && next_of(l))
			more->text(more->img, item_at(more, i), l->out);
}

void scope_beyond(const struct scope_dim *more, const struct scope_dim *than, struct sb *out)
{
	static const struct scope_dim nothing = { .n = 0 };
	struct listing l = { .out = out };
	sb_puts(out, more->key);
	if (more->any) {
		sb_puts(out, " any");
		return;
	}
	than = than && !than->off ? than : &nothing;
	switch (more->kind) {
	case SCOPE_RANGES:
	case SCOPE_VALUES:
		ranges_beyond(more, than, &l);
		break;
	case SCOPE_WORDS:
		words_beyond(more, than, &l);
		break;
	case SCOPE_SPANS:
		spans_beyond(more, than, &l);
		break;
	case SCOPE_ITEMS:
		items_beyond(&more->items, &than->items, &l);
		break;
	default:
		sb_putc(out, ' ');
		put_bound(more, more->number, out);
		if (than != &nothing) {
			sb_puts(out, " instead of ");
			put_bound(than, than->number, out);
		}
	}
	end_listing(&l);
}
