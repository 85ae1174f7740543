/* SPDX-License-Identifier: MIT
 * The verbs that ask the running daemon: status, counters, reload. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "zonectl/zonectl.h"

enum { REPLY_MAX = 16 << 20, WAIT_SECONDS = 30 };

static const char *control_path(void)
{
	const char *path = getenv("ZONED_CONTROL");
	return path ? path : ZONED_RUNDIR "/control";
}

/* The whole reply; NULL, said, with the exit status in *rc. */
static char *ask_daemon(const char *path, const char *verb, int *rc)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = WAIT_SECONDS };
	size_t n = 0, cap = 1 << 16;
	char *text = NULL;
	*rc = EXIT_FAIL;
	if (strlen(path) >= sizeof(a.sun_path)) {
		fprintf(stderr, "zonectl: %s: the path is too long for a socket\n", path);
		return NULL;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			*rc = EXIT_NOT_RUNNING;
		fprintf(stderr, "zonectl: %s: %s%s\n", path, strerror(errno),
			*rc == EXIT_NOT_RUNNING ? "; zoned is not running" : "");
		goto out;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (dprintf(fd, "%s\n", verb) < 0)
		goto out;
	text = malloc(cap);
	for (ssize_t got = 1; text && got > 0 && n < REPLY_MAX;) {
		if (n + 1 == cap) {
			char *p = realloc(text, cap *= 2);
			if (!p)
				break;
			text = p;
		}
		got = read(fd, text + n, cap - n - 1);
		n += got > 0 ? (size_t)got : 0;
	}
	if (text)
		text[n] = '\0';
out:
	if (fd >= 0)
		close(fd);
	return text;
}

int verb_ask(int argc, char **argv)
{
	json_error_t je;
	int rc;
	if (argc != 1) {
		fprintf(stderr, "usage: zonectl %s\n", argv[0]);
		return EXIT_USAGE;
	}
	char *text = ask_daemon(control_path(), argv[0], &rc);
	if (!text)
		return rc;
	json_t *o = json_loads(text, 0, &je);
	free(text);
	if (!o) {
		fprintf(stderr, "zonectl: the daemon's answer makes no sense: %s\n", je.text);
		return EXIT_FAIL;
	}
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	const json_t *ok = json_object_get(o, "ok");
	rc = json_object_get(o, "error") || (ok && !json_is_true(ok)) ? EXIT_FAIL : EXIT_OK;
	json_decref(o);
	return rc;
}

bool model_in_force(char *path, size_t n)
{
	int rc;
	if (access(control_path(), F_OK) != 0)
		return false;
	char *text = ask_daemon(control_path(), "status", &rc);
	json_t *o = text ? json_loads(text, 0, NULL) : NULL;
	const char *model = json_string_value(json_object_get(o, "model"));
	bool known = model && strlen(model) < n;
	if (known)
		memcpy(path, model, strlen(model) + 1);
	json_decref(o);
	free(text);
	return known;
}
