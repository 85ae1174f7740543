/* SPDX-License-Identifier: MIT
 *
 * DNP3 fragments of several frames. Stations differ in what they join, ignore and
 * drop; where they do, the frame is refused, so that what a station puts together
 * can only be what was put together here:
 *
 *  - confirmed user data: whether a station takes a frame of it depends on its link
 *    state, which nobody else can know. A request of it is one frame. Responses of
 *    several are ordinary; there its frame count bit must alternate;
 *  - frames of two stations' responses in turn, to one master on one connection: some
 *    masters join what comes from any station (zoned-peers(7)). Only a policy with
 *    interleaved_responses permits it. Else a first segment ends the other station's
 *    response. Where a master may not have taken it (confirmed data, datagrams), what
 *    follows must not have the number that the other's next segment would have, for
 *    DNP_HOLD_NS. What is whole in its frame may always come;
 *  - a request's first segment while its fragment is open, a gap, a repeat with
 *    other content, another source or link function in the middle, broadcasts in
 *    several segments: refused, and so is what would continue the fragment;
 *  - the same frame once more changes nothing: some stations would drop the
 *    fragment, so the copy is taken out. Of confirmed data it goes on, for its
 *    sender waits for the acknowledgement;
 *  - over UDP a request is whole in its datagram, of which the network may lose any;
 *  - a station that collects the segments of all its connections in one place gets
 *    requests of several frames from one connection at a time (gate-station.h).
 */
#include <netinet/in.h>
#include <string.h>

#include "base/siphash.h"
#include "proto/dnp3/gate.h"

#define QUIET_NS (10 * SEC) /* a refused fragment's further frames need no record for so long */

static struct dnp_collects *collects_of(struct pass *c)
{
	return &dnp_of(c->f)->in[c->dir];
}

/* The collection of this pair. src UINT32_MAX: an open one of any station that sends to dst. NULL:
 * none. */
static struct dnp_collect *dnp_find(struct dnp_collects *v, uint32_t src, uint16_t dst)
{
	for (unsigned i = 0; i < v->used; i++)
		if (v->v[i].at_ns && v->v[i].s.dst == dst &&
		    (src == UINT32_MAX ? v->v[i].s.open : v->v[i].s.src == src))
			return &v->v[i];
	return NULL;
}

/* Rather kept: what a master may wait for. */
static bool is_older(const struct dnp_collect *k, const struct dnp_collect *than)
{
	return !k->awaited == !than->awaited ? k->at_ns < than->at_ns : !k->awaited;
}

/* Begin a collection for this pair; if none is free the oldest is replaced. */
static struct dnp_collect *dnp_begin(struct dnp_collects *v, const struct dnp_link *l)
{
	struct dnp_collect *to = &v->v[0];
	if (v->used < DNP_SERIES_MAX)
		to = &v->v[v->used++];
	else
		for (unsigned i = 1; i < DNP_SERIES_MAX; i++)
			if (is_older(&v->v[i], to))
				to = &v->v[i];
	*to = (struct dnp_collect){ .s = { .src = l->src, .dst = l->dst } };
	return to;
}

/* ---- places ---- */

static bool dnp_in_use(const struct dnp_place *places, unsigned i)
{
	const struct dnp_place *p = &places[i];
	return p->owner && p->owner->state != CONN_FREE && p->owner->proto == PROTO_DNP3 &&
	       p->of->s.open && p->of->place == i + 1;
}

/* Free; else the oldest, of this source when it has its share. */
static unsigned dnp_find_place(const struct pass *c, const struct dnp_place *places)
{
	unsigned own = 0, none = DNP_PLACES, oldest = none, oldest_own = none;
	for (unsigned i = 0; i < DNP_PLACES; i++) {
		if (!dnp_in_use(places, i)) {
			none = i;
			continue;
		}
		if (oldest == DNP_PLACES || places[i].of->at_ns < places[oldest].of->at_ns)
			oldest = i;
		if (!addr_eq(&places[i].owner->client, &c->f->client))
			continue;
		own++;
		if (oldest_own == DNP_PLACES || places[i].of->at_ns < places[oldest_own].of->at_ns)
			oldest_own = i;
	}
	return own >= DNP_PLACES_SHARE ? oldest_own : none < DNP_PLACES ? none : oldest;
}

static void take_place(struct pass *c, struct dnp_collect *k)
{
	struct dnp_place *places = c->in->shared[PROTO_DNP3];
	const struct pol_dnp_head *head = c->pol ? policy_head(c->in->img, c->pol) : NULL;
	unsigned i = dnp_find_place(c, places);
	if (dnp_in_use(places, i)) /* what its owner sends on continues nothing */
		places[i].of->s.open = false;
	places[i].owner = c->f;
	places[i].of = k;
	k->place = (uint16_t)(i + 1);
	k->s.buf = places[i].bytes;
	k->s.max = head ? head->max_fragment : DNP_FRAGMENT_MAX;
}

static bool holds_place(const struct pass *c, const struct dnp_collect *k)
{
	const struct dnp_place *places = c->in->shared[PROTO_DNP3];
	return k->place && places[k->place - 1].owner == c->f && places[k->place - 1].of == k;
}

/* ---- judgement of a segment ---- */

static uint64_t sum_frame(const struct pass *c, const uint8_t *p, size_t n)
{
	uint64_t w[DNP_FRAME_MAX / 8 + 2] = { n };
	memcpy(w + 1, p, n);
	return siphash_words(c->in->connections.key, w, n / 8 + 2);
}

static bool is_request(const struct dnp_msg *m)
{
	return m->link.dir;
}

static struct dnp_holder holder_of(const struct pass *c, const struct dnp_link *l, bool request)
{
	const struct connection *f = c->f;
	uint64_t w[5];
	memcpy(w, f->client.b, 16);
	memcpy(w + 2, f->server.b, 16);
	w[4] = (uint64_t)f->cport << 32 | (uint64_t)f->sport << 16 | (uint64_t)f->l4 << 8 |
	       f->client.family;
	return (struct dnp_holder){
		.station = request ? c->pkt.dst : c->pkt.src,
		.link = request ? l->dst : l->src,
		.who = siphash_words(c->in->connections.key, w, 5),
		.now = c->raw->now_ns,
	};
}

/* Is the rest of the fragment that begins with the frame of n octets at p behind it in this
 * datagram, and nothing between? */
static bool ends_in_datagram(const struct pass *c, const uint8_t *p, size_t n)
{
	enum { CONTROL = 3, ADDRESSES = 4 };
	const uint8_t *end = c->pkt.data + c->pkt.len, *first = p + CONTROL;
	for (int len = (int)n; (size_t)(end - p) > (size_t)len;) {
		enum reason why;
		p += len;
		len = dnp3_frame(p, (size_t)(end - p), &why);
		if (len <= DNP_HEAD || (size_t)len > (size_t)(end - p) || (p[DNP_HEAD] >> 6 & 1) ||
		    memcmp(p + CONTROL, first, 1 + ADDRESSES) != 0)
			return false;
		if (p[DNP_HEAD] >> 7)
			return true;
	}
	return false;
}

static bool dnp_is_whole(const struct dnp_msg *m)
{
	return m->tr_fir && m->tr_fin;
}

/* The open collection of any source that sends to dst. NULL: none in the last DNP_HOLD_NS. No
 * station limits the time for which its fragment is open, but each takes the next first segment for
 * the beginning of another. */
static struct dnp_collect *open_to(struct dnp_collects *v, uint16_t dst, uint64_t now)
{
	struct dnp_collect *k = dnp_find(v, UINT32_MAX, dst);
	if (k && now - k->at_ns > DNP_HOLD_NS)
		k->s.open = false;
	return k && k->s.open ? k : NULL;
}

/* A request's segment, before it is collected: what stations would do different things with. */
static enum reason dnp_judge_request(struct pass *c, const struct dnp_msg *m,
				     const struct dnp_collect *k)
{
	const struct dnp_link *l = &m->link;
	const struct dnp_collect *open = open_to(collects_of(c), l->dst, c->raw->now_ns);
	if (!dnp_is_whole(m) && l->func == DNP_CONFIRMED)
		return R_DNP_CONFIRMED;
	if (!dnp_is_whole(m) && l->dst >= DNP_ADDR_SELF)
		return R_DNP_BROADCAST_PARTS;
	if (open && (open != k || m->tr_fir))
		return R_DNP_SEGMENT;
	if (!open && !m->tr_fir)
		return R_DNP_SEGMENT;
	if (dnp_is_whole(m) || !c->stance->waits)
		return R_NONE;
	struct dnp_holder h = holder_of(c, l, true);
	return dnp_station_hold(dnp_stations_of(c), &h, !m->tr_fir) ? R_NONE : R_DNP_STATION;
}

/* ---- and of a response's ---- */

static bool counts_rightly(const struct dnp_msg *m, const struct dnp_collect *k)
{
	bool open = m->link.func == DNP_CONFIRMED && k && k->s.open;
	return !open || (!m->tr_fir && m->link.fcb != k->fcb);
}

static bool may_interleave(const struct pass *c)
{
	const struct pol_dnp_head *head = c->pol ? policy_head(c->in->img, c->pol) : NULL;
	return !head || head->interleaved_responses;
}

static bool is_of_another(const struct dnp_collect *k, const struct dnp_link *l)
{
	return k->at_ns && k->s.dst == l->dst && k->s.src != l->src;
}

/* Confirmed data a master may ignore, and a datagram may be lost. */
static bool surely_taken(const struct pass *c, const struct dnp_msg *m)
{
	return m->link.func != DNP_CONFIRMED && c->pkt.l4 == IPPROTO_TCP;
}

/* The first segment of m ends the responses of other stations: afterwards no segment of them
 * continues one, or is a copy. */
static void end_others(struct pass *c, const struct dnp_msg *m)
{
	struct dnp_collects *v = collects_of(c);
	for (unsigned i = 0; i < v->used; i++) {
		struct dnp_collect *k = &v->v[i];
		if (!is_of_another(k, &m->link))
			continue;
		if (k->s.open) {
			k->ended_by_other = true;
			k->other = m->link.src;
		}
		k->s.open = false;
		k->sum = 0;
		if (surely_taken(c, m))
			k->awaited = 0;
	}
}

/* The station whose unfinished response a master may continue with the segment of m; NULL: none. */
static const struct dnp_collect *another_awaits(const struct dnp_collects *v,
						const struct dnp_msg *m, uint64_t now)
{
	for (unsigned i = 0; i < v->used; i++)
		if (is_of_another(&v->v[i], &m->link) && (v->v[i].awaited >> m->tr_seq & 1) &&
		    now - v->v[i].went_ns <= DNP_HOLD_NS)
			return &v->v[i];
	return NULL;
}

static enum reason judge_between(struct pass *c, const struct dnp_msg *m,
				 const struct dnp_collect *k, struct dnp_piece *out)
{
	const struct dnp_collect *another = another_awaits(collects_of(c), m, c->raw->now_ns);
	bool ended = k && !k->s.open && k->ended_by_other;
	if (m->tr_fir)
		end_others(c, m);
	if (m->tr_fir || (!ended && (surely_taken(c, m) || !another)))
		return R_NONE;
	out->has_other = true;
	out->other = ended ? k->other : another->s.src;
	return R_DNP_INTERLEAVED;
}

static enum reason dnp_judge_response(struct pass *c, const struct dnp_msg *m,
				      const struct dnp_collect *k, struct dnp_piece *out)
{
	if (!counts_rightly(m, k))
		return R_DNP_SEGMENT;
	return dnp_is_whole(m) || may_interleave(c) ? R_NONE : judge_between(c, m, k, out);
}

/* Note the segment number for which a master that took this segment of a response waits now. */
static void await_next(const struct pass *c, const struct dnp_msg *m, struct dnp_collect *k)
{
	if (is_request(m))
		return;
	if (surely_taken(c, m))
		k->awaited = 0;
	k->awaited |= UINT64_C(1) << ((m->tr_seq + 1) & 63);
	k->went_ns = c->raw->now_ns;
}

static enum reason collect(struct pass *c, const struct dnp_msg *m, struct dnp_collect **k,
			   struct dnp_piece *out)
{
	struct dnp_collects *v = collects_of(c);
	enum reason why =
		is_request(m) ? dnp_judge_request(c, m, *k) : dnp_judge_response(c, m, *k, out);
	bool whole;
	if (why != R_NONE)
		return why;
	if (dnp_is_whole(m)) {
		if (*k) {
			(*k)->s.open = (*k)->complete = false;
			if (surely_taken(c, m))
				(*k)->awaited = 0;
		}
		*out = (struct dnp_piece){ .p = m->link.user + 1, .n = m->link.n - 1u };
		return R_NONE;
	}
	if (m->tr_fir) {
		if (!*k)
			*k = dnp_begin(v, &m->link);
		**k = (struct dnp_collect){ .holds = is_request(m) && c->pol,
					    .went_ns = (*k)->went_ns,
					    .awaited = surely_taken(c, m) ? 0 : (*k)->awaited };
		take_place(c, *k);
	} else if (!*k || !(*k)->s.open || !holds_place(c, *k)) {
		return R_DNP_SEGMENT;
	}
	why = dnp3_segment(&(*k)->s, &m->link, &whole);
	(*k)->complete = why == R_NONE && whole;
	if ((*k)->complete)
		*out = (struct dnp_piece){ .p = (*k)->s.buf, .n = (*k)->s.n };
	else if (why == R_NONE)
		await_next(c, m, *k);
	return why;
}

/* The frame before, once more: in the middle of a fragment, or of its end. */
static bool is_copy(const struct dnp_msg *m, const struct dnp_collect *k, uint64_t sum)
{
	return k && k->sum == sum && !k->told_ns && !dnp_is_whole(m);
}

/* One record for a fragment, however many frames it has. */
static void note_refused(struct pass *c, const struct dnp_msg *m, struct dnp_collect *k,
			 struct dnp_piece *out)
{
	uint64_t now = c->raw->now_ns;
	if (!k)
		k = dnp_begin(collects_of(c), &m->link);
	out->quiet = !m->tr_fir && k->told_ns && now - k->told_ns <= QUIET_NS;
	if (!out->quiet)
		k->told_ns = now;
	if (m->tr_fin)
		k->told_ns = 0;
	k->s.open = false;
	k->s.src = m->link.src;
	k->s.dst = m->link.dst;
	k->sum = 0;
	k->at_ns = now;
}

enum reason dnp_collect(struct pass *c, const struct dnp_msg *m, const uint8_t *p, size_t n,
			struct dnp_piece *out)
{
	struct dnp_collect *k = dnp_find(collects_of(c), m->link.src, m->link.dst);
	bool whole = dnp_is_whole(m);
	uint64_t sum = whole ? 0 : sum_frame(c, p, n);
	*out = (struct dnp_piece){ .p = NULL };
	if (is_copy(m, k, sum)) {
		k->at_ns = c->raw->now_ns;
		if (m->link.func == DNP_CONFIRMED)
			return R_NONE;
		out->copy = true;
		out->quiet = k->copied;
		k->copied = true;
		return R_DNP_REPEAT;
	}
	enum reason why = R_NONE;
	if (is_request(m) && m->tr_fir && !whole && c->pkt.l4 == IPPROTO_UDP &&
	    !ends_in_datagram(c, p, n))
		why = R_DNP_DATAGRAM;
	if (why == R_NONE)
		why = collect(c, m, &k, out);
	if (why != R_NONE) {
		note_refused(c, m, k, out);
	} else if (!whole) {
		k->at_ns = c->raw->now_ns;
		k->sum = sum;
		k->fcb = m->link.fcb;
	}
	return why;
}

void dnp_collect_end(struct pass *c, const struct dnp_link *l)
{
	struct dnp_collect *k = dnp_find(collects_of(c), l->src, l->dst);
	if (k) {
		k->s.open = false;
		k->sum = 0;
	}
}

void dnp_collect_end_all(struct pass *c)
{
	struct dnp_collects *v = collects_of(c);
	for (unsigned i = 0; i < v->used; i++) {
		v->v[i].s.open = false;
		v->v[i].sum = 0;
	}
}

void dnp_collect_answered(struct pass *c, const struct dnp_link *l)
{
	struct dnp_collect *response = dnp_find(collects_of(c), l->src, l->dst);
	if (response && response->complete)
		response->awaited = 0;
	struct dnp_collect *k = dnp_find(&dnp_of(c->f)->in[!c->dir], l->dst, l->src);
	if (!k || !k->holds || k->s.open)
		return;
	struct dnp_holder h = holder_of(c, l, false);
	dnp_station_release(dnp_stations_of(c), &h);
	k->holds = false;
}

bool dnp_collecting(const struct dnp_state *s, uint16_t station)
{
	for (unsigned d = 0; d < 2; d++)
		for (unsigned i = 0; i < s->in[d].used; i++) {
			const struct dnp_series *k = &s->in[d].v[i].s;
			if (k->open && (k->dst == station || k->src == station))
				return true;
		}
	return false;
}
