/* SPDX-License-Identifier: MIT
 *
 * The least a system that only has a packet queue can do: read one NFQUEUE
 * and accept everything, unseen, with one batch verdict for what one turn
 * brought. What any inspecting reader of a queue costs comes on top of this.
 *
 *	accept QUEUE
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BATCH = 64, MAXLEN = 4096, RCVBUF = 8 << 20 };

static struct nlmsghdr *head(void *buf, unsigned type, uint16_t queue)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type);
	h->nlmsg_flags = NLM_F_REQUEST;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	g->res_id = htons(queue);
	return h;
}

static bool configure(struct mnl_socket *nl, uint16_t queue, uint16_t attr, const void *data,
		      size_t len)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *h = head(buf, NFQNL_MSG_CONFIG, queue);
	h->nlmsg_flags |= NLM_F_ACK;
	mnl_attr_put(h, attr, len, data);
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return false;
	ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	return n > 0 && mnl_cb_run(buf, (size_t)n, 0, mnl_socket_get_portid(nl), NULL, NULL) >= 0;
}

static int on_attr(const struct nlattr *a, void *data)
{
	uint32_t *id = data;
	if (mnl_attr_get_type(a) != NFQA_PACKET_HDR)
		return MNL_CB_OK;
	const struct nfqnl_msg_packet_hdr *h = mnl_attr_get_payload(a);
	*id = ntohl(h->packet_id);
	return MNL_CB_STOP;
}

static bool verdict(struct mnl_socket *nl, uint16_t queue, uint32_t id)
{
	char buf[256];
	struct nlmsghdr *h = head(buf, NFQNL_MSG_VERDICT_BATCH, queue);
	struct nfqnl_msg_verdict_hdr v = { .verdict = htonl(NF_ACCEPT), .id = htonl(id) };
	mnl_attr_put(h, NFQA_VERDICT_HDR, sizeof(v), &v);
	return mnl_socket_sendto(nl, h, h->nlmsg_len) >= 0;
}

static int run(struct mnl_socket *nl, uint16_t queue)
{
	static _Alignas(8) char buf[0xffff + 16384];
	int fd = mnl_socket_get_fd(nl);
	for (;;) {
		uint32_t id = 0;
		for (int i = 0; i < BATCH; i++) {
			ssize_t n = recv(fd, buf, sizeof(buf), i ? MSG_DONTWAIT : 0);
			if (n < 0 && errno == ENOBUFS)
				continue;
			if (n < 0 && errno != EAGAIN && errno != EINTR)
				return 1;
			if (n < 0)
				break;
			if (mnl_nlmsg_ok((void *)buf, (int)n))
				mnl_attr_parse((void *)buf, sizeof(struct nfgenmsg), on_attr, &id);
		}
		if (id && !verdict(nl, queue, id))
			return 1;
	}
}

int main(int argc, char **argv)
{
	long queue = argc == 2 ? strtol(argv[1], NULL, 10) : -1;
	struct nfqnl_msg_config_cmd bind = { .command = NFQNL_CFG_CMD_BIND,
					     .pf = htons(AF_UNSPEC) };
	struct nfqnl_msg_config_params copy = { .copy_range = htonl(0xffff),
						.copy_mode = NFQNL_COPY_PACKET };
	uint32_t maxlen = htonl(MAXLEN);
	int size = RCVBUF;
	if (queue < 0 || queue > 65535) {
		fputs("usage: accept QUEUE\n", stderr);
		return 2;
	}
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    !configure(nl, (uint16_t)queue, NFQA_CFG_CMD, &bind, sizeof(bind)) ||
	    !configure(nl, (uint16_t)queue, NFQA_CFG_PARAMS, &copy, sizeof(copy)) ||
	    !configure(nl, (uint16_t)queue, NFQA_CFG_QUEUE_MAXLEN, &maxlen, sizeof(maxlen)) ||
	    setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size))) {
		perror("accept");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	return run(nl, (uint16_t)queue);
}
