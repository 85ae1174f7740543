/* SPDX-License-Identifier: MIT
 * The facts of each protocol's messages. */
#include "record/facts.h"

#include <stddef.h>

#include "base/words.h"

static const struct fact_ops *const table[PROTO_N] = {
	[PROTO_MODBUS] = &facts_modbus,
	[PROTO_DNP3] = &facts_dnp3,
	[PROTO_OPCUA] = &facts_opcua,
};

const struct fact_ops *facts_of(const struct event *ev)
{
	return ev->proto < PROTO_N ? table[ev->proto] : NULL;
}
