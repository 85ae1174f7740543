/* SPDX-License-Identifier: MIT
 * zonectl(8): argv to a verb. */
#include "zonectl/zonectl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that is not there is no model with errors. */
static bool is_readable(const char *path)
{
	struct stat st;
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? errno : fstat(fd, &st) ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;
	if (err)
		fprintf(stderr, "zonectl: cannot read the model %s: %s\n", path, strerror(err));
	if (fd > STDIN_FILENO)
		close(fd);
	return !err;
}

struct model *load_with_errors(const char *path, struct errs *errs, int *rc)
{
	const char *rules = getenv("ZONED_RULES");
	*rc = EXIT_NO_FILE;
	if (!is_readable(path))
		return NULL;
	struct model *m = model_load(path, rules ? rules : ZONED_RULESDIR, errs);
	*rc = m ? EXIT_OK : EXIT_MODEL;
	return m;
}

struct model *load_or_say(const char *path, int *rc)
{
	struct errs errs;
	errs_init(&errs);
	struct model *m = load_with_errors(path, &errs, rc);
	errs_print(&errs, stderr);
	errs_free(&errs);
	return m;
}

/* Among the options, so that no word of a question is taken for it. */
static bool asks_for_help(const struct verb *v, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0 &&
			(argv[i][0] == '-' || v->operand != VALUE_WORDS);
	     i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		help_print(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0)
		argv[1] = "help";
	else if (strcmp(argv[1], "--version") == 0)
		argv[1] = "version";
	const struct verb *v = verb_named(argv[1]);
	if (!v) {
		fprintf(stderr, "zonectl: there is no verb \"%s\"; zonectl help lists them\n",
			argv[1]);
		return EXIT_USAGE;
	}
	if (!asks_for_help(v, argc - 1, argv + 1))
		return v->run(argc - 1, argv + 1);
	help_print_verb(v, stdout);
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAIL;
}
