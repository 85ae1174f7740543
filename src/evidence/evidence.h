/* SPDX-License-Identifier: MIT
 *
 * Evidence: the packets of a connection around what was refused, as a pcapng file whose name is
 * the event's id.
 *
 *   packets   copied by who has them anyway into a ring for each inspector (ring.h): one copy,
 *             no lock, no allocation, nothing that is waited for
 *   orders    for an event that has a record of its own: a bounded queue, RATE a second at most
 *   thread    finds the connection's last packets in the ring, waits for the next ones, AFTER_MS
 *             at most, and writes the file (directory.h). It alone meets the disk
 *
 * Whatever has no room, is too much, or is not taken by the disk is evidence lost: counted by
 * cause, and reported once a minute at most. No packet waits for it.
 */
#ifndef ZONED_EVIDENCE_EVIDENCE_H
#define ZONED_EVIDENCE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/flow.h"
#include "evidence/ring.h"

enum {
	EVIDENCE_PACKETS_MAX = 100, /* before, and after */
	EVIDENCE_RATE = 10,	    /* files a second, */
	EVIDENCE_BURST = 30,	    /* so many at once */
	EVIDENCE_ORDERS = 64,	    /* that wait */
	EVIDENCE_JOBS = 32,	    /* whose next packets are waited for */
	EVIDENCE_AFTER_MS = 2000,   /* for so long */
	EVIDENCE_LINE = 8192,	    /* the event as text, with NUL */
	EVIDENCE_ID = 40,	    /* and its id */
};

/* Why there is no file for an event. */
enum evidence_loss {
	EVIDENCE_NO_RECORD, /* it has no record of its own: repeated or suppressed */
	EVIDENCE_TOO_MANY,  /* RATE */
	EVIDENCE_WAITED,    /* no room for another order */
	EVIDENCE_FULL,	    /* the disk, or a quota */
	EVIDENCE_NO_DIRECTORY,
	EVIDENCE_NO_RIGHTS,
	EVIDENCE_NOT_WRITTEN, /* any other error */
	EVIDENCE_LOSSES
};

struct evidence;

struct evidence_conf {
	const char *directory; /* the caller's, and stays */
	uint64_t bytes_max, seconds_max;
	uint32_t before, after; /* packets, EVIDENCE_PACKETS_MAX at most */
	uint32_t snap;		/* octets of one */
	size_t memory;		/* bytes of each ring */
	unsigned rings;
	bool in_kernel;		 /* some packets never come here */
	const char *application; /* who writes */
	/* from the thread */
	void (*say)(void *ctx, bool trouble, const char *text);
	void *ctx;
};

struct evidence_order {
	unsigned ring;
	uint64_t place; /* of the packet, as evidence_copy() returned it; 0: no packet */
	struct evidence_flow flow;
	const char *id, *line;
};

struct evidence_stats {
	uint64_t written, removed; /* files since the start */
	uint64_t files, bytes;	   /* there now */
	uint64_t waiting;	   /* orders */
	uint64_t lost[EVIDENCE_LOSSES];
};

/* All memory that it will ever need; NULL: there is none. */
struct evidence *evidence_open(const struct evidence_conf *c);
int evidence_start(struct evidence *e); /* the thread; 0 or -errno */
/* Write what is waited for, and end the thread, if it does within so many ms; else it goes on,
 * and e may not be freed. True: it has ended, or was never started. */
bool evidence_stop(struct evidence *e, unsigned ms);
void evidence_close(struct evidence *e); /* stopped; NULL is fine */

/* One thread at a time for each ring. Returns the packet's place. */
static inline uint64_t evidence_copy(struct evidence_ring *r, const struct evidence_packet *k,
				     const uint8_t *data)
{
	return r ? evidence_ring_copy(r, k, data) : 0;
}

struct evidence_ring *evidence_ring_of(struct evidence *e, unsigned ring);
/* One thread at a time; never waits. */
void evidence_ask(struct evidence *e, const struct evidence_order *o, uint64_t now_ns);
/* An event without a record of its own: counted. Any thread. */
void evidence_no_record(struct evidence *e);
void evidence_stats(const struct evidence *e, struct evidence_stats *s);
/* "disk_full": for status */
const char *evidence_loss_name(enum evidence_loss why);

#endif
