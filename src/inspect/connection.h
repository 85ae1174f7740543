/* SPDX-License-Identifier: MIT
 *
 * The table of inspected connections. Fixed size, keyed hashing, no allocation
 * after connections_init(), constant work per call.
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
 * another from being opened, and a forged sender uses up no share.
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
#ifndef ZONED_INSPECT_CONNECTION_H
#define ZONED_INSPECT_CONNECTION_H

#include "inspect/fast.h"
#include "inspect/proto.h"
#include "inspect/share.h"
#include "inspect/source.h"
#include "packet/packet.h"
#include "policy/policy.h"
#include "stream/stream.h"

enum {
	CONN_ASKED = 16,     /* eviction candidates to examine */
	CONN_WARM = 32,	     /* free places that keep their memory for the next connections */
	CONN_LIGHT = 4,	     /* a source with so many times fewer waits for no idle one */
	CONN_RESERVE = 8,    /* one place in so many is not for open connections */
	CONN_BIG_SHARE = 16, /* one in so many may have HALF_BIG buffers at a time, */
	CONN_BIG_MIN = 64,   /* or so many */
};

#define SEC UINT64_C(1000000000)
#define CONN_HALF_OPEN_NS (30 * SEC) /* SYN without an answer */
#define CONN_CLOSED_NS (10 * SEC)    /* after FIN or RST */
/* a handshake may take so long before closed ones stay rather */
#define CONN_FRESH_NS (SEC / 10)
#define CONN_LINGER_NS (1 * SEC) /* a closed one's last packets */
/* open without a good message: may go when room is needed */
#define CONN_STALE_NS (30 * SEC)
#define CONN_UNUSED_NS (2 * SEC)       /* the same, when it never had one */
#define CONN_SETTLED_NS (1 * SEC)      /* without a packet: a large buffer goes back */
#define CONN_GONE_NS (2 * SEC)	       /* forgotten by the kernel, and silent */
#define CONN_IDLE_NS (24 * 3600 * SEC) /* nothing at all */
#define CONN_UDP_NS (180 * SEC)	       /* as conntrack's stream timeout */
#define CONN_PENDING_NS (30 * SEC)     /* a request may be answered so long */
#define CONN_PARTIAL_NS (10 * SEC)     /* an unfinished message, */
#define CONN_PARTIAL_RATE 512	       /* and a second for so many bytes of it */

enum connection_state {
	CONN_FREE,
	CONN_SYN,     /* SYN seen, no answer yet */
	CONN_OPEN,    /* both streams in step */
	CONN_CLOSED,  /* FIN both ways or RST */
	CONN_BLOCKED, /* reset by us: nothing passes */
};

struct connection {
	struct addr client, server;
	uint16_t cport, sport;
	uint16_t flow_id;  /* in the image; 0xffff none */
	uint8_t l4, proto; /* IPPROTO_*; enum proto */
	uint8_t state;
	bool gone;	/* the kernel has forgotten it */
	bool syn_again; /* a SYN came on the open connection */
	bool ending;	/* a message was not finished in time: ends at the next packet */
	bool proven;	/* the client gets what is sent to its address */
	bool useful;	/* a message was permitted on it */
	bool touched;	/* its buffers may hold memory */
	bool joined;	/* its handshake was not seen, or not all of it; */
	bool join_told; /* and there is a record of it */
	bool guessed;	/* where its messages begin was found by what they look like */
	uint32_t chain; /* next in bucket, index + 1 */
	struct connection_link link;   /* in its list */
	uint32_t listed;	       /* the newest list of the kernel's that it was on */
	uint32_t source;	       /* when proven: index + 1 */
	uint32_t syn_seq;	       /* of the client's last SYN */
	uint32_t open_seq, server_isn; /* of the handshake that both streams began with */
	uint32_t image_gen;
	uint64_t began_ns;
	uint32_t messages[2];	 /* that were judged here, by direction */
	uint64_t kernel_packets; /* until it came back from the kernel last */
	uint64_t last_ns;	 /* the newest packet */
	uint64_t used_ns;	 /* the newest good message; the beginning, when there was none */
	uint64_t missed_ns; /* bytes of it were not seen, and nothing showed since what they were */
	struct fast_connection fast; /* its place in the in-kernel path */
	struct half h[2];	     /* [0] client to server: requests */
	uint32_t big;	   /* its place among the large buffers, + 1; 0: it has small ones */
	void *proto_state; /* its protocol's, of proto_ops.state bytes */
};

struct connections {
	struct connection *v;
	uint32_t *bucket;
	uint32_t n, n_buckets, used, sweep;
	uint32_t n_open, max_open, max_source;
	struct connection_list free, half, closed;
	/* places at the end of v that were never in use: not in free, not in memory */
	uint32_t unused;
	struct sources sources; /* those that are open */
	uint32_t list;		/* lists begun; connections count the newest, when it ended */
	uint64_t list_ns;	/* when it began */
	bool list_ended;
	uint8_t *states; /* of each place what its protocol keeps */
	size_t state;	 /* bytes of one */
	uint8_t *bufs;
	uint8_t *big_bufs;
	struct share big; /* owners of the large ones */
	uint32_t n_big;
	uint64_t key[2];
	struct fast_pool fast;
	/* called with each connection that is about to be forgotten; NULL: nobody asks */
	void (*dropped)(void *owner, struct connection *f);
	void *owner;
};

/* max_source: open connections that one source may have; 0: all. */
bool connections_init(struct connections *t, uint32_t n, uint32_t max_source,
		      const uint64_t key[2]);
void connections_free(struct connections *t);
/* dir: 0 when the packet comes from the connection's client. */
struct connection *connection_find(struct connections *t, const struct packet *p, int *dir);
/* The streams begin (again): forget what the protocol kept. */
void connection_fresh(struct connection *f);
/* Find a connection by its ends. NULL: none. */
struct connection *connection_find_ends(struct connections *t, const struct addr *client,
					uint16_t cport, const struct addr *server, uint16_t sport);
/* Add a connection, half open, with empty state of proto. NULL: there is no place; drop the
 * connection that connection_yields() returns and call again. */
struct connection *connection_add(struct connections *t, const struct packet *p, bool from_client,
				  uint8_t proto, uint64_t now);
/* The connection to drop for a new one: closed or half open. NULL: there is a free place, or no
 * connection may be dropped. */
struct connection *connection_yields(const struct connections *t, uint64_t now);
/* May this client open one more connection? R_NONE: yes, when *victim (NULL: nobody) goes. */
enum reason connection_admits(struct connections *t, const struct addr *client, uint64_t now,
			      struct connection **victim);
/* Large buffers, for what does not fit into the small ones. False: its protocol has no such
 * messages, it has them, its client has not shown that the address is its own, or none is left. */
bool connection_enlarge(struct connections *t, struct connection *f);
/* Return to small buffers. False: the kept bytes do not fit into them, or f has small ones. */
bool connection_shrink(struct connections *t, struct connection *f);
/* None is left. True: one of them can be had for f, when *victim (NULL: nobody) is dropped. */
bool connection_large_yields(struct connections *t, const struct connection *f, uint64_t now,
			     struct connection **victim);
/* The client has shown that the address is its own; connection_admits() said yes. */
void connection_prove(struct connections *t, struct connection *f, uint64_t now);
/* The one way to change the state. CONN_SYN and CONN_OPEN begin again: not proven. */
void connection_turn(struct connections *t, struct connection *f, enum connection_state state,
		     uint64_t now);
/* a message was permitted */
void connection_used(struct connections *t, struct connection *f, uint64_t now);
/* Note whether the kernel passed something of it, which it reports once. */
void connection_moved(struct connections *t, struct connection *f, uint64_t now);
void connection_drop(struct connections *t, struct connection *f);
/* True: it was past its time and is dropped. When a packet comes of it: else it would depend on the
 * sweep how the packet is judged. */
bool connection_ends(struct connections *t, struct connection *f, uint64_t now);
/* Free what is past its time, and the memory of free places; a bounded number of slots per call. */
void connections_sweep(struct connections *t, uint64_t now, unsigned slots);

#endif
