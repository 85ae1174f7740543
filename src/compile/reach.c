/* SPDX-License-Identifier: MIT
 *
 * The rules over one packet. Registers, keys and the order of octets are those of nf_tables: each
 * value begins at a word of 32 bits, and the rest of its last word is zero. A step that does not
 * match ends its rule (NFT_BREAK), and so does one that asks for what the packet has not.
 */
#include "compile/reach.h"

#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>

enum {
	WORDS = 16,
	WORD = 4,
	DEPTH_MAX = 8,	 /* chains that wait for a return */
	STEPS_MAX = 512, /* rules of one packet: more than there are, so no loop is endless */
	NONE = 0xffff,
};

/* The family of netfilter's hooks, as NFT_META_NFPROTO has it. */
enum { FAMILY_IPV4 = 2, FAMILY_IPV6 = 10 };

/* Elements in the order of their keys. */
struct index_of_set {
	const struct rs_elem **v;
	size_t n, key; /* key: octets */
};

struct reach {
	const struct model *m;
	struct ruleset *rs;
	struct index_of_set *sets;
	uint16_t *next;			 /* of each rule: the next one of its chain */
	uint16_t (*named)[RS_OPS_MAX];	 /* of each step: its set, or the first rule of its chain */
	size_t *conduit_of, *first_flow; /* by flow: its conduit; by conduit: its first flow */
	size_t n_flows;
};

/* One packet on its way through. */
struct way {
	const struct reach *r;
	const struct reach_packet *p;
	struct addr src, dst; /* in its IP header */
	uint8_t l4;
	const char *in, *out;
	uint8_t reg[WORDS * WORD];
	uint32_t mark;
	bool same; /* the interfaces' pair that this packet itself has added */
	char same_in[IFNAMSIZ];
	const struct rs_elem *verdict; /* of the map that was asked last */
	struct reach_answer a;
};

enum step { MATCHES, BREAKS, ENDS };

static size_t type_size(enum rs_type t)
{
	static const size_t sizes[] = {
		[RS_T_NONE] = 0,	  [RS_T_IPV4] = 4,	[RS_T_IPV6] = 16,
		[RS_T_PROTO] = 4,	  [RS_T_PORT] = 4,	[RS_T_MARK] = 4,
		[RS_T_IFNAME] = IFNAMSIZ, [RS_T_DIRECTION] = 4, [RS_T_ETHER] = 8,
	};
	return sizes[t];
}

/* ---- registers ---- */

static bool store(struct way *w, uint8_t to, const void *p, size_t n)
{
	size_t whole = (n + WORD - 1) / WORD * WORD;
	if (to * WORD + whole > sizeof(w->reg))
		return false;
	memset(w->reg + to * WORD, 0, whole);
	memcpy(w->reg + to * WORD, p, n);
	return true;
}

static enum step stored(struct way *w, const struct rs_op *op, const void *p, size_t n)
{
	return store(w, op->to, p, n) ? MATCHES : BREAKS;
}

static uint32_t word_of(const struct way *w, uint8_t reg)
{
	uint32_t v;
	memcpy(&v, w->reg + reg * WORD, sizeof(v));
	return v;
}

static enum step stored32(struct way *w, const struct rs_op *op, uint32_t v)
{
	return stored(w, op, &v, sizeof(v));
}

static enum step stored8(struct way *w, const struct rs_op *op, uint8_t v)
{
	return stored(w, op, &v, sizeof(v));
}

static enum step stored16(struct way *w, const struct rs_op *op, uint16_t v)
{
	const uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };
	return stored(w, op, b, sizeof(b));
}

static enum step stored_name(struct way *w, const struct rs_op *op, const char *name)
{
	char text[IFNAMSIZ] = "";
	size_t n = strlen(name);
	memcpy(text, name, n < IFNAMSIZ ? n : IFNAMSIZ - 1);
	return stored(w, op, text, IFNAMSIZ);
}

/* ---- what is known of the connection, and of the packet ---- */

static enum step ct_addr(struct way *w, const struct rs_op *op, uint8_t family, bool source)
{
	/* of the reply direction the source is the server */
	const struct addr *a = source == (op->dir == 0) ? &w->p->of.client : &w->p->of.server;
	if (a->family != family)
		return BREAKS;
	return stored(w, op, a->b, family == 4 ? 4 : 16);
}

static bool l4_is_icmp(uint8_t l4)
{
	return l4 == IPPROTO_ICMP || l4 == IPPROTO_ICMPV6;
}

uint8_t reach_request(uint8_t family, uint8_t type)
{
	static const uint8_t pairs[][3] = { { 4, 0, 8 },   { 4, 14, 13 },   { 4, 16, 15 },
					    { 4, 18, 17 }, { 6, 129, 128 }, { 6, 140, 139 } };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i][0] == family && pairs[i][1] == type)
			return pairs[i][2];
	return type;
}

/* Of an error nothing but the caller says it. */
static uint8_t request_type(const struct reach_packet *p)
{
	uint8_t family = p->of.client.family;
	if (p->of.request)
		return p->of.request;
	if (p->state == REACH_ERROR)
		return family == 4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	return reach_request(family, p->icmp_type);
}

static enum step step_ct(struct way *w, const struct rs_op *op)
{
	const struct reach_packet *p = w->p;
	static const uint32_t states[] = {
		[REACH_OPENS] = 8, [REACH_CONTINUES] = 2, [REACH_ERROR] = 4
	};
	switch (op->key) {
	case NFT_CT_STATE:
		return stored32(w, op, states[p->state]);
	case NFT_CT_MARK:
		return stored32(w, op, 0);
	case NFT_CT_DIRECTION:
		return stored8(w, op, p->answer);
	case NFT_CT_PROTOCOL:
		return stored8(w, op, p->of.l4);
	case NFT_CT_SRC_IP:
	case NFT_CT_SRC_IP6:
		return ct_addr(w, op, op->key == NFT_CT_SRC_IP ? 4 : 6, true);
	case NFT_CT_DST_IP:
	case NFT_CT_DST_IP6:
		return ct_addr(w, op, op->key == NFT_CT_DST_IP ? 4 : 6, false);
	case NFT_CT_PROTO_SRC:
		return stored16(w, op, op->dir == 0 ? p->of.cport : p->of.sport);
	case NFT_CT_PROTO_DST:
		if (l4_is_icmp(p->of.l4) && op->dir == 0)
			return stored16(w, op, (uint16_t)(p->of.request << 8));
		return stored16(w, op, op->dir == 0 ? p->of.sport : p->of.cport);
	default:
		return BREAKS;
	}
}

static enum step step_meta(struct way *w, const struct rs_op *op)
{
	switch (op->key) {
	case NFT_META_MARK:
		return stored32(w, op, w->mark);
	case NFT_META_IIFNAME:
		return stored_name(w, op, w->in);
	case NFT_META_OIFNAME:
		return stored_name(w, op, w->out);
	case NFT_META_L4PROTO:
		return stored8(w, op, w->l4);
	case NFT_META_NFPROTO:
		return stored8(w, op, w->src.family == 4 ? FAMILY_IPV4 : FAMILY_IPV6);
	default:
		return BREAKS;
	}
}

enum { TCP_FLAG_SYN = 2, TCP_FLAG_ACK = 16, HOPS = 64 };

/* The headers, as far as rules look at them. */
static void network_header(const struct way *w, uint8_t h[40])
{
	bool v4 = w->src.family == 4;
	memset(h, 0, 40);
	h[v4 ? 2 : 4] = (uint8_t)(w->p->length >> 8);
	h[v4 ? 3 : 5] = (uint8_t)w->p->length;
	h[v4 ? 8 : 7] = HOPS;
	memcpy(h + (v4 ? 12 : 8), w->src.b, v4 ? 4 : 16);
	memcpy(h + (v4 ? 16 : 24), w->dst.b, v4 ? 4 : 16);
}

static void transport_header(const struct way *w, uint8_t h[40])
{
	bool opens = w->p->state == REACH_OPENS && !w->p->no_syn;
	memset(h, 0, 40);
	if (w->l4 == IPPROTO_TCP)
		h[13] = opens ? TCP_FLAG_SYN : TCP_FLAG_ACK;
	else
		h[0] = w->p->icmp_type;
}

/* Nobody says which MAC address it has: that of its sender, where the model has it. */
static void sender_mac(const struct way *w, uint8_t h[40])
{
	const struct zone *zn = &w->r->m->zones[w->a.from_zone];
	memset(h, 0, 40);
	for (size_t i = 0; i < zn->n_assets; i++)
		if (addr_eq(&zn->assets[i].addr, &w->src))
			memcpy(h + 6, zn->assets[i].mac, sizeof(zn->assets[i].mac));
}

static enum step step_payload(struct way *w, const struct rs_op *op)
{
	uint8_t h[40];
	if (op->a == 2)
		sender_mac(w, h);
	else if (op->a)
		transport_header(w, h);
	else
		network_header(w, h);
	if (op->key + op->len > sizeof(h))
		return BREAKS;
	return stored(w, op, h + op->key, op->len);
}

/* ---- comparing ---- */

static enum step step_and_xor(struct way *w, const struct rs_op *op)
{
	if (op->len == 1)
		return stored8(w, op, (uint8_t)((w->reg[op->reg * WORD] & op->a) ^ op->b));
	return stored32(w, op, (word_of(w, op->reg) & op->a) ^ op->b);
}

static enum step step_compare(struct way *w, const struct rs_op *op)
{
	bool equal = op->len == 1 ? w->reg[op->reg * WORD] == (uint8_t)op->a
				  : word_of(w, op->reg) == op->a;
	return equal == (op->kind == RS_EQ) ? MATCHES : BREAKS;
}

static enum step step_above(struct way *w, const struct rs_op *op)
{
	const uint8_t *v = w->reg + op->reg * WORD;
	return (uint32_t)(v[0] << 8 | v[1]) > op->a ? MATCHES : BREAKS;
}

/* ---- sets ---- */

/* Of intervals the last that begins at or before the key. */
static const struct rs_elem *find_interval(const struct rs_set *s, const uint8_t *key, size_t n)
{
	size_t lo = 0, hi = s->n_elems;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (memcmp(s->elems[mid].key, key, n) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && !s->elems[lo - 1].end ? &s->elems[lo - 1] : NULL;
}

static const struct rs_elem *find_key(const struct index_of_set *x, const uint8_t *key)
{
	size_t lo = 0, hi = x->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int d = memcmp(x->v[mid]->key, key, x->key);
		if (!d)
			return x->v[mid];
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static const struct rs_elem *find_elem(const struct reach *r, uint16_t set, const uint8_t *key)
{
	const struct index_of_set *x = &r->sets[set];
	if (x->key > RS_KEY_MAX) /* filled by packets alone, so it is empty */
		return NULL;
	return r->rs->sets[set].interval ? find_interval(&r->rs->sets[set], key, x->key)
					 : find_key(x, key);
}

static const struct rs_elem *asked(const struct way *w, const struct rs_op *op, uint16_t set)
{
	return find_elem(w->r, set, w->reg + op->reg * WORD);
}

static enum step step_map(struct way *w, const struct rs_op *op, uint16_t set)
{
	const struct rs_elem *e = asked(w, op, set);
	return e ? stored32(w, op, e->mark) : BREAKS;
}

/* The one set of packets' own making that a rule asks in the same breath: "same-interface". */
static bool added_just_now(const struct way *w, const struct rs_op *op)
{
	return w->same && memcmp(w->reg + op->reg * WORD, w->same_in, IFNAMSIZ) == 0 &&
	       memcmp(w->reg + op->reg * WORD + IFNAMSIZ, w->same_in, IFNAMSIZ) == 0;
}

static enum step step_in(struct way *w, const struct rs_op *op, uint16_t set)
{
	bool pairs = w->r->rs->sets[set].dynamic && w->r->sets[set].key == 2 * IFNAMSIZ;
	bool in = pairs ? added_just_now(w, op) : asked(w, op, set) != NULL;
	return in == (op->kind == RS_IN) ? MATCHES : BREAKS;
}

static enum step step_vmap(struct way *w, const struct rs_op *op, uint16_t set)
{
	w->verdict = asked(w, op, set);
	return w->verdict ? ENDS : BREAKS;
}

static enum step step_add(struct way *w, const struct rs_op *op, uint16_t set)
{
	if (w->r->sets[set].key == 2 * IFNAMSIZ) {
		w->same = true;
		memcpy(w->same_in, w->reg + op->reg * WORD, IFNAMSIZ);
	}
	return MATCHES;
}

/* ---- counters ---- */

static enum step step_counter(struct way *w, const struct rs_op *op)
{
	w->a.counter = op->name;
	return MATCHES;
}

/* The key begins with the flow. */
static enum step step_counter_map(struct way *w, const struct rs_op *op, uint16_t set)
{
	const struct reach *r = w->r;
	const struct rs_elem *e = asked(w, op, set);
	uint32_t id = (word_of(w, op->reg) & ~r->rs->generation_mask) / r->rs->unit;
	if (!e)
		return BREAKS;
	w->a.counter = e->target;
	if (id < RS_FLOW_FIRST || id - RS_FLOW_FIRST >= r->n_flows)
		return BREAKS;
	w->a.conduit = r->conduit_of[id - RS_FLOW_FIRST];
	w->a.flow = (id - RS_FLOW_FIRST - r->first_flow[w->a.conduit]) %
		    r->m->conduits[w->a.conduit].n_flows;
	return MATCHES;
}

/* ---- one step ---- */

static enum step one_step(struct way *w, const struct rs_op *op, uint16_t named)
{
	switch (op->kind) {
	case RS_CT:
		return step_ct(w, op);
	case RS_META:
		return step_meta(w, op);
	case RS_PAYLOAD:
		return step_payload(w, op);
	case RS_AND_XOR:
		return step_and_xor(w, op);
	case RS_EQ:
	case RS_NE:
		return step_compare(w, op);
	case RS_ABOVE:
		return step_above(w, op);
	case RS_MAP:
		return step_map(w, op, named);
	case RS_IN:
	case RS_NOT_IN:
		return step_in(w, op, named);
	case RS_VMAP:
		return step_vmap(w, op, named);
	case RS_COUNTER:
		return step_counter(w, op);
	case RS_COUNTER_MAP:
		return step_counter_map(w, op, named);
	case RS_ADD:
		return step_add(w, op, named);
	case RS_SET_MARK:
		w->mark = word_of(w, op->reg);
		return MATCHES;
	case RS_TO_QUEUE:
	case RS_RESET:
	case RS_VERDICT:
		return ENDS;
	case RS_LIMIT: /* never exceeded */
	case RS_OVER_SHARE:
	case RS_FAST: /* it knows no connection */
		return BREAKS;
	default: /* changes nothing that a rule asks for the same packet */
		return MATCHES;
	}
}

/* ---- rules and chains ---- */

/* The verdict of a rule, in the form of a rule's last step. */
struct ending {
	enum rs_op_kind kind;
	enum rs_verdict verdict;
	uint16_t to; /* first rule of the chain */
};

static uint16_t first_rule(const struct ruleset *rs, const char *chain)
{
	for (size_t i = 0; chain && i < rs->n_rules; i++)
		if (strcmp(rs->rules[i].chain, chain) == 0)
			return (uint16_t)i;
	return NONE;
}

/* False: the rule does not match, or has no verdict. */
static bool run_rule(struct way *w, uint16_t rule, struct ending *end)
{
	const struct rs_rule *r = &w->r->rs->rules[rule];
	for (size_t i = 0; i < RS_OPS_MAX && r->ops[i].kind != RS_END; i++) {
		const struct rs_op *op = &r->ops[i];
		enum step s = one_step(w, op, w->r->named[rule][i]);
		if (s == BREAKS)
			return false;
		if (s == MATCHES)
			continue;
		*end = (struct ending){ op->kind, (enum rs_verdict)op->key, w->r->named[rule][i] };
		if (op->kind == RS_VMAP)
			*end = (struct ending){ RS_VERDICT, w->verdict->verdict,
						first_rule(w->r->rs, w->verdict->target) };
		return true;
	}
	return false;
}

/* From the first rule of the chain with the hook to a verdict; RS_DROP is what the hook does where
 * there is none. */
static struct ending run_rules(struct way *w)
{
	uint16_t waiting[DEPTH_MAX], at = first_rule(w->r->rs, w->r->rs->chains[RS_FORWARD]);
	size_t depth = 0;
	struct ending end;
	for (size_t n = 0; n < STEPS_MAX; n++) {
		if (at == NONE) {
			if (!depth)
				break;
			at = waiting[--depth];
			continue;
		}
		uint16_t next = w->r->next[at];
		if (!run_rule(w, at, &end)) {
			at = next;
			continue;
		}
		if (end.kind != RS_VERDICT || end.verdict == RS_ACCEPT || end.verdict == RS_DROP)
			return end;
		if (end.verdict == RS_JUMP && depth < DEPTH_MAX)
			waiting[depth++] = next;
		at = end.verdict == RS_RETURN ? NONE : end.to;
	}
	return (struct ending){ RS_VERDICT, RS_DROP, NONE };
}

/* ---- a packet ---- */

size_t reach_zone(const struct reach *r, const struct addr *a)
{
	const char *name = a->family == 4 ? "zone4" : "zone6";
	for (size_t i = 0; i < r->rs->n_sets; i++) {
		if (strcmp(r->rs->sets[i].name, name) != 0)
			continue;
		const struct rs_elem *e = find_elem(r, (uint16_t)i, a->b);
		return e ? e->mark : 0;
	}
	return 0;
}

/* An interface by which packets of this zone may go. No interface can have the name of one that no
 * zone names. */
static const char *right_interface(const struct reach *r, size_t zone)
{
	const struct zone *owner = zone ? model_path_owner(r->m, &r->m->zones[zone]) : NULL;
	return owner ? owner->interfaces[0] : ":";
}

static enum reason reason_of_counter(const char *name)
{
	static const struct {
		const char *name;
		enum reason why;
	} all[] = { { "no-conduit", R_NO_CONDUIT },
		    { "invalid", R_NO_CONDUIT },
		    { "unknown-zone", R_UNKNOWN_ZONE },
		    { "wrong-interface", R_SPOOFED },
		    { "wrong-way-out", R_WAY_OUT },
		    { "no-handshake", R_NO_HANDSHAKE },
		    { "reversed-flow", R_REVERSED },
		    { "icmp-error", R_ICMP_ERROR },
		    { "blocked-mark", R_BLOCKED_MARK },
		    { RS_ISOLATED, R_ISOLATED },
		    { RS_WRONG_MAC, R_WRONG_MAC },
#define GATE(symbol, name) { name, R_##symbol },
		    RS_GATES(GATE)
#undef GATE

	};
	for (size_t i = 0; name && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].why;
	return R_NONE;
}

static void begin(struct way *w)
{
	const struct reach_packet *p = w->p;
	const struct addr *near = p->answer ? &p->of.server : &p->of.client;
	bool error = p->state == REACH_ERROR;
	w->src = error && p->router.family ? p->router : *near;
	w->dst = p->answer ? p->of.client : p->of.server;
	w->l4 = p->of.l4;
	if (error || l4_is_icmp(w->l4))
		w->l4 = w->src.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	w->a.from_zone = reach_zone(w->r, &w->src);
	w->a.to_zone = reach_zone(w->r, &w->dst);
	size_t side = error && !w->a.from_zone ? reach_zone(w->r, near) : w->a.from_zone;
	w->in = p->in ? p->in : right_interface(w->r, side);
	w->out = p->out ? p->out : right_interface(w->r, w->a.to_zone);
}

struct reach_answer reach_of(const struct reach *r, const struct reach_packet *p)
{
	struct reach_packet packet = *p;
	struct way w = { .r = r, .p = &packet };
	if (l4_is_icmp(p->of.l4)) {
		packet.of.l4 = p->of.client.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
		packet.of.request = request_type(p);
	}
	begin(&w);
	const struct ending end = run_rules(&w);
	bool inside = w.a.counter && strcmp(w.a.counter, "inside") == 0;
	bool answer = w.a.counter && strcmp(w.a.counter, RS_ANSWERS) == 0;
	enum reason why = answer ? R_NO_CONDUIT : reason_of_counter(w.a.counter);
	w.a.fate = REACH_REFUSED;
	if (end.kind == RS_TO_QUEUE)
		w.a.fate = REACH_INSPECTED;
	else if (end.kind == RS_VERDICT && end.verdict == RS_ACCEPT)
		w.a.fate = inside ? REACH_INSIDE : why == R_NONE ? REACH_PLAIN : REACH_OBSERVED;
	w.a.why = reach_refuses(&w.a) ? why == R_NONE ? R_NO_CONDUIT : why : R_NONE;
	return w.a;
}

/* ---- making one ---- */

static int key_order(const void *x, const void *y)
{
	const struct rs_elem *const *a = x, *const *b = y;
	return memcmp((*a)->key, (*b)->key, RS_KEY_MAX);
}

static bool index_set(const struct rs_set *s, struct index_of_set *x)
{
	for (size_t i = 0; i < RS_TYPES_MAX; i++)
		x->key += type_size(s->types[i]);
	if (s->interval)
		return true;
	x->v = calloc(s->n_elems + 1, sizeof(struct rs_elem *));
	for (; x->v && x->n < s->n_elems; x->n++)
		x->v[x->n] = &s->elems[x->n];
	if (x->n)
		qsort(x->v, x->n, sizeof(*x->v), key_order);
	return x->v != NULL;
}

static uint16_t set_named(const struct ruleset *rs, const char *name)
{
	for (size_t i = 0; i < rs->n_sets; i++)
		if (strcmp(rs->sets[i].name, name) == 0)
			return (uint16_t)i;
	return 0;
}

static void name_steps(struct reach *r, size_t rule)
{
	const struct rs_op *ops = r->rs->rules[rule].ops;
	for (size_t i = 0; i < RS_OPS_MAX && ops[i].kind != RS_END; i++)
		if (ops[i].name)
			r->named[rule][i] = ops[i].kind == RS_VERDICT
						    ? first_rule(r->rs, ops[i].name)
						    : set_named(r->rs, ops[i].name);
	r->next[rule] = NONE;
	for (size_t i = r->rs->n_rules; i-- > rule + 1;)
		if (strcmp(r->rs->rules[i].chain, r->rs->rules[rule].chain) == 0)
			r->next[rule] = (uint16_t)i;
}

static bool number_flows(struct reach *r)
{
	const struct model *m = r->m;
	r->n_flows = model_leg_flows(m);
	r->conduit_of = calloc(r->n_flows + 1, sizeof(size_t));
	r->first_flow = calloc(m->n_conduits + 1, sizeof(size_t));
	if (!r->conduit_of || !r->first_flow)
		return false;
	for (size_t i = 0, n = 0; i < m->n_conduits; i++) {
		r->first_flow[i] = n;
		for (size_t k = 0; k < m->conduits[i].n_legs * m->conduits[i].n_flows; k++)
			r->conduit_of[n++] = i;
	}
	return true;
}

static bool prepare(struct reach *r)
{
	const struct ruleset *rs = r->rs;
	r->sets = calloc(rs->n_sets, sizeof(*r->sets));
	r->next = calloc(rs->n_rules, sizeof(*r->next));
	r->named = calloc(rs->n_rules, sizeof(*r->named));
	if (!r->sets || !r->next || !r->named || !number_flows(r))
		return false;
	for (size_t i = 0; i < rs->n_sets; i++)
		if (!index_set(&rs->sets[i], &r->sets[i]))
			return false;
	for (size_t i = 0; i < rs->n_rules; i++)
		name_steps(r, i);
	return true;
}

struct reach *reach_new(const struct model *m, struct errs *errs)
{
	const struct ruleset_opts o = { .generation = 1, .queues = 1, .fast = -1, .learn = -1 };
	struct reach *r = calloc(1, sizeof(*r));
	if (!r) {
		errs_add(errs, m->path, 0, "out of memory");
		return NULL;
	}
	r->m = m;
	r->rs = ruleset_build(m, &o, errs);
	if (r->rs && prepare(r))
		return r;
	if (r->rs)
		errs_add(errs, m->path, 0, "out of memory");
	reach_free(r);
	return NULL;
}

void reach_free(struct reach *r)
{
	if (!r)
		return;
	for (size_t i = 0; r->sets && i < r->rs->n_sets; i++)
		free(r->sets[i].v);
	free(r->sets);
	free(r->next);
	free(r->named);
	free(r->conduit_of);
	free(r->first_flow);
	ruleset_free(r->rs);
	free(r);
}
