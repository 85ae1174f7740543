/* SPDX-License-Identifier: MIT
 *
 * Conduits: each flow of the new model is compared, piece by piece (pieces.c), with what the old
 * one had between the zones that its zones were. That is right for addresses that both models have
 * in these zones; all others are in a finding of their zone (zones.c).
 */
#include <string.h>

#include "compare/internal.h"
#include "model/internal.h"

/* A flow that has a piece, and how it is looked at. */
struct found {
	const struct conduit *c; /* NULL: nothing is permitted there */
	const struct flow *f;
};

/* Between which addresses. */
struct between {
	const struct point *from, *to;
};

enum look { LOOK_NONE, LOOK_OBSERVED, LOOK_ENFORCED };

static enum look look_of(const struct found *x)
{
	if (x->f->proto == PROTO_NONE)
		return LOOK_NONE;
	return x->c->mode == MODE_OBSERVE ? LOOK_OBSERVED : LOOK_ENFORCED;
}

/* The like of ruleset-reversed.c: which of two directions is judged less. */
static unsigned how_judged(const struct found *x)
{
	if (x->f->proto == PROTO_NONE)
		return 0;
	return x->c->mode == MODE_OBSERVE || x->c->fail == FAIL_OPEN ? 1 : 2;
}

static struct found find_joined(const struct model *m, const struct end_pair *zones,
				const struct end_pair *ends, const struct piece *p)
{
	for (size_t i = 0; i < m->n_conduits; i++) {
		const struct conduit *c = &m->conduits[i];
		const struct leg *g = model_leg(c, zones->from, zones->to);
		if (!g || !model_leg_has(g, ends->from, ends->to))
			continue;
		for (size_t k = 0; k < c->n_flows; k++)
			if (piece_is_of(p, &c->flows[k]))
				return (struct found){ c, &c->flows[k] };
	}
	return (struct found){ NULL, NULL };
}

/* What is permitted in that model (0: the old one). */
static struct found find_flow(const struct compare_run *r, unsigned side, const struct between *b,
			      const struct piece *p)
{
	const struct end_pair zones = { b->from->zone[side], b->to->zone[side] },
			      classes = { b->from->class[side], b -> to -> class[side] };
	struct end_pair ranks[MODEL_RANKS];
	struct found f = { NULL, NULL };
	if (!zones.from || !zones.to)
		return f;
	for (size_t i = 0, n = model_ranks(&zones, &classes, ranks); !f.f && i < n; i++)
		f = find_joined(side ? r->new.m : r->old.m, &zones, &ranks[i], p);
	return f;
}

static struct compare_finding finding(enum compare_effect e, const struct conduit *c)
{
	return (struct compare_finding){ .effect = e, .what = COMPARE_CONDUIT, .name = c->name };
}

static void set_places(struct compare_finding *f, const struct found *old, const struct found *new)
{
	if (old->f)
		f->old = old->f->at;
	if (new->f)
		f->new = new->f->at;
}

static void say_port(struct compare_run *r, enum compare_effect e, const struct found *old,
		     const struct found *new, const char *text)
{
	char words[100];
	struct sb b = sb_init(words, sizeof(words));
	const struct found *of = new->f ? new : old;
	struct compare_finding f = finding(e, of->c);
	struct piece p = { .begun = false };
	piece_next(r, of->f, &p);
	piece_words(&p, of->f, &b);
	set_places(&f, old, new);
	compare_add(r, &f, "%s%s%s", words, text[0] ? ": " : "", text);
}

/* ---- a piece that both have ---- */

static void compare_looks(struct compare_run *r, const struct found *old, const struct found *new)
{
	enum look was = look_of(old), is = look_of(new);
	if (is == LOOK_ENFORCED && was != is)
		say_port(r, COMPARE_CLOSES, old, new, "is judged now");
	else if (is == LOOK_OBSERVED && was != is)
		say_port(r, COMPARE_OPENS, old, new,
			 was == LOOK_ENFORCED
				 ? "is only observed now: what its policy refuses passes"
				 : "is observed now, and was not looked at: connections pass that "
				   "began without a handshake");
	else if (is == LOOK_NONE && was != is)
		say_port(r, COMPARE_OPENS, old, new,
			 was == LOOK_ENFORCED ? "is not looked at any more: every message passes"
					      : "is not looked at any more");
	else if (is != LOOK_NONE && old->f->proto != new->f->proto)
		say_port(r, COMPARE_OPENS, old, new, "is judged as another protocol");
	else if (is != LOOK_NONE)
		compare_policies(r, old->f, new->f, new->c->name);
}

/* ---- what would turn a connection round ---- */

/* Has any conduit of that model (0: the old one) between these addresses a flow with this piece
 * that is judged more? Then the ruleset refuses the other direction from its port. */
static bool is_turned(const struct compare_run *r, unsigned side, const struct between *back,
		      const struct piece *p, const struct found *other)
{
	const struct model *m = side ? r->new.m : r->old.m;
	const struct end_pair zones = { back->from->zone[side], back->to->zone[side] },
			      classes = { back->from->class[side], back -> to -> class[side] };
	for (size_t i = 0; zones.from && zones.to && i < m->n_conduits; i++) {
		const struct conduit *c = &m->conduits[i];
		for (size_t k = 0; model_joins(c, &zones, &classes) && k < c->n_flows; k++)
			if (piece_is_of(p, &c->flows[k]) &&
			    how_judged(other) < how_judged(&(struct found){ c, &c->flows[k] }))
				return true;
	}
	return false;
}

/* A flow may have been refused to who has the port of an inspected service of the other direction;
 * where that is judged no longer, it is permitted to him. */
static void compare_reversed(struct compare_run *r, const struct between *at,
			     const struct found *old, const struct found *new)
{
	const struct between back = { at->to, at->from };
	for (size_t i = 0; i < r->old.m->n_conduits; i++) {
		const struct conduit *c = &r->old.m->conduits[i];
		const struct leg *g = model_leg(c, at->to->zone[0], at->from->zone[0]);
		for (size_t k = 0; g && k < c->n_flows; k++) {
			struct found was = { c, &c->flows[k] };
			if (was.f->l4 != new->f->l4 || how_judged(old) >= how_judged(&was))
				continue;
			for (struct piece p = { .begun = false }; piece_next(r, was.f, &p);) {
				if (!is_turned(r, 0, &back, &p, old) ||
				    is_turned(r, 1, &back, &p, new))
					continue;
				struct compare_finding f = finding(COMPARE_OPENS, new->c);
				set_places(&f, &was, new);
				compare_add(r, &f,
					    "connections from port %u, which the service of "
					    "conduit \"%s\" had for its own, pass",
					    p.lo, c->name);
			}
		}
	}
}

/* ---- a flow ---- */

/* Is this piece the first one of the flow with that old flow? Then it stands for all of these. */
static bool is_first(struct compare_run *r, const struct between *b, const struct found *new,
		     const struct piece *at, const struct found *old)
{
	for (struct piece p = { .begun = false }; piece_next(r, new->f, &p);) {
		if (p.at == at->at && p.lo == at->lo)
			return true;
		if (find_flow(r, 0, b, &p).f == old->f)
			return false;
	}
	return true;
}

/* Inside one zone of the old model everything passed by its interfaces. */
static bool was_inside(const struct compare_run *r, const struct between *b)
{
	size_t from = b->from->zone[0], to = b->to->zone[0];
	return from && from == to && model_path_owner(r->old.m, &r->old.m->zones[from]);
}

/* The pieces of a flow that decide in the model `side` and are nowhere in the other one. */
static void list_only(struct compare_run *r, unsigned side, const struct between *b,
		      const struct flow *f, struct sb *out)
{
	for (struct piece p = { .begun = false }; piece_next(r, f, &p);)
		if (find_flow(r, side, b, &p).f == f && !find_flow(r, !side, b, &p).f)
			piece_list(&p, f, out);
}

static void compare_flow(struct compare_run *r, const struct between *b, const struct found *new)
{
	char ports[400], from[MODEL_END_TEXT], to[MODEL_END_TEXT];
	struct sb text = sb_init(ports, sizeof(ports));
	const struct flow *f = new->f;
	for (struct piece p = { .begun = false }; piece_next(r, f, &p);) {
		struct found old = find_flow(r, 0, b, &p);
		if (!old.f || find_flow(r, 1, b, &p).f != f || !is_first(r, b, new, &p, &old))
			continue;
		compare_looks(r, &old, new);
		compare_reversed(r, b, &old, new);
	}
	if (!was_inside(r, b))
		list_only(r, 1, b, f, &text);
	if (!text.len)
		return;
	struct compare_finding found = finding(COMPARE_OPENS, new->c);
	set_places(&found, &(struct found){ NULL, NULL }, new);
	compare_add(r, &found, "%s%s from \"%s\" to \"%s\"%s%s%s", ports,
		    text.cut ? " and more" : "", point_text(r, b->from, 1, from),
		    point_text(r, b->to, 1, to), f->policy ? ", by policy \"" : "",
		    f->policy ? f->policy : "", f->policy ? "\"" : "");
}

/* ---- what a conduit has for all of its flows ---- */

static void compare_limit(struct compare_run *r, const struct compare_finding *places,
			  const char *key, uint32_t was, uint32_t is)
{
	struct compare_finding f = *places;
	if (was == is)
		return;
	f.effect = !is || (was && is > was) ? COMPARE_OPENS : COMPARE_CLOSES;
	if (is)
		compare_add(r, &f, was ? "%s %u, was %u" : "%s %u, had none", key, is, was);
	else
		compare_add(r, &f, "%s is gone, was %u", key, was);
}

static void compare_words(struct compare_run *r, const struct compare_finding *places,
			  const struct conduit *old, const struct conduit *new)
{
	struct compare_finding f = *places;
	f.effect = COMPARE_CHANGES;
	if (old->on_violation != new->on_violation)
		compare_add(r, &f, "on_violation %s, was %s",
			    word_name(words_violation, (int)new->on_violation),
			    word_name(words_violation, (int)old->on_violation));
	if (old->log != new->log)
		compare_add(r, &f, "log %s, was %s", word_name(words_log, (int)new->log),
			    word_name(words_log, (int)old->log));
	if (old->offload != new->offload)
		compare_add(r, &f,
			    new->offload ? "offload: its established connections leave the rules"
					 : "without offload");
	if (old->has_sl_t != new->has_sl_t || memcmp(old->sl_t, new->sl_t, sizeof(old->sl_t)) != 0)
		compare_add(r, &f, "sl_t differs");
	if (strcmp(old->name, new->name) != 0)
		compare_add(r, &f, "was called \"%s\"", old->name);
}

static void compare_conduit_keys(struct compare_run *r, const struct conduit *old,
				 const struct conduit *new)
{
	struct compare_finding f = finding(COMPARE_CHANGES, new);
	f.old = old->at;
	f.new = new->at;
	compare_limit(r, &f, "max_requests_per_second", old->max_requests, new->max_requests);
	compare_limit(r, &f, "max_writes_per_second", old->max_writes, new->max_writes);
	compare_words(r, &f, old, new);
	compare_gates(r, &f, &old->gate, &new->gate);
	if (old->fail == new->fail)
		return;
	f.effect = new->fail == FAIL_OPEN ? COMPARE_OPENS : COMPARE_CLOSES;
	compare_add(r, &f,
		    new->fail == FAIL_OPEN
			    ? "fail open: its messages pass unjudged while an inspector is down"
			    : "fail closed: nothing passes while an inspector is down");
}

/* Is it a client of the leg, whoever the servers are? */
static bool opens_by(const struct leg *g, const struct point *p, unsigned side)
{
	for (size_t i = 0; i < g->n_pairs; i++)
		if (g->pairs[i].from == g->from || g->pairs[i].from == p->class[side])
			return true;
	return g->n_pairs == 0;
}

/* Is there a service between these addresses that the one conduit decides now, and the other one
 * did? */
static bool decides_after(const struct compare_run *r, const struct between *b,
			  const struct conduit *new, const struct conduit *old)
{
	for (size_t i = 0; i < new->n_flows; i++)
		for (struct piece p = { .begun = false }; piece_next(r, &new->flows[i], &p);)
			if (find_flow(r, 1, b, &p).c == new &&find_flow(r, 0, b, &p).c == old)
				return true;
	return false;
}

/* Has the old conduit something between the ends of a leg of the new one? */
static bool leg_is_of(const struct compare_run *r, const struct conduit *new, const struct leg *g,
		      const struct conduit *old)
{
	const struct point *const *v = r->by_zone[1];
	const size_t *first = r->zone_first[1];
	if (!r->old.m->n_classes && !r->new.m->n_classes) /* all of both zones */
		return model_leg(old, r->old_of[g->from], r->old_of[g->to]) != NULL;
	for (size_t i = first[g->from]; i < first[g->from + 1]; i++)
		for (size_t k = first[g->to]; opens_by(g, v[i], 1) && k < first[g->to + 1]; k++) {
			const struct between b = { v[i], v[k] };
			if (model_leg(old, v[i]->zone[0], v[k]->zone[0]) &&
			    decides_after(r, &b, new, old))
				return true;
		}
	return false;
}

/* Has a conduit of the new model any flow of this old one? */
static bool takes_from(const struct compare_run *r, const struct conduit *new,
		       const struct conduit *old)
{
	bool same = false;
	for (size_t i = 0; i < new->n_legs && !same; i++)
		same = leg_is_of(r, new, &new->legs[i], old);
	if (!same)
		return false;
	for (size_t i = 0; i < new->n_flows; i++)
		for (size_t k = 0; k < old->n_flows; k++)
			for (struct piece p = { .begun = false };
			     piece_next(r, &old->flows[k], &p);)
				if (piece_is_of(&p, &new->flows[i]))
					return true;
	return false;
}

/* A limit is one for all flows of a conduit: where they are in several now, each has its own. */
static void compare_shared(struct compare_run *r, const struct conduit *old)
{
	size_t n = 0;
	for (size_t i = 0; i < r->new.m->n_conduits; i++) {
		const struct conduit *new = &r->new.m->conduits[i];
		if (!takes_from(r, new, old))
			continue;
		compare_conduit_keys(r, old, new);
		if (n++ == 0 || (!old->max_requests && !old->max_writes))
			continue;
		struct compare_finding f = finding(COMPARE_OPENS, new);
		f.old = old->at;
		f.new = new->at;
		compare_add(r, &f, "shared the limits of conduit \"%s\", and has limits of its own",
			    old->name);
	}
}

/* ---- what is gone ---- */

static void compare_gone(struct compare_run *r, const struct between *b, const struct found *old)
{
	char ports[400], from[MODEL_END_TEXT], to[MODEL_END_TEXT];
	struct sb text = sb_init(ports, sizeof(ports));
	size_t zone = b->from->zone[1];
	if (!zone || zone != b->to->zone[1])
		list_only(r, 0, b, old->f, &text);
	if (!text.len)
		return;
	struct compare_finding found = finding(COMPARE_CLOSES, old->c);
	set_places(&found, old, &(struct found){ NULL, NULL });
	compare_add(r, &found, "%s%s from \"%s\" to \"%s\"", ports, text.cut ? " and more" : "",
		    point_text(r, b->from, 0, from), point_text(r, b->to, 0, to));
}

typedef void compare_one(struct compare_run *r, const struct between *b, const struct found *x);

static void each_of_leg(struct compare_run *r, unsigned side, const struct conduit *c,
			const struct leg *g, compare_one *compare)
{
	const struct point *const *v = r->by_zone[side];
	const size_t *first = r->zone_first[side];
	for (size_t i = first[g->from]; i < first[g->from + 1]; i++)
		for (size_t k = first[g->to]; opens_by(g, v[i], side) && k < first[g->to + 1];
		     k++) {
			const struct between b = { v[i], v[k] };
			const struct end_pair zones = { g->from, g->to },
					      classes = { v[i]->class[side], v[k] -> class[side] };
			for (size_t n = 0; model_joins(c, &zones, &classes) && n < c->n_flows; n++)
				compare(r, &b, &(struct found){ c, &c->flows[n] });
		}
}

/* All that a conduit of the model `side` joins. */
static void each_between(struct compare_run *r, unsigned side, const struct conduit *c,
			 compare_one *compare)
{
	r->conduit_first = r->c->n;
	for (size_t i = 0; i < c->n_legs; i++)
		each_of_leg(r, side, c, &c->legs[i], compare);
}

void compare_conduits(struct compare_run *r)
{
	for (size_t i = 0; i < r->new.m->n_conduits; i++)
		each_between(r, 1, &r->new.m->conduits[i], compare_flow);
	for (size_t i = 0; i < r->old.m->n_conduits; i++) {
		compare_shared(r, &r->old.m->conduits[i]);
		each_between(r, 0, &r->old.m->conduits[i], compare_gone);
	}
}
