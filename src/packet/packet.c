/* SPDX-License-Identifier: MIT
 *
 * L3 and L4 facts of one packet.
 *
 *   IPv4 (RFC 791)   ver/ihl tos length | id flags/frag | ttl proto sum | src | dst | options
 *   IPv6 (RFC 8200)  ver/class/label | length next hops | src | dst | extension headers
 *   TCP  (RFC 9293)  sport dport | seq | ack | off flags window | sum urg | options
 */
#include "packet/packet.h"

#include <netinet/in.h>
#include <string.h>

#include "base/rd.h"

enum { IPV6_EXT_MAX = 8 }; /* extension headers walked; more is malformed */

static uint32_t sum16(const uint8_t *p, size_t n, uint32_t s)
{
	for (; n > 1; p += 2, n -= 2)
		s += (uint32_t)p[0] << 8 | p[1];
	return n ? s + ((uint32_t)p[0] << 8) : s;
}

static uint16_t fold(uint32_t s)
{
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

uint16_t packet_l4_sum(const uint8_t *ip, size_t ip_len, size_t off, uint8_t l4)
{
	bool v4 = ip[0] >> 4 == 4;
	uint32_t s = sum16(v4 ? ip + 12 : ip + 8, v4 ? 8 : 32, 0);
	s = l4 == IPPROTO_ICMP ? 0 : s + l4 + (uint32_t)(ip_len - off);
	return fold(sum16(ip + off, ip_len - off, s));
}

static bool read_ipv4(struct rd *r, bool check, struct packet *o)
{
	const uint8_t *start = r->p;
	size_t have = r->left;
	uint8_t ihl = (uint8_t)((rd_u8(r) & 15) * 4);
	rd_skip(r, 1);
	uint16_t len = rd_be16(r);
	rd_skip(r, 2);
	uint16_t frag = rd_be16(r);
	o->hops = rd_u8(r);
	o->l4 = rd_u8(r);
	rd_skip(r, 2);
	const uint8_t *ends = rd_take(r, 8);
	if (!ends || ihl < 20 || len < ihl || len > have)
		return false;
	/* With options the kernel has written into the header since it checked the sum (record
	 * route, RFC 791 3.1), and sums up again only when it sends the packet on. */
	if (check && ihl == 20 && fold(sum16(start, ihl, 0)) != 0)
		return false;
	o->src.family = o->dst.family = 4;
	memcpy(o->src.b, ends, 4);
	memcpy(o->dst.b, ends + 4, 4);
	o->fragment = (frag & 0x3fff) != 0;
	o->options = ihl > 20;
	o->reserved = (frag & 0x8000) != 0;
	o->ip_len = len;
	o->l4_off = ihl;
	return true;
}

/* Walk extension headers up to the upper layer; false when malformed. */
static bool skip_extensions(struct rd *r, struct packet *o)
{
	for (int i = 0; i <= IPV6_EXT_MAX; i++) {
		if (o->l4 != IPPROTO_HOPOPTS && o->l4 != IPPROTO_ROUTING &&
		    o->l4 != IPPROTO_DSTOPTS && o->l4 != IPPROTO_FRAGMENT)
			return !r->bad;
		bool frag = o->l4 == IPPROTO_FRAGMENT;
		o->options = true;
		o->l4 = rd_u8(r);
		uint8_t len = rd_u8(r);
		if (frag) {
			o->fragment |= (rd_be16(r) & 0xfff9) != 0;
			rd_skip(r, 4);
		} else {
			rd_skip(r, 6u + len * 8u);
		}
	}
	return false;
}

static bool read_ipv6(struct rd *r, struct packet *o)
{
	const uint8_t *start = r->p;
	size_t have = r->left;
	rd_skip(r, 4);
	uint16_t len = rd_be16(r);
	o->l4 = rd_u8(r);
	o->hops = rd_u8(r);
	const uint8_t *ends = rd_take(r, 32);
	if (!ends || 40u + len > have)
		return false;
	o->src.family = o->dst.family = 6;
	memcpy(o->src.b, ends, 16);
	memcpy(o->dst.b, ends + 16, 16);
	o->ip_len = 40u + len;
	*r = rd_init(start + 40, len);
	if (!skip_extensions(r, o))
		return false;
	o->l4_off = (uint16_t)(r->p - start);
	return true;
}

static void read_ports(struct rd *r, struct packet *o)
{
	o->sport = rd_be16(r);
	o->dport = rd_be16(r);
	o->has_ports = !r->bad;
}

static bool read_tcp(struct rd *r, struct packet *o)
{
	read_ports(r, o);
	o->seq = rd_be32(r);
	o->ack = rd_be32(r);
	uint8_t off = (uint8_t)((rd_u8(r) >> 4) * 4);
	o->flags = rd_u8(r) & 0x3f;
	o->window = rd_be16(r);
	rd_skip(r, 2);
	o->urg = rd_be16(r);
	if (r->bad || off < 20)
		return false;
	o->opt_off = (uint16_t)(o->l4_off + 20);
	o->opt_len = (uint16_t)(off - 20);
	o->data_off = (uint16_t)(o->l4_off + off);
	rd_skip(r, o->opt_len);
	return !r->bad;
}

static bool parse_udp(struct rd *r, struct packet *o)
{
	read_ports(r, o);
	uint16_t len = rd_be16(r);
	o->no_sum = rd_be16(r) == 0;
	o->data_off = (uint16_t)(o->l4_off + 8);
	return !r->bad && len == o->ip_len - o->l4_off;
}

static bool parse_l4(const uint8_t *ip, bool check, struct packet *o)
{
	struct rd r = rd_init(ip + o->l4_off, o->ip_len - o->l4_off);
	if (o->l4 == IPPROTO_TCP ? !read_tcp(&r, o) : !parse_udp(&r, o))
		return false;
	if (check && o->no_sum && o->src.family == 6) /* RFC 8200 8.1: a receiver discards it */
		return false;
	if (check && !o->no_sum && packet_l4_sum(ip, o->ip_len, o->l4_off, o->l4) != 0)
		return false;
	o->data = r.p;
	o->len = r.left;
	return true;
}

enum reason packet_parse(const uint8_t *ip, size_t n, bool check_sum, struct packet *o)
{
	memset(o, 0, sizeof(*o));
	o->ip = ip;
	struct rd r = rd_init(ip, n);
	bool ok = false;
	if (n > 0 && ip[0] >> 4 == 4)
		ok = read_ipv4(&r, check_sum, o);
	else if (n > 0 && ip[0] >> 4 == 6)
		ok = read_ipv6(&r, o);
	if (!ok)
		return R_BAD_SEGMENT;
	if (o->fragment || (o->l4 != IPPROTO_TCP && o->l4 != IPPROTO_UDP)) {
		o->data_off = o->l4_off;
		o->data = ip + o->l4_off;
		o->len = o->ip_len - o->l4_off;
		return R_NONE;
	}
	return parse_l4(ip, check_sum, o) ? R_NONE : R_BAD_SEGMENT;
}

enum reason packet_arrives(const struct packet *o)
{
	if (o->options || o->reserved)
		return R_IP_OPTIONS;
	return o->hops < PACKET_HOPS_MIN ? R_HOPS : R_NONE;
}

bool packet_ends(const uint8_t *ip, size_t n, struct packet *o)
{
	memset(o, 0, sizeof(*o));
	struct rd r = rd_init(ip, n);
	uint8_t first = rd_u8(&r);
	bool v4 = first >> 4 == 4;
	size_t header = v4 ? (size_t)(first & 15) * 4 : 40;
	rd_skip(&r, 5);
	uint16_t frag = 0;
	if (v4) {
		frag = rd_be16(&r);
		rd_skip(&r, 1);
	}
	o->l4 = rd_u8(&r);
	rd_skip(&r, v4 ? 2 : 1);
	const uint8_t *ends = rd_take(&r, v4 ? 8 : 32);
	if (!ends || (!v4 && first >> 4 != 6) || header < 20)
		return false;
	size_t len = v4 ? 4 : 16;
	o->src.family = o->dst.family = v4 ? 4 : 6;
	memcpy(o->src.b, ends, len);
	memcpy(o->dst.b, ends + len, len);
	r = rd_init(ip, n);
	rd_skip(&r, header);
	bool later_fragment = (frag & 0x1fff) != 0; /* has payload there */
	if (!later_fragment && (o->l4 == IPPROTO_TCP || o->l4 == IPPROTO_UDP))
		read_ports(&r, o);
	return true;
}

static void put_sum(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

bool packet_header_sum_fits(const uint8_t *ip, size_t n)
{
	size_t header = (size_t)(ip[0] & 15) * 4;
	return header >= 20 && header <= n && fold(sum16(ip, header, 0)) == 0;
}

void packet_header_checksum(uint8_t *ip, size_t n)
{
	size_t header = (size_t)(ip[0] & 15) * 4;
	if (ip[0] >> 4 != 4 || header < 20 || header > n)
		return;
	put_sum(ip + 10, 0);
	put_sum(ip + 10, fold(sum16(ip, header, 0)));
}

void packet_checksum(uint8_t *ip, size_t n)
{
	struct packet o;
	if (packet_parse(ip, n, false, &o) != R_NONE)
		return;
	packet_header_checksum(ip, n);
	size_t at = o.l4_off + (o.l4 == IPPROTO_TCP ? 16u : 6u);
	/* a fragment has no L4 header of its own, and may be shorter than one */
	if (o.fragment || (o.l4 != IPPROTO_TCP && o.l4 != IPPROTO_UDP))
		return;
	put_sum(ip + at, 0);
	uint16_t s = packet_l4_sum(ip, o.ip_len, o.l4_off, o.l4);
	put_sum(ip + at, s == 0 && o.l4 == IPPROTO_UDP ? 0xffff : s);
}
