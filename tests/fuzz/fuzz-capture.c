/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: captures (capture.h). The input is the file. Held: frames are numbered without a
 * gap and lie inside what was captured; a packet is there exactly where no reason says why not,
 * and is whole unless it is said to be cut; the counts are those of the frames, and each frame is
 * either read or has one reason; a second reading gives the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "packet/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { FRAMES_MAX = 20000 };

struct tally {
	uint64_t sum, frames, packets;
	bool damaged;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void add_octets(struct tally *t, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		t->sum = (t->sum ^ p[i]) * 0x100000001b3u;
}

static void check_frame(struct tally *t, const struct frame *f)
{
	must(f->why < CAPTURE_UNREAD_N && f->raw_len <= f->raw_wire_len);
	must(f->n_vlans <= CAPTURE_VLANS);
	must((f->ip != NULL) == (f->why == CAPTURE_READ || f->why == CAPTURE_CUT) ||
	     (!f->ip && f->why == CAPTURE_CUT));
	must(!f->partial || f->why == CAPTURE_CUT);
	if (f->ip) {
		must(f->len > 0);
		add_octets(t, f->ip, f->len);
	}
	if (f->src_mac)
		add_octets(t, f->src_mac, 6);
	add_octets(t, f->raw, f->raw_len);
	t->sum += f->why;
	t->packets += f->why == CAPTURE_READ;
}

static void check_counts(const struct capture *c, const struct tally *t)
{
	struct capture_counts k;
	uint64_t unread = 0, kinds = 0, with_kind;
	char text[CAPTURE_KIND_TEXT];
	capture_counts(c, &k);
	for (int i = 0; i < CAPTURE_UNREAD_N; i++)
		unread += k.unread[i].frames;
	for (unsigned i = 0; i < k.n_kinds; i++) {
		kinds += k.kinds[i].frames;
		must(i == 0 || k.kinds[i].frames <= k.kinds[i - 1].frames);
		must(strlen(capture_kind_text(&k.kinds[i], text)) > 0);
	}
	with_kind = k.unread[CAPTURE_NOT_IP].frames + k.unread[CAPTURE_LINK_TYPE].frames +
		    k.unread[CAPTURE_ENCAPSULATION].frames;
	must(k.unread[CAPTURE_READ].frames == 0 && k.unread[CAPTURE_FRAGMENT_KEPT].frames == 0);
	must(k.frames == t->frames && k.packets == t->packets);
	must(k.frames == k.frames_read + unread);
	must(kinds + k.other_kinds <= with_kind);
}

static struct tally read_capture(const char *path)
{
	char err[CAPTURE_ERROR];
	struct tally t = { 0 };
	struct capture *c = capture_open(path, err, sizeof(err));
	if (!c) {
		must(err[0] != '\0' && strchr(err, '\n') == NULL);
		t.damaged = true;
		return t;
	}
	struct frame f;
	int got = 0;
	while (t.packets + t.frames < FRAMES_MAX && (got = capture_next(c, &f)) == 1) {
		must(f.number == t.frames || f.number == t.frames + 1); /* pieces of one send */
		t.frames = f.number;
		check_frame(&t, &f);
	}
	t.damaged = got < 0;
	must(got >= 0 || capture_error(c)[0] != '\0');
	check_counts(c, &t);
	capture_close(c);
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char path[32];
	int fd = memfd_create("capture", MFD_CLOEXEC);
	must(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct tally once = read_capture(path), again = read_capture(path);
	must(once.sum == again.sum && once.frames == again.frames &&
	     once.packets == again.packets && once.damaged == again.damaged);
	close(fd);
	return 0;
}
