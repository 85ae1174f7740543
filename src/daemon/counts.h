/* SPDX-License-Identifier: MIT
 *
 * The book of counters: what inspectors, the in-kernel path and the rules have counted, added up
 * by conduit, direction, verdict and reason since zoned started. Main thread.
 *
 * A conduit has a number by its name as long as zoned runs, so its rows go on over any reload, and
 * a conduit that is gone keeps what it had. An inspector's table is in the parent's memory: one
 * that died has lost nothing, and the next goes on in it. Of the counters of the kernel, which
 * may begin again, the book keeps what they had when it looked last, and adds the difference.
 */
#ifndef ZONED_DAEMON_COUNTS_H
#define ZONED_DAEMON_COUNTS_H

#include <jansson.h>

#include "daemon/parent.h"
#include "inspect/counts.h"

enum count_by { COUNT_INSPECTOR, COUNT_KERNEL, COUNT_RULES, COUNT_BYS };

enum {
	COUNT_NAMES = 16384, /* of conduits, 0 included; more have no name here */
	COUNT_ROWS = 32768,
	COUNT_TICK_S = 10,
	/* Beside the reasons of records: what only counters have. */
	COUNT_OTHER = R_COUNT, /* more rows than there is room for */
	COUNT_INSIDE,
	COUNT_INVALID,
	COUNT_BLOCKED,
	COUNT_REASONS,
};

struct count_row {
	struct count_of of;
	uint8_t by;
	bool used;
	uint64_t n, bytes;	 /* bytes: 0 where nobody counted them */
	uint64_t raw, raw_bytes; /* of the kernel's counters, as last seen */
	uint64_t last_ns;	 /* CLOCK_REALTIME; 0: none since the start */
	uint64_t before[2];	 /* n at the last two ticks */
};

struct count_book;

/* Steps of the start: before there is an image, and before the inspectors and the first commit.
 * 0 or -errno. */
int counts_open(struct parent *p);
int counts_begin(struct parent *p);
void counts_close(struct parent *p);
/* Give the flows of an image that is not in use yet the numbers of their conduits. */
void counts_name_flows(struct parent *p, struct pol_image *img);
/* Take in all that was counted until now. */
void counts_sample(struct parent *p);
/* The same, and show each counter of the rules as it was read. 0, or -errno where they could not be
 * read; the rest is taken in. */
int counts_sample_rules(struct parent *p,
			void (*see)(void *ctx, const char *name, uint64_t packets, uint64_t bytes),
			void *ctx);
/* After the commit of next, while model and image are still those of the policy that ends. */
void counts_carry(struct parent *p, const struct model *next);
void counts_tick(struct parent *p); /* from the timer */
/* Every row that counted something, by conduit; as of the last sample. */
void counts_each(const struct parent *p, void (*take)(void *ctx, const struct count_row *r),
		 void *ctx);
uint16_t counts_number(struct parent *p, const char *name);	/* 0: no more numbers */
const char *counts_name(const struct parent *p, uint16_t name); /* NULL: of none */
const char *counts_reason(uint16_t reason);
const char *counts_by(uint8_t by);
const char *counts_unit(uint8_t unit);
const char *counts_verdict(uint8_t verdict);
const char *counts_direction(uint8_t direction);
/* Each second so many, over the last *window_s seconds. */
double counts_rate(const struct parent *p, const struct count_row *r, double *window_s);
/* Packets that nobody could judge. */
struct count_unjudged {
	uint64_t dropped, passed, overruns;
};
void counts_unjudged(struct parent *p, struct count_unjudged *u);
uint64_t counts_since_ns(const struct parent *p); /* CLOCK_REALTIME */

/* counts-document.c */
json_t *counts_time(uint64_t ns);	     /* as a text in UTC; null of 0 */
json_t *counters_document(struct parent *p); /* NULL: errno */

#endif
