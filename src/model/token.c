/* SPDX-License-Identifier: MIT
 *
 * From lines to words (text.h). Strict where libconfig is lax; what is not one of the
 * few forms here is an error that shows it as written.
 *
 * libconfig reads the same line afterwards, with one change: each whole number gets the
 * letter L. Without it 1.5 cuts numbers to 32 bits, and 1.7 gives an array two kinds of
 * numbers and refuses it.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/utf8.h"
#include "model/text.h"

enum {
	SHOWN_MAX = 40,			      /* of a word in an error */
	HEX_TEXT_MAX = sizeof("0x") - 1 + 16, /* libconfig 1.8 takes more digits for two numbers */
};

/* One line being read: all before `at` was taken. */
struct line {
	struct lexer *x;
	struct where where;
	const char *p;
	size_t n, at;
};

const char *quote_word(char out[QUOTED_MAX], const char *p, size_t n)
{
	size_t shown = n > SHOWN_MAX ? SHOWN_MAX : n;
	while (shown < n && ((uint8_t)p[shown] & 0xc0) == 0x80)
		shown--;
	snprintf(out, QUOTED_MAX, "`%.*s%s`", (int)shown, p, shown < n ? "..." : "");
	return out;
}

unsigned column_of(const char *p, size_t i)
{
	unsigned column = 1;
	for (size_t k = 0; k < i; k++)
		column += ((uint8_t)p[k] & 0xc0) != 0x80;
	return column;
}

/* Of n octets of the line at `from`. */
static void token_error(const struct line *k, size_t from, size_t n, const char *what)
{
	char word[QUOTED_MAX], text[300];
	snprintf(text, sizeof(text), "%s %s", quote_word(word, k->p + from, n), what);
	grammar_error(k->x->g, k->where, column_of(k->p, from), text);
}

/* Characters that no reader sees, or that move others about: what stands in the file
 * would not be what a person reads there. */
static bool unseen(int32_t c)
{
	static const int32_t spans[][2] = {
		{ 0x00, 0x08 },	    { 0x0a, 0x1f },	{ 0x7f, 0x9f },	      { 0xad, 0xad },
		{ 0x61c, 0x61c },   { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
	};
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		if (spans[i][0] <= c && c <= spans[i][1])
			return true;
	return false;
}

bool line_is_text(struct errs *errs, struct where at, const char *p, size_t n)
{
	size_t len = 1;
	for (size_t i = 0; i < n; i += len) {
		int32_t c = utf8_char(p + i, n - i, &len);
		if (c != UTF8_BAD && !unseen(c))
			continue;
		const char *what = c == UTF8_BAD ? "this is not text: octet"
				   : c < 0x80	 ? "this is not text: a control character,"
						 : "a character that cannot be seen,";
		errs_add(errs, at.file, at.line, "%s %s%02x; a model is a plain text file in UTF-8",
			 what, c == UTF8_BAD ? "0x" : "U+",
			 c == UTF8_BAD ? (unsigned)(uint8_t)p[i] : (unsigned)c);
		return false;
	}
	return true;
}

static bool token(const struct line *k, size_t from, struct token t)
{
	t.at = k->where;
	t.column = column_of(k->p, from);
	t.written = k->p + from;
	t.len = k->at - from;
	return grammar_token(k->x->g, &t);
}

/* The escape at p[0] = '\\' to *c; its length, 0 for none. */
static size_t escape(const char *p, size_t n, char *c)
{
	static const char letters[] = "\\\"nrtf", means[] = "\\\"\n\r\t\f";
	const char *e = n > 1 ? memchr(letters, p[1], sizeof(letters) - 1) : NULL;
	if (e) {
		*c = means[e - letters];
		return 2;
	}
	if (n < 4 || p[1] != 'x' || !isxdigit((unsigned char)p[2]) ||
	    !isxdigit((unsigned char)p[3]))
		return 0;
	*c = (char)(hex_digit(p[2]) << 4 | hex_digit(p[3]));
	return 4;
}

/* Escapes may write a control character, nothing else that is not text. */
static bool escaped_text(const char *s, size_t n)
{
	size_t len = 1;
	for (size_t i = 0; i < n; i += len) {
		int32_t c = utf8_char(s + i, n - i, &len);
		if (c == UTF8_BAD || (c > 0x7f && unseen(c)))
			return false;
	}
	return true;
}

/* What an error stands for, so that the grammar goes on. */
static bool text_instead(struct line *k, size_t from)
{
	return token(k, from, (struct token){ .kind = TOKEN_TEXT, .text = "" });
}

/* The text between `from` and `end` to s, *n octets; false: it has an error. */
static bool read_text(const struct line *k, size_t from, size_t end, char *s, size_t *n)
{
	bool escapes = false;
	for (size_t i = from + 1, len = 1; i < end; i += len, (*n)++) {
		len = 1;
		s[*n] = k->p[i];
		if (k->p[i] == '\\') {
			len = escape(k->p + i, end - i, &s[*n]);
			escapes = true;
		}
		if (len == 0) {
			token_error(
				k, i, 2,
				"is not an escape; write \\\\ for one \\, \\xNN for the octet NN");
			return false;
		}
		if (s[*n] == '\0') {
			token_error(k, i, len, "would end the text; remove it");
			return false;
		}
	}
	if (escapes && !escaped_text(s, *n)) {
		token_error(k, from, end + 1 - from, "has escapes that are no UTF-8 text");
		return false;
	}
	return true;
}

static bool lex_text(struct line *k)
{
	size_t from = k->at, n = 0, end = from + 1;
	while (end < k->n && k->p[end] != '"')
		end += k->p[end] == '\\' ? 2 : 1;
	if (end >= k->n) {
		token_error(k, from, k->n - from,
			    "begins a text that does not end on its line; write \" behind it");
		k->at = k->n;
		bool on = text_instead(k, from);
		grammar_forgive(k->x->g);
		return on;
	}
	char *s = arena_alloc(k->x->a, end - from);
	k->at = end + 1;
	if (!read_text(k, from, end, s, &n))
		return text_instead(k, from);
	return token(k, from, (struct token){ .kind = TOKEN_TEXT, .text = s });
}

static bool lex_word(struct line *k)
{
	size_t from = k->at;
	while (k->at < k->n &&
	       (isalnum((unsigned char)k->p[k->at]) || k->p[k->at] == '_' || k->p[k->at] == '-'))
		k->at++;
	size_t n = k->at - from;
	char *s = arena_alloc(k->x->a, n + 1);
	memcpy(s, k->p + from, n);
	bool truth = strcasecmp(s, "true") == 0;
	bool boolean = truth || strcasecmp(s, "false") == 0;
	return token(k, from,
		     (struct token){ .kind = boolean ? TOKEN_BOOL : TOKEN_WORD,
				     .text = s,
				     .number = truth });
}

/* ---- numbers ---- */

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* Sign, digits, point and digits, exponent: at least one of the last two. */
static bool is_float(const char *s)
{
	s += *s == '+' || *s == '-';
	size_t whole = digits(s), more = 0;
	if (!whole || (whole > 1 && *s == '0'))
		return false;
	s += whole;
	if (*s == '.') {
		more = digits(s + 1);
		if (!more)
			return false;
		s += 1 + more;
	}
	if ((*s | 0x20) == 'e') {
		s += 1 + (s[1] == '+' || s[1] == '-');
		more = digits(s);
		s += more;
	}
	return more && !*s;
}

/* Also with the L or LL that libconfig 1.5 asks for above 32 bits. */
static bool parse_int(const char *written, int64_t *out)
{
	char s[NUMBER_TEXT_MAX + 1];
	bool minus = written[0] == '-', sign = minus || written[0] == '+';
	uint64_t v;
	size_t n = (size_t)snprintf(s, sizeof(s), "%s", written + sign);
	for (int i = 0; i < 2 && n && s[n - 1] == 'L'; i++)
		s[--n] = '\0';
	if ((sign && s[0] == '0' && n > 1) || (n > HEX_TEXT_MAX && s[0] == '0') ||
	    !num_parse(s, 0, INT64_MAX, &v))
		return false;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

static const char *what_is_wrong(const char *s)
{
	const char *bare = s + (*s == '+' || *s == '-');
	size_t n = digits(bare);
	if (n > 1 && *bare == '0')
		return "has a leading zero, which some read as octal; remove it";
	if (n && !bare[n])
		return "is too large a number";
	if (bare[0] == '0' && (bare[1] | 0x20) == 'x' &&
	    !bare[2 + strspn(bare + 2, "0123456789abcdefABCDEF")])
		return "is too large a number, or none";
	return "is not a number; write for example 100, 0x1f or 2.5, and texts in double quotes";
}

static bool lex_number(struct line *k)
{
	static const char in_numbers[] = "+-._";
	size_t from = k->at;
	while (k->at < k->n &&
	       (isalnum((unsigned char)k->p[k->at]) || memchr(in_numbers, k->p[k->at], 4)))
		k->at++;
	size_t n = k->at - from;
	char *s = arena_alloc(k->x->a, n + 1);
	struct token t = { .kind = TOKEN_INT, .text = s };
	memcpy(s, k->p + from, n);
	if (n <= NUMBER_TEXT_MAX && parse_int(s, &t.number)) {
		if (s[n - 1] != 'L')
			k->x->number_ends(k->x->ctx, k->at);
		return token(k, from, t);
	}
	if (n > NUMBER_TEXT_MAX || !is_float(s)) {
		token_error(k, from, n,
			    n > NUMBER_TEXT_MAX ? "is too long a number" : what_is_wrong(s));
		return token(k, from, t);
	}
	t.kind = TOKEN_FLOAT;
	errno = 0;
	t.real = strtod(s, NULL);
	if (errno || !isfinite(t.real))
		token_error(k, from, n, "is not a number that this machine has");
	return token(k, from, t);
}

/* ---- lines ---- */

/* To the end of the comment, or of the line. */
static bool skip_comment(struct line *k)
{
	struct where *c = &k->x->comment;
	for (; k->at + 1 < k->n; k->at++) {
		const char *p = k->p + k->at;
		if (p[0] == '*' && p[1] == '/') {
			k->at += 2;
			c->line = 0;
			return true;
		}
		if (p[0] == '/' && p[1] == '*') {
			errs_add(k->x->errs, k->where.file, k->where.line,
				 "a comment begins inside the comment of "
				 "line %u; end that one with */ first",
				 c->line);
			return false;
		}
	}
	k->at = k->n;
	return true;
}

static bool lex_one(struct line *k)
{
	char c = k->p[k->at], next = k->at + 1 < k->n ? k->p[k->at + 1] : '\0';
	if (c == '#' || (c == '/' && next == '/')) {
		k->at = k->n;
		return true;
	}
	if (c == '/' && next == '*') {
		k->x->comment = k->where;
		k->at += 2;
		return true;
	}
	if (c == '"')
		return lex_text(k);
	if (isalpha((unsigned char)c))
		return lex_word(k);
	if (isdigit((unsigned char)c) || c == '+' || c == '-' || c == '.')
		return lex_number(k);
	if (c == '@') {
		token_error(k, k->at, k->n - k->at,
			    "is not understood here; @include \"FILE\" stands alone on its line");
		k->at = k->n;
		return true;
	}
	if (!memchr("=:,;{}()[]", c, 10)) {
		size_t len;
		utf8_char(k->p + k->at, k->n - k->at, &len);
		token_error(k, k->at, len, "is not understood; write texts in double quotes");
		k->at += len;
		return true;
	}
	k->at++;
	return token(k, k->at - 1, (struct token){ .kind = c == ':' ? '=' : c });
}

bool lex_line(struct lexer *x, struct where at, const char *p, size_t n)
{
	struct line k = { .x = x, .where = at, .p = p, .n = n };
	while (k.at < n) {
		bool ok = true;
		if (x->comment.line)
			ok = skip_comment(&k);
		else if (p[k.at] == ' ' || p[k.at] == '\t')
			k.at++;
		else
			ok = lex_one(&k);
		if (!ok)
			return false;
	}
	return true;
}
