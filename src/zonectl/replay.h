/* SPDX-License-Identifier: MIT
 * Messages of each protocol as replay prints them; one row per protocol. */
#ifndef ZONED_ZONECTL_REPLAY_H
#define ZONED_ZONECTL_REPLAY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/protocols.h"
#include "record/event.h"

/* Of each inspected protocol: replay_NAME. */
struct replay_ops {
	/* m: judged.msg of the protocol, as its gate.c has it. The ends and the verdict are the caller's. */
	void (*json)(json_t *o, const struct event *ev, const void *m);
	void (*text)(const struct event *ev, const void *m);
	/* What of a response is not as expected, where an event has no message; NULL: nothing is known. */
	void (*difference)(const struct event *ev);
};

#define P(symbol, name, word, port, over) extern const struct replay_ops replay_##name;
PROTOCOLS(P)
#undef P

void replay_put(json_t *o, const char *key, bool have, int64_t v);

#endif
