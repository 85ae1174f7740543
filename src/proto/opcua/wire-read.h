/* SPDX-License-Identifier: MIT
 *
 * Inside the wire of this protocol: the built-in types of OPC UA's binary encoding (OPC 10000-6
 * clause 5.2.2). Each reader takes exactly one value; the first fault of
 * meaning stays in why, truncation in the reader.
 */
#ifndef ZONED_PROTO_OPCUA_WIRE_READ_H
#define ZONED_PROTO_OPCUA_WIRE_READ_H

#include "base/rd.h"
#include "proto/opcua/wire-body.h"

struct ua_read {
	struct rd r;
	enum reason why; /* first fault; then r.bad is set too, so that all loops end */
	unsigned depth;
};

void ua_fault(struct ua_read *u, enum reason why);
/* Number of elements of an array; 0 for a null array. */
uint32_t ua_count(struct ua_read *u);
struct ua_bytes ua_string(struct ua_read *u); /* String, ByteString, XmlElement */
struct ua_node ua_node(struct ua_read *u, bool expanded);
double ua_double(struct ua_read *u);
/* ExtensionObject: its type and body; enc 0 none, 1 binary, 2 XML. */
struct ua_bytes ua_extension(struct ua_read *u, struct ua_node *type, uint8_t *enc);
/* One value of built-in type 1..25. */
void ua_value(struct ua_read *u, unsigned type);

enum { /* built-in types, OPC 10000-6 table 1 */
       UA_T_BOOLEAN = 1,
       UA_T_SBYTE,
       UA_T_BYTE,
       UA_T_INT16,
       UA_T_UINT16,
       UA_T_INT32,
       UA_T_UINT32,
       UA_T_INT64,
       UA_T_UINT64,
       UA_T_FLOAT,
       UA_T_DOUBLE,
       UA_T_STRING,
       UA_T_DATETIME,
       UA_T_GUID,
       UA_T_BYTESTRING,
       UA_T_XML,
       UA_T_NODE,
       UA_T_XNODE,
       UA_T_STATUS,
       UA_T_QNAME,
       UA_T_TEXT,
       UA_T_EXTENSION,
       UA_T_DATAVALUE,
       UA_T_VARIANT,
       UA_T_DIAGNOSTIC,
       UA_TYPES
};

#endif
