/* SPDX-License-Identifier: MIT
 * zonectl log: what is asked of the store, and a record for people. */
#ifndef ZONED_ZONECTL_LOG_H
#define ZONED_ZONECTL_LOG_H

#include <jansson.h>
#include <stdio.h>

#include "base/addr.h"
#include "store/store.h"

enum { LOG_TIME = 40 };

struct log_question {
	struct store_filter filter;
	char from[LOG_TIME], until[LOG_TIME]; /* its times */
	const char *store;		      /* the file; NULL: as the model says */
	struct prefix address;
	bool has_address, follow, json, verify, counts;
};

/* "2h", "30m", "7d", "45s" before now, or a time as utc_parse() reads it, as records have it. */
bool log_time(const char *text, char out[LOG_TIME]);
/* One record on a line: time, verdict or severity, what, from and to. */
void log_print_record(FILE *f, const json_t *record);

#endif
