/* SPDX-License-Identifier: MIT
 * Placeholders: copies of settings in which they have their values. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "model/expand.h"

/* ---- errors ---- */

void put_use(const struct load *l, struct where at, struct sb *b)
{
	for (size_t i = 0; i < l->n_used; i++) {
		const struct used_file *u = &l->used[i];
		if (u->file != at.file)
			continue;
		sb_printf(b, " (template \"%s\", used at %s:%u)", u->template, u->at.file,
			  u->at.line);
		return;
	}
}

void complain_in(struct load *l, struct where at, unsigned line, unsigned column, const char *fmt,
		 ...)
{
	char text[300];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	complain(l, (struct where){ at.file, line }, "%s", text);
	errs_column(l->errs, column);
}

/* ---- names and their values ---- */

const struct binding *find_name(const struct names *in, const char *name)
{
	for (size_t i = 0; i < in->n; i++)
		if (strcmp(in->v[i].name, name) == 0)
			return &in->v[i];
	return NULL;
}

bool has_placeholder(const struct setting *s)
{
	if (s->type == SETTING_TEXT && strstr(s->text, "${"))
		return true;
	for (size_t i = 0; i < s->n; i++)
		if (has_placeholder(s->v[i]))
			return true;
	return false;
}

/* A name stands for one value, or a list of such. */
static bool good_value(const struct setting *v)
{
	if (v->type == SETTING_GROUP)
		return false;
	for (size_t i = 0; i < v->n; i++)
		if (v->v[i]->type < SETTING_TEXT)
			return false;
	return true;
}

void add_name(struct expand *x, struct names *to, const char *what, const struct setting *v)
{
	if (to->n == NAMES_MAX)
		COMPLAIN_NAME(x->l, v, "more than %d %ss", NAMES_MAX, what);
	else if (!good_value(v))
		COMPLAIN_NAME(
			x->l, v,
			"%s \"%s\" must be a text, a number, true or false, or a list of these",
			what, v->name);
	else
		to->v[to->n++] = (struct binding){ v->name, v };
}

/* ---- placeholders ---- */

/* A copy of the file's name that only this use has. */
static const char *file_of_use(struct expand *x, const char *file)
{
	struct load *l = x->l;
	for (size_t i = x->used0; i < l->n_used; i++)
		if (l->used[i].of == file)
			return l->used[i].file;
	l->used = arena_grow(l->m->arena, l->used, l->n_used, sizeof(*l->used));
	l->used[l->n_used++] = (struct used_file){ .file = arena_strdup(l->m->arena, file),
						   .of = file,
						   .template = x->template,
						   .at = x->use->at };
	return l->used[l->n_used - 1].file;
}

struct setting *new_setting(struct expand *x, const struct setting *like)
{
	struct setting *s = arena_alloc(x->l->m->arena, sizeof(*s));
	*s = *like;
	s->v = NULL;
	s->n = 0;
	if (x->use)
		s->at.file = file_of_use(x, like->at.file);
	x->n_made++;
	return s;
}

void append_setting(struct expand *x, struct setting *to, struct setting *s)
{
	to->v = arena_grow(x->l->m->arena, to->v, to->n, sizeof(struct setting *));
	to->v[to->n++] = s;
}

/* Where the placeholder at text[i] is: behind the quote; what escapes have more is not counted. */
static void complain_placeholder(struct expand *x, const struct setting *s, size_t i,
				 const char *text)
{
	struct where at = s->at;
	if (x->use)
		at.file = file_of_use(x, at.file);
	complain_in(x->l, at, s->line, s->column + column_of(s->text, i), "%s", text);
}

static const struct binding *find_binding(const struct expand *x, const char *name)
{
	const struct binding *b = find_name(&x->parameters, name);
	return b ? b : find_name(&x->variables, name);
}

const struct binding *binding_of(struct expand *x, const struct setting *s, size_t i,
				 const char *name)
{
	const struct binding *b = find_binding(x, name);
	if (b)
		return b;
	const char *names[2 * NAMES_MAX];
	size_t n = 0;
	for (size_t k = 0; k < x->parameters.n; k++)
		names[n++] = x->parameters.v[k].name;
	for (size_t k = 0; k < x->variables.n; k++)
		names[n++] = x->variables.v[k].name;
	const char *near = name_nearest(name, names, n);
	char what[200];
	snprintf(what, sizeof(what), "no variable or parameter has the name \"%s\"%s%s%s", name,
		 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	complain_placeholder(x, s, i, what);
	return NULL;
}

/* Of the placeholder at text[i]: its name, and what is behind it; NULL: not closed, or no name. */
const char *name_at(struct expand *x, const struct setting *s, size_t i, size_t *behind)
{
	const char *from = s->text + i + 2, *end = strchr(from, '}');
	size_t n = end ? (size_t)(end - from) : 0;
	char name[MODEL_NAME_MAX + 1] = "";
	if (n && n < sizeof(name))
		memcpy(name, from, n);
	if (!good_name(name)) {
		complain_placeholder(x, s, i, "this is no good placeholder; write ${NAME}");
		return NULL;
	}
	*behind = i + 2 + n + 1;
	return arena_strdup(x->l->m->arena, name);
}

/* *behind: where what is behind the placeholder begins. */
static bool put_placeholder(struct expand *x, struct sb *b, const struct setting *s, size_t i,
			    size_t *behind)
{
	const char *name = name_at(x, s, i, behind);
	const struct binding *found = name ? binding_of(x, s, i, name) : NULL;
	const struct setting *v = found ? found->value : NULL;
	if (!v)
		return false;
	if (v->type != SETTING_TEXT && v->type != SETTING_INT && v->type != SETTING_FLOAT) {
		complain_placeholder(x, s, i, "in a longer text only a text or a number can stand");
		return false;
	}
	sb_puts(b, v->type == SETTING_TEXT ? v->text : v->written);
	return true;
}

/* The whole text is one placeholder: the value itself, of whatever type. */
static struct setting *copy_value(struct expand *x, const struct setting *s)
{
	size_t behind = 0;
	const char *name = name_at(x, s, 0, &behind);
	const struct binding *found = name ? binding_of(x, s, 0, name) : NULL;
	const struct setting *v = found ? found->value : NULL;
	struct setting *out = new_setting(x, s);
	if (!v)
		return out;
	const struct setting was = *out;
	*out = *v;
	out->at = was.at;
	out->name = was.name;
	out->v = NULL;
	out->n = 0;
	for (size_t i = 0; i < v->n; i++) {
		struct setting *e = new_setting(x, v->v[i]);
		e->at = was.at;
		append_setting(x, out, e);
	}
	return out;
}

static struct setting *copy_with_values(struct expand *x, const struct setting *s)
{
	char text[PLACEHOLDER_MAX];
	size_t at = 0;
	const char *p = strstr(s->text, "${"), *end = p ? strchr(p, '}') : NULL;
	if (!p)
		return new_setting(x, s);
	if (p == s->text && end && !end[1])
		return copy_value(x, s);
	struct sb b = sb_init(text, sizeof(text));
	struct setting *out = new_setting(x, s);
	for (; p; p = strstr(s->text + at, "${")) {
		size_t i = (size_t)(p - s->text);
		sb_put_bytes(&b, s->text + at, i - at);
		if (!put_placeholder(x, &b, s, i, &at))
			return out;
	}
	sb_puts(&b, s->text + at);
	if (b.cut)
		complain_placeholder(x, s, 0,
				     "with its placeholders the text is longer than 1023 octets");
	out->text = out->written = arena_strdup(x->l->m->arena, text);
	return out;
}

/* In an array all have one kind, also behind their placeholders. */
static void check_array(struct expand *x, const struct setting *written, const struct setting *made)
{
	for (size_t i = 0; made->type == SETTING_ARRAY && i < made->n; i++)
		if (made->v[i]->type < SETTING_TEXT || made->v[i]->type != made->v[0]->type)
			complain_in(
				x->l, made->v[i]->at, written->v[i]->line, written->v[i]->column,
				"an array holds values of one kind; this is another, or a list");
}

struct setting *copy_setting(struct expand *x, const struct setting *s)
{
	if (s->type == SETTING_TEXT)
		return copy_with_values(x, s);
	struct setting *out = new_setting(x, s);
	for (size_t i = 0; i < s->n && x->n_made <= MADE_MAX; i++)
		append_setting(x, out, copy_setting(x, s->v[i]));
	check_array(x, s, out);
	return out;
}
