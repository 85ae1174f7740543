/* SPDX-License-Identifier: MIT
 * Sends that the network card cuts up. */
#include "packet/offload.h"

#include <netinet/in.h>
#include <string.h>

#include "base/rd.h"
#include "packet/packet.h"

enum { IP6_HEADER = 40, JUMBO_HEADER = 8, TCP_SEQ = 4, TCP_FLAGS = 13, UDP_LENGTH = 4 };

static void put_be16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Where the upper layer begins; 0: it is neither TCP nor UDP. */
static size_t upper_of(const uint8_t *ip, size_t len, uint8_t *protocol)
{
	struct rd r = rd_init(ip, len);
	bool v4 = len > 0 && ip[0] >> 4 == 4;
	rd_skip(&r, v4 ? 9 : 6);
	uint8_t next = rd_u8(&r);
	size_t at = v4 ? (size_t)(ip[0] & 15) * 4 : IP6_HEADER;
	if (!v4 && next == IPPROTO_HOPOPTS) { /* the jumbo option, alone */
		r = rd_init(ip, len);
		rd_skip(&r, at);
		next = rd_u8(&r);
		at += JUMBO_HEADER;
		if (rd_u8(&r) != 0)
			return 0;
	}
	*protocol = next;
	return !r.bad && at < len && (next == IPPROTO_TCP || next == IPPROTO_UDP) ? at : 0;
}

/* The headers to the front of o->piece, without the jumbo option. Their length there. */
static size_t put_headers(struct offload *o)
{
	uint8_t protocol;
	size_t upper = upper_of(o->ip, o->len, &protocol), n = o->header - upper;
	size_t first = o->ip[0] >> 4 == 4 ? upper : IP6_HEADER;
	memcpy(o->piece, o->ip, first);
	memcpy(o->piece + first, o->ip + upper, n);
	if (first == IP6_HEADER && o->ip[0] >> 4 == 6)
		o->piece[6] = protocol;
	return first + n;
}

bool offload_begin(struct offload *o, const uint8_t *ip, size_t len)
{
	uint8_t protocol = 0;
	size_t upper = upper_of(ip, len, &protocol);
	o->ip = NULL;
	if (upper == 0)
		return false;
	struct rd r = rd_init(ip, len);
	rd_skip(&r, upper + (protocol == IPPROTO_TCP ? TCP_FLAGS - 1 : 0));
	size_t header = protocol == IPPROTO_TCP ? (size_t)(rd_u8(&r) >> 4) * 4 : 8;
	header += upper;
	if (r.bad || header > len || header > OFFLOAD_HEADERS ||
	    (protocol == IPPROTO_TCP && header < upper + 20) ||
	    (protocol == IPPROTO_UDP && len - header > OFFLOAD_PIECE))
		return false;
	o->ip = ip;
	o->len = len;
	o->header = o->at = header;
	return true;
}

static void move_on(uint8_t *tcp, size_t octets, bool last)
{
	struct rd r = rd_init(tcp + TCP_SEQ, 4);
	uint32_t seq = rd_be32(&r) + (uint32_t)octets;
	put_be16(tcp + TCP_SEQ, seq >> 16);
	put_be16(tcp + TCP_SEQ + 2, seq & 0xffff);
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
}

size_t offload_next(struct offload *o)
{
	if (!o->ip)
		return 0;
	size_t n = o->len - o->at < OFFLOAD_PIECE ? o->len - o->at : OFFLOAD_PIECE;
	size_t header = put_headers(o), done = o->at - o->header;
	bool v4 = o->piece[0] >> 4 == 4, last = o->at + n == o->len;
	size_t upper = v4 ? (size_t)(o->piece[0] & 15) * 4 : IP6_HEADER;
	memcpy(o->piece + header, o->ip + o->at, n);
	if (o->piece[v4 ? 9 : 6] == IPPROTO_TCP)
		move_on(o->piece + upper, done, last);
	else
		put_be16(o->piece + upper + UDP_LENGTH, header + n - upper);
	put_be16(o->piece + (v4 ? 2 : 4), header + n - (v4 ? 0 : IP6_HEADER));
	packet_checksum(o->piece, header + n);
	o->at += n;
	if (last)
		o->ip = NULL;
	return header + n;
}
