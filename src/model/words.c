/* SPDX-License-Identifier: MIT
 * The model's words, one table each: parsed, printed and suggested from here. */
#include <netinet/in.h>

#include "model/internal.h"

/* clang-format off */
const struct word words_zone_type[] = {
	{ "enterprise", ZONE_ENTERPRISE }, { "dmz", ZONE_DMZ },
	{ "control", ZONE_CONTROL },	   { "safety", ZONE_SAFETY },
	{ "wireless", ZONE_WIRELESS },	   { "temporary", ZONE_TEMPORARY },
	{ "external", ZONE_EXTERNAL },	   { NULL, 0 },
};
/* clang-format on */
/* clang-format off */
const struct word words_proto[] = {
#define P(symbol, name, word, port, over) { word, PROTO_##symbol },
	PROTOCOLS(P)
#undef P
	{ NULL, 0 },
};
/* clang-format on */
const struct word words_source[] = { { "tap", 1 }, { NULL, 0 } };
const struct word words_tap_enforce[] = { { "none", 0 }, { "reactive", 1 }, { NULL, 0 } };
const struct word words_mode[] = { { "enforce", MODE_ENFORCE },
				   { "observe", MODE_OBSERVE },
				   { NULL, 0 } };
const struct word words_violation[] = {
	{ "drop", VIOLATION_DROP },
	{ "reset", VIOLATION_RESET },
	{ NULL, 0 },
};
const struct word words_fail[] = { { "closed", FAIL_CLOSED }, { "open", FAIL_OPEN }, { NULL, 0 } };
const struct word words_open[] = { { "always", 0 }, { "on-grant", 1 }, { NULL, 0 } };
/* clang-format off */
const struct word words_log[] = {
	{ "violations", LOG_VIOLATIONS },
	{ "all", LOG_ALL },
	{ "none", LOG_NONE },
	{ NULL, 0 },
};
/* clang-format on */

/* Numbers of RFC 5424, table 1. */
const struct word words_facility[] = {
	{ "user", 1 },	  { "daemon", 3 },  { "auth", 4 },    { "authpriv", 10 }, { "local0", 16 },
	{ "local1", 17 }, { "local2", 18 }, { "local3", 19 }, { "local4", 20 },	  { "local5", 21 },
	{ "local6", 22 }, { "local7", 23 }, { NULL, 0 },
};

/* Plain services: forwarded by port, not looked into. */
/* clang-format off */
const struct service services[] = {
	{ "bacnet", IPPROTO_UDP, { 47808, 0 } },
	{ "dhcp", IPPROTO_UDP, { 67, 68 } },
	{ "dns", IPPROTO_UDP, { 53, 0 } },
	{ "dns-tcp", IPPROTO_TCP, { 53, 0 } },
	{ "ftp-control", IPPROTO_TCP, { 21, 0 } },
	{ "http", IPPROTO_TCP, { 80, 0 } },
	{ "https", IPPROTO_TCP, { 443, 0 } },
	{ "ldap", IPPROTO_TCP, { 389, 0 } },
	{ "ldaps", IPPROTO_TCP, { 636, 0 } },
	{ "mqtt", IPPROTO_TCP, { 1883, 0 } },
	{ "mqtts", IPPROTO_TCP, { 8883, 0 } },
	{ "ntp", IPPROTO_UDP, { 123, 0 } },
	{ "ping", IPPROTO_ICMP, { 0, 0 } },
	{ "postgresql", IPPROTO_TCP, { 5432, 0 } },
	{ "rdp", IPPROTO_TCP, { 3389, 0 } },
	{ "smb", IPPROTO_TCP, { 445, 0 } },
	{ "snmp", IPPROTO_UDP, { 161, 0 } },
	{ "snmp-trap", IPPROTO_UDP, { 162, 0 } },
	{ "ssh", IPPROTO_TCP, { 22, 0 } },
	{ "syslog", IPPROTO_UDP, { 514, 0 } },
	{ "syslog-tls", IPPROTO_TCP, { 6514, 0 } },
	{ "vnc", IPPROTO_TCP, { 5900, 0 } },
};
/* clang-format on */
const size_t services_n = sizeof(services) / sizeof(services[0]);

const char *word_name(const struct word *w, int value)
{
	for (; w->name; w++)
		if (w->value == value)
			return w->name;
	return "?";
}
