/* SPDX-License-Identifier: MIT
 *
 * What conduits are used for. A use is a message that passed; where a conduit has a flow without
 * inspection it is a packet, too, since nobody knows of messages there. Handshakes are packets, so
 * they are no use of a conduit all of whose flows are inspected.
 *
 * Kept in the state directory every ten minutes, if something changed, and at a stop: what a power
 * cut takes is at most that.
 */
#include "daemon/uses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

enum { KEEP_SECONDS = 600, FORGET_DAYS = 400, DAY = 86400 };
static const uint64_t ns_of_second = 1000000000u;

struct use_book {
	struct use before[COUNT_NAMES]; /* the start, by number of the name; since_s 0: none */
	uint64_t kept_ns;		/* CLOCK_MONOTONIC */
	uint64_t kept_sum;		/* what was used then, to see whether it is more */
	bool failed;			/* and said */
};

struct adding {
	struct parent *p;
	struct use *v; /* by number of the name */
	bool *plain;   /* has a flow without inspection; likewise */
};

/* The file's numbers end there; those of an inspector may be anything. */
static uint64_t use_sum(uint64_t a, uint64_t b)
{
	return a >= INT64_MAX || b >= INT64_MAX - a ? INT64_MAX : a + b;
}

static void add_use(void *ctx, const struct count_row *r)
{
	struct adding *a = ctx;
	struct use *u = &a->v[r->of.name];
	/* else the ruleset has counted it too */
	bool again = r->by == COUNT_KERNEL && fastpath_first(a->p->fast) < 0;
	bool packet = r->of.unit == COUNT_PACKET && r->by != COUNT_INSPECTOR && !again;
	int64_t last_s = (int64_t)(r->last_ns / ns_of_second);
	if (!r->of.name || r->of.verdict != V_ACCEPT || r->of.reason != R_NONE)
		return;
	if (r->of.unit == COUNT_MESSAGE)
		u->messages = use_sum(u->messages, r->n);
	if (packet)
		u->packets = use_sum(u->packets, r->n);
	bool is_use = r->of.unit == COUNT_MESSAGE || (packet && a->plain[r->of.name]);
	if (is_use && last_s > u->last_s)
		u->last_s = last_s;
}

static bool has_plain_flow(const struct conduit *c)
{
	for (size_t i = 0; i < c->n_flows; i++)
		if (c->flows[i].proto == PROTO_NONE)
			return true;
	return false;
}

/* All that there are, by number of the name; the caller's. NULL: no memory. */
static struct use *add_uses(struct parent *p)
{
	struct use_book *b = p->uses;
	int64_t now_s = (int64_t)time(NULL);
	struct adding a = { p, malloc(sizeof(b->before)), calloc(COUNT_NAMES, sizeof(bool)) };
	for (size_t i = 0; a.plain && i < p->model->n_conduits; i++) {
		const struct conduit *c = &p->model->conduits[i];
		uint16_t k = counts_number(p, c->name);
		struct use *u = &b->before[k];
		a.plain[k] = has_plain_flow(c);
		if (k && !u->since_s) /* from now on it is looked at */
			*u = (struct use){ .since_s = now_s };
		if (k)
			memcpy(u->name, c->name, strlen(c->name) + 1);
	}
	if (a.v && a.plain) {
		memcpy(a.v, b->before, sizeof(b->before));
		counts_each(p, add_use, &a);
	} else {
		free(a.v);
		a.v = NULL;
	}
	free(a.plain);
	return a.v;
}

struct uses uses_now(struct parent *p)
{
	struct uses u = { .v = calloc(p->model->n_conduits + 1, sizeof(*u.v)) };
	struct use *all = u.v ? add_uses(p) : NULL;
	for (size_t i = 0; all && i < p->model->n_conduits; i++) {
		uint16_t k = counts_number(p, p->model->conduits[i].name);
		u.v[u.n] = all[k]; /* of those without a number: nothing */
		memcpy(u.v[u.n++].name, p->model->conduits[i].name,
		       strlen(p->model->conduits[i].name) + 1);
	}
	if (!all)
		uses_free(&u);
	free(all);
	return u;
}

json_t *uses_document(struct parent *p)
{
	struct uses u = uses_now(p);
	json_t *list = json_array();
	for (size_t i = 0; i < u.n; i++)
		json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:s,s:o,s:o,s:I,s:I}", "conduit", u.v[i].name, "from",
				  p->model->conduits[i].from, "to", p->model->conduits[i].to,
				  "since", counts_time((uint64_t)u.v[i].since_s * ns_of_second),
				  "last", counts_time((uint64_t)u.v[i].last_s * ns_of_second),
				  "messages", (json_int_t)u.v[i].messages, "packets",
				  (json_int_t)u.v[i].packets));
	uses_free(&u);
	return list;
}

/* ---- keeping ---- */

/* What was neither used nor in a model for long is forgotten. */
static bool is_kept(const struct parent *p, const struct use *u, int64_t now_s)
{
	if (!u->since_s || !*u->name)
		return false;
	for (size_t i = 0; i < p->model->n_conduits; i++)
		if (strcmp(p->model->conduits[i].name, u->name) == 0)
			return true;
	int64_t newest = u->last_s > u->since_s ? u->last_s : u->since_s;
	return now_s - newest < (int64_t)FORGET_DAYS * DAY;
}

static void keep_uses(struct parent *p)
{
	struct use_book *b = p->uses;
	struct use *all = add_uses(p);
	struct uses u = { .v = all };
	uint64_t sum = 0;
	b->kept_ns = clock_ns(CLOCK_MONOTONIC);
	for (size_t i = 1; all && i < COUNT_NAMES; i++)
		if (is_kept(p, &all[i], (int64_t)time(NULL))) {
			sum += 1 + all[i].messages + all[i].packets;
			u.v[u.n++] = all[i];
		}
	int err = !all ? -ENOMEM : sum != b->kept_sum ? uses_keep(p->history.dir, &u) : 0;
	if (!err)
		b->kept_sum = sum;
	else if (!b->failed)
		say(LOG_ERR, "the uses of conduits were not kept in %s: %s", p->history.path,
		    strerror(-err));
	b->failed = err != 0;
	free(all);
}

void uses_tick(struct parent *p)
{
	const uint64_t every = KEEP_SECONDS * ns_of_second;
	if (p->keeps_history && clock_ns(CLOCK_MONOTONIC) - p->uses->kept_ns > every)
		keep_uses(p);
}

int uses_open(struct parent *p)
{
	struct uses u = { .n = 0 };
	bool unreadable = false;
	p->uses = calloc(1, sizeof(*p->uses));
	if (!p->uses)
		return -ENOMEM;
	p->uses->kept_ns = clock_ns(CLOCK_MONOTONIC);
	int err = !p->keeps_history
			  ? 0
			  : uses_read(p->history.dir, (int64_t)time(NULL), &u, &unreadable);
	if (err || unreadable) /* no reason to stay down */
		say(LOG_ERR, "%s/uses.json: %s; the uses of conduits begin now", p->history.path,
		    err ? strerror(-err) : "cannot be read, and has another name now");
	for (size_t i = 0; i < u.n; i++) {
		uint16_t k = counts_number(p, u.v[i].name);
		if (k)
			p->uses->before[k] = u.v[i];
	}
	uses_free(&u);
	return 0;
}

void uses_close(struct parent *p)
{
	if (p->keeps_history && p->in_force) {
		counts_sample(p);
		keep_uses(p);
	}
	free(p->uses);
	p->uses = NULL;
}
