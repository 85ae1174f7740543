/* SPDX-License-Identifier: MIT
 * Values of the parsed file, each checked for type and bounds, with its place. */
#include <stdarg.h>
#include <string.h>

#include "base/num.h"
#include "model/internal.h"

const struct setting *written_of(const config_setting_t *s)
{
	return config_setting_get_hook(s);
}

struct where at_of(const struct load *l, const config_setting_t *s)
{
	const struct setting *w = s ? written_of(s) : NULL;
	return w && w->at.line ? w->at : (struct where){ l->m->path, 0 };
}

void complain(struct load *l, struct where at, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct sb b = { text, strlen(text), sizeof(text), false };
	put_use(l, at, &b);
	/* the operator's own text is quoted: it must not break the line */
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	errs_add(l->errs, at.file, at.line, "%s", text);
}

void known_keys(struct load *l, const config_setting_t *g, const char *what,
		const char *const *keys, size_t n)
{
	for (int i = 0; i < config_setting_length(g); i++) {
		const config_setting_t *s = config_setting_get_elem(g, (unsigned)i);
		const char *name = config_setting_name(s);
		size_t k = 0;
		while (k < n && strcmp(keys[k], name) != 0)
			k++;
		if (k < n)
			continue;
		const char *near = name_nearest(name, keys, n);
		if (near)
			complain(l, at_of(l, s), "%s has no key \"%s\"; did you mean \"%s\"?", what,
				 name, near);
		else
			complain(l, at_of(l, s), "%s has no key \"%s\"; remove it", what, name);
	}
}

const char *get_text(struct load *l, const config_setting_t *g, const char *key)
{
	const config_setting_t *s = config_setting_get_member(g, key);
	if (!s)
		return NULL;
	if (written_of(s)->type != SETTING_TEXT) {
		complain(l, at_of(l, s), "\"%s\" must be text in double quotes", key);
		return NULL;
	}
	return written_of(s)->text; /* lives as long as the model */
}

bool number_of(struct load *l, const config_setting_t *s, const char *key, uint64_t min,
	       uint64_t max, uint64_t *out)
{
	const struct setting *w = written_of(s);
	if (w->type == SETTING_INT && w->number >= 0 && (uint64_t)w->number >= min &&
	    (uint64_t)w->number <= max) {
		*out = (uint64_t)w->number;
		return true;
	}
	bool number = w->type == SETTING_INT || w->type == SETTING_FLOAT;
	complain(l, at_of(l, s), "%s must be a whole number from %llu to %llu%s%s", key,
		 (unsigned long long)min, (unsigned long long)max, number ? ", not " : "",
		 number ? w->written : "");
	return false;
}

bool get_number(struct load *l, const config_setting_t *g, const char *key, uint64_t min,
		uint64_t max, uint64_t *out)
{
	char quoted[64];
	const config_setting_t *s = config_setting_get_member(g, key);
	snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	return s && number_of(l, s, quoted, min, max, out);
}

void get_bool(struct load *l, const config_setting_t *g, const char *key, bool *out)
{
	const config_setting_t *s = config_setting_get_member(g, key);
	if (s && written_of(s)->type == SETTING_BOOL)
		*out = written_of(s)->number;
	else if (s)
		complain(l, at_of(l, s), "\"%s\" must be true or false", key);
}

int get_word(struct load *l, const config_setting_t *g, const char *key, const struct word *w,
	     int otherwise)
{
	const config_setting_t *s = config_setting_get_member(g, key);
	const char *text = get_text(l, g, key);
	if (!text)
		return otherwise;
	const char *names[16];
	size_t n = 0;
	char list[200] = "";
	for (const struct word *x = w; x->name && n < 16; x++) {
		if (strcmp(x->name, text) == 0)
			return x->value;
		names[n++] = x->name;
		size_t at = strlen(list);
		snprintf(list + at, sizeof(list) - at, "%s\"%s\"", at ? ", " : "", x->name);
	}
	const char *near = name_nearest(text, names, n);
	if (near)
		complain(l, at_of(l, s), "%s = \"%s\" is not known; did you mean \"%s\"?", key,
			 text, near);
	else
		complain(l, at_of(l, s), "%s = \"%s\" is not known; write one of %s", key, text,
			 list);
	return otherwise;
}

bool good_name(const char *s)
{
	size_t n = strlen(s);
	if (n == 0 || n > MODEL_NAME_MAX)
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n &&
	       s[0] != '-' && s[0] != '_';
}

const char *get_name(struct load *l, const config_setting_t *g, const char *key)
{
	const config_setting_t *s = config_setting_get_member(g, key);
	const char *text = get_text(l, g, key);
	if (!s)
		complain(l, at_of(l, g), "\"%s\" is missing; write %s = \"...\";", key, key);
	else if (text && !good_name(text))
		complain(l, at_of(l, s),
			 "\"%s\" is not a good name; use 1 to %d letters, digits, - and _, "
			 "beginning with a letter or digit",
			 text, MODEL_NAME_MAX);
	return text ? text : "?";
}

void get_texts(struct load *l, const config_setting_t *g, const char *key, struct texts *out)
{
	const config_setting_t *s = config_setting_get_member(g, key);
	memset(out, 0, sizeof(*out));
	if (!s)
		return;
	out->set = true;
	if (config_setting_is_group(s) || items(s) == 0)
		complain(l, at_of(l, s), "%s: nothing in it; write \"any\" or a list", key);
	for (size_t i = 0; !config_setting_is_group(s) && i < items(s); i++) {
		const config_setting_t *e = item(s, i);
		const char *text = written_of(e)->type == SETTING_TEXT ? written_of(e)->text : "";
		if (strcmp(text, "any") == 0) {
			out->any = true;
			continue;
		}
		if (!*text) {
			complain(l, at_of(l, e), "%s: write texts in double quotes, or \"any\"",
				 key);
			continue;
		}
		out->v = arena_grow(l->m->arena, out->v, out->n, sizeof(*out->v));
		out->at = arena_grow(l->m->arena, out->at, out->n, sizeof(*out->at));
		out->at[out->n] = at_of(l, e);
		out->v[out->n++] = text;
	}
	if (out->any && out->n)
		complain(l, at_of(l, s), "%s: \"any\" together with others; write one or the other",
			 key);
}

size_t items(const config_setting_t *s)
{
	if (!s)
		return 0;
	return config_setting_is_aggregate(s) ? (size_t)config_setting_length(s) : 1;
}

const config_setting_t *item(const config_setting_t *s, size_t i)
{
	return config_setting_is_aggregate(s) ? config_setting_get_elem(s, (unsigned)i) : s;
}

/* Modicon reference numbers: a leading table digit and a 1-based number of
 * five digits, "400001" for protocol address 0. Five-digit references such as
 * "40001" are ambiguous with addresses and stay plain numbers. */
static bool is_reference(const char *s)
{
	return strlen(s) == 6 && strspn(s, "0123456789") == 6 && strchr("0134", s[0]);
}

/* The table digit of both bounds goes to *table, 0 for plain numbers. */
static bool bound(const char *s, bool refs, uint64_t *out, char *table)
{
	*table = refs && is_reference(s) ? s[0] : 0;
	if (!*table)
		return num_parse(s, 0, UINT32_MAX, out);
	s++;
	if (!num_parse(s + strspn(s, "0"), 1, 65536, out))
		return false;
	*out -= 1;
	return true;
}

static bool parse_range(const char *text, bool refs, struct range *r, char *table)
{
	char lo[24], hi[24];
	const char *dash = strchr(text, '-');
	size_t n = dash ? (size_t)(dash - text) : strlen(text);
	if (n >= sizeof(lo) || (dash && strlen(dash + 1) >= sizeof(hi)))
		return false;
	memcpy(lo, text, n);
	lo[n] = '\0';
	snprintf(hi, sizeof(hi), "%s", dash ? dash + 1 : lo);
	uint64_t a, b;
	char other;
	if (!bound(lo, refs, &a, table) || !bound(hi, refs, &b, &other) || *table != other)
		return false;
	*r = (struct range){ (uint32_t)a, (uint32_t)b };
	return true;
}

static void keep_range(struct load *l, struct ranges *out, struct range r)
{
	out->v = arena_grow(l->m->arena, out->v, out->n, sizeof(*out->v));
	out->v[out->n++] = r;
}

static void add_text_range(struct load *l, const config_setting_t *s, const char *key,
			   struct range in, struct ranges *out)
{
	struct where at = at_of(l, s);
	const char *text = written_of(s)->text;
	struct range r;
	char table = 0;
	if (strcmp(text, "any") == 0) {
		out->any = true;
	} else if (!*text) {
		complain(l, at, "%s: an empty range; write \"%u-%u\" or \"any\"", key, in.lo,
			 in.hi);
	} else if (!parse_range(text, l->tables != NULL, &r, &table)) {
		bool zero = text[0] == '0' || strstr(text, "-0");
		complain(l, at, "%s: \"%s\" is not a range; write a number, \"%u-%u\" or \"any\"%s",
			 key, text, in.lo, in.hi, zero ? "; without leading zeros" : "");
	} else if (table && strspn(l->tables, (char[]){ table, '\0' }) != strlen(l->tables)) {
		complain(l, at,
			 "%s: the reference \"%s\" is of table %c, but functions of this entry "
			 "address another; write addresses from 0, such as \"%u-%u\"",
			 key, text, table, r.lo, r.hi);
	} else if (r.lo > r.hi) {
		complain(l, at, "%s: the range \"%s\" is reversed; write \"%u-%u\"", key, text,
			 r.hi, r.lo);
	} else if (r.lo < in.lo || r.hi > in.hi) {
		complain(l, at, "%s: \"%s\" is outside %u-%u", key, text, in.lo, in.hi);
	} else {
		keep_range(l, out, r);
	}
}

static void add_range(struct load *l, const config_setting_t *s, const char *key, struct range in,
		      struct ranges *out)
{
	const struct setting *w = written_of(s);
	uint32_t v = (uint32_t)w->number;
	if (w->type == SETTING_TEXT)
		add_text_range(l, s, key, in, out);
	else if (w->type != SETTING_INT)
		complain(l, at_of(l, s), "%s: write numbers, \"FIRST-LAST\" or \"any\"", key);
	else if (w->number < in.lo || w->number > in.hi)
		complain(l, at_of(l, s), "%s: %s is outside %u-%u", key, w->written, in.lo, in.hi);
	else
		keep_range(l, out, (struct range){ v, v });
}

void get_ranges(struct load *l, const config_setting_t *g, const char *key, uint32_t min,
		uint32_t max, struct ranges *out)
{
	const config_setting_t *s = config_setting_get_member(g, key);
	memset(out, 0, sizeof(*out));
	if (!s)
		return;
	out->set = true;
	if (config_setting_is_group(s) || items(s) == 0) {
		complain(l, at_of(l, s), "%s: an empty range; write \"%u-%u\" or \"any\"", key, min,
			 max);
		return;
	}
	for (size_t i = 0; i < items(s); i++)
		add_range(l, item(s, i), key, (struct range){ min, max }, out);
	if (out->any && out->n)
		complain(l, at_of(l, s), "%s: \"any\" together with ranges; write one or the other",
			 key);
}

/* A whole number that a double cannot hold would be another one. */
static bool real_of(const config_setting_t *s, double *v)
{
	const int64_t exact_max = INT64_C(1) << 53;
	const struct setting *w = written_of(s);
	*v = w->type == SETTING_FLOAT ? w->real : (double)w->number;
	return w->type == SETTING_FLOAT ||
	       (w->type == SETTING_INT && w->number <= exact_max && w->number >= -exact_max);
}

static void add_span(struct load *l, const config_setting_t *s, const char *key, struct spans *out)
{
	double lo, hi;
	if (!config_setting_is_aggregate(s) || config_setting_is_group(s) || items(s) != 2 ||
	    !real_of(item(s, 0), &lo) || !real_of(item(s, 1), &hi)) {
		complain(l, at_of(l, s),
			 "%s: write ( [ -10.0, 250.0 ] ), pairs of least and most, or \"any\"; "
			 "whole numbers up to 2^53",
			 key);
		return;
	}
	if (lo > hi)
		complain(l, at_of(l, s), "%s: [ %s, %s ] is reversed; write [ %s, %s ]", key,
			 written_of(item(s, 0))->written, written_of(item(s, 1))->written,
			 written_of(item(s, 1))->written, written_of(item(s, 0))->written);
	else if (out->n == MODEL_SPANS_MAX)
		complain(l, at_of(l, s), "%s: more than %d pairs; write another entry", key,
			 MODEL_SPANS_MAX);
	else {
		out->v[out->n][0] = lo;
		out->v[out->n++][1] = hi;
	}
}

void get_spans(struct load *l, const config_setting_t *g, const char *key, struct spans *out)
{
	const config_setting_t *s = config_setting_get_member(g, key);
	if (!s)
		return;
	out->set = true;
	out->any = written_of(s)->type == SETTING_TEXT && strcmp(written_of(s)->text, "any") == 0;
	if (out->any)
		return;
	if (!config_setting_is_list(s) || !items(s))
		add_span(l, s, key, out);
	for (size_t i = 0; config_setting_is_list(s) && i < items(s); i++)
		add_span(l, item(s, i), key, out);
}
