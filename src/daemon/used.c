/* SPDX-License-Identifier: MIT
 *
 * What the in-kernel path passed, by conduit. The program counts by flow of one
 * generation; what earlier ones counted is carried on by the conduit's name, as
 * the counters of the ruleset are.
 */
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "daemon/parent.h"

struct row {
	const char *name;
	struct fast_used used;
};

static void add(struct fast_used *to, const struct fast_used *what)
{
	to->packets += what->packets;
	to->bytes += what->bytes;
	to->messages += what->messages;
}

/* By conduit_id; one without inspected flows has no name. NULL: no memory. */
static struct row *rows_of(const struct pol_image *img)
{
	struct row *v = calloc(img->n_conduits + 1, sizeof(*v));
	for (uint32_t i = 0; v && i < img->n_flows; i++) {
		const struct pol_flow *f = policy_flow(img, (uint16_t)i);
		if (f->conduit_id < img->n_conduits)
			v[f->conduit_id].name = policy_str(img, f->conduit);
	}
	return v;
}

static int sum_flows(const struct parent *p, const struct pol_image *img, struct row *v)
{
	int err = 0;
	for (uint32_t i = 0; i < img->n_flows && !err; i++) {
		const struct pol_flow *f = policy_flow(img, (uint16_t)i);
		struct fast_used u;
		err = fastpath_used(p->fast, img->generation, i, &u);
		if (!err && f->conduit_id < img->n_conduits)
			add(&v[f->conduit_id].used, &u);
	}
	return err;
}

/* With what earlier generations had; freed by the caller. NULL: not to be had. */
static struct row *count(const struct parent *p, const struct pol_image *img)
{
	struct row *v = rows_of(img);
	int err = v ? sum_flows(p, img, v) : 0;
	for (uint32_t i = 0; v && p->carried && i < img->n_conduits; i++)
		add(&v[i].used, &p->carried[i]);
	if (!err)
		return v;
	say(LOG_ERR, "the in-kernel path's counters: %s", strerror(-err));
	free(v);
	return NULL;
}

static int by_name(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	return strcmp(a->name ? a->name : "", b->name ? b->name : "");
}

void used_carry(struct parent *p, const struct pol_image *old, const struct pol_image *img)
{
	struct row *was = p->fast ? count(p, old) : NULL, *now = was ? rows_of(img) : NULL;
	struct fast_used *next = now ? calloc(img->n_conduits + 1, sizeof(*next)) : NULL;
	if (p->fast && !next)
		say(LOG_ERR, "the in-kernel path's counters begin anew");
	if (next) {
		qsort(was, old->n_conduits, sizeof(*was), by_name);
		for (uint32_t i = 0; i < img->n_conduits; i++) {
			struct row *r = now[i].name ? bsearch(&now[i], was, old->n_conduits, sizeof(*was), by_name) : NULL;
			if (r)
				next[i] = r->used;
			if (r)
				memset(&r->used, 0, sizeof(r->used));
		}
		for (uint32_t i = 0; i < old->n_conduits; i++)
			add(&p->carried_gone, &was[i].used);	/* of conduits that are no more */
	}
	free(was);
	free(now);
	free(p->carried);
	p->carried = next;
}

int used_total(const struct parent *p, struct fast_used *sum)
{
	struct row *v = count(p, p->img);
	*sum = p->carried_gone;
	for (uint32_t i = 0; v && i < p->img->n_conduits; i++)
		add(sum, &v[i].used);
	free(v);
	return v ? 0 : -1;
}

int used_each(const struct parent *p, void (*take)(void *ctx, const char *conduit, const struct fast_used *u), void *ctx)
{
	struct row *v = count(p, p->img);
	for (uint32_t i = 0; v && i < p->img->n_conduits; i++)
		if (v[i].name && v[i].used.packets)
			take(ctx, v[i].name, &v[i].used);
	free(v);
	return v ? 0 : -1;
}
