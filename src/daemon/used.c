/* SPDX-License-Identifier: MIT
 *
 * Counts of what the in-kernel path passed, by conduit. The program counts by flow and
 * generation; counts of earlier generations are carried on by the conduit's name, as the
 * counters of the ruleset are. The last count is of traffic routed inside one zone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "daemon/parent.h"

struct row {
	const char *name;
	struct used used;
};

static void sum_one_used(struct fast_used *to, const struct fast_used *what)
{
	to->packets += what->packets;
	to->bytes += what->bytes;
	for (int d = 0; d < 2; d++)
		to->messages[d] += what->messages[d];
}

static void sum_used(struct used *to, const struct used *what)
{
	sum_one_used(&to->inspected, &what->inspected);
	sum_one_used(&to->plain, &what->plain);
}

/* One row for each conduit, by its number, and one more. NULL: no memory. */
static struct row *rows_of(const struct model *m)
{
	struct row *v = calloc(m->n_conduits + 1, sizeof(*v));
	for (size_t i = 0; v && i < m->n_conduits; i++)
		v[i].name = m->conduits[i].name;
	return v;
}

static int sum_flows(const struct parent *p, struct row *v)
{
	const struct pol_image *img = p->img;
	int err = 0;
	for (uint32_t i = 0; i < img->n_flows && !err; i++) {
		const struct pol_flow *f = policy_flow(img, (uint16_t)i);
		struct fast_used u;
		err = fastpath_used(p->fast, img->generation, i, &u);
		if (!err && f->conduit_id < p->model->n_conduits)
			sum_one_used(&v[f->conduit_id].used.inspected, &u);
	}
	for (size_t i = 0; i <= p->model->n_conduits && !err; i++)
		err = fastpath_plain_used(p->fast, img->generation, (uint32_t)i, &v[i].used.plain);
	return err;
}

/* Totals over all generations; the caller frees. NULL: no memory, or unreadable (logged). */
static struct row *count_used(const struct parent *p)
{
	struct row *v = rows_of(p->model);
	int err = v ? sum_flows(p, v) : 0;
	for (size_t i = 0; v && p->carried && i <= p->model->n_conduits; i++)
		sum_used(&v[i].used, &p->carried[i]);
	if (!err)
		return v;
	say(LOG_ERR, "the in-kernel path's counters: %s", strerror(-err));
	free(v);
	return NULL;
}

static int by_row_name(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	return strcmp(a->name, b->name);
}

void used_carry(struct parent *p, const struct model *m)
{
	size_t n = p->model->n_conduits;
	struct row *was = p->fast ? count_used(p) : NULL;
	struct used *next = was ? calloc(m->n_conduits + 1, sizeof(*next)) : NULL;
	if (p->fast && !next)
		say(LOG_ERR, "the in-kernel path's counters begin again");
	if (next) {
		next[m->n_conduits] = was[n].used;
		qsort(was, n, sizeof(*was), by_row_name);
		for (size_t i = 0; i < m->n_conduits; i++) {
			struct row *r = bsearch(&(struct row){ .name = m->conduits[i].name }, was,
						n, sizeof(*was), by_row_name);
			if (r)
				next[i] = r->used;
			if (r)
				memset(&r->used, 0, sizeof(r->used));
		}
		for (size_t i = 0; i < n; i++)
			/* of conduits that are no more */
			sum_used(&p->carried_gone, &was[i].used);
	}
	free(was);
	free(p->carried);
	p->carried = next;
}

int used_total(const struct parent *p, struct used *sum)
{
	struct row *v = count_used(p);
	*sum = p->carried_gone;
	for (size_t i = 0; v && i <= p->model->n_conduits; i++)
		sum_used(sum, &v[i].used);
	free(v);
	return v ? 0 : -1;
}

int used_each(const struct parent *p,
	      void (*take)(void *ctx, const char *counter, uint64_t packets, uint64_t bytes),
	      void *ctx)
{
	char name[sizeof("conduit-") + MODEL_NAME_MAX];
	struct row *v = count_used(p);
	for (size_t i = 0; v && i <= p->model->n_conduits; i++) {
		const struct used *u = &v[i].used;
		snprintf(name, sizeof(name), "conduit-%s", v[i].name ? v[i].name : "");
		if (u->inspected.packets + u->plain.packets)
			take(ctx, v[i].name ? name : "inside",
			     u->inspected.packets + u->plain.packets,
			     u->inspected.bytes + u->plain.bytes);
	}
	free(v);
	return v ? 0 : -1;
}

int used_rows(const struct parent *p,
	      void (*take)(void *ctx, const char *conduit, const struct used *u), void *ctx)
{
	struct row *v = count_used(p);
	for (size_t i = 0; v && i <= p->model->n_conduits; i++)
		take(ctx, v[i].name, &v[i].used);
	free(v);
	return v ? 0 : -1;
}
