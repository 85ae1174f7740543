/* SPDX-License-Identifier: MIT
 * What the data path keeps of one DNP3 connection. */
#ifndef ZONED_INSPECT_DNP3_H
#define ZONED_INSPECT_DNP3_H

#include "dissect/dnp3.h"

enum {
	DNP_ASKED_MAX = 16,	/* requests and fragments that may be answered; the oldest makes room */
};

/* Something sent that the other end may answer: a request (by a response of its sequence
 * number), a fragment that asks for a confirmation (by that). */
struct dnp_asked {
	uint64_t at_ns;		/* 0: none */
	uint16_t src, dst;	/* who asked, and whom */
	uint8_t seq;
	bool uns;
};

struct dnp_selected {
	uint64_t at_ns, sum;	/* keyed sum of the objects */
	uint16_t src, dst;
	uint8_t seq;
	bool known, granted;	/* asked for; and the outstation agreed */
};

struct dnp_state {
	struct dnp_asked requests[DNP_ASKED_MAX], confirms[DNP_ASKED_MAX];
	struct dnp_selected select;
	bool authenticated;	/* the outstation reported good session keys */
	struct dnp_series in[2];	/* by direction; last: large */
};

#endif
