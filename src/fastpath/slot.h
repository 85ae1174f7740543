/* SPDX-License-Identifier: MIT
 *
 * A slot seen from outside the kernel: how it is stopped, and given again.
 *
 * ON -> BUSY is a compare-and-swap: two CPUs never judge one connection at once, and one segment
 * never passes twice. A CPU that finds BUSY tries 128 times, then sets stop and asks the
 * inspector. (bpf_spin_lock is not for socket filters.) A packet that is not passed turns the slot
 * OFF before it reaches the queue: from then on the inspector is the only judge, until it gives
 * the connection again. An inspector that gets a packet of a connection it has given sets stop,
 * waits until no CPU holds the slot and it is OFF, and only then reads it. stop is a word of its
 * own, so that the program can let go with a plain store where the processor keeps stores in
 * order: an exchange would wait for all stores before it.
 */
#ifndef ZONED_FASTPATH_SLOT_H
#define ZONED_FASTPATH_SLOT_H

#include <stdbool.h>

#include "fastpath/fast.h"

/* a CPU holds a slot for a microsecond; this is much longer */
enum { FAST_HOLD_SPINS = 1 << 24 };

/* Ask the program to pass nothing more of this slot; a CPU that holds it ends its packet first.
 * Does not wait: another process that shares the slot may have written that it is BUSY. */
static inline void fast_ask_stop(struct fast_slot *s)
{
	__atomic_store_n(&s->stop, 1, __ATOMIC_SEQ_CST);
}

/* Stop the program on this slot: afterwards it passes nothing. False: a CPU still holds it. */
static inline bool fast_stop(struct fast_slot *s)
{
	fast_ask_stop(s);
	for (uint32_t i = 0; i < FAST_HOLD_SPINS; i++) {
		uint32_t was = FAST_ON;
		if (__atomic_compare_exchange_n(&s->state, &was, FAST_OFF, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST) ||
		    was != FAST_BUSY)
			return true;
	}
	return false;
}

/* Let the program take the slot, which was stopped and is now filled in. */
static inline void fast_start(struct fast_slot *s)
{
	__atomic_store_n(&s->stop, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&s->state, FAST_ON, __ATOMIC_SEQ_CST);
}

#endif
