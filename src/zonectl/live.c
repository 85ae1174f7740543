/* SPDX-License-Identifier: MIT
 * Numbers of the running zoned, once or again and again: see live.h. */
#include "zonectl/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "base/utc.h"
#include "zonectl/ask.h"
#include "zonectl/zonectl.h"

enum { WATCH_MAX = 3600, WHOLE_SECONDS = 19 };

static bool is_text(const json_t *row, const char *key, const char *wanted)
{
	return strcmp(text_of(json_object_get(row, key)), wanted) == 0;
}

/* An end of a conduit may be several zones, "a, b". */
static bool has_zone(const json_t *row, const char *key, const char *zone)
{
	const size_t n = strlen(zone);
	for (const char *s = text_of(json_object_get(row, key)); *s; s += strspn(s, ", ")) {
		size_t len = strcspn(s, ",");
		if (len == n && strncmp(s, zone, n) == 0)
			return true;
		s += len;
	}
	return false;
}

bool live_wants(const struct live_filter *f, const json_t *row)
{
	return (!f->conduit || is_text(row, "conduit", f->conduit)) &&
	       (!f->zone || has_zone(row, "from", f->zone) || has_zone(row, "to", f->zone)) &&
	       (!f->verdict || is_text(row, "verdict", f->verdict)) &&
	       (!f->reason || is_text(row, "reason", f->reason));
}

json_t *live_rows(const json_t *o, const char *key, const struct live_filter *f)
{
	json_t *rows = json_array(), *row;
	size_t i;
	json_array_foreach (json_object_get(o, key), i, row)
		if (live_wants(f, row))
			json_array_append(rows, row);
	return rows;
}

json_t *live_time(const json_t *time)
{
	const char *s = text_of(time);
	char text[WHOLE_SECONDS + 2] = "";
	if (strlen(s) < WHOLE_SECONDS)
		return json_null();
	memcpy(text, s, WHOLE_SECONDS);
	text[WHOLE_SECONDS] = 'Z';
	return json_string(text);
}

uint64_t live_ns(const json_t *time)
{
	uint64_t ns;
	return utc_parse(text_of(time), &ns) ? ns : 0;
}

json_t *live_rate(double v)
{
	char text[40];
	snprintf(text, sizeof(text), "%.*f", v < 100 ? 1 : 0, v);
	return json_string(text);
}

bool live_seconds(const char *option, const char *text, uint64_t *seconds)
{
	return num_parse(text, 1, WATCH_MAX, seconds) ||
	       option_wrong(option, text, "1 to 3600 seconds");
}

static bool has_cursor(void)
{
	const char *term = getenv("TERM");
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

/* What was printed before is left on a terminal that has no cursor, and in a file. */
static void begin_page(bool first)
{
	if (has_cursor())
		fputs("\033[H\033[2J", stdout);
	else if (!first)
		putchar('\n');
}

int live_ask(const char *line, uint64_t seconds,
	     int (*show)(void *ctx, const json_t *o, const json_t *before), void *ctx)
{
	const struct timespec pause = { .tv_sec = (time_t)seconds };
	json_t *before = NULL;
	struct answer a;
	int rc;
	do {
		rc = ask_zoned(line, NULL, &a);
		if (rc == EXIT_OK) {
			rc = answer_status(&a);
			if (rc == EXIT_OK && seconds)
				begin_page(!before);
			if (rc == EXIT_OK)
				rc = show(ctx, a.document, before);
			json_decref(before);
			before = a.document;
		}
		if (fflush(stdout) || ferror(stdout))
			rc = EXIT_FAIL;
	} while (rc == EXIT_OK && seconds && nanosleep(&pause, NULL) == 0);
	json_decref(before);
	return rc;
}
