/* SPDX-License-Identifier: MIT
 *
 * The inspector's side of the in-kernel path: giving a connection to the kernel, and taking it
 * back exactly as the kernel left it. src/fastpath/README has the rules. Slots are memory shared
 * with the program; no call is made.
 *
 * Packets of a connection that is given may still be in the queue: they find the program expecting
 * just them, or come to the inspector, which takes the connection back. Either is right, as both
 * go on from the same numbers. Nothing is given that was cut, so numbers are not translated. Short
 * connections are not worth it.
 */
#ifndef ZONED_INSPECT_FAST_H
#define ZONED_INSPECT_FAST_H

#include <stdbool.h>
#include <stdint.h>

#include "fastpath/fast.h"
#include "inspect/share.h"

enum { FAST_OWN = 4 }; /* bytes */

struct fast_connection {     /* of one connection */
	uint32_t slot;	     /* index + 1; 0: none */
	uint32_t generation; /* for which the parent made its entries; 0: not yet */
	uint32_t seen;	     /* packets, when last asked whether it moves */
	uint32_t serial;     /* of the claim that is not answered yet */
	/* under this generation the slot's requests were permitted; that of the claim */
	uint32_t learned;
	uint32_t way[2][2];	/* interfaces of the newest packets: per direction, in and out */
	uint32_t claimed[2][2]; /* those of the last claim */
	bool given;		/* the kernel judges */
	uint8_t own[FAST_OWN];	/* for its protocol, as long as it has the slot */
	uint16_t wait, step;	/* packets until the next try; how many the last time */
};

struct fast_pool {
	struct fast_slot *v; /* NULL: there is no in-kernel path */
	/* owners of the slots: connections, by their number in the connection table */
	struct share share;
	uint32_t serial; /* of the last claim */
};

bool fast_pool_init(struct fast_pool *p, struct fast_slot *v, uint32_t n, const uint64_t key[2]);
void fast_pool_free(struct fast_pool *p);
/* The connection is forgotten: the kernel judges it no more. */
void fast_release(struct fast_pool *p, struct fast_connection *f);
/* A packet of this direction goes between these interfaces. */
void fast_way(struct fast_connection *f, int dir, uint32_t in, uint32_t out);
/* Has the kernel passed something since the last call? */
bool fast_moved(const struct fast_pool *p, struct fast_connection *f);

#endif
