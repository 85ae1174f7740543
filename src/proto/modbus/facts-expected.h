/* SPDX-License-Identifier: MIT
 * What a Modbus rule allows, in words: of records (record/expected.h) and of explain. */
#ifndef ZONED_PROTO_MODBUS_FACTS_EXPECTED_H
#define ZONED_PROTO_MODBUS_FACTS_EXPECTED_H

#include "base/sb.h"
#include "proto/modbus/facts.h"
#include "proto/modbus/policy.h"
#include "record/expected.h"

/* The key of the model for what is refused for this reason, and the rule's ranges; NULL: there is
 * none. */
const char *mb_restriction(const struct pol_mb_rule *r, enum reason why,
			   const struct pol_rset **ranges);
/* Of an event that crossed a process boundary. */
struct decimal mb_scale_of(const struct ev_modbus *m);
void mb_expected(const struct expected_case *c, struct sb *e, struct sb *came);
void mb_put_function(struct sb *b, unsigned code);
void mb_put_functions(struct sb *b, const uint8_t bits[32]);
/* n addresses: "10-19 (400011-400020, 40011-40020)": from 0, and the references of six digits and,
 * where they have as many, of five. table: mb_func.table. */
void mb_put_addresses(struct sb *b, char table, uint32_t first, uint32_t n);

#endif
