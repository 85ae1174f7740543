/* SPDX-License-Identifier: MIT
 *
 * Zones from subnets and roles, and conduits between them.
 *
 * A role is what a station does: it asks or answers an inspected protocol (the noun of the first
 * in the list of protocols), does both ("gateways"), sends programs or restarts ("engineering"),
 * or neither ("hosts"; "outside" with an address of the public network). Stations of one subnet
 * and role are a zone. Its networks are the addresses of its stations; its subnet where that is
 * admitted and has no other role. Stations of one role that speak an inspected protocol
 * among themselves are a zone each, for within a zone nothing is judged.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn/internal.h"

static const char outside[] = "outside", hosts[] = "hosts", gateways[] = "gateways",
		  engineering[] = "engineering";

/* ---- roles ---- */

/* A talk that says what its ends are: messages were learned from it. */
static bool talk_is_understood(const struct learn_talk *t)
{
	return t->proto != PROTO_NONE && t->messages > t->refused;
}

static void find_roles(struct learn *l)
{
	for (size_t i = 0; i < l->n_talks; i++) {
		const struct learn_talk *t = &l->talks[i];
		struct learn_host *c = &l->hosts[t->client], *s = &l->hosts[t->server];
		if (!talk_is_understood(t)) {
			s->serves |= t->answered;
			continue;
		}
		*(t->turned ? &c->answers : &c->asks) |= 1u << t->proto;
		*(t->turned ? &s->asks : &s->answers) |= 1u << t->proto;
	}
	for (size_t i = 0; i < l->n_notes; i++) {
		const struct learn_note *k = &l->notes[i];
		const struct learn_talk *t = &l->talks[k->talk];
		if (k->kind == LEARN_PROGRAMS || k->kind == LEARN_RESTARTS)
			l->hosts[t->turned ? t->server : t->client].programs = true;
	}
}

static uint8_t first_protocol(uint32_t protocols)
{
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
		if (protocols >> p & 1)
			return p;
	return PROTO_NONE;
}

/* RFC 1918, 6598, 3927 and loopback; IPv6: unique local. */
static bool is_private(const struct addr *a)
{
	const uint8_t *b = a->b;
	if (a->family == 6)
		return (b[0] & 0xfe) == 0xfc || (b[0] == 0 && b[1] == 0);
	return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
	       (b[0] == 192 && b[1] == 168) || (b[0] == 100 && (b[1] & 0xc0) == 64);
}

static const char *role_of(const struct learn_host *h, const char **asset)
{
	*asset = "station";
	if (h->asks && h->answers) {
		*asset = "gateway";
		return gateways;
	}
	if (h->asks && h->programs) {
		*asset = "engineering";
		return engineering;
	}
	if (h->asks) {
		*asset = learn_ops_of(first_protocol(h->asks))->asset_asks;
		return learn_ops_of(first_protocol(h->asks))->asks;
	}
	if (h->answers) {
		*asset = learn_ops_of(first_protocol(h->answers))->asset_answers;
		return learn_ops_of(first_protocol(h->answers))->answers;
	}
	return is_private(&h->addr) ? hosts : outside;
}

static struct prefix subnet_of(const struct learn *l, const struct addr *a)
{
	struct prefix p = { .a = *a,
			    .len = a->family == 4 ? (uint8_t)l->o.subnet : ADDR_SOURCE * 8 };
	for (unsigned i = p.len; i < 128; i++)
		p.a.b[i / 8] &= (uint8_t) ~(1u << (7 - i % 8));
	return p;
}

/* ---- zones ---- */

static int compare_addr(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

/* The outside is one zone, whatever the subnet. */
static bool same_zone(const struct learn_zone *a, const struct learn_zone *b)
{
	if (a->known || b->known)
		return a->known == b->known;
	return a->role == b->role && a->alone == b->alone &&
	       (a->outside || (compare_addr(&a->subnet.a, &b->subnet.a) == 0));
}

static struct learn_zone zone_for(const struct learn *l, uint32_t host)
{
	const struct learn_host *h = &l->hosts[host];
	struct learn_zone z = { .subnet = subnet_of(l, &h->addr) };
	z.role = role_of(h, &z.asset);
	z.outside = z.role == outside;
	z.alone = h->alone ? host + 1 : 0;
	z.known = l->onto ? learn_onto_zone(l, &h->addr) : 0;
	return z;
}

static int compare_zones(const struct learn *l, const struct learn_zone *a,
			 const struct learn_zone *b)
{
	if (a->known != b->known)
		return a->known > b->known ? -1 : 1;
	if (a->known)
		return 0;
	if (a->outside != b->outside)
		return a->outside ? 1 : -1;
	int diff = a->outside ? 0 : compare_addr(&a->subnet.a, &b->subnet.a);
	diff = diff ? diff : strcmp(a->role, b->role);
	if (diff || a->alone == b->alone)
		return diff;
	return a->alone && b->alone
		       ? compare_addr(&l->hosts[a->alone - 1].addr, &l->hosts[b->alone - 1].addr)
		       : (a->alone ? 1 : -1);
}

static int compare_hosts(const void *a, const void *b, void *of)
{
	const struct learn *l = of;
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct learn_zone zx = zone_for(l, x), zy = zone_for(l, y);
	int diff = compare_zones(l, &zx, &zy);
	return diff ? diff : compare_addr(&l->hosts[x].addr, &l->hosts[y].addr);
}

static void make_zones(struct learn *l)
{
	struct learn_plant *p = &l->plant;
	p->hosts = arena_alloc(l->arena, (l->n_hosts + 1) * sizeof(*p->hosts));
	p->zones = arena_alloc(l->arena, (l->n_hosts + 1) * sizeof(*p->zones));
	p->n_zones = 0;
	for (p->n_hosts = 0; p->n_hosts < l->n_hosts; p->n_hosts++)
		p->hosts[p->n_hosts] = (uint32_t)p->n_hosts;
	if (p->n_hosts)
		qsort_r(p->hosts, p->n_hosts, sizeof(*p->hosts), compare_hosts, l);
	for (size_t i = 0; i < p->n_hosts; i++) {
		const struct learn_zone z = zone_for(l, p->hosts[i]);
		if (p->n_zones == 0 || !same_zone(&p->zones[p->n_zones - 1], &z))
			p->zones[p->n_zones++] = z;
		l->hosts[p->hosts[i]].zone = (uint32_t)p->n_zones - 1;
		p->zones[p->n_zones - 1].n_hosts++;
	}
}

/* Within a zone nothing is judged. Returns whether a zone was taken apart. */
static bool part_zones(struct learn *l)
{
	bool parted = false;
	for (size_t i = 0; i < l->n_talks; i++) {
		const struct learn_talk *t = &l->talks[i];
		struct learn_host *c = &l->hosts[t->client], *s = &l->hosts[t->server];
		if (!talk_is_understood(t) || c->zone != s->zone || l->plant.zones[c->zone].known)
			continue;
		parted |= !c->alone || !s->alone;
		c->alone = s->alone = true;
	}
	return parted;
}

/* A zone's network is its subnet where no other zone has addresses of it, and that is admitted. */
static void find_networks(struct learn *l)
{
	struct learn_plant *p = &l->plant;
	for (size_t i = 0; i < p->n_zones; i++) {
		struct learn_zone *z = &p->zones[i];
		z->shared = false;
		for (size_t k = 0; k < l->n_hosts && !z->shared; k++)
			z->shared =
				l->hosts[k].zone != i && prefix_has(&z->subnet, &l->hosts[k].addr);
		z->whole = !z->outside && !z->shared && !l->onto &&
			   (l->o.admitted >> LEARN_SUBNETS & 1);
		for (size_t k = 0; k < l->n_hosts; k++)
			z->whole |= l->hosts[k].zone == i && l->hosts[k].unwritable;
	}
}

/* ---- names ---- */

static bool name_used(const struct learn *l, const char *name, size_t n_zones, size_t n_conduits)
{
	const struct learn_plant *p = &l->plant;
	if (l->onto && learn_onto_uses(l, name))
		return true;
	for (size_t i = 0; i < n_zones; i++)
		if (strcmp(p->zones[i].name, name) == 0)
			return true;
	for (size_t i = 0; i < n_conduits; i++)
		if (strcmp(p->conduits[i].name, name) == 0)
			return true;
	return false;
}

/* out: MODEL_NAME_MAX + 1 bytes; "-2" and so on where the name is used. */
static void choose_name(const struct learn *l, char *out, const char *name, size_t n_zones,
			size_t n_conduits)
{
	snprintf(out, MODEL_NAME_MAX + 1, "%s", name);
	for (unsigned i = 2; name_used(l, out, n_zones, n_conduits); i++)
		snprintf(out, MODEL_NAME_MAX + 1, "%.24s-%u", name, i);
}

/* The octets of the subnet that say something, or of a station's own address. */
static void put_digits(struct sb *b, const struct learn *l, const struct learn_zone *z)
{
	const struct addr *a = z->alone ? &l->hosts[z->alone - 1].addr : &z->subnet.a;
	unsigned octets = z->alone ? 4 : (z->subnet.len + 7u) / 8;
	for (unsigned i = 0; a->family == 4 && i < octets; i++)
		sb_printf(b, "-%u", a->b[i]);
	for (unsigned i = 0; a->family == 6 && i < 16; i += 2)
		if (a->b[i] || a->b[i + 1])
			sb_printf(b, "-%x", (unsigned)a->b[i] << 8 | a->b[i + 1]);
}

static void name_zones(struct learn *l)
{
	struct learn_plant *p = &l->plant;
	for (size_t i = 0; i < p->n_zones; i++) {
		struct learn_zone *z = &p->zones[i];
		char text[80];
		struct sb b = sb_init(text, sizeof(text));
		bool only = true;
		if (z->known) {
			snprintf(z->name, sizeof(z->name), "%s",
				 l->onto->now->zones[z->known].name);
			continue;
		}
		for (size_t k = 0; k < p->n_zones; k++)
			only &= k == i || p->zones[k].role != z->role;
		sb_puts(&b, z->role);
		if (!only)
			put_digits(&b, l, z);
		choose_name(l, z->name, text, i, 0);
	}
}

/* ---- conduits ---- */

static int compare_talks(const void *a, const void *b, void *of)
{
	const struct learn *l = of;
	const struct learn_talk *x = *(struct learn_talk *const *)a,
				*y = *(struct learn_talk *const *)b;
	const long diff[] = {
		(long)l->hosts[x->client].zone - (long)l->hosts[y->client].zone,
		(long)l->hosts[x->server].zone - (long)l->hosts[y->server].zone,
		(x->proto == PROTO_NONE) - (y->proto == PROTO_NONE), /* inspected ones first */
		x->proto - y->proto,
		x->turned - y->turned,
		x->l4 - y->l4,
		x->port - y->port,
	};
	for (size_t i = 0; i < sizeof(diff) / sizeof(diff[0]); i++)
		if (diff[i])
			return diff[i] < 0 ? -1 : 1;
	int by = compare_addr(&l->hosts[x->client].addr, &l->hosts[y->client].addr);
	return by ? by : compare_addr(&l->hosts[x->server].addr, &l->hosts[y->server].addr);
}

/* An inspected flow has all its ports, a plain one is one port. */
static bool same_flow(const struct learn_flow *w, const struct learn_talk *t)
{
	bool same = w->proto == t->proto && w->l4 == t->l4 && w->turned == t->turned;
	return same && (t->proto != PROTO_NONE || w->ports[0] == t->port);
}

static void add_port(struct learn_flow *w, uint16_t port)
{
	if (w->n_ports && w->ports[w->n_ports - 1] == port)
		return;
	if (w->n_ports < sizeof(w->ports) / sizeof(w->ports[0]))
		w->ports[w->n_ports++] = port;
}

static struct learn_flow *flow_for(struct learn *l, struct learn_conduit *c,
				   const struct learn_talk *t)
{
	struct learn_flow *last = c->n_flows ? &c->flows[c->n_flows - 1] : NULL;
	if (last && same_flow(last, t))
		return last;
	c->flows = arena_grow(l->arena, c->flows, c->n_flows, sizeof(*c->flows));
	last = &c->flows[c->n_flows++];
	*last = (struct learn_flow){ .proto = t->proto, .l4 = t->l4, .turned = t->turned };
	return last;
}

/* One that joins these two alone: with what is added to one of several nothing else must open. */
static const struct conduit *known_conduit(const struct learn *l, uint32_t from, uint32_t to)
{
	uint32_t a = l->plant.zones[from].known, b = l->plant.zones[to].known;
	for (size_t i = 0; l->onto && a && b && i < l->onto->now->n_conduits; i++)
		if (l->onto->now->conduits[i].n_legs == 1 &&
		    !l->onto->now->conduits[i].legs[0].part &&
		    model_leg(&l->onto->now->conduits[i], a, b))
			return &l->onto->now->conduits[i];
	return NULL;
}

static struct learn_conduit *conduit_for(struct learn *l, const struct learn_talk *t)
{
	struct learn_plant *p = &l->plant;
	struct learn_conduit *last = p->n_conduits ? &p->conduits[p->n_conduits - 1] : NULL;
	uint32_t from = l->hosts[t->client].zone, to = l->hosts[t->server].zone;
	if (last && last->from == from && last->to == to)
		return last;
	p->conduits = arena_grow(l->arena, p->conduits, p->n_conduits, sizeof(*p->conduits));
	last = &p->conduits[p->n_conduits];
	*last = (struct learn_conduit){ .from = from, .to = to };
	char name[2 * MODEL_NAME_MAX + 8];
	snprintf(name, sizeof(name), "%s-to-%s", p->zones[from].name, p->zones[to].name);
	if (strlen(name) > MODEL_NAME_MAX)
		snprintf(name, sizeof(name), "%s-to-%s", p->zones[from].role, p->zones[to].role);
	choose_name(l, last->name, name, 0, p->n_conduits);
	last->known = known_conduit(l, from, to);
	p->n_conduits++;
	return last;
}

static void make_conduits(struct learn *l)
{
	struct learn_talk **v =
		arena_alloc(l->arena, (l->n_talks + 1) * sizeof(struct learn_talk *));
	size_t n = 0;
	for (size_t i = 0; i < l->n_talks; i++)
		if (l->hosts[l->talks[i].client].zone != l->hosts[l->talks[i].server].zone &&
		    !(l->onto && learn_onto_knows(l, &l->talks[i])))
			v[n++] = &l->talks[i];
	if (n)
		qsort_r(v, n, sizeof(*v), compare_talks, l);
	for (size_t i = 0; i < n; i++) {
		struct learn_flow *w = flow_for(l, conduit_for(l, v[i]), v[i]);
		add_port(w, v[i]->port);
		if (w->n_talks == 0)
			w->talks = &v[i];
		w->n_talks++;
		learn_sight_join(&w->seen, &v[i]->seen);
	}
}

/* ---- what is admitted ---- */

static unsigned count_clients(struct learn_talk *const *talks, size_t n)
{
	unsigned clients = 0; /* those of one flow are not in order of client where ports differ */
	for (size_t i = 0; i < n; i++) {
		bool again = false;
		for (size_t k = 0; k < i && !again; k++)
			again = talks[k]->client == talks[i]->client;
		clients += !again;
	}
	return clients;
}

static void judge_plain(const struct learn *l, const struct learn_conduit *c, struct learn_flow *w)
{
	bool answered = false;
	for (size_t i = 0; i < w->n_talks; i++)
		answered |= w->talks[i]->answered;
	if (!answered)
		w->why |= 1u << LEARN_UNANSWERED;
	else if (w->seen.count < l->o.least)
		w->why |= 1u << LEARN_RARE;
	if (c->stations > 1 && count_clients(w->talks, w->n_talks) == 1)
		w->why |= 1u << LEARN_SINGLE;
	w->why &= (uint16_t)~l->o.admitted;
}

/* One port cannot have the master at either end. */
static bool clashes(const struct learn_conduit *c, const struct learn_flow *w)
{
	for (const struct learn_flow *v = c->flows; v < w; v++)
		if (v->proto == w->proto && v->l4 == w->l4 && w->proto != PROTO_NONE)
			return true;
	return false;
}

static void judge_inspected(struct learn *l, struct learn_flow *w)
{
	uint64_t messages = 0;
	for (size_t i = 0; i < w->n_talks; i++)
		messages += w->talks[i]->messages + w->talks[i]->refused;
	learn_entries(l, w);
	w->empty = messages == 0 && w->admitted.n + w->proposed.n == 0 &&
		   learn_ops_of(w->proto)->least;
	if (w->empty)
		w->why = (1u << LEARN_UNANSWERED) & ~l->o.admitted;
}

/* A conduit's talks lie one behind the other. */
static void judge_conduit(struct learn *l, struct learn_conduit *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_flows; i++)
		n += c->flows[i].n_talks;
	c->stations = count_clients(c->flows[0].talks, n);
	for (size_t i = 0; i < c->n_flows; i++) {
		struct learn_flow *w = &c->flows[i];
		for (size_t k = 0; k < w->n_talks; k++)
			w->talks[k]->flow = w;
		snprintf(w->policy, sizeof(w->policy), "%s", c->name);
		w->clashes = clashes(c, w);
		if (w->proto == PROTO_NONE)
			judge_plain(l, c, w);
		else
			judge_inspected(l, w);
	}
	/* the name of no conduit has such a line in it */
	for (size_t i = 1; i < c->n_flows; i++)
		if (c->flows[i].proto != PROTO_NONE)
			snprintf(c->flows[i].policy, sizeof(c->flows[i].policy), "%.24s_%s",
				 c->name, proto_word(c->flows[i].proto));
}

void learn_plant(struct learn *l)
{
	find_roles(l);
	do
		make_zones(l);
	while (part_zones(l));
	find_networks(l);
	name_zones(l);
	make_conduits(l);
	for (size_t i = 0; i < l->plant.n_conduits; i++)
		judge_conduit(l, &l->plant.conduits[i]);
}
