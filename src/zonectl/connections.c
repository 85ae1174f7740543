/* SPDX-License-Identifier: MIT
 * connections: the open connections that zoned inspects. */
#include <stdio.h>
#include <string.h>

#include "zonectl/ask.h"
#include "zonectl/live.h"
#include "zonectl/table.h"
#include "zonectl/zonectl.h"

static const struct table_column columns[] = {
	{ "CONDUIT", "conduit", false },
	{ "CLIENT", "client", false },
	{ "SERVER", "server", false },
	{ "PROTOCOL", "protocol", false },
	{ "STATE", "state", false },
	{ "AGE", "age_seconds", true },
	{ "IDLE", "idle_seconds", true },
	{ "REQUESTS", "requests", true },
	{ "RESPONSES", "responses", true },
	{ "IN KERNEL", "kernel_packets", true },
	{ "BY", "by", false },
};

/* "10.1.0.5 port 40000" */
static json_t *end_text(const json_t *row, const char *address, const char *port)
{
	return json_sprintf("%s port %d", text_of(json_object_get(row, address)),
			    (int)json_integer_value(json_object_get(row, port)));
}

/* "12.3 s", "2 h 5 min" */
static json_t *duration_text(const json_t *seconds)
{
	double s = json_real_value(seconds);
	long n = (long)s;
	if (s < 120)
		return json_sprintf("%.1f s", s);
	if (n < 7200)
		return json_sprintf("%ld min %ld s", n / 60, n % 60);
	return json_sprintf("%ld h %ld min", n / 3600, n / 60 % 60);
}

static void add_connection_row(struct table *t, const json_t *row)
{
	const char *conduit = text_of(json_object_get(row, "conduit")),
		   *state = text_of(json_object_get(row, "state"));
	bool given = json_is_true(json_object_get(row, "in_kernel"));
	table_add(t, json_string(*conduit ? conduit : "-"), TABLE_PLAIN);
	table_add(t, end_text(row, "client", "client_port"), TABLE_PLAIN);
	table_add(t, end_text(row, "server", "server_port"), TABLE_PLAIN);
	table_add(t, json_incref(json_object_get(row, "protocol")), TABLE_PLAIN);
	table_add(t, json_string(state), strcmp(state, "blocked") ? TABLE_PLAIN : TABLE_RED);
	table_add(t, duration_text(json_object_get(row, "age_seconds")), TABLE_PLAIN);
	table_add(t, duration_text(json_object_get(row, "idle_seconds")), TABLE_PLAIN);
	table_add(t, json_incref(json_object_get(row, "requests")), TABLE_PLAIN);
	table_add(t, json_incref(json_object_get(row, "responses")), TABLE_PLAIN);
	table_add(t, json_incref(json_object_get(row, "kernel_packets")), TABLE_PLAIN);
	table_add(t,
		  given ? json_string("kernel")
			: json_sprintf("inspector %d",
				       (int)json_integer_value(json_object_get(row, "inspector"))),
		  TABLE_PLAIN);
}

static void say_connections(const void *ctx, const json_t *o)
{
	const json_t *list = json_object_get(o, "connections");
	struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	size_t i;
	json_t *row;
	(void)ctx;
	json_array_foreach (list, i, row)
		if (t)
			add_connection_row(t, row);
	if (t)
		table_print(t, stdout);
	table_free(t);
	printf("%zu of %" JSON_INTEGER_FORMAT " connections, the newest use first%s\n",
	       json_array_size(list), json_integer_value(json_object_get(o, "total")),
	       json_is_true(json_object_get(o, "complete"))
		       ? ""
		       : "; an inspector did not answer in time, so there are more");
}

int verb_connections(int argc, char **argv)
{
	static const char *const names[] = { "conduit", "zone", "address", "protocol", "limit" };
	enum { NAMES = sizeof(names) / sizeof(names[0]) };
	const char *v[NAMES] = { NULL };
	bool json = false;
	char line[ASK_LINE];
	struct sb b = sb_init(line, sizeof(line));
	const struct option_to to[] = { { .name = "--json", .flag = &json },
					{ .name = "--conduit", .text = &v[0] },
					{ .name = "--zone", .text = &v[1] },
					{ .name = "--address", .text = &v[2] },
					{ .name = "--protocol", .text = &v[3] },
					{ .name = "--limit", .text = &v[4] },
					{ .name = NULL } };
	if (options_and_operands(argc, argv, to, 0) < 0)
		return EXIT_USAGE;
	sb_puts(&b, "connections");
	for (size_t i = 0; i < NAMES; i++)
		put_argument(&b, names[i], v[i]);
	return ask_and_print(line, json, say_connections, NULL);
}
