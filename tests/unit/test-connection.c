/* SPDX-License-Identifier: MIT
 *
 * The connection table against a plain model of it: whatever is opened, used, closed and
 * dropped in whatever order, its lists and counts are those of the connections.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inspect/connection.h"

enum { FLOWS = 64, SOURCES = 9, PORTS = 40, STEPS = 200000, CAP = 20 };

static const uint64_t key[2] = { 3, 4 };

static uint32_t next_random(uint64_t *s) /* splitmix64 */
{
	uint64_t z = (*s += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)(z >> 32);
}

/* Sources 0-4 are IPv4 hosts; 5-8 are /64s, of which every connection uses another address. */
static struct packet from(unsigned source, unsigned port)
{
	struct packet p = { .l4 = IPPROTO_TCP, .sport = (uint16_t)(1000 + port), .dport = 502 };
	p.src.family = p.dst.family = source < 5 ? 4 : 6;
	p.src.b[0] = p.dst.b[0] = 10;
	p.src.b[3] = (uint8_t)source;
	p.dst.b[2] = 9;
	if (source >= 5)
		p.src.b[15] = (uint8_t)port;
	return p;
}

static unsigned source_of(const struct connection *f)
{
	return f->client.b[3];
}

static uint32_t list_length(const struct connections *t, const struct connection_list *l)
{
	uint32_t n = 0, older = 0;
	for (uint32_t i = l->first; i; i = t->v[i - 1].link.newer) {
		assert_int_equal(t->v[i - 1].link.older, older);
		older = i;
		assert_true(++n <= t->n);
	}
	assert_int_equal(l->last, older);
	assert_int_equal(l->n, n);
	return n;
}

/* Everything the table says about itself, counted again. */
static void check_table(const struct connections *t)
{
	uint32_t open = 0, half = 0, closed = 0, by[SOURCES] = { 0 }, most = 0, sources = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct connection *f = &t->v[i];
		if (f->state == CONN_FREE)
			continue;
		if (f->proven) {
			by[source_of(f)]++;
			open++;
		} else if (f->state == CONN_CLOSED || f->state == CONN_BLOCKED) {
			closed++;
		} else {
			half++;
		}
	}
	for (unsigned s = 0; s < SOURCES; s++) {
		struct packet p = from(s, 0);
		const struct source *e = source_find(&t->sources, &p.src);
		assert_int_equal(e != NULL, by[s] != 0);
		if (e)
			assert_int_equal(list_length(t, &e->places), by[s]);
		assert_true(by[s] <= CAP);
		most = by[s] > most ? by[s] : most;
		sources += by[s] != 0;
	}
	const struct source *h = source_heaviest(&t->sources);
	assert_int_equal(h ? h->places.n : 0, most);
	assert_int_equal(t->sources.used, sources);
	assert_int_equal(t->n_open, open);
	assert_true(open <= t->max_open);
	assert_int_equal(list_length(t, &t->half), half);
	assert_int_equal(list_length(t, &t->closed), closed);
	assert_int_equal(list_length(t, &t->free) + t->unused, t->n - open - half - closed);
	assert_int_equal(t->used, open + half + closed);
}

static void add(struct connections *t, const struct packet *p, uint64_t now)
{
	struct connection *v = connection_yields(t, now);
	if (v) {
		assert_int_equal(t->used, t->n);
		assert_false(v->proven);
		connection_drop(t, v);
	}
	assert_non_null(connection_add(t, p, true, PROTO_MODBUS, now)); /* the reserve: always */
}

static void prove(struct connections *t, struct connection *f, uint64_t now)
{
	struct connection *v;
	enum reason why = connection_admits(t, &f->client, now, &v);
	struct source *own = source_find(&t->sources, &f->client);
	uint32_t mine = own ? own->places.n : 0;
	if (why != R_NONE) {
		assert_null(v);
		assert_true(why == R_SOURCE_LIMIT ? mine == CAP : t->n_open == t->max_open);
		return;
	}
	if (v) { /* never of one that has fewer */
		assert_true(mine == CAP || t->n_open == t->max_open);
		assert_true(t->sources.v[v->source - 1].places.n >= mine);
		uint32_t has = t->sources.v[v->source - 1].places.n;
		assert_true(now - v->used_ns > CONN_UNUSED_NS || has > CONN_LIGHT * (mine + 1));
		connection_drop(t, v);
	}
	connection_prove(t, f, now);
}

static void step(struct connections *t, uint32_t r, uint64_t now)
{
	static const enum connection_state states[] = { CONN_SYN, CONN_OPEN, CONN_CLOSED,
							CONN_BLOCKED };
	struct packet p = from(r % SOURCES, r / SOURCES % PORTS);
	int dir;
	struct connection *f = connection_find(t, &p, &dir);
	unsigned what = r >> 24 & 15;
	if (!f)
		add(t, &p, now);
	else if (what < 9 && !f->proven && f->state != CONN_CLOSED && f->state != CONN_BLOCKED)
		prove(t, f, now);
	else if (what < 13)
		connection_used(t, f, now);
	else if (what < 15)
		connection_turn(t, f, states[(r >> 28) % 4], now);
	else
		connection_drop(t, f);
}

static void table_agrees_with_a_recount(void **state)
{
	(void)state;
	struct connections t;
	uint64_t seed = 1, now = SEC;
	assert_true(connections_init(&t, FLOWS, CAP, key));
	for (unsigned i = 0; i < STEPS; i++) {
		now += next_random(&seed) % (SEC / 20);
		step(&t, next_random(&seed), now);
		if (i % 16 == 0)
			check_table(&t);
		if (i % 1000 == 0)
			connections_sweep(&t, now, FLOWS);
	}
	/* everything ends in its time, and leaves nothing */
	connections_sweep(&t, now + CONN_IDLE_NS + 1, FLOWS);
	assert_int_equal(t.used, 0);
	assert_int_equal(t.sources.used, 0);
	check_table(&t);
	connections_free(&t);
}

static struct connection *open_one(struct connections *t, unsigned source, unsigned port,
				   uint64_t now)
{
	struct packet p = from(source, port);
	add(t, &p, now);
	int dir;
	struct connection *f = connection_find(t, &p, &dir);
	connection_turn(t, f, CONN_OPEN, now);
	prove(t, f, now);
	return f;
}

/* Who filled the table with what it does not use gives way to who has little. */
static void the_table_is_shared_fairly(void **state)
{
	(void)state;
	struct connections t;
	struct connection *v;
	uint64_t now = SEC;
	assert_true(connections_init(&t, 16, 0, key));
	for (unsigned i = 0; i < 14; i++)
		assert_true(open_one(&t, i < 10 ? 1 : 2 + i % 2, i, now)->proven);
	struct packet p = from(3, 30);
	for (uint32_t i = 0; i < t.n; i++) /* all had a message long ago */
		t.v[i].useful = t.v[i].proven;
	assert_int_equal(connection_admits(&t, &p.src, now, &v), R_FLOW_LIMIT);
	now += CONN_STALE_NS + 1;
	/* one that is used stays; the next in age goes */
	struct packet used = from(1, 0);
	int dir;
	connection_used(&t, connection_find(&t, &used, &dir), now);
	assert_int_equal(connection_admits(&t, &p.src, now, &v), R_NONE);
	assert_int_equal(source_of(v), 1);
	assert_int_equal(v->cport, 1001);
	assert_true(open_one(&t, 3, 20, now)->proven);
	for (unsigned i = 21; i < 34; i++) /* up to as many as the others have, not more */
		open_one(&t, 3, i, now);
	struct source *e = source_find(&t.sources, &p.src);
	assert_in_range(e->places.n, 5, 6);
	connections_free(&t);
}

/* Who has nothing does not wait for those of who has many, silent or in use; who has as much does.
 */
static void the_many_go_at_once(void **state)
{
	(void)state;
	struct connections t;
	struct connection *v;
	assert_true(connections_init(&t, 16, 0, key));
	for (unsigned i = 0; i < 14; i++)
		open_one(&t, 1 + i % 2, i, SEC);
	struct packet p = from(3, 0), q = from(1, 50);
	assert_int_equal(connection_admits(&t, &q.src, SEC, &v), R_FLOW_LIMIT);
	assert_int_equal(connection_admits(&t, &p.src, SEC, &v), R_NONE);
	assert_non_null(v);
	/* those with a good message, too, and the least used of them */
	for (uint32_t i = 0; i < t.n; i++)
		if (t.v[i].proven)
			connection_used(&t, &t.v[i], SEC);
	assert_int_equal(connection_admits(&t, &p.src, SEC, &v), R_NONE);
	connections_free(&t);
}

/* What the kernel's list is without has ended, unless it is newer than the list. */
static void what_is_not_on_the_list_ends(void **state)
{
	(void)state;
	struct connections t;
	uint64_t now = SEC;
	assert_true(connections_init(&t, 16, 0, key));
	for (unsigned i = 0; i < 3; i++)
		open_one(&t, 1, i, now);
	t.list = 1;
	t.list_ns = now + 1;
	int dir;
	struct packet p = from(1, 0), q = from(1, 1);
	struct connection *on = connection_find(&t, &p, &dir),
			  *later = connection_find(&t, &q, &dir);
	if (!on || !later)
		fail();
	on->listed = 1;
	later->last_ns = now + 2;
	now += CONN_GONE_NS + 2;
	connections_sweep(&t, now, 16);
	assert_int_equal(t.used, 3); /* it has not ended yet */
	t.list_ended = true;
	connections_sweep(&t, now, 16);
	assert_int_equal(t.used, 2);
	assert_ptr_equal(connection_find(&t, &p, &dir), on);
	assert_ptr_equal(connection_find(&t, &q, &dir), later);
	connections_free(&t);
}

/* What a flood made resident goes back; what is in use stays, and so do a few places that the next
 * connections will have. */
static void memory_of_free_places_is_given_back(void **state)
{
	(void)state;
	struct connections t;
	enum { FLOOD = CONN_WARM + 8, PLACES = FLOOD + 8 };
	unsigned char in_core[PLACES * 2 * HALF_BUF / 4096];
	if (sysconf(_SC_PAGESIZE) != 4096)
		skip();
	assert_true(connections_init(&t, PLACES, 0, key));
	struct connection *keep = open_one(&t, 1, 0, SEC), *go[FLOOD];
	memset(keep->h[1].buf, 7, HALF_BUF);
	for (unsigned i = 0; i < FLOOD; i++) {
		go[i] = open_one(&t, 2, i, SEC);
		memset(go[i]->h[0].buf, 7, 2 * HALF_BUF);
	}
	for (unsigned i = 0; i < FLOOD; i++) {
		connection_drop(&t, go[i]);
		if (i + 1 != CONN_WARM && i + 1 != FLOOD)
			continue;
		connections_sweep(&t, SEC, PLACES);
		unsigned n = 0, left = i + 1 == FLOOD ? 0 : FLOOD * 2;
		assert_int_equal(mincore(t.bufs, sizeof(in_core) * 4096, in_core), 0);
		for (size_t k = 0; k < sizeof(in_core); k++)
			n += in_core[k] & 1;
		assert_int_equal(n, (1 + left) * (HALF_BUF / 4096));
	}
	assert_int_equal(keep->h[1].buf[HALF_BUF - 1], 7);
	connections_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_agrees_with_a_recount),
		cmocka_unit_test(the_table_is_shared_fairly),
		cmocka_unit_test(the_many_go_at_once),
		cmocka_unit_test(what_is_not_on_the_list_ends),
		cmocka_unit_test(memory_of_free_places_is_given_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
