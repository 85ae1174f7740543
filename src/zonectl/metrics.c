/* SPDX-License-Identifier: MIT
 * metrics: counters and states in the text format of Prometheus, on standard output or into a file
 * that a collector reads (node_exporter's textfile collector). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/write.h"
#include "zonectl/ask.h"
#include "zonectl/zonectl.h"

enum { FILE_MODE = 0644 };

/* A collector must not see a part of it, so it is written beside and renamed; to be read by all.
 * The other name ends so that no collector takes it. */
static int replace_file(const char *path, const char *text)
{
	char *beside = NULL;
	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	int fd = mkstemp(beside);
	int err = fd < 0 ? -errno : 0;
	if (!err)
		err = write_whole(fd, text, strlen(text));
	if (!err && fchmod(fd, FILE_MODE))
		err = -errno;
	err = write_end(fd, err);
	if (!err && rename(beside, path))
		err = -errno;
	if (err && fd >= 0)
		unlink(beside);
	free(beside);
	return err;
}

struct where_to {
	const char *path; /* NULL: standard output */
	int err;
};

static void say_metrics(const void *ctx, const json_t *o)
{
	struct where_to *to = *(struct where_to *const *)ctx;
	const char *text = text_of(json_object_get(o, "text"));
	if (to->path)
		to->err = replace_file(to->path, text);
	else if (fputs(text, stdout) < 0 || fflush(stdout))
		to->err = -errno;
}

int verb_metrics(int argc, char **argv)
{
	bool json = false;
	struct where_to to = { .path = NULL }, *at = &to;
	const struct option_to options[] = { { .name = "--json", .flag = &json },
					     { .name = "--output", .text = &to.path },
					     { .name = NULL } };
	if (options_and_operands(argc, argv, options, 0) < 0)
		return EXIT_USAGE;
	int rc = ask_and_print("metrics", json, say_metrics, &at);
	if (!to.err)
		return rc;
	fprintf(stderr, "zonectl: %s: %s\n", to.path ? to.path : "standard output",
		strerror(-to.err));
	return EXIT_FAIL;
}
