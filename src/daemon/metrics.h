/* SPDX-License-Identifier: MIT
 * Counters and states for a collector: the Prometheus text exposition, format 0.0.4. */
#ifndef ZONED_DAEMON_METRICS_H
#define ZONED_DAEMON_METRICS_H

#include <stdbool.h>
#include <stddef.h>

struct parent;

enum {
	METRICS_CLIENTS = 4,
	METRICS_STRANGERS = 1, /* of them, who may not read: they are told so */
	METRICS_SECONDS = 5,   /* until the request is whole */
	METRICS_WHOLE = 30,    /* until the answer is read */
	METRICS_REQUEST = 8192 /* octets of a request with its headers */
};

/* The caller frees it; NULL: out of memory, or the counters cannot be read (errno). */
char *metrics_text(struct parent *p, size_t *n);
/* metrics-socket.c: a step of the start, where the model has daemon.metrics_socket. 0, -errno or
 * STEP_SAID. */
int metrics_open(struct parent *p);
int metrics_let_in(const struct parent *p, bool everybody); /* as control_let_in() */
void metrics_close(struct parent *p);

#endif
