/* SPDX-License-Identifier: MIT
 * The facts of an echo message in an event. */
#ifndef ZONED_PROTO_ECHO_FACTS_H
#define ZONED_PROTO_ECHO_FACTS_H

#include "record/event.h"

struct EVENT_FACTS_OF ev_echo {
	uint8_t n;
};

EVENT_FACTS_FIT(struct ev_echo);

#define EV_ECHO(ev) ((struct ev_echo *)(void *)(ev)->facts)

#endif
