/* SPDX-License-Identifier: MIT
 *
 * The table of inspected connections. Fixed size, keyed hashing, no allocation
 * after flows_new(). When it is full a few slots are looked at for one that is
 * closed or was never opened; if there is none, the new connection is refused.
 */
#ifndef ZONED_INSPECT_FLOW_H
#define ZONED_INSPECT_FLOW_H

#include "inspect/fast.h"
#include "inspect/proto.h"
#include "packet/packet.h"
#include "policy/policy.h"
#include "stream/stream.h"

enum {
	FLOW_SCAN = 16,		/* slots looked at when the table is full */
	FLOW_BIG_SHARE = 16,	/* one in so many flows may have HALF_BIG buffers */
	FLOW_BIG_MIN = 64,
};

#define SEC UINT64_C(1000000000)
#define FLOW_HALF_OPEN_NS (30 * SEC)	/* SYN without an answer */
#define FLOW_CLOSED_NS (10 * SEC)	/* after FIN or RST */
#define FLOW_GONE_NS (2 * SEC)		/* forgotten by the kernel, and silent */
#define FLOW_IDLE_NS (24 * 3600 * SEC)	/* nothing at all */
#define FLOW_UDP_NS (180 * SEC)		/* as conntrack's stream timeout */
#define FLOW_PENDING_NS (30 * SEC)	/* a request this old is given up when room is needed */
#define FLOW_PARTIAL_NS (10 * SEC)	/* an unfinished message */

enum flow_state {
	FLOW_FREE,
	FLOW_SYN,	/* SYN seen, no answer yet */
	FLOW_OPEN,	/* both streams in step */
	FLOW_CLOSED,	/* FIN both ways or RST */
	FLOW_BLOCKED,	/* reset by us: nothing passes */
	FLOW_BLIND,	/* mode observe: framing lost, passes unjudged */
};

struct flow {
	struct addr client, server;
	uint16_t cport, sport;
	uint16_t flow_id;	/* in the image; 0xffff none */
	uint8_t l4, proto;	/* IPPROTO_*; enum proto */
	uint8_t state;
	bool gone;		/* the kernel has forgotten it */
	bool syn_again;		/* a SYN came on the open connection */
	bool ending;		/* a message was not finished in time: ends at the next packet */
	uint32_t chain;		/* next in bucket, index + 1 */
	uint32_t syn_seq;		/* of the client's last SYN */
	uint32_t open_seq, server_isn;	/* of the handshake that both streams began with */
	uint32_t image_gen;
	uint64_t last_ns;
	struct fast_flow fast;	/* its place in the in-kernel path */
	struct half h[2];	/* [0] client to server: requests */
	uint32_t big;		/* its place among the large buffers, + 1; 0: small ones */
	union proto_state state_of;	/* last: not touched where its protocol does not use it */
};

struct flows {
	struct flow *v;
	uint32_t *bucket;
	uint32_t n, n_buckets, used, hand, sweep;
	uint8_t *bufs;
	uint8_t *big_bufs;
	uint32_t *big_free;	/* stack of places */
	uint32_t n_big, n_big_free;
	uint64_t key[2];
	struct fast_pool fast;
};

bool flows_init(struct flows *t, uint32_t n, const uint64_t key[2]);
void flows_free(struct flows *t);
/* dir: 0 when the packet comes from the connection's client. */
struct flow *flow_find(struct flows *t, const struct packet *p, int *dir);
/* proto: its state begins empty, its buffers are of the size it needs. NULL: no room. */
struct flow *flow_add(struct flows *t, const struct packet *p, bool from_client, uint8_t proto, uint64_t now);
/* The streams begin (again): forget what the protocol kept. */
void flow_fresh(struct flow *f);
/* By its ends: the client and the server. */
struct flow *flow_find_ends(struct flows *t, const struct addr *client, uint16_t cport,
			    const struct addr *server, uint16_t sport);
void flow_drop(struct flows *t, struct flow *f);
/* Free what is past its time; a bounded number of slots per call. */
void flows_sweep(struct flows *t, uint64_t now, unsigned slots);

#endif
