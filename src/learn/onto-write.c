/* SPDX-License-Identifier: MIT
 * What a model in force lacks and has too much of, in words and as text to paste. */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "learn/internal.h"

/* ---- blocks ---- */

struct draft {
	struct learn_pen pen;
	char *body;
	size_t len;
};

static bool draft_begins(struct learn *l, struct draft *d)
{
	*d = (struct draft){ .pen = { .l = l } };
	d->pen.f = open_memstream(&d->body, &d->len);
	d->pen.line = sb_init(arena_alloc(l->arena, LEARN_LINE), LEARN_LINE);
	return d->pen.f != NULL;
}

static bool same_place(const struct onto_place *a, const struct onto_place *b)
{
	return a->kind == b->kind && (a->name == b->name || strcmp(a->name, b->name) == 0);
}

/* One that there was already helped nothing, and would not now. Returns whether it is new. */
static bool draft_ends(struct learn *l, struct draft *d, struct onto_place at)
{
	struct learn_onto *o = l->onto;
	bool good = fclose(d->pen.f) == 0 && d->len && o->n_blocks < ONTO_BLOCKS;
	for (size_t i = 0; good && i < o->n_blocks; i++)
		good = !same_place(&o->blocks[i].place, &at) ||
		       strcmp(o->blocks[i].body, d->body) != 0;
	if (!good) {
		free(d->body);
		return false;
	}
	o->blocks[o->n_blocks++] = (struct onto_block){ .place = at, .body = d->body };
	return true;
}

/* ---- what is new ---- */

static bool write_zones(struct learn *l)
{
	struct draft d;
	if (!draft_begins(l, &d))
		return false;
	for (size_t i = 0; i < l->plant.n_zones; i++)
		if (!l->plant.zones[i].known)
			learn_put_zone(&d.pen, i, ", ", "");
	return draft_ends(l, &d, (struct onto_place){ .kind = ONTO_ZONES });
}

static bool write_conduits(struct learn *l)
{
	struct draft d;
	bool any = l->onto->now->n_conduits != 0;
	if (!draft_begins(l, &d))
		return false;
	for (int admitted = 1; admitted >= 0; admitted--)
		for (size_t i = 0; i < l->plant.n_conduits; i++) {
			const struct learn_conduit *c = &l->plant.conduits[i];
			if (c->known || learn_writes_conduit(c) != admitted)
				continue;
			d.pen.off = !admitted;
			learn_put_conduit(&d.pen, c, any ? ", " : "", "");
			any = true;
		}
	return draft_ends(l, &d, (struct onto_place){ .kind = ONTO_CONDUITS });
}

static bool write_flows(struct learn *l, const struct learn_conduit *c)
{
	struct draft d;
	if (!c->known || !draft_begins(l, &d))
		return false;
	for (size_t i = 0; i < c->n_flows; i++)
		learn_put_flow(&d.pen, &c->flows[i], ", ", "");
	/* the conduits of `now` go with its turn */
	const char *name = arena_strdup(l->arena, c->known->name);
	return draft_ends(l, &d, (struct onto_place){ .kind = ONTO_FLOWS, .name = name });
}

static bool write_policies(struct learn *l)
{
	struct draft d;
	if (!draft_begins(l, &d))
		return false;
	for (size_t i = 0; i < l->plant.n_conduits; i++)
		for (size_t k = 0; k < l->plant.conduits[i].n_flows; k++) {
			const struct learn_flow *w = &l->plant.conduits[i].flows[k];
			if (w->proto != PROTO_NONE && w->admitted.n + w->proposed.n + w->empty)
				learn_put_policy(&d.pen, w);
		}
	return draft_ends(l, &d, (struct onto_place){ .kind = ONTO_POLICIES });
}

static bool write_new(struct learn *l)
{
	bool any = write_zones(l);
	any |= write_conduits(l);
	for (size_t i = 0; i < l->plant.n_conduits; i++)
		any |= write_flows(l, &l->plant.conduits[i]);
	return write_policies(l) || any;
}

/* ---- rates ---- */

/* A limit that is too low. */
static void put_limit(struct learn_pen *p, const char *key, uint64_t now, uint64_t seen)
{
	uint64_t most = learn_rate_with_room(seen);
	if (most > now)
		fprintf(p->f, "    %s = %llu;\n", key,
			(unsigned long long)(most > RATE_MOST ? RATE_MOST : most));
}

/* Of a conduit whose limits refused something in this turn. */
static bool write_rates(struct learn *l, const struct conduit *c)
{
	struct learn_onto *o = l->onto;
	struct draft d;
	uint64_t requests = 0, writes = 0;
	uint8_t hurried = o->hurried[c - o->m->conduits];
	if (!hurried || !draft_begins(l, &d))
		return false;
	for (size_t i = 0; i < l->n_talks; i++) {
		uint16_t flow = 0;
		const struct policy *p = learn_onto_policy(l, &l->talks[i], &flow);
		if (!p || strcmp(policy_str(o->img, policy_flow(o->img, flow)->conduit), c->name))
			continue;
		requests += l->talks[i].busiest;
		writes += l->talks[i].busiest_writes;
	}
	learn_put_busiest(&d.pen, requests, writes);
	if (hurried & ONTO_REQUESTS)
		put_limit(&d.pen, "max_requests_per_second", c->max_requests, requests);
	if (hurried & ONTO_WRITES)
		put_limit(&d.pen, "max_writes_per_second", c->max_writes, writes);
	return draft_ends(l, &d, (struct onto_place){ .kind = ONTO_RATES, .name = c->name });
}

/* ---- a policy of the model ---- */

/* The talks that are judged under it, as one flow. NULL: there are none. */
static struct learn_flow *flow_of_policy(struct learn *l, const struct policy *p, enum learn_of of)
{
	struct learn_flow *w = arena_alloc(l->arena, sizeof(*w));
	*w = (struct learn_flow){ .proto = (uint8_t)p->proto, .of = of };
	w->talks = arena_alloc(l->arena, (l->n_talks + 1) * sizeof(struct learn_talk *));
	for (size_t i = 0; i < l->n_talks; i++) {
		struct learn_talk *t = &l->talks[i];
		uint16_t flow;
		if (learn_onto_policy(l, t, &flow) != p)
			continue;
		t->flow = w;
		w->talks[w->n_talks++] = t;
		learn_sight_join(&w->seen, &t->seen);
	}
	if (!w->n_talks || !learn_ops_of(w->proto)->observe)
		return NULL;
	learn_entries(l, w);
	return w;
}

static bool write_lacking(struct learn *l, const struct policy *p, const struct learn_flow *w,
			  bool last)
{
	const struct learn_ops *ops = learn_ops_of(w->proto);
	const struct learn_entries *e = last ? &w->proposed : &w->admitted;
	struct draft d;
	if (!draft_begins(l, &d))
		return false;
	for (size_t i = 0; i < e->n; i++) {
		d.pen.off = last;
		learn_put_evidence(&d.pen, &e->v[i]);
		learn_put_entry(&d.pen, ops, &e->v[i], ", ", "");
	}
	return draft_ends(l, &d, (struct onto_place){ .kind = ONTO_ALLOW, .name = p->name });
}

/* An element of a list in canonical form. */
static bool list_has(const char *list, size_t n, const char *element, size_t len)
{
	for (size_t i = 0; i + len <= n; i++) {
		bool begins = i == 0 || list[i - 1] == ' ' || list[i - 1] == '[';
		char end = i + len < n ? list[i + len] : ' ';
		if (begins && (end == ',' || end == ' ') && memcmp(list + i, element, len) == 0)
			return true;
	}
	return false;
}

/* "[ a, b ];" with what the model has already. */
static void join_lists(struct sb *b, const char *had, size_t n, const char *key, const char *list)
{
	sb_printf(b, "%s = ( ", key);
	const char *between = "";
	if (had && *had != '"' && n > 4) {
		sb_printf(b, "%.*s", (int)n - 4, had + 2);
		between = ", ";
	}
	for (const char *s = list + 2; *s && *s != ']' && *s != ')';) {
		size_t len = 0;
		for (bool quoted = false; s[len] && (quoted || (s[len] != ',' && s[len] != ' '));
		     len++) {
			if (quoted && s[len] == '\\')
				len++;
			else if (s[len] == '"')
				quoted = !quoted;
		}
		if (!had || !list_has(had, n, s, len)) {
			sb_printf(b, "%s%.*s", between, (int)len, s);
			between = ", ";
		}
		s += len;
		s += strspn(s, ", ");
	}
	sb_puts(b, " );");
}

/* One key with one value that is lacking, joined with what the model has. */
static void put_setting(struct learn_pen *p, const struct policy *policy,
			const struct learn_column *k, const struct learn_cells *c)
{
	struct learn *l = p->l;
	bool list = k->form == LEARN_WORDS || k->form == LEARN_TEXT;
	size_t n = 0, keys = strlen(k->key) + 3;
	const char *had = onto_setting(l->onto->text, policy->name, k->key, &n);
	learn_put_cells(p, k, c);
	char *text = arena_strdup(l->arena, p->line.s);
	p->line = sb_init(p->line.s, p->line.cap);
	if (list && had && *had != '"')
		join_lists(&p->line, had, n, k->key, text + keys);
	else
		sb_puts(&p->line, text);
	if (k->flag && onto_setting(l->onto->text, policy->name, k->flag, &n) &&
	    !strstr(text, k->flag))
		sb_printf(&p->line, " %s = false;", k->flag);
	/* one line each, and unbroken: as the model has it */
	for (char *s = p->line.s; s && *s;) {
		char *end = list ? NULL : strstr(s, "; ");
		fprintf(p->f, "    %s%.*s\n", p->off ? "# " : "",
			end ? (int)(end + 1 - s) : (int)strlen(s), s);
		s = end ? end + 2 : NULL;
	}
	p->line = sb_init(p->line.s, p->line.cap);
}

/* A number that the model permits anyway. */
static bool has_most(const struct learn *l, const struct policy *policy,
		     const struct learn_column *k, const struct learn_flow *w, unsigned column)
{
	size_t n = 0;
	const char *had = onto_setting(l->onto->text, policy->name, k->key, &n);
	double least = had ? strtod(had, NULL) : k->standard, most = 0;
	for (size_t i = 0; i < w->settings.n; i++)
		for (uint32_t x = 0; x < w->settings.v[i].c[column].n; x++)
			if (w->settings.v[i].c[column].v[x].hi > most)
				most = w->settings.v[i].c[column].v[x].hi;
	return k->form == LEARN_MOST && most <= least;
}

static void put_settings(struct learn_pen *p, const struct policy *policy,
			 const struct learn_flow *w, unsigned column, bool last)
{
	const struct learn_column *k = &learn_ops_of(w->proto)->settings[column];
	struct learn_span v[256];
	struct learn_cells c = { .v = v };
	p->off = last;
	if (has_most(p->l, policy, k, w, column))
		return;
	for (size_t i = 0; i < w->settings.n; i++) {
		const struct learn_entry *e = &w->settings.v[i];
		if (!e->c[column].n || (e->why != 0) != last)
			continue;
		learn_put_evidence(p, e);
		for (uint32_t x = 0; x < e->c[column].n && c.n < 256; x++)
			v[c.n++] = e->c[column].v[x];
	}
	c.n = (uint32_t)learn_join(v, c.n, k->form);
	if (c.n)
		put_setting(p, policy, k, &c);
}

static bool write_settings(struct learn *l, const struct policy *p, const struct learn_flow *w,
			   bool last)
{
	struct draft d;
	if (!draft_begins(l, &d))
		return false;
	for (unsigned c = 0; c < learn_ops_of(w->proto)->n_settings; c++)
		put_settings(&d.pen, p, w, c, last);
	return draft_ends(l, &d, (struct onto_place){ .kind = ONTO_SETTING, .name = p->name });
}

static void write_narrow(struct learn *l, const struct policy *p)
{
	const struct learn_flow *w = flow_of_policy(l, p, LEARN_OF_PERMITTED);
	struct draft d;
	if (!w || !w->admitted.n || !draft_begins(l, &d))
		return;
	for (size_t i = 0; i < w->admitted.n; i++) {
		learn_put_evidence(&d.pen, &w->admitted.v[i]);
		learn_put_entry(&d.pen, learn_ops_of(w->proto), &w->admitted.v[i], "",
				i + 1 < w->admitted.n ? "," : "");
	}
	draft_ends(l, &d, (struct onto_place){ .kind = ONTO_INSTEAD, .name = p->name });
}

bool onto_write(struct learn *l, bool first, bool last)
{
	struct learn_onto *o = l->onto;
	bool any = first && write_new(l);
	for (size_t i = 0; !last && i < o->m->n_conduits; i++)
		any |= write_rates(l, &o->m->conduits[i]);
	for (size_t i = 0; i < o->m->n_policies; i++) {
		const struct policy *p = model_policy(o->now, o->m->policies[i].name);
		const struct learn_flow *w = p ? flow_of_policy(l, p, LEARN_OF_REFUSED) : NULL;
		if (!w)
			continue;
		/* the names of `now` go with its turn */
		const struct policy *named = &o->m->policies[i];
		any |= write_lacking(l, named, w, last);
		any |= write_settings(l, named, w, last);
		if (last)
			write_narrow(l, p);
	}
	return any;
}

/* ---- in words ---- */

static void put_where(struct sb *b, const struct where *at)
{
	sb_printf(b, " (%s:%u)", at->file, at->line);
}

static void put_rules(struct learn_pen *p, uint16_t flow)
{
	struct learn_onto *o = p->l->onto;
	const struct pol_flow *w = policy_flow(o->first, flow);
	for (uint32_t i = w->rule0; i < w->rule0 + w->n_rules; i++) {
		const struct pol_rule *r = policy_rule(o->first, w->proto, i);
		const struct learn_seen *s = &o->rules[w->proto][i];
		sb_printf(&p->line, "    entry %s:%u: ", policy_str(o->first, r->file), r->line);
		if (s->count)
			learn_put_seen(&p->line, p->l, s, "times");
		else
			sb_puts(&p->line, "permitted, and never seen");
		learn_remark(p, 0);
	}
	for (size_t i = 0; i < o->n_refused; i++) {
		if (o->refused[i].flow != flow)
			continue;
		sb_printf(&p->line, "    seen, and not permitted (%s): ",
			  reason_name((enum reason)o->refused[i].reason));
		learn_put_seen(&p->line, p->l, &o->refused[i].seen, "times");
		learn_remark(p, 0);
	}
}

static struct learn_seen plain_seen(const struct learn *l, const struct conduit *c,
				    const struct flow *w)
{
	const struct pol_image *img = l->onto->first;
	struct learn_seen s = { .count = 0 };
	for (size_t i = 0; i < l->n_talks; i++) {
		const struct learn_talk *t = &l->talks[i];
		bool port = learn_flow_has(w, l, t);
		const struct addr *a = &l->hosts[t->client].addr, *b = &l->hosts[t->server].addr;
		const struct end_pair zones = { policy_zone_of(img, a), policy_zone_of(img, b) },
				      classes = { policy_class_of(img, a),
						  policy_class_of(img, b) };
		if (port && model_joins(c, &zones, &classes))
			learn_sight_join(&s, &t->seen);
	}
	return s;
}

static void put_plain(struct learn_pen *p, const struct conduit *c, const struct flow *w)
{
	const struct learn_seen s = plain_seen(p->l, c, w);
	sb_puts(&p->line, "  flow");
	model_put_flow(&p->line, w);
	put_where(&p->line, &w->at);
	sb_puts(&p->line, ": ");
	if (s.count)
		learn_put_seen(&p->line, p->l, &s, "packets");
	else
		sb_puts(&p->line, "permitted, and never seen");
	learn_remark(p, 0);
}

static void put_words(struct learn_pen *p)
{
	struct learn_onto *o = p->l->onto;
	uint16_t flow = 0;
	for (size_t i = 0; i < o->m->n_conduits; i++) {
		const struct conduit *c = &o->m->conduits[i];
		sb_printf(&p->line, "conduit %s", c->name);
		put_where(&p->line, &c->at);
		sb_printf(&p->line, ", from %s to %s", c->from, c->to);
		learn_remark(p, 0);
		for (size_t k = 0; k < c->n_flows; k++) {
			const struct flow *w = &c->flows[k];
			if (w->proto == PROTO_NONE) {
				put_plain(p, c, w);
				continue;
			}
			const struct learn_seen *s = &o->flows[flow];
			sb_printf(&p->line, "  %s, policy %s", proto_word((uint8_t)w->proto),
				  w->policy);
			put_where(&p->line, &w->at);
			sb_puts(&p->line, ": ");
			if (s->count)
				learn_put_seen(&p->line, p->l, s, "messages");
			else
				sb_puts(&p->line, "permitted, and never seen");
			learn_remark(p, 0);
			if (s->count)
				put_rules(p, flow);
			flow++;
		}
	}
}

static const struct where *place_of(const struct learn_onto *o, const struct onto_place *at)
{
	const struct policy *p = at->name ? model_policy(o->m, at->name) : NULL;
	if (at->kind != ONTO_FLOWS && at->kind != ONTO_RATES)
		return p ? &p->at : NULL;
	for (size_t i = 0; i < o->m->n_conduits; i++)
		if (strcmp(o->m->conduits[i].name, at->name) == 0)
			return &o->m->conduits[i].at;
	return NULL;
}

static void put_block(struct learn_pen *p, const struct onto_block *b)
{
	static const char *const heads[] = {
		[ONTO_ZONES] = "add to zones",
		[ONTO_CONDUITS] = "add to conduits",
		[ONTO_POLICIES] = "add to policies",
		[ONTO_FLOWS] = "add to flows of conduit ",
		[ONTO_RATES] = "write in conduit ",
		[ONTO_ALLOW] = "add to allow of policy ",
		[ONTO_SETTING] = "write in policy ",
		[ONTO_INSTEAD] = "to narrow: instead of allow of policy ",
	};
	const struct where *at = place_of(p->l->onto, &b->place);
	sb_printf(&p->line, "==== %s%s", heads[b->place.kind], b->place.name ? b->place.name : "");
	if (at)
		put_where(&p->line, at);
	learn_remark(p, 0);
	fputs(b->body, p->f);
	fputs("# ====\n\n", p->f);
}

/* What replay goes on to refuse, whatever is added: nobody is to take "nothing to add" for "nothing
 * is refused". */
static void put_malformed(struct learn_pen *p)
{
	uint64_t n = p->l->lost_faults;
	for (size_t i = 0; i < p->l->n_faults; i++)
		n += p->l->faults[i].seen.count;
	if (!n)
		return;
	fputc('\n', p->f);
	sb_printf(&p->line,
		  "%llu message%s %s refused all the same, and no model can permit %s: malformed, "
		  "or not what "
		  "the protocol permits at that place. zonectl explain REASON says more.",
		  (unsigned long long)n, n == 1 ? "" : "s", n == 1 ? "is" : "are",
		  n == 1 ? "it" : "them");
	learn_remark(p, 0);
	learn_put_faults(p, NULL, 0);
}

void onto_print(struct learn *l, FILE *f)
{
	struct learn_onto *o = l->onto;
	struct learn_pen p = { .l = l, .f = f };
	p.line = sb_init(arena_alloc(l->arena, LEARN_LINE), LEARN_LINE);
	sb_printf(&p.line, "What %s permits, beside what was seen in the captures.", o->m->path);
	learn_remark(&p, 0);
	put_words(&p);
	put_malformed(&p);
	fputc('\n', f);
	if (!o->n_blocks) {
		sb_puts(&p.line, "Nothing to add, and nothing to take away.");
		learn_remark(&p, 0);
	}
	for (size_t i = 0; i < o->n_blocks; i++)
		put_block(&p, &o->blocks[i]);
}
