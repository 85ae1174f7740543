/* SPDX-License-Identifier: MIT
 * Times as text: RFC 3339, UTC. */
#ifndef ZONED_BASE_UTC_H
#define ZONED_BASE_UTC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sb.h"

/* "2026-11-27T20:15:00.123Z" of nanoseconds since 1970, with so many digits of the second's
 * fraction: 1 to 9, cut, not rounded. */
void sb_put_time(struct sb *b, uint64_t ns, unsigned digits);
/* Reads "2026-11-27", "2026-11-27T20:15", "2026-11-27T20:15:00", "2026-11-27T20:15:00.123", the
 * last three with "Z" or "+01:00" at the end or, for UTC, without, and "@1764274500.123", seconds
 * since 1970. Between date and time may stand a blank. The whole text, years 1970 to 2500. */
bool utc_parse(const char *s, uint64_t *ns);
/* Days since 1970 of a date, years 1970 to 2500; and the year of such a day. */
uint64_t utc_days(unsigned year, unsigned month, unsigned day);
unsigned utc_year(uint64_t days);
/* Reads "90s", "15m", "2h": 1 to a million of them. */
bool duration_parse(const char *arg, uint64_t *ns);

#endif
