/* SPDX-License-Identifier: MIT
 * Modbus in the policy image, and its decision. */
#ifndef ZONED_PROTO_MODBUS_POLICY_H
#define ZONED_PROTO_MODBUS_POLICY_H

#include "policy/policy.h"
#include "proto/modbus/wire.h"

struct pol_mb_rule {
	struct pol_rule at;
	uint8_t functions[32];
	struct pol_rset units, addresses, write_addresses, quantity, values, subfunctions, mei,
		files;
};

struct pol_mb_head {	   /* of a whole Modbus policy */
	uint32_t tolerate; /* enum mb_tolerance bits */
};

struct decision {
	enum reason reason; /* R_NONE: permitted */
	uint16_t rule;	    /* the rule that permitted, or came nearest; 0xffff: none */
	bool has_value;
	uint16_t value; /* the value that offended, or the first written one */
};

/* Judge one well-formed request. Rate limits are not judged here. When every
 * rule refuses, the reason is of the rule that came furthest in the order
 * function, unit, sub-function/MEI/file, address, write address, quantity, value. */
struct decision policy_modbus(const struct pol_image *img, const struct pol_flow *f,
			      const struct mb_msg *m);

/* Everything of the request that one rule refuses, in the order above; value: the first that does
 * not fit. */
enum { POL_MB_STEPS = 9 };
struct mb_lacks {
	unsigned n;
	enum reason why[POL_MB_STEPS];
	uint16_t value;
};
struct mb_lacks policy_modbus_lacks(const struct pol_image *img, uint32_t rule,
				    const struct mb_msg *m);

#endif
