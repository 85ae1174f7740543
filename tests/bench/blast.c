/* SPDX-License-Identifier: MIT
 *
 * Open loop: frames of 64 bytes (60 and the frame check sequence that a veth
 * does not carry) as fast as one thread can hand them to the interface. They
 * are acknowledgements of one TCP connection that is opened first, so that
 * every system on the way has seen its handshake and takes them for permitted.
 * What the other side does with them is the caller's business: it should count
 * and drop them.
 *
 *	blast INTERFACE HOST PORT SOURCE-PORT SECONDS
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 60, BATCH = 64, SECONDS_MAX = 60, CAPTURE = 2048 };

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint16_t sum_of(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static int open_raw(const char *interface)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_IP),
				 .sll_ifindex = (int)if_nametoindex(interface) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP)), one = 1;
	if (fd < 0 || a.sll_ifindex == 0 || bind(fd, (void *)&a, sizeof(a)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		return -1;
	return fd;
}

static int open_tcp(const char *host, uint16_t port, uint16_t from)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in me = { .sin_family = AF_INET, .sin_port = htons(from) };
	struct linger reset = { 1, 0 }; /* leave no TIME-WAIT behind */
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) ||
	    bind(fd, (void *)&me, sizeof(me)) || connect(fd, (void *)&to, sizeof(to)))
		return -1;
	return fd;
}

/* The answer to our SYN names everything the frame needs. */
static bool frame_from_handshake(int raw, uint16_t from, uint8_t out[FRAME])
{
	uint8_t in[CAPTURE];
	struct pollfd p = { .fd = raw, .events = POLLIN };
	for (int i = 0; i < 64 && poll(&p, 1, 1000) == 1; i++) {
		ssize_t n = recv(raw, in, sizeof(in), 0);
		const uint8_t *ip = in + 14, *tcp = ip + 20;
		if (n < 54 || ip[0] != 0x45 || ip[9] != IPPROTO_TCP || tcp[13] != 0x12 ||
		    tcp[2] != from >> 8 || tcp[3] != (from & 0xff))
			continue;
		uint32_t ack = ntohl(*(const uint32_t *)(const void *)(tcp + 4)) + 1;
		memset(out, 0, FRAME);
		memcpy(out, in + 6, 6);
		memcpy(out + 6, in, 6);
		memcpy(out + 12, "\x08\x00\x45\x00\x00\x28\x00\x01\x40\x00\x40\x06", 12);
		memcpy(out + 26, ip + 16, 4);
		memcpy(out + 30, ip + 12, 4);
		memcpy(out + 34, tcp + 2, 2);
		memcpy(out + 36, tcp, 2);
		memcpy(out + 38, tcp + 8, 4);
		ack = htonl(ack);
		memcpy(out + 42, &ack, 4);
		memcpy(out + 46, "\x50\x10\x01\xf6", 4);
		uint16_t sum = htons(sum_of(0, out + 14, 20));
		memcpy(out + 24, &sum, 2);
		/* both addresses, then TCP */
		sum = htons(sum_of(IPPROTO_TCP + 20, out + 26, 28));
		memcpy(out + 50, &sum, 2);
		return true;
	}
	return false;
}

static uint64_t blast(int raw, uint8_t frame[FRAME], double seconds)
{
	struct iovec v = { frame, FRAME };
	struct mmsghdr m[BATCH];
	uint64_t sent = 0, end = now_ns() + (uint64_t)(seconds * 1e9);
	memset(m, 0, sizeof(m));
	for (int i = 0; i < BATCH; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v, .msg_iovlen = 1 };
	while (now_ns() < end) {
		int n = sendmmsg(raw, m, BATCH, 0);
		if (n < 0 && errno != ENOBUFS && errno != EAGAIN)
			break;
		sent += n > 0 ? (uint64_t)n : 0;
	}
	return sent;
}

int main(int argc, char **argv)
{
	long port = argc == 6 ? strtol(argv[3], NULL, 10) : 0,
	     from = argc == 6 ? strtol(argv[4], NULL, 10) : 0;
	double seconds = argc == 6 ? strtod(argv[5], NULL) : 0;
	uint8_t frame[FRAME];
	if (port < 1 || port > 65535 || from < 1 || from > 65535 ||
	    !(seconds > 0 && seconds <= SECONDS_MAX)) {
		fputs("usage: blast INTERFACE HOST PORT SOURCE-PORT SECONDS\n", stderr);
		return 2;
	}
	int raw = open_raw(argv[1]),
	    tcp = raw < 0 ? -1 : open_tcp(argv[2], (uint16_t)port, (uint16_t)from);
	if (tcp < 0 || !frame_from_handshake(raw, (uint16_t)from, frame)) {
		perror("blast: no connection");
		return 1;
	}
	puts("start");
	fflush(stdout);
	uint64_t begin = now_ns(), sent = blast(raw, frame, seconds);
	double took = (double)(now_ns() - begin) / 1e9;
	printf("{\"sent\": %" PRIu64 ", \"seconds\": %.6f, \"sent_pps\": %.0f}\n", sent, took,
	       (double)sent / took);
	close(tcp);
	return 0;
}
