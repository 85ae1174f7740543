/* SPDX-License-Identifier: MIT
 *
 * IEC 60870-5-104: where an APDU ends, its control field, and the ASDU in it.
 *
 * Stricter than most stations, of which one takes U frames by single bits, another looks for
 * the next start octet after what it does not understand, and a third executes the first of
 * several commands: what they would read in different ways is refused, and nothing is skipped.
 */
#include "proto/iec104/wire.h"

#include "base/rd.h"
#include "proto/iec104/wire-objects.h"

static int no_apdu(enum reason *why, enum reason r)
{
	*why = r;
	return -1;
}

int iec104_frame(const uint8_t *p, size_t n, enum reason *why)
{
	struct rd r = rd_init(p, n);
	uint8_t start = rd_u8(&r);
	if (!r.bad && start != IEC_START)
		return no_apdu(why, R_FRAME);
	uint8_t len = rd_u8(&r);
	if (r.bad)
		return 0;
	if (len < IEC_LEN_MIN || len > IEC_LEN_MAX)
		return no_apdu(why, R_LENGTH);
	return len + 2;
}

/* One row per function of a U frame (104, clause 5.1). */
static const struct {
	uint8_t u;
	const char *name;
	/* clang-format off */
} functions[] = {
	{ IEC_STARTDT_ACT, "STARTDT act" }, { IEC_STARTDT_CON, "STARTDT con" },
	{ IEC_STOPDT_ACT, "STOPDT act" },   { IEC_STOPDT_CON, "STOPDT con" },
	{ IEC_TESTFR_ACT, "TESTFR act" },   { IEC_TESTFR_CON, "TESTFR con" },
};
/* clang-format on */

static const char *function_name(uint8_t u)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (functions[i].u == u)
			return functions[i].name;
	return NULL;
}

const char *iec104_apci_name(const struct iec_apci *a)
{
	const char *function = a->format == IEC_U ? function_name(a->u) : NULL;
	return a->format == IEC_I ? "I" : a->format == IEC_S ? "S" : function ? function : "?";
}

static enum reason sound_u(const struct iec_apci *a, unsigned rest)
{
	return function_name(a->u) && rest == 0 ? R_NONE : R_IEC_CONTROL;
}

/* The control field of an APDU of which n octets are there. */
static enum reason read_control(const uint8_t *p, size_t n, struct iec_apci *a)
{
	struct rd r = rd_init(p, n);
	*a = (struct iec_apci){ .format = IEC_I };
	uint8_t start = rd_u8(&r), len = rd_u8(&r);
	if (!r.bad && start != IEC_START)
		return R_FRAME;
	uint16_t first = rd_le16(&r), second = rd_le16(&r);
	a->format = !(first & 1) ? IEC_I : !(first & 2) ? IEC_S : IEC_U;
	if (a->format == IEC_U)
		a->u = (uint8_t)(first & 0xff);
	else
		a->nr = second >> 1;
	if (a->format == IEC_I)
		a->ns = first >> 1;
	if (r.bad || len < IEC_LEN_MIN || len > IEC_LEN_MAX)
		return R_LENGTH;
	if (a->format != IEC_I && len != IEC_LEN_MIN)
		return R_LENGTH;
	if (a->format == IEC_U)
		return sound_u(a, (first >> 8) | second);
	return (a->format == IEC_S && first != 1) || (second & 1) ? R_IEC_CONTROL : R_NONE;
}

enum reason iec104_apci(const uint8_t *p, size_t n, struct iec_apci *a)
{
	enum reason why = read_control(p, n, a), none;
	bool whole = why == R_FRAME || (size_t)iec104_frame(p, n, &none) == n;
	return whole ? why : R_LENGTH;
}

int iec104_begins(const uint8_t *p, size_t n, bool response)
{
	enum { TYPE = IEC_APCI, OBJECTS };
	struct iec_apci a;
	enum reason why;
	int len = iec104_frame(p, n, &why);
	(void)response; /* either may be the master's */
	if (len <= 0 || n < IEC_APCI)
		return len < 0 ? len : 0;
	if (read_control(p, n, &a) != R_NONE)
		return -1;
	if (a.format != IEC_I)
		return len;
	if (n <= OBJECTS)
		return 0;
	bool fits = len >= IEC_APCI + IEC_ASDU_HEAD + IEC_IOA && iec_type(p[TYPE]) &&
		    (p[OBJECTS] & 0x7f);
	return fits ? len : -1;
}

/* --- ASDU */

static enum reason sound_head(const struct iec_asdu *a, enum iec_end from)
{
	const struct iec_type *t = iec_type(a->type);
	if (!t)
		return R_IEC_TYPE;
	if (!t->causes[from])
		return R_DNP_DIRECTION;
	if (!(t->causes[from] >> a->cause & 1) || (a->negative && from == IEC_CONTROLLING))
		return R_IEC_CAUSE;
	if (a->n == 0 || (t->one && a->n != 1) || (a->sq && !t->sq))
		return R_IEC_OBJECTS;
	return R_NONE;
}

/* Every object to its end. A type's size is in the table, but of segments, which the walk knows. */
static enum reason walk_objects(const struct iec_asdu *a, enum iec_end from)
{
	struct iec_objects it;
	struct iec_object o;
	enum reason why = R_NONE;
	iec104_objects(&it, a);
	while (iec104_next_object(&it, &o))
		if (why == R_NONE && from == IEC_CONTROLLING)
			why = o.fault;
	if (it.r.bad)
		return R_TRUNCATED;
	if (!rd_done(&it.r))
		return R_TRAILING;
	return a->sq && a->ioa + a->n - 1u > IEC_IOA_MAX ? R_ADDRESS_WRAP : why;
}

enum reason iec104_asdu(const uint8_t *p, size_t n, enum iec_end from, struct iec_asdu *a)
{
	struct rd r = rd_init(p, n);
	*a = (struct iec_asdu){ .type = rd_u8(&r) };
	uint8_t vsq = rd_u8(&r), cause = rd_u8(&r);
	a->n = vsq & 0x7f;
	a->sq = vsq >> 7;
	a->cause = cause & 0x3f;
	a->negative = cause >> 6 & 1;
	a->test = cause >> 7;
	a->oa = rd_u8(&r);
	a->ca = rd_le16(&r);
	a->objs = r.p;
	a->n_objs = r.left;
	a->ioa = iec_le24(&r);
	if (r.bad)
		return R_TRUNCATED;
	enum reason why = sound_head(a, from);
	if (why == R_NONE)
		why = walk_objects(a, from);
	if (why != R_NONE || from == IEC_CONTROLLED)
		return why;
	if (a->ca == 0 || (a->ca == IEC_CA_ALL && !iec_for_all(a->type)))
		return R_IEC_COMMON;
	return a->ioa && !iec_has_address(a->type) ? R_FORMAT : R_NONE;
}

enum reason iec104_parse(const uint8_t *p, size_t n, enum iec_end from, struct iec_msg *m)
{
	struct rd r = rd_init(p, n);
	*m = (struct iec_msg){ .has_asdu = false };
	m->control = iec104_apci(p, n, &m->apci);
	if (m->control != R_NONE || m->apci.format != IEC_I)
		return m->control;
	rd_skip(&r, IEC_APCI);
	size_t left = r.left;
	m->has_asdu = left >= IEC_ASDU_HEAD;
	return iec104_asdu(rd_take(&r, left), left, from, &m->asdu);
}
