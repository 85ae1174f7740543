/* SPDX-License-Identifier: MIT
 *
 * What the data path keeps of one DNP3 connection, and what it asks of it.
 * Tolerances for what real stations do, all within DNP_WAIT_NS:
 *
 *  - a response may be repeated, and may come late, until a request of its
 *    sequence number goes to the same station again;
 *  - fragments after the first continue the numbers (clause 4), and so on;
 *  - a confirmation may come twice, and late;
 *
 * Not tolerated, since stations differ (tests/evasion/ASSUMPTIONS, dnp3-select-* and
 * dnp3-outstanding): a select is used up by the operate that follows it, and lives as
 * long as the policy says; anything but confirmations that goes on between the two undoes
 * it (clause 4). An outstation has only so many unanswered requests as the policy says, each
 * for DNP_BUSY_NS: then its master takes it for lost.
 */
#ifndef ZONED_INSPECT_DNP3_H
#define ZONED_INSPECT_DNP3_H

#include "dissect/dnp3.h"

enum {
	DNP_ASKED_MAX = 32,	/* requests, and fragments to confirm; the oldest makes room */
	DNP_PAIRS_MAX = 16,	/* stations behind one connection whose selects are kept; the same */
};

#define DNP_WAIT_NS (60 * UINT64_C(1000000000))
#define DNP_BUSY_NS UINT64_C(1000000000)

/* Something sent that the other end may answer: a request (by a response of its sequence
 * number), a fragment that asks for a confirmation (by that). */
struct dnp_asked {
	uint64_t at_ns;		/* 0: none */
	uint16_t src, dst;	/* who asked, and whom */
	uint8_t seq;
	bool uns;
	bool answered;		/* of a request: at least once */
};

/* A master and an outstation. */
struct dnp_pair {
	uint64_t at_ns;		/* last used; 0: none */
	uint64_t selected_ns;	/* 0: nothing */
	uint64_t sum;		/* of the objects selected, keyed */
	uint16_t master, outstation;
	uint8_t seq;		/* of the select */
	bool granted;		/* the outstation repeated the objects: it agreed */
	bool authenticated;	/* it reported good session keys */
};

struct dnp_state {
	struct dnp_asked requests[DNP_ASKED_MAX], confirms[DNP_ASKED_MAX];
	struct dnp_pair pairs[DNP_PAIRS_MAX];
	struct dnp_series in[2];	/* by direction; last: large */
};

void dnp_ask(struct dnp_asked v[DNP_ASKED_MAX], const struct dnp_asked *what);
/* What was asked, by `dst` of `src`, not too long ago, and m answers; NULL: nothing. */
struct dnp_asked *dnp_asked_by(struct dnp_asked v[DNP_ASKED_MAX], const struct dnp_msg *m, uint64_t now);
/* A request that its outstation may still be at. */
bool dnp_waits(const struct dnp_asked *request, uint64_t now);
/* How many of them src has sent to dst. */
unsigned dnp_outstanding(const struct dnp_asked v[DNP_ASKED_MAX], uint16_t src, uint16_t dst, uint64_t now);
/* Never NULL; a new one is empty. */
struct dnp_pair *dnp_pair(struct dnp_state *s, uint16_t master, uint16_t outstation, uint64_t now);

#endif
