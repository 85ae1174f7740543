/* SPDX-License-Identifier: MIT
 *
 * Who an application says it is: the ApplicationDescription (OPC 10000-4 clause 7.2) of
 * FindServers, GetEndpoints and CreateSession responses, and of CreateSession requests.
 */
#include "proto/opcua/wire-read.h"

enum { FIND_SERVERS = 425, GET_ENDPOINTS = 431, SESSION_CREATED = 464, CREATE_SESSION = 461 };

/* What stands between the header and the description. */
static const struct {
	uint16_t type;
	bool response;
	uint8_t before[6]; /* built-in types, up to a 0 */
	bool list;	   /* of endpoints or applications, of which it is in the first */
	bool alone;	   /* a list of others, too: only one that has no more than itself */
	bool url;	   /* each begins with the URL of the endpoint */
} places[] = {
	{ FIND_SERVERS, true, { 0 }, true, true, false },
	{ GET_ENDPOINTS, true, { 0 }, true, false, true },
	{ SESSION_CREATED,
	  true,
	  { UA_T_NODE, UA_T_NODE, UA_T_DOUBLE, UA_T_STRING, UA_T_STRING },
	  true,
	  false,
	  true },
	{ CREATE_SESSION, false, { 0 }, false, false, false },
};

/* LocalizedText: two strings that are there or not; the text is the second. */
static struct ua_bytes read_name(struct ua_read *u)
{
	enum { LOCALE = 1, TEXT = 2 };
	struct ua_bytes none = { NULL, 0 };
	uint8_t has = rd_u8(&u->r);
	if (has & LOCALE)
		ua_string(u);
	return has & TEXT ? ua_string(u) : none;
}

bool ua_application(const uint8_t *p, size_t n, bool response, struct ua_application *out)
{
	struct ua_body b;
	size_t i = 0;
	/* of a message that goes on in the next chunk, too: what there is of it is read */
	(void)ua_body(p, n, response, NULL, &b);
	while (i < sizeof(places) / sizeof(places[0]) &&
	       (places[i].response != response || !b.service || b.type.number != places[i].type))
		i++;
	if (i == sizeof(places) / sizeof(places[0]) || !b.fields)
		return false;
	struct ua_read u = { .r = rd_init(b.fields, n - (size_t)(b.fields - p)) };
	for (const uint8_t *t = places[i].before; *t; t++)
		ua_value(&u, *t);
	uint32_t count = places[i].list ? ua_count(&u) : 1;
	if (count == 0 || (places[i].alone && count != 1))
		return false;
	if (places[i].url)
		ua_string(&u);
	out->uri = ua_string(&u);
	out->product = ua_string(&u);
	out->name = read_name(&u);
	return !u.r.bad;
}
