/* SPDX-License-Identifier: MIT
 *
 * By which interfaces this machine would send packets to the networks of a model: some addresses of
 * each are looked up, as ip route get does. Nothing here needs a right.
 */
#ifndef ZONED_HOST_ROUTES_H
#define ZONED_HOST_ROUTES_H

#include <libmnl/libmnl.h>

#include "model/model.h"

enum { HOST_ROUTES_MAX = 1024 }; /* addresses that are looked up */

struct host_route {
	const struct zone *zone;
	size_t network; /* of the zone's, the place */
	struct addr to;
	int err;      /* 0, or the kernel's: -ENETUNREACH: no route */
	uint8_t type; /* RTN_* */
	uint32_t out; /* number of the interface */
};

/* Those of a network follow each other. */
struct host_routes {
	size_t n;
	const struct zone *cut; /* the first of which not all are there; NULL: all are */
	struct host_route v[HOST_ROUTES_MAX];
};

/* Which addresses are to be looked up. Pure. */
void host_routes_plan(const struct model *m, struct host_routes *r);
/* Look them up. 0 or -errno. */
int host_routes_read(struct mnl_socket *nl, struct host_routes *r);

#endif
