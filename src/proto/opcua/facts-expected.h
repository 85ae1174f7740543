/* SPDX-License-Identifier: MIT
 * What an OPC UA policy allows, in words: of records (record/expected.h) and of explain. */
#ifndef ZONED_PROTO_OPCUA_FACTS_EXPECTED_H
#define ZONED_PROTO_OPCUA_FACTS_EXPECTED_H

#include "proto/opcua/policy.h"
#include "record/expected.h"

void ua_expected(const struct expected_case *c, struct sb *e, struct sb *came);
void ua_put_services(struct sb *b, uint64_t bits);
void ua_put_attributes(struct sb *b, uint32_t bits);
/* Nodes as the model has them, or texts; "any", "none". */
void ua_put_list(struct sb *b, const struct pol_image *img, const struct pol_ua_list *l);

#endif
