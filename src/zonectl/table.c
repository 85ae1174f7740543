/* SPDX-License-Identifier: MIT
 * Tables: see table.h. Texts come from models and logs, so what is no printable character never
 * goes to a terminal as it is. */
#include "zonectl/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sb.h"
#include "base/utf8.h"

enum { CELL_MAX = 2048, GAP = 2 };

struct cell {
	json_t *value;
	char *text;
	size_t width;
	enum table_colour colour;
};

struct table {
	const struct table_column *columns;
	size_t n_columns, n, cap;
	struct cell *cells; /* row by row */
	bool no_memory;
};

/* ---- text ---- */

static size_t char_width(int32_t c)
{
	static const int32_t wide[][2] = {
		{ 0x1100, 0x115f },   { 0x2e80, 0xa4cf },   { 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff },
		{ 0x20000, 0x3fffd },
	};
	if (c >= 0x300 && c <= 0x36f) /* goes over the one before */
		return 0;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (wide[i][0] <= c && c <= wide[i][1])
			return 2;
	return 1;
}

size_t table_width(const char *text)
{
	size_t n = strlen(text), width = 0, len = 1;
	for (size_t i = 0; i < n; i += len)
		width += char_width(utf8_char(text + i, n - i, &len));
	return width;
}

/* What moves the cursor or changes the terminal becomes "?". */
static void put_printable(struct sb *b, const char *text)
{
	size_t n = strlen(text), len = 1;
	for (size_t i = 0; i < n; i += len) {
		int32_t c = utf8_char(text + i, n - i, &len);
		if (c == UTF8_BAD || c < 0x20 || (c >= 0x7f && c < 0xa0))
			sb_putc(b, '?');
		else
			sb_put_bytes(b, text + i, len);
	}
}

static void put_value(struct sb *b, const json_t *v)
{
	size_t i;
	const json_t *x;
	if (json_is_string(v))
		put_printable(b, json_string_value(v));
	else if (json_is_integer(v))
		sb_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_array(v))
		json_array_foreach (v, i, x) {
			sb_puts(b, i ? ", " : "");
			put_value(b, x);
		}
	else if (json_is_boolean(v))
		sb_puts(b, json_is_true(v) ? "yes" : "no");
}

/* ---- cells ---- */

struct table *table_new(const struct table_column *columns, size_t n)
{
	struct table *t = calloc(1, sizeof(*t));
	if (t) {
		t->columns = columns;
		t->n_columns = n;
	}
	return t;
}

void table_free(struct table *t)
{
	for (size_t i = 0; t && i < t->n; i++) {
		json_decref(t->cells[i].value);
		free(t->cells[i].text);
	}
	if (t)
		free(t->cells);
	free(t);
}

void table_add(struct table *t, json_t *value, enum table_colour colour)
{
	char text[CELL_MAX];
	struct sb b = sb_init(text, sizeof(text));
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct cell *p = realloc(t->cells, cap * sizeof(*p));
		if (p) {
			t->cells = p;
			t->cap = cap;
		}
	}
	put_value(&b, value);
	char *kept = t->n < t->cap ? strdup(text) : NULL;
	if (!kept) {
		t->no_memory = true;
		json_decref(value);
		return;
	}
	t->cells[t->n++] = (struct cell){ value, kept, table_width(text), colour };
}

json_t *table_json(const struct table *t)
{
	json_t *rows = json_array(), *row = NULL;
	for (size_t i = 0; i < t->n; i++) {
		if (i % t->n_columns == 0) {
			row = json_object();
			json_array_append_new(rows, row);
		}
		json_object_set(row, t->columns[i % t->n_columns].key, t->cells[i].value);
	}
	return rows;
}

/* ---- columns ---- */

bool table_has_colour(FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	return isatty(fileno(f)) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

static void print_cell(FILE *f, const char *text, enum table_colour colour, bool colours)
{
	static const char *const codes[] = { "", "1", "31", "33", "32" };
	if (colours && colour != TABLE_PLAIN && *text)
		fprintf(f, "\033[%sm%s\033[0m", codes[colour], text);
	else
		fputs(text, f);
}

static size_t column_width(const struct table *t, size_t column)
{
	size_t width = table_width(t->columns[column].title);
	for (size_t i = column; i < t->n; i += t->n_columns)
		width = t->cells[i].width > width ? t->cells[i].width : width;
	return width;
}

/* The last column is not filled up, so that no line ends in blanks. */
static void print_row(const struct table *t, const size_t *widths, const struct cell *row, FILE *f)
{
	bool colours = table_has_colour(f);
	size_t last = t->n_columns;
	while (last > 1 && !*row[last - 1].text)
		last--;
	for (size_t c = 0; c < last; c++) {
		int fill = (int)(widths[c] - row[c].width);
		if (t->columns[c].right)
			fprintf(f, "%*s", fill, "");
		print_cell(f, row[c].text, row[c].colour, colours);
		if (c + 1 < last)
			fprintf(f, "%*s", (t->columns[c].right ? 0 : fill) + GAP, "");
	}
	fputc('\n', f);
}

bool table_print(const struct table *t, FILE *f)
{
	size_t *widths = calloc(t->n_columns, sizeof(*widths));
	struct cell *titles = calloc(t->n_columns, sizeof(*titles));
	bool ok = widths && titles && !t->no_memory && t->n % t->n_columns == 0;
	for (size_t c = 0; ok && c < t->n_columns; c++) {
		char *title = (char *)(size_t)t->columns[c].title;
		widths[c] = column_width(t, c);
		titles[c] = (struct cell){ NULL, title, table_width(title), TABLE_BOLD };
	}
	if (ok)
		print_row(t, widths, titles, f);
	for (size_t i = 0; ok && i < t->n; i += t->n_columns)
		print_row(t, widths, &t->cells[i], f);
	free(widths);
	free(titles);
	return ok && fflush(f) == 0 && !ferror(f);
}
