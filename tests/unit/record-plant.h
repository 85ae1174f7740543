/* SPDX-License-Identifier: MIT
 * The plant of tests with one Modbus conduit, for events of it. */
#ifndef ZONED_TESTS_RECORD_PLANT_H
#define ZONED_TESTS_RECORD_PLANT_H

#include "plant.h"
#include "proto/modbus/words.h"

/* Of generation 1, with one rule; NULL: out of memory. */
static inline struct pol_image *record_plant(void)
{
	struct port_range port = { 502, 502 };
	struct flow flow = {
		.proto = PROTO_MODBUS, .l4 = 6, .ports = &port, .n_ports = 1, .policy = "p"
	};
	struct modbus_allow allow = { .at = { "model.conf", 1 },
				      .remarks = { .owner = "process" },
				      .functions = { 8 } };
	struct policy policy = { .name = "p",
				 .proto = PROTO_MODBUS,
				 .of = &(struct modbus_policy){ &allow, 1, 0 } };
	struct conduit conduit = { .flows = &flow,
				   .n_flows = 1,
				   .remarks = { .ticket = "CHG-1", .owner = "control" } };
	return plant_image(conduit, &policy, 1, 1);
}

#endif
