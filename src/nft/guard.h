/* SPDX-License-Identifier: MIT
 *
 * Guard against changes to our table by others: notice them, tell whether the table is
 * still the one that was committed, and stop all forwarding until it is.
 *
 * The kernel tells every transaction to NFNLGRP_NFTABLES: a message for each
 * thing that changed, then one that names the process. Messages carry the port
 * of the socket that asked, so our own are known whatever they say.
 */
#ifndef ZONED_NFT_GUARD_H
#define ZONED_NFT_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mnl_socket;

/* ---- notices ---- */

struct nft_notice {   /* one transaction of somebody else's */
	uint32_t pid; /* 0: the kernel did not say */
	/* as the process calls itself, with '?' for what is no plain character */
	char program[16];
	bool ours;  /* it changed our table */
	bool known; /* it said of which flow a connection is */
	/* it changed a table of others, in what can lead packets past ours */
	bool others;
	/* the kernel had more to tell than there was room for: anything may have changed */
	bool lost;
};

struct nft_watch {
	struct mnl_socket *nl;
	uint32_t mine[2];      /* ports of our own sockets */
	struct nft_notice now; /* the transaction that is being told */
};

/* Hear of all transactions but those of these two sockets. 0 or -errno. */
int nft_watch_open(struct nft_watch *w, const struct mnl_socket *a, const struct mnl_socket *b);
/* Read what is there. tell() is called when a transaction is seen to change our table (whole =
 * false), and when all of it was read. 0 or -errno. */
int nft_watch_read(struct nft_watch *w,
		   void (*tell)(void *ctx, const struct nft_notice *n, bool whole), void *ctx);

/* ---- is it still what was committed? ---- */

enum nft_part {
	NFT_PART_TABLE,
	NFT_PART_CHAINS,
	NFT_PART_RULES,
	NFT_PART_SETS,
	NFT_PART_ELEMENTS,
	NFT_PART_OBJECTS,
	NFT_PARTS
};

/* Hashes of all that the table holds, but for what traffic changes: the values of counters,
 * and the elements of sets that packets fill. */
struct nft_digest {
	bool present;
	uint32_t genid; /* of the kernel's ruleset, which it was read from as a whole */
	uint64_t part[NFT_PARTS];
};

const char *nft_part_name(enum nft_part part);
/* 0 or -errno; -EINTR: others changed nftables again and again meanwhile. */
int nft_digest_read(struct mnl_socket *nl, const uint64_t key[2], struct nft_digest *d);
/* The number of the kernel's ruleset, another one after each transaction of anybody. 0 or -errno.
 */
int nft_genid(struct mnl_socket *nl, uint32_t *genid);

/* ---- forwarding nothing, by a table of its own ---- */

int nft_forwarding_stop(struct mnl_socket *nl); /* 0, also when it is stopped already, or -errno */
/* *dropped: packets meanwhile. 0, also when it was not stopped, or -errno. */
int nft_forwarding_start(struct mnl_socket *nl, uint64_t *dropped);

/* ---- what others have that leads packets past our table ---- */

enum nft_bypass { NFT_BYPASS_FLOWTABLE, NFT_BYPASS_FORWARD, NFT_BYPASS_NOTRACK };
enum { NFT_BYPASS_MAX = 160 }; /* of a place's text */

/* found() for each, with where it is: "FAMILY TABLE NAME". 0 or -errno. */
int nft_bypasses_read(struct mnl_socket *nl,
		      void (*found)(void *ctx, enum nft_bypass kind, const char *where), void *ctx);

#endif
