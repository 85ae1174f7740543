/* SPDX-License-Identifier: MIT
 *
 * The data path, packet by packet: single cases. Random schedules against a
 * reference are in test-schedules.c.
 */
#include "inspect-bench.h"

#include "inspect/proto.h"

/* ---- single cases ---- */
static void read_passes_untouched(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12], r[] = { 0, 1, 0, 0, 0, 5, 1, 3, 2, 0xab, 0xcd };
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(b.verdict, V_ACCEPT);
	assert_memory_equal(b.got, b.orig, b.orig_len);
	segment(&b, 1, 5000, 1012, TCP_ACK, r, sizeof(r));
	assert_int_equal(b.verdict, V_ACCEPT);
	assert_int_equal(b.events, 0);
	/* the same answer once more is unsolicited and cut */
	segment(&b, 1, 5011, 1012, TCP_ACK, r, sizeof(r));
	assert_int_equal(b.reason, R_UNSOLICITED);
	assert_true(left(&b).len <= 1);
	inspect_free(b.in);
}

static void write_is_cut_and_the_connection_lives(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
	assert_int_equal(b.events, 1);
	assert_int_equal(b.reason, R_FUNCTION);
	struct packet p = left(&b);
	assert_int_equal(p.len, 1); /* an old byte, to draw an acknowledgement */
	assert_int_equal(p.seq, 999);
	segment(&b, 1, 5000, 1000, TCP_ACK, NULL, 0);
	assert_int_equal(left(&b).ack, 1012); /* the client's write is acknowledged to it */
	segment(&b, 0, 1012, 5000, TCP_ACK, m, request(m, 2, 1, 3, 10, 1));
	p = left(&b);
	assert_int_equal(p.seq, 1000);
	assert_int_equal(p.len, 12);
	assert_memory_equal(p.data, m, 12);
	segment(&b, 1, 5000, 1012, TCP_ACK, NULL, 0);
	assert_int_equal(left(&b).ack, 1024);
	inspect_free(b.in);
}

static void reset_blocks_the_connection(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_RESET, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
	assert_ended(&b, 1000);
	segment(&b, 0, 1012, 5000, TCP_ACK, m, request(m, 2, 1, 3, 10, 1));
	assert_int_equal(b.verdict, V_RESET);
	segment(&b, 1, 5000, 1000, TCP_ACK, NULL, 0);
	assert_int_equal(b.verdict, V_RESET);
	assert_int_equal(b.events, 1);
	inspect_free(b.in);
}

static void observe_lets_pass_and_says_so(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_OBSERVE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
	assert_int_equal(b.reason, R_FUNCTION);
	assert_memory_equal(b.got, b.orig, b.orig_len);
	unsigned said = b.events;
	/* the write's response is the request again */
	segment(&b, 1, 5000, 1012, TCP_ACK, m, 12);
	assert_int_equal(b.verdict, V_ACCEPT);
	assert_int_equal(b.events, said);
	segment(&b, 1, 5012, 1012, TCP_ACK, m, 12); /* a second one answers nothing */
	assert_int_equal(b.reason, R_UNSOLICITED);
	assert_int_equal(b.events, said + 1);
	inspect_free(b.in);
}

static void changed_retransmission_is_refused(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
	assert_int_equal(b.verdict, V_DROP);
	assert_int_equal(b.reason, R_OVERLAP);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(left(&b).len, 12); /* the honest copy still passes */
	inspect_free(b.in);
}

static void odd_packets(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	segment(&b, 0, 900, 0, TCP_SYN, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(b.reason, R_SYN_DATA);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK | TCP_URG, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(b.reason, R_URGENT);
	segment(&b, 0, 1000, 6000, TCP_ACK, m, 12);
	assert_int_equal(b.reason, R_OUT_OF_WINDOW);
	segment(&b, 0, 1000 + (1 << 22), 5000, TCP_RST, NULL, 0);
	assert_int_equal(b.verdict, V_DROP);
	segment(&b, 0, 1000, 5000, TCP_ACK, (const uint8_t *)"GET / HTTP/1.0\r\n", 16);
	assert_ended(&b, 1000);
	assert_int_equal(b.reason, R_PROTOCOL_ID);
	inspect_free(b.in);
}

static void unknown_connection_is_reset(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_ended(&b, 1000);
	assert_int_equal(b.reason, R_STREAM_GAP);
	inspect_free(b.in);
}

static void a_forgotten_connection_ends(void **state)
{
	(void)state;
	struct bench b;
	struct inspect_stats st;
	struct tcp_ends ends = { .cport = CLIENT_PORT, .sport = 502 };
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	assert_true(addr_parse("10.0.1.5", &ends.client) && addr_parse("10.0.2.9", &ends.server));
	handshake(&b, 1000, 5000);
	/* the word of an older connection on the same ports comes late: no harm */
	inspect_gone(b.in, &ends, b.now);
	segment(&b, 0, 1000, 5000, TCP_ACK, NULL, 0);
	assert_int_equal(b.verdict, V_ACCEPT);
	inspect_tick(b.in, b.now + 9000000000u, b.now, &b.out);
	inspect_stats(b.in, &st);
	assert_int_equal(st.flows, 1);
	inspect_gone(b.in, &ends, b.now + 9000000000u);
	inspect_stats(b.in, &st);
	assert_int_equal(st.flows, 0);
	inspect_free(b.in);
}

static void bytes_behind_a_hole_are_kept(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[24], w[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	request(m, 1, 1, 3, 10, 1);
	request(m + 12, 2, 1, 3, 20, 1);
	segment(&b, 0, 1018, 5000, TCP_ACK, m + 18, 6);
	assert_true(left(&b).len <= 1);
	segment(&b, 0, 1006, 5000, TCP_ACK, m + 6, 6);
	assert_true(left(&b).len <= 1);
	/* what is kept cannot change */
	request(w, 2, 1, 6, 20, 1);
	segment(&b, 0, 1012, 5000, TCP_ACK, w, 12);
	assert_int_equal(b.reason, R_OVERLAP);
	assert_int_equal(b.verdict, V_DROP);
	/* the hole's filler brings the first message, and the second's turn has come */
	segment(&b, 0, 1000, 5000, TCP_ACK, m, 6);
	struct packet p = left(&b);
	assert_int_equal(p.seq, 1000);
	assert_true(p.len >= 12);
	assert_memory_equal(p.data, m, 12);
	inspect_free(b.in);
}

static void half_open_flows_do_not_fill_the_table(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	for (unsigned i = 1; i <= 1000; i++) {
		client_port = (uint16_t)(CLIENT_PORT + i);
		segment(&b, 0, 7, 0, TCP_SYN, NULL, 0);
		assert_int_equal(b.verdict, V_ACCEPT);
	}
	/* a new connection comes about, and the old one goes on */
	client_port = 3;
	handshake(&b, 2000, 6000);
	segment(&b, 0, 2000, 6000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(left(&b).len, 12);
	client_port = CLIENT_PORT;
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(left(&b).len, 12);
	assert_int_equal(b.events, 1); /* one record a second */
	assert_int_equal(b.reason, R_HALF_OPEN);
	struct inspect_stats st;
	inspect_stats(b.in, &st);
	assert_int_equal(st.pushed_half, 1000 - 7 + 1);
	assert_int_equal(st.open, 2);
	inspect_free(b.in);
}

static void open_connections_are_never_pushed_out(void **state)
{
	(void)state;
	struct bench b;
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	for (unsigned i = 0; i < 7; i++) { /* the table holds 8, one of them for handshakes */
		client_port = (uint16_t)(CLIENT_PORT + i);
		handshake(&b, 1000, 5000);
	}
	client_port = 3;
	segment(&b, 0, 7, 0, TCP_SYN, NULL, 0);
	assert_int_equal(b.verdict, V_DROP);
	assert_int_equal(b.reason, R_FLOW_LIMIT);
	client_port = CLIENT_PORT;
	inspect_free(b.in);
}

static void half_message_times_out(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	request(m, 1, 1, 3, 10, 1);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, 9);
	inspect_tick(b.in, b.now + 5000000000u, b.now, &b.out);
	assert_int_equal(b.events, 0);
	inspect_tick(b.in, b.now + 11000000000u, b.now, &b.out);
	assert_int_equal(b.reason, R_UNFINISHED);
	segment(&b, 0, 1009, 5000, TCP_ACK, m + 9, 3);
	assert_ended(&b, 1000);	   /* nothing of it had gone on */
	handshake(&b, 9000, 7000); /* and without a tick */
	segment(&b, 0, 9000, 7000, TCP_ACK, m, 9);
	b.now += 11000000000u;
	segment(&b, 0, 9009, 7000, TCP_ACK, m + 9, 3);
	assert_ended(&b, 9000);
	inspect_free(b.in);
}

/* The more of it there is the longer it may take: 512 bytes a second. */
static void long_messages_take_longer(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[256] = { 0, 1, 0, 0, 0, 254, 1, 16 };
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, sizeof(m));
	inspect_tick(b.in, b.now + 10400000000u, b.now, &b.out);
	assert_int_equal(b.events, 0);
	inspect_tick(b.in, b.now + 10600000000u, b.now, &b.out);
	assert_int_equal(b.reason, R_UNFINISHED);
	inspect_free(b.in);
}

/* Nothing of a message goes on before its last byte; its sender is told that it came all the same,
 * and what the receiver then loses is repeated by the gate. */
static void parts_are_kept(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	request(m, 1, 1, 3, 10, 1);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, 8);
	struct packet p = left(&b);
	assert_int_equal(p.len, 1); /* an old byte, to draw an acknowledgement */
	assert_int_equal(p.seq, 999);
	segment(&b, 1, 5000, 1000, TCP_ACK, NULL, 0);
	assert_int_equal(left(&b).ack, 1008);
	segment(&b, 0, 1008, 5000, TCP_ACK, m + 8, 4);
	p = left(&b);
	assert_int_equal(p.seq, 1000);
	assert_int_equal(p.len, 12);
	/* that is lost: an older acknowledgement takes nothing back, and what its sender repeats is
	 * its end only */
	segment(&b, 1, 5000, 1000, TCP_ACK, NULL, 0);
	assert_int_equal(left(&b).ack, 1008);
	segment(&b, 0, 1008, 5000, TCP_ACK, m + 8, 4);
	p = left(&b);
	assert_int_equal(p.seq, 1000);
	assert_int_equal(p.len, 12);
	assert_memory_equal(p.data, m, 12);
	segment(&b, 1, 5000, 1012, TCP_ACK, NULL, 0);
	assert_int_equal(left(&b).ack, 1012);
	assert_int_equal(b.events, 0);
	inspect_free(b.in);
}

/* What was kept until its message was whole is lost, and comes again as it was cut: the device must
 * not have a read that ends in the middle. */
static void repeated_parts_are_whole(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	request(m, 1, 1, 3, 10, 1);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, 8);
	segment(&b, 0, 1008, 5000, TCP_ACK, m + 8, 4);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, 8);
	struct packet p = left(&b);
	assert_int_equal(p.seq, 1000);
	assert_int_equal(p.len, 12);
	assert_memory_equal(p.data, m, 12);
	inspect_free(b.in);
}

/* A message that is not finished is recorded once, whatever ends it. */
static void the_unfinished_is_recorded(void **state)
{
	(void)state;
	struct bench b;
	struct tcp_ends ends = { .cport = CLIENT_PORT, .sport = 502 };
	uint8_t m[12];
	request(m, 1, 1, 6, 10, 1);
	assert_true(addr_parse("10.0.1.5", &ends.client) && addr_parse("10.0.2.9", &ends.server));
	for (unsigned mode = MODE_ENFORCE; mode <= MODE_OBSERVE; mode++)
		for (unsigned how = 0; how < 6; how++) {
			bench_start(&b, VIOLATION_RESET, (uint8_t)mode);
			handshake(&b, 1000, 5000);
			segment(&b, 0, 1000, 5000, TCP_ACK, m, 11);
			assert_int_equal(b.events, 0);
			assert_int_equal(left(&b).len, mode == MODE_OBSERVE ? 11 : 1);
			if (how == 0)
				segment(&b, 0, 1011, 5000, TCP_FIN | TCP_ACK, NULL, 0);
			else if (how == 1)
				segment(&b, 0, 1011, 5000, TCP_RST, NULL, 0);
			else if (how == 2)
				segment(&b, 1, 5000, 1000, TCP_RST | TCP_ACK, NULL, 0);
			else if (how == 3) /* forgotten by the kernel */
				inspect_gone(b.in, &ends, b.now + 9000000000u);
			else if (how == 4) /* the other end's fault */
				segment(&b, 1, 5000, 1000, TCP_ACK,
					(const uint8_t *)"HTTP/1.0 200 OK", 15);
			else /* new ones on the same ports */
				handshake(&b, 90000, 50000);
			if (how == 4 && mode == MODE_OBSERVE) {
				/* goes on unjudged */
				assert_int_equal(b.reason, R_PROTOCOL_ID);
				inspect_free(b.in);
				continue;
			}
			assert_int_equal(b.reason, R_UNFINISHED);
			unsigned said = b.events;
			assert_int_equal(said, how == 4 ? 2 : 1);
			inspect_tick(b.in, b.now + 60000000000u, b.now, &b.out);
			assert_int_equal(b.events, said);
			inspect_free(b.in);
		}
}

/* Both ends of a capture without a gate had what is refused, or kept back, here. */
static void a_capture_shows_other_acknowledgements(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	inspect_free(b.in);
	struct inspect_conf conf = { .max_connections = 8,
				     .hash_key = { 1, 2 },
				     .recording = true };
	b.in = inspect_new(&conf);
	inspect_policy(b.in, &b.img.h);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
	assert_int_equal(b.reason, R_FUNCTION);
	segment(&b, 1, 5000, 1012, TCP_ACK, NULL, 0);
	request(m, 2, 1, 3, 10, 1);
	segment(&b, 0, 1012, 5000, TCP_ACK, m, 8);
	segment(&b, 1, 5000, 1020, TCP_ACK, NULL, 0);
	segment(&b, 0, 1020, 5000, TCP_ACK, m + 8, 4);
	segment(&b, 1, 5000, 1024, TCP_ACK, NULL, 0);
	assert_int_equal(b.events, 1);
	struct inspect_stats st;
	inspect_stats(b.in, &st);
	assert_int_equal(st.permitted, 1);
	inspect_free(b.in);
}

/* next number of the client, of the device, and of the device as the client knows it */
struct talk {
	uint32_t client, device, known;
};

static void answer(struct bench *b, struct talk *t, unsigned tid, unsigned unit, enum reason why)
{
	uint8_t r[11] = {
		(uint8_t)(tid >> 8), (uint8_t)tid, 0, 0, 0, 5, (uint8_t)unit, 3, 2, 0, 7
	};
	b->reason = R_NONE;
	segment(b, 1, t->device, t->client, TCP_ACK, r, sizeof(r));
	assert_int_equal(b->reason, why);
	t->device += (uint32_t)sizeof(r);
	t->known += why == R_NONE ? (uint32_t)sizeof(r) : 0;
}

/* Read one register of a unit. */
static void ask(struct bench *b, struct talk *t, unsigned tid, unsigned unit)
{
	uint8_t m[12];
	segment(b, 0, t->client, t->known, TCP_ACK, m, request(m, tid, unit, 3, 10, 1));
	assert_int_equal(left(b).len, 12);
	t->client += 12;
	segment(b, 1, t->device, t->client, TCP_ACK, NULL, 0);
}

/* Those that nobody answers make room, the oldest of the unit that has the most first. */
static void silent_units_make_room(void **state)
{
	(void)state;
	struct bench b;
	struct talk t = { 1000, 5000, 5000 };
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	b.img.ranges[0] = (struct pol_range){ 0, 3 }; /* units */
	handshake(&b, t.client, t.device);
	ask(&b, &t, 1, 1); /* the oldest, but the only one of its unit */
	ask(&b, &t, 2, 3);
	for (unsigned tid = 100; tid < 300; tid++)
		ask(&b, &t, tid, 2);
	ask(&b, &t, 3, 1);
	answer(&b, &t, 3, 1, R_NONE);
	assert_int_equal(b.events, 0);
	answer(&b, &t, 299, 2, R_NONE);
	answer(&b, &t, 100, 2, R_UNSOLICITED); /* given up */
	answer(&b, &t, 1, 1, R_NONE);
	/* broadcasts go before any other */
	for (unsigned tid = 300; tid < 400; tid++)
		ask(&b, &t, tid, 0);
	answer(&b, &t, 399, 0, R_NONE); /* a device that speaks TCP answers unit 0 */
	for (unsigned tid = 400; tid < 500; tid++)
		ask(&b, &t, tid, 0);
	answer(&b, &t, 400, 0, R_UNSOLICITED);
	answer(&b, &t, 298, 2, R_NONE);
	answer(&b, &t, 2, 3, R_NONE);
	/* after half a minute nobody waits for an answer */
	ask(&b, &t, 4, 1);
	b.now += 31000000000u;
	ask(&b, &t, 5, 1);
	answer(&b, &t, 5, 1, R_NONE);
	answer(&b, &t, 4, 1, R_UNSOLICITED);
	inspect_free(b.in);
}

static void only_the_end_is_the_end(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12], w[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 500, 5000, TCP_FIN | TCP_ACK, NULL, 0);
	assert_int_equal(b.reason, R_OUT_OF_WINDOW);
	request(m, 1, 1, 3, 10, 1);
	segment(&b, 0, 1009, 5000, TCP_ACK, m + 9, 3);
	segment(&b, 0, 1000, 5000, TCP_ACK | TCP_FIN, w, request(w, 1, 1, 6, 20, 9));
	assert_int_equal(b.reason, R_OVERLAP);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, 12);
	assert_int_equal(left(&b).len, 12);
	segment(&b, 0, 1012, 5000, TCP_ACK | TCP_FIN, m, 12);
	assert_int_equal(left(&b).flags & TCP_FIN, TCP_FIN);
	segment(&b, 1, 5000, 1025, TCP_ACK, NULL, 0);
	segment(&b, 0, 1012, 5000, TCP_ACK | TCP_FIN, m, 12);
	assert_int_equal(left(&b).flags & TCP_FIN, TCP_FIN);
	assert_int_equal(left(&b).seq, 1024);
	inspect_free(b.in);
}

static void old_acknowledgements_are_refused(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 90000);
	segment(&b, 0, 1000, 90000 - 70000, TCP_ACK, m, request(m, 1, 1, 3, 20, 1));
	assert_int_equal(b.reason, R_OUT_OF_WINDOW);
	segment(&b, 0, 1000, 90000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(left(&b).len, 12);
	inspect_free(b.in);
}

static void a_client_starts_anew(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
	segment(&b, 0, 1012, 5000, TCP_RST, NULL, 0); /* lost on its way to the device */
	segment(&b, 0, 70000, 0, TCP_SYN, NULL, 0);
	segment(&b, 1, 5000, 1000, TCP_ACK, NULL, 0);
	assert_int_equal(left(&b).ack, 1000);
	segment(&b, 1, 5000, 1000, TCP_ACK, m, 12);
	assert_int_equal(b.verdict, V_DROP);
	segment(&b, 0, 1000, 0, TCP_RST, NULL, 0);
	assert_int_equal(left(&b).seq, 1000);
	handshake(&b, 70001, 9000);
	segment(&b, 0, 70001, 9000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(left(&b).len, 12);
	inspect_free(b.in);
}

/* log = "none": refused as ever, and no record of anything, be it a message, a packet or a
 * connection. */
static void log_none_records_nothing(void **state)
{
	(void)state;
	const uint8_t modes[] = { MODE_ENFORCE, MODE_OBSERVE };
	struct bench b;
	uint8_t m[12];
	for (unsigned i = 0; i < 2; i++) {
		enum verdict refused = modes[i] == MODE_ENFORCE ? V_DROP : V_ACCEPT;
		bench_start(&b, VIOLATION_DROP, modes[i]);
		b.img.flow.log = LOG_NONE;
		segment(&b, 0, 900, 0, TCP_SYN, m, request(m, 1, 1, 3, 10, 1));
		assert_int_equal(b.verdict, refused);
		handshake(&b, 1000, 5000);
		segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
		segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
		assert_int_equal(b.verdict, refused);
		segment(&b, 0, 1012, 5000, TCP_ACK, (const uint8_t *)"GET / HTTP/1.0\r\n", 16);
		client_port++;
		segment(&b, 0, 1012, 5000, TCP_ACK, m, 12);
		client_port--;
		assert_int_equal(b.events, 0);
		inspect_free(b.in);
	}
}

/* A connection that was ended, and of whose conduit a reload leaves nothing: its ports open no new
 * one. */
static void a_blocked_connection_needs_its_conduit(void **state)
{
	(void)state;
	struct bench b;
	uint8_t m[12];
	bench_start(&b, VIOLATION_RESET, MODE_ENFORCE);
	handshake(&b, 1000, 5000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 6, 10, 1));
	assert_ended(&b, 1000);
	b.img.h.generation++;
	segment(&b, 0, 70000, 0, TCP_SYN, NULL, 0);
	assert_int_equal(b.verdict, V_ACCEPT); /* as long as there is the conduit */
	segment(&b, 1, 9000, 70001, TCP_SYN | TCP_ACK, NULL, 0);
	segment(&b, 0, 70001, 9001, TCP_ACK, NULL, 0);
	segment(&b, 0, 70001, 9001, TCP_ACK, m, 12);
	assert_ended(&b, 70001);
	b.img.h.generation++;
	b.img.key.port = 503;
	segment(&b, 0, 90000, 0, TCP_SYN, NULL, 0);
	assert_int_equal(b.verdict, V_RESET);
	assert_int_equal(b.reason, R_NO_CONDUIT);
	inspect_free(b.in);
}

/* What every protocol asks for is what proto.h permits, and the parts that all inspectors share lie
 * apart. */
static void protocols_ask_for_sound_sizes(void **state)
{
	(void)state;
	static uint64_t all[1 << 17];
	const uint8_t *end = (const uint8_t *)all;
	assert_in_range(proto_common_size(), 1, sizeof(all));
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++) {
		const struct proto_ops *o = proto_of(p);
		assert_true(o->fresh <= o->state && o->state <= proto_state_max());
		assert_true(o->message && o->message <= proto_message_max());
		assert_true(o->common == 0 || o->common >= PROTO_KEY);
		const uint8_t *part = proto_common(all, p);
		assert_int_equal(part != NULL, o->common != 0);
		assert_true(!part || part >= end);
		end = part ? part + o->common : end;
	}
	assert_true(end <= (const uint8_t *)all + proto_common_size());
	assert_null(proto_common(all, PROTO_NONE));
}

/* What the ruleset refused, and what the gate cannot take apart: ports only where the packet shows
 * them. */
static void only_shown_ports_are_recorded(void **state)
{
	(void)state;
	static const struct {
		uint8_t l4, fragment; /* in units of 8 octets */
		size_t n;
		bool ports;
	} rows[] = { { 6, 0, 40, true },
		     { 17, 0, 28, true },
		     { 6, 0, 22, false },
		     { 6, 5, 40, false },
		     { 1, 0, 40, false } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t p[40] = { 0x45, [3] = 40,   [7] = rows[i].fragment,
				  64,	rows[i].l4, 0,
				  0,	10,	    0,
				  1,	5,	    10,
				  0,	2,	    9,
				  0x9c, 0x40,	    1,
				  0xf6 };
		struct bench b;
		bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
		const struct inspect_pkt k = { .now_ns = b.now, .ip = p, .len = rows[i].n };
		b.orig = p;
		b.orig_len = rows[i].n;
		inspect_refused(b.in, &k, R_NO_CONDUIT, V_DROP, &b.out);
		assert_int_equal(b.last.no_ports, !rows[i].ports);
		assert_int_equal(b.last.dport, rows[i].ports ? 502 : 0);
		inspect_packet(b.in, &k, &b.out);
		assert_int_equal(b.events, 2);
		assert_int_equal(b.last.no_ports, !rows[i].ports);
		assert_int_equal(b.last.dport, rows[i].ports ? 502 : 0);
		inspect_free(b.in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protocols_ask_for_sound_sizes),
		cmocka_unit_test(log_none_records_nothing),
		cmocka_unit_test(a_blocked_connection_needs_its_conduit),
		cmocka_unit_test(only_shown_ports_are_recorded),
		cmocka_unit_test(read_passes_untouched),
		cmocka_unit_test(write_is_cut_and_the_connection_lives),
		cmocka_unit_test(reset_blocks_the_connection),
		cmocka_unit_test(observe_lets_pass_and_says_so),
		cmocka_unit_test(changed_retransmission_is_refused),
		cmocka_unit_test(odd_packets),
		cmocka_unit_test(unknown_connection_is_reset),
		cmocka_unit_test(a_forgotten_connection_ends),
		cmocka_unit_test(bytes_behind_a_hole_are_kept),
		cmocka_unit_test(half_open_flows_do_not_fill_the_table),
		cmocka_unit_test(open_connections_are_never_pushed_out),
		cmocka_unit_test(silent_units_make_room),
		cmocka_unit_test(parts_are_kept),
		cmocka_unit_test(repeated_parts_are_whole),
		cmocka_unit_test(the_unfinished_is_recorded),
		cmocka_unit_test(a_capture_shows_other_acknowledgements),
		cmocka_unit_test(half_message_times_out),
		cmocka_unit_test(long_messages_take_longer),
		cmocka_unit_test(only_the_end_is_the_end),
		cmocka_unit_test(old_acknowledgements_are_refused),
		cmocka_unit_test(a_client_starts_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
