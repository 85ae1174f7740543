/* SPDX-License-Identifier: MIT
 * The open connections of all inspectors (zoned-control(7)). */
#ifndef ZONED_DAEMON_CONNECTIONS_H
#define ZONED_DAEMON_CONNECTIONS_H

#include "daemon/parent.h"

struct control_reply ask_connections(void *parent, const struct control_request *q);

#endif
