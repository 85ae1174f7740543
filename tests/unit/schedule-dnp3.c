/* SPDX-License-Identifier: MIT
 *
 * Schedules of DNP3 frames: masters and a station send fragments in frames as they should,
 * and with one thing wrong; each step is a frame or a datagram. Behind the data path are
 * receivers of every kind (stations.h). Where they turn round, what the gate knows is forgotten at
 * times, and a conduit from the stations to the masters permits everything.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dnp3-samples.h"
#include "schedule.h"
#include "stations.h"

enum { MASTER = 1, STATION = 10, FRAMES_MAX = 2048, SEGMENTS = 8, UDP_BIT = 4 };

/* Parts of a fragment: first its control octet and function, so that they go with other parts. */
/* clang-format off */
static const char *const requests[][SEGMENTS] = {
	{ "c0 01", "3c0206" },
	{ "c1 01", "3c0206", "3c0306 3c0406", "3c0106" },
	{ "c0 01 3c0206 3c0306" },
	{ "c2 17" },
	{ "c0 05", "3c0206" },
	{ "c0 0d", "3c0206" },
	{ "c4 01", "1e02 00 00 09", "1e02 00 00 08", "1e02 00 00 07" },
	{ "c5 01 1e02 28 0200 050c 0117" },
	{ "c6 01 1e02 28 0300", "050c 0117", "0041" },
};
/* clang-format on */
/* clang-format off */
static const char *const responses[][SEGMENTS] = {
	{ "c0 81 0000" },
	{ "c0 81 0000", "1e02 00 0000 01 1100" },
	{ "c1 81 0000", "1e02 00 0001 01 1100", "01 1200" },
	{ "f0 82 0000" },
	{ "f0 82 0000", "1e02 00 0000 01 1100" },
	{ "c0 82 0000", "1e02 00 0000 01 1100" },
};
/* clang-format on */
enum {
	REQUESTS = sizeof(requests) / sizeof(requests[0]),
	RESPONSES = sizeof(responses) / sizeof(responses[0])
};

struct sender { /* of one connection, one way */
	const char *const *parts;
	unsigned part;
	uint8_t seq, fcb;
	uint8_t last[FRAMES_MAX];
	size_t n_last;
};

struct frame_of {
	uint8_t control;
	uint16_t dst, src;
	uint8_t octet;
	const char *hex;
};

static struct sender sender[STATIONS_PEERS][2];

static size_t put_frame(const struct frame_of *f, uint8_t *out)
{
	uint8_t user[250];
	user[0] = f->octet;
	size_t n = f->hex ? 1 + sample_hex(f->hex, user + 1) : 0;
	return sample_frame(f->control, f->dst, f->src, user, n, out);
}

static struct frame_of empty(unsigned from, uint8_t control)
{
	struct frame_of f = { .control = (uint8_t)(control | (from ? 0 : 0x80)),
			      .dst = from ? MASTER : STATION,
			      .src = from ? STATION : MASTER };
	return f;
}

/* The next part of what this sender sends, or the first of another fragment. */
static struct frame_of next_part(struct sender *k, unsigned from, uint8_t choice)
{
	struct frame_of f = empty(from, 0x44);
	if (!k->parts || k->part == SEGMENTS || !k->parts[k->part]) {
		k->parts = from ? responses[choice % RESPONSES] : requests[choice % REQUESTS];
		k->part = 0;
	}
	bool last = k->part + 1 == SEGMENTS || !k->parts[k->part + 1];
	k->seq = (k->seq + 1) & 63;
	f.octet = (uint8_t)(k->seq | (k->part ? 0 : 0x40) | (last ? 0x80 : 0));
	f.hex = k->parts[k->part++];
	return f;
}

/* One between two of what this sender sends: its number is such that the next follows it. */
static struct frame_of between(struct sender *k, unsigned from, const struct step *t)
{
	struct sender other = { .parts = from ? responses[t->b % RESPONSES]
					      : requests[t->b % REQUESTS],
				.seq = (k->seq + 63u) & 63 };
	other.part = t->c >> 6 && other.parts[1];
	return next_part(&other, from, 0);
}

static void confirm(struct sender *k, struct frame_of *f, const struct step *t)
{
	k->fcb ^= 0x20;
	f->control = (uint8_t)((f->control & 0x80) | 0x53 | (t->a & 0x40 ? k->fcb : t->c & 0x20));
}

/* A whole frame inside another, which some take for none. */
static size_t put_hidden(unsigned from, const struct step *t, uint8_t *out)
{
	uint8_t user[64] = { 0xc0 };
	struct frame_of in = empty(from, 0x44);
	in.octet = (uint8_t)(0xc0 | (t->c & 63));
	in.hex = "c0 0d";
	size_t at = t->c & 1, n = at + put_frame(&in, user + at);
	struct frame_of f = empty(from, t->c);
	n = sample_frame(f.control, t->c & 2 ? f.dst : 4000, f.src, user, n, out);
	if (t->c & 4)
		out[t->a % n] ^= 1;
	return n;
}

/* What this step sends of frames; one thing may be wrong with it. */
static size_t make(struct sender *k, unsigned from, const struct step *t, uint8_t *out)
{
	struct frame_of f;
	static const uint8_t links[] = { 0x40, 0x72, 0x52, 0x49, 0x00, 0x01, 0x0b, 0x20 };
	if (t->op == OP_LINK) {
		f = empty(from, links[t->c % 8]);
		return put_frame(&f, out);
	}
	if (t->op == OP_HIDDEN)
		return put_hidden(from, t, out);
	if (t->op == OP_COPY) {
		memcpy(out, k->last, k->n_last);
		return k->n_last;
	}
	if (t->op == OP_ANEW) /* leaves what it was sending */
		k->parts = NULL;
	f = t->op != OP_PART && t->b & 0x80 ? between(k, from, t) : next_part(k, from, t->b);
	if (t->op == OP_CONFIRMED || (t->op == OP_PART && t->a & 0x20))
		confirm(k, &f, t);
	if (t->op == OP_NUMBER)
		f.octet = (uint8_t)(t->c & 1 ? f.octet + 1 + (t->c >> 4) : t->c);
	if (t->op == OP_ADDRESS && t->c & 1)
		f.src = 2;
	else if (t->op == OP_ADDRESS)
		f.dst = t->c & 2 ? 65535 : t->c & 4 ? 65532 : 11;
	if (t->op == OP_CONTROL)
		f.control ^= (uint8_t)(1u << t->c % 8);
	if (t->op == OP_CONTENT)
		f.hex = t->c & 1 ? "3c0106" : t->c & 2 ? "050c 0117" : "";
	if (t->op == OP_IGNORED) { /* what some ignore: it was not the sender's */
		f = between(k, from, t);
		f.control = (uint8_t)((f.control & 0x80) | 0x53 | (t->c & 0x20));
	}
	size_t n = put_frame(&f, out);
	if (t->op == OP_BREAK)
		out[t->c % n] ^= (uint8_t)(1 + t->a);
	memcpy(k->last, out, n);
	k->n_last = n;
	return n;
}

static void step(struct stations *s, const struct step *t)
{
	unsigned peer = t->a & 1 ? 0 : t->a & 2 ? 1 : STATIONS_UDP, from = (t->a & 0x1c) == 0x1c;
	struct sender *k = &sender[peer][from];
	uint8_t out[FRAMES_MAX];
	size_t n = 0;
	if (t->op == OP_RECONNECT && peer != STATIONS_UDP) {
		stations_connect(s, peer);
		k->parts = NULL;
		return;
	}
	if (t->op == OP_RECONNECT && s->both_ways) { /* restarted */
		stations_new_gate(s);
		return;
	}
	if (t->op == OP_PAUSE) {
		/* or a day and a half */
		s->now += s->both_ways && t->c & 1 ? UINT64_C(1) << 47 : (uint64_t)t->c * 100000000;
		inspect_tick(s->in, s->now, s->now, &s->out);
		return;
	}
	n = make(k, from, t, out);
	/* as honest senders of datagrams do: what belongs to a request, at once */
	for (unsigned i = 0; peer == STATIONS_UDP && !from && (t->a & 0x40) && i < SEGMENTS &&
			     k->parts && k->part < SEGMENTS && k->parts[k->part];
	     i++)
		n += make(k, from, &(struct step){ .op = OP_PART, .b = t->b }, out + n);
	if (n == 0)
		return;
	s->lost = peer == STATIONS_UDP && (t->a & 0x80) ? t->b : 0;
	size_t cut = t->a & 0x80 && peer != STATIONS_UDP ? 1 + t->b % n : n;
	stations_send(s, peer, from, out, cut);
	if (cut < n && !s->p[peer].ended)
		stations_send(s, peer, from, out + cut, n - cut);
}

/* Nothing is wrong: then every receiver acts on everything that was judged. */
static const char *all_acted(const struct stations *s)
{
	for (unsigned i = 0; i < s->n_judged; i++)
		for (unsigned k = 0; k < STATION_KINDS; k++)
			if (s->judged[i].request && s->judged[i].acted[k] != s->judged[i].n &&
			    !station_kinds[k].one_frame)
				return "a permitted request was not acted on";
	return s->n_refused ? "something was refused, where nothing is wrong" : NULL;
}

const char *schedule_stations(const struct schedule *sc, enum sabotage how,
			      struct schedule_stats *stats)
{
	static struct stations s;
	memset(sender, 0, sizeof(sender));
	stations_start(&s, sc->reversed	     ? STATIONS_BOTH_WAYS
			   : sc->interleaved ? STATIONS_INTERLEAVED
					     : STATIONS_ONE_WAY);
	s.masters_get_all = true;
	for (unsigned i = 0; i < sc->n && !s.fault; i++) {
		if (how == SABOTAGE_PASS_ALL)
			s.pass_all = true;
		step(&s, &sc->step[i]);
	}
	const char *fault = s.fault;
	if (!fault && sc->tame)
		fault = all_acted(&s);
	stats->runs++;
	stats->packets += s.id;
	stats->messages += s.n_acted;
	stats->refused += s.n_refused;
	stats->finished += s.n_acted > 0;
	stats->ended += s.n_refused > 0;
	stations_stop(&s);
	return fault;
}
