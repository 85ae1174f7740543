/* SPDX-License-Identifier: MIT
 *
 * JSON lines: the fields of the syslog line as objects. The file is only appended to,
 * one write(2) per line; a line that a full disk cut is ended before the next
 * one, so a reader loses that line and no other.
 */
#include "record/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/sb.h"

enum { FOREIGN_TEXT_MAX = 4096 }; /* of one field, with its escapes */

static void json_num(void *ctx, const char *key, uint64_t v)
{
	json_object_set_new(ctx, key, json_integer((json_int_t)v));
}

static void json_word(void *ctx, const char *key, const char *v)
{
	json_object_set_new(ctx, key, json_string(v));
}

static void json_range(void *ctx, const char *key, uint64_t from, uint64_t to)
{
	char text[48];
	snprintf(text, sizeof(text), "%" PRIu64 "-%" PRIu64, from, to);
	json_word(ctx, key, text);
}

/* Bytes from the wire need not be UTF-8; the syslog line's escapes serve here too. */
static void json_foreign(void *ctx, const char *key, const char *v)
{
	char text[FOREIGN_TEXT_MAX];
	struct sb b = sb_init(text, sizeof(text));
	for (; *v; v++)
		sb_put_foreign(&b, v, 1);
	json_word(ctx, key, text);
}

struct fact_sink record_json_sink(json_t *o)
{
	return (struct fact_sink){ o, json_num, json_range, json_word, json_foreign };
}

char *record_json(const struct event_view *view)
{
	json_t *o = json_object();
	const struct fact_sink to = record_json_sink(o);
	event_fields(view, FIELDS_ALL, &to);
	char *text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
	json_decref(o);
	return text;
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
