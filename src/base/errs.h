/* SPDX-License-Identifier: MIT
 *
 * Operator errors: located, collected, printed all at once.
 * An error says where, what is wrong, and what to write instead.
 */
#ifndef ZONED_BASE_ERRS_H
#define ZONED_BASE_ERRS_H

#include <stddef.h>
#include <stdio.h>

enum {
	ERRS_MAX = 200, /* errors kept; later ones are only counted */
	ERR_LINE = 28
};

struct err {
	const char *file; /* owned by the list */
	unsigned line;	  /* 1-based; 0: the file as a whole */
	unsigned column;  /* 1-based, in characters; 0: the line as a whole */
	char text[400];	  /* one line: "what is wrong; what to write" */
};

struct errs {
	struct err *v;
	size_t n;     /* kept in v */
	size_t total; /* reported, including those not kept */
};

void errs_init(struct errs *e);
void errs_free(struct errs *e);
void errs_add(struct errs *e, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The column of what was added last. */
void errs_column(struct errs *e, unsigned column);
/* ":LINE" or ":LINE:COLUMN", as it stands behind the file; nothing for the file as a whole. out. */
const char *err_line(const struct err *e, char out[ERR_LINE]);
/* By file and line; stable. */
void errs_sort(struct errs *e);
/* Sort and print "FILE:LINE: error: TEXT" lines. */
void errs_print(struct errs *e, FILE *f);

#endif
