/* SPDX-License-Identifier: MIT
 *
 * From a frame to the packet that the gate would have seen: headers are taken off one after
 * another, at most CAPTURE_LAYERS of them. Each reader takes its header off and names what comes
 * next.
 *
 *   link.c     Ethernet (IEEE 802.3), VLAN and other tags, LLC/SNAP, HSR and PRP (IEC 62439-3),
 *              Linux cooked, PPP, PPPoE, HDLC, MPLS
 *   tunnel.c   IP and what travels in it: IP, GRE (RFC 2784, 2890, 2637), ERSPAN, VXLAN (RFC 7348),
 *              GENEVE (RFC 8926), TZSP
 */
#ifndef ZONED_PACKET_UNWRAP_H
#define ZONED_PACKET_UNWRAP_H

#include "base/rd.h"
#include "packet/capture.h"
#include "packet/fragment.h"
#include "packet/raw_frame.h"

enum layer {
	LAYER_DONE, /* ip is there, or why says why not */
	LAYER_ETHERNET,
	LAYER_TYPE, /* by walk.number, an EtherType */
	LAYER_LLC,
	LAYER_VLAN,
	LAYER_HSR,
	LAYER_ETAG,
	LAYER_VNTAG,
	LAYER_PPPOE,
	LAYER_PPP,
	LAYER_HDLC,
	LAYER_COOKED,
	LAYER_COOKED2,
	LAYER_MPLS,
	LAYER_IP,
	LAYER_GRE,
	LAYER_ERSPAN2,
	LAYER_ERSPAN3,
	LAYER_VXLAN,
	LAYER_GENEVE,
	LAYER_TZSP,
	LAYER_N
};

/* What the readers have before them. */
struct walk {
	struct rd r; /* what is left of the frame or packet */
	size_t cut;  /* octets that were on the wire behind it */
	struct frame *f;
	struct fragments *fragments;
	bool unknown; /* what number, of space, is */
	enum capture_space space;
	uint16_t number;
	uint64_t now_ns;
	uint64_t frames, octets; /* that r came in, more than one frame where it was in fragments */
	uint8_t tunnels;	 /* that the packet is in */
	bool assembled;		 /* the packet that r begins with was put together */
	bool unsized;		 /* the packet's own length is zero: f->len is what the frame had */
	bool numbered;		 /* HSR or PRP: */
	uint16_t sequence;
	uint32_t path; /* by which way the frame came: interface, tags, which of two networks */
};

/* Take everything off a frame: fills in w and its frame from macs on. */
void unwrap(struct walk *w, const struct raw_frame *raw, struct fragments *fragments,
	    struct frame *f);
/* Is this link type known? */
bool unwrap_knows(uint16_t link);

/* A reader's way to give up. */
enum layer walk_ends(struct walk *w, enum capture_unread why);
enum layer walk_unknown(struct walk *w, enum capture_space space, uint16_t number);

/* Readers of tunnel.c. */
enum layer tunnel_ip(struct walk *w);
enum layer tunnel_gre(struct walk *w);
enum layer tunnel_erspan2(struct walk *w);
enum layer tunnel_erspan3(struct walk *w);
enum layer tunnel_vxlan(struct walk *w);
enum layer tunnel_geneve(struct walk *w);
enum layer tunnel_tzsp(struct walk *w);

/* Does a number that is not followed belong to something known that has no IP in it? Its name. */
const char *known_number(enum capture_space space, uint16_t number);

#endif
