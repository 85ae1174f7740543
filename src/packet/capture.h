/* SPDX-License-Identifier: MIT
 *
 * Packet source: capture files, and interfaces. What a mirror port, a card with offloads or a
 * capture appliance wrote is brought to the IP packets that the gate would have seen:
 * encapsulations and tunnels are taken off, fragments put together as the kernel's connection
 * tracking does, copies of a frame that redundant rings and mirrors make are told. What is not read
 * is counted, with why.
 *
 *   file  -> input      plain, gzip, zstd; "-" is standard input
 *         -> savefile   pcap, by libpcap; or pcapng, by our own reader (pcapng.h says why)
 *   interface             by libpcap (live.h)
 *   frame -> unwrap     link layer, tags, tunnels -> IP
 *         -> fragment   IP fragments -> packet
 *         -> repeat     is this the second sight of one datagram?
 *
 * All memory is taken when it is opened and none per packet.
 */
#ifndef ZONED_PACKET_CAPTURE_H
#define ZONED_PACKET_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CAPTURE_VLANS = 4,   /* VLAN ids kept of a frame; more tags are read, not kept */
	CAPTURE_KINDS = 64,  /* numbers counted apart (struct capture_kind) */
	CAPTURE_LAYERS = 32, /* headers taken off one frame at most; a label or tag is one, too */
	CAPTURE_ERROR = 300, /* room for an error text */
};

/* Why a frame gave no packet to judge. The names are capture_unread_name()'s. */
enum capture_unread {
	CAPTURE_READ,	       /* it gave one */
	CAPTURE_NOT_IP,	       /* known, and never has IP in it: ARP, LLDP, GOOSE ... */
	CAPTURE_FRAGMENT_KEPT, /* waits for the others; counted below if they never come */
	CAPTURE_COPY,	       /* one frame or datagram seen again (repeat.h) */
	CAPTURE_FILTERED,      /* capture_filter() did not want it */
	CAPTURE_LINK_TYPE,     /* link type of the interface is not known */
	CAPTURE_ENCAPSULATION, /* EtherType, protocol of a tunnel ... is not known */
	CAPTURE_LAYERS_MAX,    /* more than CAPTURE_LAYERS headers */
	CAPTURE_CUT,	       /* by the snap length; ip may be there, and partial set */
	CAPTURE_MALFORMED,     /* shorter than its own headers say, and not by the snap length */
	CAPTURE_FRAGMENT_INCOMPLETE, /* the others were not there at the end of the capture */
	CAPTURE_FRAGMENT_TIMEOUT,    /* ... in the kernel's time */
	CAPTURE_FRAGMENT_OVERLAP,    /* overlap, or another end: the kernel drops them all */
	CAPTURE_FRAGMENT_BAD,	     /* no place in a packet: too long, empty, marked for congestion
					and not capable of it */
	CAPTURE_FRAGMENT_ROOM,	     /* too many unfinished packets at a time */
	CAPTURE_UNREAD_N
};

struct frame {
	uint32_t number;  /* 1-based, as Wireshark counts; of fragments the last one's */
	uint64_t time_ns; /* since 1970 */

	/* As it is in the file: for a filter, and as evidence. */
	uint16_t link;	       /* LINKTYPE_*, as in a file; capture_dlt() for libpcap */
	uint32_t interface;    /* of a pcapng section, from 0; pcap: 0 */
	const uint8_t *raw;    /* raw_len octets */
	uint32_t raw_len;      /* captured */
	uint32_t raw_wire_len; /* on the wire */

	/* Of the innermost Ethernet or cooked header. */
	const uint8_t *src_mac, *dst_mac; /* 6 octets; NULL: has none */
	uint16_t vlan[CAPTURE_VLANS];	  /* ids, outermost first */
	uint8_t n_vlans;

	/* The innermost packet; NULL: why says. With CAPTURE_CUT ip is what there is of it. */
	const uint8_t *ip;
	size_t len;
	bool partial;		 /* the packet was longer than what was captured of it */
	uint32_t fragments;	 /* put together of so many frames; 0: came whole */
	enum capture_unread why; /* CAPTURE_READ where ip is a whole packet */
};

/* Of what number frames were that gave nothing. */
enum capture_space {
	SPACE_LINK_TYPE,
	SPACE_ETHERTYPE,
	SPACE_IP_PROTOCOL,
	SPACE_PPP,
	SPACE_LLC_SAP
};

struct capture_kind {
	enum capture_unread why; /* CAPTURE_NOT_IP, CAPTURE_LINK_TYPE or CAPTURE_ENCAPSULATION */
	enum capture_space space;
	uint16_t number;
	uint64_t frames, octets;
};

struct capture_counts {
	uint64_t frames, octets; /* read from the file; octets as on the wire */
	uint64_t frames_read;	 /* that gave a packet, or a part of one that was delivered */
	uint64_t packets;	 /* delivered whole */
	uint64_t assembled;	 /* of these, from fragments */
	/* frames is frames_read and all of these together; [CAPTURE_READ] and
	 * [CAPTURE_FRAGMENT_KEPT] stay zero. */
	struct {
		uint64_t frames, octets;
	} unread[CAPTURE_UNREAD_N]; /* by why */
	/* Most frequent first. */
	struct capture_kind kinds[CAPTURE_KINDS];
	unsigned n_kinds;
	uint64_t other_kinds; /* frames of numbers for which there was no place */
};

struct capture;

/* Open a file for reading; "-" is standard input. NULL: err says why (without the path). */
struct capture *capture_open(const char *path, char *err, size_t err_len);
void capture_close(struct capture *c); /* NULL is fine */

/* The same from an interface (live.h): capture_next() does not wait, and 0 means that there is
 * nothing now. NULL: err says why (without the interface's name). */
struct live_conf;
struct live;
struct capture *capture_live(const struct live_conf *conf, char *err, size_t err_len);
/* Its descriptor and counts; NULL: it is of a file. */
struct live *capture_live_source(const struct capture *c);

/* Deliver only frames for which a pcap-filter(7) expression is true. It is asked of each frame as
 * it is in the file: before tunnels are taken off and fragments put together. Other link types of
 * the same file get the expression compiled for them when their first frame comes. False: err has
 * libpcap's words for what is wrong with it. */
bool capture_filter(struct capture *c, const char *expression, char *err, size_t err_len);

/* 1: a frame, valid until the next call; 0: end; -1: the file is damaged here, capture_error()
 * says in which frame. Whatever came before the damage was delivered. A send that was larger than
 * an IP packet can be comes as several frames with one number. */
int capture_next(struct capture *c, struct frame *f);
const char *capture_error(const struct capture *c);

/* Totals so far. Fragments that still wait count as incomplete. */
void capture_counts(const struct capture *c, struct capture_counts *out);

/* "no such link type", "cut by the snap length" ...: for a sentence. */
const char *capture_unread_text(enum capture_unread why);
/* "link-type", "snap-length" ...: for JSON. */
const char *capture_unread_name(enum capture_unread why);
/* Does this mean that something may have been in it that was not judged? Not so of frames without
 * IP, copies, fragments that wait, and what a filter left out. */
bool capture_unread_is_loss(enum capture_unread why);
/* "EtherType 0x88b8 (GOOSE)", "link type 105 (IEEE802_11)". out. */
enum { CAPTURE_KIND_TEXT = 64 };
const char *capture_kind_text(const struct capture_kind *k, char out[CAPTURE_KIND_TEXT]);
/* libpcap's number of a link type, as pcap_open_dead() takes it. */
int capture_dlt(uint16_t link);

#endif
