/* SPDX-License-Identifier: MIT
 * State of one Modbus connection in the data path. */
#ifndef ZONED_PROTO_MODBUS_GATE_H
#define ZONED_PROTO_MODBUS_GATE_H

#include "inspect/internal.h"
#include "proto/modbus/policy.h"

enum { MB_PENDING = 128 }; /* outstanding requests of one connection that are remembered */

struct mb_state {
	unsigned n_pending;
	uint8_t umas[32]; /* a bit for each unit: asked for function 90, it has answered */
	/* oldest first; those from n_pending on mean nothing */
	struct mb_pending pending[MB_PENDING];
};

static inline struct mb_state *mb_of(const struct connection *f)
{
	return f->proto_state;
}

/* gate.c: requests that are too old for an answer are given up. */
void mb_forget_old(struct mb_state *f, uint64_t now);

#endif
