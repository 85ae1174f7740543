/* SPDX-License-Identifier: MIT
 * pcapng files: blocks in the window of the input, read in place. */
#include "packet/pcapng.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/pages.h"
#include "base/rd.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_OLD_PACKET = 2,
	BLOCK_SIMPLE = 3,
	BLOCK_PACKET = 6,
	ORDER_MAGIC = 0x1a2b3c4d,
	BLOCK_MIN = 12,
	OPTION_END = 0,
	OPTION_RESOLUTION = 9,
	OPTION_OFFSET = 14,
	OPTIONS_MAX = 256, /* looked at in one block */
	MICROSECONDS = 6,
	NANO = 9,
	SEC_NS = 1000000000
};

struct interface {
	uint16_t link;
	uint8_t resolution; /* of a second: 10^-n, with bit 7 2^-n */
	uint32_t snap;	    /* 0: none */
	int64_t offset;	    /* seconds */
};

struct pcapng {
	struct input *in;
	bool big; /* byte order of the section */
	bool any; /* section was there */
	uint32_t n_interfaces;
	uint64_t last_ns; /* for blocks without a time */
	char error[128];
	struct interface *interfaces; /* PCAPNG_INTERFACES */
};

bool pcapng_is(const uint8_t *p)
{
	return p[0] == 0x0a && p[1] == 0x0d && p[2] == 0x0d && p[3] == 0x0a;
}

struct pcapng *pcapng_open(struct input *in)
{
	struct pcapng *g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->in = in;
	g->interfaces = pages_map(PCAPNG_INTERFACES * sizeof(*g->interfaces));
	if (!g->interfaces) {
		free(g);
		return NULL;
	}
	return g;
}

void pcapng_close(struct pcapng *g)
{
	if (!g)
		return;
	pages_unmap(g->interfaces, PCAPNG_INTERFACES * sizeof(*g->interfaces));
	free(g);
}

const char *pcapng_error(const struct pcapng *g)
{
	return g->error;
}

__attribute__((format(printf, 2, 3))) static int ng_damaged(struct pcapng *g, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(g->error, sizeof(g->error), fmt, ap);
	va_end(ap);
	return -1;
}

static uint16_t ng16(const struct pcapng *g, struct rd *r)
{
	return g->big ? rd_be16(r) : rd_le16(r);
}

static uint32_t ng32(const struct pcapng *g, struct rd *r)
{
	return g->big ? rd_be32(r) : rd_le32(r);
}

static uint64_t ng64(const struct pcapng *g, struct rd *r)
{
	uint64_t first = ng32(g, r), second = ng32(g, r);
	return g->big ? first << 32 | second : second << 32 | first;
}

/* An option of a known length is used; one of another length is passed over, as Wireshark does. */
static void read_interface_options(struct pcapng *g, struct rd *r, struct interface *f)
{
	for (int i = 0; i < OPTIONS_MAX && r->left >= 4; i++) {
		uint16_t kind = ng16(g, r), len = ng16(g, r);
		if (kind == OPTION_END)
			return;
		struct rd v = rd_sub(r, len);
		rd_skip(r, (4u - len % 4u) % 4u);
		if (kind == OPTION_RESOLUTION && len == 1)
			f->resolution = rd_u8(&v);
		else if (kind == OPTION_OFFSET && len == 8)
			f->offset = (int64_t)ng64(g, &v);
	}
}

static int read_section(struct pcapng *g, struct rd r)
{
	rd_skip(&r, 4);
	uint16_t major = ng16(g, &r);
	if (r.bad || major != 1)
		return ng_damaged(g, "a section of pcapng version %u", major);
	g->n_interfaces = 0;
	return 0;
}

static int read_interface(struct pcapng *g, struct rd r)
{
	if (g->n_interfaces == PCAPNG_INTERFACES)
		return ng_damaged(g, "a section with more than %d interfaces", PCAPNG_INTERFACES);
	struct interface *f = &g->interfaces[g->n_interfaces];
	*f = (struct interface){ .resolution = MICROSECONDS };
	f->link = ng16(g, &r);
	rd_skip(&r, 2);
	f->snap = ng32(g, &r);
	if (r.bad)
		return ng_damaged(g, "a short interface block");
	read_interface_options(g, &r, f);
	g->n_interfaces++;
	return 0;
}

static uint64_t power_of_ten(unsigned n)
{
	uint64_t v = 1;
	while (n-- > 0)
		v *= 10;
	return v;
}

/* Units of the interface's resolution to nanoseconds since 1970; what does not fit is the nearest
 * that does. */
static uint64_t ng_time(const struct interface *f, uint64_t units)
{
	unsigned n = f->resolution & 0x7f;
	unsigned __int128 ns;
	if (f->resolution & 0x80)
		ns = n < 128 - 64 ? ((unsigned __int128)units * SEC_NS) >> n : 0;
	else if (n <= NANO)
		ns = (unsigned __int128)units * power_of_ten(NANO - n);
	else
		ns = n - NANO <= 19 ? units / power_of_ten(n - NANO) : 0;
	__int128 all = (__int128)(ns >> 1 > INT64_MAX ? (unsigned __int128)UINT64_MAX : ns) +
		       (__int128)f->offset * SEC_NS;
	return all < 0 ? 0 : all > UINT64_MAX ? UINT64_MAX : (uint64_t)all;
}

/* The captured octets: as many as the block says, within it. */
static int ng_octets(struct pcapng *g, struct rd *r, struct raw_frame *o)
{
	if (o->len > PCAPNG_CAPTURED_MAX)
		return ng_damaged(g, "%u octets of one packet", o->len);
	o->data = rd_take(r, o->len);
	if (r->bad)
		return ng_damaged(g, "a packet of %u octets in a shorter block", o->len);
	if (o->wire_len < o->len)
		o->wire_len = o->len;
	return 1;
}

static int ng_of_interface(struct pcapng *g, uint32_t i, struct raw_frame *o)
{
	if (i >= g->n_interfaces)
		return ng_damaged(g, "a packet of interface %u, of which there are %u", i,
				  g->n_interfaces);
	o->interface = i;
	o->link = g->interfaces[i].link;
	return 1;
}

static int read_packet(struct pcapng *g, uint32_t kind, struct rd r, struct raw_frame *o)
{
	uint32_t i = kind == BLOCK_PACKET ? ng32(g, &r) : ng16(g, &r);
	if (kind == BLOCK_OLD_PACKET)
		rd_skip(&r, 2);
	uint64_t high = ng32(g, &r), low = ng32(g, &r);
	o->len = ng32(g, &r);
	o->wire_len = ng32(g, &r);
	if (r.bad)
		return ng_damaged(g, "a short packet block");
	if (ng_of_interface(g, i, o) < 0)
		return -1;
	o->time_ns = g->last_ns = ng_time(&g->interfaces[i], high << 32 | low);
	return ng_octets(g, &r, o);
}

/* Without a time: that of the packet before, so that no clock goes back for it. */
static int read_simple(struct pcapng *g, struct rd r, struct raw_frame *o)
{
	o->wire_len = ng32(g, &r);
	if (r.bad)
		return ng_damaged(g, "a short packet block");
	if (ng_of_interface(g, 0, o) < 0)
		return -1;
	uint32_t snap = g->interfaces[0].snap;
	o->len = snap && snap < o->wire_len ? snap : o->wire_len;
	o->time_ns = g->last_ns;
	return ng_octets(g, &r, o);
}

/* The header of the next block; 1, 0 at the end, -1. A section's length is in the byte order that
 * its magic says. */
static int read_block_header(struct pcapng *g, uint32_t *kind, uint32_t *len)
{
	size_t have = input_left(g->in, BLOCK_MIN);
	if (have == 0)
		return 0;
	const uint8_t *p = input_peek(g->in, BLOCK_MIN);
	if (!p)
		return ng_damaged(g, "the file ends in the middle of a block");
	struct rd r = rd_init(p, BLOCK_MIN);
	if (pcapng_is(p)) {
		struct rd magic = rd_init(p + 8, 4), other = magic;
		g->big = rd_be32(&magic) == ORDER_MAGIC;
		if (!g->big && rd_le32(&other) != ORDER_MAGIC)
			return ng_damaged(g, "a section without a byte order");
		g->any = true;
	}
	*kind = ng32(g, &r);
	*len = ng32(g, &r);
	if (!g->any)
		return ng_damaged(g, "a block before the first section");
	if (*len < BLOCK_MIN || *len % 4 != 0)
		return ng_damaged(g, "a block of %u octets", *len);
	return 1;
}

static bool is_read(uint32_t kind)
{
	return kind == BLOCK_SECTION || kind == BLOCK_INTERFACE || kind == BLOCK_OLD_PACKET ||
	       kind == BLOCK_SIMPLE || kind == BLOCK_PACKET;
}

/* The body of a whole block in the window; NULL: it is not there, or its end says another length.
 */
static const uint8_t *read_block(struct pcapng *g, uint32_t len)
{
	if (len > PCAPNG_BLOCK_MAX) {
		ng_damaged(g, "a block of %u octets", len);
		return NULL;
	}
	const uint8_t *p = input_peek(g->in, len);
	if (!p) {
		ng_damaged(g, "the file ends in the middle of a block");
		return NULL;
	}
	struct rd end = rd_init(p + len - 4, 4);
	uint32_t again = ng32(g, &end);
	if (again != len) {
		ng_damaged(g, "a block of %u octets that ends as one of %u", len, again);
		return NULL;
	}
	return p + 8;
}

/* 1: a frame; 0: another block; -1. */
static int use_block(struct pcapng *g, uint32_t kind, struct rd r, struct raw_frame *o)
{
	*o = (struct raw_frame){ 0 };
	switch (kind) {
	case BLOCK_SECTION:
		return read_section(g, r);
	case BLOCK_INTERFACE:
		return read_interface(g, r);
	case BLOCK_SIMPLE:
		return read_simple(g, r, o);
	default:
		return read_packet(g, kind, r, o);
	}
}

int pcapng_next(struct pcapng *g, struct raw_frame *o)
{
	uint32_t kind = 0, len = 0;
	int got;
	while ((got = read_block_header(g, &kind, &len)) == 1) {
		if (!is_read(kind)) {
			if (!input_pass(g->in, len))
				return ng_damaged(g, "the file ends in the middle of a block");
			continue;
		}
		const uint8_t *body = read_block(g, len);
		if (!body)
			return -1;
		got = use_block(g, kind, rd_init(body, len - BLOCK_MIN), o);
		/* what was peeked at stays where it is until the next peek */
		input_pass(g->in, len);
		if (got)
			return got;
	}
	return got;
}
