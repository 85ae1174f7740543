/* SPDX-License-Identifier: MIT
 *
 * JSON lines: the fields of the syslog line as objects. The file is only appended to,
 * one write(2) per line; a line that a full disk cut is ended before the next
 * one, so a reader loses that line and no other.
 */
#include "record/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

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

int json_file_open(struct json_file *f, const char *path)
{
	struct stat st;
	f->path = path;
	/* O_NONBLOCK: opening a pipe must not wait for a reader */
	f->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	int err = f->fd < 0 ? -errno : 0;
	if (!err && fstat(f->fd, &st) < 0)
		err = -errno;
	if (!err && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		err = -EINVAL; /* a pipe's dying reader would end us with SIGPIPE */
	if (err)
		json_file_close(f);
	return err;
}

int json_file_reopen(struct json_file *f)
{
	struct json_file again = { .fd = -1 };
	int err = json_file_open(&again, f->path);
	if (err)
		return err;
	json_file_close(f);
	f->fd = again.fd;
	return 0;
}

void json_file_close(struct json_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->torn = false;
}

int json_file_lost(struct json_file *f, int err)
{
	f->lost++;
	f->lost_total++;
	return err;
}

int json_file_put(struct json_file *f, const char *line, size_t n)
{
	static char end[] = "\n";
	struct iovec v[3] = { { end, f->torn ? 1 : 0 },
			      { (void *)(uintptr_t)line, n },
			      { end, 1 } };
	size_t whole = v[0].iov_len + n + 1;
	ssize_t put = -1;
	int err = EBADF;
	if (f->fd >= 0) {
		put = writev(f->fd, v, 3);
		err = put < 0 ? errno : ENOSPC;
	}
	if (put == (ssize_t)whole) {
		f->torn = false;
		return 0;
	}
	/* only the repair's own line end went in: the file ends at a line again */
	if (put > 0)
		f->torn = !(f->torn && put == 1);
	return json_file_lost(f, -err);
}
