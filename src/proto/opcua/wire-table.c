/* SPDX-License-Identifier: MIT
 *
 * The OPC UA services and security policies: tables that the policy language,
 * the records and the manual share. OPC 10000-4 clause 5, ids of the binary
 * encodings from OPC 10000-6 annex A, policies from OPC 10000-7.
 *
 * Classes are what an operator may write instead of names, so each is chosen
 * for what it must never let in by surprise:
 *  - RegisterServer changes what a discovery server tells others: "registration",
 *    not "discovery";
 *  - QueryFirst reads without naming the nodes it reads: "query", not "read";
 *  - Cancel and TransferSubscriptions act on what a session owns already;
 *  - SessionlessInvoke carries another request inside; it has no row, so no
 *    policy can let it in.
 *
 * The field letters are explained in wire-body.c.
 */
#include <string.h>

#include "proto/opcua/wire-body.h"

#define APPLICATION "sstuss[s]"
#define READ_VALUE(role) "@" role "asq"
#define VIEW "nlu"
#define SERVER "ss[t]us[s]sb"
#define SAMPLING "uixub"

/* clang-format off */
const struct ua_service ua_services[] = {
	{   422,   425, "find-servers", UA_DISCOVERY, "S[s][s]", NULL },
	{   428,   431, "get-endpoints", UA_DISCOVERY, "S[s][s]", NULL },
	{   437,   440, "register-server", UA_REGISTRATION, SERVER, NULL },
	{   446,   449, "open-secure-channel", UA_CHANNEL, "uTMsL", "uCKlLs" },
	{   452,   455, "close-secure-channel", UA_CHANNEL, "", NULL },
	{   461,   464, "create-session", UA_SESSION, APPLICATION "sSssslu", NULL },
	{   467,   470, "activate-session", UA_SESSION, "ss[ss][s]Uss", NULL },
	{   473,   476, "close-session", UA_SESSION, "b", NULL },
	{   479,   482, "cancel", UA_SESSION, "u", NULL },
	{   488,   491, "add-nodes", UA_NODE_MANAGEMENT, "[!+nequxe]", NULL },
	{   494,   497, "add-references", UA_NODE_MANAGEMENT, "[!fnbs!Fu]", NULL },
	{   500,   503, "delete-nodes", UA_NODE_MANAGEMENT, "[!-b]", NULL },
	{   506,   509, "delete-references", UA_NODE_MANAGEMENT, "[!fnb!Fb]", NULL },
	{   527,   530, "browse", UA_BROWSE, VIEW "u[!bunbuu]", NULL },
	{   533,   536, "browse-next", UA_BROWSE, "b[s]", NULL },
	{   554,   557, "translate-browse-paths", UA_BROWSE, "[!t[nbbq]]", NULL },
	{   560,   563, "register-nodes", UA_BROWSE, "[!p]", NULL },
	{   566,   569, "unregister-nodes", UA_BROWSE, "[n]", NULL },
	{   615,   618, "query-first", UA_QUERY, VIEW "[!qb[[nbbq]us]][u[x]]uu", NULL },
	{   621,   624, "query-next", UA_QUERY, "bs", NULL },
	{   631,   634, "read", UA_READ, "lu[" READ_VALUE("r") "]", NULL },
	{   664,   667, "history-read", UA_HISTORY_READ, "xub[!hsqs]", NULL },
	{   673,   676, "write", UA_WRITE, "[@wasd]", NULL },
	{   700,   703, "history-update", UA_HISTORY_UPDATE, "[H]", NULL },
	{   712,   715, "call", UA_CALL, "[!o!m[v]]", NULL },
	{   751,   754, "create-monitored-items", UA_SUBSCRIBE, "uu[" READ_VALUE("x") "u" SAMPLING "]", NULL },
	{   763,   766, "modify-monitored-items", UA_SUBSCRIBE, "uu[u" SAMPLING "]", NULL },
	{   769,   772, "set-monitoring-mode", UA_SUBSCRIBE, "uu[u]", NULL },
	{   775,   778, "set-triggering", UA_SUBSCRIBE, "uu[u][u]", NULL },
	{   781,   784, "delete-monitored-items", UA_SUBSCRIBE, "u[u]", NULL },
	{   787,   790, "create-subscription", UA_SUBSCRIBE, "IuuubB", NULL },
	{   793,   796, "modify-subscription", UA_SUBSCRIBE, "uIuuuB", NULL },
	{   799,   802, "set-publishing-mode", UA_SUBSCRIBE, "b[u]", NULL },
	{   826,   829, "publish", UA_SUBSCRIBE, "[uu]", NULL },
	{   832,   835, "republish", UA_SUBSCRIBE, "uu", NULL },
	{   841,   844, "transfer-subscriptions", UA_SUBSCRIBE, "[u]b", NULL },
	{   847,   850, "delete-subscriptions", UA_SUBSCRIBE, "[u]", NULL },
	{ 12208, 12209, "find-servers-on-network", UA_DISCOVERY, "uu[s]", NULL },
	{ 12211, 12212, "register-server-2", UA_REGISTRATION, SERVER "[x]", NULL },
};
/* clang-format on */
const size_t ua_services_n = sizeof(ua_services) / sizeof(ua_services[0]);

/* clang-format off */
const struct ua_class_name ua_classes[] = {
	{ "channel", UA_CHANNEL }, { "discovery", UA_DISCOVERY }, { "session", UA_SESSION },
	{ "browsing", UA_BROWSE }, { "reading", UA_READ }, { "subscription", UA_SUBSCRIBE },
	{ "writing", UA_WRITE }, { "calling", UA_CALL }, { "history-reading", UA_HISTORY_READ },
	{ "history-writing", UA_HISTORY_UPDATE }, { "node-management", UA_NODE_MANAGEMENT },
	{ "query", UA_QUERY }, { "registration", UA_REGISTRATION },
};
/* clang-format on */
const size_t ua_classes_n = sizeof(ua_classes) / sizeof(ua_classes[0]);

const struct ua_service *ua_service_by_id(uint32_t id)
{
	for (size_t i = 0; i < ua_services_n; i++)
		if (ua_services[i].request == id || ua_services[i].response == id)
			return &ua_services[i];
	return NULL;
}

const struct ua_service *ua_service_by_name(const char *name)
{
	for (size_t i = 0; i < ua_services_n; i++)
		if (strcmp(ua_services[i].name, name) == 0)
			return &ua_services[i];
	return NULL;
}

bool ua_service_names(const struct ua_service *s, char what)
{
	static const struct {
		char what;
		const char *letters;
	} marks[] = { { 'n', "@!H" }, { 'a', "a" }, { 'i', "iI" }, { 's', "i" } };
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (marks[i].what != what)
			continue;
		for (const char *p = s->fields; *p; p++) {
			if (strchr(marks[i].letters, *p))
				return true;
			p += (*p == '@' || *p == '!') && p[1]; /* a role follows */
		}
	}
	return false;
}

/* Signatures of MSG: HMAC-SHA1, HMAC-SHA2-256, HMAC-SHA2-384, or the 16 bytes of the tag that
 * AES-GCM and ChaCha20-Poly1305 have, which pad nothing. Of a readable OPN: ECDSA or EdDSA of the
 * curve, or RSA. The names with a cipher at the end came in 2025. */
/* clang-format off */
const struct ua_policy ua_policies[] = {
	{ "None", false, true, 0, 0, 0 },
	{ "Basic128Rsa15", true, false, 16, 20, 0 },
	{ "Basic256", true, false, 16, 20, 0 },
	{ "Basic256Sha256", false, false, 16, 32, 0 },
	{ "Aes128_Sha256_RsaOaep", false, false, 16, 32, 0 },
	{ "Aes256_Sha256_RsaPss", false, false, 16, 32, 0 },
	{ "ECC_nistP256", false, true, 16, 32, 64 },
	{ "ECC_nistP384", false, true, 16, 48, 96 },
	{ "ECC_brainpoolP256r1", false, true, 16, 32, 64 },
	{ "ECC_brainpoolP384r1", false, true, 16, 48, 96 },
	{ "ECC_curve25519", false, true, 1, 16, 64 },
	{ "ECC_curve448", false, true, 1, 16, 114 },
	{ "ECC_nistP256_AesGcm", false, true, 1, 16, 64 },
	{ "ECC_nistP256_ChaChaPoly", false, true, 1, 16, 64 },
	{ "ECC_nistP384_AesGcm", false, true, 1, 16, 96 },
	{ "ECC_nistP384_ChaChaPoly", false, true, 1, 16, 96 },
	{ "ECC_brainpoolP256r1_AesGcm", false, true, 1, 16, 64 },
	{ "ECC_brainpoolP256r1_ChaChaPoly", false, true, 1, 16, 64 },
	{ "ECC_brainpoolP384r1_AesGcm", false, true, 1, 16, 96 },
	{ "ECC_brainpoolP384r1_ChaChaPoly", false, true, 1, 16, 96 },
	{ "ECC_curve25519_AesGcm", false, true, 1, 16, 64 },
	{ "ECC_curve25519_ChaChaPoly", false, true, 1, 16, 64 },
	{ "ECC_curve448_AesGcm", false, true, 1, 16, 114 },
	{ "ECC_curve448_ChaChaPoly", false, true, 1, 16, 114 },
	{ "RSA_DH_AesGcm", false, true, 1, 16, UA_SIGNATURE_OF_KEY },
	{ "RSA_DH_ChaChaPoly", false, true, 1, 16, UA_SIGNATURE_OF_KEY },
};
/* clang-format on */
const size_t ua_policies_n = sizeof(ua_policies) / sizeof(ua_policies[0]);

const struct ua_policy *ua_policy_by_name(const char *name)
{
	for (size_t i = 0; i < ua_policies_n; i++)
		if (strcmp(ua_policies[i].name, name) == 0)
			return &ua_policies[i];
	return NULL;
}

const struct ua_policy *ua_policy_by_uri(const uint8_t *uri, size_t n)
{
	static const char stem[] = "http://opcfoundation.org/UA/SecurityPolicy#";
	size_t k = sizeof(stem) - 1;
	if (n < k || memcmp(uri, stem, k) != 0)
		return NULL;
	for (size_t i = 0; i < ua_policies_n; i++)
		if (strlen(ua_policies[i].name) == n - k &&
		    memcmp(ua_policies[i].name, uri + k, n - k) == 0)
			return &ua_policies[i];
	return NULL;
}
