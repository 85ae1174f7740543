/* SPDX-License-Identifier: MIT
 *
 * Notes to entries of allow, as a person would write them. The rule of merging:
 *
 *  1. Ranges of whole numbers that overlap or touch are one. Values written are listed up to
 *     four; more are one span from the least to the most.
 *  2. Entries that are equal in all keys but one become one, with what both have of that key,
 *     key by key in the protocol's order, until nothing is left to merge. So the result permits
 *     what was seen, and of one range also its parts.
 *  3. An entry with more than RANGES_WRITTEN ranges under one key is hard to read: its smallest
 *     gaps are closed, of equal ones the first, until there are no more.
 *
 * What is admitted and what is proposed are merged apart; of the second, each kind.
 */
#include <stdlib.h>
#include <string.h>

#include "learn/internal.h"

/* HOLDS_ASKED: comparisons; above, what is admitted anyway is proposed, too. */
enum { RANGES_WRITTEN = 16, TEXTS_WRITTEN = 64, HOLDS_ASKED = 50000000 };

bool learn_admits(const struct learn *l, unsigned why)
{
	return (why & ~l->o.admitted) == 0;
}

/* ---- order ---- */

static int compare_cells(const struct learn_cells *a, const struct learn_cells *b)
{
	for (uint32_t i = 0; i < a->n && i < b->n; i++) {
		if (a->v[i].lo != b->v[i].lo)
			return a->v[i].lo < b->v[i].lo ? -1 : 1;
		if (a->v[i].hi != b->v[i].hi)
			return a->v[i].hi < b->v[i].hi ? -1 : 1;
	}
	return (a->n > b->n) - (a->n < b->n);
}

struct order {
	unsigned last; /* the column that is compared behind all others; n: none */
	unsigned n;
	bool whole; /* and then by that one */
};

static int compare_entries(const void *a, const void *b, void *of)
{
	const struct learn_entry *x = a, *y = b;
	const struct order *o = of;
	if (x->why != y->why)
		return x->why < y->why ? -1 : 1;
	for (unsigned c = 0; c < o->n; c++) {
		int diff = c == o->last ? 0 : compare_cells(&x->c[c], &y->c[c]);
		if (diff)
			return diff;
	}
	return o->whole && o->last < o->n ? compare_cells(&x->c[o->last], &y->c[o->last]) : 0;
}

static void sort_entries(struct learn_entries *e, struct order o)
{
	if (e->n)
		qsort_r(e->v, e->n, sizeof(*e->v), compare_entries, &o);
}

/* ---- merging ---- */

static void join_cells(struct learn *l, const struct learn_column *k, struct learn_cells *into,
		       const struct learn_cells *c)
{
	uint32_t n = into->n + c->n;
	struct learn_span *v = arena_alloc(l->arena, (n + 1) * sizeof(*v));
	if (into->n)
		memcpy(v, into->v, into->n * sizeof(*v));
	if (c->n)
		memcpy(v + into->n, c->v, c->n * sizeof(*v));
	*into = (struct learn_cells){ .v = v, .n = (uint32_t)learn_join(v, n, k->form) };
}

static void join_entries(struct learn_entry *into, const struct learn_entry *e)
{
	into->filler = e->filler ? into->filler : 0;
	into->several |= e->several || into->client != e->client;
	learn_sight_join(&into->seen, &e->seen);
}

/* Entries that differ in one column at most become one. Returns whether any did. */
static bool merge_column(struct learn *l, const struct learn_ops *ops, struct learn_entries *e,
			 unsigned column)
{
	const struct order apart = { .last = column, .n = ops->n_columns },
			   whole = { .last = column, .n = ops->n_columns, .whole = true };
	size_t kept = 0;
	sort_entries(e, whole);
	for (size_t i = 0; i < e->n; i++) {
		struct learn_entry *last = kept ? &e->v[kept - 1] : NULL;
		if (!last || compare_entries(last, &e->v[i], (void *)(uintptr_t)&apart) != 0 ||
		    !last->c[column].n != !e->v[i].c[column].n) {
			e->v[kept++] = e->v[i];
			continue;
		}
		join_cells(l, &ops->columns[column], &last->c[column], &e->v[i].c[column]);
		join_entries(last, &e->v[i]);
	}
	bool merged = kept != e->n;
	e->n = kept;
	return merged;
}

static void close_gaps(struct learn_cells *c)
{
	while (c->n > RANGES_WRITTEN) {
		uint32_t at = 1;
		for (uint32_t i = 2; i < c->n; i++)
			if (c->v[i].lo - c->v[i - 1].hi < c->v[at].lo - c->v[at - 1].hi)
				at = i;
		c->v[at - 1].hi = c->v[at].hi;
		memmove(&c->v[at], &c->v[at + 1], (c->n - at - 1) * sizeof(*c->v));
		c->n--;
	}
}

/* A model has at most so many pairs under one key. */
static void close_spans(struct learn_cells *c)
{
	if (c->n <= MODEL_SPANS_MAX)
		return;
	c->v[0].hi = c->v[c->n - 1].hi;
	c->n = 1;
}

/* Texts that are too many for reading, by what they have in common. */
static void widen_texts(struct learn *l, const struct learn_column *k, struct learn_cells *c)
{
	char text[256];
	uint32_t n = 0;
	if (c->n <= TEXTS_WRITTEN || !k->widen || c->v[0].lo < 1)
		return;
	for (uint32_t i = 0; i < c->n; i++) {
		size_t len = k->widen(l->texts[(uint32_t)c->v[i].lo - 1].s, text, sizeof(text));
		uint32_t number = learn_text_number(l, text, len);
		if (number)
			c->v[n++] = (struct learn_span){ number, number };
	}
	c->n = (uint32_t)learn_join(c->v, n, k->form);
}

static void merge_entries(struct learn *l, const struct learn_ops *ops, struct learn_entries *e)
{
	for (bool merged = true; merged;) {
		merged = false;
		for (unsigned c = 0; c < ops->n_columns; c++)
			merged |= merge_column(l, ops, e, c);
	}
	for (size_t i = 0; i < e->n; i++)
		for (unsigned c = 0; c < ops->n_columns; c++) {
			if (ops->columns[c].form == LEARN_RANGES)
				close_gaps(&e->v[i].c[c]);
			else if (ops->columns[c].form == LEARN_SPANS)
				close_spans(&e->v[i].c[c]);
			else if (ops->columns[c].form == LEARN_TEXT)
				widen_texts(l, &ops->columns[c], &e->v[i].c[c]);
		}
	/* for reading: what entries are about first */
	sort_entries(e, (struct order){ .last = ops->n_columns, .n = ops->n_columns });
}

/* ---- from notes ---- */

static void put_items(struct learn *l, struct learn_entry *e, const struct learn_item *v, size_t n)
{
	for (size_t at = 0, end; at < n; at = end) {
		struct learn_cells *c = &e->c[v[at].column];
		for (end = at; end < n && v[end].column == v[at].column;)
			end++;
		c->v = arena_alloc(l->arena, (end - at) * sizeof(*c->v));
		for (size_t i = at; i < end; i++)
			c->v[c->n++] = (struct learn_span){ v[i].lo, v[i].hi };
	}
}

/* A kind that is admitted only where it is named. */
static uint16_t why_of(unsigned kind)
{
	return (uint16_t)(kind == LEARN_READS || kind == LEARN_SETUP ? 0 : 1u << kind);
}

enum gathered { ENTRIES, SETTINGS, FILLERS };

static bool lifts(const struct learn *l, const struct learn_note *k)
{
	const struct learn_ops *ops = learn_ops_of(l->talks[k->talk].proto);
	if (k->n && ops->settings[k->v[0].column].form == LEARN_MOST)
		return true; /* what comes behind the first that is too many is refused for that */
	for (unsigned i = 0; i < LEARN_LIFTS && k->n; i++)
		if (ops->settings[k->v[0].column].lifts[i] == k->reason)
			return true;
	return false;
}

/* Refused for what only a setting permits: no entry is lacking. */
static bool lacks_setting(const struct learn *l, const struct learn_note *k)
{
	const struct learn_ops *ops = learn_ops_of(l->talks[k->talk].proto);
	for (unsigned c = 0; c < ops->n_settings; c++)
		for (unsigned i = 0; i < LEARN_LIFTS; i++)
			if (ops->settings[c].lifts[i] == k->reason)
				return true;
	return k->reason == R_REQUEST_RATE || k->reason == R_WRITE_RATE;
}

/* With a model in force: does the note say what is lacking there, or what is used of it? */
static bool is_of(const struct learn *l, const struct learn_note *k, enum learn_of of)
{
	if (of == LEARN_OF_PERMITTED)
		return k->reason == R_NONE && !k->setting;
	if (of == LEARN_OF_REFUSED)
		return k->reason != R_NONE && (k->setting ? lifts(l, k) : !lacks_setting(l, k));
	return true;
}

static struct learn_entries gather_notes(struct learn *l, const struct learn_flow *f,
					 enum gathered which)
{
	struct learn_entries e = { .v = NULL };
	for (size_t i = 0; i < l->n_notes; i++) {
		const struct learn_note *k = &l->notes[i];
		enum gathered is = k->setting ? SETTINGS : k->filler ? FILLERS : ENTRIES;
		if (is != which || l->talks[k->talk].flow != f || !is_of(l, k, f->of))
			continue;
		e.v = arena_grow(l->arena, e.v, e.n, sizeof(*e.v));
		struct learn_entry *x = &e.v[e.n++];
		*x = (struct learn_entry){ .seen = k->seen,
					   .client = l->talks[k->talk].client,
					   .filler = k->filler,
					   .setup = k->kind == LEARN_SETUP,
					   .why = f->of == LEARN_OF_PERMITTED ? 0
									      : why_of(k->kind) };
		put_items(l, x, k->v, k->n);
		put_items(l, x, k->collected, k->n_collected);
	}
	return e;
}

/* What several stations did alike is one, in all but what is collected. */
static void join_alike(struct learn *l, const struct learn_ops *ops, struct learn_entries *e,
		       bool settings)
{
	const struct learn_column *columns = settings ? ops->settings : ops->columns;
	unsigned n = settings ? ops->n_settings : ops->n_columns;
	size_t kept = 0;
	sort_entries(e, (struct order){ .last = n, .n = n });
	for (size_t i = 0; i < e->n; i++) {
		struct learn_entry *last = kept ? &e->v[kept - 1] : NULL;
		bool same = last && last->why == e->v[i].why && last->setup == e->v[i].setup;
		for (unsigned c = 0; same && c < n; c++)
			same = (columns[c].collected && last->c[c].n && e->v[i].c[c].n) ||
			       compare_cells(&last->c[c], &e->v[i].c[c]) == 0;
		if (!same) {
			e->v[kept++] = e->v[i];
			continue;
		}
		for (unsigned c = 0; c < n; c++)
			if (columns[c].collected)
				join_cells(l, &columns[c], &last->c[c], &e->v[i].c[c]);
		join_entries(last, &e->v[i]);
	}
	e->n = kept;
}

static bool several_clients(const struct learn_flow *f)
{
	for (size_t i = 1; i < f->n_talks; i++)
		if (f->talks[i]->messages && f->talks[i]->client != f->talks[0]->client)
			return true;
	return false;
}

static void judge_entries(const struct learn *l, const struct learn_flow *f,
			  struct learn_entries *e)
{
	bool several = several_clients(f);
	for (size_t i = 0; i < e->n; i++) {
		struct learn_entry *x = &e->v[i];
		if (f->of == LEARN_OF_PERMITTED)
			continue;
		if (x->seen.count < l->o.least && !x->setup)
			x->why |= 1u << LEARN_RARE;
		if (several && !x->several && !x->setup)
			x->why |= 1u << LEARN_SINGLE;
		if (learn_admits(l, x->why))
			x->why = 0;
		else
			x->why &= (uint16_t)~l->o.admitted;
	}
}

/* ---- what is admitted anyway ---- */

static bool cells_hold(const struct learn_cells *a, const struct learn_cells *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		bool held = false;
		for (uint32_t k = 0; k < a->n && !held; k++)
			held = a->v[k].lo <= b->v[i].lo && b->v[i].hi <= a->v[k].hi;
		if (!held)
			return false;
	}
	return true;
}

static bool entry_holds(const struct learn_ops *ops, const struct learn_entry *a,
			const struct learn_entry *b)
{
	for (unsigned c = 0; c < ops->n_columns; c++)
		if (!cells_hold(&a->c[c], &b->c[c]))
			return false;
	return true;
}

/* n: how many ask. */
static bool any_holds(const struct learn_ops *ops, const struct learn_entries *all,
		      const struct learn_entry *x, size_t n)
{
	for (size_t i = 0; i < all->n && n * all->n < HOLDS_ASKED; i++)
		if (entry_holds(ops, &all->v[i], x))
			return true;
	return false;
}

bool learn_entries_have(const struct learn_entries *e, unsigned column, double v)
{
	const struct learn_cells one = { .v = &(struct learn_span){ v, v }, .n = 1 };
	for (size_t i = 0; i < e->n; i++)
		if (cells_hold(&e->v[i].c[column], &one))
			return true;
	return false;
}

static void add_entry(struct learn *l, struct learn_entries *e, const struct learn_entry *x)
{
	e->v = arena_grow(l->arena, e->v, e->n, sizeof(*e->v));
	e->v[e->n++] = *x;
}

/* Is there such an entry as the filler stands for? */
static bool is_filled(const struct learn_ops *ops, const struct learn_entries *e,
		      const struct learn_entry *filler)
{
	if (filler->filler == LEARN_FOR_ANY)
		return e->n != 0;
	for (size_t i = 0; i < e->n; i++) {
		bool holds = true;
		for (unsigned c = 1; holds && c < ops->n_columns; c++)
			holds = cells_hold(&e->v[i].c[c], &filler->c[c]);
		if (holds)
			return true;
	}
	return false;
}

static void add_fillers(struct learn *l, const struct learn_ops *ops, struct learn_flow *f)
{
	struct learn_entries fillers = gather_notes(l, f, FILLERS);
	size_t before = f->admitted.n;
	join_alike(l, ops, &fillers, false);
	for (size_t i = 0; i < fillers.n; i++)
		if (!is_filled(ops, &f->admitted, &fillers.v[i]) &&
		    (f->of != LEARN_OF_REFUSED || !is_filled(ops, &f->proposed, &fillers.v[i])))
			add_entry(l, &f->admitted, &fillers.v[i]);
	if (f->admitted.n != before)
		merge_entries(l, ops, &f->admitted);
}

void learn_entries(struct learn *l, struct learn_flow *f)
{
	const struct learn_ops *ops = learn_ops_of(f->proto);
	struct learn_entries all = gather_notes(l, f, ENTRIES);
	join_alike(l, ops, &all, false);
	judge_entries(l, f, &all);
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].why == 0)
			add_entry(l, &f->admitted, &all.v[i]);
	merge_entries(l, ops, &f->admitted);
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].why && !any_holds(ops, &f->admitted, &all.v[i], all.n))
			add_entry(l, &f->proposed, &all.v[i]);
	merge_entries(l, ops, &f->proposed);
	add_fillers(l, ops, f);
	f->settings = gather_notes(l, f, SETTINGS);
	join_alike(l, ops, &f->settings, true);
	judge_entries(l, f, &f->settings);
	for (size_t i = 0; i < f->settings.n; i++)
		for (unsigned c = 0; c < ops->n_settings; c++) {
			struct learn_entry *x = &f->settings.v[i];
			if (x->c[c].n && ops->setting_used &&
			    !ops->setting_used(&f->admitted, c, x->c[c].v[0].lo))
				x->why |= f->of == LEARN_OF_ALL ? 1u << LEARN_UNUSED : 0;
		}
}
