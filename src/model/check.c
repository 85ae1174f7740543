/* SPDX-License-Identifier: MIT
 * Checks of the parts of a model against one another (IEC 62443-3-2 ZCR 3: every
 * address in one zone, every conduit between two known zones). */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "model/internal.h"

/* Sorted views keep every check near n log n, so that plants of 100,000 assets load fast. */
struct named {
	const char *name;
	struct where at;
	const void *who;
	size_t order;
};

static int compare_zone_names(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = strcmp(x->name, y->name);
	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static void check_twice(struct load *l, struct named *v, size_t n, const char *what)
{
	if (n)
		qsort(v, n, sizeof(*v), compare_zone_names);
	for (size_t i = 1; i < n; i++)
		if (strcmp(v[i - 1].name, v[i].name) == 0 && strcmp(v[i].name, "?") != 0)
			complain(l, v[i].at, "%s \"%s\" is there twice; the first is at %s:%u",
				 what, v[i].name, v[i - 1].at.file, v[i - 1].at.line);
}

static struct named *named_new(struct load *l, size_t n)
{
	return arena_alloc(l->m->arena, (n + 1) * sizeof(struct named));
}

static size_t find_zone(const struct model *m, const char *name)
{
	for (size_t i = 1; i < m->n_zones; i++)
		if (strcmp(m->zones[i].name, name) == 0)
			return i;
	return 0;
}

static void check_zone_names(struct load *l)
{
	struct model *m = l->m;
	struct named *v = named_new(l, m->n_zones);
	size_t n = 0, n_if = 0;
	for (size_t i = 1; i < m->n_zones; i++) {
		v[n] = (struct named){ m->zones[i].name, m->zones[i].at, NULL, n };
		n++;
		n_if += m->zones[i].n_interfaces;
		if (strcmp(m->zones[i].name, "unknown") == 0)
			complain(l, m->zones[i].at,
				 "the zone name \"unknown\" is built in (everything not named); "
				 "choose another");
	}
	check_twice(l, v, n, "zone");
	v = named_new(l, n_if);
	n = 0;
	for (size_t i = 1; i < m->n_zones; i++)
		for (size_t k = 0; k < m->zones[i].n_interfaces; k++, n++)
			v[n] = (struct named){ m->zones[i].interfaces[k], m->zones[i].at, NULL, n };
	check_twice(l, v, n, "interface");
}

struct net {
	const struct prefix *p;
	struct where at;
	size_t zone;
};

static int by_net(const void *a, const void *b)
{
	const struct net *x = a, *y = b;
	if (x->p->a.family != y->p->a.family)
		return x->p->a.family < y->p->a.family ? -1 : 1;
	int c = memcmp(x->p->a.b, y->p->a.b, 16);
	return c ? c : (int)x->p->len - (int)y->p->len;
}

/* In order of address, a network can only overlap the last one that is not over. */
static void check_networks(struct load *l)
{
	struct model *m = l->m;
	size_t n = 0;
	for (size_t i = 1; i < m->n_zones; i++)
		n += m->zones[i].n_networks;
	struct net *v = arena_alloc(m->arena, (n + 1) * sizeof(*v));
	n = 0;
	for (size_t i = 1; i < m->n_zones; i++)
		for (size_t k = 0; k < m->zones[i].n_networks; k++)
			v[n++] = (struct net){ &m->zones[i].networks[k], m->zones[i].networks_at[k],
					       i };
	if (n)
		qsort(v, n, sizeof(*v), by_net);
	size_t open = 0;
	for (size_t i = 1; i < n; i++) {
		if (!prefix_overlap(v[open].p, v[i].p)) {
			open = i;
			continue;
		}
		char a[ADDR_TEXT], b[ADDR_TEXT];
		prefix_text(v[i].p, a);
		prefix_text(v[open].p, b);
		complain(
			l, v[i].at,
			"network %s of zone \"%s\" overlaps %s of zone \"%s\" at %s:%u; an address "
			"belongs to one zone",
			a, m->zones[v[i].zone].name, b, m->zones[v[open].zone].name,
			v[open].at.file, v[open].at.line);
	}
}

static void check_assets(struct load *l)
{
	struct model *m = l->m;
	size_t n = 0;
	for (size_t i = 1; i < m->n_zones; i++)
		n += m->zones[i].n_assets;
	struct named *names = named_new(l, n), *addrs = named_new(l, n);
	n = 0;
	for (size_t i = 1; i < m->n_zones; i++) {
		const struct zone *z = &m->zones[i];
		for (size_t k = 0; k < z->n_assets; k++, n++) {
			const struct asset *a = &z->assets[k];
			char *text = arena_alloc(m->arena, ADDR_TEXT);
			addr_text(&a->addr, text);
			bool in = false;
			for (size_t j = 0; j < z->n_networks && !in; j++)
				in = prefix_has(&z->networks[j], &a->addr);
			if (!in)
				complain(l, a->at,
					 "asset \"%s\" (%s) is outside the networks of its zone "
					 "\"%s\"; move "
					 "it or add its network",
					 a->name, text, z->name);
			names[n] = (struct named){ a->name, a->at, NULL, n };
			addrs[n] = (struct named){ text, a->at, NULL, n };
		}
	}
	check_twice(l, names, n, "asset");
	check_twice(l, addrs, n, "asset address");
}

static void check_parents(struct load *l)
{
	struct model *m = l->m;
	size_t *up = arena_alloc(m->arena, m->n_zones * sizeof(*up)); /* 0: none */
	for (size_t i = 1; i < m->n_zones; i++) {
		const struct zone *z = &m->zones[i];
		up[i] = z->parent ? find_zone(m, z->parent) : 0;
		if (z->parent && !up[i])
			complain(l, z->at, "zone \"%s\" has the parent \"%s\", which is not there",
				 z->name, z->parent);
	}
	for (size_t i = 1; i < m->n_zones; i++) {
		const struct zone *z = &m->zones[i];
		size_t steps = 0;
		for (size_t at = i; up[at] && steps <= m->n_zones; at = up[at])
			steps++;
		if (steps > m->n_zones)
			complain(l, z->at, "zone \"%s\" is its own ancestor through \"parent\"",
				 z->name);
	}
}

static void check_flow(struct load *l, const struct conduit *c, const struct flow *f)
{
	const struct model *m = l->m;
	if (f->proto == PROTO_NONE || !f->policy)
		return;
	const struct policy *p = model_policy(m, f->policy);
	if (!p) {
		const char **names = arena_alloc(m->arena, (m->n_policies + 1) * sizeof(*names));
		for (size_t i = 0; i < m->n_policies; i++)
			names[i] = m->policies[i].name;
		const char *near = name_nearest(f->policy, names, m->n_policies);
		if (near)
			complain(l, f->at, "there is no policy \"%s\"; did you mean \"%s\"?",
				 f->policy, near);
		else
			complain(l, f->at,
				 "there is no policy \"%s\"; write it under policies, or "
				 "@include \"%s.conf\" there",
				 f->policy, f->policy);
	} else if (p->proto != f->proto) {
		complain(l, f->at, "conduit \"%s\": policy \"%s\" is for %s, this flow is %s",
			 c->name, f->policy, word_name(words_proto, (int)p->proto),
			 word_name(words_proto, (int)f->proto));
	}
}

const struct zone *model_path_owner(const struct model *m, const struct zone *zn)
{
	for (size_t depth = 0; zn && !zn->n_interfaces && depth < m->n_zones; depth++) {
		size_t up = zn->parent ? find_zone(m, zn->parent) : 0;
		zn = up ? &m->zones[up] : NULL;
	}
	return zn && zn->n_interfaces ? zn : NULL;
}

size_t model_offloads(const struct model *m)
{
	size_t n = 0;
	for (size_t i = 0; i < m->n_conduits; i++)
		n += m->conduits[i].offload;
	return n;
}

/* No two zones have an interface in common, so a name is the same when its pointer is. */
static size_t add_once(const char **v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == name)
			return n;
	if (n < MODEL_OFFLOAD_MAX)
		v[n++] = name;
	return n;
}

size_t model_offload_interfaces(const struct model *m, const char *v[MODEL_OFFLOAD_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < m->n_conduits; i++) {
		const struct conduit *c = &m->conduits[i];
		for (size_t leg = 0; c->offload && leg < 2 * c->n_legs; leg++) {
			const struct leg *g = &c->legs[leg / 2];
			const struct zone *zn =
				model_path_owner(m, &m->zones[leg % 2 ? g->to : g->from]);
			for (size_t k = 0; zn && k < zn->n_interfaces; k++)
				n = add_once(v, n, zn->interfaces[k]);
		}
	}
	return n;
}

/* The kernel forwards by interface, so both ends must say theirs. */
static void check_offload_zone(struct load *l, const struct conduit *c, size_t zone)
{
	if (zone && !model_path_owner(l->m, &l->m->zones[zone]))
		complain(l, c->offload_at,
			 "conduit \"%s\": offload needs the interfaces of both zones, and neither "
			 "zone \"%s\" nor a parent of it names one; write interfaces = [ \"NAME\" "
			 "]; there, or "
			 "remove offload",
			 c->name, l->m->zones[zone].name);
}

/* Who sends what is offloaded, no rule sees. */
static void check_offload_bound(struct load *l, const struct conduit *c, const struct zone *zn)
{
	for (size_t i = 0; i < zn->n_assets; i++)
		if (zn->assets[i].bound)
			complain(l, c->offload_at,
				 "conduit \"%s\": asset \"%s\" of zone \"%s\" is bound to its MAC "
				 "address, which nobody looks at in what is offloaded; remove "
				 "offload, or bind",
				 c->name, zn->assets[i].name, zn->name);
}

/* The first zone of it that has none. */
static void check_offload_end(struct load *l, const struct conduit *c, const struct conduit_end *e)
{
	for (size_t i = 0; i < e->n_ends; i++) {
		size_t zone = model_end_zone(l->m, e->ends[i]);
		check_offload_zone(l, c, zone);
		check_offload_bound(l, c, &l->m->zones[zone]);
		if (!model_path_owner(l->m, &l->m->zones[zone]))
			return;
	}
}

/* Offloaded packets are seen by nobody: not where somebody has to look. */
static void check_offload(struct load *l, const struct conduit *c)
{
	bool plain = false, inspected = false;
	if (!c->offload)
		return;
	for (size_t i = 0; i < c->n_flows; i++) {
		const struct flow *f = &c->flows[i];
		plain |= model_flow_has_ports(f);
		inspected |= f->proto != PROTO_NONE;
		if (f->proto != PROTO_NONE)
			complain(l, f->at,
				 "conduit \"%s\": this flow is inspected and would pass unjudged "
				 "with offload = "
				 "true; write it into a conduit of its own, without offload",
				 c->name);
	}
	if (c->n_flows && !plain)
		complain(l, c->offload_at,
			 "conduit \"%s\": only TCP and UDP can be offloaded, and it has neither; "
			 "remove offload",
			 c->name);
	if (!inspected && (c->max_requests || c->max_writes))
		complain(l, c->offload_at,
			 "conduit \"%s\": what is offloaded cannot be limited; remove offload, or "
			 "max_requests_per_second and max_writes_per_second",
			 c->name);
	if (!inspected && c->log == LOG_ALL)
		complain(l, c->offload_at,
			 "conduit \"%s\": log = \"all\" shows nothing of what is offloaded; remove "
			 "one of the two",
			 c->name);
	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i < (side ? c->n_to : c->n_from); i++)
			check_offload_end(l, c, side ? &c->to_ends[i] : &c->from_ends[i]);
}

static void check_offload_total(struct load *l)
{
	const struct model *m = l->m;
	bool *used = arena_alloc(m->arena, m->n_zones * sizeof(*used));
	size_t n = 0;
	memset(used, 0, m->n_zones * sizeof(*used));
	for (size_t i = 0; i < m->n_conduits; i++) {
		const struct conduit *c = &m->conduits[i];
		size_t before = n;
		for (size_t leg = 0; c->offload && leg < 2 * c->n_legs; leg++) {
			const struct leg *g = &c->legs[leg / 2];
			const struct zone *zn =
				model_path_owner(m, &m->zones[leg % 2 ? g->to : g->from]);
			if (!zn || used[zn - m->zones])
				continue;
			used[zn - m->zones] = true;
			n += zn->n_interfaces;
		}
		if (before <= MODEL_OFFLOAD_MAX && n > MODEL_OFFLOAD_MAX)
			complain(l, c->offload_at,
				 "conduit \"%s\": with it the conduits with offload have more than "
				 "%d "
				 "interfaces; remove offload where little is sent",
				 c->name, MODEL_OFFLOAD_MAX);
	}
}

static void check_conduits(struct load *l)
{
	struct model *m = l->m;
	struct named *v = named_new(l, m->n_conduits);
	check_asset_ends(l);
	check_ends(l);
	for (size_t i = 0; i < m->n_conduits; i++) {
		const struct conduit *c = &m->conduits[i];
		v[i] = (struct named){ c->name, c->at, NULL, i };
		if (c->fail == FAIL_OPEN && (!c->fail_reason || !*c->fail_reason))
			complain(l, c->at,
				 "fail = \"open\" lets traffic pass unjudged when the inspector is "
				 "down; write "
				 "why in fail_reason = \"...\";");
		if (c->fail == FAIL_CLOSED && c->fail_reason)
			complain(l, c->at,
				 "conduit \"%s\" has a fail_reason but is closed; remove it",
				 c->name);
		for (size_t k = 0; k < c->n_flows; k++)
			check_flow(l, c, &c->flows[k]);
		check_offload(l, c);
		check_gate(l, c);
	}
	check_offload_total(l);
	check_twice(l, v, m->n_conduits, "conduit");
	check_flows_twice(l);
}

static void check_daemon(struct load *l)
{
	uint32_t m = l->m->daemon.mark_mask, low = m & (~m + 1);
	unsigned bits = (unsigned)__builtin_popcount(m);
	if (m && ((m / low) & (m / low + 1)) != 0)
		complain(l, l->mark_at,
			 "mark_mask 0x%08x has a gap; write one run of bits such "
			 "as 0xffff0000",
			 m);
	size_t flows = 2 + model_leg_flows(l->m);
	if (bits < 8 || flows > (size_t)1 << (bits - 2))
		complain(l, l->mark_at,
			 "mark_mask 0x%08x has %u bits; with 2 for the generation "
			 "they cannot number %zu flows; write a wider mask",
			 m, bits, flows);
}

void check_model(struct load *l)
{
	check_zone_names(l);
	check_any(l);
	check_networks(l);
	check_assets(l);
	check_parents(l);
	check_conduits(l);
	check_taps(l);
	check_daemon(l);
}
