/* SPDX-License-Identifier: MIT
 * The process that meets hostile bytes: no capability, no file, no socket. */
#ifndef ZONED_DAEMON_INSPECTOR_H
#define ZONED_DAEMON_INSPECTOR_H

#include "daemon/images.h"
#include "daemon/ring.h"
#include "fastpath/fast.h"
#include "inspect/inspect.h"

struct inspector_conf {
	struct shared *shm;
	struct images images;
	int told;		    /* eventfd: something for the parent */
	struct fast_rate *rates;    /* shared by all inspectors and the in-kernel path */
	void *common;		    /* inspect_conf.common */
	struct rate_shares *shares; /* shared by all inspectors */
	uint32_t max_connections, max_connections_per_source;
	struct fast_slot *fast; /* its own slots of the in-kernel path; NULL: there is none */
	uint32_t n_fast;
};

/* Gives up all descriptors but told, locks itself in, and never returns. When its start fails, the
 * shared memory has the step. */
_Noreturn void inspector_run(const struct inspector_conf *c);
/* The name of the step of its start that failed; NULL: none has this number. */
const char *inspector_step(unsigned number);

#endif
