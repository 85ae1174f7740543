/* SPDX-License-Identifier: MIT
 *
 * Finds things in other tables that lead packets past ours, or keep connections
 * from being tracked: flowtables, and rules with one of a few expressions. An
 * accept in another table does no harm: it ends that table's chain, not ours.
 */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "nft/guard.h"
#include "nft/internal.h"

struct search {
	void (*found)(void *ctx, enum nft_bypass kind, const char *where);
	void *ctx;
};

struct place {				   /* of a flowtable or rule */
	const char *family, *table, *name; /* name: of the flowtable, or the rule's chain */
	const struct nlattr *detail;
};

static const char *family_name(uint8_t family)
{
	static const struct {
		uint8_t family;
		const char *name;
	} names[] = { { NFPROTO_INET, "inet" },	    { NFPROTO_IPV4, "ip" },
		      { NFPROTO_IPV6, "ip6" },	    { NFPROTO_NETDEV, "netdev" },
		      { NFPROTO_BRIDGE, "bridge" }, { NFPROTO_ARP, "arp" } };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].family == family)
			return names[i].name;
	return "?";
}

/* Table and name are the first attributes of both kinds. False: it is ours, or nothing that a
 * kernel writes. */
static bool read_place(const struct nlmsghdr *nlh, uint16_t detail, struct place *p)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	*p = (struct place){ .family = family_name(g->nfgen_family) };
	for_attrs (a, nlh, sizeof(*g)) {
		uint16_t t = mnl_attr_get_type(a);
		if (t == detail)
			p->detail = a;
		if (t != NFTA_FLOWTABLE_TABLE && t != NFTA_FLOWTABLE_NAME)
			continue;
		if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0)
			return false;
		if (t == NFTA_FLOWTABLE_TABLE)
			p->table = mnl_attr_get_str(a);
		else
			p->name = mnl_attr_get_str(a);
	}
	return p->table && p->name && p->detail &&
	       !(g->nfgen_family == NFPROTO_INET && !strcmp(p->table, NFT_TABLE));
}

static void tell_bypass(const struct search *s, enum nft_bypass kind, const struct place *p)
{
	char where[NFT_BYPASS_MAX];
	snprintf(where, sizeof(where), "%s %s %s", p->family, p->table, p->name);
	s->found(s->ctx, kind, where);
}

static int foreign_flowtable_cb(const struct nlmsghdr *nlh, void *ctx)
{
	struct place p;
	if (read_place(nlh, NFTA_FLOWTABLE_HOOK, &p))
		tell_bypass(ctx, NFT_BYPASS_FLOWTABLE, &p);
	return MNL_CB_OK;
}

static const char *expression_name(const struct nlattr *e)
{
	const struct nlattr *a;
	for_nested (a, e)
		if (mnl_attr_get_type(a) == NFTA_EXPR_NAME &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			return mnl_attr_get_str(a);
	return "";
}

static int rule_cb(const struct nlmsghdr *nlh, void *ctx)
{
	static const struct {
		const char *expression;
		enum nft_bypass kind;
	} kinds[] = { { "notrack", NFT_BYPASS_NOTRACK }, { "fwd", NFT_BYPASS_FORWARD } };
	struct place p;
	const struct nlattr *e;
	if (!read_place(nlh, NFTA_RULE_EXPRESSIONS, &p))
		return MNL_CB_OK;
	for_nested (e, p.detail)
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (strcmp(expression_name(e), kinds[i].expression) == 0)
				tell_bypass(ctx, kinds[i].kind, &p);
	return MNL_CB_OK;
}

enum { TRIES = 8 };

static int search(struct mnl_socket *nl, uint16_t type, mnl_cb_t cb, struct search *s)
{
	char buf[256] __attribute__((aligned(8)));
	struct nft n = { .nl = nl };
	int r = -EINTR;
	for (int i = 0; i < TRIES && r == -EINTR; i++) { /* others change them meanwhile */
		struct nlmsghdr *nlh = nft_request(
			&n, buf, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_DUMP);
		struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
		g->nfgen_family = NFPROTO_UNSPEC;
		r = nft_talk(nl, nlh, cb, s);
	}
	return r;
}

int nft_bypasses_read(struct mnl_socket *nl,
		      void (*found)(void *ctx, enum nft_bypass kind, const char *where), void *ctx)
{
	struct search s = { found, ctx };
	int r = search(nl, NFT_MSG_GETFLOWTABLE, foreign_flowtable_cb, &s);
	if (r == -EOPNOTSUPP || r == -EINVAL) /* a kernel without flowtables */
		r = 0;
	return r ? r : search(nl, NFT_MSG_GETRULE, rule_cb, &s);
}
