/* SPDX-License-Identifier: MIT
 *
 * Learning from interfaces. Learning reads its captures several times, so the frames of all
 * interfaces go into one recording in memory, a pcapng file with an interface for each, in the
 * order of their times: the reader knows then what was seen on two of them. Bounded by time and by
 * LIVE_BYTES; whatever ends it, what there is until then is learned from.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "packet/capture.h"
#include "packet/live.h"
#include "zonectl/learn-live.h"
#include "zonectl/zonectl.h"

enum {
	LIVE_BYTES = 256 << 20,
	LIVE_RING = 8 << 20,
	LIVE_WAIT_MS = 200,
	LIVE_HANDED_MS = 20, /* frames wait so long in the kernel at most */
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
};

struct live_port {
	struct live *of; /* NULL: it gives no more */
	struct raw_frame next;
	bool has;
};

struct live_recording {
	struct live_port ports[LIVE_INTERFACES];
	const struct live_learning *what;
	FILE *f;
	uint64_t bytes, frames, until_ns;
};

static volatile sig_atomic_t ended;

static void on_end(int sig)
{
	(void)sig;
	ended = 1;
}

static uint64_t live_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the recording ---- */

/* A block of pcapng: words of this machine's order, which the section says, then octets. */
static void put_block_of(struct live_recording *r, const uint32_t *w, uint32_t words,
			 const struct raw_frame *data)
{
	static const uint8_t zero[4];
	uint32_t n = data ? data->len : 0, pad = (4 - n % 4) % 4;
	uint32_t len = 12 + words * 4 + n + pad;
	fwrite(w, 4, 1, r->f);
	fwrite(&len, 4, 1, r->f);
	fwrite(w + 1, 4, words, r->f);
	if (n)
		fwrite(data->data, 1, n, r->f);
	fwrite(zero, 1, pad, r->f);
	fwrite(&len, 4, 1, r->f);
	r->bytes += len;
}

static void put_beginning(struct live_recording *r)
{
	const uint32_t section[] = { BLOCK_SECTION, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX };
	put_block_of(r, section, 4, NULL);
	for (unsigned i = 0; i < r->what->n; i++) {
		/* if_tsresol (9), one octet: nanoseconds */
		uint8_t option[8] = { 0 };
		uint32_t w[] = {
			BLOCK_INTERFACE, live_link(r->ports[i].of), LIVE_SNAP_MAX, 0, 0, 0
		};
		const uint16_t code = 9, length = 1;
		memcpy(option, &code, 2);
		memcpy(option + 2, &length, 2);
		option[4] = 9;
		memcpy(&w[3], option, sizeof(option));
		put_block_of(r, w, 5, NULL); /* an end of options: code 0, length 0 */
	}
}

static void put_frame_of(struct live_recording *r, unsigned interface, const struct raw_frame *f)
{
	const uint32_t w[] = { BLOCK_PACKET,	     interface, (uint32_t)(f->time_ns >> 32),
			       (uint32_t)f->time_ns, f->len,	f->wire_len };
	put_block_of(r, w, 5, f);
	r->frames++;
}

/* ---- interfaces ---- */

static bool open_ports(struct live_recording *r)
{
	char err[CAPTURE_ERROR];
	for (unsigned i = 0; i < r->what->n; i++) {
		const struct live_conf conf = { .interface = r->what->interfaces[i],
						.buffer = LIVE_RING,
						.delay_ms = LIVE_HANDED_MS };
		r->ports[i].of = live_open(&conf, err, sizeof(err));
		if (r->ports[i].of)
			continue;
		fprintf(stderr, "zonectl: %s: %s\n", conf.interface, err);
		return false;
	}
	return true;
}

/* The port whose frame was first; -1: there is none now. */
static int first_port(struct live_recording *r)
{
	int first = -1;
	for (unsigned i = 0; i < r->what->n; i++) {
		struct live_port *p = &r->ports[i];
		int got = p->has ? 1 : p->of ? live_next(p->of, &p->next) : 0;
		if (got < 0) {
			fprintf(stderr, "zonectl: %s: %s\n", r->what->interfaces[i],
				live_error(p->of));
			live_close(p->of);
			p->of = NULL;
		}
		p->has = got > 0;
		if (p->has && (first < 0 || p->next.time_ns < r->ports[first].next.time_ns))
			first = (int)i;
	}
	return first;
}

static bool wait_ports(struct live_recording *r)
{
	struct pollfd v[LIVE_INTERFACES];
	nfds_t n = 0;
	for (unsigned i = 0; i < r->what->n; i++)
		if (r->ports[i].of)
			v[n++] = (struct pollfd){ .fd = live_fd(r->ports[i].of), .events = POLLIN };
	if (n)
		poll(v, n, LIVE_WAIT_MS);
	return n != 0;
}

static void record_ports(struct live_recording *r)
{
	put_beginning(r);
	while (!ended && live_now() < r->until_ns && r->bytes < LIVE_BYTES && !ferror(r->f)) {
		int i = first_port(r);
		if (i < 0) {
			if (!wait_ports(r))
				break;
			continue;
		}
		put_frame_of(r, (unsigned)i, &r->ports[i].next);
		r->ports[i].has = false;
	}
	if (r->bytes >= LIVE_BYTES)
		fprintf(stderr, "zonectl: %d MB are captured: the rest of the time is left out\n",
			LIVE_BYTES >> 20);
}

static void close_ports(struct live_recording *r)
{
	for (unsigned i = 0; i < r->what->n; i++) {
		struct live_counts n = { .received = 0 };
		if (!r->ports[i].of)
			continue;
		live_counts(r->ports[i].of, &n);
		fprintf(stderr, "zonectl: %s: %" PRIu64 " frames, %" PRIu64 " dropped%s\n",
			r->what->interfaces[i], n.received, n.dropped,
			n.dropped ? ": what was not captured is not in the proposal" : "");
		live_close(r->ports[i].of);
	}
}

/* ---- the daemon ---- */

/* The interfaces of its zones; m must outlive them. */
static int observed_interfaces(struct live_learning *live, const struct model *m, const char *path)
{
	bool observes = m->mode == MODE_OBSERVE; /* of a whole site, it may have no conduit yet */
	for (size_t i = 0; i < m->n_conduits; i++)
		observes |= m->conduits[i].mode == MODE_OBSERVE;
	for (size_t i = 1; i < m->n_zones; i++)
		for (size_t k = 0; k < m->zones[i].n_interfaces; k++)
			if (live->n < LIVE_INTERFACES)
				live->interfaces[live->n++] = m->zones[i].interfaces[k];
	if (!observes)
		fprintf(stderr,
			"zonectl: %s: neither the site nor a conduit is in mode = \"observe\": "
			"what is "
			"refused now would never be learned. Set that, or name an interface with "
			"--interface\n",
			path);
	else if (!live->n)
		fprintf(stderr,
			"zonectl: %s: no zone names an interface; name one with --interface\n",
			path);
	return observes && live->n ? EXIT_OK : EXIT_FAIL;
}

static int record_live(struct learn *l, const struct live_learning *live)
{
	struct live_recording r = { .what = live, .until_ns = live_now() + live->for_ns };
	const struct sigaction act = { .sa_handler = on_end };
	char path[64], err[300];
	int rc = EXIT_FAIL, fd = memfd_create("zonectl-learn", MFD_CLOEXEC);
	int to = fd >= 0 ? dup(fd) : -1;
	r.f = to >= 0 ? fdopen(to, "w") : NULL;
	if (!r.f)
		perror("zonectl: memory for a recording");
	if (!r.f || !open_ports(&r))
		goto out;
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	fprintf(stderr, "zonectl: capturing on %u interface%s for %" PRIu64 " s; SIGINT ends it\n",
		live->n, live->n == 1 ? "" : "s", live->for_ns / 1000000000);
	record_ports(&r);
	if (fflush(r.f) != 0 || ferror(r.f)) {
		perror("zonectl: the recording");
		goto out;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (learn_file_as(l, path, "live", err, sizeof(err)))
		rc = EXIT_OK;
	else
		fprintf(stderr, "zonectl: the recording: %s\n", err);
out:
	close_ports(&r);
	if (r.f)
		fclose(r.f);
	return rc; /* fd: the recording is read again, and ends with the process */
}

int learn_live(struct learn *l, const struct live_learning *live)
{
	struct live_learning here = *live;
	if (here.n)
		return record_live(l, &here);
	struct model *m = model_in_force();
	if (!m) {
		fputs("zonectl: zoned is not running, so there is no model whose interfaces could "
		      "be "
		      "listened to; name one with --interface\n",
		      stderr);
		return EXIT_NOT_RUNNING;
	}
	int rc = observed_interfaces(&here, m, m->path);
	if (rc == EXIT_OK)
		rc = record_live(l, &here);
	model_free(m);
	return rc;
}
