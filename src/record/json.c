/* SPDX-License-Identifier: MIT
 *
 * JSON lines. Same fields as the syslog line. The file is only appended to,
 * one write(2) per line; a line that a full disk cut is ended before the next
 * one, so a reader loses that line and no other.
 */
#include "record/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/sb.h"
#include "record/facts.h"
#include "record/line.h"

static void put_int(json_t *o, const char *key, uint64_t v)
{
	json_object_set_new(o, key, json_integer((json_int_t)v));
}

static void put_text(json_t *o, const char *key, const char *v)
{
	json_object_set_new(o, key, json_string(v));
}

static void put_fact(void *ctx, const char *key, uint64_t v)
{
	put_int(ctx, key, v);
}

/* Bytes from the wire need not be UTF-8; the syslog line's escapes serve here too. */
static void put_foreign(void *ctx, const char *key, const char *v)
{
	char text[1024];
	struct sb b = sb_init(text, sizeof(text));
	for (; *v; v++)
		sb_put_foreign(&b, v, 1);
	put_text(ctx, key, text);
}

static void put_word(void *ctx, const char *key, const char *v)
{
	put_text(ctx, key, v);
}

static void put_ends(json_t *o, const struct pol_image *img, const struct event *ev)
{
	char text[ADDR_TEXT];
	put_text(o, "from_zone", policy_zone_name(img, policy_zone_of(img, &ev->src)));
	put_text(o, "to_zone", policy_zone_name(img, policy_zone_of(img, &ev->dst)));
	addr_text(&ev->src, text);
	put_text(o, "src", text);
	put_int(o, "sport", ev->sport);
	addr_text(&ev->dst, text);
	put_text(o, "dst", text);
	put_int(o, "dport", ev->dport);
}

char *record_json(const struct pol_image *img, const struct event *ev, uint64_t repeated)
{
	const struct pol_flow *f = policy_flow(img, ev->flow_id);
	const struct pol_rule *rule = policy_rule(img, ev->proto, ev->rule);
	const struct fact_ops *facts = facts_of(ev);
	char when[RECORD_TIME_TEXT];
	json_t *o = json_object();
	record_time(when, ev->time_ns);
	put_text(o, "time", when);
	put_text(o, "event", record_kind(ev));
	put_int(o, "gen", ev->generation);
	put_text(o, "verdict", record_verdict(ev));
	put_text(o, "reason", reason_name(ev->reason));
	if (f) {
		put_text(o, "conduit", policy_str(img, f->conduit));
		put_text(o, "policy", policy_str(img, f->policy));
	}
	put_ends(o, img, ev);
	put_text(o, "proto", record_proto(ev));
	put_text(o, "dir", ev->response ? "response" : "request");
	const struct fact_sink to = { o, put_fact, put_word, put_foreign };
	if (facts)
		facts->each(ev, &to);
	if (rule) {
		char where[RECORD_RULE_TEXT];
		record_rule(where, img, rule);
		put_text(o, "rule", where);
	}
	if (repeated)
		put_int(o, "repeated", repeated);
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
		err = -EINVAL;	/* a pipe's dying reader would end us with SIGPIPE */
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
	struct iovec v[3] = { { end, f->torn ? 1 : 0 }, { (void *)(uintptr_t)line, n }, { end, 1 } };
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
