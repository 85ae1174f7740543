/* SPDX-License-Identifier: MIT
 * Counts of refused packets that have no record of their own. */
#include "nft/internal.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

struct again_ctx {
	void (*cb)(void *ctx, const struct nft_again *a);
	void *ctx;
	struct nft_again of; /* what the set says of all its elements */
	size_t addr;	     /* octets of an address in the key */
};

static int counter_of(struct nftnl_expr *e, void *packets)
{
	const char *kind = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
	if (kind && strcmp(kind, "counter") == 0)
		*(uint64_t *)packets = nftnl_expr_get_u64(e, NFTNL_EXPR_CTR_PACKETS);
	return 0;
}

/* The key as ruleset.h has it: each part takes whole words, with the protocol in the first octet of
 * one and the port in the first two of the next. */
static int elem_cb(struct nftnl_set_elem *e, void *ctx)
{
	enum { PORTS = 8 };
	const struct again_ctx *c = ctx;
	struct nft_again a = c->of;
	uint32_t n = 0;
	const uint8_t *key = nftnl_set_elem_get(e, NFTNL_SET_ELEM_KEY, &n);
	size_t ends = sizeof(a.interface) + 2 * c->addr;
	if (!key || (n != ends && n != ends + PORTS))
		return 0;
	memcpy(a.interface, key, sizeof(a.interface));
	memcpy(a.src.b, key + sizeof(a.interface), c->addr);
	memcpy(a.dst.b, key + sizeof(a.interface) + c->addr, c->addr);
	if (n > ends) {
		a.l4 = key[ends];
		a.dport = (uint16_t)(key[ends + 4] << 8 | key[ends + 5]);
	}
	if (a.l4 != IPPROTO_TCP && a.l4 != IPPROTO_UDP)
		a.dport = 0; /* a kind of ICMP, say */
	nftnl_set_elem_expr_foreach(e, counter_of, &a.packets);
	if (a.packets)
		c->cb(c->ctx, &a);
	return 0;
}

static int elems_cb(const struct nlmsghdr *nlh, void *ctx)
{
	struct nftnl_set *s = nftnl_set_alloc();
	if (!s) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	if (nftnl_set_elems_nlmsg_parse(nlh, s) >= 0)
		nftnl_set_elem_foreach(s, elem_cb, ctx);
	nftnl_set_free(s);
	return MNL_CB_OK;
}

static int read_set(struct mnl_socket *nl, const char *name, struct again_ctx *c)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh =
		nft_request(&(struct nft){ .nl = nl }, buf,
			    NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, NLM_F_DUMP);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, name);
	int err = nft_talk(nl, nlh, elems_cb, c);
	return err == -ENOENT ? 0 : err;
}

int nft_again_read(struct mnl_socket *nl, void (*cb)(void *ctx, const struct nft_again *a),
		   void *ctx)
{
#define AGAIN(symbol, why, ...) why,
	static const char *const reasons[] = { RS_AGAIN_REASONS(AGAIN) };
#undef AGAIN
	static const char *const other[] = { "", "-b" }; /* one of the names is there: set_name() */
	char name[SET_NAME_MAX];
	for (size_t i = 0; i < 4 * sizeof(reasons) / sizeof(reasons[0]); i++) {
		bool six = i & 1;
		struct again_ctx c = { .cb = cb, .ctx = ctx, .addr = six ? 16 : 4 };
		c.of.src.family = c.of.dst.family = six ? 6 : 4;
		c.of.l4 = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		c.of.reason = reasons[i / 4];
		snprintf(name, sizeof(name), "%s%s%s", six ? RS_AGAIN6 : RS_AGAIN4, reasons[i / 4],
			 other[i / 2 % 2]);
		int err = read_set(nl, name, &c);
		if (err)
			return err;
	}
	return 0;
}
