/* SPDX-License-Identifier: MIT
 *
 * What client and server of the bench say to each other: one row per shape of
 * traffic. Request n of a connection and the answer to it are functions of n
 * alone, so both sides know every byte and the client compares every byte.
 * Another protocol is another struct proto and a row.
 */
#ifndef BENCH_SHAPES_H
#define BENCH_SHAPES_H

#include <stdint.h>
#include <string.h>
#include <sys/types.h>

enum { FRAME_MAX = 300, DEPTH_MAX = 32 };

struct proto {
	const char *name;
	uint16_t port;
	/* length of the first request; 0: more is needed */
	size_t (*frame)(const uint8_t *b, size_t n);
	/* to request n of the connection; 0: that is not what it should be */
	size_t (*answer)(uint8_t *out, const uint8_t *request, size_t len, uint32_t n);
};

struct shape {
	const char *name;
	const struct proto *proto;
	size_t (*request)(uint8_t *out, uint32_t n);
	unsigned depth; /* requests outstanding on one connection */
};

extern const struct proto dnp3, opcua, iec104, iec104_mixed;
size_t dnp3_poll(uint8_t *out, uint32_t n);
size_t opcua_read(uint8_t *out, uint32_t n);
size_t iec104_acknowledge(uint8_t *out, uint32_t n);
size_t iec104_mix(uint8_t *out, uint32_t n);

extern const struct shape shapes[];
extern const size_t n_shapes;
const struct shape *shape_find(const char *name); /* NULL: no such row */

static inline void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

#endif
