/* SPDX-License-Identifier: MIT
 * Flows without inspection in the in-kernel path, which knows interfaces by number: those of each
 * zone, for each generation, and again when interfaces change. */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "compile/ruleset.h"
#include "daemon/parent.h"

/* Number of the interface with this main name; the rules do not know its other names. 0: none. */
static uint32_t interface_number(const char *ifname)
{
	char name[IF_NAMESIZE];
	uint32_t i = if_nametoindex(ifname);
	return i != 0 && if_indextoname(i, name) && strcmp(name, ifname) == 0 ? i : 0;
}

/* Numbers of the zone's interfaces that exist; none if they cannot all be known: then packets go by
 * the rules. */
static uint64_t interface_numbers(const struct zone *zn, struct fast_claimed *claimed)
{
	uint64_t v = UINT64_MAX;
	bool all = zn->n_interfaces <= FAST_PLAIN_IFS;
	for (size_t i = 0; i < zn->n_interfaces; i++) {
		uint32_t number = interface_number(zn->interfaces[i]);
		all &= number < FAST_NO_IF;
		if (number && number < FAST_NO_IF) {
			claimed->bits[number / 64] |= 1ull << number % 64;
			v = v << 16 | number;
		}
	}
	return all ? v : UINT64_MAX;
}

ssize_t plain_give(struct parent *p, const struct model *m, uint32_t generation)
{
	size_t n;
	struct ruleset_plain *flow =
		ruleset_plain(m, generation, p->has_flowtable && model_offloads(m), &n);
	struct fast_plain *v = flow ? calloc(n + 1, sizeof(*v)) : NULL;
	uint64_t *end = v ? calloc(m->n_zones, sizeof(*end)) : NULL;
	struct fast_claimed claimed = { { 0 } };
	if (!end)
		say(LOG_ERR, "no memory for the in-kernel path's flows without inspection: they go "
			     "by the rules");
	for (size_t z = 1; end && z < m->n_zones; z++)
		end[z] = interface_numbers(&m->zones[z], &claimed);
	for (size_t i = 0; end && i < n; i++) {
		v[i] = (struct fast_plain){ .mark = flow[i].mark,
					    .used = (uint32_t)flow[i].conduit };
		for (unsigned k = 0; k < 2; k++)
			v[i].end[k] = flow[i].end[k] ? end[flow[i].end[k] - m->zones] : 0;
	}
	ssize_t left = end ? (ssize_t)fastpath_plain(p->fast, generation, v, n, &claimed) : -1;
	free(end);
	free(v);
	free(flow);
	return left;
}

void plain_stop(struct parent *p)
{
	fastpath_plain_stop(p->fast);
	p->plain_stopped = true;
}

void plain_tick(struct parent *p)
{
	if (p->fast && p->plain_stopped)
		p->plain_stopped = plain_give(p, p->model, p->generation) < 0;
}
