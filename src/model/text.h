/* SPDX-License-Identifier: MIT
 *
 * The grammar of a model file, and the tree of settings that it makes.
 *
 *	file     setting ...
 *	setting  NAME = value ;			(":" for "=" too)
 *	value    { setting ... }		a group
 *	         ( value, ... )			a list
 *	         [ scalar, ... ]		an array: scalars of one kind
 *	         scalar				"text", whole number, 1.5, true, false
 *
 * A part of what libconfig reads, chosen so that each text has one meaning. Not in it are
 * neighbouring texts without a comma, numbers with leading zeros or beyond 63 bits, a text
 * over several lines, unknown escapes, \x00, a comment inside a comment, a missing ";" or
 * one comma too many. Where libconfig has versions that differ, neither form is in it.
 */
#ifndef ZONED_MODEL_TEXT_H
#define ZONED_MODEL_TEXT_H

#include "model/model.h"

enum {
	SETTING_DEPTH_MAX = 16, /* groups and lists inside each other */
	NUMBER_TEXT_MAX = 64,	/* characters of one number */
};

enum setting_type {
	SETTING_GROUP,
	SETTING_LIST,
	SETTING_ARRAY,
	SETTING_TEXT,
	SETTING_INT,
	SETTING_FLOAT,
	SETTING_BOOL
};

struct setting {
	struct where at;
	enum setting_type type;
	const char *name;    /* NULL: an element of a list or array */
	const char *written; /* a number as it stands in the file */
	const char *text;
	unsigned name_column, column; /* of its name and its value in their lines */
	unsigned line;		      /* of its value, where it is one word */
	int64_t number;		      /* SETTING_INT; 0 or 1 of SETTING_BOOL */
	double real;
	struct setting **v;
	size_t n; /* its members */
};

/* The letter of a token that is one character is that character. */
enum token_kind {
	TOKEN_WORD = 'w',
	TOKEN_TEXT = '"',
	TOKEN_INT = 'i',
	TOKEN_FLOAT = 'f',
	TOKEN_BOOL = 'b'
};

struct token {
	struct where at;
	unsigned column;
	int kind; /* enum token_kind, or one of = , ; { } ( ) [ ] */
	const char *written;
	size_t len;	  /* in the line */
	const char *text; /* TOKEN_TEXT, escapes resolved; TOKEN_WORD */
	int64_t number;
	double real;
};

enum { QUOTED_MAX = 48 };
/* `WORD` for an error, a long one cut. */
const char *quote_word(char out[QUOTED_MAX], const char *p, size_t n);

/* The grammar: it makes the tree of settings from the tokens, one by one. */
struct grammar;

struct grammar *grammar_new(struct arena *a, struct errs *errs);
/* Report an error of syntax; column: of the character. What comes of it is not reported. */
void grammar_error(struct grammar *g, struct where at, unsigned column, const char *text);
/* The same for what ends the line: the next setting may lack what was behind it. */
void grammar_forgive(struct grammar *g);
/* After an error the grammar goes on where it can, so that all errors are found. False: it cannot,
 * and the rest of the text is not to be read. */
bool grammar_token(struct grammar *g, const struct token *t);
/* Called before and after the lines of each file. A file closes each group that it opens, and a
 * setting lies in one file. */
bool grammar_file_begins(struct grammar *g, struct where include);
bool grammar_file_ends(struct grammar *g, struct where last);
/* The group that contains all settings. Called after the last file. */
const struct setting *grammar_root(const struct grammar *g);

/* The lexer: it splits the lines of a file into tokens for the grammar. */
struct lexer {
	struct arena *a;
	struct errs *errs;
	struct grammar *g;
	struct where comment; /* line != 0: inside the comment that began there */
	/* A whole number without the letter L ends at this offset of the line: see token.c. */
	void (*number_ends)(void *ctx, size_t at);
	void *ctx;
};

/* The character at p[i], from 1. */
unsigned column_of(const char *p, size_t i);
/* Is it plain UTF-8 without characters that make text look different? False: errs has an error. */
bool line_is_text(struct errs *errs, struct where at, const char *p, size_t n);
bool lex_line(struct lexer *x, struct where at, const char *p, size_t n);

#endif
