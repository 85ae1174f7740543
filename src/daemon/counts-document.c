/* SPDX-License-Identifier: MIT
 * The book of counters as a document for the control socket (zoned-control(7)). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sb.h"
#include "base/utc.h"
#include "daemon/counts.h"
#include "daemon/uses.h"

enum { COUNTERS_SCHEMA = 1, TIME_TEXT = 40, MS_DIGITS = 3 };

static double to_thousandths(double v)
{
	return (double)(uint64_t)(v * 1000 + 0.5) / 1000;
}

json_t *counts_time(uint64_t ns)
{
	char text[TIME_TEXT];
	struct sb b = sb_init(text, sizeof(text));
	if (!ns)
		return json_null();
	sb_put_time(&b, ns, MS_DIGITS);
	return json_string(text);
}

struct document {
	const struct parent *p;
	const struct conduit **conduit; /* by the number of its name */
	json_t *rows;
	double window_s;
};

static void add_count_row(void *ctx, const struct count_row *r)
{
	struct document *d = ctx;
	const struct conduit *c = d->conduit[r->of.name];
	double rate = counts_rate(d->p, r, &d->window_s);
	json_array_append_new(
		d->rows,
		json_pack("{s:s?,s:s?,s:s?,s:s,s:s,s:s,s:s,s:s,s:I,s:o,s:f,s:o}", "conduit",
			  counts_name(d->p, r->of.name), "from", c ? c->from : NULL, "to",
			  c ? c->to : NULL, "direction", counts_direction(r->of.direction),
			  "verdict", counts_verdict(r->of.verdict), "reason",
			  counts_reason(r->of.reason), "unit", counts_unit(r->of.unit), "by",
			  counts_by(r->by), "count", (json_int_t)r->n, "bytes",
			  r->bytes ? json_integer((json_int_t)r->bytes) : json_null(), "rate",
			  to_thousandths(rate), "last", counts_time(r->last_ns)));
}

/* The conduits of the model in force, by the numbers of their names; the caller's. */
static const struct conduit **conduits_by_number(struct parent *p)
{
	const struct conduit **v = calloc(COUNT_NAMES, sizeof(*v));
	for (size_t i = 0; v && i < p->model->n_conduits; i++)
		v[counts_number(p, p->model->conduits[i].name)] = &p->model->conduits[i];
	if (v)
		v[0] = NULL;
	return v;
}

static void put_counter(void *ctx, const char *name, uint64_t packets, uint64_t bytes)
{
	json_object_set_new(
		ctx, name,
		json_pack("{s:I,s:I}", "packets", (json_int_t)packets, "bytes", (json_int_t)bytes));
}

static void add_used(void *ctx, const char *counter, uint64_t packets, uint64_t bytes)
{
	json_t *c = json_object_get(ctx, counter);
	packets += (uint64_t)json_integer_value(json_object_get(c, "packets"));
	bytes += (uint64_t)json_integer_value(json_object_get(c, "bytes"));
	put_counter(ctx, counter, packets, bytes);
}

/* What the ruleset's counters have, with what passed before the ruleset; the book has them, too.
 * NULL: errno. */
static json_t *sample_packets(struct parent *p)
{
	json_t *o = json_object();
	int err = counts_sample_rules(p, put_counter, o);
	/* else the ruleset has counted it too */
	if (!err && p->fast && fastpath_first(p->fast) >= 0)
		used_each(p, add_used, o);
	if (!err)
		return o;
	json_decref(o);
	errno = -err;
	return NULL;
}

json_t *counters_document(struct parent *p)
{
	struct document d = { .p = p, .conduit = conduits_by_number(p), .rows = json_array() };
	struct count_unjudged u;
	json_t *packets = d.conduit ? sample_packets(p) : NULL;
	if (!packets) {
		free(d.conduit);
		json_decref(d.rows);
		return NULL;
	}
	counts_unjudged(p, &u);
	counts_rate(p, &(struct count_row){ .n = 0 }, &d.window_s);
	counts_each(p, add_count_row, &d);
	free(d.conduit);
	return json_pack(
		"{s:i,s:o,s:o,s:f,s:o,s:o,s:{s:I,s:I,s:I},s:o}", "schema", COUNTERS_SCHEMA, "time",
		counts_time(clock_ns(CLOCK_REALTIME)), "since", counts_time(counts_since_ns(p)),
		"window_seconds", to_thousandths(d.window_s), "counters", d.rows, "uses",
		uses_document(p), "unjudged", "dropped", (json_int_t)u.dropped, "passed",
		(json_int_t)u.passed, "overruns", (json_int_t)u.overruns, "packets", packets);
}
