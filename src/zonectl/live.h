/* SPDX-License-Identifier: MIT
 * What the verbs share that show numbers of the running zoned, once or again and again. */
#ifndef ZONED_ZONECTL_LIVE_H
#define ZONED_ZONECTL_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Rows of counters or connections to show; NULL: all. Of several all must fit. */
struct live_filter {
	const char *conduit, *zone, *verdict, *reason;
};

bool live_wants(const struct live_filter *f, const json_t *row);
/* The array o has under key, without the rows that are not wanted; the caller's. */
json_t *live_rows(const json_t *o, const char *key, const struct live_filter *f);
/* "2026-11-27T20:15:00Z" of a time as documents have it; null where it has none. */
json_t *live_time(const json_t *time);
/* Nanoseconds of it; 0: none. */
uint64_t live_ns(const json_t *time);
/* 0.3, 15.0, 1203 */
json_t *live_rate(double per_second);
/* Read an option of seconds, 1 to 3600 seconds; false: told. */
bool live_seconds(const char *option, const char *text, uint64_t *seconds);
/* Ask line, and show each answer: once, or every so many seconds until it is ended. before: the
 * answer before, NULL at the first. The exit status. */
int live_ask(const char *line, uint64_t seconds,
	     int (*show)(void *ctx, const json_t *o, const json_t *before), void *ctx);

#endif
