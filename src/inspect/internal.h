/* SPDX-License-Identifier: MIT
 * What the files of the data path share. */
#ifndef ZONED_INSPECT_INTERNAL_H
#define ZONED_INSPECT_INTERNAL_H

#include "inspect/flow.h"
#include "inspect/inspect.h"
#include "inspect/proto.h"
#include "inspect/rate.h"

enum { SCRATCH = 65536 + 256 };

struct inspect {
	struct inspect_conf conf;
	struct inspect_stats stats;
	const struct pol_image *img;
	struct flows flows;
	struct fast_rate *rate;	/* by conduit_id */
	struct rate_shares *shares;	/* likewise */
	bool own_rate;
	uint8_t *scratch;	/* one rewritten packet */
	uint64_t told_half_ns;	/* the last record of half-open connections pushed out */
	uint64_t told_large_ns;	/* and of a packet that found no large buffer */
	const struct inspect_out *out;	/* of the call that is going on */
	uint64_t wall_ns;
	void *shared[PROTO_N];	/* of proto_ops.shared bytes; NULL: none */
	void *common;		/* see proto_common() */
	bool own_common;
};

/* One packet on its way through. */
struct pass {
	struct inspect *in;
	const struct inspect_out *out;
	const struct inspect_pkt *raw;
	struct packet pkt;
	struct flow *f;
	int dir;
	const struct pol_flow *pol;	/* NULL: dissect_only */
};

/* One message that a protocol has judged. */
struct judged {
	enum reason why;	/* R_NONE: permitted */
	size_t len;		/* bytes of it in the stream */
	uint16_t rule;		/* that decided; 0xffff: none */
	bool part;		/* permitted, but only a part of a message: no record of its own */
	bool quiet;		/* refused, and a record said so already */
	bool copy;		/* taken out as a copy of what passed; where that cannot be, it passes */
	/* the protocol's facts of the event; NULL: none */
	void (*fill)(const struct pass *c, struct event *ev, const void *of);
	const void *of;
	const void *msg;	/* for the message callback: the protocol's own struct */
};

/* judge.c: deliver, cut or end; record it. */
enum act judge_done(struct pass *c, const struct judged *j);
/* The conduit's rate limits; writes: the message changes something. */
enum reason judge_rates(struct pass *c, bool writes);
void pass_event(struct pass *c, enum reason why, enum verdict v);
/* Likewise of bytes in which no message can be found. */
void pass_event_of(struct pass *c, enum reason why, enum verdict v, const uint8_t *p, size_t n);
bool pass_observes(const struct pass *c);
/* room.c: a place in the flow table for the connection of this packet, in c->f */
enum reason room_add(struct pass *c, bool from_client, uint8_t proto);
/* The client of c->f gets what is sent to it: from now on it is open. */
enum reason room_prove(struct pass *c);
/* The same for datagrams, whose sender proves nothing: only while there is room. Without,
 * the flow goes on, and its place is among the first to go. */
void room_answered(struct pass *c);
/* Large buffers for c->f, whose small ones are full; false: none for it. */
bool room_enlarge(struct pass *c);
/* The state of c->f. */
static inline void turn(struct pass *c, enum flow_state state)
{
	flow_turn(&c->in->flows, c->f, state, c->raw->now_ns);
}
/* fast.c: the connection is ours again, as the kernel left it; false: what it left is nonsense */
bool fast_take(struct pass *c);
/* Let the kernel have it, when it is at rest and the policy permits. */
void fast_offer(struct pass *c);
/* What fast.c asks about each inspected protocol: fast_NAME. fits NULL: no connection of it is ever given. */
struct fast_ops {
	bool (*fits)(const struct pass *c);	/* could the program go on from here? */
	/* What was learned of another connection, or under another policy. NULL: nothing ever is. */
	void (*forget)(struct fast_slot *s);
	bool (*give)(struct pass *c, struct fast_slot *s);	/* false: it cannot have this */
	bool (*take)(struct pass *c, const struct fast_slot *s);	/* false: nonsense */
	size_t kept[2], keep[2];	/* per direction: where in a slot it keeps bytes, and how many fit */
	uint32_t room[2];	/* fewer may be unacknowledged when it is given */
};
#define P(symbol, name, word, port, over) extern const struct fast_ops fast_##name;
PROTOCOLS(P)
#undef P

/* emit.c: send the packet on with the bytes [from, to) of its stream. */
void emit_range(struct pass *c, uint32_t from, uint32_t to, bool with_fin);
/* Send it on without payload at its own (translated) place. */
void emit_bare(struct pass *c);
/* Send one old byte, so that the receiver repeats its acknowledgement. */
void emit_probe(struct pass *c);
/* End the connection at the receiver. */
void emit_reset(struct pass *c);
/* A SYN as it is, but for options that would give the stream another meaning. */
void emit_syn(struct pass *c);
/* A datagram that goes on or not, as it is but for a checksum where it has none. */
void emit_datagram(struct pass *c, bool passes);
void emit_verdict(struct pass *c, enum verdict v);
/* inspect.c: the inspected flow a connection belongs to, as the image says now; NULL: none, or another protocol. */
const struct pol_flow *policy_of(struct inspect *in, struct flow *f);
/* deliver.c: the length of the message that begins at p, as proto_ops.frame says it */
int frame_of(const struct pass *c, const uint8_t *p, size_t n, enum reason *why);
/* The packet's own bytes, or others that it is the occasion for. */
void deliver(struct pass *c);
/* unfinished.c: the record of what each end has begun and not finished, once; to be called
 * where the rest can come no more, or did not come in time. */
void unfinished_record(struct inspect *in, struct flow *f);
/* struct flows.dropped */
void unfinished_dropped(void *in, struct flow *f);
/* life.c: has a message of this flow been unfinished for too long? Then it is ending. */
void life_clock(struct pass *c);

#endif
