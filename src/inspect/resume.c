/* SPDX-License-Identifier: MIT
 *
 * The next message of a stream of which nobody knows where one begins: bytes before it were not
 * seen, or could not be read. Every place is tried, through proto_ops.begins, which knows what no
 * message of the protocol can begin with. What looks like a beginning is one when the next message
 * begins at its end, or nothing is there yet; some beginnings need no such proof (begins_surely).
 * Until then nothing of the stream is judged, and there is one record of how much that was.
 */
#include <netinet/in.h>

#include "inspect/internal.h"

enum place { NO_MESSAGE, UNKNOWN, MESSAGE };

static int begins(const struct pass *c, const uint8_t *p, size_t n)
{
	const struct proto_ops *ops = proto_of(c->f->proto);
	enum reason why;
	return ops->begins ? ops->begins(p, n, c->dir == 1) : ops->frame(p, n, &why);
}

static enum place place_at(const struct pass *c, const uint8_t *p, size_t n)
{
	const struct proto_ops *ops = proto_of(c->f->proto);
	int len = begins(c, p, n);
	if (len < 0)
		return NO_MESSAGE;
	if (len == 0)
		return UNKNOWN;
	if (ops->begins_surely)
		return MESSAGE;
	if ((size_t)len > n)
		return UNKNOWN;
	if ((size_t)len == n)
		return MESSAGE;
	return begins(c, p + len, n - (size_t)len) < 0 ? NO_MESSAGE : MESSAGE;
}

/* The first place that is one, else the first that may be when more is there, else the end. */
static size_t next_place(const struct pass *c, const uint8_t *p, size_t n, bool *found)
{
	size_t first = n;
	*found = false;
	for (size_t at = 0; at < n; at++) {
		enum place is = place_at(c, p + at, n - at);
		if (is == MESSAGE) {
			*found = true;
			return at;
		}
		if (is == UNKNOWN && at < first)
			first = at;
	}
	return first;
}

/* Bytes of a direction were not judged, or its connection's beginning was not seen. */
static void record_missed(struct inspect *in, struct connection *f, int dir)
{
	struct half *h = &f->h[dir];
	const struct pol_flow *pol = policy_of(in, f);
	struct event ev = connection_event(in, f, dir, R_RESUMED);
	ev.kind = EV_GAP;
	ev.verdict = V_OBSERVED; /* no packet is refused for it */
	ev.unjudged = h->missed;
	h->missed = 0;
	f->join_told |= f->joined;
	count_connection(in, pol, &ev);
	if (pol ? pol->log != LOG_NONE : !in->img) /* without a model all of it is told */
		in->out->event(in->out->ctx, &ev);
}

bool resume_stream(struct pass *c)
{
	struct half *h = &c->f->h[c->dir];
	size_t n;
	bool found;
	const uint8_t *p = half_pending(h, &n);
	size_t at = next_place(c, p, n, &found);
	half_pass(h, (uint32_t)at);
	h->missed += (uint32_t)at;
	if (!found)
		return false;
	h->lost = false;
	if (h->missed || (c->f->joined && !c->f->join_told))
		record_missed(c->in, c->f, c->dir);
	return true;
}

void resume_ended(struct inspect *in, struct connection *f)
{
	if (f->l4 != IPPROTO_TCP || f->state != CONN_OPEN || (in->img && !policy_of(in, f)))
		return;
	for (int d = 0; d < 2; d++) {
		struct half *h = &f->h[d];
		uint32_t pending = h->lost ? half_end(h) - h->next : 0;
		h->missed -= h->lost && h->fin_missed && h->missed && !pending;
		h->missed += pending;
		/* of what began before and has nothing that way there is a record */
		if (h->missed && !(f->joined && f->join_told && !h->seen))
			record_missed(in, f, d);
	}
}
