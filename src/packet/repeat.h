/* SPDX-License-Identifier: MIT
 *
 * One frame seen twice. A TCP stream is judged once whatever comes again; a datagram that comes
 * again is another message to its receiver, so a copy that only the capture has must not be taken
 * for one, nor a repetition for a copy.
 *
 * What is told:
 * - HSR and PRP (IEC 62439-3): each frame goes both ways round and carries a number; the receiver
 *   takes the first. The same number of the same sender with the same packet within 0.4 s is a
 * copy.
 * - A datagram seen in two places (both sides of a router, two ports or VLANs of a mirror, "any" of
 *   tcpdump): all of it but the hops left is the same, its way is not (interface, tags, addresses
 * of the link), within 50 ms. Of n sightings by one way and m by another the larger number counts.
 * What is not: the same frame twice by one way. That may be a mirror that copies at both ports of a
 * switch as well as a sender that repeats; it is judged twice. editcap -w 0.0005 takes it out.
 */
#ifndef ZONED_PACKET_REPEAT_H
#define ZONED_PACKET_REPEAT_H

#include <stdbool.h>

#include "packet/unwrap.h"

enum {
	REPEAT_PLACES = 1024, /* packets remembered */
	REPEAT_OCTETS = 2048, /* longer ones are not compared */
	REPEAT_WAYS = 4,
	REPEAT_NUMBERED_NS = 400000000, /* EntryForgetTime */
	REPEAT_WAY_NS = 50000000
};

struct repeats;

struct repeats *repeats_new(void); /* NULL: out of memory */
void repeats_free(struct repeats *t);
/* Was the frame's packet there before, as another sight of the same frame? */
bool repeats_seen(struct repeats *t, const struct walk *w);

#endif
