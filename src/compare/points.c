/* SPDX-License-Identifier: MIT
 *
 * Which addresses must be compared apart: of each zone what no asset has, and assets that conduits
 * of either model name. One stands for all that are of the same zones and classes in both models.
 */
#include <string.h>

#include "compare/internal.h"

static void add_point(struct compare_run *r, const struct point *p)
{
	for (size_t i = 0; i < r->n_points; i++) {
		const struct point *q = &r->points[i];
		if (q->zone[0] == p->zone[0] && q->zone[1] == p->zone[1] &&
		    q->class[0] == p->class[0] && q->class[1] == p->class[1])
			return;
	}
	r->points = arena_grow(r->c->arena, r->points, r->n_points, sizeof(*r->points));
	r->points[r->n_points++] = *p;
}

static void add_assets(struct compare_run *r, const struct model *m)
{
	for (size_t z = 1; z < m->n_zones; z++)
		for (size_t i = 0; i < m->zones[z].n_assets; i++) {
			const struct addr *a = &m->zones[z].assets[i].addr;
			const struct point p = {
				{ policy_zone_of(r->old.img, a), policy_zone_of(r->new.img, a) },
				{ policy_class_of(r->old.img, a), policy_class_of(r->new.img, a) }
			};
			if (p.class[0] || p.class[1])
				add_point(r, &p);
		}
}

static void sort_points(struct compare_run *r, unsigned side, size_t n_zones)
{
	size_t *first = arena_alloc(r->c->arena, (n_zones + 2) * sizeof(*first)), n = 0;
	r->by_zone[side] = arena_alloc(r->c->arena, (r->n_points + 1) * sizeof(struct point *));
	r->zone_first[side] = first;
	memset(first, 0, (n_zones + 2) * sizeof(*first));
	for (size_t i = 0; i < r->n_points; i++)
		first[r->points[i].zone[side] + 1]++;
	for (size_t z = 0; z < n_zones; z++)
		first[z + 1] += first[z];
	for (size_t z = 0; z < n_zones; z++)
		for (size_t i = 0; i < r->n_points; i++)
			if (r->points[i].zone[side] == z)
				r->by_zone[side][n++] = &r->points[i];
}

void compare_points(struct compare_run *r)
{
	for (size_t z = 1; z < r->new.m->n_zones; z++)
		add_point(r, &(struct point){ { r->old_of[z], z }, { 0, 0 } });
	for (size_t z = 1; z < r->old.m->n_zones; z++)
		add_point(r, &(struct point){ { z, r->new_of[z] }, { 0, 0 } });
	if (r->old.m->n_classes)
		add_assets(r, r->old.m);
	if (r->new.m->n_classes)
		add_assets(r, r->new.m);
	sort_points(r, 0, r->old.m->n_zones);
	sort_points(r, 1, r->new.m->n_zones);
}

const char *point_text(const struct compare_run *r, const struct point *p, unsigned side,
		       char out[MODEL_END_TEXT])
{
	const struct model *m = side ? r->new.m : r->old.m;
	return model_end_text(m, p->class[side] ? p->class[side] : p->zone[side], out);
}
