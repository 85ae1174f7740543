/* SPDX-License-Identifier: MIT
 *
 * Notes: what was seen of an inspected protocol, each different thing once, with how
 * often, when, and where first. Bounded; what found no room is counted.
 */
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "learn/internal.h"

/* Values written that are kept one by one; more are the least and the most. */
enum { VALUES_APART = 4, BUCKETS = 65536 };

const char *learn_kind_word(unsigned kind)
{
	static const char *const words[LEARN_KINDS] = {
		[LEARN_WRITES] = "writes",     [LEARN_CONTROLS] = "controls",
		[LEARN_RESTARTS] = "restarts", [LEARN_PROGRAMS] = "programs",
		[LEARN_RARE] = "rare",	       [LEARN_TOLERANCES] = "tolerances",
		[LEARN_SINGLE] = "single",     [LEARN_UNANSWERED] = "unanswered",
		[LEARN_SUBNETS] = "subnets",
	};
	return kind < LEARN_KINDS ? words[kind] : NULL;
}

uint64_t learn_hash(const uint64_t *w, size_t n)
{
	/* the order of nothing that is printed follows from it */
	static const uint64_t fixed[2] = { UINT64_C(0x7a6f6e65), UINT64_C(0x6c6561726e) };
	return siphash_words(fixed, w, n);
}

void learn_sight(struct learn_seen *s, uint64_t ns, uint16_t file, uint32_t frame, uint64_t n)
{
	if (s->first_ns == 0 || ns < s->first_ns) {
		s->first_ns = ns;
		s->file = file;
		s->frame = frame;
	}
	if (ns > s->last_ns)
		s->last_ns = ns;
	s->count += n;
}

void learn_sight_join(struct learn_seen *into, const struct learn_seen *s)
{
	if (s->first_ns == 0)
		return;
	learn_sight(into, s->first_ns, s->file, s->frame, s->count);
	learn_sight(into, s->last_ns, s->file, s->frame, 0);
}

static int compare_spans(const void *a, const void *b)
{
	const struct learn_span *x = a, *y = b;
	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return (x->hi > y->hi) - (x->hi < y->hi);
}

size_t learn_join(struct learn_span *v, size_t n, enum learn_form form)
{
	size_t kept = 0;
	double touch = form == LEARN_RANGES ? 1 : 0;
	bool apart = form != LEARN_RANGES && form != LEARN_SPANS;
	if (n)
		qsort(v, n, sizeof(*v), compare_spans);
	for (size_t i = 0; i < n; i++) {
		struct learn_span *last = kept ? &v[kept - 1] : NULL;
		if (last && (apart ? last->lo == v[i].lo : v[i].lo <= last->hi + touch)) {
			if (v[i].hi > last->hi)
				last->hi = v[i].hi;
			continue;
		}
		v[kept++] = v[i];
	}
	return kept;
}

/* ---- a note that is being written ---- */

void learn_begin(struct learn *l, enum learn_kind kind)
{
	l->note.n = 0;
	l->note.kind = (uint8_t)kind;
	l->note.setting = l->note.cut = false;
	l->note.filler = LEARN_NO_FILLER;
}

void learn_add(struct learn *l, unsigned column, double lo, double hi)
{
	if (l->note.n == LEARN_ITEMS || column >= LEARN_COLUMNS) {
		l->note.cut = true;
		return;
	}
	l->note.v[l->note.n++] =
		(struct learn_item){ .lo = lo, .hi = hi, .column = (uint8_t)column };
}

void learn_add_any(struct learn *l, unsigned column)
{
	learn_add(l, column, -__builtin_inf(), __builtin_inf());
}

uint32_t learn_text_number(struct learn *l, const void *text, size_t n)
{
	uint64_t w[64] = { n };
	size_t used = n < sizeof(w) - 8 ? n : sizeof(w) - 8;
	if (used)
		memcpy(&w[1], text, used);
	uint32_t *bucket = &l->text_buckets[learn_hash(w, 64) % BUCKETS];
	for (uint32_t i = *bucket; i; i = l->texts[i - 1].next)
		if (l->texts[i - 1].n == n && (n == 0 || memcmp(l->texts[i - 1].s, text, n) == 0))
			return i;
	if (l->n_texts == LEARN_TEXTS) {
		l->lost_texts++;
		return 0;
	}
	char *s = arena_alloc(l->arena, n + 1);
	if (n)
		memcpy(s, text, n);
	l->texts[l->n_texts++] = (struct learn_text){ .s = s, .n = (uint32_t)n, .next = *bucket };
	return *bucket = (uint32_t)l->n_texts;
}

void learn_add_text(struct learn *l, unsigned column, const void *text, size_t n)
{
	uint32_t number = learn_text_number(l, text, n);
	if (number)
		learn_add(l, column, number, number);
	else
		l->note.cut = true;
}

static int compare_items(const void *a, const void *b)
{
	const struct learn_item *x = a, *y = b;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return (x->hi > y->hi) - (x->hi < y->hi);
}

/* The items of each column joined; returns how many are left. */
static size_t join_items(const struct learn_ops *ops, bool setting, struct learn_item *v, size_t n)
{
	struct learn_span spans[LEARN_ITEMS];
	size_t kept = 0;
	if (n)
		qsort(v, n, sizeof(*v), compare_items);
	for (size_t at = 0, end; at < n; at = end) {
		uint8_t column = v[at].column;
		for (end = at; end < n && v[end].column == column; end++)
			spans[end - at] = (struct learn_span){ v[end].lo, v[end].hi };
		size_t left =
			learn_join(spans, end - at, learn_column_of(ops, setting, column)->form);
		for (size_t i = 0; i < left; i++)
			v[kept++] = (struct learn_item){ spans[i].lo, spans[i].hi, column };
	}
	return kept;
}

/* More than a few values of a column are their least and their most. */
static size_t collapse_items(struct learn_item *v, size_t n)
{
	size_t kept = 0;
	for (size_t at = 0, end; at < n; at = end) {
		for (end = at; end < n && v[end].column == v[at].column;)
			end++;
		if (end - at <= VALUES_APART) {
			memmove(&v[kept], &v[at], (end - at) * sizeof(*v));
			kept += end - at;
			continue;
		}
		v[kept] = v[at];
		v[kept++].hi = v[end - 1].hi;
	}
	return kept;
}

/* The values collected so far, and those of the new note. */
static void collect_values(struct learn *l, struct learn_note *k, const struct learn_item *v,
			   size_t n)
{
	struct learn_item all[LEARN_ITEMS];
	size_t total = k->n_collected;
	if (n == 0)
		return;
	if (total)
		memcpy(all, k->collected, total * sizeof(*all));
	if (n > LEARN_ITEMS - total)
		n = LEARN_ITEMS - total; /* never: a note has LEARN_ITEMS / 2 of them */
	memcpy(all + total, v, n * sizeof(*all));
	const struct learn_ops *ops = learn_ops_of(l->talk->proto);
	total = collapse_items(all, join_items(ops, false, all, total + n));
	if (total > k->n_collected) /* grows few times: each column has VALUES_APART at most */
		k->collected = arena_alloc(l->arena, total * sizeof(*all));
	memcpy(k->collected, all, total * sizeof(*all));
	k->n_collected = (uint16_t)total;
}

/* Put the items that are collected behind the others. Returns the number of the others. */
static size_t part_collected(const struct learn_ops *ops, struct learn_item *v, size_t n)
{
	struct learn_item later[LEARN_ITEMS];
	size_t kept = 0, n_later = 0;
	for (size_t i = 0; i < n; i++) {
		if (ops->columns[v[i].column].collected)
			later[n_later++] = v[i];
		else
			v[kept++] = v[i];
	}
	memcpy(v + kept, later, n_later * sizeof(*v));
	return kept;
}

static uint32_t *note_bucket(struct learn *l, size_t n)
{
	uint64_t w[2 + 3 * LEARN_ITEMS];
	w[0] = (uint64_t)(l->talk - l->talks);
	w[1] = (uint64_t)l->reason << 16 | (uint64_t)l->note.kind << 3 |
	       (uint64_t)l->note.filler << 1 | l->note.setting;
	for (size_t i = 0; i < n; i++) {
		memcpy(&w[2 + 3 * i], &l->note.v[i].lo, 8);
		memcpy(&w[3 + 3 * i], &l->note.v[i].hi, 8);
		w[4 + 3 * i] = l->note.v[i].column;
	}
	return &l->note_buckets[learn_hash(w, 2 + 3 * n) % BUCKETS];
}

static bool same_items(const struct learn_item *a, const struct learn_item *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].column != b[i].column || a[i].lo != b[i].lo || a[i].hi != b[i].hi)
			return false;
	return true;
}

/* The stored note that is the one in l->note, of n items that are not collected. NULL: no room. */
static struct learn_note *note_stored(struct learn *l, size_t n)
{
	uint32_t *bucket = note_bucket(l, n), talk = (uint32_t)(l->talk - l->talks);
	for (uint32_t i = *bucket; i; i = l->notes[i - 1].next) {
		struct learn_note *k = &l->notes[i - 1];
		if (k->talk == talk && k->kind == l->note.kind && k->setting == l->note.setting &&
		    k->filler == l->note.filler && k->reason == l->reason && k->n == n &&
		    same_items(k->v, l->note.v, n))
			return k;
	}
	if (l->n_notes == LEARN_NOTES)
		return NULL;
	struct learn_note *k = &l->notes[l->n_notes++];
	*k = (struct learn_note){ .v = arena_alloc(l->arena, (n + 1) * sizeof(*k->v)),
				  .talk = talk,
				  .next = *bucket,
				  .n = (uint16_t)n,
				  .kind = l->note.kind,
				  .reason = l->reason,
				  .setting = l->note.setting,
				  .filler = l->note.filler };
	memcpy(k->v, l->note.v, n * sizeof(*k->v));
	*bucket = (uint32_t)l->n_notes;
	return k;
}

void learn_keep(struct learn *l)
{
	const struct learn_ops *ops = learn_ops_of(l->talk->proto);
	bool setting = l->note.setting;
	size_t n = l->note.cut ? 0 : join_items(ops, setting, l->note.v, l->note.n);
	size_t apart = setting ? n : part_collected(ops, l->note.v, n);
	struct learn_note *k =
		l->note.cut || n - apart > LEARN_ITEMS / 2 ? NULL : note_stored(l, apart);
	if (!k) {
		l->lost_notes++;
		return;
	}
	learn_sight(&k->seen, l->ev->time_ns, l->file, l->frame, 1);
	collect_values(l, k, l->note.v + apart, n - apart);
}

void learn_fill(struct learn *l, enum learn_filler what, const struct learn_number *v, size_t n)
{
	learn_begin(l, LEARN_READS);
	for (size_t i = 0; i < n; i++)
		learn_add(l, v[i].column, v[i].v, v[i].v);
	l->note.filler = (uint8_t)what;
	learn_keep(l);
}

void learn_setting(struct learn *l, enum learn_kind kind, unsigned setting, double v)
{
	learn_begin(l, kind);
	l->note.setting = true;
	learn_add(l, setting, v, v);
	learn_keep(l);
}

void learn_setting_text(struct learn *l, enum learn_kind kind, unsigned setting, const void *text,
			size_t n)
{
	learn_begin(l, kind);
	l->note.setting = true;
	learn_add_text(l, setting, text, n);
	learn_keep(l);
}

void learn_request(struct learn *l, bool changes)
{
	struct learn_talk *t = l->talk;
	uint64_t second = l->ev->time_ns / 1000000000;
	if (second != t->second) {
		t->second = second;
		t->in_second = t->writes_in_second = 0;
	}
	t->in_second++;
	t->writes_in_second += changes;
	if (t->in_second > t->busiest)
		t->busiest = t->in_second;
	if (t->writes_in_second > t->busiest_writes)
		t->busiest_writes = t->writes_in_second;
}

bool learn_turned(const struct learn *l)
{
	return l->talk->turned;
}

bool learn_has(const struct learn *l, unsigned column)
{
	for (size_t i = 0; i < l->note.n; i++)
		if (l->note.v[i].column == column)
			return true;
	return false;
}

uint64_t *learn_memory(struct learn *l)
{
	return l->talk->memory;
}

void learn_is_turned(struct learn *l)
{
	l->turned_one |= !l->talk->turned;
	l->talk->turned = true;
}

void learn_host_says(struct learn_host *h, const void *text, size_t n,
		     const struct learn_seen *seen)
{
	char said[LEARN_SAID_TEXT];
	struct sb b = sb_init(said, sizeof(said));
	sb_put_foreign(&b, text, n);
	if (said[0] == '\0')
		return;
	for (unsigned i = 0; i < h->n_said; i++)
		if (strcmp(h->said[i], said) == 0)
			return;
	if (h->n_said == LEARN_SAID)
		return;
	if (h->n_said == 0)
		h->said_at = *seen;
	memcpy(h->said[h->n_said++], said, sizeof(said));
}

void learn_says(struct learn *l, const void *text, size_t n)
{
	struct learn_host *h = &l->hosts[l->ev->response ? l->talk->server : l->talk->client];
	struct learn_seen seen = { .count = 0 };
	learn_sight(&seen, l->ev->time_ns, l->file, l->frame, 1);
	learn_host_says(h, text, n, &seen);
}

void learn_fault_seen(struct learn *l, enum reason why)
{
	uint32_t talk = (uint32_t)(l->talk - l->talks);
	struct learn_fault *f = l->faults, *end = f + l->n_faults;
	l->talk->refused++;
	while (f < end && (f->talk != talk || f->reason != why))
		f++;
	if (f == end && l->n_faults == LEARN_FAULTS) {
		l->lost_faults++;
		return;
	}
	if (f == end)
		l->faults[l->n_faults++] =
			(struct learn_fault){ .talk = talk, .reason = (uint16_t)why };
	learn_sight(&f->seen, l->ev->time_ns, l->file, l->frame, 1);
}

/* The messages are read once more. */
void learn_notes_forget(struct learn *l)
{
	memset(l->note_buckets, 0, BUCKETS * sizeof(*l->note_buckets));
	l->n_notes = l->n_faults = 0;
	l->lost_notes = l->lost_texts = l->lost_faults = 0;
	for (size_t i = 0; i < l->n_talks; i++) {
		struct learn_talk *t = &l->talks[i];
		t->messages = t->refused = t->second = t->busiest = t->busiest_writes = 0;
		memset(t->memory, 0, sizeof(t->memory));
		t->begun = R_NONE;
	}
	for (size_t i = 0; i < l->n_hosts; i++)
		l->hosts[i].n_said = l->hosts[i].n_kept;
}
