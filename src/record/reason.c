/* SPDX-License-Identifier: MIT
 * Reason codes: names, severities and sentences from the one table in reason.h. */
#include "record/reason.h"

#include <stddef.h>

static const struct {
	const char *name;
	enum severity severity;
	const char *text;
} reasons[] = {
#define X(e, n, s, t) [e] = { n, SEVERITY_##s, t },
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

enum severity reason_severity(enum reason r)
{
	return (size_t)r < R_COUNT ? reasons[r].severity : SEVERITY_WARNING;
}

const char *severity_name(int severity)
{
	static const char *const names[] = { "emergency", "alert",  "critical", "error",
					     "warning",	  "notice", "info",	"debug" };
	return names[severity & 7];
}
