/* SPDX-License-Identifier: MIT
 * One event's packets while they are collected, and the file made of them. The thread's. */
#ifndef ZONED_EVIDENCE_JOB_H
#define ZONED_EVIDENCE_JOB_H

#include "evidence/evidence.h"
#include "packet/pcapng-write.h"

enum { JOB_PACKETS = 2 * EVIDENCE_PACKETS_MAX + 1 };

/* An order with texts of its own. */
struct evidence_task {
	unsigned ring;
	uint64_t place;
	struct evidence_flow flow;
	char id[EVIDENCE_ID], line[EVIDENCE_LINE];
};

struct evidence_job {
	bool used;
	struct evidence_task task;
	uint64_t at;	   /* in the ring: what was not looked at yet */
	uint64_t until_ns; /* the next packets are waited for until then */
	unsigned n_before, n_after;
	bool found; /* the packet of the event: behind those before it */
	unsigned n;
	struct evidence_packet packet[JOB_PACKETS];
	uint8_t *octets; /* room for snap of each */
};

/* The packets before the event, and its own. job->task is there. */
void job_begin(struct evidence_job *job, const struct evidence_conf *c,
	       const struct evidence_ring *r, uint64_t now_ns);
/* Those that came since. True: no more are wanted. */
bool job_collect(struct evidence_job *job, const struct evidence_conf *c,
		 const struct evidence_ring *r);
/* Octets that any file can have. */
size_t job_file_max(const struct evidence_conf *c);
void job_file(const struct evidence_job *job, const struct evidence_conf *c, struct pcapng_file *f);

#endif
