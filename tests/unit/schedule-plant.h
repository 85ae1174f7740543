/* SPDX-License-Identifier: MIT
 * The policy of the schedules: unit 1; reads of 0-99, one register of 100-109 up to 500. Reversed:
 * and anything that Modbus has from the server's zone to the client's port. */
#ifndef ZONED_TESTS_SCHEDULE_PLANT_H
#define ZONED_TESTS_SCHEDULE_PLANT_H

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "compile/policy_build.h"
#include "proto/modbus/words.h"

static struct pol_image *plant(uint32_t generation, bool reversed)
{
	static struct range unit[] = { { 1, 1 } }, low[] = { { 0, 99 } }, set[] = { { 100, 109 } },
			    values[] = { { 0, 500 } };
	struct modbus_allow a[2] = {
		{ .units = { .v = unit, .n = 1 },
		  .addresses = { .v = low, .n = 1 },
		  .functions = { 0x1e } },
		{ .units = { .v = unit, .n = 1 },
		  .addresses = { .v = set, .n = 1 },
		  .values = { .v = values, .n = 1 },
		  .functions = { 0x40 } },
	};
	static struct port_range client[] = { { 40000, 40000 } };
	struct prefix net[2];
	bool host_bits;
	if (!prefix_parse("10.0.1.0/24", &net[0], &host_bits) ||
	    !prefix_parse("10.0.2.0/24", &net[1], &host_bits))
		abort();
	struct zone zones[3] = { { .name = "unknown" },
				 { .name = "a", .networks = &net[0], .n_networks = 1 },
				 { .name = "b", .networks = &net[1], .n_networks = 1 } };
	struct flow flow = { .proto = PROTO_MODBUS, .l4 = IPPROTO_TCP, .policy = "p" };
	struct flow back = { .proto = PROTO_MODBUS,
			     .l4 = IPPROTO_TCP,
			     .policy = "q",
			     .ports = client,
			     .n_ports = 1 };
	struct leg legs[2] = { { .from = 1, .to = 2 }, { .from = 2, .to = 1 } };
	struct conduit c[2] = {
		{ .name = "c", .legs = &legs[0], .n_legs = 1, .flows = &flow, .n_flows = 1 },
		{ .name = "d", .legs = &legs[1], .n_legs = 1, .flows = &back, .n_flows = 1 }
	};
	struct ranges any = { .any = true, .set = true };
	struct modbus_allow all = { .units = any,
				    .addresses = any,
				    .write_addresses = any,
				    .values = any,
				    .files = any,
				    .subfunctions = any,
				    .mei = any };
	memset(all.functions, 0xff, sizeof(all.functions));
	struct modbus_policy some = { .allow = a, .n_allow = 2 },
			     each = { .allow = &all, .n_allow = 1 };
	struct policy p[2] = { { .name = "p", .proto = PROTO_MODBUS, .of = &some },
			       { .name = "q", .proto = PROTO_MODBUS, .of = &each } };
	struct model m = { .zones = zones,
			   .n_zones = 3,
			   .conduits = c,
			   .n_conduits = reversed ? 2 : 1,
			   .policies = p,
			   .n_policies = 2 };
	int err;
	struct pol_image *img = policy_build(&m, generation, &err);
	if (!img)
		abort();
	return img;
}

#endif
