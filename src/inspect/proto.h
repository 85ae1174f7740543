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

#include "proto/list.h"
#include "record/event.h"
#include "record/reason.h"

/* Kept back of an unfinished message: what goes into one packet on any path (576 bytes, RFC 791)
 * behind the longest headers there are (IPv6, TCP with options). */
enum { HOLD_MAX = 576 - 40 - 60, PROTO_KEY = 16 };

struct pass;
struct connection;
struct judged;

/* Functions and sizes, one set for each inspected protocol: proto_NAME. */
struct proto_ops {
	bool big; /* messages that need HALF_BIG buffers */
	/* a refused message may be cut out and the stream goes on; else it ends */
	bool cuts;
	/* Bytes that it keeps of one connection, struct connection.proto_state. The first `fresh`
	 * of them are zeroed where the streams begin; what is not used is not touched, so unused
	 * memory costs nothing. */
	size_t state, fresh;
	/* bytes that it keeps of a message from judge() to its record: pass_message() */
	size_t message;
	/* bytes that all connections of an inspector share, zeroed at the start */
	size_t shared;
	/* Bytes that all inspectors share: PROTO_KEY random ones, and zeroes. 0: none */
	size_t common;
	/* Length of the message that starts at p: > 0 whole length, 0 need more bytes to
	 * tell, < 0 there is no way to find the next boundary (*why). */
	int (*frame)(const uint8_t *p, size_t n, enum reason *why);
	/* Like frame, for protocols whose framing depends on state or policy. NULL: use frame. */
	int (*frame_in)(const struct pass *c, const uint8_t *p, size_t n, enum reason *why);
	/* Can a message begin at p? > 0: its length, if so; 0: more bytes are needed to tell;
	 * < 0: no. Asked of any octets, where bytes before p are missing: what it returns for n of
	 * them holds when more come. NULL: use frame. */
	int (*begins)(const uint8_t *p, size_t n, bool response);
	/* What begins() says is long enough not to be there by chance; else it counts when the next
	 * message begins behind it, or nothing is there yet. */
	bool begins_surely;
	/* Bytes of a direction were not seen: forget what depends on them. Only where nothing is
	 * blocked. NULL: nothing does. */
	void (*missed)(struct pass *c, int dir);
	/* The facts of a message whose end is not there or not to be found (ev->reason), as far as
	 * n bytes tell; it may have a better reason. NULL: none. */
	void (*begun)(const uint8_t *p, size_t n, struct event *ev);
	/* of an unfinished message up to HOLD_MAX bytes are kept back; else parts go on */
	bool holds;
	/* begins each message, and is the last octet of no segment that the gate makes; 0: none */
	uint8_t start;
	/* Parse and judge one whole message. It sends and records nothing: what is done follows
	 * from what it says. */
	struct judged (*judge)(struct pass *c, const uint8_t *p, size_t n);
	/* A datagram whose messages were judged is not sent on. NULL: nothing is to be done. */
	void (*lost)(struct pass *c);
	/* The connection is ended or forgotten, or an end of it sends no more: what it holds of
	 * `common` is given back. May be called again. NULL: it holds nothing. */
	void (*ended)(void *common, struct connection *f, uint64_t now);
	/* Time passes; called now and then for an open connection, whose last_ns is then that of
	 * its newest packet, in the kernel too. NULL: nothing is to be done. */
	void (*clock)(void *common, struct connection *f, uint64_t now);
};

#define P(symbol, name, word, port, over) extern const struct proto_ops proto_##name;
PROTOCOLS(P)
#undef P

/* NULL: the protocol is not inspected. */
const struct proto_ops *proto_of(uint8_t proto);
/* Bytes for one connection of any protocol. */
size_t proto_state_max(void);
/* Bytes for one message of any protocol. */
size_t proto_message_max(void);
/* Memory of all protocols that all inspectors share: its size, and the part of one protocol in it
 * (NULL: the protocol has none). */
size_t proto_common_size(void);
void *proto_common(void *all, uint8_t proto);

#endif
