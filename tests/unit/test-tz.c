/* SPDX-License-Identifier: MIT
 * Time zones: the same as libc's, around every change for 80 years; and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/tz.h"

static const char *const names[] = { "Europe/Berlin",	  "America/New_York", "Australia/Lord_Howe",
				     "America/Santiago",  "Asia/Kolkata",     "Asia/Gaza",
				     "Africa/Casablanca", "America/Nuuk",     "Pacific/Chatham",
				     "Europe/Dublin",	  "Asia/Jerusalem",   "UTC" };
enum { NAMES = sizeof(names) / sizeof(names[0]) };
static const int64_t from = 315532800, until = 2840140800; /* 1980 to 2060 */

static bool has_zones(void)
{
	return access(TZ_DIRECTORY "/Europe/Berlin", R_OK) == 0;
}

static void compare_with_libc(const struct tz *z, const char *name, int64_t t)
{
	time_t at = (time_t)t;
	struct tm tm;
	assert_non_null(localtime_r(&at, &tm));
	if (tm.tm_gmtoff != tz_offset(z, t))
		fail_msg("%s at %lld: %ld, not %d", name, (long long)t, tm.tm_gmtoff,
			 tz_offset(z, t));
}

static void test_as_libc(void **state)
{
	(void)state;
	if (!has_zones())
		skip();
	for (size_t i = 0; i < NAMES; i++) {
		struct arena *a = arena_new();
		const char *why;
		const struct tz *z = tz_read(a, names[i], &why);
		size_t changes = 0;
		if (!z)
			fail_msg("%s %s", names[i], why);
		setenv("TZ", names[i], 1);
		tzset();
		for (int64_t t = from; t < until; t += 6 * 86400 + 12345)
			compare_with_libc(z, names[i], t);
		for (int64_t t = tz_next(z, from); t < until; t = tz_next(z, t), changes++)
			for (int d = -1; d <= 1; d++)
				compare_with_libc(z, names[i], t + d);
		assert_true(changes >= (i == 0 ? 160 : 0));
		arena_free(a);
	}
	unsetenv("TZ");
}

static void test_names(void **state)
{
	static const char *const wrong[] = { "",
					     "Europe",
					     "Europe/Nowhere",
					     "../etc/passwd",
					     "/etc/passwd",
					     "Europe//Berlin",
					     "zone.tab",
					     "Europe/",
					     "tzdata.zi" };
	struct arena *a = arena_new();
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *why = NULL;
		assert_null(tz_read(a, wrong[i], &why));
		assert_non_null(why);
	}
	arena_free(a);
}

/* Every cut of a good file is none, and no octet of it makes the reader leave it. */
static void test_cut_and_changed(void **state)
{
	static uint8_t good[8192];
	int fd = open(TZ_DIRECTORY "/Europe/Berlin", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, good, sizeof(good));
	const char *why;
	(void)state;
	if (n <= 0)
		skip();
	close(fd);
	for (size_t cut = 0; cut < (size_t)n; cut += 7) {
		struct arena *a = arena_new();
		uint8_t *copy = malloc(cut + 1);
		memcpy(copy, good, cut);
		assert_null(tz_parse(a, copy, cut, &why));
		free(copy);
		arena_free(a);
	}
	for (size_t at = 0; at < (size_t)n; at += 3) {
		struct arena *a = arena_new();
		uint8_t was = good[at];
		good[at] ^= 0xff;
		const struct tz *z = tz_parse(a, good, (size_t)n, &why);
		if (z)
			assert_true(tz_next(z, from) > from);
		good[at] = was;
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_libc),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_cut_and_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
