/* SPDX-License-Identifier: MIT
 * The facts of an APDU in an event. */
#ifndef ZONED_PROTO_IEC104_FACTS_H
#define ZONED_PROTO_IEC104_FACTS_H

#include "record/event.h"

enum { EVI_ASDU = 1, EVI_VALUE = 2, EVI_QUALIFIER = 4, EVI_SELECT = 8 };

struct EVENT_FACTS_OF ev_iec104 {
	uint8_t format, u; /* enum iec_format, enum iec_u */
	uint16_t ns, nr;   /* of I frames; of S frames the second */
	uint8_t has;	   /* EVI_* bits: which of the others are set */
	uint8_t type, n, sq, cause, negative, test, oa;
	uint16_t ca;
	uint32_t ioa; /* of the object that offended, or the first */
	/* of commands and set-points what follows S/E, of others the whole octet */
	uint8_t qualifier;
	uint8_t select; /* select, not execute */
	double value;	/* normalised: -1 to 1 */
};

EVENT_FACTS_FIT(struct ev_iec104);

#define EV_IEC104(ev) ((struct ev_iec104 *)(void *)(ev)->facts)

#endif
