/* SPDX-License-Identifier: MIT
 *
 * One inspected protocol, as the data path sees it: how messages are found in
 * a stream (or datagram), how much of an unfinished one is harmless, and the
 * judgement of a whole one. A row per protocol; state per connection.
 */
#ifndef ZONED_INSPECT_PROTO_H
#define ZONED_INSPECT_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/words.h"
#include "proto/modbus/wire.h"
#include "proto/dnp3/gate.h"
#include "proto/opcua/gate.h"
#include "proto/list.h"
#include "record/event.h"
#include "record/reason.h"

enum {
	FLOW_PENDING = 128,	/* outstanding Modbus requests of one connection that are remembered */
	/* Kept back of an unfinished message: what goes into one packet on any path (576 bytes, RFC 791)
	 * behind the longest headers there are (IPv6, TCP with options). */
	HOLD_MAX = 576 - 40 - 60,
};

struct mb_state {
	unsigned n_pending;
	uint8_t umas[32];	/* a bit for each unit: asked for function 90, it has answered */
	struct mb_pending pending[FLOW_PENDING];	/* oldest first; those from n_pending on mean nothing */
};

/* What a protocol keeps of one connection. Zeroed where the streams begin; only
 * what a protocol uses is touched, so unused memory costs nothing. */
union proto_state {
	struct mb_state mb;
	struct dnp_state dnp;
	struct ua_state ua;
};

struct pass;
struct flow;

enum act { ACT_PASS, ACT_CUT, ACT_RESET, ACT_COPY };	/* ACT_COPY: what passed already; cut out */

/* Of each inspected protocol: proto_NAME. */
struct proto_ops {
	bool big;		/* messages that need HALF_BIG buffers */
	bool cuts;		/* a refused message may be cut out and the stream goes on; else it ends */
	size_t state;		/* bytes to zero of its member of union proto_state */
	size_t shared;		/* bytes that all connections of an inspector share, zeroed at the start */
	/* Length of the message that starts at p: > 0 whole length, 0 need more bytes to
	 * tell, < 0 there is no way to find the next boundary (*why). */
	int (*frame)(const uint8_t *p, size_t n, enum reason *why);
	/* The same where it hangs on what came before or on the policy, or NULL: then frame says it. */
	int (*frame_in)(const struct pass *c, const uint8_t *p, size_t n, enum reason *why);
	/* The facts of a message whose end is not there or not to be found (ev->reason), as far as
	 * n bytes tell; it may have a better reason. NULL: none. */
	void (*begun)(const uint8_t *p, size_t n, struct event *ev);
	bool holds;		/* of an unfinished message up to HOLD_MAX bytes are kept back; else parts go on */
	/* Parse and judge one whole message; ends in judge_done(), or half_pass() for a piece of one. */
	enum act (*judge)(struct pass *c, const uint8_t *p, size_t n);
	/* What was judged of this datagram did not go on; NULL: does not matter. */
	void (*lost)(struct pass *c);
};

/* proto/modbus/gate.c: requests that are too old for an answer are given up. */
void mb_forget_old(struct mb_state *f, uint64_t now);

#define P(symbol, name, word, port, over) extern const struct proto_ops proto_##name;
PROTOCOLS(P)
#undef P
/* NULL: not inspected. */
const struct proto_ops *proto_of(uint8_t proto);

#endif
