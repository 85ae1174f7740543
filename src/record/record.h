/* SPDX-License-Identifier: MIT
 *
 * The audit trail: events to all outputs (zoned-events(5), output.h).
 *
 * Every event is written, counted in a "repeated" record, or counted in a
 * "suppressed" record; the three add up to what came in. What an output loses is counted by it and
 * reported. After record_start() each output has a thread that writes, and nobody who records
 * something waits for a log daemon or a disk.
 * Time is passed in (CLOCK_MONOTONIC), so a step of the wall clock is harmless.
 */
#ifndef ZONED_RECORD_RECORD_H
#define ZONED_RECORD_RECORD_H

#include "policy/policy.h"
#include "record/fields.h"
#include "record/output.h"

struct record;

enum {
	RECORD_ID = 40, /* room for an id with its NUL */
	RECORD_OUTPUTS = 9,
};

/* A record as it was written. */
struct record_written {
	/* "69290112c3f4-17": when zoned started and a random part, and the record's number since.
	 * No two records of one machine have the same. */
	char id[RECORD_ID];
	const char *line; /* as syslog has it */
};

struct record_conf {
	const struct output_keys *outputs; /* RECORD_OUTPUTS at most, with OUTPUT_CALL */
	size_t n_outputs;
	/* What OUTPUT_CALL calls. After record_start() in that output's thread. */
	void (*sink)(void *ctx, int priority, const char *line);
	void *sink_ctx;
	/* Gets what outputs report, at once and in their threads; or NULL. */
	void (*said)(int priority, const char *text);
	event_interface_name *interface; /* or NULL */
};

struct record_stats {
	uint64_t events;     /* taken in */
	uint64_t written;    /* as a line of their own */
	uint64_t repeated;   /* counted, not yet or already told as "repeated" */
	uint64_t suppressed; /* counted by the rate cap */
	uint64_t json_lost;  /* JSON lines that their files did not take */
	/* texts of any output for which there was no room, as others were not taken in time */
	uint64_t lost;
};

/* The number that openlog(3) wants for "daemon", "auth", "local0"..; -1: there is none of that
 * name. */
int record_facility(const char *name);
/* NULL: out of memory. A file that cannot be opened is no failure: it is logged once, and tried
 * again by reopen. */
struct record *record_open(const struct record_conf *c);
/* From now on writing is a thread's for each output; call once. 0 or -errno. */
int record_start(struct record *r);
/* Go on with these outputs. Those that are the same stay, with their counts. Not while somebody
 * records. 0 or -errno: then nothing changed. What to close goes to *old. */
struct record_old {
	struct output *output[RECORD_OUTPUTS];
	size_t n;
};
int record_change(struct record *r, const struct output_keys *outputs, size_t n,
		  struct record_old *old);
/* May wait for each as many ms, while others record. */
void record_close_outputs(struct record *r, struct record_old *old, unsigned ms);
/* A line that is no event, as it is; after record_start() from any thread at any time, which the
 * others are not. */
void record_say(struct record *r, int priority, const char *text);
/* img: the image the event was judged under; of another generation, names are
 * left out rather than guessed. Returns what was written of it, until the next call; NULL: it is
 * counted in another record, and has none of its own. */
const struct record_written *record_event(struct record *r, const struct pol_image *img,
					  const struct event *ev, uint64_t now_ns);
/* n more events like this one, which were only counted, and had no record. */
void record_repeats(struct record *r, const struct pol_image *img, const struct event *ev,
		    uint64_t n, uint64_t now_ns);
/* Tell what windows that ended have counted. Call about once a second. */
void record_tick(struct record *r, const struct pol_image *img, uint64_t now_ns);
/* Tell everything counted now: before img is replaced, and before close. */
void record_flush(struct record *r, const struct pol_image *img, uint64_t now_ns);
void record_reopen(struct record *r); /* after files were rotated */
/* Wait until all of it is written, for at most so many ms; false: it is not. */
bool record_drain(struct record *r, unsigned ms);
void record_close(struct record *r); /* NULL is fine; flush and drain first */
void record_stats(const struct record *r, struct record_stats *s);
/* Of output i; false: there is none. Not while record_change() runs. */
bool record_output_stats(const struct record *r, size_t i, struct output_stats *s);

#endif
