/* SPDX-License-Identifier: MIT
 * Networks of zones that this machine sends packets for elsewhere, or nowhere. */
#include "host/internal.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

enum { STRICT = 1 }; /* rp_filter: by the same interface; 2: by any */

/* Interfaces of a zone that are a part of another are told as such, and what has another table of
 * routes (a VRF) is not asked here. Where none is up nothing goes there, with routes or without. */
static bool can_tell(const struct names *n, const struct zone *owner)
{
	bool some = false;
	for (size_t i = 0; owner && i < owner->n_interfaces; i++) {
		const struct host_link *k = link_named(n, owner->interfaces[i]);
		if (k && (k->master || strcmp(k->kind, "vrf") == 0))
			return false;
		some |= k && k->flags & IFF_UP;
	}
	return some || !owner;
}

static bool is_way(const struct names *n, const struct zone *owner, const char *name)
{
	for (size_t i = 0; owner && i < owner->n_interfaces; i++)
		if (strcmp(owner->interfaces[i], name) == 0)
			return true;
	return !owner && !is_claimed(n, name);
}

/* The interface of the zone at which the kernel drops what comes from there, before any rule;
 * NULL: none. Of both settings the greater one holds; strict ones want the same interface. */
static const char *drops(const struct names *n, const struct host_settings *s,
			 const struct zone *owner, bool routed)
{
	for (size_t i = 0; owner && i < owner->n_interfaces; i++) {
		const struct host_link *k = link_named(n, owner->interfaces[i]);
		int64_t filter = s->v[HOST_RP_FILTER];
		if (k && (int64_t)k->rp_filter > filter)
			filter = k->rp_filter;
		if (k && (routed ? filter == STRICT : filter > 0))
			return k->name;
	}
	return NULL;
}

struct place {
	const struct names *n;
	const struct host_settings *s;
	const struct zone *owner; /* NULL: its zone names no interfaces */
};

/* Fields and text of one of both kinds; by: NULL: by none. */
static void tell_route(const struct place *p, const struct host_route *r, const char *by,
		       struct misfits *out)
{
	const struct zone *zn = r->zone;
	char to[ADDR_TEXT], network[ADDR_TEXT];
	addr_text(&r->to, to);
	prefix_text(&zn->networks[r->network], network);
	struct misfit *f =
		misfit_add(out, by ? MISFIT_OTHER_ROUTE : MISFIT_NO_ROUTE,
			   zn->networks_at ? zn->networks_at[r->network] : zn->at, "address", to);
	if (!f)
		return;
	if (by)
		misfit_field(f, "interface", by);
	misfit_field(f, "zone", zn->name);
	const char *at = r->to.family == 4 ? drops(p->n, p->s, p->owner, by != NULL) : NULL;
	const char *lost = at ? ", and what comes from there is dropped by rp_filter of " : "";
	if (by)
		misfit_text(f,
			    "zone \"%s\": %s of its network %s is routed by %s, which is not its "
			    "interface: what goes there is refused (wrong-way-out)%s%s; correct "
			    "the route, or the zone",
			    zn->name, to, network, by, lost, at ? at : "");
	else
		misfit_text(f,
			    "zone \"%s\": there is no route to its network %s (%s): nothing goes "
			    "there%s%s; add a route, or take the network out",
			    zn->name, network, to, lost, at ? at : "");
}

/* What is not routed as the others are has its word; addresses of this machine have none. */
static void tell_network(const struct place *p, const struct host_route *v, size_t count,
			 struct misfits *out)
{
	const struct host_route *none = NULL;
	bool routed = false;
	for (size_t i = 0; i < count; i++) {
		const struct host_route *r = &v[i];
		if (r->err == -ENETUNREACH && !none)
			none = r;
		if (r->err || r->type != RTN_UNICAST)
			continue;
		const struct host_link *k = host_link_by_index(p->n->l, r->out);
		routed = true;
		if (k && !is_way(p->n, p->owner, k->name)) {
			tell_route(p, r, k->name, out);
			return;
		}
	}
	if (none && !routed)
		tell_route(p, none, NULL, out);
}

void tell_routes(const struct names *n, const struct model *m, const struct host_facts *f,
		 struct misfits *out)
{
	const struct host_routes *l = f->routes;
	for (size_t i = 0, end; i < l->n; i = end) {
		const struct place p = { n, f->settings, model_path_owner(m, l->v[i].zone) };
		for (end = i + 1; end < l->n && l->v[end].zone == l->v[i].zone &&
				  l->v[end].network == l->v[i].network;
		     end++)
			;
		if (can_tell(n, p.owner))
			tell_network(&p, &l->v[i], end - i, out);
	}
	if (!l->cut)
		return;
	struct misfit *x = misfit_add(out, MISFIT_UNASKED, l->cut->at, "zone", l->cut->name);
	if (x)
		misfit_text(x,
			    "routes are looked up for %d addresses: from zone \"%s\" on they are "
			    "not; compare those with ip route get",
			    HOST_ROUTES_MAX, l->cut->name);
}
