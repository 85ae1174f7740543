/* SPDX-License-Identifier: MIT
 *
 * When conduits with a gate are open.
 *
 * A window is open while the clocks of its time zone show a time in it, so what becomes of it in a
 * night in which clocks are put on or back needs no other rule: an hour that they leave out is in
 * no window, and one that they show twice is in it both times.
 *
 * What is open has an end in CLOCK_BOOTTIME, which nobody sets; where the clock of the day is set,
 * ends are computed again. An end is at most 8 days away where it is of windows.
 */
#include <string.h>

#include "base/tz.h"
#include "model/internal.h"

enum { DAY_SECONDS = 86400, DAY_MINUTES = 24 * 60, DAYS = 7, AHEAD_DAYS = 8 };
enum { MONDAY_AHEAD = 3 }; /* of 1970-01-01, so that Monday is 0 */

static const uint64_t second_ns = 1000000000u;

static int64_t day_of(int64_t shown)
{
	return shown >= 0 ? shown / DAY_SECONDS : (shown - DAY_SECONDS + 1) / DAY_SECONDS;
}

static bool window_has(const struct window *w, int64_t shown)
{
	int64_t day = day_of(shown);
	int minute = (int)((shown - day * DAY_SECONDS) / 60);
	unsigned today = (unsigned)((day % DAYS + DAYS + MONDAY_AHEAD) % DAYS);
	unsigned yesterday = (today + DAYS - 1) % DAYS;
	return (w->days >> today & 1 && minute >= w->from && minute < w->to) ||
	       (w->days >> yesterday & 1 && minute + DAY_MINUTES < w->to);
}

bool gate_is_within(const struct gate *g, int64_t t)
{
	int64_t shown = t + tz_offset(g->zone, t);
	for (size_t i = 0; i < g->n_windows; i++)
		if (window_has(&g->windows[i], shown))
			return true;
	return g->n_windows == 0;
}

/* Something may change at this time: does it, and before *best? */
static void consider(const struct gate *g, int64_t t, int64_t at, int64_t *best)
{
	if (at > t && at < *best && gate_is_within(g, at) != gate_is_within(g, t))
		*best = at;
}

/* The times at which clocks that are so far ahead show a beginning or an end. */
static void consider_clocks(const struct gate *g, int64_t t, int32_t ahead, int64_t *best)
{
	int64_t day = day_of(t + ahead) - 1;
	for (int64_t d = day; d <= day + AHEAD_DAYS + 1; d++)
		for (size_t i = 0; i < g->n_windows; i++) {
			const struct window *w = &g->windows[i];
			consider(g, t, d * DAY_SECONDS + w->from * 60 - ahead, best);
			consider(g, t, d * DAY_SECONDS + w->to * 60 - ahead, best);
		}
}

int64_t gate_changes(const struct gate *g, int64_t t)
{
	int64_t best = t + AHEAD_DAYS * DAY_SECONDS, turn = t;
	if (!g->n_windows)
		return INT64_MAX;
	const int64_t last = best;
	consider_clocks(g, t, tz_offset(g->zone, t), &best);
	while ((turn = tz_next(g->zone, turn)) < last) {
		consider(g, t, turn, &best);
		consider_clocks(g, t, tz_offset(g->zone, turn), &best);
	}
	return best;
}

/* This time as CLOCK_BOOTTIME. */
static uint64_t boot_of(const struct gate_now *now, int64_t t)
{
	if (t == INT64_MAX || (uint64_t)t > UINT64_MAX / second_ns)
		return UINT64_MAX;
	return now->boot_ns + ((uint64_t)t * second_ns - now->wall_ns);
}

static void ends_at(struct gate_state *s, uint64_t end_ns, enum gate_shut shut)
{
	if (end_ns >= s->open_until_ns)
		return;
	s->open_until_ns = end_ns;
	s->shut = shut;
}

struct gate_state gate_at(const struct conduit *c, const struct gate_now *now)
{
	const struct gate *g = &c->gate;
	int64_t t = (int64_t)(now->wall_ns / second_ns), seen = t > now->seen_s ? t : now->seen_s;
	uint64_t expires = g->expires ? boot_of(now, g->expires_s) : UINT64_MAX;
	uint64_t changes = boot_of(now, gate_changes(g, t));
	struct gate_state s = { 0, SHUT_EXPIRED, UINT64_MAX };
	if (g->expires && seen >= g->expires_s)
		return s;
	s.shut = SHUT_OUTSIDE;
	s.changes_ns = changes < expires ? changes : expires;
	if (!gate_is_within(g, t))
		return s;
	s.open_until_ns = UINT64_MAX;
	ends_at(&s, changes, SHUT_OUTSIDE);
	ends_at(&s, expires, SHUT_EXPIRED);
	if (g->on_grant)
		ends_at(&s, c->granted_until_ns > now->boot_ns ? c->granted_until_ns : 0,
			SHUT_NOT_GRANTED);
	return s;
}

void model_gates_set(struct model *m, const struct gate_now *now)
{
	m->gates_at = *now;
	m->gates_change_ns = UINT64_MAX;
	for (size_t i = 0; i < m->n_conduits; i++) {
		struct conduit *c = &m->conduits[i];
		if (!model_has_gate(c))
			continue;
		const struct gate_state s = gate_at(c, now);
		c->open_until_ns = s.open_until_ns;
		c->shut = s.shut;
		if (s.changes_ns < m->gates_change_ns)
			m->gates_change_ns = s.changes_ns;
	}
}

bool model_gates_open(struct model *m)
{
	bool any = false;
	for (size_t i = 0; i < m->n_conduits; i++)
		if (model_has_gate(&m->conduits[i])) {
			m->conduits[i].open_until_ns = UINT64_MAX;
			any = true;
		}
	return any;
}
