/* SPDX-License-Identifier: MIT
 * Echo policies: allow = ( { lengths = "1-8"; } ); */
#include "model/internal.h"
#include "proto/echo/words.h"

static void load(struct load *l, const config_setting_t *g, struct policy *p)
{
	static const char *const keys[] = { "lengths" };
	const config_setting_t *allow = get_allow(l, g, p);
	struct echo_policy *o = arena_alloc(l->m->arena, sizeof(*o));
	p->of = o;
	for (size_t i = 0; i < items(allow); i++) {
		struct echo_allow a = { .at = at_of(l, item(allow, i)) };
		begin_entry(l, item(allow, i), keys, 1, &a.remarks);
		get_ranges(l, item(allow, i), "lengths", 1, 255, &a.lengths);
		o->allow = arena_grow(l->m->arena, o->allow, o->n_allow, sizeof(*o->allow));
		o->allow[o->n_allow++] = a;
	}
}

static void print(FILE *f, const struct policy *p)
{
	const struct echo_policy *o = p->of;
	fputs("    allow = (\n", f);
	for (size_t i = 0; i < o->n_allow; i++) {
		fputs("      {\n", f);
		print_ranges(f, "lengths", &o->allow[i].lengths);
		print_entry_remarks(f, &o->allow[i].remarks);
		fputs(i + 1 < o->n_allow ? "      },\n" : "      }\n", f);
	}
	fputs("    );\n", f);
}

const struct policy_ops policy_echo_ops = { .load = load, .print = print };
