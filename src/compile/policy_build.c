/* SPDX-License-Identifier: MIT
 *
 * Model -> policy image, in two passes over the same model: the first counts,
 * the second writes into one zeroed block.
 */
#include "compile/policy_build.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"

enum { INDEX_MAX = 0xfffe }; /* 0xffff says "none" */

#define P(symbol, name, word, port, over) [PROTO_##symbol] = &build_##name,
static const struct build_ops *const ops[PROTO_N] = { PROTOCOLS(P) };
#undef P

size_t build_str_size(const char *s)
{
	return s ? strlen(s) + 1 : 1;
}

static size_t ports_of(const struct flow *f)
{
	return f->n_ports ? f->n_ports : 1;
}

/* The texts of a flow, which its legs share. */
struct flow_texts {
	struct pol_str conduit, policy, ticket, owner;
};

static size_t pairs_of(const struct conduit *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_legs; i++)
		n += model_leg_pairs(&c->legs[i]);
	return n;
}

static bool has_port(const struct flow *f, uint16_t port)
{
	for (size_t i = 0; i < f->n_ports; i++)
		if (f->ports[i].lo <= port && port <= f->ports[i].hi)
			return true;
	return false;
}

static struct service_port inspected_at(const struct flow *f, size_t i)
{
	return (struct service_port){ f->n_ports ? f->ports[i].lo : proto_port(f->proto),
				      f->l4 ? f->l4 : IPPROTO_TCP };
}

static int service_order(const void *x, const void *y)
{
	const struct service_port *a = x, *b = y;
	return a->l4 != b->l4 ? a->l4 - b->l4 : a->port - b->port;
}

/* False: no memory. */
static bool find_services(const struct model *m, struct services *out)
{
	size_t n = 0, once = 0;
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++)
			n += ports_of(&m->conduits[i].flows[k]);
	*out = (struct services){ calloc(n + 1, sizeof(*out->v)), 0 };
	for (size_t i = 0; out->v && i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++) {
			const struct flow *f = &m->conduits[i].flows[k];
			for (size_t p = 0; f->proto != PROTO_NONE && p < ports_of(f); p++)
				out->v[out->n++] = inspected_at(f, p);
		}
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), service_order);
	for (size_t i = 0; i < out->n; i++)
		if (i == 0 || service_order(&out->v[i - 1], &out->v[i]) != 0)
			out->v[once++] = out->v[i];
	out->n = once;
	return out->v != NULL;
}

static bool is_passed(const struct flow *plain, const struct service_port *s)
{
	return s->l4 == plain->l4 && has_port(plain, s->port);
}

/* Of them, how many this flow without inspection has. */
static size_t passed_services(const struct services *all, const struct flow *plain)
{
	size_t n = 0;
	for (size_t i = 0; i < all->n; i++)
		n += is_passed(plain, &all->v[i]);
	return n;
}

static struct counts count_image(const struct model *m, const struct services *services)
{
	struct counts c = { .strings = 1 };
	for (size_t i = 0; i < m->n_zones; i++) {
		c.nets += m->zones[i].n_networks;
		c.strings += build_str_size(m->zones[i].name);
		c.assets += m->zones[i].n_assets;
		for (size_t k = 0; k < m->zones[i].n_assets; k++)
			c.strings += build_str_size(m->zones[i].assets[k].name);
	}
	for (size_t i = 0; i < m->n_policies; i++) {
		const struct policy *p = &m->policies[i];
		c.rules[p->proto] += ops[p->proto]->rules(p);
		c.heads[p->proto] += policy_shape(p->proto)->head != 0;
		ops[p->proto]->count(p, &c);
	}
	for (size_t i = 0; i < m->n_conduits; i++) {
		const struct conduit *con = &m->conduits[i];
		for (size_t k = 0; k < con->n_flows; k++) {
			if (con->flows[k].proto == PROTO_NONE && m->n_classes)
				c.keys += pairs_of(con) * passed_services(services, &con->flows[k]);
			if (con->flows[k].proto == PROTO_NONE)
				continue;
			c.flows += con->n_legs;
			c.keys += pairs_of(con) * ports_of(&con->flows[k]);
			c.strings += build_str_size(con->name) +
				     build_str_size(con->flows[k].policy) +
				     build_str_size(model_ticket(con, &con->flows[k])) +
				     build_str_size(model_owner(con, &con->flows[k]));
		}
	}
	return c;
}

struct pol_str build_str(struct build *b, const char *s)
{
	struct pol_str at = { .off = b->img->strings_off + b->n_strings };
	size_t n = build_str_size(s);
	memcpy(b->strings + b->n_strings, s ? s : "", n);
	b->n_strings += (uint32_t)n;
	return at;
}

struct pol_rset build_ranges(struct build *b, const struct ranges *r)
{
	struct pol_rset s = { .r0 = b->n_ranges, .n = (uint32_t)r->n, .any = r->any };
	for (size_t i = 0; i < r->n; i++)
		b->ranges[b->n_ranges++] = (struct pol_range){ r->v[i].lo, r->v[i].hi };
	return s;
}

size_t build_rule_strings(struct where at, const struct remarks *r)
{
	return build_str_size(at.file) + build_str_size(r->ticket) + build_str_size(r->owner);
}

void *build_rule(struct build *b, enum proto proto, struct where at, const struct remarks *remarks)
{
	uint8_t *all = (uint8_t *)b->img + b->img->rules_off[proto];
	struct pol_rule *r = (void *)(all + policy_shape(proto)->rule * b->n_rules[proto]++);
	r->file = build_str(b, at.file);
	r->line = at.line;
	r->ticket = build_str(b, remarks->ticket);
	r->owner = build_str(b, remarks->owner);
	return r;
}

void *build_head(struct build *b, enum proto proto)
{
	uint8_t *all = (uint8_t *)b->img + b->img->heads_off[proto];
	return all + policy_shape(proto)->head * b->n_heads[proto]++;
}

void *build_item(struct build *b, enum proto proto)
{
	uint8_t *all = (uint8_t *)b->img + b->img->items_off[proto];
	return all + policy_shape(proto)->item * b->n_items[proto]++;
}

/* Rules and heads stand in the order of the policies: where does this one begin? */
static void policy_named(const struct model *m, const char *name, struct pol_flow *f)
{
	uint32_t rule0 = 0, head = 0;
	f->head = 0xffff;
	for (size_t i = 0; name && i < m->n_policies; i++) {
		const struct policy *p = &m->policies[i];
		if (p->proto != (enum proto)f->proto)
			continue;
		uint32_t n = (uint32_t)ops[p->proto]->rules(p);
		if (strcmp(p->name, name) == 0) {
			f->rule0 = rule0;
			f->n_rules = n;
			if (policy_shape(p->proto)->head)
				f->head = head;
			return;
		}
		rule0 += n;
		head++;
	}
}

static void put_key(struct build *b, struct end_pair ends, struct service_port at, uint16_t flow)
{
	b->keys[b->n_keys++] = (struct pol_key){
		.from = (uint16_t)ends.from,
		.to = (uint16_t)ends.to,
		.flow = flow,
		.port = at.port,
		.l4 = at.l4,
	};
}

static void put_leg(struct build *b, const struct conduit *c, const struct flow *f,
		    const struct leg *g, const struct flow_texts *t)
{
	uint16_t id = (uint16_t)b->n_flows;
	struct pol_flow *out = &b->flows[b->n_flows++];
	*out = (struct pol_flow){
		.conduit = t->conduit,
		.policy = t->policy,
		.ticket = t->ticket,
		.owner = t->owner,
		.from = (uint16_t)g->from,
		.to = (uint16_t)g->to,
		.proto = (uint8_t)f->proto,
		.mode = (uint8_t)model_mode_of(c),
		.on_violation = (uint8_t)c->on_violation,
		.fail = (uint8_t)model_fail_of(b->m, c),
		.log = (uint8_t)c->log,
		.gate = model_has_gate(c),
		.max_requests = c->max_requests,
		.max_writes = c->max_writes,
		.conduit_id = (uint32_t)(c - b->m->conduits),
	};
	policy_named(b->m, f->policy, out);
	/* no connection is of a leg that an isolated zone cuts, or of a conduit that is closed;
	 * between assets this decides alone, as in the ruleset */
	bool shut = model_is_shut(c), none = g->isolated || (shut && b->m->n_classes == 0);
	for (size_t e = 0; e < model_leg_pairs(g) && !none; e++)
		for (size_t i = 0; i < ports_of(f); i++)
			put_key(b, model_leg_pair(g, e), inspected_at(f, i),
				shut ? POL_NOT_INSPECTED : id);
}

/* A flow without inspection between assets counts before an inspected one between their zones. */
static void put_passed(struct build *b, const struct conduit *c, const struct flow *f)
{
	for (size_t i = 0; i < c->n_legs; i++)
		for (size_t e = 0; e < model_leg_pairs(&c->legs[i]); e++)
			for (size_t p = 0; p < b->services->n; p++)
				if (is_passed(f, &b->services->v[p]))
					put_key(b, model_leg_pair(&c->legs[i], e),
						b->services->v[p], POL_NOT_INSPECTED);
}

static void put_legs(struct build *b, const struct conduit *c)
{
	struct flow_texts *t = calloc(c->n_flows + 1, sizeof(*t));
	b->failed |= !t;
	for (size_t k = 0; t && k < c->n_flows; k++)
		if (c->flows[k].proto != PROTO_NONE)
			t[k] = (struct flow_texts){ build_str(b, c->name),
						    build_str(b, c->flows[k].policy),
						    build_str(b, model_ticket(c, &c->flows[k])),
						    build_str(b, model_owner(c, &c->flows[k])) };
		else if (b->m->n_classes)
			put_passed(b, c, &c->flows[k]);
	for (size_t n = 0; t && n < c->n_legs; n++)
		for (size_t k = 0; k < c->n_flows; k++)
			if (c->flows[k].proto != PROTO_NONE)
				put_leg(b, c, &c->flows[k], &c->legs[n], &t[k]);
	free(t);
}

static int net_order(const void *x, const void *y)
{
	const struct pol_net *a = x, *b = y;
	if (a->net.a.family != b->net.a.family)
		return a->net.a.family < b->net.a.family ? -1 : 1;
	int diff = memcmp(a->net.a.b, b->net.a.b, sizeof(a->net.a.b));
	return diff ? diff : a->net.len - b->net.len; /* the wider first */
}

static int compare_assets(const void *x, const void *y)
{
	const struct pol_asset *a = x, *b = y;
	if (a->addr.family != b->addr.family)
		return a->addr.family < b->addr.family ? -1 : 1;
	return memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));
}

static int compare_keys(const void *x, const void *y)
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

/* Of several with one address, which is an error in a model, one is enough. */
static void sort_assets(struct build *b)
{
	if (b->n_assets)
		qsort(b->assets, b->n_assets, sizeof(*b->assets), compare_assets);
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n_assets; i++)
		if (n == 0 || compare_assets(&b->assets[n - 1], &b->assets[i]) != 0)
			b->assets[n++] = b->assets[i];
	b->img->n_assets = n;
}

/* A port written twice in one flow is one key. */
static void sort_keys(struct build *b)
{
	if (b->n_keys)
		qsort(b->keys, b->n_keys, sizeof(*b->keys), compare_keys);
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n_keys; i++)
		if (n == 0 || b->keys[n - 1].flow != b->keys[i].flow ||
		    compare_keys(&b->keys[n - 1], &b->keys[i]) != 0)
			b->keys[n++] = b->keys[i];
	b->img->n_keys = n;
}

static void fill_image(struct build *b)
{
	const struct model *m = b->m;
	for (size_t i = 0; i < m->n_zones; i++) {
		b->zones[i].name = build_str(b, m->zones[i].name);
		for (size_t k = 0; k < m->zones[i].n_assets; k++) {
			const struct asset *a = &m->zones[i].assets[k];
			b->assets[b->n_assets++] =
				(struct pol_asset){ a->addr, build_str(b, a->name),
						    (uint16_t)a->class };
		}
		for (size_t k = 0; k < m->zones[i].n_networks; k++)
			b->nets[b->n_nets++] =
				(struct pol_net){ m->zones[i].networks[k], (uint16_t)i };
	}
	for (size_t i = 0; i < m->n_policies; i++)
		ops[m->policies[i].proto]->put(b, &m->policies[i]);
	for (unsigned p = 0; p < PROTO_N; p++)
		b->img->n_items[p] = b->n_items[p]; /* a text may turn out to need none */
	for (size_t i = 0; i < m->n_conduits; i++)
		put_legs(b, &m->conduits[i]);
	sort_nets(b);
	sort_assets(b);
	sort_keys(b);
}

/* Reserve n elements at the end of the image; every array is 8-aligned. */
static uint32_t reserve_array(size_t *size, size_t n, size_t elem)
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
	b->assets = (void *)(base + img->assets_off);
	b->keys = (void *)(base + img->keys_off);
	b->flows = (void *)(base + img->flows_off);
	b->ranges = (void *)(base + img->ranges_off);
	b->strings = (char *)base + img->strings_off;
}

static bool too_big(const struct counts *c)
{
	const size_t each = 1u << 24; /* keeps every offset far below 32 bits */
	for (unsigned p = 0; p < PROTO_N; p++)
		if (c->rules[p] > INDEX_MAX || c->heads[p] > INDEX_MAX || c->items[p] > each)
			return true;
	return c->flows > INDEX_MAX || c->nets > each || c->assets > each || c->keys > each ||
	       c->ranges > each || c->strings > each;
}

static struct pol_image *build_image(const struct model *m, uint32_t generation,
				     const struct services *services, int *err)
{
	*err = -E2BIG;
	if (m->n_zones + m->n_classes > INDEX_MAX)
		return NULL;
	struct counts c = count_image(m, services);
	if (too_big(&c))
		return NULL;
	size_t size = (sizeof(struct pol_image) + 7) & ~(size_t)7;
	struct pol_image head = {
		.magic = POL_MAGIC,
		.generation = generation,
		.mode = (uint32_t)m->mode,
		.n_zones = (uint32_t)m->n_zones,
		.n_classes = (uint32_t)m->n_classes,
		.n_nets = (uint32_t)c.nets,
		.n_assets = (uint32_t)c.assets,
		.n_keys = (uint32_t)c.keys,
		.n_flows = (uint32_t)c.flows,
		.n_ranges = (uint32_t)c.ranges,
		.n_conduits = (uint32_t)m->n_conduits,
		.strings_len = (uint32_t)c.strings,
	};
	head.zones_off = reserve_array(&size, m->n_zones, sizeof(struct pol_zone));
	head.nets_off = reserve_array(&size, c.nets, sizeof(struct pol_net));
	head.assets_off = reserve_array(&size, c.assets, sizeof(struct pol_asset));
	head.keys_off = reserve_array(&size, c.keys, sizeof(struct pol_key));
	head.flows_off = reserve_array(&size, c.flows, sizeof(struct pol_flow));
	for (unsigned p = 0; p < PROTO_N; p++) {
		head.n_rules[p] = (uint32_t)c.rules[p];
		head.n_heads[p] = (uint32_t)c.heads[p];
		head.rules_off[p] = reserve_array(&size, c.rules[p], policy_shape(p)->rule);
		head.n_items[p] = (uint32_t)c.items[p];
		head.items_off[p] = reserve_array(&size, c.items[p], policy_shape(p)->item);
		head.heads_off[p] = reserve_array(&size, c.heads[p], policy_shape(p)->head);
	}
	head.ranges_off = reserve_array(&size, c.ranges, sizeof(struct pol_range));
	head.strings_off = reserve_array(&size, c.strings, 1);
	head.size = (uint32_t)size;
	struct build b = { .m = m, .img = calloc(1, size), .services = services };
	*err = -ENOMEM;
	if (!b.img)
		return NULL;
	*b.img = head;
	lay_out(&b);
	fill_image(&b);
	if (b.failed) {
		free(b.img);
		return NULL;
	}
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

struct pol_image *policy_build(const struct model *m, uint32_t generation, int *err)
{
	struct services services;
	*err = -ENOMEM;
	if (!find_services(m, &services))
		return NULL;
	struct pol_image *img = build_image(m, generation, &services, err);
	free(services.v);
	return img;
}
