/* SPDX-License-Identifier: MIT
 * A Modbus policy, as the operator wrote it. */
#ifndef ZONED_PROTO_MODBUS_WORDS_H
#define ZONED_PROTO_MODBUS_WORDS_H

#include "model/model.h"
#include "proto/modbus/wire.h"

/* One entry of a Modbus policy's allow list. A request passes when one entry
 * allows all of it; an address range must be contained in ONE written range. */
struct modbus_allow {
	struct where at;
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
