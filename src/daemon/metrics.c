/* SPDX-License-Identifier: MIT
 *
 * The exposition of numbers in the text format of Prometheus, version 0.0.4: families of samples,
 * each with its HELP and TYPE. What is a number of the status is in tables here; names that were
 * given out stay.
 */
#include "daemon/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "daemon/counts.h"
#include "daemon/uses.h"

enum { PATH_PARTS = 3 };

struct family {
	const char *name, *type, *help;
};

/* ---- the format ---- */

static void put_family(FILE *f, const struct family *v)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", v->name, v->help, v->name, v->type);
}

/* A value of a label: with backslash, quotation mark and line feed escaped. */
static void put_label(FILE *f, const char *before, const char *name, const char *value)
{
	fprintf(f, "%s%s=\"", before, name);
	for (const char *s = value ? value : ""; *s; s++) {
		if (*s == '\n')
			fputs("\\n", f);
		else if (*s == '\\' || *s == '"')
			fprintf(f, "\\%c", *s);
		else
			fputc(*s, f);
	}
	fputc('"', f);
}

static void put_sample_number(FILE *f, const json_t *v)
{
	json_int_t n = json_is_array(v)	    ? (json_int_t)json_array_size(v)
		       : json_is_integer(v) ? json_integer_value(v)
					    : json_is_true(v);
	fprintf(f, " %" JSON_INTEGER_FORMAT "\n", n);
}

/* ---- numbers of the status ---- */

/* Of an array its length, of true 1. */
static const struct single {
	struct family is;
	const char *path[PATH_PARTS];
} singles[] = {
	{ { "zoned_uptime_seconds", "gauge", "Time since the start." }, { "uptime_seconds" } },
	{ { "zoned_generation", "gauge", "Number of the generation in force." }, { "generation" } },
	{ { "zoned_zones", "gauge", "Zones of the model in force." }, { "zones" } },
	{ { "zoned_conduits", "gauge", "Conduits of the model in force." }, { "conduits" } },
	{ { "zoned_pending_restart", "gauge", "Keys of the model that wait for a restart." },
	  { "pending_restart" } },
	{ { "zoned_in_kernel_handed_back_total", "counter",
	    "Packets that came back from the in-kernel path to an inspector." },
	  { "in_kernel", "handed_back" } },
	{ { "zoned_table_locked", "gauge", "1: no other program can change the table." },
	  { "table", "locked" } },
	{ { "zoned_table_touched_total", "counter", "Changes of the table by other programs." },
	  { "table", "touched" } },
	{ { "zoned_table_repairs_total", "counter", "Times that the table was put right." },
	  { "table", "repairs" } },
	{ { "zoned_forwarding_stopped", "gauge",
	    "1: nothing is forwarded until the table is right." },
	  { "table", "closed" } },
	{ { "zoned_bypasses", "gauge", "Things of other programs that lead packets past zoned." },
	  { "bypasses" } },
	{ { "zoned_misfits", "gauge", "Places where model and machine do not fit." },
	  { "misfits" } },
	{ { "zoned_events_total", "counter", "Events that were to be recorded." },
	  { "records", "events" } },
	{ { "zoned_records_written_total", "counter", "Events with a record of their own." },
	  { "records", "written" } },
	{ { "zoned_records_repeated_total", "counter", "Events counted in another record." },
	  { "records", "repeated" } },
	{ { "zoned_records_suppressed_total", "counter",
	    "Events without a record, since too many came." },
	  { "records", "suppressed" } },
	{ { "zoned_records_lost_total", "counter", "Lines that outputs lost." },
	  { "records", "lost" } },
	{ { "zoned_evidence_files", "gauge", "Files of evidence." }, { "evidence", "files" } },
	{ { "zoned_evidence_bytes", "gauge", "Octets in files of evidence." },
	  { "evidence", "bytes" } },
};

static const json_t *status_value(const json_t *o, const char *const path[PATH_PARTS])
{
	for (size_t i = 0; i < PATH_PARTS && path[i]; i++)
		o = json_object_get(o, path[i]);
	return o;
}

static void put_singles(FILE *f, const json_t *status)
{
	for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
		const json_t *v = status_value(status, singles[i].path);
		if (!v || json_is_null(v))
			continue;
		put_family(f, &singles[i].is);
		fputs(singles[i].is.name, f);
		put_sample_number(f, v);
	}
}

/* One sample for each element of a list; its label is a text of the element, or its place. */
static const struct listed {
	struct family is;
	const char *path[PATH_PARTS];
	const char *label, *label_key, *value;
} listed[] = {
#define OF_INSPECTOR { "inspectors" }, "inspector", NULL
	{ { "zoned_inspector_up", "gauge", "1: the inspector judges packets." },
	  OF_INSPECTOR,
	  "up" },
	{ { "zoned_inspector_packets_total", "counter", "Packets given to the inspector." },
	  OF_INSPECTOR,
	  "packets" },
	{ { "zoned_inspector_restarts_total", "counter", "Times that the inspector ended." },
	  OF_INSPECTOR,
	  "restarts" },
	{ { "zoned_inspector_connections_open", "gauge", "Open connections of the inspector." },
	  OF_INSPECTOR,
	  "open" },
	{ { "zoned_inspector_connections_half_open", "gauge",
	    "Connections of the inspector whose handshake is not finished." },
	  OF_INSPECTOR,
	  "half_open" },
	{ { "zoned_inspector_no_room_total", "counter",
	    "Connections refused because the table, or a source's share of it, was full." },
	  OF_INSPECTOR,
	  "no_room" },
#undef OF_INSPECTOR
	{ { "zoned_output_written_total", "counter", "Lines that an output has written." },
	  { "records", "outputs" },
	  "output",
	  "name",
	  "written" },
	{ { "zoned_output_lost_total", "counter", "Lines that an output has lost." },
	  { "records", "outputs" },
	  "output",
	  "name",
	  "lost" },
	{ { "zoned_tap_frames_total", "counter", "Frames that a tap has read." },
	  { "taps" },
	  "interface",
	  "interface",
	  "frames" },
	{ { "zoned_tap_dropped_total", "counter", "Frames that a tap has lost." },
	  { "taps" },
	  "interface",
	  "interface",
	  "dropped" },
};

static void put_sample_of(FILE *f, const struct listed *l, const json_t *element, size_t place)
{
	char number[24];
	const char *label =
		l->label_key ? json_string_value(json_object_get(element, l->label_key)) : number;
	snprintf(number, sizeof(number), "%zu", place);
	fputs(l->is.name, f);
	put_label(f, "{", l->label, label);
	const char *type = json_string_value(json_object_get(element, "type"));
	if (l->label_key && type)
		put_label(f, ",", "type", type);
	fputc('}', f);
	put_sample_number(f, json_object_get(element, l->value));
}

static void put_listed(FILE *f, const json_t *status)
{
	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
		const json_t *list = status_value(status, listed[i].path);
		if (json_array_size(list) > 0)
			put_family(f, &listed[i].is);
		for (size_t k = 0; k < json_array_size(list); k++)
			put_sample_of(f, &listed[i], json_array_get(list, k), k);
	}
}

/* ---- the book of counters ---- */

struct exposed {
	const struct parent *p;
	FILE *f;
	const struct family *is;
	uint8_t unit;
	bool bytes;
};

static void put_row(void *ctx, const struct count_row *r)
{
	struct exposed *e = ctx;
	uint64_t n = e->bytes ? r->bytes : r->n;
	if (r->of.unit != e->unit || (e->bytes && !n))
		return;
	fputs(e->is->name, e->f);
	put_label(e->f, "{", "conduit", counts_name(e->p, r->of.name));
	put_label(e->f, ",", "direction", counts_direction(r->of.direction));
	put_label(e->f, ",", "verdict", counts_verdict(r->of.verdict));
	put_label(e->f, ",", "reason", counts_reason(r->of.reason));
	put_label(e->f, ",", "by", counts_by(r->by));
	fprintf(e->f, "} %" PRIu64 "\n", n);
}

static void put_uses(FILE *f, struct parent *p)
{
	static const struct family last = { "zoned_conduit_last_use_timestamp_seconds", "gauge",
					    "When something last passed by the conduit, over "
					    "restarts; 0: never." };
	static const struct family since = { "zoned_conduit_observed_since_timestamp_seconds",
					     "gauge", "Since when its uses are known." };
	struct uses u = uses_now(p);
	put_family(f, &last);
	for (size_t i = 0; i < u.n; i++) {
		fputs(last.name, f);
		put_label(f, "{", "conduit", u.v[i].name);
		fprintf(f, "} %" PRIi64 "\n", u.v[i].last_s);
	}
	put_family(f, &since);
	for (size_t i = 0; i < u.n; i++) {
		fputs(since.name, f);
		put_label(f, "{", "conduit", u.v[i].name);
		fprintf(f, "} %" PRIi64 "\n", u.v[i].since_s);
	}
	uses_free(&u);
}

static void put_counts(FILE *f, struct parent *p)
{
	static const struct {
		struct family is;
		enum count_unit unit;
		bool bytes;
	} v[] = {
		{ { "zoned_messages_total", "counter", "Messages that were judged." },
		  COUNT_MESSAGE,
		  false },
		{ { "zoned_packets_total", "counter",
		    "Packets, by who counted them; those of conduits by=rules go on to "
		    "inspectors." },
		  COUNT_PACKET,
		  false },
		{ { "zoned_packet_bytes_total", "counter",
		    "Octets of the packets that the rules and the kernel counted." },
		  COUNT_PACKET,
		  true },
		{ { "zoned_connection_events_total", "counter",
		    "What was told of connections: unfinished messages, places taken, gaps." },
		  COUNT_CONNECTION,
		  false },
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct exposed e = { p, f, &v[i].is, (uint8_t)v[i].unit, v[i].bytes };
		put_family(f, e.is);
		counts_each(p, put_row, &e);
	}
	put_uses(f, p);
}

static void put_unjudged(FILE *f, struct parent *p)
{
	static const struct family is = { "zoned_unjudged_packets_total", "counter",
					  "Packets that no inspector could judge." };
	static const struct family overruns = { "zoned_queue_overruns_total", "counter",
						"Packets that the queues of the kernel lost." };
	struct count_unjudged u;
	counts_unjudged(p, &u);
	put_family(f, &is);
	fprintf(f, "%s{fate=\"dropped\"} %" PRIu64 "\n%s{fate=\"passed\"} %" PRIu64 "\n", is.name,
		u.dropped, is.name, u.passed);
	put_family(f, &overruns);
	fprintf(f, "%s %" PRIu64 "\n", overruns.name, u.overruns);
}

/* ---- all of it ---- */

static void put_state(FILE *f, const struct parent *p)
{
	static const struct family info = { "zoned_info", "gauge", "The version that runs." };
	static const struct family enforces = {
		"zoned_enforces", "gauge",
		"1: refused is refused; 0: the whole site is only watched."
	};
	put_family(f, &info);
	fputs(info.name, f);
	put_label(f, "{", "version", PACKAGE_VERSION);
	put_label(f, ",", "model", p->hash);
	fputs("} 1\n", f);
	put_family(f, &enforces);
	fprintf(f, "%s %d\n", enforces.name, p->model->mode == MODE_ENFORCE);
}

char *metrics_text(struct parent *p, size_t *n)
{
	char *text = NULL;
	json_t *status = status_document(p);
	FILE *f = status ? open_memstream(&text, n) : NULL;
	if (!f) {
		json_decref(status);
		errno = ENOMEM;
		return NULL;
	}
	counts_sample(p);
	put_state(f, p);
	put_singles(f, status);
	put_listed(f, status);
	put_unjudged(f, p);
	put_counts(f, p);
	json_decref(status);
	bool whole = !ferror(f);
	if (fclose(f) == 0 && whole)
		return text;
	free(text);
	errno = ENOMEM;
	return NULL;
}
