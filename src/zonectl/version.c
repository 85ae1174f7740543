/* SPDX-License-Identifier: MIT
 *
 * version: of zonectl, and of the libraries that it runs with. A library says its own version, or,
 * where it has no function for that, the name of its file does.
 */
#include <dlfcn.h>
#include <jansson.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "zonectl/zonectl.h"

enum { VERSION_SCHEMA = 1 };

struct library {
	const char *name, *file; /* how its file begins */
	const char *built;	 /* version that it was built with */
	const char *text;	 /* a function that returns a text, or NULL */
	const char *major, *minor;
};

/* libbpf is not linked where zoned was built without the in-kernel path. */
#ifndef BPF_BUILT
#define BPF_BUILT NULL
#endif

static const struct library libraries[] = {
	{ "libmnl", "libmnl.so", MNL_BUILT, NULL, NULL, NULL },
	{ "libnftnl", "libnftnl.so", NFTNL_BUILT, NULL, NULL, NULL },
	{ "libconfig", "libconfig.so", CONFIG_BUILT, NULL, NULL, NULL },
	{ "libpcap", "libpcap.so", PCAP_BUILT, "pcap_lib_version", NULL, NULL },
	{ "zlib", "libz.so", ZLIB_BUILT, "zlibVersion", NULL, NULL },
	{ "libzstd", "libzstd.so", ZSTD_BUILT, "ZSTD_versionString", NULL, NULL },
	{ "jansson", "libjansson.so", JANSSON_BUILT, "jansson_version_str", NULL, NULL },
	{ "nettle", "libnettle.so", NETTLE_BUILT, NULL, "nettle_version_major",
	  "nettle_version_minor" },
	{ "libbpf", "libbpf.so", BPF_BUILT, "libbpf_version_string", NULL, NULL },
};

struct running {
	const struct library *l;
	char path[PATH_MAX]; /* empty: it is not loaded */
	char version[80];
};

static int find_file(struct dl_phdr_info *i, size_t size, void *ctx)
{
	struct running *r = ctx;
	const char *base = strrchr(i->dlpi_name, '/');
	(void)size;
	if (!base || strncmp(base + 1, r->l->file, strlen(r->l->file)) != 0)
		return 0;
	if (!realpath(i->dlpi_name, r->path))
		snprintf(r->path, sizeof(r->path), "%s", i->dlpi_name);
	return 1;
}

/* A function of a library; dlsym() has no type for it. */
static bool function_of(const char *name, void *to)
{
	void *p = name ? dlsym(RTLD_DEFAULT, name) : NULL;
	memcpy(to, &p, sizeof(p));
	return p != NULL;
}

/* "libpcap version 1.10.3 (with TPACKET_V3)", "v1.1": the number in it */
static void number_of_text(const char *text, char *out, size_t n)
{
	const char *p = text + strcspn(text, "0123456789");
	snprintf(out, n, "%.*s", (int)strspn(p, "0123456789."), p);
}

static void find_running(struct running *r)
{
	const char *(*text)(void);
	int (*major)(void), (*minor)(void);
	const char *so = NULL;
	dl_iterate_phdr(find_file, r);
	if (function_of(r->l->text, &text))
		number_of_text(text(), r->version, sizeof(r->version));
	else if (function_of(r->l->major, &major) && function_of(r->l->minor, &minor))
		snprintf(r->version, sizeof(r->version), "%d.%d", major(), minor());
	else if ((so = strstr(r->path, ".so.")))
		snprintf(r->version, sizeof(r->version), "so %.60s", so + 4);
}

static json_t *library_json(const struct running *r)
{
	return json_pack("{s:s, s:s?, s:s?, s:s?}", "name", r->l->name, "built_with", r->l->built,
			 "runs_with", r->version[0] ? r->version : NULL, "file",
			 r->path[0] ? r->path : NULL);
}

int verb_version(int argc, char **argv)
{
	bool json = false;
	const struct option_to to[] = { { .name = "--json", .flag = &json }, { .name = NULL } };
	if (options_and_operands(argc, argv, to, 0) < 0)
		return EXIT_USAGE;
	json_t *o = json_pack("{s:i, s:s, s:o}", "schema", VERSION_SCHEMA, "version",
			      PACKAGE_VERSION, "libraries", json_array());
	if (!json)
		puts("zonectl " PACKAGE_VERSION);
	for (size_t k = 0; k < sizeof(libraries) / sizeof(libraries[0]); k++) {
		struct running r = { .l = &libraries[k] };
		find_running(&r);
		json_array_append_new(json_object_get(o, "libraries"), library_json(&r));
		if (!json && r.l->built)
			printf("%-10s %-12s built with %s%s%s\n", r.l->name,
			       r.version[0] ? r.version : "-", r.l->built, r.path[0] ? ", " : "",
			       r.path);
	}
	if (json) {
		json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
	}
	json_decref(o);
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAIL;
}
