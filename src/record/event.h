/* SPDX-License-Identifier: MIT
 *
 * One event: fixed size, no pointers, so that it crosses the process boundary
 * by copy and the receiver can check every field. Addresses and ports are the
 * packet's own (source sent the refused bytes).
 */
#ifndef ZONED_RECORD_EVENT_H
#define ZONED_RECORD_EVENT_H

#include <stdint.h>

#include "base/addr.h"
#include "record/reason.h"

enum event_kind { EV_VIOLATION, EV_MESSAGE /* permitted, log = all */, EV_REFUSED_FLOW };
enum verdict { V_ACCEPT, V_DROP, V_RESET, V_OBSERVED /* would drop; mode = observe */ };

enum { EVH_FC = 1, EVH_ADDR = 2, EVH_WADDR = 4, EVH_VALUE = 8, EVH_SUB = 16, EVH_MEI = 32, EVH_EXC = 64,
       EVH_FIELD = 128 };

struct ev_modbus {
	uint8_t unit, fc, exc, mei;
	uint16_t tid;
	uint16_t has;		/* EVH_* bits: which of the others are set */
	uint16_t addr, qty, waddr, wqty, value, sub;
	uint8_t field;		/* enum mb_field: what of a response is not as expected */
	uint16_t expected, received;
};

enum { EVD_APP = 1, EVD_OBJECT = 2, EVD_POINTS = 4, EVD_CONTROL = 8, EVD_VALUE = 16 };

struct ev_dnp3 {
	uint16_t src, dst;	/* link addresses */
	uint8_t link, prm;	/* function of the frame; it is a primary's */
	uint8_t has;		/* EVD_* bits: which of the others are set */
	uint8_t func, seq;
	uint16_t iin;		/* of responses; first octet high */
	uint8_t group, var;	/* of the object that offended, or the first */
	uint8_t op, code, count;
	uint32_t start, stop, on_time, off_time;
	double value;
};

enum { EVU_CHANNEL = 1, EVU_REQUEST = 2, EVU_SERVICE = 4, EVU_RESULT = 8, EVU_ATTRIBUTE = 16,
       EVU_POLICY = 32, EVU_NODES = 64 };
enum { EV_UA_TEXT = 64 };

struct ev_opcua {
	uint8_t type;		/* enum ua_type */
	uint8_t chunk;		/* 'F', 'C', 'A' */
	uint8_t policy;		/* index in ua_policies */
	uint8_t mode;		/* enum ua_mode; 0: not known yet */
	uint8_t user;		/* enum ua_token; 0: none named */
	uint8_t has;		/* EVU_* bits: which of the others are set */
	uint16_t service;	/* id of the request's binary encoding */
	uint32_t channel, request, result, attribute, nodes;
	char text[EV_UA_TEXT];	/* the node, URL, URI or thumbprint that offended, or the first node */
};

struct event {
	uint64_t time_ns;	/* CLOCK_REALTIME */
	uint32_t generation;
	uint8_t kind, verdict, response /* direction */, l4;
	uint16_t reason;
	uint16_t flow_id;	/* index in the policy image's flows; 0xffff: none */
	uint16_t rule;		/* index in the image's rules of this protocol that decided; 0xffff: none */
	uint16_t sport, dport;
	struct addr src, dst;
	uint8_t proto;		/* enum proto of the message that the facts are of; PROTO_NONE: of none */
	uint8_t part;		/* that message was not judged: its end was not there, or not to be found */
	union {
		struct ev_modbus mb;
		struct ev_dnp3 dnp;
		struct ev_opcua ua;
	};
};

#endif
