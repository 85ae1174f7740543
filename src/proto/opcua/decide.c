/* SPDX-License-Identifier: MIT
 *
 * decide(): one OPC UA request against the entries of its policy.
 *
 * A request passes when ONE entry allows all of it: the service, every node
 * that it names with the attribute that goes with it, and every interval. The
 * entry that came furthest names the refusal. Identifiers are compared byte by
 * byte; a node named by a namespace URI or on another server is in no
 * namespace that a policy can write, so only "any" allows it.
 */
#include <string.h>

#include "proto/opcua/policy.h"

#define AT(img, off, type) ((const type *)(const void *)((const uint8_t *)(img) + (off)))

static bool list_ok(const struct pol_image *img, const struct pol_ua_list *l)
{
	return l->any <= 1 && (uint64_t)l->i0 + l->n <= img->n_items[PROTO_OPCUA];
}

static bool item_ok(const struct pol_image *img, const void *item)
{
	const struct pol_ua_item *i = item;
	return i->how < POL_UA_HOW_N && i->lo <= i->hi && policy_str_ok(img, i->text) &&
	       (uint64_t)i->text.off + i->len < (uint64_t)img->strings_off + img->strings_len;
}

static bool ua_rule_ok(const struct pol_image *img, const void *rule)
{
	const struct pol_ua_rule *r = rule;
	return r->server_sampling <= 1 && list_ok(img, &r->nodes);
}

static bool ua_head_ok(const struct pol_image *img, const void *head)
{
	const struct pol_ua_head *h = head;
	return h->security <= UA_MODE_ENCRYPT && h->unsecured_discovery <= 1 &&
	       h->reverse_connect <= 1 && h->opaque <= 1 && list_ok(img, &h->uris) &&
	       list_ok(img, &h->urls) && list_ok(img, &h->client_certificates) &&
	       list_ok(img, &h->server_certificates);
}

const struct pol_ua_item *policy_opcua_items(const struct pol_image *img,
					     const struct pol_ua_list *l)
{
	return AT(img, img->items_off[PROTO_OPCUA], struct pol_ua_item) + l->i0;
}

static bool same(const struct pol_image *img, const struct pol_ua_item *i, const void *p, size_t n,
		 bool stem)
{
	if (stem ? n < i->len : n != i->len)
		return false;
	return i->len == 0 || memcmp(AT(img, i->text.off, char), p, i->len) == 0;
}

bool policy_opcua_text(const struct pol_image *img, const struct pol_ua_list *l, const void *text,
		       size_t n)
{
	for (uint32_t k = 0; !l->any && k < l->n; k++) {
		const struct pol_ua_item *i = &policy_opcua_items(img, l)[k];
		if (i->how <= POL_UA_STEM && same(img, i, text, n, i->how == POL_UA_STEM))
			return true;
	}
	return l->any;
}

bool policy_opcua_uri(const struct pol_image *img, const struct pol_ua_head *h,
		      const struct ua_policy *p, const struct ua_bytes *uri)
{
	if (p)
		return h->policies >> (p - ua_policies) & 1;
	return uri->p && !h->uris.any && policy_opcua_text(img, &h->uris, uri->p, uri->n);
}

static bool node_fits(const struct pol_image *img, const struct pol_ua_item *i,
		      const struct ua_node *n)
{
	static const uint8_t kinds[POL_UA_HOW_N] = {
		[POL_UA_NUMBER] = UA_NUMERIC,	  [POL_UA_STRING] = UA_STRING,
		[POL_UA_STRING_STEM] = UA_STRING, [POL_UA_GUID] = UA_GUID,
		[POL_UA_OPAQUE] = UA_OPAQUE,
	};
	if (i->how < POL_UA_NS || n->ns != i->ns || n->foreign)
		return false;
	if (i->how == POL_UA_NS)
		return true;
	if (n->kind != kinds[i->how])
		return false;
	if (i->how == POL_UA_NUMBER)
		return i->lo <= n->number && n->number <= i->hi;
	if (n->kind == UA_STRING)
		return same(img, i, n->id.p, n->id.n, i->how == POL_UA_STRING_STEM);
	/* a GUID, or opaque bytes: both are short enough for their text, or never fit */
	char text[UA_NODE_TEXT];
	ua_node_text(n, text);
	const char *id = strchr(text, '='); /* behind "ns=" */
	id = id ? strchr(id + 1, '=') : NULL;
	return id && 2 * n->id.n + 20 < UA_NODE_TEXT && same(img, i, id + 1, strlen(id + 1), false);
}

struct trial {
	const struct pol_image *img;
	const struct pol_ua_rule *rule;
	enum reason refusal; /* of a node */
	struct ua_visit visit;
};

static bool node_ok(struct trial *t, const struct ua_node *n)
{
	const struct pol_ua_list *l = &t->rule->nodes;
	for (uint32_t k = 0; !l->any && k < l->n; k++)
		if (node_fits(t->img, &policy_opcua_items(t->img, l)[k], n))
			return true;
	return l->any;
}

static bool visit(void *ctx, const struct ua_visit *v)
{
	struct trial *t = ctx;
	if (!node_ok(t, &v->node))
		t->refusal = R_UA_NODE;
	else if (v->has_attribute &&
		 (v->attribute > 31 || !(t->rule->attributes >> v->attribute & 1)))
		t->refusal = R_UA_ATTRIBUTE;
	else
		return true;
	t->visit = *v;
	return false;
}

/* Degree to which an entry permits the request: 0 another service, 1 a node is refused, 2 an
 * attribute is refused, 3 an interval is refused, 4 all is permitted. */
static unsigned try_rule(struct trial *t, const uint8_t *body, size_t n, const struct ua_body *b)
{
	struct ua_body again;
	if (!(t->rule->services >> (b->service - ua_services) & 1))
		return 0;
	if (b->nodes)
		(void)ua_body(body, n, false, &(struct ua_visitor){ visit, t }, &again);
	if (t->refusal != R_NONE)
		return t->refusal == R_UA_NODE ? 1 : 2;
	if (b->has_interval && b->interval < t->rule->least_interval)
		return 3;
	if (b->server_sampling && t->rule->least_interval && !t->rule->server_sampling)
		return 3;
	return 4;
}

static struct trial trial_of(const struct pol_image *img, uint32_t rule)
{
	return (struct trial){ .img = img,
			       .rule = (const void *)policy_rule(img, PROTO_OPCUA, rule) };
}

/* got: of try_rule() */
static struct ua_decision decision_of(const struct trial *t, uint32_t rule, unsigned got)
{
	static const enum reason refusals[] = {
		R_UA_SERVICE, R_UA_NODE, R_UA_ATTRIBUTE, R_UA_INTERVAL, R_NONE,
	};
	return (struct ua_decision){ .reason = refusals[got],
				     .rule = (uint16_t)rule,
				     .has_node = t->refusal != R_NONE,
				     .visit = t->visit };
}

struct ua_decision policy_opcua(const struct pol_image *img, const struct pol_flow *f,
				const uint8_t *body, size_t n, const struct ua_body *b)
{
	struct ua_decision best = { .reason = R_UA_SERVICE, .rule = 0xffff };
	unsigned furthest = 0;
	for (uint32_t k = 0; k < f->n_rules && furthest < 4; k++) {
		struct trial t = trial_of(img, f->rule0 + k);
		unsigned got = try_rule(&t, body, n, b);
		if (got <= furthest)
			continue;
		furthest = got;
		best = decision_of(&t, f->rule0 + k, got);
	}
	return best;
}

struct ua_decision policy_opcua_rule(const struct pol_image *img, uint32_t rule,
				     const uint8_t *body, size_t n, const struct ua_body *b)
{
	struct trial t = trial_of(img, rule);
	unsigned got = try_rule(&t, body, n, b);
	return decision_of(&t, rule, got);
}

const struct pol_shape pol_opcua_shape = {
	.rule = sizeof(struct pol_ua_rule),
	.head = sizeof(struct pol_ua_head),
	.item = sizeof(struct pol_ua_item),
	.rule_ok = ua_rule_ok,
	.head_ok = ua_head_ok,
	.item_ok = item_ok,
};
