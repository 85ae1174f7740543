/* SPDX-License-Identifier: MIT
 *
 * Modbus/TCP of devices that leave the specification: what a policy may tolerate of
 * it, and how the rest is recognised so that its record says what it is.
 *
 * The client reads a tolerated answer, so each tolerance permits one deviation that was
 * seen in devices, and nothing else. Requests are framed by the
 * length field of the specification, with one exception: frames of function 90 (UMAS)
 * up to MB_UMAS_LEN_MAX. There are devices that frame by function code and look for
 * the next request inside what they do not know, so the caller permits it only where the
 * device has answered that function.
 *
 * RTU framing over TCP is what serial converters and clients that are set up wrong
 * send: there is no MBAP header, and a CRC is at the end.
 *
 *	unit | func | data ... | CRC, low octet first
 */
#include "proto/modbus/wire-shape.h"

#include "base/rd.h"

/* wire-table.c says to which functions the last four apply. */
/* clang-format off */
const struct mb_tolerated mb_tolerances[] = {
	{ "unit-differs", MB_TOL_UNIT }, { "transaction-zero", MB_TOL_TRANSACTION },
	{ "length-one-more", MB_TOL_LENGTH }, { "padded-exception", MB_TOL_PADDED },
	{ "device-id-form", MB_TOL_DEVICE_ID }, { "file-record-form", MB_TOL_FILE },
	{ "clamped-echo", MB_TOL_ECHO }, { "long-umas", MB_TOL_UMAS },
};
/* clang-format on */
const size_t mb_tolerances_n = sizeof(mb_tolerances) / sizeof(mb_tolerances[0]);

static size_t length_of(const struct mb_extent *e, const uint8_t *pdu, size_t n)
{
	if (!e->fixed || (e->width && n < (size_t)e->count + e->width))
		return 0;
	struct rd r = rd_init(pdu + e->count, e->width);
	size_t more = e->width == 1 ? rd_u8(&r) : e->width == 2 ? rd_be16(&r) : 0;
	return e->fixed + more;
}

enum { EXCEPTION_PDU = 2 };

/* The length of the PDU at pdu; 0: not known. */
static size_t pdu_length(const uint8_t *pdu, size_t n, bool response)
{
	if (n == 0)
		return 0;
	if (pdu[0] & MB_EXCEPTION)
		return response ? EXCEPTION_PDU : 0;
	const struct mb_func *fn = mb_func_by_code(pdu[0]);
	return fn ? length_of(response ? &fn->response_extent : &fn->request_extent, pdu, n) : 0;
}

/* ---- RTU framing ---- */

enum { RTU_UNIT_MAX = 247, RTU_CRC = 2 };

size_t mb_rtu_length(const uint8_t *p, size_t n, bool response)
{
	size_t pdu = n > 1 && p[0] <= RTU_UNIT_MAX ? pdu_length(p + 1, n - 1, response) : 0;
	size_t whole = 1 + pdu + RTU_CRC;
	if (pdu == 0 || whole > n)
		return 0;
	uint16_t crc = mb_crc16(p, whole - RTU_CRC);
	return p[whole - 2] == (crc & 0xff) && p[whole - 1] == crc >> 8 ? whole : 0;
}

bool mb_rtu_only(const uint8_t *p, size_t n, bool response)
{
	size_t at = 0, len = 1;
	while (at < n && len) {
		len = mb_rtu_length(p + at, n - at, response);
		at += len;
	}
	return n > 0 && at == n;
}

/* ---- length fields ---- */

static uint16_t length_field(const uint8_t *p)
{
	struct rd r = rd_init(p + 4, 2);
	return rd_be16(&r);
}

size_t mb_answer_length(const uint8_t *p, size_t n)
{
	size_t pdu = n > MB_MBAP ? pdu_length(p + MB_MBAP, n - MB_MBAP, true) : 0;
	return pdu ? MB_MBAP + pdu : 0;
}

bool mb_length_differs(const uint8_t *p, size_t n, struct mb_difference *d)
{
	size_t right = mb_answer_length(p, n);
	if (!right || right == 6u + length_field(p))
		return false;
	*d = (struct mb_difference){ MB_F_LENGTH, (uint16_t)(right - 6), length_field(p) };
	return true;
}

/* A device that does not know 43/14 puts the MEI type where the exception code belongs, and that
 * behind it. */
static bool is_mei_exception(const uint8_t *p, size_t n)
{
	return n > MB_MBAP + 1 && p[MB_MBAP] == (MB_EXCEPTION | 43) &&
	       p[MB_MBAP + 1] == MB_MEI_DEVICE_ID && length_field(p) == 4;
}

/* Of a response whose length field says more than its function: is it to be believed? */
static bool longer_tolerated(const uint8_t *p, size_t n, size_t more, unsigned tolerate)
{
	const struct mb_func *fn = mb_func_by_code(p[MB_MBAP]);
	bool exc = p[MB_MBAP] & MB_EXCEPTION;
	return ((tolerate & MB_TOL_DEVICE_ID) && is_mei_exception(p, n)) ||
	       ((tolerate & MB_TOL_PADDED) && exc && more <= MB_PAD_MAX) ||
	       (fn && (tolerate & fn->tolerate & MB_TOL_FILE));
}

static bool is_header(const uint8_t *p, size_t n)
{
	enum reason why;
	return mb_frame(p, n, &why) > 0;
}

/* n octets are there of a response that is len long, as its header says. */
static int answer_end(const uint8_t *p, size_t n, int len, const struct mb_reading *how,
		      enum reason *why)
{
	size_t right = mb_answer_length(p, n), said = (size_t)len;
	if (!right || said <= right || longer_tolerated(p, n, said - right, how->tolerate))
		return len;
	if ((how->tolerate & MB_TOL_LENGTH) && said == right + 1)
		return (int)right;
	if (how->observed && n > said && is_header(p + right, n - right) &&
	    !is_header(p + said, n - said))
		/* the next one is there, too, and shows where this one ends */
		return (int)right;
	/* all there, and judged for what it is; or not even its end */
	if (n >= said || n < right)
		return len;
	if (how->observed)
		return (int)right;
	*why = R_LENGTH;
	return -1;
}

int mb_begins(const uint8_t *p, size_t n, bool response)
{
	enum reason why;
	int len = mb_frame(p, n, &why);
	if (len <= 0 || n <= MB_MBAP)
		return len < 0 ? len : 0;
	size_t said = (size_t)len, there = n < said ? n : said;
	if (p[MB_MBAP] & MB_EXCEPTION) {
		size_t right = MB_MBAP + EXCEPTION_PDU;
		bool known = mb_func_by_code(p[MB_MBAP] & 0x7f) && response;
		return known && said >= right && said <= right + MB_PAD_MAX ? len : -1;
	}
	const struct mb_func *fn = mb_func_by_code(p[MB_MBAP]);
	if (!fn)
		return -1;
	const struct mb_extent *e = response ? &fn->response_extent : &fn->request_extent;
	if (!e->fixed)
		return len;
	size_t pdu = length_of(e, p + MB_MBAP, there - MB_MBAP);
	if (pdu && (said == MB_MBAP + pdu || (response && said == MB_MBAP + pdu + 1)))
		return len;
	if (there < said) /* its count has not come, or it has more, as some diagnostics have */
		return 0;
	struct mb_msg m;
	return mb_parse(p, said, response, &m) == R_NONE ? len : -1;
}

static bool is_long(uint16_t len)
{
	return 6u + len > MB_ADU_MAX && len <= MB_UMAS_LEN_MAX;
}

int mb_frame_as(const uint8_t *p, size_t n, const struct mb_reading *how, enum reason *why)
{
	int len = mb_frame(p, n, why);
	if (len > 0)
		return how->response ? answer_end(p, n, len, how, why) : len;
	if (len < 0 && *why == R_LENGTH && (how->tolerate & MB_TOL_UMAS) &&
	    is_long(length_field(p))) {
		bool tells = n > MB_MBAP; /* else the next octets tell whose frame it is */
		if (!tells || p[MB_MBAP] == MB_UMAS) {
			*why = R_NONE;
			return tells ? 6 + length_field(p) : 0;
		}
	}
	if (len < 0 && mb_rtu_length(p, n, how->response))
		*why = R_RTU;
	return len;
}

bool mb_length_tolerated(const uint8_t *p, size_t n, const struct mb_msg *m,
			 const struct mb_reading *how)
{
	size_t said = 6u + m->len;
	if ((how->tolerate & MB_TOL_UMAS) && is_long(m->len) && p[MB_MBAP] == MB_UMAS)
		return n == said;
	return how->response && (how->tolerate & MB_TOL_LENGTH) && n + 1 == said &&
	       mb_answer_length(p, n) == n;
}

/* ---- bodies ---- */

static bool is_padding(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n && p[i] == 0)
		i++;
	return n <= MB_PAD_MAX && i == n;
}

bool mb_form_tolerated(const uint8_t *p, size_t n, const struct mb_msg *m, size_t left,
		       unsigned tolerate)
{
	if (m->exception)
		return ((tolerate & MB_TOL_PADDED) && is_padding(p + n - left, left)) ||
		       ((tolerate & MB_TOL_DEVICE_ID) && is_mei_exception(p, n));
	const struct mb_func *fn = mb_func_by_code(m->fc);
	unsigned bits = fn ? tolerate & fn->tolerate : 0;
	return (bits & MB_TOL_FILE) ||
	       ((bits & MB_TOL_DEVICE_ID) && m->has_mei && m->mei == MB_MEI_DEVICE_ID);
}
