/* SPDX-License-Identifier: MIT
 *
 * Modbus in the in-kernel path: what of a connection is in its slot, and what of a policy the
 * program compares.
 *
 * Passed is payload that is 1 to 16 whole messages: requests of function 1 to 6, 15 and 16, each
 * inside one flattened rule; responses and exceptions, each the answer to the oldest request that
 * is outstanding. Of writes: single values; up to 16 registers, all inside one permitted range;
 * more registers, and coils, only where every value is permitted.
 */
#ifndef ZONED_PROTO_MODBUS_KERNEL_H
#define ZONED_PROTO_MODBUS_KERNEL_H

#include "fastpath/fast.h"

enum {
	FAST_PENDING = 16, /* outstanding requests; power of two */
	FAST_RULES = 32,   /* flattened rules of one policy */
	FAST_VALUES = 16,  /* registers of one write whose values are compared */
	FAST_REQ_ROOM = 256,
	FAST_REQ_SEGMENT = 264, /* see struct fast_kept */
	FAST_RESP_ROOM = 1024,
	FAST_RESP_SEGMENT = 2048,
};

struct fast_pending {
	uint16_t tid;
	uint8_t unit, fc;
	uint16_t addr;
	uint16_t word; /* quantity; FC 5 and 6: value. What the answers of writes repeat */
} __attribute__((aligned(8)));

/* A slot; head and n_pending are of pending. */
struct fast_modbus {
	uint64_t numbers[FAST_NUMBERS / 8]; /* the beginning of every slot */
	union {
		struct fast_pending pending[FAST_PENDING];
		uint8_t near[FAST_NEAR];
	};
	uint8_t req[FAST_REQ_ROOM + FAST_REQ_SEGMENT];
	uint8_t resp[FAST_RESP_ROOM + FAST_RESP_SEGMENT];
};

_Static_assert(sizeof(struct fast_modbus) <= sizeof(struct fast_slot), "it is inside a slot");

static inline struct fast_modbus *fast_modbus_of(struct fast_slot *s)
{
	return (struct fast_modbus *)s;
}

/* Requests, responses. */
static const struct fast_kept fast_modbus_kept[2] = {
	{ offsetof(struct fast_modbus, req), FAST_REQ_ROOM, FAST_REQ_SEGMENT },
	{ offsetof(struct fast_modbus, resp), FAST_RESP_ROOM, FAST_RESP_SEGMENT },
};

/* One way to be permitted. All bounds are inclusive. */
struct fast_rule {
	uint32_t functions; /* bit per function code, 1..31 */
	uint16_t unit_lo, unit_hi, addr_lo, addr_hi, qty_lo, qty_hi;
	uint16_t value_lo, value_hi; /* reads: 0..65535 */
};

_Static_assert(FAST_RULES * sizeof(struct fast_rule) <= FAST_POLICY_ROOM, "its rules have room");

#endif
