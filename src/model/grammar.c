/* SPDX-License-Identifier: MIT
 *
 * From words to the tree of settings (text.h). Each word is taken when it comes, so
 * that only what is still open has to be remembered.
 */
#include <stdarg.h>
#include <string.h>

#include "model/text.h"

/* The tokens that the grammar accepts next. */
enum expect {
	A_SETTING, /* in a group: NAME or } */
	EQUALS,
	A_VALUE,     /* behind = or a comma */
	SEMICOLON,   /* behind the value of a setting */
	FIRST_VALUE, /* behind ( or [: a value or the end */
	COMMA,	     /* behind a value in a list or array: a comma or the end */
};

struct level {
	struct setting *s;
	struct where at;
	size_t file; /* in which of the open files */
};

struct grammar {
	struct arena *a;
	struct errs *errs;
	struct level level[SETTING_DEPTH_MAX];
	size_t depth; /* levels open; the first is the whole model */
	size_t files; /* open */
	enum expect expect;
	struct setting *named; /* its value is to come */
	struct where last_at;
	char last[QUOTED_MAX];
};

static const char opens[] = "{([", closes[] = "})]"; /* in the order of enum setting_type */

__attribute__((format(printf, 3, 4))) static bool syntax_error(struct grammar *g, struct where at,
							       const char *fmt, ...)
{
	char text[300];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	errs_add(g->errs, at.file, at.line, "%s; the rest of the file was not checked", text);
	return false;
}

struct grammar *grammar_new(struct arena *a, struct errs *errs)
{
	struct grammar *g = arena_alloc(a, sizeof(*g));
	struct setting *root = arena_alloc(a, sizeof(*root));
	root->type = SETTING_GROUP;
	*g = (struct grammar){ .a = a, .errs = errs, .depth = 1, .expect = A_SETTING };
	g->level[0].s = root;
	return g;
}

const struct setting *grammar_root(const struct grammar *g)
{
	return g->level[0].s;
}

static struct level *top(struct grammar *g)
{
	return &g->level[g->depth - 1];
}

static struct setting *add_setting(struct grammar *g, struct where at)
{
	struct setting *in = top(g)->s, *s = arena_alloc(g->a, sizeof(*s));
	s->at = at;
	in->v = arena_grow(g->a, in->v, in->n, sizeof(struct setting *));
	in->v[in->n++] = s;
	return s;
}

static bool setting_begins(struct grammar *g, const struct token *t)
{
	char word[QUOTED_MAX];
	if (t->kind != TOKEN_WORD)
		return syntax_error(g, t->at, "%s where the name of a setting is due",
				    quote_word(word, t->written, t->len));
	const struct setting *in = top(g)->s;
	for (size_t i = 0; i < in->n; i++)
		if (strcmp(in->v[i]->name, t->text) == 0)
			return syntax_error(g, t->at,
					    "\"%s\" is there twice; the first is at %s:%u", t->text,
					    in->v[i]->at.file, in->v[i]->at.line);
	g->named = add_setting(g, t->at);
	g->named->name = t->text;
	g->expect = EQUALS;
	return true;
}

static void value_ended(struct grammar *g)
{
	g->expect = top(g)->s->type == SETTING_GROUP ? SEMICOLON : COMMA;
}

/* An array holds scalars of one kind; that is what makes [ ] more than another ( ). */
static bool may_be_in(struct grammar *g, const struct token *t, enum setting_type type)
{
	char word[QUOTED_MAX];
	const struct setting *in = top(g)->s;
	if (in->type != SETTING_ARRAY ||
	    (type >= SETTING_TEXT && (!in->n || in->v[0]->type == type)))
		return true;
	return syntax_error(g, t->at,
			    "%s: an array holds values of one kind; write ( ... ) to mix them",
			    quote_word(word, t->written, t->len));
}

static bool scalar(struct grammar *g, const struct token *t)
{
	enum setting_type type = t->kind == TOKEN_TEXT	  ? SETTING_TEXT
				 : t->kind == TOKEN_INT	  ? SETTING_INT
				 : t->kind == TOKEN_FLOAT ? SETTING_FLOAT
							  : SETTING_BOOL;
	if (!may_be_in(g, t, type))
		return false;
	struct setting *s = g->named ? g->named : add_setting(g, t->at);
	s->type = type;
	s->written = s->text = t->text;
	s->number = t->number;
	s->real = t->real;
	g->named = NULL;
	value_ended(g);
	return true;
}

static bool level_begins(struct grammar *g, const struct token *t)
{
	enum setting_type type = (enum setting_type)(strchr(opens, t->kind) - opens);
	if (!may_be_in(g, t, type))
		return false;
	if (g->depth == SETTING_DEPTH_MAX)
		return syntax_error(g, t->at, "groups and lists are more than %d deep",
				    SETTING_DEPTH_MAX - 1);
	struct setting *s = g->named ? g->named : add_setting(g, t->at);
	s->type = type;
	g->named = NULL;
	g->level[g->depth++] = (struct level){ .s = s, .at = t->at, .file = g->files };
	g->expect = type == SETTING_GROUP ? A_SETTING : FIRST_VALUE;
	return true;
}

static bool level_ends(struct grammar *g, const struct token *t)
{
	const struct level *k = top(g);
	enum setting_type type = (enum setting_type)(strchr(closes, t->kind) - closes);
	if (g->depth == 1)
		return syntax_error(g, t->at, "`%c` closes nothing", t->kind);
	if (k->s->type != type)
		return syntax_error(g, t->at,
				    "`%c` where the `%c` of line %u is to be closed first", t->kind,
				    opens[k->s->type], k->at.line);
	if (k->file != g->files)
		return syntax_error(
			g, t->at,
			"`%c` closes what %s:%u opened; a file closes what it opens itself",
			t->kind, k->at.file, k->at.line);
	g->depth--;
	value_ended(g);
	return true;
}

static bool a_value(struct grammar *g, const struct token *t)
{
	char word[QUOTED_MAX];
	quote_word(word, t->written, t->len);
	switch (t->kind) {
	case TOKEN_TEXT:
	case TOKEN_INT:
	case TOKEN_FLOAT:
	case TOKEN_BOOL:
		return scalar(g, t);
	case '{':
	case '(':
	case '[':
		return level_begins(g, t);
	case TOKEN_WORD:
		return syntax_error(g, t->at,
				    "%s where a value is due; write texts in double quotes", word);
	default:
		return syntax_error(g, t->at, "%s where a value is due, behind %s", word, g->last);
	}
}

/* Does `with` end the value? Nothing else may follow a value; false: an error is added. */
static bool value_is_over(struct grammar *g, const struct token *t, char with)
{
	char word[QUOTED_MAX];
	if (t->kind == with) {
		g->expect = with == ';' ? A_SETTING : A_VALUE;
		return true;
	}
	return syntax_error(g, g->last_at, "`%c` is missing between %s and %s", with, g->last,
			    quote_word(word, t->written, t->len));
}

static bool closes_level(const struct token *t)
{
	return t->kind == '}' || t->kind == ')' || t->kind == ']';
}

static bool next(struct grammar *g, const struct token *t)
{
	switch (g->expect) {
	case A_SETTING:
		return closes_level(t) ? level_ends(g, t) : setting_begins(g, t);
	case EQUALS:
		g->expect = A_VALUE;
		return t->kind == '=' ? true
				      : syntax_error(g, t->at, "`=` is missing behind %s", g->last);
	case A_VALUE:
		return a_value(g, t);
	case SEMICOLON:
		return value_is_over(g, t, ';');
	case FIRST_VALUE:
		return closes_level(t) ? level_ends(g, t) : a_value(g, t);
	case COMMA:
	default:
		return closes_level(t) ? level_ends(g, t) : value_is_over(g, t, ',');
	}
}

bool grammar_token(struct grammar *g, const struct token *t)
{
	if (!next(g, t))
		return false;
	g->last_at = t->at;
	quote_word(g->last, t->written, t->len);
	return true;
}

/* Is no setting begun and unfinished? */
static bool between_settings(const struct grammar *g)
{
	return g->expect != EQUALS && g->expect != SEMICOLON && !(g->expect == A_VALUE && g->named);
}

bool grammar_file_begins(struct grammar *g, struct where include)
{
	if (!between_settings(g))
		return syntax_error(g, include,
				    "a file is included inside a setting, behind %s; a setting "
				    "lies in one file",
				    g->last);
	g->files++;
	return true;
}

bool grammar_file_ends(struct grammar *g, struct where last)
{
	const struct level *k = top(g);
	if (g->depth > 1 && k->file == g->files)
		return syntax_error(g, k->at, "`%c` is not closed in this file", opens[k->s->type]);
	if (!between_settings(g))
		return syntax_error(g, last, "the file ends inside a setting, behind %s%s", g->last,
				    g->expect == SEMICOLON ? "; write `;` there" : "");
	g->files--;
	return true;
}
