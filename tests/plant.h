/* SPDX-License-Identifier: MIT
 *
 * The plant of tests: clients in 10.1.0.0/24 and fd00:1::/64, devices in 10.2.0.0/24
 * and fd00:2::/64, and one conduit from the first to the second, or a second one back.
 */
#ifndef ZONED_TESTS_PLANT_H
#define ZONED_TESTS_PLANT_H

#include <stddef.h>
#include <stdint.h>

#include "compile/policy_build.h"

/* how: of each conduit its flows, mode, on_violation and log; the rest is filled in.
 * NULL: it does not build. The image is the caller's. */
static inline struct pol_image *plant_image_of(struct conduit *how, size_t n,
					       struct policy *policies, size_t n_policies,
					       uint32_t generation)
{
	static const char *const text[2][2] = { { "10.1.0.0/24", "fd00:1::/64" },
						{ "10.2.0.0/24", "fd00:2::/64" } };
	struct prefix nets[2][2];
	bool host_bits;
	int err;
	for (unsigned z = 0; z < 2; z++)
		for (unsigned i = 0; i < 2; i++)
			if (!prefix_parse(text[z][i], &nets[z][i], &host_bits))
				return NULL;
	struct zone zones[3] = { { .name = "unknown" },
				 { .name = "hmi", .networks = nets[0], .n_networks = 2 },
				 { .name = "cell", .networks = nets[1], .n_networks = 2 } };
	/* one asset of each family and zone */
	struct asset assets[2][2] = { { { .name = "hmi-1" }, { .name = "hmi-1-v6" } },
				      { { .name = "plc-1" }, { .name = "plc-1-v6" } } };
	if (!addr_parse("10.1.0.10", &assets[0][0].addr) ||
	    !addr_parse("fd00:1::a", &assets[0][1].addr) ||
	    !addr_parse("10.2.0.20", &assets[1][0].addr) ||
	    !addr_parse("fd00:2::14", &assets[1][1].addr))
		return NULL;
	for (unsigned z = 0; z < 2; z++) {
		zones[z + 1].assets = assets[z];
		zones[z + 1].n_assets = 2;
	}
	struct leg legs[2];
	for (size_t i = 0; i < n && i < 2; i++) {
		how[i].name = i ? "back" : "c";
		legs[i] = (struct leg){ .from = i ? 2 : 1, .to = i ? 1 : 2 };
		how[i].legs = &legs[i];
		how[i].n_legs = 1;
	}
	struct model m = { .zones = zones,
			   .n_zones = 3,
			   .conduits = how,
			   .n_conduits = n,
			   .policies = policies,
			   .n_policies = n_policies };
	return policy_build(&m, generation, &err);
}

/* With the conduit from the first to the second alone. */
static inline struct pol_image *plant_image(struct conduit how, struct policy *policies,
					    size_t n_policies, uint32_t generation)
{
	return plant_image_of(&how, 1, policies, n_policies, generation);
}

#endif
