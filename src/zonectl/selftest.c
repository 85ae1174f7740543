/* SPDX-License-Identifier: MIT
 *
 * selftest: does what is built here from a model judge as the model says? Messages through the
 * engine of the inspectors, and packets through a copy of the ruleset in a network name space of
 * its own. Nothing that is in force is touched, and no packet leaves this machine.
 */
#include "zonectl/selftest.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "zonectl/table.h"
#include "zonectl/zonectl.h"

enum { CLIENT_PORT = 40000, HOSTS_TRIED = 64 };

/* ---- findings ---- */

void selftest_note(struct selftest *t, const struct selftest_sample *s)
{
	bool good = strcmp(s->expected, s->got) == 0;
	if (strcmp(s->test, "messages") == 0)
		t->messages++;
	else
		t->probes++;
	t->failed += !good;
	if (good && !t->samples)
		return;
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b}", "test", s->test, "conduit",
			      s->conduit, "what", s->what, "asked", s->asked, "expected",
			      s->expected, "got", s->got, "good", good);
	if (!good)
		json_array_append(t->failures, o);
	if (t->samples)
		json_array_append(t->samples, o);
	json_decref(o);
}

void selftest_leave(struct selftest *t, const char *fmt, ...)
{
	char text[SELFTEST_TEXT];
	size_t i;
	const json_t *one;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_foreach (t->left, i, one)
		if (strcmp(json_string_value(one), text) == 0)
			return;
	json_array_append_new(t->left, json_string(text));
}

/* ---- addresses of a model ---- */

/* The next host of the network; false: it has no more. */
static bool nth_host(const struct prefix *p, unsigned n, struct addr *out)
{
	size_t octets = p->a.family == 4 ? 4 : 16;
	unsigned bits = (unsigned)octets * 8 - p->len;
	*out = p->a;
	if (bits == 0)
		return n == 0;
	if (bits < 16 && n + 1 >= (1u << bits) - (bits > 1 && p->a.family == 4))
		return false;
	unsigned carry = n + 1;
	for (size_t i = octets; i-- > 0 && carry; carry >>= 8) {
		carry += out->b[i];
		out->b[i] = (uint8_t)carry;
	}
	return true;
}

static bool zone_address(const struct selftest *t, size_t zone, uint8_t family, struct addr *out)
{
	/* of networks for documentation (RFC 5737, RFC 3849) */
	static const char *const anywhere[] = { "198.51.100.77", "203.0.113.77",
						"2001:db8:78::77" };
	const struct zone *z = &t->x.m->zones[zone];
	for (size_t i = 0; z->any && i < sizeof(anywhere) / sizeof(anywhere[0]); i++)
		if (addr_parse(anywhere[i], out) && out->family == family &&
		    reach_zone(t->x.reach, out) == zone)
			return true;
	for (size_t i = 0; i < z->n_assets; i++)
		if (z->assets[i].addr.family == family) {
			*out = z->assets[i].addr;
			return true;
		}
	for (size_t i = 0; i < z->n_networks; i++)
		for (unsigned n = 0; n < HOSTS_TRIED; n++)
			if (z->networks[i].a.family == family &&
			    nth_host(&z->networks[i], n, out) &&
			    reach_zone(t->x.reach, out) == zone)
				return true;
	return false;
}

bool selftest_zone_ends(const struct selftest *t, size_t from, size_t to, struct reach_ends *out)
{
	for (uint8_t family = 4; family <= 6; family += 2)
		if (zone_address(t, from, family, &out->client) &&
		    zone_address(t, to, family, &out->server))
			return true;
	return false;
}

bool selftest_ends(const struct selftest *t, const struct conduit *c, struct reach_ends *out)
{
	for (size_t i = 0; i < c->n_legs; i++)
		if (selftest_zone_ends(t, c->legs[i].from, c->legs[i].to, out))
			return true;
	return false;
}

bool selftest_first_packet(const struct flow *f, struct reach_packet *p)
{
	struct reach_ends *of = &p->of;
	uint8_t other = of->client.family == 4 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	of->l4 = f->l4;
	of->cport = CLIENT_PORT;
	of->sport = f->n_ports ? f->ports[0].lo : 0;
	p->state = REACH_OPENS;
	p->icmp_type = 0;
	of->request = 0;
	bool there = f->n_ports;
	for (size_t i = f->n_kinds; i-- > 0;)
		if (f->kinds[i].l4 != other) {
			of->l4 = f->kinds[i].l4;
			p->icmp_type = of->request = f->kinds[i].type;
			of->cport = of->sport = f->kinds[i].type != 0;
			there = true;
		}
	return there;
}

/* ---- the answer ---- */

static const struct table_column flow_columns[] = {
	{ "CONDUIT", "conduit", false },      { "PROTOCOL", "protocol", false },
	{ "POLICY", "policy", false },	      { "PERMITTED", "permitted", true },
	{ "REFUSED", "refused", true },	      { "FAILED", "failed", true },
	{ "NOT TESTED", "not_tested", true },
};
enum { FLOW_COLUMNS = sizeof(flow_columns) / sizeof(flow_columns[0]) };

static void print_flows(const struct selftest *t)
{
	struct table *table = table_new(flow_columns, FLOW_COLUMNS);
	size_t i;
	json_t *row;
	if (!table)
		return;
	json_array_foreach (t->flows, i, row)
		for (size_t k = 0; k < FLOW_COLUMNS; k++) {
			json_t *v = json_object_get(row, flow_columns[k].key);
			bool bad = strcmp(flow_columns[k].key, "failed") == 0 &&
				   json_integer_value(v) > 0;
			table_add(table, json_incref(v), bad ? TABLE_RED : TABLE_PLAIN);
		}
	table_print(table, stdout);
	table_free(table);
}

static const char *finding_field(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));
	return s ? s : "";
}

static void print_selftest(const struct selftest *t, bool probed)
{
	size_t i;
	const json_t *one;
	print_flows(t);
	json_array_foreach (t->failures, i, one)
		printf("FAILED: %s, %s: %s: expected %s, got %s\n", finding_field(one, "test"),
		       finding_field(one, "conduit"), finding_field(one, "asked"),
		       finding_field(one, "expected"), finding_field(one, "got"));
	json_array_foreach (t->left, i, one)
		printf("not tested: %s\n", json_string_value(one));
	printf("%u messages through the engine, ", t->messages);
	if (probed)
		printf("%u packets through the ruleset, ", t->probes);
	printf("%u failed\n", t->failed);
}

static void print_selftest_json(const struct selftest *t, bool probed)
{
	json_t *o = json_pack(
		"{s:i,s:s,s:b,s:b,s:i,s:i,s:i,s:O,s:O,s:O,s:O}", "schema", SELFTEST_SCHEMA, "model",
		t->x.m->path, "good", t->failed == 0, "probed", probed, "messages",
		(int)t->messages, "probes", (int)t->probes, "failed", (int)t->failed, "flows",
		t->flows, "failures", t->failures, "not_tested", t->left, "samples", t->samples);
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(o);
}

/* What no selftest of a model alone can tell. */
static void leave_always(struct selftest *t)
{
	selftest_leave(t, "limits of requests and writes per second, and answers of devices");
	selftest_leave(t, "the in-kernel path, and this machine's cabling (zonectl check --here)");
}

struct asked {
	const char *model;
	bool json, messages, probes;
};

static int run_selftest(struct selftest *t, const struct asked *q)
{
	bool both = q->messages == q->probes, probed = false;
	for (size_t i = 0; i < t->x.m->n_conduits; i++) /* samples come faster than a plant's */
		t->x.m->conduits[i].max_requests = t->x.m->conduits[i].max_writes = 0;
	int rc;
	if (!explain_compile(&t->x, t->x.m, &rc))
		return rc;
	if (both || q->messages)
		selftest_messages(t);
	if (both || q->probes)
		probed = selftest_probes(t);
	leave_always(t);
	if (q->json)
		print_selftest_json(t, probed);
	else
		print_selftest(t, probed);
	if (fflush(stdout) != 0)
		return EXIT_FAIL;
	if (t->failed)
		return EXIT_REFUSED;
	return q->probes && !q->messages && !probed ? EXIT_FAIL : EXIT_OK;
}

int verb_selftest(int argc, char **argv)
{
	struct asked q = { .model = NULL };
	struct selftest t = { .messages = 0 };
	const struct option_to to[] = { { .name = "--json", .flag = &q.json },
					{ .name = "--messages", .flag = &q.messages },
					{ .name = "--probes", .flag = &q.probes },
					{ .name = NULL } };
	int i = options_read(argc, argv, to, NULL), rc;
	if (i < 0)
		return EXIT_USAGE;
	if (argc - i > 1)
		return verb_usage(argv[0]);
	t.x.m = model_asked(argv[i], &rc);
	if (!t.x.m)
		return rc;
	t.x.path = t.x.m->path;
	t.x.gates_open = true;
	t.flows = json_array();
	t.failures = json_array();
	t.left = json_array();
	t.samples = q.json ? json_array() : NULL;
	rc = run_selftest(&t, &q);
	explain_release(&t.x);
	json_decref(t.flows);
	json_decref(t.failures);
	json_decref(t.left);
	json_decref(t.samples);
	return rc;
}
