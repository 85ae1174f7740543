/* SPDX-License-Identifier: MIT
 * One NFQUEUE (libmnl). The parent reads kernel headers here, never payload. */
#ifndef ZONED_DAEMON_QUEUE_H
#define ZONED_DAEMON_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/ring.h"

enum { QUEUE_MAX = 2048, QUEUE_TABLE = 4096, QUEUE_BATCH = 32 /* packets of one read */ };

struct mnl_socket;

struct queue {
	struct mnl_socket *nl;
	uint16_t number;
	uint32_t kind, index; /* QUEUE_CLOSED, QUEUE_OPEN; which of its worker's */
	void *owner;	      /* the caller's */
	uint64_t packets, overruns, refused_kernel;
	uint32_t id[QUEUE_TABLE];
	bool open[QUEUE_TABLE]; /* the id waits for its verdict */
	uint32_t waiting;
	uint8_t *in;  /* one batch of packets */
	uint8_t *out; /* verdicts collected */
	uint32_t out_len;
};

struct queue_packet {
	uint32_t id;
	const uint8_t *data;
	uint32_t len;
	uint32_t in, out; /* interfaces; 0: not told */
	bool check_sum, partial;
	struct link_macs macs;
};

int queue_open(struct queue *q, uint16_t number); /* 0 or -errno */
void queue_close(struct queue *q);
/* What the kernel's queue has no room for passes unjudged, or is dropped as at first. 0 or -errno.
 */
int queue_pass_overload(struct queue *q, bool pass);
/* Read until the socket is empty or max batches came; calls take for each packet. 0 or -errno. */
int queue_read(struct queue *q, unsigned max, void (*take)(void *ctx, const struct queue_packet *p),
	       void *ctx);
/* Collect a verdict: false when no such packet waits. data NULL: it goes on unchanged.
 * repeat_mark != 0: run the packet through the ruleset again under this mark. */
bool queue_verdict(struct queue *q, uint32_t id, bool accept, const uint8_t *data, uint32_t len,
		   uint32_t repeat_mark);
int queue_flush(struct queue *q);
/* One verdict for everything that waits: its inspector is gone. Returns how many. */
uint32_t queue_end_all(struct queue *q, bool accept);

#endif
