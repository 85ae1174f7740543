/* SPDX-License-Identifier: MIT
 * The short verbs: print, probe, reasons. */
#include "base/landlock.h"
#include "fastpath/load.h"
#include "nft/nft.h"
#include "record/reason.h"
#include "zonectl/zonectl.h"

#include <errno.h>
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

/* Loads the program for a moment; nothing calls it. */
static void say_in_kernel(void)
{
	const char *why;
	struct fast_room room = {
		.inspectors = 1, .max_connections = 1, .flows = 1, .mark_mask = 1
	};
	struct fastpath *fp = fastpath_open(&room, false, &why);
	printf("%-12s %-7s %s%s\n", "in-kernel", fp ? "present" : "absent",
	       "permitted messages pass without an inspector: ", fp ? "yes" : why);
	fastpath_close(fp);
}

static void say_landlock(void)
{
	int version = landlock_version();
	printf("%-12s %-7s inspectors can open no file, whatever system calls they may do",
	       "landlock", version ? "present" : "absent");
	if (version)
		printf(" (version %d)", version);
	putchar('\n');
}

int verb_probe(int argc, char **argv)
{
	if (argc != 1)
		return verb_usage(argv[0]);
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
		printf("%-12s %-7s %s%s\n", f[i].name, f[i].present ? "present" : "absent",
		       f[i].what, f[i].essential ? " (essential)" : "");
		if (f[i].essential && !f[i].present)
			rc = EXIT_FAIL;
	}
	nft_close(nl);
	say_in_kernel();
	say_landlock();
	return rc;
}

int verb_reasons(int argc, char **argv)
{
	if (argc != 1)
		return verb_usage(argv[0]);
	for (int r = R_NONE; r < R_COUNT; r++)
		printf("%-28s %-8s %s\n", reason_name((enum reason)r),
		       severity_name((int)reason_severity((enum reason)r)),
		       reason_text((enum reason)r));
	return EXIT_OK;
}
