/* SPDX-License-Identifier: MIT
 *
 * learn --onto: the captures against a model in force.
 *
 * Beside the engine from whose messages is learned runs one with the model, which has each packet
 * first: its verdict of a message is looked up when the other tells the same message. So what is
 * refused there is known of each note, and what is proposed is what those notes need.
 *
 *	turn 1    what is new (zones, conduits, flows, policies), and entries and settings that the
 *	          model's own policies lack
 *	turns on  under the model with that in it: a message that lacked a setting may lack an
 * entry, too last      nothing more is admitted: what is only proposed, and what of each policy is
 * used
 *
 * What is proposed is pasted into the model here as the reader would, and judged.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "compile/policy_build.h"
#include "learn/internal.h"

/* ---- the model ---- */

static bool onto_build(struct model *m, struct pol_image **img)
{
	int err = 0;
	model_gates_open(m);
	for (size_t i = 0; i < m->n_conduits; i++)
		m->conduits[i].mode = MODE_OBSERVE;
	*img = policy_build(m, 1, &err);
	if (!*img)
		fprintf(stderr, "zonectl: the model: %s\n", strerror(-err));
	return *img != NULL;
}

/* A model on disk, or what a text says. */
static struct model *onto_load(const char *path, const char *rules_dir, const char *text)
{
	struct errs errs;
	errs_init(&errs);
	struct model *m = text ? model_load_text(path, text, strlen(text), &errs)
			       : model_load(path, rules_dir, &errs);
	errs_print(&errs, stderr);
	errs_free(&errs);
	return m;
}

/* The text in canonical form; malloc'ed; NULL: it is no good model (said). *m: what it is, or NULL.
 */
static char *onto_canonical(const char *text, struct model **of)
{
	size_t n;
	struct model *m = text ? onto_load("(proposed)", NULL, text) : NULL;
	char *canonical = m ? model_text(m, &n) : NULL;
	if (canonical && of)
		*of = m;
	else
		model_free(m);
	return canonical;
}

/* The text from now on. */
static bool onto_go_on(struct learn_onto *o, const char *text)
{
	struct model *m = NULL;
	char *canonical = onto_canonical(text, &m);
	if (!canonical)
		return false;
	free(o->text);
	free(o->img);
	model_free(o->now);
	o->text = canonical;
	o->now = m;
	o->img = NULL;
	return onto_build(m, &o->img);
}

bool learn_onto(struct learn *l)
{
	size_t n;
	struct learn_onto *o = l->onto = calloc(1, sizeof(*o));
	if (!o || !(o->m = onto_load(l->o.onto, l->o.rules_dir, NULL)))
		return false;
	char *text = model_text(o->m, &n);
	bool good = text && onto_go_on(o, text) && onto_build(o->m, &o->first);
	free(text);
	if (!good)
		return false;
	for (uint8_t p = 0; p < PROTO_N; p++)
		o->rules[p] =
			arena_alloc(l->arena, (o->first->n_rules[p] + 1) * sizeof(*o->rules[p]));
	o->hurried = arena_alloc(l->arena, o->m->n_conduits + 1);
	o->flows = arena_alloc(l->arena, (o->first->n_flows + 1) * sizeof(*o->flows));
	o->verdicts = arena_alloc(l->arena, ONTO_VERDICTS * sizeof(*o->verdicts));
	o->blocks = arena_alloc(l->arena, ONTO_BLOCKS * sizeof(*o->blocks));
	return true;
}

void learn_onto_free(struct learn_onto *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->n_blocks; i++)
		free(o->blocks[i].body);
	model_free(o->m);
	model_free(o->now);
	free(o->first);
	free(o->img);
	free(o->text);
	free(o);
}

uint32_t learn_onto_zone(const struct learn *l, const struct addr *a)
{
	return policy_zone_of(l->onto->img, a);
}

bool learn_onto_uses(const struct learn *l, const char *name)
{
	const struct model *m = l->onto->now;
	bool used = model_policy(m, name) != NULL;
	for (size_t i = 0; i < m->n_zones && !used; i++)
		used = m->zones[i].name && strcmp(m->zones[i].name, name) == 0;
	for (size_t i = 0; i < m->n_conduits && !used; i++)
		used = strcmp(m->conduits[i].name, name) == 0;
	return used;
}

uint8_t learn_onto_proto(const struct learn *l, uint8_t l4, uint16_t port)
{
	const struct model *m = l->onto->now;
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++) {
			const struct flow *w = &m->conduits[i].flows[k];
			if (w->proto != PROTO_NONE && w->l4 == l4 && model_flow_has(w, port))
				return (uint8_t)w->proto;
		}
	return PROTO_NONE;
}

/* ---- talks under it ---- */

const struct policy *learn_onto_policy(const struct learn *l, const struct learn_talk *t,
				       uint16_t *flow)
{
	const struct learn_onto *o = l->onto;
	uint16_t id = policy_classify(o->img, &l->hosts[t->client].addr, &l->hosts[t->server].addr,
				      t->l4, t->port);
	const struct pol_flow *w = policy_flow(o->img, id);
	if (!w || w->proto != t->proto)
		return NULL;
	*flow = id;
	return model_policy(o->now, policy_str(o->img, w->policy));
}

bool learn_onto_knows(const struct learn *l, const struct learn_talk *t)
{
	uint16_t flow;
	return learn_onto_policy(l, t, &flow) ||
	       learn_plain_permitted(l->onto->now, l->onto->img, l, t);
}

/* ---- its verdicts ---- */

static void count_refused(struct learn *l, uint16_t flow, const struct event *ev, uint32_t frame)
{
	struct learn_onto *o = l->onto;
	size_t i = 0;
	while (i < o->n_refused &&
	       (o->refused[i].flow != flow || o->refused[i].reason != ev->reason))
		i++;
	if (i == LEARN_FAULTS)
		return;
	if (i == o->n_refused)
		o->refused[o->n_refused++] =
			(struct onto_refused){ .flow = flow, .reason = ev->reason };
	learn_sight(&o->refused[i].seen, ev->time_ns, l->file, frame, 1);
}

/* Which entries are used is counted under the model as it was. */
static void count_verdict(struct learn *l, const struct event *ev, uint32_t frame)
{
	struct learn_onto *o = l->onto;
	struct learn_talk *t = learn_talk_of_event(l, ev);
	uint16_t flow;
	if (!t || !learn_onto_policy(l, t, &flow))
		return;
	learn_sight(&o->flows[flow], ev->time_ns, l->file, frame, 1);
	if (ev->reason != R_NONE)
		count_refused(l, flow, ev, frame);
	else if (ev->rule < o->first->n_rules[ev->proto])
		learn_sight(&o->rules[ev->proto][ev->rule], ev->time_ns, l->file, frame, 1);
}

/* What a limit refuses shows in a later turn only, where a policy refused it before. */
static void note_rate(struct learn *l, const struct event *ev)
{
	const struct learn_onto *o = l->onto;
	const struct learn_talk *t = learn_talk_of_event(l, ev);
	uint16_t flow;
	if (!t || !learn_onto_policy(l, t, &flow))
		return;
	const char *name = policy_str(o->img, policy_flow(o->img, flow)->conduit);
	for (size_t i = 0; i < o->m->n_conduits; i++)
		if (strcmp(o->m->conduits[i].name, name) == 0)
			o->hurried[i] |= ev->reason == R_WRITE_RATE ? ONTO_WRITES : ONTO_REQUESTS;
}

void learn_onto_judged(void *ctx, const struct event *ev, uint32_t frame)
{
	struct learn *l = ctx;
	struct learn_onto *o = l->onto;
	if (!o->rated)
		count_verdict(l, ev, frame);
	if (ev->reason == R_REQUEST_RATE || ev->reason == R_WRITE_RATE)
		note_rate(l, ev);
	if (o->n_verdicts == ONTO_VERDICTS) /* what was not asked for is of no message */
		o->n_verdicts = 0;
	o->verdicts[o->n_verdicts++] = (struct onto_verdict){ .src = ev->src,
							      .dst = ev->dst,
							      .sport = ev->sport,
							      .dport = ev->dport,
							      .frame = frame,
							      .reason = ev->reason };
}

uint16_t learn_onto_reason(struct learn *l, const struct event *ev, uint32_t frame)
{
	struct learn_onto *o = l->onto;
	for (size_t i = 0; i < o->n_verdicts; i++) {
		struct onto_verdict *v = &o->verdicts[i];
		if (v->used || v->frame != frame || v->sport != ev->sport ||
		    v->dport != ev->dport || !addr_eq(&v->src, &ev->src) ||
		    !addr_eq(&v->dst, &ev->dst))
			continue;
		uint16_t reason = v->reason;
		v->used = true;
		while (o->n_verdicts && o->verdicts[o->n_verdicts - 1].used)
			o->n_verdicts--;
		return reason;
	}
	return l->talk->begun ? l->talk->begun : R_NO_CONDUIT;
}

/* ---- turns ---- */

/* All blocks since `from` into the text. False: said. */
static bool paste_blocks(struct learn_onto *o, size_t from)
{
	char *text = strdup(o->text);
	for (size_t i = from; text && i < o->n_blocks; i++) {
		char *next = onto_paste(text, &o->blocks[i].place, o->blocks[i].body);
		free(text);
		text = next;
		if (!text)
			fprintf(stderr,
				"zonectl: the model has no place for what is proposed for "
				"%s\n",
				o->blocks[i].place.name ? o->blocks[i].place.name : "it");
	}
	bool good = text && onto_go_on(o, text);
	free(text);
	return good;
}

static bool onto_turns(struct learn *l)
{
	struct learn_onto *o = l->onto;
	for (int turn = 0; turn < ONTO_TURNS; turn++) {
		size_t before = o->n_blocks;
		o->rated = turn > 0;
		o->n_verdicts = 0;
		if (turn) /* the first was read before */
			memset(o->hurried, 0, o->m->n_conduits);
		if (turn && l->n_hosts && !learn_survey_messages(l))
			return false;
		if (!onto_write(l, turn == 0, false))
			return true;
		if (!paste_blocks(o, before))
			return false;
	}
	return true;
}

/* Is it another model than there is, and good for all that was seen? */
static bool narrows(struct learn *l, const struct onto_block *b, const struct learn_report *wide)
{
	const char *now = l->onto->text;
	struct learn_report r;
	FILE *quiet = fopen("/dev/null", "w");
	char *text = onto_paste(now, &b->place, b->body), *canonical = onto_canonical(text, NULL);
	bool good = quiet && canonical && strcmp(canonical, now) != 0 &&
		    learn_judge(l, text, strlen(text), quiet, &r) && r.refused <= wide->refused;
	free(canonical);
	free(text);
	if (quiet)
		fclose(quiet);
	return good;
}

static void onto_narrow(struct learn *l, size_t from, const struct learn_report *wide)
{
	struct learn_onto *o = l->onto;
	size_t kept = from;
	for (size_t i = from; i < o->n_blocks; i++) {
		struct onto_block b = o->blocks[i];
		if (b.place.kind != ONTO_INSTEAD || narrows(l, &b, wide))
			o->blocks[kept++] = b;
		else
			free(b.body);
	}
	o->n_blocks = kept;
}

bool learn_onto_print(struct learn *l, FILE *f, FILE *said, struct learn_report *r)
{
	struct learn_onto *o = l->onto;
	if (!onto_turns(l))
		return false;
	size_t from = o->n_blocks;
	onto_write(l, false, true);
	if (!learn_judge(l, o->text, strlen(o->text), said, r))
		return false;
	onto_narrow(l, from, r);
	onto_print(l, f);
	return true;
}
