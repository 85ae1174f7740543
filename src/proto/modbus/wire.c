/* SPDX-License-Identifier: MIT
 *
 * Modbus/TCP framing, and the shapes that are ranges of bits and registers.
 * MODBUS Application Protocol 1.1b3 chapter 6, at most two small readers per
 * function code, which wire-table.c has by name; the frame is drawn in wire.h. Diagnostics,
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

enum { MB_LEN_OFF = 6 };

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

enum reason mb_body_none(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)r;
	(void)fn;
	(void)m;
	return R_NONE;
}

/* address, quantity: FC 1-4 requests, FC 15 and 16 responses */
enum reason mb_body_range(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	read_addr(r, m);
	m->qty = rd_be16(r);
	return check_range(m->addr, m->qty, fn->max);
}

/* address, value: FC 6 */
enum reason mb_body_register(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	read_addr(r, m);
	m->qty = 1;
	read_values(r, m, 2);
	return R_NONE;
}

/* address, 0x0000 or 0xff00: FC 5 */
enum reason mb_body_coil(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	mb_body_register(r, fn, m);
	if (m->values_len != 2)
		return R_TRUNCATED;
	bool off = m->values[0] == 0x00, on = m->values[0] == 0xff;
	return (off || on) && m->values[1] == 0 ? R_NONE : R_FORMAT;
}

/* address, quantity, byte count, bits: FC 15 */
enum reason mb_body_write_coils(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	enum reason why = mb_body_range(r, fn, m);
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
enum reason mb_body_write_registers(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	enum reason why = mb_body_range(r, fn, m);
	read_byte_count(r, m);
	if (why != R_NONE)
		return why;
	if (m->bytes != 2 * m->qty)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	return R_NONE;
}

/* byte count, bits: FC 1 and 2 responses */
enum reason mb_body_bits(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	read_byte_count(r, m);
	if (m->bytes == 0 || m->bytes > (fn->max + 7) / 8)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	return R_NONE;
}

/* byte count, registers: FC 3, 4 and 23 responses */
enum reason mb_body_registers(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	read_byte_count(r, m);
	if (m->bytes == 0 || m->bytes % 2 || m->bytes > 2 * fn->max)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	return R_NONE;
}

/* one byte of status: FC 7 response */
enum reason mb_body_status(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	read_values(r, m, 1);
	return R_NONE;
}

/* status 0x0000 or 0xffff, event count: FC 11 response */
enum reason mb_body_event_counter(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	read_values(r, m, 4);
	if (m->values_len != 4)
		return R_TRUNCATED;
	struct rd v = rd_init(m->values, 2);
	uint16_t status = rd_be16(&v);
	return status == 0 || status == 0xffff ? R_NONE : R_FORMAT;
}

/* byte count, status, event count, message count, up to 64 events: FC 12 response */
enum reason mb_body_event_log(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
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
enum reason mb_body_server_id(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	read_byte_count(r, m);
	if (m->bytes == 0)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	return R_NONE;
}

/* address, and-mask, or-mask: FC 22, both directions */
enum reason mb_body_mask(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	read_addr(r, m);
	m->qty = 1;
	m->and_mask = rd_be16(r);
	m->or_mask = rd_be16(r);
	m->has_mask = !r->bad;
	return R_NONE;
}

/* read address and quantity, write address and quantity, byte count, registers: FC 23 */
enum reason mb_body_read_write(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	enum reason why = mb_body_range(r, fn, m);
	m->waddr = rd_be16(r);
	m->has_waddr = !r->bad;
	m->wqty = rd_be16(r);
	read_byte_count(r, m);
	if (why == R_NONE)
		why = check_range(m->waddr, m->wqty, fn->write_max);
	if (why != R_NONE)
		return why;
	if (m->bytes != 2 * m->wqty)
		return R_BYTE_COUNT;
	read_values(r, m, m->bytes);
	return R_NONE;
}

/* address of the queue's pointer: FC 24 */
enum reason mb_body_fifo(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	read_addr(r, m);
	m->qty = 1;
	return R_NONE;
}

/* byte count of 16 bits, register count, registers: FC 24 response */
enum reason mb_body_fifo_registers(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	m->bytes = rd_be16(r);
	m->has_bytes = !r->bad;
	m->qty = rd_be16(r);
	if (m->qty > fn->max)
		return R_QUANTITY_LIMIT;
	if (m->bytes != 2 + 2 * m->qty)
		return R_BYTE_COUNT;
	read_values(r, m, (uint16_t)(2 * m->qty));
	return R_NONE;
}

bool mb_first_value(const struct mb_msg *m, uint16_t *out)
{
	const struct mb_func *fn = mb_func_by_code(m->fc);
	struct rd r = rd_init(m->values, m->values ? m->values_len : 0);
	if (!fn || fn->values == MB_NO_VALUES || fn->values == MB_RECORDS || fn->values == MB_MASKS)
		return false;
	uint16_t v = fn->values == MB_COILS ? rd_u8(&r) & 1 : rd_be16(&r);
	*out = fn->values == MB_ONE_COIL ? v != 0 : v;
	return !r.bad;
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
	const struct mb_func *fn = mb_func_by_code(code);
	if (!fn || !fn->request) {
		rd_skip(r, r->left);
		return R_NONE;
	}
	return m->response ? fn->response(r, fn, m) : fn->request(r, fn, m);
}

static enum reason check_header(const uint8_t *p, size_t n, const struct mb_msg *m,
				const struct mb_reading *how)
{
	if (m->pid != 0)
		return R_PROTOCOL_ID;
	bool plain =
		m->len >= MB_LEN_MIN && m->len <= MB_LEN_MAX && n == (size_t)MB_LEN_OFF + m->len;
	return plain || mb_length_tolerated(p, n, m, how) ? R_NONE : R_LENGTH;
}

enum reason mb_parse_as(const uint8_t *p, size_t n, const struct mb_reading *how, struct mb_msg *m)
{
	size_t most = how->tolerate & MB_TOL_UMAS ? MB_LEN_OFF + MB_UMAS_LEN_MAX : MB_ADU_MAX;
	*m = (struct mb_msg){ .response = how->response, .adu = p };
	if (n > most)
		n = most + 1; /* wrong by its length; its head still has facts */
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
