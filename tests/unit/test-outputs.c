/* SPDX-License-Identifier: MIT
 *
 * Outputs: a log daemon that is not there, hangs, goes and comes; what is lost then is counted, by
 * the output that lost it, and reported; the others go on. Outputs that change while records come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include <cmocka.h>

#include "record-sink.h"

enum { WAIT_MS = 8000, DATAGRAM = 16384 };

/* A log daemon. */
struct listener {
	char path[64];
	int fd;
};

static void listen_at(struct listener *l)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	unlink(l->path);
	memcpy(a.sun_path, l->path, strlen(l->path) + 1);
	l->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(l->fd, (struct sockaddr *)&a, sizeof(a)), 0);
}

static void listener_name(struct listener *l)
{
	temp_name(l->path);
	unlink(l->path);
	l->fd = -1;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

/* The next datagram; false: none for so long. */
static bool hear(struct listener *l, char text[DATAGRAM], int ms)
{
	for (;; ms -= 5) {
		ssize_t n = recv(l->fd, text, DATAGRAM - 1, 0);
		text[n < 0 ? 0 : n] = '\0';
		if (n >= 0 || ms <= 0)
			return n >= 0;
		pause_ms(5);
	}
}

/* Of a thread's: only the counts are looked at. */
struct heard {
	atomic_uint n, trouble, again;
	atomic_ulong told_lost;
};

static void on_record_line(void *ctx, int priority, const char *line)
{
	struct heard *h = ctx;
	const char *lost = strstr(line, " is written again; ");
	(void)priority;
	h->n++;
	h->trouble += strstr(line, " takes nothing: ") != NULL;
	h->again += lost != NULL;
	if (lost)
		h->told_lost += strtoul(lost + 19, NULL, 10);
}

static struct record *open_with(const struct output_keys *keys, size_t n, struct heard *h)
{
	memset(h, 0, sizeof(*h));
	struct record *r = record_open(&(struct record_conf){
		.outputs = keys, .n_outputs = n, .sink = on_record_line, .sink_ctx = h });
	assert_non_null(r);
	assert_int_equal(record_start(r), 0);
	return r;
}

static struct output_stats stats_of(struct record *r, size_t i)
{
	struct output_stats s;
	assert_true(record_output_stats(r, i, &s));
	return s;
}

static void wait_for(atomic_uint *n, unsigned least)
{
	for (int ms = 0; ms < WAIT_MS && *n < least; ms += 5)
		pause_ms(5);
	assert_true(*n >= least);
}

/* Nobody listens: what is said waits, another output goes on, and it is reported once. Then
 * somebody does, and gets all of it in order. */
static void test_listener_comes(void **state)
{
	(void)state;
	struct listener l;
	struct heard h;
	char text[DATAGRAM], want[32];
	listener_name(&l);
	const struct output_keys keys[] = {
		{ .type = OUTPUT_CALL },
		{ .type = OUTPUT_SYSLOG, .socket = l.path, .facility = LOG_LOCAL0 }
	};
	struct record *r = open_with(keys, 2, &h);
	for (unsigned i = 0; i < 10; i++) {
		snprintf(want, sizeof(want), "line %u", i);
		record_say(r, LOG_INFO, want);
	}
	wait_for(&h.n, 11);
	assert_int_equal(h.trouble, 1);
	struct output_stats s = stats_of(r, 1);
	assert_int_equal(s.err, ENOENT);
	assert_int_equal(s.lost, 0);
	assert_int_equal(s.written, 0);
	listen_at(&l);
	for (unsigned i = 0; i < 10; i++) {
		snprintf(want, sizeof(want), "]: line %u", i);
		do /* how it went is said at once, so between them */
			assert_true(hear(&l, text, WAIT_MS));
		while (memcmp(text, "<134>", 5) != 0);
		assert_non_null(strstr(text, want));
	}
	wait_for(&h.again, 1);
	assert_true(record_drain(r, WAIT_MS));
	s = stats_of(r, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.lost, 0);
	assert_int_equal(s.written, 12); /* and two that say how it went */
	assert_int_equal(h.told_lost, 0);
	/* gone, and another one at the same place */
	close(l.fd);
	record_say(r, LOG_INFO, "between");
	wait_for(&h.trouble, 2);
	listen_at(&l);
	assert_true(hear(&l, text, WAIT_MS));
	assert_non_null(strstr(text, "written again") ?: strstr(text, "between"));
	record_close(r);
	close(l.fd);
	unlink(l.path);
}

/* More than there is room for: the rest is counted, and the count is what is missing. A full disk
 * beside it has its own. */
static void test_losses_are_counted(void **state)
{
	(void)state;
	enum { LINES = 3000, FILL = 600 };
	struct listener l;
	struct heard h;
	char text[DATAGRAM], line[FILL + 1];
	unsigned heard = 0;
	listener_name(&l);
	memset(line, 'x', FILL);
	line[FILL] = '\0';
	const struct output_keys keys[] = {
		{ .type = OUTPUT_CALL },
		{ .type = OUTPUT_RFC5424, .socket = l.path, .enterprise = 1 },
		{ .type = OUTPUT_CEF, .file = "/dev/full" }
	};
	struct record *r = open_with(keys, 3, &h);
	for (unsigned i = 0; i < LINES; i++) {
		record_say(r, LOG_INFO, line);
		wait_for(&h.n, i + 1); /* the one that reads has them all */
	}
	struct output_stats s = stats_of(r, 1);
	assert_in_range(s.lost, LINES / 10, LINES);
	assert_int_equal(s.lost, s.lost_waiting);
	uint64_t lost = s.lost;
	listen_at(&l);
	for (int ms = WAIT_MS; hear(&l, text, ms); ms = 300)
		heard += strstr(text, " log [timeQuality ") && strstr(text, "xxxx");
	assert_true(record_drain(r, WAIT_MS));
	s = stats_of(r, 1);
	assert_true(s.lost >= lost && s.lost < lost + 5); /* of its own trouble, too */
	assert_in_range(heard + s.lost, LINES, LINES + 5);
	assert_in_range(h.told_lost, lost, s.lost);
	s = stats_of(r, 2);
	assert_int_equal(s.err, ENOSPC);
	assert_int_equal(s.written, 0);
	assert_in_range(s.lost, 1, LINES + 10);
	assert_int_equal(stats_of(r, 0).lost, 0);
	record_close(r);
	close(l.fd);
	unlink(l.path);
}

/* It listens and reads nothing: also reported, and nothing is lost when it goes on. */
static void test_listener_hangs(void **state)
{
	(void)state;
	struct listener l;
	struct heard h;
	char text[DATAGRAM];
	unsigned heard = 0;
	listener_name(&l);
	listen_at(&l);
	const struct output_keys keys[] = { { .type = OUTPUT_CALL },
					    { .type = OUTPUT_JOURNALD, .socket = l.path } };
	struct record *r = open_with(keys, 2, &h);
	for (unsigned i = 0; i < 1000; i++)
		record_say(r, LOG_INFO, "mark");
	wait_for(&h.trouble, 1);
	assert_int_equal(stats_of(r, 1).err, EAGAIN);
	assert_true(h.n >= 1001);
	for (int ms = WAIT_MS; hear(&l, text, ms); ms = 300)
		heard += strstr(text, "MESSAGE=mark\n") != NULL;
	assert_int_equal(heard, 1000);
	assert_int_equal(stats_of(r, 1).lost, 0);
	record_close(r);
	close(l.fd);
	unlink(l.path);
}

/* A stop waits for nobody who is not there. */
static void test_stop_without_listener(void **state)
{
	(void)state;
	struct heard h;
	struct timespec from, to;
	const struct output_keys keys[] = {
		{ .type = OUTPUT_CALL }, { .type = OUTPUT_SYSLOG, .socket = "/nonexistent/log" }
	};
	struct record *r = open_with(keys, 2, &h);
	record_say(r, LOG_INFO, "lost with it");
	wait_for(&h.trouble, 1);
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_true(record_drain(r, WAIT_MS));
	record_close(r);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec < 3);
}

static atomic_bool enough;

static void *say_on(void *r)
{
	while (!enough) {
		record_say(r, LOG_INFO, "mark");
		pause_ms(1);
	}
	return NULL;
}

/* Others while lines come: what stays keeps its counts, what goes gets what was put, and nothing is
 * lost or written to a place that is none any more. */
static void test_change(void **state)
{
	(void)state;
	char path[2][64];
	struct heard h;
	pthread_t thread;
	temp_name(path[0]);
	temp_name(path[1]);
	const struct output_keys keys[] = { { .type = OUTPUT_CALL },
					    { .type = OUTPUT_CEF, .file = path[0] },
					    { .type = OUTPUT_CEF, .file = path[1] } };
	struct record *r = open_with(keys, 2, &h);
	enough = false;
	assert_int_equal(pthread_create(&thread, NULL, say_on, r), 0);
	for (unsigned i = 0; i < 20; i++) {
		struct record_old old;
		const struct output_keys next[] = { keys[1 + i % 2], keys[0] };
		assert_int_equal(record_change(r, next, 2, &old), 0);
		assert_int_equal(old.n, i > 0);
		record_close_outputs(r, &old, WAIT_MS);
		pause_ms(5);
	}
	enough = true;
	pthread_join(thread, NULL);
	assert_true(record_drain(r, WAIT_MS));
	assert_int_equal(stats_of(r, 1).written, h.n); /* it stayed */
	assert_int_equal(stats_of(r, 0).lost + stats_of(r, 1).lost, 0);
	unsigned n = 0;
	for (int i = 0; i < 2; i++) {
		const char *text = slurp(path[i]);
		for (text = strstr(text, "msg=mark\n"); text; text = strstr(text + 1, "msg=mark\n"))
			n++;
		unlink(path[i]);
	}
	assert_int_equal(n, h.n);
	assert_true(n >= 20);
	record_close(r);
}

/* The words of a model, each once. */
static void test_words(void **state)
{
	(void)state;
	for (int t = 0; t < OUTPUT_CALL; t++)
		assert_int_equal(output_type_of(output_type_word((enum output_type)t)), t);
	assert_int_equal(output_type_of("call"), OUTPUT_TYPES);
	assert_int_equal(output_type_of(""), OUTPUT_TYPES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listener_comes), cmocka_unit_test(test_losses_are_counted),
		cmocka_unit_test(test_listener_hangs), cmocka_unit_test(test_stop_without_listener),
		cmocka_unit_test(test_change),	       cmocka_unit_test(test_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
