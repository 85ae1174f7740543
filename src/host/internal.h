/* SPDX-License-Identifier: MIT
 *
 * What the kinds of misfits share: sorted views of names, and one more misfit.
 */
#ifndef ZONED_HOST_INTERNAL_H
#define ZONED_HOST_INTERNAL_H

#include "host/misfits.h"

/* An interface that a zone names; no other zone does. */
struct claim {
	const char *name;
	const struct zone *zone;
	struct where at;
	const struct host_link *link; /* NULL: not there */
};

struct names { /* sorted views */
	const struct host_links *l;
	const struct host_link **link;
	struct claim *claim;
	size_t n;
	unsigned *ports; /* by place in l->v: how many interfaces are a part of it */
	/* the first zones that name no interfaces, nor do their parents */
	const struct zone *roaming[2];
};

const struct host_link *link_named(const struct names *n, const char *name); /* NULL: none */
bool is_claimed(const struct names *n, const char *name);

/* One more of this kind, with its first field; NULL: no room. */
struct misfit *misfit_add(struct misfits *out, enum misfit_kind kind, struct where at,
			  const char *key, const char *value);
void misfit_field(struct misfit *f, const char *key, const char *value);
void misfit_text(struct misfit *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* misfits-settings.c, misfits-routes.c */
void tell_settings(const struct names *n, const struct model *m, const struct host_settings *s,
		   struct misfits *out);
void tell_routes(const struct names *n, const struct model *m, const struct host_facts *f,
		 struct misfits *out);

#endif
