/* SPDX-License-Identifier: MIT
 *
 * The built-in types of OPC UA's binary encoding, OPC 10000-6 clause 5.2.2.
 *
 * Strictness: lengths below -1, reserved bits of masks, array flags without an
 * array and dimensions that do not multiply to the array's length are faults.
 * A decoder that takes them differently from us would see another request than
 * the policy judged. Every element of an array has at least one byte, so all
 * work is bounded by the body's length; nesting is bounded by UA_DEPTH_MAX.
 */
#include "proto/opcua/wire-read.h"

enum {
	NODE_URI = 0x80,
	NODE_SERVER = 0x40,
	VARIANT_ARRAY = 0x80,
	VARIANT_DIMENSIONS = 0x40,
	VARIANT_TYPE = 0x3f,
	VARIANT_TYPES = 32,
};

void ua_fault(struct ua_read *u, enum reason why)
{
	if (u->why == R_NONE && !u->r.bad)
		u->why = why;
	u->r.bad = true;
}

/* A length of 32 bits, -1 for null. */
static bool length(struct ua_read *u, uint32_t *n)
{
	uint32_t v = rd_le32(&u->r);
	*n = 0;
	if (u->r.bad || v == UINT32_MAX)
		return false;
	if (v > INT32_MAX) {
		ua_fault(u, R_FORMAT);
		return false;
	}
	*n = v;
	return true;
}

uint32_t ua_count(struct ua_read *u)
{
	uint32_t n;
	length(u, &n);
	if (n > u->r.left) /* every element has a byte */
		u->r.bad = true;
	return u->r.bad ? 0 : n;
}

struct ua_bytes ua_string(struct ua_read *u)
{
	struct ua_bytes b = { NULL, 0 };
	uint32_t n;
	if (length(u, &n)) {
		b.p = rd_take(&u->r, n);
		b.n = b.p ? n : 0;
	}
	return b;
}

double ua_double(struct ua_read *u)
{
	uint64_t bits = rd_le64(&u->r);
	double d;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

struct ua_node ua_node(struct ua_read *u, bool expanded)
{
	struct ua_node n = { .kind = UA_NUMERIC };
	struct rd *r = &u->r;
	uint8_t form = rd_u8(r), flags = form & (NODE_URI | NODE_SERVER);
	if (flags && !expanded)
		ua_fault(u, R_FORMAT);
	switch (form & ~(NODE_URI | NODE_SERVER)) {
	case 0:
		n.number = rd_u8(r);
		break;
	case 1:
		n.ns = rd_u8(r);
		n.number = rd_le16(r);
		break;
	case 2:
		n.ns = rd_le16(r);
		n.number = rd_le32(r);
		break;
	case 3:
	case 5:
		n.ns = rd_le16(r);
		n.kind = form & 4 ? UA_OPAQUE : UA_STRING;
		n.id = ua_string(u);
		break;
	case 4:
		n.ns = rd_le16(r);
		n.kind = UA_GUID;
		n.id.p = rd_take(r, 16);
		n.id.n = n.id.p ? 16 : 0;
		break;
	default:
		ua_fault(u, R_FORMAT);
	}
	if (flags & NODE_URI)
		n.foreign |= ua_string(u).n > 0;
	if (flags & NODE_SERVER)
		n.foreign |= rd_le32(r) != 0;
	return n;
}

struct ua_bytes ua_extension(struct ua_read *u, struct ua_node *type, uint8_t *enc)
{
	*type = ua_node(u, false);
	*enc = rd_u8(&u->r);
	if (*enc > 2)
		ua_fault(u, R_FORMAT);
	if (u->r.bad || *enc == 0)
		return (struct ua_bytes){ NULL, 0 };
	return ua_string(u);
}

static bool ua_enter(struct ua_read *u)
{
	if (u->depth == UA_DEPTH_MAX) {
		ua_fault(u, R_UA_NESTING);
		return false;
	}
	u->depth++;
	return true;
}

static void variant_array(struct ua_read *u, unsigned type, bool dimensions)
{
	uint32_t n = ua_count(u);
	for (uint32_t i = 0; i < n && !u->r.bad; i++)
		ua_value(u, type);
	if (!dimensions || u->r.bad)
		return;
	uint32_t dims = ua_count(u);
	uint64_t product = 1;
	for (uint32_t i = 0; i < dims && !u->r.bad; i++) {
		uint32_t d = rd_le32(&u->r);
		if (d > INT32_MAX)
			ua_fault(u, R_FORMAT);
		product = product * d > UINT32_MAX ? UINT32_MAX : product * d;
	}
	if (dims && !u->r.bad && product != n)
		ua_fault(u, R_FORMAT);
}

static void variant(struct ua_read *u)
{
	uint8_t mask = rd_u8(&u->r);
	unsigned type = mask & VARIANT_TYPE;
	bool array = mask & VARIANT_ARRAY, dimensions = mask & VARIANT_DIMENSIONS;
	if (type >= VARIANT_TYPES || (dimensions && !array) || (type == 0 && mask) ||
	    (type == UA_T_VARIANT && !array)) {
		ua_fault(u, R_FORMAT);
		return;
	}
	if (type == 0 || !ua_enter(u))
		return;
	if (type >= UA_TYPES) /* 5.2.2.16: 26 to 31 are read as ByteString */
		type = UA_T_BYTESTRING;
	if (array)
		variant_array(u, type, dimensions);
	else
		ua_value(u, type);
	u->depth--;
}

static void data_value(struct ua_read *u)
{
	static const uint8_t sizes[] = { [1] = 4, [2] = 8, [3] = 8, [4] = 2, [5] = 2 };
	uint8_t mask = rd_u8(&u->r);
	if (mask & 0xc0) {
		ua_fault(u, R_FORMAT);
		return;
	}
	if (!ua_enter(u))
		return;
	if (mask & 1)
		variant(u);
	for (unsigned i = 1; i < sizeof(sizes); i++) /* each of fixed size, so in any order */
		if (mask >> i & 1)
			rd_skip(&u->r, sizes[i]);
	u->depth--;
}

static void diagnostic(struct ua_read *u)
{
	uint8_t mask = rd_u8(&u->r);
	if (mask & 0x80) {
		ua_fault(u, R_FORMAT);
		return;
	}
	for (unsigned i = 0; i < 4; i++)
		if (mask >> i & 1)
			rd_skip(&u->r, 4);
	if (mask & 0x10)
		ua_string(u);
	if (mask & 0x20)
		rd_skip(&u->r, 4);
	if ((mask & 0x40) && ua_enter(u)) {
		diagnostic(u);
		u->depth--;
	}
}

static void localized_text(struct ua_read *u)
{
	uint8_t mask = rd_u8(&u->r);
	if (mask & ~3)
		ua_fault(u, R_FORMAT);
	for (unsigned i = 0; i < 2; i++)
		if (mask >> i & 1)
			ua_string(u);
}

static void string(struct ua_read *u)
{
	ua_string(u);
}

static void node(struct ua_read *u)
{
	ua_node(u, false);
}

static void expanded_node(struct ua_read *u)
{
	ua_node(u, true);
}

static void qualified_name(struct ua_read *u)
{
	rd_skip(&u->r, 2);
	ua_string(u);
}

static void extension(struct ua_read *u)
{
	struct ua_node type;
	uint8_t enc;
	ua_extension(u, &type, &enc);
}

void ua_value(struct ua_read *u, unsigned type)
{
	static const struct {
		uint8_t size;
		void (*read)(struct ua_read *u);
	} types[UA_TYPES] = {
		[UA_T_BOOLEAN] = { 1, NULL },
		[UA_T_SBYTE] = { 1, NULL },
		[UA_T_BYTE] = { 1, NULL },
		[UA_T_INT16] = { 2, NULL },
		[UA_T_UINT16] = { 2, NULL },
		[UA_T_INT32] = { 4, NULL },
		[UA_T_UINT32] = { 4, NULL },
		[UA_T_INT64] = { 8, NULL },
		[UA_T_UINT64] = { 8, NULL },
		[UA_T_FLOAT] = { 4, NULL },
		[UA_T_DOUBLE] = { 8, NULL },
		[UA_T_STRING] = { 0, string },
		[UA_T_DATETIME] = { 8, NULL },
		[UA_T_GUID] = { 16, NULL },
		[UA_T_BYTESTRING] = { 0, string },
		[UA_T_XML] = { 0, string },
		[UA_T_NODE] = { 0, node },
		[UA_T_XNODE] = { 0, expanded_node },
		[UA_T_STATUS] = { 4, NULL },
		[UA_T_QNAME] = { 0, qualified_name },
		[UA_T_TEXT] = { 0, localized_text },
		[UA_T_EXTENSION] = { 0, extension },
		[UA_T_DATAVALUE] = { 0, data_value },
		[UA_T_VARIANT] = { 0, variant },
		[UA_T_DIAGNOSTIC] = { 0, diagnostic },
	};
	if (type == 0 || type >= UA_TYPES)
		ua_fault(u, R_FORMAT);
	else if (types[type].read)
		types[type].read(u);
	else
		rd_skip(&u->r, types[type].size);
}
