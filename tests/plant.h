/* SPDX-License-Identifier: MIT
 *
 * The plant of tests: clients in 10.1.0.0/24 and fd00:1::/64, devices in 10.2.0.0/24
 * and fd00:2::/64, and one conduit from the first to the second.
 */
#ifndef ZONED_TESTS_PLANT_H
#define ZONED_TESTS_PLANT_H

#include <stddef.h>
#include <stdint.h>

#include "compile/policy_build.h"

/* how: of the conduit its flows, mode, on_violation and log; the rest is filled in.
 * NULL: it does not build. The image is the caller's. */
static inline struct pol_image *plant_image(struct conduit how, struct policy *policies, size_t n_policies,
					    uint32_t generation)
{
	static const char *const text[2][2] = { { "10.1.0.0/24", "fd00:1::/64" }, { "10.2.0.0/24", "fd00:2::/64" } };
	struct prefix nets[2][2];
	bool host_bits;
	int err;
	for (unsigned z = 0; z < 2; z++)
		for (unsigned i = 0; i < 2; i++)
			if (!prefix_parse(text[z][i], &nets[z][i], &host_bits))
				return NULL;
	struct zone zones[3] = { { .name = "unknown" }, { .name = "hmi", .networks = nets[0], .n_networks = 2 },
				 { .name = "cell", .networks = nets[1], .n_networks = 2 } };
	how.name = "c";
	how.from_zone = 1;
	how.to_zone = 2;
	struct model m = { .zones = zones, .n_zones = 3, .conduits = &how, .n_conduits = 1,
			   .policies = policies, .n_policies = n_policies };
	return policy_build(&m, generation, &err);
}

#endif
