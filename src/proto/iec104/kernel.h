/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104 in the in-kernel path: what of a connection is in its slot, and what of a policy
 * the program compares.
 *
 * Most of what crosses a conduit are reports of the controlled station and the acknowledgements of
 * its master. Passed is payload that is 1 to 16 whole frames: S frames of the master that confirm
 * something, and of the station S frames, TESTFR con, and I frames with process information of
 * types below 64, if the policy permits type, cause, common address and all object addresses. Of a
 * frame the program compares all that the inspector does: the control field to the bit, N(S), N(R),
 * the window k, and that the ASDU is exactly as long as its type and its number of objects say. All
 * other U frames, every I frame of the master and the station's answers to them, and the end of
 * initialisation make the connection the inspector's for that moment. A connection is given while
 * transmission is started and the numbers of both ends are known; they come back as the program
 * left them. Conduits whose server is the controlling station stay slow.
 *
 * A rate limit counts what the master asks, and those of its frames that nothing of the station
 * caused (gate.c), so none is asked for here.
 */
#ifndef ZONED_PROTO_IEC104_KERNEL_H
#define ZONED_PROTO_IEC104_KERNEL_H

#include "fastpath/fast.h"

enum {
	FAST_IEC_TYPES = 64,
	FAST_IEC_RULES = 19, /* flattened rules of one policy */
	/* see struct fast_kept; multiples of eight, since frames are kept in words */
	FAST_IEC_MASTER_ROOM = 64,
	FAST_IEC_MASTER_SEGMENT = 6 * FAST_MESSAGES,
	FAST_IEC_STATION_ROOM = 1024,
	FAST_IEC_STATION_SEGMENT = 1464,
};

/* A slot. By direction: the next N(S), those that the other end has confirmed, and whether the
 * program has passed an I frame. */
struct fast_iec104 {
	uint64_t numbers[FAST_NUMBERS / 8]; /* the beginning of every slot */
	union {
		struct {
			uint16_t next[2], acked[2];
			uint8_t sent[2];
		};
		uint8_t near[FAST_NEAR];
	};
	uint8_t master[FAST_IEC_MASTER_ROOM + FAST_IEC_MASTER_SEGMENT];
	uint8_t station[FAST_IEC_STATION_ROOM + FAST_IEC_STATION_SEGMENT];
};

_Static_assert(sizeof(struct fast_iec104) <= sizeof(struct fast_slot), "it is inside a slot");

static inline struct fast_iec104 *fast_iec104_of(struct fast_slot *s)
{
	return (struct fast_iec104 *)s;
}

/* What the master sends, what the station sends. */
static const struct fast_kept fast_iec104_kept[2] = {
	{ offsetof(struct fast_iec104, master), FAST_IEC_MASTER_ROOM, FAST_IEC_MASTER_SEGMENT },
	{ offsetof(struct fast_iec104, station), FAST_IEC_STATION_ROOM, FAST_IEC_STATION_SEGMENT },
};

/* Of a type of process information: the causes that the station may give, bits by number (0: the
 * program does not know the type); the octets of an element, and whether it may be a sequence. */
enum { FAST_IEC_CAUSES, FAST_IEC_FORM, FAST_IEC_FACTS, FAST_IEC_SIZE = 0xff, FAST_IEC_SQ = 0x100 };

/* One way for a report to be permitted. All bounds are inclusive. */
struct fast_iec104_rule {
	uint64_t types, causes; /* bits by number */
	uint32_t object_lo, object_hi;
	uint16_t common_lo, common_hi;
	uint32_t unused;
};

/* The rules of struct fast_policy. */
struct fast_iec104_rules {
	uint16_t k;		       /* I frames of one end that may be unacknowledged */
	uint8_t client_is_controlling; /* 0: nothing goes fast */
	uint8_t listed;		       /* 0: the station may report anything that is well formed */
	uint32_t unused;
	struct fast_iec104_rule rule[FAST_IEC_RULES];
};

_Static_assert(sizeof(struct fast_iec104_rules) <= FAST_POLICY_ROOM, "its rules have room");

#endif
