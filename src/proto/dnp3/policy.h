/* SPDX-License-Identifier: MIT
 * DNP3 in the policy image, and its judgement. */
#ifndef ZONED_PROTO_DNP3_POLICY_H
#define ZONED_PROTO_DNP3_POLICY_H

#include "proto/dnp3/wire-objects.h"
#include "policy/policy.h"

enum { POL_DNP_SPANS_MAX = 8 };

struct pol_dnp_rule {
	struct pol_rule at;
	uint8_t functions[32];
	uint8_t writes;			/* enum dnp_write: writes that do only this */
	uint8_t operations, trip_close; /* bits by number */
	uint8_t any_operation, any_trip_close, any_analog; /* 0 or 1 */
	uint8_t n_analog;
	struct pol_rset masters, outstations, objects, points, count, on_time, off_time;
	double analog[POL_DNP_SPANS_MAX][2];
};

struct pol_dnp_head { /* the first: 0 or 1 each */
	uint8_t server_is_master, select_before_operate, unsolicited, broadcast,
		secure_authentication, unwalkable;
	uint8_t confirmed_requests, interleaved_responses;
	/* seconds from a select to its operate, 1 to DNP_SELECT_MAX */
	uint8_t select_timeout;
	/* unanswered requests of one outstation, 1 to DNP_OUTSTANDING_MAX */
	uint8_t outstanding;
	uint16_t max_fragment; /* octets; at most DNP_FRAGMENT_MAX */
};

/* Decision of the policy on a request, and the object that it is about: the refused one, or the
 * first. */
struct dnp_decision {
	enum reason reason;
	uint16_t rule; /* as in struct decision */
	bool has_head, has_point, has_control, has_value;
	struct dnp_head head;
	uint32_t point;
	struct dnp_control control;
	double value;
};

/* May these two speak at all? R_NONE, R_DNP_ADDRESS, R_DNP_BROADCAST. */
enum reason policy_dnp3_pair(const struct pol_image *img, const struct pol_flow *f, uint16_t master,
			     uint16_t outstation);
/* A request whose walk ended in m->walk. When every rule refuses, the reason is of the rule
 * that came furthest in the order function, addresses, objects, points, control, value. */
struct dnp_decision policy_dnp3(const struct pol_image *img, const struct pol_flow *f,
				const struct dnp_msg *m);

/* Everything of the request that one rule refuses, in the order above, and what it is about. */
enum { POL_DNP_STEPS = 6 };
struct dnp_lacks {
	unsigned n;
	struct dnp_decision v[POL_DNP_STEPS];
};
struct dnp_lacks policy_dnp3_lacks(const struct pol_image *img, uint32_t rule,
				   const struct dnp_msg *m);

#endif
