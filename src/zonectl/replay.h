/* SPDX-License-Identifier: MIT
 *
 * Messages as replay prints them: the fields of their records (record/fields.h), then what a
 * message has besides and no record carries. One row per protocol.
 */
#ifndef ZONED_ZONECTL_REPLAY_H
#define ZONED_ZONECTL_REPLAY_H

#include "record/facts.h"

/* Of each inspected protocol: replay_NAME. */
struct replay_ops {
	/* m: judged.msg of the protocol, as its gate.c has it. Each name is in zonectl(8) and is no
	 * field of a record. NULL: records have all there is. */
	void (*each)(const struct event *ev, const void *m, const struct fact_sink *to);
};

#define P(symbol, name, word, port, over) extern const struct replay_ops replay_##name;
PROTOCOLS(P)
#undef P

#endif
