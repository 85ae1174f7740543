/* SPDX-License-Identifier: MIT
 *
 * Two policies of one protocol, by their compiled entries. For each entry of the one and each
 * operation in it: is there an entry of the other that permits all of that? If not, the entry that
 * lacks least is named, with what it lacks.
 */
#include <stdio.h>
#include <string.h>

#include "compare/internal.h"
#include "compare/scope.h"

/* The entries of one policy in its image. */
struct rules {
	const struct pol_image *img;
	const struct policy *p;
	uint8_t proto;
	uint32_t rule0, n;
	const void *head;
};

static struct rules rules_of(const struct side *s, const struct flow *f, const struct policy *p)
{
	struct rules r = { .img = s->img, .p = p, .proto = (uint8_t)f->proto };
	for (uint32_t i = 0; i < s->img->n_flows; i++) {
		const struct pol_flow *pf = policy_flow(s->img, (uint16_t)i);
		if (pf->proto != r.proto || strcmp(policy_str(s->img, pf->policy), f->policy) != 0)
			continue;
		r.rule0 = pf->rule0;
		r.n = pf->n_rules;
		r.head = policy_head(s->img, pf);
		break;
	}
	return r;
}

static const struct pol_rule *rule_of(const struct rules *r, uint32_t i)
{
	return policy_rule(r->img, r->proto, r->rule0 + i);
}

static struct where where_of(const struct rules *r, const struct pol_rule *rule)
{
	return (struct where){ policy_str(r->img, rule->file), rule->line };
}

static unsigned lacking(const struct scope *narrow, const struct scope *wide)
{
	unsigned n = 0;
	for (size_t i = 0; i < narrow->n; i++)
		n += !scope_within(&narrow->v[i], &wide->v[i]);
	return n;
}

/* The entry of r that lacks least of what is asked; NULL: none has the operation. */
static const struct pol_rule *nearest(const struct rules *r, unsigned operation,
				      const struct scope *asked, unsigned *lacks,
				      struct scope *best)
{
	const struct scope_ops *ops = scope_ops_of(r->proto);
	const struct pol_rule *found = NULL;
	struct scope s;
	*lacks = 0;
	for (uint32_t i = 0; i < r->n; i++) {
		if (!ops->rule(r->img, rule_of(r, i), operation, &s))
			continue;
		unsigned n = lacking(asked, &s);
		if (found && n >= *lacks)
			continue;
		found = rule_of(r, i);
		*lacks = n;
		*best = s;
		if (!n)
			break;
	}
	return found;
}

/* The strings of an image end with it. */
static struct where kept(const struct compare_run *r, struct where at)
{
	return (struct where){ arena_strdup(r->c->arena, at.file), at.line };
}

/* What is found of one entry: the operations for which the same is lacking are one finding. */
enum { LACK_NAMED = 200 };
struct lack {
	char operations[300], text[500];
	const struct pol_rule *other;
	unsigned more; /* operations that are not named */
};

static void name_operation(struct lack *l, const struct scope_ops *ops, unsigned operation)
{
	char name[80];
	struct sb b = sb_init(name, sizeof(name));
	size_t had = strlen(l->operations);
	if (had > LACK_NAMED) {
		l->more++;
		return;
	}
	ops->name(operation, &b);
	snprintf(l->operations + had, sizeof(l->operations) - had, "%s%s", had ? ", " : "", name);
}

static void put_lack(struct compare_run *r, const struct lack *l, enum compare_effect e,
		     const struct rules *of, const struct pol_rule *rule, const struct rules *in)
{
	if (!l->operations[0])
		return;
	struct where mine = kept(r, where_of(of, rule));
	struct where others = l->other ? kept(r, where_of(in, l->other))
				       : (struct where){ in->p->at.file, in->p->at.line };
	bool opens = e == COMPARE_OPENS;
	compare_add(r,
		    &(struct compare_finding){ .effect = e,
					       .what = COMPARE_POLICY,
					       .name = opens ? of->p->name : in->p->name,
					       .old = opens ? others : mine,
					       .new = opens ? mine : others },
		    "%s%s%s%s", l->operations, l->more ? " and more operations" : "",
		    l->text[0] ? ": " : "", l->text);
}

static void describe_lack(const struct scope *s, const struct scope *than, struct sb *out)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].off || (!than && s->v[i].quiet) ||
		    (than && scope_within(&s->v[i], &than->v[i])))
			continue;
		sb_puts(out, out->len ? "; " : "");
		scope_beyond(&s->v[i], than ? &than->v[i] : NULL, out);
	}
}

/* What `rule` of `of` permits and no entry of `in` does. */
static void compare_rule(struct compare_run *r, enum compare_effect e, const struct rules *of,
			 const struct pol_rule *rule, const struct rules *in)
{
	const struct scope_ops *ops = scope_ops_of(of->proto);
	struct lack l = { .other = NULL };
	struct scope asked, near;
	for (unsigned op = 0; op < ops->operations; op++) {
		unsigned lacks;
		struct lack now = { .other = NULL };
		struct sb text = sb_init(now.text, sizeof(now.text));
		if (!ops->rule(of->img, rule, op, &asked))
			continue;
		now.other = nearest(in, op, &asked, &lacks, &near);
		if (now.other && !lacks)
			continue;
		describe_lack(&asked, now.other ? &near : NULL, &text);
		if (strcmp(now.text, l.text) != 0 || now.other != l.other) {
			put_lack(r, &l, e, of, rule, in);
			l = now;
		}
		name_operation(&l, ops, op);
	}
	put_lack(r, &l, e, of, rule, in);
}

static void compare_heads(struct compare_run *r, const struct rules *old, const struct rules *new)
{
	const struct scope_ops *ops = scope_ops_of(old->proto);
	struct scope was, is;
	if (!old->head || !new->head)
		return;
	ops->head(old->img, old->head, &was);
	ops->head(new->img, new->head, &is);
	for (size_t i = 0; i < is.n; i++) {
		bool opens = !scope_within(&is.v[i], &was.v[i]),
		     closes = !scope_within(&was.v[i], &is.v[i]);
		struct compare_finding f = { .what = COMPARE_POLICY,
					     .name = new->p->name,
					     .old = old->p->at,
					     .new = new->p->at };
		char text[500];
		struct sb b = sb_init(text, sizeof(text));
		bool listed = is.v[i].kind <= SCOPE_ITEMS;
		f.effect = opens ? COMPARE_OPENS : COMPARE_CLOSES;
		if (opens || (closes && !listed)) {
			scope_beyond(&is.v[i], &was.v[i], &b);
			compare_add(r, &f, "%s", text);
		}
		if (!closes || !listed)
			continue;
		b = sb_init(text, sizeof(text));
		scope_beyond(&was.v[i], &is.v[i], &b);
		f.effect = COMPARE_CLOSES;
		compare_add(r, &f, "%s", text);
	}
}

static struct pair *pair_of(struct compare_run *r, const struct policy *old,
			    const struct policy *new)
{
	for (struct pair *p = r->pairs; p; p = p->next)
		if (p->old == old && p->new == new)
			return p;
	return NULL;
}

static bool has_user(const char *list, const char *user)
{
	size_t n = strlen(user);
	for (const char *at = list; *at; at += strspn(at, ", ")) {
		size_t len = strcspn(at, ",");
		if (len == n && strncmp(at, user, n) == 0)
			return true;
		at += len;
	}
	return false;
}

/* Several pairs of ends of one conduit name it once. */
static void name_users(struct compare_run *r, struct pair *p, const char *user)
{
	char text[400];
	if (p->conduits && has_user(p->conduits, user))
		return;
	if (!p->conduits)
		p->conduits = arena_strdup(r->c->arena, user);
	else if (strcmp(p->conduits + strlen(p->conduits) - 3, "...") != 0) {
		bool fits = strlen(p->conduits) + strlen(user) + 8 < sizeof(text);
		snprintf(text, sizeof(text), "%s, %s", p->conduits, fits ? user : "...");
		p->conduits = arena_strdup(r->c->arena, text);
	}
	for (size_t i = 0; i < p->n; i++)
		r->c->v[p->first + i].conduits = p->conduits;
}

void compare_policies(struct compare_run *r, const struct flow *old, const struct flow *new,
		      const char *user)
{
	const struct policy *op = model_policy(r->old.m, old->policy),
			    *np = model_policy(r->new.m, new->policy);
	struct pair *p = pair_of(r, op, np);
	if (!p) {
		struct rules was = rules_of(&r->old, old, op), is = rules_of(&r->new, new, np);
		p = arena_alloc(r->c->arena, sizeof(*p));
		*p = (struct pair){ .old = op, .new = np, .first = r->c->n, .next = r->pairs };
		r->pairs = p;
		compare_heads(r, &was, &is);
		for (uint32_t i = 0; i < is.n; i++)
			compare_rule(r, COMPARE_OPENS, &is, rule_of(&is, i), &was);
		for (uint32_t i = 0; i < was.n; i++)
			compare_rule(r, COMPARE_CLOSES, &was, rule_of(&was, i), &is);
		p->n = r->c->n - p->first;
	}
	name_users(r, p, user);
}
