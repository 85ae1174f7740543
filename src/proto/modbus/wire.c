/* SPDX-License-Identifier: MIT
 *
 * Modbus/TCP framing, and the shapes that are ranges of bits and registers.
 * MODBUS Application Protocol 1.1b3 chapter 6, one row and at most two small
 * readers per function code; the frame is drawn in wire.h. Diagnostics,
 * files and MEI have their own readers in wire-more.c.
 *
 * Strictness: what the specification gives a number for is enforced. A written
 * coil block whose unused last bits are set is refused although 6.11 only says
 * that they "should" be zero: a device that stores whole bytes would change
 * coils beyond the range that the policy judged. In a response they are let be.
 */
#include "proto/modbus/wire.h"

#include "base/rd.h"
#include "proto/modbus/wire-shape.h"

enum { MB_LEN_OFF = 6, MB_LEN_MIN = 2, MB_LEN_MAX = 254 };

static enum reason check_range(uint16_t addr, uint16_t qty, uint16_t max)
{
	if (qty == 0 || qty > max)
		return R_QUANTITY_LIMIT;
	if ((uint32_t)addr + qty > 0x10000)
		return R_ADDRESS_WRAP;
	return R_NONE;
}

static void read_addr(struct rd *r, struct mb_msg *m)
{
	m->addr = rd_be16(r);
	m->has_addr = !r->bad;
}

static void read_values(struct rd *r, struct mb_msg *m, uint16_t n)
{
	m->values = rd_take(r, n);
	m->values_len = m->values ? n : 0;
}

static void read_byte_count(struct rd *r, struct mb_msg *m)
{
	m->bytes = rd_u8(r);
	m->has_bytes = !r->bad;
}

static enum reason body_none(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	(void)r;
	(void)s;
	(void)m;
	return R_NONE;
}

/* address, quantity: FC 1-4 requests, FC 15 and 16 responses */
static enum reason body_range(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	read_addr(r, m);
	m->qty = rd_be16(r);
	return check_range(m->addr, m->qty, s->max);
}

/* address, value: FC 6 */
static enum reason body_register(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	(void)s;
	read_addr(r, m);
	m->qty = 1;
	read_values(r, m, 2);
	return R_NONE;
}

/* address, 0x0000 or 0xff00: FC 5 */
static enum reason body_coil(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	body_register(r, s, m);
	if (m->values_len != 2)
		return R_TRUNCATED;
	bool off = m->values[0] == 0x00, on = m->values[0] == 0xff;
	return (off || on) && m->values[1] == 0 ? R_NONE : R_FORMAT;
}

/* address, quantity, byte count, bits: FC 15 */
static enum reason body_write_coils(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	enum reason why = body_range(r, s, m);
	read_byte_count(r, m);
	if (why != R_NONE)
		return why;
	if (m->bytes != (m->qty + 7) / 8)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	unsigned used = m->qty % 8;
	if (m->values_len && used && m->values[m->values_len - 1] >> used)
		return R_FORMAT;
	return R_NONE;
}

/* address, quantity, byte count, registers: FC 16 */
static enum reason body_write_registers(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	enum reason why = body_range(r, s, m);
	read_byte_count(r, m);
	if (why != R_NONE)
		return why;
	if (m->bytes != 2 * m->qty)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	return R_NONE;
}

/* byte count, bits: FC 1 and 2 responses */
static enum reason body_bits(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	read_byte_count(r, m);
	if (m->bytes == 0 || m->bytes > (s->max + 7) / 8)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	return R_NONE;
}

/* byte count, registers: FC 3, 4 and 23 responses */
static enum reason body_registers(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	read_byte_count(r, m);
	if (m->bytes == 0 || m->bytes % 2 || m->bytes > 2 * s->max)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	return R_NONE;
}

/* one byte of status: FC 7 response */
static enum reason body_status(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	(void)s;
	read_values(r, m, 1);
	return R_NONE;
}

/* status 0x0000 or 0xffff, event count: FC 11 response */
static enum reason body_event_counter(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	(void)s;
	read_values(r, m, 4);
	if (m->values_len != 4)
		return R_TRUNCATED;
	struct rd v = rd_init(m->values, 2);
	uint16_t status = rd_be16(&v);
	return status == 0 || status == 0xffff ? R_NONE : R_FORMAT;
}

/* byte count, status, event count, message count, up to 64 events: FC 12 response */
static enum reason body_event_log(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	(void)s;
	read_byte_count(r, m);
	if (m->bytes < 6 || m->bytes > 6 + 64)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	if (m->values_len < 2)
		return R_TRUNCATED;
	struct rd v = rd_init(m->values, 2);
	uint16_t status = rd_be16(&v);
	return status == 0 || status == 0xffff ? R_NONE : R_FORMAT;
}

/* byte count, identifier, run indicator, more: FC 17 response, the device's own */
static enum reason body_server_id(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	(void)s;
	read_byte_count(r, m);
	if (m->bytes == 0)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	return R_NONE;
}

/* address, and-mask, or-mask: FC 22, both directions */
static enum reason body_mask(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	(void)s;
	read_addr(r, m);
	m->qty = 1;
	m->and_mask = rd_be16(r);
	m->or_mask = rd_be16(r);
	m->has_mask = !r->bad;
	return R_NONE;
}

/* read address and quantity, write address and quantity, byte count, registers: FC 23 */
static enum reason body_read_write(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	enum reason why = body_range(r, s, m);
	m->waddr = rd_be16(r);
	m->has_waddr = !r->bad;
	m->wqty = rd_be16(r);
	read_byte_count(r, m);
	if (why == R_NONE)
		why = check_range(m->waddr, m->wqty, s->write_max);
	if (why != R_NONE)
		return why;
	if (m->bytes != 2 * m->wqty)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	return R_NONE;
}

/* address of the queue's pointer: FC 24 */
static enum reason body_fifo(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	(void)s;
	read_addr(r, m);
	m->qty = 1;
	return R_NONE;
}

/* byte count of 16 bits, register count, registers: FC 24 response */
static enum reason body_fifo_registers(struct rd *r, const struct mb_shape *s, struct mb_msg *m)
{
	m->bytes = rd_be16(r);
	m->has_bytes = !r->bad;
	m->qty = rd_be16(r);
	if (m->qty > s->max)
		return R_QUANTITY_LIMIT;
	if (m->bytes != 2 + 2 * m->qty)
		return R_BYTE_COUNT;
	read_values(r, m, (uint16_t)(2 * m->qty));
	return R_NONE;
}

static const struct mb_shape shapes[] = {
	[1]  = { body_range, body_bits, 2000, 0 },
	[2]  = { body_range, body_bits, 2000, 0 },
	[3]  = { body_range, body_registers, 125, 0 },
	[4]  = { body_range, body_registers, 125, 0 },
	[5]  = { body_coil, body_coil, 1, 0 },
	[6]  = { body_register, body_register, 1, 0 },
	[7]  = { body_none, body_status, 0, 0 },
	[8]  = { mb_diag_request, mb_diag_response, 0, 0 },
	[11] = { body_none, body_event_counter, 0, 0 },
	[12] = { body_none, body_event_log, 0, 0 },
	[15] = { body_write_coils, body_range, 0x7b0, 0 },
	[16] = { body_write_registers, body_range, 0x7b, 0 },
	[17] = { body_none, body_server_id, 0, 0 },
	[20] = { mb_files_read_request, mb_files_read_response, 0, 0 },
	[21] = { mb_files_write, mb_files_write, 0, 0 },
	[22] = { body_mask, body_mask, 1, 0 },
	[23] = { body_read_write, body_registers, 125, 121 },
	[24] = { body_fifo, body_fifo_registers, 31, 0 },
	[43] = { mb_mei_request, mb_mei_response, 0, 0 },
};

const struct mb_shape *mb_shape_by_code(uint8_t fc)
{
	if (fc >= sizeof(shapes) / sizeof(shapes[0]) || !shapes[fc].request)
		return NULL;
	return &shapes[fc];
}

int mb_frame(const uint8_t *p, size_t n, enum reason *why)
{
	struct rd r = rd_init(p, n);
	rd_skip(&r, 2);
	uint16_t pid = rd_be16(&r);
	if (!r.bad && pid != 0) {
		*why = R_PROTOCOL_ID;
		return -1;
	}
	uint16_t len = rd_be16(&r);
	if (r.bad)
		return 0;
	if (len < MB_LEN_MIN || len > MB_LEN_MAX) {
		*why = R_LENGTH;
		return -1;
	}
	return MB_LEN_OFF + len;
}

/* Any code: devices have their own besides those of chapter 7, and one octet that is in the
 * record carries nothing else. */
static enum reason parse_exception(struct rd *r, struct mb_msg *m)
{
	m->exc = rd_u8(r);
	m->exception = !r->bad;
	return R_NONE;
}

static enum reason parse_body(struct rd *r, struct mb_msg *m, uint8_t code)
{
	if (code & MB_EXCEPTION)
		return m->response ? parse_exception(r, m) : R_FORMAT;
	if (code == 0)
		return R_FORMAT;
	const struct mb_shape *s = mb_shape_by_code(code);
	if (!s) {
		rd_skip(r, r->left);
		return R_NONE;
	}
	return m->response ? s->response(r, s, m) : s->request(r, s, m);
}

static enum reason check_header(const uint8_t *p, size_t n, const struct mb_msg *m,
				const struct mb_reading *how)
{
	if (m->pid != 0)
		return R_PROTOCOL_ID;
	bool plain = m->len >= MB_LEN_MIN && m->len <= MB_LEN_MAX && n == (size_t)MB_LEN_OFF + m->len;
	return plain || mb_length_tolerated(p, n, m, how) ? R_NONE : R_LENGTH;
}

enum reason mb_parse_as(const uint8_t *p, size_t n, const struct mb_reading *how, struct mb_msg *m)
{
	size_t most = how->tolerate & MB_TOL_UMAS ? MB_LEN_OFF + MB_UMAS_LEN_MAX : MB_ADU_MAX;
	*m = (struct mb_msg){ .response = how->response, .adu = p };
	if (n > most)
		n = most + 1;	/* wrong by its length; its head still has facts */
	m->adu_len = (uint16_t)n;
	struct rd r = rd_init(p, n);
	m->tid = rd_be16(&r);
	m->pid = rd_be16(&r);
	m->len = rd_be16(&r);
	m->unit = rd_u8(&r);
	uint8_t code = rd_u8(&r);
	m->fc = code & 0x7f;
	if (r.bad)
		return R_TRUNCATED;
	enum reason header = check_header(p, n, m, how);
	enum reason body = parse_body(&r, m, code);
	if (header != R_NONE)
		return header;
	if (how->response && mb_form_tolerated(p, n, m, r.left, how->tolerate))
		return R_NONE;
	if (r.bad)
		return R_TRUNCATED;
	if (body != R_NONE)
		return body;
	return r.left ? R_TRAILING : R_NONE;
}

enum reason mb_parse(const uint8_t *p, size_t n, bool response, struct mb_msg *m)
{
	return mb_parse_as(p, n, &(struct mb_reading){ .response = response }, m);
}
