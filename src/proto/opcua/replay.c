/* SPDX-License-Identifier: MIT
 * Fields that replay prints of an OPC UA message besides its facts. */
#include "base/sb.h"
#include "proto/opcua/gate.h"
#include "zonectl/replay.h"

enum {
	URL_TEXT = 300,
	NODES_SHOWN = 8,
	NAMES_TEXT = URL_TEXT + NODES_SHOWN * (UA_NODE_TEXT + 2) + 16
};

static const char *kind_of(const struct ua_msg *m)
{
	return m->chunk == 'C' ? "chunk" : m->chunk == 'A' ? "abort" : "app";
}

/* Names in the message: an endpoint, or the number of nodes and the first of them. */
static void put_names(struct sb *b, const struct ua_seen *s)
{
	const struct ua_bytes *url = &s->m->url;
	for (uint32_t i = 0; i < url->n && i < URL_TEXT; i++)
		sb_putc(b, url->p[i] ? (char)url->p[i] : '?');
	if (s->n_nodes)
		sb_printf(b, "%u:", s->n_nodes);
	for (unsigned i = 0; i < s->n_nodes && i < NODES_SHOWN; i++)
		sb_printf(b, "%s%s", i ? "," : "", s->nodes[i]);
}

static void ua_each_replayed(const struct event *ev, const void *of, const struct fact_sink *to)
{
	const struct ua_seen *s = of;
	const struct ua_msg *m = s->m;
	const char chunk[2] = { m->chunk, '\0' };
	char text[NAMES_TEXT];
	struct sb names = sb_init(text, sizeof(text));
	(void)ev;
	to->word(to->ctx, "kind", kind_of(m));
	if (m->chunk == 'F' || m->chunk == 'C' || m->chunk == 'A')
		to->word(to->ctx, "chunk", chunk);
	to->num(to->ctx, "size", m->size);
	if (m->type == UA_MSG || m->type == UA_CLO)
		to->num(to->ctx, "token", m->token);
	if (m->readable)
		to->num(to->ctx, "sequence", m->seq);
	if (s->has_type)
		to->num(to->ctx, "encoding", s->type);
	put_names(&names, s);
	if (names.len)
		to->text(to->ctx, "names", text);
}

const struct replay_ops replay_opcua = { .each = ua_each_replayed };
