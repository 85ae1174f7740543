/* SPDX-License-Identifier: MIT
 * What the forms share, and the plainest of them. */
#include "record/forms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"
#include "base/utc.h"
#include "record/json.h"
#include "record/line.h"

static void try_field(struct form_fields *f, const char *key, const char *value)
{
	struct sb *b = f->b;
	size_t before = b->len;
	f->put(b, key, value);
	if (!b->cut)
		return;
	b->len = before;
	b->s[before] = '\0';
	b->cut = false;
	f->left_out++;
}

static void form_num_field(void *ctx, const char *key, uint64_t v)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, v);
	try_field(ctx, key, text);
}

static void form_range_field(void *ctx, const char *key, uint64_t from, uint64_t to)
{
	char text[48];
	snprintf(text, sizeof(text), "%" PRIu64 "-%" PRIu64, from, to);
	try_field(ctx, key, text);
}

static void form_text_field(void *ctx, const char *key, const char *v)
{
	try_field(ctx, key, v);
}

void form_put_fields(struct form_fields *f, const struct event_view *view, size_t kept)
{
	const struct fact_sink to = { f, form_num_field, form_range_field, form_text_field,
				      form_text_field };
	struct sb *b = f->b;
	size_t cap = b->cap;
	if (b->cut || cap < kept + b->len + 1) {
		b->cut = true;
		return;
	}
	b->cap -= kept;
	event_fields(view, FIELDS_ALL, &to);
	b->cap = cap;
}

void form_put_value(struct sb *b, const char *v, const char *special)
{
	for (; *v; v++) {
		unsigned char c = (unsigned char)*v;
		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
			sb_printf(b, "\\\\x%02x", c);
			continue;
		}
		if (strchr(special, c))
			sb_putc(b, '\\');
		sb_putc(b, *v);
	}
}

void form_put_text(struct sb *b, const char *v)
{
	for (size_t n = strlen(v), len; n; v += len, n -= len) {
		int32_t c = utf8_char(v, n, &len);
		if (c >= 0x20 && (c < 0x7f || c > 0x9f)) {
			sb_put_bytes(b, v, len);
			continue;
		}
		len = 1;
		sb_printf(b, "\\x%02x", (unsigned char)*v);
	}
}

void form_put_priority(struct sb *b, const struct form *f, int severity)
{
	sb_printf(b, "<%d>", (f->facility & ~7) | (severity & 7));
}

/* ---- as syslog(3) ---- */

/* In the time of this place, as log daemons expect it from local programs. */
void form_put_local_head(struct sb *b, const struct form *f, int severity, uint64_t time_ns)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t at = (time_t)(time_ns / 1000000000u);
	struct tm tm;
	if (!localtime_r(&at, &tm))
		tm = (struct tm){ .tm_mday = 1 };
	form_put_priority(b, f, severity);
	sb_printf(b, "%s %2d %02d:%02d:%02d zoned[%d]: ", months[tm.tm_mon % 12], tm.tm_mday,
		  tm.tm_hour, tm.tm_min, tm.tm_sec, (int)getpid());
}

void form_syslog_event(struct sb *b, const struct event_view *view, const struct form *f)
{
	form_put_local_head(b, f, (int)reason_severity(view->ev->reason), view->ev->time_ns);
	record_line(b, view);
	b->cut = false; /* a line that is cut is still one */
}

void form_syslog_line(struct sb *b, const struct form_text *t, const struct form *f)
{
	form_put_local_head(b, f, (int)t->severity, t->time_ns);
	if (b->cut)
		return;
	form_put_text(b, t->text);
	b->cut = false; /* a text that is cut is still one */
}

/* ---- the journal ---- */

static void put_journal_field(struct sb *b, const char *key, const char *value)
{
	sb_puts(b, "ZONED_");
	for (; *key; key++)
		sb_putc(b, *key >= 'a' && *key <= 'z' ? (char)(*key - 'a' + 'A') : *key);
	sb_putc(b, '=');
	sb_put_foreign(b, value, strlen(value));
	sb_putc(b, '\n');
}

static void put_journal_head(struct sb *b, const struct form *f, int severity)
{
	sb_printf(b,
		  "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=zoned\nSYSLOG_PID=%d\n"
		  "MESSAGE=",
		  severity & 7, f->facility >> 3, (int)getpid());
}

void form_journal_event(struct sb *b, const struct event_view *view, const struct form *f)
{
	enum { KEPT = 32 };
	struct form_fields fields = { .b = b, .put = put_journal_field };
	put_journal_head(b, f, (int)reason_severity(view->ev->reason));
	record_sentence(b, view);
	sb_putc(b, '\n');
	form_put_fields(&fields, view, KEPT);
	if (fields.left_out)
		sb_printf(b, "ZONED_LEFT_OUT=%u\n", fields.left_out);
}

void form_journal_line(struct sb *b, const struct form_text *t, const struct form *f)
{
	put_journal_head(b, f, (int)t->severity);
	if (b->cut || b->cap - b->len < 2) {
		b->cut = true;
		return;
	}
	b->cap--; /* of the line end */
	form_put_text(b, t->text);
	b->cap++;
	b->cut = false; /* a text that is cut is still one */
	sb_putc(b, '\n');
}

/* ---- JSON ---- */

void form_json_event(struct sb *b, const struct event_view *view, const struct form *f)
{
	(void)f;
	record_json(b, view);
}

void form_json_line(struct sb *b, const struct form_text *t, const struct form *f)
{
	char time[32];
	struct sb at = sb_init(time, sizeof(time));
	const struct fact_sink to = record_json_sink(b);
	(void)f;
	sb_put_time(&at, t->time_ns, 3);
	sb_putc(b, '{');
	to.word(to.ctx, "time", time);
	to.word(to.ctx, "event", "log");
	to.word(to.ctx, "severity", severity_name((int)t->severity));
	to.word(to.ctx, "text", t->text);
	sb_putc(b, '}');
}
