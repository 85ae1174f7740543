/* SPDX-License-Identifier: MIT
 * Rules about conduits that are not always open. */
#include "lint/internal.h"

enum { WEEK_MINUTES = 7 * 24 * 60 };

static bool is_expired(const struct lint_run *r, const struct gate *g)
{
	return g->expires && r->now_s >= g->expires_s;
}

void lint_expired(struct lint_run *r)
{
	for (size_t i = 0; i < r->m->n_conduits; i++) {
		const struct conduit *c = &r->m->conduits[i];
		if (is_expired(r, &c->gate))
			lint_add(r, c->gate.expires_at,
				 "conduit \"%s\" expired with %s: nothing passes by it", c->name,
				 c->gate.expires);
	}
}

/* Not until its last day. */
void lint_never_open(struct lint_run *r)
{
	for (size_t i = 0; i < r->m->n_conduits; i++) {
		const struct conduit *c = &r->m->conduits[i];
		const struct gate *g = &c->gate;
		if (g->n_windows && g->expires && !is_expired(r, g) &&
		    !gate_is_within(g, r->now_s) && gate_changes(g, r->now_s) >= g->expires_s)
			lint_add(r, g->windows[0].at,
				 "conduit \"%s\": none of its times comes before it expires with "
				 "%s",
				 c->name, g->expires);
	}
}

/* Without the clocks' changes, which matter to no such times. */
static bool has_every_minute(const struct gate *g)
{
	struct gate without = *g;
	without.zone = NULL;
	for (int64_t minute = 0; minute < WEEK_MINUTES; minute++)
		if (!gate_is_within(&without, minute * 60))
			return false;
	return g->n_windows != 0;
}

void lint_times_always(struct lint_run *r)
{
	for (size_t i = 0; i < r->m->n_conduits; i++) {
		const struct conduit *c = &r->m->conduits[i];
		if (has_every_minute(&c->gate))
			lint_add(r, c->gate.windows[0].at,
				 "conduit \"%s\": its times are the whole week, and their cost is "
				 "that of others",
				 c->name);
	}
}
