/* SPDX-License-Identifier: MIT
 *
 * decide(): one DNP3 request against the rules of its flow.
 *
 * A request passes when ONE rule allows all of it: every object header, and of
 * each header all points inside ONE range as the operator wrote it. A header
 * that means "all points", or so many of them, needs points = "any"; headers of
 * classes, times and files have no points.
 */
#include "base/num.h"
#include "proto/dnp3/policy.h"

struct trial {
	const struct pol_image *img;
	const struct pol_dnp_rule *rule;
	const struct dnp_msg *m;
	struct dnp_decision *d; /* gets the refused object */
};

static bool dnp_has(const struct trial *t, const struct pol_rset *s, uint32_t x)
{
	return policy_contains(t->img, s, x, x);
}

static bool bit(unsigned bits, unsigned at)
{
	return at < 8 && (bits >> at & 1);
}

/* The wrapping of a request in aggressive mode says nothing about what it does. */
static bool wraps(const struct dnp_head *h)
{
	return h->group == DNP_G_AUTH && (h->var == 3 || h->var == 9);
}

/* A write that does only what the rule names needs no more of it. */
static bool narrow(const struct trial *t)
{
	const struct dnp_app *a = &t->m->app;
	unsigned does = a->func == 2 && t->rule->writes ? dnp_write_does(a) : 0;
	return does && !(does & ~t->rule->writes);
}

static bool whole_function(const struct trial *t)
{
	return t->rule->functions[t->m->app.func / 8] >> (t->m->app.func % 8) & 1;
}

static bool function_ok(struct trial *t)
{
	return whole_function(t) || (t->m->app.func == 2 && t->rule->writes);
}

static bool pair_ok(struct trial *t)
{
	return dnp_has(t, &t->rule->masters, t->m->link.src) &&
	       dnp_has(t, &t->rule->outstations, t->m->link.dst);
}

static bool offends(struct trial *t, const struct dnp_head *h)
{
	t->d->has_head = true;
	t->d->head = *h;
	return false;
}

static bool object_ok(struct trial *t, const struct dnp_head *h)
{
	unsigned number = (unsigned)h->group << 8 | h->var;
	return wraps(h) || dnp_has(t, &t->rule->objects, number) || offends(t, h);
}

static bool point_ok(struct trial *t, const struct dnp_head *h)
{
	const struct pol_rset *points = &t->rule->points;
	struct dnp_points it;
	struct dnp_point p;
	if (!dnp_has_points(h->group) || points->any)
		return true;
	if (h->span == DNP_RANGE)
		return policy_contains(t->img, points, h->start, h->stop) || offends(t, h);
	if (!h->indexed || (h->count && !h->data))
		return offends(t, h);
	dnp_points(&it, h);
	while (dnp_next_point(&it, &p)) {
		if (dnp_has(t, points, p.index))
			continue;
		t->d->has_point = true;
		t->d->point = p.index;
		return offends(t, h);
	}
	return true;
}

static bool control_fits(const struct trial *t, const struct dnp_control *c)
{
	const struct pol_dnp_rule *r = t->rule;
	bool plain = bit(r->operations, c->op) && !c->queue && !c->clear;
	return (r->any_operation || plain) && (r->any_trip_close || bit(r->trip_close, c->code)) &&
	       dnp_has(t, &r->count, c->count) && dnp_has(t, &r->on_time, c->on_time) &&
	       dnp_has(t, &r->off_time, c->off_time);
}

static bool control_ok(struct trial *t, const struct dnp_head *h)
{
	struct dnp_points it;
	struct dnp_point p;
	struct dnp_control c;
	if (h->group != DNP_G_CONTROL || h->bare)
		return true;
	dnp_points(&it, h);
	while (dnp_next_point(&it, &p)) {
		if (!dnp_control(h, &p, &c) || control_fits(t, &c))
			continue;
		t->d->has_point = t->d->has_control = true;
		t->d->point = p.index;
		t->d->control = c;
		return offends(t, h);
	}
	return true;
}

/* A bound as a master sends it in an object of this variation: 0.7 is a little less as a float, and
 * 0.1 a little more, and what the operator wrote is to be in the span. */
static double bound_as_sent(const struct dnp_head *h, double bound)
{
	return h->var == DNP_V_ANALOG_FLOAT ? num_as_float(bound) : bound;
}

/* A NaN is in no span. */
static bool value_fits(const struct pol_dnp_rule *r, const struct dnp_head *h, double v)
{
	for (unsigned i = 0; i < r->n_analog; i++)
		if (bound_as_sent(h, r->analog[i][0]) <= v &&
		    v <= bound_as_sent(h, r->analog[i][1]))
			return true;
	return r->any_analog;
}

static bool value_ok(struct trial *t, const struct dnp_head *h)
{
	struct dnp_points it;
	struct dnp_point p;
	uint8_t status;
	double v;
	if (h->group != DNP_G_ANALOG || h->bare)
		return true;
	dnp_points(&it, h);
	while (dnp_next_point(&it, &p)) {
		if (!dnp_analog(h, &p, &v, &status) || value_fits(t->rule, h, v))
			continue;
		t->d->has_point = t->d->has_value = true;
		t->d->point = p.index;
		t->d->value = v;
		return offends(t, h);
	}
	return true;
}

static bool all_heads(struct trial *t, bool (*ok)(struct trial *t, const struct dnp_head *h))
{
	struct dnp_walk w;
	struct dnp_head h;
	dnp_walk(&w, &t->m->app);
	while (dnp_next(&w, &h))
		if (!ok(t, &h))
			return false;
	return true;
}

static bool objects_ok(struct trial *t)
{
	if (narrow(t))
		return true;
	if (whole_function(t))
		return all_heads(t, object_ok);
	all_heads(t, offends);
	return false; /* a write of nothing too */
}

static bool points_ok(struct trial *t)
{
	return narrow(t) || all_heads(t, point_ok);
}

static bool controls_ok(struct trial *t)
{
	return all_heads(t, control_ok);
}

static bool values_ok(struct trial *t)
{
	return all_heads(t, value_ok);
}

static const struct {
	bool (*ok)(struct trial *t);
	enum reason refusal;
	/* clang-format off */
} steps[] = {
	{ function_ok, R_FUNCTION }, { pair_ok, R_DNP_ADDRESS },     { objects_ok, R_DNP_OBJECTS },
	{ points_ok, R_DNP_POINT },  { controls_ok, R_DNP_CONTROL }, { values_ok, R_DNP_ANALOG },
};
/* clang-format on */
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };
_Static_assert((int)STEPS == (int)POL_DNP_STEPS, "each may be lacking");

/* Find the first object, for the record of a request that passes. */
static void first_object(const struct dnp_app *a, struct dnp_decision *d)
{
	struct dnp_walk w;
	struct dnp_points it;
	struct dnp_point p;
	uint8_t status;
	dnp_walk(&w, a);
	d->has_head = dnp_next(&w, &d->head);
	if (!d->has_head || !d->head.data)
		return;
	dnp_points(&it, &d->head);
	if (!dnp_next_point(&it, &p))
		return;
	d->has_point = p.has_index;
	d->point = p.index;
	d->has_control = dnp_control(&d->head, &p, &d->control);
	d->has_value = dnp_analog(&d->head, &p, &d->value, &status);
}

struct dnp_decision policy_dnp3(const struct pol_image *img, const struct pol_flow *f,
				const struct dnp_msg *m)
{
	struct dnp_decision best = { .reason = R_FUNCTION, .rule = 0xffff };
	unsigned furthest = 0;
	first_object(&m->app, &best);
	for (uint32_t i = 0; i < f->n_rules; i++) {
		uint16_t id = (uint16_t)(f->rule0 + i);
		struct dnp_decision d = { .rule = id };
		struct trial t = { .img = img,
				   .rule = (const void *)policy_rule(img, PROTO_DNP3, id),
				   .m = m,
				   .d = &d };
		unsigned n = 0;
		while (n < STEPS && steps[n].ok(&t))
			n++;
		if (n <= furthest)
			continue;
		furthest = n;
		if (!d.has_head)
			first_object(&m->app, &d);
		best = d;
		best.reason = n == STEPS ? R_NONE : steps[n].refusal;
		if (n == STEPS)
			break;
	}
	return best;
}

struct dnp_lacks policy_dnp3_lacks(const struct pol_image *img, uint32_t rule,
				   const struct dnp_msg *m)
{
	struct dnp_lacks l = { .n = 0 };
	for (unsigned i = 0; i < STEPS; i++) {
		struct dnp_decision *d = &l.v[l.n];
		struct trial t = { .img = img,
				   .rule = (const void *)policy_rule(img, PROTO_DNP3, rule),
				   .m = m,
				   .d = d };
		*d = (struct dnp_decision){ .reason = steps[i].refusal, .rule = (uint16_t)rule };
		l.n += !steps[i].ok(&t);
	}
	return l;
}

enum reason policy_dnp3_pair(const struct pol_image *img, const struct pol_flow *f, uint16_t master,
			     uint16_t outstation)
{
	const struct pol_dnp_head *head = policy_head(img, f);
	if (outstation >= DNP_ADDR_BROADCAST && !head->broadcast)
		return R_DNP_BROADCAST;
	for (uint32_t i = 0; i < f->n_rules; i++) {
		const struct pol_dnp_rule *r =
			(const void *)policy_rule(img, PROTO_DNP3, f->rule0 + i);
		if (policy_contains(img, &r->masters, master, master) &&
		    policy_contains(img, &r->outstations, outstation, outstation))
			return R_NONE;
	}
	return R_DNP_ADDRESS;
}

/* ---- bounds of a foreign image ---- */

static bool dnp_rule_ok(const struct pol_image *img, const void *rule)
{
	const struct pol_dnp_rule *r = rule;
	const struct pol_rset *sets[] = {
		&r->masters, &r->outstations, &r->objects,  &r->points,
		&r->count,   &r->on_time,     &r->off_time,
	};
	for (size_t k = 0; k < sizeof(sets) / sizeof(sets[0]); k++)
		if (!policy_rset_ok(img, sets[k]))
			return false;
	return r->any_operation <= 1 && r->any_trip_close <= 1 && r->any_analog <= 1 &&
	       r->n_analog <= POL_DNP_SPANS_MAX;
}

static bool dnp_head_ok(const struct pol_image *img, const void *head)
{
	const struct pol_dnp_head *h = head;
	(void)img;
	return h->server_is_master <= 1 && h->select_before_operate <= 1 && h->unsolicited <= 1 &&
	       h->broadcast <= 1 && h->secure_authentication <= 1 && h->unwalkable <= 1 &&
	       h->confirmed_requests <= 1 && h->interleaved_responses <= 1 && h->select_timeout &&
	       h->select_timeout <= DNP_SELECT_MAX && h->outstanding &&
	       h->outstanding <= DNP_OUTSTANDING_MAX && h->max_fragment <= DNP_FRAGMENT_MAX;
}

const struct pol_shape pol_dnp3_shape = {
	.rule = sizeof(struct pol_dnp_rule),
	.head = sizeof(struct pol_dnp_head),
	.rule_ok = dnp_rule_ok,
	.head_ok = dnp_head_ok,
};
