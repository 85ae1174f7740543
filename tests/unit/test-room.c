/* SPDX-License-Identifier: MIT
 * Who gets a place in the connection table, and who has to go. */
#include "inspect-bench.h"

/* Answered by the server, but the client never got it: still half open. */
static void answers_to_false_senders_do_not_fill_the_table(void **state)
{
	(void)state;
	struct bench b;
	struct inspect_stats st;
	uint8_t m[12];
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	for (unsigned i = 1; i <= 100; i++) {
		client_port = (uint16_t)(CLIENT_PORT + i);
		segment(&b, 0, 999, 0, TCP_SYN, NULL, 0);
		segment(&b, 1, 4999, 1000, TCP_SYN | TCP_ACK, NULL, 0);
		assert_int_equal(b.verdict, V_ACCEPT);
		/* guesses: too low, and beyond what was sent */
		segment(&b, 0, 1000, 4999, TCP_ACK, NULL, 0);
		segment(&b, 0, 1000, 5001, TCP_ACK, NULL, 0);
		assert_int_equal(b.reason, R_OUT_OF_WINDOW);
	}
	inspect_stats(b.in, &st);
	assert_int_equal(st.open, 0);
	assert_int_equal(st.sources, 0);
	assert_int_equal(st.half_open, 8);
	client_port = 3;
	handshake(&b, 2000, 6000);
	segment(&b, 0, 2000, 6000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(left(&b).len, 12);
	client_port = CLIENT_PORT;
	inspect_free(b.in);
}

/* SYN, answer, acknowledgement; what became of the last. */
static void try_handshake(struct bench *b, uint8_t host, unsigned port)
{
	client_host = host;
	client_port = (uint16_t)(CLIENT_PORT + port);
	segment(b, 0, 999, 0, TCP_SYN, NULL, 0);
	if (b->verdict != V_ACCEPT)
		return;
	segment(b, 1, 4999, 1000, TCP_SYN | TCP_ACK, NULL, 0);
	segment(b, 0, 1000, 5000, TCP_ACK, NULL, 0);
}

static void one_source_has_its_share(void **state)
{
	(void)state;
	struct bench b;
	struct inspect_stats st;
	uint8_t m[12];
	max_per_source = 2;
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	try_handshake(&b, 5, 1);
	/* SYNs in its name take nothing of it */
	for (unsigned i = 10; i < 30; i++) {
		client_port = (uint16_t)(CLIENT_PORT + i);
		segment(&b, 0, 7, 0, TCP_SYN, NULL, 0);
	}
	try_handshake(&b, 5, 2);
	assert_int_equal(b.verdict, V_ACCEPT);
	try_handshake(&b, 5, 3);
	assert_int_equal(b.verdict, V_DROP);
	assert_int_equal(b.reason, R_SOURCE_LIMIT);
	try_handshake(&b, 6, 3);
	assert_int_equal(b.verdict, V_ACCEPT);
	/* connection 1 is in use, 2 never was: after a while 2 makes room */
	client_host = 5;
	client_port = CLIENT_PORT + 1;
	b.now += 3 * UINT64_C(1000000000);
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	try_handshake(&b, 5, 3);
	assert_int_equal(b.verdict, V_ACCEPT);
	assert_int_equal(b.reason, R_IDLE);
	try_handshake(&b, 5, 4);
	assert_int_equal(b.reason, R_SOURCE_LIMIT);
	/* nothing of what was ended passes */
	client_port = CLIENT_PORT + 2;
	segment(&b, 0, 1000, 5000, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_ended(&b, 1000);
	client_port = CLIENT_PORT + 1;
	segment(&b, 0, 1012, 5000, TCP_ACK, m, request(m, 2, 1, 3, 10, 1));
	assert_int_equal(left(&b).len, 12);
	inspect_stats(b.in, &st);
	assert_int_equal(st.open, 3);
	assert_int_equal(st.sources, 2);
	assert_int_equal(st.no_room, 2);
	assert_int_equal(st.pushed_idle, 1);
	max_per_source = 0;
	client_host = 5;
	client_port = CLIENT_PORT;
	inspect_free(b.in);
}

/* Two handshakes at once for the one place that is left: the second to finish is reset. */
static void a_share_is_taken_when_the_handshake_is_finished(void **state)
{
	(void)state;
	struct bench b;
	max_per_source = 1;
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	for (unsigned i = 0; i < 2; i++) {
		client_port = (uint16_t)(CLIENT_PORT + i);
		segment(&b, 0, 999, 0, TCP_SYN, NULL, 0);
		segment(&b, 1, 4999, 1000, TCP_SYN | TCP_ACK, NULL, 0);
		assert_int_equal(b.verdict, V_ACCEPT);
	}
	segment(&b, 0, 1000, 5000, TCP_ACK, NULL, 0);
	assert_int_equal(b.events, 0);
	client_port = CLIENT_PORT;
	segment(&b, 0, 1000, 5000, TCP_ACK, NULL, 0);
	assert_int_equal(b.reason, R_SOURCE_LIMIT);
	assert_ended(&b, 1000);
	max_per_source = 0;
	inspect_free(b.in);
}

static unsigned claimed[256][8]; /* by the host and the port of the client */

/* The parent, which has nothing against it. */
static void on_claim(void *ctx, const struct fast_claim *c)
{
	struct bench *b = ctx;
	struct fast_claim answer = *c;
	answer.generation = 1;
	inspect_claimed(b->in, &answer);
	claimed[c->client.b[3]][c->cport - CLIENT_PORT]++;
}

/* A read and its answer, the nth of a connection. */
static void transact(struct bench *b, uint8_t host, unsigned port, uint32_t nth)
{
	uint8_t m[12], a[11] = { 0, 1, 0, 0, 0, 5, 1, 3, 2, 0, 7 };
	uint32_t c = 1000 + 12 * nth, s = 5000 + 11 * nth;
	client_host = host;
	client_port = (uint16_t)(CLIENT_PORT + port);
	segment(b, 0, c, s, TCP_ACK, m, request(m, 1, 1, 3, 10, 1));
	assert_int_equal(left(b).len, 12);
	segment(b, 1, s, c + 12, TCP_ACK, a, sizeof(a));
	assert_int_equal(left(b).len, 11);
	segment(b, 0, c + 12, s + 11, TCP_ACK, NULL, 0);
}

/* Connections of one host have all slots of the in-kernel path; one of another host wants one. */
static void slots_are_shared(void **state)
{
	(void)state;
	enum { SLOTS = 4, TALKS = 8 };
	struct bench b;
	n_bench_slots = SLOTS;
	bench_slots = calloc(SLOTS, sizeof(*bench_slots));
	assert_non_null(bench_slots);
	bench_start(&b, VIOLATION_DROP, MODE_ENFORCE);
	b.out.claim = on_claim;
	for (unsigned port = 0; port <= SLOTS; port++) {
		try_handshake(&b, 5, port);
		for (uint32_t i = 0; i < TALKS; i++)
			transact(&b, 5, port, i);
	}
	/* the last one got none, and goes on without */
	for (unsigned port = 0; port <= SLOTS; port++)
		assert_int_equal(claimed[5][port] != 0, port < SLOTS);
	try_handshake(&b, 6, 0);
	for (uint32_t i = 0; i < TALKS; i++)
		transact(&b, 6, 0, i);
	assert_int_not_equal(claimed[6][0], 0);
	/* who had it before goes on as well, whichever it was */
	for (unsigned port = 0; port <= SLOTS; port++)
		transact(&b, 5, port, TALKS);
	client_host = 5;
	client_port = CLIENT_PORT;
	inspect_free(b.in);
	free(bench_slots);
	bench_slots = NULL;
	n_bench_slots = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_to_false_senders_do_not_fill_the_table),
		cmocka_unit_test(one_source_has_its_share),
		cmocka_unit_test(a_share_is_taken_when_the_handshake_is_finished),
		cmocka_unit_test(slots_are_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
