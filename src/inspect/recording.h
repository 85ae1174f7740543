/* SPDX-License-Identifier: MIT
 *
 * A recording through the engine: what replay, learn and explain do with a captured packet, once.
 *
 * The clock of the data path is turned by the packets' own times, as inline: ten turns a second,
 * all connections seen. Captures are not always in order, and time never goes back. What the
 * capture cut short the gate had whole: it is missing, and not refused, so the engine does not get
 * it. Who judges in several threads has one clock, and gives its turns to each of their engines.
 */
#ifndef ZONED_INSPECT_RECORDING_H
#define ZONED_INSPECT_RECORDING_H

#include "inspect/inspect.h"

enum {
	RECORDING_TURN_NS = 100000000,
	RECORDING_TURNS_MAX = 256, /* a longer silence is one of so many turns, and then now */
};

/* The clock; zero at the beginning of a recording. */
struct recording_clock {
	uint64_t now_ns, ticked_ns;
};

/* Turns from first_ns on, RECORDING_TURN_NS apart. id: the packet that comes behind them. */
struct recording_turns {
	uint64_t first_ns, wall_ns;
	unsigned turns;
	uint32_t id;
};

/* A packet of this time comes, id and wall time of which are in *due already. Sets the clock;
 * returns whether turns are due before the packet. */
bool recording_clock_set(struct recording_clock *c, struct recording_turns *due);

/* The engine of a recording. */
struct recording {
	struct inspect *in;	 /* NULL: not begun */
	struct inspect_pkt last; /* for the end */
	struct recording_clock clock;
};

/* conf.recording is set here. False: out of memory. img NULL: nothing is judged. */
bool recording_begin(struct recording *r, const struct inspect_conf *conf,
		     const struct pol_image *img);
/* Nothing is done by these three where it was not begun. */
void recording_turn(struct recording *r, const struct recording_turns *t,
		    const struct inspect_out *out);
void recording_judge(struct recording *r, const struct inspect_pkt *p,
		     const struct inspect_out *out);
/* The recording ends, and the engine with it. out NULL: what still waits is of no interest. */
void recording_end(struct recording *r, const struct inspect_out *out);

/* Is it missing, cut short by the capture? p: what is known of it; NULL: nothing. */
bool recording_is_cut(bool partial, const struct packet *p);

/* The time of a packet, which need not be one for the engine. */
void recording_time(struct recording *r, uint64_t wall_ns, uint32_t id,
		    const struct inspect_out *out);
/* All of that for one packet of one engine. p: now_ns is set here, wall_ns is its time. */
void recording_packet(struct recording *r, struct inspect_pkt *p, const struct inspect_out *out);

#endif
