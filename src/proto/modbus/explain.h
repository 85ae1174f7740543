/* SPDX-License-Identifier: MIT
 * Modbus requests in words, for zonectl explain. */
#ifndef ZONED_PROTO_MODBUS_EXPLAIN_H
#define ZONED_PROTO_MODBUS_EXPLAIN_H

#include "proto/modbus/wire.h"
#include "zonectl/explain.h"
#include "zonectl/samples.h"

/* FUNCTION [unit N] [ADDRESS[-LAST]] [count N] [write ADDRESS] [= VALUE[,VALUE...]] [subfunction N]
 * [mei N] [and N or N], in any order behind the function. */
bool mb_compose(const struct explain_words *w, struct explain_message *out);
bool mb_record_words(const struct explain_record *r, FILE *f);
void mb_samples(const struct policy *policy, struct samples *s);

#endif
