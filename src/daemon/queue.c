/* SPDX-License-Identifier: MIT
 *
 * One NFQUEUE. NFQA_CFG_F_GSO is not asked for: the kernel then cuts offloaded
 * super-packets into the segments that the receiver will see, which is what
 * the stream engine must judge and may have to rewrite one by one.
 */
#include "daemon/queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* A netlink message may not be larger than the socket's send buffer, which by
 * default holds 208 KB: a batch that is too large is lost as a whole. */
enum { OUT_SIZE = 128 << 10, OUT_ROOM = RING_DATA + 256, RCVBUF = 8 << 20 };

/* One message is one packet, cut at RING_DATA, and the kernel's words about it. */
enum { IN_ROOM = RING_DATA + 2048 };

static struct nlmsghdr *queue_message(void *buf, uint16_t type, uint16_t number)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type);
	h->nlmsg_flags = NLM_F_REQUEST;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	g->res_id = htons(number);
	return h;
}

/* One configuration message, acknowledged. */
static int configure_queue(struct queue *q, uint16_t attr, const void *data, size_t len)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *h = queue_message(buf, NFQNL_MSG_CONFIG, q->number);
	h->nlmsg_flags |= NLM_F_ACK;
	h->nlmsg_seq = (uint32_t)time(NULL);
	uint32_t seq = h->nlmsg_seq;
	mnl_attr_put(h, attr, len, data);
	if (mnl_socket_sendto(q->nl, h, h->nlmsg_len) < 0)
		return -errno;
	ssize_t n = mnl_socket_recvfrom(q->nl, buf, sizeof(buf));
	if (n < 0)
		return -errno;
	return mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(q->nl), NULL, NULL) < 0
		       ? -errno
		       : 0;
}

int queue_open(struct queue *q, uint16_t number)
{
	struct nfqnl_msg_config_cmd bind = { .command = NFQNL_CFG_CMD_BIND,
					     .pf = htons(AF_UNSPEC) };
	struct nfqnl_msg_config_params copy = { .copy_range = htonl(RING_DATA),
						.copy_mode = NFQNL_COPY_PACKET };
	uint32_t maxlen = htonl(QUEUE_MAX);
	int size = RCVBUF, err;
	memset(q, 0, sizeof(*q));
	q->number = number;
	q->in = malloc(QUEUE_BATCH * IN_ROOM);
	q->out = malloc(OUT_SIZE);
	q->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!q->in || !q->out || !q->nl || mnl_socket_bind(q->nl, 0, MNL_SOCKET_AUTOPID) < 0)
		err = -errno;
	else if ((err = configure_queue(q, NFQA_CFG_CMD, &bind, sizeof(bind))) == 0 &&
		 (err = configure_queue(q, NFQA_CFG_PARAMS, &copy, sizeof(copy))) == 0)
		err = configure_queue(q, NFQA_CFG_QUEUE_MAXLEN, &maxlen, sizeof(maxlen));
	if (!err &&
	    setsockopt(mnl_socket_get_fd(q->nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		err = -errno;
	if (err)
		queue_close(q);
	return err;
}

int queue_pass_overload(struct queue *q, bool pass)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *h = queue_message(buf, NFQNL_MSG_CONFIG, q->number);
	/* unacknowledged: the answer would stand among packets */
	mnl_attr_put_u32(h, NFQA_CFG_MASK, htonl(NFQA_CFG_F_FAIL_OPEN));
	mnl_attr_put_u32(h, NFQA_CFG_FLAGS, htonl(pass ? NFQA_CFG_F_FAIL_OPEN : 0));
	return mnl_socket_sendto(q->nl, h, h->nlmsg_len) < 0 ? -errno : 0;
}

void queue_close(struct queue *q)
{
	if (q->nl)
		mnl_socket_close(q->nl);
	free(q->in);
	free(q->out);
	q->nl = NULL;
	q->in = q->out = NULL;
}

static int queue_cb(const struct nlattr *a, void *data)
{
	const struct nlattr **v = data;
	if (mnl_attr_get_type(a) <= NFQA_MAX)
		v[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

static bool parse_queue_packet(struct queue *q, const struct nlmsghdr *h, struct queue_packet *p)
{
	const struct nlattr *v[NFQA_MAX + 1] = { NULL };
	if (mnl_attr_parse(h, sizeof(struct nfgenmsg), queue_cb, v) < 0 || !v[NFQA_PACKET_HDR])
		return false;
	const struct nfqnl_msg_packet_hdr *ph = mnl_attr_get_payload(v[NFQA_PACKET_HDR]);
	uint32_t info = v[NFQA_SKB_INFO] ? ntohl(mnl_attr_get_u32(v[NFQA_SKB_INFO])) : 0;
	*p = (struct queue_packet){ .id = ntohl(ph->packet_id),
				    .partial = v[NFQA_CAP_LEN] != NULL,
				    .check_sum = !(info & NFQA_SKB_CSUMNOTREADY) };
	p->in = v[NFQA_IFINDEX_INDEV] ? ntohl(mnl_attr_get_u32(v[NFQA_IFINDEX_INDEV])) : 0;
	p->out = v[NFQA_IFINDEX_OUTDEV] ? ntohl(mnl_attr_get_u32(v[NFQA_IFINDEX_OUTDEV])) : 0;
	if (v[NFQA_HWADDR] &&
	    mnl_attr_get_payload_len(v[NFQA_HWADDR]) >= sizeof(struct nfqnl_msg_packet_hw)) {
		const struct nfqnl_msg_packet_hw *hw = mnl_attr_get_payload(v[NFQA_HWADDR]);
		if (ntohs(hw->hw_addrlen) == sizeof(p->macs.src))
			memcpy(p->macs.src, hw->hw_addr, sizeof(p->macs.src));
	}
	if (v[NFQA_PAYLOAD]) {
		p->data = mnl_attr_get_payload(v[NFQA_PAYLOAD]);
		p->len = mnl_attr_get_payload_len(v[NFQA_PAYLOAD]);
	}
	uint32_t at = p->id % QUEUE_TABLE;
	q->id[at] = p->id;
	q->waiting += !q->open[at];
	q->open[at] = true;
	q->packets++;
	return true;
}

static void take_queue_message(struct queue *q, const void *buf, int left,
			       void (*take)(void *, const struct queue_packet *), void *ctx)
{
	for (const struct nlmsghdr *h = buf; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		struct queue_packet p;
		if (h->nlmsg_type == NLMSG_ERROR)
			q->refused_kernel++;
		else if ((h->nlmsg_type & 0xff) == NFQNL_MSG_PACKET && parse_queue_packet(q, h, &p))
			take(ctx, &p);
	}
}

int queue_read(struct queue *q, unsigned max, void (*take)(void *, const struct queue_packet *),
	       void *ctx)
{
	struct iovec v[QUEUE_BATCH];
	struct mmsghdr m[QUEUE_BATCH];
	int fd = mnl_socket_get_fd(q->nl);
	memset(m, 0, sizeof(m));
	for (size_t i = 0; i < QUEUE_BATCH; i++) {
		v[i] = (struct iovec){ q->in + i * IN_ROOM, IN_ROOM };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1 };
	}
	for (unsigned k = 0; k < max; k++) {
		int n = recvmmsg(fd, m, QUEUE_BATCH, MSG_DONTWAIT, NULL);
		if (n < 0 && errno == ENOBUFS) {
			q->overruns++;
			continue;
		}
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		for (int i = 0; i < n; i++)
			take_queue_message(q, v[i].iov_base, (int)m[i].msg_len, take, ctx);
		if (n < QUEUE_BATCH)
			break;
	}
	return 0;
}

bool queue_verdict(struct queue *q, uint32_t id, bool accept, const uint8_t *data, uint32_t len,
		   uint32_t repeat_mark)
{
	uint32_t at = id % QUEUE_TABLE;
	if (!q->open[at] || q->id[at] != id)
		return false;
	q->open[at] = false;
	q->waiting--;
	if (OUT_SIZE - q->out_len < OUT_ROOM)
		queue_flush(q);
	struct nlmsghdr *h = queue_message(q->out + q->out_len, NFQNL_MSG_VERDICT, q->number);
	uint32_t what = repeat_mark ? NF_REPEAT : accept ? NF_ACCEPT : NF_DROP;
	struct nfqnl_msg_verdict_hdr vh = { .verdict = htonl(what), .id = htonl(id) };
	mnl_attr_put(h, NFQA_VERDICT_HDR, sizeof(vh), &vh);
	if (repeat_mark)
		mnl_attr_put_u32(h, NFQA_MARK, htonl(repeat_mark));
	if (data)
		mnl_attr_put(h, NFQA_PAYLOAD, len, data);
	q->out_len += NLMSG_ALIGN(h->nlmsg_len);
	return true;
}

int queue_flush(struct queue *q)
{
	if (!q->out_len)
		return 0;
	ssize_t n = mnl_socket_sendto(q->nl, q->out, q->out_len);
	q->out_len = 0;
	return n < 0 ? -errno : 0;
}

uint32_t queue_end_all(struct queue *q, bool accept)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < QUEUE_TABLE; i++)
		if (q->open[i])
			n += queue_verdict(q, q->id[i], accept, NULL, 0, 0);
	queue_flush(q);
	return n;
}
