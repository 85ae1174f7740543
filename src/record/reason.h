/* SPDX-License-Identifier: MIT
 *
 * Why a message or packet was refused: one table that the code, the records
 * and zoned-events(5) share. Codes and names are stable; only append.
 *
 * X(enumerator, "name-in-records", "sentence for the operator")
 */
#ifndef ZONED_RECORD_REASON_H
#define ZONED_RECORD_REASON_H

/* clang-format off */
#define REASONS(X) \
X(R_NONE, "none", "permitted") \
X(R_NO_CONDUIT, "no-conduit", "no conduit permits this connection between the two zones") \
X(R_UNKNOWN_ZONE, "unknown-zone", "an address belongs to no zone of the model") \
X(R_SPOOFED, "wrong-interface", "the address came, or would leave, by an interface that is not known as its zone's") \
X(R_FUNCTION, "function-not-allowed", "the policy does not allow this function code") \
X(R_UNIT, "unit-not-allowed", "the policy does not allow this unit identifier for the function") \
X(R_ADDRESS, "address-not-allowed", "the address range is not contained in an allowed range") \
X(R_WRITE_ADDRESS, "write-address-not-allowed", "the written part of a read/write request is not contained in an allowed range") \
X(R_QUANTITY, "quantity-not-allowed", "the quantity is outside the allowed range") \
X(R_VALUE, "value-not-allowed", "a written value is outside the allowed range") \
X(R_SUBFUNCTION, "subfunction-not-allowed", "the diagnostics sub-function is not allowed") \
X(R_MEI, "mei-not-allowed", "the MEI type is not allowed") \
X(R_FILE, "file-not-allowed", "the file number is not allowed") \
X(R_REQUEST_RATE, "request-rate", "more requests per second than the conduit allows") \
X(R_WRITE_RATE, "write-rate", "more writes per second than the conduit allows") \
X(R_PROTOCOL_ID, "bad-protocol-identifier", "the MBAP protocol identifier is not zero") \
X(R_LENGTH, "bad-length", "the length field does not fit the function or the protocol's limits") \
X(R_FORMAT, "bad-format", "a field has a value that the protocol does not permit") \
X(R_QUANTITY_LIMIT, "quantity-out-of-specification", "the quantity is outside the protocol's own limits") \
X(R_BYTE_COUNT, "bad-byte-count", "the byte count does not match the quantity or the data") \
X(R_ADDRESS_WRAP, "address-out-of-specification", "address plus quantity goes past the last address that there is") \
X(R_TRUNCATED, "truncated", "the message ends before its fields do") \
X(R_TRAILING, "trailing-bytes", "the message has bytes after its last field") \
X(R_UNSOLICITED, "unsolicited-response", "a response without a pending request") \
X(R_RESPONSE_MISMATCH, "response-mismatch", "the response does not fit its request") \
X(R_PENDING_LIMIT, "too-many-pending", "more outstanding requests than a connection may have") \
X(R_DUPLICATE_TID, "duplicate-transaction", "the transaction identifier is already outstanding") \
X(R_OVERLAP, "overlap-differs", "a retransmitted or overlapping segment carries other bytes than the first") \
X(R_STREAM_GAP, "stream-not-in-step", "the inspector has not seen this connection from its start") \
X(R_OUT_OF_WINDOW, "out-of-window", "the segment lies outside what the receiver can accept") \
X(R_URGENT, "urgent-data", "urgent data is not permitted on an inspected connection") \
X(R_SYN_DATA, "syn-data", "a SYN segment with data") \
X(R_BAD_SEGMENT, "bad-segment", "the packet's IP or TCP header is malformed, truncated, a fragment or has a bad checksum") \
X(R_FLAGS, "bad-flags", "a TCP flag combination that has no meaning") \
X(R_FLOW_LIMIT, "flow-table-full", "no room for another inspected connection") \
X(R_UNFINISHED, "unfinished-message", "a message was begun and its rest did not come: in time, or before its sender or the connection ended") \
X(R_SOURCE_LIMIT, "source-limit", "the source has as many open connections as one may have (max_connections_per_source)") \
X(R_HALF_OPEN, "half-open-evicted", "a connection whose handshake was never finished made room for others; at most one record a second") \
X(R_IDLE, "idle-evicted", "a connection without a good message for long was ended to make room for another") \
X(R_UA_TYPE, "bad-message-type", "the chunk is none of OPC UA's message types") \
X(R_UA_NESTING, "nesting-too-deep", "values are nested deeper than any real data") \
X(R_UA_ENCRYPTED, "not-readable", "the body is neither plain nor a whole number of cipher blocks") \
X(R_UA_SERVICE, "service-not-allowed", "the policy does not allow this service") \
X(R_UA_NODE, "node-not-allowed", "the policy does not allow this node for the service") \
X(R_UA_ATTRIBUTE, "attribute-not-allowed", "the policy does not allow this attribute for the service") \
X(R_UA_INTERVAL, "interval-too-short", "a sampling or publishing interval is shorter than the policy allows") \
X(R_UA_SECURITY, "security-too-low", "the security mode of the channel is lower than the policy asks for") \
X(R_UA_POLICY, "security-policy-not-allowed", "the policy does not allow this security policy") \
X(R_UA_CERTIFICATE, "certificate-not-allowed", "the policy does not allow this certificate") \
X(R_UA_URL, "endpoint-not-allowed", "the policy does not allow this endpoint URL") \
X(R_UA_USER, "user-token-not-allowed", "the policy does not allow this kind of user identity") \
X(R_UA_OPAQUE, "opaque-body", "the body is encrypted and the policy lets only readable ones pass") \
X(R_UA_SIZE, "message-too-large", "the chunk or message is larger than the policy, the two ends or the inspector allow") \
X(R_UA_STATE, "not-in-this-state", "the state of the connection or secure channel does not permit this message") \
X(R_UA_CHANNEL, "unknown-channel", "the secure channel or its token is not open on this connection") \
X(R_UA_SEQUENCE, "bad-sequence-number", "the sequence number is not the next one") \
X(R_UA_MIXED, "security-mode-changed", "plain and encrypted bodies on one secure channel") \
X(R_UA_ROOM, "no-room-for-message", "too many messages in parts at once for one inspector") \
X(R_FRAME, "no-frame", "no frame begins here: the start octets are missing") \
X(R_CRC, "bad-crc", "a checksum of the frame is wrong") \
X(R_DNP_LINK, "bad-link-frame", "a link frame that no station sends: a reserved function, a wrong FCV or FCB bit, a reserved source, or a broadcast that wants an answer") \
X(R_DNP_SEGMENT, "bad-transport-sequence", "the segment does not continue the fragment that was begun, or begins another in the middle of it") \
X(R_DNP_FRAGMENT, "fragment-too-long", "the fragment is longer than the policy allows") \
X(R_DNP_QUALIFIER, "bad-qualifier", "the qualifier of an object header is reserved or does not fit the objects") \
X(R_DNP_OBJECT, "unknown-object", "an object of unknown size: what follows it cannot be read") \
X(R_DNP_DIRECTION, "wrong-direction", "the frame or function belongs to the other end of the connection") \
X(R_DNP_ADDRESS, "link-address-not-allowed", "the policy does not allow this pair of link addresses") \
X(R_DNP_BROADCAST, "broadcast-not-allowed", "the policy does not allow broadcast addresses") \
X(R_DNP_OBJECTS, "object-not-allowed", "the policy does not allow this object group and variation") \
X(R_DNP_POINT, "point-not-allowed", "the points are not contained in an allowed range") \
X(R_DNP_CONTROL, "control-not-allowed", "the operation, trip or close code, count or times of a control are not allowed") \
X(R_DNP_ANALOG, "analog-value-not-allowed", "the value of an analog output is outside the allowed ranges") \
X(R_DNP_NOT_SELECTED, "not-selected", "the same outputs were not selected just before") \
X(R_DNP_UNSOLICITED, "unsolicited-not-allowed", "the policy does not allow unsolicited responses") \
X(R_DNP_CONFIRM, "unexpected-confirm", "a confirmation of nothing that asked for one") \
X(R_DNP_AUTH, "authentication-required", "the request is neither authenticated nor in an authenticated session") \
X(R_DNP_OUTSTANDING, "request-outstanding", "the outstation has not answered the request before, and may lose or delay this one") \
X(R_DNP_ASKS_CONFIRM, "request-asks-confirmation", "a request that asks for a confirmation: some outstations ignore it, others act") \
X(R_IP_OPTIONS, "ip-options", "the packet has IP options, IPv6 extension headers or the reserved flag, which routers and receivers may discard") \
X(R_HOPS, "hop-limit-too-small", "fewer than 8 hops are left to the packet: it may expire before it reaches the other end") \
X(R_LARGE_ROOM, "no-large-buffer", "all large buffers are in use, and none is due to this source; the packet comes again; at most one record a second") \
X(R_LARGE_TAKEN, "large-buffer-taken", "the connection kept a large buffer that a source with fewer of them needed, and was ended") \
X(R_DNP_CONFIRMED, "confirmed-in-parts", "a request as confirmed user data in more than one frame: which of them the station takes, nobody else can know") \
X(R_DNP_BROADCAST_PARTS, "broadcast-in-parts", "a request in more than one frame to a broadcast or self address") \
X(R_DNP_STATION, "station-busy", "another connection is sending this station a request of more than one frame") \
X(R_DNP_DATAGRAM, "not-in-one-datagram", "a request over UDP that does not end in the datagram where it begins") \
X(R_DNP_REPEAT, "repeated-frame", "the frame before, once more: it was taken out, and the fragment goes on") \
X(R_NO_HANDSHAKE, "no-handshake", "a TCP connection without inspection whose beginning the gate has not seen; its sender is reset") \
X(R_REVERSED, "reversed-flow", "packets of an inspected service's server that would begin a connection judged less in the other direction") \
X(R_ICMP_ERROR, "icmp-error", "an ICMP error from no side of its connection, or of a type, length or number that no path needs") \
X(R_BLOCKED_MARK, "blocked-mark", "packets of a connection that is marked as blocked, though no inspector has asked for it since the last reload") \
X(R_RTU, "rtu-over-tcp", "Modbus RTU framing over TCP: a CRC and no MBAP header; set both ends to Modbus TCP, or put a converter between them") \
X(R_DNP_INTERLEAVED, "interleaved-response", "frames of two outstations' responses to one master, in turn: some masters would join them (interleaved_responses)") \
X(R_IEC_CONTROL, "bad-control-field", "the control field is not exactly that of an I, S or U frame: stations differ in what they make of other bits") \
X(R_IEC_TYPE, "reserved-type", "the type identification is reserved or private: nobody can say where its elements end") \
X(R_IEC_CAUSE, "cause-does-not-fit", "the cause of transmission is reserved, or this end never sends it, or a negative one, with this type") \
X(R_IEC_OBJECTS, "bad-object-count", "no information object; or more than one, or a sequence, where the type has one: some stations act on the first of them") \
X(R_IEC_COMMON, "bad-common-address", "a command to common address 0, or to that of all stations with a type that is for one") \
X(R_IEC_NUMBER, "not-a-finite-number", "a command with a float that is infinite or no number") \
X(R_IEC_TIME, "bad-time", "a command with a time that no clock shows, or that is marked as invalid") \
X(R_IEC_TYPE_REFUSED, "type-not-allowed", "the policy does not allow this type identification") \
X(R_IEC_CAUSE_REFUSED, "cause-not-allowed", "the policy does not allow this cause of transmission for the type") \
X(R_IEC_TEST_BIT, "test-bit-not-allowed", "the message has the test bit, with which some stations act and others do not") \
X(R_IEC_COMMON_REFUSED, "common-address-not-allowed", "the policy does not allow this common address for the type") \
X(R_IEC_ORIGINATOR, "originator-not-allowed", "the policy does not allow this originator address") \
X(R_IEC_ADDRESS, "object-address-not-allowed", "the information object addresses are not contained in an allowed range") \
X(R_IEC_QUALIFIER, "qualifier-not-allowed", "the state, the pulse duration or another qualifier of the command is not allowed") \
X(R_IEC_RECEIVE_NUMBER, "bad-receive-number", "the receive sequence number confirms less than the one before, or more than was sent") \
X(R_IEC_WINDOW, "window-exceeded", "more I frames without confirmation than one end may send (k)") \
X(R_IEC_STARTED, "another-master-started", "as many other masters as the policy permits have data transfer started with this station (started_masters, redundancy_group)") \
X(R_RESUMED, "stream-resumed", "packets of this connection were not seen: it is judged again from the next place where a message can begin; only where nothing is blocked") \
X(R_TAP_LOST, "capture-lost", "mirrored packets were lost before they could be judged: the buffer of the tap was full (buffer)")
/* clang-format on */

enum reason {
#define X(e, n, t) e,
	REASONS(X)
#undef X
		R_COUNT
};

const char *reason_name(enum reason r); /* "?" outside the table */
const char *reason_text(enum reason r);

#endif
