/* SPDX-License-Identifier: MIT
 * Rules about the ends of conduits. */
#include "lint/internal.h"

static bool same_service(const struct flow *a, const struct flow *b)
{
	for (size_t i = 0; a->l4 == b->l4 && i < a->n_ports; i++)
		for (size_t k = 0; k < b->n_ports; k++)
			if (a->ports[i].lo <= b->ports[k].hi && b->ports[k].lo <= a->ports[i].hi)
				return true;
	for (size_t i = 0; i < a->n_kinds; i++)
		for (size_t k = 0; k < b->n_kinds; k++)
			if (a->kinds[i].l4 == b->kinds[k].l4 &&
			    a->kinds[i].type == b->kinds[k].type)
				return true;
	return false;
}

static bool share_service(const struct conduit *a, const struct conduit *b)
{
	for (size_t i = 0; i < a->n_flows; i++)
		for (size_t k = 0; k < b->n_flows; k++)
			if (same_service(&a->flows[i], &b->flows[k]))
				return true;
	return false;
}

/* A pair of an asset and a zone; client: the asset is that. NULL: the leg has none. */
static const struct end_pair *half_named(const struct leg *g, bool client)
{
	for (size_t i = 0; g && g->part && i < g->n_pairs; i++)
		if ((g->pairs[i].from != g->from) == client && (g->pairs[i].to != g->to) != client)
			return &g->pairs[i];
	return NULL;
}

/* Two conduits for the same connection, of which the one names the client and the other the server.
 */
void lint_ambiguous_ends(struct lint_run *r)
{
	for (size_t i = 0; i < r->m->n_conduits; i++)
		for (size_t k = 0; k < r->m->conduits[i].n_legs; k++) {
			const struct conduit *a = &r->m->conduits[i];
			const struct leg *g = &a->legs[k];
			const struct end_pair *by_client = half_named(g, true);
			for (size_t n = 0; by_client && n < r->m->n_conduits; n++) {
				const struct conduit *b = &r->m->conduits[n];
				const struct end_pair *by_server =
					half_named(model_leg(b, g->from, g->to), false);
				char from[MODEL_END_TEXT], to[MODEL_END_TEXT];
				if (n == i || !by_server || !share_service(a, b))
					continue;
				lint_add(r, b->at,
					 "connections from \"%s\" to \"%s\" are of conduit \"%s\" "
					 "(%s:%u) and of this one, \"%s\"; the former, which names "
					 "the "
					 "client, counts",
					 model_end_text(r->m, by_client->from, from),
					 model_end_text(r->m, by_server->to, to), a->name,
					 a->at.file, a->at.line, b->name);
			}
		}
}
