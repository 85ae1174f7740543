/* SPDX-License-Identifier: MIT
 * IP addresses and prefixes. IPv4 is held in b[0..3], network order. */
#ifndef ZONED_BASE_ADDR_H
#define ZONED_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr {
	uint8_t family; /* 4 or 6 */
	uint8_t b[16];	/* unused bytes are zero */
};

struct prefix {
	struct addr a; /* host bits zero */
	uint8_t len;   /* 0..32 or 0..128 */
};

/* The two real ends of a TCP connection: who opened it, and who answered
 * (the reply direction's source, so it is right under address translation). */
struct tcp_ends {
	struct addr client, server;
	uint16_t cport, sport;
};

enum { ADDR_TEXT = 52 };  /* room for any address or prefix with NUL */
enum { ADDR_SOURCE = 8 }; /* octets that can differ between sources */

bool addr_parse(const char *s, struct addr *out);
/* "10.1.0.0/24" or a bare address (full length). *host_bits: bits set beyond len. */
bool prefix_parse(const char *s, struct prefix *out, bool *host_bits);
void addr_text(const struct addr *a, char out[ADDR_TEXT]);
void prefix_text(const struct prefix *p, char out[ADDR_TEXT]);
bool addr_eq(const struct addr *a, const struct addr *b);
/* The source of an address: an IPv4 address itself, or the /64 of an IPv6 address, because a host
 * may take any address of its link's /64 (RFC 4291 2.5.1, RFC 8981). The other bits are zero. */
struct addr addr_source(const struct addr *a);
/* No router forwards what is from or to it: multicast, the broadcast address, link-local, none at
 * all (RFC 1812 5.3, RFC 4291 2.5). */
bool addr_is_of_link(const struct addr *a);
bool prefix_has(const struct prefix *p, const struct addr *a);
bool prefix_overlap(const struct prefix *p, const struct prefix *q);

#endif
