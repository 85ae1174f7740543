/* SPDX-License-Identifier: MIT
 * counters: what crosses, by conduit, direction, verdict and reason (zoned-control(7)). */
#include <stdio.h>
#include <string.h>

#include "zonectl/ask.h"
#include "zonectl/live.h"
#include "zonectl/table.h"
#include "zonectl/zonectl.h"

struct counters {
	struct live_filter filter;
	bool json, use;
};

static const struct table_column columns[] = {
	{ "CONDUIT", "conduit", false }, { "DIRECTION", "direction", false },
	{ "VERDICT", "verdict", false }, { "REASON", "reason", false },
	{ "WHAT", "unit", false },	 { "BY", "by", false },
	{ "COUNT", "count", true },	 { "PER SECOND", "rate", true },
	{ "LAST", "last", false },
};

static bool same_row(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "conduit", "direction", "verdict",
					    "reason",  "unit",	    "by" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
			return false;
	return true;
}

static json_int_t count_of(const json_t *row)
{
	return json_integer_value(json_object_get(row, "count"));
}

/* Rows come in the same order each time, new ones between them: *at goes on from the row before. */
static json_int_t count_before(const json_t *list, size_t *at, const json_t *row)
{
	for (size_t i = *at; i < json_array_size(list); i++)
		if (same_row(json_array_get(list, i), row)) {
			*at = i + 1;
			return count_of(json_array_get(list, i));
		}
	return 0;
}

static enum table_colour colour_of(const char *verdict)
{
	return strcmp(verdict, "accept") == 0	  ? TABLE_PLAIN
	       : strcmp(verdict, "observed") == 0 ? TABLE_YELLOW
						  : TABLE_RED;
}

static void add_counter_row(struct table *t, const json_t *row, double rate)
{
	const char *verdict = text_of(json_object_get(row, "verdict"));
	json_t *conduit = json_object_get(row, "conduit");
	table_add(t, json_is_string(conduit) ? json_incref(conduit) : json_string("-"),
		  TABLE_PLAIN);
	table_add(t, json_incref(json_object_get(row, "direction")), TABLE_PLAIN);
	table_add(t, json_string(verdict), colour_of(verdict));
	table_add(t, json_incref(json_object_get(row, "reason")), TABLE_PLAIN);
	table_add(t, json_incref(json_object_get(row, "unit")), TABLE_PLAIN);
	table_add(t, json_incref(json_object_get(row, "by")), TABLE_PLAIN);
	table_add(t, json_integer(count_of(row)), TABLE_PLAIN);
	table_add(t, live_rate(rate), TABLE_PLAIN);
	table_add(t, live_time(json_object_get(row, "last")), TABLE_PLAIN);
}

/* The time that rates are over: since the answer before, or as zoned says. */
static double window_of(const json_t *o, const json_t *before)
{
	uint64_t now = live_ns(json_object_get(o, "time")),
		 was = live_ns(json_object_get(before, "time"));
	return was && now > was ? (double)(now - was) / 1e9
				: json_real_value(json_object_get(o, "window_seconds"));
}

static int print_counter_rows(const json_t *rows, const json_t *o, const json_t *before)
{
	struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *old = json_object_get(before, "counters");
	double window = window_of(o, before);
	size_t i, at = 0;
	json_t *row;
	if (!t)
		return EXIT_FAIL;
	printf("%.19sZ, counted since %.19sZ; rates over %.0f s\n",
	       text_of(json_object_get(o, "time")), text_of(json_object_get(o, "since")), window);
	json_array_foreach (rows, i, row) {
		json_int_t more = count_of(row) - count_before(old, &at, row);
		add_counter_row(t, row,
				before ? (double)more / window
				       : json_real_value(json_object_get(row, "rate")));
	}
	bool ok = table_print(t, stdout);
	table_free(t);
	return ok ? EXIT_OK : EXIT_FAIL;
}

static const struct table_column use_columns[] = {
	{ "CONDUIT", "conduit", false }, { "OBSERVED SINCE", "since", false },
	{ "LAST USE", "last", false },	 { "MESSAGES", "messages", true },
	{ "PACKETS", "packets", true },
};

static int print_uses(const json_t *rows)
{
	struct table *t = table_new(use_columns, sizeof(use_columns) / sizeof(use_columns[0]));
	size_t i;
	json_t *row;
	if (!t)
		return EXIT_FAIL;
	json_array_foreach (rows, i, row) {
		bool used = json_is_string(json_object_get(row, "last"));
		table_add(t, json_incref(json_object_get(row, "conduit")), TABLE_PLAIN);
		table_add(t, live_time(json_object_get(row, "since")), TABLE_PLAIN);
		table_add(t, used ? live_time(json_object_get(row, "last")) : json_string("never"),
			  used ? TABLE_PLAIN : TABLE_YELLOW);
		table_add(t, json_incref(json_object_get(row, "messages")), TABLE_PLAIN);
		table_add(t, json_incref(json_object_get(row, "packets")), TABLE_PLAIN);
	}
	bool ok = table_print(t, stdout);
	table_free(t);
	return ok ? EXIT_OK : EXIT_FAIL;
}

static int show_counters(void *ctx, const json_t *o, const json_t *before)
{
	const struct counters *c = ctx;
	const char *key = c->use ? "uses" : "counters";
	json_t *rows = live_rows(o, key, &c->filter);
	int rc = EXIT_OK;
	if (c->json) {
		json_t *some = json_copy((json_t *)o);
		json_object_set(some, key, rows);
		print_document(some);
		json_decref(some);
	} else if (c->use) {
		rc = print_uses(rows);
	} else {
		rc = print_counter_rows(rows, o, before);
	}
	json_decref(rows);
	return rc;
}

int verb_counters(int argc, char **argv)
{
	struct counters c = { .json = false };
	const char *watch = NULL;
	uint64_t seconds = 0;
	const struct option_to to[] = { { .name = "--json", .flag = &c.json },
					{ .name = "--use", .flag = &c.use },
					{ .name = "--watch", .text = &watch },
					{ .name = "--conduit", .text = &c.filter.conduit },
					{ .name = "--zone", .text = &c.filter.zone },
					{ .name = "--verdict", .text = &c.filter.verdict },
					{ .name = "--reason", .text = &c.filter.reason },
					{ .name = NULL } };
	if (options_and_operands(argc, argv, to, 0) < 0 ||
	    (watch && !live_seconds("--watch", watch, &seconds)))
		return EXIT_USAGE;
	return live_ask("counters", seconds, show_counters, &c);
}
