/* SPDX-License-Identifier: MIT
 * What a DNP3 rule allows, in words: of records (record/expected.h) and of explain. */
#ifndef ZONED_PROTO_DNP3_FACTS_EXPECTED_H
#define ZONED_PROTO_DNP3_FACTS_EXPECTED_H

#include "proto/dnp3/policy.h"
#include "record/expected.h"

void dnp_expected(const struct expected_case *c, struct sb *e, struct sb *came);
/* The key of the model for what is refused for this reason, and what the rule has there. */
const char *dnp_allowed(struct sb *b, const struct pol_image *img, const struct pol_dnp_rule *r,
			enum reason why);
void dnp_put_function(struct sb *b, unsigned code);
/* "latch-on with nul, count 1, on 100, off 100" */
struct dnp_operation {
	uint8_t op, code, count;
	bool queue, clear;
	uint32_t on_time, off_time;
};
void dnp_put_operation(struct sb *b, const struct dnp_operation *o);

#endif
