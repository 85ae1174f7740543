/* SPDX-License-Identifier: MIT
 * A record of the store as a line for people. */
#include <string.h>

#include "base/sb.h"
#include "zonectl/log.h"

enum { END_TEXT = 96 };

static const char *log_text_of(const json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record, key));
	return text ? text : "";
}

/* A terminal must not take a record's text for commands. */
static void print_foreign(FILE *f, const char *text)
{
	for (; *text; text++)
		fprintf(f, *text >= ' ' && *text <= '~' ? "%c" : "\\x%02x", (unsigned char)*text);
}

static void print_log_end(const json_t *record, const char *address, const char *port,
			  char out[END_TEXT])
{
	struct sb b = sb_init(out, END_TEXT);
	const json_t *p = json_object_get(record, port);
	const char *a = log_text_of(record, address);
	bool six = strchr(a, ':') != NULL;
	sb_printf(&b, six && p ? "[%s]" : "%s", a[0] ? a : "?");
	if (p)
		sb_printf(&b, ":%lld", (long long)json_integer_value(p));
}

static void print_date(FILE *f, const json_t *record)
{
	const char *t = log_text_of(record, "time");
	if (strlen(t) > 19 && t[10] == 'T')
		fprintf(f, "%.10s %.8s", t, t + 11);
	else
		print_foreign(f, t);
}

void log_print_record(FILE *f, const json_t *record)
{
	char from[END_TEXT], to[END_TEXT];
	const char *conduit = log_text_of(record, "conduit"),
		   *function = log_text_of(record, "function");
	const json_t *repeated = json_object_get(record, "repeated");
	print_date(f, record);
	if (strcmp(log_text_of(record, "event"), "log") == 0) {
		fprintf(f, " %s: ", log_text_of(record, "severity"));
		print_foreign(f, log_text_of(record, "text"));
		fputc('\n', f);
		return;
	}
	print_log_end(record, "src", "sport", from);
	print_log_end(record, "dst", "dport", to);
	fputc(' ', f);
	print_foreign(f, log_text_of(record, "verdict"));
	fputc(' ', f);
	print_foreign(f, log_text_of(record, "reason"));
	fputc(' ', f);
	print_foreign(f, conduit[0] ? conduit : "-");
	fputc(' ', f);
	print_foreign(f, from);
	fputs(" > ", f);
	print_foreign(f, to);
	fputc(' ', f);
	print_foreign(f, log_text_of(record, "proto"));
	if (function[0]) {
		fputc(' ', f);
		print_foreign(f, function);
	}
	if (log_text_of(record, "came")[0]) {
		fputs(", came ", f);
		print_foreign(f, log_text_of(record, "came"));
	}
	if (repeated)
		fprintf(f, " (%lld more)", (long long)json_integer_value(repeated));
	fputc('\n', f);
}
