/* SPDX-License-Identifier: MIT
 * DNP3 frames for the tests, built rather than listed: their CRCs are the tests' own, bit by bit.
 */
#ifndef ZONED_TESTS_DNP3_SAMPLES_H
#define ZONED_TESTS_DNP3_SAMPLES_H

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SAMPLE_MASTER = 1, SAMPLE_OUTSTATION = 1024 };

static inline uint16_t sample_crc(const uint8_t *p, size_t n)
{
	uint16_t crc = 0;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0xa6bc : crc >> 1);
	}
	return (uint16_t)~crc;
}

static inline size_t sample_hex(const char *s, uint8_t *out)
{
	size_t n = 0;
	unsigned hi = 0, half = 0;
	for (; *s; s++) {
		if (!isxdigit((unsigned char)*s))
			continue;
		unsigned d = (unsigned)(isdigit((unsigned char)*s)
						? *s - '0'
						: tolower((unsigned char)*s) - 'a' + 10);
		if (half)
			out[n++] = (uint8_t)(hi << 4 | d);
		hi = d;
		half = !half;
	}
	return n;
}

static inline size_t sample_put_crc(uint8_t *p, size_t from, size_t n)
{
	uint16_t crc = sample_crc(p + from, n);
	p[from + n] = (uint8_t)crc;
	p[from + n + 1] = (uint8_t)(crc >> 8);
	return from + n + 2;
}

/* A frame around user data; returns its length on the wire. */
static inline size_t sample_frame(uint8_t control, uint16_t dst, uint16_t src, const uint8_t *user,
				  size_t n, uint8_t *out)
{
	const uint8_t head[] = { 0x05,
				 0x64,
				 (uint8_t)(n + 5),
				 control,
				 (uint8_t)dst,
				 (uint8_t)(dst >> 8),
				 (uint8_t)src,
				 (uint8_t)(src >> 8) };
	memcpy(out, head, sizeof(head));
	size_t at = sample_put_crc(out, 0, sizeof(head));
	for (size_t i = 0; i < n; i += 16) {
		size_t len = n - i < 16 ? n - i : 16;
		memcpy(out + at, user + i, len);
		at = sample_put_crc(out, at, len);
	}
	return at;
}

/* A whole message in one frame, its user data in hex: transport octet first. */
static inline size_t sample_request(const char *user, uint8_t *out)
{
	uint8_t bytes[250];
	size_t n = sample_hex(user, bytes);
	return sample_frame(0xc4, SAMPLE_OUTSTATION, SAMPLE_MASTER, bytes, n, out);
}

static inline size_t sample_response(const char *user, uint8_t *out)
{
	uint8_t bytes[250];
	size_t n = sample_hex(user, bytes);
	return sample_frame(0x44, SAMPLE_MASTER, SAMPLE_OUTSTATION, bytes, n, out);
}

#endif
