/* SPDX-License-Identifier: MIT
 *
 * The state of one connection of IEC 60870-5-104 in the data path.
 *
 * Whatever is refused ends the connection at both ends, whatever on_violation says: an I frame
 * that does not arrive leaves a hole in the send numbers, for which either end would close, and
 * one in their place would need numbers and acknowledgements of our own.
 *
 * Timers. t1 (an acknowledgement or confirmation is late), t2 (acknowledge when nothing is to be
 * sent) and t3 (send TESTFR when it is quiet) are the ends' own, and w is their advice; of none
 * does it depend what a station executes. An end that waits too long closes. A gate that did so for
 * them would need their values (TESTFR comes every 20 to 240 s in captures), and cut links that
 * work. What it does limit is k, since a frame above it is one that the other end may not take, and
 * the time from a select to its execute.
 *
 * Tolerated, since real ones do so: TESTFR at any time from either end, its confirmation without a
 * question, STARTDT and STOPDT again, I frames of the master behind its STARTDT act, before it is
 * confirmed, the same N(R) again, commands without confirmation or termination.
 */
#ifndef ZONED_PROTO_IEC104_GATE_H
#define ZONED_PROTO_IEC104_GATE_H

#include "inspect/internal.h"
#include "proto/iec104/gate-masters.h"
#include "proto/iec104/policy.h"
#include "proto/iec104/wire-objects.h"

enum {
	/* points of a connection that are selected at a time; the oldest makes room */
	IEC_SELECTS = 16,
	IEC_ELEMENT = 5, /* octets of a command's or set-point's element, but for its time */
	/* U and S frames that a connection may send at once, and one more a second, before they
	 * count as requests */
	IEC_SPARE = 4,
};

/* The I frames of one end. */
struct iec_way {
	uint16_t next;	/* the next N(S) */
	uint16_t acked; /* the other end has confirmed those before */
	/* next, acked are known: from the start, or from what was seen of them */
	bool counted, confirmed;
	bool sent;	      /* some I frame of it went on */
	bool begins_with_one; /* its first N(S) was 1, and nothing of it is confirmed yet */
};

/* A select that its execute may follow: only on this connection, with the same type, value,
 * qualifier and test bit. */
struct iec_selected {
	uint64_t at_ns; /* 0: none */
	uint32_t ioa;
	uint16_t ca;
	uint8_t type;
	uint8_t n, element[IEC_ELEMENT]; /* the bit that says select is zero */
	bool test;			 /* T of the select: a station may have selected nothing */
	bool granted;			 /* the station confirmed it */
};

struct iec_connection {
	bool known; /* that which follows is: some message went by */
	/* not followed from its beginning, or it went wrong while only observed, or has another
	 * master since a reload */
	bool joined;
	bool server_controls; /* its master is the server: struct pol_iec104_head */
	/* the master's last STARTDT or STOPDT act was STARTDT; the station's last con, likewise */
	bool asked, started;
	uint8_t starts, stops; /* STARTDT and STOPDT act that are not confirmed yet */
	uint8_t tests;	       /* TESTFR act of the station, likewise */
	uint64_t spare_ns;     /* when as many as IEC_SPARE may be sent again */
	struct iec_way way[2]; /* by direction of the connection */
	/* its place among the started masters: when that was last said (0: it has none), of which
	 * redundancy group, and by whom */
	uint64_t held_ns;
	uint64_t waits_ns; /* since when the station waits for anything from its master; 0: not */
	uint8_t held_group;
	bool held_by_server;
	struct iec_selected selected[IEC_SELECTS];
};

/* One APDU on its way. */
struct iec_look {
	struct pass *c;
	struct iec_connection *s;
	const struct pol_iec104_head *head; /* NULL: no policy */
	enum iec_end from;
	struct iec_msg m;
	bool has_object; /* the one that offended, or the first */
	struct iec_object object;
	uint16_t rule;
	struct event_number number; /* of the frame, that is refused */
	/* a U frame that nobody asked for, or an S frame that confirms nothing new */
	bool unprompted;
};

/* gate-link.c: STARTDT, STOPDT, and both numbers of I and S frames. R_UA_STATE, R_DNP_DIRECTION,
 * R_UA_SEQUENCE (N(S)), R_IEC_RECEIVE_NUMBER, R_IEC_WINDOW. Where the frame goes on, the state
 * follows. */
enum reason iec_link(struct iec_look *k);
/* Something went on that would have ended the connection: nobody knows what the station made of it.
 */
void iec_link_lost(struct iec_connection *s);

/* gate-select.c: a message of the master to a point, o: its object, NULL: none. needed: an execute
 * must have been selected; then R_DNP_NOT_SELECTED. */
enum reason iec_select(struct iec_look *k, const struct iec_object *o, bool needed);
/* An answer of the station. */
void iec_select_answered(struct iec_look *k, const struct iec_object *o);
void iec_select_none(struct iec_connection *s);

/* gate-start.c: the master's STARTDT act. False: too many others are started. */
bool iec_start(struct iec_look *k);
/* A message went on. Where the link is started and it is the master's, that one still is. */
void iec_start_keep(struct iec_look *k);
/* It is started no longer: proto_ops.ended. */
void iec_start_ends(void *common, struct connection *f, uint64_t now);
/* proto_ops.clock */
void iec_start_clock(void *common, struct connection *f, uint64_t now);

static inline struct iec_masters *iec_masters_of(const struct pass *c)
{
	return proto_common(c->in->common, PROTO_IEC104);
}

static inline struct iec_connection *iec_of(const struct connection *f)
{
	return f->proto_state;
}

#endif
