/* SPDX-License-Identifier: MIT
 *
 * The table of inspected connections. Fixed size, keyed hashing, no allocation
 * after flows_init(), constant work per call.
 *
 * A connection is in one of three groups, each a list with the oldest first:
 *
 *	half open	a SYN was seen, but its sender has not yet shown that it gets
 *			the answers: anybody can send these under any address
 *	open		the client acknowledged the server's own number (RFC 9293 3.5), so
 *			the address is its own: counted by source (source.h).
 *			Of datagrams: the server answered
 *	closed		ended, or blocked
 *
 * One place in eight is kept for the first and the last, which make room for each
 * other. So no flood of SYNs takes a place from an open connection, or keeps
 * another from being opened, and a false sender uses up nobody's share.
 *
 * When the places for open ones, or a source's share of them, are used up, a
 * connection that had no good message for a while goes, of the source that has the
 * most (never of one that has fewer than the newcomer); if there is none, the
 * newcomer is refused. When that source has many times more than the newcomer's, its
 * least used one goes at once, whatever it does with them: nobody keeps others out by
 * having many, be they silent, refused, or in use.
 *
 * Connections have small buffers (HALF_BUF). Where messages may be larger, one has
 * large ones while it needs them: from the packet that does not fit until what is kept fits
 * again, and the connection is quiet or somebody else wants them. share.h says who yields.
 */
#ifndef ZONED_INSPECT_FLOW_H
#define ZONED_INSPECT_FLOW_H

#include "inspect/fast.h"
#include "inspect/proto.h"
#include "inspect/share.h"
#include "inspect/source.h"
#include "packet/packet.h"
#include "policy/policy.h"
#include "stream/stream.h"

enum {
	FLOW_ASKED = 16,	/* looked at for one that the kernel has not seen moving lately */
	FLOW_LIGHT = 4,		/* who has so many times fewer does not wait until one is not used */
	FLOW_RESERVE = 8,	/* one place in so many is not for open connections */
	FLOW_BIG_SHARE = 16,	/* one in so many flows may have HALF_BIG buffers at a time, */
	FLOW_BIG_MIN = 64,	/* or so many */
};

#define SEC UINT64_C(1000000000)
#define FLOW_HALF_OPEN_NS (30 * SEC)	/* SYN without an answer */
#define FLOW_CLOSED_NS (10 * SEC)	/* after FIN or RST */
#define FLOW_FRESH_NS (SEC / 10)	/* a handshake may take so long before closed ones stay rather */
#define FLOW_LINGER_NS (1 * SEC)	/* a closed one's last packets */
#define FLOW_STALE_NS (30 * SEC)	/* open without a good message: may go when room is needed */
#define FLOW_UNUSED_NS (2 * SEC)	/* the same, when it never had one */
#define FLOW_SETTLED_NS (1 * SEC)	/* so long without a packet: a large buffer that is not needed goes back */
#define FLOW_GONE_NS (2 * SEC)		/* forgotten by the kernel, and silent */
#define FLOW_IDLE_NS (24 * 3600 * SEC)	/* nothing at all */
#define FLOW_UDP_NS (180 * SEC)		/* as conntrack's stream timeout */
#define FLOW_PENDING_NS (30 * SEC)	/* a request may be answered so long */
#define FLOW_PARTIAL_NS (10 * SEC)	/* an unfinished message, */
#define FLOW_PARTIAL_RATE 512		/* and a second for so many bytes that there are of it: slow lines */

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
	bool proven;		/* the client gets what is sent to its address */
	bool useful;		/* a message was permitted on it */
	bool touched;		/* its buffers may hold memory */
	uint32_t chain;		/* next in bucket, index + 1 */
	struct flow_link link;	/* in its list */
	uint32_t listed;	/* the newest list of the kernel's that it was on */
	uint32_t source;	/* when proven: index + 1 */
	uint32_t syn_seq;		/* of the client's last SYN */
	uint32_t open_seq, server_isn;	/* of the handshake that both streams began with */
	uint32_t image_gen;
	uint64_t last_ns;	/* the newest packet */
	uint64_t used_ns;	/* the newest good message; the beginning, when there was none */
	struct fast_flow fast;	/* its place in the in-kernel path */
	struct half h[2];	/* [0] client to server: requests */
	uint32_t big;		/* its place among the large buffers, + 1; 0: it has small ones */
	void *proto_state;		/* its protocol's, of proto_ops.state bytes */
};

struct flows {
	struct flow *v;
	uint32_t *bucket;
	uint32_t n, n_buckets, used, sweep;
	uint32_t n_open, max_open, max_source;
	struct flow_list free, half, closed;
	uint32_t unused;	/* places at the end of v that were never in use: not in free, not in memory */
	struct sources sources;		/* those that are open */
	uint32_t list;			/* lists begun; flows count the newest, when it ended */
	uint64_t list_ns;		/* when it began */
	bool list_ended;
	uint8_t *states;	/* of each place what its protocol keeps */
	size_t state;		/* bytes of one */
	uint8_t *bufs;
	uint8_t *big_bufs;
	struct share big;	/* whose the large ones are */
	uint32_t n_big;
	uint64_t key[2];
	struct fast_pool fast;
	/* called with each flow that is about to be forgotten; NULL: nobody asks */
	void (*dropped)(void *owner, struct flow *f);
	void *owner;
};

/* max_source: open connections that one source may have; 0: all. */
bool flows_init(struct flows *t, uint32_t n, uint32_t max_source, const uint64_t key[2]);
void flows_free(struct flows *t);
/* dir: 0 when the packet comes from the connection's client. */
struct flow *flow_find(struct flows *t, const struct packet *p, int *dir);
/* The streams begin (again): forget what the protocol kept. */
void flow_fresh(struct flow *f);
/* By its ends: the client and the server. */
struct flow *flow_find_ends(struct flows *t, const struct addr *client, uint16_t cport,
			    const struct addr *server, uint16_t sport);
/* A new one, half open; proto: its state begins empty. NULL: no place; drop what flow_yields()
 * names, and ask again. */
struct flow *flow_add(struct flows *t, const struct packet *p, bool from_client, uint8_t proto, uint64_t now);
/* Who goes so that there is a place for one more: closed or half open. NULL: there is one,
 * or none can go. */
struct flow *flow_yields(const struct flows *t, uint64_t now);
/* May this client open one more connection? R_NONE: yes, when *victim (NULL: nobody) goes. */
enum reason flow_admits(struct flows *t, const struct addr *client, uint64_t now,
			struct flow **victim);
/* Large buffers, for what does not fit into the small ones. False: its protocol has no such
 * messages, it has them, its client has not shown that the address is its own, or none is left. */
bool flow_enlarge(struct flows *t, struct flow *f);
/* Small ones again, if what is kept fits into them. */
bool flow_shrink(struct flows *t, struct flow *f);
/* None is left. True: one of them can be had for f, when *victim (NULL: nobody) is dropped. */
bool flow_large_yields(struct flows *t, const struct flow *f, uint64_t now, struct flow **victim);
/* The client has shown that the address is its own; flow_admits() said yes. */
void flow_prove(struct flows *t, struct flow *f, uint64_t now);
/* The one way to change the state. FLOW_SYN and FLOW_OPEN begin again: not proven. */
void flow_turn(struct flows *t, struct flow *f, enum flow_state state, uint64_t now);
void flow_used(struct flows *t, struct flow *f, uint64_t now);	/* a message was permitted */
void flow_drop(struct flows *t, struct flow *f);
/* Free what is past its time, and the memory of free places; a bounded number of slots per call. */
void flows_sweep(struct flows *t, uint64_t now, unsigned slots);

#endif
