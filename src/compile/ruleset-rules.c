/* SPDX-License-Identifier: MIT
 *
 * The rules of `inet zoned`, as one table to read from top to bottom. They do
 * not grow with the plant; what does is the elements of the maps:
 *
 *	zone4, zone6	address -> zone
 *	bound4, bound6	addresses of assets that are bound to their MAC addresses: asked before all
 *			else, and so before the in-kernel path
 *	macs4, macs6	(address . MAC address) of these: what they may send with
 *	end4, end6	address of an asset that some conduit names at an end -> its class. Zones
 *and classes are numbered together, and either stands in the maps of flows and in `reversed`
 *(ruleset-ends.h). Only where there is such a conduit
 *	port-ranges	port -> first port of the piece it is in, where a flow has a range of ports;
 *			then the maps of flows have pieces (ruleset-ports.c)
 *	paths		(interface . zone) where a zone's packets may enter or leave
 *	claimed		interfaces that some zone names
 *	roaming		zones that name no interface
 *	inside		(zone . zone), the same twice: traffic that crosses no boundary -> the
 *zone's own flow
 *	roaming-inside	likewise of zones that name no interface: inside is only what goes out where
 *it came in, since nobody can tell a false sender on another wire (chain inside-roaming). These
 *have no flow same-interface	(interface . interface), the same twice. Filled by packets, since no
 *rule can compare two names conduits	client zone . server zone . protocol . port -> flow
 *	conduits-icmp	client zone . server zone . protocol . type and code of the request -> flow,
 *			for ICMP and ICMPv6
 *	conduits-protocol client zone . server zone . protocol -> flow, for protocols without ports
 *	actions		flow -> accept or inspect; fast-closed and fast-open: may have the in-kernel
 *			path, which is asked there when it cannot be asked first
 *	flow-counters	flow -> the conduit's counter
 *	permitted	flows, asked about ICMP errors
 *	flow-zones	flow . zone of one of its ends
 *	uninspected	TCP flows without inspection: a connection of theirs begins with a SYN, or
 *is reset reversed	client zone . server zone . protocol . client's port . server's port of what
 *would be an inspected connection turned round (ruleset-reversed.c) known4, known6	the two ends
 *of an established connection, protocol and ports -> its flow. Filled by packets blocked4, blocked6
 *the same of connections that an inspector had blocked. Filled by packets ways		(flow .
 *direction . interface in . interface out) that the zones of its ends permit -> the conduit's
 *counter: what the anti-spoofing would find for packets of a connection that is classified, and the
 *counter, in one look
 *	ways-inside	(a zone's own flow . interface in . interface out): the same for what is
 *routed inside one. These flows are in no other map offloaded	the flowtable: connections that the
 *kernel forwards at the way in, between the interfaces it has, without asking any rule (chain
 *to-flowtable)
 *
 * gated has the flows of conduits that are not always open, and the chain that refuses each. It is
 * asked when no other map has the flow (ruleset-gates.c).
 *
 * blocked-tap4, blocked-tap6 are there where a tap is reactive, and are asked before all else:
 *zoned puts connections in, both ways round, of which a tap saw something that is refused.
 *
 * The in-kernel path is asked first, and all else when it does not pass a packet: it knows the
 * connection, its interfaces and generation, and counts for the conduit. Where it cannot know
 * a packet's way out, it is asked behind the anti-spoofing instead.
 *
 * A packet that cannot be forwarded must not change what connection tracking knows: one whose time
 * to live ends here, and that would go from one zone to another, is not tracked (chain
 * before-tracking).
 *
 * ICMP errors about a connection come from behind the gateway as the packets of the direction in
 *which they go: by an interface of the one end to an interface of the other. Their sender is a
 *router that needs no zone, or is of a zone that has this interface; where zones have no
 *interfaces, of a zone of one of the ends. They are of the kinds that a path needs, as short as
 *routers make them, and few.
 *
 * The client is the original source and the server the reply source of the
 * connection: the real ends, whatever NAT did and whichever way the packet goes.
 *
 * Marks prove nothing: whoever may write them (other firewalls, policy routing, conntrackd with the
 *marks of another box) could write the number of any flow. So what a connection is comes from its
 *addresses and ports alone, which only connection tracking writes. They are looked up for its first
 *packets; from when it is established, its flow is kept by them in `known4` or `known6` (and by the
 *in-kernel path in a table of its own, FAST_LEARN), which are made again with every generation.
 *
 * Two numbers are drawn at every start, and mean something on the way to the inspectors only: by
 *the one, a whole packet mark, an inspector asks to block a connection; the other one in our bits
 *of a connection's mark says that it is blocked. Nobody has the first by accident. Who has the
 *second, which is as short as mark_mask, has a connection refused, and recorded, since no inspector
 *asked for it.
 *
 * Into the flowtable go connections of flows without inspection, where the conduit says
 * offload = true and packets have gone both ways, so that every check was made of either
 * direction on the interfaces and routes that the flowtable keeps. It is made again in the
 * transaction that exchanges the rules: what was in it comes through these rules again and is
 * judged by the new generation. A packet that ends a connection, is too large, or whose route
 * changed comes here too.
 *
 * A value that comes out of a map and is part of another key passes through the packet
 * mark (SHOW), which gets its own value back (BACK) in the same rule, before
 * anything that can end the rule. The kernel needs no such detour, but nft(8)
 * 1.0.6 aborts when it lists a key made of map results; so it prints the zones
 * as "meta mark set ... map @zone4" in the order in which the key uses them.
 */
#include "compile/ruleset-ends.h"
#include "compile/ruleset-rules.h"

#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <string.h>

enum value {
	V_ZERO,
	V_MINE,
	V_FOREIGN,
	V_BLOCKED,
	V_ASKED,
	V_INVALID,
	V_ESTABLISHED,
	V_RELATED,
	V_NEW,
	V_ICMP,
	V_ICMP6,
	V_TCP,
	V_SYN,
	V_SYN_ACK_FIN_RST,
	V_OPENING,
	V_MORE_HOPS,
	V_REPLY,
	V_VALUES
};

/* as ct state counts them */
enum { STATE_INVALID = 1, STATE_ESTABLISHED = 2, STATE_RELATED = 4, STATE_NEW = 8 };

/* Octets of an ICMP error: RFC 1812, 4.3.2.3; RFC 4443, 2.4 (less the IPv6 header) */
enum { ERROR4_MAX = 576, ERROR6_MAX = 1280 - 40 };

/* clang-format off */
#define CT(k, d, r)	{ .kind = RS_CT, .key = (k), .dir = (d), .to = (r) }
#define META(k, r)	{ .kind = RS_META, .key = (k), .to = (r) }
#define NETHDR(o, l, r)	{ .kind = RS_PAYLOAD, .key = (o), .len = (l), .to = (r) }
#define AND(r, m)	{ .kind = RS_AND_XOR, .reg = (r), .to = (r), .a = (m), .b = V_ZERO }
#define AND_XOR(r, m, x) { .kind = RS_AND_XOR, .reg = (r), .to = (r), .a = (m), .b = (x) }
#define SENDER_MAC(r)	{ .kind = RS_PAYLOAD, .key = 6, .a = 2, .len = 6, .to = (r) }
#define TCP_FLAGS(r)	{ .kind = RS_PAYLOAD, .key = 13, .a = 1, .len = 1, .to = (r) }
#define ICMP_TYPE(r)	{ .kind = RS_PAYLOAD, .key = 0, .a = 1, .len = 1, .to = (r) }
#define AND8(r, m)	{ .kind = RS_AND_XOR, .reg = (r), .to = (r), .a = (m), .b = V_ZERO, .len = 1 }
#define EQ(r, v)	{ .kind = RS_EQ, .reg = (r), .len = 4, .a = (v) }
#define EQ8(r, v)	{ .kind = RS_EQ, .reg = (r), .len = 1, .a = (v) }
#define NE(r, v)	{ .kind = RS_NE, .reg = (r), .len = 4, .a = (v) }
#define NE8(r, v)	{ .kind = RS_NE, .reg = (r), .len = 1, .a = (v) }
#define ABOVE(r, v)	{ .kind = RS_ABOVE, .reg = (r), .a = (v) }
#define MAP(n, r, t)	{ .kind = RS_MAP, .name = (n), .reg = (r), .to = (t) }
#define IN(n, r)	{ .kind = RS_IN, .name = (n), .reg = (r) }
#define NOT_IN(n, r)	{ .kind = RS_NOT_IN, .name = (n), .reg = (r) }
#define VMAP(n, r)	{ .kind = RS_VMAP, .name = (n), .reg = (r) }
#define COUNT(n)	{ .kind = RS_COUNTER, .name = (n) }
#define COUNT_MAP(n, r)	{ .kind = RS_COUNTER_MAP, .name = (n), .reg = (r) }
#define ADD(n, r)	{ .kind = RS_ADD, .name = (n), .reg = (r) }
#define KEEP(n, r)	{ .kind = RS_KEEP, .name = (n), .reg = (r) }
#define COUNT_KEY(n, r)	{ .kind = RS_COUNT_KEY, .name = (n), .reg = (r) }
#define ADD_MAP(n, r, t) { .kind = RS_ADD_MAP, .name = (n), .reg = (r), .to = (t) }
/* The rule is for sites that are only watched, or for all the others. */
#define WATCHING	{ .kind = RS_ONLY, .key = RS_WATCHING }
#define ENFORCING	{ .kind = RS_ONLY, .key = RS_ENFORCING }
#define LOG(p)		{ .kind = RS_LOG, .name = (p) }
#define OVER_ALL	{ .kind = RS_LIMIT, .key = NFT_LIMIT_F_INV, .a = 200, .b = 200 }
#define NETWORK6(r)	{ .kind = RS_NETWORK6, .reg = (r) }
#define OVER(n, rate, burst) { .kind = RS_OVER_SHARE, .name = (n), .a = (rate), .b = (burst) }
#define QUEUE(bypass)	{ .kind = RS_TO_QUEUE, .a = (bypass) }
#define FAST		{ .kind = RS_FAST }
#define FAST_LEARN	{ .kind = RS_LEARN }
#define OFFLOAD		{ .kind = RS_OFFLOAD }
#define HELPER(n)	{ .kind = RS_SET_HELPER, .name = (n) }
#define NOTRACK		{ .kind = RS_NOTRACK }
#define RESET		{ .kind = RS_RESET }
#define SET_CT(r)	{ .kind = RS_SET_CT_MARK, .reg = (r) }
#define SET_META(r)	{ .kind = RS_SET_MARK, .reg = (r) }
#define DO(v)		{ .kind = RS_VERDICT, .key = (v) }
#define TO(v, c)	{ .kind = RS_VERDICT, .key = (v), .name = (c) }
/* clang-format on */

/* phrases */
/* clang-format off */
#define SAVE		META(NFT_META_MARK, 13)
#define SHOW(r)		SET_META(r), META(NFT_META_MARK, r)
#define BACK		SET_META(13)
#define CT_MARK(r)	CT(NFT_CT_MARK, -1, r)
#define CT_STATE(s)	CT(NFT_CT_STATE, -1, 15), AND(15, s), NE(15, V_ZERO)
#define L4_IS(p)	META(NFT_META_L4PROTO, 14), EQ8(14, p)
/* clang-format on */
/* The client and the server of the connection, by these maps: zone4, end4, zone6, end6. */
#define ENDS4_BY(client, server) \
	SAVE, CT(NFT_CT_SRC_IP, 0, 0), MAP(client, 0, 8), CT(NFT_CT_SRC_IP, 1, 0), \
		MAP(server, 0, 9), SHOW(8), SHOW(9), BACK
#define ENDS6_BY(client, server) \
	SAVE, CT(NFT_CT_SRC_IP6, 0, 0), MAP(client, 0, 8), CT(NFT_CT_SRC_IP6, 1, 0), \
		MAP(server, 0, 9), SHOW(8), SHOW(9), BACK
#define ENDS4 ENDS4_BY("zone4", "zone4")
#define ENDS6 ENDS6_BY("zone6", "zone6")
/* clang-format off */
/* Where some flow has a range of ports: the first port of the piece that a port is in. */
#define PIECE(r)	{ .kind = RS_MAP, .name = "port-ranges", .reg = (r), .to = (r), .ranges = true }, \
			{ .kind = RS_SET_MARK, .reg = (r), .ranges = true }, \
			{ .kind = RS_META, .key = NFT_META_MARK, .to = (r), .ranges = true }, \
			{ .kind = RS_SET_MARK, .reg = 13, .ranges = true }
#define SERVICE		CT(NFT_CT_PROTOCOL, 0, 10), CT(NFT_CT_PROTO_SRC, 1, 11), PIECE(11)
#define IS_ICMP(p)	CT(NFT_CT_PROTOCOL, 0, 14), EQ8(14, p)
/* clang-format on */
/* The connection as `known4` and `known6` have it, in words 1..; and its flow, if it is there. */
#define ENDS_AND_PORTS4 \
	CT(NFT_CT_SRC_IP, 0, 1), CT(NFT_CT_SRC_IP, 1, 2), CT(NFT_CT_PROTOCOL, 0, 3), \
		CT(NFT_CT_PROTO_SRC, 0, 4), CT(NFT_CT_PROTO_SRC, 1, 5)
#define ENDS_AND_PORTS6 \
	CT(NFT_CT_SRC_IP6, 0, 1), CT(NFT_CT_SRC_IP6, 1, 5), CT(NFT_CT_PROTOCOL, 0, 9), \
		CT(NFT_CT_PROTO_SRC, 0, 10), CT(NFT_CT_PROTO_SRC, 1, 11)
#define KNOWN4 SAVE, ENDS_AND_PORTS4, MAP("known4", 1, 0), SHOW(0), BACK
#define KNOWN6 SAVE, ENDS_AND_PORTS6, MAP("known6", 1, 0), SHOW(0), BACK
/* The same, and the in-kernel path learns the flow, so the next packet need not ask the rules. */
#define KNOWN_FAST4 SAVE, ENDS_AND_PORTS4, MAP("known4", 1, 0), SHOW(0), FAST_LEARN, BACK
#define KNOWN_FAST6 SAVE, ENDS_AND_PORTS6, MAP("known6", 1, 0), SHOW(0), FAST_LEARN, BACK
/* Word 0 has the flow: it need not be looked up again. */
/* clang-format off */
#define LEARN4		SHOW(0), BACK, ENDS_AND_PORTS4, ADD_MAP("known4", 1, 0)
#define LEARN6		SHOW(0), BACK, ENDS_AND_PORTS6, ADD_MAP("known6", 1, 0)
#define WAY		CT(NFT_CT_DIRECTION, -1, 1), META(NFT_META_IIFNAME, 2), META(NFT_META_OIFNAME, 6)
#define WAY_INSIDE	META(NFT_META_IIFNAME, 1), META(NFT_META_OIFNAME, 5)
/* clang-format on */
/* payload reads the packet as the network header's family: ask for that first */
/* clang-format off */
#define NFP4		META(NFT_META_NFPROTO, 15), { .kind = RS_EQ, .reg = 15, .len = 1, .a = V_VALUES + 2 }
#define NFP6		META(NFT_META_NFPROTO, 15), { .kind = RS_EQ, .reg = 15, .len = 1, .a = V_VALUES + 10 }
#define SRC4(r)		NFP4, NETHDR(12, 4, 0), MAP("zone4", 0, r)
#define DST4(r)		NFP4, NETHDR(16, 4, 0), MAP("zone4", 0, r)
#define SRC6(r)		NFP6, NETHDR(8, 16, 0), MAP("zone6", 0, r)
#define DST6(r)		NFP6, NETHDR(24, 16, 0), MAP("zone6", 0, r)
#define INSIDE4		SAVE, SRC4(8), DST4(9), SHOW(8), SHOW(9), BACK, MAP("inside", 8, 0)
#define INSIDE6		SAVE, SRC6(8), DST6(9), SHOW(8), SHOW(9), BACK, MAP("inside", 8, 0)
#define ROAMING_INSIDE4	SAVE, SRC4(8), DST4(9), SHOW(8), SHOW(9), BACK, IN("roaming-inside", 8)
#define ROAMING_INSIDE6	SAVE, SRC6(8), DST6(9), SHOW(8), SHOW(9), BACK, IN("roaming-inside", 8)
#define KIND(family, type) { "error-kinds", NULL, { family, ICMP_TYPE(0), EQ8(0, V_VALUES + (type)), TO(RS_GOTO, "error-room") } }
/* clang-format on */
/* With the interface, as in the shares below: a sender on another wire that forges an address hides
 * nothing of that address's owner */
#define CONN_ENDS4 \
	CT(NFT_CT_SRC_IP, 0, 4), CT(NFT_CT_DST_IP, 0, 5), CT(NFT_CT_PROTOCOL, 0, 6), \
		CT(NFT_CT_PROTO_DST, 0, 7)
#define CONN_ENDS6 \
	CT(NFT_CT_SRC_IP6, 0, 4), CT(NFT_CT_DST_IP6, 0, 8), CT(NFT_CT_PROTOCOL, 0, 12), \
		CT(NFT_CT_PROTO_DST, 0, 13)
#define CONN4 META(NFT_META_IIFNAME, 0), CONN_ENDS4
#define CONN6 META(NFT_META_IIFNAME, 0), CONN_ENDS6
/* a TCP packet that begins no connection, and is of none */
/* clang-format off */
#define NO_SYN		CT_STATE(V_OPENING), L4_IS(V_TCP), TCP_FLAGS(1), AND8(1, V_SYN_ACK_FIN_RST), NE8(1, V_SYN)
#define PORTS		CT(NFT_CT_PROTOCOL, 0, 10), CT(NFT_CT_PROTO_SRC, 0, 11), CT(NFT_CT_PROTO_SRC, 1, 12), PIECE(12)
#define MORE_HOPS(at)	NETHDR(at, 1, 0), AND8(0, V_MORE_HOPS)
/* clang-format on */
/* its source, and then the interface it came by, has used up its share: who can write senders has
 * no more than that. With more sources than the set holds the interface's share is left */
#define OVER_SHARES(chain, of, rate, burst, rate_in, burst_in, ...) \
	{ chain, \
	  "more than the share of one source", \
	  { NFP4, META(NFT_META_IIFNAME, 0), NETHDR(12, 4, 4), OVER(of "-share4", rate, burst), \
	    __VA_ARGS__ } }, \
		{ chain, \
		  NULL, \
		  { NFP6, META(NFT_META_IIFNAME, 0), NETHDR(8, 16, 4), NETWORK6(4), \
		    OVER(of "-share6", rate, burst), __VA_ARGS__ } }, \
	{ \
		chain, "more than that of one interface", \
		{ \
			META(NFT_META_IIFNAME, 0), OVER(of "-share-in", rate_in, burst_in), \
				__VA_ARGS__ \
		} \
	}
#define OVER_LOG_SHARES(chain, ...) \
	OVER_SHARES(chain, "log", 5, 20, 50, 100, __VA_ARGS__), \
	{ \
		chain, "more than there is room for", \
		{ \
			OVER_ALL, __VA_ARGS__ \
		} \
	}
/* What comes after the packet that has a record: by the connection; and errors about one by their
 * own ends. */
/* clang-format off */
#define CONNECTION_AGAIN(why) \
	{ why, "one record for as long as there are packets", { WATCHING, CONN4, IN("refused4", 0), KEEP("refused4", 0) } }, \
	{ why, NULL, { WATCHING, CONN6, IN("refused6", 0), KEEP("refused6", 0) } }, \
	{ why, "count what has a record already", { CONN4, IN("refused4", 0), COUNT_KEY(RS_AGAIN4 why, 0), DO(RS_DROP) } }, \
	{ why, NULL, { CONN6, IN("refused6", 0), COUNT_KEY(RS_AGAIN6 why, 0), DO(RS_DROP) } }
#define ERROR_AGAIN(why) \
	{ why, "count what has a record already", \
	  { CONN4, IN("refused4", 0), NFP4, NETHDR(12, 4, 4), NETHDR(16, 4, 5), COUNT_KEY(RS_AGAIN4 why, 0), DO(RS_DROP) } }, \
	{ why, NULL, \
	  { CONN6, IN("refused6", 0), NFP6, NETHDR(8, 16, 4), NETHDR(24, 16, 8), COUNT_KEY(RS_AGAIN6 why, 0), DO(RS_DROP) } }
/* clang-format on */
/* Where the site is only watched a connection has answers, which would not be there if its opening
 * were refused: nothing is counted or recorded for them. By the wrong interface an answer may come
 * alone; then it is one where the connection came in by the interface by which the answer goes
 * out, and has a record. */
/* clang-format off */
#define ANSWER		CT(NFT_CT_DIRECTION, -1, 0), EQ8(0, V_REPLY)
#define ANSWERS(why) \
	{ why, "would not be there", { WATCHING, ANSWER, COUNT(RS_ANSWERS), DO(RS_ACCEPT) } }
#define ANSWERS_RECORDED(why) \
	{ why, "would not be there", \
	  { WATCHING, ANSWER, META(NFT_META_OIFNAME, 0), CONN_ENDS4, IN("refused4", 0), COUNT(RS_ANSWERS), DO(RS_ACCEPT) } }, \
	{ why, NULL, \
	  { WATCHING, ANSWER, META(NFT_META_OIFNAME, 0), CONN_ENDS6, IN("refused6", 0), COUNT(RS_ANSWERS), DO(RS_ACCEPT) } }
/* clang-format on */
#define REFUSE(why, ...) REFUSE_FIRST(why, "first-packet", __VA_ARGS__)
#define REFUSE_FIRST(why, first, ...) \
	{ why, "exact count of what is refused", { COUNT(why) } }, __VA_ARGS__, \
		{ why, \
		  "log the first packet of a flow only, and no more than the share of its source", \
		  { TO(RS_JUMP, first) } }, \
		{ why, NULL, { LOG(why) } }, \
	{ \
		why, NULL, \
		{ \
			DO(RS_DROP) \
		} \
	}
#define FIRST_PACKET(chain) \
	OVER_LOG_SHARES(chain, DO(RS_DROP)), { chain, NULL, { CONN4, ADD("refused4", 0) } }, \
	{ \
		chain, NULL, \
		{ \
			CONN6, ADD("refused6", 0) \
		} \
	}
/* clang-format off */
#define GATE_CHAINS(why) \
	ANSWERS(why), \
	{ why, "established while it was open: both ends shall know", \
	  { ENFORCING, CT_STATE(V_ESTABLISHED), L4_IS(V_TCP), COUNT(why), TO(RS_GOTO, why RS_GATE_ENDED) } }, \
	REFUSE(why, CONNECTION_AGAIN(why)), \
	OVER_LOG_SHARES(why RS_GATE_ENDED, RESET), \
	{ why RS_GATE_ENDED, NULL, { LOG(why) } }, \
	{ why RS_GATE_ENDED, NULL, { RESET } }
/* clang-format on */
/* Rules for a packet before it goes to the inspectors, or when it comes back from them. */
/* clang-format off */
#define BLOCKING(chain) \
	{ chain, \
	  "an inspector asks to block this connection", \
	  { ENFORCING, META(NFT_META_MARK, 0), EQ(0, V_ASKED), AND(0, V_ZERO), SET_META(0), CT_MARK(1), \
	    AND_XOR(1, V_FOREIGN, V_BLOCKED), SET_CT(1), TO(RS_GOTO, "asked") } }, \
		{ chain, \
		  "an inspector asked before the site was only watched", \
		  { WATCHING, META(NFT_META_MARK, 0), EQ(0, V_ASKED), AND(0, V_ZERO), SET_META(0) } }, \
		{ chain, \
		  "a blocked connection's ports open a new one", \
		  { CT_MARK(0), AND(0, V_MINE), EQ(0, V_BLOCKED), L4_IS(V_TCP), TCP_FLAGS(1), \
		    AND8(1, V_SYN_ACK_FIN_RST), EQ8(1, V_SYN), CT_MARK(0), \
		    AND_XOR(0, V_FOREIGN, V_ZERO), SET_CT(0) } }, \
	{ \
		chain, "blocked earlier; stays so over a reload", \
		{ \
			CT_MARK(0), AND(0, V_MINE), EQ(0, V_BLOCKED), TO(RS_GOTO, "marked") \
		} \
	}
/* clang-format on */
/* clang-format off */
#define WHERE(chain, key, A4, A6, wrong) \
	{ chain, \
	  "an interface of this zone", \
	  { SAVE, META(key, 4), A4(8), SHOW(8), BACK, IN("paths", 4), DO(RS_RETURN) } }, \
		{ chain, \
		  NULL, \
		  { SAVE, META(key, 4), A6(8), SHOW(8), BACK, IN("paths", 4), DO(RS_RETURN) } }, \
		{ chain, \
		  "a zone without interfaces, on one that no zone names", \
		  { SAVE, META(key, 4), NOT_IN("claimed", 4), A4(8), SHOW(8), BACK, \
		    IN("roaming", 8), DO(RS_RETURN) } }, \
		{ chain, \
		  NULL, \
		  { SAVE, META(key, 4), NOT_IN("claimed", 4), A6(8), SHOW(8), BACK, \
		    IN("roaming", 8), DO(RS_RETURN) } }, \
		{ chain, \
		  "a zone, but not here", \
		  { SAVE, A4(8), SHOW(8), BACK, NE(8, V_ZERO), TO(RS_GOTO, wrong) } }, \
		{ chain, \
		  NULL, \
		  { SAVE, A6(8), SHOW(8), BACK, NE(8, V_ZERO), TO(RS_GOTO, wrong) } }, \
	{ \
		chain, "an address of no zone", \
		{ \
			TO(RS_GOTO, "unknown-zone") \
		} \
	}
/* clang-format on */

/* clang-format off */
static const struct rs_rule table[] = {
	{ "forward", "between an isolated zone and others, whatever else is only recorded",
	  { WATCHING, SAVE, SRC4(8), DST4(9), SHOW(8), SHOW(9), BACK, IN(RS_CUT, 8), TO(RS_GOTO, RS_ISOLATED) } },
	{ "forward", NULL, { WATCHING, SAVE, SRC6(8), DST6(9), SHOW(8), SHOW(9), BACK, IN(RS_CUT, 8), TO(RS_GOTO, RS_ISOLATED) } },
	{ "forward", "an error of any router about it", { WATCHING, ENDS4, IN(RS_CUT, 8), TO(RS_GOTO, RS_ISOLATED) } },
	{ "forward", NULL, { WATCHING, ENDS6, IN(RS_CUT, 8), TO(RS_GOTO, RS_ISOLATED) } },
	{ "forward", "a sender that is bound to its MAC address", { NFP4, NETHDR(12, 4, 0), IN("bound4", 0), TO(RS_JUMP, "bound") } },
	{ "forward", NULL, { NFP6, NETHDR(8, 16, 0), IN("bound6", 0), TO(RS_JUMP, "bound") } },
	{ "forward", "a tap saw what is refused", { ENDS_AND_PORTS4, IN(RS_BLOCKED_TAP4, 1), TO(RS_GOTO, "blocked") } },
	{ "forward", NULL, { ENDS_AND_PORTS6, IN(RS_BLOCKED_TAP6, 1), TO(RS_GOTO, "blocked") } },
	{ "forward", "whole permitted messages between interfaces of their zones, judged in the kernel",
	  { FAST, DO(RS_ACCEPT) } },
	{ "forward", "of a flow that is known, between interfaces of its zones",
	  { CT_STATE(V_ESTABLISHED), KNOWN_FAST4, WAY, COUNT_MAP("ways", 0), VMAP("actions", 0) } },
	{ "forward", NULL, { CT_STATE(V_ESTABLISHED), KNOWN_FAST6, WAY, COUNT_MAP("ways", 0), VMAP("actions", 0) } },
	{ "forward", "routed inside one zone, between interfaces of it",
	  { CT_STATE(V_ESTABLISHED), KNOWN4, WAY_INSIDE, IN("ways-inside", 0), COUNT("inside"), DO(RS_ACCEPT) } },
	{ "forward", NULL,
	  { CT_STATE(V_ESTABLISHED), KNOWN6, WAY_INSIDE, IN("ways-inside", 0), COUNT("inside"), DO(RS_ACCEPT) } },
	{ "forward", NULL, { CT_STATE(V_INVALID), COUNT("invalid"), DO(RS_DROP) } },
	{ "forward", "an error may come from a router of no zone", { CT_STATE(V_RELATED), L4_IS(V_ICMP), TO(RS_JUMP, "router-errors") } },
	{ "forward", NULL, { CT_STATE(V_RELATED), L4_IS(V_ICMP6), TO(RS_JUMP, "router-errors") } },
	{ "forward", "anti-spoofing", { TO(RS_JUMP, "source") } },
	{ "forward", "anti-spoofing, the way out", { TO(RS_JUMP, "destination") } },
	{ "forward", "known as well, and looked at the long way", { CT_STATE(V_ESTABLISHED), TO(RS_JUMP, "known-flow") } },
	{ "forward", "within one zone that names no interfaces", { ROAMING_INSIDE4, TO(RS_GOTO, "inside-roaming") } },
	{ "forward", NULL, { ROAMING_INSIDE6, TO(RS_GOTO, "inside-roaming") } },
	{ "forward", "within one zone, no error: known from now on", { CT_STATE(V_ESTABLISHED), INSIDE4, LEARN4 } },
	{ "forward", NULL, { CT_STATE(V_ESTABLISHED), INSIDE6, LEARN6 } },
	{ "forward", "within one zone", { INSIDE4, SHOW(0), BACK, COUNT("inside"), DO(RS_ACCEPT) } },
	{ "forward", "within one zone", { INSIDE6, SHOW(0), BACK, COUNT("inside"), DO(RS_ACCEPT) } },
	{ "forward", "errors about permitted flows", { CT_STATE(V_RELATED), L4_IS(V_ICMP), TO(RS_GOTO, "errors") } },
	{ "forward", NULL, { CT_STATE(V_RELATED), L4_IS(V_ICMP6), TO(RS_GOTO, "errors") } },
	{ "forward", NULL, { TO(RS_GOTO, "classify") } },

	{ "before-tracking", "goes on behind this box", { NFP4, MORE_HOPS(8), NE8(0, V_ZERO), DO(RS_ACCEPT) } },
	{ "before-tracking", NULL, { NFP6, MORE_HOPS(7), NE8(0, V_ZERO), DO(RS_ACCEPT) } },
	{ "before-tracking", "ends here for its time to live; within one zone it may be for this box", { INSIDE4, SHOW(0), BACK, DO(RS_ACCEPT) } },
	{ "before-tracking", NULL, { INSIDE6, SHOW(0), BACK, DO(RS_ACCEPT) } },
	{ "before-tracking", NULL, { ROAMING_INSIDE4, DO(RS_ACCEPT) } },
	{ "before-tracking", NULL, { ROAMING_INSIDE6, DO(RS_ACCEPT) } },
	{ "before-tracking", "between zones: no state comes of it", { SAVE, SRC4(8), DST4(9), SHOW(8), SHOW(9), BACK, NOTRACK } },
	{ "before-tracking", NULL, { SAVE, SRC6(8), DST6(9), SHOW(8), SHOW(9), BACK, NOTRACK } },

	WHERE("source", NFT_META_IIFNAME, SRC4, SRC6, "wrong-interface"),
	WHERE("destination", NFT_META_OIFNAME, DST4, DST6, "wrong-way-out"),

	{ "bound", "it has its own", { NFP4, NETHDR(12, 4, 0), SENDER_MAC(1), IN("macs4", 0), DO(RS_RETURN) } },
	{ "bound", NULL, { NFP6, NETHDR(8, 16, 0), SENDER_MAC(4), IN("macs6", 0), DO(RS_RETURN) } },
	{ "bound", "another one, or none", { TO(RS_GOTO, RS_WRONG_MAC) } },

	{ "inside-roaming", "back by the interface by which it came",
	  { META(NFT_META_IIFNAME, 0), META(NFT_META_IIFNAME, 4), ADD("same-interface", 0) } },
	{ "inside-roaming", NULL,
	  { META(NFT_META_IIFNAME, 0), META(NFT_META_OIFNAME, 4), IN("same-interface", 0), COUNT("inside"), DO(RS_ACCEPT) } },
	{ "inside-roaming", "errors about permitted flows", { CT_STATE(V_RELATED), L4_IS(V_ICMP), TO(RS_GOTO, "errors") } },
	{ "inside-roaming", NULL, { CT_STATE(V_RELATED), L4_IS(V_ICMP6), TO(RS_GOTO, "errors") } },
	{ "inside-roaming", "by another: whose wire it came from, nobody knows", { TO(RS_GOTO, "wrong-interface") } },

	{ "known-flow", NULL, { KNOWN4, COUNT_MAP("flow-counters", 0) } },
	{ "known-flow", NULL, { KNOWN4, VMAP("actions", 0) } },
	{ "known-flow", NULL, { KNOWN6, COUNT_MAP("flow-counters", 0) } },
	{ "known-flow", NULL, { KNOWN6, VMAP("actions", 0) } },

	{ "router-errors", "of a zone: looked at as any packet of it", { SAVE, SRC4(8), SHOW(8), BACK, NE(8, V_ZERO), DO(RS_RETURN) } },
	{ "router-errors", NULL, { SAVE, SRC6(8), SHOW(8), BACK, NE(8, V_ZERO), DO(RS_RETURN) } },
	BY_ASSETS(REVERSED_RETURNS_BY, "router-errors"),
	REVERSED_RETURNS_BY("router-errors", ENDS4, ENDS6),
	OF_ASSETS("router-errors", RS_GOTO, "asset-router-errors"),
	ROUTER_ERRORS_BY("router-errors", ENDS4, ENDS6),
	BY_ASSETS(ROUTER_ERRORS_BY, "asset-router-errors"),
	ROUTER_ERRORS_BY("asset-router-errors", ENDS4, ENDS6),

	BY_ASSETS(REVERSED_BY, "errors"),
	REVERSED_BY("errors", ENDS4, ENDS6),
	OF_ASSETS("errors", RS_JUMP, "asset-errors"),
	ERRORS_BY("errors", ENDS4, ENDS6),
	{ "errors", "no conduit", { TO(RS_GOTO, "no-conduit") } },

	BY_ASSETS(ERRORS_BY, "asset-errors"),

	{ "error-kinds", "longer than routers make them", { NFP4, NETHDR(2, 2, 0), ABOVE(0, ERROR4_MAX), TO(RS_GOTO, "icmp-error") } },
	{ "error-kinds", NULL, { NFP6, NETHDR(4, 2, 0), ABOVE(0, ERROR6_MAX), TO(RS_GOTO, "icmp-error") } },
	KIND(NFP4, 3), KIND(NFP4, 11), KIND(NFP4, 12),		/* unreachable, time exceeded, parameter problem */
	KIND(NFP6, 1), KIND(NFP6, 2), KIND(NFP6, 3), KIND(NFP6, 4),	/* and packet too big */
	{ "error-kinds", "redirects, source quench and others", { TO(RS_GOTO, "icmp-error") } },
	OVER_SHARES("error-room", "error", 10, 25, 20, 50, TO(RS_GOTO, "icmp-error")),
	{ "error-room", "as many as paths have; not for the inspectors", { DO(RS_ACCEPT) } },

	BY_ASSETS(REVERSED_BY, "classify"),
	REVERSED_BY("classify", ENDS4, ENDS6),
	OF_ASSETS("classify", RS_JUMP, "assets"),
	CLASSIFY_BY("classify", ENDS4, ENDS6),
	{ "classify", "no conduit", { TO(RS_GOTO, "no-conduit") } },

	BY_ASSETS(CLASSIFY_BY, "assets"),

	{ "fast-closed", "whole permitted messages, judged in the kernel", { FAST, DO(RS_ACCEPT) } },
	{ "fast-closed", NULL, { TO(RS_GOTO, "inspect-closed") } },
	{ "fast-open", "whole permitted messages, judged in the kernel", { FAST, DO(RS_ACCEPT) } },
	{ "fast-open", NULL, { TO(RS_GOTO, "inspect-open") } },
	BLOCKING("inspect-closed"),
	{ "inspect-closed", "no flowtable of others takes it past these rules",
	  { CT_STATE(V_NEW), HELPER(RS_HELPER_TCP), HELPER(RS_HELPER_UDP) } },
	{ "inspect-closed", "no inspector: drop", { QUEUE(0) } },
	BLOCKING("inspect-open"),
	{ "inspect-open", NULL, { CT_STATE(V_NEW), HELPER(RS_HELPER_TCP), HELPER(RS_HELPER_UDP) } },
	{ "inspect-open", "no inspector: pass (fail = open)", { QUEUE(1) } },

	{ "to-flowtable", "both ways have passed every check", { CT_STATE(V_ESTABLISHED), OFFLOAD } },
	{ "to-flowtable", NULL, { DO(RS_ACCEPT) } },

	{ "asked", NULL, { ENDS_AND_PORTS4, ADD("blocked4", 1) } },
	{ "asked", NULL, { ENDS_AND_PORTS6, ADD("blocked6", 1) } },
	{ "asked", NULL, { TO(RS_GOTO, "blocked") } },
	{ "marked", "an inspector asked for it", { ENDS_AND_PORTS4, IN("blocked4", 1), TO(RS_GOTO, "blocked") } },
	{ "marked", NULL, { ENDS_AND_PORTS6, IN("blocked6", 1), TO(RS_GOTO, "blocked") } },
	{ "marked", "none of this generation", { TO(RS_GOTO, "blocked-mark") } },

	{ "blocked", NULL, { COUNT("blocked") } },
	{ "blocked", NULL, { L4_IS(V_TCP), RESET } },
	{ "blocked", NULL, { DO(RS_DROP) } },

	ANSWERS("no-conduit"),
	REFUSE("no-conduit", CONNECTION_AGAIN("no-conduit")),
	ANSWERS("unknown-zone"),
	REFUSE("unknown-zone", CONNECTION_AGAIN("unknown-zone")),
	ANSWERS_RECORDED("wrong-interface"),
	REFUSE("wrong-interface", CONNECTION_AGAIN("wrong-interface")),
	ANSWERS_RECORDED(RS_WRONG_MAC),
	REFUSE(RS_WRONG_MAC, CONNECTION_AGAIN(RS_WRONG_MAC)),
	ANSWERS_RECORDED("wrong-way-out"),
	REFUSE("wrong-way-out", CONNECTION_AGAIN("wrong-way-out")),
	ANSWERS("reversed-flow"),
	REFUSE("reversed-flow", CONNECTION_AGAIN("reversed-flow")),
	REFUSE("icmp-error", ERROR_AGAIN("icmp-error")),
	ANSWERS("blocked-mark"),
	REFUSE("blocked-mark", CONNECTION_AGAIN("blocked-mark")),
	REFUSE_FIRST(RS_ISOLATED, RS_ISOLATED_FIRST, CONNECTION_AGAIN(RS_ISOLATED)),

#define GATE(symbol, name) GATE_CHAINS(name),
	RS_GATES(GATE)
#undef GATE

	{ "no-handshake", "exact count of what is refused", { COUNT("no-handshake") } },
	OVER_LOG_SHARES("no-handshake", RESET),
	{ "no-handshake", NULL, { LOG("no-handshake") } },
	{ "no-handshake", "each one: its sender opens another connection", { RESET } },

	FIRST_PACKET("first-packet"),
	FIRST_PACKET(RS_ISOLATED_FIRST),
};
/* clang-format on */

static uint32_t resolve(const struct ruleset *rs, uint32_t v)
{
	const uint32_t values[V_VALUES] = {
		[V_ZERO] = 0,
		[V_MINE] = rs->mark_mask,
		[V_FOREIGN] = ~rs->mark_mask,
		[V_BLOCKED] = rs->blocked_mark,
		[V_ASKED] = rs->asked_mark,
		[V_INVALID] = STATE_INVALID,
		[V_ESTABLISHED] = STATE_ESTABLISHED,
		[V_RELATED] = STATE_RELATED,
		[V_NEW] = STATE_NEW,
		[V_ICMP] = IPPROTO_ICMP,
		[V_ICMP6] = IPPROTO_ICMPV6,
		[V_TCP] = IPPROTO_TCP,
		[V_SYN] = 0x02,
		[V_SYN_ACK_FIN_RST] = 0x17,
		[V_OPENING] = STATE_NEW | STATE_RELATED,
		[V_MORE_HOPS] = 0xfe,
		[V_REPLY] = 1, /* IP_CT_DIR_REPLY */
	};
	return v < V_VALUES ? values[v] : v - V_VALUES; /* above the names: a literal */
}

static bool element_is_there(const struct rs_rule *r, enum rs_op_kind kind)
{
	for (const struct rs_op *op = r->ops; op->kind != RS_END; op++)
		if (op->kind == kind)
			return true;
	return false;
}

static bool has_name(const struct rs_rule *r, const char *name)
{
	for (const struct rs_op *op = r->ops; op->kind != RS_END; op++)
		if (op->name && strcmp(op->name, name) == 0)
			return true;
	return false;
}

bool ruleset_of_bound(const char *chain)
{
	return strcmp(chain, "bound") == 0 || strcmp(chain, RS_WRONG_MAC) == 0 ||
	       strcmp(chain, RS_AGAIN4 RS_WRONG_MAC) == 0 ||
	       strcmp(chain, RS_AGAIN6 RS_WRONG_MAC) == 0;
}

bool ruleset_of_assets(const char *chain)
{
	return strncmp(chain, "asset", 5) == 0;
}

/* Rules that need what this kernel does not have, or nobody asks for. */
static bool left_out(const struct ruleset *rs, const struct rs_rule *r)
{
	/* its chains are there only when it is asked late */
	bool late = strncmp(r->chain, "fast-", 5) == 0;
	if (!rs->taps && (has_name(r, RS_BLOCKED_TAP4) || has_name(r, RS_BLOCKED_TAP6)))
		return true;
	if (r->ops[0].kind == RS_ONLY && (r->ops[0].key == RS_WATCHING) != rs->observes)
		return true;
	if (!rs->isolates && (ruleset_of_isolation(r->chain) || has_name(r, RS_CUT)))
		return true;
	unsigned bit;
	if (ruleset_of_gate(r->chain, &bit) && !(rs->gates & bit))
		return true;
	if (!rs->gates && has_name(r, RS_GATED))
		return true;
	if (!rs->binds && (ruleset_of_bound(r->chain) || has_name(r, "bound")))
		return true;
	if (!rs->assets &&
	    (ruleset_of_assets(r->chain) || has_name(r, "end4") || has_name(r, "end6")))
		return true;
	if (!rs->protocols && has_name(r, "conduits-protocol"))
		return true;
	if (!rs->roaming && has_name(r, "roaming-inside"))
		return true;
	if (late ? rs->fast < 0 || rs->fast_first : element_is_there(r, RS_FAST) && !rs->fast_first)
		return true;
	return (!rs->offload && element_is_there(r, RS_OFFLOAD)) ||
	       (!rs->helper && element_is_there(r, RS_SET_HELPER));
}

static const char *log_prefix(const struct ruleset *rs, const char *why)
{
	bool passes = rs->observes && !ruleset_of_isolation(why);
	const char *before = passes ? RS_LOG_OBSERVED : RS_LOG_REFUSED;
	size_t n = strlen(before), k = strlen(why) + 1;
	char *s = arena_alloc(rs->arena, n + k);
	memcpy(s, before, n);
	memcpy(s + n, why, k);
	return s;
}

/* The site is only watched: what the rules refuse is counted and recorded by them, and goes on. */
static void let_pass(struct rs_op *op)
{
	bool refuses = op->kind == RS_RESET || (op->kind == RS_VERDICT && op->key == RS_DROP);
	if (refuses)
		*op = (struct rs_op)DO(RS_ACCEPT);
	if (op->kind == RS_TO_QUEUE)
		op->a = 1; /* without an inspector, too */
}

/* Steps that this ruleset has no use for. */
static void drop_steps(const struct ruleset *rs, struct rs_rule *r)
{
	size_t n = 0, i = r->ops[0].kind == RS_ONLY;
	for (; r->ops[i].kind != RS_END; i++)
		if (!r->ops[i].ranges || rs->port_ranges)
			r->ops[n++] = r->ops[i];
	r->ops[n] = (struct rs_op){ .kind = RS_END };
}

void ruleset_rules(struct ruleset *rs, const struct model *m)
{
	rs->n_rules = 0;
	rs->rules = arena_alloc(rs->arena, sizeof(table));
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (left_out(rs, &table[i]))
			continue;
		struct rs_rule *r = &rs->rules[rs->n_rules++];
		*r = table[i];
		drop_steps(rs, r);
		for (struct rs_op *op = r->ops; op->kind != RS_END; op++) {
			switch (op->kind) {
			case RS_AND_XOR:
				op->b = resolve(rs, op->b);
				/* fall through */
			case RS_EQ:
			case RS_NE:
				op->a = resolve(rs, op->a);
				break;
			case RS_LOG:
				op->name = log_prefix(rs, op->name);
				op->a = m->daemon.log_group;
				op->b = 128;
				break;
			default:
				break;
			}
			if (rs->observes && !ruleset_of_isolation(r->chain))
				let_pass(op);
		}
	}
}
