/* SPDX-License-Identifier: MIT
 *
 * What the ruleset has only because of isolated zones, and of conduits with a gate.
 *
 * Elements of their flows have an end, by the kernel's own timeout (rs_elem.until_ns). Sets whose
 * elements may have one are slower to ask than others, and what goes past the rules (in-kernel
 * path, flowtable) knows no such end. So sets can have it only in a model that has such a conduit,
 * and their connections always come to the rules. */
#include "compile/ruleset-rules.h"

#include <stdlib.h>

static const char *const chains[SHUT_WAYS] = {
#define GATE(symbol, name) [SHUT_##symbol] = name,
	RS_GATES(GATE)
#undef GATE
};

const char *ruleset_gate_chain(enum gate_shut shut)
{
	return chains[shut];
}

static bool name_is_of(const char *name, const char *chain)
{
	static const char *const before[] = { RS_AGAIN4, RS_AGAIN6 };
	size_t n = strlen(chain);
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		if (strncmp(name, before[i], strlen(before[i])) == 0)
			return strcmp(name + strlen(before[i]), chain) == 0;
	return strncmp(name, chain, n) == 0 && (!name[n] || !strcmp(name + n, RS_GATE_ENDED));
}

bool ruleset_of_gate(const char *name, unsigned *bit)
{
	*bit = ~0u;
	if (strcmp(name, RS_GATED) == 0)
		return true;
	for (unsigned i = 0; i < SHUT_WAYS; i++)
		if (name_is_of(name, chains[i])) {
			*bit = 1u << i;
			return true;
		}
	return false;
}

bool ruleset_of_isolation(const char *name)
{
	return strcmp(name, RS_ISOLATED) == 0 || strcmp(name, RS_ISOLATED_FIRST) == 0 ||
	       strcmp(name, RS_AGAIN4 RS_ISOLATED) == 0 || strcmp(name, RS_AGAIN6 RS_ISOLATED) == 0;
}

void ruleset_time_sets(struct ruleset *rs)
{
	static const char *const of_flows[] = { "actions", "flow-counters", "permitted",
						"uninspected", "ways" };
	for (size_t i = 0; i < rs->n_sets; i++)
		for (size_t k = 0; k < sizeof(of_flows) / sizeof(of_flows[0]); k++)
			if (strcmp(rs->sets[i].name, of_flows[k]) == 0)
				rs->sets[i].timed = rs->gates;
}

unsigned ruleset_gates(const struct model *m)
{
	unsigned all = 0;
	for (size_t i = 0; i < m->n_conduits; i++) {
		const struct gate *g = &m->conduits[i].gate;
		all |= g->on_grant ? 1u << SHUT_NOT_GRANTED : 0;
		all |= g->n_windows ? 1u << SHUT_OUTSIDE : 0;
		all |= g->expires ? 1u << SHUT_EXPIRED : 0;
	}
	return all;
}

static void add_cut(struct ruleset *rs, struct rs_set *set, const struct conduit *c, size_t a,
		    size_t b)
{
	struct rs_elem *e = ruleset_add(rs, set, c->at, NULL);
	put32(e, 0, a);
	put32(e, 1, b);
}

static int cut_order(const void *x, const void *y)
{
	return memcmp(((const struct rs_elem *)x)->key, ((const struct rs_elem *)y)->key,
		      RS_KEY_MAX);
}

void ruleset_cut(struct ruleset *rs, struct rs_set *set, const struct model *m)
{
	size_t n = 0;
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_legs; k++) {
			const struct leg *g = &m->conduits[i].legs[k];
			if (!g->isolated)
				continue;
			add_cut(rs, set, &m->conduits[i], g->from, g->to);
			add_cut(rs, set, &m->conduits[i], g->to, g->from);
		}
	if (set->n_elems)
		qsort(set->elems, set->n_elems, sizeof(*set->elems), cut_order);
	for (size_t i = 0; i < set->n_elems; i++)
		if (n == 0 || cut_order(&set->elems[n - 1], &set->elems[i]) != 0)
			set->elems[n++] = set->elems[i];
	set->n_elems = n;
}
