/* SPDX-License-Identifier: MIT
 * Distinct values of the fields of many events. */
#include "record/varied.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/sb.h"
#include "record/fields.h"

enum { NAME_TEXT = 48, LIST_TEXT = VARIED_RANGES * 42 + VARIED_BYTES * 4 };
#define BETWEEN_TEXTS " | "

static struct varied_field *field_of(struct varied *v, const char *name, bool texts)
{
	for (unsigned i = 0; i < VARIED_FIELDS; i++) {
		struct varied_field *f = &v->field[i];
		if (!f->name) {
			f->name = name;
			f->texts = texts;
		}
		if (f->texts == texts && strcmp(f->name, name) == 0) {
			f->seen++;
			return f;
		}
	}
	return NULL;
}

static void remove_range(struct varied_field *f, unsigned i)
{
	memmove(&f->range[i], &f->range[i + 1], (f->n - i - 1u) * sizeof(f->range[0]));
	f->n--;
}

static void add_span(void *ctx, const char *name, uint64_t from, uint64_t to)
{
	struct varied_field *f = field_of(ctx, name, false);
	unsigned i = 0;
	if (!f)
		return;
	/* the first that ends at or behind the place before this one */
	while (i < f->n && from != 0 && f->range[i].to < from - 1)
		i++;
	if (i == f->n || (to != UINT64_MAX && f->range[i].from > to + 1)) {
		if (f->n == VARIED_RANGES) {
			f->more++;
			return;
		}
		memmove(&f->range[i + 1], &f->range[i], (f->n - i) * sizeof(f->range[0]));
		f->range[i] = (struct varied_range){ from, to };
		f->n++;
		return;
	}
	struct varied_range *r = &f->range[i];
	r->from = from < r->from ? from : r->from;
	r->to = to > r->to ? to : r->to;
	while (i + 1u < f->n && (r->to == UINT64_MAX || f->range[i + 1].from <= r->to + 1)) {
		r->to = f->range[i + 1].to > r->to ? f->range[i + 1].to : r->to;
		remove_range(f, i + 1);
	}
}

static void add_value(void *ctx, const char *name, uint64_t value)
{
	add_span(ctx, name, value, value);
}

static void add_text(void *ctx, const char *name, const char *text)
{
	struct varied_field *f = field_of(ctx, name, true);
	if (!f)
		return;
	const char *at = f->bytes;
	for (unsigned i = 0; i < f->n; i++, at += strlen(at) + 1)
		if (strcmp(at, text) == 0)
			return;
	size_t n = strlen(text) + 1;
	if (n > sizeof(f->bytes) - f->used || f->n == UINT8_MAX) {
		f->more++;
		return;
	}
	memcpy(f->bytes + f->used, text, n);
	f->used = (uint16_t)(f->used + n);
	f->n++;
}

void varied_clear(struct varied *v)
{
	v->since_ns = 0;
	for (unsigned i = 0; i < VARIED_FIELDS && v->field[i].name; i++)
		v->field[i] = (struct varied_field){ .name = NULL };
}

void varied_add(struct varied *v, const struct event *ev)
{
	const struct fact_sink to = {
		.ctx = v, .num = add_value, .range = add_span, .word = add_text, .text = add_text
	};
	const struct fact_ops *facts = facts_of(ev);
	char mac[MAC_TEXT];
	if (!v->since_ns)
		v->since_ns = ev->time_ns;
	if (event_has_ports(ev)) {
		if (!ev->no_sport)
			add_value(v, "sport", ev->sport);
		add_value(v, "dport", ev->dport);
	}
	if (event_has_mac(ev->macs.src)) {
		mac_text(ev->macs.src, mac);
		add_text(v, "src_mac", mac);
	}
	if (facts)
		facts->each(ev, &to);
}

static void put_values(const struct varied_field *f, struct sb *b)
{
	const char *at = f->bytes;
	for (unsigned i = 0; i < f->n && f->texts; i++, at += strlen(at) + 1)
		sb_printf(b, "%s%s", i ? BETWEEN_TEXTS : "", at);
	for (unsigned i = 0; i < f->n && !f->texts; i++) {
		sb_printf(b, "%s%" PRIu64, i ? "," : "", f->range[i].from);
		if (f->range[i].from != f->range[i].to)
			sb_printf(b, "-%" PRIu64, f->range[i].to);
	}
}

static bool is_one_value(const struct varied_field *f)
{
	return !f->more && f->n == 1 && (f->texts || f->range[0].from == f->range[0].to);
}

void varied_each(const struct varied *v, const struct fact_sink *to)
{
	for (unsigned i = 0; i < VARIED_FIELDS && v->field[i].name; i++) {
		const struct varied_field *f = &v->field[i];
		char name[NAME_TEXT], list[LIST_TEXT];
		if (is_one_value(f))
			continue;
		struct sb b = sb_init(list, sizeof(list));
		put_values(f, &b);
		snprintf(name, sizeof(name), "%s_all", f->name);
		if (f->texts)
			to->text(to->ctx, name, list);
		else
			to->word(to->ctx, name, list);
		if (!f->more)
			continue;
		snprintf(name, sizeof(name), "%s_more", f->name);
		to->num(to->ctx, name, f->more);
	}
}
