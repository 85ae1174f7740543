/* SPDX-License-Identifier: MIT
 * What was expected of an OPC UA message, and what came. */
#include "proto/opcua/facts-expected.h"

#include <string.h>

#include "proto/opcua/facts.h"
#include "proto/opcua/wire-body.h"

/* ---- what a policy has ---- */

void ua_put_services(struct sb *b, uint64_t bits)
{
	for (size_t i = 0; i < ua_services_n && !b->cut; i++)
		if (bits >> i & 1)
			expected_item(b, ua_services[i].name);
}

void ua_put_attributes(struct sb *b, uint32_t bits)
{
	for (uint32_t i = 1; i < 32; i++)
		if (bits >> i & 1 && ua_attribute_name(i))
			expected_item(b, ua_attribute_name(i));
}

static void put_item(struct sb *b, const struct pol_image *img, const struct pol_ua_item *i)
{
	static const char *const kinds[POL_UA_HOW_N] = {
		[POL_UA_NUMBER] = "i=", [POL_UA_STRING] = "s=", [POL_UA_STRING_STEM] = "s=",
		[POL_UA_GUID] = "g=",	[POL_UA_OPAQUE] = "b=",
	};
	const char *text = policy_str(img, i->text);
	bool node = i->how >= POL_UA_NS && i->how < POL_UA_HOW_N;
	bool stem = i->how == POL_UA_STEM || i->how == POL_UA_STRING_STEM;
	if (node) {
		sb_puts(b, "ns=");
		sb_put_number(b, i->ns);
		sb_puts(b, i->how == POL_UA_NS ? ";*" : ";");
		sb_puts(b, kinds[i->how] ? kinds[i->how] : "");
	}
	if (i->how == POL_UA_NUMBER)
		expected_span(b, i->lo, i->hi);
	else if (i->how != POL_UA_NS)
		sb_put_bytes(b, text, strnlen(text, i->len));
	if (stem)
		sb_putc(b, '*');
}

void ua_put_list(struct sb *b, const struct pol_image *img, const struct pol_ua_list *l)
{
	const struct pol_ua_item *v = policy_opcua_items(img, l);
	if (l->any || !l->n)
		sb_puts(b, l->any ? "any" : "none");
	for (uint32_t i = 0; !l->any && i < l->n && !b->cut; i++) {
		sb_puts(b, i ? ", " : "");
		put_item(b, img, &v[i]);
	}
}

/* ---- by reason ---- */

/* Of a policy none of whose entries has the service: all that it has. */
static void put_all_services(const struct expected_case *c, struct sb *e)
{
	const struct pol_ua_rule *r;
	uint64_t bits = 0;
	for (uint32_t i = 0; (r = (const void *)expected_rule(c, i)); i++)
		bits |= r->services;
	ua_put_services(e, bits);
	sb_puts(e, e->len ? "" : "none");
}

static void put_text_of(const struct ev_opcua *u, struct sb *b)
{
	sb_put_bytes(b, u->text, strnlen(u->text, EV_UA_TEXT));
}

static void put_of_entry(const struct expected_case *c, const struct ev_opcua *u, struct sb *e,
			 struct sb *came)
{
	const struct pol_ua_rule *r = (const void *)c->rule;
	const char *attribute = ua_attribute_name(u->attribute);
	if (c->ev->reason == R_UA_NODE) {
		sb_puts(e, "nodes ");
		ua_put_list(e, c->img, &r->nodes);
		put_text_of(u, came);
	} else if (c->ev->reason == R_UA_ATTRIBUTE) {
		ua_put_attributes(e, r->attributes);
		sb_puts(came, attribute ? attribute : "a reserved one");
	} else if (c->ev->reason == R_UA_INTERVAL) {
		sb_puts(e, "at least ");
		sb_put_number(e, r->least_interval);
		sb_puts(e, " ms");
		if (c->ev->number.there) {
			sb_put_number(came, c->ev->number.came);
			sb_puts(came, " ms");
		} else {
			sb_puts(came, "the fastest that the server has");
		}
	}
}

static void put_policies(const struct expected_case *c, const struct pol_ua_head *h, struct sb *e)
{
	for (size_t i = 0; i < ua_policies_n; i++)
		if (h->policies >> i & 1)
			expected_item(e, ua_policies[i].name);
	if (h->uris.n) {
		sb_puts(e, e->len ? ", " : "");
		ua_put_list(e, c->img, &h->uris);
	}
}

static void put_users(const struct pol_ua_head *h, struct sb *e)
{
	for (unsigned i = UA_TOKEN_NONE + 1; i <= UA_TOKEN_OTHER; i++)
		if (h->users >> i & 1)
			expected_item(e, ua_token_names[i]);
	sb_puts(e, e->len ? "" : "none");
}

static void put_of_head(const struct expected_case *c, const struct ev_opcua *u, struct sb *e,
			struct sb *came)
{
	static const char *const modes[] = { "unknown", "none", "sign", "sign-and-encrypt" };
	const struct pol_ua_head *h = policy_head(c->img, c->flow);
	if (!h)
		return;
	switch ((enum reason)c->ev->reason) {
	case R_UA_SECURITY:
		sb_puts(e, "security mode ");
		sb_puts(e, modes[h->security <= UA_MODE_ENCRYPT ? h->security : 0]);
		sb_puts(e, h->security < UA_MODE_ENCRYPT ? " or higher" : "");
		sb_puts(came, "security mode ");
		sb_puts(came,
			modes[u->mode <= UA_MODE_ENCRYPT && u->mode ? u->mode : UA_MODE_NONE]);
		break;
	case R_UA_POLICY:
		put_policies(c, h, e);
		put_text_of(u, came);
		break;
	case R_UA_USER:
		put_users(h, e);
		sb_puts(came, u->user <= UA_TOKEN_OTHER && ua_token_names[u->user]
				      ? ua_token_names[u->user]
				      : "none");
		break;
	case R_UA_URL:
		ua_put_list(e, c->img, &h->urls);
		put_text_of(u, came);
		break;
	case R_UA_CERTIFICATE:
		ua_put_list(e, c->img,
			    c->ev->response ? &h->server_certificates : &h->client_certificates);
		put_text_of(u, came);
		break;
	default:
		break;
	}
}

void ua_expected(const struct expected_case *c, struct sb *e, struct sb *came)
{
	const struct ev_opcua *u = EV_OPCUA(c->ev);
	const struct ua_service *s = u->has & EVU_SERVICE ? ua_service_by_id(u->service) : NULL;
	bool of_entry = c->ev->reason == R_UA_NODE || c->ev->reason == R_UA_ATTRIBUTE ||
			c->ev->reason == R_UA_INTERVAL;
	if (c->ev->reason == R_UA_SERVICE && c->flow) {
		put_all_services(c, e);
		sb_puts(came, s ? s->name : "a service without a name");
	} else if (of_entry && c->rule) {
		put_of_entry(c, u, e, came);
	} else if (!of_entry && c->flow) {
		put_of_head(c, u, e, came);
	}
}
