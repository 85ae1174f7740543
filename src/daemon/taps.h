/* SPDX-License-Identifier: MIT
 * The parent's side of taps. Main thread. */
#ifndef ZONED_DAEMON_TAPS_H
#define ZONED_DAEMON_TAPS_H

#include <jansson.h>

#include "daemon/tap.h"
#include "nft/nft.h"

struct parent;
enum tap_state { TAP_NOT_OPEN, TAP_READING, TAP_IS_DOWN, TAP_LOST };

/* What a reactive tap had done. */
struct reacted {
	uint64_t blocked, block_full, block_failed;
	uint64_t resets, resets_failed, resets_withheld;
	uint64_t slowest_us; /* from the wire to the resets */
};

enum { BLOCKED_KEPT = 4096, RESETS_A_SECOND = 2000 };

struct reactions {
	int fd4, fd6; /* raw sockets; -1: no tap is reactive */
	uint64_t second;
	unsigned in_second;
	bool full_told, failed_told;
	unsigned next;
	/* for a reload, which makes the sets again */
	struct {
		struct nft_ends ends;
		uint64_t until_ns;
	} kept[BLOCKED_KEPT];
};

struct tap_here {
	struct parent *p;
	char name[16]; /* IFNAMSIZ */
	bool reactive;
	struct tap_conf conf;
	int fd; /* socket to its keeper */
	pid_t pid, reader;
	enum tap_state state;
	char why[TAP_TEXT];
	bool opened; /* and has no reader yet */
	bool acked, wants_policy;
	uint64_t beat;	  /* of its reader, as last seen, */
	unsigned stalled; /* and for how many turns of the timer it is so */
	uint64_t restarts;
	uint64_t dropped_told, dropped; /* of this reader; of all */
	struct reacted reacted;
	struct event *word_event, *told_event;
};

struct taps {
	unsigned n;
	struct tap_here tap[MODEL_TAPS_MAX];
	struct reactions reactions;
};

/* Steps of the start; 0 or -errno. */
int open_taps(struct parent *p);
void close_taps(struct parent *p);
/* In the loop of the main thread. */
bool taps_watch(struct parent *p);
void taps_unwatch(struct parent *p);
void taps_tick(struct parent *p); /* from the timer */
void taps_give(struct parent *p); /* another model is in force */
json_t *taps_status(const struct parent *p);

/* reactions.c: refused connections are blocked in the kernel, and reset */
int reactions_open(struct reactions *r); /* needs CAP_NET_RAW; 0 or -errno */
void reactions_close(struct reactions *r);
void react_to(struct parent *p, struct tap_here *t, const struct tap_refused *r);
void reactions_again(struct parent *p); /* the sets were made again: block what was blocked */
json_t *reactions_status(const struct reacted *n);

#endif
