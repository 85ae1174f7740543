/* SPDX-License-Identifier: MIT
 *
 * The inspected protocols: the only list of them. Every enum, word, port and table
 * that goes by protocol is made from it, so a line that is added here without its
 * parts does not compile or link, and the errors name what is missing (src/proto/README).
 *
 *	P(symbol, name, word in models, default server port, transports)
 *
 * The parts of a protocol have its name: policy_NAME_ops, build_NAME, pol_NAME_shape,
 * proto_NAME, fast_NAME, fast_NAME_policy, facts_NAME, replay_NAME, learn_NAME. The order is
 * that of the numbers in policy images and events: append.
 */
#ifndef ZONED_PROTO_PROTOCOLS_H
#define ZONED_PROTO_PROTOCOLS_H

/* clang-format off */
#define PROTOCOLS(P) \
	P(MODBUS, modbus, "modbus", 502, OVER_TCP) \
	P(DNP3, dnp3, "dnp3", 20000, OVER_TCP | OVER_UDP) \
	P(OPCUA, opcua, "opcua", 4840, OVER_TCP) \
	P(IEC104, iec104, "iec104", 2404, OVER_TCP)
/* clang-format on */

enum { OVER_TCP = 1, OVER_UDP = 2 };

#define PROTO_SYMBOL(symbol, name, word, port, over) PROTO_##symbol,
enum proto { PROTO_NONE, PROTOCOLS(PROTO_SYMBOL) PROTO_N };
#undef PROTO_SYMBOL

#endif
