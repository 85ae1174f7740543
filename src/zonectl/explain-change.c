/* SPDX-License-Identifier: MIT
 *
 * explain: the smallest change of the model that permits the message. A change is text, put into
 * the printed model, and what comes of it is loaded, compiled and asked again: what does not permit
 * the message then is not proposed.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/sb.h"
#include "compile/policy_build.h"
#include "model/internal.h"
#include "zonectl/explain.h"
#include "zonectl/zonectl.h"

/* One text to paste. */
struct insert {
	/* the line of the printed model after which it goes, in what begins with the line `within`
	 * (NULL: nothing smaller) of this section */
	const char *section, *within, *below;
	char text[2 * EXPLAIN_TEXT];
	bool last; /* nothing of its kind follows: no comma behind it */
	char where[200];
};

enum { INSERTS = 3 };

struct changed {
	struct insert v[INSERTS];
	size_t n;
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

static char *with_insert(char *text, const struct insert *i)
{
	const char *at = line_after(text, i->section);
	at = i->within ? line_after(at, i->within) : at;
	at = i->below ? line_after(at, i->below) : at;
	char *out = NULL;
	size_t n = 0;
	FILE *f = at ? open_memstream(&out, &n) : NULL;
	if (f) {
		fwrite(text, 1, (size_t)(at - text), f);
		fprintf(f, "%s%s\n%s", i->text, i->last ? "" : ",", at);
		fclose(f);
	}
	free(text);
	return out;
}

static void keep_reason(void *ctx, const struct explain_case *c)
{
	enum reason *why = ctx;
	*why = (enum reason)c->ev->reason;
}

static bool is_permitted(struct explain *x)
{
	const struct reach_answer a = reach_of(x->reach, &x->packet);
	enum reason why = R_NO_CONDUIT;
	if (a.fate != REACH_INSPECTED)
		return !reach_refuses(&a);
	if (!x->msg && !x->capture)
		return true;
	return explain_run(x, x->img, keep_reason, &why) && why == R_NONE;
}

/* Does the model with these texts permit it? */
static bool permits(const struct explain *x, const struct changed *c)
{
	struct errs errs;
	struct explain y = *x;
	int rc;
	size_t len;
	char *text = model_text(x->m, &len);
	for (size_t i = 0; text && i < c->n; i++)
		text = with_insert(text, &c->v[i]);
	if (!text)
		return false;
	errs_init(&errs);
	struct model *m = model_load_text(x->path, text, strlen(text), &errs);
	bool ok = m && explain_compile(&y, m, &rc) && is_permitted(&y);
	if (m)
		explain_release(&y);
	errs_free(&errs);
	free(text);
	return ok;
}

/* ---- the texts ---- */

static struct insert *add_insert(struct changed *c, const char *section, const char *within,
				 const char *below)
{
	struct insert *i = &c->v[c->n++];
	*i = (struct insert){ .section = section, .within = within, .below = below };
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
	if (x->proto != PROTO_NONE)
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

static const struct conduit *conduit_between(const struct model *m, size_t from, size_t to)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		if (m->conduits[i].from_zone == from && m->conduits[i].to_zone == to)
			return &m->conduits[i];
	return NULL;
}

/* In the lines of the printed model. */
struct line {
	char text[80];
};

static void change_entry(const struct explain *x, const struct flow *f, const char *entry,
			 struct line *within, struct changed *ch)
{
	const struct policy *p = model_policy(x->m, f->policy);
	snprintf(within->text, sizeof(within->text), "  %s = {", p->name);
	struct insert *i = add_insert(ch, "policies = {", within->text, "    allow = (");
	snprintf(i->text, sizeof(i->text), "%s", entry);
	snprintf(i->where, sizeof(i->where), "%s:%u: policy \"%s\", first in allow", p->at.file,
		 p->at.line, p->name);
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
	struct insert *i = add_insert(ch, "zones = (", NULL, NULL);
	snprintf(i->text, sizeof(i->text),
		 "{ name = \"%s\"; type = \"external\"; networks = [ \"%s\" ];%s }", name, addr,
		 interfaces);
	snprintf(i->where, sizeof(i->where), "%s: first in zones", x->path);
}

static void change_flow(const struct explain *x, const struct reach_answer *a, const char *entry,
			struct line within[INSERTS], struct changed *ch)
{
	const struct conduit *c = conduit_between(x->m, a->from_zone, a->to_zone);
	char name[32], flow[EXPLAIN_TEXT], zone[32];
	if (!a->from_zone || !a->to_zone)
		change_zone(x, a, zone, ch);
	const char *from = a->from_zone ? x->m->zones[a->from_zone].name : zone;
	const char *to = a->to_zone ? x->m->zones[a->to_zone].name : zone;
	new_name(x->m, from, to, name);
	flow_text(x, name, flow, sizeof(flow));
	struct insert *i;
	if (c) {
		snprintf(within[0].text, sizeof(within[0].text), "    name = \"%s\";", c->name);
		i = add_insert(ch, "conduits = (", within[0].text, "    flows = (");
		snprintf(i->text, sizeof(i->text), "%s", flow);
		snprintf(i->where, sizeof(i->where), "%s:%u: conduit \"%s\", first in flows",
			 c->at.file, c->at.line, c->name);
	} else {
		i = add_insert(ch, "conduits = (", NULL, NULL);
		i->last = x->m->n_conduits == 0;
		snprintf(i->text, sizeof(i->text),
			 "{ name = \"%s\"; from = \"%s\"; to = \"%s\"; flows = ( %s ); }", name,
			 from, to, flow);
		snprintf(i->where, sizeof(i->where), "%s: first in conduits", x->path);
	}
	if (x->proto == PROTO_NONE)
		return;
	i = add_insert(ch, "policies = {", NULL, NULL);
	i->last = true;
	snprintf(i->text, sizeof(i->text), "%s = { protocol = \"%s\"; allow = ( %s ); };", name,
		 proto_word(x->proto), entry);
	snprintf(i->where, sizeof(i->where), "%s: first in policies", x->path);
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

static void put_change(const struct explain *x, const struct reach_answer *a,
		       const struct changed *ch, const char *changes)
{
	json_t *o = json_object(), *paste = json_array(), *danger = json_array(),
	       *widens = json_array();
	for (size_t i = 0; i < ch->n; i++)
		json_array_append_new(paste,
				      json_pack("{s:s,s:s,s:b}", "where", ch->v[i].where, "text",
						ch->v[i].text, "comma", !ch->v[i].last));
	if (a->fate == REACH_INSPECTED)
		add_widened(x, a, x->m->conduits[a->conduit].flows[a->flow].policy, widens);
	add_dangers(x, a, changes, danger);
	json_object_set_new(o, "paste", paste);
	json_object_set_new(o, "widens", widens);
	json_object_set_new(o, "danger", danger);
	json_object_set_new(x->o, "change", o);
	json_object_set_new(
		x->o, "advice",
		json_string("make the change if the message is meant to be; else find out "
			    "what sends it, and why"));
}

/* With one entry that is known, or none. */
static bool try_change(struct explain *x, const struct reach_answer *a, const char *entry,
		       const char *changes)
{
	struct changed *ch = calloc(1, sizeof(*ch));
	struct line within[INSERTS];
	bool known = *entry;
	if (!ch)
		return false;
	if (a->fate == REACH_INSPECTED && known)
		change_entry(x, &x->m->conduits[a->conduit].flows[a->flow], entry, &within[0], ch);
	else if (reach_refuses(a) && (a->why == R_NO_CONDUIT || a->why == R_UNKNOWN_ZONE) &&
		 a->from_zone != a->to_zone && !x->packet.answer &&
		 (known || x->proto == PROTO_NONE))
		change_flow(x, a, entry, within, ch);
	bool good = ch->n && permits(x, ch);
	if (good)
		put_change(x, a, ch, changes);
	free(ch);
	return good;
}

void explain_change(struct explain *x, const struct reach_answer *a, const char *entries,
		    const char *changes)
{
	char text[2 * EXPLAIN_TEXT];
	snprintf(text, sizeof(text), "%s", entries ? entries : "");
	char *rest = text, *entry = strtok_r(text, "\n", &rest);
	if (!entry)
		try_change(x, a, "", changes);
	for (; entry && !try_change(x, a, entry, changes); entry = strtok_r(NULL, "\n", &rest))
		;
}
