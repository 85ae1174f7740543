/* SPDX-License-Identifier: MIT
 * The short verbs: print, manifest, probe, reasons. */
#include "base/landlock.h"
#include "base/sb.h"
#include "fastpath/load.h"
#include "history/history.h"
#include "nft/nft.h"
#include "record/reason.h"
#include "zonectl/table.h"
#include "zonectl/zonectl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int verb_print(int argc, char **argv)
{
	int i = options_and_operands(argc, argv, NULL, 1), rc;
	if (i < 0)
		return EXIT_USAGE;
	struct model *m = load_or_say(argv[i], &rc);
	if (!m)
		return rc;
	model_print(m, stdout);
	model_free(m);
	return EXIT_OK;
}

enum { PROBE_SCHEMA = 1, REASONS_SCHEMA = 1 };

static void add_feature(struct table *t, const char *name, bool present, bool essential,
			const char *what)
{
	table_add(t, json_string(name), TABLE_PLAIN);
	table_add(t, json_string(present ? "present" : "absent"),
		  present     ? TABLE_PLAIN
		  : essential ? TABLE_RED
			      : TABLE_YELLOW);
	table_add(t, json_string(essential ? "yes" : "no"), TABLE_PLAIN);
	table_add(t, json_string(what), TABLE_PLAIN);
}

/* Loads the program for a moment; nothing calls it. */
static void add_in_kernel(struct table *t)
{
	const char *why;
	struct fast_room room = {
		.inspectors = 1, .max_connections = 1, .flows = 1, .mark_mask = 1
	};
	struct fastpath *fp = fastpath_open(&room, false, &why);
	char text[200];
	snprintf(text, sizeof(text), "permitted messages pass without an inspector: %s",
		 fp ? "yes" : why);
	add_feature(t, "in-kernel", fp != NULL, false, text);
	fastpath_close(fp);
}

static void add_landlock(struct table *t)
{
	int version = landlock_version();
	char text[120];
	struct sb b = sb_init(text, sizeof(text));
	sb_puts(&b, "inspectors can open no file, whatever system calls they may do");
	if (version)
		sb_printf(&b, " (version %d)", version);
	add_feature(t, "landlock", version != 0, false, text);
}

static int probe_kernel(struct table *t)
{
	struct mnl_socket *nl = nft_open();
	if (!nl) {
		fprintf(stderr, "zonectl: cannot open a netlink socket: %s\n", strerror(errno));
		return EXIT_FAIL;
	}
	size_t n;
	enum nft_queue queue;
	const struct nft_feature *f = nft_probe(nl, &n, &queue);
	int rc = EXIT_OK;
	for (size_t i = 0; i < n; i++) {
		add_feature(t, f[i].name, f[i].present, f[i].essential, f[i].what);
		if (f[i].essential && !f[i].present)
			rc = EXIT_FAIL;
	}
	nft_close(nl);
	add_in_kernel(t);
	add_landlock(t);
	return rc;
}

int verb_probe(int argc, char **argv)
{
	static const struct table_column columns[] = { { "FEATURE", "feature", false },
						       { "STATE", "state", false },
						       { "ESSENTIAL", "essential", false },
						       { "WHAT", "what", false } };
	bool json = false;
	const struct option_to to[] = { { .name = "--json", .flag = &json }, { .name = NULL } };
	if (options_and_operands(argc, argv, to, 0) < 0)
		return EXIT_USAGE;
	struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	int rc = t ? probe_kernel(t) : EXIT_FAIL;
	if (t && json) {
		json_t *o = json_pack("{s:i,s:b,s:o}", "schema", PROBE_SCHEMA, "good",
				      rc == EXIT_OK, "features", table_json(t));
		json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
		json_decref(o);
	} else if (t) {
		table_print(t, stdout);
	}
	table_free(t);
	return fflush(stdout) == 0 ? rc : EXIT_FAIL;
}

int verb_manifest(int argc, char **argv)
{
	const char *keys = NULL;
	const struct option_to to[] = { { .name = "--keys", .text = &keys }, { .name = NULL } };
	struct errs errs;
	size_t n;
	int i = options_and_operands(argc, argv, to, 1), rc;
	if (i < 0)
		return EXIT_USAGE;
	struct model *m = load_or_say(argv[i], &rc);
	if (!m)
		return rc;
	errs_init(&errs);
	char *text = keys ? NULL : manifest_text(m, &n);
	if (keys)
		rc = signature_by(m, keys, &errs) ? EXIT_OK : EXIT_BROKEN;
	else
		rc = text && fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_OK : EXIT_FAIL;
	if (keys && rc == EXIT_OK)
		printf("%s: signed by a key of %s\n", m->path, keys);
	errs_print(&errs, stderr);
	errs_free(&errs);
	free(text);
	model_free(m);
	return rc;
}

static bool print_reasons_json(void)
{
	json_t *list = json_array();
	for (int r = R_NONE; r < R_COUNT; r++)
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:s}", "reason",
						reason_name((enum reason)r), "severity",
						severity_name((int)reason_severity((enum reason)r)),
						"meaning", reason_text((enum reason)r)));
	json_t *o = json_pack("{s:i,s:o}", "schema", REASONS_SCHEMA, "reasons", list);
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(o);
	return fflush(stdout) == 0;
}

int verb_reasons(int argc, char **argv)
{
	bool json = false;
	const struct option_to to[] = { { .name = "--json", .flag = &json }, { .name = NULL } };
	if (options_and_operands(argc, argv, to, 0) < 0)
		return EXIT_USAGE;
	if (json)
		return print_reasons_json() ? EXIT_OK : EXIT_FAIL;
	for (int r = R_NONE; r < R_COUNT; r++)
		printf("%-28s %-8s %s\n", reason_name((enum reason)r),
		       severity_name((int)reason_severity((enum reason)r)),
		       reason_text((enum reason)r));
	return EXIT_OK;
}
