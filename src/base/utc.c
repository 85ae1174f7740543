/* SPDX-License-Identifier: MIT
 * Times as text. Days are counted in eras of 400 years that begin on the first of March, so that a
 * leap day is the last of its year. */
#include "base/utc.h"

#include "base/num.h"

#include <string.h>

enum {
	YEAR_DAYS = 365,
	FOUR_YEARS = 1461,
	CENTURY = 36524,
	ERA_DAYS = 146097,
	ERA_YEARS = 400,
	EPOCH_DAY = 719468, /* 1970-01-01, of the era that begins with 0000-03-01 */
	DAY_SECONDS = 86400,
	FRACTION_DIGITS = 9,
	FIRST_YEAR = 1970,
	LAST_YEAR = 2500
};

#define SECOND_NS UINT64_C(1000000000)

struct date {
	unsigned year, month, day;
};

static struct date date_of(uint64_t days)
{
	uint64_t d = days + EPOCH_DAY;
	unsigned in_era = (unsigned)(d % ERA_DAYS);
	unsigned year =
		(in_era - in_era / (FOUR_YEARS - 1) + in_era / CENTURY - in_era / (ERA_DAYS - 1)) /
		YEAR_DAYS;
	unsigned in_year = in_era - (YEAR_DAYS * year + year / 4 - year / 100);
	unsigned month = (5 * in_year + 2) / 153; /* from March, 0 */
	return (struct date){ .year = (unsigned)(d / ERA_DAYS) * ERA_YEARS + year + (month > 9),
			      .month = month > 9 ? month - 9 : month + 3,
			      .day = in_year - (153 * month + 2) / 5 + 1 };
}

static uint64_t days_of(const struct date *d)
{
	unsigned y = d->year - (d->month < 3), month = d->month < 3 ? d->month + 9 : d->month - 3;
	unsigned in_year = (153 * month + 2) / 5 + d->day - 1, in_era = y % ERA_YEARS;
	return (uint64_t)(y / ERA_YEARS) * ERA_DAYS + in_era * YEAR_DAYS + in_era / 4 -
	       in_era / 100 + in_year - EPOCH_DAY;
}

uint64_t utc_days(unsigned year, unsigned month, unsigned day)
{
	return days_of(&(struct date){ .year = year, .month = month, .day = day });
}

unsigned utc_year(uint64_t days)
{
	return date_of(days).year;
}

void sb_put_time(struct sb *b, uint64_t ns, unsigned digits)
{
	uint64_t seconds = ns / SECOND_NS, fraction = ns % SECOND_NS;
	unsigned of_day = (unsigned)(seconds % DAY_SECONDS);
	const struct date d = date_of(seconds / DAY_SECONDS);
	for (unsigned i = digits; i < FRACTION_DIGITS; i++)
		fraction /= 10;
	sb_put_digits(b, d.year, 4);
	sb_putc(b, '-');
	sb_put_digits(b, d.month, 2);
	sb_putc(b, '-');
	sb_put_digits(b, d.day, 2);
	sb_putc(b, 'T');
	sb_put_digits(b, of_day / 3600, 2);
	sb_putc(b, ':');
	sb_put_digits(b, of_day / 60 % 60, 2);
	sb_putc(b, ':');
	sb_put_digits(b, of_day % 60, 2);
	sb_putc(b, '.');
	sb_put_digits(b, fraction, digits);
	sb_putc(b, 'Z');
}

/* Exactly n digits. */
static bool read_digits(const char **s, unsigned n, unsigned min, unsigned max, unsigned *out)
{
	*out = 0;
	for (; n; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		*out = *out * 10 + (unsigned)(**s - '0');
	}
	return *out >= min && *out <= max;
}

static bool read_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* ".123": 1 to 9 digits, in nanoseconds; nothing is none. */
static bool read_fraction(const char **s, uint64_t *ns)
{
	unsigned n = 0;
	*ns = 0;
	if (!read_char(s, '.'))
		return true;
	for (; **s >= '0' && **s <= '9' && n < FRACTION_DIGITS; (*s)++, n++)
		*ns = *ns * 10 + (unsigned)(**s - '0');
	for (unsigned i = n; i < FRACTION_DIGITS; i++)
		*ns *= 10;
	return n > 0;
}

static bool read_epoch(const char *s, uint64_t *ns)
{
	uint64_t seconds = 0, fraction;
	const char *first = s;
	for (; *s >= '0' && *s <= '9' && s - first < 11; s++)
		seconds = seconds * 10 + (unsigned)(*s - '0');
	if (s == first || !read_fraction(&s, &fraction) || *s ||
	    seconds / DAY_SECONDS > (uint64_t)(LAST_YEAR - FIRST_YEAR) * YEAR_DAYS)
		return false;
	*ns = seconds * SECOND_NS + fraction;
	return true;
}

static bool read_date(const char **s, struct date *d)
{
	static const unsigned long_months =
		1u << 1 | 1u << 3 | 1u << 5 | 1u << 7 | 1u << 8 | 1u << 10 | 1u << 12;
	if (!read_digits(s, 4, FIRST_YEAR, LAST_YEAR, &d->year) || !read_char(s, '-') ||
	    !read_digits(s, 2, 1, 12, &d->month) || !read_char(s, '-') ||
	    !read_digits(s, 2, 1, 31, &d->day))
		return false;
	bool leap = d->year % 4 == 0 && (d->year % 100 != 0 || d->year % ERA_YEARS == 0);
	unsigned last = d->month == 2 ? 28 + leap : long_months >> d->month & 1 ? 31 : 30;
	return d->day <= last;
}

/* "Z", "+01:00", or nothing, which is UTC: seconds east of it. */
static bool read_zone(const char **s, int *east)
{
	unsigned hours, minutes;
	int sign = **s == '-' ? -1 : 1;
	*east = 0;
	if (read_char(s, 'Z') || **s == '\0')
		return true;
	if ((!read_char(s, '+') && !read_char(s, '-')) || !read_digits(s, 2, 0, 23, &hours) ||
	    !read_char(s, ':') || !read_digits(s, 2, 0, 59, &minutes))
		return false;
	*east = sign * (int)(hours * 3600 + minutes * 60);
	return true;
}

bool utc_parse(const char *s, uint64_t *ns)
{
	struct date d;
	unsigned hour, minute, second = 0;
	uint64_t fraction = 0;
	int east;
	if (*s == '@')
		return read_epoch(s + 1, ns);
	if (!read_date(&s, &d))
		return false;
	uint64_t day = days_of(&d) * DAY_SECONDS;
	*ns = day * SECOND_NS;
	if (*s == '\0')
		return true;
	if (!read_char(&s, 'T') && !read_char(&s, ' '))
		return false;
	if (!read_digits(&s, 2, 0, 23, &hour) || !read_char(&s, ':') ||
	    !read_digits(&s, 2, 0, 59, &minute))
		return false;
	if (read_char(&s, ':') &&
	    (!read_digits(&s, 2, 0, 59, &second) || !read_fraction(&s, &fraction)))
		return false;
	if (!read_zone(&s, &east) || *s)
		return false;
	int64_t seconds = (int64_t)(day + hour * 3600 + minute * 60 + second) - east;
	if (seconds < 0)
		return false;
	*ns = (uint64_t)seconds * SECOND_NS + fraction;
	return true;
}

bool duration_parse(const char *arg, uint64_t *ns)
{
	static const struct {
		char unit;
		uint64_t ns;
	} units[] = { { 's', UINT64_C(1000000000) },
		      { 'm', UINT64_C(60000000000) },
		      { 'h', UINT64_C(3600000000000) } };
	char number[16];
	uint64_t v;
	size_t n = strlen(arg);
	if (n < 2 || n > sizeof(number))
		return false;
	memcpy(number, arg, n - 1);
	number[n - 1] = '\0';
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (arg[n - 1] == units[i].unit && num_parse(number, 1, 1000000, &v)) {
			*ns = v * units[i].ns;
			return true;
		}
	return false;
}
