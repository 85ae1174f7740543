/* SPDX-License-Identifier: MIT
 *
 * Files to settings. libconfig 1.5 has one include directory, no loop check and blurred
 * positions, so includes are expanded here, line by line. Each line goes to the grammar
 * (text.h), and into one text for the second reader (agree.c), with a map from each line
 * of it to where it was written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sb.h"
#include "model/internal.h"

enum {
	DEPTH_MAX = 8,
	/* bytes of all files together: few files can include each other often */
	TOTAL_MAX = 64 << 20,
};

struct reader {
	struct arena *a;
	const char *rules_dir;
	struct source *s;
	size_t cap, lines_cap;
	struct errs *errs;
	struct lexer lex;
	const char *line; /* the one being read, and how much of it is in the text */
	size_t copied;
	const struct model_file *given; /* nothing is read from disk then */
	size_t n_given;
	const char *stack[DEPTH_MAX];
	struct stat id[DEPTH_MAX]; /* "x" and "./x" are one file */
	size_t depth;
	size_t total;
};

static bool grow(struct reader *r, size_t n)
{
	struct source *s = r->s;
	if (s->len + n + 1 > r->cap) {
		r->cap = (s->len + n + 1) * 2;
		s->text = realloc(s->text, r->cap);
	}
	if (s->n_lines + 2 > r->lines_cap) {
		r->lines_cap = r->lines_cap ? r->lines_cap * 2 : 1024;
		s->lines = realloc(s->lines, r->lines_cap * sizeof(*s->lines));
	}
	return s->text && s->lines;
}

static void put_source_text(struct reader *r, const char *p, size_t n)
{
	if (!grow(r, n + 1))
		abort();
	memcpy(r->s->text + r->s->len, p, n);
	r->s->len += n;
	r->s->text[r->s->len] = '\0';
}

static void number_ends(void *ctx, size_t at)
{
	struct reader *r = ctx;
	put_source_text(r, r->line + r->copied, at - r->copied);
	put_source_text(r, "L", 1);
	r->copied = at;
}

static bool add_line(struct reader *r, struct where at, const char *p, size_t n)
{
	r->line = p;
	r->copied = 0;
	if (!lex_line(&r->lex, at, p, n))
		return false;
	put_source_text(r, p + r->copied, n - r->copied);
	put_source_text(r, "\n", 1);
	r->s->lines[++r->s->n_lines] = at;
	return true;
}

/* Of files that are given a number is what an inode is on disk. */
static const struct model_file *find_given(const struct reader *r, const char *path,
					   struct stat *st)
{
	for (size_t i = 0; i < r->n_given; i++) {
		if (strcmp(r->given[i].path, path) != 0)
			continue;
		memset(st, 0, sizeof(*st));
		st->st_ino = i + 1;
		return &r->given[i];
	}
	return NULL;
}

static bool is_there(const struct reader *r, const char *path, struct stat *st)
{
	return r->given ? find_given(r, path, st) != NULL : stat(path, st) == 0;
}

/* The whole file, NUL-terminated; NULL with an error added. */
static char *slurp(struct reader *r, const char *path, struct where from, size_t *len)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	struct stat *st = &r->id[r->depth];
	memset(st, 0, sizeof(*st));
	if (!f || (fstat(fileno(f), st) == 0 && S_ISDIR(st->st_mode))) {
		errs_add(r->errs, from.file, from.line, "cannot read \"%s\": %s", path,
			 f ? "it is a directory" : strerror(errno));
		if (f)
			fclose(f);
		return NULL;
	}
	size_t cap = 65536, n = 0;
	char *buf = malloc(cap);
	while (buf) {
		n += fread(buf + n, 1, cap - n - 1, f);
		if (n < cap - 1 || n > MODEL_FILE_MAX)
			break;
		cap *= 2;
		char *p = realloc(buf, cap);
		if (!p)
			free(buf);
		buf = p;
	}
	if (f != stdin)
		fclose(f);
	if (buf && n > MODEL_FILE_MAX) {
		errs_add(r->errs, from.file, from.line,
			 "\"%s\" is larger than %d MB; a model of that size is refused unread",
			 path, MODEL_FILE_MAX >> 20);
		free(buf);
		return NULL;
	}
	if (buf)
		buf[n] = '\0';
	*len = n;
	return buf;
}

/* `@include "name"` alone on a line: the name, else NULL. Empty: it is written
 * wrongly; anything behind the name but a comment would be lost. */
static const char *include_name(struct arena *a, const char *p, size_t n)
{
	size_t i = 0;
	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	if (n - i < 8 || memcmp(p + i, "@include", 8) != 0)
		return NULL;
	const char *q = p + i + 8, *end = p + n;
	while (q < end && (*q == ' ' || *q == '\t'))
		q++;
	const char *e = q < end && *q == '"' ? memchr(q + 1, '"', (size_t)(end - q - 1)) : NULL;
	if (!e)
		return "";
	const char *rest = e + 1;
	while (rest < end && (*rest == ' ' || *rest == '\t'))
		rest++;
	if (rest < end && *rest != '#' && !(end - rest > 1 && rest[0] == '/' && rest[1] == '/'))
		return "";
	char *name = arena_alloc(a, (size_t)(e - q));
	memcpy(name, q + 1, (size_t)(e - q - 1));
	return name;
}

static const char *join(struct arena *a, const char *dir, size_t n, const char *name)
{
	char *p = arena_alloc(a, n + strlen(name) + 2);
	memcpy(p, dir, n);
	if (n)
		p[n++] = '/';
	memcpy(p + n, name, strlen(name) + 1);
	return p;
}

static const char *find_include(struct reader *r, struct where at, const char *name)
{
	struct stat st;
	if (name[0] == '/')
		return name;
	const char *slash = strrchr(at.file, '/');
	const char *here = join(r->a, at.file, slash ? (size_t)(slash - at.file) : 0, name);
	if (is_there(r, here, &st))
		return here;
	const char *there =
		r->rules_dir ? join(r->a, r->rules_dir, strlen(r->rules_dir), name) : NULL;
	if (there && is_there(r, there, &st))
		return there;
	errs_add(r->errs, at.file, at.line,
		 "there is no file to include named \"%s\"; looked beside this file and in %s",
		 name, r->rules_dir ? r->rules_dir : "no rules directory");
	return NULL;
}

static bool read_file(struct reader *r, const char *path, struct where from);

static void say_loop(struct reader *r, struct where at, size_t first, const char *path)
{
	char chain[300];
	struct sb b = sb_init(chain, sizeof(chain));
	for (size_t i = first; i < r->depth; i++)
		sb_printf(&b, "%s -> ", r->stack[i]);
	sb_puts(&b, path);
	errs_add(r->errs, at.file, at.line, "includes go in a circle: %s; remove this line", chain);
}

/* False: a syntax error, nothing more can be read. */
static bool include(struct reader *r, struct where at, const char *name)
{
	if (!*name) {
		errs_add(r->errs, at.file, at.line,
			 "write @include \"FILE\" with a file name in quotes, alone on its line");
		return false;
	}
	const char *path = find_include(r, at, name);
	if (!path)
		return true;
	struct stat st;
	bool there = is_there(r, path, &st);
	for (size_t i = 0; i < r->depth; i++) {
		if (there && r->id[i].st_ino == st.st_ino && r->id[i].st_dev == st.st_dev) {
			say_loop(r, at, i, path);
			return true;
		}
	}
	if (r->depth == DEPTH_MAX) {
		errs_add(r->errs, at.file, at.line, "files include each other more than %d deep",
			 DEPTH_MAX);
		return true;
	}
	return read_file(r, path, at);
}

static bool read_lines(struct reader *r, const char *path, const char *buf, size_t len,
		       struct where *at)
{
	size_t bom = len >= 3 && memcmp(buf, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	*at = (struct where){ path, 1 };
	for (size_t i = bom; i < len; at->line++) {
		const char *p = buf + i;
		const char *nl = memchr(p, '\n', len - i);
		size_t n = nl ? (size_t)(nl - p) : len - i;
		i += n + 1;
		n -= nl && n && p[n - 1] == '\r';
		if (!line_is_text(r->errs, *at, p, n))
			return false;
		const char *name = r->lex.comment.line ? NULL : include_name(r->a, p, n);
		if (name ? !include(r, *at, name) : !add_line(r, *at, p, n))
			return false;
	}
	return true;
}

static const struct model_file *find_read(const struct reader *r, const char *path)
{
	for (size_t i = 0; i < r->s->n_files; i++)
		if (strcmp(r->s->files[i].path, path) == 0)
			return &r->s->files[i];
	return NULL;
}

static const char *keep_text(struct arena *a, const char *text, size_t len)
{
	char *kept = arena_alloc(a, len + 1);
	if (len)
		memcpy(kept, text, len);
	return kept;
}

/* A file, which the source keeps; NULL with an error added. */
static const struct model_file *get_file(struct reader *r, const char *path, struct where from)
{
	struct source *s = r->s;
	struct stat *st = &r->id[r->depth];
	const struct model_file *known = find_read(r, path);
	const struct model_file *given = r->given ? find_given(r, path, st) : NULL;
	struct model_file f = { .path = path, .len = given ? given->len : 0 };
	char *read = r->given ? NULL : slurp(r, path, from, &f.len);
	if (r->given && !given)
		errs_add(r->errs, from.file, from.line, "\"%s\" is not among the files given",
			 path);
	if (!given && !read)
		return NULL;
	if (!known) {
		f.text = keep_text(r->a, given ? given->text : read, f.len);
		s->files = arena_grow(r->a, s->files, s->n_files, sizeof(*s->files));
		s->files[s->n_files++] = f;
	}
	free(read);
	return known ? known : &s->files[s->n_files - 1];
}

/* False: a syntax error, nothing more can be read. A file that is not there does not end it. */
static bool read_file(struct reader *r, const char *path, struct where from)
{
	const struct model_file *got = get_file(r, path, from);
	if (!got)
		return true;
	const struct model_file f = *got; /* the list may move */
	size_t len = f.len;
	r->total += len;
	if (r->total > TOTAL_MAX) {
		errs_add(r->errs, from.file, from.line,
			 "with \"%s\" the model is larger than %d MB; include "
			 "each file once",
			 path, TOTAL_MAX >> 20);
		return true;
	}
	struct where at = from;
	bool ok = grammar_file_begins(r->lex.g, from);
	r->stack[r->depth++] = path;
	ok = ok && read_lines(r, path, f.text, len, &at);
	if (ok && r->lex.comment.line) {
		errs_add(r->errs, path, r->lex.comment.line,
			 "a comment that does not end in this file; write */");
		ok = false;
	}
	at.line -= ok && at.line > 1;
	ok = ok && grammar_file_ends(r->lex.g, at);
	r->depth--;
	return ok;
}

static bool source_finish(struct reader *r, struct arena *a, size_t errors_before)
{
	struct source *s = r->s;
	struct where *lines = arena_alloc(a, (s->n_lines + 2) * sizeof(*lines));
	if (s->n_lines)
		memcpy(lines + 1, s->lines + 1, s->n_lines * sizeof(*lines));
	lines[s->n_lines + 1] = lines[s->n_lines];
	free(s->lines);
	s->lines = lines;
	s->root = grammar_root(r->lex.g);
	return r->errs->total == errors_before;
}

bool source_read(struct arena *a, const struct source_from *from, struct source *s,
		 struct errs *errs)
{
	size_t before = errs->total;
	struct reader r = { .a = a,
			    .rules_dir = from->rules_dir,
			    .s = s,
			    .errs = errs,
			    .given = from->files,
			    .n_given = from->n_files };
	r.lex = (struct lexer){ .a = a,
				.errs = errs,
				.g = grammar_new(a, errs),
				.number_ends = number_ends,
				.ctx = &r };
	memset(s, 0, sizeof(*s));
	if (!grow(&r, 0))
		abort();
	s->text[0] = '\0';
	read_file(&r, from->path, (struct where){ from->path, 0 });
	return source_finish(&r, a, before);
}
