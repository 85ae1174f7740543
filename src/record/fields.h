/* SPDX-License-Identifier: MIT
 *
 * The fields of an event: one table of names, kinds and when they apply, in the order of
 * zoned-events(5). The syslog line, the JSON object and replay all come from one walk over
 * it, so a fact has the same name everywhere, and one that does not apply is nowhere.
 */
#ifndef ZONED_RECORD_FIELDS_H
#define ZONED_RECORD_FIELDS_H

#include "policy/policy.h"
#include "record/facts.h"

struct varied;

enum { EVENT_INTERFACE = 16 }; /* IFNAMSIZ */
/* The name of an interface of this machine; NULL: there is none of this number. */
typedef const char *event_interface_name(uint32_t index, char out[EVENT_INTERFACE]);

struct event_view {
	/* gives names to numbers; NULL: no model judged the event */
	const struct pol_image *img;
	const struct event *ev;
	const char *id;			 /* of the record; NULL: it has none */
	uint64_t repeated;		 /* 0: an event of its own */
	const struct varied *varied;	 /* what those had; NULL: it is one event */
	event_interface_name *interface; /* NULL: only their numbers are known */
};

enum field_set {
	FIELDS_JUDGEMENT = 1, /* time to policy */
	FIELDS_ENDS = 2,      /* from_zone to proto */
	FIELDS_MESSAGE = 4,   /* dir, the protocol's own facts, rule, repeated */
	FIELDS_ALL = 7,
	FIELDS_TIME = 8, /* time alone, which is of the first, too */
};

/* Hand each field that applies to the sink. */
void event_fields(const struct event_view *view, unsigned sets, const struct fact_sink *to);

struct sb;
/* An interface may be gone since, or be another machine's: then its number is left. */
void event_put_interface(struct sb *b, const struct event_view *view, uint32_t index);

/* Words of a field for whoever prints them without their names. */
const char *event_verdict_word(const struct event *ev);
const char *event_proto_word(const struct event *ev);
bool event_has_mac(const uint8_t mac[6]); /* is it known? */
/* "?" where the packet shows no address; out: ADDR_TEXT bytes. */
void event_addr_text(const struct addr *a, char *out);
/* Does the packet show ports? ICMP has none, and only the first fragment of a packet has. */
bool event_has_ports(const struct event *ev);

#endif
