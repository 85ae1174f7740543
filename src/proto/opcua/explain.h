/* SPDX-License-Identifier: MIT
 * OPC UA requests in words, for zonectl explain. */
#ifndef ZONED_PROTO_OPCUA_EXPLAIN_H
#define ZONED_PROTO_OPCUA_EXPLAIN_H

#include "proto/opcua/gate.h"
#include "zonectl/explain.h"
#include "zonectl/samples.h"

/* read NODE [attribute NAME] | write NODE [attribute NAME] = NUMBER | call OBJECT METHOD | browse
 * NODE */
bool ua_compose(const struct explain_words *w, struct explain_message *out);
bool ua_record_words(const struct explain_record *r, FILE *f);
void ua_samples(const struct policy *policy, struct samples *s);

#endif
