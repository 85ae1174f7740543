/* SPDX-License-Identifier: MIT
 *
 * Model -> policy image, in two passes over the same model: the first counts,
 * the second writes into one zeroed block.
 *
 * What is not written allows nothing, but for the quantity: there the
 * protocol's own limits, which the dissector enforces, are the default.
 */
#include "compile/policy_build.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_MAX = 0xfffe };	/* 0xffff says "none" */

struct build {
	const struct model *m;
	struct pol_image *img;
	struct pol_zone *zones;
	struct pol_net *nets;
	struct pol_key *keys;
	struct pol_flow *flows;
	struct pol_mb_rule *rules;
	struct pol_range *ranges;
	char *strings;
	uint32_t n_keys, n_flows, n_rules, n_ranges, n_nets, n_strings;	/* written so far */
};

struct counts {
	size_t nets, keys, flows, rules, ranges, strings;
};

static size_t str_size(const char *s)
{
	return s ? strlen(s) + 1 : 1;
}

static size_t ports_of(const struct flow *f)
{
	return f->n_ports ? f->n_ports : 1;
}

static void count_rule(const struct modbus_allow *a, struct counts *c)
{
	const struct ranges *all[] = {
		&a->units, &a->addresses, &a->write_addresses, &a->quantity,
		&a->values, &a->subfunctions, &a->mei, &a->files,
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		c->ranges += all[i]->n;
	c->strings += str_size(a->at.file);
	c->rules++;
}

static struct counts count(const struct model *m)
{
	struct counts c = { .strings = 1 };
	for (size_t i = 0; i < m->n_zones; i++) {
		c.nets += m->zones[i].n_networks;
		c.strings += str_size(m->zones[i].name);
	}
	for (size_t i = 0; i < m->n_policies; i++)
		for (size_t k = 0; k < m->policies[i].n_modbus; k++)
			count_rule(&m->policies[i].modbus[k], &c);
	for (size_t i = 0; i < m->n_conduits; i++) {
		const struct conduit *con = &m->conduits[i];
		for (size_t k = 0; k < con->n_flows; k++) {
			if (con->flows[k].proto == PROTO_NONE)
				continue;
			c.flows++;
			c.keys += ports_of(&con->flows[k]);
			c.strings += str_size(con->name) + str_size(con->flows[k].policy);
		}
	}
	return c;
}

static struct pol_str put_str(struct build *b, const char *s)
{
	struct pol_str at = { .off = b->img->strings_off + b->n_strings };
	size_t n = str_size(s);
	memcpy(b->strings + b->n_strings, s ? s : "", n);
	b->n_strings += (uint32_t)n;
	return at;
}

static struct pol_rset put_ranges(struct build *b, const struct ranges *r)
{
	struct pol_rset s = { .r0 = b->n_ranges, .n = (uint32_t)r->n, .any = r->any };
	for (size_t i = 0; i < r->n; i++)
		b->ranges[b->n_ranges++] = (struct pol_range){ r->v[i].lo, r->v[i].hi };
	return s;
}

static void put_rule(struct build *b, const struct modbus_allow *a)
{
	struct pol_mb_rule *r = &b->rules[b->n_rules++];
	memcpy(r->functions, a->functions, sizeof(r->functions));
	r->units = put_ranges(b, &a->units);
	r->addresses = put_ranges(b, &a->addresses);
	r->write_addresses = put_ranges(b, &a->write_addresses);
	r->quantity = put_ranges(b, &a->quantity);
	if (!a->quantity.set && a->quantity.n == 0)
		r->quantity.any = true;
	r->values = put_ranges(b, &a->values);
	r->subfunctions = put_ranges(b, &a->subfunctions);
	r->mei = put_ranges(b, &a->mei);
	r->files = put_ranges(b, &a->files);
	r->file = put_str(b, a->at.file);
	r->line = a->at.line;
}

/* Rules stand in the order of the policies: where does this one begin? */
static void find_rules(const struct model *m, const char *policy, struct pol_flow *f)
{
	uint32_t rule0 = 0;
	for (size_t i = 0; policy && i < m->n_policies; i++) {
		if (strcmp(m->policies[i].name, policy) == 0) {
			f->rule0 = rule0;
			f->n_rules = (uint32_t)m->policies[i].n_modbus;
			return;
		}
		rule0 += (uint32_t)m->policies[i].n_modbus;
	}
}

static uint16_t default_port(enum proto p)
{
	static const uint16_t ports[] = {
		[PROTO_MODBUS] = 502, [PROTO_DNP3] = 20000, [PROTO_OPCUA] = 4840,
	};
	return ports[p];
}

static void put_flow(struct build *b, const struct conduit *c, const struct flow *f, size_t conduit_id)
{
	uint16_t id = (uint16_t)b->n_flows;
	struct pol_flow *out = &b->flows[b->n_flows++];
	*out = (struct pol_flow){
		.conduit = put_str(b, c->name), .policy = put_str(b, f->policy),
		.from = (uint16_t)c->from_zone, .to = (uint16_t)c->to_zone,
		.proto = (uint8_t)f->proto, .mode = (uint8_t)c->mode,
		.on_violation = (uint8_t)c->on_violation, .fail = (uint8_t)c->fail,
		.log = (uint8_t)c->log, .max_requests = c->max_requests,
		.max_writes = c->max_writes, .conduit_id = (uint32_t)conduit_id,
	};
	find_rules(b->m, f->policy, out);
	for (size_t i = 0; i < ports_of(f); i++)
		b->keys[b->n_keys++] = (struct pol_key){
			.from = out->from, .to = out->to, .flow = id,
			.port = f->n_ports ? f->ports[i] : default_port(f->proto),
			.l4 = f->l4 ? f->l4 : IPPROTO_TCP,
		};
}

static int net_order(const void *x, const void *y)
{
	const struct pol_net *a = x, *b = y;
	if (a->net.a.family != b->net.a.family)
		return a->net.a.family < b->net.a.family ? -1 : 1;
	int diff = memcmp(a->net.a.b, b->net.a.b, sizeof(a->net.a.b));
	return diff ? diff : a->net.len - b->net.len;	/* the wider first */
}

static int key_order(const void *x, const void *y)
{
	const struct pol_key *a = x, *b = y;
	const int diff[] = { a->from - b->from, a->to - b->to, a->port - b->port, a->l4 - b->l4 };
	for (size_t i = 0; i < sizeof(diff) / sizeof(diff[0]); i++)
		if (diff[i])
			return diff[i];
	return 0;
}

/* A zone may name a network inside another of its own; one is enough to search. */
static void sort_nets(struct build *b)
{
	if (b->n_nets)
		qsort(b->nets, b->n_nets, sizeof(*b->nets), net_order);
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n_nets; i++)
		if (n == 0 || b->nets[n - 1].zone != b->nets[i].zone ||
		    !prefix_overlap(&b->nets[n - 1].net, &b->nets[i].net))
			b->nets[n++] = b->nets[i];
	b->img->n_nets = n;
}

/* A port written twice in one flow is one key. */
static void sort_keys(struct build *b)
{
	if (b->n_keys)
		qsort(b->keys, b->n_keys, sizeof(*b->keys), key_order);
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n_keys; i++)
		if (n == 0 || b->keys[n - 1].flow != b->keys[i].flow ||
		    key_order(&b->keys[n - 1], &b->keys[i]) != 0)
			b->keys[n++] = b->keys[i];
	b->img->n_keys = n;
}

static void fill(struct build *b)
{
	const struct model *m = b->m;
	for (size_t i = 0; i < m->n_zones; i++) {
		b->zones[i].name = put_str(b, m->zones[i].name);
		for (size_t k = 0; k < m->zones[i].n_networks; k++)
			b->nets[b->n_nets++] = (struct pol_net){ m->zones[i].networks[k], (uint16_t)i };
	}
	for (size_t i = 0; i < m->n_policies; i++)
		for (size_t k = 0; k < m->policies[i].n_modbus; k++)
			put_rule(b, &m->policies[i].modbus[k]);
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++)
			if (m->conduits[i].flows[k].proto != PROTO_NONE)
				put_flow(b, &m->conduits[i], &m->conduits[i].flows[k], i);
	sort_nets(b);
	sort_keys(b);
}

/* Reserve n elements at the end of the image; every array is 8-aligned. */
static uint32_t reserve(size_t *size, size_t n, size_t elem)
{
	size_t off = *size;
	*size = (off + n * elem + 7) & ~(size_t)7;
	return (uint32_t)off;
}

static void lay_out(struct build *b)
{
	struct pol_image *img = b->img;
	uint8_t *base = (uint8_t *)img;
	b->zones = (void *)(base + img->zones_off);
	b->nets = (void *)(base + img->nets_off);
	b->keys = (void *)(base + img->keys_off);
	b->flows = (void *)(base + img->flows_off);
	b->rules = (void *)(base + img->rules_off);
	b->ranges = (void *)(base + img->ranges_off);
	b->strings = (char *)base + img->strings_off;
}

static bool too_big(const struct counts *c)
{
	const size_t each = 1u << 24;	/* keeps every offset far below 32 bits */
	return c->flows > INDEX_MAX || c->rules > INDEX_MAX ||
	       c->nets > each || c->keys > each || c->ranges > each || c->strings > each;
}

struct pol_image *policy_build(const struct model *m, uint32_t generation, int *err)
{
	*err = -E2BIG;
	if (m->n_zones > INDEX_MAX)
		return NULL;
	struct counts c = count(m);
	if (too_big(&c))
		return NULL;
	size_t size = (sizeof(struct pol_image) + 7) & ~(size_t)7;
	struct pol_image head = {
		.magic = POL_MAGIC, .generation = generation,
		.n_zones = (uint32_t)m->n_zones, .n_nets = (uint32_t)c.nets,
		.n_keys = (uint32_t)c.keys, .n_flows = (uint32_t)c.flows,
		.n_rules = (uint32_t)c.rules, .n_ranges = (uint32_t)c.ranges,
		.n_conduits = (uint32_t)m->n_conduits, .strings_len = (uint32_t)c.strings,
	};
	head.zones_off = reserve(&size, m->n_zones, sizeof(struct pol_zone));
	head.nets_off = reserve(&size, c.nets, sizeof(struct pol_net));
	head.keys_off = reserve(&size, c.keys, sizeof(struct pol_key));
	head.flows_off = reserve(&size, c.flows, sizeof(struct pol_flow));
	head.rules_off = reserve(&size, c.rules, sizeof(struct pol_mb_rule));
	head.ranges_off = reserve(&size, c.ranges, sizeof(struct pol_range));
	head.strings_off = reserve(&size, c.strings, 1);
	head.size = (uint32_t)size;
	struct build b = { .m = m, .img = calloc(1, size) };
	*err = -ENOMEM;
	if (!b.img)
		return NULL;
	*b.img = head;
	lay_out(&b);
	fill(&b);
	/* Two flows with one key, or overlapping networks: the model's check
	 * refuses them with a line number; here they must not be guessed at. */
	*err = -EEXIST;
	if (!policy_valid(b.img, size)) {
		free(b.img);
		return NULL;
	}
	*err = 0;
	return b.img;
}
