/* SPDX-License-Identifier: MIT
 *
 * The audit trail: events to syslog lines and to JSON lines (zoned-events(5)).
 *
 * Every event is written, counted in a "repeated" record, or counted in a
 * "suppressed" record; the three add up to what came in. Nothing here blocks
 * on a file: a JSON file that cannot be written is said once and counted.
 * Time is passed in (CLOCK_MONOTONIC), so a step of the wall clock is harmless.
 */
#ifndef ZONED_RECORD_RECORD_H
#define ZONED_RECORD_RECORD_H

#include "policy/policy.h"
#include "record/event.h"

struct record;

struct record_conf {
	const char *ident;	/* openlog(3); must outlive the record */
	const char *facility;	/* "daemon", "auth", "local0".. */
	const char *json_path;	/* or NULL; must outlive the record */
	/* NULL: syslog(3). Also gets what the record says about itself. */
	void (*sink)(void *ctx, int priority, const char *line);
	void *sink_ctx;
};

struct record_stats {
	uint64_t events;	/* taken in */
	uint64_t written;	/* as a line of their own */
	uint64_t repeated;	/* counted, not yet or already told as "repeated" */
	uint64_t suppressed;	/* counted by the rate cap */
	uint64_t json_lost;	/* JSON lines the file did not take */
};

/* NULL: out of memory or an unknown facility (errno EINVAL). A JSON file that
 * cannot be opened is no failure: it is said once, and tried again by reopen. */
struct record *record_open(const struct record_conf *c);
/* img: the image the event was judged under; of another generation, names are
 * left out rather than guessed. */
void record_event(struct record *r, const struct pol_image *img, const struct event *ev, uint64_t now_ns);
/* Tell what windows that ended have counted. Call about once a second. */
void record_tick(struct record *r, const struct pol_image *img, uint64_t now_ns);
/* Tell everything counted now: before img is replaced, and before close. */
void record_flush(struct record *r, const struct pol_image *img, uint64_t now_ns);
void record_reopen(struct record *r);	/* after the JSON file was rotated */
void record_close(struct record *r);	/* NULL is fine; flush first */
void record_stats(const struct record *r, struct record_stats *s);

#endif
