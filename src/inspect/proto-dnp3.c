/* SPDX-License-Identifier: MIT
 *
 * DNP3 in the data path. A message of the stream is one link frame. Frames of
 * an unfinished fragment go on when their link layer is permitted, for no
 * station acts before the last; with that one the whole fragment is judged.
 * When it is refused it is cut out, so the receiver is left with the beginning
 * of a fragment, which it drops when the next begins (8.2.1).
 *
 * What is refused also ends the collected fragment: a segment that follows is
 * refused too, and nothing that was not delivered can be continued.
 */
#include <string.h>

#include "dissect/dnp3-objects.h"
#include "inspect/internal.h"

enum { TAIL = 3 };	/* of a frame: the last octet and its CRC */

/* No receiver acts on a header without its CRC, or on a block without its last octet, even one
 * that checks no CRC. */
static size_t prefix_safe(const uint8_t *p, size_t n, bool response)
{
	enum reason why;
	(void)response;
	int whole = dnp3_frame(p, n, &why);
	if (whole <= 0)
		return n < DNP_HEAD - TAIL ? n : DNP_HEAD - TAIL;
	return n < (size_t)whole - TAIL ? n : (size_t)whole - TAIL;
}

struct dnp_case {
	const struct dnp_msg *m;
};

static void fill(const struct pass *c, struct event *ev, const void *of)
{
	const struct dnp_case *k = of;
	const struct dnp_msg *m = k->m;
	(void)c;
	ev->proto = PROTO_DNP3;
	ev->dnp = (struct ev_dnp3){ .src = m->link.src, .dst = m->link.dst, .link = m->link.func,
				    .prm = m->link.prm };
	if (m->has_app) {
		ev->dnp.has |= EVD_APP;
		ev->dnp.func = m->app.func;
		ev->dnp.seq = m->app.seq;
		ev->dnp.iin = m->app.iin;
	}
}

/* Does every object of the fragment end where the next begins? */
static void walk(struct dnp_msg *m)
{
	struct dnp_walk w;
	struct dnp_head h;
	dnp_walk(&w, &m->app);
	while (dnp_next(&w, &h))
		m->objects++;
	m->walk = w.why;
}

static enum reason parse(struct pass *c, const uint8_t *p, size_t n, struct dnp_msg *m)
{
	struct dnp_series *s = &c->f->state_of.dnp.in[c->dir];
	enum reason why = dnp3_link(p, n, &m->link);
	if (why != R_NONE || !dnp3_has_segment(&m->link))
		return why;
	m->has_tr = true;
	m->tr_fin = m->link.user[0] >> 7;
	m->tr_fir = m->link.user[0] >> 6 & 1;
	m->tr_seq = m->link.user[0] & 63;
	bool whole;
	why = dnp3_segment(s, &m->link, &whole);
	if (why != R_NONE || !whole)
		return why;
	why = dnp3_app(s->buf, s->n, &m->app);
	m->has_app = why == R_NONE;
	if (m->has_app)
		walk(m);
	return why;
}

static enum act judge(struct pass *c, const uint8_t *p, size_t n)
{
	struct dnp_msg m;
	memset(&m, 0, sizeof(m));
	enum reason why = parse(c, p, n, &m);
	if (why == R_NONE)
		why = m.walk;
	if (why != R_NONE)
		c->f->state_of.dnp.in[c->dir].open = false;
	const struct dnp_case of = { .m = &m };
	return judge_done(c, &(struct judged){ .why = why, .len = n, .rule = 0xffff, .part = !m.has_app,
					       .fill = fill, .of = &of, .msg = &m });
}

static void lost(struct pass *c)
{
	c->f->state_of.dnp.in[c->dir].open = false;
}

const struct proto_ops proto_dnp3 = {
	.name = "dnp3", .port = 20000, .udp = true, .cuts = true, .state = sizeof(struct dnp_state),
	.frame = dnp3_frame, .prefix_safe = prefix_safe, .judge = judge, .lost = lost,
};
