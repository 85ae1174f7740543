/* SPDX-License-Identifier: MIT
 * Samples of an OPC UA policy for zonectl selftest: requests over a channel without security, and
 * what its entries say of each. */
#include <string.h>

#include "proto/opcua/explain.h"
#include "proto/opcua/words.h"

#define URL "opc.tcp://server:4840" /* of the Hello that words are sent behind */

enum { NODE_TEXT = 160, ATTRIBUTE_BITS = 32 };

static const char *const worded[] = { "read", "write", "call", "browse" };
enum { WORDED = sizeof(worded) / sizeof(worded[0]) };

struct request {
	const struct ua_service *service;
	char node[NODE_TEXT]; /* as words have it */
	struct node_pattern is;
	uint32_t attribute; /* its number */
};

/* ---- what the entries say ---- */

static bool ua_has_service(const struct opcua_allow *a, const struct ua_service *s)
{
	return a->services >> (s - ua_services) & 1;
}

static bool ua_same_text(const struct node_pattern *p, const struct node_pattern *n)
{
	return p->form == NODE_STEM ? n->len >= p->len && memcmp(n->id, p->id, p->len) == 0
				    : n->len == p->len && memcmp(n->id, p->id, p->len) == 0;
}

static bool ua_node_fits(const struct node_pattern *p, const struct node_pattern *n)
{
	if (p->ns != n->ns)
		return false;
	switch (p->form) {
	case NODE_ANY:
		return true;
	case NODE_NUMBER:
		return n->form == NODE_NUMBER && p->lo <= n->lo && n->lo <= p->hi;
	case NODE_STRING:
	case NODE_STEM:
		return n->form == NODE_STRING && ua_same_text(p, n);
	default:
		return false;
	}
}

static bool ua_has_node(const struct opcua_allow *a, const struct node_pattern *n)
{
	for (size_t i = 0; !a->nodes.any && i < a->nodes.n; i++)
		if (ua_node_fits(&a->patterns[i], n))
			return true;
	return a->nodes.any;
}

static unsigned ua_steps_of(const struct opcua_allow *a, const struct request *q)
{
	bool attribute = q->service->classes & (UA_READ | UA_WRITE);
	if (!ua_has_service(a, q->service))
		return 0;
	if (!ua_has_node(a, &q->is))
		return 1;
	return attribute && !a->attributes.any && !(a->attribute_bits >> q->attribute & 1) ? 2 : 3;
}

static enum reason ua_expected_of(const struct opcua_policy *p, const struct request *q)
{
	static const enum reason refusals[] = { R_UA_SERVICE, R_UA_NODE, R_UA_ATTRIBUTE, R_NONE };
	unsigned furthest = 0;
	for (size_t i = 0; i < p->n_allow; i++) {
		unsigned n = ua_steps_of(&p->allow[i], q);
		furthest = n > furthest ? n : furthest;
	}
	return refusals[furthest];
}

/* ---- requests ---- */

static void ua_put_sample(struct samples *s, const struct opcua_policy *p, const char *what,
			  const struct request *q)
{
	unsigned classes = q->service->classes;
	char more[64] = "";
	if (classes & (UA_READ | UA_WRITE))
		snprintf(more, sizeof(more), " attribute %s%s", ua_attribute_name(q->attribute),
			 classes & UA_WRITE ? " = 0" : "");
	samples_put(s, what, ua_expected_of(p, q), "%s %s%s%s%s", q->service->name, q->node,
		    classes & UA_CALL ? " " : "", classes & UA_CALL ? q->node : "", more);
}

/* The node in words, and as a pattern of one node. False: words do not have it. */
static bool ua_set_node(struct request *q, const struct node_pattern *p)
{
	int n;
	q->is = *p;
	switch (p->form) {
	case NODE_ANY:
		q->is.form = NODE_NUMBER;
		q->is.lo = q->is.hi = 1;
		/* fall through */
	case NODE_NUMBER:
		q->is.hi = q->is.lo;
		n = snprintf(q->node, sizeof(q->node), "ns=%u;i=%u", p->ns, q->is.lo);
		return n < NODE_TEXT;
	case NODE_STRING:
	case NODE_STEM:
		q->is.form = NODE_STRING;
		n = snprintf(q->node, sizeof(q->node), "ns=%u;s=%.*s", p->ns, (int)p->len, p->id);
		return n < NODE_TEXT && p->len && !memchr(p->id, ' ', p->len) &&
		       !memchr(p->id, '=', p->len) && !memchr(p->id, ';', p->len);
	default:
		return false;
	}
}

static uint32_t ua_first_attribute(const struct opcua_allow *a)
{
	uint32_t i = UA_VALUE;
	if (a->attributes.any || (a->attribute_bits >> i & 1))
		return i;
	for (i = 1; i < ATTRIBUTE_BITS && !(a->attribute_bits >> i & 1);)
		i++;
	return i < ATTRIBUTE_BITS && ua_attribute_name(i) ? i : UA_VALUE;
}

static bool ua_permitted_by(const struct opcua_allow *a, const struct ua_service *service,
			    struct request *q)
{
	const struct node_pattern any = { .form = NODE_NUMBER, .lo = 2258, .hi = 2258 };
	*q = (struct request){ .service = service, .attribute = ua_first_attribute(a) };
	if (a->nodes.any)
		return ua_set_node(q, &any);
	for (size_t i = 0; i < a->nodes.n; i++)
		if (ua_set_node(q, &a->patterns[i]))
			return true;
	return false;
}

static void ua_put_moved(struct samples *s, const struct opcua_policy *p,
			 const struct opcua_allow *a, const struct request *good)
{
	struct request q = *good;
	/* a namespace that no server numbers so far */
	const struct node_pattern other = { .form = NODE_NUMBER, .ns = 65535, .lo = 1, .hi = 1 };
	if (ua_set_node(&q, &other))
		ua_put_sample(s, p, "node", &q);
	q = *good;
	for (uint32_t i = 1; ua_attribute_name(i); i++)
		if (!a->attributes.any && !(a->attribute_bits >> i & 1)) {
			q.attribute = i;
			ua_put_sample(s, p, "attribute", &q);
			return;
		}
}

static void ua_put_service(struct samples *s, const struct opcua_policy *p,
			   const struct ua_service *service)
{
	bool has = false;
	struct request q;
	for (size_t i = 0; i < p->n_allow; i++) {
		const struct opcua_allow *a = &p->allow[i];
		if (!ua_has_service(a, service))
			continue;
		has = true;
		if (!ua_permitted_by(a, service, &q)) {
			samples_leave(s, "%s: its nodes cannot be written in words", service->name);
			continue;
		}
		ua_put_sample(s, p, "permitted", &q);
		ua_put_moved(s, p, a, &q);
	}
	const struct node_pattern any = { .form = NODE_NUMBER, .lo = 2258, .hi = 2258 };
	q = (struct request){ .service = service, .attribute = UA_VALUE };
	if (!has && ua_set_node(&q, &any))
		ua_put_sample(s, p, "service", &q);
}

static bool ua_url_fits(const struct texts *t)
{
	for (size_t i = 0; !t->any && i < t->n; i++) {
		size_t n = strlen(t->v[i]);
		bool stem = n && t->v[i][n - 1] == '*';
		if (stem ? strncmp(t->v[i], URL, n - 1) == 0 : strcmp(t->v[i], URL) == 0)
			return true;
	}
	return t->any;
}

void ua_samples(const struct policy *policy, struct samples *s)
{
	const struct opcua_policy *p = opcua_policy_of(policy);
	bool url = ua_url_fits(&p->endpoint_urls), plain = p->security <= UA_MODE_NONE;
	if (!url || !plain) {
		samples_put(s, url ? "channel without security" : "endpoint",
			    url ? R_UA_SECURITY : R_UA_URL, "read ns=0;i=2258 attribute value");
		samples_leave(s, url ? "messages: the policy asks for a channel with security, and "
				       "words have none"
				     : "messages: words are sent to the endpoint " URL);
		return;
	}
	for (size_t i = 0; i < WORDED; i++)
		ua_put_service(s, p, ua_service_by_name(worded[i]));
	samples_leave(s, "services other than read, write, call and browse");
	samples_flip(s, "message type", R_UA_TYPE, 0, 1);
	samples_cut_short(s, R_TRUNCATED, 4);
}
