/* SPDX-License-Identifier: MIT
 *
 * What replay counts, for its summary and its exit status. Of fixed size: what finds no row is
 * counted in `more`.
 */
#ifndef ZONED_ZONECTL_REPLAY_COUNTS_H
#define ZONED_ZONECTL_REPLAY_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "recording/refusals.h"

enum { COUNT_ROWS = 1024, COUNT_HASH = 2048 /* a power of two */, COUNT_PORTS = 64 };

/* Messages of one kind and one verdict; of no message: packets. */
struct count_row {
	const char *function; /* NULL: no message */
	uint16_t flow;	      /* of the image; 0xffff: none */
	uint16_t reason;
	uint8_t proto, verdict;
	uint64_t requests, responses; /* without a direction: requests */
};

/* Why packets with IP in them were not judged. */
enum count_left {
	LEFT_UNINSPECTED, /* permitted without inspection, or inside a zone */
	LEFT_LINK,	  /* stays on its link: to a group of it, or by an address of it */
	LEFT_PORT,	  /* no port of ours */
	LEFT_NOT_TCP,	  /* neither TCP nor UDP */
	LEFT_CHECKSUM,	  /* wrong, and asked for */
	LEFT_MALFORMED,	  /* headers that make no sense */
	LEFT_CUT,	  /* by the snap length */
	LEFT_FRAGMENT,
	LEFT_TIME, /* not between --from and --to */
	LEFT_N
};

struct count_left_out {
	uint64_t packets, bytes;
};

struct counts {
	struct count_row *rows; /* n_rows of COUNT_ROWS; NULL: none yet */
	unsigned n_rows;
	uint16_t place[COUNT_HASH]; /* by hash: index + 1 of a row; 0: none */
	uint64_t more;		    /* messages and packets without a row */
	uint64_t packets, bytes;    /* judged */
	uint64_t messages, refused_messages, refused_packets;
	/* places where a connection was not followed, and its bytes there */
	uint64_t unfollowed, unjudged;
	uint64_t records; /* lines or objects */
	struct count_left_out left[LEFT_N];
	bool no_memory;
};

/* One message, or one packet (m false) that was refused as such. */
void counts_add(struct counts *c, const struct event *ev, bool message);
/* So many packets of a connection that the rules refuse. */
void counts_add_refused(struct counts *c, const struct refused_many *m);
void counts_leave(struct counts *c, enum count_left why, uint64_t bytes);
void counts_sum(struct counts *to, const struct counts *from);
void counts_free(struct counts *c);
const char *count_left_name(enum count_left why);
const char *count_left_text(enum count_left why);
/* Might something of ours have been in them? */
bool count_left_is_loss(enum count_left why);

#endif
