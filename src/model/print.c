/* SPDX-License-Identifier: MIT
 * The inverse of model_load(): canonical, complete, includes resolved. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

void print_text(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(f, "\\x%02x", c);
		else
			fputc(c, f);
	}
	fputc('"', f);
}

void print_key(FILE *f, const char *indent, const char *key, const char *s)
{
	if (!s)
		return;
	fprintf(f, "%s%s = ", indent, key);
	print_text(f, s);
	fputs(";\n", f);
}

static void print_sl_t(FILE *f, bool has, const uint8_t v[7])
{
	if (has)
		fprintf(f, "    sl_t = [ %u, %u, %u, %u, %u, %u, %u ];\n", v[0], v[1], v[2], v[3],
			v[4], v[5], v[6]);
}

static void print_zone(FILE *f, const struct zone *z)
{
	char a[ADDR_TEXT];
	print_key(f, "    ", "name", z->name);
	print_key(f, "    ", "type", word_name(words_zone_type, (int)z->type));
	print_key(f, "    ", "parent", z->parent);
	print_key(f, "    ", "owner", z->owner);
	print_key(f, "    ", "description", z->description);
	if (z->n_interfaces) {
		fputs("    interfaces = [", f);
		for (size_t i = 0; i < z->n_interfaces; i++) {
			fputs(i ? ", " : " ", f);
			print_text(f, z->interfaces[i]);
		}
		fputs(" ];\n", f);
	}
	fputs(z->any ? "    networks = \"any\";\n" : "    networks = [", f);
	for (size_t i = 0; i < z->n_networks && !z->any; i++) {
		prefix_text(&z->networks[i], a);
		fprintf(f, "%s\"%s\"", i ? ", " : " ", a);
	}
	fputs(z->any ? "" : " ];\n", f);
	for (size_t i = 0; i < z->n_assets; i++) {
		addr_text(&z->assets[i].addr, a);
		fprintf(f, "%s{ name = \"%s\"; address = \"%s\";",
			i ? "      " : "    assets = (\n      ", z->assets[i].name, a);
		print_mac(f, &z->assets[i]);
		fputs(i + 1 < z->n_assets ? " },\n" : " }\n    );\n", f);
	}
	print_sl_t(f, z->has_sl_t, z->sl_t);
}

static void print_conduit(FILE *f, const struct conduit *c)
{
	print_key(f, "    ", "name", c->name);
	print_ends(f, "from", c->from_ends, c->n_from);
	print_ends(f, "to", c->to_ends, c->n_to);
	print_key(f, "    ", "description", c->description);
	print_remarks(f, "    ", ";\n", &c->remarks);
	print_key(f, "    ", "mode", word_name(words_mode, (int)c->mode));
	print_key(f, "    ", "on_violation", word_name(words_violation, (int)c->on_violation));
	print_key(f, "    ", "fail", word_name(words_fail, (int)c->fail));
	print_key(f, "    ", "fail_reason", c->fail_reason);
	print_key(f, "    ", "log", word_name(words_log, (int)c->log));
	print_sl_t(f, c->has_sl_t, c->sl_t);
	if (c->max_requests)
		fprintf(f, "    max_requests_per_second = %u;\n", c->max_requests);
	if (c->max_writes)
		fprintf(f, "    max_writes_per_second = %u;\n", c->max_writes);
	fprintf(f, "    offload = %s;\n", c->offload ? "true" : "false");
	print_gate(f, &c->gate);
	fputs("    flows = (\n", f);
	for (size_t i = 0; i < c->n_flows; i++) {
		print_flow(f, &c->flows[i]);
		fputs(i + 1 < c->n_flows ? ",\n" : "\n", f);
	}
	fputs("    );\n", f);
}

void print_ranges(FILE *f, const char *key, const struct ranges *r)
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

void print_spans(FILE *f, const char *key, const struct spans *s)
{
	if (!s->set)
		return;
	fprintf(f, "        %s = %s", key, s->any ? "\"any\"" : "(");
	for (size_t i = 0; i < s->n; i++) /* so many digits give the same double back */
		fprintf(f, "%s [ %.17e, %.17e ]", i ? "," : "", s->v[i][0], s->v[i][1]);
	fputs(s->any ? ";\n" : " );\n", f);
}

void print_texts(FILE *f, const char *indent, const char *key, const struct texts *t)
{
	if (!t->set)
		return;
	fprintf(f, "%s%s = %s", indent, key, t->any ? "\"any\"" : "[");
	for (size_t i = 0; i < t->n; i++) {
		fputs(i ? ", " : " ", f);
		print_text(f, t->v[i]);
	}
	fputs(t->any ? ";\n" : " ];\n", f);
}

void print_words(FILE *f, const char *key, const char **v, size_t n)
{
	if (n == 0)
		return;
	fprintf(f, "        %s = (", key);
	for (size_t i = 0; i < n; i++) {
		bool number = v[i][0] >= '0' && v[i][0] <= '9' && !strpbrk(v[i], "-.");
		fputs(i ? ", " : " ", f);
		if (number)
			fputs(v[i], f);
		else
			print_text(f, v[i]);
	}
	fputs(" );\n", f);
}

static void print_policy(FILE *f, const struct policy *p)
{
	fprintf(f, "  %s = {\n", p->name);
	print_key(f, "    ", "protocol", word_name(words_proto, (int)p->proto));
	print_key(f, "    ", "description", p->description);
	policy_ops_of(p->proto)->print(f, p);
	fputs("  };\n", f);
}

static void print_evidence(FILE *f, const struct evidence_keys *e)
{
	fputs("  evidence = {\n", f);
	print_key(f, "    ", "directory", e->directory);
	fprintf(f,
		"    size = %u;\n    age = %u;\n    before = %u;\n    after = %u;\n    snap = %u;\n"
		"    memory = %u;\n  };\n",
		e->size, e->age, e->before, e->after, e->snap, e->memory);
}

static void print_daemon(FILE *f, const struct daemon_conf *d)
{
	fprintf(f, "daemon = {\n  mark_mask = 0x%08x;\n  queue_base = %u;\n", d->mark_mask,
		d->queue_base);
	if (d->queues)
		fprintf(f, "  queues = %u;\n", d->queues);
	fprintf(f, "  log_group = %u;\n", d->log_group);
	print_key(f, "  ", "json_log", d->json_log);
	print_key(f, "  ", "metrics_socket", d->metrics_socket);
	print_key(f, "  ", "syslog_facility", d->syslog_facility);
	print_outputs(f, d);
	print_key(f, "  ", "user", d->user);
	fprintf(f,
		"  max_connections = %u;\n  max_connections_per_source = %u;\n  fast_path = %s;\n",
		d->max_connections, d->max_connections_per_source, d->fast_path ? "true" : "false");
	if (d->evidence.directory)
		print_evidence(f, &d->evidence);
	if (d->strict)
		fputs("  strict = true;\n", f);
	if (!d->lock_table)
		fputs("  lock_table = false;\n", f);
	print_roles(f, &d->roles);
	print_trust(f, d);
	fputs("};\n", f);
}

void model_print(const struct model *m, FILE *f)
{
	if (m->system_name || m->system_description || m->system_owner) {
		fputs("system = {\n", f);
		print_key(f, "  ", "name", m->system_name);
		print_key(f, "  ", "description", m->system_description);
		print_key(f, "  ", "owner", m->system_owner);
		fputs("};\n", f);
	}
	if (m->mode != MODE_ENFORCE)
		print_key(f, "", "mode", word_name(words_mode, (int)m->mode));
	print_daemon(f, &m->daemon);
	print_taps(f, m);
	fputs("zones = (\n", f);
	for (size_t i = 1; i < m->n_zones; i++) {
		fputs("  {\n", f);
		print_zone(f, &m->zones[i]);
		fputs(i + 1 < m->n_zones ? "  },\n" : "  }\n", f);
	}
	fputs(");\n", f);
	print_groups(f, m);
	print_own_services(f, m);
	fputs("conduits = (\n", f);
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

char *model_text(const struct model *m, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);
	if (!f)
		return NULL;
	model_print(m, f);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

/* Two models are equal when they print the same: the print is complete. */
bool model_eq(const struct model *a, const struct model *b)
{
	size_t n = 0, k = 0;
	char *p = model_text(a, &n), *q = model_text(b, &k);
	bool same = p && q && n == k && memcmp(p, q, n) == 0;
	free(p);
	free(q);
	return same;
}
