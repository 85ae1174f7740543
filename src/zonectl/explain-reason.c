/* SPDX-License-Identifier: MIT
 * explain: what to do about each reason. The sentence that says what it means is the table's of the
 * reasons. */
#include <string.h>

#include "zonectl/explain.h"

enum advice {
	PERMITTED,
	CONDUIT,
	ZONE,
	INTERFACE,
	BEGINNING,
	ENTRY,
	RATE,
	SENDER,
	STATE,
	PATH,
	ROOM,
	LOAD
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
	[INTERFACE] = "compare the zone's interfaces with the cabling and routes (zonectl check "
		      "--here); with these right, somebody uses a false address",
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
};

/* R_REASONS in groups; a reason without a row is a fault of the message. */
static const uint8_t advices[R_COUNT] = {
	[R_NONE] = PERMITTED,
	[R_NO_CONDUIT] = CONDUIT,
	[R_UNKNOWN_ZONE] = ZONE,
	[R_SPOOFED] = INTERFACE,
	[R_NO_HANDSHAKE] = BEGINNING,
	[R_REVERSED] = BEGINNING,
	[R_BLOCKED_MARK] = BEGINNING,
	[R_ICMP_ERROR] = PATH,
	/* the policy */
	[R_FUNCTION] = ENTRY,
	[R_UNIT] = ENTRY,
	[R_ADDRESS] = ENTRY,
	[R_WRITE_ADDRESS] = ENTRY,
	[R_QUANTITY] = ENTRY,
	[R_VALUE] = ENTRY,
	[R_SUBFUNCTION] = ENTRY,
	[R_MEI] = ENTRY,
	[R_FILE] = ENTRY,
	[R_UA_SERVICE] = ENTRY,
	[R_UA_NODE] = ENTRY,
	[R_UA_ATTRIBUTE] = ENTRY,
	[R_UA_INTERVAL] = ENTRY,
	[R_UA_SECURITY] = ENTRY,
	[R_UA_POLICY] = ENTRY,
	[R_UA_CERTIFICATE] = ENTRY,
	[R_UA_URL] = ENTRY,
	[R_UA_USER] = ENTRY,
	[R_UA_OPAQUE] = ENTRY,
	[R_UA_SIZE] = ENTRY,
	[R_DNP_FRAGMENT] = ENTRY,
	[R_DNP_ADDRESS] = ENTRY,
	[R_DNP_BROADCAST] = ENTRY,
	[R_DNP_OBJECTS] = ENTRY,
	[R_DNP_POINT] = ENTRY,
	[R_DNP_CONTROL] = ENTRY,
	[R_DNP_ANALOG] = ENTRY,
	[R_DNP_UNSOLICITED] = ENTRY,
	[R_DNP_AUTH] = ENTRY,
	[R_DNP_ASKS_CONFIRM] = ENTRY,
	[R_DNP_INTERLEAVED] = ENTRY,
	[R_IEC_TYPE_REFUSED] = ENTRY,
	[R_IEC_CAUSE_REFUSED] = ENTRY,
	[R_IEC_TEST_BIT] = ENTRY,
	[R_IEC_COMMON_REFUSED] = ENTRY,
	[R_IEC_ORIGINATOR] = ENTRY,
	[R_IEC_ADDRESS] = ENTRY,
	[R_IEC_QUALIFIER] = ENTRY,
	/* rates and room */
	[R_REQUEST_RATE] = RATE,
	[R_WRITE_RATE] = RATE,
	[R_FLOW_LIMIT] = ROOM,
	[R_SOURCE_LIMIT] = ROOM,
	[R_HALF_OPEN] = ROOM,
	[R_IDLE] = ROOM,
	[R_LARGE_ROOM] = LOAD,
	[R_LARGE_TAKEN] = LOAD,
	[R_UA_ROOM] = LOAD,
	[R_UNFINISHED] = LOAD,
	/* what went before */
	[R_UNSOLICITED] = STATE,
	[R_RESPONSE_MISMATCH] = STATE,
	[R_PENDING_LIMIT] = STATE,
	[R_DUPLICATE_TID] = STATE,
	[R_STREAM_GAP] = STATE,
	[R_UA_STATE] = STATE,
	[R_UA_CHANNEL] = STATE,
	[R_UA_SEQUENCE] = STATE,
	[R_UA_MIXED] = STATE,
	[R_DNP_SEGMENT] = STATE,
	[R_DNP_NOT_SELECTED] = STATE,
	[R_DNP_CONFIRM] = STATE,
	[R_DNP_OUTSTANDING] = STATE,
	[R_DNP_STATION] = STATE,
	[R_DNP_REPEAT] = STATE,
	[R_IEC_RECEIVE_NUMBER] = STATE,
	[R_IEC_WINDOW] = STATE,
	/* packets */
	[R_OVERLAP] = PATH,
	[R_OUT_OF_WINDOW] = PATH,
	[R_URGENT] = PATH,
	[R_SYN_DATA] = PATH,
	[R_BAD_SEGMENT] = PATH,
	[R_FLAGS] = PATH,
	[R_IP_OPTIONS] = PATH,
	[R_HOPS] = PATH,
};

const char *explain_advice(enum reason why)
{
	uint8_t a = why < R_COUNT ? advices[why] : SENDER;
	return texts[a == PERMITTED && why != R_NONE ? SENDER : a];
}

enum reason explain_reason_named(const char *name)
{
	for (int r = R_NONE; r < R_COUNT; r++)
		if (strcmp(reason_name((enum reason)r), name) == 0)
			return (enum reason)r;
	return R_COUNT;
}
