/* SPDX-License-Identifier: MIT
 * A record of replay: the fields of the daemon's record, with those that only a capture has before
 * them and those that only replay knows of a message behind. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "record/line.h"
#include "zonectl/replay-parts.h"
#include "zonectl/replay.h"

#define P(symbol, name, word, port, over) [PROTO_##symbol] = &replay_##name,
static const struct replay_ops *const ops[PROTO_N] = { PROTOCOLS(P) };
#undef P

enum { RECORD_TEXT = 1 << 17 }; /* of the longest message with all that it names */

bool text_room(struct text *t, size_t n)
{
	size_t cap = t->cap ? t->cap : n;
	while (cap - t->len < n)
		cap *= 2;
	char *s = cap == t->cap ? t->s : realloc(t->s, cap);
	if (!s) {
		t->failed = true;
		return false;
	}
	t->s = s;
	t->cap = cap;
	return true;
}

static void put_own_facts(const struct event *ev, const void *m, const struct fact_sink *to)
{
	if (m && ops[ev->proto]->each)
		ops[ev->proto]->each(ev, m, to);
}

static struct event_view view_of(const struct judge *j, const struct event *ev)
{
	return (struct event_view){ .img = j->r->img,
				    .ev = ev,
				    .repeated = j->repeated,
				    .varied = j->repeated ? &j->of_many : NULL };
}

static void put_json(struct judge *j, const struct event *ev, const void *m, struct sb *b)
{
	const struct event_view view = view_of(j, ev);
	const struct fact_sink to = record_json_sink(b);
	sb_putc(b, '{');
	to.num(b, "frame", j->frame);
	if (j->r->file)
		to.text(b, "file", j->r->file);
	to.word(b, "record", m ? "message" : "packet");
	if (event_has_ports(ev)) {
		to.word(b, "transport", ev->l4 == IPPROTO_UDP ? "udp" : "tcp");
		to.word(b, "connection", connection_id(j->names, ev));
	}
	event_fields(&view, FIELDS_ALL, &to);
	put_own_facts(ev, m, &to);
	sb_putc(b, '}');
}

static void put_ends(const struct event *ev, struct sb *b)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];
	bool ports = event_has_ports(ev);
	event_addr_text(&ev->src, src);
	event_addr_text(&ev->dst, dst);
	sb_puts(b, src);
	sb_putc(b, ' ');
	if (ports)
		sb_put_number(b, ev->sport);
	else
		sb_putc(b, '-');
	sb_put_bytes(b, " > ", 3);
	sb_puts(b, dst);
	sb_putc(b, ' ');
	if (ports)
		sb_put_number(b, ev->dport);
	else
		sb_putc(b, '-');
}

/* Who to whom stands without names at the beginning, and why at the end. */
static void put_line(struct judge *j, const struct event *ev, const void *m, struct sb *b)
{
	const struct event_view view = view_of(j, ev);
	const struct fact_sink to = record_line_sink(b);
	sb_put_number(b, j->frame);
	sb_putc(b, ' ');
	sb_puts(b, j->r->img ? event_verdict_word(ev) : "-");
	sb_putc(b, ' ');
	put_ends(ev, b);
	sb_putc(b, ' ');
	sb_puts(b, event_proto_word(ev));
	if (j->r->file)
		to.text(b, "file", j->r->file);
	event_fields(&view, FIELDS_TIME, &to);
	if (event_has_ports(ev))
		to.word(b, "connection", connection_id(j->names, ev));
	if (!m)
		to.word(b, "record", "packet");
	event_fields(&view, FIELDS_MESSAGE, &to);
	put_own_facts(ev, m, &to);
	if (ev->reason != R_NONE)
		to.word(b, "reason", reason_name(ev->reason));
}

void replay_put_record(struct judge *j, const struct event *ev, const void *m)
{
	struct text *t = j->to;
	if (!text_room(t, RECORD_TEXT))
		return;
	struct sb b = sb_init(t->s + t->len, t->cap - t->len - 1);
	if (j->r->o.json)
		put_json(j, ev, m, &b);
	else
		put_line(j, ev, m, &b);
	t->failed |= b.cut;
	sb_init(b.s + b.len, 2);
	b.s[b.len] = '\n';
	t->len += b.len + 1;
	j->counts.records++;
}
