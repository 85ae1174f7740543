/* SPDX-License-Identifier: MIT
 * zonectl(8): argv to a verb. */
#include "zonectl/zonectl.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct verb verbs[] = {
	{ "check", "[--here] FILE", "check a model; every error at once. --here: also against the interfaces of this machine", verb_check },
	{ "print", "FILE", "print a model in canonical form, includes resolved", verb_print },
	{ "probe", "", "what this kernel can do for zoned (needs root)", verb_probe },
	{ "reasons", "", "every reason code a record can carry", verb_reasons },
	{ "replay", "[-q] [--json] [--violations] [--checksums] [-m MODEL] [--port PROTOCOL:PORT] [--from TIME] [--to TIME] "
	  "[--filter EXPRESSION] [--jobs NUMBER] [--summary FILE] CAPTURE...",
	  "run the inspection engine over captures", verb_replay },
	{ "explain", "[--json] [-m MODEL] [--in INTERFACE] [--out INTERFACE] [--hex OCTETS] [--log FILE] [--frame NUMBER CAPTURE] [QUESTION...]",
	  "what a model does with one message or connection, why, and what would permit it", verb_explain },
	{ "learn", "[--least N] [--admit WORD,...] [--hold-out PART] [--subnet BITS] [--port PROTOCOL:PORT] [--onto MODEL] [--live DURATION [--interface NAME]...] CAPTURE...",
	  "propose a model from captures", verb_learn },
	{ "status", "[--json]", "what the running zoned does", verb_status },
	{ "counters", "[--json]", "packets and bytes per conduit and reason", verb_status },
	{ "generations", "[--json]", "which models were in force: when, whose change, why", verb_status },
	{ "show", "[--json] [GENERATION]", "print the model in force, or that of a generation", verb_status },
	{ "reload", "[--json] [--confirm SECONDS] [--reason TEXT]", "have the running zoned load its file again", verb_change },
	{ "apply", "[--json] [--confirm SECONDS] [--reason TEXT] FILE",
	  "put a model in force. --confirm: for so long, unless it is confirmed", verb_change },
	{ "confirm", "[--json] [--reason TEXT]", "what was applied with --confirm stays in force", verb_change },
	{ "rollback", "[--json] [--confirm SECONDS] [--reason TEXT] [GENERATION]",
	  "put an earlier generation in force again; without a number the one before", verb_change },
	{ "reopen", "[--json]", "have the running zoned open its files of records again", verb_change },
	{ "log", "[--follow] [--json] [--conduit NAME] [--zone NAME] [--address ADDRESS] [--protocol NAME] [--reason REASON] "
	  "[--since TIME] [--until TIME] [--counts] [--verify] [--store FILE]",
	  "records out of the store of zoned", verb_log },
	{ "version", "", "print the version", verb_version },
};
/* clang-format on */

static int zonectl_usage(FILE *f)
{
	fputs("usage: zonectl VERB ...\n", f);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		fprintf(f, "  zonectl %s %s\n      %s\n", verbs[i].name, verbs[i].args,
			verbs[i].help);
	return EXIT_USAGE;
}

int verb_usage(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0)
			fprintf(stderr, "usage: zonectl %s %s\n", name, verbs[i].args);
	return EXIT_USAGE;
}

struct model *load_or_say(const char *path)
{
	struct errs errs;
	const char *rules = getenv("ZONED_RULES");
	errs_init(&errs);
	struct model *m = model_load(path, rules ? rules : ZONED_RULESDIR, &errs);
	errs_print(&errs, stderr);
	errs_free(&errs);
	return m;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return zonectl_usage(stderr);
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
		zonectl_usage(stdout);
		return EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, argv[1]) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	fprintf(stderr, "zonectl: there is no verb \"%s\"\n", argv[1]);
	return zonectl_usage(stderr);
}
