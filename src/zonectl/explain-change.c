/* SPDX-License-Identifier: MIT
 *
 * explain: the smallest change of the model that permits the message. A change is text, put into
 * the printed model, and what comes of it is loaded, compiled and asked again: what does not permit
 * the message then is not proposed. Where the message is refused for something else then, what that
 * needs is added, so first one text is tried for each thing that could be written, then two, and so
 * on.
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/sb.h"
#include "compile/policy_build.h"
#include "model/internal.h"
#include "zonectl/explain.h"
#include "zonectl/zonectl.h"

/* In the lines of the printed model. */
struct line {
	char text[80];
};

/* One text to paste. */
struct insert {
	/* the line of the printed model after which it goes, in what begins with the line `within`
	 * (empty: nothing smaller) of this section */
	const char *section;
	struct line within;
	const char *below;
	const char *key, *without; /* keys there that go; NULL: none */
	char text[2 * EXPLAIN_TEXT];
	bool last; /* nothing of its kind follows: no comma behind it */
	char where[300];
	const char *danger; /* NULL: see `changes` */
};

enum { INSERTS = 6, DEEPEST = 4, TRIES = 400 };

struct changed {
	struct insert v[INSERTS];
	size_t n;
};

/* What comes of a change. */
struct outcome {
	bool loads, permitted;
	struct explain_wants wants; /* of what is refused then */
};

struct search {
	struct explain *x;
	const struct reach_answer *a;
	struct changed ch;
	unsigned tries;
};

/* ---- the changed model ---- */

static const char *line_after(const char *text, const char *line)
{
	size_t n = strlen(line);
	for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (strncmp(p, line, n) == 0 && p[n] == '\n')
			return p + n + 1;
	return NULL;
}

/* The line of this key of what begins at `at`, up to the end of its block. NULL: there is none. */
static char *key_line(char *at, const char *key)
{
	char begin[80];
	int n = snprintf(begin, sizeof(begin), "    %s = ", key);
	for (char *p = at; p && *p && strncmp(p, "  }", 3) != 0;
	     p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (strncmp(p, begin, (size_t)n) == 0)
			return p;
	return NULL;
}

static void remove_key(char *at, const char *key)
{
	char *line = key ? key_line(at, key) : NULL;
	char *next = line ? strchr(line, '\n') : NULL;
	if (next)
		memmove(line, next + 1, strlen(next + 1) + 1);
}

/* Where the text goes. NULL: nowhere, the place is not there. */
static char *place_of(char *text, const struct insert *i)
{
	const char *at = line_after(text, i->section);
	at = i->within.text[0] ? line_after(at, i->within.text) : at;
	at = i->below ? line_after(at, i->below) : at;
	return at ? text + (at - text) : NULL;
}

static char *with_insert(char *text, const struct insert *i)
{
	char *at = place_of(text, i);
	char *out = NULL;
	size_t n = 0;
	if (at) {
		remove_key(at, i->key);
		remove_key(at, i->without);
	}
	FILE *f = at ? open_memstream(&out, &n) : NULL;
	if (f) {
		fwrite(text, 1, (size_t)(at - text), f);
		fprintf(f, "%s%s\n%s", i->text, i->last ? "" : ",", at);
		fclose(f);
	}
	free(text);
	return out;
}

static void keep_wants(void *ctx, const struct explain_case *c)
{
	struct outcome *o = ctx;
	explain_wants_of(c, c->ev->proto, &o->wants);
}

static void ask_again(struct explain *x, struct outcome *o)
{
	const struct reach_answer a = reach_of(x->reach, &x->packet);
	if (a.fate != REACH_INSPECTED)
		o->permitted = !reach_refuses(&a);
	else if (!x->msg && !x->capture)
		o->permitted = true;
	else if (x->msg && !x->capture && !x->msg->parts)
		o->permitted = true;
	else
		o->permitted = explain_run(x, x->img, keep_wants, o) && o->wants.why == R_NONE;
}

/* Does the model with these texts permit it? */
static bool permits(struct search *s, struct outcome *o)
{
	struct errs errs;
	struct explain y = *s->x;
	int rc;
	size_t len;
	memset(o, 0, sizeof(*o));
	if (s->tries == 0)
		return false;
	s->tries--;
	char *text = model_text(s->x->m, &len);
	for (size_t i = 0; text && i < s->ch.n; i++)
		text = with_insert(text, &s->ch.v[i]);
	if (!text)
		return false;
	errs_init(&errs);
	struct model *m = model_load_text(y.path, text, strlen(text), &errs);
	o->loads = m && explain_compile(&y, m, &rc);
	if (o->loads)
		ask_again(&y, o);
	if (m)
		explain_release(&y);
	errs_free(&errs);
	free(text);
	return o->permitted;
}

/* ---- the texts ---- */

/* There is room: nobody adds more than INSERTS. */
static struct insert *add_insert(struct changed *c, const char *section, const char *below)
{
	struct insert *i = &c->v[c->n < INSERTS ? c->n++ : INSERTS - 1];
	*i = (struct insert){ .section = section, .below = below };
	return i;
}

/* The service of the manual that is this port alone. */
static const struct service *service_of(uint8_t l4, uint16_t port)
{
	bool icmp = l4 == IPPROTO_ICMP || l4 == IPPROTO_ICMPV6;
	for (size_t i = 0; i < services_n; i++)
		if (icmp ? services[i].l4 == IPPROTO_ICMP
			 : services[i].l4 == l4 && services[i].ports[0] == port &&
				    !services[i].ports[1])
			return &services[i];
	return NULL;
}

static void flow_text(const struct explain *x, const char *policy, char *out, size_t n)
{
	const struct reach_ends *of = &x->packet.of;
	const struct service *s = service_of(of->l4, of->sport);
	char ports[40] = "";
	if (x->proto != PROTO_NONE && of->sport != proto_port(x->proto))
		snprintf(ports, sizeof(ports), " ports = [ %u ];", of->sport);
	bool icmp = of->l4 == IPPROTO_ICMP || of->l4 == IPPROTO_ICMPV6;
	bool other = !icmp && of->l4 != IPPROTO_TCP && of->l4 != IPPROTO_UDP;
	if (icmp && x->packet.icmp_type != ICMP_ECHO && x->packet.icmp_type != ICMP6_ECHO_REQUEST)
		snprintf(out, n, "{ %s = [ %u ]; }",
			 of->client.family == 4 ? "icmp_types" : "icmpv6_types",
			 x->packet.icmp_type);
	else if (other)
		snprintf(out, n, "{ ip_protocols = [ %u ]; }", of->l4);
	else if (x->proto != PROTO_NONE)
		snprintf(out, n, "{ protocol = \"%s\"; policy = \"%s\";%s%s }",
			 proto_word(x->proto), policy,
			 of->l4 == IPPROTO_UDP ? " transport = \"udp\";" : "", ports);
	else if (s)
		snprintf(out, n, "{ service = \"%s\"; }", s->name);
	else
		snprintf(out, n, "{ transport = \"%s\"; ports = [ %u ]; }",
			 of->l4 == IPPROTO_UDP ? "udp" : "tcp", of->sport);
}

static bool name_is_taken(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		if (strcmp(m->conduits[i].name, name) == 0)
			return true;
	return model_policy(m, name) != NULL;
}

/* A name for a conduit or policy that nothing has. */
static void new_name(const struct model *m, const char *from, const char *to, char out[32])
{
	snprintf(out, 32, "%.12s-to-%.12s", from, to);
	for (unsigned i = 2; name_is_taken(m, out) && i < 100; i++)
		snprintf(out, 32, "%.12s-to-%.10s-%u", from, to, i);
}

/* One that joins these two alone: with what is added to one of several nothing else must open. */
static const struct conduit *conduit_between(const struct model *m, size_t from, size_t to)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		if (m->conduits[i].n_legs == 1 && !m->conduits[i].legs[0].part &&
		    model_leg(&m->conduits[i], from, to))
			return &m->conduits[i];
	return NULL;
}

static void change_entry(struct search *s, const char *entry)
{
	const struct flow *f = &s->x->m->conduits[s->a->conduit].flows[s->a->flow];
	const struct policy *p = model_policy(s->x->m, f->policy);
	struct insert *i = add_insert(&s->ch, "policies = {", "    allow = (");
	snprintf(i->within.text, sizeof(i->within.text), "  %s = {", p->name);
	snprintf(i->text, sizeof(i->text), "%s", entry);
	snprintf(i->where, sizeof(i->where), "%s:%u: policy \"%s\", first in allow", p->at.file,
		 p->at.line, p->name);
}

/* The value of a key that is printed at `at`, or NULL. */
static const char *printed_value(char *at, const char *key, char *out, size_t n)
{
	char *line = at ? key_line(at, key) : NULL;
	const char *value = line ? strstr(line, " = ") + 3 : NULL;
	size_t len = value ? strcspn(value, "\n") : 0;
	if (len < 2 || len > n)
		return NULL;
	snprintf(out, n, "%.*s", (int)len - 1, value);
	return out;
}

/* "policy "p"", with the place of what has the key */
static void key_place(const struct search *s, bool of_conduit, struct insert *i)
{
	const struct conduit *c = &s->x->m->conduits[s->a->conduit];
	const struct policy *p = model_policy(s->x->m, c->flows[s->a->flow].policy);
	const struct where *at = of_conduit ? &c->at : &p->at;
	i->section = of_conduit ? "conduits = (" : "policies = {";
	i->last = true;
	snprintf(i->within.text, sizeof(i->within.text),
		 of_conduit ? "    name = \"%s\";" : "  %s = {", of_conduit ? c->name : p->name);
	snprintf(i->where, sizeof(i->where), "%s:%u: %s \"%s\"", at->file, at->line,
		 of_conduit ? "conduit" : "policy", of_conduit ? c->name : p->name);
}

static void say_place(struct insert *i, bool has, bool has_without)
{
	size_t n = strlen(i->where);
	struct sb b = sb_init(i->where + n, sizeof(i->where) - n);
	if (!i->text[0])
		sb_printf(&b, ", without its %s", i->key);
	else if (has)
		sb_printf(&b, ", instead of its %s", i->key);
	else
		sb_printf(&b, ", as a key of it");
	if (has_without)
		sb_printf(&b, " and without its %s", i->without);
}

/* Way number `way` of writing a key. False: there are no more. */
static bool change_key(struct search *s, const struct explain_wants *w, size_t key, unsigned way)
{
	const struct explain_key *k = w->keys[key].key;
	char now[2 * EXPLAIN_TEXT], other[200];
	size_t len;
	if (s->ch.n == INSERTS)
		return false;
	struct insert *i = add_insert(&s->ch, NULL, NULL);
	key_place(s, w->keys[key].of_conduit, i);
	i->key = k->key;
	i->without = k->without;
	i->danger = k->danger;
	char *text = model_text(s->x->m, &len);
	for (size_t n = 0; text && n + 1 < s->ch.n; n++)
		text = with_insert(text, &s->ch.v[n]);
	char *at = text ? place_of(text, i) : NULL;
	const char *has = printed_value(at, k->key, now, sizeof(now));
	struct sb b = sb_init(i->text, sizeof(i->text));
	bool good = at && explain_key_line(w, key, has, way, &b) && !b.cut;
	say_place(i, has != NULL,
		  k->without && printed_value(at, k->without, other, sizeof(other)) != NULL);
	free(text);
	if (!good)
		s->ch.n--;
	return good;
}

/* A zone of its own, with a name that none has, for the end that is in none: of which one it should
 * be is for the reader. */
static void change_zone(const struct explain *x, const struct reach_answer *a, char name[32],
			struct changed *ch)
{
	const struct reach_ends *of = &x->packet.of;
	const char *on = a->from_zone ? x->packet.out : x->packet.in;
	char addr[ADDR_TEXT], interfaces[80] = "";
	unsigned n = 1;
	snprintf(name, 32, "new-zone");
	for (size_t i = 1; i < x->m->n_zones; i++)
		if (strcmp(x->m->zones[i].name, name) == 0) {
			snprintf(name, 32, "new-zone-%u", ++n);
			i = 0;
		}
	addr_text(a->from_zone ? &of->server : &of->client, addr);
	if (on)
		snprintf(interfaces, sizeof(interfaces), " interfaces = [ \"%.40s\" ];", on);
	struct insert *i = add_insert(ch, "zones = (", NULL);
	snprintf(i->text, sizeof(i->text),
		 "{ name = \"%s\"; type = \"external\"; networks = [ \"%s\" ];%s }", name, addr,
		 interfaces);
	snprintf(i->where, sizeof(i->where), "%s: first in zones", x->path);
}

/* A flow in the conduit of the two zones, or a conduit. */
static void add_flow(struct search *s, const char *from, const char *to, const char *policy)
{
	const struct model *m = s->x->m;
	const struct conduit *c = conduit_between(m, s->a->from_zone, s->a->to_zone);
	char flow[EXPLAIN_TEXT];
	flow_text(s->x, policy, flow, sizeof(flow));
	struct insert *i = add_insert(&s->ch, "conduits = (", c ? "    flows = (" : NULL);
	if (c) {
		snprintf(i->within.text, sizeof(i->within.text), "    name = \"%s\";", c->name);
		snprintf(i->text, sizeof(i->text), "%s", flow);
		snprintf(i->where, sizeof(i->where), "%s:%u: conduit \"%s\", first in flows",
			 c->at.file, c->at.line, c->name);
	} else {
		i->last = m->n_conduits == 0;
		snprintf(i->text, sizeof(i->text),
			 "{ name = \"%s\"; from = \"%s\"; to = \"%s\"; flows = ( %s ); }", policy,
			 from, to, flow);
		snprintf(i->where, sizeof(i->where), "%s: first in conduits", s->x->path);
	}
}

static void change_flow(struct search *s, const char *head, const char *entry)
{
	const struct model *m = s->x->m;
	const struct reach_answer *a = s->a;
	char name[32], zone[32];
	if (!a->from_zone || !a->to_zone)
		change_zone(s->x, a, zone, &s->ch);
	const char *from = a->from_zone ? m->zones[a->from_zone].name : zone;
	const char *to = a->to_zone ? m->zones[a->to_zone].name : zone;
	new_name(m, from, to, name);
	add_flow(s, from, to, name);
	if (s->x->proto == PROTO_NONE)
		return;
	struct insert *i = add_insert(&s->ch, "policies = {", NULL);
	i->last = true;
	snprintf(i->text, sizeof(i->text), "%s = { protocol = \"%s\"; %s%sallow = ( %s ); };", name,
		 proto_word(s->x->proto), head, *head ? " " : "", entry);
	snprintf(i->where, sizeof(i->where), "%s: first in policies", s->x->path);
}

/* ---- what to know of it ---- */

static void add_line(json_t *list, const char *text)
{
	json_array_append_new(list, json_string(text));
}

static bool is_outer(enum zone_type t)
{
	return t == ZONE_ENTERPRISE || t == ZONE_EXTERNAL || t == ZONE_WIRELESS ||
	       t == ZONE_TEMPORARY || t == ZONE_DMZ;
}

static void add_dangers(const struct explain *x, const struct reach_answer *a, const char *changes,
			json_t *list)
{
	const struct zone *from = &x->m->zones[a->from_zone], *to = &x->m->zones[a->to_zone];
	char text[200];
	if (a->to_zone && to->type == ZONE_SAFETY && (changes || x->proto == PROTO_NONE)) {
		snprintf(text, sizeof(text), "%s, and zone \"%s\" is a safety zone",
			 changes ? changes : "nobody would look into these connections", to->name);
		add_line(list, text);
	}
	if (changes && a->to_zone && (!a->from_zone || is_outer(from->type)) &&
	    !is_outer(to->type)) {
		snprintf(text, sizeof(text), "%s, from %s%s%s, which is outside of control",
			 changes, a->from_zone ? "zone \"" : "a new zone",
			 a->from_zone ? from->name : "", a->from_zone ? "\"" : "");
		add_line(list, text);
	}
}

/* Flows that get the new entry besides the one that was asked about. */
static void add_widened(const struct explain *x, const struct reach_answer *a, const char *policy,
			json_t *list)
{
	char text[400];
	const struct policy *p = model_policy(x->m, policy);
	if (strcmp(p->at.file, x->path) != 0) {
		snprintf(text, sizeof(text),
			 "every model that includes %s; a copy of the policy by another name in %s "
			 "leaves them as they are",
			 p->at.file, x->path);
		add_line(list, text);
	}
	const struct conduit *own = &x->m->conduits[a->conduit];
	if (own->n_legs > 1) {
		snprintf(text, sizeof(text),
			 "conduit \"%s\" (%s:%u) joins %zu other pairs of zones, for which it "
			 "holds, "
			 "too",
			 own->name, own->at.file, own->at.line, own->n_legs - 1);
		add_line(list, text);
	}
	for (size_t i = 0; i < x->m->n_conduits; i++) {
		const struct conduit *c = &x->m->conduits[i];
		for (size_t k = 0; k < c->n_flows; k++) {
			if (!c->flows[k].policy || strcmp(c->flows[k].policy, policy) != 0 ||
			    (i == a->conduit && k == a->flow))
				continue;
			snprintf(text, sizeof(text), "conduit \"%s\" (%s:%u) has this policy, too",
				 c->name, c->flows[k].at.file, c->flows[k].at.line);
			add_line(list, text);
		}
	}
}

static void put_change(const struct search *s, const char *changes)
{
	const struct explain *x = s->x;
	json_t *o = json_object(), *paste = json_array(), *danger = json_array(),
	       *widens = json_array();
	for (size_t i = 0; i < s->ch.n; i++) {
		const struct insert *p = &s->ch.v[i];
		json_t *one = json_pack("{s:s,s:s,s:b}", "where", p->where, "text", p->text,
					"comma", !p->last);
		if (p->key)
			json_object_set_new(one, "key", json_string(p->key));
		if (p->key && p->without)
			json_object_set_new(one, "without", json_string(p->without));
		json_array_append_new(paste, one);
		if (p->danger)
			add_line(danger, p->danger);
	}
	if (s->a->fate == REACH_INSPECTED)
		add_widened(x, s->a, x->m->conduits[s->a->conduit].flows[s->a->flow].policy,
			    widens);
	add_dangers(x, s->a, changes, danger);
	json_object_set_new(o, "paste", paste);
	json_object_set_new(o, "widens", widens);
	json_object_set_new(o, "danger", danger);
	json_object_set_new(x->o, "change", o);
	json_object_set_new(
		x->o, "advice",
		json_string("make the change if the message is meant to be; else find out "
			    "what sends it, and why"));
}

/* ---- the search ---- */

static bool is_same(const struct explain_wants *a, const struct explain_wants *b)
{
	return a->why == b->why && a->answer == b->answer && a->came == b->came &&
	       strcmp(a->entries, b->entries) == 0;
}

static bool search_policy(struct search *s, const struct explain_wants *w, unsigned more);

/* With what the change has now, and up to `more` texts beside it. */
static bool is_enough(struct search *s, const struct explain_wants *w, unsigned more, bool *loads)
{
	struct outcome o;
	bool good = permits(s, &o);
	*loads = o.loads;
	if (good || !more || !o.loads || o.wants.why == R_NONE || is_same(w, &o.wants))
		return good;
	return search_policy(s, &o.wants, more - 1);
}

static bool search_entries(struct search *s, const struct explain_wants *w, unsigned more)
{
	char text[EXPLAIN_TEXT], *rest = text;
	bool loads;
	snprintf(text, sizeof(text), "%s", w->entries);
	for (char *entry = strtok_r(text, "\n", &rest); entry && s->ch.n < INSERTS;
	     entry = strtok_r(NULL, "\n", &rest)) {
		size_t n = s->ch.n;
		change_entry(s, entry);
		if (is_enough(s, w, more, &loads))
			return true;
		s->ch.n = n;
	}
	return false;
}

/* A key that is senseless without an entry is tried with one. */
static bool search_key(struct search *s, const struct explain_wants *w, size_t key, unsigned more)
{
	size_t n = s->ch.n;
	bool loads;
	for (unsigned way = 0; s->tries && change_key(s, w, key, way); way++) {
		if (is_enough(s, w, more, &loads) ||
		    (!loads && more && search_entries(s, w, more - 1)))
			return true;
		s->ch.n = n;
	}
	return false;
}

static bool search_policy(struct search *s, const struct explain_wants *w, unsigned more)
{
	for (size_t k = 0; k < w->n_keys; k++)
		if (search_key(s, w, k, more))
			return true;
	return search_entries(s, w, more);
}

/* The first entry with which a new flow permits it. */
static bool search_flow(struct search *s, const struct explain_wants *w)
{
	static const char *const no_head[] = { "", NULL };
	const struct explain_ops *ops = explain_ops_of(s->x->proto);
	const char *const *heads = ops && ops->heads ? ops->heads : no_head;
	char text[EXPLAIN_TEXT], *rest = text;
	struct outcome o;
	snprintf(text, sizeof(text), "%s", w->entries);
	char *entry = strtok_r(text, "\n", &rest);
	if (!entry && s->x->proto != PROTO_NONE)
		return false;
	do {
		for (size_t i = 0; heads[i]; i++) {
			s->ch.n = 0;
			change_flow(s, heads[i], entry ? entry : "");
			if (permits(s, &o))
				return true;
		}
		entry = entry ? strtok_r(NULL, "\n", &rest) : NULL;
	} while (entry);
	return false;
}

static bool search_change(struct search *s, const struct explain_wants *w)
{
	const struct reach_answer *a = s->a;
	if (reach_refuses(a))
		return (a->why == R_NO_CONDUIT || a->why == R_UNKNOWN_ZONE) &&
		       a->from_zone != a->to_zone && !s->x->packet.answer && search_flow(s, w);
	for (unsigned more = 0; a->fate == REACH_INSPECTED && more < DEEPEST; more++) {
		s->ch.n = 0;
		if (search_policy(s, w, more))
			return true;
	}
	return false;
}

void explain_change(struct explain *x, const struct reach_answer *a, const struct explain_wants *w)
{
	struct search *s = calloc(1, sizeof(*s));
	if (!s)
		return;
	s->x = x;
	s->a = a;
	s->tries = TRIES;
	if (search_change(s, w)) {
		put_change(s, w->changes);
	} else {
		enum reason why = reach_refuses(a) ? a->why : w->why;
		json_object_set_new(x->o, "by", json_string(explain_what_changes(why)));
		json_object_set_new(x->o, "keys", explain_keys_of(why));
	}
	free(s);
}
