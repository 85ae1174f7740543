/* SPDX-License-Identifier: MIT
 * One event, one line: a sentence, then stable key=value fields (zoned-events(5)). */
#ifndef ZONED_RECORD_LINE_H
#define ZONED_RECORD_LINE_H

#include "base/sb.h"
#include "record/fields.h"

/* Its beginning, for people: without fields, and without the ':' before them. */
void record_sentence(struct sb *b, const struct event_view *view);
void record_line(struct sb *b, const struct event_view *view);

/* Fields as " key=value"; b must outlive it. */
struct fact_sink record_line_sink(struct sb *b);

#endif
