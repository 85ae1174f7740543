/* SPDX-License-Identifier: MIT */
#include "inspect/stance.h"

enum { ENFORCE, OBSERVE, WATCH };

/* clang-format off */
static const struct stance stances[] = {
	[ENFORCE] = { .blocks = true,
		      .records = true,
		      .rewrites = true,
		      .checks = true,
		      .lost = LOST_ENDS },
	[OBSERVE] = { .records = true, .checks = true, .lost = LOST_PASSES, .passed = V_OBSERVED },
	[WATCH] = { .lost = LOST_SKIPS, .passed = V_ACCEPT },
};
/* clang-format on */

const struct stance *stance_of(const struct pol_flow *pol, bool watch)
{
	if (watch)
		return &stances[WATCH];
	return &stances[pol && pol->mode == MODE_OBSERVE ? OBSERVE : ENFORCE];
}

enum verdict stance_verdict(const struct stance *s, enum verdict v)
{
	return s->blocks ? v : s->passed;
}
