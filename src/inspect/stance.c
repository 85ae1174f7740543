/* SPDX-License-Identifier: MIT */
#include "inspect/stance.h"

enum { ENFORCE, OBSERVE, RECORDING, RECORDING_OBSERVED, WATCH };

/* clang-format off */
static const struct stance stances[] = {
	[ENFORCE] = { .blocks = true,
		      .records = true,
		      .rewrites = true,
		      .checks = true,
		      .waits = true },
	[OBSERVE] = { .records = true,
		      .checks = true,
		      .passed = V_OBSERVED },
	[RECORDING] = { .records = true,
			.checks = true,
			.waits = true,
			.foretells = true },
	[RECORDING_OBSERVED] = { .records = true,
				 .checks = true,
				 .waits = true,
				 .passed = V_OBSERVED },
	[WATCH] = { .passed = V_ACCEPT },
};
/* clang-format on */

const struct stance *stance_of(bool observed, enum stance_source from)
{
	if (from == SOURCE_WATCHED)
		return &stances[WATCH];
	if (from == SOURCE_RECORDING)
		return &stances[observed ? RECORDING_OBSERVED : RECORDING];
	return &stances[observed ? OBSERVE : ENFORCE];
}

enum verdict stance_verdict(const struct stance *s, enum verdict v)
{
	return s->blocks || s->foretells ? v : s->passed;
}
