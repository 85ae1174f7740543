/* SPDX-License-Identifier: MIT
 * One event, one line: a sentence, then stable key=value fields (zoned-events(5)). */
#ifndef ZONED_RECORD_LINE_H
#define ZONED_RECORD_LINE_H

#include "base/sb.h"
#include "policy/policy.h"
#include "record/event.h"

void record_line(struct sb *b, const struct pol_image *img, const struct event *ev);

#endif
