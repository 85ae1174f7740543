/* SPDX-License-Identifier: MIT
 * The facts of a DNP3 message. */
#include <stdio.h>

#include "proto/dnp3/facts-expected.h"
#include "proto/dnp3/wire-objects.h"
#include "record/facts.h"
#include "proto/dnp3/facts.h"

static const char *function(const struct ev_dnp3 *d)
{
	const struct dnp_func *f = dnp_func_by_code(d->func);
	return f ? f->name : "unassigned";
}

static const char *dnp_title(const struct event *ev)
{
	bool named = (EV_DNP3(ev)->has & EVD_APP) && dnp_func_by_code(EV_DNP3(ev)->func);
	return named ? function(EV_DNP3(ev)) : "DNP3 message";
}

static void put_control(const struct ev_dnp3 *d, const struct fact_sink *to)
{
	to->word(to->ctx, "operation", d->op < 5 ? dnp_operations[d->op] : "reserved");
	to->word(to->ctx, "code", d->code < 3 ? dnp_trip_close[d->code] : "reserved");
	to->num(to->ctx, "count", d->count);
	to->num(to->ctx, "on_time", d->on_time);
	to->num(to->ctx, "off_time", d->off_time);
}

static void put_application(const struct ev_dnp3 *d, const struct fact_sink *to)
{
	char text[32];
	to->num(to->ctx, "fc", d->func);
	to->word(to->ctx, "function", function(d));
	to->num(to->ctx, "seq", d->seq);
	if (d->func >= 129) {
		snprintf(text, sizeof(text), "%04x", d->iin);
		to->word(to->ctx, "iin", text);
	}
	if (d->has & EVD_OBJECT) {
		snprintf(text, sizeof(text), "%u.%u", d->group, d->var);
		to->word(to->ctx, "object", text);
	}
	if (d->has & EVD_POINTS)
		to->range(to->ctx, "points", d->start, d->stop);
	if (d->has & EVD_CONTROL)
		put_control(d, to);
	if (d->has & EVD_VALUE) {
		snprintf(text, sizeof(text), "%.9g", d->value);
		to->word(to->ctx, "value", text);
	}
}

static void dnp_each_fact(const struct event *ev, const struct fact_sink *to)
{
	const struct ev_dnp3 *d = EV_DNP3(ev);
	to->num(to->ctx, "link_src", d->src);
	to->num(to->ctx, "link_dst", d->dst);
	to->word(to->ctx, "link", dnp3_link_name(d->prm, d->link));
	if (d->has & EVD_OTHER)
		to->num(to->ctx, "other_src", d->other);
	if (d->has & EVD_APP)
		put_application(d, to);
}

/* Function, link addresses and object: other points of one object are one record. */
static uint64_t dnp_fact_key(const struct event *ev)
{
	const struct ev_dnp3 *d = EV_DNP3(ev);
	return (uint64_t)d->src << 48 | (uint64_t)d->dst << 32 | (uint64_t)d->group << 24 |
	       (uint64_t)d->var << 16 | (uint64_t)d->func << 8 | (uint64_t)(d->has & EVD_APP) << 7 |
	       (uint64_t)(d->prm & 1) << 4 | (d->link & 15);
}

const struct fact_ops facts_dnp3 = {
	.title = dnp_title, .each = dnp_each_fact, .expected = dnp_expected, .key = dnp_fact_key
};
