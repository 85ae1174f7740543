/* SPDX-License-Identifier: MIT
 *
 * Where a filter expression is wrong. libpcap does not say; but the beginning of an expression is
 * good as long as something can be put behind it that makes it whole. So the first word with which
 * that is not so any more is the one to look at.
 */
#include <string.h>

#include "zonectl/replay-parts.h"

enum { FILTER_TEXT = 4096 };

static bool may_go_on(struct capture *c, const char *e, size_t n)
{
	static const char *const rest[] = { "",
					    " 1",
					    " tcp",
					    " port 1",
					    " 10.0.0.1",
					    " 0 = 0",
					    " net 10.0.0.0/8",
					    " = 0",
					    "] = 0",
					    " 00:00:00:00:00:01" };
	static const char *const ends[] = { "", ")", "))", ")))" };
	char text[FILTER_TEXT], err[CAPTURE_ERROR];
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
			snprintf(text, sizeof(text), "%.*s%s%s", (int)n, e, rest[i], ends[k]);
			if (capture_filter(c, text, err, sizeof(err)))
				return true;
		}
	}
	return false;
}

/* Offset of the first word that cannot be right; the end: something is missing there. */
static size_t find_wrong_word(struct capture *c, const char *e)
{
	size_t at = 0, len = strlen(e);
	while (at < len && len < FILTER_TEXT / 2) {
		size_t begin = at + strspn(e + at, " \t"), end = begin + strcspn(e + begin, " \t");
		if (begin == len || !may_go_on(c, e, end))
			return begin;
		at = end;
	}
	return at;
}

bool replay_filter(struct capture *c, const char *expression)
{
	char err[CAPTURE_ERROR];
	if (capture_filter(c, expression, err, sizeof(err)))
		return true;
	size_t at = find_wrong_word(c, expression);
	fprintf(stderr, "zonectl: --filter, character %zu: %s\n  %s\n  %*s^\n", at + 1, err,
		expression, (int)at, "");
	return false;
}
