/* SPDX-License-Identifier: MIT
 *
 * OPC UA in the in-kernel path: what of a connection is in its slot.
 *
 * An inspector judges once which services, nodes and attributes a request names. What it permitted
 * (one chunk of up to 512 bytes; no request of a session about itself, since that changes what the
 * others may do) stays in the slot, six at most. The program passes a request that is the same but
 * for its time and handle, the notifications that a publish request acknowledges, and the
 * signature; channel, token, sequence number and RequestId it compares on their own, as the
 * inspector does: the channel's, one of its tokens, the next, none that waits. Of a response (one
 * chunk of up to 1464 bytes) an inspector looks at the same numbers, at the request that it
 * answers and at its type, and so does the program; a ServiceFault is for the inspector. In
 * SignAndEncrypt only the header can be judged: once an inspector has permitted an encrypted
 * request, the program passes chunks of whole cipher blocks that do not begin like a readable one.
 * Connections that the server opened (reverse connect) stay slow.
 */
#ifndef ZONED_PROTO_OPCUA_KERNEL_H
#define ZONED_PROTO_OPCUA_KERNEL_H

#include "fastpath/fast.h"

enum {
	/* see struct fast_kept; a segment is one chunk */
	FAST_UA_REQ_ROOM = 128,
	FAST_UA_REQ_SEGMENT = 512,
	FAST_UA_RESP_ROOM = 512,
	FAST_UA_RESP_SEGMENT = 1464,
	FAST_UA_WAITS = 32, /* outstanding requests */
	FAST_SHAPES = 6,    /* requests of a connection that go fast */
	FAST_POOL = 896,    /* bytes for their content, in words of eight */
};

/* A request that an inspector has permitted: at pool[at] the len bytes of its chunk, filled up
 * to a whole word; behind them a bit for each of these bytes, set where the next one must have the
 * same. */
struct fast_shape {
	uint16_t at, len;
	uint16_t answer;  /* the TypeId of its response */
	uint16_t changes; /* counts as a write */
};

struct fast_wait {   /* a request without its response */
	uint32_t id; /* RequestId */
	uint16_t answer;
};

struct fast_channel {
	uint32_t id, token[2], n_tokens;
	uint32_t seq[2]; /* the next SequenceNumber, per direction */
	uint32_t opaque; /* the bodies are encrypted: the header is all there is to judge */
	uint32_t block, signature; /* bytes; block of the cipher, at least 1 */
	uint32_t n_shapes, n_waits;
	uint32_t permitted; /* encrypted requests; known to the inspector only */
	struct fast_wait wait[FAST_UA_WAITS];
};

/* A slot. */
struct fast_opcua {
	uint64_t numbers[FAST_NUMBERS / 8]; /* the beginning of every slot */
	union {
		struct fast_channel ch;
		uint8_t near[FAST_NEAR];
	};
	uint32_t wanted; /* as that of the slot */
	struct fast_shape shape[FAST_SHAPES];
	uint8_t pool[FAST_POOL] __attribute__((aligned(8)));
	uint8_t req[FAST_UA_REQ_ROOM + FAST_UA_REQ_SEGMENT];
	uint8_t resp[FAST_UA_RESP_ROOM + FAST_UA_RESP_SEGMENT];
};

_Static_assert(sizeof(struct fast_opcua) <= sizeof(struct fast_slot), "it is inside a slot");

static inline struct fast_opcua *fast_opcua_of(struct fast_slot *s)
{
	return (struct fast_opcua *)s;
}

/* Requests, responses. */
static const struct fast_kept fast_opcua_kept[2] = {
	{ offsetof(struct fast_opcua, req), FAST_UA_REQ_ROOM, FAST_UA_REQ_SEGMENT },
	{ offsetof(struct fast_opcua, resp), FAST_UA_RESP_ROOM, FAST_UA_RESP_SEGMENT },
};

/* Number of the bit for byte i in its byte of a shape's mask. The order of bits is that of bytes in
 * a number of this machine. */
static inline unsigned fast_bit(unsigned long i)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return i % 8;
#else
	return 7 - i % 8;
#endif
}

#endif
