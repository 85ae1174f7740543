/* SPDX-License-Identifier: MIT
 * What the rules get. */
#ifndef ZONED_LINT_INTERNAL_H
#define ZONED_LINT_INTERNAL_H

#include "lint/lint.h"
#include "policy/policy.h"

struct lint_run {
	const struct model *m;
	const struct pol_image *img;  /* of m; NULL: it cannot be made */
	const struct lint_uses *uses; /* NULL: not known */
	int64_t now_s;		      /* since 1970 */
	const struct lint *lint;
	struct lint_findings *f;
};

void lint_add(struct lint_run *r, struct where at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Rules that need the compiled policies. */
void lint_shadowed_entries(struct lint_run *r);
void lint_writes_to_safety(struct lint_run *r);
/* gates.c: conduits that are not always open */
void lint_expired(struct lint_run *r);
void lint_never_open(struct lint_run *r);
void lint_times_always(struct lint_run *r);
/* ends.c */
void lint_ambiguous_ends(struct lint_run *r);

#endif
