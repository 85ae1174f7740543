/* SPDX-License-Identifier: MIT
 * One request to the running zoned, and its reply. */
#include "zonectl/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/num.h"
#include "base/utc.h"
#include "history/history.h"
#include "zonectl/zonectl.h"

enum { REPLY_MAX = 256 << 20, WAIT_SECONDS = 60, CODE_DIGITS = 3 };

static const char *control_path(void)
{
	const char *path = getenv("ZONED_CONTROL");
	return path ? path : ZONED_RUNDIR "/control";
}

static int connect_to(const char *path, int *rc)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = WAIT_SECONDS };
	*rc = EXIT_FAIL;
	if (strlen(path) >= sizeof(a.sun_path)) {
		fprintf(stderr, "zonectl: %s: the path is too long for a socket\n", path);
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		return fd;
	}
	if (errno == ENOENT || errno == ECONNREFUSED)
		*rc = EXIT_NOT_RUNNING;
	fprintf(stderr, "zonectl: %s: %s%s\n", path, strerror(errno),
		*rc == EXIT_NOT_RUNNING ? "; zoned is not running"
		: errno == EACCES	? "; see roles in zoned.conf(5)"
					: "");
	if (fd >= 0)
		close(fd);
	return -1;
}

bool zoned_runs(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = control_path();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	bool runs = fd >= 0 && strlen(path) < sizeof(a.sun_path) &&
		    connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	if (fd >= 0)
		close(fd);
	return runs;
}

/* zoned may answer and close before it has read all: then its answer counts. */
static void send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return;
		p += w;
		n -= (size_t)w;
	}
}

/* One line, without its end; NULL: none came whole. */
static char *read_line(int fd)
{
	size_t n = 0, cap = 1 << 16;
	char *text = malloc(cap);
	while (text && n < REPLY_MAX) {
		if (n + 1 == cap) {
			char *p = realloc(text, cap *= 2);
			if (!p)
				break;
			text = p;
		}
		ssize_t got = read(fd, text + n, cap - n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
		if (text[n - 1] == '\n') {
			text[n - 1] = '\0';
			return text;
		}
	}
	free(text);
	return NULL;
}

static bool read_answer(char *text, struct answer *a)
{
	char *end = NULL;
	long code = text ? strtol(text, &end, 10) : 0;
	if (!text || end != text + CODE_DIGITS || *end != ' ')
		return false;
	a->code = (int)code;
	a->document = json_loads(end + 1, 0, NULL);
	return json_is_object(a->document);
}

bool zoned_listens(void)
{
	return access(control_path(), R_OK | W_OK) == 0;
}

int ask_zoned(const char *line, const json_t *body, struct answer *a)
{
	int rc;
	char *more = body ? json_dumps(body, JSON_COMPACT) : NULL;
	a->document = NULL;
	if (body && !more) {
		fputs("zonectl: out of memory\n", stderr);
		return EXIT_FAIL;
	}
	int fd = connect_to(control_path(), &rc);
	if (fd < 0) {
		free(more);
		return rc;
	}
	char head[ASK_LINE + 32];
	struct sb b = sb_init(head, sizeof(head));
	sb_puts(&b, line);
	if (more)
		sb_printf(&b, " body=%zu", strlen(more));
	sb_putc(&b, '\n');
	send_all(fd, head, b.len);
	if (more)
		send_all(fd, more, strlen(more));
	char *text = read_line(fd);
	close(fd);
	bool good = read_answer(text, a);
	if (!good) {
		fprintf(stderr, "zonectl: %s\n",
			text ? "zoned's answer makes no sense; is it of another version?"
			     : "zoned did not answer");
		json_decref(a->document);
	}
	free(text);
	free(more);
	return good ? EXIT_OK : EXIT_FAIL;
}

void put_argument(struct sb *b, const char *name, const char *value)
{
	if (!value)
		return;
	sb_printf(b, " %s=\"", name);
	for (const char *p = value; *p; p++) {
		if (*p == '"' || *p == '\\')
			sb_putc(b, '\\');
		sb_putc(b, *p);
	}
	sb_putc(b, '"');
}

void put_model_named(struct sb *b, const char *name)
{
	enum { NUMBER_DIGITS = 10 };
	bool hash = name && (strlen(name) > NUMBER_DIGITS || strpbrk(name, "abcdef"));
	put_argument(b, hash ? "proposal" : "generation", name);
}

const char *text_of(const json_t *o)
{
	const char *s = json_string_value(o);
	return s ? s : "";
}

int answer_status(const struct answer *a)
{
	const json_t *errors = json_object_get(a->document, "errors");
	const char *why = json_string_value(json_object_get(a->document, "error"));
	size_t i;
	json_t *e;
	json_array_foreach (errors, i, e) {
		int line = (int)json_integer_value(json_object_get(e, "line"));
		fputs(text_of(json_object_get(e, "file")), stderr);
		if (line)
			fprintf(stderr, ":%d", line);
		fprintf(stderr, ": error: %s\n", text_of(json_object_get(e, "text")));
	}
	if (a->code == ASK_DONE)
		return EXIT_OK;
	if (a->code == ASK_WAITS) {
		fprintf(stderr, "zonectl: %s; another one: zonectl approve %s\n",
			text_of(json_object_get(a->document, "message")),
			text_of(json_object_get(a->document, "proposal")));
		return EXIT_PROPOSED;
	}
	fprintf(stderr, "zonectl: %s\n", why ? why : "refused");
	return a->code == ASK_MODEL ? EXIT_MODEL : EXIT_FAIL;
}

void print_document(const json_t *o)
{
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
	putchar('\n');
}

int ask_and_print(const char *line, bool json, void (*say)(const void *ctx, const json_t *o),
		  const void *ctx)
{
	struct answer a;
	int rc = ask_zoned(line, NULL, &a);
	if (rc != EXIT_OK)
		return rc;
	rc = answer_status(&a);
	if (json)
		print_document(a.document);
	else if (rc == EXIT_OK)
		say(ctx, a.document);
	json_decref(a.document);
	return rc;
}

bool read_seconds(const char *text, uint64_t *seconds)
{
	uint64_t ns;
	if (num_parse(text, 1, UINT32_MAX, seconds))
		return true;
	if (!duration_parse(text, &ns))
		return false;
	*seconds = ns / 1000000000;
	return true;
}

const char *until_text(const json_t *order, char out[UNTIL_TEXT])
{
	struct sb b = sb_init(out, UNTIL_TEXT);
	uint64_t seconds = (uint64_t)json_integer_value(json_object_get(order, "until"));
	sb_put_time(&b, seconds * 1000000000, 1);
	memcpy(out + strlen("2026-11-27T20:15:00"), "Z", 2); /* whole seconds are enough */
	return out;
}

struct model *model_kept(const char *number, int *rc)
{
	char line[ASK_LINE];
	struct sb b = sb_init(line, sizeof(line));
	struct answer a;
	struct errs errs;
	sb_puts(&b, "model");
	put_model_named(&b, number);
	*rc = ask_zoned(line, NULL, &a);
	if (*rc != EXIT_OK)
		return NULL;
	struct model *m = NULL;
	errs_init(&errs);
	*rc = answer_status(&a);
	if (*rc == EXIT_OK) {
		m = files_unpack(json_object_get(a.document, "source"), &errs);
		*rc = m ? EXIT_OK : EXIT_MODEL;
	}
	errs_print(&errs, stderr);
	errs_free(&errs);
	json_decref(a.document);
	return m;
}

struct model *model_in_force(void)
{
	int rc;
	return access(control_path(), F_OK) == 0 ? model_kept(NULL, &rc) : NULL;
}
