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

enum { APART = 64 }; /* each begins a cache line */

static size_t apart(size_t n)
{
	return (n + APART - 1) / APART * APART;
}

size_t proto_state_max(void)
{
	size_t most = 0;
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
		most = table[p]->state > most ? table[p]->state : most;
	return apart(most);
}

size_t proto_message_max(void)
{
	size_t most = 0;
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++)
		most = table[p]->message > most ? table[p]->message : most;
	return apart(most);
}

static size_t common_before(uint8_t proto)
{
	size_t n = 0;
	for (uint8_t p = PROTO_NONE + 1; p < proto; p++)
		n += apart(table[p]->common);
	return n;
}

size_t proto_common_size(void)
{
	size_t n = common_before(PROTO_N);
	return n ? n : APART;
}

void *proto_common(void *all, uint8_t proto)
{
	return proto_of(proto) && proto_of(proto)->common ? (uint8_t *)all + common_before(proto)
							  : NULL;
}
