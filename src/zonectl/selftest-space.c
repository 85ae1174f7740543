/* SPDX-License-Identifier: MIT
 *
 * A network name space for probe packets: interfaces with the names that the model has, each a TAP
 * device whose frames this process writes and reads, and the ruleset in force between them. It
 * ends with the process, and nothing outside it is touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "nft/nft.h"
#include "zonectl/selftest.h"

enum {
	INTERFACES_MOST = 256,
	MAC = 6,
	ETHERNET = 14,
	FRAME_MOST = 2048,
	FRAMES_READ = 64, /* while one packet is waited for: others are neighbour discovery */
	MS_NS = 1000000,
};

struct interface {
	char name[IFNAMSIZ];
	uint8_t mac[MAC];
	int fd;
};

struct space {
	struct mnl_socket *nl;
	int inet, inet6; /* sockets for ioctl() */
	struct interface v[INTERFACES_MOST];
	size_t n;
};

/* ---- settings ---- */

static bool write_space_setting(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return good;
}

/* This process's name space has its own. */
static bool set_forwarding(char *why)
{
	static const char *const on[] = { "/proc/sys/net/ipv4/ip_forward",
					  "/proc/sys/net/ipv6/conf/all/forwarding" };
	static const char *const off[] = { "/proc/sys/net/ipv4/conf/all/rp_filter",
					   "/proc/sys/net/ipv4/conf/default/rp_filter" };
	for (size_t i = 0; i < 2; i++)
		if (!write_space_setting(off[i], "0") ||
		    (!write_space_setting(on[i], "1") && (i == 0 || errno != ENOENT))) {
			snprintf(why, SELFTEST_TEXT, "%s cannot be set: %s", on[i],
				 strerror(errno));
			return false;
		}
	return true;
}

struct space *space_new(char *why)
{
	struct space *s = calloc(1, sizeof(*s));
	if (!s || unshare(CLONE_NEWNET)) {
		snprintf(why, SELFTEST_TEXT, "no network name space of its own: %s%s",
			 strerror(errno), errno == EPERM ? "; it needs root" : "");
		free(s);
		return NULL;
	}
	s->inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s->inet6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* -1: no IPv6 here */
	s->nl = nft_open();
	if (s->inet < 0 || !s->nl)
		snprintf(why, SELFTEST_TEXT, "no sockets: %s", strerror(errno));
	if (s->inet >= 0 && s->nl && set_forwarding(why))
		return s;
	space_free(s);
	return NULL;
}

void space_free(struct space *s)
{
	for (size_t i = 0; i < s->n; i++)
		close(s->v[i].fd);
	if (s->inet >= 0)
		close(s->inet);
	if (s->inet6 >= 0)
		close(s->inet6);
	nft_close(s->nl);
	free(s);
}

/* ---- interfaces ---- */

/* Without ARP the kernel sends to the interface's own address, and asks nobody. */
static bool set_interface_up(const struct space *s, struct interface *f, struct ifreq *r)
{
	if (ioctl(s->inet, SIOCGIFHWADDR, r))
		return false;
	memcpy(f->mac, r->ifr_hwaddr.sa_data, MAC);
	r->ifr_flags = IFF_UP | IFF_NOARP | IFF_RUNNING;
	return ioctl(s->inet, SIOCSIFFLAGS, r) == 0;
}

static struct interface *interface_named(struct space *s, const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].name, name) == 0)
			return &s->v[i];
	if (s->n == INTERFACES_MOST)
		return NULL;
	struct interface *f = &s->v[s->n];
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	f->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (f->fd < 0)
		return NULL;
	if (ioctl(f->fd, TUNSETIFF, &r) || !set_interface_up(s, f, &r)) {
		close(f->fd);
		return NULL;
	}
	s->n++;
	return f;
}

bool space_route(struct space *s, const char *interface, const struct addr *addr)
{
	if (!interface_named(s, interface))
		return false;
	if (addr->family == 4) {
		struct rtentry r = { .rt_flags = RTF_UP | RTF_HOST, .rt_dev = (char *)interface };
		struct sockaddr_in a = { .sin_family = AF_INET };
		memcpy(&a.sin_addr, addr->b, 4);
		memcpy(&r.rt_dst, &a, sizeof(a));
		return ioctl(s->inet, SIOCADDRT, &r) == 0 || errno == EEXIST;
	}
	struct in6_rtmsg r = { .rtmsg_dst_len = 128,
			       .rtmsg_metric = 1,
			       .rtmsg_flags = RTF_UP | RTF_HOST,
			       .rtmsg_ifindex = (int)if_nametoindex(interface) };
	memcpy(&r.rtmsg_dst, addr->b, 16);
	return ioctl(s->inet6, SIOCADDRT, &r) == 0 || errno == EEXIST;
}

/* ---- the ruleset ---- */

bool space_commit(struct space *s, const struct model *m, char *why)
{
	struct nft_opts o = { .generation = 1, .queues = 1, .fast = -1, .learn = -1 };
	struct errs errs;
	size_t n;
	const struct nft_feature *f = nft_probe(s->nl, &n, &o.queue);
	(void)f;
	errs_init(&errs);
	bool good = nft_commit(s->nl, m, &o, &errs) == 0;
	if (!good)
		snprintf(why, SELFTEST_TEXT, "the kernel does not take the ruleset: %s",
			 errs.n ? errs.v[0].text : "no reason is told");
	errs_free(&errs);
	return good;
}

struct counted {
	const char *name;
	uint64_t packets;
};

static void on_space_counter(void *ctx, const char *name, uint64_t packets, uint64_t octets)
{
	struct counted *c = ctx;
	(void)octets;
	if (strcmp(name, c->name) == 0)
		c->packets = packets;
}

uint64_t space_counted(struct space *s, const char *counter)
{
	struct counted c = { counter, UINT64_MAX };
	return nft_counters_read(s->nl, on_space_counter, &c) ? UINT64_MAX : c.packets;
}

/* ---- packets ---- */

bool space_send(struct space *s, const char *interface, const uint8_t mac[6], const uint8_t *ip,
		size_t n)
{
	uint8_t frame[ETHERNET + FRAME_MOST];
	struct interface *f = interface_named(s, interface);
	if (!f || n > FRAME_MOST)
		return false;
	memcpy(frame, f->mac, MAC);
	memcpy(frame + MAC, mac, MAC);
	frame[12] = ip[0] >> 4 == 4 ? 0x08 : 0x86;
	frame[13] = ip[0] >> 4 == 4 ? 0x00 : 0xdd;
	memcpy(frame + ETHERNET, ip, n);
	return write(f->fd, frame, ETHERNET + n) == (ssize_t)(ETHERNET + n);
}

/* The same from the addresses on: what a router changes comes before them. */
static bool is_probe(const uint8_t *frame, size_t len, const uint8_t *ip, size_t n)
{
	size_t from = ip[0] >> 4 == 4 ? 12 : 8;
	return len >= ETHERNET + n && frame[ETHERNET] == ip[0] &&
	       memcmp(frame + ETHERNET + from, ip + from, n - from) == 0;
}

bool space_came_out(struct space *s, const char *interface, const uint8_t *ip, size_t n, int ms)
{
	uint8_t frame[ETHERNET + FRAME_MOST];
	struct interface *f = interface_named(s, interface);
	uint64_t until = clock_ns(CLOCK_MONOTONIC) + (uint64_t)ms * MS_NS;
	for (size_t i = 0; f && i < FRAMES_READ; i++) {
		ssize_t len = read(f->fd, frame, sizeof(frame));
		if (len > 0 && is_probe(frame, (size_t)len, ip, n))
			return true;
		uint64_t now = clock_ns(CLOCK_MONOTONIC);
		if (len < 0 && now >= until)
			return false;
		struct pollfd p = { .fd = f->fd, .events = POLLIN };
		if (len < 0)
			poll(&p, 1, (int)((until - now) / MS_NS) + 1);
	}
	return false;
}
