/* SPDX-License-Identifier: MIT
 *
 * Which packets belong together: addresses, protocol and ports at their fixed places, by the
 * checked reader, and nothing else of a packet. It is for sorting copies only; nothing that is
 * forwarded or refused depends on it.
 */
#ifndef ZONED_EVIDENCE_FLOW_H
#define ZONED_EVIDENCE_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum { EVIDENCE_HEADERS = 64 }; /* of a packet; in them is all that is looked at */

struct evidence_flow {
	struct addr src, dst;
	uint8_t l4;
	bool ports; /* there are and are known */
	uint16_t sport, dport;
};

/* Of the first octets of a packet; *whole: the length that its header says. False: no IP packet. */
bool evidence_flow_of(const uint8_t *ip, size_t len, struct evidence_flow *f, uint32_t *whole);
/* Packets of one connection, in one direction or in both. Where one shows no ports (a fragment),
 * addresses and protocol alone. */
bool evidence_flow_same(const struct evidence_flow *a, const struct evidence_flow *b);

#endif
