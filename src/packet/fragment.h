/* SPDX-License-Identifier: MIT
 *
 * IP fragments put together as the kernel's connection tracking does before the gate sees a packet
 * (Linux 4.20 and later; tests/netns/fragments.sh compares the two). Of two fragments the kernel
 *
 *   ignores one that lies wholly within what is there, whatever its octets are,
 *   drops all of the packet where one overlaps another in part, or reaches behind the last one's
 *   end (IPv6: of these last only the fragment),
 *   forgets what is unfinished after 30 seconds (IPv6: 60), or after 64 other fragments of the
 *   same sender (IPv4), and takes no new packet where its memory is full.
 *
 * Time is the capture's.
 */
#ifndef ZONED_PACKET_FRAGMENT_H
#define ZONED_PACKET_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "packet/capture.h"

enum {
	FRAGMENT_PACKETS = 256, /* unfinished at a time; the kernel has 4 MB of memory for them */
	FRAGMENT_RUNS = 1024,	/* pieces with holes between them, of one packet */
	FRAGMENT_HEADER_MAX = 512, /* IPv6 headers before the fragment header */
	FRAGMENT_DISTANCE = 64	   /* net.ipv4.ipfrag_max_dist */
};

struct fragments;

struct fragment {
	struct addr src, dst;
	uint32_t id;
	uint8_t protocol; /* of the first one it is what the packet gets */
	uint8_t ecn;	  /* the two bits */
	bool more;
	uint32_t offset;
	const uint8_t
		*header; /* what comes before the fragment's octets, without a fragment header */
	size_t header_len;
	size_t next_at; /* IPv6: of the header field that has protocol instead of 44 */
	const uint8_t *data;
	size_t len;
	uint64_t frames, octets; /* that it came in: for the counts */
};

struct whole_packet {
	uint8_t *ip;
	size_t len;
	uint64_t frames, octets; /* that it came in */
};

struct fragments *fragments_new(void); /* NULL: out of memory */
void fragments_free(struct fragments *t);
/* CAPTURE_READ: *out is the packet, until fragments_release(); CAPTURE_FRAGMENT_KEPT; or why this
 * one is dropped. What is dropped with it is counted in fragments_lost(). */
enum capture_unread fragments_add(struct fragments *t, const struct fragment *f, uint64_t now_ns,
				  struct whole_packet *out);
/* Before each frame: what was delivered is not used any more. */
void fragments_release(struct fragments *t);
/* Adds to out->unread what was dropped of kept ones, and what still waits. */
void fragments_lost(const struct fragments *t, struct capture_counts *out);

#endif
