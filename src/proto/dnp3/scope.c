/* SPDX-License-Identifier: MIT
 *
 * What a DNP3 rule permits, function by function, to compare policies (compare/scope.h). Besides
 * functions there are the writes that an entry can name, and the addresses that may speak at all.
 */
#include "compare/scope.h"
#include "proto/dnp3/policy.h"

enum { CODE_WRITE = 2, OP_WRITES = 256, OP_PAIR = 257, OPERATIONS = 258 };

static void dnp_scope_name(unsigned operation, struct sb *out)
{
	const struct dnp_func *f =
		operation < OP_WRITES ? dnp_func_by_code((uint8_t)operation) : NULL;
	if (operation == OP_PAIR)
		sb_puts(out, "link frames");
	else if (operation == OP_WRITES)
		sb_puts(out, "writes by name");
	else if (f)
		sb_puts(out, f->name);
	else
		sb_printf(out, "function %u", operation);
}

static void object_word(unsigned number, struct sb *out)
{
	sb_printf(out, "%u.%u", number >> 8, number & 255);
}

static void operation_word(unsigned bit, struct sb *out)
{
	sb_puts(out, bit < 5 ? dnp_operations[bit] : "reserved");
}

static void trip_close_word(unsigned bit, struct sb *out)
{
	sb_puts(out, bit < 3 ? dnp_trip_close[bit] : "reserved");
}

static void write_word(unsigned bit, struct sb *out)
{
	static const char *const words[] = { "clear-restart", "time-sync", "other writes" };
	sb_puts(out, bit < 3 ? words[bit] : "?");
}

static void add_numbers(struct scope *s, const char *key, bool off, const struct pol_image *img,
			const struct pol_rset *set)
{
	scope_add_ranges(s, key, off, policy_ranges(img, set), set);
	s->v[s->n - 1].kind = SCOPE_VALUES;
}

static void add_words(struct scope *s, const struct scope_dim *like)
{
	struct scope_dim *d = scope_add(s, like->key, SCOPE_WORDS, like->off);
	d->any = like->any;
	d->number = like->number;
	d->word = like->word;
}

/* Does the rule have an object of this group (0: of any group with points)? */
static bool has_object_group(const struct pol_image *img, const struct pol_rset *objects,
			     unsigned group)
{
	const struct pol_range *v = policy_ranges(img, objects);
	for (size_t i = 0; i < objects->n; i++)
		for (unsigned g = v[i].lo >> 8; g <= v[i].hi >> 8 && g < 256; g++)
			if (group ? g == group : dnp_has_points((uint8_t)g))
				return true;
	return objects->any;
}

static void add_pair(const struct pol_image *img, const struct pol_dnp_rule *r, struct scope *out)
{
	add_numbers(out, "masters", false, img, &r->masters);
	add_numbers(out, "outstations", false, img, &r->outstations);
}

/* What writes everything writes that, too. */
static bool writes_scope(const struct pol_image *img, const struct pol_dnp_rule *r,
			 struct scope *out)
{
	bool whole = r->functions[0] >> CODE_WRITE & 1 && r->objects.any && r->points.any;
	unsigned bits = whole ? DNP_CLEAR_RESTART | DNP_TIME_SYNC | DNP_WRITE_OTHER : r->writes;
	add_pair(img, r, out);
	add_words(out,
		  &(struct scope_dim){ .key = "functions", .number = bits, .word = write_word });
	return bits != 0;
}

static void add_controls(const struct pol_image *img, const struct pol_dnp_rule *r, bool off,
			 struct scope *out)
{
	add_words(out, &(struct scope_dim){ .key = "operations",
					    .off = off,
					    .any = r->any_operation,
					    .number = r->operations,
					    .word = operation_word });
	add_words(out, &(struct scope_dim){ .key = "trip_close",
					    .off = off,
					    .any = r->any_trip_close,
					    .number = r->trip_close,
					    .word = trip_close_word });
	add_numbers(out, "count", off, img, &r->count);
	add_numbers(out, "on_time", off, img, &r->on_time);
	add_numbers(out, "off_time", off, img, &r->off_time);
}

static bool dnp_rule_scope(const struct pol_image *img, const struct pol_rule *rule,
			   unsigned operation, struct scope *out)
{
	const struct pol_dnp_rule *r = (const void *)rule;
	out->n = 0;
	if (operation == OP_WRITES)
		return writes_scope(img, r, out);
	add_pair(img, r, out);
	if (operation == OP_PAIR)
		return true;
	if (!(r->functions[operation / 8] >> operation % 8 & 1))
		return false;
	const struct dnp_func *f = dnp_func_by_code((uint8_t)operation);
	bool empty = f && f->body == DNP_BODY_NONE;
	add_numbers(out, "objects", empty, img, &r->objects);
	out->v[out->n - 1].word = object_word;
	scope_add_ranges(out, "points", empty || !has_object_group(img, &r->objects, 0),
			 policy_ranges(img, &r->points), &r->points);
	add_controls(img, r, empty || !has_object_group(img, &r->objects, DNP_G_CONTROL), out);
	struct scope_dim *d = scope_add(out, "analog_values", SCOPE_SPANS,
					empty || !has_object_group(img, &r->objects, DNP_G_ANALOG));
	d->any = r->any_analog;
	d->spans = r->analog;
	d->n = r->n_analog;
	return true;
}

static void dnp_head_scope(const struct pol_image *img, const void *head, struct scope *out)
{
	const struct pol_dnp_head *h = head;
	(void)img;
	out->n = 0;
	scope_add_number(out, "master", SCOPE_OTHER, h->server_is_master);
	scope_add_number(out, "select_before_operate", SCOPE_LESS, h->select_before_operate);
	scope_add_number(out, "unsolicited", SCOPE_MORE, h->unsolicited);
	scope_add_number(out, "broadcast", SCOPE_MORE, h->broadcast);
	scope_add_number(out, "secure_authentication", SCOPE_LESS, h->secure_authentication);
	scope_add_number(out, "unwalkable", SCOPE_MORE, h->unwalkable);
	scope_add_number(out, "confirmed_requests", SCOPE_MORE, h->confirmed_requests);
	scope_add_number(out, "interleaved_responses", SCOPE_OTHER, h->interleaved_responses);
	scope_add_number(out, "select_timeout", SCOPE_MORE, h->select_timeout);
	scope_add_number(out, "outstanding", SCOPE_MORE, h->outstanding);
	scope_add_number(out, "max_fragment", SCOPE_MORE, h->max_fragment);
}

static bool dnp_scope_changes(unsigned operation)
{
	enum { NO_CHANGE = DNP_READ | DNP_TIME | DNP_ANSWER | DNP_AUTH };
	if (operation >= OP_WRITES)
		return operation == OP_WRITES;
	const struct dnp_func *f = dnp_func_by_code((uint8_t)operation);
	return !f || !(f->classes & NO_CHANGE);
}

const struct scope_ops scope_dnp3 = { .operations = OPERATIONS,
				      .name = dnp_scope_name,
				      .changes = dnp_scope_changes,
				      .rule = dnp_rule_scope,
				      .head = dnp_head_scope };
