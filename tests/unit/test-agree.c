/* SPDX-License-Identifier: MIT
 * Conduits between assets beside those of their zones, for one service: permitted, inspected,
 * closed, of an isolated zone. Of a connection the first that is found decides alone, in the
 * ruleset and in the policy image alike, for its packets and for ICMP errors about it. All
 * combinations of four conduits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>

#include "base/sb.h"
#include "compile/policy_build.h"
#include "compile/reach.h"

enum { RANKS = 4, PORT = 1502 };
enum what { ABSENT, PLAIN, PLAIN_SHUT, INSPECTED, INSPECTED_SHUT, WHATS };
enum fail_kind { KIND_UNREACHABLE4 = 3, KIND_UNREACHABLE6 = 1 };

/* In the order in which they count. */
static const struct {
	const char *name, *from, *to;
} conduits[RANKS] = {
	{ "both", "group:x", "group:y" },
	{ "client", "group:x", "b" },
	{ "server", "a", "group:y" },
	{ "zones", "a", "b" },
};

static const char plant[] =
	"zones = (\n"
	"  { name = \"a\"; type = \"control\"; interfaces = [ \"eth1\" ]; networks = [ "
	"\"10.1.0.0/24\", "
	"\"2001:db8:1::/64\" ];\n"
	"    assets = ( { name = \"x4\"; address = \"10.1.0.5\"; }, { name = \"x6\"; address = "
	"\"2001:db8:1::5\"; } ); },\n"
	"  { name = \"b\"; type = \"control\"; interfaces = [ \"eth2\" ]; networks = [ "
	"\"10.2.0.0/24\", "
	"\"2001:db8:2::/64\" ];\n"
	"    assets = ( { name = \"y4\"; address = \"10.2.0.5\"; }, { name = \"y6\"; address = "
	"\"2001:db8:2::5\"; } ); } );\n"
	"asset_groups = ( { name = \"x\"; assets = [ \"x4\", \"x6\" ]; }, { name = \"y\"; assets = "
	"[ "
	"\"y4\", \"y6\" ]; } );\n"
	"policies = { p = { protocol = \"modbus\"; allow = ( { functions = [ 3 ]; units = 1; "
	"addresses "
	"= \"any\"; } ); }; };\n";

/* One of the models, and what was made of it. */
struct made {
	enum what what[RANKS];
	bool isolated, watched;
	struct model *m;
	struct reach *reach;
	struct pol_image *img;
};

/* A connection: is its client an asset, its server? */
struct ask {
	bool v6, asset[2];
};

static bool is_shut(enum what w)
{
	return w == PLAIN_SHUT || w == INSPECTED_SHUT;
}

static void make(struct made *x)
{
	char text[4096];
	struct sb b = sb_init(text, sizeof(text));
	struct errs errs;
	const char *before = "";
	int err;
	sb_printf(&b, "%s%sconduits = (", x->watched ? "mode = \"observe\";\n" : "", plant);
	for (size_t i = 0; i < RANKS; i++) {
		if (x->what[i] == ABSENT)
			continue;
		sb_printf(&b, "%s{ name = \"%s\"; from = \"%s\"; to = \"%s\"; %s flows = ( ",
			  before, conduits[i].name, conduits[i].from, conduits[i].to,
			  is_shut(x->what[i]) ? "open = \"on-grant\";" : "");
		sb_puts(&b, x->what[i] >= INSPECTED
				    ? "{ protocol = \"modbus\"; policy = \"p\"; port = 1502; } ); }"
				    : "{ transport = \"tcp\"; ports = [ 1502 ]; } ); }");
		before = ",\n";
	}
	sb_puts(&b, " );\n");
	errs_init(&errs);
	x->m = model_load_text("text", text, strlen(text), &errs);
	if (!x->m)
		fail_msg("%s\n%s", errs.n ? errs.v[0].text : "?", text);
	for (size_t i = 0; i < x->m->n_conduits; i++)
		for (size_t k = 0; k < x->m->conduits[i].n_legs; k++)
			x->m->conduits[i].legs[k].isolated = x->isolated;
	x->reach = reach_new(x->m, &errs);
	x->img = policy_build(x->m, 1, &err);
	assert_non_null(x->reach);
	assert_non_null(x->img);
	errs_free(&errs);
}

static void unmake(struct made *x)
{
	free(x->img);
	reach_free(x->reach);
	model_free(x->m);
}

static void read_address(struct addr *out, const char *text)
{
	assert_true(addr_parse(text, out));
}

static struct reach_packet packet_of(const struct ask *q)
{
	static const char *const hosts[2][2][2] = {
		{ { "10.1.0.9", "10.1.0.5" }, { "10.2.0.9", "10.2.0.5" } },
		{ { "2001:db8:1::9", "2001:db8:1::5" }, { "2001:db8:2::9", "2001:db8:2::5" } },
	};
	struct reach_packet p = { .state = REACH_OPENS };
	read_address(&p.of.client, hosts[q->v6][0][q->asset[0]]);
	read_address(&p.of.server, hosts[q->v6][1][q->asset[1]]);
	p.of.l4 = IPPROTO_TCP;
	p.of.cport = 40000;
	p.of.sport = PORT;
	return p;
}

/* The conduit that decides; RANKS: there is none. */
static size_t decides(const struct made *x, const struct ask *q)
{
	static const bool needs[RANKS][2] = { { true, true }, { true, false }, { false, true } };
	for (size_t i = 0; i < RANKS; i++)
		if (x->what[i] != ABSENT && (q->asset[0] || !needs[i][0]) &&
		    (q->asset[1] || !needs[i][1]))
			return i;
	return RANKS;
}

static void check_opening(const struct made *x, const struct ask *q, size_t by)
{
	const struct reach_packet p = packet_of(q);
	const struct reach_answer a = reach_of(x->reach, &p);
	const struct pol_flow *f = policy_flow(
		x->img, policy_classify(x->img, &p.of.client, &p.of.server, IPPROTO_TCP, PORT));
	enum what w = by < RANKS ? x->what[by] : ABSENT;
	bool passes = by < RANKS && !x->isolated && !is_shut(w);
	assert_int_equal(a.fate, !passes	  ? REACH_REFUSED
				 : w == INSPECTED ? REACH_INSPECTED
						  : REACH_PLAIN);
	if (!passes)
		assert_int_equal(a.why, by == RANKS   ? R_NO_CONDUIT
					: x->isolated ? R_ISOLATED
						      : R_NOT_GRANTED);
	else
		assert_string_equal(x->m->conduits[a.conduit].name, conduits[by].name);
	/* what is refused never comes to an inspector, so only for the others one must be there */
	if (a.fate == REACH_INSPECTED)
		assert_non_null(f);
	else if (!x->isolated)
		assert_null(f);
	if (f && passes)
		assert_string_equal(policy_str(x->img, f->conduit), conduits[by].name);
}

/* Of a router in the server's zone, and of one in none. */
static void check_errors(const struct made *x, const struct ask *q, size_t by)
{
	static const char *const routers[2][2] = { { "10.2.0.77", "192.0.2.1" },
						   { "2001:db8:2::77", "2001:db8:ffff::1" } };
	bool passes = by < RANKS && !x->isolated && !is_shut(x->what[by]);
	for (size_t i = 0; i < 2; i++) {
		struct reach_packet p = packet_of(q);
		p.state = REACH_ERROR;
		p.answer = true;
		p.icmp_type = q->v6 ? KIND_UNREACHABLE6 : KIND_UNREACHABLE4;
		read_address(&p.router, routers[q->v6][i]);
		const struct reach_answer a = reach_of(x->reach, &p);
		assert_int_equal(a.fate, passes ? REACH_PLAIN : REACH_REFUSED);
		if (passes)
			assert_string_equal(x->m->conduits[a.conduit].name, conduits[by].name);
	}
}

static void check(struct made *x)
{
	make(x);
	for (unsigned i = 0; i < 8; i++) {
		const struct ask q = { i & 1, { i & 2, i & 4 } };
		size_t by = decides(x, &q);
		check_opening(x, &q, by);
		check_errors(x, &q, by);
	}
	unmake(x);
}

static void test_all(void **state)
{
	unsigned all = 1;
	(void)state;
	for (size_t i = 0; i < RANKS; i++)
		all *= WHATS;
	for (unsigned n = 1; n < 2 * all; n++) {
		struct made x = { .isolated = n >= all };
		unsigned rest = n % all;
		for (size_t i = 0; i < RANKS; i++, rest /= WHATS)
			x.what[i] = (enum what)(rest % WHATS);
		if (n % all)
			check(&x);
	}
}

/* An isolated zone of a site that is only watched: what would go on with another record than that
 * is refused, too. */
static void test_watched(void **state)
{
	static const struct {
		bool error, answer;
		const char *in, *out, *router;
	} rows[] = {
		{ .in = NULL },
		{ .in = "eth9" },
		{ .out = "eth9" },
		{ .answer = true, .in = "eth9" },
		{ .error = true, .answer = true, .router = "192.0.2.1" },
		{ .error = true, .answer = true, .router = "10.2.0.77" },
	};
	struct made x = { .what = { [RANKS - 1] = PLAIN }, .watched = true };
	(void)state;
	for (unsigned isolated = 0; isolated < 2; isolated++) {
		x.isolated = isolated;
		make(&x);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const struct ask q = { false, { true, true } };
			struct reach_packet p = packet_of(&q);
			p.state = rows[i].error	   ? REACH_ERROR
				  : rows[i].answer ? REACH_CONTINUES
						   : REACH_OPENS;
			p.answer = rows[i].answer;
			p.in = rows[i].in;
			p.out = rows[i].out;
			p.icmp_type = KIND_UNREACHABLE4;
			if (rows[i].router)
				read_address(&p.router, rows[i].router);
			const struct reach_answer a = reach_of(x.reach, &p);
			assert_int_equal(a.fate == REACH_REFUSED, isolated);
			assert_int_equal(a.why == R_ISOLATED, isolated);
		}
		unmake(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all),
					    cmocka_unit_test(test_watched) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
