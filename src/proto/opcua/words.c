/* SPDX-License-Identifier: MIT
 *
 * OPC UA policies. An omitted key is never more permissive: what a policy or
 * an entry's services could be restricted by must be written, if only as
 * "any". What is dangerous even then must be named: anonymous users and
 * deprecated security policies are in no "any".
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "proto/opcua/wire-body.h"
#include "model/internal.h"
#include "proto/opcua/words.h"

enum { NODES_MAX = 256, OPAQUE_MAX = 37, GUID_TEXT = 36 };

/* clang-format off */
static const struct word words_security[] = {
	{ "none", UA_MODE_NONE },
	{ "sign", UA_MODE_SIGN },
	{ "sign-and-encrypt", UA_MODE_ENCRYPT },
	{ NULL, 0 },
};
/* clang-format on */
static const struct word words_opaque[] = { { "refuse", 0 }, { "allow", 1 }, { NULL, 0 } };

/* ---- nodes ---- */

static bool all_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)s[i]) && (s[i] < 'a' || s[i] > 'f'))
			return false;
	return true;
}

/* 8-4-4-4-12 lower case hex digits */
static bool is_guid(const char *s)
{
	static const char dashes[] = "--------.----.----.----.------------";
	for (size_t i = 0; i < GUID_TEXT; i++)
		if (dashes[i] == '.' ? s[i] != '-' : !all_hex(s + i, s[i] ? 1 : 0) || !s[i])
			return false;
	return s[GUID_TEXT] == '\0';
}

static bool number_range(char *text, uint32_t *lo, uint32_t *hi)
{
	uint64_t a, b;
	char *dash = strchr(text, '-');
	if (dash)
		*dash = '\0';
	if (!num_parse(text, 0, UINT32_MAX, &a))
		return false;
	b = a;
	if (dash && !num_parse(dash + 1, a, UINT32_MAX, &b))
		return false;
	*lo = (uint32_t)a;
	*hi = (uint32_t)b;
	return true;
}

static bool identifier(char kind, struct node_pattern *out)
{
	char number[32];
	switch (kind) {
	case 'i':
		out->form = NODE_NUMBER;
		if (out->len >= sizeof(number))
			return false;
		memcpy(number, out->id, out->len + 1);
		return number_range(number, &out->lo, &out->hi);
	case 's':
		out->form = NODE_STRING;
		if (out->len && out->id[out->len - 1] == '*') {
			out->form = NODE_STEM;
			out->len--;
		}
		return true;
	case 'g':
		out->form = NODE_GUID;
		return is_guid(out->id);
	case 'b':
		out->form = NODE_OPAQUE;
		return out->len % 2 == 0 && out->len <= 2 * OPAQUE_MAX &&
		       all_hex(out->id, out->len);
	default:
		return false;
	}
}

static bool node_pattern(const char *text, struct node_pattern *out)
{
	uint64_t ns = 0;
	*out = (struct node_pattern){ .form = NODE_ANY, .id = "" };
	if (strncmp(text, "ns=", 3) == 0) {
		char number[8];
		size_t n = strcspn(text + 3, ";");
		if (n >= sizeof(number))
			return false;
		memcpy(number, text + 3, n);
		number[n] = '\0';
		if (!num_parse(number, 0, UINT16_MAX, &ns))
			return false;
		text += 3 + n;
		out->ns = (uint16_t)ns;
		if (!*text)
			return true;
		text++;
	}
	if (!text[0] || text[1] != '=')
		return false;
	out->id = text + 2;
	out->len = strlen(out->id);
	return identifier(text[0], out);
}

static void load_nodes(struct load *l, const config_setting_t *g, struct opcua_allow *a)
{
	get_texts(l, g, "nodes", &a->nodes);
	a->patterns = arena_alloc(l->m->arena, (a->nodes.n + 1) * sizeof(*a->patterns));
	if (a->nodes.n > NODES_MAX)
		complain(l, a->at, "nodes: %zu patterns in one entry; write at most %d", a->nodes.n,
			 NODES_MAX);
	for (size_t i = 0; i < a->nodes.n; i++)
		if (!node_pattern(a->nodes.v[i], &a->patterns[i]))
			complain(l, a->nodes.at[i],
				 "nodes: \"%s\" is not a node; write \"ns=1;i=1000-1999\", "
				 "\"ns=1;s=Plc1.Setpoint\", \"ns=1;s=Plc1.*\", \"ns=1\" or \"any\"",
				 a->nodes.v[i]);
}

/* ---- one entry ---- */

static bool ua_words_add_class(struct opcua_allow *a, const char *word)
{
	for (size_t k = 0; k < ua_classes_n; k++) {
		if (strcmp(ua_classes[k].name, word) != 0 || ua_classes[k].bit == UA_CHANNEL)
			continue;
		for (size_t i = 0; i < ua_services_n; i++)
			if (ua_services[i].classes & ua_classes[k].bit)
				a->services |= UINT64_C(1) << i;
		return true;
	}
	return false;
}

static void unknown_service(struct load *l, struct where at, const char *word)
{
	const char *names[64];
	size_t n = 0;
	for (size_t i = 0; i < ua_classes_n; i++)
		if (ua_classes[i].bit != UA_CHANNEL)
			names[n++] = ua_classes[i].name;
	for (size_t i = 0; i < ua_services_n && n < 64; i++)
		names[n++] = ua_services[i].name;
	const char *near = name_nearest(word, names, n);
	complain(l, at, "there is no OPC UA service or class \"%s\"%s%s%s", word,
		 near ? "; did you mean \"" : "", near ? near : "",
		 near ? "\"?" : "; zoned-model(5) lists them");
}

static void load_services(struct load *l, const config_setting_t *g, struct opcua_allow *a)
{
	struct texts t;
	get_texts(l, g, "services", &t);
	if (!t.set)
		complain(l, a->at, "an allow entry needs services = [ \"reading\" ];");
	if (t.any)
		complain(l, a->at,
			 "services: \"any\" is not a service; name services or classes, such as "
			 "\"reading\"");
	a->service_words = t.v;
	a->n_service_words = t.n;
	for (size_t i = 0; i < t.n; i++) {
		const struct ua_service *s = ua_service_by_name(t.v[i]);
		if (s && (s->classes & UA_CHANNEL))
			complain(l, t.at[i], "\"%s\" is always permitted; remove it", t.v[i]);
		else if (s)
			a->services |= UINT64_C(1) << (s - ua_services);
		else if (!ua_words_add_class(a, t.v[i]))
			unknown_service(l, t.at[i], t.v[i]);
	}
}

static void load_attributes(struct load *l, const config_setting_t *g, struct opcua_allow *a)
{
	const char *names[32];
	size_t n = 0;
	get_texts(l, g, "attributes", &a->attributes);
	for (uint32_t id = 1; ua_attribute_name(id) && n < 32; id++)
		names[n++] = ua_attribute_name(id);
	for (size_t i = 0; i < a->attributes.n; i++) {
		const char *word = a->attributes.v[i];
		uint32_t id = ua_attribute_by_name(word);
		const char *near = id ? NULL : name_nearest(word, names, n);
		if (id)
			a->attribute_bits |= UINT32_C(1) << id;
		else
			complain(l, a->attributes.at[i], "there is no attribute \"%s\"%s%s%s", word,
				 near ? "; did you mean \""
				      : "; \"value\" is the one with the value",
				 near ? near : "", near ? "\"?" : "");
	}
}

static bool any_names(const struct opcua_allow *a, char what)
{
	for (size_t i = 0; i < ua_services_n; i++)
		if ((a->services >> i & 1) && ua_service_names(&ua_services[i], what))
			return true;
	return false;
}

static void ua_words_check_needs(struct load *l, const struct opcua_allow *a)
{
	const struct {
		const char *key, *why, *sample;
		bool needed, set;
	} needs[] = {
		{ "nodes", "a service of this entry names nodes", "\"any\"", any_names(a, 'n'),
		  a->nodes.set },
		{ "attributes", "a service of this entry names attributes", "\"any\"",
		  any_names(a, 'a'), a->attributes.set },
		{ "least_interval", "a service of this entry asks for intervals", "0",
		  any_names(a, 'i'), a->has_interval },
	};
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (needs[i].needed && !needs[i].set)
			complain(l, a->at,
				 "%s, so this entry needs %s; write %s = %s; or a restriction",
				 needs[i].why, needs[i].key, needs[i].key, needs[i].sample);
		if (!needs[i].needed && needs[i].set)
			complain(l, a->at,
				 "no service of this entry is restricted by \"%s\"; remove it",
				 needs[i].key);
	}
	if (a->sampling_by_server && !any_names(a, 's'))
		complain(l, a->at,
			 "no service of this entry is restricted by \"sampling_by_server\"; remove "
			 "it");
	else if (a->sampling_by_server && a->has_interval && !a->least_interval)
		complain(l, a->at,
			 "sampling_by_server says nothing where least_interval = 0; remove it");
}

static void load_entry(struct load *l, const config_setting_t *g, struct opcua_policy *o)
{
	static const char *const keys[] = { "services", "nodes", "attributes", "least_interval",
					    "sampling_by_server" };
	struct opcua_allow a = { .at = at_of(l, g) };
	uint64_t ms = 0;
	if (!config_setting_is_group(g)) {
		complain(l, a.at, "allow: each entry must be a group { ... }");
		return;
	}
	begin_entry(l, g, keys, sizeof(keys) / sizeof(keys[0]), &a.remarks);
	load_services(l, g, &a);
	load_nodes(l, g, &a);
	load_attributes(l, g, &a);
	a.has_interval = get_number(l, g, "least_interval", 0, 86400000, &ms);
	a.least_interval = (uint32_t)ms;
	get_bool(l, g, "sampling_by_server", &a.sampling_by_server);
	if (a.services)
		ua_words_check_needs(l, &a);
	o->allow = arena_grow(l->m->arena, o->allow, o->n_allow, sizeof(*o->allow));
	o->allow[o->n_allow++] = a;
}

/* ---- the policy as a whole ---- */

/* The next run of letters, or of digits: what it has of each, without case. 0: there is none. */
static int next_run(const char **p, unsigned char of[128])
{
	while (**p && !isalnum((unsigned char)**p))
		++*p;
	bool digits = isdigit((unsigned char)**p);
	int n = 0;
	memset(of, 0, 128);
	for (; isalnum((unsigned char)**p) && !isdigit((unsigned char)**p) == !digits; ++*p, n++)
		of[tolower((unsigned char)**p) & 127]++;
	return n;
}

/* Mistyped, but of the same letters and the same numbers in the same places: nobody is to be talked
 * into another cipher or key length by "did you mean". */
static bool same_strength(const char *a, const char *b)
{
	unsigned char of_a[128], of_b[128];
	int n;
	do {
		n = next_run(&a, of_a);
		if (next_run(&b, of_b) != n || memcmp(of_a, of_b, sizeof(of_a)) != 0)
			return false;
	} while (n);
	return true;
}

static void check_policies(struct load *l, const struct opcua_policy *o)
{
	const struct texts *t = &o->security_policies;
	const char *names[32];
	size_t n = 0;
	for (size_t i = 1; i < ua_policies_n && n < 32; i++)
		names[n++] = ua_policies[i].name;
	for (size_t i = 0; i < t->n; i++) {
		const char *v = t->v[i];
		const struct ua_policy *p = ua_policy_by_name(v);
		if (!p)
			p = ua_policy_by_uri((const uint8_t *)v, strlen(v));
		const char *near = p || strchr(v, ':') ? NULL : name_nearest(v, names, n);
		if (near && !same_strength(v, near))
			near = NULL;
		if (p == &ua_policies[0])
			complain(
				l, t->at[i],
				"security_policies: None is a matter of security = \"none\"; or of "
				"unsecured_discovery; remove it");
		else if (!p && !strchr(v, ':'))
			complain(l, t->at[i], "there is no security policy \"%s\"%s%s%s", v,
				 near ? "; did you mean \""
				      : "; zoned-model(5) lists them; of another write the URI",
				 near ? near : "", near ? "\"?" : "");
		else if (!p && !o->opaque)
			complain(l, t->at[i],
				 "security_policies: nothing on a channel with \"%s\" can be read, "
				 "and opaque "
				 "= \"refuse\" refuses what cannot; remove it, or write opaque = "
				 "\"allow\";",
				 v);
	}
}

static void check_thumbprints(struct load *l, const char *key, const struct texts *t)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t n = strlen(t->v[i]);
		if ((n != 40 && n != 64) || !all_hex(t->v[i], n))
			complain(l, t->at[i],
				 "%s: \"%s\" is not a thumbprint; write the 40 (SHA-1) or 64 "
				 "(SHA-256) "
				 "hex digits of the certificate, in lower case",
				 key, t->v[i]);
	}
}

static void check_users(struct load *l, const struct texts *t)
{
	size_t n = 0;
	while (ua_token_names[n])
		n++;
	for (size_t i = 0; i < t->n; i++) {
		size_t k = UA_TOKEN_ANONYMOUS;
		while (k < UA_TOKEN_OTHER && strcmp(ua_token_names[k], t->v[i]) != 0)
			k++;
		if (k < UA_TOKEN_OTHER)
			continue;
		const char *near = name_nearest(t->v[i], ua_token_names + 1, n - 2);
		complain(l, t->at[i], "user_tokens: \"%s\" is not known; %s%s%s", t->v[i],
			 near ? "did you mean \""
			      : "write \"anonymous\", \"user-name\", \"x509\" or \"issued\"",
			 near ? near : "", near ? "\"?" : "");
	}
}

static void need(struct load *l, const struct policy *p, const char *key, const char *sample,
		 bool set)
{
	if (!set)
		complain(l, p->at, "policy \"%s\" needs %s; write %s = %s;", p->name, key, key,
			 sample);
}

static void ua_words_check_policy(struct load *l, const config_setting_t *g, const struct policy *p)
{
	const struct opcua_policy *o = opcua_policy_of(p);
	need(l, p, "security", "\"sign-and-encrypt\", \"sign\" or \"none\"",
	     config_setting_get_member(g, "security") != NULL);
	need(l, p, "opaque", "\"refuse\" or \"allow\"",
	     config_setting_get_member(g, "opaque") != NULL);
	need(l, p, "security_policies", "\"any\" or a list", o->security_policies.set);
	need(l, p, "endpoint_urls", "\"any\" or a list", o->endpoint_urls.set);
	need(l, p, "client_certificates", "\"any\" or a list", o->client_certificates.set);
	need(l, p, "server_certificates", "\"any\" or a list", o->server_certificates.set);
	need(l, p, "user_tokens", "\"any\" or a list", o->user_tokens.set);
	check_policies(l, o);
	check_thumbprints(l, "client_certificates", &o->client_certificates);
	check_thumbprints(l, "server_certificates", &o->server_certificates);
	check_users(l, &o->user_tokens);
	if (o->security == UA_MODE_NONE && o->unsecured_discovery)
		complain(l, p->at,
			 "unsecured_discovery says nothing where security = \"none\"; remove it");
	if (o->security == UA_MODE_ENCRYPT && !o->opaque)
		complain(l, p->at,
			 "security = \"sign-and-encrypt\" makes every body opaque; write opaque = "
			 "\"allow\";");
}

static void ua_words_load(struct load *l, const config_setting_t *g, struct policy *p)
{
	struct opcua_policy *o = arena_alloc(l->m->arena, sizeof(*o));
	uint64_t n = 0;
	p->of = o;
	o->security = get_word(l, g, "security", words_security, UA_MODE_ENCRYPT);
	o->opaque = get_word(l, g, "opaque", words_opaque, o->security == UA_MODE_ENCRYPT);
	get_bool(l, g, "unsecured_discovery", &o->unsecured_discovery);
	get_bool(l, g, "reverse_connect", &o->reverse_connect);
	get_texts(l, g, "security_policies", &o->security_policies);
	get_texts(l, g, "endpoint_urls", &o->endpoint_urls);
	get_texts(l, g, "client_certificates", &o->client_certificates);
	get_texts(l, g, "server_certificates", &o->server_certificates);
	get_texts(l, g, "user_tokens", &o->user_tokens);
	if (get_number(l, g, "max_chunk", UA_CHUNK_LEAST, UA_CHUNK_HUGE, &n))
		o->max_chunk = (uint32_t)n;
	if (get_number(l, g, "max_message", UA_CHUNK_LEAST, UINT32_MAX, &n))
		o->max_message = (uint32_t)n;
	ua_words_check_policy(l, g, p);
	const config_setting_t *allow = get_allow(l, g, p);
	for (size_t i = 0; i < items(allow); i++)
		load_entry(l, item(allow, i), o);
}

/* ---- print ---- */

static void print_entry(FILE *f, const struct opcua_allow *a)
{
	fputs("      {\n", f);
	print_texts(f, "        ", "services",
		    &(struct texts){ .v = a->service_words, .n = a->n_service_words, .set = true });
	print_texts(f, "        ", "nodes", &a->nodes);
	print_texts(f, "        ", "attributes", &a->attributes);
	if (a->has_interval)
		fprintf(f, "        least_interval = %u;\n", a->least_interval);
	if (a->sampling_by_server)
		fputs("        sampling_by_server = true;\n", f);
	print_entry_remarks(f, &a->remarks);
	fputs("      }", f);
}

static void ua_words_print(FILE *f, const struct policy *p)
{
	const struct opcua_policy *o = opcua_policy_of(p);
	print_key(f, "    ", "security", word_name(words_security, o->security));
	if (o->unsecured_discovery)
		fputs("    unsecured_discovery = true;\n", f);
	if (o->reverse_connect)
		fputs("    reverse_connect = true;\n", f);
	print_key(f, "    ", "opaque", word_name(words_opaque, o->opaque));
	print_texts(f, "    ", "security_policies", &o->security_policies);
	print_texts(f, "    ", "endpoint_urls", &o->endpoint_urls);
	print_texts(f, "    ", "client_certificates", &o->client_certificates);
	print_texts(f, "    ", "server_certificates", &o->server_certificates);
	print_texts(f, "    ", "user_tokens", &o->user_tokens);
	if (o->max_chunk)
		fprintf(f, "    max_chunk = %u;\n", o->max_chunk);
	if (o->max_message)
		fprintf(f, "    max_message = %u;\n", o->max_message);
	fputs("    allow = (\n", f);
	for (size_t i = 0; i < o->n_allow; i++) {
		print_entry(f, &o->allow[i]);
		fputs(i + 1 < o->n_allow ? ",\n" : "\n", f);
	}
	fputs("    );\n", f);
}

static const char *const keys[] = {
	"security",	     "unsecured_discovery", "reverse_connect",	   "opaque",
	"security_policies", "endpoint_urls",	    "client_certificates", "server_certificates",
	"user_tokens",	     "max_chunk",	    "max_message",	   NULL,
};

const struct policy_ops policy_opcua_ops = { .keys = keys,
					     .load = ua_words_load,
					     .print = ua_words_print };
