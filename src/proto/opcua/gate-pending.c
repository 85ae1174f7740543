/* SPDX-License-Identifier: MIT
 *
 * OPC UA requests that wait for an answer.
 *
 * The newest UA_PENDING are known one by one: an answer has the RequestId of one of them, and
 * is of its service. Clients are free to ask more at a time (a publish request for each of many
 * subscriptions, a thousand reads at once); of what is older only the number is kept, by
 * service, so that an answer is still one of a service that was asked for, and there are never
 * more answers than requests.
 *
 * A ServiceFault, and an answer that was given up, do not show whose they are. Such an answer to
 * an older request takes one off the whole only, so the numbers by service may be too high by as
 * many, but never their sum: n_older holds for all of them.
 */
#include "proto/opcua/gate-internal.h"

enum { UNKNOWN_SERVICE = UA_SERVICES - 1 }; /* asked where nothing is enforced */

static unsigned row_of(const struct ua_service *service)
{
	size_t row = service ? (size_t)(service - ua_services) : UNKNOWN_SERVICE;
	return row < UNKNOWN_SERVICE ? (unsigned)row : UNKNOWN_SERVICE;
}

static void remove_pending(struct ua_state *s, unsigned i)
{
	s->n_pending--;
	memmove(&s->pending[i], &s->pending[i + 1], (s->n_pending - i) * sizeof(s->pending[0]));
}

/* One that is not waited for any more: old, and no publish request. */
static bool remove_stale(const struct ua_look *k)
{
	struct ua_state *s = k->s;
	uint64_t now = k->c->raw->now_ns;
	const struct ua_service *publish = ua_service_by_name("publish");
	for (unsigned i = 0; i < s->n_pending; i++) {
		if (now - s->pending[i].at_ns <= CONN_PENDING_NS ||
		    s->pending[i].request == publish->request)
			continue;
		remove_pending(s, i);
		return true;
	}
	return false;
}

/* Older ones that nobody answers: given up together, but for publish requests. Without a model all
 * go. */
static void forget_older(const struct ua_look *k)
{
	struct ua_state *s = k->s;
	unsigned publish = row_of(ua_service_by_name("publish"));
	uint16_t kept = k->head ? s->older[publish] : 0;
	if (k->head && k->c->raw->now_ns - s->older_ns <= CONN_PENDING_NS)
		return;
	memset(s->older, 0, sizeof(s->older));
	s->older[publish] = kept;
	s->n_older = kept < s->n_older ? kept : s->n_older;
}

/* The oldest that is known is only counted from now on. False: there are too many. */
static bool count_oldest(const struct ua_look *k)
{
	struct ua_state *s = k->s;
	if (s->n_older >= UA_OUTSTANDING - UA_PENDING)
		forget_older(k);
	if (s->n_older >= UA_OUTSTANDING - UA_PENDING)
		return false;
	if (s->n_older == 0)
		s->older_ns = k->c->raw->now_ns;
	uint16_t *of = &s->older[row_of(ua_service_by_id(s->pending[0].request))];
	*of = (uint16_t)(*of + (*of < UINT16_MAX));
	s->n_older++;
	remove_pending(s, 0);
	return true;
}

enum reason ua_ask(struct ua_look *k)
{
	struct ua_state *s = k->s;
	for (unsigned i = 0; i < s->n_pending; i++)
		if (s->pending[i].id == k->m.reqid)
			return R_DUPLICATE_TID;
	if (s->n_pending == UA_PENDING && !remove_stale(k) && !count_oldest(k))
		return R_PENDING_LIMIT;
	s->pending[s->n_pending++] = (struct ua_pending){
		.id = k->m.reqid,
		.request = k->b.service ? k->b.service->request : 0,
		.at_ns = k->c->raw->now_ns,
	};
	return R_NONE;
}

/* Does the answer not say what it answers? */
static bool untyped(const struct ua_look *k)
{
	const struct ua_way *w = &k->s->way[1];
	return k->m.chunk == 'A' || !w->has_type || w->type == UA_SERVICE_FAULT;
}

/* To a request that is only counted: one of its service must be. */
static enum reason answer_older(struct ua_look *k)
{
	struct ua_state *s = k->s;
	bool any = untyped(k);
	/* asked before what was seen; a server keeps these as long as nothing happens */
	if (s->adopted && s->way[1].type == ua_service_by_name("publish")->response)
		return R_NONE;
	const struct ua_service *is = any ? NULL : ua_service_by_id(s->way[1].type);
	unsigned row = row_of(is);
	if (s->n_older == 0 ||
	    (!any && (!is || is->response != s->way[1].type || s->older[row] == 0)))
		return R_UNSOLICITED;
	if (k->m.chunk == 'C')
		return R_NONE;
	if (!any)
		s->older[row]--;
	if (--s->n_older == 0)
		memset(s->older, 0, sizeof(s->older));
	return R_NONE;
}

enum reason ua_answer(struct ua_look *k)
{
	struct ua_state *s = k->s;
	for (unsigned i = 0; i < s->n_pending; i++) {
		const struct ua_pending *p = &s->pending[i];
		if (p->id != k->m.reqid)
			continue;
		const struct ua_service *want = ua_service_by_id(p->request);
		bool fits = untyped(k) || (want && s->way[1].type == want->response);
		if (fits)
			follow_in_step(k->c, p->at_ns);
		if (k->m.chunk != 'C')
			remove_pending(s, i);
		return fits ? R_NONE : R_RESPONSE_MISMATCH;
	}
	return answer_older(k);
}
