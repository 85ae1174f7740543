/* SPDX-License-Identifier: MIT
 *
 * State of one DNP3 connection in the data path, and the functions on it.
 * Tolerances for what real stations do, all within DNP_WAIT_NS:
 *
 *  - a response may be repeated, and may come late, until a request of its
 *    sequence number goes to the same station again;
 *  - fragments after the first continue the numbers (clause 4), and so on;
 *  - a confirmation may come twice, and late;
 *
 * Not tolerated, since stations differ (tests/evasion/ASSUMPTIONS, dnp3-select-* and
 * dnp3-outstanding): a select is used up by the operate that follows it, and lives as
 * long as the policy says; anything but confirmations that goes on between the two undoes
 * it (clause 4). An outstation has only so many unanswered requests as the policy says, each
 * for DNP_BUSY_NS: then its master takes it for lost.
 */
#ifndef ZONED_PROTO_DNP3_GATE_H
#define ZONED_PROTO_DNP3_GATE_H

#include "inspect/internal.h"
#include "proto/dnp3/gate-station.h"
#include "proto/dnp3/policy.h"

enum {
	DNP_ASKED_MAX = 32, /* requests, and fragments to confirm; the oldest makes room */
	/* stations behind one connection whose selects are kept; the same */
	DNP_PAIRS_MAX = 16,
	/* and pairs whose fragments are collected side by side, per direction; the same */
	DNP_SERIES_MAX = 16,
	/* fragments of several frames that an inspector collects at once; the oldest makes room */
	DNP_PLACES = 128,
	/* of these for one source, whose own oldest makes room before any other */
	DNP_PLACES_SHARE = 16,
};

#define DNP_WAIT_NS (60 * UINT64_C(1000000000))
#define DNP_BUSY_NS UINT64_C(1000000000)

/* Something sent that the other end may answer: a request (by a response of its sequence
 * number), a fragment that asks for a confirmation (by that). */
struct dnp_asked {
	uint64_t at_ns;	   /* 0: none */
	uint16_t src, dst; /* the station that asked, and the one asked */
	uint8_t seq;
	bool uns;
	bool answered; /* of a request: at least once */
};

/* A master and an outstation. */
struct dnp_pair {
	uint64_t at_ns;	      /* last used; 0: none */
	uint64_t selected_ns; /* 0: nothing */
	uint64_t sum;	      /* of the objects selected, keyed */
	uint16_t master, outstation;
	uint8_t seq;	    /* of the select */
	bool granted;	    /* the outstation repeated the objects: it agreed */
	bool authenticated; /* it reported good session keys */
	bool keyed;	    /* or such that are not; seen since frames were missed */
};

/* A fragment of several frames between two link addresses, in one direction. */
struct dnp_collect {
	struct dnp_series s; /* .buf is a place; src and dst stay when it ended */
	uint64_t at_ns;	     /* the newest frame of it; 0: none */
	uint64_t sum;	     /* of that frame, keyed: a copy of it changes nothing */
	/* its refusal has a record, and what belongs to it needs none more; 0: not */
	uint64_t told_ns;
	uint16_t place; /* index + 1 */
	bool fcb;	/* of that frame */
	bool copied;	/* one such copy has a record */
	bool holds;	/* the station, for a request (gate-station.h) */
	/* of a response */
	/* bits by transport number: its master may wait for such a segment */
	uint64_t awaited;
	uint64_t went_ns;    /* the newest frame that went on of it */
	bool complete;	     /* the last frame is there */
	bool ended_by_other; /* another station's began before its end */
	uint16_t other;	     /* and that is which */
};

struct dnp_collects {
	uint8_t used; /* of v; none, as long as every fragment is whole in its frame */
	struct dnp_collect v[DNP_SERIES_MAX];
};

struct dnp_state {
	struct dnp_asked requests[DNP_ASKED_MAX], confirms[DNP_ASKED_MAX];
	struct dnp_pair pairs[DNP_PAIRS_MAX];
	struct dnp_collects in[2]; /* by direction */
	bool unseen;		   /* frames were missed, maybe those of a key exchange */
};

/* Buffer in which a fragment of several frames is put together. It belongs to the collection that
 * names it, so nothing has to be given back when a connection ends. */
struct dnp_place {
	const struct connection *owner;
	struct dnp_collect *of;
	uint8_t bytes[DNP_FRAGMENT_MAX];
};

/* Findings of dnp_collect() on a segment. */
struct dnp_piece {
	const uint8_t *p; /* the whole fragment, of n octets; NULL: not yet */
	size_t n;
	/* the frame before, once more: R_DNP_REPEAT, but the fragment goes on */
	bool copy;
	bool quiet;	/* refused, and a record says so already */
	bool has_other; /* of R_DNP_INTERLEAVED: */
	uint16_t other; /* the other station */
};

/* gate-collect.c: the segment of m, which is the frame of n octets at p. */
enum reason dnp_collect(struct pass *c, const struct dnp_msg *m, const uint8_t *p, size_t n,
			struct dnp_piece *out);
/* The fragment of this frame was refused: end its collection, so that no frame continues it. */
void dnp_collect_end(struct pass *c, const struct dnp_link *l);
/* The same for all collections of this direction. */
void dnp_collect_end_all(struct pass *c);
/* A station has answered: others may send it requests of several frames. */
void dnp_collect_answered(struct pass *c, const struct dnp_link *l);
/* Is a fragment of several frames begun, to this station or from it? */
bool dnp_collecting(const struct dnp_state *s, uint16_t station);

void dnp_ask(struct dnp_asked v[DNP_ASKED_MAX], const struct dnp_asked *what);
/* The entry of v that m answers: it went from m's destination to m's source, at most DNP_WAIT_NS
 * before now. NULL: none. */
struct dnp_asked *dnp_asked_by(struct dnp_asked v[DNP_ASKED_MAX], const struct dnp_msg *m,
			       uint64_t now);
/* Is the request unanswered, and so recent that its outstation may still work on it? */
bool dnp_waits(const struct dnp_asked *request, uint64_t now);
/* Number of such requests from src to dst. */
unsigned dnp_outstanding(const struct dnp_asked v[DNP_ASKED_MAX], uint16_t src, uint16_t dst,
			 uint64_t now);
/* The state of this master and outstation. Never NULL; a new one is empty. */
struct dnp_pair *dnp_pair(struct dnp_state *s, uint16_t master, uint16_t outstation, uint64_t now);

/* gate-fast.c. A frame that goes on, m: what it is; it may be what the program is to know. */
void fast_dnp_permitted(struct pass *c, const uint8_t *frame, size_t n, const struct dnp_msg *m);

/* In struct fast_connection.own: the newest message was the answer to a poll; the poll that waits
 * for one, + 1, and its sequence number; the place for the next new one */
struct __attribute__((may_alias)) dnp_fast {
	uint8_t answered, poll, poll_seq, next_poll;
};
_Static_assert(sizeof(struct dnp_fast) <= FAST_OWN, "it has room there");

static inline struct dnp_fast *dnp_fast_of(struct connection *f)
{
	return (void *)f->fast.own;
}

static inline struct dnp_state *dnp_of(const struct connection *f)
{
	return f->proto_state;
}

static inline struct dnp_stations *dnp_stations_of(const struct pass *c)
{
	return proto_common(c->in->common, PROTO_DNP3);
}

#endif
