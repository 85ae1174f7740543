/* SPDX-License-Identifier: MIT
 * Conduits that are not always open: which elements of the ruleset end with their opening, and that
 * nothing of them goes past the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compile/policy_build.h"
#include "compile/ruleset.h"
#include "fastpath/policy.h"

static const char text[] =
	"zones = ( { name = \"a\"; type = \"control\"; interfaces = [ \"eth1\" ]; networks = [ "
	"\"10.1.0.0/24\" ]; },\n"
	"  { name = \"b\"; type = \"control\"; interfaces = [ \"eth2\" ]; networks = [ "
	"\"10.2.0.0/24\" ]; } );\n"
	"conduits = ( { name = \"always\"; from = \"a\"; to = \"b\"; flows = (\n"
	"    { service = \"ssh\"; }, { protocol = \"modbus\"; policy = \"p\"; } ); },\n"
	"  { name = \"gate\"; from = \"a\"; to = \"b\"; open = \"on-grant\"; flows = (\n"
	"    { service = \"http\"; }, { protocol = \"modbus\"; policy = \"p\"; port = 503; } ); } "
	");\n"
	"policies = { p = { protocol = \"modbus\"; allow = ( { functions = [ 3 ]; units = 1; "
	"addresses = \"any\"; } ); }; };\n";

enum { FLOWS = 4, FIRST_OF_GATE = 2, UNTIL = 1000 };

static struct model *load(uint64_t until_ns)
{
	struct errs errs;
	errs_init(&errs);
	struct model *m = model_load_text("text", text, strlen(text), &errs);
	if (!m)
		fail_msg("%s", errs.n ? errs.v[0].text : "?");
	m->conduits[1].open_until_ns = until_ns;
	errs_free(&errs);
	return m;
}

static struct ruleset *rules_of(const struct model *m, int fast)
{
	const struct ruleset_opts o = {
		.generation = 1, .queues = 1, .fast = fast, .learn = -1, .offload = true
	};
	struct errs errs;
	errs_init(&errs);
	struct ruleset *rs = ruleset_build(m, &o, &errs);
	assert_non_null(rs);
	errs_free(&errs);
	return rs;
}

static const struct rs_set *set_of(const struct ruleset *rs, const char *name)
{
	for (size_t i = 0; i < rs->n_sets; i++)
		if (strcmp(rs->sets[i].name, name) == 0)
			return &rs->sets[i];
	return NULL;
}

/* Number, in the model, of the flow with which a key of this set begins. */
static size_t flow_of(const struct ruleset *rs, const struct rs_elem *e)
{
	uint32_t mark;
	memcpy(&mark, e->key, sizeof(mark));
	return (mark & ~rs->generation_mask) / rs->unit - RS_FLOW_FIRST;
}

static const char *const of_flows[] = { "actions", "flow-counters", "permitted", "uninspected",
					"ways" };
enum { OF_FLOWS = sizeof(of_flows) / sizeof(of_flows[0]) };

/* Elements of a set that are of the conduit with a gate. */
static size_t of_gate(const struct ruleset *rs, const char *name, uint64_t until_ns)
{
	const struct rs_set *s = set_of(rs, name);
	size_t n = 0;
	for (size_t i = 0; s && i < s->n_elems; i++) {
		bool gate = flow_of(rs, &s->elems[i]) >= FIRST_OF_GATE;
		assert_int_equal(s->elems[i].until_ns, gate ? until_ns : 0);
		n += gate;
	}
	return n;
}

static void test_open(void **state)
{
	struct model *m = load(UNTIL);
	struct ruleset *rs = rules_of(m, -1);
	(void)state;
	for (size_t i = 0; i < OF_FLOWS; i++) {
		assert_true(set_of(rs, of_flows[i])->timed);
		assert_true(of_gate(rs, of_flows[i], UNTIL) > 0);
	}
	assert_int_equal(set_of(rs, RS_GATED)->n_elems, FLOWS - FIRST_OF_GATE);
	assert_string_equal(set_of(rs, RS_GATED)->elems[0].target, "not-granted");
	ruleset_free(rs);
	model_free(m);
}

static void test_shut(void **state)
{
	struct model *m = load(0);
	struct ruleset *rs = rules_of(m, -1);
	(void)state;
	for (size_t i = 0; i < OF_FLOWS; i++)
		assert_int_equal(of_gate(rs, of_flows[i], 0), 0);
	assert_int_equal(set_of(rs, RS_GATED)->n_elems, FLOWS - FIRST_OF_GATE);
	ruleset_free(rs);
	model_free(m);
}

/* Isolation is asked first: then an opening is none. */
static void test_isolated(void **state)
{
	struct model *m = load(UNTIL);
	(void)state;
	m->conduits[1].legs[0].isolated = true;
	struct ruleset *rs = rules_of(m, -1);
	const struct rs_set *actions = set_of(rs, "actions");
	assert_int_equal(set_of(rs, RS_GATED)->n_elems, 0);
	for (size_t i = 0; i < actions->n_elems; i++)
		if (flow_of(rs, &actions->elems[i]) >= FIRST_OF_GATE) {
			assert_string_equal(actions->elems[i].target, RS_ISOLATED);
			assert_int_equal(actions->elems[i].until_ns, 0);
		}
	ruleset_free(rs);
	model_free(m);
}

/* Not before the rules, not behind them, and not by an inspector's claim; whether it is open or
 * not. */
static void test_never_fast(void **state)
{
	(void)state;
	for (int open = 0; open < 2; open++) {
		struct model *m = load(open ? UNTIL : 0);
		struct ruleset *rs = rules_of(m, 3);
		const struct rs_set *actions = set_of(rs, "actions");
		size_t n = 0, late = 0;
		int err = 0;
		struct ruleset_plain *plain = ruleset_plain(m, 1, true, &n);
		for (size_t i = 0; i < n; i++)
			assert_int_not_equal(plain[i].conduit, 1);
		for (size_t i = 0; i < actions->n_elems; i++) {
			const char *to = actions->elems[i].target;
			bool fast = to && strncmp(to, "fast-", 5) == 0;
			assert_false(fast && flow_of(rs, &actions->elems[i]) >= FIRST_OF_GATE);
			late += fast;
		}
		assert_int_equal(late, 1);
		struct pol_image *img = policy_build(m, 1, &err);
		assert_non_null(img);
		assert_true(fast_eligible(policy_flow(img, 0)));
		assert_false(fast_eligible(policy_flow(img, 1)));
		assert_int_equal(img->n_keys, 1 + open);
		free(img);
		free(plain);
		ruleset_free(rs);
		model_free(m);
	}
}

/* A model without such conduits has nothing of this. */
static void test_without(void **state)
{
	struct model *m = load(0);
	(void)state;
	m->n_conduits = 1;
	struct ruleset *rs = rules_of(m, -1);
	assert_null(set_of(rs, RS_GATED));
	assert_null(set_of(rs, RS_AGAIN4 "not-granted"));
	for (size_t i = 0; i < OF_FLOWS; i++)
		assert_false(set_of(rs, of_flows[i])->timed);
	for (size_t i = 0; i < rs->n_chains; i++)
		assert_int_not_equal(strncmp(rs->chains[i], "not-granted", 11), 0);
	for (size_t i = 0; i < rs->n_counters; i++)
		assert_string_not_equal(rs->counters[i], "not-granted");
	ruleset_free(rs);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),	 cmocka_unit_test(test_shut),
		cmocka_unit_test(test_isolated), cmocka_unit_test(test_never_fast),
		cmocka_unit_test(test_without),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
