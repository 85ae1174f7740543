/* SPDX-License-Identifier: MIT
 *
 * Rules that look up the flow of a connection by its ends, for the table of ruleset-rules.c and
 * with its words. An end is found as its zone (zone4, zone6) or, where a conduit names assets, as
 * the class of an asset (end4, end6). A flow is looked up by both ends as assets first, then with
 * the client as one, then the server, then by zones: each time all rules about such a flow, so that
 * the first flow that is found decides alone. */
#ifndef ZONED_COMPILE_RULESET_ENDS_H
#define ZONED_COMPILE_RULESET_ENDS_H

/* clang-format off */
/* The flow of a connection whose ends are found like this. */
#define FLOW_OF(...)	__VA_ARGS__, SERVICE, MAP("conduits", 8, 0)
/* The type and code of its request, of a connection of ICMP; for errors connection tracking gives
 * those of the connection that they quote. */
#define ICMP_KIND	CT(NFT_CT_PROTOCOL, 0, 10), CT(NFT_CT_PROTO_DST, 0, 11)
#define ICMP_OF(v, ...)	IS_ICMP(v), __VA_ARGS__, ICMP_KIND, MAP("conduits-icmp", 8, 0)
#define PROTOCOL_OF(...) __VA_ARGS__, CT(NFT_CT_PROTOCOL, 0, 10), MAP("conduits-protocol", 8, 0)
/* Rules for errors that go by the same interfaces as the connection's packets in this direction. Of
 * a conduit that is closed: then no other ends are asked. */
#define ROUTER_ERRORS(chain, ...) \
	{ chain, \
	  "of none, and behind the other end of the connection", \
	  { __VA_ARGS__, SHOW(0), BACK, WAY, COUNT_MAP("ways", 0), TO(RS_GOTO, "error-kinds") } }, \
	{ \
		chain, "about a conduit that is closed now", \
		{ \
			__VA_ARGS__, SHOW(0), BACK, IN(RS_GATED, 0), DO(RS_RETURN) \
		} \
	}
#define ERRORS(chain, SRC, ...) \
	{ chain, \
	  "from the other end's side", \
	  { __VA_ARGS__, SHOW(0), BACK, WAY, COUNT_MAP("ways", 0), TO(RS_GOTO, "error-kinds") } }, \
		{ chain, \
		  "from a zone of one of its ends", \
		  { SAVE, SRC(5), __VA_ARGS__, SET_META(0), META(NFT_META_MARK, 4), SHOW(5), BACK, \
		    IN("flow-zones", 4), COUNT_MAP("flow-counters", 4), \
		    TO(RS_GOTO, "error-kinds") } }, \
	{ \
		chain, "about a permitted flow, and from elsewhere", \
		{ \
			__VA_ARGS__, SHOW(0), BACK, IN("permitted", 0), TO(RS_GOTO, "icmp-error") \
		} \
	}
/* Of a conduit that is closed: its flows are in no other map. */
#define CLOSED(chain, ...) \
	{ chain, "of a conduit that is closed now", { __VA_ARGS__, SHOW(0), BACK, VMAP(RS_GATED, 0) } }
/* The errors about connections whose ends are found like this. */
#define ROUTER_ERRORS_BY(chain, ends4, ends6) \
	ROUTER_ERRORS(chain, FLOW_OF(ends4)), ROUTER_ERRORS(chain, FLOW_OF(ends6)), \
	ROUTER_ERRORS(chain, ICMP_OF(V_ICMP, ends4)), ROUTER_ERRORS(chain, ICMP_OF(V_ICMP6, ends6)), \
	ROUTER_ERRORS(chain, PROTOCOL_OF(ends4)), ROUTER_ERRORS(chain, PROTOCOL_OF(ends6))
#define ERRORS_BY(chain, ends4, ends6) \
	ERRORS(chain, SRC4, FLOW_OF(ends4)), ERRORS(chain, SRC6, FLOW_OF(ends6)), \
	ERRORS(chain, SRC4, ICMP_OF(V_ICMP, ends4)), ERRORS(chain, SRC6, ICMP_OF(V_ICMP6, ends6)), \
	ERRORS(chain, SRC4, PROTOCOL_OF(ends4)), ERRORS(chain, SRC6, PROTOCOL_OF(ends6)), \
	CLOSED(chain, FLOW_OF(ends4)), CLOSED(chain, FLOW_OF(ends6)), \
	CLOSED(chain, ICMP_OF(V_ICMP, ends4)), CLOSED(chain, ICMP_OF(V_ICMP6, ends6)), \
	CLOSED(chain, PROTOCOL_OF(ends4)), CLOSED(chain, PROTOCOL_OF(ends6))
/* And the packets of such connections, each of one flow. */
#define CLASSIFY_BY(chain, ends4, ends6) \
	{ chain, "TCP without inspection begins with a SYN", \
	  { NO_SYN, FLOW_OF(ends4), SHOW(0), BACK, IN("uninspected", 0), TO(RS_GOTO, "no-handshake") } }, \
	{ chain, NULL, { NO_SYN, FLOW_OF(ends6), SHOW(0), BACK, IN("uninspected", 0), TO(RS_GOTO, "no-handshake") } }, \
	{ chain, "known from now on", { CT_STATE(V_ESTABLISHED), FLOW_OF(ends4), LEARN4 } }, \
	{ chain, NULL, { CT_STATE(V_ESTABLISHED), FLOW_OF(ends6), LEARN6 } }, \
	{ chain, NULL, { FLOW_OF(ends4), SHOW(0), BACK, COUNT_MAP("flow-counters", 0) } }, \
	{ chain, NULL, { FLOW_OF(ends4), SHOW(0), BACK, VMAP("actions", 0) } }, \
	{ chain, NULL, { FLOW_OF(ends6), SHOW(0), BACK, COUNT_MAP("flow-counters", 0) } }, \
	{ chain, NULL, { FLOW_OF(ends6), SHOW(0), BACK, VMAP("actions", 0) } }, \
	{ chain, "ICMP by the type that opened it: never among the known", \
	  { ICMP_OF(V_ICMP, ends4), SHOW(0), BACK, COUNT_MAP("flow-counters", 0) } }, \
	{ chain, NULL, { ICMP_OF(V_ICMP, ends4), SHOW(0), BACK, VMAP("actions", 0) } }, \
	{ chain, NULL, { ICMP_OF(V_ICMP6, ends6), SHOW(0), BACK, COUNT_MAP("flow-counters", 0) } }, \
	{ chain, NULL, { ICMP_OF(V_ICMP6, ends6), SHOW(0), BACK, VMAP("actions", 0) } }, \
	{ chain, "other IP protocols, known from now on", { CT_STATE(V_ESTABLISHED), PROTOCOL_OF(ends4), LEARN4 } }, \
	{ chain, NULL, { CT_STATE(V_ESTABLISHED), PROTOCOL_OF(ends6), LEARN6 } }, \
	{ chain, NULL, { PROTOCOL_OF(ends4), SHOW(0), BACK, COUNT_MAP("flow-counters", 0) } }, \
	{ chain, NULL, { PROTOCOL_OF(ends4), SHOW(0), BACK, VMAP("actions", 0) } }, \
	{ chain, NULL, { PROTOCOL_OF(ends6), SHOW(0), BACK, COUNT_MAP("flow-counters", 0) } }, \
	{ chain, NULL, { PROTOCOL_OF(ends6), SHOW(0), BACK, VMAP("actions", 0) } }, \
	CLOSED(chain, FLOW_OF(ends4)), CLOSED(chain, FLOW_OF(ends6)), \
	CLOSED(chain, ICMP_OF(V_ICMP, ends4)), CLOSED(chain, ICMP_OF(V_ICMP6, ends6)), \
	CLOSED(chain, PROTOCOL_OF(ends4)), CLOSED(chain, PROTOCOL_OF(ends6))
#define REVERSED_BY(chain, ends4, ends6) \
	{ chain, "an inspected connection turned round", { ends4, PORTS, IN("reversed", 8), TO(RS_GOTO, "reversed-flow") } }, \
	{ chain, NULL, { ends6, PORTS, IN("reversed", 8), TO(RS_GOTO, "reversed-flow") } }
#define REVERSED_RETURNS_BY(chain, ends4, ends6) \
	{ chain, "an inspected connection turned round", { ends4, PORTS, IN("reversed", 8), DO(RS_RETURN) } }, \
	{ chain, NULL, { ends6, PORTS, IN("reversed", 8), DO(RS_RETURN) } }
/* Assets at both ends, at the client's, at the server's: in this order they count. */
#define BY_ASSETS(WHAT, ...) \
	WHAT(__VA_ARGS__, ENDS4_BY("end4", "end4"), ENDS6_BY("end6", "end6")), \
	WHAT(__VA_ARGS__, ENDS4_BY("end4", "zone4"), ENDS6_BY("end6", "zone6")), \
	WHAT(__VA_ARGS__, ENDS4_BY("zone4", "end4"), ENDS6_BY("zone6", "end6"))
/* A connection of which one end is an asset that some conduit names. */
#define OF_ASSETS(chain, verdict, to) \
	{ chain, "an end is an asset that conduits name", { CT(NFT_CT_SRC_IP, 0, 0), IN("end4", 0), TO(verdict, to) } }, \
	{ chain, NULL, { CT(NFT_CT_SRC_IP, 1, 0), IN("end4", 0), TO(verdict, to) } }, \
	{ chain, NULL, { CT(NFT_CT_SRC_IP6, 0, 0), IN("end6", 0), TO(verdict, to) } }, \
	{ chain, NULL, { CT(NFT_CT_SRC_IP6, 1, 0), IN("end6", 0), TO(verdict, to) } }
/* clang-format on */

#endif
