/* SPDX-License-Identifier: MIT
 *
 * What was expected where something else was refused, and what came, in words: the fields
 * "expected" and "came". Made when a record is written, of the event and the policy image: no part
 * of the data path. Of policies the words are those that explain has for an entry, by the same
 * functions (proto/NAME/facts-expected.c).
 */
#ifndef ZONED_RECORD_EXPECTED_H
#define ZONED_RECORD_EXPECTED_H

#include "base/sb.h"
#include "record/fields.h"

enum {
	EXPECTED_TEXT =
		320, /* of each of the two; a list that is longer ends with its end left out */
	EXPECTED_RULES = 256 /* of a policy, that are looked at for the operations it allows */
};

/* An event with what its numbers mean; flow, rule: NULL: none. */
struct expected_case {
	const struct event_view *view;
	const struct pol_image *img; /* NULL: none judged it */
	const struct event *ev;
	const struct pol_flow *flow;
	const struct pol_rule *rule; /* that came nearest */
};

struct expected {
	char expected[EXPECTED_TEXT], came[EXPECTED_TEXT]; /* empty: nothing to say */
};
void event_expected(const struct expected_case *c, struct expected *out);

/* The next part of a list: ", " and the text. */
void expected_item(struct sb *b, const char *text);
/* Its name, or where it has none its number. */
void expected_name(struct sb *b, const char *name, uint32_t number);
/* Ranges of an image: "0-99, 120", "any", "none". */
void expected_ranges(struct sb *b, const struct pol_image *img, const struct pol_rset *s);
void expected_span(struct sb *b, uint64_t from, uint64_t to); /* "7", "0-99" */
/* The rules that the flow's policy has, at most EXPECTED_RULES; i: from 0. NULL: no more. */
const struct pol_rule *expected_rule(const struct expected_case *c, uint32_t i);

#endif
