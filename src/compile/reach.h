/* SPDX-License-Identifier: MIT
 *
 * What the ruleset of a model does with a packet: the rules of `inet zoned` evaluated here, over
 * the elements that the kernel would get (ruleset.h), so that there is no second reading of the
 * model. Pure, and without a kernel: what connection tracking knows is told by the caller.
 *
 * The sets that packets fill are empty, and no share or limit is ever exceeded: the answer is that
 * for the first of such packets.
 */
#ifndef ZONED_COMPILE_REACH_H
#define ZONED_COMPILE_REACH_H

#include "compile/ruleset.h"
#include "policy/policy.h"

struct reach;

/* What connection tracking says of the packet. */
enum reach_state {
	REACH_OPENS,	 /* the first of its connection, from its client */
	REACH_CONTINUES, /* one of a connection with packets both ways */
	REACH_ERROR,	 /* an ICMP error about the connection */
};

/* A connection as it was opened; ports 0 where its protocol has none. */
struct reach_ends {
	struct addr client, server;
	uint8_t l4; /* IPPROTO_* */
	/* ICMP: the type of its request; 0: what the packet's own type says, or else echo */
	uint8_t request;
	uint16_t cport, sport;
};

struct reach_packet {
	enum reach_state state;
	struct reach_ends of;
	bool answer; /* it goes from the server to the client */
	/* Sender of an ICMP error; family 0: the end of the connection on whose side it is. */
	struct addr router;
	bool no_syn;	   /* REACH_OPENS: a TCP packet in the middle of a connection */
	uint8_t icmp_type; /* of ICMP and ICMPv6 */
	uint16_t length;   /* of an ICMP error, as its IP header says it; 0: short enough */
	/* interfaces; NULL: one by which the zone's packets may come, or go */
	const char *in, *out;
};

enum reach_fate {
	REACH_REFUSED,
	/* of a site that is only watched: it would be refused, and goes on with a record */
	REACH_OBSERVED,
	REACH_INSIDE,	 /* it crosses no boundary of a zone */
	REACH_PLAIN,	 /* of a flow without inspection, or an error about a permitted one */
	REACH_INSPECTED, /* it goes to the inspectors */
};

struct reach_answer {
	enum reach_fate fate;
	enum reason why; /* of REACH_REFUSED and REACH_OBSERVED */
	/* Counter in which the packet is: that of the reason, "inside", "invalid" or
	 * "conduit-NAME". NULL: in none. */
	const char *counter;
	size_t from_zone, to_zone; /* of the packet's addresses; 0: none */
	size_t conduit, flow;	   /* of REACH_PLAIN and REACH_INSPECTED: indices in the model */
};

/* NULL: there is no ruleset of this model (errs), or no memory. m must outlive it. */
struct reach *reach_new(const struct model *m, struct errs *errs);
void reach_free(struct reach *r); /* NULL is fine */
/* Would it be refused, whether the site is only watched or not? */
static inline bool reach_refuses(const struct reach_answer *a)
{
	return a->fate == REACH_REFUSED || a->fate == REACH_OBSERVED;
}

/* ICMP, by the family of its addresses: the type of the request that a packet of this type, a
 * request or a reply, belongs to. */
uint8_t reach_request(uint8_t family, uint8_t type);
struct reach_answer reach_of(const struct reach *r, const struct reach_packet *p);
/* The zone of an address, as the ruleset finds it; 0: none. */
size_t reach_zone(const struct reach *r, const struct addr *a);

#endif
