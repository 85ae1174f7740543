/* SPDX-License-Identifier: MIT
 * Shared by ruleset.c, ruleset-rules.c and ruleset-reversed.c only. */
#ifndef ZONED_COMPILE_RULESET_RULES_H
#define ZONED_COMPILE_RULESET_RULES_H

#include <string.h>

#include "compile/ruleset.h"

/* Copy the rules into rs, with the values of its mark mask and of the model. */
void ruleset_rules(struct ruleset *rs, const struct model *m);

/* Another element of a set, zeroed but for these. */
struct rs_elem *ruleset_add(struct ruleset *rs, struct rs_set *s, struct where at,
			    const char *comment);

/* Into its key. */
static inline void put32(struct rs_elem *e, size_t word, size_t v)
{
	uint32_t u = (uint32_t)v;
	memcpy(e->key + 4 * word, &u, sizeof(u));
}

/* Fill the set `reversed`. */
void ruleset_reversed(struct ruleset *rs, struct rs_set *set, const struct model *m,
		      struct errs *errs);

#endif
