/* SPDX-License-Identifier: MIT
 * Time zones of the IANA database as this machine has it: TZif files, RFC 8536. */
#ifndef ZONED_BASE_TZ_H
#define ZONED_BASE_TZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define TZ_DIRECTORY "/usr/share/zoneinfo"

struct tz;

/* "Europe/Berlin", from this machine's files, in the arena. NULL, and *why says in a few words what
 * is wrong. */
const struct tz *tz_read(struct arena *a, const char *name, const char **why);
/* The same of a file's n octets. */
const struct tz *tz_parse(struct arena *a, const uint8_t *p, size_t n, const char **why);
/* Seconds that clocks there are ahead of UTC at this time, seconds since 1970. NULL is UTC. */
int32_t tz_offset(const struct tz *z, int64_t t);
/* The first time after t at which that may be another number; INT64_MAX: none. */
int64_t tz_next(const struct tz *z, int64_t t);

#endif
