/* SPDX-License-Identifier: MIT
 *
 * What a reactive tap has done about a refused connection: it is blocked where this machine
 * forwards it, and both ends are reset. The message itself was delivered.
 *
 * A reset has to have the very number that its receiver expects next (RFC 9293, 3.10.7.4; RFC 5961,
 * 3.2): the reader has it from the last packet, and tells of later ones, too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "compile/ruleset.h"
#include "daemon/parent.h"
#include "daemon/taps.h"
#include "packet/packet.h"

enum { HOPS = 64, IP4 = 20, IP6 = 40, TCP = 20 };

int reactions_open(struct reactions *r)
{
	r->fd4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (r->fd4 < 0)
		return -errno;
	r->fd6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (r->fd6 >= 0 || errno == EAFNOSUPPORT) /* a kernel without IPv6 has none to reset */
		return 0;
	int err = -errno;
	reactions_close(r);
	return err;
}

void reactions_close(struct reactions *r)
{
	if (r->fd4 >= 0)
		close(r->fd4);
	if (r->fd6 >= 0)
		close(r->fd6);
	r->fd4 = r->fd6 = -1;
}

/* ---- resets ---- */

static void store16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void store32(uint8_t *p, uint32_t v)
{
	store16(p, (uint16_t)(v >> 16));
	store16(p + 2, (uint16_t)v);
}

/* A reset that seems to come from e->src. */
static size_t put_reset(uint8_t p[IP6 + TCP], const struct nft_ends *e, uint32_t seq)
{
	size_t ip = e->src.family == 4 ? IP4 : IP6;
	memset(p, 0, IP6 + TCP);
	if (ip == IP4) {
		p[0] = 0x45;
		store16(p + 2, IP4 + TCP);
		p[8] = HOPS;
		p[9] = IPPROTO_TCP;
		memcpy(p + 12, e->src.b, 4);
		memcpy(p + 16, e->dst.b, 4);
	} else {
		p[0] = 0x60;
		store16(p + 4, TCP);
		p[6] = IPPROTO_TCP;
		p[7] = HOPS;
		memcpy(p + 8, e->src.b, 16);
		memcpy(p + 24, e->dst.b, 16);
	}
	store16(p + ip, e->sport);
	store16(p + ip + 2, e->dport);
	store32(p + ip + 4, seq);
	p[ip + 12] = 5 << 4;
	p[ip + 13] = TCP_RST;
	packet_checksum(p, ip + TCP);
	return ip + TCP;
}

static bool send_reset(const struct reactions *r, const struct nft_ends *e, uint32_t seq)
{
	uint8_t p[IP6 + TCP];
	size_t n = put_reset(p, e, seq);
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} to = { .v4 = { .sin_family = AF_INET } };
	socklen_t len = sizeof(to.v4);
	int fd = r->fd4;
	if (e->src.family == 4) {
		memcpy(&to.v4.sin_addr, e->dst.b, 4);
	} else {
		to.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
		memcpy(&to.v6.sin6_addr, e->dst.b, 16);
		len = sizeof(to.v6);
		fd = r->fd6;
	}
	return fd >= 0 && sendto(fd, p, n, 0, &to.any, len) == (ssize_t)n;
}

static struct nft_ends turned_round(const struct nft_ends *e)
{
	return (struct nft_ends){
		.src = e->dst, .dst = e->src, .sport = e->dport, .dport = e->sport, .l4 = e->l4
	};
}

/* A reader that is somebody else's by now shall not have us flood a network. */
static bool may_reset(struct reactions *r)
{
	uint64_t second = clock_ns(CLOCK_MONOTONIC) / UINT64_C(1000000000);
	if (second != r->second)
		r->in_second = 0;
	r->second = second;
	return r->in_second++ < RESETS_A_SECOND;
}

static void reset_both(struct reactions *r, struct tap_here *t, const struct nft_ends *e,
		       const struct tap_refused *seen)
{
	const struct nft_ends back = turned_round(e);
	struct reacted *n = &t->reacted;
	if (!may_reset(r)) {
		n->resets_withheld++;
		return;
	}
	bool forth_sent = send_reset(r, e, seen->to_dst),
	     back_sent = send_reset(r, &back, seen->to_src);
	n->resets += (uint64_t)forth_sent + back_sent;
	n->resets_failed += (uint64_t)!forth_sent + !back_sent;
	if ((!forth_sent || !back_sent) && !r->failed_told)
		say(LOG_ERR, "tap %s: a reset was not sent: %s", t->name, strerror(errno));
	r->failed_told |= !forth_sent || !back_sent;
}

/* ---- blocking ---- */

static void keep_blocked(struct reactions *r, const struct nft_ends *e)
{
	r->kept[r->next].ends = *e;
	r->kept[r->next].until_ns =
		clock_ns(CLOCK_MONOTONIC) + RS_BLOCKED_TAP_MS * UINT64_C(1000000);
	r->next = (r->next + 1) % BLOCKED_KEPT;
}

static bool block_connection(struct parent *p, struct tap_here *t, const struct nft_ends *e)
{
	struct reactions *r = &p->taps->reactions;
	int err = nft_block(p->nl, e);
	t->reacted.blocked += !err;
	t->reacted.block_full += err == -ENOSPC;
	t->reacted.block_failed += err && err != -ENOSPC;
	if (!err)
		keep_blocked(r, e);
	if (err == -ENOSPC && !r->full_told)
		say(LOG_ERR,
		    "tap %s: %d refused connections are blocked, as many as there is room for; "
		    "more "
		    "are reset only",
		    t->name, RS_BLOCKED_TAP_MAX / 2);
	else if (err && err != -ENOSPC)
		say(LOG_ERR, "tap %s: a connection could not be blocked: %s", t->name,
		    strerror(-err));
	r->full_told = err == -ENOSPC;
	return err == 0;
}

void reactions_again(struct parent *p)
{
	struct reactions *r = &p->taps->reactions;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	if (r->fd4 < 0) /* no tap is reactive */
		return;
	for (unsigned i = 0; i < BLOCKED_KEPT; i++)
		if (r->kept[i].until_ns > now)
			nft_block(p->nl, &r->kept[i].ends);
}

/* Two ends of zones that differ: nothing else is a tap's to end. */
static bool is_between_zones(const struct parent *p, const struct nft_ends *e)
{
	bool same_family =
		e->src.family == e->dst.family && (e->src.family == 4 || e->src.family == 6);
	return same_family && (e->l4 == IPPROTO_TCP || e->l4 == IPPROTO_UDP) &&
	       policy_zone_of(p->img, &e->src) != policy_zone_of(p->img, &e->dst);
}

static void note_time(struct tap_here *t, const struct tap_refused *r)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	uint64_t us = now > r->seen_ns ? (now - r->seen_ns) / 1000 : 0;
	if (us > t->reacted.slowest_us)
		t->reacted.slowest_us = us;
	say(LOG_INFO, "tap %s: blocked%s %llu us after the packet was on the wire", t->name,
	    r->l4 == IPPROTO_TCP ? " and reset" : "", (unsigned long long)us);
}

/* The resets first: they end what this machine does not forward. */
void react_to(struct parent *p, struct tap_here *t, const struct tap_refused *r)
{
	const struct nft_ends e = {
		.src = r->src, .dst = r->dst, .sport = r->sport, .dport = r->dport, .l4 = r->l4
	};
	if (!is_between_zones(p, &e))
		return;
	if (e.l4 == IPPROTO_TCP)
		reset_both(&p->taps->reactions, t, &e, r);
	if (!r->first)
		return;
	if (block_connection(p, t, &e))
		note_time(t, r);
}

json_t *reactions_status(const struct reacted *n)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "blocked", (json_int_t)n->blocked,
			 "not_blocked_no_room", (json_int_t)n->block_full, "not_blocked_failed",
			 (json_int_t)n->block_failed, "resets", (json_int_t)n->resets,
			 "resets_failed", (json_int_t)n->resets_failed, "resets_withheld",
			 (json_int_t)n->resets_withheld, "slowest_us", (json_int_t)n->slowest_us);
}
