/* SPDX-License-Identifier: MIT
 *
 * The life of an OPC UA connection: who may say what when. OPC 10000-6 clauses
 * 7.1.2 and 7.1.3 (HEL, ACK, reverse connect), 6.7.2 to 6.7.4 (channel, token,
 * sequence numbers).
 *
 *   client  HEL         OPN          MSG ... OPN (renew) ... MSG ... CLO
 *   server       ACK         OPN         MSG ...     OPN
 *   (reverse connect: the server opens TCP and says RHE before all this)
 *
 * Encrypted messages cannot be tracked: after an encrypted OPN the new token is
 * the first one that is not known yet, and its sequence number is counted as
 * one. Where nothing is enforced (mode observe, replay) a connection may be
 * joined in its middle; then nothing is known of it until its next OPN.
 */
#include "proto/opcua/gate-internal.h"

enum {
	SEQ_LAST = 4294966271u, /* 6.7.2.4: may wrap from here on */
	SEQ_FIRST = 1024,	/* and then begins below this */
};

static enum reason hello(struct ua_look *k)
{
	struct ua_state *s = k->s;
	if (k->answer || s->stage != UA_START)
		return R_UA_STATE;
	s->stage = UA_HELLO;
	s->way[1].max_chunk = k->m.recv_size;
	return R_NONE;
}

static enum reason acknowledge(struct ua_look *k)
{
	struct ua_state *s = k->s;
	if (!k->answer || s->stage != UA_HELLO)
		return R_UA_STATE;
	s->stage = UA_OPENED;
	s->way[0].max_chunk = k->m.recv_size;
	s->way[0].max_message = k->m.max_message;
	s->way[0].max_chunks = k->m.max_chunks;
	return R_NONE;
}

static bool url_ok(struct ua_look *k, const struct ua_bytes *url)
{
	if (!k->head || policy_opcua_text(k->c->in->img, &k->head->urls,
					  url->p ? (const void *)url->p : "", url->n))
		return true;
	ua_show(k->text, url->p, url->n);
	return false;
}

enum reason ua_hello(struct ua_look *k)
{
	struct ua_state *s = k->s;
	enum reason why;
	switch (k->m.type) {
	case UA_RHE:
		if (k->c->dir == 1 || s->stage != UA_START || s->reverse)
			return R_UA_STATE;
		s->reverse = k->answer = true;
		if (k->head && !k->head->reverse_connect)
			return R_UA_STATE;
		return url_ok(k, &k->m.url) ? R_NONE : R_UA_URL;
	case UA_HEL:
		why = hello(k);
		if (why != R_NONE)
			return why;
		return url_ok(k, &k->m.url) ? R_NONE : R_UA_URL;
	case UA_ACK:
		return acknowledge(k);
	default: /* ERR: the server's last word, or the answer to RHE */
		if (!k->answer && !s->reverse)
			return R_UA_STATE;
		s->stage = UA_OVER;
		return R_NONE;
	}
}

static enum reason check_size(struct ua_look *k)
{
	const struct ua_way *w = &k->s->way[k->answer];
	uint32_t of_policy = !k->answer && k->head ? k->head->max_chunk : 0;
	bool by_peer = w->max_chunk && k->m.size > w->max_chunk;
	if (!by_peer && !(of_policy && k->m.size > of_policy))
		return R_NONE;
	k->number = (struct event_number){ 0, by_peer ? w->max_chunk : of_policy, k->m.size, 1 };
	return R_UA_SIZE;
}

static uint32_t seq_after(uint32_t seq)
{
	return seq == UINT32_MAX ? 0 : seq + 1;
}

static enum reason check_sequence(struct ua_look *k)
{
	struct ua_way *w = &k->s->way[k->answer];
	if (!k->m.readable) {
		w->next_seq = seq_after(w->next_seq);
		return R_NONE;
	}
	bool next = !w->seq_known || k->m.seq == w->next_seq;
	bool wraps = w->seq_known && w->next_seq - 1 >= SEQ_LAST && k->m.seq < SEQ_FIRST;
	if (!next && !wraps)
		k->number = (struct event_number){ w->next_seq, w->next_seq, k->m.seq, 1 };
	w->seq_known = true;
	w->next_seq = seq_after(k->m.seq);
	return next || wraps ? R_NONE : R_UA_SEQUENCE;
}

/* May a channel of this policy be asked for? None is decided by the least mode. */
static enum reason ua_check_policy(struct ua_look *k)
{
	const struct pol_ua_head *h = k->head;
	const struct ua_msg *m = &k->m;
	if (m->policy == &ua_policies[0])
		return h->security <= UA_MODE_NONE || h->unsecured_discovery ? R_NONE
									     : R_UA_SECURITY;
	if (policy_opcua_uri(k->c->in->img, h, m->policy, &m->uri))
		return R_NONE;
	ua_show(k->text, m->uri.p, m->uri.n);
	return R_UA_POLICY;
}

/* Each side's own certificate; which one it expects of the other is its own matter. */
static enum reason check_certificate(struct ua_look *k)
{
	const struct pol_ua_head *h = k->head;
	if (k->m.policy == &ua_policies[0])
		return R_NONE;
	const struct pol_ua_list *l = k->answer ? &h->server_certificates : &h->client_certificates;
	return ua_certificate_ok(k->c->in->img, l, &k->m.certificate, k->text) ? R_NONE
									       : R_UA_CERTIFICATE;
}

static enum reason open_request(struct ua_look *k)
{
	struct ua_state *s = k->s;
	const struct ua_msg *m = &k->m;
	if (s->channel_open && m->channel != s->channel)
		return R_UA_CHANNEL;
	if (s->channel_open && s->policy_known && m->policy != s->policy)
		return R_UA_MIXED;
	if (s->opening == UINT8_MAX)
		return R_PENDING_LIMIT;
	s->opening++;
	s->asked = m->policy;
	return R_NONE;
}

static enum reason open_answer(struct ua_look *k)
{
	struct ua_state *s = k->s;
	const struct ua_msg *m = &k->m;
	if (!s->opening && !s->adopted)
		return R_UNSOLICITED;
	if ((s->opening && m->policy != s->asked) || (s->channel_open && m->channel != s->channel))
		return R_RESPONSE_MISMATCH;
	s->opening = (uint8_t)(s->opening - (s->opening > 0));
	return R_NONE;
}

enum reason ua_open(struct ua_look *k)
{
	struct ua_state *s = k->s;
	if (s->stage != UA_OPENED)
		return R_UA_STATE;
	enum reason why = check_size(k);
	if (why == R_NONE)
		why = k->answer ? open_answer(k) : open_request(k);
	if (why == R_NONE)
		why = check_sequence(k);
	if (why == R_NONE && k->head && !k->answer)
		why = ua_check_policy(k);
	if (why == R_NONE && k->head)
		why = check_certificate(k);
	if (why != R_NONE || !k->answer || k->m.readable)
		return why;
	/* encrypted: all that is known is that there is a channel and a new token */
	s->channel_open = s->policy_known = true;
	s->channel = k->m.channel;
	s->policy = k->m.policy;
	s->fresh = (uint8_t)(s->fresh + (s->fresh < UINT8_MAX));
	return R_NONE;
}

static void new_token(struct ua_state *s, uint32_t token)
{
	s->tokens[1] = s->tokens[0];
	s->tokens[0] = token;
	s->n_tokens = (uint8_t)(s->n_tokens + (s->n_tokens < UA_TOKENS));
}

/* The mode that a readable request asks for. */
static enum reason opened_request(struct ua_look *k)
{
	struct ua_state *s = k->s;
	bool none = k->m.policy == &ua_policies[0];
	if (k->b.mode < UA_MODE_NONE || k->b.mode > UA_MODE_ENCRYPT ||
	    none != (k->b.mode == UA_MODE_NONE) || k->b.request_type > 1)
		return R_FORMAT;
	if (s->channel_open && s->mode != UA_MODE_INVALID && s->mode != k->b.mode)
		return R_UA_MIXED;
	if (k->head && !none && k->b.mode < k->head->security)
		return R_UA_SECURITY;
	s->mode = (uint8_t)k->b.mode;
	return R_NONE;
}

enum reason ua_opened(struct ua_look *k)
{
	struct ua_state *s = k->s;
	if (!k->has_body || !k->m.readable)
		return R_NONE;
	bool fault = k->answer && !k->b.service && k->b.has_result;
	if (!fault && (!k->b.service || k->b.service->request != UA_OPEN_CHANNEL))
		return R_FORMAT;
	if (!k->answer)
		return opened_request(k);
	if (fault || k->b.result >> 30 == 2) /* 7.39 of OPC 10000-4: bad */
		return R_NONE;
	if (k->b.channel != k->m.channel)
		return R_RESPONSE_MISMATCH;
	s->channel_open = s->policy_known = true;
	s->channel = k->m.channel;
	s->policy = k->m.policy;
	if (k->m.policy == &ua_policies[0])
		s->mode = UA_MODE_NONE;
	new_token(s, k->b.token);
	return R_NONE;
}

static bool token_ok(struct ua_state *s, uint32_t token)
{
	for (unsigned i = 0; i < s->n_tokens; i++)
		if (s->tokens[i] == token)
			return true;
	if (s->fresh == 0 && !s->adopted)
		return false;
	s->fresh = (uint8_t)(s->fresh - (s->fresh > 0));
	new_token(s, token);
	return true;
}

/* Nobody knows what channel and tokens there are now, nor what was begun. What is known of the
 * security stays. */
void ua_missed(struct pass *c, int dir)
{
	struct ua_state *s = ua_of(c->f);
	struct ua_way *w = &s->way[(dir == 1) != s->reverse];
	s->stage = UA_START;
	s->channel_open = false;
	s->opening = 0;
	for (unsigned i = 0; i < 2; i++)
		s->way[i].seq_known = false;
	w->parting = false;
	w->rest = w->got = 0;
	w->place = w->raw = 0;
	s->n_pending = s->n_older = 0;
	memset(s->older, 0, sizeof(s->older));
}

enum reason ua_chunk(struct ua_look *k)
{
	struct ua_state *s = k->s;
	if (s->adopted && !s->channel_open) {
		s->channel_open = true;
		s->channel = k->m.channel;
	}
	/* requests from before the channel was closed are still answered */
	bool late = k->answer && s->stage == UA_OVER;
	if ((s->stage != UA_OPENED && !late) || (k->answer && k->m.type == UA_CLO))
		return R_UA_STATE;
	if (!s->channel_open || k->m.channel != s->channel || !token_ok(s, k->m.token)) {
		if (s->channel_open && k->m.channel != s->channel)
			k->number =
				(struct event_number){ s->channel, s->channel, k->m.channel, 1 };
		return R_UA_CHANNEL;
	}
	enum reason why = check_size(k);
	if (why == R_NONE)
		why = check_sequence(k);
	if (k->m.type == UA_CLO && why == R_NONE)
		s->stage = UA_OVER;
	return why;
}
