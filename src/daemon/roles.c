/* SPDX-License-Identifier: MIT
 * Who has which role on the control socket: groups of users, by daemon.roles of the model. */
#include <errno.h>
#include <grp.h>
#include <unistd.h>

#include "daemon/parent.h"

/* False: there is none of that name. */
static bool find_group(const char *name, gid_t *gid)
{
	const struct group *g = getgrnam(name);
	if (g)
		*gid = g->gr_gid;
	return g != NULL;
}

static void resolve_groups(struct role_groups *to, const struct texts *from, const char *key,
			   struct errs *errs)
{
	to->any = from->any;
	to->n = 0;
	for (size_t i = 0; i < from->n && to->n < MODEL_ROLE_GROUPS; i++)
		if (!find_group(from->v[i], &to->gid[to->n++]))
			errs_add(errs, from->at[i].file, from->at[i].line,
				 "roles: %s: there is no group \"%s\" on this machine (groupadd "
				 "--system %s)",
				 key, from->v[i], from->v[i]);
}

bool roles_of(const struct model *m, struct roles *r, struct errs *errs)
{
	size_t before = errs->total;
	const struct role_keys *k = &m->daemon.roles;
	r->set = k->viewer.set || k->operator.set || k->engineer.set;
	resolve_groups(&r->viewer, &k->viewer, "viewer", errs);
	resolve_groups(&r->operator, & k->operator, "operator", errs);
	resolve_groups(&r->engineer, &k->engineer, "engineer", errs);
	return errs->total == before;
}

static bool is_in(const struct role_groups *g, const struct control_peer *who)
{
	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < who->n_groups; k++)
			if (g->gid[i] == who->group[k])
				return true;
	return g->any;
}

enum control_role role_of(void *parent, const struct control_peer *who)
{
	const struct parent *p = parent;
	const struct roles *r = &p->roles;
	if (who->uid == 0 || who->uid == geteuid() || is_in(&r->engineer, who))
		return ROLE_ENGINEER;
	if (is_in(&r->operator, who))
		return ROLE_OPERATOR;
	return !r->set || is_in(&r->viewer, who) ? ROLE_VIEWER : ROLE_NONE;
}
