/* SPDX-License-Identifier: MIT
 * The facts of each protocol's messages. */
#include "record/facts.h"

#include <stddef.h>

#include "base/words.h"

#define P(symbol, name, word, port, over) [PROTO_##symbol] = &facts_##name,
static const struct fact_ops *const table[PROTO_N] = { PROTOCOLS(P) };
#undef P

const struct fact_ops *facts_of(const struct event *ev)
{
	return ev->proto < PROTO_N ? table[ev->proto] : NULL;
}
