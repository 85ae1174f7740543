/* SPDX-License-Identifier: MIT
 *
 * One nfnetlink transaction in one buffer: begin, messages, end. It goes out
 * in a single sendmsg(), which the kernel handles before it returns; so every
 * answer is in the socket then. Each message has its own sequence number and
 * elements are known by their offset, which is how a refusal finds back to the
 * operator's line.
 */
#include "nft/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { FIRST_CAP = 1 << 20 };

static bool room(struct batch *b)
{
	if (b->failed)
		return false;
	if (b->cap - b->len >= BATCH_ROOM)
		return true;
	size_t cap = b->cap ? 2 * b->cap : FIRST_CAP;
	char *p = realloc(b->buf, cap);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->buf = p;
	b->cap = cap;
	return true;
}

void batch_spot(struct batch *b, uint32_t off, struct where at, const char *what)
{
	if (b->n_spots == b->cap_spots) {
		size_t cap = b->cap_spots ? 2 * b->cap_spots : 1024;
		struct batch_spot *p = realloc(b->spots, cap * sizeof(*p));
		if (!p) {
			b->failed = true;
			return;
		}
		b->spots = p;
		b->cap_spots = cap;
	}
	b->spots[b->n_spots++] =
		(struct batch_spot){ .seq = b->seq, .off = off, .at = at, .what = what };
}

static struct nlmsghdr *header(struct batch *b, uint16_t type, uint16_t flags, uint16_t res_id)
{
	if (!room(b))
		return NULL;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(b->buf + b->len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nlh->nlmsg_seq = ++b->seq;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->nfgen_family = res_id ? AF_UNSPEC : NFPROTO_INET;
	g->version = NFNETLINK_V0;
	g->res_id = htons(res_id);
	return nlh;
}

bool batch_begin(struct batch *b, const char *table, uint32_t seq, const uint32_t *genid)
{
	*b = (struct batch){ .table = table, .seq = seq };
	struct nlmsghdr *nlh = header(b, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES);
	if (!nlh)
		return false;
	if (genid)
		mnl_attr_put_u32(nlh, NFNL_BATCH_GENID, htonl(*genid));
	batch_end_msg(b, nlh);
	return true;
}

struct nlmsghdr *batch_msg(struct batch *b, uint16_t type, uint16_t flags, struct where at,
			   const char *what)
{
	struct nlmsghdr *nlh = header(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, 0);
	if (nlh)
		batch_spot(b, 0, at, what);
	return nlh;
}

void batch_end_msg(struct batch *b, const struct nlmsghdr *nlh)
{
	b->len += (nlh->nlmsg_len + 3) & ~(size_t)3;
}

void batch_commit(struct batch *b)
{
	struct nlmsghdr *nlh = header(b, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES);
	if (nlh)
		batch_end_msg(b, nlh);
}

void batch_free(struct batch *b)
{
	free(b->buf);
	free(b->spots);
	*b = (struct batch){ 0 };
}

/* The last spot of this message at or before the offset. */
static const struct batch_spot *spot_find(const struct batch *b, uint32_t seq, uint32_t off)
{
	size_t lo = 0, hi = b->n_spots;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct batch_spot *s = &b->spots[mid];
		if (s->seq < seq || (s->seq == seq && s->off <= off))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && b->spots[lo - 1].seq == seq ? &b->spots[lo - 1] : NULL;
}

static void kernel_refusal(const struct batch *b, const struct nlmsghdr *nlh,
			   const struct nlmsgerr *e, struct errs *errs)
{
	const char *text = NULL;
	uint32_t off = 0;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS) {
		const struct nlattr *a;
		size_t skip = sizeof(*e);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			skip += e->msg.nlmsg_len - sizeof(e->msg);
		for_attrs (a, nlh, (unsigned)skip) {
			if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG &&
			    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
				text = mnl_attr_get_str(a);
			if (mnl_attr_get_type(a) == NLMSGERR_ATTR_OFFS &&
			    mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
				off = mnl_attr_get_u32(a);
		}
	}
	const struct batch_spot *s = spot_find(b, e->msg.nlmsg_seq, off);
	errs_add(errs, s ? s->at.file : NULL, s ? s->at.line : 0, "the kernel refuses %s: %s%s%s",
		 s ? s->what : "the ruleset as a whole", strerror(-e->error), text ? ": " : "",
		 text ? text : "");
}

int batch_send(struct batch *b, struct mnl_socket *nl, struct errs *errs)
{
	if (b->failed)
		return -ENOMEM;
	int fd = mnl_socket_get_fd(nl), first = 0;
	int size = b->len > 1 << 29 ? 1 << 30 : (int)(2 * b->len + BATCH_ROOM);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	nft_drain(nl);
	if (mnl_socket_sendto(nl, b->buf, b->len) < 0)
		return -errno;
	char answer[8192] __attribute__((aligned(8)));
	for (;;) {
		ssize_t got = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOBUFS && !first)
			first = -ENOBUFS; /* so many refusals that some were lost */
		if (got < 0 && errno == ENOBUFS)
			continue;
		if (got < 0)
			return errno == EAGAIN ? first : -errno;
		int left = (int)got;
		for (struct nlmsghdr *h = (void *)answer; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
			if (h->nlmsg_type != NLMSG_ERROR ||
			    mnl_nlmsg_get_payload_len(h) < sizeof(*e) || !e->error)
				continue;
			if (!first)
				first = e->error;
			if (errs && e->error != -ERESTART)
				kernel_refusal(b, h, e, errs);
		}
	}
}
