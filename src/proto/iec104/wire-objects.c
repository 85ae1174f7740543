/* SPDX-License-Identifier: MIT
 *
 * Information objects of an ASDU. Each type has its element as a row of letters in
 * wire-table.c, and each letter a reader here (IEC 60870-5-101, clause 7.2.6):
 *
 *   s SIQ   d DIQ   v VTI   b BSI   n NVA   c SVA   f IEEE STD 754   i BCR   p SEP   o SPE, OCI   g
 * SCD q QDS, QDP      S SCO   D DCO   R RCO   Q QOS   k a qualifier of one octet     w FBP, TSC e
 * CP16Time2a    m CP24Time2a    t CP56Time2a    u the second of them F NOF   N NOS   L LOF   h CHS
 * z LOS and the segment
 */
#include "proto/iec104/wire-objects.h"

#include <string.h>

static void fault(struct iec_object *o, enum reason why)
{
	if (o->fault == R_NONE)
		o->fault = why;
}

/* --- process information */

static void read_siq(struct rd *r, struct iec_object *o)
{
	uint8_t siq = rd_u8(r);
	o->value = IEC_SINGLE;
	o->state = siq & 1;
	o->quality = siq & 0xf0;
}

static void read_diq(struct rd *r, struct iec_object *o)
{
	uint8_t diq = rd_u8(r);
	o->value = IEC_DOUBLE;
	o->state = diq & 3;
	o->quality = diq & 0xf0;
}

static void read_vti(struct rd *r, struct iec_object *o)
{
	uint8_t vti = rd_u8(r);
	o->value = IEC_STEP;
	o->number = (vti & 0x3f) - (vti & 0x40);
	o->transient = vti >> 7;
}

static void read_bsi(struct rd *r, struct iec_object *o)
{
	o->value = IEC_BITSTRING;
	o->bits = rd_le32(r);
}

static void read_nva(struct rd *r, struct iec_object *o)
{
	o->value = IEC_NORMALISED;
	o->number = (int16_t)rd_le16(r);
}

static void read_sva(struct rd *r, struct iec_object *o)
{
	o->value = IEC_SCALED;
	o->number = (int16_t)rd_le16(r);
}

static void read_float(struct rd *r, struct iec_object *o)
{
	uint32_t bits = rd_le32(r);
	o->value = IEC_FLOAT;
	memcpy(&o->real, &bits, sizeof(o->real));
	if ((bits >> 23 & 0xff) == 0xff)
		fault(o, R_IEC_NUMBER);
}

static void read_bcr(struct rd *r, struct iec_object *o)
{
	o->value = IEC_COUNTER;
	o->number = (int32_t)rd_le32(r);
	o->quality = rd_u8(r);
}

/* The event's state is among its quality: its two low bits. */
static void read_sep(struct rd *r, struct iec_object *o)
{
	o->value = IEC_PROTECTION;
	o->bits = rd_u8(r);
	o->state = o->bits & 3;
	o->quality = o->bits & 0xf8;
}

static void read_protection(struct rd *r, struct iec_object *o)
{
	o->value = IEC_PROTECTION;
	o->bits = rd_u8(r);
}

static void read_scd(struct rd *r, struct iec_object *o)
{
	o->value = IEC_STATUS;
	o->bits = rd_le32(r);
}

static void read_quality(struct rd *r, struct iec_object *o)
{
	o->quality = rd_u8(r);
}

/* --- control */

static uint8_t read_command(struct rd *r, struct iec_object *o)
{
	o->qualifier = rd_u8(r);
	o->select = o->qualifier >> 7;
	o->qu = o->qualifier >> 2 & 0x1f;
	return o->qualifier;
}

static void read_sco(struct rd *r, struct iec_object *o)
{
	uint8_t sco = read_command(r, o);
	o->value = IEC_SINGLE;
	o->state = sco & 1;
	if (sco & 2)
		fault(o, R_FORMAT);
}

/* 0 and 3 are not permitted (clauses 7.2.6.16 and 7.2.6.17). */
static void two_states(struct rd *r, struct iec_object *o)
{
	o->state = read_command(r, o) & 3;
	if (o->state == 0 || o->state == 3)
		fault(o, R_FORMAT);
}

static void read_dco(struct rd *r, struct iec_object *o)
{
	o->value = IEC_DOUBLE;
	two_states(r, o);
}

static void read_rco(struct rd *r, struct iec_object *o)
{
	o->value = IEC_STEP_COMMAND;
	two_states(r, o);
}

static void read_qos(struct rd *r, struct iec_object *o)
{
	o->qualifier = rd_u8(r);
	o->select = o->qualifier >> 7;
	o->qu = o->qualifier & 0x7f;
}

static void read_qualifier(struct rd *r, struct iec_object *o)
{
	o->qualifier = rd_u8(r);
}

static void read_pattern(struct rd *r, struct iec_object *o)
{
	o->elapsed = rd_le16(r);
}

/* --- times */

enum { MINUTE_MS = 60000 };

static void read_cp16(struct rd *r, struct iec_object *o)
{
	o->elapsed = rd_le16(r);
	if (o->elapsed >= MINUTE_MS)
		fault(o, R_IEC_TIME);
}

static struct iec_time cp24(struct rd *r)
{
	struct iec_time t = { .octets = 3, .ms = rd_le16(r) };
	uint8_t minute = rd_u8(r);
	t.minute = minute & 0x3f;
	t.substituted = minute >> 6 & 1;
	t.invalid = minute >> 7;
	t.sound = t.ms < MINUTE_MS && t.minute < 60;
	return t;
}

/* Masters are seen that count years from 1900, and write 109 for 2009: so any year passes, and leap
 * years are the same. 00 is one, as 2000. */
static bool day_exists(const struct iec_time *t)
{
	static const uint8_t days[16] = { [1] = 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leaps = t->month != 2 || t->year % 4 == 0;
	return t->day >= 1 && t->day <= days[t->month & 15] - (leaps ? 0 : 1);
}

static struct iec_time cp56(struct rd *r)
{
	struct iec_time t = cp24(r);
	uint8_t hour = rd_u8(r), day = rd_u8(r), month = rd_u8(r), year = rd_u8(r);
	t.octets = 7;
	t.hour = hour & 0x1f;
	t.summer = hour >> 7;
	t.day = day & 0x1f;
	t.weekday = day >> 5;
	t.month = month & 0x0f;
	t.year = year & 0x7f;
	bool reserved = (hour & 0x60) || (month & 0xf0) || (year & 0x80);
	t.sound = t.sound && !reserved && t.hour < 24 && day_exists(&t);
	return t;
}

static void read_cp24(struct rd *r, struct iec_object *o)
{
	o->time = cp24(r);
	if (!o->time.sound || o->time.invalid)
		fault(o, R_IEC_TIME);
}

static void read_cp56(struct rd *r, struct iec_object *o)
{
	o->time = cp56(r);
	if (!o->time.sound || o->time.invalid)
		fault(o, R_IEC_TIME);
}

static void read_until(struct rd *r, struct iec_object *o)
{
	o->until = cp56(r);
	if (!o->until.sound || o->until.invalid)
		fault(o, R_IEC_TIME);
}

/* --- files */

static void read_nof(struct rd *r, struct iec_object *o)
{
	o->value = IEC_FILE_PART;
	o->file = rd_le16(r);
}

static void read_nos(struct rd *r, struct iec_object *o)
{
	o->section = rd_u8(r);
}

static void read_lof(struct rd *r, struct iec_object *o)
{
	o->length = iec_le24(r);
}

static void read_checksum(struct rd *r, struct iec_object *o)
{
	(void)o;
	rd_skip(r, 1);
}

static void read_segment(struct rd *r, struct iec_object *o)
{
	o->length = rd_u8(r);
	rd_skip(r, o->length);
}

typedef void (*field_reader)(struct rd *r, struct iec_object *o);

/* clang-format off */
static const field_reader readers[128] = {
	['s'] = read_siq,	['d'] = read_diq,	 ['v'] = read_vti,     ['b'] = read_bsi,
	['n'] = read_nva,	['c'] = read_sva,	 ['f'] = read_float,   ['i'] = read_bcr,
	['p'] = read_sep,	['o'] = read_protection, ['g'] = read_scd,     ['q'] = read_quality,
	['S'] = read_sco,	['D'] = read_dco,	 ['R'] = read_rco,     ['Q'] = read_qos,
	['k'] = read_qualifier, ['w'] = read_pattern,	 ['e'] = read_cp16,    ['m'] = read_cp24,
	['t'] = read_cp56,	['u'] = read_until,	 ['F'] = read_nof,     ['N'] = read_nos,
	['L'] = read_lof,	['h'] = read_checksum,	 ['z'] = read_segment,
};
/* clang-format on */

void iec104_objects(struct iec_objects *it, const struct iec_asdu *a)
{
	*it = (struct iec_objects){ .r = rd_init(a->objs, a->objs ? a->n_objs : 0),
				    .type = iec_type(a->type),
				    .n = a->n,
				    .sq = a->sq };
}

bool iec104_next_object(struct iec_objects *it, struct iec_object *o)
{
	struct rd *r = &it->r;
	if (!it->type || it->i == it->n)
		return false;
	*o = (struct iec_object){ .value = IEC_NO_VALUE, .fault = R_NONE };
	it->ioa = it->sq && it->i ? it->ioa + 1 : iec_le24(r);
	o->ioa = it->ioa;
	o->data = r->p;
	size_t left = r->left;
	for (const char *field = it->type->fields; *field; field++)
		readers[*field & 127](r, o);
	o->len = left - r->left;
	it->i++;
	return !r->bad;
}
