/* SPDX-License-Identifier: MIT
 * A model against a machine (interfaces, settings, routes), kind by kind, and what is no misfit. */
#include <setjmp.h>
#include <stddef.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/rtnetlink.h>
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
	struct host_settings s;
	struct host_routes r;
	struct misfits found;
};

static bool compare(const struct model *m, struct machine *h)
{
	const struct host_facts facts = { &h->l, &h->s, &h->r };
	return host_misfits(m, &facts, &h->found);
}

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
	h->s = (struct host_settings){ .v = { [HOST_FORWARD4] = 1,
					      [HOST_FORWARD6] = 1,
					      [HOST_CT_LOOSE] = 1,
					      [HOST_CT_CHECKSUM] = 1,
					      [HOST_CT_EVENTS] = 2,
					      [HOST_CT_MAX] = 262144,
					      [HOST_CT_ESTABLISHED] = 432000 },
				       .cores = 4 };
}

/* The first with this text in its fields; NULL: none. */
static const struct misfit *find(struct machine *h, const struct model *m, const char *what)
{
	assert_true(compare(m, h));
	for (size_t i = 0; i < h->found.n; i++)
		if (strstr(h->found.v[i].what, what))
			return &h->found.v[i];
	return NULL;
}

static size_t count(struct machine *h, const struct model *m)
{
	assert_true(compare(m, h));
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

/* ---- settings ---- */

static const char *const both_ways =
	" );\nconduits = ( { name = \"c\"; from = \"a\"; to = \"b\"; flows = ( "
	"{ transport = \"tcp\"; ports = [ 80 ]; } ); }";
static const char *const sixth =
	",\n  { name = \"a6\"; type = \"control\"; parent = \"a\"; networks = [ \"fd00::/64\" ]; },"
	"\n  { name = \"b6\"; type = \"control\"; parent = \"b\"; networks = [ \"fd01::/64\" ]; }"
	" );\nconduits = ( { name = \"c\"; from = \"a6\"; to = \"b6\"; flows = ( "
	"{ transport = \"tcp\"; ports = [ 80 ]; } ); }";

static void test_forwarding(void **state)
{
	struct model *m = load("");
	(void)state;
	reset(&h);
	h.s.v[HOST_FORWARD4] = h.s.v[HOST_FORWARD6] = 0;
	assert_int_equal(count(&h, m), 0); /* no conduit: nothing is to be forwarded */
	model_free(m);
	m = load(both_ways);
	const struct misfit *f = find(&h, m, "kind=forwarding-off setting=\"net.ipv4.ip_forward\"");
	assert_non_null(f);
	assert_false(misfit_is_error(f->kind) || misfit_is_unjudged(f->kind));
	assert_int_equal(h.found.n, 1); /* nothing of IPv6, which no conduit is for */
	/* each interface has its own, whatever the one that sets all of them says */
	h.v[1].has4 = h.v[2].has4 = h.v[1].forwards4 = true;
	assert_non_null(find(&h, m, "kind=forwarding-off interface=\"br0\" zone=\"b\""));
	assert_int_equal(h.found.n, 1);
	h.v[2].forwards4 = true;
	assert_int_equal(count(&h, m), 0);
	model_free(m);
	m = load(sixth);
	reset(&h);
	h.v[4].master = h.v[4].flags = 0; /* no bridge between b and b6 */
	h.v[1].has4 = true;		  /* its setting for IPv4 forwards no IPv6 */
	h.s.v[HOST_FORWARD4] = 0;
	assert_int_equal(count(&h, m), 0);
	h.s.v[HOST_FORWARD6] = 0;
	assert_non_null(
		find(&h, m, "kind=forwarding-off setting=\"net.ipv6.conf.all.forwarding\""));
	h.s.v[HOST_FORWARD6] = -1; /* a kernel without IPv6 */
	assert_int_equal(count(&h, m), 0);
	model_free(m);
}

static void test_tracking(void **state)
{
	static const struct {
		enum host_setting of;
		int64_t bad, good;
	} rows[] = { { HOST_CT_LOOSE, 0, 1 },
		     { HOST_CT_CHECKSUM, 0, 1 },
		     { HOST_CT_ESTABLISHED, 7439, 7440 },
		     { HOST_CT_MAX, 65535, 65536 } }; /* 4 cores, 16384 connections each */
	struct model *m = load("");
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char want[128];
		reset(&h);
		h.s.v[rows[i].of] = rows[i].bad;
		snprintf(want, sizeof(want), "kind=setting setting=\"%s\" value=\"%lld\"",
			 host_setting_name(rows[i].of), (long long)rows[i].bad);
		const struct misfit *f = find(&h, m, want);
		assert_non_null(f);
		assert_non_null(strstr(f->text, "set it to"));
		assert_int_equal(h.found.n, 1);
		h.s.v[rows[i].of] = rows[i].good;
		assert_int_equal(count(&h, m), 0);
		h.s.v[rows[i].of] = -1; /* the module is not loaded */
		assert_int_equal(count(&h, m), 0);
	}
	reset(&h);
	h.s.v[HOST_CT_MAX] = 0; /* without limit */
	h.s.v[HOST_CT_EVENTS] = 0;
	assert_int_equal(count(&h, m), 0);
	h.s.hears_ends = true;
	assert_non_null(find(&h, m, "setting=\"net.netfilter.nf_conntrack_events\" value=\"0\""));
	model_free(m);
}

/* A box that only reads mirror ports forwards nothing, and sends nothing to the plant. */
static void test_taps_only(void **state)
{
	static const char text[] =
		"interfaces = ( { name = \"eth1\"; source = \"tap\"; } );\n"
		"zones = ( { name = \"a\"; type = \"control\"; networks = [ \"10.1.0.0/16\" ]; },"
		" { name = \"b\"; type = \"control\"; networks = [ \"10.2.0.0/16\" ]; } );\n"
		"conduits = ( { name = \"c\"; from = \"a\"; to = \"b\"; flows = ( "
		"{ transport = \"tcp\"; ports = [ 80 ]; } ); } );\n";
	struct errs errs;
	(void)state;
	errs_init(&errs);
	struct model *m = model_load_text("taps", text, sizeof(text) - 1, &errs);
	errs_print(&errs, stderr);
	assert_non_null(m);
	reset(&h);
	h.s.v[HOST_FORWARD4] = 0;
	host_routes_plan(m, &h.r);
	for (size_t i = 0; i < h.r.n; i++)
		h.r.v[i].err = -ENETUNREACH;
	assert_null(find(&h, m, "kind=forwarding-off"));
	assert_null(find(&h, m, "kind=no-route"));
	m->n_taps = 0;
	assert_non_null(find(&h, m, "kind=forwarding-off"));
	assert_non_null(find(&h, m, "kind=no-route"));
	m->n_taps = 1;
	errs_free(&errs);
	model_free(m);
}

/* ---- routes ---- */

/* As if the kernel had answered so for the addresses of this zone. */
static void answer(struct machine *x, const char *zone, int err, uint32_t out)
{
	for (size_t i = 0; i < x->r.n; i++)
		if (strcmp(x->r.v[i].zone->name, zone) == 0) {
			x->r.v[i].err = err;
			x->r.v[i].type = RTN_UNICAST;
			x->r.v[i].out = out;
		}
}

static void plan(struct machine *x, const struct model *m)
{
	reset(x);
	host_routes_plan(m, &x->r);
	answer(x, "a", 0, 2);
	answer(x, "b", 0, 3);
}

static void test_plan(void **state)
{
	static const char *const want[] = { "10.1.0.1",	    "10.1.0.2", "10.1.255.254",
					    "10.1.255.253", "10.1.7.7", "10.2.0.1" };
	struct model *m = load("");
	char text[ADDR_TEXT];
	(void)state;
	m->zones[1].assets = &(struct asset){ .name = "plc", .addr = m->zones[1].networks[0].a };
	m->zones[1].n_assets = 1;
	m->zones[1].assets[0].addr.b[2] = m->zones[1].assets[0].addr.b[3] = 7;
	plan(&h, m);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		addr_text(&h.r.v[i].to, text);
		assert_string_equal(text, want[i]);
	}
	assert_int_equal(h.r.n, 9);
	m->zones[2].networks[0].len = 31; /* both are hosts */
	host_routes_plan(m, &h.r);
	assert_int_equal(h.r.n, 6);
	m->zones[1].n_assets = 0;
	model_free(m);
}

static void test_other_route(void **state)
{
	struct model *m = load("");
	(void)state;
	plan(&h, m);
	assert_int_equal(count(&h, m), 0);
	answer(&h, "a", 0, 3);
	const struct misfit *f =
		find(&h, m, "kind=other-route address=\"10.1.0.1\" interface=\"br0\" zone=\"a\"");
	assert_non_null(f);
	assert_int_equal(h.found.n, 1); /* once for a network */
	assert_int_equal(f->at.line, 2);
	assert_null(strstr(f->text, "rp_filter"));
	h.v[1].rp_filter = 1;
	f = find(&h, m, "kind=other-route");
	assert_non_null(strstr(f->text, "dropped by rp_filter of eth1"));
	h.s.v[HOST_RP_FILTER] = 2; /* of both the greater holds: by any interface */
	f = find(&h, m, "kind=other-route");
	assert_null(strstr(f->text, "rp_filter"));
	answer(&h, "a", 0, 99); /* an interface that has come since */
	assert_int_equal(count(&h, m), 0);
	/* one host of it is routed elsewhere */
	answer(&h, "a", 0, 2);
	h.r.v[2].out = 6;
	assert_non_null(
		find(&h, m, "kind=other-route address=\"10.1.255.254\" interface=\"down\""));
	/* what is told of its interface already, or has a table of routes of its own */
	h.v[1].master = 3;
	assert_null(find(&h, m, "kind=other-route"));
	h.v[1].master = 0;
	snprintf(h.v[1].kind, sizeof(h.v[1].kind), "vrf");
	assert_null(find(&h, m, "kind=other-route"));
	snprintf(h.v[1].name, sizeof(h.v[1].name), "eth7");
	assert_null(find(&h, m, "kind=other-route"));
	model_free(m);
}

static void test_no_route(void **state)
{
	struct model *m = load("");
	(void)state;
	plan(&h, m);
	answer(&h, "b", -ENETUNREACH, 0);
	const struct misfit *f = find(&h, m, "kind=no-route address=\"10.2.0.1\" zone=\"b\"");
	assert_non_null(f);
	assert_int_equal(h.found.n, 1);
	assert_int_equal(f->at.line, 4);
	h.v[2].rp_filter = 2; /* any interface: there is none */
	f = find(&h, m, "kind=no-route");
	assert_non_null(strstr(f->text, "dropped by rp_filter of br0"));
	h.v[2].flags = 0; /* by an interface that is down */
	assert_int_equal(count(&h, m), 0);
	h.v[2].flags = UP;
	h.r.v[5].err = 0; /* a part of it has a route: the rest may be of nobody */
	h.r.v[5].out = 3;
	assert_int_equal(count(&h, m), 0);
	answer(&h, "b", -EHOSTUNREACH, 0); /* somebody wants it so */
	assert_int_equal(count(&h, m), 0);
	answer(&h, "b", 0, 1);
	for (size_t i = 4; i < h.r.n; i++)
		h.r.v[i].type = RTN_LOCAL; /* the network is this machine */
	assert_int_equal(count(&h, m), 0);
	model_free(m);
	/* a zone without interfaces: by any that no other zone has */
	m = load(roaming);
	plan(&h, m);
	answer(&h, "r1", 0, 6);
	answer(&h, "r2", 0, 2);
	assert_null(find(&h, m, "zone=\"r1\""));
	assert_non_null(find(&h, m, "kind=other-route address=\"10.5.0.1\" interface=\"eth1\""));
	model_free(m);
}

static void test_routes_cut(void **state)
{
	struct model *m = load("");
	struct prefix many[HOST_ROUTES_MAX], *own = m->zones[2].networks;
	(void)state;
	for (size_t i = 0; i < HOST_ROUTES_MAX; i++)
		many[i] = own[0];
	struct where *own_at = m->zones[2].networks_at;
	m->zones[2].networks = many;
	m->zones[2].networks_at = NULL;
	m->zones[2].n_networks = HOST_ROUTES_MAX;
	plan(&h, m);
	assert_int_equal(h.r.n, HOST_ROUTES_MAX);
	assert_non_null(find(&h, m, "kind=routes-not-looked-up zone=\"b\""));
	assert_int_equal(h.found.n, 1);
	m->zones[2].networks = own;
	m->zones[2].networks_at = own_at;
	m->zones[2].n_networks = 1;
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),	    cmocka_unit_test(test_port),
		cmocka_unit_test(test_part),	    cmocka_unit_test(test_shared),
		cmocka_unit_test(test_missing),	    cmocka_unit_test(test_no_zone),
		cmocka_unit_test(test_forwarding),  cmocka_unit_test(test_tracking),
		cmocka_unit_test(test_taps_only),   cmocka_unit_test(test_plan),
		cmocka_unit_test(test_other_route), cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_routes_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
