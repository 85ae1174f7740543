/* SPDX-License-Identifier: MIT
 * One event, one line: a sentence, then stable key=value fields (zoned-events(5)). */
#ifndef ZONED_RECORD_LINE_H
#define ZONED_RECORD_LINE_H

#include "base/sb.h"
#include "policy/policy.h"
#include "record/event.h"

enum { RECORD_TIME_TEXT = 40, RECORD_RULE_TEXT = 1024 };

void record_line(struct sb *b, const struct pol_image *img, const struct event *ev);

/* Words that the line and the JSON object share. */
void record_time(char out[RECORD_TIME_TEXT], uint64_t ns);
const char *record_kind(const struct event *ev);
const char *record_verdict(const struct event *ev);
const char *record_proto(const struct event *ev);
/* "file:line" where the operator wrote the rule; escaped. */
void record_rule(char out[RECORD_RULE_TEXT], const struct pol_image *img, const struct pol_rule *rule);

#endif
