/* SPDX-License-Identifier: MIT
 * The rules know a packet by the interface by which it comes and goes, as the kernel names that. A
 * port of a bridge, a part of a bond, a name that is none of the kernel's are no such interfaces,
 * and what a bridge moves from one port to another comes to no rule at all. */
#include "host/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* names of zones, interfaces and settings, addresses */
enum { FIELD_MAX = 64 };

static const char *const kinds[MISFIT_KINDS] = {
	[MISFIT_PORT] = "bridge-port",
	[MISFIT_SHARED] = "shared-bridge",
	[MISFIT_MEMBER] = "part",
	[MISFIT_MISSING] = "missing",
	[MISFIT_OTHER_NAME] = "other-name",
	[MISFIT_NO_ZONE] = "no-zone",
	[MISFIT_FORWARDING] = "forwarding-off",
	[MISFIT_SETTING] = "setting",
	[MISFIT_NO_ROUTE] = "no-route",
	[MISFIT_OTHER_ROUTE] = "other-route",
	[MISFIT_UNASKED] = "routes-not-looked-up",
};

bool misfit_is_unjudged(enum misfit_kind kind)
{
	return kind == MISFIT_PORT || kind == MISFIT_SHARED;
}

bool misfit_is_error(enum misfit_kind kind)
{
	return kind < MISFIT_FORWARDING;
}

/* ---- names ---- */

static int link_cmp(const void *a, const void *b)
{
	const struct host_link *const *x = a, *const *y = b;
	return strcmp((*x)->name, (*y)->name);
}

static int claim_cmp(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	return strcmp(x->name, y->name);
}

const struct host_link *link_named(const struct names *n, const char *name)
{
	struct host_link want = { 0 };
	snprintf(want.name, sizeof(want.name), "%s", name);
	const struct host_link *w = &want, **found;
	found = n->l->n ? bsearch(&w, n->link, n->l->n, sizeof(*n->link), link_cmp) : NULL;
	return found ? *found : NULL;
}

bool is_claimed(const struct names *n, const char *name)
{
	const struct claim want = { .name = name };
	return n->n && bsearch(&want, n->claim, n->n, sizeof(want), claim_cmp);
}

static void add_claims(struct names *n, const struct model *m)
{
	for (size_t z = 1; z < m->n_zones; z++) {
		const struct zone *zn = &m->zones[z];
		for (size_t i = 0; i < zn->n_interfaces; i++)
			n->claim[n->n++] =
				(struct claim){ zn->interfaces[i], zn, zn->interfaces_at[i],
						link_named(n, zn->interfaces[i]) };
		if (zn->n_networks && !model_path_owner(m, zn) && !n->roaming[1])
			n->roaming[n->roaming[0] ? 1 : 0] = zn;
	}
	if (n->n)
		qsort(n->claim, n->n, sizeof(*n->claim), claim_cmp);
}

static void names_free(struct names *n)
{
	free(n->link);
	free(n->claim);
	free(n->ports);
}

static bool names_make(struct names *n, const struct model *m, const struct host_links *l)
{
	size_t claims = 0;
	for (size_t z = 1; z < m->n_zones; z++)
		claims += m->zones[z].n_interfaces;
	*n = (struct names){ .l = l };
	n->link = calloc(l->n + 1, sizeof(*n->link));
	n->claim = calloc(claims + 1, sizeof(*n->claim));
	n->ports = calloc(l->n + 1, sizeof(*n->ports));
	if (!n->link || !n->claim || !n->ports)
		return false;
	for (size_t i = 0; i < l->n; i++) {
		n->link[i] = &l->v[i];
		const struct host_link *of = host_link_by_index(l, l->v[i].master);
		if (of)
			n->ports[of - l->v]++;
	}
	if (l->n)
		qsort(n->link, l->n, sizeof(*n->link), link_cmp);
	add_claims(n, m);
	return true;
}

/* ---- texts for the operator ---- */

/* Names of the machine's own are others' text. */
static void make_printable(char *text, char unwanted)
{
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~' || *c == unwanted)
			*c = '?';
}

struct misfit *misfit_add(struct misfits *out, enum misfit_kind kind, struct where at,
			  const char *key, const char *value)
{
	if (out->n == MISFITS_MAX) {
		out->more++;
		return NULL;
	}
	struct misfit *f = &out->v[out->n++];
	*f = (struct misfit){ .kind = kind, .at = at };
	snprintf(f->what, sizeof(f->what), "kind=%s", kinds[kind]);
	misfit_field(f, key, value);
	return f;
}

void misfit_field(struct misfit *f, const char *key, const char *value)
{
	char text[FIELD_MAX];
	size_t n = strlen(f->what);
	snprintf(text, sizeof(text), "%s", value);
	make_printable(text, '"');
	snprintf(f->what + n, sizeof(f->what) - n, " %s=\"%s\"", key, text);
}

void misfit_text(struct misfit *f, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	make_printable(f->text, '\0');
}

static void tell_part(const struct names *n, const struct claim *c, struct misfits *out,
		      enum misfit_kind kind)
{
	const struct host_link *of = c->link ? host_link_by_index(n->l, c->link->master) : NULL;
	bool switches = of && host_link_switches(n->l, of);
	if (!of || switches != (kind == MISFIT_PORT) ||
	    (strcmp(of->kind, "vrf") == 0 && is_claimed(n, of->name)))
		return;
	struct misfit *f = misfit_add(out, kind, c->at, "interface", c->name);
	if (!f)
		return;
	misfit_field(f, "master", of->name);
	misfit_field(f, "zone", c->zone->name);
	if (switches)
		misfit_text(
			f,
			"zone \"%s\": %s is a port of the bridge %s: what goes from one of its "
			"ports to another is "
			"neither judged nor recorded, and what is routed comes by %s; take it out "
			"(ip link set %s "
			"nomaster), or write \"%s\" if all behind it is this zone",
			c->zone->name, c->name, of->name, of->name, c->name, of->name);
	else if (strcmp(of->kind, "vrf") == 0)
		misfit_text(
			f,
			"zone \"%s\": %s is in the VRF %s: packets come by %s and go by %s; write "
			"both, \"%s\" and "
			"\"%s\"",
			c->zone->name, c->name, of->name, of->name, c->name, c->name, of->name);
	else
		misfit_text(f,
			    "zone \"%s\": %s is part of %s%s%s: packets come and go by %s, and are "
			    "refused there; write "
			    "\"%s\", or take it out (ip link set %s nomaster)",
			    c->zone->name, c->name, of->kind, of->kind[0] ? " " : "", of->name,
			    of->name, of->name, c->name);
}

/* Two of them suffice to tell. */
static void tell_shared(const struct names *n, const struct host_link *k,
			const struct zone *const who[2], struct where at, struct misfits *out)
{
	if (!k || !who[1] || !host_link_switches(n->l, k) || n->ports[k - n->l->v] < 2)
		return;
	struct misfit *f = misfit_add(out, MISFIT_SHARED, at, "interface", k->name);
	if (!f)
		return;
	misfit_field(f, "zone", who[0]->name);
	misfit_field(f, "other_zone", who[1]->name);
	misfit_text(
		f,
		"zones \"%s\" and \"%s\" may both be behind the bridge %s: what goes from one of "
		"its ports to another "
		"is neither judged nor recorded; give each zone an interface of its own, and name "
		"it there",
		who[0]->name, who[1]->name, k->name);
}

/* Zones whose packets come by the interfaces of this one: itself, and those below it that name
 * none. */
static void tell_bridge(const struct names *n, const struct model *m, const struct claim *c,
			struct misfits *out)
{
	const struct zone *who[2] = { NULL, NULL };
	if (!c->link || !host_link_switches(n->l, c->link))
		return;
	for (size_t z = 1; z < m->n_zones && !who[1]; z++)
		if (m->zones[z].n_networks && model_path_owner(m, &m->zones[z]) == c->zone)
			who[who[0] ? 1 : 0] = &m->zones[z];
	tell_shared(n, c->link, who, c->at, out);
}

static void tell_missing(const struct names *n, const struct claim *c, struct misfits *out)
{
	const struct host_link *known_as = NULL;
	if (c->link || n->l->cut)
		return;
	for (size_t i = 0; i < n->l->n_other && !known_as; i++)
		if (strcmp(n->l->other[i].name, c->name) == 0)
			known_as = host_link_by_index(n->l, n->l->other[i].index);
	struct misfit *f = misfit_add(out, known_as ? MISFIT_OTHER_NAME : MISFIT_MISSING, c->at,
				      "interface", c->name);
	if (!f)
		return;
	if (known_as)
		misfit_field(f, "known_as", known_as->name);
	misfit_field(f, "zone", c->zone->name);
	if (known_as)
		misfit_text(
			f,
			"zone \"%s\": %s is another name of %s, by which the rules know it; write "
			"\"%s\"",
			c->zone->name, c->name, known_as->name, known_as->name);
	else
		misfit_text(
			f,
			"zone \"%s\": there is no interface %s; until there is, nothing comes or "
			"goes by it: write the "
			"name that ip link shows",
			c->zone->name, c->name);
}

/* A part of another is not told: its packets come by that one. */
static void tell_no_zone(const struct names *n, const struct host_link *k, struct misfits *out)
{
	const struct host_link *of = host_link_by_index(n->l, k->master);
	const struct where nowhere = { NULL, 0 };
	if (!(k->flags & IFF_UP) || k->flags & IFF_LOOPBACK || is_claimed(n, k->name) ||
	    (of && strcmp(of->kind, "vrf") != 0))
		return;
	struct misfit *f =
		misfit_add(out, MISFIT_NO_ZONE, n->roaming[0] ? n->roaming[0]->at : nowhere,
			   "interface", k->name);
	if (!f)
		return;
	if (n->roaming[0]) {
		misfit_field(f, "zone", n->roaming[0]->name);
		misfit_text(f,
			    "%s is up and of no zone: addresses of zone \"%s\", which names no "
			    "interfaces, are believed "
			    "there; write interfaces = [ \"%s\" ]; in the zone that it leads to",
			    k->name, n->roaming[0]->name, k->name);
	} else {
		misfit_text(f,
			    "%s is up and of no zone: nothing is forwarded from or to it; if "
			    "something is to be, write "
			    "interfaces = [ \"%s\" ]; in the zone that it leads to",
			    k->name, k->name);
	}
}

/* A box that only reads mirror ports forwards nothing. */
static bool is_gateway(const struct names *n, const struct model *m)
{
	return n->n || !m->n_taps;
}

bool host_misfits(const struct model *m, const struct host_facts *facts, struct misfits *out)
{
	const struct host_links *l = facts->links;
	struct names n;
	*out = (struct misfits){ 0 };
	bool ok = names_make(&n, m, l);
	for (size_t i = 0; ok && i < n.n; i++)
		tell_part(&n, &n.claim[i], out, MISFIT_PORT);
	for (size_t i = 0; ok && i < n.n; i++)
		tell_bridge(&n, m, &n.claim[i], out);
	for (size_t i = 0; ok && i < l->n; i++)
		if (!is_claimed(&n, n.link[i]->name))
			tell_shared(&n, n.link[i], n.roaming,
				    n.roaming[0] ? n.roaming[0]->at : (struct where){ NULL, 0 },
				    out);
	for (size_t i = 0; ok && i < n.n; i++)
		tell_part(&n, &n.claim[i], out, MISFIT_MEMBER);
	for (size_t i = 0; ok && i < n.n; i++)
		tell_missing(&n, &n.claim[i], out);
	bool gateway = ok && is_gateway(&n, m);
	if (gateway)
		tell_settings(&n, m, facts->settings, out);
	for (size_t i = 0; ok && i < l->n; i++)
		tell_no_zone(&n, n.link[i], out);
	if (gateway)
		tell_routes(&n, m, facts, out);
	names_free(&n);
	return ok;
}
