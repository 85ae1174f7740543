/* SPDX-License-Identifier: MIT
 * explain: what to do about each reason, and what of a model could permit what was refused with it.
 * The sentence that says what it means is the table's of the reasons. */
#include <string.h>

#include "zonectl/explain.h"

enum advice {
	PERMITTED,
	CONDUIT,
	ZONE,
	INTERFACE,
	MAC_ADDRESS,
	ROUTE,
	BEGINNING,
	ENTRY,
	RATE,
	SENDER,
	STATE,
	PATH,
	ROOM,
	LOAD,
	ORDER,
	GRANT,
	WINDOW,
	DATE
};

static const char *const texts[] = {
	[PERMITTED] = "nothing is to be done",
	[CONDUIT] =
		"if this connection is meant to be, write it into the flows of a conduit from the "
		"client's zone to the server's: zonectl explain \"FROM -> TO tcp PORT\" proposes "
		"the text; else find out what sends it",
	[ZONE] = "write the network of the address into the networks of the zone where it belongs, "
		 "or "
		 "find out who uses an address that the model does not have",
	[MAC_ADDRESS] =
		"find out what sends with this address: another device, one that was exchanged, "
		"or a router that has come between",
	[INTERFACE] = "compare the zone's interfaces with the cabling and routes (zonectl check "
		      "--here); with these right, somebody uses a false address",
	[ROUTE] = "correct this machine's route to the address, or the zone's interfaces (zonectl "
		  "check --here says which disagree)",
	[BEGINNING] =
		"nothing, after a restart of this gate or of an end: the sender opens another "
		"connection; if it goes on, look for a second way round the gate",
	[ENTRY] =
		"if the message is meant to be, add an entry to the policy, or widen the one that "
		"the "
		"record's rule names: zonectl explain with the record proposes the text; else find "
		"out why the sender sends it",
	[RATE] = "find out why the sender is so quick; if it is meant to be, raise the conduit's "
		 "max_requests_per_second or max_writes_per_second",
	[SENDER] = "the message itself is wrong, and no entry permits it: look at the sender's "
		   "settings "
		   "and version; some deviations can be tolerated by a key of the policy "
		   "(zoned-model(5))",
	[STATE] =
		"the message does not fit what went before on its connection: look at the records "
		"before it, and at both ends; after a restart or a new path, connections must open "
		"again",
	[PATH] = "the packet itself is unusual: look for a router, a tunnel or a tool on the path "
		 "that "
		 "makes such packets",
	[ROOM] = "see whether the number of connections is right for the plant; if it is, raise "
		 "max_connections or max_connections_per_source, else find out who opens so many",
	[LOAD] = "if it happens often, find out who sends such large or unfinished messages",
	[ORDER] = "nothing while the zone shall be isolated; zonectl status says who ordered it, "
		  "and why, and zonectl release ZONE ends it",
	[GRANT] = "if it is meant to be, an operator opens the conduit for a time: zonectl grant "
		  "--for 30m --reason TEXT CONDUIT; connections begin again then",
	[WINDOW] = "if it is meant to be at this time, widen the times of the conduit; else find "
		   "out what sends it outside of them",
	[DATE] = "if it is meant to be any longer, write a later day into expires of the conduit; "
		 "else remove the conduit, and what still sends",
};

/* What of a model would permit what was refused with a reason. Of each that begins with NO_ the
 * text says why nothing would. */
enum change {
	UNSAID, /* no row: tests/model/explain.py finds it */
	NOTHING,
	A_FLOW,
	AN_ENTRY,
	KEYS,
	INTERFACES,
	ALL_CONNECTIONS,
	NOT_REFUSED,
	NO_BEGINNING,
	NO_MEMORY,
	NO_ORDER,
	NO_PACKET,
	NO_MESSAGE,
	NO_MODEL,
	A_TIME,
	THE_MAC,
};

static const char *const changes[] = {
	[UNSAID] = "",
	[NOTHING] = "nothing is to be changed",
	[A_FLOW] = "a flow of a conduit, and a zone with the address where it is in none",
	[AN_ENTRY] = "an entry in the policy's allow",
	[KEYS] = "a key that holds for all of a policy or conduit, where the message deviates in "
		 "what that key is about",
	[INTERFACES] = "the interfaces of the zone; never proposed: only who knows the cabling can "
		       "tell a new path from a false address",
	[ALL_CONNECTIONS] = "max_connections and max_connections_per_source of daemon; never "
			    "proposed: it depends on all connections, not on one",
	[NOT_REFUSED] =
		"no change of the model: nothing was refused, the record says what was not seen",
	[NO_BEGINNING] = "no change of the model: what a connection is must be seen from its "
			 "beginning, or whoever continues one could be anybody",
	[NO_MEMORY] = "no change of the model: the memory of an inspector has bounds that hold for "
		      "everybody",
	[NO_ORDER] = "no change of the model: what went before on the connection does not permit "
		     "this message, and two devices would make two things of it",
	[NO_PACKET] = "no change of the model: two receivers may make two things of such a packet, "
		      "so it cannot be judged",
	[A_TIME] = "times or expires of the conduit; never proposed: whether it may be open at "
		   "this time is for who owns it to say",
	[THE_MAC] = "another mac of the asset, or none with bind",
	[NO_MODEL] = "no change of the model, which permits it: orders lie over the model",
	[NO_MESSAGE] = "no change of the model: the message is not as the protocol's standard "
		       "says, and no device must be trusted to read it as the gate does",
};

struct row {
	uint8_t advice, change;
};

/* One row for each reason. */
static const struct row rows[R_COUNT] = {
	[R_NONE] = { PERMITTED, NOTHING },
	[R_NO_CONDUIT] = { CONDUIT, A_FLOW },
	[R_UNKNOWN_ZONE] = { ZONE, A_FLOW },
	[R_SPOOFED] = { INTERFACE, INTERFACES },
	[R_WAY_OUT] = { ROUTE, INTERFACES },
	[R_FUNCTION] = { ENTRY, AN_ENTRY },
	[R_UNIT] = { ENTRY, AN_ENTRY },
	[R_ADDRESS] = { ENTRY, AN_ENTRY },
	[R_WRITE_ADDRESS] = { ENTRY, AN_ENTRY },
	[R_QUANTITY] = { ENTRY, AN_ENTRY },
	[R_VALUE] = { ENTRY, AN_ENTRY },
	[R_VALUE_PART] = { ENTRY, AN_ENTRY },
	[R_SUBFUNCTION] = { ENTRY, AN_ENTRY },
	[R_MEI] = { ENTRY, AN_ENTRY },
	[R_FILE] = { ENTRY, AN_ENTRY },
	[R_REQUEST_RATE] = { RATE, KEYS },
	[R_WRITE_RATE] = { RATE, KEYS },
	[R_PROTOCOL_ID] = { SENDER, NO_MESSAGE },
	[R_LENGTH] = { SENDER, KEYS },
	[R_FORMAT] = { SENDER, NO_MESSAGE },
	[R_QUANTITY_LIMIT] = { SENDER, NO_MESSAGE },
	[R_BYTE_COUNT] = { SENDER, KEYS },
	[R_ADDRESS_WRAP] = { SENDER, NO_MESSAGE },
	[R_TRUNCATED] = { SENDER, NO_MESSAGE },
	[R_TRAILING] = { SENDER, KEYS },
	[R_UNSOLICITED] = { STATE, KEYS },
	[R_RESPONSE_MISMATCH] = { STATE, KEYS },
	[R_PENDING_LIMIT] = { STATE, NO_ORDER },
	[R_DUPLICATE_TID] = { STATE, NO_ORDER },
	[R_OVERLAP] = { PATH, NO_PACKET },
	[R_STREAM_GAP] = { STATE, NO_ORDER },
	[R_OUT_OF_WINDOW] = { PATH, NO_PACKET },
	[R_URGENT] = { PATH, NO_PACKET },
	[R_SYN_DATA] = { PATH, NO_PACKET },
	[R_BAD_SEGMENT] = { PATH, NO_PACKET },
	[R_FLAGS] = { PATH, NO_PACKET },
	[R_FLOW_LIMIT] = { ROOM, ALL_CONNECTIONS },
	[R_UNFINISHED] = { LOAD, NO_MEMORY },
	[R_SOURCE_LIMIT] = { ROOM, ALL_CONNECTIONS },
	[R_HALF_OPEN] = { ROOM, ALL_CONNECTIONS },
	[R_IDLE] = { ROOM, ALL_CONNECTIONS },
	[R_UA_TYPE] = { SENDER, NO_MESSAGE },
	[R_UA_NESTING] = { SENDER, NO_MESSAGE },
	[R_UA_ENCRYPTED] = { SENDER, NO_MESSAGE },
	[R_UA_SERVICE] = { ENTRY, AN_ENTRY },
	[R_UA_NODE] = { ENTRY, AN_ENTRY },
	[R_UA_ATTRIBUTE] = { ENTRY, AN_ENTRY },
	[R_UA_INTERVAL] = { ENTRY, AN_ENTRY },
	[R_UA_SECURITY] = { ENTRY, KEYS },
	[R_UA_POLICY] = { ENTRY, KEYS },
	[R_UA_CERTIFICATE] = { ENTRY, KEYS },
	[R_UA_URL] = { ENTRY, KEYS },
	[R_UA_USER] = { ENTRY, KEYS },
	[R_UA_OPAQUE] = { ENTRY, KEYS },
	[R_UA_SIZE] = { ENTRY, KEYS },
	[R_UA_STATE] = { STATE, KEYS },
	[R_UA_CHANNEL] = { STATE, NO_ORDER },
	[R_UA_SEQUENCE] = { STATE, KEYS },
	[R_UA_MIXED] = { STATE, NO_ORDER },
	[R_UA_ROOM] = { LOAD, NO_MEMORY },
	[R_FRAME] = { SENDER, NO_MESSAGE },
	[R_CRC] = { SENDER, NO_MESSAGE },
	[R_DNP_LINK] = { SENDER, NO_MESSAGE },
	[R_DNP_SEGMENT] = { STATE, NO_ORDER },
	[R_DNP_FRAGMENT] = { ENTRY, KEYS },
	[R_DNP_QUALIFIER] = { SENDER, KEYS },
	[R_DNP_OBJECT] = { SENDER, KEYS },
	[R_DNP_DIRECTION] = { SENDER, KEYS },
	[R_DNP_ADDRESS] = { ENTRY, AN_ENTRY },
	[R_DNP_BROADCAST] = { ENTRY, KEYS },
	[R_DNP_OBJECTS] = { ENTRY, AN_ENTRY },
	[R_DNP_POINT] = { ENTRY, AN_ENTRY },
	[R_DNP_CONTROL] = { ENTRY, AN_ENTRY },
	[R_DNP_ANALOG] = { ENTRY, AN_ENTRY },
	[R_DNP_NOT_SELECTED] = { STATE, KEYS },
	[R_DNP_UNSOLICITED] = { ENTRY, KEYS },
	[R_DNP_CONFIRM] = { STATE, NO_ORDER },
	[R_DNP_AUTH] = { ENTRY, KEYS },
	[R_DNP_OUTSTANDING] = { STATE, KEYS },
	[R_DNP_ASKS_CONFIRM] = { ENTRY, KEYS },
	[R_IP_OPTIONS] = { PATH, NO_PACKET },
	[R_HOPS] = { PATH, NO_PACKET },
	[R_LARGE_ROOM] = { LOAD, NO_MEMORY },
	[R_LARGE_TAKEN] = { LOAD, NO_MEMORY },
	[R_DNP_CONFIRMED] = { SENDER, NO_MESSAGE },
	[R_DNP_BROADCAST_PARTS] = { SENDER, NO_MESSAGE },
	[R_DNP_STATION] = { STATE, NO_ORDER },
	[R_DNP_DATAGRAM] = { SENDER, NO_MESSAGE },
	[R_DNP_REPEAT] = { STATE, NO_ORDER },
	[R_NO_HANDSHAKE] = { BEGINNING, NO_BEGINNING },
	[R_REVERSED] = { BEGINNING, NO_BEGINNING },
	[R_ICMP_ERROR] = { PATH, NO_PACKET },
	[R_BLOCKED_MARK] = { BEGINNING, NO_BEGINNING },
	[R_RTU] = { SENDER, NO_MESSAGE },
	[R_DNP_INTERLEAVED] = { ENTRY, KEYS },
	[R_IEC_CONTROL] = { SENDER, NO_MESSAGE },
	[R_IEC_TYPE] = { SENDER, NO_MESSAGE },
	[R_IEC_CAUSE] = { SENDER, NO_MESSAGE },
	[R_IEC_OBJECTS] = { SENDER, NO_MESSAGE },
	[R_IEC_COMMON] = { SENDER, NO_MESSAGE },
	[R_IEC_NUMBER] = { SENDER, NO_MESSAGE },
	[R_IEC_TIME] = { SENDER, NO_MESSAGE },
	[R_IEC_TYPE_REFUSED] = { ENTRY, AN_ENTRY },
	[R_IEC_CAUSE_REFUSED] = { ENTRY, AN_ENTRY },
	[R_IEC_TEST_BIT] = { ENTRY, AN_ENTRY },
	[R_IEC_COMMON_REFUSED] = { ENTRY, AN_ENTRY },
	[R_IEC_ORIGINATOR] = { ENTRY, AN_ENTRY },
	[R_IEC_ADDRESS] = { ENTRY, AN_ENTRY },
	[R_IEC_QUALIFIER] = { ENTRY, AN_ENTRY },
	[R_IEC_RECEIVE_NUMBER] = { STATE, KEYS },
	[R_IEC_WINDOW] = { STATE, KEYS },
	[R_IEC_STARTED] = { STATE, KEYS },
	[R_RESUMED] = { SENDER, NOT_REFUSED },
	[R_TAP_LOST] = { SENDER, NOT_REFUSED },
	[R_ISOLATED] = { ORDER, NO_MODEL },
	[R_NOT_GRANTED] = { GRANT, NO_MODEL },
	[R_OUTSIDE] = { WINDOW, A_TIME },
	[R_EXPIRED] = { DATE, A_TIME },
	[R_WRONG_MAC] = { MAC_ADDRESS, THE_MAC },
};

const char *explain_advice(enum reason why)
{
	return texts[why < R_COUNT ? rows[why].advice : SENDER];
}

const char *explain_what_changes(enum reason why)
{
	return changes[why < R_COUNT ? rows[why].change : UNSAID];
}

enum reason explain_reason_named(const char *name)
{
	for (int r = R_NONE; r < R_COUNT; r++)
		if (strcmp(reason_name((enum reason)r), name) == 0)
			return (enum reason)r;
	return R_COUNT;
}
