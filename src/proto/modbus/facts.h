/* SPDX-License-Identifier: MIT
 * The facts of a Modbus message in an event. */
#ifndef ZONED_PROTO_MODBUS_FACTS_H
#define ZONED_PROTO_MODBUS_FACTS_H

#include "record/event.h"

/* RTU framing has no transaction. */
enum {
	EVH_FC = 1,
	EVH_ADDR = 2,
	EVH_WADDR = 4,
	EVH_VALUE = 8,
	EVH_SUB = 16,
	EVH_MEI = 32,
	EVH_EXC = 64,
	EVH_FIELD = 128,
	EVH_TID = 256,
	EVH_TYPED = 512
};

enum { EV_MODBUS_UNIT = 16 };

struct EVENT_FACTS_OF ev_modbus {
	uint8_t unit, fc, exc, mei;
	uint16_t tid;
	uint16_t has; /* EVH_* bits: which of the others are set */
	uint16_t addr, qty, waddr, wqty, value, sub;
	uint8_t field; /* enum mb_field: what of a response is not as expected */
	uint16_t expected, received;
	/* in place of value: wire-typed.h */
	uint8_t type;
	int8_t scale_exponent;
	uint16_t typed_at; /* its first register */
	uint32_t key, scale_digits;
	char value_unit[EV_MODBUS_UNIT]; /* empty: none */
};

EVENT_FACTS_FIT(struct ev_modbus);

/* Those of an event whose proto this is. */
#define EV_MODBUS(ev) ((struct ev_modbus *)(void *)(ev)->facts)

#endif
