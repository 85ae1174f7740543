/* SPDX-License-Identifier: MIT
 * Compressions that input.c takes off. */
#ifndef ZONED_PACKET_UNPACK_H
#define ZONED_PACKET_UNPACK_H

#include <stddef.h>
#include <stdint.h>

enum { MAGIC_MAX = 6 };

/* In: src and dst with their sizes. Out: how much of both was used. */
struct unpack_step {
	const uint8_t *src;
	size_t src_n;
	uint8_t *dst;
	size_t dst_n;
};

struct unpacker {
	const char *name;
	uint8_t magic[MAGIC_MAX], magic_n;
	const char *program; /* for what is only named: how to unpack it; else NULL */
	void *(*open)(void); /* NULL: out of memory */
	/* NULL, or what is wrong. */
	const char *(*step)(void *state, struct unpack_step *s);
	/* May the file end here? */
	int (*whole)(const void *state);
	void (*close)(void *state);
};

/* Of a file that begins with these n octets; NULL: it is not compressed. */
const struct unpacker *unpacker_of(const uint8_t *p, size_t n);

#endif
