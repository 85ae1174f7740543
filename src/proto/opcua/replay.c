/* SPDX-License-Identifier: MIT
 * OPC UA messages as replay prints them. */
#include <stdio.h>
#include <string.h>

#include "base/sb.h"
#include "proto/opcua/gate.h"
#include "zonectl/replay.h"

enum { URL_TEXT = 300, NODES_TEXT = 8 * (UA_NODE_TEXT + 2) + 16 };

static const char *const modes[] = { NULL, "None", "Sign", "SignAndEncrypt" };

static const char *kind_of(const struct ua_seen *s)
{
	return s->m->chunk == 'C' ? "chunk" : s->m->chunk == 'A' ? "abort" : "app";
}

static void put_text(json_t *o, const char *key, const char *v)
{
	if (v)
		json_object_set_new(o, key, json_string(v));
}

/* What the message names: its nodes, or an endpoint. */
static void names(const struct ua_seen *s, char out[NODES_TEXT])
{
	struct sb b = sb_init(out, NODES_TEXT);
	if (s->m->url.n)
		sb_put_foreign(&b, s->m->url.p, s->m->url.n < URL_TEXT ? s->m->url.n : URL_TEXT);
	if (s->n_nodes)
		sb_printf(&b, "%u:", s->n_nodes);
	for (unsigned i = 0; i < s->n_nodes && i < 8; i++)
		sb_printf(&b, "%s%s", i ? "," : "", s->nodes[i]);
}

static void result(const struct ua_seen *s, char out[16])
{
	out[0] = '\0';
	if (s->m->has_error || s->has_result)
		snprintf(out, 16, "0x%08x", s->m->has_error ? s->m->error : s->result);
}

static const char *mode_of(const struct ua_seen *s)
{
	return s->mode <= UA_MODE_ENCRYPT ? modes[s->mode] : NULL;
}

static void json(json_t *o, const struct event *ev, const void *of)
{
	const struct ua_seen *s = of;
	const struct ua_msg *m = s->m;
	const char c[2] = { m->chunk, '\0' };
	char text[NODES_TEXT], code[16];
	(void)ev;
	put_text(o, "kind", kind_of(s));
	put_text(o, "dir", s->answer ? "resp" : "req");
	put_text(o, "type", ua_type_name(m->type));
	put_text(o, "chunk", c);
	replay_put(o, "size", true, m->size);
	replay_put(o, "channel", m->has_channel, m->channel);
	if (m->has_channel)
		put_text(o, "policy", m->policy ? m->policy->name : NULL);
	if (m->has_channel)
		put_text(o, "mode", mode_of(s));
	replay_put(o, "token", m->type == UA_MSG || m->type == UA_CLO, m->token);
	replay_put(o, "seq", m->readable, m->seq);
	replay_put(o, "reqid", m->readable, m->reqid);
	replay_put(o, "svc", s->has_type, s->type);
	const struct ua_service *service = s->has_type ? ua_service_by_id(s->type) : NULL;
	put_text(o, "service", service ? service->name : NULL);
	result(s, code);
	put_text(o, "result", code[0] ? code : NULL);
	names(s, text);
	put_text(o, "nodes", text[0] ? text : NULL);
	if (s->b && !s->answer && s->b->user != UA_TOKEN_NONE)
		put_text(o, "user_token", ua_token_names[s->b->user]);
}

static void text(const struct event *ev, const void *of)
{
	const struct ua_seen *s = of;
	const struct ua_msg *m = s->m;
	char list[NODES_TEXT], code[16];
	(void)ev;
	printf(" %s %s%c size=%u", s->answer ? "resp" : "req", ua_type_name(m->type), m->chunk, m->size);
	if (m->has_channel)
		printf(" channel=%u", m->channel);
	if (m->has_channel && m->policy)
		printf(" policy=%s", m->policy->name);
	if (m->has_channel && mode_of(s))
		printf(" mode=%s", mode_of(s));
	if (m->readable)
		printf(" seq=%u reqid=%u", m->seq, m->reqid);
	const struct ua_service *service = s->has_type ? ua_service_by_id(s->type) : NULL;
	if (s->has_type)
		printf(" svc=%u(%s)", s->type, service ? service->name : "unknown");
	result(s, code);
	if (code[0])
		printf(" result=%s", code);
	names(s, list);
	if (list[0])
		printf(" names=%s", list);
}

const struct replay_ops replay_opcua = { .json = json, .text = text };
