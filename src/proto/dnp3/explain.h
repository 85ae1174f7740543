/* SPDX-License-Identifier: MIT
 * DNP3 requests in words, for zonectl explain. */
#ifndef ZONED_PROTO_DNP3_EXPLAIN_H
#define ZONED_PROTO_DNP3_EXPLAIN_H

#include "proto/dnp3/wire-objects.h"
#include "zonectl/explain.h"
#include "zonectl/samples.h"

/* FUNCTION master N outstation N [GROUP.VARIATION [POINT[-LAST]] [OPERATION] [trip] [close] [count
 * N] [on N] [off N] [= VALUE]] */
bool dnp_compose(const struct explain_words *w, struct explain_message *out);
bool dnp_record_words(const struct explain_record *r, FILE *f);
void dnp_samples(const struct policy *policy, struct samples *s);

#endif
