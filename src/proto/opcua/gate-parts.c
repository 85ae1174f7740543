/* SPDX-License-Identifier: MIT
 *
 * OPC UA messages of several chunks.
 *
 * A server acts on a request when its last chunk is there, so chunks go on as
 * they come and the last one is judged with the whole. Bodies that policy
 * reads are put together in one of a few places that all connections of an
 * inspector share; a place belongs to the open connection whose state names it,
 * so nothing has to be given back when a connection ends. When all are in use, a
 * source that has many yields to one that has fewer; a connection notices the loss
 * of its place when the next part of its message comes. Responses are not put together: their
 * type and result stand in their first chunk.
 */
#include "proto/opcua/gate-internal.h"

static struct ua_place *places_of(const struct ua_look *k)
{
	return k->c->in->shared[PROTO_OPCUA];
}

static bool ua_in_use(const struct ua_place *places, unsigned i)
{
	const struct connection *f = places[i].owner;
	return f && f->state == CONN_OPEN && f->proto == PROTO_OPCUA &&
	       (ua_of(f)->way[0].place == i + 1 || ua_of(f)->way[0].raw == i + 1);
}

static unsigned places_of_source(const struct ua_place *places, const struct addr *client)
{
	unsigned n = 0;
	for (unsigned i = 0; i < UA_PARTS; i++)
		n += ua_in_use(places, i) && source_same(&places[i].owner->client, client);
	return n;
}

/* All places are in use: the one whose source has the most of them, and of these the oldest, if
 * that source yields to this one (share.h); else the oldest whose message does not come to its end.
 * Never another one of this connection, whose bytes may be needed for the same message. */
static unsigned place_that_yields(const struct ua_look *k)
{
	const struct ua_place *places = places_of(k);
	uint64_t now = k->c->raw->now_ns;
	unsigned own = places_of_source(places, &k->c->f->client), most = 0, found = UA_PARTS;
	for (unsigned i = 0; i < UA_PARTS; i++) {
		if (places[i].owner == k->c->f)
			continue;
		uint64_t age = now - places[i].since_ns;
		unsigned has = places_of_source(places, &places[i].owner->client);
		bool better = found == UA_PARTS || has > most ||
			      (has == most && places[i].since_ns < places[found].since_ns);
		if (!better || !(share_yields(has, own, age) || age > UA_PARTS_NS))
			continue;
		found = i;
		most = has;
	}
	return found;
}

/* One that nobody holds, or that can be taken. UA_PARTS: none. */
static unsigned ua_find_place(const struct ua_look *k)
{
	const struct ua_place *places = places_of(k);
	for (unsigned i = 0; i < UA_PARTS; i++)
		if (!ua_in_use(places, i))
			return i;
	return place_that_yields(k);
}

/* The place in which the message is put together; *held: its number plus 1, 0: none yet. begun: the
 * message began earlier, so no new place is taken. NULL: no place is free, or another connection
 * took this one. */
static struct ua_place *ua_place_of(struct ua_look *k, uint16_t *held, bool begun)
{
	struct ua_place *places = places_of(k);
	if (!*held) {
		unsigned i = begun ? UA_PARTS : ua_find_place(k);
		if (i == UA_PARTS)
			return NULL;
		*held = (uint16_t)(i + 1);
		places[i].owner = k->c->f;
		places[i].since_ns = k->c->raw->now_ns;
	}
	struct ua_place *p = &places[*held - 1];
	return p->owner == k->c->f ? p : NULL;
}

int ua_frame_in(const struct pass *c, const uint8_t *p, size_t n, enum reason *why)
{
	struct ua_state *s = ua_of(c->f);
	struct ua_way *w = &s->way[(c->dir == 1) != s->reverse];
	if (w->rest && w->at != c->f->h[c->dir].next)
		w->rest = 0; /* bytes were lost: only where nothing is enforced */
	if (w->rest) {
		uint32_t piece = w->rest < UA_PIECE ? w->rest : UA_PIECE;
		return (int)piece;
	}
	int size = ua_frame(p, n, why);
	return size > UA_CHUNK_MAX ? UA_PIECE : size;
}

enum reason ua_collect(struct ua_look *k, const uint8_t *p, size_t n, size_t size)
{
	struct ua_way *w = &k->s->way[k->answer];
	if (!w->rest) {
		w->rest = (uint32_t)size;
		w->got = 0;
		w->raw = k->unread ? UA_LOST : 0;
	}
	enum reason why = R_NONE;
	struct ua_place *to = NULL;
	if (!k->answer && w->raw != UA_LOST) {
		to = size <= UA_MESSAGE_MAX ? ua_place_of(k, &w->raw, w->got != 0) : NULL;
		why = size > UA_MESSAGE_MAX ? R_UA_SIZE : to ? R_NONE : R_UA_ROOM;
	}
	if (to)
		memcpy(to->bytes + w->got, p, n);
	w->got += (uint32_t)n;
	w->rest -= (uint32_t)n;
	w->at = k->c->f->h[k->c->dir].next + (uint32_t)n;
	k->chunk = to ? to->bytes : NULL;
	if (why != R_NONE)
		w->raw = UA_LOST; /* said once; where nothing is enforced the rest passes */
	else if (!w->rest && w->raw != UA_LOST)
		w->raw = 0; /* the bytes stay until the next message of this inspector */
	return why;
}

static void begin_again(struct ua_way *w)
{
	w->parting = w->has_type = w->has_result = false;
	w->have = w->chunks = 0;
	w->place = 0;
}

static enum reason add_request(struct ua_look *k)
{
	struct ua_way *w = &k->s->way[0];
	if (k->m.body_len > UA_MESSAGE_MAX - w->have)
		return R_UA_SIZE;
	if (k->m.chunk == 'F' && !w->parting) {
		k->body = k->m.body;
		k->body_len = k->m.body_len;
		return R_NONE;
	}
	struct ua_place *p = ua_place_of(k, &w->place, w->have != 0);
	if (!p)
		return R_UA_ROOM;
	if (k->m.body_len)
		memcpy(p->bytes + w->have, k->m.body, k->m.body_len);
	k->body = p->bytes;
	k->body_len = w->have + k->m.body_len;
	return R_NONE;
}

/* The type and result of a response, from its first chunk. */
static void note_response(struct ua_look *k)
{
	struct ua_way *w = &k->s->way[1];
	if (w->parting || k->m.chunk == 'A')
		return;
	(void)ua_body(k->m.body, k->m.body_len, true, NULL, &k->b);
	w->has_type =
		k->b.has_type && k->b.type.kind == UA_NUMERIC && k->b.type.number <= UINT16_MAX;
	w->type = (uint16_t)k->b.type.number;
	w->has_result = k->b.has_result;
	w->result = k->b.result;
}

/* Requests only: there are servers that send more than their client said it would take, and
 * that is for the client to refuse. */
static enum reason limits(const struct ua_look *k, const struct ua_way *w)
{
	uint64_t size = (uint64_t)w->have + k->m.body_len;
	if (k->answer || !k->head)
		return R_NONE;
	if ((w->max_message && size > w->max_message) ||
	    (w->max_chunks && w->chunks + 1 > w->max_chunks))
		return R_UA_SIZE;
	if (k->head->max_message && size > k->head->max_message)
		return R_UA_SIZE;
	return R_NONE;
}

enum reason ua_join(struct ua_look *k)
{
	struct ua_way *w = &k->s->way[k->answer];
	const struct ua_msg *m = &k->m;
	enum reason why = R_NONE;
	if (!w->parting)
		begin_again(w);
	if (m->readable && w->parting && m->reqid != w->reqid) {
		/* one message after the other; what a server mixes up harms nobody */
		why = k->answer ? R_NONE : R_UA_STATE;
		begin_again(w);
	}
	if (why == R_NONE)
		why = limits(k, w);
	if (why == R_NONE && m->readable && m->chunk != 'A' && !k->answer)
		why = add_request(k);
	if (m->readable && k->answer)
		note_response(k);
	k->whole = m->chunk == 'F';
	w->have += (uint32_t)m->body_len;
	w->chunks++;
	w->reqid = m->reqid;
	w->parting = m->chunk == 'C' && why == R_NONE;
	if (!w->parting)
		w->place = 0; /* its bytes stay until the next message of this inspector */
	return why;
}
