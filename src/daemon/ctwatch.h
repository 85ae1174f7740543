/* SPDX-License-Identifier: MIT
 * The kernel's word that a connection is gone (conntrack destroy events). */
#ifndef ZONED_DAEMON_CTWATCH_H
#define ZONED_DAEMON_CTWATCH_H

#include <stdint.h>

#include "base/addr.h"

struct mnl_socket;

/* The two real ends of a TCP connection: who opened it, and who answered
 * (the reply direction's source, so it is right under address translation). */
struct ct_ends {
	struct addr client, server;
	uint16_t cport, sport;
};

struct mnl_socket *ctwatch_open(void);	/* NULL and errno */
/* Read at most max messages; take() for each TCP connection that ended with a mark inside
 * mask. Lost events do not matter: flows also end by time. 0 or -errno. */
int ctwatch_read(struct mnl_socket *nl, unsigned max, uint32_t mask,
		 void (*take)(void *ctx, const struct ct_ends *gone), void *ctx);

#endif
