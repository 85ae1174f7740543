/* SPDX-License-Identifier: MIT
 *
 * What OPC UA messages need of a policy: services with the nodes, attributes and intervals that
 * they name, and of the channel its security, policies, certificates, endpoints and users. What
 * opens channels and sessions is seen once each, and is no rarity.
 */
#include <string.h>

#include "learn/learn.h"
#include "proto/opcua/gate.h"

enum ua_column { SERVICES, NODES, ATTRIBUTES, LEAST_INTERVAL, SERVER_SAMPLING, COLUMNS_N };
enum ua_setting { SECURITY, REVERSE, OPAQUE, POLICIES, URLS, CLIENTS, SERVERS, USERS, SETTINGS_N };

/* The least that channels have: the greater, the less. With discovery on unsecured ones or without;
 * bits of what was seen, by talk, in the first number that is kept. */
enum ua_level { L_ENCRYPT, L_ENCRYPT_FIND, L_SIGN, L_SIGN_FIND, L_NONE };
enum { SEEN_SIGN = 1, SEEN_FIND = 2, SEEN_NONE = 4, SEEN_ENCRYPT = 8 };
enum { NODES_APART = 64, TEXT_MAX = 200, STRICTEST = 86400000, CREATE_SESSION = 461 };

static void ua_learn_service(uint32_t row, struct sb *b)
{
	sb_printf(b, "\"%s\"", row < ua_services_n ? ua_services[row].name : "?");
}

static void ua_learn_attribute(uint32_t id, struct sb *b)
{
	const char *name = ua_attribute_name(id);
	sb_printf(b, "\"%s\"", name ? name : "value");
}

static void ua_learn_level(uint32_t level, struct sb *b)
{
	static const char *const words[] = {
		[L_ENCRYPT] = "\"sign-and-encrypt\"",
		[L_ENCRYPT_FIND] = "\"sign-and-encrypt\"; unsecured_discovery = true",
		[L_SIGN] = "\"sign\"",
		[L_SIGN_FIND] = "\"sign\"; unsecured_discovery = true",
		[L_NONE] = "\"none\"",
	};
	sb_puts(b, words[level <= L_NONE ? level : L_NONE]);
}

static void ua_learn_opaque(uint32_t v, struct sb *b)
{
	sb_puts(b, v ? "\"allow\"" : "\"refuse\"");
}

static void ua_learn_policy(uint32_t row, struct sb *b)
{
	sb_printf(b, "\"%s\"", row < ua_policies_n ? ua_policies[row].name : "?");
}

static void ua_learn_user(uint32_t token, struct sb *b)
{
	sb_printf(b, "\"%s\"", token < UA_TOKEN_OTHER ? ua_token_names[token] : "?");
}

/* "ns=1;s=Plc1.Setpoint" to "ns=1"; nodes of namespace 0 have none. */
static size_t ua_learn_namespace(const char *text, char *out, size_t room)
{
	size_t n = strncmp(text, "ns=", 3) == 0 ? strcspn(text, ";") : 0;
	struct sb b = sb_init(out, room);
	if (n)
		sb_printf(&b, "%.*s", (int)n, text);
	else
		sb_puts(&b, "ns=0");
	return b.len;
}

/* clang-format off */
static const struct learn_column columns[COLUMNS_N] = {
	[SERVICES] = { .key = "services", .form = LEARN_WORDS, .word = ua_learn_service },
	[NODES] = { .key = "nodes", .form = LEARN_TEXT, .widen = ua_learn_namespace },
	[ATTRIBUTES] = { .key = "attributes", .form = LEARN_WORDS, .word = ua_learn_attribute },
	[LEAST_INTERVAL] = { .key = "least_interval", .form = LEARN_LEAST },
	[SERVER_SAMPLING] = { .key = "sampling_by_server", .form = LEARN_FLAG },
};
static const struct learn_column settings[SETTINGS_N] = {
	[SECURITY] = { .key = "security", .form = LEARN_WORD, .word = ua_learn_level,
		.otherwise = "\"sign\"; unsecured_discovery = true", .lifts = { R_UA_SECURITY }, .flag = "unsecured_discovery" },
	[REVERSE] = { .key = "reverse_connect", .form = LEARN_FLAG, .lifts = { R_UA_STATE, R_UA_TYPE } },
	[OPAQUE] = { .key = "opaque", .form = LEARN_WORD, .word = ua_learn_opaque, .otherwise = "\"refuse\"",
		.lifts = { R_UA_OPAQUE } },
	[POLICIES] = { .key = "security_policies", .form = LEARN_WORDS, .word = ua_learn_policy, .otherwise = "\"any\"",
		.lifts = { R_UA_POLICY } },
	[URLS] = { .key = "endpoint_urls", .form = LEARN_TEXT, .otherwise = "\"any\"", .lifts = { R_UA_URL } },
	[CLIENTS] = { .key = "client_certificates", .form = LEARN_TEXT, .otherwise = "\"any\"",
		.lifts = { R_UA_CERTIFICATE } },
	[SERVERS] = { .key = "server_certificates", .form = LEARN_TEXT, .otherwise = "\"any\"",
		.lifts = { R_UA_CERTIFICATE } },
	[USERS] = { .key = "user_tokens", .form = LEARN_WORDS, .word = ua_learn_user, .otherwise = "\"any\"",
		.lifts = { R_UA_USER } },
};
/* clang-format on */

static enum learn_kind ua_kind(const struct ua_service *s)
{
	if (s->classes & UA_CALL)
		return LEARN_CONTROLS;
	if (s->classes & (UA_WRITE | UA_HISTORY_UPDATE | UA_NODE_MANAGEMENT | UA_REGISTRATION))
		return LEARN_WRITES;
	return s->classes & (UA_SESSION | UA_DISCOVERY) ? LEARN_SETUP : LEARN_READS;
}

/* ---- nodes ---- */

/* Can a model have it between quotes, meaning just this? */
static bool ua_is_writable(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] > 0x7e)
			return false;
	return n <= TEXT_MAX && (n == 0 || p[n - 1] != '*');
}

struct naming {
	struct learn *l;
	uint32_t nodes; /* that the request names */
};

static void ua_note_node(const struct naming *k, const struct ua_node *n)
{
	char text[UA_NODE_TEXT + TEXT_MAX];
	struct sb b = sb_init(text, sizeof(text));
	bool string = n->kind == UA_STRING, whole = k->nodes <= NODES_APART;
	if (n->foreign) { /* by the URI of its namespace: no pattern has these */
		learn_add_any(k->l, NODES);
		return;
	}
	if (string && whole && ua_is_writable(n->id.p, n->id.n)) {
		if (n->ns)
			sb_printf(&b, "ns=%u;", n->ns);
		sb_printf(&b, "s=%.*s", (int)n->id.n, n->id.n ? (const char *)n->id.p : "");
	} else if (!string && whole && n->id.n <= 32) {
		ua_node_text(n, text);
		b.len = strlen(text);
	} else {
		sb_printf(&b, "ns=%u", n->ns);
	}
	learn_add_text(k->l, NODES, text, b.len);
}

static bool learn_visit(void *ctx, const struct ua_visit *v)
{
	const struct naming *k = ctx;
	ua_note_node(k, &v->node);
	if (!v->has_attribute)
		return true;
	if (ua_attribute_name(v->attribute))
		learn_add(k->l, ATTRIBUTES, v->attribute, v->attribute);
	else
		learn_add_any(k->l, ATTRIBUTES);
	return true;
}

/* ---- requests ---- */

static void ua_note_interval(struct learn *l, const struct ua_body *b)
{
	double least = b->has_interval ? (double)(uint64_t)b->interval : (double)STRICTEST;
	if (!ua_service_names(b->service, 'i'))
		return;
	learn_add(l, LEAST_INTERVAL, least, least);
	/* with no least interval it says nothing */
	if (b->server_sampling && least > 0)
		learn_add(l, SERVER_SAMPLING, 1, 1);
}

static void learn_service(struct learn *l, const struct ua_seen *s)
{
	const struct ua_service *service = s->b->service;
	struct naming k = { .l = l, .nodes = s->b->nodes };
	struct ua_body again;
	learn_begin(l, ua_kind(service));
	learn_add(l, SERVICES, (double)(service - ua_services), (double)(service - ua_services));
	(void)ua_body(s->body, s->body_len, false, &(struct ua_visitor){ learn_visit, &k }, &again);
	/* a request that names nothing; the keys must be there */
	if (ua_service_names(service, 'n') && !learn_has(l, NODES))
		learn_add_text(l, NODES, "i=0", 3);
	if (ua_service_names(service, 'a') && !learn_has(l, ATTRIBUTES))
		learn_add(l, ATTRIBUTES, UA_VALUE, UA_VALUE);
	ua_note_interval(l, s->b);
	learn_keep(l);
}

static void learn_url(struct learn *l, const struct ua_bytes *url)
{
	if (ua_is_writable(url->p, url->n))
		learn_setting_text(l, LEARN_SETUP, URLS, url->p ? (const void *)url->p : "",
				   url->n);
}

/* Name and product, as the application says them where its channel is not encrypted. */
static void ua_learn_identity(struct learn *l, const struct ua_seen *s)
{
	const struct ua_msg *m = s->m;
	struct ua_application a;
	if (m->type != UA_MSG || !m->readable || m->chunk == 'A' || !m->body ||
	    !ua_application(m->body, m->body_len, s->answer, &a))
		return;
	learn_says(l, a.name.p, a.name.n);
	learn_says(l, a.product.p, a.product.n);
}

static void ua_learn_request(struct learn *l, const struct ua_seen *s)
{
	const struct ua_body *b = s->b;
	bool changes = b && b->service &&
		       (b->service->classes & (UA_WRITE | UA_CALL | UA_HISTORY_UPDATE |
					       UA_NODE_MANAGEMENT | UA_REGISTRATION));
	if (s->m->chunk != 'C')
		learn_request(l, changes);
	if (s->m->type != UA_MSG || !b || !b->service || !s->body ||
	    (b->service->classes & UA_CHANNEL))
		return;
	if (b->service->request == CREATE_SESSION)
		learn_url(l, &b->url);
	if (b->user > UA_TOKEN_NONE && b->user < UA_TOKEN_OTHER)
		learn_setting(l, LEARN_SETUP, USERS, b->user);
	learn_service(l, s);
}

/* ---- the channel ---- */

static enum ua_level level_of(uint64_t seen)
{
	if (seen & SEEN_NONE)
		return L_NONE;
	if (seen & SEEN_SIGN)
		return seen & SEEN_FIND ? L_SIGN_FIND : L_SIGN;
	return seen & SEEN_FIND ? L_ENCRYPT_FIND : L_ENCRYPT;
}

/* On an unsecured channel: a message that finds out how to do better, or opens and closes. */
static bool only_finds(const struct ua_seen *s)
{
	return s->m->type != UA_MSG || s->answer || s->m->chunk == 'C' ||
	       (s->b && s->b->service && (s->b->service->classes & (UA_DISCOVERY | UA_CHANNEL)));
}

static void learn_level(struct learn *l, const struct ua_seen *s)
{
	uint64_t *seen = learn_memory(l);
	if (s->mode == UA_MODE_INVALID || !s->m->has_channel)
		return;
	if (s->mode == UA_MODE_NONE)
		*seen |= only_finds(s) ? SEEN_FIND : SEEN_NONE;
	else
		*seen |= s->mode == UA_MODE_SIGN ? SEEN_SIGN : SEEN_ENCRYPT;
	/* one that only finds out how to do better asks for no less than that */
	if (*seen & ~(uint64_t)SEEN_FIND)
		learn_setting(l, LEARN_SETUP, SECURITY, level_of(*seen));
	if (*seen & SEEN_ENCRYPT)
		learn_setting(l, LEARN_SETUP, OPAQUE, 1);
}

static void learn_channel(struct learn *l, const struct ua_seen *s)
{
	char thumbprint[UA_CERT_HEX];
	const struct ua_msg *m = s->m;
	learn_level(l, s);
	if (m->type != UA_OPN || !m->policy || m->policy == &ua_policies[0])
		return;
	learn_setting(l, LEARN_SETUP, POLICIES, (double)(m->policy - ua_policies));
	if (ua_thumbprint(&m->certificate, thumbprint))
		learn_setting_text(l, LEARN_SETUP, s->answer ? SERVERS : CLIENTS, thumbprint,
				   strlen(thumbprint));
}

/* Frames pass where there is any entry. Finding endpoints changes nothing. */
static void learn_any_chunk(struct learn *l)
{
	const struct ua_service *s = ua_service_by_name("get-endpoints");
	const struct learn_number v = { SERVICES, (double)(s - ua_services) };
	learn_fill(l, LEARN_FOR_ANY, &v, 1);
}

static bool ua_learn(struct learn *l, const struct event *ev, const void *of)
{
	const struct ua_seen *s = of;
	if (ev->reason != R_NONE)
		return false;
	learn_any_chunk(l);
	if (s->m->type == UA_RHE) { /* the server opens the connection */
		learn_is_turned(l);
		learn_setting(l, LEARN_SETUP, REVERSE, 1);
	}
	if (s->m->type == UA_HEL || s->m->type == UA_RHE)
		learn_url(l, &s->m->url);
	learn_channel(l, s);
	ua_learn_identity(l, s);
	if (!s->answer)
		ua_learn_request(l, s);
	return true;
}

/* clang-format off */
static const char everything[] =
	"security = \"none\"; reverse_connect = true; opaque = \"allow\"; security_policies = [ \"Basic128Rsa15\","
	" \"Basic256\", \"Basic256Sha256\", \"Aes128_Sha256_RsaOaep\", \"Aes256_Sha256_RsaPss\", \"ECC_nistP256\","
	" \"ECC_nistP384\", \"ECC_brainpoolP256r1\", \"ECC_brainpoolP384r1\", \"ECC_curve25519\", \"ECC_curve448\","
	" \"ECC_nistP256_AesGcm\", \"ECC_nistP256_ChaChaPoly\", \"ECC_nistP384_AesGcm\", \"ECC_nistP384_ChaChaPoly\","
	" \"ECC_brainpoolP256r1_AesGcm\", \"ECC_brainpoolP256r1_ChaChaPoly\", \"ECC_brainpoolP384r1_AesGcm\","
	" \"ECC_brainpoolP384r1_ChaChaPoly\", \"ECC_curve25519_AesGcm\", \"ECC_curve25519_ChaChaPoly\","
	" \"ECC_curve448_AesGcm\", \"ECC_curve448_ChaChaPoly\", \"RSA_DH_AesGcm\", \"RSA_DH_ChaChaPoly\" ];"
	" endpoint_urls = \"any\"; client_certificates = \"any\"; server_certificates = \"any\";"
	" user_tokens = [ \"anonymous\", \"user-name\", \"x509\", \"issued\" ]; allow = ( { services = [ \"discovery\","
	" \"registration\", \"session\", \"browsing\", \"reading\", \"subscription\", \"writing\", \"calling\","
	" \"history-reading\", \"history-writing\", \"node-management\", \"query\" ]; nodes = \"any\";"
	" attributes = \"any\"; least_interval = 0; } );";
/* clang-format on */

const struct learn_ops learn_opcua = {
	.asks = "clients",
	.answers = "servers",
	.asset_asks = "client",
	.asset_answers = "server",
	.columns = columns,
	.settings = settings,
	.n_columns = COLUMNS_N,
	.n_settings = SETTINGS_N,
	.everything = { everything, everything },
	.least = "security = \"sign\"; opaque = \"refuse\"; security_policies = \"any\"; "
		 "endpoint_urls = \"any\"; "
		 "client_certificates = \"any\"; server_certificates = \"any\"; user_tokens = "
		 "\"any\"; "
		 "allow = ( { services = [ \"get-endpoints\" ]; } );",
	.observe = ua_learn,
};
