/* SPDX-License-Identifier: MIT
 * A Modbus policy, as the operator wrote it. */
#ifndef ZONED_PROTO_MODBUS_WORDS_H
#define ZONED_PROTO_MODBUS_WORDS_H

#include "model/model.h"
#include "proto/modbus/wire-typed.h"
#include "proto/modbus/wire.h"

enum { MODBUS_TYPED_MAX = 256 }; /* ranges of typed registers in one entry */

/* Registers that are values of one type: an element of typed_values. */
struct modbus_typed {
	struct where at;
	struct ranges registers; /* each a multiple of the type's registers */
	unsigned type, order;	 /* enum mb_type, mb_word_order */
	/* as written, or "any": with this scale the finite values of `finite` */
	const char *min, *max, *scale_text;
	struct decimal scale;
	struct mb_key_range finite; /* of keys (wire-typed.h) */
	bool nan, infinity;	    /* special */
	const char *unit;	    /* for the reader, or NULL */
};

/* One entry of a Modbus policy's allow list. A request passes when one entry
 * allows all of it; an address range must be contained in ONE written range. */
struct modbus_allow {
	struct where at;
	struct remarks remarks;
	uint8_t functions[32]; /* bitmap of function codes 0..255 */
	const char **function_words;
	size_t n_function_words; /* as written, for print */
	struct ranges units;	 /* 0..255, required */
	/* 0..65535; FC23: the read part. Required where a function has an address */
	struct ranges addresses;
	struct ranges write_addresses; /* FC23 write part; required with FC23 */
	struct ranges quantity;	       /* 1..2000; default: the specification's limit */
	struct ranges values;	       /* 0..65535 (coils 0 or 1); required for writes */
	struct ranges subfunctions;    /* FC8; required with FC8 */
	struct ranges mei;	       /* FC43; required with FC43 */
	struct ranges files;	       /* FC20/21 file numbers; required with them */
	struct modbus_typed *typed;    /* in their place in the file */
	size_t n_typed;
};

/* A whole Modbus policy. */
struct modbus_policy {
	struct modbus_allow *allow;
	size_t n_allow;
	unsigned tolerates; /* enum mb_tolerance bits of wire.h */
};

static inline struct modbus_policy *modbus_policy_of(const struct policy *p)
{
	return p->of;
}

#endif
