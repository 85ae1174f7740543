/* SPDX-License-Identifier: MIT
 * DNP3 messages as replay prints them. */
#include <inttypes.h>
#include <stdio.h>

#include "base/sb.h"
#include "proto/dnp3/wire-objects.h"
#include "zonectl/replay.h"

enum { OBJECTS_TEXT = 16384, CONTROLS_TEXT = 65536 };	/* a fragment has room for no more */

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
			sb_printf(b, "%sg12i%uop%u/%u/%ut%u/%u/%us%u", next, p.index, c.op, c.clear, c.code, c.count,
				  c.on_time, c.off_time, c.status & 127u);
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
		sb_printf(objects, "%s%u.%u/%02x/", objects->len ? ";" : "", h.group, h.var, h.qual);
		if (h.span != DNP_UNCOUNTED)
			sb_printf(objects, "%" PRIu64, h.count);
		if (h.span == DNP_RANGE)
			sb_printf(objects, "[%u-%u]", h.start, h.stop);
		put_controls(controls, &h);
	}
}

static const char *direction(const struct dnp_msg *m)
{
	if (!m->has_app)
		return m->link.dir ? "m2o" : "o2m";
	return m->app.response ? "resp" : m->app.func == 0 ? "conf" : "req";
}

static void app_json(json_t *o, const struct dnp_app *a)
{
	static char objects[OBJECTS_TEXT], controls[CONTROLS_TEXT];
	struct sb b = sb_init(objects, sizeof(objects)), c = sb_init(controls, sizeof(controls));
	const struct dnp_func *f = dnp_func_by_code(a->func);
	char iin[8];
	replay_put(o, "al_fir", true, a->fir);
	replay_put(o, "al_fin", true, a->fin);
	replay_put(o, "al_con", true, a->con);
	replay_put(o, "al_uns", true, a->uns);
	replay_put(o, "al_seq", true, a->seq);
	replay_put(o, "al_func", true, a->func);
	if (f)
		json_object_set_new(o, "function", json_string(f->name));
	replay_put(o, "al_len", true, a->len);
	snprintf(iin, sizeof(iin), "%04x", a->iin);
	if (a->response)
		json_object_set_new(o, "al_iin", json_string(iin));
	put_objects(a, &b, &c);
	if (b.len)
		json_object_set_new(o, "al_objs", json_string(objects));
	if (c.len)
		json_object_set_new(o, "al_ctrl", json_string(controls));
}

static void json(json_t *o, const struct event *ev, const void *of)
{
	const struct dnp_msg *m = of;
	(void)ev;
	json_object_set_new(o, "kind", json_string(m->has_app ? "app" : m->has_tr ? "frag" : "link"));
	json_object_set_new(o, "dir", json_string(direction(m)));
	replay_put(o, "dl_src", true, m->link.src);
	replay_put(o, "dl_dst", true, m->link.dst);
	replay_put(o, "dl_dir", true, m->link.dir);
	replay_put(o, "dl_prm", true, m->link.prm);
	replay_put(o, "dl_func", true, m->link.func);
	replay_put(o, "tr_fir", m->has_tr, m->tr_fir);
	replay_put(o, "tr_fin", m->has_tr, m->tr_fin);
	replay_put(o, "tr_seq", m->has_tr, m->tr_seq);
	if (m->has_app)
		app_json(o, &m->app);
}

static void text(const struct event *ev, const void *of)
{
	static char objects[OBJECTS_TEXT], controls[CONTROLS_TEXT];
	const struct dnp_msg *m = of;
	struct sb b = sb_init(objects, sizeof(objects)), c = sb_init(controls, sizeof(controls));
	(void)ev;
	printf(" %s link=%u>%u(%s)", direction(m), m->link.src, m->link.dst,
	       dnp3_link_name(m->link.prm, m->link.func));
	if (m->has_tr)
		printf(" tr=%s%s%u", m->tr_fir ? "F" : "", m->tr_fin ? "L" : "", m->tr_seq);
	if (!m->has_app)
		return;
	const struct dnp_func *f = dnp_func_by_code(m->app.func);
	printf(" fc=%u(%s) seq=%u%s%s", m->app.func, f ? f->name : "unassigned", m->app.seq, m->app.con ? " con" : "",
	       m->app.uns ? " uns" : "");
	if (m->app.response)
		printf(" iin=%04x", m->app.iin);
	put_objects(&m->app, &b, &c);
	if (b.len)
		printf(" objects=%s", objects);
	if (c.len)
		printf(" controls=%s", controls);
}

const struct replay_ops replay_dnp3 = { .json = json, .text = text };
