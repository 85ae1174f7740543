/* SPDX-License-Identifier: MIT
 *
 * L3 and L4 facts of one packet (RFC 791, 8200, 9293, 768). Pure parsing of
 * one buffer; checksums are checked unless the source says they cannot be.
 */
#ifndef ZONED_PACKET_PACKET_H
#define ZONED_PACKET_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "record/reason.h"

/* Hops that a packet of an inspected connection must have left behind the gate. One with fewer may
 * not reach the other end, and the gate would take for read what nobody has. */
enum { PACKET_HOPS_MIN = 8 };

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

struct packet {
	/* from the IP header to the end by its own length field */
	const uint8_t *ip;
	size_t ip_len;
	struct addr src, dst;
	uint8_t l4;	 /* IPPROTO_*; of the last header */
	bool fragment;	 /* any IP fragment but a whole packet */
	bool options;	 /* IPv4 options or IPv6 extension headers present */
	bool reserved;	 /* the flag of the IPv4 header that must be zero */
	bool no_sum;	 /* a UDP datagram without a checksum (IPv4) */
	uint8_t hops;	 /* time to live, hop limit */
	uint16_t l4_off; /* offset of the L4 header from ip */
	/* TCP or UDP, and these were in it: in the first fragment only */
	bool has_ports;
	uint16_t sport, dport;
	uint32_t seq, ack; /* TCP */
	uint8_t flags;	   /* TCP_* */
	uint16_t window, urg;
	uint16_t opt_off, opt_len; /* TCP options, offset from ip */
	uint16_t data_off;	   /* payload offset from ip */
	const uint8_t *data;
	size_t len; /* payload */
};

/* R_NONE or R_BAD_SEGMENT. check_sum: verify IPv4, TCP and UDP checksums. */
enum reason packet_parse(const uint8_t *ip, size_t n, bool check_sum, struct packet *out);
/* Does every router and receiver treat this packet's IP header alike? R_NONE, or why not:
 * options and extension headers can ask to be discarded, and many stacks and routers do so
 * unasked; and whoever sets the last hop decides who reads it. */
enum reason packet_arrives(const struct packet *o);
/* Addresses and ports of a packet that was cut short (a log's copy): what is
 * there is filled, the rest stays zero. False: not even an IP header. */
bool packet_ends(const uint8_t *ip, size_t n, struct packet *out);
/* Is the checksum of an IPv4 header right? n octets, at least 20. */
bool packet_header_sum_fits(const uint8_t *ip, size_t n);
/* Recompute it; of anything else nothing changes. */
void packet_header_checksum(uint8_t *ip, size_t n);
/* Recompute IPv4 header and TCP/UDP checksums of a packet that was rewritten in place. */
void packet_checksum(uint8_t *ip, size_t n);
/* The sum over pseudo header (ICMP of IPv4 has none) and what is behind off: 0 when the checksum in
 * it is right, the checksum when that is 0. */
uint16_t packet_l4_sum(const uint8_t *ip, size_t ip_len, size_t off, uint8_t l4);

#endif
