/* SPDX-License-Identifier: MIT
 * Model -> the sets, maps and counters of the ruleset. See ruleset-rules.c for
 * what they are for. */
#include "compile/ruleset.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "compile/ruleset-rules.h"

enum { REFUSED_MS = 60 * 1000, REFUSED_MAX = 16384 }; /* the log's memory of refused flows */
/* sources and interfaces that have shares */
enum { SHARES_MS = 60 * 1000, SHARES_MAX = 16384, SHARES_IN_MAX = 1024 };

/* Then a connection is classified again, by its next packet; and so it is for every packet while
 * there is no room. */
enum { KNOWN_MS = 300 * 1000, KNOWN_MAX = 65536 };

/* Time-out and number of the blocked connections. Later packets of a forgotten one are refused as
 * well, and recorded again. */
enum { BLOCKED_MS = 3600 * 1000, BLOCKED_MAX = 16384 };

/* interfaces that no zone names; by more nothing is inside a zone */
enum { SAME_MAX = 4096 };

enum set_index {
	ZONE4,
	ZONE6,
	BOUND4, /* these four only where some asset is bound */
	BOUND6,
	MACS4,
	MACS6,
	END4, /* only where some conduit names an asset */
	END6,
	PORT_RANGES, /* only where some flow has one */
	PATHS,
	CLAIMED,
	ROAMING,
	INSIDE,
	ROAMING_INSIDE,
	SAME_INTERFACE,
	CUT, /* only where the site is watched, and some zone isolated */
	CONDUITS,
	CONDUITS_ICMP,
	CONDUITS_PROTOCOL, /* only where some flow has one */
	ACTIONS,
	GATED, /* only where some conduit has a gate */
	COUNTERS,
	PERMITTED,
	FLOW_ZONES,
	UNINSPECTED,
	REVERSED,
	WAYS,
	WAYS_INSIDE,
	KNOWN4,
	KNOWN6,
	BLOCKED4,
	BLOCKED6,
	REFUSED4,
	REFUSED6,
#define AGAIN(symbol, why, ...) symbol##_AGAIN4, symbol##_AGAIN6,
	RS_AGAIN_REASONS(AGAIN)
#undef AGAIN
		LOG_SHARE4,
	LOG_SHARE6,
	LOG_SHARE_IN,
	ERROR_SHARE4,
	ERROR_SHARE6,
	ERROR_SHARE_IN,
	BLOCKED_TAP4, /* only where a tap is reactive */
	BLOCKED_TAP6,
	SETS
};

/* clang-format off */
static const struct rs_set set_table[SETS] = {
	[ZONE4] = { .name = "zone4", .types = { RS_T_IPV4 }, .data = RS_D_MARK, .interval = true },
	[ZONE6] = { .name = "zone6", .types = { RS_T_IPV6 }, .data = RS_D_MARK, .interval = true },
	[BOUND4] = { .name = "bound4", .types = { RS_T_IPV4 } },
	[BOUND6] = { .name = "bound6", .types = { RS_T_IPV6 } },
	[MACS4] = { .name = "macs4", .types = { RS_T_IPV4, RS_T_ETHER } },
	[MACS6] = { .name = "macs6", .types = { RS_T_IPV6, RS_T_ETHER } },
	[END4] = { .name = "end4", .types = { RS_T_IPV4 }, .data = RS_D_MARK },
	[END6] = { .name = "end6", .types = { RS_T_IPV6 }, .data = RS_D_MARK },
	[PORT_RANGES] = { .name = "port-ranges", .types = { RS_T_PORT }, .data = RS_D_MARK, .interval = true },
	[PATHS] = { .name = "paths", .types = { RS_T_IFNAME, RS_T_MARK } },
	[CLAIMED] = { .name = "claimed", .types = { RS_T_IFNAME } },
	[ROAMING] = { .name = "roaming", .types = { RS_T_MARK } },
	[INSIDE] = { .name = "inside", .types = { RS_T_MARK, RS_T_MARK }, .data = RS_D_MARK },
	[ROAMING_INSIDE] = { .name = "roaming-inside", .types = { RS_T_MARK, RS_T_MARK } },
	[SAME_INTERFACE] = { .name = "same-interface", .types = { RS_T_IFNAME, RS_T_IFNAME },
			     .dynamic = true, .timeout_ms = KNOWN_MS, .size = SAME_MAX },
	[CUT] = { .name = RS_CUT, .types = { RS_T_MARK, RS_T_MARK } },
	[CONDUITS] = { .name = "conduits", .types = { RS_T_MARK, RS_T_MARK, RS_T_PROTO, RS_T_PORT },
		       .data = RS_D_MARK },
	[CONDUITS_ICMP] = { .name = "conduits-icmp", .types = { RS_T_MARK, RS_T_MARK, RS_T_PROTO, RS_T_PORT }, .data = RS_D_MARK },
	[CONDUITS_PROTOCOL] = { .name = "conduits-protocol", .types = { RS_T_MARK, RS_T_MARK, RS_T_PROTO }, .data = RS_D_MARK },
	[ACTIONS] = { .name = "actions", .types = { RS_T_MARK }, .data = RS_D_VERDICT },
	[GATED] = { .name = RS_GATED, .types = { RS_T_MARK }, .data = RS_D_VERDICT },
	[COUNTERS] = { .name = "flow-counters", .types = { RS_T_MARK }, .data = RS_D_COUNTER },
	[PERMITTED] = { .name = "permitted", .types = { RS_T_MARK } },
	[FLOW_ZONES] = { .name = "flow-zones", .types = { RS_T_MARK, RS_T_MARK } },
	[UNINSPECTED] = { .name = "uninspected", .types = { RS_T_MARK } },
	[REVERSED] = { .name = "reversed", .types = { RS_T_MARK, RS_T_MARK, RS_T_PROTO, RS_T_PORT, RS_T_PORT } },
	[WAYS] = { .name = "ways", .types = { RS_T_MARK, RS_T_DIRECTION, RS_T_IFNAME, RS_T_IFNAME },
		   .data = RS_D_COUNTER },
	[WAYS_INSIDE] = { .name = "ways-inside", .types = { RS_T_MARK, RS_T_IFNAME, RS_T_IFNAME } },
	[KNOWN4] = { .name = "known4", .types = { RS_T_IPV4, RS_T_IPV4, RS_T_PROTO, RS_T_PORT, RS_T_PORT },
		     .data = RS_D_MARK, .dynamic = true, .timeout_ms = KNOWN_MS, .size = KNOWN_MAX },
	[KNOWN6] = { .name = "known6", .types = { RS_T_IPV6, RS_T_IPV6, RS_T_PROTO, RS_T_PORT, RS_T_PORT },
		     .data = RS_D_MARK, .dynamic = true, .timeout_ms = KNOWN_MS, .size = KNOWN_MAX },
	[BLOCKED4] = { .name = "blocked4", .types = { RS_T_IPV4, RS_T_IPV4, RS_T_PROTO, RS_T_PORT, RS_T_PORT },
		       .dynamic = true, .timeout_ms = BLOCKED_MS, .size = BLOCKED_MAX },
	[BLOCKED6] = { .name = "blocked6", .types = { RS_T_IPV6, RS_T_IPV6, RS_T_PROTO, RS_T_PORT, RS_T_PORT },
		       .dynamic = true, .timeout_ms = BLOCKED_MS, .size = BLOCKED_MAX },
	[REFUSED4] = { .name = "refused4", .types = { RS_T_IFNAME, RS_T_IPV4, RS_T_IPV4, RS_T_PROTO, RS_T_PORT },
		       .dynamic = true, .timeout_ms = REFUSED_MS, .size = REFUSED_MAX },
	/* more than RS_KEY_MAX bytes of key: only ever filled by packets */
	[REFUSED6] = { .name = "refused6", .types = { RS_T_IFNAME, RS_T_IPV6, RS_T_IPV6, RS_T_PROTO, RS_T_PORT },
		       .dynamic = true, .timeout_ms = REFUSED_MS, .size = REFUSED_MAX },
#define AGAIN4(why, ...) { .name = RS_AGAIN4 why, .types = { RS_T_IFNAME, RS_T_IPV4, RS_T_IPV4, __VA_ARGS__ }, \
		.dynamic = true, .timeout_ms = REFUSED_MS, .size = REFUSED_MAX }
#define AGAIN6(why, ...) { .name = RS_AGAIN6 why, .types = { RS_T_IFNAME, RS_T_IPV6, RS_T_IPV6, __VA_ARGS__ }, \
		.dynamic = true, .timeout_ms = REFUSED_MS, .size = REFUSED_MAX }
#define AGAIN(symbol, why, ...) \
	[symbol##_AGAIN4] = AGAIN4(why, __VA_ARGS__), [symbol##_AGAIN6] = AGAIN6(why, __VA_ARGS__),
	RS_AGAIN_REASONS(AGAIN)
#undef AGAIN
#define SHARES(set, n, ...) { .name = (set), .types = { RS_T_IFNAME, __VA_ARGS__ }, .dynamic = true, .timeout_ms = SHARES_MS, .size = (n) }
	[LOG_SHARE4] = SHARES("log-share4", SHARES_MAX, RS_T_IPV4),
	[LOG_SHARE6] = SHARES("log-share6", SHARES_MAX, RS_T_IPV6),
	[LOG_SHARE_IN] = SHARES("log-share-in", SHARES_IN_MAX, RS_T_NONE),
	[ERROR_SHARE4] = SHARES("error-share4", SHARES_MAX, RS_T_IPV4),
	[ERROR_SHARE6] = SHARES("error-share6", SHARES_MAX, RS_T_IPV6),
	[ERROR_SHARE_IN] = SHARES("error-share-in", SHARES_IN_MAX, RS_T_NONE),
#undef SHARES
	[BLOCKED_TAP4] = { .name = RS_BLOCKED_TAP4, .types = { RS_T_IPV4, RS_T_IPV4, RS_T_PROTO, RS_T_PORT, RS_T_PORT },
			   .dynamic = true, .timeout_ms = RS_BLOCKED_TAP_MS, .size = RS_BLOCKED_TAP_MAX },
	[BLOCKED_TAP6] = { .name = RS_BLOCKED_TAP6, .types = { RS_T_IPV6, RS_T_IPV6, RS_T_PROTO, RS_T_PORT, RS_T_PORT },
			   .dynamic = true, .timeout_ms = RS_BLOCKED_TAP_MS, .size = RS_BLOCKED_TAP_MAX },
};
/* clang-format on */

/* clang-format off */
static const char *const chain_table[] = {
	[RS_FORWARD] = "forward", [RS_EARLY] = "before-tracking",
	"source", "destination", "inside-roaming", "known-flow", "errors", "router-errors", "error-kinds", "error-room", "classify", "inspect-closed", "inspect-open",
	"bound", RS_WRONG_MAC, "assets", "asset-errors", "asset-router-errors", "to-flowtable", RS_ISOLATED, RS_ISOLATED_FIRST,
	"asked", "marked", "blocked", "no-conduit", "unknown-zone", "wrong-interface", "wrong-way-out", "no-handshake", "reversed-flow",
	"icmp-error", "blocked-mark", "first-packet",
#define GATE(symbol, name) name, name RS_GATE_ENDED,
	RS_GATES(GATE)
#undef GATE
	"fast-closed", "fast-open",	/* LATE_CHAINS: only where the program is not asked first */
};
/* clang-format on */

enum { LATE_CHAINS = 2, LATE_COUNTERS = 1 };

static const char *const counter_table[] = {
	"inside",
	"invalid",
	"blocked",
	"no-conduit",
	"unknown-zone",
	"wrong-interface",
	"wrong-way-out",
	"no-handshake",
	"reversed-flow",
	"icmp-error",
	"blocked-mark",
	RS_WRONG_MAC,
	RS_ISOLATED,
#define GATE(symbol, name) name,
	RS_GATES(GATE)
#undef GATE
		RS_ANSWERS, /* LATE_COUNTERS: only where the whole site
					      is watched */
};

struct rs_elem *ruleset_add(struct ruleset *rs, struct rs_set *s, struct where at,
			    const char *comment)
{
	s->elems = arena_grow(rs->arena, s->elems, s->n_elems, sizeof(*s->elems));
	struct rs_elem *e = &s->elems[s->n_elems++];
	*e = (struct rs_elem){ .at = at, .comment = comment };
	return e;
}

static struct rs_elem *add_element(struct ruleset *rs, enum set_index i, struct where at,
				   const char *comment)
{
	return ruleset_add(rs, &rs->sets[i], at, comment);
}

static char *text2(struct ruleset *rs, const char *a, const char *b)
{
	size_t n = strlen(a), k = strlen(b);
	char *s = arena_alloc(rs->arena, n + k + 1);
	memcpy(s, a, n);
	memcpy(s + n, b, k);
	return s;
}

/* ---- zones ---- */

static void put_ifname(struct rs_elem *e, size_t word, const char *name)
{
	size_t n = strlen(name);
	memcpy(e->key + 4 * word, name, n < IFNAMSIZ ? n : IFNAMSIZ - 1);
}

static void add_path(struct ruleset *rs, const struct zone *owner, size_t i, size_t zone,
		     const char *comment)
{
	struct rs_elem *e = add_element(rs, PATHS, owner->at, comment);
	put_ifname(e, 0, owner->interfaces[i]);
	put32(e, IFNAMSIZ / 4, zone);
}

static bool names(const struct zone *zn, const char *ifname)
{
	for (size_t i = 0; i < zn->n_interfaces; i++)
		if (!strcmp(zn->interfaces[i], ifname))
			return true;
	return false;
}

bool ruleset_way_ok(const struct model *m, size_t zone, const char *ifname)
{
	if (zone == 0 || zone >= m->n_zones)
		return false;
	const struct zone *owner = model_path_owner(m, &m->zones[zone]);
	if (owner && names(owner, ifname))
		return true;
	bool claimed = false;
	for (size_t z = 1; z < m->n_zones && !claimed; z++)
		claimed = names(&m->zones[z], ifname);
	return !claimed && !owner;
}

static void add_interfaces(struct ruleset *rs, const struct model *m)
{
	for (size_t z = 1; z < m->n_zones; z++) {
		const struct zone *zn = &m->zones[z], *owner = model_path_owner(m, zn);
		for (size_t i = 0; i < zn->n_interfaces; i++)
			put_ifname(add_element(rs, CLAIMED, zn->at, zn->name), 0,
				   zn->interfaces[i]);
		for (size_t i = 0; owner && i < owner->n_interfaces; i++)
			add_path(rs, owner, i, z, zn->name);
		if (!owner)
			put32(add_element(rs, ROAMING, zn->at, zn->name), 0, z);
	}
}

/* ---- conduits ---- */

uint32_t ruleset_flow_mark(const struct ruleset *rs, uint32_t id)
{
	return rs->generation | id * rs->unit;
}

/* A flow on a leg of its conduit, which has a number of its own. */
struct leg_flow {
	const struct conduit *c;
	const struct leg *leg;
	const struct flow *f;
	uint32_t mark;
};

/* Its element of a set of flows: of a conduit with a gate it ends when that closes. */
static struct rs_elem *add_of_flow(struct ruleset *rs, const struct leg_flow *x, enum set_index set,
				   const char *comment)
{
	struct rs_elem *e = add_element(rs, set, x->f->at, comment);
	put32(e, 0, x->mark);
	e->until_ns = model_has_gate(x->c) ? x->c->open_until_ns : 0;
	return e;
}

/* The same, of one that is refused by this chain, whatever the time. */
static void add_refused(struct ruleset *rs, const struct leg_flow *x, enum set_index set,
			const char *chain)
{
	struct rs_elem *e = add_of_flow(rs, x, set, x->c->name);
	e->until_ns = 0;
	e->verdict = RS_GOTO;
	e->target = chain;
}

/* Between one pair of its ends. */
static struct rs_elem *add_permitted(struct ruleset *rs, const struct leg_flow *x,
				     const struct end_pair *ends, enum set_index set, uint8_t l4)
{
	struct rs_elem *e = add_element(rs, set, x->f->at, x->c->name);
	put32(e, 0, ends->from);
	put32(e, 1, ends->to);
	e->mark = x->mark;
	e->key[8] = l4;
	return e;
}

/* A type of ICMP's requests, with code 0; a protocol without ports. */
static void add_kind(struct ruleset *rs, const struct leg_flow *x, const struct end_pair *ends,
		     const struct ip_kind *k)
{
	bool icmp = x->f->l4 == IPPROTO_ICMP;
	struct rs_elem *e =
		add_permitted(rs, x, ends, icmp ? CONDUITS_ICMP : CONDUITS_PROTOCOL, k->l4);
	e->key[12] = icmp ? k->type : 0;
}

/* Is there room for the ways between all interfaces of these two? Zones that name no interface have
 * none. */
static bool has_ways(const struct ruleset *rs, enum set_index i, const struct zone *a,
		     const struct zone *b, size_t each)
{
	return a && b &&
	       rs->sets[i].n_elems + each * a->n_interfaces * b->n_interfaces <= RS_WAYS_MAX;
}

static void add_way(struct ruleset *rs, const struct leg_flow *x, uint8_t direction, const char *in,
		    const char *out)
{
	struct rs_elem *e = add_of_flow(rs, x, WAYS, NULL);
	e->key[4] = direction;
	e->target = rs->counters[rs->n_counters - 1];
	put_ifname(e, 2, in);
	put_ifname(e, 2 + IFNAMSIZ / 4, out);
}

/* Between which interfaces its packets go. All of them or none. */
static void add_ways(struct ruleset *rs, const struct model *m, const struct leg_flow *x)
{
	const struct zone *from = model_path_owner(m, &m->zones[x->leg->from]),
			  *to = model_path_owner(m, &m->zones[x->leg->to]);
	if (!has_ways(rs, WAYS, from, to, 2))
		return;
	for (size_t i = 0; i < from->n_interfaces; i++)
		for (size_t k = 0; k < to->n_interfaces; k++) {
			add_way(rs, x, 0, from->interfaces[i], to->interfaces[k]);
			add_way(rs, x, 1, to->interfaces[k], from->interfaces[i]);
		}
}

bool ruleset_wants_offload(const struct conduit *c, const struct flow *f)
{
	return c->offload && !model_has_gate(c) && f->proto == PROTO_NONE &&
	       model_flow_has_ports(f);
}

static void add_flow_zone(struct ruleset *rs, const struct flow *f, uint32_t mark, size_t zone)
{
	struct rs_elem *e = add_element(rs, FLOW_ZONES, f->at, NULL);
	put32(e, 0, mark);
	put32(e, 1, zone);
}

static void add_between(struct ruleset *rs, const struct leg_flow *x, const struct end_pair *ends)
{
	const struct flow *f = x->f;
	for (size_t i = 0; i < f->n_kinds; i++)
		add_kind(rs, x, ends, &f->kinds[i]);
	for (size_t i = 0; i < f->n_ports; i++) {
		const struct port_range *r = &f->ports[i];
		for (uint32_t p = ruleset_port_next(rs, r, r->lo); p;
		     p = ruleset_port_next(rs, r, p + 1))
			ruleset_put_port(rs, add_permitted(rs, x, ends, CONDUITS, f->l4), 3, p);
	}
}

static void add_flow(struct ruleset *rs, const struct leg_flow *x)
{
	const struct conduit *c = x->c;
	const struct flow *f = x->f;
	bool gate = model_has_gate(c); /* what goes fast would outlive its opening */
	bool fast = f->proto != PROTO_NONE && f->l4 == IPPROTO_TCP && rs->fast >= 0 &&
		    !rs->fast_first && !gate;
	bool open = rs->observes || c->fail == FAIL_OPEN;
	for (size_t i = 0; i < model_leg_pairs(x->leg); i++) {
		const struct end_pair ends = model_leg_pair(x->leg, i);
		if (rs->sets[CONDUITS].n_elems <= RS_CONDUITS_MAX)
			add_between(rs, x, &ends);
	}
	if (x->leg->isolated) { /* no other map has it: it is known, and refused */
		add_refused(rs, x, ACTIONS, RS_ISOLATED);
		return;
	}
	if (gate)
		add_refused(rs, x, GATED, ruleset_gate_chain(c->shut));
	if (model_is_shut(c))
		return;
	struct rs_elem *e = add_of_flow(rs, x, ACTIONS, c->name);
	bool offload = ruleset_wants_offload(c, f);
	e->verdict = f->proto == PROTO_NONE && !offload ? RS_ACCEPT : RS_GOTO;
	if (offload)
		e->target = "to-flowtable";
	if (f->proto != PROTO_NONE)
		e->target = fast   ? (open ? "fast-open" : "fast-closed")
			    : open ? "inspect-open"
				   : "inspect-closed";
	add_of_flow(rs, x, COUNTERS, NULL)->target = rs->counters[rs->n_counters - 1];
	add_of_flow(rs, x, PERMITTED, NULL);
	add_flow_zone(rs, f, x->mark, x->leg->from);
	add_flow_zone(rs, f, x->mark, x->leg->to);
	if (f->proto == PROTO_NONE && f->l4 == IPPROTO_TCP)
		add_of_flow(rs, x, UNINSPECTED, NULL);
}

static void add_counter(struct ruleset *rs, const char *name, struct where at)
{
	rs->counters = arena_grow(rs->arena, rs->counters, rs->n_counters, sizeof(*rs->counters));
	rs->counters_at =
		arena_grow(rs->arena, rs->counters_at, rs->n_counters, sizeof(*rs->counters_at));
	rs->counters[rs->n_counters] = name;
	rs->counters_at[rs->n_counters++] = at;
}

/* The largest flow id. */
static uint32_t last_id(const struct ruleset *rs)
{
	return (rs->mark_mask & ~rs->generation_mask) / rs->unit;
}

/* False: there are too many elements. */
static bool add_leg(struct ruleset *rs, const struct model *m, struct leg_flow *x,
		    struct errs *errs)
{
	for (size_t k = 0; k < x->c->n_flows; k++) {
		x->f = &x->c->flows[k];
		add_flow(rs, x);
		if (rs->sets[CONDUITS].n_elems > RS_CONDUITS_MAX) {
			errs_add(errs, x->f->at.file, x->f->at.line,
				 "with this flow the conduits need more than %d elements of "
				 "the ruleset; write fewer ports and ranges, which are cut "
				 "where others begin and end, or fewer ends",
				 RS_CONDUITS_MAX);
			return false;
		}
		if (!x->leg->isolated && !model_is_shut(x->c))
			add_ways(rs, m, x);
		x->mark += rs->unit;
	}
	return true;
}

static void add_conduits(struct ruleset *rs, const struct model *m, struct errs *errs)
{
	size_t left = last_id(rs) - RS_FLOW_FIRST + 1;
	struct leg_flow x = { .mark = ruleset_flow_mark(rs, RS_FLOW_FIRST) };
	for (size_t i = 0; i < m->n_conduits; i++) {
		x.c = &m->conduits[i];
		add_counter(rs, text2(rs, "conduit-", x.c->name), x.c->at);
		for (size_t k = 0; k < x.c->n_legs; k++) {
			x.leg = &x.c->legs[k];
			if (x.c->n_flows > left) {
				errs_add(errs, x.c->at.file, x.c->at.line,
					 "more flows than mark_mask 0x%08x can number (%u); write "
					 "a mask with more bits",
					 rs->mark_mask, last_id(rs) - RS_FLOW_FIRST + 1);
				return;
			}
			if (!add_leg(rs, m, &x, errs))
				return;
			left -= x.c->n_flows;
		}
	}
}

/* Mark of the flow for traffic routed inside a zone. Its id follows those of the model's n flows.
 * 0: there is no id left. */
uint32_t ruleset_inside_mark(const struct ruleset *rs, size_t n, size_t zone)
{
	size_t id = RS_FLOW_FIRST + n + zone - 1;
	return id <= last_id(rs) ? ruleset_flow_mark(rs, (uint32_t)id) : 0;
}

static void add_way_inside(struct ruleset *rs, const struct zone *zn, uint32_t mark, const char *in,
			   const char *out)
{
	struct rs_elem *e = add_element(rs, WAYS_INSIDE, zn->at, NULL);
	put32(e, 0, mark);
	put_ifname(e, 1, in);
	put_ifname(e, 1 + IFNAMSIZ / 4, out);
}

/* Add the flows inside zones. No other map has them, so they permit only packets between the
 * interfaces of their zone. */
static void add_insides(struct ruleset *rs, const struct model *m)
{
	size_t n = model_leg_flows(m);
	for (size_t z = 1; z < m->n_zones; z++) {
		const struct zone *zn = &m->zones[z], *owner = model_path_owner(m, zn);
		if (!owner) {
			struct rs_elem *r = add_element(rs, ROAMING_INSIDE, zn->at, zn->name);
			put32(r, 0, z);
			put32(r, 1, z);
			continue;
		}
		uint32_t mark = ruleset_inside_mark(rs, n, z);
		bool ways = mark && has_ways(rs, WAYS_INSIDE, owner, owner, 1);
		struct rs_elem *e = add_element(rs, INSIDE, zn->at, zn->name);
		put32(e, 0, z);
		put32(e, 1, z);
		e->mark = mark;
		for (size_t i = 0; ways && i < owner->n_interfaces; i++)
			for (size_t k = 0; k < owner->n_interfaces; k++)
				add_way_inside(rs, zn, mark, owner->interfaces[i],
					       owner->interfaces[k]);
	}
}

static int elem_cmp(const void *x, const void *y)
{
	const struct rs_elem *const *a = x, *const *b = y;
	int d = memcmp((*a)->key, (*b)->key, RS_KEY_MAX);
	return d ? d : (*a > *b) - (*a < *b);
}

/* Two flows with one key would be a quarrel about who judges; the later loses. */
static void check_unique(struct ruleset *rs, enum set_index i, struct errs *errs)
{
	const struct rs_set *s = &rs->sets[i];
	const struct rs_elem **v = arena_alloc(rs->arena, (s->n_elems + 1) * sizeof(*v));
	for (size_t k = 0; k < s->n_elems; k++)
		v[k] = &s->elems[k];
	qsort(v, s->n_elems, sizeof(*v), elem_cmp);
	for (size_t k = 1; k < s->n_elems; k++)
		if (!memcmp(v[k - 1]->key, v[k]->key, RS_KEY_MAX))
			errs_add(errs, v[k]->at.file, v[k]->at.line,
				 "conduit \"%s\": the same zones and service as in conduit \"%s\" "
				 "(line %u); keep one",
				 v[k]->comment, v[k - 1]->comment, v[k - 1]->at.line);
}

/* ---- the whole ---- */

static void check_mask(const struct model *m, struct errs *errs)
{
	uint32_t mask = m->daemon.mark_mask, unit = mask & -mask;
	if (!mask || ((mask + unit) & mask) || mask / unit < 0xff)
		errs_add(errs, m->path, 0,
			 "mark_mask 0x%08x must be at least 8 bits without a gap; write 0xffff0000",
			 mask);
}

void ruleset_layout(struct ruleset *rs, const struct model *m, uint32_t generation)
{
	uint32_t mask = m->daemon.mark_mask, unit = mask & -mask;
	uint32_t ids = mask / unit >> 2; /* the largest flow id */
	rs->mark_mask = mask;
	rs->unit = unit;
	rs->generation_mask = mask & ~(ids * unit);
	rs->generation = (generation & 3) * (ids + 1) * unit;
}

/* Chains, counters and sets that are there only where some connection may be refused so. */
static bool is_used(const struct ruleset *rs, const char *name)
{
	unsigned bit;
	if (ruleset_of_isolation(name))
		return rs->isolates;
	if (ruleset_of_bound(name))
		return rs->binds;
	if (ruleset_of_assets(name))
		return rs->assets;
	return !ruleset_of_gate(name, &bit) || (rs->gates & bit);
}

static void add_chains(struct ruleset *rs)
{
	size_t n = sizeof(chain_table) / sizeof(chain_table[0]);
	if (rs->fast < 0 || rs->fast_first)
		n -= LATE_CHAINS;
	rs->chains = arena_alloc(rs->arena, sizeof(chain_table));
	for (size_t i = 0; i < n; i++)
		if (is_used(rs, chain_table[i]))
			rs->chains[rs->n_chains++] = chain_table[i];
}

/* The sets that no rule of this ruleset asks. */
static void remove_sets(struct ruleset *rs)
{
	size_t n = 0;
	for (size_t i = 0; i < rs->n_sets; i++) {
		bool tap = i == BLOCKED_TAP4 || i == BLOCKED_TAP6;
		if ((tap && !rs->taps) || (i == PORT_RANGES && !rs->port_ranges) ||
		    ((i == END4 || i == END6) && !rs->assets) ||
		    (i >= BOUND4 && i <= MACS6 && !rs->binds) ||
		    (i == CUT && !(rs->observes && rs->isolates)) ||
		    (i == CONDUITS_PROTOCOL && !rs->protocols) || !is_used(rs, rs->sets[i].name))
			continue;
		rs->sets[n++] = rs->sets[i];
	}
	rs->n_sets = n;
}

struct ruleset *ruleset_build(const struct model *m, const struct ruleset_opts *o,
			      struct errs *errs)
{
	size_t before = errs->total;
	struct arena *a = arena_new();
	if (!a) {
		errs_add(errs, m->path, 0, "out of memory");
		return NULL;
	}
	struct ruleset *rs = arena_alloc(a, sizeof(*rs));
	*rs = (struct ruleset){ .arena = a,
				.at = { m->path, 0 },
				.queue_base = m->daemon.queue_base,
				.queues = o->queues ? o->queues : 1,
				.backend = o->queue_backend,
				.fast = o->fast,
				.fast_first = o->fast >= 0 && o->fast_first,
				.learn = o->learn,
				.offload = o->offload && model_offloads(m),
				.lock = o->lock,
				.observes = m->mode == MODE_OBSERVE,
				.helper = o->helper };
	rs->isolates = ruleset_has_isolated(m);
	rs->gates = ruleset_gates(m);
	rs->assets = m->n_classes != 0;
	rs->binds = model_binds(m);
	add_chains(rs);
	for (size_t i = 0; i < m->n_taps; i++)
		rs->taps |= m->taps[i].reactive;
	rs->port_ranges = ruleset_has_ranges(m);
	rs->protocols = ruleset_has_protocols(m);
	rs->n_sets = SETS;
	rs->sets = arena_alloc(a, sizeof(set_table));
	memcpy(rs->sets, set_table, sizeof(set_table));
	ruleset_time_sets(rs);
	if (rs->port_ranges)
		rs->sets[CONDUITS].types[3] = rs->sets[REVERSED].types[4] = RS_T_MARK;
	size_t n_counters = sizeof(counter_table) / sizeof(counter_table[0]);
	if (!rs->observes)
		n_counters -= LATE_COUNTERS;
	for (size_t i = 0; i < n_counters; i++)
		if (is_used(rs, counter_table[i]))
			add_counter(rs, counter_table[i], rs->at);
	check_mask(m, errs);
	if (errs->total == before) {
		ruleset_layout(rs, m, o->generation);
		rs->blocked_mark = o->blocked_mark & rs->mark_mask ? o->blocked_mark & rs->mark_mask
								   : rs->unit;
		rs->asked_mark = o->asked_mark ? o->asked_mark : rs->unit;
		if (rs->offload)
			rs->n_devices = model_offload_interfaces(m, rs->devices);
		for (size_t z = 1; z < m->n_zones; z++)
			rs->roaming |= !model_path_owner(m, &m->zones[z]);
		ruleset_rules(rs, m);
		ruleset_networks(rs, &rs->sets[ZONE4], &rs->sets[ZONE6], m);
		ruleset_bound(rs, &rs->sets[BOUND4], m);
		ruleset_asset_ends(rs, &rs->sets[END4], &rs->sets[END6], m);
		if (rs->port_ranges)
			ruleset_ports(rs, &rs->sets[PORT_RANGES], m);
		ruleset_cut(rs, &rs->sets[CUT], m);
		add_interfaces(rs, m);
		add_conduits(rs, m, errs);
		add_insides(rs, m);
		ruleset_reversed(rs, &rs->sets[REVERSED], m, errs);
		check_unique(rs, CONDUITS, errs);
		check_unique(rs, CONDUITS_ICMP, errs);
		check_unique(rs, CONDUITS_PROTOCOL, errs);
		remove_sets(rs);
	}
	if (errs->total == before)
		return rs;
	ruleset_free(rs);
	return NULL;
}

void ruleset_free(struct ruleset *rs)
{
	if (rs)
		arena_free(rs->arena); /* rs lives in it too */
}
