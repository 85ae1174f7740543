/* SPDX-License-Identifier: MIT
 * selftest, first test: what each inspected flow's policy permits and refuses in its own words
 * (samples.h) goes through the engine of the inspectors, with the compiled image. */
#include <stdlib.h>
#include <string.h>

#include "zonectl/samples.h"
#include "zonectl/selftest.h"

struct
try {
	struct selftest *t;
	const struct conduit *c;
	const struct flow *f;
	const struct explain_ops *ops;
	struct explain_message *msg;
	uint32_t permitted, refused, failed, left;
	bool found;
	enum reason got;
};

static void on_sample_judged(void *ctx, const struct explain_case *c)
{
	struct try *y = ctx;
	y->found = true;
	y->got = (enum reason)c->ev->reason;
}

/* "=" is a word of its own, as explain reads it. */
static void split_sample(const char *text, char *room, size_t n, struct explain_words *w)
{
	struct sb b = sb_init(room, n);
	for (const char *p = text; *p; p++)
		sb_printf(&b, *p == '=' ? " %c " : "%c", *p);
	char *rest = room;
	for (char *s = strtok_r(room, " ", &rest); s && w->n < EXPLAIN_WORDS;
	     s = strtok_r(NULL, " ", &rest))
		w->v[w->n++] = s;
}

static bool compose_sample(struct try *y, const struct sample *s, char *why)
{
	char room[2 * SAMPLE_WORDS];
	struct errs errs;
	struct explain_words w = { .first = 1, .errs = &errs };
	struct explain_message *m = y->msg;
	errs_init(&errs);
	m->parts = m->n = 0;
	m->assumed[0] = '\0';
	split_sample(s->words, room, sizeof(room), &w);
	bool good = y->ops->compose(&w, m) && m->parts;
	snprintf(why, SELFTEST_TEXT, "%s", errs.n ? errs.v[0].text : "it is too long");
	errs_free(&errs);
	if (!good)
		return false;
	size_t *n = &m->part[m->parts - 1].n;
	uint8_t *b = m->b + m->part[m->parts - 1].at;
	if (s->at >= *n)
		return false;
	b[s->at] ^= s->flip;
	if (s->cut_short) {
		b[s->at]--;
		--*n;
	}
	return true;
}

static const char *judgement_word(enum reason r)
{
	return r == R_NONE ? "permitted" : reason_name(r);
}

static void try_sample(void *ctx, const struct sample *s)
{
	struct try *y = ctx;
	char why[SELFTEST_TEXT];
	struct selftest_sample row = { "messages", y->c->name, s->what, "", "", "" };
	if (!compose_sample(y, s, why)) {
		selftest_leave(y->t, "%s: %s: %s", y->c->name, s->words, why);
		y->left++;
		return;
	}
	y->found = false;
	explain_run(&y->t->x, y->t->x.img, on_sample_judged, y);
	snprintf(row.asked, sizeof(row.asked), "%s %s%s%s", proto_word(y->f->proto), s->words,
		 s->flip || s->cut_short ? ", broken: " : "",
		 s->flip || s->cut_short ? s->what : "");
	snprintf(row.expected, sizeof(row.expected), "%s", judgement_word(s->expected));
	snprintf(row.got, sizeof(row.got), "%s",
		 y->found ? judgement_word(y->got) : "no judgement");
	y->permitted += s->expected == R_NONE;
	y->refused += s->expected != R_NONE;
	y->failed += strcmp(row.expected, row.got) != 0;
	selftest_note(y->t, &row);
}

static void leave_flow(void *ctx, const char *why)
{
	struct try *y = ctx;
	y->left++;
	selftest_leave(y->t, "%s: %s", y->c->name, why);
}

static bool set_sample_connection(struct try *y)
{
	struct explain *x = &y->t->x;
	if (!selftest_ends(y->t, y->c, &x->packet.of)) {
		leave_flow(y, "no two addresses of one family at its ends");
		return false;
	}
	if (!selftest_first_packet(y->f, &x->packet))
		return false;
	x->proto = (uint8_t)y->f->proto;
	x->msg = y->msg;
	const struct reach_answer a = reach_of(x->reach, &x->packet);
	if (a.fate == REACH_INSPECTED && y->t->x.m->conduits[a.conduit].name == y->c->name)
		return true;
	leave_flow(y, "the ruleset does not take its packets to an inspector now");
	return false;
}

static void try_flow(struct selftest *t, const struct conduit *c, const struct flow *f)
{
	struct try y = { .t = t, .c = c, .f = f, .ops = explain_ops_of((uint8_t)f->proto) };
	struct samples s = { .ctx = &y, .take = try_sample, .leave = leave_flow };
	const struct policy *p = f->policy ? model_policy(t->x.m, f->policy) : NULL;
	y.msg = calloc(1, sizeof(*y.msg));
	s.v = calloc(SAMPLES_MOST, sizeof(*s.v));
	if (!y.msg || !s.v)
		leave_flow(&y, "out of memory");
	else if (t->messages >= SELFTEST_MESSAGES)
		leave_flow(&y, "messages: there were too many before it");
	else if (!p || !y.ops->samples)
		leave_flow(&y, "messages: none are made for this protocol");
	else if (set_sample_connection(&y))
		y.ops->samples(p, &s);
	if (s.left_out)
		selftest_leave(t, "%s: %zu more messages of policy %s", c->name, s.left_out,
			       f->policy);
	json_array_append_new(t->flows,
			      json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:i}", "conduit", c->name,
					"protocol", proto_word(f->proto), "policy",
					f->policy ? f->policy : "", "permitted", (int)y.permitted,
					"refused", (int)y.refused, "failed", (int)y.failed,
					"not_tested", (int)(y.left + s.left_out)));
	t->x.msg = NULL;
	free(y.msg);
	free(s.v);
}

void selftest_messages(struct selftest *t)
{
	struct model *m = t->x.m;
	for (size_t i = 0; i < m->n_conduits; i++)
		for (size_t k = 0; k < m->conduits[i].n_flows; k++)
			if (m->conduits[i].flows[k].proto != PROTO_NONE)
				try_flow(t, &m->conduits[i], &m->conduits[i].flows[k]);
}
