/* SPDX-License-Identifier: MIT
 * Elements of the sets "blocked-tap4" and "blocked-tap6": connections that a tap refused. */
#include "nft/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

enum { KEY_ROOM = 2 * 16 + 3 * 4 };

/* Each part is padded to four octets. */
static size_t put_tap_key(uint8_t key[KEY_ROOM], const struct nft_ends *e)
{
	size_t n = e->src.family == 4 ? 4 : 16, at = 2 * n;
	const uint16_t ports[2] = { htons(e->sport), htons(e->dport) };
	memset(key, 0, KEY_ROOM);
	memcpy(key, e->src.b, n);
	memcpy(key + n, e->dst.b, n);
	key[at] = e->l4;
	memcpy(key + at + 4, &ports[0], 2);
	memcpy(key + at + 8, &ports[1], 2);
	return at + 12;
}

static void put_blocked_end(struct nlmsghdr *nlh, const struct nft_ends *e)
{
	uint8_t key[KEY_ROOM];
	size_t n = put_tap_key(key, e);
	struct nlattr *el = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	struct nlattr *k = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, n, key);
	mnl_attr_nest_end(nlh, k);
	mnl_attr_nest_end(nlh, el);
}

/* Which of its ends opened it, only connection tracking knows: it is put in both ways round. */
static int add_blocked(struct mnl_socket *nl, const char *set, const struct nft_ends *ends)
{
	const struct nft_ends turned = { .src = ends->dst,
					 .dst = ends->src,
					 .sport = ends->dport,
					 .dport = ends->sport,
					 .l4 = ends->l4 };
	struct batch b;
	int err = -ENOMEM;
	if (!batch_begin(&b, NFT_TABLE, 0, NULL))
		return -ENOMEM;
	struct nlmsghdr *nlh = batch_msg(&b, NFT_MSG_NEWSETELEM, NLM_F_CREATE, (struct where){ 0 },
					 "a blocked connection");
	if (nlh) {
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, b.table);
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
		struct nlattr *list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
		put_blocked_end(nlh, ends);
		put_blocked_end(nlh, &turned);
		mnl_attr_nest_end(nlh, list);
		batch_end_msg(&b, nlh);
		batch_commit(&b);
		err = batch_send(&b, nl, NULL);
	}
	batch_free(&b);
	return err;
}

/* Of the two names that a set has in turn (commit.c) one is there. */
int nft_block(struct mnl_socket *nl, const struct nft_ends *ends)
{
	bool v4 = ends->src.family == 4;
	int err = add_blocked(nl, v4 ? RS_BLOCKED_TAP4 : RS_BLOCKED_TAP6, ends);
	if (err == -ENOENT)
		err = add_blocked(nl, v4 ? RS_BLOCKED_TAP4 "-b" : RS_BLOCKED_TAP6 "-b", ends);
	return err == -ENFILE ? -ENOSPC : err;
}
