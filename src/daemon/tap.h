/* SPDX-License-Identifier: MIT
 *
 * Taps: interfaces on which mirrored packets are judged, beside the gate.
 *
 *	parent	<- socket ->  keeper	opens the capture, again each second where it cannot,
 *	  ^			|	and starts a reader; never looks into a packet
 *	  |			| fork
 *	  +---- rings ----  reader	the engine, in the stance of a recording; no rights,
 *				the capture's descriptors and memory, nothing else
 *
 * One keeper for each tap, made while zoned starts. The keeper alone keeps CAP_NET_RAW: an
 * interface that goes and comes, or a reader that ends, needs a new capture.
 */
#ifndef ZONED_DAEMON_TAP_H
#define ZONED_DAEMON_TAP_H

#include <sys/types.h>

#include "daemon/images.h"
#include "daemon/ring.h"
#include "inspect/inspect.h"
#include "model/model.h"
#include "packet/capture.h"
#include "packet/live.h"
#include "recording/recorded.h"

/* A refused connection, for whoever can end it: numbers as the last packet shows them. */
struct tap_refused {
	struct addr src, dst; /* of that packet */
	uint16_t sport, dport;
	uint8_t l4;
	uint8_t first; /* of this connection: it is to be blocked, too */
	/* TCP: with these each end takes a reset for the other's next segment */
	uint32_t to_dst, to_src;
	uint64_t seen_ns, judged_ns; /* CLOCK_REALTIME: on the wire, and by the reader */
};

enum {
	TAP_CONNECTIONS = 16384,
	TAP_TEXT = CAPTURE_ERROR,
	TAP_SLOT_REFUSED = SLOT_CLAIM + 1, /* kinds of slots that only readers send */
};

/* Counts of a reader; its counts begin again with another one. */
/* clang-format off */
#define TAP_COUNTS(X) \
	X(frames) X(octets) X(packets) X(judged) X(uninspected) X(received) X(dropped)
/* clang-format on */

struct tap_shared {
	struct shared rings;
#define X(name) atomic_ullong name;
	TAP_COUNTS(X)
#undef X
	atomic_ullong unread[CAPTURE_UNREAD_N]; /* frames without a packet, by why */
	atomic_ullong left[RECORDED_KINDS];	/* packets that the engine cannot judge */
	atomic_ullong stays;			/* packets that no gateway forwards */
};

/* What a keeper tells the parent, and is told. */
enum tap_word {
	TAP_OPENED = 'o', /* a reader can be started: answered by TAP_GO */
	TAP_GO = 'g',
	TAP_KILL = 'k',	   /* the reader does not move: end it */
	TAP_FAILED = 'f',  /* not opened; text says why */
	TAP_REFUSED = 'r', /* never to be opened by this keeper, which ends */
	TAP_STARTED = 's',
	TAP_ENDED = 'e', /* the reader; status of wait(2) */
	TAP_DOWN = 'd',
	TAP_UP = 'u',
};

struct tap_msg {
	char word;
	pid_t pid;
	int status;
	char text[TAP_TEXT];
};

/* How an operator gives zoned what a tap needs, for errors. */
#define TAP_RIGHTS \
	"CAP_NET_RAW and sockets of AF_PACKET, AF_INET and AF_INET6; under systemd install the " \
	"drop-in zoned.service.d/taps.conf (zoned(8), Taps)"

struct tap_conf {
	struct live_conf live;
	struct tap_shared *shm;
	struct images images;
	int told; /* eventfd: something for the parent */
	bool reactive;
	uid_t uid; /* 0: it stays who it is */
	gid_t gid;
	const struct tap_conf *others; /* all taps: the reader of one does not keep those */
	unsigned n, index;
};

/* Forks the keeper. *fd: the parent's end of its socket. 0 or -errno. */
int tap_keeper_start(const struct tap_conf *c, int *fd, pid_t *pid);
/* Never returns. Before it is confined the caller holds nothing but what the reader may have. */
_Noreturn void tap_reader_run(const struct tap_conf *c, struct capture *from);
/* What failed, by failed_step of the rings' memory; NULL: nothing that has a name. */
const char *tap_reader_step(unsigned number);

#endif
