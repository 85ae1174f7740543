/* SPDX-License-Identifier: MIT
 * DNP3 for zonectl explain: what each entry lacks of a request, and the entry that it needs. */
#include "proto/dnp3/explain.h"

#include <string.h>

#include "base/sb.h"
#include "proto/dnp3/facts-expected.h"
#include "proto/dnp3/policy.h"

enum { OBJECTS_LISTED = 32 };

/* With the fragment, also where its frame was refused for the link addresses: it is read where it
 * is whole in the frame. False: there is none. */
static bool with_fragment(const struct dnp_msg *m, struct dnp_msg *out)
{
	enum { FIRST_AND_LAST = 0xc0 };
	struct dnp_walk w;
	struct dnp_head h;
	*out = *m;
	if (m->has_app)
		return true;
	if (!dnp3_has_segment(&out->link) || out->link.n < 2 ||
	    (out->link.user[0] & FIRST_AND_LAST) != FIRST_AND_LAST ||
	    dnp3_app(out->link.user + 1, out->link.n - 1u, &out->app) != R_NONE)
		return false;
	dnp_walk(&w, &out->app);
	while (dnp_next(&w, &h))
		;
	out->walk = w.why;
	out->has_app = true;
	return true;
}

/* ---- what an entry lacks ---- */

static void put_points_wanted(struct sb *b, const struct dnp_decision *d)
{
	if (d->has_point)
		sb_printf(b, "%u", d->point);
	else if (d->head.span == DNP_RANGE)
		sb_printf(b, "%u-%u", d->head.start, d->head.stop);
	else
		sb_puts(b, "all");
}

static void dnp_lack(const struct explain_case *c, const struct pol_dnp_rule *r,
		     const struct dnp_decision *d, const struct explain_sink *to)
{
	const struct dnp_msg *m = c->m; /* with its fragment */
	const struct dnp_control *k = &d->control;
	char has[EXPLAIN_TEXT] = "", wants[200] = "";
	struct sb h = sb_init(has, sizeof(has)), w = sb_init(wants, sizeof(wants));
	const char *key = dnp_allowed(&h, c->img, r, d->reason);
	if (d->reason == R_FUNCTION)
		dnp_put_function(&w, m->app.func);
	else if (d->reason == R_DNP_ADDRESS)
		sb_printf(&w, "%u and %u", m->link.src, m->link.dst);
	else if (d->reason == R_DNP_OBJECTS)
		sb_printf(&w, "%u.%u", d->head.group, d->head.var);
	else if (d->reason == R_DNP_POINT)
		put_points_wanted(&w, d);
	else if (d->reason == R_DNP_CONTROL)
		dnp_put_operation(&w, &(struct dnp_operation){ k->op, k->code, k->count, k->queue,
							       k->clear, k->on_time, k->off_time });
	else
		sb_printf(&w, "%g", d->value);
	to->lack(to->ctx, key, has, wants);
}

static void dnp_lacks(const struct explain_case *c, uint32_t rule, const struct explain_sink *to)
{
	struct dnp_msg m;
	if (!with_fragment(c->m, &m))
		return;
	const struct explain_case whole = { c->img, c->ev, &m };
	const struct dnp_lacks l = policy_dnp3_lacks(c->img, rule, &m);
	const struct pol_dnp_rule *r = (const void *)policy_rule(c->img, PROTO_DNP3, rule);
	for (unsigned i = 0; i < l.n; i++)
		dnp_lack(&whole, r, &l.v[i], to);
}

/* ---- the entry that it needs ---- */

struct needs {
	unsigned objects[OBJECTS_LISTED];
	size_t n_objects;
	bool points, all_points, controls, values, odd;
	uint32_t least, most; /* points */
	unsigned operations, codes;
	uint32_t count[2], on[2], off[2];
	double value[2];
};

static void widen(uint32_t span[2], uint32_t v, bool first)
{
	span[0] = first || v < span[0] ? v : span[0];
	span[1] = first || v > span[1] ? v : span[1];
}

static void need_point(struct needs *n, uint32_t first, uint32_t last)
{
	n->least = !n->points || first < n->least ? first : n->least;
	n->most = !n->points || last > n->most ? last : n->most;
	n->points = true;
}

static void need_objects_of(struct needs *n, const struct dnp_head *h)
{
	struct dnp_points it;
	struct dnp_point p;
	struct dnp_control k;
	double v;
	uint8_t status;
	dnp_points(&it, h);
	while (dnp_next_point(&it, &p)) {
		if (h->indexed)
			need_point(n, p.index, p.index);
		if (dnp_control(h, &p, &k)) {
			n->odd |= k.op > 4 || k.code > 2 || k.queue || k.clear;
			n->operations |= 1u << (k.op & 7);
			n->codes |= 1u << (k.code & 3);
			widen(n->count, k.count, !n->controls);
			widen(n->on, k.on_time, !n->controls);
			widen(n->off, k.off_time, !n->controls);
			n->controls = true;
		} else if (dnp_analog(h, &p, &v, &status)) {
			n->value[0] = !n->values || v < n->value[0] ? v : n->value[0];
			n->value[1] = !n->values || v > n->value[1] ? v : n->value[1];
			n->odd |= v != v;
			n->values = true;
		}
	}
}

static void need_head(struct needs *n, const struct dnp_head *h)
{
	unsigned object = (unsigned)h->group << 8 | h->var;
	size_t i = 0;
	while (i < n->n_objects && n->objects[i] != object)
		i++;
	n->odd |= i == OBJECTS_LISTED;
	if (i == n->n_objects && i < OBJECTS_LISTED)
		n->objects[n->n_objects++] = object;
	if (!dnp_has_points(h->group))
		return;
	if (h->span == DNP_RANGE)
		need_point(n, h->start, h->stop);
	else if (!h->indexed)
		n->all_points = true;
	if (h->data)
		need_objects_of(n, h);
}

static void put_words(FILE *f, const char *key, unsigned bits, const char *const *names, unsigned n)
{
	fprintf(f, " %s = [ ", key);
	for (unsigned i = 0, k = 0; i < n; i++)
		if (bits >> i & 1)
			fprintf(f, "%s\"%s\"", k++ ? ", " : "", names[i]);
	fputs(" ];", f);
}

static void put_span(FILE *f, const char *key, const uint32_t span[2])
{
	fprintf(f, " %s = \"%u-%u\";", key, span[0], span[1]);
}

static bool dnp_entry(const struct explain_case *c, FILE *f)
{
	struct dnp_msg m;
	const struct dnp_func *fn = with_fragment(c->m, &m) ? dnp_func_by_code(m.app.func) : NULL;
	struct needs n = { .n_objects = 0 };
	struct dnp_walk w;
	struct dnp_head h;
	if (!fn || (fn->classes & DNP_ANSWER) || m.walk != R_NONE)
		return false;
	dnp_walk(&w, &m.app);
	while (dnp_next(&w, &h))
		need_head(&n, &h);
	if (n.odd || (fn->body != DNP_BODY_NONE && !n.n_objects))
		return false;
	fprintf(f, "{ functions = ( \"%s\" ); masters = %u; outstations = %u;", fn->name,
		m.link.src, m.link.dst);
	for (size_t i = 0; i < n.n_objects; i++)
		fprintf(f, "%s\"%u.%u\"", i ? ", " : " objects = [ ", n.objects[i] >> 8,
			n.objects[i] & 255);
	fputs(n.n_objects ? " ];" : "", f);
	if (n.all_points)
		fputs(" points = \"any\";", f);
	else if (n.points)
		put_span(f, "points", (const uint32_t[]){ n.least, n.most });
	if (n.controls) {
		put_words(f, "operations", n.operations, dnp_operations, 5);
		put_words(f, "trip_close", n.codes, dnp_trip_close, 3);
		put_span(f, "count", n.count);
		put_span(f, "on_time", n.on);
		put_span(f, "off_time", n.off);
	}
	if (n.values)
		fprintf(f, " analog_values = ( [ %#.17g, %#.17g ] );", n.value[0], n.value[1]);
	fputs(" }", f);
	return true;
}

static const char *dnp_changes(const struct explain_case *c)
{
	struct dnp_msg m;
	bool whole = with_fragment(c->m, &m);
	const struct dnp_func *fn = whole ? dnp_func_by_code(m.app.func) : NULL;
	if (!whole)
		return NULL;
	if (!fn)
		return "nobody knows what this function does";
	if (fn->classes & DNP_OPERATE)
		return "it operates outputs";
	if (fn->classes & DNP_RESTART)
		return "it restarts the outstation";
	return fn->classes & (DNP_WRITE | DNP_CONFIGURE | DNP_APPLICATION | DNP_FILE) ? "it writes"
										      : NULL;
}

/* ---- keys of the whole policy ---- */

/* clang-format off */
/* either way */
static const char *const sides[] = { "client", "server", "client", NULL };
static const struct explain_key keys[] = {
	{ .why = R_DNP_UNSOLICITED, .key = "unsolicited", .form = EXPLAIN_ON },
	{ .why = R_DNP_BROADCAST, .key = "broadcast", .form = EXPLAIN_ON,
	  .danger = "every outstation behind the conduit acts on a broadcast, and none answers" },
	{ .why = R_DNP_ASKS_CONFIRM, .key = "confirmed_requests", .form = EXPLAIN_ON },
	{ .why = R_DNP_INTERLEAVED, .key = "interleaved_responses", .form = EXPLAIN_ON,
	  .danger = "a master that keeps outstations apart badly joins two responses to a third (zoned-peers(7))" },
	{ .why = R_DNP_OBJECT, .key = "unwalkable", .form = EXPLAIN_ON,
	  .danger = "what is behind an object of unknown size passes unread, controls too" },
	{ .why = R_DNP_QUALIFIER, .key = "unwalkable", .form = EXPLAIN_ON,
	  .danger = "what is behind an object of unknown size passes unread, controls too" },
	{ .why = R_DNP_OUTSTANDING, .key = "outstanding", .form = EXPLAIN_MOST,
	  .standard = DNP_OUTSTANDING_DEFAULT, .most = DNP_OUTSTANDING_MAX },
	{ .why = R_DNP_FRAGMENT, .key = "max_fragment", .form = EXPLAIN_MOST,
	  .standard = DNP_FRAGMENT, .most = DNP_FRAGMENT_MAX },
	{ .why = R_DNP_NOT_SELECTED, .key = "select_timeout", .form = EXPLAIN_MOST,
	  .standard = DNP_SELECT_DEFAULT, .most = DNP_SELECT_MAX },
	{ .why = R_DNP_NOT_SELECTED, .key = "select_before_operate", .form = EXPLAIN_OFF,
	  .without = "select_timeout", .danger = "outputs operate without having been selected" },
	{ .why = R_DNP_AUTH, .key = "require_secure_authentication", .form = EXPLAIN_OFF,
	  .danger = "nobody proves any more who sent a critical request" },
	{ .why = R_DNP_DIRECTION, .key = "master", .form = EXPLAIN_LADDER, .words = sides,
	  .danger = "the master is then the side that listens, and what it sends is judged instead" },
};
/* clang-format on */

const struct explain_ops explain_dnp3 = {
	.keys = keys,
	.n_keys = sizeof(keys) / sizeof(keys[0]),
	.operation_key = "functions",
	.compose = dnp_compose,
	.samples = dnp_samples,
	.words = dnp_record_words,
	.lacks = dnp_lacks,
	.entry = dnp_entry,
	.changes = dnp_changes,
};
