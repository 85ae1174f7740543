/* SPDX-License-Identifier: MIT
 * What the schedules of TCP have between their steps, for the files that make the steps. */
#ifndef ZONED_TESTS_SCHEDULE_SIM_H
#define ZONED_TESTS_SCHEDULE_SIM_H

#include "proto/modbus/wire.h"
#include "schedule.h"

enum {
	PKT = 40 + 600,
	WIRE_MAX = 64,
	CLIENT_PORT = 40000,
	SERVER_PORT = 502,
	WINDOW = 8192,
	DRAIN_ROUNDS = 60
};

struct message {
	uint32_t at, len; /* in the sender's stream */
	enum reason why;
	bool framing; /* no boundary can be found behind it */
};

struct wire_packet {
	size_t n;
	uint8_t b[PKT];
};

struct wire {
	unsigned n;
	struct wire_packet p[WIRE_MAX];
};

struct end {
	uint8_t out[STREAM_MAX];    /* what its application wrote */
	uint32_t written, una, top; /* top: highest sent */
	uint32_t isn;
	bool fin, fin_acked;
	uint8_t in[STREAM_MAX]; /* what came, from peer's first byte as this end counts */
	bool here[STREAM_MAX];
	bool gated[STREAM_MAX]; /* of out: the gate had it */
	uint32_t next, used, peer_isn;
	bool peer_fin;
	uint32_t fin_at;
	struct message m[MESSAGES_MAX];
	unsigned n_m, events; /* written; events seen for them */
	/* permitted messages of the peer that its application read */
	unsigned read;
};

struct request_of { /* a permitted request, as the server must answer it */
	struct mb_msg m;
	bool answered;
	bool twin; /* its transaction identifier, 0, may be used again at any time */
};

struct sim {
	struct inspect *in;
	struct pol_image *img[2];
	struct inspect_out out;
	const struct schedule *s;
	enum sabotage how;
	struct end end[2];		  /* client, server */
	struct wire before[2], behind[2]; /* by sender: on the way to the gate, and from it */
	struct request_of req[REQUESTS_MAX];
	unsigned n_req, n_written;
	uint64_t now;
	uint32_t id, first_id; /* first_id: of the last packet that this gate did not get */
	unsigned verdicts;
	unsigned unfinished; /* records of messages whose rest did not come */
	bool ended, attacked;
	const uint8_t *raw;
	size_t raw_len;
	int dir;
	const char *fault;
};

struct segment {
	uint8_t flags;
	uint32_t seq;
	const uint8_t *data;
	size_t n;
};

/* One packet of this end, at the end of its queue to the gate. */
void schedule_put(struct sim *s, int from, const struct segment *g);
/* The gate judges packet i of that queue. */
void schedule_gate(struct sim *s, int dir, unsigned i);
/* A gate that knows nothing. */
void schedule_new_gate(struct sim *s);
/* OP_FORGET: what makes the gate, or connection tracking before it, forget a connection that its
 * ends still have. */
void schedule_forget(struct sim *s, const struct step *t);

#endif
