/* SPDX-License-Identifier: MIT
 * The verbs of changes by several people: proposals, approve, withdraw. */
#include <inttypes.h>
#include <string.h>

#include "zonectl/ask.h"
#include "zonectl/table.h"
#include "zonectl/zonectl.h"

static const struct table_column proposal_columns[] = {
	{ "MODEL", "model", false },
	{ "PROPOSED BY", "who", false },
	{ "APPROVED BY", "approved_by", false },
	{ "NEEDED", "needed", true },
	{ "SECONDS LEFT", "seconds", true },
	{ "WHY", "why", false },
};
enum { PROPOSAL_COLUMNS = sizeof(proposal_columns) / sizeof(proposal_columns[0]) };

static void say_proposals(const void *ctx, const json_t *o)
{
	struct table *t = table_new(proposal_columns, PROPOSAL_COLUMNS);
	size_t i;
	const json_t *row;
	(void)ctx;
	json_array_foreach (json_object_get(o, "proposals"), i, row)
		for (size_t k = 0; t && k < PROPOSAL_COLUMNS; k++) {
			json_t *v = json_object_get(row, proposal_columns[k].key);
			table_add(t, json_incref(v), TABLE_PLAIN);
		}
	if (t && json_array_size(json_object_get(o, "proposals")))
		table_print(t, stdout);
	else
		puts("nothing is proposed");
	table_free(t);
}

static void say_done(const void *ctx, const json_t *o)
{
	const char *message = text_of(json_object_get(o, "message"));
	bool changed = strncmp(message, "in force", strlen("in force")) == 0;
	(void)ctx;
	printf("generation %" JSON_INTEGER_FORMAT " is %s%s\n",
	       json_integer_value(json_object_get(o, "generation")),
	       changed ? "" : "in force: ", message);
}

int verb_proposal(int argc, char **argv)
{
	bool json = false, lists = strcmp(argv[0], "proposals") == 0;
	const char *reason = NULL;
	const struct option_to to[] = { { .name = "--json", .flag = &json },
					{ .name = "--reason", .text = &reason },
					{ .name = NULL } };
	char line[ASK_LINE];
	struct sb b = sb_init(line, sizeof(line));
	int i = options_and_operands(argc, argv, to, lists ? 0 : 1);
	if (i < 0)
		return EXIT_USAGE;
	sb_puts(&b, argv[0]);
	put_argument(&b, "model", lists ? NULL : argv[i]);
	put_argument(&b, "reason", reason);
	return ask_and_print(line, json, lists ? say_proposals : say_done, NULL);
}
