/* SPDX-License-Identifier: MIT
 * Declarations that the files of the data path share. */
#ifndef ZONED_INSPECT_INTERNAL_H
#define ZONED_INSPECT_INTERNAL_H

#include "inspect/connection.h"
#include "inspect/inspect.h"
#include "inspect/proto.h"
#include "inspect/rate.h"
#include "inspect/stance.h"

enum { SCRATCH = 65536 + 256 };

struct inspect {
	struct inspect_conf conf;
	struct inspect_stats stats;
	const struct pol_image *img;
	struct connections connections;
	struct fast_rate *rate;	    /* by conduit_id */
	struct rate_shares *shares; /* likewise */
	bool own_rate;
	uint8_t *scratch;	       /* one rewritten packet */
	void *message;		       /* see pass_message() */
	uint64_t told_half_ns;	       /* the last record of half-open connections pushed out */
	uint64_t told_large_ns;	       /* and of a packet that found no large buffer */
	const struct inspect_out *out; /* of the call that is going on */
	uint64_t wall_ns;
	void *shared[PROTO_N];	    /* of proto_ops.shared bytes; NULL: none */
	void *common;		    /* see proto_common() */
	struct packet_order *order; /* of a recording; else NULL */
	bool own_common;
};

/* One packet on its way through. */
struct pass {
	struct inspect *in;
	const struct inspect_out *out;
	const struct inspect_pkt *raw;
	struct packet pkt;
	struct connection *f;
	int dir;
	/* NULL: dissect_only, or of no conduit; set by pass_bind() */
	const struct pol_flow *pol;
	const struct stance *stance; /* of that flow's mode; never NULL */
	bool counted;		     /* as a packet, with a reason */
	bool in_order;		     /* nothing that belongs before this packet comes any more */
};

static inline const struct stance *inspect_stance(const struct inspect *in,
						  const struct pol_flow *pol)
{
	enum stance_source from = in->conf.dissect_only ? SOURCE_WATCHED
				  : in->conf.recording	? SOURCE_RECORDING
							: SOURCE_WIRE;
	bool observed = pol ? pol->mode == MODE_OBSERVE : in->img && in->img->mode == MODE_OBSERVE;
	return stance_of(observed, from);
}

static inline void pass_bind(struct pass *c, const struct pol_flow *pol)
{
	c->pol = pol;
	c->stance = inspect_stance(c->in, pol);
}

/* Forms in which a packet is sent on. emit.c says what each means for the other end. */
enum send {
	SEND_UNCHANGED,
	SEND_SYN,      /* as it is, but for options that would give the stream another meaning */
	SEND_RANGE,    /* the bytes [from, to) of its stream, with fin the end of it */
	SEND_BARE,     /* without payload, at its own (translated) place */
	SEND_PROBE,    /* one old byte, so that the receiver repeats its acknowledgement */
	SEND_DATAGRAM, /* as it is, but for a checksum where it has none */
	SEND_NOTHING,
	/* the connection ends, at the receiver by this packet, at its sender when it comes again */
	SEND_RESET,
	SEND_REFUSAL, /* nothing, and the kernel tells the sender that there is no connection */
};

/* Decision of a packet's handler. If why is not R_NONE the packet is refused: that is recorded, and
 * where the stance does not block (stance.h) the packet goes on unchanged. */
struct action {
	enum send send;
	enum reason why;
	uint32_t from, to; /* SEND_RANGE */
	bool fin;
	/* bytes in which no message can be found, for the record; NULL: the packet's headers say
	 * all */
	const uint8_t *begun;
	size_t n_begun;
};

static inline struct action act_send(enum send send)
{
	return (struct action){ .send = send };
}

/* The packet does not go on. */
static inline struct action act_refuse(enum reason why)
{
	return (struct action){ .send = SEND_NOTHING, .why = why };
}

/* Its connection ends; R_NONE: there is a record of why already, or unfinished.c makes one. */
static inline struct action act_end(enum reason why)
{
	return (struct action){ .send = SEND_RESET, .why = why };
}

/* The position in the connection's stream is unknown: end it. If it is only observed, go on. */
static inline struct action act_end_enforced(const struct pass *c)
{
	return c->stance->blocks ? act_end(R_STREAM_GAP) : act_send(SEND_UNCHANGED);
}

/* One message that a protocol has judged. */
struct judged {
	enum reason why; /* R_NONE: permitted */
	size_t len;	 /* bytes of it in the stream */
	uint16_t rule;	 /* that decided; 0xffff: none */
	/* of a message that is judged with another piece: passes, and is not counted */
	bool piece;
	bool part;  /* permitted, but only a part of a message: no record of its own */
	bool quiet; /* refused, and a record said so already */
	/* taken out as a copy of what passed; where that cannot be, it passes */
	bool copy;
	/* the protocol's facts of the event; NULL: none */
	void (*fill)(const struct pass *c, struct event *ev, const void *of);
	const void *of;	 /* in pass_message(), since it outlives judge() */
	const void *msg; /* for the message callback: the protocol's own struct, there too */
};

/* Memory in which judge() keeps its findings until they are recorded: proto_ops.message bytes. */
static inline void *pass_message(const struct pass *c)
{
	return c->in->message;
}

/* Outcome for a message. */
/* _COPY: cut, for it had passed already; _ENDS: the connection */
enum fate { FATE_PASSES, FATE_CUT, FATE_COPY, FATE_ENDS };

/* judge.c: ask the protocol about the whole message of n bytes at p, cut it out or not, count and
 * record it. */
enum fate judge_message(struct pass *c, const uint8_t *p, size_t n);
/* The conduit's rate limits; writes: the message changes something. */
enum reason judge_rates(struct pass *c, bool writes);
/* One more of these. Direction: of the packet, unless it is of no flow; 0 or 1. */
void judge_count(struct inspect *in, const struct pol_flow *pol, int dir, struct count_of of);
/* Record a packet, as the conduit's log and stance require; v: the verdict where it is blocked. */
void pass_record(struct pass *c, const struct action *a, enum verdict v);
/* room.c: a place in the connection table for the connection of this packet, in c->f */
enum reason room_add(struct pass *c, bool from_client, uint8_t proto);
/* The client of c->f has proved that it receives at its address: c->f is open from now on. Or the
 * reason why there is no room for one more. */
enum reason room_prove(struct pass *c);
/* The same for datagrams, whose sender proves nothing: only while there is room. Without,
 * the connection goes on, and its place is among the first to go. */
void room_answered(struct pass *c);
/* Give c->f large buffers, since its small ones are full. False: there are none for it. */
bool room_enlarge(struct pass *c);
/* life.c: proto_ops.ended of f */
void life_ended(struct inspect *in, struct connection *f, uint64_t now);
/* Change the state of c->f. */
static inline void turn(struct pass *c, enum connection_state state)
{
	if (state != CONN_OPEN)
		life_ended(c->in, c->f, c->raw->now_ns);
	connection_turn(&c->in->connections, c->f, state, c->raw->now_ns);
}
/* fast.c: the connection is ours again, as the kernel left it; false: what it left is nonsense */
bool fast_take(struct pass *c);
/* Give the connection to the kernel, when it is at rest and the policy permits. */
void fast_offer(struct pass *c);
/* Functions that fast.c calls, one set for each inspected protocol: fast_NAME. fits NULL: the
 * in-kernel path never gets a connection of this protocol. */
struct fast_ops {
	bool (*fits)(const struct pass *c); /* could the program go on from here? */
	/* Discard what the slot learned of another connection, or under another policy. NULL: the
	 * protocol learns nothing. */
	void (*forget)(struct fast_slot *s);
	bool (*give)(struct pass *c, struct fast_slot *s); /* false: it cannot have this */
	bool (*take)(struct pass *c, struct fast_slot *s); /* false: nonsense */
	const struct fast_kept *kept;			   /* two: of requests, of responses */
};
#define P(symbol, name, word, port, over) extern const struct fast_ops fast_##name;
PROTOCOLS(P)
#undef P

/* emit.c: do what was decided: record, count and send. The only place that gives a packet its
 * verdict. */
void pass_act(struct pass *c, const struct action *a);
/* segment.c. Judge every whole message there is. False: the connection ends, as *out says; else
 * *out may have what is to be recorded of the packet. */
bool judge_all(struct pass *c, struct action *out);
/* Add n bytes at seq. If they do not fit into the small buffers, large ones are requested. */
enum half_add add_bytes(struct pass *c, uint32_t seq, const uint8_t *data, size_t n);
/* The end of a stream is known when every byte before it is, and none behind it: an old
 * FIN, or one that came with refused bytes, must not end what goes on (RFC 9293 3.10.7.4). */
void note_fin(struct pass *c);
/* This end has sent all it will send. In the middle of a message, which nobody can finish any more,
 * the connection ends at once: true. */
bool ends_unfinished(struct pass *c);

enum { WINDOW_MAX = 1 << 20, ACK_LAG_MAX = 65535 };

/* follow.c: streams of which nothing is blocked, whatever is missing of them. */
/* The connection's handshake was not seen, or not all of it: follow it from this packet on. */
void follow_join(struct pass *c);
/* The acknowledgement this packet carries. False: as take_ack() in segment.c. */
bool follow_ack(struct pass *c);
struct action follow_data(struct pass *c);
/* Bytes of this direction were not seen, or nobody knows what they were. */
void follow_missed(struct pass *c, int dir);
/* No more packets come: what is behind holes is judged. */
void follow_end(struct inspect *in, struct connection *f, const struct inspect_pkt *last,
		const struct inspect_out *out);
/* Were bytes of it not seen, and does nothing show since what they were? It stays with its
 * inspector then. */
bool follow_in_doubt(const struct pass *c);
/* Is this a reason that unseen bytes before the message may have caused, in a connection of which
 * bytes were not seen? */
bool follow_forgives(const struct pass *c, enum reason why);
/* A message fits one of at_ns, so both ends are known again if that is behind the gap. */
void follow_in_step(const struct pass *c, uint64_t at_ns);
/* order.c: the packets of a recording, as far as can be in the order in which they were sent */
bool order_new(struct inspect *in); /* false: out of memory */
void order_free(struct inspect *in);
void order_packet(struct inspect *in, const struct inspect_pkt *raw, const struct inspect_out *out);
/* inspect.c: is this packet, of no known connection, of an inspected flow? */
bool inspect_follows(struct inspect *in, const struct packet *p);
/* One packet. in_order: as in struct pass. */
void inspect_ordered(struct inspect *in, const struct inspect_pkt *raw,
		     const struct inspect_out *out, bool in_order);
/* resume.c: find the next place of this direction at which a message can begin. False: there is
 * none in what has come. */
bool resume_stream(struct pass *c);
/* The connection ends, or is forgotten: record the bytes of it that nobody judged. */
void resume_ended(struct inspect *in, struct connection *f);
/* segment.c, datagram.c: a packet of the connection c->f, whose policy is bound. */
struct action on_stream(struct pass *c);
struct action on_datagram(struct pass *c);
/* inspect.c: the inspected flow a connection belongs to, as the image says now; NULL: none, or
 * another protocol. */
const struct pol_flow *policy_of(struct inspect *in, struct connection *f);
/* deliver.c: the length of the message that begins at p, as proto_ops.frame says it */
int frame_of(const struct pass *c, const uint8_t *p, size_t n, enum reason *why);
/* The packet's own bytes, or others that it is the occasion for. */
struct action deliver(struct pass *c);
/* unfinished.c: an event of a connection, not of a packet, from its end dir */
struct event connection_event(struct inspect *in, struct connection *f, int dir, enum reason why);
void count_connection(struct inspect *in, const struct pol_flow *pol, const struct event *ev);
/* The record of what each end has begun and not finished, once; to be called
 * where the rest can come no more, or did not come in time. */
void unfinished_record(struct inspect *in, struct connection *f);
/* life.c: struct connections.dropped */
void life_dropped(void *in, struct connection *f);
/* life.c: has a message of this connection been unfinished for too long? Then it is ending. */
void life_clock(struct pass *c);

#endif
