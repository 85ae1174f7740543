/* SPDX-License-Identifier: MIT
 * Lines of the control protocol. */
#include "daemon/control-line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"

static const char *const role_names[ROLES] = {
	[ROLE_NONE] = "none",
	[ROLE_VIEWER] = "viewer",
	[ROLE_OPERATOR] = "operator",
	[ROLE_ENGINEER] = "engineer",
};

const char *control_role_name(enum control_role role)
{
	return role_names[role < ROLES ? role : ROLE_NONE];
}

json_t *control_text(const char *text)
{
	static const char unknown[] = "\xef\xbf\xbd";
	size_t n = strlen(text), to = 0;
	char *whole = malloc(n * (sizeof(unknown) - 1) + 1);
	for (size_t i = 0, len; whole && i < n; i += len) {
		bool bad = utf8_char(text + i, n - i, &len) == UTF8_BAD;
		len = bad ? 1 : len;
		size_t more = bad ? sizeof(unknown) - 1 : len;
		memcpy(whole + to, bad ? unknown : text + i, more);
		to += more;
	}
	json_t *o = whole ? json_stringn(whole, to) : NULL;
	free(whole);
	return o;
}

struct control_reply control_error(enum control_code code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return (struct control_reply){ code, json_pack("{s:o}", "error", control_text(text)) };
}

const char *control_arg(const struct control_request *q, const char *name)
{
	for (size_t i = 0; i < q->n; i++)
		if (strcmp(q->name[i], name) == 0)
			return q->value[i];
	return NULL;
}

/* UTF-8 without control characters: it goes to logs and into files. */
static bool is_plain_text(const char *p, size_t n)
{
	for (size_t i = 0, len; i < n; i += len) {
		int32_t c = utf8_char(p + i, n - i, &len);
		if (c == UTF8_BAD || c < 0x20 || (c >= 0x7f && c < 0xa0))
			return false;
	}
	return true;
}

static char *end_of_word(char *p)
{
	while (*p && *p != ' ' && *p != '=' && *p != '"')
		p++;
	return p;
}

/* The value at p without its quotes, in place; what is behind it. NULL: the quote does not end. */
static char *take_value(char *p, const char **value)
{
	*value = p;
	if (*p != '"') {
		p = end_of_word(p);
		return p;
	}
	char *to = p++;
	for (; *p && *p != '"'; p++) {
		if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		*to++ = *p;
	}
	if (!*p)
		return NULL;
	*to = '\0';
	return p + 1;
}

/* Is name one of the words of list? */
static bool is_among(const char *list, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = list; n && *p; p += strcspn(p, " "), p += *p == ' ')
		if (strncmp(p, name, n) == 0 && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

static bool take_body(struct control_line *l, const char *value)
{
	uint64_t n;
	if (!l->verb->body || l->body || !num_parse(value, 1, CONTROL_BODY, &n))
		return false;
	l->body = (size_t)n;
	return true;
}

/* False: why. */
static bool take_argument(struct control_line *l, const char *name, const char *value, char *why)
{
	if (strcmp(name, "body") == 0) {
		snprintf(why, CONTROL_VALUE, "\"%s\" takes no body, or not of this size",
			 l->verb->name);
		return take_body(l, value);
	}
	bool again = false;
	for (size_t i = 0; i < l->n; i++)
		again |= strcmp(l->name[i], name) == 0;
	if (again || !is_among(l->verb->args, name) || l->n == CONTROL_ARGS) {
		snprintf(why, CONTROL_VALUE, "\"%s\" takes no %s\"%.40s\"; it takes: %s",
			 l->verb->name, again ? "second " : "", name,
			 *l->verb->args ? l->verb->args : "nothing");
		return false;
	}
	if (strlen(value) >= CONTROL_VALUE) {
		snprintf(why, CONTROL_VALUE, "%s is longer than %d octets", name,
			 CONTROL_VALUE - 1);
		return false;
	}
	l->name[l->n] = name;
	l->value[l->n++] = value;
	return true;
}

/* p: behind the verb. */
static bool take_arguments(struct control_line *l, char *p, char *why)
{
	char behind = *p;
	while (behind) {
		char *name = p + 1, *end = end_of_word(name);
		const char *value;
		if (behind != ' ' || end == name || *end != '=' ||
		    !(p = take_value(end + 1, &value))) {
			snprintf(why, CONTROL_VALUE,
				 "write NAME=VALUE or NAME=\"text\", with one blank before it");
			return false;
		}
		behind = *p;
		*end = *p = '\0';
		if (!take_argument(l, name, value, why))
			return false;
	}
	return true;
}

bool control_line_read(struct control_line *l, const char *p, size_t n,
		       const struct control_verb *verbs, char why[CONTROL_VALUE])
{
	*l = (struct control_line){ .text = NULL };
	if (n > CONTROL_LINE || !is_plain_text(p, n)) {
		snprintf(why, CONTROL_VALUE, "a line is at most %d octets of text in UTF-8",
			 CONTROL_LINE);
		return false;
	}
	l->text = strndup(p, n);
	if (!l->text) {
		snprintf(why, CONTROL_VALUE, "out of memory");
		return false;
	}
	char *end = end_of_word(l->text);
	size_t len = (size_t)(end - l->text);
	for (const struct control_verb *v = verbs; v->name && !l->verb; v++)
		if (strlen(v->name) == len && memcmp(v->name, l->text, len) == 0)
			l->verb = v;
	snprintf(why, CONTROL_VALUE, "there is no verb \"%.*s\"", len > 40 ? 40 : (int)len,
		 l->text);
	bool good = l->verb && take_arguments(l, end, why);
	if (!good)
		control_line_free(l);
	return good;
}

void control_line_free(struct control_line *l)
{
	free(l->text);
	*l = (struct control_line){ .text = NULL };
}
