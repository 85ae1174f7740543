/* SPDX-License-Identifier: MIT
 *
 * How much of an unfinished Modbus message may be delivered.
 *
 * A receiver must get the beginning of a message that its sender splits, or
 * the sender may wait for an acknowledgement for ever (Nagle, a congestion
 * window of one). But no receiver, however lax about the length field, may be
 * able to act on what it has. The header without function code is inert; for
 * functions whose length follows from the function (and byte count), and
 * agrees with the MBAP length, all but the last byte is; of anything else
 * only the header passes before the whole message is judged.
 */
#include "inspect/proto.h"

#include "base/rd.h"
#include "dissect/modbus.h"

struct shape {
	uint8_t fc;
	uint8_t fixed;		/* MBAP length without counted data */
	uint8_t count_at;	/* offset of the byte count in the ADU; 0: no counted data */
};

static const struct shape requests[] = {
	{ 1, 6, 0 }, { 2, 6, 0 }, { 3, 6, 0 }, { 4, 6, 0 }, { 5, 6, 0 }, { 6, 6, 0 },
	{ 7, 2, 0 }, { 11, 2, 0 }, { 12, 2, 0 }, { 17, 2, 0 }, { 22, 8, 0 }, { 24, 4, 0 },
	{ 15, 7, 12 }, { 16, 7, 12 }, { 23, 11, 16 },
};

static const struct shape responses[] = {
	{ 1, 3, 8 }, { 2, 3, 8 }, { 3, 3, 8 }, { 4, 3, 8 }, { 5, 6, 0 }, { 6, 6, 0 },
	{ 7, 3, 0 }, { 11, 6, 0 }, { 12, 3, 8 }, { 17, 3, 8 }, { 15, 6, 0 }, { 16, 6, 0 },
	{ 22, 8, 0 }, { 23, 3, 8 },
};

static const struct shape *shape_of(const struct shape *v, size_t n, uint8_t fc)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].fc == fc)
			return &v[i];
	return NULL;
}

size_t mb_prefix_safe(const uint8_t *p, size_t n, bool response)
{
	if (n <= MB_MBAP)
		return n;
	struct rd r = rd_init(p, n);
	rd_skip(&r, 4);
	uint16_t len = rd_be16(&r);
	rd_skip(&r, 1);
	uint8_t fc = rd_u8(&r);
	const struct shape *s = response
		? shape_of(responses, sizeof(responses) / sizeof(responses[0]), fc)
		: shape_of(requests, sizeof(requests) / sizeof(requests[0]), fc);
	if (!s)
		return MB_MBAP;
	size_t whole = 6u + len;
	if (s->count_at == 0)
		return len == s->fixed ? (n < whole ? n : whole - 1) : MB_MBAP;
	if (n <= s->count_at)
		return len > s->fixed ? n : MB_MBAP;
	r = rd_init(p, n);
	rd_skip(&r, s->count_at);
	if (len != s->fixed + rd_u8(&r))
		return MB_MBAP;
	return n < whole ? n : whole - 1;
}
