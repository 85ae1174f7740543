/* SPDX-License-Identifier: MIT
 *
 * The last packets that went to one inspector, as they came: a bounded ring of octets with one
 * writer, which never waits, and one reader, which finds out when it was overtaken. The writer
 * moves `oldest` past what it is about to overwrite before it writes; the reader looks at it
 * again behind each copy, and takes nothing for read that was overwritten meanwhile.
 *
 * A place is a number that only grows, so no two packets ever have the same; 0 is none.
 */
#ifndef ZONED_EVIDENCE_RING_H
#define ZONED_EVIDENCE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVIDENCE_RING_MIN = 64 << 10, EVIDENCE_SNAP_MAX = 10240 };

struct evidence_ring;

struct evidence_packet {
	uint64_t time_ns; /* since 1970 */
	uint32_t in;	  /* number of the interface; 0: not known */
	uint32_t len;	  /* octets kept */
	uint32_t whole;	  /* octets that there were, before `snap` */
};

/* Room for octets of one packet. */
struct evidence_octets {
	uint8_t *p;
	uint32_t room;
};

/* size: bytes, at least EVIDENCE_RING_MIN; all of it is there from now on. NULL: no memory. */
struct evidence_ring *evidence_ring_new(size_t size, uint32_t snap);
void evidence_ring_free(struct evidence_ring *r); /* NULL is fine */

/* The writer's. k->len octets of data, of which at most snap are kept; returns its place. */
uint64_t evidence_ring_copy(struct evidence_ring *r, const struct evidence_packet *k,
			    const uint8_t *data);

/* The reader's. Where the first packet is that is still there, and where the next one will be. */
uint64_t evidence_ring_oldest(const struct evidence_ring *r);
uint64_t evidence_ring_end(const struct evidence_ring *r);
/* The packet at *at, or the next one that is still there; moves *at behind it. At most `room`
 * octets of it into data (k->len has how many). Returns its place; 0: there is none yet. */
uint64_t evidence_ring_next(const struct evidence_ring *r, uint64_t *at, struct evidence_packet *k,
			    const struct evidence_octets *data);

#endif
