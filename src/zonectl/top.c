/* SPDX-License-Identifier: MIT
 * top: the most active conduits, sources and reasons of refusal, live. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zonectl/ask.h"
#include "zonectl/live.h"
#include "zonectl/table.h"
#include "zonectl/zonectl.h"

enum { TOP_SECONDS = 2, TOP_ROWS = 10, VALUES = 3 };

#define CONNECTIONS "connections limit=10000"

/* Numbers by name; the first one orders them. */
struct ranks {
	json_t *index; /* name -> place in v */
	struct rank {
		const char *name; /* of the key in index */
		double v[VALUES];
	} * v;
	size_t n, cap;
};

static double *rank_values(struct ranks *r, const char *name)
{
	json_t *at = json_object_get(r->index, name);
	if (at)
		return r->v[json_integer_value(at)].v;
	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		struct rank *v = realloc(r->v, cap * sizeof(*v));
		if (!v)
			return NULL;
		r->v = v;
		r->cap = cap;
	}
	json_object_set_new(r->index, name, json_integer((json_int_t)r->n));
	void *entry = json_object_iter_at(r->index, name);
	if (!entry)
		return NULL;
	r->v[r->n] = (struct rank){ .name = json_object_iter_key(entry) };
	return r->v[r->n++].v;
}

static void free_ranks(struct ranks *r)
{
	json_decref(r->index);
	free(r->v);
}

static int more_first(const void *x, const void *y)
{
	const struct rank *a = x, *b = y;
	for (size_t i = 0; i < VALUES; i++)
		if (a->v[i] != b->v[i])
			return a->v[i] > b->v[i] ? -1 : 1;
	return strcmp(a->name, b->name);
}

static bool print_ranks(const struct table_column columns[VALUES + 1], struct ranks *r)
{
	struct table *t = table_new(columns, VALUES + 1);
	if (!t)
		return false;
	if (r->n)
		qsort(r->v, r->n, sizeof(*r->v), more_first);
	for (size_t i = 0; i < r->n && i < TOP_ROWS; i++) {
		table_add(t, json_string(r->v[i].name), TABLE_PLAIN);
		for (size_t k = 0; k < VALUES; k++)
			table_add(t,
				  *columns[k + 1].key == '#'
					  ? json_integer((json_int_t)r->v[i].v[k])
					  : live_rate(r->v[i].v[k]),
				  TABLE_PLAIN);
	}
	bool ok = table_print(t, stdout);
	table_free(t);
	return ok;
}

static const char *key_of(const json_t *row, const char *key)
{
	const char *s = text_of(json_object_get(row, key));
	return *s ? s : "-";
}

static double whole(const json_t *row, const char *key)
{
	return (double)json_integer_value(json_object_get(row, key));
}

/* ---- conduits, reasons ---- */

static void rank_counters(const json_t *rows, struct ranks *conduits, struct ranks *reasons)
{
	size_t i;
	json_t *row;
	json_array_foreach (rows, i, row) {
		double rate = json_real_value(json_object_get(row, "rate"));
		bool message = strcmp(key_of(row, "unit"), "message") == 0,
		     judged = strcmp(key_of(row, "by"), "inspector") == 0,
		     passes = strcmp(key_of(row, "reason"), "none") == 0;
		double *c = json_is_string(json_object_get(row, "conduit"))
				    ? rank_values(conduits, key_of(row, "conduit"))
				    : NULL;
		double *r = passes ? NULL : rank_values(reasons, key_of(row, "reason"));
		if (c && message)
			c[0] += rate;
		else if (c && !judged)
			c[1] += rate;
		if (c && !passes)
			c[2] += rate;
		if (r) {
			r[0] += rate;
			r[1] += whole(row, "count");
			r[2] += strcmp(key_of(row, "verdict"), "observed") == 0
					? whole(row, "count")
					: 0;
		}
	}
}

/* ---- sources ---- */

static void rank_sources(const json_t *rows, struct ranks *r)
{
	size_t i;
	json_t *row;
	json_array_foreach (rows, i, row) {
		double *v = rank_values(r, key_of(row, "client"));
		if (!v)
			return;
		v[0] += whole(row, "requests") + whole(row, "responses") +
			whole(row, "kernel_packets");
		v[1]++;
		v[2] += json_is_true(json_object_get(row, "in_kernel"));
	}
}

/* What they have since the connections before, in a second; connections that ended are not in it.
 */
static void rate_sources(struct ranks *now, struct ranks *before, double window)
{
	for (size_t i = 0; i < now->n; i++) {
		json_t *at = json_object_get(before->index, now->v[i].name);
		double was = at ? before->v[json_integer_value(at)].v[0] : 0, *v = now->v[i].v;
		v[0] = v[0] > was ? (v[0] - was) / window : 0;
	}
}

/* ---- the page ---- */

static const struct table_column of_conduits[] = {
	{ "CONDUIT", "name", false },
	{ "MESSAGES/S", "v", true },
	{ "PACKETS/S", "v", true },
	{ "REFUSED/S", "v", true },
};
static const struct table_column of_reasons[] = {
	{ "REASON", "name", false },
	{ "PER SECOND", "v", true },
	{ "COUNT", "#", true },
	{ "ONLY OBSERVED", "#", true },
};
static const struct table_column of_sources[] = {
	{ "SOURCE", "name", false },
	{ "MESSAGES/S", "v", true },
	{ "CONNECTIONS", "#", true },
	{ "IN KERNEL", "#", true },
};

struct top {
	json_t *connections; /* of the page before */
	uint64_t seconds;    /* 0: one page */
};

static int print_sources(struct top *t, double window)
{
	static const struct live_filter all;
	struct ranks now = { .index = json_object() }, before = { .index = json_object() };
	struct answer a;
	int rc = ask_zoned(CONNECTIONS, NULL, &a);
	if (rc == EXIT_OK)
		rc = answer_status(&a);
	if (rc == EXIT_OK) {
		json_t *rows = live_rows(a.document, "connections", &all);
		rank_sources(rows, &now);
		rank_sources(t->connections, &before);
		rate_sources(&now, &before, window);
		if (!print_ranks(of_sources, &now))
			rc = EXIT_FAIL;
		json_decref(t->connections);
		t->connections = rows;
		json_decref(a.document);
	}
	free_ranks(&now);
	free_ranks(&before);
	return rc;
}

/* Rates are zoned's, over its window; of sources those since the page before, or since their
 * connections began. */
static int show_top(void *ctx, const json_t *o, const json_t *before)
{
	struct top *t = ctx;
	struct ranks conduits = { .index = json_object() }, reasons = { .index = json_object() };
	rank_counters(json_object_get(o, "counters"), &conduits, &reasons);
	printf("%.19sZ, rates over %.0f s\n\n", text_of(json_object_get(o, "time")),
	       json_real_value(json_object_get(o, "window_seconds")));
	bool ok = print_ranks(of_conduits, &conduits);
	putchar('\n');
	ok = ok && print_ranks(of_reasons, &reasons);
	putchar('\n');
	free_ranks(&conduits);
	free_ranks(&reasons);
	uint64_t now = live_ns(json_object_get(o, "time")),
		 was = live_ns(json_object_get(before, "time"));
	double window = was && now > was ? (double)(now - was) / 1e9
					 : json_real_value(json_object_get(o, "window_seconds"));
	return ok ? print_sources(t, window) : EXIT_FAIL;
}

int verb_top(int argc, char **argv)
{
	struct top t = { .seconds = TOP_SECONDS };
	const char *interval = NULL;
	bool once = false;
	const struct option_to to[] = { { .name = "--once", .flag = &once },
					{ .name = "--interval", .text = &interval },
					{ .name = NULL } };
	if (options_and_operands(argc, argv, to, 0) < 0 ||
	    (interval && !live_seconds("--interval", interval, &t.seconds)))
		return EXIT_USAGE;
	t.connections = json_array();
	int rc = live_ask("counters", once ? 0 : t.seconds, show_top, &t);
	json_decref(t.connections);
	return rc;
}
