/* SPDX-License-Identifier: MIT
 *
 * The parts of replay, each with one job:
 *
 *	replay.c		the verb: model, files, exit status
 *	replay-options.c	what it was called with
 *	replay-file.c		one capture: its packets to the groups, its clock
 *	replay-groups.c		which packets must be judged by the same inspector, in their order
 *	replay-workers.c	threads that judge, and their records in the order of the frames
 *	replay-judge.c		the inspector of one group, and what it says of each message
 *	replay-record.c		a record as a line or an object
 *	replay-connection.c	the name of a connection
 *	replay-ports.c		what is on other ports
 *	replay-counts.c		counts of all that
 *	replay-summary.c	the counts as text and as JSON
 *	replay-output.c		bytes to standard output, every write checked
 */
#ifndef ZONED_ZONECTL_REPLAY_PARTS_H
#define ZONED_ZONECTL_REPLAY_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "inspect/recording.h"
#include "model/model.h"
#include "packet/capture.h"
#include "policy/policy.h"
#include "zonectl/replay-counts.h"
#include "recording/uninspected.h"

enum {
	/* A capture's connections are judged in so many groups, each by an inspector of its own,
	 * however many threads there are: so threads change no verdict. */
	REPLAY_GROUPS = 8,
	REPLAY_JOBS_MAX = REPLAY_GROUPS,
	/* places for connections in each */
	REPLAY_CONNECTIONS = 16384
};

struct replay_options {
	bool json, checksums, violations, quiet;
	const char *model, *filter, *summary; /* NULL: none */
	uint64_t from_ns, to_ns;	      /* from <= time < to */
	unsigned jobs;
	/* by port what a server there speaks, INSPECT_PORTS of them; NULL: the protocols' own */
	uint8_t *speaks;
	char **captures;
	int n_captures;
};

/* What all threads read and none writes. */
struct replay {
	struct replay_options o;
	struct model *m; /* NULL: none; nor are the next two */
	struct pol_image *img;
	struct uninspected *rules; /* the reader's alone */
	/* the capture that is being read; NULL in records when it is the only one */
	const char *file;
	uint8_t speaks[INSPECT_PORTS];
};

/* Text that grows; what has no memory sets `failed`. */
struct text {
	char *s;
	size_t len, cap;
	bool failed;
};

/* replay-options.c: an exit status; what is wrong was told. */
int replay_options_read(struct replay_options *o, int argc, char **argv);

/* replay-groups.c */
struct groups {
	const struct replay *r;
	bool by_conduit, by_server; /* something of a model, or of a protocol, is shared so */
};
void groups_init(struct groups *g, const struct replay *r);
/* Its group. *proto: what it speaks; PROTO_NONE: nothing of ours. */
unsigned group_of(const struct groups *g, const struct packet *p, uint8_t *proto);

/* replay-connection.c: the Community ID (version 1) of a connection, which other programs have
 * too; names: those of the last ones */
enum { CONNECTION_ID_TEXT = 31, CONNECTION_NAMES = 128 };
struct connection_name {
	uint64_t ends[5];
	char text[CONNECTION_ID_TEXT];
};
const char *connection_id(struct connection_name names[CONNECTION_NAMES], const struct event *ev);

/* replay-judge.c: the inspector of a group */
struct judge {
	const struct replay *r;
	struct recording recording; /* begun with the first packet */
	struct text *to;	    /* where records go */
	uint32_t frame;		    /* the packet that is being judged */
	bool failed;		    /* out of memory */
	struct counts counts;
	uint64_t repeated;     /* packets that the record stands for; 0: for its own only */
	struct varied of_many; /* of these */
	struct connection_name names[CONNECTION_NAMES];
};
void judge_packet(struct judge *j, const struct inspect_pkt *p, struct text *to);
/* What the rules refused before an inspector. */
void judge_refused(struct judge *j, const struct refused_many *m, struct text *to);
void judge_clock(struct judge *j, const struct recording_turns *t, struct text *to);
/* The end of its file; to NULL: of no interest any more. */
void judge_end(struct judge *j, struct text *to);

/* Count a packet as judged, or as one whose headers are good but for a sum. */
void judge_counts(struct counts *c, const struct inspect_pkt *p);

/* replay-record.c: one record, with its line end, to j->to. m: as in inspect_out.message; NULL: it
 * is of no message */
void replay_put_record(struct judge *j, const struct event *ev, const void *m);
/* Room for n bytes more; false: out of memory. */
bool text_room(struct text *t, size_t n);

/* replay-ports.c: servers of which nobody has said that they speak a protocol of ours */
struct port_seen {
	struct addr server;
	uint16_t port;
	uint8_t l4, proto;
	uint64_t alike, packets,
		bytes; /* alike: of packets with payload, since the first of them */
};
struct ports {
	struct port_seen v[COUNT_PORTS];
	unsigned n;
	uint64_t more; /* packets that look like it, of servers for which there was no place */
};
/* One packet that is not judged. */
void ports_look(struct ports *t, const struct packet *p);
/* Is it more than chance? */
bool port_is_alike(const struct port_seen *s);

/* replay-filter.c: false: it was told what is wrong with the expression, and where */
bool replay_filter(struct capture *c, const char *expression);

/* replay-file.c: what was read of all captures */
struct reading {
	const struct replay *r;
	struct workers *w;
	struct groups groups;
	struct counts counts; /* of what no inspector had */
	struct ports ports;
	uint64_t frames, octets;
	struct count_left_out unread[CAPTURE_UNREAD_N]; /* frames that gave no packet */
	uint64_t first_ns, last_ns;
	struct refusals *refusals;
	bool bad_filter, failed;       /* failed: as workers_packet() */
	unsigned captures, unreadable; /* the second: not to their end, or not at all */
};
/* A record of refused packets, for refusals_new(); ctx: the reading. */
void reading_refused(void *ctx, const struct refused_many *m);
/* False: no use to go on (memory, output); a capture that cannot be read is told and counted. */
bool reading_file(struct reading *g, const char *path);

/* replay-summary.c */
struct summary {
	const struct replay *r;
	const struct reading *reading;
	const struct counts *counts; /* of everything */
	int status;
};
void summary_print(const struct summary *s, FILE *to);
bool summary_write(const struct summary *s, const char *path); /* JSON; false: said why not */

/* replay-output.c */
struct output {
	int fd;
	int err;      /* of the first write that failed */
	bool at_once; /* whoever reads waits for each line */
};
void output_init(struct output *o, int fd);
/* All of it; false: it cannot be written, now or before. */
bool output_write(struct output *o, const char *p, size_t n);

/* replay-workers.c */
struct workers;
struct workers *workers_new(const struct replay *r, struct output *out, unsigned jobs);
/* In the order of the capture. ip is copied. False: no memory, or the output failed. */
bool workers_packet(struct workers *w, unsigned group, const struct inspect_pkt *p);
bool workers_refused(struct workers *w, unsigned group, const struct refused_many *m);
bool workers_clock(struct workers *w, const struct recording_turns *t);
/* All records so far are out. */
bool workers_flush(struct workers *w);
/* The end of a capture: connections do not go on into the next one. */
bool workers_end(struct workers *w);
void workers_free(struct workers *w, struct counts *sum); /* adds what was counted */

#endif
