/* SPDX-License-Identifier: MIT
 *
 * DNP3 in the in-kernel path: what of a connection is in its slot.
 *
 * A policy's rules on objects, points and addresses are too much for a BPF program, but a master
 * asks the same again and again. So the inspector that has permitted a read (one fragment
 * in one frame of up to 64 octets) and its response (one frame) leaves both in the slot, two such
 * polls per connection. The program passes what is the same but for the sequence numbers of
 * transport and application and, in the response, the indications and the data of objects under a
 * range of indexes, whose length follows from the object header. No rule looks at these octets; a
 * mask in the slot names them, octet by octet. CRCs are computed. One request may be outstanding,
 * and its answer must come within the inspector's time. Everything that is no read, any
 * confirmation, event or unsolicited response makes the connection the inspector's for that
 * moment. A connection is given only right after the answer to a poll, with no fragment unfinished
 * and no select waiting for its operate; what was asked comes back with its time. DNP3 over UDP,
 * and conduits whose server is the master, stay slow.
 */
#ifndef ZONED_PROTO_DNP3_KERNEL_H
#define ZONED_PROTO_DNP3_KERNEL_H

#include "fastpath/fast.h"

enum {
	FAST_POLLS = 2, /* requests of a connection that go fast */
	/* octets of their frames, and of the answers' */
	FAST_ASK_MAX = 64,
	FAST_ANSWER_MAX = 292,
	FAST_ANSWER_WORDS = 37, /* filled up to words of eight */
	FAST_ASK_ROOM = 256,
	FAST_ANSWER_ROOM = 1024, /* see struct fast_kept */
};

/* DNP_WAIT_NS: how long a request may be answered */
#define FAST_WAIT_NS (60ull * 1000000000)

struct fast_octets { /* eight of a frame, as they come */
	uint64_t v, mask;
};

/* A poll that an inspector has permitted, under the policy for which the slot was claimed, and
 * its answer: one link frame each. What differs from one to the next is where the masks are 0:
 * sequence numbers, the indications, objects' data, CRCs, and what is behind the frame. */
struct fast_poll {
	uint32_t ask_len; /* octets; 0: there is none */
	uint32_t wanted;  /* as that of the slot */
	struct fast_octets ask[FAST_ASK_MAX / 8];
	uint32_t answer_len, answer_wanted;
	struct fast_octets answer[FAST_ANSWER_WORDS];
};

struct fast_asked {
	uint32_t seq, poll; /* of the newest request */
	uint64_t ns;	    /* CLOCK_MONOTONIC: when it was asked; 0: never */
	/* the newest of each poll and sequence number: 2^24 ns; 0: none */
	uint32_t at[FAST_POLLS][16];
};

/* A slot; n_pending is 1 while the newest request has no answer. */
struct fast_dnp3 {
	uint64_t numbers[FAST_NUMBERS / 8]; /* the beginning of every slot */
	union {
		struct fast_asked asked;
		uint8_t near[FAST_NEAR];
	};
	uint8_t req[FAST_ASK_ROOM + FAST_ASK_MAX];
	uint8_t resp[FAST_ANSWER_ROOM + FAST_ANSWER_MAX];
	uint8_t behind[8]; /* compared, with a mask of 0: frames are taken in words */
	struct fast_poll poll[FAST_POLLS];
};

_Static_assert(sizeof(struct fast_dnp3) <= sizeof(struct fast_slot), "it is inside a slot");

static inline struct fast_dnp3 *fast_dnp3_of(struct fast_slot *s)
{
	return (struct fast_dnp3 *)s;
}

/* Requests, responses. */
static const struct fast_kept fast_dnp3_kept[2] = {
	{ offsetof(struct fast_dnp3, req), FAST_ASK_ROOM, FAST_ASK_MAX },
	{ offsetof(struct fast_dnp3, resp), FAST_ANSWER_ROOM, FAST_ANSWER_MAX },
};

#endif
