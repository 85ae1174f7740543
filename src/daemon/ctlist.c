/* SPDX-License-Identifier: MIT
 *
 * A flow whose end nobody tells would keep its place for a day. So the kernel's
 * whole list is read, piece by piece, and handed to the inspectors; a flow that is
 * silent and not on it has ended. That is done
 *
 *	when events were lost: many connections that end at once are more of them
 *	than the kernel has room for;
 *
 *	with the in-kernel path every LIST_EVERY_NS instead of listening for events: for
 *	each packet of a connection that may have events the kernel exchanges a word that
 *	all cores share, which is about 2 percent of forwarding it. What the list takes is
 *	held to one part in LIST_SHARE of the time.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <libmnl/libmnl.h>

#include "daemon/parent.h"

enum { LIST_SHARE = 10 };
#define LIST_EVERY_NS UINT64_C(10000000000)

bool list_open(struct parent *p)
{
	p->list.nl = ctlist_open();
	return p->list.nl != NULL;
}

/* An inspector that misses a part must not see the end. */
static void hand_part(struct parent *p, enum list_part part)
{
	struct ct_list *l = &p->list;
	for (unsigned i = 0; i < p->n && !l->broken; i++) {
		worker_lock(&p->worker[i]);
		l->broken = !worker_tell(&p->worker[i], SLOT_LIST, part, l->ends,
					 (uint32_t)(l->n * sizeof(l->ends[0])));
		worker_unlock(&p->worker[i]);
	}
	l->n = 0;
}

static void collect_connection(void *ctx, const struct tcp_ends *there)
{
	struct parent *p = ctx;
	struct ct_list *l = &p->list;
	l->ends[l->n++] = *there;
	if (l->n == LIST_BATCH)
		hand_part(p, LIST_MORE);
}

void list_start(struct parent *p)
{
	struct ct_list *l = &p->list;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	l->wanted |= p->fast && now >= l->next_ns;
	if (!l->wanted || l->running)
		return;
	l->since_ns = now;
	l->broken = false;
	l->n = 0;
	hand_part(p, LIST_BEGIN);
	if (l->broken)
		return; /* no room now; the next call tries again */
	int err = ctlist_ask(l->nl);
	if (err) {
		say(LOG_ERR, "the list of connections: %s", strerror(-err));
		return;
	}
	l->wanted = false; /* connections lost from now on may be missing in this list */
	l->running = true;
}

void on_list(evutil_socket_t fd, short what, void *ctx)
{
	struct parent *p = ctx;
	struct ct_list *l = &p->list;
	(void)fd;
	(void)what;
	int got = ctlist_read(l->nl, LIST_READS, collect_connection, p);
	if (got == 0)
		return;
	if (got > 0 && !l->broken) {
		if (l->n)
			hand_part(p, LIST_MORE);
		hand_part(p, LIST_END);
	}
	uint64_t now = clock_ns(CLOCK_MONOTONIC), rest = LIST_SHARE * (now - l->since_ns);
	l->next_ns = now + (rest > LIST_EVERY_NS ? rest : LIST_EVERY_NS);
	l->running = false;
	l->wanted |= got < 0 || l->broken;
}
