/* SPDX-License-Identifier: MIT
 *
 * Tables for people and for programs: rows of cells, printed as columns or as a JSON array with the
 * same data. On a terminal there is colour, unless NO_COLOR is set or TERM is dumb.
 */
#ifndef ZONED_ZONECTL_TABLE_H
#define ZONED_ZONECTL_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct table_column {
	const char *title; /* over the column */
	const char *key;   /* of the cell in JSON */
	bool right;	   /* numbers */
};

enum table_colour { TABLE_PLAIN, TABLE_BOLD, TABLE_RED, TABLE_YELLOW, TABLE_GREEN };

struct table;

/* The columns must outlive it. NULL: no memory. */
struct table *table_new(const struct table_column *columns, size_t n);
void table_free(struct table *t); /* NULL is fine */
/* The next cell of the row; behind the last column a row begins. It takes the value: a text, a
 * number, a list of texts, or null for an empty cell. */
void table_add(struct table *t, json_t *value, enum table_colour colour);
/* An array of objects; the caller's. */
json_t *table_json(const struct table *t);
/* False: it cannot be written. */
bool table_print(const struct table *t, FILE *f);
/* May colours go there? */
bool table_has_colour(FILE *f);
/* Columns that a text takes on a terminal. */
size_t table_width(const char *text);

#endif
