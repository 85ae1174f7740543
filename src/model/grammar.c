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
	RECOVERY,  /* after an error: what ends the setting or value in which it is */
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
	unsigned last_column, last_len;
	char last[QUOTED_MAX];
	/* After errors. The tree is of no use then, and only its form is kept. */
	struct where wrong_at;	  /* the last one */
	unsigned errors, skipped; /* levels opened while RECOVERY */
	bool quiet;	/* up to the next value, what comes of the same error is not reported */
	bool forgiving; /* of the next word: what was before it is lost */
	bool lost;	/* lines, with what they close */
};

enum { SYNTAX_ERRORS_MAX = 50 }; /* then it is no model */

static const char opens[] = "{([", closes[] = "})]"; /* in the order of enum setting_type */

void grammar_error(struct grammar *g, struct where at, unsigned column, const char *text)
{
	if (g->quiet && g->wrong_at.line == at.line && strcmp(g->wrong_at.file, at.file) == 0)
		return;
	errs_add(g->errs, at.file, at.line, "%s%s", text,
		 g->errors ? "" : "; of the rest only the grammar was checked");
	errs_column(g->errs, column);
	g->wrong_at = at;
	g->quiet = true;
	g->errors++;
}

void grammar_forgive(struct grammar *g)
{
	g->forgiving = g->lost = true;
}

/* An error behind which the grammar can go on. */
__attribute__((format(printf, 3, 4))) static void syntax_error(struct grammar *g,
							       const struct token *t,
							       const char *fmt, ...)
{
	char text[300];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	grammar_error(g, t->at, t->column, text);
}

/* One behind which it cannot; false. */
__attribute__((format(printf, 3, 4))) static bool last_error(struct grammar *g, struct where at,
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

/* Nothing is expected until the setting or value ends. */
static bool recover(struct grammar *g)
{
	g->expect = RECOVERY;
	g->skipped = 0;
	g->named = NULL;
	return true;
}

static bool setting_begins(struct grammar *g, const struct token *t)
{
	char word[QUOTED_MAX];
	if (t->kind != TOKEN_WORD) {
		syntax_error(g, t, "%s where the name of a setting is due",
			     quote_word(word, t->written, t->len));
		return t->kind == ';' || recover(g);
	}
	const struct setting *in = top(g)->s;
	for (size_t i = 0; i < in->n; i++)
		if (in->v[i]->name && strcmp(in->v[i]->name, t->text) == 0)
			syntax_error(g, t, "\"%s\" is there twice; the first is at %s:%u", t->text,
				     in->v[i]->at.file, in->v[i]->at.line);
	g->named = add_setting(g, t->at);
	g->named->name = t->text;
	g->named->name_column = t->column;
	g->expect = EQUALS;
	return true;
}

static void value_ended(struct grammar *g)
{
	g->expect = top(g)->s->type == SETTING_GROUP ? SEMICOLON : COMMA;
}

/* An array holds scalars of one kind; that is what makes [ ] more than another ( ). */
static void check_in_array(struct grammar *g, const struct token *t, enum setting_type type)
{
	char word[QUOTED_MAX];
	const struct setting *in = top(g)->s;
	if (in->type != SETTING_ARRAY ||
	    (type >= SETTING_TEXT && (!in->n || in->v[0]->type == type)))
		return;
	syntax_error(g, t, "%s: an array holds values of one kind; write ( ... ) to mix them",
		     quote_word(word, t->written, t->len));
}

static bool scalar(struct grammar *g, const struct token *t)
{
	enum setting_type type = t->kind == TOKEN_INT	  ? SETTING_INT
				 : t->kind == TOKEN_FLOAT ? SETTING_FLOAT
				 : t->kind == TOKEN_BOOL  ? SETTING_BOOL
							  : SETTING_TEXT;
	check_in_array(g, t, type);
	struct setting *s = g->named ? g->named : add_setting(g, t->at);
	s->type = type;
	s->line = t->at.line;
	s->column = t->column;
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
	check_in_array(g, t, type);
	if (g->depth == SETTING_DEPTH_MAX)
		return last_error(g, t->at, "groups and lists are more than %d deep",
				  SETTING_DEPTH_MAX - 1);
	struct setting *s = g->named ? g->named : add_setting(g, t->at);
	s->type = type;
	g->named = NULL;
	g->level[g->depth++] = (struct level){ .s = s, .at = t->at, .file = g->files };
	g->expect = type == SETTING_GROUP ? A_SETTING : FIRST_VALUE;
	return true;
}

/* Its opening one is further out: what is between is taken for closed. Without one it is taken for
 * not there. */
static void close_further_out(struct grammar *g, enum setting_type type)
{
	size_t depth = g->depth;
	while (depth > 1 && g->level[depth - 1].s->type != type)
		depth--;
	if (depth <= 1 || g->level[depth - 1].file != g->files)
		return;
	g->depth = depth - 1;
	g->named = NULL;
	value_ended(g);
}

static bool level_ends(struct grammar *g, const struct token *t)
{
	const struct level *k = top(g);
	enum setting_type type = (enum setting_type)(strchr(closes, t->kind) - closes);
	if (g->depth == 1) {
		syntax_error(g, t, "`%c` closes nothing", t->kind);
		return true;
	}
	if (k->s->type != type) {
		syntax_error(g, t, "`%c` where the `%c` of line %u is to be closed first", t->kind,
			     opens[k->s->type], k->at.line);
		close_further_out(g, type);
		return true;
	}
	if (k->file != g->files)
		return last_error(
			g, t->at,
			"`%c` closes what %s:%u opened; a file closes what it opens itself",
			t->kind, k->at.file, k->at.line);
	g->depth--;
	g->named = NULL;
	value_ended(g);
	return true;
}

static bool closes_level(const struct token *t)
{
	return t->kind == '}' || t->kind == ')' || t->kind == ']';
}

static bool begins_value(const struct token *t)
{
	return t->kind == TOKEN_TEXT || t->kind == TOKEN_INT || t->kind == TOKEN_FLOAT ||
	       t->kind == TOKEN_BOOL || strchr(opens, t->kind);
}

/* Something else where a value is due: for what was it meant? */
static bool no_value(struct grammar *g, const struct token *t)
{
	char word[QUOTED_MAX];
	quote_word(word, t->written, t->len);
	if (t->kind == TOKEN_WORD) {
		syntax_error(g, t, "%s where a value is due; write texts in double quotes", word);
		return scalar(g, t);
	}
	syntax_error(g, t, "%s where a value is due, behind %s", word, g->last);
	g->named = NULL;
	if (closes_level(t))
		return level_ends(g, t);
	if (t->kind == ';' && top(g)->s->type == SETTING_GROUP)
		g->expect = A_SETTING;
	else if (t->kind != ',')
		return recover(g);
	return true;
}

static bool a_value(struct grammar *g, const struct token *t)
{
	if (!begins_value(t))
		return no_value(g, t);
	return strchr(opens, t->kind) ? level_begins(g, t) : scalar(g, t);
}

/* A `;` in a list: what is open up to the setting is taken for closed. */
static bool setting_is_over(struct grammar *g)
{
	while (top(g)->s->type != SETTING_GROUP)
		g->depth--;
	g->expect = A_SETTING;
	return true;
}

/* Does `with` end the value? Nothing else may follow a value. */
static bool value_is_over(struct grammar *g, const struct token *t, char with)
{
	char word[QUOTED_MAX];
	bool forgiven = g->forgiving;
	g->forgiving = false;
	if (t->kind == with) {
		g->expect = with == ';' ? A_SETTING : A_VALUE;
		return true;
	}
	const struct token behind = { .at = g->last_at, .column = g->last_column + g->last_len };
	if (!forgiven)
		syntax_error(g, &behind, "`%c` is missing between %s and %s", with, g->last,
			     quote_word(word, t->written, t->len));
	if (with == ';' && t->kind == TOKEN_WORD)
		return setting_begins(g, t);
	if (with == ';' && t->kind == ',') {
		g->expect = A_SETTING;
		return true;
	}
	if (with == ',' && t->kind == ';')
		return setting_is_over(g);
	if (closes_level(t))
		return level_ends(g, t);
	return with == ',' && (begins_value(t) || t->kind == TOKEN_WORD) ? a_value(g, t)
									 : recover(g);
}

static bool after_error(struct grammar *g, const struct token *t)
{
	bool group = top(g)->s->type == SETTING_GROUP;
	if (strchr(opens, t->kind))
		g->skipped++;
	else if (closes_level(t) && g->skipped)
		g->skipped--;
	else if (closes_level(t))
		return level_ends(g, t);
	else if (!g->skipped && t->kind == ';' && group)
		g->expect = A_SETTING;
	else if (!g->skipped && t->kind == ',' && !group)
		g->expect = A_VALUE;
	return true;
}

static bool equals(struct grammar *g, const struct token *t)
{
	g->expect = A_VALUE;
	if (t->kind == '=')
		return true;
	syntax_error(g, t, "`=` is missing behind %s", g->last);
	return begins_value(t) ? a_value(g, t) : recover(g);
}

static bool next(struct grammar *g, const struct token *t)
{
	switch (g->expect) {
	case RECOVERY:
		return after_error(g, t);
	case A_SETTING:
		return closes_level(t) ? level_ends(g, t) : setting_begins(g, t);
	case EQUALS:
		return equals(g, t);
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
	g->quiet &= t->kind != ';' && t->kind != ',';
	if (g->errors == SYNTAX_ERRORS_MAX)
		return last_error(g, t->at, "this is the last of %d errors", SYNTAX_ERRORS_MAX);
	g->last_at = t->at;
	g->last_column = t->column;
	g->last_len = column_of(t->written, t->len) - 1;
	quote_word(g->last, t->written, t->len);
	return true;
}

/* Is no setting begun and unfinished? */
static bool between_settings(const struct grammar *g)
{
	return g->expect != RECOVERY && g->expect != EQUALS && g->expect != SEMICOLON &&
	       !(g->expect == A_VALUE && g->named);
}

bool grammar_file_begins(struct grammar *g, struct where include)
{
	if (!between_settings(g))
		return last_error(g, include,
				  "a file is included inside a setting, behind %s; a setting "
				  "lies in one file",
				  g->last);
	g->files++;
	return true;
}

bool grammar_file_ends(struct grammar *g, struct where last)
{
	const struct level *k = top(g);
	if (g->lost && (g->depth > 1 || !between_settings(g)))
		return false;
	if (g->depth > 1 && k->file == g->files)
		return last_error(g, k->at, "`%c` is not closed in this file", opens[k->s->type]);
	if (g->expect == RECOVERY) /* reported */
		g->expect = A_SETTING;
	if (!between_settings(g))
		return last_error(g, last, "the file ends inside a setting, behind %s%s", g->last,
				  g->expect == SEMICOLON ? "; write `;` there" : "");
	g->files--;
	return true;
}
