/* SPDX-License-Identifier: MIT
 * The facts of an OPC UA message in an event. */
#ifndef ZONED_PROTO_OPCUA_FACTS_H
#define ZONED_PROTO_OPCUA_FACTS_H

#include "record/event.h"

enum {
	EVU_CHANNEL = 1,
	EVU_REQUEST = 2,
	EVU_SERVICE = 4,
	EVU_RESULT = 8,
	EVU_ATTRIBUTE = 16,
	EVU_POLICY = 32,
	EVU_NODES = 64
};
enum { EV_UA_TEXT = 64 };

struct EVENT_FACTS_OF ev_opcua {
	uint8_t type;	  /* enum ua_type */
	uint8_t chunk;	  /* 'F', 'C', 'A' */
	uint8_t policy;	  /* index in ua_policies */
	uint8_t mode;	  /* enum ua_mode; 0: not known yet */
	uint8_t user;	  /* enum ua_token; 0: none named */
	uint8_t has;	  /* EVU_* bits: which of the others are set */
	uint16_t service; /* id of the request's binary encoding */
	uint32_t channel, request, result, attribute, nodes;
	/* the node, URL, URI or thumbprint that offended, or the first node */
	char text[EV_UA_TEXT];
};

EVENT_FACTS_FIT(struct ev_opcua);

/* Those of an event whose proto this is. */
#define EV_OPCUA(ev) ((struct ev_opcua *)(void *)(ev)->facts)

#endif
