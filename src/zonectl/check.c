/* SPDX-License-Identifier: MIT
 * check: a model alone, and with --here against the interfaces of this machine. */
#include <errno.h>
#include <string.h>

#include "host/misfits.h"
#include "recording/tap-filters.h"
#include "zonectl/zonectl.h"

/* Not errors: the model says what it says, and the operator should know what that is. */
static void warn_interfaces(const struct model *m)
{
	for (size_t z = 1; z < m->n_zones; z++) {
		const struct zone *zn = &m->zones[z];
		if (zn->n_networks && !model_path_owner(m, zn))
			fprintf(stderr,
				"%s:%u: warning: zone \"%s\" names no interfaces, nor does a "
				"parent of it: packets "
				"with its addresses are taken for its own on any interface that no "
				"zone names, and "
				"none goes from one of these to another inside the zone; write "
				"interfaces = [ \"NAME\" ];\n",
				zn->at.file, zn->at.line, zn->name);
	}
}

static void warn_old_keys(const struct model *m)
{
	for (size_t i = 0; i < m->n_old_keys; i++) {
		const struct old_key *k = &m->old_keys[i];
		fprintf(stderr, "%s:%u: warning: " OLD_KEY_TEXT "\n", k->at.file, k->at.line,
			k->name, k->now);
	}
}

static int links_of_here(struct host_links *l)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int err = nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0 ? 0 : -errno;
	if (!err)
		err = host_links_read(nl, l);
	if (nl)
		mnl_socket_close(nl);
	return err;
}

static void print_misfit(const char *path, const struct misfit *f)
{
	if (f->at.line)
		fprintf(stderr, "%s:%u: ", f->at.file, f->at.line);
	else
		fprintf(stderr, "%s: ", path);
	fprintf(stderr, "%s: %s\n", misfit_is_error(f->kind) ? "error" : "warning", f->text);
}

static int check_here(const struct model *m, const char *path)
{
	static struct misfits found;
	struct host_links l = { 0 };
	size_t errors = 0;
	int err = links_of_here(&l);
	if (!err && !host_misfits(m, &l, &found))
		err = -ENOMEM;
	host_links_free(&l);
	if (err) {
		fprintf(stderr, "zonectl: the interfaces of this machine: %s\n", strerror(-err));
		return EXIT_FAIL;
	}
	for (size_t i = 0; i < found.n; i++) {
		print_misfit(path, &found.v[i]);
		errors += misfit_is_error(found.v[i].kind);
	}
	if (found.more)
		fprintf(stderr, "%s: warning: %zu more of these\n", path, found.more);
	printf("%s: %s\n", path, errors ? "this machine is not as it says" : "fits this machine");
	return errors ? EXIT_NOT_HERE : EXIT_OK;
}

/* Of taps no other verb needs the filters. */
static bool filters_are_good(const struct model *m)
{
	struct errs errs;
	errs_init(&errs);
	bool ok = tap_filters_check(m, &errs);
	errs_print(&errs, stderr);
	errs_free(&errs);
	return ok;
}

int verb_check(int argc, char **argv)
{
	bool here = false;
	const struct option_to to[] = { { .name = "--here", .flag = &here }, { .name = NULL } };
	int i = options_and_operands(argc, argv, to, 1), rc;
	if (i < 0)
		return EXIT_USAGE;
	const char *path = argv[i];
	struct model *m = load_or_say(path, &rc);
	if (!m)
		return rc;
	if (!filters_are_good(m)) {
		model_free(m);
		return EXIT_MODEL;
	}
	printf("%s: good: %zu zones, %zu conduits, %zu policies\n", path, m->n_zones - 1,
	       m->n_conduits, m->n_policies);
	if (m->mode == MODE_OBSERVE)
		fprintf(stderr, "%s:%u: warning: " MODEL_WATCHES_TEXT "\n", m->mode_at.file,
			m->mode_at.line);
	warn_interfaces(m);
	warn_old_keys(m);
	rc = here ? check_here(m, path) : EXIT_OK;
	model_free(m);
	return rc;
}
