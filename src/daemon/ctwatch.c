/* SPDX-License-Identifier: MIT
 * Conntrack destroy events, and the list of what is there. */
#include "daemon/ctwatch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_compat.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum { RCVBUF = 1 << 20, TYPES = 32 };

struct table {
	const struct nlattr *v[TYPES];
};

static int conntrack_cb(const struct nlattr *a, void *data)
{
	struct table *t = data;
	uint16_t type = mnl_attr_get_type(a);
	if (type < TYPES)
		t->v[type] = a;
	return MNL_CB_OK;
}

struct mnl_socket *bus_open(int bus, unsigned groups)
{
	struct mnl_socket *nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (nl && mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) == 0)
		return nl;
	int err = errno;
	if (nl)
		mnl_socket_close(nl);
	errno = err;
	return NULL;
}

struct mnl_socket *ctwatch_open(void)
{
	int size = RCVBUF;
	struct mnl_socket *nl = bus_open(NETLINK_NETFILTER, NF_NETLINK_CONNTRACK_DESTROY);
	if (nl)
		setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return nl;
}

static bool copy_addr(const struct nlattr *a4, const struct nlattr *a6, struct addr *out)
{
	const struct nlattr *a = a4 ? a4 : a6;
	uint16_t len = a4 ? 4 : 16;
	memset(out, 0, sizeof(*out));
	if (!a || mnl_attr_get_payload_len(a) < len)
		return false;
	out->family = a4 ? 4 : 6;
	memcpy(out->b, mnl_attr_get_payload(a), len);
	return true;
}

/* Source address and port of one direction; false when it is not TCP. */
static bool tuple_source(const struct nlattr *tuple, struct addr *addr, uint16_t *port)
{
	struct table t = { { NULL } }, ip = { { NULL } }, proto = { { NULL } };
	if (!tuple || mnl_attr_parse_nested(tuple, conntrack_cb, &t) < 0 || !t.v[CTA_TUPLE_IP] ||
	    !t.v[CTA_TUPLE_PROTO] ||
	    mnl_attr_parse_nested(t.v[CTA_TUPLE_IP], conntrack_cb, &ip) < 0 ||
	    mnl_attr_parse_nested(t.v[CTA_TUPLE_PROTO], conntrack_cb, &proto) < 0)
		return false;
	if (!proto.v[CTA_PROTO_NUM] || mnl_attr_get_u8(proto.v[CTA_PROTO_NUM]) != IPPROTO_TCP ||
	    !proto.v[CTA_PROTO_SRC_PORT])
		return false;
	*port = ntohs(mnl_attr_get_u16(proto.v[CTA_PROTO_SRC_PORT]));
	return copy_addr(ip.v[CTA_IP_V4_SRC], ip.v[CTA_IP_V6_SRC], addr);
}

static bool parse_connection(const struct nlmsghdr *h, struct tcp_ends *out)
{
	struct table t = { { NULL } };
	if (mnl_attr_parse(h, sizeof(struct nfgenmsg), conntrack_cb, &t) < 0)
		return false;
	return tuple_source(t.v[CTA_TUPLE_ORIG], &out->client, &out->cport) &&
	       tuple_source(t.v[CTA_TUPLE_REPLY], &out->server, &out->sport);
}

int ctwatch_read(struct mnl_socket *nl, unsigned max, void (*take)(void *, const struct tcp_ends *),
		 void *ctx, bool *lost)
{
	static _Alignas(8) char buf[1 << 16];
	for (unsigned i = 0; i < max; i++) {
		ssize_t n = recv(mnl_socket_get_fd(nl), buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno == ENOBUFS) {
			*lost = true;
			continue;
		}
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		int left = (int)n;
		for (struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			struct tcp_ends gone;
			if ((h->nlmsg_type & 0xff) == IPCTNL_MSG_CT_DELETE &&
			    parse_connection(h, &gone))
				take(ctx, &gone);
		}
	}
	return 0;
}

struct mnl_socket *ctlist_open(void)
{
	return bus_open(NETLINK_NETFILTER, 0);
}

int ctlist_ask(struct mnl_socket *nl)
{
	char buf[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET);
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	return mnl_socket_sendto(nl, h, h->nlmsg_len) < 0 ? -errno : 0;
}

int ctlist_read(struct mnl_socket *nl, unsigned max, void (*take)(void *, const struct tcp_ends *),
		void *ctx)
{
	static _Alignas(8) char buf[1 << 16];
	for (unsigned i = 0; i < max; i++) {
		ssize_t n = recv(mnl_socket_get_fd(nl), buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		int left = (int)n;
		for (struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			struct tcp_ends there;
			if (h->nlmsg_type == NLMSG_ERROR || (h->nlmsg_flags & NLM_F_DUMP_INTR))
				return -EINTR;
			if (h->nlmsg_type == NLMSG_DONE)
				return 1;
			if ((h->nlmsg_type & 0xff) == IPCTNL_MSG_CT_NEW &&
			    parse_connection(h, &there))
				take(ctx, &there);
		}
	}
	return 0;
}
