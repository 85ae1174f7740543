/* SPDX-License-Identifier: MIT
 *
 * A packet that was not forwarded by the gate but seen on a wire: in a capture, or by a tap. Of
 * what a mirror delivers a gateway would not have forwarded all, and the engine cannot judge all.
 */
#ifndef ZONED_RECORDING_RECORDED_H
#define ZONED_RECORDING_RECORDED_H

#include "packet/capture.h"
#include "packet/packet.h"
#include "inspect/inspect.h"
#include "recording/uninspected.h"

enum recorded {
	RECORDED_WHOLE,	    /* the engine can judge it */
	RECORDED_NOT_TCP,   /* neither TCP nor UDP */
	RECORDED_MALFORMED, /* headers that make no sense */
	RECORDED_CUT,	    /* by the snap length */
	RECORDED_FRAGMENT,
	RECORDED_KINDS
};

/* Of a frame with a packet, whose facts go to p as far as they are there. */
enum recorded recorded_kind(const struct frame *f, struct packet *p);
/* Would no gateway forward it? What comes in a frame to a group neither (RFC 1812, 5.3.4). */
bool recorded_stays_on_link(const struct frame *f, const struct packet *p);
/* Those of the frame, as far as it has any. */
struct link_macs recorded_macs(const struct frame *f);
/* The protocol of the inspected flow whose connection it would belong to, whichever end opened it;
 * PROTO_NONE: no inspector would see it. */
uint8_t recorded_proto(const struct pol_image *img, const struct packet *p);
/* What the rules refused of it, as an event with the verdict of the site's mode. False: no
 * addresses are in the packet. */
bool recorded_refusal(const struct pol_image *img, const struct inspect_pkt *p,
		      const struct uninspected_answer *refused, struct event *ev);

#endif
