/* SPDX-License-Identifier: MIT
 *
 * Clear our bits in connection marks, through ctnetlink, when zoned leaves. Other
 * bits of a mark are never written: the kernel merges under our mask.
 */
#include "nft/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

struct sweep {
	struct nft *n;
	struct mnl_socket *writer; /* changes go out while the dump comes in */
	uint32_t mine;
	int err;
};

/* A request about one connection; NULL: no tuple that a kernel writes. */
static struct nlmsghdr *about(struct nft *n, char *buf, uint16_t type, uint8_t family,
			      const struct nlattr *tuple, const struct nlattr *zone)
{
	struct nlmsghdr *nlh =
		nft_request(n, buf, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type), NLM_F_ACK);
	struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	g->nfgen_family = family;
	if (mnl_attr_get_payload_len(tuple) > 512)
		return NULL;
	mnl_attr_put(nlh, CTA_TUPLE_ORIG | NLA_F_NESTED, mnl_attr_get_payload_len(tuple),
		     mnl_attr_get_payload(tuple));
	if (zone)
		mnl_attr_put_u16(nlh, CTA_ZONE, mnl_attr_get_u16(zone));
	return nlh;
}

int ct_end(struct nft *n, struct mnl_socket *writer, uint8_t family, const struct nlattr *tuple,
	   const struct nlattr *zone)
{
	char buf[1024] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = about(n, buf, IPCTNL_MSG_CT_DELETE, family, tuple, zone);
	int r = nlh ? nft_talk(writer, nlh, NULL, NULL) : -EMSGSIZE;
	return r == -ENOENT ? 0 : r; /* it ended alone */
}

static int clear(struct sweep *s, uint8_t family, const struct nlattr *tuple,
		 const struct nlattr *zone)
{
	char buf[1024] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = about(s->n, buf, IPCTNL_MSG_CT_NEW, family, tuple, zone);
	if (!nlh)
		return -EMSGSIZE;
	mnl_attr_put_u32(nlh, CTA_MARK, 0);
	mnl_attr_put_u32(nlh, CTA_MARK_MASK, htonl(s->mine));
	int r = nft_talk(s->writer, nlh, NULL, NULL);
	return r == -ENOENT ? 0 : r; /* it ended alone */
}

static int sweep_entry_cb(const struct nlmsghdr *nlh, void *p)
{
	struct sweep *s = p;
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *tuple = NULL, *zone = NULL;
	uint32_t mark = 0;
	for_attrs (a, nlh, sizeof(*g)) {
		switch (mnl_attr_get_type(a)) {
		case CTA_TUPLE_ORIG:
			tuple = a;
			break;
		case CTA_ZONE:
			zone = a;
			break;
		case CTA_MARK:
			if (mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
				mark = ntohl(mnl_attr_get_u32(a));
			break;
		default:
			break;
		}
	}
	if (tuple && (mark & s->mine)) {
		int r = clear(s, g->nfgen_family, tuple, zone);
		if (r < 0 && !s->err)
			s->err = r;
	}
	return MNL_CB_OK;
}

int ct_sweep(struct nft *n, uint32_t mine)
{
	char buf[256] __attribute__((aligned(8)));
	struct sweep s = { .n = n, .writer = nft_open(), .mine = mine };
	int r = -EINTR;
	if (!s.writer)
		return -errno;
	/* EINTR: the table changed while it was read; what was seen is done */
	for (int i = 0; i < 3 && r == -EINTR; i++) {
		struct nlmsghdr *nlh = nft_request(
			n, buf, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP);
		r = nft_talk(n->nl, nlh, sweep_entry_cb, &s);
	}
	nft_close(s.writer);
	return r < 0 ? r : s.err;
}
