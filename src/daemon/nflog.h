/* SPDX-License-Identifier: MIT
 * The NFLOG group to which the ruleset sends the first packet of a refused flow. */
#ifndef ZONED_DAEMON_NFLOG_H
#define ZONED_DAEMON_NFLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "record/event.h"

struct mnl_socket;

/* Bind the group; NULL and errno. */
struct mnl_socket *nflog_open(uint16_t group);
/* The reason of that name, if the ruleset refuses for it; else R_NONE. */
enum reason nflog_reason(const char *name);
/* A refused packet: the reason that its prefix names, and the packet from its IP header, which the
 * caller hands on unread. */
struct nflog_packet {
	enum reason why;
	bool observed; /* it went on: the site is only watched */
	const uint8_t *ip;
	uint32_t len, in, out; /* in, out: interfaces; 0: not told */
	struct link_macs macs;
};
/* Read what is there, at most max messages. 0 or -errno. */
int nflog_read(struct mnl_socket *nl, unsigned max,
	       void (*take)(void *ctx, const struct nflog_packet *p), void *ctx);

#endif
