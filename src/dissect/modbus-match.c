/* SPDX-License-Identifier: MIT
 *
 * Does a response answer its request? What a request must be remembered by,
 * and the comparison, one small function per kind of answer.
 *
 * An exception answers any request of its function and unit. Diagnostics 8/4
 * (force listen only) never has an answer, so nothing can match it.
 */
#include "dissect/modbus.h"

#include "base/rd.h"
#include "dissect/modbus-shape.h"

/* CRC-16/MODBUS: an echo is compared by its check sum, not kept. */
static uint16_t crc16(const uint8_t *p, size_t n)
{
	uint16_t crc = 0xffff;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1);
	}
	return crc;
}

void mb_remember(const struct mb_msg *req, struct mb_pending *p)
{
	*p = (struct mb_pending){
		.tid = req->tid, .unit = req->unit, .fc = req->fc,
		.addr = req->addr, .qty = req->qty, .waddr = req->waddr, .wqty = req->wqty,
		.sub = req->fc == 43 ? req->mei_code : req->sub,
		.and_mask = req->and_mask, .or_mask = req->or_mask,
		.mei = req->mei,
	};
	if (req->values)
		p->crc_value = crc16(req->values, req->values_len);
	size_t bytes = 0;
	for (size_t i = 0; i < req->n_files; i++)
		bytes += 2 + 2 * (size_t)req->files[i].length;
	p->files_bytes = (uint16_t)bytes;	/* at most 245 in a well-formed FC 20 */
}

static bool same_data(const struct mb_pending *p, const struct mb_msg *r)
{
	return r->values && crc16(r->values, r->values_len) == p->crc_value;
}

static bool match_bits(const struct mb_pending *p, const struct mb_msg *r)
{
	return r->bytes == (p->qty + 7) / 8;
}

static bool match_registers(const struct mb_pending *p, const struct mb_msg *r)
{
	return r->bytes == 2 * p->qty;
}

static bool match_single(const struct mb_pending *p, const struct mb_msg *r)
{
	return r->addr == p->addr && same_data(p, r);
}

static bool match_range(const struct mb_pending *p, const struct mb_msg *r)
{
	return r->addr == p->addr && r->qty == p->qty;
}

static bool match_diag(const struct mb_pending *p, const struct mb_msg *r)
{
	return r->sub == p->sub && (!mb_diag_echoes(p->sub) || same_data(p, r));
}

static bool match_files(const struct mb_pending *p, const struct mb_msg *r)
{
	return r->bytes == p->files_bytes;
}

static bool match_mask(const struct mb_pending *p, const struct mb_msg *r)
{
	return r->addr == p->addr && r->and_mask == p->and_mask && r->or_mask == p->or_mask;
}

static bool match_mei(const struct mb_pending *p, const struct mb_msg *r)
{
	return r->mei == p->mei && r->mei_code == p->sub;
}

/* Codes without a row answer with a length of the device's own choice. */
static bool (*const matches[])(const struct mb_pending *, const struct mb_msg *) = {
	[1] = match_bits, [2] = match_bits,
	[3] = match_registers, [4] = match_registers,
	[5] = match_single, [6] = match_single,
	[8] = match_diag,
	[15] = match_range, [16] = match_range,
	[20] = match_files, [21] = same_data,
	[22] = match_mask, [23] = match_registers,
	[43] = match_mei,
};

enum reason mb_answers(const struct mb_pending *p, const struct mb_msg *r)
{
	if (r->tid != p->tid || r->unit != p->unit || r->fc != p->fc)
		return R_RESPONSE_MISMATCH;
	if (r->exception || r->fc >= sizeof(matches) / sizeof(matches[0]) || !matches[r->fc])
		return R_NONE;
	return matches[r->fc](p, r) ? R_NONE : R_RESPONSE_MISMATCH;
}
