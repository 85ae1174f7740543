/* SPDX-License-Identifier: MIT
 * Modbus in the policy image, and its decision. */
#ifndef ZONED_PROTO_MODBUS_POLICY_H
#define ZONED_PROTO_MODBUS_POLICY_H

#include "policy/policy.h"
#include "proto/modbus/wire-typed.h"
#include "proto/modbus/wire.h"

struct pol_mb_rule {
	struct pol_rule at;
	uint8_t functions[32];
	struct pol_rset units, addresses, write_addresses, quantity, values, subfunctions, mei,
		files;
	/* Items: every register is in one of them, in their order. None: the entry writes no
	 * registers. n_types: those that are not MB_REGISTER; 0: `values` is all there is to
	 * compare
	 */
	uint32_t typed0, n_typed, n_types;
};

/* Registers of one type, an item: from lo on each mb_type_registers() are a value. Of MB_REGISTER
 * keys are `values` of the rule. */
struct pol_mb_typed {
	uint16_t lo, hi;
	uint8_t type, order; /* enum mb_type, mb_word_order */
	int8_t scale_exponent;
	char unit[MB_VALUE_UNIT]; /* empty: none */
	uint32_t scale_digits;
	struct pol_rset keys; /* that are permitted */
};

struct pol_mb_head {	   /* of a whole Modbus policy */
	uint32_t tolerate; /* enum mb_tolerance bits */
};

struct decision {
	enum reason reason; /* R_NONE: permitted */
	uint16_t rule;	    /* the rule that permitted, or came nearest; 0xffff: none */
	bool has_value;
	uint16_t value; /* the value that offended, or the first written one */
	/* The same where it is typed: its item, its first register, its key. NULL: it is not */
	const struct pol_mb_typed *typed;
	uint16_t at;
	uint32_t key;
};

/* Judge one well-formed request. Rate limits are not judged here. When every
 * rule refuses, the reason is of the rule that came furthest in the order
 * function, unit, sub-function/MEI/file, address, write address, quantity, value. */
struct decision policy_modbus(const struct pol_image *img, const struct pol_flow *f,
			      const struct mb_msg *m);

/* Everything of the request that one rule refuses, in the order above; value: the first that does
 * not fit. */
enum { POL_MB_STEPS = 10 };
struct mb_lacks {
	unsigned n;
	enum reason why[POL_MB_STEPS];
	uint16_t value;
	const struct pol_mb_typed *typed; /* as in struct decision */
	uint32_t key;
};
struct mb_lacks policy_modbus_lacks(const struct pol_image *img, uint32_t rule,
				    const struct mb_msg *m);

/* ---- decide-typed.c ---- */

struct pol_mb_written { /* what was found of the written registers */
	const struct pol_mb_typed *typed;
	uint16_t at, value; /* value: of a register without a type */
	uint32_t key;
};
static inline bool policy_mb_is_typed(const struct pol_mb_rule *r)
{
	return r->n_types != 0;
}
const struct pol_mb_typed *policy_mb_typed(const struct pol_image *img, const struct pol_mb_rule *r,
					   uint32_t i);
/* The item with this register; NULL: none. */
const struct pol_mb_typed *policy_mb_typed_at(const struct pol_image *img,
					      const struct pol_mb_rule *r, uint16_t reg);
static inline struct decimal policy_mb_scale(const struct pol_mb_typed *t)
{
	return (struct decimal){ .exponent = t->scale_exponent, .digits = t->scale_digits };
}
/* Of a request that writes registers: each value is written as a whole. If not, *out has the first
 * that is not. */
bool policy_mb_whole_values(const struct pol_image *img, const struct pol_mb_rule *r,
			    const struct mb_msg *m, struct pol_mb_written *out);
/* Each value is permitted, with whole ones. *out: the first that is not, or else the first. */
bool policy_mb_typed_values(const struct pol_image *img, const struct pol_mb_rule *r,
			    const struct mb_msg *m, struct pol_mb_written *out);
/* "100-101 float32 CDAB 0 to 60 degC". */
void policy_mb_put_item(struct sb *b, const struct pol_image *img, const struct pol_mb_typed *t);
/* All of a rule that have a type. */
void policy_mb_put_items(struct sb *b, const struct pol_image *img, const struct pol_mb_rule *r);
bool policy_mb_items_ok(const struct pol_image *img, const struct pol_mb_rule *r);
bool policy_mb_item_ok(const struct pol_image *img, const void *item);

#endif
