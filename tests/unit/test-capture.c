/* SPDX-License-Identifier: MIT
 * Captures: why frames give no packet, what is known of those that do, and every truncation. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "packet/capture.h"

enum { FILE_ROOM = 1 << 16, FRAMES = 128, ETHERNET = 1 };

struct file {
	uint8_t b[FILE_ROOM];
	size_t n;
};

static void put_octets(struct file *f, const void *p, size_t n)
{
	assert_true(f->n + n <= sizeof(f->b));
	memcpy(f->b + f->n, p, n);
	f->n += n;
}

static void put_le32(struct file *f, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
			       (uint8_t)(v >> 24) };
	put_octets(f, b, 4);
}

static void pcap_begins(struct file *f, uint32_t link)
{
	f->n = 0;
	put_le32(f, 0xa1b2c3d4);
	put_le32(f, 2 | 4 << 16);
	put_le32(f, 0);
	put_le32(f, 0);
	put_le32(f, 262144);
	put_le32(f, link);
}

static void put_frame(struct file *f, const void *p, size_t n, size_t on_wire)
{
	put_le32(f, 1700000000);
	put_le32(f, 0);
	put_le32(f, (uint32_t)n);
	put_le32(f, (uint32_t)on_wire);
	put_octets(f, p, n);
}

/* The file as something with a name. */
static struct capture *open_octets(const uint8_t *p, size_t n, int *fd)
{
	char path[32], err[CAPTURE_ERROR];
	*fd = memfd_create("capture", MFD_CLOEXEC);
	assert_true(*fd >= 0);
	assert_int_equal(write(*fd, p, n), n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	return capture_open(path, err, sizeof(err));
}

#define MACS "\2\0\0\0\0\1\2\0\0\0\0\2"
#define UDP4 \
	"\x45\0\0\x1c\0\1\0\0\x40\x11\0\0\x0a\1\0\5\x0a\2\0\x09" \
	"\x4e\x20\x4e\x20\0\x08\0\0"
#define FRAGMENT4(id, flags, octets) \
	"\x45\0\0\x1c\0" id flags "\x40\x11\0\0\x0a\1\0\5\x0a\2\0\x09" octets

/* A frame, what is said of it, and of its number. */
static const struct one {
	const char *p;
	size_t n, cut;
	enum capture_unread why;
	const char *kind;
} frames[] = {
#define F(bytes, cut, why, kind) \
	{ \
		bytes, sizeof(bytes) - 1, cut, why, kind \
	}
	F(MACS "\x08\0" UDP4, 0, CAPTURE_READ, NULL),
	F(MACS "\x08\x06" UDP4, 0, CAPTURE_NOT_IP, "EtherType 0x0806 (ARP)"),
	F(MACS "\x88\xb8" UDP4, 0, CAPTURE_NOT_IP, "EtherType 0x88b8 (GOOSE)"),
	F(MACS "\x88\xe5" UDP4, 0, CAPTURE_ENCAPSULATION, "EtherType 0x88e5"),
	F(MACS "\0\x26\x42\x42\3" UDP4, 0, CAPTURE_NOT_IP, "LLC SAP 66 (spanning tree)"),
	F(MACS "\x88\x64\x11\0\0\1\0\x1e\0\xfd" UDP4, 0, CAPTURE_ENCAPSULATION,
	  "PPP protocol 0x00fd"),
	F(MACS "\x08\0" UDP4, 4, CAPTURE_READ, NULL), /* padding was cut */
	F(MACS "\x08\0\x45\0\0\x20\0\1\0\0\x40\x11\0\0\x0a\1\0\5\x0a\2\0\x09\x4e\x20", 14,
	  CAPTURE_CUT, NULL),
	F(MACS "\x08\0\x45\0", 40, CAPTURE_CUT, NULL),
	F(MACS "\x08\0\x45\0", 0, CAPTURE_MALFORMED, NULL),
	F(MACS "\x08\0\x45\0\0\x20\0\1\0\0\x40\x11\0\0\x0a\1\0\5\x0a\2\0\x09\x4e\x20", 0,
	  CAPTURE_MALFORMED, NULL),
	F(MACS "\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1"
	       "\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1\x81\0\0\1"
	       "\x81\0\0\1\x81\0\0\1\x08\0" UDP4,
	  0, CAPTURE_LAYERS_MAX, NULL),
	F(MACS "\x08\0\x45\0\0\x18\0\1\0\0\x40\x2f\0\0\x0a\1\0\5\x0a\2\0\x09\x40\0\x08\0", 0,
	  CAPTURE_ENCAPSULATION, "IP protocol 47"),
	/* a datagram to VXLAN's port that is no tunnel */
	F(MACS
	  "\x08\0\x45\0\0\x24\0\1\0\0\x40\x11\0\0\x0a\1\0\5\x0a\2\0\x09\x4e\x20\x12\xb5\0\x10\0\0"
	  "\0\0\0\0\0\0\1\0",
	  0, CAPTURE_READ, NULL),
	/* fragments: two that overlap, one that waits, one that fits nowhere */
	F(MACS "\x08\0" FRAGMENT4("\1", "\x20\0", "abcdefgh"), 0, CAPTURE_FRAGMENT_KEPT, NULL),
	F(MACS "\x08\0" FRAGMENT4("\1", "\x20\0", "ABCDEFGH"), 0, CAPTURE_COPY, NULL),
	F(MACS "\x08\0\x45\0\0\x24\0\1\x20\0\x40\x11\0\0\x0a\1\0\5\x0a\2\0\x09"
	       "abcdefghijklmnop",
	  0, CAPTURE_FRAGMENT_OVERLAP, NULL),
	F(MACS "\x08\0" FRAGMENT4("\2", "\x20\0", "abcdefgh"), 0, CAPTURE_FRAGMENT_KEPT, NULL),
	F(MACS "\x08\0\x45\0\0\x1c\0\3\x20\0\x40\x11\x12\x34\x0a\1\0\5\x0a\2\0\x09"
	       "abcdefgh",
	  0, CAPTURE_FRAGMENT_BAD, NULL),
#undef F
};

enum { ALL = sizeof(frames) / sizeof(frames[0]) };

static void test_why(void **state)
{
	(void)state;
	static struct file file;
	int fd;
	pcap_begins(&file, ETHERNET);
	for (size_t i = 0; i < ALL; i++)
		put_frame(&file, frames[i].p, frames[i].n, frames[i].n + frames[i].cut);
	struct capture *c = open_octets(file.b, file.n, &fd);
	assert_non_null(c);
	struct frame f;
	struct capture_counts k;
	char text[CAPTURE_KIND_TEXT];
	unsigned kinds = 0;
	for (size_t i = 0; i < ALL; i++) {
		assert_int_equal(capture_next(c, &f), 1);
		assert_int_equal(f.number, i + 1);
		if (f.why != frames[i].why)
			fail_msg("frame %zu: %s", i + 1, capture_unread_name(f.why));
		capture_counts(c, &k);
		bool found = !frames[i].kind;
		for (unsigned j = 0; j < k.n_kinds; j++)
			found |= strcmp(capture_kind_text(&k.kinds[j], text),
					frames[i].kind ? frames[i].kind : "") == 0;
		if (!found)
			fail_msg("frame %zu: %s is not counted", i + 1, frames[i].kind);
		kinds += frames[i].kind != NULL;
	}
	assert_int_equal(capture_next(c, &f), 0);
	capture_counts(c, &k);
	assert_int_equal(k.n_kinds, kinds);
	assert_int_equal(k.frames, ALL);
	assert_int_equal(k.packets, 3);
	assert_int_equal(k.unread[CAPTURE_FRAGMENT_INCOMPLETE].frames, 1);
	assert_int_equal(k.unread[CAPTURE_FRAGMENT_OVERLAP].frames, 2); /* with the kept one */
	assert_int_equal(k.unread[CAPTURE_CUT].frames, 2);
	capture_close(c);
	close(fd);
}

/* Addresses and tags are the innermost frame's. */
static void test_facts(void **state)
{
	(void)state;
	static const uint8_t tagged[] = MACS "\x88\xa8\x00\x05\x81\0\x20\x07\x08\0" UDP4;
	static const uint8_t outer[] = "\4\0\0\0\0\1\4\0\0\0\0\2\x81\0\0\x63\x08\0\x45\0\0\x4a\0\1"
				       "\0\0\x40\x2f\0\0\x0a\1\0\5\x0a\2\0\x09\0\0\x65\x58";
	static struct file file;
	uint8_t both[128];
	int fd;
	memcpy(both, outer, sizeof(outer) - 1);
	memcpy(both + sizeof(outer) - 1, tagged, sizeof(tagged) - 1);
	pcap_begins(&file, ETHERNET);
	put_frame(&file, both, sizeof(outer) + sizeof(tagged) - 2,
		  sizeof(outer) + sizeof(tagged) - 2);
	struct capture *c = open_octets(file.b, file.n, &fd);
	struct frame f;
	assert_non_null(c);
	assert_int_equal(capture_next(c, &f), 1);
	assert_int_equal(f.why, CAPTURE_READ);
	assert_int_equal(f.n_vlans, 2);
	assert_int_equal(f.vlan[0], 5);
	assert_int_equal(f.vlan[1], 7);
	assert_memory_equal(f.dst_mac, MACS, 6);
	assert_memory_equal(f.src_mac, &MACS[6], 6);
	assert_int_equal(f.len, sizeof(UDP4) - 1);
	assert_int_equal(f.time_ns / 1000000000u, 1700000000);
	capture_close(c);
	close(fd);
}

static void test_filter(void **state)
{
	(void)state;
	static struct file file;
	char err[CAPTURE_ERROR];
	int fd;
	pcap_begins(&file, ETHERNET);
	for (size_t i = 0; i < 3; i++)
		put_frame(&file, frames[i].p, frames[i].n, frames[i].n);
	struct capture *c = open_octets(file.b, file.n, &fd);
	struct frame f;
	assert_non_null(c);
	assert_false(capture_filter(c, "udp port and", err, sizeof(err)));
	assert_true(strlen(err) > 0);
	assert_true(capture_filter(c, "arp", err, sizeof(err)));
	static const enum capture_unread want[] = { CAPTURE_FILTERED, CAPTURE_NOT_IP,
						    CAPTURE_FILTERED };
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(capture_next(c, &f), 1);
		assert_int_equal(f.why, want[i]);
	}
	capture_close(c);
	close(fd);
}

/* A send of more than a packet's length field can say: as segments, which join without a gap. */
static void test_large_send(void **state)
{
	(void)state;
	enum { OCTETS = 60000, HEADERS = 40 };
	static struct file file;
	static uint8_t p[14 + HEADERS + OCTETS];
	static const uint8_t head[] =
		MACS "\x08\0\x45\0\0\0\0\1\0\0\x40\6\0\0\x0a\1\0\5\x0a\2\0\x09"
		     "\x9c\x40\1\xf6\0\0\3\xe8\0\0\x13\x88\x50\x19\x20\0\0\0\0";
	int fd;
	memcpy(p, head, sizeof(head) - 1);
	for (size_t i = 0; i < OCTETS; i++)
		p[14 + HEADERS + i] = (uint8_t)(i * 7 >> 3);
	pcap_begins(&file, ETHERNET);
	put_frame(&file, p, sizeof(p), sizeof(p));
	struct capture *c = open_octets(file.b, file.n, &fd);
	struct frame f;
	size_t done = 0;
	assert_non_null(c);
	while (capture_next(c, &f) == 1) {
		assert_int_equal(f.number, 1);
		assert_int_equal(f.len, (size_t)f.ip[2] << 8 | f.ip[3]);
		assert_int_equal((uint32_t)f.ip[24] << 24 | (uint32_t)f.ip[25] << 16 |
					 (uint32_t)f.ip[26] << 8 | f.ip[27],
				 1000 + done);
		assert_memory_equal(f.ip + HEADERS, p + 14 + HEADERS + done, f.len - HEADERS);
		done += f.len - HEADERS;
		assert_int_equal(f.ip[33] & 1, done == OCTETS); /* FIN with the last one */
	}
	assert_int_equal(done, OCTETS);
	capture_close(c);
	close(fd);
}

/* A sum of each packet, in order; how many. */
static size_t sums_of(const uint8_t *p, size_t n, uint64_t *sums)
{
	int fd;
	struct frame f;
	size_t count = 0;
	struct capture *c = open_octets(p, n, &fd);
	while (c && count < FRAMES && capture_next(c, &f) == 1) {
		uint64_t sum = (uint64_t)f.number << 32 | f.why;
		for (size_t i = 0; f.ip && i < f.len; i++)
			sum = (sum ^ f.ip[i]) * 0x100000001b3u;
		sums[count++] = sum;
	}
	capture_close(c);
	close(fd);
	return count;
}

/* Of a file that ends early, each frame before that is what it is in the whole one. */
static void check_truncations(const char *path)
{
	static uint8_t all[FILE_ROOM];
	uint64_t whole[FRAMES], part[FRAMES];
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	size_t n = fread(all, 1, sizeof(all), in);
	fclose(in);
	size_t frames_of_all = sums_of(all, n, whole), before = 0;
	for (size_t i = 0; i < n; i++) {
		size_t count = sums_of(all, i, part);
		assert_true(count >= before && count <= frames_of_all);
		assert_memory_equal(part, whole, count * sizeof(part[0]));
		before = count;
	}
	assert_true(frames_of_all > 0);
}

static void test_truncations(void **state)
{
	(void)state;
	char folder[3000], path[4000];
	const char *top = getenv("top_srcdir");
	snprintf(folder, sizeof(folder), "%s/tests/fuzz/seeds-capture", top ? top : ".");
	DIR *d = opendir(folder);
	unsigned files = 0;
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		/* crashes that were found need not be captures */
		if (e->d_name[0] == '.' || strncmp(e->d_name, "crash", 5) == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		check_truncations(path);
		files++;
	}
	closedir(d);
	assert_true(files > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_why),	    cmocka_unit_test(test_facts),
		cmocka_unit_test(test_filter),	    cmocka_unit_test(test_large_send),
		cmocka_unit_test(test_truncations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
