/* SPDX-License-Identifier: MIT
 *
 * Inspected connections must not get into a flowtable of another program: the
 * kernel would forward them where no rule of ours is asked. It puts no
 * connection there that has a connection tracking helper (nft_flow_offload, act_ct
 * alike), so each gets one that does nothing: the kind that a program in user space
 * would serve, never enabled. The kernel asks nobody about its packets, and it
 * expects no other connections.
 */
#include "nft/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nfnetlink_cthelper.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static int register_one(struct nft *n, uint16_t family, uint8_t protocol)
{
	char buf[512] __attribute__((aligned(8)));
	struct nlmsghdr *nlh =
		nft_request(n, buf, NFNL_SUBSYS_CTHELPER << 8 | NFNL_MSG_CTHELPER_NEW,
			    NLM_F_CREATE | NLM_F_ACK);
	mnl_attr_put_strz(nlh, NFCTH_NAME, RS_HELPER);
	mnl_attr_put_u32(nlh, NFCTH_PRIV_DATA_LEN, htonl(0));
	mnl_attr_put_u32(nlh, NFCTH_STATUS, htonl(NFCT_HELPER_STATUS_DISABLED));
	struct nlattr *tuple = mnl_attr_nest_start(nlh, NFCTH_TUPLE);
	mnl_attr_put_u16(nlh, NFCTH_TUPLE_L3PROTONUM, htons(family));
	mnl_attr_put_u8(nlh, NFCTH_TUPLE_L4PROTONUM, protocol);
	mnl_attr_nest_end(nlh, tuple);
	/* the kernel wants one kind of connection to expect; nobody ever asks for one */
	struct nlattr *policy = mnl_attr_nest_start(nlh, NFCTH_POLICY);
	mnl_attr_put_u32(nlh, NFCTH_POLICY_SET_NUM, htonl(1));
	struct nlattr *set = mnl_attr_nest_start(nlh, NFCTH_POLICY_SET);
	mnl_attr_put_strz(nlh, NFCTH_POLICY_NAME, RS_HELPER);
	mnl_attr_put_u32(nlh, NFCTH_POLICY_EXPECT_MAX, htonl(1));
	mnl_attr_put_u32(nlh, NFCTH_POLICY_EXPECT_TIMEOUT, htonl(1));
	mnl_attr_nest_end(nlh, set);
	mnl_attr_nest_end(nlh, policy);
	int r = nft_talk(n->nl, nlh, NULL, NULL);
	return r == -EEXIST || r == -EBUSY ? 0 : r;
}

int helper_register(struct nft *n)
{
	static const uint16_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	int r = 0;
	for (size_t i = 0; !r && i < 2; i++) {
		r = register_one(n, families[i], IPPROTO_TCP);
		if (!r)
			r = register_one(n, families[i], IPPROTO_UDP);
	}
	return r;
}

struct search {
	const struct model *m;
	struct nft *n;
	struct mnl_socket *writer; /* changes go out while the dump comes in */
};

static bool is_inspected(const struct model *m, uint8_t l4, uint16_t port)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++) {
			const struct flow *f = &m->conduits[i].flows[k];
			if (f->proto != PROTO_NONE && f->l4 == l4 && model_flow_has(f, port))
				return true;
		}
	return false;
}

/* The port at which the answers come from. */
static bool server_of(const struct nlattr *reply, uint8_t *l4, uint16_t *port)
{
	const struct nlattr *a, *p;
	*l4 = 0;
	*port = 0;
	for_nested (a, reply) {
		if (mnl_attr_get_type(a) != CTA_TUPLE_PROTO)
			continue;
		for_nested (p, a) {
			if (mnl_attr_get_type(p) == CTA_PROTO_NUM &&
			    mnl_attr_validate(p, MNL_TYPE_U8) >= 0)
				*l4 = mnl_attr_get_u8(p);
			if (mnl_attr_get_type(p) == CTA_PROTO_SRC_PORT &&
			    mnl_attr_validate(p, MNL_TYPE_U16) >= 0)
				*port = ntohs(mnl_attr_get_u16(p));
		}
	}
	return *l4 && *port;
}

static int helper_entry_cb(const struct nlmsghdr *nlh, void *p)
{
	struct search *s = p;
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *v[CTA_MAX + 1] = { NULL };
	uint8_t l4;
	uint16_t port;
	for_attrs (a, nlh, sizeof(*g))
		if (mnl_attr_get_type(a) <= CTA_MAX)
			v[mnl_attr_get_type(a)] = a;
	if (v[CTA_HELP] || !v[CTA_TUPLE_ORIG] || !v[CTA_TUPLE_REPLY] ||
	    !server_of(v[CTA_TUPLE_REPLY], &l4, &port) || !is_inspected(s->m, l4, port))
		return MNL_CB_OK;
	(void)ct_end(s->n, s->writer, g->nfgen_family, v[CTA_TUPLE_ORIG], v[CTA_ZONE]);
	return MNL_CB_OK;
}

void helper_missing_end(struct nft *n, const struct model *m)
{
	char buf[256] __attribute__((aligned(8)));
	struct search s = { .m = m, .n = n, .writer = nft_open() };
	int r = -EINTR;
	/* EINTR: the table changed while it was read */
	for (int i = 0; s.writer && i < 3 && r == -EINTR; i++)
		r = nft_talk(n->nl,
			     nft_request(n, buf, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
					 NLM_F_DUMP),
			     helper_entry_cb, &s);
	nft_close(s.writer);
}
