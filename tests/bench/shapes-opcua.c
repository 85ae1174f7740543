/* SPDX-License-Identifier: MIT
 *
 * OPC UA binary without security (OPC 10000-6: 5.2 encodings, 6.7 secure
 * conversation, 7.1 connection protocol): request 0 is Hello, 1 opens the
 * channel, all others read four values of two groups in turn.
 */
#include "shapes.h"

enum {
	CHANNEL = 7,
	TOKEN = 3,
	NODES = 4,
	HEAD = 8,
	NONE = 1,
	LIFETIME = 3600000,
	BUFFER = 65536,
	OPEN = 446,
	OPENED = 449,
	READ = 631,
	HAVE_READ = 634
};

struct out {
	uint8_t *b;
	size_t n;
};

static void u8(struct out *o, unsigned v)
{
	o->b[o->n++] = (uint8_t)v;
}

static void u16(struct out *o, unsigned v)
{
	u8(o, v);
	u8(o, v >> 8);
}

static void u32(struct out *o, uint32_t v)
{
	u16(o, v & 0xffff);
	u16(o, v >> 16);
}

static void null(struct out *o) /* of strings, byte strings and arrays */
{
	u32(o, UINT32_MAX);
}

static void zeros(struct out *o, size_t n)
{
	memset(o->b + o->n, 0, n);
	o->n += n;
}

static void text(struct out *o, const char *s)
{
	size_t n = strlen(s);
	u32(o, (uint32_t)n);
	memcpy(o->b + o->n, s, n);
	o->n += n;
}

static void node(struct out *o, unsigned space, unsigned id) /* four bytes (5.2.2.9) */
{
	u8(o, 1);
	u8(o, space);
	u16(o, id);
}

static struct out begin(uint8_t *b, const char *type)
{
	memcpy(b, type, 4);
	return (struct out){ b, HEAD };
}

static size_t end(struct out *o)
{
	size_t n = o->n;
	o->n = 4;
	u32(o, (uint32_t)n);
	return n;
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* session token (none), time, handle, diagnostics, audit entry, timeout, nothing additional */
static void request_header(struct out *o, uint32_t handle)
{
	zeros(o, 2 + 8);
	u32(o, handle);
	u32(o, 0);
	null(o);
	u32(o, 5000);
	zeros(o, 3);
}

static void response_header(struct out *o, uint32_t handle)
{
	zeros(o, 8);
	u32(o, handle);
	zeros(o, 4 + 1);
	null(o);
	zeros(o, 3);
}

static void unsecured(struct out *o, uint32_t channel, uint32_t n)
{
	u32(o, channel);
	text(o, "http://opcfoundation.org/UA/SecurityPolicy#None");
	null(o);
	null(o);
	u32(o, n);
	u32(o, n);
}

static void limits(struct out *o)
{
	u32(o, 0);
	u32(o, BUFFER);
	u32(o, BUFFER);
	u32(o, 0);
	u32(o, 0);
}

static size_t hello(uint8_t *b)
{
	struct out o = begin(b, "HELF");
	limits(&o);
	text(&o, "opc.tcp://device:4840");
	return end(&o);
}

static size_t open_channel(uint8_t *b, uint32_t n)
{
	struct out o = begin(b, "OPNF");
	unsecured(&o, 0, n);
	node(&o, 0, OPEN);
	request_header(&o, n);
	u32(&o, 0);
	u32(&o, 0);
	u32(&o, NONE);
	null(&o);
	u32(&o, LIFETIME);
	return end(&o);
}

static size_t opened(uint8_t *b, uint32_t n)
{
	struct out o = begin(b, "OPNF");
	unsecured(&o, CHANNEL, n);
	node(&o, 0, OPENED);
	response_header(&o, n);
	u32(&o, 0);
	u32(&o, CHANNEL);
	u32(&o, TOKEN);
	zeros(&o, 8);
	u32(&o, LIFETIME);
	null(&o);
	return end(&o);
}

static struct out message(uint8_t *b, uint32_t n, unsigned type)
{
	struct out o = begin(b, "MSGF");
	u32(&o, CHANNEL);
	u32(&o, TOKEN);
	u32(&o, n);
	u32(&o, n);
	node(&o, 0, type);
	return o;
}

size_t opcua_read(uint8_t *b, uint32_t n)
{
	if (n < 2)
		return n == 0 ? hello(b) : open_channel(b, n);
	struct out o = message(b, n, READ);
	request_header(&o, n);
	zeros(&o, 8);
	u32(&o, 3); /* no time stamps */
	u32(&o, NODES);
	for (unsigned i = 0; i < NODES; i++) {
		node(&o, 2, 1000 + n % 2 * NODES + i);
		u32(&o, 13); /* Value */
		null(&o);
		u16(&o, 0);
		null(&o);
	}
	return end(&o);
}

static size_t opcua_frame(const uint8_t *b, size_t n)
{
	if (n < HEAD)
		return 0;
	size_t len = get32(b + 4);
	return len <= n ? len : 0;
}

static size_t opcua_answer(uint8_t *b, const uint8_t *q, size_t len, uint32_t n)
{
	(void)n;
	if (len > 20 && !memcmp(q, "MSGF", 4)) {
		uint32_t id = get32(q + 20);
		struct out o = message(b, id, HAVE_READ);
		response_header(&o, id);
		u32(&o, NODES);
		for (unsigned i = 0; i < NODES; i++) {
			u8(&o, 1); /* a value, an Int32 */
			u8(&o, 6);
			u32(&o, id + i);
		}
		null(&o);
		return end(&o);
	}
	if (len > HEAD && !memcmp(q, "OPNF", 4))
		return opened(b, 1);
	if (len > HEAD && !memcmp(q, "HELF", 4)) {
		struct out o = begin(b, "ACKF");
		limits(&o);
		return end(&o);
	}
	return 0;
}

const struct proto opcua = { "opcua", 4840, opcua_frame, opcua_answer };
