/* SPDX-License-Identifier: MIT
 * The fields of an event as a JSON object. */
#include "record/json.h"

#include <string.h>

#include "base/utf8.h"

/* "," before every member but the first */
static void put_name(struct sb *b, const char *key)
{
	if (b->len && b->s[b->len - 1] != '{')
		sb_putc(b, ',');
	sb_putc(b, '"');
	sb_puts(b, key);
	sb_put_bytes(b, "\":", 2);
}

static void json_num(void *ctx, const char *key, uint64_t v)
{
	put_name(ctx, key);
	sb_put_number(ctx, v);
}

/* A character outside printable ASCII, or one of the two that JSON escapes there. */
static void put_escaped(struct sb *b, int32_t c)
{
	static const char with_letter[] = "\bb\tt\nn\ff\rr\"\"\\\\";
	for (size_t i = 0; i + 1 < sizeof(with_letter); i += 2) {
		if (with_letter[i] != c)
			continue;
		sb_putc(b, '\\');
		sb_putc(b, with_letter[i + 1]);
		return;
	}
	if (c >= 0x10000) { /* as a pair of surrogates */
		c -= 0x10000;
		sb_printf(b, "\\u%04X", 0xd800u | (unsigned)c >> 10);
		c = 0xdc00 | (c & 0x3ff);
	}
	sb_printf(b, "\\u%04X", (unsigned)c);
}

/* Most of a record: a table is twice as fast as comparisons. */
static const unsigned char escapes[256] = {
	[0 ... 0x1f] = 1, ['"'] = 1, ['\\'] = 1, [0x7f ... 0xff] = 1
};

static size_t plain_length(const char *v, size_t n)
{
	size_t i = 0;
	while (i < n && !escapes[(unsigned char)v[i]])
		i++;
	return i;
}

void json_put_string(struct sb *b, const char *v)
{
	size_t n = strlen(v), len;
	sb_putc(b, '"');
	for (;; v += len, n -= len) {
		len = plain_length(v, n);
		sb_put_bytes(b, v, len);
		v += len;
		n -= len;
		if (n == 0)
			break;
		int32_t c = utf8_char(v, n, &len);
		if (c != UTF8_BAD) {
			put_escaped(b, c);
			continue;
		}
		sb_printf(b, "\\\\x%02x", (unsigned char)*v);
		len = 1;
	}
	sb_putc(b, '"');
}

static void json_word(void *ctx, const char *key, const char *v)
{
	put_name(ctx, key);
	json_put_string(ctx, v);
}

static void json_range(void *ctx, const char *key, uint64_t from, uint64_t to)
{
	put_name(ctx, key);
	sb_putc(ctx, '"');
	sb_put_number(ctx, from);
	sb_putc(ctx, '-');
	sb_put_number(ctx, to);
	sb_putc(ctx, '"');
}

/* Bytes from the wire need not be UTF-8; the syslog line's escapes serve here too. */
static void json_foreign(void *ctx, const char *key, const char *v)
{
	struct sb *b = ctx;
	put_name(b, key);
	sb_putc(b, '"');
	for (size_t n = strlen(v), len; n; v += len, n -= len) {
		len = plain_length(v, n);
		sb_put_bytes(b, v, len);
		if (len == 0) {
			sb_printf(b, "\\\\x%02x", (unsigned char)*v);
			len = 1;
		}
	}
	sb_putc(b, '"');
}

struct fact_sink record_json_sink(struct sb *b)
{
	return (struct fact_sink){ b, json_num, json_range, json_word, json_foreign };
}

void record_json(struct sb *b, const struct event_view *view)
{
	const struct fact_sink to = record_json_sink(b);
	sb_putc(b, '{');
	event_fields(view, FIELDS_ALL, &to);
	sb_putc(b, '}');
}
