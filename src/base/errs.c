/* SPDX-License-Identifier: MIT
 * Operator errors: located, collected, printed all at once. */
#include "base/errs.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void errs_init(struct errs *e)
{
	memset(e, 0, sizeof(*e));
}

void errs_free(struct errs *e)
{
	for (size_t i = 0; i < e->n; i++)
		free((char *)(size_t)e->v[i].file);
	free(e->v);
	errs_init(e);
}

void errs_add(struct errs *e, const char *file, unsigned line, const char *fmt, ...)
{
	e->total++;
	if (e->n >= ERRS_MAX)
		return;
	if (!e->v) {
		e->v = calloc(ERRS_MAX, sizeof(*e->v));
		if (!e->v)
			return;
	}
	struct err *x = &e->v[e->n++];
	x->file = strdup(file ? file : "-");
	x->line = line;
	x->column = 0;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(x->text, sizeof(x->text), fmt, ap);
	va_end(ap);
}

void errs_column(struct errs *e, unsigned column)
{
	if (e->total == e->n && e->n)
		e->v[e->n - 1].column = column;
}

static int before(const struct err *a, const struct err *b)
{
	int c = strcmp(a->file ? a->file : "", b->file ? b->file : "");
	return c < 0 || (c == 0 && a->line < b->line);
}

const char *err_line(const struct err *e, char out[ERR_LINE])
{
	out[0] = '\0';
	if (e->line)
		snprintf(out, ERR_LINE, e->column ? ":%u:%u" : ":%u", e->line, e->column);
	return out;
}

void errs_sort(struct errs *e)
{
	for (size_t i = 1; i < e->n; i++) {
		struct err x = e->v[i];
		size_t j = i;
		for (; j > 0 && before(&x, &e->v[j - 1]); j--)
			e->v[j] = e->v[j - 1];
		e->v[j] = x;
	}
}

void errs_print(struct errs *e, FILE *f)
{
	errs_sort(e);
	for (size_t i = 0; i < e->n; i++) {
		const struct err *x = &e->v[i];
		char where[ERR_LINE];
		fprintf(f, "%s%s: error: %s\n", x->file, err_line(x, where), x->text);
	}
	if (e->total > e->n)
		fprintf(f, "... and %zu more errors\n", e->total - e->n);
}
