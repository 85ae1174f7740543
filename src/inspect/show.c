/* SPDX-License-Identifier: MIT
 * The connections of the table as rows. */
#include "inspect/show.h"

#include "inspect/internal.h"

static uint64_t since(uint64_t then, uint64_t now)
{
	return now > then ? now - then : 0;
}

static struct show_row row_of_connection(struct connections *t, struct connection *f, uint64_t now)
{
	connection_moved(t, f, now);
	return (struct show_row){
		.client = f->client,
		.server = f->server,
		.cport = f->cport,
		.sport = f->sport,
		.l4 = f->l4,
		.proto = f->proto,
		.state = f->state,
		.given = f->fast.given,
		.messages = { f->messages[0], f->messages[1] },
		.kernel_packets = f->kernel_packets + (f->fast.given ? f->fast.seen : 0),
		.age_ns = since(f->began_ns, now),
		.idle_ns = since(f->last_ns, now),
	};
}

void inspect_show(struct inspect *in, struct show_page *page, uint64_t now_ns)
{
	struct connections *t = &in->connections;
	uint32_t i = page->from, end = t->n - t->unused;
	page->n = 0;
	for (; i < end && page->n < SHOW_ROWS; i++)
		if (t->v[i].state != CONN_FREE)
			page->row[page->n++] = row_of_connection(t, &t->v[i], now_ns);
	page->next = i < end ? i : 0;
}
