/* SPDX-License-Identifier: MIT
 * Big-endian numbers and headers into packets that tests make. */
#ifndef ZONED_TESTS_PUT_H
#define ZONED_TESTS_PUT_H

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

enum { PUT_TCP = 40, PUT_UDP = 28 }; /* octets of headers */

/* IPv4 headers of a packet with n octets of payload between 10.1.0.1:40000 and
 * 10.2.0.1:port; from: 1 the second sends. What TCP has more is left zero. */
static inline void put_headers(uint8_t *p, size_t head, unsigned from, uint16_t port, size_t n)
{
	memset(p, 0, head);
	p[0] = 0x45;
	put16(p + 2, (uint32_t)(head + n));
	p[8] = 64;
	p[9] = head == PUT_TCP ? 6 : 17;
	memcpy(p + 12, from ? "\x0a\2\0\1" : "\x0a\1\0\1", 4);
	memcpy(p + 16, from ? "\x0a\1\0\1" : "\x0a\2\0\1", 4);
	put16(p + 20, from ? port : 40000);
	put16(p + 22, from ? 40000 : port);
	if (head == PUT_TCP)
		p[32] = 0x50;
	else
		put16(p + 24, (uint32_t)(8 + n));
}

/* A packet in p: TCP with flags, a datagram without. seq: of both ends, moved on. Acknowledges
 * no more than the beginning, which nobody minds. Its length. */
static inline size_t put_whole(uint8_t *p, unsigned from, uint16_t port, uint8_t flags,
			       uint32_t seq[2], const uint8_t *data, size_t n)
{
	size_t head = flags ? PUT_TCP : PUT_UDP;
	put_headers(p, head, from, port, n);
	if (flags) {
		put32(p + 24, seq[from]);
		put32(p + 28, flags == 0x02 ? 0 : from ? 1000 : 5000);
		p[33] = flags;
		put16(p + 34, 60000);
		seq[from] += (uint32_t)n + (flags & 0x02 ? 1 : 0); /* a SYN is one */
	}
	if (n)
		memcpy(p + head, data, n);
	return head + n;
}

/* Hex digits, whatever is between them; how many octets. */
static inline size_t unhex(const char *s, uint8_t *out)
{
	size_t n = 0;
	unsigned hi = 0, half = 0;
	for (; *s; s++) {
		if (!isxdigit((unsigned char)*s))
			continue;
		unsigned d =
			(unsigned)(isdigit((unsigned char)*s) ? *s - '0' : tolower(*s) - 'a' + 10);
		if (half)
			out[n++] = (uint8_t)(hi << 4 | d);
		hi = d;
		half = !half;
	}
	return n;
}

#endif
