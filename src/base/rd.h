/* SPDX-License-Identifier: MIT
 *
 * Checked reader: the only way to touch bytes that came from outside.
 *
 * A reader is a window over somebody else's memory. Reading past the end, or
 * asking rd_done() with bytes left over, sets a sticky error; every later read
 * then yields zero. So a parser reads a whole fixed part in one chain and
 * tests once. Integers are unsigned, big or little endian.
 */
#ifndef ZONED_BASE_RD_H
#define ZONED_BASE_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rd {
	const uint8_t *p; /* next byte */
	size_t left;	  /* bytes not read yet */
	bool bad;	  /* sticky: something was asked that is not there */
};

static inline struct rd rd_init(const void *p, size_t len)
{
	return (struct rd){ .p = p, .left = len, .bad = false };
}

/* Take n bytes; NULL (and sticky error) when they are not there. */
static inline const uint8_t *rd_take(struct rd *r, size_t n)
{
	if (r->bad || n > r->left) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *p = r->p;
	r->p += n;
	r->left -= n;
	return p;
}

static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *p = rd_take(r, 1);
	return p ? p[0] : 0;
}

static inline uint16_t rd_be16(struct rd *r)
{
	const uint8_t *p = rd_take(r, 2);
	return p ? (uint16_t)((unsigned)p[0] << 8 | p[1]) : 0;
}

static inline uint32_t rd_be32(struct rd *r)
{
	const uint8_t *p = rd_take(r, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline uint16_t rd_le16(struct rd *r)
{
	const uint8_t *p = rd_take(r, 2);
	return p ? (uint16_t)((unsigned)p[1] << 8 | p[0]) : 0;
}

static inline uint32_t rd_le32(struct rd *r)
{
	const uint8_t *p = rd_take(r, 4);
	return p ? (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0] : 0;
}

static inline uint64_t rd_le64(struct rd *r)
{
	uint64_t lo = rd_le32(r);
	return lo | (uint64_t)rd_le32(r) << 32;
}

static inline void rd_skip(struct rd *r, size_t n)
{
	(void)rd_take(r, n);
}

/* A reader over the next n bytes, which leave this one. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_take(r, n);
	struct rd s = rd_init(p, p ? n : 0);
	s.bad = p == NULL;
	return s;
}

/* True when everything asked for was there and nothing is left over. */
static inline bool rd_done(const struct rd *r)
{
	return !r->bad && r->left == 0;
}

#endif
