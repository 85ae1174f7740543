/* SPDX-License-Identifier: MIT
 * Frames from an interface, by libpcap and the ring of the kernel's packet socket (packet(7)).
 *
 * Opening needs CAP_NET_RAW. Reading asks nothing of the kernel but poll(2), recvfrom(2) with
 * MSG_PEEK, getsockopt(2), and ioctl(2) for the interface's flags; so a process may open, then give
 * up all else, and read.
 *
 * An interface that goes down stays open, and gives frames again when it is up; one that was
 * removed is an error at the next frame. */
#ifndef ZONED_PACKET_LIVE_H
#define ZONED_PACKET_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/raw_frame.h"

enum {
	LIVE_BUFFER_MIN = 64 << 10,
	LIVE_BUFFER_MAX = 1 << 30,
	LIVE_BUFFER = 16 << 20,
	LIVE_SNAP_MIN = 128,
	LIVE_SNAP_MAX = 262144,
	LIVE_DELAY_MAX = 1000
};

struct live_conf {
	const char *interface;
	const char *filter; /* pcap-filter(7), asked in the kernel; NULL: all frames */
	size_t buffer;	    /* octets of the kernel's ring; 0: LIVE_BUFFER */
	unsigned snap;	    /* octets captured of a frame; 0: LIVE_SNAP_MAX */
	/* A block of the ring is handed over after so long at the latest (TPACKET_V3); 0: each
	 * frame at once (TPACKET_V2), in a place as large as the largest: snap should be small. */
	unsigned delay_ms;
	bool keep_unpromiscuous; /* only frames for this host */
};

struct live_counts {
	uint64_t received; /* by the kernel for us; with those that it dropped */
	uint64_t dropped;  /* of these: the ring was full */
};

struct live;

/* NULL: err says why, without the interface's name. */
struct live *live_open(const struct live_conf *conf, char *err, size_t err_len);
void live_close(struct live *l); /* NULL is fine */
/* Is it a pcap-filter(7) expression, for any kind of interface that a mirror comes by? If not, err
 * says why. Of host and service names only the machine that reads them knows. */
bool live_filter_compiles(const char *expression, char *err, size_t err_len);
/* To wait for: readable when there is something for live_next(). */
int live_fd(const struct live *l);
/* Wait so long for frames; false: none came. An interface that went down is no more than that here,
 * while libpcap looks for it with calls that a confined process may not make. */
bool live_wait(const struct live *l, int ms);
/* 1: a frame, valid until the next call; 0: none now; -1: no more will come, live_error() */
int live_next(struct live *l, struct raw_frame *f);
const char *live_error(struct live *l);
uint16_t live_link(const struct live *l);
/* Totals so far. */
void live_counts(struct live *l, struct live_counts *out);
/* What the interface and its driver dropped since they are there (packets that came before any
 * socket); 0 also when nobody knows. Opens files. */
uint64_t live_interface_dropped(const char *interface);

#endif
