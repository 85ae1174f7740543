/* SPDX-License-Identifier: MIT
 *
 * Zones: addresses that came or went, interfaces by which a zone's packets are accepted, and what
 * changes nothing for packets.
 */
#include <string.h>

#include "compare/internal.h"
#include "model/internal.h"

/* ---- addresses ---- */

static const char *more_of(const struct part *p)
{
	return p->more ? ", ..." : "";
}

static void compare_part(struct compare_run *r, const struct part *p)
{
	const struct zone *old = &r->old.m->zones[p->old_zone],
			  *new = &r->new.m->zones[p->new_zone];
	struct compare_finding f = { .what = COMPARE_ZONE };
	if (p->old_zone)
		f.old = old->at;
	if (p->new_zone)
		f.new = new->at;
	f.name = p->new_zone ? new->name : old->name;
	if (p->new_zone && (!p->old_zone || r->old_of[p->new_zone] != p->old_zone)) {
		f.effect = COMPARE_OPENS;
		if (p->old_zone)
			compare_add(r, &f,
				    "%s%s is of this zone, and was of \"%s\": the conduits of the "
				    "zone, and all inside it, are open to them",
				    p->buf, more_of(p), old->name);
		else
			compare_add(r, &f,
				    "%s%s is of this zone, and was of none: the conduits of the "
				    "zone, and all inside it, are open to them",
				    p->buf, more_of(p));
	} else if (p->old_zone && (!p->new_zone || r->new_of[p->old_zone] != p->new_zone)) {
		f.effect = COMPARE_CLOSES;
		f.name = old->name;
		if (p->new_zone)
			compare_add(r, &f, "%s%s is of \"%s\" now", p->buf, more_of(p), new->name);
		else
			compare_add(r, &f, "%s%s is in no zone", p->buf, more_of(p));
	} else if (p->old_zone && strcmp(old->name, new->name) != 0) {
		f.effect = COMPARE_CHANGES;
		compare_add(r, &f, "was called \"%s\"", old->name);
	}
}

/* ---- interfaces ---- */

static bool names_interface(const struct zone *z, const char *interface)
{
	for (size_t i = 0; i < z->n_interfaces; i++)
		if (strcmp(z->interfaces[i], interface) == 0)
			return true;
	return false;
}

static bool is_named_by_zone(const struct model *m, const char *interface)
{
	for (size_t z = 1; z < m->n_zones; z++)
		if (names_interface(&m->zones[z], interface))
			return true;
	return false;
}

/* May a packet of a zone with these interfaces (NULL: with none) come by this one? */
static bool accepts(const struct model *m, const struct zone *owner, const char *interface)
{
	return owner ? names_interface(owner, interface) : !is_named_by_zone(m, interface);
}

/* The first interface of the model that `by` accepts and `than` does not. */
static const char *more_accepted(const struct model *named, const struct model *by,
				 const struct zone *by_owner, const struct model *than,
				 const struct zone *than_owner)
{
	for (size_t z = 1; z < named->n_zones; z++)
		for (size_t i = 0; i < named->zones[z].n_interfaces; i++) {
			const char *name = named->zones[z].interfaces[i];
			if (accepts(by, by_owner, name) && !accepts(than, than_owner, name))
				return name;
		}
	return NULL;
}

static void compare_interfaces(struct compare_run *r, const struct zone *old,
			       const struct zone *new)
{
	const struct model *om = r->old.m, *nm = r->new.m;
	const struct zone *was = model_path_owner(om, old), *is = model_path_owner(nm, new);
	struct compare_finding f = {
		.what = COMPARE_ZONE, .name = new->name, .old = old->at, .new = new->at
	};
	const char *more = more_accepted(nm, nm, is, om, was), *less;
	if (!more)
		more = more_accepted(om, nm, is, om, was);
	less = more_accepted(om, om, was, nm, is);
	if (!less)
		less = more_accepted(nm, om, was, nm, is);
	f.effect = COMPARE_OPENS;
	if (was && !is)
		compare_add(r, &f,
			    "has no interfaces any more: its packets are accepted on every "
			    "interface that no zone names");
	else if (more)
		compare_add(r, &f, "its packets are accepted on interface \"%s\", too", more);
	if (!was && is && is->n_interfaces > 1)
		compare_add(r, &f,
			    "has interfaces now: inside the zone packets go from one of them to "
			    "another");
	f.effect = COMPARE_CLOSES;
	if (!was && is)
		compare_add(r, &f, "has interfaces now: its packets are accepted on no other");
	else if (less)
		compare_add(r, &f, "its packets are not accepted on interface \"%s\" any more",
			    less);
}

/* ---- the rest ---- */

static bool assets_eq(const struct zone *a, const struct zone *b)
{
	if (a->n_assets != b->n_assets)
		return false;
	for (size_t i = 0; i < a->n_assets; i++) {
		bool found = false;
		for (size_t k = 0; k < b->n_assets && !found; k++)
			found = strcmp(a->assets[i].name, b->assets[k].name) == 0 &&
				addr_eq(&a->assets[i].addr, &b->assets[k].addr);
		if (!found)
			return false;
	}
	return true;
}

static void compare_names(struct compare_run *r, const struct zone *old, const struct zone *new)
{
	struct compare_finding f = { .effect = COMPARE_CHANGES,
				     .what = COMPARE_ZONE,
				     .name = new->name,
				     .old = old->at,
				     .new = new->at };
	if (old->type != new->type)
		compare_add(r, &f, "type %s, was %s", word_name(words_zone_type, (int)new->type),
			    word_name(words_zone_type, (int)old->type));
	if (old->has_sl_t != new->has_sl_t || memcmp(old->sl_t, new->sl_t, sizeof(old->sl_t)) != 0)
		compare_add(r, &f, "sl_t differs");
	if (!assets_eq(old, new))
		compare_add(r, &f, "assets differ: records name them");
}

/* Is it bound to this MAC address in the zone, too? */
static bool binds_as(const struct zone *z, const struct asset *a)
{
	for (size_t i = 0; i < z->n_assets; i++)
		if (z->assets[i].bound && addr_eq(&z->assets[i].addr, &a->addr))
			return memcmp(z->assets[i].mac, a->mac, sizeof(a->mac)) == 0;
	return false;
}

static void compare_bound(struct compare_run *r, const struct zone *old, const struct zone *new)
{
	struct compare_finding f = { .what = COMPARE_ZONE, .name = new->name };
	f.effect = COMPARE_OPENS;
	for (size_t i = 0; i < old->n_assets; i++) {
		f.old = old->assets[i].at;
		f.new = new->at;
		if (old->assets[i].bound && !binds_as(new, &old->assets[i]))
			compare_add(r, &f, "asset \"%s\" is not bound to its MAC address any more",
				    old->assets[i].name);
	}
	f.effect = COMPARE_CLOSES;
	for (size_t i = 0; i < new->n_assets; i++) {
		f.old = old->at;
		f.new = new->assets[i].at;
		if (new->assets[i].bound && !binds_as(old, &new->assets[i]))
			compare_add(r, &f, "asset \"%s\" is bound to this MAC address",
				    new->assets[i].name);
	}
}

void compare_zones(struct compare_run *r)
{
	for (size_t i = 0; i < r->n_parts; i++)
		compare_part(r, &r->parts[i]);
	for (size_t n = 1; n < r->new.m->n_zones; n++) {
		size_t o = r->old_of[n];
		if (!o)
			continue;
		compare_interfaces(r, &r->old.m->zones[o], &r->new.m->zones[n]);
		compare_names(r, &r->old.m->zones[o], &r->new.m->zones[n]);
		compare_bound(r, &r->old.m->zones[o], &r->new.m->zones[n]);
	}
}
