/* SPDX-License-Identifier: MIT
 *
 * The device of the bench: answers the requests of one protocol on one port
 * until it is ended. One thread, epoll, all memory taken at start.
 *
 *	serve SHAPE PORT CONNECTIONS
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shapes.h"

enum { CONNECTIONS_MAX = 65000, EVENTS = 256, IN_SIZE = 8192, OUT_SIZE = 64 << 10 };

struct conn {
	size_t n;      /* bytes of an unfinished request */
	uint32_t done; /* requests */
	uint8_t rest[FRAME_MAX];
};

struct server {
	const struct proto *proto;
	struct conn *conn; /* by descriptor */
	int max, ep, listener;
};

static void accept_all(struct server *s)
{
	int fd, one = 1;
	while ((fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };
		if (fd >= s->max || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
		    epoll_ctl(s->ep, EPOLL_CTL_ADD, fd, &ev)) {
			close(fd);
			continue;
		}
		s->conn[fd] = (struct conn){ .n = 0 };
	}
}

/* false: the connection is over, or says what it should not */
static int answer(struct server *s, int fd)
{
	static uint8_t in[FRAME_MAX + IN_SIZE], out[OUT_SIZE];
	struct conn *c = &s->conn[fd];
	memcpy(in, c->rest, c->n);
	ssize_t got = recv(fd, in + c->n, IN_SIZE, 0);
	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	size_t n = c->n + (size_t)got, at = 0, len, used = 0;
	while ((len = s->proto->frame(in + at, n - at)) > 0) {
		if (used + FRAME_MAX > OUT_SIZE)
			return 0;
		size_t m = s->proto->answer(out + used, in + at, len, c->done++);
		if (m == 0)
			return 0;
		used += m;
		at += len;
	}
	if (n - at > FRAME_MAX)
		return 0;
	c->n = n - at;
	memcpy(c->rest, in + at, c->n);
	/* less than a socket buffer by the client's depth: a short write is an error */
	return used == 0 || send(fd, out, used, MSG_NOSIGNAL) == (ssize_t)used;
}

static int open_listener(uint16_t port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons(port),
				  .sin6_addr = in6addr_any };
	int one = 1, fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) ||
	    bind(fd, (void *)&a, sizeof(a)) || listen(fd, 4096)) {
		perror("serve: cannot listen");
		return -1;
	}
	return fd;
}

static int run(struct server *s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = s->listener }, got[EVENTS];
	if (epoll_ctl(s->ep, EPOLL_CTL_ADD, s->listener, &ev))
		return 1;
	for (;;) {
		int n = epoll_wait(s->ep, got, EVENTS, -1);
		if (n < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i < n; i++) {
			if (got[i].data.fd == s->listener)
				accept_all(s);
			else if (!answer(s, got[i].data.fd))
				close(got[i].data.fd);
		}
	}
}

int main(int argc, char **argv)
{
	const struct shape *sh = argc == 4 ? shape_find(argv[1]) : NULL;
	long port = sh ? strtol(argv[2], NULL, 10) : 0, max = sh ? strtol(argv[3], NULL, 10) : 0;
	if (port < 1 || port > 65535 || max < 1 || max > CONNECTIONS_MAX) {
		fputs("usage: serve SHAPE PORT CONNECTIONS\n", stderr);
		return 2;
	}
	struct server s = { .proto = sh->proto,
			    .max = (int)max + 16,
			    .ep = epoll_create1(EPOLL_CLOEXEC),
			    .listener = open_listener((uint16_t)port) };
	struct rlimit files = { (rlim_t)s.max, (rlim_t)s.max };
	s.conn = calloc((size_t)s.max, sizeof(*s.conn));
	if (setrlimit(RLIMIT_NOFILE, &files) || !s.conn || s.ep < 0 || s.listener < 0) {
		perror("serve");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	return run(&s);
}
