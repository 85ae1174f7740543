/* SPDX-License-Identifier: MIT
 * The kernel's word that a connection is gone (conntrack destroy events). */
#ifndef ZONED_DAEMON_CTWATCH_H
#define ZONED_DAEMON_CTWATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct mnl_socket;

/* Any netlink socket, to send on or to hear these groups. NULL and errno. */
struct mnl_socket *bus_open(int bus, unsigned groups);
struct mnl_socket *ctwatch_open(void); /* NULL and errno */
/* Read at most max messages; take() for each TCP connection that ended. *lost becomes true when the
 * kernel had more to say than there was room for: ask for the list. 0 or -errno. */
int ctwatch_read(struct mnl_socket *nl, unsigned max,
		 void (*take)(void *ctx, const struct tcp_ends *gone), void *ctx, bool *lost);

/* The TCP connections that there are, also those that carry another's mark, on a socket of
 * its own: ask, then read while there is something to read. 1: that was all, 0: more will
 * come, -errno: the list is not whole. */
struct mnl_socket *ctlist_open(void); /* NULL and errno */
int ctlist_ask(struct mnl_socket *nl);
int ctlist_read(struct mnl_socket *nl, unsigned max,
		void (*take)(void *ctx, const struct tcp_ends *there), void *ctx);

#endif
