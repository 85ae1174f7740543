/* SPDX-License-Identifier: MIT
 * The records' rate, shared. */
#include "record/cap.h"

#define STEP_NS (UINT64_C(1000000000) / CAP_RATE)

void cap_init(struct cap *c)
{
	c->tokens = CAP_BURST;
}

static void refill(struct cap *c, uint64_t now)
{
	uint64_t n = now > c->at_ns ? (now - c->at_ns) / STEP_NS : 0;
	c->at_ns += n * STEP_NS;
	c->tokens = n >= CAP_BURST - c->tokens ? CAP_BURST : c->tokens + n;
}

static bool same_who(const struct cap_who *a, const struct cap_who *b)
{
	return a->generation == b->generation && a->group == b->group &&
	       addr_eq(&a->source, &b->source);
}

static bool is_active(const struct cap_entry *e, uint64_t now)
{
	return e->used && e->due + CAP_LATELY_NS > now;
}

/* Its entry among n, or one that is not in use any more, or that of who used the least.
 * *others: how many besides are active. */
static struct cap_entry *find_entry(struct cap_entry *v, unsigned n, const struct cap_who *who,
				    uint64_t now, uint64_t *others)
{
	struct cap_entry *own = NULL, *least = v;
	*others = 0;
	for (unsigned i = 0; i < n; i++) {
		if (v[i].used && same_who(&v[i].who, who))
			own = &v[i];
		else
			*others += is_active(&v[i], now);
		if (v[i].due < least->due)
			least = &v[i];
	}
	if (!own && is_active(least, now))
		--*others; /* together with this one */
	return own ? own : least;
}

/* Something is wanted: it is active from now on. */
static void touch(struct cap_entry *e, uint64_t now)
{
	if (e->due < now)
		e->due = now;
}

static void begin_entry(struct cap *c, struct cap_entry *e, const struct cap_who *who)
{
	c->unnamed += e->suppressed;
	*e = (struct cap_entry){ .used = true, .who = *who };
}

static struct cap_entry *group_of(struct cap *c, const struct cap_who *who, uint64_t now,
				  uint64_t *others)
{
	struct cap_who all = { who->generation, who->group, { 0 }, R_NONE };
	struct cap_entry *g = find_entry(c->group, CAP_GROUPS, &all, now, others),
			 *s = c->source[g - c->group];
	if ((!g->used || !same_who(&g->who, &all)) && !is_active(g, now)) {
		begin_entry(c, g, &all);
		for (unsigned i = 0; i < CAP_SOURCES; i++) {
			c->unnamed += s[i].suppressed;
			s[i] = (struct cap_entry){ 0 };
		}
	}
	touch(g, now);
	return g;
}

static struct cap_entry *source_of(struct cap *c, struct cap_entry *v, const struct cap_who *who,
				   uint64_t now, uint64_t *others)
{
	struct cap_entry *s = find_entry(v, CAP_SOURCES, who, now, others);
	if ((!s->used || !same_who(&s->who, who)) && !is_active(s, now))
		begin_entry(c, s, who);
	touch(s, now);
	return s;
}

/* One is written. */
static bool spend(struct cap *c, enum reason reason, uint64_t now)
{
	c->tokens--;
	c->shown_ns[reason] = now;
	return true;
}

static bool is_new(const struct cap *c, enum reason reason, uint64_t now)
{
	return !c->shown_ns[reason] || c->shown_ns[reason] + CAP_LATELY_NS <= now;
}

bool cap_take(struct cap *c, const struct cap_who *who, uint64_t now)
{
	struct cap_who own = { who->generation, who->group, addr_source(&who->source), R_NONE };
	enum reason reason = who->reason < R_COUNT ? who->reason : R_NONE;
	uint64_t groups, sources;
	refill(c, now);
	if (c->tokens > CAP_KEPT || (c->tokens > CAP_SPARED && is_new(c, reason, now)))
		return spend(c, reason, now);
	struct cap_entry *g = group_of(c, &own, now, &groups);
	struct cap_entry *s = source_of(c, c->source[g - c->group], &own, now, &sources);
	uint64_t most = now + CAP_SAVED_NS, step = STEP_NS * (groups + 2);
	if (c->tokens > 0 && g->due <= most && s->due <= most) {
		g->due += step;
		s->due += step * (sources + 2);
		return spend(c, reason, now);
	}
	c->suppressed++;
	if (same_who(&s->who, &own))
		s->suppressed++;
	else
		c->unnamed++;
	return false;
}

static struct cap_entry *most_of(struct cap *c)
{
	struct cap_entry *most = &c->source[0][0];
	for (unsigned g = 0; g < CAP_GROUPS; g++)
		for (unsigned i = 0; i < CAP_SOURCES; i++)
			if (c->source[g][i].suppressed > most->suppressed)
				most = &c->source[g][i];
	return most;
}

void cap_tell(struct cap *c, cap_told told, void *ctx)
{
	for (unsigned i = 0; i < CAP_TOLD && c->suppressed > c->unnamed; i++) {
		struct cap_entry *e = most_of(c);
		told(ctx, &e->who, e->suppressed);
		c->suppressed -= e->suppressed;
		e->suppressed = 0;
	}
	if (!c->suppressed)
		return;
	told(ctx, NULL, c->suppressed);
	for (unsigned g = 0; g < CAP_GROUPS; g++)
		for (unsigned i = 0; i < CAP_SOURCES; i++)
			c->source[g][i].suppressed = 0;
	c->suppressed = c->unnamed = 0;
}
