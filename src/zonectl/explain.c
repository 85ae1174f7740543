/* SPDX-License-Identifier: MIT
 *
 * explain: what a model does with one message, connection or packet of a capture, and why; or what
 * a record or reason says. The answer is one JSON object, which explain-print.c says in text.
 */
#include "zonectl/explain.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/sb.h"
#include "compile/policy_build.h"
#include "base/clock.h"
#include "record/fields.h"
#include "record/json.h"
#include "zonectl/zonectl.h"

enum { INPUT_MAX = 1 << 16, LINES_TEXT = 2048 };

/* ---- a model ---- */

bool explain_compile(struct explain *x, struct model *m, int *rc)
{
	struct errs errs;
	int err = 0;
	/* as it is now, with nothing granted */
	const struct gate_now now = { .wall_ns = clock_ns(CLOCK_REALTIME),
				      .boot_ns = clock_ns(CLOCK_BOOTTIME) };
	errs_init(&errs);
	x->m = m;
	if (x->gates_open)
		model_gates_open(m);
	else
		model_gates_set(m, &now);
	x->reach = reach_new(m, &errs);
	x->img = x->reach ? policy_build(m, 1, &err) : NULL;
	if (x->reach && !x->img)
		errs_add(&errs, x->path, 0, "%s", strerror(-err));
	errs_print(&errs, stderr);
	errs_free(&errs);
	*rc = EXIT_MODEL;
	return x->img != NULL;
}

void explain_release(struct explain *x)
{
	free(x->img);
	reach_free(x->reach);
	model_free(x->m);
	x->img = NULL;
	x->reach = NULL;
	x->m = NULL;
}

/* ---- the answer, piece by piece ---- */

static void set_text(json_t *o, const char *key, const char *text)
{
	json_object_set_new(o, key, json_string(text));
}

static void set_lines(json_t *o, const char *key, char *text)
{
	json_t *list = json_object_get(o, key);
	if (!list) {
		list = json_array();
		json_object_set_new(o, key, list);
	}
	char *rest = text;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		json_array_append_new(list, json_string(line));
}

static void add_note(json_t *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add_note(json_t *o, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	set_lines(o, "notes", text);
}

static void set_reason(json_t *o, const char *verdict, enum reason why)
{
	set_text(o, "verdict", verdict);
	set_text(o, "reason", reason_name(why));
	set_text(o, "meaning", reason_text(why));
	if (why != R_NONE)
		set_text(o, "advice", explain_advice(why));
}

static json_t *end_of(const struct explain *x, const struct addr *a, uint16_t port)
{
	char text[ADDR_TEXT];
	size_t zone = reach_zone(x->reach, a);
	json_t *o = json_object();
	addr_text(a, text);
	set_text(o, "address", text);
	if (port && x->packet.of.l4 != IPPROTO_ICMP && x->packet.of.l4 != IPPROTO_ICMPV6)
		json_object_set_new(o, "port", json_integer(port));
	if (zone)
		set_text(o, "zone", x->m->zones[zone].name);
	for (size_t i = 0; zone && i < x->m->zones[zone].n_assets; i++)
		if (addr_eq(&x->m->zones[zone].assets[i].addr, a))
			set_text(o, "asset", x->m->zones[zone].assets[i].name);
	return o;
}

static void set_ends(struct explain *x)
{
	const struct reach_ends *of = &x->packet.of;
	json_object_set_new(x->o, "from", end_of(x, &of->client, of->cport));
	json_object_set_new(x->o, "to", end_of(x, &of->server, of->sport));
}

/* The flow's own, or else its conduit's. */
static void set_remarks(json_t *o, const struct conduit *c, const struct flow *f)
{
	const char *comment = f->remarks.comment ? f->remarks.comment : c->remarks.comment;
	if (comment)
		set_text(o, "comment", comment);
	if (model_ticket(c, f))
		set_text(o, "ticket", model_ticket(c, f));
	if (model_owner(c, f))
		set_text(o, "owner", model_owner(c, f));
}

/* The entry's own come before those of the flow, as in records. */
static void set_entry_remarks(json_t *o, const struct pol_image *img, const struct pol_rule *r)
{
	if (*policy_str(img, r->ticket))
		set_text(o, "ticket", policy_str(img, r->ticket));
	if (*policy_str(img, r->owner))
		set_text(o, "owner", policy_str(img, r->owner));
}

/* "hmi-to-cell (plant.conf:9), service "ssh", mode enforce" */
static void set_conduit(struct explain *x, const struct reach_answer *a)
{
	const struct conduit *c = &x->m->conduits[a->conduit];
	const struct flow *f = &c->flows[a->flow];
	const struct policy *p = f->policy ? model_policy(x->m, f->policy) : NULL;
	char text[400];
	struct sb b = sb_init(text, sizeof(text));
	sb_printf(&b, "%s (%s:%u), flow in line %u: ", c->name, c->at.file, c->at.line, f->at.line);
	if (f->proto != PROTO_NONE)
		sb_printf(&b, "%s, %s", proto_word(f->proto),
			  c->mode == MODE_OBSERVE ? "observed only" : "enforced");
	else
		sb_printf(&b, "%s%s, without inspection", f->service ? "service " : "ports",
			  f->service ? f->service : "");
	set_text(x->o, "conduit", text);
	set_remarks(x->o, c, f);
	if (!p)
		return;
	snprintf(text, sizeof(text), "%s (%s:%u)", p->name, p->at.file, p->at.line);
	set_text(x->o, "policy", text);
}

/* ---- the entries ---- */

struct near {
	json_t *lacks;
	uint32_t rule;
	bool decided; /* the decision's own: what a record names as its rule */
	bool other;   /* it is about another operation */
};

static void add_lack(void *ctx, const char *key, const char *has, const char *wants)
{
	struct near *n = ctx;
	json_array_append_new(n->lacks,
			      json_pack("{s:s,s:s,s:s}", "key", key, "has", has, "wants", wants));
}

static int near_order(const void *x, const void *y)
{
	const struct near *a = x, *b = y;
	size_t n = json_array_size(a->lacks), k = json_array_size(b->lacks);
	if (a->decided != b->decided)
		return a->decided ? -1 : 1;
	if (a->other != b->other)
		return a->other ? 1 : -1;
	if (n != k)
		return n < k ? -1 : 1;
	return (a->rule > b->rule) - (a->rule < b->rule);
}

static void set_place(json_t *o, const char *key, const struct pol_image *img,
		      const struct pol_rule *r)
{
	char text[400];
	snprintf(text, sizeof(text), "%s:%u", policy_str(img, r->file), r->line);
	set_text(o, key, text);
}

static void set_nearest(struct explain *x, const struct explain_case *c, const struct pol_flow *f)
{
	const struct explain_ops *o = explain_ops_of(f->proto);
	struct near *v = calloc(f->n_rules + 1, sizeof(*v));
	json_t *list = json_array();
	if (!v || !o->lacks)
		goto out;
	for (uint32_t i = 0; i < f->n_rules; i++) {
		v[i] = (struct near){ .lacks = json_array(), .rule = f->rule0 + i };
		v[i].decided = v[i].rule == c->ev->rule;
		const struct explain_sink to = { &v[i], add_lack };
		o->lacks(c, v[i].rule, &to);
		const json_t *first = json_array_get(v[i].lacks, 0);
		const char *key = json_string_value(json_object_get(first, "key"));
		v[i].other = key && strcmp(key, o->operation_key) == 0;
	}
	qsort(v, f->n_rules, sizeof(*v), near_order);
	for (uint32_t i = 0; i < f->n_rules; i++) {
		json_t *e = json_object();
		set_place(e, "at", c->img, policy_rule(c->img, f->proto, v[i].rule));
		json_object_set_new(e, "lacks", v[i].lacks);
		if (i < EXPLAIN_NEAREST)
			json_array_append(list, e);
		json_decref(e);
	}
	if (f->n_rules > EXPLAIN_NEAREST)
		add_note(x->o, "the policy has %u more entries, which lack as much or more",
			 f->n_rules - EXPLAIN_NEAREST);
out:
	json_object_set_new(x->o, "nearest", list);
	free(v);
}

/* ---- a message ---- */

struct finding {
	struct explain *x;
	struct explain_wants wants;
};

static void put_notes(const struct explain_case *c, const struct explain_ops *o, json_t *to)
{
	char notes[LINES_TEXT] = "";
	FILE *g = o->notes ? fmemopen(notes, sizeof(notes), "w") : NULL;
	if (!g)
		return;
	o->notes(c, g);
	fclose(g);
	set_lines(to, "notes", notes);
}

static void on_found(void *ctx, const struct explain_case *c)
{
	struct finding *f = ctx;
	struct explain *x = f->x;
	const struct event *ev = c->ev;
	const uint8_t proto = ev->proto ? ev->proto : x->proto;
	const struct explain_ops *o = explain_ops_of(proto);
	const enum reason why = (enum reason)ev->reason;
	const struct pol_flow *flow = c->img ? policy_flow(c->img, ev->flow_id) : NULL;
	const struct fact_ops *facts = facts_of(ev);
	explain_wants_of(c, proto, &f->wants);
	json_object_del(x->o, "notes");
	char said[LINES_TEXT];
	struct sb b = sb_init(said, sizeof(said));
	const struct fact_sink to = record_json_sink(&b);
	sb_putc(&b, '{');
	if (facts)
		facts->each(ev, &to);
	sb_putc(&b, '}');
	json_object_set_new(x->o, "message", json_loads(said, 0, NULL));
	if (c->img)
		set_reason(x->o, event_verdict_word(ev), why);
	if (c->m && o)
		put_notes(c, o, x->o);
	const struct pol_rule *r = c->img ? policy_rule(c->img, ev->proto, ev->rule) : NULL;
	if (r && why == R_NONE)
		set_place(x->o, "entry", c->img, r);
	if (r)
		set_entry_remarks(x->o, c->img, r);
	if (flow && c->m && why != R_NONE && !ev->response && !ev->part)
		set_nearest(x, c, flow);
}

static int explain_message_of(struct explain *x, const struct reach_answer *a)
{
	struct finding f = { .x = x };
	bool asks = x->capture || (x->msg && x->msg->parts);
	if (!asks) {
		set_reason(x->o, "inspect", R_NONE);
		set_text(x->o, "meaning",
			 "the connection may be opened, and each message in it is judged");
		return EXIT_OK;
	}
	if (!explain_run(x, x->img, on_found, &f)) {
		add_note(x->o, "no message ends in %s", x->capture ? "this frame" : "these octets");
		set_text(x->o, "verdict", "none");
		return EXIT_FAIL;
	}
	if (f.wants.why == R_NONE)
		return EXIT_OK;
	explain_change(x, a, &f.wants);
	return EXIT_REFUSED;
}

/* ---- a connection ---- */

static bool names_assets(const struct conduit *c)
{
	bool any = false;
	for (size_t i = 0; i < c->n_legs; i++)
		any |= c->legs[i].part;
	return any;
}

static struct end_pair classes_of(const struct explain *x, const struct reach_answer *a)
{
	const struct reach_ends *of = &x->packet.of;
	return (struct end_pair){ model_class_of(x->m, a->from_zone, &of->client),
				  model_class_of(x->m, a->to_zone, &of->server) };
}

/* Does the conduit join both ends, and has a flow that this packet is of? */
static bool conduit_has(const struct explain *x, const struct conduit *c,
			const struct reach_answer *a)
{
	const struct reach_ends *of = &x->packet.of;
	const struct end_pair zones = { a->from_zone, a->to_zone }, classes = classes_of(x, a);
	bool icmp = of->l4 == IPPROTO_ICMP || of->l4 == IPPROTO_ICMPV6, has = false;
	for (size_t k = 0; k < c->n_flows; k++)
		has |= model_flow_has_ports(&c->flows[k])
			       ? c->flows[k].l4 == of->l4 && model_flow_has(&c->flows[k], of->sport)
			       : model_flow_has_kind(&c->flows[k], of->l4, icmp ? of->request : 0);
	return has && model_joins(c, &zones, &classes);
}

/* Other conduits that have the same, for ends that are named less exactly: they do not count. */
static void note_less_exact(struct explain *x, const struct reach_answer *a)
{
	const struct end_pair classes = classes_of(x, a);
	for (size_t i = 0; i < x->m->n_conduits && (classes.from || classes.to); i++) {
		const struct conduit *c = &x->m->conduits[i];
		if (i != a->conduit && conduit_has(x, c, a))
			add_note(x->o,
				 "conduit %s (%s:%u) has this, too, and does not count: \"%s\" to "
				 "\"%s\" names the ends less exactly",
				 c->name, c->at.file, c->at.line, c->from, c->to);
	}
}

/* Which conduit it is that would permit it at another time, or granted. */
static void note_closed(struct explain *x, const struct reach_answer *a)
{
	for (size_t i = 0; i < x->m->n_conduits; i++) {
		const struct conduit *c = &x->m->conduits[i];
		char text[300];
		struct sb b = sb_init(text, sizeof(text));
		if (!model_has_gate(c) || !conduit_has(x, c, a))
			continue;
		model_put_gate(&b, &c->gate);
		add_note(x->o, "conduit %s (%s:%u) has this, and is open: %s", c->name, c->at.file,
			 c->at.line, text);
	}
}

static void note_conduits(struct explain *x, const struct reach_answer *a)
{
	for (size_t i = 0; i < x->m->n_conduits; i++) {
		const struct conduit *c = &x->m->conduits[i];
		bool same = model_leg(c, a->from_zone, a->to_zone) != NULL,
		     turned = model_leg(c, a->to_zone, a->from_zone) != NULL;
		char text[300] = "", ends[2 * MODEL_ENDS_TEXT + 60] = "";
		struct sb b = sb_init(text, sizeof(text));
		for (size_t k = 0; (same || turned) && k < c->n_flows; k++) {
			sb_puts(&b, k ? "," : "");
			model_put_flow(&b, &c->flows[k]);
		}
		if (model_leg(c, same ? a->from_zone : a->to_zone,
			      same ? a->to_zone : a->from_zone) &&
		    names_assets(c))
			snprintf(ends, sizeof(ends), ", from \"%s\" to \"%s\"", c->from, c->to);
		if (same || turned)
			add_note(x->o, "conduit %s (%s:%u) has, %s%s:%s", c->name, c->at.file,
				 c->at.line, same ? "in this direction" : "in the other direction",
				 ends, text);
	}
}

/* An operation that no rule lets through is read all the same: for its facts and its entry. */
static int explain_refused(struct explain *x, const struct reach_answer *a)
{
	struct finding f = { .x = x };
	if (x->msg && x->msg->parts && x->proto != PROTO_NONE)
		explain_run(x, NULL, on_found, &f);
	set_reason(x->o, a->fate == REACH_OBSERVED ? "observed" : "drop", a->why);
	if (a->why == R_NO_CONDUIT)
		note_conduits(x, a);
	if (a->why == R_NOT_GRANTED || a->why == R_OUTSIDE || a->why == R_EXPIRED)
		note_closed(x, a);
	explain_change(x, a, &f.wants);
	return EXIT_REFUSED;
}

static int explain_connection(struct explain *x)
{
	struct reach_answer a = reach_of(x->reach, &x->packet);
	if (x->capture && reach_refuses(&a)) {
		struct reach_packet turned = x->packet;
		turned.of.client = x->packet.of.server;
		turned.of.server = x->packet.of.client;
		turned.of.cport = x->packet.of.sport;
		turned.of.sport = x->packet.of.cport;
		const struct reach_answer b = reach_of(x->reach, &turned);
		if (!reach_refuses(&b)) {
			a = b;
			x->packet = turned;
		}
	}
	set_ends(x);
	if (reach_refuses(&a))
		return explain_refused(x, &a);
	if (a.fate == REACH_INSIDE) {
		set_reason(x->o, "accept", R_NONE);
		set_text(x->o, "meaning",
			 "both ends are in one zone: no conduit is needed, and nobody "
			 "looks into it");
		return EXIT_OK;
	}
	set_conduit(x, &a);
	note_less_exact(x, &a);
	const struct flow *f = &x->m->conduits[a.conduit].flows[a.flow];
	if (a.fate == REACH_PLAIN) {
		set_reason(x->o, "accept", R_NONE);
		set_text(x->o, "meaning", "permitted; nobody looks into it");
		return EXIT_OK;
	}
	if (!x->capture && x->proto != f->proto && x->msg && x->msg->parts)
		add_note(x->o, "the conduit inspects this port as %s", proto_word(f->proto));
	x->proto = (uint8_t)f->proto;
	return explain_message_of(x, &a);
}

/* ---- what is asked ---- */

struct asked {
	const char *model, *hex, *capture, *in, *out, *log;
	uint64_t frame;
	bool json;
	char text[INPUT_MAX];
};

static int answer(const struct asked *q, json_t *o, int rc)
{
	if (q->json) {
		json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else {
		explain_print(o, stdout);
	}
	json_decref(o);
	return fflush(stdout) == 0 ? rc : EXIT_FAIL;
}

static int explain_reason(const struct asked *q)
{
	enum reason why = explain_reason_named(q->text);
	if (why == R_COUNT) {
		const char *names[R_COUNT];
		for (int r = 0; r < R_COUNT; r++)
			names[r] = reason_name((enum reason)r);
		const char *near = name_nearest(q->text, names, R_COUNT);
		fprintf(stderr, "zonectl: there is no reason \"%s\"%s%s%s\n", q->text,
			near ? "; did you mean \"" : "; zonectl reasons prints all of them",
			near ? near : "", near ? "\"?" : "");
		return EXIT_USAGE;
	}
	json_t *o = json_object();
	set_text(o, "reason", reason_name(why));
	set_text(o, "meaning", reason_text(why));
	set_text(o, "by", explain_what_changes(why));
	json_object_set_new(o, "keys", explain_keys_of(why));
	set_text(o, "advice", explain_advice(why));
	return answer(q, o, EXIT_OK);
}

static bool load_asked(struct explain *x, const struct asked *q, int *rc)
{
	char text[4200];
	struct model *running = q->model ? NULL : model_in_force();
	struct model *m = running;
	if (!m)
		m = load_or_say(q->model ? q->model : ZONED_CONF, rc);
	x->path = m ? m->path : q->model ? q->model : ZONED_CONF;
	snprintf(text, sizeof(text), "%s%s", x->path,
		 q->model  ? ""
		 : running ? " (in force in the running zoned)"
			   : " (the installed one: zoned is not running)");
	set_text(x->o, "model", text);
	return m && explain_compile(x, m, rc);
}

/* "=" is a word of its own. */
static void split_words(char *text, struct explain_words *w)
{
	char *rest = text;
	for (char *s = strtok_r(text, " \t\n", &rest); s && w->n < EXPLAIN_WORDS;
	     s = strtok_r(NULL, " \t\n", &rest))
		w->v[w->n++] = s;
}

/* A part of what is asked about, as it goes over the wire. */
static json_t *octets_of(const struct explain_message *m, size_t part)
{
	static char text[2 * EXPLAIN_BYTES + 1];
	struct sb b = sb_init(text, sizeof(text));
	for (size_t i = 0; i < m->part[part].n; i++)
		sb_printf(&b, "%02x", m->b[m->part[part].at + i]);
	return json_string(text);
}

/* The message, and what was sent before it on its connection. */
static void set_octets(struct explain *x)
{
	const struct explain_message *m = x->msg;
	json_t *before = json_array();
	if (m->parts)
		json_object_set_new(x->o, "octets", octets_of(m, m->parts - 1));
	for (size_t i = 0; i + 1 < m->parts; i++)
		json_array_append_new(before, json_pack("{s:b,s:o}", "answer", m->part[i].answer,
							"octets", octets_of(m, i)));
	json_object_set_new(x->o, "before", before);
}

static int ask_words(struct explain *x, const struct asked *q, char *text)
{
	static char spaced[2 * INPUT_MAX];
	struct errs errs;
	struct explain_words w = { .first = 1, .errs = &errs };
	struct sb b = sb_init(spaced, sizeof(spaced));
	errs_init(&errs);
	set_text(x->o, "asked", text);
	for (const char *p = text; *p; p++)
		sb_printf(&b, *p == '=' ? " %c " : "%c", *p);
	split_words(spaced, &w);
	bool good = explain_question(x, &w);
	if (q->hex && x->proto == PROTO_NONE && good) {
		errs_add(&errs, "--hex", 0, "write the protocol behind the two ends");
		good = false;
	}
	good = (!q->hex || explain_hex(x, &w, q->hex)) && good;
	errs_print(&errs, stderr);
	errs_free(&errs);
	if (!good)
		return EXIT_USAGE;
	if (x->msg->assumed[0])
		set_text(x->o, "assumed", x->msg->assumed);
	set_octets(x);
	return explain_connection(x);
}

static int ask_record(struct explain *x, const struct asked *q, const json_t *record)
{
	char words[LINES_TEXT], text[400], field[24];
	const struct explain_record r = { record };
	const char *name = explain_field(&r, "reason", field, sizeof(field));
	enum reason why = explain_reason_named(name ? name : "");
	snprintf(text, sizeof(text), "%s: %s", name ? name : "?",
		 why == R_COUNT ? "a reason that this version does not know" : reason_text(why));
	set_text(x->o, "record", text);
	if (!explain_record_words(record, words, sizeof(words))) {
		fputs("zonectl: the record has no addresses to ask the model about\n", stderr);
		return EXIT_USAGE;
	}
	int rc = ask_words(x, q, words);
	const char *now = json_string_value(json_object_get(x->o, "reason"));
	if (now && name && strcmp(now, name) != 0)
		add_note(x->o,
			 "the record says %s: what the model says now may differ, since the "
			 "record has not all of the message, nor what went before",
			 name);
	if (!json_object_get(x->o, "advice") && why != R_COUNT && why != R_NONE)
		set_text(x->o, "advice", explain_advice(why));
	return rc;
}

static int explain_asked(struct asked *q)
{
	static struct explain_message msg;
	struct explain x = {
		.o = json_object(), .msg = &msg, .capture = q->capture, .frame = (uint32_t)q->frame
	};
	bool id = !q->capture && explain_is_id(q->text);
	json_t *record = q->capture || id ? NULL : explain_record(q->text);
	int rc = EXIT_FAIL;
	if (!load_asked(&x, q, &rc))
		goto out;
	record =
		id ? explain_record_of_id(q->log ? q->log : x.m->daemon.json_log, q->text) : record;
	rc = EXIT_FAIL;
	if (id && !record)
		goto out;
	x.packet.in = q->in;
	x.packet.out = q->out;
	if (q->capture)
		rc = explain_frame(&x) ? explain_connection(&x) : EXIT_FAIL;
	else if (record)
		rc = ask_record(&x, q, record);
	else
		rc = ask_words(&x, q, q->text);
	if (json_object_get(x.o, "verdict"))
		rc = answer(q, json_incref(x.o), rc);
out:
	explain_release(&x);
	json_decref(record);
	json_decref(x.o);
	return rc;
}

static bool set_frame(void *ctx, const char *number)
{
	struct asked *q = ctx;
	if (!num_parse(number, 1, UINT32_MAX, &q->frame))
		return option_wrong("--frame", number, "the number of a packet, and the capture");
	q->capture = options_next();
	return q->capture || option_wrong("--frame", number, "the capture behind it");
}

int verb_explain(int argc, char **argv)
{
	static struct asked q;
	const struct option_to to[] = {
		{ .name = "--json", .flag = &q.json },	 { .name = "-m", .text = &q.model },
		{ .name = "--hex", .text = &q.hex },	 { .name = "--in", .text = &q.in },
		{ .name = "--out", .text = &q.out },	 { .name = "--log", .text = &q.log },
		{ .name = "--frame", .set = set_frame }, { .name = NULL },
	};
	struct sb b = sb_init(q.text, sizeof(q.text));
	int i = options_read(argc, argv, to, &q);
	if (i < 0)
		return EXIT_USAGE;
	bool words = i < argc;
	for (; i < argc; i++)
		sb_printf(&b, "%s%s", b.len ? " " : "", argv[i]);
	if (words && q.capture)
		return verb_usage(argv[0]);
	if (!words && !q.capture)
		b.len = fread(q.text, 1, sizeof(q.text) - 1, stdin);
	while (b.len && strchr(" \t\n", q.text[b.len - 1]))
		b.len--;
	q.text[b.len] = '\0';
	if (b.cut || (!b.len && !q.capture) || (q.log && !explain_is_id(q.text)))
		return verb_usage(argv[0]);
	if (!q.capture && !strpbrk(q.text, " \t\n={") && !explain_is_id(q.text))
		return explain_reason(&q);
	return explain_asked(&q);
}
