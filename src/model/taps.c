/* SPDX-License-Identifier: MIT
 * The list "interfaces": those that are read beside the gate (source = "tap"). */
#include <string.h>

#include "model/internal.h"

enum {
	BUFFER_MB = 16,
	BUFFER_MB_MAX = 1024,
	SNAP_MIN = 128,
	SNAP_MAX = 262144,
	/* where each frame has a place as large as the largest: a whole packet, and its headers */
	SNAP_AT_ONCE = 65535 + 128,
	DELAY_MS = 10,
	DELAY_MS_MAX = 1000,
	/* the same number of such places as packets of usual size in BUFFER_MB */
	BUFFER_MB_AT_ONCE = 64,
};

static void load_tap(struct load *l, const config_setting_t *g)
{
	static const char *const keys[] = { "name",   "source",	     "enforce", "filter",
					    "buffer", "snap_length", "delay" };
	struct model *m = l->m;
	struct tap t = { .at = at_of(l, g) };
	uint64_t v;
	known_keys(l, g, "an interface", keys, sizeof(keys) / sizeof(keys[0]));
	t.name = get_text(l, g, "name");
	if (!t.name)
		complain(l, t.at, "an interface without name; write name = \"eth3\";");
	if (!t.name || !good_interface(l, at_of(l, config_setting_get_member(g, "name")), t.name))
		return;
	if (strcmp(t.name, "any") == 0) {
		complain(l, t.at,
			 "interface \"any\" is all interfaces: what zoned forwards would be judged "
			 "again, as mirrored; name the interface of the mirror");
		return;
	}
	if (!config_setting_get_member(g, "source"))
		complain(l, t.at,
			 "interface \"%s\" has no source; write source = \"tap\"; (interfaces of "
			 "zones are named in the zones)",
			 t.name);
	get_word(l, g, "source", words_source, 1);
	t.reactive = get_word(l, g, "enforce", words_tap_enforce, 0);
	t.enforce_at = at_of(l, config_setting_get_member(g, "enforce"));
	t.filter = get_text(l, g, "filter");
	t.filter_at = at_of(l, config_setting_get_member(g, "filter"));
	t.delay_ms = t.reactive ? 0 : DELAY_MS;
	if (get_number(l, g, "delay", 0, DELAY_MS_MAX, &v))
		t.delay_ms = (uint32_t)v;
	t.buffer_mb = t.delay_ms ? BUFFER_MB : BUFFER_MB_AT_ONCE;
	t.snap_length = t.delay_ms ? SNAP_MAX : SNAP_AT_ONCE;
	if (get_number(l, g, "buffer", 1, BUFFER_MB_MAX, &v))
		t.buffer_mb = (uint32_t)v;
	if (get_number(l, g, "snap_length", SNAP_MIN, SNAP_MAX, &v))
		t.snap_length = (uint32_t)v;
	m->taps = arena_grow(m->arena, m->taps, m->n_taps, sizeof(*m->taps));
	m->taps[m->n_taps++] = t;
}

void load_taps(struct load *l, const config_setting_t *root)
{
	const config_setting_t *s = list_of_groups(l, root, "interfaces");
	for (size_t i = 0; i < items(s) && i < MODEL_TAPS_MAX; i++)
		load_tap(l, item(s, i));
	if (items(s) > MODEL_TAPS_MAX)
		complain(l, at_of(l, item(s, MODEL_TAPS_MAX)), "more than %d taps", MODEL_TAPS_MAX);
}

/* What comes by a zone's interface is judged where it is forwarded. */
static void check_not_of_zone(struct load *l, const struct tap *t)
{
	for (size_t i = 1; i < l->m->n_zones; i++) {
		const struct zone *z = &l->m->zones[i];
		for (size_t k = 0; k < z->n_interfaces; k++)
			if (strcmp(z->interfaces[k], t->name) == 0)
				complain(
					l, t->at,
					"interface \"%s\" is a tap and of zone \"%s\" (%s:%u); "
					"what "
					"passes there is judged already: name the interface of the "
					"mirror",
					t->name, z->name, z->interfaces_at[k].file,
					z->interfaces_at[k].line);
	}
}

/* Of a site that is only watched nothing is refused, so a tap has nothing to block or reset. */
static void check_tap_may_react(struct load *l, const struct tap *t)
{
	if (t->reactive && l->m->mode == MODE_OBSERVE)
		complain(l, t->enforce_at,
			 "tap \"%s\" cannot block or reset: the whole site is only watched, by "
			 "mode = "
			 "\"observe\" at %s:%u, and what is watched refuses nothing; remove one of "
			 "the two",
			 t->name, l->m->mode_at.file, l->m->mode_at.line);
}

void check_taps(struct load *l)
{
	for (size_t i = 0; i < l->m->n_taps; i++) {
		const struct tap *t = &l->m->taps[i];
		for (size_t k = 0; k < i; k++)
			if (strcmp(t->name, l->m->taps[k].name) == 0)
				complain(l, t->at,
					 "tap \"%s\" is there twice; the first is at %s:%u",
					 t->name, l->m->taps[k].at.file, l->m->taps[k].at.line);
		check_not_of_zone(l, t);
		check_tap_may_react(l, t);
	}
}

void print_taps(FILE *f, const struct model *m)
{
	if (m->n_taps == 0)
		return;
	fputs("interfaces = (\n", f);
	for (size_t i = 0; i < m->n_taps; i++) {
		const struct tap *t = &m->taps[i];
		fputs("  {\n", f);
		print_key(f, "    ", "name", t->name);
		print_key(f, "    ", "source", "tap");
		print_key(f, "    ", "enforce", word_name(words_tap_enforce, t->reactive));
		print_key(f, "    ", "filter", t->filter);
		fprintf(f, "    buffer = %u;\n    snap_length = %u;\n    delay = %u;\n",
			t->buffer_mb, t->snap_length, t->delay_ms);
		fputs(i + 1 < m->n_taps ? "  },\n" : "  }\n", f);
	}
	fputs(");\n", f);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool model_taps_eq(const struct model *a, const struct model *b)
{
	bool same = a->n_taps == b->n_taps;
	for (size_t i = 0; same && i < a->n_taps; i++) {
		const struct tap *x = &a->taps[i], *y = &b->taps[i];
		same = same_text(x->name, y->name) && same_text(x->filter, y->filter) &&
		       x->reactive == y->reactive && x->buffer_mb == y->buffer_mb &&
		       x->snap_length == y->snap_length && x->delay_ms == y->delay_ms;
	}
	return same;
}
