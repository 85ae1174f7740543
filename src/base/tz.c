/* SPDX-License-Identifier: MIT
 *
 * A TZif file (RFC 8536): a header and data with times of 32 bits, the same with 64 bits, and a
 * line that is the rule for all times after the last one in the data, as POSIX has it for TZ:
 * "CET-1CEST,M3.5.0,M10.5.0/3". libc's own reader is of the whole process (TZ), and a model may
 * name several zones. Of the rule's forms the one is read that the database uses (M).
 */
#include "base/tz.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/rd.h"
#include "base/utc.h"

enum {
	FILE_MOST = 64 * 1024,
	HEADER = 44,
	TIMES_MOST = 4096,
	TYPES_MOST = 256,
	RULE_MOST = 128,
	DAY = 86400,
	WEEK_DAYS = 7,
	EPOCH_WEEKDAY = 4, /* 1970-01-01 was a Thursday; Sunday is 0 */
};

struct turn { /* a day of each year: the week'th weekday of the month (5: the last), and a time */
	unsigned month, week, weekday;
	int32_t time;
};

struct tz {
	size_t n;
	int64_t *at;
	int32_t *after; /* each of at */
	int32_t before; /* the first of at */
	bool has_rule, has_dst;
	int32_t std, dst;
	struct turn begin, end; /* of dst */
};

/* ---- the data ---- */

struct counts_of {
	uint32_t ut, std, leap, times, types, chars;
};

static bool read_tz_header(struct rd *r, struct counts_of *c)
{
	const uint8_t *magic = rd_take(r, 4);
	uint8_t version = rd_u8(r);
	rd_skip(r, 15);
	c->ut = rd_be32(r);
	c->std = rd_be32(r);
	c->leap = rd_be32(r);
	c->times = rd_be32(r);
	c->types = rd_be32(r);
	c->chars = rd_be32(r);
	return !r->bad && memcmp(magic, "TZif", 4) == 0 && version >= '2' &&
	       c->times <= TIMES_MOST && c->types >= 1 && c->types <= TYPES_MOST &&
	       c->chars <= FILE_MOST && c->leap <= TIMES_MOST && c->std <= TYPES_MOST &&
	       c->ut <= TYPES_MOST;
}

static int64_t read_be64(struct rd *r)
{
	uint64_t hi = rd_be32(r);
	return (int64_t)(hi << 32 | rd_be32(r));
}

static bool read_tz_data(struct rd *r, const struct counts_of *c, struct arena *a, struct tz *z)
{
	int32_t offset[TYPES_MOST] = { 0 };
	struct rd times = rd_sub(r, (size_t)c->times * 8), which = rd_sub(r, c->times);
	for (uint32_t i = 0; i < c->types; i++) {
		offset[i] = (int32_t)rd_be32(r);
		rd_skip(r, 2);
	}
	rd_skip(r, c->chars + (size_t)c->leap * 12 + c->std + c->ut);
	z->n = c->times;
	z->at = arena_alloc(a, (z->n + 1) * sizeof(*z->at));
	z->after = arena_alloc(a, (z->n + 1) * sizeof(*z->after));
	z->before = offset[0];
	bool ok = !r->bad;
	for (size_t i = 0; ok && i < z->n; i++) {
		uint8_t type = rd_u8(&which);
		z->at[i] = read_be64(&times);
		z->after[i] = offset[type];
		ok = type < c->types && (!i || z->at[i] > z->at[i - 1]);
	}
	for (uint32_t i = 0; i < c->types; i++)
		ok = ok && offset[i] > -2 * DAY && offset[i] < 2 * DAY;
	return ok;
}

/* ---- the rule ---- */

static bool skip_tz_name(const char **s)
{
	const char *from = *s;
	bool quoted = **s == '<';
	while (**s &&
	       (quoted ? **s != '>' : (**s >= 'A' && **s <= 'Z') || (**s >= 'a' && **s <= 'z')))
		(*s)++;
	if (quoted && **s == '>')
		(*s)++;
	return *s - from >= 3;
}

static bool read_tz_number(const char **s, unsigned most, unsigned *out)
{
	const char *from = *s;
	for (*out = 0; **s >= '0' && **s <= '9' && *s - from < 4; (*s)++)
		*out = *out * 10 + (unsigned)(**s - '0');
	return *s > from && *out <= most;
}

/* "-3:30", "26": hours, and what may follow. */
static bool read_tz_hours(const char **s, int32_t *out)
{
	unsigned part[3] = { 0 };
	bool minus = **s == '-', ok;
	if (**s == '-' || **s == '+')
		(*s)++;
	ok = read_tz_number(s, 167, &part[0]);
	for (int i = 1; ok && i < 3 && **s == ':'; i++) {
		(*s)++;
		ok = read_tz_number(s, 59, &part[i]);
	}
	*out = (int32_t)(part[0] * 3600 + part[1] * 60 + part[2]) * (minus ? -1 : 1);
	return ok;
}

static bool read_turn(const char **s, struct turn *t)
{
	const char separator[3] = { 'M', '.', '.' };
	unsigned *const to[3] = { &t->month, &t->week, &t->weekday }, most[3] = { 12, 5, 6 };
	if (*(*s)++ != ',')
		return false;
	for (int i = 0; i < 3; i++) {
		if (**s != separator[i])
			return false;
		(*s)++;
		if (!read_tz_number(s, most[i], to[i]))
			return false;
	}
	t->time = 2 * 3600;
	if (**s == '/') {
		(*s)++;
		if (!read_tz_hours(s, &t->time))
			return false;
	}
	return t->month && t->week;
}

static bool read_tz_rule(const char *s, struct tz *z)
{
	int32_t west;
	z->has_rule = *s != '\0';
	if (!z->has_rule)
		return true;
	if (!skip_tz_name(&s) || !read_tz_hours(&s, &west))
		return false;
	z->std = -west;
	z->has_dst = *s != '\0';
	if (!z->has_dst)
		return true;
	if (!skip_tz_name(&s))
		return false;
	z->dst = z->std + 3600;
	if (*s && *s != ',') {
		if (!read_tz_hours(&s, &west))
			return false;
		z->dst = -west;
	}
	return *s == ',' && read_turn(&s, &z->begin) && read_turn(&s, &z->end) && !*s;
}

const struct tz *tz_parse(struct arena *a, const uint8_t *p, size_t n, const char **why)
{
	struct rd r = rd_init(p, n);
	struct counts_of c;
	struct tz *z = arena_alloc(a, sizeof(*z));
	char rule[RULE_MOST] = "";
	*why = "is no time zone";
	if (!read_tz_header(&r, &c))
		return NULL;
	rd_skip(&r, (size_t)c.times * 5 + (size_t)c.types * 6 + c.chars + (size_t)c.leap * 8 +
			    c.std + c.ut);
	if (!read_tz_header(&r, &c) || !read_tz_data(&r, &c, a, z))
		return NULL;
	bool line = rd_u8(&r) == '\n' && r.left && r.left < sizeof(rule) && r.p[r.left - 1] == '\n';
	if (!line)
		return NULL;
	memcpy(rule, r.p, r.left - 1);
	*why = "has a rule of a form that is not known";
	return read_tz_rule(rule, z) ? z : NULL;
}

/* ---- the file ---- */

static bool good_zone_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/");
	return n && n < 64 && !s[n] && s[0] != '/' && s[n - 1] != '/' && !strstr(s, "//");
}

const struct tz *tz_read(struct arena *a, const char *name, const char **why)
{
	char path[sizeof(TZ_DIRECTORY) + 1 + 64];
	uint8_t *buf = arena_alloc(a, FILE_MOST);
	size_t n = 0;
	ssize_t got = -1;
	*why = "is not in " TZ_DIRECTORY;
	if (!good_zone_name(name))
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", TZ_DIRECTORY, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	while (n < FILE_MOST && (got = read(fd, buf + n, FILE_MOST - n)) > 0)
		n += (size_t)got;
	close(fd);
	return got == 0 ? tz_parse(a, buf, n, why) : NULL;
}

/* ---- times ---- */

/* The turn of this year, in seconds since 1970 by the clock that is `ahead` of UTC before it. */
static int64_t turn_of(const struct turn *t, unsigned year, int32_t ahead)
{
	int64_t first = (int64_t)utc_days(year, t->month, 1);
	unsigned weekday = (unsigned)((first + EPOCH_WEEKDAY) % WEEK_DAYS);
	int64_t day = first + (t->weekday + WEEK_DAYS - weekday) % WEEK_DAYS +
		      (int64_t)(t->week - 1) * WEEK_DAYS;
	unsigned next = t->month % 12 + 1;
	if (day >= (int64_t)utc_days(year + (next == 1), next, 1))
		day -= WEEK_DAYS; /* there is no fifth one */
	return day * DAY + t->time - ahead;
}

static unsigned year_of(int64_t t)
{
	return utc_year(t < 0 ? 0 : (uint64_t)t / DAY);
}

static int32_t offset_by_rule(const struct tz *z, int64_t t)
{
	unsigned year = year_of(t + z->std);
	int64_t begin = turn_of(&z->begin, year, z->std), end = turn_of(&z->end, year, z->dst);
	bool dst = begin < end ? t >= begin && t < end : t >= begin || t < end;
	return dst ? z->dst : z->std;
}

/* How many of z->at are not after t. */
static size_t turns_until(const struct tz *z, int64_t t)
{
	size_t lo = 0, hi = z->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (z->at[mid] <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int32_t tz_offset(const struct tz *z, int64_t t)
{
	if (!z)
		return 0;
	size_t n = turns_until(z, t);
	if (n == z->n && z->has_rule)
		return z->has_dst ? offset_by_rule(z, t) : z->std;
	return n ? z->after[n - 1] : z->before;
}

int64_t tz_next(const struct tz *z, int64_t t)
{
	size_t n = z ? turns_until(z, t) : 0;
	int64_t next = INT64_MAX;
	if (!z || n < z->n)
		return z ? z->at[n] : next;
	unsigned year = year_of(t);
	for (unsigned y = year ? year - 1 : 0; z->has_dst && y <= year + 1; y++) {
		const int64_t turns[2] = { turn_of(&z->begin, y, z->std),
					   turn_of(&z->end, y, z->dst) };
		for (int i = 0; i < 2; i++)
			if (turns[i] > t && turns[i] < next)
				next = turns[i];
	}
	return next;
}
