/* SPDX-License-Identifier: MIT
 * One event, one JSON object. */
#ifndef ZONED_RECORD_JSON_H
#define ZONED_RECORD_JSON_H

#include "base/sb.h"
#include "record/fields.h"

/* The object without a line end; where it does not fit, b->cut. */
void record_json(struct sb *b, const struct event_view *view);

/* Fields as members, ,"key":value, of the object that b ends with: a '{' before the first. All of
 * it is ASCII; b must outlive it. */
struct fact_sink record_json_sink(struct sb *b);
/* The text v as a JSON string in quotes. What is no UTF-8 has the escapes of the line: \xNN. */
void json_put_string(struct sb *b, const char *v);

#endif
