/* SPDX-License-Identifier: MIT
 * The facts of an APDU in an event. */
#ifndef ZONED_PROTO_IEC104_FACTS_H
#define ZONED_PROTO_IEC104_FACTS_H

#include "record/event.h"

struct EVENT_FACTS_OF ev_iec104 {
	uint8_t format, u;	/* enum iec_format, enum iec_u */
	bool has_asdu;
	uint8_t type, n, cause;
	uint16_t ca;
	uint32_t ioa;
};

EVENT_FACTS_FIT(struct ev_iec104);

#define EV_IEC104(ev) ((struct ev_iec104 *)(void *)(ev)->facts)

#endif
