/* SPDX-License-Identifier: MIT
 *
 * Lints: what a model that has no error should not have. One table of rules, each a function over
 * the model, which says where it applies; the engine has the rest. Pure.
 */
#ifndef ZONED_LINT_LINT_H
#define ZONED_LINT_LINT_H

#include "model/model.h"

enum lint_severity {
	LINT_NOTE,    /* good to know; no harm */
	LINT_WARNING, /* is probably not what was meant, or needs a decision that is written down */
	LINT_ERROR,
};

struct lint_run;

struct lint {
	const char *id; /* lower-case words with dashes; stable */
	enum lint_severity severity;
	const char *todo; /* what to do; NULL: the text has it */
	void (*run)(struct lint_run *r);
};
extern const struct lint lints[];
extern const size_t lints_n;

struct lint_finding {
	const struct lint *lint;
	struct where at;
	const char *text; /* what it is */
};

struct lint_findings {
	struct arena *arena;
	struct lint_finding *v;
	size_t n;
};

/* What conduits were used for, as a running zoned knows. */
struct lint_use {
	const char *conduit;
	int64_t since_s, last_s; /* since 1970; last_s 0: never */
};
struct lint_uses {
	const struct lint_use *v;
	size_t n;
	int64_t now_s;
	unsigned days; /* so long without a use, and looked at, is too long */
};

/* All findings, in order of the table; NULL: no memory. Places and names are those of m, which must
 * outlive them. uses NULL: not known. now_s: since 1970; what is past then is past. */
struct lint_findings *lint_model(const struct model *m, const struct lint_uses *uses,
				 int64_t now_s);
void lint_free(struct lint_findings *f); /* NULL is fine */
const char *lint_severity_word(enum lint_severity s);

#endif
