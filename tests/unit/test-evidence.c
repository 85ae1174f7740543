/* SPDX-License-Identifier: MIT
 *
 * Evidence: the ring that is overtaken, which packets are of a connection, the bounds of the
 * directory, and files that our own reader reads, with comments as they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/directory.h"
#include "evidence/evidence.h"
#include "evidence/job.h"
#include "packet/capture.h"
#include "packet/pcapng-write.h"

enum { MEMORY = 64 << 10, SNAP = 256, IP4 = 40, PACKETS = 200000 };

/* A TCP segment of 40 octets and a number behind it. */
static uint32_t make_packet(uint8_t p[SNAP], unsigned from, unsigned to, uint32_t number)
{
	const uint8_t head[IP4] = { 0x45,
				    0,
				    0,
				    44,
				    0,
				    0,
				    0,
				    0,
				    64,
				    6,
				    0,
				    0,
				    10,
				    1,
				    0,
				    1,
				    10,
				    2,
				    0,
				    2,
				    (uint8_t)(from >> 8),
				    (uint8_t)from,
				    (uint8_t)(to >> 8),
				    (uint8_t)to };
	memcpy(p, head, sizeof(head));
	memcpy(p + IP4, &number, sizeof(number));
	return IP4 + sizeof(number);
}

static void make_answer(uint8_t p[SNAP], unsigned from, unsigned to, uint32_t number)
{
	uint8_t src[4];
	make_packet(p, from, to, number);
	memcpy(src, p + 12, 4);
	memcpy(p + 12, p + 16, 4);
	memcpy(p + 16, src, 4);
}

static uint32_t number_of(const uint8_t *p)
{
	uint32_t n;
	memcpy(&n, p + IP4, sizeof(n));
	return n;
}

static uint64_t copy(struct evidence_ring *r, const uint8_t *p, uint32_t len)
{
	return evidence_copy(
		r, &(struct evidence_packet){ .time_ns = len, .in = 7, .len = len, .whole = len },
		p);
}

/* ---- the ring ---- */

static void test_ring_keeps_the_last(void **state)
{
	(void)state;
	uint8_t p[SNAP], got[SNAP];
	const struct evidence_octets room = { got, sizeof(got) };
	struct evidence_ring *r = evidence_ring_new(MEMORY, SNAP);
	struct evidence_packet k;
	uint64_t at = 0, last = 0;
	assert_non_null(r);
	assert_int_equal(evidence_ring_next(r, &at, &k, &room), 0);
	for (uint32_t i = 0; i < 5000; i++)
		last = copy(r, p, make_packet(p, 1000 + i % 100, 502, i) + i % 150);
	uint32_t n = 0, first = 0, place_ok = 0;
	uint64_t place;
	while ((place = evidence_ring_next(r, &at, &k, &room))) {
		uint32_t number = number_of(got);
		if (n == 0)
			first = number;
		assert_int_equal(number, first + n);
		assert_int_equal(k.len, IP4 + 4 + number % 150);
		assert_int_equal(k.in, 7);
		n++;
		place_ok = place == last;
	}
	assert_true(place_ok);
	assert_int_equal(first + n, 5000); /* to the last one, */
	assert_in_range(n, 300, 800);	   /* and as many as there is room for */
	evidence_ring_free(r);
}

static void test_snap_and_small_ring(void **state)
{
	(void)state;
	uint8_t p[SNAP * 2] = { 0x45 }, got[SNAP * 2];
	const struct evidence_octets room = { got, sizeof(got) };
	struct evidence_packet k;
	assert_null(evidence_ring_new(100, SNAP));
	struct evidence_ring *r = evidence_ring_new(MEMORY, SNAP);
	uint64_t at = 0;
	copy(r, p, sizeof(p));
	copy(r, p, 0);
	assert_true(evidence_ring_next(r, &at, &k, &room) > 0);
	assert_int_equal(k.len, SNAP);
	assert_int_equal(k.whole, SNAP * 2);
	assert_true(evidence_ring_next(r, &at, &k, &room) > 0);
	assert_int_equal(k.len, 0);
	evidence_ring_free(r);
}

static void *write_packets(void *ctx)
{
	static uint8_t p[EVIDENCE_SNAP_MAX];
	for (uint32_t i = 0; i < PACKETS; i++) {
		uint32_t len = make_packet(p, 1000, 502, i);
		memset(p + len, (int)(i & 0xff), sizeof(p) - len);
		copy(ctx, p, sizeof(p) - i % 64);
	}
	return NULL;
}

static bool is_whole(const uint8_t *p, uint32_t len)
{
	uint8_t want = number_of(p) & 0xff;
	for (uint32_t i = IP4 + 4; i < len; i++)
		if (p[i] != want)
			return false;
	return true;
}

/* A reader that is overtaken never has a packet that is half another one: six of them fill the
 * ring, so that nearly each copy is overtaken. */
static void test_overtaken(void **state)
{
	(void)state;
	static uint8_t got[EVIDENCE_SNAP_MAX];
	const struct evidence_octets room = { got, sizeof(got) };
	struct evidence_ring *r = evidence_ring_new(MEMORY, EVIDENCE_SNAP_MAX);
	struct evidence_packet k;
	pthread_t t;
	uint64_t at = 0;
	uint32_t n = 0, last = 0;
	assert_int_equal(pthread_create(&t, NULL, write_packets, r), 0);
	while (n == 0 || last != PACKETS - 1) {
		if (!evidence_ring_next(r, &at, &k, &room))
			continue;
		uint32_t number = number_of(got);
		assert_true(n == 0 || number > last);
		assert_int_equal(k.len, sizeof(got) - number % 64);
		assert_true(is_whole(got, k.len));
		last = number;
		n++;
	}
	pthread_join(t, NULL);
	evidence_ring_free(r);
}

/* ---- packets of a connection ---- */

static void test_flows(void **state)
{
	(void)state;
	uint8_t p[SNAP];
	struct evidence_flow a, b;
	uint32_t whole;
	make_packet(p, 1000, 502, 0);
	assert_true(evidence_flow_of(p, 44, &a, &whole));
	assert_int_equal(whole, 44);
	make_answer(p, 502, 1000, 0);
	assert_true(evidence_flow_of(p, 44, &b, &whole));
	assert_true(evidence_flow_same(&a, &b));
	make_answer(p, 502, 1001, 0);
	assert_true(evidence_flow_of(p, 44, &b, &whole));
	assert_false(evidence_flow_same(&a, &b));
	make_packet(p, 502, 1000, 0); /* the same numbers the other way round */
	assert_true(evidence_flow_of(p, 44, &b, &whole));
	assert_false(evidence_flow_same(&a, &b));
	p[7] = 1; /* a later fragment has no ports */
	assert_true(evidence_flow_of(p, 44, &b, &whole));
	assert_false(b.ports);
	assert_true(evidence_flow_same(&a, &b));
	for (size_t n = 0; n < 20; n++) /* every truncation */
		assert_false(evidence_flow_of(p, n, &b, &whole));
	uint8_t six[44] = { 0x60, 0, 0, 0, 0, 4, 6, 64, 0xfd, [41] = 9, [43] = 10 };
	for (size_t n = 0; n < 40; n++)
		assert_false(evidence_flow_of(six, n, &b, &whole));
	assert_true(evidence_flow_of(six, 44, &b, &whole));
	assert_true(b.ports && b.sport == 9 && b.dport == 10 && whole == 44);
	p[0] = 0x42; /* a header shorter than a header */
	assert_false(evidence_flow_of(p, 44, &b, &whole));
}

/* ---- files ---- */

static struct capture *read_file(const uint8_t *p, size_t n)
{
	char path[32], err[CAPTURE_ERROR];
	int fd = memfd_create("evidence", MFD_CLOEXEC);
	assert_int_equal(write(fd, p, n), n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct capture *c = capture_open(path, err, sizeof(err));
	close(fd);
	return c;
}

static bool has_text(const uint8_t *p, size_t n, const char *text)
{
	return memmem(p, n, text, strlen(text)) != NULL;
}

/* With any room: a file that can be read as far as it goes, or no more than its beginning. */
static void test_file_of_any_room(void **state)
{
	(void)state;
	static const char comment[] = "say \"no\" to 40\xc2\xb0 \xe2\x80\x94 \\x22";
	uint8_t buf[1024], p[SNAP];
	uint32_t len = make_packet(p, 1000, 502, 1);
	for (size_t room = 0; room <= sizeof(buf); room++) {
		struct pcapng_file f = { .p = buf, .room = room };
		memset(buf, 0xee, sizeof(buf));
		pcapng_put_section(&f, "zoned", comment);
		pcapng_put_interface(&f, "eth1", SNAP);
		pcapng_put_packet(&f,
				  &(struct pcapng_packet){ .time_ns = UINT64_C(1795827600123456789),
							   .data = p,
							   .len = len,
							   .wire_len = 60,
							   .comment = comment });
		assert_true(f.len <= room);
		if (room < sizeof(buf))
			assert_int_equal(buf[room], 0xee);
		if (f.len < 200)
			continue; /* not all blocks fit */
		struct capture *c = read_file(buf, f.len);
		struct frame k;
		assert_non_null(c);
		int got = capture_next(c, &k);
		assert_int_equal(got, f.cut ? 0 : 1);
		if (got == 1) {
			assert_int_equal(k.time_ns, UINT64_C(1795827600123456789));
			assert_int_equal(k.raw_len, len);
			assert_int_equal(k.raw_wire_len, 60);
			assert_memory_equal(k.raw, p, len);
			assert_int_equal(capture_next(c, &k), 0);
			assert_true(has_text(buf, f.len, comment));
		}
		capture_close(c);
	}
}

/* A comment that is too long ends between two characters. */
static void test_long_comment(void **state)
{
	(void)state;
	static uint8_t buf[200000];
	static char text[PCAPNG_COMMENT_MAX + 100];
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i + 1, "\xc3\xa9", 2);
	text[0] = 'x';
	struct pcapng_file f = { .p = buf, .room = sizeof(buf) };
	pcapng_put_section(&f, NULL, text);
	assert_false(f.cut);
	size_t n = buf[26] | (size_t)buf[27] << 8; /* the option's length */
	assert_int_equal(n % 2, 1);
	assert_in_range(n, PCAPNG_COMMENT_MAX - 4, PCAPNG_COMMENT_MAX);
}

/* ---- the directory ---- */

struct place {
	char path[64];
};

static void make_place(struct place *w)
{
	snprintf(w->path, sizeof(w->path), "/tmp/zoned-evidence.XXXXXX");
	assert_non_null(mkdtemp(w->path));
}

static void in_place(const struct place *w, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", w->path, name);
}

static void put_empty(const struct place *w, const char *name)
{
	char path[128];
	in_place(w, name, path);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static bool is_there(const struct place *w, const char *name)
{
	char path[128];
	struct stat st;
	in_place(w, name, path);
	return lstat(path, &st) == 0;
}

static void test_names(void **state)
{
	(void)state;
	assert_true(evidence_name_ok("69290112c3f4-17"));
	assert_false(evidence_name_ok("69290112c3f4-"));
	assert_false(evidence_name_ok("69290112c3f4-1/"));
	assert_false(evidence_name_ok("../69290112c3f4-1"));
	assert_false(evidence_name_ok("69290112c3f-17"));
	assert_false(evidence_name_ok("69290112C3F4-17"));
	assert_false(evidence_name_ok("69290112c3f4-123456789012345678901"));
	assert_false(evidence_name_ok(""));
}

static void test_directory_bounds(void **state)
{
	(void)state;
	struct place w;
	static uint8_t octets[1000];
	char id[32], name[64];
	make_place(&w);
	struct evidence_directory d = { .path = w.path, .bytes_max = 5500, .seconds_max = 1000 };
	put_empty(&w, "notes.txt");
	put_empty(&w, "69290112c3f4-1.pcapng.old");
	put_empty(&w, "69290112c3f4-9.pcapng.part"); /* of one that ended */
	assert_true(evidence_directory_open(&d));
	assert_int_equal(evidence_directory_look(&d, time(NULL)), 0);
	assert_int_equal(d.n, 0);
	assert_false(is_there(&w, "69290112c3f4-9.pcapng.part"));
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "69290112c3f4-%d", i);
		assert_int_equal(evidence_directory_put(&d, id, octets, sizeof(octets)), 0);
		assert_in_range(d.bytes, 1000, 5500);
	}
	assert_int_equal(d.n, 5);
	assert_int_equal(d.removed, 15);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "69290112c3f4-%d.pcapng", i);
		assert_int_equal(is_there(&w, name), i >= 15);
	}
	/* a restart reads what is there */
	struct evidence_directory again = { .path = w.path,
					    .bytes_max = 2500,
					    .seconds_max = 1000 };
	assert_true(evidence_directory_open(&again));
	assert_int_equal(evidence_directory_look(&again, time(NULL)), 0);
	assert_int_equal(again.n, 2);
	assert_int_equal(again.bytes, 2000);
	/* too large for the whole of it */
	assert_int_equal(evidence_directory_put(&again, "69290112c3f4-99", octets, 1000), 0);
	static uint8_t large[3000];
	assert_int_equal(evidence_directory_put(&again, "69290112c3f4-98", large, 3000), -EFBIG);
	/* too old, and only what is ours */
	assert_int_equal(evidence_directory_look(&again, time(NULL) + 2000), 0);
	assert_int_equal(again.n, 0);
	assert_true(is_there(&w, "notes.txt"));
	assert_true(is_there(&w, "69290112c3f4-1.pcapng.old"));
	evidence_directory_close(&again);
	evidence_directory_close(&d);
	char path[128];
	in_place(&w, "notes.txt", path);
	unlink(path);
	in_place(&w, "69290112c3f4-1.pcapng.old", path);
	unlink(path);
	assert_int_equal(rmdir(w.path), 0); /* nothing of ours is left */
}

static void date_file(const struct place *w, const char *name, int64_t time_s)
{
	char path[128];
	const struct timespec t[2] = { { .tv_sec = time_s }, { .tv_sec = time_s } };
	in_place(w, name, path);
	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

/* Files of the future are older than what comes, now and after a restart; they end by their age. */
static void test_clock_set_back(void **state)
{
	(void)state;
	struct place w;
	static uint8_t octets[1000];
	char id[32], name[64];
	const int64_t now = time(NULL);
	make_place(&w);
	struct evidence_directory d = { .path = w.path, .bytes_max = 5500, .seconds_max = 1000 };
	assert_true(evidence_directory_open(&d));
	for (int i = 0; i < 9; i++) {
		snprintf(id, sizeof(id), "69290112c3f4-%d", i);
		assert_int_equal(evidence_directory_put(&d, id, octets, sizeof(octets)), 0);
		snprintf(name, sizeof(name), "%s.pcapng", id);
		if (i < 5)
			date_file(&w, name, now + 3600);
		if (i == 4 || i == 6)
			assert_int_equal(evidence_directory_look(&d, now), 0);
	}
	assert_int_equal(d.n, 5);
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "69290112c3f4-%d.pcapng", i);
		assert_int_equal(is_there(&w, name), i >= 4);
	}
	assert_int_equal(evidence_directory_look(&d, now + 1001 - EVIDENCE_LOOK_S), 0);
	assert_false(is_there(&w, "69290112c3f4-4.pcapng"));
	assert_int_equal(d.n, 4);
	assert_int_equal(evidence_directory_look(&d, now + 5000), 0);
	evidence_directory_close(&d);
	assert_int_equal(rmdir(w.path), 0);
}

/* What cannot be removed has no effect on the others, and is counted where it is a file. */
static void test_what_stays(void **state)
{
	(void)state;
	struct place w;
	static uint8_t octets[1000];
	char id[32], path[128];
	make_place(&w);
	struct evidence_directory d = { .path = w.path, .bytes_max = 3500, .seconds_max = 1000 };
	assert_true(evidence_directory_open(&d));
	in_place(&w, "69290112c3f4-99.pcapng.part", path);
	assert_int_equal(mkdir(path, 0700), 0);
	for (int i = 0; i < 3; i++) {
		snprintf(id, sizeof(id), "69290112c3f4-%d", i);
		assert_int_equal(evidence_directory_put(&d, id, octets, sizeof(octets)), 0);
	}
	assert_int_equal(evidence_directory_look(&d, time(NULL)), -EISDIR);
	assert_int_equal(d.n, 3);
	assert_int_equal(rmdir(path), 0);
	/* a name that became a folder cannot be unlinked either */
	in_place(&w, "69290112c3f4-0.pcapng", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(evidence_directory_put(&d, "69290112c3f4-3", octets, 1000), 0);
	assert_false(is_there(&w, "69290112c3f4-1.pcapng"));
	assert_true(is_there(&w, "69290112c3f4-3.pcapng"));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(evidence_directory_look(&d, time(NULL) + 2000), 0);
	evidence_directory_close(&d);
	assert_int_equal(rmdir(w.path), 0);
}

/* Links in the place of the directory or of a file lead nowhere. */
static void test_no_link_is_followed(void **state)
{
	(void)state;
	struct place w, other;
	char link[128], file[128], target[128];
	make_place(&w);
	make_place(&other);
	in_place(&other, "to", link);
	assert_int_equal(symlink(w.path, link), 0);
	struct evidence_directory d = { .path = link, .bytes_max = 5000, .seconds_max = 1000 };
	assert_true(evidence_directory_open(&d));
	assert_true(evidence_directory_put(&d, "69290112c3f4-1", "x", 1) < 0);
	d.path = w.path;
	in_place(&other, "target", target);
	in_place(&w, "69290112c3f4-1.pcapng.part", file);
	assert_int_equal(symlink(target, file), 0);
	assert_int_equal(evidence_directory_put(&d, "69290112c3f4-1", "x", 1), 0);
	assert_false(is_there(&other, "target"));
	in_place(&w, "69290112c3f4-2.pcapng", file);
	assert_int_equal(symlink(target, file), 0);
	assert_int_equal(evidence_directory_put(&d, "69290112c3f4-2", "x", 1), -EEXIST);
	assert_false(is_there(&other, "target"));
	unlink(file);
	struct stat st;
	in_place(&w, "69290112c3f4-1.pcapng", file);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	unlink(file);
	unlink(link);
	assert_int_equal(rmdir(w.path), 0);
	assert_int_equal(rmdir(other.path), 0);
	assert_int_equal(evidence_directory_put(&d, "69290112c3f4-3", "x", 1), -ENOENT);
	evidence_directory_close(&d);
}

/* ---- all of it ---- */

static atomic_uint said;

static void on_say(void *ctx, bool trouble, const char *text)
{
	(void)ctx;
	(void)text;
	said += trouble;
}

static struct evidence *start_evidence(const char *path, uint32_t before, uint32_t after)
{
	struct evidence *e = evidence_open(&(struct evidence_conf){ .directory = path,
								    .bytes_max = 1 << 20,
								    .seconds_max = 1000,
								    .before = before,
								    .after = after,
								    .snap = SNAP,
								    .memory = MEMORY,
								    .rings = 2,
								    .application = "test",
								    .say = on_say });
	assert_non_null(e);
	return e;
}

static void ask(struct evidence *e, uint64_t place, const char *id)
{
	static const struct evidence_flow flow = { .src = { 4, { 10, 1, 0, 1 } },
						   .dst = { 4, { 10, 2, 0, 2 } },
						   .l4 = 6,
						   .ports = true,
						   .sport = 1000,
						   .dport = 502 };
	evidence_ask(
		e,
		&(struct evidence_order){
			.ring = 1, .place = place, .flow = flow, .id = id, .line = "it's \"it\"" },
		UINT64_C(1) << 62);
}

/* Numbers of the packets in a file, as one text. */
static void numbers_in(const struct place *w, const char *name, char out[256])
{
	char path[128], err[CAPTURE_ERROR];
	struct frame k;
	size_t n = 0;
	in_place(w, name, path);
	struct capture *c = capture_open(path, err, sizeof(err));
	assert_non_null(c);
	out[0] = '\0';
	while (capture_next(c, &k) == 1)
		n += (size_t)snprintf(out + n, 256 - n, "%u ", number_of(k.raw));
	capture_close(c);
	unlink(path);
}

static void test_packets_around(void **state)
{
	(void)state;
	struct place w;
	uint8_t p[SNAP];
	char got[256];
	uint64_t event = 0;
	make_place(&w);
	struct evidence *e = start_evidence(w.path, 3, 2);
	struct evidence_ring *r = evidence_ring_of(e, 1);
	for (uint32_t i = 0; i < 20; i++) { /* two connections take turns */
		uint64_t at = copy(r, p, make_packet(p, 1000 + i % 2, 502, i));
		event = i == 10 ? at : event;
	}
	ask(e, event, "69290112c3f4-1");
	ask(e, 0, "69290112c3f4-2");	      /* no packet: what was last */
	ask(e, event + 16, "69290112c3f4-3"); /* one that there is not */
	assert_int_equal(evidence_start(e), 0);
	assert_true(evidence_stop(e, 5000));
	numbers_in(&w, "69290112c3f4-1.pcapng", got);
	assert_string_equal(got, "4 6 8 10 12 14 ");
	numbers_in(&w, "69290112c3f4-2.pcapng", got);
	assert_string_equal(got, "14 16 18 ");
	numbers_in(&w, "69290112c3f4-3.pcapng", got);
	assert_string_equal(got, "6 8 10 12 14 ");
	struct evidence_stats s;
	evidence_stats(e, &s);
	assert_int_equal(s.written, 3);
	evidence_close(e);
	assert_int_equal(rmdir(w.path), 0);
}

/* More than RATE: counted, and the directory has no more than it should. */
static void test_flood(void **state)
{
	(void)state;
	struct place w;
	uint8_t p[SNAP];
	char id[32];
	make_place(&w);
	struct evidence *e = start_evidence(w.path, 1, 1);
	uint64_t at = copy(evidence_ring_of(e, 1), p, make_packet(p, 1000, 502, 5));
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "69290112c3f4-%d", i);
		ask(e, at, id);
	}
	assert_int_equal(evidence_start(e), 0);
	assert_true(evidence_stop(e, 5000));
	struct evidence_stats s;
	evidence_stats(e, &s);
	assert_int_equal(s.written, EVIDENCE_BURST);
	assert_int_equal(s.files, EVIDENCE_BURST);
	assert_int_equal(s.lost[EVIDENCE_TOO_MANY], 1000 - EVIDENCE_BURST);
	for (int i = 0; i < EVIDENCE_BURST; i++) {
		char name[64], path[128];
		snprintf(name, sizeof(name), "69290112c3f4-%d.pcapng", i);
		in_place(&w, name, path);
		assert_int_equal(unlink(path), 0);
	}
	evidence_close(e);
	assert_int_equal(rmdir(w.path), 0);
}

/* No directory: every loss is counted by its cause, and reported once. */
static void test_no_directory(void **state)
{
	(void)state;
	uint8_t p[SNAP];
	said = 0;
	struct evidence *e = start_evidence("/tmp/zoned-evidence/is/not/there", 1, 0);
	uint64_t at = copy(evidence_ring_of(e, 1), p, make_packet(p, 1000, 502, 5));
	ask(e, at, "69290112c3f4-1");
	ask(e, at, "69290112c3f4-2");
	assert_int_equal(evidence_start(e), 0);
	assert_true(evidence_stop(e, 5000));
	struct evidence_stats s;
	evidence_stats(e, &s);
	assert_int_equal(s.lost[EVIDENCE_NO_DIRECTORY], 2);
	assert_int_equal(s.written, 0);
	assert_int_equal(said, 1);
	evidence_close(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_keeps_the_last),
		cmocka_unit_test(test_snap_and_small_ring),
		cmocka_unit_test(test_overtaken),
		cmocka_unit_test(test_flows),
		cmocka_unit_test(test_file_of_any_room),
		cmocka_unit_test(test_long_comment),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_directory_bounds),
		cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_what_stays),
		cmocka_unit_test(test_no_link_is_followed),
		cmocka_unit_test(test_packets_around),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_no_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
