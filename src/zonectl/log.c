/* SPDX-License-Identifier: MIT
 * zonectl log: records out of the store of zoned (store.h), which is only read. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utc.h"
#include "zonectl/log.h"
#include "zonectl/zonectl.h"

enum { FOLLOW_MS = 300 };

#define STORE_FILE "/var/lib/zoned/records.db"

bool log_time(const char *text, char out[LOG_TIME])
{
	static const char units[] = "smhd";
	static const uint64_t seconds[] = { 1, 60, 3600, 86400 };
	char *end;
	uint64_t ns;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	if (text[0] >= '0' && text[0] <= '9' && end != text && unit && !end[1] && !errno) {
		uint64_t now = (uint64_t)time(NULL),
			 back = n < now ? n * seconds[unit - units] : now;
		ns = (back < now ? now - back : 0) * 1000000000u;
	} else if (!utc_parse(text, &ns)) {
		return false;
	}
	struct sb b = sb_init(out, LOG_TIME);
	sb_put_time(&b, ns, 3);
	return true;
}

static bool is_at_address(const struct log_question *q, const json_t *record)
{
	static const char *const ends[] = { "src", "dst" };
	for (int i = 0; i < 2; i++) {
		struct addr a;
		const char *text = json_string_value(json_object_get(record, ends[i]));
		if (text && addr_parse(text, &a) && prefix_has(&q->address, &a))
			return true;
	}
	return false;
}

static bool print_log_row(void *ctx, uint64_t seq, const char *body)
{
	struct log_question *q = ctx;
	json_t *record = NULL;
	q->filter.after = seq;
	if (!q->json || q->has_address)
		record = json_loads(body, 0, NULL);
	if (!q->has_address || is_at_address(q, record)) {
		if (q->json)
			puts(body);
		else
			log_print_record(stdout, record);
	}
	json_decref(record);
	return !ferror(stdout);
}

static void print_count(void *ctx, const struct store_count *c)
{
	const struct log_question *q = ctx;
	if (!q->json) {
		printf("%s %10" PRIu64 " %-8s %-9s %-28s %s\n", c->day, c->events, c->verdict,
		       c->direction[0] ? c->direction : "-", c->reason,
		       c->conduit[0] ? c->conduit : "-");
		return;
	}
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "day", c->day, "conduit", c->conduit,
			      "dir", c->direction, "verdict", c->verdict, "reason", c->reason,
			      "events", (json_int_t)c->events);
	json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(o);
}

static int print_verdict(const struct log_question *q, const struct store_verdict *v)
{
	if (q->json) {
		json_t *o = json_pack("{s:b,s:I,s:I,s:I,s:s,s:I,s:s?}", "whole", v->broken == 0,
				      "rows", (json_int_t)v->rows, "first", (json_int_t)v->first,
				      "last", (json_int_t)v->last, "head", v->head, "broken",
				      (json_int_t)v->broken, "what", v->what);
		json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
		json_decref(o);
	} else if (v->broken) {
		printf("row %" PRIu64 " %s; the %" PRIu64 " rows before it are whole\n", v->broken,
		       v->what, v->rows);
	} else {
		printf("%" PRIu64 " rows, %" PRIu64 " to %" PRIu64 ", are whole; row %" PRIu64
		       " has the hash %s\n",
		       v->rows, v->first, v->last, v->last, v->head);
	}
	return v->broken ? EXIT_BROKEN : EXIT_OK;
}

/* New rows, until somebody ends it. */
static int follow_rows(struct store_reader *r, struct log_question *q)
{
	const struct timespec pause = { .tv_nsec = FOLLOW_MS * 1000000 };
	while (fflush(stdout) == 0) {
		nanosleep(&pause, NULL);
		if (store_each(r, &q->filter, print_log_row, q))
			return -1;
	}
	return 0;
}

static int answer_log(struct log_question *q, const char *path)
{
	const char *why;
	struct store_verdict v;
	struct store_reader *r = store_reader_open(path, &why);
	if (!r) {
		if (access(path, R_OK) && errno == EACCES)
			fprintf(stderr, "zonectl: %s: %s; root may read it\n", path,
				strerror(errno));
		else
			fprintf(stderr,
				"zonectl: %s: %s; zoned writes it where outputs of zoned.conf have "
				"{ type = \"store\"; }; another file is named by --store\n",
				path, why);
		return EXIT_FAIL;
	}
	int rc = EXIT_OK;
	int err = q->verify   ? store_verify(r, &v)
		  : q->counts ? store_counts(r, &q->filter, print_count, q)
			      : store_each(r, &q->filter, print_log_row, q);
	if (!err && q->verify)
		rc = print_verdict(q, &v);
	if (!err && q->follow)
		err = follow_rows(r, q);
	if (err)
		fprintf(stderr, "zonectl: %s: %s\n", path, store_reader_error(r));
	store_reader_close(r);
	return err || fflush(stdout) || ferror(stdout) ? EXIT_FAIL : rc;
}

/* The store of the model in force; NULL: it has none, or nobody says. */
static char *store_in_force(void)
{
	struct model *m = model_in_force();
	char *file = NULL;
	for (size_t i = 0; m && i < m->daemon.n_outputs && !file; i++)
		if (strcmp(m->daemon.outputs[i].type, "store") == 0)
			file = strdup(m->daemon.outputs[i].file);
	model_free(m);
	return file;
}

static bool set_address(void *ctx, const char *text)
{
	struct log_question *q = ctx;
	bool host_bits;
	q->has_address = prefix_parse(text, &q->address, &host_bits);
	return q->has_address || option_wrong("--address", text, "an address or a network");
}

static bool set_time(const char *option, const char *text, char out[LOG_TIME], const char **to)
{
	*to = out;
	return log_time(text, out) ||
	       option_wrong(option, text, "2h, 7d or a time such as 2026-11-27T20:15");
}

static bool set_since(void *ctx, const char *text)
{
	struct log_question *q = ctx;
	return set_time("--since", text, q->from, &q->filter.from);
}

static bool set_until(void *ctx, const char *text)
{
	struct log_question *q = ctx;
	return set_time("--until", text, q->until, &q->filter.until);
}

/* What has no meaning together would be ignored. */
static bool fits_together(const struct log_question *q)
{
	const struct store_filter *f = &q->filter;
	bool one = f->zone || f->proto || q->has_address;
	bool any = one || f->conduit || f->reason || f->from || f->until;
	const char *why = q->verify && (any || q->follow || q->counts)
				  ? "--verify looks at all rows, and takes only --json and --store"
			  : q->counts && (one || q->follow)
				  ? "--counts are by conduit, reason and day"
			  : q->follow && f->until ? "--follow has no end"
						  : NULL;
	if (why)
		fprintf(stderr, "zonectl: %s\n", why);
	return !why;
}

int verb_log(int argc, char **argv)
{
	struct log_question q = { .store = NULL };
	const struct option_to to[] = { { .name = "--follow", .flag = &q.follow },
					{ .name = "--json", .flag = &q.json },
					{ .name = "--conduit", .text = &q.filter.conduit },
					{ .name = "--zone", .text = &q.filter.zone },
					{ .name = "--address", .set = set_address },
					{ .name = "--protocol", .text = &q.filter.proto },
					{ .name = "--reason", .text = &q.filter.reason },
					{ .name = "--since", .set = set_since },
					{ .name = "--until", .set = set_until },
					{ .name = "--counts", .flag = &q.counts },
					{ .name = "--verify", .flag = &q.verify },
					{ .name = "--store", .text = &q.store },
					{ .name = NULL } };
	int i = options_read(argc, argv, to, &q);
	if (i < 0)
		return EXIT_USAGE;
	if (i != argc || !fits_together(&q))
		return verb_usage("log");
	char *found = q.store ? NULL : store_in_force();
	int rc = answer_log(&q, q.store ? q.store : found ? found : STORE_FILE);
	free(found);
	return rc;
}
