/* SPDX-License-Identifier: MIT
 *
 * Modbus bodies with an inner structure: diagnostics (FC 8, 6.8), file records
 * (FC 20 and 21, 6.14 and 6.15) and the encapsulated interface (FC 43, 6.19 to
 * 6.21 of MODBUS Application Protocol 1.1b3).
 *
 *   FC 20 request   count | 06 file:2 record:2 length:2 | ...
 *   FC 20 response  count | n 06 data:n-1 | ...
 *   FC 21 both      count | 06 file:2 record:2 length:2 data:2*length | ...
 *   FC 43/14 resp.  0e code conformity more next n | id len value:len | ...
 *
 * Each inner length gets a reader of its own part, so one that lies can only
 * run into the end of that part, and sums are kept in size_t.
 */
#include "proto/modbus/wire-shape.h"

enum {
	FILE_REF = 6,	      /* the only reference type there is */
	FILE_RECORDS = 10000, /* records 0..9999 in every file */
	FILE_READ_MIN = 7,
	FILE_WRITE_MIN = 9,
	FILE_REPLY_MIN = 4,
	FILE_READ_MAX = 0xf5,
	FILE_WRITE_MAX = 0xfb,
};

/* ---- FC 8 ---- */

enum diag_data { DIAG_ANY_PAIRS, DIAG_ZERO, DIAG_RESTART, DIAG_CHAR };

struct diag {
	bool known;
	enum diag_data request;
	bool echoes; /* the response is the request again */
	bool silent; /* there is never a response */
};

/* clang-format off */
static const struct diag diags[] = {
	[0]  = { true, DIAG_ANY_PAIRS, true, false },	/* return query data */
	[1]  = { true, DIAG_RESTART, true, false },	/* restart communications */
	[2]  = { true, DIAG_ZERO, false, false },	/* return diagnostic register */
	[3]  = { true, DIAG_CHAR, true, false },	/* change ASCII delimiter */
	[4]  = { true, DIAG_ZERO, false, true },	/* force listen only mode */
	[10] = { true, DIAG_ZERO, true, false },	/* clear counters */
	[11] = { true, DIAG_ZERO, false, false },	/* bus message count */
	[12] = { true, DIAG_ZERO, false, false },	/* bus communication errors */
	[13] = { true, DIAG_ZERO, false, false },	/* bus exception errors */
	[14] = { true, DIAG_ZERO, false, false },	/* server messages */
	[15] = { true, DIAG_ZERO, false, false },	/* server no-responses */
	[16] = { true, DIAG_ZERO, false, false },	/* server NAKs */
	[17] = { true, DIAG_ZERO, false, false },	/* server busy */
	[18] = { true, DIAG_ZERO, false, false },	/* bus character overruns */
	[20] = { true, DIAG_ZERO, true, false },	/* clear overrun counter */
};
/* clang-format on */

static const struct diag *diag_by_sub(uint16_t sub)
{
	if (sub >= sizeof(diags) / sizeof(diags[0]) || !diags[sub].known)
		return NULL;
	return &diags[sub];
}

bool mb_diag_echoes(uint16_t sub)
{
	const struct diag *d = diag_by_sub(sub);
	return d && d->echoes;
}

static enum reason check_diag_data(enum diag_data want, const struct mb_msg *m)
{
	struct rd v = rd_init(m->values, m->values_len);
	if (want == DIAG_ANY_PAIRS)
		return v.left >= 2 && v.left % 2 == 0 ? R_NONE : R_LENGTH;
	if (v.left != 2)
		return R_LENGTH;
	uint16_t x = rd_be16(&v);
	if (want == DIAG_ZERO)
		return x == 0 ? R_NONE : R_FORMAT;
	if (want == DIAG_CHAR)
		return (x & 0xff) == 0 ? R_NONE : R_FORMAT;
	return x == 0 || x == 0xff00 ? R_NONE : R_FORMAT;
}

static const struct diag *read_diag(struct rd *r, struct mb_msg *m)
{
	m->sub = rd_be16(r);
	m->has_sub = !r->bad;
	size_t n = r->left;
	m->values = rd_take(r, n);
	m->values_len = m->values ? (uint16_t)n : 0;
	return diag_by_sub(m->sub);
}

/* A reserved sub-function has no known shape: its number is all that is judged. */
enum reason mb_diag_request(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	const struct diag *d = read_diag(r, m);
	return d ? check_diag_data(d->request, m) : R_NONE;
}

enum reason mb_diag_response(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	const struct diag *d = read_diag(r, m);
	if (!d)
		return R_NONE;
	if (d->silent)
		return R_FORMAT;
	if (d->echoes)
		return check_diag_data(d->request, m);
	return m->values_len == 2 ? R_NONE : R_LENGTH;
}

/* ---- FC 20 and 21 ---- */

static enum reason check_file(const struct mb_file_ref *f, uint8_t type)
{
	if (type != FILE_REF || f->file == 0)
		return R_FORMAT;
	if (f->length == 0)
		return R_QUANTITY_LIMIT;
	if ((uint32_t)f->record + f->length > FILE_RECORDS)
		return R_ADDRESS_WRAP;
	return R_NONE;
}

static enum reason read_file_ref(struct rd *g, struct mb_msg *m)
{
	if (m->n_files == MB_SUBREQ_MAX)
		return R_BYTE_COUNT;
	uint8_t type = rd_u8(g);
	struct mb_file_ref f;
	f.file = rd_be16(g);
	f.record = rd_be16(g);
	f.length = rd_be16(g);
	if (g->bad)
		return R_BYTE_COUNT;
	m->files[m->n_files++] = f;
	return check_file(&f, type);
}

/* The groups after the byte count, as a reader of exactly that many bytes. */
static struct rd read_groups(struct rd *r, struct mb_msg *m)
{
	m->bytes = rd_u8(r);
	m->has_bytes = !r->bad;
	struct rd g = rd_sub(r, m->bytes);
	m->values = g.p;
	m->values_len = g.p ? (uint16_t)g.left : 0;
	return g;
}

enum reason mb_files_read_request(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	struct rd g = read_groups(r, m);
	m->values = NULL;
	m->values_len = 0;
	if (m->bytes < FILE_READ_MIN || m->bytes > FILE_READ_MAX || m->bytes % FILE_READ_MIN)
		return R_BYTE_COUNT;
	size_t reply = 0;
	while (g.left) {
		enum reason why = read_file_ref(&g, m);
		if (why != R_NONE)
			return why;
		reply += 2 + 2 * (size_t)m->files[m->n_files - 1].length;
	}
	return reply <= FILE_READ_MAX ? R_NONE : R_QUANTITY_LIMIT;
}

/* The specification gives 7 as the least count of a response; one record of one
 * register makes 4, as its own formula has it. */
enum reason mb_files_read_response(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	struct rd g = read_groups(r, m);
	if (m->bytes < FILE_REPLY_MIN || m->bytes > FILE_READ_MAX)
		return R_BYTE_COUNT;
	while (g.left) {
		if (m->n_files == MB_SUBREQ_MAX)
			return R_BYTE_COUNT;
		uint8_t n = rd_u8(&g);
		struct rd one = rd_sub(&g, n);
		uint8_t type = rd_u8(&one);
		if (one.bad || one.left == 0 || one.left % 2)
			return R_BYTE_COUNT;
		m->files[m->n_files++].length = (uint16_t)(one.left / 2);
		if (type != FILE_REF)
			return R_FORMAT;
	}
	return R_NONE;
}

enum reason mb_files_write(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	struct rd g = read_groups(r, m);
	if (m->bytes < FILE_WRITE_MIN || m->bytes > FILE_WRITE_MAX)
		return R_BYTE_COUNT;
	while (g.left) {
		enum reason why = read_file_ref(&g, m);
		if (why != R_NONE)
			return why;
		rd_skip(&g, 2 * (size_t)m->files[m->n_files - 1].length);
		if (g.bad)
			return R_BYTE_COUNT;
	}
	return R_NONE;
}

/* ---- FC 43 ---- */

static void read_mei(struct rd *r, struct mb_msg *m)
{
	m->mei = rd_u8(r);
	m->has_mei = !r->bad;
}

/* CANopen's inner protocol (CiA 309) and reserved types are judged by type alone. */
static enum reason mei_opaque(struct rd *r)
{
	rd_skip(r, r->left);
	return R_NONE;
}

enum reason mb_mei_request(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	read_mei(r, m);
	if (m->mei != MB_MEI_DEVICE_ID)
		return mei_opaque(r);
	m->mei_code = rd_u8(r);
	m->mei_object = rd_u8(r);
	return m->mei_code >= 1 && m->mei_code <= 4 ? R_NONE : R_FORMAT;
}

static enum reason read_objects(struct rd *r, struct mb_msg *m, unsigned n)
{
	const uint8_t *first = r->p;
	for (unsigned i = 0; i < n && !r->bad; i++) {
		uint8_t id = rd_u8(r);
		if (i == 0)
			m->mei_object = id;
		rd_skip(r, rd_u8(r));
	}
	if (r->bad)
		return R_TRUNCATED;
	m->values = first;
	m->values_len = (uint16_t)(r->p - first);
	return R_NONE;
}

enum reason mb_mei_response(struct rd *r, const struct mb_func *fn, struct mb_msg *m)
{
	(void)fn;
	read_mei(r, m);
	if (m->mei != MB_MEI_DEVICE_ID)
		return mei_opaque(r);
	m->mei_code = rd_u8(r);
	uint8_t conformity = rd_u8(r), more = rd_u8(r);
	/* the next object's id: where nothing follows, devices leave anything there */
	rd_skip(r, 1);
	uint8_t n = rd_u8(r);
	enum reason why = read_objects(r, m, n);
	if (why != R_NONE)
		return why;
	if (m->mei_code < 1 || m->mei_code > 4)
		return R_FORMAT;
	uint8_t level = conformity & 0x7f;
	if (level < 1 || level > 3 || (more != 0x00 && more != 0xff))
		return R_FORMAT;
	return m->mei_code == 4 && n != 1 ? R_FORMAT : R_NONE;
}
