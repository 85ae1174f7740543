/* SPDX-License-Identifier: MIT
 *
 * pcapng files (draft-ietf-opsawg-pcapng) into a buffer of the caller: one section, its
 * interfaces, and packets with a comment. Little-endian, times in nanoseconds. What does not fit
 * sets `cut`, and its block and all behind it are left out, so what is there can be read.
 */
#ifndef ZONED_PACKET_PCAPNG_WRITE_H
#define ZONED_PACKET_PCAPNG_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PCAPNG_LINK_RAW_IP = 101,    /* LINKTYPE_RAW: begins with an IPv4 or IPv6 header */
	PCAPNG_COMMENT_MAX = 0xfffc, /* octets of a text; more of it is left out */
};

struct pcapng_file {
	uint8_t *p;
	size_t room, len;
	bool cut;
};

struct pcapng_packet {
	uint32_t interface; /* number of the interface block, from 0 */
	uint64_t time_ns;   /* since 1970 */
	const uint8_t *data;
	uint32_t len, wire_len;
	const char *comment; /* UTF-8, NULL: none */
};

/* First of all. Either text may be NULL. */
void pcapng_put_section(struct pcapng_file *f, const char *application, const char *comment);
/* name: NULL if it is not known; snap: most octets of a packet that are kept */
void pcapng_put_interface(struct pcapng_file *f, const char *name, uint32_t snap);
void pcapng_put_packet(struct pcapng_file *f, const struct pcapng_packet *k);

#endif
