/* SPDX-License-Identifier: MIT
 *
 * OPC UA in the data path: one chunk at a time, each judged before its last
 * byte goes on. A receiver acts on nothing less than a whole chunk, so of an
 * unfinished one every byte that came may go on at once.
 *
 * A refused chunk ends the connection: taking it out would break the sequence
 * numbers, which are signed on secured channels.
 *
 * Sign and SignAndEncrypt are not told apart by any header field. The first
 * message of a channel decides: is it readable (ua_plain)? From then on all
 * are taken so, and a readable body on an encrypted channel is refused.
 */
#include <string.h>

#include "proto/opcua/gate-internal.h"

static void ua_fill(const struct pass *c, struct event *ev, const void *of)
{
	const struct ua_look *k = of;
	struct ev_opcua *u = EV_OPCUA(ev);
	(void)c;
	ev->proto = PROTO_OPCUA;
	ev->response = k->answer;
	u->type = (uint8_t)k->m.type;
	u->chunk = (uint8_t)k->m.chunk;
	u->mode = k->s->mode;
	u->channel = k->m.channel;
	u->has =
		(uint8_t)((k->m.has_channel ? EVU_CHANNEL : 0) | (k->m.readable ? EVU_REQUEST : 0) |
			  (k->has_attribute ? EVU_ATTRIBUTE : 0));
	u->request = k->m.reqid;
	u->attribute = k->attribute;
	if (k->m.policy) {
		u->policy = (uint8_t)(k->m.policy - ua_policies);
		u->has |= EVU_POLICY;
	}
	if (k->has_body && k->b.service) {
		u->service = k->b.service->request;
		u->has |= EVU_SERVICE;
		u->user = (uint8_t)k->b.user;
	}
	if (k->has_body && k->b.nodes) {
		u->nodes = k->b.nodes;
		u->has |= EVU_NODES;
	}
	if (k->m.has_error || (k->has_body && k->b.has_result)) {
		u->result = k->m.has_error ? k->m.error : k->b.result;
		u->has |= EVU_RESULT;
	}
	memcpy(u->text, k->text, sizeof(u->text));
	ev->number = k->number;
	if (ev->reason == R_UA_INTERVAL && !k->b.server_sampling)
		ev->number = (struct event_number){
			.came = k->b.interval > 0 ? (uint32_t)k->b.interval : 0, .there = 1
		};
}

static void name_node(struct ua_look *k, const struct ua_visit *v)
{
	char text[UA_NODE_TEXT];
	ua_node_text(&v->node, text);
	ua_show(k->text, text, strlen(text));
	k->has_attribute = v->has_attribute;
	k->attribute = v->attribute;
}

static bool first_node(void *ctx, const struct ua_visit *v)
{
	name_node(ctx, v);
	return false;
}

bool ua_changes(const struct ua_body *b)
{
	return b->service && (b->service->classes & (UA_WRITE | UA_CALL | UA_HISTORY_UPDATE |
						     UA_NODE_MANAGEMENT | UA_REGISTRATION));
}

/* Is the channel as secure as the policy in force requires for this message? A reload can change
 * the answer for a channel that exists. */
static enum reason judge_channel(struct ua_look *k)
{
	const struct ua_state *s = k->s;
	const struct pol_ua_head *h = k->head;
	if (s->adopted && s->mode == UA_MODE_INVALID)
		return R_NONE; /* only where nothing is enforced */
	if (s->mode == UA_MODE_ENCRYPT && !h->opaque)
		return R_UA_OPAQUE;
	struct ua_bytes no_uri = { NULL, 0 };
	if (s->policy && s->policy != &ua_policies[0] &&
	    !policy_opcua_uri(k->c->in->img, h, s->policy, &no_uri))
		return R_UA_POLICY;
	if (s->mode >= h->security)
		return R_NONE;
	/* None where more is asked for: to find out how to do better, and nothing else */
	bool finding = k->has_body && k->b.service &&
		       (k->b.service->classes & (UA_DISCOVERY | UA_CHANNEL));
	bool part = !k->whole; /* nothing is done with it yet */
	return s->mode == UA_MODE_NONE && h->unsecured_discovery && (finding || part)
		       ? R_NONE
		       : R_UA_SECURITY;
}

static bool session_url_ok(struct ua_look *k)
{
	const struct ua_bytes *url = &k->b.url;
	if (k->b.service->request != 461 ||
	    policy_opcua_text(k->c->in->img, &k->head->urls, url->p ? (const void *)url->p : "",
			      url->n))
		return true;
	ua_show(k->text, url->p, url->n);
	return false;
}

static enum reason judge_policy(struct ua_look *k)
{
	const struct pol_ua_head *h = k->head;
	struct ua_decision d = policy_opcua(k->c->in->img, k->c->pol, k->body, k->body_len, &k->b);
	k->rule = d.rule;
	if (d.has_node)
		name_node(k, &d.visit);
	if (d.reason != R_NONE)
		return d.reason;
	if (!session_url_ok(k))
		return R_UA_URL;
	if (k->b.user != UA_TOKEN_NONE)
		k->s->user = (uint8_t)k->b.user;
	/* the identity of the session holds for everything after, also after a reload */
	if (k->s->user != UA_TOKEN_NONE && !(h->users >> k->s->user & 1))
		return R_UA_USER;
	return R_NONE;
}

/* The whole body of a readable request. */
static enum reason judge_body(struct ua_look *k)
{
	enum reason why =
		ua_body(k->body, k->body_len, false, &(struct ua_visitor){ first_node, k }, &k->b);
	k->has_body = true;
	if (why != R_NONE)
		return why;
	bool channel = k->b.service && (k->b.service->classes & UA_CHANNEL);
	if (k->m.type == UA_CLO)
		return channel && k->b.service->request == UA_CLOSE_CHANNEL ? R_NONE : R_FORMAT;
	if (!k->head)
		return R_NONE;
	if (!k->b.service || channel)
		return R_UA_SERVICE;
	why = judge_channel(k);
	return why == R_NONE ? judge_policy(k) : why;
}

/* sound: nothing was found wrong with the chunk itself; else the body only names what was refused.
 */
static enum reason ua_judge_request(struct ua_look *k, bool sound)
{
	enum reason why = R_NONE;
	bool readable = k->m.readable && k->whole && k->body;
	bool message = k->whole && k->m.type == UA_MSG;
	if (readable)
		why = judge_body(k);
	else if (k->head)
		why = judge_channel(k);
	if (!sound)
		return why;
	/* one that is given up was a request too */
	if (why == R_NONE && k->head && (message || k->m.chunk == 'A'))
		why = judge_rates(k->c, k->has_body && ua_changes(&k->b));
	if (readable && message && (why == R_NONE || !k->c->stance->blocks)) {
		enum reason asked = ua_ask(k);
		why = why == R_NONE ? asked : why;
	}
	return why;
}

static enum reason judge_open(struct ua_look *k)
{
	enum reason why = ua_open(k);
	if (why == R_NONE && k->head && !k->answer)
		why = judge_rates(k->c, false); /* keys are costly for the server */
	if (!k->m.readable)
		return why;
	enum reason body = ua_body(k->m.body, k->m.body_len, k->answer, NULL, &k->b);
	k->has_body = true;
	if (body == R_TRAILING && ua_opn_signature_ok(k->m.policy, k->b.rest))
		body = R_NONE;
	else if (body == R_NONE && !ua_opn_signature_ok(k->m.policy, 0))
		body = R_TRUNCATED;
	if (why == R_NONE)
		why = body;
	if (why == R_NONE)
		why = ua_opened(k);
	return why;
}

static enum reason judge_msg_or_clo(struct ua_look *k)
{
	enum reason why = ua_chunk(k);
	enum reason parts = ua_join(k);
	if (why == R_NONE)
		why = parts;
	if (follow_forgives(k->c, why))
		why = R_NONE;
	if (!k->answer) {
		enum reason asked = ua_judge_request(k, why == R_NONE);
		return why == R_NONE ? asked : why;
	}
	const struct ua_way *w = &k->s->way[1];
	k->has_body = k->m.readable && w->has_type;
	k->b.has_result = w->has_result;
	k->b.result = w->result;
	if (why == R_NONE && k->m.readable)
		why = ua_answer(k);
	return why;
}

/* Form of this channel's bodies. The first message whose beginning is complete decides it; a body
 * of another form later is refused (*why). */
static enum ua_bodies bodies_of(struct ua_look *k, const uint8_t *p, size_t n, enum reason *why)
{
	struct ua_state *s = k->s;
	const struct ua_way *w = &s->way[k->answer];
	bool message = p[0] == 'M' || p[0] == 'C'; /* MSG, CLO */
	if (!message || !s->channel_open || !s->policy_known || s->policy == &ua_policies[0] ||
	    w->parting)
		return s->mode == UA_MODE_ENCRYPT && message ? UA_BODY_OPAQUE : UA_BODY_PLAIN;
	if (s->mode == UA_MODE_SIGN)
		return UA_BODY_PLAIN;
	bool plain = ua_plain(p, n, s->policy, k->answer, s->mode == UA_MODE_INVALID);
	if (s->mode == UA_MODE_INVALID)
		s->mode = plain ? UA_MODE_SIGN : UA_MODE_ENCRYPT;
	else if (plain)
		*why = R_UA_MIXED;
	return s->mode == UA_MODE_SIGN ? UA_BODY_PLAIN : UA_BODY_OPAQUE;
}

static bool collect_node(void *ctx, const struct ua_visit *v)
{
	struct ua_seen *s = ctx;
	char *out = s->nodes[s->n_nodes < 8 ? s->n_nodes : 7];
	if (s->n_nodes < 8) {
		const char *mark = v->role == UA_ROLE_CALL_OBJECT   ? "O"
				   : v->role == UA_ROLE_CALL_METHOD ? "M"
								    : "";
		out[0] = *mark;
		ua_node_text(&v->node, out + (*mark ? 1 : 0));
	}
	s->n_nodes++;
	return true;
}

static void show(const struct ua_look *k, struct ua_seen *seen)
{
	const struct ua_way *w = &k->s->way[1];
	*seen = (struct ua_seen){ .m = &k->m,
				  .b = k->has_body ? &k->b : NULL,
				  .answer = k->answer,
				  .policy_known = k->s->policy_known,
				  .policy = k->m.policy,
				  .mode = k->s->mode };
	bool last = k->m.type != UA_MSG || k->m.chunk == 'F';
	if (!k->has_body || !last)
		return;
	bool numeric = k->b.has_type && k->b.type.kind == UA_NUMERIC;
	seen->has_type = numeric;
	seen->type = k->b.type.number;
	if (k->answer && k->m.type == UA_MSG) {
		seen->has_type = w->has_type;
		seen->type = w->type;
	}
	seen->has_result = k->b.has_result;
	seen->result = k->b.result;
	struct ua_body again;
	if (!k->answer && k->body) {
		(void)ua_body(k->body, k->body_len, false,
			      &(struct ua_visitor){ collect_node, seen }, &again);
		seen->body = k->body;
		seen->body_len = k->body_len;
	}
}

/* A connection whose beginning was not seen, where that is allowed. */
static void ua_adopt(struct ua_look *k, const uint8_t *p)
{
	bool late = k->s->stage == UA_START && (p[0] == 'M' || p[0] == 'O' || p[0] == 'C');
	if (!late || k->c->stance->blocks)
		return;
	k->s->adopted = true;
	k->s->stage = UA_OPENED;
}

static enum reason judge_chunk(struct ua_look *k, const uint8_t *p, size_t n)
{
	enum reason mixed = R_NONE;
	enum ua_bodies bodies = bodies_of(k, p, n, &mixed);
	enum reason why = ua_parse(p, n, k->s->policy_known ? k->s->policy : NULL, bodies, &k->m);
	if (why != R_NONE || mixed != R_NONE)
		return mixed != R_NONE ? mixed : why;
	if (k->s->adopted && k->c->stance->blocks)
		return R_UA_STATE; /* observed until now: nothing is known of its channel */
	if (k->m.type == UA_OPN)
		return judge_open(k);
	if (k->m.type == UA_MSG || k->m.type == UA_CLO)
		return judge_msg_or_clo(k);
	return ua_hello(k);
}

/* Without a model nothing is known of what came before: only what is wrong in itself counts. */
static bool of_the_state(enum reason why)
{
	static const enum reason reasons[] = {
		R_UA_STATE, R_UA_CHANNEL,  R_UA_SEQUENCE,	R_UA_MIXED,	 R_UA_SIZE,
		R_UA_ROOM,  R_UNSOLICITED, R_RESPONSE_MISMATCH, R_PENDING_LIMIT, R_DUPLICATE_TID,
	};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i] == why)
			return true;
	return false;
}

/* Chunks larger than UA_CHUNK_MAX come in pieces. Of an answer, and of a request that nobody can
 * read, the first one is judged, for it has all that is; else the last one with the whole. True: go
 * on with p and n. */
static bool take_piece(struct ua_look *k, const uint8_t **p, size_t *n, enum reason *why)
{
	struct ua_way *w = &k->s->way[k->answer];
	bool first = w->rest == 0;
	enum reason none;
	size_t size = first ? (size_t)ua_frame(*p, *n, &none) : (size_t)w->got + w->rest;
	if (first && size <= UA_CHUNK_MAX)
		return true;
	if (first && !k->answer)
		k->unread = bodies_of(k, *p, *n, &none) == UA_BODY_OPAQUE;
	*why = ua_collect(k, *p, *n, size);
	if (*why != R_NONE) {
		(void)ua_parse(*p, *n, NULL, UA_BODY_OPAQUE, &k->m);
		return true;
	}
	if (k->unread)
		return true;
	if (k->answer ? !first : w->rest != 0 || !k->chunk)
		return false;
	if (!k->answer) {
		*p = k->chunk;
		*n = size;
	}
	return true;
}

/* A chunk, and what replay is shown of it. */
struct ua_case {
	struct ua_look k;
	struct ua_seen seen;
};

static struct judged ua_judge(struct pass *c, const uint8_t *p, size_t n)
{
	struct ua_state *s = ua_of(c->f);
	struct ua_case *of = pass_message(c);
	struct ua_look *k = &of->k;
	size_t len = n;
	enum reason why = R_NONE;
	*k = (struct ua_look){
		.c = c, .s = s, .rule = 0xffff, .answer = (c->dir == 1) != s->reverse
	};
	k->head = c->pol ? policy_head(c->in->img, c->pol) : NULL;
	if (!take_piece(k, &p, &n, &why))
		return (struct judged){ .len = len, .piece = true };
	ua_adopt(k, p);
	if (why == R_NONE)
		why = judge_chunk(k, p, n);
	if (!c->pol && of_the_state(why))
		why = R_NONE;
	if (why == R_NONE)
		fast_ua_permitted(k, p, n);
	bool part = why == R_NONE && k->m.type == UA_MSG && k->m.chunk == 'C';
	if (c->out->message)
		show(k, &of->seen);
	return (struct judged){ .why = why,
				.len = len,
				.rule = k->rule,
				.part = part,
				.fill = ua_fill,
				.of = k,
				.msg = &of->seen };
}

/* Type, kind and a size that fits them. */
static int ua_begins(const uint8_t *p, size_t n, bool response)
{
	enum reason why;
	(void)response;
	return ua_frame(p, n, &why);
}

const struct proto_ops proto_opcua = {
	.big = true,
	.state = sizeof(struct ua_state),
	.fresh = sizeof(struct ua_state),
	.message = sizeof(struct ua_case),
	.shared = UA_PARTS_BYTES,
	.begins = ua_begins,
	.begins_surely = true,
	.missed = ua_missed,
	.frame = ua_frame,
	.frame_in = ua_frame_in,
	.judge = ua_judge,
};
