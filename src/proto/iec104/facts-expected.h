/* SPDX-License-Identifier: MIT
 * What a rule of IEC 60870-5-104 allows, in words: of records (record/expected.h) and of explain.
 */
#ifndef ZONED_PROTO_IEC104_FACTS_EXPECTED_H
#define ZONED_PROTO_IEC104_FACTS_EXPECTED_H

#include "proto/iec104/policy.h"
#include "record/expected.h"

/* Keys of the model. */
extern const char *const iec_range_names[IEC_RANGES];
extern const char *const iec_span_names[IEC_SPANS];

void iec_expected(const struct expected_case *c, struct sb *e, struct sb *came);
void iec_put_types(struct sb *b, const struct iec_limits *l);
void iec_put_causes(struct sb *b, uint64_t bits);
void iec_put_spans(struct sb *b, const struct pol_iec104_spans *s);

#endif
