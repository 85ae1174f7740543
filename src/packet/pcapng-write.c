/* SPDX-License-Identifier: MIT
 * pcapng files: blocks at the end of a buffer. */
#include "packet/pcapng-write.h"

#include <string.h>

enum {
	SECTION = 0x0a0d0d0a,
	INTERFACE = 1,
	ENHANCED_PACKET = 6,
	ORDER = 0x1a2b3c4d,
	END_OF_OPTIONS = 0,
	COMMENT = 1,
	INTERFACE_NAME = 2,
	APPLICATION = 4,
	RESOLUTION = 9,
	NANOSECONDS = 9
};

static void put_octets(struct pcapng_file *f, const void *p, size_t n)
{
	static const uint8_t zero[4];
	size_t more = (4 - n % 4) % 4;
	if (f->cut || f->room - f->len < n + more) {
		f->cut = true;
		return;
	}
	if (n)
		memcpy(f->p + f->len, p, n);
	memcpy(f->p + f->len + n, zero, more);
	f->len += n + more;
}

static void put_le32(struct pcapng_file *f, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
			       (uint8_t)(v >> 24) };
	put_octets(f, b, sizeof(b));
}

static void put_option(struct pcapng_file *f, uint16_t kind, const void *p, size_t n)
{
	put_le32(f, (uint32_t)n << 16 | kind);
	put_octets(f, p, n);
}

/* A text that is too long ends before the character that does not fit. */
static void put_text(struct pcapng_file *f, uint16_t kind, const char *s)
{
	size_t n = s ? strlen(s) : 0;
	if (n > PCAPNG_COMMENT_MAX) {
		n = PCAPNG_COMMENT_MAX;
		while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	}
	if (n)
		put_option(f, kind, s, n);
}

/* Where the block begins; its length is written by end_block(). */
static size_t begin_block(struct pcapng_file *f, uint32_t kind)
{
	size_t at = f->len;
	put_le32(f, kind);
	put_le32(f, 0);
	return at;
}

static void end_block(struct pcapng_file *f, size_t at)
{
	put_le32(f, END_OF_OPTIONS);
	uint32_t size = (uint32_t)(f->len + 4 - at);
	put_le32(f, size);
	if (f->cut) {
		f->len = at;
		return;
	}
	struct pcapng_file length = { .p = f->p + at + 4, .room = 4 };
	put_le32(&length, size);
}

void pcapng_put_section(struct pcapng_file *f, const char *application, const char *comment)
{
	size_t at = begin_block(f, SECTION);
	put_le32(f, ORDER);
	put_le32(f, 1); /* version 1.0 */
	put_le32(f, UINT32_MAX);
	put_le32(f, UINT32_MAX); /* a section of unknown length: up to the end */
	put_text(f, APPLICATION, application);
	put_text(f, COMMENT, comment);
	end_block(f, at);
}

void pcapng_put_interface(struct pcapng_file *f, const char *name, uint32_t snap)
{
	const uint8_t resolution = NANOSECONDS;
	size_t at = begin_block(f, INTERFACE);
	put_le32(f, PCAPNG_LINK_RAW_IP);
	put_le32(f, snap);
	put_text(f, INTERFACE_NAME, name);
	put_option(f, RESOLUTION, &resolution, sizeof(resolution));
	end_block(f, at);
}

void pcapng_put_packet(struct pcapng_file *f, const struct pcapng_packet *k)
{
	size_t at = begin_block(f, ENHANCED_PACKET);
	put_le32(f, k->interface);
	put_le32(f, (uint32_t)(k->time_ns >> 32));
	put_le32(f, (uint32_t)k->time_ns);
	put_le32(f, k->len);
	put_le32(f, k->wire_len > k->len ? k->wire_len : k->len);
	put_octets(f, k->data, k->len);
	put_text(f, COMMENT, k->comment);
	end_block(f, at);
}
