/* SPDX-License-Identifier: MIT
 * The file of JSON records: a full disk, a path that is no file, another file in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "record-sink.h"

/* A disk that fills in the middle of a line, then has room again. */
static void test_full_disk(void **state)
{
	(void)state;
	char path[64];
	struct sink s;
	struct rlimit old, tight;
	struct stat st;
	struct record_stats stats;
	temp_name(path);
	struct pol_image *img = image(7, "plant.conf");
	struct record *r = open_to(&s, path);
	struct event ev = write_refused();
	record_event(r, img, &ev, 0);
	assert_int_equal(stat(path, &st), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = (rlim_t)st.st_size + 20;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	for (uint8_t i = 2; i < 12; i++) {
		EV_MODBUS(&ev)->unit = i;
		record_event(r, img, &ev, 0);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(s.n, 11);	  /* syslog had all of them */
	assert_int_equal(s.n_trouble, 1); /* and was told once */
	EV_MODBUS(&ev)->unit = 99;
	record_event(r, img, &ev, 0);
	assert_int_equal(s.n_trouble, 2);
	assert_non_null(strstr(s.trouble, "10 records were lost"));
	record_stats(r, &stats);
	assert_int_equal(stats.json_lost, 10);
	record_close(r);
	/* the torn line stands alone: the ones before and after it parse */
	char *save, *text = slurp(path), *line[4] = { NULL };
	size_t n = 0;
	for (char *l = strtok_r(text, "\n", &save); l && n < 4; l = strtok_r(NULL, "\n", &save))
		line[n++] = l;
	assert_int_equal(n, 3);
	json_t *a = json_loads(line[0], 0, NULL), *b = json_loads(line[1], 0, NULL),
	       *c = json_loads(line[2], 0, NULL);
	assert_non_null(a);
	assert_null(b);
	assert_int_equal(json_integer_value(json_object_get(c, "unit")), 99);
	json_decref(a);
	json_decref(c);
	free(img);
	unlink(path);
}

static void test_bad_file(void **state)
{
	(void)state;
	char path[64];
	struct sink s;
	struct pol_image *img = image(7, "plant.conf");
	struct event ev = write_refused();
	struct record *r = open_to(&s, "/nonexistent/records.json");
	record_event(r, img, &ev, 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.n_trouble, 1);
	record_close(r);
	temp_name(path);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	int reader = open(path, O_RDONLY | O_NONBLOCK);
	r = open_to(&s, path); /* a pipe: refused, not waited for */
	record_event(r, img, &ev, 0);
	assert_int_equal(s.n_trouble, 1);
	record_close(r);
	close(reader);
	unlink(path);
	assert_int_equal(record_facility("local9"), -1);
	assert_int_equal(record_facility("local0"), LOG_LOCAL0);
	free(img);
}

static void test_reopen(void **state)
{
	(void)state;
	char path[64], old[80];
	struct sink s;
	temp_name(path);
	snprintf(old, sizeof(old), "%s.1", path);
	struct pol_image *img = image(7, "plant.conf");
	struct record *r = open_to(&s, path);
	struct event ev = write_refused();
	record_event(r, img, &ev, 0);
	assert_int_equal(rename(path, old), 0);
	record_reopen(r);
	EV_MODBUS(&ev)->unit = 55;
	record_event(r, img, &ev, 0);
	record_close(r);
	assert_null(strstr(slurp(old), "\"unit\":55"));
	assert_non_null(strstr(slurp(path), "\"unit\":55"));
	assert_int_equal(s.n_trouble, 0);
	unlink(path);
	unlink(old);

	/* there is no such file to be had any more: the old one goes on, which is said */
	r = open_to(&s, path);
	assert_int_equal(rename(path, old), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	record_reopen(r);
	assert_int_equal(s.n_trouble, 1);
	EV_MODBUS(&ev)->unit = 56;
	record_event(r, img, &ev, 0);
	record_close(r);
	assert_non_null(strstr(slurp(old), "\"unit\":56"));
	assert_int_equal(s.n_trouble, 1);
	free(img);
	rmdir(path);
	unlink(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_bad_file),
		cmocka_unit_test(test_reopen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
