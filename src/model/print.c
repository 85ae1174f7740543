/* SPDX-License-Identifier: MIT
 * The inverse of model_load(): canonical, complete, includes resolved. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

static void text(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < 0x20)
			fprintf(f, "\\x%02x", c);
		else
			fputc(c, f);
	}
	fputc('"', f);
}

static void key_text(FILE *f, const char *indent, const char *key, const char *s)
{
	if (!s)
		return;
	fprintf(f, "%s%s = ", indent, key);
	text(f, s);
	fputs(";\n", f);
}

static void print_sl_t(FILE *f, bool has, const uint8_t v[7])
{
	if (has)
		fprintf(f, "    sl_t = [ %u, %u, %u, %u, %u, %u, %u ];\n", v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
}

static void print_zone(FILE *f, const struct zone *z)
{
	char a[ADDR_TEXT];
	key_text(f, "    ", "name", z->name);
	key_text(f, "    ", "type", word_name(words_zone_type, (int)z->type));
	key_text(f, "    ", "parent", z->parent);
	key_text(f, "    ", "owner", z->owner);
	key_text(f, "    ", "description", z->description);
	if (z->n_interfaces) {
		fputs("    interfaces = [", f);
		for (size_t i = 0; i < z->n_interfaces; i++) {
			fputs(i ? ", " : " ", f);
			text(f, z->interfaces[i]);
		}
		fputs(" ];\n", f);
	}
	fputs("    networks = [", f);
	for (size_t i = 0; i < z->n_networks; i++) {
		prefix_text(&z->networks[i], a);
		fprintf(f, "%s\"%s\"", i ? ", " : " ", a);
	}
	fputs(" ];\n", f);
	for (size_t i = 0; i < z->n_assets; i++) {
		addr_text(&z->assets[i].addr, a);
		fprintf(f, "%s{ name = \"%s\"; address = \"%s\"; }%s", i ? "      " : "    assets = (\n      ",
			z->assets[i].name, a, i + 1 < z->n_assets ? ",\n" : "\n    );\n");
	}
	print_sl_t(f, z->has_sl_t, z->sl_t);
}

static void print_flow(FILE *f, const struct flow *w)
{
	fputs("      { ", f);
	if (w->proto != PROTO_NONE)
		fprintf(f, "protocol = \"%s\"; policy = \"%s\"; ", word_name(words_proto, (int)w->proto), w->policy);
	else if (w->service)
		fprintf(f, "service = \"%s\"; ", w->service);
	else
		fprintf(f, "transport = \"%s\"; ", w->l4 == IPPROTO_UDP ? "udp" : "tcp");
	if (!w->service) {
		fputs("ports = [", f);
		for (size_t i = 0; i < w->n_ports; i++)
			fprintf(f, "%s%u", i ? ", " : " ", w->ports[i]);
		fputs(" ]; ", f);
	}
	fputs("}", f);
}

static void print_conduit(FILE *f, const struct conduit *c)
{
	key_text(f, "    ", "name", c->name);
	key_text(f, "    ", "from", c->from);
	key_text(f, "    ", "to", c->to);
	key_text(f, "    ", "description", c->description);
	key_text(f, "    ", "mode", word_name(words_mode, (int)c->mode));
	key_text(f, "    ", "on_violation", word_name(words_violation, (int)c->on_violation));
	key_text(f, "    ", "fail", word_name(words_fail, (int)c->fail));
	key_text(f, "    ", "fail_reason", c->fail_reason);
	key_text(f, "    ", "log", word_name(words_log, (int)c->log));
	print_sl_t(f, c->has_sl_t, c->sl_t);
	if (c->max_requests)
		fprintf(f, "    max_requests_per_second = %u;\n", c->max_requests);
	if (c->max_writes)
		fprintf(f, "    max_writes_per_second = %u;\n", c->max_writes);
	fputs("    flows = (\n", f);
	for (size_t i = 0; i < c->n_flows; i++) {
		print_flow(f, &c->flows[i]);
		fputs(i + 1 < c->n_flows ? ",\n" : "\n", f);
	}
	fputs("    );\n", f);
}

static void print_ranges(FILE *f, const char *key, const struct ranges *r)
{
	if (!r->set)
		return;
	fprintf(f, "        %s = ", key);
	if (r->any)
		fputs("\"any\"", f);
	for (size_t i = 0; i < r->n; i++)
		fprintf(f, "%s\"%u-%u\"", i ? ", " : "[ ", r->v[i].lo, r->v[i].hi);
	fputs(r->n ? " ];\n" : ";\n", f);
}

/* libconfig arrays hold one type; functions mix words and numbers, so they are a list. */
static void print_allow(FILE *f, const struct modbus_allow *a)
{
	fputs("      {\n        functions = (", f);
	for (size_t i = 0; i < a->n_function_words; i++) {
		const char *w = a->function_words[i];
		bool number = w[0] >= '0' && w[0] <= '9';
		fprintf(f, number ? "%s%s" : "%s\"%s\"", i ? ", " : " ", w);
	}
	fputs(" );\n", f);
	print_ranges(f, "units", &a->units);
	print_ranges(f, "addresses", &a->addresses);
	print_ranges(f, "write_addresses", &a->write_addresses);
	print_ranges(f, "quantity", &a->quantity);
	print_ranges(f, "values", &a->values);
	print_ranges(f, "subfunctions", &a->subfunctions);
	print_ranges(f, "mei", &a->mei);
	print_ranges(f, "files", &a->files);
	fputs("      }", f);
}

static void print_policy(FILE *f, const struct policy *p)
{
	fprintf(f, "  %s = {\n", p->name);
	key_text(f, "    ", "protocol", word_name(words_proto, (int)p->proto));
	key_text(f, "    ", "description", p->description);
	fputs("    allow = (\n", f);
	for (size_t i = 0; i < p->n_modbus; i++) {
		print_allow(f, &p->modbus[i]);
		fputs(i + 1 < p->n_modbus ? ",\n" : "\n", f);
	}
	fputs("    );\n  };\n", f);
}

static void print_daemon(FILE *f, const struct daemon_conf *d)
{
	fprintf(f, "daemon = {\n  mark_mask = 0x%08x;\n  queue_base = %u;\n", d->mark_mask, d->queue_base);
	if (d->queues)
		fprintf(f, "  queues = %u;\n", d->queues);
	fprintf(f, "  log_group = %u;\n", d->log_group);
	key_text(f, "  ", "json_log", d->json_log);
	key_text(f, "  ", "syslog_facility", d->syslog_facility);
	key_text(f, "  ", "user", d->user);
	fprintf(f, "  max_flows = %u;\n};\n", d->max_flows);
}

void model_print(const struct model *m, FILE *f)
{
	if (m->system_name || m->system_description || m->system_owner) {
		fputs("system = {\n", f);
		key_text(f, "  ", "name", m->system_name);
		key_text(f, "  ", "description", m->system_description);
		key_text(f, "  ", "owner", m->system_owner);
		fputs("};\n", f);
	}
	print_daemon(f, &m->daemon);
	fputs("zones = (\n", f);
	for (size_t i = 1; i < m->n_zones; i++) {
		fputs("  {\n", f);
		print_zone(f, &m->zones[i]);
		fputs(i + 1 < m->n_zones ? "  },\n" : "  }\n", f);
	}
	fputs(");\nconduits = (\n", f);
	for (size_t i = 0; i < m->n_conduits; i++) {
		fputs("  {\n", f);
		print_conduit(f, &m->conduits[i]);
		fputs(i + 1 < m->n_conduits ? "  },\n" : "  }\n", f);
	}
	fputs(");\npolicies = {\n", f);
	for (size_t i = 0; i < m->n_policies; i++)
		print_policy(f, &m->policies[i]);
	fputs("};\n", f);
}

/* Two models are equal when they print the same: the print is complete. */
bool model_eq(const struct model *a, const struct model *b)
{
	char *p[2] = { NULL, NULL };
	size_t n[2] = { 0, 0 };
	const struct model *m[2] = { a, b };
	for (int i = 0; i < 2; i++) {
		FILE *f = open_memstream(&p[i], &n[i]);
		if (!f)
			break;
		model_print(m[i], f);
		fclose(f);
	}
	bool same = p[0] && p[1] && n[0] == n[1] && memcmp(p[0], p[1], n[0]) == 0;
	free(p[0]);
	free(p[1]);
	return same;
}
