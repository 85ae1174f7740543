/* SPDX-License-Identifier: MIT
 * A model against the interfaces of a machine, kind by kind, and what is no misfit. */
#include <setjmp.h>
#include <stddef.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/misfits.h"

enum { ENTRIES = 12, UP = IFF_UP };

static const char *const wired =
	"zones = (\n"
	"  { name = \"a\"; type = \"control\"; interfaces = [ \"eth1\" ]; networks = [ "
	"\"10.1.0.0/16\" ]; },\n"
	"  { name = \"b\"; type = \"control\";\n"
	"    interfaces = [ \"br0\" ]; networks = [ \"10.2.0.0/16\" ]; }%s );\n";
static const char *const child = ",\n  { name = \"kid\"; type = \"control\"; parent = \"b\"; "
				 "networks = [ \"10.3.0.0/16\" ]; }";
static const char *const roaming =
	",\n  { name = \"r1\"; type = \"control\"; networks = [ \"10.4.0.0/16\" ]; }"
	",\n  { name = \"r2\"; type = \"control\"; networks = [ \"10.5.0.0/16\" ]; }";

static struct model *load(const char *more)
{
	char path[] = "/tmp/test-misfits.XXXXXX";
	int fd = mkstemp(path);
	struct errs errs;
	assert_true(fd >= 0);
	FILE *f = fdopen(fd, "w");
	fprintf(f, wired, more);
	fclose(f);
	errs_init(&errs);
	struct model *m = model_load(path, "/", &errs);
	errs_print(&errs, stderr);
	errs_free(&errs);
	unlink(path);
	assert_non_null(m);
	return m;
}

struct machine {
	struct host_links l;
	struct host_link v[ENTRIES];
	struct host_name other[1];
	struct misfits found;
};

/* What fits `wired`: lo, eth1, br0 with two ports. */
static void reset(struct machine *h)
{
	static const struct host_link plain[] = {
		{ .index = 1, .name = "lo", .flags = UP | IFF_LOOPBACK },
		{ .index = 2, .name = "eth1", .flags = UP },
		{ .index = 3, .name = "br0", .kind = "bridge", .flags = UP },
		{ .index = 4, .name = "p1", .master = 3, .flags = UP },
		{ .index = 5, .name = "p2", .master = 3, .flags = UP },
		{ .index = 6, .name = "down" },
	};
	memset(h, 0, sizeof(*h));
	memcpy(h->v, plain, sizeof(plain));
	h->l = (struct host_links){ .v = h->v,
				    .n = sizeof(plain) / sizeof(plain[0]),
				    .other = h->other };
}

/* The first with this text in its fields; NULL: none. */
static const struct misfit *find(struct machine *h, const struct model *m, const char *what)
{
	assert_true(host_misfits(m, &h->l, &h->found));
	for (size_t i = 0; i < h->found.n; i++)
		if (strstr(h->found.v[i].what, what))
			return &h->found.v[i];
	return NULL;
}

static size_t count(struct machine *h, const struct model *m)
{
	assert_true(host_misfits(m, &h->l, &h->found));
	return h->found.n;
}

static struct host_link *more(struct machine *h, const char *name, const char *kind)
{
	assert_true(h->l.n < ENTRIES);
	struct host_link *k = &h->v[h->l.n++];
	*k = (struct host_link){ .index = (uint32_t)h->l.n, .flags = UP };
	snprintf(k->name, sizeof(k->name), "%s", name);
	snprintf(k->kind, sizeof(k->kind), "%s", kind);
	return k;
}

static struct machine h;

static void test_fits(void **state)
{
	struct model *m = load("");
	(void)state;
	reset(&h);
	assert_int_equal(count(&h, m), 0);
	model_free(m);
}

/* A port is unjudged unless the bridge shows packets of both families, by either setting. */
static void test_port(void **state)
{
	struct model *m = load("");
	(void)state;
	reset(&h);
	h.v[1].master = 3;
	const struct misfit *f =
		find(&h, m, "kind=bridge-port interface=\"eth1\" master=\"br0\" zone=\"a\"");
	assert_non_null(f);
	assert_int_equal(f->at.line, 2);
	assert_true(misfit_is_unjudged(f->kind) && misfit_is_error(f->kind));
	h.l.br_netfilter = h.l.calls4 = true;
	assert_non_null(find(&h, m, "kind=bridge-port"));
	h.v[2].calls6 = true;
	f = find(&h, m, "kind=part interface=\"eth1\" master=\"br0\" zone=\"a\"");
	assert_non_null(f);
	assert_false(misfit_is_unjudged(f->kind));
	assert_null(find(&h, m, "kind=bridge-port"));
	h.l.br_netfilter = false; /* then nobody looks at the settings */
	assert_non_null(find(&h, m, "kind=bridge-port"));
	h.l.br_netfilter = h.l.calls6 = true;
	snprintf(h.v[2].kind, sizeof(h.v[2].kind), "openvswitch");
	assert_non_null(find(&h, m, "kind=bridge-port"));
	model_free(m);
}

static void test_part(void **state)
{
	struct model *m = load("");
	(void)state;
	reset(&h);
	struct host_link *k = more(&h, "bond0", "bond");
	h.v[1].master = k->index;
	const struct misfit *f =
		find(&h, m, "kind=part interface=\"eth1\" master=\"bond0\" zone=\"a\"");
	assert_non_null(f);
	assert_non_null(strstr(f->text, "write \"bond0\""));
	assert_non_null(find(&h, m, "kind=no-zone interface=\"bond0\""));
	/* packets come by the VRF and go by its members: a zone needs both */
	snprintf(k->kind, sizeof(k->kind), "vrf");
	f = find(&h, m, "kind=part");
	assert_non_null(f);
	assert_non_null(strstr(f->text, "write both"));
	snprintf(k->name, sizeof(k->name), "br0");
	h.v[2].flags = 0;
	snprintf(h.v[2].name, sizeof(h.v[2].name), "br9");
	assert_null(find(&h, m, "kind=part"));
	model_free(m);
}

static void test_shared(void **state)
{
	struct model *m = load(child);
	(void)state;
	reset(&h);
	const struct misfit *f =
		find(&h, m, "kind=shared-bridge interface=\"br0\" zone=\"b\" other_zone=\"kid\"");
	assert_non_null(f);
	assert_int_equal(f->at.line, 4); /* where the interface is written */
	h.v[4].master = 0;		 /* one port: nothing goes from it to another */
	assert_null(find(&h, m, "kind=shared-bridge"));
	h.v[4].master = 3;
	h.l.br_netfilter = h.l.calls4 = h.l.calls6 = true;
	assert_null(find(&h, m, "kind=shared-bridge"));
	model_free(m);
	/* zones that name none may be behind any that nobody names */
	m = load(roaming);
	reset(&h);
	assert_null(find(&h, m, "kind=shared-bridge"));
	struct host_link *k = more(&h, "br1", "bridge");
	more(&h, "p3", "")->master = k->index;
	more(&h, "p4", "")->master = k->index;
	assert_non_null(
		find(&h, m, "kind=shared-bridge interface=\"br1\" zone=\"r1\" other_zone=\"r2\""));
	model_free(m);
}

static void test_missing(void **state)
{
	struct model *m = load("");
	(void)state;
	reset(&h);
	snprintf(h.v[1].name, sizeof(h.v[1].name), "eth7");
	assert_non_null(find(&h, m, "kind=missing interface=\"eth1\" zone=\"a\""));
	h.l.cut = true; /* not all are known: nothing is said of those that are not */
	assert_null(find(&h, m, "kind=missing"));
	h.l.cut = false;
	h.other[0] = (struct host_name){ .name = "eth1", .index = 2 };
	h.l.n_other = 1;
	assert_null(find(&h, m, "kind=missing"));
	assert_non_null(
		find(&h, m, "kind=other-name interface=\"eth1\" known_as=\"eth7\" zone=\"a\""));
	model_free(m);
}

static void test_no_zone(void **state)
{
	struct model *m = load("");
	(void)state;
	reset(&h);
	h.v[5].flags = UP;
	const struct misfit *f = find(&h, m, "kind=no-zone interface=\"down\"");
	assert_non_null(f);
	assert_int_equal(f->at.line, 0);
	assert_false(misfit_is_error(f->kind));
	h.v[5].master = 3; /* its packets come by br0 */
	assert_null(find(&h, m, "kind=no-zone"));
	model_free(m);
	m = load(roaming);
	reset(&h);
	h.v[5].flags = UP;
	memcpy(h.v[5].name, "x\"\x1b\n", 5);
	f = find(&h, m, "kind=no-zone interface=\"x???\" zone=\"r1\"");
	assert_non_null(f);
	assert_int_equal(f->at.line, 5);
	assert_null(strpbrk(f->text, "\x1b\n"));
	assert_non_null(strstr(f->text, "are believed there"));
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),	cmocka_unit_test(test_port),
		cmocka_unit_test(test_part),	cmocka_unit_test(test_shared),
		cmocka_unit_test(test_missing), cmocka_unit_test(test_no_zone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
