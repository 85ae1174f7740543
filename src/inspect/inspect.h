/* SPDX-License-Identifier: MIT
 *
 * The data path in one function: packet -> connection -> stream -> frame -> dissect
 * -> decide -> verdict -> event. No I/O; time is passed in. Inline, replay,
 * tests and fuzzers call the same code. All memory is taken in inspect_new().
 */
#ifndef ZONED_INSPECT_INSPECT_H
#define ZONED_INSPECT_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fastpath/claim.h"
#include "fastpath/fast.h"
#include "inspect/counts.h"
#include "packet/packet.h"
#include "policy/policy.h"
#include "record/event.h"

struct inspect;
struct rate_shares;

enum { INSPECT_PORTS = 65536 };

struct inspect_conf {
	uint32_t max_connections; /* power of two is not needed */
	/* open ones of one address (IPv6: one /64); 0: no limit */
	uint32_t max_connections_per_source;
	uint64_t hash_key[2]; /* random; connection table hashing is keyed */
	/* Rate limits by conduit_id, FAST_RATES of them, shared by the inspectors and the in-kernel
	 * path so that a limit holds over all; NULL: this one's own. */
	struct fast_rate *rates;
	/* Memory of the protocols that all inspectors share: proto_common_size() bytes; each
	 * protocol's part begins with PROTO_KEY random ones. NULL: this inspector has its own. */
	void *common;
	/* with rates: whose part of them is whose, as many; among the inspectors only */
	struct rate_shares *shares;
	/* shared with the in-kernel path; NULL: there is none */
	struct fast_slot *fast;
	uint32_t n_fast;
	/* where it counts; NULL: nowhere */
	struct count_table *counts;
	/* dissect_only: by port what a server there speaks, INSPECT_PORTS of them, which
	 * outlive the inspector; NULL: the protocols' own ports */
	const uint8_t *speaks;
	/* A capture under a model: nobody was kept from what is refused here (stance.h). */
	bool recording;
	/* a capture without a model: ports name protocols, nothing is refused, gaps are skipped */
	bool dissect_only;
};

/* The callbacks. They are called from within inspect_packet() and inspect_tick(); each id comes
 * back exactly once, in any order. */
struct inspect_out {
	void *ctx;
	/* data NULL: the packet goes on unchanged; else send these bytes instead (a refused
	 * connection's packet goes on as a RST). V_RESET: as V_DROP, and the kernel should
	 * block the rest of this connection and answer with a RST. */
	void (*verdict)(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len);
	void (*event)(void *ctx, const struct event *ev);
	/* may this connection go fast? Answered by inspect_claimed(); NULL without conf.fast */
	void (*claim)(void *ctx, const struct fast_claim *c);
	/* every message in order, permitted or not (replay); may be NULL. m: judged.msg of
	 * ev->proto, as its gate.c has it */
	void (*message)(void *ctx, const struct event *ev, const void *m, uint32_t id);
};

/* A verdict of inspect_out for whoever only listens: a recording has gone where it went. */
void inspect_no_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len);

struct inspect_pkt {
	uint32_t id;	  /* given back with the verdict */
	uint64_t now_ns;  /* monotonic, never goes back */
	uint64_t wall_ns; /* CLOCK_REALTIME, for events */
	const uint8_t *ip;
	size_t len;	  /* from the IP header */
	bool check_sum;	  /* false: the kernel has not filled checksums in yet */
	uint32_t in, out; /* interfaces; 0: not known */
	bool partial;	  /* captured shorter than it was: not judgeable */
	struct link_macs macs;
};

struct inspect_stats {
	uint64_t packets, messages, permitted, refused, dropped_packets, resyncs;
	/* The connection table was full, or a source's share of it: connections refused; half-open,
	 * closed, and long idle ones that went to make room. */
	uint64_t no_room, pushed_half, pushed_closed, pushed_idle;
	uint32_t flows, half_open, open, sources, held; /* now */
};

struct inspect *inspect_new(const struct inspect_conf *c); /* NULL: out of memory */
void inspect_free(struct inspect *in);
/* Use this image from now on (it must outlive its use). Established connections are
 * classified again under it at their next packet; streams stay in step. */
void inspect_policy(struct inspect *in, const struct pol_image *img);
void inspect_packet(struct inspect *in, const struct inspect_pkt *p, const struct inspect_out *out);
/* The recording ends with this packet (id 0 where it had none): what still waits for packets that
 * were not in it is judged, and what was not judged recorded. */
void inspect_end(struct inspect *in, const struct inspect_pkt *last, const struct inspect_out *out);
/* The kernel has forgotten this TCP connection. It is forgotten here too, unless packets
 * say that the same ports are in use again: the word may come late. */
void inspect_gone(struct inspect *in, const struct tcp_ends *gone, uint64_t now_ns);
/* The kernel's whole list of TCP connections: begin, each, end. What was silent since the
 * beginning and is not on it, the kernel has forgotten. A list without end counts for nothing. */
void inspect_list_begin(struct inspect *in, uint64_t now_ns);
void inspect_listed(struct inspect *in, const struct tcp_ends *there);
void inspect_list_end(struct inspect *in);
/* The answer to a claim: the same, with the generation that it holds for, or 0. */
void inspect_claimed(struct inspect *in, const struct fast_claim *c);
/* The kernel refused this packet (a copy, maybe cut short): make its event. */
void inspect_refused(struct inspect *in, const struct inspect_pkt *p, enum reason why,
		     enum verdict verdict, const struct inspect_out *out);
/* That event, of a packet that something before the inspectors refused. False: no addresses are in
 * the packet. */
bool inspect_refused_event(const struct pol_image *img, const struct inspect_pkt *p,
			   enum reason why, enum verdict verdict, struct event *ev);
/* Time passes: half messages, dead connections. Call at least every 250 ms. */
void inspect_tick(struct inspect *in, uint64_t now_ns, uint64_t wall_ns,
		  const struct inspect_out *out);
void inspect_stats(const struct inspect *in, struct inspect_stats *s);

#endif
