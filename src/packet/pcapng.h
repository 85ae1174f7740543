/* SPDX-License-Identifier: MIT
 *
 * pcapng files, by a reader of our own (draft-ietf-opsawg-pcapng).
 *
 * libpcap 1.10 has one link type and one snap length for a file: where a second interface differs
 * it refuses, even if that has no packet, and it says of no packet which interface it came from.
 * Wireshark's library reads all of it, but its interface changes with each release and it is larger
 * than zoned. What is needed of the format is small: five kinds of block, of which all others are
 * passed over by their length. The reader is fuzzed (tests/fuzz/fuzz-capture.c).
 *
 *   block      type(4) length(4) body ... length(4)         all in the byte order of their section
 *   section    0x0a0d0d0a  order magic(4) major(2) minor(2) section length(8) options
 *   interface  1           link type(2) -(2) snap length(4) options: resolution (9), offset (14)
 *   packet     6           interface(4) time(8: high, low) captured(4) on the wire(4) octets
 *   simple     3           on the wire(4) octets            interface 0, no time
 *   packet     2, old      interface(2) drops(2) time(8) captured(4) on the wire(4) octets
 */
#ifndef ZONED_PACKET_PCAPNG_H
#define ZONED_PACKET_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>

#include "packet/input.h"
#include "packet/raw_frame.h"

enum {
	PCAPNG_INTERFACES = 4096,   /* of one section */
	PCAPNG_BLOCK_MAX = 1 << 19, /* octets of a block that is read; others may have any length */
	PCAPNG_CAPTURED_MAX = 1 << 18 /* octets captured of a frame, as in libpcap and Wireshark */
};

struct pcapng;

/* Is this the beginning of such a file? 4 octets. */
bool pcapng_is(const uint8_t *p);
struct pcapng *pcapng_open(struct input *in); /* NULL: out of memory */
void pcapng_close(struct pcapng *g);	      /* NULL is fine */
/* 1: a frame; 0: end; -1: damaged, pcapng_error() */
int pcapng_next(struct pcapng *g, struct raw_frame *f);
const char *pcapng_error(const struct pcapng *g);

#endif
