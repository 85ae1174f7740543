/* SPDX-License-Identifier: MIT
 *
 * Sends that the network card cuts up (TSO, BIG TCP): what a capture on the sending machine shows
 * is one packet that may be longer than its length field can say, which is then zero. It is
 * delivered as TCP segments with lengths that fit. Their checksums are made right: the sender left
 * them to the card, so nothing can be said of them.
 */
#ifndef ZONED_PACKET_OFFLOAD_H
#define ZONED_PACKET_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OFFLOAD_PIECE = 32768, OFFLOAD_HEADERS = 192 };

struct offload {
	const uint8_t *ip; /* NULL: nothing more */
	size_t len, header, at;
	uint8_t piece[OFFLOAD_HEADERS + OFFLOAD_PIECE];
};

/* Begin with a packet whose own length is zero; false: it cannot be made into ones that are right.
 */
bool offload_begin(struct offload *o, const uint8_t *ip, size_t len);
/* The next piece, in o->piece; 0: there is none. */
size_t offload_next(struct offload *o);

#endif
