/* SPDX-License-Identifier: MIT
 * Shared by the files of src/nft only. */
#ifndef ZONED_NFT_INTERNAL_H
#define ZONED_NFT_INTERNAL_H

#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>

#include "compile/ruleset.h"
#include "nft/nft.h"

#define NFT_TABLE "zoned"
#define NFT_TABLE_CLOSED "zoned-closed" /* there while nothing is forwarded, see closed.c */

enum { RS_PRIORITY = -5 }; /* of our base chain, at the hook forward */
/* of a table, as the kernel counts them. OWNER: nobody but the socket that made it may change it;
 * PERSIST: it stays when that is closed, and waits for the next owner. Kernels before 6.9 have no
 * PERSIST: there the table would go with us, and everything be forwarded. */
enum { TABLE_OWNER = 2, TABLE_PERSIST = 4 };

struct nft { /* one call's view of the socket */
	struct mnl_socket *nl;
	uint32_t seq;
};

/* ---- batch.c: messages of one transaction in one buffer ---- */

struct batch_spot {   /* where in the buffer the operator's words ended up */
	uint32_t seq; /* message */
	uint32_t off; /* from the start of the message; 0: the message itself */
	struct where at;
	const char *what; /* "conduit element", for the sentence */
};

struct names {
	char **v;
	size_t n;
};

struct batch {
	char *buf;
	size_t len, cap;
	uint32_t seq; /* of the last message */
	struct batch_spot *spots;
	size_t n_spots, cap_spots;
	bool failed;		   /* out of memory; sticky */
	const char *table;	   /* the table of every message */
	const struct names *taken; /* sets that are there and stay for now, or NULL */
};

enum { BATCH_ROOM = 128 * 1024 }; /* one message may use this much without asking */

bool batch_begin(struct batch *b, const char *table, uint32_t seq, const uint32_t *genid);
/* A new message header at the end, room for BATCH_ROOM behind it; NULL when memory is out. */
struct nlmsghdr *batch_msg(struct batch *b, uint16_t type, uint16_t flags, struct where at,
			   const char *what);
/* the message is complete */
void batch_end_msg(struct batch *b, const struct nlmsghdr *nlh);
void batch_spot(struct batch *b, uint32_t off, struct where at, const char *what);
void batch_commit(struct batch *b); /* without it the kernel only checks */
void batch_free(struct batch *b);
/* Send, collect every refusal. 0 or the first -errno. errs may be NULL. */
int batch_send(struct batch *b, struct mnl_socket *nl, struct errs *errs);

/* ---- sets.c, rules.c ---- */
void put_table(struct batch *b, uint32_t flags, struct where at);
void put_table_once(struct batch *b); /* refuses the batch when it is there */
void put_no_table(struct batch *b);   /* deletes it */
enum { NO_HOOK = -1, HOOK_CLOSED = RS_BASE_CHAINS, HOOK_WATCHED };
/* hook: RS_FORWARD, RS_EARLY, HOOK_CLOSED (just before RS_FORWARD), HOOK_WATCHED (RS_FORWARD of a
 * site that is only watched: what no rule decides goes on) or NO_HOOK */
void put_chain(struct batch *b, const char *name, int hook, struct where at);
void put_flowtable(struct batch *b, const char **devices, size_t n, struct where at);
void put_helper(struct batch *b, const char *name, uint8_t protocol, struct where at);
void put_counter(struct batch *b, const char *name, struct where at);
enum { SET_NAME_MAX = 32 };
/* Name of the set in the kernel: "name-b" when "name" is taken. */
const char *set_name(const struct batch *b, const char *name, char buf[SET_NAME_MAX]);
void put_set(struct batch *b, const struct rs_set *s, uint32_t id, struct where at);
void put_elems(struct batch *b, const struct rs_set *s);
void put_rule(struct batch *b, const struct ruleset *rs, const struct rs_rule *r);

/* ---- helper.c: a connection tracking helper that does nothing ---- */
int helper_register(struct nft *n); /* in the whole kernel, for good; 0 or -errno */
/* End the entries of connections with the server at an inspected port that do not have it, for they
 * may be in a flowtable of others already. The next packet of one begins it again, through the
 * rules. As far as possible. */
void helper_missing_end(struct nft *n, const struct model *m);

/* ---- commit.c: what nft_commit and nft_check share, for a ruleset at hand ---- */
int ruleset_exchange(struct nft *n, const struct ruleset *rs, bool commit, struct errs *errs);

/* ---- state.c: what the kernel holds now ---- */
struct state {
	bool present;
	/* of the table; owner: the port of the socket that has it, 0: none */
	uint32_t flags, owner;
	uint32_t genid;
	struct names sets, chains, counters, flowtables;
};

int state_read(struct nft *n, struct state *s);
void state_free(struct state *s);
void state_forget(struct state *s);			  /* as if there were no table */
int names_cmp(const void *a, const void *b);		  /* of pointers to names, for qsort(3) */
bool names_have(const struct names *n, const char *name); /* sorted */
bool names_add(struct names *n, const char *name);	  /* at the end; false: out of memory */
void names_free(struct names *n);

/* mnl_attr_for_each, with the conversion that it hides said aloud */
/* clang-format off */
#define for_attrs(attr, nlh, offset) \
	for ((attr) = mnl_nlmsg_get_payload_offset((nlh), (offset)); \
	     mnl_attr_ok((attr), (int)((const char *)mnl_nlmsg_get_payload_tail(nlh) - \
				       (const char *)(attr))); \
	     (attr) = mnl_attr_next(attr))
/* clang-format on */

/* clang-format off */
#define for_nested(attr, nest) \
	for ((attr) = mnl_attr_get_payload(nest); \
	     mnl_attr_ok((attr), (int)(mnl_attr_get_payload_len(nest) - ((const char *)(attr) - \
		(const char *)mnl_attr_get_payload(nest)))); \
	     (attr) = mnl_attr_next(attr))
/* clang-format on */

/* One request whose answers go to cb (may be NULL); waits for all of them. 0 or -errno. */
int nft_talk(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *ctx);
/* Whatever a request before has left to be read, a dump that was not read to its end too. */
void nft_drain(struct mnl_socket *nl);
int table_present(struct nft *n);				 /* 1, 0 or -errno */
int table_read(struct nft *n, uint32_t *flags, uint32_t *owner); /* the same */
int table_remove(struct mnl_socket *nl, const char *table);	 /* 0 or -errno */
int counters_read(struct mnl_socket *nl, const char *table,
		  void (*cb)(void *ctx, const char *name, uint64_t packets, uint64_t bytes),
		  void *ctx);
struct nlmsghdr *nft_request(struct nft *n, char *buf, uint16_t type, uint16_t flags);

/* ---- sweep.c: clear these bits in all ct marks ---- */
int ct_sweep(struct nft *n, uint32_t mine);
/* Forget one connection, by its original tuple; zone may be NULL. 0 or -errno. */
int ct_end(struct nft *n, struct mnl_socket *writer, uint8_t family, const struct nlattr *tuple,
	   const struct nlattr *zone);

#endif
