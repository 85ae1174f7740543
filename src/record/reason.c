/* SPDX-License-Identifier: MIT
 * Reason codes: names and sentences from the one table in reason.h. */
#include "record/reason.h"

#include <stddef.h>

static const struct {
	const char *name, *text;
} reasons[] = {
#define X(e, n, t) [e] = { n, t },
	REASONS(X)
#undef X
};

const char *reason_name(enum reason r)
{
	return (size_t)r < R_COUNT ? reasons[r].name : "?";
}

const char *reason_text(enum reason r)
{
	return (size_t)r < R_COUNT ? reasons[r].text : "?";
}
