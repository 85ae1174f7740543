/* SPDX-License-Identifier: MIT
 * Orders: their file, and what they make of a model. */
#include "history/orders.h"

#include <errno.h>
#include <string.h>

#define FILE_NAME "orders.json"

enum { SCHEMA = 1, FILE_MOST = 1 << 20 };

static const char *const kinds[ORDER_KINDS] = {
	[ORDER_ISOLATE] = "isolate", [ORDER_MODE] = "mode", [ORDER_GRANT] = "grant"
};

const char *order_kind_name(enum order_kind kind)
{
	return kinds[kind];
}

/* ---- the list ---- */

struct order *orders_find(struct orders *o, enum order_kind kind, const char *name)
{
	for (size_t i = 0; i < o->n[kind]; i++)
		if (strcmp(o->v[kind][i].name, name) == 0)
			return &o->v[kind][i];
	return NULL;
}

bool orders_put(struct orders *o, enum order_kind kind, const struct order *one)
{
	struct order *at = orders_find(o, kind, one->name);
	if (!at && o->n[kind] < ORDERS_MOST)
		at = &o->v[kind][o->n[kind]++];
	if (at)
		*at = *one;
	return at != NULL;
}

void orders_remove(struct orders *o, enum order_kind kind, size_t i)
{
	memmove(&o->v[kind][i], &o->v[kind][i + 1], (--o->n[kind] - i) * sizeof(o->v[kind][0]));
}

uint32_t order_left(const struct order *one, int64_t now_s)
{
	if (!one->seconds)
		return UINT32_MAX;
	int64_t passed = now_s - one->since_s;
	return passed < 0 || passed >= one->seconds ? 0 : one->seconds - (uint32_t)passed;
}

uint64_t order_end(const struct order *one, const struct order_now *now)
{
	const uint64_t second_ns = UINT64_C(1000000000);
	uint64_t most = now->boot_ns + one->seconds * second_ns; /* whatever a file says */
	uint64_t end = now->boot_ns + order_left(one, now->wall_s) * second_ns;
	if (now->same_boot && one->end_ns)
		end = one->end_ns < most ? one->end_ns : most;
	return end > now->boot_ns ? end : 0;
}

/* ---- the file ---- */

static bool take_order(const json_t *o, enum order_kind kind, struct order *to)
{
	json_int_t seconds = json_integer_value(json_object_get(o, "seconds"));
	const char *mode = json_string_value(json_object_get(o, "mode"));
	bool observe = mode && strcmp(mode, "observe") == 0;
	json_int_t end = json_integer_value(json_object_get(o, "end"));
	to->since_s = json_integer_value(json_object_get(o, "since"));
	to->end_ns = end > 0 ? (uint64_t)end : 0;
	to->seconds = (uint32_t)seconds;
	to->mode = observe ? MODE_OBSERVE : MODE_ENFORCE;
	return document_text(o, "name", to->name, sizeof(to->name)) && *to->name &&
	       document_text(o, "who", to->who, sizeof(to->who)) &&
	       document_text(o, "why", to->why, sizeof(to->why)) && to->since_s > 0 &&
	       seconds >= order_kind_ends(kind) && seconds <= ORDER_SECONDS_MOST &&
	       (kind != ORDER_MODE || observe || (mode && strcmp(mode, "enforce") == 0));
}

/* False: these are none. */
static bool take_all(void *ctx, const json_t *o)
{
	struct orders *to = ctx;
	json_int_t number = json_integer_value(json_object_get(o, "generation"));
	bool ok = json_integer_value(json_object_get(o, "schema")) == SCHEMA && number >= 0 &&
		  number <= UINT32_MAX;
	to->generation = (uint32_t)number;
	document_text(o, "boot", to->boot, sizeof(to->boot)); /* versions before this had none */
	for (int kind = 0; ok && kind < ORDER_KINDS; kind++) {
		const json_t *list = json_object_get(o, kinds[kind]);
		size_t n = json_array_size(list);
		/* nor had they grants */
		ok = n <= ORDERS_MOST && (list ? json_is_array(list) : kind == ORDER_GRANT);
		for (size_t i = 0; ok && i < n; i++) {
			struct order one = { .name = "" };
			ok = take_order(json_array_get(list, i), (enum order_kind)kind, &one) &&
			     !orders_find(to, (enum order_kind)kind, one.name) &&
			     orders_put(to, (enum order_kind)kind, &one);
		}
	}
	return ok;
}

int orders_read(int dir, struct orders *o, bool *unreadable)
{
	static const struct kept_file file = { FILE_NAME, FILE_NAME ".unreadable", FILE_MOST,
					       take_all };
	memset(o, 0, sizeof(*o));
	int err = read_kept(dir, &file, o, unreadable);
	if (*unreadable)
		memset(o, 0, sizeof(*o));
	return err;
}

int orders_keep(int dir, const struct orders *o)
{
	json_t *doc = json_pack("{s:i,s:I,s:s}", "schema", SCHEMA, "generation",
				(json_int_t)o->generation, "boot", o->boot);
	for (int kind = 0; kind < ORDER_KINDS; kind++) {
		json_t *list = json_array();
		for (size_t i = 0; i < o->n[kind]; i++) {
			const struct order *one = &o->v[kind][i];
			json_t *e = json_pack("{s:s,s:I,s:I,s:s,s:s}", "name", one->name, "since",
					      (json_int_t)one->since_s, "seconds",
					      (json_int_t)one->seconds, "who", one->who, "why",
					      one->why);
			if (order_kind_ends((enum order_kind)kind))
				json_object_set_new(e, "end",
						    json_integer((json_int_t)one->end_ns));
			if (kind == ORDER_MODE)
				json_object_set_new(e, "mode",
						    json_string(one->mode == MODE_OBSERVE
									? "observe"
									: "enforce"));
			json_array_append_new(list, e);
		}
		json_object_set_new(doc, kinds[kind], list);
	}
	int err = doc ? keep_file(dir, FILE_NAME, doc) : -ENOMEM;
	json_decref(doc);
	return err;
}

/* ---- over a model ---- */

static size_t zone_named(const struct model *m, const char *name)
{
	for (size_t z = 1; name && z < m->n_zones; z++)
		if (strcmp(m->zones[z].name, name) == 0)
			return z;
	return 0;
}

static struct conduit *conduit_named(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->n_conduits; i++)
		if (strcmp(m->conduits[i].name, name) == 0)
			return &m->conduits[i];
	return NULL;
}

bool order_fits(const struct model *m, enum order_kind kind, const char *name)
{
	const struct conduit *c = kind == ORDER_ISOLATE ? NULL : conduit_named(m, name);
	return kind == ORDER_ISOLATE ? zone_named(m, name) != 0
	       : kind == ORDER_GRANT ? c && c->gate.on_grant
				     : c != NULL;
}

/* Is zone z the zone `outer`, or inside it? Parents make no circle in a model without errors; the
 * number of zones bounds the way all the same. */
static bool is_within(const struct model *m, size_t z, size_t outer)
{
	for (size_t steps = 0; z && steps < m->n_zones; steps++) {
		if (z == outer)
			return true;
		z = zone_named(m, m->zones[z].parent);
	}
	return false;
}

void orders_over(const struct orders *o, struct model *m)
{
	for (size_t i = 0; i < o->n[ORDER_ISOLATE]; i++) {
		size_t z = zone_named(m, o->v[ORDER_ISOLATE][i].name);
		for (size_t k = 0; z && k < m->n_conduits; k++) {
			struct conduit *c = &m->conduits[k];
			for (size_t n = 0; n < c->n_legs; n++)
				c->legs[n].isolated |= is_within(m, c->legs[n].from, z) !=
						       is_within(m, c->legs[n].to, z);
		}
	}
	for (size_t i = 0; i < o->n[ORDER_MODE]; i++) {
		struct conduit *c = conduit_named(m, o->v[ORDER_MODE][i].name);
		if (!c)
			continue;
		c->mode_is_ordered = true;
		c->mode_ordered = o->v[ORDER_MODE][i].mode;
	}
	for (size_t i = 0; i < o->n[ORDER_GRANT]; i++) {
		struct conduit *c = conduit_named(m, o->v[ORDER_GRANT][i].name);
		if (c && c->gate.on_grant)
			c->granted_until_ns = o->v[ORDER_GRANT][i].end_ns;
	}
}
