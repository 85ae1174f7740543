/* SPDX-License-Identifier: MIT
 * OPC UA for zonectl explain: what each entry lacks of a request, and the entry that it needs. */
#include "proto/opcua/explain.h"

#include <string.h>

#include "base/sb.h"
#include "proto/opcua/facts-expected.h"
#include "proto/opcua/facts.h"
#include "proto/opcua/gate.h"
#include "proto/opcua/policy.h"

enum { NODES_LISTED = 16, NODE_SHORT = UA_NODE_TEXT - 2 };

/* The request of a message in one chunk. False: it is none, or nobody can read it. */
static bool request_of(const struct explain_case *c, struct ua_body *b)
{
	const struct ua_msg *m = ((const struct ua_seen *)c->m)->m;
	return !c->ev->response && m->readable && m->chunk == 'F' && m->body &&
	       ua_body(m->body, m->body_len, false, NULL, b) == R_NONE && b->service;
}

/* ---- what an entry lacks ---- */

static void ua_lacks(const struct explain_case *c, uint32_t rule, const struct explain_sink *to)
{
	const struct ua_msg *m = ((const struct ua_seen *)c->m)->m;
	const struct pol_ua_rule *r = (const void *)policy_rule(c->img, PROTO_OPCUA, rule);
	struct ua_body b;
	char has[EXPLAIN_TEXT] = "", node[UA_NODE_TEXT], wants[40];
	struct sb h = sb_init(has, sizeof(has));
	if (!request_of(c, &b))
		return;
	const struct ua_decision d = policy_opcua_rule(c->img, rule, m->body, m->body_len, &b);
	if (d.reason == R_UA_SERVICE) {
		ua_put_services(&h, r->services);
		to->lack(to->ctx, "services", has, b.service->name);
	} else if (d.reason == R_UA_NODE) {
		ua_node_text(&d.visit.node, node);
		ua_put_list(&h, c->img, &r->nodes);
		to->lack(to->ctx, "nodes", has, node);
	} else if (d.reason == R_UA_ATTRIBUTE) {
		const char *name = ua_attribute_name(d.visit.attribute);
		ua_put_attributes(&h, r->attributes);
		to->lack(to->ctx, "attributes", has, name ? name : "a reserved one");
	} else if (d.reason == R_UA_INTERVAL) {
		sb_printf(&h, "%u", r->least_interval);
		snprintf(wants, sizeof(wants), "%g ms", b.server_sampling ? 0 : b.interval);
		to->lack(to->ctx, "least_interval", has, wants);
	}
}

/* ---- the entry that it needs ---- */

struct named {
	char node[NODES_LISTED][UA_NODE_TEXT];
	size_t n;
	uint32_t attributes;
	bool odd; /* a node that no pattern is for */
};

static bool add_node(void *ctx, const struct ua_visit *v)
{
	struct named *l = ctx;
	char text[UA_NODE_TEXT];
	size_t i = 0;
	ua_node_text(&v->node, text);
	if (v->has_attribute && v->attribute < 32)
		l->attributes |= UINT32_C(1) << v->attribute;
	while (i < l->n && strcmp(l->node[i], text) != 0)
		i++;
	l->odd |= i == NODES_LISTED || v->node.foreign || strpbrk(text, "?\"\\*") ||
		  strlen(text) >= NODE_SHORT;
	if (i == l->n && i < NODES_LISTED)
		memcpy(l->node[l->n++], text, sizeof(text));
	return true;
}

static bool ua_entry(const struct explain_case *c, FILE *f)
{
	const struct ua_msg *m = ((const struct ua_seen *)c->m)->m;
	struct named l = { .n = 0 };
	struct ua_body b;
	if (!request_of(c, &b))
		return false;
	if (b.nodes)
		(void)ua_body(m->body, m->body_len, false, &(struct ua_visitor){ add_node, &l },
			      &b);
	if (l.odd)
		return false;
	fprintf(f, "{ services = ( \"%s\" );", b.service->name);
	for (size_t i = 0; i < l.n; i++)
		fprintf(f, "%s\"%s\"", i ? ", " : " nodes = [ ", l.node[i]);
	fputs(l.n ? " ];" : "", f);
	for (uint32_t i = 1, n = 0; i < 32; i++)
		if (l.attributes >> i & 1 && ua_attribute_name(i))
			fprintf(f, "%s\"%s\"", n++ ? ", " : " attributes = [ ",
				ua_attribute_name(i));
	fputs(l.attributes ? " ];" : "", f);
	if (ua_service_names(b.service, 'i'))
		fprintf(f, " least_interval = %u;",
			b.server_sampling || !b.has_interval ? 0 : (unsigned)b.interval);
	fputs(" }", f);
	return true;
}

static const char *ua_changes_what(const struct explain_case *c)
{
	struct ua_body b;
	if (!request_of(c, &b))
		return NULL;
	if (b.service->classes & UA_CALL)
		return "it calls a method";
	return b.service->classes &
			       (UA_WRITE | UA_HISTORY_UPDATE | UA_NODE_MANAGEMENT | UA_REGISTRATION)
		       ? "it writes"
		       : NULL;
}

/* ---- keys of the whole policy ---- */

/* clang-format off */
static const char *const modes[] = { "sign-and-encrypt", "sign", "none", NULL };
static const char *const bodies[] = { "refuse", "allow", NULL };
static const char *const users[] = { "user-name", "x509", "issued", NULL };
static const char *const policies[] = {
	"Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss", "ECC_nistP256", "ECC_nistP384",
	"ECC_brainpoolP256r1", "ECC_brainpoolP384r1", "ECC_curve25519", "ECC_curve448", "ECC_nistP256_AesGcm",
	"ECC_nistP256_ChaChaPoly", "ECC_nistP384_AesGcm", "ECC_nistP384_ChaChaPoly", "ECC_brainpoolP256r1_AesGcm",
	"ECC_brainpoolP256r1_ChaChaPoly", "ECC_brainpoolP384r1_AesGcm", "ECC_brainpoolP384r1_ChaChaPoly",
	"ECC_curve25519_AesGcm", "ECC_curve25519_ChaChaPoly", "ECC_curve448_AesGcm", "ECC_curve448_ChaChaPoly",
	"RSA_DH_AesGcm", "RSA_DH_ChaChaPoly", NULL,
};
static const struct explain_key keys[] = {
	{ .why = R_UA_SECURITY, .key = "unsecured_discovery", .form = EXPLAIN_ON },
	{ .why = R_UA_SECURITY, .key = "security", .form = EXPLAIN_LADDER, .words = modes,
	  .without = "unsecured_discovery",
	  .danger = "channels with less security may be opened: what they carry can be read or changed on its way" },
	{ .why = R_UA_OPAQUE, .key = "opaque", .form = EXPLAIN_LADDER, .words = bodies,
	  .danger = "encrypted messages pass unread, whatever the entries say" },
	{ .why = R_UA_POLICY, .key = "security_policies", .form = EXPLAIN_SAID, .words = policies },
	{ .why = R_UA_CERTIFICATE, .key = "client_certificates", .form = EXPLAIN_SAID },
	{ .why = R_UA_CERTIFICATE, .key = "server_certificates", .form = EXPLAIN_SAID },
	{ .why = R_UA_URL, .key = "endpoint_urls", .form = EXPLAIN_SAID },
	{ .why = R_UA_USER, .key = "user_tokens", .form = EXPLAIN_SAID, .words = users },
	{ .why = R_UA_STATE, .key = "reverse_connect", .form = EXPLAIN_ON },
	{ .why = R_UA_SIZE, .key = "max_chunk", .form = EXPLAIN_MOST, .most = UA_CHUNK_HUGE },
	{ .why = R_UA_SIZE, .key = "max_message", .form = EXPLAIN_MOST, .most = UINT32_MAX },
};
/* the strictest that can be read; a channel without security where the message has none */
static const char *const heads[] = {
	"security = \"sign\"; opaque = \"refuse\"; security_policies = \"any\"; endpoint_urls = \"any\";"
	" client_certificates = \"any\"; server_certificates = \"any\"; user_tokens = \"any\";",
	"security = \"none\"; opaque = \"refuse\"; security_policies = \"any\"; endpoint_urls = \"any\";"
	" client_certificates = \"any\"; server_certificates = \"any\"; user_tokens = \"any\";",
	NULL,
};
/* clang-format on */

/* Can a list of a model have it, meaning just this? */
static bool put_plain(FILE *f, const struct ua_bytes *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->p[i] < 0x20 || s->p[i] > 0x7e || strchr("\"\\", s->p[i]))
			return false;
	if (!s->n || s->p[s->n - 1] == '*')
		return false;
	return fprintf(f, "%.*s", (int)s->n, (const char *)s->p) > 0;
}

static bool put_url(const struct ua_msg *m, FILE *f)
{
	struct ua_body b;
	if (m->type == UA_HEL || m->type == UA_RHE)
		return put_plain(f, &m->url);
	return m->readable && m->body && m->chunk == 'F' &&
	       ua_body(m->body, m->body_len, false, NULL, &b) == R_NONE && put_plain(f, &b.url);
}

static bool ua_said(const struct explain_case *c, const char *key, FILE *f)
{
	const struct ua_seen *s = c->m;
	const struct ua_msg *m = s->m;
	const unsigned user = EV_OPCUA(c->ev)->user;
	const struct ua_policy *policy = m->policy ? m->policy : s->policy;
	char thumbprint[UA_CERT_HEX];
	if (strcmp(key, "endpoint_urls") == 0)
		return put_url(m, f);
	if (strcmp(key, "user_tokens") == 0)
		return user > UA_TOKEN_NONE && user < UA_TOKEN_OTHER &&
		       fputs(ua_token_names[user], f) >= 0;
	if (strcmp(key, "security_policies") == 0)
		return policy ? fputs(policy->name, f) >= 0 : put_plain(f, &m->uri);
	return (strcmp(key, "server_certificates") == 0) == s->answer &&
	       ua_thumbprint(&m->certificate, thumbprint) && fputs(thumbprint, f) >= 0;
}

const struct explain_ops explain_opcua = {
	.keys = keys,
	.n_keys = sizeof(keys) / sizeof(keys[0]),
	.said = ua_said,
	.heads = heads,
	.operation_key = "services",
	.compose = ua_compose,
	.samples = ua_samples,
	.words = ua_record_words,
	.lacks = ua_lacks,
	.entry = ua_entry,
	.changes = ua_changes_what,
};
