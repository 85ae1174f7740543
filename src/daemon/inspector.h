/* SPDX-License-Identifier: MIT
 * The process that meets hostile bytes: no capability, no file, no socket. */
#ifndef ZONED_DAEMON_INSPECTOR_H
#define ZONED_DAEMON_INSPECTOR_H

#include "daemon/ring.h"
#include "fastpath/fast.h"
#include "inspect/inspect.h"

struct inspector_conf {
	struct shared *shm;
	int told;		    /* eventfd: something for the parent */
	struct fast_rate *rates;    /* shared by all inspectors and the in-kernel path */
	void *common;		    /* inspect_conf.common */
	struct rate_shares *shares; /* shared by all inspectors */
	uint32_t max_connections, max_connections_per_source;
	struct fast_slot *fast; /* its own slots of the in-kernel path; NULL: there is none */
	uint32_t n_fast;
};

/* Locks itself in, and never returns. No descriptor but told is open. */
_Noreturn void inspector_run(const struct inspector_conf *c);

#endif
