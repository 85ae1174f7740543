/* SPDX-License-Identifier: MIT
 *
 * Does a response answer its request? What a request must be remembered by,
 * and the comparison, one small function per kind of answer.
 *
 * An exception answers any request of its function and unit. Diagnostics 8/4
 * (force listen only) never has an answer, so nothing can match it.
 */
#include "proto/modbus/wire.h"

#include "base/rd.h"
#include "proto/modbus/wire-shape.h"

/* CRC-16/MODBUS: an echo of many values is compared by its check sum, not kept. */
uint16_t mb_crc16(const uint8_t *p, size_t n)
{
	uint16_t crc = 0xffff;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1);
	}
	return crc;
}

/* The values in the form that is compared with the response's: FC 5 and 6 the value, else the CRC
 * of the values; 0: there are none. */
static uint16_t echo_of(const struct mb_msg *m)
{
	const struct mb_func *fn = mb_func_by_code(m->fc);
	struct rd r = rd_init(m->values, m->values ? m->values_len : 0);
	if (fn && mb_writes_one(fn))
		return rd_be16(&r);
	return m->values ? mb_crc16(m->values, m->values_len) : 0;
}

void mb_remember(const struct mb_msg *req, struct mb_pending *p)
{
	*p = (struct mb_pending){
		.tid = req->tid,
		.unit = req->unit,
		.fc = req->fc,
		.addr = req->addr,
		.qty = req->qty,
		.waddr = req->waddr,
		.wqty = req->wqty,
		.sub = req->has_mei ? req->mei_code : req->sub,
		.and_mask = req->and_mask,
		.or_mask = req->or_mask,
		.echo = echo_of(req),
		.mei = req->mei,
	};
	size_t bytes = 0;
	for (size_t i = 0; i < req->n_files; i++)
		bytes += 2 + 2 * (size_t)req->files[i].length;
	p->files_bytes = (uint16_t)bytes; /* at most 245 in a well-formed FC 20 */
}

/* clang-format off */
static const char *const fields[] = {
	[MB_F_NONE] = "none", [MB_F_TRANSACTION] = "transaction", [MB_F_UNIT] = "unit", [MB_F_FUNCTION] = "function",
	[MB_F_LENGTH] = "length", [MB_F_ADDRESS] = "address", [MB_F_VALUE] = "value", [MB_F_QUANTITY] = "quantity",
	[MB_F_BYTES] = "byte-count", [MB_F_SUB] = "subfunction", [MB_F_MEI] = "mei",
	[MB_F_ID_CODE] = "device-id-code", [MB_F_AND] = "and-mask", [MB_F_OR] = "or-mask", [MB_F_DATA] = "data",
};
/* clang-format on */

const char *mb_field_name(unsigned field)
{
	return field < sizeof(fields) / sizeof(fields[0]) ? fields[field] : "?";
}

static bool same_number(struct mb_difference *d, enum mb_field field, unsigned expected,
			unsigned received)
{
	if (expected != received)
		*d = (struct mb_difference){ (uint8_t)field, (uint16_t)expected,
					     (uint16_t)received };
	return expected == received;
}

bool mb_match_data(const struct mb_pending *p, const struct mb_msg *r, struct mb_difference *d)
{
	if (r->values && echo_of(r) == p->echo)
		return true;
	*d = (struct mb_difference){ .field = MB_F_DATA };
	return false;
}

bool mb_match_bits(const struct mb_pending *p, const struct mb_msg *r, struct mb_difference *d)
{
	return same_number(d, MB_F_BYTES, (p->qty + 7u) / 8, r->bytes);
}

bool mb_match_registers(const struct mb_pending *p, const struct mb_msg *r, struct mb_difference *d)
{
	return same_number(d, MB_F_BYTES, 2u * p->qty, r->bytes);
}

bool mb_match_single(const struct mb_pending *p, const struct mb_msg *r, struct mb_difference *d)
{
	return same_number(d, MB_F_ADDRESS, p->addr, r->addr) &&
	       same_number(d, MB_F_VALUE, p->echo, echo_of(r));
}

bool mb_match_range(const struct mb_pending *p, const struct mb_msg *r, struct mb_difference *d)
{
	return same_number(d, MB_F_ADDRESS, p->addr, r->addr) &&
	       same_number(d, MB_F_QUANTITY, p->qty, r->qty);
}

bool mb_match_diag(const struct mb_pending *p, const struct mb_msg *r, struct mb_difference *d)
{
	return same_number(d, MB_F_SUB, p->sub, r->sub) &&
	       (!mb_diag_echoes(p->sub) || mb_match_data(p, r, d));
}

bool mb_match_files(const struct mb_pending *p, const struct mb_msg *r, struct mb_difference *d)
{
	return same_number(d, MB_F_BYTES, p->files_bytes, r->bytes);
}

bool mb_match_mask(const struct mb_pending *p, const struct mb_msg *r, struct mb_difference *d)
{
	return same_number(d, MB_F_ADDRESS, p->addr, r->addr) &&
	       same_number(d, MB_F_AND, p->and_mask, r->and_mask) &&
	       same_number(d, MB_F_OR, p->or_mask, r->or_mask);
}

bool mb_match_mei(const struct mb_pending *p, const struct mb_msg *r, struct mb_difference *d)
{
	return same_number(d, MB_F_MEI, p->mei, r->mei) &&
	       same_number(d, MB_F_ID_CODE, p->sub, r->mei_code);
}

/* A device that says what it has made of a write. A coil has but two values: there is nothing to
 * clamp. */
static bool clamped(const struct mb_func *fn, const struct mb_pending *p, const struct mb_msg *r)
{
	return r->addr == p->addr && (fn->values == MB_ONE_REGISTER || r->qty <= p->qty);
}

/* Is another body than was asked for tolerated? */
static bool body_tolerated(const struct mb_func *fn, const struct mb_pending *p,
			   const struct mb_msg *r, unsigned tolerate)
{
	unsigned bits = tolerate & fn->tolerate;
	return ((bits & MB_TOL_ECHO) && clamped(fn, p, r)) || (bits & MB_TOL_FILE) ||
	       ((bits & MB_TOL_DEVICE_ID) && p->mei == MB_MEI_DEVICE_ID && r->mei == p->mei);
}

enum reason mb_answers(const struct mb_pending *p, const struct mb_msg *r, unsigned tolerate,
		       struct mb_difference *d)
{
	bool tid = (tolerate & MB_TOL_TRANSACTION) && r->tid == 0;
	if ((!tid && !same_number(d, MB_F_TRANSACTION, p->tid, r->tid)) ||
	    (!(tolerate & MB_TOL_UNIT) && !same_number(d, MB_F_UNIT, p->unit, r->unit)) ||
	    !same_number(d, MB_F_FUNCTION, p->fc, r->fc))
		return R_RESPONSE_MISMATCH;
	const struct mb_func *fn = mb_func_by_code(r->fc);
	if (r->exception || !fn || !fn->match)
		return R_NONE;
	return fn->match(p, r, d) || body_tolerated(fn, p, r, tolerate) ? R_NONE
									: R_RESPONSE_MISMATCH;
}
