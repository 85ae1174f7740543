/* SPDX-License-Identifier: MIT
 * Shared by the files ruleset*.c only. */
#ifndef ZONED_COMPILE_RULESET_RULES_H
#define ZONED_COMPILE_RULESET_RULES_H

#include <string.h>

#include "compile/ruleset.h"

/* Copy the rules into rs, with the values of its mark mask and of the model. */
void ruleset_rules(struct ruleset *rs, const struct model *m);

/* Another element of a set, zeroed but for these. */
struct rs_elem *ruleset_add(struct ruleset *rs, struct rs_set *s, struct where at,
			    const char *comment);

/* Into its key. */
static inline void put32(struct rs_elem *e, size_t word, size_t v)
{
	uint32_t u = (uint32_t)v;
	memcpy(e->key + 4 * word, &u, sizeof(u));
}

/* Fill the maps zone4 and zone6. */
void ruleset_networks(struct ruleset *rs, struct rs_set *set4, struct rs_set *set6,
		      const struct model *m);
/* Is this a name of what refuses what an isolated zone does not get: a chain, a counter, a set? */
bool ruleset_of_isolation(const char *name);
/* Fill the set RS_CUT: the zones of isolated legs, both ways, each pair once. */
void ruleset_cut(struct ruleset *rs, struct rs_set *set, const struct model *m);
/* Is this a name of what refuses connections of a closed conduit: a chain, a counter, a set? Then
 * *bit is its place in ruleset.gates. */
bool ruleset_of_gate(const char *name, unsigned *bit);
/* How the conduits of the model can be closed: ruleset.gates. */
unsigned ruleset_gates(const struct model *m);
/* Elements of flows may have an end where a conduit can be closed. */
void ruleset_time_sets(struct ruleset *rs);
/* The chain that refuses what such a conduit does not permit at this time. */
const char *ruleset_gate_chain(enum gate_shut shut);
/* Fill the maps end4 and end6. */
void ruleset_asset_ends(struct ruleset *rs, struct rs_set *set4, struct rs_set *set6,
			const struct model *m);
/* Fill bound4, bound6, macs4 and macs6; set: the first of these. */
void ruleset_bound(struct ruleset *rs, struct rs_set *set, const struct model *m);
/* Is this chain one of those for bound assets? */
bool ruleset_of_bound(const char *chain);
/* Is this chain one of those for assets at ends of conduits? */
bool ruleset_of_assets(const char *chain);
/* How the marks of this generation are made: generation, unit, mask. */
void ruleset_layout(struct ruleset *rs, const struct model *m, uint32_t generation);
uint32_t ruleset_flow_mark(const struct ruleset *rs, uint32_t id);
/* The mark of what is inside this zone, where n are flows of legs. 0: there is no room for it. */
uint32_t ruleset_inside_mark(const struct ruleset *rs, size_t n, size_t zone);
/* Does such a flow leave the rules once it is established? */
bool ruleset_wants_offload(const struct conduit *c, const struct flow *f);
/* Has some flow a range of ports? */
bool ruleset_has_ranges(const struct model *m);
/* Is some flow of other IP protocols? */
bool ruleset_has_protocols(const struct model *m);
/* Does some conduit lead to or from an isolated zone? */
bool ruleset_has_isolated(const struct model *m);
/* Fill the map `port-ranges`, and rs->pieces. */
void ruleset_ports(struct ruleset *rs, struct rs_set *set, const struct model *m);
/* What the maps of flows have for the ports of r: the first of them that is not below `from`; 0:
 * there are no more. */
uint32_t ruleset_port_next(const struct ruleset *rs, const struct port_range *r, uint32_t from);
void ruleset_put_port(const struct ruleset *rs, struct rs_elem *e, size_t word, uint32_t port);

/* Fill the set `reversed`. */
void ruleset_reversed(struct ruleset *rs, struct rs_set *set, const struct model *m,
		      struct errs *errs);

#endif
