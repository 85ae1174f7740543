/* SPDX-License-Identifier: MIT
 * IEC 60870-5-104 policies: allow = ( { types = [ 1, 100 ]; } ); */
#include "model/internal.h"
#include "proto/iec104/words.h"

static void load(struct load *l, const config_setting_t *g, struct policy *p)
{
	static const char *const keys[] = { "types" };
	const config_setting_t *allow = get_allow(l, g, p);
	struct iec104_policy *o = arena_alloc(l->m->arena, sizeof(*o));
	p->of = o;
	for (size_t i = 0; i < items(allow); i++) {
		struct iec104_allow a = { .at = at_of(l, item(allow, i)) };
		known_keys(l, item(allow, i), "an allow entry", keys, 1);
		get_ranges(l, item(allow, i), "types", 1, 127, &a.types);
		o->allow = arena_grow(l->m->arena, o->allow, o->n_allow, sizeof(*o->allow));
		o->allow[o->n_allow++] = a;
	}
}

static void print(FILE *f, const struct policy *p)
{
	const struct iec104_policy *o = p->of;
	fputs("    allow = (\n", f);
	for (size_t i = 0; i < o->n_allow; i++) {
		fputs("      {\n", f);
		print_ranges(f, "types", &o->allow[i].types);
		fputs(i + 1 < o->n_allow ? "      },\n" : "      }\n", f);
	}
	fputs("    );\n", f);
}

const struct policy_ops policy_iec104_ops = { .load = load, .print = print };
