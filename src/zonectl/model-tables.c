/* SPDX-License-Identifier: MIT
 * zones, conduits: what a model has, as tables. */
#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "base/sb.h"
#include "model/internal.h"
#include "zonectl/ask.h"
#include "zonectl/table.h"
#include "zonectl/zonectl.h"

enum { TABLES_SCHEMA = 1 };

static json_t *json_text_or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *json_number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* ---- zones ---- */

static const struct table_column zone_columns[] = {
	{ "ZONE", "zone", false },
	{ "TYPE", "type", false },
	{ "PARENT", "parent", false },
	{ "ASSETS", "assets", true },
	{ "INTERFACES", "interfaces", false },
	{ "NETWORKS", "networks", false },
};

static void add_zone(struct table *t, const struct model *m, size_t i, const json_t *orders)
{
	(void)orders;
	const struct zone *z = &m->zones[i];
	json_t *interfaces = json_array(), *networks = json_array();
	char text[ADDR_TEXT];
	for (size_t k = 0; k < z->n_interfaces; k++)
		json_array_append_new(interfaces, json_string(z->interfaces[k]));
	if (z->any)
		json_array_append_new(networks, json_string("any"));
	for (size_t k = 0; k < z->n_networks && !z->any; k++) {
		prefix_text(&z->networks[k], text);
		json_array_append_new(networks, json_string(text));
	}
	table_add(t, json_string(z->name), TABLE_PLAIN);
	table_add(t, json_string(word_name(words_zone_type, (int)z->type)),
		  z->type == ZONE_SAFETY ? TABLE_RED : TABLE_PLAIN);
	table_add(t, json_text_or_null(z->parent), TABLE_PLAIN);
	table_add(t, json_number(z->n_assets), TABLE_PLAIN);
	table_add(t, interfaces, TABLE_PLAIN);
	table_add(t, networks, TABLE_PLAIN);
}

static const char *zone_name(const struct model *m, size_t i)
{
	return i < m->n_zones ? m->zones[i].name : NULL;
}

/* ---- conduits ---- */

static const struct table_column conduit_columns[] = {
	{ "CONDUIT", "conduit", false },
	{ "FROM", "from", false },
	{ "TO", "to", false },
	{ "MODE", "mode", false },
	{ "FAIL", "fail", false },
	{ "REQUESTS/S", "max_requests_per_second", true },
	{ "WRITES/S", "max_writes_per_second", true },
	{ "OPEN", "open", false },
	{ "FLOWS", "flows", false },
};

/* "PROTOCOL tcp 502 by POLICY", "service ssh", "tcp 8080" */
static json_t *flow_text_of(const struct flow *f)
{
	char text[300];
	struct sb b = sb_init(text, sizeof(text));
	if (f->service)
		sb_printf(&b, "service %s", f->service);
	else if (f->proto != PROTO_NONE)
		sb_printf(&b, "%s ", proto_word(f->proto));
	for (size_t i = 0; !f->service && i < f->n_ports; i++) {
		const struct port_range *p = &f->ports[i];
		sb_printf(&b, i ? " %u" : f->l4 == IPPROTO_UDP ? "udp %u" : "tcp %u", p->lo);
		if (p->hi != p->lo)
			sb_printf(&b, "-%u", p->hi);
	}
	for (size_t i = 0; !f->service && i < f->n_kinds; i++) {
		char kind[32];
		uint8_t l4 = f->kinds[i].l4;
		model_kind_text(&f->kinds[i], kind, sizeof(kind));
		sb_printf(&b, "%s%s %s", i ? ", " : "",
			  l4 == IPPROTO_ICMP	 ? "icmp"
			  : l4 == IPPROTO_ICMPV6 ? "icmpv6"
						 : "ip",
			  kind);
	}
	if (f->policy)
		sb_printf(&b, " by %s", f->policy);
	return json_string(text);
}

/* The order of this kind for it, as status has it, or NULL. */
static json_t *order_for(const json_t *orders, const char *kind, const struct conduit *c)
{
	size_t i;
	json_t *e;
	json_array_foreach (json_object_get(orders, kind), i, e)
		if (strcmp(text_of(json_object_get(e, "name")), c->name) == 0)
			return e;
	return NULL;
}

/* That of the model, or what is ordered for a time. */
static void add_mode(struct table *t, const struct conduit *c, const json_t *orders)
{
	char text[200], until[UNTIL_TEXT];
	const json_t *e = order_for(orders, "mode", c);
	const char *word =
		e ? text_of(json_object_get(e, "mode")) : word_name(words_mode, (int)c->mode);
	snprintf(text, sizeof(text), "%s", word);
	if (e)
		snprintf(text, sizeof(text), "%s until %s by %s", word, until_text(e, until),
			 text_of(json_object_get(e, "who")));
	table_add(t, json_string(text), e || c->mode == MODE_OBSERVE ? TABLE_YELLOW : TABLE_PLAIN);
}

/* When it is there, by whom it is granted until when, and what it is now. orders: NULL where no
 * zoned was asked. */
static void add_openings(struct table *t, const struct conduit *c, const json_t *orders)
{
	char text[600], until[UNTIL_TEXT];
	struct sb b = sb_init(text, sizeof(text));
	const struct gate_now now = { .wall_ns = clock_ns(CLOCK_REALTIME),
				      .boot_ns = clock_ns(CLOCK_BOOTTIME) };
	struct conduit as_granted = *c;
	const json_t *e = order_for(orders, "grant", c);
	model_put_gate(&b, &c->gate);
	if (e) {
		sb_printf(&b, ", granted until %s by %s", until_text(e, until),
			  text_of(json_object_get(e, "who")));
		as_granted.granted_until_ns = UINT64_MAX;
	}
	bool open = !model_has_gate(c) || gate_at(&as_granted, &now).open_until_ns;
	if (!b.len)
		sb_puts(&b, "always");
	else if (orders || !c->gate.on_grant)
		sb_puts(&b, open ? ": open now" : ": closed now");
	table_add(t, json_string(text), model_has_gate(c) ? TABLE_YELLOW : TABLE_PLAIN);
}

static void add_conduit_row(struct table *t, const struct model *m, size_t i, const json_t *orders)
{
	const struct conduit *c = &m->conduits[i];
	json_t *flows = json_array();
	for (size_t k = 0; k < c->n_flows; k++)
		json_array_append_new(flows, flow_text_of(&c->flows[k]));
	table_add(t, json_string(c->name), TABLE_PLAIN);
	table_add(t, json_string(c->from), TABLE_PLAIN);
	table_add(t, json_string(c->to), TABLE_PLAIN);
	add_mode(t, c, orders);
	table_add(t, json_string(word_name(words_fail, (int)model_fail_of(m, c))),
		  model_fail_of(m, c) == FAIL_OPEN ? TABLE_YELLOW : TABLE_PLAIN);
	table_add(t, c->max_requests ? json_number(c->max_requests) : json_null(), TABLE_PLAIN);
	table_add(t, c->max_writes ? json_number(c->max_writes) : json_null(), TABLE_PLAIN);
	add_openings(t, c, orders);
	table_add(t, flows, TABLE_PLAIN);
}

static const char *listed_conduit(const struct model *m, size_t i)
{
	return i < m->n_conduits ? m->conduits[i].name : NULL;
}

/* ---- the verbs ---- */

static const struct listed {
	const char *verb, *what;
	const struct table_column *columns;
	size_t n_columns, first;
	const char *(*name)(const struct model *m, size_t i); /* NULL: there are no more */
	void (*add)(struct table *t, const struct model *m, size_t i, const json_t *orders);
} listed[] = {
	/* zone 0 is built in */
	{ "zones", "zone", zone_columns, sizeof(zone_columns) / sizeof(zone_columns[0]), 1,
	  zone_name, add_zone },
	{ "conduits", "conduit", conduit_columns,
	  sizeof(conduit_columns) / sizeof(conduit_columns[0]), 0, listed_conduit,
	  add_conduit_row },
};

static bool is_wanted(const char *name, int n, char **names)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return n == 0;
}

static bool all_there(const struct listed *l, const struct model *m, int n, char **names)
{
	for (int k = 0; k < n; k++) {
		bool found = false;
		for (size_t i = l->first; l->name(m, i); i++)
			found |= strcmp(l->name(m, i), names[k]) == 0;
		if (found)
			continue;
		fprintf(stderr, "zonectl: there is no %s \"%s\"\n", l->what, names[k]);
		return false;
	}
	return true;
}

struct model *model_asked(const char *path, int *rc)
{
	if (path)
		return load_or_say(path, rc);
	struct model *m = model_in_force();
	*rc = EXIT_NOT_RUNNING;
	if (!m)
		fputs("zonectl: zoned is not running, so no model is in force; name one\n", stderr);
	return m;
}

/* What is ordered now, as status has it; NULL: nothing is known. */
static json_t *orders_in_force(void)
{
	struct answer a;
	if (ask_zoned("status", NULL, &a) != EXIT_OK)
		return NULL;
	json_t *orders = json_object_get(a.document, "orders");
	json_incref(orders);
	json_decref(a.document);
	return orders;
}

static int print_table(const struct listed *l, const struct model *m, const struct table *t,
		       bool json)
{
	if (!json)
		return table_print(t, stdout) ? EXIT_OK : EXIT_FAIL;
	json_t *o = json_pack("{s:i, s:s, s:o}", "schema", TABLES_SCHEMA, "model", m->path, l->verb,
			      table_json(t));
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(o);
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAIL;
}

int verb_listed(int argc, char **argv)
{
	bool json = false;
	const char *path = NULL;
	const struct option_to to[] = { { .name = "--json", .flag = &json },
					{ .name = "-m", .text = &path },
					{ .name = NULL } };
	const struct listed *l = strcmp(argv[0], listed[0].verb) == 0 ? &listed[0] : &listed[1];
	int i = options_read(argc, argv, to, NULL), rc;
	if (i < 0)
		return EXIT_USAGE;
	struct model *m = model_asked(path, &rc);
	json_t *orders = m && !path ? orders_in_force() : NULL;
	struct table *t = m ? table_new(l->columns, l->n_columns) : NULL;
	if (m && !t)
		rc = EXIT_FAIL;
	if (t && !all_there(l, m, argc - i, argv + i)) {
		rc = EXIT_USAGE;
	} else if (t) {
		for (size_t k = l->first; l->name(m, k); k++)
			if (is_wanted(l->name(m, k), argc - i, argv + i))
				l->add(t, m, k, orders);
		rc = print_table(l, m, t, json);
	}
	json_decref(orders);
	table_free(t);
	model_free(m);
	return rc;
}
