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

enum event_kind {
	EV_VIOLATION,
	EV_MESSAGE, /* permitted, log = all */
	EV_REFUSED_FLOW,
	EV_GAP, /* nothing is refused: bytes of a connection were not judged (R_RESUMED) */
	EVENT_KINDS,
};
enum verdict { V_ACCEPT, V_DROP, V_RESET, V_OBSERVED /* would drop; mode = observe */ };

enum { EVENT_TAP = 16 };   /* as IFNAMSIZ */
enum { EVENT_FACTS = 96 }; /* bytes, for those of any protocol */
/* Of each struct ev_NAME, for it is read in the place of these bytes. */
#define EVENT_FACTS_OF __attribute__((may_alias))
#define EVENT_FACTS_FIT(type) \
	_Static_assert(sizeof(type) <= EVENT_FACTS && _Alignof(type) <= 8, \
		       "an event has room for them")

/* Of the frame that brought the packet: from and to the neighbour, which may be a router. All zero:
 * not known. */
struct link_macs {
	uint8_t src[6], dst[6];
};

/* What of a message is not within its limits, where the facts do not have it. */
struct event_number {
	uint32_t from, to, came;
	uint8_t there; /* 0: there is none */
};

struct event {
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint32_t generation;
	uint8_t kind, verdict, response /* direction */, l4;
	uint16_t reason;
	uint16_t flow_id; /* index in the policy image's flows; 0xffff: none */
	/* index in the image's rules of this protocol that decided; 0xffff: none */
	uint16_t rule;
	uint16_t sport, dport;
	struct addr src, dst;
	/* enum proto of the message that the facts are of; PROTO_NONE: of none */
	uint8_t proto;
	/* that message was not judged: its end was not there, or not to be found */
	uint8_t part;
	/* R_RESUMED: bytes that were not judged */
	uint32_t unjudged;
	/* sport and dport are not known: a fragment, a packet cut short, or no TCP or UDP */
	uint8_t no_ports;
	uint8_t no_sport; /* of many packets, whose source ports nobody kept */
	uint8_t no_dir;	  /* nothing shows who opened the connection: response says nothing */
	struct link_macs macs;
	struct event_number number;
	uint32_t in, out; /* interfaces of the packet; 0: not known, or none */
	uint32_t packet;  /* its inspect_pkt.id; 0: of none, or not known */
	/* The interface by which it was seen beside the gate (source = "tap"), with zeros behind;
	 * empty: at the gate. Written by the parent. */
	char tap[EVENT_TAP];
	_Alignas(8) uint8_t facts[EVENT_FACTS]; /* struct ev_NAME of proto/NAME/facts.h */
};

#endif
