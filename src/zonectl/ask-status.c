/* SPDX-License-Identifier: MIT
 * The verbs that show what the running zoned has and does: status, generations, show. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/sb.h"
#include "base/utc.h"
#include "zonectl/ask.h"
#include "zonectl/zonectl.h"

enum { SHORT_HASH = 12, LABEL = 12, SECOND_NS = 1000000000 };

static json_int_t number_at(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *text_at(const json_t *o, const char *key)
{
	return text_of(json_object_get(o, key));
}

static void label(const char *name)
{
	printf("%-*s", LABEL, name);
}

/* ---- status ---- */

static void say_age(json_int_t s)
{
	if (s >= 86400)
		printf("%" JSON_INTEGER_FORMAT " d %" JSON_INTEGER_FORMAT " h", s / 86400,
		       s / 3600 % 24);
	else if (s >= 3600)
		printf("%" JSON_INTEGER_FORMAT " h %" JSON_INTEGER_FORMAT " min", s / 3600,
		       s / 60 % 60);
	else
		printf("%" JSON_INTEGER_FORMAT " min %" JSON_INTEGER_FORMAT " s", s / 60, s % 60);
}

static void say_model(const json_t *o)
{
	const json_t *confirm = json_object_get(o, "confirm");
	label("zoned");
	printf("%s, for ", strcmp(text_at(o, "mode"), "observe") == 0
				   ? "only watches: nothing is refused"
				   : "enforces");
	say_age(number_at(o, "uptime_seconds"));
	putchar('\n');
	label("generation");
	printf("%" JSON_INTEGER_FORMAT ", model %.*s, %" JSON_INTEGER_FORMAT
	       " zones, %" JSON_INTEGER_FORMAT " conduits\n",
	       number_at(o, "generation"), SHORT_HASH, text_at(o, "hash"), number_at(o, "zones"),
	       number_at(o, "conduits"));
	label("file");
	puts(text_at(o, "model"));
	if (!json_is_object(confirm))
		return;
	label("waits");
	printf("generation %" JSON_INTEGER_FORMAT " follows in %" JSON_INTEGER_FORMAT
	       " s, unless: zonectl confirm\n",
	       number_at(confirm, "back"), number_at(confirm, "seconds"));
}

static void say_list(const char *name, const json_t *list)
{
	size_t i;
	json_t *e;
	json_array_foreach (list, i, e) {
		label(i ? "" : name);
		puts(text_of(e));
	}
}

static void say_orders(const json_t *o)
{
	const char *kind;
	json_t *list, *e;
	size_t i;
	json_object_foreach ((json_t *)o, kind, list)
		json_array_foreach (list, i, e) {
			label("order");
			printf("%s %s%s%s", kind, text_at(e, "name"),
			       *text_at(e, "mode") ? " " : "", text_at(e, "mode"));
			if (json_object_get(e, "seconds_left"))
				printf(", for another %" JSON_INTEGER_FORMAT " s",
				       number_at(e, "seconds_left"));
			if (json_object_get(e, "until")) {
				char time[UNTIL_TEXT];
				printf(", until %s", until_text(e, time));
			}
			printf(", by %s%s%s\n", text_at(e, "who"), *text_at(e, "why") ? ": " : "",
			       text_at(e, "why"));
		}
}

static void say_inspectors(const json_t *list)
{
	static const char *const sums[] = { "packets", "restarts", "dropped_while_down",
					    "passed_while_down", "queue_overruns" };
	static const char *const words[] = { "packets", "restarts", "dropped while down",
					     "passed while down", "queue overruns" };
	size_t up = 0, i;
	json_t *e;
	json_array_foreach (list, i, e)
		up += json_is_true(json_object_get(e, "up"));
	label("inspectors");
	printf("%zu of %zu up", up, json_array_size(list));
	for (size_t k = 0; k < sizeof(sums) / sizeof(sums[0]); k++) {
		json_int_t n = 0;
		json_array_foreach (list, i, e)
			n += number_at(e, sums[k]);
		printf(", %" JSON_INTEGER_FORMAT " %s", n, words[k]);
	}
	putchar('\n');
}

static void print_in_kernel(const json_t *o)
{
	label("in kernel");
	if (!json_is_object(o)) {
		puts("nothing: every inspected packet goes to an inspector");
		return;
	}
	printf("%" JSON_INTEGER_FORMAT " packets with %" JSON_INTEGER_FORMAT
	       " messages passed, %" JSON_INTEGER_FORMAT " handed back\n",
	       number_at(o, "packets"), number_at(o, "messages"), number_at(o, "handed_back"));
}

/* Those of a JSON file are among what that output lost. */
static void say_records(const json_t *o)
{
	static const char *const keys[] = { "events", "written", "repeated", "suppressed", "lost" };
	label("records");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		printf("%s%" JSON_INTEGER_FORMAT " %s", i ? ", " : "", number_at(o, keys[i]),
		       keys[i]);
	putchar('\n');
}

static void say_outputs(const json_t *list)
{
	size_t i;
	json_t *e;
	json_array_foreach (list, i, e) {
		label(i ? "" : "outputs");
		printf("%s %s: %" JSON_INTEGER_FORMAT " written, %" JSON_INTEGER_FORMAT
		       " lost%s%s\n",
		       text_at(e, "type"), text_at(e, "name"), number_at(e, "written"),
		       number_at(e, "lost"), *text_at(e, "why") ? "; now: " : "",
		       text_at(e, "why"));
	}
}

static void say_evidence(const json_t *o)
{
	const char *cause;
	json_t *n;
	if (!json_is_object(o))
		return;
	label("evidence");
	printf("%s: %" JSON_INTEGER_FORMAT " files, %" JSON_INTEGER_FORMAT
	       " written, %" JSON_INTEGER_FORMAT " removed",
	       text_at(o, "directory"), number_at(o, "files"), number_at(o, "written"),
	       number_at(o, "removed"));
	json_object_foreach (json_object_get(o, "lost"), cause, n)
		if (json_integer_value(n))
			printf(", %" JSON_INTEGER_FORMAT " without a file (%s)",
			       json_integer_value(n), cause);
	putchar('\n');
}

static void say_table(const json_t *o)
{
	label("table");
	printf("%s, touched %" JSON_INTEGER_FORMAT " times by others, %" JSON_INTEGER_FORMAT
	       " repairs%s\n",
	       json_is_true(json_object_get(o, "locked")) ? "locked" : "not locked",
	       number_at(o, "touched"), number_at(o, "repairs"),
	       json_is_true(json_object_get(o, "closed"))
		       ? "; nothing is forwarded until it is right"
		       : "");
}

static void say_taps(const json_t *list)
{
	size_t i;
	json_t *e;
	json_array_foreach (list, i, e) {
		label(i ? "" : "taps");
		printf("%s %s\n", text_at(e, "interface"), text_at(e, "state"));
	}
}

static void say_status(const json_t *o)
{
	say_model(o);
	say_list("restart for", json_object_get(o, "pending_restart"));
	say_orders(json_object_get(o, "orders"));
	say_inspectors(json_object_get(o, "inspectors"));
	print_in_kernel(json_object_get(o, "in_kernel"));
	say_taps(json_object_get(o, "taps"));
	say_records(json_object_get(o, "records"));
	say_outputs(json_object_get(json_object_get(o, "records"), "outputs"));
	say_evidence(json_object_get(o, "evidence"));
	say_table(json_object_get(o, "table"));
	if (!number_at(o, "landlock"))
		label("landlock"), puts("not in this kernel");
	say_list("bypasses", json_object_get(o, "bypasses"));
	say_list("misfits", json_object_get(o, "misfits_in_words"));
}

/* ---- the others ---- */

static void say_generations(const json_t *o)
{
	const json_t *list = json_object_get(o, "generations");
	size_t i;
	json_t *g;
	if (!json_is_true(json_object_get(o, "kept")))
		puts("generations are not kept; see -S in zoned(8)");
	json_array_foreach (list, i, g) {
		char time[40];
		struct sb b = sb_init(time, sizeof(time));
		sb_put_time(&b, (uint64_t)number_at(g, "time") * SECOND_NS, 1);
		printf("%c %5" JSON_INTEGER_FORMAT "  %.19sZ  %.*s  %-8s  %s%s%s\n",
		       json_is_true(json_object_get(g, "in_force")) ? '*' : ' ',
		       number_at(g, "number"), time, SHORT_HASH, text_at(g, "model"),
		       text_at(g, "origin"), text_at(g, "who"), *text_at(g, "why") ? ": " : "",
		       text_at(g, "why"));
	}
}

static void say_text(const json_t *o)
{
	fputs(text_at(o, "text"), stdout);
}

static const struct shown {
	const char *verb, *ask;
	bool number; /* it may have one, of a generation */
	void (*say)(const json_t *o);
} shown[] = {
	{ "status", "status", false, say_status },
	{ "generations", "generations", false, say_generations },
	{ "show", "model", true, say_text },
};

static const struct shown *shown_by(const char *verb)
{
	size_t i = 0;
	while (strcmp(shown[i].verb, verb) != 0)
		i++;
	return &shown[i];
}

static void say_shown(const void *row, const json_t *o)
{
	((const struct shown *)row)->say(o);
}

int verb_status(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { NULL, 0, NULL, 0 } };
	const struct shown *s = shown_by(argv[0]);
	char line[ASK_LINE];
	struct sb b = sb_init(line, sizeof(line));
	bool json = false;
	int opt;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != 'j')
			return verb_usage(argv[0]);
		json = true;
	}
	if (argc - optind > s->number)
		return verb_usage(argv[0]);
	sb_puts(&b, s->ask);
	put_model_named(&b, optind < argc ? argv[optind] : NULL);
	return ask_and_print(line, json, say_shown, s);
}
