/* SPDX-License-Identifier: MIT
 *
 * The only door to nftables: one table, `inet zoned`, written in one netlink
 * transaction. Marks are touched only inside the model's mark_mask, and only where a
 * connection is blocked. Flows are numbered as they would stand in a mark:
 *
 *      [ generation: 2 bits | flow: the rest ]
 *
 * Flow values from 2 up number the model's conduits' flows in order.
 */
#ifndef ZONED_NFT_NFT_H
#define ZONED_NFT_NFT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errs.h"
#include "model/model.h"

enum nft_queue { NFT_QUEUE_NONE, NFT_QUEUE_NATIVE, NFT_QUEUE_XT };

struct nft_opts {
	uint32_t generation; /* 1.. ; two bits of it go into the marks */
	uint16_t queues;     /* inspectors: their queues begin at daemon.queue_base, and those
			      * of conduits with fail = "open" at queue_base + queues */
	enum nft_queue queue;
	int fast;	     /* descriptor of the in-kernel path's program; -1: none */
	bool fast_first;     /* the program for the first rule, not for a later one */
	int learn;	     /* descriptor of the program that learns flows; -1: none */
	uint32_t asked_mark; /* of packets whose connection is to be blocked */
	/* of connections that are blocked, within mark_mask. 0: the lowest bit of that */
	uint32_t blocked_mark;
	/* the kernel has the probe's "flowtable"; it is used where conduits ask */
	bool offload;
	bool lock; /* the kernel has the probe's "table-lock": while the socket is open nobody else
		    * can change the table, and a flush of all tables spares it. It stays when the
		    * socket is closed */
	/* the kernel has the probe's "helper": no flowtable of others takes what is inspected */
	bool helper;
	bool again; /* put what is in force in force once more */
};

struct mnl_socket;

struct mnl_socket *nft_open(void);     /* NULL and errno */
void nft_close(struct mnl_socket *nl); /* NULL is fine */
/* Replace our table by this model's, or change nothing: 0, or -errno with errs saying what
 * was refused, at the model's file:line. Counters whose name stays keep their values. The
 * base chain stays hooked, so not one packet meets an empty chain. */
int nft_commit(struct mnl_socket *nl, const struct model *m, const struct nft_opts *o,
	       struct errs *errs);
int nft_remove(struct mnl_socket *nl); /* 0 also when there is none */
bool nft_present(struct mnl_socket *nl);
/* another process has it locked, and lives */
bool nft_held_by_another(struct mnl_socket *nl);
/* The same batch as nft_commit's, judged by the kernel and not committed. */
int nft_check(struct mnl_socket *nl, const struct model *m, const struct nft_opts *o,
	      struct errs *errs);
/* Clear our bits in every connection mark; for when zoned leaves for good. */
int nft_forget_marks(struct mnl_socket *nl, uint32_t mask);
/* Named counters: "conduit-NAME" per conduit; "inside", "invalid", "blocked", "no-conduit",
 * "unknown-zone", "wrong-interface", "wrong-way-out". 0 or -errno. */
int nft_counters_read(struct mnl_socket *nl,
		      void (*cb)(void *ctx, const char *name, uint64_t packets, uint64_t bytes),
		      void *ctx);
/* One connection, seen from either end. */
struct nft_ends {
	struct addr src, dst;
	uint16_t sport, dport;
	uint8_t l4;
};
/* Packets of a refused connection after the one that has a record, by the interface that they came
 * by. Counted since there were such, and forgotten after a minute without any. */
struct nft_again {
	struct addr src, dst; /* of the connection as it was opened; of an ICMP error: its own */
	const char *reason;   /* its name, which is the counter's */
	uint16_t dport;	      /* 0: it has no ports */
	uint8_t l4;
	char interface[16]; /* IFNAMSIZ; filled up with zeros */
	uint64_t packets;
};
/* All that there are in the generation in force. 0 or -errno. */
int nft_again_read(struct mnl_socket *nl, void (*cb)(void *ctx, const struct nft_again *a),
		   void *ctx);
/* The interfaces between which our flowtable forwards now; none when there is no flowtable.
 * 0 or -errno. */
int nft_offload_read(struct mnl_socket *nl, void (*cb)(void *ctx, const char *interface),
		     void *ctx);
/* Let it forward on this interface too. 0 or -errno. */
int nft_offload_add(struct mnl_socket *nl, const char *interface);
/* Have this connection refused where it is forwarded, in either direction, whoever opened it; for
 * RS_BLOCKED_TAP_MS. -ENOSPC: as many as there is room for are; -ENOENT: the model in force has no
 * tap that blocks. 0 or -errno. */
int nft_block(struct mnl_socket *nl, const struct nft_ends *ends);
/* A mark for blocked connections, within mask, of what is drawn at random. */
uint32_t nft_blocked_mark(uint32_t mask, uint32_t drawn);

/* A feature that the kernel may have. Each is tried with a table of its own, then removed. */
struct nft_feature {
	const char *name, *what;
	bool essential, present;
};
const struct nft_feature *nft_probe(struct mnl_socket *nl, size_t *n, enum nft_queue *queue);
bool nft_has(const struct nft_feature *f, size_t n, const char *name);

#endif
