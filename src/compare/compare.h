/* SPDX-License-Identifier: MIT
 *
 * Two models: what the new one permits and the old one does not (it opens), what it no longer
 * permits (it closes), and what else it changes. Pure.
 *
 * What counts is the effect: addresses are compared as intervals, flows by the zones of both ends,
 * protocol and port, policies by what their compiled entries permit. Order, comments, names of
 * policies and how networks are cut do not matter. Whatever cannot be shown to open nothing is
 * reported as opening: a widening is never called a narrowing, and the reverse may happen, such as
 * for an entry that only two old ones together permit.
 */
#ifndef ZONED_COMPARE_COMPARE_H
#define ZONED_COMPARE_COMPARE_H

#include "model/model.h"

enum compare_effect {
	COMPARE_OPENS,	 /* something is permitted, or less is looked at or protected */
	COMPARE_CLOSES,	 /* something is permitted no longer */
	COMPARE_CHANGES, /* neither: records, names, places for connections */
};
enum compare_what {
	COMPARE_SITE,
	COMPARE_ZONE,
	COMPARE_CONDUIT,
	COMPARE_POLICY,
	COMPARE_DAEMON,
};

struct compare_finding {
	enum compare_effect effect;
	enum compare_what what;
	const char *name;      /* of the zone, conduit, policy or key; "" of the site */
	const char *conduits;  /* of a policy: those that use it, with commas */
	const char *text;      /* what it is, in words */
	struct where old, new; /* line 0: it is not in that model */
};

struct comparison {
	struct arena *arena;
	struct compare_finding *v;
	size_t n;
	size_t count[COMPARE_CHANGES + 1]; /* by effect */
};

/* NULL: a model has no policy image, or there is no memory; -errno in *err. Names and places are
 * those of the models, which must outlive it. */
struct comparison *compare_models(const struct model *old, const struct model *new, int *err);
void compare_free(struct comparison *c);		/* NULL is fine */
const char *compare_effect_word(enum compare_effect e); /* "opens" */
const char *compare_what_word(enum compare_what w);	/* "zone" */

#endif
