/* SPDX-License-Identifier: MIT
 *
 * Packets of a capture that no inspector would see: what the rules of a model do with them, with as
 * much of connection tracking as that needs. Asked before the engine, which knows inspected
 * connections only.
 *
 * A capture may begin in the middle of connections. So a TCP connection whose beginning is not in
 * it counts as permitted where its first packet would be, as an opening or as an answer; and so do
 * datagrams in the first UNINSPECTED_YOUNG seconds, which is as long as connection tracking keeps
 * one without packets. After that an answer has had a question, or is refused.
 */
#ifndef ZONED_RECORDING_UNINSPECTED_H
#define ZONED_RECORDING_UNINSPECTED_H

#include "compile/reach.h"
#include "record/event.h"

enum { UNINSPECTED_YOUNG = 120 };

struct uninspected;

enum uninspected_fate {
	UNINSPECTED_NOT,     /* the engine's to judge */
	UNINSPECTED_PASSES,  /* it crosses no boundary, or a conduit without inspection */
	UNINSPECTED_REFUSED, /* by the rules */
};

/* Which end of its connection sent the packet: the one that opened it, or the other. The first
 * packet of it tells, or else which of its ports is a server's: one of the model, of an inspected
 * protocol, or below 1024 (RFC 6335). */
enum uninspected_sender { SENDER_UNKNOWN, SENDER_OPENED, SENDER_ANSWERS };

struct uninspected_answer {
	enum uninspected_fate fate;
	enum reason why; /* UNINSPECTED_REFUSED; else R_NONE */
	enum uninspected_sender sender;
};

/* NULL: said on standard error. m must outlive it. */
struct uninspected *uninspected_new(const struct model *m);
void uninspected_free(struct uninspected *u); /* NULL is fine */
/* The packet of n octets that begins with its IP header, at a time of the capture. */
struct uninspected_answer uninspected_packet(struct uninspected *u, const uint8_t *ip, size_t n,
					     uint64_t now_ns);

#endif
