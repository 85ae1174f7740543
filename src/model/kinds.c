/* SPDX-License-Identifier: MIT
 * Flows without ports: ICMP by the types of its requests, and other IP protocols. */
#include <netinet/in.h>
#include <string.h>

#include "base/num.h"
#include "model/internal.h"

/* The types of requests, which connection tracking joins with their replies: no other type opens
 * anything. Of ICMP: RFC 792, 950; of ICMPv6: RFC 4443, 4620. */
/* clang-format off */
static const struct word icmp_types[] = {
	{ "echo", 8 }, { "timestamp", 13 }, { "information", 15 }, { "address-mask", 17 }, { NULL, 0 },
};
static const struct word icmpv6_types[] = { { "echo", 128 }, { "node-information", 139 }, { NULL, 0 } };
/* Assigned Internet Protocol Numbers (IANA). */
static const struct word ip_protocols[] = {
	{ "igmp", 2 }, { "ipip", 4 }, { "egp", 8 }, { "ipv6", 41 }, { "rsvp", 46 }, { "gre", 47 }, { "esp", 50 },
	{ "ah", 51 }, { "eigrp", 88 }, { "ospf", 89 }, { "etherip", 97 }, { "pim", 103 }, { "vrrp", 112 },
	{ "l2tp", 115 }, { "sctp", 132 }, { "mpls-in-ip", 137 }, { NULL, 0 },
};
/* clang-format on */

struct kind_key {
	const char *key;
	const struct word *words;
	uint8_t l4; /* 0: the number is the protocol's */
};
static const struct kind_key keys[] = {
	{ "icmp_types", icmp_types, IPPROTO_ICMP },
	{ "icmpv6_types", icmpv6_types, IPPROTO_ICMPV6 },
	{ "ip_protocols", ip_protocols, 0 },
};
enum { KEYS_N = sizeof(keys) / sizeof(keys[0]) };

bool model_flow_has_kind(const struct flow *f, uint8_t l4, uint8_t type)
{
	for (size_t i = 0; i < f->n_kinds; i++)
		if (f->kinds[i].l4 == l4 && f->kinds[i].type == type)
			return true;
	return false;
}

bool model_kind_named(const char *key, const char *text, struct ip_kind *out)
{
	uint64_t v;
	for (size_t k = 0; k < KEYS_N; k++) {
		if (strcmp(keys[k].key, key) != 0)
			continue;
		bool number = num_parse(text, 0, UINT8_MAX, &v);
		for (const struct word *w = keys[k].words; w->name && !number; w++) {
			number = strcmp(w->name, text) == 0;
			v = (uint64_t)w->value;
		}
		*out = keys[k].l4 ? (struct ip_kind){ keys[k].l4, (uint8_t)v }
				  : (struct ip_kind){ (uint8_t)v, 0 };
		return number;
	}
	return false;
}

void model_kind_text(const struct ip_kind *k, char *out, size_t n)
{
	bool icmp = k->l4 == IPPROTO_ICMP || k->l4 == IPPROTO_ICMPV6;
	const struct word *w = k->l4 == IPPROTO_ICMP	 ? icmp_types
			       : k->l4 == IPPROTO_ICMPV6 ? icmpv6_types
							 : ip_protocols;
	int value = icmp ? k->type : k->l4;
	for (; w->name && w->value != value; w++)
		;
	if (w->name)
		snprintf(out, n, "%s", w->name);
	else
		snprintf(out, n, "%d", value);
}

void model_add_kind(struct arena *a, struct flow *f, struct ip_kind k)
{
	f->kinds = arena_grow(a, f->kinds, f->n_kinds, sizeof(*f->kinds));
	f->kinds[f->n_kinds++] = k;
}

static const char *why_not_type(const struct kind_key *k, uint64_t v)
{
	for (const struct word *w = k->words; w->name; w++)
		if ((uint64_t)w->value == v)
			return NULL;
	return "is no type of a request, so it opens nothing: replies pass with their requests, "
	       "and "
	       "errors with the connections that they are about";
}

static const char *why_not_protocol(uint64_t v)
{
	static const struct {
		uint8_t number;
		const char *why;
	} others[] = {
		{ IPPROTO_ICMP, "is ICMP; write icmp_types" },
		{ IPPROTO_TCP, "is TCP; write transport and ports" },
		{ IPPROTO_UDP, "is UDP; write transport and ports" },
		{ IPPROTO_ICMPV6, "is ICMPv6; write icmpv6_types" },
		{ IPPROTO_HOPOPTS, "is an extension header of IPv6, and no protocol" },
		{ IPPROTO_ROUTING, "is an extension header of IPv6, and no protocol" },
		{ IPPROTO_FRAGMENT, "is an extension header of IPv6, and no protocol" },
		{ IPPROTO_NONE, "is an extension header of IPv6, and no protocol" },
		{ IPPROTO_DSTOPTS, "is an extension header of IPv6, and no protocol" },
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].number == v)
			return others[i].why;
	return NULL;
}

static void say_unknown(struct load *l, const config_setting_t *s, const struct kind_key *k)
{
	char list[300] = "";
	const char *names[32], *text = written_of(s)->text;
	size_t n = 0;
	for (const struct word *w = k->words; w->name; w++) {
		size_t at = strlen(list);
		snprintf(list + at, sizeof(list) - at, "%s\"%s\"", at ? ", " : "", w->name);
		names[n++] = w->name;
	}
	const char *near = name_nearest(text, names, n);
	if (near)
		complain(l, at_of(l, s), "%s: \"%s\" is not known; did you mean \"%s\"?", k->key,
			 text, near);
	else
		complain(l, at_of(l, s),
			 "%s: \"%s\" is not known; write a number, or write one of %s", k->key,
			 text, list);
}

static void read_ip_kind(struct load *l, const config_setting_t *s, const struct kind_key *k,
			 struct flow *f)
{
	struct ip_kind kind;
	uint64_t v;
	if (written_of(s)->type == SETTING_TEXT) {
		if (!model_kind_named(k->key, written_of(s)->text, &kind)) {
			say_unknown(l, s, k);
			return;
		}
		v = k->l4 ? kind.type : kind.l4;
	} else if (!number_of(l, s, k->key, 0, UINT8_MAX, &v)) {
		return;
	}
	const char *why = k->l4 ? why_not_type(k, v) : why_not_protocol(v);
	kind = k->l4 ? (struct ip_kind){ k->l4, (uint8_t)v } : (struct ip_kind){ (uint8_t)v, 0 };
	if (why)
		complain(l, at_of(l, s), "%s: %u %s", k->key, (unsigned)v, why);
	else
		model_add_kind(l->m->arena, f, kind);
}

bool load_kinds(struct load *l, const config_setting_t *g, struct flow *f)
{
	bool any = false;
	for (size_t k = 0; k < KEYS_N; k++) {
		const config_setting_t *s = config_setting_get_member(g, keys[k].key);
		if (!s)
			continue;
		any = true;
		f->l4 = keys[k].l4 ? IPPROTO_ICMP : IPPROTO_RAW;
		if (config_setting_is_group(s) || !items(s)) {
			complain(l, at_of(l, s),
				 "%s: nothing in it; write a list, such as [ \"%s\" ]", keys[k].key,
				 keys[k].words[0].name);
			continue;
		}
		for (size_t i = 0; i < items(s); i++)
			read_ip_kind(l, item(s, i), &keys[k], f);
	}
	return any;
}

/* Those of this key; an array has either names or numbers, a list both. */
static void print_kinds_of(FILE *f, const struct flow *w, const struct kind_key *k)
{
	char text[KIND_TEXT];
	size_t n = 0;
	for (size_t i = 0; i < w->n_kinds; i++) {
		const struct ip_kind *kind = &w->kinds[i];
		bool icmp = kind->l4 == IPPROTO_ICMP || kind->l4 == IPPROTO_ICMPV6;
		if (k->l4 ? kind->l4 != k->l4 : icmp)
			continue;
		if (!n++)
			fprintf(f, "%s = (", k->key);
		fputs(n > 1 ? ", " : " ", f);
		model_kind_text(kind, text, sizeof(text));
		if (text[0] >= '0' && text[0] <= '9')
			fputs(text, f);
		else
			print_text(f, text);
	}
	if (n)
		fputs(" ); ", f);
}

void print_kinds(FILE *f, const struct flow *w)
{
	for (size_t k = 0; k < KEYS_N; k++)
		print_kinds_of(f, w, &keys[k]);
}
