/* SPDX-License-Identifier: MIT
 *
 * OPC UA and the in-kernel path: which requests the program may take for repeated
 * (src/proto/opcua/kernel.bpf.h), and the channel's numbers there and back.
 */
#include "proto/opcua/gate-internal.h"
#include "proto/opcua/kernel.h"

enum {
	STAMP = 12, /* time and handle of a request */
	/* of a chunk: where token, sequence number and RequestId are, up to the body */
	TOKEN = 12,
	TYPE = 24,
	ACK = 8, /* a subscription and the number of one of its notifications */
};

_Static_assert((int)FAST_UA_WAITS <= (int)UA_PENDING, "all that waits comes back");
_Static_assert((int)FAST_UA_REQ_SEGMENT <= (int)UA_CHUNK_LEAST,
	       "no limit of the size of a request's chunk is smaller");

static size_t words(size_t n)
{
	return (n + 7) / 8;
}

static void leave_free(uint8_t *mask, size_t n, size_t at, size_t len)
{
	for (size_t i = at; i < at + len && i < n; i++)
		mask[i] = 0;
}

/* 0xff where the next request of this kind must have the same byte. */
static void mask_of(const struct ua_look *k, const uint8_t *chunk, size_t n,
		    uint8_t mask[FAST_UA_REQ_SEGMENT])
{
	size_t signature = (size_t)(chunk + n - (k->body + k->body_len));
	memset(mask, 0xff, n);
	leave_free(mask, n, TOKEN, TYPE - TOKEN);
	leave_free(mask, n, (size_t)(k->b.stamp - chunk), STAMP);
	leave_free(mask, n, n - signature, signature);
	if (k->b.service != ua_service_by_name("publish"))
		return;
	size_t at = (size_t)(k->b.fields - chunk) + 4; /* behind their count */
	for (; at + ACK <= n - signature; at += ACK)
		leave_free(mask, n, at + 4, 4);
}

/* Offset in the pool of the bits of the shape's mask. */
static size_t bits_at(const struct fast_shape *t)
{
	return t->at + 8 * words(t->len);
}

static bool ua_fast_has(const struct fast_opcua *u, const struct fast_shape *t,
			const uint8_t *chunk, size_t n)
{
	bool same = t->len == n;
	for (size_t i = 0; i < n && same; i++)
		same = u->pool[t->at + i] == chunk[i] ||
		       !(u->pool[bits_at(t) + i / 8] >> fast_bit(i) & 1);
	return same;
}

/* The next free place in the pool; when there is none all others go. */
static struct fast_shape *new_shape(struct fast_opcua *u, size_t n)
{
	size_t need = 8 * words(n) + 8 * words(words(n));
	const struct fast_shape *last = u->ch.n_shapes ? &u->shape[u->ch.n_shapes - 1] : NULL;
	size_t at = last ? bits_at(last) + 8 * words(words(last->len)) : 0;
	if (at + need > FAST_POOL || u->ch.n_shapes == FAST_SHAPES)
		at = u->ch.n_shapes = 0;
	u->shape[u->ch.n_shapes] = (struct fast_shape){ .at = (uint16_t)at, .len = (uint16_t)n };
	memset(u->pool + at, 0, need);
	return &u->shape[u->ch.n_shapes++];
}

static void ua_fast_learn(struct fast_opcua *u, const struct ua_look *k, const uint8_t *chunk,
			  size_t n)
{
	uint8_t mask[FAST_UA_REQ_SEGMENT];
	for (uint32_t i = 0; i < u->ch.n_shapes; i++)
		if (ua_fast_has(u, &u->shape[i], chunk, n))
			return;
	mask_of(k, chunk, n, mask);
	struct fast_shape *t = new_shape(u, n);
	t->answer = k->b.service->response;
	t->changes = ua_changes(&k->b);
	memcpy(u->pool + t->at, chunk, n);
	for (size_t i = 0; i < n; i++)
		if (mask[i])
			u->pool[bits_at(t) + i / 8] |= (uint8_t)(1u << fast_bit(i));
}

void fast_ua_permitted(struct ua_look *k, const uint8_t *chunk, size_t n)
{
	const struct fast_connection *f = &k->c->f->fast;
	if (!f->slot || k->answer || k->m.type != UA_MSG || k->m.chunk != 'F' ||
	    k->s->way[0].chunks != 1)
		return;
	struct fast_opcua *u = fast_opcua_of(&k->c->in->connections.fast.v[f->slot - 1]);
	if (!k->m.readable)
		u->ch.permitted = k->s->mode == UA_MODE_ENCRYPT;
	/* a session's own requests change what its others may do */
	else if (n == k->m.size && n <= FAST_UA_REQ_SEGMENT && k->body && k->has_body &&
		 k->b.service && k->b.stamp && !(k->b.service->classes & (UA_SESSION | UA_CHANNEL)))
		ua_fast_learn(u, k, chunk, n);
}

/* An open channel, both ends of which are between two messages. */
static bool ua_fast_fits(const struct pass *c)
{
	const struct ua_state *st = ua_of(c->f);
	const struct fast_connection *f = &c->f->fast;
	if (st->stage != UA_OPENED || !st->channel_open || st->adopted || st->reverse ||
	    !st->policy || st->mode == UA_MODE_INVALID || st->n_tokens == 0 ||
	    st->n_pending > FAST_UA_WAITS || st->n_older != 0)
		return false;
	/* the program looks at no limit of a chunk's size, so none may be below what it passes */
	if (st->way[1].max_chunk && st->way[1].max_chunk < FAST_UA_RESP_SEGMENT)
		return false;
	for (int d = 0; d < 2; d++)
		if (st->way[d].parting || st->way[d].rest ||
		    (st->mode != UA_MODE_ENCRYPT && !st->way[d].seq_known))
			return false;
	if (!f->slot || f->generation != c->f->image_gen)
		return true; /* to be claimed; requests are learned then */
	const struct fast_channel *u = &fast_opcua_of(&c->in->connections.fast.v[f->slot - 1])->ch;
	return st->mode == UA_MODE_ENCRYPT ? u->permitted : u->n_shapes != 0;
}

static void ua_fast_forget(struct fast_slot *s)
{
	struct fast_channel *u = &fast_opcua_of(s)->ch;
	u->n_shapes = u->permitted = 0;
}

static bool ua_fast_give(struct pass *c, struct fast_slot *s)
{
	const struct ua_state *st = ua_of(c->f);
	struct fast_channel *u = &fast_opcua_of(s)->ch;
	for (unsigned i = 0; i < st->n_pending; i++) {
		const struct ua_service *asked = ua_service_by_id(st->pending[i].request);
		if (!asked)
			return false;
		u->wait[i] =
			(struct fast_wait){ .id = st->pending[i].id, .answer = asked->response };
	}
	u->n_waits = st->n_pending;
	u->id = st->channel;
	u->n_tokens = st->n_tokens;
	for (unsigned i = 0; i < UA_TOKENS; i++)
		u->token[i] = st->tokens[i];
	for (unsigned d = 0; d < 2; d++)
		u->seq[d] = st->way[d].next_seq;
	u->opaque = st->mode == UA_MODE_ENCRYPT;
	u->block = st->policy->block ? st->policy->block : 1;
	u->signature = st->policy->signature;
	return true;
}

static bool ua_fast_take(struct pass *c, struct fast_slot *s)
{
	struct ua_state *st = ua_of(c->f);
	const struct fast_channel *u = &fast_opcua_of(s)->ch;
	uint32_t n = u->n_waits;
	if (n > FAST_UA_WAITS)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct ua_service *asked = ua_service_by_id(u->wait[i].answer);
		if (!asked)
			return false;
		st->pending[i] = (struct ua_pending){ .id = u->wait[i].id,
						      .request = asked->request,
						      .at_ns = c->raw->now_ns };
	}
	st->n_pending = n;
	for (unsigned d = 0; d < 2; d++)
		st->way[d].next_seq = u->seq[d];
	return true;
}

const struct fast_ops fast_opcua = {
	.fits = ua_fast_fits,
	.forget = ua_fast_forget,
	.give = ua_fast_give,
	.take = ua_fast_take,
	.kept = fast_opcua_kept,
};
