/* SPDX-License-Identifier: MIT
 *
 * Model -> abstract ruleset: what the table `inet zoned` shall hold, as plain
 * structs. Pure; src/nft turns it into one netlink batch.
 *
 * The rules are a constant (ruleset-rules.c); only the elements of maps grow
 * with the plant. Flows are numbered within the model's mark_mask,
 *
 *	[generation: 2 bits][flow id]	id 0: none; 1: not used
 *
 * as they would stand in a mark, but no mark says of which flow a connection is: others write
 * marks, too. Our bits of a connection's mark have but one number, for those that are blocked
 *(blocked_mark).
 */
#ifndef ZONED_COMPILE_RULESET_H
#define ZONED_COMPILE_RULESET_H

#include "model/model.h"

enum { RS_FLOW_NONE, RS_FLOW_BLOCKED, RS_FLOW_FIRST }; /* flow ids */
enum { RS_KEY_MAX = 40, RS_TYPES_MAX = 5, RS_OPS_MAX = 36 };
/* elements of the set `ways`; flows for which there is no room are looked at longer */
enum { RS_WAYS_MAX = 65536 };
/* elements of the map `conduits`; a model that needs more is refused */
enum { RS_CONDUITS_MAX = 262144 };
/* elements of the set `reversed`; a model that needs more is refused */
enum { RS_REVERSED_MAX = 65536 };
/* the first chains of a ruleset have hooks: forward, prerouting */
enum { RS_FORWARD, RS_EARLY, RS_BASE_CHAINS };

#define RS_FLOWTABLE "offloaded"
/* Sets that count the packets of refused connections that have a record, two for each reason: by
 * the interface, source and destination of the connection, its protocol and destination port; or
 * by the interface and ends of an ICMP error. A packet keeps its element for another minute.
 * X(symbol, name of the counter and of the reason, other types of the key) */
/* The prefix of a packet's log line, before the reason: it was refused; it went on, since the site
 * is only watched. */
#define RS_LOG_REFUSED "zoned:"
#define RS_LOG_OBSERVED "zoned-observed:"
/* Counter, where the site is only watched: packets of the answering end of what would be refused.
 */
#define RS_ANSWERS "observed-answers"
/* Chain, counter and reason of what a conduit permits and an isolated zone refuses; it is refused
 * where the site is only watched, too. They are there only while a zone is isolated. */
#define RS_ISOLATED "zone-isolated"
#define RS_CUT "isolated"	 /* the set, where the site is only watched */
#define RS_WRONG_MAC "wrong-mac" /* only where some asset is bound */
#define RS_ISOLATED_FIRST "zone-isolated-first"
/* Chains, counters and reasons of what a conduit permits at other times (src/model/gates.c), by
 * enum gate_shut; they are there only where a conduit can be closed so. A connection that was
 * established when its conduit closed is reset in another chain. X(symbol, name) */
#define RS_GATED "gated" /* the map: flow of a conduit with a gate -> chain that refuses it */
#define RS_GATES(X) \
	X(NOT_GRANTED, "not-granted") \
	X(OUTSIDE, "outside-window") \
	X(EXPIRED, "expired")
#define RS_GATE_ENDED "-ended"
#define RS_AGAIN4 "again4-"
#define RS_AGAIN6 "again6-"
#define RS_AGAIN_REASONS(X) \
	X(NO_CONDUIT, "no-conduit", RS_T_PROTO, RS_T_PORT) \
	X(UNKNOWN_ZONE, "unknown-zone", RS_T_PROTO, RS_T_PORT) \
	X(SPOOFED, "wrong-interface", RS_T_PROTO, RS_T_PORT) \
	X(WRONG_MAC, RS_WRONG_MAC, RS_T_PROTO, RS_T_PORT) \
	X(WAY_OUT, "wrong-way-out", RS_T_PROTO, RS_T_PORT) \
	X(REVERSED, "reversed-flow", RS_T_PROTO, RS_T_PORT) \
	X(BLOCKED_MARK, "blocked-mark", RS_T_PROTO, RS_T_PORT) \
	X(ISOLATED, RS_ISOLATED, RS_T_PROTO, RS_T_PORT) \
	X(NOT_GRANTED, "not-granted", RS_T_PROTO, RS_T_PORT) \
	X(OUTSIDE, "outside-window", RS_T_PROTO, RS_T_PORT) \
	X(EXPIRED, "expired", RS_T_PROTO, RS_T_PORT) \
	X(ICMP_ERROR, "icmp-error", RS_T_NONE)
/* Connections that a tap refused; filled by zoned (nft_block). */
#define RS_BLOCKED_TAP4 "blocked-tap4"
#define RS_BLOCKED_TAP6 "blocked-tap6"
enum { RS_BLOCKED_TAP_MS = 3600 * 1000, RS_BLOCKED_TAP_MAX = 8192 };
/* Connections of inspected flows get this helper, which does nothing: the kernel puts no connection
 * that has one into a flowtable, whoever asks for it (src/nft/helper.c). */
#define RS_HELPER "zoned"
#define RS_HELPER_TCP "inspected-tcp" /* the table's objects for it */
#define RS_HELPER_UDP "inspected-udp"

enum rs_queue { RS_QUEUE_NATIVE, RS_QUEUE_XT }; /* the way of packets to NFQUEUE */
enum rs_type {
	RS_T_NONE,
	RS_T_IPV4,
	RS_T_IPV6,
	RS_T_PROTO,
	RS_T_PORT,
	RS_T_MARK,
	RS_T_IFNAME,
	RS_T_ETHER,
	RS_T_DIRECTION
};
enum rs_data { RS_D_NONE, RS_D_MARK, RS_D_VERDICT, RS_D_COUNTER };
/* The rulesets that have a rule with RS_ONLY: those of sites that are only watched; all the others.
 */
enum rs_only { RS_WATCHING, RS_ENFORCING };
enum rs_verdict { RS_ACCEPT, RS_DROP, RS_RETURN, RS_JUMP, RS_GOTO };

struct rs_elem {
	struct where at; /* whom to blame when the kernel refuses it */
	uint8_t key[RS_KEY_MAX];
	bool end;		 /* interval maps: first address after the interval */
	uint32_t mark;		 /* RS_D_MARK */
	enum rs_verdict verdict; /* RS_D_VERDICT */
	const char *target;	 /* chain of RS_JUMP, RS_GOTO; counter of RS_D_COUNTER */
	const char *comment;	 /* or NULL */
	/* the kernel removes it at this time of CLOCK_BOOTTIME (sets with `timed`); 0, UINT64_MAX:
	 * never */
	uint64_t until_ns;
};

struct rs_set {
	const char *name;
	enum rs_type types[RS_TYPES_MAX]; /* concatenated key, each padded to 4 bytes */
	enum rs_data data;
	bool interval;
	bool dynamic;		   /* filled by packets */
	bool timed;		   /* elements may have an end */
	uint32_t timeout_ms, size; /* dynamic only */
	struct rs_elem *elems;
	size_t n_elems;
};

/* One step of a rule. Registers are 32-bit words 0..15. */
enum rs_op_kind {
	RS_END,
	RS_CT,
	RS_META,
	RS_PAYLOAD,
	RS_AND_XOR,
	RS_EQ,
	RS_NE,
	RS_ABOVE,
	RS_MAP,
	RS_IN,
	RS_NOT_IN,
	RS_VMAP,
	RS_SET_CT_MARK,
	RS_SET_MARK,
	RS_COUNTER,
	RS_COUNTER_MAP,
	RS_ADD,
	RS_LIMIT,
	RS_LOG,
	RS_TO_QUEUE,
	RS_RESET,
	RS_VERDICT,
	RS_FAST,
	RS_OFFLOAD,
	RS_SET_HELPER,
	RS_NOTRACK,
	RS_ADD_MAP,
	RS_LEARN,
	RS_NETWORK6,
	RS_OVER_SHARE,
	RS_COUNT_KEY,
	RS_ONLY, /* key: enum rs_only; in the table of rules alone, as the first step */
	RS_KEEP, /* the key's time begins again */
};

struct rs_op {
	enum rs_op_kind kind;
	uint8_t reg, to; /* source and destination register */
	/* NFT_CT_*, NFT_META_*; RS_LIMIT: NFT_LIMIT_F_*; RS_PAYLOAD: offset (a: 1 of the transport
	 * header, 2 of the link's); RS_VERDICT: enum rs_verdict */
	uint32_t key;
	int dir; /* RS_CT: 0 original, 1 reply, -1 none */
	/* bytes of the value: RS_PAYLOAD, RS_EQ, RS_NE, RS_AND_XOR (0: 4) */
	uint32_t len;
	/* compare with a (RS_ABOVE: 16 bits of a header); and a, xor b; LIMIT, OVER_SHARE: rate,
	 * burst; LOG: group, snaplen; QUEUE: bypass */
	uint32_t a, b;
	const char *name; /* set, chain, counter, log prefix */
	bool ranges; /* in the table of rules alone: only where some flow has a range of ports */
};

struct rs_rule {
	const char *chain, *comment;
	struct rs_op ops[RS_OPS_MAX];
};

struct ruleset {
	struct arena *arena;
	struct where at; /* the model, for refusals that belong to nothing smaller */
	uint32_t mark_mask;
	uint32_t generation; /* our top two mark bits, in place */
	uint32_t generation_mask;
	uint32_t unit; /* the lowest bit of mark_mask: flow id 1, in place */
	/* the packet's mark with which a verdict of NF_REPEAT asks for blocking: all of it */
	uint32_t asked_mark;
	uint32_t blocked_mark; /* our bits of the ct mark of a connection that is blocked */
	uint16_t queue_base, queues;
	enum rs_queue backend;
	int fast;	 /* descriptor of the in-kernel path's program; -1: none */
	bool fast_first; /* it is asked by the first rule */
	int learn;	 /* descriptor of the program that learns flows; -1: none */
	bool offload;	 /* there is a flowtable, by the name RS_FLOWTABLE */
	bool taps;	 /* some tap blocks connections: sets blocked-tap4, blocked-tap6 */
	bool roaming;	 /* some zone names no interfaces, nor does a parent of it */
	bool lock;	 /* only the committing socket can change the table */
	/* the whole site is only watched: no rule refuses anything, and what no rule accepts goes
	 * on as well */
	bool observes;
	bool helper; /* inspected connections get RS_HELPER */
	/* some flow has a range of ports: flows are looked up by a piece of the ports' range, which
	 * has its first port's number */
	bool port_ranges;
	unsigned gates;	 /* how conduits can be closed: bits, 1 << enum gate_shut */
	bool isolates;	 /* some conduit leads to or from an isolated zone */
	bool binds;	 /* some asset is bound to its MAC address */
	bool assets;	 /* some conduit names an asset at an end */
	bool protocols;	 /* some flow is of other IP protocols */
	uint8_t *pieces; /* a bit for each port that is the first of a piece */
	/* its interfaces, whether they are there now or not */
	const char *devices[MODEL_OFFLOAD_MAX];
	size_t n_devices;
	const char **counters;
	size_t n_counters;
	struct where *counters_at;
	const char **chains;
	size_t n_chains; /* the first RS_BASE_CHAINS have hooks */
	struct rs_set *sets;
	size_t n_sets;
	struct rs_rule *rules;
	size_t n_rules;
};

struct ruleset_opts {
	uint32_t generation; /* its lowest two bits are used; must differ from the running one */
	uint16_t queues;     /* inspectors, at least 1 */
	enum rs_queue queue_backend;
	int fast; /* descriptor of the in-kernel path's program, -1: none */
	/* it knows itself whether a packet's interfaces are those of its zones */
	bool fast_first;
	int learn; /* descriptor of the program that learns flows, -1: none */
	/* the latter within the model's mark_mask; 0: its lowest bit */
	uint32_t asked_mark, blocked_mark;
	/* the kernel has flowtables; without, what asks for it is forwarded as all else */
	bool offload;
	bool lock;   /* the kernel can keep others from changing the table */
	bool helper; /* the kernel has the helper RS_HELPER */
};

/* NULL when errs has new entries. The model must outlive the ruleset. */
struct ruleset *ruleset_build(const struct model *m, const struct ruleset_opts *o,
			      struct errs *errs);
void ruleset_free(struct ruleset *rs); /* NULL is fine */
/* A flow that no inspector sees: what its connections are marked with, and between whose interfaces
 * they go. */
struct ruleset_plain {
	uint32_t mark;
	size_t conduit;		   /* n_conduits: none, routed inside one zone */
	const struct zone *end[2]; /* the client's and the server's; NULL: by any interface that no
				    * zone names (of conduits only: what is inside such a zone must
				    * go out where it came in) */
};

/* The plain flows of this generation, in an array that the caller frees. NULL: out of memory.
 * offload: as in the options; then conduits that want it are not among them, since the flowtable
 * gets its connections from the rules. m was checked. */
struct ruleset_plain *ruleset_plain(const struct model *m, uint32_t generation, bool offload,
				    size_t *n);
/* Flows that have a mark, inspected or not. */
size_t ruleset_marks(const struct model *m);
/* May packets of this zone's addresses come and go by this interface? As the ruleset says it. */
bool ruleset_way_ok(const struct model *m, size_t zone, const char *ifname);

#endif
