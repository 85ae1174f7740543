/* SPDX-License-Identifier: MIT
 * The inspected protocols. */
#include "inspect/proto.h"

#define P(symbol, name, word, port, over) [PROTO_##symbol] = &proto_##name,
static const struct proto_ops *const table[PROTO_N] = { PROTOCOLS(P) };
#undef P

const struct proto_ops *proto_of(uint8_t proto)
{
	return proto < PROTO_N ? table[proto] : NULL;
}
