/* SPDX-License-Identifier: MIT
 * What an OPC UA rule permits, service by service, to compare policies (compare/scope.h). */
#include <string.h>

#include "compare/scope.h"
#include "proto/opcua/policy.h"

enum { ATTRIBUTES = 0x0ffffffe }; /* 1 to 27 */

static void ua_scope_name(unsigned service, struct sb *out)
{
	sb_puts(out, service < ua_services_n ? ua_services[service].name : "?");
}

static bool texts_cover(const struct pol_image *img, const struct pol_ua_item *i,
			const struct pol_image *other_img, const struct pol_ua_item *other,
			bool stem)
{
	const char *a = policy_str(img, i->text), *b = policy_str(other_img, other->text);
	if (stem ? other->len < i->len : other->len != i->len)
		return false;
	return memcmp(a, b, i->len) == 0;
}

/* Of the patterns that are only themselves an equal one covers. */
static bool ua_item_covers(const struct pol_image *img, const void *item,
			   const struct pol_image *other_img, const void *other_item)
{
	const struct pol_ua_item *i = item, *o = other_item;
	bool nodes = i->how >= POL_UA_NS;
	if (nodes != (o->how >= POL_UA_NS) || (nodes && i->ns != o->ns))
		return false;
	if (i->how == POL_UA_NS)
		return true;
	if (i->how == POL_UA_NUMBER)
		return o->how == POL_UA_NUMBER && i->lo <= o->lo && o->hi <= i->hi;
	if (i->how == POL_UA_STEM || i->how == POL_UA_STRING_STEM)
		return (o->how == i->how || o->how + 1 == i->how) &&
		       texts_cover(img, i, other_img, o, true);
	return o->how == i->how && texts_cover(img, i, other_img, o, false);
}

_Static_assert((int)POL_UA_TEXT + 1 == (int)POL_UA_STEM &&
		       (int)POL_UA_STRING + 1 == (int)POL_UA_STRING_STEM,
	       "a stem is behind its texts");

static void ua_item_text(const struct pol_image *img, const void *item, struct sb *out)
{
	static const char *const kinds[POL_UA_HOW_N] = { [POL_UA_NUMBER] = "i",
							 [POL_UA_STRING] = "s",
							 [POL_UA_STRING_STEM] = "s",
							 [POL_UA_GUID] = "g",
							 [POL_UA_OPAQUE] = "b" };
	const struct pol_ua_item *i = item;
	if (i->how >= POL_UA_NS)
		sb_printf(out, "ns=%u", i->ns);
	if (kinds[i->how])
		sb_printf(out, ";%s=", kinds[i->how]);
	if (i->how == POL_UA_NUMBER)
		sb_printf(out, i->hi > i->lo ? "%u-%u" : "%u", i->lo, i->hi);
	else if (i->how != POL_UA_NS)
		sb_put_foreign(out, policy_str(img, i->text), i->len);
	if (i->how == POL_UA_STEM || i->how == POL_UA_STRING_STEM)
		sb_putc(out, '*');
}

static void add_items(struct scope *s, const char *key, bool off, const struct pol_image *img,
		      const struct pol_ua_list *l)
{
	struct scope_dim *d = scope_add(s, key, SCOPE_ITEMS, off);
	d->any = l->any;
	d->items = (struct scope_items){ .img = img,
					 .v = policy_opcua_items(img, l),
					 .n = l->n,
					 .size = sizeof(struct pol_ua_item),
					 .covers = ua_item_covers,
					 .text = ua_item_text };
}

static void attribute_word(unsigned bit, struct sb *out)
{
	const char *name = ua_attribute_name(bit);
	sb_puts(out, name ? name : "?");
}

/* An interval of 0 leaves it to the server, which passes where no least one is asked for. */
static bool ua_rule_scope(const struct pol_image *img, const struct pol_rule *rule,
			  unsigned service, struct scope *out)
{
	const struct pol_ua_rule *r = (const void *)rule;
	out->n = 0;
	if (service >= ua_services_n || !(r->services >> service & 1))
		return false;
	const struct ua_service *s = &ua_services[service];
	add_items(out, "nodes", !ua_service_names(s, 'n'), img, &r->nodes);
	struct scope_dim *d = scope_add(out, "attributes", SCOPE_WORDS, !ua_service_names(s, 'a'));
	d->number = r->attributes & ATTRIBUTES;
	d->word = attribute_word;
	d = scope_add(out, "least_interval", SCOPE_LESS,
		      !ua_service_names(s, 'i') && !ua_service_names(s, 's'));
	d->number = r->least_interval;
	d = scope_add(out, "sampling_by_server", SCOPE_MORE, !ua_service_names(s, 's'));
	d->number = r->server_sampling || !r->least_interval;
	return true;
}

static void security_policy_word(unsigned bit, struct sb *out)
{
	sb_puts(out, bit < ua_policies_n ? ua_policies[bit].name : "?");
}

static void user_word(unsigned bit, struct sb *out)
{
	sb_puts(out, bit < UA_TOKEN_OTHER ? ua_token_names[bit] : "other");
}

static void size_word(unsigned octets, struct sb *out)
{
	if (octets)
		sb_printf(out, "%u", octets);
	else
		sb_puts(out, "no limit of its own");
}

/* 0 is above every limit. */
static void add_size(struct scope *s, const char *key, uint32_t octets)
{
	scope_add_number(s, key, SCOPE_MORE, octets ? octets : UINT64_C(1) << 32);
	s->v[s->n - 1].word = size_word;
}

static void ua_head_scope(const struct pol_image *img, const void *head, struct scope *out)
{
	const struct pol_ua_head *h = head;
	out->n = 0;
	scope_add_number(out, "security", SCOPE_LESS, h->security);
	scope_add_number(out, "unsecured_discovery", SCOPE_MORE, h->unsecured_discovery);
	scope_add_number(out, "reverse_connect", SCOPE_MORE, h->reverse_connect);
	scope_add_number(out, "opaque", SCOPE_MORE, h->opaque);
	struct scope_dim *d = scope_add(out, "security_policies", SCOPE_WORDS, false);
	d->number = h->policies;
	d->word = security_policy_word;
	add_items(out, "security_policies", false, img, &h->uris);
	d = scope_add(out, "user_tokens", SCOPE_WORDS, false);
	d->number = h->users;
	d->word = user_word;
	add_items(out, "endpoint_urls", false, img, &h->urls);
	add_items(out, "client_certificates", false, img, &h->client_certificates);
	add_items(out, "server_certificates", false, img, &h->server_certificates);
	add_size(out, "max_chunk", h->max_chunk);
	add_size(out, "max_message", h->max_message);
}

static bool ua_scope_changes(unsigned service)
{
	enum { CHANGE = UA_WRITE | UA_CALL | UA_HISTORY_UPDATE | UA_NODE_MANAGEMENT };
	return service >= ua_services_n || ua_services[service].classes & CHANGE;
}

const struct scope_ops scope_opcua = { .operations = 64,
				       .name = ua_scope_name,
				       .changes = ua_scope_changes,
				       .rule = ua_rule_scope,
				       .head = ua_head_scope };
