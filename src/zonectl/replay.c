/* SPDX-License-Identifier: MIT
 * replay: the inline engine over savefiles; one line, or one JSON object, per message. */
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "compile/policy_build.h"
#include "inspect/inspect.h"
#include "inspect/proto.h"
#include "packet/capture.h"
#include "record/json.h"
#include "record/line.h"
#include "zonectl/replay.h"
#include "zonectl/uninspected.h"
#include "zonectl/zonectl.h"

enum { TICKS_MAX = 256, TICK_NS = 100000000 };

struct replay {
	struct inspect_conf conf;
	struct pol_image *img;
	struct model *m;
	struct uninspected *rules; /* NULL: no model */
	bool json, checksums;
	const char *model;
	uint64_t events;
};

#define P(symbol, name, word, port, over) [PROTO_##symbol] = &replay_##name,
static const struct replay_ops *const ops[PROTO_N] = { PROTOCOLS(P) };
#undef P

enum { LINE_TEXT = 1 << 17 }; /* of the longest message with all that it names */

static struct event_view view_of(const struct replay *r, const struct event *ev)
{
	return (struct event_view){ .img = r->img, .ev = ev };
}

/* What no record has: the frame of the capture, the transport, and the rest of the message. */
static void put_json(const struct replay *r, const struct event *ev, const void *m, uint32_t id)
{
	const struct event_view view = view_of(r, ev);
	json_t *o = json_object();
	const struct fact_sink to = record_json_sink(o);
	to.num(o, "frame", id);
	to.word(o, "transport", ev->l4 == IPPROTO_UDP ? "udp" : "tcp");
	event_fields(&view, FIELDS_ALL, &to);
	if (ops[ev->proto]->each)
		ops[ev->proto]->each(ev, m, &to);
	json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(o);
}

/* Who to whom stands without names at the beginning, and why at the end. */
static void put_line(const struct replay *r, const struct event *ev, const void *m,
		     const char *frame)
{
	static char text[LINE_TEXT];
	const struct event_view view = view_of(r, ev);
	struct sb b = sb_init(text, sizeof(text));
	const struct fact_sink to = record_line_sink(&b);
	char src[ADDR_TEXT], dst[ADDR_TEXT];
	event_addr_text(&ev->src, src);
	event_addr_text(&ev->dst, dst);
	sb_printf(&b, "%s %s %s", frame, r->img ? event_verdict_word(ev) : "-", src);
	if (event_has_ports(ev))
		sb_printf(&b, " %u > %s %u", ev->sport, dst, ev->dport);
	else
		sb_printf(&b, " - > %s -", dst);
	sb_printf(&b, " %s", event_proto_word(ev));
	event_fields(&view, FIELDS_MESSAGE, &to);
	if (m && ops[ev->proto]->each)
		ops[ev->proto]->each(ev, m, &to);
	if (ev->reason != R_NONE)
		sb_printf(&b, " reason=%s", reason_name(ev->reason));
	puts(text);
}

static void replay_message(void *ctx, const struct event *ev, const void *m, uint32_t id)
{
	const struct replay *r = ctx;
	char frame[16];
	snprintf(frame, sizeof(frame), "%u", id);
	if (r->json)
		put_json(r, ev, m, id);
	else
		put_line(r, ev, m, frame);
}

static void ignore_verdict(void *ctx, uint32_t id, enum verdict v, const uint8_t *data, size_t len)
{
	(void)ctx;
	(void)id;
	(void)v;
	(void)data;
	(void)len;
}

static void replay_event(void *ctx, const struct event *ev)
{
	struct replay *r = ctx;
	/* messages are printed as messages */
	if ((ev->proto != PROTO_NONE && !ev->part) || r->json)
		return;
	put_line(r, ev, NULL, "-");
}

static int replay_file(struct replay *r, const char *path)
{
	char err[300];
	struct capture *c = capture_open(path, err, sizeof(err));
	struct inspect *in = inspect_new(&r->conf);
	int rc = EXIT_FAIL, got = -1;
	if (!c || !in) {
		fprintf(stderr, "zonectl: %s: %s\n", path, c ? "out of memory" : err);
		goto out;
	}
	if (r->img)
		inspect_policy(in, r->img);
	struct inspect_out out = { .ctx = r,
				   .verdict = ignore_verdict,
				   .event = replay_event,
				   .message = replay_message };
	struct frame f;
	struct inspect_pkt last = { .id = 0 };
	uint64_t now = 0, ticked = 0;
	while ((got = capture_next(c, &f)) == 1) {
		if (!f.ip)
			continue;
		/* captures are not always in order */
		now = f.time_ns > now ? f.time_ns : now;
		/* the clock of the data path, as inline: ten turns a second, all flows seen */
		for (unsigned t = 0; r->img && t < TICKS_MAX && now - ticked >= TICK_NS; t++) {
			ticked = ticked && t + 1 < TICKS_MAX ? ticked + TICK_NS : now;
			inspect_tick(in, ticked, f.time_ns, &out);
		}
		struct inspect_pkt p = { .id = f.number,
					 .now_ns = now,
					 .wall_ns = f.time_ns,
					 .ip = f.ip,
					 .len = f.len,
					 .partial = f.partial,
					 .check_sum = r->checksums };
		enum reason why;
		enum uninspected_fate fate =
			r->rules ? uninspected_packet(r->rules, f.ip, f.len, now, &why)
				 : UNINSPECTED_NOT;
		if (fate == UNINSPECTED_NOT)
			inspect_packet(in, &p, &out);
		else if (fate == UNINSPECTED_REFUSED)
			inspect_refused(in, &p, why, &out);
		last = p;
	}
	inspect_end(in, &last, &out);
	if (got < 0)
		fprintf(stderr, "zonectl: %s: %s\n", path, capture_error(c));
	else
		rc = EXIT_OK;
out:
	inspect_free(in);
	capture_close(c);
	return rc;
}

static bool add_replay_port(struct replay *r, const char *arg)
{
	const char *colon = strchr(arg, ':');
	uint64_t port;
	if (!colon || !num_parse(colon + 1, 1, 65535, &port) || r->conf.n_ports >= 8)
		return false;
	for (uint8_t p = PROTO_NONE + 1; p < PROTO_N; p++) {
		const char *word = proto_word(p);
		if (strlen(word) != (size_t)(colon - arg) || strncmp(word, arg, strlen(word)) != 0)
			continue;
		r->conf.ports[r->conf.n_ports++] =
			(struct inspect_port){ .port = (uint16_t)port, .proto = p };
		return true;
	}
	return false;
}

static int replay_usage(void)
{
	fputs("usage: zonectl replay [--json] [--checksums] [-m MODEL] [--port PROTOCOL:PORT] "
	      "CAPTURE...\n",
	      stderr);
	return EXIT_USAGE;
}

static int load_model(struct replay *r)
{
	int err;
	if (!r->model)
		return EXIT_OK;
	r->m = load_or_say(r->model);
	if (!r->m)
		return EXIT_MODEL;
	r->rules = uninspected_new(r->m);
	if (!r->rules)
		return EXIT_MODEL;
	r->img = policy_build(r->m, 1, &err);
	if (r->img)
		return EXIT_OK;
	fprintf(stderr, "zonectl: %s: %s\n", r->model, strerror(-err));
	return EXIT_FAIL;
}

int verb_replay(int argc, char **argv)
{
	struct replay r = {
		.conf = { .max_connections = 65536, .hash_key = { 1, 2 }, .recording = true }
	};
	int i = 1;
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--json") == 0)
			r.json = true;
		else if (strcmp(argv[i], "--checksums") == 0)
			r.checksums = true;
		else if (strcmp(argv[i], "-m") == 0 && i + 1 < argc)
			r.model = argv[++i];
		else if (strcmp(argv[i], "--port") != 0 || i + 1 >= argc ||
			 !add_replay_port(&r, argv[++i]))
			return replay_usage();
	}
	if (i == argc)
		return replay_usage();
	r.conf.dissect_only = !r.model;
	int rc = load_model(&r);
	for (; rc == EXIT_OK && i < argc; i++)
		rc = replay_file(&r, argv[i]);
	free(r.img);
	uninspected_free(r.rules);
	model_free(r.m);
	return rc;
}
