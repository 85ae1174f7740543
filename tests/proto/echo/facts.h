/* SPDX-License-Identifier: MIT
 * The facts of an echo message in an event. */
#ifndef ZONED_PROTO_ECHO_FACTS_H
#define ZONED_PROTO_ECHO_FACTS_H

#include "record/event.h"

struct EVENT_FACTS_OF ev_echo {
	uint8_t n;
};

_Static_assert(sizeof(struct ev_echo) <= EVENT_FACTS, "an event has room for them");

#define EV_ECHO(ev) ((struct ev_echo *)(void *)(ev)->facts)

#endif
