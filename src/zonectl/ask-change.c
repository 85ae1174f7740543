/* SPDX-License-Identifier: MIT
 * The verbs that change what is in force: reload, apply, confirm, rollback, reopen. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "history/history.h"
#include "zonectl/ask.h"
#include "zonectl/zonectl.h"

struct wanted {
	const char *reason;
	uint64_t confirm_s;
	bool json;
};

/* What a verb takes. */
static const struct takes {
	const char *verb;
	bool confirm, reason, file, number;
} takes[] = {
	{ "reload", true, true, false, false },	  { "apply", true, true, true, false },
	{ "rollback", true, true, false, true },  { "confirm", false, true, false, false },
	{ "reopen", false, false, false, false },
};

static const struct takes *takes_of(const char *verb)
{
	for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]); i++)
		if (strcmp(takes[i].verb, verb) == 0)
			return &takes[i];
	abort();
}

/* False: usage was told. */
static bool read_wanted(int argc, char **argv, const struct takes *t, struct wanted *w)
{
	static const struct option options[] = { { "confirm", required_argument, NULL, 'c' },
						 { "reason", required_argument, NULL, 'r' },
						 { "json", no_argument, NULL, 'j' },
						 { NULL, 0, NULL, 0 } };
	int opt;
	bool good = true;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'j')
			w->json = true;
		else if (opt == 'c' && t->confirm)
			good = good && read_seconds(optarg, &w->confirm_s);
		else if (opt == 'r' && t->reason)
			w->reason = optarg;
		else
			good = false;
	}
	int most = t->file || t->number, least = t->file;
	if (good && argc - optind >= least && argc - optind <= most)
		return true;
	verb_usage(t->verb);
	return false;
}

static void say_change(const json_t *o)
{
	const json_t *pending = json_object_get(o, "pending_restart");
	json_int_t number = json_integer_value(json_object_get(o, "generation"));
	const char *message = json_string_value(json_object_get(o, "message"));
	size_t i;
	json_t *key;
	if (!message) {
		puts("done");
		return;
	}
	printf("generation %" JSON_INTEGER_FORMAT " is %s\n", number, message);
	json_array_foreach (pending, i, key)
		printf("%s%s", i ? ", " : "not in force until a restart: ", text_of(key));
	if (json_array_size(pending))
		putchar('\n');
}

static int send_change(const struct takes *t, const struct wanted *w, const char *number,
		       const json_t *body)
{
	char line[ASK_LINE];
	struct answer a;
	struct sb b = sb_init(line, sizeof(line));
	sb_puts(&b, t->verb);
	put_argument(&b, "generation", number);
	put_argument(&b, "reason", w->reason);
	if (w->confirm_s)
		sb_printf(&b, " confirm=%" PRIu64, w->confirm_s);
	if (b.cut) {
		fputs("zonectl: the reason is too long\n", stderr);
		return EXIT_USAGE;
	}
	int rc = ask_zoned(line, body, &a);
	if (rc != EXIT_OK)
		return rc;
	rc = answer_status(&a);
	if (w->json)
		print_document(a.document);
	else if (rc == EXIT_OK)
		say_change(a.document);
	else if (rc != EXIT_PROPOSED && json_object_get(a.document, "generation"))
		fprintf(stderr,
			"zonectl: nothing was changed, generation %" JSON_INTEGER_FORMAT
			" stays in force\n",
			json_integer_value(json_object_get(a.document, "generation")));
	if (rc == EXIT_OK && w->confirm_s && !w->json)
		printf("until %" PRIu64 " s have passed, unless: zonectl confirm\n", w->confirm_s);
	json_decref(a.document);
	return rc;
}

/* The path as seen from anywhere; it stands in errors and records. */
static struct model *load_to_send(const char *path, int *rc)
{
	char *whole = strcmp(path, "-") == 0 ? NULL : realpath(path, NULL);
	struct model *m = load_or_say(whole ? whole : path, rc);
	free(whole);
	return m;
}

int verb_change(int argc, char **argv)
{
	const struct takes *t = takes_of(argv[0]);
	struct wanted w = { .reason = NULL };
	if (!read_wanted(argc, argv, t, &w))
		return EXIT_USAGE;
	const char *arg = optind < argc ? argv[optind] : NULL;
	if (!t->file)
		return send_change(t, &w, arg, NULL);
	int rc;
	struct model *m = load_to_send(arg, &rc);
	if (!m)
		return rc;
	json_t *files = files_pack(m);
	model_free(m);
	if (!files) {
		fputs("zonectl: out of memory\n", stderr);
		return EXIT_FAIL;
	}
	rc = send_change(t, &w, NULL, files);
	json_decref(files);
	return rc;
}
