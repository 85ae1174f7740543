/* SPDX-License-Identifier: MIT
 * The flows of a conduit: read, compared with one another, printed. */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "model/internal.h"

bool model_flow_has(const struct flow *f, uint16_t port)
{
	for (size_t i = 0; i < f->n_ports; i++)
		if (f->ports[i].lo <= port && port <= f->ports[i].hi)
			return true;
	return false;
}

void model_put_flow(struct sb *b, const struct flow *f)
{
	char text[KIND_TEXT];
	if (f->proto != PROTO_NONE || f->service || !f->n_kinds)
		sb_printf(b, " %s",
			  f->proto != PROTO_NONE ? proto_word(f->proto)
			  : f->service		 ? f->service
			  : f->l4 == IPPROTO_UDP ? "udp"
						 : "tcp");
	for (size_t i = 0; !f->service && i < f->n_ports; i++) {
		sb_printf(b, " %u", f->ports[i].lo);
		if (f->ports[i].lo != f->ports[i].hi)
			sb_printf(b, "-%u", f->ports[i].hi);
	}
	for (size_t i = 0; !f->service && i < f->n_kinds; i++) {
		model_kind_text(&f->kinds[i], text, sizeof(text));
		sb_printf(b, " %s %s",
			  f->kinds[i].l4 == IPPROTO_ICMP     ? "icmp"
			  : f->kinds[i].l4 == IPPROTO_ICMPV6 ? "icmpv6"
							     : "ip",
			  text);
	}
}

static void add_flow_ports(struct load *l, struct flow *f, uint64_t lo, uint64_t hi)
{
	f->ports = arena_grow(l->m->arena, f->ports, f->n_ports, sizeof(*f->ports));
	f->ports[f->n_ports++] = (struct port_range){ (uint16_t)lo, (uint16_t)hi };
}

/* "8000-8010", or one port. */
static void add_port_text(struct load *l, const config_setting_t *s, struct flow *f)
{
	const char *text = written_of(s)->text, *dash = strchr(text, '-');
	char first[8] = "";
	uint64_t lo = 0, hi = 0;
	size_t n = dash ? (size_t)(dash - text) : strlen(text);
	if (n < sizeof(first))
		memcpy(first, text, n);
	if (!num_parse(first, 1, 65535, &lo) || !num_parse(dash ? dash + 1 : first, 1, 65535, &hi))
		complain(l, at_of(l, s),
			 "\"%s\" is no port and no range of ports; write a whole number from 1 to "
			 "65535, or \"FIRST-LAST\"",
			 text);
	else if (lo > hi)
		complain(l, at_of(l, s), "the range of ports \"%s\" is reversed; write \"%u-%u\"",
			 text, (unsigned)hi, (unsigned)lo);
	else if (f->proto != PROTO_NONE && lo != hi)
		complain(l, at_of(l, s),
			 "\"%s\": %s is inspected at single ports; write each of them", text,
			 proto_word(f->proto));
	else
		add_flow_ports(l, f, lo, hi);
}

static void load_ports(struct load *l, const config_setting_t *g, struct flow *f)
{
	const config_setting_t *s = config_setting_get_member(g, "ports");
	const config_setting_t *one = config_setting_get_member(g, "port");
	if (s && one)
		complain(l, at_of(l, one), "\"port\" together with \"ports\"; write one of them");
	if (!s)
		s = one;
	for (size_t i = 0; i < items(s); i++) {
		uint64_t v;
		if (written_of(item(s, i))->type == SETTING_TEXT)
			add_port_text(l, item(s, i), f);
		else if (number_of(l, item(s, i), "a port", 1, 65535, &v))
			add_flow_ports(l, f, v, v);
	}
	if (s && items(s) == 0)
		complain(l, at_of(l, s), "no ports in the list; write ports = [ 502 ];");
}

static void load_service(struct load *l, struct flow *f)
{
	const char *names[64];
	for (size_t i = 0; i < services_n; i++) {
		names[i] = services[i].name;
		if (strcmp(f->service, services[i].name) != 0)
			continue;
		f->l4 = services[i].l4;
		for (int k = 0; k < 2 && services[i].ports[k]; k++)
			add_flow_ports(l, f, services[i].ports[k], services[i].ports[k]);
		if (f->l4 == IPPROTO_ICMP) {
			model_add_kind(l->m->arena, f, (struct ip_kind){ IPPROTO_ICMP, ICMP_ECHO });
			model_add_kind(l->m->arena, f,
				       (struct ip_kind){ IPPROTO_ICMPV6, ICMP6_ECHO_REQUEST });
		}
		return;
	}
	const struct own_service *own = model_service(l->m, f->service);
	if (own) {
		f->l4 = own->what.l4;
		f->ports = own->what.ports;
		f->n_ports = own->what.n_ports;
		f->kinds = own->what.kinds;
		f->n_kinds = own->what.n_kinds;
		return;
	}
	const char *near = name_nearest(f->service, names, services_n);
	complain(l, f->at,
		 "there is no service \"%s\"%s%s%s; or write transport and ports, or one of your "
		 "own under services",
		 f->service, near ? "; did you mean \"" : "", near ? near : "", near ? "\"" : "");
}

static void load_protocol(struct load *l, const config_setting_t *g, struct flow *f)
{
	/* some, so that the rest is read */
	f->proto = (enum proto)get_word(l, g, "protocol", words_proto, PROTO_NONE + 1);
	if (!proto_over(f->proto, f->l4))
		complain(l, f->at, "%s is not inspected over %s; write transport = \"%s\"",
			 proto_word(f->proto), f->l4 == IPPROTO_UDP ? "UDP" : "TCP",
			 f->l4 == IPPROTO_UDP ? "tcp" : "udp");
	load_ports(l, g, f);
	if (!f->n_ports)
		add_flow_ports(l, f, proto_port(f->proto), proto_port(f->proto));
	f->policy = get_text(l, g, "policy");
	if (!f->policy)
		complain(l, f->at,
			 "a flow of an inspected protocol needs policy = \"NAME\"; "
			 "(for example \"%s-read-only\")",
			 proto_word(f->proto));
}

/* The port of an inspected protocol, forwarded unjudged: surely not what is meant. */
static void check_uninspected(struct load *l, const struct flow *f)
{
	for (int p = PROTO_NONE + 1; p < PROTO_N; p++) {
		const char *name = proto_word((unsigned)p);
		uint16_t port = proto_port((unsigned)p);
		if (proto_over((unsigned)p, f->l4) && model_flow_has(f, port))
			complain(l, f->at,
				 "port %u is %s and would pass unjudged; leave it out, and write "
				 "protocol = \"%s\" with a policy (mode = \"observe\" lets all "
				 "pass)",
				 port, name, name);
	}
}

const struct own_service *model_service(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->n_services; i++)
		if (strcmp(m->services[i].name, name) == 0)
			return &m->services[i];
	return NULL;
}

static uint8_t get_transport(struct load *l, const config_setting_t *g, struct where at)
{
	const char *transport = get_text(l, g, "transport");
	if (transport && strcmp(transport, "tcp") != 0 && strcmp(transport, "udp") != 0)
		complain(l, at, "transport = \"%s\" is not known; write \"tcp\" or \"udp\"",
			 transport);
	return transport && strcmp(transport, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
}

static bool has_ports(const config_setting_t *g)
{
	return config_setting_get_member(g, "port") || config_setting_get_member(g, "ports");
}

static void load_transport(struct load *l, const config_setting_t *g, struct flow *f)
{
	load_ports(l, g, f);
	if (!has_ports(g))
		complain(l, f->at, "a transport needs ports = [ ... ];");
	check_uninspected(l, f);
}

static void load_own_service(struct load *l, const config_setting_t *g)
{
	struct model *m = l->m;
	struct own_service s = { .name = config_setting_name(g), .what.at = at_of(l, g) };
	if (!config_setting_is_group(g)) {
		complain(l, s.what.at,
			 "service \"%s\" must be a group: %s = { transport = \"tcp\"; "
			 "ports = [ 8000 ]; };",
			 s.name, s.name);
		return;
	}
	KEYS(l, g, "a service", "transport", "port", "ports", "icmp_types", "icmpv6_types",
	     "ip_protocols", "description");
	s.description = get_text(l, g, "description");
	s.name = arena_strdup(m->arena, s.name);
	for (size_t i = 0; i < services_n; i++)
		if (strcmp(services[i].name, s.name) == 0)
			complain(l, s.what.at,
				 "the service \"%s\" is built in; choose another name", s.name);
	if (!good_name(s.name))
		complain(l, s.what.at,
			 "\"%s\" is not a good name; use 1 to %d letters, digits, - and _, "
			 "beginning with a letter or digit",
			 s.name, MODEL_NAME_MAX);
	bool kinds = load_kinds(l, g, &s.what),
	     transport = config_setting_get_member(g, "transport");
	bool mixed = s.what.n_kinds && config_setting_get_member(g, "ip_protocols") &&
		     (config_setting_get_member(g, "icmp_types") ||
		      config_setting_get_member(g, "icmpv6_types"));
	if (kinds + transport != 1 || mixed || (kinds && has_ports(g))) {
		complain(l, s.what.at,
			 "a service has exactly one of transport with ports, ICMP types and "
			 "ip_protocols");
		return;
	}
	if (transport) {
		s.what.l4 = get_transport(l, g, s.what.at);
		load_transport(l, g, &s.what);
	}
	m->services = arena_grow(m->arena, m->services, m->n_services, sizeof(*m->services));
	m->services[m->n_services++] = s;
}

void load_own_services(struct load *l, const config_setting_t *root)
{
	const config_setting_t *s = config_setting_get_member(root, "services");
	for (size_t i = 0; s && i < items(s); i++)
		load_own_service(l, item(s, i));
}

void load_flow(struct load *l, const config_setting_t *g, struct conduit *c)
{
	struct flow f = { .at = at_of(l, g) };
	KEYS(l, g, "a flow", "protocol", "policy", "service", "transport", "port", "ports",
	     "icmp_types", "icmpv6_types", "ip_protocols", "comment", "ticket", "owner");
	load_remarks(l, g, &f.remarks);
	f.service = get_text(l, g, "service");
	const config_setting_t *transport = config_setting_get_member(g, "transport");
	bool proto = config_setting_get_member(g, "protocol") != NULL;
	bool icmp = config_setting_get_member(g, "icmp_types") ||
		    config_setting_get_member(g, "icmpv6_types");
	bool other = config_setting_get_member(g, "ip_protocols");
	if (proto + (f.service != NULL) + (transport != NULL && !proto) + icmp + other != 1) {
		complain(l, f.at,
			 "a flow has exactly one of protocol, service, transport, ICMP types "
			 "(icmp_types, icmpv6_types) and ip_protocols");
		return;
	}
	f.l4 = get_transport(l, g, f.at);
	if (proto) {
		load_protocol(l, g, &f);
	} else if (f.service || load_kinds(l, g, &f)) {
		if (f.service)
			load_service(l, &f);
		if (has_ports(g))
			complain(l, f.at,
				 f.service ? "a service has its own ports; write transport and "
					     "ports instead"
					   : "only TCP and UDP have ports; remove them");
	} else {
		load_transport(l, g, &f);
	}
	if (!proto && config_setting_get_member(g, "policy"))
		complain(l, f.at, "only a flow with protocol has a policy");
	c->flows = arena_grow(l->m->arena, c->flows, c->n_flows, sizeof(*c->flows));
	c->flows[c->n_flows++] = f;
}

/* What has numbers and texts is a list, in round brackets. */
static void print_flow_ports(FILE *f, const struct flow *w)
{
	bool mixed = false;
	for (size_t i = 0; i < w->n_ports; i++)
		mixed |= w->ports[i].lo != w->ports[i].hi;
	fprintf(f, "ports = %c", mixed ? '(' : '[');
	for (size_t i = 0; i < w->n_ports; i++) {
		const struct port_range *r = &w->ports[i];
		fputs(i ? ", " : " ", f);
		if (r->lo == r->hi)
			fprintf(f, "%u", r->lo);
		else
			fprintf(f, "\"%u-%u\"", r->lo, r->hi);
	}
	fprintf(f, " %c; ", mixed ? ')' : ']');
}

/* Of a flow without inspection. */
static void print_what(FILE *f, const struct flow *w)
{
	if (w->n_kinds) {
		print_kinds(f, w);
		return;
	}
	fprintf(f, "transport = \"%s\"; ", w->l4 == IPPROTO_UDP ? "udp" : "tcp");
	print_flow_ports(f, w);
}

void print_own_services(FILE *f, const struct model *m)
{
	if (m->n_services)
		fputs("services = {\n", f);
	for (size_t i = 0; i < m->n_services; i++) {
		const struct own_service *s = &m->services[i];
		fprintf(f, "  %s = { ", s->name);
		print_what(f, &s->what);
		if (s->description) {
			fputs("description = ", f);
			print_text(f, s->description);
			fputs("; ", f);
		}
		fputs("};\n", f);
	}
	if (m->n_services)
		fputs("};\n", f);
}

void print_flow(FILE *f, const struct flow *w)
{
	fputs("      { ", f);
	if (w->proto != PROTO_NONE)
		fprintf(f, "protocol = \"%s\"; policy = \"%s\"; %s",
			word_name(words_proto, (int)w->proto), w->policy,
			w->l4 == IPPROTO_UDP ? "transport = \"udp\"; " : "");
	else if (w->service)
		fprintf(f, "service = \"%s\"; ", w->service);
	else
		print_what(f, w);
	if (w->proto != PROTO_NONE)
		print_flow_ports(f, w);
	print_remarks(f, "", "; ", &w->remarks);
	fputs("}", f);
}

/* ---- flows of one direction that have something in common ---- */

struct service_key {
	size_t from, to, order;
	struct port_range ports;
	uint8_t l4;
	const struct flow *f;
};

static int compare_service_keys(const void *x, const void *y)
{
	const struct service_key *a = x, *b = y;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	if (a->l4 != b->l4)
		return a->l4 < b->l4 ? -1 : 1;
	if (a->ports.lo != b->ports.lo)
		return a->ports.lo < b->ports.lo ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static void say_twice(struct load *l, const struct service_key *first, const struct service_key *k)
{
	uint16_t lo = k->ports.lo,
		 hi = k->ports.hi < first->ports.hi ? k->ports.hi : first->ports.hi;
	char ports[48], kind[KIND_TEXT], from[MODEL_END_TEXT], to[MODEL_END_TEXT];
	if (lo == hi)
		snprintf(ports, sizeof(ports), "IP protocol %u, port %u", k->l4, lo);
	else
		snprintf(ports, sizeof(ports), "IP protocol %u, ports %u-%u", k->l4, lo, hi);
	if (k->f->n_kinds) {
		model_kind_text(&(struct ip_kind){ k->l4, (uint8_t)lo }, kind, sizeof(kind));
		snprintf(ports, sizeof(ports), "%s %s",
			 k->l4 == IPPROTO_ICMP	   ? "ICMP"
			 : k->l4 == IPPROTO_ICMPV6 ? "ICMPv6"
						   : "IP protocol",
			 kind);
	}
	const struct service_key *later = k->order > first->order ? k : first;
	const struct service_key *earlier = later == k ? first : k;
	complain(l, later->f->at,
		 "a flow \"from %s to %s, %s\" is there twice; the first is at %s:%u",
		 model_end_text(l->m, k->from, from), model_end_text(l->m, k->to, to), ports,
		 earlier->f->at.file, earlier->f->at.line);
}

static size_t keys_of(const struct flow *f)
{
	return f->n_ports + f->n_kinds;
}

static void make_service_key(struct service_key *k, const struct flow *f, size_t i)
{
	if (i < f->n_ports) {
		k->l4 = f->l4;
		k->ports = f->ports[i];
		return;
	}
	const struct ip_kind *kind = &f->kinds[i - f->n_ports];
	k->l4 = kind->l4;
	k->ports = (struct port_range){ kind->type, kind->type };
}

/* Into v from n on; returns the next n. */
static size_t leg_keys(const struct conduit *c, const struct leg *g, struct service_key *v,
		       size_t n)
{
	for (size_t e = 0; e < model_leg_pairs(g); e++) {
		const struct end_pair ends = model_leg_pair(g, e);
		for (size_t k = 0; k < c->n_flows; k++)
			for (size_t p = 0; p < keys_of(&c->flows[k]); p++, n++) {
				v[n] = (struct service_key){ ends.from, ends.to, .order = n };
				v[n].f = &c->flows[k];
				make_service_key(&v[n], v[n].f, p);
			}
	}
	return n;
}

/* In the order of ports, one can only overlap with the one that reaches farthest so far. */
void check_flows_twice(struct load *l)
{
	const struct model *m = l->m;
	size_t n = 0;
	for (size_t i = 0; i < m->n_conduits; i++) {
		const struct conduit *c = &m->conduits[i];
		size_t pairs = 0;
		for (size_t k = 0; k < c->n_legs; k++)
			pairs += model_leg_pairs(&c->legs[k]);
		for (size_t k = 0; k < c->n_flows; k++)
			n += pairs * keys_of(&c->flows[k]);
	}
	struct service_key *v = arena_alloc(m->arena, (n + 1) * sizeof(*v));
	n = 0;
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_legs; k++)
			n = leg_keys(&m->conduits[i], &m->conduits[i].legs[k], v, n);
	if (n)
		qsort(v, n, sizeof(*v), compare_service_keys);
	for (size_t i = 1, open = 0; i < n; i++) {
		bool same =
			v[i].from == v[open].from && v[i].to == v[open].to && v[i].l4 == v[open].l4;
		if (same && v[i].ports.lo <= v[open].ports.hi)
			say_twice(l, &v[open], &v[i]);
		if (!same || v[i].ports.hi > v[open].ports.hi)
			open = i;
	}
}
