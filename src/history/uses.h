/* SPDX-License-Identifier: MIT
 * What each conduit was used for, over restarts: the file "uses.json" beside the generations. */
#ifndef ZONED_HISTORY_USES_H
#define ZONED_HISTORY_USES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

enum { USES_MOST = 16384 };

struct use {
	char name[MODEL_NAME_MAX + 1]; /* of the conduit */
	int64_t since_s, last_s;    /* since 1970: in force and looked at; last_s 0: never used */
	uint64_t messages, packets; /* that passed */
};

struct uses {
	struct use *v; /* of uses_free() */
	size_t n;
};

/* From dir; times that are to come become now. What cannot be read as uses is renamed to
 * "uses.json.unreadable" and *unreadable is set: there are none then. 0 or -errno */
int uses_read(int dir, int64_t now_s, struct uses *u, bool *unreadable);
/* All of it or, when this fails, what was there. 0 or -errno */
int uses_keep(int dir, const struct uses *u);
void uses_free(struct uses *u);

#endif
