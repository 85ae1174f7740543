/* SPDX-License-Identifier: MIT
 * Claim: an inspector asks the parent to let a connection go fast. */
#ifndef ZONED_FASTPATH_CLAIM_H
#define ZONED_FASTPATH_CLAIM_H

#include <stdint.h>

#include "base/addr.h"

struct fast_claim {
	struct addr client, server;
	uint16_t cport, sport;
	uint32_t slot;	 /* for its numbers; counted from the inspector's first */
	uint32_t serial; /* comes back in the answer */
	/* interfaces of its packets: per direction, in and out; 0: not known */
	uint32_t way[2][2];
	uint32_t generation; /* in the answer: of the image it was judged by; 0: refused */
};

#endif
