/* SPDX-License-Identifier: MIT
 * Samples of a DNP3 policy for zonectl selftest: requests, and what its entries say of each. */
#include <string.h>

#include "proto/dnp3/explain.h"
#include "proto/dnp3/words.h"

enum {
	LATCH_ON = 3, /* of dnp_operations */
	STATION_MOST = 65519,
	POINT_MOST = 65535,
	COUNT_MOST = 255,
	READ_OBJECT = 30 << 8 | 1,
	CLASS_OBJECT = DNP_G_CLASS << 8 | 2,
};

struct request {
	const struct dnp_func *fn;
	uint32_t master, outstation, object, point, op, code, count, on, off;
	double value;
};

static bool dnp_operates(const struct request *q)
{
	return q->fn->classes & DNP_OPERATE;
}

static bool dnp_controls(const struct request *q)
{
	return dnp_operates(q) && q->object >> 8 == DNP_G_CONTROL;
}

static bool dnp_sets(const struct request *q)
{
	return dnp_operates(q) && q->object >> 8 == DNP_G_ANALOG;
}

static bool dnp_has_objects(const struct request *q)
{
	return q->fn->body != DNP_BODY_NONE;
}

static bool dnp_has_point(const struct request *q)
{
	return dnp_has_objects(q) && dnp_has_points((uint8_t)(q->object >> 8));
}

/* ---- what the entries say ---- */

static bool dnp_has_function(const struct dnp3_allow *a, uint8_t code)
{
	return a->functions[code / 8] >> (code % 8) & 1;
}

static bool dnp_control_fits(const struct dnp3_allow *a, const struct request *q)
{
	return (a->any_operation || (a->operations >> q->op & 1)) &&
	       (a->any_trip_close || (a->trip_close >> q->code & 1)) &&
	       sample_holds(&a->count, q->count, q->count, false) &&
	       sample_holds(&a->on_time, q->on, q->on, false) &&
	       sample_holds(&a->off_time, q->off, q->off, false);
}

static bool dnp_value_fits(const struct dnp3_allow *a, double v)
{
	for (size_t i = 0; i < a->analog.n; i++)
		if (a->analog.v[i][0] <= v && v <= a->analog.v[i][1])
			return true;
	return a->analog.any;
}

static unsigned dnp_steps_of(const struct dnp3_allow *a, const struct request *q)
{
	const bool ok[] = {
		dnp_has_function(a, q->fn->code),
		sample_holds(&a->masters, q->master, q->master, false) &&
			sample_holds(&a->outstations, q->outstation, q->outstation, false),
		!dnp_has_objects(q) || sample_holds(&a->objects, q->object, q->object, false),
		!dnp_has_point(q) || sample_holds(&a->points, q->point, q->point, false),
		!dnp_controls(q) || dnp_control_fits(a, q),
		!dnp_sets(q) || dnp_value_fits(a, q->value),
	};
	unsigned n = 0;
	while (n < sizeof(ok) / sizeof(ok[0]) && ok[n])
		n++;
	return n;
}

/* No entry with these two: that is found before any function. */
static bool dnp_is_pair(const struct dnp3_policy *p, const struct request *q)
{
	for (size_t i = 0; i < p->n_allow; i++)
		if (sample_holds(&p->allow[i].masters, q->master, q->master, false) &&
		    sample_holds(&p->allow[i].outstations, q->outstation, q->outstation, false))
			return true;
	return false;
}

static bool dnp_changes(const struct request *q)
{
	return !(q->fn->classes & (DNP_READ | DNP_TIME | DNP_AUTH));
}

static enum reason dnp_expected_of(const struct dnp3_policy *p, const struct request *q)
{
	static const enum reason refusals[] = { R_FUNCTION,  R_DNP_ADDRESS, R_DNP_OBJECTS,
						R_DNP_POINT, R_DNP_CONTROL, R_DNP_ANALOG,
						R_NONE };
	enum { ALL = sizeof(refusals) / sizeof(refusals[0]) - 1 };
	unsigned furthest = 0;
	if (!dnp_is_pair(p, q))
		return R_DNP_ADDRESS;
	for (size_t i = 0; i < p->n_allow; i++) {
		unsigned n = dnp_steps_of(&p->allow[i], q);
		furthest = n > furthest ? n : furthest;
	}
	if (furthest < ALL)
		return refusals[furthest];
	if (p->secure_authentication && dnp_changes(q))
		return R_DNP_AUTH;
	bool alone =
		dnp_operates(q) && strcmp(q->fn->name, "select") != 0; /* nothing was selected */
	return alone && p->select_before_operate ? R_DNP_NOT_SELECTED : R_NONE;
}

/* ---- requests ---- */

static void dnp_put_sample(struct samples *s, const struct dnp3_policy *p, const char *what,
			   const struct request *q)
{
	char object[64] = "", more[160] = "";
	unsigned group = q->object >> 8, var = q->object & 255;
	if (dnp_has_objects(q) && dnp_has_point(q))
		snprintf(object, sizeof(object), " %u.%u %u", group, var, q->point);
	else if (dnp_has_objects(q))
		snprintf(object, sizeof(object), " %u.%u", group, var);
	if (dnp_controls(q))
		snprintf(more, sizeof(more), " %s %s count %u on %u off %u", dnp_operations[q->op],
			 dnp_trip_close[q->code], q->count, q->on, q->off);
	else if (dnp_sets(q))
		snprintf(more, sizeof(more), " = %.17g", q->value);
	samples_put(s, what, dnp_expected_of(p, q), "%s master %u outstation %u%s%s", q->fn->name,
		    q->master, q->outstation, object, more);
}

/* Functions of which words have a request. */
static bool dnp_in_words(const struct dnp_func *fn)
{
	return !(fn->classes & DNP_ANSWER) &&
	       (fn->body == DNP_BODY_NONE || fn->body == DNP_BODY_HEADERS ||
		(fn->classes & DNP_OPERATE));
}

static bool dnp_object_fits(const struct request *q, uint32_t object)
{
	unsigned group = object >> 8, var = object & 255;
	if (!dnp_operates(q))
		return true;
	return (group == DNP_G_CONTROL && var == 1) ||
	       (group == DNP_G_ANALOG && var >= 1 && var <= 4);
}

/* An object of the entry with which the function goes. False: words have none. */
static bool dnp_set_object(struct request *q, const struct dnp3_allow *a)
{
	const uint32_t usual[] = { READ_OBJECT, CLASS_OBJECT, DNP_G_CONTROL << 8 | 1,
				   DNP_G_ANALOG << 8 | 2 };
	if (!dnp_has_objects(q))
		return true;
	for (size_t i = 0; !a->objects.any && i < a->objects.n; i++)
		if (dnp_object_fits(q, a->objects.v[i].lo)) {
			q->object = a->objects.v[i].lo;
			return true;
		}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (dnp_object_fits(q, usual[i]) &&
		    sample_holds(&a->objects, usual[i], usual[i], false)) {
			q->object = usual[i];
			return true;
		}
	return false;
}

/* The first of them; `standard` where there is none, or all are. */
static uint32_t dnp_first_bit(unsigned bits, bool any, uint32_t standard)
{
	for (uint32_t n = 0; !any && n < 8; n++)
		if (bits >> n & 1)
			return n;
	return standard;
}

static double dnp_first_value(const struct spans *s)
{
	/* a whole number, where there is one: objects of whole numbers have no other */
	double v = s->n ? s->v[0][0] : 0;
	double whole = (double)(int64_t)v;
	whole += whole < v ? 1 : 0;
	return s->n && whole <= s->v[0][1] ? whole : v;
}

static bool dnp_permitted_by(const struct dnp3_allow *a, const struct dnp_func *fn,
			     struct request *q)
{
	*q = (struct request){ .fn = fn,
			       .master = sample_first(&a->masters, 1),
			       .outstation = sample_first(&a->outstations, 10),
			       .point = sample_first(&a->points, 0),
			       .op = dnp_first_bit(a->operations, a->any_operation, LATCH_ON),
			       .code = dnp_first_bit(a->trip_close, a->any_trip_close, 0),
			       .count = sample_first(&a->count, 1),
			       .on = sample_first(&a->on_time, 100),
			       .off = sample_first(&a->off_time, 0),
			       .value = dnp_first_value(&a->analog) };
	return q->outstation <= STATION_MOST && dnp_set_object(q, a);
}

struct moved {
	const char *what;
	const struct ranges *of;
	uint32_t *to, most;
	bool there;
};

static void dnp_put_moved(struct samples *s, const struct dnp3_policy *p,
			  const struct dnp3_allow *a, const struct request *good)
{
	struct request q = *good;
	const struct moved fields[] = {
		{ "master", &a->masters, &q.master, STATION_MOST, true },
		{ "outstation", &a->outstations, &q.outstation, STATION_MOST, true },
		{ "point", &a->points, &q.point, POINT_MOST, dnp_has_point(&q) },
		{ "count", &a->count, &q.count, COUNT_MOST, dnp_controls(&q) },
		{ "on time", &a->on_time, &q.on, UINT32_MAX, dnp_controls(&q) },
		{ "off time", &a->off_time, &q.off, UINT32_MAX, dnp_controls(&q) },
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		q = *good;
		if (fields[i].there &&
		    sample_outside(fields[i].of, 1, fields[i].most, fields[i].to))
			dnp_put_sample(s, p, fields[i].what, &q);
	}
	q = *good;
	if (dnp_sets(&q) && a->analog.n) {
		q.value = a->analog.v[a->analog.n - 1][1] + 1;
		dnp_put_sample(s, p, "value", &q);
	}
	for (unsigned op = 1; dnp_controls(good) && op < 5; op++) {
		q = *good;
		q.op = op;
		dnp_put_sample(s, p, "operation", &q);
	}
}

static void dnp_put_entry(struct samples *s, const struct dnp3_policy *p,
			  const struct dnp3_allow *a)
{
	unsigned n = 0;
	for (size_t i = 0; i < dnp_funcs_n && n < SAMPLE_FUNCTIONS; i++) {
		const struct dnp_func *fn = &dnp_funcs[i];
		struct request q;
		if (!dnp_has_function(a, fn->code))
			continue;
		if (!dnp_in_words(fn) || !dnp_permitted_by(a, fn, &q)) {
			samples_leave(s, "%s: it cannot be written in words", fn->name);
			continue;
		}
		n++;
		dnp_put_sample(s, p, "permitted", &q);
		dnp_put_moved(s, p, a, &q);
	}
	if (a->writes)
		samples_leave(s, "clear-restart and time-sync: they cannot be written in words");
}

static void dnp_put_other_function(struct samples *s, const struct dnp3_policy *p)
{
	for (size_t i = 0; p->n_allow && i < dnp_funcs_n; i++) {
		struct request q;
		bool has = !dnp_in_words(&dnp_funcs[i]) ||
			   !dnp_permitted_by(&p->allow[0], &dnp_funcs[i], &q);
		for (size_t k = 0; k < p->n_allow; k++)
			has |= dnp_has_function(&p->allow[k], dnp_funcs[i].code);
		if (has)
			continue;
		dnp_put_sample(s, p, "function", &q);
		return;
	}
	samples_leave(s, "a function that is refused: the policy permits all that have words");
}

void dnp_samples(const struct policy *policy, struct samples *s)
{
	const struct dnp3_policy *p = dnp3_policy_of(policy);
	if (p->server_is_master) {
		samples_leave(s, "messages: in words the master opens the connection");
		return;
	}
	for (size_t i = 0; i < p->n_allow; i++)
		dnp_put_entry(s, p, &p->allow[i]);
	dnp_put_other_function(s, p);
	samples_flip(s, "checksum of the header", R_CRC, 8, 0xff);
	samples_flip(s, "start octets", R_FRAME, 1, 1);
}
