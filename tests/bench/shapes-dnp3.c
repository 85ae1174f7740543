/* SPDX-License-Identifier: MIT
 *
 * DNP3 over TCP (IEEE 1815: 9 data link, 8 transport, 4 application): polls for
 * all classes, answered with ten 16-bit analog inputs.
 */
#include "shapes.h"

enum {
	LINK = 10,
	BLOCK = 16,
	CRC = 2,
	MASTER = 1,
	OUTSTATION = 10,
	TO_OUTSTATION = 0xc4,
	TO_MASTER = 0x44,
	POINTS = 10
};

/* 9.2.5: x16 + x13 + x12 + x11 + x10 + x8 + x6 + x5 + x2 + 1, low bit first, inverted */
static unsigned crc(const uint8_t *p, size_t n)
{
	unsigned c = 0;
	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xa6bc : c >> 1;
	}
	return ~c & 0xffff;
}

static void put_crc(uint8_t *end, size_t n)
{
	unsigned c = crc(end - n, n);
	end[0] = (uint8_t)c;
	end[1] = (uint8_t)(c >> 8);
}

/*	| 05 64 | length | control | to | from | crc | up to 16 bytes | crc | ... */
static size_t put_link(uint8_t *b, uint8_t control, unsigned to, unsigned from, const uint8_t *data,
		       size_t n)
{
	const uint8_t head[LINK - CRC] = { 0x05,	0x64, (uint8_t)(5 + n), control,
					   (uint8_t)to, 0,    (uint8_t)from,	0 };
	memcpy(b, head, sizeof(head));
	put_crc(b + LINK - CRC, LINK - CRC);
	size_t at = LINK;
	for (size_t done = 0; done < n;) {
		size_t k = n - done < BLOCK ? n - done : BLOCK;
		memcpy(b + at, data + done, k);
		put_crc(b + at + k, k);
		at += k + CRC;
		done += k;
	}
	return at;
}

/* transport: FIR, FIN; application: FIR, FIN, READ of 60.2, 60.3, 60.4, 60.1, all */
size_t dnp3_poll(uint8_t *b, uint32_t n)
{
	const uint8_t read[] = { (uint8_t)(0xc0 | (n & 63)),
				 (uint8_t)(0xc0 | (n & 15)),
				 1,
				 60,
				 2,
				 6,
				 60,
				 3,
				 6,
				 60,
				 4,
				 6,
				 60,
				 1,
				 6 };
	return put_link(b, TO_OUTSTATION, OUTSTATION, MASTER, read, sizeof(read));
}

static size_t dnp3_frame(const uint8_t *b, size_t n)
{
	if (n < LINK || b[2] < 5)
		return 0;
	size_t data = b[2] - 5u, len = LINK + data + CRC * ((data + BLOCK - 1) / BLOCK);
	return len <= n ? len : 0;
}

static size_t dnp3_answer(uint8_t *b, const uint8_t *q, size_t len, uint32_t n)
{
	(void)n;
	if (len < LINK + 3 + CRC || q[LINK + 2] != 1)
		return 0;
	uint8_t d[8 + 2 + 3 * POINTS] = {
		q[LINK], q[LINK + 1], 0x81, 0, 0, 30, 2, 0, 0, POINTS - 1
	};
	for (unsigned i = 0; i < POINTS; i++) {
		d[10 + 3 * i] = 1; /* online */
		d[11 + 3 * i] = (uint8_t)(q[LINK] + i);
	}
	return put_link(b, TO_MASTER, MASTER, OUTSTATION, d, sizeof(d));
}

const struct proto dnp3 = { "dnp3", 20000, dnp3_frame, dnp3_answer };
