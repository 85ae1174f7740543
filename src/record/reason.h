/* SPDX-License-Identifier: MIT
 *
 * Why a message or packet was refused: one table that the code, the records
 * and zoned-events(5) share. Codes and names are stable; only append.
 *
 * X(enumerator, "name-in-records", severity, "sentence for the operator")
 *
 * Severities are those of syslog (RFC 5424 6.2.1):
 *   ERROR    no station does this unasked: it is how somebody tries to pass a gate, or to be
 * another WARNING  not permitted, or not as the protocol has it NOTICE   of room, time and order:
 * what load, a restart or a lost packet brings about, too INFO     permitted
 */
#ifndef ZONED_RECORD_REASON_H
#define ZONED_RECORD_REASON_H

/* clang-format off */
#define REASONS(X) \
X(R_NONE, "none", INFO, "permitted") \
X(R_NO_CONDUIT, "no-conduit", WARNING, "no conduit permits this connection between the two zones") \
X(R_UNKNOWN_ZONE, "unknown-zone", WARNING, "an address belongs to no zone of the model") \
X(R_SPOOFED, "wrong-interface", ERROR, "the packet came by an interface that is not known as one of its sender's zone") \
X(R_WAY_OUT, "wrong-way-out", WARNING, "the packet would leave by an interface that is not one of its receiver's zone") \
X(R_FUNCTION, "function-not-allowed", WARNING, "the policy does not allow this function code") \
X(R_UNIT, "unit-not-allowed", WARNING, "the policy does not allow this unit identifier for the function") \
X(R_ADDRESS, "address-not-allowed", WARNING, "the address range is not contained in an allowed range") \
X(R_WRITE_ADDRESS, "write-address-not-allowed", WARNING, "the written part of a read/write request is not contained in an allowed range") \
X(R_QUANTITY, "quantity-not-allowed", WARNING, "the quantity is outside the allowed range") \
X(R_VALUE, "value-not-allowed", WARNING, "a written value is outside the allowed range") \
X(R_SUBFUNCTION, "subfunction-not-allowed", WARNING, "the diagnostics sub-function is not allowed") \
X(R_MEI, "mei-not-allowed", WARNING, "the MEI type is not allowed") \
X(R_FILE, "file-not-allowed", WARNING, "the file number is not allowed") \
X(R_REQUEST_RATE, "request-rate", WARNING, "more requests per second than the conduit allows") \
X(R_WRITE_RATE, "write-rate", WARNING, "more writes per second than the conduit allows") \
X(R_PROTOCOL_ID, "bad-protocol-identifier", WARNING, "the MBAP protocol identifier is not zero") \
X(R_LENGTH, "bad-length", WARNING, "the length field does not fit the function or the protocol's limits") \
X(R_FORMAT, "bad-format", WARNING, "a field has a value that the protocol does not permit") \
X(R_QUANTITY_LIMIT, "quantity-out-of-specification", WARNING, "the quantity is outside the protocol's own limits") \
X(R_BYTE_COUNT, "bad-byte-count", WARNING, "the byte count does not match the quantity or the data") \
X(R_ADDRESS_WRAP, "address-out-of-specification", WARNING, "address plus quantity goes past the last address that there is") \
X(R_TRUNCATED, "truncated", WARNING, "the message ends before its fields do") \
X(R_TRAILING, "trailing-bytes", WARNING, "the message has bytes after its last field") \
X(R_UNSOLICITED, "unsolicited-response", WARNING, "a response without a pending request") \
X(R_RESPONSE_MISMATCH, "response-mismatch", WARNING, "the response does not fit its request") \
X(R_PENDING_LIMIT, "too-many-pending", NOTICE, "more outstanding requests than a connection may have") \
X(R_DUPLICATE_TID, "duplicate-transaction", WARNING, "the transaction identifier is already outstanding") \
X(R_OVERLAP, "overlap-differs", ERROR, "a retransmitted or overlapping segment carries other bytes than the first") \
X(R_STREAM_GAP, "stream-not-in-step", NOTICE, "the inspector has not seen this connection from its start") \
X(R_OUT_OF_WINDOW, "out-of-window", NOTICE, "the segment lies outside what the receiver can accept") \
X(R_URGENT, "urgent-data", ERROR, "urgent data is not permitted on an inspected connection") \
X(R_SYN_DATA, "syn-data", ERROR, "a SYN segment with data") \
X(R_BAD_SEGMENT, "bad-segment", WARNING, "the packet's IP or TCP header is malformed, truncated, a fragment or has a bad checksum") \
X(R_FLAGS, "bad-flags", ERROR, "a TCP flag combination that has no meaning") \
X(R_FLOW_LIMIT, "flow-table-full", NOTICE, "no room for another inspected connection") \
X(R_UNFINISHED, "unfinished-message", NOTICE, "a message was begun and its rest did not come: in time, or before its sender or the connection ended") \
X(R_SOURCE_LIMIT, "source-limit", NOTICE, "the source has as many open connections as one may have (max_connections_per_source)") \
X(R_HALF_OPEN, "half-open-evicted", NOTICE, "a connection whose handshake was never finished made room for others; at most one record a second") \
X(R_IDLE, "idle-evicted", NOTICE, "a connection without a good message for long was ended to make room for another") \
X(R_UA_TYPE, "bad-message-type", WARNING, "the chunk is none of OPC UA's message types") \
X(R_UA_NESTING, "nesting-too-deep", ERROR, "values are nested deeper than any real data") \
X(R_UA_ENCRYPTED, "not-readable", WARNING, "the body is neither plain nor a whole number of cipher blocks") \
X(R_UA_SERVICE, "service-not-allowed", WARNING, "the policy does not allow this service") \
X(R_UA_NODE, "node-not-allowed", WARNING, "the policy does not allow this node for the service") \
X(R_UA_ATTRIBUTE, "attribute-not-allowed", WARNING, "the policy does not allow this attribute for the service") \
X(R_UA_INTERVAL, "interval-too-short", WARNING, "a sampling or publishing interval is shorter than the policy allows") \
X(R_UA_SECURITY, "security-too-low", WARNING, "the security mode of the channel is lower than the policy asks for") \
X(R_UA_POLICY, "security-policy-not-allowed", WARNING, "the policy does not allow this security policy") \
X(R_UA_CERTIFICATE, "certificate-not-allowed", WARNING, "the policy does not allow this certificate") \
X(R_UA_URL, "endpoint-not-allowed", WARNING, "the policy does not allow this endpoint URL") \
X(R_UA_USER, "user-token-not-allowed", WARNING, "the policy does not allow this kind of user identity") \
X(R_UA_OPAQUE, "opaque-body", WARNING, "the body is encrypted and the policy lets only readable ones pass") \
X(R_UA_SIZE, "message-too-large", WARNING, "the chunk or message is larger than the policy, the two ends or the inspector allow") \
X(R_UA_STATE, "not-in-this-state", WARNING, "the state of the connection or secure channel does not permit this message") \
X(R_UA_CHANNEL, "unknown-channel", WARNING, "the secure channel or its token is not open on this connection") \
X(R_UA_SEQUENCE, "bad-sequence-number", WARNING, "the sequence number is not the next one") \
X(R_UA_MIXED, "security-mode-changed", ERROR, "plain and encrypted bodies on one secure channel") \
X(R_UA_ROOM, "no-room-for-message", NOTICE, "too many messages in parts at once for one inspector") \
X(R_FRAME, "no-frame", WARNING, "no frame begins here: the start octets are missing") \
X(R_CRC, "bad-crc", WARNING, "a checksum of the frame is wrong") \
X(R_DNP_LINK, "bad-link-frame", WARNING, "a link frame that no station sends: a reserved function, a wrong FCV or FCB bit, a reserved source, or a broadcast that wants an answer") \
X(R_DNP_SEGMENT, "bad-transport-sequence", WARNING, "the segment does not continue the fragment that was begun, or begins another in the middle of it") \
X(R_DNP_FRAGMENT, "fragment-too-long", WARNING, "the fragment is longer than the policy allows") \
X(R_DNP_QUALIFIER, "bad-qualifier", WARNING, "the qualifier of an object header is reserved or does not fit the objects") \
X(R_DNP_OBJECT, "unknown-object", WARNING, "an object of unknown size: what follows it cannot be read") \
X(R_DNP_DIRECTION, "wrong-direction", WARNING, "the frame or function belongs to the other end of the connection") \
X(R_DNP_ADDRESS, "link-address-not-allowed", WARNING, "the policy does not allow this pair of link addresses") \
X(R_DNP_BROADCAST, "broadcast-not-allowed", WARNING, "the policy does not allow broadcast addresses") \
X(R_DNP_OBJECTS, "object-not-allowed", WARNING, "the policy does not allow this object group and variation") \
X(R_DNP_POINT, "point-not-allowed", WARNING, "the points are not contained in an allowed range") \
X(R_DNP_CONTROL, "control-not-allowed", WARNING, "the operation, trip or close code, count or times of a control are not allowed") \
X(R_DNP_ANALOG, "analog-value-not-allowed", WARNING, "the value of an analog output is outside the allowed ranges") \
X(R_DNP_NOT_SELECTED, "not-selected", WARNING, "the same outputs were not selected just before") \
X(R_DNP_UNSOLICITED, "unsolicited-not-allowed", WARNING, "the policy does not allow unsolicited responses") \
X(R_DNP_CONFIRM, "unexpected-confirm", NOTICE, "a confirmation of nothing that asked for one") \
X(R_DNP_AUTH, "authentication-required", WARNING, "the request is neither authenticated nor in an authenticated session") \
X(R_DNP_OUTSTANDING, "request-outstanding", NOTICE, "the outstation has not answered the request before, and may lose or delay this one") \
X(R_DNP_ASKS_CONFIRM, "request-asks-confirmation", ERROR, "a request that asks for a confirmation: some outstations ignore it, others act") \
X(R_IP_OPTIONS, "ip-options", WARNING, "the packet has IP options, IPv6 extension headers or the reserved flag, which routers and receivers may discard") \
X(R_HOPS, "hop-limit-too-small", NOTICE, "fewer than 8 hops are left to the packet: it may expire before it reaches the other end") \
X(R_LARGE_ROOM, "no-large-buffer", NOTICE, "all large buffers are in use, and none is due to this source; the packet comes again; at most one record a second") \
X(R_LARGE_TAKEN, "large-buffer-taken", NOTICE, "the connection kept a large buffer that a source with fewer of them needed, and was ended") \
X(R_DNP_CONFIRMED, "confirmed-in-parts", ERROR, "a request as confirmed user data in more than one frame: which of them the station takes, nobody else can know") \
X(R_DNP_BROADCAST_PARTS, "broadcast-in-parts", ERROR, "a request in more than one frame to a broadcast or self address") \
X(R_DNP_STATION, "station-busy", NOTICE, "another connection is sending this station a request of more than one frame") \
X(R_DNP_DATAGRAM, "not-in-one-datagram", ERROR, "a request over UDP that does not end in the datagram where it begins") \
X(R_DNP_REPEAT, "repeated-frame", ERROR, "the frame before, once more: it was taken out, and the fragment goes on") \
X(R_NO_HANDSHAKE, "no-handshake", NOTICE, "a TCP connection without inspection whose beginning the gate has not seen; its sender is reset") \
X(R_REVERSED, "reversed-flow", ERROR, "packets of an inspected service's server that would begin a connection judged less in the other direction") \
X(R_ICMP_ERROR, "icmp-error", NOTICE, "an ICMP error from no side of its connection, or of a type, length or number that no path needs") \
X(R_BLOCKED_MARK, "blocked-mark", ERROR, "packets of a connection that is marked as blocked, though no inspector has asked for it since the last reload") \
X(R_RTU, "rtu-over-tcp", NOTICE, "Modbus RTU framing over TCP: a CRC and no MBAP header; set both ends to Modbus TCP, or put a converter between them") \
X(R_DNP_INTERLEAVED, "interleaved-response", ERROR, "frames of two outstations' responses to one master, in turn: some masters would join them (interleaved_responses)") \
X(R_IEC_CONTROL, "bad-control-field", WARNING, "the control field is not exactly that of an I, S or U frame: stations differ in what they make of other bits") \
X(R_IEC_TYPE, "reserved-type", WARNING, "the type identification is reserved or private: nobody can say where its elements end") \
X(R_IEC_CAUSE, "cause-does-not-fit", WARNING, "the cause of transmission is reserved, or this end never sends it, or a negative one, with this type") \
X(R_IEC_OBJECTS, "bad-object-count", WARNING, "no information object; or more than one, or a sequence, where the type has one: some stations act on the first of them") \
X(R_IEC_COMMON, "bad-common-address", WARNING, "a command to common address 0, or to that of all stations with a type that is for one") \
X(R_IEC_NUMBER, "not-a-finite-number", WARNING, "a command with a float that is infinite or no number") \
X(R_IEC_TIME, "bad-time", WARNING, "a command with a time that no clock shows, or that is marked as invalid") \
X(R_IEC_TYPE_REFUSED, "type-not-allowed", WARNING, "the policy does not allow this type identification") \
X(R_IEC_CAUSE_REFUSED, "cause-not-allowed", WARNING, "the policy does not allow this cause of transmission for the type") \
X(R_IEC_TEST_BIT, "test-bit-not-allowed", WARNING, "the message has the test bit, with which some stations act and others do not") \
X(R_IEC_COMMON_REFUSED, "common-address-not-allowed", WARNING, "the policy does not allow this common address for the type") \
X(R_IEC_ORIGINATOR, "originator-not-allowed", WARNING, "the policy does not allow this originator address") \
X(R_IEC_ADDRESS, "object-address-not-allowed", WARNING, "the information object addresses are not contained in an allowed range") \
X(R_IEC_QUALIFIER, "qualifier-not-allowed", WARNING, "the state, the pulse duration or another qualifier of the command is not allowed") \
X(R_IEC_RECEIVE_NUMBER, "bad-receive-number", WARNING, "the receive sequence number confirms less than the one before, or more than was sent") \
X(R_IEC_WINDOW, "window-exceeded", WARNING, "more I frames without confirmation than one end may send (k)") \
X(R_IEC_STARTED, "another-master-started", NOTICE, "as many other masters as the policy permits have data transfer started with this station (started_masters, redundancy_group)") \
X(R_RESUMED, "stream-resumed", NOTICE, "packets of this connection were not seen: it is judged again from the next place where a message can begin; only where nothing is blocked") \
X(R_TAP_LOST, "capture-lost", WARNING, "mirrored packets were lost before they could be judged: the buffer of the tap was full (buffer)") \
X(R_ISOLATED, "zone-isolated", WARNING, "a conduit permits this connection, and a zone of one of its ends is isolated by order (zonectl isolate)") \
X(R_VALUE_PART, "value-in-part", WARNING, "registers that are one value are not all written by this request (typed_values)") \
X(R_NOT_GRANTED, "not-granted", WARNING, "a conduit permits this connection while it is granted, and it is not granted now (zonectl grant)") \
X(R_OUTSIDE, "outside-window", WARNING, "a conduit permits this connection at other times (times)") \
X(R_EXPIRED, "expired", WARNING, "a conduit permitted this connection until its last day (expires)") \
X(R_WRONG_MAC, "wrong-mac", ERROR, "the packet has the address of an asset that is bound to its MAC address, and came with another one")
/* clang-format on */

/* Their numbers are syslog's, too. */
enum severity {
	SEVERITY_ERROR = 3,
	SEVERITY_WARNING,
	SEVERITY_NOTICE,
	SEVERITY_INFO,
};

enum reason {
#define X(e, n, s, t) e,
	REASONS(X)
#undef X
		R_COUNT
};

const char *reason_name(enum reason r); /* "?" outside the table */
const char *reason_text(enum reason r);
/* Outside the table: SEVERITY_WARNING. */
enum severity reason_severity(enum reason r);
/* "error", "warning", "notice", "info"; of syslog's others, too. */
const char *severity_name(int severity);

#endif
