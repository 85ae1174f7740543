/* SPDX-License-Identifier: MIT
 * The group daemon.roles: which groups of users may ask what of the running zoned. */
#include <string.h>

#include "model/internal.h"

static const struct {
	const char *key;
	size_t at;
} role_keys[] = {
	{ "viewer", offsetof(struct role_keys, viewer) },
	{ "operator", offsetof(struct role_keys, operator) },
	{ "engineer", offsetof(struct role_keys, engineer) },
};
enum { ROLE_KEYS = sizeof(role_keys) / sizeof(role_keys[0]) };

static void check_groups(struct load *l, const char *key, const struct texts *t, struct where at)
{
	if (t->any && strcmp(key, "viewer") != 0)
		complain(l, at, "%s = \"any\": whoever changes what is in force has a group", key);
	if (t->n > MODEL_ROLE_GROUPS)
		complain(l, at, "%s: at most %d groups", key, MODEL_ROLE_GROUPS);
	for (size_t i = 0; i < t->n; i++)
		if (!*t->v[i] || strlen(t->v[i]) > MODEL_NAME_MAX)
			complain(l, t->at[i], "\"%.40s\" is not the name of a group of users",
				 t->v[i]);
}

void load_roles(struct load *l, const config_setting_t *daemon, struct role_keys *r)
{
	static const char *const keys[] = { "viewer", "operator", "engineer" };
	const config_setting_t *g = config_setting_get_member(daemon, "roles");
	if (!g)
		return;
	if (!config_setting_is_group(g)) {
		complain(l, at_of(l, g),
			 "roles: write roles = { engineer = [ \"plant-engineers\" ]; };");
		return;
	}
	known_keys(l, g, "roles", keys, sizeof(keys) / sizeof(keys[0]));
	for (size_t i = 0; i < ROLE_KEYS; i++) {
		struct texts *t = (struct texts *)((char *)r + role_keys[i].at);
		get_texts(l, g, role_keys[i].key, t);
		if (t->set)
			check_groups(l, role_keys[i].key, t,
				     at_of(l, config_setting_get_member(g, role_keys[i].key)));
	}
}

void print_roles(FILE *f, const struct role_keys *r)
{
	if (!r->viewer.set && !r->operator.set && !r->engineer.set)
		return;
	fputs("  roles = {\n", f);
	for (size_t i = 0; i < ROLE_KEYS; i++)
		print_texts(f, "    ", role_keys[i].key,
			    (const struct texts *)((const char *)r + role_keys[i].at));
	fputs("  };\n", f);
}
