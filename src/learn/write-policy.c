/* SPDX-License-Identifier: MIT
 * A policy as text: its settings, the entries that are admitted, and those that are proposed. */
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "learn/internal.h"

static bool is_any(const struct learn_cells *c)
{
	return c->n && isinf(c->v[0].lo);
}

static void text_range(struct sb *b, const struct learn_span *s, bool quoted)
{
	const char *quote = quoted || s->lo != s->hi ? "\"" : "";
	if (s->lo == s->hi)
		sb_printf(b, "%s%.0f%s", quote, s->lo, quote);
	else
		sb_printf(b, "%s%.0f-%.0f%s", quote, s->lo, s->hi, quote);
}

/* An array has elements of one kind. */
static void text_ranges(struct sb *b, const struct learn_cells *c)
{
	bool quoted = false;
	for (uint32_t i = 0; i < c->n; i++)
		quoted |= c->v[i].lo != c->v[i].hi;
	sb_puts(b, c->n > 1 ? "[ " : "");
	for (uint32_t i = 0; i < c->n; i++) {
		sb_puts(b, i ? ", " : "");
		text_range(b, &c->v[i], quoted);
	}
	sb_puts(b, c->n > 1 ? " ]" : "");
}

/* The fewest digits that give the number back (single: the float nearest to it), with a point. */
static void text_real(struct sb *b, double v, bool single)
{
	char text[64];
	bool plain = fabs(v) < 1e15 && (v == 0 || fabs(v) > 1e-5);
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		bool same = single ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v;
		if (same && !(plain && strchr(text, 'e')))
			break;
	}
	if (strchr(text, 'e') && !strchr(text, '.'))
		snprintf(text, sizeof(text), "%.1e", v);
	sb_puts(b, text);
	if (!strchr(text, '.') && !strchr(text, 'e'))
		sb_puts(b, ".0");
}

static void text_spans(struct sb *b, const struct learn_column *k, const struct learn_cells *c)
{
	sb_puts(b, "( ");
	for (uint32_t i = 0; i < c->n; i++) {
		sb_puts(b, i ? ", [ " : "[ ");
		text_real(b, c->v[i].lo, k->single);
		sb_puts(b, ", ");
		text_real(b, c->v[i].hi, k->single);
		sb_puts(b, " ]");
	}
	sb_puts(b, " )");
}

/* Names and numbers together are a list. */
static void text_words(struct sb *b, const struct learn_column *k, const struct learn_cells *c)
{
	char word[80];
	bool names = false, numbers = false;
	for (uint32_t i = 0; i < c->n; i++) {
		struct sb w = sb_init(word, sizeof(word));
		k->word((uint32_t)c->v[i].lo, &w);
		names |= word[0] == '"';
		numbers |= word[0] != '"';
	}
	bool list = names && numbers;
	sb_puts(b, list ? "( " : "[ ");
	for (uint32_t i = 0; i < c->n; i++) {
		sb_puts(b, i ? ", " : "");
		k->word((uint32_t)c->v[i].lo, b);
	}
	sb_puts(b, list ? " )" : " ]");
}

static void text_quoted(struct sb *b, const struct learn_text *t)
{
	sb_putc(b, '"');
	for (uint32_t i = 0; i < t->n; i++) {
		if (t->s[i] == '"' || t->s[i] == '\\')
			sb_putc(b, '\\');
		sb_putc(b, t->s[i]);
	}
	sb_putc(b, '"');
}

static int compare_texts(const void *a, const void *b, void *of)
{
	const struct learn *l = of;
	const struct learn_text *x = &l->texts[(uint32_t)((const struct learn_span *)a)->lo - 1],
				*y = &l->texts[(uint32_t)((const struct learn_span *)b)->lo - 1];
	int diff = memcmp(x->s, y->s, x->n < y->n ? x->n : y->n);
	return diff ? diff : (x->n > y->n) - (x->n < y->n);
}

/* In order of the texts, whose numbers follow from which came first. */
static void text_texts(struct learn_pen *p, const struct learn_cells *c)
{
	struct learn *l = p->l;
	struct learn_span *v = arena_alloc(l->arena, (c->n + 1) * sizeof(*v));
	memcpy(v, c->v, c->n * sizeof(*v));
	qsort_r(v, c->n, sizeof(*v), compare_texts, l);
	for (uint32_t i = 0; i < c->n; i++) {
		sb_puts(&p->line, i ? ", " : "[ ");
		text_quoted(&p->line, &l->texts[(uint32_t)v[i].lo - 1]);
	}
	sb_puts(&p->line, " ]");
}

void learn_put_cells(struct learn_pen *p, const struct learn_column *k, const struct learn_cells *c)
{
	struct sb *b = &p->line;
	sb_printf(b, "%s = ", k->key);
	if (is_any(c) && k->form != LEARN_FLAG)
		sb_puts(b, k->form == LEARN_WORDS ? "[ \"any\" ]" : "\"any\"");
	else if (k->form == LEARN_RANGES)
		text_ranges(b, c);
	else if (k->form == LEARN_SPANS)
		text_spans(b, k, c);
	else if (k->form == LEARN_WORDS)
		text_words(b, k, c);
	else if (k->form == LEARN_WORD)
		k->word((uint32_t)c->v[c->n - 1].lo, b);
	else if (k->form == LEARN_TEXT)
		text_texts(p, c);
	else if (k->form == LEARN_FLAG)
		sb_puts(b, "true");
	else
		sb_printf(b, "%.0f", k->form == LEARN_MOST ? c->v[c->n - 1].hi : c->v[0].lo);
	sb_puts(b, ";");
}

/* ---- entries ---- */

/* A number that is the default, or a flag that is not set. */
static bool says_nothing(const struct learn_column *k, const struct learn_cells *c)
{
	if (c->n == 0)
		return true;
	if (k->form == LEARN_FLAG)
		return c->v[c->n - 1].hi == 0;
	if (k->form == LEARN_MOST)
		return c->v[c->n - 1].hi <= k->standard;
	return false;
}

void learn_put_entry(struct learn_pen *p, const struct learn_ops *ops, const struct learn_entry *e,
		     const char *before, const char *behind)
{
	sb_printf(&p->line, "%s{ ", before);
	for (unsigned c = 0; c < ops->n_columns; c++) {
		if (says_nothing(&ops->columns[c], &e->c[c]))
			continue;
		learn_put_cells(p, &ops->columns[c], &e->c[c]);
		sb_putc(&p->line, ' ');
	}
	sb_printf(&p->line, "}%s", behind);
	learn_line(p, 6);
}

void learn_put_evidence(struct learn_pen *p, const struct learn_entry *e)
{
	char a[ADDR_TEXT];
	if (e->why) {
		sb_puts(&p->line, "not admitted (");
		learn_put_why(&p->line, e->why);
		sb_puts(&p->line, "): ");
	}
	if (e->filler)
		sb_puts(&p->line, "not seen, but a policy needs an entry for the other messages: ");
	learn_put_seen(&p->line, p->l, &e->seen, "times");
	addr_text(&p->l->hosts[e->client].addr, a);
	sb_printf(&p->line, ", from %s", e->several ? "several stations" : a);
	learn_remark(p, 6);
}

static void text_allow(struct learn_pen *p, const struct learn_ops *ops, const struct learn_flow *w)
{
	const struct learn_entries *yes = &w->admitted, *no = &w->proposed;
	bool off = p->off;
	sb_puts(&p->line, "allow = (");
	learn_line(p, 4);
	for (size_t i = 0; i < yes->n; i++) {
		learn_put_evidence(p, &yes->v[i]);
		learn_put_entry(p, ops, &yes->v[i], "", i + 1 < yes->n ? "," : "");
	}
	p->off = true;
	for (size_t i = 0; i < no->n; i++) {
		learn_put_evidence(p, &no->v[i]);
		learn_put_entry(p, ops, &no->v[i], i || yes->n ? ", " : "", "");
	}
	p->off = off;
	sb_puts(&p->line, ");");
	learn_line(p, 4);
}

/* ---- settings ---- */

/* What is admitted of one key; the rest is remarked. */
static void text_setting(struct learn_pen *p, const struct learn_flow *w, unsigned column)
{
	const struct learn_column *k = &learn_ops_of(w->proto)->settings[column];
	struct learn_span v[256];
	struct learn_cells c = { .v = v };
	for (size_t i = 0; i < w->settings.n; i++) {
		const struct learn_entry *e = &w->settings.v[i];
		for (uint32_t x = 0; e->why == 0 && x < e->c[column].n && c.n < 256; x++)
			v[c.n++] = e->c[column].v[x];
	}
	c.n = (uint32_t)learn_join(v, c.n, k->form);
	if (!says_nothing(k, &c)) {
		learn_put_cells(p, k, &c);
		learn_line(p, 4);
	} else if (k->otherwise) {
		sb_printf(&p->line, "%s = %s;", k->key, k->otherwise);
		learn_line(p, 4);
	}
	for (size_t i = 0; i < w->settings.n; i++) {
		const struct learn_entry *e = &w->settings.v[i];
		if (e->why == 0 || says_nothing(k, &e->c[column]))
			continue;
		learn_put_evidence(p, e);
		bool off = p->off;
		p->off = true;
		learn_put_cells(p, k, &e->c[column]);
		learn_line(p, 4);
		p->off = off;
	}
}

void learn_put_policy(struct learn_pen *p, const struct learn_flow *w)
{
	const struct learn_ops *ops = learn_ops_of(w->proto);
	bool off = p->off;
	p->off |= !learn_writes_flow(w);
	sb_printf(&p->line, "%s = {", w->policy);
	learn_line(p, 2);
	sb_printf(&p->line, "protocol = \"%s\";", proto_word(w->proto));
	learn_line(p, 4);
	if (w->turned && ops->turned) {
		sb_puts(&p->line, ops->turned);
		learn_line(p, 4);
	}
	for (unsigned c = 0; c < ops->n_settings && !w->empty; c++)
		text_setting(p, w, c);
	if (w->empty) {
		sb_puts(&p->line, ops->least);
		learn_line(p, 4);
	} else {
		text_allow(p, ops, w);
	}
	sb_puts(&p->line, "};");
	learn_line(p, 2);
	p->off = off;
}
