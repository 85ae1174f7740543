/* SPDX-License-Identifier: MIT
 *
 * The flow table against a plain model of it: whatever is opened, used, closed and
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

#include "inspect/flow.h"

enum { FLOWS = 64, SOURCES = 9, PORTS = 40, STEPS = 200000, CAP = 20 };

static const uint64_t key[2] = { 3, 4 };

static uint32_t next_random(uint64_t *s)	/* splitmix64 */
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

static unsigned source_of(const struct flow *f)
{
	return f->client.b[3];
}

static uint32_t list_length(const struct flows *t, const struct flow_list *l)
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
static void check_table(const struct flows *t)
{
	uint32_t open = 0, half = 0, closed = 0, by[SOURCES] = { 0 }, most = 0, sources = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct flow *f = &t->v[i];
		if (f->state == FLOW_FREE)
			continue;
		if (f->proven) {
			by[source_of(f)]++;
			open++;
		} else if (f->state == FLOW_CLOSED || f->state == FLOW_BLOCKED) {
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
			assert_int_equal(list_length(t, &e->flows), by[s]);
		assert_true(by[s] <= CAP);
		most = by[s] > most ? by[s] : most;
		sources += by[s] != 0;
	}
	const struct source *h = source_heaviest(&t->sources);
	assert_int_equal(h ? h->flows.n : 0, most);
	assert_int_equal(t->sources.used, sources);
	assert_int_equal(t->n_open, open);
	assert_true(open <= t->max_open);
	assert_int_equal(list_length(t, &t->half), half);
	assert_int_equal(list_length(t, &t->closed), closed);
	assert_int_equal(list_length(t, &t->free) + t->unused, t->n - open - half - closed);
	assert_int_equal(t->used, open + half + closed);
}

static void add(struct flows *t, const struct packet *p, uint64_t now)
{
	struct flow *v = flow_yields(t, now);
	if (v) {
		assert_int_equal(t->used, t->n);
		assert_false(v->proven);
		flow_drop(t, v);
	}
	assert_non_null(flow_add(t, p, true, PROTO_MODBUS, now));	/* the reserve: always */
}

static void prove(struct flows *t, struct flow *f, uint64_t now)
{
	struct flow *v;
	enum reason why = flow_admits(t, &f->client, now, &v);
	struct source *own = source_find(&t->sources, &f->client);
	uint32_t mine = own ? own->flows.n : 0;
	if (why != R_NONE) {
		assert_null(v);
		assert_true(why == R_SOURCE_LIMIT ? mine == CAP : t->n_open == t->max_open);
		return;
	}
	if (v) {	/* never of one that has fewer */
		assert_true(mine == CAP || t->n_open == t->max_open);
		assert_true(t->sources.v[v->source - 1].flows.n >= mine);
		uint32_t has = t->sources.v[v->source - 1].flows.n;
		assert_true(now - v->used_ns > FLOW_UNUSED_NS || has > FLOW_LIGHT * (mine + 1));
		flow_drop(t, v);
	}
	flow_prove(t, f, now);
}

static void step(struct flows *t, uint32_t r, uint64_t now)
{
	static const enum flow_state states[] = { FLOW_SYN, FLOW_OPEN, FLOW_CLOSED, FLOW_BLOCKED, FLOW_BLIND };
	struct packet p = from(r % SOURCES, r / SOURCES % PORTS);
	int dir;
	struct flow *f = flow_find(t, &p, &dir);
	unsigned what = r >> 24 & 15;
	if (!f)
		add(t, &p, now);
	else if (what < 9 && !f->proven && f->state != FLOW_CLOSED && f->state != FLOW_BLOCKED)
		prove(t, f, now);
	else if (what < 13)
		flow_used(t, f, now);
	else if (what < 15)
		flow_turn(t, f, states[(r >> 28) % 5], now);
	else
		flow_drop(t, f);
}

static void table_agrees_with_a_recount(void **state)
{
	(void)state;
	struct flows t;
	uint64_t seed = 1, now = SEC;
	assert_true(flows_init(&t, FLOWS, CAP, key));
	for (unsigned i = 0; i < STEPS; i++) {
		now += next_random(&seed) % (SEC / 20);
		step(&t, next_random(&seed), now);
		if (i % 16 == 0)
			check_table(&t);
		if (i % 1000 == 0)
			flows_sweep(&t, now, FLOWS);
	}
	/* everything ends in its time, and leaves nothing */
	flows_sweep(&t, now + FLOW_IDLE_NS + 1, FLOWS);
	assert_int_equal(t.used, 0);
	assert_int_equal(t.sources.used, 0);
	check_table(&t);
	flows_free(&t);
}

static struct flow *open_one(struct flows *t, unsigned source, unsigned port, uint64_t now)
{
	struct packet p = from(source, port);
	add(t, &p, now);
	int dir;
	struct flow *f = flow_find(t, &p, &dir);
	flow_turn(t, f, FLOW_OPEN, now);
	prove(t, f, now);
	return f;
}

/* Who filled the table with what it does not use gives way to who has little. */
static void the_table_is_shared_fairly(void **state)
{
	(void)state;
	struct flows t;
	struct flow *v;
	uint64_t now = SEC;
	assert_true(flows_init(&t, 16, 0, key));
	for (unsigned i = 0; i < 14; i++)
		assert_true(open_one(&t, i < 10 ? 1 : 2 + i % 2, i, now)->proven);
	struct packet p = from(3, 30);
	for (uint32_t i = 0; i < t.n; i++)	/* all had a message long ago */
		t.v[i].useful = t.v[i].proven;
	assert_int_equal(flow_admits(&t, &p.src, now, &v), R_FLOW_LIMIT);
	now += FLOW_STALE_NS + 1;
	/* one that is used stays; the next in age goes */
	struct packet used = from(1, 0);
	int dir;
	flow_used(&t, flow_find(&t, &used, &dir), now);
	assert_int_equal(flow_admits(&t, &p.src, now, &v), R_NONE);
	assert_int_equal(source_of(v), 1);
	assert_int_equal(v->cport, 1001);
	assert_true(open_one(&t, 3, 20, now)->proven);
	for (unsigned i = 21; i < 34; i++)	/* up to as many as the others have, not more */
		open_one(&t, 3, i, now);
	struct source *e = source_find(&t.sources, &p.src);
	assert_in_range(e->flows.n, 5, 6);
	flows_free(&t);
}

/* Who has nothing does not wait for those of who has many, silent or in use; who has as much does. */
static void the_many_go_at_once(void **state)
{
	(void)state;
	struct flows t;
	struct flow *v;
	assert_true(flows_init(&t, 16, 0, key));
	for (unsigned i = 0; i < 14; i++)
		open_one(&t, 1 + i % 2, i, SEC);
	struct packet p = from(3, 0), q = from(1, 50);
	assert_int_equal(flow_admits(&t, &q.src, SEC, &v), R_FLOW_LIMIT);
	assert_int_equal(flow_admits(&t, &p.src, SEC, &v), R_NONE);
	assert_non_null(v);
	/* those with a good message, too, and the least used of them */
	for (uint32_t i = 0; i < t.n; i++)
		if (t.v[i].proven)
			flow_used(&t, &t.v[i], SEC);
	assert_int_equal(flow_admits(&t, &p.src, SEC, &v), R_NONE);
	flows_free(&t);
}

/* What the kernel's list is without has ended, unless it is newer than the list. */
static void what_is_not_on_the_list_ends(void **state)
{
	(void)state;
	struct flows t;
	uint64_t now = SEC;
	assert_true(flows_init(&t, 16, 0, key));
	for (unsigned i = 0; i < 3; i++)
		open_one(&t, 1, i, now);
	t.list = 1;
	t.list_ns = now + 1;
	int dir;
	struct packet p = from(1, 0), q = from(1, 1);
	struct flow *on = flow_find(&t, &p, &dir), *later = flow_find(&t, &q, &dir);
	if (!on || !later)
		fail();
	on->listed = 1;
	later->last_ns = now + 2;
	now += FLOW_GONE_NS + 2;
	flows_sweep(&t, now, 16);
	assert_int_equal(t.used, 3);	/* it has not ended yet */
	t.list_ended = true;
	flows_sweep(&t, now, 16);
	assert_int_equal(t.used, 2);
	assert_ptr_equal(flow_find(&t, &p, &dir), on);
	assert_ptr_equal(flow_find(&t, &q, &dir), later);
	flows_free(&t);
}

/* What a flood made resident goes back; what is in use stays. */
static void memory_of_free_places_is_given_back(void **state)
{
	(void)state;
	struct flows t;
	unsigned char in_core[16 * 2 * HALF_BUF / 4096];
	if (sysconf(_SC_PAGESIZE) != 4096)
		skip();
	assert_true(flows_init(&t, 16, 0, key));
	struct flow *keep = open_one(&t, 1, 0, SEC), *go[8];
	memset(keep->h[1].buf, 7, HALF_BUF);
	for (unsigned i = 0; i < 8; i++) {
		go[i] = open_one(&t, 2, i, SEC);
		memset(go[i]->h[0].buf, 7, 2 * HALF_BUF);
	}
	for (unsigned i = 0; i < 8; i++)
		flow_drop(&t, go[i]);
	flows_sweep(&t, SEC, 16);
	unsigned n = 0;
	assert_int_equal(mincore(t.bufs, sizeof(in_core) * 4096, in_core), 0);
	for (size_t i = 0; i < sizeof(in_core); i++)
		n += in_core[i] & 1;
	assert_int_equal(n, HALF_BUF / 4096);
	assert_int_equal(keep->h[1].buf[HALF_BUF - 1], 7);
	flows_free(&t);
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
