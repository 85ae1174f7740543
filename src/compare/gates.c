/* SPDX-License-Identifier: MIT
 * Conduits that are not always open: when the new one is open and the old one was not. */
#include <string.h>

#include "compare/internal.h"

enum { WEEK_MINUTES = 7 * 24 * 60 };

static void compare_grants(struct compare_run *r, const struct compare_finding *places,
			   const struct gate *old, const struct gate *new)
{
	struct compare_finding f = *places;
	if (old->on_grant != new->on_grant) {
		f.effect = new->on_grant ? COMPARE_CLOSES : COMPARE_OPENS;
		compare_add(r, &f, "%s",
			    new->on_grant ? "is closed until it is granted"
					  : "is open without being granted");
	} else if (old->grant_max_s != new->grant_max_s) {
		f.effect = new->grant_max_s > old->grant_max_s ? COMPARE_OPENS : COMPARE_CLOSES;
		compare_add(r, &f, "a grant is for up to %u seconds, was %u", new->grant_max_s,
			    old->grant_max_s);
	}
}

static bool has_other_zone(const struct gate *a, const struct gate *b)
{
	const char *x = a->time_zone ? a->time_zone : "UTC",
		   *y = b->time_zone ? b->time_zone : "UTC";
	return strcmp(x, y) != 0;
}

/* Is a open at some minute of the week, as clocks show it, at which b is not? */
static bool has_more(const struct gate *a, const struct gate *b)
{
	struct gate x = *a, y = *b;
	x.zone = y.zone = NULL;
	for (int64_t minute = 0; minute < WEEK_MINUTES; minute++)
		if (gate_is_within(&x, minute * 60) && !gate_is_within(&y, minute * 60))
			return true;
	return false;
}

static void compare_windows(struct compare_run *r, const struct compare_finding *places,
			    const struct gate *old, const struct gate *new)
{
	struct compare_finding f = *places;
	/* times that both have are other times in another zone */
	bool other = old->n_windows && new->n_windows &&has_other_zone(old, new);
	if (other || has_more(new, old)) {
		f.effect = COMPARE_OPENS;
		compare_add(r, &f, "%s",
			    new->n_windows ? "is open at other times than before"
					   : "is open at all times");
	}
	if (other || has_more(old, new)) {
		f.effect = COMPARE_CLOSES;
		compare_add(r, &f, "%s",
			    old->n_windows ? "is closed at some of the times at which it was open"
					   : "is closed outside its times");
	}
}

static void compare_expiry(struct compare_run *r, const struct compare_finding *places,
			   const struct gate *old, const struct gate *new)
{
	struct compare_finding f = *places;
	int64_t was = old->expires ? old->expires_s : INT64_MAX,
		is = new->expires ? new->expires_s : INT64_MAX;
	if (was == is)
		return;
	f.effect = is > was ? COMPARE_OPENS : COMPARE_CLOSES;
	if (!new->expires)
		compare_add(r, &f, "does not expire, did with %s", old->expires);
	else if (old->expires)
		compare_add(r, &f, "expires with %s%s%s, did with %s", new->expires,
			    new->time_zone ? " " : "", new->time_zone ? new->time_zone : "",
			    old->expires);
	else
		compare_add(r, &f, "expires with %s", new->expires);
}

void compare_gates(struct compare_run *r, const struct compare_finding *places,
		   const struct gate *old, const struct gate *new)
{
	compare_grants(r, places, old, new);
	compare_windows(r, places, old, new);
	compare_expiry(r, places, old, new);
}
