/* SPDX-License-Identifier: MIT
 * The NFLOG group of refused flows. */
#include "daemon/nflog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <net/if_arp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "compile/ruleset.h"

enum { SNAP = 128 };

static int configure_nflog(struct mnl_socket *nl, uint16_t group, uint16_t attr, const void *data,
			   size_t len)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG);
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	h->nlmsg_seq = (uint32_t)time(NULL);
	uint32_t seq = h->nlmsg_seq;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	g->res_id = htons(group);
	mnl_attr_put(h, attr, len, data);
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return -errno;
	ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0)
		return -errno;
	return mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(nl), NULL, NULL) < 0 ? -errno
											  : 0;
}

struct mnl_socket *nflog_open(uint16_t group)
{
	struct nfulnl_msg_config_cmd bind = { .command = NFULNL_CFG_CMD_BIND };
	struct nfulnl_msg_config_mode mode = { .copy_range = htonl(SNAP),
					       .copy_mode = NFULNL_COPY_PACKET };
	/* each packet at once: by default the kernel keeps them for a second, or until there are a
	 * hundred */
	uint32_t together = htonl(1);
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!nl)
		return NULL;
	int err = mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
	if (!err)
		err = configure_nflog(nl, group, NFULA_CFG_CMD, &bind, sizeof(bind));
	if (!err)
		err = configure_nflog(nl, group, NFULA_CFG_MODE, &mode, sizeof(mode));
	if (!err)
		err = configure_nflog(nl, group, NFULA_CFG_QTHRESH, &together, sizeof(together));
	if (!err)
		return nl;
	mnl_socket_close(nl);
	errno = -err;
	return NULL;
}

enum reason nflog_reason(const char *name)
{
	static const enum reason all[] = { R_NO_CONDUIT,  R_UNKNOWN_ZONE, R_SPOOFED,
					   R_WAY_OUT,	  R_NO_HANDSHAKE, R_REVERSED,
					   R_ICMP_ERROR,  R_BLOCKED_MARK, R_ISOLATED,
					   R_NOT_GRANTED, R_OUTSIDE,	  R_EXPIRED,
					   R_WRONG_MAC };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(name, reason_name(all[i])) == 0)
			return all[i];
	return R_NONE;
}

/* From a prefix as the ruleset writes it. *observed: the packet went on. */
static enum reason reason_of(const char *prefix, bool *observed)
{
	static const char refused[] = RS_LOG_REFUSED, passed[] = RS_LOG_OBSERVED;
	*observed = strncmp(prefix, passed, sizeof(passed) - 1) == 0;
	if (*observed)
		return nflog_reason(prefix + sizeof(passed) - 1);
	bool known = strncmp(prefix, refused, sizeof(refused) - 1) == 0;
	return known ? nflog_reason(prefix + sizeof(refused) - 1) : R_NONE;
}

static int nflog_cb(const struct nlattr *a, void *data)
{
	const struct nlattr **v = data;
	if (mnl_attr_get_type(a) <= NFULA_MAX)
		v[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

static uint32_t u32_of(const struct nlattr *a)
{
	return a && mnl_attr_validate2(a, MNL_TYPE_U32, sizeof(uint32_t)) >= 0
		       ? ntohl(mnl_attr_get_u32(a))
		       : 0;
}

/* The link header as it came; of Ethernet alone it is known where the addresses are. */
static void read_macs(const struct nlattr *const *v, struct link_macs *out)
{
	const struct nlattr *type = v[NFULA_HWTYPE], *h = v[NFULA_HWHEADER];
	if (!type || !h || mnl_attr_get_payload_len(type) != sizeof(uint16_t) ||
	    ntohs(mnl_attr_get_u16(type)) != ARPHRD_ETHER || mnl_attr_get_payload_len(h) < ETH_HLEN)
		return;
	const struct ethhdr *e = mnl_attr_get_payload(h);
	memcpy(out->src, e->h_source, sizeof(out->src));
	memcpy(out->dst, e->h_dest, sizeof(out->dst));
}

/* False: it is none. */
static bool read_logged(const struct nlattr *const *v, struct nflog_packet *p)
{
	if (!v[NFULA_PREFIX] || !v[NFULA_PAYLOAD] ||
	    mnl_attr_validate2(v[NFULA_PREFIX], MNL_TYPE_NUL_STRING, 0) < 0)
		return false;
	*p = (struct nflog_packet){ .ip = mnl_attr_get_payload(v[NFULA_PAYLOAD]),
				    .len = mnl_attr_get_payload_len(v[NFULA_PAYLOAD]),
				    .in = u32_of(v[NFULA_IFINDEX_INDEV]),
				    .out = u32_of(v[NFULA_IFINDEX_OUTDEV]) };
	p->why = reason_of(mnl_attr_get_str(v[NFULA_PREFIX]), &p->observed);
	read_macs(v, &p->macs);
	return p->why != R_NONE;
}

int nflog_read(struct mnl_socket *nl, unsigned max,
	       void (*take)(void *, const struct nflog_packet *), void *ctx)
{
	static _Alignas(8) char buf[1 << 17];
	for (unsigned i = 0; i < max; i++) {
		ssize_t n = recv(mnl_socket_get_fd(nl), buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno == ENOBUFS)
			continue; /* records were lost; the counters have them */
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		int left = (int)n;
		for (struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			const struct nlattr *v[NFULA_MAX + 1] = { NULL };
			if ((h->nlmsg_type & 0xff) != NFULNL_MSG_PACKET ||
			    mnl_attr_parse(h, sizeof(struct nfgenmsg), nflog_cb, v) < 0)
				continue;
			struct nflog_packet p;
			if (read_logged(v, &p))
				take(ctx, &p);
		}
	}
	return 0;
}
