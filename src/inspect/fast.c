/* SPDX-License-Identifier: MIT
 * Giving a connection to the kernel, and taking it back. */
#include "inspect/fast.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "fastpath/policy.h"
#include "fastpath/slot.h"
#include "inspect/internal.h"

enum { NOBODY = 0xffffffff }; /* owner of a slot that the kernel does not let go of */

enum {
	/* packets before the first try: short connections are not worth it */
	WAIT_FIRST = 4,
	WAIT_MAX = 16,
	WAIT_ANSWER = 256, /* packets until the parent is asked again */
	WAIT_REFUSED = 4096,
	FEW = 8, /* packets: given back so soon, the next try comes later */
};

#define P(symbol, name, word, port, over) [PROTO_##symbol] = &fast_##name,
static const struct fast_ops *const ops[PROTO_N] = { PROTOCOLS(P) };
#undef P

_Static_assert((int)FAST_HOPS_MIN == (int)PACKET_HOPS_MIN, "both paths refuse the same");

bool fast_pool_init(struct fast_pool *p, struct fast_slot *v, uint32_t n, const uint64_t key[2])
{
	*p = (struct fast_pool){ .v = v };
	return !v || share_init(&p->share, n, key);
}

void fast_pool_free(struct fast_pool *p)
{
	share_free(&p->share);
}

void fast_release(struct fast_pool *p, struct fast_connection *f)
{
	if (!f->slot)
		return;
	if (fast_stop(&p->v[f->slot - 1]))
		share_leave(&p->share, f->slot);
	else /* that slot is never used again */
		p->share.v[f->slot - 1].owner = NOBODY;
	*f = (struct fast_connection){ .slot = 0 };
}

/* Note the interfaces of a direction. If the claim has others, a new claim is due. */
void fast_way(struct fast_connection *f, int dir, uint32_t in, uint32_t out)
{
	f->way[dir][0] = in;
	f->way[dir][1] = out;
	if (f->generation && (f->claimed[dir][0] != in || f->claimed[dir][1] != out))
		f->generation = 0;
}

bool fast_moved(const struct fast_pool *p, struct fast_connection *f)
{
	if (!f->given)
		return false;
	uint32_t n = __atomic_load_n(&p->v[f->slot - 1].packets, __ATOMIC_RELAXED);
	bool moved = n != f->seen;
	f->seen = n;
	return moved;
}

/* ---- back from the kernel ---- */

static bool take_half(const struct fast_kept *k, const struct fast_slot *s, int dir, struct half *h)
{
	const uint8_t *kept = (const uint8_t *)s + k->at;
	uint32_t n = s->next[dir] - s->from[dir], done = s->acked[dir] - s->from[dir];
	if (n > k->room + k->segment || done > n)
		return false;
	half_resume(h, s->acked[dir], s->next[dir], kept + done);
	h->last = n ? kept[n - 1] : s->last[dir];
	return true;
}

/* After few messages the stream is likely one that the kernel cannot follow. */
static void next_try(struct fast_connection *f, uint32_t passed)
{
	uint32_t step = passed >= FEW ? 0 : f->step < WAIT_MAX / 2 ? 2u * f->step + 1 : WAIT_MAX;
	f->step = f->wait = (uint16_t)step;
}

bool fast_take(struct pass *c)
{
	struct connection *f = c->f;
	if (!f->fast.given)
		return true;
	struct fast_slot *s = &c->in->connections.fast.v[f->fast.slot - 1];
	f->fast.given = false;
	if (!fast_stop(s))
		return false;
	for (int d = 0; d < 2; d++)
		if (!take_half(&ops[f->proto]->kept[d], s, d, &f->h[d]))
			return false;
	if (!ops[f->proto]->take(c, s))
		return false;
	f->kernel_packets += s->packets;
	next_try(&f->fast, s->packets);
	if (s->packets == 0) /* its entries may be gone (fastpath_unplug) */
		f->fast.generation = 0;
	return true;
}

/* ---- to the kernel ---- */

static bool fits(const struct pass *c)
{
	const struct connection *f = c->f;
	const struct fast_ops *o = ops[f->proto];
	return o->fits && f->state == CONN_OPEN && f->proven && f->l4 == IPPROTO_TCP &&
	       !f->ending && !f->syn_again && !follow_in_doubt(c) && half_at_rest(&f->h[0]) &&
	       half_at_rest(&f->h[1]) && f->h[0].len < o->kept[0].room &&
	       f->h[1].len < o->kept[1].room && o->fits(c);
}

static void give(struct pass *c)
{
	struct connection *f = c->f;
	struct fast_slot *s = &c->in->connections.fast.v[f->fast.slot - 1];
	s->packets = 0;
	s->head = s->n_pending = 0;
	s->serial = f->fast.serial;
	if (!ops[f->proto]->give(c, s))
		return;
	for (int d = 0; d < 2; d++) {
		const struct half *h = &f->h[d];
		s->next[d] = h->next;
		s->from[d] = s->acked[d] = h->base;
		s->last[d] = h->last;
		memcpy((uint8_t *)s + ops[f->proto]->kept[d].at, h->buf, h->len);
	}
	f->fast.seen = 0;
	f->fast.given = true;
	fast_start(s);
}

/* Time for which the kernel has passed nothing of the connection, in ns, as far as is known. */
static uint64_t unused_ns(struct connections *t, struct connection *f, uint64_t now)
{
	connection_moved(t, f, now);
	return now - f->last_ns;
}

/* All slots are in use: a connection of a source that has more of them goes on with the inspector.
 */
static void take_slot_from_another(struct pass *c)
{
	struct connections *t = &c->in->connections;
	uint64_t now = c->raw->now_ns;
	uint32_t has, own = share_has(&t->fast.share, &c->f->client);
	for (unsigned i = 0; i < SHARE_ASKED; i++) {
		uint32_t slot = share_candidate(&t->fast.share, i, &has),
			 owner = t->fast.share.v[slot - 1].owner;
		struct pass k = { .in = c->in,
				  .out = c->out,
				  .raw = c->raw,
				  .f = owner == NOBODY ? NULL : &t->v[owner] };
		pass_bind(&k, NULL);
		if (!k.f || k.f == c->f || !share_yields(has, own, unused_ns(t, k.f, now)))
			continue;
		if (!fast_take(&k)) { /* the slot's content is invalid: nothing of it may go on */
			connection_drop(t, k.f);
			return;
		}
		fast_release(&t->fast, &k.f->fast);
		k.f->fast.wait = k.f->fast.step = WAIT_MAX;
		return;
	}
}

static void claim(struct pass *c)
{
	struct connection *f = c->f;
	struct fast_pool *p = &c->in->connections.fast;
	bool unknown = !f->fast.slot || f->fast.learned != f->image_gen;
	if (!f->fast.slot && !p->share.free.n)
		take_slot_from_another(c);
	if (!f->fast.slot)
		f->fast.slot =
			share_enter(&p->share, &f->client, (uint32_t)(f - c->in->connections.v));
	f->fast.wait = WAIT_ANSWER;
	if (!f->fast.slot)
		return;
	if (unknown && ops[f->proto]->forget)
		ops[f->proto]->forget(&p->v[f->fast.slot - 1]);
	struct fast_claim k = { .client = f->client,
				.server = f->server,
				.cport = f->cport,
				.sport = f->sport,
				.slot = f->fast.slot - 1,
				.serial = ++p->serial };
	f->fast.serial = k.serial;
	f->fast.learned = f->image_gen;
	memcpy(k.way, f->fast.way, sizeof(k.way));
	memcpy(f->fast.claimed, f->fast.way, sizeof(f->fast.claimed));
	c->out->claim(c->out->ctx, &k);
}

void fast_offer(struct pass *c)
{
	struct connection *f = c->f;
	if (!c->in->connections.fast.v || !c->pol || !fits(c) || !fast_eligible(c->pol))
		return;
	if (!f->fast.slot && !f->fast.step)
		f->fast.step = f->fast.wait = WAIT_FIRST;
	if (f->fast.wait) {
		f->fast.wait--;
		return;
	}
	if (f->fast.generation == f->image_gen)
		give(c);
	else
		claim(c);
}

void inspect_claimed(struct inspect *in, const struct fast_claim *k)
{
	struct connection *f =
		connection_find_ends(&in->connections, &k->client, k->cport, &k->server, k->sport);
	if (!f || f->fast.slot != k->slot + 1 || f->fast.serial != k->serial)
		return; /* about a connection that had these ends or this slot before */
	/* things learned since may have been permitted by the generation before */
	bool same = f->fast.learned == k->generation &&
		    memcmp(f->fast.way, k->way, sizeof(k->way)) == 0;
	f->fast.generation = same ? k->generation : 0;
	f->fast.step = 0;
	f->fast.wait = k->generation ? 0 : WAIT_REFUSED;
}
