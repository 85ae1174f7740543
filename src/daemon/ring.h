/* SPDX-License-Identifier: MIT
 *
 * The memory that the parent and one inspector share: packets one way,
 * verdicts and events the other. One producer and one consumer per ring.
 * Neither side believes the other: every index and length read from here is
 * checked before use, and a bad one is an error of the other side.
 */
#ifndef ZONED_DAEMON_RING_H
#define ZONED_DAEMON_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RING_SLOTS = 1024,		/* power of two */
	RING_DATA = 10240,		/* bytes of one packet: jumbo frames too */
	RING_IMAGE = 16 << 20,		/* room for one policy image */
};

enum { QUEUE_CLOSED, QUEUE_OPEN, QUEUES };	/* by the conduit's "fail" */

enum slot_kind { SLOT_PACKET = 1, SLOT_POLICY, SLOT_VERDICT, SLOT_EVENT, SLOT_ACK, SLOT_REFUSED, SLOT_GONE,
		SLOT_CLAIM };

struct slot {
	uint32_t kind;
	uint32_t id;		/* packet: the kernel's; policy, ack: image 0 or 1; refused: enum reason */
	uint32_t verdict;	/* enum verdict */
	uint32_t queue;		/* packet, verdict: which of the worker's queues, QUEUE_* */
	uint32_t len;		/* bytes of data; verdict: 0 is "as it was" */
	uint64_t now_ns, wall_ns;
	uint32_t check_sum, partial;
	_Alignas(8) uint8_t data[RING_DATA];
};

struct ring {
	_Alignas(64) atomic_uint head;	/* written by the producer */
	_Alignas(64) atomic_uint tail;	/* written by the consumer */
	struct slot slot[RING_SLOTS];
};

struct shared {
	struct ring to, from;		/* seen from the parent */
	_Alignas(64) atomic_ullong beat;	/* the inspector counts its turns here */
	atomic_ullong flows, messages, refused;	/* as it last said */
	_Alignas(64) uint8_t image[2][RING_IMAGE];
};

/* The slot to fill next; NULL when the ring is full (or its indices are nonsense). */
static inline struct slot *ring_put(struct ring *r)
{
	unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);
	unsigned tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	return head - tail < RING_SLOTS ? &r->slot[head % RING_SLOTS] : NULL;
}

static inline void ring_put_done(struct ring *r)
{
	atomic_fetch_add_explicit(&r->head, 1, memory_order_release);
}

/* The slot to read next; NULL when there is none. */
static inline const struct slot *ring_get(struct ring *r)
{
	unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	unsigned head = atomic_load_explicit(&r->head, memory_order_acquire);
	return head != tail && head - tail <= RING_SLOTS ? &r->slot[tail % RING_SLOTS] : NULL;
}

static inline void ring_get_done(struct ring *r)
{
	atomic_fetch_add_explicit(&r->tail, 1, memory_order_release);
}

#endif
