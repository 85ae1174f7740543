/* SPDX-License-Identifier: MIT
 * The constant rules, shared by ruleset.c and ruleset-rules.c only. */
#ifndef ZONED_COMPILE_RULESET_RULES_H
#define ZONED_COMPILE_RULESET_RULES_H

#include "compile/ruleset.h"

/* Copy the rules into rs, with the values of its mark mask and of the model. */
void ruleset_rules(struct ruleset *rs, const struct model *m);

#endif
