/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104 commands in words, for zonectl explain. */
#ifndef ZONED_PROTO_IEC104_EXPLAIN_H
#define ZONED_PROTO_IEC104_EXPLAIN_H

#include "proto/iec104/wire-objects.h"
#include "zonectl/explain.h"
#include "zonectl/samples.h"

/* TYPE ca N [ioa N] [= VALUE] [select] [selected] [pulse N] [qualifier N] [cause NAME] [oa N] */
bool iec_compose(const struct explain_words *w, struct explain_message *out);
bool iec_record_words(const struct explain_record *r, FILE *f);
void iec_samples(const struct policy *policy, struct samples *s);

#endif
