/* SPDX-License-Identifier: MIT
 *
 * What events that became one record had of their own: of each field the distinct values, numbers
 * as ranges without a gap, so that a record that stands for many leaves none of its evidence out.
 * Bounded: values that find no room are counted. In the record these are the fields NAME_all and
 * NAME_more (zoned-events(5)).
 */
#ifndef ZONED_RECORD_VARIED_H
#define ZONED_RECORD_VARIED_H

#include <stdbool.h>
#include <stdint.h>

#include "record/facts.h"

enum {
	VARIED_FIELDS = 24, /* more than any event has */
	VARIED_RANGES = 16, /* of one field */
	VARIED_BYTES = 256, /* of the texts of one field, each with its NUL */
};

struct varied_field {
	const char *name;    /* from our tables; NULL: not in use */
	bool texts;	     /* else numbers */
	uint8_t n;	     /* ranges, or texts */
	uint16_t used;	     /* of bytes */
	uint64_t more, seen; /* events whose value had no room; events with this field */
	union {
		struct varied_range {
			uint64_t from, to;
		} range[VARIED_RANGES]; /* in order, apart by more than one */
		char bytes[VARIED_BYTES];
	};
};

struct varied {
	uint64_t since_ns; /* time of the first event */
	struct varied_field field[VARIED_FIELDS];
};

void varied_clear(struct varied *v);
void varied_add(struct varied *v, const struct event *ev);
/* The fields of more than one value. */
void varied_each(const struct varied *v, const struct fact_sink *to);

#endif
