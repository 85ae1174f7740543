/* SPDX-License-Identifier: MIT
 * The verbs that give the running zoned orders over its model: isolate, release, mode. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utc.h"
#include "zonectl/ask.h"
#include "zonectl/zonectl.h"

/* What a verb's operands are called in a request. */
static const struct operands {
	const char *verb, *name[2];
} operands[] = {
	{ "isolate", { "zone" } },
	{ "release", { "zone" } },
	{ "mode", { "conduit", "mode" } },
};

struct given {
	const char *reason, *time;
	bool json;
};

/* "60" seconds, or with a unit. False: it was told. */
static bool read_time(const char *text, uint64_t *seconds)
{
	uint64_t ns;
	if (num_parse(text, 1, UINT32_MAX, seconds))
		return true;
	if (!duration_parse(text, &ns))
		return option_wrong("--for", text, "seconds, or 90s, 15m, 2h");
	*seconds = ns / 1000000000;
	return true;
}

static int send_order(const char *line, const char *done, bool json)
{
	struct answer a;
	int rc = ask_zoned(line, NULL, &a);
	if (rc != EXIT_OK)
		return rc;
	rc = answer_status(&a);
	if (json)
		print_document(a.document);
	else if (rc == EXIT_OK)
		printf("%s; generation %" JSON_INTEGER_FORMAT " is %s\n", done,
		       json_integer_value(json_object_get(a.document, "generation")),
		       json_string_value(json_object_get(a.document, "message")));
	json_decref(a.document);
	return rc;
}

int verb_order(int argc, char **argv)
{
	struct given w = { .reason = NULL };
	const struct option_to to[] = { { "--json", &w.json, NULL, NULL },
					{ "--reason", NULL, &w.reason, NULL },
					{ "--for", NULL, &w.time, NULL },
					{ NULL, NULL, NULL, NULL } };
	char line[ASK_LINE], done[128];
	struct sb b = sb_init(line, sizeof(line));
	uint64_t seconds = 0;
	size_t v = 0;
	while (strcmp(operands[v].verb, argv[0]) != 0)
		v++;
	int i = options_and_operands(argc, argv, to, operands[v].name[1] ? 2 : 1);
	if (i < 0 || (w.time && !read_time(w.time, &seconds)))
		return EXIT_USAGE;
	sb_puts(&b, argv[0]);
	put_argument(&b, operands[v].name[0], argv[i]);
	if (operands[v].name[1])
		put_argument(&b, operands[v].name[1], argv[i + 1]);
	if (seconds)
		sb_printf(&b, " for=%" PRIu64, seconds);
	put_argument(&b, "reason", w.reason);
	if (b.cut) {
		fputs("zonectl: the reason is too long\n", stderr);
		return EXIT_USAGE;
	}
	snprintf(done, sizeof(done), "%s %.31s%s%.31s", argv[0], argv[i],
		 operands[v].name[1] ? " " : "", operands[v].name[1] ? argv[i + 1] : "");
	return send_order(line, done, w.json);
}
