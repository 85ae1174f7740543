/* SPDX-License-Identifier: MIT
 *
 * The memory that the parent and one inspector share: packets one way,
 * verdicts and events the other (policies: images.h). One producer and one consumer per ring.
 * Neither side believes the other: every index and length read from here is
 * checked before use, and a bad one is an error of the other side.
 */
#ifndef ZONED_DAEMON_RING_H
#define ZONED_DAEMON_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/counts.h"
#include "inspect/show.h"
#include "record/event.h"

enum {
	RING_SLOTS = 1024, /* power of two */
	/* of these not for packets: what else is to be said always has room */
	RING_SPARE = 64,
	RING_DATA = 10240, /* bytes of one packet: jumbo frames too */
};

/* A worker's queues. The kernel hands a packet to a queue by a hash of its two addresses and
 * protocol, so what one pair of hosts has too much of fills the one queue (LANES of each kind), and
 * the others are read in turn. */
enum { QUEUE_CLOSED, QUEUE_OPEN, QUEUE_KINDS };	  /* by the conduit's "fail" */
enum { LANES = 8, QUEUES = QUEUE_KINDS * LANES }; /* number kind * LANES + lane */

/* beside the reason: the packet went on, since the site is only watched */
enum { REFUSED_OBSERVED = 1 << 16 };

enum slot_kind {
	SLOT_PACKET = 1,
	SLOT_POLICY,
	SLOT_VERDICT,
	SLOT_EVENT,
	SLOT_ACK,
	SLOT_REFUSED,
	SLOT_GONE,
	SLOT_LIST,
	SLOT_CLAIM
};

/* The kernel's connections: struct tcp_ends, as many as there are in len bytes. */
enum list_part { LIST_BEGIN, LIST_MORE, LIST_END };

struct slot {
	uint32_t kind;
	uint32_t id;	  /* packet: the kernel's; policy, ack: image 0 or 1; refused: enum reason,
			   * perhaps with REFUSED_OBSERVED; list: enum list_part */
	uint32_t verdict; /* enum verdict */
	uint32_t queue;	  /* packet, verdict: which of the worker's queues */
	uint32_t len;	  /* bytes of data; verdict: 0 sends the packet unchanged */
	uint64_t now_ns, wall_ns;
	uint32_t check_sum, partial;
	uint32_t in, out;      /* packet, refused: its interfaces; 0: none */
	struct link_macs macs; /* of these */
	/* packet, refused: where its copy is for evidence (evidence/ring.h); event: that of the
	 * packet for which there is the event. 0: none */
	uint64_t copied;
	_Alignas(8) uint8_t data[RING_DATA];
};

struct ring {
	_Alignas(64) atomic_uint head; /* written by the producer */
	_Alignas(64) atomic_uint tail; /* written by the consumer */
	struct slot slot[RING_SLOTS];
};

/* The fields of struct inspect_stats that an inspector reports, as "zonectl status" names them. */
/* clang-format off */
#define RING_STATS(X) \
	X(flows) \
	X(open) \
	X(half_open) X(sources) X(messages) X(refused) X(no_room) X(pushed_half) X(pushed_closed) \
		X(pushed_idle)
/* clang-format on */

struct shared {
	struct ring to, from; /* seen from the parent */
	/* A sleeper says so before it looks at its ring for the last time, and is woken only
	 * then: 1 while it sleeps, or is about to; who sets it to 0 wakes it. */
	_Alignas(64) atomic_uint inspector_sleeps; /* a futex */
	_Alignas(64) atomic_uint parent_sleeps;	   /* the eventfd "told" wakes it */
	atomic_uint core;			   /* core for the inspector; CPU_SETSIZE: any */
	_Alignas(64) atomic_ullong beat;	   /* the inspector counts its turns here */
#define X(name) atomic_ullong name;
	RING_STATS(X) /* as it last said */
#undef X
	/* by an inspector whose start fails: the number of the step (inspector_step()), and errno
	 */
	atomic_uint failed_step, failed_errno;
	/* What the inspector has open: show_asked, by the parent, is the number of a question for
	 * show.from; show_done that of the last answer. */
	atomic_uint show_asked, show_done;
	struct show_page show;
	_Alignas(64) struct count_table counts; /* written by the inspector */
};

/* Number of slots that the producer may fill; 0 also when the indices are invalid. */
static inline unsigned ring_room(struct ring *r)
{
	unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);
	unsigned tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	return head - tail < RING_SLOTS ? RING_SLOTS - (head - tail) : 0;
}

/* The slot to fill next; NULL when the ring is full. */
static inline struct slot *ring_put(struct ring *r)
{
	unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);
	return ring_room(r) ? &r->slot[head % RING_SLOTS] : NULL;
}

static inline void ring_put_done(struct ring *r)
{
	atomic_fetch_add(&r->head, 1); /* before the consumer is asked whether it sleeps */
}

/* The slot to read next; NULL when there is none. */
static inline const struct slot *ring_get(struct ring *r)
{
	unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	unsigned head = atomic_load_explicit(&r->head, memory_order_acquire);
	return head != tail && head - tail <= RING_SLOTS ? &r->slot[tail % RING_SLOTS] : NULL;
}

/* The consumer wants to sleep. False: no, something came; the producer sees one or the other. */
static inline bool ring_may_sleep(struct ring *r, atomic_uint *sleeps)
{
	atomic_store(sleeps, 1);
	atomic_thread_fence(memory_order_seq_cst);
	if (!ring_get(r))
		return true;
	atomic_store(sleeps, 0);
	return false;
}

static inline void ring_get_done(struct ring *r)
{
	atomic_fetch_add_explicit(&r->tail, 1, memory_order_release);
}

#endif
