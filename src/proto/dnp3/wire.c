/* SPDX-License-Identifier: MIT
 *
 * DNP3 link frames, transport segments and the header of a fragment.
 *
 * Stricter than the standard: a frame with reserved functions, a wrong FCV or FCB bit,
 * user data where there is none, or a source that no station can have is refused
 * rather than ignored, for the station behind may not ignore it.
 */
#include "proto/dnp3/wire.h"

#include <string.h>

#include "base/rd.h"

/* x^16 + x^13 + x^12 + x^11 + x^10 + x^8 + x^6 + x^5 + x^2 + 1, reflected (clause 9), by nibble */
uint16_t dnp3_crc(const uint8_t *p, size_t n)
{
	static const uint16_t step[16] = {
		0x0000, 0xb26b, 0x29af, 0x9bc4, 0x535e, 0xe135, 0x7af1, 0xc89a,
		0xa6bc, 0x14d7, 0x8f13, 0x3d78, 0xf5e2, 0x4789, 0xdc4d, 0x6e26,
	};
	uint16_t crc = 0;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		crc = (uint16_t)(crc >> 4 ^ step[crc & 15]);
		crc = (uint16_t)(crc >> 4 ^ step[crc & 15]);
	}
	return (uint16_t)~crc;
}

static size_t wire_length(size_t user)
{
	return DNP_HEAD + user + 2 * ((user + DNP_BLOCK - 1) / DNP_BLOCK);
}

static int never(enum reason *why, enum reason r)
{
	*why = r;
	return -1;
}

int dnp3_frame(const uint8_t *p, size_t n, enum reason *why)
{
	struct rd r = rd_init(p, n);
	if (n >= 1 && rd_u8(&r) != 0x05)
		return never(why, R_FRAME);
	if (n >= 2 && rd_u8(&r) != 0x64)
		return never(why, R_FRAME);
	uint8_t len = rd_u8(&r);
	if (n >= 3 && len < 5)
		return never(why, R_LENGTH);
	rd_skip(&r, DNP_HEAD - 5);
	uint16_t crc = rd_le16(&r);
	if (r.bad)
		return 0;
	if (crc != dnp3_crc(p, DNP_HEAD - 2))
		return never(why, R_CRC);
	return (int)wire_length(len - 5u);
}

/* One row per function of a frame (clause 9). */
struct link_row {
	bool prm;
	uint8_t func;
	const char *name;
	bool fcv; /* of a primary; of a secondary the bit says "busy" and is free */
	bool user;
};

/* clang-format off */
static const struct link_row link_rows[] = {
	{ true, DNP_RESET_LINK, "reset-link", false, false },
	{ true, DNP_TEST_LINK, "test-link", true, false },
	{ true, DNP_CONFIRMED, "confirmed-data", true, true },
	{ true, DNP_UNCONFIRMED, "data", false, true },
	{ true, DNP_ASK_STATUS, "ask-link-status", false, false },
	{ false, DNP_ACK, "ack", false, false },
	{ false, DNP_NACK, "nack", false, false },
	{ false, DNP_STATUS, "link-status", false, false },
	{ false, DNP_NOT_SUPPORTED, "not-supported", false, false },
};
/* clang-format on */

static const struct link_row *link_row(bool prm, uint8_t func)
{
	for (size_t i = 0; i < sizeof(link_rows) / sizeof(link_rows[0]); i++)
		if (link_rows[i].prm == prm && link_rows[i].func == func)
			return &link_rows[i];
	return NULL;
}

const char *dnp3_link_name(bool prm, uint8_t func)
{
	const struct link_row *row = link_row(prm, func);
	return row ? row->name : "reserved";
}

/* Refuse headers that stations treat differently: some ignore such a frame, some act on it, and
 * some look for the next frame inside it. The same holds for a broadcast that wants an answer. */
static enum reason link_sound(const struct dnp_link *l)
{
	const struct link_row *row = link_row(l->prm, l->func);
	bool counted = l->prm && l->fcv; /* the bit before counts frames only of these */
	if (!row || (row->prm && row->fcv != l->fcv) || (l->fcb && !counted) ||
	    l->src >= DNP_ADDR_RESERVED)
		return R_DNP_LINK;
	if (l->prm && l->func != DNP_UNCONFIRMED && l->dst >= DNP_ADDR_BROADCAST)
		return R_DNP_LINK;
	/* a segment is its transport octet and at least one of the fragment (clause 8) */
	return row->user ? (l->n >= 2 ? R_NONE : R_LENGTH) : (l->n ? R_LENGTH : R_NONE);
}

bool dnp3_has_segment(const struct dnp_link *l)
{
	const struct link_row *row = link_row(l->prm, l->func);
	return row && row->user && l->n >= 1;
}

static struct dnp_link link_header(struct rd *r, size_t *user)
{
	rd_skip(r, 2);
	*user = rd_u8(r);
	uint8_t control = rd_u8(r);
	struct dnp_link l = { .dir = control >> 7,
			      .prm = control >> 6 & 1,
			      .fcb = control >> 5 & 1,
			      .fcv = control >> 4 & 1,
			      .func = control & 15 };
	l.dst = rd_le16(r);
	l.src = rd_le16(r);
	return l;
}

enum reason dnp3_link(const uint8_t *p, size_t n, struct dnp_link *l)
{
	struct rd r = rd_init(p, n);
	size_t user;
	*l = link_header(&r, &user);
	uint16_t crc = rd_le16(&r);
	if (r.bad || user < 5 || n != wire_length(user - 5))
		return R_LENGTH;
	user -= 5;
	if (crc != dnp3_crc(p, DNP_HEAD - 2))
		return R_CRC;
	while (user) {
		size_t len = user < DNP_BLOCK ? user : DNP_BLOCK;
		const uint8_t *block = rd_take(&r, len);
		crc = rd_le16(&r);
		if (r.bad || crc != dnp3_crc(block, len))
			return R_CRC;
		memcpy(l->user + l->n, block, len);
		l->n = (uint8_t)(l->n + len);
		user -= len;
	}
	return link_sound(l);
}

enum reason dnp3_segment(struct dnp_series *s, const struct dnp_link *l, bool *whole)
{
	*whole = false;
	if (l->n == 0)
		return R_LENGTH;
	uint8_t octet = l->user[0];
	bool fin = octet >> 7, fir = octet >> 6 & 1;
	uint8_t seq = octet & 63;
	bool follows = s->open && s->src == l->src && s->dst == l->dst && s->func == l->func &&
		       seq == ((s->seq + 1) & 63);
	s->open = false;
	if (!fir && !follows)
		return R_DNP_SEGMENT;
	if (fir)
		s->n = 0;
	size_t n = l->n - 1u;
	if (s->n + n > s->max)
		return R_DNP_FRAGMENT;
	memcpy(s->buf + s->n, l->user + 1, n);
	s->n = (uint16_t)(s->n + n);
	s->src = l->src;
	s->dst = l->dst;
	s->func = l->func;
	s->seq = seq;
	s->open = !fin;
	*whole = fin;
	return R_NONE;
}

enum reason dnp3_app(const uint8_t *p, size_t n, struct dnp_app *a)
{
	struct rd r = rd_init(p, n);
	uint8_t control = rd_u8(&r);
	*a = (struct dnp_app){ .fir = control >> 7,
			       .fin = control >> 6 & 1,
			       .con = control >> 5 & 1,
			       .uns = control >> 4 & 1,
			       .seq = control & 15,
			       .len = (uint16_t)n };
	a->func = rd_u8(&r);
	a->response = a->func >= 129;
	if (a->response)
		a->iin = rd_be16(&r);
	a->n_objs = r.left;
	a->objs = r.p;
	return r.bad ? R_TRUNCATED : R_NONE;
}
