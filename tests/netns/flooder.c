/* SPDX-License-Identifier: MIT
 *
 * The attacker of the lab: many TCP connections by hand, from addresses of its
 * own zone that no kernel owns (the gateway has static neighbours for them), and
 * the device that answers them. Runs in the lab's namespaces only; bounded in
 * count, rate and time.
 *
 *	flooder MODE [options] SOURCE SERVER PORT
 *
 *	sink		be SERVER: answer SYNs, acknowledge data; SOURCE is not used
 *	syn		SYNs with random sources and ports; answers are not read
 *	open		finish N handshakes, then be silent
 *	drip		the same, then one byte of a message a second on each
 *	islands		the same, then bytes behind holes on each, once
 *	garbage		the same, then refused messages on all in turn
 *	repeat		the same, then one permitted message again and again, as retransmissions
 *
 *	-n N	connections (default 1000); syn: SYNs
 *	-m N	garbage, repeat: messages in all (default 10000)
 *	-r N	packets a second of our own (default 5000)
 *	-a N	source addresses, from SOURCE on (default 100)
 *	-p N	first source port (default 10000)
 *	-t S	end after so many seconds at the latest (default 20)
 *
 * One line of "name value" pairs is the result.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
enum { BATCH = 64, PACKET = 1500, HEADERS = 40, FLOWS_MAX = 200000, RCVBUF = 16 << 20 };

struct conn {
	uint32_t seq, ack; /* the next of ours, the next of the server's */
	uint8_t open, dead, sent;
};

struct flooder {
	unsigned long n, messages, rate, addrs, port0, seconds;
	uint32_t source, server; /* host order */
	uint16_t port;
	int out, in;
	struct conn *conn;
	uint64_t start, end, due, packets, opened, resets, total;
	uint8_t buf[BATCH][PACKET];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
	struct sockaddr_in to[BATCH];
	unsigned waiting;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint32_t mix(uint64_t z) /* splitmix64: the same run for the same numbers */
{
	z += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)(z >> 32);
}

static bool going(const struct flooder *f)
{
	return !stop && now_us() < f->end;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static uint32_t sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	return n & 1 ? s + ((uint32_t)p[n - 1] << 8) : s;
}

static void put_sum(uint8_t *p, uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	s = ~s & 0xffff;
	p[0] = (uint8_t)(s >> 8);
	p[1] = (uint8_t)s;
}

static void flush(struct flooder *f)
{
	unsigned at = 0;
	while (at < f->waiting) {
		int n = sendmmsg(f->out, f->msg + at, f->waiting - at, 0);
		if (n < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
			perror("flooder: send");
			exit(1);
		}
		if (n < 0)
			usleep(200);
		else
			at += (unsigned)n;
	}
	f->waiting = 0;
}

struct segment {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	const uint8_t *data;
	size_t n;
};

static void put_segment(struct flooder *f, const struct segment *s)
{
	uint8_t *p = f->buf[f->waiting], *t = p + 20;
	size_t len = HEADERS + s->n;
	memset(p, 0, HEADERS);
	p[0] = 0x45;
	p[2] = (uint8_t)(len >> 8);
	p[3] = (uint8_t)len;
	p[8] = 64;
	p[9] = IPPROTO_TCP;
	put32(p + 12, s->src);
	put32(p + 16, s->dst);
	put32(t, (uint32_t)s->sport << 16 | s->dport);
	put32(t + 4, s->seq);
	put32(t + 8, s->ack);
	t[12] = 0x50;
	t[13] = s->flags;
	t[14] = 0xff;
	t[15] = 0xff;
	if (s->n)
		memcpy(t + 20, s->data, s->n);
	put_sum(t + 16, sum(t, len - 20, sum(p + 12, 8, IPPROTO_TCP + (uint32_t)(len - 20))));
	f->iov[f->waiting] = (struct iovec){ p, len };
	f->to[f->waiting] =
		(struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(s->dst) };
	f->msg[f->waiting].msg_hdr = (struct msghdr){ .msg_name = &f->to[f->waiting],
						      .msg_namelen = sizeof(f->to[0]),
						      .msg_iov = &f->iov[f->waiting],
						      .msg_iovlen = 1 };
	f->packets++;
	if (++f->waiting == BATCH)
		flush(f);
}

/* Segment of connection i. */
static void say(struct flooder *f, unsigned long i, uint32_t seq, uint8_t flags,
		const uint8_t *data, size_t n)
{
	struct segment s = { .src = f->source + (uint32_t)(i % f->addrs),
			     .dst = f->server,
			     .sport = (uint16_t)(f->port0 + i / f->addrs),
			     .dport = f->port,
			     .seq = seq,
			     .ack = flags & ACK ? f->conn[i].ack : 0,
			     .flags = flags,
			     .data = data,
			     .n = n };
	put_segment(f, &s);
}

/* One whole packet that came, or false when there is none within ms. */
static bool hear(struct flooder *f, int ms, struct segment *s)
{
	static uint8_t p[65536];
	for (;;) {
		ssize_t n = recv(f->in, p, sizeof(p), MSG_DONTWAIT);
		if (n < 0) {
			struct pollfd fd = { .fd = f->in, .events = POLLIN };
			flush(f);
			if (ms == 0 || poll(&fd, 1, ms) <= 0)
				return false;
			ms = 0;
			continue;
		}
		if (n < HEADERS || p[0] != 0x45 || p[9] != IPPROTO_TCP)
			continue;
		size_t head = 20 + (size_t)(p[32] >> 4) * 4, len = (size_t)p[2] << 8 | p[3];
		if (len > (size_t)n || head > len)
			continue;
		uint32_t ports = get32(p + 20);
		*s = (struct segment){ .src = get32(p + 12),
				       .dst = get32(p + 16),
				       .sport = (uint16_t)(ports >> 16),
				       .dport = (uint16_t)ports,
				       .seq = get32(p + 24),
				       .ack = get32(p + 28),
				       .flags = p[33],
				       .data = p + head,
				       .n = len - head };
		return true;
	}
}

/* Take what came for our connections: finish handshakes. */
static void take_answers(struct flooder *f, int ms)
{
	struct segment s;
	while (hear(f, ms, &s)) {
		ms = 0;
		unsigned long i =
			(unsigned long)(s.dport - f->port0) * f->addrs + (s.dst - f->source);
		if (s.src != f->server || s.dport < f->port0 || i >= f->n)
			continue;
		struct conn *c = &f->conn[i];
		if (s.flags & RST) {
			f->resets += !c->dead;
			c->dead = 1;
		} else if ((s.flags & SYN) && s.ack == c->seq) {
			c->ack = s.seq + 1;
			f->opened += !c->open;
			c->open = 1;
			say(f, i, c->seq, ACK, NULL, 0);
		}
	}
}

/* Not faster than the rate: wait for the time of the next packet, and read meanwhile. */
static void pace(struct flooder *f)
{
	f->due++;
	while (going(f)) {
		uint64_t at = f->start + f->due * 1000000 / f->rate, now = now_us();
		if (now >= at)
			break;
		flush(f);
		if (f->in >= 0)
			take_answers(f, 1);
		else
			usleep(500);
	}
	if (f->in >= 0 && f->due % BATCH == 0)
		take_answers(f, 0);
}

static void do_syn(struct flooder *f)
{
	for (unsigned long i = 0; i < f->n && going(f); i++) {
		uint32_t r = mix(i), q = mix(r);
		struct segment s = { .src = f->source + q % (uint32_t)f->addrs,
				     .dst = f->server,
				     .sport = (uint16_t)(1024 + r % 64000),
				     .dport = f->port,
				     .seq = q,
				     .flags = SYN };
		put_segment(f, &s);
		pace(f);
	}
	flush(f);
}

static void do_open(struct flooder *f)
{
	for (unsigned long i = 0; i < f->n && going(f); i++) {
		f->conn[i].seq = mix(i) + 1;
		say(f, i, mix(i), SYN, NULL, 0);
		pace(f);
	}
	uint64_t settle = now_us() + 500000;
	while (going(f) && f->opened < f->n && now_us() < settle)
		take_answers(f, 10);
	flush(f);
}

static void do_drip(struct flooder *f)
{
	static const uint8_t read[12] = { 0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1 };
	do_open(f);
	for (unsigned k = 0; k < sizeof(read) - 1 && going(f); k++) {
		uint64_t next = now_us() + 1000000;
		for (unsigned long i = 0; i < f->n && going(f); i++) {
			if (f->conn[i].open && !f->conn[i].dead)
				say(f, i, f->conn[i].seq++, ACK | PSH, read + k, 1);
			pace(f);
		}
		flush(f);
		while (going(f) && now_us() < next)
			take_answers(f, 10);
	}
}

static void do_islands(struct flooder *f)
{
	static uint8_t data[1400];
	do_open(f);
	for (unsigned k = 0; k < 10; k++) {
		for (unsigned long i = 0; i < f->n && going(f); i++) {
			if (f->conn[i].open && !f->conn[i].dead)
				say(f, i, f->conn[i].seq + 100 + k * 1500, ACK, data, sizeof(data));
			pace(f);
		}
	}
	flush(f);
}

/* Well-framed messages of a function that no policy allows, now and then one that is no Modbus. */
static void do_garbage(struct flooder *f)
{
	do_open(f);
	for (unsigned long k = 0; k < f->messages && going(f); k++) {
		uint8_t m[12] = { (uint8_t)(k >> 8),	(uint8_t)k, 0, k % 997 == 996, 0, 6, 1,
				  (uint8_t)(65 + k % 8) };
		unsigned long i = k % f->n;
		struct conn *c = &f->conn[i];
		if (c->open && !c->dead) {
			say(f, i, c->seq, ACK | PSH, m, sizeof(m));
			c->seq += sizeof(m);
			f->total++;
		}
		pace(f);
	}
	flush(f);
}

/* What was sent before changes nothing for its receiver, and the gate judges each of them. */
static void do_repeat(struct flooder *f)
{
	static const uint8_t read[12] = { 0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1 };
	do_open(f);
	for (unsigned long k = 0; k < f->messages && going(f); k++) {
		struct conn *c = &f->conn[k % f->n];
		if (c->open && !c->dead) {
			say(f, k % f->n, c->seq, ACK | PSH, read, sizeof(read));
			f->total++;
		}
		pace(f);
	}
	flush(f);
}

static void do_sink(struct flooder *f)
{
	struct segment s;
	while (going(f)) {
		if (!hear(f, 100, &s) || s.dst != f->server || s.dport != f->port ||
		    (s.flags & RST))
			continue;
		uint32_t end = s.seq + (uint32_t)s.n + !!(s.flags & SYN) + !!(s.flags & FIN);
		uint32_t isn = mix((uint64_t)s.src << 16 | s.sport);
		if (end == s.seq)
			continue;
		f->opened += !!(s.flags & SYN);
		f->total += s.n;
		struct segment a = { .src = s.dst,
				     .dst = s.src,
				     .sport = s.dport,
				     .dport = s.sport,
				     .seq = isn + !(s.flags & SYN),
				     .ack = end,
				     .flags = (uint8_t)(ACK | (s.flags & SYN)) };
		put_segment(f, &a);
	}
	flush(f);
}

static const struct mode {
	const char *name;
	void (*run)(struct flooder *f);
	bool answers, server;
	/* clang-format off */
} modes[] = {
	{ "sink", do_sink, true, true },	{ "syn", do_syn, false, false },
	{ "open", do_open, true, false },	{ "drip", do_drip, true, false },
	{ "islands", do_islands, true, false }, { "garbage", do_garbage, true, false },
	{ "repeat", do_repeat, true, false },
};
/* clang-format on */

/* Only packets from our server, or to it: the kernel drops the others for us. */
static int listen_raw(uint32_t server, bool is_server)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, is_server ? 16 : 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, server, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };
	int size = RCVBUF, fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	struct sockaddr_ll any = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any))) {
		perror("flooder: packet socket");
		exit(1);
	}
	return fd;
}

static bool number(const char *s, unsigned long max, unsigned long *out)
{
	char *end;
	errno = 0;
	*out = strtoul(s, &end, 10);
	return errno == 0 && end != s && *end == '\0' && *out >= 1 && *out <= max;
}

static bool options(int argc, char **argv, struct flooder *f)
{
	static const char letters[] = "nmrapt";
	unsigned long *const values[] = { &f->n,     &f->messages, &f->rate,
					  &f->addrs, &f->port0,	   &f->seconds };
	static const unsigned long most[] = { FLOWS_MAX, 1000000, 1000000, 250, 60000, 120 };
	struct in_addr source, server;
	unsigned long port;
	int c;
	while ((c = getopt(argc, argv, "n:m:r:a:p:t:")) != -1) {
		const char *at = strchr(letters, c);
		if (!at || !number(optarg, most[at - letters], values[at - letters]))
			return false;
	}
	if (argc - optind != 3 || !inet_aton(argv[optind], &source) ||
	    !inet_aton(argv[optind + 1], &server) || !number(argv[optind + 2], 65535, &port) ||
	    f->port0 + f->n / f->addrs > 65535)
		return false;
	f->source = ntohl(source.s_addr);
	f->server = ntohl(server.s_addr);
	f->port = (uint16_t)port;
	return true;
}

int main(int argc, char **argv)
{
	static struct flooder f = { .n = 1000,
				    .messages = 10000,
				    .rate = 5000,
				    .addrs = 100,
				    .port0 = 10000,
				    .seconds = 20,
				    .in = -1 };
	const struct mode *m = NULL;
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			m = &modes[i];
	if (!m || !options(argc - 1, argv + 1, &f)) {
		fputs("usage: flooder sink|syn|open|drip|islands|garbage|repeat [-n N] [-m N] [-r "
		      "RATE] [-a N] [-p PORT] "
		      "[-t S] SOURCE SERVER PORT\n",
		      stderr);
		return 2;
	}
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	f.conn = calloc(f.n, sizeof(*f.conn));
	f.out = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (!f.conn || f.out < 0) {
		perror("flooder");
		return 1;
	}
	if (m->answers)
		f.in = listen_raw(f.server, m->server);
	f.start = now_us();
	f.end = f.start + f.seconds * 1000000;
	m->run(&f);
	printf("%s packets %lu opened %lu resets %lu total %lu ms %lu\n", m->name,
	       (unsigned long)f.packets, (unsigned long)f.opened, (unsigned long)f.resets,
	       (unsigned long)f.total, (unsigned long)((now_us() - f.start) / 1000));
	free(f.conn);
	return 0;
}
