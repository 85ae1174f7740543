/* SPDX-License-Identifier: MIT
 * The socket, single requests, and what is smaller than a commit. */
#include "nft/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/object.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { RECV_BUFFER = 4 << 20, DRAIN_MAX = 1 << 16 };

struct mnl_socket *nft_open(void)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!nl)
		return NULL;
	int one = 1, size = RECV_BUFFER;
	/* these only make errors more telling and dumps safer; old kernels may lack them */
	(void)mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &one, sizeof(one));
	(void)mnl_socket_setsockopt(nl, NETLINK_CAP_ACK, &one, sizeof(one));
	(void)setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int e = errno;
		mnl_socket_close(nl);
		errno = e;
		return NULL;
	}
	return nl;
}

void nft_close(struct mnl_socket *nl)
{
	if (nl)
		mnl_socket_close(nl);
}

struct nlmsghdr *nft_request(struct nft *n, char *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nlh->nlmsg_seq = ++n->seq;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->nfgen_family = type >> 8 == NFNL_SUBSYS_NFTABLES ? NFPROTO_INET : AF_UNSPEC;
	g->version = NFNETLINK_V0;
	return nlh;
}

void nft_drain(struct mnl_socket *nl)
{
	char buf[16384];
	ssize_t got = 1;
	for (unsigned i = 0; i < DRAIN_MAX && (got > 0 || errno == EINTR || errno == ENOBUFS); i++)
		got = recv(mnl_socket_get_fd(nl), buf, sizeof(buf), MSG_DONTWAIT);
}

/* Progress of one request and its answer. */
struct talk {
	uint32_t seq, port;
	mnl_cb_t cb; /* NULL: nothing more is wanted */
	void *ctx;
	int err;  /* the first */
	bool end; /* nothing more comes */
};

static void fail(struct talk *t, int err)
{
	if (!t->err)
		t->err = err;
	t->cb = NULL;
}

static void take_message(struct talk *t, const struct nlmsghdr *nlh)
{
	int code = 0;
	if (nlh->nlmsg_seq != t->seq || nlh->nlmsg_pid != t->port)
		return; /* of a request before */
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		fail(t, -EINTR);
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(code))
			memcpy(&code, mnl_nlmsg_get_payload(nlh), sizeof(code));
		if (code < 0)
			fail(t, code);
		t->end = true;
	} else if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && t->cb && t->cb(nlh, t->ctx) < 0) {
		fail(t, errno ? -errno : -EINVAL);
	}
}

int nft_talk(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *ctx)
{
	struct talk t = {
		.seq = nlh->nlmsg_seq, .port = mnl_socket_get_portid(nl), .cb = cb, .ctx = ctx
	};
	size_t cap = 256 * 1024;
	char *buf = malloc(cap);
	if (!buf)
		return -ENOMEM;
	nft_drain(nl);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		fail(&t, -errno);
	bool sent = !t.err;
	/* to the end, whatever went wrong: else the next request reads this one's rest */
	while (sent && !t.end) {
		ssize_t got = mnl_socket_recvfrom(nl, buf, cap);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			fail(&t, -errno);
			break;
		}
		int left = (int)got;
		for (const struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left))
			take_message(&t, h);
	}
	free(buf);
	return t.err;
}

struct table_ctx {
	uint32_t flags, owner;
};

static int table_cb(const struct nlmsghdr *nlh, void *p)
{
	struct table_ctx *t = p;
	const struct nlattr *a;
	for_attrs (a, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == NFTA_TABLE_FLAGS &&
		    mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			t->flags = ntohl(mnl_attr_get_u32(a));
		if (mnl_attr_get_type(a) == NFTA_TABLE_OWNER &&
		    mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			t->owner = ntohl(mnl_attr_get_u32(a));
	}
	return MNL_CB_OK;
}

int table_read(struct nft *n, uint32_t *flags, uint32_t *owner)
{
	char buf[256] __attribute__((aligned(8)));
	struct table_ctx t = { 0 };
	struct nlmsghdr *nlh =
		nft_request(n, buf, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NLM_F_ACK);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, NFT_TABLE);
	int r = nft_talk(n->nl, nlh, table_cb, &t);
	*flags = t.flags;
	*owner = t.owner;
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

int table_present(struct nft *n)
{
	uint32_t flags, owner;
	return table_read(n, &flags, &owner);
}

bool nft_present(struct mnl_socket *nl)
{
	return table_present(&(struct nft){ .nl = nl }) == 1;
}

bool nft_held_by_another(struct mnl_socket *nl)
{
	uint32_t flags, owner;
	return table_read(&(struct nft){ .nl = nl }, &flags, &owner) == 1 && owner &&
	       owner != mnl_socket_get_portid(nl);
}

int table_remove(struct mnl_socket *nl, const char *table)
{
	struct batch b = { 0 };
	int r = -ENOMEM;
	if (batch_begin(&b, table, 0, NULL)) {
		put_no_table(&b);
		batch_commit(&b);
		r = batch_send(&b, nl, NULL);
	}
	batch_free(&b);
	return r;
}

int nft_remove(struct mnl_socket *nl)
{
	int r = table_remove(nl, NFT_TABLE_CLOSED);
	if (r && r != -ENOENT)
		return r;
	r = table_remove(nl, NFT_TABLE);
	return r == -ENOENT ? 0 : r;
}

int nft_forget_marks(struct mnl_socket *nl, uint32_t mask)
{
	return ct_sweep(&(struct nft){ .nl = nl }, mask);
}

struct counter_ctx {
	void (*cb)(void *ctx, const char *name, uint64_t packets, uint64_t bytes);
	void *ctx;
};

static int counter_cb(const struct nlmsghdr *nlh, void *p)
{
	struct counter_ctx *c = p;
	struct nftnl_obj *o = nftnl_obj_alloc();
	if (!o)
		return MNL_CB_ERROR;
	if (nftnl_obj_nlmsg_parse(nlh, o) >= 0 &&
	    nftnl_obj_get_u32(o, NFTNL_OBJ_TYPE) == NFT_OBJECT_COUNTER)
		c->cb(c->ctx, nftnl_obj_get_str(o, NFTNL_OBJ_NAME),
		      nftnl_obj_get_u64(o, NFTNL_OBJ_CTR_PKTS),
		      nftnl_obj_get_u64(o, NFTNL_OBJ_CTR_BYTES));
	nftnl_obj_free(o);
	return MNL_CB_OK;
}

int counters_read(struct mnl_socket *nl, const char *table,
		  void (*cb)(void *ctx, const char *name, uint64_t packets, uint64_t bytes),
		  void *ctx)
{
	char buf[256] __attribute__((aligned(8)));
	struct counter_ctx c = { cb, ctx };
	struct nlmsghdr *nlh = nft_request(&(struct nft){ .nl = nl }, buf,
					   NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETOBJ, NLM_F_DUMP);
	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, table);
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	return nft_talk(nl, nlh, counter_cb, &c);
}

int nft_counters_read(struct mnl_socket *nl,
		      void (*cb)(void *ctx, const char *name, uint64_t packets, uint64_t bytes),
		      void *ctx)
{
	return counters_read(nl, NFT_TABLE, cb, ctx);
}

struct device_ctx {
	void (*cb)(void *ctx, const char *interface);
	void *ctx;
};

static int our_flowtable_cb(const struct nlmsghdr *nlh, void *p)
{
	const struct device_ctx *d = p;
	const struct nlattr *a, *hook = NULL, *devs = NULL, *dev;
	const char *table = "";
	for_attrs (a, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == NFTA_FLOWTABLE_TABLE &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			table = mnl_attr_get_str(a);
		if (mnl_attr_get_type(a) == NFTA_FLOWTABLE_HOOK)
			hook = a;
	}
	if (!hook || strcmp(table, NFT_TABLE))
		return MNL_CB_OK;
	for_nested (a, hook)
		if (mnl_attr_get_type(a) == NFTA_FLOWTABLE_HOOK_DEVS)
			devs = a;
	if (!devs)
		return MNL_CB_OK;
	for_nested (dev, devs)
		if (mnl_attr_get_type(dev) == NFTA_DEVICE_NAME &&
		    mnl_attr_validate(dev, MNL_TYPE_NUL_STRING) >= 0)
			d->cb(d->ctx, mnl_attr_get_str(dev));
	return MNL_CB_OK;
}

int nft_offload_read(struct mnl_socket *nl, void (*cb)(void *ctx, const char *interface), void *ctx)
{
	char buf[256] __attribute__((aligned(8)));
	struct device_ctx d = { cb, ctx };
	struct nlmsghdr *nlh =
		nft_request(&(struct nft){ .nl = nl }, buf,
			    NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETFLOWTABLE, NLM_F_DUMP);
	mnl_attr_put_strz(nlh, NFTA_FLOWTABLE_TABLE, NFT_TABLE);
	return nft_talk(nl, nlh, our_flowtable_cb, &d);
}

int nft_offload_add(struct mnl_socket *nl, const char *interface)
{
	struct batch b = { 0 };
	int r = -ENOMEM;
	if (batch_begin(&b, NFT_TABLE, 0, NULL)) {
		put_flowtable(&b, &interface, 1, (struct where){ 0 });
		batch_commit(&b);
		r = batch_send(&b, nl, NULL);
	}
	batch_free(&b);
	return r;
}
