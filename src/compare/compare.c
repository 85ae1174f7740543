/* SPDX-License-Identifier: MIT
 * The comparison of two models, put together. */
#include "compare/compare.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/internal.h"
#include "compile/policy_build.h"

const char *compare_effect_word(enum compare_effect e)
{
	static const char *const words[] = { "opens", "closes", "changes" };
	return words[e];
}

const char *compare_what_word(enum compare_what w)
{
	static const char *const words[] = { "site", "zone", "conduit", "policy", "daemon" };
	return words[w];
}

/* What was said of the conduit already, for another pair of its zones. */
static struct compare_finding *of_other_leg(const struct compare_run *r,
					    const struct compare_finding *f, const char *text)
{
	for (size_t i = r->conduit_first; f->what == COMPARE_CONDUIT && i < r->c->n; i++) {
		struct compare_finding *v = &r->c->v[i];
		if (v->what == f->what && v->effect == f->effect && v->old.line == f->old.line &&
		    v->new.line == f->new.line && v->old.file == f->old.file &&
		    v->new.file == f->new.file &&strcmp(v->name, f->name) == 0 &&
		    strcmp(v->text, text) == 0)
			return v;
	}
	return NULL;
}

struct compare_finding *compare_add(struct compare_run *r, const struct compare_finding *f,
				    const char *fmt, ...)
{
	char text[1200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct comparison *c = r->c;
	struct compare_finding *said = of_other_leg(r, f, text);
	if (said)
		return said;
	c->v = arena_grow(c->arena, c->v, c->n, sizeof(*c->v));
	struct compare_finding *to = &c->v[c->n++];
	*to = *f;
	to->text = arena_strdup(c->arena, text);
	if (!to->name)
		to->name = "";
	c->count[f->effect]++;
	return to;
}

struct comparison *compare_models(const struct model *old, const struct model *new, int *err)
{
	struct compare_run r = { .old.m = old, .new.m = new };
	struct arena *a = arena_new();
	struct pol_image *was = policy_build(old, 1, err),
			 *is = was ? policy_build(new, 1, err) : NULL;
	if (!a)
		*err = -ENOMEM;
	if (!a || !is)
		goto fail;
	r.c = arena_alloc(a, sizeof(*r.c));
	r.c->arena = a;
	r.old.img = was;
	r.new.img = is;
	*err = -ENOMEM;
	if (!compare_addresses(&r))
		goto fail;
	*err = 0;
	pieces_cut(&r);
	compare_points(&r);
	compare_settings(&r);
	compare_zones(&r);
	compare_conduits(&r);
	free(was);
	free(is);
	return r.c;
fail:
	free(was);
	free(is);
	arena_free(a);
	return NULL;
}

void compare_free(struct comparison *c)
{
	if (c)
		arena_free(c->arena);
}
