/* SPDX-License-Identifier: MIT
 * The facts of a DNP3 message in an event. */
#ifndef ZONED_PROTO_DNP3_FACTS_H
#define ZONED_PROTO_DNP3_FACTS_H

#include "record/event.h"

enum {
	EVD_APP = 1,
	EVD_OBJECT = 2,
	EVD_POINTS = 4,
	EVD_CONTROL = 8,
	EVD_VALUE = 16,
	EVD_OTHER = 32
};

struct EVENT_FACTS_OF ev_dnp3 {
	uint16_t src, dst; /* link addresses */
	uint16_t other;	   /* the station whose response the frame came between */
	uint8_t link, prm; /* function of the frame; it is a primary's */
	uint8_t has;	   /* EVD_* bits: which of the others are set */
	uint8_t func, seq;
	uint16_t iin;	    /* of responses; first octet high */
	uint8_t group, var; /* of the object that offended, or the first */
	uint8_t op, code, count;
	uint32_t start, stop, on_time, off_time;
	double value;
};

EVENT_FACTS_FIT(struct ev_dnp3);

/* Those of an event whose proto this is. */
#define EV_DNP3(ev) ((struct ev_dnp3 *)(void *)(ev)->facts)

#endif
