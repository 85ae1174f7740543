/* SPDX-License-Identifier: MIT
 * The inspected protocols. */
#include "inspect/proto.h"

static const struct proto_ops *const table[PROTO_N] = {
	[PROTO_MODBUS] = &proto_modbus,
	[PROTO_DNP3] = &proto_dnp3,
	[PROTO_OPCUA] = &proto_opcua,
};

const struct proto_ops *proto_of(uint8_t proto)
{
	return proto < PROTO_N ? table[proto] : NULL;
}
