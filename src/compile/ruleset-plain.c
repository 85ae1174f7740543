/* SPDX-License-Identifier: MIT
 * The flows that no inspector sees, for the in-kernel path. */
#include <stdlib.h>

#include "compile/ruleset-rules.h"

size_t ruleset_marks(const struct model *m)
{
	return model_leg_flows(m) + m->n_zones;
}

struct plain_of {
	const struct model *m;
	const struct conduit *c;
	const struct leg *leg;
	bool offload;
};

/* Its plain flows, whose marks begin with this one, behind the n of v. */
static void plain_leg(const struct plain_of *x, uint32_t mark, uint32_t unit,
		      struct ruleset_plain *v, size_t *n)
{
	const struct model *m = x->m;
	const struct conduit *c = x->c;
	const struct zone *from = model_path_owner(m, &m->zones[x->leg->from]),
			  *to = model_path_owner(m, &m->zones[x->leg->to]);
	for (size_t k = 0; k < c->n_flows; k++, mark += unit)
		if (c->flows[k].proto == PROTO_NONE && !x->leg->isolated && !model_has_gate(c) &&
		    !(x->offload && ruleset_wants_offload(c, &c->flows[k])))
			v[(*n)++] = (struct ruleset_plain){ mark,
							    (size_t)(c - m->conduits),
							    { from, to } };
}

struct ruleset_plain *ruleset_plain(const struct model *m, uint32_t generation, bool offload,
				    size_t *n)
{
	struct ruleset_plain *v = calloc(ruleset_marks(m), sizeof(*v));
	struct ruleset rs;
	size_t flows = model_leg_flows(m);
	*n = 0;
	if (!v)
		return NULL;
	ruleset_layout(&rs, m, generation);
	uint32_t mark_next = ruleset_flow_mark(&rs, RS_FLOW_FIRST);
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_legs; k++) {
			plain_leg(&(struct plain_of){ m, &m->conduits[i], &m->conduits[i].legs[k],
						      offload },
				  mark_next, rs.unit, v, n);
			mark_next += rs.unit * (uint32_t)m->conduits[i].n_flows;
		}
	for (size_t z = 1; z < m->n_zones; z++) {
		const struct zone *owner = model_path_owner(m, &m->zones[z]);
		uint32_t mark = ruleset_inside_mark(&rs, flows, z);
		/* else only the rules know whether it goes out where it came in */
		if (mark && owner)
			v[(*n)++] = (struct ruleset_plain){ mark, m->n_conduits, { owner, owner } };
	}
	return v;
}
