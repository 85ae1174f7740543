/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104 in the policy image, and its decision. */
#ifndef ZONED_PROTO_IEC104_POLICY_H
#define ZONED_PROTO_IEC104_POLICY_H

#include "policy/policy.h"
#include "proto/iec104/wire-limits.h"
#include "proto/iec104/wire-objects.h"

enum { POL_IEC_SPANS_MAX = 8 };

struct pol_iec104_spans {
	double v[POL_IEC_SPANS_MAX][2];
	uint8_t n;
	uint8_t any; /* 0 or 1: every finite number */
};

struct pol_iec104_rule {
	struct pol_rule at;
	struct pol_iec104_spans spans[IEC_SPANS];
	struct pol_rset ranges[IEC_RANGES];
	struct iec_limits limits;
};

struct pol_iec104_head {	       /* the first: 0 or 1 each */
	uint8_t server_is_controlling; /* the side that listens sends the commands */
	uint8_t first_number_one;      /* tolerated: the controlled station's first N(S) is 1 */
	uint8_t monitor_listed;	       /* what the controlled station reports must be in a rule */
	/* I frames that one end may have unacknowledged, 1 to IEC_K_MAX */
	uint16_t k;
	/* seconds from a select to its execute, 1 to IEC_SELECT_MAX */
	uint16_t select_timeout;
	uint8_t started_masters;  /* 1 to IEC_MASTERS_MAX may be started at a time, */
	uint8_t redundancy_group; /* 1 to IEC_GROUP_MAX: of those with this number */
};

/* The policy's decision on an ASDU, with the object that it is about: the one that offended, or
 * the first. */
struct iec_decision {
	enum reason reason;
	uint16_t rule; /* the rule that permitted, or came nearest; 0xffff: none */
	/* It passes only where the same object was selected just before, with the same value and
	 * qualifier: an execute, or a deactivation that says execute, under rules that all require
	 * it. The gate keeps the selects. */
	bool select_first;
	bool has_object;
	struct iec_object object;
};

/* An ASDU of the controlling station that iec104_asdu() found good. A select is judged as its
 * execute, and a deactivation as what it ends, since there are stations that execute both. When
 * every rule refuses, the reason is of the rule that came furthest in the order type, cause, test
 * bit, common address, originator, object address, qualifier, value. Without an ASDU (S and U
 * frames): R_NONE. */
struct iec_decision policy_iec104(const struct pol_image *img, const struct pol_flow *f,
				  const struct iec_msg *m);

/* An ASDU of the controlled station. Reports pass (where monitor_listed is set: those that a rule
 * has); answers where a rule permits that type to this common and object address. */
struct iec_decision policy_iec104_answer(const struct pol_image *img, const struct pol_flow *f,
					 const struct iec_msg *m);

/* Everything of such an ASDU that one rule refuses, in the order above, and the first object that
 * offends. */
enum { POL_IEC_STEPS = 11 };
struct iec_lacks {
	unsigned n;
	struct iec_decision v[POL_IEC_STEPS];
};
struct iec_lacks policy_iec104_lacks(const struct pol_image *img, uint32_t rule,
				     const struct iec_asdu *a);

/* Does an ASDU of the controlling station change anything (max_writes_per_second)? */
bool policy_iec104_writes(const struct iec_asdu *a);

#endif
