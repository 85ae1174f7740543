/* SPDX-License-Identifier: MIT
 *
 * The store: what is put is there, whole and chained; what somebody changes shows, with its row;
 * it stays within its size and age; a disk that is full loses rows and no more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/store.h"

#define NOW 1800000000u /* 2027-01-15 */

static char path[64];

static int fresh_place(void **state)
{
	(void)state;
	char dir[] = "/tmp/test-store.XXXXXX";
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/records.db", dir);
	return 0;
}

static int remove_place(void **state)
{
	char name[80];
	static const char *const more[] = { "", "-wal", "-shm" };
	(void)state;
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, more[i]);
		unlink(name);
	}
	*strrchr(path, '/') = '\0';
	return rmdir(path);
}

static struct store *new_store(uint64_t bytes, uint64_t seconds)
{
	struct store *s = store_new(
		&(struct store_conf){ .path = path, .bytes_max = bytes, .seconds_max = seconds });
	assert_non_null(s);
	return s;
}

static const char *body_of(unsigned i, const char *day)
{
	static char text[1024];
	snprintf(text, sizeof(text),
		 "{\"time\":\"%sT00:%02u:%02u.000Z\",\"event\":\"violation\",\"verdict\":\"drop\","
		 "\"reason\":\"%s\",\"conduit\":\"c%u\",\"from_zone\":\"hmi\",\"to_zone\":\"cell\","
		 "\"src\":\"10.1.0.%u\",\"proto\":\"modbus\",\"dir\":\"request\",\"n\":%u%s}",
		 day, i / 60 % 60, i % 60, i % 3 ? "no-conduit" : "unit-not-allowed", i % 2,
		 i % 200, i, i % 10 ? "" : ",\"repeated\":7");
	return text;
}

static void fill(struct store *s, unsigned from, unsigned n, const char *day)
{
	for (unsigned i = from; i < from + n; i++)
		assert_int_equal(store_put(s, body_of(i, day), NOW), 0);
	assert_int_equal(store_commit(s), 0);
}

static struct store_reader *reader(void)
{
	const char *why;
	struct store_reader *r = store_reader_open(path, &why);
	assert_non_null(r);
	return r;
}

static struct store_verdict verify(void)
{
	struct store_verdict v;
	struct store_reader *r = reader();
	assert_int_equal(store_verify(r, &v), 0);
	store_reader_close(r);
	return v;
}

struct seen {
	uint64_t n, first, last;
};

static bool see(void *ctx, uint64_t seq, const char *body)
{
	struct seen *s = ctx;
	assert_int_equal(body[0], '{');
	s->n++;
	s->first = s->first ? s->first : seq;
	s->last = seq;
	return true;
}

static uint64_t count(const struct store_filter *f)
{
	struct seen s = { 0 };
	struct store_reader *r = reader();
	assert_int_equal(store_each(r, f, see, &s), 0);
	store_reader_close(r);
	return s.n;
}

static void add_events(void *ctx, const struct store_count *c)
{
	assert_int_equal(strlen(c->day), 10);
	assert_string_equal(c->direction, "request");
	*(uint64_t *)ctx += c->events;
}

static uint64_t events(const struct store_filter *f)
{
	uint64_t n = 0;
	struct store_reader *r = reader();
	assert_int_equal(store_counts(r, f, add_events, &n), 0);
	store_reader_close(r);
	return n;
}

static void test_rows(void **state)
{
	(void)state;
	char hex[STORE_HEX];
	struct stat st;
	struct store *s = new_store(16 << 20, 1u << 30);
	assert_int_equal(store_head(s, hex), 0);
	fill(s, 0, 300, "2027-01-14");
	fill(s, 300, 60, "2027-01-15");
	assert_int_equal(
		store_put(s, "{\"time\":\"2027-01-15T01:00:00.000Z\",\"event\":\"log\"}", NOW), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_head(s, hex), 361);
	/* while it is open for writing */
	struct store_verdict v = verify();
	assert_int_equal(v.broken, 0);
	assert_int_equal(v.rows, 361);
	assert_string_equal(v.head, hex);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
	assert_int_equal(count(&(struct store_filter){ 0 }), 361);
	assert_int_equal(count(&(struct store_filter){ .conduit = "c1" }), 180);
	assert_int_equal(
		count(&(struct store_filter){ .zone = "cell", .reason = "unit-not-allowed" }), 120);
	assert_int_equal(count(&(struct store_filter){ .zone = "c1" }), 0);
	assert_int_equal(count(&(struct store_filter){ .proto = "modbus", .after = 300 }), 60);
	assert_int_equal(count(&(struct store_filter){ .from = "2027-01-15" }), 61);
	assert_int_equal(count(&(struct store_filter){ .until = "2027-01-15" }), 300);
	assert_int_equal(count(&(struct store_filter){ .reason = "' OR 1 --" }), 0);
	/* what a row stands for; and a line is no event */
	assert_int_equal(events(&(struct store_filter){ 0 }), 360 + 36 * 6);
	assert_int_equal(events(&(struct store_filter){ .from = "2027-01-15" }), 60 + 6 * 6);
	store_free(s);
	/* another start goes on with the chain */
	s = new_store(16 << 20, 1u << 30);
	fill(s, 0, 5, "2027-01-15");
	store_free(s);
	v = verify();
	assert_int_equal(v.rows, 366);
	assert_int_equal(v.broken, 0);
}

static void change(const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Somebody with the rights to write the file: each shows, at the first row that it concerns. */
static void test_tampering(void **state)
{
	static const struct {
		const char *sql;
		uint64_t broken;
	} rows[] = {
		{ "UPDATE record SET body = replace(body, '10.1.0.', '10.9.0.') WHERE seq = 17",
		  17 },
		{ "UPDATE record SET body = body || ' ' WHERE seq = 50", 50 },
		{ "UPDATE record SET body = body || char(0) WHERE seq = 50", 50 },
		{ "UPDATE record SET hash = zeroblob(32) WHERE seq = 3", 3 },
		{ "UPDATE record SET hash = zeroblob(31) WHERE seq = 3", 3 },
		{ "DELETE FROM record WHERE seq = 20", 20 },
		{ "DELETE FROM record WHERE seq <= 20", 1 },
		{ "DELETE FROM record WHERE seq > 40", 41 },
		{ "DELETE FROM record", 1 },
		{ "INSERT INTO record(seq, body, hash) VALUES (51, '{}', zeroblob(32))", 51 },
		{ "UPDATE record SET seq = 100 WHERE seq = 10; UPDATE record SET seq = 10 WHERE "
		  "seq = 11;"
		  "UPDATE record SET seq = 11 WHERE seq = 100",
		  10 },
		{ "UPDATE chain SET hash = zeroblob(32) WHERE name = 'head'", 50 },
		{ "DELETE FROM chain", 50 },
		{ "INSERT INTO chain VALUES ('anchor', 0, randomblob(32))", 1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store *s = new_store(16 << 20, 1u << 30);
		fill(s, 0, 50, "2027-01-15");
		store_free(s);
		assert_int_equal(verify().broken, 0);
		change(rows[i].sql);
		struct store_verdict v = verify();
		assert_int_equal(v.broken, rows[i].broken);
		assert_non_null(v.what);
		if (i + 1 < sizeof(rows) / sizeof(rows[0])) {
			remove_place(state);
			fresh_place(state);
		}
	}
}

/* Ten times more than it may hold, then years later: the oldest go, and the chain begins at what is
 * left. */
static void test_bounds(void **state)
{
	(void)state;
	enum { MB = 1 << 20, ROWS = 12000 };
	struct stat st;
	struct store *s = new_store(MB, 100 * 86400);
	for (unsigned i = 0; i < ROWS; i++) {
		assert_int_equal(store_put(s, body_of(i, "2027-01-10"), NOW), 0);
		if (i % 20 == 19)
			assert_int_equal(store_commit(s), 0);
	}
	struct store_verdict v = verify();
	assert_int_equal(v.broken, 0);
	assert_int_equal(v.last, ROWS);
	assert_in_range(v.rows, 1000, ROWS / 2);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size <= MB);
	/* a day after their time */
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(store_put(s, body_of(i, "2027-04-30"), NOW + 101 * 86400), 0);
		assert_int_equal(store_commit(s), 0);
	}
	store_free(s);
	v = verify();
	assert_int_equal(v.broken, 0);
	assert_int_equal(v.rows, 100);
	assert_int_equal(v.last, ROWS + 100);
	assert_int_equal(count(&(struct store_filter){ .until = "2027-04-01" }), 0);
	assert_int_equal(events(&(struct store_filter){ 0 }), 100 + 10 * 6);
}

/* Rows are lost while the disk is full, which is an error of each; what was there stays whole, and
 * it goes on where there is room again. */
static void test_full_disk(void **state)
{
	(void)state;
	struct rlimit old, tight;
	struct store *s = new_store(64 << 20, 1u << 30);
	fill(s, 0, 200, "2027-01-15");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	unsigned lost = 0;
	for (unsigned i = 0; i < 30; i++) {
		uint64_t pending = store_pending(s);
		int err = store_put(s, body_of(i, "2027-01-15"), NOW);
		if (!err && (pending = store_pending(s)))
			err = store_commit(s);
		else
			pending++;
		lost += err ? (unsigned)pending : 0;
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(lost, 30);
	fill(s, 0, 10, "2027-01-15");
	store_free(s);
	struct store_verdict v = verify();
	assert_int_equal(v.broken, 0);
	assert_int_equal(v.rows, 210);
}

/* A file that is something else is not written, and not read as a store. */
static void test_other_files(void **state)
{
	(void)state;
	const char *why;
	FILE *f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("not a database\n", f);
	fclose(f);
	struct store *s = new_store(1 << 20, 1u << 30);
	assert_int_equal(store_put(s, body_of(1, "2027-01-15"), NOW), -EUCLEAN);
	store_free(s);
	assert_null(store_reader_open(path, &why));
	assert_non_null(why);
	unlink(path);
	change("CREATE TABLE another(x); INSERT INTO another VALUES (1)");
	s = new_store(1 << 20, 1u << 30);
	assert_int_equal(store_put(s, body_of(1, "2027-01-15"), NOW), -EUCLEAN);
	store_free(s);
	assert_null(store_reader_open(path, &why));
	assert_string_equal(why, "it is no store of zoned's records");
	s = store_new(
		&(struct store_conf){ .path = "/nonexistent/records.db", .bytes_max = 1 << 20 });
	assert_int_equal(store_put(s, "{}", NOW), -ENOENT);
	store_free(s);
	store_free(NULL);
	assert_null(store_reader_open("/nonexistent/records.db", &why));
	/* not followed: a link in a directory that others may write could lead anywhere */
	unlink(path);
	assert_int_equal(symlink("/tmp/test-store-elsewhere", path), 0);
	s = new_store(1 << 20, 1u << 30);
	assert_int_equal(store_put(s, "{}", NOW), -ELOOP);
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, fresh_place, remove_place),
		cmocka_unit_test_setup_teardown(test_tampering, fresh_place, remove_place),
		cmocka_unit_test_setup_teardown(test_bounds, fresh_place, remove_place),
		cmocka_unit_test_setup_teardown(test_full_disk, fresh_place, remove_place),
		cmocka_unit_test_setup_teardown(test_other_files, fresh_place, remove_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
