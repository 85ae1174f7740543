/* SPDX-License-Identifier: MIT
 *
 * The open connections, as a document for the control socket: each inspector fills pages of a fixed
 * size in the memory that it shares with the parent, which asks for one after the other, for a
 * bounded time. Every field is checked: an inspector may be somebody else's by now.
 */
#include "daemon/connections.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "daemon/counts.h"
#include "inspect/connection.h"
#include "proto/list.h"

enum {
	CONNECTIONS_SCHEMA = 1,
	ROWS_MAX = 65536, /* kept of those that are wanted; more are counted only */
	LIMIT_DEFAULT = 100,
	LIMIT_MAX = 10000,
	PAGE_MS = 200, /* for one page */
	ALL_MS = 1500, /* for all of it */
};

struct wanted {
	const char *conduit, *zone, *protocol;
	struct prefix address;
	bool has_address;
	uint64_t limit;
};

struct listed_row {
	struct show_row row;
	uint16_t flow; /* of the image in force; 0xffff: none */
	unsigned inspector;
};

struct listing {
	const struct parent *p;
	const struct wanted *wanted;
	struct listed_row *v;
	size_t n, total;
	bool complete;
};

/* ---- which are wanted ---- */

static bool is_sound(const struct show_row *r)
{
	bool same = r->client.family == r->server.family;
	return same && (r->client.family == 4 || r->client.family == 6) && r->proto < PROTO_N &&
	       r->state > CONN_FREE && r->state <= CONN_BLOCKED;
}

static const char *zone_of_flow(const struct parent *p, uint16_t zone)
{
	return policy_zone_name(p->img, zone);
}

static bool is_of_flow(const struct listing *l, const struct pol_flow *f)
{
	const struct wanted *w = l->wanted;
	const struct parent *p = l->p;
	if (!f)
		return !w->conduit && !w->zone;
	return (!w->conduit || strcmp(w->conduit, policy_str(p->img, f->conduit)) == 0) &&
	       (!w->zone || strcmp(w->zone, zone_of_flow(p, f->from)) == 0 ||
		strcmp(w->zone, zone_of_flow(p, f->to)) == 0);
}

static bool is_wanted(const struct listing *l, const struct show_row *r, const struct pol_flow *f)
{
	const struct wanted *w = l->wanted;
	return is_of_flow(l, f) &&
	       (!w->protocol || strcmp(w->protocol, proto_word(r->proto)) == 0) &&
	       (!w->has_address || prefix_has(&w->address, &r->client) ||
		prefix_has(&w->address, &r->server));
}

static void take_row(struct listing *l, const struct show_row *from, unsigned inspector)
{
	struct listed_row r = { .row = *from, .inspector = inspector }; /* fetched once */
	if (!is_sound(&r.row))
		return;
	r.flow = policy_classify(l->p->img, &r.row.client, &r.row.server, r.row.l4, r.row.sport);
	if (!is_wanted(l, &r.row, policy_flow(l->p->img, r.flow)))
		return;
	l->total++;
	if (l->n < ROWS_MAX)
		l->v[l->n++] = r;
}

/* ---- asking ---- */

/* Wait until the page is there; false: not in time. */
static bool ask_page(struct worker *w, uint32_t from, uint64_t until_ns)
{
	struct shared *m = w->conf.shm;
	unsigned turn = atomic_load(&m->show_asked) + 1;
	uint64_t until = clock_ns(CLOCK_MONOTONIC) + PAGE_MS * UINT64_C(1000000);
	m->show.from = from;
	atomic_store(&m->show_asked, turn);
	while (atomic_load(&m->show_done) != turn) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC);
		if (now > until || now > until_ns)
			return false;
		worker_wake(w);
		usleep(200);
	}
	return true;
}

/* False: it did not answer, or not in time. */
static bool list_worker(struct listing *l, struct worker *w, uint64_t until_ns)
{
	const volatile struct show_page *page = &w->conf.shm->show;
	uint32_t from = 0, next;
	if (!w->up)
		return false;
	do {
		if (!ask_page(w, from, until_ns))
			return false;
		uint32_t n = page->n;
		next = page->next;
		for (uint32_t i = 0; i < n && i < SHOW_ROWS; i++)
			take_row(l, &w->conf.shm->show.row[i], w->index);
		if (next && next <= from) /* it would never end */
			return false;
		from = next;
	} while (next);
	return true;
}

/* ---- the document ---- */

static int newest_first(const void *x, const void *y)
{
	const struct listed_row *a = x, *b = y;
	return a->row.idle_ns < b->row.idle_ns ? -1 : a->row.idle_ns > b->row.idle_ns;
}

static const char *state_word(uint8_t state)
{
	static const char *const words[] = { [CONN_SYN] = "half-open",
					     [CONN_OPEN] = "open",
					     [CONN_CLOSED] = "closed",
					     [CONN_BLOCKED] = "blocked" };
	return words[state];
}

static double seconds_of(uint64_t ns)
{
	return (double)(ns / 1000000) / 1000;
}

static json_t *pack_connection(const struct parent *p, const struct listed_row *l)
{
	const struct show_row *r = &l->row;
	const struct pol_flow *f = policy_flow(p->img, l->flow);
	char client[ADDR_TEXT], server[ADDR_TEXT];
	addr_text(&r->client, client);
	addr_text(&r->server, server);
	return json_pack(
		"{s:s?,s:s?,s:s?,s:s?,s:s,s:s,s:s,s:i,s:s,s:i,s:s,s:f,s:f,s:I,s:I,s:b,s:I,s:i,s:i}",
		"conduit", f ? policy_str(p->img, f->conduit) : NULL, "policy",
		f ? policy_str(p->img, f->policy) : NULL, "from",
		f ? zone_of_flow(p, f->from) : NULL, "to", f ? zone_of_flow(p, f->to) : NULL,
		"protocol", proto_word(r->proto), "transport", r->l4 == IPPROTO_UDP ? "udp" : "tcp",
		"client", client, "client_port", (int)r->cport, "server", server, "server_port",
		(int)r->sport, "state", state_word(r->state), "age_seconds", seconds_of(r->age_ns),
		"idle_seconds", seconds_of(r->idle_ns), "requests", (json_int_t)r->messages[0],
		"responses", (json_int_t)r->messages[1], "in_kernel", r->given != 0,
		"kernel_packets", (json_int_t)r->kernel_packets, "inspector", (int)l->inspector,
		"pid", (int)p->worker[l->inspector].pid);
}

static json_t *connections_document(struct parent *p, const struct wanted *w)
{
	struct listing l = { .p = p, .wanted = w, .complete = true };
	uint64_t until = clock_ns(CLOCK_MONOTONIC) + ALL_MS * UINT64_C(1000000);
	l.v = calloc(ROWS_MAX, sizeof(*l.v));
	if (!l.v)
		return NULL;
	for (unsigned i = 0; i < p->n; i++)
		l.complete &= list_worker(&l, &p->worker[i], until);
	qsort(l.v, l.n, sizeof(*l.v), newest_first);
	json_t *list = json_array();
	for (size_t i = 0; i < l.n && i < w->limit; i++)
		json_array_append_new(list, pack_connection(p, &l.v[i]));
	free(l.v);
	return json_pack("{s:i,s:o,s:I,s:b,s:o}", "schema", CONNECTIONS_SCHEMA, "time",
			 counts_time(clock_ns(CLOCK_REALTIME)), "total", (json_int_t)l.total,
			 "complete", l.complete, "connections", list);
}

struct control_reply ask_connections(void *ctx, const struct control_request *q)
{
	struct wanted w = { .conduit = control_arg(q, "conduit"),
			    .zone = control_arg(q, "zone"),
			    .protocol = control_arg(q, "protocol"),
			    .limit = LIMIT_DEFAULT };
	const char *address = control_arg(q, "address"), *limit = control_arg(q, "limit");
	bool host_bits;
	w.has_address = address != NULL;
	if (address && !prefix_parse(address, &w.address, &host_bits))
		return control_error(CONTROL_BAD, "address=\"%s\" is no address or network",
				     address);
	if (limit && !num_parse(limit, 1, LIMIT_MAX, &w.limit))
		return control_error(CONTROL_BAD, "limit=\"%s\": 1 to %d", limit, LIMIT_MAX);
	json_t *o = connections_document(ctx, &w);
	return o ? (struct control_reply){ CONTROL_DONE, o }
		 : control_error(CONTROL_FAILED, "out of memory");
}
