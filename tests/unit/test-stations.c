/* SPDX-License-Identifier: MIT
 *
 * Ways to make a DNP3 station act on what nobody judged. Each is first shown without the
 * gate: a station of some kind (station.h) puts a direct operate or a restart together.
 * Behind the gate none does, and what a reader may send arrives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/dnp3/wire.h"
#include "stations.h"

enum {
	DIRECT_OPERATE = 5,
	COLD_RESTART = 13,
	READ = 1,
	PIECES = 80,
	BYTES = 400,
	MASTER = 1,
	STATION = 10,
	OTHER = 2
};

/* What is sent at once. */
struct piece {
	unsigned peer;
	uint8_t lost; /* of a datagram: the kinds that do not get it */
	size_t n;
	uint8_t b[BYTES];
};

struct attack {
	unsigned from; /* 1: the stations' end */
	unsigned n;
	struct piece p[PIECES];
};

static struct piece *piece(struct attack *a, unsigned peer)
{
	struct piece *p = &a->p[a->n++];
	assert_true(a->n <= PIECES);
	*p = (struct piece){ .peer = peer };
	return p;
}

/* A frame; hex: its user data, transport octet first. */
static void add(struct piece *p, uint8_t control, uint16_t dst, uint16_t src, const char *hex)
{
	uint8_t user[250];
	size_t n = sample_hex(hex, user);
	p->n += sample_frame(control, dst, src, user, n, p->b + p->n);
}

static void plain(struct attack *a, unsigned peer, const char *hex)
{
	add(piece(a, peer), 0xc4, STATION, MASTER, hex);
}

/* The first two octets of a direct operate, and what makes one of them and a READ of the others. */
#define BEGINS "40 c0 05"
#define READS "c0 01"
#define ENDS " 3c0206"

static void three_frames(struct attack *a)
{
	plain(a, 0, BEGINS);
	add(piece(a, 0), 0xd3, STATION, MASTER, "40" READS);
	plain(a, 0, "81" ENDS);
}

static void confirmed_whole(struct attack *a)
{
	plain(a, 0, BEGINS);
	add(piece(a, 0), 0xf3, STATION, MASTER, "c7" READS ENDS);
	plain(a, 0, "81" ENDS);
}

/* The same transport number comes again. */
static void frames_around(struct attack *a)
{
	char hex[16];
	plain(a, 0, BEGINS);
	for (unsigned i = 1; i <= 64; i++) {
		snprintf(hex, sizeof(hex), "%02x 00", i & 63);
		add(piece(a, 0), 0xd3, STATION, MASTER, hex);
	}
	plain(a, 0, "81" ENDS);
}

static void another_source(struct attack *a)
{
	plain(a, 0, "40" READS);
	add(piece(a, 0), 0xc4, STATION, 2, BEGINS);
	plain(a, 0, "81" ENDS);
}

static void another_direction(struct attack *a)
{
	plain(a, 0, BEGINS);
	add(piece(a, 0), 0x44, STATION, MASTER, "40" READS);
	plain(a, 0, "81" ENDS);
}

static void broadcast_between(struct attack *a)
{
	plain(a, 0, "40" READS);
	add(piece(a, 0), 0xc4, 65535, MASTER, BEGINS);
	plain(a, 0, "81" ENDS);
}

static void two_connections(struct attack *a)
{
	plain(a, 0, "40" READS);
	plain(a, 1, BEGINS);
	plain(a, 0, "81" ENDS);
}

static void lost_datagram(struct attack *a)
{
	plain(a, STATIONS_UDP, BEGINS);
	struct piece *p = piece(a, STATIONS_UDP);
	p->lost = 0xff;
	add(p, 0xc4, STATION, MASTER, "40" READS);
	plain(a, STATIONS_UDP, "81" ENDS);
}

/* A frame as the data of one that some stations take for none. */
static void add_outer(struct piece *p, uint8_t control, uint16_t dst)
{
	uint8_t inner[64] = { 0xc0 };
	size_t n = 1 + sample_frame(0xc4, STATION, MASTER, (const uint8_t *)"\xc0\xc0\x0d", 3,
				    inner + 1);
	p->n += sample_frame(control, dst, MASTER, inner, n, p->b + p->n);
}

static void frame_in_a_frame(struct attack *a)
{
	add_outer(piece(a, 0), 0xc1, STATION);
}

static void frame_in_nobodys(struct attack *a)
{
	add_outer(piece(a, 0), 0xc9, 4000);
}

/* What is not whole yet shows it already. */
static void frame_in_half_a_frame(struct attack *a)
{
	struct piece *p = piece(a, 0);
	uint8_t user[64] = { 0xc0 };
	size_t n = 1 + sample_frame(0xc4, STATION, MASTER, (const uint8_t *)"\xc0\xc0\x0d", 3,
				    user + 1);
	p->n = sample_frame(0xc7, STATION, MASTER, user, n + 40, p->b) - 30;
}

static void frame_in_a_broken_one(struct attack *a)
{
	struct piece *p = piece(a, 0);
	add_outer(p, 0xc4, STATION);
	p->b[p->n - 1] ^= 1;
}

static void changed_repeat(struct attack *a)
{
	plain(a, 0, "40 c0");
	plain(a, 0, "01 01" ENDS);
	plain(a, 0, "40 c0");
	plain(a, 0, "01 05" ENDS);
	plain(a, 0, "82 3c0306");
}

static const struct {
	const char *name;
	void (*make)(struct attack *a);
	/* clang-format off */
} attacks[] = {
	{ "three frames", three_frames }, { "confirmed data, whole", confirmed_whole }, { "64 frames", frames_around },
	{ "another source", another_source }, { "another direction", another_direction },
	{ "a broadcast between", broadcast_between }, { "two connections", two_connections },
	{ "a lost datagram", lost_datagram }, { "a frame in a frame", frame_in_a_frame },
	{ "a frame in nobody's", frame_in_nobodys }, { "a frame in half a frame", frame_in_half_a_frame },
	{ "a frame in a broken one", frame_in_a_broken_one }, { "a changed repeat", changed_repeat },
};
/* clang-format on */
enum { ATTACKS = sizeof(attacks) / sizeof(attacks[0]) };

static void send_all(struct stations *s, const struct attack *a)
{
	for (unsigned i = 0; i < a->n; i++) {
		s->lost = a->p[i].lost;
		stations_send(s, a->p[i].peer, a->from, a->p[i].b, a->p[i].n);
	}
}

static unsigned harm(const struct stations *s)
{
	return s->functions[DIRECT_OPERATE] + s->functions[COLD_RESTART];
}

static void no_station_acts(void **state)
{
	(void)state;
	static struct stations s;
	static struct attack a;
	for (unsigned i = 0; i < ATTACKS; i++) {
		a.n = 0;
		attacks[i].make(&a);
		stations_start(&s, STATIONS_NO_GATE);
		send_all(&s, &a);
		if (!harm(&s))
			fail_msg("%s: no station acts on it without the gate", attacks[i].name);
		stations_start(&s, STATIONS_ONE_WAY);
		send_all(&s, &a);
		if (harm(&s) || s.fault)
			fail_msg("%s: %u acts; %s", attacks[i].name, harm(&s),
				 s.fault ? s.fault : "");
		stations_stop(&s);
	}
}

/* Each kind acts on a request in one frame, in several, as confirmed data in one, and over UDP;
 * copies change nothing, though some would drop what they have. */
static void every_station_acts(void **state)
{
	(void)state;
	static struct stations s;
	static struct attack a;
	stations_start(&s, STATIONS_ONE_WAY);
	plain(&a, 0, "c0" READS ENDS);
	plain(&a, 0, "41" READS ENDS);
	plain(&a, 0, "41" READS ENDS);
	plain(&a, 0, "02 3c0306");
	plain(&a, 0, "83 3c0406");
	plain(&a, 0, "83 3c0406");
	add(piece(&a, 0), 0xc0, STATION, MASTER, "");
	add(piece(&a, 0), 0xf3, STATION, MASTER, "c4" READS ENDS);
	plain(&a, STATIONS_UDP, "c0" READS ENDS);
	send_all(&s, &a);
	assert_null(s.fault);
	assert_int_equal(s.n_refused, 2);
	assert_int_equal(s.functions[READ], 4 * STATION_KINDS);
	stations_stop(&s);
}

/* ---- responses of two stations to one master ---- */

/* Point 0 of one station and point 7 of the other, each with its value. */
#define FIRST_OF_ONE "40 f0 82 0000 1e02 00 00 00"
#define LAST_OF_ONE "81 01 1100"
#define FIRST_OF_OTHER "40 f1 82 0000 1e02 00 07 07"
#define LAST_OF_OTHER "81 01 2200"

enum { UNCONFIRMED = 0x44, COUNT_0 = 0x53, COUNT_1 = 0x73, RESET = 0x40 };

static void response(struct attack *a, unsigned peer, uint8_t control, uint16_t src,
		     const char *hex)
{
	add(piece(a, peer), control, MASTER, src, hex);
}

static void in_turn(struct attack *a)
{
	response(a, 0, UNCONFIRMED, STATION, FIRST_OF_ONE);
	response(a, 0, UNCONFIRMED, OTHER, FIRST_OF_OTHER);
	response(a, 0, UNCONFIRMED, STATION, LAST_OF_ONE);
}

/* A master that expects the other count bit ignores the first segment and takes the last. */
static void confirmed_in_turn(struct attack *a)
{
	response(a, 0, RESET, OTHER, "");
	response(a, 0, UNCONFIRMED, STATION, FIRST_OF_ONE);
	response(a, 0, COUNT_0, OTHER, FIRST_OF_OTHER);
	response(a, 0, COUNT_1, OTHER, LAST_OF_OTHER);
}

static void lost_in_turn(struct attack *a)
{
	response(a, STATIONS_UDP, UNCONFIRMED, STATION, FIRST_OF_ONE);
	response(a, STATIONS_UDP, UNCONFIRMED, OTHER, FIRST_OF_OTHER);
	a->p[a->n - 1].lost = 0xff;
	response(a, STATIONS_UDP, UNCONFIRMED, OTHER, LAST_OF_OTHER);
}

/* Ignored the first time, taken when it comes again. */
static void copied_in_turn(struct attack *a)
{
	response(a, 0, RESET, STATION, "");
	response(a, 0, COUNT_0, STATION, FIRST_OF_ONE);
	response(a, 0, UNCONFIRMED, OTHER, FIRST_OF_OTHER);
	response(a, 0, COUNT_1, 3, "c0 f2 82 0000");
	response(a, 0, COUNT_0, STATION, FIRST_OF_ONE);
	response(a, 0, UNCONFIRMED, OTHER, LAST_OF_OTHER);
}

static const struct {
	const char *name;
	void (*make)(struct attack *a);
	const char *unsaid;
	/* clang-format off */
} splices[] = {
	{ "in turn", in_turn, "f1 82 0000 1e02 00 07 07 01 1100" },
	{ "confirmed", confirmed_in_turn, "f0 82 0000 1e02 00 00 00 01 2200" },
	{ "a lost datagram", lost_in_turn, "f0 82 0000 1e02 00 00 00 01 2200" },
	{ "a copy", copied_in_turn, "f0 82 0000 1e02 00 00 00 01 2200" },
};
/* clang-format on */

/* Some masters join the segments of any station: each splice is taken by one without the gate. */
static void no_master_splices(void **state)
{
	(void)state;
	static struct stations s;
	static struct attack a;
	uint8_t unsaid[64];
	for (unsigned i = 0; i < sizeof(splices) / sizeof(splices[0]); i++) {
		size_t n = sample_hex(splices[i].unsaid, unsaid);
		a = (struct attack){ .from = 1 };
		splices[i].make(&a);
		for (unsigned gate = 0; gate < 2; gate++) {
			stations_start(&s, gate ? STATIONS_ONE_WAY : STATIONS_NO_GATE);
			s.unsaid = unsaid;
			s.unsaid_len = n;
			send_all(&s, &a);
			if (!s.n_unsaid == !gate || s.fault)
				fail_msg("%s, %s gate: %u masters; %s", splices[i].name,
					 gate ? "with a" : "no", s.n_unsaid,
					 s.fault ? s.fault : "");
			if (gate)
				stations_stop(&s);
		}
	}
}

static unsigned taken(enum stations_how how, const struct attack *a, unsigned refused)
{
	static struct stations s;
	stations_start(&s, how);
	send_all(&s, a);
	assert_null(s.fault);
	assert_int_equal(s.n_refused, refused);
	stations_stop(&s);
	return s.n_acted;
}

/* Where one station broke off, the other's response arrives at every master, and what is whole in
 * its frame always does; in turn they arrive where the policy says so, at masters that keep
 * stations apart. */
static void every_master_takes(void **state)
{
	(void)state;
	struct attack a = { .from = 1 };
	response(&a, 0, UNCONFIRMED, STATION, FIRST_OF_ONE);
	response(&a, 0, UNCONFIRMED, OTHER, FIRST_OF_OTHER);
	response(&a, 0, UNCONFIRMED, OTHER, LAST_OF_OTHER);
	assert_int_equal(taken(STATIONS_ONE_WAY, &a, 0), STATION_KINDS);
	response(&a, 0, UNCONFIRMED, STATION, FIRST_OF_ONE);
	response(&a, 0, UNCONFIRMED, OTHER, "c2 f1 82 0000");
	response(&a, 0, UNCONFIRMED, STATION, LAST_OF_ONE);
	/* the whole one between: only a master with a place for each has both */
	assert_int_equal(taken(STATIONS_ONE_WAY, &a, 0), 2 * STATION_KINDS + 1);
	a.n = 0;
	in_turn(&a);
	response(&a, 0, UNCONFIRMED, OTHER, LAST_OF_OTHER);
	assert_int_equal(taken(STATIONS_ONE_WAY, &a, 1), STATION_KINDS); /* of the other */
	/* both by the kind that keeps sources apart; one more kind ignores what comes between, and
	 * takes the other's */
	assert_int_equal(taken(STATIONS_INTERLEAVED, &a, 0), 2 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_station_acts),
		cmocka_unit_test(every_station_acts),
		cmocka_unit_test(no_master_splices),
		cmocka_unit_test(every_master_takes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
