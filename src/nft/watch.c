/* SPDX-License-Identifier: MIT
 * NFNLGRP_NFTABLES: who changes what, as the kernel tells it. */
#include "nft/guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "nft/internal.h"

enum { NOTICE_BUFFER = 8 << 20, DATAGRAM = 1 << 16, READS_MAX = 4096 };
/* the table's name is the first attribute of each kind of message, and the set's the second */
enum { ATTR_TABLE = 1, ATTR_NAME = 2 };

/* Our own transactions can be ten thousands of elements: the kernel need not queue them. All
 * messages of a datagram are of one transaction, so the first one's header is enough. */
static int leave_out(struct mnl_socket *nl, uint32_t port)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog p = { sizeof(code) / sizeof(code[0]), code };
	return setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p))
		       ? -errno
		       : 0;
}

int nft_watch_open(struct nft_watch *w, const struct mnl_socket *a, const struct mnl_socket *b)
{
	int size = NOTICE_BUFFER;
	*w = (struct nft_watch){ .mine = { mnl_socket_get_portid(a), mnl_socket_get_portid(b) } };
	w->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!w->nl)
		return -errno;
	(void)setsockopt(mnl_socket_get_fd(w->nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	int r = leave_out(w->nl, w->mine[0]);
	if (!r && mnl_socket_bind(w->nl, 1 << (NFNLGRP_NFTABLES - 1), MNL_SOCKET_AUTOPID) < 0)
		r = -errno;
	if (!r)
		return 0;
	mnl_socket_close(w->nl);
	w->nl = NULL;
	return r;
}

static void read_generation(const struct nlmsghdr *h, struct nft_notice *n)
{
	const struct nlattr *a;
	for_attrs (a, h, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == NFTA_GEN_PROC_PID &&
		    mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			n->pid = ntohl(mnl_attr_get_u32(a));
		if (mnl_attr_get_type(a) != NFTA_GEN_PROC_NAME ||
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0)
			continue;
		strncpy(n->program, mnl_attr_get_str(a), sizeof(n->program) - 1);
		for (char *c = n->program; *c; c++) /* a process may call itself anything */
			if (!isalnum((unsigned char)*c) && !strchr("-_.:/()", *c))
				*c = '?';
	}
}

static const char *text_of(const struct nlmsghdr *h, uint16_t type)
{
	const struct nlattr *a;
	for_attrs (a, h, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == type && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			return mnl_attr_get_str(a);
	return "";
}

/* Most sets that packets fill are the log's memory; emptying one only makes lines repeat. */
static bool is_log_memory(const char *set)
{
	return strncmp(set, "refused", 7) == 0 || strncmp(set, "blocked", 7) == 0;
}

/* Is it a set of connections' flows, or of packets that go back where they came from? Packets pass
 * by these sets, and entries that packets made look like entries that somebody else made. */
static bool is_known(const char *set)
{
	return strncmp(set, "known", 5) == 0 || strncmp(set, "same-interface", 14) == 0;
}

static bool is_ours(const struct nlmsghdr *h, uint16_t type)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
	const char *table = text_of(h, ATTR_TABLE);
	if (g->nfgen_family != NFPROTO_INET ||
	    (strcmp(table, NFT_TABLE) && strcmp(table, NFT_TABLE_CLOSED)))
		return false;
	bool elements = type == NFT_MSG_NEWSETELEM || type == NFT_MSG_DELSETELEM;
	return !elements || !is_log_memory(text_of(h, ATTR_NAME));
}

/* True: this message ends the transaction. */
static bool read_message(const struct nlmsghdr *h, struct nft_notice *n)
{
	uint16_t type = h->nlmsg_type & 0xff;
	if (h->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    mnl_nlmsg_get_payload_len(h) < sizeof(struct nfgenmsg))
		return false;
	if (type == NFT_MSG_NEWGEN) {
		read_generation(h, n);
		return true;
	}
	if (is_ours(h, type)) {
		n->ours = true;
		n->known |= type == NFT_MSG_NEWSETELEM && is_known(text_of(h, ATTR_NAME));
	} else if (type == NFT_MSG_NEWFLOWTABLE || type == NFT_MSG_DELFLOWTABLE ||
		   type == NFT_MSG_NEWRULE || type == NFT_MSG_DELRULE || type == NFT_MSG_NEWCHAIN ||
		   type == NFT_MSG_DELTABLE) {
		n->others = true;
	}
	return false;
}

int nft_watch_read(struct nft_watch *w,
		   void (*tell)(void *ctx, const struct nft_notice *n, bool whole), void *ctx)
{
	static _Thread_local _Alignas(8) char buf[DATAGRAM];
	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t got =
			recv(mnl_socket_get_fd(w->nl), buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);
		if (got < 0 && errno == EINTR)
			continue;
		if ((got < 0 && errno == ENOBUFS) || got > (ssize_t)sizeof(buf)) {
			w->now = (struct nft_notice){ .lost = true };
			tell(ctx, &w->now, true);
			w->now = (struct nft_notice){ 0 };
			continue;
		}
		if (got < 0)
			return errno == EAGAIN ? 0 : -errno;
		int left = (int)got;
		for (const struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			if (h->nlmsg_pid == w->mine[0] || h->nlmsg_pid == w->mine[1])
				continue;
			bool before = w->now.ours, whole = read_message(h, &w->now);
			if (whole || w->now.ours != before)
				tell(ctx, &w->now, whole);
			if (whole)
				w->now = (struct nft_notice){ 0 };
		}
	}
	return 0;
}
