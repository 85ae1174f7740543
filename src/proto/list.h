/* SPDX-License-Identifier: MIT
 * Facts of each protocol in the list (protocols.h): its word and its transports. */
#ifndef ZONED_PROTO_LIST_H
#define ZONED_PROTO_LIST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/protocols.h"

/* The word for it in models and records; NULL: it is none. */
static inline const char *proto_word(unsigned proto)
{
#define P(symbol, name, word, port, over) [PROTO_##symbol] = word,
	static const char *const words[PROTO_N] = { PROTOCOLS(P) };
#undef P
	return proto < PROTO_N ? words[proto] : NULL;
}

/* Its server port where a model names none; 0: it is none. */
static inline uint16_t proto_port(unsigned proto)
{
#define P(symbol, name, word, port, over) [PROTO_##symbol] = port,
	static const uint16_t ports[PROTO_N] = { PROTOCOLS(P) };
#undef P
	return proto < PROTO_N ? ports[proto] : 0;
}

/* Is it spoken over this transport (IPPROTO_TCP, IPPROTO_UDP)? */
static inline bool proto_over(unsigned proto, uint8_t l4)
{
#define P(symbol, name, word, port, over) [PROTO_##symbol] = over,
	static const uint8_t transports[PROTO_N] = { PROTOCOLS(P) };
#undef P
	int bit = l4 == IPPROTO_TCP ? OVER_TCP : l4 == IPPROTO_UDP ? OVER_UDP : 0;
	return proto < PROTO_N && (transports[proto] & bit);
}

#endif
