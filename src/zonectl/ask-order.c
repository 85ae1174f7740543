/* SPDX-License-Identifier: MIT
 * The verbs that give the running zoned orders over its model: isolate, release, mode, grant,
 * revoke. */
#include <inttypes.h>
#include <string.h>

#include "zonectl/ask.h"
#include "zonectl/zonectl.h"

/* What a verb's operands are called in a request. */
static const struct operands {
	const char *verb, *name[2];
} operands[] = {
	{ "isolate", { "zone" } },  { "release", { "zone" } },	 { "mode", { "conduit", "mode" } },
	{ "grant", { "conduit" } }, { "revoke", { "conduit" } },
};

struct given {
	const char *reason, *time;
	bool json;
};

/* False: it was told. */
static bool read_time(const char *text, uint64_t *seconds)
{
	return read_seconds(text, seconds) ||
	       option_wrong("--for", text, "seconds, or 90s, 15m, 2h");
}

/* What zoned would refuse in the words of its protocol. */
static bool order_is_whole(const char *verb, const char *mode, const struct given *w)
{
	const char *lacks = NULL;
	bool is_mode = strcmp(verb, "mode") == 0, of_model = is_mode && !strcmp(mode, "model");
	if (strcmp(verb, "grant") == 0 && (!w->time || !w->reason || !*w->reason))
		lacks = "grant needs --for TIME and --reason TEXT";
	else if (is_mode && !of_model && strcmp(mode, "observe") && strcmp(mode, "enforce"))
		lacks = "a mode is observe, enforce or model";
	else if (is_mode && !of_model && !w->time)
		lacks = "mode needs --for TIME, such as 90s, 15m, 2h";
	else if (w->time && (of_model || (!is_mode && strcmp(verb, "grant") != 0)))
		lacks = "only grant, mode observe and mode enforce take --for";
	if (lacks)
		fprintf(stderr, "zonectl: %s; see zonectl help %s\n", lacks, verb);
	return !lacks;
}

static void say_ordered(const void *done, const json_t *o)
{
	printf("%s; generation %" JSON_INTEGER_FORMAT " is %s\n", (const char *)done,
	       json_integer_value(json_object_get(o, "generation")),
	       json_string_value(json_object_get(o, "message")));
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
	if (i < 0 || (w.time && !read_time(w.time, &seconds)) ||
	    !order_is_whole(argv[0], operands[v].name[1] ? argv[i + 1] : "", &w))
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
	snprintf(done, sizeof(done), "%s %.31s%s%.31s%s%.20s", argv[0], argv[i],
		 operands[v].name[1] ? " " : "", operands[v].name[1] ? argv[i + 1] : "",
		 w.time ? " for " : "", w.time ? w.time : "");
	return ask_and_print(line, w.json, say_ordered, done);
}
