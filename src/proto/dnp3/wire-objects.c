/* SPDX-License-Identifier: MIT
 * Walking the objects of a DNP3 fragment. */
#include "proto/dnp3/wire-objects.h"

#include <string.h>

enum { PREFIX_SIZED = 4 };

/* Qualifiers that the standard still has (clause 4): prefix codes in the bits of each
 * range code. Addresses instead of indexes (3 to 5) are withdrawn. */
/* clang-format off */
static const uint8_t sound[16] = {
	[0] = 1 << 0,
	[1] = 1 << 0,
	[2] = 1 << 0,
	[6] = 1 << 0,
	[7] = 1 << 0 | 1 << 1 | 1 << 2,
	[8] = 1 << 0 | 1 << 1 | 1 << 2,
	[9] = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3,
	[11] = 1 << 4 | 1 << 5 | 1 << 6,
};
/* clang-format on */

static const uint8_t range_octets[16] = { 1, 2, 4, 0, 0, 0, 0, 1, 2, 4, 0, 1 };

static unsigned prefix_of(uint8_t qual)
{
	return qual >> 4 & 7;
}

/* 0, 1, 2, 4 */
static unsigned prefix_octets(uint8_t qual)
{
	static const uint8_t octets[8] = { 0, 1, 2, 4, 1, 2, 4, 0 };
	return octets[prefix_of(qual)];
}

static uint32_t dnp_wire_objects_number(struct rd *r, unsigned octets)
{
	return octets == 1 ? rd_u8(r) : octets == 2 ? rd_le16(r) : octets == 4 ? rd_le32(r) : 0;
}

void dnp_walk(struct dnp_walk *w, const struct dnp_app *a)
{
	const struct dnp_func *f = dnp_func_by_code(a->func);
	*w = (struct dnp_walk){ .r = rd_init(a->objs, a->n_objs),
				.why = R_NONE,
				.body = f ? f->body : DNP_BODY_OBJECTS };
}

static enum reason read_range(struct rd *r, struct dnp_head *h)
{
	unsigned code = h->qual & 15, octets = range_octets[code];
	if (code <= 2) {
		h->span = DNP_RANGE;
		h->start = dnp_wire_objects_number(r, octets);
		h->stop = dnp_wire_objects_number(r, octets);
		h->count = (uint64_t)h->stop - h->start + 1;
		return r->bad ? R_TRUNCATED : h->start > h->stop ? R_FORMAT : R_NONE;
	}
	h->span = code == 6 ? DNP_ALL : DNP_COUNT;
	h->count = dnp_wire_objects_number(r, octets);
	return r->bad ? R_TRUNCATED : R_NONE;
}

/* One object that says its own length; its prefix is read. */
static void skip_one(struct rd *r, uint8_t shape)
{
	if (shape == DNP_ATTRIBUTE) {
		rd_skip(r, 1);
		rd_skip(r, rd_u8(r));
	} else {
		rd_skip(r, 6);
		rd_skip(r, rd_le16(r));
	}
}

/* Objects of different lengths. Each takes octets, so a lying count ends with the fragment. */
static enum reason skip_each(struct rd *r, const struct dnp_head *h)
{
	unsigned octets = prefix_octets(h->qual);
	for (uint64_t i = 0; i < h->count; i++) {
		if (prefix_of(h->qual) >= PREFIX_SIZED) {
			rd_skip(r, dnp_wire_objects_number(r, octets));
		} else {
			rd_skip(r, octets);
			skip_one(r, h->shape);
		}
		if (r->bad)
			return R_TRUNCATED;
	}
	return R_NONE;
}

static enum reason skip_all(struct rd *r, uint64_t octets)
{
	if (octets > r->left)
		return R_TRUNCATED;
	rd_skip(r, (size_t)octets);
	return R_NONE;
}

/* The header says objects follow; do they, and how long are they? */
static enum reason shape_of(struct dnp_head *h)
{
	const struct dnp_object *o = dnp_object(h->group, h->var);
	if (!o)
		return R_DNP_OBJECT;
	h->shape = o->shape;
	h->size = o->shape == DNP_STRING ? h->var : o->size;
	h->bare = o->shape == DNP_BARE;
	if (h->bare)
		return R_NONE;
	bool packed = o->shape == DNP_BITS || o->shape == DNP_PAIRS;
	if (h->span == DNP_ALL || o->shape == DNP_SIZED || (packed && h->indexed))
		return R_DNP_QUALIFIER;
	return R_NONE;
}

static enum reason skip_objects(struct rd *r, struct dnp_head *h)
{
	if (prefix_of(h->qual) >= PREFIX_SIZED) {
		h->shape = DNP_SIZED;
		return skip_each(r, h);
	}
	if (!h->bare) {
		enum reason why = shape_of(h);
		if (why != R_NONE)
			return why;
	}
	/* indexes without objects, of what has no points: room for bytes of another meaning */
	if (h->bare && h->indexed && !dnp_has_points(h->group))
		return R_FORMAT;
	if (h->bare)
		return skip_all(r, h->count * prefix_octets(h->qual));
	switch ((enum dnp_shape)h->shape) {
	case DNP_BITS:
		return skip_all(r, (h->count + 7) / 8);
	case DNP_PAIRS:
		return skip_all(r, (h->count + 3) / 4);
	case DNP_FIXED:
	case DNP_STRING:
		return skip_all(r, h->count * (prefix_octets(h->qual) + h->size));
	default:
		return skip_each(r, h);
	}
}

bool dnp_next(struct dnp_walk *w, struct dnp_head *h)
{
	struct rd *r = &w->r;
	if (w->why != R_NONE || r->left == 0)
		return false;
	*h = (struct dnp_head){ .group = rd_u8(r) };
	h->var = rd_u8(r);
	h->qual = rd_u8(r);
	if (r->bad) {
		w->why = R_TRUNCATED;
		return false;
	}
	/* authentication goes with any function, and always whole: aggressive mode (clause 7) */
	bool wrapper = h->group == DNP_G_AUTH;
	if (w->body == DNP_BODY_NONE && !wrapper) {
		w->why = R_TRAILING;
		return false;
	}
	unsigned prefix = prefix_of(h->qual);
	h->indexed = prefix >= 1 && prefix < PREFIX_SIZED;
	h->bare = prefix < PREFIX_SIZED && !wrapper &&
		  (w->body == DNP_BODY_HEADERS ||
		   (w->body == DNP_BODY_TIMED && h->group != DNP_G_TIME));
	if (h->qual >> 7 || !(sound[h->qual & 15] >> prefix & 1)) {
		w->why = R_DNP_QUALIFIER;
		return true;
	}
	w->why = read_range(r, h);
	if (w->why != R_NONE)
		return w->why != R_TRUNCATED;
	const uint8_t *from = r->p;
	size_t left = r->left;
	w->why = skip_objects(r, h);
	if (w->why != R_NONE) {
		h->bare = false; /* the form of the content is unknown */
		return true;
	}
	h->len = left - r->left;
	h->data = h->len ? from : NULL;
	return true;
}

void dnp_points(struct dnp_points *it, const struct dnp_head *h)
{
	*it = (struct dnp_points){ .h = h, .r = rd_init(h->data, h->data ? h->len : 0) };
}

static void take_bits(struct dnp_points *it, struct dnp_point *p, unsigned width)
{
	unsigned per = 8 / width, shift = (unsigned)(it->at % per) * width;
	struct rd octet = it->r; /* it has more of them */
	p->bits = (uint8_t)((unsigned)rd_u8(&octet) >> shift & ((1u << width) - 1));
	if (shift + width == 8 || it->at + 1 == it->h->count)
		rd_skip(&it->r, 1);
}

static void take_object(struct dnp_points *it, struct dnp_point *p, size_t size)
{
	const struct dnp_head *h = it->h;
	struct rd *r = &it->r;
	if (h->shape == DNP_ATTRIBUTE || h->shape == DNP_REGISTERED) {
		const uint8_t *from = r->p;
		size_t left = r->left;
		skip_one(r, h->shape);
		p->data = r->bad ? NULL : from;
		p->len = left - r->left;
		return;
	}
	p->data = rd_take(r, size);
	p->len = size;
}

bool dnp_next_point(struct dnp_points *it, struct dnp_point *p)
{
	const struct dnp_head *h = it->h;
	if (!h->data || it->at == h->count)
		return false;
	*p = (struct dnp_point){ .index = (uint32_t)it->at,
				 .has_index = h->span == DNP_RANGE || h->indexed };
	size_t size = h->size;
	if (h->span == DNP_RANGE)
		p->index = (uint32_t)(h->start + it->at);
	if (h->indexed)
		p->index = dnp_wire_objects_number(&it->r, prefix_octets(h->qual));
	else if (h->shape == DNP_SIZED)
		size = dnp_wire_objects_number(&it->r, prefix_octets(h->qual));
	if (h->shape == DNP_BITS || h->shape == DNP_PAIRS)
		take_bits(it, p, h->shape == DNP_BITS ? 1 : 2);
	else if (!h->bare)
		take_object(it, p, size);
	it->at++;
	return !it->r.bad;
}

static unsigned header_does(const struct dnp_head *h)
{
	struct dnp_points it;
	struct dnp_point p;
	if (h->group == DNP_G_TIME && (h->var == 1 || h->var == 3))
		return h->span == DNP_COUNT && h->count == 1 && !h->indexed ? DNP_TIME_SYNC
									    : DNP_WRITE_OTHER;
	if (h->group == DNP_G_AUTH && (h->var == 3 || h->var == 9))
		return 0;
	if (h->group != DNP_G_IIN || h->span != DNP_RANGE || h->count != 1)
		return DNP_WRITE_OTHER;
	dnp_points(&it, h);
	bool clears = dnp_next_point(&it, &p) && p.index == DNP_IIN_RESTART && p.bits == 0;
	return clears ? DNP_CLEAR_RESTART : DNP_WRITE_OTHER;
}

unsigned dnp_write_does(const struct dnp_app *a)
{
	struct dnp_walk w;
	struct dnp_head h;
	unsigned does = a->func == 2 ? 0 : DNP_WRITE_OTHER;
	dnp_walk(&w, a);
	while (dnp_next(&w, &h))
		does |= header_does(&h);
	return w.why == R_NONE ? does : DNP_WRITE_OTHER;
}

bool dnp_aggressive(const struct dnp_app *a)
{
	struct dnp_walk w;
	struct dnp_head h;
	bool first = false, last = false;
	unsigned n = 0;
	dnp_walk(&w, a);
	while (dnp_next(&w, &h)) {
		if (n++ == 0)
			first = h.group == DNP_G_AUTH && h.var == 3 && h.count == 1;
		last = h.group == DNP_G_AUTH && h.var == 9 && h.count == 1;
	}
	return w.why == R_NONE && first && last;
}

uint8_t dnp_key_status(const struct dnp_app *a)
{
	struct dnp_walk w;
	struct dnp_head h;
	struct dnp_points it;
	struct dnp_point p;
	dnp_walk(&w, a);
	while (dnp_next(&w, &h)) {
		dnp_points(&it, &h);
		if (h.group != DNP_G_AUTH || h.var != 5 || !dnp_next_point(&it, &p) || !p.data)
			continue;
		struct rd r = rd_init(p.data, p.len);
		rd_skip(&r, 7); /* sequence number, user, key wrap algorithm (annex A) */
		return rd_u8(&r);
	}
	return 0;
}

bool dnp_control(const struct dnp_head *h, const struct dnp_point *p, struct dnp_control *c)
{
	if (h->group != DNP_G_CONTROL || h->var < 1 || h->var > 2 || !p->data)
		return false;
	struct rd r = rd_init(p->data, p->len);
	uint8_t code = rd_u8(&r);
	*c = (struct dnp_control){ .op = code & 15,
				   .queue = code >> 4 & 1,
				   .clear = code >> 5 & 1,
				   .code = code >> 6,
				   .count = rd_u8(&r) };
	c->on_time = rd_le32(&r);
	c->off_time = rd_le32(&r);
	c->status = rd_u8(&r);
	return rd_done(&r);
}

static double float_of(uint32_t bits)
{
	float f;
	memcpy(&f, &bits, sizeof(f));
	return (double)f;
}

static double double_of(uint64_t bits)
{
	double d;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

bool dnp_analog(const struct dnp_head *h, const struct dnp_point *p, double *value, uint8_t *status)
{
	if (h->group != DNP_G_ANALOG || !p->data)
		return false;
	struct rd r = rd_init(p->data, p->len);
	switch (h->var) {
	case 1:
		*value = (double)(int32_t)rd_le32(&r);
		break;
	case 2:
		*value = (double)(int16_t)rd_le16(&r);
		break;
	case 3:
		*value = float_of(rd_le32(&r));
		break;
	case 4: {
		uint64_t low = rd_le32(&r);
		*value = double_of(low | (uint64_t)rd_le32(&r) << 32);
		break;
	}
	default:
		return false;
	}
	*status = rd_u8(&r);
	return rd_done(&r);
}
