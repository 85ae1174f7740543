/* SPDX-License-Identifier: MIT
 *
 * The client of the bench, closed loop: every connection has a fixed number of
 * requests outstanding and sends the next when an answer is there. Each answer
 * is compared byte by byte with the expected one. One thread, epoll, all
 * memory taken at start, bounded in time.
 *
 *	load SHAPE HOST PORT CONNECTIONS SECONDS [WARMUP [ACTIVE]]
 *
 * With ACTIVE only so many connections have requests outstanding at a time; an
 * answer passes the turn on, so that all have one after the other.
 * Says "start" when the measured time begins and one line of JSON at the end.
 * Time of a transaction: from the request's send() to the answer's recv().
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "shapes.h"

enum {
	CONNECTIONS_MAX = 60000,
	EVENTS = 256,
	IN_SIZE = 16384,
	SECONDS_MAX = 600,
	CONNECT_SECONDS = 60,
	CLOSE_SECONDS = 20,
	OPENING = 256
};

/* Of ours; the one that the lab's frames have (lab.py); how far processes with the next number
 * begin apart. */
enum { PORT_FIRST = 1024, PORTS = 63976, PORT_TAKEN = 40404, PORTS_APART = 15991 };

/* Log-linear: 32 buckets per power of two, so that a bucket is 3 percent wide. */
enum { SUB = 32, BUCKETS = 60 * SUB };

struct conn {
	int fd;
	bool open;
	uint32_t sent, done;	/* requests, answers */
	uint64_t at[DEPTH_MAX]; /* when request i % DEPTH_MAX went */
	size_t n;
	uint8_t rest[FRAME_MAX];
};

struct load {
	const struct shape *shape;
	struct conn *conn;
	unsigned n, open, closed;
	unsigned port;		     /* the next one of ours, from PORT_FIRST on */
	unsigned active, busy, next; /* how many may be at it, are, and whose turn is next */
	int ep;
	bool measuring, ending;
	uint64_t transactions, errors, worst;
	uint64_t hist[BUCKETS];
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned bucket_of(uint64_t v)
{
	if (v < SUB)
		return (unsigned)v;
	unsigned shift = 63u - (unsigned)__builtin_clzll(v) - 5u;
	return (shift + 1) * SUB + (unsigned)((v >> shift) & (SUB - 1));
}

/* The middle of a bucket. */
static double bucket_value(unsigned b)
{
	if (b < SUB)
		return b;
	unsigned shift = b / SUB - 1;
	return (double)(((uint64_t)(SUB + b % SUB)) << shift) + (double)(UINT64_C(1) << shift) / 2;
}

static double quantile(const struct load *l, double q)
{
	uint64_t want = (uint64_t)((double)l->transactions * q), sum = 0;
	for (unsigned i = 0; i < BUCKETS; i++) {
		sum += l->hist[i];
		if (sum > want)
			return bucket_value(i) / 1000;
	}
	return (double)l->worst / 1000;
}

static bool send_some(struct load *l, struct conn *c)
{
	if (l->ending)
		return true;
	uint8_t out[DEPTH_MAX * FRAME_MAX];
	size_t n = 0;
	uint64_t now = now_ns();
	while (c->sent - c->done < l->shape->depth) {
		n += l->shape->request(out + n, c->sent);
		c->at[c->sent++ % DEPTH_MAX] = now;
	}
	return n == 0 || send(c->fd, out, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* Length of the answer that is next, of which n bytes are at p; 0: it is another one. */
static size_t expected(const struct load *l, const struct conn *c, const uint8_t *p, size_t n)
{
	uint8_t q[FRAME_MAX], a[FRAME_MAX];
	size_t len = l->shape->proto->answer(a, q, l->shape->request(q, c->done), c->done);
	return memcmp(a, p, n < len ? n : len) == 0 ? len : 0;
}

static void count(struct load *l, uint64_t took)
{
	if (!l->measuring)
		return;
	l->transactions++;
	l->hist[bucket_of(took)]++;
	if (took > l->worst)
		l->worst = took;
}

/* The answer to c is there: c again, or the next one that is open. */
static bool pass_turn(struct load *l, struct conn *c)
{
	if (!l->active)
		return send_some(l, c);
	for (unsigned i = 0; i < l->n; i++) {
		struct conn *k = &l->conn[l->next++ % l->n];
		if (k->open && k->sent == k->done)
			return send_some(l, k) || k != c;
	}
	return true;
}

/* false: the connection is over */
static bool receive(struct load *l, struct conn *c)
{
	static uint8_t in[FRAME_MAX + IN_SIZE];
	memcpy(in, c->rest, c->n);
	ssize_t got = recv(c->fd, in + c->n, IN_SIZE, 0);
	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	size_t n = c->n + (size_t)got, at = 0, len;
	uint64_t now = now_ns();
	for (; at < n; at += len) {
		len = c->sent == c->done ? 0 : expected(l, c, in + at, n - at);
		if (len == 0)
			return false;
		if (len > n - at)
			break;
		count(l, now - c->at[c->done++ % DEPTH_MAX]);
	}
	if (n - at > FRAME_MAX)
		return false;
	c->n = n - at;
	memcpy(c->rest, in + at, c->n);
	return l->active && c->sent != c->done ? true : pass_turn(l, c);
}

/* Connected: begin, unless enough others are at it. */
static bool begin(struct load *l, struct conn *c)
{
	c->open = true;
	l->open++;
	if (l->active && l->busy >= l->active)
		return true;
	l->busy++;
	return send_some(l, c);
}

static void on_event(struct load *l, struct epoll_event *ev)
{
	struct conn *c = ev->data.ptr;
	if (ev->events & EPOLLOUT) { /* connected, or refused */
		int err = 0;
		socklen_t len = sizeof(err);
		ev->events = EPOLLIN;
		if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 && err == 0 &&
		    epoll_ctl(l->ep, EPOLL_CTL_MOD, c->fd, ev) == 0 && begin(l, c))
			return;
	} else if (receive(l, c)) {
		return;
	}
	close(c->fd);
	c->fd = -1;
	c->open = false;
	l->errors += !l->ending;
	l->closed += l->ending;
}

static bool turn(struct load *l)
{
	struct epoll_event got[EVENTS];
	int n = epoll_wait(l->ep, got, EVENTS, 20);
	for (int i = 0; i < n; i++)
		on_event(l, &got[i]);
	return n >= 0 || errno == EINTR;
}

/* The next port of ours that nobody has. Left to connect(), which looks for every other one from
 * the same beginning, half of all take as long as the other half times their number. */
static bool bind_next(struct load *l, int fd, sa_family_t family, socklen_t len)
{
	for (unsigned tries = 0; tries < PORTS; tries++) {
		uint16_t port = (uint16_t)(PORT_FIRST + l->port++ % PORTS);
		/* of IPv4 likewise: the port is at the same place, and the address is all zero */
		struct sockaddr_in6 own = { .sin6_family = family, .sin6_port = htons(port) };
		if (port == PORT_TAKEN)
			continue;
		int err = bind(fd, (const void *)&own, len);
		if (!err || errno != EADDRINUSE)
			return !err;
	}
	return false;
}

static bool start(struct load *l, struct conn *c, const struct sockaddr_storage *to, socklen_t len)
{
	int one = 1;
	struct epoll_event ev = { .events = EPOLLOUT, .data.ptr = c };
	c->fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return c->fd >= 0 && setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
	       bind_next(l, c->fd, to->ss_family, len) &&
	       (connect(c->fd, (const void *)to, len) == 0 || errno == EINPROGRESS) &&
	       epoll_ctl(l->ep, EPOLL_CTL_ADD, c->fd, &ev) == 0;
}

/* A few at a time, so that no queue on the way is full of SYNs. */
static bool connect_all(struct load *l, const struct sockaddr_storage *to, socklen_t len)
{
	uint64_t end = now_ns() + CONNECT_SECONDS * UINT64_C(1000000000);
	for (unsigned i = 0; l->open + l->errors < l->n;) {
		for (; i < l->n && i - l->open - l->errors < OPENING; i++)
			if (!start(l, &l->conn[i], to, len))
				return false;
		if (!turn(l) || now_ns() > end)
			return false;
	}
	return true;
}

static bool run_for(struct load *l, double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
	while (now_ns() < end)
		if (!turn(l))
			return false;
	return true;
}

/* To the end of each connection, while the system on the way still runs: what is left half
 * open at the device would answer the next connection from the same port. */
static void close_all(struct load *l)
{
	uint64_t end = now_ns() + CLOSE_SECONDS * UINT64_C(1000000000);
	l->ending = true;
	for (unsigned i = 0; l->closed + l->errors < l->n && now_ns() < end;) {
		for (; i < l->n && i - l->closed - l->errors < OPENING; i++)
			if (l->conn[i].fd >= 0)
				shutdown(l->conn[i].fd, SHUT_WR);
		if (!turn(l))
			return;
	}
}

static socklen_t address(const char *host, uint16_t port, struct sockaddr_storage *a)
{
	struct sockaddr_in *v4 = (void *)a;
	struct sockaddr_in6 *v6 = (void *)a;
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	return 0;
}

static void report(const struct load *l, double took)
{
	printf("{\"transactions\": %" PRIu64
	       ", \"seconds\": %.6f, \"tps\": %.1f, \"p50_us\": %.1f, "
	       "\"p99_us\": %.1f, \"p999_us\": %.1f, \"worst_us\": %.1f, \"connections\": %u, "
	       "\"errors\": %" PRIu64 "}\n",
	       l->transactions, took, (double)l->transactions / took, quantile(l, 0.5),
	       quantile(l, 0.99), quantile(l, 0.999), (double)l->worst / 1000, l->open, l->errors);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct load l;
	struct sockaddr_storage to;
	l.shape = argc >= 6 ? shape_find(argv[1]) : NULL;
	long port = l.shape ? strtol(argv[3], NULL, 10) : 0,
	     conns = l.shape ? strtol(argv[4], NULL, 10) : 0;
	double seconds = l.shape ? strtod(argv[5], NULL) : 0,
	       warm = argc > 6 ? strtod(argv[6], NULL) : 0.2;
	long active = argc > 7 ? strtol(argv[7], NULL, 10) : 0;
	socklen_t len = port > 0 && port < 65536 ? address(argv[2], (uint16_t)port, &to) : 0;
	if (!len || conns < 1 || conns > CONNECTIONS_MAX ||
	    !(seconds > 0 && seconds <= SECONDS_MAX) || !(warm >= 0 && warm <= SECONDS_MAX) ||
	    active < 0 || active > conns) {
		fputs("usage: load SHAPE HOST PORT CONNECTIONS SECONDS [WARMUP [ACTIVE]]\n",
		      stderr);
		return 2;
	}
	l.n = (unsigned)conns;
	l.active = (unsigned)active;
	l.port = (unsigned)getpid() % PORTS * PORTS_APART % PORTS;
	struct rlimit files = { l.n + 16, l.n + 16 };
	l.conn = calloc(l.n, sizeof(*l.conn));
	l.ep = epoll_create1(EPOLL_CLOEXEC);
	if (setrlimit(RLIMIT_NOFILE, &files) || !l.conn || l.ep < 0) {
		perror("load");
		return 1;
	}
	if (!connect_all(&l, &to, len) || !run_for(&l, warm)) {
		fprintf(stderr, "load: %u of %u connections opened, %" PRIu64 " failed (%s)\n",
			l.open, l.n, l.errors, strerror(errno));
		return 1;
	}
	puts("start");
	fflush(stdout);
	l.measuring = true;
	uint64_t from = now_ns();
	bool ok = run_for(&l, seconds);
	report(&l, (double)(now_ns() - from) / 1e9);
	close_all(&l);
	return ok ? 0 : 1;
}
