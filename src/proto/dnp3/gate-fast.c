/* SPDX-License-Identifier: MIT
 *
 * DNP3 and the in-kernel path: which polls and answers the program may take for
 * repeated (src/proto/dnp3/kernel.bpf.h), and the requests that it passed.
 */
#include <string.h>

#include "proto/dnp3/wire-objects.h"
#include "proto/dnp3/gate.h"
#include "proto/dnp3/kernel.h"

enum {
	F_READ = 1,
	F_RESPONSE = 129,
	TRANSPORT = DNP_HEAD,
	CONTROL = DNP_HEAD + 1,
	INDICATIONS = DNP_HEAD + 3
};

_Static_assert(FAST_WAIT_NS == DNP_WAIT_NS, "the program waits as long as the inspector");
_Static_assert((int)FAST_ANSWER_MAX == (int)DNP_FRAME_MAX, "any frame");

/* Offset in the frame of octet i of a fragment: behind the transport octet, CRCs skipped. */
static size_t place(size_t i)
{
	size_t user = i + 1;
	return DNP_HEAD + user + 2 * (user / DNP_BLOCK);
}

static bool is_crc(size_t i, size_t n)
{
	return i >= DNP_HEAD && ((i - DNP_HEAD) % (DNP_BLOCK + 2) >= DNP_BLOCK || i + 2 >= n);
}

/* A whole fragment in one plain frame, that asks for no confirmation. */
static bool dnp_fast_is_whole(const struct dnp_msg *m)
{
	return m->has_app && m->tr_fir && m->tr_fin && m->link.prm &&
	       m->link.func == DNP_UNCONFIRMED && m->app.fir && m->app.fin && !m->app.con &&
	       !m->app.uns && m->walk == R_NONE && m->link.src < DNP_ADDR_RESERVED &&
	       m->link.dst < DNP_ADDR_RESERVED;
}

/* Octet i, and its mask: 0xff where the next frame must have the same octet, else 0. */
static uint8_t *octet(struct fast_octets *v, size_t i)
{
	return (uint8_t *)&v[i / 8].v + i % 8;
}

static uint8_t *mask(struct fast_octets *v, size_t i)
{
	return (uint8_t *)&v[i / 8].mask + i % 8;
}

/* Store a frame of n octets, with the mask of those that are the same whenever it comes again: all
 * but sequence numbers and CRCs. */
static void put_frame(struct fast_octets *v, size_t room, const uint8_t *frame, size_t n)
{
	for (size_t i = 0; i < room; i++) {
		*octet(v, i) = i < n ? frame[i] : 0;
		*mask(v, i) = i < n && i != TRANSPORT && i != CONTROL && !is_crc(i, n) ? 0xff : 0;
	}
}

static bool same_ask(struct fast_poll *p, const uint8_t *frame, size_t n)
{
	bool same = p->ask_len == n;
	for (size_t i = 0; i < n && same; i++)
		same = *octet(p->ask, i) == frame[i] || !*mask(p->ask, i);
	return same;
}

/* The place of this request among the polls; the older one makes room for a new one. */
static uint8_t poll_of(struct dnp_fast *f, struct fast_dnp3 *d, const uint8_t *frame, size_t n)
{
	for (uint8_t i = 0; i < FAST_POLLS; i++)
		if (same_ask(&d->poll[i], frame, n))
			return i;
	uint8_t i = f->next_poll;
	f->next_poll = (uint8_t)((i + 1) % FAST_POLLS);
	d->poll[i].ask_len = (uint32_t)n;
	d->poll[i].answer_len = 0;
	put_frame(d->poll[i].ask, FAST_ASK_MAX, frame, n);
	return i;
}

/* Data that nobody judges, and whose length depends on the header alone. */
static bool is_free(const struct dnp_head *h)
{
	bool sized = h->shape == DNP_FIXED || h->shape == DNP_BITS || h->shape == DNP_PAIRS;
	return h->span == DNP_RANGE && !h->bare && !h->indexed && sized && h->data;
}

static void learn_answer(struct fast_poll *p, const uint8_t *frame, size_t n,
			 const struct dnp_app *a)
{
	struct dnp_walk w;
	struct dnp_head h = { .group = 0 };
	put_frame(p->answer, 8 * FAST_ANSWER_WORDS, frame, n);
	*mask(p->answer, INDICATIONS) = *mask(p->answer, INDICATIONS + 1) = 0;
	dnp_walk(&w, a);
	while (dnp_next(&w, &h)) {
		size_t at = is_free(&h) ? a->len - a->n_objs + (size_t)(h.data - a->objs) : 0;
		for (size_t i = 0; at && i < h.len && place(at + i) < n; i++)
			*mask(p->answer, place(at + i)) = 0;
	}
	p->answer_len = (uint32_t)n;
}

void fast_dnp_permitted(struct pass *c, const uint8_t *frame, size_t n, const struct dnp_msg *m)
{
	struct dnp_fast *f = dnp_fast_of(c->f);
	uint32_t slot = c->f->fast.slot;
	struct fast_dnp3 *d = slot ? fast_dnp3_of(&c->in->connections.fast.v[slot - 1]) : NULL;
	uint8_t poll = f->poll;
	f->poll = 0;
	if (!dnp_fast_is_whole(m) || (c->dir == 0) != m->link.dir)
		return;
	if (c->dir == 0 && m->app.func == F_READ && n <= FAST_ASK_MAX) {
		f->poll = (uint8_t)(1 + (d ? poll_of(f, d, frame, n) : 0));
		f->poll_seq = m->app.seq;
	}
	if (c->dir == 0 || !poll || m->app.func != F_RESPONSE || m->app.seq != f->poll_seq)
		return;
	if (d)
		learn_answer(&d->poll[poll - 1], frame, n, &m->app);
	f->answered = true;
}

static bool dnp_fast_fits(const struct pass *c)
{
	const struct connection *f = c->f;
	const struct dnp_state *st = dnp_of(f);
	bool known = false;
	/* the operate must come to us, and anything between */
	for (size_t i = 0; i < DNP_PAIRS_MAX; i++)
		if (st->pairs[i].selected_ns &&
		    c->raw->now_ns - st->pairs[i].selected_ns <= DNP_SELECT_MAX * SEC)
			return false;
	/* the program knows of its own requests only */
	for (size_t i = 0; i < DNP_ASKED_MAX; i++)
		if (dnp_waits(&st->requests[i], c->raw->now_ns))
			return false;
	if (!dnp_fast_of(c->f)->answered)
		return false;
	if (!f->fast.slot || f->fast.generation != f->image_gen)
		return true; /* to be claimed; polls are learned then */
	const struct fast_dnp3 *d = fast_dnp3_of(&c->in->connections.fast.v[f->fast.slot - 1]);
	for (size_t i = 0; i < FAST_POLLS; i++) {
		const uint8_t *ask = (const uint8_t *)&d->poll[i].ask[0].v;
		if (d->poll[i].ask_len && dnp_collecting(st, (uint16_t)(ask[4] | ask[5] << 8)))
			return false; /* messages that the program passes would end it */
		known |= d->poll[i].answer_len != 0;
	}
	return known;
}

static void dnp_fast_forget(struct fast_slot *s)
{
	struct fast_dnp3 *d = fast_dnp3_of(s);
	for (size_t i = 0; i < FAST_POLLS; i++)
		d->poll[i].ask_len = d->poll[i].answer_len = 0;
}

/* The newest time before now of which these are the lower bits, above 24. */
static uint64_t when(uint32_t at, uint64_t now)
{
	uint64_t t = ((now >> 24 & ~UINT64_C(0xffffffff)) | at) << 24;
	if (t > now + (1 << 25))
		t -= UINT64_C(1) << 56;
	return t < now ? t : now; /* the lowest bit only says that there is one */
}

/* Set the state that judging this request would have left. */
static void take_asked(struct connection *f, const struct fast_poll *p, uint64_t at, unsigned seq,
		       bool answered)
{
	const uint8_t *ask = (const uint8_t *)&p->ask[0].v;
	uint16_t dst = (uint16_t)(ask[4] | ask[5] << 8), src = (uint16_t)(ask[6] | ask[7] << 8);
	dnp_pair(dnp_of(f), src, dst, at);
	dnp_ask(dnp_of(f)->requests, &(struct dnp_asked){ .at_ns = at,
							  .dst = dst,
							  .src = src,
							  .seq = (uint8_t)seq,
							  .answered = answered });
}

static bool dnp_fast_take(struct pass *c, struct fast_slot *s)
{
	struct connection *f = c->f;
	const struct fast_dnp3 *d = fast_dnp3_of(s);
	const struct fast_asked *k = &d->asked;
	for (unsigned i = 0; i < FAST_POLLS; i++)
		for (unsigned seq = 0; seq < 16; seq++)
			if (k->at[i][seq])
				take_asked(f, &d->poll[i], when(k->at[i][seq], c->raw->now_ns), seq,
					   true);
	bool waits = s->n_pending && k->poll < FAST_POLLS;
	if (waits)
		take_asked(f, &d->poll[k->poll], k->ns, k->seq & 15, false);
	dnp_fast_of(f)->poll = waits ? (uint8_t)(k->poll + 1) : 0;
	dnp_fast_of(f)->poll_seq = (uint8_t)(k->seq & 15);
	return true;
}

static bool dnp_fast_give(struct pass *c, struct fast_slot *s)
{
	(void)c;
	fast_dnp3_of(s)->asked = (struct fast_asked){ .ns = 0 };
	return true;
}

const struct fast_ops fast_dnp3 = {
	.fits = dnp_fast_fits,
	.forget = dnp_fast_forget,
	.give = dnp_fast_give,
	.take = dnp_fast_take,
	.kept = fast_dnp3_kept,
};
