/* SPDX-License-Identifier: MIT
 * learn --live: what comes on interfaces for a while, as a recording to learn from. */
#ifndef ZONED_ZONECTL_LEARN_LIVE_H
#define ZONED_ZONECTL_LEARN_LIVE_H

#include "learn/learn.h"

enum { LIVE_INTERFACES = 64 };

struct live_learning {
	uint64_t for_ns;
	const char *interfaces[LIVE_INTERFACES]; /* --interface */
	unsigned n;
};

/* Capture until the time is over, SIGINT or SIGTERM comes, or the room is used up, and give it to
 * l. An exit status; what is wrong was told. Without interfaces: those of the zones of the model
 * that the daemon observes with. */
int learn_live(struct learn *l, const struct live_learning *live);

#endif
