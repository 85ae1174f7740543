/* SPDX-License-Identifier: MIT
 *
 * OPC UA policies into the image. What is not written allows nothing, but for
 * the sizes: there the inspector's own limits, which hold anyway, are the
 * default. Patterns were checked by the model; what could not be read there
 * never comes here.
 */
#include <string.h>

#include "base/num.h"
#include "compile/build.h"
#include "proto/opcua/policy.h"
#include "proto/opcua/words.h"

static size_t ua_image_rules(const struct policy *p)
{
	return opcua_policy_of(p)->n_allow;
}

static void count_texts(const struct texts *t, struct counts *c)
{
	c->items[PROTO_OPCUA] += t->n;
	for (size_t i = 0; i < t->n; i++)
		c->strings += build_str_size(t->v[i]);
}

static void ua_image_count(const struct policy *p, struct counts *c)
{
	const struct opcua_policy *o = opcua_policy_of(p);
	const struct texts *heads[] = { &o->endpoint_urls, &o->client_certificates,
					&o->server_certificates, &o->security_policies };
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		count_texts(heads[i], c);
	for (size_t i = 0; i < o->n_allow; i++) {
		const struct opcua_allow *a = &o->allow[i];
		c->items[PROTO_OPCUA] += a->nodes.n;
		for (size_t k = 0; k < a->nodes.n; k++)
			c->strings += build_str_size(a->patterns[k].id);
		c->strings += build_rule_strings(a->at, &a->remarks);
	}
}

static struct pol_ua_item *new_item(struct build *b, struct pol_ua_list *l, enum pol_ua_how how,
				    const char *text, size_t len)
{
	struct pol_ua_item *i = build_item(b, PROTO_OPCUA);
	i->how = (uint8_t)how;
	i->text = build_str(b, text);
	i->len = (uint32_t)len;
	l->n++;
	return i;
}

static struct pol_ua_list new_list(const struct build *b, const struct texts *t)
{
	return (struct pol_ua_list){ .i0 = b->n_items[PROTO_OPCUA], .any = t->any };
}

/* Exact texts; with a '*' at the end, what begins so. */
static struct pol_ua_list put_texts(struct build *b, const struct texts *t)
{
	struct pol_ua_list l = new_list(b, t);
	for (size_t i = 0; i < t->n; i++) {
		size_t n = strlen(t->v[i]);
		bool stem = n && t->v[i][n - 1] == '*';
		new_item(b, &l, stem ? POL_UA_STEM : POL_UA_TEXT, t->v[i], n - stem);
	}
	return l;
}

static void put_node(struct build *b, struct pol_ua_list *l, const struct node_pattern *n)
{
	static const enum pol_ua_how hows[] = {
		[NODE_ANY] = POL_UA_NS,	       [NODE_NUMBER] = POL_UA_NUMBER,
		[NODE_STRING] = POL_UA_STRING, [NODE_STEM] = POL_UA_STRING_STEM,
		[NODE_GUID] = POL_UA_GUID,     [NODE_OPAQUE] = POL_UA_OPAQUE
	};
	struct pol_ua_item *i = new_item(b, l, hows[n->form], n->id, n->len);
	i->ns = n->ns;
	i->lo = n->lo;
	i->hi = n->hi;
}

static uint16_t users_of(const struct texts *t)
{
	uint16_t bits = 0;
	for (unsigned u = UA_TOKEN_ANONYMOUS; u < UA_TOKEN_OTHER; u++) {
		if (t->any && u != UA_TOKEN_ANONYMOUS)
			bits |= (uint16_t)(1u << u);
		for (size_t i = 0; i < t->n; i++)
			if (strcmp(t->v[i], ua_token_names[u]) == 0)
				bits |= (uint16_t)(1u << u);
	}
	return bits;
}

/* Names of the table, or URIs; "any" is all of the table that is not deprecated. */
static void put_policies(struct build *b, const struct texts *t, struct pol_ua_head *h)
{
	h->uris = new_list(b, t);
	h->uris.any = 0;
	for (size_t k = 1; t->any && k < ua_policies_n; k++)
		if (!ua_policies[k].deprecated)
			h->policies |= UINT32_C(1) << k;
	for (size_t i = 0; i < t->n; i++) {
		const char *v = t->v[i];
		const struct ua_policy *p = ua_policy_by_name(v);
		if (!p)
			p = ua_policy_by_uri((const uint8_t *)v, strlen(v));
		if (p)
			h->policies |= UINT32_C(1) << (p - ua_policies);
		else
			new_item(b, &h->uris, POL_UA_TEXT, v, strlen(v));
	}
}

static void ua_image_put(struct build *b, const struct policy *p)
{
	const struct opcua_policy *o = opcua_policy_of(p);
	struct pol_ua_head *h = build_head(b, PROTO_OPCUA);
	h->security = (uint8_t)o->security;
	h->unsecured_discovery = o->unsecured_discovery;
	h->reverse_connect = o->reverse_connect;
	h->opaque = o->opaque;
	h->users = users_of(&o->user_tokens);
	h->max_chunk = o->max_chunk;
	h->max_message = o->max_message;
	put_policies(b, &o->security_policies, h);
	h->urls = put_texts(b, &o->endpoint_urls);
	h->client_certificates = put_texts(b, &o->client_certificates);
	h->server_certificates = put_texts(b, &o->server_certificates);
	for (size_t i = 0; i < o->n_allow; i++) {
		const struct opcua_allow *a = &o->allow[i];
		struct pol_ua_rule *r = build_rule(b, PROTO_OPCUA, a->at, &a->remarks);
		r->services = a->services;
		r->least_interval = a->least_interval;
		r->server_sampling = a->sampling_by_server;
		r->attributes = a->attributes.any ? UINT32_MAX : a->attribute_bits;
		r->nodes = new_list(b, &a->nodes);
		for (size_t k = 0; k < a->nodes.n; k++)
			put_node(b, &r->nodes, &a->patterns[k]);
	}
}

const struct build_ops build_opcua = { .rules = ua_image_rules,
				       .count = ua_image_count,
				       .put = ua_image_put };
