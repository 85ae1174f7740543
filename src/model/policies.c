/* SPDX-License-Identifier: MIT
 *
 * The policies section: what every protocol's policy has. The rest of each is
 * in its words.c.
 */
#include <string.h>

#include "model/internal.h"

#define P(symbol, name, word, port, over) [PROTO_##symbol] = &policy_##name##_ops,
static const struct policy_ops *const ops[PROTO_N] = { PROTOCOLS(P) };
#undef P

const struct policy_ops *policy_ops_of(enum proto p)
{
	return p < PROTO_N ? ops[p] : NULL;
}

const config_setting_t *get_allow(struct load *l, const config_setting_t *g, const struct policy *p)
{
	const config_setting_t *allow = config_setting_get_member(g, "allow");
	if (allow && config_setting_is_list(allow) && items(allow))
		return allow;
	complain(l, p->at, "policy \"%s\" needs allow = ( { ... } );", p->name);
	return NULL;
}

void begin_entry(struct load *l, const config_setting_t *g, const char *const *keys, size_t n,
		 struct remarks *out)
{
	const char *all[POLICY_KEYS_MAX] = { "comment", "ticket", "owner" };
	size_t k = 3;
	for (size_t i = 0; i < n && k < POLICY_KEYS_MAX; i++)
		all[k++] = keys[i];
	known_keys(l, g, "an allow entry", all, k);
	load_remarks(l, g, out);
}

void print_entry_remarks(FILE *f, const struct remarks *r)
{
	print_remarks(f, "        ", ";\n", r);
}

/* "protocol", "description", "allow", and the protocol's own. */
static void check_keys(struct load *l, const config_setting_t *g, const struct policy_ops *o)
{
	const char *keys[POLICY_KEYS_MAX] = { "protocol", "description", "allow" };
	size_t n = 3;
	for (size_t i = 0; o->keys && o->keys[i] && n < POLICY_KEYS_MAX; i++)
		keys[n++] = o->keys[i];
	known_keys(l, g, "a policy", keys, n);
}

static void load_policy(struct load *l, const config_setting_t *g)
{
	struct model *m = l->m;
	struct policy p = { .at = at_of(l, g) };
	p.name = arena_strdup(m->arena, config_setting_name(g));
	if (!config_setting_is_group(g)) {
		complain(l, p.at, "policy \"%s\" must be a group: %s = { ... };", p.name, p.name);
		return;
	}
	if (!good_name(p.name))
		complain(l, p.at,
			 "\"%s\" is not a good policy name; use 1 to %d letters, digits, - and _",
			 p.name, MODEL_NAME_MAX);
	if (!config_setting_get_member(g, "protocol"))
		complain(l, p.at, "policy \"%s\" has no protocol; write protocol = \"%s\";", p.name,
			 proto_word(PROTO_NONE + 1));
	/* some, so that the rest is read */
	p.proto = (enum proto)get_word(l, g, "protocol", words_proto, PROTO_NONE + 1);
	const struct policy_ops *o = policy_ops_of(p.proto);
	check_keys(l, g, o);
	p.description = get_text(l, g, "description");
	o->load(l, g, &p);
	m->policies = arena_grow(m->arena, m->policies, m->n_policies, sizeof(*m->policies));
	m->policies[m->n_policies++] = p;
}

void load_policies(struct load *l, const config_setting_t *root)
{
	const config_setting_t *all = config_setting_get_member(root, "policies");
	for (size_t i = 0; i < items(all); i++)
		load_policy(l, item(all, i));
}
