/* SPDX-License-Identifier: MIT
 * Fields that replay prints of a DNP3 message besides its facts. */
#include <inttypes.h>

#include "base/sb.h"
#include "proto/dnp3/wire-objects.h"
#include "zonectl/replay.h"

enum { OBJECTS_TEXT = 16384, CONTROLS_TEXT = 65536 }; /* a fragment has room for no more */

static void put_controls(struct sb *b, const struct dnp_head *h)
{
	struct dnp_points it;
	struct dnp_point p;
	struct dnp_control c;
	double value;
	uint8_t status;
	dnp_points(&it, h);
	while (dnp_next_point(&it, &p)) {
		const char *next = b->len ? ";" : "";
		if (dnp_control(h, &p, &c))
			sb_printf(b, "%sg12i%uop%u/%u/%ut%u/%u/%us%u", next, p.index, c.op, c.clear,
				  c.code, c.count, c.on_time, c.off_time, c.status & 127u);
		else if (dnp_analog(h, &p, &value, &status))
			sb_printf(b, "%sg41i%us%u", next, p.index, status & 127u);
	}
}

static void put_objects(const struct dnp_app *a, struct sb *objects, struct sb *controls)
{
	struct dnp_walk w;
	struct dnp_head h;
	dnp_walk(&w, a);
	while (dnp_next(&w, &h)) {
		sb_printf(objects, "%s%u.%u/%02x/", objects->len ? ";" : "", h.group, h.var,
			  h.qual);
		if (h.span != DNP_UNCOUNTED)
			sb_printf(objects, "%" PRIu64, h.count);
		if (h.span == DNP_RANGE)
			sb_printf(objects, "[%u-%u]", h.start, h.stop);
		put_controls(controls, &h);
	}
}

static void each_app(const struct dnp_app *a, const struct fact_sink *to)
{
	static _Thread_local char objects[OBJECTS_TEXT], controls[CONTROLS_TEXT];
	struct sb b = sb_init(objects, sizeof(objects)), c = sb_init(controls, sizeof(controls));
	to->num(to->ctx, "al_fir", a->fir);
	to->num(to->ctx, "al_fin", a->fin);
	to->num(to->ctx, "al_con", a->con);
	to->num(to->ctx, "al_uns", a->uns);
	to->num(to->ctx, "al_len", a->len);
	put_objects(a, &b, &c);
	if (b.len)
		to->word(to->ctx, "objects", objects);
	if (c.len)
		to->word(to->ctx, "controls", controls);
}

static void dnp_each_replayed(const struct event *ev, const void *of, const struct fact_sink *to)
{
	const struct dnp_msg *m = of;
	(void)ev;
	to->word(to->ctx, "kind", m->has_app ? "app" : m->has_tr ? "frag" : "link");
	to->num(to->ctx, "dl_dir", m->link.dir);
	to->num(to->ctx, "dl_prm", m->link.prm);
	to->num(to->ctx, "dl_func", m->link.func);
	if (m->has_tr) {
		to->num(to->ctx, "tr_fir", m->tr_fir);
		to->num(to->ctx, "tr_fin", m->tr_fin);
		to->num(to->ctx, "tr_seq", m->tr_seq);
	}
	if (m->has_app)
		each_app(&m->app, to);
}

const struct replay_ops replay_dnp3 = { .each = dnp_each_replayed };
