/* SPDX-License-Identifier: MIT
 * The summary of a replay, as text and as one JSON object. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "record/fields.h"
#include "zonectl/replay-parts.h"

/* ---- rows, in order ---- */

/* A row with the words that it is printed with. */
struct named_row {
	const char *word[5]; /* conduit, protocol, function, verdict, reason */
	uint64_t requests, responses;
};

static const char *const headings[5] = { "conduit", "protocol", "function", "verdict", "reason" };

static struct named_row name_row(const struct replay *r, const struct count_row *c)
{
	const struct pol_flow *f = r->img ? policy_flow(r->img, c->flow) : NULL;
	const struct event ev = { .verdict = c->verdict, .proto = c->proto };
	const char *proto = proto_word(c->proto);
	return (struct named_row){ .word = { f ? policy_str(r->img, f->conduit) : "-",
					     proto	     ? proto
					     : f && f->proto ? proto_word(f->proto)
							     : "-",
					     c->function ? c->function : "(packet)",
					     r->img ? event_verdict_word(&ev) : "-",
					     reason_name(c->reason) },
				   .requests = c->requests,
				   .responses = c->responses };
}

static int order_rows(const void *a, const void *b)
{
	const struct named_row *x = a, *y = b;
	for (size_t i = 0; i < 5; i++) {
		int order = strcmp(x->word[i], y->word[i]);
		if (order)
			return order;
	}
	return 0;
}

/* Of flows of one conduit there is one row. NULL: none, or no memory. */
static struct named_row *name_rows(const struct summary *s, size_t *n)
{
	const struct counts *c = s->counts;
	struct named_row *v = calloc(COUNT_ROWS, sizeof(*v));
	size_t all = 0;
	*n = 0;
	for (; v && all < c->n_rows; all++)
		v[all] = name_row(s->r, &c->rows[all]);
	if (all)
		qsort(v, all, sizeof(*v), order_rows);
	for (size_t i = 0; i < all; i++) {
		if (*n && order_rows(&v[*n - 1], &v[i]) == 0) {
			v[*n - 1].requests += v[i].requests;
			v[*n - 1].responses += v[i].responses;
		} else {
			v[(*n)++] = v[i];
		}
	}
	return v;
}

/* ---- text ---- */

static void print_time(FILE *to, uint64_t ns)
{
	char text[40];
	struct sb b = sb_init(text, sizeof(text));
	sb_put_time(&b, ns, 3);
	fputs(text, to);
}

static void print_head(const struct summary *s, FILE *to)
{
	const struct reading *g = s->reading;
	const struct counts *c = s->counts;
	fprintf(to, "%u capture%s, %" PRIu64 " packets", g->captures, g->captures == 1 ? "" : "s",
		g->frames);
	if (g->first_ns) {
		fputs(", ", to);
		print_time(to, g->first_ns);
		fputs(" to ", to);
		print_time(to, g->last_ns);
	}
	fprintf(to, "\n%" PRIu64 " packets judged, %" PRIu64 " messages", c->packets, c->messages);
	if (s->r->img)
		fprintf(to, "; refused: %" PRIu64 " messages, %" PRIu64 " packets without one",
			c->refused_messages, c->refused_packets);
	fputc('\n', to);
}

static void print_rows(const struct summary *s, FILE *to)
{
	size_t n;
	int width[5];
	struct named_row *v = name_rows(s, &n);
	for (size_t k = 0; k < 5; k++) {
		width[k] = (int)strlen(headings[k]);
		for (size_t i = 0; i < n; i++)
			if ((int)strlen(v[i].word[k]) > width[k])
				width[k] = (int)strlen(v[i].word[k]);
	}
	for (size_t k = 0; n && k < 5; k++)
		fprintf(to, "%-*s  ", width[k], headings[k]);
	if (n)
		fputs("requests  responses\n", to);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < 5; k++)
			fprintf(to, "%-*s  ", width[k], v[i].word[k]);
		fprintf(to, "%8" PRIu64 "  %9" PRIu64 "\n", v[i].requests, v[i].responses);
	}
	free(v);
	if (s->counts->more)
		fprintf(to, "and %" PRIu64 " of other kinds\n", s->counts->more);
}

static void print_left_out(const struct summary *s, FILE *to)
{
	const struct counts *c = s->counts;
	if (s->reading->unreadable)
		fprintf(to, "not read: %u capture%s, not at all or not to the end\n",
			s->reading->unreadable, s->reading->unreadable == 1 ? "" : "s");
	for (unsigned i = 0; i < CAPTURE_UNREAD_N; i++)
		if (s->reading->unread[i].packets)
			fprintf(to, "not read: %" PRIu64 " frames, %" PRIu64 " bytes: %s\n",
				s->reading->unread[i].packets, s->reading->unread[i].bytes,
				capture_unread_text((enum capture_unread)i));
	for (unsigned i = 0; i < LEFT_N; i++)
		if (c->left[i].packets)
			fprintf(to, "not read: %" PRIu64 " packets, %" PRIu64 " bytes: %s\n",
				c->left[i].packets, c->left[i].bytes,
				count_left_text((enum count_left)i));
	if (c->unfollowed)
		fprintf(to,
			"not followed: %" PRIu64 " times a connection, from where it was lost\n",
			c->unfollowed);
}

static void print_ports(const struct summary *s, FILE *to)
{
	const struct ports *t = &s->reading->ports;
	char server[ADDR_TEXT];
	for (unsigned i = 0; i < t->n; i++) {
		if (!port_is_alike(&t->v[i]))
			continue;
		addr_text(&t->v[i].server, server);
		fprintf(to,
			"other port: %s %s %u looks like %s: %" PRIu64 " of %" PRIu64
			" packets are whole messages\n",
			server, t->v[i].l4 == IPPROTO_UDP ? "udp" : "tcp", t->v[i].port,
			proto_word(t->v[i].proto), t->v[i].alike, t->v[i].packets);
	}
	if (t->more)
		fprintf(to, "other port: %" PRIu64 " such packets of more servers\n", t->more);
}

void summary_print(const struct summary *s, FILE *to)
{
	print_head(s, to);
	print_rows(s, to);
	print_left_out(s, to);
	print_ports(s, to);
}

/* ---- JSON ---- */

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *time_or_null(uint64_t ns)
{
	char text[40];
	struct sb b = sb_init(text, sizeof(text));
	if (!ns)
		return json_null();
	sb_put_time(&b, ns, 3);
	return json_string(text);
}

static json_t *rows_array(const struct summary *s)
{
	size_t n;
	struct named_row *v = name_rows(s, &n);
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();
		for (size_t k = 0; k < 5; k++)
			json_object_set_new(o, headings[k], json_string(v[i].word[k]));
		json_object_set_new(o, "requests", number(v[i].requests));
		json_object_set_new(o, "responses", number(v[i].responses));
		json_array_append_new(list, o);
	}
	free(v);
	return list;
}

static void append_left_out(json_t *list, const char *why, const struct count_left_out *l,
			    bool loss)
{
	if (l->packets)
		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:b}", "why", why, "packets",
						      number(l->packets), "bytes", number(l->bytes),
						      "loss", loss));
}

static json_t *left_out_array(const struct summary *s)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < CAPTURE_UNREAD_N; i++) {
		enum capture_unread why = (enum capture_unread)i;
		append_left_out(list, capture_unread_name(why), &s->reading->unread[i],
				capture_unread_is_loss(why));
	}
	for (unsigned i = 0; i < LEFT_N; i++) {
		enum count_left why = (enum count_left)i;
		append_left_out(list, count_left_name(why), &s->counts->left[i],
				count_left_is_loss(why));
	}
	return list;
}

static json_t *ports_array(const struct summary *s)
{
	const struct ports *t = &s->reading->ports;
	json_t *list = json_array();
	char server[ADDR_TEXT];
	for (unsigned i = 0; i < t->n; i++) {
		const struct port_seen *p = &t->v[i];
		if (!port_is_alike(p))
			continue;
		addr_text(&p->server, server);
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:i, s:s, s:o, s:o, s:o}", "server", server,
					"transport", p->l4 == IPPROTO_UDP ? "udp" : "tcp", "port",
					(int)p->port, "looks_like", proto_word(p->proto), "alike",
					number(p->alike), "packets", number(p->packets), "bytes",
					number(p->bytes)));
	}
	return list;
}

static json_t *summary_object(const struct summary *s)
{
	const struct reading *g = s->reading;
	const struct counts *c = s->counts;
	return json_pack(
		"{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o}",
		"status", s->status, "captures", number(g->captures), "captures_not_read",
		number(g->unreadable), "packets", number(g->frames), "from",
		time_or_null(g->first_ns), "to", time_or_null(g->last_ns), "packets_judged",
		number(c->packets), "bytes_judged", number(c->bytes), "messages",
		number(c->messages), "messages_refused", number(c->refused_messages),
		"packets_refused", number(c->refused_packets), "counts", rows_array(s),
		"counts_without_row", number(c->more), "not_read", left_out_array(s),
		"not_followed", number(c->unfollowed), "other_ports", ports_array(s),
		"other_ports_without_place", number(g->ports.more));
}

bool summary_write(const struct summary *s, const char *path)
{
	FILE *f = fopen(path, "we");
	json_t *o = f ? summary_object(s) : NULL;
	bool good = f && o && json_dumpf(o, f, JSON_INDENT(2) | JSON_PRESERVE_ORDER) == 0 &&
		    fputc('\n', f) != EOF;
	json_decref(o);
	if (f && fclose(f) != 0)
		good = false;
	if (!good)
		fprintf(stderr, "zonectl: %s: %s\n", path, strerror(errno ? errno : ENOMEM));
	return good;
}
